/** Whose a bucket is in a world, and what its policy says. */
import type { World } from '../world.ts';
import type { Document } from './evaluator.ts';

export type BucketOwner = {
  readonly account: string;
  /** true: in the caller's organization, or the caller's own account */
  readonly ours: boolean;
  /** that of AWS's own public buckets; other policies are in `world.api.resourcePolicies` */
  readonly policy?: Document | undefined;
};

/** AWS does not say which accounts its buckets are in; this one stands for all of them. */
export const AWS_ACCOUNT = '999999999999';

/** Buckets of AWS's own that anybody may read (facts.md 5.5), with the Region where it is part of the name. */
const PUBLIC = [
  /^al2023-repos-[a-z0-9-]+-de612dc2$/,
  /^amazonlinux-2-repos-[a-z0-9-]+$/,
  /^(?:amazonlinux|packages|repo)\.[a-z0-9-]+\.amazonaws\.com$/,
  /^repo\.[a-z0-9-]+\.emr\.amazonaws\.com$/,
  /^(?:aws-ssm|amazon-ssm|aws-windows-downloads|patch-baseline-snapshot|aws-patch-manager)-[a-z0-9-]+$/,
  /^(?:aws-patchmanager-macos|aws-codedeploy)-[a-z0-9-]+$/,
  /^amazoncloudwatch-agent(?:-[a-z0-9-]+)?$/,
];
/** AWS's own that only a service's signed links open: layers of ECR, answers to CloudFormation, packages of CodeArtifact. */
const PRIVATE = [
  /^prod-[a-z0-9-]+-starport-layer-bucket$/,
  /^cloudformation-(?:custom-resource-response|waitcondition)-[a-z0-9-]+$/,
  /^assets-\d{12}-[a-z0-9-]+$/,
];

/** A bucket that neither the world nor the list of AWS's own knows is the caller's. */
export function bucketOwner(world: World, bucket: string): BucketOwner {
  if (PUBLIC.some((pattern) => pattern.test(bucket)))
    return { account: AWS_ACCOUNT, ours: false, policy: readableByAll(bucket) };
  if (PRIVATE.some((pattern) => pattern.test(bucket)))
    return { account: AWS_ACCOUNT, ours: false, policy: readableByLink(bucket) };
  const account = world.bucketAccounts?.[bucket] ?? world.accountId;
  return { account, ours: account === world.accountId };
}

/** Who signs the links that a service hands out: the service itself, in AWS's account. */
export const LINK_SIGNER = `arn:aws:iam::${AWS_ACCOUNT}:role/service`;
/** The query of such a link, as the lab's registry writes it. */
export const SERVICE_LINK = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=LINK&X-Amz-Signature=0123abcd';

function readableByLink(bucket: string): Document {
  const Resource = `arn:aws:s3:::${bucket}/*`;
  const Principal = { AWS: LINK_SIGNER };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource }] };
}

function readableByAll(bucket: string): Document {
  const Resource = `arn:aws:s3:::${bucket}/*`;
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }] };
}
