/** What the causes about gates share: evaluate one gate for every destination of a target and sort what it blocks. */
import type { Observation, TcpObservation } from '../../model/observation.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import type { Destination, InterfaceDestination } from '../../network/destinations.ts';
import { publicDestinations } from '../../network/destinations.ts';
import { type FlowSet, isEmpty, portsFor, share, subtractFlows, unionFlows } from '../../network/flows.ts';
import type { Gate } from '../../network/gates.ts';
import { intersectPorts, portSet, subtractPorts } from '../../network/ports.ts';
import { gatewayPathsOf, interfacePathsOf } from '../../network/target-paths.ts';
import {
  type Agreement,
  absent,
  type CheckContext,
  type Finding,
  found,
  NOT_APPLICABLE,
  type Outcome,
  unknown,
} from '../check.ts';
import { decidingRules } from './deciding-rules.ts';

/** The slices behind the destinations of a target. */
export const INTERFACE_SLICES = [
  'vpcEndpoints',
  'networkInterfaces',
  'routeTables',
  'prefixLists',
  'prefixListEntries',
] as const satisfies readonly SliceName[];
export const DESTINATION_SLICES = [...INTERFACE_SLICES, 'vpcs'] as const satisfies readonly SliceName[];

export type GateOf<D extends Destination> = { readonly destination: D; readonly gate: Gate };

/** A group of gates that one resource decides. */
export type BlockedGroup<D extends Destination> = {
  readonly key: string;
  readonly gates: readonly GateOf<D>[];
  readonly block: FlowSet;
  readonly asked: FlowSet;
  readonly extent: 'all' | 'some';
};

type InterfaceContext = Pick<CheckContext<(typeof INTERFACE_SLICES)[number]>, 'state' | 'client' | 'target'>;
type DestinationContext = Pick<
  CheckContext<(typeof DESTINATION_SLICES)[number]>,
  'state' | 'client' | 'target' | 'evidence'
>;

/** Interface destinations of the target, with what could not be read. */
export function interfacesOf(context: InterfaceContext): {
  destinations: readonly InterfaceDestination[];
  missing: readonly Missing[];
} {
  const gap = endpointsUnread(context.state, context.target.address);
  const paths = interfacePathsOf(context.state, context.client, context.target);
  return { destinations: paths.destinations, missing: [...gap, ...paths.missing] };
}

/**
 * Everything that the client's own gates stand before: interfaces, a gateway endpoint's CIDRs, and, for a target that no
 * endpoint of the VPC serves, its public addresses.
 */
export function destinationsOf(context: DestinationContext): {
  destinations: readonly Destination[];
  missing: readonly Missing[];
} {
  const gap = endpointsUnread(context.state, context.target.address);
  const interfaces = interfacePathsOf(context.state, context.client, context.target);
  const gateways = gatewayPathsOf(context.state, context.client, context.target);
  const destinations: Destination[] = [...interfaces.destinations, ...gateways.destinations];
  const choice = interfaces.choice ?? gateways.choice;
  const missing = [...gap, ...interfaces.missing, ...(gateways.destinations.length > 0 ? [] : gateways.missing)];
  if (destinations.length === 0 && choice === undefined && gap.length === 0 && interfaces.missing.length === 0) {
    const seen = context.target.address === undefined ? context.evidence.addresses : [context.target.address];
    const own = context.client.vpcId;
    if (own !== undefined) {
      destinations.push(
        ...publicDestinations(context.state, context.client, seen.length === 0 ? undefined : seen).destinations,
      );
    }
  }
  return { destinations, missing };
}

function endpointsUnread(state: Pick<State, 'vpcEndpoints'>, address: string | undefined): Missing[] {
  if (state.vpcEndpoints.known || address !== undefined) return [];
  return [
    {
      slice: 'vpcEndpoints',
      action: 'ec2:DescribeVpcEndpoints',
      why: state.vpcEndpoints.why,
      detail: state.vpcEndpoints.detail,
    },
  ];
}

/**
 * The outcome of a gate cause: a finding per deciding resource, "absent" when every destination passes, with the rules that
 * let them, and "unknown" when something could not be read.
 */
