/** Sets of TCP ports, exact: sorted disjoint ranges. */

export type PortRange = { readonly from: number; readonly to: number };
/** Sorted, disjoint, not touching. */
export type PortSet = readonly PortRange[];

export const NO_PORTS: PortSet = [];
export const ALL_PORTS: PortSet = [{ from: 0, to: 65535 }];

/** The ports from `from` to `to`, both included; empty when the range is upside down. */
export function portSet(from: number, to: number): PortSet {
  return from <= to ? [{ from, to }] : NO_PORTS;
}

export function unionPorts(...sets: readonly PortSet[]): PortSet {
  const sorted = sets.flat().sort((a, b) => a.from - b.from);
  const out: PortRange[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      if (range.to > last.to) out[out.length - 1] = { from: last.from, to: range.to };
    } else out.push(range);
  }
  return out;
}

export function intersectPorts(a: PortSet, b: PortSet): PortSet {
  const out: PortRange[] = [];
  for (const x of a) {
    for (const y of b) {
      const from = Math.max(x.from, y.from);
      const to = Math.min(x.to, y.to);
      if (from <= to) out.push({ from, to });
    }
  }
  return unionPorts(out);
}

/** What is in `a` and not in `b`. */
export function subtractPorts(a: PortSet, b: PortSet): PortSet {
  let rest: PortRange[] = [...a];
  for (const y of b) {
    rest = rest.flatMap((x) => {
      if (y.to < x.from || y.from > x.to) return [x];
      const pieces: PortRange[] = [];
      if (y.from > x.from) pieces.push({ from: x.from, to: y.from - 1 });
      if (y.to < x.to) pieces.push({ from: y.to + 1, to: x.to });
      return pieces;
    });
  }
  return rest;
}

export function samePorts(a: PortSet, b: PortSet): boolean {
  return a.length === b.length && a.every((range, i) => range.from === b[i]?.from && range.to === b[i]?.to);
}

export function countPorts(set: PortSet): number {
  return set.reduce((sum, range) => sum + range.to - range.from + 1, 0);
}

/** `443`, `32768-49151`, `80, 443` */
export function formatPorts(set: PortSet): string {
  return set.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
