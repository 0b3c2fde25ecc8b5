/** Truth tables for security groups, written from facts.md 3.1 and 3.2 and the pages that they cite. */
import { describe, expect, it } from 'vitest';
import type { IpPermission, SecurityGroup } from '../../src/model/aws.ts';
import { formatAddresses } from '../../src/network/addresses.ts';
import {
  evaluateSecurityGroups,
  formatPermission,
  type Peer,
  type Relation,
} from '../../src/network/security-groups.ts';
import { addresses, rule, stateOf, tcp } from './support.ts';

type Answer = 'pass' | 'block' | 'unknown';

const LISTS = {
  prefixLists: [{ PrefixListId: 'pl-s3', PrefixListName: 'com.amazonaws.eu-west-1.s3', Cidrs: ['52.218.0.0/17'] }],
  prefixListEntries: [
    { PrefixListId: 'pl-own', Entries: [{ Cidr: '10.0.1.0/24' }, { Cidr: '10.9.0.0/16' }] },
    { PrefixListId: 'pl-empty', Entries: [] },
    { PrefixListId: 'pl-own6', Entries: [{ Cidr: '2600:1f18::/32' }] },
  ],
};

function ask(rules: readonly IpPermission[] | undefined, peer: Partial<Peer> = {}, port = 443): Answer {
  const group: SecurityGroup = { GroupId: 'sg-1', ...(rules === undefined ? {} : { IpPermissions: [...rules] }) };
  const state = stateOf({ securityGroups: [group], ...LISTS });
  const whole: Peer = { addresses: addresses('10.0.1.23'), groupIds: ['sg-client'], relation: 'same-vpc', ...peer };
  const { pass, unknown } = evaluateSecurityGroups(state, ['sg-1'], 'ingress', port, whole);
  return pass.length > 0 ? 'pass' : unknown.length > 0 ? 'unknown' : 'block';
}

describe('protocols and ports (facts.md 1.3, 3.1; API_IpPermission)', () => {
  const any = '0.0.0.0/0';
  it.each<[string, IpPermission, Answer]>([
    ['tcp 443', rule({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }, any), 'pass'],
    ['6 443', rule({ IpProtocol: '6', FromPort: 443, ToPort: 443 }, any), 'pass'],
    ['a range around it', rule({ IpProtocol: 'tcp', FromPort: 0, ToPort: 65535 }, any), 'pass'],
    ['its first port', rule({ IpProtocol: 'tcp', FromPort: 443, ToPort: 500 }, any), 'pass'],
    ['its last port', rule({ IpProtocol: 'tcp', FromPort: 400, ToPort: 443 }, any), 'pass'],
    ['just before it', rule({ IpProtocol: 'tcp', FromPort: 400, ToPort: 442 }, any), 'block'],
    ['just behind it', rule({ IpProtocol: 'tcp', FromPort: 444, ToPort: 500 }, any), 'block'],
    ['another port', rule({ IpProtocol: 'tcp', FromPort: 80, ToPort: 80 }, any), 'block'],
    ['udp 443', rule({ IpProtocol: 'udp', FromPort: 443, ToPort: 443 }, any), 'block'],
    ['17 443', rule({ IpProtocol: '17', FromPort: 443, ToPort: 443 }, any), 'block'],
    ['icmp', rule({ IpProtocol: 'icmp', FromPort: -1, ToPort: -1 }, any), 'block'],
    ['another protocol, whose ports mean nothing', rule({ IpProtocol: '47' }, any), 'block'],
    ['every protocol, ports absent', rule({ IpProtocol: '-1' }, any), 'pass'],
    [
      'every protocol, ports given, which mean nothing',
      rule({ IpProtocol: '-1', FromPort: 80, ToPort: 80 }, any),
      'pass',
    ],
    ['tcp without ports', rule({ IpProtocol: 'tcp' }, any), 'pass'],
  ])('%s', (_words, permission, expected) => expect(ask([permission])).toBe(expected));

  it('the port is the service’s, not always 443', () => {
    expect(ask([tcp('0.0.0.0/0')], {}, 8883)).toBe('block');
    expect(ask([rule({ IpProtocol: 'tcp', FromPort: 8883, ToPort: 8883 }, '0.0.0.0/0')], {}, 8883)).toBe('pass');
  });
});

