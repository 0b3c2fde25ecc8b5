/** Where a target's name leads, by the rules of VPC DNS (facts.md 2). What really was answered is an observation, not this. */
import type { VpcEndpoint } from '../model/aws.ts';
import { type Missing, missing, type SliceName, type State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressSet, formatAddress, parseCidr } from './addresses.ts';
import { firewallVerdict } from './dns-firewall.ts';
import { chooseEndpoint, coversHost, endpointState, isVpceName } from './endpoints.ts';
import { byId } from './index-by-id.ts';
import { answerOfZone, hostedZones, managedZones, ownerOf } from './zones.ts';

/** Whose answers the client gets: the VPC's own, another resolver's, or not known. */
export type ResolverKind = 'vpc' | 'other' | 'unknown';

export type Resolution =
  /** no name is involved, or one that public DNS answers */
  | { readonly kind: 'direct' }
  | { readonly kind: 'hosts'; readonly addresses: readonly string[]; readonly line: number }
  | { readonly kind: 'endpoint'; readonly endpoint: VpcEndpoint }
  | { readonly kind: 'public' }
  | { readonly kind: 'no-answer' }
  /** a private zone without a record for it, or DNS Firewall, says that there is no such name or no address */
  | { readonly kind: 'no-name'; readonly by: string }
  /** a private hosted zone leads it there */
  | { readonly kind: 'zone'; readonly zoneId: string; readonly addresses: readonly string[] }
  | { readonly kind: 'unknown'; readonly missing: readonly Missing[] };

/** Route 53's part of what a name depends on; where it was not read, zones, rules and firewalls are taken to be absent. */
export const ZONE_SLICES = [
  'hostedZones',
  'resourceRecordSets',
  'resolverRules',
  'resolverRuleAssociations',
  'firewallRuleGroupAssociations',
  'firewallRules',
  'firewallDomains',
] as const satisfies readonly SliceName[];

export type ResolutionReads = Pick<
  State,
  'vpcEndpoints' | 'vpcAttributes' | 'networkInterfaces' | (typeof ZONE_SLICES)[number]
>;

/**
 * What the VPC's DNS gives for the target's name.
 * Private DNS needs an available endpoint, both VPC DNS attributes, and a name that the endpoint has.
 * https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
 */
export function resolveOnModel(
  state: ResolutionReads,
  vantage: Vantage,
  target: Target,
  resolver: ResolverKind,
): Resolution {
  const host = target.host;
  if (host === undefined) return { kind: 'direct' };
  const pinned = hostsEntries(vantage, host);
  const line = pinned[0]?.line;
  if (line !== undefined) return { kind: 'hosts', addresses: pinned.map((entry) => entry.address), line };
  if (resolver !== 'vpc') return { kind: 'unknown', missing: [] };

  const vpcId = vantage.vpcId;
  const attributes = vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vpcId);
  const support = attributes?.EnableDnsSupport?.Value;
  if (support === false) return { kind: 'no-answer' };
  const decided = decidedByRoute53(state, vpcId, host, attributes?.EnableDnsHostnames?.Value !== false);
  if (decided !== undefined) return decided;
  if (isVpceName(host)) return support === undefined ? unknownAttribute(state, 'enableDnsSupport') : { kind: 'direct' };
  if (!state.vpcEndpoints.known) return { kind: 'unknown', missing: [missing(state, 'vpcEndpoints')] };

  const choice = chooseEndpoint(state, vpcId, target);
  if (choice === undefined || choice.way !== 'private-dns' || endpointState(choice.endpoints[0]) !== 'available') {
    return support === undefined ? unknownAttribute(state, 'enableDnsSupport') : { kind: 'public' };
  }
  const hostnames = attributes?.EnableDnsHostnames?.Value;
  if (hostnames === false) return { kind: 'public' };
  if (support === undefined || hostnames === undefined) {
    return unknownAttribute(state, support === undefined ? 'enableDnsSupport' : 'enableDnsHostnames');
  }
  return { kind: 'endpoint', endpoint: choice.endpoints[0] };
}

