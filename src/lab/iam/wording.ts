/**
 * Refusals in each protocol's own form and each service's own words. The phrases for policies: IAM User Guide,
 * troubleshoot_access-denied (facts.md 6.3); those for signatures: the services' pages on common errors.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { DenyingPolicy } from '../../model/denial.ts';
import { escapeXml } from '../ec2-wire.ts';
import type { HttpAnswer } from '../service-answers.ts';
import type { Operation, Place, Protocol } from './operation.ts';
import type { SignatureProblem } from './signature.ts';

export type Refusal = { readonly status: number; readonly code: string; readonly message: string };

type Refused = { readonly by: DenyingPolicy; readonly explicit: boolean };

const NOUNS: Readonly<Record<DenyingPolicy, string>> = {
  'endpoint-policy': 'VPC endpoint policy',
  'resource-policy': 'resource-based policy',
  'identity-policy': 'identity-based policy',
  'permissions-boundary': 'permissions boundary',
  'session-policy': 'session policy',
  'role-trust-policy': 'role trust policy',
  'service-control-policy': 'service control policy',
  'resource-control-policy': 'resource control policy',
};

/** `because no VPC endpoint policy allows the s3:GetObject action`, `with an explicit deny in a VPC endpoint policy` */
export function reasonFor(action: string, { by, explicit }: Refused): string {
  const noun = NOUNS[by];
  if (!explicit) return `because no ${noun} allows the ${action} action`;
  return `with an explicit deny in ${by === 'identity-policy' ? 'an' : 'a'} ${noun}`;
}

/** @param who the caller's ARN, or `anonymous` */
export function denialWords(who: string, action: string, resource: string | undefined, refused: Refused): string {
  const on = resource === undefined ? '' : ` on resource: ${resource}`;
  return `User: ${who} is not authorized to perform: ${action}${on} ${reasonFor(action, refused)}`;
}

/** What a service says to a caller whom policies refuse. `ours`: whether S3 tells why. */
export function policyRefusal(
  who: string,
  operation: Operation,
  refused: Refused,
  { ours, region, accountId }: Place & { readonly ours: boolean },
): Refusal {
  const { protocol, prefix, resource } = operation;
  // SNS and SQS spell their actions in ways of their own.
  const action =
    prefix === 'sns'
      ? `SNS:${operation.action}`
      : prefix === 'sqs'
        ? `sqs:${operation.action.toLowerCase()}`
        : `${prefix}:${operation.action}`;
  switch (protocol) {
    case 's3': {
      const words = denialWords(who, action, resource === '*' ? undefined : `"${resource}"`, refused);
      return { status: 403, code: 'AccessDenied', message: ours ? words : 'Access Denied' };
    }
    case 'ec2': {
      const words = denialWords(who, action, resource === '*' ? undefined : resource, refused);
      const message = `You are not authorized to perform this operation. ${words}`;
      return { status: 403, code: 'UnauthorizedOperation', message };
    }
    case 'query': {
      const code = prefix === 'sns' ? 'AuthorizationError' : 'AccessDenied';
      // Of an action without a resource STS names none, and SNS all topics of the account.
      const all = prefix === 'sts' ? undefined : prefix === 'sns' ? `arn:aws:sns:${region}:${accountId}:*` : resource;
      return { status: 403, code, message: denialWords(who, action, resource === '*' ? all : resource, refused) };
    }
    case 'json':
    case 'rest-json': {
      const message = denialWords(who, action, resource, refused);
      return { status: protocol === 'json' ? 400 : 403, code: 'AccessDeniedException', message };
    }
  }
}

const CLOCK = 'The difference between the request time and the current time is too large.';
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const UNKNOWN = 'The security token included in the request is invalid.';

/** What a service says to a signature that it does not accept. */
export function signatureRefusal(
  protocol: Protocol,
  problem: SignatureProblem,
  signedAt: Date | undefined,
  now: number,
): Refusal {
  const problems = protocol === 'ec2' ? EC2 : protocol === 's3' ? S3 : protocol === 'query' ? QUERY : JSON_ERRORS;
  const [usual, code, message] = problems[problem];
  const status = protocol === 'rest-json' ? 403 : usual;
  if (problem !== 'skewed' || protocol === 's3' || protocol === 'ec2' || signedAt === undefined)
    return { status, code, message };
  return { status, code, message: skewWords(signedAt, now) };
}

