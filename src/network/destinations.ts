/** The far ends of a target's paths: an endpoint's network interfaces, a gateway endpoint's CIDRs, or the public internet. */
import type { NetworkInterface, VpcEndpoint } from '../model/aws.ts';
import { type Missing, missing, type State } from '../model/state.ts';
import {
  type AddressSet,
  addressesByFamily,
  addressSet,
  cidrSet,
  everyAddress,
  type Family,
  subtractAddresses,
  unionAddresses,
} from './addresses.ts';
import type { Client } from './client.ts';
import { byId } from './index-by-id.ts';
import { prefixListAddresses } from './prefix-lists.ts';
import { type RouteTarget, routeTableOf, routeTarget, selectRoutes } from './route-tables.ts';
import type { Relation } from './security-groups.ts';

export type InterfaceDestination = {
  readonly kind: 'interface';
  readonly networkInterfaceId: string;
  readonly address: string;
  readonly family: Family;
  readonly addresses: AddressSet;
  readonly subnetId: string | undefined;
  readonly vpcId: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly groupIds: readonly string[] | undefined;
  readonly relation: Relation;
};

export type GatewayDestination = {
  readonly kind: 'gateway';
  /** more than one where a VPC has several gateway endpoints for the service: each route table has its own */
  readonly endpointIds: readonly string[];
  readonly prefixListIds: readonly string[];
  readonly family: Family;
  readonly addresses: AddressSet;
  /** false when the list's CIDRs could not be read: `addresses` is then a superset */
  readonly exact: boolean;
};

export type PublicDestination = {
  readonly kind: 'public';
  readonly family: Family;
  readonly addresses: AddressSet;
  /** false when the addresses are not known: `addresses` is then everything outside the VPC */
  readonly exact: boolean;
};

export type Destination = InterfaceDestination | GatewayDestination | PublicDestination;

export type Destinations<D extends Destination = Destination> = {
  readonly destinations: readonly D[];
  readonly missing: readonly Missing[];
};

export type InterfaceReads = Pick<State, 'networkInterfaces' | 'routeTables' | 'prefixLists' | 'prefixListEntries'>;

/**
 * Every address of an interface endpoint that this client can be led to: IPv4 where both have it; IPv6 where the client
 * has it and the endpoint answers AAAA. A name leads to any of them, in any zone (facts.md 2.1), so each is a path.
 */
export function interfaceDestinations(
  state: InterfaceReads,
  client: Client,
  endpoint: VpcEndpoint,
): Destinations<InterfaceDestination> {
  const ids = endpoint.NetworkInterfaceIds ?? interfacesByDescription(state, endpoint.VpcEndpointId);
  const destinations: InterfaceDestination[] = [];
  const gaps: Missing[] = [];
  for (const id of ids) {
    const found = byId(state.networkInterfaces, 'NetworkInterfaceId', id);
    if (found === undefined) {
      gaps.push(missing(state, 'networkInterfaces', id));
      continue;
    }
    const groups = groupsOf(found) ?? endpoint.Groups?.flatMap((group) => group.GroupId ?? []);
    for (const destination of addressesToTry(state, client, found, groups)) {
      if (destination.family === 4 ? answersA(endpoint) : answersAaaa(endpoint)) destinations.push(destination);
    }
  }
  if (endpoint.NetworkInterfaceIds === undefined && ids.length === 0 && !state.networkInterfaces.known)
    gaps.push(missing(state, 'networkInterfaces', `the interfaces of ${endpoint.VpcEndpointId}`));
  return { destinations, missing: gaps };
}

/** The path to one network interface of any kind, by its address. */
export function addressDestination(
  state: InterfaceReads,
  client: Client,
  address: string,
): InterfaceDestination | undefined {
  const found = interfaceByAddress(state, client, address);
  if (found === undefined) return undefined;
  const wanted = addressSet(address);
  return addressesToTry(state, client, found, groupsOf(found), address).find(
    (destination) =>
      destination.addresses[0]?.low === wanted?.[0]?.low && destination.addresses[0]?.family === wanted?.[0]?.family,
  );
}

/** The network interface that holds an address; the client's VPC first, since private addresses repeat between VPCs. */
export function interfaceByAddress(
  state: Pick<State, 'networkInterfaces'>,
  client: Pick<Client, 'vpcId'>,
  address: string,
): NetworkInterface | undefined {
  if (!state.networkInterfaces.known) return undefined;
  const wanted = addressSet(address)?.[0];
  if (wanted === undefined) return undefined;
  const holders = state.networkInterfaces.value.filter((candidate) =>
    allAddresses(candidate).some((held) => {
      const range = addressSet(held)?.[0];
      return range !== undefined && range.family === wanted.family && range.low === wanted.low;
    }),
  );
  return holders.find((holder) => holder.VpcId === client.vpcId) ?? holders[0];
}

