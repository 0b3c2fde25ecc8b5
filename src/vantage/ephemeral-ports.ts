/** Which source ports this machine uses; network ACLs must admit answers to all of them. */
import type { Host } from '../model/host.ts';
import { DEFAULT_EPHEMERAL_PORTS, type EphemeralPorts } from '../model/vantage.ts';

const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';

/** The kernel's range, for IPv4 and IPv6 alike (ip-sysctl.rst); Linux's default, marked `assumed`, when it cannot be read. */
export async function readEphemeralPorts(host: Host): Promise<EphemeralPorts> {
  const text = await host.readFile(RANGE_FILE);
  return (text === undefined ? undefined : parsePortRange(text)) ?? DEFAULT_EPHEMERAL_PORTS;
}

/** Two port numbers with white space between, the first not above the second; undefined for anything else. */
export function parsePortRange(text: string): EphemeralPorts | undefined {
  const match = /^\s*(\d{1,5})\s+(\d{1,5})\s*$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match === null || from < 1 || to > 65535 || from > to) return undefined;
  return { from, to, source: 'kernel' };
}
