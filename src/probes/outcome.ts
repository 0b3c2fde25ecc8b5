/** The one table from error code to outcome, shared by all rungs. Nothing here, or in any probe, reads a message's words. */
import type { Failure, Observation, Rung } from '../model/observation.ts';
import { printable } from './text.ts';

/** What an error means, before a rung says it in its own words. */
type Kind =
  | 'refused'
  | 'timeout'
  /** not even the TCP connection opened in time */
  | 'connect-timeout'
  | 'unreachable'
  | 'prohibited'
  | 'reset'
  | 'closed'
  | 'malformed'
  | 'not-http'
  | 'not-tls'
  | 'alert'
  | 'name-mismatch'
  | 'untrusted'
  | 'expired'
  | 'not-yet-valid'
  | 'skipped'
  | 'failed';

/** Codes that this tool gives to what no library has a code for. */
export const OWN_CODES = {
  /** the wire does not let packets go to this address */
  guard: 'VPCE_DOCTOR_GUARD',
  /** the time that the probe had is over */
  timeout: 'VPCE_DOCTOR_TIMEOUT',
  /** the same, while the TCP connection was still to be made */
  connectTimeout: 'VPCE_DOCTOR_CONNECT_TIMEOUT',
  /** the run ended first: deadline or Ctrl-C */
  skipped: 'VPCE_DOCTOR_SKIPPED',
  /** the peer closed the connection before it answered */
  closed: 'VPCE_DOCTOR_CLOSED',
  /** something came back that is no DNS message, or answers another question */
  notDns: 'VPCE_DOCTOR_NOT_DNS',
  /** something came back that is no HTTP response */
  notHttp: 'VPCE_DOCTOR_NOT_HTTP',
  /** a name that no DNS message can carry */
  badName: 'VPCE_DOCTOR_BAD_NAME',
  /** a subject whose address is none */
  badAddress: 'VPCE_DOCTOR_BAD_ADDRESS',
  /** nothing signed is sent to whoever this is */
  withheld: 'VPCE_DOCTOR_WITHHELD',
  /** a probe threw: a bug of this tool */
  bug: 'VPCE_DOCTOR_BUG',
} as const;

const KINDS = {
  // libuv: https://docs.libuv.org/en/v1.x/errors.html
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  // No IPv6 in this kernel: there is no way to an IPv6 address.
  EAFNOSUPPORT: 'unreachable',
  // What Linux says to local senders about a `blackhole` route (ip-route(8)). Node's own complaints about arguments start with ERR_.
  EINVAL: 'unreachable',
  EPERM: 'prohibited',
  // Also what a `prohibit` route says.
  EACCES: 'prohibited',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  // undici: the other side closed the socket
  UND_ERR_SOCKET: 'closed',
  // OpenSSL, the record layer: what came is not TLS
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_BAD_PACKET_LENGTH: 'not-tls',
  ERR_SSL_RECORD_LENGTH_MISMATCH: 'not-tls',
  ERR_SSL_RECORD_TOO_SMALL: 'not-tls',
  ERR_SSL_BAD_RECORD_TYPE: 'not-tls',
  ERR_SSL_UNKNOWN_PROTOCOL: 'not-tls',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'not-tls',
  ERR_SSL_UNEXPECTED_EOF_WHILE_READING: 'closed',
  // OpenSSL, alerts whose code does not say so (RFC 6066 alerts 110 to 114)
  ERR_SSL_TLSV1_UNSUPPORTED_EXTENSION: 'alert',
  ERR_SSL_TLSV1_CERTIFICATE_UNOBTAINABLE: 'alert',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'alert',
  ERR_SSL_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE: 'alert',
  ERR_SSL_TLSV1_BAD_CERTIFICATE_HASH_VALUE: 'alert',
  // Certificates: https://nodejs.org/api/tls.html#x509-certificate-error-codes
  ERR_TLS_CERT_ALTNAME_INVALID: 'name-mismatch',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'name-mismatch',
  HOSTNAME_MISMATCH: 'name-mismatch',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'untrusted',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_CHAIN_TOO_LONG: 'untrusted',
  CERT_REVOKED: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  CERT_REJECTED: 'untrusted',
  INVALID_CA: 'untrusted',
  INVALID_PURPOSE: 'untrusted',
  PATH_LENGTH_EXCEEDED: 'untrusted',
  // Node's word for every verification error that is not in its list.
  UNSPECIFIED: 'untrusted',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'untrusted',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'untrusted',
  [OWN_CODES.guard]: 'prohibited',
  [OWN_CODES.timeout]: 'timeout',
  [OWN_CODES.connectTimeout]: 'connect-timeout',
  [OWN_CODES.skipped]: 'skipped',
  [OWN_CODES.closed]: 'closed',
  [OWN_CODES.notDns]: 'malformed',
  [OWN_CODES.notHttp]: 'not-http',
} as const satisfies Record<string, Kind>;

