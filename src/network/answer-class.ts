/**
 * Whose an address is that a name gave. "Inside the VPC" means the VPC's CIDR associations, never RFC 1918: VPCs have public
 * ranges, and most private addresses are of other networks.
 */
import type { NetworkInterface, VpcEndpoint } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { matchHost } from '../services/catalogue.ts';
import { addressSet, cidrSet, containsAddress, familyOf, formatAddress } from './addresses.ts';
import { allAddresses, vpcAddresses } from './destinations.ts';
import { chooseEndpoint, endpointsFor } from './endpoints.ts';
import { byId } from './index-by-id.ts';

export const ANSWER_CLASSES = [
  'this-endpoint',
  'other-endpoint',
  'central-endpoint',
  'vpc',
  'foreign-private',
  'private',
  'prefix-list',
  'aws-public',
  'public',
  'sinkhole',
  'dns64',
] as const;
export type AnswerClass =
  /** an interface of the endpoint that the target should use */
  | 'this-endpoint'
  /** an interface of another endpoint of this VPC */
  | 'other-endpoint'
  /** an endpoint of another VPC: central endpoints, a Route 53 Profile */
  | 'central-endpoint'
  /** an address of this VPC that is no endpoint's */
  | 'vpc'
  /** a private address outside this VPC */
  | 'foreign-private'
  /** a private address, and the VPC's own blocks are not known */
  | 'private'
  /** in the prefix list of the service: a gateway endpoint's addresses */
  | 'prefix-list'
  /** a public address of an AWS service's name */
  | 'aws-public'
  | 'public'
  /** an address that nobody answers at: DNS filters hand it out */
  | 'sinkhole'
  /** IPv6 made of an IPv4 address by DNS64 */
  | 'dns64';

export type ClassifiedAddress = {
  readonly address: string;
  readonly class: AnswerClass;
  /** for a table's cell */
  readonly words: string;
  /** the endpoint, network interface or prefix list that it is of */
  readonly resource?: string | undefined;
};

export type ClassReads = Pick<State, 'vpcEndpoints' | 'networkInterfaces' | 'vpcs' | 'prefixLists'>;

/** RFC 6052's well-known prefix, which Amazon's resolver uses. */
const DNS64 = cidrSet(['64:ff9b::/96']);
/** "This network", loopback, documentation (RFC 5737, 3849), discard (RFC 6666). */
const SINKHOLES = cidrSet([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '::/127',
  '2001:db8::/32',
  '100::/64',
]);
const PRIVATE = cidrSet([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
]);

/**
 * Classifies one address of an answer for the target's name.
 * @param cnames the aliases on the way: an endpoint's own name among them says whose the address is, wherever it is
 */
export function classifyAddress(
  state: ClassReads,
  vantage: Pick<Vantage, 'vpcId' | 'vpcCidrs'>,
  target: Target,
  address: string,
  cnames: readonly string[] = [],
): ClassifiedAddress {
  const is = (kind: AnswerClass, words: string, resource?: string): ClassifiedAddress =>
    resource === undefined ? { address, class: kind, words } : { address, class: kind, words, resource };
  const owner = ownerOfAddress(state, address);
  if (owner?.endpoint !== undefined) {
    const { endpoint } = owner;
    const id = endpoint.VpcEndpointId;
    if (endpoint.VpcId !== undefined && vantage.vpcId !== undefined && endpoint.VpcId !== vantage.vpcId)
      return is('central-endpoint', `${id} of ${endpoint.VpcId}`, id);
    return isOf(state, vantage, target, endpoint)
      ? is('this-endpoint', `${id}, ${owner.networkInterfaceId}`, id)
      : is('other-endpoint', `${id}, the endpoint of ${endpoint.ServiceName ?? 'another service'}`, id);
  }
  const alias = cnames.map((name) => matchHost(name)?.vpceName?.endpointId).find((id) => id !== undefined);
  if (alias !== undefined) {
    const endpoint = byId(state.vpcEndpoints, 'VpcEndpointId', alias);
    if (endpoint === undefined) return is('central-endpoint', `${alias}, an endpoint that could not be read`, alias);
    if (endpoint.VpcId !== undefined && vantage.vpcId !== undefined && endpoint.VpcId !== vantage.vpcId)
      return is('central-endpoint', `${alias} of ${endpoint.VpcId}`, alias);
    return is(isOf(state, vantage, target, endpoint) ? 'this-endpoint' : 'other-endpoint', alias, alias);
  }
  const vpc = vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId);
  const own = [...(vpc === undefined ? [] : vpcAddresses(vpc)), ...cidrSet(vantage.vpcCidrs)];
  if (containsAddress(own, address)) {
    const id = owner?.networkInterfaceId;
    return id !== undefined
      ? is('vpc', `${id} in this VPC, which is no endpoint’s`, id)
      : is('vpc', state.networkInterfaces.known ? 'in this VPC, and no network interface has it' : 'in this VPC');
  }
  if (containsAddress(DNS64, address)) return is('dns64', `DNS64 of ${embeddedIpv4(address)}`);
  if (containsAddress(SINKHOLES, address)) return is('sinkhole', 'an address that leads nowhere');
  const list = prefixListOf(state, target, address);
  if (list !== undefined) return is('prefix-list', `in ${list}`, list);
  if (containsAddress(PRIVATE, address))
    return own.length > 0
      ? is('foreign-private', 'private, outside this VPC')
      : is('private', 'private; the VPC’s own ranges are not known');
  return target.serviceNames.length > 0 || target.serviceId !== undefined
    ? is('aws-public', 'public')
    : is('public', 'public');
}

/** The IPv4 address inside a DNS64 one. */
export function embeddedIpv4(address: string): string | undefined {
  if (!containsAddress(DNS64, address) || familyOf(address) !== 6) return undefined;
  const low = addressSet(address)?.[0]?.low;
  return low === undefined ? undefined : formatAddress(4, low & 0xffffffffn);
}

function isOf(state: ClassReads, vantage: Pick<Vantage, 'vpcId'>, target: Target, endpoint: VpcEndpoint): boolean {
  const chosen = chooseEndpoint(state, vantage.vpcId, target)?.endpoints ?? [];
  return [...chosen, ...endpointsFor(state.vpcEndpoints, target)].includes(endpoint);
}

function ownerOfAddress(state: ClassReads, address: string) {
  if (!state.networkInterfaces.known) return undefined;
  const found = state.networkInterfaces.value.find((one) => allAddresses(one).includes(address));
  if (found === undefined) return undefined;
  return { networkInterfaceId: found.NetworkInterfaceId, endpoint: endpointOf(state, found) };
}

function endpointOf(state: ClassReads, { NetworkInterfaceId, Description }: NetworkInterface): VpcEndpoint | undefined {
  if (!state.vpcEndpoints.known) return undefined;
  const described = /^VPC Endpoint Interface (vpce-[0-9a-f]+)/.exec(Description ?? '')?.[1];
  return state.vpcEndpoints.value.find(
    (one) => one.NetworkInterfaceIds?.includes(NetworkInterfaceId) === true || one.VpcEndpointId === described,
  );
}

/** AWS names a service's list after the service: `com.amazonaws.eu-west-1.s3`. */
function prefixListOf(state: ClassReads, target: Target, address: string): string | undefined {
  if (!state.prefixLists.known) return undefined;
  return state.prefixLists.value.find(
    (list) =>
      target.serviceNames.includes(list.PrefixListName ?? '') && containsAddress(cidrSet(list.Cidrs ?? []), address),
  )?.PrefixListId;
}
