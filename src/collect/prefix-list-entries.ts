/** Reads the entries of the prefix lists that rules and routes name and that DescribePrefixLists does not spell out. */
import type { Slice, SliceName } from '../model/state.ts';
import type { Answer, Caller } from './caller.ts';
import { decodeElements } from './decode.ts';

type Lists = { readonly [N in 'securityGroups' | 'routeTables' | 'prefixLists']: Promise<Slice<unknown>> };

/** A VPC that names more lists than this has its first ones read; each is a call of its own. */
const MOST_LISTS = 60;
/** The API answers a few calls a second; the SDK's other calls are under way at the same time. */
const AT_ONCE = 6;

/**
 * One element for each list that could be read. A list that is refused is left out, and the coverage names it; when every
 * one is refused, or neither rules nor routes could be read, the slice is.
 */
export async function prefixListEntries(ec2: Caller, lists: Lists): Promise<Slice<unknown>> {
  const [groups, tables, services] = await Promise.all([lists.securityGroups, lists.routeTables, lists.prefixLists]);
  if (!groups.known && !tables.known) {
    const detail = `neither security groups nor route tables could be read: ${groups.detail ?? groups.why}`;
    return { known: false, why: groups.why, detail };
  }
  const spelledOut = new Set(
    elementsOf('prefixLists', services)
      .filter((list) => (list.Cidrs ?? []).length > 0)
      .map((list) => list.PrefixListId),
  );
  const named = [...new Set([...namedByRules(groups), ...namedByRoutes(tables)])].sort();
  const wanted = named.filter((id) => !spelledOut.has(id));
  const asked = wanted.slice(0, MOST_LISTS);
  const left = wanted.slice(MOST_LISTS);
  if (left.length > 0) ec2.skip('GetManagedPrefixListEntries', `too many prefix lists: ${left.join(', ')}`);

  const answers = await inTurns(asked, (PrefixListId) =>
    ec2.all('GetManagedPrefixListEntries', 'Entries', { PrefixListId, MaxResults: 100 }, PrefixListId),
  );
  const unasked = asked.slice(answers.length);
  if (unasked.length > 0)
    ec2.skip('GetManagedPrefixListEntries', `after other lists were refused: ${unasked.join(', ')}`);
  const value = answers.flatMap((answer, index) =>
    answer.ok ? [{ PrefixListId: asked[index], Entries: answer.value }] : [],
  );
  const refused = answers.find((answer) => !answer.ok);
  if (value.length === 0 && refused !== undefined && !refused.ok) {
    return { known: false, why: refused.why, detail: refused.detail };
  }
  return { known: true, value };
}

function namedByRules(groups: Slice<unknown>): string[] {
  return elementsOf('securityGroups', groups).flatMap((group) =>
    [...(group.IpPermissions ?? []), ...(group.IpPermissionsEgress ?? [])].flatMap((permission) =>
      (permission.PrefixListIds ?? []).flatMap((list) => list.PrefixListId ?? []),
    ),
  );
}

function namedByRoutes(tables: Slice<unknown>): string[] {
  return elementsOf('routeTables', tables).flatMap((table) =>
    (table.Routes ?? []).flatMap((route) => route.DestinationPrefixListId ?? []),
  );
}

function elementsOf<N extends SliceName>(name: N, slice: Slice<unknown>) {
  return slice.known ? decodeElements(name, slice.value).elements : [];
}

/** Reasons that the next call would meet as well, after the same wait. */
const HOPELESS: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'throttled', 'no-credentials']);

/** Answers in the order of `ids`; fewer of them when one says that asking on is pointless. */
async function inTurns(
  ids: readonly string[],
  ask: (id: string) => Promise<Answer<unknown[]>>,
): Promise<Answer<unknown[]>[]> {
  const answers: Answer<unknown[]>[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    answers.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(ask))));
    if (answers.some((answer) => !answer.ok && HOPELESS.has(answer.why))) break;
  }
  return answers;
}
