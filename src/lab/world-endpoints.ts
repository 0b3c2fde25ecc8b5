/** More services for a lab world: endpoints of their own in the endpoint subnets, or only a public side. */
import { LAB, type World } from './world.ts';

/**
 * Adds an interface endpoint with private DNS for `<service>.<region>.amazonaws.com`, like the one for Secrets Manager: in
 * both endpoint subnets unless `zones` says otherwise, behind the same security group.
 * @returns its id
 */
export function addInterfaceEndpoint(
  world: World,
  service: string,
  more: { readonly host?: string; readonly zones?: readonly ('a' | 'b')[] } = {},
): string {
  const { host = hostOf(world, service), zones = ['a', 'b'] } = more;
  const count = world.api.vpcEndpoints.length;
  const id = `vpce-add0${count.toString(16).padStart(4, '0')}`;
  const template = {
    ServiceName: `com.amazonaws.${world.region}.${service}`,
    ServiceRegion: world.region,
  };
  const places = (
    [
      [LAB.endpointSubnetA, 'a', `10.0.2.${60 + count}`],
      [LAB.endpointSubnetB, 'b', `10.0.3.${60 + count}`],
    ] as const
  ).filter(([, zone]) => zones.includes(zone));
  const interfaces = places.map(([SubnetId, zone, PrivateIpAddress]) => ({
    NetworkInterfaceId: `eni-add0${count.toString(16).padStart(3, '0')}${zone}`,
    InterfaceType: 'vpc_endpoint',
    VpcId: LAB.vpc,
    SubnetId,
    AvailabilityZone: `${world.region}${zone}`,
    Description: `VPC Endpoint Interface ${id}`,
    OwnerId: world.accountId,
    RequesterManaged: true,
    Status: 'in-use',
    PrivateIpAddress,
    PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
    Ipv6Addresses: [],
    Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
  }));
  world.api.networkInterfaces.push(...interfaces);
  world.api.vpcEndpoints.push({
    ...template,
    VpcEndpointId: id,
    VpcEndpointType: 'Interface',
    VpcId: LAB.vpc,
    State: 'available',
    SubnetIds: places.map(([SubnetId]) => SubnetId),
    Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
    IpAddressType: 'ipv4',
    DnsOptions: { DnsRecordIpType: 'ipv4' },
    PrivateDnsEnabled: true,
    RequesterManaged: false,
    NetworkInterfaceIds: interfaces.map((one) => one.NetworkInterfaceId),
    DnsEntries: [
      { DnsName: `${id}-a1b2c3d4.${service}.${world.region}.vpce.amazonaws.com`, HostedZoneId: 'Z38GZ743OKFT7T' },
      { DnsName: host, HostedZoneId: 'Z0PRIVATE' },
    ],
    OwnerId: world.accountId,
  });
  offerService(world, service, host);
  return id;
}

/** A service's public side, and that the Region has an endpoint service for it unless `offered` is false. */
export function publicHost(
  world: World,
  service: string,
  address: string,
  more: { readonly region?: string; readonly offered?: boolean } = {},
): void {
  const { region = world.region, offered = region === world.region } = more;
  const host = hostOf({ region }, service);
  world.publicDns[host] = { A: [address] };
  world.servers[address] = { certificateNames: [host], ports: [443] };
  if (offered) offerService(world, service, host);
}

function offerService(world: World, service: string, host: string): void {
  const ServiceName = `com.amazonaws.${world.region}.${service}`;
  if (world.api.endpointServices.some((known) => known.ServiceName === ServiceName)) return;
  world.api.endpointServices.push({
    ServiceName,
    ServiceType: [{ ServiceType: 'Interface' }],
    ServiceRegion: world.region,
    AvailabilityZoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
    Owner: 'amazon',
    PrivateDnsName: host,
    PrivateDnsNames: [{ PrivateDnsName: host }],
    VpcEndpointPolicySupported: true,
    AcceptanceRequired: false,
  });
}

function hostOf(world: Pick<World, 'region'>, service: string): string {
  return `${service}.${world.region}.amazonaws.com`;
}
