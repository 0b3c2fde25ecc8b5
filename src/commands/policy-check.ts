/** `vpce-doctor policy-check`: what policies say of one request, before they are deployed. Asks nobody, sends nothing. */
import { FILE_READERS } from '../collect/document-files.ts';
import { parseDocument } from '../collect/document-text.ts';
import { contextOf, deriveContext } from '../policy/context.ts';
import type { PolicySide } from '../policy/decide.ts';
import { nameOf } from '../policy/reasons.ts';
import {
  type ParsedPrincipal,
  type Principal,
  parsePrincipal,
  type RequestContext,
  requestContext,
  singleValue,
} from '../policy/request.ts';
import { policyTraps } from '../policy/traps.ts';
import { type UnderstoodPolicy, understandPolicy } from '../policy/understand.ts';
import { type Io, isProblem, refuse, type UsageProblem } from './io.ts';
import { type GivenPolicy, policyCheckJson, policyCheckText } from './policy-check-answer.ts';
import { decideAll, fixFor } from './policy-check-fix.ts';

export type PolicyCheckFlags = {
  readonly endpointPolicy?: string | undefined;
  readonly resourcePolicy?: string | undefined;
  readonly identityPolicy?: readonly string[] | undefined;
  readonly action: string;
  readonly resource: string;
  readonly principal?: string | undefined;
  readonly context?: readonly string[] | undefined;
  readonly absent?: readonly string[] | undefined;
  readonly gateway?: boolean | undefined;
  readonly format: string;
  readonly color: boolean;
};

/** @returns the exit status: 0 allowed, 1 denied, 2 cannot tell, 3 bad input */
export async function policyCheckCommand(io: Io, flags: PolicyCheckFlags): Promise<number> {
  const asked = askedFrom(flags);
  if (isProblem(asked)) return refuse(io, asked.problem);
  const policies = await readPolicies(io, flags);
  if (isProblem(policies)) return refuse(io, policies.problem);

  const through = policies.find(({ side }) => side === 'endpoint');
  const { action, resource, principal, given } = asked;
  const derived = deriveContext({ action, resource, principal, endpoint: through && (through.endpoint ?? {}) });
  const request = { action, resource, principal, context: contextOf(derived, given.context) };
  const decision = decideAll(policies, ({ policy }) => policy, request);
  const traps = policies.flatMap((one) =>
    policyTraps(one.policy, concernsS3(one, action)).map((trap) => ({ ...trap, policy: one })),
  );
  const fix = fixFor(policies, request, decision);
  const answer = { request, policies, decision, traps, derived, given: given.keys, fix };
  io.stdout(
    flags.format === 'json'
      ? `${JSON.stringify(policyCheckJson(answer), null, 2)}\n`
      : policyCheckText(answer, {
          width: Math.max(80, Math.min(io.columns ?? 100, 120)),
          color: flags.color && io.columns !== undefined && !io.host.env['NO_COLOR'],
        }),
  );
  return { allowed: 0, denied: 1, unknown: 2 }[decision.decision];
}

/** Without a service's name the action tells whose endpoint it is. */
function concernsS3({ endpoint }: GivenPolicy, action: string): boolean {
  return endpoint?.serviceName === undefined ? /^s3:/i.test(action) : /\.s3$/.test(endpoint.serviceName);
}

type Asked = {
  readonly action: string;
  readonly resource: string;
  readonly principal: Principal | undefined;
  readonly given: GivenContext;
};

type GivenContext = {
  readonly context: RequestContext;
  /** the keys as they were spelled */
  readonly keys: readonly string[];
};

/** The request, from what was typed. */
function askedFrom(flags: PolicyCheckFlags): Asked | UsageProblem {
  const { action, resource } = flags;
  if (flags.format !== 'text' && flags.format !== 'json')
    return { problem: `--format is ${JSON.stringify(flags.format)}: give text or json` };
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9]+$/.test(action))
    return { problem: `--action is ${JSON.stringify(action)}: give one action, like s3:GetObject` };
  if (resource !== '*' && !/^arn:[a-z-]+:[^:]*:[^:]*:[^:]*:.+$/.test(resource))
    return { problem: `--resource is ${JSON.stringify(resource)}: give an ARN, like arn:aws:s3:::bucket/key, or *` };
  const given = contextFrom(flags.context ?? [], flags.absent ?? []);
  if (isProblem(given)) return given;
  const parsed = flags.principal === undefined ? undefined : parsePrincipal(flags.principal);
  if (parsed?.ok === false) return { problem: `--principal: ${parsed.problem}` };
  const principal = withRole(parsed, given.context);
  if (flags.identityPolicy !== undefined && principal !== undefined && BEARERLESS.has(principal.kind))
    return { problem: `--identity-policy is a user's or role's own, and ${nameOf(principal)} has none` };
  return { action, resource, principal, given };
}

