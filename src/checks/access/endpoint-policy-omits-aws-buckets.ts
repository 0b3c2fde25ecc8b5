import { LAB } from '../../lab/world.ts';
import type { HttpsObservation, Observation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import { type Missing, missing } from '../../model/state.ts';
import { capital } from '../../model/text.ts';
import { calledRegion } from '../../model/vantage.ts';
import { contextOf } from '../../policy/context.ts';
import type { Policy } from '../../policy/document.ts';
import { evaluatePolicy } from '../../policy/evaluate.ts';
import { isEndpointWay, type MeasuredPath, pathContext } from '../../policy/measured-path.ts';
import { OF_AWS, type Principal, type Request, requestContext } from '../../policy/request.ts';
import { awsBucketNamed, type BucketInRegion, bucketsOf } from '../../services/aws-buckets.ts';
import { bucketOfUrl } from '../../services/s3-hosts.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { callerOf } from './asked.ts';
import { quote, refusals } from './denied-by.ts';
import { admitAtEndpoint, mergeEndpointFixes } from './endpoint-fix.ts';
import {
  ENDPOINT_POLICY_SLICES,
  type EndpointPolicyContext,
  missingKey,
  policyOf,
  refusesPolicies,
} from './endpoint-judgement.ts';
import { endpointOf, waysOf } from './ways.ts';
import { whyAllowed, whyDenied } from './words.ts';

export const endpointPolicyOmitsAwsBuckets = defineCheck({
  code: 'endpoint-policy-omits-aws-buckets',
  title: 'The S3 endpoint’s policy shuts out buckets of AWS that the workload needs',
  layer: 'access',
  needs: ENDPOINT_POLICY_SLICES,
  documentation: {
    meaning:
      'Image layers of ECR, packages of Amazon Linux, documents of Systems Manager and answers to CloudFormation are in buckets that belong to AWS. A policy of the S3 endpoint that lists the own buckets, or demands the own organization or account, refuses them: the registry, the repository or the agent seems to fail, with a 403 that is S3’s.',
    confirm:
      'docker: “error parsing HTTP 403 response body”; dnf: “Status code: 403”; aws ec2 describe-vpc-endpoints shows PolicyDocument; vpce-doctor policy-check --action s3:GetObject --resource arn:aws:s3:::prod-<region>-starport-layer-bucket/layer --principal ‘*’ evaluates it.',
    remedy:
      'Add a statement for these buckets, by name and without conditions on who asks: most of what reads them does not sign, or signs as AWS.',
    notWhen:
      'Only the buckets of the workload at hand count: a policy that leaves out others is narrow on purpose. A 403 of a repository may have reasons of its own.',
    sources: [
      'https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html',
      'https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html',
      'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html',
    ],
  },
  evaluate: (context) => {
    const { target, evidence } = context;
    const buckets = bucketsFor(context);
    if (buckets.length === 0) return NOT_APPLICABLE;
    const paths = waysOf(context, { origin: 'own' });
    const judged = paths.flatMap((path) => buckets.map((bucket) => judge(context, path, bucket)));
    const denied = judged.filter((one) => one.verdict === 'denied');
    const [first] = denied;
    if (first?.vpceId !== undefined && first.request !== undefined && first.policy !== undefined) {
      const { vpceId, policy, request } = first;
      // Where nothing at all gets through, that is the cause, and these buckets are a part of it.
      if (letsNothingThrough(policy)) return NOT_APPLICABLE;
      const said = refusals(evidence).filter(
        ({ denial }) => denial.by === undefined || denial.by === 'endpoint-policy',
      );
      const answer = evaluatePolicy(policy, request);
      return found([
        {
          key: vpceId,
          resources: [vpceId],
          extent: 'some',
          summary: `${vpceId}’s policy does not let ${list([...new Set(denied.map(({ bucket }) => bucket.action))])} through for ${denied.length === 1 ? 'a bucket' : `${denied.length} buckets`} that ${target.workload ?? target.id} needs and AWS owns: ${listed(denied.map(({ bucket }) => bucket))}.`,
          because: [
            { source: 'configuration', text: capital(whyDenied(answer, request)), ref: vpceId },
            ...denied.map(
              ({ bucket }): Because => ({
                source: 'rule',
                text: `${bucket.name}: ${bucket.what}. Without it: ${bucket.without}`,
                ref: bucket.source,
              }),
            ),
            ...said.map(quote),
          ],
          predicts: (one: Observation) => {
            if (said.some(({ observation }) => observation?.id === one.id)) return 'agrees';
            if (
              one.rung !== 'https' ||
              !isPublicObject(
                one.subject,
                denied.map(({ bucket }) => bucket),
              )
            )
              return undefined;
            return one.detail.status === 403 ? 'agrees' : one.detail.status === 200 ? 'disproves' : undefined;
          },
          attested: said.some(({ observation }) => observation === undefined),
          access: (after) => {
            const again = denied.map(({ bucket, path }) => judge({ ...context, state: after }, path, bucket).verdict);
            if (again.every((verdict) => verdict === 'allowed')) return 'allowed';
            return again.some((verdict) => verdict === 'denied') ? 'denied' : 'unknown';
          },
          facts: {
            vpceId,
            policy,
            requests: denied.flatMap(({ bucket, request: own }) =>
              own === undefined ? [] : [{ ...own, resource: bucket.objects }],
            ),
          },
        },
      ]);
    }
    const gaps = judged.flatMap((one) => one.missing);
    const refused = refusals(evidence).length > 0 || forbidden(evidence.all, buckets).length > 0;
    if (gaps.length > 0) return unknown(gaps, refused);
    const [open] = judged.filter((one) => one.verdict === 'allowed');
    if (open?.request === undefined || open.policy === undefined) return NOT_APPLICABLE;
    const count = buckets.length === 1 ? buckets[0]?.name : `${buckets.length} buckets of AWS`;
    return absent(
      `${open.vpceId}’s policy lets ${target.workload ?? target.id} read ${count}: ${whyAllowed(evaluatePolicy(open.policy, open.request))}`,
    );
  },
  // Anyone may read such an object: who is refused it was refused on the way, by a policy that could not be read.
  suspect: (context) => {
    const buckets = bucketsFor(context);
    const seen = forbidden(context.evidence.all, buckets);
    const [first] = seen;
    if (first === undefined) return undefined;
    const [path] = waysOf(context, { origin: 'own' });
    const vpceId = path?.vpceId;
    const names = buckets.filter((bucket) => seen.some((one) => isPublicObject(one.subject, [bucket])));
    return {
      key: vpceId ?? '',
      resources: vpceId === undefined ? [] : [vpceId],
      extent: 'some',
      summary: `An object that anyone may read is refused with 403: ${listed(names)}. The policy of ${vpceId ?? 'the S3 endpoint on the way'}, which could not be read, is what refuses it.`,
      because: seen.map((one): Because => ({ source: 'probe', text: `HTTP 403 for ${one.subject.path}`, ref: one.id })),
      predicts: (one: Observation) => (seen.some(({ id }) => id === one.id) ? 'agrees' : undefined),
      facts: { vpceId, policy: undefined, requests: [] },
    };
  },
  fix: (facts, context) => admitAtEndpoint(facts, context),
  merge: mergeEndpointFixes,
  demonstration: {
    // The list of mirrors is an object that anyone may read.
    targets: [`https://al2023-repos-eu-west-1-de612dc2.${LAB.s3Host}/core/mirrors/latest/x86_64/mirror.list`],
    inject: (world) => {
      const PolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'OwnBuckets',
            Effect: 'Allow',
            Principal: '*',
            Action: 's3:*',
            Resource: ['arn:aws:s3:::reports', 'arn:aws:s3:::reports/*'],
          },
        ],
      });
      for (const one of world.api.vpcEndpoints)
        if (one.VpcEndpointId === LAB.s3Endpoint) one.PolicyDocument = PolicyDocument;
    },
  },
});