/** `Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)` */
function skewWords(signedAt: Date, now: number): string {
  const basic = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const five = 5 * 60_000;
  return signedAt.getTime() < now
    ? `Signature expired: ${basic(signedAt.getTime())} is now earlier than ${basic(now - five)} (${basic(now)} - 5 min.)`
    : `Signature not yet current: ${basic(signedAt.getTime())} is still later than ${basic(now + five)} (${basic(now)} + 5 min.)`;
}

type Problems = Readonly<Record<SignatureProblem, readonly [number, string, string]>>;

const NOT_FOR_THIS = 'Credential should be scoped to correct service.';
const INCOMPLETE = 'Authorization header requires the parameters Credential, SignedHeaders and Signature, and a date.';

const QUERY: Problems = {
  'unknown-key': [403, 'InvalidClientTokenId', UNKNOWN],
  expired: [403, 'ExpiredToken', 'The security token included in the request is expired'],
  skewed: [403, 'SignatureDoesNotMatch', CLOCK],
  'wrong-signature': [403, 'SignatureDoesNotMatch', MISMATCH],
  'wrong-service': [403, 'SignatureDoesNotMatch', NOT_FOR_THIS],
  incomplete: [400, 'IncompleteSignature', INCOMPLETE],
};

const JSON_ERRORS: Problems = {
  'unknown-key': [400, 'UnrecognizedClientException', UNKNOWN],
  expired: [400, 'ExpiredTokenException', 'The security token included in the request is expired'],
  skewed: [400, 'InvalidSignatureException', CLOCK],
  'wrong-signature': [400, 'InvalidSignatureException', MISMATCH],
  'wrong-service': [400, 'InvalidSignatureException', NOT_FOR_THIS],
  incomplete: [400, 'IncompleteSignatureException', INCOMPLETE],
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const NOT_VALIDATED = 'AWS was not able to validate the provided access credentials';
const EC2: Problems = {
  'unknown-key': [401, 'AuthFailure', NOT_VALIDATED],
  expired: [400, 'RequestExpired', 'Request has expired.'],
  skewed: [400, 'RequestExpired', 'Request has expired.'],
  'wrong-signature': [401, 'AuthFailure', NOT_VALIDATED],
  'wrong-service': [401, 'AuthFailure', NOT_FOR_THIS],
  incomplete: [400, 'MissingAuthenticationToken', 'Request is missing Authentication Token'],
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const S3: Problems = {
  'unknown-key': [403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'],
  expired: [400, 'ExpiredToken', 'The provided token has expired.'],
  skewed: [403, 'RequestTimeTooSkewed', CLOCK],
  'wrong-signature': [
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  'wrong-service': [400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed; incorrect service.'],
  incomplete: [400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.'],
};

/** A refusal as bytes. */
export function writeRefusal(protocol: Protocol, { status, code, message }: Refusal): HttpAnswer {
  const id = randomUUID();
  const xml = (body: string): HttpAnswer => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  });
  const words = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>`;
  switch (protocol) {
    case 's3':
      return fromS3(status, `<Error>${words}</Error>`);
    case 'ec2':
      return xml(`<Response><Errors><Error>${words}</Error></Errors><RequestID>${id}</RequestID></Response>`);
    case 'query':
      return xml(
        `<ErrorResponse><Error><Type>Sender</Type>${words}</Error><RequestId>${id}</RequestId></ErrorResponse>`,
      );
    case 'json':
    case 'rest-json': {
      // Refusals by policy spell the member with a capital letter; they come from another part of AWS than the others.
      const text = code === 'AccessDeniedException' ? { Message: message } : { message };
      const type = { 'content-type': protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json' };
      return protocol === 'json'
        ? { status, headers: { ...type, 'x-amzn-requestid': id }, body: JSON.stringify({ __type: code, ...text }) }
        : {
            status,
            headers: { ...type, 'x-amzn-requestid': id, 'x-amzn-errortype': code },
            body: JSON.stringify(text),
          };
    }
  }
}

/** An answer of S3, with the ids that only S3 gives; an error's body carries them too. */
export function fromS3(status: number, body: string, type = 'application/xml'): HttpAnswer {
  const [requestId, hostId] = [randomBytes(8).toString('hex').toUpperCase(), randomBytes(32).toString('base64')];
  const ids = `<RequestId>${requestId}</RequestId><HostId>${hostId}</HostId></Error>`;
  return {
    status,
    headers: { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId, server: 'AmazonS3', 'content-type': type },
    body:
      type === 'application/xml' ? `<?xml version="1.0" encoding="UTF-8"?>\n${body.replace('</Error>', ids)}` : body,
  };
}
