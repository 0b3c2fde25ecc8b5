/** Truth tables for route selection, written from facts.md 1.4 and 4.1 and the pages that they cite. */
import { describe, expect, it } from 'vitest';
import type { Refusal, SliceElement } from '../../src/model/state.ts';
import { formatAddresses } from '../../src/network/addresses.ts';
import { formatRoute, routeTableOf, routeTarget, selectRoutes } from '../../src/network/route-tables.ts';
import { addresses, CLIENT_SUBNET, route, routeTable, stateOf, VPC } from './support.ts';

const LISTS = {
  prefixLists: [
    { PrefixListId: 'pl-s3', PrefixListName: 'com.amazonaws.eu-west-1.s3', Cidrs: ['52.218.0.0/17', '3.5.64.0/21'] },
  ],
  prefixListEntries: [
    { PrefixListId: 'pl-a', Entries: [{ Cidr: '172.20.0.0/16' }] },
    { PrefixListId: 'pl-b', Entries: [{ Cidr: '172.20.0.0/16' }, { Cidr: '172.21.0.0/16' }] },
    { PrefixListId: 'pl-c', Entries: [{ Cidr: '172.20.5.0/24' }] },
    { PrefixListId: 'pl-empty', Entries: [] },
  ],
};

/** `10.0.2.14 by local`, `10.0.2.0/25 by eni-1`, `… by ?` where two routes are equal or a list is unread, `… by nothing`. */
function select(routes: readonly string[], ...destinations: string[]): string[] {
  const parts = selectRoutes(stateOf(LISTS), routeTable(routes), addresses(...destinations));
  return parts
    .flatMap((part) => {
      const by =
        part.winner === 'none'
          ? 'nothing'
          : part.winner === 'undetermined' || part.route === undefined
            ? '?'
            : `${routeTarget(part.route).id}${part.route.State === 'blackhole' ? ' (dead)' : ''}`;
      return formatAddresses(part.destinations).map((block) => `${block} by ${by}`);
    })
    .sort();
}

const LOCAL = '10.0.0.0/16 local';

describe('the longest prefix wins, whatever kind the routes are (facts.md 4.1)', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['the VPC’s own route', [LOCAL], '10.0.2.14', ['10.0.2.14 by local']],
    ['no route', [LOCAL], '10.1.2.14', ['10.1.2.14 by nothing']],
    ['an empty table', [], '10.0.2.14', ['10.0.2.14 by nothing']],
    ['a default route', [LOCAL, '0.0.0.0/0 nat-1'], '10.1.2.14', ['10.1.2.14 by nat-1']],
    ['local before the default route', ['0.0.0.0/0 nat-1', LOCAL], '10.0.2.14', ['10.0.2.14 by local']],
    ['a whole subnet to an appliance before local', [LOCAL, '10.0.2.0/24 eni-1'], '10.0.2.14', ['10.0.2.14 by eni-1']],
    ['of three the longest', ['10.0.0.0/8 tgw-1', '10.0.2.0/24 eni-1', LOCAL], '10.0.2.14', ['10.0.2.14 by eni-1']],
    ['local given another target', ['10.0.0.0/16 eni-1'], '10.0.2.14', ['10.0.2.14 by eni-1']],
    [
      'a secondary CIDR has a local route of its own',
      [LOCAL, '100.64.0.0/16 local'],
      '100.64.2.14',
      ['100.64.2.14 by local'],
    ],
    ['a VPC of no RFC 1918 range', ['198.18.0.0/16 local', '0.0.0.0/0 igw-1'], '198.18.2.14', ['198.18.2.14 by local']],
    ['IPv6 and IPv4 are apart', [LOCAL, '::/0 eigw-1'], '192.0.2.1', ['192.0.2.1 by nothing']],
    ['an IPv6 route', ['2600:1f18::/56 local', '::/0 eigw-1'], '2600:1f18::14', ['2600:1f18::14 by local']],
    ['IPv6 by default', ['2600:1f18::/56 local', '::/0 eigw-1'], '2a05:d000::1', ['2a05:d000::1 by eigw-1']],
    [
      'a set of destinations is divided among its winners',
      [LOCAL, '10.0.2.0/25 eni-1', '10.0.2.0/26 eni-2'],
      '10.0.2.0/24',
      ['10.0.2.0/26 by eni-2', '10.0.2.64/26 by eni-1', '10.0.2.128/25 by local'],
    ],
    [
      'a prefix list is as many routes as it has entries',
      ['pl-s3 vpce-1', '0.0.0.0/0 nat-1'],
      '52.218.0.0/16',
      ['52.218.0.0/17 by vpce-1', '52.218.128.0/17 by nat-1'],
    ],
    [
      'a list’s entry before a shorter route',
      ['52.0.0.0/8 nat-1', 'pl-s3 vpce-1'],
      '52.218.4.10',
      ['52.218.4.10 by vpce-1'],
    ],
    [
      'a longer route before a list’s entry',
      ['pl-s3 vpce-1', '52.218.4.0/24 tgw-1'],
      '52.218.4.10',
      ['52.218.4.10 by tgw-1'],
    ],
    [
      'a longer propagated route before a list’s entry',
      ['pl-s3 vpce-1', '52.218.4.0/24 vgw-1 propagated'],
      '52.218.4.10',
      ['52.218.4.10 by vgw-1'],
    ],
    [
      'a longer propagated route before a static one',
      ['10.1.0.0/16 pcx-1', '10.1.2.0/24 vgw-1 propagated'],
      '10.1.2.3',
      ['10.1.2.3 by vgw-1'],
    ],
    ['an empty list has no destination', [LOCAL, 'pl-empty tgw-1'], '10.1.2.3', ['10.1.2.3 by nothing']],
  ])('%s', (_words, routes, destination, expected) =>
    expect(select(routes, destination)).toEqual([...expected].sort()),
  );
});

