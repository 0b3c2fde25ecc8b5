/**
 * A network in a few lines, printed as the documents of the AWS CLI: what differs from a plain private VPC with an open network
 * ACL and an endpoint’s group that admits the VPC is all that a case has to say. Independent of the lab and of `src/`.
 */
import { describeEndpoint, endpointInterfaces } from './endpoints.ts';
import { ACCOUNT, entry, id, LISTS, permission, route } from './rules.ts';

/** Subnets, tables, groups and the like belong to the VPC `main` unless they say otherwise. */
export type Subnet = {
  readonly vpc?: string;
  readonly cidr: string;
  readonly zone: string;
  /** the main table where none is named */
  readonly table?: string;
  readonly acl?: string;
  readonly owner?: string;
  readonly ipv6?: string;
  readonly dns64?: boolean;
};
export type Endpoint = {
  readonly name: string;
  /** `secretsmanager`, or a whole service name */
  readonly service: string;
  readonly type?: 'Interface' | 'Gateway';
  readonly vpc?: string;
  readonly subnets?: readonly string[];
  readonly groups?: readonly string[];
  readonly tables?: readonly string[];
  readonly privateDns?: boolean;
  /** private names, where the service’s are not `<service>.<region>.amazonaws.com` */
  readonly names?: readonly string[];
  readonly state?: string;
  /** last part of its interfaces’ addresses */
  readonly at?: number;
  readonly ipAddressType?: string;
  readonly inboundOnly?: boolean;
  readonly serviceRegion?: string;
  readonly policy?: unknown;
};
export type Network = {
  readonly region?: string;
  readonly vpcs?: Readonly<
    Record<string, { readonly cidrs: readonly string[]; readonly owner?: string; readonly ipv6?: string }>
  >;
  readonly dnsSupport?: boolean;
  readonly dnsHostnames?: boolean;
  /** of the DHCP options */
  readonly nameServers?: readonly string[];
  readonly subnets?: Readonly<Record<string, Subnet>>;
  /** `0.0.0.0/0 nat:one`, `pl:s3 vpce:s3`, `10.0.0.0/8 tgw:hub blackhole`; the local routes are added */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  readonly tableVpcs?: Readonly<Record<string, string>>;
  /** `100 in allow tcp 443 10.0.0.0/8`, `100 out allow all 0.0.0.0/0`; the last rule, which denies, is added */
  readonly acls?: Readonly<Record<string, readonly string[]>>;
  /** `in tcp 443 10.0.0.0/8`, `in tcp 443 sg:app`, `out tcp 443 pl:s3`; everything goes out where no rule says out */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly groupVpcs?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly Endpoint[];
  readonly nats?: Readonly<Record<string, string>>;
  readonly peerings?: Readonly<
    Record<string, { readonly to: string; readonly status: string; readonly region?: string }>
  >;
  readonly client?: Client;
  /** further documents, as they are */
  readonly more?: readonly unknown[];
  /** top-level keys that nobody could read */
  readonly without?: readonly string[];
};
export type Client = {
  readonly subnet?: string;
  readonly address?: string;
  readonly ipv6?: string;
  readonly publicAddress?: string;
  readonly groups?: readonly string[];
};

export const REGION = 'eu-west-1';
const SUBNETS: Readonly<Record<string, Subnet>> = {
  'app-a': { cidr: '10.40.1.0/24', zone: 'a', table: 'app' },
  'app-b': { cidr: '10.40.2.0/24', zone: 'b', table: 'app' },
  'ep-a': { cidr: '10.40.11.0/24', zone: 'a', table: 'ep' },
  'ep-b': { cidr: '10.40.12.0/24', zone: 'b', table: 'ep' },
  public: { cidr: '10.40.100.0/24', zone: 'a', table: 'public' },
};

export function clientOf(network: Network): Required<Omit<Client, 'ipv6' | 'publicAddress'>> & Client {
  return { subnet: 'app-a', address: '10.40.1.37', groups: ['app'], ...network.client };
}

export function subnetsOf(network: Network): Readonly<Record<string, Subnet>> {
  return { ...SUBNETS, ...network.subnets };
}

export function cidrsOf(network: Network, vpc = 'main'): readonly string[] {
  return network.vpcs?.[vpc]?.cidrs ?? ['10.40.0.0/16'];
}

