/** Route 53 and its Resolver: what write calls do to a world's description. From the API references. */
import type { World } from '../../src/lab/world.ts';
import { type Call, need } from './aws-call.ts';
import { bare } from './zones.ts';

/** @param id of what the call creates, as it was printed */
type Write = (world: World, call: Call, id: string) => void;
type RecordSet = World['api']['resourceRecordSets'][number];
type Change = {
  readonly Action: 'CREATE' | 'DELETE' | 'UPSERT';
  readonly ResourceRecordSet: RecordSet;
};

/** `zone` out of `Z0…` or `/hostedzone/Z0…`. */
function zoneOf(world: World, id: string): World['api']['hostedZones'][number] {
  const found = world.api.hostedZones.find((zone) => zone.HostedZoneId === id.replace(/^.*\//, ''));
  if (found === undefined) throw new Error(`NoSuchHostedZone: ${id}`);
  return found;
}

export const ROUTE53_WRITES: Readonly<Record<string, Write>> = {
  'change-resource-record-sets': (world, call) => {
    const zone = zoneOf(world, need(call, 'hosted-zone-id'));
    const { Changes } = JSON.parse(need(call, 'change-batch')) as { readonly Changes: readonly Change[] };
    for (const { Action, ResourceRecordSet: set } of Changes) {
      if (!`.${bare(set.Name)}`.endsWith(`.${bare(zone.Name)}`))
        throw new Error('InvalidChangeBatch: not in this zone');
      const same = (one: RecordSet) =>
        bare(one.ZoneName) === bare(zone.Name) && bare(one.Name) === bare(set.Name) && one.Type === set.Type;
      const there = world.api.resourceRecordSets.some(same);
      if (Action === 'CREATE' && there) throw new Error(`InvalidChangeBatch: ${set.Name} already exists`);
      if (Action === 'DELETE' && !there) throw new Error(`InvalidChangeBatch: ${set.Name} was not found`);
      world.api.resourceRecordSets = world.api.resourceRecordSets.filter((one) => !same(one));
      if (Action !== 'DELETE') world.api.resourceRecordSets.push({ ...set, ZoneName: zone.Name });
    }
  },
  'create-hosted-zone': (world, call, HostedZoneId) => {
    const Name = `${bare(need(call, 'name'))}.`;
    need(call, 'caller-reference');
    if (world.api.hostedZones.some((zone) => zone.Name === Name)) throw new Error('ConflictingDomainExists');
    world.api.hostedZones.push({ HostedZoneId, Name, Owner: { OwningAccount: world.accountId } });
  },
  'delete-hosted-zone': (world, call) => {
    const gone = zoneOf(world, need(call, 'id'));
    const left = world.api.resourceRecordSets.filter(
      (set) => bare(set.ZoneName) === bare(gone.Name) && set.Type !== 'SOA' && set.Type !== 'NS',
    );
    if (left.length > 0) throw new Error('HostedZoneNotEmpty');
    removeZone(world, gone);
  },
  // A zone that is no longer associated is none of this VPC's; its records stay in it.
  'disassociate-vpc-from-hosted-zone': (world, call) => {
    const gone = zoneOf(world, need(call, 'hosted-zone-id'));
    const records = world.api.resourceRecordSets.filter((set) => bare(set.ZoneName) === bare(gone.Name));
    APART.set(world, { zone: gone, records });
    removeZone(world, gone);
  },
  'associate-vpc-with-hosted-zone': (world, call) => {
    const apart = APART.get(world);
    if (apart === undefined || apart.zone.HostedZoneId !== need(call, 'hosted-zone-id'))
      throw new Error('NoSuchHostedZone');
    world.api.hostedZones.push(apart.zone);
    world.api.resourceRecordSets.push(...apart.records);
  },
};

/** Zones that a call has taken out of the VPC. */
const APART = new WeakMap<
  World,
  { readonly zone: World['api']['hostedZones'][number]; readonly records: readonly RecordSet[] }
>();

function removeZone(world: World, gone: World['api']['hostedZones'][number]): void {
  world.api.hostedZones = world.api.hostedZones.filter((zone) => zone !== gone);
  world.api.resourceRecordSets = world.api.resourceRecordSets.filter((set) => bare(set.ZoneName) !== bare(gone.Name));
}

export const RESOLVER_WRITES: Readonly<Record<string, Write>> = {
  'create-resolver-rule': (world, call, Id) => {
    need(call, 'creator-request-id');
    const RuleType = need(call, 'rule-type');
    if (RuleType !== 'SYSTEM') throw new Error(`ValidationException: ${RuleType} needs targets`);
    world.api.resolverRules.push({
      Id,
      DomainName: `${bare(need(call, 'domain-name'))}.`,
      RuleType,
      Status: 'COMPLETE',
    });
  },
  'delete-resolver-rule': (world, call) => {
    const gone = need(call, 'resolver-rule-id');
    if (world.api.resolverRuleAssociations.some((one) => one.ResolverRuleId === gone))
      throw new Error('ResourceInUseException');
    world.api.resolverRules = world.api.resolverRules.filter((rule) => rule.Id !== gone);
  },
  'disassociate-resolver-rule': (world, call) => {
    const gone = need(call, 'resolver-rule-id');
    const rest = world.api.resolverRuleAssociations.filter(
      (one) => one.ResolverRuleId !== gone || one.VPCId !== need(call, 'vpc-id'),
    );
    if (rest.length === world.api.resolverRuleAssociations.length) throw new Error('ResourceNotFoundException');
    world.api.resolverRuleAssociations = rest;
  },
  'associate-resolver-rule': (world, call, Id) => {
    world.api.resolverRuleAssociations.push({
      Id,
      ResolverRuleId: need(call, 'resolver-rule-id'),
      VPCId: need(call, 'vpc-id'),
      Status: 'COMPLETE',
    });
  },
  'create-firewall-domain-list': (world, call, FirewallDomainListId) => {
    need(call, 'name');
    world.api.firewallDomains.push({ FirewallDomainListId, Domains: [] });
  },
  'delete-firewall-domain-list': (world, call) => {
    const gone = need(call, 'firewall-domain-list-id');
    if (world.api.firewallRules.some((rule) => rule.FirewallDomainListId === gone))
      throw new Error('ConflictException');
    world.api.firewallDomains = world.api.firewallDomains.filter((list) => list.FirewallDomainListId !== gone);
  },
  'update-firewall-domains': (world, call) => {
    const id = need(call, 'firewall-domain-list-id');
    const list = world.api.firewallDomains.find((one) => one.FirewallDomainListId === id);
    if (list === undefined) throw new Error(`ResourceNotFoundException: ${id}`);
    const named = call.all('domains').map(bare);
    const rest = (list.Domains ?? []).filter((domain) => !named.includes(bare(domain)));
    const operation = need(call, 'operation');
    if (operation === 'REMOVE' && rest.length === list.Domains?.length) throw new Error('ValidationException');
    list.Domains = operation === 'ADD' ? [...rest, ...named.map((name) => `${name}.`)] : rest;
  },
  'create-firewall-rule': (world, call) => {
    world.api.firewallRules.push({
      FirewallRuleGroupId: need(call, 'firewall-rule-group-id'),
      FirewallDomainListId: need(call, 'firewall-domain-list-id'),
      Priority: Number(need(call, 'priority')),
      Action: need(call, 'action'),
      Name: need(call, 'name'),
    });
  },
  'delete-firewall-rule': (world, call) => {
    const [group, list] = [need(call, 'firewall-rule-group-id'), need(call, 'firewall-domain-list-id')];
    world.api.firewallRules = world.api.firewallRules.filter(
      (rule) => rule.FirewallRuleGroupId !== group || rule.FirewallDomainListId !== list,
    );
  },
};
