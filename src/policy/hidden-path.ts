/** Compares with a policy's value what is known but for its path: the ARN of a role of which only a session is known. */
import type { Comparison } from './operators.ts';
import type { Pattern } from './patterns.ts';
import type { HiddenPath } from './request.ts';
import type { Truth } from './truth.ts';

/** Paths of characters that no policy names: what matches all of these matches whatever the path is. */
const STRANGE_PATHS = ['', '\u{f0000}/', `${'\u{f0000}'.repeat(600)}/\u{f0000}/`];

/** `no` where the beginnings or the ends differ, whatever stands between; `yes` where nothing in between matters. */
export function compareHiddenPath(comparison: Comparison, { before, after }: HiddenPath, pattern: Pattern): Truth {
  const answers = STRANGE_PATHS.map((path) => comparison.compare(`${before}${path}${after}`, pattern));
  if (answers.every((answer) => answer === 'yes')) return 'yes';
  const fold = (text: string) => text.toLowerCase();
  const [first, last] = [fold(begin(pattern)), fold(end(pattern))];
  const [head, tail] = [fold(before), fold(after)];
  const begins = first.startsWith(head) || (isOpen(pattern) && head.startsWith(first));
  const ends = last.endsWith(tail) || (isOpen(pattern) && tail.endsWith(last));
  return begins && ends ? 'unknown' : 'no';
}

function isOpen(pattern: Pattern): boolean {
  return pattern.some((piece) => piece.kind !== 'text');
}

/** The text before the first wildcard. */
function begin(pattern: Pattern): string {
  const wild = pattern.findIndex((piece) => piece.kind !== 'text');
  return textOf(wild < 0 ? pattern : pattern.slice(0, wild));
}

/** The text behind the last wildcard. */
function end(pattern: Pattern): string {
  return textOf(pattern.slice(pattern.findLastIndex((piece) => piece.kind !== 'text') + 1));
}

function textOf(pattern: Pattern): string {
  return pattern.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
}
