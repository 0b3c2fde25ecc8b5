/** Runs the real pipeline on a lab's world, with short waits: the lab answers in a millisecond or never. */

import { isProblem } from '../../src/commands/io.ts';
import { type LiveOptions, runLive } from '../../src/commands/live.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { DURATIONS } from '../../src/durations.ts';
import { startLab } from '../../src/lab/lab.ts';
import { LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import type { Report } from '../../src/model/report.ts';
import { unknownState } from '../../src/model/state.ts';
import { parseTarget } from '../../src/services/parse-target.ts';

/** Long enough for a busy machine to answer over loopback, short enough for many silent addresses. */
const WAIT = 700;
export const SHORT = { ...DURATIONS, dnsQuery: WAIT, tcpConnect: WAIT, tlsHandshake: 4_000, httpsExchange: 4_000 };

export type LabRun = { readonly case: Case; readonly report: Report; readonly questions: readonly string[] };

/**
 * @param targets as a user types them; the lab's Secrets Manager host when none is given, every endpoint when empty
 * @param describe what the API says, when it differs from what is true
 */
export async function runInLab(
  world: World,
  targets: readonly string[] = [LAB.secretsHost],
  more: { describe?: World; options?: Partial<LiveOptions> } = {},
): Promise<LabRun> {
  const lab = await startLab(world, more.describe === undefined ? {} : { describe: more.describe });
  try {
    const requests = targets.map((target) => {
      const parsed = parseTarget(target);
      if (!parsed.ok) throw new Error(parsed.problem);
      return parsed.request;
    });
    const live = await runLive(
      {
        host: lab.host,
        stdout: () => {},
        stderr: () => {},
        columns: undefined,
        showsProgress: false,
        signal: new AbortController().signal,
      } as Parameters<typeof runLive>[0],
      {
        requests: requests.length > 0 ? requests : [{ kind: 'every-endpoint', text: 'every endpoint' }],
        given: unknownState('not-asked'),
        warnings: [],
        useApi: true,
        useProbes: true,
        durations: SHORT,
        concurrency: 16,
        repeat: 1,
        ...more.options,
      },
    );
    if (isProblem(live)) throw new Error(live.problem);
    return { case: live, report: diagnose(live), questions: lab.log.map((entry) => entry.question) };
  } finally {
    await lab.stop();
  }
}
