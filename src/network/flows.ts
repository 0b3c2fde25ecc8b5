/**
 * Sets of flows: which remote addresses can be reached from which of the client's source ports. A gate's answer is such a
 * set and not a yes, because a network ACL may pass a part of the ephemeral range and a route a part of a service's
 * addresses; that is how "57 % of source ports are refused" becomes visible.
 */
import {
  type AddressSet,
  addressSet,
  countAddresses,
  intersectAddresses,
  subtractAddresses,
  unionAddresses,
} from './addresses.ts';
import { countPorts, intersectPorts, type PortSet, samePorts, subtractPorts, unionPorts } from './ports.ts';

/** Addresses are disjoint between the boxes of a set; no box is empty. */
export type Box = { readonly addresses: AddressSet; readonly ports: PortSet };
export type FlowSet = readonly Box[];

export const NO_FLOWS: FlowSet = [];

/** All combinations of these addresses and source ports. */
export function flows(addresses: AddressSet, ports: PortSet): FlowSet {
  return addresses.length === 0 || ports.length === 0 ? NO_FLOWS : [{ addresses, ports }];
}

export function isEmpty(set: FlowSet): boolean {
  return set.length === 0;
}

export function intersectFlows(a: FlowSet, b: FlowSet): FlowSet {
  const out: Box[] = [];
  for (const x of a) {
    for (const y of b) {
      const addresses = intersectAddresses(x.addresses, y.addresses);
      const ports = intersectPorts(x.ports, y.ports);
      if (addresses.length > 0 && ports.length > 0) out.push({ addresses, ports });
    }
  }
  return merge(out);
}

/** What is in `a` and not in `b`. */
export function subtractFlows(a: FlowSet, b: FlowSet): FlowSet {
  let rest: Box[] = [...a];
  for (const y of b) {
    rest = rest.flatMap((x) => {
      const shared = intersectAddresses(x.addresses, y.addresses);
      if (shared.length === 0) return [x];
      const out: Box[] = [];
      const apart = subtractAddresses(x.addresses, shared);
      if (apart.length > 0) out.push({ addresses: apart, ports: x.ports });
      const ports = subtractPorts(x.ports, y.ports);
      if (ports.length > 0) out.push({ addresses: shared, ports });
      return out;
    });
  }
  return merge(rest);
}

export function unionFlows(...sets: readonly FlowSet[]): FlowSet {
  let out: FlowSet = NO_FLOWS;
  for (const set of sets) {
    for (const box of set) {
      const next: Box[] = [];
      let fresh = box.addresses;
      for (const old of out) {
        const shared = intersectAddresses(old.addresses, box.addresses);
        if (shared.length === 0) {
          next.push(old);
          continue;
        }
        const apart = subtractAddresses(old.addresses, shared);
        if (apart.length > 0) next.push({ addresses: apart, ports: old.ports });
        next.push({ addresses: shared, ports: unionPorts(old.ports, box.ports) });
        fresh = subtractAddresses(fresh, shared);
      }
      if (fresh.length > 0) next.push({ addresses: fresh, ports: box.ports });
      out = merge(next);
    }
  }
  return out;
}

/** Boxes with equal ports become one. */
function merge(boxes: readonly Box[]): FlowSet {
  const out: Box[] = [];
  for (const box of boxes) {
    const at = out.findIndex((other) => samePorts(other.ports, box.ports));
    const twin = out[at];
    if (twin === undefined) out.push(box);
    else out[at] = { addresses: unionAddresses(twin.addresses, box.addresses), ports: twin.ports };
  }
  return out;
}

/** The addresses that occur in any flow of the set. */
export function addressesOf(set: FlowSet): AddressSet {
  return unionAddresses(...set.map((box) => box.addresses), []);
}

/** The source ports from which this address is reached. */
export function portsFor(set: FlowSet, address: string): PortSet {
  const one = addressSet(address);
  if (one === undefined) return [];
  return unionPorts(
    ...set.filter((box) => intersectAddresses(box.addresses, one).length > 0).map((box) => box.ports),
    [],
  );
}

function count(set: FlowSet): bigint {
  return set.reduce((sum, box) => sum + countAddresses(box.addresses) * BigInt(countPorts(box.ports)), 0n);
}

/** Which part of `whole` lies in `part`, from 0 to 1, to a thousandth; 0 when `whole` is empty. */
export function share(part: FlowSet, whole: FlowSet): number {
  const all = count(whole);
  return all === 0n ? 0 : Number((count(intersectFlows(part, whole)) * 1000n) / all) / 1000;
}
