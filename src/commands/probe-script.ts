/** `vpce-doctor probe-script`: prints a shell script that asks the packet half's questions where nothing can be installed. */
import { unknownState } from '../model/state.ts';
import { probeScript } from '../script/script.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import { numbersFrom, requestsFrom, stateFrom, type TargetArguments } from './arguments.ts';
import { type Io, isProblem, refuse, warn, writeText } from './io.ts';

export type ProbeScriptOptions = TargetArguments & {
  readonly state?: readonly string[] | undefined;
  readonly region?: string | undefined;
  readonly deadline?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly quiet: boolean;
  /** a file instead of standard output */
  readonly file?: string | undefined;
};

/** Seconds. A shell starts a process per question, and many hosts that need it are slow ones: twice the tool's own. */
const DEADLINE = '60';

export async function probeScriptCommand(io: Io, options: ProbeScriptOptions): Promise<number> {
  const parsed = await requestsFrom(options);
  if (isProblem(parsed)) return refuse(io, parsed.problem);
  const numbers = numbersFrom({ deadline: options.deadline ?? DEADLINE, concurrency: options.concurrency });
  if (isProblem(numbers)) return refuse(io, numbers.problem);
  const documents = await stateFrom(options.state);
  if (isProblem(documents)) return refuse(io, documents.problem);
  const state = options.state === undefined ? unknownState('not-given') : documents.state;
  const { AWS_REGION, AWS_DEFAULT_REGION } = io.host.env;
  // Where the script will run is not where it is written, so hosts of services need to be named a Region here.
  const region = options.region ?? documents.region ?? (AWS_REGION || AWS_DEFAULT_REGION || undefined)?.toLowerCase();
  const { targets, problems, notes } = resolveTargets(parsed.requests, {
    region,
    accountId: documents.accountId,
    vpcEndpoints: state.vpcEndpoints,
    endpointServices: state.endpointServices,
  });
  const [problem] = problems;
  if (problem !== undefined) return refuse(io, problem);
  if (targets.length === 0) return refuse(io, 'There is nothing to probe: give a target.');
  if (!options.quiet) for (const warning of [...documents.warnings, ...parsed.notes, ...notes]) warn(io, warning);
  const script = probeScript({
    requests: parsed.requests,
    targets,
    state,
    region: options.region,
    deadline: Math.ceil(numbers.durations.deadline / 1000),
    jobs: numbers.concurrency,
  });
  if (options.file === undefined) {
    io.stdout(script);
    return 0;
  }
  const failed = await writeText(options.file, script);
  return failed === undefined ? 0 : refuse(io, failed.problem);
}
