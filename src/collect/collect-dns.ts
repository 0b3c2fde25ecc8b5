/**
 * Reads what Route 53 knows of one VPC: private hosted zones with their records, Resolver rules, DNS Firewall. Knowledge that
 * a run can do without: it is asked for where DNS answers call for it, or by `collect`.
 */
import type { Durations } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host } from '../model/host.ts';
import {
  DNS_SLICE_NAMES,
  type DnsSliceName,
  type Refusal,
  SLICES,
  type Slice,
  type State,
  unknownState,
} from '../model/state.ts';
import { patientSignal } from '../patience.ts';
import { PARTITIONS } from '../services/partitions.ts';
import { type Answer, type Caller, joinCoverage, startCaller } from './caller.ts';
import type { CallName } from './calls.ts';
import { decodeElements, faultWarnings } from './decode.ts';
import type { Api, Attempts } from './sdk.ts';
import { type ClientSettings, clientSettings, type UsableSettings } from './settings.ts';

export type CollectDnsOptions = {
  readonly region: string | undefined;
  /** the VPC to read; nothing is asked without it */
  readonly vpcId: string | undefined;
  /** names in whose zones' records the run is interested, beside those of AWS's own domains */
  readonly hosts: readonly string[];
  readonly durations: Pick<Durations, 'dnsApi'>;
  readonly signal: AbortSignal;
  readonly onCall?: ((action: string) => void) | undefined;
};

export type CollectedDns = {
  /** only Route 53's slices are ever known in it */
  readonly state: State;
  readonly coverage: CoverageEntry[];
  readonly warnings: string[];
};

type Answers = Record<DnsSliceName, Slice<unknown>>;

/** Asks within `durations.dnsApi` altogether; never rejects for anything that the network or the APIs do. */
export async function collectDns(host: Host, options: CollectDnsOptions): Promise<CollectedDns> {
  const { vpcId, region, durations } = options;
  if (vpcId === undefined || region === undefined) {
    const detail = 'the client’s VPC and Region are not known';
    return { state: unknownState('not-asked', detail), coverage: [], warnings: [] };
  }
  if (options.signal.aborted) {
    return { state: unknownState('timeout', 'the run ended before it asked'), coverage: [], warnings: [] };
  }
  const { openRoute53, openResolver } = await import('./route53.ts');
  // One attempt: these are worth a look, not a wait.
  const attempts: Attempts = { ms: durations.dnsApi, most: 1 };
  const open = (settings: ClientSettings, create: (settings: UsableSettings, attempts: Attempts) => Api) =>
    settings.kind === 'none' ? { why: settings.why, detail: settings.detail } : create(settings, attempts);
  const zonesApi = open(clientSettings(host, 'route53', region), openRoute53);
  const resolverApi = open(clientSettings(host, 'route53resolver', region), openResolver);
  const limit = AbortSignal.any([options.signal, patientSignal(durations.dnsApi)]);
  const caller = { callMs: durations.dnsApi, signal: limit, onCall: options.onCall };
  const zones = startCaller(zonesApi, caller);
  const resolver = startCaller(resolverApi, caller);
  try {
    const [hostedZones, rules, firewall] = await Promise.all([
      readZones(zones, vpcId, region, options.hosts),
      readRules(resolver, vpcId),
      readFirewall(resolver, vpcId),
    ]);
    const answers: Answers = { ...hostedZones, ...rules, ...firewall };
    const warnings: string[] = [];
    const slices = DNS_SLICE_NAMES.map((name) => {
      const slice = answers[name];
      if (!slice.known) return [name, slice];
      const { elements, faults } = decodeElements(name, slice.value);
      warnings.push(...faultWarnings(`The answer to ${SLICES[name].action}: `, faults));
      return [name, { known: true, value: elements }];
    });
    const state = { ...unknownState('not-asked'), ...Object.fromEntries(slices) } as State;
    return {
      state,
      coverage: joinCoverage([zones, resolver]),
      warnings: [...zones.warnings(), ...resolver.warnings(), ...warnings],
    };
  } finally {
    for (const api of [zonesApi, resolverApi]) if ('close' in api) api.close();
  }
}

/** Zones whose records are read: enough for a landing zone with one for every service. */
const MOST_ZONES = 100;

