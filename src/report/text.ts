/**
 * The report for a terminal. A tired engineer reads it from the top: what is broken, why we are sure, what to type,
 * whether that is all, and what could not be checked.
 */
import type { Report, Verdict } from '../model/report.ts';
import { ADDRESS_COLUMNS, type AddressRow, addressRows } from './addresses.ts';
import { cleanReport } from './clean.ts';
import { describeObservation, unexplainedLines } from './evidence.ts';
import {
  fill,
  hang,
  indent,
  type Line,
  labelled,
  lineWidth,
  paint,
  type Span,
  type Style,
  tabulate,
  wrap,
} from './layout.ts';
import { block, openPage, type Page, paragraph } from './page.ts';
import {
  extent,
  fineByLayer,
  fullHeadline,
  hasFixPlan,
  openQuestions,
  otherSets,
  planOutcomes,
  rankWords,
  refusedCalls,
  shortNames,
  type TargetGroup,
  targetGroups,
  vantageParts,
  wayTaken,
} from './summary.ts';
import { answerTables } from './text-answers.ts';
import { causeLines, commandLines } from './text-cause.ts';
import { atMost, count, groupBy, joinWords, LAYER_WORDS, sentence, VERDICT_WORDS } from './words.ts';

export type TextOptions = {
  /** columns of the terminal; 80 is the least */
  readonly width: number;
  readonly color: boolean;
  /** everything: each observation, each path, each cause that was ruled out, each call */
  readonly verbose: boolean;
  /** false for terminals and locales that cannot draw lines; true unless said */
  readonly unicode?: boolean | undefined;
};

/** Columns before what stands beside a section's label. */
const AT = 15;

const VERDICT_STYLES = {
  healthy: 'strong-green',
  degraded: 'strong-yellow',
  blocked: 'strong-red',
  inconclusive: 'strong-yellow',
} as const satisfies Record<Verdict, Style>;

const STATUS_STYLES = { reachable: 'green', degraded: 'yellow', unreachable: 'red', unknown: 'yellow' } as const;

/** The whole report, ending in a line break. Strings from outside are neutralised; no colour unless asked for. */
export function renderText(report: Report, options: TextOptions): string {
  const page = openPage(cleanReport(report), { ...options, unicode: options.unicode ?? true });
  const sections = [
    headLines(page),
    headlineLines(page),
    targetLines(page),
    ...page.report.causes.map((cause) => causeLines(page, cause)),
    ...addressTables(page),
    ...answerTables(page),
    planLines(page),
    closingLines(page),
    page.verbose ? ledgerLines(page) : [],
  ];
  const filled = sections.filter((lines) => lines.length > 0).map((lines) => withoutTrailingGap(lines));
  return paint(
    filled.flatMap((lines, index) => (index === 0 ? lines : [[], ...lines])),
    options.color,
  );
}

function withoutTrailingGap(lines: readonly Line[]): readonly Line[] {
  return lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1);
}

function headLines(page: Page): readonly Line[] {
  const { tool, vantage } = page.report;
  const name: Span = { text: page.say(`${tool.name} ${tool.version}`), style: 'dim' };
  const parts = [...vantageParts(vantage), extent(page.report)].map((part, index, all): Line => {
    const comma = index < all.length - 1 ? ',' : '';
    return [{ text: page.say(`${part}${comma}`) }];
  });
  const columns = lineWidth([name]) + 3;
  // A report can come from a file, and its version be anything.
  if (columns > WIDEST_NAME) return [...wrap([name], page.column), ...fill(parts, page.column)];
  return labelled(name, columns, fill(parts, page.column - columns));
}

const WIDEST_NAME = 30;

function headlineLines(page: Page): readonly Line[] {
  const { verdict } = page.report;
  const headline = fullHeadline(page.report);
  const word = VERDICT_WORDS[verdict];
  const columns = word.length + 2;
  return labelled({ text: word, style: VERDICT_STYLES[verdict] }, columns, block(page, headline, columns, 'bold'));
}

/** Overview of the targets; left out when there is one and its cause follows at once. */
function targetLines(page: Page): readonly Line[] {
  const { report } = page;
  if (report.targets.length < 2 && report.causes.length > 0 && !page.verbose) return [];
  return targetGroups(report).flatMap((group) => groupLines(page, group));
}

/** Up to here every target gets its own sentence. */
const FEW_TARGETS = 6;
const MANY_RANKS = 4;

