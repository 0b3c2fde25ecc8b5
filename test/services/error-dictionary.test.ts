/** Every line of the error-message dictionary (symptoms.md): what it must be taken for, and what is tested where it names nothing. */
import { describe, expect, it } from 'vitest';
import { targetsFromError } from '../../src/services/error-text.ts';

const SILENCE = /^Nothing answered/;
const RESOLVER = /^The resolver did not answer/;
const NO_NAME = /^The name was not found/;
const CUT = /^The connection was cut/;
const NO_CREDENTIALS = /^No credentials were found/;
const LOGS = /waits for CloudWatch Logs/;

/** [the words of the dictionary, what they point to, the service or workload where the words name no host] */
const DICTIONARY: readonly (readonly [string, RegExp, string?])[] = [
  // connecting
  ['dial tcp <in-VPC IP>:443: i/o timeout', SILENCE],
  ['dial tcp: i/o timeout', RESOLVER],
  ['dial tcp [64:ff9b::...]:443: i/o timeout', SILENCE],
  ['dial tcp: lookup X on 10.x.x.2:53: no such host', NO_NAME],
  ['curl: (6) Could not resolve host', NO_NAME],
  ['getaddrinfo ENOTFOUND', NO_NAME],
  ['getaddrinfo EAI_AGAIN', RESOLVER],
  ['java.net.UnknownHostException', RESOLVER],
  ['All nameservers failed to answer', RESOLVER],
  ['Connect timeout on endpoint URL: "https://..."', SILENCE],
  ['ConnectTimeoutError', SILENCE],
  ['ReadTimeoutError ... Read timeout on endpoint URL', SILENCE],
  ['Could not connect to the endpoint URL', SILENCE],
  ['net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)', SILENCE],
  ['net/http: TLS handshake timeout', /^TCP opened and the TLS greeting/],
  ['Unable to execute HTTP request: Connect to X:443 ... connect timed out', SILENCE],
  ['UnknownEndpoint: Inaccessible host', SILENCE],
  ['read: connection reset by peer', CUT],
  ['socket hang up', CUT],
  ['Task timed out after N seconds', SILENCE],
  ['Sandbox.Timedout', SILENCE],
  ['proxyconnect tcp: tls: first record does not look like a TLS handshake', /^The connection went to a proxy/],
  // TLS
  ['x509: certificate is valid for logs.<region>..., not vpce-...', /^The certificate does not cover/],
  ['x509: certificate signed by unknown authority', /^The certificate is not trusted/],
  ['Invalid server certificate', /^The certificate is not trusted/],
  // HTTP and policies
  ['because no VPC endpoint policy allows the <action> action', /endpoint policy has no Allow/],
  ['with an explicit deny in a VPC endpoint policy', /endpoint policy denies/],
  ['because no identity-based policy allows the <action> action', /came by another path/],
  [
    "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<?xml ...<Code>AccessDenied",
    /^S3 answered and refused/,
    'ecr-pull',
  ],
  ['CannotPullContainerError ... 403 Forbidden', /^S3 answered and refused/, 'ecr-pull'],
  ['Status code: 403', /^S3 answered and refused/],
  ['{"message":"Forbidden"}', /execute-api/],
  ['x-amzn-errortype: ForbiddenException', /execute-api/],
  ['User: anonymous is not authorized to perform: execute-api:Invoke on resource:', /execute-api/, 'execute-api'],
  ['UnknownOperationException', /another service than the one/],
  ["Credential should be scoped to a valid region, not 'vpce'", /Region for the signature/],
  ['RequestTimeTooSkewed', /clock/],
  ['Signature expired', /clock/],
  ['AWS was not able to validate the provided access credentials', /credentials are wrong, or the clock/, 'sts'],
  ['PermanentRedirect', /another Region/],
  ['The bucket you are attempting to access must be addressed using the specified endpoint', /another Region/],
  // credentials and metadata
  ['NoCredentialProviders: no valid providers in chain', NO_CREDENTIALS, 'sts'],
  ['no EC2 IMDS role found', NO_CREDENTIALS, 'sts'],
  ['CredentialsEndpointError', NO_CREDENTIALS, 'sts'],
  ['Missing credentials in config', NO_CREDENTIALS, 'sts'],
  ['EC2MetadataError ... status code: 401', /IMDSv2/],
  ['WebIdentityErr: failed to retrieve credentials caused by: RequestError', /^STS gave no credentials/, 'sts'],
  // agents
  [
    'Entering SSM Agent hibernate - RequestError: send request failed caused by: Post https://ssm...',
    /^The SSM agent/,
    'ssm',
  ],
  ['RequestManagedInstanceRoleToken: RequestError', /^The SSM agent/, 'ssm'],
  ['TargetNotConnected', /ssmmessages/, 'session-manager'],
  ['SSM Agent is not online', /ssmmessages/, 'session-manager'],
  ['Starting session with SessionId ...', /two minutes/, 'session-manager'],
  [
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group",
    /not encryption/,
    'logs',
  ],
  ['Error when querying S3 bucket using address http://<bucket>.s3...', /port 80/, 's3'],
  ['ResourceInitializationError: unable to pull secrets or registry auth: ...', /registry login/, 'ecs-fargate'],
  ['ResourceInitializationError: failed to validate logger args', LOGS, 'logs'],
  ['failed to create Cloudwatch log stream', LOGS, 'logs'],
  [
    'Failed to create log stream errorCode=CredentialsEndpointError ... failed to load credentials',
    NO_CREDENTIALS,
    'sts',
  ],
  ['DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s', LOGS, 'logs'],
  ['CannotPullContainerError: ... context canceled', SILENCE, 'ecr-pull'],
  ['failed to do request: ... production.cloudflare.docker.com ... timeout', /public registry/],
  ['*.cloudfront.net', /public registry/],
  ['Error connecting to ACS: websocket client: unable to dial ecs-a-...', /ecs-agent/, 'ecs-ec2'],
  ['NodeCreationFailure: Instances failed to join the kubernetes cluster', /could not join/, 'eks-node'],
  ['Retrying waiting for IPAM-D', /VPC CNI/, 'eks-node'],
  ['cni config uninitialized', /VPC CNI/, 'eks-node'],
  ['Failed to resolve "fs-....efs.<region>.amazonaws.com" - check that your file system ID is correct', NO_NAME],
  ['WaitCondition timed out. Received 0 conditions', /CloudFormation/, 'cloudformation'],
  ['Failed to receive 1 resource signal(s)', /CloudFormation/, 'cloudformation'],
  ['CloudFormation did not receive a response from your Custom Resource', /CloudFormation/, 'cloudformation'],
  ['Cannot reach InstanceService', /codedeploy-commands-secure/, 'codedeploy'],
  ['VPC S3 endpoint validation failed for SubnetId', /gateway endpoint/, 's3'],
  [
    "Please ensure that the subnet's route table has a route to an S3 VPC endpoint or a NAT device",
    /gateway endpoint/,
    's3',
  ],
  ['FutureWarning: The sqs client is currently using a deprecated endpoint', /legacy host/],
  ['Failed to discover the endpoint for the request', /discovery host/],
  ['EndpointDiscoveryRefreshFailed', /discovery host/],
  ['ErrorPortAllocation', /source ports/],
  ['Cancelled in-flight API_VERSIONS request ... node -1 being disconnected', /another protocol or authentication/],
  // creating
  [
    'private-dns-enabled cannot be set because there is already a conflicting DNS domain for X in the VPC',
    /already owns the name/,
  ],
  ['ConflictingDomainExists: The VPC ... has already been associated with the hosted zone', /already owns the name/],
  [
    'Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true',
    /DNS attributes/,
  ],
  ["Private DNS can't be enabled because the service ... does not provide a private DNS name", /offers no private DNS/],
  [
    'To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC must have a Gateway endpoint for the service',
    /needs an S3 gateway endpoint/,
    's3',
  ],
  ['does not support the availability zone of the subnet', /not offered in the zone/],
  ['Only the following availability zones are supported for remote access', /cross-Region/],
  [
    'DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone',
    /one subnet for each zone/,
  ],
  ["InvalidServiceName: The Vpc Endpoint Service '...' does not exist", /does not exist under this name/],
  ['multiple VPC Endpoint Services matched', /each type/],
  ["unexpected state 'pending', wanted target 'available'", /accept/],
  ['RSLVR-00804', /loop/],
];

