/** The rules that let something pass, for the list of what was looked at and is fine. */
import { intersectFlows, isEmpty } from '../../network/flows.ts';
import type { Gate } from '../../network/gates.ts';
import { formatRoute } from '../../network/route-tables.ts';

/** Who reads that something is fine wants one rule to check it by, not the whole list. */
const MOST = 2;

/** ` (sg-0e1: tcp 443 for sg-0c1)`: the rules by which gates pass, as an addition to a clause; empty when none is told. */
export function decidingRules(gates: readonly Gate[]): string {
  return addition(
    gates.flatMap((gate) => {
      const groups = (gate.securityGroups?.admittedBy ?? []).map(({ groupId, rule }) => `${groupId}: ${rule}`);
      const allowed = (gate.acl?.decisions ?? []).filter((decision) => decision.action === 'allow');
      return [...groups, ...allowed.map((decision) => `${gate.acl?.id} ${decision.rule}`)];
    }),
  );
}

/** ` (10.0.0.0/16 → local in rtb-0c1)`: the routes that lead to where the packets are meant to go. */
export function decidingRoutes(gates: readonly Gate[]): string {
  return addition(
    gates.flatMap((gate) =>
      (gate.routes?.parts ?? []).flatMap((part) =>
        part.effect === 'arrives' && part.route !== undefined && !isEmpty(intersectFlows(gate.asked, gate.pass))
          ? [`${formatRoute(part.route)} in ${gate.routes?.routeTableId}`]
          : [],
      ),
    ),
  );
}

function addition(rules: readonly string[]): string {
  const unique = [...new Set(rules)];
  if (unique.length === 0) return '';
  const more = unique.length > MOST ? [`${unique.length - MOST} more`] : [];
  return ` (${[...unique.slice(0, MOST), ...more].join(', ')})`;
}
