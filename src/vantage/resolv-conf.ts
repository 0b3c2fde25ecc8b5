/** Reads resolv.conf: whom does this machine ask for names, and how does it search? */
import type { Host } from '../model/host.ts';
import { canonicalAddress } from './addresses.ts';

export type Resolver = { readonly address: string; readonly port: number };

export type ResolverSettings = {
  /** in the file's order, all of them, although glibc asks the first three only */
  readonly resolvers: readonly Resolver[];
  readonly searchDomains: readonly string[];
  readonly ndots: number;
  readonly notes: readonly string[];
};

const RESOLV_CONF = '/etc/resolv.conf';
/** Where systemd-resolved keeps the servers that its stub at 127.0.0.53 asks (systemd-resolved.service(8)). */
const SYSTEMD_RESOLV_CONF = '/run/systemd/resolve/resolv.conf';
const SYSTEMD_STUB = '127.0.0.53';
/** glibc's MAXNS: further servers are never asked (resolv.conf(5)). */
const SERVERS_USED = 3;
/** glibc's cap on ndots (resolv.conf(5)). */
const NDOTS_MAX = 15;

/** The settings of /etc/resolv.conf; empty with a note when it cannot be read. */
export async function readResolvConf(host: Host): Promise<ResolverSettings> {
  const text = await host.readFile(RESOLV_CONF);
  if (text === undefined) {
    return {
      ...parseResolvConf(''),
      notes: [`${RESOLV_CONF} could not be read: the client's resolvers are not known.`],
    };
  }
  const settings = parseResolvConf(text);
  const notes = [...settings.notes];
  if (settings.resolvers.length === 0) {
    notes.push(`${RESOLV_CONF} names no nameserver: the C library then asks 127.0.0.1.`);
  }
  if (settings.resolvers.some((resolver) => resolver.address === SYSTEMD_STUB)) notes.push(await describeStub(host));
  return { ...settings, notes };
}

/**
 * The content of a resolv.conf as the C libraries read it (resolv.conf(5)): a keyword starts its line, the last
 * `search` or `domain` wins, `;` and `#` begin comments. A server may carry a port as in BSD and systemd
 * (`[10.0.0.2]:5353`, `[fd00::1]:53`); port 53 otherwise. Never throws; what it skips, it notes.
 */
export function parseResolvConf(text: string): ResolverSettings {
  const resolvers: Resolver[] = [];
  const notes: string[] = [];
  let searchDomains: readonly string[] = [];
  let ndots = 1;
  for (const [index, raw] of text.split('\n').entries()) {
    const content = raw.replace(/(^|\s)[#;].*$/, '').trimEnd();
    const [keyword = '', ...values] = content.trimStart().split(/\s+/);
    if (!['nameserver', 'search', 'domain', 'options'].includes(keyword)) continue;
    if (/^\s/.test(content)) {
      notes.push(`${RESOLV_CONF} line ${index + 1} begins with white space: the C library ignores it.`);
      continue;
    }
    if (keyword === 'nameserver') {
      const resolver = parseResolver(values[0] ?? '');
      if (resolver !== undefined) resolvers.push(resolver);
      else notes.push(`${RESOLV_CONF} line ${index + 1} names no valid nameserver address: it is ignored.`);
    } else if (keyword === 'options') {
      ndots = ndotsOf(values) ?? ndots;
    } else {
      const names = values.map((name) => name.replace(/\.$/, '').toLowerCase()).filter((name) => name !== '');
      searchDomains = keyword === 'domain' ? names.slice(0, 1) : names;
    }
  }
  if (resolvers.length > SERVERS_USED) {
    notes.push(
      `${RESOLV_CONF} names ${resolvers.length} nameservers: the C library asks the first ${SERVERS_USED} only.`,
    );
  }
  return { resolvers, searchDomains, ndots, notes };
}

/** `10.0.0.2`, `fe80::1%eth0`, `10.0.0.2:53`, `[10.0.0.2]:53`, `[fd00::1]:53`; undefined for anything else. */
export function parseResolver(text: string): Resolver | undefined {
  const bare = canonicalAddress(text);
  if (bare !== undefined) return { address: bare, port: 53 };
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text);
  const address = canonicalAddress(match?.[1] ?? match?.[2] ?? '');
  const port = Number(match?.[3] ?? 53);
  return address === undefined || port < 1 || port > 65535 ? undefined : { address, port };
}

function ndotsOf(options: readonly string[]): number | undefined {
  const values = options.map((option) => /^ndots:(\d{1,9})$/.exec(option)?.[1]).filter((value) => value !== undefined);
  const last = values.at(-1);
  return last === undefined ? undefined : Math.min(Number(last), NDOTS_MAX);
}

/** The stub's own servers go into a note, not among `resolvers`: applications do not ask them, and asking them proves nothing about the stub. */
async function describeStub(host: Host): Promise<string> {
  const text = await host.readFile(SYSTEMD_RESOLV_CONF);
  const servers = text === undefined ? [] : parseResolvConf(text).resolvers.map((resolver) => resolver.address);
  if (servers.length === 0) {
    return `${SYSTEMD_STUB} is the stub of systemd-resolved; ${SYSTEMD_RESOLV_CONF} does not say which servers it asks.`;
  }
  return `${SYSTEMD_STUB} is the stub of systemd-resolved; it asks ${servers.join(', ')} (${SYSTEMD_RESOLV_CONF}).`;
}