describe('the error-message dictionary', () => {
  it('holds each line once', () => {
    expect(new Set(DICTIONARY.map(([text]) => text)).size).toBe(DICTIONARY.length);
    expect(DICTIONARY.length).toBeGreaterThan(85);
  });

  it.each(DICTIONARY.map(([text, hypothesis, subject]) => [text, hypothesis, subject] as const))(
    '%s',
    (text, hypothesis, subject) => {
      const reading = targetsFromError(text);
      expect(reading.hypothesis).toMatch(hypothesis);
      // Placeholders are no hosts: what is tested then is what words its errors so, or nothing.
      const subjects = reading.requests.map((request) =>
        request.kind === 'workload' ? request.workload : request.kind === 'service' ? request.service : request.text,
      );
      expect(subjects).toEqual(subject === undefined ? [] : [subject]);
    },
  );

  it('keeps the address beside the host that it belongs to', () => {
    const one = targetsFromError('Post "https://sts.eu-west-1.amazonaws.com/": dial tcp 10.0.9.9:443: i/o timeout');
    expect(one.requests).toMatchObject([{ kind: 'host', host: 'sts.eu-west-1.amazonaws.com', pasted: '10.0.9.9' }]);
    const two = targetsFromError(
      'https://sts.eu-west-1.amazonaws.com/ https://kms.eu-west-1.amazonaws.com/ dial tcp 10.0.9.9:443: i/o timeout',
    );
    expect(two.requests.map((request) => 'pasted' in request)).toEqual([false, false]);
  });
});
