/** The ways that a target's requests take, as the packets of this run showed them, or as they are meant to go. */
import type { State } from '../../model/state.ts';
import { intendedPath, type MeasuredPath, measuredPath, type WayReads } from '../../policy/measured-path.ts';
import type { CheckContext } from '../check.ts';
import { connectionsTo, goesByProxy } from '../evidence.ts';
import type { Asked } from './asked.ts';

type Context = Pick<CheckContext<never>, 'target' | 'vantage' | 'evidence'> & { readonly state: WayReads };

/**
 * The way of one request: of the address that answered it; for what nobody measured, of every address that opened, since a client
 * may have used any; where none opened, the way that is meant.
 */
export function waysOf(context: Context, asked: Pick<Asked, 'observation' | 'origin'>): readonly MeasuredPath[] {
  const { state, vantage, target, evidence } = context;
  if (asked.observation !== undefined) return [measuredPath(state, vantage, asked.observation.subject.address)];
  // An application that goes by a proxy leaves from wherever the proxy stands.
  if (asked.origin === 'pasted' && goesByProxy(evidence))
    return [
      {
        way: 'unknown',
        certain: false,
        because: `applications go by the proxy ${evidence.proxy?.url}, and by which way that leaves is not known`,
        missing: [],
      },
    ];
  if (asked.origin === 'pasted' && target.pasted !== undefined) return [measuredPath(state, vantage, target.pasted)];
  const { open } = connectionsTo(evidence);
  if (open.length === 0) return [intendedPath(state, vantage, target)];
  return distinct(open.map((address) => measuredPath(state, vantage, address)));
}

/** The endpoint of a way, where it is described. */
export function endpointOf(state: Pick<State, 'vpcEndpoints'>, path: Pick<MeasuredPath, 'vpceId'>) {
  if (path.vpceId === undefined || !state.vpcEndpoints.known) return undefined;
  return state.vpcEndpoints.value.find((one) => one.VpcEndpointId === path.vpceId);
}

/** Interfaces of one endpoint are one way. */
function distinct(paths: readonly MeasuredPath[]): MeasuredPath[] {
  const seen = new Map<string, MeasuredPath>();
  for (const path of paths) {
    const name = [path.way, path.vpceId, path.via, path.sourceAddress, path.way === 'unknown' && path.address].join(
      ' ',
    );
    if (!seen.has(name)) seen.set(name, path);
  }
  return [...seen.values()];
}
