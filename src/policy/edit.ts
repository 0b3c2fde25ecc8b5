/** The smallest change of a policy that lets a request through, found by trying and proven by evaluating again. */

import { parseJson } from '../model/json-text.ts';
import { type PolicyKind, readPolicy } from './document.ts';
import { candidatesFor, type JsonObject, type JsonValue } from './edit-candidates.ts';
import { type Effect, evaluatePolicy } from './evaluate.ts';
import type { Principal, Request } from './request.ts';
import { changedLines, unifiedDiff } from './unified-diff.ts';

export type PolicyEdit = {
  /** the changed document; keys keep their order */
  readonly document: JsonObject;
  /** the same as JSON text with two spaces of indentation */
  readonly text: string;
  /** from the old document to the new, both written in that way; unified, without file names */
  readonly diff: string;
  /** true: every request was evaluated again with the new document and is let through, and the document is not too long */
  readonly proven: boolean;
  /** what is changed, in whole sentences */
  readonly what: string;
  /** how many lines of the diff are taken away or added */
  readonly lines: number;
  /** true: it is longer than AWS accepts, however it is written */
  readonly tooLong: boolean;
};

export type EditOptions = {
  /** requests that the old document denies and that must stay denied: a change that lets one through is no choice */
  readonly keepDenied?: readonly Request[] | undefined;
  /** true: another policy allows the requests, so that it is enough when no statement of this one denies them */
  readonly silenceSuffices?: boolean | undefined;
};

/** "The maximum size of an endpoint policy is 20,480 characters (including white space)" (facts.md, section 6.1). */
export const MAX_ENDPOINT_POLICY = 20_480;

/**
 * Pure. Changes a policy until it allows the requests, one blocker at a time and each by the change with the fewest lines; among
 * equals the one that lets fewest of the request's neighbours through (another action, resource, caller, endpoint: the same
 * request with one of them exchanged). A statement that denies gets an exception and is never removed.
 * @param document the policy, as text or parsed
 * @param requests what must become allowed; a resource may end in `/*`, and then stands for everything under it
 * @returns undefined when there is nothing to do (allowed already, or not denied for sure), when the document is malformed, or
 * when no change of this policy helps: a Deny that is about how the request is sent wants another request
 */
export function smallestEdit(
  document: unknown,
  requests: Request | readonly Request[],
  kind: PolicyKind,
  { keepDenied = [], silenceSuffices = false }: EditOptions = {},
): PolicyEdit | undefined {
  const original = parsed(document);
  if (original === undefined || !readPolicy(original, kind, 'policy').ok) return undefined;
  const wanted = 'action' in requests ? [requests] : requests;
  let current = original;
  const steps: string[] = [];
  for (const request of wanted) {
    const wasDenied = isDenied(effectOf(original, request, kind));
    for (let round = 0; round < MAX_STEPS; round += 1) {
      const effect = effectOf(current, request, kind);
      // What was denied for sure, and is open since the step for another request, is not done yet.
      if (effect === 'unknown' ? !wasDenied : !isBlocked(effect, silenceSuffices)) break;
      const step = bestStep(current, request, kind, keepDenied);
      if (step === undefined) break;
      current = step.document;
      if (step.what !== steps.at(-1)) steps.push(step.what);
    }
    if (isBlocked(effectOf(current, request, kind), silenceSuffices)) return undefined;
  }
  if (steps.length === 0) return undefined;
  const [before, text] = [prettyPolicy(original), prettyPolicy(current)];
  const isEndpoint = kind === 'endpoint' || kind === 'gateway-endpoint';
  const tooLong = isEndpoint && JSON.stringify(current).length > MAX_ENDPOINT_POLICY;
  const long = `The document is then longer than the ${MAX_ENDPOINT_POLICY.toLocaleString('en-US')} characters that an endpoint’s policy may have.`;
  return {
    document: current,
    text,
    diff: unifiedDiff(before, text),
    proven: !tooLong && wanted.every((request) => suffices(effectOf(current, request, kind), silenceSuffices)),
    what: [...steps, ...(tooLong ? [long] : [])].join(' '),
    lines: changedLines(before, text),
    tooLong,
  };
}

/** A document as the edit writes it. */
export function prettyPolicy(document: JsonObject): string {
  return JSON.stringify(document, null, 2);
}

/** Denials of one request by one policy: each Deny statement is a step, and the missing Allow. */
const MAX_STEPS = 12;

type Step = { readonly document: JsonObject; readonly what: string };

