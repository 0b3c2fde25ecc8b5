/** What all policies that were given say together of one request. */
import type { Policy } from './document.ts';
import { evaluatePolicy, type PolicyAnswer } from './evaluate.ts';
import { grantsByAccountOnly } from './principals.ts';
import { accountInArn, accountOf, type Request, singleValue } from './request.ts';
import { every, some, type Truth } from './truth.ts';

export type PolicySide = 'endpoint' | 'resource' | 'identity';

export type GivenPolicies = {
  readonly endpoint?: Policy | undefined;
  readonly resource?: Policy | undefined;
  /** all policies on the caller together allow what one of them allows and none denies */
  readonly identity?: readonly Policy[] | undefined;
};

export type SideAnswer = { readonly side: PolicySide; readonly policy: Policy; readonly answer: PolicyAnswer };

export type Decision = {
  readonly decision: 'allowed' | 'denied' | 'unknown';
  /** the side that allows, denies, or leaves it open */
  readonly decidedBy: PolicySide;
  /** `explicit`: a Deny statement; `implicit`: no statement allows it */
  readonly denial?: 'explicit' | 'implicit' | undefined;
  readonly answers: readonly SideAnswer[];
  /** the sides that may or may not allow it; empty unless the decision is unknown */
  readonly open: readonly PolicySide[];
  /** what would settle an unknown: condition keys, `principal`, `identity policy`; sorted */
  readonly missing: readonly string[];
};

/**
 * Combines the sides (IAM User Guide, reference_policies_evaluation-logic): an explicit deny on any side denies; the endpoint's
 * policy must allow; within one account the resource's policy or the caller's may allow, across accounts both must. A side that
 * was not given is not judged, except that a resource's silence does not deny a caller whose own policies nobody showed.
 */
export function decide(given: GivenPolicies, request: Request): Decision {
  const answers: SideAnswer[] = [];
  const ask = (side: PolicySide, policy: Policy | undefined) => {
    if (policy !== undefined) answers.push({ side, policy, answer: evaluatePolicy(policy, request) });
  };
  ask('endpoint', given.endpoint);
  ask('resource', given.resource);
  for (const policy of given.identity ?? []) ask('identity', policy);

  const denier = answers.find(({ answer }) => answer.effect === 'explicitly-denied');
  if (denier !== undefined)
    return { decision: 'denied', decidedBy: denier.side, denial: 'explicit', answers, open: [], missing: [] };

  const gates = [
    ...(given.endpoint === undefined ? [] : [{ by: 'endpoint' as const, ...consent(of(answers, 'endpoint')) }]),
    grantOf(given, answers, request),
  ];
  const closed = gates.find((gate) => gate.truth === 'no');
  if (closed !== undefined)
    return { decision: 'denied', decidedBy: closed.by, denial: 'implicit', answers, open: [], missing: [] };

  const perhapsDenied = answers.filter(({ answer }) => effectTruth(answer, 'Deny') === 'unknown');
  const open = gates.filter((gate) => gate.truth === 'unknown');
  if (perhapsDenied.length === 0 && open.length === 0) {
    return { decision: 'allowed', decidedBy: gates.at(-1)?.by ?? 'endpoint', answers, open: [], missing: [] };
  }
  const missing = [
    ...perhapsDenied.flatMap(({ answer }) => missingOf(answer, 'Deny')),
    ...open.flatMap((gate) => gate.missing),
  ];
  return {
    decision: 'unknown',
    decidedBy: open[0]?.by ?? perhapsDenied[0]?.side ?? 'endpoint',
    answers,
    open: open.flatMap(({ by }): PolicySide[] => (by === 'endpoint' ? [by] : ['resource', 'identity'])),
    missing: [...new Set(missing)].sort(),
  };
}

type Consent = { readonly truth: Truth; readonly missing: readonly string[] };

