/** Requests to a lab's services through its wire, over real TLS, signed or not. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';
import type { HashConstructor } from '@smithy/types';
import { LAB_SIGNING, type SigningCredentials } from '../../../src/lab/iam/caller.ts';
import type { Lab } from '../../../src/lab/lab.ts';
import { LAB_REGION } from '../../../src/lab/world.ts';

export type Sent = {
  /** of the world */
  readonly address: string;
  readonly host: string;
  readonly method?: string;
  /** with its query */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type Signing = {
  /** the name of the service in the credential scope */
  readonly service: string;
  readonly credentials?: SigningCredentials;
  readonly date?: Date;
};

export type Received = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: string };

/** Sends one request; signed when it is said how. Only the lab's authorities are trusted, and the name has to fit. */
export async function send(lab: Lab, sent: Sent, signing?: Signing): Promise<Received> {
  const { address, host, method = 'GET', path = '/', body = '' } = sent;
  const headers = signing === undefined ? { host, ...sent.headers } : await signedHeaders(sent, signing);
  const to = lab.host.wire.route('tcp', address, 443);
  if (to === undefined) throw new Error(`the lab's wire leads nowhere for ${address}`);
  const request = httpsRequest({
    host: to.address,
    port: to.port,
    servername: host,
    ca: [...(lab.host.wire.certificateAuthorities ?? [])],
    agent: false,
    method,
    path,
    headers,
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}

/** What the AWS SDKs would send of this request: every header signed, S3's path left as it is. */
export async function signedHeaders(
  { host, method = 'GET', path = '/', headers = {}, body = '' }: Omit<Sent, 'address'>,
  { service, credentials = LAB_SIGNING.good, date = new Date() }: Signing,
): Promise<Record<string, string>> {
  const url = new URL(path, `https://${host}`);
  const signer = new SignatureV4({
    service,
    region: LAB_REGION,
    credentials,
    sha256: Sha256 as unknown as HashConstructor,
    uriEscapePath: service !== 's3',
  });
  const signed = await signer.sign(
    {
      method,
      protocol: 'https:',
      hostname: host,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host, ...headers },
      body,
    },
    { signingDate: date },
  );
  return signed.headers;
}

function Sha256(secret?: string | Uint8Array) {
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  return {
    update: (data: string | Uint8Array) => void hash.update(data),
    digest: async () => new Uint8Array(hash.digest()),
    reset: () => undefined,
  };
}
