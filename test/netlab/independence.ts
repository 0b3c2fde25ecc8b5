/** What the bed builds must not come from what it judges: follows the imports of the translation and finds the culprits. */
import { existsSync, readFileSync } from 'node:fs';

/** Where the kernel's rules, routes, hosts and resolvers are made. */
const ROOTS = ['test/netlab/translate.ts', 'test/netlab/names.ts', 'test/netlab/build.ts', 'test/netlab/kernel.ts'];

/** The model under test, and what draws conclusions from it. */
const ACCUSED = ['src/network/', 'src/checks/', 'src/diagnose/', 'src/collect/', 'src/probes/', 'src/vantage/'];

/** Files of the accused that the translation reaches by imports, types included; empty when it is independent. */
export function sharedCode(root: URL): string[] {
  const seen = new Set<string>();
  const waiting = [...ROOTS];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const file = new URL(path, root);
    if (!existsSync(file)) throw new Error(`${path} is not there`);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g))
      if (specifier !== '') waiting.push(new URL(specifier, file).href.slice(root.href.length));
  }
  return [...seen].filter((path) => ACCUSED.some((folder) => path.startsWith(folder)));
}
