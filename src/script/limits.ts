/** Causes that a probe script's evidence cannot show as the tool's own probes do, and why: declared, and held by the netlab. */
import type { CauseCode } from '../model/codes.ts';

/** Where a cause stands here, its evidence of a script may stay silent; it must never blame something else for it. */
export const SCRIPT_CANNOT_SEE: Partial<Readonly<Record<CauseCode, string>>> = {};
