/** What a command needs from the process that runs it, and how it ends. */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Host } from '../model/host.ts';
import type { Report } from '../model/report.ts';
import { printable } from '../probes/text.ts';
import type { Format } from '../report/formats.ts';

export type Io = {
  readonly host: Host;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** everything that standard input holds; only a command that was told to read `-` asks for it */
  readonly stdin?: (() => Promise<Uint8Array>) | undefined;
  /** the same piece by piece, for what may not fit into memory */
  readonly stdinStream?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** whether standard input is a terminal, where nobody pipes anything in */
  readonly stdinIsTerminal?: boolean | undefined;
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
  warn(io, problem);
  return 3;
}

/** One line on standard error. Names come from the user and from files: none may break the line or move the cursor. */
export function warn(io: Io, text: string): void {
  io.stderr(`vpce-doctor: ${printable(text.slice(0, 4000).toWellFormed().replace(/\s+/g, ' ').trim())}\n`);
}

export type OutputOptions = {
  readonly format: Format;
  /** a file instead of standard output */
  readonly output?: string | undefined;
  readonly color: boolean;
  readonly verbose: boolean;
  /** `--most`: JSON on one line of at most so many bytes */
  readonly most?: number | undefined;
};

/** Whether an option names an object of a bucket instead of a file. */
export function isBucket(path: string): boolean {
  return path.startsWith('s3://');
}

/** Writes a text to a file, or with `io` also to a bucket, or says in one line why it could not. */
export async function writeText(path: string, text: string, io?: Io): Promise<UsageProblem | undefined> {
  if (io !== undefined && isBucket(path)) {
    const { writeToBucket } = await import('./bucket.ts');
    return writeToBucket(io, path, text);
  }
  try {
    await writeFile(path, text);
    return undefined;
  } catch (error) {
    return { problem: `${path} cannot be written: ${reasonOf(error, path)}.` };
  }
}

/**
 * Why a file that an option names could not be written. Asked before the run, which may take half a minute and happens
 * once: nothing is created, and a disk that is full is still found only at the end.
 */
export async function unwritable(option: string, path: string | undefined): Promise<UsageProblem | undefined> {
  if (path === undefined || (option === '-o' && isBucket(path))) return undefined;
  try {
    const found = await stat(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found?.isDirectory()) return { problem: `${option} ${path} is a folder: give a file.` };
    await access(found === undefined ? dirname(path) : path, constants.W_OK);
    return undefined;
  } catch (error) {
    return { problem: `${option} ${path} cannot be written: ${reasonOf(error, path)}.` };
  }
}

function reasonOf(error: unknown, path: string): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? `there is no folder ${dirname(path)}` : (code ?? 'unknown error');
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Prints the report to where it was asked for. */
export async function printReport(io: Io, report: Report, options: OutputOptions): Promise<UsageProblem | undefined> {
  const toFile = options.output !== undefined;
  const text = await textOf(io, report, options, toFile);
  if (options.output === undefined) {
    io.stdout(text);
    return undefined;
  }
  const place = isBucket(options.output) ? objectFor(options.output, report) : options.output;
  return writeText(place, text, io);
}

async function textOf(io: Io, report: Report, options: OutputOptions, toFile: boolean): Promise<string> {
  if (options.most !== undefined) {
    const { renderCompact } = await import('../report/compact.ts');
    return renderCompact(report, options.most);
  }
  const { render } = await import('../report/index.ts');
  return render(report, options.format, {
    width: Math.max(80, toFile ? 100 : (io.columns ?? 100)),
    color: options.color && !toFile && io.columns !== undefined && !io.host.env['NO_COLOR'],
    verbose: options.verbose,
    unicode: drawsUnicode(io.host.env),
  });
}

/** A folder of a bucket is completed: by host and time, so that many hosts can be given the same command. */
function objectFor(place: string, { vantage, startedAt }: Report): string {
  if (!place.endsWith('/')) return place;
  const host = vantage.instanceId ?? vantage.networkInterfaceId ?? vantage.addresses[0] ?? 'host';
  return `${place}${host.replaceAll(':', '-')}/${startedAt.replace(/[-:]|\.\d+/g, '')}.json`;
}

/** A locale that says C or POSIX, or names another character set, cannot draw lines; no locale at all usually can. */
export function drawsUnicode(env: Host['env']): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}

export type Progress = { readonly say: (text: string) => void; readonly stop: () => void };

/** One line that rewrites itself, on a terminal only. */
export function startProgress(io: Io): Progress {
  if (!io.showsProgress) return { say: () => {}, stop: () => {} };
  return {
    say: (text) => io.stderr(`\r\x1b[2K${text.slice(0, 76)}`),
    stop: () => io.stderr('\r\x1b[2K'),
  };
}
