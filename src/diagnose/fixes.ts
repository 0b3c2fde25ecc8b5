/** What each fix is worth on the model, and the plan that opens everything that can be opened. */
import type { Fix, FixAlternative } from '../checks/check.ts';
import type { FixPlan, ReportFix } from '../model/report.ts';
import type { Missing } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import { capital } from '../model/text.ts';
import { blastRadiusOf } from './blast-radius.ts';
import type { Judged } from './findings.ts';
import { type ModelInput, modelAfter, provable, stateAfter } from './proof.ts';
import type { Cause } from './rank.ts';
import { smallestSets } from './smallest-sets.ts';
import type { View } from './views.ts';

/** The smallest sets of causes whose fixes open a target; none where something keeps it closed that no fix takes away. */
export type TargetSets = {
  readonly view: View;
  readonly sets: readonly (readonly Cause[])[];
  /** the one of them that the plan takes */
  chosen: readonly Cause[] | undefined;
};

/** The live faults of a target that no fix of the model takes away, and that are still there after these. */
function stuckBy(
  causes: readonly Cause[],
  target: Target,
  input: ModelInput,
  fixes: readonly FixAlternative[],
): readonly Cause[] {
  return causes.filter(
    (cause) =>
      cause.members.some((member) => member.target.id === target.id && member.finding.extent !== 'none') &&
      !provable(cause.fix) &&
      !follows(cause) &&
      !isLifted(cause, target, input, fixes),
  );
}

/** Whether the fixes of other causes lead a target's requests where the policy that refused them lets them through. */
function isLifted(cause: Cause, target: Target, input: ModelInput, fixes: readonly FixAlternative[]): boolean {
  const own = cause.members.filter((member) => member.target.id === target.id && member.finding.extent !== 'none');
  if (own.length === 0 || fixes.length === 0 || own.some(({ finding }) => finding.access === undefined)) return false;
  const { state } = stateAfter(input, fixes);
  return own.every(({ finding }) => finding.access?.(state) === 'allowed');
}

function fixesOf(causes: readonly Cause[] = []): readonly Fix[] {
  return causes.map(({ fix }) => fix);
}

/** Tries the fixes of every target's causes on the model; `proveFixes` and `planFixes` both build on it. */
export function setsPerTarget(causes: readonly Cause[], views: readonly View[], input: ModelInput): TargetSets[] {
  const plans = views.map((view): TargetSets => {
    const sets = smallestSets(input, view.target, ownCauses(causes, view));
    return { view, sets, chosen: undefined };
  });
  // Who has no choice goes first: what they need may be enough for those who have one.
  const steps = new Set<Cause>();
  for (const plan of [...plans].sort((a, b) => a.sets.length - b.sets.length)) {
    const added = (set: readonly Cause[]) => set.filter((cause) => !steps.has(cause)).length;
    plan.chosen = plan.sets.reduce<readonly Cause[] | undefined>(
      (least, set) => (least === undefined || added(set) < added(least) ? set : least),
      undefined,
    );
    if (isBroken(plan.view)) for (const cause of plan.chosen ?? []) steps.add(cause);
  }
  return plans;
}

function isBroken(view: View): boolean {
  return view.status === 'unreachable' || view.status === 'degraded';
}

function ownCauses(causes: readonly Cause[], view: View): readonly Cause[] {
  return causes.filter(
    (cause) => cause.severity !== 'advice' && cause.members.some((member) => member.target.id === view.target.id),
  );
}

export function proveFixes(
  causes: readonly Cause[],
  plans: readonly TargetSets[],
  input: ModelInput,
  /** the network alone: what a change does to others is not judged by what this caller is refused */
  network: ModelInput = input,
): readonly ReportFix[] {
  return causes.map((cause) => {
    const { fix } = cause;
    const alternatives = (fix.alternatives ?? []).map((one) => ({
      ...described(one),
      ...proofOf(cause, one, causes, plans, input),
    }));
    const targets = plans.map(({ view }) => view.target);
    const refused = (target: Target) => newlyRefused(fix, target, input);
    const blastRadius = blastRadiusOf(fix, targets, network, refused);
    return {
      ...described(fix),
      owner: fix.owner,
      ...proofOf(cause, fix, causes, plans, input),
      ...(alternatives.length === 0 ? {} : { alternatives }),
      ...(blastRadius === undefined ? {} : { blastRadius }),
    };
  });
}

