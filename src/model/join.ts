/** Joins lists of one slice: pages of an answer, repeated files, the states of several runs. */
import { SLICES, type SliceElement, type SliceName } from './state.ts';

/**
 * The elements of all lists, each once, in the order in which they first appear. Where two are the same resource the
 * later one wins, because it was read later.
 */
export function joinElements<N extends SliceName>(
  name: N,
  lists: readonly (readonly SliceElement<N>[])[],
): SliceElement<N>[] {
  const joined = new Map<string, SliceElement<N>>();
  for (const element of lists.flat() as SliceElement<N>[]) {
    const key = identityOf(name, element);
    const earlier = joined.get(key);
    // What was read once is not forgotten because a later call was refused.
    if (name === 'resourcePolicies' && earlier !== undefined && isRefused(element) && !isRefused(earlier)) continue;
    // Each of the VPC's DNS attributes is a call and a document of its own: halves of one element, not two versions of it.
    joined.set(key, name === 'vpcAttributes' && earlier !== undefined ? { ...earlier, ...element } : element);
  }
  return [...joined.values()];
}

function isRefused(element: object): boolean {
  return (element as { Refusal?: string }).Refusal !== undefined;
}

/**
 * A service name alone does not tell endpoint services apart: S3 and DynamoDB are listed twice under one name, as Gateway
 * and as Interface (https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/579 shows the answer).
 */
function identityOf(name: SliceName, element: object): string {
  const fields = element as Record<string, unknown>;
  const id = fields[SLICES[name].id];
  // A name has a record set per type, per routing policy and per zone; a group has a rule per list and query type.
  if (name === 'resourceRecordSets')
    return JSON.stringify([id, fields['Type'], fields['SetIdentifier'] ?? null, fields['ZoneName'] ?? null]);
  if (name === 'firewallRules')
    return JSON.stringify([
      id,
      fields['FirewallDomainListId'] ?? fields['FirewallThreatProtectionId'] ?? null,
      fields['Qtype'] ?? null,
    ]);
  if (name !== 'endpointServices') return String(id);
  return JSON.stringify([id, fields['ServiceId'] ?? fields['ServiceType'] ?? null]);
}
