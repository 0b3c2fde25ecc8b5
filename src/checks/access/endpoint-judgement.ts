/** What an endpoint's policy says of each request that goes through the endpoint. */
import { type Missing, missing, type SliceName, type State } from '../../model/state.ts';
import { contextOf } from '../../policy/context.ts';
import type { Policy, Statement } from '../../policy/document.ts';
import { evaluatePolicy, type PolicyAnswer, type StatementAnswer } from '../../policy/evaluate.ts';
import { isEndpointWay, type MeasuredPath, pathContext, WAY_SLICES } from '../../policy/measured-path.ts';
import { namesAccount } from '../../policy/principals.ts';
import { type Request, requestContext } from '../../policy/request.ts';
import { understandPolicy } from '../../policy/understand.ts';
import type { CheckContext } from '../check.ts';
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
    /** nobody asked for it, and the policy lets other requests through */
    | 'narrow'
    /** the service takes no endpoint policy */
    | 'unsupported'
    /** the policy could not be read, or the resource is not known */
    | 'unreadable'
    | 'no-endpoint';
  readonly policy?: Policy | undefined;
  readonly request?: Request | undefined;
  readonly answer?: PolicyAnswer | undefined;
  readonly missing: readonly Missing[];
};

/** Judges every request on every way that it takes. */
export function judgeAtEndpoints(context: EndpointPolicyContext): readonly EndpointJudgement[] {
  return requestsAsked(context).flatMap((asked) =>
    waysOf(context, asked).map((path) => judgeAtEndpoint(context, asked, path)),
  );
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
  if (policy === undefined)
    return { ...base, verdict: 'unreadable', missing: [unread(state, `the policy of ${path.vpceId}`)] };
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
  const whole = asked.origin !== 'own' || rootOnly(policy) || deniesWhatever(request, answer);
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
 */
function deniesWhatever(request: Request, answer: PolicyAnswer): boolean {
  const prefix = request.action.slice(0, request.action.indexOf(':') + 1).toLowerCase();
  if (answer.effect === 'explicitly-denied')
    return answer.deciding.some(
      ({ statement }) =>
        coversService(statement, prefix) &&
        statement.principal?.negated === false &&
        statement.principal.element.everyone !== false &&
        statement.conditions.every(({ key }) => isCallers(key)),
    );
  return answer.statements
    .filter(({ statement }) => statement.effect === 'Allow')
    .every((one) => neverReaches(one, prefix));
}

/** A Deny for every action of the service on every resource. */
function coversService({ actions, resources }: Statement, prefix: string): boolean {
  const every = (pattern: string) => pattern === '*' || pattern.toLowerCase() === `${prefix}*`;
  return (
    !actions.negated &&
    actions.patterns.some(every) &&
    (resources === undefined || (!resources.negated && resources.patterns.includes('*')))
  );
}

/** An Allow that fails whatever is asked: it is for others, by another way, or for another service. */
function neverReaches({ statement, because }: StatementAnswer, prefix: string): boolean {
  const { actions } = statement;
  const elsewhere =
    !actions.negated &&
    actions.patterns.every((pattern) => {
      const own = pattern.slice(0, pattern.indexOf(':') + 1).toLowerCase();
      return own !== '' && !/[*?]/.test(own) && own !== prefix;
    });
  return (
    elsewhere ||
    because.some(
      ({ element, truth, condition }) =>
        truth === 'no' &&
        ((element === 'Principal' && namesAccountsOnly(statement)) ||
          (element === 'Condition' && condition !== undefined && isCallers(condition.key))),
    )
  );
}

/** Keys that are the same for whatever anybody of this account asks by this way. */
function isCallers(key: string): boolean {
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
