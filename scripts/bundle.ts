/**
 * `npm run bundle`: the whole tool as one file, dist/vpce-doctor.mjs, for hosts where nothing can be installed, and
 * dist/LICENSES.txt beside it with the licences of everything inside.
 *
 * esbuild splits at the dynamic imports and drops what nobody uses. The pieces become CommonJS functions of one file: the
 * entry's own stand there as code, all others as text in a comment, which Node skips. A piece is compiled when it is first
 * asked for, so that `--version` does not pay for the SDK, nor `probe` for the EC2 client.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';
import { commitOf } from './commit.ts';
import { licenceText } from './licences.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'vpce-doctor.mjs';

/** It has to be pasted, uploaded and copied through narrow ways; growth past this is to be decided, not to happen. */
export const LARGEST_BUNDLE = 2_000_000;

/** How everything is built that is given away. */
export const COMMON = {
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
  const { program, parts, inputs } = await inPieces('bundle');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, NAME);
  const head = `#!/usr/bin/env node\n${oldNodeGuard()}\n${program}/*\n`;
  writeFileSync(file, Buffer.concat([Buffer.from(head), parts, Buffer.from(TAIL)]), { mode: 0o755 });
  writeFileSync(join(folder, 'LICENSES.txt'), licenceText(ROOT, inputs));
  const { size } = statSync(file);
  if (size > LARGEST_BUNDLE) throw new Error(`${NAME} has ${size} bytes; ${LARGEST_BUNDLE} are allowed`);
  return size;
}

/** The tool as the bundle and the binary hold it. */
export type Pieces = {
  /** ES module that runs the tool, once it finds the parts where its form keeps them */
  readonly program: string;
  /** the text of everything that is compiled when it is asked for */
  readonly parts: Buffer;
  /** files of which something is inside, relative to the checkout */
  readonly inputs: readonly string[];
};

/** @param form where the parts are: behind the program in its file, or beside it in the binary */
export async function inPieces(form: keyof typeof READERS): Promise<Pieces> {
  const parts = mkdtempSync(join(tmpdir(), 'vpce-doctor-bundle-'));
  try {
    const split = await build({
      ...COMMON,
      entryPoints: { main: 'src/cli.ts' },
      outdir: parts,
      splitting: true,
      minify: true,
      // Node's own build of undici sets the same; without it an experimental second parser of 150 kB comes along.
      define: { esbuildDetection: 'true', VPCE_DOCTOR_BUILD: JSON.stringify({ form, commit: commitOf(ROOT) }) },
      plugins: [lazyBuiltins, plainSchemaKeys, undiciClientOnly, neverUsed],
    });
    return { ...(await joined(parts, split.metafile, READERS[form])), inputs: filesIn(split.metafile) };
  } finally {
    rmSync(parts, { recursive: true });
  }
}

/**
 * Builds the Lambda handler into `folder`: index.mjs, which needs only Node, and its licences.
 * @returns the size of the handler in bytes
 */
export async function bundleLambda(folder: string): Promise<number> {
  const outfile = join(folder, 'index.mjs');
  const { metafile } = await build({
    ...COMMON,
    entryPoints: ['src/lambda.ts'],
    outfile,
    minify: true,
    define: { esbuildDetection: 'true', VPCE_DOCTOR_BUILD: JSON.stringify({ form: 'bundle', commit: commitOf(ROOT) }) },
    plugins: [lazyBuiltins, plainSchemaKeys, undiciClientOnly, neverUsed],
  });
  writeFileSync(join(folder, 'LICENSES.txt'), licenceText(ROOT, filesIn(metafile)));
  return statSync(outfile).size;
}

const MAIN = 'main';

/** Ends a comment, and so must not stand in one; what stands for it is in no piece. */
const [COMMENT_END, ENCODED_END] = ['*/', '*<>/'];

