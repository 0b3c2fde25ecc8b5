/**
 * A world that the lab can play: the API's description of a VPC, and the few things about reality that the API does not
 * describe (what public DNS says, who answers at an address with which certificate, the client's own files). Everything
 * else follows from the description: which names the VPC resolver answers, which packets arrive. A cause's `inject`
 * breaks a healthy world by editing it in place.
 */
import type { SliceElement, SliceName } from '../model/state.ts';
import type { EphemeralPorts } from '../model/vantage.ts';
import { awsEndpointServices } from './world-services.ts';

export type WorldApi = { [N in SliceName]: SliceElement<N>[] };

export type DnsRecords = {
  A?: string[];
  AAAA?: string[];
  CNAME?: string;
};

/** A resolver that is not the VPC's, at its own address. */
export type WorldResolver = {
  /** `public`: knows public DNS only; `forward`: asks the VPC resolver; `silent`: never answers; others: that response code */
  behaviour: 'public' | 'forward' | 'silent' | 'closed' | 'refused' | 'servfail' | 'nxdomain';
  /** names that this resolver answers from its own data, before anything else (a cache, a local zone) */
  records: Record<string, DnsRecords>;
  /** says SERVFAIL to every n-th question */
  failsEvery?: number;
};

/**
 * A private zone of the client's VPC that the API does not list (a Route 53 Profile's): it owns every name below `name`. Zones
 * that it lists are `api.hostedZones` and `api.resourceRecordSets`; `addPrivateZone` writes them.
 */
export type WorldZone = { name: string; records: Record<string, DnsRecords> };

/** Something that listens on an address outside the VPC: an AWS service's public side, or any other host. */
export type WorldServer = {
  /** names on its certificate */
  certificateNames: string[];
  /** ports that accept connections */
  ports: number[];
};

/** An HTTP proxy at an address of its own, which every packet of the client reaches. */
export type WorldProxy = {
  port: number;
  /** `connects`: to what public DNS says of the host, by a way out of its own */
  behaviour: 'connects' | 'denies' | 'wants-credentials' | 'not-a-proxy';
  /** whether it speaks TLS itself */
  tls?: boolean;
};

/** A network of the client's own machine, as of a container bridge: its addresses never leave the machine. */
export type WorldLocalNetwork = { device: string; cidr: string; address: string };

/** What stands between the client and an address, and what it does to connections. Sizes are bytes of one write. */
export type WorldMiddlebox = {
  /** TLS hellos longer than this are dropped; everything else passes */
  dropsHellosAbove?: number;
  /** hellos that hold one of these names are dropped */
  dropsServerNames?: string[];
  /** connections open, and then nothing passes */
  dropsEverything?: boolean;
  /** what the client or the server sends in more bytes than this is lost, as full-size segments are on a path with a small MTU */
  losesClientFlightsAbove?: number;
  losesServerFlightsAbove?: number;
  /** every n-th connection to the address gets no answer */
  losesEveryConnection?: number;
};

/** What is odd about a certificate; by default Amazon's authority signed it a day ago for ninety days. */
export type WorldCertificate = {
  /** `itself`: self-signed; `private`: by an authority of the service's owner, which the client does not have */
  signedBy?: 'amazon' | 'itself' | 'private';
  /** days from now; negative ones are past */
  validFromDays?: number;
  validToDays?: number;
};

/** A middlebox that ends every TLS connection and presents a certificate of its own for the name that was asked. */
export type WorldTlsInspection = {
  /** the name of its authority */
  organization: string;
  commonName: string;
  /** whether the client was given the authority's root */
  rootInstalled: boolean;
  /** `block-page`: it answers itself, and says no */
  answers: 'relayed' | 'block-page';
};

