/** What the policy on a resource says of each request, and whether the way that the request took is the reason. */
import { type Missing, missing, type SliceName, type State } from '../../model/state.ts';
import { contextOf } from '../../policy/context.ts';
import { type Decision, decide } from '../../policy/decide.ts';
import type { ConditionEntry, Policy, Statement } from '../../policy/document.ts';
import { isPathKey, type MeasuredPath, pathContext, WAY_SLICES } from '../../policy/measured-path.ts';
import { type Request, requestContext } from '../../policy/request.ts';
import { understandPolicy } from '../../policy/understand.ts';
import type { CheckContext } from '../check.ts';
import { type Asked, requestsAsked } from './asked.ts';
import { missingKey } from './endpoint-judgement.ts';
import { waysOf } from './ways.ts';

export const RESOURCE_POLICY_SLICES = [
  ...WAY_SLICES,
  'callerIdentities',
  'resourcePolicies',
] as const satisfies readonly SliceName[];
export type ResourcePolicyContext = CheckContext<(typeof RESOURCE_POLICY_SLICES)[number]>;

/** What a policy demands of the way, in one line of a condition. */
export type Demand = { readonly statement: Statement; readonly condition: ConditionEntry };

export type ResourceJudgement = {
  readonly asked: Asked;
  readonly path: MeasuredPath;
  /** the ARN of what carries the policy */
  readonly resourceArn: string | undefined;
  readonly verdict:
    | 'allowed'
    /** denied, and another way would not be */
    | 'denied-by-path'
    /** denied whatever the way is */
    | 'denied-anyhow'
    | 'unknown'
    /** the resource has no policy, or its policy could not be read */
    | 'none'
    | 'unreadable';
  readonly policy?: Policy | undefined;
  readonly request?: Request | undefined;
  readonly decision?: Decision | undefined;
  readonly demands: readonly Demand[];
  readonly missing: readonly Missing[];
};

export function judgeAtResources(context: ResourcePolicyContext): readonly ResourceJudgement[] {
  return requestsAsked(context).flatMap((asked) =>
    asked.resource === undefined || asked.resource === '*'
      ? []
      : waysOf(context, asked).map((path) => judgeAtResource(context, asked, path)),
  );
}

export function judgeAtResource(
  context: Pick<ResourcePolicyContext, 'state' | 'target'>,
  asked: Asked,
  path: MeasuredPath,
): ResourceJudgement {
  const judged = judgeOnWay(context, asked, path);
  const [first, ...others] = (path.sourceAddresses ?? []).map((sourceAddress) =>
    judgeOnWay(context, asked, { ...path, sourceAddress }),
  );
  // Which of its addresses a NAT gateway takes does not matter where the policy says the same of each.
  const same = first !== undefined && others.every(({ verdict }) => verdict === first.verdict);
  return same && judged.verdict === 'unknown' ? { ...first, path, request: judged.request } : judged;
}

