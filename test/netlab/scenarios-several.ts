/** Two and three faults at once: every blocker must be named in one run. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import { aclOnly, aclRules, inbound, outbound, ownAcl, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { privateZone, withoutS3Route, withoutSecretsEndpoint, worldWith } from './worlds.ts';

type Fault = { readonly code: CauseCode; readonly words: string; readonly edit: (world: World) => void };

/** Faults on the way to an interface endpoint that do not hide each other, in the order in which causes are ranked. */
const PATH_FAULTS: readonly Fault[] = [
  {
    code: 'endpoint-sg-blocks-client',
    words: 'endpoint security group',
    edit: inbound(LAB.endpointGroup, tcp(443, '10.0.9.0/24')),
  },
  {
    code: 'client-sg-blocks-egress',
    words: 'client security group',
    edit: outbound(LAB.clientGroup, tcp(5432, '10.0.0.0/16')),
  },
  {
    code: 'client-nacl-blocks-egress',
    words: 'client network ACL out',
    edit: aclRules(LAB.clientAcl, { direction: 'out', ports: [443, 443] }),
  },
  {
    code: 'client-nacl-blocks-return',
    words: 'client network ACL in',
    edit: aclOnly(LAB.clientAcl, 'in', { ports: [443, 443] }),
  },
  {
    code: 'endpoint-nacl-blocks-ingress',
    words: 'endpoint network ACL in',
    edit: aclRules(LAB.endpointAcl, { direction: 'in', cidr: '10.0.1.0/24' }),
  },
  {
    code: 'endpoint-nacl-blocks-return',
    words: 'endpoint network ACL out',
    edit: aclOnly(LAB.endpointAcl, 'out', { ports: [443, 443] }),
  },
  {
    code: 'route-blackhole',
    words: 'blackhole routes',
    edit: (world) => {
      for (const DestinationCidrBlock of ['10.0.2.0/24', '10.0.3.0/24'])
        addRoute(world, LAB.clientRouteTable, {
          DestinationCidrBlock,
          NetworkInterfaceId: 'eni-dead0001',
          State: 'blackhole',
        });
    },
  },
];

const NAME_FAULTS: readonly Fault[] = [
  {
    code: 'private-dns-disabled',
    words: 'private DNS off',
    edit: (world) => {
      const found = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
      found.PrivateDnsEnabled = false;
      found.DnsEntries = found.DnsEntries?.filter((entry) => entry.DnsName !== LAB.secretsHost);
    },
  },
  {
    code: 'vpc-dns-hostnames-disabled',
    words: 'DNS hostnames off',
    edit: (world) => {
      find(world, 'vpcAttributes', LAB.vpc).EnableDnsHostnames = { Value: false };
    },
  },
  {
    code: 'vpc-dns-support-disabled',
    words: 'DNS support off',
    edit: (world) => {
      find(world, 'vpcAttributes', LAB.vpc).EnableDnsSupport = { Value: false };
    },
  },
];

function together(...faults: readonly Fault[]): Scenario {
  return {
    name: faults.map((fault) => fault.words).join(' + '),
    group: 'several',
    world: worldWith(...faults.map((fault) => fault.edit)),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: faults.map((fault) => fault.code) },
  };
}

const PATH_PAIRS = PATH_FAULTS.flatMap((first, i) => PATH_FAULTS.slice(i + 1).map((second) => together(first, second)));
/** A fault of the name hides the path from the packets, not from the configuration. */
const NAME_PAIRS = NAME_FAULTS.flatMap((first) => PATH_FAULTS.map((second) => together(first, second)));
const TRIPLES = PATH_FAULTS.slice(0, 5).map((_, i) => together(...PATH_FAULTS.slice(i, i + 3)));

