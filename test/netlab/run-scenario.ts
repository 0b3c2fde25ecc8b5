/**
 * Plays one scenario: the world in the kernel, the built command on its client, what a plain program gets beside it, and
 * then every fix that claims to open something, applied to the world and tried for real.
 */
import type { World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { applyCommands } from './aws-cli.ts';
import { type Bed, startBed } from './bed.ts';
import type { Reached } from './reach.ts';
import type { Scenario } from './scenario.ts';

export type FixTrial = {
  /** whose fix: a cause's code, or `plan` for the whole fix plan */
  readonly of: string;
  readonly opened: boolean;
  readonly why?: string;
};

export type ScenarioAnswer = {
  readonly name: string;
  readonly ms: number;
  readonly verdict: string;
  /** causes that are blamed (advice left out), in rank order: `code standing` */
  readonly named: readonly { readonly code: string; readonly standing: string }[];
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

/** @param tool the command line of the tool under test, without arguments */
export async function runScenario(scenario: Scenario, tool: readonly string[]): Promise<ScenarioAnswer> {
  const nothing = {
    name: scenario.name,
    ms: 0,
    verdict: '',
    named: [],
    contradicted: [],
    unexplained: [],
    truth: '',
    fixes: [],
  };
  try {
    const world = scenario.world();
    const { report, ms, truth } = await observe(world, scenario, tool);
    const fixes: FixTrial[] = [];
    for (const trial of trialsOf(report)) fixes.push(await tryFix(scenario, world, trial, truth));
    return {
      name: scenario.name,
      ms,
      verdict: report.verdict,
      named: report.causes
        .filter((cause) => cause.severity !== 'advice')
        .map(({ code, standing }) => ({ code, standing })),
      contradicted: report.contradicted.map((entry) => entry.code),
      unexplained: report.unexplained,
      truth: summary(truth),
      fixes,
    };
  } catch (error) {
    return { ...nothing, error: error instanceof Error ? error.message : String(error) };
  }
}

async function observe(world: World, scenario: Scenario, tool: readonly string[]) {
  const bed = await startBed(world);
  try {
    const command = [...tool, ...scenario.targets, '--format', 'json', ...(scenario.options ?? [])];
    const [ran, truth] = await Promise.all([bed.run(command, TOOL_LIMIT_MS), reach(bed, hostsOf(scenario.targets))]);
    return { report: reportOf(ran.stdout, ran.stderr, ran.status), ms: ran.ms, truth };
  } finally {
    await bed.close();
  }
}

function reportOf(stdout: string, stderr: string, status: number | null): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`no report (status ${status}): ${(stderr || stdout).trim().slice(0, 600)}`);
  }
}

/** Targets that a plain program can try too: host names and addresses. */
function hostsOf(targets: readonly string[]): string[] {
  return targets.filter((target) => target.includes('.') && !target.startsWith('com.'));
}

async function reach(bed: Bed, hosts: readonly string[]): Promise<Map<string, Reached>> {
  const script = new URL('reach.ts', import.meta.url).pathname;
  const all = hosts.map(async (host) => {
    const [name = '', port = '443'] = host.split(':');
    const { stdout } = await bed.run([process.execPath, script, name, port, '24'], REACH_LIMIT_MS);
    const silent: Reached = { lookup: 'no answer in time', addresses: [], tried: 0, opened: 0 };
    return [host, stdout === '' ? silent : (JSON.parse(stdout) as Reached)] as const;
  });
  return new Map(await Promise.all(all));
}

function summary(truth: ReadonlyMap<string, Reached>): string {
  return [...truth.values()]
    .map(({ lookup, tried, opened, tls }) => {
      if (lookup !== undefined) return `no address (${lookup})`;
      return `${opened}/${tried} open${tls === undefined ? '' : `, ${tls}`}`;
    })
    .join('; ');
}

type Trial = {
  readonly of: string;
  readonly commands: readonly string[];
  readonly targets: readonly string[];
  readonly all: boolean;
};

/** Fixes that claim to open a target by themselves, and the whole plan where it is more than one of them. */
function trialsOf(report: Report): Trial[] {
  const alone = report.causes
    .filter((cause) => cause.fix.proof === 'opens')
    .map((cause) => ({ of: cause.code, commands: cause.fix.commands, targets: cause.targets, all: false }));
  const steps = report.fixPlan.steps.flatMap((rank) => report.causes.filter((cause) => cause.rank === rank));
  if (report.fixPlan.opens.length === 0) return alone;
  const plan = {
    of: 'plan',
    commands: steps.flatMap((cause) => cause.fix.commands),
    targets: report.fixPlan.opens,
    all: true,
  };
  const same = alone.length === 1 && steps.length === 1 && alone[0]?.targets.length === plan.targets.length;
  return same ? alone.map((trial) => ({ ...trial, all: true })) : [...alone, plan];
}

async function tryFix(
  scenario: Scenario,
  world: World,
  { of, commands, targets, all }: Trial,
  before: ReadonlyMap<string, Reached>,
): Promise<FixTrial> {
  const fixed = structuredClone(world);
  try {
    applyCommands(fixed, commands);
  } catch (error) {
    return { of, opened: false, why: error instanceof Error ? error.message : String(error) };
  }
  const hosts = hostsOf(scenario.targets).filter((host) => targets.includes(host));
  if (hosts.length === 0) return { of, opened: true, why: 'no host name to try' };
  const bed = await startBed(fixed, false);
  try {
    const after = await reach(bed, hosts);
    const open = hosts.filter((host) => isOpen(after.get(host)));
    const newly = open.filter(
      (host) => !isOpen(before.get(host)) || sameWay(before.get(host), after.get(host)) === false,
    );
    const opened = all ? open.length === hosts.length : newly.length > 0;
    return opened ? { of, opened } : { of, opened, why: `after it: ${summary(after)}` };
  } finally {
    await bed.close();
  }
}

function isOpen(reached: Reached | undefined): boolean {
  return reached !== undefined && reached.tried > 0 && reached.opened === reached.tried && reached.tls === undefined;
}

/** A target that worked by another way is opened when its name leads elsewhere now. */
function sameWay(a: Reached | undefined, b: Reached | undefined): boolean {
  return [...(a?.addresses ?? [])].sort().join() === [...(b?.addresses ?? [])].sort().join();
}