/** Every private address of a network interface, IPv4 first, the primary one first. */
export function allAddresses(found: NetworkInterface): string[] {
  const ipv4 = [
    found.PrivateIpAddress,
    ...(found.PrivateIpAddresses ?? []).map((entry) => entry.PrivateIpAddress),
  ].filter((address) => address !== undefined);
  const ipv6 = (found.Ipv6Addresses ?? []).map((entry) => entry.Ipv6Address).filter((address) => address !== undefined);
  return [...new Set([...ipv4, ...ipv6])];
}

function groupsOf(found: NetworkInterface): readonly string[] | undefined {
  return found.Groups?.flatMap((group) => group.GroupId ?? []);
}

function interfacesByDescription(state: Pick<State, 'networkInterfaces'>, endpointId: string): string[] {
  if (!state.networkInterfaces.known) return [];
  return state.networkInterfaces.value
    .filter((candidate) => candidate.Description?.endsWith(` ${endpointId}`))
    .map((candidate) => candidate.NetworkInterfaceId);
}

/** `DnsRecordIpType` says what the names answer; without it the endpoint's own address type does. */
function answersA(endpoint: VpcEndpoint): boolean {
  return (endpoint.DnsOptions?.DnsRecordIpType ?? endpoint.IpAddressType)?.toLowerCase() !== 'ipv6';
}
function answersAaaa(endpoint: VpcEndpoint): boolean {
  const addressType = endpoint.IpAddressType?.toLowerCase() ?? 'ipv4';
  return addressType !== 'ipv4' && (endpoint.DnsOptions?.DnsRecordIpType?.toLowerCase() ?? addressType) !== 'ipv4';
}

function addressesToTry(
  state: InterfaceReads,
  client: Client,
  found: NetworkInterface,
  groupIds: readonly string[] | undefined,
  only?: string,
): InterfaceDestination[] {
  const { ipv4, ipv6 } = addressesByFamily(allAddresses(found));
  // Only the primary IPv4 address and the first IPv6 address of an endpoint's interface are in its DNS records.
  const chosen = only === undefined ? [ipv4[0], ipv6[0]] : [...ipv4, ...ipv6];
  return chosen.flatMap((address) => {
    const addresses = address === undefined ? undefined : addressSet(address);
    const family = addresses?.[0]?.family;
    if (address === undefined || addresses === undefined || family === undefined) return [];
    // A family that the client does not have is no path of it; when nothing is known of the client, IPv4 is evaluated.
    if (family === 4 ? client.ipv4 === undefined && client.ipv6 !== undefined : client.ipv6 === undefined) return [];
    return [
      {
        kind: 'interface' as const,
        networkInterfaceId: found.NetworkInterfaceId,
        address,
        family,
        addresses,
        subnetId: found.SubnetId,
        vpcId: found.VpcId,
        availabilityZone: found.AvailabilityZone,
        groupIds,
        relation: relationOf(state, client, found.VpcId, addresses),
      },
    ];
  });
}

/** How the client's VPC and the interface's are joined, by the route that the client's subnet takes. */
function relationOf(state: InterfaceReads, client: Client, vpcId: string | undefined, addresses: AddressSet): Relation {
  if (vpcId === undefined || client.vpcId === undefined || vpcId === client.vpcId) return 'same-vpc';
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  const route = table && selectRoutes(state, table, addresses)[0]?.route;
  const kind = route && routeTarget(route).kind;
  if (kind === 'vpc-peering-connection') return 'peering';
  if (kind === 'transit-gateway') return 'transit-gateway';
  return kind === undefined || LEADS_NOWHERE.has(kind) ? 'unjoined' : 'other';
}

/** Targets behind which no other VPC's private address is found. */
const LEADS_NOWHERE: ReadonlySet<RouteTarget['kind']> = new Set([
  'local',
  'internet-gateway',
  'egress-only-internet-gateway',
  'nat-gateway',
]);

export type GatewayReads = Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries' | 'vpcs'>;

/**
 * A gateway endpoint's destinations: the service's prefix list, whole (facts.md 3.2, 4.2). IPv6 only where the endpoint is
 * dual-stack: an IPv4 gateway endpoint has no IPv6 route.
 */
