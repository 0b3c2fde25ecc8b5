/** The description of the VPC that a recipe stands for. */
import type { IpPermission, NetworkAclEntry, Route, VpcEndpoint } from '../../src/model/aws.ts';
import type { TargetRequest } from '../../src/model/target.ts';
import { type Caller, within as inCidr, type Network } from './independent.ts';

import { type EntryRecipe, type RouteRecipe, type RuleRecipe, SUBNETS, type VpcRecipe } from './vpc-recipe.ts';

export type RandomVpc = {
  readonly network: Network;
  readonly caller: Caller;
  readonly endpoint: VpcEndpoint;
  /** targets of routes that lead to the internet for sure */
  readonly exits: readonly string[];
  readonly request: TargetRequest;
  readonly vpcCidrs: readonly string[];
  readonly vpcCidrs6: readonly string[];
};

const VPC = 'vpc-1';
const REGION = 'eu-west-1';
const SERVICE_CIDRS = ['52.218.0.0/17', '3.5.64.0/21', '18.34.240.0/22'];
const SERVICE_CIDRS_6 = ['2600:1fa0:8000::/40', '2600:9000:1::/48'];
const PROTOCOLS = ['tcp', '-1', '6', 'udp', 'icmp', '47'];
const ACL_PROTOCOLS = ['6', '-1', '17', '1'];
const RULE_PORTS = [
  [443, 443],
  [0, 65535],
  [440, 450],
  [80, 80],
  [444, 500],
] as const;
const ENTRY_PORTS = [
  undefined,
  [443, 443],
  [1024, 65535],
  [32768, 60999],
  [49152, 65535],
  [0, 65535],
  [40000, 50000],
  [32768, 32768],
  [60999, 60999],
  [32769, 61000],
  [0, 442],
  [442, 444],
] as const;
const EPHEMERAL = [
  { from: 32768, to: 60999 },
  { from: 1024, to: 65535 },
  { from: 49152, to: 65535 },
  { from: 45000, to: 45000 },
];