/** No policy is attached to a root user, to nobody, or to a service. */
const BEARERLESS: ReadonlySet<Principal['kind']> = new Set(['account', 'anonymous', 'service']);

/** aws:PrincipalArn tells who asks, and of a session the path of its role. */
function withRole(
  parsed: Extract<ParsedPrincipal, { ok: true }> | undefined,
  given: RequestContext,
): Principal | undefined {
  const text = singleValue(given, 'aws:PrincipalArn');
  const named = text === undefined ? undefined : parsePrincipal(text);
  const principal = parsed?.principal;
  if (named?.ok !== true) return principal;
  if (principal === undefined) return named.principal;
  if (principal.kind !== 'role' || principal.pathKnown || named.principal.kind !== 'role') return principal;
  const { account, name, arn, pathKnown } = named.principal;
  return account === principal.account && name === principal.name ? { ...principal, arn, pathKnown } : principal;
}

/** `k=v`, repeated for several values, and the keys that the request does not carry. */
function contextFrom(pairs: readonly string[], absent: readonly string[]): GivenContext | UsageProblem {
  const values = new Map<string, { key: string; values: string[] | undefined }>();
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined || !isKey(key))
      return { problem: `--context is ${JSON.stringify(pair)}: give KEY=VALUE, like aws:SourceVpce=vpce-0a1b2c3d` };
    const entry = values.get(key.toLowerCase()) ?? { key, values: [] };
    entry.values?.push(value);
    values.set(key.toLowerCase(), entry);
  }
  for (const key of absent) {
    if (!isKey(key) || key.includes('='))
      return { problem: `--absent is ${JSON.stringify(key)}: give a key, like aws:SourceVpce` };
    if (values.get(key.toLowerCase())?.values !== undefined)
      return { problem: `--context and --absent both name ${key}: the request has it or has it not` };
    values.set(key.toLowerCase(), { key, values: undefined });
  }
  const entries = [...values.values()];
  return {
    context: requestContext(entries.map((entry) => [entry.key, entry.values] as const)),
    keys: entries.map(({ key }) => key),
  };
}

function isKey(text: string): boolean {
  return /^[A-Za-z0-9-]+:\S/.test(text);
}

async function readPolicies(io: Io, flags: PolicyCheckFlags): Promise<readonly GivenPolicy[] | UsageProblem> {
  const one = (path: string | undefined) => (path === undefined ? [] : [path]);
  const named = (side: PolicySide, paths: readonly string[]) =>
    paths.map((path) => ({ side, option: `--${side}-policy`, path }));
  const wanted = [
    ...named('endpoint', one(flags.endpointPolicy)),
    ...named('resource', one(flags.resourcePolicy)),
    ...named('identity', flags.identityPolicy ?? []),
  ];
  if (wanted.length === 0)
    return { problem: 'Give at least one policy: --endpoint-policy, --resource-policy or --identity-policy FILE' };
  if (flags.gateway === true && flags.endpointPolicy === undefined)
    return { problem: '--gateway says what kind of endpoint carries the policy: give --endpoint-policy FILE with it' };
  if (wanted.filter(({ path }) => path === '-' || path.startsWith('-#')).length > 1)
    return { problem: 'Standard input (-) holds one policy: give files for the others' };
  const policies: GivenPolicy[] = [];
  for (const { side, option, path } of wanted) {
    const read = await readOne(io, path, { side, option, gateway: flags.gateway });
    if (!read.ok) return { problem: read.problem };
    policies.push({ side, document: path, ...read });
  }
  return policies;
}

async function readOne(
  io: Io,
  path: string,
  { side, option, gateway }: { side: PolicySide; option: string; gateway: boolean | undefined },
): Promise<UnderstoodPolicy> {
  const problem = (text: string) => ({ ok: false, problem: `${option}: ${text}` }) as const;
  const [, before, vpceId] = side === 'endpoint' ? (/^(.+)#(vpce-[\w-]+)$/.exec(path) ?? []) : [];
  // A file may really be called so.
  const literal = before === undefined || (await FILE_READERS.kindOf(path)) !== 'missing';
  const file = literal ? path : before;
  let bytes: Uint8Array;
  try {
    bytes = file === '-' ? ((await io.stdin?.()) ?? new Uint8Array()) : await FILE_READERS.read(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'ENOENT') return problem(`${file} does not exist.`);
    return problem(code === 'EISDIR' ? `${file} is a folder: give a file.` : `${file} cannot be read (${code}).`);
  }
  const name = file === '-' ? 'standard input' : file;
  const json = parseDocument(bytes);
  if (!json.ok) return problem(`${name} is ${json.reason}.`);
  const understood = understandPolicy(json.value, { side, name, gateway, vpceId: literal ? undefined : vpceId });
  return understood.ok ? understood : problem(understood.problem);
}
