/** Sets of IP addresses, both families, exact: sorted disjoint ranges of integers. */
import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** Both ends included. */
export type AddressRange = { readonly family: Family; readonly low: bigint; readonly high: bigint };

/** Sorted by family and low end, disjoint, not touching. */
export type AddressSet = readonly AddressRange[];

export const NO_ADDRESSES: AddressSet = [];

const WIDTH: Record<Family, number> = { 4: 32, 6: 128 };

/** Every address of a family. */
export function everyAddress(family: Family): AddressSet {
  return [{ family, low: 0n, high: (1n << BigInt(WIDTH[family])) - 1n }];
}

function parse(text: string): { family: Family; value: bigint } | undefined {
  // IPv4 in four decimal parts only: `10.1` or `0x0a000001` are never written by the API and hide typing errors.
  if (!ipaddr.IPv6.isValid(text) && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const address = ipaddr.parse(text);
  const value = address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: address.kind() === 'ipv4' ? 4 : 6, value };
}

/** One address as a set; undefined when the text is no IP address. */
export function addressSet(text: string): AddressSet | undefined {
  const parsed = parse(text);
  return parsed && [{ family: parsed.family, low: parsed.value, high: parsed.value }];
}

/** 4, 6, or undefined when the text is no IP address. */
export function familyOf(text: string): Family | undefined {
  return parse(text)?.family;
}

export type Cidr = { readonly range: AddressRange; readonly prefixLength: number };

/** A CIDR block. Host bits are ignored, as the API does; undefined when the text is none. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf('/');
  const length = text.slice(slash + 1);
  if (slash < 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const parsed = parse(text.slice(0, slash));
  const prefixLength = Number(length);
  if (parsed === undefined || prefixLength > WIDTH[parsed.family]) return undefined;
  const size = 1n << BigInt(WIDTH[parsed.family] - prefixLength);
  const low = parsed.value - (parsed.value % size);
  return { range: { family: parsed.family, low, high: low + size - 1n }, prefixLength };
}

/** The addresses of all CIDR blocks; texts that are none are left out. */
export function cidrSet(cidrs: Iterable<string>): AddressSet {
  const ranges: AddressRange[] = [];
  for (const text of cidrs) {
    const cidr = parseCidr(text);
    if (cidr !== undefined) ranges.push(cidr.range);
  }
  return normalize(ranges);
}

function normalize(ranges: readonly AddressRange[]): AddressSet {
  const sorted = [...ranges].sort((a, b) =>
    a.family !== b.family ? a.family - b.family : a.low < b.low ? -1 : a.low > b.low ? 1 : 0,
  );
  const out: AddressRange[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last !== undefined && last.family === range.family && range.low <= last.high + 1n) {
      if (range.high > last.high) out[out.length - 1] = { ...last, high: range.high };
    } else out.push(range);
  }
  return out;
}

export function unionAddresses(...sets: readonly AddressSet[]): AddressSet {
  return sets.length === 1 ? (sets[0] as AddressSet) : normalize(sets.flat());
}

export function intersectAddresses(a: AddressSet, b: AddressSet): AddressSet {
  const out: AddressRange[] = [];
  for (const x of a) {
    for (const y of b) {
      if (x.family !== y.family) continue;
      const low = x.low > y.low ? x.low : y.low;
      const high = x.high < y.high ? x.high : y.high;
      if (low <= high) out.push({ family: x.family, low, high });
    }
  }
  return normalize(out);
}

/** What is in `a` and not in `b`. */
export function subtractAddresses(a: AddressSet, b: AddressSet): AddressSet {
  let rest: AddressRange[] = [...a];
  for (const y of b) {
    rest = rest.flatMap((x) => {
      if (x.family !== y.family || y.high < x.low || y.low > x.high) return [x];
      const pieces: AddressRange[] = [];
      if (y.low > x.low) pieces.push({ ...x, high: y.low - 1n });
      if (y.high < x.high) pieces.push({ ...x, low: y.high + 1n });
      return pieces;
    });
  }
  return normalize(rest);
}

export function containsAll(set: AddressSet, part: AddressSet): boolean {
  return subtractAddresses(part, set).length === 0;
}

/** Whether the text is an IP address of the set. */
export function containsAddress(set: AddressSet, address: string): boolean {
  const one = addressSet(address);
  return one !== undefined && containsAll(set, one);
}

/** How many addresses, both families together. */
export function countAddresses(set: AddressSet): bigint {
  return set.reduce((sum, range) => sum + (range.high - range.low + 1n), 0n);
}

/** An integer of a family as an address. */
export function formatAddress(family: Family, value: bigint): string {
  const bytes: number[] = [];
  for (let shift = BigInt(WIDTH[family] - 8); shift >= 0n; shift -= 8n) bytes.push(Number((value >> shift) & 255n));
  return ipaddr.fromByteArray(bytes).toString();
}

/** The smallest list of CIDR blocks that is exactly this set; single addresses without their `/32` or `/128`. */
export function formatAddresses(set: AddressSet): string[] {
  return set.flatMap((range) => {
    const out: string[] = [];
    let low = range.low;
    while (low <= range.high) {
      let bits = 0;
      while (
        bits < WIDTH[range.family] &&
        low % (1n << BigInt(bits + 1)) === 0n &&
        low + (1n << BigInt(bits + 1)) - 1n <= range.high
      )
        bits++;
      const address = formatAddress(range.family, low);
      out.push(bits === 0 ? address : `${address}/${WIDTH[range.family] - bits}`);
      low += 1n << BigInt(bits);
    }
    return out;
  });
}

/** Addresses apart by family, in their order; texts that are no IP address are left out. */
export function addressesByFamily(addresses: readonly string[]): { readonly ipv4: string[]; readonly ipv6: string[] } {
  return {
    ipv4: addresses.filter((address) => familyOf(address) === 4),
    ipv6: addresses.filter((address) => familyOf(address) === 6),
  };
}
