/** One declaration file for the library: of what TypeScript emits for each source, the declarations that its entry leads to. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Statement = { readonly name: string; readonly comment: string; readonly code: string; readonly isPublic: boolean };

type Module = {
  readonly statements: readonly Statement[];
  /** by the name under which it is known here, from where */
  readonly imports: ReadonlyMap<string, string>;
  /** what `export … from` passes on */
  readonly passed: ReadonlyMap<string, string>;
};

/**
 * The entry's public declarations and all that they need, in one module. Throws when they need a package, because whoever
 * installs ours gets none with it, or when two of them have one name.
 * @param entry path of an emitted declaration file, all others beside it as in the sources
 */
export function oneDeclarationFile(entry: string): string {
  const modules = new Map<string, Module>();
  const moduleOf = (path: string): Module => {
    const known = modules.get(path) ?? readModule(path);
    modules.set(path, known);
    return known;
  };
  const written = new Map<string, Statement & { readonly path: string }>();
  const take = (path: string, name: string): void => {
    const { statements, imports, passed } = moduleOf(path);
    const from = imports.get(name) ?? passed.get(name);
    if (from !== undefined) {
      if (!from.startsWith('.'))
        throw new Error(`${name} comes from ${from}, which who installs the library does not get`);
      take(join(dirname(path), from.replace(/\.ts$/, '.d.ts')), name);
      return;
    }
    const statement = statements.find((one) => one.name === name);
    if (statement === undefined) return;
    const before = written.get(name);
    if (before?.path === path) return;
    if (before !== undefined) throw new Error(`${name} is declared in ${before.path} and in ${path}`);
    written.set(name, { ...statement, path });
    for (const word of mentioned(statement.code)) if (word !== name) take(path, word);
  };
  const root = moduleOf(entry);
  const exported = [
    ...root.statements.flatMap(({ name, isPublic }) => (isPublic ? [name] : [])),
    ...root.passed.keys(),
  ];
  for (const name of exported) take(entry, name);
  const texts = [...written.values()].map(({ name, comment, code }) => {
    // Only in a declaration with no other word before it may `declare` be missing.
    const declared = /^(?:declare|type|interface) /.test(code) ? code : `declare ${code}`;
    return `${comment === '' ? '' : `${comment}\n`}${exported.includes(name) ? 'export ' : ''}${declared}`;
  });
  return `${texts.join('\n')}\nexport {};\n`;
}

function readModule(path: string): Module {
  const statements: Statement[] = [];
  const [imports, passed] = [new Map<string, string>(), new Map<string, string>()];
  for (const [comment, code] of statementsOf(readFileSync(path, 'utf8'))) {
    const link = /^(import|export) (?:type )?(?:\{([^}]*)\}|\* as (\w+)) from ['"]([^'"]+)['"]/.exec(code);
    if (link !== null) {
      const names = (link[2] ?? link[3] ?? '').split(',').map((one) => one.replace(/^\s*type /, '').trim());
      for (const name of names.filter(Boolean)) (link[1] === 'import' ? imports : passed).set(name, link[4] ?? '');
      continue;
    }
    const head = /^(export )?((?:declare )?(?:type|interface|const|function) (\w+)[\s\S]*)/.exec(code);
    if (head === null) continue;
    statements.push({ name: head[3] ?? '', comment, code: head[2] ?? '', isPublic: head[1] !== undefined });
  }
  return { statements, imports, passed };
}

/** A file's statements, each with the comment before it. One ends at a semicolon, or an interface's brace, outside of all brackets. */
function statementsOf(text: string): [comment: string, code: string][] {
  const found: [string, string][] = [];
  let [comment, code, depth] = ['', '', 0];
  for (const [token] of text.matchAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\s\S]/g)) {
    const isComment = token.startsWith('/*') || token.startsWith('//');
    if (code === '' && (isComment || /\s/.test(token))) {
      if (isComment) comment = token;
      continue;
    }
    code += token;
    if (/^[{([]$/.test(token)) depth += 1;
    if (/^[})\]]$/.test(token)) depth -= 1;
    if (depth > 0 || !(token === ';' || (token === '}' && /^(?:export )?(?:declare )?interface /.test(code)))) continue;
    found.push([comment, code]);
    [comment, code] = ['', ''];
  }
  return found;
}

/** Words of the code that could be names: none of a comment's or a text's. */
function mentioned(text: string): Set<string> {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/'[^']*'|"[^"]*"/g, '');
  return new Set([...code.matchAll(/[A-Za-z_$][\w$]*/g)].map(([word]) => word));
}
