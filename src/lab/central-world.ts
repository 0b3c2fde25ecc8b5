/**
 * A shared services VPC beside the healthy one: an endpoint for KMS there, which the client uses over a transit gateway or a
 * peering connection. A private hosted zone leads the service's name to it. Everything in it works.
 */
import type { SliceElement } from '../model/state.ts';
import { addRoute, LAB, LAB_ACCOUNT, LAB_REGION, type World } from './world.ts';

/** Ids of what is added, so that causes and tests need not spell them again. */
export const CENTRAL = {
  vpc: 'vpc-ce000001',
  cidr: '10.60.0.0/16',
  endpoint: 'vpce-ce000001',
  endpointSubnetA: 'subnet-ce00000a',
  endpointSubnetB: 'subnet-ce00000b',
  interfaceA: 'eni-ce00000a',
  interfaceB: 'eni-ce00000b',
  addressA: '10.60.2.14',
  addressB: '10.60.3.14',
  group: 'sg-ce000001',
  acl: 'acl-ce000001',
  routeTable: 'rtb-ce000001',
  /** where the transit gateway is attached, there and in the client's VPC, one for each zone */
  attachmentSubnets: ['subnet-ce0000aa', 'subnet-ce0000ab'],
  clientAttachmentSubnets: ['subnet-a7000001', 'subnet-a7000002'],
  clientAttachmentAcl: 'acl-a7000001',
  clientAttachmentRouteTable: 'rtb-a7000001',
  transitGateway: 'tgw-ce000001',
  transitGatewayRouteTable: 'tgw-rtb-ce000001',
  attachment: 'tgw-attach-ce000001',
  clientAttachment: 'tgw-attach-c0000001',
  peering: 'pcx-ce000001',
  host: `kms.${LAB_REGION}.amazonaws.com`,
  /** the endpoint's own regional name: public DNS, wherever it is asked */
  endpointHost: `vpce-ce000001-a1b2c3d4.kms.${LAB_REGION}.vpce.amazonaws.com`,
} as const;

const ALLOW_ALL = [true, false].flatMap((Egress) => [
  { RuleNumber: 100, Protocol: '-1', RuleAction: 'allow', Egress, CidrBlock: '0.0.0.0/0' },
  { RuleNumber: 32767, Protocol: '-1', RuleAction: 'deny', Egress, CidrBlock: '0.0.0.0/0' },
]);

/** Adds the shared services VPC and joins it with the client's. A second call changes nothing. */
export function addCentralEndpoint(world: World, joinedBy: 'transit-gateway' | 'peering'): void {
  const { api } = world;
  if (api.vpcs.some((vpc) => vpc.VpcId === CENTRAL.vpc)) return;
  api.vpcs.push({
    VpcId: CENTRAL.vpc,
    CidrBlock: CENTRAL.cidr,
    CidrBlockAssociationSet: [{ CidrBlock: CENTRAL.cidr, CidrBlockState: { State: 'associated' } }],
    DhcpOptionsId: 'dopt-10000001',
    OwnerId: LAB_ACCOUNT,
    IsDefault: false,
  });
  api.vpcAttributes.push({
    VpcId: CENTRAL.vpc,
    EnableDnsSupport: { Value: true },
    EnableDnsHostnames: { Value: true },
  });
  api.subnets.push(
    subnet(CENTRAL.endpointSubnetA, CENTRAL.vpc, '10.60.2.0/24', 'a'),
    subnet(CENTRAL.endpointSubnetB, CENTRAL.vpc, '10.60.3.0/24', 'b'),
    subnet(CENTRAL.attachmentSubnets[0], CENTRAL.vpc, '10.60.0.0/28', 'a'),
    subnet(CENTRAL.attachmentSubnets[1], CENTRAL.vpc, '10.60.0.16/28', 'b'),
    subnet(CENTRAL.clientAttachmentSubnets[0], LAB.vpc, '10.0.250.0/28', 'a'),
    subnet(CENTRAL.clientAttachmentSubnets[1], LAB.vpc, '10.0.250.16/28', 'b'),
  );
  api.networkAcls.push(acl(CENTRAL.acl, CENTRAL.vpc, true, []), {
    ...acl(CENTRAL.clientAttachmentAcl, LAB.vpc, false, CENTRAL.clientAttachmentSubnets),
  });
  api.routeTables.push(
    routeTable(CENTRAL.routeTable, CENTRAL.vpc, CENTRAL.cidr, []),
    routeTable(CENTRAL.clientAttachmentRouteTable, LAB.vpc, '10.0.0.0/16', CENTRAL.clientAttachmentSubnets),
  );
  api.securityGroups.push({
    GroupId: CENTRAL.group,
    GroupName: 'central-endpoints',
    VpcId: CENTRAL.vpc,
    OwnerId: LAB_ACCOUNT,
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/16' }] }],
    IpPermissionsEgress: [],
  });
  addEndpoint(world);
  if (joinedBy === 'peering') joinByPeering(world);
  else joinByTransitGateway(world);
}

