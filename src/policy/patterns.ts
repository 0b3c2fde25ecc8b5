/** Wildcards and policy variables: a policy's text, read once into pieces that match a request's value. */
import { lookUp, type RequestContext, singleValue } from './request.ts';

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
    const single = singleValue(context, piece.key);
    if (value === undefined || !value.known) unknown ??= piece.key;
    else if (single !== undefined) resolved.push({ kind: 'text', text: single });
    else if (piece.fallback !== undefined) resolved.push({ kind: 'text', text: piece.fallback });
    else return { kind: 'no-value', key: piece.key };
  }
  return unknown === undefined ? { kind: 'ready', pattern: resolved } : { kind: 'unknown', key: unknown };
}

/** Whether the whole text is what the pattern describes; `*` and `?` stand for any character. */
export function matchPattern(pattern: Pattern, text: string, ignoreCase = false): boolean {
  return ignoreCase ? matches(atomsOf(pattern, true), text.toLowerCase()) : matches(atomsOf(pattern, false), text);
}

/**
 * The same for the ARN of a resource: in its first five parts a wildcard stays within its part, except that a `*` at the end of
 * one "can expand to match beyond the colon boundaries"; what stands after the fifth colon is the resource's own name, where a
 * colon is a character like any other (IAM User Guide, reference_policies_elements_resource).
 */
export function matchArn(pattern: Pattern, text: string): boolean {
  const atoms = atomsOf(pattern, false);
  let colons = 0;
  const bound = atoms.map((atom, i): Atom => {
    if (atom === ':') colons++;
    if (colons >= 5) return atom;
    if (atom === ONE) return ONE_BUT_COLON;
    return atom === STAR && i + 1 < atoms.length && atoms[i + 1] !== ':' ? STAR_BUT_COLON : atom;
  });
  return matches(bound, text);
}

/** A character, or one of the symbols below. */
type Atom = string | symbol;
const STAR = Symbol('any characters');
const STAR_BUT_COLON = Symbol('any characters but colons');
const ONE = Symbol('one character');
const ONE_BUT_COLON = Symbol('one character, no colon');
/** an unresolved variable equals no character */
const NOTHING = Symbol('nothing');

function atomsOf(pattern: Pattern, lowerCase: boolean): readonly Atom[] {
  return pattern.flatMap((piece): readonly Atom[] => {
    if (piece.kind === 'star') return [STAR];
    if (piece.kind === 'one') return [ONE];
    return piece.kind === 'text' ? [...(lowerCase ? piece.text.toLowerCase() : piece.text)] : [NOTHING];
  });
}

/** Walks the places of the text that each atom can end at. Time grows with the product of the lengths, never faster. */
function matches(atoms: readonly Atom[], text: string): boolean {
  const characters = [...text];
  let reached: boolean[] = [true];
  for (const atom of atoms) {
    const next: boolean[] = [];
    for (let at = 0; at <= characters.length; at++) {
      const before = characters[at - 1];
      if (atom === STAR || atom === STAR_BUT_COLON) {
        const extended = at > 0 && next[at - 1] === true && (atom === STAR || before !== ':');
        next[at] = reached[at] === true || extended;
      } else {
        const fits = atom === ONE || (atom === ONE_BUT_COLON ? before !== ':' : atom === before);
        next[at] = at > 0 && reached[at - 1] === true && fits;
      }
    }
    // Most patterns of a long list part from the text within a few letters.
    if (!next.includes(true)) return false;
    reached = next;
  }
  return reached[characters.length] === true;
}