describe('of equal prefixes: static, prefix list, propagated (facts.md 4.1)', () => {
  const static_ = '172.20.0.0/16 tgw-1';
  const list = 'pl-a pcx-1';
  const propagated = '172.20.0.0/16 vgw-1 propagated';
  it.each<[readonly string[], string]>([
    [[static_, list, propagated], 'tgw-1'],
    [[propagated, list, static_], 'tgw-1'],
    [[list, propagated], 'pcx-1'],
    [[propagated, list], 'pcx-1'],
    [[propagated, static_], 'tgw-1'],
    [[propagated], 'vgw-1'],
    // The state is looked at after the choice, never before it.
    [[`${static_} blackhole`, list], 'tgw-1 (dead)'],
    [['pl-a pcx-1 blackhole', propagated], 'pcx-1 (dead)'],
  ])('%j leads to %s', (routes, target) => expect(select(routes, '172.20.5.6')).toEqual([`172.20.5.6 by ${target}`]));
});

describe('local and propagated routes (Site-to-Site VPN guide, vpn-route-priority)', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    [
      'a more specific propagated route loses to local',
      [LOCAL, '10.0.2.0/24 vgw-1 propagated'],
      '10.0.2.14',
      ['10.0.2.14 by local'],
    ],
    ['an equal one too', ['10.0.0.0/16 vgw-1 propagated', LOCAL], '10.0.2.14', ['10.0.2.14 by local']],
    ['a host route too', ['10.0.2.14/32 vgw-1 propagated', LOCAL], '10.0.2.14', ['10.0.2.14 by local']],
    ['but not outside the VPC', [LOCAL, '10.0.0.0/8 vgw-1 propagated'], '10.1.0.1', ['10.1.0.1 by vgw-1']],
    [
      'a static route may be more specific than local',
      [LOCAL, '10.0.2.0/24 nat-1'],
      '10.0.2.14',
      ['10.0.2.14 by nat-1'],
    ],
    [
      'and then a propagated one still loses to local only',
      [LOCAL, '10.0.2.0/25 vgw-1 propagated', '10.0.2.0/24 nat-1'],
      '10.0.2.14',
      ['10.0.2.14 by nat-1'],
    ],
    [
      'half of a propagated block lies in the VPC',
      [LOCAL, '10.0.0.0/15 vgw-1 propagated'],
      '10.0.0.0/15',
      ['10.0.0.0/16 by local', '10.1.0.0/16 by vgw-1'],
    ],
  ])('%s', (_words, routes, destination, expected) =>
    expect(select(routes, destination)).toEqual([...expected].sort()),
  );
});

