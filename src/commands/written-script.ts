/** The probe script for what was asked on the command line: for `probe-script`, which prints it, and `remote --script`, which sends it. */
import type { TargetRequest } from '../model/target.ts';
import { probeScript } from '../script/script.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import type { stateFrom } from './arguments.ts';
import type { UsageProblem } from './io.ts';

/** Seconds for a whole script. A shell starts a process per question, and many hosts that need it are slow ones: twice the tool's own. */
export const SCRIPT_SECONDS = 60;

type Documents = Exclude<Awaited<ReturnType<typeof stateFrom>>, UsageProblem>;

export type ScriptWish = {
  readonly requests: readonly TargetRequest[];
  readonly documents: Documents;
  /** of the hosts: where the script will run is not where it is written, so hosts of services need to be named a Region here */
  readonly region: string | undefined;
  /** only where it shall win over what the host has configured */
  readonly given: string | undefined;
  /** seconds */
  readonly deadline: number;
  readonly jobs: number;
};

/** @returns the script, and what the user should know of its targets; a problem is one line */
export function writtenScript(
  wish: ScriptWish,
): { readonly script: string; readonly notes: readonly string[] } | UsageProblem {
  const { requests, documents } = wish;
  const { state } = documents;
  const { targets, problems, notes } = resolveTargets(requests, {
    region: wish.region,
    accountId: documents.accountId,
    vpcEndpoints: state.vpcEndpoints,
    endpointServices: state.endpointServices,
  });
  const [problem] = problems;
  if (problem !== undefined) return { problem };
  if (targets.length === 0) return { problem: 'There is nothing to probe: give a target.' };
  return {
    script: probeScript({ requests, targets, state, region: wish.given, deadline: wish.deadline, jobs: wish.jobs }),
    notes,
  };
}
