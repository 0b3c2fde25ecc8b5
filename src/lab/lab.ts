/**
 * An embedded VPC on loopback: everything that a world describes, running in this process without privileges. The tool
 * meets it through a `Host` whose wire maps each address and port of the world to a loopback port, so a run in the lab
 * is a run like any other.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Host, Wire } from '../model/host.ts';
import { socketAddress } from '../model/observation.ts';
import { createAuthority, createSigners } from './certificates.ts';
import { canonical, clientFiles, localAddresses } from './client.ts';
import { type DnsServer, type Resolver, resolverAt, startDns } from './dns.ts';
import { startEc2Api } from './ec2-api.ts';
import { credentialVariables } from './iam/caller.ts';
import { startImds } from './imds.ts';
import { ANY_LOOPBACK_PORT, type Listening } from './listen.ts';
import { startMiddlebox } from './middlebox.ts';
import { startBlackHole, startClosedPort } from './nobody.ts';
import { POLICY_API_SERVICES, startPolicyApi } from './policy-api.ts';
import { type ProxyPorts, type Reach, startProxy } from './proxy.ts';
import { resolveInVpc, vpcResolverAddresses } from './resolution.ts';
import type { Surroundings } from './respond.ts';
import { startResolverApi, startRoute53Api } from './route53-api.ts';
import { deafAddresses, startListener, trueTime, worldListeners } from './servers.ts';
import { startStsApi } from './sts-api.ts';
import { clientTrust } from './trust.ts';
import type { World, WorldResolver } from './world.ts';

/** Whether a packet of the client gets to an address and port, and the answer back to it. */
export type Delivers = (world: World, address: string, port: number, transport: 'udp' | 'tcp') => 'delivered' | 'lost';

export type LabOptions = {
  /** what the EC2 API says and refuses, where that is not what the network does */
  readonly describe?: World | undefined;
  /** for tests of the lab itself; by default the model's own evaluation */
  readonly delivers?: Delivers | undefined;
  /** elements per page of the EC2 API */
  readonly pageSize?: number | undefined;
};

/**
 * One thing that somebody asked: `ec2:DescribeVpcs`, `imds /latest/api/token`, `dns example.com A @10.0.0.2` with ` tcp`
 * behind it when it was, and for every use of the wire `tcp 10.0.2.14:443` or `udp 10.0.0.2:53`.
 */
export type LabLogEntry = { readonly question: string };

export type Lab = {
  readonly host: Host;
  readonly world: World;
  /** in the order of arrival */
  readonly log: readonly LabLogEntry[];
  /** closes every port and connection; the host is useless afterwards */
  readonly stop: () => Promise<void>;
};

const METADATA_ADDRESS = '169.254.169.254';

/**
 * Starts the world. Who listens where is settled now; what the API, the resolvers and the metadata service say, and which
 * packets arrive, is read from the world at every question, so a test may change it in between.
 */
