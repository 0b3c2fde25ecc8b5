/** Whether a request is allowed by all policies in force, and which kind of policy the refusal names. */
import type { DenyingPolicy } from '../../model/denial.ts';
import { type Asked, allows, type Document, effects, type Where } from './evaluator.ts';

/** The policies in force; undefined where there is none of this kind. */
export type PoliciesInForce = {
  /** as attached: with FullAWSAccess, where that is attached */
  readonly serviceControl?: readonly Document[] | undefined;
  /** RCPFullAWSAccess need not be among them: it cannot be detached */
  readonly resourceControl?: readonly Document[] | undefined;
  readonly endpoint?: { readonly document: Document; readonly gateway: boolean } | undefined;
  readonly resource?: Document | undefined;
  /** undefined: full access */
  readonly identity?: readonly Document[] | undefined;
};

export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly by: DenyingPolicy; readonly explicit: boolean };

/**
 * An explicit Deny anywhere decides, before any missing Allow; of several policies that deny, one is named, in the order in which
 * AWS evaluates them (IAM User Guide, reference_policies_evaluation-logic; facts.md 6.3).
 */
export function judge(policies: PoliciesInForce, asked: Asked): Verdict {
  const { serviceControl, resourceControl = [], endpoint, resource, identity } = policies;
  const { account } = asked.caller;
  // Service control policies are about principals of the organization; who does not sign is none.
  const aboutCaller = account === undefined ? undefined : serviceControl;
  const at: Where = endpoint?.gateway === true ? 'gateway' : 'endpoint';
  const denials: (readonly [readonly Document[], Where, DenyingPolicy])[] = [
    [aboutCaller ?? [], 'identity', 'service-control-policy'],
    [resourceControl, 'resource', 'resource-control-policy'],
    [endpoint === undefined ? [] : [endpoint.document], at, 'endpoint-policy'],
    [resource === undefined ? [] : [resource], 'resource', 'resource-policy'],
    [account === undefined ? [] : (identity ?? []), 'identity', 'identity-policy'],
  ];
  const denied = denials.find(([documents, where]) => documents.some((one) => has(one, where, asked, 'Deny')));
  if (denied !== undefined) return { allowed: false, by: denied[2], explicit: true };

  const missing = (by: DenyingPolicy): Verdict => ({ allowed: false, by, explicit: false });
  if (aboutCaller?.some((one) => has(one, 'identity', asked, 'Allow')) === false)
    return missing('service-control-policy');
  if (endpoint !== undefined && !has(endpoint.document, at, asked, 'Allow')) return missing('endpoint-policy');
  if (allows({ gateway: false, resource, identity: identity ?? FULL_ACCESS }, asked)) return { allowed: true };
  const resourceAllows = resource !== undefined && has(resource, 'resource', asked, 'Allow');
  // A key's policy has to allow even its own account; to strangers every resource's policy has to.
  const needsResource = account !== asked.resourceAccount || /^kms:/i.test(asked.action);
  return missing(resource !== undefined && needsResource && !resourceAllows ? 'resource-policy' : 'identity-policy');
}

const FULL_ACCESS: readonly Document[] = [{ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }];

/** A policy out of a world: text or object, one statement or several. Undefined for what is no policy. */
export function documentOf(policy: unknown): Document | undefined {
  let value = policy;
  if (typeof policy === 'string') {
    try {
      value = JSON.parse(policy);
    } catch {
      return undefined;
    }
  }
  if (typeof value !== 'object' || value === null || !('Statement' in value)) return undefined;
  const { Statement, ...rest } = value as { Statement: unknown };
  return { ...rest, Statement: (Array.isArray(Statement) ? Statement : [Statement]) as Document['Statement'] };
}

function has(document: Document, where: Where, asked: Asked, effect: 'Allow' | 'Deny'): boolean {
  return effects(document, where, asked, effect).length > 0;
}
