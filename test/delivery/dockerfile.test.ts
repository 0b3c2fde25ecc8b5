/** The image, without an engine to build it: its file is checked, and the steps of its build are done by hand. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type Copy,
  DockerfileParser,
  type From,
  type Instruction,
  type JSONInstruction,
  type Label,
} from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundle } from '../../scripts/bundle.ts';
import { emptyFolder, runProcess } from '../cli/support/run.ts';
import { npmEnvironment, PACKAGE, ROOT, read } from './support.ts';

/** An installation from the registry, at its slowest; milliseconds. */
const MOST_TIME = 120_000;

const TEXT = read('Dockerfile');
const INSTRUCTIONS = DockerfileParser.parse(TEXT).getInstructions();
const STAGES = stagesOf(INSTRUCTIONS);
const [BUILD = [], RUNTIME = []] = STAGES;

const named = (instructions: readonly Instruction[], keyword: string) =>
  instructions.filter((one) => one.getKeyword().toUpperCase() === keyword);
const imageOf = (stage: readonly Instruction[]) => (stage[0] as From).getImage() ?? '';

const ENTRYPOINT = (named(RUNTIME, 'ENTRYPOINT') as JSONInstruction[]).flatMap((one) =>
  one.getJSONStrings().map((text) => text.getJSONValue()),
);

