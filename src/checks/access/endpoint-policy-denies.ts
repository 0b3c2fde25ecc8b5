import { LAB } from '../../lab/world.ts';
import type { Observation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import { completions } from '../../policy/edit.ts';
import { evaluatePolicy } from '../../policy/evaluate.ts';
import { wayWords } from '../../policy/measured-path.ts';
import { policyTraps } from '../../policy/traps.ts';
import { awsBucketNamed } from '../../services/aws-buckets.ts';
import { bucketOfUrl } from '../../services/s3-hosts.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { callerWords } from './asked.ts';
import { admitAtEndpoint, type EndpointFix, mergeEndpointFixes } from './endpoint-fix.ts';
import {
  ENDPOINT_POLICY_SLICES,
  type EndpointJudgement,
  type EndpointPolicyContext,
  judgeAtEndpoint,
  judgeAtEndpoints,
} from './endpoint-judgement.ts';
import { narrowFinding, narrowRefusals } from './narrow-policy.ts';
import { whyAllowed, whyDenied } from './words.ts';

export const endpointPolicyDenies = defineCheck({
  code: 'endpoint-policy-denies',
  title: 'The endpoint’s policy does not let the request through',
  layer: 'access',
  needs: ENDPOINT_POLICY_SLICES,
  documentation: {
    meaning:
      'A request through an endpoint needs the consent of the endpoint’s policy, beside that of the caller’s and the resource’s own. The policy has no Allow that covers this caller, action and resource, or a Deny that does. The network is fine: names, connections and certificates are as they should be, and the service answers 403.',
    confirm:
      'The answer says “because no VPC endpoint policy allows the … action” or “with an explicit deny in a VPC endpoint policy”; S3 often says no more than AccessDenied. aws ec2 describe-vpc-endpoints shows PolicyDocument; vpce-doctor policy-check evaluates it, and vpce-doctor --signed asks the service.',
    remedy:
      'Add what is asked to an Allow statement, or take it out of the Deny. A change takes effect after some minutes.',
    notWhen:
      'A policy that leaves out actions which no application asks for is as it should be: where --signed is refused its own read and the policy lets other requests through, that is advice. The words name one policy only, though several may deny. A 403 to a request that is not signed says nothing about policies.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html',
    ],
  },
  evaluate: (context) => {
    const { target } = context;
    if (isOfAws(context)) return NOT_APPLICABLE;
    const judged = judgeAtEndpoints(context);
    const denied = judged.filter((one) => one.verdict === 'denied');
    const open = judged.filter((one) => one.verdict === 'unknown' || one.verdict === 'unreadable');
    const blamed = judged.filter((one) => isBlamed(one) && one.verdict !== 'denied' && one.verdict !== 'narrow');
    const gaps = open.flatMap((one) => one.missing);
    const narrow = narrowRefusals(judged);
    const leftOut = [...new Set(narrow.map((one) => one.vpceId ?? ''))].map((id) =>
      narrowFinding(
        id,
        narrow.filter((one) => one.vpceId === id),
      ),
    );
    if (denied.length > 0) {
      const ids = [...new Set(denied.map((one) => one.vpceId ?? ''))];
      const findings = ids.map((id) =>
        findingOf(
          context,
          id,
          denied.filter((one) => one.vpceId === id),
          judged,
        ),
      );
      return found([...findings, ...leftOut], blamed.length > 0 ? gaps : []);
    }
    if (leftOut.length > 0) return found(leftOut, blamed.length > 0 ? gaps : []);
    // The service’s own words blame an endpoint’s policy, and none that can be read denies it: `suspect` says so.
    if (blamed.length > 0) {
      const detail = `the endpoint policy that denies ${blamed[0]?.asked.action}`;
      const hidden = { slice: 'vpcEndpoints', action: 'ec2:DescribeVpcEndpoints', why: 'not-visible', detail } as const;
      return unknown(gaps.length > 0 ? gaps : [hidden]);
    }
    if (open.length > 0) {
      const refused = open.some(({ asked }) => asked.outcome === 'denied');
      // Nobody was refused anything, and what could not be read is told elsewhere.
      if (!refused && open.every((one) => one.verdict === 'unreadable' && one.garbled !== true)) return NOT_APPLICABLE;
      return unknown(gaps, refused);
    }
    const [allowed] = judged.filter((one) => one.verdict === 'allowed');
    if (allowed?.answer !== undefined)
      return absent(`${allowed.vpceId}’s policy allows ${allowed.asked.action}: ${whyAllowed(allowed.answer)}`);
    const [unsupported] = judged.filter((one) => one.verdict === 'unsupported');
    if (unsupported !== undefined)
      return absent(
        `${target.serviceNames[0] ?? target.id} takes no endpoint policy, so ${unsupported.vpceId} lets everything through`,
      );
    const [outside] = judged.filter((one) => one.verdict === 'no-endpoint' && one.path.certain);
    return outside === undefined
      ? NOT_APPLICABLE
      : absent(`the requests leave ${wayWords(outside.path)}, and meet no endpoint’s policy`);
  },
  suspect: (context) => {
    const judged = isOfAws(context) ? [] : judgeAtEndpoints(context).filter(isBlamed);
    const [first] = judged;
    if (first === undefined) return undefined;
    const { asked, vpceId, verdict } = first;
    const where = vpceId === undefined ? 'an endpoint whose policy cannot be seen from here' : vpceId;
    const doubt =
      verdict === 'allowed'
        ? `The policy of ${vpceId} as it reads now allows it: it was changed in the meantime, which takes some minutes, or another endpoint’s policy is meant.`
        : `What the policy says could not be ${verdict === 'unreadable' ? 'read' : 'decided'}.`;
    return {
      key: vpceId ?? '',
      resources: vpceId === undefined ? [] : [vpceId],
      extent: 'some',
      summary: `The service says that an endpoint policy denies ${asked.action} to ${callerWords(asked.principal)}, at ${where}. ${doubt}`,
      because: quotes(judged),
      predicts: predictsRefusal(judged, false),
      attested: asked.origin === 'pasted',
      facts: { vpceId, policy: undefined, requests: [] },
    };
  },
  fix: (facts, context) => admitAtEndpoint(facts, context),
  merge: mergeEndpointFixes,
  demonstration: {
    signed: true,
    inject: (world) => {
      // Copied from another endpoint: what it lets through is no action of this service.
      const PolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Sid: 'Parameters', Effect: 'Allow', Principal: '*', Action: 'ssm:GetParameter*', Resource: '*' }],
      });
      for (const one of world.api.vpcEndpoints)
        if (one.VpcEndpointId === LAB.secretsEndpoint) one.PolicyDocument = PolicyDocument;
    },
  },
});

