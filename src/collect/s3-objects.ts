/** One object of an S3 bucket, written or read with signed requests of our own. Loads the SDK. */
import type { Host } from '../model/host.ts';
import { errorName, refusalOf } from './refusals.ts';
import { clientSettings } from './settings.ts';
import { type OwnAnswer, openSigned } from './signed-requests.ts';

export type ObjectPlace = { readonly bucket: string; readonly key: string };

/** `s3://bucket/key`, also with a key that ends in a slash or is empty; undefined when it is no such address. */
export function parseObjectPlace(text: string): ObjectPlace | undefined {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(text);
  return match?.[1] === undefined ? undefined : { bucket: match[1], key: match[2] ?? '' };
}

export type ObjectOptions = {
  readonly region?: string | undefined;
  /** milliseconds for one attempt, and for everything */
  readonly attemptMs: number;
  readonly signal: AbortSignal;
};

export type Done<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: string };

/** Writes a text; the reason for a failure is one line with S3's or the system's code. */
export async function putObject(
  host: Host,
  place: ObjectPlace,
  text: string,
  options: ObjectOptions,
): Promise<Done<unknown>> {
  return ask(host, place, 'PUT', text, options);
}

/** Reads a text, to its end. */
export async function getObject(
  host: Host,
  place: ObjectPlace,
  options: ObjectOptions,
): Promise<Done<{ readonly text: string }>> {
  return ask(host, place, 'GET', '', options);
}

async function ask(
  host: Host,
  { bucket, key }: ObjectPlace,
  method: 'GET' | 'PUT',
  body: string,
  { region, attemptMs, signal }: ObjectOptions,
): Promise<Done<{ readonly text: string }>> {
  const settings = clientSettings(host, 's3', region);
  if (settings.kind === 'none') return { ok: false, reason: settings.detail };
  const requests = openSigned(settings, 's3', { ms: attemptMs, most: 1 });
  // In the path and not in the host, so that a bucket with dots in its name, and an endpoint of one's own, work alike.
  const path = `/${bucket}/${key.split('/').map(escaped).join('/')}`;
  const send = (other?: string) =>
    requests.send({ method, path, headers: { 'content-type': 'application/json' }, body, region: other }, signal);
  try {
    let answer = await send();
    const elsewhere = answer.headers['x-amz-bucket-region'];
    // A bucket of another Region says which; asked there once.
    if ([301, 400].includes(answer.status) && typeof elsewhere === 'string' && elsewhere !== (await requests.region()))
      answer = await send(elsewhere);
    return answer.status < 300 ? { ok: true, text: answer.text } : { ok: false, reason: refusal(answer) };
  } catch (error) {
    const { detail } = refusalOf(error);
    return { ok: false, reason: errorName(error) === 'CredentialsProviderError' ? 'there are no credentials' : detail };
  } finally {
    requests.close();
  }
}

/** As the signature wants it: everything but letters, digits and -._~ */
function escaped(part: string): string {
  const more = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(part).replace(/[!'()*]/g, more);
}

/** S3 says why in XML: `<Code>NoSuchBucket</Code>`. */
function refusal({ status, text }: OwnAnswer): string {
  const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1];
  return code === undefined ? `S3 answered with HTTP status ${status}` : `S3 answered ${code}`;
}