export type World = {
  region: string;
  accountId: string;
  api: WorldApi;
  /** whether the services accept the client's credentials; `good` unless said. Without any: `client.withoutCredentials` */
  credentials?: 'good' | 'expired' | 'unknown';
  /** the caller's own policies, as objects; full access when absent */
  identityPolicies?: object[];
  /**
   * The organization that the account is in. Service control policies as attached: where none of them allows, nothing is
   * allowed, so FullAWSAccess has to be among them. RCPFullAWSAccess is always attached, and need not be.
   */
  organization?: { serviceControlPolicies?: object[]; resourceControlPolicies?: object[] };
  /** other accounts' buckets: the account by the bucket's name. AWS's own public ones are known; any other is the caller's */
  bucketAccounts?: Record<string, string>;
  /** IAM actions that the API refuses, and how */
  refusals: Record<string, 'denied' | 'throttled' | 'unreachable'>;
  client: {
    /** the network interface that the run stands on; the metadata service tells its ids */
    networkInterfaceId: string;
    /** `ec2`: IMDSv2 answers; `none`: refused; `silent`: no answer; `forbidden`: 403, as when it is switched off */
    metadata: 'ec2' | 'none' | 'silent' | 'forbidden';
    /** true: no credentials in the environment, so that no API call can be signed */
    withoutCredentials?: boolean;
    /** true: the run is in a container on the instance */
    container?: boolean;
    /** networks of the machine itself */
    localNetworks?: WorldLocalNetwork[];
    /** CIDR blocks to which the machine's own firewall lets nothing out (EPERM) */
    forbidden?: string[];
    /** nameservers for resolv.conf; the VPC resolver's address (VPC base plus two) unless broken */
    nameservers: string[];
    searchDomains: string[];
    /** lines of the hosts file */
    hosts: string[];
    env: Record<string, string>;
    ephemeralPorts: EphemeralPorts;
    /** this machine's clock minus the true time, in milliseconds: everybody else's dates are that much off for it */
    clockAheadMs?: number;
    /** the roots in the system's bundle, for the run and for applications alike: Amazon's too, another authority's only, or no file */
    trustStore?: 'complete' | 'without-amazon' | 'no-file';
    /** further files by path; undefined for one that is not there */
    files?: Record<string, string | undefined>;
  };
  /** what public DNS says; a name that is not here is NXDOMAIN */
  publicDns: Record<string, DnsRecords>;
  privateZones: WorldZone[];
  /** answers that the VPC resolver gives from its cache whatever else is true */
  staleAnswers: Record<string, DnsRecords>;
  /** resolvers other than the VPC's, by address */
  resolvers: Record<string, WorldResolver>;
  /** names on the certificate of an endpoint's interfaces, by service name; by default all names of the service */
  endpointCertificateNames: Record<string, string[]>;
  /** what else is odd about the certificates of an endpoint's interfaces, by service name */
  endpointCertificates?: Record<string, WorldCertificate>;
  /** the id of the service whose answers and certificate an endpoint's interfaces give, by service name; its own by default */
  endpointAnswersAs?: Record<string, string>;
  tlsInspection?: WorldTlsInspection;
  /** servers outside the VPC by address; reached only where the routes lead there */
  servers: Record<string, WorldServer>;
  /** proxies by address */
  proxies?: Record<string, WorldProxy>;
  /** by the address behind it */
  middleboxes?: Record<string, WorldMiddlebox>;
};

export const LAB_REGION = 'eu-west-1';
export const LAB_ACCOUNT = '111122223333';

/** Ids of the healthy world, so that causes and tests need not spell them again. */
export const LAB = {
  vpc: 'vpc-10000001',
  clientSubnet: 'subnet-c0000001',
  endpointSubnetA: 'subnet-e0000001',
  endpointSubnetB: 'subnet-e0000002',
  publicSubnet: 'subnet-f0000001',
  instance: 'i-c0000001',
  clientInterface: 'eni-c0000001',
  clientGroup: 'sg-c0000001',
  endpointGroup: 'sg-e0000001',
  clientAcl: 'acl-c0000001',
  endpointAcl: 'acl-e0000001',
  publicAcl: 'acl-f0000001',
  clientRouteTable: 'rtb-c0000001',
  endpointRouteTable: 'rtb-e0000001',
  publicRouteTable: 'rtb-f0000001',
  secretsEndpoint: 'vpce-5ec00001',
  secretsInterfaceA: 'eni-5ec0000a',
  secretsInterfaceB: 'eni-5ec0000b',
  s3Endpoint: 'vpce-53000001',
  s3PrefixList: 'pl-53000001',
  natGateway: 'nat-f0000001',
  internetGateway: 'igw-f0000001',
  secretsHost: `secretsmanager.${LAB_REGION}.amazonaws.com`,
  s3Host: `s3.${LAB_REGION}.amazonaws.com`,
  clientAddress: '10.0.1.23',
  secretsAddressA: '10.0.2.14',
  secretsAddressB: '10.0.3.14',
  resolver: '10.0.0.2',
  publicSecretsAddress: '52.94.10.10',
  publicS3Address: '52.218.4.10',
} as const;

