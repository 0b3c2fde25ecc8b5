/** Truth tables for network ACLs, written from facts.md 1.4 and 3.4 and the pages that they cite. */
import { describe, expect, it } from 'vitest';
import { share } from '../../src/network/flows.ts';
import {
  clientAclEgressGate,
  clientAclReturnGate,
  endpointAclIngressGate,
  endpointAclReturnGate,
} from '../../src/network/gates.ts';
import { evaluateNetworkAcl, formatAclEntry, networkAclOf } from '../../src/network/network-acls.ts';
import { portSet } from '../../src/network/ports.ts';
import {
  addresses,
  CLIENT_SUBNET,
  client,
  ENDPOINT_SUBNET,
  endpointInterface,
  entry,
  ports,
  stateOf,
  VPC,
} from './support.ts';

const ALL = ['100 in allow -1 0.0.0.0/0', '100 out allow -1 0.0.0.0/0'];
const LAST = ['32767 in deny -1 0.0.0.0/0', '32767 out deny -1 0.0.0.0/0'];
const LAST6 = ['32768 in deny -1 ::/0', '32768 out deny -1 ::/0'];
const PEER = '10.0.2.14';

/** Ports of the peer that pass, inbound, of the whole range. */
function passing(entries: readonly string[], from = 443, to = from, peer = PEER): string {
  const acl = { NetworkAclId: 'acl-1', Entries: entries.map(entry) };
  return ports(evaluateNetworkAcl(acl, 'ingress', addresses(peer), portSet(from, to)).pass, peer);
}

describe('one rule (facts.md 1.4, 3.4; CreateNetworkAclEntry)', () => {
  it.each<[string, readonly string[], string]>([
    ['no rule at all denies', [], ''],
    ['only the last rule', LAST, ''],
    ['every protocol', ['100 in allow -1 0.0.0.0/0'], '443'],
    ['every protocol with a port range, which means nothing', ['100 in allow -1 0.0.0.0/0 80'], '443'],
    ['tcp without ports is every port', ['100 in allow 6 0.0.0.0/0'], '443'],
    ['tcp 443', ['100 in allow 6 0.0.0.0/0 443'], '443'],
    ['tcp 0-65535', ['100 in allow 6 0.0.0.0/0 0-65535'], '443'],
    ['tcp 80', ['100 in allow 6 0.0.0.0/0 80'], ''],
    ['tcp 444-65535', ['100 in allow 6 0.0.0.0/0 444-65535'], ''],
    ['udp 443', ['100 in allow 17 0.0.0.0/0 443'], ''],
    ['icmp', ['100 in allow 1 0.0.0.0/0'], ''],
    ['another protocol', ['100 in allow 47 0.0.0.0/0'], ''],
    ['the peer’s block', ['100 in allow 6 10.0.2.0/24 443'], '443'],
    ['another block', ['100 in allow 6 10.0.3.0/24 443'], ''],
    ['the other direction', ['100 out allow -1 0.0.0.0/0'], ''],
    ['an IPv6 rule says nothing of IPv4', ['100 in allow -1 ::/0'], ''],
  ])('%s', (_words, entries, expected) => expect(passing(entries)).toBe(expected));

  it.each<[string, readonly string[], string]>([
    ['an IPv4 rule says nothing of IPv6', ALL, ''],
    ['an IPv6 rule', ['100 in allow -1 ::/0', ...LAST6], '443'],
    ['an IPv6 rule behind the IPv4 `*`', ['101 in allow 6 2600:1f18::/32 443', ...LAST, ...LAST6], '443'],
    ['only the IPv6 `*`', LAST6, ''],
  ])('for an IPv6 peer: %s', (_words, entries, expected) =>
    expect(passing(entries, 443, 443, '2600:1f18::14')).toBe(expected),
  );
});

describe('the order of rules (facts.md 3.4)', () => {
  it.each<[string, readonly string[], string]>([
    ['the lower number decides: deny', ['100 in deny 6 0.0.0.0/0 443', '110 in allow -1 0.0.0.0/0'], ''],
    ['the lower number decides: allow', ['100 in allow 6 0.0.0.0/0 443', '110 in deny -1 0.0.0.0/0'], '443'],
    ['whatever the order of the document', ['110 in deny -1 0.0.0.0/0', '100 in allow 6 0.0.0.0/0 443'], '443'],
    ['by number and not by text: 90 is before 100', ['100 in deny -1 0.0.0.0/0', '90 in allow 6 0.0.0.0/0'], '443'],
    [
      'the first one that matches, not the most specific',
      ['100 in deny -1 10.0.0.0/8', '110 in allow 6 10.0.2.14/32 443'],
      '',
    ],
    [
      'a rule that does not match decides nothing',
      ['100 in deny 6 0.0.0.0/0 80', '110 in allow 6 0.0.0.0/0 443'],
      '443',
    ],
    ['a udp denial does not touch tcp', ['100 in deny 17 0.0.0.0/0 443', '110 in allow -1 0.0.0.0/0'], '443'],
    [
      'a deny for every protocol does, whatever its ports',
      ['100 in deny -1 0.0.0.0/0 80', '110 in allow -1 0.0.0.0/0'],
      '',
    ],
    ['rules behind `*` are never reached', ['32767 in deny -1 0.0.0.0/0', '32768 in allow -1 0.0.0.0/0'], ''],
    ['the first rule of all', ['1 in allow 6 0.0.0.0/0 443', ...LAST], '443'],
    ['the last rule that a user can write', ['32766 in allow 6 0.0.0.0/0 443', ...LAST], '443'],
  ])('%s', (_words, entries, expected) => expect(passing(entries)).toBe(expected));
});

