/**
 * Who decides a name in a VPC: a Resolver rule, a private hosted zone, the hidden zone of an endpoint with private DNS, or
 * public DNS; and what such a zone says. facts.md 2.3, after
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-DSN-queries-to-vpc.html and
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
 */
import type { HostedZone, ResolverRule, ResourceRecordSet, VpcEndpoint } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import { allAddresses } from './destinations.ts';
import { endpointState, hasPrivateDns, isVpceName, ownsVpceName, privateNames } from './endpoints.ts';
import { byId } from './index-by-id.ts';

/** A zone that owns every name at and below its own; names are lower case, without the last dot. */
export type PrivateZone =
  | { readonly kind: 'hosted'; readonly name: string; readonly id: string; readonly zone: HostedZone }
  | { readonly kind: 'managed'; readonly name: string; readonly id: string; readonly endpoint: VpcEndpoint };

export type RuleReads = Pick<State, 'resolverRules' | 'resolverRuleAssociations'>;
export type RecordReads = Pick<State, 'resourceRecordSets' | 'vpcEndpoints' | 'networkInterfaces'>;

/** The hosted zones of the VPC; none where they could not be read. */
export function hostedZones(state: Pick<State, 'hostedZones'>, vpcId: string | undefined): PrivateZone[] {
  if (!state.hostedZones.known) return [];
  return state.hostedZones.value
    .filter((zone) => zone.VPCs === undefined || zone.VPCs.some((vpc) => vpc.VPCId === vpcId))
    .map((zone) => ({ kind: 'hosted', name: bare(zone.Name ?? ''), id: zone.HostedZoneId, zone }));
}

/** The hidden zones of the VPC's endpoints, one for every private name; they appear in no list of hosted zones (facts.md 2.1). */
export function managedZones(state: Pick<State, 'vpcEndpoints'>, vpcId: string | undefined): PrivateZone[] {
  if (!state.vpcEndpoints.known) return [];
  return state.vpcEndpoints.value
    .filter((one) => one.VpcId === vpcId && hasPrivateDns(one) && endpointState(one) === 'available')
    .flatMap((endpoint) => {
      const apexes = new Set(privateNames(endpoint).map((name) => bare(name).replace(/^\*\./, '')));
      return [...apexes].map((name) => ({ kind: 'managed' as const, name, id: endpoint.VpcEndpointId, endpoint }));
    });
}

/** The most specific of the zones that own the name; a hosted one before an endpoint's, of which AWS allows no two alike. */
export function owningZone(zones: readonly PrivateZone[], host: string): PrivateZone | undefined {
  return zones
    .filter((zone) => isWithin(host, zone.name))
    .sort((a, b) => b.name.length - a.name.length || (a.kind === 'hosted' ? -1 : 1))[0];
}

/** The rules that hold in the VPC and whose domain the name is in, the most specific first. */
export function rulesFor(
  state: RuleReads,
  vpcId: string | undefined,
  host: string,
): { readonly rule: ResolverRule; readonly domain: string; readonly associationId: string }[] {
  if (!state.resolverRules.known || !state.resolverRuleAssociations.known || vpcId === undefined) return [];
  return state.resolverRuleAssociations.value
    .filter((one) => one.VPCId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
    .flatMap((association) => {
      const rule = byId(state.resolverRules, 'Id', association.ResolverRuleId ?? '');
      const domain = bare(rule?.DomainName ?? '');
      return rule !== undefined && rule.DomainName !== undefined && isWithin(host, domain)
        ? [{ rule, domain, associationId: association.Id }]
        : [];
    })
    .sort((a, b) => b.domain.length - a.domain.length || (a.rule.Id < b.rule.Id ? -1 : 1));
}

export type NameOwner =
  | { readonly by: 'rule'; readonly rule: ResolverRule; readonly domain: string; readonly associationId: string }
  | { readonly by: 'zone'; readonly zone: PrivateZone }
  | { readonly by: 'public' };

/**
 * Who decides a name, as far as the lists could be read: the most specific of all rules and zones, and for the same domain a
 * forwarding rule before a zone. A rule that is none of FORWARD's (SYSTEM, the internet resolver's) leaves the name to the zones.
 * @param zones those in force: none where the VPC's DNS attributes are off
 */
export function ownerOf(
  state: RuleReads,
  zones: readonly PrivateZone[],
  vpcId: string | undefined,
  host: string,
): NameOwner {
  const zone = owningZone(zones, host);
  const [rule] = rulesFor(state, vpcId, host);
  const forwards = rule !== undefined && (rule.rule.RuleType ?? 'FORWARD').toUpperCase() === 'FORWARD';
  if (forwards && (zone === undefined || rule.domain.length >= zone.name.length)) return { by: 'rule', ...rule };
  return zone === undefined ? { by: 'public' } : { by: 'zone', zone };
}

export type ZoneAnswer =
  /** the zone's records were not read */
  | { readonly kind: 'unread' }
  /** no address record for the name: NXDOMAIN, or an empty answer where the name exists all the same */
  | { readonly kind: 'none'; readonly exists: boolean }
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly string[];
      readonly records: readonly ResourceRecordSet[];
    }
  /** it leads to an endpoint's own name; the endpoint is undefined when it is not among those that could be read */
  | {
      readonly kind: 'endpoint';
      readonly name: string;
      readonly endpoint: VpcEndpoint | undefined;
      /** undefined when the interfaces could not be read */
      readonly addresses: readonly string[] | undefined;
      readonly records: readonly ResourceRecordSet[];
    }
  /** it leads to another name, which is not followed */
  | { readonly kind: 'name'; readonly name: string; readonly records: readonly ResourceRecordSet[] };

