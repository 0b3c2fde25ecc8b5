/** Truth tables for the addresses of an interface endpoint and the whole path to each, from facts.md 2.1, 3.1-3.4 and 4.3. */
import { describe, expect, it } from 'vitest';
import type { NetworkInterface, VpcEndpoint } from '../../src/model/aws.ts';
import type { SliceName } from '../../src/model/state.ts';
import type { Client } from '../../src/network/client.ts';
import { interfaceByAddress, interfaceDestinations, vpcAddresses } from '../../src/network/destinations.ts';
import { combine, evaluatePath, joinStatus } from '../../src/network/paths.ts';
import {
  addresses,
  CLIENT_SUBNET,
  client,
  ENDPOINT_SUBNET,
  endpointInterface,
  entry,
  ports,
  routeTable,
  stateOf,
  tcp,
  VPC,
} from './support.ts';

const CARD: NetworkInterface = {
  NetworkInterfaceId: 'eni-1',
  VpcId: VPC,
  SubnetId: ENDPOINT_SUBNET,
  PrivateIpAddress: '10.0.2.14',
  PrivateIpAddresses: [
    { PrivateIpAddress: '10.0.2.15', Primary: false },
    { PrivateIpAddress: '10.0.2.14', Primary: true },
  ],
  Ipv6Addresses: [{ Ipv6Address: '2600:1f18::14' }],
  Groups: [{ GroupId: 'sg-endpoint' }],
};
const ENDPOINT: VpcEndpoint = {
  VpcEndpointId: 'vpce-1',
  VpcEndpointType: 'Interface',
  VpcId: VPC,
  State: 'available',
  NetworkInterfaceIds: ['eni-1'],
};
const dual = { ipv4: '10.0.1.23', ipv6: '2600:1f18::23' };
const onlySix = { ipv4: undefined, ipv6: '2600:1f18::23' };

describe('addresses that a client can be led to (facts.md 2.1, 2.7; VpcEndpoint.IpAddressType, DnsOptions)', () => {
  it.each<[string, Partial<VpcEndpoint>, Partial<Client>, readonly string[]]>([
    ['IPv4', { IpAddressType: 'ipv4' }, {}, ['10.0.2.14']],
    ['no type said is IPv4', {}, dual, ['10.0.2.14']],
    ['dual-stack endpoint, IPv4 client', { IpAddressType: 'dualstack' }, {}, ['10.0.2.14']],
    ['dual-stack endpoint, dual-stack client', { IpAddressType: 'dualstack' }, dual, ['10.0.2.14', '2600:1f18::14']],
    ['dual-stack endpoint, IPv6 client', { IpAddressType: 'dualstack' }, onlySix, ['2600:1f18::14']],
    [
      'dual-stack endpoint that answers A only',
      { IpAddressType: 'dualstack', DnsOptions: { DnsRecordIpType: 'ipv4' } },
      dual,
      ['10.0.2.14'],
    ],
    [
      'dual-stack endpoint that answers AAAA only',
      { IpAddressType: 'dualstack', DnsOptions: { DnsRecordIpType: 'ipv6' } },
      dual,
      ['2600:1f18::14'],
    ],
    ['IPv6 endpoint, dual-stack client', { IpAddressType: 'ipv6' }, dual, ['2600:1f18::14']],
    ['IPv4 endpoint, IPv6 client: no path at all', { IpAddressType: 'ipv4' }, onlySix, []],
    ['IPv6 endpoint, IPv4 client: no path at all', { IpAddressType: 'ipv6' }, {}, []],
  ])('%s', (_words, endpoint, who, expected) => {
    const state = stateOf({ networkInterfaces: [CARD] });
    const { destinations } = interfaceDestinations(state, client(who), { ...ENDPOINT, ...endpoint });
    expect(destinations.map((one) => one.address)).toEqual(expected);
  });

  it('an interface that the caller may not see is missing, not absent', () => {
    const two = { ...ENDPOINT, NetworkInterfaceIds: ['eni-1', 'eni-2'] };
    const { destinations, missing } = interfaceDestinations(stateOf({ networkInterfaces: [CARD] }), client(), two);
    expect(destinations).toHaveLength(1);
    expect(missing).toMatchObject([{ slice: 'networkInterfaces', why: 'not-found', detail: 'eni-2' }]);
    const refused = interfaceDestinations(stateOf({ networkInterfaces: 'denied' }), client(), two);
    expect(refused).toMatchObject({ destinations: [], missing: [{ why: 'denied' }, { why: 'denied' }] });
  });

  it('one address in two VPCs is the one in the client’s own', () => {
    const twin = { ...CARD, NetworkInterfaceId: 'eni-twin', VpcId: 'vpc-2' };
    const state = stateOf({ networkInterfaces: [twin, CARD] });
    expect(interfaceByAddress(state, { vpcId: VPC }, '10.0.2.14')?.NetworkInterfaceId).toBe('eni-1');
    expect(interfaceByAddress(state, { vpcId: 'vpc-2' }, '10.0.2.14')?.NetworkInterfaceId).toBe('eni-twin');
    expect(interfaceByAddress(state, { vpcId: VPC }, '10.0.2.15')?.NetworkInterfaceId).toBe('eni-1');
    expect(interfaceByAddress(state, { vpcId: VPC }, '10.0.2.16')).toBeUndefined();
  });

  it('a VPC’s addresses are all its CIDRs, whatever range they are of, and none that has gone', () => {
    const vpc = {
      CidrBlock: '198.18.0.0/16',
      CidrBlockAssociationSet: [
        { CidrBlock: '198.18.0.0/16', CidrBlockState: { State: 'associated' } },
        { CidrBlock: '100.64.0.0/16', CidrBlockState: { State: 'associated' } },
        { CidrBlock: '11.0.0.0/16', CidrBlockState: { State: 'disassociated' } },
      ],
      Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2600:1f18::/56', Ipv6CidrBlockState: { State: 'associated' } }],
    };
    expect(vpcAddresses(vpc)).toEqual(addresses('198.18.0.0/16', '100.64.0.0/16', '2600:1f18::/56'));
  });
});