describe('sources (facts.md 3.1)', () => {
  const six = { addresses: addresses('2600:1f18::23') };
  it.each<[string, readonly IpPermission[] | undefined, Partial<Peer>, Answer]>([
    ['no rules', [], {}, 'block'],
    ['rules absent from the answer', undefined, {}, 'block'],
    ['a rule for nobody', [tcp()], {}, 'block'],
    ['the client’s address', [tcp('10.0.1.23/32')], {}, 'pass'],
    ['its subnet', [tcp('10.0.1.0/24')], {}, 'pass'],
    ['the subnet beside it', [tcp('10.0.2.0/24')], {}, 'block'],
    ['two rules, the second admits', [tcp('10.0.2.0/24'), tcp('10.0.1.0/24')], {}, 'pass'],
    ['a block whose host bits are set', [tcp('10.0.1.77/24')], {}, 'pass'],
    [
      'the primary CIDR, for a client in the secondary one',
      [tcp('10.0.0.0/16')],
      { addresses: addresses('100.64.1.23') },
      'block',
    ],
    ['a VPC of no RFC 1918 range', [tcp('198.18.0.0/16')], { addresses: addresses('198.18.7.9') }, 'pass'],
    ['everything IPv4, for an IPv6 client', [tcp('0.0.0.0/0')], six, 'block'],
    ['everything IPv6, for an IPv4 client', [tcp('::/0')], {}, 'block'],
    ['everything IPv6, for an IPv6 client', [tcp('::/0')], six, 'pass'],
    ['the client’s group', [tcp('sg-client')], {}, 'pass'],
    ['another group', [tcp('sg-other')], {}, 'block'],
    ['the endpoint’s own group, as the VPC’s default group has it', [tcp('sg-1')], {}, 'block'],
    ['the same for a client that has the group', [tcp('sg-1')], { groupIds: ['sg-client', 'sg-1'] }, 'pass'],
    ['a group, for an address that is no interface', [tcp('sg-client')], { groupIds: [] }, 'block'],
    ['a group, when the client’s are not known', [tcp('sg-client')], { groupIds: undefined }, 'unknown'],
    ['a group not known, but a CIDR admits', [tcp('sg-client', '10.0.0.0/8')], { groupIds: undefined }, 'pass'],
    ['a customer’s prefix list', [tcp('pl-own')], {}, 'pass'],
    ['a customer’s prefix list without it', [tcp('pl-own')], { addresses: addresses('10.0.2.1') }, 'block'],
    ['a prefix list of the other family', [tcp('pl-own')], six, 'block'],
    ['an IPv6 prefix list', [tcp('pl-own6')], six, 'pass'],
    ['an empty prefix list', [tcp('pl-empty')], {}, 'block'],
    ['an AWS prefix list', [tcp('pl-s3')], { addresses: addresses('52.218.4.10') }, 'pass'],
    ['a prefix list that cannot be read: never "it does not admit"', [tcp('pl-dark')], {}, 'unknown'],
    ['an unreadable list beside a rule that admits', [tcp('pl-dark'), tcp('10.0.1.0/24')], {}, 'pass'],
    [
      'an unreadable list for another port',
      [rule({ IpProtocol: 'tcp', FromPort: 80, ToPort: 80 }, 'pl-dark')],
      {},
      'block',
    ],
    [
      'the list that the gateway endpoint’s route names, unread',
      [tcp('pl-dark')],
      { prefixListIds: ['pl-dark'] },
      'pass',
    ],
    [
      'one of two unread lists: which family is whose is not known',
      [tcp('pl-dark')],
      { prefixListIds: ['pl-dark', 'pl-night'] },
      'unknown',
    ],
  ])('%s', (_words, rules, peer, expected) => expect(ask(rules, peer)).toBe(expected));
});

