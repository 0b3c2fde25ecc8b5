/** Where the script ran: its files, variables and metadata answers, read by the code that reads those of a live run. */
import { DURATIONS } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host, LocalAddress, RecordedAnswer } from '../model/host.ts';
import type { TrustStore, Vantage } from '../model/vantage.ts';
import { isAmazonAuthority, shortName } from '../services/amazon-trust.ts';
import { canonicalAddress } from '../vantage/addresses.ts';
import { takeVantage } from '../vantage/vantage.ts';
import type { RawDocument, RawRecord } from './raw-document.ts';
import { saidBy, systemCode } from './raw-words.ts';

/** `takeVantage` on a host that is only on paper: no file of this machine is read, and nobody is asked. */
export async function rawVantage(
  document: RawDocument,
): Promise<{ readonly vantage: Vantage; readonly coverage: readonly CoverageEntry[] }> {
  const host = hostOf(document);
  const taken = await takeVantage(host, { durations: DURATIONS, signal: new AbortController().signal });
  const stores = trustStores(document.records, host.env);
  return {
    vantage: { ...taken.vantage, ...(stores === undefined ? {} : { trustStores: stores }) },
    coverage: taken.coverage,
  };
}

/** Where the script keeps the settings of the shared config file that it lets pass. */
const CONFIG = '~/.aws/config';

function hostOf({ records, startedAt }: RawDocument): Host {
  const files = new Map(of(records, 'file').map(({ path, lines }) => [path, lines.join('\n')]));
  const env: Record<string, string> = { HOME: '~', AWS_CONFIG_FILE: CONFIG };
  for (const { name, lines } of of(records, 'variable')) env[name] = lines.join('\n').replace(/\n$/, '');
  const addresses = of(records, 'addresses').flatMap(({ tool, lines }) =>
    tool === 'ip' ? fromIp(lines) : fromIfconfig(lines),
  );
  // What a request took passes on this clock, so that it is told as on the host.
  let elapsed = 0;
  const metadata = of(records, 'metadata');
  return {
    platform: 'linux',
    env,
    wiring: (env['VPCE_DOCTOR_OWN_VARIABLES'] ?? '').split(/\s+/).filter(Boolean),
    readFile: async (path) => files.get(path),
    interfaces: () => addresses,
    now: () => Date.parse(startedAt) || 0,
    monotonic: () => elapsed,
    wire: { route: () => undefined },
    recorded: (method, address, port, path) => {
      const found = metadata.find(
        (one) => one.method === method && one.address === address && one.port === port && (one.path ?? '') === path,
      );
      elapsed += found?.ms ?? 0;
      return found === undefined ? { code: 'stopped', connected: false } : recordedAnswer(found);
    },
  };
}

function of<K extends RawRecord['record']>(
  records: readonly RawRecord[],
  kind: K,
): Extract<RawRecord, { record: K }>[] {
  return records.filter((one): one is Extract<RawRecord, { record: K }> => one.record === kind);
}

function recordedAnswer({ lines, at }: Extract<RawRecord, { record: 'metadata' }>): RecordedAnswer {
  const said = saidBy(lines);
  const start = said.lines.findIndex((line) => /^HTTP\/[\d.]+ \d{3}/.test(line));
  if (start < 0) {
    const connected = /^connected$|Operation timed out|Empty reply/m.test(said.text);
    return { code: systemCode(said.text) ?? (said.cut ? 'ETIMEDOUT' : 'VPCE_DOCTOR_TOOL'), connected };
  }
  const end = said.lines.indexOf('', start);
  const head = said.lines.slice(start, end < 0 ? undefined : end);
  const date = Date.parse(head.flatMap((line) => /^date:\s*(.*)$/i.exec(line)?.[1] ?? '').find(Boolean) ?? '');
  return {
    status: Number(/ (\d{3})/.exec(head[0] ?? '')?.[1]),
    body:
      end < 0
        ? ''
        : said.lines
            .slice(end + 1)
            .join('\n')
            .trim(),
    ...(Number.isNaN(date) ? {} : { clockOffsetMs: at - date }),
  };
}

/** `2: eth0    inet 10.0.1.23/24 brd 10.0.1.255 scope global eth0` */
function fromIp(lines: readonly string[]): LocalAddress[] {
  return lines.flatMap((line) => {
    const [, name, text, length] =
      /^\d+:\s+([^\s@]+)\S*\s+inet6?\s+([0-9a-fA-F.:]+)(?: peer [0-9a-fA-F.:]+)?\/(\d+)/.exec(line) ?? [];
    const address = canonicalAddress(text ?? '');
    return name === undefined || address === undefined ? [] : [{ name, address, prefixLength: Number(length) }];
  });
}

/** net-tools (`inet 10.0.1.23  netmask 255.255.255.0`) and BusyBox (`inet addr:10.0.1.23  Bcast:…  Mask:255.255.255.0`). */
function fromIfconfig(lines: readonly string[]): LocalAddress[] {
  let name = '';
  return lines.flatMap((line) => {
    name = /^([^\s:]+)/.exec(line)?.[1] ?? name;
    const v4 = /inet (?:addr:)?([\d.]+).*?(?:netmask |Mask:)([\d.]+)/.exec(line);
    const v6 = /inet6 (?:addr: )?([0-9a-fA-F:]+)(?:\/(\d+))?(?:\s+prefixlen (\d+))?/.exec(line);
    const [text, length] = v4 ? [v4[1], ones(v4[2] ?? '')] : [v6?.[1], Number(v6?.[2] ?? v6?.[3] ?? 128)];
    const address = canonicalAddress(text ?? '');
    return address === undefined ? [] : [{ name, address, prefixLength: length }];
  });
}

const ones = (mask: string) =>
  mask
    .split('.')
    .map(Number)
    .reduce((sum, part) => sum + part.toString(2).replaceAll('0', '').length, 0);

const STORE_VARIABLES = [
  'SSL_CERT_FILE',
  'AWS_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
];

/** Of each store the script tells the number of certificates and the subjects that name Amazon; undefined where it could not. */
function trustStores(records: readonly RawRecord[], env: Host['env']): TrustStore[] | undefined {
  const told = of(records, 'store');
  if (told.length === 0) return undefined;
  const named = STORE_VARIABLES.flatMap((source) => (env[source] ? [{ source, path: env[source] }] : []));
  const system = told.find(({ path }) => !named.some((one) => one.path === path));
  const stores = [...named, ...(system === undefined ? [] : [{ source: 'system', path: system.path }])];
  return stores.map(({ source, path }): TrustStore => {
    const [count = '', ...subjects] = told.find((one) => one.path === path)?.lines ?? [];
    const certificates = Number(count);
    if (!/^\d+$/.test(count)) return { source, path, certificates: 0, amazonRoots: [], problem: 'not-readable' };
    if (certificates === 0) return { source, path, certificates: 0, amazonRoots: [], problem: 'no-certificates' };
    const names = subjects.map((subject) => distinguishedName(subject));
    return {
      source,
      path,
      certificates,
      amazonRoots: [...new Set(names.filter(isAmazonAuthority).map(shortName))].sort(),
    };
  });
}

/** `C = US, O = Amazon` since OpenSSL 1.1, `/C=US/O=Amazon` before, as an observation has it. */
function distinguishedName(subject: string): string {
  const parts = subject.startsWith('/')
    ? subject.slice(1).split(/\/(?=[A-Za-z][\w.]*=)/)
    : subject.split(/,\s*(?=[A-Za-z][\w.]*\s*=)/);
  return parts.map((part) => part.replace(/\s*=\s*/, '=').replaceAll('"', '')).join(', ');
}
