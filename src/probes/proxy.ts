/** Does the proxy that the environment names connect to a host, and who answers at the end of the tunnel? */
import type { Socket } from 'node:net';
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import {
  type ProxyDetail,
  type ProxyObservation,
  type ProxyOutcome,
  type ProxyProbe,
  type ProxySubject,
  socketAddress,
} from '../model/observation.ts';
import { proxyAuthorization } from '../vantage/environment.ts';
import { readChain } from './certificate.ts';
import { connectTcp } from './connect.ts';
import { handshake } from './handshake.ts';
import { type Limit, startLimit } from './limit.ts';
import { failureOf, outcomeOf, ownError } from './outcome.ts';
import { printable } from './text.ts';
import { faultOf } from './tls.ts';

/** More than any proxy's answer to CONNECT needs; a stranger's endless one must end. */
const MOST_HEADER_BYTES = 16_384;

/** What web servers say to a method that only proxies know; a proxy refuses with 403 or 407, or fails with 5xx. */
const NOT_OF_A_PROXY: ReadonlySet<number> = new Set([400, 404, 405, 501]);

type Answer = { readonly status: number; readonly server: string | undefined; readonly socket: Socket };

/**
 * CONNECT within `durations.httpsExchange`, and, where the tunnel opens, a TLS handshake inside it whose certificate is only looked
 * at. Where what listens does not speak as the URL's scheme says, the other way is tried once, to tell a wrong scheme from
 * something that is no proxy. Credentials come from the environment variable, go into this request, and nowhere else.
 */
export async function probeProxy(
  probe: ProxyProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<ProxyObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: ProxyObservation['outcome'], detail: ProxyDetail): ProxyObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const limit = startLimit(durations.httpsExchange, signal);
  try {
    const first = await attempt(host, subject, subject.scheme, durations, limit);
    if (first.kind === 'answer') return observe(...(await judge(host, subject, first.answer, limit)));
    const { outcome, failure } = first;
    if (outcome !== 'not-a-proxy') return observe(outcome, { failure });
    const other = subject.scheme === 'https' ? 'http' : 'https';
    const second = await attempt(host, subject, other, durations, limit);
    if (second.kind === 'failure') return observe(outcome, { failure });
    second.answer.socket.destroy();
    return observe('wrong-scheme', { status: second.answer.status, server: second.answer.server, failure });
  } catch (error) {
    const ended = limit.signal.aborted ? limit.signal.reason : error;
    return observe(wordFor(ended), { failure: failureOf(ended) });
  } finally {
    limit.end();
  }
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly outcome: ProxyOutcome | 'skipped'; readonly failure: ProxyDetail['failure'] };

/** One connection and one CONNECT. Rejects only when the run or the probe's time is over. */
async function attempt(
  host: Host,
  subject: ProxySubject,
  scheme: 'http' | 'https',
  durations: Durations,
  limit: Limit,
): Promise<Attempt> {
  const connecting = startLimit(durations.tcpConnect, limit.signal, 'connectTimeout');
  let socket: Socket | undefined;
  try {
    socket = await connectTcp(host, subject, connecting.signal);
  } catch (error) {
    if (limit.signal.aborted) throw error;
    return { kind: 'failure', outcome: wordFor(error), failure: failureOf(error) };
  } finally {
    connecting.end();
  }
  try {
    if (scheme === 'https') {
      // Node's clients and Go verify a proxy's certificate as any other; who does not accept it never gets to CONNECT.
      socket = await handshake(host, socket, { serverName: subject.name, verify: true }, limit.signal);
    }
    const answer = await connectThrough(host, subject, socket, limit.signal);
    if (NOT_OF_A_PROXY.has(answer.status)) throw ownError('notHttp', `CONNECT is answered with ${answer.status}`);
    return { kind: 'answer', answer };
  } catch (error) {
    socket.destroy();
    if (limit.signal.aborted) throw error;
    const tls = scheme === 'https' ? outcomeOf('tls', error) : undefined;
    const certificate = tls !== undefined && ['name-mismatch', 'untrusted', 'expired', 'not-yet-valid'].includes(tls);
    return { kind: 'failure', outcome: certificate ? 'tls-failed' : 'not-a-proxy', failure: failureOf(error) };
  }
}

/** Sends CONNECT and reads the head of the answer, no byte further: what follows belongs to the tunnel. */
async function connectThrough(host: Host, subject: ProxySubject, socket: Socket, signal: AbortSignal): Promise<Answer> {
  const place = socketAddress(subject.host, subject.hostPort);
  const authorization = proxyAuthorization(host.env, subject.variable);
  const lines = [
    `CONNECT ${place} HTTP/1.1`,
    `Host: ${place}`,
    'User-Agent: vpce-doctor',
    ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const head = await readHead(socket, signal);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) throw ownError('notHttp', 'the answer to CONNECT is not HTTP');
  const server = /^(?:server|via): *(.+)$/im.exec(head)?.[1];
  return { status: Number(status), server: server === undefined ? undefined : printable(server).slice(0, 120), socket };
}

async function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let head = Buffer.alloc(0);
  const onReadable = () => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end >= 0) {
        const rest = head.subarray(end + 4);
        // What is put back is announced again, before anybody who waits for the head can run: we must not hear it.
        socket.off('readable', onReadable);
        if (rest.length > 0) socket.unshift(rest);
        resolve(head.toString('latin1', 0, end));
        return;
      }
      if (head.length > MOST_HEADER_BYTES || !'HTTP/'.startsWith(head.toString('latin1', 0, 5))) {
        reject(ownError('notHttp', 'the answer to CONNECT is not HTTP'));
        return;
      }
    }
  };
  const onEnd = () => reject(ownError('closed', 'the peer closed the connection instead of answering CONNECT'));
  const onAbort = () => reject(signal.reason);
  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', reject);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', reject);
    signal.removeEventListener('abort', onAbort);
  }
}

async function judge(
  host: Host,
  subject: ProxySubject,
  { status, server, socket }: Answer,
  limit: Limit,
): Promise<[ProxyObservation['outcome'], ProxyDetail]> {
  try {
    if (status === 407) return ['authentication-required', { status, server }];
    if (status < 200 || status > 299) return ['denied', { status, server }];
    return ['established', { status, server, tls: await lookThrough(host, subject, socket, limit.signal) }];
  } finally {
    socket.destroy();
  }
}

/** Who is at the other end: a proxy that breaks TLS open presents its own certificate here. */
async function lookThrough(
  host: Host,
  subject: ProxySubject,
  socket: Socket,
  signal: AbortSignal,
): Promise<NonNullable<ProxyDetail['tls']>> {
  try {
    const secure = await handshake(host, socket, { serverName: subject.host, verify: false }, signal);
    const issuer = readChain(secure.getPeerCertificate(true)).at(0)?.issuer;
    const fault = faultOf(secure, subject.host);
    secure.destroy();
    const outcome = fault === undefined ? 'trusted' : outcomeOf('tls', fault);
    return { outcome: outcome === 'skipped' ? 'failed' : outcome, issuer };
  } catch (error) {
    const outcome = outcomeOf('tls', error);
    return { outcome: outcome === 'skipped' ? 'timeout' : outcome };
  }
}

/** A connection's failure in this rung's words. */
function wordFor(error: unknown): ProxyObservation['outcome'] {
  return outcomeOf('tcp', error);
}
