/** Signs requests of our own with the SDK's credentials. Loads the SDK: imported only when something is to be signed. */
import { STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Host } from '../model/host.ts';
import { ensureHome } from './home.ts';
import { confinedCredentials, isConfined, type StaticCredentials } from './settings.ts';

export type Unsigned = {
  readonly method: string;
  readonly hostname: string;
  readonly port: number;
  /** with its query */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Scope = { readonly service: string; readonly region: string; readonly date: Date };

export type SignedHeaders = {
  readonly headers: Readonly<Record<string, string>>;
  /** key id, secret, session token and signature: what no answer may bring into a report */
  readonly secrets: readonly string[];
};

export type Signer = (request: Unsigned, scope: Scope) => Promise<SignedHeaders>;

/**
 * Fetches the caller's credentials, by the SDK's provider chain (environment, profile, web identity, container, instance), or in
 * a confined run from the host's environment alone, and returns what signs with them (Signature Version 4). Rejects with
 * the SDK's error when there are none; takes as long as the providers take. `region` is for providers that ask STS.
 */
export async function openSigner(host: Host, region: string): Promise<Signer> {
  ensureHome();
  const client = new STSClient({ region });
  const { sha256 } = client.config;
  const credentials = isConfined(host) ? confined(host) : await client.config.credentials();
  client.destroy();
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const usable = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  return async (request, scope) => {
    const { service, region, date } = scope;
    // S3 alone signs the path as it is; the paths of the others hold nothing that escaping twice would change.
    const signer = new SignatureV4({ service, region, credentials: usable, sha256, uriEscapePath: service !== 's3' });
    const { pathname, searchParams } = new URL(request.path, 'https://host.invalid');
    const authority = request.port === 443 ? request.hostname : `${request.hostname}:${request.port}`;
    const { headers } = await signer.sign(
      {
        method: request.method,
        protocol: 'https:',
        hostname: request.hostname,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: { ...request.headers, host: authority },
        body: request.body,
      },
      { signingDate: date },
    );
    const signature = /Signature=([0-9a-f]+)/.exec(headers['authorization'] ?? '')?.[1];
    const secrets = [accessKeyId, secretAccessKey, sessionToken, signature].filter((text) => text !== undefined);
    return { headers, secrets };
  };
}

function confined(host: Host): StaticCredentials {
  const credentials = confinedCredentials(host);
  if (credentials !== undefined) return credentials;
  throw Object.assign(new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set'), {
    name: 'CredentialsProviderError',
  });
}
