/** Truth tables for the way out to the internet, written from facts.md 1.4 and 4.3 and the pages on gateways and Block Public Access. */
import { describe, expect, it } from 'vitest';
import { cidrSet } from '../../src/network/addresses.ts';
import type { Client } from '../../src/network/client.ts';
import { type PublicDestination, publicDestinations } from '../../src/network/destinations.ts';
import { evaluateInternetPath, hasDefaultRoute } from '../../src/network/internet.ts';
import { addresses, client, entry, ports, routeTable, stateOf, tcp, VPC } from './support.ts';

const OUTSIDE: PublicDestination = { kind: 'public', family: 4, addresses: addresses('198.51.100.10'), exact: true };
const OUTSIDE6: PublicDestination = { kind: 'public', family: 6, addresses: addresses('2001:db8::10'), exact: true };
const publicTable = (...routes: string[]) =>
  routeTable(['10.0.0.0/16 local', ...routes], {
    RouteTableId: 'rtb-public',
    Associations: [{ SubnetId: 'subnet-public' }],
  });
const NAT = {
  NatGatewayId: 'nat-1',
  VpcId: VPC,
  SubnetId: 'subnet-public',
  State: 'available',
  ConnectivityType: 'public',
};

type Changes = Partial<Parameters<typeof stateOf>[0]>;

function state(routes: readonly string[], changes: Changes = {}) {
  const all = [...['in', 'out'].flatMap((way) => [`100 ${way} allow -1 0.0.0.0/0`, `101 ${way} allow -1 ::/0`])];
  return stateOf({
    vpcs: [{ VpcId: VPC, CidrBlock: '10.0.0.0/16' }],
    subnets: [{ SubnetId: 'subnet-client', VpcId: VPC }],
    securityGroups: [{ GroupId: 'sg-client', IpPermissionsEgress: [tcp('0.0.0.0/0', '::/0')] }],
    networkAcls: [{ NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: all.map(entry) }],
    routeTables: [routeTable(['10.0.0.0/16 local', ...routes]), publicTable('0.0.0.0/0 igw-1')],
    prefixLists: [],
    prefixListEntries: [],
    natGateways: [NAT],
    internetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: VPC, State: 'available' }] }],
    egressOnlyInternetGateways: [{ EgressOnlyInternetGatewayId: 'eigw-1', Attachments: [{ VpcId: VPC }] }],
    ...changes,
  });
}

const status = (routes: readonly string[], changes: Changes = {}, who: Partial<Client> = {}, to = OUTSIDE) =>
  evaluateInternetPath(state(routes, changes), client(who), to, 443).status;

describe('what carries packets out (facts.md 4.3)', () => {
  const nat = ['0.0.0.0/0 nat-1'];
  const igw = ['0.0.0.0/0 igw-1'];
  const seen = { hasPublicIpv4: true };
  it.each<[string, readonly string[], Changes, Partial<Client>, string]>([
    ['no route', [], {}, {}, 'closed'],
    ['a NAT gateway', nat, {}, {}, 'open'],
    ['a NAT gateway that is gone', ['0.0.0.0/0 nat-gone'], {}, {}, 'closed'],
    ['a NAT gateway that is deleted', nat, { natGateways: [{ ...NAT, State: 'deleted' }] }, {}, 'closed'],
    ['a NAT gateway that failed', nat, { natGateways: [{ ...NAT, State: 'failed' }] }, {}, 'closed'],
    ['a NAT gateway still pending', nat, { natGateways: [{ ...NAT, State: 'pending' }] }, {}, 'closed'],
    ['a private NAT gateway', nat, { natGateways: [{ ...NAT, ConnectivityType: 'private' }] }, {}, 'closed'],
    [
      'a regional NAT gateway has no subnet',
      nat,
      { natGateways: [{ ...NAT, SubnetId: undefined, AvailabilityMode: 'regional' }] },
      {},
      'open',
    ],
    ['a NAT gateway in a private subnet', nat, { routeTables: [routeTable(nat), publicTable()] }, {}, 'closed'],
    [
      'a NAT gateway behind itself',
      nat,
      { routeTables: [routeTable(nat), publicTable('0.0.0.0/0 nat-1')] },
      {},
      'closed',
    ],
    [
      'a NAT gateway whose own default route is dead',
      nat,
      { routeTables: [routeTable(nat), publicTable('0.0.0.0/0 igw-1 blackhole')] },
      {},
      'closed',
    ],
    [
      'a NAT gateway behind a transit gateway',
      nat,
      { routeTables: [routeTable(nat), publicTable('0.0.0.0/0 tgw-1')] },
      {},
      'unknown',
    ],
    ['a dead route to a NAT gateway that lives', ['0.0.0.0/0 nat-1 blackhole'], {}, {}, 'closed'],
    ['NAT gateways that cannot be read', nat, { natGateways: 'denied' }, {}, 'unknown'],
    ['an internet gateway, with a public address', igw, {}, seen, 'open'],
    ['an internet gateway, without one', igw, {}, {}, 'closed'],
    [
      'an internet gateway that is not attached',
      igw,
      { internetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [] }] },
      seen,
      'closed',
    ],
    [
      'an internet gateway of another VPC',
      igw,
      { internetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-2' }] }] },
      seen,
      'closed',
    ],
    ['a transit gateway may lead to a central way out', ['0.0.0.0/0 tgw-1'], {}, {}, 'unknown'],
    ['so may an appliance', ['0.0.0.0/0 eni-1'], {}, {}, 'unknown'],
    ['a more specific dead route for this address', [...nat, '198.51.100.0/24 eni-x blackhole'], {}, {}, 'closed'],
    [
      'the client’s group lets nothing out',
      nat,
      { securityGroups: [{ GroupId: 'sg-client', IpPermissionsEgress: [] }] },
      {},
      'closed',
    ],
    [
      'the client’s ACL lets no answers in',
      nat,
      {
        networkAcls: [
          { NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: [entry('100 out allow -1 0.0.0.0/0')] },
        ],
      },
      {},
      'closed',
    ],
    ['a refused route table', nat, { routeTables: 'denied' }, {}, 'unknown'],
  ])('%s', (_words, routes, changes, who, expected) => expect(status(routes, changes, who)).toBe(expected));
});

