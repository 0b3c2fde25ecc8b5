/** The caller may not read what would decide, or the API does not answer: unknown is never absent. */
import { LAB, type World } from '../../src/lab/world.ts';
import { inbound, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { withoutSecretsEndpoint, worldWith } from './worlds.ts';

type Refusal = World['refusals'][string];

const READS = [
  'Vpcs',
  'VpcAttribute',
  'DhcpOptions',
  'Subnets',
  'NetworkInterfaces',
  'SecurityGroups',
  'SecurityGroupRules',
  'NetworkAcls',
  'RouteTables',
  'VpcEndpoints',
  'VpcEndpointServices',
  'PrefixLists',
  'ManagedPrefixLists',
  'NatGateways',
  'InternetGateways',
  'EgressOnlyInternetGateways',
  'VpcPeeringConnections',
  'TransitGatewayVpcAttachments',
  'TransitGatewayAttachments',
  'Instances',
].map((name) => `ec2:Describe${name}`);

function refuses(how: Refusal, actions: readonly string[] = READS) {
  return (world: World) => {
    for (const action of actions) world.refusals[action] = how;
  };
}

const secrets = [LAB.secretsHost];
const GROUPS = ['ec2:DescribeSecurityGroups', 'ec2:DescribeSecurityGroupRules'];

export const BLIND_SCENARIOS: readonly Scenario[] = [
  {
    name: 'the endpoint’s security group is closed, and nobody may read security groups',
    group: 'single',
    world: worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.9.0/24')), refuses('denied', GROUPS)),
    targets: secrets,
    expect: { verdict: 'blocked', causes: ['endpoint-sg-blocks-client'], standing: 'likely' },
  },
  {
    name: 'everything works, and nothing may be read',
    group: 'healthy',
    world: worldWith(refuses('denied')),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    name: 'everything works, and the API is out of reach',
    group: 'healthy',
    world: worldWith(refuses('unreachable')),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    name: 'no endpoint and no way out, and the API is out of reach as well',
    group: 'single',
    world: worldWith(withoutSecretsEndpoint, refuses('unreachable')),
    targets: secrets,
    expect: { verdict: 'blocked', causes: ['endpoint-missing'], standing: 'likely', besides: ['private-dns-disabled'] },
  },
  {
    name: 'a hosts file pin, and nothing may be read',
    group: 'single',
    world: worldWith((world) => world.client.hosts.push(`10.0.2.99 ${LAB.secretsHost}`), refuses('denied')),
    targets: secrets,
    expect: { verdict: 'blocked', causes: ['hosts-file-overrides'] },
  },
];
