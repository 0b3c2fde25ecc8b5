/** The command as a user runs it: as a process of its own, or in this process where that is faster. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { main } from '../../../src/commands/program.ts';
import { realHost } from '../../../src/host.ts';
import { type LabOptions, startLab } from '../../../src/lab/lab.ts';
import type { World } from '../../../src/lab/world.ts';
import type { Host } from '../../../src/model/host.ts';

export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

const SOURCES = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

/**
 * The file that is tested, in the place of the sources: a bundle (`.mjs`) or a binary. What a test asks of the command then
 * goes to a process of it; only what hands this process's own things to it (a lab's wire, a terminal) stays with the sources.
 * `npm run test:forms` sets it.
 */
const UNDER_TEST = process.env['VPCE_DOCTOR_UNDER_TEST'] || undefined;

/** The command and its first arguments. */
export const COMMAND: readonly [string, ...string[]] =
  UNDER_TEST === undefined || UNDER_TEST.endsWith('.mjs') ? [process.execPath, UNDER_TEST ?? SOURCES] : [UNDER_TEST];

/** Nothing of the developer's own environment decides a test; packets go to loopback, and no metadata service is asked. */
const CONFINED = { VPCE_DOCTOR_ONLY: '127.0.0.0/8 ::1/128', AWS_EC2_METADATA_DISABLED: 'true' };

export type ProcessOptions = {
  /** the script; what is under test when not given, and null when the program needs none */
  readonly script?: string | null | undefined;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** what goes to its standard input; nothing when not given */
  readonly stdin?: string | undefined;
  /** leaves the standard input open, for a test that writes to it itself */
  readonly stdinOpen?: boolean | undefined;
  /** the program that runs it, with its own arguments; this Node when not given */
  readonly node?: readonly string[] | undefined;
};

/** Starts the command with its input closed, unless it is asked for open. The caller sees to its end; `runProcess` does that already. */
export function startProcess(args: readonly string[], options: ProcessOptions = {}): ChildProcessWithoutNullStreams {
  const [program, ...first] = commandFor(options);
  const child = spawn(program, [...first, ...args], {
    cwd: options.cwd,
    env: { ...CONFINED, PATH: process.env['PATH'] ?? '', ...options.env },
  });
  if (options.stdinOpen !== true) child.stdin.end(options.stdin);
  return child;
}

function commandFor({ script, node }: ProcessOptions): readonly [string, ...string[]] {
  if (script === undefined && node === undefined) return COMMAND;
  const [program = process.execPath, ...flags] = node ?? [];
  // A binary takes no options for Node.
  const file = script === undefined ? (COMMAND[1] ?? SOURCES) : script;
  return [program, ...flags, ...(file === null ? [] : [file])];
}

export function runProcess(args: readonly string[], options: ProcessOptions = {}): Promise<Ran> {
  return finished(startProcess(args, options));
}

export function finished(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (status) => resolve({ status, stdout, stderr }));
  return promise;
}

export type RunOptions = {
  readonly host?: Host | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** the terminal's width; standard output is no terminal when not given */
  readonly columns?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** what standard input holds; nothing when not given */
  readonly stdin?: string | undefined;
  /** called with what goes to standard error, as it goes */
  readonly onStderr?: ((text: string) => void) | undefined;
};

/** The same within this process: what `cli.ts` does, without the process around it. Of a bundle or binary, as a process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { host: given, columns, signal, onStderr, ...rest } = options;
  const needsThisProcess = [given, columns, signal, onStderr].some((one) => one !== undefined);
  if (UNDER_TEST !== undefined && !needsThisProcess) return runProcess(args, rest);
  let stdout = '';
  let stderr = '';
  const host = options.host ?? realHost({ env: CONFINED });
  const status = await main(args, {
    host: options.env === undefined ? host : { ...host, env: { ...host.env, ...options.env } },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
      options.onStderr?.(text);
    },
    stdin: async () => new TextEncoder().encode(options.stdin ?? ''),
    columns: options.columns,
    showsProgress: options.onStderr !== undefined,
    signal: options.signal ?? new AbortController().signal,
  });
  return { status, stdout, stderr };
}

/** A lab that is stopped when the test ends. */
export async function lab(world: World, options?: LabOptions): Promise<Host> {
  const started = await startLab(world, options);
  onTestFinished(started.stop);
  return started.host;
}

/** An empty folder that goes when the test ends. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What differs between two equal runs: durations, and when they began. */
export function withoutTimes(text: string): string {
  return text
    .replace(/\b\d+(\.\d+)? m?s\b/g, '<time>')
    .replace(/"(durationMs|ms)": \d+/g, '"$1": 0')
    .replace(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, '<date>');
}
