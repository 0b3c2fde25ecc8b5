/** The little arithmetic on addresses that the bed needs, on its own: nothing here comes from the model under test. */
import { BlockList, isIPv6 } from 'node:net';

export type Family = 4 | 6;

export function familyOf(addressOrCidr: string): Family {
  return addressOrCidr.includes(':') ? 6 : 4;
}

/** Whether an address lies in a CIDR of its own family. */
export function within(address: string, cidr: string): boolean {
  if (familyOf(address) !== familyOf(cidr)) return false;
  const type = isIPv6(address) ? 'ipv6' : 'ipv4';
  const [base = '', length = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(length), type);
  return list.check(address, type);
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: string, inner: string): boolean {
  const [base = '', length = ''] = inner.split('/');
  return Number(length) >= Number(outer.split('/')[1]) && within(base, outer);
}

export function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The address `offset` above an IPv4 CIDR's base; negative offsets count down from the broadcast address. */
export function ipv4At(cidr: string, offset: number): string {
  const [base = '', length = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(length));
  return ipv4Text(ipv4Number(base) + (offset < 0 ? size - 1 + offset : offset));
}

/** First and last address of a CIDR, as text: the places where a rule that is one off shows. */
export function ends(cidr: string): [string, string] {
  const [base = '', length = ''] = cidr.split('/');
  if (familyOf(cidr) === 4) {
    const size = 2 ** (32 - Number(length));
    return [base, ipv4Text(ipv4Number(base) + size - 1)];
  }
  const low = ipv6Number(base);
  return [base, ipv6Text(low + (1n << BigInt(128 - Number(length))) - 1n)];
}

function ipv6Number(address: string): bigint {
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const fill = address.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : [];
  return [...left, ...fill, ...right].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function ipv6Text(value: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((value >> BigInt(16 * (7 - i))) & 0xffffn).toString(16)).join(':');
}
