/** A fleet’s summary for a terminal: what to change first, for how many hosts, and where they are. */
import { toAscii } from '../report/clean.ts';
import {
  breakCommand,
  fill,
  indent,
  type Line,
  labelled,
  lineWidth,
  paint,
  type Span,
  type Style,
  tabulate,
  wrap,
} from '../report/layout.ts';
import { sentence, VERDICT_WORDS } from '../report/words.ts';
import {
  cautions,
  namesOf,
  readingParts,
  togetherSentences,
  undecidedSentences,
  whereAndHowOften,
} from './headline.ts';
import type { FleetSummary } from './schema.ts';
import { type Table, tablesOf } from './tables.ts';

export type FleetTextOptions = {
  /** columns of the terminal; 80 is the least */
  readonly width: number;
  readonly color: boolean;
  /** false for terminals and locales that cannot draw more than ASCII */
  readonly unicode: boolean;
};

type Page = { readonly width: number; readonly column: number; readonly say: (text: string) => string };

const VERDICT_STYLES = {
  healthy: 'strong-green',
  degraded: 'strong-yellow',
  blocked: 'strong-red',
  inconclusive: 'strong-yellow',
} as const satisfies Record<FleetSummary['verdict'], Style>;

const MARGIN = 4;
const LABEL = 9;
const WIDEST_PROSE = 120;

/** The whole text, ending in a line break. The summary’s strings are clean already. */
export function renderFleetText(summary: FleetSummary, options: FleetTextOptions): string {
  const width = Math.max(80, options.width);
  const page = {
    width,
    column: Math.min(width, WIDEST_PROSE),
    say: options.unicode ? (text: string) => text : toAscii,
  };
  const { steps } = summary.explanation;
  const sections = [
    headLines(page, summary),
    headline(page, summary),
    ...steps.rows.map((_, index) => stepLines(page, summary, index)),
    prose(page, [
      ...(steps.total > steps.rows.length
        ? [`${steps.total - steps.rows.length} more causes with --top ${steps.total}.`]
        : []),
      ...cautions(summary),
    ]),
    prose(page, togetherSentences(summary)),
    ...tablesOf(summary).map((table) => tableLines(page, table)),
    labelledProse(page, 'Not decided', undecidedSentences(summary)),
    labelledProse(page, 'Not read', unreadLines(summary)),
  ].filter((lines) => lines.length > 0);
  return paint(
    sections.flatMap((lines, index) => (index === 0 ? lines : [[], ...lines])),
    options.color,
  );
}

function headLines(page: Page, summary: FleetSummary): readonly Line[] {
  const { name, version } = summary.tool;
  const title: Span = { text: page.say(`${name} ${version} fleet`), style: 'dim' };
  const parts = readingParts(summary).map(
    (part, index, all): Line => [{ text: page.say(`${part}${index < all.length - 1 ? ',' : ''}`) }],
  );
  const columns = lineWidth([title]) + 3;
  return labelled(title, columns, fill(parts, page.column - columns));
}

function headline(page: Page, { verdict, headline, hosts }: FleetSummary): readonly Line[] {
  const word = VERDICT_WORDS[verdict];
  const columns = word.length + 2;
  const counts = (['blocked', 'degraded', 'inconclusive', 'healthy'] as const)
    .filter((each) => hosts[each] > 0)
    .map((each) => `${hosts[each]} ${each}`);
  return [
    ...labelled({ text: word, style: VERDICT_STYLES[verdict] }, columns, block(page, headline, columns, 'bold')),
    ...indent(block(page, `${counts.join(', ')}.`, columns), columns),
  ];
}

/** The first step is told with what to type; of the others the report of one of their hosts tells it. */
function stepLines(page: Page, { explanation }: FleetSummary, index: number): readonly Line[] {
  const step = explanation.steps.rows[index];
  if (step === undefined) return [];
  const rank: Span = {
    text: String(index + 1)
      .padStart(2)
      .padEnd(MARGIN),
    style: 'bold',
  };
  const { fix } = step;
  const first = index === 0;
  const fact = (label: string, lines: readonly Line[]) =>
    indent(labelled({ text: label, style: 'cyan' }, LABEL, lines), MARGIN);
  const at = MARGIN + LABEL;
  return [
    ...labelled(rank, MARGIN, titleLines(page, step.title, step.code)),
    ...indent(block(page, whereAndHowOften(step, index), MARGIN), MARGIN),
    ...fact('Hosts', block(page, `${namesOf(step.examples, step.hosts)}.`, at)),
    ...(fix === undefined
      ? []
      : [
          ...fact('Do', [
            ...block(page, `${sentence(fix.summary)} (${fix.owner})`, at),
            ...(first ? commandLines(page, fix.commands) : []),
            ...block(
              page,
              `As the report of ${fix.host} has it${first ? '; look whether it fits the others' : ''}.`,
              at,
              'dim',
            ),
          ]),
          ...(first ? fact('Undo', commandLines(page, fix.undo)) : []),
          ...(fix.caution === undefined || !first
            ? []
            : fact('Caution', block(page, sentence(fix.caution), at, 'yellow'))),
        ]),
  ];
}

function titleLines(page: Page, title: string, code: string): readonly Line[] {
  const lines = block(page, title, MARGIN, 'bold');
  const gap = page.column - MARGIN - lineWidth(lines[0] ?? []) - code.length;
  const tag: Span = { text: page.say(code), style: 'dim' };
  if (lines.length === 1 && gap >= 3) return [[...(lines[0] ?? []), { text: ' '.repeat(gap) }, tag]];
  return [...lines, [tag]];
}

function commandLines(page: Page, commands: readonly string[]): readonly Line[] {
  return commands.flatMap((command) =>
    breakCommand(command, page.width - MARGIN - LABEL).map((line): Line => [{ text: line, style: 'bold' }]),
  );
}

function block(page: Page, text: string, at: number, style?: Style): readonly Line[] {
  return wrap([{ text: page.say(text), style }], page.column - at);
}

function prose(page: Page, sentences: readonly string[]): readonly Line[] {
  return sentences.flatMap((text) => block(page, text, 0));
}

const CLOSING = 13;

function labelledProse(page: Page, label: string, sentences: readonly string[]): readonly Line[] {
  const lines = sentences.flatMap((text) => block(page, text, CLOSING));
  return lines.length === 0 ? [] : labelled({ text: label, style: 'cyan' }, CLOSING, lines);
}

function tableLines(page: Page, { title, columns, rows, more }: Table): readonly Line[] {
  if (rows.length === 0) return [];
  const head = [title, ...columns].map(
    (text, index): Span => ({ text: page.say(text), style: index === 0 ? 'cyan' : 'dim' }),
  );
  const cells = rows.map((row) => row.map((text): Span => ({ text: page.say(text) })));
  return [
    ...tabulate([head, ...cells]),
    ...(more === 0 ? [] : [[{ text: `and ${more} more with --top ${rows.length + more}`, style: 'dim' } as Span]]),
  ];
}

function unreadLines({ reports }: FleetSummary): readonly string[] {
  const { unreadable, unreadableExamples } = reports;
  const more = unreadable - unreadableExamples.length;
  return [...unreadableExamples, ...(more > 0 ? [`and ${more} more.`] : [])];
}
