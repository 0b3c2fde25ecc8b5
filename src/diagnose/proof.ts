/** Fixes proven on the model: apply, evaluate again, and say what opens. */
import type { PassesAfter } from '../checks/access/after.ts';
import type { Draft, FixAlternative } from '../checks/check.ts';
import { SLICE_NAMES, type SliceName, type State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { evaluateTarget, type TargetModel } from '../network/model.ts';
import type { ResolverKind } from '../network/resolution.ts';
import type { Changed } from './changed-by.ts';

export type ModelInput = {
  readonly state: State;
  readonly vantage: Vantage;
  /** whose answers the client gets, given the (possibly changed) vantage */
  readonly resolver: (vantage: Vantage, target: Target) => ResolverKind;
  readonly publicAddresses: (target: Target) => readonly string[] | undefined;
  /** whether the policies of a state let through what is asked of a target; absent before anything is found */
  readonly access?: ((target: Target, state: State) => PassesAfter) | undefined;
};

/** A way that is open, and a service that refuses at its end, is no opened target: `refused` says why, as a clause. */
export type AfterFixes = TargetModel & { readonly refused?: string | undefined };

/** The model of a target after some fixes have been applied; the input is left as it was. */
export function modelAfter(input: ModelInput, target: Target, fixes: readonly FixAlternative[]): AfterFixes {
  const { state, vantage } = fixes.length === 0 ? input : stateAfter(input, fixes);
  const model = evaluateTarget(state, vantage, target, input.resolver(vantage, target), input.publicAddresses(target));
  if (model.status === 'closed' || input.access === undefined) return model;
  const { answer, because } = input.access(target, state);
  if (answer === 'allowed') return model;
  return { ...model, status: answer === 'denied' ? 'closed' : 'unknown', refused: because };
}

const applied = new WeakMap<ModelInput, { fixes: readonly FixAlternative[]; changed: Changed }[]>();

/** State and vantage after these fixes. Many targets ask for the same ones: the changed state is made once for each set of them. */
export function stateAfter(input: ModelInput, fixes: readonly FixAlternative[]): Changed {
  const known = applied.get(input) ?? [];
  applied.set(input, known);
  const before = known.find(
    (one) => one.fixes.length === fixes.length && one.fixes.every((fix, i) => fix === fixes[i]),
  );
  if (before !== undefined) return before.changed;
  const changed = applyFixes(input, fixes);
  known.push({ fixes, changed });
  return changed;
}

/**
 * State and vantage with the edits applied in order. Lists are copied when an edit looks at them, elements when it takes
 * them to change (`draftElement`): a VPC may have thousands. Slices that are not known stay unknown, whatever an edit writes.
 */
export function applyFixes(input: Pick<ModelInput, 'state' | 'vantage'>, fixes: readonly FixAlternative[]): Changed {
  const copies = new Map<SliceName, unknown[]>();
  const slices = {} as Draft['slices'];
  for (const name of SLICE_NAMES) {
    Object.defineProperty(slices, name, {
      enumerable: true,
      get: () => {
        const slice = input.state[name];
        const copy = copies.get(name) ?? (slice.known ? [...slice.value] : []);
        copies.set(name, copy);
        return copy;
      },
    });
  }
  const draft: Draft = { slices, vantage: { ...input.vantage }, taken: new WeakSet() };
  for (const fix of fixes) fix.edit?.(draft);
  const state = { ...input.state } as Record<string, unknown>;
  for (const [name, value] of copies) if (input.state[name].known) state[name] = { known: true, value };
  return { state: state as State, vantage: draft.vantage };
}

/** Whether a fix can be shown on the model at all. */
export function provable(fix: FixAlternative): boolean {
  return fix.edit !== undefined && fix.unprovable === undefined;
}