function addEndpoint(world: World): void {
  const ServiceName = `com.amazonaws.${LAB_REGION}.kms`;
  world.api.networkInterfaces.push(
    endpointInterface(CENTRAL.interfaceA, CENTRAL.endpointSubnetA, 'a', CENTRAL.addressA),
    endpointInterface(CENTRAL.interfaceB, CENTRAL.endpointSubnetB, 'b', CENTRAL.addressB),
  );
  world.api.vpcEndpoints.push({
    VpcEndpointId: CENTRAL.endpoint,
    VpcEndpointType: 'Interface',
    VpcId: CENTRAL.vpc,
    ServiceName,
    State: 'available',
    SubnetIds: [CENTRAL.endpointSubnetA, CENTRAL.endpointSubnetB],
    Groups: [{ GroupId: CENTRAL.group, GroupName: 'central-endpoints' }],
    IpAddressType: 'ipv4',
    DnsOptions: { DnsRecordIpType: 'ipv4' },
    // A private hosted zone that every VPC can be associated with serves the name instead.
    PrivateDnsEnabled: false,
    RequesterManaged: false,
    NetworkInterfaceIds: [CENTRAL.interfaceA, CENTRAL.interfaceB],
    DnsEntries: [{ DnsName: CENTRAL.endpointHost, HostedZoneId: 'Z38GZ743OKFT7T' }],
    OwnerId: LAB_ACCOUNT,
    ServiceRegion: LAB_REGION,
    PolicyDocument:
      '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}',
  });
  world.api.endpointServices.push({
    ServiceName,
    ServiceType: [{ ServiceType: 'Interface' }],
    ServiceRegion: LAB_REGION,
    AvailabilityZoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
    Owner: 'amazon',
    PrivateDnsName: CENTRAL.host,
    PrivateDnsNames: [{ PrivateDnsName: CENTRAL.host }],
    VpcEndpointPolicySupported: true,
    AcceptanceRequired: false,
  });
  world.privateZones.push({
    name: CENTRAL.host,
    records: { [CENTRAL.host]: { A: [CENTRAL.addressA, CENTRAL.addressB] } },
  });
}

function joinByPeering(world: World): void {
  const end = (VpcId: string, CidrBlock: string) => ({
    VpcId,
    OwnerId: LAB_ACCOUNT,
    Region: LAB_REGION,
    CidrBlock,
    CidrBlockSet: [{ CidrBlock }],
  });
  world.api.vpcPeeringConnections.push({
    VpcPeeringConnectionId: CENTRAL.peering,
    Status: { Code: 'active', Message: 'Active' },
    RequesterVpcInfo: end(LAB.vpc, '10.0.0.0/16'),
    AccepterVpcInfo: end(CENTRAL.vpc, CENTRAL.cidr),
  });
  addRoute(world, LAB.clientRouteTable, {
    DestinationCidrBlock: CENTRAL.cidr,
    VpcPeeringConnectionId: CENTRAL.peering,
  });
  addRoute(world, CENTRAL.routeTable, {
    DestinationCidrBlock: '10.0.0.0/16',
    VpcPeeringConnectionId: CENTRAL.peering,
  });
}

