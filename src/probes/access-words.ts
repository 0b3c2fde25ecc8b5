/** What a refused signed request says: the policy’s matter, the credentials’, or neither. */
import type { Denial } from '../model/denial.ts';

/**
 * The outcome of an answer that is no success. A service that fails (5xx) or sends elsewhere (3xx) never got to the question
 * of who asks, whatever it says.
 */
export function outcomeOfRefusal(
  status: number,
  errorType: string | undefined,
  denial: Denial | undefined,
): 'denied' | 'credentials-rejected' | 'answered' {
  if (status < 400 || status >= 500) return 'answered';
  if (denial?.kind === 'credentials' || SIGNATURE_CODES.has(errorType ?? '')) return 'credentials-rejected';
  return denial === undefined ? 'answered' : 'denied';
}

/**
 * Codes of a signature that is not accepted, whatever is wrong with it: the clock's are no denial of the credentials.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList and every service's common errors.
 */
const SIGNATURE_CODES: ReadonlySet<string> = new Set([
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);
