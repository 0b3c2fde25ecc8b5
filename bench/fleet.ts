/**
 * What `fleet` takes for many reports: time and peak of the resident memory of one process, the bundle, that reads them from its
 * standard input. `npx node bench/fleet.ts [reports]`; the reports are made from real ones of the lab while the process reads.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../scripts/bundle.ts';
import { reportOf, templates } from './fleet-reports.ts';

const REPORTS = Number(process.argv[2] ?? 50_000);
/** Prints the peak of the resident memory, in kB, when the process ends. */
const PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\n'+process.resourceUsage().maxRSS))`;

const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-bench-'));
try {
  await bundle(folder);
  const made = await templates();
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', PEAK, join(folder, 'vpce-doctor.mjs'), 'fleet', '--format', 'json'],
    { env: { PATH: process.env['PATH'] } },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  let bytes = 0;
  for (let n = 0; n < REPORTS; n++) {
    const line = Buffer.from(`${reportOf(made, n)}\n`);
    bytes += line.length;
    if (!child.stdin.write(line)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [status] = await closed;
  const seconds = (performance.now() - started) / 1000;
  const { headline, causes, subnets } = JSON.parse(stdout) as Record<'causes' | 'subnets', { total: number }> & {
    headline: string;
  };
  const peak = Number(stderr.trim().split('\n').at(-1)) / 1024;
  const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  console.log(
    `Node ${process.version}, ${machine}; exit status ${status}; ${causes.total} causes, ${subnets.total} subnets`,
  );
  console.log(headline);
  console.log(
    `${REPORTS} reports, ${(bytes / 1e6).toFixed(0)} MB, in ${seconds.toFixed(1)} s: peak ${peak.toFixed(0)} MiB`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
