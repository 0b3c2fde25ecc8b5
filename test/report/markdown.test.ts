import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FOLDED, renderMarkdown } from '../../src/report/markdown.ts';
import { FIXTURES } from './fixtures.ts';
import { scrambled } from './scramble.ts';

const reports = scrambled(Object.values(FIXTURES));

describe('golden files', () => {
  test.each(Object.entries(FIXTURES))('%s', async (name, report) => {
    await expect(renderMarkdown(report)).toMatchFileSnapshot(`./golden/${name}.md`);
  });
});

/** The document without our own folding tags on their lines, and without fenced blocks and code spans, where nothing is markup. */
function proseOf(markdown: string): string {
  const unfolded = FOLDED.reduce((text, tag) => text.replaceAll(new RegExp(`^${tag}$`, 'gm'), ''), markdown);
  return unfolded.replace(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, '').replace(/(?<![\\`])(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
}

describe('properties', () => {
  test('nothing from outside becomes a tag, an entity, a link, a mention or an issue', () => {
    fc.assert(
      fc.property(reports, (report) => {
        const prose = proseOf(renderMarkdown(report));
        expect(prose).not.toMatch(/[<>@]/);
        expect(prose).not.toMatch(/&(?!(?:amp|lt|gt|#64|#35|#58|#46);)/);
        expect(prose).not.toMatch(/(?<!\\)\[|:\/\//);
        expect(prose).not.toMatch(/(?<![&\\])#\d/);
      }),
    );
  });

  test('every line is one that we begin: no list, rule or heading of someone else', () => {
    const headings =
      /^#{2,3} (?:BLOCKED|DEGRADED|HEALTHY|INCONCLUSIVE|\d+\. |Fix plan|Not |Contradicted|Fine|Vantage|Warnings)/;
    fc.assert(
      fc.property(reports, (report) => {
        for (const line of proseOf(renderMarkdown(report)).split('\n')) {
          if (/^#/.test(line)) expect(line).toMatch(headings);
          expect(line).not.toMatch(/^(?:\s{4}|[-=*_]{3,}\s*$|\+ |\* )/);
        }
      }),
    );
  });

  test('every row of a table has as many cells as its head', () => {
    const cells = (row: string) => row.split(/(?<!\\)\|/).length;
    fc.assert(
      fc.property(reports, (report) => {
        const tables = renderMarkdown(report)
          .split('\n\n')
          .filter((part) => part.startsWith('| '))
          .map((part) => part.split('\n'));
        for (const [head = '', ...rows] of tables) {
          for (const row of rows) expect(cells(row), row).toBe(cells(head));
        }
      }),
    );
  });
});

test('a fence is longer than any backtick inside it', () => {
  expect(renderMarkdown(FIXTURES.nasty)).toContain('````sh\n');
});
