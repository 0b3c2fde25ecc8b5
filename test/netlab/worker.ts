/**
 * What runs inside a cell: reads jobs as JSON lines, answers each with one JSON line, and ends when its input does.
 * `node worker.ts COMMAND…`: the command line of the tool under test.
 */
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { judge } from './judge.ts';
import { startDriver } from './kernel.ts';
import { MISTAKES } from './mistakes.ts';
import type { Job } from './pool.ts';
import { randomWorld } from './random-world.ts';
import { runScenario } from './run-scenario.ts';
import { runScript } from './run-script.ts';
import { scenarioNamed } from './scenarios.ts';
import { describeWorld, shrink } from './shrink.ts';

export type RandomAnswer = {
  readonly seed: number;
  readonly compared: number;
  readonly open: number;
  /** the first few disagreements, and the smallest world that still shows one */
  readonly disagreements: readonly string[];
  readonly smallest?: string;
};

const tool = process.argv.slice(2);
// The lab loads these when it is first asked. Here all services of a world are this process: the metadata service would be silent
// meanwhile, for longer than the tool waits.
await Promise.all([
  import('../../src/lab/ec2-operations.ts'),
  import('../../src/lab/sts-operations.ts'),
  import('../../src/lab/route53-operations.ts'),
  import('../../src/lab/iam/answer.ts'),
  import('../../src/lab/iam/route-taken.ts'),
  import('../../src/lab/iam/successes.ts'),
]);
flushCompileCache();
let driver: ReturnType<typeof startDriver> | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Job;
  process.stdout.write(`${JSON.stringify(await answer(job))}\n`);
}
driver?.close();

function answer(job: Job): Promise<unknown> {
  if (job.kind === 'random') return randomOrError(job.seed);
  if (job.kind === 'script') return runScript(scenarioNamed(job.name), tool, job.shell);
  if (job.kind === 'fleet') return fleet();
  return job.kind === 'mistake' ? mistake(job.name) : runScenario(scenarioNamed(job.name), tool);
}

/** Loaded for this job alone: it brings the shapes of Systems Manager along. */
async function fleet(): Promise<readonly string[]> {
  const { ssmFlow } = await import('./ssm-flow.ts');
  return ssmFlow(tool);
}

/** How many connections show that model and kernel were given different worlds. */
async function mistake(name: string): Promise<number> {
  const found = MISTAKES.find((candidate) => candidate.name === name);
  driver ??= startDriver();
  return found === undefined ? 0 : (await judge(driver, found.shown(), 100, found.built())).disagreements.length;
}

/** A world that could not be compared at all is told like a disagreement. */
async function randomOrError(seed: number): Promise<RandomAnswer> {
  try {
    return await random(seed);
  } catch (error) {
    return { seed, compared: 0, open: 0, disagreements: [error instanceof Error ? error.message : String(error)] };
  }
}

async function random(seed: number): Promise<RandomAnswer> {
  driver ??= startDriver();
  const asking = driver;
  const world = randomWorld(seed);
  const { compared, open, disagreements } = await judge(asking, world);
  const [first] = disagreements;
  if (first === undefined) return { seed, compared, open, disagreements: [] };
  // It must stay the same disagreement: a smaller world may well show another one, which nobody has asked about.
  const smallest = await shrink(world, async (candidate) =>
    (await judge(asking, candidate, 100)).disagreements.some((one) => one.what === first.what),
  );
  return {
    seed,
    compared,
    open,
    disagreements: disagreements.slice(0, 3).map((one) => JSON.stringify(one)),
    smallest: describeWorld(smallest),
  };
}