describe('IPv6', () => {
  const six = { ipv4: undefined, ipv6: '2600:1f18::23' };
  it.each<[string, readonly string[], Changes, string]>([
    ['an egress-only internet gateway', ['::/0 eigw-1'], {}, 'open'],
    ['one that does not exist', ['::/0 eigw-x'], {}, 'closed'],
    ['an internet gateway needs no public IPv4 address', ['::/0 igw-1'], {}, 'open'],
    ['an IPv4 default route only', ['0.0.0.0/0 nat-1'], {}, 'closed'],
  ])('%s', (_words, routes, changes, expected) => expect(status(routes, changes, six, OUTSIDE6)).toBe(expected));
});

describe('VPC Block Public Access (facts.md 1.4, 4.3)', () => {
  const mode = (InternetGatewayBlockMode: string) => ({ BlockPublicAccessStates: { InternetGatewayBlockMode } });
  const vpc = (how: string): Changes => ({ vpcs: [{ VpcId: VPC, CidrBlock: '10.0.0.0/16', ...mode(how) }] });
  const both = (how: string, exempt: string): Changes => ({
    ...vpc(how),
    subnets: [
      { SubnetId: 'subnet-client', VpcId: VPC, ...mode(exempt) },
      { SubnetId: 'subnet-public', VpcId: VPC, ...mode(exempt) },
    ],
  });
  const six = { ipv4: undefined, ipv6: '2600:1f18::23' };
  it.each<[string, string, Changes, string]>([
    ['bidirectional stops a NAT gateway', '0.0.0.0/0 nat-1', vpc('block-bidirectional'), 'closed'],
    ['ingress only lets a NAT gateway out', '0.0.0.0/0 nat-1', vpc('block-ingress'), 'open'],
    ['bidirectional stops an internet gateway', '0.0.0.0/0 igw-1', vpc('block-bidirectional'), 'closed'],
    // "Only traffic to and from NAT gateways and egress-only internet gateways is allowed."
    ['ingress only stops an internet gateway too', '0.0.0.0/0 igw-1', vpc('block-ingress'), 'closed'],
    ['an excluded subnet is not stopped', '0.0.0.0/0 nat-1', both('block-bidirectional', 'off'), 'open'],
    ['off is off', '0.0.0.0/0 nat-1', vpc('off'), 'open'],
  ])('%s', (_words, route, changes, expected) =>
    expect(status([route], changes, { hasPublicIpv4: true })).toBe(expected),
  );

  it('bidirectional stops an egress-only internet gateway, ingress only does not', () => {
    expect(status(['::/0 eigw-1'], vpc('block-bidirectional'), six, OUTSIDE6)).toBe('closed');
    expect(status(['::/0 eigw-1'], vpc('block-ingress'), six, OUTSIDE6)).toBe('open');
  });
});

