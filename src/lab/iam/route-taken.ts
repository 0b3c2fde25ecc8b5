/**
 * By which way a request came to a service: through an endpoint, or from the internet. The listener's address tells an interface
 * endpoint; for any other address the client's route table does, read here for itself, as AWS reads it (facts.md 4.1, 4.2).
 */
import ipaddr from 'ipaddr.js';
import type { NetworkInterface, VpcEndpoint } from '../../model/aws.ts';
import { canonical, clientInterfaces, interfaceAddresses } from '../client.ts';
import type { World } from '../world.ts';

export type RouteTaken =
  /** `sourceIp`: the address that the service sees; private through an endpoint, public otherwise */
  | { readonly kind: 'interface' | 'gateway'; readonly endpoint: VpcEndpoint; readonly sourceIp: string }
  | { readonly kind: 'public'; readonly sourceIp: string };

/** The public address of a NAT gateway, firewall or proxy that the world does not describe further. */
export const UNDESCRIBED_WAY_OUT = '203.0.113.10';

/**
 * @param listener where the request arrived: the address in the world, and the interface endpoint that it belongs to
 * @param peer the address that it came from, where that is one of the world's (in the kernel's test-bed); else undefined
 * @param fromElsewhere true when a proxy made the connection, by a way out of its own
 */
export function routeTaken(
  world: World,
  listener: { readonly address: string; readonly endpointId?: string | undefined },
  peer?: string,
  fromElsewhere = false,
): RouteTaken {
  const client = clientInterfaces(world)[0];
  const own = client === undefined ? [] : interfaceAddresses(client);
  const family = listener.address.includes(':');
  const sourceIp = peer ?? own.find((address) => address.includes(':') === family) ?? own[0] ?? '';
  const endpoint = world.api.vpcEndpoints.find(({ VpcEndpointId }) => VpcEndpointId === listener.endpointId);
  if (endpoint !== undefined) return { kind: 'interface', endpoint, sourceIp };
  if (fromElsewhere) return { kind: 'public', sourceIp: UNDESCRIBED_WAY_OUT };
  // What went through a NAT gateway no longer has an address of the VPC; what has one may be a proxy's.
  const sender =
    peer === undefined
      ? client
      : world.api.networkInterfaces.find((one) => interfaceAddresses(one).map(canonical).includes(canonical(peer)));
  const target = sender === undefined ? undefined : routeTo(world, sender, listener.address);
  const gateway = world.api.vpcEndpoints.find(
    ({ VpcEndpointId, State }) => VpcEndpointId === target && State?.toLowerCase() === 'available',
  );
  if (gateway !== undefined) return { kind: 'gateway', endpoint: gateway, sourceIp };
  return { kind: 'public', sourceIp: peer ?? publicAddress(world, target, sourceIp) };
}

/** What the address of the client is outside, behind the target of its route. */
function publicAddress(world: World, target: string | undefined, sourceIp: string): string {
  // IPv6 is not translated.
  if (sourceIp.includes(':')) return sourceIp;
  const own = target?.startsWith('igw-') === true ? clientInterfaces(world)[0]?.Association?.PublicIp : undefined;
  return own ?? UNDESCRIBED_WAY_OUT;
}

/** The id that the most specific active route of an interface's subnet to an address leads to. */
function routeTo(world: World, from: NetworkInterface, address: string): string | undefined {
  const tables = world.api.routeTables.filter(({ VpcId }) => VpcId === from.VpcId);
  const table =
    tables.find(({ Associations = [] }) => Associations.some(({ SubnetId }) => SubnetId === from.SubnetId)) ??
    tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
  const routes = (table?.Routes ?? [])
    .filter(({ State }) => State !== 'blackhole')
    .flatMap((route) => {
      const cidrs = [
        ...[route.DestinationCidrBlock, route.DestinationIpv6CidrBlock].filter((cidr) => cidr !== undefined),
        ...prefixesOf(world, route.DestinationPrefixListId),
      ];
      return cidrs.flatMap((cidr) => {
        const length = coveringLength(cidr, address);
        return length === undefined ? [] : [{ length, target: route.GatewayId ?? route.NatGatewayId }];
      });
    });
  return routes.sort((a, b) => b.length - a.length)[0]?.target;
}

function prefixesOf(world: World, id: string | undefined): string[] {
  if (id === undefined) return [];
  return [
    ...world.api.prefixLists.flatMap((list) => (list.PrefixListId === id ? (list.Cidrs ?? []) : [])),
    ...world.api.prefixListEntries.flatMap((list) =>
      list.PrefixListId === id ? (list.Entries ?? []).flatMap(({ Cidr }) => Cidr ?? []) : [],
    ),
  ];
}

/** The prefix length of a block that the address is in; undefined when it is not. */
function coveringLength(cidr: string, address: string): number | undefined {
  const [network, length] = ipaddr.parseCIDR(cidr);
  const parsed = ipaddr.parse(address);
  return parsed.kind() === network.kind() && parsed.match(network, length) ? length : undefined;
}