function judgeOnWay(
  { state, target }: Pick<ResourcePolicyContext, 'state' | 'target'>,
  asked: Asked,
  path: MeasuredPath,
): ResourceJudgement {
  const { action, principal } = asked;
  const told = asked.resource ?? '*';
  const base = { asked, path, demands: [], missing: [] };
  if (!state.resourcePolicies.known)
    return {
      ...base,
      resourceArn: undefined,
      verdict: 'unreadable',
      missing: [missing(state, 'resourcePolicies', told)],
    };
  const carrier = carrierOf(state, told);
  const resourceArn = carrier?.ResourceArn;
  if (carrier === undefined) return { ...base, resourceArn, verdict: 'none' };
  if (carrier.Policy === undefined) {
    if (carrier.Refusal === undefined) return { ...base, resourceArn, verdict: 'none' };
    const gap = missing(state, 'resourcePolicies', `the policy of ${resourceArn}`);
    return {
      ...base,
      resourceArn,
      verdict: 'unreadable',
      missing: [{ ...gap, action: carrier.Action ?? gap.action, why: refusalOf(carrier.Refusal) }],
    };
  }
  const read = understandPolicy({ policy: carrier.Policy }, { side: 'resource', name: carrier.ResourceArn });
  if (!read.ok) return { ...base, resourceArn, verdict: 'none' };
  const { policy } = read;
  const resource = unmasked(told, carrier.Policy);
  const keys = contextOf(pathContext(path, target, { action, resource, principal }), requestContext([]));
  const request = { action, resource, principal, context: keys };
  const decision = decide({ resource: policy }, request);
  const judged = { ...base, resourceArn, policy, request, decision };
  if (decision.decision === 'allowed') return { ...judged, verdict: 'allowed' };
  if (decision.decision === 'unknown') {
    // What the caller’s own policies say is another matter: the resource’s silence does not deny within the account.
    const own = decision.missing.filter((key) => key !== 'identity policy' && key !== 'aws:ResourceAccount');
    const gaps = own.flatMap((key) =>
      isPathKey(key) && path.missing.length > 0 ? path.missing : [missingKey(state, key)],
    );
    return own.length === 0 ? { ...judged, verdict: 'none' } : { ...judged, verdict: 'unknown', missing: gaps };
  }
  // The same request by a way of which nothing is known: where it is no longer denied for sure, the way decides.
  const elsewhere = new Map([...keys].filter(([key]) => !isPathKey(key)));
  const otherwise = decide({ resource: policy }, { ...request, context: elsewhere });
  const demands = demandsOf(policy, decision);
  if (otherwise.decision === 'denied' || demands.length === 0) return { ...judged, verdict: 'denied-anyhow' };
  return { ...judged, verdict: 'denied-by-path', demands };
}

/** The conditions on the way by which a Deny applies, or by which an Allow does not. */
function demandsOf(policy: Policy, decision: Decision): readonly Demand[] {
  const [side] = decision.answers;
  if (side === undefined) return [];
  const { answer } = side;
  if (decision.denial === 'explicit')
    return answer.deciding.flatMap(({ statement }) =>
      statement.conditions.filter(({ key }) => isPathKey(key)).map((condition) => ({ statement, condition })),
    );
  return policy.statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) => {
      const own = answer.statements.find((one) => one.statement === statement);
      return (own?.because ?? []).flatMap(({ condition }) =>
        condition !== undefined && isPathKey(condition.key) ? [{ statement, condition }] : [],
      );
    });
}

/**
 * The policy of the resource that a request is about: its own ARN, its bucket's for an object's, its API's for a stage's. Where
 * none has this ARN, there is none that was read.
 */
function carrierOf({ resourcePolicies }: Pick<State, 'resourcePolicies'>, resource: string) {
  if (!resourcePolicies.known) return undefined;
  const api = apiOf(resource);
  return resourcePolicies.value.find(
    ({ ResourceArn }) =>
      resource === ResourceArn ||
      resource.startsWith(`${ResourceArn}/`) ||
      (api !== undefined && api === apiOf(ResourceArn)),
  );
}

/** The id of a REST API: its policy is on another ARN than its calls are. */
function apiOf(arn: string): string | undefined {
  return /^arn:[a-z-]+:(?:execute-api:[a-z0-9-]*:[^:]*:|apigateway:[a-z0-9-]*::\/restapis\/)([a-z0-9]+)(?:\/|$)/.exec(
    arn,
  )?.[1];
}

/** In the words of a refusal an API’s account is masked (`arn:aws:execute-api:eu-west-1:********3333:a1b2c3d4e5/…`); its policy has it. */
function unmasked(resource: string, policy: string): string {
  const [, before, tail, after] = /^((?:[^:]*:){4})\*+(\d+)(:.*)$/.exec(resource) ?? [];
  const account =
    tail === undefined ? undefined : policy.match(/(?<=:)\d{12}(?=:)/g)?.find((one) => one.endsWith(tail));
  return account === undefined ? resource : `${before}${account}${after}`;
}

function refusalOf(text: string): Missing['why'] {
  const known = ['denied', 'throttled', 'timeout', 'unreachable', 'no-credentials', 'failed', 'not-asked'] as const;
  return known.find((one) => one === text) ?? 'failed';
}
