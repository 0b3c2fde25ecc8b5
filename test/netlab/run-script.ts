/**
 * One scenario twice on one client: the tool's own probes, and the probe script with what the host has. Both are diagnosed
 * with the same state, and must name the same first cause.
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Case } from '../../src/model/case.ts';
import { decodeCase, encodeCase } from '../../src/model/case-file.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Report } from '../../src/model/report.ts';
import { calledRegion } from '../../src/model/vantage.ts';
import { SCRIPT_CANNOT_SEE } from '../../src/script/limits.ts';
import { caseOfRawEvidence } from '../../src/script/raw-case.ts';
import { probeScript } from '../../src/script/script.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';
import { startBed } from './bed.ts';
import type { Scenario } from './scenario.ts';

export type ScriptAnswer = {
  readonly name: string;
  /** milliseconds that the script took */
  readonly ms: number;
  /** the first cause that the tool's own probes name, and the script's evidence; undefined for none */
  readonly own?: CauseCode | undefined;
  readonly script?: CauseCode | undefined;
  readonly verdicts: readonly [string, string];
  /** why the two differ, where the table of limits has it */
  readonly limit?: string | undefined;
  readonly problem?: string | undefined;
};

const LIMIT_MS = 70_000;

/**
 * @param tool the command line of the tool under test, without arguments
 * @param shell the shell that runs the script: `sh`, `busybox sh` …
 */
export async function runScript(
  scenario: Scenario,
  tool: readonly string[],
  shell: readonly string[],
): Promise<ScriptAnswer> {
  const nothing = { name: scenario.name, ms: 0, verdicts: ['', ''] as const };
  const bed = await startBed(scenario.world(), scenario.hazards).catch((error: unknown) => String(error));
  if (typeof bed === 'string') return { ...nothing, problem: bed };
  try {
    const folder = mkdtempSync('/run/script-');
    const [saved, script] = [join(folder, 'case.json'), join(folder, 'probe.sh')];
    const command = [...tool, ...scenario.targets, '--save', saved, ...(scenario.options ?? [])];
    const tried = await bed.run(command, LIMIT_MS);
    if (!existsSync(saved))
      return {
        ...nothing,
        problem: `no case (status ${tried.status}): ${(tried.stderr || tried.stdout).slice(0, 300)}`,
      };
    const live = caseIn(readFileSync(saved, 'utf8'));
    writeFileSync(script, scriptFor(live));
    const ran = await bed.run([...shell, script], LIMIT_MS);
    const read = await caseOfRawEvidence(ran.stdout, 'the script’s document');
    const keep = process.env['NETLAB_REPORTS'];
    const file = (what: string) => join(keep ?? '', `${scenario.name.replaceAll(/\W+/g, '-')}.${what}.json`);
    if (keep !== undefined) writeFileSync(file('raw'), ran.stdout);
    if (read === undefined || !read.ok)
      return { ...nothing, problem: read?.problem ?? `no document: ${(ran.stderr || ran.stdout).slice(0, 300)}` };
    const subject = { ...read.case, state: live.state };
    const [own, other] = [diagnose(live), diagnose(subject)];
    if (keep !== undefined) {
      writeFileSync(file('own'), JSON.stringify(own, null, 1));
      writeFileSync(file('case'), encodeCase(subject));
      writeFileSync(file('script'), JSON.stringify(other, null, 1));
    }
    return compared(scenario.name, ran.ms, own, other);
  } catch (error) {
    return { ...nothing, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    await bed.close();
  }
}

/** As `probe-script --state` makes it. */
function scriptFor(live: Case): string {
  const { targets } = resolveTargets(live.requests, {
    region: calledRegion(live.vantage),
    accountId: live.vantage.accountId,
    vpcId: live.vantage.vpcId,
    vpcEndpoints: live.state.vpcEndpoints,
    endpointServices: live.state.endpointServices,
  });
  return probeScript({ requests: live.requests, targets, state: live.state, deadline: 60, jobs: 16 });
}

function compared(name: string, ms: number, own: Report, other: Report): ScriptAnswer {
  const first = (report: Report) => report.causes.find((cause) => cause.severity !== 'advice')?.code;
  const [a, b] = [first(own), first(other)];
  const answer = { name, ms, own: a, script: b, verdicts: [own.verdict, other.verdict] as const };
  if (a === b) return answer;
  const limit = a === undefined ? undefined : SCRIPT_CANNOT_SEE[a];
  const known = own.causes.map((cause) => cause.code);
  const quiet = b === undefined || known.includes(b);
  if (limit !== undefined && quiet) return { ...answer, limit };
  return {
    ...answer,
    problem: `the script’s evidence gives ${b ?? 'nothing'} first, the tool’s own ${a ?? 'nothing'}`,
  };
}

function caseIn(text: string): Case {
  const decoded = decodeCase(text, 'the tool’s case');
  if (!decoded.ok) throw new Error(decoded.problem);
  return decoded.case;
}
