/** The resources whose policies a run wants to know: those that a target's host or path names, or the words of a refusal. */
import type { Denial } from '../model/denial.ts';
import type { Target } from '../model/target.ts';
import { matchHost } from '../services/catalogue.ts';
import { partitionOfRegion } from '../services/partitions.ts';
import { bucketOfUrl } from '../services/s3-hosts.ts';

export type NamedResource = {
  /** a bucket's, key's, queue's, topic's or secret's own ARN; `arn:aws:apigateway:<region>::/restapis/<id>` for an API */
  readonly arn: string;
  /** where to ask for it, when host or ARN say so */
  readonly region?: string | undefined;
};

/** Each resource once, in the order of naming. Pure. */
export function namedResources(targets: readonly Target[], denials: readonly Denial[]): NamedResource[] {
  const all = [...targets.flatMap(ofTarget), ...denials.flatMap(ofDenial)];
  return [...new Map(all.toReversed().map((one) => [one.arn, one])).values()].reverse();
}

function ofTarget({ host, path }: Target): NamedResource[] {
  const match = host === undefined ? undefined : matchHost(host);
  if (host === undefined || match === undefined) return [];
  const { region, partition } = match;
  if (match.service?.id === 's3') {
    const bucket = bucketOfUrl(host, path);
    return bucket === undefined ? [] : [{ arn: `arn:${partition}:s3:::${bucket}`, region }];
  }
  if (match.service?.id !== 'execute-api' || region === undefined) return [];
  // `<api>.execute-api…`, and `<api>-<endpoint>.execute-api…` where an API is associated with an endpoint (facts.md 5.4).
  const api = /^([a-z0-9]{10})(?:-vpce-[0-9a-z]+)?\./.exec(host.toLowerCase())?.[1];
  return api === undefined ? [] : [restApi(partition, region, api)];
}

/** The resource itself of what a refusal names: the bucket of an object, the API of a stage. */
function ofDenial(denial: Denial): NamedResource[] {
  if (denial.kind !== 'policy' || denial.resource === undefined) return [];
  const [, partition = '', service, region = '', , ...rest] = denial.resource.split(':');
  const last = rest.join(':');
  switch (service) {
    case 's3': {
      const bucket = last.split('/')[0] ?? '';
      return /^[a-z0-9.-]{3,63}$/.test(bucket) ? [{ arn: `arn:${partition}:s3:::${bucket}` }] : [];
    }
    case 'execute-api': {
      const api = /^[a-z0-9]{10}(?=\/|$)/.exec(last)?.[0];
      return api === undefined ? [] : [restApi(partition, region, api)];
    }
    case 'kms':
    case 'sqs':
    case 'sns':
    case 'secretsmanager':
      return [{ arn: denial.resource, region }];
    default:
      return [];
  }
}

function restApi(partition: string, region: string, api: string): NamedResource {
  const own = partition === '' ? partitionOfRegion(region).id : partition;
  return { arn: `arn:${own}:apigateway:${region}::/restapis/${api}`, region };
}
