/**
 * What the EC2 API says, as slices. A slice is a value or a refusal: an answer that we were not given is never the same
 * as an empty list (design.md, principle 2). Everything that reads configuration goes through these names, and each
 * cause declares which of them it needs.
 */
import type * as z from 'zod';
import type { SLICE_ELEMENTS } from './slice-elements.ts';

/** Why a slice has no value. */
export type Refusal =
  /** the caller lacks the IAM action */
  | 'denied'
  /** the API asked us to slow down until our attempts were used up */
  | 'throttled'
  /** the API did not answer in time */
  | 'timeout'
  /** no connection to the API could be made */
  | 'unreachable'
  /** there are no (valid) credentials to sign with */
  | 'no-credentials'
  /** the API answered with another error */
  | 'failed'
  /** this run did not ask (`--no-api`, `probe`, or nothing needed it) */
  | 'not-asked'
  /** no `--state` document mentions it */
  | 'not-given';

export type Slice<T> =
  | { readonly known: true; readonly value: readonly T[] }
  | { readonly known: false; readonly why: Refusal; readonly detail?: string | undefined };

type SliceDefinition = {
  /** the IAM action that reads it */
  readonly action: string;
  /** the top-level key under which the AWS CLI prints it */
  readonly documentKey: string;
  /** the field that tells elements apart; pages and repeated files are joined by it */
  readonly id: string;
  /** how the report names it */
  readonly noun: string;
};

/**
 * Every slice, once: collecting, decoding, refusals and the IAM policy are all driven by this table. The schemas of the elements
 * stand in slice-elements.ts: a run that only sends packets need not load them.
 */
export const SLICES = {
  vpcEndpoints: {
    action: 'ec2:DescribeVpcEndpoints',
    documentKey: 'VpcEndpoints',
    id: 'VpcEndpointId',
    noun: 'VPC endpoints',
  },
  networkInterfaces: {
    action: 'ec2:DescribeNetworkInterfaces',
    documentKey: 'NetworkInterfaces',
    id: 'NetworkInterfaceId',
    noun: 'network interfaces',
  },
  securityGroups: {
    action: 'ec2:DescribeSecurityGroups',
    documentKey: 'SecurityGroups',
    id: 'GroupId',
    noun: 'security groups',
  },
  networkAcls: {
    action: 'ec2:DescribeNetworkAcls',
    documentKey: 'NetworkAcls',
    id: 'NetworkAclId',
    noun: 'network ACLs',
  },
  routeTables: {
    action: 'ec2:DescribeRouteTables',
    documentKey: 'RouteTables',
    id: 'RouteTableId',
    noun: 'route tables',
  },
  subnets: {
    action: 'ec2:DescribeSubnets',
    documentKey: 'Subnets',
    id: 'SubnetId',
    noun: 'subnets',
  },
  vpcs: { action: 'ec2:DescribeVpcs', documentKey: 'Vpcs', id: 'VpcId', noun: 'VPCs' },
  vpcAttributes: {
    action: 'ec2:DescribeVpcAttribute',
    documentKey: 'VpcAttributes',
    id: 'VpcId',
    noun: "the VPC's DNS attributes",
  },
  dhcpOptions: {
    action: 'ec2:DescribeDhcpOptions',
    documentKey: 'DhcpOptions',
    id: 'DhcpOptionsId',
    noun: 'DHCP options',
  },
  prefixLists: {
    action: 'ec2:DescribePrefixLists',
    documentKey: 'PrefixLists',
    id: 'PrefixListId',
    noun: "AWS services' prefix lists",
  },
  prefixListEntries: {
    action: 'ec2:GetManagedPrefixListEntries',
    documentKey: 'PrefixListEntries',
    id: 'PrefixListId',
    noun: 'prefix list entries',
  },
  natGateways: {
    action: 'ec2:DescribeNatGateways',
    documentKey: 'NatGateways',
    id: 'NatGatewayId',
    noun: 'NAT gateways',
  },
  internetGateways: {
    action: 'ec2:DescribeInternetGateways',
    documentKey: 'InternetGateways',
    id: 'InternetGatewayId',
    noun: 'internet gateways',
  },
  egressOnlyInternetGateways: {
    action: 'ec2:DescribeEgressOnlyInternetGateways',
    documentKey: 'EgressOnlyInternetGateways',
    id: 'EgressOnlyInternetGatewayId',
    noun: 'egress-only internet gateways',
  },
  vpcPeeringConnections: {
    action: 'ec2:DescribeVpcPeeringConnections',
    documentKey: 'VpcPeeringConnections',
    id: 'VpcPeeringConnectionId',
    noun: 'VPC peering connections',
  },
  transitGatewayVpcAttachments: {
    action: 'ec2:DescribeTransitGatewayVpcAttachments',
    documentKey: 'TransitGatewayVpcAttachments',
    id: 'TransitGatewayAttachmentId',
    noun: 'transit gateway VPC attachments',
  },
  transitGatewayAttachments: {
    action: 'ec2:DescribeTransitGatewayAttachments',
    documentKey: 'TransitGatewayAttachments',
    id: 'TransitGatewayAttachmentId',
    noun: 'transit gateway attachments',
  },
  transitGatewayRoutes: {
    action: 'ec2:SearchTransitGatewayRoutes',
    documentKey: 'TransitGatewayRoutes',
    id: 'TransitGatewayRouteTableId',
    noun: 'transit gateway routes',
  },
  endpointServices: {
    action: 'ec2:DescribeVpcEndpointServices',
    documentKey: 'ServiceDetails',
    id: 'ServiceName',
    noun: 'endpoint services',
  },
  instances: {
    action: 'ec2:DescribeInstances',
    documentKey: 'Instances',
    id: 'InstanceId',
    noun: 'instances',
  },
  hostedZones: {
    action: 'route53:ListHostedZonesByVPC',
    documentKey: 'HostedZoneSummaries',
    id: 'HostedZoneId',
    noun: 'the VPC’s private hosted zones',
  },
  resourceRecordSets: {
    action: 'route53:ListResourceRecordSets',
    documentKey: 'ResourceRecordSets',
    id: 'Name',
    noun: 'records of private hosted zones',
  },
  resolverRules: {
    action: 'route53resolver:ListResolverRules',
    documentKey: 'ResolverRules',
    id: 'Id',
    noun: 'Resolver rules',
  },
  resolverRuleAssociations: {
    action: 'route53resolver:ListResolverRuleAssociations',
    documentKey: 'ResolverRuleAssociations',
    id: 'Id',
    noun: 'Resolver rule associations',
  },
  firewallRuleGroupAssociations: {
    action: 'route53resolver:ListFirewallRuleGroupAssociations',
    documentKey: 'FirewallRuleGroupAssociations',
    id: 'Id',
    noun: 'DNS Firewall associations',
  },
  firewallRules: {
    action: 'route53resolver:ListFirewallRules',
    documentKey: 'FirewallRules',
    id: 'FirewallRuleGroupId',
    noun: 'DNS Firewall rules',
  },
  firewallDomains: {
    action: 'route53resolver:ListFirewallDomains',
    documentKey: 'FirewallDomains',
    id: 'FirewallDomainListId',
    noun: 'DNS Firewall domain lists',
  },
  firewallConfigs: {
    action: 'route53resolver:GetFirewallConfig',
    documentKey: 'FirewallConfigs',
    id: 'ResourceId',
    noun: 'DNS Firewall’s fail-open setting',
  },
  callerIdentities: {
    action: 'sts:GetCallerIdentity',
    documentKey: 'CallerIdentities',
    id: 'Arn',
    noun: 'the caller’s identity',
  },
  resourcePolicies: {
    action: 's3:GetBucketPolicy',
    documentKey: 'ResourcePolicies',
    id: 'ResourceArn',
    noun: 'policies of buckets, keys and other resources',
  },
  identityPolicies: {
    action: 'iam:GetRolePolicy',
    documentKey: 'IdentityPolicies',
    id: 'PolicyName',
    noun: 'the caller’s own policies',
  },
} as const satisfies Record<string, SliceDefinition>;

