/**
 * Plays one scenario: the world in the kernel, the built command on its client, what a plain program gets beside it, and
 * then every fix that claims to open something, applied to the world and tried for real.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { applyCommands } from './aws-cli.ts';
import { type Bed, startBed } from './bed.ts';
import { COMPILED } from './cell.ts';
import type { Reached } from './reach.ts';
import type { Scenario } from './scenario.ts';

export type FixTrial = {
  /** whose fix: a cause's code, or `plan` for the whole fix plan */
  readonly of: string;
  /** `not tried`: none of its targets is something that a plain program could call */
  readonly result: 'opened' | 'not opened' | 'not tried';
  /** whether everything is as it was once the undo was typed too; absent where the fix names none */
  readonly undone?: boolean;
  readonly why?: string;
};

export type ScenarioAnswer = {
  readonly name: string;
  readonly ms: number;
  /** for how long (ms) the world's services, all of which this process is, stood still at worst while they were used */
  readonly stoodStillMs: number;
  readonly verdict: string;
  /** causes that are blamed (advice left out), in rank order: `code standing` */
  readonly named: readonly { readonly code: string; readonly standing: string }[];
  /** codes of causes that are advice only */
  readonly advised: readonly string[];
  readonly contradicted: readonly string[];
  readonly unexplained: readonly string[];
  /** what a plain program got from the same client at the same time */
  readonly truth: string;
  readonly fixes: readonly FixTrial[];
  /** what went wrong with the run itself */
  readonly error?: string;
};

const TOOL_LIMIT_MS = 45_000;
const REACH_LIMIT_MS = 25_000;
/** The bed has no wire that delays or loses anything: who says nothing for so long is silent. */
const SILENT_AFTER_MS = 1_300;
/** Where an answer is expected, a busy machine may take its time. */
const ANSWERS_WITHIN_MS = 6_000;

/** @param tool the command line of the tool under test, without arguments */
export async function runScenario(scenario: Scenario, tool: readonly string[]): Promise<ScenarioAnswer> {
  const nothing = {
    name: scenario.name,
    ms: 0,
    stoodStillMs: 0,
    verdict: '',
    named: [],
    advised: [],
    contradicted: [],
    unexplained: [],
    truth: '',
    fixes: [],
  };
  try {
    const world = scenario.world();
    const delays = monitorEventLoopDelay();
    const observed = await observe(world, scenario, tool, delays);
    const { report, ms, truth } = observed;
    const keep = process.env['NETLAB_REPORTS'];
    if (keep !== undefined)
      writeFileSync(join(keep, `${scenario.name.replaceAll(/\W+/g, '-')}.json`), JSON.stringify(report, null, 1));
    const fixes: FixTrial[] = [];
    for (const trial of trialsOf(report)) fixes.push(await tryFix(scenario, world, trial, observed, delays));
    return {
      name: scenario.name,
      ms,
      stoodStillMs: Math.round(delays.max / 1e6),
      verdict: report.verdict,
      named: report.causes
        .filter((cause) => cause.severity !== 'advice')
        .map(({ code, standing }) => ({ code, standing })),
      advised: report.causes.filter((cause) => cause.severity === 'advice').map((cause) => cause.code),
      contradicted: report.contradicted.map((entry) => entry.code),
      unexplained: report.unexplained,
      truth: summary(truth),
      fixes,
    };
  } catch (error) {
    return { ...nothing, error: error instanceof Error ? error.message : String(error) };
  }
}

async function observe(world: World, scenario: Scenario, tool: readonly string[], delays: Delays): Promise<Observed> {
  const bed = await startBed(world, scenario.hazards);
  try {
    const { options = [] } = scenario;
    const command = [
      ...(options.includes('--signed') ? signing(tool) : tool),
      ...scenario.targets,
      '--format',
      'json',
      ...options,
    ];
    const typed = placesOf(scenario.targets);
    delays.enable();
    const [ran, truth] = await Promise.all([bed.run(command, TOOL_LIMIT_MS), reach(bed, typed, scenario.asks)]);
    delays.disable();
    const report = reportOf(ran.stdout, ran.stderr, ran.status);
    const places = new Map(report.targets.map((target) => [target.id, placeOf(world, target)]));
    // What was not typed as a host name is called by the one that the report names, so that its fix can be tried.
    const others = [...places.values()].filter((place) => place !== undefined && !truth.has(place));
    for (const [place, reached] of await reach(bed, [...new Set(others)] as string[], scenario.asks))
      truth.set(place, reached);
    return { report, ms: ran.ms, truth, places };
  } finally {
    await bed.close();
  }
}

