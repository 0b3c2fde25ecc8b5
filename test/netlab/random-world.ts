/**
 * Worlds drawn from a seed, to compare the model with the kernel: subnets, secondary CIDRs, IPv6, endpoints of both kinds,
 * security groups, network ACLs and routes that AWS would accept, with every kind of rule that decides differently.
 */
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { addNatGateway, addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { familyOf, ipv4At } from './addresses.ts';
import { type Draw, drawFrom } from './draw.ts';
import { ATTACHMENT_ACL, drawAcls, drawGroups, OWN_LIST } from './random-rules.ts';
import { peered, secondVpc } from './worlds.ts';

type Route = NonNullable<SliceElement<'routeTables'>['Routes']>[number];

export const TRIED_PORTS = [443, 80, 8443] as const;

/** Public addresses that answer in every drawn world. */
export const PUBLIC_ADDRESSES = ['198.51.100.10', '2001:db8:ffff::10'] as const;

const VPC6 = '2001:db8:10';
const SUBNETS6: Record<string, string> = {
  [LAB.clientSubnet]: `${VPC6}:1::/64`,
  [LAB.endpointSubnetA]: `${VPC6}:2::/64`,
  [LAB.endpointSubnetB]: `${VPC6}:3::/64`,
  [LAB.publicSubnet]: `${VPC6}:f::/64`,
};
const SECOND_LIST = 'pl-53000006';
const S3_CIDRS = ['52.218.0.0/17', '3.5.64.0/21', '18.34.240.0/22'] as const;
const S3_CIDRS6 = ['2600:1fa0:80c0::/44', '2600:1f68:8000::/39'] as const;

/** The world of a seed. */
export function randomWorld(seed: number): World {
  const draw = drawFrom(seed);
  const world = healthyWorld();
  const ipv6 = draw.chance(0.45);
  world.servers['2001:db8:ffff::10'] = { certificateNames: ['example.com'], ports: [...TRIED_PORTS] };
  drawAddresses(draw, world, ipv6);
  drawEndpoints(draw, world);
  const far = draw.fraction();
  if (far < 0.15) drawSecondVpc(draw, world);
  else if (far < 0.4) drawTransit(draw, world);
  drawWaysOut(draw, world, ipv6);
  drawLists(draw, world, ipv6);
  const cidrs = cidrPool(world, ipv6);
  drawGroups(draw, world, cidrs);
  drawAcls(draw, world, cidrs);
  drawRoutes(draw, world, ipv6);
  world.client.ephemeralPorts = {
    ...draw.pick([
      { from: 32768, to: 60999 },
      { from: 1024, to: 65535 },
      { from: 49152, to: 65535 },
      { from: 40000, to: 40015 },
    ]),
    source: 'given',
  };
  return world;
}

function drawAddresses(draw: Draw, world: World, ipv6: boolean): void {
  const vpc = find(world, 'vpcs', LAB.vpc);
  if (draw.chance(0.3)) {
    // A secondary CIDR, and somebody moves into it.
    vpc.CidrBlockAssociationSet?.push({ CidrBlock: '100.64.0.0/16', CidrBlockState: { State: 'associated' } });
    for (const table of world.api.routeTables)
      table.Routes?.push({
        DestinationCidrBlock: '100.64.0.0/16',
        GatewayId: 'local',
        Origin: 'CreateRouteTable',
        State: 'active',
      });
    const moved = draw.pick([LAB.clientSubnet, LAB.endpointSubnetA, LAB.endpointSubnetB]);
    moveSubnet(world, moved, `100.64.${draw.between(0, 3)}.0/24`);
  }
  if (draw.chance(0.3)) {
    const client = find(world, 'networkInterfaces', LAB.clientInterface);
    client.Association = { PublicIp: '192.0.2.200' };
  }
  if (!ipv6) return;
  vpc.Ipv6CidrBlockAssociationSet = [{ Ipv6CidrBlock: `${VPC6}::/56`, Ipv6CidrBlockState: { State: 'associated' } }];
  for (const subnet of world.api.subnets)
    subnet.Ipv6CidrBlockAssociationSet = [{ Ipv6CidrBlock: SUBNETS6[subnet.SubnetId] }];
  for (const table of world.api.routeTables)
    table.Routes?.push({
      DestinationIpv6CidrBlock: `${VPC6}::/56`,
      GatewayId: 'local',
      Origin: 'CreateRouteTable',
      State: 'active',
    });
  for (const found of world.api.networkInterfaces) giveIpv6(found);
  const endpoint = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  endpoint.IpAddressType = 'dualstack';
  endpoint.DnsOptions = { DnsRecordIpType: 'dualstack' };
}

function giveIpv6(found: SliceElement<'networkInterfaces'>): void {
  // Without leading zeros, so that the text compares equal to what the kernel prints.
  const host = Number(found.PrivateIpAddress?.split('.').slice(2).join(''));
  found.Ipv6Addresses = [{ Ipv6Address: `${(SUBNETS6[found.SubnetId ?? ''] ?? '').replace('::/64', '')}::${host}` }];
}

function moveSubnet(world: World, subnetId: string, cidr: string): void {
  find(world, 'subnets', subnetId).CidrBlock = cidr;
  for (const found of world.api.networkInterfaces.filter((candidate) => candidate.SubnetId === subnetId)) {
    const address = ipv4At(cidr, Number(found.PrivateIpAddress?.split('.')[3]));
    found.PrivateIpAddress = address;
    found.PrivateIpAddresses = [{ PrivateIpAddress: address, Primary: true }];
  }
}

/** A second interface endpoint, perhaps with an interface in the client's own subnet. */
function drawEndpoints(draw: Draw, world: World): void {
  if (!draw.chance(0.4)) return;
  const subnets = draw.some([LAB.clientSubnet, LAB.endpointSubnetB, LAB.publicSubnet], 1);
  const template = find(world, 'networkInterfaces', LAB.secretsInterfaceA);
  const dual = template.Ipv6Addresses?.length !== 0;
  const interfaces = subnets.map((subnetId, i) => {
    const address = ipv4At(find(world, 'subnets', subnetId).CidrBlock ?? '', 40);
    const found = {
      ...structuredClone(template),
      NetworkInterfaceId: `eni-4a50000${i}`,
      SubnetId: subnetId,
      PrivateIpAddress: address,
      PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
      Description: 'VPC Endpoint Interface vpce-4a500001',
    };
    if (dual) giveIpv6(found);
    return found;
  });
  world.api.networkInterfaces.push(...interfaces);
  world.api.vpcEndpoints.push({
    ...structuredClone(find(world, 'vpcEndpoints', LAB.secretsEndpoint)),
    VpcEndpointId: 'vpce-4a500001',
    ServiceName: `com.amazonaws.${world.region}.kms`,
    SubnetIds: subnets,
    NetworkInterfaceIds: interfaces.map((found) => found.NetworkInterfaceId),
    DnsEntries: [{ DnsName: `kms.${world.region}.amazonaws.com`, HostedZoneId: 'Z0PRIVATE' }],
    ...(draw.chance(0.1) ? { State: draw.pick(['pendingAcceptance', 'failed', 'rejected']) } : {}),
  });
}

/** A peered VPC with an endpoint that the client calls by the endpoint's own name. */
function drawSecondVpc(draw: Draw, world: World): void {
  secondVpc(world);
  peered(world);
  if (draw.chance(0.2)) for (const peering of world.api.vpcPeeringConnections) peering.Status = { Code: 'deleted' };
  const interfaces = ['subnet-20000000', 'subnet-20000001'].map((SubnetId, i) => {
    const address = `10.20.${i}.14`;
    return {
      ...structuredClone(find(world, 'networkInterfaces', LAB.secretsInterfaceA)),
      NetworkInterfaceId: `eni-2000000${i}`,
      VpcId: 'vpc-20000002',
      SubnetId,
      PrivateIpAddress: address,
      PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
      Ipv6Addresses: [],
      Description: 'VPC Endpoint Interface vpce-20000001',
    };
  });
  world.api.networkInterfaces.push(...interfaces);
  world.api.vpcEndpoints.push({
    ...structuredClone(find(world, 'vpcEndpoints', LAB.secretsEndpoint)),
    VpcEndpointId: 'vpce-20000001',
    VpcId: 'vpc-20000002',
    SubnetIds: interfaces.map((found) => found.SubnetId),
    NetworkInterfaceIds: interfaces.map((found) => found.NetworkInterfaceId),
    IpAddressType: 'ipv4',
    DnsOptions: { DnsRecordIpType: 'ipv4' },
  });
}

/** A shared services VPC behind a transit gateway, of which any part may be wrong. */
function drawTransit(draw: Draw, world: World): void {
  addCentralEndpoint(world, 'transit-gateway');
  const { api } = world;
  const acl = find(world, 'networkAcls', CENTRAL.acl);
  api.networkAcls.push({
    ...structuredClone(acl),
    NetworkAclId: ATTACHMENT_ACL,
    IsDefault: false,
    Associations: CENTRAL.attachmentSubnets.map((SubnetId) => ({ SubnetId, NetworkAclId: ATTACHMENT_ACL })),
  });
  for (const attachment of api.transitGatewayVpcAttachments) {
    if (draw.chance(0.2)) attachment.SubnetIds = [draw.pick(attachment.SubnetIds ?? [])];
    if (draw.chance(0.06)) attachment.State = draw.pick(['deleting', 'pendingAcceptance', 'failed']);
  }
  for (const attachment of api.transitGatewayAttachments) if (draw.chance(0.06)) delete attachment.Association;
  const routes = api.transitGatewayRoutes[0]?.Routes ?? [];
  if (draw.chance(0.1)) routes.splice(draw.between(0, routes.length - 1), 1);
  if (draw.chance(0.3)) {
    const dead = draw.chance(0.5);
    const to = draw.pick([CENTRAL.attachment, CENTRAL.clientAttachment]);
    routes.push({
      DestinationCidrBlock: draw.pick(['10.60.2.0/24', '10.60.0.0/16', '10.0.1.0/24', '10.0.0.0/8', '10.0.0.0/16']),
      ...(dead
        ? {}
        : { TransitGatewayAttachments: [{ TransitGatewayAttachmentId: to, ResourceType: 'vpc', ResourceId: '' }] }),
      Type: 'static',
      State: dead ? 'blackhole' : 'active',
    });
  }
  const client = find(world, 'routeTables', LAB.clientRouteTable);
  const endpoint = find(world, 'routeTables', CENTRAL.routeTable);
  const towards = (table: typeof client, cidr: string) => {
    table.Routes = table.Routes?.filter((route) => route.TransitGatewayId === undefined);
    addRoute(world, table.RouteTableId, { DestinationCidrBlock: cidr, TransitGatewayId: CENTRAL.transitGateway });
  };
  if (draw.chance(0.3)) towards(client, draw.pick(['10.60.2.0/24', '10.60.0.0/15', '10.60.3.14/32', '172.16.0.0/12']));
  if (draw.chance(0.3)) towards(endpoint, draw.pick(['10.0.1.0/24', '10.0.0.0/8', '10.0.2.0/24', '0.0.0.0/0']));
}

function drawWaysOut(draw: Draw, world: World, ipv6: boolean): void {
  const way = draw.pick(['nat', 'nat', 'internet gateway', 'none', 'none']);
  if (way === 'nat') addNatGateway(world);
  if (way === 'internet gateway') {
    world.api.internetGateways.push({
      InternetGatewayId: LAB.internetGateway,
      Attachments: [{ VpcId: draw.chance(0.9) ? LAB.vpc : 'vpc-elsewhere', State: 'available' }],
    });
    addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
  }
  if (ipv6 && draw.chance(0.5)) {
    world.api.egressOnlyInternetGateways.push({
      EgressOnlyInternetGatewayId: 'eigw-f0000001',
      Attachments: [{ VpcId: LAB.vpc, State: 'attached' }],
    });
    addRoute(world, LAB.clientRouteTable, {
      DestinationIpv6CidrBlock: '::/0',
      EgressOnlyInternetGatewayId: 'eigw-f0000001',
    });
  }
  if (draw.chance(0.1))
    find(world, 'vpcs', LAB.vpc).BlockPublicAccessStates = {
      InternetGatewayBlockMode: draw.pick(['block-bidirectional', 'block-ingress', 'off']),
    };
}

function drawLists(draw: Draw, world: World, ipv6: boolean): void {
  if (ipv6 && draw.chance(0.5)) {
    world.api.prefixLists.push({
      PrefixListId: SECOND_LIST,
      PrefixListName: `com.amazonaws.${world.region}.ipv6.s3`,
      Cidrs: [...S3_CIDRS6],
    });
    find(world, 'vpcEndpoints', LAB.s3Endpoint).IpAddressType = 'dualstack';
    addRoute(world, LAB.clientRouteTable, { DestinationPrefixListId: SECOND_LIST, GatewayId: LAB.s3Endpoint });
  }
  world.api.prefixListEntries.push({
    PrefixListId: OWN_LIST,
    Entries: draw
      .some(['10.0.1.0/24', '10.0.2.0/24', '10.0.3.14/32', '100.64.0.0/16', '52.218.64.0/18', `${VPC6}::/56`])
      .map((Cidr) => ({ Cidr })),
  });
}

/** CIDRs whose edges matter in this world. */
function cidrPool(world: World, ipv6: boolean): string[] {
  const interfaces = world.api.networkInterfaces;
  const own = [
    ...interfaces.map((found) => `${found.PrivateIpAddress}/32`),
    ...world.api.subnets.flatMap((subnet) => {
      const cidr = subnet.CidrBlock ?? '';
      return [cidr, cidr.replace('/24', '/25'), `${ipv4At(cidr, 128)}/25`, cidr.replace('/24', '/28')];
    }),
    '10.0.0.0/16',
    '10.0.0.0/8',
    '10.0.2.0/23',
    '100.64.0.0/16',
    '0.0.0.0/0',
    '0.0.0.0/0',
    '0.0.0.0/1',
    ...S3_CIDRS,
    '52.218.64.0/18',
    '3.5.64.0/22',
    '198.51.100.0/24',
    '192.168.0.0/16',
  ];
  if (!ipv6) return own;
  return [
    ...own,
    ...interfaces.flatMap((found) => (found.Ipv6Addresses ?? []).map((entry) => `${entry.Ipv6Address}/128`)),
    ...Object.values(SUBNETS6),
    `${VPC6}::/56`,
    '::/0',
    '::/0',
    ...S3_CIDRS6,
    '2001:db8:ffff::/48',
  ];
}

function drawRoutes(draw: Draw, world: World, ipv6: boolean): void {
  const nat = world.api.natGateways.length > 0;
  const igw = world.api.internetGateways.length > 0;
  if (draw.chance(0.15)) dropRoute(world, (route) => route.DestinationPrefixListId === LAB.s3PrefixList);
  if (draw.chance(0.1)) find(world, 'vpcEndpoints', LAB.s3Endpoint).State = draw.pick(['failed', 'deleting']);
  const targets: Partial<Route>[] = [
    { NetworkInterfaceId: 'eni-0gone0001', State: 'blackhole' },
    { TransitGatewayId: 'tgw-0gone0001', State: 'blackhole' },
    { GatewayId: 'vgw-00000001' },
    ...(nat ? [{ NatGatewayId: LAB.natGateway }] : []),
    ...(igw ? [{ GatewayId: LAB.internetGateway }] : []),
  ];
  const taken = new Set((find(world, 'routeTables', LAB.clientRouteTable).Routes ?? []).map(destinationOf));
  const add = (destination: string, target: Partial<Route>) => {
    const field = familyOf(destination) === 4 ? 'DestinationCidrBlock' : 'DestinationIpv6CidrBlock';
    if (taken.has(destination)) return;
    taken.add(destination);
    addRoute(world, LAB.clientRouteTable, { [field]: destination, ...target });
  };
  const propagated: Partial<Route> = { GatewayId: 'vgw-00000001', Origin: 'EnableVgwRoutePropagation' };
  for (let i = draw.between(0, 3); i > 0; i--)
    add(draw.pick([...S3_CIDRS, '52.218.64.0/18', '52.218.0.0/16', '3.5.64.0/22', '0.0.0.0/0', '198.51.100.0/24']), {
      ...draw.pick(targets),
    });
  if (draw.chance(0.25)) {
    // More specific than local: a whole subnet, towards a NAT gateway or an interface, as the API demands.
    const subnet = draw.pick(world.api.subnets);
    const onlySuch = targets.filter((target) => target.NatGatewayId ?? target.NetworkInterfaceId);
    add(subnet.CidrBlock ?? '', { ...draw.pick(onlySuch) });
  }
  if (draw.chance(0.3))
    add(draw.pick(['10.0.2.0/24', '10.0.2.0/25', '10.0.0.0/8', '52.218.0.0/18', '0.0.0.0/0']), propagated);
  if (ipv6 && draw.chance(0.3))
    add(draw.pick([...S3_CIDRS6, '2600:1fa0:80c0::/46', `${VPC6}:2::/64`]), {
      NetworkInterfaceId: 'eni-0gone0001',
      State: 'blackhole',
    });
  if (draw.chance(0.15)) {
    // The client's subnet falls back to the main table.
    find(world, 'routeTables', LAB.clientRouteTable).Associations = [];
  }
}

function dropRoute(world: World, unwanted: (route: Route) => boolean): void {
  const table = find(world, 'routeTables', LAB.clientRouteTable);
  table.Routes = (table.Routes ?? []).filter((route) => !unwanted(route));
}

function destinationOf(route: Route): string {
  return route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? '';
}
