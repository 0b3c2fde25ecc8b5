/** S3 requests: the bucket and object by both styles of addressing, and the IAM action. */
import type { Operation } from './operation.ts';

/** The parts of a request that say what it asks S3 for. */
export type S3Question = {
  readonly method: string;
  /** with its query */
  readonly target: string;
  /** `host` without its port */
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html; the names of interface endpoints:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
 */
export function readS3({ method, target, headers }: S3Question): Operation | undefined {
  const [path = '/', query = ''] = target.split(/\?(.*)/s);
  const { bucket, key } = placeOf(headers['host'] ?? '', decode(path));
  const parameters = new URLSearchParams(query);
  const made = (action: string, resource: string): Operation => ({
    protocol: 's3',
    prefix: 's3',
    action,
    resource,
    input: { ...Object.fromEntries(parameters), bucket, key },
  });
  if (bucket === '') return method === 'GET' ? made('ListAllMyBuckets', '*') : undefined;
  const ofBucket = `arn:aws:s3:::${bucket}`;
  if (key !== '') {
    const action = OBJECT_ACTIONS[method];
    return action === undefined ? undefined : made(action, `${ofBucket}/${key}`);
  }
  if (method === 'GET')
    for (const [name, action] of Object.entries(BUCKET_ACTIONS))
      if (parameters.has(name)) return made(action, ofBucket);
  return method === 'GET' || method === 'HEAD' ? made('ListBucket', ofBucket) : undefined;
}

/** HeadObject and HeadBucket have no actions of their own (service authorization reference of S3). */
const OBJECT_ACTIONS: Readonly<Record<string, string>> = {
  GET: 'GetObject',
  HEAD: 'GetObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
};

const BUCKET_ACTIONS: Readonly<Record<string, string>> = {
  location: 'GetBucketLocation',
  policy: 'GetBucketPolicy',
  acl: 'GetBucketAcl',
  versioning: 'GetBucketVersioning',
};

const OWN_HOST =
  /^(?:(?<bucket>.+)\.)?(?:s3(?:-fips|-external-1)?(?:[.-][a-z]{2,}(?:-[a-z]+)+-\d)?(?:\.dualstack)?(?:\.[a-z]{2,}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?|bucket\.vpce-[^.]+\.s3\.[^.]+\.vpce\.amazonaws\.com)$/;

function placeOf(host: string, path: string): { readonly bucket: string; readonly key: string } {
  const named = OWN_HOST.exec(host.replace(/:\d+$/, '').toLowerCase())?.groups?.['bucket'];
  if (named !== undefined) return { bucket: named, key: path.slice(1) };
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket, key };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
