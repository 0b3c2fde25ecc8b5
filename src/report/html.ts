/** The report as one page that can be mailed: no script, no file beside it, nothing loaded, everything escaped. */
import type { Report, ReportCause, ReportFix, ReportTarget } from '../model/report.ts';
import { ADDRESS_COLUMNS, type AddressRow, addressRows } from './addresses.ts';
import { cleanReport } from './clean.ts';
import { describeOutcome, sightsOf, unexplainedLines } from './evidence.ts';
import { answerTable } from './html-answers.ts';
import { html, type Markup, NOTHING, when } from './markup.ts';
import { type DrawnHop, type DrawnPath, pathsOf } from './paths.ts';
import { STYLE } from './style.ts';
import {
  extent,
  fineByLayer,
  fullHeadline,
  hasFixPlan,
  nameTargets,
  openQuestions,
  otherSets,
  planOutcomes,
  proofSentence,
  refusedCalls,
  targetGroups,
  vantageParts,
  wayHeading,
  wayTaken,
} from './summary.ts';
import { joinWords, LAYER_WORDS, STANDING_WORDS, sentence, VERDICT_WORDS } from './words.ts';

/** A whole document. The content security policy in it forbids even what a mistake of ours might let through. */
export function renderHtml(report: Report): string {
  const r = cleanReport(report);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${VERDICT_WORDS[r.verdict]}: ${r.headline}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<header>
<p class="from">${[...vantageParts(r.vantage), extent(r)].join(' · ')}</p>
<div class="verdict ${r.verdict}">
<h1><span class="word">${VERDICT_WORDS[r.verdict]}</span> ${fullHeadline(r)}</h1>
</div>
</header>
<main>
${targetTable(r)}
${r.causes.map((cause) => causeArticle(r, cause))}
${r.targets.map((target) => addressTable(r, target))}${r.targets.map((target) => answerTable(target))}
${planSection(r)}
${closingSections(r)}
${ledger(r)}
</main>
<footer>
<p>${r.tool.name} ${r.tool.version}, started ${r.startedAt}. It only looks: nothing was changed.</p>
</footer>
</body>
</html>
`;
  return page.markup.replace(/\n{2,}/g, '\n');
}

const STATUS_CLASSES = { reachable: 'good', degraded: 'half', unreachable: 'bad', unknown: 'half' } as const;

function targetTable(r: Report): Markup {
  if (r.targets.length === 0) return NOTHING;
  const rows = targetGroups(r).flatMap((group) =>
    group.targets.map((target) => {
      const words = [wayTaken(target), sentence(target.summary), target.consequence ?? '']
        .filter((text) => text !== '')
        .join(' ');
      const links = group.ranks.map(
        (rank, index) =>
          html`${index === 0 ? '' : ', '}<a href="#cause-${rank}" aria-label="cause ${rank}">${rank}</a>`,
      );
      return html`<tr><td class="status ${STATUS_CLASSES[target.status]}">${target.status}</td><th scope="row" class="id">${target.id}</th><td>${words}</td><td class="causes">${links}</td></tr>
`;
    }),
  );
  return section(
    'Targets',
    html`<div class="scroll"><table class="targets">
<thead><tr><th scope="col">Status</th><th scope="col">Target</th><th scope="col">Summary</th><th scope="col">Cause</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`,
  );
}

const WHY = {
  confirmed: 'Why we are sure',
  likely: 'Why we think so',
  modelled: 'Why the model says so',
} as const satisfies Record<ReportCause['standing'], string>;

function causeArticle(r: Report, cause: ReportCause): Markup {
  const { fix } = cause;
  const id = `cause-${cause.rank}`;
  const seen = sightsOf(r, cause, 12).map((line) => html`<li>${line}</li>`);
  const because = cause.because.map(({ text, ref }) => {
    const named = ref !== undefined && !text.includes(ref);
    return html`<li>${text}${named ? html` <span class="id quiet">${ref}</span>` : NOTHING}</li>`;
  });
  const standing = when(STANDING_WORDS[cause.standing], (words) => html`<li class="quiet">${words}</li>`);
  return html`<article aria-labelledby="${id}">
<h2 id="${id}"><span class="rank">${cause.rank}</span> ${cause.title}</h2>
<ul class="marks"><li><code>${cause.code}</code></li><li>${cause.standing}</li><li class="${cause.severity}">${cause.severity}</li><li>${LAYER_WORDS[cause.layer]}</li></ul>
<p>${cause.summary}</p>
${r.targets.length > 1 ? html`<p>Affects ${nameTargets(r, cause.targets)}.</p>` : NOTHING}
${pathsOf(r, cause).slice(0, 4).map(pathDrawing)}
<h3>${WHY[cause.standing]}</h3>
<ul>${seen}${because}${standing}</ul>
<h3>Do (${fix.owner})</h3>
<p>${sentence(fix.summary)}</p>
${when(fix.diff, (text) => commands([text]))}
${commands(fix.commands)}
<p class="proof">${proofSentence(r, cause)}</p>
${when(fix.caution, (text) => html`<p class="caution"><strong>Caution:</strong> ${sentence(text)}</p>`)}
${when(fix.blastRadius, ({ summary, breaks }) => html`<p class="${breaks.length > 0 ? 'caution' : 'quiet'}"><strong>Others:</strong> ${sentence(summary)}</p>`)}
${fix.undo.length === 0 ? NOTHING : html`<h3>Undo</h3>${commands(fix.undo)}`}
${moreWays(fix)}
${when(cause.reachabilityAnalyzerCode, (code) => html`<p class="quiet">Reachability Analyzer calls it <code>${code}</code>.</p>`)}
</article>
`;
}

/** Terraform and alternatives, folded away. */
function moreWays(fix: ReportFix): Markup {
  const ways = fix.alternatives ?? [];
  if (fix.terraform === undefined && ways.length === 0) return NOTHING;
  const title =
    fix.terraform === undefined ? 'Other ways' : ways.length === 0 ? 'As Terraform' : 'As Terraform, and other ways';
  const items = ways.map(
    (way) => html`<h3>Or</h3>
<p>${wayHeading(way)}</p>
${when(way.diff, (text) => commands([text]))}
${commands(way.commands)}
${when(way.caution, (text) => html`<p class="caution"><strong>Caution:</strong> ${sentence(text)}</p>`)}
${way.undo.length === 0 ? NOTHING : html`<p class="quiet">Undo</p>${commands(way.undo)}`}
${when(way.terraform, (text) => commands([text]))}
`,
  );
  return html`<details><summary>${title}</summary>
${when(fix.terraform, (text) => commands([text]))}
${items}</details>`;
}

function commands(lines: readonly string[]): Markup {
  return html`${lines.map((line) => html`<pre><code>${line}</code></pre>`)}`;
}

function pathDrawing(path: DrawnPath): Markup {
  const eventful = path.back.some((hop) => hop.result !== 'pass' && hop.result !== 'end');
  const alike = path.alike.length === 0 ? [] : [`The same to ${joinWords(path.alike)}.`];
  return html`<ol class="path" aria-label="The way to ${path.to}">${path.out.map(gate)}</ol>
${eventful ? html`<p class="way">And back:</p><ol class="path" aria-label="The way back from ${path.to}">${path.back.map(gate)}</ol>` : NOTHING}
${[...path.notes, ...alike].map((text) => html`<p class="quiet">${text}</p>`)}
`;
}

function gate(hop: DrawnHop): Markup {
  const state = hop.result === 'block' ? '╳ blocks' : hop.state;
  const other = hop.otherCause === undefined ? '' : ` (cause ${hop.otherCause})`;
  const words = state === '' ? NOTHING : html`<span class="state">${state}${other}</span>`;
  return html`<li class="${hop.result}"><span class="gate">${hop.label}${words}</span></li>`;
}

const GOOD_CELLS = new Set(['yes', 'open', 'trusted', 'AWS', 'passes']);
const NEUTRAL_CELLS = new Set(['-', 'no', 'unknown', 'not AWS']);

function addressTable(r: Report, target: ReportTarget): Markup {
  const rows = addressRows(r, target);
  if (rows.length === 0) return NOTHING;
  const keys = Object.keys(ADDRESS_COLUMNS) as readonly (keyof AddressRow)[];
  const cell = (row: AddressRow, key: keyof AddressRow): Markup => {
    const text = row[key];
    if (key === 'address') return html`<th scope="row" class="id">${text}</th>`;
    if (key === 'zone') return html`<td>${text}</td>`;
    return html`<td class="${cellClass(text)}">${text}</td>`;
  };
  return section(
    'Addresses that do not behave alike',
    html`<div class="scroll"><table>
<caption class="id">${target.id}</caption>
<thead><tr>${keys.map((key) => html`<th scope="col">${ADDRESS_COLUMNS[key]}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${keys.map((key) => cell(row, key))}</tr>\n`)}</tbody>
</table></div>`,
  );
}

function cellClass(text: string): string {
  if (GOOD_CELLS.has(text)) return 'good';
  if (NEUTRAL_CELLS.has(text)) return 'quiet';
  return text === 'in part' || / of /.test(text) ? 'half' : 'bad';
}

function planSection(r: Report): Markup {
  if (!hasFixPlan(r)) return NOTHING;
  const { steps, undo } = r.fixPlan;
  const items = steps.map((rank) => {
    const cause = r.causes.find((candidate) => candidate.rank === rank);
    const words = cause === undefined ? '' : `: ${sentence(cause.fix.summary)} (${cause.fix.owner})`;
    return html`<li><a href="#cause-${rank}">cause ${rank}</a>${words}</li>`;
  });
  return section(
    'Fix plan',
    html`<ol class="steps">${items}</ol>
${otherSets(r).map((text) => html`<p>${text}</p>`)}
${planOutcomes(r).map(({ kind, text }) => html`<p class="${OUTCOME_CLASSES[kind]}">${text}</p>`)}
${undo.length === 0 ? NOTHING : html`<h3>To take it all back</h3>${commands(undo)}`}`,
  );
}

const OUTCOME_CLASSES = { opens: 'proof', beyond: 'quiet', closed: 'caution' } as const;

function closingSections(r: Report): Markup {
  const contradicted = r.contradicted.map((entry) => {
    const couldBe = entry.couldBe.map((text) => html`<li>${text}</li>`);
    return html`<li>${sentence(entry.summary)} <code>${entry.code}</code><br>But: ${sentence(entry.observed)}${couldBe.length === 0 ? NOTHING : html`<br>Could be:<ul>${couldBe}</ul>`}</li>`;
  });
  const undecided = [true, false].flatMap((matters) =>
    openQuestions(r.undecided.filter((entry) => entry.matters === matters)).map(
      ({ obstacle, codes }) =>
        html`<li${matters ? NOTHING : html` class="quiet"`}>${matters ? '' : 'Would not change the verdict: '}${obstacle} ${listOfCodes(codes)}.</li>`,
    ),
  );
  const fine = fineByLayer(r).map(
    ({ layer, because }) => html`<dt>${LAYER_WORDS[layer]}</dt><dd>${because.join('; ')}</dd>`,
  );
  return html`${list('Not explained', [...plain(unexplainedLines(r)), ...couldBeItem(r)])}
${list('Contradicted', contradicted)}
${list('Not decided', undecided)}
${fine.length === 0 ? NOTHING : section('Fine', html`<dl class="facts">${fine}</dl>`)}
${list('Not checked', plain([...r.notChecked, ...refusedCalls(r)]))}
${list('Vantage', plain(r.vantage.notes))}
${list('Warnings', plain(r.warnings))}
`;
}

function couldBeItem(r: Report): readonly Markup[] {
  const items = (r.unexplainedCouldBe ?? []).map((text) => html`<li>${text}</li>`);
  return items.length === 0 ? [] : [html`<li>Could be:<ul>${items}</ul></li>`];
}

function listOfCodes(codes: readonly string[]): Markup {
  return html`${codes.map((code, index) => html`${index === 0 ? '' : ', '}<code>${code}</code>`)}`;
}

/** Everything that was asked and called, folded away. */
function ledger(r: Report): Markup {
  if (r.observations.length === 0 && r.coverage.length === 0) return NOTHING;
  const observations = r.observations.map(
    (o) => html`<tr><th scope="row" class="id">${o.id}</th><td>${describeOutcome(o)}</td></tr>\n`,
  );
  const calls = r.coverage.map(
    (entry) =>
      html`<tr><th scope="row" class="id">${entry.what}</th><td>${entry.outcome}, ${entry.count}</td><td>${entry.why ?? ''}</td></tr>\n`,
  );
  return html`<section aria-labelledby="ledger"><details><summary id="ledger">All observations and calls</summary>
${observations.length === 0 ? NOTHING : html`<div class="scroll"><table><caption>Observations</caption><tbody>\n${observations}</tbody></table></div>`}
${calls.length === 0 ? NOTHING : html`<div class="scroll"><table><caption>Coverage</caption><tbody>\n${calls}</tbody></table></div>`}
</details></section>
`;
}

function plain(lines: readonly string[]): readonly Markup[] {
  return lines.map((line) => html`<li>${line}</li>`);
}

function list(title: string, items: readonly Markup[]): Markup {
  return items.length === 0 ? NOTHING : section(title, html`<ul>${items}</ul>`);
}

/** Every section is a landmark named by its heading; several of one title are told apart by nothing but their content. */
function section(title: string, content: Markup): Markup {
  return html`<section aria-label="${title}">
<h2>${title}</h2>
${content}
</section>
`;
}
