/** What a command needs from the process that runs it, and how it ends. */
import { writeFile } from 'node:fs/promises';
import type { Host } from '../model/host.ts';
import type { Report } from '../model/report.ts';
import { type Format, render } from '../report/index.ts';
import { printable } from '../services/parse-target.ts';

export type Io = {
  readonly host: Host;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** columns of the terminal; undefined when standard output is none */
  readonly columns: number | undefined;
  /** whether standard error is a terminal, for progress */
  readonly showsProgress: boolean;
  /** aborted by Ctrl-C; a report is still printed */
  readonly signal: AbortSignal;
};

/** A problem with what the user gave: one line, exit status 3. */
export type UsageProblem = { readonly problem: string };

export function isProblem(value: unknown): value is UsageProblem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

/** Prints a usage problem and gives the exit status for it. */
export function refuse(io: Io, problem: string): number {
  io.stderr(`vpce-doctor: ${printable(problem, 2000)}\n`);
  return 3;
}

export type OutputOptions = {
  readonly format: Format;
  /** a file instead of standard output */
  readonly output?: string | undefined;
  readonly color: boolean;
  readonly verbose: boolean;
};

/** Writes a text to a file, or says in one line why it could not. */
export async function writeText(path: string, text: string): Promise<UsageProblem | undefined> {
  try {
    await writeFile(path, text);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { problem: `${path} cannot be written (${code}): choose another file with -o` };
  }
}

/** Prints the report to where it was asked for. */
export async function printReport(io: Io, report: Report, options: OutputOptions): Promise<UsageProblem | undefined> {
  const toFile = options.output !== undefined;
  const text = render(report, options.format, {
    width: Math.max(80, toFile ? 100 : (io.columns ?? 100)),
    color: options.color && !toFile && io.columns !== undefined && !io.host.env['NO_COLOR'],
    verbose: options.verbose,
    unicode: drawsUnicode(io.host.env),
  });
  if (options.output !== undefined) return writeText(options.output, text);
  io.stdout(text);
  return undefined;
}

/** A locale that says C or POSIX, or names another character set, cannot draw lines; no locale at all usually can. */
function drawsUnicode(env: Host['env']): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}
