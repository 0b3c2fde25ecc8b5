/** Buckets of AWS's own accounts that instances, tasks and agents read or write: whoever narrows an endpoint of S3 must let them through. */
import { type PartitionId, partitionOfRegion } from './partitions.ts';

export type AwsBucket = {
  /** what is in it, for a sentence: `image layers of ECR` */
  readonly what: string;
  /** ids of the workloads that need it, always or for a part of what they do */
  readonly workloads: readonly string[];
  /** the bucket's name in a Region; undefined where no page says it */
  readonly bucket: (region: string) => string | undefined;
  readonly action: 's3:GetObject' | 's3:PutObject';
  /** false: whoever reads it does not sign */
  readonly signed: boolean;
  /** signed by AWS itself, in a URL that it hands out: the request is not in the name of the caller's role */
  readonly presigned?: true | undefined;
  /** path on the bucket's own host of a small object that anyone may GET; only where it is documented */
  readonly publicObject?: ((region: string) => string) | undefined;
  /** nearly every VPC with instances or tasks needs it: its absence from a policy is worth a warning by itself */
  readonly common?: true | undefined;
  /** what the user sees without it */
  readonly without: string;
  /** the page that names the bucket */
  readonly source: string;
};

const DOCUMENTATION = 'https://docs.aws.amazon.com/';
const SSM_PAGE = `${DOCUMENTATION}systems-manager/latest/userguide/ssm-agent-technical-details.html`;
const PATCH_PAGE = `${DOCUMENTATION}systems-manager/latest/userguide/patch-operations-s3-buckets.html`;
const EMR_PAGE = `${DOCUMENTATION}emr/latest/ManagementGuide/private-subnet-iampolicy.html`;
const CLOUDFORMATION_PAGE = `${DOCUMENTATION}AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html`;

const NODES = ['ssm', 'session-manager'];

