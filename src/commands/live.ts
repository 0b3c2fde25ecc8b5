/**
 * A live run: vantage, collect and probe at the same time, then a case. Diagnosing is somebody else's business. What packets
 * do not need is loaded when its turn comes: the first one should leave soon.
 */
import { callsForRoute53 } from '../checks/dns/doubt.ts';
import { evidenceFor } from '../checks/evidence.ts';
import type { Durations } from '../durations.ts';
import type { Case, CoverageEntry } from '../model/case.ts';
import type { Denial } from '../model/denial.ts';
import { type MetadataObservation, type Observation, probeId } from '../model/observation.ts';
import { type State, unknownState } from '../model/state.ts';
import type { Target, TargetRequest } from '../model/target.ts';
import { calledRegion, type Vantage } from '../model/vantage.ts';
import { primaryCidrOf } from '../network/resolution.ts';
import type { HeadStart } from '../probes/head-start.ts';
import { planProbes } from '../probes/plan.ts';
import { runProbes } from '../probes/run.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import { completeVantage, vantageFrom } from '../vantage/from.ts';
import { takeVantage } from '../vantage/vantage.ts';
import { TOOL } from '../version.ts';
import { type Io, type Progress, startProgress, type UsageProblem } from './io.ts';
import { probeCoverage, RUNGS } from './probe-coverage.ts';

export type LiveOptions = {
  readonly requests: readonly TargetRequest[];
  /** state from files, merged under what the API says */
  readonly given: State;
  readonly warnings: readonly string[];
  readonly useApi: boolean;
  readonly useProbes: boolean;
  readonly region?: string | undefined;
  readonly from?: string | undefined;
  /** questions that are being asked already */
  readonly started?: HeadStart | undefined;
  readonly durations: Durations;
  readonly concurrency: number;
  readonly repeat: number;
  /** whether read requests are to be signed with the caller's own credentials */
  readonly signed?: boolean | undefined;
};

/** Rounds of planning: names, connections, handshakes, requests, and what follows from each; more would be a loop. */
const MOST_ROUNDS = 16;

/**
 * Runs until everything worth asking is answered, or the deadline or Ctrl-C comes first; what is known by then is the case.
 * The API is asked while the probes run, and probing never waits for it unless the targets themselves come from it.
 */
