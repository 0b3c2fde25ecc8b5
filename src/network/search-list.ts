/** The names that the C library asks for when a program uses one: the search list of resolv.conf (resolv.conf(5)). */
import type { Vantage } from '../model/vantage.ts';

/** glibc before 2.26 used no more, and nobody's list is longer for a reason. */
const MOST_DOMAINS = 6;

/** In the order of asking: a name with at least `ndots` dots first as it is, one with fewer first with each domain. */
export function searchCandidates(vantage: Pick<Vantage, 'searchDomains' | 'ndots'>, name: string): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = vantage.searchDomains.slice(0, MOST_DOMAINS).map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= vantage.ndots ? [name, ...searched] : [...searched, name];
}
