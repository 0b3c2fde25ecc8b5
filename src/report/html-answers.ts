/** The table "who answers what" on a page. */
import type { ReportTarget } from '../model/report.ts';
import { ANSWER_COLUMNS, type AnswerRow, answerRows } from './answers.ts';
import { html, type Markup, NOTHING } from './markup.ts';

/** Nothing for a target whose resolvers and answers do not differ. */
export function answerTable(target: ReportTarget): Markup {
  const rows = answerRows(target);
  if (rows.length === 0) return NOTHING;
  const keys = Object.keys(ANSWER_COLUMNS) as readonly (keyof AnswerRow)[];
  return html`<section aria-label="Who answers what">
<h2>Who answers what</h2>
<div class="scroll"><table>
<caption class="id">${target.id}</caption>
<thead><tr>${keys.map((key) => html`<th scope="col">${ANSWER_COLUMNS[key]}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${keys.map((key) => (key === 'whose' ? html`<td>${row[key]}</td>` : html`<td class="id">${row[key]}</td>`))}</tr>\n`)}</tbody>
</table></div></section>`;
}
