#!/usr/bin/env node
/** argv, signals, exit code: nothing else. */
import type { Host } from './model/host.ts';
import { versionLine } from './version.ts';

const interrupt = new AbortController();
// The first Ctrl-C ends the run with a report of what is known; the second ends the process.
process.once('SIGINT', () => {
  interrupt.abort();
  process.once('SIGINT', () => process.exit(130));
});
process.once('SIGTERM', () => interrupt.abort());
// A reader that went away (`| head`) is no error of ours, and the exit status stays the verdict's. A full disk is one: a
// report that nobody can read must not look like success.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`vpce-doctor: standard output cannot be written: ${error.code}.\n`);
  process.exit(3);
});
process.stderr.on('error', () => {});

// Whatever goes wrong outside of `main` is a bug too, and Node's own status for it, 1, would read as "blocked".
process.exitCode = 3;
process.on('uncaughtException', (error) => {
  reportBug(error);
  process.exit(3);
});

const argv = process.argv.slice(2);
// Asked by scripts before each run: it needs nothing that the rest needs.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${versionLine(`${process.platform}-${process.arch}`)}\n`);
  process.exitCode = 0;
} else void run();

async function run(): Promise<void> {
  try {
    const [{ main }, { realHost }] = await Promise.all([import('./commands/program.ts'), import('./host.ts')]);
    process.exitCode = await main(argv, {
      host: hostOrEnd(realHost),
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
      stdin: readInput,
      stdinStream,
      stdinIsTerminal: process.stdin.isTTY === true,
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      showsProgress: process.stderr.isTTY === true && process.stdout.isTTY === true,
      signal: interrupt.signal,
    });
  } catch (error) {
    reportBug(error);
  }
}

/** A pipe that is silent must not keep a process that was told to end. */
function stdinStream(): AsyncIterable<Uint8Array> {
  interrupt.signal.addEventListener('abort', () => process.stdin.destroy());
  return process.stdin;
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** This machine; a guard that cannot be read is the user's to repair and no error of ours. */
function hostOrEnd(realHost: () => Host): Host {
  try {
    return realHost();
  } catch (error) {
    process.stderr.write(`vpce-doctor: ${error instanceof Error ? error.message : String(error)}.\n`);
    return process.exit(3);
  }
}

function reportBug(error: unknown): void {
  const words = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `vpce-doctor: internal error: ${words.split('\n')[0]}. Please report it with the command that you typed.\n`,
  );
  if (process.env['VPCE_DOCTOR_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
}
