/**
 * Run Command of Systems Manager as a server that really runs what it is sent, by whatever `execute` a test gives it: on
 * loopback, or in the namespaces of the netlab. Inputs are held to the SDK's own shapes, answers are cut as the agent cuts
 * them, and what a bucket was named for is left there whole.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  GetCommandInvocationRequest$,
  ListCommandInvocationsRequest$,
  ListCommandsRequest$,
  SendCommandRequest$,
} from '@aws-sdk/client-ssm';
import { checkSignature } from '../../../src/lab/iam/signature.ts';
import { ANY_LOOPBACK_PORT, type Listen, type Listening, listenTcp } from '../../../src/lab/listen.ts';
import { misfits } from '../../deploy/support/aws-model.ts';
import { type CommandDocument, refusedParameter, scriptOf } from './command-document.ts';

export type Executed = { readonly status: number; readonly stdout: string; readonly stderr: string };

export type FakeHost = {
  readonly tags?: Readonly<Record<string, string>>;
  /** `offline`: never delivered; `slow`: not before the test ends; `denied`: IAM forbids sending to it */
  readonly state?: 'online' | 'offline' | 'slow' | 'denied';
};

export type FakeSsmOptions = {
  readonly documents: Readonly<Record<string, CommandDocument>>;
  readonly hosts: Readonly<Record<string, FakeHost>>;
  readonly execute: (instanceId: string, script: string) => Promise<Executed>;
  /** keeps the whole output; gives its address */
  readonly keep?: (bucket: string, key: string, text: string) => string;
  /** every so many calls one is throttled; never when not given */
  readonly throttleEvery?: number;
  /** actions that the caller may not do */
  readonly denied?: readonly string[];
  readonly listen?: Listen;
};

export type FakeSsm = Listening & {
  /** `ssm:SendCommand`, in the order of arrival */
  readonly actions: readonly string[];
  /** every SendCommand that was accepted */
  readonly sent: readonly Readonly<Record<string, unknown>>[];
};

type Invocation = Record<string, unknown> & { InstanceId: string; Status: string; StatusDetails: string };
type Command = {
  readonly id: string;
  readonly invocations: Invocation[];
  readonly bucket?: string;
  readonly prefix?: string;
};
type Input = Record<string, never> & {
  readonly DocumentName: string;
  readonly InstanceIds?: string[];
  readonly Targets?: { readonly Key: string; readonly Values: string[] }[];
  readonly Parameters?: Record<string, string[]>;
  readonly CommandId?: string;
  readonly InstanceId?: string;
  readonly NextToken?: string;
  readonly OutputS3BucketName?: string;
  readonly OutputS3KeyPrefix?: string;
};

const SHAPES = {
  SendCommand: SendCommandRequest$,
  ListCommands: ListCommandsRequest$,
  ListCommandInvocations: ListCommandInvocationsRequest$,
  GetCommandInvocation: GetCommandInvocationRequest$,
} as const;

/** Small, so that nobody gets away without paging. */
const PAGE = 2;

