/** What on this machine itself keeps packets from leaving: its routes, and its own refusal to send. */
import type { Observation } from '../../model/observation.ts';
import type { LocalRoute, Vantage } from '../../model/vantage.ts';
import { addressSet, cidrSet, containsAddress, parseCidr } from '../../network/addresses.ts';

export type Capture = {
  readonly address: string;
  /** the route that takes its packets, or the machine's own address that it equals */
  readonly route: LocalRoute;
  /** what is known of the device's own addresses */
  readonly deviceAddresses: readonly string[];
  /** the device that leads to the VPC and its router, for a route that is more specific */
  readonly way: LocalRoute | undefined;
};

/**
 * The local route that takes packets for `address` elsewhere than to the VPC, as the kernel's main table decides: the longest
 * prefix, then the lowest metric. A device belongs to the VPC when it holds an address of one of the machine's network interfaces,
 * and the default route always leads there. Undefined where nothing is known, or all is well. Policy rules are not read.
 */
export function captureOf(vantage: Vantage, address: string): Capture | undefined {
  if (address.startsWith('127.') || address === '::1' || addressSet(address) === undefined) return undefined;
  const [route] = vantage.localRoutes
    .filter((one) => containsAddress(cidrSet([one.destination]), address))
    .sort((a, b) => lengthOf(b) - lengthOf(a) || a.metric - b.metric);
  if (route === undefined || lengthOf(route) <= 0) return undefined;
  const known = new Set([...vantage.addresses, ...vantage.interfaces.flatMap((one) => one.addresses)]);
  const ofDevice = vantage.localInterfaces.filter((one) => one.name === route.device).map((one) => one.address);
  if (known.size === 0 || ofDevice.some((one) => known.has(one))) return undefined;
  // Without the metadata service a second network interface of the instance is not known for what it is.
  if (vantage.metadata?.outcome !== 'answered' && !isVirtual(route.device)) return undefined;
  // Inside the VPC's own blocks no other device can be right. Outside, a VPN may well be the way there; a bridge never is.
  const inside = containsAddress(cidrSet(vantage.vpcCidrs), address) || isLinkLocal(address);
  const onBridge =
    route.gateway === undefined && ofDevice.some((one) => containsAddress(cidrSet([route.destination]), one));
  if (!inside && !onBridge) return undefined;
  const way = vantage.localRoutes.find(
    (one) => lengthOf(one) === 0 && one.gateway !== undefined && one.gateway.includes(':') === address.includes(':'),
  );
  // In a container the same device is the way out and the bridge; what goes by its router still leaves.
  if (route.gateway !== undefined && route.device === way?.device && route.gateway === way.gateway) return undefined;
  return { address, route, deviceAddresses: ofDevice, way };
}

/** Bridges of container runtimes and hypervisors, tunnels, and the kernel's own `*` for a route that rejects. */
function isVirtual(device: string): boolean {
  return /^(\*$|docker|br-|virbr|cni|cbr|flannel|cilium|weave|kube|podman|nerdctl|lxc|lxd|veth|vmnet|tun|tap|wg|ppp)/.test(
    device,
  );
}

const LINK_LOCAL = cidrSet(['169.254.0.0/16', 'fd00:ec2::/32']);

function isLinkLocal(address: string): boolean {
  return containsAddress(LINK_LOCAL, address);
}

function lengthOf(route: LocalRoute): number {
  return parseCidr(route.destination)?.prefixLength ?? -1;
}

/**
 * A local REJECT is told in microseconds, and heard of when this process gets to it. A neighbour that does not answer takes
 * three seconds, or what is left of them where somebody else has asked before.
 */
const AT_ONCE_MS = 250;

/**
 * Whether this very machine refused to send: EPERM and EACCES (connect(2): a local firewall rule, or SELinux), or
 * EHOSTUNREACH at once, as a REJECT rule gives it; a VPC sends no such message. The tool's own guard is not the machine's.
 */
export function isForbiddenHere(vantage: Vantage, one: Observation): boolean {
  if (one.rung !== 'tcp' && one.rung !== 'dns') return false;
  const code = one.detail.failure?.code;
  const address = one.rung === 'tcp' ? one.subject.address : one.subject.server;
  if (captureOf(vantage, address) !== undefined) return false;
  if (one.outcome === 'prohibited') return code === 'EPERM' || code === 'EACCES';
  return one.outcome === 'unreachable' && code === 'EHOSTUNREACH' && one.ms <= AT_ONCE_MS;
}
