/** Rules of groups and network ACLs that a diagnosis gets wrong by habit, each with the page that says what AWS does. */
import type { Unseen } from './support/command-line.ts';
import { dns, reached, tcp } from './support/evidence.ts';
import { HUB_ADDRESS, hub } from './support/hub.ts';
import type { Endpoint, Network } from './support/network.ts';

const R = 'eu-west-1.amazonaws.com';
const HOST = `secretsmanager.${R}`;
const BOTH = ['10.40.11.21', '10.40.12.21'];
const S3_ADDRESS = '52.218.33.9';
const S3: Endpoint = { name: 's3', service: 's3', type: 'Gateway' };
const SECRETS: Endpoint = { name: 'secrets', service: 'secretsmanager' };
const APP_A = { cidr: '10.40.1.0/24', zone: 'a', table: 'app' };

const ACLS = 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html';
const EPHEMERAL = 'https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html';
const GROUPS = 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html';

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

export const TRAPS_RULES: Readonly<Record<string, Unseen>> = {
  'answers to 49152–65535 only, the kernel takes 32768–60999': {
    source: EPHEMERAL,
    about: 'source ports known: a part of them passes',
    network: behind(['100 out allow all 0.0.0.0/0', '100 in allow tcp 49152-65535 0.0.0.0/0']),
    evidence: { seen: [...silent(), ...tcp(BOTH, 'open', 443, 52_000)] },
    targets: [HOST],
    verdict: 'degraded',
    first: 'client-nacl-blocks-return',
    only: true,
    says: [/32768/],
  },
  'the same on the endpoint’s side, source ports assumed': {
    source: EPHEMERAL,
    about: 'no packets and no machine: Linux’s default is assumed, and said',
    network: {
      subnets: {
        'ep-a': { cidr: '10.40.11.0/24', zone: 'a', table: 'ep', acl: 'own' },
        'ep-b': { cidr: '10.40.12.0/24', zone: 'b', table: 'ep', acl: 'own' },
      },
      acls: { own: ['100 in allow all 0.0.0.0/0', '100 out allow tcp 49152-65535 0.0.0.0/0'] },
      endpoints: [SECRETS],
    },
    targets: [HOST],
    verdict: 'degraded',
    first: 'endpoint-nacl-blocks-return',
    standing: 'modelled',
    only: true,
    says: [/assumed/],
  },
  '1024–65535 is allowed, a lower number denies inside of it': {
    source: ACLS,
    about: 'rules count in order of their numbers',
    network: behind([
      '100 out allow all 0.0.0.0/0',
      '90 in deny tcp 32768-49151 0.0.0.0/0',
      '100 in allow tcp 1024-65535 0.0.0.0/0',
    ]),
    targets: [HOST],
    verdict: 'degraded',
    first: 'client-nacl-blocks-return',
    only: true,
    says: [/rule 90/],
  },
  'lower numbers that deny other ports are no matter': {
    source: ACLS,
    about: 'RDP, and everything below the range',
    network: behind([
      '100 out allow all 0.0.0.0/0',
      '80 in deny tcp 3389 0.0.0.0/0',
      '90 in deny tcp 1-32767 0.0.0.0/0',
      '100 in allow tcp 1024-65535 0.0.0.0/0',
    ]),
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
  'inbound 443 is what people allow for the answers': {
    source: ACLS,
    about: 'a network ACL keeps no state: the answers come to the ephemeral port',
    network: behind(['100 out allow tcp 443 0.0.0.0/0', '100 in allow tcp 443 10.40.0.0/16']),
    evidence: { seen: silent() },
    targets: [HOST],
    verdict: 'blocked',
    first: 'client-nacl-blocks-return',
    only: true,
  },
  'port 53 is closed by ACL and by group, and nothing is wrong': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html',
    about: 'neither filters the Amazon resolver',
    network: behind(['100 out allow tcp 443 0.0.0.0/0', '100 in allow tcp 1024-65535 10.40.0.0/16'], {
      groups: { app: ['out tcp 443 10.40.0.0/16'] },
    }),
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
  'one interface in the client’s own subnet, the other behind an ACL that denies': {
    source: ACLS,
    about: 'inside one subnet no ACL is asked: a part works',
    network: {
      subnets: { 'app-a': { ...APP_A, acl: 'own' } },
      acls: { own: ['100 out deny all 0.0.0.0/0', '100 in deny all 0.0.0.0/0'] },
      endpoints: [{ ...SECRETS, subnets: ['app-a', 'ep-b'] }],
    },
    evidence: {
      seen: [...dns(HOST, ['10.40.1.21', '10.40.12.21']), ...reached(HOST, ['10.40.1.21']), ...tcp(['10.40.12.21'])],
    },
    targets: [HOST],
    verdict: 'degraded',
    first: 'client-nacl-blocks-egress',
    also: ['client-nacl-blocks-return'],
    only: true,
  },
  'a reference to the client’s group, over a transit gateway': {
    source: 'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html',
    about: 'referencing is off on the attachment',
    network: hub({ service: 'secretsmanager', groups: { central: ['in tcp 443 sg:app'] } }),
    evidence: { seen: silent(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'blocked',
    first: 'sg-reference-not-honoured',
    only: true,
  },
  'a reference over a peering of the same Region': {
    source: 'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html',
    about: 'it is honoured',
    network: hub({
      service: 'secretsmanager',
      groups: { central: ['in tcp 443 sg:app'] },
      peered: { status: 'active' },
    }),
    evidence: { seen: works(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'healthy',
  },
  'a reference over a peering to another Region': {
    source: 'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html',
    about: 'only VPCs of one Region can reference each other’s groups',
    network: hub({
      service: 'secretsmanager',
      groups: { central: ['in tcp 443 sg:app'] },
      peered: { status: 'active', region: 'eu-central-1' },
    }),
    evidence: { seen: silent(HOST, [HUB_ADDRESS]) },
    targets: [HOST],
    verdict: 'blocked',
    first: 'sg-reference-not-honoured',
  },
  'a reference to a group that was deleted': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
    about: 'a stale rule: it stands there and admits nobody',
    network: { groups: { vpce: ['in tcp 443 sg:gone'] }, endpoints: [SECRETS] },
    evidence: { seen: silent() },
    targets: [HOST],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    only: true,
  },
  'the client’s group lets out to the endpoint’s group only': {
    source: GROUPS,
    about: 'a reference in an outbound rule means the members’ addresses',
    network: { groups: { app: ['out tcp 443 sg:vpce'] }, endpoints: [SECRETS] },
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
  'the prefix list of another Region in the client’s group': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html',
    about: 'copied from us-east-1; the lists of this Region were read whole, and it is none of them',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, groups: { app: ['out tcp 443 pl:pl-63a5400a'] }, endpoints: [S3] },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]) },
    targets: ['s3'],
    verdict: 'inconclusive',
    never: ['gateway-route-missing', 'endpoint-missing'],
  },
  'both blocks of the VPC are admitted': {
    source: 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html',
    about: 'a pod in the second block, an endpoint in the first',
    network: {
      vpcs: { main: { cidrs: ['10.40.0.0/16', '100.64.0.0/16'] } },
      subnets: { second: { cidr: '100.64.1.0/24', zone: 'a', table: 'app' } },
      client: { subnet: 'second', address: '100.64.1.37' },
      groups: { vpce: ['in tcp 443 10.40.0.0/16', 'in tcp 443 100.64.0.0/16'] },
      endpoints: [SECRETS],
    },
    evidence: { seen: works() },
    targets: [HOST],
    verdict: 'healthy',
  },
};
