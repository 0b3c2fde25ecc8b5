/**
 * Packets arrive, and the service refuses: policies of endpoints, resources, callers and organizations, and credentials. What a
 * fix lets through is asked for again by a program of the bed's own, at the lab's services, which evaluate policies by an
 * evaluator of their own.
 */
import { SERVICE_LINK } from '../../src/lab/iam/buckets.ts';
import { addNatGateway, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import { inbound, tcp } from './edits.ts';
import {
  ALLOW,
  bucketAndObjects,
  bucketPolicy,
  endpointPolicy,
  listBucket,
  listSecrets,
  onlyBy,
  spacedOut,
} from './policies.ts';
import type { Scenario } from './scenario.ts';
import { endpoint, withoutS3Endpoint, withoutS3Route, worldWith } from './worlds.ts';

const { secretsEndpoint, s3Endpoint, secretsHost, s3Host } = LAB;
const BUCKET = 'reports';
const BUCKET_HOST = `${BUCKET}.${s3Host}`;
const AL2023 = `https://al2023-repos-eu-west-1-de612dc2.${s3Host}/core/mirrors/latest/x86_64/mirror.list`;
const REGISTRY = 'docker-images-prod';
const REGISTRY_OBJECT = `https://${REGISTRY}.${s3Host}/registry-v2/blobs/data`;
const ECR_API = 'api.ecr.eu-west-1.amazonaws.com';
const API = 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com';
/** What the registry's redirect leads to. */
const LAYER = `https://${s3Host}/prod-eu-west-1-starport-layer-bucket/sha256:0a?${SERVICE_LINK}`;
const ASKS = [listSecrets(secretsHost), listBucket(BUCKET_HOST), { url: AL2023 }];

type Edit = (world: World) => void;
type More = Partial<Omit<Scenario, 'name' | 'world'>> & { readonly expects?: Partial<Scenario['expect']> };

/** Somebody is refused what he asks for, and packets are fine: the verdict is `degraded`. */
function refused(code: CauseCode, name: string, target: string, edits: readonly Edit[], more: More = {}): Scenario {
  const { expects, ...rest } = more;
  return {
    name,
    group: 'single',
    world: worldWith(...edits),
    targets: [target],
    options: ['--signed'],
    asks: ASKS,
    expect: { verdict: 'degraded', causes: [code], ...expects },
    ...rest,
  };
}

/** The words of an application's log. */
const pasted = (text: string): More => ({ options: ['--error', text] });

/** The example of a well-known module: strangers are denied, and nobody is allowed. */
const DENY_ONLY = {
  Effect: 'Deny',
  Principal: '*',
  Action: '*',
  Resource: '*',
  Condition: { StringNotEquals: { 'aws:SourceVpc': LAB.vpc } },
};
const OWN_BUCKETS = { ...ALLOW, Action: 's3:*', Resource: bucketAndObjects('images') };

const ENDPOINT_POLICIES: readonly Scenario[] = [
  refused('endpoint-policy-denies', 'endpoint policy copied from another service', secretsHost, [
    endpointPolicy(secretsEndpoint, { ...ALLOW, Action: ['ssm:*', 'kms:Decrypt'] }),
    spacedOut,
  ]),
  refused('endpoint-policy-denies', 'endpoint policy denies everything of the service', secretsHost, [
    endpointPolicy(secretsEndpoint, ALLOW, { ...ALLOW, Sid: 'Closed', Effect: 'Deny', Action: 'secretsmanager:*' }),
  ]),
  refused('endpoint-policy-denies', 'S3 gateway endpoint policy for another bucket', BUCKET_HOST, [
    endpointPolicy(s3Endpoint, OWN_BUCKETS),
  ]),
  refused('endpoint-policy-denies', 'S3 gateway endpoint policy denies the bucket', BUCKET_HOST, [
    endpointPolicy(s3Endpoint, ALLOW, { ...ALLOW, Effect: 'Deny', Resource: bucketAndObjects(BUCKET) }),
  ]),
  refused('endpoint-policy-denies', 'S3 gateway endpoint policy names the account, its root user alone', BUCKET_HOST, [
    endpointPolicy(s3Endpoint, { ...ALLOW, Principal: { AWS: '111122223333' } }),
  ]),
  refused(
    'endpoint-policy-denies',
    'ECR endpoint policy without an Allow',
    ECR_API,
    [endpoint('vpce-ec400001', 'ecr.api', [ECR_API]), endpointPolicy('vpce-ec400001', DENY_ONLY)],
    {
      reported: 'C004',
      asks: [
        {
          sign: 'ecr',
          url: `https://${ECR_API}/`,
          target: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
        },
      ],
    },
  ),
  refused(
    'endpoint-policy-denies',
    'endpoint policy without an Allow, nothing signed',
    secretsHost,
    [endpointPolicy(secretsEndpoint, DENY_ONLY)],
    { reported: 'C058', options: [], expects: { standing: 'likely' } },
  ),
  refused(
    'endpoint-policy-denies',
    'registry’s bucket behind the S3 endpoint policy',
    REGISTRY_OBJECT,
    [
      endpointPolicy(s3Endpoint, OWN_BUCKETS),
      bucketPolicy(REGISTRY, { ...ALLOW, Action: 's3:GetObject', Resource: `arn:aws:s3:::${REGISTRY}/*` }),
      (world) => {
        world.bucketAccounts = { [REGISTRY]: '444455556666' };
      },
    ],
    {
      reported: 'C007, C231',
      targets: [],
      asks: [{ url: REGISTRY_OBJECT }],
      ...pasted(
        `error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: "<?xml version=\\"1.0\\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>" ${REGISTRY_OBJECT}`,
      ),
    },
  ),
];

const AWS_BUCKETS: readonly Scenario[] = [
  refused(
    'endpoint-policy-omits-aws-buckets',
    'packages of Amazon Linux 2023 behind a policy for one’s own buckets',
    AL2023,
    [endpointPolicy(s3Endpoint, OWN_BUCKETS)],
    { reported: 'C047', options: [] },
  ),
  refused(
    'endpoint-policy-omits-aws-buckets',
    'packages of Amazon Linux 2023 behind a policy for one’s own organization',
    AL2023,
    [endpointPolicy(s3Endpoint, { ...ALLOW, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } })],
    { reported: 'C227', options: [] },
  ),
  refused(
    'endpoint-policy-omits-aws-buckets',
    'image layers of ECR behind a policy for one’s own account',
    'unused',
    [
      endpoint('vpce-ec400001', 'ecr.api', [ECR_API]),
      endpoint('vpce-ec400002', 'ecr.dkr', ['*.dkr.ecr.eu-west-1.amazonaws.com', 'dkr.ecr.eu-west-1.amazonaws.com']),
      endpointPolicy(s3Endpoint, {
        ...ALLOW,
        Condition: { StringEquals: { 'aws:PrincipalAccount': '111122223333' } },
      }),
    ],
    {
      reported: 'C229, C230',
      targets: [],
      options: ['--workload', 'ecr-pull'],
      asks: [{ url: LAYER }],
      expects: { standing: 'likely' },
    },
  ),
];

