/** What the causes about missing endpoints share: whether the VPC has another way to the service's public addresses. */
import type { Missing, SliceName, State } from '../../model/state.ts';
import { containsAddress } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import { publicDestinations } from '../../network/destinations.ts';
import { isEmpty } from '../../network/flows.ts';
import type { Exit } from '../../network/gates.ts';
import { internetRouteGate } from '../../network/internet.ts';
import { mainExit } from '../../network/model.ts';
import { type Evidence, proxyCarries } from '../evidence.ts';

export const WAY_OUT_SLICES = [
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'natGateways',
  'internetGateways',
  'egressOnlyInternetGateways',
  'vpcs',
  'subnets',
  'networkAcls',
] as const satisfies readonly SliceName[];

export type WayOut = {
  readonly usable: 'yes' | 'no' | 'unknown';
  /** why it is not usable, or what carries it; a clause */
  readonly why: string;
  readonly via: string | undefined;
  readonly exit: Exit | undefined;
  readonly routeTableId: string | undefined;
  /** the addresses that no usable route leads to, though others get out; with packets only, which have to have failed there */
  readonly beyond: readonly string[];
  readonly missing: readonly Missing[];
};

/** The route towards the target's public addresses, by configuration; packets that arrived settle what routes cannot show. */
export function wayOut(
  state: Pick<State, (typeof WAY_OUT_SLICES)[number]>,
  client: Client,
  evidence: Evidence,
  port: number,
): WayOut {
  const nothing = { via: undefined, exit: undefined, routeTableId: undefined, beyond: [], missing: [] };
  // Whoever heeds the environment needs no route of the VPC's.
  if (proxyCarries(evidence)) return { ...nothing, usable: 'yes', why: `the proxy ${evidence.proxy?.url} carries it` };
  const seen = evidence.resolved;
  const { destinations } = publicDestinations(state, client, seen.length === 0 ? undefined : seen);
  const gates = destinations.map((one) => ({
    destination: one,
    gate: internetRouteGate(state, client, one, port),
  }));
  // A dual-stack name has two: the family that gets out is the way.
  const chosen = gates.find(({ gate }) => !isEmpty(gate.pass)) ?? gates[0];
  if (chosen === undefined) return { ...nothing, usable: 'unknown', why: 'no address to go to' };
  const { destination, gate } = chosen;
  const exits = gate.exits ?? [];
  const exit = destination.exact ? (exits.find((one) => one.usable === 'yes') ?? exits[0]) : mainExit(exits);
  const usable = !isEmpty(gate.pass) ? 'yes' : isEmpty(gate.unknown) ? 'no' : 'unknown';
  const routeTableId = gate.resources[0];
  const beyond = lostAddresses(
    evidence,
    gates.flatMap((one) => one.gate.exits ?? []),
  );
  const base = { exit, routeTableId, via: exit?.via, beyond, missing: gate.missing };
  if (usable === 'unknown') {
    const tries = seen.flatMap((address) => evidence.tcp(address));
    if (tries.some((one) => one.outcome === 'open')) return { ...base, usable: 'yes', why: 'connections get through' };
    if (tries.length > 0 && tries.every((one) => one.outcome !== 'open'))
      return { ...base, usable: 'no', why: `${exit?.why ?? 'the route'}; no connection gets through` };
  }
  return { ...base, usable, why: exit?.why ?? 'the route table of the client’s subnet is not known' };
}

function lostAddresses(evidence: Evidence, exits: readonly Exit[]): string[] {
  return evidence.resolved.filter((address) => {
    const tries = evidence.tcp(address);
    const own = exits.filter((exit) => containsAddress(exit.destinations, address));
    return (
      tries.length > 0 &&
      tries.every((one) => one.outcome !== 'open') &&
      own.length > 0 &&
      own.every((exit) => exit.usable === 'no')
    );
  });
}
