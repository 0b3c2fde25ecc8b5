/**
 * `vpce-doctor remote`: the packet half on other hosts by Systems Manager, the API half from here, one report for each host. The
 * one command that does not only look: it runs a document on the hosts that its user names.
 */
import { DOCUMENT_NAME } from '../collect/mode-calls.ts';
import { getObject } from '../collect/s3-objects.ts';
import { openSystemsManager } from '../collect/systems-manager.ts';
import { DURATIONS } from '../durations.ts';
import type { Case } from '../model/case.ts';
import { unknownState } from '../model/state.ts';
import { documentErrand, type Errand, scriptErrand } from '../remote/errand.ts';
import { askHosts, type HostAnswer, type Selection } from '../remote/hosts.ts';
import { withStates } from '../remote/states.ts';
import { exitCode } from '../report/exit-code.ts';
import { type NumberArguments, numbersFrom, requestsFrom, stateFrom, type TargetArguments } from './arguments.ts';
import { type Io, isProblem, type OutputOptions, refuse, startProgress, type UsageProblem, warn } from './io.ts';
import { printHosts } from './remote-report.ts';
import type { SaveOptions } from './save.ts';
import { SCRIPT_SECONDS, writtenScript } from './written-script.ts';

export type RemoteOptions = TargetArguments &
  NumberArguments & {
    readonly instanceIds?: readonly string[] | undefined;
    readonly hostTargets?: readonly string[] | undefined;
    /** sends the probe script with AWS's own document */
    readonly script: boolean;
    readonly document?: string | undefined;
    readonly parameters?: readonly string[] | undefined;
    readonly outputBucket?: string | undefined;
    readonly outputFolder?: string | undefined;
    readonly state?: readonly string[] | undefined;
    readonly useApi: boolean;
    readonly signed: boolean;
    readonly region?: string | undefined;
    readonly quiet: boolean;
    readonly output: OutputOptions;
    readonly save: SaveOptions;
  };

/** Sends, waits, collects, merges, reports. Exit status: the worst of all hosts; 2 where one gave no answer and none is worse. */
export async function remoteCommand(io: Io, options: RemoteOptions): Promise<number> {
  const checked = await checkedArguments(options);
  if (isProblem(checked)) return refuse(io, checked.problem);
  const { selection, numbers, documents } = checked;
  if (options.output.format === 'markdown' && !isOneHost(selection))
    return refuse(io, '--format markdown is for one host: give text, json or html for several');
  if (options.save.save !== undefined && !isOneHost(selection))
    return refuse(io, '--save keeps the case of one host: name one with --instance-ids');
  const deadline = options.deadline === undefined ? DURATIONS.remoteDeadline : numbers.durations.deadline;
  const durations = { ...numbers.durations, deadline };
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(deadline)]);
  const region = options.region ?? documents.region;

  const ssm = openSystemsManager(io.host, region, durations.apiAttempt);
  if ('ok' in ssm) return refuse(io, `Systems Manager cannot be asked: ${ssm.detail}`);
  const here = region ?? (await ssm.region());
  const errand = options.script ? scriptFor(checked, here, deadline) : checked.errand;
  if (isProblem(errand)) {
    ssm.close();
    return refuse(io, errand.problem);
  }
  const progress = startProgress(io);
  let answers: Awaited<ReturnType<typeof askHosts>>;
  try {
    answers = await askHosts(ssm, {
      selection,
      errand,
      // 30 seconds is the least that the service takes.
      deliverySeconds: Math.max(30, Math.ceil(deadline / 1000)),
      outputBucket: options.outputBucket,
      outputFolder: options.outputFolder,
      pollMs: durations.remotePoll,
      readObject: (url) => readOutput(io, url, region, durations.apiAttempt, signal),
      say: progress.say,
      signal,
    });
    if ('problem' in answers) {
      if (!answers.refused) return refuse(io, answers.problem);
      // As where the hosts were named one by one: none of them has answered.
      progress.stop();
      warn(io, `${answers.problem.replace(/\.$/, '')}.`);
      return exitCode('inconclusive');
    }
    const reached = answers.filter((one): one is HostAnswer & { ok: true } => one.ok);
    const given = options.state === undefined ? unknownState('not-asked') : documents.state;
    // Reading the description is worth its own time: the hosts may have used up all of theirs.
    const reading = AbortSignal.any([io.signal, AbortSignal.timeout(DURATIONS.deadline)]);
    const api = options.useApi ? { region: here, durations, signal: reading } : undefined;
    const cases = await withStates(io.host, reached, { region: here, given, api, say: progress.say });
    progress.stop();
    if (!options.quiet) for (const warning of documents.warnings) warn(io, warning);
    for (const one of answers) if (!one.ok) warn(io, `${one.instanceId}: ${one.problem.replace(/\.$/, '')}.`);
    return await printHosts(io, answers.length, cases satisfies ReadonlyMap<string, Case>, options);
  } finally {
    progress.stop();
    ssm.close();
  }
}

/** Options of the binary and its document, which a script has not. */
const NOT_OF_SCRIPTS = ['document', 'parameters', 'timeout', 'repeat', 'signed'] as const;

