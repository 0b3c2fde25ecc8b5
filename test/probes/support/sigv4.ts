/**
 * What a service does with a signed request, written from the documentation alone: is this the signature that the key gives?
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';

export type Received = {
  readonly method: string;
  /** as it came, with its query */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

export type Verified = {
  readonly ok: boolean;
  readonly keyId: string;
  /** `20261121/eu-west-1/sts/aws4_request` */
  readonly scope: string;
  readonly canonical: string;
};

/** Recomputes the signature of a request. `ok` when it is the one that came. */
export function verify(request: Received, secret: string): Verified {
  const authorization = String(request.headers['authorization']);
  const [, keyId = '', scope = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const [date = '', region = '', service = ''] = scope.split('/');
  const [path = '/', query = ''] = request.url.split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const escaped = service === 's3' ? path : path.split('/').map(encodeURIComponent).join('/');
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [
    request.method,
    escaped,
    pairs.sort().join('&'),
    headers.join(''),
    names,
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n');
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hashed].join('\n');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = ['aws4_request'].reduce(hmac, hmac(hmac(hmac(`AWS4${secret}`, date), region), service));
  return { ok: hmac(key, text).toString('hex') === signature, keyId, scope, canonical };
}
