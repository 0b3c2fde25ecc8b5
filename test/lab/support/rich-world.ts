import { addNatGateway, find, healthyWorld, LAB, LAB_ACCOUNT, LAB_REGION, type World } from '../../../src/lab/world.ts';
import type { SliceElement } from '../../../src/model/state.ts';

/** The healthy world with something in every slice, and values that are hard to write: dual stack, quotes, dates, flags. */
export function richWorld(): World {
  const world = healthyWorld();
  addNatGateway(world);
  const { api } = world;
  // Two of AWS's services are enough to be listed here: pages of two would go on for long.
  api.endpointServices = api.endpointServices.slice(0, 2);
  Object.assign(find(world, 'vpcs', LAB.vpc), {
    CidrBlockAssociationSet: [
      { CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } },
      { CidrBlock: '100.64.0.0/16', CidrBlockState: { State: 'disassociated' } },
      { CidrBlock: '10.9.0.0/16', CidrBlockState: { State: 'associated' } },
    ],
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8:1234::/56', Ipv6CidrBlockState: { State: 'associated' } }],
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
  });
  Object.assign(find(world, 'subnets', LAB.clientSubnet), {
    Ipv6CidrBlockAssociationSet: [
      { Ipv6CidrBlock: '2001:db8:1234:1::/64', Ipv6CidrBlockState: { State: 'associated' } },
    ],
    EnableDns64: false,
    Tags: [{ Key: 'Name', Value: `"client" <a & b's>\r\n` }],
  });
  const client = find(world, 'networkInterfaces', LAB.clientInterface);
  client.Ipv6Addresses = [{ Ipv6Address: '2001:db8:1234:1::23', IsPrimaryIpv6: true }];
  api.networkInterfaces.push({
    ...client,
    NetworkInterfaceId: 'eni-c0000002',
    MacAddress: '0a:c0:00:00:00:02',
    PrivateIpAddress: '10.0.1.24',
    PrivateIpAddresses: [
      { PrivateIpAddress: '10.0.1.24', Primary: true },
      { PrivateIpAddress: '10.0.1.25', Primary: false, Association: { PublicIp: '198.51.100.77' } },
    ],
    Ipv6Addresses: [],
    Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.64/28' }],
    Attachment: { InstanceId: LAB.instance, DeviceIndex: 1, NetworkCardIndex: 0, Status: 'attached' },
  });
  Object.assign(find(world, 'vpcEndpoints', LAB.secretsEndpoint), {
    CreationTimestamp: '2026-03-04T05:06:07.000Z',
    LastError: { Code: 'SomeError', Message: 'words with "quotes" & <brackets>' },
    DnsOptions: { DnsRecordIpType: 'ipv4', PrivateDnsOnlyForInboundResolverEndpoint: false },
  });
  find(world, 'securityGroups', LAB.endpointGroup).IpPermissions?.push({
    IpProtocol: '-1',
    IpRanges: [{ CidrIp: '10.9.0.0/16' }],
    Ipv6Ranges: [{ CidrIpv6: '2001:db8:1234::/56' }],
    PrefixListIds: [{ PrefixListId: 'pl-0000000a' }],
    UserIdGroupPairs: [{ GroupId: 'sg-0000000b', UserId: '444455556666', VpcPeeringConnectionId: 'pcx-00000001' }],
  });
  find(world, 'networkAcls', LAB.clientAcl).Entries?.push({
    RuleNumber: 90,
    Protocol: '6',
    RuleAction: 'deny',
    Egress: true,
    Ipv6CidrBlock: '::/0',
    PortRange: { From: 443, To: 443 },
  });
  api.prefixListEntries.push({
    PrefixListId: 'pl-0000000a',
    Entries: Array.from({ length: 12 }, (_, n) => ({ Cidr: `10.${n}.0.0/16`, Description: `office ${n}` })),
  });
  api.egressOnlyInternetGateways.push({
    EgressOnlyInternetGatewayId: 'eigw-00000001',
    Attachments: [{ VpcId: LAB.vpc, State: 'attached' }],
  });
  api.vpcPeeringConnections.push(peering('pcx-00000001', 'active'), peering('pcx-00000002', 'deleted'));
  api.transitGatewayVpcAttachments.push({
    TransitGatewayAttachmentId: 'tgw-attach-00000001',
    TransitGatewayId: 'tgw-00000001',
    VpcId: LAB.vpc,
    VpcOwnerId: LAB_ACCOUNT,
    State: 'available',
    SubnetIds: [LAB.clientSubnet],
    Options: {
      DnsSupport: 'enable',
      SecurityGroupReferencingSupport: 'disable',
      Ipv6Support: 'disable',
      ApplianceModeSupport: 'disable',
    },
  });
  const attached = (id: string, ResourceId: string) => ({
    TransitGatewayAttachmentId: id,
    TransitGatewayId: 'tgw-00000001',
    TransitGatewayOwnerId: LAB_ACCOUNT,
    ResourceOwnerId: LAB_ACCOUNT,
    ResourceType: 'vpc',
    ResourceId,
    State: 'available',
    Association: { TransitGatewayRouteTableId: 'tgw-rtb-00000001', State: 'associated' },
  });
  api.transitGatewayAttachments.push(
    attached('tgw-attach-00000001', LAB.vpc),
    attached('tgw-attach-00000002', 'vpc-20000002'),
    attached('tgw-attach-00000003', 'vpc-20000003'),
  );
  const leads = (DestinationCidrBlock: string, id: string, ResourceId: string) => ({
    DestinationCidrBlock,
    TransitGatewayAttachments: [{ ResourceId, TransitGatewayAttachmentId: id, ResourceType: 'vpc' }],
    Type: 'propagated',
    State: 'active',
  });
  api.transitGatewayRoutes.push({
    TransitGatewayRouteTableId: 'tgw-rtb-00000001',
    Routes: [
      leads('10.0.0.0/16', 'tgw-attach-00000001', LAB.vpc),
      leads('10.20.0.0/16', 'tgw-attach-00000002', 'vpc-20000002'),
      leads('10.30.0.0/16', 'tgw-attach-00000003', 'vpc-20000003'),
      { DestinationCidrBlock: '192.168.0.0/16', Type: 'static', State: 'blackhole' },
    ],
    AdditionalRoutesAvailable: false,
  });
  api.instances.push({
    InstanceId: LAB.instance,
    VpcId: LAB.vpc,
    SubnetId: LAB.clientSubnet,
    PrivateIpAddress: LAB.clientAddress,
    NetworkInterfaces: [
      {
        NetworkInterfaceId: LAB.clientInterface,
        VpcId: LAB.vpc,
        SubnetId: LAB.clientSubnet,
        PrivateIpAddress: LAB.clientAddress,
        PrivateIpAddresses: [{ PrivateIpAddress: LAB.clientAddress, Primary: true }],
        Groups: [{ GroupId: LAB.clientGroup, GroupName: 'client' }],
        Attachment: { DeviceIndex: 0, NetworkCardIndex: 0, Status: 'attached' },
        SourceDestCheck: true,
      },
    ],
    MetadataOptions: { State: 'applied', HttpTokens: 'required', HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' },
  });
  return world;
}

function peering(id: string, code: string): SliceElement<'vpcPeeringConnections'> {
  return {
    VpcPeeringConnectionId: id,
    Status: { Code: code, Message: code },
    RequesterVpcInfo: {
      VpcId: LAB.vpc,
      OwnerId: LAB_ACCOUNT,
      Region: LAB_REGION,
      CidrBlock: '10.0.0.0/16',
      CidrBlockSet: [{ CidrBlock: '10.0.0.0/16' }],
      PeeringOptions: { AllowDnsResolutionFromRemoteVpc: true },
    },
    AccepterVpcInfo: { VpcId: 'vpc-20000002', OwnerId: '444455556666', Region: LAB_REGION, CidrBlock: '10.20.0.0/16' },
  };
}
