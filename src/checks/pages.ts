/** The documentation of causes, made from their declarations: `explain`, docs/causes.md and the README's table. */
import { LAYER_ORDER } from '../model/codes.ts';
import { SLICES } from '../model/state.ts';
import type { AnyCheck } from './check.ts';

/** One cause's page for a terminal. */
export function causePage(check: AnyCheck, width: number): string {
  const { documentation: page } = check;
  const parts: [string, string][] = [
    ['What it means', page.meaning],
    ['How to confirm', page.confirm],
    ['How to fix', page.remedy],
    ['When it is no problem', page.notWhen],
  ];
  const needs = check.needs.map((name) => SLICES[name].action);
  const reads = [...new Set(needs)].sort().join(', ') || 'nothing from the EC2 API: packets and local files only';
  return [
    `${check.code}  (${check.layer})`,
    wrap(check.title, width, ''),
    '',
    ...parts.flatMap(([heading, text]) => [heading, wrap(text, width, '  '), '']),
    'What it reads',
    wrap(reads, width, '  '),
    '',
    'Sources',
    ...page.sources.map((source) => `  ${source}`),
    ...(check.reachabilityAnalyzerCode === undefined
      ? []
      : ['', `Reachability Analyzer calls it ${check.reachabilityAnalyzerCode}.`]),
    '',
    `Try it: vpce-doctor demo ${check.code}`,
    '',
  ].join('\n');
}

/** All causes by layer, a line each. */
export function causeList(checks: readonly AnyCheck[]): string {
  const longest = Math.max(...checks.map((check) => check.code.length));
  const layers = LAYER_ORDER.filter((layer) => checks.some((check) => check.layer === layer));
  return `${layers
    .map((layer) =>
      [
        layer,
        ...checks
          .filter((check) => check.layer === layer)
          .map((check) => `  ${check.code.padEnd(longest)}  ${check.title}`),
      ].join('\n'),
    )
    .join('\n\n')}\n`;
}

/** The README's table. */
export function causeTable(checks: readonly AnyCheck[]): string {
  const rows = checks.map(
    (check) => `| ${check.layer} | [${check.code}](docs/causes.md#${check.code}) | ${check.title} |`,
  );
  return ['| layer | code | what is wrong |', '| --- | --- | --- |', ...rows].join('\n');
}

/** docs/causes.md, whole. */
export function causesDocument(checks: readonly AnyCheck[]): string {
  const pages = checks.map((check) => {
    const page = check.documentation;
    return [
      `## ${check.code}`,
      '',
      `**${check.title}** (layer: ${check.layer}${check.reachabilityAnalyzerCode === undefined ? '' : `; Reachability Analyzer: \`${check.reachabilityAnalyzerCode}\``})`,
      '',
      page.meaning,
      '',
      `**Confirm.** ${page.confirm}`,
      '',
      `**Fix.** ${page.remedy}`,
      '',
      `**No problem when.** ${page.notWhen}`,
      '',
      `**Reads.** ${[...new Set(check.needs.map((name) => SLICES[name].action))].sort().join(', ') || 'packets and local files only'}`,
      '',
      ...page.sources.map((source) => `- ${source}`),
      '',
    ].join('\n');
  });
  return [
    '# Causes',
    '',
    'Generated from `src/checks/<layer>/<code>.ts` by `npm run docs`; a test holds it.',
    '',
    ...pages,
  ].join('\n');
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line].join('\n');
}
