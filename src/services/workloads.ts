/** What a workload in a VPC without internet needs to reach, and what its users see when it cannot. */
import { nearest } from './suggest.ts';

export type WorkloadNeed = {
  /** an id of the service table */
  readonly service: string;
  /** when it is needed; absent where it always is */
  readonly when?: string | undefined;
  /** what is seen when it cannot be reached */
  readonly without: string;
};

export type Workload = {
  readonly id: string;
  readonly title: string;
  readonly aliases: readonly string[];
  /** needed by every such workload */
  readonly required: readonly WorkloadNeed[];
  /** needed under a condition that we cannot see */
  readonly conditional: readonly WorkloadNeed[];
  /**
   * services of which an endpoint in a VPC tells that this workload runs there, because hardly anything else calls them:
   * nobody has ecr.dkr without pulling images
   */
  readonly toldBy: readonly string[];
  /** something else that must hold, worth saying once */
  readonly note?: string | undefined;
  readonly source: string;
};

const DOCUMENTATION = 'https://docs.aws.amazon.com/';
const SSM_PAGE = `${DOCUMENTATION}systems-manager/latest/userguide/setup-create-vpc.html`;
const ECR_PAGE = `${DOCUMENTATION}AmazonECR/latest/userguide/vpc-endpoints.html`;
const ECS_PAGE = `${DOCUMENTATION}AmazonECS/latest/developerguide/vpc-endpoints.html`;

const SSM_CORE: readonly WorkloadNeed[] = [
  {
    service: 'ssm',
    without: 'The agent hibernates ("Entering SSM Agent hibernate") and the node never appears as managed.',
  },
  {
    service: 'ssmmessages',
    without: 'The node is managed at best, but sessions do not open: TargetNotConnected.',
  },
];
const OLD_AGENT: WorkloadNeed = {
  service: 'ec2messages',
  when: 'SSM Agent is older than 3.3.40.0',
  without: 'Run Command and State Manager never reach the node.',
};

const IMAGE_PULL: readonly WorkloadNeed[] = [
  {
    service: 'ecr.api',
    without: 'The registry login fails: "unable to pull secrets or registry auth", or "no basic auth credentials".',
  },
  { service: 'ecr.dkr', without: 'The manifest cannot be read: CannotPullContainerError.' },
  {
    service: 's3',
    without:
      'The image pull fails after the manifest, because the layers come from S3: "context canceled", or 403 where a policy forbids the layer bucket.',
  },
];

const TASK_OPTIONS: readonly WorkloadNeed[] = [
  {
    service: 'logs',
    when: 'the awslogs log driver is used',
    without:
      'Tasks do not start: "failed to validate logger args", "failed to create Cloudwatch log stream", or DockerTimeoutError.',
  },
  {
    service: 'secretsmanager',
    when: 'the task definition refers to secrets',
    without: 'Tasks do not start: "ResourceInitializationError: unable to pull secrets or registry auth".',
  },
  {
    service: 'ssm',
    when: 'the task definition refers to parameters',
    without: 'Tasks do not start: "ResourceInitializationError: unable to pull secrets or registry auth".',
  },
  {
    service: 'kms',
    when: 'the task itself decrypts, or ECS Exec is encrypted',
    without: 'Decryption in the task, or the ECS Exec session, fails.',
  },
  { service: 'ssmmessages', when: 'ECS Exec is used', without: 'ECS Exec fails: TargetNotConnectedException.' },
];

/**
 * Required and conditional services: facts.md 5.4. What is seen without them: symptoms.md (error-message dictionary, "SSM / ECS /
 * EKS agents"; the two minutes are case C010, the stopped tasks C093, the layers C005 and C127).
 */
