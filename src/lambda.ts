/** The Lambda handler: the same pipeline as the command, from inside a function's VPC; the answer is the report as JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from './commands/program.ts';
import { realHost } from './host.ts';
import type { Report } from './model/report.ts';

export type LambdaEvent = {
  readonly targets?: readonly string[];
  readonly workloads?: readonly string[];
  /** a pasted error line */
  readonly error?: string;
  readonly region?: string;
  /** one of the function's own network interfaces, eni-…: without it nobody knows in which subnet the function stands */
  readonly from?: string;
  readonly noApi?: boolean;
  readonly signed?: boolean;
  readonly repeat?: number;
  /** seconds for one probe */
  readonly timeout?: number;
};

export type LambdaContext = { readonly getRemainingTimeInMillis: () => number };

/** A synchronous answer may have 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_BYTES = 6_000_000;
/** What the diagnosis itself, and handing it over, may take. */
const RESERVED_MS = 2_000;

/**
 * Ends two seconds before the function would, with what is known by then.
 * @throws with one line when the event cannot be understood
 */
export async function handler(event: LambdaEvent, context: LambdaContext): Promise<Report> {
  const { targets = [], workloads = [], error, region, from, noApi, signed, repeat, timeout } = checked(event);
  const deadline = Math.max(1, (context.getRemainingTimeInMillis() - RESERVED_MS) / 1000);
  // The only folder that a function may write to.
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-'));
  const file = join(folder, 'case.json');
  const report = ['--format', 'json', '--most', String(MOST_BYTES)];
  try {
    const first = await command([
      ...workloads.flatMap((name) => ['--workload', name]),
      ...(error === undefined ? [] : ['--error', error]),
      ...(region === undefined ? [] : ['--region', region]),
      ...(noApi === true ? ['--no-api'] : []),
      ...(signed === true ? ['--signed'] : []),
      ...(repeat === undefined ? [] : ['--repeat', String(repeat)]),
      ...(timeout === undefined ? [] : ['--timeout', String(timeout)]),
      ...['--deadline', deadline.toFixed(3), '--save', file, ...report, '--', ...targets],
    ]);
    // The packets are this machine's own; only whose interface they leave by is told afterwards.
    return from === undefined ? first : await command(['diagnose', file, '--from', from, ...report]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function command(argv: readonly string[]): Promise<Report> {
  const out: string[] = [];
  const words: string[] = [];
  const status = await main(argv, {
    host: realHost(),
    stdout: (text) => out.push(text),
    stderr: (text) => words.push(text),
    columns: undefined,
    showsProgress: false,
    signal: new AbortController().signal,
  });
  if (status === 3) throw new Error(words.join('').trim());
  for (const line of words) console.warn(line.trimEnd());
  return JSON.parse(out.join('')) as Report;
}

const WORDS = ['error', 'region', 'from'];
const FLAGS = ['noApi', 'signed'];
const NUMBERS = ['repeat', 'timeout'];

/** An event is anybody's JSON: what it holds must not become an option that was not meant. */
function checked(event: unknown): LambdaEvent {
  if (typeof event !== 'object' || event === null)
    throw new Error('The event is no object: give {"targets": ["secretsmanager"]}.');
  for (const [name, value] of Object.entries(event)) {
    const fits =
      name === 'targets' || name === 'workloads'
        ? Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '' && !one.startsWith('-'))
        : WORDS.includes(name)
          ? typeof value === 'string' && value !== '' && !value.startsWith('-')
          : FLAGS.includes(name)
            ? typeof value === 'boolean'
            : NUMBERS.includes(name) && typeof value === 'number';
    if (!fits)
      throw new Error(
        `The event's ${JSON.stringify(name)} is not understood: ${JSON.stringify(value)?.slice(0, 200)}.`,
      );
  }
  return event;
}
