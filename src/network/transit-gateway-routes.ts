/**
 * Route selection of a transit gateway: longest prefix first; for the same prefix static before propagated; a blackhole is
 * selected like any other route. https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html, "Route
 * evaluation order".
 */
import type { TransitGatewayRoute } from '../model/aws.ts';
import { missing } from '../model/state.ts';
import { intersectAddresses, parseCidr, subtractAddresses } from './addresses.ts';
import { byId } from './index-by-id.ts';
import { prefixListCidrs } from './prefix-lists.ts';
import { blocks, cannotTell, passes, type TransitEnd, type TransitReads, type TransitStep } from './transit-step.ts';

type Entry = {
  readonly route: TransitGatewayRoute;
  readonly cidr: string;
  readonly length: number;
  readonly rank: number;
};

/** Whether the route table leads on to the far end's VPC. Undefined where the table is not known: that is said already. */
export function gatewayRouteStep(
  state: TransitReads,
  tableId: string | undefined,
  to: TransitEnd,
): TransitStep | undefined {
  if (tableId === undefined) return undefined;
  const step = 'gateway-route';
  const table = byId(state.transitGatewayRoutes, 'TransitGatewayRouteTableId', tableId);
  if (table === undefined)
    return cannotTell(step, [tableId], [missing(state, 'transitGatewayRoutes', `the routes of ${tableId}`)]);
  // A search that was cut off may lack the very route that wins.
  if (table.AdditionalRoutesAvailable === true)
    return cannotTell(
      step,
      [tableId],
      [missing(state, 'transitGatewayRoutes', `the rest of the routes of ${tableId}`)],
    );
  const entries: Entry[] = [];
  for (const route of table.Routes ?? []) {
    const listed = route.PrefixListId === undefined ? undefined : prefixListCidrs(state, route.PrefixListId);
    const cidrs = route.DestinationCidrBlock === undefined ? listed : [route.DestinationCidrBlock];
    if (cidrs === undefined)
      return cannotTell(step, [tableId], [missing(state, 'prefixListEntries', route.PrefixListId)]);
    for (const cidr of cidrs) {
      const parsed = parseCidr(cidr);
      if (parsed === undefined || !covers(cidr, to)) continue;
      const rank = route.Type?.toLowerCase() === 'propagated' ? 2 : route.PrefixListId === undefined ? 0 : 1;
      entries.push({ route, cidr, length: parsed.prefixLength, rank });
    }
  }
  const best = entries.sort((a, b) => b.length - a.length || a.rank - b.rank)[0];
  if (best === undefined) return blocks(step, [tableId], `${tableId} has no route that leads to ${to.vpcId}`);
  if (best.route.State?.toLowerCase() === 'blackhole')
    return blocks(step, [tableId], `the route of ${tableId} for ${best.cidr} is a blackhole`);
  const ends = best.route.TransitGatewayAttachments ?? [];
  const resources = ends.flatMap((end) => end.ResourceId ?? []);
  if (resources.length > 0 && resources.every((id) => id === to.vpcId))
    return passes(step, [tableId], `${tableId} leads ${best.cidr} to ${to.vpcId}`);
  // An inspection VPC, a peering between transit gateways, a VPN: it may come back, and nothing here shows whether it does.
  const beyond = resources.join(', ') || 'an attachment that is not named';
  return cannotTell(
    step,
    [tableId],
    [
      missing(
        state,
        'transitGatewayRoutes',
        `${tableId} leads ${best.cidr} to ${beyond}; what lies behind is not visible`,
      ),
    ],
  );
}

/** The far end is one address: a route either covers it or not. */
function covers(cidr: string, to: TransitEnd): boolean {
  const parsed = parseCidr(cidr);
  if (parsed === undefined) return false;
  return (
    intersectAddresses([parsed.range], to.addresses).length > 0 &&
    subtractAddresses(to.addresses, [parsed.range]).length === 0
  );
}
