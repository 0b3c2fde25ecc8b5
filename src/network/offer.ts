/** Whether the client's VPC could have an endpoint for a target at all. */
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import { canHaveEndpoint } from '../services/catalogue.ts';
import { type Offer, offerOf } from '../services/offers.ts';
import { serviceById } from '../services/service-table.ts';

/**
 * What DescribeVpcEndpointServices says of the target's services where that was read, else what our table does. `unknown`
 * for a service that is in neither: its name is a guess from the host (facts.md 1.2).
 */
export function targetOffer(state: Pick<State, 'endpointServices'>, target: Target): Offer {
  const told = offerOf(state.endpointServices, target.serviceNames);
  if (told !== 'unknown') return told;
  const service = target.serviceId === undefined ? undefined : serviceById(target.serviceId);
  return canHaveEndpoint(service) ? 'offered' : 'unknown';
}
