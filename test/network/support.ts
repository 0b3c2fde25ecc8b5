/** Small descriptions for the truth tables: what a row does not mention is not there, or not known. */
import type { IpPermission, NetworkAclEntry, Route } from '../../src/model/aws.ts';
import { type Refusal, SLICE_NAMES, type SliceElement, type SliceName, type State } from '../../src/model/state.ts';
import { addressSet, cidrSet, formatAddresses } from '../../src/network/addresses.ts';
import type { Client } from '../../src/network/client.ts';
import type { InterfaceDestination } from '../../src/network/destinations.ts';
import { addressesOf, type FlowSet, portsFor } from '../../src/network/flows.ts';
import { formatPorts } from '../../src/network/ports.ts';

type Known = { readonly [N in SliceName]?: readonly SliceElement<N>[] | Refusal };

/** A state with these slices: a list is its value, a word is why it has none; every other slice was not given. */
export function stateOf(slices: Known): State {
  const entries = SLICE_NAMES.map((name) => {
    const given = slices[name];
    if (given === undefined) return [name, { known: false, why: 'not-given' }];
    return [name, typeof given === 'string' ? { known: false, why: given } : { known: true, value: given }];
  });
  return Object.fromEntries(entries) as State;
}

export const VPC = 'vpc-1';
export const CLIENT_SUBNET = 'subnet-client';
export const ENDPOINT_SUBNET = 'subnet-endpoint';

/** 10.0.1.23 in subnet-client with sg-client, source ports 32768-60999. */
export function client(changes: Partial<Client> = {}): Client {
  return {
    vpcId: VPC,
    subnetId: CLIENT_SUBNET,
    networkInterfaceId: 'eni-client',
    ipv4: '10.0.1.23',
    ipv6: undefined,
    groupIds: ['sg-client'],
    ephemeral: { from: 32768, to: 60999 },
    hasPublicIpv4: false,
    ...changes,
  };
}

/** An endpoint's interface 10.0.2.14 in subnet-endpoint with sg-endpoint. */
export function endpointInterface(changes: Partial<InterfaceDestination> = {}): InterfaceDestination {
  const address = changes.address ?? '10.0.2.14';
  return {
    kind: 'interface',
    networkInterfaceId: 'eni-endpoint',
    address,
    family: address.includes(':') ? 6 : 4,
    addresses: addressSet(address) ?? [],
    subnetId: ENDPOINT_SUBNET,
    vpcId: VPC,
    availabilityZone: 'eu-west-1a',
    groupIds: ['sg-endpoint'],
    relation: 'same-vpc',
    ...changes,
  };
}

export function tcp(...sources: readonly string[]): IpPermission {
  return rule({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }, ...sources);
}

/** A permission towards CIDRs, `sg-…` and `pl-…`, each at its place. */
export function rule(what: IpPermission, ...sources: readonly string[]): IpPermission {
  const of = (test: (source: string) => boolean) => sources.filter(test);
  return {
    ...what,
    IpRanges: of((source) => /^\d+\./.test(source)).map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: of((source) => source.includes(':')).map((CidrIpv6) => ({ CidrIpv6 })),
    UserIdGroupPairs: of((source) => source.startsWith('sg-')).map((GroupId) => ({ GroupId })),
    PrefixListIds: of((source) => source.startsWith('pl-')).map((PrefixListId) => ({ PrefixListId })),
  };
}

/** `100 in allow 6 10.0.0.0/16 443`, `110 out deny -1 0.0.0.0/0`; a last word gives the ports. */
export function entry(text: string): NetworkAclEntry {
  const [number, way, RuleAction, Protocol, cidr = '', ports] = text.split(' ');
  const [From, To = From] = ports === undefined ? [] : ports.split('-').map(Number);
  return {
    RuleNumber: Number(number),
    Egress: way === 'out',
    RuleAction,
    Protocol,
    ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    ...(From === undefined ? {} : { PortRange: { From, To } }),
  };
}

const ORIGINS: Readonly<Record<string, string>> = {
  static: 'CreateRoute',
  propagated: 'EnableVgwRoutePropagation',
  table: 'CreateRouteTable',
};

/** `10.0.2.0/24 eni-1`, `pl-1 vpce-1 blackhole`, `10.0.0.0/8 vgw-1 propagated`. */
export function route(text: string): Route {
  const [destination = '', target = '', ...words] = text.split(' ');
  const to = destination.startsWith('pl-')
    ? { DestinationPrefixListId: destination }
    : destination.includes(':')
      ? { DestinationIpv6CidrBlock: destination }
      : { DestinationCidrBlock: destination };
  const origin = words.find((word) => word in ORIGINS) ?? (target === 'local' ? 'table' : 'static');
  return {
    ...to,
    ...targetOf(target),
    Origin: ORIGINS[origin],
    State: words.find((word) => !(word in ORIGINS)) ?? 'active',
  };
}

function targetOf(target: string): Route {
  if (target.startsWith('nat-')) return { NatGatewayId: target };
  if (target.startsWith('tgw-')) return { TransitGatewayId: target };
  if (target.startsWith('pcx-')) return { VpcPeeringConnectionId: target };
  if (target.startsWith('eni-')) return { NetworkInterfaceId: target };
  if (target.startsWith('eigw-')) return { EgressOnlyInternetGatewayId: target };
  return { GatewayId: target };
}

export function routeTable(routes: readonly string[], changes: Partial<SliceElement<'routeTables'>> = {}) {
  return {
    RouteTableId: 'rtb-client',
    VpcId: VPC,
    Associations: [{ SubnetId: CLIENT_SUBNET, Main: false, AssociationState: { State: 'associated' } }],
    Routes: routes.map(route),
    ...changes,
  };
}

export function addresses(...cidrs: readonly string[]) {
  return cidrSet(cidrs.map((cidr) => (cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`)));
}

/** Source ports of a set that lead to an address: `32768-49151`; empty for none. */
export function ports(set: FlowSet, address: string): string {
  return formatPorts(portsFor(set, address));
}

/** The addresses of a set of flows as CIDR blocks. */
export function blocks(set: FlowSet): string[] {
  return formatAddresses(addressesOf(set));
}