/** The probe script for the hosts of a Region. It gets three quarters of a short deadline: delivery and reading take theirs. */
function scriptFor(
  checked: Exclude<Awaited<ReturnType<typeof checkedArguments>>, UsageProblem>,
  region: string | undefined,
  deadlineMs: number,
): Errand | UsageProblem {
  const { requests, documents, numbers } = checked;
  // The document's binary would look at every endpoint of its VPC; a script knows none that is not written into it.
  if (requests.some(({ kind }) => kind === 'every-endpoint') && !documents.state.vpcEndpoints.known)
    return { problem: 'A script must be told what to probe: give a target, or --state with the VPC’s endpoints.' };
  const deadline = Math.max(5, Math.min(SCRIPT_SECONDS, Math.floor((deadlineMs / 1000) * 0.75)));
  // --region says where the hosts are: what they have configured is theirs to show.
  const written = writtenScript({
    requests,
    documents,
    region,
    given: undefined,
    deadline,
    jobs: numbers.concurrency,
  });
  if (isProblem(written)) return written;
  const errand = scriptErrand(written.script, deadline);
  return (
    errand ?? { problem: 'The script for so many targets is longer than the 64 KB of Systems Manager: give fewer.' }
  );
}

async function checkedArguments(options: RemoteOptions) {
  const selection = selectionFrom(options.instanceIds ?? [], options.hostTargets ?? []);
  if (isProblem(selection)) return selection;
  const parsed = await requestsFrom(options);
  if (isProblem(parsed)) return parsed;
  const numbers = numbersFrom(options);
  if (isProblem(numbers)) return numbers;
  const documents = await stateFrom(options.state);
  if (isProblem(documents)) return documents;
  const extra = options.script
    ? NOT_OF_SCRIPTS.find((name) => options[name] !== undefined && options[name] !== false)
    : undefined;
  if (extra !== undefined)
    return {
      problem: `--${extra === 'parameters' ? 'parameter' : extra} is for the document: --script sends the probe script with AWS’s own`,
    };
  const fixed: Record<string, string> = {};
  for (const text of options.parameters ?? []) {
    const [, name, value] = /^([A-Za-z0-9]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      return { problem: `--parameter is ${JSON.stringify(text)}: give NAME=VALUE, like Bucket=my-tools` };
    fixed[name] = value;
  }
  const targets = parsed.requests.flatMap(({ kind, text }) =>
    kind === 'every-endpoint' || kind === 'workload' ? [] : [text],
  );
  const odd = targets.find((target) => !/^[A-Za-z0-9[][A-Za-z0-9.:/_[\]-]*$/.test(target));
  // The document would refuse it too, with words that do not say which.
  if (odd !== undefined)
    return { problem: `${JSON.stringify(odd)} cannot be sent to other hosts: give its host and port alone` };
  // As the hosts' command takes them, and the document lets through: seconds and counts without a unit.
  const words = [
    ...(options.timeout === undefined ? [] : [`--timeout ${numbers.durations.tcpConnect / 1000}`]),
    ...(options.repeat === undefined ? [] : [`--repeat ${numbers.repeat}`]),
    ...(options.concurrency === undefined ? [] : [`--concurrency ${numbers.concurrency}`]),
    ...(options.signed ? ['--signed'] : []),
  ];
  const asked = { targets, workloads: options.workload ?? [], options: words.join(' ') };
  const errand = documentErrand(options.document ?? DOCUMENT_NAME, asked, fixed);
  return { selection, errand, requests: parsed.requests, numbers, documents };
}

function isOneHost(selection: Selection): boolean {
  return selection.kind === 'instances' && selection.ids.length === 1;
}

/** The hosts that were named, and never any others: there is no default. */
function selectionFrom(instanceIds: readonly string[], targets: readonly string[]): Selection | UsageProblem {
  const ids = [...new Set(instanceIds.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean))];
  if (ids.length > 0 && targets.length > 0) return { problem: 'Give --instance-ids or --targets, not both.' };
  if (targets.length > 0) {
    const parsed: { Key: string; Values: string[] }[] = [];
    for (const text of targets) {
      const [, key, values] = /^Key=([^,\s]+),Values=(.+)$/.exec(text.trim()) ?? [];
      if (key === undefined || values === undefined)
        return {
          problem: `--targets is ${JSON.stringify(text)}: give Key=tag:NAME,Values=VALUE[,VALUE], as the AWS CLI takes it`,
        };
      parsed.push({ Key: key, Values: values.split(',') });
    }
    return { kind: 'targets' as const, targets: parsed };
  }
  if (ids.length === 0)
    return {
      problem:
        'remote runs a command on hosts, so they must be named: --instance-ids i-…,i-… or --targets Key=tag:…,Values=…',
    };
  const odd = ids.find((id) => !/^m?i-[0-9a-f]{8,17}$/.test(id));
  if (odd !== undefined)
    return {
      problem: `--instance-ids holds ${JSON.stringify(odd)}, which is no instance id: give ids like i-0123456789abcdef0`,
    };
  return { kind: 'instances' as const, ids };
}

/** `https://s3.eu-west-1.amazonaws.com/bucket/prefix/…/stdout`, as GetCommandInvocation has it. */
function readOutput(io: Io, url: string, region: string | undefined, attemptMs: number, signal: AbortSignal) {
  const none = Promise.resolve({ ok: false as const, reason: 'its address is not understood' });
  if (!URL.canParse(url)) return none;
  const { hostname, pathname } = new URL(url);
  const virtual = /^(.+)\.s3[.-]/.exec(hostname)?.[1];
  const [bucket, ...rest] = virtual === undefined ? pathname.slice(1).split('/') : [virtual, pathname.slice(1)];
  if (bucket === undefined || bucket === '') return none;
  return getObject(io.host, { bucket, key: decodeURIComponent(rest.join('/')) }, { region, attemptMs, signal });
}
