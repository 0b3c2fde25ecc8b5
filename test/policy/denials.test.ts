/** Texts of refusals, word for word as AWS, its clients and its agents print them, and what they say. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Denial } from '../../src/model/denial.ts';
import { readDenial, readDenialOf, readUnsignedDenialOf } from '../../src/policy/denials.ts';
import { DenialSchema } from '../../src/report/schema-observation.ts';

const BOB = 'arn:aws:iam::123456789012:user/JohnDoe';
const OTHER = 'arn:aws:iam::777788889999:user/JohnDoe';
const GROUP = 'arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*';
const policy = (more: object = {}) => ({ kind: 'policy', ...more });
const named = (by: string, explicit: boolean, more: object = {}) => policy({ by, explicit, ...more });
const credentials = (problem: string, code?: string) => ({
  kind: 'credentials',
  problem,
  ...(code === undefined ? {} : { code }),
});

type Row = readonly [text: string, expected: object | undefined];

/** IAM User Guide, troubleshoot_access-denied, with its line breaks and its slips. */
const IAM_PAGE: readonly Row[] = [
  [
    `User: ${OTHER} is not authorized to perform: \ncodecommit:ListRepositories because no service control policy allows the codecommit:ListRepositories action`,
    named('service-control-policy', false, { principal: OTHER, action: 'codecommit:ListRepositories' }),
  ],
  [
    `User: ${OTHER} is not authorized to perform: \ncodecommit:ListRepositories with an explicit deny in a service control policy`,
    named('service-control-policy', true, { principal: OTHER, action: 'codecommit:ListRepositories' }),
  ],
  [
    `User: ${OTHER} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::bucket/key" with an explicit deny in a resource control policy`,
    named('resource-control-policy', true, { action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/key' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: codecommit:ListRepositories because no VPC endpoint policy allows the codecommit:ListRepositories action`,
    named('endpoint-policy', false, { principal: BOB, action: 'codecommit:ListRepositories' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: codedeploy:ListDeployments on resource: ${GROUP} with an explicit deny in a VPC endpoint policy`,
    named('endpoint-policy', true, { action: 'codedeploy:ListDeployments', resource: GROUP }),
  ],
  [
    `User: ${BOB} is not authorized to perform: codedeploy:ListDeployments on resource: ${GROUP} because no permissions boundary allows the codedeploy:ListDeployments action`,
    named('permissions-boundary', false, { resource: GROUP }),
  ],
  [
    `User: ${OTHER} is not authorized to perform: sagemaker:ListModels with an explicit deny in a permissions boundary`,
    named('permissions-boundary', true, { action: 'sagemaker:ListModels' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: codecommit:ListRepositories because no session policy allows the codecommit:ListRepositories action`,
    named('session-policy', false),
  ],
  [
    `User: ${BOB} is not authorized to perform: codedeploy:ListDeployments on resource: ${GROUP} with an explicit deny in a sessions policy`,
    named('session-policy', true, { resource: GROUP }),
  ],
  [
    `User: ${BOB} is not authorized to perform: secretsmanager:GetSecretValue because no resource-based policy allows the secretsmanager:GetSecretValue action`,
    named('resource-policy', false, { action: 'secretsmanager:GetSecretValue' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:* with an explicit deny in a resource-based policy`,
    named('resource-policy', true, { resource: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:*' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: sts:AssumeRole because no role trust policy allows the sts:AssumeRole action`,
    named('role-trust-policy', false, { action: 'sts:AssumeRole' }),
  ],
  [
    `User: ${BOB} is not authorized to perform: sts:AssumeRole because the role trust policy allows the sts:AssumeRole action`,
    named('role-trust-policy', false, { action: 'sts:AssumeRole' }),
  ],
  [
    `User: ${OTHER} is not authorized to perform: sts:AssumeRole with an explicit deny in the role trust policy`,
    named('role-trust-policy', true),
  ],
  [
    `User: ${BOB} is not authorized to perform: codecommit:ListRepositories because no identity-based policy allows the codecommit:ListRepositories action`,
    named('identity-policy', false),
  ],
  [
    `User: ${BOB} is not authorized to perform: codedeploy:ListDeployments on resource: ${GROUP} with an explicit deny in an identity-based policy`,
    named('identity-policy', true),
  ],
  [
    'User: arn:aws:sts::111122223333:assumed-role/role-name/role-session-name is not authorized to perform: \nSNS:Publish on resource: arn:aws:sns:us-east-1:444455556666:role-name-2 \nwith an explicit deny in a VPC endpoint policy transitively through a service control policy',
    named('service-control-policy', true, {
      principal: 'arn:aws:sts::111122223333:assumed-role/role-name/role-session-name',
      action: 'sns:Publish',
      resource: 'arn:aws:sns:us-east-1:444455556666:role-name-2',
    }),
  ],
];

const KINDS = [
  ['a VPC endpoint policy', 'VPC endpoint policy', 'endpoint-policy'],
  ['a service control policy', 'service control policy', 'service-control-policy'],
  ['a resource control policy', 'resource control policy', 'resource-control-policy'],
  ['a permissions boundary', 'permissions boundary', 'permissions-boundary'],
  ['a session policy', 'session policy', 'session-policy'],
  ['a resource-based policy', 'resource-based policy', 'resource-policy'],
  ['the role trust policy', 'role trust policy', 'role-trust-policy'],
  ['an identity-based policy', 'identity-based policy', 'identity-policy'],
] as const;

const WHO = 'arn:aws:sts::111122223333:assumed-role/app/i-0123456789abcdef0';
const WHAT = 'arn:aws:s3:::logs/2026/a b.txt';
const POLICY_ARN = 'arn:aws:organizations::111122223333:policy/o-abcdefghij/service_control_policy/p-0123abcd';

/** Every kind, implicit and explicit, with and without a resource, with the policy's ARN behind. */
const EVERY_FORM: readonly Row[] = KINDS.flatMap(([inOne, none, by]): Row[] => [
  [
    `User: ${WHO} is not authorized to perform: s3:GetObject because no ${none} allows the s3:GetObject action`,
    named(by, false, { principal: WHO, action: 's3:GetObject' }),
  ],
  [
    `User: ${WHO} is not authorized to perform: s3:GetObject on resource: ${WHAT} because no ${none} allows the s3:GetObject action`,
    named(by, false, { principal: WHO, action: 's3:GetObject', resource: WHAT }),
  ],
  [
    `User: ${WHO} is not authorized to perform: s3:GetObject on resource: "${WHAT}" with an explicit deny in ${inOne}`,
    named(by, true, { principal: WHO, action: 's3:GetObject', resource: WHAT }),
  ],
  [
    `User: ${WHO} is not authorized to perform: s3:GetObject with an explicit deny in ${inOne}: ${POLICY_ARN}`,
    named(by, true, { action: 's3:GetObject', policyArn: POLICY_ARN }),
  ],
  [`because no ${none} allows the kms:Decrypt action`, named(by, false, { action: 'kms:Decrypt' })],
]);

/** symptoms.md and cases.json, and the forms in which clients print what services say. */
const CLIENTS: readonly Row[] = [
  [
    'An error occurred (AccessDenied) when calling the GetObject operation: Access Denied',
    policy({ action: 's3:GetObject', code: 'AccessDenied' }),
  ],
  [
    'upload failed: ./a to s3://b/a An error occurred (AccessDenied) when calling the PutObject operation: Access Denied',
    policy({ action: 's3:PutObject', code: 'AccessDenied' }),
  ],
  [
    'An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied',
    policy({ action: 's3:ListBucket' }),
  ],
  [
    'fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden',
    policy({ action: 's3:GetObject' }),
  ],
  [
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>',
    policy({ code: 'AccessDenied', text: 'AccessDenied: Access Denied' }),
  ],
  [
    'error pulling image configuration: error parsing HTTP 403 response body: invalid character \'<\' looking for beginning of value: "<?xml version=\\"1.0\\" encoding=\\"UTF-8\\"?>\\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>4F1</RequestId><HostId>y</HostId></Error>"',
    policy({ action: 's3:GetObject', code: 'AccessDenied' }),
  ],
  [
    "Error response from daemon: error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<?xml ...<Code>AccessDenied</Code>",
    policy({ code: 'AccessDenied' }),
  ],
  [
    'CannotPullContainerError: inspect image has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/9a/blob?X-Amz-Security-Token=abc&X-Amz-Signature=def: 403 Forbidden',
    policy({ action: 's3:GetObject', resource: 'arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/9a/blob' }),
  ],
  [
    "Error: Failed to download metadata for repo 'amazonlinux': Cannot prepare internal mirrorlist: Status code: 403 for https://al2023-repos-us-east-1-de612dc2.s3.dualstack.us-east-1.amazonaws.com/core/mirrors/latest/x86_64/mirror.list (IP: 3.5.1.2)",
    policy({
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::al2023-repos-us-east-1-de612dc2/core/mirrors/latest/x86_64/mirror.list',
    }),
  ],
  [
    'https://amazonlinux-2-repos-us-east-1.s3.dualstack.us-east-1.amazonaws.com/2/core/2.0/x86_64/repodata/repomd.xml: [Errno 14] HTTPS Error 403 - Forbidden',
    policy({ action: 's3:GetObject' }),
  ],
  ['curl: (22) The requested URL returned error: 403 Forbidden', undefined],
  [
    '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********3333:abcdef1234/prod/GET/ with an explicit deny"}',
    policy({
      explicit: true,
      principal: 'anonymous',
      action: 'execute-api:Invoke',
      resource: 'arn:aws:execute-api:eu-west-1:********3333:abcdef1234/prod/GET/',
    }),
  ],
  [
    'User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********3333:abcdef1234/prod/GET/ because no resource-based policy allows the execute-api:Invoke action',
    named('resource-policy', false, { principal: 'anonymous', action: 'execute-api:Invoke' }),
  ],
  [
    'HTTP/1.1 403 Forbidden\nx-amzn-errortype: ForbiddenException\n\n{"message":"Forbidden"}',
    policy({ code: 'ForbiddenException' }),
  ],
  ['{"message":"Forbidden"}', undefined],
  ['{"message":"Missing Authentication Token"}', undefined],
  [
    'An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: You are not authorized to perform this operation.',
    policy({ code: 'UnauthorizedOperation', action: 'ec2:DescribeInstances' }),
  ],
  [
    'An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/a is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-west-1:111122223333:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: aBcD1234_-xyz',
    named('identity-policy', false, { code: 'UnauthorizedOperation', action: 'ec2:RunInstances' }),
  ],
  [
    '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors></Response>',
    policy({ code: 'UnauthorizedOperation' }),
  ],
  [
    'An error occurred (AccessDeniedException) when calling the Decrypt operation: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    policy({ code: 'AccessDeniedException', action: 'kms:Decrypt' }),
  ],
  [
    'AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    policy({ code: 'AccessDeniedException' }),
  ],
  [
    'An error occurred (AuthorizationError) when calling the Publish operation: User: arn:aws:iam::111122223333:user/a is not authorized to perform: SNS:Publish on resource: arn:aws:sns:eu-west-1:111122223333:t',
    policy({ code: 'AuthorizationError', action: 'sns:Publish', resource: 'arn:aws:sns:eu-west-1:111122223333:t' }),
  ],
  [
    'An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    policy({ code: 'AccessDenied', action: 'sts:AssumeRoleWithWebIdentity' }),
  ],
  [
    'operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 1, api error AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/app/i-1 is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf because no VPC endpoint policy allows the secretsmanager:GetSecretValue action',
    named('endpoint-policy', false, {
      code: 'AccessDeniedException',
      resource: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf',
    }),
  ],
  [
    'operation error S3: HeadObject, https response error StatusCode: 403, RequestID: 1, HostID: 2, api error Forbidden: Forbidden',
    policy({ action: 's3:GetObject' }),
  ],
  [
    'operation error SQS: SendMessage, https response error StatusCode: 403, RequestID: 1, AccessDenied: Access to the resource https://sqs.eu-west-1.amazonaws.com/ is denied.',
    policy({ code: 'AccessDenied', action: 'sqs:SendMessage' }),
  ],
  [
    'com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: 1; S3 Extended Request ID: 2)',
    policy({ code: 'AccessDenied' }),
  ],
  [
    'software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Service: S3, Status Code: 403, Request ID: 1)',
    policy(),
  ],
  [
    'AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/app/f is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:eu-west-1::foundation-model/m because no identity-based policy allows the bedrock:InvokeModel action',
    named('identity-policy', false, {
      code: 'AccessDeniedException',
      action: 'bedrock:InvokeModel',
      resource: 'arn:aws:bedrock:eu-west-1::foundation-model/m',
    }),
  ],
  [
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/exec/t is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no VPC endpoint policy allows the ecr:GetAuthorizationToken action',
    named('endpoint-policy', false, {
      code: 'AccessDeniedException',
      action: 'ecr:GetAuthorizationToken',
      resource: '*',
    }),
  ],
  [
    '{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: arn:aws:iam::111122223333:user/a is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t because no resource-based policy allows the dynamodb:GetItem action"}',
    named('resource-policy', false, {
      code: 'AccessDeniedException',
      resource: 'arn:aws:dynamodb:eu-west-1:111122223333:table/t',
    }),
  ],
  [
    'time=\\"2026\\" level=error msg=\\"User: arn:aws:iam::111122223333:user/a is not authorized to perform: sqs:SendMessage on resource: \\\\\\"arn:aws:sqs:eu-west-1:111122223333:q\\\\\\" with an explicit deny in a resource-based policy\\"',
    named('resource-policy', true, { resource: 'arn:aws:sqs:eu-west-1:111122223333:q' }),
  ],
  [
    '&lt;Error&gt;&lt;Code&gt;AccessDenied&lt;/Code&gt;&lt;Message&gt;Access Denied&lt;/Message&gt;&lt;/Error&gt;',
    policy({ code: 'AccessDenied' }),
  ],
  ['AllAccessDisabled: All access to this object has been disabled', policy({ code: 'AllAccessDisabled' })],
];

const CREDENTIALS: readonly Row[] = [
  ['Unable to locate credentials. You can configure credentials by running "aws configure".', credentials('missing')],
  ['NoCredentialProviders: no valid providers in chain. Deprecated.', credentials('missing', 'NoCredentialProviders')],
  [
    'CredentialsProviderError: Could not load credentials from any providers',
    credentials('missing', 'CredentialsProviderError'),
  ],
  ['Could not load credentials from any providers', credentials('missing')],
  [
    'failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded',
    credentials('missing'),
  ],
  ['Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1', credentials('missing')],
  [
    'com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain',
    credentials('missing'),
  ],
  [
    'software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain',
    credentials('missing'),
  ],
  [
    'botocore.exceptions.NoCredentialsError: Unable to locate credentials',
    credentials('missing', 'NoCredentialsError'),
  ],
  [
    'Failed to create log stream errorCode=CredentialsEndpointError ... failed to load credentials',
    credentials('missing', 'CredentialsEndpointError'),
  ],
  [
    'An error occurred (MissingAuthenticationToken) when calling the ListUsers operation: Request is missing Authentication Token',
    credentials('missing', 'MissingAuthenticationToken'),
  ],
  [
    'An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.',
    credentials('expired', 'ExpiredToken'),
  ],
  [
    'An error occurred (ExpiredTokenException) when calling the GetSecretValue operation: The security token included in the request is expired',
    credentials('expired', 'ExpiredTokenException'),
  ],
  [
    'An error occurred (RequestExpired) when calling the DescribeInstances operation: Request has expired.',
    credentials('expired', 'RequestExpired'),
  ],
  ['The security token included in the request is expired', credentials('expired')],
  ['denied: Your authorization token has expired. Reauthenticate and try again.', credentials('expired')],
  ['The SSO session associated with this profile has expired or is otherwise invalid.', credentials('expired')],
  ['Error when retrieving token from sso: Token has expired and refresh failed', credentials('expired')],
  [
    'An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid.',
    credentials('invalid', 'InvalidClientTokenId'),
  ],
  [
    'UnrecognizedClientException: The security token included in the request is invalid.',
    credentials('invalid', 'UnrecognizedClientException'),
  ],
  [
    'An error occurred (InvalidAccessKeyId) when calling the ListBuckets operation: The AWS Access Key Id you provided does not exist in our records.',
    credentials('invalid', 'InvalidAccessKeyId'),
  ],
  [
    'An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature we calculated does not match the signature you provided.',
    credentials('invalid', 'SignatureDoesNotMatch'),
  ],
  [
    'An error occurred (AuthFailure) when calling the DescribeInstances operation: AWS was not able to validate the provided access credentials',
    credentials('invalid', 'AuthFailure'),
  ],
  ['AWS was not able to validate the provided access credentials', credentials('invalid')],
  [
    'IncompleteSignatureException: Authorization header requires existence of either a X-Amz-Date or a Date header.',
    credentials('invalid', 'IncompleteSignatureException'),
  ],
  [
    '<Error><Code>InvalidToken</Code><Message>The provided token is malformed or otherwise invalid.</Message></Error>',
    credentials('invalid', 'InvalidToken'),
  ],
];

/** About something else, though some of the words are the same. */
const NO_DENIAL: readonly string[] = [
  '',
  'dial tcp 10.0.1.5:443: i/o timeout',
  'RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
  'InvalidSignatureException: Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z',
  'SignatureDoesNotMatch: Signature not yet current: 20260101T010000Z is still later than 20260101T000000Z',
  'WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed caused by: Post "https://sts.eu-west-1.amazonaws.com/": dial tcp 10.0.9.9:443: i/o timeout',
  "Access denied for user 'root'@'10.0.0.1' (using password: YES)",
  '{"message":"Unable to determine service/operation name to be authorized","__type":"AccessDeniedException"}',
  '<UnknownOperationException/>',
  'PermanentRedirect: The bucket you are attempting to access must be addressed using the specified endpoint.',
  'Status code: 403 for https://rpm.example.com/repo/repomd.xml',
  'Permission denied (publickey).',
  'You do not have permission to write /var/log/app.log',
];

const ROWS: readonly Row[] = [...IAM_PAGE, ...EVERY_FORM, ...CLIENTS, ...CREDENTIALS];

describe('the words of a refusal', () => {
  it('are many', () => expect(new Set(ROWS.map(([text]) => text)).size).toBeGreaterThan(110));

  it.each(ROWS)('%s', (text, expected) => {
    const denial = readDenial(text);
    if (expected === undefined) {
      expect(denial).toBeUndefined();
      return;
    }
    expect(denial).toMatchObject(expected);
    for (const field of ['by', 'explicit', 'policyArn', 'problem'])
      if (!(field in expected)) expect(denial).not.toHaveProperty(field);
    expect(DenialSchema.safeParse(denial).success).toBe(true);
    expect(denial?.text.length).toBeGreaterThan(0);
    expect(denial?.text.length).toBeLessThanOrEqual(300);
  });

  it.each(NO_DENIAL)('are not in: %s', (text) => expect(readDenial(text)).toBeUndefined());

  it('are found wherever they stand in a log', () => {
    const noise = 'level=info msg="still waiting for the queue"\n'.repeat(80);
    for (const [text, expected] of [...IAM_PAGE, ...EVERY_FORM]) {
      const found = readDenial(`${noise}2026-03-01T12:00:00Z ERROR ${text}\n${noise}`);
      expect(found).toMatchObject(expected ?? {});
    }
  });
});

describe('an answer', () => {
  const s3 = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
  it.each([
    [{ status: 403, errorType: 'AccessDenied', body: s3 }, policy({ code: 'AccessDenied' })],
    [{ status: 403, body: s3 }, policy({ code: 'AccessDenied' })],
    [{ status: 200, body: s3 }, undefined],
    [{ status: 400, errorType: 'UnrecognizedClientException' }, credentials('invalid', 'UnrecognizedClientException')],
    [
      { status: 403, errorType: 'MissingAuthenticationToken', body: '{}' },
      credentials('missing', 'MissingAuthenticationToken'),
    ],
    [{ status: 404, errorType: 'UnknownOperationException' }, undefined],
    [{ status: 500, body: 'oops' }, undefined],
  ])('%j, signed', (answer, expected) => {
    const denial = readDenialOf(answer);
    if (expected === undefined) expect(denial).toBeUndefined();
    else expect(denial).toMatchObject(expected);
  });

  it.each([
    [{ status: 403, errorType: 'AccessDenied', body: s3 }, undefined],
    [
      {
        status: 403,
        errorType: 'MissingAuthenticationTokenException',
        body: '{"message":"Missing Authentication Token"}',
      },
      undefined,
    ],
    [{ status: 403, errorType: 'ForbiddenException', body: '{"message":"Forbidden"}' }, undefined],
    [{ status: 403, errorType: 'InvalidClientTokenId' }, undefined],
    [
      {
        status: 403,
        errorType: 'AccessDeniedException',
        body: '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********3333:a/b/GET/ with an explicit deny"}',
      },
      policy({ action: 'execute-api:Invoke', explicit: true, code: 'AccessDeniedException' }),
    ],
  ])('%j, unsigned', (answer, expected) => {
    const denial = readUnsignedDenialOf(answer);
    if (expected === undefined) expect(denial).toBeUndefined();
    else expect(denial).toMatchObject(expected);
  });
});

describe('what was sent', () => {
  const KEY = 'AKIAIOSFODNN7EXAMPLE';
  const SIGNATURE = 'fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024';
  const TOKEN = `IQoJb3JpZ2luX2VjE${'Aa1/+'.repeat(60)}==`;
  const TEXTS = [
    `<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided.</Message><AWSAccessKeyId>${KEY}</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256\n20260101T000000Z\n${SIGNATURE}</StringToSign><SignatureProvided>${SIGNATURE}</SignatureProvided><CanonicalRequest>GET\n/\nx-amz-security-token:${TOKEN}\n${SIGNATURE}</CanonicalRequest></Error>`,
    `<Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id ${KEY} you provided does not exist in our records.</Message><AWSAccessKeyId>${KEY}</AWSAccessKeyId></Error>`,
    `SignatureDoesNotMatch: The request signature we calculated does not match. The Canonical String for this request should have been 'GET / x-amz-security-token:${TOKEN} ${SIGNATURE}'`,
    `{"__type":"IncompleteSignatureException","message":"'${SIGNATURE}' not a valid key=value pair in Authorization header: 'AWS4-HMAC-SHA256 Credential=${KEY}/20260101/eu-west-1/s3/aws4_request, Signature=${SIGNATURE}'."}`,
    `ExpiredToken for https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Credential=${KEY}%2F2026&X-Amz-Security-Token=${encodeURIComponent(TOKEN)}&X-Amz-Signature=${SIGNATURE}`,
    `InvalidToken: <Token-0>${TOKEN}</Token-0> AccessDenied`,
    `AccessDenied ${TOKEN}`,
    `InvalidClientTokenId AWS_ACCESS_KEY_ID=${KEY} AWS_SESSION_TOKEN=${TOKEN} aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`,
    `UnauthorizedOperation: You are not authorized. Encoded authorization failure message: ${TOKEN}`,
    `AuthFailure Authorization: AWS ${KEY}:frJIUN8DYpKDtOLCwo//yllqDzg=`,
  ];
  it.each(TEXTS)('is never in the text: %s', (text) => {
    const denial = readDenial(text);
    expect(denial).toBeDefined();
    const shown = JSON.stringify(denial);
    for (const secret of [KEY, SIGNATURE, SIGNATURE.slice(0, 20), TOKEN.slice(0, 40), 'wJalrXUtnFEMI', 'frJIUN8D'])
      expect(shown).not.toContain(secret);
  });

  const PASTED = [
    'ExpiredToken: Authorization: Bearer CANARYc2VjcmV0',
    'ExpiredToken token=CANARYc2VjcmV0&x=1',
    'InvalidClientTokenId for https://reader:CANARYc2VjcmV0@proxy.corp:8080/',
    'AccessDenied password: CANARYc2VjcmV0',
    'ExpiredToken: FwoGZXIvYXdzCANARYc2VjcmV0',
    'InvalidToken eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJDQUNANARYc2VjcmV0In0.CANARYc2VjcmV0',
    'SignatureDoesNotMatch CANARYc2VjcmV0/K7MDENG/bPxRfiCYEXAMPL3KE',
    "IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'CANARYc2VjcmV0'",
  ];
  it.each(PASTED)('nor what is pasted along: %s', (text) => {
    expect(readDenial(text)?.text).toMatch(/…/);
    expect(JSON.stringify(readDenial(text))).not.toContain('NARYc2VjcmV0');
  });

  it('nor is a resource taken for one', () => {
    const text =
      'User: arn:aws:iam::111122223333:user/bob is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:111122223333:secret:token/Ab-1CdEfG because no VPC endpoint policy allows the secretsmanager:GetSecretValue action';
    expect(readDenial(text)?.text).toBe(text);
  });

  it('nor what would move the reader’s cursor', () => {
    const denial = readDenial('AccessDenied: \u001b[2J\u202e\u0000 Access Denied');
    expect(denial?.text).not.toMatch(/[\p{C}]/u);
  });
});

describe('any text', () => {
  it('is read without fault, the same again, and within the limits', () => {
    const pieces = ROWS.map(([text]) => text).concat(NO_DENIAL);
    const texts = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string(), fc.constantFrom('User: ', '"', '\\', '<Code>', ' ')), {
        maxLength: 6,
      })
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(texts, (text) => {
        const denial: Denial | undefined = readDenial(text);
        expect(readDenial(text)).toEqual(denial);
        if (denial !== undefined) {
          expect(DenialSchema.safeParse(denial).success).toBe(true);
          expect(denial.text.length).toBeLessThanOrEqual(300);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the work', () => {
  /** Every expression of the two files, as it is written. */
  const expressions = ['src/policy/denials.ts', 'src/policy/operations.ts'].flatMap((file) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
    return [
      ...code.matchAll(/(?<=[(,=[:]\s*|^\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n[])+)\/[dgimsuvy]*/gm),
    ].flatMap(([, body]) => body ?? []);
  });

  it('is bounded: no expression repeats without end, nor a repeat within a repeat', () => {
    expect(expressions.length).toBeGreaterThan(45);
    for (const body of expressions) {
      const plain = body.replace(/\\./g, 'x').replace(/\[(?:[^\]])*\]/g, 'x');
      expect(plain, body).not.toMatch(/[*+]|\{\d+,\}/);
      expect(plain, body).not.toMatch(/\{\d+,\d+\}\)\{\d+,\d{2,}\}/);
    }
  });

  it('grows no faster than the text, up to where the text is cut', () => {
    let looked = 0;
    const exec = RegExp.prototype.exec;
    RegExp.prototype.exec = function (this: RegExp, text: string) {
      const from = this.global || this.sticky ? this.lastIndex : 0;
      const found = exec.call(this, text);
      looked += (found === null ? text.length : found.index + found[0].length) - from;
      return found;
    };
    const workOn = (text: string) => {
      looked = 0;
      readDenial(text);
      return looked;
    };
    try {
      for (const unit of [
        'User: ',
        'is not authorized to perform: ',
        '<Code>',
        '403 ',
        'because no ',
        '\\"',
        'https://a.s3.',
      ]) {
        const [half, whole, beyond] = [10_000, 20_000, 400_000].map((size) =>
          workOn(unit.repeat(Math.ceil(size / unit.length)).slice(0, size)),
        );
        expect(whole).toBeLessThanOrEqual(2.2 * (half ?? 0) + 5_000);
        expect(beyond).toBe(whole);
      }
    } finally {
      RegExp.prototype.exec = exec;
    }
  });
});