/** What a hosted zone says of a name at or below it. Routing policies are not evaluated: every record set counts. */
export function answerOfZone(
  state: RecordReads,
  zones: readonly PrivateZone[],
  zone: PrivateZone,
  host: string,
): ZoneAnswer {
  if (!state.resourceRecordSets.known) return { kind: 'unread' };
  const own = state.resourceRecordSets.value.filter((record) => zoneOf(zones, record) === zone.name);
  // Every zone has an SOA record: one without any record was not read.
  if (own.length === 0) return { kind: 'unread' };
  const records = recordsFor(own, bare(host), zone.name);
  if (records === undefined) return { kind: 'none', exists: false };
  const leads = records.find((record) => record.Type === 'CNAME' || record.AliasTarget !== undefined);
  const name = bare(leads?.AliasTarget?.DNSName ?? leads?.ResourceRecords?.[0]?.Value ?? '');
  if (leads !== undefined && name !== '') {
    if (!isVpceName(name)) return { kind: 'name', name, records };
    const endpoint = state.vpcEndpoints.known
      ? state.vpcEndpoints.value.find((one) => ownsVpceName(one, name))
      : undefined;
    return { kind: 'endpoint', name, endpoint, addresses: addressesOf(state, endpoint), records };
  }
  const addresses = records
    .filter((record) => record.Type === 'A' || record.Type === 'AAAA')
    .flatMap((record) => (record.ResourceRecords ?? []).flatMap((one) => one.Value ?? []));
  return addresses.length === 0 ? { kind: 'none', exists: true } : { kind: 'addresses', addresses, records };
}

function addressesOf(state: RecordReads, endpoint: VpcEndpoint | undefined): string[] | undefined {
  if (endpoint === undefined || endpointState(endpoint) !== 'available') return endpoint === undefined ? undefined : [];
  const found = (endpoint.NetworkInterfaceIds ?? []).map((id) =>
    byId(state.networkInterfaces, 'NetworkInterfaceId', id),
  );
  if (found.some((one) => one === undefined)) return undefined;
  return found.flatMap((one) => (one === undefined ? [] : allAddresses(one)));
}

/** The zone of a record set; where the document does not say, the most specific zone that could hold it. */
function zoneOf(zones: readonly PrivateZone[], record: ResourceRecordSet): string | undefined {
  if (record.ZoneName !== undefined) return bare(record.ZoneName);
  const hosted = zones.filter((zone) => zone.kind === 'hosted');
  return owningZone(hosted, bare(record.Name).replace(/^(?:\*|\\052)\./, ''))?.name;
}

/** The record sets of the name, else those of the closest wildcard (RFC 4592); empty for a name that only has names below it. */
function recordsFor(
  records: readonly ResourceRecordSet[],
  host: string,
  apex: string,
): readonly ResourceRecordSet[] | undefined {
  // The API writes the asterisk of a wildcard as its octal code.
  const named = (name: string) =>
    records.filter(
      (record) =>
        ['A', 'AAAA', 'CNAME'].includes(record.Type ?? '') && bare(record.Name).replace(/^\\052\./, '*.') === name,
    );
  const exists = (name: string) =>
    name === apex || records.some((record) => bare(record.Name) === name || bare(record.Name).endsWith(`.${name}`));
  if (exists(host)) return named(host);
  const labels = host.split('.');
  for (let cut = 1; cut < labels.length; cut += 1) {
    const parent = labels.slice(cut).join('.');
    if (!isWithin(parent, apex)) return undefined;
    const wildcard = named(`*.${parent}`);
    if (wildcard.length > 0) return wildcard;
    if (exists(parent)) return undefined;
  }
  return undefined;
}

/** Lower case, without the last dot. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Whether a name is a zone's own or below it; every name is within the root. */
export function isWithin(name: string, zone: string): boolean {
  const host = bare(name);
  return zone === '' || host === zone || host.endsWith(`.${zone}`);
}
