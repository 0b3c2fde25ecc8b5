/** The one table from an API error's name or code to the reason that a slice has no value. Words are never looked at. */
import { withoutSecrets } from '../model/secrets.ts';
import type { Refusal } from '../model/state.ts';

export type CallRefusal = Exclude<Refusal, 'not-asked' | 'not-given'>;
export type Refused = { readonly ok: false; readonly why: CallRefusal; readonly detail: string };

/**
 * EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html. The common ones of all services:
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html. System errors: errno(3), and Node's TLS codes.
 */
const REASONS = {
  UnauthorizedOperation: 'denied',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  // SNS.
  AuthorizationError: 'denied',
  NotAuthorized: 'denied',

  RequestLimitExceeded: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  ThrottledException: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  EC2ThrottledException: 'throttled',
  TooManyRequestsException: 'throttled',
  BandwidthLimitExceeded: 'throttled',
  SlowDown: 'throttled',

  // The SDK found none, or could not fetch them.
  CredentialsProviderError: 'no-credentials',
  TokenProviderError: 'no-credentials',
  // The service does not accept these: unknown, expired, or signed with a wrong secret or clock.
  AuthFailure: 'no-credentials',
  AuthorizationHeaderMalformed: 'no-credentials',
  ExpiredToken: 'no-credentials',
  ExpiredTokenException: 'no-credentials',
  IncompleteSignature: 'no-credentials',
  IncompleteSignatureException: 'no-credentials',
  InvalidAccessKeyId: 'no-credentials',
  InvalidClientTokenId: 'no-credentials',
  InvalidSignatureException: 'no-credentials',
  MissingAuthenticationToken: 'no-credentials',
  RequestExpired: 'no-credentials',
  RequestTimeTooSkewed: 'no-credentials',
  SignatureDoesNotMatch: 'no-credentials',
  UnrecognizedClientException: 'no-credentials',

  ETIMEDOUT: 'timeout',
  ESOCKETTIMEDOUT: 'timeout',
  AbortError: 'timeout',
  TimeoutError: 'timeout',
  RequestTimeout: 'timeout',
  RequestTimeoutException: 'timeout',

  // undici's, which carries the Resolver's calls.
  UND_ERR_ABORTED: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_DESTROYED: 'unreachable',
  UND_ERR_SOCKET: 'unreachable',

  EACCES: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EAI_FAIL: 'unreachable',
  EAI_NODATA: 'unreachable',
  ECONNABORTED: 'unreachable',
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EPERM: 'unreachable',
  EPIPE: 'unreachable',
  EPROTO: 'unreachable',
  CERT_HAS_EXPIRED: 'unreachable',
  CERT_NOT_YET_VALID: 'unreachable',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unreachable',
  ERR_TLS_CERT_ALTNAME_INVALID: 'unreachable',
  SELF_SIGNED_CERT_IN_CHAIN: 'unreachable',
  UNABLE_TO_GET_ISSUER_CERT: 'unreachable',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unreachable',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unreachable',
} as const satisfies Record<string, CallRefusal>;

/**
 * Why a call has no answer. Anything that the table does not know is `failed`. Services quote what was signed when they refuse
 * a signature: words that hold any of it, or of `secrets`, are left out.
 */
export function refusalOf(error: unknown, secrets: readonly string[] = []): Refused {
  const names = namesOf(error);
  const known = names.find((name) => Object.hasOwn(REASONS, name)) as keyof typeof REASONS | undefined;
  const why = known === undefined ? 'failed' : REASONS[known];
  const name = known ?? withoutSecrets(names[0], secrets) ?? 'Error';
  const words = withoutSecrets(wordsOf(error), secrets) ?? 'its words quote the signed request, and are left out';
  return { ok: false, why, detail: `${name}: ${words}` };
}

/** The service's name for the error, or undefined: `InvalidServiceName`. */
export function errorName(error: unknown): string | undefined {
  return namesOf(error).at(-1);
}

/**
 * Codes before names, because the SDK renames ECONNREFUSED and ECONNRESET to `TimeoutError`. A connection that was tried
 * at several addresses carries one error for each; without a code of its own the first one speaks.
 */
function namesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { code, name, errors } = error as { code?: unknown; name?: unknown; errors?: unknown };
  const inner: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return [code, ...(code === undefined ? namesOf(inner).slice(0, 1) : []), name].filter(
    (text) => typeof text === 'string',
  );
}

const MOST_WORDS = 300;

/** For the reader only. A denial's encoded part is thousands of characters that nobody can read here. */
function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text
    .replace(/\s*Encoded authorization failure message:.*$/s, '')
    // A profile's credential_process that fails is quoted with its arguments and all that it printed.
    .replace(/(Command failed):.*$/s, '$1')
    // STS and the query services go on with the canonical request, session token included.
    .replace(/\s*The Canonical String for this request should have been.*$/s, '')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MOST_WORDS ? `${line.slice(0, MOST_WORDS)}…` : line;
}
