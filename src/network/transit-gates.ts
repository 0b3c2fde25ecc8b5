/** The gates that a connection to another VPC is: the packets' way through it, and the answers' way back. */
import { type Client, clientAddress } from './client.ts';
import type { Destination, InterfaceDestination } from './destinations.ts';
import { NO_FLOWS } from './flows.ts';
import { askedFlows, ephemeral, type Gate } from './gates.ts';
import { type PortSet, portSet } from './ports.ts';
import { routeTableOf, selectRoutes } from './route-tables.ts';
import { evaluateTransit, transitVerdict } from './transit.ts';
import type { NearEnd, TransitEnd, TransitReads } from './transit-step.ts';

/** Whether the far end stands in another VPC than the client; unknown VPCs are taken for one and the same. */
export function isInOtherVpc(
  client: Pick<Client, 'vpcId'>,
  destination: Destination,
): destination is InterfaceDestination {
  return (
    destination.kind === 'interface' &&
    destination.vpcId !== undefined &&
    client.vpcId !== undefined &&
    destination.vpcId !== client.vpcId
  );
}

/**
 * The connection towards an interface in another VPC.
 * @returns undefined inside one VPC, and where the client's subnet leads into no connection: the route gate says that
 */
export function transitGate(
  state: TransitReads,
  client: Client,
  destination: InterfaceDestination,
  port: number,
): Gate | undefined {
  const ends = endsOf(client, destination);
  return ends && gateOf('transit', state, client, destination, ends.near, ends.far, portSet(port, port));
}

/** The same for the answers: from the interface's subnet to the client. */
export function transitReturnGate(
  state: TransitReads,
  client: Client,
  destination: InterfaceDestination,
): Gate | undefined {
  const ends = endsOf(client, destination);
  if (ends === undefined || ends.far.subnetId === undefined) return undefined;
  const far = { ...ends.far, subnetId: ends.far.subnetId };
  return gateOf('transit-return', state, client, destination, far, ends.near, ephemeral(client));
}

function endsOf(
  client: Client,
  destination: InterfaceDestination,
): { readonly near: NearEnd; readonly far: TransitEnd } | undefined {
  const addresses = clientAddress(client, destination.family);
  if (!isInOtherVpc(client, destination) || addresses.length === 0) return undefined;
  if (client.vpcId === undefined || client.subnetId === undefined) return undefined;
  if (destination.vpcId === undefined) return undefined;
  return {
    near: { vpcId: client.vpcId, subnetId: client.subnetId, addresses },
    far: { vpcId: destination.vpcId, subnetId: destination.subnetId, addresses: destination.addresses },
  };
}

function gateOf(
  gate: 'transit' | 'transit-return',
  state: TransitReads,
  client: Client,
  destination: InterfaceDestination,
  from: NearEnd,
  to: TransitEnd,
  ports: PortSet,
): Gate | undefined {
  const table = routeTableOf(state, from.subnetId, from.vpcId);
  // One address on either end: one route wins for it, or none is sure to.
  const part = table === undefined ? undefined : selectRoutes(state, table, to.addresses)[0];
  if (table === undefined || part?.winner !== 'route' || part.route === undefined) return undefined;
  const transit = evaluateTransit(state, part.route, from, to, ports);
  if (transit === undefined) return undefined;
  const asked = askedFlows(client, destination);
  const verdict = transitVerdict(transit);
  return {
    gate,
    resources: [transit.id],
    asked,
    pass: verdict === 'pass' ? asked : NO_FLOWS,
    block: verdict === 'block' ? asked : NO_FLOWS,
    unknown: verdict === 'unknown' ? asked : NO_FLOWS,
    missing: transit.steps.flatMap((step) => step.missing),
    transit: { ...transit, routeTableId: table.RouteTableId },
  };
}