/** The `*` rules that every network ACL ends with (facts.md 1.4: 32767 for IPv4, 32768 for IPv6). */
function aclEntries(
  rules: SliceElement<'networkAcls'>['Entries'],
): NonNullable<SliceElement<'networkAcls'>['Entries']> {
  const last = [true, false].map((Egress) => ({
    RuleNumber: 32767,
    Protocol: '-1',
    RuleAction: 'deny',
    Egress,
    CidrBlock: '0.0.0.0/0',
  }));
  return [...(rules ?? []), ...last];
}

const ALLOW_ALL = [true, false].map((Egress) => ({
  RuleNumber: 100,
  Protocol: '-1',
  RuleAction: 'allow',
  Egress,
  CidrBlock: '0.0.0.0/0',
}));

/**
 * One private subnet with the client, two endpoint subnets in two zones, an interface endpoint for Secrets Manager with
 * private DNS, a gateway endpoint for S3, no way out to the internet. Everything in it works.
 */
export function healthyWorld(): World {
  const subnet = (SubnetId: string, CidrBlock: string, zone: 'a' | 'b') => ({
    SubnetId,
    VpcId: LAB.vpc,
    CidrBlock,
    AvailabilityZone: `${LAB_REGION}${zone}`,
    AvailabilityZoneId: zone === 'a' ? 'euw1-az1' : 'euw1-az2',
    OwnerId: LAB_ACCOUNT,
  });
  const endpointInterface = (NetworkInterfaceId: string, SubnetId: string, zone: 'a' | 'b', address: string) => ({
    NetworkInterfaceId,
    InterfaceType: 'vpc_endpoint',
    VpcId: LAB.vpc,
    SubnetId,
    AvailabilityZone: `${LAB_REGION}${zone}`,
    Description: `VPC Endpoint Interface ${LAB.secretsEndpoint}`,
    OwnerId: LAB_ACCOUNT,
    RequesterManaged: true,
    Status: 'in-use',
    MacAddress: zone === 'a' ? '0a:5e:c0:00:00:0a' : '0a:5e:c0:00:00:0b',
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
    Ipv6Addresses: [],
    Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
  });
  const local = {
    DestinationCidrBlock: '10.0.0.0/16',
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  };
  const acl = (NetworkAclId: string, subnets: string[], IsDefault: boolean) => ({
    NetworkAclId,
    VpcId: LAB.vpc,
    IsDefault,
    Entries: aclEntries(ALLOW_ALL),
    Associations: subnets.map((SubnetId) => ({ SubnetId, NetworkAclId })),
  });
  const routeTable = (
    RouteTableId: string,
    subnets: string[],
    main: boolean,
    routes: SliceElement<'routeTables'>['Routes'],
  ) => ({
    RouteTableId,
    VpcId: LAB.vpc,
    OwnerId: LAB_ACCOUNT,
    Associations: [
      ...(main
        ? [
            {
              Main: true,
              RouteTableAssociationId: `rtbassoc-${RouteTableId}`,
              AssociationState: { State: 'associated' },
            },
          ]
        : []),
      ...subnets.map((SubnetId) => ({
        Main: false,
        SubnetId,
        RouteTableAssociationId: `rtbassoc-${SubnetId}`,
        AssociationState: { State: 'associated' },
      })),
    ],
    Routes: [{ ...local }, ...(routes ?? [])],
  });
  const vpceName = (zone: string) =>
    `${LAB.secretsEndpoint}-a1b2c3d4${zone}.secretsmanager.${LAB_REGION}.vpce.amazonaws.com`;

  return {
    region: LAB_REGION,
    accountId: LAB_ACCOUNT,
    api: {
      callerIdentities: [],
      resourcePolicies: [],
      identityPolicies: [],
      vpcs: [
        {
          VpcId: LAB.vpc,
          CidrBlock: '10.0.0.0/16',
          CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } }],
          DhcpOptionsId: 'dopt-10000001',
          OwnerId: LAB_ACCOUNT,
          IsDefault: false,
        },
      ],
      vpcAttributes: [{ VpcId: LAB.vpc, EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }],
      dhcpOptions: [
        {
          DhcpOptionsId: 'dopt-10000001',
          DhcpConfigurations: [
            { Key: 'domain-name', Values: [{ Value: `${LAB_REGION}.compute.internal` }] },
            { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
          ],
        },
      ],
      subnets: [
        subnet(LAB.clientSubnet, '10.0.1.0/24', 'a'),
        subnet(LAB.endpointSubnetA, '10.0.2.0/24', 'a'),
        subnet(LAB.endpointSubnetB, '10.0.3.0/24', 'b'),
        subnet(LAB.publicSubnet, '10.0.0.0/24', 'a'),
      ],
      networkInterfaces: [
        {
          NetworkInterfaceId: LAB.clientInterface,
          InterfaceType: 'interface',
          VpcId: LAB.vpc,
          SubnetId: LAB.clientSubnet,
          AvailabilityZone: `${LAB_REGION}a`,
          Description: '',
          OwnerId: LAB_ACCOUNT,
          RequesterManaged: false,
          Status: 'in-use',
          MacAddress: '0a:c0:00:00:00:01',
          PrivateIpAddress: LAB.clientAddress,
          PrivateIpAddresses: [{ PrivateIpAddress: LAB.clientAddress, Primary: true }],
          Ipv6Addresses: [],
          Groups: [{ GroupId: LAB.clientGroup, GroupName: 'client' }],
          Attachment: { InstanceId: LAB.instance, DeviceIndex: 0, NetworkCardIndex: 0, Status: 'attached' },
          SourceDestCheck: true,
        },
        endpointInterface(LAB.secretsInterfaceA, LAB.endpointSubnetA, 'a', LAB.secretsAddressA),
        endpointInterface(LAB.secretsInterfaceB, LAB.endpointSubnetB, 'b', LAB.secretsAddressB),
      ],
      securityGroups: [
        {
          GroupId: LAB.clientGroup,
          GroupName: 'client',
          VpcId: LAB.vpc,
          OwnerId: LAB_ACCOUNT,
          IpPermissions: [],
          IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        },
        {
          GroupId: LAB.endpointGroup,
          GroupName: 'endpoints',
          VpcId: LAB.vpc,
          OwnerId: LAB_ACCOUNT,
          IpPermissions: [
            {
              IpProtocol: 'tcp',
              FromPort: 443,
              ToPort: 443,
              UserIdGroupPairs: [{ GroupId: LAB.clientGroup, UserId: LAB_ACCOUNT }],
            },
          ],
          IpPermissionsEgress: [],
        },
      ],
      networkAcls: [
        acl(LAB.clientAcl, [LAB.clientSubnet], false),
        acl(LAB.endpointAcl, [LAB.endpointSubnetA, LAB.endpointSubnetB], false),
        acl(LAB.publicAcl, [LAB.publicSubnet], true),
      ],
      routeTables: [
        routeTable(LAB.clientRouteTable, [LAB.clientSubnet], false, [
          {
            DestinationPrefixListId: LAB.s3PrefixList,
            GatewayId: LAB.s3Endpoint,
            Origin: 'CreateRoute',
            State: 'active',
          },
        ]),
        routeTable(LAB.endpointRouteTable, [LAB.endpointSubnetA, LAB.endpointSubnetB], true, []),
        routeTable(LAB.publicRouteTable, [LAB.publicSubnet], false, []),
      ],
      vpcEndpoints: [
        {
          VpcEndpointId: LAB.secretsEndpoint,
          VpcEndpointType: 'Interface',
          VpcId: LAB.vpc,
          ServiceName: `com.amazonaws.${LAB_REGION}.secretsmanager`,
          State: 'available',
          SubnetIds: [LAB.endpointSubnetA, LAB.endpointSubnetB],
          Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
          IpAddressType: 'ipv4',
          DnsOptions: { DnsRecordIpType: 'ipv4' },
          PrivateDnsEnabled: true,
          RequesterManaged: false,
          NetworkInterfaceIds: [LAB.secretsInterfaceA, LAB.secretsInterfaceB],
          DnsEntries: [
            { DnsName: vpceName(''), HostedZoneId: 'Z38GZ743OKFT7T' },
            { DnsName: vpceName(`-${LAB_REGION}a`), HostedZoneId: 'Z38GZ743OKFT7T' },
            { DnsName: vpceName(`-${LAB_REGION}b`), HostedZoneId: 'Z38GZ743OKFT7T' },
            { DnsName: LAB.secretsHost, HostedZoneId: 'Z0PRIVATE' },
          ],
          OwnerId: LAB_ACCOUNT,
          ServiceRegion: LAB_REGION,
          PolicyDocument:
            '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}',
        },
        {
          VpcEndpointId: LAB.s3Endpoint,
          VpcEndpointType: 'Gateway',
          VpcId: LAB.vpc,
          ServiceName: `com.amazonaws.${LAB_REGION}.s3`,
          State: 'available',
          RouteTableIds: [LAB.clientRouteTable],
          SubnetIds: [],
          Groups: [],
          NetworkInterfaceIds: [],
          DnsEntries: [],
          PrivateDnsEnabled: false,
          RequesterManaged: false,
          OwnerId: LAB_ACCOUNT,
          ServiceRegion: LAB_REGION,
          PolicyDocument:
            '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}',
        },
      ],
      prefixLists: [
        {
          PrefixListId: LAB.s3PrefixList,
          PrefixListName: `com.amazonaws.${LAB_REGION}.s3`,
          Cidrs: ['52.218.0.0/17', '3.5.64.0/21', '18.34.240.0/22'],
        },
      ],
      prefixListEntries: [],
      natGateways: [],
      internetGateways: [],
      egressOnlyInternetGateways: [],
      vpcPeeringConnections: [],
      transitGatewayVpcAttachments: [],
      transitGatewayAttachments: [],
      transitGatewayRoutes: [],
      endpointServices: [
        {
          ServiceName: `com.amazonaws.${LAB_REGION}.secretsmanager`,
          ServiceType: [{ ServiceType: 'Interface' }],
          ServiceRegion: LAB_REGION,
          AvailabilityZoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
          Owner: 'amazon',
          PrivateDnsName: LAB.secretsHost,
          PrivateDnsNames: [{ PrivateDnsName: LAB.secretsHost }],
          VpcEndpointPolicySupported: true,
          AcceptanceRequired: false,
        },
        {
          ServiceName: `com.amazonaws.${LAB_REGION}.s3`,
          ServiceType: [{ ServiceType: 'Gateway' }],
          ServiceRegion: LAB_REGION,
          Owner: 'amazon',
          VpcEndpointPolicySupported: true,
          AcceptanceRequired: false,
        },
        ...awsEndpointServices(LAB_REGION, ['euw1-az1', 'euw1-az2', 'euw1-az3']).filter(
          ({ ServiceName }) => !/\.(?:secretsmanager|s3)$/.test(ServiceName),
        ),
      ],
      instances: [],
      hostedZones: [],
      resourceRecordSets: [],
      resolverRules: [],
      resolverRuleAssociations: [],
      firewallRuleGroupAssociations: [],
      firewallRules: [],
      firewallDomains: [],
      firewallConfigs: [],
    },
    refusals: {},
    client: {
      networkInterfaceId: LAB.clientInterface,
      metadata: 'ec2',
      nameservers: [LAB.resolver],
      searchDomains: [`${LAB_REGION}.compute.internal`],
      hosts: ['127.0.0.1 localhost', '::1 localhost ip6-localhost'],
      env: { AWS_REGION: LAB_REGION },
      ephemeralPorts: { from: 32768, to: 60999, source: 'kernel' },
    },
    publicDns: {
      [LAB.secretsHost]: { A: [LAB.publicSecretsAddress] },
      [LAB.s3Host]: { A: [LAB.publicS3Address] },
      [`*.${LAB.s3Host}`]: { A: [LAB.publicS3Address] },
      [`sts.${LAB_REGION}.amazonaws.com`]: { A: ['52.94.10.20'] },
      'sts.amazonaws.com': { A: ['52.94.10.21'] },
      'example.com': { A: ['198.51.100.10'] },
    },
    privateZones: [],
    staleAnswers: {},
    resolvers: {},
    endpointCertificateNames: {},
    servers: {
      [LAB.publicSecretsAddress]: { certificateNames: [LAB.secretsHost], ports: [443] },
      [LAB.publicS3Address]: { certificateNames: [LAB.s3Host, `*.${LAB.s3Host}`], ports: [443, 80] },
      '52.94.10.20': { certificateNames: [`sts.${LAB_REGION}.amazonaws.com`], ports: [443] },
      '52.94.10.21': { certificateNames: ['sts.amazonaws.com'], ports: [443] },
      '198.51.100.10': { certificateNames: ['example.com'], ports: [443] },
    },
  };
}

