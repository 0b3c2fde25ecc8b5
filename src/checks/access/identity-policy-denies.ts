import type { DenyingPolicy } from '../../model/denial.ts';
import type { Observation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import { missing, type State } from '../../model/state.ts';
import { contextOf } from '../../policy/context.ts';
import type { Policy } from '../../policy/document.ts';
import { evaluatePolicy, type PolicyAnswer } from '../../policy/evaluate.ts';
import { isPathKey, type MeasuredPath, pathContext, WAY_SLICES, wayWords } from '../../policy/measured-path.ts';
import { type Request, requestContext } from '../../policy/request.ts';
import { understandPolicy } from '../../policy/understand.ts';
import { NEEDED_READS } from '../../services/signed-reads.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { type Asked, requestsAsked } from './asked.ts';
import { askedWords, predictsRefusals, quote, type Refusal, refusals, refusalsBy } from './denied-by.ts';
import { allowStatement, type IdentityFix } from './identity-fix.ts';
import { waysOf } from './ways.ts';
import { whyDenied } from './words.ts';

const NEEDS = [...WAY_SLICES, 'callerIdentities', 'identityPolicies'] as const;
type Context = CheckContext<(typeof NEEDS)[number]>;

const KINDS: Partial<Record<DenyingPolicy, string>> = {
  'identity-policy': 'identity-based policy',
  'permissions-boundary': 'permissions boundary',
  'session-policy': 'session policy',
  'role-trust-policy': 'role trust policy',
};

export const identityPolicyDenies = defineCheck({
  code: 'identity-policy-denies',
  title: 'The caller’s own policies do not allow the request; the network is fine',
  layer: 'access',
  needs: NEEDS,
  documentation: {
    meaning:
      'The request reached the service and was refused because of the caller’s side: no identity-based policy allows the action, one denies it, or a permissions boundary, a session policy or a role’s trust policy does. Nothing about endpoints, names, routes or security groups has to change.',
    confirm:
      'The answer says “because no identity-based policy allows the … action”, or names a permissions boundary, a session policy or a role trust policy. aws iam simulate-principal-policy shows the same without the network.',
    remedy:
      'Let the owner of the role or user add the action, or ask for what is allowed. Where the role’s own policy demands aws:SourceVpce or aws:SourceVpc, send the request through that endpoint.',
    notWhen:
      'The words name one kind of policy only, though several may deny: an endpoint’s policy may be next. A role that lacks an action which no application calls is as it should be: where only the read that --signed makes is refused, that is advice.',
    sources: [
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html',
    ],
  },
  evaluate: (context) => {
    const { state, evidence } = context;
    const said = refusalsBy(evidence, [
      'identity-policy',
      'permissions-boundary',
      'session-policy',
      'role-trust-policy',
    ]);
    const own = policiesOf(state);
    const judged = own.length === 0 ? [] : judge(context, own);
    const denied = judged.filter((one) => one.verdict === 'denied');
    if (said.length > 0 || denied.length > 0) return found(findings(said, denied));
    const refused = refusals(evidence).length > 0;
    if (!refused && own.length === 0) return NOT_APPLICABLE;
    if (own.length === 0) {
      // Words that blame another policy do not clear this one; nobody reads the caller's policies but from files.
      const gap = missing(state, 'identityPolicies', 'the caller’s own policies: give them as files with --state');
      return unknown([{ ...gap, why: 'not-given' }], false);
    }
    const [allowed] = judged.filter((one) => one.verdict === 'allowed');
    if (allowed !== undefined && judged.every((one) => one.verdict === 'allowed'))
      return absent(`the caller’s own policies, as given, allow ${allowed.asked.action}`);
    return NOT_APPLICABLE;
  },
  fix: (facts) => allowStatement(facts),
  demonstration: {
    signed: true,
    inject: (world) => {
      world.identityPolicies = [
        {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: '*', Resource: '*' },
            { Sid: 'NoSecrets', Effect: 'Deny', Action: 'secretsmanager:*', Resource: '*' },
          ],
        },
      ];
    },
  },
});

type Named = { readonly name: string; readonly policy: Policy };

/** The caller's own policies, as far as documents hold them. */
function policiesOf({ identityPolicies }: Pick<State, 'identityPolicies'>): readonly Named[] {
  if (!identityPolicies.known) return [];
  return identityPolicies.value.flatMap(({ PolicyName, PolicyDocument }) => {
    const read = understandPolicy({ PolicyDocument }, { side: 'identity', name: PolicyName });
    return read.ok ? [{ name: PolicyName, policy: read.policy }] : [];
  });
}

type Judged = {
  readonly asked: Asked;
  readonly path: MeasuredPath;
  readonly verdict: 'allowed' | 'denied' | 'unknown';
  readonly why: string;
  readonly policy: Named | undefined;
  /** whether another way would change it */
  readonly byPath: boolean;
};

/**
 * What the policies that were given say of each refused or signed request. They are taken for all that the caller has: who gives
 * some of them is told what these say.
 */
