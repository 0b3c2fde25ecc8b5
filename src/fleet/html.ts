/** A fleet’s summary as one page that can be mailed, in the dress of a report: no script, nothing loaded, everything escaped. */
import { html, type Markup, NOTHING, when } from '../report/markup.ts';
import { STYLE } from '../report/style.ts';
import { sentence, VERDICT_WORDS } from '../report/words.ts';
import {
  cautions,
  extentOf,
  namesOf,
  placeOf,
  readingParts,
  togetherSentences,
  undecidedSentences,
} from './headline.ts';
import type { FleetSummary } from './schema.ts';
import { type Table, tablesOf } from './tables.ts';

/** A whole document. The summary’s strings are clean already; the content security policy forbids what a mistake might let through. */
export function renderFleetHtml(summary: FleetSummary): string {
  const word = VERDICT_WORDS[summary.verdict];
  const { steps } = summary.explanation;
  const left = steps.total - steps.rows.length;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${word}: ${summary.headline}</title>
<style>${{ markup: STYLE + FLEET_STYLE }}</style>
</head>
<body>
<header>
<p class="from">${readingParts(summary).join(' · ')}</p>
<div class="verdict ${summary.verdict}">
<h1><span class="word">${word}</span> ${summary.headline}</h1>
</div>
</header>
<main>
${hostsSection(summary)}
${steps.rows.map((_, index) => stepArticle(summary, index))}
${left > 0 ? html`<p class="quiet">${left} more causes with --top ${steps.total}.</p>` : NOTHING}
${list('Before you trust the figures', cautions(summary))}
${tablesOf(summary).map(tableSection)}
${list('Not decided', undecidedSentences(summary))}
${list('Not read', unread(summary))}
</main>
<footer>
<p>${summary.tool.name} ${summary.tool.version} fleet. Each host counts once, by its newest report.</p>
</footer>
</body>
</html>
`;
  return page.markup.replace(/\n{2,}/g, '\n');
}

const FLEET_STYLE = `
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.counts th[scope="row"] { min-width: 11rem; }
`;

const VERDICT_CLASSES = { blocked: 'bad', degraded: 'half', inconclusive: 'half', healthy: 'good' } as const;

function hostsSection(summary: FleetSummary): Markup {
  const { hosts } = summary;
  const rows = (['blocked', 'degraded', 'inconclusive', 'healthy'] as const).map(
    (verdict) => html`<dt>${verdict}</dt><dd class="${VERDICT_CLASSES[verdict]}">${hosts[verdict]}</dd>`,
  );
  const where = togetherSentences(summary).map((text) => html`<p><strong>${text}</strong></p>`);
  return section('Hosts', html`<dl class="facts">${rows}</dl>${where}`);
}

function stepArticle({ explanation }: FleetSummary, index: number): Markup {
  const step = explanation.steps.rows[index];
  if (step === undefined) return NOTHING;
  const id = `cause-${index + 1}`;
  const place = placeOf(step);
  const fix = when(
    step.fix,
    (one) => html`<h3>Do (${one.owner})</h3>
<p>${sentence(one.summary)}</p>
${commands(one.commands)}
<p class="quiet">As the report of ${one.host} has it; look whether it fits the others.</p>
${when(one.caution, (text) => html`<p class="caution"><strong>Caution:</strong> ${sentence(text)}</p>`)}
${one.undo.length === 0 ? NOTHING : html`<h3>Undo</h3>${commands(one.undo)}`}`,
  );
  return html`<article aria-labelledby="${id}">
<h2 id="${id}"><span class="rank">${index + 1}</span> ${step.title}</h2>
<ul class="marks"><li><code>${step.code}</code></li>${place === '' ? NOTHING : html`<li><code>${place}</code></li>`}</ul>
<p>${extentOf(step, index)}.</p>
<p class="quiet">${namesOf(step.examples, step.hosts)}.</p>
${fix}
</article>
`;
}

function commands(lines: readonly string[]): Markup {
  return html`${lines.map((line) => html`<pre><code>${line}</code></pre>`)}`;
}

/** A column of figures is set to the right. */
function tableSection({ title, columns, rows, more }: Table): Markup {
  const isNumber = (column: number) => rows.every((row) => /^[<>]?\d+( %)?$|^-$/.test(row[column + 1] ?? '-'));
  const kind = (column: number) => (isNumber(column) ? html` class="number"` : NOTHING);
  const heads = columns.map((name, index) => html`<th scope="col"${kind(index)}>${name}</th>`);
  const body = rows.map(
    ([first = '', ...cells]) =>
      html`<tr><th scope="row" class="id">${first}</th>${cells.map((cell, index) => html`<td${kind(index)}>${cell}</td>`)}</tr>
`,
  );
  return section(
    TITLES[title] ?? title,
    html`<div class="scroll"><table class="counts">
<thead><tr><th scope="col">${title}</th>${heads}</tr></thead>
<tbody>
${body}</tbody>
</table></div>${more > 0 ? html`<p class="quiet">${more} more with --top ${rows.length + more}.</p>` : NOTHING}`,
  );
}

const TITLES: Readonly<Record<string, string>> = {
  Cause: 'Causes',
  Resource: 'Resources',
  Zone: 'Zones',
  Subnet: 'Subnets',
  VPC: 'VPCs',
  Account: 'Accounts',
  Service: 'Services',
};

function unread({ reports }: FleetSummary): readonly string[] {
  const left = reports.unreadable - reports.unreadableExamples.length;
  return [...reports.unreadableExamples, ...(left > 0 ? [`and ${left} more.`] : [])];
}

function list(title: string, items: readonly string[]): Markup {
  return items.length === 0 ? NOTHING : section(title, html`<ul>${items.map((text) => html`<li>${text}</li>`)}</ul>`);
}

function section(title: string, content: Markup): Markup {
  return html`<section aria-label="${title}">
<h2>${title}</h2>
${content}
</section>
`;
}
