/** dist/vpce-doctor-linux-*: on a host that has glibc and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binaries, binaryName, NODE_BUILDS, SYSTEMS } from '../../scripts/binary.ts';
import { portable } from '../../scripts/elf.ts';
import { softwareBill } from '../../scripts/sbom.ts';
import { emptyFolder, type Ran, runProcess } from '../cli/support/run.ts';
import { PACKAGE } from './support.ts';

/** Two packages from the registry, at its slowest; milliseconds. */
const MOST_TIME = 120_000;

const built = mkdtempSync(join(tmpdir(), 'vpce-doctor-binary-test-'));
let written: string[] = [];

beforeAll(async () => {
  written = await binaries(built);
}, MOST_TIME);
afterAll(() => rmSync(built, { recursive: true }));

const own = SYSTEMS.find((system) => system === `${process.platform}-${process.arch}`);
const program = (): string => join(built, binaryName(own ?? 'linux-x64'));
/** The demonstration's fault, found: what any of these must be able to do. @param timeout seconds: answers on a busy machine take their time */
const demo = (timeout: number) => ['demo', 'endpoint-sg-blocks-client', '--timeout', `${timeout}`, '--format', 'json'];

function expectFound({ status, stdout, stderr }: Ran): void {
  expect([status, stderr]).toEqual([1, '']);
  expect(JSON.parse(stdout)).toMatchObject({ causes: [{ code: 'endpoint-sg-blocks-client', standing: 'confirmed' }] });
}

