/** What would make a denied request allowed: the smallest edit of the policy that denies it, with its commands. */
import { type Decision, decide, type PolicySide } from '../policy/decide.ts';
import { type Policy, readPolicy } from '../policy/document.ts';
import { completions, type PolicyEdit, smallestEdit } from '../policy/edit.ts';
import { commandsForEndpointPolicy, commandsForResourcePolicy, type PolicyCommands } from '../policy/edit-commands.ts';
import type { Request } from '../policy/request.ts';
import { parseServiceName } from '../services/service-names.ts';
import type { GivenPolicy } from './policy-check-answer.ts';

export type PolicyFix = {
  readonly given: GivenPolicy;
  readonly edit: PolicyEdit;
  /** what all given policies say of the request with the edited one in its place */
  readonly afterwards: Decision;
  /** undefined where nobody knows which endpoint or resource carries the policy */
  readonly commands?: PolicyCommands | undefined;
};

/**
 * The edit of the endpoint's or resource's policy that denies; none when the request is not denied, when it is the caller's own
 * policy that denies, or when no edit helps.
 */
export function fixFor(policies: readonly GivenPolicy[], request: Request, decision: Decision): PolicyFix | undefined {
  const given = policies.find(({ side }) => side !== 'identity' && side === decision.decidedBy);
  if (decision.decision !== 'denied' || given === undefined) return undefined;
  const { policy, source, side, endpoint } = given;
  const found = [true, false].flatMap((silenceSuffices) => {
    const edit = smallestEdit(source, request, policy.kind, { silenceSuffices });
    const edited = edit === undefined ? undefined : readPolicy(edit.document, policy.kind, given.document);
    if (edit === undefined || edited?.ok !== true) return [];
    return { edit, afterwards: inEveryCase(policies, (one) => (one === given ? edited.policy : one.policy), request) };
  });
  // Where another policy allows, a policy that no longer denies is enough.
  const best = found.find(({ afterwards }) => afterwards.decision === 'allowed') ?? found.at(-1);
  if (best === undefined) return undefined;
  const { edit, afterwards } = best;
  const vpceId = endpoint?.vpceId;
  const region = parseServiceName(endpoint?.serviceName ?? '')?.region;
  const commands =
    side === 'resource'
      ? commandsForResourcePolicy(request.resource, edit.document, source, 'file')
      : vpceId && commandsForEndpointPolicy(vpceId, region, edit.document, source, 'file');
  return { given, edit, afterwards, ...(commands ? { commands } : {}) };
}

/** What the policies say together whatever the path of the caller's role is; as if nobody knew it where that makes a difference. */
function inEveryCase(
  policies: readonly GivenPolicy[],
  policyOf: (given: GivenPolicy) => Policy,
  request: Request,
): Decision {
  const [first, ...others] = completions(request).map((one) => decideAll(policies, policyOf, one));
  const agree = others.every(({ decision }) => decision === first?.decision);
  return first !== undefined && agree ? first : decideAll(policies, policyOf, request);
}

/** What the policies say together. */
export function decideAll(
  policies: readonly GivenPolicy[],
  policyOf: (given: GivenPolicy) => Policy,
  request: Request,
): Decision {
  const of = (side: PolicySide) => policies.filter((one) => one.side === side).map(policyOf);
  const [identity, [endpoint], [resource]] = [of('identity'), of('endpoint'), of('resource')];
  return decide({ endpoint, resource, identity: identity.length === 0 ? undefined : identity }, request);
}
