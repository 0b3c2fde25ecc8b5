/** What the causes about another VPC's endpoint share: its interfaces, and every gate of the connection there and back. */
import type { Vpc } from '../../model/aws.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import {
  type AddressSet,
  addressSet,
  cidrSet,
  containsAddress,
  formatAddresses,
  parseCidr,
} from '../../network/addresses.ts';
import { type Client, clientAddress } from '../../network/client.ts';
import { type InterfaceDestination, interfaceByAddress, vpcAddresses } from '../../network/destinations.ts';
import { endpointsFor } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { routeTableOf, selectRoutes } from '../../network/route-tables.ts';
import { isInOtherVpc } from '../../network/transit-gates.ts';
import type { CheckContext } from '../check.ts';
import { INTERFACE_SLICES, interfacesOf } from './blocked-gates.ts';

/** The slices behind routes to another VPC and what joins the two. */
export const JOIN_SLICES = [
  ...INTERFACE_SLICES,
  'vpcs',
  'natGateways',
  'vpcPeeringConnections',
  'transitGatewayVpcAttachments',
] as const satisfies readonly SliceName[];

type Context = Pick<CheckContext<(typeof INTERFACE_SLICES)[number]>, 'state' | 'client' | 'target'>;

/** The target's interfaces that stand in another VPC than the client; none where the target has none there. */
export function farInterfaces(context: Context): {
  readonly destinations: readonly InterfaceDestination[];
  readonly missing: readonly Missing[];
} {
  const { destinations, missing } = interfacesOf(context);
  return { destinations: destinations.filter((one) => isInOtherVpc(context.client, one)), missing };
}

/** How sentences call what another account does not show. */
const UNSEEN = 'an interface that this account does not see';
const UNSEEN_VPC = 'another VPC';

/** Whether this far end is only known by its address. */
export function isUnseen(destination: InterfaceDestination): boolean {
  return destination.networkInterfaceId === UNSEEN;
}

type JoinContext = Pick<CheckContext<(typeof JOIN_SLICES)[number]>, 'state' | 'client' | 'target' | 'evidence'>;

/**
 * The far interfaces with those that another account owns: a central endpoint is often shared so, and then only the answers
 * of the resolver tell where it is. The client's half of the way there can be judged all the same.
 */
export function farEnds(context: JoinContext): ReturnType<typeof farInterfaces> {
  const seen = farInterfaces(context);
  return { ...seen, destinations: [...seen.destinations, ...unseenInterfaces(context)] };
}

/**
 * Private addresses outside the VPC that the name of a service leads to, where no endpoint for it and no such interface is
 * listed. Not a pinned name, and not a service with an endpoint here: what is wrong there is the name.
 */
function unseenInterfaces({ state, client, target, evidence }: JoinContext): InterfaceDestination[] {
  const vpc = client.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', client.vpcId);
  if (vpc === undefined || !state.vpcEndpoints.known || !state.networkInterfaces.known) return [];
  if (target.host === undefined || target.serviceNames.length === 0 || evidence.pinned.length > 0) return [];
  if (endpointsFor(state.vpcEndpoints, target).length > 0) return [];
  const outside = (address: string) =>
    containsAddress(PRIVATE, address) &&
    !containsAddress(vpcAddresses(vpc), address) &&
    interfaceByAddress(state, client, address) === undefined;
  return evidence.resolved.filter(outside).flatMap((address): InterfaceDestination[] => {
    const addresses = addressSet(address) ?? [];
    const family = addresses[0]?.family;
    if (family === undefined || clientAddress(client, family).length === 0) return [];
    return [
      {
        kind: 'interface',
        networkInterfaceId: UNSEEN,
        address,
        family,
        addresses,
        subnetId: undefined,
        vpcId: peeredVpc(state, client, addresses) ?? UNSEEN_VPC,
        availabilityZone: undefined,
        groupIds: undefined,
        relation: 'unjoined',
      },
    ];
  });
}

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** The other end of the peering connection that the client's route for the address leads into. */
function peeredVpc(
  state: Pick<State, (typeof JOIN_SLICES)[number]>,
  client: Client,
  addresses: AddressSet,
): string | undefined {
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  const id = table && selectRoutes(state, table, addresses)[0]?.route?.VpcPeeringConnectionId;
  const peering = id === undefined ? undefined : byId(state.vpcPeeringConnections, 'VpcPeeringConnectionId', id);
  const ends = [peering?.AccepterVpcInfo?.VpcId, peering?.RequesterVpcInfo?.VpcId];
  return ends.includes(client.vpcId) ? ends.find((end) => end !== client.vpcId) : undefined;
}

/** The CIDR block of a VPC that holds an address: what a route towards it names. The address alone where the VPC is not known. */
export function routedBlock(vpcs: State['vpcs'], vpcId: string | undefined, address: string): string {
  const vpc = vpcId === undefined ? undefined : byId(vpcs, 'VpcId', vpcId);
  const own = vpc === undefined ? undefined : cidrsOf(vpc).find((cidr) => holds(cidr, address));
  return own ?? formatAddresses(addressSet(address) ?? [])[0] ?? address;
}

/** Whether the VPC itself has the address: then no route of it can lead to another VPC's same address. */
export function overlaps(vpcs: State['vpcs'], vpcId: string | undefined, address: string): boolean {
  const vpc = vpcId === undefined ? undefined : byId(vpcs, 'VpcId', vpcId);
  return vpc !== undefined && containsAddress(vpcAddresses(vpc), address);
}

/** The client's address of the destination's family, as text. */
export function clientText(client: Client, destination: InterfaceDestination): string {
  return (destination.family === 6 ? client.ipv6 : client.ipv4) ?? formatAddresses(clientAddress(client, 4))[0] ?? '';
}

function cidrsOf(vpc: Vpc): string[] {
  return [
    ...(vpc.CidrBlock === undefined ? [] : [vpc.CidrBlock]),
    ...(vpc.CidrBlockAssociationSet ?? []).flatMap((entry) => entry.CidrBlock ?? []),
    ...(vpc.Ipv6CidrBlockAssociationSet ?? []).flatMap((entry) => entry.Ipv6CidrBlock ?? []),
  ];
}

function holds(cidr: string, address: string): boolean {
  const parsed = parseCidr(cidr);
  return parsed !== undefined && containsAddress([parsed.range], address);
}
