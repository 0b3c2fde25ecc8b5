/** Whether NO_PROXY exempts a host: each client reads the variable by rules of its own, and they differ. */
import { addressSet, containsAddress, familyOf, parseCidr } from './addresses.ts';

/** Programs whose rules are known, most common on AWS hosts first. */
export const PROXY_CLIENTS = ['python', 'go', 'java', 'node', 'curl'] as const;
export type ProxyClient = (typeof PROXY_CLIENTS)[number];

/** How the report calls them. */
export const PROXY_CLIENT_WORDS = {
  python: 'Python (AWS CLI, boto3)',
  go: 'Go (SSM and ECS agents, containerd, kubelet)',
  java: 'AWS SDK for Java 2',
  node: 'Node (undici)',
  curl: 'curl',
} as const satisfies Record<ProxyClient, string>;

/** `host` without a trailing dot and in lower case; `port` is the one that is connected to. */
type Asked = { readonly host: string; readonly port: number };
type Rule = (list: string, asked: Asked) => boolean;

/**
 * The clients that go past the proxy to this host, for the value of NO_PROXY.
 * @param host a name or an IP address
 */
export function exemptedClients(noProxy: string | undefined, host: string, port: number): readonly ProxyClient[] {
  if (noProxy === undefined) return [];
  const asked = { host: host.toLowerCase().replace(/\.$/, ''), port };
  return PROXY_CLIENTS.filter((client) => RULES[client](noProxy, asked));
}

const RULES = {
  /**
   * urllib's proxy_bypass, which botocore asks: entries between commas, leading dots ignored, suffixes at a dot; no CIDR, no
   * `*.`. The port is compared only with one that the URL spells out, and AWS clients spell none.
   * https://docs.python.org/3/library/urllib.request.html#urllib.request.ProxyHandler
   */
  python: (list, { host }) => {
    if (list === '*') return true;
    return entries(list, /,/).some((entry) => underDomain(host, entry.replace(/^\.+/, '')));
  },

  /**
   * golang.org/x/net/http/httpproxy: CIDR, ports, `*.example.com` like `.example.com` (names below only), `example.com`
   * also for the name itself, `*` anywhere. https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
   */
  go: (list, { host, port }) => {
    if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
    return entries(list, /,/).some((entry) => {
      if (entry === '*') return true;
      if (inCidr(host, entry)) return true;
      const { name, port: only } = splitPort(entry);
      if (only !== undefined && only !== port) return false;
      if (familyOf(name) !== undefined) return sameAddress(name, host);
      const suffix = name.startsWith('*.') ? name.slice(1) : name;
      return suffix.startsWith('.') ? host.endsWith(suffix) : suffix !== '' && underDomain(host, suffix);
    });
  },

  /**
   * The SDK's own reading of the variable: every entry is a pattern for the whole name in which only `*` is special, so that
   * `amazonaws.com` exempts no host below it.
   * https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/http-configuration-proxy.html
   */
  java: (list, { host }) => entries(list, /[,|]/).some((entry) => wildcard(entry).test(host)),

  /**
   * undici's EnvHttpProxyAgent: commas or white space, ports, a leading dot like none, `*.` for names below only.
   * https://undici.nodejs.org/#/docs/api/EnvHttpProxyAgent
   */
  node: (list, { host, port }) =>
    entries(list, /[,\s]/).some((entry) => {
      const { name, port: only } = splitPort(entry);
      if (only !== undefined && only !== port) return false;
      if (name === '*') return true;
      const bare = name.replace(/^\*?\./, '').replace(/\.$/, '');
      return name.startsWith('*') ? host.endsWith(`.${bare}`) : underDomain(host, bare);
    }),

  /**
   * curl 7.86 and later: commas or white space, `*` only when it stands alone, leading dot like none, CIDR for addresses, no
   * ports. https://curl.se/libcurl/c/CURLOPT_NOPROXY.html
   */
  curl: (list, { host }) => {
    if (list.trim() === '*') return true;
    return entries(list, /[,\s]/).some((entry) => {
      if (familyOf(host) !== undefined)
        return inCidr(host, entry) || sameAddress(entry.replace(/^\[(.*)\]$/, '$1'), host);
      return underDomain(host, entry.replace(/^\./, '').replace(/\.$/, ''));
    });
  },
} as const satisfies Record<ProxyClient, Rule>;

function entries(list: string, separator: RegExp): string[] {
  return list
    .split(separator)
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
}

/** The name itself or one below it. */
function underDomain(host: string, domain: string): boolean {
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** `example.com:443`, `[fd00::1]:443`; a bare IPv6 address has no port. */
function splitPort(entry: string): { readonly name: string; readonly port: number | undefined } {
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry) ?? /^([^:]+):(\d+)$/.exec(entry);
  if (match === null) return { name: entry, port: undefined };
  return { name: match[1] ?? '', port: match[2] === undefined ? undefined : Number(match[2]) };
}

function inCidr(host: string, entry: string): boolean {
  const cidr = parseCidr(entry);
  return cidr !== undefined && familyOf(host) === cidr.range.family && containsAddress([cidr.range], host);
}

function sameAddress(one: string, other: string): boolean {
  const set = addressSet(one);
  return set !== undefined && containsAddress(set, other);
}

function wildcard(entry: string): RegExp {
  const parts = entry.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
