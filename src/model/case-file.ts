/** The case file: a case as text and back, and several cases or states as one. */
import type { Case } from './case.ts';
import { CASE_KIND, CASE_SCHEMA_VERSION, CaseSchema, REFUSAL_WEIGHT } from './case-schema.ts';
import { joinElements } from './join.ts';
import { parseJson } from './json-text.ts';
import { SLICE_NAMES, type Slice, type SliceElement, type SliceName, type State } from './state.ts';

/** The order of a case's own fields: what it is first, what it says last. Below that, keys stand in alphabetical order. */
const FIELDS = [
  'schemaVersion',
  'kind',
  'tool',
  'startedAt',
  'durationMs',
  'requests',
  'vantage',
  'warnings',
  'coverage',
  'probed',
  'observations',
  'state',
] as const satisfies readonly (keyof Case)[];

/** A case as JSON, two spaces deep, with a newline at its end. Equal cases give the same bytes. */
export function encodeCase(subject: Case): string {
  const ordered = Object.fromEntries(FIELDS.map((field) => [field, sortKeys(subject[field])]));
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** Reads a case file. `name` is how the problem calls it; the problem is one line. */
export function decodeCase(
  text: string,
  name: string,
): { readonly ok: true; readonly case: Case } | { readonly ok: false; readonly problem: string } {
  const parsed = parseJson(text.replace(/^\uFEFF/, ''));
  return parsed.ok ? caseOf(parsed.value, name) : { ok: false, problem: `${name} is no case file: ${parsed.reason}.` };
}

/** The same for a value that was parsed already. */
export function caseOf(value: unknown, name: string): ReturnType<typeof decodeCase> {
  const fields: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  if (fields['kind'] !== CASE_KIND) {
    return { ok: false, problem: `${name} is no case file: its "kind" is not "${CASE_KIND}".` };
  }
  const version = fields['schemaVersion'];
  if (version !== CASE_SCHEMA_VERSION) {
    const problem = `${name} has schemaVersion ${JSON.stringify(version)}; this version of vpce-doctor reads ${CASE_SCHEMA_VERSION}.`;
    return { ok: false, problem };
  }
  const result = CaseSchema.safeParse(value);
  if (result.success) return { ok: true, case: result.data };
  const [issue] = result.error.issues;
  const place = issue?.path.join('.') || 'its top level';
  return { ok: false, problem: `${name} is no case file of this version: ${place}: ${issue?.message ?? 'not valid'}.` };
}

/**
 * One state of several. A known slice beats a refusal; two known ones are united by id, the later one winning. Of two
 * refusals the one that says more is kept: `denied` beats `not-asked`. No state at all gives one that was not asked for.
 */
export function mergeStates(states: readonly State[]): State {
  return Object.fromEntries(SLICE_NAMES.map((name) => [name, mergeSlices(name, states)])) as unknown as State;
}

/**
 * One case of several: an evidence file and a case with state, or two runs from the same place. At least one is needed;
 * without any it throws. The vantage, the start and the version are those of the last run that sent probes, else of the
 * last one: addresses and resolvers must be those that the observations were made with. Equal observation ids: the later one wins.
 */
export function mergeCases(cases: readonly Case[]): Case {
  const lead = cases.findLast((each) => each.probed) ?? cases.at(-1);
  if (lead === undefined) throw new Error('mergeCases needs at least one case');
  return {
    ...lead,
    durationMs: Math.max(...cases.map((each) => each.durationMs)),
    requests: uniqueBy(
      cases.flatMap((each) => each.requests),
      (request) => JSON.stringify(sortKeys(request)),
    ),
    state: mergeStates(cases.map((each) => each.state)),
    observations: uniqueBy(
      cases.flatMap((each) => each.observations),
      (observation) => observation.id,
    ),
    coverage: cases.flatMap((each) => each.coverage),
    warnings: [...new Set(cases.flatMap((each) => each.warnings))],
  };
}

function mergeSlices<N extends SliceName>(name: N, states: readonly State[]): Slice<SliceElement<N>> {
  const slices = states.map((state) => state[name] as Slice<SliceElement<N>>);
  const values = slices.flatMap((slice) => (slice.known ? [slice.value] : []));
  if (values.length > 0) return { known: true, value: joinElements(name, values) };
  const refusals = slices.flatMap((slice) => (slice.known ? [] : [slice]));
  return refusals.reduce((kept, next) => (REFUSAL_WEIGHT[next.why] >= REFUSAL_WEIGHT[kept.why] ? next : kept), {
    known: false as const,
    why: 'not-asked' as const,
  });
}

/** The later one wins, at the place of the first. */
function uniqueBy<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
