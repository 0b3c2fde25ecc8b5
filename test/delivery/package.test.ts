/** The package: what it promises to npm, what is inside when it is packed, and that it then runs where nothing can be fetched. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, runProcess } from '../cli/support/run.ts';
import { copyInto, npmEnvironment, PACKAGE, ROOT, read } from './support.ts';

type Lock = {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly [field: string]: unknown }>>;
};

describe('package.json and its lock', () => {
  const lock = JSON.parse(read('package-lock.json')) as Lock;

  test('name exact versions, and the same', () => {
    for (const [name, version] of Object.entries(PACKAGE.devDependencies)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
    expect(lock.packages['']).toMatchObject({ version: PACKAGE.version, devDependencies: PACKAGE.devDependencies });
  });

  test('the lock says which bytes, and leaves it to the machine where from', () => {
    for (const [path, entry] of Object.entries(lock.packages)) {
      expect(entry, path).not.toHaveProperty('resolved');
      if (path !== '') expect(entry['integrity'], path).toMatch(/^sha512-/);
    }
    expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  });

  test('the bundle is the package: who installs it fetches nothing else', () => {
    expect(PACKAGE.dependencies).toBeUndefined();
    expect(PACKAGE.bin).toEqual({ 'vpce-doctor': 'dist/vpce-doctor.mjs' });
  });

  test('test is lint, types and tests', () => {
    expect(PACKAGE.scripts['test']).toBe('npm run lint && npm run typecheck && vitest run');
  });

  test('scripts run on the pinned Node, whatever the machine has', () => {
    const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
    const version = execFileSync('npm', ['exec', '--offline', '--call', 'node --version'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PATH: path.join(':') },
      stdio: 'pipe',
    });
    expect(version.trim()).toBe(`v${PACKAGE.devDependencies['node']}`);
  });
});

describe('npm pack', () => {
  test('holds the bundle and its papers, and installs and runs without a registry', async () => {
    const checkout = emptyFolder();
    copyInto(checkout, [
      'package.json',
      'README.md',
      'LICENSE',
      'Dockerfile',
      'tsconfig.json',
      'docs',
      'scripts',
      'src',
    ]);
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    const packed = execFileSync('npm', ['pack', '--json', '--silent'], {
      cwd: checkout,
      encoding: 'utf8',
      env: npmEnvironment(),
    });
    // The bundle is built first and says so.
    const [tarball] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as [
      { filename: string; files: { path: string; mode: number }[] },
    ];
    expect(tarball.files.map(({ path }) => path).toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist/LICENSES.txt',
      'dist/vpce-doctor.mjs',
      'docs/causes.md',
      'docs/report.schema.json',
      'package.json',
    ]);

    const host = emptyFolder();
    const file = join(checkout, tarball.filename);
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--prefix', host, file], {
      env: npmEnvironment(),
      stdio: 'pipe',
    });
    const script = join(host, 'node_modules/.bin/vpce-doctor');
    const { status, stdout } = await runProcess(['--version'], { script, cwd: host });
    expect([status, stdout]).toEqual([0, `${PACKAGE.version}\n`]);
  }, 60_000);

  test('publishing it by accident is refused', () => {
    expect(JSON.parse(read('package.json'))).toMatchObject({ private: true });
  });
});

describe('.ci/run', () => {
  test('can be run, and is a script that bash understands', () => {
    accessSync(join(ROOT, '.ci/run'), constants.X_OK);
    expect(spawnSync('bash', ['-n', join(ROOT, '.ci/run')], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});