export type SliceName = keyof typeof SLICES;
export const SLICE_NAMES = Object.keys(SLICES) as readonly SliceName[];

/** Knowledge of Route 53's APIs, which a private subnet often cannot reach: read only where DNS answers call for it. */
export const DNS_SLICE_NAMES = [
  'hostedZones',
  'resourceRecordSets',
  'resolverRules',
  'resolverRuleAssociations',
  'firewallRuleGroupAssociations',
  'firewallRules',
  'firewallDomains',
  'firewallConfigs',
] as const satisfies readonly SliceName[];
export type DnsSliceName = (typeof DNS_SLICE_NAMES)[number];

/** What says who may do what: read only where a request was signed, or a refusal is known. */
export const ACCESS_SLICE_NAMES = [
  'callerIdentities',
  'resourcePolicies',
  'identityPolicies',
] as const satisfies readonly SliceName[];
export type AccessSliceName = (typeof ACCESS_SLICE_NAMES)[number];

export type SliceElement<N extends SliceName> = z.infer<(typeof SLICE_ELEMENTS)[N]>;

/** Every slice by name. `Pick` it to say what a function reads. */
export type State = { readonly [N in SliceName]: Slice<SliceElement<N>> };

/** A state in which nothing is known, for one reason. */
export function unknownState(why: Refusal, detail?: string): State {
  const slice = detail === undefined ? { known: false as const, why } : { known: false as const, why, detail };
  return Object.fromEntries(SLICE_NAMES.map((name) => [name, slice])) as unknown as State;
}

/** The one call that would settle a question, and why we do not have its answer. */
export type Missing = {
  readonly slice: SliceName;
  readonly action: string;
  /** `not-told`: `action` is a condition key of requests, whose value only the user can tell */
  readonly why: Refusal | 'not-visible' | 'not-found' | 'not-told';
  /** what exactly is missing: a resource id, or the reason in words */
  readonly detail?: string | undefined;
};

/** The `Missing` entry for a slice that has no value, or for one resource that a readable slice does not hold. */
export function missing(state: Pick<State, never>, slice: SliceName, detail?: string): Missing {
  const entry = (state as Partial<State>)[slice];
  const why = entry === undefined || entry.known ? 'not-found' : entry.why;
  const words = detail ?? (entry !== undefined && !entry.known ? entry.detail : undefined);
  return words === undefined
    ? { slice, action: SLICES[slice].action, why }
    : { slice, action: SLICES[slice].action, why, detail: words };
}