describe('the network ACL of the NAT gateway’s own subnet (facts.md 3.4; vpc-nat-gateway, nacl-ephemeral-ports)', () => {
  const ask = (rules: readonly string[], who: Partial<Client> = {}, more: Changes = {}) => {
    const open = ['100 in allow -1 0.0.0.0/0', '100 out allow -1 0.0.0.0/0'].map(entry);
    const changes: Changes = {
      networkAcls: [
        { NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: open },
        {
          NetworkAclId: 'acl-nat',
          VpcId: VPC,
          Entries: rules.map(entry),
          Associations: [{ SubnetId: 'subnet-public' }],
        },
      ],
      ...more,
    };
    const path = evaluateInternetPath(state(['0.0.0.0/0 nat-1'], changes), client(who), OUTSIDE, 443);
    return [path.status, ports(path.pass, '198.51.100.10')];
  };
  const IN = '10 in allow 6 10.0.1.0/24 443';
  const ANSWERS = '20 in allow 6 0.0.0.0/0 1024-65535';
  const OUT = '10 out allow 6 0.0.0.0/0 443';
  const HOME = '20 out allow 6 10.0.1.0/24 1024-65535';
  it.each<[string, readonly string[], readonly string[]]>([
    ['the four rules that it takes', [IN, ANSWERS, OUT, HOME], ['open', '32768-60999']],
    ['not in from the client', [ANSWERS, OUT, HOME], ['closed', '']],
    ['in from the client only for another port', ['10 in allow 6 0.0.0.0/0 8443', OUT, HOME], ['closed', '']],
    ['not out to the internet', [IN, ANSWERS, HOME], ['closed', '']],
    ['no answers from the internet', [IN, OUT, HOME], ['closed', '']],
    ['no answers home', [IN, ANSWERS, OUT], ['closed', '']],
    [
      'answers home to some source ports',
      [IN, ANSWERS, OUT, '20 out allow 6 10.0.1.0/24 32768-40000'],
      ['partial', '32768-40000'],
    ],
    [
      'answers from the internet to the client’s ports only: the NAT gateway uses others too',
      [IN, '20 in allow 6 0.0.0.0/0 32768-60999', OUT, HOME],
      ['unknown', ''],
    ],
    ['a denial of another address', [IN, ANSWERS, '5 out deny 6 192.0.2.0/24 443', OUT, HOME], ['open', '32768-60999']],
    ['a denial of this address', [IN, ANSWERS, '5 out deny 6 198.51.100.0/24 443', OUT, HOME], ['closed', '']],
    ['UDP only', ['10 in allow 17 0.0.0.0/0 0-65535', '10 out allow 17 0.0.0.0/0 0-65535'], ['closed', '']],
  ])('%s', (_words, rules, expected) => expect(ask(rules)).toEqual(expected));

  it('is not asked between the NAT gateway and a client of the same subnet', () => {
    const table = publicTable('0.0.0.0/0 igw-1', '198.51.100.0/24 nat-1');
    const near = { subnetId: 'subnet-public' };
    expect(ask([ANSWERS, OUT], near, { routeTables: [table] })).toEqual(['open', '32768-60999']);
    expect(ask([OUT], near, { routeTables: [table] })).toEqual(['closed', '']);
  });

  it('cannot be said without it', () => {
    const path = evaluateInternetPath(state(['0.0.0.0/0 nat-1'], { networkAcls: 'denied' }), client(), OUTSIDE, 443);
    expect(path.status).toBe('unknown');
    const gaps = path.gates.find((gate) => gate.gate === 'internet-route')?.missing;
    expect(gaps).toMatchObject([{ slice: 'networkAcls', why: 'denied' }]);
  });
});

describe('public addresses', () => {
  const own = stateOf({ vpcs: [{ VpcId: VPC, CidrBlock: '198.18.0.0/16' }] });
  it('any public address is what lies outside the VPC and outside the private ranges', () => {
    const [any] = publicDestinations(own, client(), undefined).destinations;
    const holds = (address: string) =>
      cidrSet([`${address}/32`]).every((one) =>
        any?.addresses.some((range) => range.low <= one.low && one.high <= range.high),
      );
    expect(any?.exact).toBe(false);
    expect(['52.94.10.10', '3.5.64.1', '198.17.255.255', '198.19.0.0'].map(holds)).toEqual([true, true, true, true]);
    expect(['198.18.4.4', '10.1.2.3', '100.64.0.1', '192.168.1.1', '169.254.169.254', '127.0.0.1'].map(holds)).toEqual(
      new Array(6).fill(false),
    );
  });

  it('given ones are taken as they are, a family without a client’s address left out', () => {
    const given = ['192.0.2.1', '2001:db8::1'];
    const families = (who: Partial<Client>) =>
      publicDestinations(own, client(who), given).destinations.map((one) => [one.family, one.exact]);
    expect(families({})).toEqual([[4, true]]);
    expect(families({ ipv6: '2600:1f18::23' })).toEqual([
      [4, true],
      [6, true],
    ]);
  });

  it('a default route is one of either family, alive or not', () => {
    for (const text of ['0.0.0.0/0 nat-1', '::/0 eigw-1', '0.0.0.0/0 nat-x blackhole'])
      expect(hasDefaultRoute(state([text]), client())).toBe(true);
    expect(hasDefaultRoute(state(['10.1.0.0/16 pcx-1']), client())).toBe(false);
  });
});
