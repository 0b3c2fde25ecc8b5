import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, type FailingHosts } from '../../src/fleet/explain.ts';
import type { Finding, Spot } from '../../src/fleet/findings.ts';

const spot = (key: string): Spot => ({ key, code: key, onEachHost: false });

/** `A|B`: right again when A or B is changed. */
function finding(text: string): Finding {
  return { key: text, code: text, severity: 'blocking', standing: 'confirmed', spots: text.split('|').map(spot) };
}

/** `412 A`, `18 A B`, `3! A`: so many hosts with these findings, with `!` and something else; equal findings are the same object, as in a tally. */
function hosts(...lines: readonly string[]): readonly FailingHosts[] {
  const known = new Map<string, Finding>();
  return lines.map((line) => {
    const [count = '', ...texts] = line.split(' ');
    const findings = texts.map((text) => {
      const one = known.get(text) ?? finding(text);
      known.set(text, one);
      return one;
    });
    return { hosts: Number.parseInt(count, 10), findings, open: count.endsWith('!') };
  });
}

const told = (failing: readonly FailingHosts[]) => {
  const { steps, fewest } = explain(failing);
  return [
    ...steps.map((step) => `${step.spot.key} ${step.hosts} ${step.alone} ${step.together}`),
    ...(fewest ? [] : ['?']),
  ];
};

describe('a small set that explains all', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [], []],
    ['one cause', ['412 A'], ['A 412 412 412']],
    ['two, each by itself', ['10 A', '30 B'], ['B 30 30 30', 'A 10 10 40']],
    ['a host with two is explained by both together only', ['412 A', '18 A B'], ['A 430 412 412', 'B 18 0 430']],
    ['two that are always together', ['5 A B'], ['A 5 0 0', 'B 5 0 5']],
    ['either of two would do: the first by name', ['5 A|B'], ['A 5 5 5']],
    ['either of two would do, and one is needed anyhow', ['5 A|B', '1 B'], ['B 6 6 6']],
    [
      'hosts with which something else is wrong are named, and not explained',
      ['5 A', '3! A', '2! B'],
      ['A 8 5 5', 'B 2 0 5'],
    ],
    ['the shared one of several', ['3 A|X', '4 B|X', '5 C|X'], ['X 12 12 12']],
    [
      'what was chosen first and is not needed any more',
      ['2 X|A', '2 X|B', '2 A|P', '2 B|Q', '1 P', '1 Q'],
      ['X 4 4 4', 'P 3 3 7', 'Q 3 3 10'],
    ],
  ])('%s', (_, lines, steps) => expect(told(hosts(...lines))).toEqual(steps));

  test('it is said when it is not proven to be the smallest', () => {
    // Any two of three: two are needed, and no two findings without a common spot show it.
    expect(told(hosts('1 A|B', '1 B|C', '1 A|C'))).toHaveLength(3);
    expect(explain(hosts('1 A|B', '1 B|C', '1 A|C')).fewest).toBe(false);
  });

  const names = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D', 'E'), { minLength: 1, maxLength: 3 });
  const group = fc
    .record({
      hosts: fc.integer({ min: 1, max: 9 }),
      open: fc.constantFrom('', '', '!'),
      findings: fc.array(names, { minLength: 1, maxLength: 3 }),
    })
    .map(
      ({ hosts: count, open, findings }) =>
        `${count}${open} ${findings.map((each) => each.sort().join('|')).join(' ')}`,
    );
  const fleets = fc.array(group, { maxLength: 6 });

  const explains = (keys: ReadonlySet<string>, { findings }: FailingHosts) =>
    findings.every(({ spots }) => spots.some(({ key }) => keys.has(key)));

  test('every host is explained, by nothing that could be left out, and the counts are those of counting', () => {
    fc.assert(
      fc.property(fleets, (lines) => {
        const failing = hosts(...lines);
        const { steps } = explain(failing);
        const sum = (of: (one: FailingHosts) => boolean) =>
          failing.reduce((all, one) => all + (of(one) ? one.hosts : 0), 0);
        const keys = steps.map((step) => step.spot.key);
        expect(failing.every((one) => explains(new Set(keys), one))).toBe(true);
        const closed = (set: ReadonlySet<string>) => sum((one) => !one.open && explains(set, one));
        for (const [index, step] of steps.entries()) {
          const others = new Set(keys.filter((key) => key !== step.spot.key));
          expect(failing.every((one) => explains(others, one))).toBe(false);
          expect(step.together).toBe(closed(new Set(keys.slice(0, index + 1))));
          expect(step.alone).toBe(closed(new Set([step.spot.key])));
          expect(step.hosts).toBe(
            sum(({ findings }) => findings.some(({ spots }) => spots.some(({ key }) => key === step.spot.key))),
          );
        }
      }),
    );
  });

  test('where it says that fewer cannot do, fewer cannot', () => {
    fc.assert(
      fc.property(fleets, (lines) => {
        const failing = hosts(...lines);
        const { steps, fewest } = explain(failing);
        const all = ['A', 'B', 'C', 'D', 'E'];
        const sets = Array.from({ length: 32 }, (_, bits) => new Set(all.filter((_key, at) => (bits >> at) & 1)));
        const least = Math.min(
          ...sets.filter((keys) => failing.every((one) => explains(keys, one))).map(({ size }) => size),
        );
        if (fewest) expect(steps.length).toBe(least);
        else expect(steps.length).toBeGreaterThanOrEqual(least);
      }),
    );
  });
});
