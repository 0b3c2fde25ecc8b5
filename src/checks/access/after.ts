/**
 * Whether requests pass once fixes have changed the state: by the way that they take then, through the policy of its endpoint and the
 * resource's. What left by NAT or the internet gateway may meet policies by an endpoint that it never met before.
 */
import type { State } from '../../model/state.ts';
import {
  intendedPath,
  isEndpointWay,
  type MeasuredPath,
  measuredPath,
  type WayReads,
} from '../../policy/measured-path.ts';
import type { CheckContext } from '../check.ts';
import { type Asked, requestsAsked } from './asked.ts';
import { judgeAtEndpoint } from './endpoint-judgement.ts';
import { judgeAtResource } from './resource-judgement.ts';
import { endpointOf, waysOf } from './ways.ts';

export type PassesAfter = {
  readonly answer: 'allowed' | 'denied' | 'unknown';
  /** a clause: what denies */
  readonly because?: string;
};

type Place = Pick<CheckContext<never>, 'target' | 'vantage' | 'client' | 'evidence'>;
/** With the state of today. */
type Context = Place & { readonly state: Pick<State, 'vpcEndpoints'> };

/**
 * One request.
 * @param path the way that it takes today
 * @param state what the fixes have made of today's
 */
export function passesAfter(context: Context, asked: Asked, path: MeasuredPath, state: State): PassesAfter {
  return passesBy(context, asked, path, wayAfter(context, path, state), state);
}

function passesBy(context: Context, asked: Asked, path: MeasuredPath, way: MeasuredPath, state: State): PassesAfter {
  const { verdict, resourceArn } = judgeAtResource({ ...context, state }, asked, way);
  const refusedBy = (whose: string): PassesAfter => {
    return { answer: 'denied', because: `the policy of ${whose} does not let ${asked.action} through` };
  };
  if (verdict.startsWith('denied')) return refusedBy(resourceArn ?? 'the resource');
  // Within the account the caller's own policies allow what the resource's does not deny.
  const atResource = verdict === 'allowed' || verdict === 'none' ? 'allowed' : 'unknown';
  // The way of today is judged by the causes; an endpoint that a fix creates has AWS's own policy, which allows everything.
  if (way === path || endpointOf(context.state, way) === undefined) return { answer: atResource };
  const atEndpoint = judgeAtEndpoint({ ...context, state }, asked, way).verdict;
  if (atEndpoint === 'denied') return refusedBy(way.vpceId ?? 'the endpoint');
  const open = atEndpoint === 'allowed' || atEndpoint === 'narrow' || atEndpoint === 'unsupported';
  return { answer: open ? atResource : 'unknown' };
}

/**
 * Every request of a target that takes another way then. That nobody was refused it counts: where a policy cannot be evaluated, it
 * passes as far as anybody can tell.
 */
export function requestsAfter(context: Place & { readonly state: State }, state: State): readonly PassesAfter[] {
  return requestsAsked(context).flatMap((asked) =>
    waysOf(context, asked).flatMap((path): PassesAfter[] => {
      const way = wayAfter(context, path, state);
      if (way === path) return [];
      const after = passesBy(context, asked, path, way, state);
      return asked.outcome !== 'denied' && after.answer === 'unknown' ? [{ answer: 'allowed' }] : [after];
    }),
  );
}

/** The way that a request takes then: the same object where it is the way of today. */
function wayAfter({ vantage, target }: Place, before: MeasuredPath, state: WayReads): MeasuredPath {
  if (before.way !== 'nat' && before.way !== 'internet-gateway') return before;
  const routed = before.address === undefined ? undefined : measuredPath(state, vantage, before.address);
  if (routed !== undefined && isEndpointWay(routed)) return routed;
  const intended = intendedPath(state, vantage, target);
  // A gateway endpoint takes what a route leads to it: an IPv6 address, or one that is not in its list, goes on as before.
  if (intended.way === 'gateway-endpoint' && before.address !== undefined) return before;
  return isEndpointWay(intended) ? intended : before;
}
