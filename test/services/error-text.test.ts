import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetsFromError } from '../../src/services/error-text.ts';

/** A request as one word: the text of it, with its kind where that is not a host or an address. */
function asked(text: string): string[] {
  return targetsFromError(text).requests.map((request) => {
    if (request.kind === 'host') return request.port === 443 ? request.host : `${request.host}:${request.port}`;
    if (request.kind === 'address') return `${request.address}:${request.port}`;
    if (request.kind === 'service') return `service ${request.service}`;
    if (request.kind === 'workload') return `workload ${request.workload}`;
    return request.text;
  });
}

// symptoms.md, error-message dictionary: [message, requests, address, words of the hypothesis]
const MESSAGES: readonly [string, readonly string[], string | undefined, RegExp | undefined][] = [
  // connecting
  ['dial tcp 10.0.1.5:443: i/o timeout', ['10.0.1.5:443'], '10.0.1.5', /^Nothing answered/],
  [
    'Post "https://sts.eu-west-1.amazonaws.com/": dial tcp 10.0.1.5:443: i/o timeout',
    ['sts.eu-west-1.amazonaws.com'],
    '10.0.1.5',
    /^Nothing answered/,
  ],
  ['dial tcp: i/o timeout', [], undefined, /resolver did not answer/],
  ['dial tcp [64:ff9b::34d7:1]:443: i/o timeout', ['64:ff9b::34d7:1:443'], '64:ff9b::34d7:1', /^Nothing answered/],
  [
    'dial tcp: lookup oidc.eks.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host',
    ['oidc.eks.eu-west-1.amazonaws.com'],
    undefined,
    /name was not found/,
  ],
  [
    'dial tcp: lookup sts.eu-west-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.1.23:48101->10.0.0.2:53: i/o timeout',
    ['sts.eu-west-1.amazonaws.com'],
    undefined,
    /resolver did not answer/,
  ],
  [
    'read tcp 10.0.1.23:45678->10.0.2.14:443: read: connection reset by peer',
    ['10.0.2.14:443'],
    '10.0.2.14',
    /connection was cut/,
  ],
  [
    'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "https://secretsmanager.eu-west-1.amazonaws.com/"',
    ['secretsmanager.eu-west-1.amazonaws.com'],
    undefined,
    /^Nothing answered/,
  ],
  [
    'Could not connect to the endpoint URL: "https://kms-fips.eu-west-1.amazonaws.com/"',
    ['kms-fips.eu-west-1.amazonaws.com'],
    undefined,
    /^Nothing answered/,
  ],
  [
    "urllib3.exceptions.MaxRetryError: HTTPSConnectionPool(host='sts.amazonaws.com', port=443): Max retries exceeded with url: / (Caused by NameResolutionError(\"Failed to resolve 'sts.amazonaws.com' ([Errno -2] Name or service not known)\"))",
    ['sts.amazonaws.com'],
    undefined,
    /name was not found/,
  ],
  [
    'com.amazonaws.SdkClientException: Unable to execute HTTP request: Connect to sts.amazonaws.com:443 [sts.amazonaws.com/54.239.29.25] failed: connect timed out',
    ['sts.amazonaws.com'],
    '54.239.29.25',
    /^Nothing answered/,
  ],
  [
    'io.netty.channel.ConnectTimeoutException: connection timed out: sqs.eu-west-1.amazonaws.com/10.0.1.5:443',
    ['sqs.eu-west-1.amazonaws.com'],
    '10.0.1.5',
    /^Nothing answered/,
  ],
  [
    'java.net.UnknownHostException: sts.eu-west-1.amazonaws.com',
    ['sts.eu-west-1.amazonaws.com'],
    undefined,
    /resolver/,
  ],
  ['Error: connect ETIMEDOUT 10.0.1.5:443', ['10.0.1.5:443'], '10.0.1.5', /^Nothing answered/],
  ['Error: connect ECONNREFUSED ::1:443', ['::1:443'], '::1', /refused the port/],
  [
    "{ errno: -110, code: 'ETIMEDOUT', syscall: 'connect', address: '10.0.1.5', port: 443 }",
    ['10.0.1.5:443'],
    '10.0.1.5',
    /^Nothing answered/,
  ],
  ['getaddrinfo ENOTFOUND api.internal.example', ['api.internal.example'], undefined, /name was not found/],
  ['Error: getaddrinfo EAI_AGAIN sqs.eu-west-1.amazonaws.com', ['sqs.eu-west-1.amazonaws.com'], undefined, /resolver/],
  [
    "UnknownEndpoint: Inaccessible host: `logs.eu-west-1.amazonaws.com' at port `443'. This service may not be available in the `eu-west-1' region.",
    ['logs.eu-west-1.amazonaws.com'],
    undefined,
    /^Nothing answered/,
  ],
  [
    'curl: (6) Could not resolve host: sts.us-gov-west-1.amazonaws.com',
    ['sts.us-gov-west-1.amazonaws.com'],
    undefined,
    /name was not found/,
  ],
  [
    'curl: (28) Failed to connect to ec2.eu-west-1.amazonaws.com port 443 after 130001 ms: Connection timed out',
    ['ec2.eu-west-1.amazonaws.com'],
    undefined,
    /^Nothing answered/,
  ],
  [
    '*   Trying 10.0.2.14:443...\n* connect to 10.0.2.14 port 443 failed: Connection refused',
    ['10.0.2.14:443'],
    '10.0.2.14',
    /refused/,
  ],
  [
    'Get "https://ssm.eu-west-1.amazonaws.com/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ['ssm.eu-west-1.amazonaws.com'],
    undefined,
    /^Nothing answered/,
  ],
  [
    'Get "https://ssm.eu-west-1.amazonaws.com/": net/http: TLS handshake timeout',
    ['ssm.eu-west-1.amazonaws.com'],
    undefined,
    /TLS greeting/,
  ],
  [
    'Get "https://logs.eu-west-1.amazonaws.com": proxyconnect tcp: dial tcp 10.9.9.9:3128: i/o timeout',
    ['logs.eu-west-1.amazonaws.com'],
    undefined,
    /went to a proxy/,
  ],
  [
    "smtplib.SMTPConnectError: ('email-smtp.eu-west-1.amazonaws.com', 587) timed out",
    ['email-smtp.eu-west-1.amazonaws.com:587'],
    undefined,
    /^Nothing answered/,
  ],
  // TLS
  [
    'x509: certificate is valid for logs.eu-west-1.amazonaws.com, *.logs.eu-west-1.vpce.amazonaws.com, not vpce-0a1-x1y2.sts.eu-west-1.vpce.amazonaws.com',
    ['vpce-0a1-x1y2.sts.eu-west-1.vpce.amazonaws.com'],
    undefined,
    /does not cover the name/,
  ],
  [
    "Hostname/IP does not match certificate's altnames: Host: vpce-0a1-x1y2.logs.eu-west-1.vpce.amazonaws.com. is not in the cert's altnames: DNS:logs.eu-west-1.amazonaws.com",
    ['vpce-0a1-x1y2.logs.eu-west-1.vpce.amazonaws.com'],
    undefined,
    /does not cover the name/,
  ],
  [
    'Post "https://kms.eu-west-1.amazonaws.com/": x509: certificate signed by unknown authority',
    ['kms.eu-west-1.amazonaws.com'],
    undefined,
    /not trusted/,
  ],
  // HTTP and policy
  [
    'User: arn:aws:sts::123456789012:assumed-role/app/i-0abc is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/k because no VPC endpoint policy allows the kms:Decrypt action',
    ['service kms'],
    undefined,
    /endpoint policy has no Allow/,
  ],
  [
    'is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::my.bucket.example.com/x" with an explicit deny in a VPC endpoint policy',
    ['service s3'],
    undefined,
    /endpoint policy denies/,
  ],
  [
    'is not authorized to perform: bedrock:InvokeModel because no identity-based policy allows the bedrock:InvokeModel action',
    ['service bedrock-runtime'],
    undefined,
    /aws:SourceVpce/,
  ],
  ['is not authorized to perform: ecr:GetAuthorizationToken', ['service ecr.api'], undefined, undefined],
  [
    'User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:a1b2c3/prod/GET/',
    ['service execute-api'],
    undefined,
    /execute-api/,
  ],
  [
    'error parsing HTTP 403 response body: invalid character \'<\' looking for beginning of value: "<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>"',
    ['workload ecr-pull'],
    undefined,
    /S3 answered and refused/,
  ],
  [
    'Error: Failed to download metadata for repo: Status code: 403 for https://al2023-repos-eu-west-1-de612dc2.s3.dualstack.eu-west-1.amazonaws.com/core/mirrors/x/repodata/repomd.xml (IP: 52.92.1.10)',
    ['al2023-repos-eu-west-1-de612dc2.s3.dualstack.eu-west-1.amazonaws.com'],
    '52.92.1.10',
    /S3 answered and refused/,
  ],
  ['UnknownOperationException', [], undefined, /another service/],
  [
    'RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
    [],
    undefined,
    /clock/,
  ],
  // credentials
  ['NoCredentialProviders: no valid providers in chain. Deprecated.', ['service sts'], undefined, /metadata service/],
  [
    'WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed',
    ['service sts'],
    undefined,
    /^STS gave no credentials/,
  ],
  // agents
  [
    'Entering SSM Agent hibernate - RequestError: send request failed caused by: Post https://ssm.eu-west-1.amazonaws.com/: dial tcp 52.94.0.1:443: i/o timeout',
    ['ssm.eu-west-1.amazonaws.com'],
    '52.94.0.1',
    /^Nothing answered/,
  ],
  ['Entering SSM Agent hibernate - AccessDeniedException', ['workload ssm'], undefined, /^The SSM agent cannot reach/],
  [
    'An error occurred (TargetNotConnected) when calling the StartSession operation',
    ['workload session-manager'],
    undefined,
    /no channel to ssmmessages/,
  ],
  [
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group.",
    ['service logs'],
    undefined,
    /not encryption/,
  ],
  [
    'Error when querying S3 bucket using address http://amazon-ssm-eu-west-1.s3.eu-west-1.amazonaws.com: timeout',
    ['amazon-ssm-eu-west-1.s3.eu-west-1.amazonaws.com:80'],
    undefined,
    /^Nothing answered/,
  ],
  [
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 52.119.1.1:443: i/o timeout',
    ['api.ecr.eu-west-1.amazonaws.com'],
    '52.119.1.1',
    /^Nothing answered/,
  ],
  [
    'ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth: context deadline exceeded',
    ['workload ecs-fargate'],
    undefined,
    /^Nothing answered/,
  ],
  [
    'ResourceInitializationError: failed to validate logger args: signal: killed',
    ['service logs'],
    undefined,
    /waits for CloudWatch Logs/,
  ],
  [
    'CannotPullContainerError: failed to resolve ref 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:latest: failed to do request: Head "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/app/manifests/latest": dial tcp 10.0.1.5:443: i/o timeout',
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
    '10.0.1.5',
    /^Nothing answered/,
  ],
  [
    'Error response from daemon: pull access denied for 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app',
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
    undefined,
    undefined,
  ],
  [
    'Error connecting to ACS: websocket client: unable to dial ecs-a-1.eu-west-1.amazonaws.com response: : dial tcp 3.248.0.1:443: i/o timeout',
    ['ecs-a-1.eu-west-1.amazonaws.com'],
    '3.248.0.1',
    /^Nothing answered/,
  ],
  [
    'NodeCreationFailure: Instances failed to join the kubernetes cluster',
    ['workload eks-node'],
    undefined,
    /^The node could not join/,
  ],
  ['Retrying waiting for IPAM-D', ['workload eks-node'], undefined, /^The VPC CNI/],
  [
    'Failed to resolve "fs-0123abcd.efs.eu-west-1.amazonaws.com" - check that your file system ID is correct',
    ['fs-0123abcd.efs.eu-west-1.amazonaws.com'],
    undefined,
    /name was not found/,
  ],
  [
    'WaitCondition timed out. Received 0 conditions when expecting 1',
    ['workload cloudformation'],
    undefined,
    /reached CloudFormation/,
  ],
  [
    'Cannot reach InstanceService: Aws::CodeDeployCommand::Errors',
    ['workload codedeploy'],
    undefined,
    /codedeploy-commands-secure/,
  ],
  ['VPC S3 endpoint validation failed for SubnetId: subnet-0abc', ['service s3'], undefined, /gateway endpoint/],
  [
    'FutureWarning: The sqs client is currently using a deprecated endpoint: eu-west-1.queue.amazonaws.com. In the next minor version this will be moved to sqs.eu-west-1.amazonaws.com.',
    ['eu-west-1.queue.amazonaws.com'],
    undefined,
    /legacy host/,
  ],
  // control plane
  [
    'private-dns-enabled cannot be set because there is already a conflicting DNS domain for sts.eu-west-1.amazonaws.com in the VPC vpc-0abc',
    ['sts.eu-west-1.amazonaws.com'],
    undefined,
    /already owns the name/,
  ],
  [
    "InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.cn-north-1.sts' does not exist",
    ['service com.amazonaws.cn-north-1.sts'],
    undefined,
    /does not exist under this name/,
  ],
  [
    "Private DNS can't be enabled because the service com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0 does not provide a private DNS name.",
    ['service com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0'],
    undefined,
    /vpce name/,
  ],
  ['VPC endpoint vpce-0123456789abcdef0 is in state failed', ['vpce-0123456789abcdef0'], undefined, undefined],
];