/** Who allows it, as far as the resource and the caller are concerned; denials are dealt with before. */
function grantOf(given: GivenPolicies, answers: readonly SideAnswer[], request: Request): Consent & { by: PolicySide } {
  const { principal } = request;
  if (given.resource === undefined && given.identity === undefined)
    return { by: 'endpoint', truth: 'yes', missing: [] };
  const resource = consent(of(answers, 'resource'));
  // "By default, all requests are implicitly denied with the exception of the AWS account root user, which has full access."
  const isRoot = principal?.kind === 'account';
  const identity: Consent = isRoot ? { truth: 'yes', missing: [] } : consent(of(answers, 'identity'));
  if (given.resource === undefined) return { by: 'identity', ...identity };
  // Nobody's own policies speak for a caller who did not sign, or for a service.
  if (principal?.kind === 'anonymous' || principal?.kind === 'service') return { by: 'resource', ...resource };
  const same = isSameAccount(request);
  const needsBoth = demandsResourcePolicy(request.action);
  if (given.identity === undefined && !isRoot) {
    // Across accounts, and for a key, the caller's own policies cannot make up for the resource's silence.
    if (resource.truth !== 'no' || same === false || needsBoth) return { by: 'resource', ...resource };
    return { by: 'resource', truth: 'unknown', missing: ['identity policy', ...accountMissing(same, principal)] };
  }
  // Within the account a statement that names the account only passes the question on to the caller's own policies.
  const direct = consent(of(answers, 'resource'), (side) =>
    side.answer.statements.filter(({ statement }) => !grantsByAccountOnly(statement, principal)),
  );
  const across = every([resource.truth, identity.truth]);
  const within = some([direct.truth, needsBoth ? across : identity.truth]);
  const verdict = same === undefined && within !== across ? 'unknown' : same === false ? across : within;
  if (verdict === 'yes') return { by: direct.truth === 'yes' ? 'resource' : 'identity', truth: 'yes', missing: [] };
  if (verdict === 'no') {
    const needed = needsBoth || same === false || identity.truth === 'yes';
    const by = resource.truth === 'no' && needed ? 'resource' : 'identity';
    return { by, truth: 'no', missing: [] };
  }
  const account = within === across ? [] : accountMissing(same, principal);
  const by = resource.truth === 'unknown' || same === undefined ? 'resource' : 'identity';
  return { by, truth: 'unknown', missing: [...resource.missing, ...identity.missing, ...account] };
}

/** What would tell whether the caller and the resource are of one account. */
function accountMissing(same: boolean | undefined, principal: Request['principal']): string[] {
  if (same !== undefined) return [];
  return [accountOf(principal) === undefined ? 'principal' : 'aws:ResourceAccount'];
}

function of(answers: readonly SideAnswer[], side: PolicySide): SideAnswer[] {
  return answers.filter((one) => one.side === side);
}

/** Whether an Allow statement of any of these policies applies. */
function consent(
  sides: readonly SideAnswer[],
  statements: (side: SideAnswer) => PolicyAnswer['statements'] = (side) => side.answer.statements,
): Consent {
  const allows = sides.flatMap(statements).filter(({ statement }) => statement.effect === 'Allow');
  const answer = some(allows.map((one) => one.applies));
  return { truth: answer, missing: answer === 'unknown' ? allows.flatMap((one) => one.missing) : [] };
}

function effectTruth(answer: PolicyAnswer, effect: 'Allow' | 'Deny'): Truth {
  return some(answer.statements.filter(({ statement }) => statement.effect === effect).map((one) => one.applies));
}

function missingOf(answer: PolicyAnswer, effect: 'Allow' | 'Deny'): string[] {
  return answer.statements.filter(({ statement }) => statement.effect === effect).flatMap((one) => [...one.missing]);
}

/** The resource's account is aws:ResourceAccount, or stands in its ARN; a bucket's ARN has none. */
function isSameAccount({ resource, principal, context }: Request): boolean | undefined {
  const own = accountOf(principal);
  const account = singleValue(context, 'aws:ResourceAccount') ?? accountInArn(resource);
  return own === undefined || account === undefined ? undefined : own === account;
}

/**
 * "IAM role trust policies and KMS key policies are exceptions to this logic, because they must explicitly allow access for
 * principals" (reference_policies_evaluation-logic): the caller, or the account.
 */
function demandsResourcePolicy(action: string): boolean {
  return /^(?:kms:|sts:AssumeRole)/i.test(action);
}
