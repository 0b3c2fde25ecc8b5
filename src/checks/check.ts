/**
 * What a cause is. One constant in one file declares everything about it: the code, what it reads, how it is found, what
 * probes it predicts, how it is fixed, how a healthy lab world is broken this way, and its page. `explain`, the documentation,
 * the demo, the contract tests and the README's table are all made from these constants.
 */
import type { World } from '../lab/world.ts';
import type { CauseCode, Layer } from '../model/codes.ts';
import type { Observation } from '../model/observation.ts';
import type { Because, Owner, Privilege } from '../model/report.ts';
import type { Missing, SliceElement, SliceName, State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import type { Client } from '../network/client.ts';
import type { Evidence } from './evidence.ts';

/** What `evaluate` and `fix` may look at: the declared slices, the vantage, and what the network answered. */
export type CheckContext<N extends SliceName> = {
  readonly target: Target;
  readonly vantage: Vantage;
  readonly client: Client;
  readonly state: Pick<State, N>;
  readonly evidence: Evidence;
};

/** Whether an observation is what the finding predicts, shows the opposite, or has nothing to do with it. */
export type Agreement = 'agrees' | 'disproves' | undefined;

export type Finding<F> = {
  /** equal keys on two targets are one cause */
  readonly key: string;
  readonly resources: readonly string[];
  /** how much of the target it takes: everything, a part, or nothing today */
  readonly extent: 'all' | 'some' | 'none';
  /** one or two full sentences with the resource ids in them */
  readonly summary: string;
  readonly because: readonly Because[];
  readonly predicts: (observation: Observation) => Agreement;
  /** true where another cause stands before this one for what the client sends: ranked after its equals */
  readonly yields?: boolean | undefined;
  /** true where a pasted error text has the symptom in the service's own words, so that no observation need show it */
  readonly attested?: boolean | undefined;
  /** for causes of access: whether the requests that it is about are let through on another state */
  readonly access?: ((state: State) => 'allowed' | 'denied' | 'unknown') | undefined;
  /** what `fix` needs to know */
  readonly facts: F;
};

export type Outcome<F> =
  | { readonly outcome: 'found'; readonly findings: readonly Finding<F>[]; readonly missing?: readonly Missing[] }
  /** eliminated: by what, as a clause for the "fine" list */
  | { readonly outcome: 'absent'; readonly because: string }
  /** cannot be told; `missing` names the calls that would settle it */
  | { readonly outcome: 'unknown'; readonly missing: readonly Missing[]; readonly matters?: boolean }
  /** the question does not arise for this target */
  | { readonly outcome: 'not-applicable' };

/**
 * What a fix changes. Elements are added with `push` and changed only through `draftElement`, which gives a copy of its own;
 * the others are shared with the real state. The vantage's fields are replaced, not changed in place.
 */
export type Draft = {
  readonly slices: { readonly [N in SliceName]: Readonly<SliceElement<N>>[] };
  readonly vantage: { -readonly [K in keyof Vantage]: Vantage[K] };
  /** elements that are this draft's own already */
  readonly taken: WeakSet<object>;
};

export type Fix = {
  readonly summary: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly owner: Owner;
  /** what else this does */
  readonly caution?: string | undefined;
  /** the same change on the model; absent when the model does not hold what is changed, with `unprovable` saying why */
  readonly edit?: ((draft: Draft) => void) | undefined;
  readonly unprovable?: string | undefined;
  /** the change to a policy, as a unified diff */
  readonly diff?: string | undefined;
  /** the same change in Terraform's language, with the undo as its last comment; see terraform.ts */
  readonly terraform?: string | undefined;
  /** how much the change admits; absent when it admits nothing new */
  readonly privilege?: Privilege | undefined;
  /** other ways to the same end, least privilege first; the fix itself is the narrowest or the safest of all */
  readonly alternatives?: readonly FixAlternative[] | undefined;
};

export type FixAlternative = Omit<Fix, 'alternatives' | 'owner'>;

export type Documentation = {
  /** what is wrong, in two or three sentences */
  readonly meaning: string;
  /** how to see it by hand */
  readonly confirm: string;
  /** how to repair it, and the alternatives */
  readonly remedy: string;
  /** when the same signs are no problem */
  readonly notWhen: string;
  /** pages of the AWS documentation */
  readonly sources: readonly string[];
};

export type Check<N extends SliceName = SliceName, F = unknown> = {
  readonly code: CauseCode;
  /** a full clause, as the report's heading */
  readonly title: string;
  readonly layer: Layer;
  /** the slices that `evaluate` and `fix` read; the types and a test hold it */
  readonly needs: readonly N[];
  readonly reachabilityAnalyzerCode?: string | undefined;
  /** true for what follows from another cause as often as it stands alone: ranked after its equals */
  readonly consequence?: boolean | undefined;
  readonly documentation: Documentation;
  readonly evaluate: (context: CheckContext<N>) => Outcome<F>;
  readonly fix: (facts: F, context: CheckContext<N>) => Fix;
  /**
   * One set of facts for several targets that share the cause, where their facts differ; without it each target's fix is
   * made and their commands are joined.
   */
  readonly merge?: ((all: readonly [F, ...F[]]) => F) | undefined;
  /**
   * What the packets alone point to, asked only when `evaluate` cannot tell because configuration could not be read. Its
   * standing is never more than likely.
   */
  readonly suspect?: ((context: CheckContext<N>) => Finding<F> | undefined) | undefined;
  readonly demonstration: {
    /** breaks a healthy world */
    readonly inject: (world: World) => void;
    /** what to diagnose; the world's Secrets Manager host when absent */
    readonly targets?: readonly string[] | undefined;
    /** whether it takes `--signed` to show it */
    readonly signed?: boolean | undefined;
  };
};

/** A check of any type, as the list holds it. */
export type AnyCheck = {
  [K in keyof Check]: Check[K];
};

/**
 * Declares a cause. The type of `needs` flows into what `evaluate` may read, and the type of the findings' facts into `fix`.
 */
export function defineCheck<const N extends SliceName, F>(check: Check<N, F>): AnyCheck {
  // Safe: the runner hands `fix` only facts that the same check's `evaluate` made, and a state with every slice.
  return check as unknown as AnyCheck;
}

export function found<F>(findings: readonly Finding<F>[], missing?: readonly Missing[]): Outcome<F> {
  return missing === undefined || missing.length === 0
    ? { outcome: 'found', findings }
    : { outcome: 'found', findings, missing };
}
export function absent<F = never>(because: string): Outcome<F> {
  return { outcome: 'absent', because };
}
/** @param matters whether the answer could change the verdict; true unless said */
export function unknown<F = never>(missing: readonly Missing[], matters = true): Outcome<F> {
  return { outcome: 'unknown', missing, matters };
}
export const NOT_APPLICABLE: Outcome<never> = { outcome: 'not-applicable' };

/** The draft's own copy of the element with this id, to be changed; undefined when there is none. */
export function draftElement<N extends SliceName>(
  draft: Draft,
  slice: N,
  key: string,
  id: string,
): SliceElement<N> | undefined {
  const list = draft.slices[slice] as SliceElement<N>[];
  const at = list.findIndex((element) => (element as Record<string, unknown>)[key] === id);
  const found = list[at];
  if (found === undefined || draft.taken.has(found)) return found;
  const own = structuredClone(found);
  list[at] = own;
  draft.taken.add(own);
  return own;
}