describe('answers to the ephemeral range (facts.md 3.4)', () => {
  const kernel = [32768, 60999] as const;
  it.each<[string, readonly string[], string]>([
    ['everything', ALL, '32768-60999'],
    ['the advice of the documentation', ['100 in allow 6 0.0.0.0/0 1024-65535'], '32768-60999'],
    ['the documentation’s Linux example', ['100 in allow 6 0.0.0.0/0 32768-65535'], '32768-60999'],
    ['the range of Windows only', ['100 in allow 6 0.0.0.0/0 49152-65535'], '49152-60999'],
    ['old Windows', ['100 in allow 6 0.0.0.0/0 1025-5000'], ''],
    ['only the service’s port', ['100 in allow 6 0.0.0.0/0 443'], ''],
    ['all but one port', ['100 in deny 6 0.0.0.0/0 40000', '110 in allow 6 0.0.0.0/0'], '32768-39999, 40001-60999'],
    ['the first port', ['100 in allow 6 0.0.0.0/0 32768'], '32768'],
    ['the last port', ['100 in allow 6 0.0.0.0/0 60999'], '60999'],
    ['one port too far', ['100 in allow 6 0.0.0.0/0 61000-65535'], ''],
    [
      'two halves that touch',
      ['100 in allow 6 0.0.0.0/0 32768-49999', '110 in allow 6 0.0.0.0/0 50000-60999'],
      '32768-60999',
    ],
    [
      'a hole punched and filled again',
      ['100 in allow 6 0.0.0.0/0 45000-45999', '110 in deny 6 0.0.0.0/0 40000-49999', '120 in allow 6 0.0.0.0/0'],
      '32768-39999, 45000-45999, 50000-60999',
    ],
  ])('%s', (_words, entries, expected) => expect(passing(entries, ...kernel)).toBe(expected));

  it('32768-60999 against 49152-65535: the exact ports and their share', () => {
    const acls = [
      {
        NetworkAclId: 'acl-client',
        Associations: [{ SubnetId: CLIENT_SUBNET }],
        Entries: ['100 in allow 6 0.0.0.0/0 49152-65535', ...LAST].map(entry),
      },
    ];
    const gate = clientAclReturnGate(stateOf({ networkAcls: acls }), client(), endpointInterface());
    expect(ports(gate.pass, PEER)).toBe('49152-60999');
    expect(ports(gate.block, PEER)).toBe('32768-49151');
    // 16384 of 28232 ports.
    expect(share(gate.block, gate.asked)).toBe(0.58);
    expect(gate.acl?.decisions.map((one) => [one.ruleNumber, one.action])).toEqual([
      [100, 'allow'],
      [32767, 'deny'],
    ]);
  });
});

describe('which packets each of the four gates asks about (facts.md 3.4)', () => {
  const acl = (NetworkAclId: string, SubnetId: string, ...entries: string[]) => ({
    NetworkAclId,
    VpcId: VPC,
    IsDefault: false,
    Associations: [{ SubnetId }],
    Entries: [...entries, ...LAST].map(entry),
  });
  const state = stateOf({
    networkAcls: [
      acl('acl-c', CLIENT_SUBNET, '100 out allow 6 10.0.2.14/32 443', '100 in allow 6 10.0.2.14/32 32768-40000'),
      acl('acl-e', ENDPOINT_SUBNET, '100 in allow 6 10.0.1.23/32 443', '100 out allow 6 10.0.1.23/32 40000-60999'),
    ],
  });
  const to = endpointInterface();
  it.each([
    [
      'client, outbound: the endpoint’s address and the service’s port',
      clientAclEgressGate(state, client(), to, 443),
      '32768-60999',
    ],
    ['client, outbound, another port', clientAclEgressGate(state, client(), to, 8443), ''],
    ['client, inbound: from the endpoint to the source port', clientAclReturnGate(state, client(), to), '32768-40000'],
    [
      'endpoint, inbound: from the client to the service’s port',
      endpointAclIngressGate(state, client(), to, 443),
      '32768-60999',
    ],
    ['endpoint, inbound, another port', endpointAclIngressGate(state, client(), to, 80), ''],
    ['endpoint, inbound, another client', endpointAclIngressGate(state, client({ ipv4: '10.0.1.24' }), to, 443), ''],
    ['endpoint, outbound: to the client’s source port', endpointAclReturnGate(state, client(), to), '40000-60999'],
  ])('%s', (_words, gate, expected) => expect(ports(gate.pass, PEER)).toBe(expected));

  it('within one subnet no network ACL is asked, not even one that denies everything', () => {
    const denies = stateOf({ networkAcls: [acl('acl-c', CLIENT_SUBNET)] });
    const near = endpointInterface({ address: '10.0.1.99', subnetId: CLIENT_SUBNET });
    const gates = [
      clientAclEgressGate(denies, client(), near, 443),
      endpointAclIngressGate(denies, client(), near, 443),
      endpointAclReturnGate(denies, client(), near),
      clientAclReturnGate(denies, client(), near),
    ];
    for (const gate of gates)
      expect([gate.skipped, ports(gate.pass, '10.0.1.99')]).toEqual([expect.any(String), '32768-60999']);
    // Nor does it help that the ACLs could not be read: nothing is missing.
    const unread = clientAclEgressGate(stateOf({ networkAcls: 'denied' }), client(), near, 443);
    expect([unread.missing, unread.unknown]).toEqual([[], []]);
  });

  it('two subnets with one ACL still cross two borders', () => {
    const shared = {
      ...acl('acl-both', CLIENT_SUBNET, '100 out allow -1 0.0.0.0/0', '100 in allow 6 0.0.0.0/0 32768-60999'),
      Associations: [{ SubnetId: CLIENT_SUBNET }, { SubnetId: ENDPOINT_SUBNET }],
    };
    const both = stateOf({ networkAcls: [shared] });
    expect(ports(clientAclEgressGate(both, client(), to, 443).pass, PEER)).toBe('32768-60999');
    expect(ports(endpointAclIngressGate(both, client(), to, 443).pass, PEER)).toBe('');
  });
});

