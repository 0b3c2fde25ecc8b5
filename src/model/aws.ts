/**
 * The parts of the EC2 API's answers that this tool reads, as schemas. Names and nesting are those of the AWS CLI and
 * the SDK, so that a document printed by `aws ec2 describe-…` is accepted as it is. Unknown fields are dropped, unknown
 * enum values are kept as strings (a new endpoint type must not vanish), and every field may be missing.
 */
import * as z from 'zod';

const text = z.string().optional();
const flag = z.boolean().optional();
const number = z.number().optional();

const Tag = z.object({ Key: text, Value: text });
const Tags = z.array(Tag).optional();

export const VpcEndpoint = z.object({
  VpcEndpointId: z.string(),
  VpcEndpointType: text,
  VpcId: text,
  ServiceName: text,
  /** camelCase on the wire (`pendingAcceptance`), PascalCase in the model: compare lower-cased (facts.md 1.1). */
  State: text,
  PolicyDocument: text,
  RouteTableIds: z.array(z.string()).optional(),
  SubnetIds: z.array(z.string()).optional(),
  Groups: z.array(z.object({ GroupId: text, GroupName: text })).optional(),
  IpAddressType: text,
  DnsOptions: z
    .object({
      DnsRecordIpType: text,
      PrivateDnsOnlyForInboundResolverEndpoint: flag,
      PrivateDnsPreference: text,
      PrivateDnsSpecifiedDomains: z.array(z.string()).optional(),
    })
    .optional(),
  /** Samples show `true` on gateway endpoints too: ignore it unless the type is Interface (facts.md 1.1). */
  PrivateDnsEnabled: flag,
  RequesterManaged: flag,
  NetworkInterfaceIds: z.array(z.string()).optional(),
  DnsEntries: z.array(z.object({ DnsName: text, HostedZoneId: text })).optional(),
  OwnerId: text,
  LastError: z.object({ Code: text, Message: text }).optional(),
  FailureReason: text,
  ServiceRegion: text,
  ServiceNetworkArn: text,
  ResourceConfigurationArn: text,
  CreationTimestamp: text,
  Tags,
});
export type VpcEndpoint = z.infer<typeof VpcEndpoint>;

export const NetworkInterface = z.object({
  NetworkInterfaceId: z.string(),
  InterfaceType: text,
  VpcId: text,
  SubnetId: text,
  AvailabilityZone: text,
  Description: text,
  OwnerId: text,
  RequesterId: text,
  RequesterManaged: flag,
  Status: text,
  MacAddress: text,
  PrivateIpAddress: text,
  PrivateIpAddresses: z
    .array(
      z.object({
        PrivateIpAddress: text,
        Primary: flag,
        Association: z.object({ PublicIp: text }).optional(),
      }),
    )
    .optional(),
  Ipv6Addresses: z.array(z.object({ Ipv6Address: text, IsPrimaryIpv6: flag })).optional(),
  Ipv4Prefixes: z.array(z.object({ Ipv4Prefix: text })).optional(),
  Groups: z.array(z.object({ GroupId: text, GroupName: text })).optional(),
  Association: z.object({ PublicIp: text }).optional(),
  Attachment: z.object({ InstanceId: text, DeviceIndex: number, NetworkCardIndex: number, Status: text }).optional(),
  SourceDestCheck: flag,
});
export type NetworkInterface = z.infer<typeof NetworkInterface>;

export const IpPermission = z.object({
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a protocol number as a string. */
  IpProtocol: text,
  FromPort: number,
  ToPort: number,
  UserIdGroupPairs: z
    .array(z.object({ GroupId: text, UserId: text, VpcId: text, VpcPeeringConnectionId: text, PeeringStatus: text }))
    .optional(),
  IpRanges: z.array(z.object({ CidrIp: text })).optional(),
  Ipv6Ranges: z.array(z.object({ CidrIpv6: text })).optional(),
  PrefixListIds: z.array(z.object({ PrefixListId: text })).optional(),
});
export type IpPermission = z.infer<typeof IpPermission>;

export const SecurityGroup = z.object({
  GroupId: z.string(),
  GroupName: text,
  VpcId: text,
  OwnerId: text,
  IpPermissions: z.array(IpPermission).optional(),
  IpPermissionsEgress: z.array(IpPermission).optional(),
});
export type SecurityGroup = z.infer<typeof SecurityGroup>;

export const NetworkAclEntry = z.object({
  RuleNumber: number,
  /** A protocol number as a string; `-1` is every protocol. */
  Protocol: text,
  RuleAction: text,
  Egress: flag,
  CidrBlock: text,
  Ipv6CidrBlock: text,
  PortRange: z.object({ From: number, To: number }).optional(),
});
export type NetworkAclEntry = z.infer<typeof NetworkAclEntry>;

