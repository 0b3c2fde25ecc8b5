/** A peer's certificates as evidence: plain strings that survive a case file. */
import { X509Certificate } from 'node:crypto';
import { type DetailedPeerCertificate, rootCertificates } from 'node:tls';
import ipaddr from 'ipaddr.js';
import type { Certificate } from '../model/observation.ts';
import { printable } from './text.ts';

/** No public chain has more than four certificates; a peer may send as many as it likes. */
const LONGEST_CHAIN = 10;

/** Leaf first, then each one's issuer as far as peer and trust store know it. Empty when the peer showed none. */
export function readChain(leaf: DetailedPeerCertificate): Certificate[] {
  return walkChain(leaf).map(readCertificate);
}

/**
 * Which kind of root a trusted chain leads to: one of the public roots that Node carries, or one that was added here. Names
 * alone prove nothing, so the signature counts; a middlebox's root is told from a public one by this.
 */
export function anchorOf(leaf: DetailedPeerCertificate): 'bundled' | 'added' {
  const roots = bundledRoots();
  const signed = walkChain(leaf).some(({ raw }) => {
    const certificate = new X509Certificate(raw);
    return (roots.get(certificate.issuer) ?? []).some((root) => certificate.verify(root.publicKey));
  });
  return signed ? 'bundled' : 'added';
}

let bundled: Map<string, X509Certificate[]> | undefined;

/** By subject; made when the first handshake needs it, because reading them all takes milliseconds. */
function bundledRoots(): ReadonlyMap<string, readonly X509Certificate[]> {
  if (bundled !== undefined) return bundled;
  bundled = new Map();
  for (const pem of rootCertificates) {
    const root = new X509Certificate(pem);
    bundled.set(root.subject, [...(bundled.get(root.subject) ?? []), root]);
  }
  return bundled;
}

function walkChain(leaf: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let current: DetailedPeerCertificate | undefined = leaf;
  // A root's issuer is the root itself; other loops can be built on purpose.
  const seen = new Set<string>();
  while (current?.fingerprint256 && !seen.has(current.fingerprint256) && chain.length < LONGEST_CHAIN) {
    seen.add(current.fingerprint256);
    chain.push(current);
    current = current.issuerCertificate;
  }
  return chain;
}

function readCertificate(certificate: DetailedPeerCertificate): Certificate {
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    subjectAlternativeNames: alternativeNames(certificate.subjectaltname),
    validFrom: isoDate(certificate.valid_from),
    validTo: isoDate(certificate.valid_to),
    fingerprint256: certificate.fingerprint256,
  };
}

/** `CN=Amazon RSA 2048 M01, O=Amazon, C=US`: the most specific part first, as RFC 4514 writes them. */
function distinguishedName(name: object): string {
  return Object.entries(name)
    .flatMap(([key, value]) => [value].flat().map((part) => `${key}=${printable(String(part))}`))
    .reverse()
    .join(', ');
}

/**
 * Node prints `DNS:a.example, IP Address:10.0.0.1`, and puts what holds a comma or a quote into a JSON string
 * (https://nodejs.org/api/crypto.html#x509subjectaltname). Host names and addresses come out bare; other kinds keep their prefix.
 */
export function alternativeNames(text: string | undefined): string[] {
  const entries = (text ?? '').matchAll(/([^:,\s][^:,]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:,\s*|$)/g);
  return [...entries].map(([, kind = '', value = '']) => {
    const name = printable(value.startsWith('"') ? unquote(value) : value);
    if (kind === 'DNS') return name;
    if (kind === 'IP Address') return ipaddr.isValid(name) ? ipaddr.parse(name).toString() : name;
    return `${kind}:${name}`;
  });
}

function unquote(value: string): string {
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

/** What cannot be read as a date stays as the certificate has it. */
function isoDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? printable(text) : date.toISOString();
}
