/**
 * The netlab: `node test/netlab/run.ts [--worlds N] [--seed N] [--only TEXT]… [--jobs N] [--tool COMMAND] [--no-docs]
 * [--reports FOLDER] [--script [--shell SHELL]]`.
 *
 * `--only` takes a part of scenario names, a report's number, a cause's code, or `random` for the random worlds alone.
 * `--reports` keeps what the tool said, one file per scenario.
 * `--script` plays no fixes and no random worlds: beside the tool it runs the probe script on each client, in `--shell`, and
 * compares the first causes. Alone it takes the scenarios of script-selection.ts; with `--only`, or `--only all`, others.
 *
 * Random worlds first (the model against the kernel), then the scenarios (the whole tool against the kernel). The last
 * line says how many passed and failed; docs/accuracy.md is written by complete runs. Where namespaces cannot be made it
 * says so and ends well, unless CI=true or NETLAB_REQUIRED=1, where not to run is to fail.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { accuracyPage, type RandomTotals } from './accuracy.ts';
import { findCells } from './cell.ts';
import { type Grade, grade } from './grade.ts';
import { sharedCode } from './independence.ts';
import { MISTAKES } from './mistakes.ts';
import { endCells, type Job, runJobs } from './pool.ts';
import type { ScenarioAnswer } from './run-scenario.ts';
import { SCENARIOS, scenarioNamed } from './scenarios.ts';
import type { RandomAnswer } from './worker.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '12' },
    tool: { type: 'string' },
    reports: { type: 'string' },
    'no-docs': { type: 'boolean', default: false },
    script: { type: 'boolean', default: false },
    shell: { type: 'string', default: 'sh' },
  },
});

const cells = findCells();
if ('impossible' in cells) {
  const required = process.env['CI'] === 'true' || process.env['NETLAB_REQUIRED'] === '1';
  console.log(`The netlab did not run: ${cells.impossible}.`);
  process.exit(required ? 1 : 0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    endCells();
    process.exit(130);
  });

// The cells inherit the environment.
if (values.reports !== undefined) {
  mkdirSync(values.reports, { recursive: true });
  process.env['NETLAB_REPORTS'] = resolve(values.reports);
}
const root = new URL('../../', import.meta.url);
const tool = values.tool?.split(' ') ?? defaultTool();
const started = performance.now();
let failed = 0;
/** Told again at the end: of a log of six hundred lines, most keep the last hundred. */
const failures: string[] = [];

if (values.script) {
  const { playScripts } = await import('./play-scripts.ts');
  process.exit(await playScripts({ ...values, jobs: Number(values.jobs), flags: cells.flags, tool }));
}

const asleep = await mistakes(cells.flags);
const random = await randomWorlds(Number(values.worlds), Number(values.seed), cells.flags);
const chosen = SCENARIOS.filter(({ name, expect, reported }) => {
  const { only } = values;
  const ids: readonly string[] = [...(reported?.split(', ') ?? []), ...expect.causes];
  return only === undefined || only.some((text) => name.includes(text) || ids.includes(text));
});
const isSigned = ({ options }: (typeof chosen)[number]) => options?.includes('--signed') === true;
const nameOf = ({ name }: (typeof chosen)[number]) => name;
// Silence overlaps, and signing does not: it is work, and a dozen at once would let the run's own time limits pass.
const graded = [
  ...(await scenarios(chosen.filter((one) => !isSigned(one)).map(nameOf), Number(values.jobs), cells.flags)),
  ...(await scenarios(chosen.filter(isSigned).map(nameOf), Math.min(3, Number(values.jobs)), cells.flags)),
];
const again = await playedAgain(graded.filter(stoodStill), cells.flags);
const order = chosen.map(nameOf);
const grades = [...graded.filter((one) => !stoodStill(one)), ...again].sort(
  (a, b) => order.indexOf(a.answer.name) - order.indexOf(b.answer.name),
);

const fleet = await systemsManager(cells.flags);

const minutes = ((performance.now() - started) / 60_000).toFixed(1);
if (values.only === undefined && !values['no-docs'])
  writeFileSync(
    new URL('docs/accuracy.md', root),
    accuracyPage(
      grades,
      random,
      again.map((one) => one.answer.name),
    ),
  );
if (failures.length > 0) console.log(['', 'What failed, once more:', ...failures, ''].join('\n'));
console.log(`took ${minutes} minutes`);
const passed = asleep.tried + random.worlds + grades.length + fleet.tried - failed;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One line of what was tried, and below it what is wrong with it. */
function tell(passed: boolean, what: string, problems: readonly string[] = []): void {
  const lines = [`${passed ? '✓' : '✗'} ${what}`, ...problems.map((problem) => `    ${problem}`)].join('\n');
  console.log(lines);
  if (passed) return;
  failed++;
  failures.push(lines);
}

