/**
 * Whether a request is signed by the lab's credentials, and now: Signature Version 4 computed again over what arrived.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { HashConstructor } from '@smithy/types';
import { LAB_SIGNING, type SigningCredentials } from './caller.ts';

export type SignedRequest = {
  readonly method: string;
  /** with its query, as it was sent */
  readonly target: string;
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

export type SignatureProblem =
  | 'unknown-key'
  | 'expired'
  | 'skewed'
  | 'wrong-signature'
  | 'wrong-service'
  | 'incomplete';

export type Signed =
  /** `service`: the name that the signature is for, `ecr` */
  | { readonly ok: true; readonly service: string }
  | { readonly ok: false; readonly problem: SignatureProblem; readonly service: string; readonly signedAt?: Date };

/**
 * @param now the service's own clock, in milliseconds since the epoch
 */
export async function checkSignature(request: SignedRequest, now: number): Promise<Signed> {
  const {
    keyId = '',
    region = '',
    service = '',
    names = '',
    signature = '',
  } = AUTHORIZATION.exec(request.headers['authorization'] ?? '')?.groups ?? {};
  const signedAt = timeOf(request.headers['x-amz-date'] ?? '');
  if (signature === '' || signedAt === undefined) return { ok: false, problem: 'incomplete', service };
  const bad = (problem: SignatureProblem): Signed => ({ ok: false, problem, service, signedAt });
  if (keyId === LAB_SIGNING.expired.accessKeyId) return bad('expired');
  if (keyId !== LAB_SIGNING.good.accessKeyId) return bad('unknown-key');
  if (Math.abs(signedAt.getTime() - now) > tolerance(service)) return bad('skewed');
  const expected = await signatureOf(request, names.split(';'), { region, service, signedAt }, LAB_SIGNING.good);
  return sameText(expected, signature) && bodyIsWhatWasSigned(request) ? { ok: true, service } : bad('wrong-signature');
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<keyId>[^/]+)\/\d{8}\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request,\s*SignedHeaders=(?<names>[^,]+),\s*Signature=(?<signature>[0-9a-f]{64})$/;

/** Milliseconds between the clocks: fifteen minutes for S3 (AmazonS3/latest/API/ErrorResponses.html, RequestTimeTooSkewed), five for the others. */
function tolerance(service: string): number {
  return (service === 's3' ? 15 : 5) * 60_000;
}

function timeOf(basic: string): Date | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(basic) ?? [];
  if (parts.length !== 6) return undefined;
  const [year, month, day, hour, minute, second] = parts;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

async function signatureOf(
  { method, target, headers, body }: SignedRequest,
  names: readonly string[],
  { region, service, signedAt }: { readonly region: string; readonly service: string; readonly signedAt: Date },
  credentials: SigningCredentials,
): Promise<string | undefined> {
  const s3 = service === 's3';
  const signer = new SignatureV4({
    service,
    region,
    credentials,
    sha256: Sha256 as unknown as HashConstructor,
    uriEscapePath: !s3,
    applyChecksum: false,
  });
  const [path = '/', query = ''] = target.split(/\?(.*)/s);
  const signed = await signer.sign(
    {
      method,
      protocol: 'https:',
      hostname: headers['host'] ?? '',
      path,
      query: bagOf(query),
      headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])),
      body,
    },
    { signingDate: signedAt, signableHeaders: new Set(names) },
  );
  return AUTHORIZATION.exec(signed.headers['authorization'] ?? '')?.groups?.['signature'];
}

function bagOf(query: string): Record<string, string | string[]> {
  const bag: Record<string, string | string[]> = {};
  const parameters = new URLSearchParams(query);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    bag[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return bag;
}

/** Where the hash of the body is signed as a header, the body still has to have it. */
function bodyIsWhatWasSigned({ headers, body }: SignedRequest): boolean {
  const said = headers['x-amz-content-sha256'];
  if (said === undefined || said === 'UNSIGNED-PAYLOAD') return true;
  return said === createHash('sha256').update(body).digest('hex');
}

function sameText(a: string | undefined, b: string): boolean {
  return a !== undefined && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The library wants something to call `new` on. */
function Sha256(secret?: string | Uint8Array) {
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  return {
    update: (data: string | Uint8Array) => void hash.update(data),
    digest: async () => new Uint8Array(hash.digest()),
    reset: () => undefined,
  };
}
