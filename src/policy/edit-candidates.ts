/** Changes of one statement, and new statements, that may let a request through; whether they do is for others to find out. */
import { awsBucketNamed } from '../services/aws-buckets.ts';
import type { ConditionEntry, Policy, Statement } from './document.ts';
import { evaluatePolicy, type StatementAnswer } from './evaluate.ts';
import { lookUp, type Principal, type Request, STAND_INS } from './request.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export type Candidate = {
  readonly document: JsonObject;
  /** one sentence */
  readonly what: string;
  /** 0 first, whatever the number of lines: what an exception from a Deny is made of decides how much it lets through */
  readonly tier: number;
};

/**
 * @param document the policy as JSON, and `policy` the same as read from it
 * @param request what must be allowed, with nothing of the caller left open
 * @param asked the same as far as it is known
 */
export function candidatesFor(
  document: JsonObject,
  policy: Policy,
  request: Request,
  asked: Request,
): readonly Candidate[] {
  const { effect, deciding, statements } = evaluatePolicy(policy, request);
  const at = (answer: StatementAnswer): Target => ({ document, policy, answer, request, asked });
  if (effect === 'explicitly-denied') return deciding.flatMap((answer) => exceptions(at(answer)));
  if (effect !== 'implicitly-denied') return [];
  const allows = statements.filter(({ statement }) => statement.effect === 'Allow');
  return [...allows.flatMap((answer) => extensions(at(answer))), ...additions(document, policy, asked)];
}

type Target = {
  readonly document: JsonObject;
  readonly policy: Policy;
  readonly answer: StatementAnswer;
  readonly request: Request;
  readonly asked: Request;
};

/** An Allow that fails in one element only gets what that element lacks. */
function extensions(target: Target): readonly Candidate[] {
  const { answer, request } = target;
  const [failing, ...others] = answer.because;
  if (failing === undefined || others.length > 0 || failing.truth !== 'no') return [];
  const where = nameOfStatement(answer);
  switch (failing.element) {
    case 'Action':
      return change(target, append('Action', request.action), `Add ${request.action} to the actions of ${where}.`);
    case 'Resource':
      // Everything as a resource would be everything for the statement's other actions too.
      if (request.resource === '*') return [];
      // What the caller may do with his own is not for a bucket of AWS's: it gets a statement of its own.
      if (isBucketOfAws(request.resource) && !allowsOnly(answer.statement, request.action)) return [];
      return change(
        target,
        append('Resource', request.resource),
        `Add ${request.resource} to the resources of ${where}.`,
      );
    case 'Principal': {
      const arn = target.policy.kind === 'gateway-endpoint' ? undefined : arnOf(target.asked.principal);
      if (arn === undefined) return [];
      return change(target, appendPrincipal(arn), `Add ${arn} to the principals of ${where}.`);
    }
    case 'Condition':
      return failing.condition === undefined ? [] : extendCondition(target, failing.condition);
    default:
      return [];
  }
}

function isBucketOfAws(resource: string): boolean {
  const bucket = /^arn:[a-z-]{3,12}:s3:::([^/]{1,100})/.exec(resource)?.[1];
  return bucket !== undefined && awsBucketNamed(bucket) !== undefined;
}

function allowsOnly({ actions }: Statement, action: string): boolean {
  return !actions.negated && actions.patterns.every((pattern) => pattern.toLowerCase() === action.toLowerCase());
}

/** Operators by which a value is named, so that one more may be. */
const NAMING = /^(?:String|Arn)(?:Not)?(?:Equals|Like)(?:IgnoreCase)?$|^(?:Not)?IpAddress$/;

/** A positive condition of an Allow, or a negated one of a Deny: the request's own value is one more that it names. */
function extendCondition(target: Target, entry: ConditionEntry): readonly Candidate[] {
  const { answer, asked } = target;
  const { operator, key } = entry;
  const isDeny = answer.statement.effect === 'Deny';
  if (operator.kind === 'null' || operator.negated !== isDeny || !NAMING.test(operator.name)) return [];
  const value = lookUp(asked.context, key);
  const [only, ...more] = value?.known ? (value.values ?? []) : [];
  // An asterisk of the request's is a letter, and in the policy would be any.
  if (
    only === undefined ||
    more.length > 0 ||
    // Nobody knows the value: it stands for one that no policy can name.
    STAND_INS.includes(only) ||
    (operator.comparison.wildcards && /[*?]/.test(only)) ||
    only.includes('${')
  )
    return [];
  const index = answer.statement.conditions.indexOf(entry);
  const what = isDeny
    ? `Add ${only} to the values of ${key} that ${nameOfStatement(answer)} spares.`
    : `Add ${only} to the values of ${key} in ${nameOfStatement(answer)}.`;
  return change(target, (statement) => appendToCondition(statement, index, only), what);
}

