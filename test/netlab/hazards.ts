/**
 * What no API describes and no rule of AWS explains: the client's own machine, boxes on the way, large packets that vanish.
 * A scenario lists them beside its world, and they are played by the kernel or by real programs. Pure.
 */
import type { Layout } from './layout.ts';
import { BED, type LinkPlan, type NamespacePlan, type Plan } from './plan.ts';

/** A box that every connection of the client to port 443 goes through, without either side being told. */
export type Middlebox =
  /** ends TLS itself, with certificates of its own authority, and looks inside */
  | { readonly kind: 'intercepts'; readonly trusted?: boolean }
  /** swallows every ClientHello whose name it does not know, and those that say none */
  | { readonly kind: 'names-only'; readonly names: readonly string[] }
  /** answers with a page of its own, whoever was called */
  | { readonly kind: 'portal' };

/** tinyproxy on a host of the VPC. */
export type ForwardProxy = {
  /** of a network interface that the world describes */
  readonly address: string;
  readonly port: number;
  /** the resolver that it asks; the VPC's own unless said */
  readonly resolver?: string;
  /** extended regular expressions of hosts that it refuses */
  readonly refuses?: readonly string[];
  /** `user password` that it demands */
  readonly credentials?: string;
};

export type Hazards = {
  /** lines for `ip -batch` on the client's own machine */
  readonly client?: readonly string[];
  /** rules of the client's own firewall on what it sends */
  readonly firewall?: readonly string[];
  /** rules for what passes the router of the client's VPC, before AWS's own: what they drop vanishes in silence */
  readonly onPath?: readonly string[];
  /** of every interface; 1500 unless said */
  readonly mtu?: number;
  readonly middlebox?: Middlebox;
  /** ports on which the interfaces of live endpoints take connections too, and say nothing */
  readonly alsoListens?: readonly number[];
  readonly proxies?: readonly ForwardProxy[];
  /** the command runs in a container of the client's machine, behind a bridge and address translation */
  readonly container?: boolean;
  /** false: the environment has none, and only the metadata service could give some */
  readonly credentials?: false;
  /** how many hops the metadata service's answers get; 64 unless said */
  readonly metadataHops?: number;
  /** no hazard: what S3 gives to anybody who asks, by `bucket/key` */
  readonly objects?: Readonly<Record<string, string>>;
};

/** Where a command of the client's is run. */
export function commandNamespace(hazards: Hazards): string {
  return hazards.container === true ? 'container' : 'client';
}

export const MIDDLEBOX_PORT = 8443;
const MIDDLEBOX_MARK = '0x900';
const CONTAINER = { address: '172.17.0.2', bridge: '172.17.0.1' } as const;

/** The plan with everything in it that hazards change. */
export function withHazards(plan: Plan, layout: Layout, hazards: Hazards): Plan {
  const { mtu, container = false } = hazards;
  const links = mtu === undefined && hazards.onPath === undefined ? plan.links : plan.links.map(inSegments(mtu));
  const namespaces = plan.namespaces.map((namespace) => {
    if (namespace.name === layout.clientVpc.router) return onRouter(namespace, layout, hazards);
    if (namespace.name === 'client') return onClient(namespace, hazards);
    return namespace;
  });
  if (!container) return { links, namespaces };
  const bridge: LinkPlan = {
    a: { namespace: 'client', device: 'docker0' },
    b: { namespace: 'container', device: 'eth0' },
  };
  return { links: [...links, bridge], namespaces: [...namespaces, containerNamespace()] };
}

/** What a rule says about a packet's size must be true of each segment, not of the piece that they were cut from. */
function inSegments(mtu: number | undefined): (link: LinkPlan) => LinkPlan {
  return (link) => ({ ...link, options: `${mtu === undefined ? '' : `mtu ${mtu} `}gso_max_segs 1` });
}

