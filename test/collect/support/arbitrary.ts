/** Arbitrary values that fit a zod schema: what the schema says may be there, sometimes is. */
import fc, { type Arbitrary } from 'fast-check';
import type { z } from 'zod';
import { SLICE_ELEMENTS } from '../../../src/model/slice-elements.ts';
import { type Refusal, SLICE_NAMES, SLICES, type Slice, type State } from '../../../src/model/state.ts';

type Def = {
  readonly type: string;
  readonly shape?: Record<string, z.ZodType>;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Record<string, string>;
  readonly values?: readonly unknown[];
};

/** Throws for a kind of schema that it does not know: a new one must not go untested. */
export function arbitraryOf(schema: z.ZodType): Arbitrary<unknown> {
  const def = schema._zod.def as unknown as Def;
  const inner = (type: z.ZodType | undefined) => (type === undefined ? fc.constant(undefined) : arbitraryOf(type));
  switch (def.type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 });
    case 'number':
      return fc.integer();
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constantFrom(...(def.values ?? []));
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries ?? {}));
    case 'array':
      return fc.array(inner(def.element), { maxLength: 3 });
    case 'union':
      return fc.oneof(...(def.options ?? []).map(arbitraryOf));
    case 'record':
      return fc.dictionary(fc.stringMatching(/^[a-z0-9]{0,8}$/), inner(def.valueType), { maxKeys: 3 });
    case 'default':
      return inner(def.innerType);
    case 'object': {
      const members = Object.entries(def.shape ?? {});
      const optional = (member: z.ZodType) => (member._zod.def as unknown as Def).type === 'optional';
      return fc.record(
        Object.fromEntries(
          members.map(([key, member]) => {
            const { innerType } = member._zod.def as unknown as Def;
            return [key, optional(member) ? inner(innerType) : arbitraryOf(member)];
          }),
        ),
        { requiredKeys: members.filter(([, member]) => !optional(member)).map(([key]) => key) },
      );
    }
    default:
      throw new Error(`no values for a schema of type ${def.type}`);
  }
}

const REFUSALS: readonly Refusal[] = [
  'denied',
  'throttled',
  'timeout',
  'unreachable',
  'no-credentials',
  'failed',
  'not-asked',
  'not-given',
];

/** A state whose known slices hold each id once. */
export function arbitraryState(): Arbitrary<State> {
  const slices = SLICE_NAMES.map((name): [string, Arbitrary<Slice<unknown>>] => {
    const element = SLICE_ELEMENTS[name];
    const { id } = SLICES[name];
    const known = fc
      .uniqueArray(arbitraryOf(element), { maxLength: 3, selector: (value) => (value as Record<string, unknown>)[id] })
      .map((value) => ({ known: true as const, value }));
    const unknown = fc.record(
      { known: fc.constant(false as const), why: fc.constantFrom(...REFUSALS), detail: fc.string() },
      { requiredKeys: ['known', 'why'] },
    );
    return [name, fc.oneof(known, unknown)];
  });
  return fc.record(Object.fromEntries(slices)) as unknown as Arbitrary<State>;
}
