/** A DNS question as dig, nslookup or getent answered it. */
import { type DnsObservation, type DnsRecord, probeId } from '../model/observation.ts';
import { followNames } from '../probes/dns-message.ts';
import { outcomeOf } from '../probes/outcome.ts';
import { canonicalAddress } from '../vantage/addresses.ts';
import type { Raw } from './raw-document.ts';
import { lastWords, type Said, saidBy, systemCode } from './raw-words.ts';

type Reading = Pick<DnsObservation, 'outcome' | 'detail'>;

const NOTHING = { addresses: [], cnames: [], answers: [], authority: [] };

/**
 * The observation. dig tells everything. nslookup tells no flags, TTLs or authority. getent tells addresses only: whatever
 * else happened is `failed`, which blames nobody.
 */
export function dnsObservation(raw: Raw<'dns'>): DnsObservation {
  const { subject, tool, ms } = raw;
  const said = saidBy(raw.lines);
  const read = tool === 'dig' ? readDig : tool === 'nslookup' ? readNslookup : readGetent;
  return { id: probeId('dns', subject), rung: 'dns', subject, after: [], ms, ...read(said, subject) };
}

const RCODES: Readonly<Record<string, DnsObservation['outcome']>> = {
  SERVFAIL: 'servfail',
  NXDOMAIN: 'nxdomain',
  REFUSED: 'refused-by-server',
};

function readDig(said: Said, { name, type }: Raw<'dns'>['subject']): Reading {
  // What was retried over TCP has two headers; the last one is the answer.
  const header = said.text.match(/;; ->>HEADER<<- .*status: (\w+)/g)?.at(-1);
  const rcode = header?.replace(/.*status: /, '');
  if (rcode === undefined) return { outcome: silence(said), detail: { ...NOTHING, failure: failureOf(said) } };
  const flags =
    / flags: ([a-z ]*);/.exec(said.text.slice(said.text.lastIndexOf('->>HEADER<<-')))?.[1]?.split(' ') ?? [];
  const { answers, authority } = sections(said.lines);
  const { addresses, cnames } = followNames(name, type, answers);
  const error = /; EDE: (\d+)(?: \([^)]*\))?(?:: \(([^)]*)\))?/.exec(said.text);
  const outcome =
    rcode === 'NOERROR' ? (addresses.length > 0 ? 'answered' : 'no-data') : (RCODES[rcode] ?? 'other-rcode');
  const size = /EDNS: version: \d+, flags:[^;]*; udp: (\d+)/.exec(said.text)?.[1];
  return {
    outcome,
    detail: {
      rcode,
      addresses: addresses.flatMap((address) => canonicalAddress(address) ?? []),
      cnames,
      answers,
      authority,
      authoritative: flags.includes('aa'),
      recursionAvailable: flags.includes('ra'),
      ...(/;; Truncated, retrying in TCP/.test(said.text) ? { truncated: true } : {}),
      ...(size === undefined ? {} : { ednsUdpPayloadSize: Number(size) }),
      ...(error === null ? {} : { extendedError: error[2] ? `${error[1]}: ${error[2]}` : error[1] }),
    },
  };
}

function sections(lines: readonly string[]): { answers: DnsRecord[]; authority: DnsRecord[] } {
  const found = { answers: [] as DnsRecord[], authority: [] as DnsRecord[] };
  let section: keyof typeof found | undefined;
  for (const line of lines) {
    if (/^;; (?:Got answer|->>HEADER)/.test(line)) found.answers = [];
    if (line.startsWith(';; ')) {
      section = /^;; ANSWER/.test(line) ? 'answers' : /^;; AUTHORITY/.test(line) ? 'authority' : undefined;
      continue;
    }
    const [, name = '', ttl = '', type = '', data = ''] = /^(\S+)\s+(\d+)\s+IN\s+(\w+)\s+(.*)$/.exec(line) ?? [];
    if (section === undefined || type === '') continue;
    found[section].push({ name: bare(name), type, ttl: Number(ttl), data: data.trim().split(' ').map(bare).join(' ') });
  }
  return found;
}

/** `10.0.0.1` has no dot at its end, `name.` has. */
const bare = (name: string) => (name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name);

/** No answer at all: the words are those of BIND's tools of different ages. */
function silence(said: Said): DnsObservation['outcome'] {
  if (/bad packet|ID mismatch|section mismatch|extra input|malformed/i.test(said.text)) return 'malformed';
  const code = systemCode(said.text.replace(/connection timed out|communications error to \S+ timed out/g, ''));
  if (code !== undefined && code !== 'ETIMEDOUT') return outcomeOf('dns', { code, syscall: 'connect' });
  return said.cut || /timed out|no servers could be reached/.test(said.text) ? 'timeout' : 'failed';
}

function readNslookup(said: Said, { name, type }: Raw<'dns'>['subject']): Reading {
  const { text } = said;
  const word = /(?:can't find|find) [^\n]*: (NXDOMAIN|SERVFAIL|REFUSED|No answer)/i.exec(text)?.[1];
  const cnames = [...text.matchAll(/canonical name = (\S+)/g)].map(([, cname = '']) => bare(cname));
  // Before the first name stands the server's own address.
  const after = text.slice(Math.max(0, text.search(/^Name:/m)));
  const addresses = [...after.matchAll(/(?:^Address(?: \d+)?:|has AAAA address|has address)\s+(\S+)/gm)]
    .flatMap(([, address = '']) => canonicalAddress(address) ?? [])
    .filter((address) => address.includes(':') === (type === 'AAAA'));
  if (/^Name:|has AAAA address/m.test(text) && addresses.length > 0) {
    const owner = cnames.at(-1) ?? name;
    const answers = addresses.map((data) => ({ name: owner, type, ttl: 0, data }));
    return { outcome: 'answered', detail: { ...NOTHING, addresses: [...new Set(addresses)], cnames, answers } };
  }
  const outcome =
    word === undefined
      ? /^Name:/m.test(text) || cnames.length > 0
        ? 'no-data'
        : silence(said)
      : (RCODES[word.toUpperCase()] ?? 'no-data');
  return { outcome, detail: { ...NOTHING, cnames, ...(word === undefined ? { failure: failureOf(said) } : {}) } };
}

function readGetent(said: Said, { name, type }: Raw<'dns'>['subject']): Reading {
  const found = said.lines.flatMap((line) => canonicalAddress(/^(\S+)\s+STREAM/.exec(line)?.[1] ?? '') ?? []);
  const addresses = [...new Set(found)].filter((address) => address.includes(':') === (type === 'AAAA'));
  if (addresses.length === 0) {
    const message = 'getent gave no address, and does not say why';
    return { outcome: 'failed', detail: { ...NOTHING, failure: { message } } };
  }
  const answers = addresses.map((data) => ({ name, type, ttl: 0, data }));
  return { outcome: 'answered', detail: { ...NOTHING, addresses, answers } };
}

function failureOf(said: Said) {
  return { code: systemCode(said.text), message: lastWords(said) };
}
