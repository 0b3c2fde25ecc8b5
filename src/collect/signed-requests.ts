/**
 * Requests to AWS services whose SDK client is no part of this tool, signed with the SDK's own credentials, Region and hash.
 * Loads the SDK: imported only when something is to be asked.
 */
import { STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import { Client } from 'undici';
import { type Attempts, clientOptions, secretsOf } from './sdk.ts';
import { connectionOptions, serviceUrl, type UsableSettings } from './settings.ts';

export type OwnService = 'route53resolver' | 'ssm' | 's3';

export type OwnRequest = {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** behind the service's own address, escaped, with a slash first */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** the Region to ask and to sign for, where that is not the configured one */
  readonly region?: string | undefined;
};

export type OwnAnswer = {
  readonly status: number;
  readonly requestId: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

export type SignedRequests = {
  /** one request, no retry; rejects with the system's error, or the SDK's when there are no credentials or no Region */
  readonly send: (request: OwnRequest, signal: AbortSignal) => Promise<OwnAnswer>;
  readonly region: () => Promise<string>;
  /** what no answer may bring into a report */
  readonly secrets: () => Promise<readonly string[]>;
  readonly close: () => void;
};

/** A service behind one function, at its `serviceUrl`; nothing is sent before the first request. */
export function openSigned(settings: UsableSettings, service: OwnService, attempts: Attempts): SignedRequests {
  // Never used to send: it knows how to find credentials and the Region.
  const client = new STSClient(clientOptions(settings, attempts));
  const configured = async () => settings.region ?? (await client.config.region());
  return {
    region: configured,
    secrets: () => secretsOf(client),
    close: () => client.destroy(),
    send: async ({ method, path, headers, body, region: other }, signal) => {
      const region = other ?? (await configured());
      const url = serviceUrl(settings, service, region);
      const { credentials, sha256 } = client.config;
      const uriEscapePath = service !== 's3';
      const signer = new SignatureV4({ service, region, credentials, sha256, uriEscapePath });
      const whole = `${url.pathname.replace(/\/$/, '')}${path}`;
      const signed = await signer.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        ...(url.port === '' ? {} : { port: Number(url.port) }),
        path: whole,
        headers: { ...headers, host: url.host },
        body,
      });
      const { host: _host, ...sent } = signed.headers;
      // One connection each: on a common one the calls would wait for each other.
      const connection = new Client(url.origin, connectionOptions(settings, attempts.ms));
      try {
        const answer = await connection.request({ path: whole, method, headers: sent, body, signal });
        const id = answer.headers['x-amzn-requestid'];
        const requestId = typeof id === 'string' ? id : undefined;
        return { status: answer.statusCode, requestId, headers: answer.headers, text: await answer.body.text() };
      } finally {
        void connection.destroy();
      }
    },
  };
}

/**
 * One call of a service that speaks JSON 1.1 over POST. Rejects as the SDK does: an error with the service's code as its name,
 * or the system's with its code.
 * @param target what `x-amz-target` says: `AmazonSSM.SendCommand`
 */
export async function callJson(
  requests: SignedRequests,
  target: string,
  input: object,
  signal: AbortSignal,
): Promise<object> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const answer = await requests.send({ method: 'POST', path: '/', headers, body: JSON.stringify(input) }, signal);
  const { requestId } = answer;
  const output: unknown = parsed(answer.text);
  if (answer.status < 300) return { ...Object(output), $metadata: requestId === undefined ? {} : { requestId } };
  const { __type, message, Message } = Object(output) as Record<string, unknown>;
  const words = [message, Message].find((one) => typeof one === 'string');
  throw Object.assign(new Error(typeof words === 'string' ? words : `HTTP status ${answer.status}`), {
    // `com.amazonaws.route53resolver#AccessDeniedException` and `AccessDeniedException` are the same.
    name: typeof __type === 'string' ? __type.replace(/^.*#/, '') : `HTTP ${answer.status}`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