/** The tool as Node runs it where the lab's authority is one of the roots that Node was built with. */
function signing([node = '', ...rest]: readonly string[]): string[] {
  return [node, '--import', new URL('amazon-root.ts', import.meta.url).pathname, ...rest];
}

/** Measured while somebody uses the world, and not while it is built, which stops this process. */
type Delays = ReturnType<typeof monitorEventLoopDelay>;

type Observed = {
  readonly report: Report;
  readonly ms: number;
  /** by place */
  readonly truth: ReadonlyMap<string, Reached>;
  /** `host:port` by the target's id, for those that a plain program can call */
  readonly places: ReadonlyMap<string, string | undefined>;
};

/** Where a plain program would call a target: its host, its address, or its endpoint's own name. */
function placeOf(world: World, target: Report['targets'][number]): string | undefined {
  const own = world.api.vpcEndpoints.find((endpoint) => target.requested.includes(endpoint.VpcEndpointId));
  const host = target.host ?? target.address ?? own?.DnsEntries?.[0]?.DnsName;
  return host === undefined || host.includes('*') ? undefined : `${host} ${target.port}`;
}

function reportOf(stdout: string, stderr: string, status: number | null): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`no report (status ${status}): ${(stderr || stdout).trim().slice(0, 600)}`);
  }
}

/** Targets that are host names or addresses as they were typed. */
function placesOf(targets: readonly string[]): string[] {
  return targets
    .map((target) => target.replace(/^https:\/\/([^/]+)\/.*$/, '$1'))
    .filter((target) => target.includes('.') && !target.startsWith('com.') && !target.includes('/'))
    .map((target) => target.replace(/:(\d+)$/, ' $1').replace(/^([^ ]*)$/, '$1 443'));
}

async function reach(
  bed: Bed,
  places: readonly string[],
  asks: Scenario['asks'],
  patienceMs = SILENT_AFTER_MS,
): Promise<Map<string, Reached>> {
  const script = new URL('reach.ts', import.meta.url).pathname;
  const all = places.map(async (place) => {
    const [name = '', port = ''] = place.split(' ');
    const question = asks?.find(({ url }) => new URL(url).hostname === name);
    const asked = question === undefined ? [] : [JSON.stringify(question)];
    const plain = ['env', `NODE_COMPILE_CACHE=${COMPILED}`, process.execPath, script];
    const { stdout } = await bed.run([...plain, name, port, '24', String(patienceMs), ...asked], REACH_LIMIT_MS);
    const silent: Reached = { lookup: 'no answer in time', addresses: [], tried: 0, opened: 0 };
    return [place, stdout === '' ? silent : (JSON.parse(stdout) as Reached)] as const;
  });
  return new Map(await Promise.all(all));
}

function summary(truth: ReadonlyMap<string, Reached>): string {
  return [...truth.values()]
    .map(({ lookup, tried, opened, tls, proxied, asked }) => {
      const direct = lookup === undefined ? `${opened}/${tried} open` : `no address (${lookup})`;
      const by = proxied === undefined ? '' : `, ${proxied} by proxy`;
      const said = asked === undefined ? '' : `, says ${asked}`;
      return `${direct}${tls === undefined ? '' : `, ${tls}`}${by}${said}`;
    })
    .join('; ');
}

type Trial = {
  readonly of: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly targets: readonly string[];
  readonly all: boolean;
};

/** Fixes that claim to open a target by themselves, and the whole plan where it is more than one of them. */
function trialsOf(report: Report): Trial[] {
  const alone = report.causes
    .filter((cause) => cause.fix.proof === 'opens')
    .map(({ code, fix, targets }) => ({ of: code, commands: fix.commands, undo: fix.undo, targets, all: false }));
  const steps = report.fixPlan.steps.flatMap((rank) => report.causes.filter((cause) => cause.rank === rank));
  if (report.fixPlan.opens.length === 0) return alone;
  const plan = {
    of: 'plan',
    commands: steps.flatMap((cause) => cause.fix.commands),
    // Where one step cannot be taken back (a route to what is gone), the plan cannot either.
    undo: steps.some((cause) => cause.fix.undo.length === 0) ? [] : report.fixPlan.undo,
    targets: report.fixPlan.opens,
    all: true,
  };
  const same = alone.length === 1 && steps.length === 1 && alone[0]?.targets.length === plan.targets.length;
  return same ? alone.map((trial) => ({ ...trial, all: true })) : [...alone, plan];
}

