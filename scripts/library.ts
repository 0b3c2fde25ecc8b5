/** `npm run library`: dist/index.mjs and its types, dist/index.d.ts, for programs that import the tool: they need nothing beside them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { COMMON } from './bundle.ts';
import { oneDeclarationFile } from './declarations.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRY = 'src/library.ts';

/** Builds both into `folder`, which is made when it is not there. Throws when the library would load a package or a module of Node’s beyond texts. */
export async function library(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    ...COMMON,
    entryPoints: { index: ENTRY },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    minify: true,
  });
  const [output] = Object.values(metafile.outputs);
  const foreign = (output?.imports ?? []).filter(({ path }) => path !== 'node:util');
  if (foreign.length > 0) throw new Error(`the library loads ${foreign.map(({ path }) => path).join(', ')}`);
  writeFileSync(join(folder, 'index.d.ts'), declarations());
}

function declarations(): string {
  const work = mkdtempSync(join(tmpdir(), 'vpce-doctor-types-'));
  try {
    const settings = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: join(ROOT, 'src'),
        outDir: join(work, 'out'),
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      include: [],
      files: [join(ROOT, ENTRY)],
    };
    const project = join(work, 'tsconfig.json');
    writeFileSync(project, JSON.stringify(settings));
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], {
      stdio: ['ignore', 2, 2],
    });
    return oneDeclarationFile(join(work, 'out/library.d.ts'));
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (import.meta.main) await library(join(ROOT, 'dist'));
