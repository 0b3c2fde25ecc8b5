/** `vpce-doctor fleet`: many reports into one. Asks nobody, sends nothing. */
import { factsOf, type ReadFacts } from '../fleet/facts.ts';
import { FLEET_FORMATS, type FleetFormat, renderFleet } from '../fleet/render.ts';
import type { FleetSummary } from '../fleet/schema.ts';
import { summarize } from '../fleet/summary.ts';
import { addReport, emptyTally } from '../fleet/tally.ts';
import type { Case } from '../model/case.ts';
import { exitCode } from '../report/exit-code.ts';
import { readDocuments } from './fleet-input.ts';
import { drawsUnicode, type Io, isProblem, refuse, type UsageProblem, unwritable, warn, writeText } from './io.ts';

export type FleetFlags = {
  readonly format: string;
  readonly output?: string | undefined;
  readonly top: string;
  readonly quiet?: boolean | undefined;
  readonly redact?: boolean | undefined;
  readonly color: boolean;
};

/** @returns the exit status: 0 all healthy, 1 some degraded or blocked, 2 nothing worse than inconclusive or not read, 3 no report */
export async function fleetCommand(io: Io, reports: readonly string[], flags: FleetFlags): Promise<number> {
  const options = optionsFrom(flags);
  if (isProblem(options)) return refuse(io, options.problem);
  const problem = await unwritable('-o', flags.output);
  if (problem !== undefined) return refuse(io, problem.problem);
  if (reports.length === 0 && io.stdinIsTerminal === true) return refuse(io, NOTHING_GIVEN);

  const summary = await readFleet(io, reports.length === 0 ? ['-'] : reports, options.top, flags.quiet === true);
  if (summary.hosts.hosts === 0) return refuse(io, 'No report could be read.');
  const shown = flags.redact === true ? (await import('../model/redact.ts')).redactTexts(summary) : summary;
  const failed = await print(io, shown, options.format, flags);
  if (failed !== undefined) return refuse(io, failed.problem);
  const status = exitCode(summary.verdict);
  // Of a host whose report could not be read nothing is known: that is not “all healthy”.
  return status === 0 && (summary.reports.unreadable > 0 || !summary.complete) ? exitCode('inconclusive') : status;
}

const NOTHING_GIVEN =
  'fleet was given no report: name files or folders of reports (vpce-doctor --format json), or pipe one report a line into it.';

const MOST_ROWS = 1_000_000;

function optionsFrom(flags: FleetFlags): { readonly format: FleetFormat; readonly top: number } | UsageProblem {
  const format = FLEET_FORMATS.find((known) => known === flags.format);
  if (format === undefined)
    return { problem: `--format is ${JSON.stringify(flags.format)}: give one of ${FLEET_FORMATS.join(', ')}` };
  const top = /^\d{1,7}$/.test(flags.top.trim()) ? Number(flags.top) : 0;
  if (top < 1 || top > MOST_ROWS)
    return { problem: `--top is ${JSON.stringify(flags.top)}: give a whole number from 1 to ${MOST_ROWS}` };
  return { format, top };
}

const MOST_EXAMPLES = 5;
/** How often progress is told: in reports. */
const PROGRESS = 1_000;

async function readFleet(io: Io, paths: readonly string[], top: number, quiet: boolean): Promise<FleetSummary> {
  const tally = emptyTally();
  const unreadable = { count: 0, examples: [] as string[] };
  const stdin = io.stdinStream ?? (() => wholeInput(io));
  for await (const found of readDocuments({ paths, stdin, signal: io.signal })) {
    const read = found.ok ? await reportOf(found.value) : found;
    if (read.ok) addReport(tally, read.facts);
    else {
      const line = `${found.source} ${read.problem}.`;
      if (!quiet) warn(io, line);
      unreadable.count += 1;
      unreadable.examples = [...unreadable.examples, line.slice(0, 400)].sort().slice(0, MOST_EXAMPLES);
    }
    if (io.showsProgress && !quiet && tally.reports % PROGRESS === 0 && tally.reports > 0)
      io.stderr(`\r${tally.reports} reports read `);
  }
  if (io.showsProgress && !quiet && tally.reports >= PROGRESS) io.stderr('\r\u001b[K');
  if (io.signal.aborted && !quiet) warn(io, `Interrupted: ${tally.reports} reports were read by then.`);
  return summarize(tally, { top, unreadable, complete: !io.signal.aborted });
}

async function* wholeInput(io: Io): AsyncGenerator<Uint8Array> {
  yield (await io.stdin?.()) ?? new Uint8Array();
}

const CASE_KIND: Case['kind'] = 'vpce-doctor-case';

/** A report as it is; a case diagnosed; what Run Command wraps around either unwrapped. */
async function reportOf(value: unknown): Promise<ReadFacts> {
  const { kind, StandardOutputContent: output } = Object(value) as { kind?: unknown; StandardOutputContent?: unknown };
  if (typeof output === 'string') return reportInOutput(value as { readonly Status?: unknown }, output);
  if (kind !== CASE_KIND) return factsOf(value);
  const [{ caseOf }, { diagnose }] = await Promise.all([
    import('../model/case-file.ts'),
    import('../diagnose/diagnose.ts'),
  ]);
  const decoded = caseOf(value, '');
  return decoded.ok
    ? factsOf(diagnose(decoded.case))
    : { ok: false, problem: decoded.problem.trim().replace(/\.$/, '') };
}

/** What `aws ssm get-command-invocation` prints. */
async function reportInOutput(invocation: { readonly Status?: unknown }, output: string): Promise<ReadFacts> {
  const { documentReader } = await import('../fleet/documents.ts');
  const reader = documentReader();
  const [first, second] = [...reader.push(output), ...reader.end()];
  if (first === undefined)
    return { ok: false, problem: `is a Run Command invocation without output (status ${String(invocation.Status)})` };
  if (second !== undefined)
    return { ok: false, problem: 'is a Run Command invocation with more in it than one report' };
  if (!first.ok) return first;
  // A report within a report’s output is nobody’s: one level is unwrapped, no more.
  return Object.hasOwn(Object(first.value), 'StandardOutputContent') ? factsOf(first.value) : reportOf(first.value);
}

async function print(
  io: Io,
  summary: FleetSummary,
  format: FleetFormat,
  { output, color }: FleetFlags,
): Promise<UsageProblem | undefined> {
  const toFile = output !== undefined;
  const text = renderFleet(summary, format, {
    width: Math.max(80, toFile ? 100 : (io.columns ?? 100)),
    color: color && !toFile && io.columns !== undefined && !io.host.env['NO_COLOR'],
    unicode: drawsUnicode(io.host.env),
  });
  if (output !== undefined) return writeText(output, text);
  io.stdout(text);
  return undefined;
}