function joinByTransitGateway(world: World): void {
  const ends = [
    { id: CENTRAL.clientAttachment, vpc: LAB.vpc, cidr: '10.0.0.0/16', subnets: CENTRAL.clientAttachmentSubnets },
    { id: CENTRAL.attachment, vpc: CENTRAL.vpc, cidr: CENTRAL.cidr, subnets: CENTRAL.attachmentSubnets },
  ] as const;
  world.api.transitGatewayVpcAttachments.push(
    ...ends.map(({ id, vpc, subnets }) => ({
      TransitGatewayAttachmentId: id,
      TransitGatewayId: CENTRAL.transitGateway,
      VpcId: vpc,
      VpcOwnerId: LAB_ACCOUNT,
      State: 'available',
      SubnetIds: [...subnets],
      Options: {
        DnsSupport: 'enable',
        SecurityGroupReferencingSupport: 'enable',
        Ipv6Support: 'disable',
        ApplianceModeSupport: 'disable',
      },
    })),
  );
  world.api.transitGatewayAttachments.push(
    ...ends.map(({ id, vpc }) => ({
      TransitGatewayAttachmentId: id,
      TransitGatewayId: CENTRAL.transitGateway,
      TransitGatewayOwnerId: LAB_ACCOUNT,
      ResourceOwnerId: LAB_ACCOUNT,
      ResourceType: 'vpc',
      ResourceId: vpc,
      State: 'available',
      Association: { TransitGatewayRouteTableId: CENTRAL.transitGatewayRouteTable, State: 'associated' },
    })),
  );
  world.api.transitGatewayRoutes.push({
    TransitGatewayRouteTableId: CENTRAL.transitGatewayRouteTable,
    Routes: ends.map(({ id, vpc, cidr }) => ({
      DestinationCidrBlock: cidr,
      TransitGatewayAttachments: [{ ResourceId: vpc, TransitGatewayAttachmentId: id, ResourceType: 'vpc' }],
      Type: 'propagated',
      State: 'active',
    })),
    AdditionalRoutesAvailable: false,
  });
  addRoute(world, LAB.clientRouteTable, {
    DestinationCidrBlock: CENTRAL.cidr,
    TransitGatewayId: CENTRAL.transitGateway,
  });
  addRoute(world, CENTRAL.routeTable, {
    DestinationCidrBlock: '10.0.0.0/16',
    TransitGatewayId: CENTRAL.transitGateway,
  });
}

function subnet(SubnetId: string, VpcId: string, CidrBlock: string, zone: 'a' | 'b'): SliceElement<'subnets'> {
  return {
    SubnetId,
    VpcId,
    CidrBlock,
    AvailabilityZone: `${LAB_REGION}${zone}`,
    AvailabilityZoneId: zone === 'a' ? 'euw1-az1' : 'euw1-az2',
    OwnerId: LAB_ACCOUNT,
  };
}

function acl(
  NetworkAclId: string,
  VpcId: string,
  IsDefault: boolean,
  subnets: readonly string[],
): SliceElement<'networkAcls'> {
  return {
    NetworkAclId,
    VpcId,
    IsDefault,
    Entries: ALLOW_ALL.map((entry) => ({ ...entry })),
    Associations: subnets.map((SubnetId) => ({ SubnetId, NetworkAclId })),
  };
}

/** The VPC's main table where no subnet is given. */
function routeTable(
  RouteTableId: string,
  VpcId: string,
  cidr: string,
  subnets: readonly string[],
): SliceElement<'routeTables'> {
  const AssociationState = { State: 'associated' };
  return {
    RouteTableId,
    VpcId,
    OwnerId: LAB_ACCOUNT,
    Associations:
      subnets.length === 0
        ? [{ Main: true, RouteTableAssociationId: `rtbassoc-${RouteTableId}`, AssociationState }]
        : subnets.map((SubnetId) => ({
            Main: false,
            SubnetId,
            RouteTableAssociationId: `rtbassoc-${SubnetId}`,
            AssociationState,
          })),
    Routes: [{ DestinationCidrBlock: cidr, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' }],
  };
}

function endpointInterface(
  NetworkInterfaceId: string,
  SubnetId: string,
  zone: 'a' | 'b',
  address: string,
): SliceElement<'networkInterfaces'> {
  return {
    NetworkInterfaceId,
    InterfaceType: 'vpc_endpoint',
    VpcId: CENTRAL.vpc,
    SubnetId,
    AvailabilityZone: `${LAB_REGION}${zone}`,
    Description: `VPC Endpoint Interface ${CENTRAL.endpoint}`,
    OwnerId: LAB_ACCOUNT,
    RequesterManaged: true,
    Status: 'in-use',
    MacAddress: zone === 'a' ? '0a:ce:00:00:00:0a' : '0a:ce:00:00:00:0b',
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
    Ipv6Addresses: [],
    Groups: [{ GroupId: CENTRAL.group, GroupName: 'central-endpoints' }],
  };
}
