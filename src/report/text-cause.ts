/** One cause as a person reads it in a terminal: what, where on the path, why we are sure, what to type. */
import type { Because, ReportCause, ReportFix } from '../model/report.ts';
import { sightsOf } from './evidence.ts';
import { breakCommand, fill, hang, indent, type Line, labelled, lineWidth, type Span, type Style } from './layout.ts';
import { block, type Page, paragraph } from './page.ts';
import { type DrawnHop, type DrawnPath, pathsOf } from './paths.ts';
import { nameTargets, otherWays, proofSentence, wayHeading } from './summary.ts';
import { atMost, joinWords, STANDING_WORDS, sentence } from './words.ts';

/** Columns before the text of a cause, and before what stands beside its labels. */
const MARGIN = 4;
const LABEL = 9;
const AT = MARGIN + LABEL;

/** How much evidence is told before `--verbose`. */
const PATHS = 2;
const SIGHTS = 4;
const QUESTIONS = 3;

const SEVERITY_STYLES = { blocking: 'strong-red', degrading: 'strong-yellow', advice: 'bold' } as const;

export function causeLines(page: Page, cause: ReportCause): readonly Line[] {
  const paths = pathsOf(page.report, cause);
  const shown = page.verbose ? paths : paths.slice(0, PATHS);
  const drawings = shown.map((path) => pathLines(page, path));
  if (paths.length > shown.length) drawings.push([[{ text: moreWays(paths.length - shown.length), style: 'dim' }]]);
  return [
    ...titleLines(page, cause),
    ...indent(block(page, cause.summary, MARGIN), MARGIN),
    [],
    ...drawings.flatMap((drawing) => [...indent(drawing, MARGIN), []]),
    ...indent(factLines(page, cause), MARGIN),
  ];
}

function moreWays(amount: number): string {
  return amount === 1 ? 'One more way is blocked or narrowed.' : `${amount} more ways are blocked or narrowed.`;
}

/** The title on the left, code and standing on the right; one below the other where they do not fit. */
function titleLines(page: Page, cause: ReportCause): readonly Line[] {
  const rank: Span = { text: `${String(cause.rank).padStart(2)}  `, style: SEVERITY_STYLES[cause.severity] };
  const title = block(page, cause.title, MARGIN, 'bold');
  const marks = [cause.code, cause.standing, ...(cause.severity === 'blocking' ? [] : [cause.severity])];
  const tag: Span = { text: marks.join(` ${page.glyphs.bullet} `), style: 'dim' };
  const [only] = title;
  const gap = page.column - MARGIN - lineWidth(only ?? []) - lineWidth([tag]);
  if (only !== undefined && title.length === 1 && gap >= 3) return [[rank, ...only, { text: ' '.repeat(gap) }, tag]];
  return [...hang(title, [rank], [{ text: ' '.repeat(MARGIN) }]), [{ text: ' '.repeat(MARGIN) }, tag], []];
}

function factLines(page: Page, cause: ReportCause): readonly Line[] {
  const { report } = page;
  const { fix } = cause;
  const seen = sightsOf(report, cause, page.verbose ? undefined : QUESTIONS);
  const standing = STANDING_WORDS[cause.standing];
  const say = (text: string, style?: Style) => paragraph(page, text, AT, style);
  const because = [
    ...cause.because.flatMap((entry) => say(becauseText(page, entry))),
    ...(standing === undefined ? [] : say(standing)),
  ];
  // The same commands twice on one page are a question: is it to be done twice?
  const twin = page.verbose ? undefined : report.causes.find((one) => one.rank < cause.rank && sameFix(one.fix, fix));
  const said = proofSentence(report, cause);
  const reason = sentence(fix.reason);
  const proof = page.verbose && reason !== said ? `${said} ${reason}` : said;
  const analyzer = page.verbose ? cause.reachabilityAnalyzerCode : undefined;
  return [
    ...fact('Affects', report.targets.length > 1 ? say(nameTargets(report, cause.targets)) : []),
    ...fact(
      'Seen',
      (page.verbose ? seen : atMost(seen, SIGHTS)).flatMap((line) => say(line)),
    ),
    ...fact('Because', because),
    ...(twin === undefined
      ? []
      : fact('Do', say(`What cause ${twin.rank} says: ${sentence(fix.summary)} (${fix.owner})`))),
    ...(twin !== undefined
      ? []
      : [
          ...fact('Do', [
            ...block(page, `${sentence(fix.summary)} (${fix.owner})`, AT),
            ...diffLines(page, fix.diff),
            ...commandLines(page, fix.commands),
            ...block(page, proof, AT, fix.proof === 'unproven' ? undefined : 'green'),
          ]),
          ...fact('Undo', commandLines(page, fix.undo)),
          ...fact('Caution', fix.caution === undefined ? [] : say(sentence(fix.caution), 'yellow')),
          ...fact('Others', othersLines(page, fix)),
        ]),
    ...fact('As HCL', page.verbose ? snippetLines(page, fix.terraform) : []),
    ...fact('Or', page.verbose ? waysLines(page, fix) : say(otherWays(fix), 'dim')),
    ...fact('AWS', analyzer === undefined ? [] : say(`Reachability Analyzer calls it ${analyzer}.`)),
  ];
}

