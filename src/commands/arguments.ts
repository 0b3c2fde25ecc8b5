/** What the user typed, checked and turned into requests and numbers. Every refusal is one line. */
import { DURATIONS, type Durations } from '../durations.ts';
import { type State, unknownState } from '../model/state.ts';
import type { TargetRequest } from '../model/target.ts';
import { FORMATS, type Format, LEAST_BYTES } from '../report/formats.ts';
import { parseTarget, parseWorkload } from '../services/parse-target.ts';
import { isRegion } from '../services/partitions.ts';
import { nearest } from '../services/suggest.ts';
import type { UsageProblem } from './io.ts';

export type TargetArguments = {
  readonly targets: readonly string[];
  readonly workload?: readonly string[] | undefined;
  readonly error?: string | undefined;
};

/** Targets, workloads and a pasted error line as requests; every endpoint of the VPC when there is none. */
export async function requestsFrom(
  given: TargetArguments,
): Promise<{ requests: TargetRequest[]; notes: string[] } | UsageProblem> {
  const requests: TargetRequest[] = [];
  const notes: string[] = [];
  for (const parsed of [...given.targets.map(parseTarget), ...(given.workload ?? []).map(parseWorkload)]) {
    if (!parsed.ok) return { problem: parsed.problem };
    requests.push(parsed.request);
  }
  if (given.error !== undefined) {
    const { targetsFromError } = await import('../services/error-text.ts');
    const reading = targetsFromError(given.error);
    if (reading.requests.length === 0 && requests.length === 0)
      return {
        problem: 'The text given with --error names no host, address or service that could be tested. Add a target.',
      };
    requests.push(...reading.requests);
    if (reading.hypothesis !== undefined) notes.push(`From the error text: ${reading.hypothesis}`);
  }
  if (requests.length === 0) requests.push({ kind: 'every-endpoint', text: 'every endpoint' });
  return { requests, notes };
}

export type NumberArguments = {
  readonly timeout?: string | undefined;
  readonly deadline?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly repeat?: string | undefined;
};

/** Seconds, as people type them: `2`, `1.5`, `30s`, `500ms`. */
function milliseconds(name: string, text: string): number | UsageProblem {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]) * (match[2] === 'ms' ? 1 : 1000);
  if (!Number.isFinite(value) || value < 1 || value > 3_600_000)
    return { problem: `${name} is ${JSON.stringify(text)}: give seconds from 0.001 to 3600, like 2 or 1.5 or 500ms` };
  return Math.round(value);
}

function whole(name: string, text: string, from: number, to: number): number | UsageProblem {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to))
    return { problem: `${name} is ${JSON.stringify(text)}: give a whole number from ${from} to ${to}` };
  return value;
}

/** The table of durations with the user's own, and the counts. */
export function numbersFrom(
  given: NumberArguments,
): { durations: Durations; concurrency: number; repeat: number } | UsageProblem {
  let durations: Durations = DURATIONS;
  if (given.timeout !== undefined) {
    const ms = milliseconds('--timeout', given.timeout);
    if (typeof ms !== 'number') return ms;
    durations = { ...durations, dnsQuery: ms, tcpConnect: ms, tlsHandshake: ms, httpsExchange: ms };
  }
  if (given.deadline !== undefined) {
    const ms = milliseconds('--deadline', given.deadline);
    if (typeof ms !== 'number') return ms;
    durations = { ...durations, deadline: ms };
  }
  const concurrency = whole('--concurrency', given.concurrency ?? '16', 1, 256);
  if (typeof concurrency !== 'number') return concurrency;
  const repeat = whole('--repeat', given.repeat ?? '1', 1, 1000);
  if (typeof repeat !== 'number') return repeat;
  return { durations, concurrency, repeat };
}

export function formatFrom(text: string): Format | UsageProblem {
  const format = FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  return { problem: `--format is ${JSON.stringify(text)}: give one of ${FORMATS.join(', ')}` };
}

/** `--most`: a whole number of bytes that a report can fit into. */
export function mostFrom(text: string | undefined, format: Format): number | undefined | UsageProblem {
  if (text === undefined) return undefined;
  if (format !== 'json') return { problem: '--most cuts JSON only: give it with --format json' };
  return whole('--most', text, LEAST_BYTES, 1_000_000_000);
}

export function regionFrom(text: string | undefined): string | undefined | UsageProblem {
  if (text === undefined || isRegion(text.toLowerCase())) return text?.toLowerCase();
  return { problem: `--region is ${JSON.stringify(text)}, which is no Region name: give one like eu-west-1` };
}

/** The state of `--state` documents; nothing given is a state of which nothing is known. */
export async function stateFrom(
  paths: readonly string[] | undefined,
): Promise<{ state: State; accountId?: string; region?: string; warnings: string[] } | UsageProblem> {
  if (paths === undefined || paths.length === 0) return { state: unknownState('not-given'), warnings: [] };
  const { readStateDocuments } = await import('../collect/document-files.ts');
  const read = await readStateDocuments(paths);
  if (!read.ok) return { problem: `--state: ${read.problem}` };
  return read;
}

/** `did you mean …` for a word that is not among the known ones. */
export function didYouMean(word: string, known: readonly string[]): string {
  const close = nearest(word, known);
  return close.length === 0 ? '' : `; did you mean ${close.join(' or ')}?`;
}
