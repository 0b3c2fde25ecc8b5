/** Does the service behind an address answer HTTPS requests, and is it an AWS service that answers? */
import type { TLSSocket } from 'node:tls';
import { Client, type Dispatcher, errors } from 'undici';
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import {
  type HttpsDetail,
  type HttpsObservation,
  type HttpsProbe,
  type HttpsSubject,
  socketAddress,
} from '../model/observation.ts';
import { readUnsignedDenialOf } from '../policy/denials.ts';
import { connectTcp } from './connect.ts';
import { handshake } from './handshake.ts';
import { startLimit } from './limit.ts';
import { codeOf, failureOf, OWN_CODES, outcomeOf, ownError } from './outcome.ts';
import { printable } from './text.ts';

const BODY_BYTES = 4096;
const BODY_CHARACTERS = 512;

/**
 * One request within `durations.httpsExchange`, on a connection of its own, without credentials; redirects are answers.
 * The certificate is verified as any client would: an unaccepted one gives `tls-failed`, and the TLS rung tells why.
 * Once the headers are there the outcome stands, however the body ends. `subject.padding` fills segments with a header of
 * that many bytes: a server that finds it too long says so (431), and that it arrived is all that is wanted.
 */
export async function probeHttps(
  probe: HttpsProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<HttpsObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: HttpsObservation['outcome'], detail: HttpsDetail): HttpsObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const limit = startLimit(durations.httpsExchange, signal);
  let opened = false;
  let secure: TLSSocket | undefined;
  try {
    const socket = await connectTcp(host, subject, limit.signal);
    opened = true;
    secure = await handshake(
      host,
      socket,
      { serverName: subject.serverName, verify: true, hello: subject.hello },
      limit.signal,
    );
    const asked = host.monotonic();
    const response = await request(secure, subject, limit.signal);
    const date = readDate(response, host.now(), host.monotonic() - asked);
    const { text, failure } = await readBody(response);
    const isAws = isAwsAnswer(response);
    const answer = { status: response.statusCode, errorType: errorTypeOf(response, text), body: text };
    const denial = isAws ? readUnsignedDenialOf(answer) : undefined;
    return observe(isAws ? 'aws-answer' : 'other-answer', {
      status: response.statusCode,
      requestId: requestIdOf(response),
      server: header(response, 'server'),
      ...date,
      errorType: answer.errorType,
      contentType: header(response, 'content-type'),
      body: text === '' ? undefined : printable(text.slice(0, BODY_CHARACTERS)),
      ...(denial === undefined ? {} : { denial }),
      failure,
    });
  } catch (thrown) {
    const error = limit.signal.aborted ? reasonOf(limit.signal, opened) : withCode(thrown);
    return observe(outcomeOf(rung, error), { failure: failureOf(error) });
  } finally {
    limit.end();
    secure?.destroy();
  }
}

/** One limit covers everything, but a connection that never opened is another matter than an answer that never came. */
export function reasonOf(signal: AbortSignal, opened: boolean): unknown {
  const isTimeout = codeOf(signal.reason) === OWN_CODES.timeout;
  return isTimeout && !opened ? ownError('connectTimeout', 'TCP did not open in time') : signal.reason;
}

export type Response = Dispatcher.ResponseData;
/** What is read of an answer besides its body. */
export type Head = Pick<Response, 'statusCode' | 'headers'>;

