/** The real machine as a `Host`: its environment, files, interfaces and clocks, and the wire that packets leave by. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { Host, LocalAddress, Wire } from './model/host.ts';

/** Names the only networks that may be contacted, as CIDR blocks between spaces. The guard of every test run. */
export const GUARD_VARIABLE = 'VPCE_DOCTOR_ONLY';

/**
 * Names variables, between spaces, that are set for this run alone, so that it gets to the API, and that no application on the
 * machine has: `AWS_ENDPOINT_URL_EC2 AWS_ACCESS_KEY_ID`. They still do what they do, but are no evidence of how applications are set up.
 */
export const OWN_VARIABLES = 'VPCE_DOCTOR_OWN_VARIABLES';

/**
 * This machine, with any part replaced by `overrides`. The wire is the identity unless `VPCE_DOCTOR_ONLY` is set. Throws
 * when that variable holds something that is no CIDR block: a guard that cannot be read must not stand open.
 */
export function realHost(overrides: Partial<Host> = {}): Host {
  const env = overrides.env ?? process.env;
  return {
    platform: process.platform,
    env,
    wiring: (env[OWN_VARIABLES] ?? '').split(/\s+/).filter(Boolean),
    readFile: (path) => readFile(path, 'utf8').catch(() => undefined),
    interfaces: localAddresses,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    wire: identityWire(env[GUARD_VARIABLE]),
    ...overrides,
  };
}

/** An empty guard admits nothing: a script whose variable came out empty must not lose its guard by that. */
function identityWire(guard: string | undefined): Wire {
  if (guard === undefined) return { route: (_transport, address, port) => ({ address, port }) };
  const networks = guard.split(/\s+/).filter(Boolean).map(parseNetwork);
  return {
    route: (_transport, address, port) =>
      networks.some((network) => contains(network, address)) ? { address, port } : undefined,
  };
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

function parseNetwork(text: string): Network {
  if (!ipaddr.isValidCIDR(text))
    throw new Error(`${GUARD_VARIABLE} holds ${JSON.stringify(text)}, which is no CIDR block`);
  return ipaddr.parseCIDR(text);
}

/** `process` turns ::ffff:10.0.0.1 into 10.0.0.1: the packets are IPv4's, so the guard must judge them as such. */
function contains(network: Network, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const candidate = ipaddr.process(address);
  return candidate.kind() === network[0].kind() && candidate.match(network);
}

/** Loopback included: a resolver on 127.0.0.53 lives there. */
function localAddresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ address, cidr }) => {
      // Node gives no CIDR for a netmask with holes, which no route can mean either.
      const prefixLength = cidr?.slice(cidr.lastIndexOf('/') + 1);
      return prefixLength === undefined ? [] : [{ name, address, prefixLength: Number(prefixLength) }];
    }),
  );
}