/** The description that a recipe stands for. Group 3 of the recipe's numbers is open both ways, ACL 0 is an open default one. */
export function buildVpc(recipe: VpcRecipe): RandomVpc {
  const gateway = recipe.kind === 'gateway';
  const dual = recipe.dual;
  const base = recipe.plan === 0 ? '10.20' : '198.18';
  const second = recipe.plan === 0 ? '100.70' : '11.22';
  const six = '2600:1f18:abcd:ee0';
  const prefixOf = (place: number) => (recipe.secondary && place >= 2 ? second : base);
  const subnet4 = (place: number) => `${prefixOf(place)}.${place}.0/24`;
  const subnet6 = (place: number) => `${six}${place}::/64`;
  const subnetId = (place: number) => `subnet-${place}`;
  const clientAddress = `${base}.0.23`;
  const clientAddress6 = `${six}0::23`;
  const cards = (gateway ? [] : recipe.places).map((place, i) => ({
    id: `eni-e${i}`,
    place,
    address: `${prefixOf(place)}.${place}.${100 + i}`,
    address6: `${six}${place}::e${i}`,
    groups: recipe.endpointGroups[i] ?? [0],
  }));
  const vpcCidrs = [`${base}.0.0/16`, ...(recipe.secondary ? [`${second}.0.0/16`] : [])];

  // What rules and routes may speak of. The first is everything, so that shrinking leads to the simplest rule.
  const far = gateway ? SERVICE_CIDRS : cards.map((card) => `${card.address}/32`);
  const pool4 = [
    '0.0.0.0/0',
    `${base}.0.0/16`,
    far[0] ?? subnet4(1),
    subnet4(0),
    subnet4(1),
    subnet4(2),
    `${clientAddress}/32`,
    ...(gateway ? ['52.218.0.0/18', '52.218.64.0/18', '3.5.64.0/22', '18.34.240.0/24', '52.0.0.0/8'] : []),
    ...far,
    '192.0.2.0/24',
    `${base}.0.0/25`,
    `${prefixOf(2)}.2.0/25`,
    `${second}.0.0/16`,
  ];
  const far6 = gateway ? SERVICE_CIDRS_6 : cards.map((card) => `${card.address6}/128`);
  const pool6 = [
    '::/0',
    `${six}0::/56`,
    far6[0] ?? subnet6(1),
    subnet6(0),
    subnet6(1),
    subnet6(2),
    ...far6,
    '2001:db8::/32',
  ];
  // Every fifth choice is an IPv6 block, where there is IPv6 at all.
  const cidr = (choice: number): string => {
    const pool = dual && choice % 5 === 4 ? pool6 : pool4;
    return pool[choice % pool.length] ?? '0.0.0.0/0';
  };
  const asRoute = (block: string): Pick<Route, 'DestinationCidrBlock' | 'DestinationIpv6CidrBlock'> =>
    block.includes(':') ? { DestinationIpv6CidrBlock: block } : { DestinationCidrBlock: block };

  const listId = (choice: number) => (choice === 2 ? (gateway ? 'pl-service' : 'pl-0') : `pl-${choice}`);
  // A managed list holds one family only.
  const managedLists = recipe.lists.map((choices) =>
    [...new Set(choices.map(cidr))].filter((block) => !block.includes(':')),
  );
  const groupId = (choice: number) => `sg-${choice}`;
  const permission = (one: RuleRecipe): IpPermission => {
    const protocol = PROTOCOLS[one.protocol] ?? 'tcp';
    const [from, to] = RULE_PORTS[one.ports] ?? [443, 443];
    const blocks = one.cidrs.map(cidr);
    return {
      IpProtocol: protocol,
      ...((protocol === '-1') !== one.odd ? {} : { FromPort: from, ToPort: to }),
      IpRanges: blocks.filter((block) => !block.includes(':')).map((CidrIp) => ({ CidrIp })),
      Ipv6Ranges: blocks.filter((block) => block.includes(':')).map((CidrIpv6) => ({ CidrIpv6 })),
      UserIdGroupPairs: one.groups.map((choice) => ({ GroupId: groupId(choice) })),
      PrefixListIds: one.lists.map((choice) => ({ PrefixListId: listId(choice) })),
    };
  };
  const everything: IpPermission[] = [
    { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
  ];
  const securityGroups = recipe.groups.map((group, i) => ({
    GroupId: groupId(i),
    VpcId: VPC,
    IpPermissions: i === 3 ? everything : group.inbound.map(permission),
    IpPermissionsEgress: i === 3 ? everything : group.outbound.map(permission),
  }));

  const denyAll: NetworkAclEntry[] = [true, false].flatMap((Egress) => [
    { RuleNumber: 32767, Protocol: '-1', RuleAction: 'deny', Egress, CidrBlock: '0.0.0.0/0' },
    { RuleNumber: 32768, Protocol: '-1', RuleAction: 'deny', Egress, Ipv6CidrBlock: '::/0' },
  ]);
  const allowAll: NetworkAclEntry[] = denyAll.map((one, i) => ({
    ...one,
    RuleNumber: 100 + (i % 2),
    RuleAction: 'allow',
  }));
  const aclEntry = (one: EntryRecipe): NetworkAclEntry => {
    const ports = ENTRY_PORTS[one.ports];
    const block = cidr(one.cidr);
    return {
      RuleNumber: one.number * 10,
      Protocol: ACL_PROTOCOLS[one.protocol] ?? '6',
      RuleAction: one.allow ? 'allow' : 'deny',
      Egress: one.egress,
      ...(block.includes(':') ? { Ipv6CidrBlock: block } : { CidrBlock: block }),
      ...(ports === undefined ? {} : { PortRange: { From: ports[0], To: ports[1] } }),
    };
  };
  /** The API allows a rule number once per direction. */
  const uniqueNumbers = (entries: NetworkAclEntry[]) =>
    entries.filter(
      (one, i) =>
        entries.findIndex((other) => other.RuleNumber === one.RuleNumber && other.Egress === one.Egress) === i,
    );
  const networkAcls = [
    { NetworkAclId: 'acl-0', VpcId: VPC, IsDefault: true, Entries: [...allowAll, ...denyAll], Associations: [] },
    { NetworkAclId: 'acl-other', VpcId: 'vpc-2', IsDefault: true, Entries: denyAll, Associations: [] },
    ...recipe.acls.map((acl, i) => ({
      NetworkAclId: `acl-${i + 1}`,
      VpcId: VPC,
      IsDefault: false,
      Entries: [...(acl.last ? denyAll : []), ...uniqueNumbers(acl.entries.map(aclEntry))],
      Associations: recipe.aclOf.flatMap((choice, place) => (choice === i + 1 ? [{ SubnetId: subnetId(place) }] : [])),
    })),
  ];

  const locals: Route[] = [...vpcCidrs, ...(dual ? [`${six}0::/56`] : [])].map((block) => ({
    ...asRoute(block),
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  }));
  const vias: Pick<
    Route,
    | 'EgressOnlyInternetGatewayId'
    | 'NatGatewayId'
    | 'NetworkInterfaceId'
    | 'TransitGatewayId'
    | 'VpcPeeringConnectionId'
    | 'GatewayId'
  >[] = [
    { NatGatewayId: 'nat-live' },
    { NatGatewayId: 'nat-dead' },
    { NetworkInterfaceId: 'eni-box' },
    { TransitGatewayId: 'tgw-1' },
    { VpcPeeringConnectionId: 'pcx-1' },
    { GatewayId: 'igw-1' },
    { GatewayId: 'vgw-1' },
  ];
  const vias6: typeof vias = [
    { EgressOnlyInternetGatewayId: 'eigw-1' },
    { NetworkInterfaceId: 'eni-box' },
    { NetworkInterfaceId: 'eni-box' },
    { TransitGatewayId: 'tgw-1' },
    { VpcPeeringConnectionId: 'pcx-1' },
    { NetworkInterfaceId: 'eni-other' },
    { GatewayId: 'vgw-1' },
  ];
  const extra = (one: RouteRecipe): Route => {
    const block = cidr(one.to);
    // A NAT gateway carries no IPv6 but NAT64's, and an internet gateway carries IPv6 without more ado.
    const via = (block.includes(':') && one.list === null ? vias6 : vias)[one.via] ?? { NetworkInterfaceId: 'eni-box' };
    const State = one.blackhole ? 'blackhole' : 'active';
    if (one.propagated)
      return { ...asRoute(cidr(one.to)), GatewayId: 'vgw-1', Origin: 'EnableVgwRoutePropagation', State: 'active' };
    if (one.list !== null && one.list < 2)
      return { DestinationPrefixListId: `pl-route-${one.list}`, ...via, Origin: 'CreateRoute', State };
    return { ...asRoute(cidr(one.to)), ...via, Origin: 'CreateRoute', State };
  };
  const clientRoutes: Route[] = [
    ...recipe.routes.map(extra),
    ...(recipe.shadowed && gateway ? [...SERVICE_CIDRS, ...SERVICE_CIDRS_6] : []).map((block) => ({
      ...asRoute(block),
      NetworkInterfaceId: 'eni-box',
      State: 'active',
    })),
    ...(recipe.defaultRoute === 'none'
      ? []
      : [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: `nat-${recipe.defaultRoute}`, State: 'active' }]),
  ];
  const propagated = (one: Route) => one.Origin === 'EnableVgwRoutePropagation';
  const sameDestination = (a: Route, b: Route) =>
    a.DestinationCidrBlock === b.DestinationCidrBlock &&
    a.DestinationIpv6CidrBlock === b.DestinationIpv6CidrBlock &&
    a.DestinationPrefixListId === b.DestinationPrefixListId &&
    propagated(a) === propagated(b);
  const table = (id: string, extras: readonly Route[], associations: object[], gatewayId?: string) => {
    const own = extras.filter((one) => !locals.some((l) => sameDestination({ ...l, Origin: one.Origin }, one)));
    const kept = own.filter((one, i) => own.findIndex((other) => sameDestination(other, one)) === i);
    const local = locals.map(
      (one, i): Route =>
        recipe.localRetargeted && id === 'rtb-client' && i === 0
          ? { ...asRoute(`${base}.0.0/16`), NetworkInterfaceId: 'eni-box', Origin: 'CreateRoute', State: 'active' }
          : one,
    );
    const toGateway: Route[] =
      gatewayId === undefined || recipe.gatewayRoute === 'missing'
        ? []
        : ['pl-service', ...(dual ? ['pl-service6'] : [])].map((DestinationPrefixListId) => ({
            DestinationPrefixListId,
            GatewayId: gatewayId,
            Origin: 'CreateRoute',
            State: recipe.gatewayRoute,
          }));
    return { RouteTableId: id, VpcId: VPC, Associations: associations, Routes: [...kept, ...local, ...toGateway] };
  };
  const associated = { AssociationState: { State: 'associated' } };
  const main = { Main: true, ...associated };
  const detached = { SubnetId: subnetId(0), Main: false, AssociationState: { State: 'disassociated' } };
  const gatewayId = gateway ? (recipe.twoGateways ? 'vpce-2' : 'vpce-1') : undefined;
  const clientAssociation = recipe.explicitTable ? { SubnetId: subnetId(0), Main: false, ...associated } : main;
  const others = [1, 2, 3].map((place) => ({ SubnetId: subnetId(place), Main: false, ...associated }));
  const routeTables = [
    // A table that the client's subnet once had: it must not be taken.
    table('rtb-old', [], recipe.detachedTable ? [detached] : []),
    table('rtb-client', clientRoutes, [clientAssociation], gatewayId),
    table('rtb-endpoint', recipe.backRoutes.map(extra), others),
    table('rtb-public', [], [{ SubnetId: 'subnet-public', Main: false, ...associated }]),
    ...(recipe.explicitTable ? [table('rtb-main', [], [main])] : []),
  ].map((one) =>
    one.RouteTableId === 'rtb-public'
      ? { ...one, Routes: [...one.Routes, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' }] }
      : one,
  );

  const common = { VpcId: VPC, State: 'available', ServiceRegion: REGION };
  const addressType = {
    IpAddressType: dual ? 'dualstack' : 'ipv4',
    DnsOptions: { DnsRecordIpType: dual ? 'dualstack' : 'ipv4' },
  };
  const interfaceEndpoint: VpcEndpoint = {
    ...common,
    ...addressType,
    VpcEndpointId: 'vpce-1',
    VpcEndpointType: 'Interface',
    ServiceName: `com.amazonaws.${REGION}.secretsmanager`,
    PrivateDnsEnabled: true,
    SubnetIds: cards.map((card) => subnetId(card.place)),
    NetworkInterfaceIds: cards.map((card) => card.id),
    DnsEntries: [
      { DnsName: `vpce-1-abcd.secretsmanager.${REGION}.vpce.amazonaws.com` },
      { DnsName: `secretsmanager.${REGION}.amazonaws.com` },
    ],
  };
  const gatewayEndpoint = (VpcEndpointId: string): VpcEndpoint => ({
    ...common,
    ...addressType,
    VpcEndpointId,
    VpcEndpointType: 'Gateway',
    ServiceName: `com.amazonaws.${REGION}.s3`,
  });
  const vpcEndpoints = gateway
    ? [gatewayEndpoint('vpce-1'), ...(recipe.twoGateways ? [gatewayEndpoint('vpce-2')] : [])]
    : [interfaceEndpoint];
  return {
    network: {
      subnets: Array.from({ length: SUBNETS }, (_, place) => ({
        SubnetId: subnetId(place),
        VpcId: VPC,
        CidrBlock: subnet4(place),
        Ipv6CidrBlockAssociationSet: dual ? [{ Ipv6CidrBlock: subnet6(place) }] : [],
      })),
      routeTables,
      networkAcls,
      securityGroups,
      networkInterfaces: cards.map((card) => ({
        NetworkInterfaceId: card.id,
        InterfaceType: 'vpc_endpoint',
        VpcId: VPC,
        SubnetId: subnetId(card.place),
        PrivateIpAddress: card.address,
        Ipv6Addresses: dual ? [{ Ipv6Address: card.address6 }] : [],
        Groups: card.groups.map((choice) => ({ GroupId: groupId(choice) })),
      })),
      prefixLists: gateway
        ? [
            { PrefixListId: 'pl-service', PrefixListName: `com.amazonaws.${REGION}.s3`, Cidrs: SERVICE_CIDRS },
            ...(dual
              ? [{ PrefixListId: 'pl-service6', PrefixListName: `com.amazonaws.${REGION}.s3`, Cidrs: SERVICE_CIDRS_6 }]
              : []),
          ]
        : [],
      prefixListEntries: [
        ...managedLists.map((blocks, i) => ({ PrefixListId: `pl-${i}`, Entries: blocks.map((Cidr) => ({ Cidr })) })),
        // What a list's entry inside the VPC means in a route table is not documented any more (facts.md 4.1).
        ...managedLists.map((blocks, i) => ({
          PrefixListId: `pl-route-${i}`,
          Entries: blocks
            .filter((block) => !vpcCidrs.some((own) => inCidr(block.split('/')[0] ?? '', own)))
            .map((Cidr) => ({ Cidr })),
        })),
      ],
      vpcEndpoints,
    },
    caller: {
      vpcId: VPC,
      subnetId: subnetId(0),
      addresses: [
        ...(dual && recipe.callerFamilies === 'ipv6' ? [] : [clientAddress]),
        ...(dual && recipe.callerFamilies !== 'ipv4' ? [clientAddress6] : []),
      ],
      groupIds: recipe.callerGroups.map(groupId),
      ports: EPHEMERAL[recipe.ephemeral] ?? { from: 32768, to: 60999 },
    },
    endpoint: vpcEndpoints.find((one) => one.VpcEndpointId === gatewayId) ?? interfaceEndpoint,
    exits: ['nat-live', 'eigw-1'],
    request: requestOf(
      recipe,
      gatewayId ?? 'vpce-1',
      (dual && recipe.callerFamilies === 'ipv6' ? cards[0]?.address6 : cards[0]?.address) ?? '',
    ),
    vpcCidrs,
    vpcCidrs6: dual ? [`${six}0::/56`] : [],
  };
}

function requestOf({ kind, asks }: VpcRecipe, endpointId: string, first: string): TargetRequest {
  const host = `${kind === 'gateway' ? 's3' : 'secretsmanager'}.${REGION}.amazonaws.com`;
  if (asks === 'endpoint') return { kind: 'endpoint', text: endpointId, endpointId };
  // A gateway endpoint has no address that could be asked for.
  if (asks === 'address' && kind === 'interface') return { kind: 'address', text: first, address: first, port: 443 };
  return { kind: 'host', text: host, host, port: 443 };
}