/** The client lives as long as its one connection, which the caller destroys. `sent` is what a signed request has more. */
export async function request(
  secure: TLSSocket,
  subject: Omit<HttpsSubject, 'address'>,
  signal: AbortSignal,
  sent: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
): Promise<Response> {
  const { serverName, port, method, path } = subject;
  let spent = false;
  const client = new Client(`https://${socketAddress(serverName, port)}`, {
    // undici takes no answer from inside the call, and would connect again without end to a peer that closes early.
    connect: (_options, callback) => {
      const again = spent;
      spent = true;
      queueMicrotask(() => (again ? callback(closedEarly(), null) : callback(null, secure)));
    },
    // The probe's own limit ends every wait.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { promise: ended, reject } = Promise.withResolvers<never>();
  // undici rejects at once only when the request is on its way; a probe must end whatever became of it.
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  const padding = subject.padding === undefined ? {} : { 'x-padding': 'x'.repeat(subject.padding) };
  const headers = { 'user-agent': 'vpce-doctor', ...padding, ...sent.headers };
  const body = sent.body === undefined || sent.body === '' ? {} : { body: sent.body };
  return Promise.race([client.request({ path, method, headers, ...body, reset: true, signal }), ended]);
}

/** undici 8 looks its parser's codes up in a table that has no such keys, and leaves the error without one. */
export function withCode(error: unknown): unknown {
  if (!(error instanceof errors.HTTPParserError) || codeOf(error) !== undefined) return error;
  return ownError('notHttp', error.message);
}

const closedEarly = () => ownError('closed', 'the peer closed the connection before it got the request');

export function header({ headers }: Pick<Head, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return value === undefined ? undefined : printable([value].flat().join(', '));
}

/** facts.md, section 10: any of these proves that an AWS service answered, whatever the status. */
const REQUEST_ID_HEADERS = [
  'x-amzn-requestid',
  'x-amzn-request-id',
  'x-amz-request-id',
  'x-amz-rid',
  'x-amz-id-2',
] as const;

export function requestIdOf(response: Head): string | undefined {
  return REQUEST_ID_HEADERS.map((name) => header(response, name)).find((value) => value !== undefined);
}

/**
 * `awselb/2.0` and CloudFront's headers are no proof: customers put load balancers and distributions of their own there,
 * and an endpoint's traffic passes neither.
 */
export function isAwsAnswer(response: Head): boolean {
  if (requestIdOf(response) !== undefined) return true;
  if (/^Amazon(EC2|S3)$/i.test(header(response, 'server') ?? '')) return true;
  const isRegistry = header(response, 'docker-distribution-api-version') !== undefined;
  return isRegistry && /service="ecr\./.test(header(response, 'www-authenticate') ?? '');
}

/**
 * The server wrote its Date about half a round trip before we read it, in whole seconds: a right clock is 0 to 1000 ms off.
 * A cache's Date (RFC 9111: it comes with an Age) says nothing about now.
 */
export function readDate(response: Head, now: number, roundTrip: number): Pick<HttpsDetail, 'date' | 'clockOffsetMs'> {
  const date = header(response, 'date');
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs) || header(response, 'age') !== undefined) return { date };
  return { date, clockOffsetMs: Math.round(now - roundTrip / 2 - theirs) };
}

/** What there is of the body, as text; why it is not whole, when the network is to blame. Nothing for a binary type. */
export async function readBody({
  body,
  headers,
}: Response): Promise<{ text: string; failure: HttpsDetail['failure'] }> {
  const isText = /text|json|xml|html/i.test(String(headers['content-type'] ?? 'text'));
  const chunks: Buffer[] = [];
  let failure: HttpsDetail['failure'];
  try {
    let size = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= BODY_BYTES) break;
    }
  } catch (error) {
    failure = failureOf(error);
  }
  return { text: isText ? Buffer.concat(chunks).toString('utf8', 0, BODY_BYTES) : '', failure };
}

/**
 * The service's own word for what is wrong, without the namespace and link that some put around it: in a header, in `__type`
 * or `code` of JSON (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html), or in <Code> of XML.
 */
export function errorTypeOf(response: Head, body: string): string | undefined {
  const raw = header(response, 'x-amzn-errortype') ?? jsonErrorType(body) ?? body.match(/<Code>([\w.]+)<\/Code>/)?.[1];
  // Services that do not even know the operation answer with a lone element: facts.md, section 10.
  const name = raw ?? body.match(/^\s*<(\w+Exception)\s*\/?>/)?.[1];
  return name === undefined ? undefined : printable(name.split(':')[0]?.split('#').at(-1) ?? name);
}

function jsonErrorType(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return undefined;
    const { __type, code } = value as Record<string, unknown>;
    return [__type, code].find((type) => typeof type === 'string');
  } catch {
    return undefined;
  }
}
