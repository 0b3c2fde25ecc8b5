/** A small EC2 and STS on loopback: says what it is told to say, and remembers what it was asked. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DURATIONS } from '../../../src/durations.ts';
import { realHost } from '../../../src/host.ts';
import type { Host } from '../../../src/model/host.ts';

/** XML inside the response element; an error; a page that is not AWS's; or nothing at all, ever. */
export type Reply =
  | string
  | { readonly code: string; readonly status?: number; readonly message?: string }
  | { readonly page: string }
  | 'silence';
export type Replies = Readonly<Record<string, Reply | ((form: URLSearchParams, nth: number) => Reply)>>;

export type FakeAws = {
  readonly url: string;
  readonly asked: URLSearchParams[];
  /** the Actions, each once, sorted */
  readonly actions: () => string[];
  /** how often an Action was asked */
  readonly count: (action: string) => number;
  readonly stop: () => Promise<void>;
};

export async function startFakeAws(replies: Replies): Promise<FakeAws> {
  const asked: URLSearchParams[] = [];
  const sockets = new Set<Socket>();
  const count = (action: string) => asked.filter((form) => form.get('Action') === action).length;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? '';
    asked.push(form);
    const reply = replies[action] ?? '';
    respond(response, action, typeof reply === 'function' ? reply(form, count(action)) : reply);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    actions: () => [...new Set(asked.map((form) => form.get('Action') ?? ''))].sort(),
    count,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond(response: ServerResponse, action: string, reply: Reply): void {
  if (reply === 'silence') return;
  response.setHeader('content-type', 'text/xml');
  if (typeof reply === 'object' && 'page' in reply) {
    response.end(reply.page);
    return;
  }
  response.setHeader('x-amzn-requestid', 'r-1');
  if (typeof reply === 'string') {
    const inner = action === 'GetCallerIdentity' ? `<${action}Result>${reply}</${action}Result>` : reply;
    response.end(`<?xml version="1.0"?><${action}Response><requestId>r-1</requestId>${inner}</${action}Response>`);
    return;
  }
  response.statusCode = reply.status ?? 400;
  const error = `<Error><Code>${reply.code}</Code><Message>${reply.message ?? 'No.'}</Message></Error>`;
  response.end(
    action === 'GetCallerIdentity'
      ? `<ErrorResponse>${error}<RequestId>r-1</RequestId></ErrorResponse>`
      : `<Response><Errors>${error}</Errors><RequestID>r-1</RequestID></Response>`,
  );
}

/** `<vpcSet><item><vpcId>…</vpcId></item></vpcSet>`: wire names as keys, lists as items. */
export function xml(value: Readonly<Record<string, unknown>>): string {
  return Object.entries(value)
    .map(([key, inner]) => `<${key}>${text(inner)}</${key}>`)
    .join('');
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map((inner) => `<item>${text(inner)}</item>`).join('');
  return typeof value === 'object' && value !== null ? xml(value as Record<string, unknown>) : String(value);
}

/** A host with an environment of its own, as the lab has: nothing but what is given here is used. */
export function labHost(url: string, env: Record<string, string | undefined> = {}): Host {
  return realHost({
    env: {
      VPCE_DOCTOR_ONLY: '127.0.0.0/8 ::1/128',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL: url,
      ...env,
    },
  });
}

/** What every call of collectState needs; `over` replaces parts. */
export const options = (over: object = {}) => ({
  vpcId: 'vpc-1',
  clientAddresses: ['10.0.1.23'],
  serviceNames: [],
  durations: DURATIONS,
  signal: new AbortController().signal,
  ...over,
});
