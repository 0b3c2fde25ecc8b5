/**
 * The first questions of a run, asked before the rest of the tool is even loaded: names and addresses that were typed in full
 * are looked up and connected to whatever else turns out to be worth asking. The plan comes to the same questions later, and
 * finds them answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DURATIONS } from '../durations.ts';
import type { Host } from '../model/host.ts';
import { type DnsProbe, type Observation, probeId, type TcpProbe } from '../model/observation.ts';
import { readResolvConf } from '../vantage/resolv-conf.ts';

/** By the question's id. */
export type HeadStart = ReadonlyMap<string, Promise<Observation>>;

/** A quiet network answers within this time (ms); what comes later counts as slower than it was, by the time that loading takes. */
const QUICK = 3;

/** A name of AWS's with its Region, and an IPv4 address, in the one form in which they cannot mean anything else. */
const HOST = /^(?:[a-z0-9-]+\.){2,}(?:amazonaws\.com|api\.aws)$/;
const ADDRESS = /^((?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2}))(?::([1-9]\d{0,4}))?$/;

/**
 * Asks for the first name (its IPv4 address, at the first resolver) and the first address among the targets, with the usual
 * limits. Never rejects for anything that the network does.
 * @returns once the answers are there, or the moment has passed in which they would be if all is well
 */
export async function headStart(host: Host, targets: readonly string[], signal: AbortSignal): Promise<HeadStart> {
  const started = new Map<string, Promise<Observation>>();
  const name = targets.find((target) => HOST.test(target));
  const [, address, port] = ADDRESS.exec(targets.find((target) => ADDRESS.test(target)) ?? '') ?? [];
  if (address !== undefined) {
    const subject = { address, port: Number(port ?? 443) };
    const probe: TcpProbe = { id: probeId('tcp', subject), rung: 'tcp', subject, after: [], why: '' };
    const { probeTcp } = await import('./tcp.ts');
    started.set(probe.id, probeTcp(probe, host, DURATIONS, signal));
  }
  const [resolver] = name === undefined ? [] : (await readResolvConf(host)).resolvers;
  if (name !== undefined && resolver !== undefined) {
    const { address: server, port } = resolver;
    const subject = { name, type: 'A', server, port, transport: 'udp' } as const;
    const probe: DnsProbe = { id: probeId('dns', subject), rung: 'dns', subject, after: [], why: '' };
    const { probeDns } = await import('./dns.ts');
    started.set(probe.id, probeDns(probe, host, DURATIONS, signal));
  }
  // A bug is the runner's to report, when the plan comes to the question; until then nobody listens.
  for (const one of started.values()) one.catch(() => undefined);
  await Promise.race([Promise.allSettled(started.values()), sleep(QUICK)]);
  return started;
}