describe('the network ACL of a subnet (facts.md 3.4)', () => {
  const acl = (NetworkAclId: string, IsDefault: boolean, VpcId: string, ...subnets: string[]) => ({
    NetworkAclId,
    IsDefault,
    VpcId,
    Associations: subnets.map((SubnetId) => ({ SubnetId })),
  });
  const own = acl('acl-own', false, VPC, CLIENT_SUBNET);
  const preset = acl('acl-default', true, VPC, 'subnet-x');
  const foreign = acl('acl-foreign', true, 'vpc-2');
  it.each<[string, ReturnType<typeof acl>[] | 'denied', string | undefined]>([
    ['the associated one', [preset, own], 'acl-own'],
    ['none associated: the VPC’s default', [foreign, preset], 'acl-default'],
    ['never another VPC’s default', [foreign], undefined],
    ['an associated default', [acl('acl-default', true, VPC, CLIENT_SUBNET)], 'acl-default'],
    ['another subnet’s', [acl('acl-x', false, VPC, 'subnet-x')], undefined],
    ['a readable, empty list', [], undefined],
    ['a refused list', 'denied', undefined],
  ])('%s', (_words, networkAcls, expected) =>
    expect(networkAclOf(stateOf({ networkAcls }), CLIENT_SUBNET, VPC)?.NetworkAclId).toBe(expected),
  );

  it('one that is not known passes nothing and blocks nothing', () => {
    for (const networkAcls of ['denied', 'throttled'] as const) {
      const gate = clientAclEgressGate(stateOf({ networkAcls }), client(), endpointInterface(), 443);
      expect([gate.pass, gate.block]).toEqual([[], []]);
      expect(ports(gate.unknown, PEER)).toBe('32768-60999');
      expect(gate.missing).toMatchObject([{ slice: 'networkAcls', why: networkAcls }]);
    }
  });

  it('a client whose subnet is not known may be in the endpoint’s own, where the ACL does not count', () => {
    const deny = { ...acl('acl-e', false, VPC, ENDPOINT_SUBNET), Entries: LAST.map(entry) };
    const allow = { ...deny, Entries: [...ALL, ...LAST].map(entry) };
    const gateOf = (one: typeof deny) =>
      endpointAclIngressGate(
        stateOf({ networkAcls: [one] }),
        client({ subnetId: undefined }),
        endpointInterface(),
        443,
      );
    expect([gateOf(deny).block, ports(gateOf(deny).unknown, PEER)]).toEqual([[], '32768-60999']);
    expect(gateOf(deny).missing).toMatchObject([{ slice: 'networkInterfaces' }]);
    expect(ports(gateOf(allow).pass, PEER)).toBe('32768-60999');
  });
});

describe('rules in words', () => {
  it.each([
    ['100 in allow 6 10.0.0.0/16 443', 'rule 100 allow tcp 443 10.0.0.0/16'],
    ['110 out deny 17 ::/0 1024-65535', 'rule 110 deny udp 1024-65535 ::/0'],
    ['32767 in deny -1 0.0.0.0/0', 'rule * deny all traffic 0.0.0.0/0'],
    ['32768 in deny -1 ::/0', 'rule * deny all traffic ::/0'],
    ['5 in allow 47 0.0.0.0/0', 'rule 5 allow protocol 47 0.0.0.0/0'],
  ])('%s is “%s”', (text, words) => expect(formatAclEntry(entry(text))).toBe(words));
});
