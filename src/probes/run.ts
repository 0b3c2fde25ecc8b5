/** Asks all questions of a plan, some at a time, and answers in the plan's order. */
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import { type Failure, type Observation, type Probe, socketAddress } from '../model/observation.ts';
import { probeDns } from './dns.ts';
import { probeHttps } from './https.ts';
import { runEnded } from './limit.ts';
import { failureOf, OWN_CODES } from './outcome.ts';
import { probeProxy } from './proxy.ts';
import { probeTcp } from './tcp.ts';
import { probeTls } from './tls.ts';

/** Questions in flight when nothing else is asked for. */
export const DEFAULT_CONCURRENCY = 16;

/** Questions in flight to one DNS server: small resolvers on a host drop bursts, and that would look like their fault. */
const PER_DNS_SERVER = 8;

export type RunOptions = {
  readonly host: Host;
  readonly durations: Durations;
  readonly concurrency?: number | undefined;
  readonly signal: AbortSignal;
  /** called as each answer comes, not in the plan's order; for progress only */
  readonly onObservation?: ((observation: Observation) => void) | undefined;
};

/**
 * One observation for each probe, in the order of `probes`. When the signal aborts, what is not finished becomes
 * `skipped` at once and the promise still resolves. A probe that throws is a bug of this tool; its observation says so
 * (`failed`, `VPCE_DOCTOR_BUG`), because one broken question must not cost the report of all the others.
 */
export async function runProbes(probes: readonly Probe[], options: RunOptions): Promise<Observation[]> {
  const { signal, onObservation, concurrency = DEFAULT_CONCURRENCY } = options;
  const observations = new Map<number, Observation>();
  const waiting = probes.map((probe, index) => ({ probe, index, lane: laneOf(probe) }));
  const inLane = new Map<string, number>();

  const takeNext = () => {
    const next = waiting.findIndex(({ lane }) => lane === undefined || (inLane.get(lane) ?? 0) < PER_DNS_SERVER);
    return next < 0 ? undefined : waiting.splice(next, 1)[0];
  };
  const settle = (index: number, observation: Observation) => {
    observations.set(index, observation);
    onObservation?.(observation);
  };
  // A worker that finds only full lanes may go home: the workers in those lanes empty them.
  const work = async (): Promise<void> => {
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      const { probe, index, lane } = next;
      if (lane !== undefined) inLane.set(lane, (inLane.get(lane) ?? 0) + 1);
      settle(index, signal.aborted ? unanswered(probe, 'skipped', failureOf(runEnded())) : await ask(probe, options));
      if (lane !== undefined) inLane.set(lane, (inLane.get(lane) ?? 0) - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  return probes.flatMap((_probe, index) => observations.get(index) ?? []);
}

/** TCP, TLS and HTTPS go to many addresses, which are no one's bottleneck. */
function laneOf(probe: Probe): string | undefined {
  return probe.rung === 'dns' ? socketAddress(probe.subject.server, probe.subject.port) : undefined;
}

async function ask(probe: Probe, { host, durations, signal }: RunOptions): Promise<Observation> {
  try {
    switch (probe.rung) {
      case 'dns':
        return await probeDns(probe, host, durations, signal);
      case 'tcp':
        return await probeTcp(probe, host, durations, signal);
      case 'tls':
        return await probeTls(probe, host, durations, signal);
      case 'https':
        return await probeHttps(probe, host, durations, signal);
      case 'proxy':
        return await probeProxy(probe, host, durations, signal);
    }
  } catch (error) {
    return unanswered(probe, 'failed', { ...failureOf(error), code: OWN_CODES.bug });
  }
}

/** An observation without an answer. */
function unanswered(probe: Probe, outcome: 'skipped' | 'failed', failure: Failure): Observation {
  const { id, after } = probe;
  const common = { id, after, ms: 0, outcome };
  switch (probe.rung) {
    case 'dns': {
      const detail = { addresses: [], cnames: [], answers: [], authority: [], failure };
      return { ...common, rung: probe.rung, subject: probe.subject, detail };
    }
    case 'tcp':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { failure } };
    case 'tls':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { chain: [], failure } };
    case 'https':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { failure } };
    case 'proxy':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { failure } };
  }
}
