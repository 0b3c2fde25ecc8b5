/**
 * Whole outputs as users see them, with the command before and the exit status after. `npx vitest run test/cli -u` writes
 * them again; what changed is then to be read. Durations and dates are taken out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { emptyFolder, run, withoutTimes } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['help', ['--help']],
  ['help-probe', ['help', 'probe']],
  ['help-collect', ['collect', '--help']],
  ['help-diagnose', ['diagnose', '--help']],
  ['help-probe-script', ['probe-script', '--help']],
  ['help-demo', ['demo', '--help']],
  ['help-remote', ['remote', '--help']],
  ['explain', ['explain']],
  ['explain-code', ['explain', 'endpoint-nacl-blocks-return']],
  ['iam-policy', ['iam-policy']],
  ['iam-policy-remote', ['iam-policy', 'remote']],
  ['iam-policy-refused', ['iam-policy', 'fleets']],
  ['refused', ['demo', 'endpoint-sg-block-client']],
];

const LIVE: readonly (readonly [string, readonly string[]])[] = [
  ['demo', ['demo']],
  ['demo-endpoint-sg-blocks-client', ['demo', 'endpoint-sg-blocks-client', '--timeout', '0.5']],
  ['demo-two-faults', ['demo', 'private-dns-disabled', 'endpoint-nacl-blocks-return', '--timeout', '0.5']],
  ['demo-resource-policy-denies-path', ['demo', 'resource-policy-denies-path', '--timeout', '0.5']],
  ['demo-endpoint-policy-denies.md', ['demo', 'endpoint-policy-denies', '--timeout', '0.5', '--format', 'markdown']],
  ['demo-gateway-route-missing.md', ['demo', 'gateway-route-missing', '--timeout', '0.5', '--format', 'markdown']],
];

describe('as a user sees it', () => {
  test.each(COMMANDS)('%s', async (name, args) => {
    await expect(await transcript(args)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test.each(LIVE)('%s', async (name, args) => {
    await expect(await liveTranscript(args)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('diagnose of a folder', async () => {
    const world = healthyWorld();
    checkOf('endpoint-sg-blocks-client')?.demonstration.inject(world);
    const folder = stateFolder(world);
    writeFileSync(join(folder, 'other.json'), '{"Buckets": []}');
    // The names in the golden file must be those that everybody has.
    const before = process.cwd();
    process.chdir(join(folder, '..'));
    onTestFinished(() => process.chdir(before));
    const relative = folder.slice(join(folder, '..').length + 1);
    const args = ['diagnose', '--state', relative, '--from', LAB.clientInterface, LAB.secretsHost];
    const text = (await transcript(args)).replaceAll(relative, 'STATE-FOLDER');
    await expect(text).toMatchFileSnapshot('golden/diagnose.txt');
  });
});

async function transcript(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  return withoutTimes(`$ vpce-doctor ${args.join(' ')}\n${stderr}${stdout}[exit status ${status}]\n`);
}

/**
 * The same for a live run. What it prints depends on milliseconds (two time-outs that took 500 and 501 are two lines), so
 * the case is taken, its times are made equal, and it is replayed; replay.test.ts shows that a replay prints the same bytes.
 */
async function liveTranscript(args: readonly string[]): Promise<string> {
  const file = join(emptyFolder(), 'case.json');
  const { status } = await run([...args, '--save', file]);
  const text = readFileSync(file, 'utf8').replace(/"(durationMs|ms)": \d+/g, '"$1": 500');
  writeFileSync(file, text);
  const format = args.includes('--format') ? args.slice(args.indexOf('--format')) : [];
  const { stdout, stderr } = await run(['diagnose', file, ...format]);
  return withoutTimes(`$ vpce-doctor ${args.join(' ')}\n${stderr}${stdout}[exit status ${status}]\n`);
}