/** AWS's own buckets have a cause of their own, and what stands for an application's request would be refused by AWS itself. */
function isOfAws({ target }: Pick<EndpointPolicyContext, 'target'>): boolean {
  const bucket = target.host === undefined ? undefined : bucketOfUrl(target.host, target.path);
  return bucket !== undefined && awsBucketNamed(bucket) !== undefined;
}

function isBlamed({ asked }: EndpointJudgement): boolean {
  return asked.denial?.by === 'endpoint-policy';
}

function findingOf(
  context: EndpointPolicyContext,
  vpceId: string,
  denied: readonly EndpointJudgement[],
  judged: readonly EndpointJudgement[],
): Finding<EndpointFix> {
  // What the service refused goes before what nobody asked.
  const first = (denied.find(isBlamed) ??
    denied.find(({ asked }) => asked.outcome === 'denied') ??
    denied[0]) as EndpointJudgement;
  const { asked, policy, request, answer } = first;
  const why = answer === undefined || request === undefined ? '' : whyOf(first);
  const actions = [...new Set(denied.map((one) => one.asked.action))];
  const traps = policy === undefined ? [] : policyTraps(policy, false);
  const everywhere = judged.every((one) => one.vpceId === vpceId && one.verdict === 'denied');
  const whole = asked.origin === 'own';
  const summary = whole
    ? `${vpceId}’s policy lets nothing of this caller through, ${asked.action} for one: ${why}`
    : `${vpceId}’s policy does not let ${list(actions)} through for ${callerWords(asked.principal)}: ${why}`;
  return {
    key: vpceId,
    resources: [vpceId],
    extent: everywhere ? 'all' : 'some',
    summary: [summary, ...traps.slice(0, 1).map(({ text }) => text)].join(' '),
    because: [
      ...quotes(denied.filter(({ asked: { denial } }) => couldBe(denial?.by))),
      ...otherWords(denied),
      ...traps.slice(1).map(({ text }): Because => ({ source: 'configuration', text, ref: vpceId })),
      ...(first.path.certain ? [{ source: 'configuration' as const, text: first.path.because }] : []),
    ],
    predicts: predictsRefusal(denied, true),
    attested: denied.some(({ asked: { origin, denial } }) => origin === 'pasted' && couldBe(denial?.by)),
    access: (state) => stillDenied({ ...context, state }, denied),
    facts: {
      vpceId,
      policy,
      requests: denied.flatMap((one) => (one.request === undefined ? [] : [one.request])),
      onlyOurs: denied.every(({ asked: { origin } }) => origin !== 'pasted'),
    },
  };
}

