/**
 * Timers that wait for somebody else's answer. Time in which this process stood still is no silence of the other side: a
 * stopped machine, a burstable one without credits, Ctrl-Z and `fg`, a long computation of our own.
 */

/** A timer that fires later than this (ms) tells of a process that stood still. */
const STOOD_STILL = 100;
/** A wait is made of pieces this long (ms), so that a stop in the middle of it is noticed, too. */
const PIECE = 250;

/**
 * Calls `ended` when `ms` milliseconds have passed in which an answer could have been heard: a piece of the wait in which the
 * process stood still does not count, and what came meanwhile is read first. A machine that stands still again and again comes
 * to an end as well: what is given back is `ms` and the last stop, at most.
 * @returns releases the timer; to be called when the wait is over
 */
export function startPatience(ms: number, ended: () => void): { readonly end: () => void; readonly unref: () => void } {
  let timer: NodeJS.Timeout;
  let turn: NodeJS.Immediate | undefined;
  let kept = true;
  let left = ms;
  let given = 0;
  const wait = () => {
    const piece = Math.min(left, PIECE);
    const due = performance.now() + piece;
    timer = setTimeout(() => {
      const late = performance.now() - due;
      if (late > STOOD_STILL && given < ms) given += piece + late;
      else left -= piece;
      // Node runs timers before it reads sockets: an answer may lie there already.
      turn = setImmediate(() => (left > 0 ? wait() : ended()));
      if (!kept) turn.unref();
    }, piece);
    if (!kept) timer.unref();
  };
  wait();
  return {
    end: () => {
      clearTimeout(timer);
      clearImmediate(turn);
    },
    unref: () => {
      kept = false;
      timer.unref();
    },
  };
}

/** Like `AbortSignal.timeout`, with patience. Keeps no process alive. Not for a deadline, which is to be kept whatever happens. */
export function patientSignal(ms: number): AbortSignal {
  const controller = new AbortController();
  startPatience(ms, () => controller.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError'))).unref();
  return controller.signal;
}
