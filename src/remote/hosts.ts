/** Sends an errand to hosts by Run Command, waits until each has answered or cannot, and gathers what they found. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SHELL_DOCUMENT } from '../collect/mode-calls.ts';
import type { Called, Invocation, SystemsManager } from '../collect/systems-manager.ts';
import type { Case } from '../model/case.ts';
import { type Errand, readEvidence } from './errand.ts';

export type Selection =
  | { readonly kind: 'instances'; readonly ids: readonly string[] }
  | {
      readonly kind: 'targets';
      readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[];
    };

export type HostAnswer = { readonly instanceId: string } & (
  | { readonly ok: true; readonly case: Case }
  /** one line, without the host's name */
  | { readonly ok: false; readonly problem: string }
);

export type HostsOptions = {
  readonly selection: Selection;
  readonly errand: Errand;
  /** seconds within which a host must have begun: what is not delivered by then never runs */
  readonly deliverySeconds: number;
  readonly outputBucket?: string | undefined;
  readonly outputFolder?: string | undefined;
  readonly pollMs: number;
  /** reads an object of the output bucket */
  readonly readObject: (
    url: string,
  ) => Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }>;
  readonly say: (text: string) => void;
  /** the deadline, or Ctrl-C */
  readonly signal: AbortSignal;
};

/** The most ids that one SendCommand takes. */
const MOST_IDS = 50;
const DONE = new Set(['Success', 'Failed', 'TimedOut', 'Cancelled']);
const RUNNING_COMMAND = new Set(['Pending', 'InProgress', 'Cancelling', 'Delayed']);

/**
 * One answer for each host, in the order of their ids. Nothing that a host or the service does ends the others: a batch that is
 * refused because of one host is sent to each of its hosts alone.
 * @returns a problem when nothing could be sent or found at all, and whether Systems Manager refused to send it
 */
export async function askHosts(
  ssm: SystemsManager,
  options: HostsOptions,
): Promise<readonly HostAnswer[] | { readonly problem: string; readonly refused: boolean }> {
  const { selection, signal, say } = options;
  const answers = new Map<string, HostAnswer>();
  const commands: { readonly id: string; readonly hosts: ReadonlySet<string> | undefined }[] = [];
  const send = async (ids: readonly string[] | undefined): Promise<Called<{ readonly CommandId: string }>> => {
    const { documentName, parameters } = options.errand;
    const targets = selection.kind === 'targets' ? selection.targets : undefined;
    const sent = await ssm.sendCommand(
      {
        DocumentName: documentName,
        ...(ids === undefined ? { Targets: targets } : { InstanceIds: ids }),
        Parameters: parameters,
        TimeoutSeconds: options.deliverySeconds,
        Comment: 'vpce-doctor remote',
        MaxConcurrency: '50',
        // One host that cannot answer must not keep the others from being asked.
        MaxErrors: '100%',
        OutputS3BucketName: options.outputBucket,
        OutputS3KeyPrefix: options.outputFolder,
      },
      signal,
    );
    if (sent.ok) commands.push({ id: sent.value.CommandId, hosts: ids === undefined ? undefined : new Set(ids) });
    return sent;
  };

  if (selection.kind === 'targets') {
    say('sending the command');
    const sent = await send(undefined);
    if (!sent.ok) return { problem: refusedSending(sent, options.errand), refused: true };
  } else {
    for (let i = 0; i < selection.ids.length; i += MOST_IDS) {
      const batch = selection.ids.slice(i, i + MOST_IDS);
      say(`sending the command to ${batch.length} ${batch.length === 1 ? 'host' : 'hosts'}`);
      const sent = await send(batch);
      if (sent.ok) continue;
      const alone = batch.length > 1 && OF_ONE_HOST.has(sent.name ?? '');
      for (const id of batch) {
        const own = alone ? await send([id]) : sent;
        if (!own.ok) answers.set(id, failure(id, refusedSending(own, options.errand)));
      }
    }
  }

  for (const command of commands) await gather(ssm, command, options, answers);
  if (answers.size === 0) return { problem: 'No managed host matches: nothing was run.', refused: false };
  return [...answers.values()].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
}

/** Errors that one host of a batch can cause. */
const OF_ONE_HOST = new Set([
  'InvalidInstanceId',
  'AccessDeniedException',
  'UnsupportedPlatformType',
  'DuplicateInstanceId',
]);