describe('references to groups between VPCs (facts.md 3.1)', () => {
  const pair = (PeeringStatus?: string): IpPermission => ({
    IpProtocol: 'tcp',
    FromPort: 443,
    ToPort: 443,
    UserIdGroupPairs: [
      { GroupId: 'sg-client', UserId: '111122223333', VpcPeeringConnectionId: 'pcx-1', PeeringStatus },
    ],
  });
  it.each<[string, IpPermission, Relation, Answer]>([
    ['in one VPC', tcp('sg-client'), 'same-vpc', 'pass'],
    // The documentation does not say whether it holds for an endpoint's interface: a warning, neither yes nor no.
    ['over a live peering', pair('active'), 'peering', 'unknown'],
    ['over a peering of unsaid status', pair(), 'peering', 'unknown'],
    ['over a deleted peering: a stale rule', pair('deleted'), 'peering', 'block'],
    ['over a peering that expired', pair('expired'), 'peering', 'block'],
    // "TGW SG referencing is not supported for PrivateLink".
    ['over a transit gateway', tcp('sg-client'), 'transit-gateway', 'block'],
    ['over anything else', tcp('sg-client'), 'other', 'block'],
  ])('%s', (_words, permission, relation, expected) => expect(ask([permission], { relation })).toBe(expected));

  it('a CIDR is honoured over any connection', () => {
    for (const relation of ['peering', 'transit-gateway', 'other'] as const)
      expect(ask([tcp('10.0.1.0/24')], { relation })).toBe('pass');
  });

  it('a reference that is not honoured is told apart from a rule that does not match', () => {
    const state = stateOf({ securityGroups: [{ GroupId: 'sg-1', IpPermissions: [tcp('sg-client')] }] });
    const peer: Peer = { addresses: addresses('10.0.1.23'), groupIds: ['sg-client'], relation: 'transit-gateway' };
    const { nearMisses } = evaluateSecurityGroups(state, ['sg-1'], 'ingress', 443, peer);
    expect(nearMisses).toMatchObject([{ groupId: 'sg-1', reason: 'reference-not-honoured' }]);
  });
});

describe('several groups are one list of rules (facts.md 3.1)', () => {
  const state = stateOf({
    securityGroups: [
      { GroupId: 'sg-none', IpPermissions: [], IpPermissionsEgress: [tcp('0.0.0.0/0')] },
      { GroupId: 'sg-some', IpPermissions: [tcp('10.0.1.0/25')] },
      { GroupId: 'sg-rest', IpPermissions: [tcp('10.0.1.128/25')] },
    ],
  });
  const peer: Peer = { addresses: addresses('10.0.1.0/24'), groupIds: [], relation: 'other' };
  const admitted = (...ids: string[]) => evaluateSecurityGroups(state, ids, 'ingress', 443, peer);

  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['sg-none'], [], []],
    [['sg-some'], ['10.0.1.0/25'], []],
    [['sg-none', 'sg-some'], ['10.0.1.0/25'], []],
    [['sg-some', 'sg-rest'], ['10.0.1.0/24'], []],
    // A group that cannot be read might admit what the others do not.
    [['sg-gone'], [], ['10.0.1.0/24']],
    [['sg-some', 'sg-gone'], ['10.0.1.0/25'], ['10.0.1.128/25']],
    [['sg-some', 'sg-rest', 'sg-gone'], ['10.0.1.0/24'], []],
  ])('%j admit %j and leave %j open', (ids, pass, unknown) => {
    const answer = admitted(...ids);
    expect([formatAddresses(answer.pass), formatAddresses(answer.unknown)]).toEqual([pass, unknown]);
  });

  it('an unreadable group names the call, one that admits everything needs none', () => {
    expect(admitted('sg-some', 'sg-gone').missing).toMatchObject([{ slice: 'securityGroups', detail: 'sg-gone' }]);
    expect(admitted('sg-some', 'sg-rest', 'sg-gone').missing).toEqual([]);
    const refused = stateOf({ securityGroups: 'denied' });
    const answer = evaluateSecurityGroups(refused, ['sg-1'], 'ingress', 443, peer);
    expect(answer).toMatchObject({ pass: [], missing: [{ slice: 'securityGroups', why: 'denied' }] });
    expect(formatAddresses(answer.unknown)).toEqual(['10.0.1.0/24']);
  });

  it('the direction counts: inbound and outbound rules are two lists', () => {
    expect(formatAddresses(admitted('sg-none').pass)).toEqual([]);
    const out = evaluateSecurityGroups(state, ['sg-none'], 'egress', 443, peer);
    expect(formatAddresses(out.pass)).toEqual(['10.0.1.0/24']);
    expect(admitted('sg-none').withoutRules).toEqual(['sg-none']);
  });
});

describe('rules in words', () => {
  it.each<[IpPermission, string]>([
    [tcp('10.0.0.0/8', 'sg-1'), 'tcp 443 for 10.0.0.0/8, sg-1'],
    [rule({ IpProtocol: '-1' }, '0.0.0.0/0'), 'all traffic for 0.0.0.0/0'],
    [rule({ IpProtocol: 'tcp', FromPort: 80, ToPort: 90 }, '::/0'), 'tcp 80-90 for ::/0'],
    [tcp(), 'tcp 443 for nobody'],
  ])('%j is “%s”', (permission, words) => expect(formatPermission(permission)).toBe(words));
});
