/** Every AWS API call that any mode of this tool makes, and the least IAM policy that allows them. */
import { SIGNED_ACTIONS } from '../services/signed-reads.ts';

export type ApiCall = {
  readonly service:
    | 'ec2'
    | 'sts'
    | 'route53'
    | 'route53resolver'
    | 's3'
    | 'kms'
    | 'sqs'
    | 'sns'
    | 'secretsmanager'
    | 'apigateway';
  /** the resource type that IAM can narrow the action to; `none`: only `"Resource": "*"` allows it; `named`: the one that a run is about */
  readonly resourceLevel: 'none' | 'vpc' | 'prefix-list' | 'transit-gateway-route-table' | 'hosted-zone' | 'named';
  /** false: every caller may make it, and no policy needs to say so */
  readonly permissionNeeded: boolean;
  /** made only where a request is signed or a refusal is known: `--signed`, `--error` */
  readonly onlyForAccess?: true;
  /** the IAM action, where it is not named after the call */
  readonly action?: string;
  /** what its answer is needed for */
  readonly why: string;
};

/** The Resolver's lists: most can be narrowed to one rule group or domain list, whose ids nobody knows beforehand. */
const resolverListing = { service: 'route53resolver', resourceLevel: 'none', permissionNeeded: true } as const;
const policy = { resourceLevel: 'named', permissionNeeded: true, onlyForAccess: true } as const;
const listing = { service: 'ec2', resourceLevel: 'none', permissionNeeded: true } as const;

/**
 * By API name, in the order of the report's coverage. Resource levels: facts.md 1.6, after
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, …/list_amazonroute53.html and
 * …/list_amazonroute53resolver.html.
 */
export const CALLS = {
  DescribeVpcEndpoints: {
    ...listing,
    why: 'which endpoints exist in any VPC, in what state, with which names and groups',
  },
  DescribeNetworkInterfaces: { ...listing, why: 'addresses and groups of the endpoints’ interfaces and of the client' },
  DescribeSecurityGroups: { ...listing, why: 'whether the rules of client and endpoint admit the traffic' },
  DescribeNetworkAcls: { ...listing, why: 'whether the subnets’ network ACLs admit it, both ways' },
  DescribeRouteTables: { ...listing, why: 'where the client’s subnet sends it, and the way back' },
  DescribeSubnets: { ...listing, why: 'the zone of an interface, and who owns its subnet' },
  DescribeVpcs: { ...listing, why: 'the VPC’s CIDR blocks, and with them its resolver’s address' },
  DescribeVpcAttribute: { ...listing, resourceLevel: 'vpc', why: 'whether DNS support and DNS host names are on' },
  DescribeDhcpOptions: { ...listing, why: 'which resolvers the VPC hands out' },
  DescribePrefixLists: { ...listing, why: 'the addresses behind gateway endpoints' },
  GetManagedPrefixListEntries: {
    ...listing,
    resourceLevel: 'prefix-list',
    why: 'the addresses behind other prefix lists that rules and routes name',
  },
  DescribeNatGateways: { ...listing, why: 'whether there is a working way out past the endpoint' },
  DescribeInternetGateways: { ...listing, why: 'whether there is a working way out past the endpoint' },
  DescribeEgressOnlyInternetGateways: { ...listing, why: 'whether there is a working way out over IPv6' },
  DescribeVpcPeeringConnections: { ...listing, why: 'whether an endpoint in a peered VPC can be reached' },
  DescribeTransitGatewayVpcAttachments: {
    ...listing,
    why: 'whether an endpoint behind a transit gateway can be reached',
  },
  DescribeTransitGatewayAttachments: { ...listing, why: 'which transit gateway route table each attachment asks' },
  SearchTransitGatewayRoutes: {
    ...listing,
    resourceLevel: 'transit-gateway-route-table',
    why: 'whether the transit gateway leads on to the endpoint’s VPC, and back',
  },
  DescribeVpcEndpointServices: { ...listing, why: 'the private names and the zones that a service offers' },
  DescribeInstances: { ...listing, why: 'which network interfaces `--from i-…` has' },
  ListHostedZonesByVPC: {
    service: 'route53',
    resourceLevel: 'none',
    permissionNeeded: true,
    why: 'which private hosted zones own a name in this VPC',
  },
  ListResourceRecordSets: {
    service: 'route53',
    resourceLevel: 'hosted-zone',
    permissionNeeded: true,
    why: 'where such a zone leads the name, or that it has no record for it',
  },
  ListResolverRules: { ...resolverListing, why: 'whether a rule sends the name to another resolver' },
  ListResolverRuleAssociations: { ...resolverListing, why: 'which of these rules hold in this VPC' },
  ListFirewallRuleGroupAssociations: { ...resolverListing, why: 'whether DNS Firewall watches this VPC' },
  ListFirewallRules: { ...resolverListing, why: 'what DNS Firewall allows and blocks' },
  ListFirewallDomains: { ...resolverListing, why: 'whether the name is on a list that DNS Firewall blocks' },
  GetFirewallConfig: { ...resolverListing, why: 'whether DNS Firewall fails open' },
  GetBucketPolicy: {
    ...policy,
    service: 's3',
    why: 'whether the policy of the bucket in question lets the request in',
  },
  GetKeyPolicy: { ...policy, service: 'kms', why: 'the same for a key' },
  GetQueueAttributes: { ...policy, service: 'sqs', why: 'the same for a queue' },
  GetTopicAttributes: { ...policy, service: 'sns', why: 'the same for a topic' },
  GetResourcePolicy: { ...policy, service: 'secretsmanager', why: 'the same for a secret' },
  // API Gateway's actions are the methods of HTTP.
  GetRestApi: { ...policy, service: 'apigateway', action: 'apigateway:GET', why: 'the same for an API' },
  GetCallerIdentity: {
    service: 'sts',
    resourceLevel: 'none',
    // Even an explicit deny does not stop it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    permissionNeeded: false,
    why: 'whose account this is, so that shared subnets are recognised, and who asks',
  },
} as const satisfies Record<string, ApiCall>;

