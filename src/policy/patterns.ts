/** Wildcards and policy variables: a policy's text, read once into pieces that match a request's value. */
import { lookUp, type RequestContext } from './request.ts';

/** A part of a pattern. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** any characters, also none */
  | { readonly kind: 'star' }
  /** exactly one character */
  | { readonly kind: 'one' }
  | { readonly kind: 'variable'; readonly key: string; readonly fallback: string | undefined };

export type Pattern = readonly Piece[];

/** What the pattern is for this request: ready, without value (it then matches nothing), or hanging on an unknown key. */
export type Resolved =
  | { readonly kind: 'ready'; readonly pattern: Pattern }
  | { readonly kind: 'no-value'; readonly key: string }
  | { readonly kind: 'unknown'; readonly key: string };

/**
 * Reads a value of a policy.
 * @param variables whether `${…}` means a policy variable: only in policies of version 2012-10-17; in older ones it is
 * literal text (IAM User Guide, reference_policies_variables)
 * @param wildcards whether `*` and `?` are wildcards here; `${*}`, `${?}` and `${$}` are the characters themselves
 */
export function parsePattern(text: string, variables: boolean, wildcards: boolean): Pattern {
  const pieces: Piece[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') pieces.push({ kind: 'text', text: literal });
    literal = '';
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const variable = variables && text.startsWith('${', at) ? variableAt(text, at) : undefined;
    if (variable !== undefined) {
      at = variable.end - 1;
      if (variable.literal !== undefined) literal += variable.literal;
      else {
        flush();
        pieces.push({ kind: 'variable', key: variable.key, fallback: variable.fallback });
      }
    } else if (wildcards && (character === '*' || character === '?')) {
      flush();
      pieces.push({ kind: character === '*' ? 'star' : 'one' });
    } else literal += character;
  }
  flush();
  return pieces;
}

type Variable = { readonly end: number } & (
  | { readonly literal: string }
  | { readonly literal?: undefined; readonly key: string; readonly fallback: string | undefined }
);

/** `${key}`, `${key, 'default'}`, `${*}`, `${?}`, `${$}`; undefined where the braces hold none of these. */
function variableAt(text: string, at: number): Variable | undefined {
  const found = /^\$\{\s*(?:([*?$])|([A-Za-z][A-Za-z0-9-]*:[^},'"]*?)(?:\s*,\s*'([^']*)')?)\s*\}/.exec(text.slice(at));
  if (found === null) return undefined;
  const end = at + found[0].length;
  const [, special, key, fallback] = found;
  return special !== undefined ? { end, literal: special } : { end, key: (key ?? '').trim(), fallback };
}

/**
 * Puts the request's values in place of variables. A variable that the request does not carry, or that has several values,
 * has no value, and a pattern with it is equal to nothing (IAM User Guide, reference_policies_variables, "Policy variables
 * with no value"). What is put in place is text: a `*` in it is no wildcard.
 */
export function resolvePattern(pattern: Pattern, context: RequestContext): Resolved {
  const resolved: Piece[] = [];
  let unknown: string | undefined;
  for (const piece of pattern) {
    if (piece.kind !== 'variable') {
      resolved.push(piece);
      continue;
    }
    const value = lookUp(context, piece.key);
    const single = value?.values?.length === 1 ? value.values[0] : undefined;
    if (value === undefined) unknown ??= piece.key;
    else if (single !== undefined) resolved.push({ kind: 'text', text: single });
    else if (piece.fallback !== undefined) resolved.push({ kind: 'text', text: piece.fallback });
    else return { kind: 'no-value', key: piece.key };
  }
  return unknown === undefined ? { kind: 'ready', pattern: resolved } : { kind: 'unknown', key: unknown };
}

/** Whether the whole text is what the pattern describes. Time grows with the product of the lengths, never faster. */
export function matchPattern(pattern: Pattern, text: string, ignoreCase = false): boolean {
  const atoms = pattern.flatMap((piece): readonly (string | symbol)[] =>
    piece.kind === 'star'
      ? [STAR]
      : piece.kind === 'one'
        ? [ONE]
        : piece.kind === 'text'
          ? [...(ignoreCase ? piece.text.toLowerCase() : piece.text)]
          : [NOTHING],
  );
  const characters = [...(ignoreCase ? text.toLowerCase() : text)];
  let atom = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    if (atoms[atom] === STAR) {
      star = atom++;
      resume = at;
    } else if (atoms[atom] === ONE || atoms[atom] === characters[at]) {
      atom++;
      at++;
    } else if (star >= 0) {
      atom = star + 1;
      at = ++resume;
    } else return false;
  }
  while (atoms[atom] === STAR) atom++;
  return atom === atoms.length;
}

const STAR = Symbol('any characters');
const ONE = Symbol('one character');
/** an unresolved variable equals no character */
const NOTHING = Symbol('nothing');
