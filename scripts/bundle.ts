/**
 * `npm run bundle`: the whole tool as one file, dist/vpce-doctor.mjs, for hosts where nothing can be installed, and
 * dist/LICENSES.txt beside it with the licences of everything inside.
 *
 * esbuild runs twice. The first run splits at the dynamic imports and drops what nobody uses; within one file it could not,
 * because a module that is imported dynamically has to stay whole. The second run joins the pieces into one file in which
 * each piece still runs only when it is asked for.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { licenceText } from './licences.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'vpce-doctor.mjs';

/** It has to be pasted, uploaded and copied through narrow ways; growth past this is to be decided, not to happen. */
export const LARGEST_BUNDLE = 2_000_000;

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // The SDK's ES modules can be taken apart; its CommonJS builds, which `main` names, cannot.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;

/**
 * Builds the bundle and its licences into `folder`, which is made when it is not there. Throws when the bundle is larger than
 * `LARGEST_BUNDLE` or holds a package without a licence.
 * @returns the size of the bundle in bytes
 */
export async function bundle(folder: string): Promise<number> {
  const parts = mkdtempSync(join(tmpdir(), 'vpce-doctor-bundle-'));
  try {
    const split = await build({
      ...COMMON,
      entryPoints: { main: 'src/cli.ts' },
      outdir: parts,
      splitting: true,
      // Node's own build of undici sets the same; without it an experimental second parser of 150 kB comes along.
      define: { esbuildDetection: 'true' },
      plugins: [lazyBuiltins, plainSchemaKeys, undiciClientOnly],
    });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, NAME);
    await build({
      ...COMMON,
      entryPoints: [join(parts, 'main.js')],
      outfile: file,
      minify: true,
      banner: { js: oldNodeGuard() },
    });
    writeFileSync(join(folder, 'LICENSES.txt'), licenceText(ROOT, filesIn(split.metafile)));
    const { size } = statSync(file);
    if (size > LARGEST_BUNDLE) throw new Error(`${NAME} has ${size} bytes; ${LARGEST_BUNDLE} are allowed`);
    return size;
  } finally {
    rmSync(parts, { recursive: true });
  }
}

/** The input files of which something is left in the output. */
function filesIn(metafile: Metafile): string[] {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}

/**
 * A line that says what is missing, where an old Node would only name an import that it does not have. It can run first
 * because `lazyBuiltins` leaves no import that is resolved before.
 */
function oldNodeGuard(): string {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
  if (major === undefined) throw new Error(`engines.node is ${engines.node}, not >=MAJOR.MINOR`);
  const problem = `vpce-doctor: Node.js ${major}.${minor} or newer is needed; this is `;
  return [
    '{const[a,b]=process.versions.node.split(".").map(Number);',
    `if(a<${major}||a===${major}&&b<${minor}){process.stderr.write(${JSON.stringify(problem)}+process.version+".\\n");process.exit(3)}}`,
  ].join('');
}

/**
 * Node's own modules, loaded when the code that uses them runs. esbuild would import all of them at the top of the file,
 * and TLS and HTTP/2 cost more than the whole `--version`.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z:/_0-9]+$/ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }));
  },
};

/**
 * The EC2 client describes 750 operations in one module of 1.3 MB, with computed keys: `[_eQN]: 'x'`, where `_eQN` is a
 * constant string of the same module. esbuild must take a computed key for a side effect and keeps them all. With the
 * strings in their place it keeps the twenty that are used.
 */
const plainSchemaKeys: Plugin = {
  name: 'plain-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk[\\/]client-[\w-]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text.replace(/\[(_\w+)\]:/g, (key, name: string) => {
        const value = constants.get(name);
        return value === undefined ? key : `${value}:`;
      });
      return { contents, loader: 'js' };
    });
  },
};

/**
 * undici's index loads fetch, WebSocket, caches and mocks, and CommonJS cannot be taken apart. These are the parts of it that
 * we use, put together as the index does; an import of any other name fails the build.
 */
const undiciClientOnly: Plugin = {
  name: 'undici-client-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]undici[\\/]index\.js$/ }, ({ path }) => ({
      contents: [
        "import api from './lib/api/index.js';",
        "import Dispatcher from './lib/dispatcher/dispatcher.js';",
        'Object.assign(Dispatcher.prototype, api);',
        "export { default as Client } from './lib/dispatcher/client.js';",
        "export { default as Pool } from './lib/dispatcher/pool.js';",
        "export { default as errors } from './lib/core/errors.js';",
      ].join('\n'),
      loader: 'js',
      resolveDir: join(path, '..'),
    }));
  },
};

if (import.meta.main) {
  const size = await bundle(join(ROOT, 'dist'));
  console.log(`dist/${NAME}: ${(size / 1000).toFixed(0)} kB`);
}
