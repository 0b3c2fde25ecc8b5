/** Asks all questions of a plan, some at a time, and answers in the plan's order. */
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import { type Failure, type Observation, type Probe, socketAddress, UNASKED } from '../model/observation.ts';
import type { HeadStart } from './head-start.ts';
import { runEnded } from './limit.ts';
import { failureOf, OWN_CODES } from './outcome.ts';

/** Questions in flight when nothing else is asked for. */
export const DEFAULT_CONCURRENCY = 16;

/** Questions in flight to one DNS server: small resolvers on a host drop bursts, and that would look like their fault. */
const PER_DNS_SERVER = 8;

/** What answers at all answers within this time (ms); a question that waits longer is no load on anybody and gives its place to the next. */
const QUIET = 300;

/** Questions that wait in silence are cheap, but each has a socket: so many times the concurrency are in flight at most. */
const MOST_WAITING = 8;

export type RunOptions = {
  readonly host: Host;
  readonly durations: Durations;
  readonly concurrency?: number | undefined;
  readonly signal: AbortSignal;
  /** what earlier calls brought: a DNS server that was silent then is not asked again */
  readonly before?: readonly Observation[] | undefined;
  /** questions that are being asked already */
  readonly started?: HeadStart | undefined;
  /** called as each answer comes, not in the plan's order; for progress only */
  readonly onObservation?: ((observation: Observation) => void) | undefined;
};

/**
 * One observation for each probe, in the order of `probes`. When the signal aborts, what is not finished becomes
 * `skipped` at once and the promise still resolves. A probe that throws is a bug of this tool; its observation says so
 * (`failed`, `VPCE_DOCTOR_BUG`), because one broken question must not cost the report of all the others.
 *
 * A DNS server that has answered nothing yet is asked `PER_DNS_SERVER` questions. When all of them are met with silence the
 * others are not asked but `skipped` (`UNASKED`): 25 names at a dead resolver would cost the whole run. Which questions
 * these are depends on the plan alone, not on the clock.
 */
export function runProbes(probes: readonly Probe[], options: RunOptions): Promise<Observation[]> {
  const { signal, onObservation, concurrency = DEFAULT_CONCURRENCY } = options;
  const { promise, resolve } = Promise.withResolvers<Observation[]>();
  const observations = new Map<number, Observation>();
  const waiting = probes.map((probe, index) => ({ probe, index, lane: laneOf(probe) }));
  const lanes = lanesOf(options.before ?? []);
  const most = Math.max(1, concurrency);
  let active = 0;
  let inFlight = 0;

  const laneNamed = (name: string) => {
    const lane = lanes.get(name) ?? { active: 0, asked: 0, silent: 0, heard: false };
    lanes.set(name, lane);
    return lane;
  };
  const isFree = ({ probe, lane: name }: Waiting) => {
    if (name === undefined) return true;
    const lane = laneNamed(name);
    return lane.active < PER_DNS_SERVER && (lane.heard || isRepeated(probe) || lane.asked < PER_DNS_SERVER);
  };
  const settle = (index: number, observation: Observation) => {
    observations.set(index, observation);
    onObservation?.(observation);
  };
  const spare = () => {
    for (const one of [...waiting]) {
      if (one.lane === undefined || isRepeated(one.probe) || !isDead(laneNamed(one.lane))) continue;
      waiting.splice(waiting.indexOf(one), 1);
      settle(one.index, unanswered(one.probe, 'skipped', { code: UNASKED }));
    }
  };
  const start = async ({ probe, index, lane: name }: Waiting) => {
    const lane = name === undefined ? undefined : laneNamed(name);
    const counts = lane !== undefined && !isRepeated(probe);
    active += 1;
    inFlight += 1;
    if (lane !== undefined) lane.active += 1;
    if (counts) lane.asked += 1;
    const leave = once(() => {
      active -= 1;
      if (lane !== undefined) lane.active -= 1;
    });
    const quiet = setTimeout(() => {
      // Silence of a server that has answered nothing may become the reason to ask it no more.
      if (lane?.heard === false) return;
      leave();
      fill();
    }, QUIET);
    const observation = await ask(probe, options);
    clearTimeout(quiet);
    leave();
    inFlight -= 1;
    if (lane !== undefined && observation.outcome !== 'timeout') lane.heard ||= observation.outcome !== 'skipped';
    else if (counts) lane.silent += 1;
    settle(index, observation);
    fill();
  };
  const fill = () => {
    if (signal.aborted)
      for (const one of waiting.splice(0)) settle(one.index, unanswered(one.probe, 'skipped', failureOf(runEnded())));
    spare();
    while (active < most && inFlight < most * MOST_WAITING) {
      const next = waiting.findIndex(isFree);
      const [one] = next < 0 ? [] : waiting.splice(next, 1);
      if (one === undefined) break;
      void start(one);
    }
    if (inFlight === 0) resolve(probes.flatMap((_probe, index) => observations.get(index) ?? []));
  };
  fill();
  return promise;
}