/** All pieces as one ES module and the text that it reads. */
async function joined(
  folder: string,
  { outputs }: Metafile,
  reader: readonly string[],
): Promise<Omit<Pieces, 'inputs'>> {
  const pieces = new Map<string, { readonly code: string; readonly needs: readonly string[] }>();
  const helpers = new Map<string, string>();
  // Two thousand times a piece asks for another by name: two letters instead of twenty.
  const names = new Map(Object.keys(outputs).map((path, i) => [basename(path), i.toString(36)]));
  names.set('main.js', MAIN);
  const nameOf = (path: string) => names.get(basename(path)) ?? '';
  for (const [path, { imports }] of Object.entries(outputs)) {
    const name = nameOf(path);
    const { code, warnings } = await transform(readFileSync(join(folder, basename(path)), 'utf8'), {
      format: 'cjs',
      platform: 'node',
      target: COMMON.target,
      legalComments: 'none',
      // Every piece is in this file, and `require` is the function below.
      supported: { 'dynamic-import': false },
    });
    if (warnings[0] !== undefined) throw new Error(`${name}: ${warnings[0].text}`);
    const renamed = code.replace(
      /(?<=\brequire\(")\.\/([\w.-]+)(?="\))/g,
      (whole, file: string) => names.get(file) ?? whole,
    );
    const text = await minified(withoutHelpers(renamed.replace(/^#!.*\n/, ''), helpers));
    if (text.includes(ENCODED_END)) throw new Error(`${name} holds what the file is put together with`);
    const needs = imports.filter(({ kind }) => kind === 'import-statement').map((one) => nameOf(one.path));
    pieces.set(name, { code: text, needs });
  }
  const shared = `${[...helpers.values()].join('')}module.exports={${[...helpers.keys()].join(',')}}`;
  pieces.set(HELPERS, { code: await minified(shared), needs: [] });
  const closure = (start: string) => {
    const names = new Set([start]);
    for (const name of names) for (const needed of pieces.get(name)?.needs ?? []) names.add(needed);
    return names;
  };
  const method = (name: string) => `${JSON.stringify(name)}:${pieces.get(name)?.code}`;
  const first = new Set([HELPERS, ...closure(MAIN)]);
  const placed = new Set(first);
  const take = (names: Iterable<string>) => [...names].filter((name) => !placed.has(name) && placed.add(name));
  const starts = Object.entries(outputs).filter(([, { entryPoint }]) => TOGETHER.includes(entryPoint ?? ''));
  const groups = [
    ...starts.sort((a, b) => rank(a[1]) - rank(b[1])).map(([path]) => take(closure(nameOf(path)))),
    ...[...pieces.keys()].map((name) => take([name])),
  ]
    .filter((names) => names.length > 0)
    .map((names) => ({
      names,
      text: Buffer.from(`return{${names.map(method).join(',\n')}}`.replaceAll(COMMENT_END, ENCODED_END)),
    }));
  // Counted from the comment's first group, so that it does not depend on the length of the numbers.
  let at = 0;
  const places = groups.map(({ text }) => {
    const place = [at, text.length] as const;
    at += text.length + 1;
    return place;
  });
  const groupOf = Object.fromEntries(groups.flatMap(({ names }, index) => names.map((name) => [name, index])));
  const program = [
    `const own={${[...first].map(method).join(',\n')}};`,
    `const groups=${JSON.stringify(groupOf)},places=${JSON.stringify(places)},length=${at};`,
    ...reader,
    ...LOADER,
    '',
  ].join('\n');
  const end = Buffer.from('\n');
  return { program, parts: Buffer.concat(groups.flatMap(({ text }) => [text, end])) };
}

const HELPERS = 'helpers';

/**
 * A piece without the six small functions that esbuild puts at the top of each, which were a twentieth of the whole. They are
 * put into `helpers`, by name, and taken from there.
 */
function withoutHelpers(code: string, helpers: Map<string, string>): string {
  const head = /^(?:"use strict";\n)?((?:var __\w+ = .*\n(?:[ })].*\n)*)*)/.exec(code);
  const [all = '', statements = ''] = head ?? [];
  for (const [statement, name = ''] of statements.matchAll(/^var (__\w+) = .*\n(?:[ })].*\n)*/gm)) {
    // A number is put behind a name that the piece has as well.
    const plain = statement.replace(/\b([a-zA-Z_]+)\d+\b/g, '$1');
    if ((helpers.get(name) ?? plain) !== plain) throw new Error(`esbuild has two functions ${name}`);
    helpers.set(name, plain);
  }
  const rest = code.slice(all.length);
  const used = [...new Set(rest.match(/\b__\w+\b/g))].filter((name) => helpers.has(name));
  return used.length === 0 ? rest : `const{${used.join(',')}}=require(${JSON.stringify(HELPERS)});${rest}`;
}

/** @param code the body of a function: what is declared in it is its own */
async function minified(code: string): Promise<string> {
  // What is assigned is not dropped as unused.
  const whole = `globalThis.piece=(module,exports,require)=>{${code}\n}`;
  const settings = { target: COMMON.target, platform: 'node', minify: true, legalComments: 'none' } as const;
  const [, text] = /^globalThis\.piece=([\s\S]*);\s*$/.exec((await transform(whole, settings)).code) ?? [];
  if (text === undefined) throw new Error('esbuild has taken a piece apart');
  return text;
}

