/** A handshake as openssl or curl tell of it: the certificates are read here, so that names and dates are judged by one code. */
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type DetailedPeerCertificate, rootCertificates } from 'node:tls';
import { type ProxyDetail, probeId, type TlsObservation } from '../model/observation.ts';
import { anchorOf, readChain } from '../probes/certificate.ts';
import { codeOf, OWN_CODES, outcomeOf } from '../probes/outcome.ts';
import type { Raw } from './raw-document.ts';
import { CONNECTED, lastWords, opensslCode, type Said, saidBy, systemCode } from './raw-words.ts';

/** X509_V_ERR_… by number, as Node names them (https://docs.openssl.org/master/man1/openssl-verification-options/, x509_vfy.h). */
const VERIFY: Readonly<Record<number, string>> = {
  2: 'UNABLE_TO_GET_ISSUER_CERT',
  7: 'CERT_SIGNATURE_FAILURE',
  9: 'CERT_NOT_YET_VALID',
  10: 'CERT_HAS_EXPIRED',
  18: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  19: 'SELF_SIGNED_CERT_IN_CHAIN',
  20: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  21: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  22: 'CERT_CHAIN_TOO_LONG',
  23: 'CERT_REVOKED',
  24: 'INVALID_CA',
  26: 'INVALID_PURPOSE',
  27: 'CERT_UNTRUSTED',
  28: 'CERT_REJECTED',
  62: 'HOSTNAME_MISMATCH',
};

