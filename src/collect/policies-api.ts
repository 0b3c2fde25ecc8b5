/** Reads policies by signed requests of our own: six calls, for which six more of the SDK's clients would be loaded. */
import { Client, type Dispatcher } from 'undici';
import type { Host } from '../model/host.ts';
import { withoutSecrets } from '../model/secrets.ts';
import { MOST_SKEW_MS } from '../services/signed-reads.ts';
import type { CallName } from './calls.ts';
import { POLICY_READS, type PolicyRead } from './policy-reads.ts';
import type { Api, Attempts } from './sdk.ts';
import { connectionOptions, serviceUrl, type UsableSettings } from './settings.ts';
import type { Signer } from './signer.ts';

/**
 * One service's calls that read a policy, by `ResourceArn`: `{Policy}`, without the member where the resource has none. Rejects as the
 * SDK does: an error with the service's code as its name, or the system's with its code.
 * @param regionOf the Region to ask in for a resource
 */
export function openPolicies(
  host: Host,
  signer: Promise<Signer>,
  regionOf: (arn: string) => string,
): (settings: UsableSettings, attempts: Attempts) => Api {
  return (settings, attempts) => ({
    send: async (name, { ResourceArn: arn = '' }, signal) => {
      const read = readOf(name, arn);
      const region = regionOf(arn);
      const url = serviceUrl(settings, read.service, region);
      const ask = async (time: number) => {
        const { request } = read;
        const question = request(arn);
        const path = `${url.pathname.replace(/\/$/, '')}${question.path}`;
        const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
        const hostname = url.hostname;
        const scope = { service: read.service, region, date: new Date(time) };
        const { headers, secrets } = await (await signer)({ ...question, path, hostname, port }, scope);
        return { ...(await exchange(url.origin, { ...question, path, headers }, settings, attempts, signal)), secrets };
      };
      const first = await ask(host.now());
      const offset = host.now() - Date.parse(String(first.headers['date'] ?? ''));
      // The SDK signs once more with the service's time, and so do these calls.
      const isClock = first.status >= 400 && first.status < 500 && Math.abs(offset) > MOST_SKEW_MS;
      return answerOf(isClock ? await ask(host.now() - offset) : first, read);
    },
    close: () => {},
  });
}

function readOf(name: CallName, arn: string): PolicyRead {
  const read = POLICY_READS.find(({ call, fits }) => call === name && fits.test(arn));
  if (read === undefined) throw new Error(`${name} is no call for ${arn}`);
  return read;
}

type Reply = {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
  /** what the request was signed with */
  readonly secrets: readonly string[];
};

async function exchange(
  origin: string,
  { method, path, headers, body }: { method: 'GET' | 'POST'; path: string; headers: object; body: string },
  settings: UsableSettings,
  { ms }: Attempts,
  signal: AbortSignal,
): Promise<Omit<Reply, 'secrets'>> {
  const connection = new Client(origin, connectionOptions(settings, ms));
  try {
    const sent = body === '' ? {} : { body };
    const response = await connection.request({ method, path, headers: { ...headers }, ...sent, signal });
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  } finally {
    void connection.destroy();
  }
}

function answerOf({ status, headers, text, secrets }: Reply, read: PolicyRead): object {
  const id = headers['x-amzn-requestid'] ?? headers['x-amz-request-id'] ?? headers['x-amzn-request-id'];
  const metadata = typeof id === 'string' ? { requestId: id } : {};
  if (status < 300) {
    const Policy = read.policyIn(text);
    return { ...(Policy === undefined ? {} : { Policy }), $metadata: metadata };
  }
  const { code, message } = errorIn(text);
  if (code !== undefined && code === read.none) return { $metadata: { requestId: id ?? code } };
  throw Object.assign(new Error(withoutSecrets(message, secrets) ?? `HTTP status ${status}`), {
    name: withoutSecrets(code, secrets) ?? `HTTP ${status}`,
  });
}

/** Of JSON the type without its namespace, of XML what stands in <Code>. */
function errorIn(text: string): { code: string | undefined; message: string | undefined } {
  const inXml = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`, 'i').exec(text)?.[1];
  try {
    const { __type, code, message, Message } = Object(JSON.parse(text)) as Record<string, unknown>;
    const [type, words] = [
      [__type, code],
      [message, Message],
    ].map((each) => each.find((one) => typeof one === 'string') as string | undefined);
    return { code: type?.replace(/^.*#/, '').split(':')[0], message: words };
  } catch {
    return { code: inXml('Code'), message: inXml('Message') };
  }
}
