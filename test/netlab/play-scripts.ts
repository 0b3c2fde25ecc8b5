/** `run.ts --script`: the probe script against the tool's own probes, scenario by scenario. */
import { runJobs } from './pool.ts';
import type { ScriptAnswer } from './run-script.ts';
import { SCENARIOS } from './scenarios.ts';
import { SCRIPT_SELECTION } from './script-selection.ts';

export type ScriptOptions = {
  readonly flags: readonly string[];
  readonly tool: readonly string[];
  readonly jobs: number;
  readonly shell: string;
  /** parts of names or causes' codes; `all` for every scenario */
  readonly only?: readonly string[] | undefined;
};

/** Prints one line per scenario and the sum. @returns the exit status */
export async function playScripts(options: ScriptOptions): Promise<number> {
  const { only } = options;
  const wanted = only ?? SCRIPT_SELECTION;
  const chosen = SCENARIOS.filter(
    ({ name, expect }) =>
      only?.includes('all') ||
      wanted.some((text) => name.includes(text) || (only !== undefined && expect.causes.some((code) => code === text))),
  );
  const unknown = wanted.filter(
    (text) =>
      text !== 'all' &&
      !SCENARIOS.some(({ name, expect }) => name.includes(text) || expect.causes.some((code) => code === text)),
  );
  for (const text of unknown) console.log(`✗ no scenario has "${text}" in its name`);
  let [passed, failed] = [0, unknown.length];
  const shell = options.shell.split(' ');
  const jobs = chosen.map(({ name }) => ({ kind: 'script', name, shell }) as const);
  // Each plays two runs, one of them with a process per question: more at once, and both only wait for a processor.
  await runJobs<ScriptAnswer>(options.flags, jobs, Math.min(6, options.jobs), options.tool, (job, answer) => {
    const problem = answer === undefined ? 'its cell died' : answer.problem;
    if (problem === undefined) passed++;
    else failed++;
    const seconds = ((answer?.ms ?? 0) / 1000).toFixed(1);
    const name = job.kind === 'script' ? job.name : '';
    const found =
      answer?.limit === undefined ? (answer?.script ?? 'nothing') : `${answer.own} stays unseen: ${answer.limit}`;
    console.log(
      `${problem === undefined ? '✓' : '✗'} ${name} (${seconds} s; ${found})${problem === undefined ? '' : `\n    ${problem}`}`,
    );
  });
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