/** Why a change of the way makes policies refuse what they let through today; undefined where it does not. */
function newlyRefused(fix: Fix, target: Target, input: ModelInput): string | undefined {
  if (!provable(fix) || modelAfter(input, target, []).refused !== undefined) return undefined;
  const after = modelAfter(input, target, [fix]);
  return after.status === 'closed' ? after.refused : undefined;
}

function described({ summary, commands, undo, diff, caution, terraform, privilege }: FixAlternative) {
  return {
    summary,
    commands,
    undo,
    ...(diff === undefined ? {} : { diff }),
    ...(caution === undefined ? {} : { caution }),
    ...(terraform === undefined ? {} : { terraform }),
    ...(privilege === undefined ? {} : { privilege }),
  };
}

/** What the model shows of one way to repair a cause: the fix itself, or an alternative in its place. */
function proofOf(
  cause: Cause,
  fix: Fix | FixAlternative,
  causes: readonly Cause[],
  plans: readonly TargetSets[],
  input: ModelInput,
): Pick<ReportFix, 'proof' | 'reason'> {
  if (!provable(fix)) {
    const lifts = plans.filter(({ view, chosen }) => isLifted(cause, view.target, input, fixesOf(chosen)));
    const codes = [...new Set(lifts.flatMap(({ chosen = [] }) => chosen.map(codeOf)))];
    if (codes.length > 0 && fix === cause.fix) {
      const own = new Set(cause.members.map((member) => member.target.id));
      const whose = own.size === lifts.length ? '' : ` for ${lifts.map(({ view }) => view.target.id).join(', ')}`;
      return {
        proof: 'unproven',
        reason: `The fix of ${codes.join(' and ')} does it${whose}: on the model the policy then lets the requests through.`,
      };
    }
    return { proof: 'unproven', reason: sentence(fix.unprovable ?? 'the model cannot show it') };
  }
  const opened: string[] = [];
  const needed: string[] = [];
  let why = '';
  for (const { view, sets, chosen } of plans) {
    if (!cause.members.some((member) => member.target.id === view.target.id)) continue;
    const { target } = view;
    const before = modelAfter(input, target, []).status;
    const set = chosen?.includes(cause) === true ? chosen : undefined;
    const [stuck] = stuckBy(causes, target, input, [fix]);
    const stuckWithSet = set !== undefined && stuckBy(causes, target, input, fixesOf(set)).length > 0;
    const after = modelAfter(input, target, [fix]);
    // Where nobody asked and another resolver answers, an open way is no opened target.
    if (view.status === 'unknown' && after.resolution.kind === 'unknown')
      why = `The model cannot tell: where the client’s resolver leads ${target.id} is not known.`;
    else if (before === 'open') why = `On the model ${target.id} is open already.`;
    else if (after.status === 'open' && stuck === undefined) opened.push(target.id);
    else if (set !== undefined && !stuckWithSet && openWith(fix, cause, set, target, input)) needed.push(target.id);
    else if (after.refused !== undefined && after.status === 'closed')
      why = `With it the requests to ${target.id} take another way, and are refused there: ${after.refused}.`;
    else if (after.refused !== undefined) why = sentence(`the model cannot tell: ${after.refused}`);
    else if (stuck !== undefined)
      why = `${target.id} also needs the fix of ${codeOf(stuck)}, which the model cannot show.`;
    else if (sets.some((one) => one.includes(cause)))
      why = `The plan opens ${target.id} without it; it would do in place of another step.`;
    else if (after.status === 'unknown') why = sentence(unknownWords(after.missing));
    else
      why = `The model does not open ${target.id} with it: ${after.status === 'closed' ? 'it stays closed' : `it is ${after.status}`}.`;
  }
  if (opened.length > 0) return { proof: 'opens', reason: `With this alone the model opens ${opened.join(', ')}.` };
  if (needed.length > 0)
    return {
      proof: 'necessary',
      reason: `${needed.join(', ')} opens on the model with this and the other fixes of the plan together.`,
    };
  return { proof: 'unproven', reason: why || 'The model cannot show it.' };
}

