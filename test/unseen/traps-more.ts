/** More of what a diagnosis gets wrong by habit: names that look like a service’s and are not, and settings that look wrong and are not. */
import type { Unseen } from './support/command-line.ts';
import { dns, proxy, reached, tcp } from './support/evidence.ts';
import { HUB_ADDRESS, hub } from './support/hub.ts';
import type { Endpoint, Network } from './support/network.ts';
import { id } from './support/rules.ts';

const R = 'eu-west-1.amazonaws.com';
const HOST = `secretsmanager.${R}`;
const BOTH = ['10.40.11.21', '10.40.12.21'];
const S3_ADDRESS = '52.218.33.9';
const S3: Endpoint = { name: 's3', service: 's3', type: 'Gateway' };
const SECRETS: Endpoint = { name: 'secrets', service: 'secretsmanager' };

const silent = (name = HOST, addresses: readonly string[] = BOTH) => [...dns(name, addresses), ...tcp(addresses)];
const works = (name = HOST, addresses: readonly string[] = BOTH) => [
  ...dns(name, addresses),
  ...reached(name, addresses),
];

/** A resource in the client’s VPC that has an AWS name: a cluster, a domain, a broker. */
function resident(host: string, service: string, port: number, about: string): Unseen {
  const owner = {
    NetworkInterfaceId: id('eni', 'resident'),
    InterfaceType: 'interface',
    Description: about,
    RequesterManaged: true,
    Status: 'in-use',
    VpcId: id('vpc', 'main'),
    SubnetId: id('subnet', 'app-b'),
    OwnerId: '210987654321',
    PrivateIpAddress: '10.40.2.77',
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.40.2.77' }],
    Groups: [{ GroupId: id('sg', 'resident'), GroupName: 'resident' }],
  };
  const network: Network = {
    groups: { resident: [`in tcp ${port} sg:app`] },
    endpoints: [{ name: service, service }],
    more: [{ NetworkInterfaces: [owner] }],
  };
  return {
    source: 'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
    about: `${about}: it is no host of the service’s API, and the service’s endpoint has nothing to do with it`,
    network,
    evidence: { seen: [...dns(host, ['10.40.2.77']), ...tcp(['10.40.2.77'], 'open', port)] },
    targets: [`${host}:${port}`],
    verdict: 'healthy',
  };
}

export const TRAPS_RESIDENTS: Readonly<Record<string, Unseen>> = {
  'an EKS cluster’s private API': resident(
    '0A1B2C3D4E5F6071829304A5B6C7D8E9.gr7.eu-west-1.eks.amazonaws.com',
    'eks',
    443,
    'Amazon EKS demo',
  ),
  'an OpenSearch domain': resident(
    `vpc-logs-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com`,
    'es',
    443,
    'ES logs',
  ),
  'an MSK broker': resident(`b-1.demo.abc123.c2.kafka.${R}`, 'kafka', 9094, 'MSK broker 1'),
  'a mount target of EFS': resident(`fs-0123456789abcdef0.efs.${R}`, 'elasticfilesystem', 2049, 'EFS mount target'),
  'a Redshift cluster': resident(
    `warehouse.cabcdefghijk.eu-west-1.redshift.amazonaws.com`,
    'redshift',
    5439,
    'RedshiftNetworkInterface',
  ),
  'an RDS instance': resident(`orders.cabcdefghijk.eu-west-1.rds.amazonaws.com`, 'rds', 5432, 'RDSNetworkInterface'),
  'a broker of Amazon MQ': resident(`b-1234a5b6-78cd-901e-2fgh-3i45j6k178l9-1.mq.${R}`, 'mq', 5671, 'Amazon MQ'),
};

