/** Plays a plan to its end without a network: each question gets the answer that a test writes down for it. */
import { healthyWorld, type World } from '../../../src/lab/world.ts';
import type { DnsDetail, DnsRecord, Observation, Probe } from '../../../src/model/observation.ts';
import type { TargetRequest } from '../../../src/model/target.ts';
import type { Vantage } from '../../../src/model/vantage.ts';
import { planProbes } from '../../../src/probes/plan.ts';
import { resolveTargets } from '../../../src/services/resolve-targets.ts';
import { modelCase } from '../../diagnose/support.ts';

export type Answer = { readonly outcome: string; readonly addresses?: readonly string[]; readonly authority?: string };
/** the answer to a question by its id; undefined is silence */
export type Answers = (id: string, probe: Probe) => Answer | undefined;

export type Played = {
  /** ids in the order of asking, one list per round */
  readonly rounds: readonly (readonly string[])[];
  readonly probes: readonly Probe[];
  readonly observations: readonly Observation[];
};

export type Play = {
  readonly world?: World;
  readonly targets?: readonly string[];
  readonly vantage?: Partial<Vantage>;
  readonly repeat?: number;
  /** slices that the API refused */
  readonly refused?: readonly string[];
  readonly signed?: boolean;
  /** what the user asks for, where words are not enough: a workload */
  readonly requests?: readonly TargetRequest[];
};

/** Plans, answers and plans again until nothing is left to ask; twenty rounds without an end are a loop. */
export function play(
  answers: Answers,
  { world = healthyWorld(), targets, repeat = 1, signed, ...more }: Play = {},
): Played {
  const subject = modelCase(world, targets);
  const vantage = { ...subject.vantage, ...more.vantage };
  const denied = (more.refused ?? []).map((name) => [name, { known: false, why: 'denied' }]);
  const state = { ...subject.state, ...Object.fromEntries(denied) } as typeof subject.state;
  const resolved = resolveTargets(more.requests ?? subject.requests, {
    region: vantage.region,
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: state.vpcEndpoints,
  });
  const observations: Observation[] = [];
  const probes: Probe[] = [];
  const rounds: string[][] = [];
  for (;;) {
    const next = planProbes({ targets: resolved.targets, vantage, state, observations, repeat, signed });
    if (next.length === 0) return { rounds, probes, observations };
    if (rounds.length === 20) throw new Error(`no end: ${next.map((one) => one.id).join('; ')}`);
    rounds.push(next.map((one) => one.id));
    probes.push(...next);
    observations.push(...next.map((probe) => observed(probe, answers(probe.id, probe))));
  }
}

export function observed(probe: Probe, answer: Answer | undefined): Observation {
  const { why, ...question } = probe;
  const { outcome = 'timeout', addresses = [], authority } = answer ?? {};
  const soa: DnsRecord[] = authority === undefined ? [] : [{ name: authority, type: 'SOA', ttl: 60, data: '' }];
  const dns: DnsDetail = { addresses, cnames: [], answers: [], authority: soa };
  const detail = probe.rung === 'dns' ? dns : probe.rung === 'tls' ? { chain: [] } : {};
  return { ...question, ms: 1, outcome, detail } as unknown as Observation;
}
