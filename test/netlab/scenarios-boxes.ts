/** Boxes and wires between the client and the endpoint: what they swallow, whom they pretend to be. */
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { addNatGateway, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import { aclRules, inbound, tcp } from './edits.ts';
import {
  type Hazards,
  losesAbove,
  losesAfterOpen,
  losesQuestions,
  losesSome,
  losesSplitHello,
  silences,
} from './hazards.ts';
import type { Scenario } from './scenario.ts';
import { dualStack, worldWith } from './worlds.ts';

const { secretsHost, secretsAddressA, secretsAddressB } = LAB;
const bothAddresses = [secretsAddressA, secretsAddressB];

type More = Partial<Omit<Scenario, 'hazards'>> & { verdict?: 'blocked' | 'degraded'; besides?: readonly CauseCode[] };

function box(code: CauseCode, name: string, hazards: Hazards, more: More = {}): Scenario {
  const { verdict = 'blocked', besides = [], ...rest } = more;
  return {
    name,
    group: 'single',
    world: worldWith(),
    hazards,
    targets: [secretsHost],
    expect: { verdict, causes: [code], besides },
    ...rest,
  };
}

function fine(name: string, hazards: Hazards, more: Partial<Scenario> = {}): Scenario {
  return {
    name,
    group: 'healthy',
    world: worldWith(),
    hazards,
    targets: [secretsHost],
    expect: { verdict: 'healthy', causes: [] },
    ...more,
  };
}

const MTU: readonly Scenario[] = [
  // Inside a VPC PrivateLink brings the segment size down to its 8,500 bytes (facts.md 7.1); over a gateway nobody does.
  box(
    'mtu-blackhole',
    'jumbo frames over a transit gateway that carries 8500 bytes and says nothing',
    { mtu: 9001, onPath: losesAbove(8500) },
    {
      world: worldWith((world) => addCentralEndpoint(world, 'transit-gateway')),
      targets: [CENTRAL.host],
      verdict: 'degraded',
    },
  ),
  box(
    'mtu-blackhole',
    'jumbo frames, and the path loses what is larger than 1500 without a word',
    {
      mtu: 9001,
      onPath: losesAbove(1500),
    },
    { reported: 'C250' },
  ),
  box('mtu-blackhole', 'the path loses what is larger than 1400 without a word', { onPath: losesAbove(1400) }),
  box('mtu-blackhole', 'the path loses what is larger than 1280 without a word', { onPath: losesAbove(1280) }),
  fine('jumbo frames all the way', { mtu: 9001, onPath: [] }),
  fine('jumbo frames, and the path brings the segment size down', {
    mtu: 9001,
    onPath: ['tcp flags syn tcp option maxseg size set 8460', ...losesAbove(8500)],
  }),
  fine('the path is narrow and says so by its segment size', {
    onPath: ['tcp flags syn tcp option maxseg size set 1360', ...losesAbove(1400)],
  }),
];

const HELLO: readonly Scenario[] = [
  box(
    'tls-handshake-dropped',
    'a firewall loses a ClientHello of two segments',
    { onPath: losesSplitHello() },
    { reported: 'C168' },
  ),
  box('tls-handshake-dropped', 'a firewall loses every ClientHello to the endpoint', {
    onPath: bothAddresses.flatMap(losesAfterOpen),
  }),
  box(
    'tls-handshake-dropped',
    'a firewall loses every ClientHello to one zone of two',
    {
      onPath: losesAfterOpen(secretsAddressB),
    },
    { verdict: 'degraded' },
  ),
  box(
    'tls-handshake-dropped',
    'a firewall lets names through, and this name is not on its list',
    {
      middlebox: { kind: 'names-only', names: ['sts.eu-west-1.amazonaws.com'] },
    },
    { reported: 'C171' },
  ),
  fine('a firewall lets names through, and this name is on its list', {
    middlebox: { kind: 'names-only', names: [secretsHost] },
  }),
  // What a client without SNI would meet (C114) is not what this client meets: everything here is told by its name.
  fine(
    'a firewall that swallows what says no name',
    {
      middlebox: { kind: 'names-only', names: [secretsHost, LAB.s3Host] },
    },
    { reported: 'C114' },
  ),
];

const INSPECTION: readonly Scenario[] = [
  box(
    'tls-intercepted',
    'a middlebox ends TLS with certificates of its own',
    { middlebox: { kind: 'intercepts' } },
    { reported: 'C111' },
  ),
  fine(
    'a middlebox ends TLS, and the client trusts its authority',
    { middlebox: { kind: 'intercepts', trusted: true } },
    { expect: { verdict: 'healthy', causes: [], advice: ['tls-intercepted'] } },
  ),
  box('tls-intercepted', 'a portal answers in the place of the endpoint', { middlebox: { kind: 'portal' } }),
];

const SOMETIMES: readonly Scenario[] = [
  box(
    'connection-intermittent',
    'every other connection to both interfaces is lost',
    {
      onPath: bothAddresses.flatMap((address) => losesSome(address, 2)),
    },
    { verdict: 'degraded', options: ['--repeat', '20'] },
  ),
  box(
    'connection-intermittent',
    'one connection of three to one interface is lost',
    {
      onPath: losesSome(secretsAddressA, 3),
    },
    { verdict: 'degraded', options: ['--repeat', '20'] },
  ),
  fine('connections are made twenty times and all of them open', {}, { options: ['--repeat', '20'] }),
  {
    name: 'a part of the ephemeral range is closed by a rule: not a matter of luck',
    group: 'single',
    world: worldWith(aclRules(LAB.clientAcl, { direction: 'in', ports: [32768, 45000] })),
    targets: [secretsHost],
    options: ['--repeat', '20'],
    expect: { verdict: 'degraded', causes: ['client-nacl-blocks-return'] },
  },
];

/** Silence that no rule explains: nobody may be blamed for it, and it must be said that nothing explains it. */
const UNEXPLAINED: readonly Scenario[] = [
  {
    name: 'one interface of two is silent, and no rule says why',
    group: 'healthy',
    world: worldWith(),
    hazards: { onPath: silences(secretsAddressB) },
    targets: [secretsHost],
    expect: { verdict: 'inconclusive', causes: [], unexplained: true },
  },
  {
    name: 'both interfaces are silent, and no rule says why',
    group: 'healthy',
    world: worldWith(),
    hazards: { onPath: bothAddresses.flatMap(silences) },
    targets: [secretsHost],
    expect: { verdict: 'inconclusive', causes: [], unexplained: true },
  },
];

const LOOKUPS: readonly Scenario[] = [
  box(
    'dns-intermittent',
    'every other question to the resolver is lost',
    { onPath: losesQuestions(LAB.resolver, 2) },
    { verdict: 'degraded' },
  ),
  box(
    'resolver-unreachable',
    'one of two resolvers does not answer',
    {},
    {
      reported: 'C116',
      verdict: 'degraded',
      besides: ['dns-intermittent'],
      world: worldWith((world: World) => {
        world.client.nameservers = ['10.0.0.53', LAB.resolver];
        world.resolvers['10.0.0.53'] = { behaviour: 'silent', records: {} };
      }),
    },
  ),
  box(
    'resolver-not-vpc',
    'a public resolver stands beside the VPC’s',
    {},
    {
      reported: 'C177',
      verdict: 'degraded',
      besides: ['dns-intermittent', 'public-path-used'],
      world: worldWith(addNatGateway, (world: World) => {
        world.client.nameservers = ['8.8.8.8', LAB.resolver];
        world.resolvers['8.8.8.8'] = { behaviour: 'public', records: {} };
      }),
    },
  ),
];

const IPV6: readonly Scenario[] = [
  box(
    'tls-handshake-dropped',
    'a firewall loses a ClientHello of two segments, over both families',
    { onPath: losesSplitHello() },
    {
      world: worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '0.0.0.0/0', '::/0'))),
    },
  ),
];

export const BOX_SCENARIOS: readonly Scenario[] = [
  ...MTU,
  ...HELLO,
  ...INSPECTION,
  ...SOMETIMES,
  ...UNEXPLAINED,
  ...LOOKUPS,
  ...IPV6,
];
