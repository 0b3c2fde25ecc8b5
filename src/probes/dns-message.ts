/** DNS messages as bytes: the question that a probe sends, and what a datagram says to it. No I/O, and never an exception. */
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import type { DnsRecord, DnsSubject } from '../model/observation.ts';
import { printable } from './text.ts';

/** DNS flag day 2020 (https://www.dnsflagday.net/2020/): an answer of this size is not fragmented on any usual path. */
export const EDNS_UDP_PAYLOAD_SIZE = 1232;

export type DnsQuestion = { readonly id: number; readonly name: string; readonly type: DnsSubject['type'] };

export type DnsMessage = {
  readonly responseCode: number;
  /** `NXDOMAIN`; `RCODE_n` where there is no name */
  readonly rcode: string;
  readonly authoritative: boolean;
  readonly recursionAvailable: boolean;
  readonly truncated: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly ednsUdpPayloadSize: number | undefined;
  readonly extendedError: string | undefined;
  /** of the type that was asked, in the order of the answer, at the end of the chain of names */
  readonly addresses: readonly string[];
  readonly cnames: readonly string[];
};

/** `foreign`: DNS, but no answer to this question; `garbage`: not DNS. Both are to be ignored, and remembered. */
export type DnsReply =
  | { readonly kind: 'answer'; readonly message: DnsMessage }
  | { readonly kind: 'foreign' | 'garbage' };

/** True when the name fits a DNS message (RFC 1035, section 2.3.4: labels of 1 to 63 bytes, 253 characters in all). */
export function isDnsName(name: string): boolean {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  if (Buffer.byteLength(bare) > 253) return false;
  return bare.split('.').every((label) => label.length > 0 && Buffer.byteLength(label) <= 63);
}

/** The question as a message. Without `edns` as a stub of 1987 would ask, for servers and middleboxes that drop the rest. */
export function encodeQuestion({ id, name, type }: DnsQuestion, edns: boolean): Buffer {
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    additionals: edns ? [EDNS_OPTION] : [],
  });
}

const EDNS_OPTION: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: EDNS_UDP_PAYLOAD_SIZE,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** What these bytes say to `question`. */
export function decodeReply(bytes: Buffer, question: DnsQuestion): DnsReply {
  if (bytes.length < 12) return { kind: 'garbage' };
  const flags = bytes.readUInt16BE(2);
  if (bytes.readUInt16BE(0) !== question.id || (flags & 0x8000) === 0) return { kind: 'foreign' };
  const packet = tryDecode(bytes);
  // Some servers cut a truncated message in the middle of a record; what counts is that they say so.
  if (packet === undefined)
    return flags & 0x0200 ? { kind: 'answer', message: truncatedMessage(flags) } : { kind: 'garbage' };
  if (!answersQuestion(packet, question, flags & 15)) return { kind: 'foreign' };
  return { kind: 'answer', message: readMessage(packet, flags, question) };
}

/**
 * dns-packet 5 reads addresses past the end of a message (`10.0.undefined.undefined`) and believes a name's own length
 * rather than its record's, so its answer counts only where it agrees with the records' lengths.
 */
function tryDecode(bytes: Buffer): DecodedPacket | undefined {
  const end = endOfRecords(bytes);
  if (end === undefined) return undefined;
  try {
    const packet = decode(bytes);
    return decode.bytes === end ? packet : undefined;
  } catch {
    return undefined;
  }
}

/** Where the last record ends by the counts of the header and each record's length; undefined when they lead out of the message. */
function endOfRecords(bytes: Buffer): number | undefined {
  let at: number | undefined = 12;
  for (let left = bytes.readUInt16BE(4); left > 0; left -= 1) {
    at = endOfName(bytes, at);
    if (at === undefined) return undefined;
    at += 4;
  }
  for (let left = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10); left > 0; left -= 1) {
    at = endOfName(bytes, at);
    if (at === undefined || at + 10 > bytes.length) return undefined;
    at += 10 + bytes.readUInt16BE(at + 8);
  }
  return at <= bytes.length ? at : undefined;
}

