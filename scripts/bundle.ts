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
      minify: true,
      // Node's own build of undici sets the same; without it an experimental second parser of 150 kB comes along.
      define: { esbuildDetection: 'true' },
      plugins: [lazyBuiltins, plainSchemaKeys, undiciClientOnly, neverUsed],
    });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, NAME);
    writeFileSync(file, await joined(parts, split.metafile), { mode: 0o755 });
    writeFileSync(join(folder, 'LICENSES.txt'), licenceText(ROOT, filesIn(split.metafile)));
    const { size } = statSync(file);
    if (size > LARGEST_BUNDLE) throw new Error(`${NAME} has ${size} bytes; ${LARGEST_BUNDLE} are allowed`);
    return size;
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
    define: { esbuildDetection: 'true' },
    plugins: [lazyBuiltins, plainSchemaKeys, undiciClientOnly, neverUsed],
  });
  writeFileSync(join(folder, 'LICENSES.txt'), licenceText(ROOT, filesIn(metafile)));
  return statSync(outfile).size;
}

/** What esbuild puts before every CommonJS module, minified: 400 bytes, alike in all pieces but for the names. */
const HELPERS = new RegExp(
  [
    '^(?:"use strict";)?var NAME=Object\\.defineProperty;var NAME=Object\\.getOwnPropertyDescriptor;',
    'var NAME=Object\\.getOwnPropertyNames;var NAME=Object\\.prototype\\.hasOwnProperty;',
    'var (?<define>NAME)=\\(NAME,NAME\\)=>\\{for\\(var NAME in NAME\\)NAME\\(NAME,NAME,\\{get:NAME\\[NAME\\],enumerable:!0\\}\\)\\},',
    'NAME=\\(NAME,NAME,NAME,NAME\\)=>\\{if\\(NAME&&typeof NAME=="object"\\|\\|typeof NAME=="function"\\)for\\(let NAME of NAME\\(NAME\\)\\)',
    '!NAME\\.call\\(NAME,NAME\\)&&NAME!==NAME&&NAME\\(NAME,NAME,\\{get:\\(\\)=>NAME\\[NAME\\],enumerable:!\\(NAME=NAME\\(NAME,NAME\\)\\)\\|\\|NAME\\.enumerable\\}\\);return NAME\\};',
    'var (?<convert>NAME)=NAME=>NAME\\(NAME\\(\\{\\},"__esModule",\\{value:!0\\}\\),NAME\\);',
  ]
    .join('')
    .replaceAll('NAME', '[\\w$]+'),
);

/** A piece that takes these helpers from the loader; as it was when it has others, or none. */
function withoutHelpers(code: string): string {
  // For readers of exports who do not run the module; here nobody reads.
  const own = code.replace(/0&&\(module\.exports=\{[^{}]*\}\);$/, '');
  const { define, convert } = HELPERS.exec(own)?.groups ?? {};
  if (define === undefined || convert === undefined) return own;
  return own.replace(HELPERS, () => `var ${define}=require.d,${convert}=require.c;`);
}

const MAIN = 'main';

/** Ends a comment, and so must not stand in one; what stands for it is in no piece. */
const [COMMENT_END, ENCODED_END] = ['*/', '*<>/'];

/** All pieces in one ES module. */
async function joined(folder: string, { outputs }: Metafile): Promise<Buffer> {
  const pieces = new Map<string, { readonly code: string; readonly needs: readonly string[] }>();
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
      minify: true,
      legalComments: 'none',
      // Every piece is in this file, and `require` is the function below.
      supported: { 'dynamic-import': false },
    });
    if (warnings[0] !== undefined) throw new Error(`${name}: ${warnings[0].text}`);
    const text = withoutHelpers(code.replace(/^#!.*\n/, '').trim()).replace(
      /(?<=\brequire\(")\.\/([\w.-]+)(?="\))/g,
      (whole, file: string) => names.get(file) ?? whole,
    );
    if (text.includes(ENCODED_END)) throw new Error(`${name} holds what the file is put together with`);
    const needs = imports.filter(({ kind }) => kind === 'import-statement').map((one) => nameOf(one.path));
    pieces.set(name, { code: text, needs });
  }
  const closure = (start: string) => {
    const names = new Set([start]);
    for (const name of names) for (const needed of pieces.get(name)?.needs ?? []) names.add(needed);
    return names;
  };
  const method = (name: string) => `${JSON.stringify(name)}(module,exports,require){${pieces.get(name)?.code}\n}`;
  const first = closure(MAIN);
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
  const head = [
    '#!/usr/bin/env node',
    oldNodeGuard(),
    `const own={${[...first].map(method).join(',\n')}};`,
    `const groups=${JSON.stringify(groupOf)},places=${JSON.stringify(places)},length=${at};`,
    ...LOADER,
    '/*',
  ].join('\n');
  const end = Buffer.from('\n');
  return Buffer.concat([Buffer.from(`${head}\n`), ...groups.flatMap(({ text }) => [text, end]), Buffer.from(TAIL)]);
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

/**
 * Node's `require` in small: a piece runs once, and its exports exist before it does, as cycles need it. Only the bytes of the
 * group that holds the piece are read: the whole file is ten times what a run needs.
 */
const LOADER = [
  'const loaded=new Map(),compiled=[];let file,start;',
  'const textOf=(group)=>{const fs=process.getBuiltinModule("node:fs");',
  `if(file===undefined){file=fs.openSync(import.meta.filename);start=fs.fstatSync(file).size-length-${Buffer.byteLength(TAIL)}}`,
  'const[at,size]=places[group],text=Buffer.allocUnsafe(size);fs.readSync(file,text,0,size,start+at);',
  `return text.toString().replaceAll(${JSON.stringify(ENCODED_END)},${JSON.stringify('*')}+"/")};`,
  'const compile=(group)=>process.getBuiltinModule("node:vm").compileFunction(textOf(group),[],{filename:import.meta.filename+"/part-"+group})();',
  'const pieceOf=(name)=>own[name]??(compiled[groups[name]]??=compile(groups[name]))[name];',
  'const load=(name)=>{let module=loaded.get(name);if(module===undefined){loaded.set(name,module={exports:{}});',
  'pieceOf(name)(module,module.exports,load)}return module.exports};',
  // esbuild's own, once for all pieces.
  'load.d=(to,all)=>{for(const name in all)Object.defineProperty(to,name,{get:all[name],enumerable:true})};',
  'load.c=(from)=>{const to=Object.defineProperty({},"__esModule",{value:true});',
  'for(const name of Object.getOwnPropertyNames(from))if(!Object.hasOwn(to,name))',
  'Object.defineProperty(to,name,{get:()=>from[name],enumerable:Object.getOwnPropertyDescriptor(from,name).enumerable});return to};',
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

/**
 * What is asked for in browsers only (the SDK's parser of user agents), or where we never go: HTTP/2, which no probe offers to
 * a server, and undici's second build of its HTTP parser, beside which it keeps a plain one for machines that lack SIMD.
 */
const neverUsed: Plugin = {
  name: 'never-used',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]bowser[\\/]/ }, () => ({ contents: 'export {}', loader: 'js' }));
    onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('HTTP/2 was not offered') }",
      loader: 'js',
    }));
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