function sameFix(a: ReportFix, b: ReportFix): boolean {
  return a.commands.length > 0 && a.commands.join('\n') === b.commands.join('\n') && a.summary === b.summary;
}

/** Who else is reached: a warning where somebody would lose something, a remark where nobody would. */
function othersLines(page: Page, fix: ReportFix): readonly Line[] {
  const { blastRadius } = fix;
  if (blastRadius === undefined) return [];
  const style: Style = blastRadius.breaks.length > 0 ? 'yellow' : 'dim';
  return paragraph(page, sentence(blastRadius.summary), AT, style);
}

function waysLines(page: Page, fix: ReportFix): readonly Line[] {
  return (fix.alternatives ?? []).flatMap((way, index) => [
    ...(index === 0 ? [] : [[]]),
    ...block(page, wayHeading(way), AT),
    ...diffLines(page, way.diff),
    ...commandLines(page, way.commands),
    ...(way.undo.length === 0
      ? []
      : labelled({ text: 'Undo', style: 'cyan' }, 6, commandLines(page, way.undo, AT + 6))),
    ...(way.caution === undefined ? [] : paragraph(page, sentence(way.caution), AT, 'yellow')),
    ...snippetLines(page, way.terraform),
  ]);
}

/** As it is: broken lines would read as lines taken away and added. */
function diffLines(page: Page, diff: string | undefined): readonly Line[] {
  return (diff ?? '')
    .split('\n')
    .filter((text) => text !== '')
    .map((text): Line => [{ text: page.say(text), ...diffStyle(text) }]);
}

function diffStyle(text: string): { readonly style?: Style } {
  if (text.startsWith('+')) return { style: 'green' };
  return text.startsWith('-') ? { style: 'red' } : { style: 'dim' };
}

/** Terraform as it is written: its lines are short, and broken ones could not be pasted. */
function snippetLines(page: Page, terraform: string | undefined): readonly Line[] {
  return (terraform ?? '')
    .split('\n')
    .filter((_, __, lines) => lines.length > 1 || lines[0] !== '')
    .map((text): Line => (text === '' ? [] : [{ text: page.say(text) }]));
}

function fact(label: string, lines: readonly Line[]): readonly Line[] {
  return labelled({ text: label, style: 'cyan' }, LABEL, lines);
}

/** A resource or a place in a file is named; links and observation ids are for those who ask for everything. */
function becauseText(page: Page, { source, text, ref }: Because): string {
  const shown = page.verbose || source === 'configuration' || source === 'host';
  return ref === undefined || !shown || text.includes(ref) ? text : `${text} (${ref})`;
}

/** Commands are not wrapped to the column of prose: one that fits on the terminal's line stays on one line. */
export function commandLines(page: Page, commands: readonly string[], at = AT): readonly Line[] {
  return commands.flatMap((command) =>
    breakCommand(command, page.width - at).map((line): Line => [{ text: line, style: 'bold' }]),
  );
}

/** The drawing: the way out, and the way back when something happens there. */
function pathLines(page: Page, path: DrawnPath): readonly Line[] {
  const eventful = path.back.some((hop) => hop.result !== 'pass' && hop.result !== 'end');
  const rows = [draw(page, path.out, [])];
  if (path.back.length > 0 && (eventful || page.verbose)) {
    rows.push(draw(page, path.back, [{ text: 'back', style: 'dim' }]));
  }
  const notes = path.notes.flatMap((note) => block(page, note, MARGIN, 'dim'));
  const alike =
    path.alike.length === 0
      ? []
      : [`The same to ${joinWords(atMost(path.alike, page.verbose ? path.alike.length : 3))}.`];
  return [...rows.flat(), ...notes, ...alike.flatMap((text) => block(page, text, MARGIN, 'dim'))];
}

const TURN = 3;

function draw(page: Page, hops: readonly DrawnHop[], start: Line): readonly Line[] {
  const parts = hops.map((hop, index): Line => {
    const text: Span = { text: page.say(`${hop.label} ${hop.state}`.trim()), style: hopStyle(hop) };
    const other: Line = hop.otherCause === undefined ? [] : [{ text: ` (cause ${hop.otherCause})`, style: 'dim' }];
    if (index === 0 && start.length === 0) return [text];
    const line: Span = { text: `${page.glyphs[hop.result]} `, style: hop.result === 'pass' ? 'dim' : hopStyle(hop) };
    return [line, text, ...other];
  });
  const lines = fill(start.length === 0 ? parts : [start, ...parts], page.column - MARGIN - TURN);
  return hang(lines, [], [{ text: ' '.repeat(TURN) }]);
}

function hopStyle(hop: DrawnHop): Style | undefined {
  switch (hop.result) {
    case 'block':
      return hop.own ? 'strong-red' : 'red';
    case 'partial':
      return hop.own ? 'strong-yellow' : 'yellow';
    case 'unknown':
    case 'skipped':
      return 'dim';
    case 'end':
      return 'bold';
    case 'pass':
      return undefined;
  }
}
