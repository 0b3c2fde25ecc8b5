/** What the two proxy causes share: whether the proxy works at all, whether it carries the target, and whom it concerns. */
import { chooseEndpoint } from '../../network/endpoints.ts';
import { PROXY_CLIENT_WORDS, PROXY_CLIENTS, type ProxyClient } from '../../network/no-proxy.ts';
import type { CheckContext } from '../check.ts';
import { leadsToPrivate, type ProxyEvidence } from '../evidence.ts';

/** What the proxy did, as one word over all of its addresses; `untried` without packets. */
export type ProxyResult = 'carries' | 'spoils' | 'denies' | 'broken' | 'untried';

const REACHED = new Set(['established', 'denied']);

export function proxyResult(proxy: ProxyEvidence): ProxyResult {
  const { attempts, lookups, addresses, place, problem } = proxy;
  if (place === undefined) return problem === undefined ? 'untried' : 'broken';
  const tunnels = attempts.filter((one) => one.outcome === 'established');
  if (tunnels.some((one) => one.detail.tls === undefined || one.detail.tls.outcome === 'trusted')) return 'carries';
  if (tunnels.length > 0) return 'spoils';
  if (attempts.some((one) => one.outcome === 'denied')) return 'denies';
  if (attempts.some((one) => !REACHED.has(one.outcome))) return 'broken';
  // A resolver that is silent says nothing of the proxy; one that knows no such name does.
  const unknownName =
    lookups.length > 0 && lookups.every((one) => one.outcome === 'nxdomain' || one.outcome === 'no-data');
  return addresses.length === 0 && unknownName ? 'broken' : 'untried';
}

/**
 * Whether the target is reached without the proxy, or has an endpoint in this VPC that it should be reached by; where the endpoints
 * cannot be read, a private address behind a service's name tells as much.
 */
export function hasOwnWay({
  state,
  client,
  vantage,
  target,
  evidence,
}: CheckContext<'vpcEndpoints'>): boolean | undefined {
  const opened = evidence.addresses.some((address) => {
    const tls = evidence.tls(address);
    return evidence.tcp(address).some((one) => one.outcome === 'open') && tls.every((one) => one.outcome === 'trusted');
  });
  if (opened) return true;
  if (!state.vpcEndpoints.known)
    return target.serviceNames.length > 0 && leadsToPrivate(evidence, vantage) ? true : undefined;
  const choice = chooseEndpoint(state, client.vpcId, target);
  return choice !== undefined && choice.way !== 'uncovered';
}

/** All programs that heed a proxy variable, or some: `curl`, `Go (…) and Python (…)`. */
export function clientWords(clients: readonly ProxyClient[]): string {
  if (clients.length === PROXY_CLIENTS.length) return 'every program that heeds it';
  const words = clients.map((client) => PROXY_CLIENT_WORDS[client]);
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** `all` when every known client goes that way. */
export function extentOf(proxy: ProxyEvidence): 'all' | 'some' {
  return proxy.through.length === PROXY_CLIENTS.length ? 'all' : 'some';
}

/** What the proxy did, for the reader; one clause. */
export function resultWords(proxy: ProxyEvidence): string {
  const { attempts, place, problem, url } = proxy;
  if (problem !== undefined) return `${url} ${problem}`;
  const failed = attempts.find((one) => one.outcome !== 'established') ?? attempts[0];
  if (failed === undefined) return `${place?.host ?? url} resolves to no address`;
  const { outcome, detail, subject } = failed;
  switch (outcome) {
    case 'established':
      return detail.tls === undefined || detail.tls.outcome === 'trusted'
        ? 'the proxy connects'
        : `the proxy connects, but TLS through it gives ${detail.tls.outcome}${detail.tls.issuer === undefined ? '' : ` (certificate by ${detail.tls.issuer})`}`;
    case 'denied':
      return `the proxy refuses with HTTP ${detail.status}`;
    case 'authentication-required':
      return 'the proxy demands credentials (HTTP 407)';
    case 'wrong-scheme':
      return subject.scheme === 'https'
        ? 'the URL says https://, and the proxy speaks plaintext'
        : 'the URL says http://, and the proxy speaks TLS';
    case 'not-a-proxy':
      return `what listens at ${subject.address} port ${subject.port} is no HTTP proxy`;
    case 'tls-failed':
      return 'the proxy’s own certificate is not accepted';
    case 'refused':
      return `nothing listens at ${subject.address} port ${subject.port}`;
    default:
      return `${subject.address} port ${subject.port} gives ${outcome === 'timeout' ? 'no answer' : outcome}`;
  }
}
