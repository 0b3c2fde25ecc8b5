/**
 * JSON documents one after the other, as they come: NDJSON, pretty-printed documents set end to end, or a list of them. One document is
 * held at a time. What is broken is told once, and reading goes on at the next line that begins a document.
 */
import { parseJson } from '../model/json-text.ts';

export type Piece =
  | { readonly ok: true; readonly line: number; readonly value: unknown }
  /** `problem` ends a sentence that begins with the document’s name */
  | { readonly ok: false; readonly line: number; readonly problem: string };

export type DocumentReader = {
  /** more of the text: the documents that end in it */
  readonly push: (chunk: string) => readonly Piece[];
  /** the text has ended: what is left */
  readonly end: () => readonly Piece[];
};

/** Characters of one document. A report of two hundred targets with every observation has three million. */
export const LARGEST_DOCUMENT = 16_000_000;

/**
 * GetCommandInvocation gives “the first 24,000 characters written by the plugin to stdout”
 * (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html); the agent ends what it cuts
 * with a line of its own.
 */
const RUN_COMMAND_LIMIT = 24_000;
const RUN_COMMAND_MARK = /---Output truncated---\s*$/i;
const CUT_BY_RUN_COMMAND =
  'is cut off: Run Command keeps the first 24,000 characters of an output; take the whole report from the S3 bucket that the command writes to';

type Reading = {
  text: string;
  /** where the scan of an open document goes on */
  at: number;
  depth: number;
  inString: boolean;
  /** the line on which `text` begins */
  line: number;
  /** whether the open document has more than its brace on its first line, and that line is not over yet */
  compact: boolean;
  firstLine: boolean;
  broken: Broken | undefined;
  /** where a line break was looked for in vain already */
  searched: number;
};
/** What cannot be read, as far as the sentence about it needs it. */
type Broken = {
  readonly line: number;
  readonly open: boolean;
  readonly reason: string;
  characters: number;
  tail: string;
};

export function documentReader(largest: number = LARGEST_DOCUMENT): DocumentReader {
  const reading: Reading = {
    text: '',
    at: 0,
    depth: 0,
    inString: false,
    line: 1,
    compact: false,
    firstLine: true,
    broken: undefined,
    searched: 0,
  };
  const step = (ended: boolean) => {
    const pieces: Piece[] = [];
    // Every turn takes something off the text, or asks for more of it.
    while (turn(reading, pieces, ended, largest));
    return pieces;
  };
  return {
    push: (chunk) => {
      reading.text += chunk;
      return step(false);
    },
    end: () => {
      const pieces = step(true);
      tellBroken(reading, pieces);
      return pieces;
    },
  };
}

/** @returns whether to go on without more text */
function turn(reading: Reading, pieces: Piece[], ended: boolean, largest: number): boolean {
  if (reading.broken !== undefined) return skipBroken(reading, pieces, ended);
  if (reading.depth > 0) return scan(reading, pieces, ended, largest);
  const blank = /^[\s,[\]]*/.exec(reading.text)?.[0] ?? '';
  take(reading, blank.length);
  if (reading.text === '') return false;
  if (!reading.text.startsWith('{')) {
    breakOff(reading, 0, false, 'is not JSON');
    return true;
  }
  const end = reading.text.indexOf('\n', reading.searched);
  if (end < 0 && !ended && reading.text.length <= largest) {
    reading.searched = reading.text.length;
    return false;
  }
  const line = reading.text.slice(0, end < 0 ? undefined : end);
  const whole = line.length <= largest ? wholeLine(line) : undefined;
  if (whole !== undefined) {
    tell(pieces, { ok: true, line: reading.line, value: whole.value });
    take(reading, line.length);
    return true;
  }
  Object.assign(reading, { at: 1, depth: 1, inString: false, firstLine: true, compact: line.trim().length > 1 });
  return true;
}

