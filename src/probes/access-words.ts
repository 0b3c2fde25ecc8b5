/** What the words of a refused signed request say. */
import type { Denial } from '../model/denial.ts';

/** The refusal in an answer's code and message, both free of what was sent; undefined where the words are no refusal. */
export function denialIn(code: string | undefined, message: string | undefined): Denial | undefined {
  const text = [code, message].filter((part) => part !== undefined).join(': ');
  if (code === undefined) return undefined;
  if (REFUSALS.has(code)) return { kind: 'policy', code, text: text.slice(0, 300) };
  const problem = CREDENTIALS.get(code);
  return problem === undefined ? undefined : { kind: 'credentials', problem, code, text: text.slice(0, 300) };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and its like of SNS and S3. */
const REFUSALS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'NotAuthorized',
  'UnauthorizedOperation',
]);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the common errors of every other service's reference. */
const CREDENTIALS = new Map<string, 'missing' | 'expired' | 'invalid'>([
  ['AuthFailure', 'invalid'],
  ['ExpiredToken', 'expired'],
  ['ExpiredTokenException', 'expired'],
  ['IncompleteSignature', 'invalid'],
  ['IncompleteSignatureException', 'invalid'],
  ['InvalidAccessKeyId', 'invalid'],
  ['InvalidClientTokenId', 'invalid'],
  ['InvalidSignatureException', 'invalid'],
  ['InvalidToken', 'invalid'],
  ['MissingAuthenticationToken', 'missing'],
  ['MissingAuthenticationTokenException', 'missing'],
  ['RequestExpired', 'expired'],
  ['RequestTimeTooSkewed', 'invalid'],
  ['SignatureDoesNotMatch', 'invalid'],
  ['TokenRefreshRequired', 'expired'],
  ['UnrecognizedClientException', 'invalid'],
]);