/** The buckets that this target stands for: the one in its own host, or those of the workload that it belongs to. */
function bucketsFor({ target, vantage }: EndpointPolicyContext): readonly BucketInRegion[] {
  if (target.serviceId !== 's3' || target.host === undefined) return [];
  const named = bucketOfUrl(target.host, target.path);
  if (named !== undefined) {
    const own = awsBucketNamed(named);
    return own === undefined ? [] : [own];
  }
  const region = target.region ?? calledRegion(vantage);
  return target.workload === undefined || region === undefined ? [] : bucketsOf(target.workload, region);
}

type Judged = {
  readonly bucket: BucketInRegion;
  readonly path: MeasuredPath;
  readonly vpceId: string | undefined;
  readonly verdict: 'allowed' | 'denied' | 'unknown' | 'none';
  readonly policy?: Policy | undefined;
  readonly request?: Request | undefined;
  readonly missing: readonly Missing[];
};

function judge(context: EndpointPolicyContext, path: MeasuredPath, bucket: BucketInRegion): Judged {
  const { state, target } = context;
  const base = { bucket, path, vpceId: path.vpceId, missing: [] };
  const endpoint = endpointOf(state, path);
  if (!isEndpointWay(path)) return { ...base, verdict: path.certain ? 'none' : 'unknown', missing: path.missing };
  if (endpoint === undefined)
    return { ...base, verdict: 'unknown', missing: [missing(state, 'vpcEndpoints', `the policy of ${path.vpceId}`)] };
  const policy = policyOf(endpoint);
  if (policy === undefined || refusesPolicies(state, endpoint.ServiceName)) return { ...base, verdict: 'none' };
  const asker = askerOf(context, bucket);
  const resource = bucket.objects.replace(/\*$/, 'object');
  const keys = pathContext(path, target, { action: bucket.action, resource, principal: asker.principal });
  const request: Request = {
    action: bucket.action,
    resource,
    principal: asker.principal,
    // AWS's account is none of the user's, and the bucket's organization is not told (facts.md 6.2).
    context: contextOf(
      keys,
      requestContext([
        ['aws:ResourceAccount', OF_AWS.account],
        ['s3:ResourceAccount', OF_AWS.account],
        ['aws:ResourceOrgID', undefined],
        ['aws:ResourceOrgPaths', undefined],
        ...asker.keys,
      ]),
    ),
  };
  const answer = evaluatePolicy(policy, request);
  const judged = { ...base, policy, request };
  if (answer.effect === 'unknown')
    return { ...judged, verdict: 'unknown', missing: answer.missing.map((key) => missingKey(state, key)) };
  return { ...judged, verdict: answer.effect === 'allowed' ? 'allowed' : 'denied' };
}

