/** What the DNS causes share: whether an answer leads to the intended endpoint. */
import type { Observation } from '../../model/observation.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import { allAddresses, vpcAddresses } from '../../network/destinations.ts';
import { chooseEndpoint, type EndpointChoice } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import type { Agreement } from '../check.ts';

export const ENDPOINT_NAME_SLICES = ['vpcEndpoints', 'networkInterfaces'] as const satisfies readonly SliceName[];

/** The endpoint that the target should use, and the addresses that its name should give. */
export type NameGoal = {
  readonly choice: EndpointChoice | undefined;
  /** addresses of the endpoint's interfaces; undefined when they could not be read or there is no interface endpoint */
  readonly addresses: readonly string[] | undefined;
  readonly missing: readonly Missing[];
};

/** What the target's name should lead to. `missing` is set when the endpoints themselves could not be read. */
export function nameGoal(
  state: Pick<State, (typeof ENDPOINT_NAME_SLICES)[number]>,
  client: Pick<Client, 'vpcId'>,
  target: Target,
): NameGoal {
  if (!state.vpcEndpoints.known) {
    const gap = {
      slice: 'vpcEndpoints',
      action: 'ec2:DescribeVpcEndpoints',
      why: state.vpcEndpoints.why,
      detail: state.vpcEndpoints.detail,
    } as const;
    return { choice: undefined, addresses: undefined, missing: [gap] };
  }
  const choice = target.address === undefined ? chooseEndpoint(state, client.vpcId, target) : undefined;
  if (choice === undefined || choice.way === 'gateway') return { choice, addresses: undefined, missing: [] };
  return { choice, addresses: endpointAddresses(state, choice), missing: [] };
}

/** Every address of the endpoint's network interfaces; undefined when one of them cannot be read. */
export function endpointAddresses(
  state: Pick<State, 'networkInterfaces'>,
  choice: EndpointChoice,
): string[] | undefined {
  const ids = choice.endpoints.flatMap((endpoint) => endpoint.NetworkInterfaceIds ?? []);
  const found = ids.map((id) => byId(state.networkInterfaces, 'NetworkInterfaceId', id));
  if (found.some((one) => one === undefined)) return undefined;
  return found.flatMap((one) => (one === undefined ? [] : allAddresses(one)));
}

/** Whether any of the answer's addresses is one of the endpoint's. */
export function leadsToEndpoint(answer: readonly string[], goal: NameGoal): boolean | undefined {
  return goal.addresses === undefined ? undefined : answer.some((address) => goal.addresses?.includes(address));
}

/** The client VPC's own addresses, from the metadata service or the API; not RFC 1918. */
export function isInsideVpc(state: Pick<State, 'vpcs'>, vantage: Vantage, address: string): boolean {
  const vpc = vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId);
  const own = [...(vpc === undefined ? [] : vpcAddresses(vpc)), ...cidrSet(vantage.vpcCidrs)];
  return own.length > 0 && containsAddress(own, address);
}

/**
 * A cause that keeps the name public predicts answers without the endpoint's addresses, and, where nothing carries public
 * traffic, silence behind them. An answer with the endpoint's address disproves it.
 */
export function predictsPublicAnswer(target: Target, goal: NameGoal): (observation: Observation) => Agreement {
  const host = target.host?.toLowerCase();
  return (observation) => {
    if (observation.rung === 'dns' && observation.subject.name.toLowerCase() === host) {
      if (observation.subject.type !== 'A' || observation.outcome !== 'answered') return undefined;
      const leads = leadsToEndpoint(observation.detail.addresses, goal);
      return leads === undefined ? undefined : leads ? 'disproves' : 'agrees';
    }
    if (observation.rung !== 'tcp' || observation.subject.port !== target.port || goal.addresses === undefined)
      return undefined;
    return !goal.addresses.includes(observation.subject.address) &&
      observation.outcome !== 'open' &&
      observation.outcome !== 'skipped'
      ? 'agrees'
      : undefined;
  };
}
