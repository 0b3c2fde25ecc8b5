/** Several cells that share one list of jobs: each takes the next one when it has answered the last. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startCell } from './cell.ts';

export type Job =
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'mistake'; readonly name: string }
  | { readonly kind: 'scenario'; readonly name: string }
  | { readonly kind: 'script'; readonly name: string; readonly shell: readonly string[] }
  | { readonly kind: 'fleet' };

/**
 * Runs every job and hands over each answer as it comes. A cell that ends early fails the job that it had and is replaced.
 * @param answered is given the job and the worker's answer; `undefined` when its cell died
 */
export async function runJobs<A>(
  flags: readonly string[],
  jobs: readonly Job[],
  width: number,
  args: readonly string[],
  answered: (job: Job, answer: A | undefined) => void,
): Promise<void> {
  const waiting = [...jobs];
  const one = async (): Promise<void> => {
    let cell: ChildProcess | undefined;
    let lines: AsyncIterator<string> | undefined;
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (cell === undefined || lines === undefined) {
        cell = startCell(flags, new URL('worker.ts', import.meta.url), args);
        RUNNING.add(cell);
        cell.stdin?.on('error', () => undefined);
        if (cell.stdout === null) throw new Error('a cell has no output');
        lines = createInterface({ input: cell.stdout })[Symbol.asyncIterator]();
      }
      cell.stdin?.write(`${JSON.stringify(job)}\n`);
      const { value, done } = await lines.next();
      if (done === true) {
        RUNNING.delete(cell);
        cell = undefined;
        answered(job, undefined);
      } else answered(job, JSON.parse(value) as A);
    }
    cell?.stdin?.end();
    if (cell !== undefined) RUNNING.delete(cell);
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, one));
}

const RUNNING = new Set<ChildProcess>();

/** Ends every cell at once; the kernel removes what is in them. */
export function endCells(): void {
  for (const cell of RUNNING) cell.kill('SIGKILL');
}
