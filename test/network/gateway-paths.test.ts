/** Truth tables for gateway endpoints, written from facts.md 3.2, 3.4, 4.1 and 4.2. */
import { describe, expect, it } from 'vitest';
import type { VpcEndpoint } from '../../src/model/aws.ts';
import type { Target } from '../../src/model/target.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { evaluateTarget, type TargetModel } from '../../src/network/model.ts';
import { blocks, CLIENT_SUBNET, entry, ports, routeTable, rule, stateOf, tcp, VPC } from './support.ts';

const S3 = 'com.amazonaws.eu-west-1.s3';
const TARGET: Target = {
  id: 's3.eu-west-1.amazonaws.com',
  requested: ['s3'],
  host: 's3.eu-west-1.amazonaws.com',
  port: 443,
  application: 'https',
  serviceId: 's3',
  serviceNames: [S3],
};
const ENDPOINT: VpcEndpoint = {
  VpcEndpointId: 'vpce-s3',
  VpcEndpointType: 'Gateway',
  VpcId: VPC,
  ServiceName: S3,
  State: 'available',
};
const OPEN = [
  '100 in allow -1 0.0.0.0/0',
  '100 out allow -1 0.0.0.0/0',
  '101 in allow -1 ::/0',
  '101 out allow -1 ::/0',
];
const acl = (...texts: string[]) => [{ NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: texts.map(entry) }];
const egress = (...permissions: ReturnType<typeof tcp>[]) => [
  { GroupId: 'sg-client', IpPermissionsEgress: permissions },
];
const client = (changes: Partial<Vantage> = {}): Vantage => ({
  ...emptyVantage('ec2'),
  vpcId: VPC,
  subnetId: CLIENT_SUBNET,
  addresses: ['10.0.1.23'],
  securityGroupIds: ['sg-client'],
  ...changes,
});
const publicTable = routeTable(['0.0.0.0/0 igw-1'], {
  RouteTableId: 'rtb-public',
  Associations: [{ SubnetId: 'subnet-public' }],
});

/** S3 behind a gateway endpoint, everything open, until a row changes it; `routes` beside the local one. */
function model(
  routes: readonly string[],
  changes: Partial<Parameters<typeof stateOf>[0]> = {},
  vantage: Vantage = client(),
): TargetModel {
  const state = stateOf({
    vpcs: [{ VpcId: VPC, CidrBlock: '10.0.0.0/16', DhcpOptionsId: 'default' }],
    vpcAttributes: [{ VpcId: VPC, EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }],
    vpcEndpoints: [ENDPOINT],
    networkInterfaces: [],
    subnets: [],
    prefixLists: [
      { PrefixListId: 'pl-s3', PrefixListName: S3, Cidrs: ['52.218.0.0/17', '3.5.64.0/21'] },
      { PrefixListId: 'pl-ddb', PrefixListName: 'com.amazonaws.eu-west-1.dynamodb', Cidrs: ['52.94.5.0/24'] },
    ],
    prefixListEntries: [],
    securityGroups: egress(tcp('0.0.0.0/0')),
    networkAcls: acl(...OPEN),
    routeTables: [routeTable(['10.0.0.0/16 local', ...routes]), publicTable],
    natGateways: [{ NatGatewayId: 'nat-1', VpcId: VPC, SubnetId: 'subnet-public', State: 'available' }],
    internetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: VPC }] }],
    egressOnlyInternetGateways: [],
    vpcPeeringConnections: [],
    ...changes,
  });
  return evaluateTarget(state, vantage, TARGET, 'vpc');
}

const ROUTE = 'pl-s3 vpce-s3';