export const WORKLOADS: readonly Workload[] = [
  {
    id: 'session-manager',
    title: 'Session Manager',
    aliases: ['session', 'sessions'],
    toldBy: ['ssm', 'ssmmessages', 'ec2messages'],
    required: SSM_CORE,
    conditional: [
      OLD_AGENT,
      { service: 'kms', when: 'sessions are encrypted with a KMS key', without: 'Sessions end as soon as they open.' },
      {
        service: 'logs',
        when: 'sessions are logged to CloudWatch Logs',
        without:
          'Sessions start two minutes late, or fail with "encryption is not set up on the selected CloudWatch Logs log group".',
      },
      { service: 's3', when: 'sessions are logged to S3', without: 'Session logs are lost, or sessions do not start.' },
    ],
    source: SSM_PAGE,
  },
  {
    id: 'ssm',
    title: 'Systems Manager managed node',
    aliases: ['systems-manager', 'ssm-agent'],
    toldBy: [],
    required: SSM_CORE,
    conditional: [
      OLD_AGENT,
      {
        service: 's3',
        when: 'the agent updates itself, patches, or writes command output to S3',
        without: 'Agent updates and Patch Manager time out; command output is cut short.',
      },
      { service: 'ec2', when: 'VSS snapshots are taken, or the node runs Windows', without: 'VSS snapshots fail.' },
      { service: 'kms', when: 'parameters or sessions are encrypted', without: 'Encrypted sessions do not open.' },
      {
        service: 'logs',
        when: 'output goes to CloudWatch Logs',
        without: 'Command and session output does not arrive.',
      },
    ],
    source: SSM_PAGE,
  },
  {
    id: 'ecr-pull',
    title: 'Image pull from Amazon ECR',
    aliases: ['ecr', 'docker-pull', 'image-pull'],
    toldBy: ['ecr.api', 'ecr.dkr'],
    required: IMAGE_PULL,
    conditional: [],
    note: 'The first pull through a pull-through cache still needs the internet. A dual-stack ECR endpoint needs a dual-stack S3 endpoint.',
    source: ECR_PAGE,
  },
  {
    id: 'ecs-fargate',
    title: 'Amazon ECS on Fargate',
    aliases: ['fargate'],
    toldBy: [],
    required: IMAGE_PULL,
    conditional: TASK_OPTIONS,
    note: 'Platform version 1.4.0 and later. Fargate tasks need none of the ECS endpoints.',
    source: ECR_PAGE,
  },
  {
    id: 'ecs-ec2',
    title: 'Amazon ECS on EC2',
    aliases: ['ecs'],
    toldBy: ['ecs', 'ecs-agent', 'ecs-telemetry'],
    required: [
      { service: 'ecs', without: 'The container instance does not register with the cluster.' },
      {
        service: 'ecs-agent',
        without: 'The agent stays disconnected: "Error connecting to ACS: websocket client: unable to dial ecs-a-…".',
      },
      { service: 'ecs-telemetry', without: 'Task metrics are missing; the agent keeps using the public hosts.' },
      ...IMAGE_PULL,
    ],
    conditional: TASK_OPTIONS,
    note: 'The agent uses the private hosts only when all three ECS endpoints exist and it has been restarted since.',
    source: ECS_PAGE,
  },
  {
    id: 'eks-node',
    title: 'Amazon EKS node in a private cluster',
    aliases: ['eks', 'kubernetes', 'eks-private'],
    toldBy: ['eks', 'eks-auth'],
    required: [
      {
        service: 'ec2',
        without:
          'Nodes do not join (NodeCreationFailure), and the VPC CNI waits for IPAM-D ("cni config uninitialized").',
      },
      ...IMAGE_PULL,
    ],
    conditional: [
      {
        service: 'sts',
        when: 'pods use IAM roles for service accounts, or the cluster uses Fargate',
        without: 'Pods get no credentials: "WebIdentityErr: failed to retrieve credentials".',
      },
      {
        service: 'eks-auth',
        when: 'pods use EKS Pod Identity (the agent on the node calls it)',
        without: 'Pods get no credentials.',
      },
      {
        service: 'eks',
        when: 'nodes look up the cluster themselves instead of being given its endpoint and certificate',
        without: 'Nodes do not join: NodeCreationFailure.',
      },
      { service: 'logs', when: 'container logs go to CloudWatch Logs', without: 'Container logs do not arrive.' },
      {
        service: 'elasticloadbalancing',
        when: 'load balancers are made by a controller in the cluster',
        without: 'Services and ingresses stay pending.',
      },
      { service: 'autoscaling', when: 'Cluster Autoscaler is used', without: 'Node groups do not scale.' },
      { service: 'ssm', when: 'nodes or add-ons use Systems Manager', without: 'Nodes are not managed.' },
      { service: 'xray', when: 'traces go to X-Ray', without: 'Traces do not arrive.' },
      { service: 'oidc-eks', when: 'the OIDC issuer is read from inside the VPC', without: 'OIDC discovery fails.' },
      { service: 'route53', when: 'ExternalDNS is used', without: 'DNS records are not updated.' },
    ],
    source: `${DOCUMENTATION}eks/latest/userguide/private-clusters.html`,
  },
  {
    id: 'lambda',
    title: 'Lambda function in a VPC',
    aliases: ['lambda-vpc'],
    toldBy: [],
    required: [],
    conditional: ['secretsmanager', 'ssm', 'kms', 'sts', 's3', 'dynamodb', 'sqs', 'sns', 'events', 'lambda'].map(
      (service) => ({
        service,
        when: `the function calls ${service}`,
        without: 'The function ends with "Task timed out", often without a network error in the log.',
      }),
    ),
    note: 'A function needs endpoints for what it calls, none for its own runtime or its log. Name the services that it calls.',
    source: `${DOCUMENTATION}lambda/latest/dg/configuration-vpc.html`,
  },
  {
    id: 'cloudwatch-agent',
    title: 'CloudWatch agent',
    aliases: ['cwagent'],
    toldBy: [],
    required: [
      { service: 'monitoring', without: 'Metrics do not arrive.' },
      { service: 'logs', without: 'Logs do not arrive.' },
    ],
    conditional: [
      {
        service: 'ec2',
        when: 'metrics carry tags as dimensions',
        without: 'The agent starts slowly and drops the dimensions.',
      },
      {
        service: 'ssm',
        when: 'the configuration is a Systems Manager parameter',
        without: 'The agent does not start.',
      },
      { service: 's3', when: 'the installer is fetched from the agent bucket', without: 'The installation times out.' },
    ],
    source: `${DOCUMENTATION}AmazonCloudWatch/latest/monitoring/cloudwatch-and-interface-VPC.html`,
  },
  {
    id: 'codedeploy',
    title: 'CodeDeploy agent on EC2',
    aliases: ['codedeploy-agent'],
    toldBy: ['codedeploy', 'codedeploy-commands-secure'],
    required: [
      {
        service: 'codedeploy-commands-secure',
        without: 'The agent gets no deployments: "Cannot reach InstanceService".',
      },
      { service: 'codedeploy', without: 'Calls of the CodeDeploy API from the VPC fail.' },
    ],
    conditional: [{ service: 's3', when: 'revisions are in S3', without: 'Deployments fail in DownloadBundle.' }],
    note: 'The agent configuration must say `:enable_auth_policy: true`.',
    source: `${DOCUMENTATION}codedeploy/latest/userguide/vpc-endpoints.html`,
  },
  {
    id: 'codeartifact',
    title: 'Package download from CodeArtifact',
    aliases: [],
    toldBy: ['codeartifact', 'codeartifact.repositories'],
    required: [
      { service: 'codeartifact', without: 'No authorization token is issued.' },
      { service: 'codeartifact.repositories', without: 'Package managers cannot reach the repository.' },
      { service: 's3', without: 'Package metadata loads, the packages themselves do not.' },
    ],
    conditional: [],
    note: 'The repositories endpoint needs private DNS.',
    source: `${DOCUMENTATION}codeartifact/latest/ug/create-vpc-endpoints.html`,
  },
  {
    id: 'cloudformation',
    title: 'CloudFormation signals and custom resources',
    aliases: ['cfn', 'cfn-init', 'cfn-signal'],
    toldBy: [],
    required: [
      {
        service: 'cloudformation',
        without: 'Stacks wait in vain: "Failed to receive 1 resource signal(s)".',
      },
    ],
    conditional: [
      {
        service: 's3',
        when: 'wait conditions or custom resources answer from the VPC',
        without: '"WaitCondition timed out" or "CloudFormation did not receive a response from your Custom Resource".',
      },
    ],
    source: `${DOCUMENTATION}AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html`,
  },
  {
    id: 'kcl',
    title: 'Kinesis Client Library consumer',
    aliases: ['kinesis-client-library'],
    toldBy: [],
    required: [
      { service: 'kinesis-streams', without: 'Shards cannot be read.' },
      { service: 'dynamodb', without: 'Leases cannot be taken: the consumer never starts.' },
      { service: 'monitoring', without: 'Metrics of the library do not arrive, and publishing them keeps timing out.' },
    ],
    conditional: [],
    source: `${DOCUMENTATION}streams/latest/dev/vpc.html`,
  },
  {
    id: 'sagemaker',
    title: 'SageMaker',
    aliases: ['sagemaker-studio', 'studio'],
    toldBy: ['sagemaker.api', 'sagemaker.runtime'],
    required: [
      { service: 'sagemaker.api', without: 'Jobs and endpoints cannot be managed; Studio does not start.' },
      { service: 'sagemaker.runtime', without: 'Endpoints cannot be invoked.' },
    ],
    conditional: [
      { service: 's3', when: 'data or models are in S3', without: 'Jobs cannot read their input.' },
      { service: 'sts', when: 'roles are assumed', without: 'Studio reports a permission error from STS.' },
      { service: 'ecr.api', when: 'own images are used', without: 'Images cannot be pulled.' },
      { service: 'ecr.dkr', when: 'own images are used', without: 'Images cannot be pulled.' },
      { service: 'logs', when: 'logs are read or written from the VPC', without: 'Logs do not arrive.' },
      { service: 'kms', when: 'keys of the account are used', without: 'Encrypted volumes and data cannot be opened.' },
    ],
    source: `${DOCUMENTATION}sagemaker/latest/dg/interface-vpc-endpoint.html`,
  },
  {
    id: 'emr',
    title: 'Amazon EMR in a private subnet',
    aliases: ['elasticmapreduce'],
    toldBy: ['elasticmapreduce'],
    required: [{ service: 's3', without: 'The cluster ends with a bootstrap or provisioning error.' }],
    conditional: [
      { service: 'dynamodb', when: 'EMRFS consistent view or DynamoDB tables are used', without: 'Jobs fail.' },
      { service: 'elasticmapreduce', when: 'the EMR API is called from the VPC', without: 'Steps cannot be added.' },
      { service: 'logs', when: 'logs go to CloudWatch Logs', without: 'Logs do not arrive.' },
    ],
    source: `${DOCUMENTATION}emr/latest/ManagementGuide/emr-clusters-in-a-vpc.html`,
  },
  {
    id: 'bedrock',
    title: 'Amazon Bedrock',
    aliases: [],
    toldBy: ['bedrock', 'bedrock-runtime', 'bedrock-agent', 'bedrock-agent-runtime'],
    required: [{ service: 'bedrock-runtime', without: 'Models cannot be invoked.' }],
    conditional: [
      { service: 'bedrock', when: 'models, guardrails or jobs are managed', without: 'Management calls time out.' },
      { service: 'bedrock-agent', when: 'agents or knowledge bases are built', without: 'Build-time calls time out.' },
      {
        service: 'bedrock-agent-runtime',
        when: 'agents or knowledge bases are used',
        without: 'Agents cannot be invoked.',
      },
    ],
    note: 'Each of the four APIs has an endpoint service of its own.',
    source: `${DOCUMENTATION}bedrock/latest/userguide/usingVPC.html`,
  },
];