async function tryFix(
  scenario: Scenario,
  world: World,
  { of, commands, undo, targets, all }: Trial,
  { truth: before, places }: Observed,
  delays: Delays,
): Promise<FixTrial> {
  const wanted = targets.flatMap((id) => places.get(id) ?? []);
  if (wanted.length === 0) return { of, result: 'not tried' };
  const fixed = structuredClone(world);
  try {
    applyCommands(fixed, commands);
  } catch (error) {
    return { of, result: 'not opened', why: error instanceof Error ? error.message : String(error) };
  }
  const after = await reachIn(fixed, scenario, wanted, delays, ANSWERS_WITHIN_MS);
  const open = wanted.filter((place) => isOpen(after.get(place)));
  const newly = open.filter((place) => !isOpen(before.get(place)) || !sameWay(before.get(place), after.get(place)));
  // What was open before, by the same way, shows nothing of the fix.
  if (all && newly.length === 0 && open.length === wanted.length) return { of, result: 'not tried' };
  const opened = all ? open.length === wanted.length : newly.length > 0;
  if (!opened) return { of, result: 'not opened', why: `after it: ${summary(after)}` };
  if (undo.length === 0) return { of, result: 'opened' };
  return { of, result: 'opened', ...(await tryUndo(scenario, world, [...commands, ...undo], wanted, before, delays)) };
}

/** One shell types the fix and then its undo: variables and copies of files are those that the fix has made. */
async function tryUndo(
  scenario: Scenario,
  world: World,
  commands: readonly string[],
  places: readonly string[],
  before: ReadonlyMap<string, Reached>,
  delays: Delays,
): Promise<Pick<FixTrial, 'undone' | 'why'>> {
  const undone = structuredClone(world);
  try {
    applyCommands(undone, commands);
  } catch (error) {
    return { undone: false, why: `undo: ${error instanceof Error ? error.message : String(error)}` };
  }
  // The same description builds the same network: only what differs has to be tried.
  if (isDeepStrictEqual(undone, world)) return { undone: true };
  const after = await reachIn(undone, scenario, places, delays);
  const same = places.every((place) => alike(before.get(place), after.get(place)));
  return same ? { undone: true } : { undone: false, why: `after the undo: ${summary(after)}` };
}

async function reachIn(
  world: World,
  scenario: Scenario,
  places: readonly string[],
  delays: Delays,
  patienceMs?: number,
): Promise<Map<string, Reached>> {
  const bed = await startBed(world, scenario.hazards, false);
  try {
    delays.enable();
    return await reach(bed, places, scenario.asks, patienceMs);
  } finally {
    delays.disable();
    await bed.close();
  }
}

function isOpen(reached: Reached | undefined): boolean {
  if (reached === undefined || reached.tls !== undefined) return false;
  if (reached.asked !== undefined && !/^2/.test(reached.asked)) return false;
  if (reached.proxied !== undefined) return reached.proxied === 'answered';
  return reached.tried > 0 && reached.opened === reached.tried;
}

/** A target that worked by another way is opened when its name leads elsewhere now. */
function sameWay(a: Reached | undefined, b: Reached | undefined): boolean {
  const way = (reached: Reached | undefined) => [...(reached?.addresses ?? []), reached?.proxied].sort().join();
  return way(a) === way(b);
}

/** Closed is closed; which of many source ports of a half-closed path are tried is not the same each time. */
function alike(a: Reached | undefined, b: Reached | undefined): boolean {
  const share = (reached: Reached | undefined) =>
    reached === undefined || reached.opened === 0 ? 'none' : reached.opened === reached.tried ? 'all' : 'some';
  const ends = a?.lookup === b?.lookup && a?.tls === b?.tls && a?.asked === b?.asked;
  return sameWay(a, b) && share(a) === share(b) && ends;
}
