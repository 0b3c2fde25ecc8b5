/** A request to a service of a world: the policies in its way, the keys that it carries, and what follows. */
import type { World } from '../world.ts';
import { AWS_ACCOUNT, bucketOwner, LINK_SIGNER } from './buckets.ts';
import { ANONYMOUS, callerIdentity, roleArn, signedCaller } from './caller.ts';
import type { Caller, Document } from './evaluator.ts';
import { documentOf, judge, type Verdict } from './judge.ts';
import type { RouteTaken } from './route-taken.ts';

export type Demand = {
  /** `s3:GetObject` */
  readonly action: string;
  readonly resource: string;
  /** the ARN whose policy is the resource's, where it is another one: the bucket's of an object */
  readonly policyOf?: string | undefined;
  readonly signed: boolean;
  /** a link that a service of AWS has signed, with its own credentials */
  readonly by?: 'service-link' | undefined;
  readonly route: RouteTaken;
  readonly secure: boolean;
  /** the true time, in milliseconds since the epoch */
  readonly now: number;
  readonly userAgent?: string | undefined;
  /** keys of the service's own */
  readonly keys?: Readonly<Record<string, string>> | undefined;
};

export type Authorization = Verdict & {
  /** whether the resource is of the caller's account or organization: S3 tells only them why */
  readonly ours: boolean;
};

/** An organization's id, as the documentation's examples have it. */
export const LAB_ORGANIZATION = 'o-a1b2c3d4e5';

export function authorize(world: World, demand: Demand): Authorization {
  const { action, resource, route, signed } = demand;
  const policyOf = demand.policyOf ?? bucketArn(resource) ?? resource;
  const bucket = /^arn:aws:s3:::(.+)$/.exec(policyOf)?.[1];
  const owner = bucket === undefined ? undefined : bucketOwner(world, bucket);
  const resourceAccount = owner?.account ?? accountIn(resource) ?? world.accountId;
  const ours = resourceAccount === world.accountId;
  const endpoint = endpointPolicy(world, route);
  // "No permissions are required", and no policy of the caller's can forbid it; an endpoint's is the network's, and can
  // (STS/latest/APIReference/API_GetCallerIdentity.html).
  const exempt = action === 'sts:GetCallerIdentity';
  const stored = documentOf(world.api.resourcePolicies.find(({ ResourceArn }) => ResourceArn === policyOf)?.Policy);
  const verdict = judge(
    {
      endpoint,
      ...(exempt
        ? {}
        : {
            serviceControl: documents(world.organization?.serviceControlPolicies),
            resourceControl: ours ? documents(world.organization?.resourceControlPolicies) : undefined,
            resource: stored ?? owner?.policy ?? (resource === '*' || (ours && signed) ? undefined : NOTHING),
            identity: documents(world.identityPolicies),
          }),
    },
    {
      caller: demand.by === 'service-link' ? LINKER : signed ? signedCaller(world) : ANONYMOUS,
      action,
      resource,
      resourceAccount,
      keys: keysOf(world, demand, resourceAccount),
    },
  );
  return { ...verdict, ours: signed && ours };
}

/** Its policies are AWS's own: none of the account's or its organization's are about it. */
const LINKER: Caller = { account: undefined, isRoot: false, service: undefined, arns: [LINK_SIGNER] };

/** Without a policy of its own a resource is nobody's but its account's, which has to sign. */
const NOTHING: Document = { Statement: [] };

function documents(policies: readonly object[] | undefined): Document[] | undefined {
  return policies?.flatMap((policy) => documentOf(policy) ?? []);
}

/** That of the endpoint on the way, where its service supports policies; an endpoint without one allows everything. */
function endpointPolicy(
  world: World,
  route: RouteTaken,
): { readonly document: Document; readonly gateway: boolean } | undefined {
  if (route.kind === 'public') return undefined;
  const { ServiceName, PolicyDocument } = route.endpoint;
  const service = world.api.endpointServices.find((one) => one.ServiceName === ServiceName);
  const document = documentOf(PolicyDocument);
  if (service?.VpcEndpointPolicySupported === false || document === undefined) return undefined;
  return { document, gateway: route.kind === 'gateway' };
}

/**
 * What the request carries (IAM User Guide, reference_policies_condition-keys; facts.md 6.2): through an endpoint its ids and
 * aws:VpcSourceIp, otherwise aws:SourceIp, and never both.
 */
function keysOf(
  world: World,
  { action, route, signed, by, secure, now, userAgent, keys = {} }: Demand,
  resourceAccount: string,
): Map<string, readonly string[]> {
  const ours = resourceAccount === world.accountId;
  const inOrganization = world.organization !== undefined;
  const all: Record<string, string | undefined> = {
    ...(route.kind === 'public'
      ? { 'aws:SourceIp': route.sourceIp }
      : {
          'aws:SourceVpce': route.endpoint.VpcEndpointId,
          'aws:SourceVpc': route.endpoint.VpcId,
          'aws:VpcSourceIp': route.sourceIp,
        }),
    ...(signed
      ? {
          'aws:PrincipalArn': roleArn(world),
          'aws:PrincipalAccount': world.accountId,
          'aws:PrincipalOrgID': inOrganization ? LAB_ORGANIZATION : undefined,
          'aws:PrincipalType': 'AssumedRole',
          'aws:userid': callerIdentity(world).UserId,
        }
      : by === 'service-link'
        ? { 'aws:PrincipalArn': LINK_SIGNER, 'aws:PrincipalAccount': AWS_ACCOUNT, 'aws:PrincipalType': 'AssumedRole' }
        : { 'aws:PrincipalType': 'Anonymous' }),
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:ResourceAccount': resourceAccount,
    's3:ResourceAccount': action.startsWith('s3:') ? resourceAccount : undefined,
    'aws:ResourceOrgID': ours && inOrganization ? LAB_ORGANIZATION : undefined,
    'aws:RequestedRegion': world.region,
    'aws:SecureTransport': String(secure),
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:UserAgent': userAgent,
    ...keys,
  };
  return new Map(
    Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key.toLowerCase(), [value]] as const])),
  );
}

function bucketArn(resource: string): string | undefined {
  return /^arn:aws:s3:::[^/]+/.exec(resource)?.[0];
}

function accountIn(arn: string): string | undefined {
  return /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(arn)?.[1];
}
