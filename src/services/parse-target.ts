/** What the user typed as a target, recognised by its form alone; nothing is looked up. */
import ipaddr from 'ipaddr.js';
import type { TargetRequest } from '../model/target.ts';
import { defaultPort, findService, matchHost, suggestServices } from './catalogue.ts';
import { parseServiceName } from './service-names.ts';
import { findWorkload, suggestWorkloads, WORKLOADS } from './workloads.ts';

export type ParsedTarget =
  | { readonly ok: true; readonly request: TargetRequest }
  /** one line, ready to print */
  | { readonly ok: false; readonly problem: string };

const FORMS =
  'a service (secretsmanager), an endpoint id (vpce-…), a host or address with or without port, or an https:// URL';

/** Prefixes of ids that are no targets, and what to give instead. */
const OTHER_IDS: readonly (readonly [RegExp, string])[] = [
  [
    /^vpce-svc-[0-9a-z]+$/,
    'an endpoint service id: give the endpoint id (vpce-…) or the full name com.amazonaws.vpce.<region>.vpce-svc-…',
  ],
  [
    /^vpce-[0-9a-z]+-[0-9a-z-]+$/,
    'the beginning of an endpoint-specific host name: give the whole name or the endpoint id (vpce-…) alone',
  ],
  [/^eni-[0-9a-f]+$/, 'a network interface: give its address as the target, or the interface as --from'],
  [/^i-[0-9a-f]+$/, 'an instance: give an address as the target, or the instance as --from'],
  [/^vpc-[0-9a-f]+$/, 'a VPC: give a target inside it, or the VPC as --vpc'],
  [/^(subnet|sg|acl|rtb|pl|nat|igw|tgw|pcx)-[0-9a-f]+$/, `no target: give ${FORMS}`],
];

/**
 * Recognises one target. Surrounding space and quotes, upper case and a trailing dot are forgiven; credentials and query of
 * a URL are dropped, from `text` too, because that is printed and saved. The port is the given one, else 80 for `http://`,
 * else the one that the host's service uses first (587 for `email-smtp`, 9142 for `cassandra`), else 443.
 */
export function parseTarget(input: string): ParsedTarget {
  const text = trimQuotes(input);
  if (text === '') return problem(`A target is empty; give ${FORMS}.`);
  if (text.length > 2048) return problem('A target is longer than 2048 characters.');
  if (/\s/.test(text))
    return problem(`${quoted(text)} has a space inside; give each target as an argument of its own.`);
  if (/[^\x21-\x7e]/.test(text)) {
    return problem(
      `${quoted(text)} has characters that host names do not have; give an international name in its xn-- form.`,
    );
  }
  if (/^arn:/i.test(text)) return problem(arnProblem(text));
  if (text.includes('://')) return parseUrl(text);
  const word = text.toLowerCase().replace(/\.$/, '');
  if (findService(word) !== undefined || parseServiceName(word) !== undefined) {
    return { ok: true, request: { kind: 'service', text: word, service: word } };
  }
  const endpoint = /^(vpce-[0-9a-z]+)(?::(.*))?$/.exec(word);
  if (endpoint?.[1] !== undefined) return parseEndpoint(word, endpoint[1], endpoint[2]);
  const other = OTHER_IDS.find(([form]) => form.test(word));
  if (other !== undefined) return problem(`${quoted(word)} is ${other[1]}.`);
  // A container image or a URL without scheme: what follows the first slash is no part of the host.
  const slash = text.indexOf('/');
  return parseAuthority(slash === -1 ? text : text.slice(0, slash), slash === -1 ? '' : text.slice(slash), text);
}

/** Recognises the argument of `--workload`. */
export function parseWorkload(input: string): ParsedTarget {
  const text = trimQuotes(input);
  const workload = findWorkload(text);
  if (workload !== undefined) {
    return { ok: true, request: { kind: 'workload', text: printable(text), workload: workload.id } };
  }
  const known = WORKLOADS.map(({ id }) => id).join(', ');
  return problem(`${quoted(text)} is no workload${didYouMean(suggestWorkloads(text))} Known: ${known}.`);
}

/** A text as it can be printed: one line, no control, format or unassigned characters, at most `limit` long. */
export function printable(text: string, limit = 120): string {
  const clean = text
    .toWellFormed()
    .replace(/\s+/gu, ' ')
    .replace(/[\p{C}\p{Zl}\p{Zp}\ufffd]/gu, '')
    .trim();
  const characters = [...clean];
  return characters.length <= limit ? clean : `${characters.slice(0, limit - 1).join('')}…`;
}

function parseUrl(text: string): ParsedTarget {
  const found = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#]*)(\/[^?#]*)?(?:[?#].*)?$/i.exec(text);
  const scheme = found?.[1]?.toLowerCase();
  const authority = found?.[2];
  if (scheme === undefined || authority === undefined)
    return problem('A target looks like a URL but cannot be read as one.');
  if (scheme === 's3') {
    return problem('An s3:// URL names no host; give s3, or <bucket>.s3.<region>.amazonaws.com.');
  }
  if (!/^(https?|wss?)$/.test(scheme)) {
    // The text is not quoted: a connection string may hold a password.
    return problem(`A ${printable(scheme, 20)}:// URL is no target; give its host and port as host:port.`);
  }
  if (authority === '') return problem(`${quoted(text)} has no host.`);
  const secure = scheme === 'https' || scheme === 'wss';
  // Without a path the service's own probe path applies; on another port "/" keeps the knowledge that it is HTTPS.
  const path = found?.[3] ?? (/:\d+$/.test(authority) ? '/' : '');
  return parseAuthority(authority, path, `${scheme}://${authority}${found?.[3] ?? ''}`, secure ? 443 : 80, secure);
}

