/** Every address of a target and what became of it on each rung, zone by zone. */
import type { TargetAddress } from '../model/report.ts';
import type { State } from '../model/state.ts';
import { allAddresses } from '../network/destinations.ts';
import { byId } from '../network/index-by-id.ts';
import { lackedItsPort } from './target-status.ts';
import type { View } from './views.ts';

/**
 * The endpoint's interfaces in their order, then whatever else the name leads to. A name leads to any of its addresses, in
 * any zone, so that one bad one is a fault now and then for everybody.
 */
export function addressesOf(view: View, state: Pick<State, 'subnets' | 'networkInterfaces'>): TargetAddress[] {
  const { evidence, model, target } = view;
  const given = target.address === undefined ? evidence.resolved : undefined;
  const own = model.endpointPaths.flatMap((path) => (path.destination.kind === 'interface' ? [path.destination] : []));
  const rows = own.map((destination) => ({
    zone: destination.availabilityZone,
    zoneId: zoneIdOf(state, destination.subnetId),
    address: destination.address,
    networkInterfaceId: destination.networkInterfaceId,
  }));
  const strangers = [...new Set([...evidence.addresses, ...evidence.resolved])].filter(
    (address) => !own.some((destination) => destination.address === address),
  );
  return [...rows, ...strangers.map((address) => place(state, address))].map((row) => ({
    ...withoutUndefined(row),
    address: row.address,
    ...(given === undefined || given.length === 0 ? {} : { named: given.includes(row.address) }),
    ...withoutUndefined({
      tcp: together(evidence.tcp(row.address).filter((one) => !lackedItsPort(one))),
      tls: together(evidence.tls(row.address)),
      https: together(evidence.https(row.address)),
    }),
  }));
}

/** Another interface of the VPC, or an address of nobody's that is known. */
function place(state: Pick<State, 'subnets' | 'networkInterfaces'>, address: string) {
  const holder = state.networkInterfaces.known
    ? state.networkInterfaces.value.find((one) => allAddresses(one).includes(address))
    : undefined;
  return {
    zone: holder?.AvailabilityZone,
    zoneId: zoneIdOf(state, holder?.SubnetId),
    address,
    networkInterfaceId: holder?.NetworkInterfaceId,
  };
}

function zoneIdOf(state: Pick<State, 'subnets'>, subnetId: string | undefined): string | undefined {
  return subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', subnetId)?.AvailabilityZoneId;
}

const GOOD: ReadonlySet<string> = new Set(['open', 'trusted', 'aws-answer', 'other-answer']);

/** One word when all tries agree, `2 of 4` succeeded when they do not, undefined when there was none. */
function together(seen: readonly { readonly outcome: string }[]): string | undefined {
  const [first, ...others] = seen;
  if (first === undefined || others.every((one) => one.outcome === first.outcome)) return first?.outcome;
  return `${seen.filter((one) => GOOD.has(one.outcome)).length} of ${seen.length}`;
}

function withoutUndefined<T extends object>(entries: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
