/** A path is its gates in the order in which a packet and its answer meet them, and what passes all of them. */
import type { State } from '../model/state.ts';
import type { Client } from './client.ts';
import type { Destination } from './destinations.ts';
import { type FlowSet, intersectFlows, isEmpty, subtractFlows, unionFlows } from './flows.ts';
import {
  askedFlows,
  clientAclArrivalGate,
  clientAclEgressGate,
  clientSecurityGroupGate,
  endpointAclIngressGate,
  endpointAclReturnGate,
  endpointSecurityGroupGate,
  type Gate,
} from './gates.ts';
import { returnRouteGate, routeGate } from './route-gates.ts';
import { transitGate, transitReturnGate } from './transit-gates.ts';
import type { TransitReads } from './transit-step.ts';

export type PathReads = TransitReads &
  Pick<State, 'securityGroups' | 'prefixLists' | 'prefixListEntries' | 'networkAcls' | 'routeTables' | 'natGateways'>;

export type PathStatus = 'open' | 'partial' | 'closed' | 'unknown';

export type Path = {
  readonly destination: Destination;
  readonly gates: readonly Gate[];
  readonly asked: FlowSet;
  readonly pass: FlowSet;
  readonly block: FlowSet;
  readonly unknown: FlowSet;
  readonly status: PathStatus;
};

/**
 * Evaluates every gate between a client and one destination, both directions, even when an earlier one already blocks: all
 * blockers are named in one run.
 * @param port the service's TCP port
 */
export function evaluatePath(state: PathReads, client: Client, destination: Destination, port: number): Path {
  const gates: Gate[] = [
    clientSecurityGroupGate(state, client, destination, port),
    clientAclEgressGate(state, client, destination, port),
    routeGate(state, client, destination),
  ];
  if (destination.kind === 'interface') {
    const there = transitGate(state, client, destination, port);
    const back = transitReturnGate(state, client, destination);
    gates.push(
      ...(there === undefined ? [] : [there]),
      endpointAclIngressGate(state, client, destination, port),
      endpointSecurityGroupGate(state, client, destination, port),
      endpointAclReturnGate(state, client, destination),
      returnRouteGate(state, client, destination),
      ...(back === undefined ? [] : [back]),
    );
  }
  gates.push(clientAclArrivalGate(state, client, destination));
  return combine(destination, askedFlows(client, destination), gates);
}

/** Joins gates: a flow passes when every gate passes it, and is blocked when any gate blocks it. */
export function combine(destination: Destination, asked: FlowSet, gates: readonly Gate[]): Path {
  const pass = gates.reduce((open, gate) => intersectFlows(open, gate.pass), asked);
  const block = unionFlows(...gates.map((gate) => gate.block));
  const unknown = subtractFlows(subtractFlows(asked, pass), block);
  return { destination, gates, asked, pass, block, unknown, status: statusOf(asked, pass, block) };
}

/**
 * `closed`: nothing can pass. `partial`: some flows surely pass and some surely do not. `open`: all pass. Everything else
 * cannot be known.
 */
export function statusOf(asked: FlowSet, pass: FlowSet, block: FlowSet): PathStatus {
  if (isEmpty(asked)) return 'unknown';
  if (isEmpty(subtractFlows(asked, block))) return 'closed';
  if (isEmpty(subtractFlows(asked, pass))) return 'open';
  return !isEmpty(block) && !isEmpty(pass) ? 'partial' : 'unknown';
}

/** Several paths to one target as one: closed when all are, open when all are, partial when some flow passes and some does not. */
export function joinStatus(paths: readonly Path[]): PathStatus {
  if (paths.length === 0) return 'unknown';
  const every = (status: PathStatus) => paths.every((path) => path.status === status);
  if (every('closed')) return 'closed';
  if (every('open')) return 'open';
  const passes = paths.some((path) => !isEmpty(path.pass));
  const blocks = paths.some((path) => !isEmpty(path.block));
  return passes && blocks ? 'partial' : 'unknown';
}
