/** Worlds in which everything works, and which a hasty tool would blame. Nothing may be blamed in any of them. */
import { addNatGateway, addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { aclOnly, aclRules, fromGroup, group, inbound, list, outbound, regroup, tcp, viaList } from './edits.ts';
import type { Scenario } from './scenario.ts';
import {
  clientInSecondaryCidr,
  dualStack,
  endpoint,
  inRange,
  moveInterface,
  publicService,
  publicSubnet,
  worldWith,
} from './worlds.ts';

const secrets = [LAB.secretsHost];
const s3 = [LAB.s3Host];
const both = [...secrets, ...s3];

function healthy(name: string, world: () => World, targets: readonly string[] = both, reported?: string): Scenario {
  return {
    name,
    group: 'healthy',
    world,
    targets,
    expect: { verdict: 'healthy', causes: [] },
    ...(reported === undefined ? {} : { reported }),
  };
}

const bothInClientSubnet = [
  moveInterface(LAB.secretsInterfaceA, LAB.clientSubnet, '10.0.1.77'),
  moveInterface(LAB.secretsInterfaceB, LAB.clientSubnet, '10.0.1.78'),
];

export const HEALTHY_SCENARIOS: readonly Scenario[] = [
  healthy('everything works', healthyWorld),
  healthy('every endpoint of the VPC, none named', healthyWorld, []),
  healthy('the endpoint by its id', healthyWorld, [LAB.secretsEndpoint]),
  healthy('the service by its short name', healthyWorld, ['secretsmanager']),
  healthy('an interface by its address', healthyWorld, [LAB.secretsAddressA]),
  healthy('the endpoint by its own regional name', healthyWorld, [
    'vpce-5ec00001-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com',
  ]),
  healthy('gateway endpoint: public answer, by design', healthyWorld, s3, 'C253'),
  healthy('VPC of public-looking addresses', inRange('20.10', healthyWorld), both, 'C140'),
  healthy('VPC in 172.40', inRange('172.40', healthyWorld)),
  healthy(
    'client in a secondary CIDR that the rules know',
    worldWith(clientInSecondaryCidr, inbound(LAB.endpointGroup, tcp(443, '100.64.0.0/16'))),
  ),
  healthy('endpoint security group without any outbound rule', worldWith(outbound(LAB.endpointGroup))),
  healthy('client security group without any inbound rule', worldWith(inbound(LAB.clientGroup))),
  healthy('client security group without a rule for DNS', worldWith(outbound(LAB.clientGroup, tcp(443, '0.0.0.0/0')))),
  healthy(
    'network ACL denies port 53 everywhere: the Amazon resolver is never filtered',
    worldWith(
      aclRules(
        LAB.clientAcl,
        { direction: 'out', protocol: '17', ports: [53, 53] },
        { direction: 'in', protocol: '17' },
        { direction: 'out', ports: [53, 53] },
      ),
    ),
  ),
  healthy(
    'network ACL denies the link-local range: the metadata service is never filtered',
    worldWith(
      aclRules(
        LAB.clientAcl,
        { direction: 'out', cidr: '169.254.0.0/16' },
        { direction: 'in', cidr: '169.254.0.0/16' },
      ),
    ),
  ),
  healthy(
    'ICMP is denied everywhere',
    worldWith(
      aclRules(LAB.endpointAcl, { direction: 'in', protocol: '1' }, { direction: 'out', protocol: '1' }),
      aclRules(LAB.clientAcl, { direction: 'in', protocol: '1' }, { direction: 'out', protocol: '1' }),
    ),
  ),
  healthy(
    'interfaces in the client subnet: its network ACL denies all, and does not apply',
    worldWith(
      ...bothInClientSubnet,
      aclRules(LAB.clientAcl, { direction: 'out', cidr: '10.0.0.0/16' }, { direction: 'in', cidr: '10.0.0.0/16' }),
    ),
    secrets,
  ),
  healthy(
    'interfaces in the client subnet: a blackhole for another subnet does not matter',
    worldWith(...bothInClientSubnet, (world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '10.0.2.0/24',
        NetworkInterfaceId: 'eni-dead0001',
        State: 'blackhole',
      }),
    ),
    secrets,
  ),
  healthy(
    'network ACLs allow exactly what is needed',
    worldWith(
      aclOnly(LAB.clientAcl, 'out', { ports: [443, 443] }),
      aclOnly(LAB.clientAcl, 'in', { ports: [32768, 60999] }),
      aclOnly(LAB.endpointAcl, 'in', { ports: [443, 443], cidr: '10.0.1.0/24' }),
      aclOnly(LAB.endpointAcl, 'out', { ports: [32768, 60999], cidr: '10.0.1.0/24' }),
    ),
  ),
  healthy(
    'deny after allow in a network ACL',
    worldWith(aclRules(LAB.clientAcl, { direction: 'out', number: 200 }, { direction: 'in', number: 201 })),
  ),
  healthy(
    'deny of ports that the client never uses',
    worldWith(
      aclRules(
        LAB.clientAcl,
        { direction: 'in', ports: [61000, 65535] },
        { direction: 'in', ports: [1024, 32767], number: 60 },
      ),
    ),
  ),
  healthy(
    'network ACL of a subnet that is not involved denies all',
    worldWith(aclRules(LAB.publicAcl, { direction: 'in' }, { direction: 'out' })),
  ),
  healthy(
    'endpoint security group admits by prefix list',
    worldWith(list('pl-0a000001', '10.0.9.0/24', '10.0.1.0/25'), inbound(LAB.endpointGroup, viaList('pl-0a000001'))),
  ),
  healthy(
    'client security group lets out by prefix list and group',
    worldWith(outbound(LAB.clientGroup, viaList(LAB.s3PrefixList), fromGroup(LAB.endpointGroup))),
  ),
  healthy(
    'one of several groups admits',
    worldWith(
      group('sg-00000009', tcp(443, '10.0.1.23/32')),
      inbound(LAB.endpointGroup),
      regroup(LAB.secretsInterfaceA, LAB.endpointGroup, 'sg-00000009'),
      regroup(LAB.secretsInterfaceB, LAB.endpointGroup, 'sg-00000009'),
    ),
  ),
  healthy(
    'the second of two client groups is the one referred to',
    worldWith(
      group('sg-00000009'),
      regroup(LAB.clientInterface, LAB.clientGroup, 'sg-00000009'),
      inbound(LAB.endpointGroup, fromGroup('sg-00000009')),
    ),
  ),
  healthy(
    'client and endpoint share a group that refers to itself',
    worldWith(
      regroup(LAB.clientInterface, LAB.endpointGroup),
      inbound(LAB.endpointGroup, fromGroup(LAB.endpointGroup)),
      outbound(LAB.endpointGroup, tcp(443, '0.0.0.0/0')),
    ),
    both,
    'C158',
  ),
  healthy('NAT gateway beside working endpoints', worldWith(addNatGateway)),
  healthy('public subnet with a public address and working endpoints', worldWith(publicSubnet('192.0.2.200'))),
  healthy('public subnet without a public address and working endpoints', worldWith(publicSubnet())),
  healthy(
    'dead NAT gateway that nobody needs',
    worldWith(addNatGateway, (world) => {
      world.api.natGateways = [];
      for (const route of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
        if (route.NatGatewayId !== undefined) route.State = 'blackhole';
    }),
  ),
  healthy(
    'blackhole route for addresses that nobody calls',
    worldWith((world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '192.168.0.0/16',
        TransitGatewayId: 'tgw-dead0001',
        State: 'blackhole',
      }),
    ),
  ),
  healthy(
    'a wider propagated route for the S3 addresses loses',
    worldWith((world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '52.0.0.0/8',
        GatewayId: 'vgw-00000001',
        Origin: 'EnableVgwRoutePropagation',
      }),
    ),
  ),
  healthy(
    'a propagated route inside the VPC loses against the local one',
    worldWith((world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '10.0.2.0/24',
        GatewayId: 'vgw-00000001',
        Origin: 'EnableVgwRoutePropagation',
      }),
    ),
  ),
  healthy(
    'a custom resolver that forwards to the VPC resolver',
    worldWith((world) => {
      world.client.nameservers = ['10.0.0.53'];
      world.resolvers['10.0.0.53'] = { behaviour: 'forward', records: {} };
      for (const options of world.api.dhcpOptions)
        options.DhcpConfigurations = [{ Key: 'domain-name-servers', Values: [{ Value: '10.0.0.53' }] }];
    }),
  ),
  healthy(
    'the link-local resolver address',
    worldWith((world) => {
      world.client.nameservers = ['169.254.169.253'];
    }),
  ),
  healthy(
    'hosts file pins the name to a live interface',
    worldWith((world) => world.client.hosts.push(`${LAB.secretsAddressB} ${LAB.secretsHost}`)),
    secrets,
  ),
  healthy(
    'hosts file comments and other names',
    worldWith((world) => world.client.hosts.push(`# 10.0.2.99 ${LAB.secretsHost}`, '10.0.2.99 db.internal')),
  ),
  healthy(
    'enableDnsHostnames is off and only S3 is called',
    worldWith((world) => {
      find(world, 'vpcAttributes', LAB.vpc).EnableDnsHostnames = { Value: false };
    }),
    s3,
  ),
  healthy(
    'an endpoint of another service is broken',
    worldWith(endpoint('vpce-55300001', 'ssm', ['ssm.eu-west-1.amazonaws.com'], { State: 'failed' })),
    secrets,
  ),
  healthy(
    'regional STS through its endpoint while the global name stays public',
    worldWith(endpoint('vpce-57500001', 'sts', ['sts.eu-west-1.amazonaws.com'])),
    ['sts.eu-west-1.amazonaws.com'],
    'C171',
  ),
  healthy(
    'dual-stack endpoint and client',
    worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16', '2001:db8:10::/56'))),
    secrets,
  ),
  healthy(
    'narrow ephemeral range that the network ACLs fit',
    worldWith(
      (world) => {
        world.client.ephemeralPorts = { from: 50000, to: 50999, source: 'kernel' };
      },
      aclOnly(LAB.clientAcl, 'in', { ports: [50000, 50999] }),
      aclOnly(LAB.endpointAcl, 'out', { ports: [50000, 50999] }),
    ),
  ),
  healthy('a foreign host behind a working NAT gateway', worldWith(addNatGateway), ['example.com']),
  healthy(
    'a foreign host behind NAT, Block Public Access for ingress only',
    worldWith(addNatGateway, (world) => {
      find(world, 'vpcs', LAB.vpc).BlockPublicAccessStates = { InternetGatewayBlockMode: 'block-ingress' };
    }),
    ['example.com'],
  ),
  healthy(
    'endpoint came up after a failure: it is available now',
    worldWith((world) => {
      Object.assign(find(world, 'vpcEndpoints', LAB.secretsEndpoint), {
        LastError: { Code: 'Old', Message: 'an old failure' },
      });
    }),
    secrets,
    'C030',
  ),
  healthy(
    'state in another spelling',
    worldWith((world) => {
      find(world, 'vpcEndpoints', LAB.secretsEndpoint).State = 'Available';
    }),
    secrets,
  ),
  healthy(
    'gateway endpoint that claims private DNS',
    worldWith((world) => {
      find(world, 'vpcEndpoints', LAB.s3Endpoint).PrivateDnsEnabled = true;
    }),
    s3,
  ),
  healthy(
    'many endpoints side by side',
    worldWith(
      endpoint('vpce-55300001', 'ssm', ['ssm.eu-west-1.amazonaws.com']),
      endpoint('vpce-55300002', 'ssmmessages', ['ssmmessages.eu-west-1.amazonaws.com']),
      endpoint('vpce-55300003', 'kms', ['kms.eu-west-1.amazonaws.com']),
      publicService('52.94.10.51', 'ssm.eu-west-1.amazonaws.com'),
      publicService('52.94.10.52', 'ssmmessages.eu-west-1.amazonaws.com'),
      publicService('52.94.10.53', 'kms.eu-west-1.amazonaws.com'),
    ),
    [],
  ),
];