function judge(context: Context, own: readonly Named[]): readonly Judged[] {
  return requestsAsked(context)
    .filter(({ origin }) => origin !== 'own')
    .flatMap((asked) => waysOf(context, asked).map((path) => judgeOne(context, asked, path, own)));
}

function judgeOne({ target }: Context, asked: Asked, path: MeasuredPath, own: readonly Named[]): Judged {
  const { action, resource = '*', principal } = asked;
  const keys = contextOf(pathContext(path, target, { action, resource, principal }), requestContext([]));
  const request: Request = { action, resource, principal, context: keys };
  const elsewhere: Request = { ...request, context: new Map([...keys].filter(([key]) => !isPathKey(key))) };
  const [answer, otherwise] = [together(own, request), together(own, elsewhere)];
  const denier = answer.effect === 'allowed' || answer.effect === 'unknown' ? undefined : answer;
  const verdict = denier !== undefined ? 'denied' : answer.effect === 'allowed' ? 'allowed' : 'unknown';
  const why = denier === undefined ? '' : whyDenied(denier.answer, request);
  const byPath = denier !== undefined && (otherwise.effect === 'unknown' || otherwise.effect === 'allowed');
  return { asked, path, verdict, why, policy: denier?.policy, byPath };
}

/** All policies on the caller allow together what one of them allows and none denies. */
function together(
  own: readonly Named[],
  request: Request,
): Pick<PolicyAnswer, 'effect'> & { answer: PolicyAnswer; policy: Named } {
  const answers = own.map((policy) => ({ policy, answer: evaluatePolicy(policy.policy, request) }));
  const order = ['explicitly-denied', 'unknown', 'allowed', 'implicitly-denied'] as const;
  // A policy that may deny leaves open what another allows, and one that may allow what the others do not.
  const chosen = order.flatMap((effect) => answers.filter(({ answer }) => answer.effect === effect))[0];
  if (chosen === undefined) throw new Error('no policy to evaluate');
  return { effect: chosen.answer.effect, ...chosen };
}

function findings(said: readonly Refusal[], denied: readonly Judged[]): Finding<IdentityFix>[] {
  const words = said.map(({ denial }) => denial);
  const [first] = words;
  const [given] = denied;
  const action = first?.action ?? given?.asked.action ?? 'the request';
  const kind = first === undefined ? 'identity-based policy' : (KINDS[first.by ?? 'identity-policy'] ?? 'policy');
  const how =
    first === undefined
      ? `The caller’s policies, as given, do not allow ${action}: ${given?.why}`
      : `The service refuses ${askedWords(first)}: ${first.explicit === true ? `a ${kind} denies it` : `no ${kind} allows it`}. The network is fine; who asks is not allowed to.`;
  const path = denied.find((one) => one.byPath);
  const byWay =
    path === undefined
      ? ''
      : ` ${path.policy?.name ?? 'The policy'} demands another way: the request goes ${wayWords(path.path)}.`;
  const because: Because[] = [
    ...said.map(quote),
    ...denied.map(
      ({ why, policy }): Because => ({
        source: 'configuration',
        text: `${policy?.name ?? 'the policies given'}: ${why}`,
        ...(policy === undefined ? {} : { ref: policy.name }),
      }),
    ),
  ];
  const explained = predictsRefusals([...said, ...deniedRefusals(denied)]);
  return [
    {
      key: `${first?.principal ?? ''} ${kind} ${action}`,
      resources: [first?.principal, first?.policyArn].filter((one) => one !== undefined),
      // Nothing the application asked for was refused: that its role lacks a list call is how least privilege looks.
      extent: isOursAlone(said) && denied.length === 0 ? 'none' : 'some',
      summary: `${how}${isOursAlone(said) ? ' Only this run asked for it, which proves nothing about what the application asks.' : ''}${byWay}`,
      because,
      predicts: (one: Observation) => {
        const asked = denied.find(({ asked: { observation } }) => observation?.id === one.id)?.asked;
        if (asked?.outcome === 'allowed' && said.length === 0) return 'disproves';
        return explained(one);
      },
      attested:
        said.some(({ observation }) => observation === undefined) ||
        denied.some(({ asked: { origin, denial } }) => origin === 'pasted' && denial?.by === undefined),
      facts: {
        kind: first?.by ?? 'identity-policy',
        action,
        resource: first?.resource ?? given?.asked.resource ?? '*',
        principal: first?.principal,
        policyArn: first?.policyArn,
        explicit: first?.explicit === true,
      },
    },
  ];
}

/** A read that `--signed` tries, and that nothing allows: a role that is made for one application need not have it. */
function isOursAlone(said: readonly Refusal[]): boolean {
  return (
    said.length > 0 && said.every(({ denial, observation }) => observation?.rung === 'access' && !isNeeded(denial))
  );
}

function isNeeded({ action, explicit }: Refusal['denial']): boolean {
  return explicit === true || NEEDED_READS.has(action ?? '');
}

/** Refusals whose words name no policy, where the policies that were given deny the request. */
function deniedRefusals(denied: readonly Judged[]): Refusal[] {
  return denied.flatMap(({ asked: { denial, observation } }) =>
    denial !== undefined && denial.by === undefined ? [{ denial, observation }] : [],
  );
}
