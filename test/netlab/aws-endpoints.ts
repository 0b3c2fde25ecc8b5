/** Endpoints: what creating and modifying them does to a world's description. */
import { find, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { ipv4At } from './addresses.ts';
import { type Call, need } from './aws-call.ts';
import { changeEndpointPolicy } from './aws-policies.ts';

export function modifyEndpoint(world: World, call: Call): void {
  const endpoint = find(world, 'vpcEndpoints', need(call, 'vpc-endpoint-id'));
  changeEndpointPolicy(world, call);
  if (call.has('no-private-dns-enabled')) {
    endpoint.PrivateDnsEnabled = false;
    endpoint.DnsEntries = endpoint.DnsEntries?.filter((entry) => entry.DnsName?.includes('.vpce.'));
  }
  for (const word of call.all('dns-options')) {
    const [name = '', value = ''] = word.split('=');
    endpoint.DnsOptions = {
      ...endpoint.DnsOptions,
      [name]: value === 'true' ? true : value === 'false' ? false : value,
    };
  }
  if (call.has('private-dns-enabled')) enablePrivateDns(world, endpoint);
  for (const id of call.all('add-route-table-ids')) associate(world, endpoint, id);
  for (const id of call.all('remove-route-table-ids')) {
    endpoint.RouteTableIds = endpoint.RouteTableIds?.filter((other) => other !== id);
    const table = find(world, 'routeTables', id);
    table.Routes = table.Routes?.filter((route) => route.GatewayId !== endpoint.VpcEndpointId);
  }
  for (const id of call.all('add-subnet-ids')) addInterface(world, endpoint, id);
  for (const id of call.all('remove-subnet-ids')) removeInterface(world, endpoint, id);
}

function removeInterface(world: World, endpoint: SliceElement<'vpcEndpoints'>, subnetId: string): void {
  if (endpoint.SubnetIds?.includes(subnetId) !== true) throw new Error(`InvalidSubnetId.NotFound: ${subnetId}`);
  const gone = world.api.networkInterfaces.filter(
    (found) => found.SubnetId === subnetId && endpoint.NetworkInterfaceIds?.includes(found.NetworkInterfaceId) === true,
  );
  world.api.networkInterfaces = world.api.networkInterfaces.filter((found) => !gone.includes(found));
  endpoint.SubnetIds = endpoint.SubnetIds.filter((id) => id !== subnetId);
  endpoint.NetworkInterfaceIds = endpoint.NetworkInterfaceIds?.filter(
    (id) => !gone.some((found) => found.NetworkInterfaceId === id),
  );
}

/** The service's private names appear among the endpoint's, both VPC attributes provided (facts.md 1.7, 2.1). */
function enablePrivateDns(world: World, endpoint: SliceElement<'vpcEndpoints'>): void {
  const attributes = world.api.vpcAttributes.find((found) => found.VpcId === endpoint.VpcId);
  if (attributes?.EnableDnsSupport?.Value !== true || attributes.EnableDnsHostnames?.Value !== true)
    throw new Error('Enabling private DNS requires both enableDnsSupport and enableDnsHostnames');
  const offers = world.api.endpointServices.filter((found) => found.ServiceName === endpoint.ServiceName);
  const names = offers.flatMap((offer) => (offer.PrivateDnsNames ?? []).flatMap((entry) => entry.PrivateDnsName ?? []));
  if (names.length === 0) throw new Error(`${endpoint.ServiceName} does not provide a private DNS name`);
  const taken = world.api.vpcEndpoints.some(
    (other) =>
      other !== endpoint &&
      other.VpcId === endpoint.VpcId &&
      other.PrivateDnsEnabled === true &&
      other.DnsEntries?.some((entry) => names.includes(entry.DnsName ?? '')),
  );
  // A world lists the zones of its client's VPC. A zone above the name, or below it, is no conflict (facts.md 1.7, 2.1).
  const home = find(world, 'networkInterfaces', world.client.networkInterfaceId).VpcId;
  const zones = endpoint.VpcId === home ? world.api.hostedZones.map((zone) => zone.Name?.replace(/\.$/, '') ?? '') : [];
  if (taken || names.some((name) => zones.includes(name.replace(/^\*\./, ''))))
    throw new Error('there is already a conflicting DNS domain');
  // Services that also have gateway endpoints keep their names for inbound resolvers unless told otherwise (facts.md 2.4).
  if (
    endpoint.ServiceName?.endsWith('.s3') &&
    endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== false
  ) {
    const gateway = world.api.vpcEndpoints.some(
      (other) =>
        other.VpcEndpointType === 'Gateway' &&
        other.VpcId === endpoint.VpcId &&
        other.ServiceName === endpoint.ServiceName,
    );
    if (!gateway)
      throw new Error('To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC must have a gateway endpoint');
    endpoint.DnsOptions = { ...endpoint.DnsOptions, PrivateDnsOnlyForInboundResolverEndpoint: true };
  }
  endpoint.PrivateDnsEnabled = true;
  endpoint.DnsEntries = [
    ...(endpoint.DnsEntries ?? []).filter((entry) => !names.includes(entry.DnsName ?? '')),
    ...names.map((DnsName) => ({ DnsName, HostedZoneId: 'Z0PRIVATE' })),
  ];
}

/** Associating a gateway endpoint with a route table adds its route (facts.md 4.2). */
function associate(world: World, endpoint: SliceElement<'vpcEndpoints'>, tableId: string): void {
  const table = find(world, 'routeTables', tableId);
  endpoint.RouteTableIds = [...(endpoint.RouteTableIds ?? []).filter((id) => id !== tableId), tableId];
  for (const list of world.api.prefixLists.filter((found) => found.PrefixListName === endpoint.ServiceName))
    table.Routes = [
      ...(table.Routes ?? []).filter((route) => route.DestinationPrefixListId !== list.PrefixListId),
      {
        DestinationPrefixListId: list.PrefixListId,
        GatewayId: endpoint.VpcEndpointId,
        Origin: 'CreateRoute',
        State: 'active',
      },
    ];
}

function addInterface(world: World, endpoint: SliceElement<'vpcEndpoints'>, subnetId: string): void {
  const subnet = find(world, 'subnets', subnetId);
  const used = new Set(world.api.networkInterfaces.map((found) => found.PrivateIpAddress));
  const address =
    Array.from({ length: 200 }, (_, i) => ipv4At(subnet.CidrBlock ?? '', 50 + i)).find((free) => !used.has(free)) ?? '';
  const NetworkInterfaceId = `eni-0ed${world.api.networkInterfaces.length}`;
  world.api.networkInterfaces.push({
    NetworkInterfaceId,
    InterfaceType: 'vpc_endpoint',
    VpcId: endpoint.VpcId,
    SubnetId: subnetId,
    AvailabilityZone: subnet.AvailabilityZone,
    Description: `VPC Endpoint Interface ${endpoint.VpcEndpointId}`,
    OwnerId: world.accountId,
    RequesterManaged: true,
    Status: 'in-use',
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
    Ipv6Addresses: [],
    Groups: endpoint.Groups ?? [],
  });
  endpoint.SubnetIds = [...(endpoint.SubnetIds ?? []), subnetId];
  endpoint.NetworkInterfaceIds = [...(endpoint.NetworkInterfaceIds ?? []), NetworkInterfaceId];
}

export function createEndpoint(world: World, call: Call, VpcEndpointId: string): void {
  const ServiceName = need(call, 'service-name');
  const type = need(call, 'vpc-endpoint-type');
  const service = serviceIn(ServiceName, world);
  const own = (zone: string) => `${VpcEndpointId}-a1b2c3d4${zone}.${service}.${world.region}.vpce.amazonaws.com`;
  const endpoint: SliceElement<'vpcEndpoints'> = {
    VpcEndpointId,
    VpcEndpointType: type,
    VpcId: need(call, 'vpc-id'),
    ServiceName,
    State: 'available',
    RouteTableIds: [],
    SubnetIds: [],
    NetworkInterfaceIds: [],
    PrivateDnsEnabled: false,
    Groups: call.all('security-group-ids').map((GroupId) => ({ GroupId })),
    IpAddressType: 'ipv4',
    DnsOptions: { DnsRecordIpType: 'ipv4' },
    DnsEntries: type === 'Gateway' ? [] : [{ DnsName: own('') }],
    OwnerId: world.accountId,
    ServiceRegion: world.region,
  };
  world.api.vpcEndpoints.push(endpoint);
  for (const id of call.all('route-table-ids')) associate(world, endpoint, id);
  for (const id of call.all('subnet-ids')) addInterface(world, endpoint, id);
  if (call.has('private-dns-enabled')) {
    offerService(world, ServiceName);
    enablePrivateDns(world, endpoint);
  }
}

/** The service's part of its name; a global service's name has no Region. */
function serviceIn(serviceName: string, world: World): string {
  return serviceName.split('.').slice(2).join('.').replace(`${world.region}.`, '');
}

/** Services whose private name is not the service's name with the Region behind it (facts.md 5.1). */
const OTHER_HOSTS: Readonly<Record<string, string>> = {
  'codeartifact.api': 'codeartifact',
  'ecr.api': 'api.ecr',
  'ecr.dkr': '*.dkr.ecr',
  'sagemaker.api': 'api.sagemaker',
  'sagemaker.runtime': 'runtime.sagemaker',
};

/** The lab describes only some services; of the others the private name is known by the service's. */
function offerService(world: World, ServiceName: string): void {
  const known = world.api.endpointServices.filter((found) => found.ServiceName === ServiceName);
  if (known.some((found) => (found.PrivateDnsNames ?? []).length > 0)) return;
  const service = serviceIn(ServiceName, world);
  const host = `${OTHER_HOSTS[service] ?? service}.${world.region}.amazonaws.com`;
  world.api.endpointServices.push({
    ServiceName,
    ServiceType: [{ ServiceType: 'Interface' }],
    PrivateDnsName: host,
    PrivateDnsNames: [{ PrivateDnsName: host }],
  });
}
