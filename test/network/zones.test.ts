/** Who decides a name in a VPC (facts.md 2.3), what zones and DNS Firewall say, and whose an address is: tables. */
import { describe, expect, it } from 'vitest';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { FirewallRule, ResourceRecordSet } from '../../src/model/aws.ts';
import type { State } from '../../src/model/state.ts';
import type { Target } from '../../src/model/target.ts';
import { classifyAddress, embeddedIpv4 } from '../../src/network/answer-class.ts';
import { firewallVerdict } from '../../src/network/dns-firewall.ts';
import { answerOfZone, hostedZones, managedZones, ownerOf, type PrivateZone } from '../../src/network/zones.ts';

const HOST = 'x.svc.eu-west-1.amazonaws.com';
const zone = (name: string): PrivateZone => ({ kind: 'hosted', name, id: name, zone: { HostedZoneId: name } });
const rules = (...list: (readonly [domain: string, type: string, vpc?: string, status?: string])[]) =>
  ({
    resolverRules: {
      known: true,
      value: list.map(([DomainName, RuleType], i) => ({ Id: `r${i}`, DomainName, RuleType })),
    },
    resolverRuleAssociations: {
      known: true,
      value: list.map(([, , VPCId = 'vpc-1', Status = 'COMPLETE'], i) => ({
        Id: `a${i}`,
        ResolverRuleId: `r${i}`,
        VPCId,
        Status,
      })),
    },
  }) as unknown as Pick<State, 'resolverRules' | 'resolverRuleAssociations'>;

describe('who decides a name', () => {
  it.each<[string, Parameters<typeof rules>, string[], string]>([
    ['nobody', [], [], 'public'],
    ['a rule for the root', [['.', 'FORWARD']], [], 'rule r0'],
    ['the internet resolver’s own rule is none', [['.', 'RECURSIVE']], [], 'public'],
    [
      'a zone beats a wider rule',
      [['amazonaws.com.', 'FORWARD']],
      ['eu-west-1.amazonaws.com'],
      'eu-west-1.amazonaws.com',
    ],
    [
      'a rule beats a zone of the same name',
      [['eu-west-1.amazonaws.com.', 'FORWARD']],
      ['eu-west-1.amazonaws.com'],
      'rule r0',
    ],
    ['a narrower rule beats a zone', [[`${HOST}.`, 'FORWARD']], ['eu-west-1.amazonaws.com'], 'rule r0'],
    [
      'the narrower of two rules',
      [
        ['amazonaws.com.', 'FORWARD'],
        ['svc.eu-west-1.amazonaws.com', 'FORWARD'],
      ],
      [],
      'rule r1',
    ],
    [
      'a SYSTEM rule takes a name back',
      [
        ['amazonaws.com.', 'FORWARD'],
        [`${HOST}.`, 'SYSTEM'],
      ],
      [],
      'public',
    ],
    ['a rule of another VPC is none', [['.', 'FORWARD', 'vpc-2']], [], 'public'],
    ['nor is one that is not in force', [['.', 'FORWARD', 'vpc-1', 'CREATING']], [], 'public'],
    ['a rule for another domain', [['google.com.', 'FORWARD']], [], 'public'],
    ['labels, not letters', [['zonaws.com.', 'FORWARD']], ['onaws.com'], 'public'],
    ['the narrower of two zones', [], ['amazonaws.com', 'svc.eu-west-1.amazonaws.com'], 'svc.eu-west-1.amazonaws.com'],
  ])('%s', (_words, list, zones, expected) => {
    const owner = ownerOf(rules(...list), zones.map(zone), 'vpc-1', HOST.toUpperCase());
    expect(owner.by === 'rule' ? `rule ${owner.rule.Id}` : owner.by === 'zone' ? owner.zone.name : owner.by).toBe(
      expected,
    );
  });

  it('zones of endpoints are those of this VPC, alive, with private DNS', () => {
    const world = healthyWorld();
    const names = () => managedZones(stateOfWorld(world), LAB.vpc).map((one) => one.name);
    expect(names()).toEqual([LAB.secretsHost]);
    for (const endpoint of world.api.vpcEndpoints) endpoint.State = 'pending';
    expect(names()).toEqual([]);
    for (const endpoint of world.api.vpcEndpoints) endpoint.State = 'Available';
    expect(names()).toEqual([LAB.secretsHost]);
    expect(managedZones(stateOfWorld(world), 'vpc-2')).toEqual([]);
  });

  it('a zone whose VPCs are told is only theirs', () => {
    const state = {
      hostedZones: { known: true, value: [{ HostedZoneId: 'Z', Name: 'a.', VPCs: [{ VPCId: 'vpc-2' }] }] },
    } as unknown as Pick<State, 'hostedZones'>;
    expect(hostedZones(state, 'vpc-1')).toEqual([]);
    expect(hostedZones(state, 'vpc-2')).toHaveLength(1);
  });
});