export const NetworkAcl = z.object({
  NetworkAclId: z.string(),
  VpcId: text,
  IsDefault: flag,
  Entries: z.array(NetworkAclEntry).optional(),
  Associations: z.array(z.object({ SubnetId: text, NetworkAclId: text })).optional(),
});
export type NetworkAcl = z.infer<typeof NetworkAcl>;

export const Route = z.object({
  DestinationCidrBlock: text,
  DestinationIpv6CidrBlock: text,
  DestinationPrefixListId: text,
  GatewayId: text,
  NatGatewayId: text,
  TransitGatewayId: text,
  VpcPeeringConnectionId: text,
  NetworkInterfaceId: text,
  InstanceId: text,
  EgressOnlyInternetGatewayId: text,
  LocalGatewayId: text,
  CarrierGatewayId: text,
  CoreNetworkArn: text,
  OdbNetworkArn: text,
  Origin: text,
  State: text,
});
export type Route = z.infer<typeof Route>;

export const RouteTable = z.object({
  RouteTableId: z.string(),
  VpcId: text,
  OwnerId: text,
  Associations: z
    .array(
      z.object({
        Main: flag,
        SubnetId: text,
        GatewayId: text,
        RouteTableAssociationId: text,
        AssociationState: z.object({ State: text }).optional(),
      }),
    )
    .optional(),
  Routes: z.array(Route).optional(),
});
export type RouteTable = z.infer<typeof RouteTable>;

const BlockPublicAccessStates = z.object({ InternetGatewayBlockMode: text }).optional();

export const Subnet = z.object({
  SubnetId: z.string(),
  VpcId: text,
  AvailabilityZone: text,
  AvailabilityZoneId: text,
  CidrBlock: text,
  Ipv6CidrBlockAssociationSet: z
    .array(z.object({ Ipv6CidrBlock: text, Ipv6CidrBlockState: z.object({ State: text }).optional() }))
    .optional(),
  Ipv6Native: flag,
  EnableDns64: flag,
  MapPublicIpOnLaunch: flag,
  OwnerId: text,
  BlockPublicAccessStates,
  Tags,
});
export type Subnet = z.infer<typeof Subnet>;

export const Vpc = z.object({
  VpcId: z.string(),
  /** The primary CIDR: its base plus two is the Amazon resolver's address. */
  CidrBlock: text,
  CidrBlockAssociationSet: z
    .array(z.object({ CidrBlock: text, CidrBlockState: z.object({ State: text }).optional() }))
    .optional(),
  Ipv6CidrBlockAssociationSet: z
    .array(z.object({ Ipv6CidrBlock: text, Ipv6CidrBlockState: z.object({ State: text }).optional() }))
    .optional(),
  DhcpOptionsId: text,
  OwnerId: text,
  IsDefault: flag,
  BlockPublicAccessStates,
});
export type Vpc = z.infer<typeof Vpc>;

/** Two calls per VPC in the API (one attribute each); joined here by VPC. */
export const VpcAttribute = z.object({
  VpcId: z.string(),
  EnableDnsSupport: z.object({ Value: flag }).optional(),
  EnableDnsHostnames: z.object({ Value: flag }).optional(),
});
export type VpcAttribute = z.infer<typeof VpcAttribute>;

export const DhcpOptions = z.object({
  DhcpOptionsId: z.string(),
  DhcpConfigurations: z
    .array(z.object({ Key: text, Values: z.array(z.object({ Value: text })).optional() }))
    .optional(),
});
export type DhcpOptions = z.infer<typeof DhcpOptions>;

/** AWS services' lists, with their CIDRs, from DescribePrefixLists. */
export const PrefixList = z.object({
  PrefixListId: z.string(),
  PrefixListName: text,
  Cidrs: z.array(z.string()).optional(),
});
export type PrefixList = z.infer<typeof PrefixList>;

/** Any list's entries, from GetManagedPrefixListEntries; the answer itself does not say whose they are. */
export const PrefixListEntries = z.object({
  PrefixListId: z.string(),
  Entries: z.array(z.object({ Cidr: text, Description: text })).optional(),
});
export type PrefixListEntries = z.infer<typeof PrefixListEntries>;

export const NatGateway = z.object({
  NatGatewayId: z.string(),
  VpcId: text,
  SubnetId: text,
  State: text,
  ConnectivityType: text,
  AvailabilityMode: text,
  FailureCode: text,
  FailureMessage: text,
  NatGatewayAddresses: z.array(z.object({ PublicIp: text, PrivateIp: text })).optional(),
});
export type NatGateway = z.infer<typeof NatGateway>;