export function gateOutcome<D extends Destination, F>(
  gates: readonly GateOf<D>[],
  missing: readonly Missing[],
  fine: string,
  describe: (group: BlockedGroup<D>) => Omit<Finding<F>, 'extent' | 'key' | 'predicts'>,
  port: number,
): Outcome<F> {
  const gaps = [...missing, ...gates.flatMap(({ gate }) => (isEmpty(gate.unknown) ? [] : gate.missing))];
  const blocked = gates.filter(({ gate }) => !isEmpty(gate.block));
  if (blocked.length > 0) {
    const asked = unionFlows(...gates.map(({ gate }) => gate.asked));
    // Two resources that close one half each close the whole: then each of them blocks.
    const together = isEmpty(subtractFlows(asked, unionFlows(...blocked.map(({ gate }) => gate.block))));
    const keys = [...new Set(blocked.map(({ gate }) => gate.resources.join('+')))];
    const findings = keys.map((key) => {
      const own = blocked.filter(({ gate }) => gate.resources.join('+') === key);
      const block = unionFlows(...own.map(({ gate }) => gate.block));
      const extent = together ? 'all' : 'some';
      const group: BlockedGroup<D> = {
        key,
        gates: own,
        block,
        asked: unionFlows(...own.map(({ gate }) => gate.asked)),
        extent,
      };
      return { key, extent, ...describe(group), predicts: predictsSilence(block, asked, port) } as Finding<F>;
    });
    return found(findings, gaps);
  }
  if (gaps.length > 0) return unknown(gaps);
  if (gates.length === 0) return NOT_APPLICABLE;
  if (gates.every(({ gate }) => gate.skipped !== undefined)) return absent(gates[0]?.gate.skipped ?? fine);
  return absent(`${fine}${decidingRules(gates.map(({ gate }) => gate))}`);
}

/**
 * A filter that drops shows as silence: a TCP connection to a blocked address that times out. An open or refused connection
 * from a blocked source port disproves it. Refused counts too: somebody there answered.
 */
export function predictsSilence(block: FlowSet, asked: FlowSet, port: number): (observation: Observation) => Agreement {
  return (observation) => {
    if (observation.rung === 'dns' || observation.subject.port !== port) return undefined;
    if (observation.rung !== 'tcp') {
      // Later rungs make connections of their own, from ports that may be filtered where the first one's was not.
      const silent =
        observation.outcome !== 'skipped' && /TIMEOUT|ETIMEDOUT/i.test(observation.detail.failure?.code ?? '');
      return silent && portsFor(block, observation.subject.address).length > 0 ? 'agrees' : undefined;
    }
    const address = observation.subject.address;
    const ports = portsFor(block, address);
    if (ports.length === 0) return undefined;
    const source = observation.detail.localPort ?? observation.subject.localPort;
    const whole = subtractPorts(portsFor(asked, address), ports).length === 0;
    const hit = whole || (source !== undefined && intersectPorts(ports, portSet(source, source)).length > 0);
    // Which port a connection that never opened was tried from is not told: where some are filtered, it may be one of them.
    if (observation.outcome === 'timeout') return hit || source === undefined ? 'agrees' : undefined;
    return hit && answered(observation) ? 'disproves' : undefined;
  };
}

/**
 * The same where another route may carry the packets to the same public addresses: a connection that opens is then what is
 * expected of the detour, and disproves nothing.
 */
export function carriedElsewhere(
  predicts: (observation: Observation) => Agreement,
  detour: boolean,
): (observation: Observation) => Agreement {
  return (observation) => {
    const answer = predicts(observation);
    return detour && answer === 'disproves' ? 'agrees' : answer;
  };
}

function answered(observation: TcpObservation): boolean {
  return observation.outcome === 'open' || observation.outcome === 'refused';
}

/** Part of an address's source ports or of a set's addresses, in words: "57 % of source ports" or "2 of 3 addresses". */
export function formatShare(group: BlockedGroup<Destination>): string {
  const part = share(group.block, group.asked);
  if (part >= 1) return 'everything';
  const addresses = group.gates.filter(({ gate }) => !isEmpty(subtractFlows(gate.asked, gate.block))).length;
  const percent = Math.round(part * 100);
  return addresses === 0 ? `${percent} % of its addresses` : `${percent < 1 ? 'less than 1' : percent} %`;
}

export function isInterface(destination: Destination): destination is InterfaceDestination {
  return destination.kind === 'interface';
}

/** How a destination is named in a sentence. */
export function nameDestination(destination: Destination): string {
  if (destination.kind === 'interface') return `${destination.networkInterfaceId} (${destination.address})`;
  if (destination.kind === 'gateway')
    return `${destination.endpointIds[0]}’s prefix list ${destination.prefixListIds.join(', ')}`.trim();
  return 'the public addresses';
}

/** Several names: `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  const unique = [...new Set(items)];
  const last = unique.at(-1);
  if (last === undefined) return '';
  return unique.length === 1 ? last : `${unique.slice(0, -1).join(', ')} and ${last}`;
}
