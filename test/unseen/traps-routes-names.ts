/** Routes, names and unreadable descriptions that a diagnosis gets wrong by habit, each with the page that says what AWS does. */
import type { Unseen } from './support/command-line.ts';
import { above, dns, reached, tcp } from './support/evidence.ts';
import type { Endpoint, Network } from './support/network.ts';
import { id } from './support/rules.ts';

const R = 'eu-west-1.amazonaws.com';
const HOST = `secretsmanager.${R}`;
const BOTH = ['10.40.11.21', '10.40.12.21'];
const S3_ADDRESS = '52.218.33.9';
const NOBODY = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }] };
const S3: Endpoint = { name: 's3', service: 's3', type: 'Gateway' };
const SECRETS: Endpoint = { name: 'secrets', service: 'secretsmanager' };
const APP_A = { cidr: '10.40.1.0/24', zone: 'a', table: 'app' };

const ACLS = 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html';
const GROUPS = 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html';
const ROUTES = 'https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html';
const NAMES = 'https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html';

const silent = (name = HOST, addresses: readonly string[] = BOTH) => [...dns(name, addresses), ...tcp(addresses)];
const works = (name = HOST, addresses: readonly string[] = BOTH) => [
  ...dns(name, addresses),
  ...reached(name, addresses),
];

/** The client’s subnet behind an ACL of its own. */
const behind = (rules: readonly string[], more: Network = {}): Network => ({
  subnets: { 'app-a': { ...APP_A, acl: 'own' } },
  acls: { own: rules },
  endpoints: [SECRETS],
  ...more,
});

export const TRAPS_ROUTES: Readonly<Record<string, Unseen>> = {
  'a blackhole inside the prefix list’s block': {
    source: ROUTES,
    about: 'the more specific route wins, alive or not',
    network: {
      tables: { app: ['pl:s3 vpce:s3', '52.218.32.0/20 nat:gone blackhole'] },
      nats: { gone: 'deleted' },
      endpoints: [S3],
    },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]) },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'route-blackhole',
    standing: 'confirmed',
    only: true,
  },
  'a blackhole around it': {
    source: ROUTES,
    about: 'the prefix list’s block is the longer match',
    network: {
      tables: { app: ['pl:s3 vpce:s3', '52.0.0.0/8 tgw:old blackhole', '0.0.0.0/0 nat:gone blackhole'] },
      nats: { gone: 'deleted' },
      endpoints: [S3],
    },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'A1', clockOffsetMs: 10 },
        }),
      ],
    },
    targets: ['s3'],
    verdict: 'healthy',
  },
  'the gateway’s policy denies, and its route is missing': {
    source: 'https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html',
    about: 'without the route the policy is never asked: it comes second, and is named so that it is not met next',
    network: { tables: { app: [] }, endpoints: [{ ...S3, tables: ['public'], policy: NOBODY }] },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]) },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'gateway-route-missing',
    standing: 'confirmed',
    also: ['endpoint-policy-denies'],
    only: true,
  },
  'a subnet without a table of its own takes the main one': {
    source: ROUTES,
    about: 'the gateway is on every table but the main one',
    network: {
      subnets: { 'app-a': { cidr: '10.40.1.0/24', zone: 'a' } },
      tables: { app: ['pl:s3 vpce:s3'], main: [] },
      endpoints: [{ ...S3, tables: ['app'] }],
    },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]) },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'gateway-route-missing',
    only: true,
    says: [/main table/],
  },
  'the main table has the gateway': {
    source: ROUTES,
    about: 'no association is needed for that',
    network: {
      subnets: { 'app-a': { cidr: '10.40.1.0/24', zone: 'a' } },
      tables: { main: ['pl:s3 vpce:s3'] },
      endpoints: [{ ...S3, tables: ['main'] }],
    },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'A1', clockOffsetMs: 10 },
        }),
      ],
    },
    targets: ['s3'],
    verdict: 'healthy',
  },
  'IPv6 leaves by an egress-only gateway': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html',
    about: 'a dual-stack name of EC2: IPv6 gets out, IPv4 has no route; both are said',
    network: {
      vpcs: { main: { cidrs: ['10.40.0.0/16'], ipv6: '2001:db8:40::/56' } },
      subnets: { 'app-a': { ...APP_A, ipv6: '2001:db8:40:1::/64' } },
      tables: { app: ['::/0 eigw:one'] },
      acls: {
        open: [
          '100 in allow all 0.0.0.0/0',
          '100 out allow all 0.0.0.0/0',
          '101 in allow all ::/0',
          '101 out allow all ::/0',
        ],
      },
      groups: { app: ['out all 0.0.0.0/0', 'out all ::/0'] },
      client: { ipv6: '2001:db8:40:1::37' },
    },
    evidence: {
      seen: [
        ...dns('ec2.eu-west-1.api.aws', ['54.239.32.8', '2a05:d018:10::1']),
        ...tcp(['54.239.32.8']),
        ...reached('ec2.eu-west-1.api.aws', ['2a05:d018:10::1']),
      ],
    },
    targets: ['ec2.eu-west-1.api.aws'],
    verdict: 'degraded',
    first: 'endpoint-missing',
    also: ['public-path-used'],
    only: true,
    says: [/not to 54\.239\.32\.8/, /What cause 1 says/],
  },
  'a shared subnet shows no endpoints': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html',
    about:
      'participants cannot list the owner’s endpoints: an empty list is no evidence, and the name leads to a private address',
    network: { subnets: { 'app-a': { ...APP_A, owner: '111122223333' } }, endpoints: [] },
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
    never: ['endpoint-missing'],
  },
  'a shared subnet, and no answer': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html',
    about: 'whether an endpoint is missing is for the owner to say',
    network: { subnets: { 'app-a': { ...APP_A, owner: '111122223333' } }, endpoints: [] },
    evidence: { seen: silent(HOST, ['52.94.230.10']) },
    targets: [HOST],
    verdict: 'inconclusive',
  },
};