export const InternetGateway = z.object({
  InternetGatewayId: z.string(),
  Attachments: z.array(z.object({ VpcId: text, State: text })).optional(),
});
export type InternetGateway = z.infer<typeof InternetGateway>;

export const EgressOnlyInternetGateway = z.object({
  EgressOnlyInternetGatewayId: z.string(),
  Attachments: z.array(z.object({ VpcId: text, State: text })).optional(),
});
export type EgressOnlyInternetGateway = z.infer<typeof EgressOnlyInternetGateway>;

const PeeringVpcInfo = z.object({
  VpcId: text,
  OwnerId: text,
  Region: text,
  CidrBlock: text,
  CidrBlockSet: z.array(z.object({ CidrBlock: text })).optional(),
  Ipv6CidrBlockSet: z.array(z.object({ Ipv6CidrBlock: text })).optional(),
  PeeringOptions: z.object({ AllowDnsResolutionFromRemoteVpc: flag }).optional(),
});
export const VpcPeeringConnection = z.object({
  VpcPeeringConnectionId: z.string(),
  Status: z.object({ Code: text, Message: text }).optional(),
  AccepterVpcInfo: PeeringVpcInfo.optional(),
  RequesterVpcInfo: PeeringVpcInfo.optional(),
});
export type VpcPeeringConnection = z.infer<typeof VpcPeeringConnection>;

export const TransitGatewayVpcAttachment = z.object({
  TransitGatewayAttachmentId: z.string(),
  TransitGatewayId: text,
  VpcId: text,
  VpcOwnerId: text,
  State: text,
  SubnetIds: z.array(z.string()).optional(),
  Options: z
    .object({ DnsSupport: text, SecurityGroupReferencingSupport: text, Ipv6Support: text, ApplianceModeSupport: text })
    .optional(),
});
export type TransitGatewayVpcAttachment = z.infer<typeof TransitGatewayVpcAttachment>;

/** Every attachment of a transit gateway, with the route table that it asks; the VPC's subnets are in the VPC attachment. */
export const TransitGatewayAttachment = z.object({
  TransitGatewayAttachmentId: z.string(),
  TransitGatewayId: text,
  TransitGatewayOwnerId: text,
  ResourceOwnerId: text,
  ResourceType: text,
  ResourceId: text,
  State: text,
  Association: z
    .object({ TransitGatewayRouteTableId: text, TransitGatewayPolicyTableId: text, State: text })
    .optional(),
});
export type TransitGatewayAttachment = z.infer<typeof TransitGatewayAttachment>;

export const TransitGatewayRoute = z.object({
  DestinationCidrBlock: text,
  PrefixListId: text,
  TransitGatewayAttachments: z
    .array(z.object({ ResourceId: text, TransitGatewayAttachmentId: text, ResourceType: text }))
    .optional(),
  Type: text,
  State: text,
});
export type TransitGatewayRoute = z.infer<typeof TransitGatewayRoute>;

/** One transit gateway route table's routes, from SearchTransitGatewayRoutes; the answer itself does not say whose they are. */
export const TransitGatewayRoutes = z.object({
  TransitGatewayRouteTableId: z.string(),
  Routes: z.array(TransitGatewayRoute).optional(),
  /** true: the search was cut off, and what is not listed may still be there */
  AdditionalRoutesAvailable: flag,
});
export type TransitGatewayRoutes = z.infer<typeof TransitGatewayRoutes>;

export const EndpointService = z.object({
  ServiceName: z.string(),
  ServiceId: text,
  ServiceType: z.array(z.object({ ServiceType: text })).optional(),
  ServiceRegion: text,
  AvailabilityZoneIds: z.array(z.string()).optional(),
  AvailabilityZones: z.array(z.string()).optional(),
  Owner: text,
  BaseEndpointDnsNames: z.array(z.string()).optional(),
  PrivateDnsName: text,
  PrivateDnsNames: z.array(z.object({ PrivateDnsName: text })).optional(),
  PrivateDnsNameVerificationState: text,
  VpcEndpointPolicySupported: flag,
  AcceptanceRequired: flag,
  ManagesVpcEndpoints: flag,
  SupportedIpAddressTypes: z.array(z.string()).optional(),
});
export type EndpointService = z.infer<typeof EndpointService>;

export const Instance = z.object({
  InstanceId: z.string(),
  VpcId: text,
  SubnetId: text,
  PrivateIpAddress: text,
  NetworkInterfaces: z.array(NetworkInterface).optional(),
  MetadataOptions: z
    .object({ State: text, HttpTokens: text, HttpPutResponseHopLimit: number, HttpEndpoint: text })
    .optional(),
});
export type Instance = z.infer<typeof Instance>;