describe('the Dockerfile', () => {
  test('is one that Docker understands', () => {
    expect(validate(TEXT)).toEqual([]);
    // The linter does find things.
    expect(validate('FROM node:26\nEXPOSE none\nRUNN x\n')).toHaveLength(2);
  });

  test('builds in one stage and ships another', () => {
    expect(STAGES).toHaveLength(2);
    expect((BUILD[0] as From).getBuildStage()).toBe('build');
    expect(imageOf(RUNTIME)).toMatch(/^gcr\.io\/distroless\//);
  });

  test('names the Node that package.json pins, and no moving tag', () => {
    const pinned = PACKAGE.devDependencies['node'] ?? '';
    expect(imageOf(BUILD)).toBe(`node:${pinned}-trixie-slim`);
    expect(imageOf(RUNTIME)).toBe(`gcr.io/distroless/nodejs${pinned.split('.')[0]}-debian13:nonroot`);
    for (const stage of STAGES) expect(imageOf(stage)).not.toMatch(/:latest|^[^:]*$/);
  });

  test('runs as a user who is not root, by number', () => {
    const users = named(RUNTIME, 'USER').map((one) => one.getArgumentsContent());
    expect(users).toEqual(['65532:65532']);
  });

  test('starts Node itself, without a shell, and leaves the arguments to the user', () => {
    expect(ENTRYPOINT).toEqual(['/nodejs/bin/node', '/app/vpce-doctor.mjs']);
    for (const keyword of ['CMD', 'RUN', 'SHELL']) expect(named(RUNTIME, keyword)).toEqual([]);
  });

  test('ships the bundle with its licences and nothing else', () => {
    const [copy, ...more] = named(RUNTIME, 'COPY') as Copy[];
    expect(more).toEqual([]);
    expect(copy?.getFlags().map((flag) => flag.toString())).toEqual(['--from=build']);
    expect(copy?.getArguments().map((one) => one.getValue())).toEqual([
      '/build/dist/vpce-doctor.mjs',
      '/build/dist/LICENSES.txt',
      '/app/',
    ]);
  });

  test('fetches nothing but packages, keeps no secret, and opens no port', () => {
    for (const keyword of ['ADD', 'ENV', 'EXPOSE', 'VOLUME']) expect(named(INSTRUCTIONS, keyword)).toEqual([]);
    // The commit is all that a build is told, in the stage that is thrown away.
    expect(named(INSTRUCTIONS, 'ARG').map((one) => one.getArgumentsContent())).toEqual(['VPCE_DOCTOR_COMMIT=unknown']);
    expect(named(RUNTIME, 'ARG')).toEqual([]);
    for (const run of named(INSTRUCTIONS, 'RUN')) expect(run.getArgumentsContent()).toMatch(/^npm (ci|run bundle)\b/);
  });

  test('is labelled as the package', () => {
    const labels = named(RUNTIME, 'LABEL').flatMap((one) => (one as Label).getProperties());
    const values = Object.fromEntries(labels.map((label) => [label.getName(), label.getValue()]));
    expect(values).toMatchObject({
      'org.opencontainers.image.title': 'vpce-doctor',
      'org.opencontainers.image.version': PACKAGE.version,
      'org.opencontainers.image.licenses': PACKAGE.license,
      'org.opencontainers.image.base.name': imageOf(RUNTIME),
    });
  });
});

describe('what the image would hold', () => {
  test(
    'is the bundle of this checkout, and it runs with nothing around it',
    async () => {
      const root = emptyFolder();
      vi.stubEnv('VPCE_DOCTOR_COMMIT', '0123456789ab');
      onTestFinished(() => void vi.unstubAllEnvs());
      buildByHand(root);
      const app = join(root, 'app');
      expect(readdirSync(app).toSorted()).toEqual(['LICENSES.txt', 'vpce-doctor.mjs']);
      const own = emptyFolder();
      await bundle(own);
      for (const name of readdirSync(app))
        expect(readFileSync(join(app, name)).equals(readFileSync(join(own, name))), name).toBe(true);

      const [node = '', script = ''] = ENTRYPOINT.map((path) => join(root, path));
      mkdirSync(join(node, '..'), { recursive: true });
      copyFileSync(process.execPath, node);
      execFileSync('chmod', ['-R', 'a+rX', root]);
      const ran = await runProcess(['demo', 'endpoint-sg-blocks-client', '--timeout', '1', '--format', 'json'], {
        script,
        cwd: '/',
        env: { HOME: '/nonexistent' },
        node: [...asNobody(), node],
      });
      expect(ran.stderr).toBe('');
      expect(ran.status).toBe(1);
      expect((await runProcess(['--version'], { script, node: [node] })).stdout).toContain(
        '(commit 0123456789ab, bundle)',
      );
      expect(JSON.parse(ran.stdout)).toMatchObject({
        causes: [{ code: 'endpoint-sg-blocks-client', standing: 'confirmed' }],
      });
    },
    MOST_TIME,
  );
});

describe('.dockerignore', () => {
  test('lets in what the build copies, and no more', () => {
    const copied = (named(BUILD, 'COPY') as Copy[]).flatMap((copy) => sourcesOf(copy));
    expect(admitted().toSorted()).toEqual(copied.map((path) => path.replace(/^\.\//, '')).toSorted());
    expect(read('.dockerignore')).toMatch(/^\*$/m);
  });
});

function stagesOf(instructions: readonly Instruction[]): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.getKeyword().toUpperCase() === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

function sourcesOf(copy: Copy): string[] {
  return copy
    .getArguments()
    .slice(0, -1)
    .map((one) => one.getValue());
}

/** The top-level names that .dockerignore takes back after it ignored everything; its other forms are not used. */
function admitted(): string[] {
  const patterns = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(patterns[0]).toBe('*');
  return patterns.slice(1).map((pattern) => {
    expect(pattern).toMatch(/^![\w.-]+$/);
    return pattern.slice(1);
  });
}

/** Does each step of both stages with `root` in the place of `/`. */
function buildByHand(root: string): void {
  let work = root;
  /** `docker build --build-arg` for what the file declares, from this environment; the rest of ours does not get in */
  const given: Record<string, string | undefined> = { VPCE_DOCTOR_COMMIT: undefined };
  const inside = (path: string) => (path.startsWith('/') ? join(root, path) : join(work, path));
  for (const instruction of [...BUILD, ...RUNTIME]) {
    const content = instruction.getArgumentsContent() ?? '';
    switch (instruction.getKeyword().toUpperCase()) {
      case 'WORKDIR':
        work = inside(content);
        mkdirSync(work, { recursive: true });
        break;
      case 'COPY': {
        const copy = instruction as Copy;
        const fromStage = copy.getFlags().length > 0;
        const to = copy.getArguments().at(-1)?.getValue() ?? '';
        for (const source of sourcesOf(copy)) {
          if (!fromStage) expect(admitted()).toContain(relative('.', source));
          const from = fromStage ? inside(source) : join(ROOT, source);
          const isFolder = to.endsWith('/');
          cpSync(from, join(inside(to), isFolder ? (source.split('/').at(-1) ?? '') : ''), { recursive: true });
        }
        break;
      }
      case 'ARG': {
        const [name = '', value] = content.split('=');
        given[name] = process.env[name] ?? value;
        break;
      }
      case 'RUN':
        runStep(content, work, given);
        break;
    }
  }
}

/**
 * `npm ci` from the registry is CI's own first step; here the same packages come from there. CONTAINER_BUILD=full does it
 * as the Dockerfile says.
 */
function runStep(command: string, work: string, given: Readonly<Record<string, string | undefined>>): void {
  if (command.startsWith('npm ci') && process.env['CONTAINER_BUILD'] !== 'full') {
    expect(existsSync(join(work, 'package-lock.json'))).toBe(true);
    // By `cp`, because there are 10,000 files; without the pinned Node, as `--ignore-scripts` leaves it.
    execFileSync('cp', ['-a', join(ROOT, 'node_modules'), work]);
    rmSync(join(work, 'node_modules/node'), { recursive: true });
    return;
  }
  const env = { ...npmEnvironment(), ...given };
  execFileSync('sh', ['-c', command], { cwd: work, env, stdio: 'pipe', timeout: MOST_TIME });
}

/** Where root may do so: the image's user, in a file system of which nothing can be written. Else this user as he is. */
function asNobody(): string[] {
  const user = ['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', '--no-new-privs'];
  const readOnly = ['unshare', '--mount', 'sh', '-c', 'mount -o remount,bind,ro / && exec "$0" "$@"', ...user];
  return [readOnly, user].find(([command = '', ...args]) => spawnSync(command, [...args, 'true']).status === 0) ?? [];
}