export async function startFakeSsm(options: FakeSsmOptions): Promise<FakeSsm> {
  const actions: string[] = [];
  const sent: Record<string, unknown>[] = [];
  const commands = new Map<string, Command>();
  const server = createServer((request, response) => void respond(request, response));
  let calls = 0;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const action = String(request.headers['x-amz-target'] ?? '').replace(/^AmazonSSM\./, '');
    const refuse = (name: string, message: string) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
      response.end(JSON.stringify({ __type: name, message }));
    };
    const { method = '', url: target = '' } = request;
    const headers = request.headers as Record<string, string>;
    const signed = await checkSignature({ method, target, headers, body: Buffer.from(body) }, Date.now());
    if (!signed.ok || signed.service !== 'ssm')
      return refuse('InvalidSignatureException', 'The signature does not match');
    if (!(action in SHAPES)) return refuse('UnknownOperationException', `no operation ${action}`);
    actions.push(`ssm:${action}`);
    const input = JSON.parse(body) as Input;
    const wrong = misfits(SHAPES[action as keyof typeof SHAPES], input);
    if (wrong.length > 0) return refuse('ValidationException', wrong.join('; '));
    calls += 1;
    if (options.throttleEvery !== undefined && calls % options.throttleEvery === 0)
      return refuse('ThrottlingException', 'Rate exceeded');
    if (options.denied?.includes(`ssm:${action}`))
      return refuse(
        'AccessDeniedException',
        `User: arn:aws:iam::111122223333:user/me is not authorized to perform: ssm:${action}`,
      );
    const answer = answerTo(action, input);
    if ('refusal' in answer) return refuse(answer.refusal, answer.message);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
    response.end(JSON.stringify(answer));
  }

  function answerTo(action: string, input: Input): { refusal: string; message: string } | object {
    if (action === 'SendCommand') return send(input);
    const command = commands.get(input.CommandId ?? '');
    if (command === undefined) return { refusal: 'InvalidCommandId', message: '' };
    if (action === 'ListCommands') {
      const over = command.invocations.every(({ Status }) => isOver(Status));
      const completed = command.invocations.filter(({ Status }) => isOver(Status)).length;
      const count = { TargetCount: command.invocations.length, CompletedCount: completed };
      return { Commands: [{ CommandId: command.id, Status: over ? 'Success' : 'InProgress', ...count }] };
    }
    if (action === 'ListCommandInvocations') {
      const from = Number(input.NextToken ?? 0);
      const page = command.invocations.slice(from, from + PAGE);
      const listed = page.map(({ InstanceId, Status, StatusDetails }) => ({ InstanceId, Status, StatusDetails }));
      const more = from + PAGE < command.invocations.length ? { NextToken: String(from + PAGE) } : {};
      return { CommandInvocations: listed, ...more };
    }
    const one = command.invocations.find(({ InstanceId }) => InstanceId === input.InstanceId);
    return one ?? { refusal: 'InvocationDoesNotExist', message: '' };
  }

  function send(input: Input) {
    const document = options.documents[input.DocumentName];
    if (document === undefined) return { refusal: 'InvalidDocument', message: '' };
    const wrong = refusedParameter(document, input.Parameters ?? {});
    if (wrong !== undefined) return { refusal: 'InvalidParameters', message: wrong };
    const known = Object.entries(options.hosts);
    const ids =
      input.InstanceIds ??
      known
        .filter(([, { tags = {} }]) =>
          (input.Targets ?? []).every(({ Key, Values }) => Values.includes(tags[Key.replace(/^tag:/, '')] ?? '')),
        )
        .map(([id]) => id);
    if (ids.some((id) => options.hosts[id] === undefined)) return { refusal: 'InvalidInstanceId', message: '' };
    if (ids.some((id) => options.hosts[id]?.state === 'denied'))
      return {
        refusal: 'AccessDeniedException',
        message: 'not authorized to perform: ssm:SendCommand on resource: instance',
      };
    sent.push(input);
    const command: Command = {
      id: randomUUID(),
      invocations: ids.map((InstanceId) => ({ InstanceId, Status: 'Pending', StatusDetails: 'Pending' })),
      ...(input.OutputS3BucketName === undefined ? {} : { bucket: input.OutputS3BucketName }),
      ...(input.OutputS3KeyPrefix === undefined ? {} : { prefix: input.OutputS3KeyPrefix }),
    };
    commands.set(command.id, command);
    const script = scriptOf(document, input.Parameters ?? {});
    for (const one of command.invocations) void invoke(command, one, script, document.mainSteps[0]?.name ?? '');
    return { Command: { CommandId: command.id, Status: 'Pending', TargetCount: ids.length } };
  }

  async function invoke(command: Command, one: Invocation, script: string, step: string): Promise<void> {
    const { state } = options.hosts[one.InstanceId] ?? {};
    const set = (Status: string, StatusDetails: string, more: object = {}) =>
      Object.assign(one, { Status, StatusDetails }, more);
    if (state === 'slow') return void set('Delayed', 'Delayed');
    if (state === 'offline') return void set('TimedOut', 'Undeliverable', { ResponseCode: -1 });
    set('InProgress', 'InProgress');
    const { status, stdout, stderr } = await options.execute(one.InstanceId, script);
    const folder = [command.prefix, command.id, one.InstanceId, 'awsrunShellScript', step].filter(Boolean).join('/');
    const url = command.bucket === undefined ? undefined : options.keep?.(command.bucket, `${folder}/stdout`, stdout);
    const words = status === 0 ? 'Success' : 'Failed';
    set(words, words, {
      ResponseCode: status,
      StandardOutputContent: cut(stdout, 24_000),
      StandardErrorContent: cut(stderr, 8_000),
      ...(url === undefined ? {} : { StandardOutputUrl: url }),
    });
  }

  const listening = await listenTcp(server, options.listen ?? ANY_LOOPBACK_PORT);
  return { ...listening, actions, sent };
}

function isOver(status: string): boolean {
  return ['Success', 'Failed', 'TimedOut', 'Cancelled'].includes(status);
}

/** As the SSM Agent does it (`ReadPrefix` of its pluginutil): bytes, with its words in place of the last of them. */
export function cut(text: string, most: number): string {
  const bytes = Buffer.from(text);
  const suffix = '--output truncated--';
  return bytes.length < most ? text : `${bytes.subarray(0, most - suffix.length).toString('utf8')}${suffix}`;
}
