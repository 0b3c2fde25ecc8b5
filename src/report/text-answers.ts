/** The table "who answers what" on a terminal. */
import { ANSWER_COLUMNS, type AnswerRow, answerRows } from './answers.ts';
import { indent, type Line, lineWidth, type Span, tabulate } from './layout.ts';
import { block, type Page, paragraph } from './page.ts';
import { atMost, groupBy, joinWords } from './words.ts';

/** A table for each target whose resolvers or answers differ; targets with the same table share one. */
export function answerTables(page: Page): readonly (readonly Line[])[] {
  const told = page.report.targets
    .map((target) => ({ target, rows: answerRows(target) }))
    .filter(({ rows }) => rows.length > 0);
  return groupBy(told, ({ rows }) => JSON.stringify(rows)).map(([, alike]) => {
    const names = alike.map(({ target }) => target.id);
    const heading = block(page, `Who answers what for ${joinWords(atMost(names, 3))}:`, 0);
    return [...heading, ...indent(answerLines(page, alike.at(0)?.rows ?? []), 2)];
  });
}

function answerLines(page: Page, rows: readonly AnswerRow[]): readonly Line[] {
  const keys = Object.keys(ANSWER_COLUMNS) as readonly (keyof AnswerRow)[];
  // One name all the way down needs no column.
  const shown = keys.filter((key) => key !== 'name' || new Set(rows.map((row) => row.name)).size > 1);
  const table = tabulate([
    shown.map((key): Span => ({ text: ANSWER_COLUMNS[key], style: 'dim' })),
    ...rows.map((row) => shown.map((key): Span => ({ text: page.say(row[key]) }))),
  ]);
  if (table.every((line) => lineWidth(line) <= page.column - 2)) return table;
  return rows.flatMap((row) => {
    const whose = row.whose === '-' ? '' : ` (${row.whose})`;
    const name = shown.includes('name') ? `, ${row.name}` : '';
    return paragraph(page, `${row.who}${name}: ${row.gives}${whose}`, 2);
  });
}
