/** A signed read request through the path that the other rungs measured: does the service do it for this caller? */
import type { TLSSocket } from 'node:tls';
import type { Signer } from '../collect/signer.ts';
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import type { AccessDetail, AccessObservation, AccessProbe, AccessSubject, Failure } from '../model/observation.ts';
import { withoutSecrets } from '../model/secrets.ts';
import { unescapeXml } from '../model/text.ts';
import { readDenialOf } from '../policy/denials.ts';
import { isAmazonAuthority, shortName } from '../services/amazon-trust.ts';
import { isInChina, MOST_SKEW_MS, type SignedRead, signedReadFor, signingRegion } from '../services/signed-reads.ts';
import { outcomeOfRefusal } from './access-words.ts';
import { anchorOf, readChain } from './certificate.ts';
import { connectTcp } from './connect.ts';
import { handshake } from './handshake.ts';
import { errorTypeOf, type Response, readBody, readDate, reasonOf, request, requestIdOf, withCode } from './https.ts';
import { startLimit } from './limit.ts';
import { codeOf, failureOf, OWN_CODES, outcomeOf, ownError } from './outcome.ts';
import { printable } from './text.ts';

/**
 * One read request within `durations.httpsExchange`, signed with the caller's own credentials, on a connection of its own;
 * credentials are fetched once per host, within `durations.apiAttempt`. Nothing is sent, and the outcome is `withheld`, unless
 * the host's name is the service's own and the certificate on this very connection is accepted and leads to an authority of Amazon.
 *
 * Signed with this machine's time, as applications do. Where the service refuses that and its own Date is farther off than it
 * allows, once more with the service's time, as the SDKs do: what the clock does is a finding of its own, from the Date.
 *
 * Of the answer only status, codes and the words of a refusal are kept, and these only where nothing that was sent stands
 * in them: services print the canonical request and the key id when they refuse a signature.
 */
export async function probeAccess(
  probe: AccessProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<AccessObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: AccessObservation['outcome'], detail: AccessDetail): AccessObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const read = signedReadFor(subject.service, subject.serverName);
  const region = signingRegion(subject.serverName);
  if (read === undefined || region === undefined)
    return observe('withheld', withheld(`${subject.serverName} is no name of ${subject.service} itself`));
  const identity = await identityOf(host, region, durations, signal);
  if ('failure' in identity)
    return observe(identity.failure.code === OWN_CODES.skipped ? 'skipped' : 'no-credentials', identity);
  const limit = startLimit(durations.httpsExchange, signal);
  const way = { opened: false };
  try {
    const ask = (date: Date) =>
      exchange({ host, subject, read, region, sign: identity.sign, date, signal: limit.signal, way });
    const first = await ask(new Date(host.now()));
    const offset = first.clockOffsetMs ?? 0;
    const isClock = first.outcome === 'credentials-rejected' && Math.abs(offset) > MOST_SKEW_MS;
    const { outcome, detail } = isClock ? await ask(new Date(host.now() - offset)) : first;
    return observe(outcome, detail);
  } catch (thrown) {
    const error = limit.signal.aborted ? reasonOf(limit.signal, way.opened) : withCode(thrown);
    const { code, syscall } = failureOf(error);
    // Errors of the library may hold what came over the connection; its code says enough.
    return observe(outcomeOf('https', error) as AccessObservation['outcome'], { failure: { code, syscall } });
  } finally {
    limit.end();
  }
}

type Identity = { readonly sign: Signer } | { readonly failure: Failure };

const identities = new WeakMap<Host, Promise<Identity>>();

/** The caller's credentials, once for all questions of a run, also when there are none. */
async function identityOf(host: Host, region: string, durations: Durations, signal: AbortSignal): Promise<Identity> {
  const known = identities.get(host) ?? fetchIdentity(host, region, durations, signal);
  identities.set(host, known);
  return known;
}

async function fetchIdentity(host: Host, region: string, durations: Durations, run: AbortSignal): Promise<Identity> {
  const limit = startLimit(durations.apiAttempt, run);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true });
  try {
    const open = import('../collect/signer.ts').then(({ openSigner }) => openSigner(host, region));
    return { sign: await Promise.race([open, ended]) };
  } catch (error) {
    // Providers quote what they read; the name of the error says enough.
    const name = error instanceof Error ? error.name : undefined;
    return { failure: { code: codeOf(error) ?? name, message: 'no source of credentials gave any' } };
  } finally {
    limit.end();
  }
}