function bestStep(
  current: JsonObject,
  request: Request,
  kind: PolicyKind,
  keepDenied: readonly Request[],
): Step | undefined {
  const read = readPolicy(current, kind, 'policy');
  if (!read.ok) return undefined;
  const text = prettyPolicy(current);
  const around = neighbours(request).filter((one) => isDenied(effectOf(current, one, kind)));
  const before = completions(request).map((one) => evaluatePolicy(read.policy, one));
  const deniers = (answers: typeof before) =>
    Math.max(...answers.map(({ effect, deciding }) => (effect === 'explicitly-denied' ? deciding.length : 0)));
  let best: (Step & { readonly cost: readonly number[] }) | undefined;
  for (const candidate of completions(request).flatMap((one) => candidatesFor(current, read.policy, one, request))) {
    const after = readPolicy(candidate.document, kind, 'policy');
    if (!after.ok) continue;
    const answers = completions(request).map((one) => evaluatePolicy(after.policy, one));
    // Either it is no longer denied, or one Deny less denies it.
    const helps =
      answers.every(({ effect }) => !isDenied(effect)) || (deniers(before) > 0 && deniers(answers) < deniers(before));
    if (!helps) continue;
    const lets = (one: Request) => !isDenied(effectOf(candidate.document, one, kind));
    if (keepDenied.some((one) => isDenied(effectOf(current, one, kind)) && lets(one))) continue;
    const sure = answers.every(
      ({ effect }) => effect === 'allowed' || effect === 'explicitly-denied' || effect === 'implicitly-denied',
    );
    const cost = [
      sure ? 0 : 1,
      candidate.tier,
      changedLines(text, prettyPolicy(candidate.document)),
      around.filter(lets).length,
    ];
    if (best === undefined || isLess(cost, best.cost)) best = { ...candidate, cost };
  }
  return best;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i >= 0 && (a[i] ?? 0) < (b[i] ?? 0);
}

function isBlocked(effect: Effect, silenceSuffices: boolean): boolean {
  return isDenied(effect) && !suffices(effect, silenceSuffices);
}

function suffices(effect: Effect, silenceSuffices: boolean): boolean {
  return effect === 'allowed' || (silenceSuffices && effect === 'implicitly-denied');
}

function isDenied(effect: Effect): boolean {
  return effect === 'explicitly-denied' || effect === 'implicitly-denied';
}

/** The effect in every case that the request leaves open; `unknown` when they differ. */
function effectOf(document: JsonObject, request: Request, kind: PolicyKind): Effect {
  const read = readPolicy(document, kind, 'policy');
  if (!read.ok) return 'unknown';
  const effects = new Set(completions(request).map((one) => evaluatePolicy(read.policy, one).effect));
  const [first] = effects;
  return first === undefined || effects.size > 1 ? 'unknown' : first;
}

/**
 * The request in every case that it leaves open. A session's ARN does not tell the path of its role: what holds for a role
 * without and for one with a path holds.
 */
export function completions(request: Request): readonly Request[] {
  const { principal, context } = request;
  if (principal?.kind !== 'role' || principal.pathKnown) return [request];
  const known = context.get('aws:principalarn');
  if (known?.known === true) return [request];
  const role = (path: string): Request => {
    const arn = `arn:${principal.partition}:iam::${principal.account}:role/${path}${principal.name}`;
    return {
      ...request,
      principal: { ...principal, arn, pathKnown: true },
      context: new Map([...context, ['aws:principalarn', { known: true, values: [arn] }]]),
    };
  };
  return [role(''), role('some/path/')];
}

/** The same request with one thing exchanged: what a change lets through of these it lets through without need. */
function neighbours(request: Request): readonly Request[] {
  const { action, resource, principal, context } = request;
  const service = action.split(':', 1)[0] ?? '';
  const withKey = (key: string, value: string): Request[] =>
    context.get(key)?.known === true
      ? [{ ...request, context: new Map([...context, [key, { known: true, values: [value] }]]) }]
      : [];
  const asked = (other: Principal, arn: string | undefined): Request => ({
    ...request,
    principal: other,
    context: new Map([
      ...context,
      ['aws:principalarn', { known: true, values: arn === undefined ? undefined : [arn] }],
    ]),
  });
  const account = principal !== undefined && 'account' in principal ? principal.account : '999999999999';
  const stranger = `arn:aws:iam::${account}:user/nobody-else`;
  return [
    { ...request, action: `${service}:DeleteNeighbour` },
    { ...request, action: 'neighbour:GetNeighbour' },
    ...(resource === '*' ? [] : [{ ...request, resource: neighbourOf(resource) }]),
    asked({ kind: 'user', account, partition: 'aws', arn: stranger }, stranger),
    asked({ kind: 'anonymous' }, undefined),
    ...withKey('aws:sourcevpce', 'vpce-0neighbour'),
    ...withKey('aws:sourcevpc', 'vpc-0neighbour'),
    ...withKey('aws:principalorgid', 'o-neighbour'),
  ];
}

/** An ARN of the same kind and another name. */
function neighbourOf(arn: string): string {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), `neighbour-of-${parts.slice(5).join(':')}`].join(':');
}

function parsed(document: unknown): JsonObject | undefined {
  const value = typeof document === 'string' ? parseJson(document) : ({ ok: true, value: document } as const);
  if (!value.ok || typeof value.value !== 'object' || value.value === null || Array.isArray(value.value))
    return undefined;
  return structuredClone(value.value) as { readonly [key: string]: JsonValue };
}
