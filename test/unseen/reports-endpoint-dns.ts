/** Public reports that are not in our list, of the layers endpoint and dns: each as its author’s own environment must have looked. */

import type { Unseen } from './support/command-line.ts';
import { dns, reached, tcp } from './support/evidence.ts';
import type { Endpoint, Network } from './support/network.ts';

const R = 'eu-west-1.amazonaws.com';
const NAT: Network['tables'] = { app: ['0.0.0.0/0 nat:one'] };

/** A name that nothing in the VPC answers for, and a subnet without a way out. */
function nowhere(name: string, address: string) {
  return [...dns(name, [address]), ...tcp([address])];
}

/** An endpoint of the service, which works under the name. */
function works(name: string, octet: number) {
  const addresses = [`10.40.11.${octet}`, `10.40.12.${octet}`];
  return [...dns(name, addresses), ...reached(name, addresses)];
}

const of = (...services: string[]): Endpoint[] => services.map((service) => ({ name: service, service }));

export const REPORTS_ENDPOINT_DNS: Readonly<Record<string, Unseen>> = {
  'a function in private subnets calls DMS': {
    source: 'https://github.com/aws/aws-sdk-js/issues/1413',
    about:
      'the function was put into the VPC for its database; DMS is reached over the internet only, and there is no way out',
    network: {},
    evidence: { seen: nowhere(`dms.${R}`, '52.95.121.4'), vantage: { kind: 'lambda' } },
    targets: [`dms.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
    standing: 'confirmed',
  },
  'a function in a VPC reads Parameter Store': {
    source: 'https://openillumi.com/lambda-timeout-vpc-parameter-store-vpc-endpoint',
    about: 'the same for ssm, in a VPC that has endpoints of other services',
    network: { endpoints: of('secretsmanager') },
    evidence: { seen: nowhere(`ssm.${R}`, '52.94.216.9'), vantage: { kind: 'lambda' } },
    targets: [`ssm.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'Karpenter asks EKS for the cluster’s address': {
    source: 'https://github.com/aws/karpenter-provider-aws/pull/5740',
    about: 'a private cluster with endpoints of ec2, sts, ecr and ssm, none of eks',
    network: { endpoints: of('ec2', 'sts', 'ecr.api', 'ecr.dkr', 'ssm') },
    evidence: { seen: [...nowhere(`eks.${R}`, '54.76.10.2'), ...works(`ec2.${R}`, 21), ...works(`sts.${R}`, 22)] },
    targets: [`eks.${R}`, `ec2.${R}`, `sts.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
    standing: 'confirmed',
  },
  'SQS from private subnets, no endpoint': {
    source: 'https://github.com/govuk-one-login/authentication-api/pull/60',
    about: 'plain: the endpoint was forgotten',
    network: { endpoints: [{ name: 'dynamodb', service: 'dynamodb', type: 'Gateway' }] },
    evidence: { seen: nowhere(`sqs.${R}`, '34.248.6.7') },
    targets: ['sqs'],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'containers moved to private subnets cannot log in to ECR': {
    source: 'https://github.com/anomalyco/sst/issues/6019',
    about: 'no NAT gateway and no endpoint for api.ecr',
    network: {},
    evidence: { seen: nowhere(`api.ecr.${R}`, '52.94.248.1'), vantage: { kind: 'ecs-fargate' } },
    targets: [`api.ecr.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'sessions do not open for want of ssmmessages': {
    source: 'https://github.com/awsdocs/aws-systems-manager-user-guide/pull/91',
    about: 'ssm and ec2messages have endpoints; the instance is online, and sessions fail',
    network: { endpoints: of('ssm', 'ec2messages') },
    evidence: {
      seen: [...works(`ssm.${R}`, 21), ...works(`ec2messages.${R}`, 22), ...nowhere(`ssmmessages.${R}`, '52.94.220.7')],
    },
    targets: [],
    args: ['--workload', 'session-manager'],
    verdict: 'blocked',
    first: 'companion-endpoint-missing',
  },
  'two minutes to a prompt for want of logs': {
    source: 'https://github.com/aws/amazon-ssm-agent/issues/639',
    about: 'sessions are logged to CloudWatch; everything but logs has an endpoint',
    network: { endpoints: of('ssm', 'ssmmessages', 'ec2messages') },
    evidence: {
      seen: [
        ...works(`ssm.${R}`, 21),
        ...works(`ssmmessages.${R}`, 22),
        ...works(`ec2messages.${R}`, 23),
        ...nowhere(`logs.${R}`, '52.94.219.3'),
      ],
    },
    targets: ['ssm', 'ssmmessages', 'ec2messages', 'logs'],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'a function without NAT hangs on CloudWatch and KMS': {
    source: 'https://github.com/ministryofjustice/modernisation-platform/pull/12286',
    about: 'two missing at once: both are named in one run',
    network: { endpoints: of('sns', 'athena') },
    evidence: {
      seen: [...nowhere(`monitoring.${R}`, '52.94.217.2'), ...nowhere(`kms.${R}`, '52.95.118.8')],
      vantage: { kind: 'lambda' },
    },
    targets: ['monitoring', 'kms'],
    verdict: 'blocked',
    first: 'endpoint-missing',
    also: ['endpoint-missing'],
  },
  'Kinesis from a function in a VPC': {
    source: 'https://github.com/awslabs/kinesis-aggregation/issues/33',
    about: 'no endpoint (in 2017 there was none to be had), no NAT',
    network: {},
    evidence: { seen: nowhere(`kinesis.${R}`, '99.80.34.1'), vantage: { kind: 'lambda' } },
    targets: [`kinesis.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'STS of the bucket’s Region': {
    source: 'https://github.com/redpanda-data/connect/issues/2343',
    about: 'the client is told the bucket’s Region and asks STS there; the endpoint is of the VPC’s own Region',
    network: { endpoints: of('sts') },
    evidence: {
      seen: nowhere('sts.eu-central-1.amazonaws.com', '3.120.9.9'),
      vantage: { sdk: { endpointUrls: {}, region: 'eu-central-1', regionSource: 'AWS_REGION' } },
    },
    targets: ['sts.eu-central-1.amazonaws.com'],
    verdict: 'blocked',
    first: 'endpoint-in-other-region',
  },
  'the feature store’s runtime has a name of its own': {
    source: 'https://github.com/aws-samples/amazon-sagemaker-studio-vpc-blog/issues/7',
    about: 'sagemaker.api and sagemaker.runtime are there',
    network: {
      endpoints: [
        { name: 'api', service: 'sagemaker.api', names: [`api.sagemaker.${R}`] },
        { name: 'runtime', service: 'sagemaker.runtime', names: [`runtime.sagemaker.${R}`] },
      ],
    },
    evidence: { seen: nowhere(`featurestore-runtime.sagemaker.${R}`, '52.95.111.5') },
    targets: [`featurestore-runtime.sagemaker.${R}`],
    verdict: 'blocked',
    first: 'sibling-endpoint-only',
  },
  'CodeArtifact has two endpoints': {
    source: 'https://github.com/data-dot-all/dataall/issues/826',
    about: 'login goes through codeartifact.api; pip then calls the domain’s host, which is codeartifact.repositories’',
    network: { endpoints: [{ name: 'api', service: 'codeartifact.api', names: [`codeartifact.${R}`] }] },
    evidence: {
      seen: [...works(`codeartifact.${R}`, 21), ...nowhere(`acme-210987654321.d.codeartifact.${R}`, '52.208.3.3')],
    },
    targets: [`codeartifact.${R}`, `acme-210987654321.d.codeartifact.${R}`],
    verdict: 'blocked',
    first: 'companion-endpoint-missing',
    standing: 'confirmed',
  },
  'boto3 of old calls queue.amazonaws.com of the Region': {
    source: 'https://github.com/boto/boto3/issues/3311',
    about: 'the endpoint covers sqs.<region>',
    network: { endpoints: of('sqs') },
    evidence: { seen: nowhere('eu-west-1.queue.amazonaws.com', '52.95.116.3') },
    targets: ['eu-west-1.queue.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
    standing: 'confirmed',
  },
  'the same in Tokyo, beside the name that works': {
    source: 'https://github.com/aws-samples/siem-on-amazon-opensearch-service/issues/52',
    about: 'the queue’s URL has the new name, boto3 calls the old one',
    network: { region: 'ap-northeast-1', endpoints: of('sqs') },
    evidence: {
      seen: [
        ...dns('sqs.ap-northeast-1.amazonaws.com', ['10.40.11.21', '10.40.12.21']),
        ...reached('sqs.ap-northeast-1.amazonaws.com', ['10.40.11.21', '10.40.12.21']),
        ...nowhere('ap-northeast-1.queue.amazonaws.com', '52.119.216.4'),
      ],
    },
    targets: ['sqs.ap-northeast-1.amazonaws.com', 'ap-northeast-1.queue.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'the CNI plugin asks the global STS': {
    source: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/647',
    about: 'found in the logs of the firewall behind the transit gateway, which dropped it',
    network: { tables: { app: ['0.0.0.0/0 tgw:egress'] }, endpoints: of('sts', 'ec2') },
    evidence: { seen: nowhere('sts.amazonaws.com', '54.239.29.25') },
    targets: ['sts.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'the EBS driver asks the global STS': {
    source: 'https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/609',
    about: 'no route out at all',
    network: { endpoints: of('sts', 'ec2') },
    evidence: { seen: nowhere('sts.amazonaws.com', '52.94.241.129'), vantage: { kind: 'eks-pod' } },
    targets: ['sts.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
    standing: 'confirmed',
  },
  'a function sets the regional STS': {
    source: 'https://github.com/aws-samples/toolkit-for-aws-transfer-family/pull/51',
    about: 'pasted as the error that botocore prints',
    network: { endpoints: of('sts') },
    evidence: { seen: nowhere('sts.amazonaws.com', '54.239.29.25'), vantage: { kind: 'lambda' } },
    targets: [],
    args: [
      '--error',
      'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "https://sts.amazonaws.com/"',
    ],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'a FIPS image pulls from the FIPS registry': {
    source: 'https://github.com/bottlerocket-os/bottlerocket/issues/4372',
    about: 'ecr.dkr and ssm have endpoints; the image’s agents call the FIPS names',
    network: { region: 'us-east-1', endpoints: of('ecr.dkr', 'ssm') },
    evidence: {
      seen: [
        ...nowhere('602401143452.dkr.ecr-fips.us-east-1.amazonaws.com', '52.46.145.1'),
        ...nowhere('ssm-fips.us-east-1.amazonaws.com', '52.46.141.5'),
      ],
    },
    targets: ['602401143452.dkr.ecr-fips.us-east-1.amazonaws.com', 'ssm-fips.us-east-1.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
    never: ['endpoint-missing'],
  },
  'EC2 has no FIPS name in GovCloud': {
    source: 'https://github.com/aws/aws-cdk/issues/28238',
    about: 'AWS_USE_FIPS_ENDPOINT makes a name that is in no DNS',
    network: { region: 'us-gov-west-1', endpoints: of('ec2') },
    evidence: {
      seen: [
        ...dns('ec2-fips.us-gov-west-1.amazonaws.com', 'nxdomain'),
        ...dns('us-gov-west-1.amazonaws.com', 'no-data'),
      ],
      vantage: {
        partition: 'aws-us-gov',
        sdk: { endpointUrls: {}, region: 'us-gov-west-1', regionSource: 'AWS_REGION', useFips: true },
      },
    },
    targets: ['ec2-fips.us-gov-west-1.amazonaws.com'],
    verdict: 'blocked',
    first: 'name-does-not-exist',
  },
  'S3 has no global FIPS name': {
    source: 'https://github.com/aws/aws-sdk-ruby/issues/2718',
    about: 's3-fips.amazonaws.com, for want of a Region',
    network: { tables: NAT },
    evidence: { seen: dns('s3-fips.amazonaws.com', 'nxdomain') },
    targets: ['s3-fips.amazonaws.com'],
    verdict: 'blocked',
    first: 'name-does-not-exist',
  },
  'a Region that is none': {
    source: 'https://github.com/prowler-cloud/prowler/issues/1654',
    about: 'us-east instead of us-east-1',
    network: { tables: NAT },
    evidence: {
      seen: dns('sts.us-east.amazonaws.com', 'nxdomain'),
      vantage: { sdk: { endpointUrls: {}, region: 'us-east', regionSource: 'AWS_REGION' } },
    },
    targets: ['sts.us-east.amazonaws.com'],
    verdict: 'blocked',
    first: 'name-does-not-exist',
  },
  'public APIs fail once execute-api has private DNS': {
    source: 'https://github.com/awsdocs/amazon-api-gateway-developer-guide/issues/10',
    about: 'the endpoint answers for every API of the Region',
    network: { endpoints: of('execute-api') },
    evidence: {
      seen: [
        ...dns(`q9w8e7r6t5.execute-api.${R}`, ['10.40.11.21', '10.40.12.21']),
        ...reached(`q9w8e7r6t5.execute-api.${R}`, ['10.40.11.21', '10.40.12.21'], {
          names: [`*.execute-api.${R}`],
          path: '/v1/status',
          detail: { status: 403, errorType: 'ForbiddenException', body: '{"message":"Forbidden"}' },
        }),
      ],
    },
    targets: [`https://q9w8e7r6t5.execute-api.${R}/v1/status`],
    verdict: 'degraded',
    first: 'public-api-hijacked',
  },
  'a task with no public address behind an internet gateway': {
    source: 'https://github.com/aws/amazon-ecs-agent/issues/1266',
    about: 'the route table leads to the internet gateway, the task has no public address; an endpoint could be made',
    network: { client: { subnet: 'public', address: '10.40.100.37' } },
    evidence: { seen: nowhere(`210987654321.dkr.ecr.${R}`, '52.94.249.2'), vantage: { kind: 'ecs-fargate' } },
    targets: [`210987654321.dkr.ecr.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
  'no default route where the others have one': {
    source: 'https://github.com/ministryofjustice/modernisation-platform/issues/1128',
    about:
      'private subnets of some accounts lack the route to the transit gateway; seen as a service that can have an endpoint',
    network: {
      tables: { app: [], other: ['0.0.0.0/0 tgw:egress'] },
      subnets: { other: { cidr: '10.40.7.0/24', zone: 'a', table: 'other' } },
    },
    evidence: { seen: nowhere(`ec2.${R}`, '54.239.32.8') },
    targets: [`ec2.${R}`],
    verdict: 'blocked',
    first: 'endpoint-missing',
  },
};
