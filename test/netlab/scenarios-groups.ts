/** Security groups: the endpoint's, inbound, and the client's, outbound. */
import { find, LAB, type World } from '../../src/lab/world.ts';
import { fromGroup, group, inbound, list, outbound, regroup, tcp, viaList } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { clientInSecondaryCidr, dualStack, inRange, moveInterface, s3FromEveryRange, worldWith } from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const degraded = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'degraded', causes });
const secrets = [LAB.secretsHost];
const s3 = [LAB.s3Host];
const ANYONE = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

/** Endpoint security group in which the endpoint's interfaces carry only themselves: the VPC's default group. */
const defaultGroup = worldWith(
  group('sg-de000001', { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-de000001' }] }),
  regroup(LAB.secretsInterfaceA, 'sg-de000001'),
  regroup(LAB.secretsInterfaceB, 'sg-de000001'),
  (world) => {
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).Groups = [{ GroupId: 'sg-de000001', GroupName: 'default' }];
  },
);

function sg(
  name: string,
  world: () => World,
  reported?: string,
  expect = blocked('endpoint-sg-blocks-client'),
): Scenario {
  return { name, group: 'single', world, targets: secrets, expect, ...(reported === undefined ? {} : { reported }) };
}

const ENDPOINT_SG: readonly Scenario[] = [
  sg(
    'endpoint security group admits another subnet only',
    worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.9.0/24'))),
  ),
  sg('endpoint security group has no inbound rule', worldWith(inbound(LAB.endpointGroup))),
  sg('endpoint carries the default security group', defaultGroup, 'C036'),
  sg('non-RFC 1918 VPC, endpoint carries the default security group', inRange('20.10', defaultGroup), 'C140'),
  sg('172.40 VPC, endpoint carries the default security group', inRange('172.40', defaultGroup), 'C139'),
  sg('endpoint security group admits port 80', worldWith(inbound(LAB.endpointGroup, fromGroup(LAB.clientGroup, 80)))),
  sg(
    'endpoint security group admits UDP',
    worldWith(inbound(LAB.endpointGroup, { ...tcp(443, '10.0.0.0/16'), IpProtocol: 'udp' })),
  ),
  sg(
    'endpoint security group stops one port short',
    worldWith(inbound(LAB.endpointGroup, tcp([0, 442], '10.0.0.0/16'))),
  ),
  sg(
    'endpoint security group starts one port late',
    worldWith(inbound(LAB.endpointGroup, tcp([444, 65535], '10.0.0.0/16'))),
  ),
  sg(
    'endpoint security group admits the half of the subnet that the client is not in',
    worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.1.128/25'))),
  ),
  sg(
    'endpoint security group knows the primary CIDR, the client is in the secondary',
    worldWith(clientInSecondaryCidr, inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16'))),
    'C135',
  ),
  sg(
    'pods in a secondary CIDR, endpoint admits three subnets of the primary',
    worldWith(clientInSecondaryCidr, inbound(LAB.endpointGroup, tcp(443, '10.0.1.0/24', '10.0.2.0/24', '10.0.3.0/24'))),
    'C137',
  ),
  sg(
    'endpoint security group names a prefix list without the client',
    worldWith(list('pl-0a000001', '10.0.9.0/24', '10.0.8.0/24'), inbound(LAB.endpointGroup, viaList('pl-0a000001'))),
  ),
  sg(
    'endpoint security group refers to another group',
    worldWith(group('sg-00000009'), inbound(LAB.endpointGroup, fromGroup('sg-00000009'))),
    'C089',
  ),
  sg(
    'client shares the endpoint group, which has no rule for itself',
    worldWith(
      regroup(LAB.clientInterface, LAB.endpointGroup),
      outbound(LAB.endpointGroup, ANYONE),
      inbound(LAB.endpointGroup, fromGroup('sg-00000009')),
    ),
    'C158',
  ),
  sg(
    'one of two interfaces carries another security group',
    worldWith(group('sg-00000009', tcp(443, '10.0.9.0/24')), regroup(LAB.secretsInterfaceA, 'sg-00000009')),
    undefined,
    degraded('endpoint-sg-blocks-client'),
  ),
  sg(
    'the other of two interfaces carries another security group',
    worldWith(group('sg-00000009'), regroup(LAB.secretsInterfaceB, 'sg-00000009')),
    undefined,
    degraded('endpoint-sg-blocks-client'),
  ),
  sg(
    'endpoint security group admits IPv4 only, name answers both',
    worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16'))),
    undefined,
    degraded('endpoint-sg-blocks-client'),
  ),
  sg(
    'endpoint security group admits IPv6 only, name answers both',
    worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '2001:db8:10::/56'))),
    undefined,
    degraded('endpoint-sg-blocks-client'),
  ),
  sg(
    'interface in the client subnet, security group admits nobody',
    worldWith(
      moveInterface(LAB.secretsInterfaceA, LAB.clientSubnet, '10.0.1.77'),
      inbound(LAB.endpointGroup, tcp(443, '10.0.3.0/24')),
    ),
  ),
];

