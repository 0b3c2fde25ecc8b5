/** The destinations of a target: what its packets must reach if they go the way that is intended. */
import { type Missing, missing, type State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Client } from './client.ts';
import {
  addressDestination,
  type Destinations,
  type GatewayDestination,
  type GatewayReads,
  gatewayDestinations,
  type InterfaceDestination,
  type InterfaceReads,
  interfaceDestinations,
} from './destinations.ts';
import { chooseEndpoint, type EndpointChoice } from './endpoints.ts';

export type Intended<D extends InterfaceDestination | GatewayDestination> = Destinations<D> & {
  /** undefined for an address, and where the VPC has no endpoint for the target */
  readonly choice: EndpointChoice | undefined;
};

const NOTHING: { destinations: []; missing: Missing[] } = { destinations: [], missing: [] };

/** The interface paths of a target: its interface endpoint's addresses, or the network interface whose address was given. */
export function interfacePathsOf(
  state: InterfaceReads & Pick<State, 'vpcEndpoints'>,
  client: Client,
  target: Target,
): Intended<InterfaceDestination> {
  if (target.address !== undefined) {
    const destination = addressDestination(state, client, target.address);
    if (destination !== undefined) return { destinations: [destination], missing: [], choice: undefined };
    // Without the interfaces it cannot be said that the address is none of them: a VPC may use any range.
    const unread = state.networkInterfaces.known
      ? []
      : [missing(state, 'networkInterfaces', `the network interface that holds ${target.address}`)];
    return { destinations: [], missing: unread, choice: undefined };
  }
  const choice = chooseEndpoint(state, client.vpcId, target);
  if (choice === undefined || choice.way === 'gateway') return { ...NOTHING, choice };
  return { ...interfaceDestinations(state, client, choice.endpoints[0]), choice };
}

/** The gateway path of a target: the service's prefix list, one destination per family. */
export function gatewayPathsOf(
  state: GatewayReads & Pick<State, 'vpcEndpoints'>,
  client: Client,
  target: Target,
): Intended<GatewayDestination> {
  const choice = target.address === undefined ? chooseEndpoint(state, client.vpcId, target) : undefined;
  if (choice === undefined || choice.way !== 'gateway') return { ...NOTHING, choice };
  return { ...gatewayDestinations(state, client, choice.endpoints), choice };
}
