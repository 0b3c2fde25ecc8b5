/** Fixes proven on the model: apply, evaluate again, and say what opens. */
import type { Draft, Fix } from '../checks/check.ts';
import { SLICE_NAMES, type SliceName, type State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { evaluateTarget, type TargetModel } from '../network/model.ts';
import type { ResolverKind } from '../network/resolution.ts';

export type ModelInput = {
  readonly state: State;
  readonly vantage: Vantage;
  /** whose answers the client gets, given the (possibly changed) vantage */
  readonly resolver: (vantage: Vantage, target: Target) => ResolverKind;
  readonly publicAddresses: (target: Target) => readonly string[] | undefined;
};

/** The model of a target after some fixes have been applied; the input is left as it was. */
export function modelAfter(input: ModelInput, target: Target, fixes: readonly Fix[]): TargetModel {
  const { state, vantage } = fixes.length === 0 ? input : applyFixes(input, fixes);
  return evaluateTarget(state, vantage, target, input.resolver(vantage, target), input.publicAddresses(target));
}

/** State and vantage with the edits applied in order. Slices that are not known stay unknown, whatever an edit writes. */
export function applyFixes(
  input: Pick<ModelInput, 'state' | 'vantage'>,
  fixes: readonly Fix[],
): { state: State; vantage: Vantage } {
  const known = SLICE_NAMES.filter((name) => input.state[name].known);
  const draft = {
    slices: Object.fromEntries(SLICE_NAMES.map((name) => [name, copyOf(input.state, name)])),
    vantage: structuredClone(input.vantage),
  } as unknown as Draft;
  for (const fix of fixes) fix.edit?.(draft);
  const state = { ...input.state } as { -readonly [N in SliceName]: State[N] };
  for (const name of known) (state as Record<string, unknown>)[name] = { known: true, value: draft.slices[name] };
  return { state, vantage: draft.vantage };
}

function copyOf(state: State, name: SliceName): unknown[] {
  const slice = state[name];
  return slice.known ? structuredClone(slice.value as unknown[]) : [];
}

/** Whether a fix can be shown on the model at all. */
export function provable(fix: Fix): boolean {
  return fix.edit !== undefined && fix.unprovable === undefined;
}

/**
 * The smallest set of fixes that opens a target: all of them, then without each one in turn, the last first. Undefined
 * when not even all of them open it on the model.
 */
export function smallestPlan<T extends { readonly fix: Fix }>(
  input: ModelInput,
  target: Target,
  candidates: readonly T[],
): readonly T[] | undefined {
  const usable = candidates.filter(({ fix }) => provable(fix));
  if (usable.length === 0) return undefined;
  const opens = (set: readonly T[]) =>
    modelAfter(
      input,
      target,
      set.map(({ fix }) => fix),
    ).status === 'open';
  if (!opens(usable)) return undefined;
  let plan: readonly T[] = usable;
  for (const candidate of [...usable].reverse()) {
    const without = plan.filter((one) => one !== candidate);
    if (without.length > 0 && opens(without)) plan = without;
  }
  return plan;
}