type Waiting = { readonly probe: Probe; readonly index: number; readonly lane: string | undefined };

/** What is known of one DNS server over one transport. */
type Lane = { active: number; asked: number; silent: number; heard: boolean };

function isDead({ asked, silent, heard }: Lane): boolean {
  return !heard && asked >= PER_DNS_SERVER && silent >= PER_DNS_SERVER;
}

function lanesOf(before: readonly Observation[]): Map<string, Lane> {
  const lanes = new Map<string, Lane>();
  for (const one of before) {
    const name = laneOf(one);
    if (name === undefined || one.outcome === 'skipped' || isRepeated(one)) continue;
    const lane = lanes.get(name) ?? { active: 0, asked: 0, silent: 0, heard: false };
    const silent = one.outcome === 'timeout';
    lane.asked += 1;
    lane.silent += silent ? 1 : 0;
    lane.heard ||= !silent;
    lanes.set(name, lane);
  }
  return lanes;
}

/** TCP, TLS and HTTPS go to many addresses, which are no one's bottleneck. */
function laneOf(probe: Probe | Observation): string | undefined {
  return probe.rung === 'dns'
    ? `${probe.subject.transport} ${socketAddress(probe.subject.server, probe.subject.port)}`
    : undefined;
}

/** The same question again is an experiment of its own, and silence is what it may be after. */
function isRepeated(probe: Probe | Observation): boolean {
  return probe.rung === 'dns' && (probe.subject.attempt ?? 1) > 1;
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** What a rung needs is loaded with its first question, TLS and HTTPS while others wait already. */
async function ask(probe: Probe, { host, durations, signal, started }: RunOptions): Promise<Observation> {
  try {
    const early = started?.get(probe.id);
    if (early !== undefined) return { ...(await unlessAborted(early, probe, signal)), after: probe.after };
    switch (probe.rung) {
      case 'dns':
        return await (await import('./dns.ts')).probeDns(probe, host, durations, signal);
      case 'tcp':
        return await (await import('./tcp.ts')).probeTcp(probe, host, durations, signal);
      case 'tls':
        return await (await import('./tls.ts')).probeTls(probe, host, durations, signal);
      case 'https':
        return await (await import('./https.ts')).probeHttps(probe, host, durations, signal);
      case 'access':
        return await (await import('./access.ts')).probeAccess(probe, host, durations, signal);
      case 'proxy':
        return await (await import('./proxy.ts')).probeProxy(probe, host, durations, signal);
    }
  } catch (error) {
    return unanswered(probe, 'failed', { ...failureOf(error), code: OWN_CODES.bug });
  }
}

/** The answer to a question that was asked before the run had its signal. */
function unlessAborted(early: Promise<Observation>, probe: Probe, signal: AbortSignal): Promise<Observation> {
  const { promise, resolve } = Promise.withResolvers<Observation>();
  const stop = () => resolve(unanswered(probe, 'skipped', failureOf(runEnded())));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([early, promise]).finally(() => signal.removeEventListener('abort', stop));
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
    case 'access':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { failure } };
    case 'proxy':
      return { ...common, rung: probe.rung, subject: probe.subject, detail: { failure } };
  }
}
