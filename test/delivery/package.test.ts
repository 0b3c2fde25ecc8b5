/** The package: what it promises to npm, what is inside when it is packed, and that it then runs where nothing can be fetched. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, run, runProcess } from '../cli/support/run.ts';
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

/** A program of somebody else's. */
const CONSUMER = `
import { decodeCase, diagnose, type Report, render, version } from 'vpce-doctor';
import schema from 'vpce-doctor/report.schema.json' with { type: 'json' };

declare const process: { argv: string[] };
declare const console: { log(text: string): void };
const decoded = decodeCase(process.argv[2] ?? '');
if (!decoded.ok) throw new Error(decoded.problem);
const report: Report = diagnose(decoded.case);
const wrong = decodeCase('{}', 'case.json');
console.log(
  JSON.stringify({
    version,
    first: report.causes[0]?.code,
    title: schema.title,
    text: render(report, 'text'),
    problem: wrong.ok ? '' : wrong.problem,
  }),
);
`;

/** What the README links to that works in a checkout alone: an image and the tests are made from the sources. */
const OF_THE_CHECKOUT = ['Dockerfile', 'test/netlab'];

/** The files and folders that a page links to, or that the manual names. */
function namedIn(path: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#]+)/g)].map(([, link = '']) => join(dirname(path), link));
  const plain = path.endsWith('.1') ? text.replaceAll('\\-', '-').match(/\b(?:docs|deploy)\/[\w/-]+(?:\.\w+)*/g) : [];
  return [...links, ...(plain ?? [])];
}

describe('npm pack', () => {
  test('holds the bundle and its papers, and installs and runs without a registry', async () => {
    const checkout = emptyFolder();
    copyInto(checkout, [
      'package.json',
      'README.md',
      'LICENSE',
      'Dockerfile',
      'deploy',
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
      ...[
        'ecs/README.md',
        'ecs/execution-role-policy.json',
        'ecs/task-definition-ec2.json',
        'ecs/task-definition-fargate.json',
        'ecs/task-role-policy.json',
        'ecs/trust-policy.json',
        'eks/README.md',
        'eks/job-irsa.yaml',
        'eks/job-pod-identity.yaml',
        'eks/policy.json',
        'eks/trust-policy-irsa.json',
        'eks/trust-policy-pod-identity.json',
        'lambda/README.md',
        'lambda/policy.json',
        'lambda/template.yaml',
        'ssm/README.md',
        'ssm/cloudformation.yaml',
        'ssm/instance-policy.json',
        'ssm/main.tf',
        'ssm/remote-policy.json',
        'ssm/report-bucket-policy.json',
        'ssm/run.sh',
        'ssm/vpce-doctor.json',
      ].map((name) => `deploy/${name}`),
      'dist/LICENSES.txt',
      'dist/index.d.ts',
      'dist/index.mjs',
      'dist/vpce-doctor.mjs',
      'docs/accuracy.md',
      'docs/benchmarks.md',
      'docs/causes.md',
      'docs/fleet.schema.json',
      'docs/probe-script.md',
      'docs/report.schema.json',
      'docs/vpce-doctor.1',
      'package.json',
    ]);
    const packedPaths = tarball.files.map(({ path }) => path);
    for (const path of packedPaths.filter((name) => /\.(?:md|1)$/.test(name)))
      for (const named of namedIn(path, readFileSync(join(checkout, path), 'utf8')))
        expect(
          packedPaths.some((one) => one === named || one.startsWith(`${named}/`)) || OF_THE_CHECKOUT.includes(named),
          `${path} names ${named}`,
        ).toBe(true);
    for (const { path } of tarball.files)
      for (const place of [ROOT, checkout, tmpdir()])
        expect(readFileSync(join(checkout, path), 'utf8').includes(`${place}/`), `${path} names ${place}`).toBe(false);

    const host = emptyFolder();
    const file = join(checkout, tarball.filename);
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--prefix', host, file], {
      env: npmEnvironment(),
      stdio: 'pipe',
    });
    const script = join(host, 'node_modules/.bin/vpce-doctor');
    const { status, stdout } = await runProcess(['--version'], { script, cwd: host });
    expect([status, stdout.split(' ')[0]]).toEqual([0, PACKAGE.version]);

    const subject = (
      await run(['demo', 'endpoint-sg-blocks-client', '--timeout', '1', '--save', join(host, 'case.json')])
    ).status;
    expect(subject).toBe(1);
    writeFileSync(join(host, 'consumer.ts'), CONSUMER);
    // Strict, and our types are read as well: nothing in them may lead to a package that is not there.
    const options = [
      '--module',
      'nodenext',
      '--strict',
      '--skipLibCheck',
      'false',
      '--types',
      '',
      '--resolveJsonModule',
    ];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    writeFileSync(join(host, 'package.json'), '{ "type": "module" }');
    const compiled = spawnSync(process.execPath, [compiler, ...options, 'consumer.ts'], {
      cwd: host,
      encoding: 'utf8',
    });
    expect([compiled.stdout, compiled.status]).toEqual(['', 0]);
    const ran = execFileSync(process.execPath, ['consumer.js', readFileSync(join(host, 'case.json'), 'utf8')], {
      cwd: host,
      encoding: 'utf8',
    });
    expect(JSON.parse(ran)).toEqual({
      version: PACKAGE.version,
      first: 'endpoint-sg-blocks-client',
      title: JSON.parse(read('docs/report.schema.json')).title,
      text: expect.stringMatching(/^BLOCKED /m),
      problem: expect.stringMatching(/^case\.json is no case file/),
    });
    // A mistake is one for the compiler, too.
    writeFileSync(join(host, 'wrong.ts'), "import { render } from 'vpce-doctor';\nrender({}, 'pdf');\n");
    expect(spawnSync(process.execPath, [compiler, ...options, 'wrong.ts'], { cwd: host }).status).not.toBe(0);
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