const RESOURCE_POLICIES: readonly Scenario[] = [
  refused('resource-policy-denies-path', 'bucket demands another endpoint', BUCKET_HOST, [
    bucketPolicy(BUCKET, onlyBy(BUCKET, 'aws:SourceVpce', 'vpce-0a1b2c3d4e5f60718')),
    spacedOut,
  ]),
  refused(
    'resource-policy-denies-path',
    'bucket demands the VPC, and requests leave through NAT',
    BUCKET_HOST,
    [withoutS3Endpoint, addNatGateway, bucketPolicy(BUCKET, onlyBy(BUCKET, 'aws:SourceVpc', LAB.vpc))],
    { reported: 'C232', group: 'several', expects: { causes: ['resource-policy-denies-path', 'public-path-used'] } },
  ),
  refused(
    'resource-policy-denies-path',
    'bucket demands its own gateway endpoint, and the client’s route table has no route to it',
    BUCKET_HOST,
    [withoutS3Route, addNatGateway, bucketPolicy(BUCKET, onlyBy(BUCKET, 'aws:SourceVpce', s3Endpoint))],
    {
      group: 'several',
      expects: { causes: ['resource-policy-denies-path', 'gateway-route-missing', 'public-path-used'] },
    },
  ),
  refused(
    'resource-policy-denies-path',
    'private API demands another endpoint',
    `https://${API}/prod/orders`,
    [
      endpoint('vpce-a9100001', 'execute-api', ['execute-api.eu-west-1.amazonaws.com', `*.${API.slice(11)}`]),
      (world) => {
        const Resource = `arn:aws:execute-api:eu-west-1:${world.accountId}:a1b2c3d4e5/*`;
        const invoke = { Principal: '*', Action: 'execute-api:Invoke', Resource };
        const Condition = { StringNotEquals: { 'aws:SourceVpce': 'vpce-0a1b2c3d4e5f60718' } };
        world.api.resourcePolicies.push({
          ResourceArn: 'arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5',
          Policy: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', ...invoke },
              { Effect: 'Deny', ...invoke, Condition },
            ],
          }),
          Action: 'apigateway:GET',
        });
      },
    ],
    { reported: 'C239', options: [] },
  ),
];

