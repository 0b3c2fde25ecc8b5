/**
 * Whole outputs as users see them, with the command before and the exit status after. `npx vitest run test/cli -u` writes
 * them again; what changed is then to be read. Durations and dates are taken out.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { run, withoutTimes } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['help', ['--help']],
  ['help-probe', ['help', 'probe']],
  ['help-collect', ['collect', '--help']],
  ['help-diagnose', ['diagnose', '--help']],
  ['help-demo', ['demo', '--help']],
  ['explain', ['explain']],
  ['explain-code', ['explain', 'endpoint-nacl-blocks-return']],
  ['iam-policy', ['iam-policy']],
  ['demo', ['demo']],
  ['demo-endpoint-sg-blocks-client', ['demo', 'endpoint-sg-blocks-client', '--timeout', '0.5']],
  ['demo-two-faults', ['demo', 'private-dns-disabled', 'endpoint-nacl-blocks-return', '--timeout', '0.5']],
  ['demo-gateway-route-missing.md', ['demo', 'gateway-route-missing', '--timeout', '0.5', '--format', 'markdown']],
  ['refused', ['demo', 'endpoint-sg-block-client']],
];

describe('as a user sees it', () => {
  test.each(COMMANDS)('%s', async (name, args) => {
    await expect(await transcript(args)).toMatchFileSnapshot(`golden/${name}.txt`);
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
