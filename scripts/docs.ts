/** `npm run docs`: writes every document that is made from declarations, so that nothing is said twice by hand. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CHECKS } from '../src/checks/index.ts';
import { causesDocument, causeTable } from '../src/checks/pages.ts';
import { fleetSchemaFile } from '../src/fleet/schema.ts';
import { reportSchemaFile } from '../src/report/schema.ts';
import { SCRIPT_CANNOT_SEE, TOOLS } from '../src/script/limits.ts';
import { deployFiles } from './deploy-files.ts';
import { manualPage } from './man.ts';

const ROOT = new URL('..', import.meta.url);
const START = '<!-- causes:start -->';
const END = '<!-- causes:end -->';

/** By path inside the repository, each generated file as it must be. Throws when the README has no place for the table. */
export function generatedFiles(): Map<string, string> {
  const files = new Map([
    ['docs/causes.md', causesDocument(CHECKS)],
    ['docs/report.schema.json', reportSchemaFile()],
    ['docs/vpce-doctor.1', manualPage()],
    ['docs/probe-script.md', scriptPage()],
    ['src/script/probe.json', packedScript(readFileSync(new URL('src/script/probe.sh', ROOT), 'utf8'))],
    ['docs/fleet.schema.json', fleetSchemaFile()],
    ...deployFiles(),
  ]);
  const readme = new URL('README.md', ROOT);
  if (existsSync(readme)) files.set('README.md', withTable(readFileSync(readme, 'utf8'), causeTable(CHECKS)));
  return files;
}

/** What the probe script cannot see, for readers who have to choose between it and the tool. */
function scriptPage(): string {
  return [
    '# The probe script, and what it cannot see',
    '',
    '`vpce-doctor probe-script [targets…]` prints a POSIX shell script with the questions in it. On the host it asks with what is installed',
    'and prints one JSON document: the words of the tools, quoted, and nothing that is understood yet. `vpce-doctor diagnose --evidence`',
    'reads them. Every question is bounded, the whole run too (60 s unless `--deadline` says otherwise), and after Ctrl-C the document has',
    'what was known by then. Proxy credentials, access keys and the metadata service’s token never get into it.',
    '',
    'The netlab (`npm run test:netlab -- --script --only all`) runs it on the client of each scenario beside the tool itself, with the same',
    'state: the first cause must be the same. These are the causes for which it may stay silent:',
    '',
    '| cause | why |',
    '|---|---|',
    ...Object.entries(SCRIPT_CANNOT_SEE).map(([code, why]) => `| \`${code}\` | ${why} |`),
    '',
    'A host that lacks a tool sees less. What was not asked for want of a tool is in the report’s coverage.',
    '',
    '| missing | asked instead with | lost |',
    '|---|---|---|',
    ...TOOLS.map(({ tool, instead, lost }) => `| ${tool} | ${instead} | ${lost} |`),
    '',
  ].join('\n');
}

/** The probe script for the bundle, without the comments and the indentation that only its readers need. */
export function packedScript(script: string): string {
  const [first = '', ...rest] = script.trimEnd().split('\n');
  const header = rest.indexOf('#PLAN#');
  const kept = rest.flatMap((line, at) => {
    const bare = line.trimStart();
    if (bare === '' || bare.startsWith('# shellcheck') || (at > header && bare.startsWith('# '))) return [];
    return [bare];
  });
  return `${JSON.stringify({ lines: [first, ...kept, ''] }, null, 2)}\n`;
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
