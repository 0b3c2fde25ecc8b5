/**
 * A second, naive reading of the IAM documentation, by which the lab's services decide and which tests hold against the tool's:
 * everything is known, the answer is yes or no, wildcards are regular expressions, and the policies are taken as the JSON that
 * they are. It imports nothing.
 * Pages (IAM User Guide): reference_policies_evaluation-logic and …-cross-account, reference_policies_elements_principal,
 * …_notprincipal, …_resource, …_condition_operators, reference_policies_condition-single-vs-multi-valued-context-keys,
 * reference_policies_variables; and vpc/latest/privatelink/vpc-endpoints-access.
 */

export type Json = { readonly [key: string]: unknown };
export type Document = { readonly Version?: string; readonly Statement: readonly Json[] };

/** Who asks, by every name that a policy may call him. */
export type Caller = {
  readonly account: string | undefined;
  readonly isRoot: boolean;
  readonly service: string | undefined;
  /** his ARNs: the user's; or the role's and the session's */
  readonly arns: readonly string[];
};

export type Asked = {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly resourceAccount: string;
  /** keys in lower case; one that is not here is not carried */
  readonly keys: ReadonlyMap<string, readonly string[]>;
};

export type Documents = {
  readonly endpoint?: Document | undefined;
  readonly gateway: boolean;
  readonly resource?: Document | undefined;
  readonly identity?: readonly Document[] | undefined;
};

/** What a policy stands on: a gateway endpoint reads principals in its own way, and an identity has none. */
export type Where = 'endpoint' | 'gateway' | 'resource' | 'identity';

/** True when the request is allowed by all that is given. */
export function allows(documents: Documents, world: Asked): boolean {
  const endpoint = documents.gateway ? ('gateway' as const) : ('endpoint' as const);
  const all: (readonly [Document, Where])[] = [
    ...(documents.endpoint === undefined ? [] : [[documents.endpoint, endpoint] as const]),
    ...(documents.resource === undefined ? [] : [[documents.resource, 'resource'] as const]),
    ...(documents.identity ?? []).map((document) => [document, 'identity'] as const),
  ];
  // "An explicit deny in any policy overrides any allows."
  if (all.some(([document, where]) => effects(document, where, world, 'Deny').length > 0)) return false;
  if (documents.endpoint !== undefined && effects(documents.endpoint, endpoint, world, 'Allow').length === 0)
    return false;
  const { caller } = world;
  const byResource = documents.resource === undefined ? [] : effects(documents.resource, 'resource', world, 'Allow');
  const byIdentity =
    caller.isRoot || (documents.identity ?? []).some((one) => effects(one, 'identity', world, 'Allow').length > 0);
  if (documents.resource === undefined) return documents.identity === undefined || byIdentity;
  if (caller.account === undefined) return byResource.length > 0;
  // "The request is allowed only if both evaluations return a decision of Allow."
  if (caller.account !== world.resourceAccount) return byResource.length > 0 && byIdentity;
  // "This delegates authority to the account": the account's own policies still have to allow.
  const direct = byResource.some((statement) => !reachesByAccountOnly(statement, caller));
  if (direct) return true;
  return /^kms:/i.test(world.action) ? byResource.length > 0 && byIdentity : byIdentity;
}

/** The statements of a policy with this effect that apply to the request. */
export function effects(document: Document, where: Where, world: Asked, effect: 'Allow' | 'Deny'): Json[] {
  return document.Statement.filter((one) => one['Effect'] === effect && applies(document, one, where, world));
}

function applies(document: Document, statement: Json, where: Where, world: Asked): boolean {
  const variables = document.Version === '2012-10-17';
  return (
    (where === 'identity' || names(statement, where, world.caller)) &&
    actionFits(statement, world.action) &&
    resourceFits(statement, world, variables) &&
    conditionsHold(statement, world, variables)
  );
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

function actionFits(statement: Json, action: string): boolean {
  const fits = (patterns: unknown) => listOf(patterns).some((pattern) => glob(pattern, 'i').test(action));
  return 'Action' in statement ? fits(statement['Action']) : !fits(statement['NotAction']);
}

function resourceFits(statement: Json, world: Asked, variables: boolean): boolean {
  const fits = (patterns: unknown) =>
    listOf(patterns).some((pattern) => {
      const text = substitute(pattern, world, variables);
      return text !== undefined && new RegExp(`^${text}$`, 's').test(world.resource);
    });
  return 'Resource' in statement ? fits(statement['Resource']) : !fits(statement['NotResource']);
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const wild = (text: string): string => quote(text).replaceAll('\\*', '.*').replaceAll('\\?', '.');
const glob = (pattern: string, flags = ''): RegExp => new RegExp(`^${wild(pattern)}$`, `s${flags}`);

/** A regular expression's source; undefined when a variable has no value, "there is no equal or like value". */
function substitute(pattern: string, world: Asked, variables: boolean, wildcards = true): string | undefined {
  const plain = wildcards ? wild : quote;
  if (!variables) return plain(pattern);
  let without = false;
  const pieces = pattern.split(/(\$\{[^}]*\})/).map((piece, i) => {
    if (i % 2 === 0) return plain(piece);
    const [, key = '', , fallback] = /^\$\{([^,}]+)(, '([^']*)')?\}$/.exec(piece) ?? [];
    if (['*', '?', '$'].includes(key)) return quote(key);
    const values = world.keys.get(key.toLowerCase());
    const value = values?.length === 1 ? values[0] : fallback;
    if (value === undefined) without = true;
    return quote(value ?? '');
  });
  return without ? undefined : pieces.join('');
}