export const TRAPS_NAMES: Readonly<Record<string, Unseen>> = {
  'a dual-stack name on an IPv4 endpoint': {
    source: NAMES,
    about: 'api.aws stays public',
    network: { endpoints: [{ name: 'kms', service: 'kms' }] },
    evidence: {
      seen: [
        ...dns('kms.eu-west-1.api.aws', ['52.95.118.8', '2a05:d018:20::1']),
        ...tcp(['52.95.118.8']),
        ...tcp(['2a05:d018:20::1'], 'unreachable'),
      ],
    },
    targets: ['kms.eu-west-1.api.aws'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
    standing: 'confirmed',
  },
  'a FIPS name that the endpoint has': {
    source: NAMES,
    about: 'what DnsEntries say decides, not the pattern of the name',
    network: {
      region: 'us-east-1',
      endpoints: [
        {
          name: 'monitoring',
          service: 'monitoring',
          names: ['monitoring.us-east-1.amazonaws.com', 'monitoring-fips.us-east-1.amazonaws.com'],
        },
      ],
    },
    evidence: { seen: works('monitoring-fips.us-east-1.amazonaws.com') },
    targets: ['monitoring-fips.us-east-1.amazonaws.com'],
    verdict: 'healthy',
  },
  'a FIPS name that it has not': {
    source: NAMES,
    about: 'the same without it',
    network: {
      region: 'us-east-1',
      endpoints: [{ name: 'kms', service: 'kms', names: ['kms.us-east-1.amazonaws.com'] }],
    },
    evidence: { seen: silent('kms-fips.us-east-1.amazonaws.com', ['52.46.140.1']) },
    targets: ['kms-fips.us-east-1.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'the old S3 name with a dash, over the gateway': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html',
    about: 'a gateway endpoint takes addresses, whatever the name was',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, endpoints: [S3] },
    evidence: {
      seen: [
        ...dns(`s3-${R}`, [S3_ADDRESS]),
        ...reached(`s3-${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'A1', clockOffsetMs: 10 },
        }),
      ],
    },
    targets: [`s3-${R}`],
    verdict: 'healthy',
  },
  'the old S3 name with a dash, and an interface endpoint': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html',
    about: 'private DNS has s3.<region> and not s3-<region>',
    network: { endpoints: [{ name: 's3', service: 's3' }] },
    evidence: { seen: silent(`bucket.s3-${R}`, [S3_ADDRESS]) },
    targets: [`bucket.s3-${R}`],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'queue.amazonaws.com is us-east-1': {
    source:
      'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-internetwork-traffic-privacy.html',
    about: 'the oldest name of SQS',
    network: { region: 'us-east-1', endpoints: [{ name: 'sqs', service: 'sqs' }] },
    evidence: { seen: silent('queue.amazonaws.com', ['3.236.169.1']) },
    targets: ['queue.amazonaws.com'],
    verdict: 'blocked',
    first: 'hostname-not-covered',
  },
  'the zonal name of a zone without an interface': {
    source: NAMES,
    about: 'such a name is in no DNS',
    network: { endpoints: [SECRETS] },
    evidence: {
      seen: dns(`${id('vpce', 'secrets')}-q1w2e3r4-eu-west-1c.secretsmanager.eu-west-1.vpce.amazonaws.com`, 'nxdomain'),
    },
    targets: [`${id('vpce', 'secrets')}-q1w2e3r4-eu-west-1c.secretsmanager.eu-west-1.vpce.amazonaws.com`],
    verdict: 'blocked',
    first: 'name-does-not-exist',
    says: [/Call vpce-\w+-q1w2e3r4\.secretsmanager/],
  },
  'S3’s private DNS is for inbound resolvers only, and a gateway is there': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html',
    about: 'inside the VPC the answers are public by design, and the gateway carries them',
    network: {
      tables: { app: ['pl:s3 vpce:s3'] },
      endpoints: [S3, { name: 's3-interface', service: 's3', inboundOnly: true }],
    },
    evidence: {
      seen: [
        ...dns(`s3.${R}`, [S3_ADDRESS]),
        ...reached(`s3.${R}`, [S3_ADDRESS], {
          detail: { status: 307, server: 'AmazonS3', requestId: 'A1', clockOffsetMs: 10 },
        }),
      ],
    },
    targets: ['s3'],
    verdict: 'healthy',
  },
  'something on port 443 speaks no TLS': {
    source: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-listener.html',
    about: 'a partner’s listener on 443 passes plaintext HTTP: the connection opens, and what comes back is no TLS',
    network: {
      endpoints: [
        {
          name: 'partner',
          service: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0',
          names: ['api.partner.example'],
        },
      ],
    },
    evidence: {
      seen: [
        ...dns('api.partner.example', BOTH),
        ...BOTH.flatMap((address) => [
          ...tcp([address], 'open'),
          ...above('api.partner.example', address, { tls: 'not-tls' }),
        ]),
      ],
    },
    targets: ['api.partner.example'],
    verdict: 'inconclusive',
    says: [/no TLS|not TLS/],
  },
};

export const TRAPS_UNREADABLE: Readonly<Record<string, Unseen>> = {
  'groups unreadable, the client’s own group is at fault': {
    source: GROUPS,
    about: 'nobody can tell whose: the words must leave both open',
    network: { groups: { app: ['out tcp 5432 10.40.0.0/16'] }, endpoints: [SECRETS], without: ['SecurityGroups'] },
    evidence: { seen: silent() },
    targets: [HOST],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    standing: 'likely',
    says: [/this host’s own|client’s own/],
  },
  'ACLs unreadable': {
    source: ACLS,
    about: 'groups and routes are read and fine, so the ACLs are what is left',
    network: { ...behind(['100 out allow all 0.0.0.0/0']), without: ['NetworkAcls'] },
    evidence: { seen: silent() },
    targets: [HOST],
    verdict: 'inconclusive',
    never: ['endpoint-sg-blocks-client', 'client-sg-blocks-egress'],
  },
  'endpoints unreadable, public answer, no connection': {
    source: NAMES,
    about: 'likely missing, and no more than likely',
    network: { endpoints: [], without: ['VpcEndpoints'] },
    evidence: { seen: silent(HOST, ['52.94.230.10']) },
    targets: [HOST],
    verdict: 'blocked',
    first: 'endpoint-missing',
    standing: 'likely',
  },
  'routes unreadable, S3 silent': {
    source: ROUTES,
    about: 'the gateway is there; whether its route is, nobody can say',
    network: { tables: { app: [] }, endpoints: [S3], without: ['RouteTables'] },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]) },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'gateway-route-missing',
    standing: 'likely',
  },
};
