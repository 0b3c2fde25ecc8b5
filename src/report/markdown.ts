/** The report for a ticket: headings, a table of targets, commands in fences. Reads well unrendered, too. */
import type { Report, ReportCause, ReportFix } from '../model/report.ts';
import { ADDRESS_COLUMNS, type AddressRow, addressRows } from './addresses.ts';
import { ANSWER_COLUMNS, type AnswerRow, answerRows } from './answers.ts';
import { cleanReport } from './clean.ts';
import { sightsOf, unexplainedLines } from './evidence.ts';
import { type DrawnHop, pathsOf } from './paths.ts';
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
  rankWords,
  refusedCalls,
  targetGroups,
  vantageParts,
  wayHeading,
  wayTaken,
} from './summary.ts';
import { atMost, joinWords, LAYER_WORDS, STANDING_WORDS, sentence, VERDICT_WORDS } from './words.ts';

/**
 * GitHub-flavoured Markdown that other trackers read as well. No HTML in it but for the two tags that fold, whatever the strings
 * from outside hold.
 */
export function renderMarkdown(report: Report): string {
  const cleaned = cleanReport(report);
  const parts = [
    `## ${VERDICT_WORDS[cleaned.verdict]}: ${prose(fullHeadline(cleaned))}`,
    `From ${prose([...vantageParts(cleaned.vantage), extent(cleaned)].join(', '))}.`,
    targetTable(cleaned),
    ...cleaned.causes.map((cause) => causePart(cleaned, cause)),
    ...addressTables(cleaned),
    ...answerTables(cleaned),
    planPart(cleaned),
    ...closingParts(cleaned),
    `${code(`${cleaned.tool.name} ${cleaned.tool.version}`)}, started ${prose(cleaned.startedAt)}`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function targetTable(report: Report): string {
  const rows = targetGroups(report).flatMap((group) =>
    group.targets.map((target) => {
      const words = [wayTaken(target), sentence(target.summary), target.consequence ?? '']
        .filter((text) => text !== '')
        .join(' ');
      return [group.status, cellCode(target.id), prose(rankWords(group.ranks)), prose(words)];
    }),
  );
  return rows.length === 0 ? '' : table(['Status', 'Target', 'Cause', 'Summary'], rows);
}

function causePart(report: Report, cause: ReportCause): string {
  const { fix } = cause;
  const marks = [code(cause.code), cause.standing, cause.severity, fix.owner].join(' · ');
  const seen = sightsOf(report, cause, 3);
  const because = cause.because.map((entry) =>
    entry.ref === undefined || entry.text.includes(entry.ref)
      ? prose(entry.text)
      : `${prose(entry.text)} (${code(entry.ref)})`,
  );
  const standing = STANDING_WORDS[cause.standing];
  const many = report.targets.length > 1 ? `Affects ${prose(nameTargets(report, cause.targets))}.` : '';
  return paragraphs([
    `### ${cause.rank}. ${prose(cause.title)}`,
    marks,
    prose(cause.summary),
    many,
    pathPart(report, cause),
    bullets([
      ...atMost(seen, 4).map((line) => `Seen: ${prose(line)}`),
      ...because,
      ...(standing === undefined ? [] : [prose(standing)]),
    ]),
    `**Do:** ${prose(sentence(fix.summary))}`,
    diffPart(fix.diff),
    fence(fix.commands, 'sh'),
    prose(proofSentence(report, cause)),
    fix.caution === undefined ? '' : `**Caution:** ${prose(sentence(fix.caution))}`,
    fix.blastRadius === undefined ? '' : `**Others:** ${prose(sentence(fix.blastRadius.summary))}`,
    fix.undo.length === 0 ? '' : `**Undo:**\n\n${fence(fix.undo, 'sh')}`,
    morePart(fix),
    cause.reachabilityAnalyzerCode === undefined
      ? ''
      : `Reachability Analyzer calls it ${code(cause.reachabilityAnalyzerCode)}.`,
  ]);
}

function diffPart(diff: string | undefined): string {
  return diff === undefined ? '' : fence(diff.split('\n'), 'diff');
}

/** The only tags of the document: they are ours, and hold nothing from outside. */
const FOLD = (title: string) => `<details><summary>${title}</summary>`;
const FOLDS = [FOLD('As Terraform'), FOLD('As Terraform, and other ways'), FOLD('Other ways')] as const;
const FOLD_END = '</details>';
export const FOLDED: readonly string[] = [...FOLDS, FOLD_END];

/** Terraform and alternatives, folded away where the tracker can fold. */
function morePart(fix: ReportFix): string {
  const ways = fix.alternatives ?? [];
  if (fix.terraform === undefined && ways.length === 0) return '';
  const hcl = (terraform: string | undefined) => (terraform === undefined ? '' : fence(terraform.split('\n'), 'hcl'));
  return paragraphs([
    ways.length === 0 ? FOLDS[0] : fix.terraform === undefined ? FOLDS[2] : FOLDS[1],
    hcl(fix.terraform),
    ...ways.map((way) =>
      paragraphs([
        `**Or:** ${prose(wayHeading(way))}`,
        diffPart(way.diff),
        fence(way.commands, 'sh'),
        way.caution === undefined ? '' : `**Caution:** ${prose(sentence(way.caution))}`,
        way.undo.length === 0 ? '' : `**Undo:**\n\n${fence(way.undo, 'sh')}`,
        hcl(way.terraform),
      ]),
    ),
    FOLD_END,
  ]);
}

const LINES = { pass: '──', end: '──', block: '──╳', partial: '──~', unknown: '──?', skipped: '──' } as const;

/** One gate a line: a ticket's column is narrow, and nobody knows how narrow. */
function pathPart(report: Report, cause: ReportCause): string {
  const [path] = pathsOf(report, cause);
  if (path === undefined) return '';
  const draw = (hop: DrawnHop, index: number): string => {
    const other = hop.otherCause === undefined ? '' : ` (cause ${hop.otherCause})`;
    const text = `${hop.label} ${hop.state}`.trim();
    return index === 0 ? text : `${LINES[hop.result].padEnd(3)} ${text}${other}`;
  };
  const eventful = path.back.some((hop) => hop.result !== 'pass' && hop.result !== 'end');
  const back = eventful ? ['back', ...path.back.map((hop) => draw(hop, 1))] : [];
  const alike = path.alike.length === 0 ? [] : [`the same to ${joinWords(atMost(path.alike, 3))}`];
  return fence([...path.out.map(draw), ...back, ...path.notes, ...alike], 'text');
}

function addressTables(report: Report): readonly string[] {
  const keys = Object.keys(ADDRESS_COLUMNS) as readonly (keyof AddressRow)[];
  return report.targets.flatMap((target) => {
    const rows = addressRows(report, target);
    if (rows.length === 0) return [];
    const heading = `The addresses of ${code(target.id)} do not behave alike:`;
    const cells = rows.map((row) => keys.map((key) => addressCell(key, row[key])));
    return [heading, table(Object.values(ADDRESS_COLUMNS), cells)];
  });
}

function answerTables(report: Report): readonly string[] {
  const keys = Object.keys(ANSWER_COLUMNS) as readonly (keyof AnswerRow)[];
  return report.targets.flatMap((target) => {
    const cells = answerRows(target).map((row) =>
      keys.map((key) => (key === 'whose' || row[key] === '-' ? prose(row[key]) : cellCode(row[key]))),
    );
    if (cells.length === 0) return [];
    return [`Who answers what for ${code(target.id)}:`, table(Object.values(ANSWER_COLUMNS), cells)];
  });
}

function addressCell(key: keyof AddressRow, text: string): string {
  if (text === '-') return '–';
  return key === 'address' ? cellCode(text) : prose(text);
}

function planPart(report: Report): string {
  if (!hasFixPlan(report)) return '';
  const { steps } = report.fixPlan;
  const lines = steps.map((rank, index) => {
    const cause = report.causes.find((candidate) => candidate.rank === rank);
    const words = cause === undefined ? '' : `: ${prose(sentence(cause.fix.summary))} (${cause.fix.owner})`;
    return `${index + 1}. cause ${rank}${words}`;
  });
  return paragraphs([
    '### Fix plan',
    lines.join('\n'),
    ...otherSets(report).map(prose),
    ...planOutcomes(report).map(({ text }) => prose(text)),
  ]);
}

function closingParts(report: Report): readonly string[] {
  const contradicted = report.contradicted.map((entry) => {
    const couldBe = entry.couldBe.length === 0 ? '' : ` Could be: ${prose(sentence(entry.couldBe.join('; ')))}`;
    return `${prose(sentence(entry.summary))} (${code(entry.code)}) But: ${prose(sentence(entry.observed))}${couldBe}`;
  });
  const undecided = [true, false].flatMap((matters) =>
    openQuestions(report.undecided.filter((entry) => entry.matters === matters)).map(
      ({ obstacle, codes }) =>
        `${matters ? '' : 'Would not change the verdict: '}${prose(obstacle)} ${joinWords(codes.map(code))}.`,
    ),
  );
  const fine = fineByLayer(report).map(({ layer, because }) => `${LAYER_WORDS[layer]}: ${prose(because.join('; '))}`);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `### ${title}\n\n${bullets(lines)}`;
  return [
    section('Not explained', [
      ...unexplainedLines(report).map(prose),
      ...(report.unexplainedCouldBe === undefined
        ? []
        : [prose(`Could be: ${sentence(report.unexplainedCouldBe.join('; '))}`)]),
    ]),
    section('Contradicted', contradicted),
    section('Not decided', undecided),
    section('Fine', fine),
    section('Not checked', [...report.notChecked, ...refusedCalls(report)].map(prose)),
    section('Vantage', report.vantage.notes.map(prose)),
    section('Warnings', report.warnings.map(prose)),
  ];
}

/**
 * Text that Markdown and HTML leave alone: no emphasis, link, tag, table cell, mention, issue number or autolink comes of
 * it. What would start a list, a heading or a rule is escaped too, since the text may stand first on its line.
 */
function prose(text: string): string {
  return text
    .trim()
    .replace(/[\\`*_[\]~|]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/#(?=\d)/g, '&#35;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@/g, '&#64;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, (start) => `${start.slice(0, 3)}&#46;`)
    .replace(/^(?:[-+](?=\s|$)|#|-{3,}$|=+$)/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');
}

/** A code span, in as many backticks as its content needs. */
function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1);
  const pad = /^`|`$|^ .* $/.test(text) ? ' ' : '';
  return text.trim() === '' ? '' : `${ticks}${pad}${text}${pad}${ticks}`;
}

/** In a table's cell a pipe ends the cell, inside a code span as well. */
function cellCode(text: string): string {
  return code(text).replace(/\|/g, '\\|');
}

function fence(lines: readonly string[], language: string): string {
  if (lines.length === 0) return '';
  const ticks = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  return `${ticks}${language}\n${lines.join('\n')}\n${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => (cell === '' ? ' ' : cell)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