function groupLines(page: Page, group: TargetGroup): readonly Line[] {
  const ranks = rankWords(group.ranks, MANY_RANKS);
  const status: Span = { text: group.status.padEnd(13), style: STATUS_STYLES[group.status] };
  const mark: Line = ranks === '' ? [status] : [status, { text: `${ranks}  ` }];
  const columns = lineWidth(mark);
  const rest: Line = [{ text: ' '.repeat(columns) }];
  const few = page.verbose || page.report.targets.length <= FEW_TARGETS;
  const lines = few
    ? group.targets.flatMap((target) => {
        const asked = page.verbose ? target.requested.filter((text) => text !== target.id) : [];
        const words = [
          wayTaken(target),
          sentence(target.summary),
          target.consequence ?? '',
          asked.length === 0 ? '' : `Asked for as ${joinWords(asked)}.`,
        ];
        const told = words.filter((text) => text !== '').join(' ');
        return [...block(page, target.id, columns, 'bold'), ...indent(block(page, told, columns + 2), 2)];
      })
    : block(page, manyNames(group.targets.map((target) => target.id)), columns);
  return hang(lines, mark, rest);
}

/** `22 under eu-west-1.amazonaws.com: kms, logs, …` */
function manyNames(ids: readonly string[]): string {
  const { domain, names } = shortNames(ids);
  const amount = ids.length === 1 ? '' : `${ids.length}${domain === undefined ? '' : ` under ${domain}`}: `;
  return `${amount}${names.join(', ')}`;
}

/** A table for each endpoint whose addresses do not all behave alike. */
function addressTables(page: Page): readonly (readonly Line[])[] {
  const { report } = page;
  const tables = groupBy(
    report.targets
      .map((target) => ({ target, rows: addressRows(report, target) }))
      .filter(({ rows }) => rows.length > 0),
    ({ rows }) => JSON.stringify(rows),
  );
  return tables.map(([, alike]) => {
    const names = joinWords(
      atMost(
        alike.map(({ target }) => target.id),
        3,
      ),
    );
    const heading = block(page, `The addresses of ${names} do not behave alike:`, 0);
    return [...heading, ...indent(addressLines(page, alike.at(0)?.rows ?? []), 2)];
  });
}

function addressLines(page: Page, rows: readonly AddressRow[]): readonly Line[] {
  const keys = Object.keys(ADDRESS_COLUMNS) as readonly (keyof AddressRow)[];
  const table = tabulate([
    keys.map((key): Span => ({ text: ADDRESS_COLUMNS[key], style: 'dim' })),
    ...rows.map((row) => keys.map((key): Span => ({ text: page.say(row[key]), style: cellStyle(key, row[key]) }))),
  ]);
  if (table.every((line) => lineWidth(line) <= page.column - 2)) return table;
  // IPv6 addresses on 80 columns: a line of prose for each row.
  return rows.flatMap((row) => {
    const facts = keys.filter((key) => key !== 'address').map((key) => `${ADDRESS_COLUMNS[key]} ${row[key]}`);
    return paragraph(page, `${row.address}: ${facts.join(', ')}`, 2);
  });
}

const GOOD_CELLS = new Set(['yes', 'open', 'trusted', 'AWS', 'passes']);
const NEUTRAL_CELLS = new Set(['-', 'no', 'unknown', 'not AWS']);

function cellStyle(key: keyof AddressRow, cell: string): Style | undefined {
  if (key === 'zone' || key === 'address' || NEUTRAL_CELLS.has(cell)) return undefined;
  if (GOOD_CELLS.has(cell)) return 'green';
  return cell === 'in part' || / of /.test(cell) ? 'yellow' : 'red';
}

function planLines(page: Page): readonly Line[] {
  const { report } = page;
  if (!hasFixPlan(report)) return [];
  const { steps, undo } = report.fixPlan;
  const numbered = steps.flatMap((rank, index) => {
    const cause = report.causes.find((candidate) => candidate.rank === rank);
    const words =
      cause === undefined ? `cause ${rank}` : `cause ${rank}: ${sentence(cause.fix.summary)} (${cause.fix.owner})`;
    return labelled({ text: `${index + 1}.` }, 3, block(page, words, AT + 3));
  });
  const say = (text: string, style?: Style) => paragraph(page, text, AT, style);
  return section('Fix plan', [
    ...numbered,
    ...otherSets(report).flatMap((line) => say(line)),
    ...planOutcomes(report).flatMap(({ kind, text }) => say(text, OUTCOME_STYLES[kind])),
    ...(page.verbose && undo.length > 0 ? [...say('To take it all back:'), ...commandLines(page, undo, AT)] : []),
  ]);
}