/** Before anything else: does the judge notice what it must notice, and does it share nothing with the accused? */
async function mistakes(flags: readonly string[]): Promise<{ tried: number }> {
  if (values.only !== undefined && !values.only.includes('random')) return { tried: 0 };
  const shared = sharedCode(root);
  if (shared.length > 0) {
    tell(false, `the translation to the kernel shares code with the model: ${shared.join(', ')}`);
  }
  const jobs = MISTAKES.map(({ name }): Job => ({ kind: 'mistake', name }));
  let noticed = 0;
  await runJobs<number>(flags, jobs, 2, [], (job, answer) => {
    if (answer !== undefined && answer > 0) {
      noticed++;
      return;
    }
    tell(false, `a mistake went unnoticed: ${job.kind === 'mistake' ? job.name : ''}`);
  });
  console.log(`${noticed} of ${MISTAKES.length} deliberate mistakes were noticed`);
  return { tried: MISTAKES.length + 1 };
}

/**
 * An experiment whose apparatus failed says nothing: what did not end as expected in a world whose services had stood still. In a
 * whole run on two cores they do so for 0.1 s in the middle and 0.5 s at most.
 */
function stoodStill({ passed, answer }: Grade): boolean {
  return !passed && answer.stoodStillMs > 700;
}

/** One after the other, with nothing beside them; what they say now counts, whatever it is. */
async function playedAgain(first: readonly Grade[], flags: readonly string[]): Promise<Grade[]> {
  const out: Grade[] = [];
  for (const { answer } of first) out.push(...(await scenarios([answer.name], 1, flags, true)));
  return out;
}

/** `remote`, through Systems Manager, on two hosts in namespaces: `--only remote` runs it alone. */
async function systemsManager(flags: readonly string[]): Promise<{ tried: number }> {
  if (values.only !== undefined && !values.only.includes('remote')) return { tried: 0 };
  const from = performance.now();
  await runJobs<readonly string[]>(flags, [{ kind: 'fleet' }], 1, tool, (_job, answer) => {
    const problems = answer ?? ['its cell died'];
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    tell(problems.length === 0, `remote on two hosts by Systems Manager (${seconds} s)`, problems);
  });
  return { tried: 1 };
}

/** The command as it is shipped, built now: a bundle of yesterday would be judged for today's sources. */
function defaultTool(): string[] {
  const { status, stderr } = spawnSync(process.execPath, [new URL('scripts/bundle.ts', root).pathname], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the bundle could not be built: ${stderr}`);
  return [process.execPath, new URL('dist/vpce-doctor.mjs', root).pathname];
}

async function randomWorlds(count: number, seed: number, flags: readonly string[]): Promise<RandomTotals> {
  const sums = { worlds: 0, seed, compared: 0, open: 0, disagreements: 0 };
  if (values.only !== undefined && !values.only.includes('random')) return sums;
  const jobs = Array.from({ length: count }, (_, i): Job => ({ kind: 'random', seed: seed + i }));
  await runJobs<RandomAnswer>(flags, jobs, Math.min(2, Number(values.jobs)), [], (job, answer) => {
    sums.worlds++;
    if (answer === undefined || answer.disagreements.length > 0) {
      sums.disagreements++;
      const smallest = answer?.smallest === undefined ? [] : [`smallest world that shows it: ${answer.smallest}`];
      const seedOf = job.kind === 'random' ? job.seed : '';
      const died = answer === undefined ? ': its cell died' : '';
      tell(false, `random world, seed ${seedOf}${died}`, [...(answer?.disagreements ?? []), ...smallest]);
    }
    sums.compared += answer?.compared ?? 0;
    sums.open += answer?.open ?? 0;
  });
  console.log(
    `${sums.worlds} random worlds, ${sums.compared} connections, ${sums.open} of them open, ${sums.disagreements} disagreements`,
  );
  return sums;
}

async function scenarios(
  names: readonly string[],
  most: number,
  flags: readonly string[],
  last = false,
): Promise<Grade[]> {
  const done = new Map<string, Grade>();
  const jobs = names.map((name): Job => ({ kind: 'scenario', name }));
  await runJobs<ScenarioAnswer>(flags, jobs, most, tool, (job, answer) => {
    if (job.kind !== 'scenario') return;
    const dead = {
      name: job.name,
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
    const one = grade(scenarioNamed(job.name), answer ?? { ...dead, error: 'its cell died' });
    done.set(job.name, one);
    if (!last && stoodStill(one)) {
      console.log(`↻ ${job.name}: its world stood still for ${one.answer.stoodStillMs} ms, and is played again, alone`);
      for (const problem of one.problems) console.log(`    ${problem}`);
      return;
    }
    const { ms, truth } = one.answer;
    tell(one.passed, `${job.name} (${(ms / 1000).toFixed(1)} s; ${truth})`, one.problems);
  });
  return names.flatMap((name) => done.get(name) ?? []);
}
