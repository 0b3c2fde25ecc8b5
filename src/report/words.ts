/** Small pieces of language that all renderers share: durations, lists, plurals and the fixed vocabulary. */
import type { Layer } from '../model/codes.ts';
import type { Standing, TargetStatus, Verdict } from '../model/report.ts';

export const VERDICT_WORDS = {
  healthy: 'HEALTHY',
  degraded: 'DEGRADED',
  blocked: 'BLOCKED',
  inconclusive: 'INCONCLUSIVE',
} as const satisfies Record<Verdict, string>;

export const STATUS_ORDER = [
  'unreachable',
  'degraded',
  'unknown',
  'reachable',
] as const satisfies readonly TargetStatus[];

export const LAYER_WORDS = {
  endpoint: 'Endpoint',
  dns: 'DNS',
  path: 'Path',
  host: 'This host',
  tls: 'TLS',
  access: 'Access',
  provider: 'Provider',
} as const satisfies Record<Layer, string>;

/** Why a cause that is not confirmed is named all the same; `confirmed` needs no words, its evidence is beside it. */
export const STANDING_WORDS = {
  confirmed: undefined,
  likely: 'Likely, not confirmed: configuration and probes do not both show it.',
  modelled: 'From the configuration alone: no packets were sent.',
} as const satisfies Record<Standing, string | undefined>;

/** `12 ms`, `3.5 s`, `2 min 5 s`; whole milliseconds in. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 60) return `${seconds} s`;
  const whole = Math.round(seconds);
  return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 target`, `25 targets`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** The first `most` items; what is left is counted, not dropped in silence. */
export function atMost(items: readonly string[], most: number): readonly string[] {
  if (items.length <= most) return items;
  return [...items.slice(0, most), `${items.length - most} more`];
}

/** A sentence ends with a full stop, once. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?:][)”]?$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

export function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** Items by key, keys in the order of their first item. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): (readonly [string, T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups];
}
