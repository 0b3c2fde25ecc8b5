/**
 * `npm run test:forms [-- files…]`: the end-to-end tests of test/cli, once more for the bundle and for this machine's binary,
 * each as a process. `npm test` does a part of it (test/delivery/forms.test.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaries, binaryName, SYSTEMS } from '../scripts/binary.ts';
import { bundle } from '../scripts/bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export type Tested = { readonly status: number | null; readonly output: string };

/** Builds every form that this machine can run into `folder`. @returns their files */
export async function buildForms(folder: string): Promise<string[]> {
  await bundle(folder);
  const own = SYSTEMS.find((system) => system === `${process.platform}-${process.arch}`);
  if (own !== undefined) await binaries(folder, [own]);
  return [join(folder, 'vpce-doctor.mjs'), ...(own === undefined ? [] : [join(folder, binaryName(own))])];
}

/** Runs test files against one form. What they print is returned, or shown as it comes. */
export function testForm(file: string, tests: readonly string[], shown: 'returned' | 'shown'): Tested {
  // A run inside a run must not take itself for a worker of the outer one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST') && name !== 'TEST'),
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    // Once more where half a second was not enough beside everything else that the machine does.
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--retry=2', ...tests],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...env, VPCE_DOCTOR_UNDER_TEST: file, NO_COLOR: '1' },
      stdio: shown === 'shown' ? 'inherit' : 'pipe',
    },
  );
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` };
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-forms-'));
  try {
    const asked = process.argv.slice(2);
    for (const file of await buildForms(folder)) {
      console.log(`\n${file}`);
      if (testForm(file, asked.length === 0 ? ['test/cli'] : asked, 'shown').status !== 0) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