/** Adds a NAT gateway in the public subnet and a default route through it for the client: a healthy way out. */
export function addNatGateway(world: World): void {
  world.api.internetGateways.push({
    InternetGatewayId: LAB.internetGateway,
    Attachments: [{ VpcId: LAB.vpc, State: 'available' }],
  });
  world.api.natGateways.push({
    NatGatewayId: LAB.natGateway,
    VpcId: LAB.vpc,
    SubnetId: LAB.publicSubnet,
    State: 'available',
    ConnectivityType: 'public',
  });
  addRoute(world, LAB.publicRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
  addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: LAB.natGateway });
}

/**
 * Adds an interface endpoint beside the healthy one, in its subnets and with its group, private DNS off.
 * @param label what stands before the Region in its own names: `api.ecr` for ecr.api
 * @returns its own Regional name
 */
export function addInterfaceEndpoint(world: World, id: string, suffix: string, label: string): string {
  // The healthy one may be broken or gone by now.
  const healthy = healthyWorld();
  const twin = find(healthy, 'vpcEndpoints', LAB.secretsEndpoint);
  const number = id.slice(-8);
  const NetworkInterfaceIds = (twin.SubnetIds ?? []).map((SubnetId, i) => {
    const model = find(healthy, 'networkInterfaces', twin.NetworkInterfaceIds?.[i] ?? '');
    const NetworkInterfaceId = `eni-${number.slice(0, 7)}${'abcdef'.charAt(i)}`;
    const PrivateIpAddress = `10.0.${i + 2}.${100 + (world.api.vpcEndpoints.length % 100)}`;
    world.api.networkInterfaces.push({
      ...model,
      NetworkInterfaceId,
      SubnetId,
      Description: `VPC Endpoint Interface ${id}`,
      PrivateIpAddress,
      PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
    });
    return NetworkInterfaceId;
  });
  const name = `${id}-a1b2c3d4.${label}.${world.region}.vpce.amazonaws.com`;
  world.api.vpcEndpoints.push({
    ...twin,
    VpcEndpointId: id,
    ServiceName: `com.amazonaws.${world.region}.${suffix}`,
    State: 'available',
    PrivateDnsEnabled: false,
    NetworkInterfaceIds,
    DnsEntries: [{ DnsName: name, HostedZoneId: 'Z38GZ743OKFT7T' }],
  });
  return name;
}