/** NDJSON is most of what comes, and its lines need no scan. */
function wholeLine(line: string): { readonly value: unknown } | undefined {
  const text = line.replace(/[\s,\]]+$/, '');
  if (!text.endsWith('}')) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const OUTSIDE = /["{}[\]\n]/g;
const INSIDE = /["\\\n]/g;

function scan(reading: Reading, pieces: Piece[], ended: boolean, largest: number): boolean {
  const { text } = reading;
  while (reading.depth > 0) {
    const pattern = reading.inString ? INSIDE : OUTSIDE;
    pattern.lastIndex = reading.at;
    const found = pattern.exec(text);
    if (found === null) {
      reading.at = text.length;
      return runOut(reading, ended, largest);
    }
    const [mark] = found;
    // What follows decides, and is not there yet.
    const needsNext = (reading.inString && mark === '\\') || (!reading.inString && mark === '\n');
    if (needsNext && found.index + 1 >= text.length) {
      reading.at = found.index;
      return runOut(reading, ended, largest);
    }
    reading.at = found.index + (reading.inString && mark === '\\' ? 2 : 1);
    if (mark === '"') reading.inString = !reading.inString;
    else if (mark === '\n') {
      // No string of JSON goes over the end of a line, and no line of a document on one line begins another.
      const next = reading.firstLine && reading.compact && text[reading.at] === '{';
      if (reading.inString || next) {
        breakOff(reading, found.index, true);
        return true;
      }
      reading.firstLine = false;
    } else if (!reading.inString) reading.depth += mark === '{' || mark === '[' ? 1 : -1;
  }
  if (reading.at > largest) return tooLarge(reading, reading.at, largest);
  const document = text.slice(0, reading.at);
  const parsed = parseJson(document);
  if (parsed.ok) tell(pieces, { ok: true, line: reading.line, value: parsed.value });
  else {
    breakOff(reading, reading.at, false, `is ${parsed.reason}`);
    return true;
  }
  take(reading, reading.at);
  return true;
}

function runOut(reading: Reading, ended: boolean, largest: number): boolean {
  if (reading.text.length > largest) return tooLarge(reading, reading.text.length, largest);
  if (ended) breakOff(reading, reading.text.length, true);
  return ended;
}

function tooLarge(reading: Reading, length: number, largest: number): true {
  breakOff(reading, length, false, `is larger than ${largest / 1_000_000} million characters`);
  return true;
}

/** Gives the document up: `length` characters of it are looked at, the rest up to the next document is skipped. */
function breakOff(reading: Reading, length: number, open: boolean, reason?: string): void {
  const seen = reading.text.slice(0, length);
  const parsed = reason === undefined ? parseJson(seen) : undefined;
  const place = parsed === undefined || parsed.ok ? 'is not complete JSON' : `is ${parsed.reason}`;
  // The place is counted within the document: true for a document that begins a file, and misleading for others.
  const words = reason ?? (reading.line === 1 ? place : 'is not complete JSON');
  const broken = { line: reading.line, open, reason: words, characters: 0, tail: '' };
  Object.assign(reading, { broken, depth: 0 });
  swallow(reading, length);
}

/** To the next line that begins with a brace. */
function skipBroken(reading: Reading, pieces: Piece[], ended: boolean): boolean {
  const next = /\n\{/.exec(reading.text);
  // A break at the very end may be the one before a document.
  const safe =
    next !== null
      ? next.index + 1
      : ended || !reading.text.endsWith('\n')
        ? reading.text.length
        : reading.text.length - 1;
  swallow(reading, safe);
  if (next !== null) tellBroken(reading, pieces);
  return next !== null;
}

const TAIL = 80;

function swallow(reading: Reading, length: number): void {
  const part = reading.text.slice(0, length);
  if (reading.broken !== undefined) {
    reading.broken.characters += part.length;
    reading.broken.tail = (reading.broken.tail + part.slice(-TAIL)).slice(-TAIL);
  }
  take(reading, length);
}

function tellBroken(reading: Reading, pieces: Piece[]): void {
  const { broken } = reading;
  reading.broken = undefined;
  if (broken === undefined) return;
  const { line, open, reason, characters, tail } = broken;
  // Line breaks at its end may have been lost on the way.
  const length = characters - (tail.length - tail.trimEnd().length);
  const cut = RUN_COMMAND_MARK.test(tail) || (open && length <= RUN_COMMAND_LIMIT && length >= RUN_COMMAND_LIMIT - 8);
  tell(pieces, { ok: false, line, problem: cut ? CUT_BY_RUN_COMMAND : reason });
}

function tell(pieces: Piece[], piece: Piece): void {
  pieces.push(piece);
}

function take(reading: Reading, length: number): void {
  for (let at = reading.text.indexOf('\n'); at >= 0 && at < length; at = reading.text.indexOf('\n', at + 1))
    reading.line += 1;
  reading.text = reading.text.slice(length);
  reading.at = 0;
  reading.searched = 0;
}
