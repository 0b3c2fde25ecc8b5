/** Public reports that are not in our list, of the layer path: each as its author’s own environment must have looked. */

import type { Unseen } from './support/command-line.ts';
import { above, dns, reached, tcp } from './support/evidence.ts';
import { HUB_ADDRESS, hub } from './support/hub.ts';
import type { Endpoint, Network } from './support/network.ts';
import { id } from './support/rules.ts';

const R = 'eu-west-1.amazonaws.com';
const NAT: Network['tables'] = { app: ['0.0.0.0/0 nat:one'] };
const BOTH = ['10.40.11.21', '10.40.12.21'];
const S3_ADDRESS = '52.218.33.9';
const S3: Endpoint = { name: 's3', service: 's3', type: 'Gateway' };

const of = (...services: string[]): Endpoint[] => services.map((service) => ({ name: service, service }));
const silent = (name: string, addresses: readonly string[] = BOTH) => [...dns(name, addresses), ...tcp(addresses)];
const works = (name: string, addresses: readonly string[] = BOTH) => [
  ...dns(name, addresses),
  ...reached(name, addresses),
];

export const REPORTS_PATH: Readonly<Record<string, Unseen>> = {
  'nodes with NAT meet an ec2 endpoint that nobody knew of': {
    source: 'https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3113',
    about: 'its private DNS is for the whole VPC, its group admits another group only',
    network: { tables: NAT, groups: { other: [], vpce: ['in tcp 443 sg:other'] }, endpoints: of('ec2') },
    evidence: { seen: silent(`ec2.${R}`) },
    targets: [`ec2.${R}`],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    standing: 'confirmed',
    only: true,
  },
  'an instance in the public subnet takes the endpoint’s name too': {
    source: 'https://github.com/awslabs/data-on-eks/pull/697',
    about:
      'the endpoint’s group admits the private subnets’ blocks; the public subnet could go out, but the name is private',
    network: {
      client: { subnet: 'public', address: '10.40.100.37', publicAddress: '198.51.100.20' },
      groups: { vpce: ['in tcp 443 10.40.1.0/24', 'in tcp 443 10.40.2.0/24'] },
      endpoints: of('ssm'),
    },
    evidence: { seen: silent(`ssm.${R}`) },
    targets: ['ssm'],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    standing: 'confirmed',
    only: true,
  },
  'a second block of the VPC is not in the endpoint’s group': {
    source: 'https://github.com/chime/terraform-aws-alternat/pull/46',
    about: 'the rule names the first block of the VPC',
    network: {
      vpcs: { main: { cidrs: ['10.40.0.0/16', '100.64.0.0/16'] } },
      subnets: { second: { cidr: '100.64.1.0/24', zone: 'a', table: 'app' } },
      client: { subnet: 'second', address: '100.64.1.37' },
      endpoints: of('ec2'),
    },
    evidence: { seen: silent(`ec2.${R}`) },
    targets: [`ec2.${R}`],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    says: [/100\.64/],
  },
  'the endpoints’ group admits itself, the studio has its own': {
    source: 'https://github.com/aws-samples/amazon-sagemaker-studio-vpc-blog/pull/2',
    about: 'it worked while both had the same group',
    network: {
      groups: { vpce: ['in tcp 443 sg:vpce'] },
      endpoints: [{ name: 'api', service: 'sagemaker.api', names: [`api.sagemaker.${R}`] }],
    },
    evidence: { seen: silent(`api.sagemaker.${R}`) },
    targets: [`api.sagemaker.${R}`],
    verdict: 'blocked',
    first: 'endpoint-sg-blocks-client',
    only: true,
  },
  'a function’s group lets out to the VPC only, S3 goes by the gateway': {
    source: 'https://github.com/cds-snc/covid-alert-server-staging-terraform/pull/87',
    about: 'the gateway has no address in the VPC: the service’s prefix list must be let out',
    network: { tables: { app: ['pl:s3 vpce:s3'] }, groups: { app: ['out tcp 443 10.40.0.0/16'] }, endpoints: [S3] },
    evidence: { seen: silent(`s3.${R}`, [S3_ADDRESS]), vantage: { kind: 'lambda' } },
    targets: ['s3'],
    verdict: 'blocked',
    first: 'client-sg-blocks-egress',
    standing: 'confirmed',
    only: true,
    says: [/pl-6da54004/],
  },
  'a network ACL of denies alone': {
    source: 'https://github.com/clouddrove/terraform-aws-subnet/issues/103',
    about: 'rule 100 denies all, both ways; image layers come over the gateway',
    network: {
      tables: { app: ['pl:s3 vpce:s3'] },
      subnets: { 'app-a': { cidr: '10.40.1.0/24', zone: 'a', table: 'app', acl: 'shut' } },
      acls: { shut: ['100 out deny all 0.0.0.0/0', '100 in deny all 0.0.0.0/0'] },
      endpoints: [S3],
    },
    evidence: { seen: silent(`prod-eu-west-1-starport-layer-bucket.s3.${R}`, [S3_ADDRESS]) },
    targets: [`prod-eu-west-1-starport-layer-bucket.s3.${R}`],
    verdict: 'blocked',
    first: 'client-nacl-blocks-egress',
    also: ['client-nacl-blocks-return'],
    only: true,
  },
  'the hub’s subnets know no way back': {
    source: 'https://github.com/ministryofjustice/modernisation-platform/pull/13450',
    about: 'requests reach the central endpoint, the answers have no route',
    network: hub({ service: 'ssm', back: [] }),
    evidence: { seen: silent(`ssm.${R}`, [HUB_ADDRESS]) },
    targets: [`ssm.${R}`],
    verdict: 'blocked',
    first: 'return-route-missing',
    standing: 'confirmed',
    only: true,
  },
  'the hub’s attachment knows no way back': {
    source: 'https://github.com/ministryofjustice/modernisation-platform/pull/13503',
    about: 'the route is missing in the transit gateway’s own table of the hub',
    network: hub({ service: 'ssm', hubTable: ['10.90.0.0/16'] }),
    evidence: { seen: silent(`ssm.${R}`, [HUB_ADDRESS]) },
    targets: [`ssm.${R}`],
    verdict: 'blocked',
    first: 'transit-path-broken',
    standing: 'confirmed',
    only: true,
  },
  'the transit gateway has a block that is not the spoke’s': {
    source: 'https://github.com/CrowdStrike/Cloud-AWS/pull/247',
    about: 'a hard-coded block: there it goes, back it does not',
    network: hub({ service: 'secretsmanager', hubTable: ['10.41.0.0/16', '10.90.0.0/16'] }),
    evidence: { seen: silent(`secretsmanager.${R}`, [HUB_ADDRESS]) },
    targets: ['secretsmanager'],
    verdict: 'blocked',
    first: 'transit-path-broken',
  },
  'port 80 is needed too': {
    source: 'https://github.com/aws/context-ontology-accelerator/issues/193',
    about: 'the driver asks for revocation over HTTP; the function’s group lets 443 out',
    network: {
      groups: { app: ['out tcp 443 0.0.0.0/0'], vpce: ['in tcp 443 10.40.0.0/16', 'in tcp 80 10.40.0.0/16'] },
      endpoints: [
        { name: 'snowflake', service: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0aa11bb22cc33dd44', privateDns: false },
      ],
    },
    evidence: {
      seen: [
        ...dns('ocsp.acme.eu-west-1.privatelink.snowflakecomputing.com', BOTH),
        ...tcp(BOTH, 'timeout', 80),
        ...works('acme.eu-west-1.privatelink.snowflakecomputing.com'),
      ],
      vantage: { kind: 'lambda' },
    },
    targets: [
      'http://ocsp.acme.eu-west-1.privatelink.snowflakecomputing.com',
      'acme.eu-west-1.privatelink.snowflakecomputing.com',
    ],
    verdict: 'blocked',
    first: 'client-sg-blocks-egress',
    standing: 'confirmed',
    only: true,
  },
  'large frames are lost on the way, small ones pass': {
    source: 'https://github.com/ibm-cloud-docs/vpc/issues/190',
    about: 'jumbo frames over a VPN: the certificate never comes',
    network: { tables: { app: ['10.60.0.0/16 vgw:one'] } },
    evidence: {
      seen: [
        ...dns('api.partner.example', ['10.60.3.4']),
        ...tcp(['10.60.3.4'], 'open'),
        ...above('api.partner.example', '10.60.3.4', { tls: 'timeout' }),
        ...above('api.partner.example', '10.60.3.4', { tls: 'timeout', hello: 'small' }),
        ...above('api.partner.example', '10.60.3.4', { tls: 'timeout', hello: 'without-sni' }),
        ...above('api.partner.example', '10.60.3.4', { tls: 'alert', hello: 'unacceptable' }),
        ...above('api.partner.example', '10.60.3.4', { tls: 'closed', hello: 'plaintext' }),
      ],
    },
    targets: ['api.partner.example'],
    verdict: 'blocked',
    first: 'mtu-blackhole',
  },
  'instances of a newer generation have an MTU of 9001': {
    source: 'https://github.com/UKHomeOffice/application-container-platform/pull/51',
    about: 'the same over the internet, with the experiments not all made: said to be possible, and not blamed',
    network: { tables: NAT },
    evidence: {
      seen: [
        ...dns('packages.example.org', ['93.184.215.14']),
        ...tcp(['93.184.215.14'], 'open'),
        ...above('packages.example.org', '93.184.215.14', { tls: 'timeout' }),
        ...above('packages.example.org', '93.184.215.14', { tls: 'timeout', hello: 'small' }),
        ...above('packages.example.org', '93.184.215.14', { tls: 'alert', hello: 'unacceptable' }),
      ],
    },
    targets: ['packages.example.org'],
    verdict: 'inconclusive',
    says: [/MTU/],
  },
  'the provider’s side drops': {
    source: 'https://github.com/sourcegraph/docs/pull/1796',
    about:
      'the endpoint is accepted and available, the consumer’s side allows everything: it cannot be known from here',
    network: {
      endpoints: [
        { name: 'partner', service: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0', privateDns: false },
      ],
    },
    evidence: {
      seen: silent(`${id('vpce', 'partner')}-q1w2e3r4.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com`),
    },
    targets: [`${id('vpce', 'partner')}-q1w2e3r4.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com`],
    verdict: 'inconclusive',
    says: [/provider/i],
  },
  'one zone of the provider has no target': {
    source: 'https://github.com/dbt-labs/docs.getdbt.com/pull/6179',
    about:
      'cross-zone balancing is off on the provider’s side: one interface answers, the other does not; nothing here is at fault',
    network: {
      endpoints: [
        {
          name: 'partner',
          service: 'com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0',
          names: ['db.partner.example'],
        },
      ],
    },
    evidence: {
      seen: [
        ...dns('db.partner.example', BOTH),
        ...reached('db.partner.example', ['10.40.11.21'], { https: 'other-answer' }),
        ...tcp(['10.40.12.21']),
      ],
    },
    targets: ['db.partner.example'],
    verdict: 'inconclusive',
    says: [/10\.40\.12\.21/, /provider/i],
  },
  'an IPv6-only box calls a service without IPv6': {
    source: 'https://github.com/aws/aws-cli/issues/9504',
    about: 'ECR’s standard name has no AAAA, and the VPC’s endpoint is IPv4',
    network: {
      vpcs: { main: { cidrs: ['10.40.0.0/16'], ipv6: '2001:db8:40::/56' } },
      subnets: { 'app-a': { cidr: '10.40.1.0/24', zone: 'a', table: 'app', ipv6: '2001:db8:40:1::/64' } },
      tables: { app: ['::/0 eigw:one'] },
      endpoints: of('ecr.api'),
      client: { address: '10.40.1.37', ipv6: '2001:db8:40:1::37' },
    },
    evidence: {
      seen: [...dns(`api.ecr.${R}`, BOTH), ...tcp(BOTH, 'unreachable')],
      vantage: {
        addresses: ['2001:db8:40:1::37'],
        localInterfaces: [{ name: 'ens5', address: '2001:db8:40:1::37', prefixLength: 64 }],
        localRoutes: [],
      },
    },
    targets: [`api.ecr.${R}`],
    verdict: 'blocked',
    first: 'endpoint-type-unsuited',
  },
};
