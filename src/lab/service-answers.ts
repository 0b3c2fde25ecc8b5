/**
 * What AWS services say over HTTP to a caller without credentials (facts.md 10). Only what tells services apart is played:
 * status, headers, the body's error. It depends on who answers, not on whom the caller meant to ask.
 */
import { randomBytes, randomUUID } from 'node:crypto';

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type HttpQuestion = {
  readonly method: string;
  readonly path: string;
  /** the Host header, without port */
  readonly host: string;
};

/**
 * The answer of a service by its id in our table. Undefined is a service of AWS that the table does not have, and
 * `not-aws` anybody else's server, which gives no sign of AWS; `block-page` a firewall's own words.
 */
export function answerAs(service: string | 'not-aws' | 'block-page' | undefined, question: HttpQuestion): HttpAnswer {
  const { method, path, host } = question;
  switch (service) {
    case 'not-aws':
      return { status: 200, headers: { 'content-type': 'text/plain', server: 'nginx' }, body: 'It works.\n' };
    case 'block-page':
      return {
        status: 403,
        headers: { 'content-type': 'text/html' },
        body: '<html><title>Blocked</title><h1>Access to this site is blocked by policy</h1></html>\n',
      };
    case 's3':
      return fromS3(question);
    case 'dynamodb':
      if (method === 'GET') return fromAws(200, 'text/plain', `healthy: ${host} `);
      return json(400, 'MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    case 'ecr.dkr':
      return {
        status: path === '/v2/' ? 401 : 404,
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'docker-distribution-api-version': 'registry/2.0',
          ...(path === '/v2/'
            ? { 'www-authenticate': `Basic realm="https://${host}/",service="ecr.amazonaws.com"` }
            : {}),
        },
        body: path === '/v2/' ? 'Not Authorized\n' : '404 page not found\n',
      };
    case 'execute-api':
      return json(403, 'ForbiddenException', 'Forbidden');
    // What it says to GET is not on record; its Server header is, and that it sends no request id.
    case 'ec2':
      return { status: method === 'OPTIONS' ? 200 : 400, headers: { server: 'AmazonEC2' }, body: '' };
    default:
      break;
  }
  if (service !== undefined && AUTHENTICATION_FIRST.has(service)) {
    return json(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (method === 'OPTIONS') return fromAws(200, 'text/plain', '');
  return fromAws(404, 'application/xml', '<UnknownOperationException/>\n');
}

/** Services that ask for a signature whatever the request is; the others do not know the operation. */
const AUTHENTICATION_FIRST = new Set([
  'cloudhsmv2',
  'ebs',
  'ec2-instance-connect',
  'eks',
  'license-manager',
  'securityhub',
  'serverlessrepo',
  'synthetics',
]);

function fromS3({ method, path, host }: HttpQuestion): HttpAnswer {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const headers = {
    'x-amz-request-id': requestId,
    'x-amz-id-2': randomBytes(32).toString('base64'),
    server: 'AmazonS3',
    'content-type': 'application/xml',
  };
  const atService = /^s3[.-]/.test(host) && path === '/';
  if (method === 'GET' && atService) {
    return { status: 307, headers: { ...headers, location: 'https://aws.amazon.com/s3/' }, body: '' };
  }
  const [code, message] =
    method === 'OPTIONS' ? ['CORSResponse', 'CORS is not enabled for this bucket.'] : ['AccessDenied', 'Access Denied'];
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${requestId}</RequestId></Error>`;
  return { status: 403, headers, body };
}

function json(status: number, type: string, message: string): HttpAnswer {
  const answer = fromAws(status, 'application/json', JSON.stringify({ message }));
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': type } };
}

function fromAws(status: number, type: string, body: string): HttpAnswer {
  return { status, headers: { 'content-type': type, 'x-amzn-requestid': randomUUID() }, body };
}
