/** How long one wait may last, and which of the two ended it: the probe's own time, or the run. */
import { startPatience } from '../patience.ts';
import { ownError } from './outcome.ts';

export type Limit = {
  /** aborted with an error of `OWN_CODES` as its reason */
  readonly signal: AbortSignal;
  /** releases the timer; to be called when the wait is over */
  readonly end: () => void;
};

/**
 * A limit of `ms` milliseconds inside a run. `code` says what running out of time means. Not `AbortSignal.timeout`: the
 * run's own deadline may be one, and then its reason would read the same as the probe's.
 */
export function startLimit(ms: number, run: AbortSignal, code: 'timeout' | 'connectTimeout' = 'timeout'): Limit {
  const controller = new AbortController();
  const abort = () => controller.abort(runEnded());
  const patience = startPatience(ms, () => controller.abort(ownError(code, `no answer within ${ms} ms`)));
  if (run.aborted) abort();
  else run.addEventListener('abort', abort, { once: true });
  const end = () => {
    patience.end();
    run.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, end };
}

/** Why a question has no answer when the run's deadline or Ctrl-C came first. */
export function runEnded(): Error {
  return ownError('skipped', 'the run ended before an answer came');
}
