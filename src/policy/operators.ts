/**
 * The condition operators of IAM policies (IAM User Guide, reference_policies_elements_condition_operators): how each
 * compares one value of the request with one value of the policy.
 */
import { containsAddress, familyOf, parseCidr } from '../network/addresses.ts';
import { matchPattern, type Pattern } from './patterns.ts';
import { type Truth, truth } from './truth.ts';

export type Comparison = {
  /** what the policy's value may hold */
  readonly wildcards: boolean;
  readonly variables: boolean;
  /** whether the request's value is what the policy's value asks for; a value of the wrong type never is */
  readonly compare: (actual: string, wanted: Pattern) => Truth;
};

export type Operator = {
  /** as written, without prefix and suffix: `StringNotEquals` */
  readonly name: string;
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly ifExists: boolean;
  /** `Null` asks for the key itself */
  readonly kind: 'compare' | 'null';
  /** true when no value of the policy may match */
  readonly negated: boolean;
  readonly comparison: Comparison;
};

const text = (wildcards: boolean, ignoreCase: boolean): Comparison => ({
  wildcards,
  variables: true,
  compare: (actual, wanted) => truth(matchPattern(wanted, actual, ignoreCase)),
});

const numeric = (holds: (actual: number, wanted: number) => boolean): Comparison => ({
  wildcards: false,
  variables: false,
  compare: (actual, wanted) => {
    const [a, b] = [numberOf(actual), numberOf(literal(wanted))];
    return truth(a !== undefined && b !== undefined && holds(a, b));
  },
});

const date = (holds: (actual: number, wanted: number) => boolean): Comparison => ({
  wildcards: false,
  variables: false,
  compare: (actual, wanted) => {
    const [a, b] = [dateOf(actual), dateOf(literal(wanted))];
    return truth(a !== undefined && b !== undefined && holds(a, b));
  },
});

/** The page of the operators supports policy variables here, the page of the variables does not: what they hold is compared. */
const bool: Comparison = {
  wildcards: false,
  variables: true,
  compare: (actual, wanted) => {
    const [a, b] = [actual.toLowerCase(), literal(wanted).toLowerCase()];
    return truth((b === 'true' || b === 'false') && a === b);
  },
};

const binary: Comparison = {
  wildcards: false,
  variables: false,
  compare: (actual, wanted) => truth(actual === literal(wanted)),
};

/**
 * "If you specify an IP address without the associated routing prefix, IAM uses the default prefix value of /32". For an IPv6
 * address that would be a large network, and whether it is meant so nobody can tell.
 */
const ipAddress: Comparison = {
  wildcards: false,
  variables: false,
  compare: (actual, wanted) => {
    const network = literal(wanted);
    if (familyOf(actual) === undefined) return 'no';
    const inside = (cidr: string): boolean => {
      const range = parseCidr(cidr)?.range;
      return range !== undefined && containsAddress([range], actual);
    };
    if (familyOf(network) === 6) return inside(`${network}/128`) ? 'yes' : inside(`${network}/32`) ? 'unknown' : 'no';
    return truth(inside(familyOf(network) === 4 ? `${network}/32` : network));
  },
};

/**
 * "Each of the six colon-delimited components of the ARN is checked separately and each can include multi-character match
 * wildcards (*) or single-character match wildcards (?)". ArnEquals and ArnLike behave identically. A pattern of fewer
 * components, such as a lone `*`, is no ARN, and no page says what it matches.
 */
const arn: Comparison = {
  wildcards: true,
  variables: true,
  compare: (actual, wanted) => {
    const parts = splitArn(actual);
    const patterns = splitPattern(wanted);
    if (patterns.length < 6) return matchPattern(wanted, actual) ? 'unknown' : 'no';
    return truth(parts.length === 6 && patterns.every((pattern, i) => matchPattern(pattern, parts[i] ?? '')));
  },
};

const COMPARISONS: Readonly<Record<string, readonly [Comparison, negated: boolean]>> = {
  StringEquals: [text(false, false), false],
  StringNotEquals: [text(false, false), true],
  StringEqualsIgnoreCase: [text(false, true), false],
  StringNotEqualsIgnoreCase: [text(false, true), true],
  StringLike: [text(true, false), false],
  StringNotLike: [text(true, false), true],
  NumericEquals: [numeric((a, b) => a === b), false],
  NumericNotEquals: [numeric((a, b) => a === b), true],
  NumericLessThan: [numeric((a, b) => a < b), false],
  NumericLessThanEquals: [numeric((a, b) => a <= b), false],
  NumericGreaterThan: [numeric((a, b) => a > b), false],
  NumericGreaterThanEquals: [numeric((a, b) => a >= b), false],
  DateEquals: [date((a, b) => a === b), false],
  DateNotEquals: [date((a, b) => a === b), true],
  DateLessThan: [date((a, b) => a < b), false],
  DateLessThanEquals: [date((a, b) => a <= b), false],
  DateGreaterThan: [date((a, b) => a > b), false],
  DateGreaterThanEquals: [date((a, b) => a >= b), false],
  Bool: [bool, false],
  BinaryEquals: [binary, false],
  IpAddress: [ipAddress, false],
  NotIpAddress: [ipAddress, true],
  ArnEquals: [arn, false],
  ArnLike: [arn, false],
  ArnNotEquals: [arn, true],
  ArnNotLike: [arn, true],
};

/** Reads an operator's name with its set prefix and `IfExists`; undefined when there is none of this name. */
export function parseOperator(name: string): Operator | undefined {
  const [, set, rest = '', suffix] = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(name) ?? [];
  const common = { name: rest, set: set as Operator['set'], ifExists: suffix !== undefined };
  // "You can add IfExists to the end of any condition operator name except the Null condition."
  if (rest === 'Null')
    return suffix !== undefined ? undefined : { ...common, kind: 'null', negated: false, comparison: bool };
  const [comparison, negated] = Object.hasOwn(COMPARISONS, rest) ? (COMPARISONS[rest] ?? []) : [];
  if (comparison === undefined || negated === undefined) return undefined;
  return { ...common, kind: 'compare', negated, comparison };
}

/** The text of a pattern that has neither wildcards nor open variables. */
function literal(pattern: Pattern): string {
  return pattern.map((piece) => (piece.kind === 'text' ? piece.text : piece.kind === 'star' ? '*' : '?')).join('');
}

function numberOf(value: string): number | undefined {
  const trimmed = value.trim();
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** One of the W3C profiles of ISO 8601, or seconds since 1970. */
function dateOf(value: string): number | undefined {
  const trimmed = value.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed) && trimmed.length > 4) return Number(trimmed) * 1000;
  if (!/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/.test(trimmed)) return undefined;
  // Without an offset a time is UTC here; the language's own parser would take the machine's zone.
  const zoned = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(trimmed) || !trimmed.includes('T') ? trimmed : `${trimmed}Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}

/** The sixth component keeps its colons. */
function splitArn(value: string): string[] {
  const parts = value.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** Splits a pattern at its first five literal colons. */
function splitPattern(pattern: Pattern): Pattern[] {
  const parts: Pattern[number][][] = [[]];
  for (const piece of pattern) {
    if (piece.kind !== 'text') {
      parts.at(-1)?.push(piece);
      continue;
    }
    for (const [i, part] of piece.text.split(':').entries()) {
      if (i > 0 && parts.length < 6) parts.push([]);
      else if (i > 0) parts.at(-1)?.push({ kind: 'text', text: ':' });
      if (part !== '') parts.at(-1)?.push({ kind: 'text', text: part });
    }
  }
  return parts;
}
