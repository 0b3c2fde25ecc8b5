/** The CIDR blocks behind a prefix list id. */
import type { State } from '../model/state.ts';
import { type AddressSet, cidrSet } from './addresses.ts';
import { byId } from './index-by-id.ts';

type Reads = Pick<State, 'prefixLists' | 'prefixListEntries'>;

/**
 * The CIDR blocks of a prefix list, AWS's or a customer's; undefined when no readable slice holds its entries (which is
 * not the same as an empty list).
 */
export function prefixListCidrs(state: Reads, id: string): readonly string[] | undefined {
  const entries = byId(state.prefixListEntries, 'PrefixListId', id)?.Entries;
  if (entries !== undefined) return entries.flatMap((entry) => (entry.Cidr === undefined ? [] : [entry.Cidr]));
  return byId(state.prefixLists, 'PrefixListId', id)?.Cidrs;
}

/** The same as a set of addresses. */
export function prefixListAddresses(state: Reads, id: string): AddressSet | undefined {
  const cidrs = prefixListCidrs(state, id);
  return cidrs && cidrSet(cidrs);
}
