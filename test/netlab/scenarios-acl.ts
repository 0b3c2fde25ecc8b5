/** The four places at which a network ACL can stop a connection, whole or in part. */
import { find, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import { aclOnly, aclRules, inbound, ownAcl, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { dualStack, s3FromEveryRange, worldWith } from './worlds.ts';

const secrets = [LAB.secretsHost];
const s3 = [LAB.s3Host];
const { clientAcl, endpointAcl, clientAddress } = LAB;
const CLIENT = `${clientAddress}/32`;

function scenario(
  code: CauseCode,
  name: string,
  world: () => World,
  more: Partial<Scenario> & { verdict?: 'blocked' | 'degraded'; also?: readonly CauseCode[] } = {},
): Scenario {
  const { verdict = 'blocked', also = [], ...rest } = more;
  return { name, group: 'single', world, targets: secrets, expect: { verdict, causes: [code, ...also] }, ...rest };
}
const part = { verdict: 'degraded' as const };

const CLIENT_OUT: readonly Scenario[] = [
  ['client network ACL denies everything out', worldWith(aclRules(clientAcl, { direction: 'out' }))],
  ['client network ACL denies 443 out', worldWith(aclRules(clientAcl, { direction: 'out', ports: [443, 443] }))],
  [
    'client network ACL denies both endpoint subnets',
    worldWith(aclRules(clientAcl, { direction: 'out', cidr: '10.0.2.0/23' })),
  ],
  ['client network ACL allows out above 443 only', worldWith(aclOnly(clientAcl, 'out', { ports: [444, 65535] }))],
  ['client network ACL has no rule out', worldWith(aclOnly(clientAcl, 'out'))],
  [
    'client network ACL allows UDP out only',
    worldWith(aclOnly(clientAcl, 'out', { protocol: '17', ports: [0, 65535] })),
  ],
  [
    'a later allow does not undo an earlier deny',
    worldWith(aclRules(clientAcl, { direction: 'out', ports: [443, 443], number: 99 })),
  ],
].map(([name, world]) => scenario('client-nacl-blocks-egress', name as string, world as () => World));

const MORE_CLIENT_OUT: readonly Scenario[] = [
  scenario(
    'client-nacl-blocks-egress',
    'client network ACL denies one endpoint subnet of two',
    worldWith(aclRules(clientAcl, { direction: 'out', cidr: '10.0.3.0/24' })),
    part,
  ),
  scenario(
    'client-nacl-blocks-egress',
    'client network ACL allows the VPC only, S3 has its gateway endpoint',
    worldWith(aclOnly(clientAcl, 'out', { cidr: '10.0.0.0/16' })),
    { targets: s3, reported: 'C051' },
  ),
  scenario(
    'client-nacl-blocks-egress',
    'client network ACL denies a part of the S3 addresses',
    worldWith(s3FromEveryRange, aclRules(clientAcl, { direction: 'out', cidr: '3.5.64.0/21' })),
    { targets: s3, ...part },
  ),
  scenario(
    'client-nacl-blocks-egress',
    'client subnet fell back to a default network ACL without rules',
    worldWith((world) => {
      find(world, 'networkAcls', clientAcl).Associations = [];
      const acl = find(world, 'networkAcls', LAB.publicAcl);
      acl.Entries = (acl.Entries ?? []).filter((entry) => (entry.RuleNumber ?? 0) > 32766);
    }),
    { reported: 'C055', also: ['client-nacl-blocks-return'] },
  ),
  scenario(
    'client-nacl-blocks-egress',
    'client network ACL allows IPv4 out only, name answers both',
    worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '0.0.0.0/0', '::/0')), (world) => {
      const acl = find(world, 'networkAcls', clientAcl);
      acl.Entries = (acl.Entries ?? []).filter((entry) => entry.Ipv6CidrBlock === undefined || entry.Egress !== true);
    }),
    part,
  ),
];

