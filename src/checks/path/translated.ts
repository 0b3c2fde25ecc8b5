/** Addresses that NAT64 made up, in rules: the prefix that stands for all of IPv4, as a rule for one of them holds for a day. */
import { cidrSet, containsAll } from '../../network/addresses.ts';

/** https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html: the well-known prefix is the only one of AWS. */
const PREFIX = '64:ff9b::/96';
const TRANSLATED = cidrSet([PREFIX]);

/** The same blocks, with the whole prefix in place of those that are within it. */
export function wholePrefix(cidrs: readonly string[]): string[] {
  return [...new Set(cidrs.map((cidr) => (isTranslated(cidr) ? PREFIX : cidr)))];
}

/** Whether an address or a block is within NAT64's prefix. */
export function isTranslated(cidr: string): boolean {
  const set = cidrSet([cidr]);
  return set.length > 0 && containsAll(TRANSLATED, set);
}
