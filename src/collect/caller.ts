/** Makes API calls: every page of each, within its time, counted, and with every failure as a value. */
import type { CoverageEntry } from '../model/case.ts';
import { startPatience } from '../patience.ts';
import { actionOf, CALL_NAMES, type CallName } from './calls.ts';
import { errorName, type Refused, refusalOf } from './refusals.ts';
import type { Api, CallInput } from './sdk.ts';

export type Answer<T> = { readonly ok: true; readonly value: T } | (Refused & { readonly error?: string | undefined });

/** A request's result in plain JSON. */
type Output = Readonly<Record<string, unknown>>;

export type Caller = {
  /** one request, whose answer has a member `key`; `about` names in the coverage what was asked about */
  readonly one: (name: CallName, key: string, input: CallInput, about?: string) => Promise<Answer<Output>>;
  /** the elements under `key` of all pages; a refused page refuses the whole list, which would be too short otherwise */
  readonly all: (name: CallName, key: string, input: CallInput, about?: string) => Promise<Answer<unknown[]>>;
  /** says that a call was left out, and why */
  readonly skip: (name: CallName, why: string) => void;
  readonly coverage: () => CoverageEntry[];
  readonly warnings: () => string[];
};

export type CallerOptions = {
  /** milliseconds for one request with its retries */
  readonly callMs: number;
  /** the run */
  readonly signal: AbortSignal;
  /** is told the action before each request */
  readonly onCall?: ((action: string) => void) | undefined;
};

/** Far beyond any quota on what is listed here: 1000 elements a page, 100 for route tables. */
const MOST_PAGES = 200;

/** What a client could not be opened for: every call of it is refused so. */
export type NoApi = Omit<Refused, 'ok'>;

/** A caller for one client. Its functions never reject. */
export function startCaller(api: Api | NoApi, options: CallerOptions): Caller {
  const log = startLog();

  const one: Caller['one'] = async (name, key, input, about) => {
    if (!('send' in api)) {
      log.add(name, 'skipped', 0, reason(api, about));
      return { ok: false, ...api };
    }
    options.onCall?.(actionOf(name));
    const answer = await request(api, name, key, input, options);
    if (answer.ok) log.add(name, 'made', 1);
    else log.add(name, 'refused', 1, reason(answer, about));
    return answer;
  };

  const all: Caller['all'] = async (name, key, input, about) => {
    const values: unknown[] = [];
    const tokens = new Set<string>();
    let page = input;
    for (let count = 1; count <= MOST_PAGES; count += 1) {
      const answer = await one(name, key, page, about);
      if (!answer.ok) return answer;
      const elements = answer.value[key];
      if (Array.isArray(elements)) values.push(...elements);
      const token = answer.value['NextToken'];
      if (typeof token !== 'string' || token === '') return { ok: true, value: values };
      if (tokens.has(token)) return log.broken(name, `page ${count} leads back to an earlier one`);
      tokens.add(token);
      page = { ...input, NextToken: token };
    }
    return log.broken(name, `there is still more after ${MOST_PAGES} pages`);
  };

  return {
    one,
    all,
    skip: (name, why) => log.add(name, 'skipped', 0, why),
    coverage: log.coverage,
    warnings: log.warnings,
  };
}

/** The coverage of several callers as one list: in the order of `CALLS`, then made, refused, skipped. */
export function joinCoverage(callers: readonly Caller[]): CoverageEntry[] {
  return CALL_NAMES.flatMap((name) =>
    callers.flatMap((caller) => caller.coverage().filter((entry) => entry.what === actionOf(name))),
  );
}

async function request(
  api: Api,
  name: CallName,
  key: string,
  input: CallInput,
  options: CallerOptions,
): Promise<Answer<Output>> {
  const { signal } = options;
  if (signal.aborted) return runEnded();
  const controller = new AbortController();
  // The SDK looks at the signal only while it is on the network: fetching credentials and waiting between attempts go on.
  let stop: (refused: Refused) => void = () => undefined;
  const stopped = new Promise<Refused>((resolve) => {
    stop = (refused) => {
      controller.abort();
      resolve(refused);
    };
  });
  const endOfRun = () => stop(runEnded());
  const { callMs } = options;
  const patience = startPatience(callMs, () => stop(timeout(`no answer within ${callMs} ms`)));
  signal.addEventListener('abort', endOfRun, { once: true });
  try {
    return await Promise.race([stopped, answered(api, name, key, input, controller.signal)]);
  } finally {
    patience.end();
    signal.removeEventListener('abort', endOfRun);
  }
}

async function answered(
  api: Api,
  name: CallName,
  key: string,
  input: CallInput,
  signal: AbortSignal,
): Promise<Answer<Output>> {
  try {
    // Dates become ISO strings and absent members vanish: from here on it is what a document could have said.
    const output = JSON.parse(JSON.stringify(await api.send(name, input, signal)));
    return output[key] === undefined && output.$metadata?.requestId === undefined
      ? NOT_AWS
      : { ok: true, value: output };
  } catch (error) {
    return { ...refusalOf(error, await api.secrets?.()), error: errorName(error) };
  }
}

/** A proxy's or a portal's page with status 200 parses as an answer without anything in it: that is no empty list. */
const NOT_AWS: Refused = {
  ok: false,
  why: 'failed',
  detail: `the answer is not the API's: it has no request id and nothing of what was asked for`,
};

const runEnded = (): Refused => timeout('the run ended before the answer came');
const timeout = (detail: string): Refused => ({ ok: false, why: 'timeout', detail });

function reason(refused: NoApi, about: string | undefined): string {
  const words = `${refused.why} (${refused.detail})`;
  return about === undefined ? words : `${about}: ${words}`;
}

const OUTCOMES = ['made', 'refused', 'skipped'] as const satisfies readonly CoverageEntry['outcome'][];

function startLog() {
  const entries = new Map<string, { count: number; reasons: Set<string> }>();
  const warnings: string[] = [];
  const add = (name: CallName, outcome: CoverageEntry['outcome'], count: number, why?: string) => {
    const key = `${name} ${outcome}`;
    const entry = entries.get(key) ?? { count: 0, reasons: new Set<string>() };
    entries.set(key, entry);
    entry.count += count;
    if (why !== undefined) entry.reasons.add(why);
  };
  return {
    add,
    /** A list without a proper end is refused: what it does not hold cannot be called absent. */
    broken: (name: CallName, what: string): Refused => {
      const detail = `the list has no proper end: ${what}`;
      add(name, 'refused', 0, `failed (${detail})`);
      warnings.push(`The answer to ${actionOf(name)} was not used: ${what}.`);
      return { ok: false, why: 'failed', detail };
    },
    warnings: () => warnings.toSorted(),
    coverage: () =>
      CALL_NAMES.flatMap((name) =>
        OUTCOMES.flatMap((outcome): CoverageEntry[] => {
          const entry = entries.get(`${name} ${outcome}`);
          if (entry === undefined) return [];
          const why = [...entry.reasons].sort().join('; ');
          return [{ what: actionOf(name), outcome, count: entry.count, ...(why === '' ? {} : { why }) }];
        }),
      ),
  };
}