describe('targetsFromError', () => {
  it.each(MESSAGES)('%s', (message, requests, address, hypothesis) => {
    const reading = targetsFromError(message);
    expect(asked(message)).toEqual(requests);
    expect(reading.address).toBe(address);
    if (hypothesis === undefined) expect(reading.hypothesis).toBeUndefined();
    else expect(reading.hypothesis).toMatch(hypothesis);
  });

  it.each([
    'at com.amazonaws.http.AmazonHttpClient.execute(AmazonHttpClient.java:701)',
    'Traceback: File "/usr/lib/python3/site-packages/botocore/client.py", line 391',
    'The role must trust ec2.amazonaws.com and ecs-tasks.amazonaws.com to assume it',
    'See https://docs.aws.amazon.com/vpc/latest/privatelink/ and https://github.com/aws/aws-cli/issues/1',
    'Successfully listened on 0.0.0.0',
    '',
  ])('finds nothing to reach in: %s', (text) => {
    expect(targetsFromError(text).requests).toEqual([]);
  });

  it('reads several lines and names each host once', () => {
    const text = `2026-11-02 ERROR Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp 10.0.1.5:443: i/o timeout
      2026-11-02 ERROR Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp 10.0.1.6:443: i/o timeout
      2026-11-02 ERROR lookup ec2messages.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host`;
    expect(asked(text)).toEqual(['ssm.eu-west-1.amazonaws.com', 'ec2messages.eu-west-1.amazonaws.com']);
    expect(targetsFromError(text).address).toBe('10.0.1.5');
  });

  const ACCOUNT = '111122223333';
  const by = (words: string) => `User: arn:aws:iam::${ACCOUNT}:user/a is not authorized to perform: ${words}`;
  it.each([
    // the bucket's own host where the Region is known, else S3
    [
      by('s3:GetObject on resource: "arn:aws:s3:::logs/a" with an explicit deny in a VPC endpoint policy (eu-west-1)'),
      ['logs.s3.eu-west-1.amazonaws.com'],
    ],
    [
      by('s3:GetObject on resource: "arn:aws:s3:::logs/a" with an explicit deny in a VPC endpoint policy'),
      ['service s3'],
    ],
    [by('s3:GetObject on resource: "arn:aws:s3:::logs.example.com/a" in eu-west-1'), ['service s3']],
    [
      by('sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:q because no VPC endpoint policy allows'),
      ['service sqs'],
    ],
    [by('ecr:GetAuthorizationToken on resource: * because no VPC endpoint policy allows it'), ['service ecr.api']],
    ['An error occurred (AccessDenied) when calling the GetObject operation: Access Denied', ['service s3']],
    [
      'AccessDenied for arn:aws:kms:eu-west-1:111122223333:key/1, asked by arn:aws:iam::111122223333:role/app',
      ['service kms'],
    ],
    ['An error occurred (ExpiredToken) when calling the SendMessage operation: expired', ['service sqs']],
    ['Unable to locate credentials. You can configure credentials by running "aws configure".', ['service sts']],
  ])('finds what was refused in: %s', (text, expected) => {
    expect(asked(text)).toEqual(expected);
    const reading = targetsFromError(text);
    expect(reading.denial).toBeDefined();
    expect(reading.requests).toMatchObject([{ denial: reading.denial }]);
  });

  it('gives a refusal to the target that it is about', () => {
    const text = `calling https://sts.eu-west-1.amazonaws.com/ and https://sqs.eu-west-1.amazonaws.com/ ${by('sqs:SendMessage because no VPC endpoint policy allows the sqs:SendMessage action')}`;
    expect(targetsFromError(text).requests.map((request) => 'denial' in request)).toEqual([false, true]);
    const unnamed = text.replace(/ User: .*/, ' AccessDenied: no');
    expect(targetsFromError(unnamed).requests.map((request) => 'denial' in request)).toEqual([true, true]);
    expect(targetsFromError('dial tcp: lookup sts.eu-west-1.amazonaws.com: no such host').requests).toEqual([
      { kind: 'host', text: 'sts.eu-west-1.amazonaws.com', host: 'sts.eu-west-1.amazonaws.com', port: 443 },
    ]);
  });

  it('drops credentials and query of a URL', () => {
    const reading = targetsFromError('GET https://user:hunter2@api.example.com:8443/x?sig=hunter2 timed out');
    expect(JSON.stringify(reading)).not.toContain('hunter2');
    expect(reading.requests).toMatchObject([{ host: 'api.example.com', port: 8443 }]);
  });

  it('gives at most eight requests, and ends soon on hostile text', () => {
    const many = Array.from({ length: 50 }, (_, index) => `https://h${index}.example.com/`).join(' ');
    expect(targetsFromError(many).requests).toHaveLength(8);
    const started = performance.now();
    for (const piece of [
      'a.',
      '[',
      'a',
      'lookup a.',
      '-',
      '[a/',
      'https://',
      'com.amazonaws.',
      '1.',
      ':',
      'dial tcp ',
      '(IP: ',
      'vpce-',
    ]) {
      targetsFromError(piece.repeat(30_000));
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.constantFrom(...MESSAGES.map(([text]) => text)),
        (noise, message) => {
          targetsFromError(noise + message + noise);
        },
      ),
    );
  });
});
