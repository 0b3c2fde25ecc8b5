/** An endpoint’s policy that rightly leaves out the read which only this run tried: worth a word, and no fault. */
import type { Observation } from '../../model/observation.ts';
import type { Finding, Fix } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { comment } from '../terraform.ts';
import { quote } from './denied-by.ts';
import type { EndpointFix } from './endpoint-fix.ts';
import type { EndpointJudgement } from './endpoint-judgement.ts';
import { few } from './words.ts';

/** Refusals of reads that no application asked for, by a policy that lets other requests for the service through. */
export function narrowRefusals(judged: readonly EndpointJudgement[]): readonly EndpointJudgement[] {
  return judged.filter(({ verdict, asked: { outcome, denial } }) => {
    const isNamed = denial?.by === undefined || denial.by === 'endpoint-policy';
    return verdict === 'narrow' && outcome === 'denied' && isNamed;
  });
}

/** What is told of them: what was left out, what gets through, and that this proves nothing of the application’s requests. */
export function narrowFinding(vpceId: string, refused: readonly EndpointJudgement[]): Finding<EndpointFix> {
  const [first] = refused;
  const actions = [...new Set(refused.map((one) => one.asked.action))];
  const others = first === undefined ? [] : allowedBy(first);
  const rest = others.length === 0 ? 'other requests through' : `others through (${few(others)})`;
  const said = refused.flatMap(({ asked: { denial, observation } }) =>
    denial === undefined ? [] : [{ denial, observation }],
  );
  return {
    key: `${vpceId} narrow`,
    resources: [vpceId],
    extent: 'none',
    summary: `${vpceId}’s policy leaves out ${list(actions)}, which only this run asked for, and lets ${rest}. That proves nothing about what the application asks.`,
    because: said.map(quote),
    predicts: (one: Observation) =>
      refused.some(({ asked }) => asked.observation?.id === one.id) ? 'agrees' : undefined,
    facts: { vpceId, policy: first?.policy, requests: [], leavesOut: actions },
  };
}

/** The policy’s own words for what it lets through of this service. */
function allowedBy({ answer, asked }: EndpointJudgement): string[] {
  const prefix = asked.action.slice(0, asked.action.indexOf(':') + 1).toLowerCase();
  const patterns = (answer?.statements ?? []).flatMap(({ statement: { effect, actions } }) =>
    effect === 'Allow' && !actions.negated ? actions.patterns : [],
  );
  return [...new Set(patterns.filter((pattern) => pattern.toLowerCase().startsWith(prefix)))];
}

/** Nothing is opened for a read that nobody needs. */
export function leaveNarrow(vpceId: string | undefined, actions: readonly string[]): Fix {
  return {
    summary: `Nothing has to change unless the application itself asks for ${list(actions)}. Save the policy, and let vpce-doctor policy-check try the application’s own request on it.`,
    commands:
      vpceId === undefined
        ? []
        : [
            `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids ${vpceId} --query "VpcEndpoints[0].PolicyDocument" --output text`,
          ],
    undo: [],
    owner: 'endpoint owner',
    terraform: comment('Nothing to change: the policy names what it is meant to let through.'),
    unprovable: 'no request of an application is known to be refused',
  };
}
