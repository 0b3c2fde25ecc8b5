/** What the causes about another VPC's endpoint share: its interfaces, and every gate of the connection there and back. */
import type { Vpc } from '../../model/aws.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import { addressSet, containsAddress, formatAddresses, parseCidr } from '../../network/addresses.ts';
import { type Client, clientAddress } from '../../network/client.ts';
import { type InterfaceDestination, vpcAddresses } from '../../network/destinations.ts';
import { byId } from '../../network/index-by-id.ts';
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
