import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOfOneBlock, formatShareOf, wilsonInterval } from '../../src/network/wilson.ts';

const counts = fc
  .integer({ min: 1, max: 2_000 })
  .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));

describe('Wilson’s interval', () => {
  // Values from R: prop.test(x, n, correct = FALSE)$conf.int.
  it.each([
    [7, 20, 0.1812, 0.5671],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [1, 2, 0.0945, 0.9055],
    [50, 100, 0.4038, 0.5962],
  ])('of %i in %i is %d to %d', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('holds the share, stays within 0 and 1, and mirrors', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const { low, high } = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        expect(high).toBeGreaterThan(low);
        const mirrored = wilsonInterval(trials - successes, trials);
        expect(mirrored.low).toBeCloseTo(1 - high, 9);
        expect(mirrored.high).toBeCloseTo(1 - low, 9);
      }),
    );
  });

  it('grows narrower with every doubling, and higher with every success', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const width = (interval: { low: number; high: number }) => interval.high - interval.low;
        expect(width(wilsonInterval(2 * successes, 2 * trials))).toBeLessThan(width(wilsonInterval(successes, trials)));
        if (successes === trials) return;
        expect(wilsonInterval(successes + 1, trials).low).toBeGreaterThan(wilsonInterval(successes, trials).low);
        expect(wilsonInterval(successes + 1, trials).high).toBeGreaterThan(wilsonInterval(successes, trials).high);
      }),
    );
  });

  it('covers the true share in about 95 of 100 cases, summed over the whole binomial distribution', () => {
    // Wilson's coverage swings around 95 % with n and p; its mean over p is close to it.
    const trials = 20;
    const shares = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
    const coverage = shares.map((share) => {
      let covered = 0;
      let probability = (1 - share) ** trials;
      for (let k = 0; k <= trials; k++) {
        const { low, high } = wilsonInterval(k, trials);
        if (low <= share && share <= high) covered += probability;
        probability *= ((trials - k) / (k + 1)) * (share / (1 - share));
      }
      return covered;
    });
    const mean = coverage.reduce((sum, one) => sum + one, 0) / coverage.length;
    expect(mean).toBeGreaterThan(0.94);
    expect(mean).toBeLessThan(0.97);
  });

  it('says nothing without trials, and reads as a sentence', () => {
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
    expect(formatShareOf(7, 20)).toBe('7 of 20 attempts, 95 % between 18 % and 57 %');
  });
});

describe('the chance of one block', () => {
  it('is what counting all orders gives', () => {
    const orders = (hits: number, trials: number): boolean[][] =>
      hits === 0
        ? [Array(trials).fill(false)]
        : trials === 0
          ? []
          : [
              ...orders(hits - 1, trials - 1).map((rest) => [true, ...rest]),
              ...orders(hits, trials - 1).map((rest) => [false, ...rest]),
            ];
    for (let trials = 2; trials <= 9; trials++) {
      for (let hits = 1; hits < trials; hits++) {
        const all = orders(hits, trials);
        const together = all.filter((order) => order.lastIndexOf(true) - order.indexOf(true) + 1 === hits);
        expect(chanceOfOneBlock(hits, trials)).toBeCloseTo(together.length / all.length, 12);
      }
    }
    expect([chanceOfOneBlock(0, 5), chanceOfOneBlock(5, 5)]).toEqual([1, 1]);
  });
});