/** Conditions that are about how a request is sent: the request must change, not the policy. */
const MANNERS =
  /^(?:aws:SecureTransport|aws:MultiFactorAuthPresent|aws:MultiFactorAuthAge|s3:TlsVersion|s3:signatureversion)$/i;

/** Ways by which a Deny lets this one request through, and denies what else it denied. */
function exceptions(target: Target): readonly Candidate[] {
  const { answer } = target;
  const { statement } = answer;
  if (statement.conditions.some(({ key }) => MANNERS.test(key))) return [];
  const where = nameOfStatement(answer);
  const spares = statement.conditions.flatMap((entry) => extendCondition(target, entry));
  // A Deny that is about whose the resource is keeps its sense when a resource is excepted; any other, when a caller is.
  const isPerimeter = statement.conditions.some(({ key }) => OWNER.test(key));
  const [ofResource, ofCaller] = isPerimeter ? [1, 2] : [2, 1];
  return [
    ...spares,
    ...exceptResource(target, where, ofResource),
    ...exceptAction(target, where),
    ...exceptCaller(target, where, ofCaller),
  ];
}

/** Whose the resource is. */
const OWNER = /^(?:aws:Resource(?:OrgID|OrgPaths|Account)|s3:ResourceAccount)$/i;

function exceptResource(target: Target, where: string, tier: number): readonly Candidate[] {
  const { answer, request } = target;
  const { resources } = answer.statement;
  const { resource } = request;
  if (resource === '*' || resources === undefined) return [];
  if (resources.negated)
    return change(target, append('NotResource', resource), `Add ${resource} to what ${where} spares.`, tier);
  const [only, ...more] = resources.patterns;
  if (only !== '*' || more.length > 0) return [];
  const what = `Let ${where} deny everything but ${resource}.`;
  return change(target, rename('Resource', 'NotResource', resource), what, tier);
}

function exceptAction(target: Target, where: string): readonly Candidate[] {
  const { answer, request } = target;
  if (!answer.statement.actions.negated) return [];
  const what = `Add ${request.action} to the actions that ${where} spares.`;
  return change(target, append('NotAction', request.action), what, 2);
}

function exceptCaller(target: Target, where: string, tier: number): readonly Candidate[] {
  const { policy, asked } = target;
  const arns = policy.kind === 'identity' ? undefined : principalArns(asked.principal);
  if (arns === undefined) return [];
  const operator = arns.length > 1 ? 'ArnNotLike' : 'ArnNotEquals';
  const what = `Except ${arns[0]} from ${where}, which denies.`;
  return change(target, addCondition(operator, 'aws:PrincipalArn', arns), what, tier);
}

/** One more statement, for this action, resource and caller. */
function additions(
  document: JsonObject,
  policy: Policy,
  { action, resource, principal }: Request,
): readonly Candidate[] {
  const scope = scopeOf(policy, principal);
  if (scope === undefined) return [];
  const statement: JsonObject = {
    Effect: 'Allow',
    ...(scope.principal === undefined ? {} : { Principal: scope.principal }),
    Action: action,
    // "In a key policy, the value of the Resource element is *, which means this KMS key" (kms key-policy-overview).
    Resource: policy.kind === 'resource' && /^kms:/i.test(action) ? '*' : resource,
    ...(scope.condition === undefined ? {} : { Condition: scope.condition }),
  };
  const list = statementsOf(document);
  const [arn] = principal?.kind === 'service' ? [principal.name] : (principalArns(principal) ?? []);
  const caller = policy.kind === 'identity' ? '' : arn === undefined ? ' for whoever asks' : ` for ${arn}`;
  return [
    {
      document: { ...document, Statement: [...list, statement] },
      what: `Add a statement that allows ${action} on ${resource}${caller}.`,
      tier: 0,
    },
  ];
}

type Scope = { readonly principal?: JsonValue | undefined; readonly condition?: JsonObject | undefined };

/**
 * The caller as a statement names him. A gateway endpoint takes `*` only, and tells callers by aws:PrincipalArn (docs:
 * vpc/latest/privatelink/vpc-endpoints-access); so does a statement for a role whose path is not known.
 */