/** What these need is compiled at once: forty small pieces, one by one, take longer than the first packet may. */
const TOGETHER: readonly string[] = [
  'src/commands/program.ts',
  'src/host.ts',
  'src/probes/head-start.ts',
  'src/probes/tcp.ts',
  'src/commands/run-command.ts',
];

function rank({ entryPoint = '' }: { readonly entryPoint?: string | undefined }): number {
  return TOGETHER.indexOf(entryPoint);
}

/** What follows the last piece. */
const TAIL = '*/\n';

/** The bytes of one group: of the whole, a run needs a tenth. */
const READERS = {
  bundle: [
    'let file,start;const read=(at,size)=>{const fs=process.getBuiltinModule("node:fs");',
    `if(file===undefined){file=fs.openSync(import.meta.filename);start=fs.fstatSync(file).size-length-${Buffer.byteLength(TAIL)}}`,
    'const text=Buffer.allocUnsafe(size);fs.readSync(file,text,0,size,start+at);return text};',
  ],
  // The asset lies in memory that the kernel maps from the file: what is not read is not loaded.
  binary: [
    'const parts=process.getBuiltinModule("node:sea").getRawAsset("parts");',
    'const read=(at,size)=>Buffer.from(parts,at,size);',
  ],
} as const;

/** Node's `require` in small: a piece runs once, and its exports exist before it does, as cycles need it. */
const LOADER = [
  'const loaded=new Map(),compiled=[];',
  `const textOf=(group)=>read(...places[group]).toString().replaceAll(${JSON.stringify(ENCODED_END)},${JSON.stringify('*')}+"/");`,
  'const compile=(group)=>process.getBuiltinModule("node:vm").compileFunction(textOf(group),[],{filename:import.meta.filename+"/part-"+group})();',
  'const pieceOf=(name)=>own[name]??(compiled[groups[name]]??=compile(groups[name]))[name];',
  'const load=(name)=>{let module=loaded.get(name);if(module===undefined){loaded.set(name,module={exports:{}});',
  'pieceOf(name)(module,module.exports,load)}return module.exports};',
  `load(${JSON.stringify(MAIN)});`,
];

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
 * strings in their place it keeps the twenty that are used. Nor are a service's own errors registered, of which Route 53 has
 * seventy classes: one that is not known becomes the service's general exception with the same name and message, which is what is
 * read of it.
 */
const plainSchemaKeys: Plugin = {
  name: 'plain-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk[\\/]client-[\w-]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text
        .replace(/\[(_\w+)\]:/g, (key, name: string) => {
          const value = constants.get(name);
          return value === undefined ? key : `${value}:`;
        })
        .replace(/^n0_registry\.registerError\(\w+\$, \w+\);$/gm, '');
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

/**
 * What is asked for in browsers only (the SDK's parser of user agents), or where we never go: HTTP/2, which no probe offers to
 * a server; undici's second build of its HTTP parser, beside which it keeps a plain one for machines that lack SIMD; its forms,
 * which it loads for a body that is one, and ours are texts; zod's way to JSON Schema, which only `npm run docs` goes.
 */
const neverUsed: Plugin = {
  name: 'never-used',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]bowser[\\/]/ }, () => ({ contents: 'export {}', loader: 'js' }));
    onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('HTTP/2 was not offered') }",
      loader: 'js',
    }));
    onLoad({ filter: /[\\/]undici[\\/]lib[\\/]web[\\/](?:fetch[\\/](?:body|formdata)|webidl[\\/]index)\.js$/ }, () => ({
      contents: "throw new Error('no form was to be sent')",
      loader: 'js',
    }));
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]core[\\/](?:to-json-schema|json-schema-processors)\.js$/ }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map(
        ([, name]) => name,
      );
      const refused = "const refused = () => { throw new Error('no JSON Schema is made here') };";
      return { contents: `${refused}export { ${names.map((name) => `refused as ${name}`).join(', ')} }`, loader: 'js' };
    });
    onLoad({ filter: /[\\/]undici[\\/]lib[\\/]llhttp[\\/]llhttp_simd-wasm\.js$/ }, () => ({
      contents: 'module.exports = new Uint8Array()',
      loader: 'js',
    }));
  },
};

if (import.meta.main) {
  const lambda = process.argv.includes('--lambda');
  const size = lambda ? await bundleLambda(join(ROOT, 'dist/lambda')) : await bundle(join(ROOT, 'dist'));
  console.log(`dist/${lambda ? 'lambda/index.mjs' : NAME}: ${(size / 1000).toFixed(0)} kB`);
}
