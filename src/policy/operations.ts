/** The IAM action of an operation that an SDK's error names, for operations that only one service has. */

/** Operations whose action has another name (AmazonS3 userguide, using-with-s3-policy-actions). */
const S3: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  ListBuckets: 'ListAllMyBuckets',
  ListObjectVersions: 'ListBucketVersions',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListParts: 'ListMultipartUploadParts',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  DeleteObjects: 'DeleteObject',
};
/** The same name for operation and action. */
const S3_SAME =
  /^(?:Get|Put|Delete)(?:Object|ObjectTagging|ObjectAcl|BucketPolicy|BucketAcl|BucketTagging)$|^GetBucketLocation$/;

/** Operations that no other service has under the same name; `Publish`, `Query` and the like are left out on purpose. */
const OWNERS: readonly (readonly [string, RegExp])[] = [
  ['sts', /^(?:AssumeRole(?:WithWebIdentity|WithSAML)?|GetCallerIdentity|GetSessionToken)$/],
  ['secretsmanager', /^(?:(?:Batch)?GetSecretValue|ListSecrets|DescribeSecret|PutSecretValue)$/],
  [
    'ssm',
    /^(?:GetParameters?(?:ByPath|History)?|UpdateInstanceInformation|DescribeParameters|SendCommand|StartSession)$/,
  ],
  ['sqs', /^(?:SendMessage|ReceiveMessage|DeleteMessage|GetQueueUrl|GetQueueAttributes|ListQueues)$/],
  ['kms', /^(?:Decrypt|Encrypt|GenerateDataKey(?:WithoutPlaintext|Pair)?|ReEncrypt|DescribeKey)$/],
  ['logs', /^(?:CreateLogStream|CreateLogGroup|PutLogEvents|DescribeLogGroups|DescribeLogStreams|FilterLogEvents)$/],
  ['dynamodb', /^(?:(?:Batch)?GetItem|PutItem|UpdateItem|DeleteItem|BatchWriteItem|DescribeTable)$/],
  ['ec2', /^(?:DescribeInstances|DescribeVpcEndpoints|DescribeNetworkInterfaces|DescribeSubnets|RunInstances)$/],
  ['cloudwatch', /^(?:PutMetricData|GetMetricData|ListMetrics)$/],
  ['bedrock', /^(?:InvokeModel(?:WithResponseStream)?|Converse)$/],
];
/** Operations whose action is another's. */
const RENAMED: Readonly<Record<string, string>> = { 'bedrock:Converse': 'bedrock:InvokeModel' };

/** Names of services in the errors of the SDK for Go and their prefixes in actions, where these differ. */
const SERVICES: Readonly<Record<string, string>> = {
  'Secrets Manager': 'secretsmanager',
  'CloudWatch Logs': 'logs',
  CloudWatch: 'cloudwatch',
  SFN: 'states',
  Kinesis: 'kinesis',
  DynamoDB: 'dynamodb',
  Lambda: 'lambda',
};
const SAME_NAME = /^(?:STS|SSM|SQS|SNS|KMS|ECR|ECS|EC2|EKS|IAM)$/;

/** `(AccessDenied) when calling the GetObject operation`; `operation error S3: GetObject,`. */
const BOTO = /\bwhen calling the ([A-Za-z0-9]{3,60}) operation/;
const GO = /\boperation error ([A-Za-z0-9 ]{2,40}): ([A-Za-z0-9]{3,60})\b/;

/** The action that a client's error text is about; undefined where it is not sure. */
export function actionOfOperation(words: string): string | undefined {
  const [, service, named] = GO.exec(words) ?? [];
  const operation = named ?? BOTO.exec(words)?.[1];
  if (operation === undefined) return undefined;
  if (service !== undefined && service !== 'S3') {
    const prefix = SERVICES[service] ?? (SAME_NAME.test(service) ? service.toLowerCase() : undefined);
    return prefix === undefined ? undefined : `${prefix}:${operation}`;
  }
  const s3 = Object.hasOwn(S3, operation) ? S3[operation] : S3_SAME.test(operation) ? operation : undefined;
  if (s3 !== undefined) return `s3:${s3}`;
  const owner = OWNERS.find(([, operations]) => operations.test(operation))?.[0];
  const action = owner === undefined ? undefined : `${owner}:${operation}`;
  return action === undefined ? undefined : (RENAMED[action] ?? action);
}
