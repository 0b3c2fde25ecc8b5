/**
 * What the single file costs before it does anything: time against an empty program, peak memory, and the time to the first
 * packet. `npm run bench [rounds]` builds the bundle and prints a table. Each round runs every program once, one after the
 * other, so that what else the machine does falls on all of them; the figures are medians, and ratios are taken within a round.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundle } from '../scripts/bundle.ts';

type Program = { readonly name: string; readonly args: readonly string[]; readonly script: string };
type Measured = { readonly ms: number; readonly peak: number };

const ROUNDS = Number(process.argv[2] ?? 21);
const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-bench-'));
const built = join(folder, 'vpce-doctor.mjs');
const empty = join(folder, 'empty.mjs');
const CONFINED = { PATH: process.env['PATH'], VPCE_DOCTOR_ONLY: '127.0.0.0/8', AWS_EC2_METADATA_DISABLED: 'true' };
/** Prints the peak of the resident memory, in kB, when a program ends. */
const PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\n'+process.resourceUsage().maxRSS))`;

const PROGRAMS: readonly Program[] = [
  { name: 'an empty program', script: empty, args: [] },
  { name: '`vpce-doctor --version`', script: built, args: ['--version'] },
  { name: '`vpce-doctor explain endpoint-missing`', script: built, args: ['explain', 'endpoint-missing'] },
  { name: '`vpce-doctor demo`', script: built, args: ['demo'] },
  {
    name: '`--version` from the sources',
    script: fileURLToPath(new URL('../src/cli.ts', import.meta.url)),
    args: ['--version'],
  },
];

try {
  const size = await bundle(folder);
  writeFileSync(empty, '');
  const rounds = Array.from({ length: ROUNDS }, () => PROGRAMS.map(measure));
  const first: number[] = [];
  for (let round = 0; round < ROUNDS; round++) first.push(await firstPacket());

  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${ROUNDS} rounds\n`,
  );
  console.log('| program | time | of an empty program | peak memory |\n| --- | ---: | ---: | ---: |');
  for (const [index, { name }] of PROGRAMS.entries()) {
    const own = rounds.flatMap((round) => round[index] ?? []);
    const ratios = rounds.map((round) => (round[index]?.ms ?? 0) / (round[0]?.ms ?? 1));
    const peak = median(own.map((one) => one.peak)) / 1024;
    console.log(
      `| ${name} | ${median(own.map((one) => one.ms)).toFixed(0)} ms | ${median(ratios).toFixed(1)} | ${peak.toFixed(0)} MiB |`,
    );
  }
  const packed = gzipSync(readFileSync(built), { level: 9 }).length;
  console.log(`\nThe bundle: ${(size / 1000).toFixed(0)} kB, ${(packed / 1000).toFixed(0)} kB with gzip.`);
  const start = median(first) / median(rounds.flatMap((round) => round[0]?.ms ?? []));
  console.log(
    `From the start of \`probe\` to its first packet: ${median(first).toFixed(0)} ms, ${start.toFixed(1)} times an empty program.`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

function measure({ script, args }: Program): Measured {
  const started = performance.now();
  const { stderr, error } = spawnSync(process.execPath, ['--import', PEAK, script, ...args], {
    env: CONFINED,
    encoding: 'utf8',
  });
  const ms = performance.now() - started;
  if (error !== undefined) throw error;
  return { ms, peak: Number(stderr.split('\n').at(-1)) };
}

/** Milliseconds from the start of the process until a listener on loopback sees its first connection. */
async function firstPacket(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = await listening(
    createServer((socket) => {
      resolve(performance.now());
      socket.destroy();
    }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  const started = performance.now();
  const child = spawn(process.execPath, [built, 'probe', `127.0.0.1:${address.port}`], {
    env: CONFINED,
    stdio: 'ignore',
  });
  const ended = new Promise((settle) => child.once('close', settle));
  const ms = (await promise) - started;
  await ended;
  server.close();
  return ms;
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
