/** What `remote` prints: one host's report as ever; several as a fleet and one after the other, or one line of JSON for each. */
import { diagnose } from '../diagnose/diagnose.ts';
import { factsOf } from '../fleet/facts.ts';
import { renderFleet } from '../fleet/render.ts';
import { summarize } from '../fleet/summary.ts';
import { addReport, emptyTally } from '../fleet/tally.ts';
import type { Case } from '../model/case.ts';
import { redactCase } from '../model/redact.ts';
import type { Report, Verdict } from '../model/report.ts';
import { renderCompact } from '../report/compact.ts';
import { exitCode } from '../report/exit-code.ts';
import { render } from '../report/index.ts';
import { renderJsonLine } from '../report/json.ts';
import { drawsUnicode, type Io, isProblem, type OutputOptions, printReport, refuse, writeText } from './io.ts';
import { type SaveOptions, saveCase } from './save.ts';

/** The worst first: a host that could not be asked weighs like one that is inconclusive. */
const WORST: readonly Verdict[] = ['blocked', 'degraded', 'inconclusive', 'healthy'];

/**
 * @param asked how many hosts were asked, with those that gave no answer
 * @returns the exit status
 */
export async function printHosts(
  io: Io,
  asked: number,
  cases: ReadonlyMap<string, Case>,
  options: { readonly output: OutputOptions; readonly save: SaveOptions },
): Promise<number> {
  const { output, save } = options;
  const [only] = cases.values();
  if (only === undefined) return 2;
  if (asked === 1) {
    const subject = await saveCase(only, save);
    if (isProblem(subject)) return refuse(io, subject.problem);
    const report = diagnose(subject);
    const failed = await printReport(io, report, output);
    return failed === undefined ? exitCode(report.verdict) : refuse(io, failed.problem);
  }
  const reports = [...cases].map(([id, one]) => [id, diagnose(save.redact ? redactCase(one) : one)] as const);
  const text =
    output.format === 'json'
      ? reports.map(([, report]) => lineOf(report, output.most)).join('')
      : spoken(io, reports, asked - cases.size, output);
  if (output.output === undefined) io.stdout(text);
  else {
    const failed = await writeText(output.output, text, io);
    if (failed !== undefined) return refuse(io, failed.problem);
  }
  const verdicts = [
    ...reports.map(([, { verdict }]) => verdict),
    ...(cases.size < asked ? ['inconclusive' as const] : []),
  ];
  return exitCode(WORST.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive');
}

type HostReport = readonly [id: string, report: Report];

function lineOf(report: Report, most: number | undefined): string {
  return most === undefined ? renderJsonLine(report) : renderCompact(report, most);
}

/** What the hosts have in common, a list of all, then each that is not healthy in full; as HTML the first of these alone. */
function spoken(io: Io, reports: readonly HostReport[], silent: number, output: OutputOptions): string {
  const tally = emptyTally();
  for (const [, report] of reports) {
    const read = factsOf(report);
    if (read.ok) addReport(tally, read.facts);
  }
  const unreadable = { count: silent, examples: [] };
  const summary = summarize(tally, { top: MOST_ROWS, unreadable, complete: !io.signal.aborted });
  const options = {
    width: Math.max(80, output.output === undefined ? (io.columns ?? 100) : 100),
    color: output.color && output.output === undefined && io.columns !== undefined && !io.host.env['NO_COLOR'],
    unicode: drawsUnicode(io.host.env),
  };
  if (output.format === 'html') return renderFleet(summary, 'html', options);
  const list = reports.map(
    ([id, { verdict, headline }]) => `${id}  ${verdict.toUpperCase().padEnd(12)}  ${headline}\n`,
  );
  const shown = reports.filter(([, { verdict }]) => verdict !== 'healthy' || output.verbose);
  const texts = shown.map(([id, report]) => {
    const text = render(report, 'text', { ...options, verbose: output.verbose });
    return `\n${id}\n${'='.repeat(id.length)}\n${text}`;
  });
  return [renderFleet(summary, 'text', options), '\n', ...list, ...texts].join('');
}

/** As many rows as `fleet` shows of a table. */
const MOST_ROWS = 10;
