/** `vpce-doctor probe-script`: prints a shell script that asks the packet half's questions where nothing can be installed. */
import { numbersFrom, requestsFrom, stateFrom, type TargetArguments } from './arguments.ts';
import { type Io, isProblem, refuse, warn, writeText } from './io.ts';
import { SCRIPT_SECONDS, writtenScript } from './written-script.ts';

export type ProbeScriptOptions = TargetArguments & {
  readonly state?: readonly string[] | undefined;
  readonly region?: string | undefined;
  readonly deadline?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly quiet: boolean;
  /** a file instead of standard output */
  readonly file?: string | undefined;
};

const DEADLINE = String(SCRIPT_SECONDS);

export async function probeScriptCommand(io: Io, options: ProbeScriptOptions): Promise<number> {
  const parsed = await requestsFrom(options);
  if (isProblem(parsed)) return refuse(io, parsed.problem);
  const numbers = numbersFrom({ deadline: options.deadline ?? DEADLINE, concurrency: options.concurrency });
  if (isProblem(numbers)) return refuse(io, numbers.problem);
  const documents = await stateFrom(options.state);
  if (isProblem(documents)) return refuse(io, documents.problem);
  const { AWS_REGION, AWS_DEFAULT_REGION } = io.host.env;
  const written = writtenScript({
    requests: parsed.requests,
    documents,
    region: options.region ?? documents.region ?? (AWS_REGION || AWS_DEFAULT_REGION || undefined)?.toLowerCase(),
    given: options.region,
    deadline: Math.ceil(numbers.durations.deadline / 1000),
    jobs: numbers.concurrency,
  });
  if (isProblem(written)) return refuse(io, written.problem);
  const { script, notes } = written;
  if (!options.quiet) for (const warning of [...documents.warnings, ...parsed.notes, ...notes]) warn(io, warning);
  if (options.file === undefined) {
    io.stdout(script);
    return 0;
  }
  const failed = await writeText(options.file, script);
  return failed === undefined ? 0 : refuse(io, failed.problem);
}