describe('the route decides (facts.md 4.2)', () => {
  it.each<[string, readonly string[], TargetModel['status'], string]>([
    ['its own route', [ROUTE], 'open', 'vpce-s3'],
    ['beside a default route to a NAT gateway, which is less specific', [ROUTE, '0.0.0.0/0 nat-1'], 'open', 'vpce-s3'],
    [
      'beside a default route that is dead, which takes nothing',
      [ROUTE, '0.0.0.0/0 nat-x blackhole'],
      'open',
      'vpce-s3',
    ],
    ['no route and no way out', [], 'closed', 'none'],
    ['no route, but a NAT gateway: it works, past the endpoint', ['0.0.0.0/0 nat-1'], 'detour', 'nat-1'],
    ['no route, and the NAT gateway is gone', ['0.0.0.0/0 nat-gone'], 'closed', 'none'],
    ['no route, and the default route is dead', ['0.0.0.0/0 nat-1 blackhole'], 'closed', 'none'],
    ['another service’s endpoint', ['pl-ddb vpce-ddb'], 'closed', 'none'],
    ['its route is a blackhole', [`${ROUTE} blackhole`], 'closed', 'none'],
    [
      'a dead route for all of it',
      [ROUTE, '52.218.0.0/17 eni-x blackhole', '3.5.64.0/21 eni-x blackhole'],
      'closed',
      'none',
    ],
    ['a dead route for a part', [ROUTE, '52.218.0.0/18 eni-x blackhole'], 'partial', 'vpce-s3'],
    ['a NAT gateway for a part: some of it past the endpoint', [ROUTE, '52.218.0.0/18 nat-1'], 'detour', 'vpce-s3'],
    ['propagated and longer', [ROUTE, '52.218.0.0/18 vgw-1 propagated'], 'partial', 'vpce-s3'],
    [
      'propagated and of one length: the list goes before it',
      [ROUTE, '52.218.0.0/17 vgw-1 propagated'],
      'open',
      'vpce-s3',
    ],
    ['shorter than the list’s entries', [ROUTE, '52.0.0.0/8 tgw-1', '3.0.0.0/8 tgw-1'], 'open', 'vpce-s3'],
    ['unread list towards a transit gateway: it may take some of it', [ROUTE, 'pl-dark tgw-1'], 'unknown', 'unknown'],
  ])('%s', (_words, routes, status, actualPath) => {
    const answer = model(routes);
    expect([answer.status, answer.actualPath]).toEqual([status, actualPath]);
  });

  it('a route of another subnet’s table is no route of this one', () => {
    const other = routeTable(['10.0.0.0/16 local', ROUTE], {
      RouteTableId: 'rtb-other',
      Associations: [{ SubnetId: 'subnet-x' }],
    });
    const own = routeTable(['10.0.0.0/16 local']);
    expect(model([], { routeTables: [other, own] }).status).toBe('closed');
    // Without an association of its own the subnet uses the main table.
    const main = { ...other, Associations: [{ Main: true }] };
    expect(model([], { routeTables: [main] }).status).toBe('open');
    expect(model([], { routeTables: [main, own] }).status).toBe('closed');
  });

  it('what would still be in the way is told although the route is missing', () => {
    const gate = model(['52.218.0.0/18 eni-x blackhole', '0.0.0.0/0 nat-1']).endpointPaths[0]?.gates.find(
      (one) => one.gate === 'route',
    );
    expect(gate?.routes?.endpointRouteMissing).toBe(true);
    expect(new Set(gate?.routes?.parts.map((part) => part.effect))).toEqual(new Set(['arrives', 'blackhole']));
  });

  it('two gateway endpoints of one service: each table has its own', () => {
    const two = { vpcEndpoints: [{ ...ENDPOINT, VpcEndpointId: 'vpce-0first' }, ENDPOINT] };
    expect(model([ROUTE], two).status).toBe('open');
  });

  it('an endpoint that is not available carries nothing', () => {
    for (const State of ['deleting', 'Deleted', 'failed', 'pending'])
      expect(model([ROUTE], { vpcEndpoints: [{ ...ENDPOINT, State }] }).status).not.toBe('open');
  });
});

describe('the client’s own gates (facts.md 3.2, 3.4)', () => {
  it.each<[string, Partial<Parameters<typeof stateOf>[0]>, TargetModel['status']]>([
    ['the prefix list', { securityGroups: egress(tcp('pl-s3')) }, 'open'],
    ['the service’s CIDRs', { securityGroups: egress(tcp('52.218.0.0/17', '3.5.64.0/21')) }, 'open'],
    ['one of its CIDRs', { securityGroups: egress(tcp('52.218.0.0/17')) }, 'partial'],
    ['another service’s list', { securityGroups: egress(tcp('pl-ddb')) }, 'closed'],
    ['the VPC only: the destination is public', { securityGroups: egress(tcp('10.0.0.0/16')) }, 'closed'],
    ['a group: nothing behind a gateway endpoint is in one', { securityGroups: egress(tcp('sg-client')) }, 'closed'],
    ['IPv6 only', { securityGroups: egress(tcp('::/0')) }, 'closed'],
    ['udp', { securityGroups: egress(rule({ IpProtocol: 'udp', FromPort: 443, ToPort: 443 }, '0.0.0.0/0')) }, 'closed'],
    [
      'the ACL lets only the VPC out',
      { networkAcls: acl('100 out allow -1 10.0.0.0/16', '100 in allow -1 0.0.0.0/0') },
      'closed',
    ],
    [
      'the ACL lets answers in from the VPC only',
      { networkAcls: acl('100 out allow -1 0.0.0.0/0', '100 in allow -1 10.0.0.0/16') },
      'closed',
    ],
    [
      'answers from one of the CIDRs',
      { networkAcls: acl('100 out allow -1 0.0.0.0/0', '100 in allow 6 52.218.0.0/17 1024-65535') },
      'partial',
    ],
    [
      'answers on the service’s port only',
      { networkAcls: acl('100 out allow -1 0.0.0.0/0', '100 in allow 6 0.0.0.0/0 443') },
      'closed',
    ],
    [
      'answers to the upper half of the source ports',
      { networkAcls: acl('100 out allow -1 0.0.0.0/0', '100 in allow 6 0.0.0.0/0 49152-65535') },
      'partial',
    ],
  ])('%s', (_words, changes, status) => expect(model([ROUTE], changes).status).toBe(status));

  it('which addresses and ports pass is exact', () => {
    const path = model([ROUTE, '52.218.0.0/19 eni-x blackhole'], {
      networkAcls: acl(
        '100 out allow -1 0.0.0.0/0',
        '100 in allow 6 52.218.0.0/17 49152-65535',
        '110 in allow 6 3.5.64.0/22',
      ),
    }).endpointPaths[0];
    expect(path?.status).toBe('partial');
    if (path === undefined) return;
    expect(blocks(path.pass)).toEqual(['3.5.64.0/22', '52.218.32.0/19', '52.218.64.0/18']);
    expect([
      ports(path.pass, '3.5.67.255'),
      ports(path.pass, '52.218.32.0'),
      ports(path.pass, '52.218.31.255'),
    ]).toEqual(['32768-60999', '49152-60999', '']);
  });
});