export async function runLive(io: Io, options: LiveOptions): Promise<Case | UsageProblem> {
  const { host } = io;
  const { durations } = options;
  const started = host.monotonic();
  const startedAt = new Date(host.now()).toISOString();
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(durations.deadline)]);
  const coverage: CoverageEntry[] = [];
  const warnings = [...options.warnings];
  const progress = startProgress(io);

  const taken = await takeVantage(host, { durations, signal, from: options.from });
  coverage.push(...taken.coverage);
  let vantage = withRegion(taken.vantage, options.region);

  const collecting = options.useApi
    ? startCollecting(io, options, vantage, signal, progress)
    : Promise.resolve({ state: unknownState('not-asked'), coverage: [], warnings: [] });

  const observations = new Map<string, Observation>();
  for (const one of metadataObservations(vantage)) observations.set(one.id, one);
  const reasons = new Map<string, string>();
  const probe = async (state: State) => {
    if (!options.useProbes) return;
    const client = completeVantage(vantage, state);
    const targets = resolve(options, client, state).targets;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const probes = planProbes({
        targets,
        vantage: client,
        state,
        observations: [...observations.values()],
        repeat: options.repeat,
        defaultHello: await defaultHello(observations.values()),
        signed: options.signed,
      });
      if (probes.length === 0) return;
      for (const one of probes) reasons.set(one.id, one.why);
      progress.say(`${probes[0]?.rung} probes: ${probes.length}`);
      const before = [...observations.values()];
      const { concurrency, started } = options;
      const answers = await runProbes(probes, { host, durations, concurrency, signal, before, started });
      for (const answer of answers) observations.set(answer.id, answer);
      // Cut short: what was skipped would only be planned again.
      if (signal.aborted) return;
    }
  };

  // Only where answers call for it, and beside everything else: Route 53's APIs are often out of reach, and never waited for long.
  const readDns = (known: State, always: boolean) => {
    const client = completeVantage(vantage, known);
    const { targets } = resolve(options, client, known);
    const asked = [...observations.values()];
    const primary = primaryCidrOf(client);
    const called = targets.some((target) =>
      callsForRoute53(known, client, target, evidenceFor(asked, true, client, target, primary)),
    );
    if (!options.useApi || client.vpcId === undefined || !(always || called)) return undefined;
    const region = client.region ?? client.sdk.region;
    const vpcId = client.vpcId;
    const hosts = targets.flatMap((target) => target.host ?? []);
    const onCall = (action: string) => progress.say(action);
    return import('../collect/collect-dns.ts').then(({ collectDns }) =>
      collectDns(host, { region, vpcId, hosts, durations, signal, onCall }),
    );
  };

  // Policies are read with a reason only: requests are to be signed, or a refusal is known.
  const readAccess = (known: State) => {
    const client = completeVantage(vantage, known);
    const { targets } = resolve(options, client, known);
    const denials = [...targets.flatMap((target) => target.denials ?? []), ...denialsIn([...observations.values()])];
    if (!options.useApi || !(options.signed === true || denials.length > 0)) return undefined;
    const region = client.region ?? client.sdk.region;
    const onCall = (action: string) => progress.say(action);
    return import('../collect/collect-access.ts').then(({ collectAccess }) =>
      collectAccess(host, { region, targets, denials, durations, signal, onCall }),
    );
  };

  let state = options.given;
  const fromApi = options.requests.some((request) => request.kind === 'every-endpoint' || request.kind === 'endpoint');
  // The client that `--from` names may need the state to be found, and then decides what is probed at all.
  if (!fromApi && options.from === undefined) await probe(state);
  const early = readDns(state, false);
  // What only the second round can name is rare; what this one names is read while the API is waited for.
  const access = fromApi || options.from !== undefined ? undefined : readAccess(state);
  progress.say(options.useApi ? 'waiting for the EC2 API' : 'done');
  vantage = { ...vantage, trustStores: await taken.readTrustStores() };
  const collected = await collecting;
  coverage.push(...collected.coverage);
  warnings.push(...collected.warnings);
  warnings.push(...proxyWarning(vantage, collected.state));
  const { decodeCase, encodeCase, mergeStates } = await import('../model/case-file.ts');
  state = mergeStates([state, collected.state]);
  if ('accountId' in collected && collected.accountId !== undefined && vantage.accountId === undefined)
    vantage = { ...vantage, accountId: collected.accountId };
  if ('clockOffsetMs' in collected && collected.clockOffsetMs !== undefined)
    vantage = withReading(vantage, collected.clockOffsetMs);
  let elsewhere = false;
  if (options.from !== undefined) {
    const chosen = vantageFrom(options.from, vantage, state);
    if (!chosen.ok) {
      progress.stop();
      return { problem: chosen.problem };
    }
    vantage = withRegion(chosen.vantage, options.region);
    elsewhere = vantage.kind === 'given';
    if (elsewhere && options.useProbes)
      warnings.push(`${options.from} is not this machine: nothing was probed, the model alone decides.`);
  }
  const late = early ?? readDns(state, elsewhere);
  if (!elsewhere) await probe(state);
  const dns = await (late ?? readDns(state, false));
  if (dns !== undefined) {
    coverage.push(...dns.coverage);
    warnings.push(...dns.warnings);
    state = mergeStates([state, dns.state]);
  }
  const policies = await (access ?? readAccess(state));
  if (policies !== undefined) {
    coverage.push(...policies.coverage);
    state = mergeStates([state, policies.state]);
  }
  progress.stop();
  if (io.signal.aborted) warnings.push('The run was interrupted: this is what was known by then.');
  else if (signal.aborted)
    warnings.push(`The deadline of ${durations.deadline / 1000} s came first: this is what was known by then.`);

  const all = inRungOrder([...observations.values()]);
  coverage.push(...probeCoverage(all, reasons));
  const result: Case = {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: TOOL,
    startedAt,
    durationMs: Math.round(host.monotonic() - started),
    requests: options.requests,
    vantage,
    state,
    probed: options.useProbes && !elsewhere,
    observations: all,
    coverage,
    warnings,
  };
  // Diagnosed is what the case file would say, so that a replay prints the same bytes.
  const again = decodeCase(encodeCase(result), 'this run');
  if (!again.ok) throw new Error(again.problem);
  return again.case;
}

/** Node's own hello, once a handshake was made: before, nobody asks, and the first packet need not wait for TLS. */
async function defaultHello(seen: Iterable<Observation>): Promise<'large' | 'small' | undefined> {
  if (![...seen].some(({ rung }) => rung === 'tls')) return undefined;
  const { isDefaultHelloLarge } = await import('../probes/hello.ts');
  return isDefaultHelloLarge() ? 'large' : 'small';
}

