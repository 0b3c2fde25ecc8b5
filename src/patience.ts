/**
 * Timers that wait for somebody else's answer. Time in which this process stood still is no silence of the other side: a
 * stopped machine, a burstable one without credits, Ctrl-Z and `fg`, a long computation of our own.
 */

/** A timer that fires later than this (ms) tells of a process that stood still. */
const STOOD_STILL = 100;
/** A machine that stands still again and again must come to an end, too. */
const MOST_EXTENSIONS = 3;

/**
 * Calls `ended` when `ms` milliseconds have passed in which an answer could have been heard: what came while the process stood
 * still is read first, and the time is given back, up to `ms` more each time.
 * @returns releases the timer; to be called when the wait is over
 */
export function startPatience(ms: number, ended: () => void): { readonly end: () => void; readonly unref: () => void } {
  let timer: NodeJS.Timeout;
  let turn: NodeJS.Immediate | undefined;
  let kept = true;
  let extensions = 0;
  const wait = (left: number) => {
    const due = performance.now() + left;
    timer = setTimeout(() => {
      const late = performance.now() - due;
      const again = late > STOOD_STILL && extensions < MOST_EXTENSIONS;
      extensions += 1;
      // Node runs timers before it reads sockets: an answer may lie there already.
      turn = setImmediate(() => (again ? wait(Math.min(late, ms)) : ended()));
      if (!kept) turn.unref();
    }, left);
    if (!kept) timer.unref();
  };
  wait(ms);
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

/** Like `AbortSignal.timeout`, with patience. Keeps no process alive. */
export function patientSignal(ms: number): AbortSignal {
  const controller = new AbortController();
  startPatience(ms, () => controller.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError'))).unref();
  return controller.signal;
}