async function gather(
  ssm: SystemsManager,
  { id, hosts }: { readonly id: string; readonly hosts: ReadonlySet<string> | undefined },
  options: HostsOptions,
  answers: Map<string, HostAnswer>,
): Promise<void> {
  const { signal, say } = options;
  const latest = new Map<string, Invocation>();
  const note = (problem: string) => {
    for (const host of hosts ?? latest.keys()) if (!answers.has(host)) answers.set(host, failure(host, problem));
  };
  for (;;) {
    const listed = await ssm.invocations(id, signal);
    if (!listed.ok && !signal.aborted) return note(refused(listed, 'ssm:ListCommandInvocations'));
    for (const one of listed.ok ? listed.value : []) latest.set(one.InstanceId, one);
    const ready = [...latest.values()].filter((one) => DONE.has(one.Status ?? '') && !answers.has(one.InstanceId));
    for (const one of ready) answers.set(one.InstanceId, await answerOf(ssm, id, one, options));
    say(`${answers.size} of ${hosts?.size ?? latest.size} hosts have answered`);
    if (hosts !== undefined && [...hosts].every((host) => answers.has(host))) return;
    if (hosts === undefined && [...latest.keys()].every((host) => answers.has(host))) {
      // Hosts with a tag get their turn one after the other: all that are listed being done does not yet mean all.
      const command = await ssm.command(id, signal);
      if (!command.ok && !signal.aborted) return note(refused(command, 'ssm:ListCommands'));
      const value = command.ok ? command.value : undefined;
      const isOver = value !== undefined && !RUNNING_COMMAND.has(value.Status ?? 'Pending');
      if (isOver && latest.size >= (value.TargetCount ?? 0)) return;
    }
    if (!signal.aborted) await sleep(options.pollMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
  }
  for (const [host, one] of latest)
    if (!answers.has(host)) answers.set(host, failure(host, `no answer in time: ${wordsOfStatus(one)}`));
  note('no answer in time: Systems Manager does not list it yet');
}

async function answerOf(
  ssm: SystemsManager,
  commandId: string,
  listed: Invocation,
  options: HostsOptions,
): Promise<HostAnswer> {
  const id = listed.InstanceId;
  const got = await ssm.invocation(commandId, id, options.signal);
  if (!got.ok) {
    // What never came to the host was never invoked there.
    if (got.name === 'InvocationDoesNotExist') return failure(id, wordsOfStatus(listed));
    return failure(id, refused(got, 'ssm:GetCommandInvocation'));
  }
  const { StandardOutputContent = '', StandardErrorContent = '', StandardOutputUrl = '' } = got.value;
  let reading = await readEvidence(StandardOutputContent, `the evidence of ${id}`);
  if (reading.kind === 'cut') {
    if (StandardOutputUrl === '')
      return failure(
        id,
        'its evidence is longer than Run Command’s 24,000 bytes: name a bucket with --output-bucket, or fewer targets',
      );
    const whole = await options.readObject(StandardOutputUrl);
    if (!whole.ok) return failure(id, `its evidence is in ${StandardOutputUrl}, which cannot be read: ${whole.reason}`);
    reading = await readEvidence(whole.text, `the evidence of ${id}`);
  }
  if (reading.kind === 'case') return { instanceId: id, ok: true, case: reading.case };
  if (reading.kind === 'cut') return failure(id, 'its evidence is cut short also in the bucket');
  const said = StandardErrorContent.trim().split('\n').at(-1) ?? '';
  if (listed.Status !== 'Success') return failure(id, `${wordsOfStatus(got.value)}${said === '' ? '' : `: ${said}`}`);
  return failure(id, reading.problem);
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
const STATUS_WORDS: Readonly<Record<string, string>> = {
  'Delivery Timed Out': 'Systems Manager could not deliver the command in time (is its agent online?)',
  DeliveryTimedOut: 'Systems Manager could not deliver the command in time (is its agent online?)',
  Undeliverable:
    'Systems Manager cannot deliver the command: the host does not exist, is stopped, or its agent is offline',
  'Execution Timed Out': 'the run did not end within the document’s ExecutionTimeout',
  ExecutionTimedOut: 'the run did not end within the document’s ExecutionTimeout',
  Terminated: 'Systems Manager ended the command because of errors elsewhere',
  Cancelled: 'the command was cancelled',
  Delayed: 'the host is not reached yet; Systems Manager keeps trying',
  Pending: 'the command has not been sent to it yet',
  'In Progress': 'it is still at it',
  InProgress: 'it is still at it',
  Failed: 'the run failed there',
  'Access Denied': 'Systems Manager was denied access to the host',
  AccessDenied: 'Systems Manager was denied access to the host',
  'Invalid Platform': 'the document is for Linux, and this host is not',
  InvalidPlatform: 'the document is for Linux, and this host is not',
  Success: 'the run succeeded and left nothing to read',
};

function wordsOfStatus({ StatusDetails, Status, ResponseCode }: Invocation): string {
  const status = StatusDetails || Status || 'no status';
  const words = STATUS_WORDS[status] ?? `Systems Manager says ${status}`;
  return status === 'Failed' && ResponseCode !== undefined && ResponseCode > 0
    ? `${words} (exit status ${ResponseCode})`
    : words;
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
function refusedSending(
  refusal: Extract<Called<unknown>, { ok: false }>,
  { documentName, parameters }: Errand,
): string {
  if (refusal.name === 'InvalidInstanceId')
    return 'Systems Manager does not manage it (InvalidInstanceId): it is not running, its agent is not registered, or it is of another Region';
  if (refusal.name === 'InvalidDocument' && documentName !== SHELL_DOCUMENT)
    return `there is no document ${documentName} in this Region (InvalidDocument): deploy/ssm sets it up, --document names another, --script needs none`;
  if (refusal.name === 'UnsupportedPlatformType') return 'the document is for Linux, and this host is not';
  if (refusal.name === 'InvalidParameters') {
    // What is refused is then not what was given, but what was not: the plain document does not know where the binaries are.
    const isOfGiven = Object.keys(parameters).some((name) => new RegExp(`\\b${name}\\b`).test(refusal.detail));
    return documentName === SHELL_DOCUMENT || 'Bucket' in parameters || isOfGiven
      ? `the document refuses a parameter (${refusal.detail})`
      : `the document does not know where the binaries are: give --parameter Bucket=…, Folder=… and Sha256X64=… or Sha256Arm64=… (${refusal.detail})`;
  }
  return refused(refusal, 'ssm:SendCommand');
}

function refused({ why, detail }: Extract<Called<unknown>, { ok: false }>, action: string): string {
  return why === 'denied' ? `${action} is denied (${detail})` : `${action}: ${detail}`;
}

function failure(instanceId: string, problem: string): HostAnswer {
  return { instanceId, ok: false, problem: problem.replace(/\s+/g, ' ').trim().slice(0, 600) };
}
