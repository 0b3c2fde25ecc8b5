/** What an endpoint's policy says of each request that goes through the endpoint. */
import { type Missing, missing, type SliceName, type State } from '../../model/state.ts';
import { contextOf } from '../../policy/context.ts';
import type { Policy, Statement } from '../../policy/document.ts';
import { evaluatePolicy, type PolicyAnswer, type StatementAnswer } from '../../policy/evaluate.ts';
import { intendedPath, isEndpointWay, type MeasuredPath, pathContext, WAY_SLICES } from '../../policy/measured-path.ts';
import { namesAccount } from '../../policy/principals.ts';
import { type Request, requestContext } from '../../policy/request.ts';
import { understandPolicy } from '../../policy/understand.ts';
import { NEEDED_READS } from '../../services/signed-reads.ts';
import type { CheckContext } from '../check.ts';
import { connectionsTo } from '../evidence.ts';
import { type Asked, requestsAsked } from './asked.ts';
import { endpointOf, waysOf } from './ways.ts';

export const ENDPOINT_POLICY_SLICES = [
  ...WAY_SLICES,
  'callerIdentities',
  'endpointServices',
] as const satisfies readonly SliceName[];
export type EndpointPolicyContext = CheckContext<(typeof ENDPOINT_POLICY_SLICES)[number]>;

export type EndpointJudgement = {
  readonly asked: Asked;
  readonly path: MeasuredPath;
  /** undefined where the way is through no endpoint, or by one that is not known */
  readonly vpceId: string | undefined;
  readonly verdict:
    | 'allowed'
    | 'denied'
    | 'unknown'
    /** no application asked for it: it is this run’s own read or stands for one, and the policy lets other requests through */
    | 'narrow'
    /** the service takes no endpoint policy */
    | 'unsupported'
    /** the policy could not be read, or the resource is not known */
    | 'unreadable'
    | 'no-endpoint';
  readonly policy?: Policy | undefined;
  /** true: the endpoint has a policy, in no grammar that is known */
  readonly garbled?: boolean | undefined;
  readonly request?: Request | undefined;
  readonly answer?: PolicyAnswer | undefined;
  readonly missing: readonly Missing[];
};

/**
 * Judges every request on every way that it takes. Where the name does not lead to the endpoint yet and nothing answers, what its
 * policy lets nobody through is named in the same run: it would be met next.
 */
export function judgeAtEndpoints(context: EndpointPolicyContext): readonly EndpointJudgement[] {
  const { state, vantage, target, evidence } = context;
  const nothingOpened = connectionsTo(evidence).open.length === 0;
  return requestsAsked(context).flatMap((asked) => {
    const judged = waysOf(context, asked).map((path) => judgeAtEndpoint(context, asked, path));
    if (asked.origin !== 'own' || !nothingOpened || judged.some((one) => isEndpointWay(one.path))) return judged;
    const next = judgeAtEndpoint(context, asked, intendedPath(state, vantage, target, false));
    return next.verdict === 'denied' ? [next] : judged;
  });
}

export function judgeAtEndpoint(context: EndpointPolicyContext, asked: Asked, path: MeasuredPath): EndpointJudgement {
  const { state, target } = context;
  const base = { asked, path, vpceId: path.vpceId };
  if (!isEndpointWay(path)) {
    const out = path.way === 'nat' || path.way === 'internet-gateway';
    return { ...base, verdict: out ? 'no-endpoint' : 'unreadable', missing: out ? [] : path.missing };
  }
  const endpoint = endpointOf(state, path);
  if (endpoint === undefined) {
    const detail = `the policy of ${path.vpceId}`;
    return { ...base, verdict: 'unreadable', missing: [unread(state, detail)] };
  }
  if (refusesPolicies(state, endpoint.ServiceName)) return { ...base, verdict: 'unsupported', missing: [] };
  const policy = policyOf(endpoint);
  if (policy === undefined) {
    const garbled = endpoint.PolicyDocument !== undefined;
    const detail = `the policy of ${path.vpceId}${garbled ? ' in a form that can be evaluated' : ''}`;
    return { ...base, garbled, verdict: 'unreadable', missing: [unread(state, detail)] };
  }
  if (asked.resource === undefined)
    return { ...base, policy, verdict: 'unreadable', missing: [missingKey(state, `the resource of ${asked.action}`)] };
  const { action, resource, principal } = asked;
  const request = {
    action,
    resource,
    principal,
    context: contextOf(pathContext(path, target, { action, resource, principal }), requestContext([])),
  };
  const answer = evaluatePolicy(policy, request);
  return { ...base, policy, request, answer, ...verdictOf(state, policy, request, answer, asked) };
}

