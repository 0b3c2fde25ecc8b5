/** How sure a share is that was counted over few attempts. */

export type Interval = { readonly low: number; readonly high: number };

/** The 97.5 % point of the normal distribution: 95 % lie between its negative and itself. */
const Z = 1.959964;

/**
 * Wilson's score interval, 95 %, for a share of `successes` in `trials`; both ends are between 0 and 1. Unlike the usual
 * plus-minus it is right for few trials and for shares near 0 and 1. No trials at all say nothing: 0 to 1.
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials <= 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + (Z * Z) / (4 * trials * trials));
  const middle = share + (Z * Z) / (2 * trials);
  const scale = 1 + (Z * Z) / trials;
  // Rounding must not push an end past the share itself, which 0 and all of them touch.
  return {
    low: Math.max(0, Math.min(share, (middle - spread) / scale)),
    high: Math.min(1, Math.max(share, (middle + spread) / scale)),
  };
}

/** `7 of 20 attempts, 95 % between 18 % and 57 %` */
export function formatShareOf(successes: number, trials: number): string {
  const { low, high } = wilsonInterval(successes, trials);
  return `${successes} of ${trials} attempts, 95 % between ${Math.round(low * 100)} % and ${Math.round(high * 100)} %`;
}

/**
 * How likely it is that `hits` of `trials` stand next to each other by chance alone, all orders being equally likely. Small
 * means that their place matters: a range of source ports, and not luck.
 */
export function chanceOfOneBlock(hits: number, trials: number): number {
  if (hits <= 0 || hits >= trials) return 1;
  let orders = 1;
  for (let i = 1; i <= hits; i++) orders = (orders * (trials - hits + i)) / i;
  return Math.min(1, (trials - hits + 1) / orders);
}
