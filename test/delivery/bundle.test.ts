/** dist/vpce-doctor.mjs on a host that has Node and nothing else. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, LARGEST_BUNDLE } from '../../scripts/bundle.ts';
import { licenceText } from '../../scripts/licences.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { TOOL } from '../../src/version.ts';
import { emptyFolder, type ProcessOptions, type Ran, runProcess, withoutTimes } from '../cli/support/run.ts';
import { stateFolder } from '../cli/support/state-folder.ts';
import { PACKAGE, ROOT } from './support.ts';

const built = mkdtempSync(join(tmpdir(), 'vpce-doctor-dist-'));
/** The file alone in a folder: no node_modules beside it or above it. */
const host = mkdtempSync(join(tmpdir(), 'vpce-doctor-host-'));
const script = join(host, 'vpce-doctor.mjs');
let size = 0;

beforeAll(async () => {
  size = await bundle(built);
  copyFileSync(join(built, 'vpce-doctor.mjs'), script);
});
afterAll(() => {
  for (const folder of [built, host]) rmSync(folder, { recursive: true });
});

const bundled = (args: readonly string[], options: ProcessOptions = {}): Promise<Ran> =>
  runProcess(args, { script, cwd: host, ...options });

describe('the bundle', () => {
  test('is one small file that can be run, and its licences', () => {
    expect(readdirSync(built).toSorted()).toEqual(['LICENSES.txt', 'vpce-doctor.mjs']);
    expect(size).toBe(statSync(script).size);
    expect(size).toBeLessThanOrEqual(LARGEST_BUNDLE);
    expect(readFileSync(script, 'utf8').slice(0, 20)).toBe('#!/usr/bin/env node\n');
    expect(statSync(join(built, 'vpce-doctor.mjs')).mode & 0o111).toBe(0o111);
  });

  test('says its version, which is the package’s', async () => {
    const { status, stdout, stderr } = await bundled(['--version']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\S+ \((commit [0-9a-f]{12}\+?|unknown commit), bundle\)\n$/);
    // Scripts take the first word.
    expect(stdout.split(' ')[0]).toBe(PACKAGE.version);
    expect(await bundled(['-V', '--no-color'])).toEqual({ status, stdout, stderr });
    expect(TOOL.version).toBe(PACKAGE.version);
  });

  test('needs no argument to be found by its name', async () => {
    expect(execFileSync(script, ['--version'], { encoding: 'utf8', env: pathWithThisNode() })).toMatch(/bundle/);
  });

  test('explains', async () => {
    const { status, stdout } = await bundled(['explain']);
    expect(status).toBe(0);
    for (const { code } of CHECKS) expect(stdout).toContain(code);
  });

  test.each([{ args: ['demo'] }, { args: ['demo', 'endpoint-sg-blocks-client', '--timeout', '1'] }])(
    'does what the sources do: $args',
    async ({ args }) => {
      const [own, sources] = [await bundled(args), await runProcess(args)];
      expect(own.stdout).not.toBe('');
      expect({ ...own, stdout: withoutTimes(own.stdout) }).toEqual({
        ...sources,
        stdout: withoutTimes(sources.stdout),
      });
    },
  );

  test('diagnoses a state folder', async () => {
    const args = ['diagnose', '--state', stateFolder(healthyWorld()), '--from', LAB.clientInterface, LAB.secretsHost];
    const { status, stdout, stderr } = await bundled(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/HEALTHY/);
  });

  test('reads a policy from its standard input', async () => {
    const policy = '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}';
    const args = ['policy-check', '--identity-policy', '-', '--action', 's3:GetObject', '--resource', '*'];
    const { status, stdout, stderr } = await bundled(args, { stdin: policy });
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^DENIED /);
  });

  test('asks the EC2 API through the SDK', async () => {
    const { status, stdout } = await bundled(['collect', '--region', 'eu-west-1', '--deadline', '5'], {
      env: {
        AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      },
    });
    expect(status).toBe(2);
    const { Refusals } = JSON.parse(stdout) as { Refusals: { action: string; why: string; detail: string }[] };
    expect(Refusals).toContainEqual(
      expect.objectContaining({
        action: 'ec2:DescribeVpcs',
        why: 'unreachable',
        detail: expect.stringMatching('ECONNREFUSED'),
      }),
    );
  });

  test('loads nothing of the network to say its version', async () => {
    const report = "process.on('exit',()=>console.error(process.moduleLoadList.join('\\n')))";
    const node = [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(report)}`];
    const loaded = async (args: readonly string[]) => (await bundled(args, { node })).stderr.split('\n');
    const network = /^NativeModule (tls|https?|http2|_tls_wrap)$/;
    // That the list would show them is seen where they are needed.
    expect((await loaded(['demo'])).filter((name) => network.test(name)).length).toBe(3);
    expect((await loaded(['--version'])).filter((name) => network.test(name))).toEqual([]);
  });

  test.each(['20.18.1', '22.18.9'])('on Node %s says which one it needs', async (version) => {
    const older = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}});Object.defineProperty(process,'version',{value:'v${version}'})`;
    const node = [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(older)}`];
    expect(await bundled(['--version'], { node })).toEqual({
      status: 3,
      stdout: '',
      stderr: `vpce-doctor: Node.js ${PACKAGE.engines['node']?.slice(2)} or newer is needed; this is v${version}.\n`,
    });
  });

  test('carries no path of the machine that built it, and resolves nothing before it runs', () => {
    const text = readFileSync(script, 'utf8');
    for (const path of [ROOT, 'vpce-doctor-bundle-']) expect(text).not.toContain(path);
    expect(text).not.toMatch(/^import\b/m);
  });

  test('is the same bytes when it is built again', async () => {
    const again = emptyFolder();
    await bundle(again);
    for (const name of readdirSync(built))
      expect(readFileSync(join(again, name)).equals(readFileSync(join(built, name))), name).toBe(true);
  });
});

describe('the licences', () => {
  test('name every package inside, and hold each text once', () => {
    const text = readFileSync(join(built, 'LICENSES.txt'), 'utf8');
    for (const name of ['@aws-sdk/client-ec2', '@smithy/core', 'commander', 'dns-packet', 'ipaddr.js', 'undici', 'zod'])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|Apache-2\\.0)\\)$`, 'm'));
    for (const name of ['esbuild', 'vitest', 'typescript']) expect(text).not.toMatch(new RegExp(`^${name} `, 'm'));
    expect(text.match(/TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION/g)?.length).toBeLessThan(5);
  });

  test.each([
    ['one that nobody has read', { license: 'SSPL-1.0' }, /somebodys has the licence SSPL-1\.0/],
    ['none', {}, /somebodys has the licence undefined/],
  ])('%s stops the build', (_, fields, problem) => {
    const folder = emptyFolder();
    mkdirSync(join(folder, 'node_modules/somebodys'), { recursive: true });
    const manifest = { name: 'somebodys', version: '1.0.0', ...fields };
    writeFileSync(join(folder, 'node_modules/somebodys/package.json'), JSON.stringify(manifest));
    expect(() => licenceText(folder, ['node_modules/somebodys/lib/index.js'])).toThrow(problem);
  });
});

function pathWithThisNode(): Record<string, string> {
  return { PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` };
}