describe('the binaries', () => {
  test('are made with the Node that package.json pins', () => {
    expect(NODE_BUILDS.version).toBe(PACKAGE.devDependencies['node']);
  });

  test('lie beside their checksums, licences and bill of materials', () => {
    const names = [
      'vpce-doctor-linux-x64',
      'vpce-doctor-linux-arm64',
      'vpce-doctor-binary.LICENSES.txt',
      'vpce-doctor.cdx.json',
    ];
    expect(readdirSync(built).toSorted()).toEqual([...names, 'SHA256SUMS'].toSorted());
    expect(written).toEqual([...names, 'SHA256SUMS']);
    const sums = names.map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(built, name)))
          .digest('hex')}  ${name}\n`,
    );
    expect(readFileSync(join(built, 'SHA256SUMS'), 'utf8')).toBe(sums.join(''));
    const licences = readFileSync(join(built, 'vpce-doctor-binary.LICENSES.txt'), 'utf8');
    for (const name of ['undici 8', 'Node.js is licensed for use', 'OpenSSL']) expect(licences).toContain(name);
  });

  test.each(SYSTEMS)(
    '%s asks for no glibc that Amazon Linux 2023 lacks, and for no library beyond it and the C++ one',
    (system) => {
      const { needed, versions } = wants(join(built, binaryName(system)));
      expect(needed.toSorted()).toEqual(
        [
          system === 'linux-x64' ? 'ld-linux-x86-64.so.2' : 'ld-linux-aarch64.so.1',
          ...['libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6'],
        ].toSorted(),
      );
      // Amazon Linux 2023: glibc 2.34 and GCC 11’s C++ library; Debian 12: 2.36 and GCC 12’s.
      const newest = (family: string) =>
        Math.max(...versions.flatMap((name) => (name.startsWith(`${family}_2.`) ? Number(name.split('.')[1]) : [])));
      expect(newest('GLIBC')).toBeGreaterThan(16);
      expect(newest('GLIBC')).toBeLessThanOrEqual(34);
      const newestCpp = versions.flatMap((name) => /^GLIBCXX_3\.4\.(\d+)$/.exec(name)?.[1] ?? []).map(Number);
      expect(Math.max(...newestCpp)).toBeLessThanOrEqual(29);
    },
  );

  test.each(SYSTEMS)('%s carries no path of the machine that built it', (system) => {
    const bytes = readFileSync(join(built, binaryName(system)));
    for (const path of ['vpce-doctor-binary-', 'vpce-doctor-bundle-', dirname(import.meta.dirname)])
      expect(bytes.includes(path)).toBe(false);
  });
});

describe.skipIf(own === undefined)('this machine’s', () => {
  const direct = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
    runProcess(args, { script: null, node: [program()], cwd: emptyFolder(), env: { PATH: '', ...env } });

  test('names its version first, then commit and build', async () => {
    const { status, stdout } = await direct(['--version']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `^${PACKAGE.version.replaceAll('.', '\\.')} \\((commit [0-9a-f]{12}\\+?|unknown commit), binary for ${own}\\)\\n$`,
      ),
    );
  });

  test('does not let settings of the host’s Node in', async () => {
    const env = { NODE_OPTIONS: '--require /nonexistent.js --bogus', VPCE_DOCTOR_DEBUG: '1' };
    expect(await direct(['--version'], env)).toMatchObject({ status: 0, stderr: '' });
    // An option of Node’s is none of ours.
    expect(await direct(['--eval=1'])).toMatchObject({ status: 3 });
  });

  test('runs where there is glibc and nothing else', async () => {
    const root = emptyFolder();
    const libraries = execFileSync('ldd', [program()], { encoding: 'utf8' }).match(/\/\S+(?= \(0x)/g) ?? [];
    expect(libraries.map((path) => basename(path)).toSorted()).toEqual(wants(program()).needed.toSorted());
    for (const path of libraries) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    copyFileSync(program(), join(root, 'vpce-doctor'));
    const inside = intoFolder(root);
    expect(inside).not.toEqual([]);
    expectFound(await runProcess(demo(3), { script: null, node: [...inside, '/vpce-doctor'] }));
  });
});

/** With Debian’s qemu-user-static and its libraries for the other processor. */
const QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];
const emulates =
  existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6') && spawnSync(QEMU[0] ?? '', ['-version']).status === 0;

test.skipIf(process.arch === 'arm64' || !emulates)(
  'the one for arm64 finds the demonstration’s fault, too',
  async () => {
    const binary = join(built, binaryName('linux-arm64'));
    expectFound(await runProcess(demo(8), { script: null, node: [...QEMU, binary] }));
  },
  120_000,
);

describe('the program that the binary is made of', () => {
  test('must be one', () => {
    expect(() => portable(Buffer.from('#!/bin/sh\n'.padEnd(100)))).toThrow(/no 64-bit executable/);
  });

  test('keeps its code when it needs no libatomic, and is smaller without its symbols', () => {
    const once = portable(readFileSync(process.execPath));
    expect(once.length).toBeLessThan(readFileSync(process.execPath).length);
    expect(portable(once).equals(once)).toBe(true);
  });
});

describe('the bill of materials', () => {
  const bill = () =>
    JSON.parse(readFileSync(join(built, 'vpce-doctor.cdx.json'), 'utf8')) as {
      components: { name: string; version: string; purl: string; components?: { name: string; version: string }[] }[];
    };

  test('follows CycloneDX’s schema', () => {
    const folder = join(import.meta.dirname, '../../node_modules/@cyclonedx/cyclonedx-library/res/schema');
    const schema = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema(schema('spdx'), 'http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json');
    ajv.addSchema(schema('jsf-0.82'), 'http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json');
    const validate = ajv.compile(schema('bom-1.6'));
    expect([validate(bill()), validate.errors]).toEqual([true, null]);
    // It does find things.
    expect(validate({ ...bill(), components: [{ type: 'libary', name: 'x' }] })).toBe(false);
  });

  test('names the packages inside, Node and its parts', () => {
    const { components } = bill();
    const purls = components.map(({ purl }) => purl);
    expect(purls).toContain(`pkg:npm/%40aws-sdk/client-ec2@${PACKAGE.devDependencies['@aws-sdk/client-ec2']}`);
    expect(purls).toContain(`pkg:npm/undici@${PACKAGE.devDependencies['undici']}`);
    expect(purls.filter((purl) => /esbuild|vitest|typescript/.test(purl))).toEqual([]);
    const node = components.find(({ name }) => name === 'node');
    expect(node?.version).toBe(PACKAGE.devDependencies['node']);
    expect(node?.components).toContainEqual(
      expect.objectContaining({ name: 'openssl', version: process.versions.openssl }),
    );
  });

  test('stops the build at a part of Node that nobody has named', () => {
    const versions = { ...process.versions, novelty: '1.0.0' };
    expect(() => softwareBill({ commit: 'unknown', packages: [], versions })).toThrow(/novelty/);
  });
});

/** What a program asks the loader for, as the loader reads it. */
function wants(file: string): { needed: string[]; versions: string[] } {
  const bytes = readFileSync(file);
  const field = (at: number) => Number(bytes.readBigUInt64LE(at));
  const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => field(32) + 56 * index);
  const offsetOf = (address: number) => {
    const home = headers.find(
      (at) => bytes.readUInt32LE(at) === 1 && address >= field(at + 16) && address < field(at + 16) + field(at + 32),
    );
    if (home === undefined) throw new Error(`nothing at ${address}`);
    return address - field(home + 16) + field(home + 8);
  };
  const dynamic = headers.find((at) => bytes.readUInt32LE(at) === 2) ?? 0;
  const entries: [number, number][] = [];
  for (let at = field(dynamic + 8); field(at) !== 0; at += 16) entries.push([field(at), field(at + 8)]);
  const value = (tag: number) => entries.find(([one]) => one === tag)?.[1] ?? 0;
  const text = (offset: number) => {
    const from = offsetOf(value(5)) + offset;
    return bytes.toString('latin1', from, bytes.indexOf(0, from));
  };
  const versions: string[] = [];
  let at = offsetOf(value(0x6ffffffe));
  for (let libraries = value(0x6fffffff); libraries > 0; libraries -= 1) {
    let one = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left -= 1) {
      versions.push(text(bytes.readUInt32LE(one + 8)));
      one += bytes.readUInt32LE(one + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  return { needed: entries.filter(([tag]) => tag === 1).map(([, offset]) => text(offset)), versions };
}

/** The command that runs another with this folder as `/`, in a network of its own; none where nobody may do so. */
function intoFolder(root: string): string[] {
  const own = ['sh', '-c', 'ip link set lo up && exec chroot "$0" "$@"', root];
  const ways = [
    ['unshare', '--net', ...own],
    ['unshare', '--map-root-user', '--net', ...own],
  ];
  return (
    ways.find(([command = '', ...args]) => spawnSync(command, [...args, '/vpce-doctor', '--version']).status === 0) ??
    []
  );
}
