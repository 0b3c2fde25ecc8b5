/** What the route causes share: the parts of a target's destinations that a route table sends the wrong way. */
import type { Route } from '../../model/aws.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { type AddressSet, formatAddresses, unionAddresses } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import type { Destination } from '../../network/destinations.ts';
import { flows, isEmpty, subtractFlows, unionFlows } from '../../network/flows.ts';
import type { Gate, RouteEffect } from '../../network/gates.ts';
import { returnRouteGate, routeGate } from '../../network/route-gates.ts';
import { gatewayPathsOf, interfacePathsOf } from '../../network/target-paths.ts';

export const ROUTE_SLICES = [
  'vpcEndpoints',
  'networkInterfaces',
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'vpcs',
  'vpcPeeringConnections',
  'natGateways',
] as const satisfies readonly SliceName[];
type Reads = Pick<State, (typeof ROUTE_SLICES)[number]>;

/** The routes of one table that take packets of the target one way, with everything they take. */
export type Taken = {
  readonly key: string;
  readonly routeTableId: string;
  readonly subnetId: string;
  readonly routes: readonly Route[];
  /** the target's addresses that are lost by it */
  readonly addresses: AddressSet;
  /** what the routes match: those addresses, or the client's own where it is the answers that they take */
  readonly matched: AddressSet;
  /** the table is the endpoint subnet's, and the packets are the answers */
  readonly answers: boolean;
  readonly destinations: readonly Destination[];
  readonly extent: 'all' | 'some';
};

export type RouteView = {
  readonly gates: readonly { readonly destination: Destination; readonly gate: Gate }[];
  readonly missing: readonly Missing[];
};

/** The route gates, there and back, for every interface and gateway destination of the target. */
export function routeView(state: Reads, client: Client, target: Target): RouteView {
  const gap: Missing[] =
    state.vpcEndpoints.known || target.address !== undefined
      ? []
      : [
          {
            slice: 'vpcEndpoints',
            action: 'ec2:DescribeVpcEndpoints',
            why: state.vpcEndpoints.why,
            detail: state.vpcEndpoints.detail,
          },
        ];
  const interfaces = interfacePathsOf(state, client, target);
  const gateways = gatewayPathsOf(state, client, target);
  const destinations: Destination[] = [...interfaces.destinations, ...gateways.destinations];
  const gates = destinations.flatMap((destination) => [
    { destination, gate: routeGate(state, client, destination) },
    ...(destination.kind === 'interface' ? [{ destination, gate: returnRouteGate(state, client, destination) }] : []),
  ]);
  const unreadable = gates.flatMap(({ gate }) => gate.missing);
  return { gates, missing: [...gap, ...interfaces.missing, ...gateways.missing, ...unreadable] };
}

/**
 * Groups the parts with one effect by route table: what its routes take together decides whether anything is left.
 * @param counts leaves parts out; all count unless it is given
 */
export function takenBy(
  view: RouteView,
  client: Client,
  effect: RouteEffect,
  counts: (destination: Destination) => boolean = () => true,
): Taken[] {
  const all = unionFlows(...view.gates.map(({ gate }) => gate.asked));
  const ports = [{ from: client.ephemeral.from, to: client.ephemeral.to }];
  const groups = new Map<string, Omit<Taken, 'extent'>>();
  for (const { destination, gate } of view.gates) {
    if (gate.routes === undefined || !counts(destination)) continue;
    const { routeTableId, subnetId, parts } = gate.routes;
    const answers = gate.gate === 'endpoint-route-return';
    const key = answers ? `${routeTableId} answers` : routeTableId;
    for (const part of parts) {
      if (part.effect !== effect || part.route === undefined) continue;
      const group = groups.get(key);
      const known = group?.routes ?? [];
      groups.set(key, {
        key,
        routeTableId,
        subnetId,
        answers,
        routes: known.includes(part.route) ? known : [...known, part.route],
        addresses: unionAddresses(group?.addresses ?? [], answers ? destination.addresses : part.destinations),
        matched: unionAddresses(group?.matched ?? [], part.destinations),
        destinations: [...new Set([...(group?.destinations ?? []), destination])],
      });
    }
  }
  // Two tables that lose one half each lose the whole: then each of them blocks.
  const together = unionFlows(...[...groups.values()].map((group) => flows(group.addresses, ports)));
  const extent = isEmpty(subtractFlows(all, together)) ? 'all' : 'some';
  return [...groups.values()].map((group) => ({ ...group, extent }));
}

/** What a route takes, in words: single addresses, or CIDR blocks, shortened. */
export function formatTaken(taken: Pick<Taken, 'matched' | 'answers'>): string {
  const cidrs = formatAddresses(taken.matched);
  const short =
    cidrs.length > 4 ? `${cidrs.slice(0, 3).join(', ')} and ${cidrs.length - 3} more blocks` : cidrs.join(', ');
  return taken.answers ? `the answers to ${short}` : short;
}
