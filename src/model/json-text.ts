/** Parses JSON and says where it goes wrong, by line and column: the engine's own message does not always tell. */

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  /** `not JSON at line 3, column 7`, `not complete JSON: it ends at …`, or `empty` */
  | { readonly ok: false; readonly reason: string };

/** The value of a JSON text. Never throws; lines and columns count from 1. */
export function parseJson(text: string): ParsedJson {
  if (text.trim() === '') return { ok: false, reason: 'empty' };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    const offset = faultOffset(text);
    const before = text.slice(0, offset).split(/\r\n|\n|\r/);
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    return {
      ok: false,
      reason: offset < text.length ? `not JSON at ${place}` : `not complete JSON: it ends at ${place}`,
    };
  }
}

/** Any token but a string, after white space. */
const TOKEN = /[ \t\r\n]*([{}[\],:"]|(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.]))/y;
const BLANK = /[ \t\r\n]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = 'value' | 'value-or-]' | 'key-or-}' | 'key' | 'colon' | 'after-value' | 'end';

/** Where the first character stands that cannot be there; the text's length when it ends too early. */
function faultOffset(text: string): number {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let offset = 0;
  // Every turn takes a token of at least one character, or returns.
  while (offset < text.length) {
    TOKEN.lastIndex = offset;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return endOf(BLANK, text, offset);
    const start = TOKEN.lastIndex - token.length;
    const next = step(expected, token, open);
    if (next === undefined) return start;
    expected = next;
    offset = TOKEN.lastIndex;
    if (token !== '"') continue;
    const string = scanString(text, offset);
    if (string.fault) return string.offset;
    offset = string.offset;
  }
  return text.length;
}

/** From behind the opening quote to behind the closing one, or to what cannot be in a string. */
function scanString(text: string, from: number): { readonly offset: number; readonly fault: boolean } {
  let offset = from;
  while (offset < text.length) {
    const character = text.charAt(offset);
    if (character === '"') return { offset: offset + 1, fault: false };
    if (character < ' ') return { offset, fault: true };
    const next = character === '\\' ? endOf(ESCAPE, text, offset) : offset + 1;
    if (next === offset) return { offset, fault: true };
    offset = next;
  }
  return { offset, fault: true };
}

/** What may follow this token, or undefined when the token may not stand here. Keeps the stack of open brackets. */
function step(expected: Expected, token: string, open: ('{' | '[')[]): Expected | undefined {
  const afterValue = () => (open.length === 0 ? 'end' : 'after-value');
  const close = () => {
    open.pop();
    return afterValue();
  };
  switch (expected) {
    case 'end':
      return undefined;
    case 'colon':
      return token === ':' ? 'value' : undefined;
    case 'key':
      return token === '"' ? 'colon' : undefined;
    case 'key-or-}':
      return token === '}' ? close() : step('key', token, open);
    case 'after-value': {
      const inObject = open.at(-1) === '{';
      if (token === ',') return inObject ? 'key' : 'value';
      return token === (inObject ? '}' : ']') ? close() : undefined;
    }
    case 'value-or-]':
      return token === ']' ? close() : step('value', token, open);
    case 'value':
      if (token === '{' || token === '[') {
        open.push(token);
        return token === '{' ? 'key-or-}' : 'value-or-]';
      }
      return '}],:'.includes(token) ? undefined : afterValue();
  }
}

/** Where a sticky pattern ends when it is tried at `offset`; `offset` itself when it does not match. */
function endOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.exec(text) === null ? offset : pattern.lastIndex;
}