function unread(state: Pick<State, 'vpcEndpoints'>, detail: string): Missing {
  return missing(state, 'vpcEndpoints', detail);
}

function verdictOf(
  state: Pick<State, 'callerIdentities'>,
  policy: Policy,
  request: Request,
  answer: PolicyAnswer,
  asked: Asked,
): Pick<EndpointJudgement, 'verdict' | 'missing'> {
  const whole = !isOnlyOurs(asked) || rootOnly(policy) || deniesWhatever(request, answer, asked.origin !== 'own');
  switch (answer.effect) {
    case 'allowed':
      return { verdict: 'allowed', missing: [] };
    case 'explicitly-denied':
    case 'implicitly-denied':
      return { verdict: whole ? 'denied' : 'narrow', missing: [] };
    case 'unknown':
      // Nobody signs as the root user of an account but a person, so that the request is denied whoever asks.
      if (asked.principal === undefined && rootOnly(policy)) return { verdict: 'denied', missing: [] };
      return { verdict: 'unknown', missing: answer.missing.map((key) => missingKey(state, key)) };
  }
}

/**
 * Whether nobody but this run wants it. A policy that names what the application asks, and nothing else, rightly refuses the read
 * that `--signed` tries; only where such a read is allowed against the policy has it something to say.
 */
function isOnlyOurs({ action, origin, outcome, observation }: Asked): boolean {
  if (origin === 'own') return true;
  return observation?.rung === 'access' && outcome === 'denied' && !NEEDED_READS.has(action);
}

/** The `Missing` entry for a condition key whose value nobody knows: who asks can be found out, the rest only the user can tell. */
export function missingKey(state: Pick<State, 'callerIdentities'>, key: string): Missing {
  const whose = key === 'principal' || /^aws:(?:principal(?:arn|account|type)|username|userid)$/i.test(key);
  if (whose && !state.callerIdentities.known)
    return missing(state, 'callerIdentities', key === 'principal' ? 'who asks' : key);
  return { slice: 'callerIdentities', action: key, why: 'not-told' };
}

/** The service's own description says whether its endpoints take a policy; where it is not readable, the policy itself speaks. */
export function refusesPolicies(
  { endpointServices }: Pick<State, 'endpointServices'>,
  serviceName: string | undefined,
): boolean {
  return (
    endpointServices.known &&
    endpointServices.value.some((one) => one.ServiceName === serviceName && one.VpcEndpointPolicySupported === false)
  );
}

/** Undefined where there is none, or none that the grammar of policies knows. */
export function policyOf(endpoint: {
  readonly VpcEndpointId: string;
  readonly VpcEndpointType?: string | undefined;
  readonly PolicyDocument?: string | undefined;
}): Policy | undefined {
  const { VpcEndpointId, VpcEndpointType, PolicyDocument } = endpoint;
  if (PolicyDocument === undefined) return undefined;
  const gateway = VpcEndpointType?.toLowerCase() === 'gateway';
  const read = understandPolicy({ PolicyDocument }, { side: 'endpoint', name: VpcEndpointId, gateway });
  return read.ok ? read.policy : undefined;
}

/**
 * Whether the policy denies not only this request, but whatever anybody of this account may ask of the service by this way: a
 * policy that is narrow on purpose is no fault as long as nobody has asked for what it leaves out. A policy that names some roles
 * is narrow, too: the applications of this host may have another role than this run has.
 * @param signed whether this caller was refused, so that a policy for other roles is what refuses him
 */