describe('what a zone says', () => {
  const apex = 'eu-west-1.amazonaws.com';
  const say = (records: readonly Partial<ResourceRecordSet>[], host: string, zoneName = `${apex}.`) => {
    const state = {
      ...stateOfWorld(healthyWorld()),
      resourceRecordSets: {
        known: true,
        value: records.map((record) => ({ ZoneName: zoneName, Name: '?', ...record })),
      },
    } as State;
    const zones = [zone(apex)];
    return answerOfZone(state, zones, zone(apex), host);
  };
  const soa = { Name: `${apex}.`, Type: 'SOA' };
  const a = (Name: string, ...values: string[]) => ({
    Name: `${Name}.`,
    Type: 'A',
    ResourceRecords: values.map((Value) => ({ Value })),
  });

  it('an address record', () => {
    expect(say([soa, a(`k.${apex}`, '10.0.0.1')], `k.${apex}`)).toMatchObject({
      kind: 'addresses',
      addresses: ['10.0.0.1'],
    });
  });
  it('nothing: the name does not exist', () => {
    expect(say([soa, a(`k.${apex}`, '10.0.0.1')], `other.${apex}`)).toEqual({ kind: 'none', exists: false });
  });
  it('the apex, and names with names below them, exist without records', () => {
    expect(say([soa], apex)).toEqual({ kind: 'none', exists: true });
    expect(say([soa, a(`a.b.${apex}`, '10.0.0.1')], `b.${apex}`)).toEqual({ kind: 'none', exists: true });
  });
  it('a wildcard, written as the API writes it, over any number of labels, and not over what exists', () => {
    const records = [soa, a(`\\052.${apex}`, '10.0.0.2'), a(`k.${apex}`, '10.0.0.1')];
    expect(say(records, `a.b.${apex}`)).toMatchObject({ addresses: ['10.0.0.2'] });
    expect(say(records, `below.k.${apex}`)).toEqual({ kind: 'none', exists: false });
    expect(say(records, apex)).toEqual({ kind: 'none', exists: true });
  });
  it('an alias of an endpoint leads to its interfaces', () => {
    const name = `${LAB.secretsEndpoint}-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com.`;
    const alias = { Name: `k.${apex}.`, Type: 'A', AliasTarget: { DNSName: name } };
    expect(say([soa, alias], `k.${apex}`)).toMatchObject({
      kind: 'endpoint',
      addresses: [LAB.secretsAddressA, LAB.secretsAddressB],
    });
  });
  it('a CNAME of anything else is another name', () => {
    const cname = { Name: `k.${apex}.`, Type: 'CNAME', ResourceRecords: [{ Value: 'there.example.' }] };
    expect(say([soa, cname], `k.${apex}`)).toMatchObject({ kind: 'name', name: 'there.example' });
  });
  it('without any record it was not read', () => {
    expect(say([], `k.${apex}`)).toEqual({ kind: 'unread' });
    expect(say([{ ...soa, ZoneName: 'else.' }], `k.${apex}`)).toEqual({ kind: 'unread' });
  });
});