const OPEN = [
  '100 in allow -1 0.0.0.0/0',
  '100 out allow -1 0.0.0.0/0',
  '101 in allow -1 ::/0',
  '101 out allow -1 ::/0',
].map(entry);

const LOCAL = ['10.0.0.0/16 local', '2600:1f18::/56 local'];
/** The client's table with these routes, and the main table, which the endpoint's subnet uses, with those. */
const tables = (routes: readonly string[], back: readonly string[] = LOCAL) => [
  routeTable(routes),
  routeTable(back, {
    RouteTableId: 'rtb-main',
    Associations: [{ Main: true, AssociationState: { State: 'associated' } }],
  }),
];

/** A VPC in which everything passes, until a row changes it. */
function openVpc(changes: Partial<Parameters<typeof stateOf>[0]> = {}) {
  return stateOf({
    securityGroups: [
      { GroupId: 'sg-client', IpPermissions: [], IpPermissionsEgress: [tcp('0.0.0.0/0', '::/0')] },
      { GroupId: 'sg-endpoint', IpPermissions: [tcp('sg-client')], IpPermissionsEgress: [] },
    ],
    networkAcls: [{ NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: OPEN }],
    routeTables: tables(LOCAL),
    prefixLists: [],
    prefixListEntries: [],
    vpcPeeringConnections: [],
    ...changes,
  });
}