function deniesWhatever(request: Request, answer: PolicyAnswer, signed: boolean): boolean {
  const prefix = request.action.slice(0, request.action.indexOf(':') + 1).toLowerCase();
  if (answer.effect === 'explicitly-denied')
    return answer.deciding.some(
      ({ statement }) =>
        coversService(statement, prefix, request.resource) &&
        (signed || (statement.principal?.negated === false && statement.principal.element.everyone !== false)) &&
        statement.conditions.every(({ key }) => isCallers(key, signed)),
    );
  return answer.statements
    .filter(({ statement }) => statement.effect === 'Allow')
    .every((one) => neverReaches(one, prefix, request.resource, signed));
}

/** A Deny for every action of the service on every resource, or on the whole of the bucket that was asked for. */
function coversService({ actions, resources }: Statement, prefix: string, asked: string): boolean {
  const every = (pattern: string) => pattern === '*' || pattern.toLowerCase() === `${prefix}*`;
  const all = ['*', ...(asked === '*' ? [] : [`${asked}/*`, `${asked}*`])];
  return (
    !actions.negated &&
    actions.patterns.some(every) &&
    (resources === undefined || (!resources.negated && resources.patterns.some((pattern) => all.includes(pattern))))
  );
}

/** An Allow that fails whatever is asked: it is for others, by another way, for another service or another bucket. */
function neverReaches(
  { statement, because }: StatementAnswer,
  prefix: string,
  asked: string,
  signed: boolean,
): boolean {
  const { actions, resources } = statement;
  const elsewhere =
    !actions.negated &&
    actions.patterns.every((pattern) => {
      const own = pattern.slice(0, pattern.indexOf(':') + 1).toLowerCase();
      return own !== '' && !/[*?]/.test(own) && own !== prefix;
    });
  const outside =
    asked !== '*' && resources?.negated === false && !resources.patterns.some((pattern) => mayBeWithin(pattern, asked));
  return (
    elsewhere ||
    outside ||
    because.some(
      ({ element, truth, condition }) =>
        truth === 'no' &&
        ((element === 'Principal' && (signed || namesAccountsOnly(statement))) ||
          (element === 'NotPrincipal' && signed) ||
          (element === 'Condition' && condition !== undefined && isCallers(condition.key, signed))),
    )
  );
}

/** Whether a pattern of ARNs may match this bucket, or an object in it. */
function mayBeWithin(pattern: string, bucket: string): boolean {
  const [literal = ''] = pattern.split(/[*?$]/);
  const inside = `${bucket}/`;
  if (literal === pattern) return pattern === bucket || pattern.startsWith(inside);
  return literal.startsWith(inside) || inside.startsWith(literal);
}

/** Keys that are the same for whatever anybody of this account, or this caller, asks by this way. */
function isCallers(key: string, thisOne: boolean): boolean {
  if (thisOne && /^aws:(?:Principal\w+|username|userid)$/i.test(key)) return true;
  return /^aws:(?:Source(?:Vpce?|VpcArn|Ip)|Vpce(?:Account|OrgID|OrgPaths)|VpcSourceIp|Principal(?:Account|OrgID|OrgPaths)|SecureTransport|RequestedRegion|ViaAWSService)$/i.test(
    key,
  );
}

/** Every Allow of a gateway endpoint names accounts only, which there means their root users (facts.md 6.1). */
function rootOnly({ kind, statements }: Policy): boolean {
  const allows = statements.filter(({ effect }) => effect === 'Allow');
  return kind === 'gateway-endpoint' && allows.length > 0 && allows.every(namesAccountsOnly);
}

function namesAccountsOnly({ principal }: Statement): boolean {
  const element = principal?.element;
  if (principal?.negated !== false || element === undefined || element.everyone !== false) return false;
  return element.entries.every(({ type, value }) => type === 'AWS' && namesAccount(value));
}
