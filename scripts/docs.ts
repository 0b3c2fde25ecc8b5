/** `npm run docs`: writes every document that is made from declarations, so that nothing is said twice by hand. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CHECKS } from '../src/checks/index.ts';
import { causesDocument, causeTable } from '../src/checks/pages.ts';
import { fleetSchemaFile } from '../src/fleet/schema.ts';
import { reportSchemaFile } from '../src/report/schema.ts';

const ROOT = new URL('..', import.meta.url);
const START = '<!-- causes:start -->';
const END = '<!-- causes:end -->';

/** By path inside the repository, each generated file as it must be. Throws when the README has no place for the table. */
export function generatedFiles(): Map<string, string> {
  const files = new Map([
    ['docs/causes.md', causesDocument(CHECKS)],
    ['docs/report.schema.json', reportSchemaFile()],
    ['docs/fleet.schema.json', fleetSchemaFile()],
  ]);
  const readme = new URL('README.md', ROOT);
  if (existsSync(readme)) files.set('README.md', withTable(readFileSync(readme, 'utf8'), causeTable(CHECKS)));
  return files;
}

/** A text with the table between its two markers, and nothing else changed. */
export function withTable(text: string, table: string): string {
  const from = text.indexOf(START);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`README.md needs a line ${START} and after it a line ${END}`);
  return `${text.slice(0, from + START.length)}\n${table}\n${text.slice(to)}`;
}

if (import.meta.main) {
  for (const [path, text] of generatedFiles()) writeFileSync(new URL(path, ROOT), text);
}