function scopeOf({ kind }: Policy, principal: Principal | undefined): Scope | undefined {
  if (kind === 'identity') return {};
  if (principal === undefined) return kind === 'resource' ? undefined : { principal: '*' };
  if (principal.kind === 'anonymous') return { principal: '*' };
  if (principal.kind === 'service')
    return kind === 'gateway-endpoint' ? { principal: '*' } : { principal: { Service: principal.name } };
  const arn = arnOf(principal);
  if (arn !== undefined && kind !== 'gateway-endpoint') return { principal: { AWS: arn } };
  const arns = principalArns(principal);
  if (arns === undefined) return undefined;
  const condition = {
    [arns.length > 1 ? 'ArnLike' : 'ArnEquals']: { 'aws:PrincipalArn': arns.length > 1 ? arns : (arns[0] ?? '') },
  };
  const account = { AWS: `arn:${principal.partition}:iam::${principal.account}:root` };
  return { principal: kind === 'gateway-endpoint' ? '*' : account, condition };
}

/** The ARN that a Principal element can name for sure. */
function arnOf(principal: Principal | undefined): string | undefined {
  switch (principal?.kind) {
    case 'account':
      return `arn:${principal.partition}:iam::${principal.account}:root`;
    case 'user':
    case 'federated':
      return principal.arn;
    case 'role':
      return principal.pathKnown ? principal.arn : undefined;
    default:
      return undefined;
  }
}

/** What aws:PrincipalArn is for this caller: two patterns where the role's path is not known. */
function principalArns(principal: Principal | undefined): readonly string[] | undefined {
  const arn = arnOf(principal);
  if (arn !== undefined) return [arn];
  if (principal?.kind !== 'role') return undefined;
  const role = `arn:${principal.partition}:iam::${principal.account}:role/`;
  return [`${role}${principal.name}`, `${role}*/${principal.name}`];
}

type Raw = { [key: string]: JsonValue };
type Change = (statement: Raw) => Raw | undefined;

/** The candidate whose statement is changed so; none when there is nothing to change. */
function change({ document, answer }: Target, by: Change, what: string, tier = 0): readonly Candidate[] {
  const list = statementsOf(document);
  const statement = list[answer.statement.index];
  const changed = isObject(statement) ? by({ ...statement }) : undefined;
  if (changed === undefined) return [];
  const statements = list.map((one, index) => (index === answer.statement.index ? changed : one));
  const isList = Array.isArray(document['Statement']);
  return [{ document: { ...document, Statement: isList ? statements : changed }, what, tier }];
}

const append =
  (element: string, value: string): Change =>
  (statement) => {
    const present = statement[element];
    return present === undefined ? undefined : { ...statement, [element]: [...listOf(present), value] };
  };

/** The element under its negated name, at its place. */
const rename =
  (element: string, to: string, value: string): Change =>
  (statement) =>
    Object.fromEntries(Object.entries(statement).map(([key, old]) => (key === element ? [to, value] : [key, old])));

const appendPrincipal =
  (arn: string): Change =>
  (statement) => {
    const present = statement['Principal'];
    if (!isObject(present)) return undefined;
    const aws = present['AWS'];
    return { ...statement, Principal: { ...present, AWS: aws === undefined ? arn : [...listOf(aws), arn] } };
  };

/** @param index of the line among all lines of the block, in the order of the document */
function appendToCondition(statement: Raw, index: number, value: string): Raw | undefined {
  const block = statement['Condition'];
  if (!isObject(block)) return undefined;
  const lines = Object.entries(block).flatMap(([operator, keys]) =>
    isObject(keys) ? Object.keys(keys).map((key) => ({ operator, key, keys })) : [],
  );
  const line = lines[index];
  if (line === undefined) return undefined;
  const values = [...listOf(line.keys[line.key] ?? []), value];
  return { ...statement, Condition: { ...block, [line.operator]: { ...line.keys, [line.key]: values } } };
}

const addCondition =
  (operator: string, key: string, values: readonly string[]): Change =>
  (statement) => {
    const block = isObject(statement['Condition']) ? statement['Condition'] : {};
    const keys = isObject(block[operator]) ? block[operator] : {};
    if (Object.keys(keys).some((name) => name.toLowerCase() === key.toLowerCase())) return undefined;
    const value = values.length === 1 ? (values[0] ?? '') : values;
    return { ...statement, Condition: { ...block, [operator]: { ...keys, [key]: value } } };
  };

function statementsOf(document: JsonObject): readonly JsonValue[] {
  return listOf(document['Statement'] ?? []);
}

function listOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [value as JsonValue];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOfStatement({ statement }: StatementAnswer): string {
  return `statement ${statement.index + 1}${statement.sid === undefined ? '' : ` (${statement.sid})`}`;
}