const OTHERS: readonly Scenario[] = [
  {
    name: 'one target without endpoint, another with a closed security group',
    reported: 'C214',
    group: 'several',
    world: worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.9.0/24'))),
    targets: [LAB.secretsHost, 'sts.eu-west-1.amazonaws.com'],
    expect: { verdict: 'blocked', causes: ['endpoint-missing', 'endpoint-sg-blocks-client'] },
  },
  {
    name: 'S3 route missing + client security group without the prefix list',
    group: 'several',
    world: worldWith(withoutS3Route, outbound(LAB.clientGroup, tcp(443, '10.0.0.0/16'))),
    targets: [LAB.s3Host],
    expect: { verdict: 'blocked', causes: ['client-sg-blocks-egress', 'gateway-route-missing'] },
  },
  {
    name: 'S3 route missing + client network ACL allows the VPC only',
    group: 'several',
    world: worldWith(withoutS3Route, aclOnly(LAB.clientAcl, 'out', { cidr: '10.0.0.0/16' })),
    targets: [LAB.s3Host],
    expect: { verdict: 'blocked', causes: ['client-nacl-blocks-egress', 'gateway-route-missing'] },
  },
  {
    name: 'each zone has a fault of its own',
    group: 'several',
    world: worldWith(
      ownAcl('acl-b0000001', LAB.endpointSubnetB),
      aclRules('acl-b0000001', { direction: 'in', cidr: '10.0.1.0/24' }),
      (world) =>
        addRoute(world, LAB.clientRouteTable, {
          DestinationCidrBlock: '10.0.2.0/24',
          NetworkInterfaceId: 'eni-dead0001',
          State: 'blackhole',
        }),
    ),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['endpoint-nacl-blocks-ingress', 'route-blackhole'] },
  },
  {
    name: 'two parts of the ephemeral range, each closed by another network ACL',
    group: 'several',
    world: worldWith(
      aclRules(LAB.clientAcl, { direction: 'in', ports: [32768, 40000] }),
      aclRules(LAB.endpointAcl, { direction: 'out', ports: [50000, 65535] }),
    ),
    targets: [LAB.secretsHost],
    expect: { verdict: 'degraded', causes: ['client-nacl-blocks-return', 'endpoint-nacl-blocks-return'] },
  },
  {
    name: 'the endpoint is gone, and a private zone still leads to where it was',
    group: 'several',
    world: worldWith(
      withoutSecretsEndpoint,
      privateZone(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99', '10.0.3.99'] } }),
    ),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['private-zone-wrong-target', 'endpoint-missing'] },
  },
  {
    name: 'no endpoint, and an empty private zone is left of it',
    group: 'several',
    world: worldWith(withoutSecretsEndpoint, privateZone(LAB.secretsHost, {})),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['private-zone-shadows', 'endpoint-missing'] },
  },
  {
    name: 'no endpoint and a dead NAT for one target, closed security group for the other',
    group: 'several',
    world: worldWith(addNatGateway, inbound(LAB.endpointGroup), (world) => {
      world.api.natGateways = [];
      for (const route of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
        if (route.NatGatewayId !== undefined) route.State = 'blackhole';
    }),
    targets: ['example.com', LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['endpoint-sg-blocks-client', 'no-internet-path'] },
  },
  {
    name: 'hosts file pin + closed security group',
    group: 'several',
    world: worldWith(inbound(LAB.endpointGroup), (world) => world.client.hosts.push(`10.0.2.99 ${LAB.secretsHost}`)),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['hosts-file-overrides', 'endpoint-sg-blocks-client'] },
  },
  {
    name: 'resolver that is not the VPC’s + closed security group',
    group: 'several',
    world: worldWith(inbound(LAB.endpointGroup), (world) => {
      world.client.nameservers = ['10.0.0.53'];
      world.resolvers['10.0.0.53'] = { behaviour: 'public', records: {} };
    }),
    targets: [LAB.secretsHost],
    expect: { verdict: 'blocked', causes: ['resolver-not-vpc', 'endpoint-sg-blocks-client'] },
  },
  {
    name: 'no endpoint for one target over NAT, a healthy one beside it with one closed zone',
    group: 'several',
    world: worldWith(
      addNatGateway,
      ownAcl('acl-b0000001', LAB.endpointSubnetB),
      aclRules('acl-b0000001', { direction: 'in', cidr: '10.0.1.0/24' }),
    ),
    targets: [LAB.secretsHost, 'sts.eu-west-1.amazonaws.com'],
    expect: { verdict: 'degraded', causes: ['endpoint-nacl-blocks-ingress', 'public-path-used'] },
  },
  {
    name: 'endpoint gone + dead NAT',
    group: 'several',
    world: worldWith(withoutSecretsEndpoint, addNatGateway, (world) => {
      world.api.natGateways = [];
      for (const route of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
        if (route.NatGatewayId !== undefined) route.State = 'blackhole';
    }),
    targets: [LAB.secretsHost, LAB.s3Host],
    expect: { verdict: 'blocked', causes: ['endpoint-missing'], besides: ['no-internet-path'] },
  },
];

export const SEVERAL_SCENARIOS: readonly Scenario[] = [...PATH_PAIRS, ...NAME_PAIRS, ...TRIPLES, ...OTHERS];
