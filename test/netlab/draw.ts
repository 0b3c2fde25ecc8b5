/** Repeatable randomness: the same seed draws the same world, today and on any machine. */

export type Draw = {
  /** 0 ≤ x < 1 */
  readonly fraction: () => number;
  /** a whole number, both ends included */
  readonly between: (from: number, to: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** some of the list, at least `least` of them, in the list's order */
  readonly some: <T>(list: readonly T[], least?: number) => T[];
};

/** Mulberry32: small, fast and good enough to choose rules with. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const between = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  const chance = (probability: number) => fraction() < probability;
  const pick = <T>(list: readonly T[]): T => {
    const item = list[between(0, list.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const some = <T>(list: readonly T[], least = 0): T[] => {
    const chosen = list.filter(() => chance(0.5));
    return chosen.length >= least ? chosen : list.slice(0, least);
  };
  return { fraction, between, chance, pick, some };
}