type Exchange = {
  readonly host: Host;
  readonly subject: AccessSubject;
  readonly read: SignedRead;
  readonly region: string;
  readonly sign: Signer;
  readonly date: Date;
  readonly signal: AbortSignal;
  readonly way: { opened: boolean };
};

type Answer = Pick<AccessObservation, 'outcome' | 'detail'> & { readonly clockOffsetMs?: number | undefined };

async function exchange({ host, subject, read, region, sign, date, signal, way }: Exchange): Promise<Answer> {
  const { serverName, port } = subject;
  let secure: TLSSocket | undefined;
  try {
    const socket = await connectTcp(host, subject, signal);
    way.opened = true;
    secure = await handshake(host, socket, { serverName, verify: true }, signal);
    const stranger = strangerAt(host, secure, serverName);
    if (stranger !== undefined)
      return { outcome: 'withheld', detail: withheld(`the certificate there is signed by ${stranger}`) };
    const question = read.request(serverName, region);
    const scope = { service: read.signingName, region, date };
    const { headers, secrets } = await sign({ ...question, hostname: serverName, port }, scope);
    const asked = host.monotonic();
    const response = await request(secure, { ...question, serverName, port }, signal, { ...question, headers });
    const { clockOffsetMs } = readDate(response, host.now(), host.monotonic() - asked);
    return { ...(await readAnswer(response, read, secrets)), clockOffsetMs };
  } finally {
    secure?.destroy();
  }
}

/**
 * Who signed the certificate, where it is none of Amazon's authorities. The chain was accepted already, but an inspecting proxy's
 * root is accepted too where it is installed, whatever it calls itself: so the chain must lead to a root that Node itself
 * carries (or to one that is given for this run alone, as the lab's is). In China other public authorities sign.
 */
function strangerAt(host: Host, secure: TLSSocket, serverName: string): string | undefined {
  const leaf = secure.getPeerCertificate(true);
  const chain = readChain(leaf);
  const isOwn = host.wire.certificateAuthorities !== undefined;
  const isPublic = isOwn || anchorOf(leaf) === 'bundled';
  const isAmazon = chain.some((certificate) => isAmazonAuthority(certificate.issuer));
  if (isPublic && (isAmazon || isInChina(serverName))) return undefined;
  const { issuer = 'nobody' } = chain.at(-1) ?? {};
  return isPublic ? shortName(issuer) : `${shortName(issuer)}, which is no public authority`;
}

/** The outcome by status and code; the words of a refusal, where there is one. */
async function readAnswer(response: Response, read: SignedRead, secrets: readonly string[]): Promise<Answer> {
  const { statusCode: status } = response;
  const safe = (text: string | undefined) => withoutSecrets(text, secrets);
  const requestId = safe(requestIdOf(response));
  if (status >= 200 && status < 300) {
    const caller = read.action === 'sts:GetCallerIdentity' ? callerIn((await readBody(response)).text) : undefined;
    return { outcome: 'allowed', detail: { status, requestId, caller: safe(caller) } };
  }
  const { text } = await readBody(response);
  const errorType = safe(errorTypeOf(response, text));
  const denial = readDenialOf({ status, errorType, body: safe(messageIn(text)) });
  return { outcome: outcomeOfRefusal(status, errorType, denial), detail: { status, requestId, errorType, denial } };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
function callerIn(body: string): string | undefined {
  return /<Arn>(arn:[\w-]+:(?:iam|sts)::\d{12}:[\w+=,.@/:-]{1,256})<\/Arn>/.exec(body)?.[1];
}

/**
 * The first line of the message in an error's JSON or XML. What follows it, where a signature is refused, is the canonical
 * request; and a message without its end may be a torn piece of anything.
 */
function messageIn(body: string): string | undefined {
  const raw = jsonMessage(body) ?? /<[Mm]essage>([^<]*)<\/[Mm]essage>/.exec(body)?.[1];
  const line = raw === undefined ? undefined : unescapeXml(raw).trim().split(/\r|\n/)[0];
  return line === undefined || line === '' ? undefined : printable(line);
}

function jsonMessage(body: string): string | undefined {
  try {
    const { message, Message, errorMessage } = Object(JSON.parse(body)) as Record<string, unknown>;
    const found = [message, Message, errorMessage].find((one) => typeof one === 'string');
    return typeof found === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}

function withheld(message: string): AccessDetail {
  return { failure: failureOf(ownError('withheld', message)) };
}
