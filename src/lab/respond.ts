/** A service of the world over HTTP: what it says to everybody, or, where policies have a say, what they make of the request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorldListener } from './servers.ts';
import { answerAs, type HttpAnswer } from './service-answers.ts';
import type { World } from './world.ts';

/** What a service knows of the world around it. */
export type Surroundings = {
  readonly world: World;
  /** whether a connection from this local port was made by a proxy, and so did not come the client's way */
  readonly fromProxy?: ((port: number) => boolean) | undefined;
};

/** Answers one request. Without surroundings nobody asks who calls, and every request is one without a signature. */
export async function respond(
  listener: WorldListener,
  surroundings: Surroundings | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { service, clockAheadMs = 0 } = listener;
  const { method = 'GET', url: path = '/' } = request;
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  let answer: HttpAnswer | undefined;
  try {
    if (surroundings !== undefined && policiesHaveSay(listener, request))
      answer = await byPolicies(listener, surroundings, request);
  } catch (error) {
    // A bug in the lab, or in the world's policies: never to be taken for an answer of AWS.
    answer = { status: 500, headers: { 'content-type': 'text/plain' }, body: `InternalError: ${String(error)}\n` };
  }
  answer ??= answerAs(service, { method, path, host });
  response.writeHead(answer.status, {
    ...answer.headers,
    date: new Date(Date.now() - clockAheadMs).toUTCString(),
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(method === 'HEAD' ? '' : answer.body);
}

/** Services of AWS, and there whoever signs; of the unsigned requests those that somebody's policy may allow. */
function policiesHaveSay({ service }: WorldListener, { headers }: IncomingMessage): boolean {
  if (service === 'not-aws' || service === 'block-page') return false;
  return headers.authorization !== undefined || service === 's3' || service === 'execute-api';
}

async function byPolicies(
  { service, address, endpointId, speaks, clockAheadMs = 0 }: WorldListener,
  { world, fromProxy }: Surroundings,
  request: IncomingMessage,
): Promise<HttpAnswer | undefined> {
  const [{ answerByPolicies }, { routeTaken }] = await Promise.all([
    import('./iam/answer.ts'),
    import('./iam/route-taken.ts'),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  // On loopback it is the lab's wire that connects, and says nothing about the world.
  const peer = /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress) ? undefined : remoteAddress.replace(/^::ffff:/, '');
  return await answerByPolicies(world, {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    body: Buffer.concat(chunks),
    service,
    route: routeTaken(world, { address, endpointId }, peer, fromProxy?.(remotePort) === true),
    secure: speaks === 'https',
    now: Date.now() - clockAheadMs,
  });
}
