/**
 * A subnet that another account shares (RAM): its participants may not list the owner's endpoints, so that an empty list
 * says nothing. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html, facts.md 1.6.
 */
import { type Missing, missing, type State } from '../../model/state.ts';
import type { Vantage } from '../../model/vantage.ts';
import { byId } from '../../network/index-by-id.ts';

/** The gap in what we see, when the client's subnet belongs to another account than the caller's. */
export function sharedSubnetGap(state: Pick<State, 'subnets' | 'vpcEndpoints'>, vantage: Vantage): Missing | undefined {
  const subnet = vantage.subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', vantage.subnetId);
  const owner = subnet?.OwnerId;
  if (owner === undefined || vantage.accountId === undefined || owner === vantage.accountId) return undefined;
  return {
    ...missing(state, 'vpcEndpoints'),
    why: 'not-visible',
    detail: `${subnet?.SubnetId} is shared from account ${owner}, whose endpoints a participant cannot list: ask there`,
  };
}
