/** Runs every check for every target, and judges each finding by the packets: its standing and what it explains. */
import type { AnyCheck, CheckContext, Finding, Outcome } from '../checks/check.ts';
import type { Evidence } from '../checks/evidence.ts';
import type { Observation } from '../model/observation.ts';
import type { Standing } from '../model/report.ts';
import type { Missing, SliceName, State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { clientOf } from '../network/client.ts';

/** A finding of one check for one target, with what the packets say of it. */
export type Judged = {
  readonly check: AnyCheck;
  readonly target: Target;
  readonly finding: Finding<unknown>;
  readonly context: CheckContext<SliceName>;
  readonly standing: Standing | 'contradicted';
  /** ids of the observations that agree */
  readonly explains: readonly string[];
  /** ids of the observations that disprove it */
  readonly disprovedBy: readonly string[];
  /** made from packets alone, because the configuration could not be read */
  readonly suspected: boolean;
};

export type Evaluated = {
  readonly judged: readonly Judged[];
  readonly absences: readonly { readonly check: AnyCheck; readonly target: Target; readonly because: string }[];
  readonly gaps: readonly {
    readonly check: AnyCheck;
    readonly target: Target;
    readonly missing: readonly Missing[];
    readonly matters: boolean;
  }[];
};

/** Evaluates one target with every check. */
export function evaluateChecks(
  checks: readonly AnyCheck[],
  state: State,
  vantage: Vantage,
  target: Target,
  evidence: Evidence,
): Evaluated {
  const context: CheckContext<SliceName> = { target, vantage, client: clientOf(vantage), state, evidence };
  const judged: Judged[] = [];
  const absences: { check: AnyCheck; target: Target; because: string }[] = [];
  const gaps: { check: AnyCheck; target: Target; missing: readonly Missing[]; matters: boolean }[] = [];
  for (const check of checks) {
    const outcome: Outcome<unknown> = check.evaluate(context);
    switch (outcome.outcome) {
      case 'found':
        for (const finding of outcome.findings) judged.push(judge(check, finding, context, false));
        if (outcome.missing !== undefined) gaps.push({ check, target, missing: outcome.missing, matters: true });
        break;
      case 'absent':
        absences.push({ check, target, because: outcome.because });
        break;
      case 'unknown': {
        gaps.push({ check, target, missing: outcome.missing, matters: outcome.matters ?? true });
        const seen = evidence.probed || evidence.denials.length > 0;
        const suspicion = seen ? check.suspect?.(context) : undefined;
        if (suspicion !== undefined) judged.push(judge(check, suspicion, context, true));
        break;
      }
      case 'not-applicable':
        break;
    }
  }
  return { judged: judged.filter((one) => !one.suspected || !explainedOtherwise(one, judged)), absences, gaps };
}

/** A suspicion is worth nothing where a cause that was read explains the same packets. */
function explainedOtherwise(suspicion: Judged, judged: readonly Judged[]): boolean {
  return judged.some(
    (other) =>
      !other.suspected &&
      other.standing !== 'contradicted' &&
      other.explains.some((id) => suspicion.explains.includes(id)),
  );
}

function judge(
  check: AnyCheck,
  finding: Finding<unknown>,
  context: CheckContext<SliceName>,
  suspected: boolean,
): Judged {
  const agrees: Observation[] = [];
  const disproves: Observation[] = [];
  for (const observation of [...context.evidence.all, ...context.evidence.experiments]) {
    const answer = finding.predicts(observation);
    if (answer === 'agrees') agrees.push(observation);
    if (answer === 'disproves') disproves.push(observation);
  }
  return {
    check,
    target: context.target,
    finding,
    context,
    standing: standingOf(
      context.evidence.probed,
      agrees.length + (finding.attested === true ? 1 : 0),
      disproves.length,
      suspected,
    ),
    explains: agrees.map((observation) => observation.id),
    disprovedBy: disproves.map((observation) => observation.id),
    suspected,
  };
}

/**
 * `agrees` counts what shows the symptom: observations, and a pasted text with the service's own words.
 * Confirmed: the configuration is wrong and a probe shows what that predicts. Contradicted: a probe shows the opposite and
 * none shows the symptom. Likely: the rung was not reached, or the configuration could not be read. Modelled: no packets.
 */
function standingOf(probed: boolean, agrees: number, disproves: number, suspected: boolean): Judged['standing'] {
  if (agrees > 0) return suspected ? 'likely' : 'confirmed';
  if (!probed) return suspected ? 'likely' : 'modelled';
  return disproves > 0 ? 'contradicted' : 'likely';
}