describe('DNS Firewall', () => {
  type Rule = readonly [
    priority: number,
    action: string,
    domains: readonly string[] | undefined,
    more?: Partial<FirewallRule>,
  ];
  const judge = (list: readonly Rule[], chain: readonly string[], type: 'A' | 'AAAA' = 'A') => {
    const state = {
      firewallRuleGroupAssociations: {
        known: true,
        value: [
          { Id: 'late', FirewallRuleGroupId: 'g2', VpcId: 'vpc-1', Priority: 200 },
          { Id: 'early', FirewallRuleGroupId: 'g1', VpcId: 'vpc-1', Priority: 100 },
        ],
      },
      firewallRules: {
        known: true,
        value: list.map(([Priority, Action, , more], i) => ({
          FirewallRuleGroupId: 'g1',
          FirewallDomainListId: `l${i}`,
          Priority,
          Action,
          ...more,
        })),
      },
      firewallDomains: {
        known: true,
        value: list.flatMap(([, , Domains], i) => (Domains ? [{ FirewallDomainListId: `l${i}`, Domains }] : [])),
      },
    } as unknown as State;
    const verdict = firewallVerdict(state, 'vpc-1', chain, type);
    return verdict.kind === 'blocked' ? `blocked ${verdict.link} by ${verdict.entry}` : verdict.kind;
  };
  const trust = { FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN' };

  it.each<[string, Rule[], string[], string]>([
    ['no rule matches', [[1, 'BLOCK', ['b.example.']]], ['a.example'], 'passes'],
    ['an exact entry', [[1, 'BLOCK', ['a.example.']]], ['A.example'], 'blocked a.example by a.example.'],
    ['a wildcard is for names below', [[1, 'BLOCK', ['*.example.']]], ['a.example'], 'blocked a.example by *.example.'],
    ['and not for the name itself', [[1, 'BLOCK', ['*.example.']]], ['example'], 'passes'],
    ['every name', [[1, 'BLOCK', ['*.']]], ['a.example'], 'blocked a.example by *.'],
    [
      'the lower number decides',
      [
        [9, 'BLOCK', ['*.']],
        [1, 'ALLOW', ['a.example.']],
      ],
      ['a.example'],
      'passes',
    ],
    [
      'an earlier group decides',
      [
        [1, 'BLOCK', ['*.'], { FirewallRuleGroupId: 'g2' }],
        [9, 'ALLOW', ['a.example.']],
      ],
      ['a.example'],
      'passes',
    ],
    ['an alert lets pass', [[1, 'ALERT', ['*.']]], ['a.example'], 'passes'],
    [
      'an alias is inspected too',
      [
        [1, 'ALLOW', ['a.example.']],
        [2, 'BLOCK', ['*.']],
      ],
      ['a.example', 'c.example'],
      'blocked c.example by *.',
    ],
    [
      'unless redirections are trusted',
      [
        [1, 'ALLOW', ['a.example.'], trust],
        [2, 'BLOCK', ['*.']],
      ],
      ['a.example', 'c.example'],
      'passes',
    ],
    ['a rule for another type', [[1, 'BLOCK', ['*.'], { Qtype: 'MX' }]], ['a.example'], 'passes'],
    ['a list that nobody can read', [[1, 'BLOCK', undefined]], ['a.example'], 'unknown'],
    [
      'one that is read decides beside it',
      [
        [1, 'BLOCK', undefined],
        [2, 'BLOCK', ['*.']],
      ],
      ['a.example'],
      'blocked a.example by *.',
    ],
    [
      'but not after one that might allow',
      [
        [1, 'ALLOW', undefined],
        [2, 'BLOCK', ['*.']],
      ],
      ['a.example'],
      'unknown',
    ],
  ])('%s', (_words, list, chain, expected) => {
    expect(judge(list, chain)).toBe(expected);
  });
});

describe('whose an address is', () => {
  const target: Target = {
    id: LAB.secretsHost,
    requested: [LAB.secretsHost],
    host: LAB.secretsHost,
    port: 443,
    application: 'https',
    serviceId: 'secretsmanager',
    serviceNames: ['com.amazonaws.eu-west-1.secretsmanager'],
  };
  const s3: Target = {
    ...target,
    id: LAB.s3Host,
    host: LAB.s3Host,
    serviceId: 's3',
    serviceNames: ['com.amazonaws.eu-west-1.s3'],
  };
  const vantage = { vpcId: LAB.vpc, vpcCidrs: ['10.0.0.0/16'] };
  const state = stateOfWorld(healthyWorld());
  const elsewhere = healthyWorld();
  for (const endpoint of elsewhere.api.vpcEndpoints) endpoint.VpcId = 'vpc-2';

  it.each<[string, string, string]>([
    [LAB.secretsAddressA, 'this-endpoint', 'vpce-5ec00001, eni-5ec0000a'],
    ['10.0.9.9', 'vpc', 'in this VPC, and no network interface has it'],
    [LAB.clientAddress, 'vpc', 'eni-c0000001 in this VPC, which is no endpoint’s'],
    ['10.1.0.1', 'foreign-private', 'private, outside this VPC'],
    ['192.168.1.1', 'foreign-private', 'private, outside this VPC'],
    ['52.94.10.10', 'aws-public', 'public'],
    ['0.0.0.0', 'sinkhole', 'an address that leads nowhere'],
    ['127.0.0.1', 'sinkhole', 'an address that leads nowhere'],
    ['64:ff9b::345e:a0a', 'dns64', 'DNS64 of 52.94.10.10'],
    ['fd12::1', 'foreign-private', 'private, outside this VPC'],
  ])('%s: %s', (address, kind, words) => {
    expect(classifyAddress(state, vantage, target, address)).toMatchObject({ address, class: kind, words });
  });

  it('the service’s own prefix list, and not another’s', () => {
    expect(classifyAddress(state, vantage, s3, LAB.publicS3Address)).toMatchObject({
      class: 'prefix-list',
      resource: LAB.s3PrefixList,
    });
    expect(classifyAddress(state, vantage, target, LAB.publicS3Address).class).toBe('aws-public');
  });
  it('another service’s endpoint of this VPC', () => {
    expect(classifyAddress(state, vantage, s3, LAB.secretsAddressA).class).toBe('other-endpoint');
  });
  it('an endpoint of another VPC, by its interface or by the alias on the way', () => {
    expect(classifyAddress(stateOfWorld(elsewhere), vantage, target, LAB.secretsAddressA).class).toBe(
      'central-endpoint',
    );
    const alias = 'vpce-0c0ffee0-abcd.secretsmanager.eu-west-1.vpce.amazonaws.com';
    expect(classifyAddress(state, vantage, target, '10.200.0.7', [alias])).toMatchObject({
      class: 'central-endpoint',
      resource: 'vpce-0c0ffee0',
    });
  });
  it('inside means the VPC’s blocks, public or private, and nothing where they are not known', () => {
    expect(classifyAddress(state, { vpcId: LAB.vpc, vpcCidrs: ['203.0.113.0/24'] }, target, '203.0.113.9').class).toBe(
      'vpc',
    );
    const blind = { ...state, vpcs: { known: false, why: 'denied' } } as State;
    expect(classifyAddress(blind, { vpcCidrs: [] }, target, '10.7.7.7').class).toBe('private');
  });
  it('DNS64’s addresses hold the IPv4 one', () => {
    expect(embeddedIpv4('64:ff9b::c000:0201')).toBe('192.0.2.1');
    expect(embeddedIpv4('10.0.0.1')).toBeUndefined();
    expect(embeddedIpv4('2001:db8::1')).toBeUndefined();
  });
});
