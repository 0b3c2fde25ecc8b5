/**
 * `vpce-doctor [targets…]` and `vpce-doctor probe`: a live run, diagnosed. What is needed only when the packets are back is
 * loaded then: half of the tool would stand between the start and the first packet.
 */
import { unknownState } from '../model/state.ts';
import type { HeadStart } from '../probes/head-start.ts';
import { type NumberArguments, numbersFrom, requestsFrom, stateFrom, type TargetArguments } from './arguments.ts';
import { type Io, isProblem, type OutputOptions, printReport, refuse, warn, writeText } from './io.ts';
import { runLive } from './live.ts';
import type { SaveOptions } from './save.ts';

export type RunOptions = TargetArguments &
  NumberArguments & {
    readonly state?: readonly string[] | undefined;
    readonly useApi: boolean;
    readonly region?: string | undefined;
    readonly from?: string | undefined;
    /** `--signed` */
    readonly signed?: boolean | undefined;
    readonly quiet: boolean;
    /** questions that are being asked already */
    readonly started?: HeadStart | undefined;
    readonly output: OutputOptions;
    readonly save: SaveOptions;
    /** `probe -o`: the evidence, beside the report */
    readonly evidence?: string | undefined;
  };

export async function runCommand(io: Io, options: RunOptions): Promise<number> {
  const parsed = await requestsFrom(options);
  if (isProblem(parsed)) return refuse(io, parsed.problem);
  const numbers = numbersFrom(options);
  if (isProblem(numbers)) return refuse(io, numbers.problem);
  const documents = await stateFrom(options.state);
  if (isProblem(documents)) return refuse(io, documents.problem);
  if (!options.quiet) for (const warning of documents.warnings) warn(io, warning);
  const live = await runLive(io, {
    requests: parsed.requests,
    given: options.state === undefined ? unknownState('not-asked') : documents.state,
    warnings: [...documents.warnings, ...parsed.notes],
    useApi: options.useApi,
    useProbes: true,
    region: options.region ?? documents.region,
    from: options.from,
    signed: options.signed === true,
    ...numbers,
  });
  if (isProblem(live)) return refuse(io, live.problem);
  const { saveCase } = await import('./save.ts');
  const subject = await saveCase(live, options.save);
  if (isProblem(subject)) return refuse(io, subject.problem);
  if (options.evidence !== undefined) {
    const { encodeCase } = await import('../model/case-file.ts');
    const failed = await writeText(options.evidence, encodeCase(subject), io);
    if (failed !== undefined) return refuse(io, failed.problem);
  }
  const [{ diagnose }, { exitCode }] = await Promise.all([
    import('../diagnose/diagnose.ts'),
    import('../report/exit-code.ts'),
  ]);
  const report = diagnose(subject);
  const failed = await printReport(io, report, options.output);
  return failed === undefined ? exitCode(report.verdict) : refuse(io, failed.problem);
}