type Asker = {
  readonly principal: Principal | undefined;
  readonly keys: readonly (readonly [string, string | undefined])[];
};

/** Who reads the bucket: nobody that signs, AWS itself by a URL that it hands out, or the caller. */
function askerOf({ state }: EndpointPolicyContext, { signed, presigned }: BucketInRegion): Asker {
  if (!signed) return { principal: { kind: 'anonymous' }, keys: [] };
  if (presigned !== true) return { principal: callerOf(state), keys: [] };
  return {
    principal: undefined,
    keys: [
      ['aws:PrincipalAccount', OF_AWS.account],
      ['aws:PrincipalOrgID', OF_AWS.organization],
      ['aws:PrincipalOrgPaths', OF_AWS.organization],
    ],
  };
}

function letsNothingThrough({ statements }: Policy): boolean {
  return statements.every(({ effect }) => effect === 'Deny');
}

/** A request for an object that anyone may read: its answer speaks of the way, not of who asks. */
function isPublicObject(
  { serverName, path }: { readonly serverName: string; readonly path: string },
  buckets: readonly BucketInRegion[],
): boolean {
  return buckets.some(
    ({ name, publicPath }) =>
      publicPath !== undefined &&
      (path === `/${name}${publicPath}` || (path === publicPath && serverName.toLowerCase().startsWith(`${name}.`))),
  );
}

function forbidden(all: readonly Observation[], buckets: readonly BucketInRegion[]): readonly HttpsObservation[] {
  return all.filter(
    (one): one is HttpsObservation =>
      one.rung === 'https' && one.detail.status === 403 && isPublicObject(one.subject, buckets),
  );
}

function listed(buckets: readonly BucketInRegion[]): string {
  const shown = buckets.slice(0, 3).map(({ name, what }) => `${name} (${what})`);
  return buckets.length > 3 ? `${shown.join(', ')} and ${buckets.length - 3} more` : shown.join(' and ');
}