function principalsIn(statement: Json): { element: unknown; negated: boolean } {
  return 'Principal' in statement
    ? { element: statement['Principal'], negated: false }
    : { element: statement['NotPrincipal'], negated: true };
}

function names(statement: Json, where: Where, caller: Caller): boolean {
  const { element, negated } = principalsIn(statement);
  if (element === '*') return !negated;
  const map = element as Json;
  const aws = 'AWS' in map ? listOf(map['AWS']) : [];
  const services = 'Service' in map ? listOf(map['Service']) : [];
  const named =
    (caller.service !== undefined && services.includes(caller.service)) ||
    aws.some((entry) => entry === '*' || caller.arns.includes(entry) || namesAccount(entry, where, caller));
  return named !== negated;
}

/** "Access is granted to the AWS account root user only" on a gateway endpoint, elsewhere to the whole account. */
function namesAccount(entry: string, where: Where, caller: Caller): boolean {
  if (caller.account === undefined) return false;
  if (entry !== caller.account && entry !== `arn:aws:iam::${caller.account}:root`) return false;
  return where !== 'gateway' || caller.isRoot;
}

function reachesByAccountOnly(statement: Json, caller: Caller): boolean {
  const { element, negated } = principalsIn(statement);
  if (caller.isRoot || negated || element === '*') return false;
  const map = element as Json;
  const aws = 'AWS' in map ? listOf(map['AWS']) : [];
  return !aws.some((entry) => entry === '*' || caller.arns.includes(entry));
}

function conditionsHold(statement: Json, world: Asked, variables: boolean): boolean {
  const block = (statement['Condition'] ?? {}) as { [operator: string]: { [key: string]: unknown } };
  return Object.entries(block).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      holds(operator, listOf(wanted), world.keys.get(key.toLowerCase()), world, variables),
    ),
  );
}

function holds(
  operator: string,
  wanted: readonly string[],
  actual: readonly string[] | undefined,
  world: Asked,
  variables: boolean,
): boolean {
  if (operator === 'Null') return wanted.includes(String(actual === undefined));
  const set = operator.includes(':') ? operator.split(':')[0] : undefined;
  const bare = operator.replace(/^.*:/, '');
  const ifExists = bare.endsWith('IfExists');
  const name = bare.replace(/IfExists$/, '');
  const negated = name.includes('Not');
  if (actual === undefined) {
    if (ifExists) return true;
    if (set !== undefined) return set === 'ForAllValues';
    return negated;
  }
  const one = (value: string): boolean => {
    const matched = wanted.some((pattern) => compare(name.replace('Not', ''), value, pattern, world, variables));
    return matched !== negated;
  };
  return set === 'ForAnyValue' ? actual.some(one) : actual.every(one);
}

function compare(name: string, value: string, wanted: string, world: Asked, variables: boolean): boolean {
  const text = (wildcards: boolean, flags: string) => {
    const source = substitute(wanted, world, variables, wildcards);
    return source !== undefined && new RegExp(`^${source}$`, `s${flags}`).test(value);
  };
  const by = (read: (text: string) => number): boolean => {
    const [a, b] = [read(value), read(wanted)];
    if (name.endsWith('LessThan')) return a < b;
    if (name.endsWith('LessThanEquals')) return a <= b;
    if (name.endsWith('GreaterThan')) return a > b;
    if (name.endsWith('GreaterThanEquals')) return a >= b;
    return a === b;
  };
  if (name === 'StringEquals') return text(false, '');
  if (name === 'StringEqualsIgnoreCase') return text(false, 'i');
  if (name === 'StringLike') return text(true, '');
  if (name === 'Bool') return value === wanted;
  if (name.startsWith('Numeric')) return by(Number);
  if (name.startsWith('Date')) return by(Date.parse);
  if (name === 'IpAddress') return inNetwork(value, wanted);
  if (name === 'ArnLike' || name === 'ArnEquals') return arnFits(value, wanted);
  throw new Error(`no operator ${name}`);
}

function bitsOf(address: string): string {
  if (!address.includes(':')) return binary(address.split('.').map(Number), 8);
  const [head = '', tail] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = tail === undefined ? [...head] : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return binary(
    groups.map((group) => Number.parseInt(group, 16)),
    16,
  );
}

const binary = (numbers: readonly number[], width: number): string =>
  numbers.map((one) => one.toString(2).padStart(width, '0')).join('');

function inNetwork(address: string, network: string): boolean {
  const [base = '', length = '128'] = network.split('/');
  if (address.includes(':') !== base.includes(':')) return false;
  return bitsOf(address).startsWith(bitsOf(base).slice(0, Number(length)));
}

/** "Each of the six colon-delimited components of the ARN is checked separately." */
function arnFits(value: string, wanted: string): boolean {
  const parts = /^([^:]*):([^:]*):([^:]*):([^:]*):([^:]*):(.*)$/s;
  const [, ...a] = parts.exec(value) ?? [];
  const [, ...b] = parts.exec(wanted) ?? [];
  return a.length === 6 && b.length === 6 && b.every((pattern, i) => glob(pattern).test(a[i] ?? ''));
}
