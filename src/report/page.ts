/** What the parts of the text report share: the page they are set on, and prose in its characters and width. */
import type { Report } from '../model/report.ts';
import { toAscii } from './clean.ts';
import { hang, type Line, type Style, wrap } from './layout.ts';

export type Page = {
  /** cleaned: no string in it can do more than be read */
  readonly report: Report;
  /** columns that a command may take up */
  readonly width: number;
  /** columns of prose: a line of 200 characters is not read to its end */
  readonly column: number;
  readonly verbose: boolean;
  readonly glyphs: typeof UNICODE_GLYPHS;
  /** prose in the characters that the terminal can draw */
  readonly say: (text: string) => string;
};

export const UNICODE_GLYPHS = {
  pass: '──',
  end: '──',
  block: '──╳',
  partial: '──~',
  unknown: '──?',
  skipped: '──',
  bullet: '·',
};
export const ASCII_GLYPHS: typeof UNICODE_GLYPHS = {
  pass: '--',
  end: '--',
  block: '--X',
  partial: '--~',
  unknown: '--?',
  skipped: '--',
  bullet: '-',
};

const WIDEST_PROSE = 120;

export function openPage(
  report: Report,
  options: { readonly width: number; readonly verbose: boolean; readonly unicode: boolean },
): Page {
  const width = Math.max(80, options.width);
  return {
    report,
    width,
    column: Math.min(width, WIDEST_PROSE),
    verbose: options.verbose,
    glyphs: options.unicode ? UNICODE_GLYPHS : ASCII_GLYPHS,
    say: options.unicode ? (text) => text : toAscii,
  };
}

/** A paragraph that starts at column `at`; what does not fit on its first line hangs two columns further in. */
export function paragraph(page: Page, text: string, at: number, style?: Style): readonly Line[] {
  const lines = wrap([{ text: page.say(text), style }], page.column - at - 2);
  return hang(lines, [], [{ text: '  ' }]);
}

/** A paragraph without the hanging indent, for full sentences that stand alone. */
export function block(page: Page, text: string, at: number, style?: Style): readonly Line[] {
  return wrap([{ text: page.say(text), style }], page.column - at);
}