export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as readonly CallName[];

/** What IAM calls it: `ec2:DescribeVpcs`. */
export function actionOf(name: CallName): string {
  const { service, action }: ApiCall = CALLS[name];
  return action ?? `${service}:${name}`;
}

export type IamPolicy = {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Sid: string;
    readonly Effect: 'Allow';
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
  }[];
};

/**
 * The least policy that a full run needs. Only a few of its actions can be narrowed to resources at all; they have a
 * statement of their own, with patterns for every VPC, prefix list, transit gateway route table and hosted zone in any partition, Region and account (AWS's own
 * prefix lists belong to the account `aws`), so that narrowing is an edit of one line. `sts:GetCallerIdentity` is made
 * too, but needs no permission.
 *
 * With `signed` what `--signed` asks beside it: the read calls themselves, without which the identity's own policy is all that
 * they can tell of, and the policies of the resources that a run names.
 */
export function leastPolicy({ signed = false }: { readonly signed?: boolean } = {}): IamPolicy {
  const actions = (level: 'none' | 'narrowed') =>
    CALL_NAMES.filter((name) => CALLS[name].permissionNeeded && !isOnlyForAccess(name))
      .filter((name) => (CALLS[name].resourceLevel === 'none') === (level === 'none'))
      .map(actionOf)
      .sort();
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'VpceDoctorLooks', Effect: 'Allow', Action: actions('none'), Resource: '*' },
      {
        Sid: 'VpceDoctorLooksAtOne',
        Effect: 'Allow',
        Action: actions('narrowed'),
        Resource: [
          'arn:*:ec2:*:*:vpc/*',
          'arn:*:ec2:*:*:prefix-list/*',
          'arn:*:ec2:*:*:transit-gateway-route-table/*',
          'arn:*:route53:::hostedzone/*',
        ],
      },
      ...(signed ? signedStatements() : []),
    ],
  };
}

function signedStatements(): IamPolicy['Statement'] {
  const free = CALL_NAMES.filter((name) => !CALLS[name].permissionNeeded).map(actionOf);
  const inBuckets = ['s3:ListBucket'];
  return [
    {
      Sid: 'VpceDoctorAsks',
      Effect: 'Allow',
      Action: SIGNED_ACTIONS.filter((action) => !free.includes(action) && !inBuckets.includes(action)),
      Resource: '*',
    },
    { Sid: 'VpceDoctorAsksBuckets', Effect: 'Allow', Action: inBuckets, Resource: 'arn:*:s3:::*' },
    {
      Sid: 'VpceDoctorReadsPolicies',
      Effect: 'Allow',
      Action: CALL_NAMES.filter(isOnlyForAccess).map(actionOf).sort(),
      Resource: [
        'arn:*:apigateway:*::/restapis/*',
        'arn:*:kms:*:*:key/*',
        'arn:*:s3:::*',
        'arn:*:secretsmanager:*:*:secret:*',
        'arn:*:sns:*:*:*',
        'arn:*:sqs:*:*:*',
      ],
    },
  ];
}

function isOnlyForAccess(name: CallName): boolean {
  const call: ApiCall = CALLS[name];
  return call.onlyForAccess === true;
}
