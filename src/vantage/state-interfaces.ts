/** Finds network interfaces and subnets in a state, and says how the client sees them; pure. */
import type { NetworkInterface, Subnet } from '../model/aws.ts';
import { type Refusal, SLICES, type Slice, type State } from '../model/state.ts';
import type { ClientInterface } from '../model/vantage.ts';
import { canonicalAddress, cidrContains } from './addresses.ts';

export type ClientState = Pick<State, 'networkInterfaces' | 'instances' | 'subnets' | 'vpcs'>;

const WORDS = {
  denied: 'denied',
  throttled: 'throttled',
  timeout: 'no answer in time',
  unreachable: 'the API cannot be reached',
  'no-credentials': 'no credentials',
  failed: 'failed',
  'not-asked': 'this run did not ask',
  'not-given': 'no state document holds them',
} as const satisfies Record<Refusal, string>;

/** The value of a slice; empty when it is not known. Only for searches whose failure is told apart afterwards. */
export function valuesOf<T>(slice: Slice<T>): readonly T[] {
  return slice.known ? slice.value : [];
}

/** Every interface of the state once, also those that only DescribeInstances told of. */
export function interfacesOf(state: ClientState): readonly NetworkInterface[] {
  const listed = valuesOf(state.networkInterfaces);
  const ids = new Set(listed.map((entry) => entry.NetworkInterfaceId));
  const nested = valuesOf(state.instances).flatMap((instance) =>
    (instance.NetworkInterfaces ?? []).map((entry) => ({
      ...entry,
      Attachment: { ...entry.Attachment, InstanceId: instance.InstanceId },
    })),
  );
  return [...listed, ...nested.filter((entry) => !ids.has(entry.NetworkInterfaceId))];
}

/** The interfaces that hold a private address themselves; failing those, the ones with a delegated prefix around it. */
export function interfacesWithAddress(state: ClientState, address: string): readonly NetworkInterface[] {
  const all = interfacesOf(state);
  const exact = all.filter((entry) => privateAddresses(entry).includes(address));
  if (exact.length > 0) return exact;
  return all.filter((entry) =>
    (entry.Ipv4Prefixes ?? []).some((prefix) => cidrContains(prefix.Ipv4Prefix ?? '', address)),
  );
}

/** Addresses that packets of this interface carry unless told otherwise: the primary private IPv4 and the primary, else first, IPv6. */
export function defaultAddresses(entry: NetworkInterface): string[] {
  const { PrivateIpAddresses: v4 = [], Ipv6Addresses: v6 = [] } = entry;
  const first4 = entry.PrivateIpAddress ?? (v4.find((item) => item.Primary) ?? v4[0])?.PrivateIpAddress;
  const first6 = (v6.find((item) => item.IsPrimaryIpv6) ?? v6[0])?.Ipv6Address;
  return canonical([first4, first6]);
}

/** The interface as the metadata service would describe it. */
export function clientInterfaceOf(entry: NetworkInterface, state: ClientState): ClientInterface {
  const subnet = subnetOf(entry.SubnetId, state);
  return {
    networkInterfaceId: entry.NetworkInterfaceId,
    macAddress: entry.MacAddress?.toLowerCase(),
    deviceNumber: entry.Attachment?.DeviceIndex,
    vpcId: entry.VpcId ?? subnet?.VpcId,
    subnetId: entry.SubnetId,
    ownerId: entry.OwnerId,
    addresses: privateAddresses(entry),
    publicAddresses: publicAddresses(entry),
    securityGroupIds: (entry.Groups ?? []).flatMap((group) => group.GroupId ?? []),
    subnetCidr: subnet?.CidrBlock,
    vpcCidrs: vpcCidrsOf(entry.VpcId ?? subnet?.VpcId, state),
  };
}

export function subnetOf(subnetId: string | undefined, state: ClientState): Subnet | undefined {
  return valuesOf(state.subnets).find((subnet) => subnet.SubnetId === subnetId);
}

/** Subnets of any VPC, or of one, whose IPv4 or IPv6 CIDR holds the address. */
export function subnetsAround(address: string, state: ClientState, vpcId?: string): readonly Subnet[] {
  return valuesOf(state.subnets).filter(
    (subnet) =>
      (vpcId === undefined || subnet.VpcId === vpcId) &&
      [subnet.CidrBlock, ...associatedIpv6(subnet.Ipv6CidrBlockAssociationSet)].some((cidr) =>
        cidrContains(cidr ?? '', address),
      ),
  );
}

/** The VPC's CIDRs: the primary one, other IPv4 ones, then IPv6; empty when the VPC is not in the state. */
export function vpcCidrsOf(vpcId: string | undefined, state: ClientState): string[] {
  const vpc = valuesOf(state.vpcs).find((entry) => entry.VpcId === vpcId);
  if (vpc === undefined) return [];
  const others = (vpc.CidrBlockAssociationSet ?? [])
    .filter((entry) => isAssociated(entry.CidrBlockState?.State))
    .flatMap((entry) => entry.CidrBlock ?? []);
  const v4 = vpc.CidrBlock === undefined ? others : [vpc.CidrBlock, ...others];
  return [...new Set([...v4, ...associatedIpv6(vpc.Ipv6CidrBlockAssociationSet)])];
}

/** `the network interfaces are not known (ec2:DescribeNetworkInterfaces: denied)`; undefined when the slice is known. */
export function describeUnknown(state: ClientState, name: keyof ClientState): string | undefined {
  const slice = state[name];
  if (slice.known) return undefined;
  return `the ${SLICES[name].noun} are not known (${SLICES[name].action}: ${WORDS[slice.why]})`;
}

function privateAddresses(entry: NetworkInterface): string[] {
  return canonical([
    ...defaultAddresses(entry).slice(0, 1),
    ...(entry.PrivateIpAddresses ?? []).map((item) => item.PrivateIpAddress),
    ...defaultAddresses(entry),
    ...(entry.Ipv6Addresses ?? []).map((item) => item.Ipv6Address),
  ]);
}

function publicAddresses(entry: NetworkInterface): string[] {
  return canonical([
    entry.Association?.PublicIp,
    ...(entry.PrivateIpAddresses ?? []).map((item) => item.Association?.PublicIp),
  ]);
}

function associatedIpv6(associations: Subnet['Ipv6CidrBlockAssociationSet']): string[] {
  return (associations ?? [])
    .filter((entry) => isAssociated(entry.Ipv6CidrBlockState?.State))
    .flatMap((entry) => entry.Ipv6CidrBlock ?? []);
}

/** A document written by hand may leave the state out. */
function isAssociated(state: string | undefined): boolean {
  return state === undefined || state === 'associated';
}

function canonical(addresses: readonly (string | undefined)[]): string[] {
  return [...new Set(addresses.flatMap((address) => canonicalAddress(address ?? '') ?? []))];
}