/** A name ends with an empty label or with its first pointer, wherever that leads. */
function endOfName(bytes: Buffer, start: number): number | undefined {
  let at = start;
  while (at < bytes.length) {
    const length = bytes.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
  return undefined;
}

/** A server that cannot read the question may leave it out of its complaint (RFC 1035, section 4.1.1: FORMERR, NOTIMP, REFUSED …). */
function answersQuestion(packet: DecodedPacket, { name, type }: DnsQuestion, headerCode: number): boolean {
  const [asked, ...others] = packet.questions ?? [];
  if (asked === undefined) return headerCode !== 0 && headerCode !== 3;
  return others.length === 0 && sameName(asked.name, name) && asked.type === type && asked.class === 'IN';
}

function readMessage(packet: DecodedPacket, flags: number, { name, type }: DnsQuestion): DnsMessage {
  const option = packet.additionals?.find((record) => record.type === 'OPT');
  const responseCode = ((option?.extendedRcode ?? 0) << 4) | (flags & 15);
  const answers = readRecords(packet.answers ?? []);
  return {
    ...headerOf(flags),
    responseCode,
    rcode: RESPONSE_CODES[responseCode] ?? `RCODE_${responseCode}`,
    answers,
    authority: readRecords(packet.authorities ?? []),
    ednsUdpPayloadSize: option?.udpPayloadSize,
    extendedError: option && readExtendedErrors(option.options),
    ...followNames(name, type, answers),
  };
}

function truncatedMessage(flags: number): DnsMessage {
  const responseCode = flags & 15;
  return {
    ...headerOf(flags),
    responseCode,
    rcode: RESPONSE_CODES[responseCode] ?? `RCODE_${responseCode}`,
    answers: [],
    authority: [],
    ednsUdpPayloadSize: undefined,
    extendedError: undefined,
    addresses: [],
    cnames: [],
  };
}

function headerOf(flags: number) {
  return {
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
  };
}

/** https://www.iana.org/assignments/dns-parameters, DNS RCODEs */
const RESPONSE_CODES: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
  16: 'BADVERS',
  23: 'BADCOOKIE',
};

/** From the name that was asked along the CNAMEs of this answer to its addresses. A loop of names ends where it closes. */
export function followNames(name: string, type: string, answers: readonly DnsRecord[]) {
  const cnames: string[] = [];
  const seen = new Set<string>();
  let current = canonical(name);
  while (!seen.has(current)) {
    seen.add(current);
    const here = answers.filter((record) => canonical(record.name) === current);
    const addresses = here.filter((record) => record.type === type).map((record) => record.data);
    const next = here.find((record) => record.type === 'CNAME')?.data;
    if (addresses.length > 0 || next === undefined) return { addresses, cnames };
    if (seen.has(canonical(next))) break;
    cnames.push(next);
    current = canonical(next);
  }
  return { addresses: [], cnames };
}

const sameName = (a: string, b: string) => canonical(a) === canonical(b);
const canonical = (name: string) => (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();

function readRecords(records: readonly Answer[]): DnsRecord[] {
  return records
    .filter((record) => record.type !== 'OPT')
    .map((record) => ({
      name: printable(record.name),
      type: record.type,
      ttl: record.ttl ?? 0,
      data: printable(presentation(record)),
    }));
}

/** The record's data as a zone file would have it; what is rare, as RFC 3597's hexadecimal or plain JSON. */
function presentation(record: Exclude<Answer, { type: 'OPT' }>): string {
  switch (record.type) {
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return [mname, rname, serial, refresh, retry, expire, minimum].join(' ');
    }
    case 'TXT':
      return [record.data]
        .flat()
        .map((part) => JSON.stringify(part.toString()))
        .join(' ');
    case 'MX':
      return `${record.data.preference} ${record.data.exchange}`;
    case 'SRV':
      return [record.data.priority, record.data.weight, record.data.port, record.data.target].join(' ');
  }
  const { data } = record;
  if (typeof data === 'string') return data;
  return Buffer.isBuffer(data) ? `\\# ${data.length} ${data.toString('hex')}` : JSON.stringify(data);
}

/** RFC 8914: two bytes of code, then text. dns-packet 5 does not know the option and hands its bytes over. */
function readExtendedErrors(options: readonly { readonly code: number; readonly data?: Buffer | undefined }[]) {
  const errors = options.flatMap(({ code, data }) => {
    if (code !== 15 || data === undefined || data.length < 2) return [];
    const text = printable(data.toString('utf8', 2).replace(/\0+$/, ''));
    return [text === '' ? `${data.readUInt16BE(0)}` : `${data.readUInt16BE(0)}: ${text}`];
  });
  return errors.length > 0 ? errors.join('; ') : undefined;
}
