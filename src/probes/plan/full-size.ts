/** One request of many full-size segments, where the way leads over something that may carry less than both ends believe. */
import type { Evidence } from '../../checks/evidence.ts';
import { PADDING } from '../../checks/tls/hello-evidence.ts';
import { type HttpsProbe, probeId } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import type { Path } from '../../network/paths.ts';
import { routeTarget } from '../../network/route-tables.ts';

/** What every network carries; a client that sends no more than this is seldom surprised. */
const ORDINARY_MTU = 1_500;

/**
 * Jumbo frames alone are no reason: inside a VPC they pass, and PrivateLink clamps the segment size of TCP to its 8,500
 * bytes (facts.md 7.1). But where the route to the endpoint's interface leads out of the VPC or through an appliance (a
 * transit gateway, a peering, a Gateway Load Balancer endpoint, an instance), the smallest MTU on the way is not known here,
 * and handshake and short request both fit what any of them carries. So one long request per target, once a short one was
 * answered. A short one that was not answered leaves nothing to compare with.
 */
export function fullSizeRequest(
  vantage: Pick<Vantage, 'localInterfaces'>,
  target: Target,
  evidence: Evidence,
  paths: readonly Path[],
): HttpsProbe[] {
  if (target.application !== 'https') return [];
  const isJumbo = vantage.localInterfaces.some((one) => one.name !== 'lo' && (one.mtu ?? 0) > ORDINARY_MTU);
  if (!isJumbo) return [];
  for (const path of paths) {
    const { destination } = path;
    const away = routesAway(path);
    if (destination.kind !== 'interface' || away.length === 0) continue;
    const answered = evidence
      .https(destination.address)
      .find((one) => one.outcome === 'aws-answer' || one.outcome === 'other-answer');
    if (answered === undefined) continue;
    const subject = { ...answered.subject, padding: PADDING };
    const why = `the way leads through ${away[0]} and this host sends jumbo frames: do segments of full size pass`;
    return [{ id: probeId('https', subject), rung: 'https', subject, after: [answered.id], why }];
  }
  return [];
}

/** What takes packets to the destination, where that is not the VPC itself. */
function routesAway(path: Path): string[] {
  return path.gates.flatMap((gate) =>
    (gate.gate === 'route' ? (gate.routes?.parts ?? []) : []).flatMap(({ route }) => {
      const taker = route === undefined ? undefined : routeTarget(route);
      return taker === undefined || taker.kind === 'local' ? [] : [taker.id];
    }),
  );
}
