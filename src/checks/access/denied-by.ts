/** Refusals by the kind of policy that their words blame, with what each cause of this kind says of them. */
import type { Denial, DenyingPolicy, PolicyDenial } from '../../model/denial.ts';
import type { AccessObservation, HttpsObservation, Observation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import type { Evidence } from '../evidence.ts';

export type Refusal = {
  readonly denial: PolicyDenial;
  /** absent where the words were pasted */
  readonly observation?: AccessObservation | HttpsObservation | undefined;
};

/** Refusals whose words blame one of these kinds of policies. */
export function refusalsBy(evidence: Pick<Evidence, 'denials'>, kinds: readonly DenyingPolicy[]): readonly Refusal[] {
  return refusals(evidence).filter(({ denial }) => {
    const by = blamed(denial);
    return by !== undefined && kinds.includes(by);
  });
}

/**
 * The kind of policy that the words blame. API Gateway names none to a caller who did not sign; but nothing other than the API’s
 * own policy refuses him (docs: apigateway/latest/developerguide/apigateway-authorization-flow.html).
 */
export function blamed({ by, action, text }: PolicyDenial): DenyingPolicy | undefined {
  const atApi = action === 'execute-api:Invoke' && /\bUser: anonymous\b/.test(text);
  return by ?? (atApi ? 'resource-policy' : undefined);
}

/** Every refusal of a request that counts: the words of one that was not signed count only where they name a policy. */
export function refusals(evidence: Pick<Evidence, 'denials'>): readonly Refusal[] {
  return evidence.denials.flatMap(({ denial, observation }) =>
    denial.kind === 'policy' && (observation?.rung !== 'https' || blamed(denial) !== undefined)
      ? [{ denial, observation }]
      : [],
  );
}

/** The signature is as it should be, and was sent to a service, or to a Region, that it is not for. */
export function isScopedElsewhere(denial: Denial | undefined): boolean {
  return /\bCredential should be scoped to (?:correct service|a valid region)\b/i.test(denial?.text ?? '');
}

/** What was asked, and the answer, word for word. */
export function quote({ denial, observation }: Refusal): Because {
  return observation === undefined
    ? { source: 'host', text: `the pasted error says: ${denial.text}` }
    : { source: 'probe', text: `the service says: ${denial.text}`, ref: observation.id };
}

/** An observation that is one of these refusals agrees; nothing that a service does for one request disproves another’s refusal. */
export function predictsRefusals(list: readonly Refusal[]) {
  return (one: Observation) =>
    list.some(({ observation }) => observation?.id === one.id) ? ('agrees' as const) : undefined;
}

/** `secretsmanager:ListSecrets to arn:aws:sts::…`, as far as the words say it. */
export function askedWords({ action, principal, resource }: PolicyDenial): string {
  const what = action ?? 'the request';
  const on = resource === undefined || resource === '*' ? '' : ` on ${resource}`;
  return `${what}${on}${principal === undefined ? '' : ` to ${principal}`}`;
}