/** Families of codes that a library builds from its own list of reasons; OpenSSL 3.2 and later spell some `SSL/TLS_ALERT`. */
const FAMILIES = [
  [/^ERR_SSL_.*ALERT_/, 'alert'],
  // llhttp's parser, behind undici
  [/^HPE_/, 'not-http'],
] as const satisfies readonly (readonly [RegExp, Kind])[];

/**
 * The proxy's rung speaks of two connections, and has words of its own (proxy.ts); so has the vantage for the metadata
 * service. A signed request fails on its way as any other does.
 */
type TableRung = Exclude<Rung, 'proxy' | 'metadata' | 'access'>;
type OutcomeOf<R extends TableRung> = Extract<Observation, { readonly rung: R }>['outcome'];

/** How each rung says it. What a rung cannot meet, or has no word for, is `failed`; the code is kept beside it. */
const OUTCOMES = {
  refused: { dns: 'refused', tcp: 'refused', tls: 'refused', https: 'refused' },
  timeout: { dns: 'timeout', tcp: 'timeout', tls: 'timeout', https: 'timeout' },
  // A TLS `timeout` means that TCP opened and the ClientHello got no answer, which points elsewhere than a lost SYN.
  'connect-timeout': { dns: 'timeout', tcp: 'timeout', tls: 'failed', https: 'timeout' },
  unreachable: { dns: 'unreachable', tcp: 'unreachable', tls: 'unreachable', https: 'unreachable' },
  prohibited: { dns: 'prohibited', tcp: 'prohibited', tls: 'prohibited', https: 'prohibited' },
  reset: { dns: 'failed', tcp: 'reset', tls: 'reset', https: 'reset' },
  closed: { dns: 'failed', tcp: 'failed', tls: 'closed', https: 'closed' },
  malformed: { dns: 'malformed', tcp: 'failed', tls: 'failed', https: 'failed' },
  'not-http': { dns: 'failed', tcp: 'failed', tls: 'failed', https: 'not-http' },
  'not-tls': { dns: 'failed', tcp: 'failed', tls: 'not-tls', https: 'tls-failed' },
  alert: { dns: 'failed', tcp: 'failed', tls: 'alert', https: 'tls-failed' },
  'name-mismatch': { dns: 'failed', tcp: 'failed', tls: 'name-mismatch', https: 'tls-failed' },
  untrusted: { dns: 'failed', tcp: 'failed', tls: 'untrusted', https: 'tls-failed' },
  expired: { dns: 'failed', tcp: 'failed', tls: 'expired', https: 'tls-failed' },
  'not-yet-valid': { dns: 'failed', tcp: 'failed', tls: 'not-yet-valid', https: 'tls-failed' },
  skipped: { dns: 'skipped', tcp: 'skipped', tls: 'skipped', https: 'skipped' },
  failed: { dns: 'failed', tcp: 'failed', tls: 'failed', https: 'failed' },
} as const satisfies Record<Kind, { readonly [R in TableRung]: OutcomeOf<R> }>;

/**
 * The outcome of `error` on a rung. An error without a code is no fault of the network but a bug, and is thrown again.
 */
export function outcomeOf<R extends TableRung>(rung: R, error: unknown): (typeof OUTCOMES)[Kind][R] {
  if (codeOf(error) === undefined) throw error;
  return OUTCOMES[kindOf(error)][rung];
}

/** What an observation keeps of an error. */
export function failureOf(error: unknown): Failure {
  return {
    code: codeOf(error),
    syscall: textField(error, 'syscall'),
    message: error instanceof Error ? printable(error.message).slice(0, 300) : undefined,
  };
}

/** An error of this tool's own, with a code that the table knows. */
export function ownError(code: keyof typeof OWN_CODES, message: string): Error {
  return Object.assign(new Error(message), { code: OWN_CODES[code] });
}

export function codeOf(error: unknown): string | undefined {
  return textField(error, 'code');
}

function kindOf(error: unknown): Kind {
  const code = codeOf(error) ?? '';
  // Node reports a peer's orderly end in the middle of a handshake as ECONNRESET as well, but no system call failed then.
  const inSystemCall = textField(error, 'syscall');
  if (code === 'ECONNRESET' && inSystemCall === undefined) return 'closed';
  if (code === 'ETIMEDOUT' && inSystemCall === 'connect') return 'connect-timeout';
  if (Object.hasOwn(KINDS, code)) return KINDS[code as keyof typeof KINDS];
  return FAMILIES.find(([pattern]) => pattern.test(code))?.[1] ?? 'failed';
}

function textField(error: unknown, field: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value = (error as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : undefined;
}