const CLIENT_SG: readonly Scenario[] = [
  ['client security group lets nothing out', worldWith(outbound(LAB.clientGroup))],
  [
    'client security group lets out the database port',
    worldWith(outbound(LAB.clientGroup, tcp(5432, '10.0.0.0/16'))),
    'C247',
  ],
  ['client security group lets out another subnet', worldWith(outbound(LAB.clientGroup, tcp(443, '10.0.9.0/24')))],
  [
    'client security group lets out UDP',
    worldWith(outbound(LAB.clientGroup, { ...tcp(443, '0.0.0.0/0'), IpProtocol: 'udp' })),
  ],
  [
    'client security group refers to a group that the endpoint does not carry',
    worldWith(group('sg-00000009'), outbound(LAB.clientGroup, fromGroup('sg-00000009'))),
  ],
  ['client security group lets out IPv6 only', worldWith(outbound(LAB.clientGroup, tcp(443, '::/0')))],
  [
    'client security group lets out the S3 prefix list only',
    worldWith(outbound(LAB.clientGroup, viaList(LAB.s3PrefixList))),
  ],
].map(([name, world, reported]) => ({
  name: name as string,
  group: 'single' as const,
  world: world as () => World,
  targets: secrets,
  expect: blocked('client-sg-blocks-egress'),
  ...(reported === undefined ? {} : { reported: reported as string }),
}));

const MORE_CLIENT_SG: readonly Scenario[] = [
  {
    name: 'client security group lets out the endpoint group only, S3 has its gateway endpoint',
    reported: 'C005',
    group: 'single',
    world: worldWith(outbound(LAB.clientGroup, fromGroup(LAB.endpointGroup))),
    targets: [...s3, ...secrets],
    expect: blocked('client-sg-blocks-egress'),
  },
  {
    name: 'client security group lets out the VPC only, S3 has its gateway endpoint',
    group: 'single',
    world: worldWith(outbound(LAB.clientGroup, tcp(443, '10.0.0.0/16'))),
    targets: s3,
    expect: blocked('client-sg-blocks-egress'),
  },
  {
    name: 'client security group lets out one endpoint subnet of two',
    group: 'single',
    world: worldWith(outbound(LAB.clientGroup, tcp(443, '10.0.2.0/24'))),
    targets: secrets,
    expect: degraded('client-sg-blocks-egress'),
  },
  {
    name: 'client security group lets out a part of the S3 prefix list',
    group: 'single',
    world: worldWith(s3FromEveryRange, outbound(LAB.clientGroup, tcp(443, '52.218.0.0/18', '3.5.64.0/21'))),
    targets: s3,
    expect: degraded('client-sg-blocks-egress'),
  },
  {
    name: 'client security group lets IPv4 out, name answers both',
    reported: 'C201',
    group: 'single',
    world: worldWith(
      dualStack,
      inbound(LAB.endpointGroup, tcp(443, '0.0.0.0/0', '::/0')),
      outbound(LAB.clientGroup, ANYONE),
    ),
    targets: secrets,
    expect: degraded('client-sg-blocks-egress'),
  },
];

export const GROUP_SCENARIOS: readonly Scenario[] = [...ENDPOINT_SG, ...CLIENT_SG, ...MORE_CLIENT_SG];