/** facts.md, section 5.5, and the page of each; the order is that in which they are worth naming. */
export const AWS_BUCKETS: readonly AwsBucket[] = [
  {
    what: 'image layers of ECR',
    common: true,
    workloads: ['ecr-pull', 'ecs-fargate', 'ecs-ec2', 'eks-node', 'sagemaker'],
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `prod-${region}-starport-layer-bucket`),
    action: 's3:GetObject',
    signed: true,
    presigned: true,
    without:
      'The manifest loads, and the layers are refused: "error parsing HTTP 403 response body", CannotPullContainerError.',
    source: `${DOCUMENTATION}AmazonECR/latest/userguide/vpc-endpoints.html`,
  },
  {
    // The name stands in /etc/yum.repos.d/amazonlinux.repo with the Region and its domain as variables, for every partition.
    what: 'packages of Amazon Linux 2023',
    common: true,
    workloads: ['ssm', 'emr'],
    bucket: documentedIn(['aws', 'aws-us-gov', 'aws-cn'], (region) => `al2023-repos-${region}-de612dc2`),
    action: 's3:GetObject',
    signed: false,
    publicObject: () => '/core/mirrors/latest/x86_64/mirror.list',
    without: 'dnf fails: "Status code: 403" for the mirror list or the packages.',
    source: EMR_PAGE,
  },
  {
    what: 'the SSM Agent',
    common: true,
    workloads: NODES,
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `amazon-ssm-${region}`),
    action: 's3:GetObject',
    signed: true,
    publicObject: () => '/latest/linux_amd64/amazon-ssm-agent.rpm.sig',
    without: 'AWS-UpdateSSMAgent fails, and the agent stays at its version.',
    source: SSM_PAGE,
  },
  {
    what: 'modules of Systems Manager documents',
    workloads: NODES,
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `aws-ssm-${region}`),
    action: 's3:GetObject',
    signed: true,
    without: 'Commands such as AWS-RunPatchBaseline end with "unable to download file".',
    source: SSM_PAGE,
  },
  {
    what: 'snapshots of patch baselines',
    workloads: ['ssm'],
    bucket: (region) =>
      region in PATCH_SUFFIXES ? `patch-baseline-snapshot-${region}${snapshotSuffix(region)}` : undefined,
    action: 's3:GetObject',
    signed: true,
    without: 'AWS-RunPatchBaseline fails before it scans: it cannot get the snapshot of the baseline.',
    source: PATCH_PAGE,
  },
  {
    what: 'modules of Patch Manager',
    workloads: ['ssm'],
    bucket: (region) => withSuffix('aws-patch-manager', region),
    action: 's3:GetObject',
    signed: true,
    without: 'AWS-RunPatchBaseline fails on Linux and Windows: its modules cannot be downloaded.',
    source: PATCH_PAGE,
  },
  {
    what: 'modules of Patch Manager for macOS',
    workloads: ['ssm'],
    bucket: (region) => withSuffix('aws-patchmanager-macos', region),
    action: 's3:GetObject',
    signed: true,
    without: 'AWS-RunPatchBaseline fails on macOS: its modules cannot be downloaded.',
    source: PATCH_PAGE,
  },
  {
    what: 'downloads of Systems Manager for Windows',
    workloads: ['ssm'],
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `aws-windows-downloads-${region}`),
    action: 's3:GetObject',
    signed: true,
    without: 'Systems Manager documents for Windows, such as AWS-UpdateEC2Config, fail.',
    source: SSM_PAGE,
  },
  {
    what: 'packages of Amazon Linux 2',
    workloads: ['ssm', 'emr'],
    bucket: documentedIn(['aws'], (region) => `amazonlinux-2-repos-${region}`),
    action: 's3:GetObject',
    signed: false,
    without: 'yum fails: "[Errno 14] HTTPS Error 403 - Forbidden" for packages.',
    source: EMR_PAGE,
  },
  {
    what: 'mirror lists of Amazon Linux 2',
    workloads: ['ssm', 'emr'],
    bucket: documentedIn(['aws'], (region) => `amazonlinux.${region}.amazonaws.com`),
    action: 's3:GetObject',
    signed: false,
    without: 'yum fails: "Could not retrieve mirrorlist".',
    source: EMR_PAGE,
  },
  {
    what: 'packages of Amazon EMR',
    workloads: ['emr'],
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `repo.${region}.emr.amazonaws.com`),
    action: 's3:GetObject',
    signed: false,
    without: 'The cluster ends with a bootstrap or provisioning error.',
    source: EMR_PAGE,
  },
  {
    what: 'answers of custom resources',
    workloads: ['cloudformation'],
    // "Region names don’t contain dashes. For example, uswest2."
    bucket: documentedIn(
      ['aws', 'aws-us-gov'],
      (region) => `cloudformation-custom-resource-response-${region.replaceAll('-', '')}`,
    ),
    action: 's3:PutObject',
    signed: true,
    presigned: true,
    without: '"CloudFormation did not receive a response from your Custom Resource".',
    source: CLOUDFORMATION_PAGE,
  },
  {
    what: 'answers to wait conditions',
    workloads: ['cloudformation'],
    bucket: documentedIn(['aws', 'aws-us-gov'], (region) => `cloudformation-waitcondition-${region}`),
    action: 's3:PutObject',
    signed: true,
    presigned: true,
    without: '"WaitCondition timed out. Received 0 conditions".',
    source: CLOUDFORMATION_PAGE,
  },
  {
    what: 'the installer of the CloudWatch agent',
    workloads: ['cloudwatch-agent'],
    bucket: documentedIn(['aws'], (region) => `amazoncloudwatch-agent-${region}`),
    action: 's3:GetObject',
    signed: false,
    publicObject: () => '/amazon_linux/amd64/latest/amazon-cloudwatch-agent.rpm.sig',
    without: 'The installation of the agent fails with 403 Forbidden.',
    source: `${DOCUMENTATION}AmazonCloudWatch/latest/monitoring/verify-CloudWatch-Agent-Package-Signature.html`,
  },
  {
    what: 'the installer of the CodeDeploy agent',
    workloads: ['codedeploy'],
    bucket: documentedIn(['aws'], (region) => `aws-codedeploy-${region}`),
    action: 's3:GetObject',
    signed: true,
    publicObject: () => '/latest/install',
    without: 'The agent cannot be installed, and does not update itself.',
    source: `${DOCUMENTATION}codedeploy/latest/userguide/resource-kit.html`,
  },
  {
    what: 'packages of CodeArtifact',
    workloads: ['codeartifact'],
    bucket: (region) => {
      const owner = CODEARTIFACT_OWNERS[region];
      return owner === undefined ? undefined : `assets-${owner}-${region}`;
    },
    action: 's3:GetObject',
    signed: true,
    presigned: true,
    without: 'Package metadata loads, and the packages themselves are refused with 403.',
    source: `${DOCUMENTATION}codeartifact/latest/ug/create-s3-gateway-endpoint.html`,
  },
];

export type BucketInRegion = Omit<AwsBucket, 'bucket' | 'publicObject'> & {
  /** the bucket's name */
  readonly name: string;
  /** `arn:aws:s3:::name/*` */
  readonly objects: string;
  /** path of an object that anyone may GET, beginning with a slash */
  readonly publicPath?: string | undefined;
};

/**
 * The buckets that a workload needs in a Region; none for a workload that is not in our table, or where no page names them.
 * @param workload id of a workload; undefined for the buckets of all
 */
