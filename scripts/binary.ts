/**
 * `npm run binary [-- linux-x64 …]`: the tool and the pinned Node as one executable file for each Linux, for hosts that have
 * neither Node nor a way to get it; with checksums, licences and a bill of materials beside them in dist/.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPieces } from './bundle.ts';
import { commitOf } from './commit.ts';
import { portable } from './elf.ts';
import { licenceText, packagesOf } from './licences.ts';
import { softwareBill } from './sbom.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The npm packages that hold the pinned Node's own builds, and the sha512 of each as the registry's metadata gave it. */
export const NODE_BUILDS = {
  version: '26.10.0',
  integrity: {
    'linux-x64': 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    'linux-arm64': 'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
  },
} as const;

export type System = keyof typeof NODE_BUILDS.integrity;

export const SYSTEMS = Object.keys(NODE_BUILDS.integrity) as System[];

export const binaryName = (system: System): string => `vpce-doctor-${system}`;

/**
 * Builds the binaries for these systems into `folder`, which is made when it is not there; any of them can be built on any
 * other. Throws when it does not run on the pinned Node, when the registry gives other bytes, or when Node cannot put it together.
 * @returns the files that it wrote
 */
export async function binaries(folder: string, systems: readonly System[] = SYSTEMS): Promise<string[]> {
  // Node refuses to read what another version has put together.
  if (process.versions.node !== NODE_BUILDS.version)
    throw new Error(
      `Node ${NODE_BUILDS.version} puts the binary together, and this is ${process.version}: use npm run binary`,
    );
  const work = mkdtempSync(join(tmpdir(), 'vpce-doctor-binary-'));
  try {
    const { program, parts, inputs } = await inPieces('binary');
    writeFileSync(join(work, 'main.mjs'), program);
    writeFileSync(join(work, 'parts'), parts);
    mkdirSync(folder, { recursive: true });
    let nodeLicence = '';
    for (const system of systems) {
      const node = fetchNode(work, system);
      nodeLicence = node.licence;
      writeFileSync(join(work, 'node'), portable(node.program));
      putTogether(work, join(folder, binaryName(system)));
    }
    const line = '='.repeat(80);
    const licences = `${licenceText(ROOT, inputs)}\n\n${line}\n\nNode.js ${NODE_BUILDS.version} and what is in it\n\n${nodeLicence}`;
    writeFileSync(join(folder, 'vpce-doctor-binary.LICENSES.txt'), licences);
    const inside = { commit: commitOf(ROOT), packages: packagesOf(ROOT, inputs), versions: process.versions };
    writeFileSync(join(folder, 'vpce-doctor.cdx.json'), softwareBill(inside));
    const names = [...systems.map(binaryName), 'vpce-doctor-binary.LICENSES.txt', 'vpce-doctor.cdx.json'];
    const sums = names.map((name) => `${digest('sha256', readFileSync(join(folder, name)), 'hex')}  ${name}\n`);
    writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
    return [...names, 'SHA256SUMS'];
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Node's own build, from the registry that npm is set up with. */
function fetchNode(work: string, system: System): { readonly program: Buffer; readonly licence: string } {
  const folder = mkdtempSync(join(work, `${system}-`));
  const name = `node-${system}@${NODE_BUILDS.version}`;
  execFileSync('npm', ['pack', '--silent', '--prefer-offline', '--pack-destination', folder, name], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const file = join(folder, `node-${system}-${NODE_BUILDS.version}.tgz`);
  const integrity = `sha512-${digest('sha512', readFileSync(file), 'base64')}`;
  if (integrity !== NODE_BUILDS.integrity[system])
    throw new Error(`${name} has other bytes than expected: ${integrity}`);
  execFileSync('tar', ['-xzf', file, '-C', folder, 'package/bin/node', 'package/LICENSE']);
  const read = (path: string) => readFileSync(join(folder, 'package', path));
  return { program: read('bin/node'), licence: read('LICENSE').toString() };
}

/** https://nodejs.org/api/single-executable-applications.html */
function putTogether(work: string, output: string): void {
  const settings = {
    main: 'main.mjs',
    mainFormat: 'module',
    executable: 'node',
    output,
    disableExperimentalSEAWarning: true,
    // It is made for one processor and not for the other, and both are to be the same.
    useCodeCache: false,
    // What a host sets up for its own Node (an agent to load, a memory limit) must not get into a tool that is to examine it.
    execArgvExtension: 'none',
    assets: { parts: 'parts' },
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(settings));
  execFileSync(process.execPath, ['--build-sea', 'sea.json'], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  chmodSync(output, 0o755);
}

function digest(algorithm: 'sha256' | 'sha512', bytes: Buffer, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !SYSTEMS.some((system) => system === name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${SYSTEMS.join(', ')}`);
  const systems = asked.length === 0 ? SYSTEMS : SYSTEMS.filter((system) => asked.includes(system));
  for (const name of await binaries(join(ROOT, 'dist'), systems)) console.log(`dist/${name}`);
}
