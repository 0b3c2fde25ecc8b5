/** Lines for a terminal: words wrapped to a width, hanging indents, commands that stay pasteable, and colour at the end. */
import { styleText } from 'node:util';

export type Style =
  | 'bold'
  | 'dim'
  | 'red'
  | 'green'
  | 'yellow'
  | 'cyan'
  | 'strong-red'
  | 'strong-green'
  | 'strong-yellow';
export type Span = { readonly text: string; readonly style?: Style | undefined };
/** One line, or one part of a line that is never broken. */
export type Line = readonly Span[];

const FORMATS = {
  bold: ['bold'],
  dim: ['dim'],
  red: ['red'],
  green: ['green'],
  yellow: ['yellow'],
  cyan: ['cyan'],
  'strong-red': ['bold', 'red'],
  'strong-green': ['bold', 'green'],
  'strong-yellow': ['bold', 'yellow'],
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>;

/** Columns that a text takes up in a terminal: combining marks none, wide East Asian characters and emoji two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    // Most of a report is Latin, and nothing before U+0300 is either.
    if (character < '\u0300') width += 1;
    else if (!MARK.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
// Not where it is used: esbuild writes it as a constructor call, which would be made for every character.
const MARK = /\p{M}/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/**
 * Prose as lines of at most `width` columns, broken at spaces only: a longer word stands on a line of its own, because a
 * broken resource id or host name cannot be searched for.
 */
export function wrap(content: string | Line, width: number): readonly Line[] {
  const spans = typeof content === 'string' ? [{ text: content }] : content;
  return fill(words(spans), width);
}

/**
 * Unbreakable parts set one after the other with a space between them. A part that is too wide for any line is broken
 * at its own spaces after all.
 */
export function fill(parts: readonly Line[], width: number): readonly Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const part of parts.flatMap((candidate) => (lineWidth(candidate) > width ? words(candidate) : [candidate]))) {
    const size = lineWidth(part);
    const line = lines.at(-1);
    if (line !== undefined && used + 1 + size <= width) {
      line.push({ text: ' ' }, ...part);
      used += 1 + size;
    } else {
      lines.push([...part]);
      used = size;
    }
  }
  return lines;
}

/** Lines behind a first prefix and, from the second on, another one of the same width or less. */
export function hang(lines: readonly Line[], first: Line, rest: Line): readonly Line[] {
  return lines.map((line, index) => [...(index === 0 ? first : rest), ...line]);
}

export function indent(lines: readonly Line[], columns: number): readonly Line[] {
  const margin = [{ text: ' '.repeat(columns) }];
  return hang(lines, margin, margin);
}

/** A label in a column of its own, the content beside it; no label, no column filled. */
export function labelled(label: Span, columns: number, lines: readonly Line[]): readonly Line[] {
  const gap = ' '.repeat(Math.max(1, columns - displayWidth(label.text)));
  return hang(lines, [label, { text: gap }], [{ text: ' '.repeat(columns) }]);
}

/**
 * A shell command as lines that can be pasted back: broken between arguments only, never inside quotes, each line but
 * the last ending in ` \`. Comments cannot be continued, so a comment is wrapped as a comment, and what follows a `#` inside
 * a command stays on its line.
 */
export function breakCommand(command: string, width: number): readonly string[] {
  if (displayWidth(command) <= width) return [command];
  if (command.startsWith('#')) {
    const prose = wrap(command.replace(/^#\s*/, ''), Math.max(1, width - 2));
    return prose.map((line) => `# ${line.map((span) => span.text).join('')}`);
  }
  // A quote that is never closed swallows every line break: such a command is left as it is.
  if (/['"]|\\$/.test(command.replace(/\\.|'[^']*'|"(?:\\.|[^"\\])*"/g, ''))) return [command];
  const lines: string[] = [];
  let line = '';
  for (const argument of shellArguments(command)) {
    const first = lines.length === 0;
    const room = width - 2 - (first ? 0 : CONTINUATION.length);
    const longer = line === '' ? argument : `${line} ${argument}`;
    if (line !== '' && displayWidth(longer) > room) {
      lines.push(`${first ? '' : CONTINUATION}${line} \\`);
      line = argument;
    } else {
      line = longer;
    }
  }
  lines.push(`${lines.length === 0 ? '' : CONTINUATION}${line}`);
  return lines;
}

const CONTINUATION = '  ';

/**
 * The arguments of a command as they are written, quotes and all. An option and its one value stay together, as people
 * read them; a trailing comment is one piece.
 */
function shellArguments(command: string): readonly string[] {
  const pieces = command.match(/(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s\\'"])+/g) ?? [];
  const comment = pieces.findIndex((piece) => piece.startsWith('#'));
  const body = comment === -1 ? pieces : pieces.slice(0, comment);
  const together: string[] = [];
  for (const piece of body) {
    const previous = together.at(-1);
    const pairs = previous?.startsWith('--') === true && !previous.includes(' ') && !piece.startsWith('-');
    if (pairs) together[together.length - 1] = `${previous} ${piece}`;
    else together.push(piece);
  }
  return comment === -1 ? together : [...together, pieces.slice(comment).join(' ')];
}

/** Rows as columns two spaces apart; every row has the same number of cells. */
export function tabulate(rows: readonly (readonly Span[])[]): readonly Line[] {
  const widths = (rows.at(0) ?? []).map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column]?.text ?? ''))),
  );
  return rows.map((row) =>
    row.flatMap((cell, column) => {
      const gap = (widths[column] ?? 0) - displayWidth(cell.text) + 2;
      return column === row.length - 1 ? [cell] : [cell, { text: ' '.repeat(gap) }];
    }),
  );
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, span) => sum + displayWidth(span.text), 0);
}

/** The finished text: no space at the end of a line, colour only where it is wanted, one line break at the end. */
export function paint(lines: readonly Line[], color: boolean): string {
  const painted = lines.map((line) => {
    const last = line.findLastIndex((span) => span.text.trim() !== '');
    return line
      .slice(0, last + 1)
      .map((span, index) => paintSpan(index === last ? { ...span, text: span.text.trimEnd() } : span, color))
      .join('');
  });
  return `${painted.join('\n')}\n`;
}

/** `validateStream` off: whether to colour is the caller's decision, the environment's was asked there. */
function paintSpan(span: Span, color: boolean): string {
  if (!color || span.style === undefined) return span.text;
  return styleText([...FORMATS[span.style]], span.text, { validateStream: false });
}

/** Spans cut at their spaces; neighbours without a space between them stay one word. */
function words(spans: Line): readonly Line[] {
  const found: Span[][] = [];
  let open = false;
  for (const { text, style } of spans) {
    for (const piece of text.split(/( +)/)) {
      if (piece === '') continue;
      if (piece.startsWith(' ')) {
        open = false;
        continue;
      }
      const word = found.at(-1);
      if (open && word !== undefined) word.push({ text: piece, style });
      else found.push([{ text: piece, style }]);
      open = true;
    }
  }
  return found;
}