/** What DNS Firewall, a forwarding rule, a hosted zone or another endpoint's zone makes of a name; undefined when none does. */
function decidedByRoute53(
  state: ResolutionReads,
  vpcId: string | undefined,
  host: string,
  zonesInForce: boolean,
): Resolution | undefined {
  const firewall = firewallVerdict(state, vpcId, [host], 'A');
  if (firewall.kind === 'blocked') return { kind: 'no-name', by: firewall.rule.FirewallRuleGroupId };
  // An endpoint's own names are public, whatever zones are named.
  const hosted = zonesInForce && !isVpceName(host) ? hostedZones(state, vpcId) : [];
  const managed = zonesInForce && !isVpceName(host) ? managedZones(state, vpcId) : [];
  const owner = ownerOf(state, [...hosted, ...managed], vpcId, host);
  // What the other resolver answers is written nowhere.
  if (owner.by === 'rule') return { kind: 'unknown', missing: [] };
  if (owner.by === 'public') return undefined;
  const { zone } = owner;
  if (zone.kind === 'managed') return coversHost(zone.endpoint, host) ? undefined : { kind: 'no-name', by: zone.id };
  const answer = answerOfZone(state, hosted, zone, host);
  switch (answer.kind) {
    case 'none':
      return { kind: 'no-name', by: zone.id };
    case 'addresses':
      return { kind: 'zone', zoneId: zone.id, addresses: answer.addresses };
    case 'endpoint':
      if (answer.addresses === undefined)
        return { kind: 'unknown', missing: [missing(state, 'networkInterfaces', answer.name)] };
      return { kind: 'zone', zoneId: zone.id, addresses: answer.addresses };
    case 'name':
      return { kind: 'unknown', missing: [] };
    case 'unread':
      return { kind: 'unknown', missing: [missing(state, 'resourceRecordSets', `the records of ${zone.name}`)] };
  }
}

function unknownAttribute(state: Pick<State, 'vpcAttributes'>, attribute: string): Resolution {
  return { kind: 'unknown', missing: [missing(state, 'vpcAttributes', attribute)] };
}

/** Lines of the hosts file that pin a name, in file order. */
export function hostsEntries(vantage: Pick<Vantage, 'hosts'>, host: string): Vantage['hosts'] {
  const wanted = host.toLowerCase();
  return vantage.hosts.filter((entry) => entry.names.some((name) => name.toLowerCase() === wanted));
}

/**
 * The VPC resolver's addresses as this client can use them: the primary CIDR's base plus two, the link-local one, and the
 * IPv6 one. https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
export function vpcResolverAddresses(primaryCidr: string | undefined): string[] {
  const cidr = primaryCidr === undefined ? undefined : parseCidr(primaryCidr);
  const plusTwo = cidr?.range.family === 4 ? [formatAddress(4, cidr.range.low + 2n)] : [];
  return [...plusTwo, '169.254.169.253', 'fd00:ec2::253'];
}

/** Whether an address is a resolver of this VPC. */
export function isVpcResolver(address: string, primaryCidr: string | undefined): boolean {
  const wanted = addressSet(address)?.[0];
  return (
    wanted !== undefined &&
    vpcResolverAddresses(primaryCidr).some((own) => {
      const range = addressSet(own)?.[0];
      return range?.family === wanted.family && range.low === wanted.low;
    })
  );
}

/** The primary CIDR of the client's VPC: the metadata service's or, once the vantage is completed, the API's. */
export function primaryCidrOf(vantage: Pick<Vantage, 'vpcCidrs'>): string | undefined {
  return vantage.vpcCidrs[0];
}

/**
 * Which resolvers the configuration gives the client: resolv.conf where it was read, else the VPC's DHCP options. Undefined
 * when neither is known. `AmazonProvidedDNS` and a missing option both mean the VPC's own.
 */
export function configuredResolvers(
  state: Pick<State, 'vpcs' | 'dhcpOptions'>,
  vantage: Vantage,
): { readonly source: 'resolv.conf' | 'DHCP options'; readonly addresses: readonly string[] } | undefined {
  if (vantage.resolvers.length > 0)
    return { source: 'resolv.conf', addresses: vantage.resolvers.map((entry) => entry.address) };
  const vpc = vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId);
  if (vpc === undefined) return undefined;
  if (vpc.DhcpOptionsId === undefined || vpc.DhcpOptionsId === 'default') {
    return vpc.DhcpOptionsId === 'default' ? { source: 'DHCP options', addresses: ['AmazonProvidedDNS'] } : undefined;
  }
  const options = byId(state.dhcpOptions, 'DhcpOptionsId', vpc.DhcpOptionsId);
  if (options === undefined) return undefined;
  const servers = (options.DhcpConfigurations ?? []).find((entry) => entry.Key === 'domain-name-servers')?.Values;
  const addresses = (servers ?? []).flatMap((value) => value.Value ?? []);
  return { source: 'DHCP options', addresses: addresses.length === 0 ? ['AmazonProvidedDNS'] : addresses };
}

/** Whether the first configured resolver is the VPC's; a loopback stub forwards, to whom is not told. */
export function resolverKind(state: Pick<State, 'vpcs' | 'dhcpOptions'>, vantage: Vantage): ResolverKind {
  const configured = configuredResolvers(state, vantage);
  // Nothing is known of the client's resolver: the VPC's is what a host has unless somebody changed it.
  if (configured === undefined) return 'vpc';
  const first = configured.addresses[0];
  if (first === undefined) return 'unknown';
  if (first === 'AmazonProvidedDNS' || isVpcResolver(first, primaryCidrOf(vantage))) return 'vpc';
  return first.startsWith('127.') || first === '::1' ? 'unknown' : 'other';
}
