/** Rules that name a security group and are not honoured: which gates they decide, told apart from rules that do not match. */

import type { Destination } from '../../network/destinations.ts';
import { isEmpty } from '../../network/flows.ts';
import type { Gate } from '../../network/gates.ts';
import type { NearMiss } from '../../network/security-groups.ts';
import type { GateOf } from './blocked-gates.ts';

/** The rules of a gate that would admit, were their reference honoured. */
export function deadReferences(gate: Gate): readonly NearMiss[] {
  if (isEmpty(gate.block)) return [];
  return (gate.securityGroups?.nearMisses ?? []).filter((miss) => miss.reason === 'reference-not-honoured');
}

/** Whether all that is open about a gate is a reference of which AWS does not say whether it counts. */
export function hangsOnReference(gate: Gate): boolean {
  return (
    !isEmpty(gate.unknown) &&
    gate.missing.length > 0 &&
    gate.missing.every((gap) => gap.slice === 'securityGroups' && gap.why === 'not-visible')
  );
}

/** The gates that no reference decides: what blocks those is the plain lack of a rule. */
export function withoutReferences<D extends Destination>(gates: readonly GateOf<D>[]): readonly GateOf<D>[] {
  return gates.filter(({ gate }) => deadReferences(gate).length === 0 && !hangsOnReference(gate));
}
