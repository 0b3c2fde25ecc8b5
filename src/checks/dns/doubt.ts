/** Whether DNS answers call for a look at Route 53: zones, rules, firewall. In a run where every name leads home nothing is asked. */
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { type ClassReads, classifyAddress } from '../../network/answer-class.ts';
import { chooseEndpoint } from '../../network/endpoints.ts';
import type { Evidence } from '../evidence.ts';

/** True where the answers for a target are not what its endpoint, or a name without endpoints, should give. */
export function callsForRoute53(
  state: Pick<State, keyof ClassReads>,
  vantage: Vantage,
  target: Target,
  evidence: Evidence,
): boolean {
  if (target.host === undefined) return false;
  const answers = [...evidence.configured, ...(evidence.vpc === undefined ? [] : [evidence.vpc])];
  if (answers.length === 0) return false;
  // Silence is the resolver's own trouble; every other answer without an address is somebody's decision.
  if (answers.some((answer) => ['nxdomain', 'no-data', 'servfail', 'refused-by-server'].includes(answer.outcome)))
    return true;
  const choice = chooseEndpoint(state, vantage.vpcId, target);
  if (choice?.way === 'gateway') return false;
  const classes = new Set(
    answers.flatMap((answer) =>
      answer.addresses.map((address) => classifyAddress(state, vantage, target, address, answer.cnames).class),
    ),
  );
  // Whose an address of the VPC is cannot be told before the endpoints are known; then the question comes again.
  if (!state.vpcEndpoints.known || !state.networkInterfaces.known) return false;
  classes.delete('this-endpoint');
  classes.delete('dns64');
  // A name that is nobody's endpoint's may be public.
  if (choice === undefined && target.serviceNames.length === 0) classes.delete('public');
  return classes.size > 0;
}
