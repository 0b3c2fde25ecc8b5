/** The exit status that a verdict means to scripts. */
import type { Verdict } from '../model/report.ts';

const EXIT_CODES = { healthy: 0, degraded: 1, blocked: 1, inconclusive: 2 } as const satisfies Record<Verdict, number>;

/** 0 healthy (advice allowed), 1 degraded or blocked, 2 inconclusive. 3, usage or internal error, is not a report's to say. */
export function exitCode(verdict: Verdict): 0 | 1 | 2 {
  return EXIT_CODES[verdict];
}