/** A private hosted zone of the VPC, from route53 ListHostedZonesByVPC. Names end in a dot. */
export const HostedZone = z.object({
  HostedZoneId: z.string(),
  Name: text,
  Owner: z.object({ OwningAccount: text, OwningService: text }).optional(),
  /** from route53 get-hosted-zone: the VPCs that the zone is associated with; without it, the VPC that was asked about */
  VPCs: z.array(z.object({ VPCRegion: text, VPCId: text })).optional(),
});
export type HostedZone = z.infer<typeof HostedZone>;

/** One record set of a hosted zone. The API's answer does not say of which zone; a VPC has one zone of a name at most. */
export const ResourceRecordSet = z.object({
  Name: z.string(),
  Type: text,
  /** ours, not the API's: the zone that was asked, or the owner of the SOA record in the same document */
  ZoneName: text,
  SetIdentifier: text,
  TTL: number,
  ResourceRecords: z.array(z.object({ Value: text })).optional(),
  AliasTarget: z.object({ HostedZoneId: text, DNSName: text, EvaluateTargetHealth: flag }).optional(),
});
export type ResourceRecordSet = z.infer<typeof ResourceRecordSet>;

export const ResolverRule = z.object({
  Id: z.string(),
  /** ends in a dot; `.` is every name */
  DomainName: text,
  /** FORWARD, SYSTEM, RECURSIVE, DELEGATE */
  RuleType: text,
  Status: text,
  Name: text,
  OwnerId: text,
  ResolverEndpointId: text,
  TargetIps: z.array(z.object({ Ip: text, Ipv6: text, Port: number, Protocol: text })).optional(),
});
export type ResolverRule = z.infer<typeof ResolverRule>;

export const ResolverRuleAssociation = z.object({
  Id: z.string(),
  ResolverRuleId: text,
  Name: text,
  VPCId: text,
  Status: text,
});
export type ResolverRuleAssociation = z.infer<typeof ResolverRuleAssociation>;

export const FirewallRuleGroupAssociation = z.object({
  Id: z.string(),
  FirewallRuleGroupId: text,
  VpcId: text,
  Name: text,
  /** lower first */
  Priority: number,
  Status: text,
});
export type FirewallRuleGroupAssociation = z.infer<typeof FirewallRuleGroupAssociation>;

export const FirewallRule = z.object({
  FirewallRuleGroupId: z.string(),
  FirewallDomainListId: text,
  FirewallThreatProtectionId: text,
  Name: text,
  /** lower first, inside the group */
  Priority: number,
  /** ALLOW, BLOCK, ALERT */
  Action: text,
  /** NODATA, NXDOMAIN, OVERRIDE */
  BlockResponse: text,
  BlockOverrideDomain: text,
  /** INSPECT_REDIRECTION_DOMAIN (the default) or TRUST_REDIRECTION_DOMAIN */
  FirewallDomainRedirectionAction: text,
  /** a record type; every type when absent */
  Qtype: text,
});
export type FirewallRule = z.infer<typeof FirewallRule>;

/** A domain list's domains, from ListFirewallDomains; the answer itself does not say whose they are. */
export const FirewallDomains = z.object({
  FirewallDomainListId: z.string(),
  Domains: z.array(z.string()).optional(),
});
export type FirewallDomains = z.infer<typeof FirewallDomains>;

/** What DNS Firewall does with queries that it cannot judge, for one VPC. */
export const FirewallConfig = z.object({
  ResourceId: z.string(),
  Id: text,
  /** ENABLED, DISABLED (fails closed: SERVFAIL), USE_LOCAL_RESOURCE_SETTING */
  FirewallFailOpen: text,
});
export type FirewallConfig = z.infer<typeof FirewallConfig>;

/** sts:GetCallerIdentity */
export const CallerIdentity = z.object({ Arn: z.string(), Account: text, UserId: text });
export type CallerIdentity = z.infer<typeof CallerIdentity>;

/** The policy on a resource, as text, by whatever call reads it for this kind of resource. */
export const ResourcePolicy = z.object({
  ResourceArn: z.string(),
  /** absent: the resource has none, or `Refusal` says why it is not known */
  Policy: text,
  /** the IAM action that reads it: `kms:GetKeyPolicy` */
  Action: text,
  /** why it is not known: one of the reasons for which a slice has no value */
  Refusal: text,
});
export type ResourcePolicy = z.infer<typeof ResourcePolicy>;

/** A policy on the caller: of its role or user, or of a group; never read by calls, but taken from documents. */
export const IdentityPolicy = z.object({
  PolicyName: z.string(),
  /** as text */
  PolicyDocument: z.string(),
  RoleName: text,
  UserName: text,
});
export type IdentityPolicy = z.infer<typeof IdentityPolicy>;
