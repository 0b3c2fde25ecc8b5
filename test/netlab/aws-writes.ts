/** What the EC2 API's write calls do to a world's description, from the API reference. Only the calls that fixes use. */
import { isDeepStrictEqual } from 'node:util';
import { find, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { ipv4At } from './addresses.ts';
import { type Call, need } from './aws-call.ts';
import { createEndpoint, modifyEndpoint } from './aws-endpoints.ts';
import { TRANSIT_WRITES } from './aws-transit.ts';

/** @param id of what the call creates, as it was printed */
type Write = (world: World, call: Call, id: string) => void;
type Permission = NonNullable<SliceElement<'securityGroups'>['IpPermissions']>[number];
type Route = NonNullable<SliceElement<'routeTables'>['Routes']>[number];

export const EC2_WRITES: Readonly<Record<string, Write>> = {
  ...TRANSIT_WRITES,
  'authorize-security-group-ingress': (world, call) => authorize(world, call, 'IpPermissions'),
  'authorize-security-group-egress': (world, call) => authorize(world, call, 'IpPermissionsEgress'),
  'revoke-security-group-ingress': (world, call) => revoke(world, call, 'IpPermissions'),
  'revoke-security-group-egress': (world, call) => revoke(world, call, 'IpPermissionsEgress'),
  'delete-security-group': (world, call) => {
    const gone = need(call, 'group-id');
    const used = world.api.networkInterfaces.some((found) => found.Groups?.some((group) => group.GroupId === gone));
    if (used) throw new Error(`DependencyViolation: ${gone} has a dependent object`);
    find(world, 'securityGroups', gone);
    world.api.securityGroups = world.api.securityGroups.filter((group) => group.GroupId !== gone);
  },
  'create-network-acl-entry': createAclEntry,
  'replace-network-acl-entry': (world, call) => {
    deleteAclEntry(world, call);
    createAclEntry(world, call);
  },
  'delete-network-acl-entry': deleteAclEntry,
  'create-route': (world, call) => {
    const table = find(world, 'routeTables', need(call, 'route-table-id'));
    const wanted = destination(call);
    if (table.Routes?.some((route) => sameDestination(route, wanted))) throw new Error('RouteAlreadyExists');
    table.Routes = [
      ...(table.Routes ?? []),
      { ...wanted, ...routeTarget(call), Origin: 'CreateRoute', State: 'active' },
    ];
  },
  'replace-route': (world, call) => {
    const table = find(world, 'routeTables', need(call, 'route-table-id'));
    const wanted = destination(call);
    if (!table.Routes?.some((route) => sameDestination(route, wanted))) throw new Error('InvalidRoute.NotFound');
    table.Routes = table.Routes.map((route) =>
      sameDestination(route, wanted)
        ? { ...wanted, ...routeTarget(call), Origin: route.Origin, State: 'active' }
        : route,
    );
  },
  'delete-route': (world, call) => {
    const table = find(world, 'routeTables', need(call, 'route-table-id'));
    const wanted = destination(call);
    if (!table.Routes?.some((route) => sameDestination(route, wanted))) throw new Error('InvalidRoute.NotFound');
    table.Routes = table.Routes.filter((route) => !sameDestination(route, wanted));
  },
  'disable-vgw-route-propagation': (world, call) => {
    const table = find(world, 'routeTables', need(call, 'route-table-id'));
    const gateway = need(call, 'gateway-id');
    const isPropagated = (route: Route) => route.GatewayId === gateway && route.Origin === 'EnableVgwRoutePropagation';
    ADVERTISED.set(world, { gateway, routes: table.Routes?.filter(isPropagated) ?? [] });
    table.Routes = table.Routes?.filter((route) => !isPropagated(route));
  },
  'enable-vgw-route-propagation': (world, call) => {
    const table = find(world, 'routeTables', need(call, 'route-table-id'));
    const advertised = ADVERTISED.get(world);
    if (advertised?.gateway === need(call, 'gateway-id')) table.Routes?.push(...advertised.routes);
  },
  'modify-vpc-attribute': (world, call) => {
    const attributes = find(world, 'vpcAttributes', need(call, 'vpc-id'));
    for (const [option, field] of [
      ['enable-dns-support', 'EnableDnsSupport'],
      ['enable-dns-hostnames', 'EnableDnsHostnames'],
    ] as const) {
      const value = call.one(option);
      if (value !== undefined) attributes[field] = JSON.parse(value) as { Value: boolean };
    }
  },
  'modify-vpc-endpoint': modifyEndpoint,
  'create-vpc-endpoint': createEndpoint,
  'accept-vpc-endpoint-connections': (world, call) => {
    for (const id of call.all('vpc-endpoint-ids')) find(world, 'vpcEndpoints', id).State = 'available';
  },
  'reject-vpc-endpoint-connections': (world, call) => {
    for (const id of call.all('vpc-endpoint-ids')) find(world, 'vpcEndpoints', id).State = 'rejected';
  },
  'delete-vpc-endpoints': (world, call) => {
    for (const id of call.all('vpc-endpoint-ids')) {
      const gone = find(world, 'vpcEndpoints', id);
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint !== gone);
      world.api.networkInterfaces = world.api.networkInterfaces.filter(
        (found) => !gone.NetworkInterfaceIds?.includes(found.NetworkInterfaceId),
      );
      // Its routes go with it (facts.md 4.2).
      for (const table of world.api.routeTables)
        if (table.Routes?.some((route) => route.GatewayId === id))
          table.Routes = table.Routes.filter((route) => route.GatewayId !== id);
    }
  },
  'create-security-group': (world, call, GroupId) => {
    world.api.securityGroups.push({
      GroupId,
      GroupName: need(call, 'group-name'),
      VpcId: need(call, 'vpc-id'),
      OwnerId: world.accountId,
      IpPermissions: [],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
  },
  'create-nat-gateway': (world, call, NatGatewayId) => {
    const subnet = find(world, 'subnets', need(call, 'subnet-id'));
    need(call, 'allocation-id');
    world.api.natGateways.push({
      NatGatewayId,
      VpcId: subnet.VpcId,
      SubnetId: subnet.SubnetId,
      State: 'available',
      ConnectivityType: 'public',
    });
  },
  'delete-nat-gateway': (world, call) => {
    const gone = need(call, 'nat-gateway-id');
    if (!world.api.natGateways.some((nat) => nat.NatGatewayId === gone)) throw new Error(`NatGatewayNotFound: ${gone}`);
    world.api.natGateways = world.api.natGateways.filter((nat) => nat.NatGatewayId !== gone);
    for (const table of world.api.routeTables)
      for (const route of table.Routes ?? []) if (route.NatGatewayId === gone) route.State = 'blackhole';
  },
  'allocate-address': () => undefined,
  'release-address': (_world, call) => void need(call, 'allocation-id'),
  'disassociate-address': (world, call) => {
    need(call, 'association-id');
    for (const found of world.api.networkInterfaces)
      if (found.Association?.PublicIp === ELASTIC) delete found.Association;
  },
  'delete-dhcp-options': (world, call) => {
    const gone = need(call, 'dhcp-options-id');
    if (world.api.vpcs.some((vpc) => vpc.DhcpOptionsId === gone)) throw new Error('DependencyViolation');
    world.api.dhcpOptions = world.api.dhcpOptions.filter((options) => options.DhcpOptionsId !== gone);
  },
  'delete-vpc-block-public-access-exclusion': (world, call) => {
    need(call, 'exclusion-id');
    for (const vpc of world.api.vpcs)
      if (vpc.BlockPublicAccessStates?.InternetGatewayBlockMode === 'off')
        vpc.BlockPublicAccessStates = { InternetGatewayBlockMode: 'block-bidirectional' };
  },
  'associate-address': (world, call) => {
    need(call, 'allocation-id');
    const found = find(world, 'networkInterfaces', need(call, 'network-interface-id'));
    found.Association = { PublicIp: ELASTIC };
  },
  'create-vpc-block-public-access-exclusion': (world, call) => {
    if (need(call, 'internet-gateway-exclusion-mode') === 'allow-bidirectional')
      find(world, 'vpcs', need(call, 'vpc-id')).BlockPublicAccessStates = { InternetGatewayBlockMode: 'off' };
  },
  'create-dhcp-options': (world, call, DhcpOptionsId) => {
    const DhcpConfigurations = call.all('dhcp-configurations').map((word) => {
      const [, Key = '', values = ''] = /^Key=([^,]+),Values=(.*)$/.exec(word) ?? [];
      return { Key, Values: values.split(',').map((Value) => ({ Value })) };
    });
    world.api.dhcpOptions.push({ DhcpOptionsId, DhcpConfigurations });
  },
  'associate-dhcp-options': (world, call) => {
    const vpc = find(world, 'vpcs', need(call, 'vpc-id'));
    vpc.DhcpOptionsId = need(call, 'dhcp-options-id');
    const options = world.api.dhcpOptions.find((found) => found.DhcpOptionsId === vpc.DhcpOptionsId);
    const servers = options?.DhcpConfigurations?.find((entry) => entry.Key === 'domain-name-servers')?.Values ?? [];
    const resolver = ipv4At(vpc.CidrBlock ?? '', 2);
    // The lease is renewed: resolv.conf follows.
    world.client.nameservers = servers.map(({ Value = '' }) => (Value === 'AmazonProvidedDNS' ? resolver : Value));
  },
};

/** What a virtual private gateway goes on to advertise when its routes are no longer taken. */
const ADVERTISED = new WeakMap<World, { readonly gateway: string; readonly routes: readonly Route[] }>();

/** The Elastic IP address that is allocated. */
const ELASTIC = '192.0.2.201';

function permissionsOf(world: World, call: Call): Permission[] {
  const [from, to] = (call.one('port') ?? '').split('-');
  if (call.has('ip-permissions')) return call.all('ip-permissions').flatMap(shorthand);
  return [
    {
      IpProtocol: need(call, 'protocol'),
      ...(from === undefined || from === '' ? {} : { FromPort: Number(from), ToPort: Number(to ?? from) }),
      IpRanges: call.all('cidr').map((CidrIp) => ({ CidrIp })),
      UserIdGroupPairs: call.all('source-group').map((GroupId) => ({ GroupId, UserId: world.accountId })),
    },
  ];
}

/** Takes away exactly what was given; what is not there is an error, as it is with AWS. */
function revoke(world: World, call: Call, field: 'IpPermissions' | 'IpPermissionsEgress'): void {
  const group = find(world, 'securityGroups', need(call, 'group-id'));
  for (const gone of permissionsOf(world, call)) {
    const rest = group[field]?.filter((permission) => !isDeepStrictEqual(permission, gone));
    if (rest === undefined || rest.length === group[field]?.length) throw new Error('InvalidPermission.NotFound');
    group[field] = rest;
  }
}

function authorize(world: World, call: Call, field: 'IpPermissions' | 'IpPermissionsEgress'): void {
  const group = find(world, 'securityGroups', need(call, 'group-id'));
  group[field] = [...(group[field] ?? []), ...permissionsOf(world, call)];
}

/** `IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{PrefixListId=pl-1}]`, or the same as JSON. */
function shorthand(word: string): Permission[] {
  if (/^[[{]/.test(word)) return [JSON.parse(word) as Permission | Permission[]].flat();
  const json = word
    .replaceAll(/([A-Za-z0-9]+)=/g, '"$1":')
    .replaceAll(/:([^"[\]{},]+(?::[^"[\]{},]*)*)(?=[,}\]]|$)/g, ':"$1"');
  const parsed = JSON.parse(`{${json}}`) as Record<string, unknown>;
  return [
    {
      ...parsed,
      ...(parsed['FromPort'] === undefined ? {} : { FromPort: Number(parsed['FromPort']) }),
      ...(parsed['ToPort'] === undefined ? {} : { ToPort: Number(parsed['ToPort']) }),
    },
  ];
}

function createAclEntry(world: World, call: Call): void {
  const acl = find(world, 'networkAcls', need(call, 'network-acl-id'));
  const number = Number(need(call, 'rule-number'));
  const Egress = call.has('egress');
  if (Egress === call.has('ingress')) throw new Error('say --egress or --ingress');
  if (!(number >= 1 && number <= 32766)) throw new Error(`InvalidParameterValue: rule number ${number}`);
  if (acl.Entries?.some((entry) => entry.RuleNumber === number && entry.Egress === Egress))
    throw new Error(`NetworkAclEntryAlreadyExists: ${number}`);
  const protocol = need(call, 'protocol');
  const range = call.one('port-range');
  const [from, to] = range === undefined ? [] : (range.match(/\d+/g) ?? []).map(Number);
  const cidr = call.one('cidr-block');
  acl.Entries = [
    ...(acl.Entries ?? []),
    {
      RuleNumber: number,
      Egress,
      Protocol: { tcp: '6', udp: '17', all: '-1' }[protocol] ?? protocol,
      RuleAction: need(call, 'rule-action'),
      ...(cidr === undefined ? { Ipv6CidrBlock: need(call, 'ipv6-cidr-block') } : { CidrBlock: cidr }),
      ...(from === undefined ? {} : { PortRange: { From: from, To: to ?? from } }),
    },
  ];
}

function deleteAclEntry(world: World, call: Call): void {
  const acl = find(world, 'networkAcls', need(call, 'network-acl-id'));
  const number = Number(need(call, 'rule-number'));
  const before = acl.Entries?.length;
  acl.Entries = acl.Entries?.filter((entry) => !(entry.RuleNumber === number && entry.Egress === call.has('egress')));
  if (acl.Entries?.length === before) throw new Error(`InvalidNetworkAclEntry.NotFound: ${number}`);
}

function destination(call: Call): Route {
  const [four, six, list] = [
    call.one('destination-cidr-block'),
    call.one('destination-ipv6-cidr-block'),
    call.one('destination-prefix-list-id'),
  ];
  if (four !== undefined) return { DestinationCidrBlock: four };
  if (six !== undefined) return { DestinationIpv6CidrBlock: six };
  return { DestinationPrefixListId: list ?? need(call, 'destination-cidr-block') };
}

function sameDestination(a: Route, b: Route): boolean {
  return (['DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId'] as const).every(
    (field) => a[field] === b[field],
  );
}

const ROUTE_TARGETS = {
  'gateway-id': 'GatewayId',
  'nat-gateway-id': 'NatGatewayId',
  'transit-gateway-id': 'TransitGatewayId',
  'vpc-peering-connection-id': 'VpcPeeringConnectionId',
  'network-interface-id': 'NetworkInterfaceId',
  'egress-only-internet-gateway-id': 'EgressOnlyInternetGatewayId',
} as const;

function routeTarget(call: Call): Route {
  if (call.has('local-target')) return { GatewayId: 'local' };
  for (const [option, field] of Object.entries(ROUTE_TARGETS)) {
    const id = call.one(option);
    if (id !== undefined) return { [field]: id };
  }
  throw new Error('MissingParameter: a target for the route');
}