describe('blackholes are chosen like live routes, then drop (facts.md 4.1)', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['more specific than local', [LOCAL, '10.0.2.0/24 eni-1 blackhole'], '10.0.2.14', ['10.0.2.14 by eni-1 (dead)']],
    [
      'more specific than a prefix list',
      ['pl-s3 vpce-1', '52.218.0.0/18 nat-1 blackhole'],
      '52.218.4.10',
      ['52.218.4.10 by nat-1 (dead)'],
    ],
    [
      'as specific as the list’s entry: static wins',
      ['pl-s3 vpce-1', '52.218.0.0/17 nat-1 blackhole'],
      '52.218.4.10',
      ['52.218.4.10 by nat-1 (dead)'],
    ],
    [
      'less specific: it takes nothing',
      ['pl-s3 vpce-1', '0.0.0.0/0 nat-1 blackhole'],
      '52.218.4.10',
      ['52.218.4.10 by vpce-1'],
    ],
    [
      'the endpoint’s own',
      ['pl-s3 vpce-1 blackhole', '0.0.0.0/0 nat-1'],
      '52.218.4.10',
      ['52.218.4.10 by vpce-1 (dead)'],
    ],
    [
      'a default route that is dead is no way out',
      ['0.0.0.0/0 nat-1 blackhole'],
      '192.0.2.1',
      ['192.0.2.1 by nat-1 (dead)'],
    ],
  ])('%s', (_words, routes, destination, expected) => expect(select(routes, destination)).toEqual(expected));

  it('a route in state "filtered" is listed and not used', () => {
    expect(select([LOCAL, '10.0.2.0/24 eni-1 filtered'], '10.0.2.14')).toEqual(['10.0.2.14 by local']);
    expect(select(['0.0.0.0/0 nat-1 filtered'], '192.0.2.1')).toEqual(['192.0.2.1 by nothing']);
  });
});

describe('what cannot be determined is said to be so (facts.md 4.1; design.md, principle 2)', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['two lists with one block and two targets', ['pl-a pcx-1', 'pl-b tgw-1'], '172.20.5.6', ['172.20.5.6 by ?']],
    ['their other blocks are clear', ['pl-a pcx-1', 'pl-b tgw-1'], '172.21.5.6', ['172.21.5.6 by tgw-1']],
    ['two lists with one target agree', ['pl-a tgw-1', 'pl-b tgw-1'], '172.20.5.6', ['172.20.5.6 by tgw-1']],
    [
      'a static route settles it',
      ['pl-a pcx-1', 'pl-b tgw-1', '172.20.0.0/16 nat-1'],
      '172.20.5.6',
      ['172.20.5.6 by nat-1'],
    ],
    [
      'a longer entry of a third list settles it',
      ['pl-a pcx-1', 'pl-b tgw-1', 'pl-c nat-1'],
      '172.20.5.6',
      ['172.20.5.6 by nat-1'],
    ],
    [
      'a list that cannot be read might take it',
      ['pl-dark tgw-1', '0.0.0.0/0 nat-1'],
      '172.20.5.6',
      ['172.20.5.6 by ?'],
    ],
    ['and might be the only route', ['pl-dark tgw-1'], '172.20.5.6', ['172.20.5.6 by ?']],
    ['but not from the VPC itself', [LOCAL, 'pl-dark tgw-1'], '10.0.2.14', ['10.0.2.14 by local']],
    // The list of a gateway endpoint holds that service's addresses and takes nothing else.
    [
      'an unread list towards a gateway endpoint is its service’s own',
      ['pl-dark vpce-9', '10.1.0.0/16 pcx-1'],
      '10.1.2.3',
      ['10.1.2.3 by pcx-1'],
    ],
  ])('%s', (_words, routes, destination, expected) => expect(select(routes, destination)).toEqual(expected));
});