const FULL = { Effect: 'Allow', Action: '*', Resource: '*' };

const CALLERS: readonly Scenario[] = [
  refused('identity-policy-denies', 'the role denies what is asked', secretsHost, [
    (world) => {
      world.identityPolicies = [{ Statement: [FULL, { Effect: 'Deny', Action: 'secretsmanager:*', Resource: '*' }] }];
    },
  ]),
  refused('organization-policy-denies', 'a service control policy denies what is asked', secretsHost, [
    (world) => {
      const deny = { Sid: 'NoSecrets', Effect: 'Deny', Action: 'secretsmanager:*', Resource: '*' };
      world.organization = { serviceControlPolicies: [{ Statement: [FULL] }, { Statement: [deny] }] };
    },
  ]),
  refused('organization-policy-denies', 'a resource control policy denies what is asked', BUCKET_HOST, [
    (world) => {
      const Condition = { StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-0000000000' } };
      const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*', Condition };
      world.organization = {
        serviceControlPolicies: [{ Statement: [FULL] }],
        resourceControlPolicies: [{ Statement: [deny] }],
      };
    },
  ]),
  refused('credentials-missing', 'credentials that have expired', secretsHost, [
    (world) => {
      world.credentials = 'expired';
    },
  ]),
  refused('credentials-missing', 'no credentials', secretsHost, [
    (world) => {
      world.client.withoutCredentials = true;
    },
  ]),
];

const SEVERAL: readonly Scenario[] = [
  refused(
    'endpoint-policy-denies',
    'endpoint policy + endpoint security group',
    secretsHost,
    [
      endpointPolicy(secretsEndpoint, { ...ALLOW, Action: 'ssm:*' }),
      inbound(LAB.endpointGroup, tcp(443, '10.0.9.0/24')),
    ],
    {
      group: 'several',
      expects: { verdict: 'blocked', causes: ['endpoint-sg-blocks-client', 'endpoint-policy-denies'] },
    },
  ),
  refused(
    'endpoint-policy-denies',
    'endpoint policy of one of two targets',
    secretsHost,
    [endpointPolicy(secretsEndpoint, { ...ALLOW, Action: 'ssm:*' })],
    { group: 'several', targets: [secretsHost, BUCKET_HOST] },
  ),
  refused(
    'endpoint-policy-denies',
    'S3 endpoint policy + bucket policy',
    BUCKET_HOST,
    [
      endpointPolicy(s3Endpoint, OWN_BUCKETS),
      bucketPolicy(BUCKET, onlyBy(BUCKET, 'aws:SourceVpce', 'vpce-0a1b2c3d4e5f60718')),
    ],
    { group: 'several', expects: { causes: ['endpoint-policy-denies', 'resource-policy-denies-path'] } },
  ),
];

const HEALTHY: readonly Scenario[] = [
  {
    ...refused(
      'endpoint-policy-denies',
      'policies that admit this caller and this way, and deny others',
      secretsHost,
      [
        endpointPolicy(
          secretsEndpoint,
          { ...ALLOW, Principal: { AWS: 'arn:aws:iam::111122223333:role/vpce-doctor-lab' } },
          { ...ALLOW, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:PrincipalAccount': '111122223333' } } },
        ),
        bucketPolicy(BUCKET, onlyBy(BUCKET, 'aws:SourceVpce', s3Endpoint)),
      ],
      { group: 'healthy', targets: [secretsHost, BUCKET_HOST] },
    ),
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    ...refused(
      'endpoint-policy-denies',
      'policies that name the application’s own action alone',
      secretsHost,
      [
        endpointPolicy(secretsEndpoint, { ...ALLOW, Action: 'secretsmanager:GetSecretValue' }),
        endpointPolicy(s3Endpoint, { ...ALLOW, Action: 's3:GetObject', Resource: `arn:aws:s3:::${BUCKET}/*` }),
      ],
      { group: 'healthy', targets: [secretsHost, BUCKET_HOST] },
    ),
    expect: { verdict: 'healthy', causes: [], advice: ['endpoint-policy-denies'] },
  },
  {
    ...refused('endpoint-policy-denies', 'refusals of requests that nobody signed', s3Host, [], {
      group: 'healthy',
      targets: [s3Host, BUCKET_HOST],
      options: [],
      asks: [],
    }),
    expect: { verdict: 'healthy', causes: [] },
  },
];

export const ACCESS_SCENARIOS: readonly Scenario[] = [
  ...ENDPOINT_POLICIES,
  ...AWS_BUCKETS,
  ...RESOURCE_POLICIES,
  ...CALLERS,
  ...SEVERAL,
  ...HEALTHY,
];