function onRouter(
  namespace: NamespacePlan,
  layout: Layout,
  { onPath, middlebox, metadataHops }: Hazards,
): NamespacePlan {
  const chains: string[] = [];
  if (onPath !== undefined) chains.push(chain('path', 'filter hook forward priority -5', onPath));
  if (metadataHops !== undefined)
    chains.push(
      chain('hops', 'filter hook postrouting priority 0', [
        `ip saddr ${BED.metadataAddress} ip ttl set ${metadataHops}`,
      ]),
    );
  if (middlebox !== undefined)
    chains.push(
      chain('divert', 'filter hook prerouting priority -150', [
        `meta l4proto tcp socket transparent 1 meta mark set ${MIDDLEBOX_MARK} accept`,
        `iifname "v-${layout.client.name}" meta nfproto ipv4 ip daddr != 169.254.0.0/16 tcp dport 443 tproxy ip to :${MIDDLEBOX_PORT} meta mark set ${MIDDLEBOX_MARK} accept`,
      ]),
    );
  const divert =
    middlebox === undefined
      ? []
      : [`-4 rule add fwmark ${MIDDLEBOX_MARK} lookup 777 priority 1`, '-4 route add local default dev lo table 777'];
  return { ...namespace, ip: [...namespace.ip, ...divert], nft: namespace.nft + table('hazards', chains) };
}

function onClient(namespace: NamespacePlan, { client = [], firewall, container = false }: Hazards): NamespacePlan {
  const chains: string[] = [];
  if (firewall !== undefined) chains.push(chain('own', 'filter hook output priority 0', firewall));
  if (container)
    chains.push(
      chain('outward', 'nat hook postrouting priority 100', [
        `ip saddr ${CONTAINER.address} oifname "eth0" masquerade`,
      ]),
    );
  const bridge = container ? [`addr add ${CONTAINER.bridge}/16 dev docker0`] : [];
  return {
    ...namespace,
    sysctls: { ...namespace.sysctls, ...(container ? { 'ipv4/ip_forward': '1' } : {}) },
    ip: [...namespace.ip, ...bridge, ...client],
    nft: namespace.nft + table('own', chains),
  };
}

function containerNamespace(): NamespacePlan {
  return {
    name: 'container',
    sysctls: {},
    ip: [`addr add ${CONTAINER.address}/16 dev eth0`, `route add default via ${CONTAINER.bridge} dev eth0`],
    nft: '',
  };
}

/** Full-size packets above so many bytes vanish, both ways, and nobody says so (facts.md 7.1). */
export function losesAbove(bytes: number): string[] {
  return [`meta length > ${bytes} drop`];
}

/** A firewall that cannot put a ClientHello of two segments together, and drops its beginning. */
export function losesSplitHello(): string[] {
  // A TLS handshake record that holds a ClientHello, longer than a segment of 1,460 bytes has room for.
  return ['tcp dport 443 @ih,0,8 0x16 @ih,40,8 0x01 @ih,24,16 > 1395 drop'];
}

/**
 * Connections to an address are lost by their source port, as a balancer with a dead member loses them: one of so many,
 * and the same ones each time.
 */
export function losesSome(address: string, one: number): string[] {
  return [`ip daddr ${address} tcp dport 443 jhash tcp sport mod ${one} seed 0x1 == 0 drop`];
}

/** Every so many question to a resolver is lost. */
export function losesQuestions(address: string, one: number): string[] {
  return [`ip daddr ${address} udp dport 53 numgen inc mod ${one} == 0 drop`];
}

/** Nothing comes back from an address, although every rule lets it. */
export function silences(address: string): string[] {
  return [`ip daddr ${address} drop`];
}

/** Anything that is not small is lost once the connection is open. */
export function losesAfterOpen(address: string): string[] {
  return [`ip daddr ${address} tcp dport 443 @ih,0,8 0x16 drop`];
}

function table(name: string, chains: readonly string[]): string {
  return chains.length === 0 ? '' : [`table inet ${name} {`, ...chains, '}', ''].join('\n');
}

function chain(name: string, hook: string, rules: readonly string[]): string {
  return [`  chain ${name} {`, `    type ${hook};`, ...rules.map((rule) => `    ${rule}`), '  }'].join('\n');
}
