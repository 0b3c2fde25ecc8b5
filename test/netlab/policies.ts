/** Edits of policies that scenarios are made of, and what the applications of these worlds ask. */
import { find, type World } from '../../src/lab/world.ts';
import type { Ask } from './ask.ts';

export const ALLOW = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } as const;

export function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

export function endpointPolicy(id: string, ...statements: readonly object[]) {
  return (world: World) => {
    find(world, 'vpcEndpoints', id).PolicyDocument = policy(...statements);
  };
}

export function bucketPolicy(bucket: string, ...statements: readonly object[]) {
  return (world: World) => {
    const ResourceArn = `arn:aws:s3:::${bucket}`;
    world.api.resourcePolicies.push({ ResourceArn, Policy: policy(...statements), Action: 's3:GetBucketPolicy' });
  };
}

/** The same policies with white space, as people write them: an undo puts back what they say, and not how. */
export function spacedOut(world: World): void {
  const spaced = (text: string) => JSON.stringify(JSON.parse(text), null, 4);
  for (const one of world.api.vpcEndpoints)
    if (one.PolicyDocument !== undefined) one.PolicyDocument = spaced(one.PolicyDocument);
  for (const one of world.api.resourcePolicies) if (one.Policy !== undefined) one.Policy = spaced(one.Policy);
}

/** The usual statement by which a bucket is for one way alone. */
export function onlyBy(bucket: string, key: string, value: string) {
  return {
    Sid: 'OnlyByOurWay',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: bucketAndObjects(bucket),
    Condition: { StringNotEquals: { [key]: value } },
  };
}

export function bucketAndObjects(bucket: string): string[] {
  return [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
}

export function listSecrets(host: string): Ask {
  return { sign: 'secretsmanager', url: `https://${host}/`, target: 'secretsmanager.ListSecrets' };
}

export function listBucket(host: string): Ask {
  return { sign: 's3', url: `https://${host}/?list-type=2&max-keys=1` };
}