/** What the API's Date says of this machine's clock, beside what the metadata service said. */
function withReading(vantage: Vantage, offsetMs: number): Vantage {
  const { clock } = vantage;
  if (clock === undefined) return vantage;
  return { ...vantage, clock: { ...clock, readings: [...clock.readings, { source: 'ec2-api', offsetMs }] } };
}

function withRegion(vantage: Vantage, region: string | undefined): Vantage {
  return region === undefined
    ? vantage
    : { ...vantage, region, sdk: { ...vantage.sdk, region, regionSource: '--region' } };
}

function resolve(options: LiveOptions, vantage: Vantage, state: State): { targets: readonly Target[] } {
  return resolveTargets(options.requests, {
    region: calledRegion(vantage),
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: state.vpcEndpoints,
    endpointServices: state.endpointServices,
  });
}

async function startCollecting(
  io: Io,
  options: LiveOptions,
  vantage: Vantage,
  signal: AbortSignal,
  progress: Progress,
) {
  const { targets } = resolve(options, vantage, options.given);
  const from = options.from?.trim().toLowerCase();
  const { collectState } = await import('../collect/collect.ts');
  return collectState(io.host, {
    region: options.region ?? vantage.region ?? vantage.sdk.region,
    vpcId:
      from === undefined || vantage.interfaces.some((one) => one.networkInterfaceId === from)
        ? vantage.vpcId
        : undefined,
    clientAddresses: from !== undefined && /^[0-9a-f.:]+$/.test(from) ? [from] : vantage.addresses,
    clientInterfaceId: from?.startsWith('eni-') ? from : from === undefined ? vantage.networkInterfaceId : undefined,
    // Its metadata options say why the metadata service does not answer.
    instanceId: from?.startsWith('i-') ? from : from === undefined && isDeaf(vantage) ? vantage.instanceId : undefined,
    // Until the endpoints are known, "every endpoint" stands for a workload that may not be meant at all.
    serviceNames: options.requests.some((request) => request.kind === 'every-endpoint')
      ? []
      : [...new Set(targets.flatMap((target) => target.serviceNames))],
    unknownHosts: targets.flatMap((target) =>
      target.serviceId === undefined && target.host !== undefined && target.serviceNames.length > 0
        ? [target.host]
        : [],
    ),
    durations: options.durations,
    signal,
    onCall: (action) => progress.say(action),
  });
}

/** The SDK for JavaScript heeds no proxy variable, so that our own calls go straight: worth a word where that way is closed. */
function proxyWarning({ proxy }: Vantage, state: State): string[] {
  const { callerIdentities: _sts, ...fromEc2 } = state;
  const silent = Object.values(fromEc2).some((slice) => !slice.known && ['unreachable', 'timeout'].includes(slice.why));
  if (proxy.httpsProxy === undefined || !silent) return [];
  return [
    `The EC2 API was asked without the proxy ${proxy.httpsProxy}, which this tool does not use for its own calls: run \`vpce-doctor collect\` where the API is within reach, and give its file with --state.`,
  ];
}

function isDeaf({ metadata }: Vantage): boolean {
  return metadata !== undefined && metadata.outcome !== 'answered';
}

function denialsIn(observations: readonly Observation[]): Denial[] {
  return observations.flatMap((one) =>
    one.rung === 'https' || one.rung === 'access' ? (one.detail.denial ?? []) : [],
  );
}

/** What the vantage saw of the metadata service, where it is missing: evidence like any other. */
function metadataObservations({ metadata }: Vantage): MetadataObservation[] {
  if (metadata === undefined || metadata.outcome === 'answered') return [];
  const { outcome, address, port, status, connected, code, ms } = metadata;
  const subject = { service: 'instance' as const, address, port };
  const failure = code === undefined ? undefined : { code };
  const detail = { status, connected, failure };
  return [{ id: probeId('metadata', subject), rung: 'metadata', subject, after: [], ms, outcome, detail }];
}

/** By rung, and within a rung in the order in which the plan came to it; the metadata service, which no plan asks, comes first. */
function inRungOrder(observations: readonly Observation[]): Observation[] {
  return (['metadata', ...RUNGS] as const).flatMap((rung) => observations.filter((one) => one.rung === rung));
}