async function readZones(caller: Caller, VPCId: string, VPCRegion: string, hosts: readonly string[]) {
  const zones = await caller.all('ListHostedZonesByVPC', 'HostedZoneSummaries', { VPCId, VPCRegion });
  if (!zones.ok) return { hostedZones: sliceOf(zones), resourceRecordSets: sliceOf(zones) };
  const { elements } = decodeElements('hostedZones', zones.value);
  const wanted = elements.filter((zone) => matters(bare(zone.Name ?? ''), hosts));
  const lists = await Promise.all(
    wanted.slice(0, MOST_ZONES).map(async ({ HostedZoneId, Name }) => {
      const records = await caller.all('ListResourceRecordSets', 'ResourceRecordSets', { HostedZoneId }, Name);
      return records.ok
        ? { ...records, value: records.value.map((record) => ({ ...Object(record), ZoneName: Name })) }
        : records;
    }),
  );
  if (wanted.length > MOST_ZONES)
    caller.skip('ListResourceRecordSets', `${wanted.length - MOST_ZONES} more zones were not read`);
  return { hostedZones: sliceOf(zones), resourceRecordSets: sliceOf(joined(lists)) };
}

/** A zone above or at a name that is looked for, and every zone above, at or below a domain of AWS's. */
function matters(zone: string, hosts: readonly string[]): boolean {
  const within = (name: string, parent: string) => parent === '' || name === parent || name.endsWith(`.${parent}`);
  return (
    hosts.some((host) => within(host.toLowerCase(), zone)) ||
    AWS_DOMAINS.some((domain) => within(zone, domain) || within(domain, zone))
  );
}

const AWS_DOMAINS = PARTITIONS.flatMap((partition) => [
  partition.dnsSuffix,
  partition.dualStackDnsSuffix,
  ...(partition.onSuffix === undefined ? [] : [partition.onSuffix]),
]);

const PAGE = { MaxResults: 100 };

async function readRules(caller: Caller, vpcId: string) {
  const [rules, associations] = await Promise.all([
    caller.all('ListResolverRules', 'ResolverRules', PAGE),
    caller.all('ListResolverRuleAssociations', 'ResolverRuleAssociations', {
      ...PAGE,
      Filters: [{ Name: 'VPCId', Values: [vpcId] }],
    }),
  ]);
  return { resolverRules: sliceOf(rules), resolverRuleAssociations: sliceOf(associations) };
}

async function readFirewall(caller: Caller, VpcId: string) {
  const associations = await caller.all('ListFirewallRuleGroupAssociations', 'FirewallRuleGroupAssociations', {
    ...PAGE,
    VpcId,
  });
  const slice = sliceOf(associations);
  const all = (firewallRules: Slice<unknown>, firewallDomains: Slice<unknown>, firewallConfigs: Slice<unknown>) => ({
    firewallRuleGroupAssociations: slice,
    firewallRules,
    firewallDomains,
    firewallConfigs,
  });
  if (!associations.ok) return all(slice, slice, slice);
  const { elements } = decodeElements('firewallRuleGroupAssociations', associations.value);
  const groups = [...new Set(elements.flatMap((one) => one.FirewallRuleGroupId ?? []))];
  const none: Slice<unknown> = { known: true, value: [] };
  // Without a firewall there is nothing that its other calls could tell.
  if (groups.length === 0) return all(none, none, none);
  const [config, rules] = await Promise.all([
    caller.one('GetFirewallConfig', 'FirewallConfig', { ResourceId: VpcId }),
    Promise.all(
      groups.map((FirewallRuleGroupId) =>
        caller.all('ListFirewallRules', 'FirewallRules', { ...PAGE, FirewallRuleGroupId }, FirewallRuleGroupId),
      ),
    ),
  ]);
  const configs = config.ok ? { ok: true as const, value: [config.value['FirewallConfig']] } : config;
  const together = joined(rules);
  if (!together.ok) return all(sliceOf(together), sliceOf(together), sliceOf(configs));
  const lists = [
    ...new Set(
      decodeElements('firewallRules', together.value).elements.flatMap((rule) => rule.FirewallDomainListId ?? []),
    ),
  ];
  const domains = await Promise.all(
    lists.map(async (FirewallDomainListId) => {
      const list = await caller.all(
        'ListFirewallDomains' satisfies CallName,
        'Domains',
        { FirewallDomainListId, MaxResults: 5000 },
        FirewallDomainListId,
      );
      return list.ok ? { FirewallDomainListId, Domains: list.value } : undefined;
    }),
  );
  // AWS's own lists cannot be read by anybody: one that is not there is not known, and the others are.
  return all(sliceOf(together), { known: true, value: domains.filter((list) => list !== undefined) }, sliceOf(configs));
}

function joined(answers: readonly Answer<unknown[]>[]): Answer<unknown[]> {
  const refused = answers.find((answer) => !answer.ok);
  return refused ?? { ok: true, value: answers.flatMap((answer) => (answer.ok ? answer.value : [])) };
}

function sliceOf(answer: Answer<unknown[]>): Slice<unknown> {
  return answer.ok
    ? { known: true, value: answer.value }
    : { known: false, why: answer.why satisfies Refusal, detail: answer.detail };
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
