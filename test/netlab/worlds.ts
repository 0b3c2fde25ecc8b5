/** Healthy worlds larger than the lab's own: more endpoints, IPv6, a secondary CIDR, a second VPC, ways out. */
import { addPrivateZone, addRoute, type DnsRecords, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { ipv4At } from './addresses.ts';
import { aclRules, outbound, tcp } from './edits.ts';

type Endpoint = SliceElement<'vpcEndpoints'>;

/** A healthy world with edits, in order. */
export function worldWith(...edits: readonly ((world: World) => void)[]): () => World {
  return () => {
    const world = healthyWorld();
    for (const edit of edits) edit(world);
    return world;
  };
}

/** The same world in another address range: a VPC may use any, and 10/8 proves nothing. */
export function inRange(prefix: string, make: () => World): () => World {
  return () => {
    const text = JSON.stringify(make());
    return JSON.parse(text.replaceAll(/\b10\.0\.(\d+\.\d+)/g, `${prefix}.$1`)) as World;
  };
}

/** Another interface endpoint of the healthy kind: one interface per endpoint subnet, private DNS, the endpoint's group. */
export function endpoint(id: string, service: string, names: readonly string[], edit: Partial<Endpoint> = {}) {
  return (world: World) => {
    const template = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
    const subnets = [LAB.endpointSubnetA, LAB.endpointSubnetB];
    const interfaces = subnets.map((SubnetId, i) => {
      const used = new Set(world.api.networkInterfaces.map((found) => found.PrivateIpAddress));
      const cidr = find(world, 'subnets', SubnetId).CidrBlock ?? '';
      const address = Array.from({ length: 100 }, (_, n) => ipv4At(cidr, 20 + n)).find((free) => !used.has(free)) ?? '';
      return {
        ...structuredClone(find(world, 'networkInterfaces', LAB.secretsInterfaceA)),
        NetworkInterfaceId: `${id.replace('vpce', 'eni')}${'ab'[i]}`,
        SubnetId,
        AvailabilityZone: find(world, 'subnets', SubnetId).AvailabilityZone,
        Description: `VPC Endpoint Interface ${id}`,
        PrivateIpAddress: address,
        PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
      };
    });
    world.api.networkInterfaces.push(...interfaces);
    const own = (zone: string) => `${id}-a1b2c3d4${zone}.${service}.${world.region}.vpce.amazonaws.com`;
    const privateNames = edit.PrivateDnsEnabled === false ? [] : names;
    world.api.vpcEndpoints.push({
      ...structuredClone(template),
      VpcEndpointId: id,
      ServiceName: `com.amazonaws.${world.region}.${service}`,
      NetworkInterfaceIds: interfaces.map((found) => found.NetworkInterfaceId),
      DnsEntries: [
        ...['', `-${world.region}a`, `-${world.region}b`].map((zone) => ({ DnsName: own(zone), HostedZoneId: 'Z38' })),
        ...privateNames.map((DnsName) => ({ DnsName, HostedZoneId: 'Z0PRIVATE' })),
      ],
      ...edit,
    });
    world.api.endpointServices.push({
      ...structuredClone(world.api.endpointServices[0] ?? { ServiceName: '' }),
      ServiceName: `com.amazonaws.${world.region}.${service}`,
      PrivateDnsName: names[0],
      PrivateDnsNames: names.map((PrivateDnsName) => ({ PrivateDnsName })),
    });
  };
}

/** An AWS service's public side: its names, where it answers, and that it has an endpoint service in this Region. */
export function publicService(address: string, ...names: readonly string[]) {
  return (world: World) => {
    for (const name of names) world.publicDns[name] = { A: [address] };
    world.servers[address] = { certificateNames: [...names], ports: [443] };
  };
}

/** A private hosted zone of the client's VPC, which the API lists. */
export function privateZone(name: string, records: Record<string, DnsRecords & { alias?: string }>) {
  return (world: World) => void addPrivateZone(world, name, records);
}

/** Removes the interface endpoint for Secrets Manager and its interfaces. */
export function withoutSecretsEndpoint(world: World): void {
  const gone = find(world, 'vpcEndpoints', LAB.secretsEndpoint).NetworkInterfaceIds ?? [];
  world.api.vpcEndpoints = world.api.vpcEndpoints.filter((found) => found.VpcEndpointId !== LAB.secretsEndpoint);
  world.api.networkInterfaces = world.api.networkInterfaces.filter((found) => !gone.includes(found.NetworkInterfaceId));
}

/** Removes the gateway endpoint for S3 and its route. */
export function withoutS3Endpoint(world: World): void {
  world.api.vpcEndpoints = world.api.vpcEndpoints.filter((found) => found.VpcEndpointId !== LAB.s3Endpoint);
  withoutS3Route(world);
}

export function withoutS3Route(world: World): void {
  const table = find(world, 'routeTables', LAB.clientRouteTable);
  table.Routes = (table.Routes ?? []).filter((route) => route.DestinationPrefixListId !== LAB.s3PrefixList);
  for (const found of world.api.vpcEndpoints) if (found.VpcEndpointId === LAB.s3Endpoint) found.RouteTableIds = [];
}

/** S3 answers with an address of each of its ranges, as the real one does over time. */
export function s3FromEveryRange(world: World): void {
  const addresses = [LAB.publicS3Address, '3.5.64.20', '3.5.70.20', '18.34.240.20', '52.218.100.20'];
  world.publicDns[LAB.s3Host] = { A: addresses };
  const server = world.servers[LAB.publicS3Address];
  if (server !== undefined) for (const address of addresses) world.servers[address] = { ...server };
}

/** An internet gateway, and a default route of the client's own subnet to it. */
export function publicSubnet(publicIp?: string) {
  return (world: World) => {
    world.api.internetGateways.push({
      InternetGatewayId: LAB.internetGateway,
      Attachments: [{ VpcId: LAB.vpc, State: 'available' }],
    });
    addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
    if (publicIp === undefined) return;
    const client = find(world, 'networkInterfaces', LAB.clientInterface);
    client.Association = { PublicIp: publicIp };
    client.PrivateIpAddresses = [
      { PrivateIpAddress: LAB.clientAddress, Primary: true, Association: { PublicIp: publicIp } },
    ];
  };
}

const SECOND_CIDR = '100.64.0.0/16';

/** A secondary CIDR in which the client lives: pods with custom networking, for example. */
export function clientInSecondaryCidr(world: World): void {
  find(world, 'vpcs', LAB.vpc).CidrBlockAssociationSet?.push({
    CidrBlock: SECOND_CIDR,
    CidrBlockState: { State: 'associated' },
  });
  for (const table of world.api.routeTables)
    table.Routes?.push({
      DestinationCidrBlock: SECOND_CIDR,
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    });
  find(world, 'subnets', LAB.clientSubnet).CidrBlock = '100.64.1.0/24';
  const client = find(world, 'networkInterfaces', LAB.clientInterface);
  client.PrivateIpAddress = '100.64.1.23';
  client.PrivateIpAddresses = [{ PrivateIpAddress: '100.64.1.23', Primary: true }];
}

/** IPv6 everywhere: VPC, subnets, client, the endpoint's interfaces and names, and rules that let it pass. */
export function dualStack(world: World): void {
  const blocks: Record<string, string> = {
    [LAB.clientSubnet]: '2001:db8:10:1',
    [LAB.endpointSubnetA]: '2001:db8:10:2',
    [LAB.endpointSubnetB]: '2001:db8:10:3',
    [LAB.publicSubnet]: '2001:db8:10:f',
  };
  find(world, 'vpcs', LAB.vpc).Ipv6CidrBlockAssociationSet = [
    { Ipv6CidrBlock: '2001:db8:10::/56', Ipv6CidrBlockState: { State: 'associated' } },
  ];
  for (const subnet of world.api.subnets)
    subnet.Ipv6CidrBlockAssociationSet = [
      { Ipv6CidrBlock: `${blocks[subnet.SubnetId]}::/64`, Ipv6CidrBlockState: { State: 'associated' } },
    ];
  for (const found of world.api.networkInterfaces)
    found.Ipv6Addresses = [
      { Ipv6Address: `${blocks[found.SubnetId ?? '']}::${found.PrivateIpAddress?.split('.').at(-1)}` },
    ];
  for (const table of world.api.routeTables)
    table.Routes?.push({
      DestinationIpv6CidrBlock: '2001:db8:10::/56',
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    });
  for (const acl of world.api.networkAcls)
    for (const direction of ['in', 'out'] as const)
      aclRules(acl.NetworkAclId, { direction, cidr: '::/0', number: 101, action: 'allow' })(world);
  outbound(LAB.clientGroup, {
    IpProtocol: '-1',
    IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    Ipv6Ranges: [{ CidrIpv6: '::/0' }],
  })(world);
  const secrets = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  secrets.IpAddressType = 'dualstack';
  secrets.DnsOptions = { DnsRecordIpType: 'dualstack' };
}

/** Moves an endpoint's interface into another subnet, at this address. */
export function moveInterface(networkInterfaceId: string, subnetId: string, address: string) {
  return (world: World) => {
    const found = find(world, 'networkInterfaces', networkInterfaceId);
    const before = found.SubnetId;
    found.SubnetId = subnetId;
    found.AvailabilityZone = find(world, 'subnets', subnetId).AvailabilityZone;
    found.PrivateIpAddress = address;
    found.PrivateIpAddresses = [{ PrivateIpAddress: address, Primary: true }];
    for (const owner of world.api.vpcEndpoints)
      if (owner.NetworkInterfaceIds?.includes(networkInterfaceId))
        owner.SubnetIds = (owner.SubnetIds ?? []).map((id) => (id === before ? subnetId : id));
  };
}

/** A second VPC, 10.20.0.0/16, with two endpoint subnets; nothing joins the two yet. */
export function secondVpc(world: World): void {
  const VpcId = 'vpc-20000002';
  world.api.vpcs.push({
    VpcId,
    CidrBlock: '10.20.0.0/16',
    CidrBlockAssociationSet: [{ CidrBlock: '10.20.0.0/16', CidrBlockState: { State: 'associated' } }],
    DhcpOptionsId: 'dopt-10000001',
    OwnerId: world.accountId,
    IsDefault: false,
  });
  world.api.vpcAttributes.push({
    VpcId,
    EnableDnsSupport: { Value: true },
    EnableDnsHostnames: { Value: true },
  });
  for (const [i, zone] of (['a', 'b'] as const).entries())
    world.api.subnets.push({
      ...structuredClone(find(world, 'subnets', LAB.endpointSubnetA)),
      SubnetId: `subnet-2000000${i}`,
      VpcId,
      CidrBlock: `10.20.${i}.0/24`,
      AvailabilityZone: `${world.region}${zone}`,
      AvailabilityZoneId: `euw1-az${i + 1}`,
    });
  world.api.networkAcls.push({
    ...structuredClone(find(world, 'networkAcls', LAB.publicAcl)),
    NetworkAclId: 'acl-20000001',
    VpcId,
    IsDefault: true,
    Associations: [],
  });
  world.api.routeTables.push({
    ...structuredClone(find(world, 'routeTables', LAB.endpointRouteTable)),
    RouteTableId: 'rtb-20000001',
    VpcId,
    Associations: [{ Main: true, RouteTableAssociationId: 'rtbassoc-20000001' }],
    Routes: [{ DestinationCidrBlock: '10.20.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' }],
  });
}

/** Moves the Secrets Manager endpoint into the second VPC. */
export function endpointToSecondVpc(world: World): void {
  for (const [i, id] of [LAB.secretsInterfaceA, LAB.secretsInterfaceB].entries()) {
    moveInterface(id, `subnet-2000000${i}`, `10.20.${i}.14`)(world);
    find(world, 'networkInterfaces', id).VpcId = 'vpc-20000002';
  }
  find(world, 'vpcEndpoints', LAB.secretsEndpoint).VpcId = 'vpc-20000002';
  const groups = find(world, 'securityGroups', LAB.endpointGroup);
  groups.VpcId = 'vpc-20000002';
  groups.IpPermissions = [tcp(443, '10.0.0.0/16', '10.20.0.0/16')];
}

/** An active peering of the two VPCs with routes both ways. */
export function peered(world: World): void {
  world.api.vpcPeeringConnections.push({
    VpcPeeringConnectionId: 'pcx-00000001',
    Status: { Code: 'active' },
    RequesterVpcInfo: { VpcId: LAB.vpc, CidrBlock: '10.0.0.0/16', OwnerId: world.accountId, Region: world.region },
    AccepterVpcInfo: {
      VpcId: 'vpc-20000002',
      CidrBlock: '10.20.0.0/16',
      OwnerId: world.accountId,
      Region: world.region,
    },
  });
  addRoute(world, LAB.clientRouteTable, {
    DestinationCidrBlock: '10.20.0.0/16',
    VpcPeeringConnectionId: 'pcx-00000001',
  });
  const own = find(world, 'vpcs', LAB.vpc).CidrBlockAssociationSet ?? [];
  for (const { CidrBlock } of own)
    addRoute(world, 'rtb-20000001', { DestinationCidrBlock: CidrBlock, VpcPeeringConnectionId: 'pcx-00000001' });
}
