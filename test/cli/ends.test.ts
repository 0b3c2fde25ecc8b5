/** A run always ends, always reports, and its exit status is the verdict's: as processes, because that is what is tested. */

import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import { COMMAND, finished, run, runProcess, startProcess } from './support/run.ts';

/** An address that answers nothing keeps the probes waiting for 3.5 s. */
const SILENT = ['demo', 'endpoint-sg-blocks-client'];
const INTERRUPTED = 'The run was interrupted: this is what was known by then.';

describe('the exit status', () => {
  test.each<[number, string[]]>([
    [0, ['demo']],
    [1, [...SILENT, '--timeout', '0.2']],
    [2, ['probe', '127.0.0.1:9']],
    [3, ['--bogus']],
    [0, ['--help']],
    [0, ['help', 'probe']],
    [0, ['--version']],
    [0, ['explain']],
    [0, ['iam-policy']],
  ])('%i: vpce-doctor %j', async (status, args) => {
    const ran = await runProcess(args);
    expect(ran.status).toBe(status);
    expect(ran.stderr === '').toBe(status !== 3);
    expect(ran.stdout === '').toBe(status === 3);
  });
});

describe('an end before the end', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s gives a report', async (signal) => {
    const child = startProcess([...SILENT, '--format', 'json', '--timeout', '15', '--deadline', '60']);
    const ran = finished(child);
    // Long enough for the process to listen to signals; how far the run is by then does not matter here.
    setTimeout(() => child.kill(signal), 3_000);
    const { status, stdout, stderr } = await ran;
    const report = JSON.parse(stdout);
    expect([status, report.verdict, stderr]).toEqual([2, 'inconclusive', '']);
    expect(report.warnings).toEqual([INTERRUPTED]);
  });

  test('while a probe waits: what was known by then, and the rest as skipped', async () => {
    const controller = new AbortController();
    const { status, stdout } = await run([...SILENT, '--format', 'json', '--timeout', '15', '--deadline', '60'], {
      signal: controller.signal,
      onStderr: (text) => {
        if (text.includes('tcp probes')) setTimeout(() => controller.abort(), 300);
      },
    });
    const report = JSON.parse(stdout);
    expect([status, report.verdict]).toEqual([2, 'inconclusive']);
    const outcomes = report.observations.map(({ rung, outcome }: Observation) => `${rung} ${outcome}`);
    expect(new Set(outcomes)).toEqual(new Set(['dns answered', 'dns no-data', 'tcp skipped']));
    expect(report.causes).toMatchObject([{ code: 'endpoint-sg-blocks-client', standing: 'likely' }]);
  });

  test('before it began', async () => {
    const controller = new AbortController();
    controller.abort();
    const { status, stdout } = await run(['demo', '--format', 'json'], { signal: controller.signal });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'inconclusive',
      warnings: expect.arrayContaining([INTERRUPTED]),
    });
  });

  test.each(['0.001', '50ms', '1'])('--deadline %s', async (deadline) => {
    const { status, stdout } = await run([...SILENT, '--format', 'json', '--deadline', deadline]);
    const report = JSON.parse(stdout);
    expect([status, report.verdict]).toEqual([2, 'inconclusive']);
    expect(report.warnings.join(' ')).toMatch(/The deadline of [\d.]+ s came first/);
  });

  test('collect, too, prints what it has', async () => {
    const controller = new AbortController();
    controller.abort();
    const { status, stdout, stderr } = await run(['collect', '--region', 'eu-west-1'], { signal: controller.signal });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toHaveProperty('vpceDoctor');
    expect(stderr).toMatch(/^(vpce-doctor: Not read, [^\n]+\n)+$/);
  });
});

describe('a bug', () => {
  const bugs: [string, string][] = [
    ['an exception that nobody catches', "throw new Error('boom')"],
    ['a promise that nobody awaits', "Promise.reject(new Error('boom'))"],
  ];
  test.each(bugs)('%s: a line, and not the status of a verdict', async (_, bug) => {
    // Once everything is loaded, and long before the probes give up.
    const script = encodeURIComponent(`setTimeout(()=>{${bug}},2000)`);
    const node = [process.execPath, '--import', `data:text/javascript,${script}`];
    expect(await runProcess([...SILENT, '--format', 'json'], { node })).toEqual({
      status: 3,
      stdout: '',
      stderr: 'vpce-doctor: internal error: boom. Please report it with the command that you typed.\n',
    });
  });
});

describe('standard output', () => {
  test('closed by the reader: no noise, and still the verdict’s status', async () => {
    const child = startProcess([...SILENT, '--timeout', '0.2']);
    child.stdout.destroy();
    const { status, stderr } = await finished(child);
    expect([status, stderr]).toEqual([1, '']);
  });

  test.skipIf(process.platform !== 'linux')('on a full disk: a line, and no success', () => {
    const full = openSync('/dev/full', 'w');
    const [program, ...first] = COMMAND;
    const ran = spawnSync(program, [...first, 'explain'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    expect(ran).toMatchObject({
      status: 3,
      stderr: 'vpce-doctor: standard output cannot be written: ENOSPC.\n',
    });
  });

  test('into a pipe, all of it', async () => {
    const piped = await runProcess(['demo', '--verbose', '--format', 'html']);
    expect(piped.stdout.trimEnd()).toMatch(/<\/html>$/);
  });
});

test('two at once do not get in each other’s way', async () => {
  const faults = ['endpoint-sg-blocks-client', 'private-dns-disabled', 'tls-name-mismatch'];
  const runs = faults.map((code) => runProcess(['demo', code, '--timeout', '1', '--format', 'json']));
  const reports = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout));
  expect(reports.map((report) => report.causes[0].code)).toEqual(faults);
});