export function bucketsOf(workload: string | undefined, region: string): readonly BucketInRegion[] {
  return AWS_BUCKETS.filter(({ workloads }) => workload === undefined || workloads.includes(workload)).flatMap(
    (one) => {
      const { bucket, publicObject, ...rest } = one;
      const name = bucket(region);
      if (name === undefined) return [];
      const objects = `arn:${partitionOfRegion(region).id}:s3:::${name}/*`;
      return [{ ...rest, name, objects, ...(publicObject === undefined ? {} : { publicPath: publicObject(region) }) }];
    },
  );
}

/** The entry that a bucket's name belongs to, in whatever Region; undefined for a bucket that is not AWS's, as far as we know. */
export function awsBucketNamed(name: string): BucketInRegion | undefined {
  const regions = name.match(/[a-z]{2}-(?:gov-)?[a-z]{4,9}-\d/g) ?? [];
  // Custom resources' buckets name their Region without dashes.
  const dashless = /-([a-z]{2})(gov)?((?:north|south|east|west|central)+)(\d)$/.exec(name);
  const spelled = dashless
    ?.slice(1)
    .filter((part) => part !== undefined)
    .join('-');
  const candidates = [...regions, ...(spelled === undefined ? [] : [spelled])];
  return candidates.flatMap((region) => bucketsOf(undefined, region)).find((bucket) => bucket.name === name);
}

/** A name that follows from the Region, in the partitions whose documentation says so; a name is never guessed. */
function documentedIn(partitions: readonly PartitionId[], name: (region: string) => string) {
  return (region: string): string | undefined =>
    partitions.includes(partitionOfRegion(region).id) ? name(region) : undefined;
}

/** Region -> what follows it in `aws-patch-manager-<region>-…` (docs: patch-operations-s3-buckets). */
const PATCH_SUFFIXES: Readonly<Record<string, string>> = {
  'us-east-2': '552881074',
  'us-east-1': '1970c647d',
  'us-west-1': '8badb4304',
  'us-west-2': '34d7f99f8',
  'af-south-1': 'bdd5f65a9',
  'ap-east-1': '632356271',
  'ap-south-2': '32f4b4128',
  'ap-southeast-3': 'aa48fc462',
  'ap-southeast-4': '01e2c40d3',
  'ap-south-1': 'cb7c62ff9',
  'ap-northeast-3': '67373598a',
  'ap-northeast-2': '10467995c',
  'ap-southeast-1': '7fdfd9ef7',
  'ap-southeast-2': '17283a275',
  'ap-northeast-1': '4849fa78f',
  'ca-central-1': '3148e69e3',
  'ca-west-1': '9e3a4b2f9',
  'eu-central-1': '9163fdaaf',
  'eu-west-1': '5522fb710',
  'eu-west-2': '902a2bc74',
  'eu-south-1': 'c52f3f594',
  'eu-west-3': '29bf85721',
  'eu-south-2': 'a4cf248b1',
  'eu-north-1': '795879e9b',
  'eu-central-2': '184ce43c8',
  'il-central-1': 'e221cb57b',
  'me-south-1': 'a53fc9dce',
  'me-central-1': '2932f2f80',
  'sa-east-1': 'ddf4b6a09',
};

function withSuffix(name: string, region: string): string | undefined {
  const suffix = PATCH_SUFFIXES[region];
  return suffix === undefined ? undefined : `${name}-${region}-${suffix}`;
}

/** Regions whose snapshots are in a bucket with a suffix of its own (the same page). */
const SNAPSHOT_SUFFIXES: Readonly<Record<string, string>> = {
  'af-south-1': 'tbxdb5b9',
  'ap-south-2': '50209442',
  'ap-southeast-3': 'be0a3174',
  'ap-southeast-4': 'dc6f76ce',
  'eu-south-2': 'df2c9d70',
  'me-south-1': 'uduvl7q8',
};

function snapshotSuffix(region: string): string {
  const suffix = SNAPSHOT_SUFFIXES[region];
  return suffix === undefined ? '' : `-${suffix}`;
}

/** The account in the name of CodeArtifact's bucket (docs: codeartifact create-s3-gateway-endpoint). */
const CODEARTIFACT_OWNERS: Readonly<Record<string, string>> = {
  'us-east-1': '193858265520',
  'us-east-2': '250872398865',
  'us-west-2': '787052242323',
  'eu-west-1': '438097961670',
  'eu-west-2': '247805302724',
  'eu-west-3': '762466490029',
  'eu-north-1': '611884512288',
  'eu-south-1': '484130244270',
  'eu-central-1': '769407342218',
  'ap-northeast-1': '660291247815',
  'ap-southeast-1': '421485864821',
  'ap-southeast-2': '860415559748',
  'ap-south-1': '681137435769',
};