/** Whether the set still opens the target with this way in place of the cause's first one. */
function openWith(
  fix: FixAlternative,
  cause: Cause,
  set: readonly Cause[],
  target: Target,
  input: ModelInput,
): boolean {
  if (fix === cause.fix) return true;
  const fixes = set.map((one) => (one === cause ? fix : one.fix));
  return modelAfter(input, target, fixes).status === 'open';
}

function sentence(words: string): string {
  const text = capital(words);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function unknownWords(missing: readonly Missing[]): string {
  const first = missing[0];
  return first === undefined
    ? 'the model cannot tell: something is not known'
    : `the model cannot tell: ${first.action} would have to be readable${first.detail === undefined ? '' : ` (${first.detail})`}`;
}

function codeOf(cause: Cause): string {
  return (cause.members[0] as Judged).check.code;
}

/** What follows from another cause is repaired with that one; alone it is all there is to do. */
function follows(cause: Cause): boolean {
  return (cause.members[0] as Judged).check.consequence === true;
}

/**
 * One plan for all: the chosen set of each broken target, which adds the fewest steps to what others need. What no fix of
 * the model opens gets the fixes of all its causes, since each of them is needed as far as anybody can tell.
 */
export function planFixes(causes: readonly Cause[], plans: readonly TargetSets[], input: ModelInput): FixPlan {
  const steps = new Set<Cause>();
  for (const { view, chosen } of plans.filter((one) => isBroken(one.view))) {
    const own = ownCauses(causes, view);
    for (const cause of chosen ?? own.filter((one) => !follows(one))) steps.add(cause);
    for (const cause of own) {
      const rest = own.every(follows) || (!follows(cause) && !isLifted(cause, view.target, input, fixesOf(chosen)));
      if (!provable(cause.fix) && rest) steps.add(cause);
    }
  }
  const ordered = causes.filter((cause) => steps.has(cause));
  const fixes = ordered.map((cause) => cause.fix).filter(provable);
  const opens: string[] = [];
  const remaining: string[] = [];
  const beyond: { readonly target: string; readonly stuck: readonly Cause[] }[] = [];
  for (const { view } of plans) {
    if (!isBroken(view)) {
      if (view.status === 'unknown') remaining.push(view.target.id);
      continue;
    }
    const stuck = stuckBy(causes, view.target, input, fixes);
    const open = modelAfter(input, view.target, fixes).status === 'open';
    (open && stuck.length === 0 && fixes.length > 0 ? opens : remaining).push(view.target.id);
    if (open && stuck.length > 0) beyond.push({ target: view.target.id, stuck });
  }
  const rankOf = (cause: Cause) => causes.indexOf(cause) + 1;
  const perTarget = plans
    .filter(({ view }) => isBroken(view) && ownCauses(causes, view).length > 0)
    .map(({ view, sets }) => ({
      target: view.target.id,
      sets: sets
        .filter((set) => stuckBy(causes, view.target, input, fixesOf(set)).length === 0)
        .map((set) => set.map(rankOf)),
    }));
  return {
    steps: ordered.map(rankOf),
    opens,
    remaining,
    ...(beyond.length === 0
      ? {}
      : {
          beyondModel: {
            targets: beyond.map(({ target }) => target),
            steps: ordered.filter((cause) => beyond.some(({ stuck }) => stuck.includes(cause))).map(rankOf),
          },
        }),
    undo: [...ordered].reverse().flatMap((cause) => cause.fix.undo),
    ...(perTarget.length === 0 ? {} : { perTarget }),
  };
}
