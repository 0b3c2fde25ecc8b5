/** One DNS question to one resolver, with packets of our own: the system's resolver would answer from files and caches. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import type { DnsDetail, DnsObservation, DnsOutcome, DnsProbe, DnsSubject } from '../model/observation.ts';
import { connectTcp, hangUp, route } from './connect.ts';
import { type DnsMessage, type DnsQuestion, decodeReply, encodeQuestion, isDnsName } from './dns-message.ts';
import { startLimit } from './limit.ts';
import { codeOf, failureOf, OWN_CODES, outcomeOf, ownError } from './outcome.ts';

const NOTHING: DnsDetail = { addresses: [], cnames: [], answers: [], authority: [] };

/**
 * Asks, and waits `durations.dnsQuery` milliseconds: once over UDP, sent again after half of that, because one lost
 * packet is no verdict. A truncated answer is asked for again over TCP, with the same time once more. Datagrams that do
 * not answer this question are ignored; when nothing else comes, the outcome is `malformed` rather than `timeout`.
 */
export async function probeDns(
  probe: DnsProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<DnsObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: DnsObservation['outcome'], detail: DnsDetail): DnsObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const question: DnsQuestion = { id: randomInt(0x10000), name: subject.name, type: subject.type };
  let partial: DnsMessage | undefined;
  try {
    if (!isDnsName(subject.name)) throw ownError('badName', 'no DNS message can carry this name');
    const exchange = { subject, question, host, ms: durations.dnsQuery };
    let message = await ask(subject.transport, exchange, signal);
    if (message.truncated && subject.transport === 'udp') {
      partial = message;
      message = await ask('tcp', exchange, signal);
    }
    return observe(outcomeOfMessage(message), { ...detailOf(message), ...(partial && { truncated: true }) });
  } catch (error) {
    const failure = failureOf(error);
    // Addresses of a truncated answer are not offered: a resolver library throws such an answer away as well.
    const detail = partial ? { ...detailOf(partial), addresses: [], truncated: true } : NOTHING;
    return observe(outcomeOf(rung, error), { ...detail, failure });
  }
}

function outcomeOfMessage({ responseCode, addresses }: DnsMessage): DnsOutcome {
  switch (responseCode) {
    case 0:
      return addresses.length > 0 ? 'answered' : 'no-data';
    case 2:
      return 'servfail';
    case 3:
      return 'nxdomain';
    case 5:
      return 'refused-by-server';
    default:
      return 'other-rcode';
  }
}

function detailOf(message: DnsMessage): DnsDetail {
  const { responseCode, truncated, ...detail } = message;
  return detail;
}

type Exchange = {
  readonly subject: DnsSubject;
  readonly question: DnsQuestion;
  readonly host: Host;
  /** how long all of it may take; over UDP the question is sent again after half of that */
  readonly ms: number;
};

/**
 * FORMERR and NOTIMP can mean just the EDNS option (RFC 6891, section 7), which many resolver libraries never send. Then
 * the question is asked again without it.
 */
async function ask(transport: DnsSubject['transport'], exchange: Exchange, run: AbortSignal): Promise<DnsMessage> {
  const limit = startLimit(exchange.ms, run);
  const askOnce = transport === 'udp' ? askUdp : askTcp;
  try {
    const message = await askOnce(exchange, true, limit.signal);
    if (message.responseCode !== 1 && message.responseCode !== 4) return message;
    return await askOnce(exchange, false, limit.signal);
  } finally {
    limit.end();
  }
}

/**
 * The socket is connected, so that the kernel drops other senders' datagrams and reports a closed port. The second try
 * carries no EDNS option: a middlebox that drops what it does not know must not look like a dead resolver.
 */
async function askUdp(exchange: Exchange, edns: boolean, signal: AbortSignal): Promise<DnsMessage> {
  const { subject, question, host, ms } = exchange;
  signal.throwIfAborted();
  const { address, port } = route(host, 'udp', subject.server, subject.port);
  const { promise, resolve, reject } = Promise.withResolvers<DnsMessage>();
  const replies = readReplies(question, resolve);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const giveUp = () => reject(replies.reasonOf(signal));
  const send = (bytes: Buffer) => socket.send(bytes, (error) => error && reject(error));
  let again: NodeJS.Timeout | undefined;
  const start = () => {
    const peer = socket.remoteAddress();
    // Anybody's datagram can slip in between bind and connect.
    socket.on('message', (bytes, from) => {
      if (from.address === peer.address && from.port === peer.port) replies.read(bytes);
    });
    again = setTimeout(() => send(encodeQuestion(question, false)), ms / 2);
    send(encodeQuestion(question, edns));
  };
  socket.on('error', reject);
  socket.on('connect', start);
  signal.addEventListener('abort', giveUp);
  try {
    socket.connect(port, address);
    return await promise;
  } finally {
    clearTimeout(again);
    signal.removeEventListener('abort', giveUp);
    socket.off('connect', start);
    socket.close();
  }
}

/** RFC 7766: each message follows its length in two bytes. */
async function askTcp(exchange: Exchange, edns: boolean, signal: AbortSignal): Promise<DnsMessage> {
  const { subject, question, host } = exchange;
  const socket = await connectTcp(host, { address: subject.server, port: subject.port }, signal);
  const { promise, resolve, reject } = Promise.withResolvers<DnsMessage>();
  const replies = readReplies(question, resolve);
  const giveUp = () => reject(replies.reasonOf(signal));
  let received = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      replies.read(received.subarray(2, end));
      received = received.subarray(end);
    }
  });
  socket.on('error', reject);
  socket.on('close', () => reject(ownError('closed', 'the server closed the connection without an answer')));
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    const bytes = encodeQuestion(question, edns);
    socket.write(Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]));
    return await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
    hangUp(socket);
  }
}

/** Picks the answer out of what comes, and knows whether anything else came. */
function readReplies(question: DnsQuestion, found: (message: DnsMessage) => void) {
  let strangers = 0;
  return {
    read: (bytes: Buffer) => {
      const reply = decodeReply(bytes, question);
      if (reply.kind === 'answer') found(reply.message);
      else strangers += 1;
    },
    /** why the wait ended without an answer */
    reasonOf: (signal: AbortSignal): unknown =>
      strangers > 0 && codeOf(signal.reason) === OWN_CODES.timeout
        ? ownError('notDns', `${strangers} messages came, none of which answers this question`)
        : signal.reason,
  };
}
