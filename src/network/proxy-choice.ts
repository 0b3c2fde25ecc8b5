/** Which proxy the environment sends a target's connections through, and which programs go there. */
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { exemptedClients, PROXY_CLIENTS, type ProxyClient } from './no-proxy.ts';

export type ProxyVariable = 'HTTPS_PROXY' | 'HTTP_PROXY' | 'ALL_PROXY';

export type ProxyChoice = {
  readonly variable: ProxyVariable;
  /** as set, without credentials */
  readonly url: string;
  /** clients that use it for this host, and those that NO_PROXY lets past it */
  readonly through: readonly ProxyClient[];
  readonly past: readonly ProxyClient[];
  /** undefined when the value cannot be used, with `problem` saying why */
  readonly place: ProxyPlace | undefined;
  readonly problem?: string | undefined;
};

/** Where the proxy listens and how it wants to be spoken to. */
export type ProxyPlace = { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number };

/** curl alone reads ALL_PROXY; the AWS SDKs and the CLI have no such variable. */
const READERS = {
  HTTPS_PROXY: PROXY_CLIENTS,
  HTTP_PROXY: PROXY_CLIENTS,
  ALL_PROXY: ['curl'],
} as const satisfies Record<ProxyVariable, readonly ProxyClient[]>;

/**
 * The proxy of one target; undefined when no variable applies to it. Only what speaks HTTP goes through one of these: mail and
 * database ports do not. HTTP_PROXY is for port 80.
 */
export function proxyOf(vantage: Pick<Vantage, 'proxy'>, target: Target): ProxyChoice | undefined {
  const host = target.host ?? target.address;
  if (host === undefined || (target.application !== 'https' && target.port !== 80)) return undefined;
  return proxyFor(vantage, target.port === 80 ? 'http' : 'https', host, target.port);
}

/** The same for any URL's scheme, host and port. */
export function proxyFor(
  { proxy }: Pick<Vantage, 'proxy'>,
  scheme: 'http' | 'https',
  host: string,
  port: number,
): ProxyChoice | undefined {
  const own = scheme === 'https' ? proxy.httpsProxy : proxy.httpProxy;
  const url = own ?? proxy.allProxy;
  if (url === undefined) return undefined;
  const variable = own === undefined ? 'ALL_PROXY' : scheme === 'https' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const past = exemptedClients(proxy.noProxy, host, port);
  const readers: readonly ProxyClient[] = READERS[variable];
  const caught = readers.filter((client) => !past.includes(client));
  // `.amazonaws.com` is what people rightly write. That one client of the JVM, which heeds the variables last of all its
  // settings, takes it literally is not worth calling such a host broken.
  const through = caught.every((client) => client === 'java') ? [] : caught;
  return { variable, url, through, past, ...placeOf(url) };
}

/** curl, Go and Python read `proxy:3128` as `http://proxy:3128`, and take the scheme's own port where none is given. */
function placeOf(url: string): Pick<ProxyChoice, 'place' | 'problem'> {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(whole)) return { place: undefined, problem: 'is no URL' };
  const { protocol, hostname, port } = new URL(whole);
  const scheme = protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') {
    // SOCKS is not what an SDK speaks, and nothing here can tell whether it works.
    return { place: undefined };
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') return { place: undefined, problem: 'names no host' };
  return { place: { scheme, host, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) } };
}