/** An unknown principal is no reason to a reader where it is no matter who asks. */
function whyOf({ answer, request }: EndpointJudgement): string {
  if (answer === undefined || request === undefined) return '';
  return answer.effect === 'unknown'
    ? 'its Allow statements name accounts, which admits their root users only.'
    : whyDenied(answer, request);
}

/** Whether a refusal may come from an endpoint's policy: the words name it, or none. */
function couldBe(by: string | undefined): boolean {
  return by === undefined || by === 'endpoint-policy';
}

/** The words blame another policy: that clears this one of nothing. */
function otherWords(judged: readonly EndpointJudgement[]): Because[] {
  if (judged.every(({ asked: { denial } }) => couldBe(denial?.by))) return [];
  return [{ source: 'rule', text: 'the service’s words name one policy only, though several may deny' }];
}

function quotes(judged: readonly EndpointJudgement[]): Because[] {
  return judged.flatMap(({ asked }): Because[] =>
    asked.denial === undefined
      ? []
      : [
          {
            source: asked.observation === undefined ? 'host' : 'probe',
            text: `${asked.observation === undefined ? 'the pasted error says' : 'the service says'}: ${asked.denial.text}`,
            ...(asked.observation === undefined ? {} : { ref: asked.observation.id }),
          },
        ],
  );
}

/**
 * The refusals that it explains, unless their words blame another policy; and the answers that speak against it: the service did
 * what the policy is said to deny.
 * @param disproves whether the policy was read, so that an answer can speak against it
 */
function predictsRefusal(denied: readonly EndpointJudgement[], disproves: boolean) {
  return (one: Observation) => {
    if (one.rung !== 'access' && one.rung !== 'https') return undefined;
    const judgement = denied.find(({ asked }) => asked.observation?.id === one.id);
    if (judgement === undefined) return undefined;
    if (one.rung === 'access' && one.outcome === 'allowed') return disproves ? ('disproves' as const) : undefined;
    const { denial } = judgement.asked;
    return couldBe(denial?.by) ? ('agrees' as const) : undefined;
  };
}

/** The same requests by the same ways, judged on another state: what a fix has to show. */
function stillDenied(context: EndpointPolicyContext, denied: readonly EndpointJudgement[]) {
  const again = denied.map(({ asked, path }) => {
    const judged = judgeAtEndpoint(context, asked, path);
    const { verdict, policy, request } = judged;
    if (verdict !== 'unknown' || policy === undefined || request === undefined) return verdict;
    // A session's ARN does not tell its role's path: what is allowed with and without one is allowed.
    const all = completions(request).map((one) => evaluatePolicy(policy, one).effect);
    return all.every((effect) => effect === 'allowed') ? 'allowed' : verdict;
  });
  if (again.every((verdict) => verdict === 'allowed' || verdict === 'unsupported')) return 'allowed' as const;
  return again.some((verdict) => verdict === 'denied' || verdict === 'narrow')
    ? ('denied' as const)
    : ('unknown' as const);
}