describe('IPv6 (facts.md 4.2: a dual-stack gateway endpoint has a second list and a second route)', () => {
  const both = client({ addresses: ['10.0.1.23', '2600:1f18::23'] });
  const dual = {
    vpcEndpoints: [{ ...ENDPOINT, IpAddressType: 'dualstack' }],
    prefixLists: [
      { PrefixListId: 'pl-s3', PrefixListName: S3, Cidrs: ['52.218.0.0/17'] },
      { PrefixListId: 'pl-s3six', PrefixListName: S3, Cidrs: ['2600:1fa0::/32'] },
    ],
    securityGroups: egress(tcp('0.0.0.0/0', '::/0')),
  };
  const routes = [ROUTE, 'pl-s3six vpce-s3'];
  it('an IPv4 endpoint has IPv4 paths only, a dual-stack one both where the client has both', () => {
    const families = (answer: TargetModel) => answer.endpointPaths.map((path) => path.destination.family);
    expect(families(model([ROUTE], {}, both))).toEqual([4]);
    expect(families(model(routes, dual))).toEqual([4]);
    expect(families(model(routes, dual, both))).toEqual([4, 6]);
    expect(families(model(routes, dual, client({ addresses: ['2600:1f18::23'] })))).toEqual([6]);
  });

  it.each<[string, Partial<Parameters<typeof stateOf>[0]>, TargetModel['status']]>([
    ['everything', {}, 'open'],
    ['groups let IPv4 out only', { securityGroups: egress(tcp('0.0.0.0/0')) }, 'partial'],
    ['groups name one of the two lists', { securityGroups: egress(tcp('pl-s3')) }, 'partial'],
    [
      'the ACL knows IPv4 only',
      { networkAcls: acl('100 in allow -1 0.0.0.0/0', '100 out allow -1 0.0.0.0/0') },
      'partial',
    ],
  ])('%s', (_words, changes, status) => expect(model(routes, { ...dual, ...changes }, both).status).toBe(status));
});

describe('a prefix list that cannot be read (design.md, principle 2)', () => {
  const unread = { prefixLists: 'denied' as const };
  it.each<[string, readonly string[], Partial<Parameters<typeof stateOf>[0]>, TargetModel['status']]>([
    ['its route and no other', [ROUTE], {}, 'open'],
    ['a default route is less specific than any list', [ROUTE, '0.0.0.0/0 nat-1'], {}, 'open'],
    [
      'the route of the endpoint is dead, whatever the list holds',
      [`${ROUTE} blackhole`, '0.0.0.0/0 nat-1'],
      {},
      'closed',
    ],
    ['another route may be longer than the entries or shorter', [ROUTE, '52.0.0.0/8 tgw-1'], {}, 'unknown'],
    ['another dead route too', [ROUTE, '52.218.0.0/18 eni-x blackhole'], {}, 'unknown'],
    ['the group names the very list', [ROUTE], { securityGroups: egress(tcp('pl-s3')) }, 'open'],
    [
      'the group names blocks that may or may not be all of it',
      [ROUTE],
      { securityGroups: egress(tcp('52.218.0.0/17')) },
      'unknown',
    ],
    ['the group lets nothing out at all', [ROUTE], { securityGroups: egress() }, 'closed'],
    [
      'the ACL lets a part out',
      [ROUTE],
      { networkAcls: acl('100 out allow -1 52.0.0.0/8', '100 in allow -1 0.0.0.0/0') },
      'unknown',
    ],
    ['no route at all and no way out', [], {}, 'closed'],
    ['no route at all, but a NAT gateway', ['0.0.0.0/0 nat-1'], {}, 'detour'],
  ])('%s', (_words, routes, changes, status) => expect(model(routes, { ...unread, ...changes }).status).toBe(status));

  it('names the call that would tell', () => {
    const { missing } = model([ROUTE, '52.0.0.0/8 tgw-1'], unread);
    expect(missing).toContainEqual(expect.objectContaining({ action: 'ec2:DescribePrefixLists', why: 'denied' }));
  });

  it('its entries serve as well (GetManagedPrefixListEntries)', () => {
    const entries = [{ PrefixListId: 'pl-s3', Entries: [{ Cidr: '52.218.0.0/17' }] }];
    expect(model([ROUTE, '52.218.0.0/18 eni-x blackhole'], { ...unread, prefixListEntries: entries }).status).toBe(
      'partial',
    );
  });
});
