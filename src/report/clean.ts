/**
 * Makes strings from outside harmless to look at. DNS names, server headers, error texts and tags are written by others:
 * an escape sequence in one of them could rewrite the screen, and a bidi override could make a command read as another.
 */
import type { Report, ReportFix } from '../model/report.ts';

/** Line breaks and tabs in prose carry no meaning that a space does not. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Spaces that look like a space and are none. */
const SPACES = /\p{Zs}/gu;
/** Controls, bidi and other format characters, zero-width and default-ignorable ones, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * One line of text, every character of which can be seen. Breaks and odd spaces become a space; whatever else does not
 * show, or changes how the rest shows, is spelled out (`\x1b`, `\u{202e}`), because that it was there is worth knowing.
 */
export function clean(text: string): string {
  return text.replace(BREAKS, ' ').replace(SPACES, ' ').replace(UNSEEN, spelledOut);
}

/**
 * A shell command that may be shown as one. A command that `clean` would change is not the command that was meant, and
 * must not run when pasted: it is shown as a comment.
 */
export function cleanCommand(command: string): string {
  const seen = clean(command);
  return seen === command ? command : `# not to be pasted, characters in it cannot be shown: ${seen}`;
}

/** What our own sentences use beyond ASCII; a terminal that cannot draw them gets these. */
const IN_ASCII: Readonly<Record<string, string>> = {
  '–': '-',
  '—': '-',
  '−': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '·': '-',
  '•': '-',
  '×': 'x',
  '→': '->',
  '←': '<-',
  '≥': '>=',
  '≤': '<=',
  '≠': '!=',
  '§': 'section ',
};

/** The same sentence in ASCII; what has no likeness there is spelled out. */
export function toAscii(text: string): string {
  return text.replace(/[^ -~]/gu, (character) => IN_ASCII[character] ?? spelledOut(character));
}

/**
 * The report with every string in it cleaned, commands as commands. Renderers for people work on nothing else, so that
 * no string can be forgotten.
 */
export function cleanReport(report: Report): Report {
  const cleaned = mapStrings(report, clean);
  return {
    ...cleaned,
    causes: cleaned.causes.map((cause, index) => {
      const fix = report.causes[index]?.fix ?? cause.fix;
      return {
        ...cause,
        fix: {
          ...cause.fix,
          ...pasted(fix),
          ...(fix.alternatives === undefined || cause.fix.alternatives === undefined
            ? {}
            : {
                alternatives: cause.fix.alternatives.map((one, at) => ({
                  ...one,
                  ...pasted(fix.alternatives?.[at] ?? one),
                })),
              }),
        },
      };
    }),
    fixPlan: { ...cleaned.fixPlan, undo: report.fixPlan.undo.map(cleanCommand) },
  };
}

/** What people paste: each line as it is, or not at all. */
function pasted(fix: Pick<ReportFix, 'commands' | 'undo' | 'terraform' | 'diff'>) {
  const { commands, undo, terraform, diff } = fix;
  return {
    commands: commands.map(cleanCommand),
    undo: undo.map(cleanCommand),
    ...(diff === undefined ? {} : { diff: cleanLines(diff) }),
    ...(terraform === undefined ? {} : { terraform: cleanLines(terraform) }),
  };
}

/** Diffs and Terraform have lines of their own. */
function cleanLines(text: string): string {
  return text.split('\n').map(cleanCommand).join('\n');
}

/** Plain data with every string replaced; keys are ours and stay. */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  const visit = (part: unknown): unknown => {
    if (typeof part === 'string') return change(part);
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(value) as T;
}

function spelledOut(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
