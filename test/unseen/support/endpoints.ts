/** An endpoint and its network interfaces as the AWS CLI prints them. */
import { type Endpoint, type Network, REGION, type Subnet, subnetsOf } from './network.ts';
import { ACCOUNT, id } from './rules.ts';

/** The address of an endpoint’s interface in a subnet. */
function endpointAddress(endpoint: Endpoint, index: number, subnet: Subnet): string {
  return `${subnet.cidr.split('.').slice(0, 3).join('.')}.${endpoint.at ?? 21 + index}`;
}

function serviceName(endpoint: Endpoint, network: Network): string {
  return endpoint.service.startsWith('com.')
    ? endpoint.service
    : `com.amazonaws.${network.region ?? REGION}.${endpoint.service}`;
}

function subnetNames(endpoint: Endpoint): readonly string[] {
  return endpoint.type === 'Gateway' ? [] : (endpoint.subnets ?? ['ep-a', 'ep-b']);
}

/** Some services’ private names are not after their service names: DescribeVpcEndpointServices, PrivateDnsNames. */
function privateNames({ service, names }: Endpoint, network: Network): readonly string[] {
  const end = `${network.region ?? REGION}.amazonaws.com`;
  if (names !== undefined) return names;
  if (service === 'ecr.dkr') return [`dkr.ecr.${end}`, `*.dkr.ecr.${end}`];
  if (service === 'ecr.api') return [`api.ecr.${end}`];
  if (service === 'execute-api') return [`execute-api.${end}`, `*.execute-api.${end}`];
  if (service === 's3') return [`s3.${end}`, `*.s3.${end}`, `*.s3-control.${end}`, `*.s3-accesspoint.${end}`];
  if (service === 'kinesis-streams') return [`kinesis.${end}`];
  if (service === 'kinesis-firehose') return [`firehose.${end}`];
  return [`${service}.${end}`];
}

export function describeEndpoint(endpoint: Endpoint, index: number, network: Network): unknown {
  const { name, type = 'Interface', privateDns = true } = endpoint;
  const own = id('vpce', name);
  const end = `${endpoint.service.split('.').at(-1)}.${network.region ?? REGION}.vpce.amazonaws.com`;
  const zones = subnetNames(endpoint).map((subnet) => `${network.region ?? REGION}${subnetsOf(network)[subnet]?.zone}`);
  const base = {
    VpcEndpointId: own,
    VpcEndpointType: type,
    VpcId: id('vpc', endpoint.vpc ?? 'main'),
    ServiceName: serviceName(endpoint, network),
    State: endpoint.state ?? 'available',
    OwnerId: ACCOUNT,
    RequesterManaged: false,
    ...(endpoint.policy !== undefined && { PolicyDocument: JSON.stringify(endpoint.policy) }),
    ...(endpoint.serviceRegion !== undefined && { ServiceRegion: endpoint.serviceRegion }),
  };
  if (type === 'Gateway')
    return {
      ...base,
      RouteTableIds: (endpoint.tables ?? ['app']).map((table) => id('rtb', table)),
      SubnetIds: [],
      Groups: [],
      PrivateDnsEnabled: false,
      NetworkInterfaceIds: [],
      DnsEntries: [],
      IpAddressType: 'ipv4',
    };
  return {
    ...base,
    RouteTableIds: [],
    SubnetIds: subnetNames(endpoint).map((subnet) => id('subnet', subnet)),
    Groups: (endpoint.groups ?? ['vpce']).map((group) => ({ GroupId: id('sg', group), GroupName: group })),
    PrivateDnsEnabled: privateDns,
    IpAddressType: endpoint.ipAddressType ?? 'ipv4',
    DnsOptions: {
      DnsRecordIpType: 'ipv4',
      ...(endpoint.inboundOnly === true && { PrivateDnsOnlyForInboundResolverEndpoint: true }),
    },
    NetworkInterfaceIds: subnetNames(endpoint).map((subnet) => id('eni', `${name} ${subnet} ${index}`)),
    DnsEntries: [
      `${own}-q1w2e3r4.${end}`,
      ...zones.map((zone) => `${own}-q1w2e3r4-${zone}.${end}`),
      ...(privateDns ? privateNames(endpoint, network) : []),
    ].map((DnsName) => ({ DnsName, HostedZoneId: 'Z38GZ743OKFT7T' })),
  };
}

export function endpointInterfaces(endpoint: Endpoint, index: number, network: Network): unknown[] {
  return subnetNames(endpoint).map((name) => {
    const subnet = subnetsOf(network)[name] ?? { cidr: '192.0.2.0/24', zone: 'a' };
    const address = endpointAddress(endpoint, index, subnet);
    return {
      NetworkInterfaceId: id('eni', `${endpoint.name} ${name} ${index}`),
      InterfaceType: 'vpc_endpoint',
      Description: `VPC Endpoint Interface ${id('vpce', endpoint.name)}`,
      VpcId: id('vpc', endpoint.vpc ?? 'main'),
      SubnetId: id('subnet', name),
      AvailabilityZone: `${network.region ?? REGION}${subnet.zone}`,
      OwnerId: ACCOUNT,
      RequesterManaged: true,
      SourceDestCheck: true,
      Status: 'in-use',
      PrivateIpAddress: address,
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: address }],
      Groups: (endpoint.groups ?? ['vpce']).map((group) => ({ GroupId: id('sg', group), GroupName: group })),
    };
  });
}