const OUTCOME_STYLES = { opens: 'green', beyond: undefined, closed: 'yellow' } as const;

/** What is fine, and what is not known: people need both to stop looking. */
function closingLines(page: Page): readonly Line[] {
  const { report } = page;
  const say = (text: string, style?: Style) => paragraph(page, text, AT, style);
  return [
    ...section('Not explained', [
      ...unexplainedLines(report).flatMap((line) => say(line)),
      ...couldBeLines(page, report.unexplainedCouldBe ?? [], AT),
    ]),
    ...section('Contradicted', contradictedLines(page)),
    ...section('Not decided', undecidedLines(page)),
    ...section('Fine', fineLines(page)),
    ...section(
      'Not checked',
      [...report.notChecked, ...refusedCalls(report)].flatMap((line) => say(line)),
    ),
    ...section(
      'Vantage',
      report.vantage.notes.flatMap((line) => say(line)),
    ),
    ...section(
      'Warnings',
      report.warnings.flatMap((line) => say(line, 'yellow')),
    ),
  ];
}

function contradictedLines(page: Page): readonly Line[] {
  return page.report.contradicted.flatMap((entry) => [
    ...paragraph(page, `${sentence(entry.summary)} (${entry.code})`, AT),
    ...indent(paragraph(page, `But: ${sentence(entry.observed)}`, AT + 2), 2),
    ...indent(couldBeLines(page, entry.couldBe, AT + 2), 2),
  ]);
}

/** Possibilities below each other, the likeliest first: in one sentence they cannot be gone through. */
function couldBeLines(page: Page, couldBe: readonly string[], at: number): readonly Line[] {
  const [only, ...others] = couldBe;
  if (only === undefined) return [];
  if (others.length === 0) return paragraph(page, `Could be: ${sentence(only)}`, at);
  return [
    ...paragraph(page, 'Could be, the likeliest first:', at),
    ...couldBe.flatMap((text) => paragraph(page, `${page.glyphs.bullet} ${text}`, at)),
  ];
}

function undecidedLines(page: Page): readonly Line[] {
  const { undecided } = page.report;
  const weighty = openQuestions(undecided.filter((entry) => entry.matters));
  const light = openQuestions(undecided.filter((entry) => !entry.matters));
  const words = ({ obstacle, codes }: (typeof weighty)[number]) => `${obstacle} ${joinWords(codes)}.`;
  return [
    ...weighty.flatMap((question) => paragraph(page, words(question), AT)),
    ...light.flatMap((question) => paragraph(page, `Would not change the verdict: ${words(question)}`, AT, 'dim')),
  ];
}

const FACTS_PER_LAYER = 6;

function fineLines(page: Page): readonly Line[] {
  const { report, verbose } = page;
  const fine = report.ruledOut.length;
  if (fine === 0) return [];
  if (verbose) return report.ruledOut.flatMap((entry) => paragraph(page, `${entry.code}: ${entry.because}`, AT));
  if (report.verdict === 'healthy') {
    return paragraph(page, `${count(fine, 'possible cause')} looked for, none found (--verbose lists them).`, AT);
  }
  return fineByLayer(report).flatMap(({ layer, because }) => {
    const facts = because.length > FACTS_PER_LAYER ? atMost(because, FACTS_PER_LAYER) : because;
    return paragraph(page, `${LAYER_WORDS[layer]}: ${facts.join(' · ')}`, AT);
  });
}

/** Everything that was asked and called, for those who want to check our reasoning. */
function ledgerLines(page: Page): readonly Line[] {
  const { observations, coverage } = page.report;
  return [
    ...section(
      'Observations',
      observations.flatMap((o) => paragraph(page, describeObservation(o), AT)),
    ),
    ...section(
      'Coverage',
      coverage.flatMap(({ what, outcome, count: times, why }) =>
        paragraph(page, `${what}: ${outcome}, ${times}${why === undefined ? '' : `. ${why}`}`, AT),
      ),
    ),
  ];
}

function section(label: string, lines: readonly Line[]): readonly Line[] {
  return labelled({ text: label, style: 'cyan' }, AT, lines);
}
