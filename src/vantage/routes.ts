/** Reads the kernel's main routing tables and answers from which local address a packet would leave. */
import type { Host } from '../model/host.ts';
import type { LocalInterface, LocalRoute } from '../model/vantage.ts';
import { canonicalAddress, cidrContains, isIpv4, isUsableSource, prefixLengthOf } from './addresses.ts';

/** Flags of <linux/route.h> and <linux/ipv6_route.h>, the same in both files. */
const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;
const RTF_ANYCAST = 0x100000;
const RTF_LOCAL = 0x80000000;
/** The kernel writes `*` for an IPv4 route that rejects or drops; we write the same for IPv6. */
const NO_DEVICE = '*';

/** The main tables of IPv4 and IPv6; empty where there is no /proc (macOS). */
export async function readRoutes(host: Host): Promise<readonly LocalRoute[]> {
  const [v4, v6] = await Promise.all([host.readFile('/proc/net/route'), host.readFile('/proc/net/ipv6_route')]);
  return [...parseIpv4Routes(v4 ?? ''), ...parseIpv6Routes(v6 ?? '')];
}

/**
 * The address from which a packet for `destination` leaves: the destination's own when it is local, else the device of
 * the longest matching prefix, then of the lowest metric, as the kernel's main table has it (policy rules are not
 * read). `0.0.0.0` and `::` ask for the default route. Undefined when no route leads there or its device has no
 * address of that family.
 */
export function sourceAddressFor(
  destination: string,
  localInterfaces: readonly LocalInterface[],
  localRoutes: readonly LocalRoute[],
): string | undefined {
  if (localInterfaces.some((local) => local.address === destination)) return destination;
  const [route] = localRoutes
    .filter((candidate) => cidrContains(candidate.destination, destination))
    .sort((a, b) => prefixLengthOf(b.destination) - prefixLengthOf(a.destination) || a.metric - b.metric);
  if (route === undefined) return undefined;
  const addresses = localInterfaces.filter(
    (local) =>
      (local.name === route.device || local.name.startsWith(`${route.device}:`)) &&
      isIpv4(local.address) === isIpv4(destination) &&
      isUsableSource(local.address),
  );
  const neighbour = route.gateway ?? destination;
  return (addresses.find((local) => cidrContains(`${local.address}/${local.prefixLength}`, neighbour)) ?? addresses[0])
    ?.address;
}

/** /proc/net/route: one route per line after the heading, addresses as hexadecimal in the byte order of a little-endian machine. */
export function parseIpv4Routes(text: string): LocalRoute[] {
  return text.split('\n').flatMap((content) => {
    const [device = '', destination = '', gateway = '', flagText = '', , , metric = '', mask = ''] =
      content.split(/\s+/);
    const network = littleEndianAddress(destination);
    const length = maskLength(mask);
    const flags = Number.parseInt(flagText, 16);
    if (network === undefined || length === undefined || !(flags & RTF_UP) || !/^\d+$/.test(metric)) return [];
    const via = flags & RTF_GATEWAY ? littleEndianAddress(gateway) : undefined;
    return [{ destination: `${network}/${length}`, gateway: via, device, metric: Number(metric) }];
  });
}

/** /proc/net/ipv6_route: destination, length, source, length, next hop, metric, two counters, flags, device; all hexadecimal. */
export function parseIpv6Routes(text: string): LocalRoute[] {
  return text.split('\n').flatMap((content) => {
    const [destination = '', length = '', , , nextHop = '', metricText = '', , , flagText = '', device = ''] = content
      .trim()
      .split(/\s+/);
    const network = bigEndianAddress(destination);
    const flags = Number.parseInt(flagText, 16);
    const metric = Number.parseInt(metricText, 16);
    const prefix = Number.parseInt(length, 16);
    if (network === undefined || Number.isNaN(metric) || Number.isNaN(prefix) || prefix > 128) return [];
    // Not up is, among others, the last-resort reject route to ::/0 that every host carries.
    if (!(flags & RTF_UP) || flags & RTF_LOCAL || flags & RTF_ANYCAST || network.startsWith('ff')) return [];
    const rejects = (flags & RTF_REJECT) !== 0;
    const via = flags & RTF_GATEWAY ? bigEndianAddress(nextHop) : undefined;
    return [{ destination: `${network}/${prefix}`, gateway: via, device: rejects ? NO_DEVICE : device, metric }];
  });
}

function littleEndianAddress(hex: string): string | undefined {
  if (!/^[0-9A-Fa-f]{8}$/.test(hex)) return undefined;
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function bigEndianAddress(hex: string): string | undefined {
  if (!/^[0-9A-Fa-f]{32}$/.test(hex)) return undefined;
  return canonicalAddress((hex.match(/.{4}/g) ?? []).join(':'));
}

function maskLength(hex: string): number | undefined {
  const mask = littleEndianAddress(hex);
  if (mask === undefined) return undefined;
  const bits = mask
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
