/** The same fault, and the same healthy network, with one kind of description after the other unreadable: unknown is never absent. */
import type { Unseen } from './support/command-line.ts';
import { dns, reached, tcp } from './support/evidence.ts';
import type { Network } from './support/network.ts';
import { id } from './support/rules.ts';

const HOST = 'secretsmanager.eu-west-1.amazonaws.com';
const BOTH = ['10.40.11.21', '10.40.12.21'];
const KINDS = [
  'Vpcs',
  'Subnets',
  'RouteTables',
  'NetworkAcls',
  'NetworkInterfaces',
  'VpcEndpoints',
  'DhcpOptions',
  'PrefixLists',
  'NatGateways',
  'InternetGateways',
  'EgressOnlyInternetGateways',
  'VpcPeeringConnections',
  'TransitGatewayVpcAttachments',
  'VpcAttributes',
];
const SOURCE = 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-policy-examples.html';

function without(network: Network, kind: string): Network {
  return { ...network, without: [kind] };
}

const SHUT: Network = {
  groups: { vpce: ['in tcp 443 10.99.0.0/16'] },
  endpoints: [{ name: 'secrets', service: 'secretsmanager' }],
};
const OPEN: Network = { endpoints: [{ name: 'secrets', service: 'secretsmanager' }] };
const WORKS = [...dns(HOST, BOTH), ...reached(HOST, BOTH)];

export const TRAPS_PARTS: Readonly<Record<string, Unseen>> = Object.fromEntries(
  [...KINDS, 'SecurityGroups'].flatMap((kind): [string, Unseen][] => [
    [
      `the endpoint’s group is at fault, ${kind} unreadable`,
      {
        source: SOURCE,
        about: 'it is named first whatever else cannot be read, and nothing that only might be is confirmed beside it',
        network: without(SHUT, kind),
        evidence: { seen: [...dns(HOST, BOTH), ...tcp(BOTH)] },
        targets: [HOST],
        verdict: 'blocked',
        first: 'endpoint-sg-blocks-client',
        only: true,
      },
    ],
    [
      `everything works, ${kind} unreadable`,
      {
        source: SOURCE,
        about: 'nobody is blamed',
        network: without(OPEN, kind),
        evidence: { seen: WORKS },
        targets: [HOST],
        verdict: 'healthy',
      },
    ],
  ]),
);

/** A rule that sends a name and what is below it to servers on premises. */
function rule(DomainName: string): unknown[] {
  return [
    {
      ResolverRules: [
        {
          Id: 'rslvr-rr-0001',
          Arn: 'arn:aws:route53resolver:eu-west-1:210987654321:resolver-rule/rslvr-rr-0001',
          DomainName,
          Status: 'COMPLETE',
          RuleType: 'FORWARD',
          Name: 'premises',
          ResolverEndpointId: 'rslvr-out-0001',
          TargetIps: [{ Ip: '10.60.0.53', Port: 53, Protocol: 'Do53' }],
          OwnerId: '210987654321',
          ShareStatus: 'NOT_SHARED',
        },
      ],
    },
    {
      ResolverRuleAssociations: [
        { Id: 'rslvr-rrassoc-0001', ResolverRuleId: 'rslvr-rr-0001', VPCId: id('vpc', 'main'), Status: 'COMPLETE' },
      ],
    },
    { HostedZoneSummaries: [] },
  ];
}
const RULES =
  'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-domain-name-matches.html';

export const TRAPS_RULES_OF_THE_RESOLVER: Readonly<Record<string, Unseen>> = {
  'a rule for amazonaws.com, and private DNS for the service': {
    source: RULES,
    about: 'the most specific name wins: the endpoint’s own zone',
    network: { ...OPEN, more: rule('amazonaws.com.') },
    targets: [HOST],
    verdict: 'healthy',
  },
  'a rule for everything, and private DNS for the service': {
    source: RULES,
    about: 'the dot is the least specific of all',
    network: { ...OPEN, more: rule('.') },
    evidence: { seen: WORKS },
    targets: [HOST],
    verdict: 'healthy',
  },
  'a rule for the very name': {
    source: RULES,
    about: 'of equals the rule wins, and the premises’ servers give the public address',
    network: { ...OPEN, more: rule(`${HOST}.`) },
    evidence: { seen: [...dns(HOST, ['52.94.230.10']), ...tcp(['52.94.230.10'])] },
    targets: [HOST],
    verdict: 'blocked',
    first: 'resolver-rule-forwards',
    standing: 'confirmed',
  },
};