/** The workload of a word: its id or another usual name, in any case. */
export function findWorkload(text: string): Workload | undefined {
  const word = text.trim().toLowerCase();
  return WORKLOADS.find((workload) => workload.id === word || workload.aliases.includes(word));
}

/** Ids of workloads that a word may have been meant for, best first. */
export function suggestWorkloads(text: string): string[] {
  const words = WORKLOADS.flatMap((workload) => [workload.id, ...workload.aliases]);
  return [...new Set(nearest(text, words).flatMap((word) => findWorkload(word)?.id ?? []))];
}

/** What the users of a workload see when it cannot reach a service; undefined when it does not need it. */
export function consequenceOf(workloadId: string, serviceId: string): string | undefined {
  const workload = WORKLOADS.find(({ id }) => id === workloadId);
  if (workload === undefined) return undefined;
  return [...workload.required, ...workload.conditional].find(({ service }) => service === serviceId)?.without;
}

/** A service of a workload whose other services are covered already. */
export type Companion = {
  readonly workload: Workload;
  /** the covered service that tells of the workload */
  readonly covered: string;
  readonly without: string;
};

/** Services that many things in a VPC call: an endpoint for one of them tells of no workload. */
const COMMON: ReadonlySet<string> = new Set(['s3', 'dynamodb', 'logs', 'sts', 'ec2', 'kms']);

/**
 * Whether a service completes a workload that the VPC has begun to cover.
 * @param asked the workload that the user named, if any; then its conditional members count too
 * @param covered ids of the services that the VPC has endpoints for
 */
export function companionOf(
  serviceId: string,
  asked: string | undefined,
  covered: readonly string[],
): Companion | undefined {
  for (const workload of WORKLOADS) {
    if (asked !== undefined && workload.id !== asked) continue;
    const needs = asked === undefined ? workload.required : [...workload.required, ...workload.conditional];
    const need = needs.find(({ service }) => service === serviceId);
    if (need === undefined) continue;
    const own = workload.required.map(({ service }) => service).filter((service) => !COMMON.has(service));
    const tellers = asked === undefined ? workload.toldBy : [...workload.toldBy, ...own];
    const teller = tellers.find((service) => service !== serviceId && covered.includes(service));
    if (teller !== undefined) return { workload, covered: teller, without: need.without };
  }
  return undefined;
}