describe('the path (facts.md 3.2, 3.4, 4.1)', () => {
  const deny = (...texts: string[]) => [
    { NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: [...texts.map(entry), ...OPEN] },
  ];
  const groups = (inbound: readonly string[], outbound: readonly string[]) => [
    { GroupId: 'sg-client', IpPermissionsEgress: [tcp(...outbound)] },
    { GroupId: 'sg-endpoint', IpPermissions: [tcp(...inbound)] },
  ];
  const SHUT = [{ NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: [] }];
  it.each<[string, Parameters<typeof openVpc>[0], string, readonly string[]]>([
    ['everything open', {}, 'open', []],
    [
      'the endpoint’s outbound rules do not matter: answers are tracked',
      {
        securityGroups: [
          { GroupId: 'sg-client', IpPermissions: [], IpPermissionsEgress: [tcp('0.0.0.0/0')] },
          { GroupId: 'sg-endpoint', IpPermissions: [tcp('sg-client')], IpPermissionsEgress: [] },
        ],
      },
      'open',
      [],
    ],
    [
      'the endpoint’s group admits another client',
      { securityGroups: groups(['10.0.9.0/24'], ['0.0.0.0/0']) },
      'closed',
      ['endpoint-sg-ingress'],
    ],
    [
      'the client’s group lets nothing out',
      { securityGroups: groups(['10.0.0.0/16'], ['192.0.2.0/24']) },
      'closed',
      ['client-sg-egress'],
    ],
    [
      'the client’s group lets out to the endpoint’s group',
      { securityGroups: groups(['sg-client'], ['sg-endpoint']) },
      'open',
      [],
    ],
    [
      'both groups wrong: both named',
      { securityGroups: groups(['10.0.9.0/24'], ['192.0.2.0/24']) },
      'closed',
      ['client-sg-egress', 'endpoint-sg-ingress'],
    ],
    [
      'one ACL shuts everything: all four gates named',
      { networkAcls: SHUT },
      'closed',
      ['client-nacl-egress', 'endpoint-nacl-ingress', 'endpoint-nacl-return', 'client-nacl-return'],
    ],
    [
      'answers to half of the source ports',
      { networkAcls: deny('10 in deny 6 0.0.0.0/0 32768-49151') },
      'partial',
      ['client-nacl-return'],
    ],
    [
      'a dead route more specific than local',
      { routeTables: tables(['10.0.0.0/16 local', '10.0.2.0/24 eni-x blackhole']) },
      'closed',
      ['route'],
    ],
    ['a live one', { routeTables: tables(['10.0.0.0/16 local', '10.0.2.0/24 eni-x']) }, 'closed', ['route']],
    ['no local route at all', { routeTables: tables([]) }, 'closed', ['route']],
    [
      'a propagated route more specific than local',
      { routeTables: tables(['10.0.0.0/16 local', '10.0.2.0/24 vgw-1 propagated']) },
      'open',
      [],
    ],
    ['a refused slice: unknown', { networkAcls: 'denied' }, 'unknown', []],
    [
      'a refused slice and a gate that surely blocks',
      { networkAcls: 'denied', securityGroups: groups(['10.0.9.0/24'], ['0.0.0.0/0']) },
      'closed',
      ['endpoint-sg-ingress'],
    ],
  ])('%s', (_words, changes, status, blocking) => {
    const path = evaluatePath(openVpc(changes), client(), endpointInterface(), 443);
    expect(path.status).toBe(status);
    expect(path.gates.filter((gate) => gate.block.length > 0).map((gate) => gate.gate)).toEqual(blocking);
  });

  it('inside one subnet only the groups count', () => {
    const near = endpointInterface({ address: '10.0.1.99', subnetId: CLIENT_SUBNET });
    const shut = { networkAcls: SHUT, routeTables: tables(['10.0.1.0/24 eni-x blackhole']) };
    expect(evaluatePath(openVpc(shut), client(), near, 443).status).toBe('open');
    const stranger = [
      { GroupId: 'sg-client', IpPermissionsEgress: [tcp('0.0.0.0/0')] },
      { GroupId: 'sg-endpoint', IpPermissions: [] },
    ];
    expect(evaluatePath(openVpc({ ...shut, securityGroups: stranger }), client(), near, 443).status).toBe('closed');
  });

  it('source ports that pass are those that every gate passes', () => {
    const texts = ['10 in deny 6 0.0.0.0/0 32768-39999', '11 out deny 6 10.0.1.23/32 50000-65535'];
    const path = evaluatePath(openVpc({ networkAcls: deny(...texts) }), client(), endpointInterface(), 443);
    expect(ports(path.pass, '10.0.2.14')).toBe('40000-49999');
    expect(ports(path.block, '10.0.2.14')).toBe('32768-39999, 50000-60999');
  });

  it('each family by its own rules', () => {
    const state = openVpc({
      networkAcls: [{ NetworkAclId: 'acl-1', VpcId: VPC, IsDefault: true, Entries: OPEN.slice(0, 2) }],
    });
    const six = endpointInterface({ address: '2600:1f18::14' });
    expect(evaluatePath(state, client(dual), endpointInterface(), 443).status).toBe('open');
    expect(evaluatePath(state, client(dual), six, 443).status).toBe('closed');
    expect(evaluatePath(openVpc(), client(dual), six, 443).status).toBe('open');
  });

  it('unknown groups, subnets and tables are unknown, never open and never shut', () => {
    const blind: [string, Partial<Client>, SliceName][] = [
      ['the client’s groups', { groupIds: undefined }, 'networkInterfaces'],
      ['the client’s subnet', { subnetId: undefined }, 'networkInterfaces'],
    ];
    for (const [, who, slice] of blind) {
      const path = evaluatePath(openVpc(), client(who), endpointInterface(), 443);
      expect(path.status).toBe('unknown');
      expect(path.gates.flatMap((gate) => gate.missing).map((one) => one.slice)).toContain(slice);
    }
    for (const slice of ['securityGroups', 'networkAcls', 'routeTables'] as const) {
      const path = evaluatePath(openVpc({ [slice]: 'throttled' }), client(), endpointInterface(), 443);
      expect(path.status).toBe('unknown');
      expect(path.gates.flatMap((gate) => gate.missing)).toContainEqual(
        expect.objectContaining({ slice, why: 'throttled' }),
      );
    }
    const dark = endpointInterface({ groupIds: undefined });
    expect(evaluatePath(openVpc(), client(), dark, 443).status).toBe('unknown');
  });

  it('several addresses: open when all are, closed when all are, else in part', () => {
    const good = evaluatePath(openVpc(), client(), endpointInterface(), 443);
    const bad = evaluatePath(openVpc({ networkAcls: SHUT }), client(), endpointInterface(), 443);
    const dark = evaluatePath(openVpc({ networkAcls: 'denied' }), client(), endpointInterface(), 443);
    expect([[good, good], [bad, bad], [good, bad], [good, dark], [bad, dark], []].map(joinStatus)).toEqual([
      'open',
      'closed',
      'partial',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
});

describe('an endpoint in another VPC (facts.md 3.1, 4.3)', () => {
  const far = endpointInterface({ address: '10.50.2.14', vpcId: 'vpc-2', subnetId: 'subnet-far', relation: 'peering' });
  const peering = (Code: string, other = 'vpc-2') => [
    {
      VpcPeeringConnectionId: 'pcx-1',
      Status: { Code },
      RequesterVpcInfo: { VpcId: VPC },
      AccepterVpcInfo: { VpcId: other },
    },
  ];
  const way = (...routes: string[]) => [routeTable(['10.0.0.0/16 local', ...routes])];
  /** What the client's table and the connection that it leads into say together. */
  const wayOf = (changes: Parameters<typeof openVpc>[0]) => {
    const own = evaluatePath(openVpc(changes), client(), far, 443).gates.filter(
      ({ gate }) => gate === 'route' || gate === 'transit',
    );
    return combine(far, own[0]?.asked ?? [], own);
  };
  it.each<[string, Parameters<typeof openVpc>[0], string]>([
    ['an active peering', { routeTables: way('10.50.0.0/16 pcx-1'), vpcPeeringConnections: peering('active') }, 'pass'],
    [
      'a peering that is not active',
      { routeTables: way('10.50.0.0/16 pcx-1'), vpcPeeringConnections: peering('deleted') },
      'block',
    ],
    [
      'a peering to a third VPC: not transitive',
      { routeTables: way('10.50.0.0/16 pcx-1'), vpcPeeringConnections: peering('active', 'vpc-3') },
      'block',
    ],
    [
      'a peering that cannot be read',
      { routeTables: way('10.50.0.0/16 pcx-1'), vpcPeeringConnections: 'denied' },
      'unknown',
    ],
    [
      'a dead route to the peering',
      { routeTables: way('10.50.0.0/16 pcx-1 blackhole'), vpcPeeringConnections: peering('active') },
      'block',
    ],
    ['a transit gateway has tables of its own', { routeTables: way('10.50.0.0/16 tgw-1') }, 'unknown'],
    ['a NAT gateway that is gone leads to no VPC', { routeTables: way('0.0.0.0/0 nat-1'), natGateways: [] }, 'block'],
    ['one that cannot be read may lead on', { routeTables: way('0.0.0.0/0 nat-1') }, 'unknown'],
    ['an internet gateway leads to no VPC', { routeTables: way('0.0.0.0/0 igw-1') }, 'block'],
    ['an appliance may lead on', { routeTables: way('10.50.0.0/16 eni-1') }, 'unknown'],
    ['a firewall endpoint may', { routeTables: way('10.50.0.0/16 vpce-1') }, 'unknown'],
    ['a VPN may', { routeTables: way('10.50.0.0/16 vgw-1') }, 'unknown'],
    ['a dead appliance does not', { routeTables: way('10.50.0.0/16 eni-1 blackhole') }, 'block'],
    ['no route', { routeTables: way() }, 'block'],
  ])('%s', (_words, changes, expected) => {
    const gate = wayOf(changes);
    const sets = { pass: gate.pass, block: gate.block, unknown: gate.unknown };
    expect(
      Object.entries(sets)
        .filter(([, set]) => set.length > 0)
        .map(([name]) => name),
    ).toEqual([expected]);
  });
});

describe('the way back (facts.md 4.1: the endpoint subnet’s own table)', () => {
  const status = (back: readonly string[], who: Partial<Client> = {}, changes: Parameters<typeof openVpc>[0] = {}) => {
    const { status: found, gates } = evaluatePath(
      openVpc({ routeTables: tables(LOCAL, back), ...changes }),
      client(who),
      endpointInterface(),
      443,
    );
    return [found, ...gates.filter((gate) => gate.block.length > 0).map((gate) => gate.gate)];
  };
  it.each<[string, readonly string[], readonly string[]]>([
    ['the local route', LOCAL, ['open']],
    ['a default route beside it', [...LOCAL, '0.0.0.0/0 nat-1'], ['open']],
    [
      'a dead route for the client’s subnet',
      [...LOCAL, '10.0.1.0/24 eni-x blackhole'],
      ['closed', 'endpoint-route-return'],
    ],
    ['a live one, to an appliance', [...LOCAL, '10.0.1.0/24 eni-x'], ['closed', 'endpoint-route-return']],
    ['a dead route for another subnet', [...LOCAL, '10.0.7.0/24 eni-x blackhole'], ['open']],
    ['a propagated route never wins against local', [...LOCAL, '10.0.1.0/24 vgw-1 propagated'], ['open']],
    ['no route at all', [], ['closed', 'endpoint-route-return']],
  ])('%s', (_words, back, expected) => expect(status(back)).toEqual(expected));

  it('is not asked inside one subnet, nor of a gateway endpoint, which has none', () => {
    const near = endpointInterface({ address: '10.0.1.99', subnetId: CLIENT_SUBNET });
    const dead = openVpc({ routeTables: tables([...LOCAL, '10.0.1.0/24 eni-x blackhole']) });
    expect(evaluatePath(dead, client(), near, 443).status).toBe('open');
  });

  it('of another VPC needs a route to the client’s, and is unknown where that VPC’s tables cannot be seen', () => {
    const far = endpointInterface({
      address: '10.50.2.14',
      vpcId: 'vpc-2',
      subnetId: 'subnet-far',
      relation: 'peering',
    });
    const back = (...routes: string[]) =>
      routeTable(['10.50.0.0/16 local', ...routes], {
        RouteTableId: 'rtb-far',
        VpcId: 'vpc-2',
        Associations: [{ Main: true }],
      });
    const there = routeTable(['10.0.0.0/16 local', '10.50.0.0/16 pcx-1']);
    const joined = [
      {
        VpcPeeringConnectionId: 'pcx-1',
        Status: { Code: 'active' },
        RequesterVpcInfo: { VpcId: VPC },
        AccepterVpcInfo: { VpcId: 'vpc-2' },
      },
    ];
    const gate = (...all: ReturnType<typeof routeTable>[]) => {
      const state = openVpc({ routeTables: all, vpcPeeringConnections: joined });
      const own = evaluatePath(state, client(), far, 443).gates.filter(
        (one) => one.gate === 'endpoint-route-return' || one.gate === 'transit-return',
      );
      const found = combine(far, own[0]?.asked ?? [], own);
      return [found.pass, found.block, found.unknown].map((set) => set.length);
    };
    expect(gate(there, back('10.0.0.0/16 pcx-1'))).toEqual([1, 0, 0]);
    expect(gate(there, back())).toEqual([0, 1, 0]);
    expect(gate(there, back('10.0.0.0/16 pcx-1 blackhole'))).toEqual([0, 1, 0]);
    expect(gate(there, back('10.0.0.0/16 tgw-1'))).toEqual([0, 0, 1]);
    expect(gate(there)).toEqual([0, 0, 1]);
  });
});