export function gatewayDestinations(
  state: GatewayReads,
  client: Client,
  endpoints: readonly VpcEndpoint[],
): Destinations<GatewayDestination> {
  const lists = [...new Set(endpoints.flatMap((endpoint) => gatewayPrefixLists(state, endpoint)))];
  const known = lists.map((id) => prefixListAddresses(state, id));
  const addresses = unionAddresses(...known.map((set) => set ?? []), []);
  const exact = lists.length > 0 && known.every((set) => set !== undefined);
  const types = endpoints.map((endpoint) => endpoint.IpAddressType?.toLowerCase() ?? 'ipv4');
  const families: Family[] = [
    ...(types.some((type) => type !== 'ipv6') && !(client.ipv4 === undefined && client.ipv6 !== undefined)
      ? [4 as const]
      : []),
    ...(types.some((type) => type !== 'ipv4') && client.ipv6 !== undefined ? [6 as const] : []),
  ];
  const destinations = families.flatMap((family) => {
    const part = exact ? addresses.filter((range) => range.family === family) : outsideVpc(state, client, family);
    if (part.length === 0) return [];
    return [
      {
        kind: 'gateway' as const,
        endpointIds: endpoints.map((endpoint) => endpoint.VpcEndpointId),
        prefixListIds: lists,
        family,
        addresses: part,
        exact,
      },
    ];
  });
  return {
    destinations,
    missing: exact ? [] : [missing(state, 'prefixLists', `the CIDRs of ${endpoints[0]?.ServiceName ?? 'the service'}`)],
  };
}

/** The prefix lists of a gateway endpoint: those its routes name, and the service's by name. */
export function gatewayPrefixLists(state: GatewayReads, endpoint: VpcEndpoint): string[] {
  const routed = state.routeTables.known
    ? state.routeTables.value
        .flatMap((table) => table.Routes ?? [])
        .filter((route) => route.GatewayId === endpoint.VpcEndpointId)
        .flatMap((route) => route.DestinationPrefixListId ?? [])
    : [];
  const named = state.prefixLists.known
    ? state.prefixLists.value
        .filter((list) => list.PrefixListName !== undefined && list.PrefixListName === endpoint.ServiceName)
        .map((list) => list.PrefixListId)
    : [];
  return [...new Set([...routed, ...named])].sort();
}

/** Public addresses, given or any: for a name that no endpoint serves. */
export function publicDestinations(
  state: Pick<State, 'vpcs'>,
  client: Client,
  addresses: readonly string[] | undefined,
): Destinations<PublicDestination> {
  const known =
    addresses === undefined ? undefined : unionAddresses(...addresses.map((text) => addressSet(text) ?? []), []);
  const families: Family[] =
    known === undefined
      ? client.ipv4 === undefined && client.ipv6 !== undefined
        ? [6]
        : [4]
      : ([4, 6] as const).filter(
          (family) => known.some((range) => range.family === family) && (family === 4 || client.ipv6 !== undefined),
        );
  return {
    destinations: families.map((family) => ({
      kind: 'public' as const,
      family,
      addresses:
        known === undefined ? outsideVpc(state, client, family) : known.filter((range) => range.family === family),
      exact: known !== undefined,
    })),
    missing: [],
  };
}

/** Ranges that are never a public service: private, shared, loopback, link-local and multicast addresses. */
const NEVER_PUBLIC = cidrSet([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
]);
const GLOBAL_IPV6 = cidrSet(['2000::/3']);

function outsideVpc(state: Pick<State, 'vpcs'>, client: Client, family: Family): AddressSet {
  const vpc = client.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', client.vpcId);
  const own = vpc === undefined ? [] : vpcAddresses(vpc);
  return family === 4
    ? subtractAddresses(everyAddress(4), unionAddresses(NEVER_PUBLIC, own))
    : subtractAddresses(GLOBAL_IPV6, own);
}

const GONE = new Set(['disassociated', 'disassociating', 'failed', 'failing']);

/** Every CIDR that is associated with a VPC, both families. Not RFC 1918: a VPC may use any address (symptoms.md). */
export function vpcAddresses(vpc: {
  readonly CidrBlock?: string | undefined;
  readonly CidrBlockAssociationSet?:
    | readonly { CidrBlock?: string | undefined; CidrBlockState?: { State?: string | undefined } | undefined }[]
    | undefined;
  readonly Ipv6CidrBlockAssociationSet?:
    | readonly { Ipv6CidrBlock?: string | undefined; Ipv6CidrBlockState?: { State?: string | undefined } | undefined }[]
    | undefined;
}): AddressSet {
  const live = (state: string | undefined) => !GONE.has(state?.toLowerCase() ?? '');
  return cidrSet([
    ...(vpc.CidrBlock === undefined ? [] : [vpc.CidrBlock]),
    ...(vpc.CidrBlockAssociationSet ?? [])
      .filter((entry) => live(entry.CidrBlockState?.State))
      .flatMap((entry) => entry.CidrBlock ?? []),
    ...(vpc.Ipv6CidrBlockAssociationSet ?? [])
      .filter((entry) => live(entry.Ipv6CidrBlockState?.State))
      .flatMap((entry) => entry.Ipv6CidrBlock ?? []),
  ]);
}