const CLIENT_BACK: readonly Scenario[] = [
  scenario(
    'client-nacl-blocks-return',
    'client network ACL denies everything in',
    worldWith(aclRules(clientAcl, { direction: 'in' })),
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL allows 443 in, not the ephemeral ports',
    worldWith(aclOnly(clientAcl, 'in', { ports: [443, 443] })),
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL allows the upper part of the ephemeral range',
    worldWith(aclOnly(clientAcl, 'in', { ports: [49152, 65535] })),
    part,
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL denies the lower half of the ephemeral range',
    worldWith(aclRules(clientAcl, { direction: 'in', ports: [32768, 49151] })),
    part,
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL denies a narrow piece of the ephemeral range',
    worldWith(aclRules(clientAcl, { direction: 'in', ports: [40000, 41999] })),
    part,
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL lets the answers of one endpoint subnet in',
    worldWith(aclRules(clientAcl, { direction: 'in', cidr: '10.0.2.0/24' })),
    part,
  ),
  scenario(
    'client-nacl-blocks-return',
    'client network ACL lets answers in from the VPC only, S3 has its gateway endpoint',
    worldWith(aclOnly(clientAcl, 'in', { cidr: '10.0.0.0/16' })),
    { targets: s3 },
  ),
  scenario(
    'client-nacl-blocks-return',
    'answers of S3 are kept out on a part of the ephemeral range',
    worldWith(aclRules(clientAcl, { direction: 'in', ports: [50000, 65535] })),
    { targets: s3, ...part },
  ),
];

const ENDPOINT_IN: readonly Scenario[] = [
  scenario(
    'endpoint-nacl-blocks-ingress',
    'endpoint network ACL denies everything in',
    worldWith(aclRules(endpointAcl, { direction: 'in' })),
  ),
  scenario(
    'endpoint-nacl-blocks-ingress',
    'endpoint network ACL knows the endpoint subnets only',
    worldWith(aclOnly(endpointAcl, 'in', { cidr: '10.0.2.0/23' })),
    { reported: 'C144' },
  ),
  scenario(
    'endpoint-nacl-blocks-ingress',
    'endpoint network ACL denies the client itself on 443',
    worldWith(aclRules(endpointAcl, { direction: 'in', cidr: CLIENT, ports: [443, 443] })),
  ),
  scenario(
    'endpoint-nacl-blocks-ingress',
    'endpoint network ACL allows the ephemeral range in, not 443',
    worldWith(aclOnly(endpointAcl, 'in', { ports: [1024, 65535] })),
  ),
  scenario(
    'endpoint-nacl-blocks-ingress',
    'one zone of two has a network ACL of its own that denies the client',
    worldWith(
      ownAcl('acl-b0000001', LAB.endpointSubnetB),
      aclRules('acl-b0000001', { direction: 'in', cidr: '10.0.1.0/24' }),
    ),
    part,
  ),
  scenario(
    'endpoint-nacl-blocks-ingress',
    'the other zone of two has a network ACL of its own that denies 443',
    worldWith(
      ownAcl('acl-b0000001', LAB.endpointSubnetA),
      aclRules('acl-b0000001', { direction: 'in', ports: [443, 443] }),
    ),
    part,
  ),
];

const ENDPOINT_BACK: readonly Scenario[] = [
  scenario(
    'endpoint-nacl-blocks-return',
    'endpoint network ACL denies everything out',
    worldWith(aclRules(endpointAcl, { direction: 'out' })),
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'endpoint network ACL allows 443 out, not the ephemeral ports',
    worldWith(aclOnly(endpointAcl, 'out', { ports: [443, 443] })),
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'endpoint network ACL allows the wrong ephemeral range',
    worldWith(aclOnly(endpointAcl, 'out', { ports: [1024, 5000] })),
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'endpoint network ACL allows Windows ephemeral ports, the client is Linux',
    worldWith(aclOnly(endpointAcl, 'out', { ports: [49152, 65535] })),
    part,
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'endpoint network ACL denies a piece in the middle of the ephemeral range',
    worldWith(aclRules(endpointAcl, { direction: 'out', ports: [45000, 50000] })),
    part,
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'one zone of two does not answer the client',
    worldWith(
      ownAcl('acl-b0000001', LAB.endpointSubnetB),
      aclRules('acl-b0000001', { direction: 'out', cidr: CLIENT }),
    ),
    part,
  ),
  scenario(
    'endpoint-nacl-blocks-return',
    'client with a wider ephemeral range than the endpoint network ACL allows',
    worldWith(aclOnly(endpointAcl, 'out', { ports: [32768, 65535] }), (world) => {
      world.client.ephemeralPorts = { from: 1024, to: 65535, source: 'kernel' };
    }),
    part,
  ),
];

export const ACL_SCENARIOS: readonly Scenario[] = [
  ...CLIENT_OUT,
  ...MORE_CLIENT_OUT,
  ...CLIENT_BACK,
  ...ENDPOINT_IN,
  ...ENDPOINT_BACK,
];
