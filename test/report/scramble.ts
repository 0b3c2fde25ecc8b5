/** Any report with other words in it: the structure of a fixture, the strings of whoever wants to break the reader's screen. */
import * as fc from 'fast-check';
import type { Report } from '../../src/model/report.ts';
import { CONTROLS, ESCAPE, UNSEEN } from './fixtures-odd.ts';

/** Fields whose values are ours: closed lists, and names that no outsider chooses. */
const OURS = new Set([
  ...['code', 'layer', 'severity', 'standing', 'owner', 'proof', 'source', 'status', 'verdict', 'outcome', 'rung'],
  ...['slice', 'action', 'why', 'result', 'type', 'transport', 'causes', 'privilege'],
]);

const outside = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.lorem({ maxCount: 30 }),
  fc.constantFrom(
    ESCAPE,
    CONTROLS,
    UNSEEN,
    '',
    ' ',
    '<b onload=x>',
    '`',
    '|',
    '\n\n',
    'x'.repeat(300),
    '🧨 火',
    '# ',
    '- ',
    'toString',
    '__proto__',
  ),
);

/** Reports with the shape of one of `fixtures` and strings from `outside`, mixed with its own. */
export function scrambled(fixtures: readonly Report[]): fc.Arbitrary<Report> {
  return fc
    .tuple(fc.constantFrom(...fixtures), fc.array(outside, { minLength: 3, maxLength: 12 }), fc.nat({ max: 5 }))
    .map(([report, strings, offset]) => {
      let next = offset;
      const visit = (value: unknown, key: string): unknown => {
        if (typeof value === 'string') {
          if (OURS.has(key)) return value;
          next += 1;
          const word = strings[next % strings.length] ?? '';
          if (next % 3 === 0) return value;
          return next % 3 === 1 ? word : `${value} ${word}`;
        }
        if (Array.isArray(value)) return value.map((item) => visit(item, key));
        if (typeof value !== 'object' || value === null) return value;
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, visit(inner, name)]));
      };
      return visit(report, '') as Report;
    });
}