/** `host`, `host:port`, `[v6]:port`, an address; `path` is kept for HTTPS only, for nothing else has one. */
function parseAuthority(
  authority: string,
  path: string,
  text: string,
  schemePort?: number,
  secure = path.startsWith('/'),
): ParsedTarget {
  const shown = printable(text);
  const split = splitPort(authority);
  if (split === undefined)
    return problem(`${quoted(shown)} has a bracket too few or too many; write [2001:db8::1]:443.`);
  const port = split.port === undefined ? undefined : readPort(split.port);
  if (split.port !== undefined && port === undefined) {
    return problem(`${quoted(shown)} has no valid port; a port is a number from 1 to 65535.`);
  }
  const host = split.host.toLowerCase().replace(/\.$/, '');
  const address = readAddress(host);
  if (address !== undefined) {
    if (/^\/\d{1,3}$/.test(path) && schemePort === undefined) {
      return problem(`${quoted(shown)} is a range of addresses; give one address.`);
    }
    return { ok: true, request: { kind: 'address', text: shown, address, port: port ?? schemePort ?? 443 } };
  }
  const wrong = hostProblem(host, shown, port !== undefined || schemePort !== undefined);
  if (wrong !== undefined) return problem(wrong);
  const match = matchHost(host);
  const request = { kind: 'host' as const, text: shown, host, port: port ?? schemePort ?? defaultPort(match?.service) };
  // The path of a container image is a repository, not something to GET.
  const keepsPath = secure && path !== '' && match?.service?.id !== 'ecr.dkr';
  return { ok: true, request: keepsPath ? { ...request, path } : request };
}

function parseEndpoint(word: string, endpointId: string, portText: string | undefined): ParsedTarget {
  if (portText === undefined) return { ok: true, request: { kind: 'endpoint', text: word, endpointId } };
  const port = readPort(portText);
  if (port === undefined) return problem(`${quoted(word)} has no valid port; a port is a number from 1 to 65535.`);
  return { ok: true, request: { kind: 'endpoint', text: word, endpointId, port } };
}

/** Why a text cannot be a host name; `undefined` when it can. A single label is one only with a port, else it was meant as a service. */
function hostProblem(host: string, shown: string, withPort: boolean): string | undefined {
  if (host === '') return `${quoted(shown)} has no host.`;
  if (host.includes('*')) return `${quoted(shown)} is a wildcard; give one concrete name below it.`;
  if (/^[0-9.]+$/.test(host) || host.includes(':') || host.includes('%')) {
    return `${quoted(shown)} is not a valid IPv4 or IPv6 address.`;
  }
  const labels = host.split('.');
  if (host.length > 253 || labels.some((label) => !/^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) {
    return `${quoted(shown)} is not a valid host name.`;
  }
  if (labels.length > 1) return undefined;
  if (withPort && findService(host) !== undefined) {
    return `${quoted(shown)} is a service with a port; give the host with the port, or the service alone.`;
  }
  if (withPort) return undefined;
  const workload = findWorkload(host);
  const services = suggestServices(host);
  if (workload !== undefined && services.length === 0) {
    return `${quoted(shown)} is a workload; give it as --workload ${workload.id}.`;
  }
  const near = workload === undefined ? services : [...services, `--workload ${workload.id}`];
  return `${quoted(shown)} is no service that we know${didYouMean(near)} Give ${FORMS}.`;
}

function splitPort(authority: string): { host: string; port?: string } | undefined {
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(authority);
  if (bracketed !== null) return withPort(bracketed[1] ?? '', bracketed[2]);
  if (/[[\]]/.test(authority)) return undefined;
  const colons = authority.split(':').length - 1;
  // More than one colon and no brackets: an IPv6 address without a port.
  if (colons !== 1) return { host: authority };
  const at = authority.indexOf(':');
  return withPort(authority.slice(0, at), authority.slice(at + 1));
}

function withPort(host: string, port: string | undefined): { host: string; port?: string } {
  return port === undefined ? { host } : { host, port };
}

function readPort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The address in its canonical form; IPv4 inside IPv6 becomes IPv4, because that is what a socket connects to. */
function readAddress(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString();
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

function arnProblem(text: string): string {
  const [, , service = '', region = '', account = '', resource = ''] = text.toLowerCase().split(':');
  const shown = `${quoted(text)} is an ARN`;
  const endpoint = /^vpc-endpoint\/(vpce-[0-9a-z]+)$/.exec(resource);
  if (endpoint !== null) return `${shown}; give the endpoint id alone: ${endpoint[1]}.`;
  if (service === 'ecr' && region !== '' && account !== '') {
    return `${shown}; give the registry's host: ${printable(account, 20)}.dkr.ecr.${printable(region, 30)}.amazonaws.com.`;
  }
  const known = findService(service) ?? findService(suggestServices(service)[0] ?? '');
  const instead = known === undefined ? FORMS : `the service that it belongs to: ${known.id}`;
  return `${shown}; give ${instead}.`;
}

function trimQuotes(text: string): string {
  return text.replace(/^[\s"'`“”‘’«»]+|[\s"'`“”‘’«»]+$/gu, '');
}

/** A text between quotes. What comes before an `@` and after a `?` may be a secret, and is left out. */
function quoted(input: string): string {
  const text = input.replace(/\S*@/g, '').replace(/\?\S*/g, '');
  return `"${printable(text).replaceAll('"', "'")}"`;
}

function didYouMean(words: readonly string[]): string {
  return words.length === 0 ? '.' : `; did you mean ${words.join(' or ')}?`;
}

function problem(text: string): ParsedTarget {
  return { ok: false, problem: text };
}