export const TRAPS_HOSTS: Readonly<Record<string, Unseen>> = {
  'DynamoDB Streams is not behind the gateway': {
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/vpc-endpoints-dynamodb.html',
    about: 'a gateway endpoint of DynamoDB does not serve streams.dynamodb',
    network: {
      tables: { app: ['pl:dynamodb vpce:dynamodb'] },
      endpoints: [{ name: 'dynamodb', service: 'dynamodb', type: 'Gateway' }],
    },
    evidence: { seen: silent(`streams.dynamodb.${R}`, ['52.95.20.30']) },
    targets: [`streams.dynamodb.${R}`],
    verdict: 'blocked',
    never: ['gateway-route-missing', 'route-overrides-endpoint'],
    first: 'endpoint-missing',
  },
  'a directory bucket is not behind S3’s gateway': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-networking.html',
    about: 'S3 Express One Zone has a gateway endpoint of its own',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, endpoints: [S3] },
    evidence: { seen: silent(`data--euw1-az3--x-s3.s3express-euw1-az3.${R}`, ['3.5.200.9']) },
    targets: [`data--euw1-az3--x-s3.s3express-euw1-az3.${R}`],
    verdict: 'blocked',
    never: ['gateway-route-missing', 'hostname-not-covered'],
    first: 'endpoint-missing',
  },
  'a bucket with dots in its name': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html',
    about: 'DNS’s wildcard covers it, the certificate’s does not',
    network: { endpoints: [{ name: 's3', service: 's3' }] },
    evidence: {
      seen: [
        ...dns(`www.example.com.s3.${R}`, BOTH),
        ...reached(`www.example.com.s3.${R}`, BOTH, { tls: 'name-mismatch', names: [`*.s3.${R}`, `s3.${R}`] }),
      ],
    },
    targets: [`www.example.com.s3.${R}`],
    verdict: 'blocked',
    first: 'tls-name-mismatch',
    only: true,
  },
  'a private API by its endpoint’s own name': {
    source: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html',
    about: 'api id and endpoint id in one label: public DNS, private addresses, no private DNS needed',
    network: { endpoints: [{ name: 'api', service: 'execute-api', privateDns: false }] },
    evidence: {
      seen: [
        ...dns(`a1b2c3d4e5-${id('vpce', 'api')}.execute-api.${R}`, BOTH),
        ...reached(`a1b2c3d4e5-${id('vpce', 'api')}.execute-api.${R}`, BOTH, {
          names: [`*.execute-api.${R}`],
          path: '/prod',
          detail: { status: 200, requestId: 'x1', clockOffsetMs: 5 },
        }),
      ],
    },
    targets: [`https://a1b2c3d4e5-${id('vpce', 'api')}.execute-api.${R}/prod`],
    verdict: 'healthy',
  },
  'a registry’s host by the wildcard': {
    source: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html',
    about: 'account ids come before dkr.ecr',
    network: { endpoints: [{ name: 'dkr', service: 'ecr.dkr' }] },
    evidence: { seen: works(`210987654321.dkr.ecr.${R}`) },
    targets: [`210987654321.dkr.ecr.${R}`],
    verdict: 'healthy',
  },
  'a function’s URL is public': {
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html',
    about: 'Lambda’s endpoint does not serve function URLs; there is no private way to them',
    network: { endpoints: [{ name: 'lambda', service: 'lambda' }] },
    evidence: { seen: silent('abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws', ['52.49.1.1']) },
    targets: ['abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws'],
    verdict: 'blocked',
    never: ['endpoint-missing', 'endpoint-sg-blocks-client'],
    first: 'no-internet-path',
  },
  'an image pull without S3': {
    source: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html',
    about: 'both endpoints of ECR, no gateway for the layers',
    network: {
      endpoints: [
        { name: 'api', service: 'ecr.api' },
        { name: 'dkr', service: 'ecr.dkr' },
      ],
    },
    evidence: {
      seen: [
        ...works(`api.ecr.${R}`),
        ...works(`210987654321.dkr.ecr.${R}`, ['10.40.11.22', '10.40.12.22']),
        ...silent(`prod-eu-west-1-starport-layer-bucket.s3.${R}`, [S3_ADDRESS]),
        ...silent(`s3.${R}`, [S3_ADDRESS]),
      ],
    },
    targets: [],
    args: ['--workload', 'ecr-pull'],
    verdict: 'blocked',
    first: 'companion-endpoint-missing',
    says: [/gateway/i],
  },
};