/** The same in curl's words, which are OpenSSL's: hyphens came with OpenSSL 3. */
const REASONS = [
  [/certificate has expired/i, 'CERT_HAS_EXPIRED'],
  [/certificate is not yet valid/i, 'CERT_NOT_YET_VALID'],
  [/self.signed certificate in certificate chain/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self.signed certificate/i, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to get local issuer certificate/i, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [/unable to verify the first certificate/i, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/unable to get issuer certificate/i, 'UNABLE_TO_GET_ISSUER_CERT'],
  [/no alternative certificate subject name|does not match target host/i, 'ERR_TLS_CERT_ALTNAME_INVALID'],
] as const;

/** Faults of the trust store, and none of the certificate: it may lack a root that everybody else has. */
const OF_THE_STORE = [VERIFY[2], VERIFY[19], VERIFY[20], VERIFY[21]];

export function tlsObservation({ subject, tool, ms, lines }: Raw<'tls'>): TlsObservation {
  const said = saidBy(lines);
  const base = { id: probeId('tls', subject), rung: 'tls', subject, after: [], ms } as const;
  if (subject.hello === 'plaintext') return { ...base, ...plaintext(said) };
  const leaf = leafOf(said.text);
  const verdict = verdictOf(said, tool);
  if (verdict === undefined) {
    const failure = { code: failureCode(said), syscall: syscallOf(said), message: lastWords(said) };
    return {
      ...base,
      outcome: outcomeOf('tls', failure),
      detail: { chain: leaf === undefined ? [] : readChain(leaf), failure },
    };
  }
  const anchor = leaf === undefined ? undefined : anchorOf(leaf);
  const chainFault = OF_THE_STORE.includes(verdict) && anchor === 'bundled' ? '' : verdict;
  const fault = chainFault === '' && subject.hello !== 'without-sni' ? nameFault(subject.serverName, leaf) : chainFault;
  const [, protocol, cipher] = /(?:New, (\S+), Cipher is|SSL connection using (\S+) \/) (\S+)/.exec(said.text) ?? [];
  const detail = {
    ...(protocol === undefined ? {} : { protocol, cipher: /Cipher is (\S+)/.exec(said.text)?.[1] ?? cipher }),
    chain: leaf === undefined ? [] : readChain(leaf),
    ...(chainFault === '' && anchor !== undefined ? { anchor } : {}),
  };
  if (fault === '') return { ...base, outcome: 'trusted', detail };
  return { ...base, outcome: outcomeOf('tls', { code: fault }), detail: { ...detail, authorizationError: fault } };
}

/** What curl said of the handshake inside a tunnel. */
export function curlTls(said: Said): NonNullable<ProxyDetail['tls']> {
  const issuer = /^\* {2}issuer: (.*)$/m.exec(said.text)?.[1]?.replaceAll('; ', ', ');
  const verdict = verdictOf(said, 'curl');
  const code = verdict === '' ? undefined : (verdict ?? failureCode(said));
  const outcome = code === undefined ? 'trusted' : outcomeOf('tls', { code, syscall: syscallOf(said) });
  return { outcome: outcome === 'skipped' ? 'failed' : outcome, ...(issuer === undefined ? {} : { issuer }) };
}

/** '' for a chain that is trusted, Node's code for one that is not; undefined when there was no handshake to judge. */
function verdictOf(said: Said, tool: string): string | undefined {
  if (tool === 'openssl') {
    const number = /Verify return code: (\d+)/.exec(said.text)?.[1];
    // Without a certificate openssl has nothing to complain of either.
    if (number === undefined || /no peer certificate available/.test(said.text)) return undefined;
    return number === '0' ? '' : (VERIFY[Number(number)] ?? 'UNSPECIFIED');
  }
  if (/SSL certificate verify ok/.test(said.text)) return '';
  return said.exit === 60 || said.exit === 51
    ? (REASONS.find(([words]) => words.test(said.text))?.[1] ?? 'UNSPECIFIED')
    : undefined;
}

function nameFault(serverName: string, leaf: DetailedPeerCertificate | undefined): string {
  if (leaf === undefined) return '';
  try {
    return codeOf(checkServerIdentity(serverName, leaf)) ?? '';
  } catch (error) {
    return codeOf(error) ?? 'ERR_TLS_CERT_ALTNAME_FORMAT';
  }
}

function failureCode(said: Said): string {
  // openssl keeps its first words to itself until it ends; the script asks only where TCP was seen to open.
  const opened = CONNECTED.test(said.text) || (said.cut && said.text.trim() === '');
  if (said.cut || said.exit === 28) return opened ? OWN_CODES.timeout : OWN_CODES.connectTimeout;
  const code = opensslCode(said.text);
  if (code !== undefined && !/^ERR_SSL_(?:SYSCALL|SYSTEM_LIB)/.test(code)) return code;
  const system = systemCode(said.text);
  if (system !== undefined) return system;
  return opened ? OWN_CODES.closed : 'VPCE_DOCTOR_TOOL';
}

const syscallOf = (said: Said) => (CONNECTED.test(said.text) ? 'read' : 'connect');

function plaintext(said: Said): Pick<TlsObservation, 'outcome' | 'detail'> {
  const byte = Number(/^byte (-?\d+)$/m.exec(said.text)?.[1] ?? Number.NaN);
  if (said.exit === 0 && CONNECTED.test(said.text))
    return { outcome: byte === 21 ? 'alert' : 'not-tls', detail: { chain: [] } };
  const failure = { code: failureCode(said), syscall: syscallOf(said), message: lastWords(said) };
  return { outcome: outcomeOf('tls', failure), detail: { chain: [], failure } };
}

/** The certificates of a text, each linked to the one that signed it, as Node hands them over after a handshake. */
function leafOf(text: string): DetailedPeerCertificate | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.flatMap((block) => read(block) ?? []);
  const [leaf] = certificates;
  if (leaf === undefined) return undefined;
  const chain = [leaf];
  for (let last: X509Certificate = leaf; chain.length < 10 && !isIssuedBy(last, last); ) {
    const issuer: X509Certificate | undefined =
      certificates.find((one) => isIssuedBy(last, one)) ?? bundledRoots().find((root) => isIssuedBy(last, root));
    if (issuer === undefined || chain.includes(issuer)) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain.reduceRight<DetailedPeerCertificate | undefined>((issuer, certificate) => {
    const legacy = certificate.toLegacyObject() as DetailedPeerCertificate;
    legacy.issuerCertificate = issuer ?? legacy;
    return legacy;
  }, undefined);
}

let roots: readonly X509Certificate[] | undefined;

/** Made once: reading them all takes milliseconds. */
function bundledRoots(): readonly X509Certificate[] {
  roots ??= rootCertificates.map((pem) => new X509Certificate(pem));
  return roots;
}

function read(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
