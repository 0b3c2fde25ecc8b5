/** What each fix is worth on the model, and the plan that opens everything that can be opened. */
import type { FixPlan, ReportFix } from '../model/report.ts';
import type { Missing } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Judged } from './findings.ts';
import { type ModelInput, modelAfter, provable, smallestPlan } from './proof.ts';
import type { Cause } from './rank.ts';
import type { View } from './views.ts';

/** Whether a target has a live fault that no fix of the model takes away. */
function stuckBy(causes: readonly Cause[], target: Target): Cause | undefined {
  return causes.find(
    (cause) =>
      cause.members.some((member) => member.target.id === target.id && member.finding.extent !== 'none') &&
      !provable(cause.fix) &&
      (cause.members[0] as Judged).check.consequence !== true,
  );
}

export function proveFixes(causes: readonly Cause[], views: readonly View[], input: ModelInput): ReportFix[] {
  const plans = views.map((view) => ({
    view,
    plan: stuckBy(causes, view.target) === undefined ? planFor(causes, view, input) : undefined,
  }));
  return causes.map((cause) => {
    const { fix } = cause;
    const base = {
      summary: fix.summary,
      commands: fix.commands,
      undo: fix.undo,
      owner: fix.owner,
      ...(fix.caution === undefined ? {} : { caution: fix.caution }),
    };
    if (!provable(fix))
      return { ...base, proof: 'unproven' as const, reason: sentence(fix.unprovable ?? 'the model cannot show it') };
    const affected = views.filter((view) => cause.members.some((member) => member.target.id === view.target.id));
    const opened: string[] = [];
    const needed: string[] = [];
    let why = '';
    for (const view of affected) {
      const before = view.model.status;
      const stuck = stuckBy(causes, view.target);
      const after = modelAfter(input, view.target, [fix]);
      if (before === 'open') why = `On the model ${view.target.id} is open already.`;
      else if (after.status === 'open' && stuck === undefined) opened.push(view.target.id);
      else if (plans.find((one) => one.view === view)?.plan?.includes(cause)) needed.push(view.target.id);
      else if (stuck !== undefined)
        why = `${view.target.id} also needs the fix of ${(stuck.members[0] as Judged).check.code}, which the model cannot show.`;
      else if (after.status === 'unknown') why = sentence(unknownWords(after.missing));
      else
        why = `The model does not open ${view.target.id} with it: ${after.status === 'closed' ? 'it stays closed' : `it is ${after.status}`}.`;
    }
    if (opened.length > 0)
      return { ...base, proof: 'opens' as const, reason: `With this alone the model opens ${opened.join(', ')}.` };
    if (needed.length > 0)
      return {
        ...base,
        proof: 'necessary' as const,
        reason: `${needed.join(', ')} opens on the model with this and the other fixes of the plan together.`,
      };
    return { ...base, proof: 'unproven' as const, reason: why || 'The model cannot show it.' };
  });
}

function sentence(words: string): string {
  const text = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function unknownWords(missing: readonly Missing[]): string {
  const first = missing[0];
  return first === undefined
    ? 'the model cannot tell: something is not known'
    : `the model cannot tell: ${first.action} would have to be readable${first.detail === undefined ? '' : ` (${first.detail})`}`;
}

/** The fixes that one target needs, in rank order. */
function planFor(causes: readonly Cause[], view: View, input: ModelInput): readonly Cause[] | undefined {
  const own = causes.filter(
    (cause) => cause.severity !== 'advice' && cause.members.some((member) => member.target.id === view.target.id),
  );
  return smallestPlan(input, view.target, own);
}

/** What follows from another cause is repaired with that one; alone it is all there is to do. */
function follows(cause: Cause): boolean {
  return (cause.members[0] as Judged).check.consequence === true;
}

export function planFixes(causes: readonly Cause[], views: readonly View[], input: ModelInput): FixPlan {
  const broken = views.filter((view) => view.status === 'unreachable' || view.status === 'degraded');
  const steps = new Set<Cause>();
  for (const view of broken) {
    const own = causes.filter(
      (cause) => cause.severity !== 'advice' && cause.members.some((member) => member.target.id === view.target.id),
    );
    const plan =
      planFor(causes, view, input) ?? own.filter((cause) => (cause.members[0] as Judged).check.consequence !== true);
    for (const cause of plan) steps.add(cause);
    for (const cause of own) if (!provable(cause.fix) && (!follows(cause) || own.every(follows))) steps.add(cause);
  }
  const ordered = causes.filter((cause) => steps.has(cause));
  const fixes = ordered.map((cause) => cause.fix).filter(provable);
  const opens: string[] = [];
  const remaining: string[] = [];
  for (const view of views) {
    if (!broken.includes(view)) {
      if (view.status === 'unknown') remaining.push(view.target.id);
      continue;
    }
    const opened =
      fixes.length > 0 &&
      stuckBy(causes, view.target) === undefined &&
      modelAfter(input, view.target, fixes).status === 'open';
    (opened ? opens : remaining).push(view.target.id);
  }
  return {
    steps: ordered.map((cause) => causes.indexOf(cause) + 1),
    opens,
    remaining,
    undo: [...ordered].reverse().flatMap((cause) => cause.fix.undo),
  };
}