/**
 * Associates a private hosted zone with the client's VPC, with its SOA record as every zone has one.
 * @param records by name: addresses, a CNAME, or the name that an alias record leads to
 * @returns the zone's id
 */
export function addPrivateZone(
  world: World,
  name: string,
  records: Record<string, DnsRecords & { alias?: string }>,
): string {
  const HostedZoneId = `Z0${(world.api.hostedZones.length + 1).toString().padStart(12, '0')}`;
  const ZoneName = `${name}.`;
  world.api.hostedZones.push({ HostedZoneId, Name: ZoneName, Owner: { OwningAccount: world.accountId } });
  const own = (Name: string, Type: string, values: readonly string[]) => ({
    Name: `${Name}.`,
    Type,
    ZoneName,
    TTL: 300,
    ResourceRecords: values.map((Value) => ({ Value })),
  });
  world.api.resourceRecordSets.push(
    own(name, 'SOA', ['ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400']),
  );
  for (const [record, { A, AAAA, CNAME, alias }] of Object.entries(records)) {
    if (A !== undefined) world.api.resourceRecordSets.push(own(record, 'A', A));
    if (AAAA !== undefined) world.api.resourceRecordSets.push(own(record, 'AAAA', AAAA));
    if (CNAME !== undefined) world.api.resourceRecordSets.push(own(record, 'CNAME', [CNAME]));
    if (alias !== undefined)
      world.api.resourceRecordSets.push({
        Name: `${record}.`,
        Type: 'A',
        ZoneName,
        AliasTarget: { HostedZoneId: 'Z38GZ743OKFT7T', DNSName: `${alias}.`, EvaluateTargetHealth: false },
      });
  }
  return HostedZoneId;
}

/** Adds a static, active route unless the route says otherwise. */
export function addRoute(
  world: World,
  routeTableId: string,
  route: NonNullable<SliceElement<'routeTables'>['Routes']>[number],
): void {
  const table = find(world, 'routeTables', routeTableId);
  table.Routes = [...(table.Routes ?? []), { Origin: 'CreateRoute', State: 'active', ...route }];
}

/** The element of a world's description with this id; a world that lacks it is a bug in the caller. */
export function find<
  N extends
    | 'vpcEndpoints'
    | 'routeTables'
    | 'securityGroups'
    | 'networkAcls'
    | 'networkInterfaces'
    | 'subnets'
    | 'vpcs'
    | 'vpcAttributes',
>(world: World, slice: N, id: string): WorldApi[N][number] {
  const list = world.api[slice] as readonly WorldApi[N][number][];
  const element = list.find((candidate) => Object.values(candidate).includes(id));
  if (element === undefined) throw new Error(`the lab's world has no ${id} among its ${slice}`);
  return element;
}
