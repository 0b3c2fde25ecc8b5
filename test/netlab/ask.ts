/**
 * One request as an application makes it, for reach.ts: with the credentials of the environment, where it is signed. Signature
 * Version 4 is written here from its documentation, so that nothing is shared with the tool.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:https';

export type Ask = {
  /** `s3`, as signatures call the service; absent: not signed */
  readonly sign?: string;
  /** with its query, of which the parameters are in order */
  readonly url: string;
  /** of a JSON service: `secretsmanager.ListSecrets` */
  readonly target?: string;
};

const REGION = 'eu-west-1';

/** `200`, or `403 AccessDenied`; without an answer the error’s code. */
export function ask(question: Ask): Promise<string> {
  const url = new URL(question.url);
  const body = question.target === undefined ? '' : '{}';
  const headers: Record<string, string> = {
    host: url.host,
    ...(question.target === undefined
      ? {}
      : { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': question.target }),
  };
  const method = question.target === undefined ? 'GET' : 'POST';
  if (question.sign !== undefined) sign(method, url, headers, body, question.sign);
  return new Promise((resolve) => {
    const asked = request(url, { method, headers, timeout: 4_000 }, (response) => {
      const texts: string[] = [];
      response.setEncoding('utf8').on('data', (text: string) => texts.push(text));
      response.on('end', () => {
        const { statusCode = 0 } = response;
        const code = /"__type":\s*"([^"]+)"|<Code>([^<]+)</.exec(texts.join('')) ?? [];
        resolve(statusCode < 300 ? String(statusCode) : `${statusCode} ${code[1] ?? code[2] ?? ''}`.trim());
      });
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    asked.end(body);
  });
}

function sign(method: string, url: URL, headers: Record<string, string>, body: string, service: string): void {
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '', AWS_SESSION_TOKEN: token } = process.env;
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  headers['x-amz-date'] = time;
  headers['x-amz-content-sha256'] = hash(body);
  if (token !== undefined) headers['x-amz-security-token'] = token;
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname,
    url.search.slice(1),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    hash(body),
  ].join('\n');
  const scope = [day, REGION, service, 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>((last, part) => mac(last, part), `AWS4${secret}`);
  const signature = mac(key, text).toString('hex');
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${id}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