export async function startLab(world: World, options: LabOptions = {}): Promise<Lab> {
  const delivers = options.delivers ?? (await import('./reachability.ts')).delivers;
  // A world that contradicts itself throws here, before anything runs.
  const vpcResolvers = new Set(vpcResolverAddresses(world));
  const log: LabLogEntry[] = [];
  const note = (question: string) => void log.push({ question });

  const authority = createAuthority(undefined, undefined, trueTime(world));
  const signers = createSigners(authority, trueTime(world));
  const trust = clientTrust(world, signers);
  const proxyPorts: ProxyPorts = new Set();
  const [blackHole, closedPort, ec2, sts, route53, resolverApi, policyApi, imds, resolvers, listeners] =
    await Promise.all([
      startBlackHole(),
      startClosedPort(),
      startEc2Api(options.describe ?? world, ANY_LOOPBACK_PORT, { pageSize: options.pageSize, asked: note }),
      startStsApi(world, ANY_LOOPBACK_PORT, { asked: note }),
      startRoute53Api(options.describe ?? world, ANY_LOOPBACK_PORT, { asked: note }),
      startResolverApi(options.describe ?? world, ANY_LOOPBACK_PORT, { asked: note }),
      startPolicyApi(options.describe ?? world, ANY_LOOPBACK_PORT, { asked: note }),
      world.client.metadata === 'ec2' || world.client.metadata === 'forbidden'
        ? startImds(world, ANY_LOOPBACK_PORT, { asked: (path) => note(`imds ${path}`) })
        : undefined,
      startResolvers(world, note),
      startListeners(world, signers, { world, fromProxy: (port) => proxyPorts.has(port) }),
    ]);
  const metadataPort = imds?.port ?? (world.client.metadata === 'silent' ? blackHole : closedPort).tcpPort;
  const proxies = await startProxies(world, authority, proxyPorts, (host, port) => {
    const [address] = isIP(host) === 0 ? (world.publicDns[host]?.A ?? []) : [host];
    const listener = address === undefined ? undefined : listeners.get(place(canonical(address), port));
    return listener === undefined ? undefined : { address: '127.0.0.1', port: listener.port };
  });
  const middleboxes = await startMiddleboxes(world, listeners);
  const connections = new Map<string, number>();
  const ownPorts = new Set([...[ec2, sts, route53, resolverApi, policyApi].map(({ port }) => port), metadataPort]);

  const nobody = (transport: 'udp' | 'tcp', fate: 'closed' | 'lost') => {
    const { tcpPort, udpPort } = fate === 'closed' ? closedPort : blackHole;
    return transport === 'tcp' ? tcpPort : udpPort;
  };

  function portFor(transport: 'udp' | 'tcp', address: string, port: number): number {
    if (address === METADATA_ADDRESS && port === 80 && transport === 'tcp') return metadataPort;
    if (
      isWithin(
        world.client.localNetworks?.map(({ cidr }) => cidr),
        address,
      )
    )
      return nobody(transport, 'lost');
    const proxy = transport === 'tcp' ? proxies.get(place(address, port)) : undefined;
    if (proxy !== undefined) return proxy.port;
    if (world.proxies?.[address] !== undefined) return nobody(transport, 'closed');
    const resolver = port === 53 ? resolvers.get(address) : undefined;
    // Amazon's resolver is never filtered by groups or ACLs (facts.md 3.3), and nothing stands before loopback.
    const filtered = !vpcResolvers.has(address) && !isLoopback(address) && !isLinkLocal(address);
    if (filtered && delivers(world, address, port, transport) === 'lost') return nobody(transport, 'lost');
    if (resolver !== undefined) return resolverPort(resolver, transport);
    // A NAT gateway turns DNS64's addresses back into the IPv4 ones that they are made of.
    const to = translated(address);
    const listener = transport === 'tcp' ? listeners.get(place(to, port)) : undefined;
    if (listener !== undefined) {
      if (isLostConnection(to)) return nobody(transport, 'lost');
      return middleboxes.get(place(to, port))?.port ?? listener.port;
    }
    const deaf = isLinkLocal(address) || vpcResolvers.has(address) || deafAddresses(world).has(address);
    return nobody(transport, deaf ? 'lost' : 'closed');
  }

  /** Counted in the order in which connections are made: the same run loses the same ones. */
  function isLostConnection(address: string): boolean {
    const every = world.middleboxes?.[address]?.losesEveryConnection;
    if (every === undefined) return false;
    const count = (connections.get(address) ?? 0) + 1;
    connections.set(address, count);
    return count % every === 0;
  }

  function resolverPort({ server, isSilent }: RunningResolver, transport: 'udp' | 'tcp'): number {
    if (server === undefined) return nobody(transport, 'closed');
    // Over UDP its silence is its own; over TCP it would have to refuse to accept.
    return transport === 'udp' ? server.udpPort : isSilent() ? nobody('tcp', 'lost') : server.tcpPort;
  }

  const wire: Wire = {
    route: (transport, address, port) => {
      if (isIP(address) === 0) return undefined;
      const to = canonical(address);
      // The URLs in the lab's environment hold loopback ports already; what is asked there logs itself.
      if (transport === 'tcp' && isLoopback(to) && ownPorts.has(port)) return { address: '127.0.0.1', port };
      note(`${transport} ${socketAddress(to, port)}`);
      if (isWithin(world.client.forbidden, to)) throw notPermitted(transport, to, port);
      return { address: '127.0.0.1', port: portFor(transport, to, port) };
    },
    certificateAuthorities: trust.authorities,
  };

  const wiring = {
    ...credentialVariables(world),
    AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${ec2.port}`,
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${sts.port}`,
    AWS_ENDPOINT_URL_ROUTE_53: `http://127.0.0.1:${route53.port}`,
    AWS_ENDPOINT_URL_ROUTE53RESOLVER: `http://127.0.0.1:${resolverApi.port}`,
    ...Object.fromEntries(
      POLICY_API_SERVICES.map((name) => [`AWS_ENDPOINT_URL_${name}`, `http://127.0.0.1:${policyApi.port}`]),
    ),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${metadataPort}`,
  };
  const host: Host = {
    platform: 'linux',
    env: { AWS_REGION: world.region, ...wiring, ...world.client.env },
    wiring: Object.keys(wiring).filter((name) => !Object.hasOwn(world.client.env, name)),
    readFile: async (path) => ({ ...trust.files, ...clientFiles(world), ...world.client.files })[path],
    interfaces: () => localAddresses(world),
    now: () => Date.now(),
    monotonic: () => performance.now(),
    wire,
  };

  const running = [
    ...[blackHole, closedPort, ec2, sts, route53, resolverApi, policyApi, ...(imds === undefined ? [] : [imds])],
    ...listeners.values(),
    ...proxies.values(),
    ...middleboxes.values(),
  ];
  const servers = [...resolvers.values()].flatMap((resolver) => resolver.server ?? []);
  return {
    host,
    world,
    log,
    stop: async () => {
      await Promise.all([...running, ...servers].map((part) => part.stop()));
    },
  };
}

/** A resolver's place. Without a server nobody listens there. */
type RunningResolver = { readonly server: DnsServer | undefined; readonly isSilent: () => boolean };

/**
 * By address: the VPC's resolver at each of its addresses, the world's own resolvers, and silence for every nameserver
 * that is neither. A silent one listens over UDP all the same, so that the log has what it was asked.
 */
async function startResolvers(world: World, note: (question: string) => void): Promise<Map<string, RunningResolver>> {
  const silent: WorldResolver = { behaviour: 'silent', records: {} };
  const own = new Map<string, WorldResolver>([
    ...world.client.nameservers.map((address) => [canonical(address), silent] as const),
    ...Object.entries(world.resolvers).map(([address, resolver]) => [canonical(address), resolver] as const),
  ]);
  const vpcAddresses = vpcResolverAddresses(world);
  for (const address of vpcAddresses) own.delete(address);

  async function start(
    address: string,
    resolver: Resolver,
    isSilent: () => boolean,
  ): Promise<[string, RunningResolver]> {
    const server = await startDns((question) => {
      const { name, type, transport } = question;
      note(`dns ${name} ${type} @${address}${transport === 'tcp' ? ' tcp' : ''}`);
      return resolver(question);
    }, ANY_LOOPBACK_PORT);
    return [address, { server, isSilent }];
  }

  const inVpc: Resolver = ({ name, type }) => resolveInVpc(world, name, type);
  const started = await Promise.all([
    ...vpcAddresses.map((address) => start(address, inVpc, () => resolveInVpc(world, '.', 'SOA').kind === 'silent')),
    ...[...own].map(
      async ([address, resolver]): Promise<[string, RunningResolver]> =>
        resolver.behaviour === 'closed'
          ? [address, { server: undefined, isSilent: () => false }]
          : start(address, resolverAt(world, resolver), () => resolver.behaviour === 'silent'),
    ),
  ]);
  return new Map(started);
}

async function startListeners(
  world: World,
  signers: ReturnType<typeof createSigners>,
  surroundings: Surroundings,
): Promise<Map<string, Listening>> {
  const started = worldListeners(world).map(
    async (listener) =>
      [
        place(listener.address, listener.port),
        await startListener(listener, signers(listener.signer), ANY_LOOPBACK_PORT, surroundings),
      ] as const,
  );
  return new Map(await Promise.all(started));
}

async function startProxies(
  world: World,
  authority: ReturnType<typeof createAuthority>,
  ports: ProxyPorts,
  reach: Reach,
): Promise<Map<string, Listening>> {
  const started = Object.entries(world.proxies ?? {}).map(async ([address, proxy]) => {
    const listening = await startProxy(proxy, address, authority, reach, ANY_LOOPBACK_PORT, ports);
    return [place(canonical(address), proxy.port), listening] as const;
  });
  return new Map(await Promise.all(started));
}

/** What the kernel says to a process whose packets its own firewall refuses (connect(2)). */
function notPermitted(transport: 'udp' | 'tcp', address: string, port: number): Error {
  const syscall = transport === 'tcp' ? 'connect' : 'send';
  return Object.assign(new Error(`${syscall} EPERM ${socketAddress(address, port)}`), { code: 'EPERM', syscall });
}

function isWithin(cidrs: readonly string[] | undefined, address: string): boolean {
  const parsed = ipaddr.parse(address);
  return (cidrs ?? []).some((cidr) => {
    const block = ipaddr.parseCIDR(cidr);
    return parsed.kind() === block[0].kind() && parsed.match(block);
  });
}

/** In front of each listener whose address has one. */
async function startMiddleboxes(
  world: World,
  listeners: ReadonlyMap<string, Listening>,
): Promise<Map<string, Listening>> {
  const started = Object.entries(world.middleboxes ?? {}).flatMap(([address, box]) =>
    [...listeners]
      .filter(([key]) => key.startsWith(`${canonical(address)} `))
      .map(async ([key, { port }]) => [key, await startMiddlebox(box, port, ANY_LOOPBACK_PORT)] as const),
  );
  return new Map(await Promise.all(started));
}

function place(address: string, port: number): string {
  return `${address} ${port}`;
}

/** The IPv4 address inside one of NAT64's (RFC 6052); any other comes back as it is. */
function translated(address: string): string {
  if (!address.startsWith('64:ff9b::')) return address;
  return ipaddr.IPv6.parse(address).toByteArray().slice(12).join('.');
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Link-local addresses never leave the host's link: no group, ACL or route of the VPC applies (facts.md 3.3). */
function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || address.startsWith('fe80:') || address.startsWith('fd00:ec2:');
}
