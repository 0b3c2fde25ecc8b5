/** Reports go by, one at a time: what stays is a line for each host. No test here asks how long it takes. */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, expect, test } from 'vitest';
import { reportOf, type Templates, templates } from '../../bench/fleet-reports.ts';
import { factsOf } from '../../src/fleet/facts.ts';
import { summarize } from '../../src/fleet/summary.ts';
import { addReport, emptyTally, type Tally } from '../../src/fleet/tally.ts';
import { finished, startProcess } from '../cli/support/run.ts';

let made: Templates = [];
beforeAll(async () => {
  made = await templates();
}, 60_000);

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function add(tally: Tally, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    const read = factsOf(JSON.parse(reportOf(made, n)));
    if (!read.ok) throw new Error(read.problem);
    addReport(tally, read.facts);
  }
}

test('a host more costs a few hundred bytes, whatever it reported', { timeout: 60_000 }, () => {
  const tally = emptyTally();
  add(tally, 0, 2_400);
  const before = heapUsed();
  add(tally, 2_400, 10_000);
  const each = (heapUsed() - before) / 7_600;
  expect(tally.hosts.size).toBe(10_000);
  // A report is 20,000 to 30,000 characters; its host’s name, start and place in two tables are a few hundred bytes.
  expect(each).toBeLessThan(500);
  expect(summarize(tally, { top: 10, unreadable: { count: 0, examples: [] }, complete: true }).hosts.hosts).toBe(
    10_000,
  );
});

test('hosts that report again and again cost nothing more', { timeout: 60_000 }, () => {
  const tally = emptyTally();
  add(tally, 0, 1_000);
  const before = heapUsed();
  for (let again = 0; again < 3; again++) add(tally, 0, 1_000);
  expect(heapUsed() - before).toBeLessThan(500_000);
});

test('200 MB of reports go through a process with a heap of 48 MB', { timeout: 120_000 }, async () => {
  const child = startProcess(['fleet', '--format', 'json'], {
    node: [process.execPath, '--max-old-space-size=48'],
    stdinOpen: true,
  });
  const ran = finished(child);
  let characters = 0;
  let n = 0;
  for (; characters < 200_000_000; n++) {
    const line = `${reportOf(made, n)}\n`;
    characters += line.length;
    // Its end, should it come too early, is an event as well.
    if (!child.stdin.write(line)) await Promise.race([once(child.stdin, 'drain'), ran]);
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
  const { status, stdout, stderr } = await ran;
  expect(stderr).toBe('');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ hosts: { hosts: n } });
});
