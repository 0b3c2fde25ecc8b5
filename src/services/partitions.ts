/** The partitions of AWS: which Region belongs to which, and the DNS suffixes and endpoint service prefixes that follow from it. */

export type PartitionId =
  | 'aws'
  | 'aws-cn'
  | 'aws-us-gov'
  | 'aws-eusc'
  | 'aws-iso'
  | 'aws-iso-b'
  | 'aws-iso-e'
  | 'aws-iso-f';

export type Partition = {
  readonly id: PartitionId;
  /** `sts.{region}.amazonaws.com`, and `vpce.amazonaws.com` for endpoint-specific names */
  readonly dnsSuffix: string;
  /** `sts.{region}.api.aws` */
  readonly dualStackDnsSuffix: string;
  /** `{accountId}.dkr-ecr.{region}.on.aws`; absent where we have not seen one */
  readonly onSuffix?: string | undefined;
  /** where the control plane of global services lives */
  readonly globalRegion: string;
  readonly regions: RegExp;
  /** endpoint service names that start otherwise than `com.amazonaws`, and for which suffixes */
  readonly ownPrefix?: { readonly prefix: string; readonly suffixes: ReadonlySet<string> } | undefined;
};

/** Any Region name: `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`. No anchors, no groups: it is built into larger patterns. */
export const REGION_SYNTAX = '[a-z]{2,4}(?:-[a-z]{2,10}){1,2}-[1-9][0-9]?';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/**
 * Suffixes and Region patterns: the SDK's partition table (`@aws-sdk/core`, util-endpoints) and facts.md 2.7.
 * Own prefixes: aws-cdk-lib, `aws-ec2/lib/vpc-endpoint.ts`, the union over a partition's Regions. They are a reason to
 * try one name first, no more: `serviceNames` always gives both.
 */
export const PARTITIONS: readonly Partition[] = [
  {
    id: 'aws-cn',
    dnsSuffix: 'amazonaws.com.cn',
    dualStackDnsSuffix: 'api.amazonwebservices.com.cn',
    onSuffix: 'on.amazonwebservices.com.cn',
    globalRegion: 'cn-northwest-1',
    regions: /^cn-[a-z]+-\d+$/,
    ownPrefix: {
      prefix: 'cn.com.amazonaws',
      suffixes:
        words(`account application-autoscaling appmesh-envoy-management athena autoscaling awsconnector backup batch
        cassandra cloudcontrolapi cloudformation codedeploy-commands-secure databrew dms ebs ec2 ecr.api ecr.dkr eks
        elasticache elasticbeanstalk elasticfilesystem elasticfilesystem-fips emr-containers execute-api fsx imagebuilder
        iot.data iotsitewise.api iotsitewise.data kinesis-streams lambda license-manager monitoring polly rds redshift
        redshift-data s3 sagemaker.api sagemaker.featurestore-runtime sagemaker.runtime securityhub servicecatalog sms sqs
        states sts sync-states synthetics transcribe transcribestreaming transfer workspaces xray`),
    },
  },
  {
    id: 'aws-us-gov',
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    onSuffix: 'on.aws',
    globalRegion: 'us-gov-west-1',
    regions: /^us-gov-[a-z]+-\d+$/,
  },
  {
    id: 'aws-eusc',
    dnsSuffix: 'amazonaws.eu',
    dualStackDnsSuffix: 'api.amazonwebservices.eu',
    onSuffix: 'on.amazonwebservices.eu',
    globalRegion: 'eusc-de-east-1',
    regions: /^eusc-[a-z]+-[a-z]+-\d+$/,
    ownPrefix: { prefix: 'eu.amazonaws', suffixes: words('ecr.dkr ecr.api execute-api securityhub') },
  },
  {
    id: 'aws-iso',
    dnsSuffix: 'c2s.ic.gov',
    dualStackDnsSuffix: 'api.aws.ic.gov',
    globalRegion: 'us-iso-east-1',
    regions: /^us-iso-[a-z]+-\d+$/,
    ownPrefix: {
      prefix: 'gov.ic.c2s',
      suffixes: words(`application-autoscaling athena autoscaling comprehend ebs ec2 ecr.api ecr.dkr elasticfilesystem
        elasticfilesystem-fips execute-api monitoring sagemaker.api sagemaker.runtime sns sqs textract textract-fips
        transcribe workspaces`),
    },
  },
  {
    id: 'aws-iso-b',
    dnsSuffix: 'sc2s.sgov.gov',
    dualStackDnsSuffix: 'api.aws.scloud',
    globalRegion: 'us-isob-east-1',
    regions: /^us-isob-[a-z]+-\d+$/,
    ownPrefix: {
      prefix: 'gov.sgov.sc2s',
      suffixes:
        words(`application-autoscaling autoscaling ebs ec2 ecr.api ecr.dkr elasticfilesystem elasticfilesystem-fips
        execute-api sagemaker.api sagemaker.runtime sns sqs workspaces`),
    },
  },
  {
    id: 'aws-iso-e',
    dnsSuffix: 'cloud.adc-e.uk',
    dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk',
    globalRegion: 'eu-isoe-west-1',
    regions: /^eu-isoe-[a-z]+-\d+$/,
    ownPrefix: { prefix: 'uk.adc-e.cloud', suffixes: words('ebs ecr.api ecr.dkr execute-api') },
  },
  {
    id: 'aws-iso-f',
    dnsSuffix: 'csp.hci.ic.gov',
    dualStackDnsSuffix: 'api.aws.hci.ic.gov',
    globalRegion: 'us-isof-south-1',
    regions: /^us-isof-[a-z]+-\d+$/,
    ownPrefix: { prefix: 'gov.ic.hci.csp', suffixes: words('ebs ecr.api ecr.dkr execute-api') },
  },
  {
    id: 'aws',
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    onSuffix: 'on.aws',
    globalRegion: 'us-east-1',
    regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+$/,
  },
];

const REGION = new RegExp(`^${REGION_SYNTAX}$`);

/** Whether a text has the form of a Region's name. It says nothing about whether AWS has such a Region. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** The partition of a Region. A Region whose form no partition claims is taken for one of the main partition's, newer than this table. */
export function partitionOfRegion(region: string): Partition {
  return PARTITIONS.find((partition) => partition.regions.test(region)) ?? partitionById('aws');
}

export function partitionById(id: PartitionId): Partition {
  const partition = PARTITIONS.find((candidate) => candidate.id === id);
  if (partition === undefined) throw new Error(`no partition ${id}`);
  return partition;
}