export const TRAPS_SETTINGS: Readonly<Record<string, Unseen>> = {
  'a clock that is four minutes off': {
    source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html',
    about: 'five minutes are allowed',
    network: { endpoints: [SECRETS] },
    evidence: {
      seen: [
        ...dns(HOST, BOTH),
        ...reached(HOST, BOTH, { detail: { status: 404, requestId: 'x', clockOffsetMs: 240_000 } }),
      ],
    },
    targets: [HOST],
    verdict: 'healthy',
    never: ['tls-intercepted'],
  },
  'a star in NO_PROXY is no pattern to everybody': {
    source: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html',
    about: 'curl takes it for a name; the proxy refuses',
    network: { endpoints: [SECRETS] },
    evidence: {
      seen: [...works(), proxy(HOST, 'denied', { status: 403 })],
      vantage: {
        proxy: { httpsProxy: 'http://squid.example.internal:3128', noProxy: '169.254.169.254,*.amazonaws.com' },
      },
    },
    targets: [HOST],
    verdict: 'degraded',
    first: 'proxy-captures-endpoint',
    says: [/curl/],
  },
  'a domain in NO_PROXY, a proxy that refuses': {
    source: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html',
    about: 'with a dot before it everybody exempts the host',
    network: { endpoints: [SECRETS] },
    evidence: {
      seen: works(),
      vantage: {
        proxy: { httpsProxy: 'http://squid.example.internal:3128', noProxy: '169.254.169.254,.amazonaws.com' },
      },
    },
    targets: [HOST],
    verdict: 'healthy',
  },
  'client and endpoint are both in the default group': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html',
    about: 'it admits its own members',
    network: {
      groups: { default: ['in all sg:default'] },
      client: { groups: ['default'] },
      endpoints: [{ ...SECRETS, groups: ['default'] }],
    },
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
  'a group without any outbound rule': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
    about: 'the rule that lets everything out can be removed',
    network: { groups: { app: ['out nothing'] }, endpoints: [SECRETS] },
    evidence: { seen: silent() },
    targets: [HOST],
    verdict: 'blocked',
    first: 'client-sg-blocks-egress',
    standing: 'confirmed',
    only: true,
  },
  'the endpoint’s group lets nothing out': {
    source: 'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html',
    about: 'its outbound rules are no matter: answers are tracked',
    network: { groups: { vpce: ['in tcp 443 10.40.0.0/16', 'out nothing'] }, endpoints: [SECRETS] },
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
  'a deleted peering leaves a dead route': {
    source: 'https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html',
    about: 'the route to the central endpoint’s VPC is a blackhole',
    network: hub({ service: 'secretsmanager', out: ['10.90.0.0/16 pcx:hub blackhole'], peered: { status: 'deleted' } }),
    evidence: { seen: silent(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'blocked',
    first: 'transit-path-broken',
  },
  'the transit gateway is not attached in the client’s zone': {
    source: 'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html',
    about: 'resources of a zone without an attachment do not reach it',
    network: hub({ service: 'secretsmanager', attachedIn: 'b' }),
    evidence: { seen: silent(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'blocked',
    first: 'transit-path-broken',
    only: true,
  },
  'everything about the central endpoint is right': {
    source:
      'https://docs.aws.amazon.com/whitepapers/latest/building-scalable-secure-multi-vpc-network-infrastructure/centralized-access-to-vpc-private-endpoints.html',
    about: 'a zone of the client’s account leads to another VPC’s endpoint over the transit gateway',
    network: hub({ service: 'secretsmanager' }),
    evidence: { seen: works(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'healthy',
  },
};