describe('the route table of a subnet (facts.md 1.4, 4.1)', () => {
  type Table = SliceElement<'routeTables'>;
  type Association = NonNullable<Table['Associations']>[number];
  const table = (RouteTableId: string, VpcId: string, ...Associations: Association[]): Table => ({
    RouteTableId,
    VpcId,
    Associations,
  });
  const main: Association = { Main: true, AssociationState: { State: 'associated' } };
  const to = (SubnetId: string, State = 'associated'): Association => ({
    SubnetId,
    Main: false,
    AssociationState: { State },
  });
  const MAIN = table('rtb-main', VPC, main);

  it.each<[string, readonly Table[] | Refusal, string | undefined]>([
    ['explicitly associated', [MAIN, table('rtb-own', VPC, to(CLIENT_SUBNET))], 'rtb-own'],
    ['not associated: the main table', [table('rtb-x', VPC, to('subnet-x')), MAIN], 'rtb-main'],
    ['never another VPC’s main table', [table('rtb-2', 'vpc-2', main)], undefined],
    ['being associated', [MAIN, table('rtb-own', VPC, to(CLIENT_SUBNET, 'associating'))], 'rtb-own'],
    ['being detached', [MAIN, table('rtb-own', VPC, to(CLIENT_SUBNET, 'disassociating'))], 'rtb-main'],
    ['detached', [MAIN, table('rtb-own', VPC, to(CLIENT_SUBNET, 'disassociated'))], 'rtb-main'],
    ['an association that failed', [MAIN, table('rtb-own', VPC, to(CLIENT_SUBNET, 'failed'))], 'rtb-main'],
    ['an association without a state', [MAIN, table('rtb-own', VPC, { SubnetId: CLIENT_SUBNET })], 'rtb-own'],
    ['a gateway’s table is no subnet’s', [MAIN, table('rtb-edge', VPC, { GatewayId: 'igw-1' })], 'rtb-main'],
    ['one table that is main and associated', [table('rtb-main', VPC, main, to(CLIENT_SUBNET))], 'rtb-main'],
    [
      'main, that was replaced',
      [table('rtb-old', VPC, { ...main, AssociationState: { State: 'disassociated' } }), MAIN],
      'rtb-main',
    ],
    ['none readable', [], undefined],
    ['a refused call', 'denied', undefined],
  ])('%s', (_words, routeTables, expected) =>
    expect(routeTableOf(stateOf({ routeTables }), CLIENT_SUBNET, VPC)?.RouteTableId).toBe(expected),
  );
});

describe('targets and routes in words', () => {
  it.each([
    ['10.0.0.0/16 local', 'local', '10.0.0.0/16 → local'],
    ['0.0.0.0/0 igw-1', 'internet-gateway', '0.0.0.0/0 → igw-1'],
    ['::/0 eigw-1', 'egress-only-internet-gateway', '::/0 → eigw-1'],
    ['pl-s3 vpce-1', 'vpc-endpoint', 'pl-s3 → vpce-1'],
    ['10.0.2.0/24 eni-1 blackhole', 'network-interface', '10.0.2.0/24 → eni-1 (blackhole)'],
    ['10.0.0.0/8 vgw-1 propagated', 'virtual-private-gateway', '10.0.0.0/8 → vgw-1'],
    ['10.0.0.0/8 tgw-1', 'transit-gateway', '10.0.0.0/8 → tgw-1'],
    ['10.0.0.0/8 pcx-1', 'vpc-peering-connection', '10.0.0.0/8 → pcx-1'],
    ['0.0.0.0/0 nat-1', 'nat-gateway', '0.0.0.0/0 → nat-1'],
  ])('%s', (text, kind, words) => {
    expect(routeTarget(route(text)).kind).toBe(kind);
    expect(formatRoute(route(text))).toBe(words);
  });

  it('a target of a kind that we do not know keeps its id', () => {
    const arn = 'arn:aws:networkmanager::111122223333:core-network/core-network-1';
    expect(routeTarget({ CoreNetworkArn: arn })).toEqual({ kind: 'other', id: arn });
    expect(routeTarget({ LocalGatewayId: 'lgw-1' })).toEqual({ kind: 'other', id: 'lgw-1' });
  });
});
