/** Run Command of Systems Manager: the four calls that `remote` makes, by signed requests of our own. Loads the SDK. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DURATIONS } from '../durations.ts';
import type { Host } from '../model/host.ts';
import { type Refused, refusalOf } from './refusals.ts';
import { clientSettings } from './settings.ts';
import { callJson, openSigned } from './signed-requests.ts';

/** The parameters that this tool gives. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
export type SendCommandInput = {
  readonly DocumentName: string;
  readonly DocumentVersion?: string | undefined;
  readonly InstanceIds?: readonly string[] | undefined;
  readonly Targets?: readonly { readonly Key: string; readonly Values: readonly string[] }[] | undefined;
  readonly Parameters: Readonly<Record<string, readonly string[]>>;
  readonly TimeoutSeconds: number;
  readonly Comment: string;
  readonly MaxConcurrency: string;
  readonly MaxErrors: string;
  readonly OutputS3BucketName?: string | undefined;
  readonly OutputS3KeyPrefix?: string | undefined;
};

/** What is read of a Command. */
export type Command = { readonly CommandId: string; readonly Status?: string; readonly TargetCount?: number };

/** What is read of a CommandInvocation, in a list or alone. */
export type Invocation = {
  readonly InstanceId: string;
  readonly Status?: string;
  readonly StatusDetails?: string;
  readonly ResponseCode?: number;
  readonly StandardOutputContent?: string;
  readonly StandardOutputUrl?: string;
  readonly StandardErrorContent?: string;
};

export type Called<T> = { readonly ok: true; readonly value: T } | (Refused & { readonly name: string | undefined });

export type SystemsManager = {
  readonly region: () => Promise<string | undefined>;
  readonly sendCommand: (input: SendCommandInput, signal: AbortSignal) => Promise<Called<Command>>;
  /** undefined when the command is not listed yet */
  readonly command: (id: string, signal: AbortSignal) => Promise<Called<Command | undefined>>;
  readonly invocations: (commandId: string, signal: AbortSignal) => Promise<Called<readonly Invocation[]>>;
  /** of a document with one step, which need not be named */
  readonly invocation: (commandId: string, instanceId: string, signal: AbortSignal) => Promise<Called<Invocation>>;
  readonly close: () => void;
};

/** Pages of 50, the most that the API gives: a thousand of them is more hosts than a command can have. */
const MOST_PAGES = 1_000;

/**
 * Systems Manager in one Region. No call rejects: what the service or the network refuses is a value. A throttled call is made
 * again, later each time, until the signal ends it.
 */
export function openSystemsManager(
  host: Host,
  region: string | undefined,
  attemptMs: number,
): SystemsManager | Refused {
  const settings = clientSettings(host, 'ssm', region);
  if (settings.kind === 'none') return { ok: false, why: settings.why, detail: settings.detail };
  const requests = openSigned(settings, 'ssm', { ms: attemptMs, most: 1 });
  const call = async (name: string, input: object, signal: AbortSignal): Promise<Called<Record<string, unknown>>> => {
    for (let wait = DURATIONS.remoteThrottled; ; wait *= 2) {
      try {
        return { ok: true, value: { ...(await callJson(requests, `AmazonSSM.${name}`, input, signal)) } };
      } catch (error) {
        const refused = refusalOf(error);
        const own = (error as { name?: unknown } | null)?.name;
        if (refused.why !== 'throttled' || signal.aborted)
          return { ...refused, name: typeof own === 'string' ? own : undefined };
        // Several of us would else come back together.
        await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const listed = async (name: string, input: object, member: string, signal: AbortSignal) => {
    const all: unknown[] = [];
    let token: unknown;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await call(name, { ...input, ...(token === undefined ? {} : { NextToken: token }) }, signal);
      if (!answer.ok) return answer;
      const { [member]: values, NextToken } = answer.value;
      if (Array.isArray(values)) all.push(...values);
      if (typeof NextToken !== 'string' || NextToken === '') break;
      token = NextToken;
    }
    return { ok: true as const, value: all };
  };
  return {
    region: () => requests.region().catch(() => undefined),
    close: requests.close,
    sendCommand: async (input, signal) => {
      const answer = await call('SendCommand', input, signal);
      return answer.ok ? { ok: true, value: answer.value['Command'] as Command } : answer;
    },
    command: async (CommandId, signal) => {
      const answer = await listed('ListCommands', { CommandId }, 'Commands', signal);
      return answer.ok ? { ok: true, value: answer.value[0] as Command | undefined } : answer;
    },
    invocations: async (CommandId, signal) => {
      const input = { CommandId, MaxResults: 50 };
      const answer = await listed('ListCommandInvocations', input, 'CommandInvocations', signal);
      return answer.ok ? { ok: true, value: answer.value as Invocation[] } : answer;
    },
    invocation: async (CommandId, InstanceId, signal) => {
      const answer = await call('GetCommandInvocation', { CommandId, InstanceId }, signal);
      return answer.ok ? { ok: true, value: answer.value as unknown as Invocation } : answer;
    },
  };
}
