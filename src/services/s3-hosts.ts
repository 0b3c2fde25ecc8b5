/** What a host of Amazon S3 says: the bucket in it, or that it is the service’s own host. */
import { matchHost } from './catalogue.ts';
import { partitionById, REGION_SYNTAX } from './partitions.ts';

const SERVICE = `s3(?:-fips)?(?:\\.dualstack)?(?:[.-](?:${REGION_SYNTAX}))?`;
/** `bucket.vpce-….s3.{region}.vpce` is the endpoint’s own name for the service; buckets stand before it (facts.md 2.4). */
const ENDPOINT = `bucket\\.vpce-[0-9a-z-]+\\.s3\\.(?:${REGION_SYNTAX})\\.vpce`;
const OWN_HOST = new RegExp(`^(?:${SERVICE}|${ENDPOINT})$`);
const BUCKET_HOST = new RegExp(`^(.+)\\.(?:${SERVICE}|${ENDPOINT})$`);

/**
 * The bucket of a virtual-hosted host name (`my.bucket.s3.eu-west-1.amazonaws.com`). Undefined for every other host, access
 * points, websites and S3 Control among them: what they answer to is no bucket’s API.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function bucketOfHost(host: string): string | undefined {
  const body = bodyOf(host);
  return body === undefined || OWN_HOST.test(body) ? undefined : BUCKET_HOST.exec(body)?.[1];
}

/** Whether the host is the service’s own, where a bucket’s name would stand in the path. */
export function isOwnHost(host: string): boolean {
  const body = bodyOf(host);
  return body !== undefined && OWN_HOST.test(body);
}

/** The bucket that a URL names, in its host or, at the service’s own host, as the first part of its path. */
export function bucketOfUrl(host: string, path: string | undefined): string | undefined {
  if (!isOwnHost(host)) return bucketOfHost(host);
  const [, first = ''] = /^\/([^/?#]+)/.exec(path ?? '') ?? [];
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(first) ? first : undefined;
}

/** The name before the partition’s DNS suffix, of a host of S3. */
function bodyOf(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const match = matchHost(name);
  if (match?.service?.id !== 's3') return undefined;
  const suffix = `.${partitionById(match.partition).dnsSuffix}`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}