/** The documents, in the shapes of the AWS CLI. */
export function documents(network: Network): unknown[] {
  const vpcs: NonNullable<Network['vpcs']> = { main: { cidrs: cidrsOf(network) }, ...network.vpcs };
  const subnets = subnetsOf(network);
  const tables = { main: [], app: [], ep: [], public: ['0.0.0.0/0 igw:one'], ...network.tables };
  const acls = { open: ['100 in allow all 0.0.0.0/0', '100 out allow all 0.0.0.0/0'], ...network.acls };
  const groups = { app: [], vpce: ['in tcp 443 10.40.0.0/16'], ...network.groups };
  const targets = Object.values(tables)
    .flat()
    .map((route) => route.split(' ')[1] ?? '');
  const named = (kind: string) => [
    ...new Set(targets.filter((t) => t.startsWith(`${kind}:`)).map((t) => t.slice(kind.length + 1))),
  ];
  const whole: Record<string, unknown> = {
    Vpcs: Object.entries(vpcs).map(([name, { cidrs, owner, ipv6 }]) => ({
      VpcId: id('vpc', name),
      OwnerId: owner ?? ACCOUNT,
      State: 'available',
      IsDefault: false,
      CidrBlock: cidrs[0],
      DhcpOptionsId: id('dopt', 'one'),
      CidrBlockAssociationSet: cidrs.map((CidrBlock) => ({ CidrBlock, CidrBlockState: { State: 'associated' } })),
      ...(ipv6 !== undefined && {
        Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: ipv6, Ipv6CidrBlockState: { State: 'associated' } }],
      }),
    })),
    Subnets: Object.entries(subnets).map(([name, subnet]) => ({
      SubnetId: id('subnet', name),
      VpcId: id('vpc', subnet.vpc ?? 'main'),
      OwnerId: subnet.owner ?? ACCOUNT,
      State: 'available',
      CidrBlock: subnet.cidr,
      AvailabilityZone: `${network.region ?? REGION}${subnet.zone}`,
      AvailabilityZoneId: `euw1-az${' bca'.indexOf(subnet.zone)}`,
      EnableDns64: subnet.dns64 ?? false,
      Ipv6Native: false,
      Ipv6CidrBlockAssociationSet:
        subnet.ipv6 === undefined ? [] : [{ Ipv6CidrBlock: subnet.ipv6, Ipv6CidrBlockState: { State: 'associated' } }],
    })),
    RouteTables: Object.entries(tables).map(([name, routes]) => {
      const vpc = network.tableVpcs?.[name] ?? 'main';
      const block = vpcs[vpc];
      return {
        RouteTableId: id('rtb', name),
        VpcId: id('vpc', vpc),
        OwnerId: ACCOUNT,
        Associations: [
          ...(name === 'main' || name === `${vpc}-main`
            ? [{ Main: true, RouteTableId: id('rtb', name), AssociationState: { State: 'associated' } }]
            : []),
          ...Object.entries(subnets).flatMap(([subnet, { table }]) =>
            table === name && name !== 'main'
              ? [
                  {
                    Main: false,
                    RouteTableId: id('rtb', name),
                    SubnetId: id('subnet', subnet),
                    AssociationState: { State: 'associated' },
                  },
                ]
              : [],
          ),
        ],
        Routes: [
          ...(block?.cidrs ?? []).map((cidr) => ({
            DestinationCidrBlock: cidr,
            GatewayId: 'local',
            Origin: 'CreateRouteTable',
            State: 'active',
          })),
          ...(block?.ipv6 === undefined
            ? []
            : [
                {
                  DestinationIpv6CidrBlock: block.ipv6,
                  GatewayId: 'local',
                  Origin: 'CreateRouteTable',
                  State: 'active',
                },
              ]),
          ...routes.map(route),
        ],
      };
    }),
    NetworkAcls: Object.entries(acls).map(([name, rules]) => ({
      NetworkAclId: id('acl', name),
      VpcId: id('vpc', 'main'),
      OwnerId: ACCOUNT,
      IsDefault: name === 'open',
      Associations: Object.entries(subnets)
        .filter(([, { acl = 'open' }]) => acl === name)
        .map(([subnet]) => ({ NetworkAclId: id('acl', name), SubnetId: id('subnet', subnet) })),
      Entries: [
        ...rules.map(entry),
        ...[true, false].map((Egress) => ({
          Egress,
          RuleNumber: 32767,
          RuleAction: 'deny',
          Protocol: '-1',
          CidrBlock: '0.0.0.0/0',
        })),
      ],
    })),
    SecurityGroups: Object.entries(groups).map(([name, rules]) => ({
      GroupId: id('sg', name),
      GroupName: name,
      Description: name,
      VpcId: id('vpc', network.groupVpcs?.[name] ?? 'main'),
      OwnerId: ACCOUNT,
      IpPermissions: rules.filter((rule) => rule.startsWith('in ')).map((rule) => permission(rule, network.groupVpcs)),
      IpPermissionsEgress: (rules.some((rule) => rule.startsWith('out'))
        ? rules.filter((rule) => rule.startsWith('out ') && rule !== 'out nothing')
        : ['out all 0.0.0.0/0']
      ).map((rule) => permission(rule, network.groupVpcs)),
    })),
    NetworkInterfaces: [
      clientInterface(network),
      ...(network.endpoints ?? []).flatMap((e, n) => endpointInterfaces(e, n, network)),
    ],
    VpcEndpoints: (network.endpoints ?? []).map((endpoint, index) => describeEndpoint(endpoint, index, network)),
    DhcpOptions: [
      {
        DhcpOptionsId: id('dopt', 'one'),
        OwnerId: ACCOUNT,
        DhcpConfigurations: [
          { Key: 'domain-name', Values: [{ Value: `${network.region ?? REGION}.compute.internal` }] },
          {
            Key: 'domain-name-servers',
            Values: (network.nameServers ?? ['AmazonProvidedDNS']).map((Value) => ({ Value })),
          },
        ],
      },
    ],
    PrefixLists: Object.entries(LISTS).map(([service, { id: PrefixListId, cidrs }]) => ({
      PrefixListId,
      PrefixListName: `com.amazonaws.${network.region ?? REGION}.${service}`,
      Cidrs: cidrs,
    })),
    NatGateways: named('nat').map((name) => ({
      NatGatewayId: id('nat', name),
      VpcId: id('vpc', 'main'),
      SubnetId: id('subnet', 'public'),
      ConnectivityType: 'public',
      State: network.nats?.[name] ?? 'available',
      NatGatewayAddresses: [
        { PrivateIp: '10.40.100.9', PublicIp: '198.51.100.9', Status: 'succeeded', IsPrimary: true },
      ],
    })),
    InternetGateways: [
      {
        InternetGatewayId: id('igw', 'one'),
        OwnerId: ACCOUNT,
        Attachments: [{ State: 'available', VpcId: id('vpc', 'main') }],
      },
    ],
    EgressOnlyInternetGateways: named('eigw').map((name) => ({
      EgressOnlyInternetGatewayId: id('eigw', name),
      Attachments: [{ State: 'attached', VpcId: id('vpc', 'main') }],
    })),
    VpcPeeringConnections: Object.entries(network.peerings ?? {}).map(([name, { to, status, region }]) => ({
      VpcPeeringConnectionId: id('pcx', name),
      Status: { Code: status, Message: status },
      RequesterVpcInfo: {
        VpcId: id('vpc', 'main'),
        OwnerId: ACCOUNT,
        CidrBlock: cidrsOf(network)[0],
        Region: network.region ?? REGION,
      },
      AccepterVpcInfo: {
        VpcId: id('vpc', to),
        OwnerId: vpcs[to]?.owner ?? ACCOUNT,
        CidrBlock: vpcs[to]?.cidrs[0],
        Region: region ?? network.region ?? REGION,
      },
    })),
    TransitGatewayVpcAttachments: [],
    TransitGatewayAttachments: [],
  };
  // Documents of one kind are joined; only what the plain network says of transit gateways, nothing, gives way.
  const given = new Set(
    (network.more ?? [])
      .flatMap((document) => Object.keys(document as object))
      .filter((key) => key.startsWith('Transit')),
  );
  const kept = Object.entries(whole).filter(([key]) => !given.has(key) && !(network.without ?? []).includes(key));
  return [
    Object.fromEntries(kept),
    ...(network.without?.includes('VpcAttributes')
      ? []
      : [
          {
            VpcId: id('vpc', 'main'),
            EnableDnsSupport: { Value: network.dnsSupport ?? true },
            EnableDnsHostnames: { Value: network.dnsHostnames ?? true },
          },
        ]),
    ...(network.more ?? []),
  ];
}

function clientInterface(network: Network): unknown {
  const client = clientOf(network);
  const association =
    client.publicAddress === undefined ? {} : { Association: { PublicIp: client.publicAddress, IpOwnerId: 'amazon' } };
  return {
    NetworkInterfaceId: id('eni', 'client'),
    InterfaceType: 'interface',
    Description: '',
    VpcId: id('vpc', subnetsOf(network)[client.subnet]?.vpc ?? 'main'),
    SubnetId: id('subnet', client.subnet),
    AvailabilityZone: `${network.region ?? REGION}${subnetsOf(network)[client.subnet]?.zone}`,
    OwnerId: ACCOUNT,
    RequesterManaged: false,
    SourceDestCheck: true,
    Status: 'in-use',
    PrivateIpAddress: client.address,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: client.address, ...association }],
    ...association,
    Ipv6Addresses: client.ipv6 === undefined ? [] : [{ Ipv6Address: client.ipv6 }],
    Groups: client.groups.map((group) => ({ GroupId: id('sg', group), GroupName: group })),
    Attachment: { DeviceIndex: 0, InstanceId: id('i', 'client'), InstanceOwnerId: ACCOUNT, Status: 'attached' },
  };
}
