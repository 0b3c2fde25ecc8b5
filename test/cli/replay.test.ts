/** A saved run prints the same bytes again, elsewhere and later; and what leaves the machine can be redacted. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB, LAB_ACCOUNT } from '../../src/lab/world.ts';
import { FORMATS } from '../../src/report/formats.ts';
import { emptyFolder, lab, run } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

const QUICK = ['--timeout', '0.3'];
const OTHER_MACHINE = { AWS_REGION: 'us-east-1', HTTPS_PROXY: 'http://192.0.2.1:3128' };

describe('diagnose case.json', () => {
  test.each([
    { codes: [] },
    { codes: ['endpoint-sg-blocks-client'] },
    { codes: ['private-dns-disabled', 'client-sg-blocks-egress'] },
  ])('prints what the run printed: demo $codes', async ({ codes }) => {
    const file = join(emptyFolder(), 'case.json');
    for (const format of FORMATS) {
      const live = await run(['demo', ...codes, ...QUICK, '--format', format, '--save', file]);
      const again = await run(['diagnose', file, '--format', format], { env: OTHER_MACHINE });
      expect(again).toEqual({ ...live, stderr: '' });
      expect(live.stdout).not.toBe('');
    }
  });

  test('also from state alone, and saving it again gives the same file', async () => {
    const [first, second] = ['1.json', '2.json'].map((name) => join(emptyFolder(), name)) as [string, string];
    const world = healthyWorld();
    checkOf('route-blackhole')?.demonstration.inject(world);
    for (const from of [['--from', LAB.clientInterface], []]) {
      const args = ['diagnose', '--state', stateFolder(world), ...from, LAB.secretsHost, '--save', first];
      const live = await run(args);
      const again = await run(['diagnose', first, '--save', second], { env: OTHER_MACHINE });
      expect(again.stdout).toBe(live.stdout);
      expect(again.status).toBe(live.status);
      expect(readFileSync(second, 'utf8')).toBe(readFileSync(first, 'utf8'));
    }
  });

  test('takes other targets, and says what it knows of them', async () => {
    const file = join(emptyFolder(), 'case.json');
    await run(['demo', ...QUICK, '--save', file]);
    const { stdout } = await run(['diagnose', file, LAB.s3Host]);
    expect(stdout).toMatch(/reachable +s3\.eu-west-1\.amazonaws\.com/);
    expect(stdout).not.toContain('secretsmanager.eu-west-1.amazonaws.com answers');
  });
});

describe('the two halves, taken apart', () => {
  test('evidence from inside and state from elsewhere give the cause', async () => {
    const world = healthyWorld();
    checkOf('endpoint-sg-blocks-client')?.demonstration.inject(world);
    const host = await lab(world);
    const evidence = join(emptyFolder(), 'evidence.json');
    const state = join(emptyFolder(), 'state.json');
    const probed = await run(['probe', LAB.secretsHost, ...QUICK, '-o', evidence], { host });
    expect(probed.status).toBe(1);
    expect(await run(['collect', '-o', state], { host })).toEqual({ status: 0, stdout: '', stderr: '' });
    const { status, stdout } = await run(['diagnose', '--evidence', evidence, '--state', state, '--format', 'json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).causes).toMatchObject([{ code: 'endpoint-sg-blocks-client', standing: 'confirmed' }]);
    // The same file is a case file too.
    expect((await run(['diagnose', evidence, '--state', state, '--format', 'json'])).stdout).toBe(stdout);
  });
});

describe('--redact', () => {
  test('takes the account out of the report and of the file alike', async () => {
    const file = join(emptyFolder(), 'case.json');
    const args = ['demo', 'endpoint-sg-blocks-client', ...QUICK, '--verbose', '--format', 'json', '--save', file];
    const open = await run(args);
    expect(open.stdout).toContain(LAB_ACCOUNT);
    expect(readFileSync(file, 'utf8')).toContain(LAB_ACCOUNT);
    const redacted = await run([...args, '--redact']);
    expect(redacted.stdout).not.toContain(LAB_ACCOUNT);
    expect(readFileSync(file, 'utf8')).not.toContain(LAB_ACCOUNT);
    expect(redacted.stdout).toContain('account-1');
    expect(redacted.status).toBe(open.status);
    expect((await run(['diagnose', file, '--verbose', '--format', 'json'])).stdout).toBe(redacted.stdout);
  });

  test('works on a case that was saved before', async () => {
    const [file, clean] = ['case.json', 'clean.json'].map((name) => join(emptyFolder(), name)) as [string, string];
    await run(['demo', ...QUICK, '--save', file]);
    await run(['diagnose', file, '--redact', '--save', clean]);
    expect(readFileSync(clean, 'utf8')).not.toContain(LAB_ACCOUNT);
    expect((await run(['diagnose', clean])).status).toBe(0);
  });
});

describe('-o', () => {
  test('writes what else would be printed, without colour', async () => {
    const folder = emptyFolder();
    const [file, report] = [join(folder, 'case.json'), join(folder, 'report.txt')];
    writeFileSync(report, 'an older and much longer report\n'.repeat(1000));
    await run(['demo', ...QUICK, '--save', file]);
    const printed = await run(['diagnose', file]);
    expect(await run(['diagnose', file, '-o', report], { columns: 120 })).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(report, 'utf8')).toBe(printed.stdout);
  });
});
