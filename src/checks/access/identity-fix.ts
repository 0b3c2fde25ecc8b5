/** What the owner of a role, or of the organization, has to let through: a statement to add, and whom to ask. */
import type { DenyingPolicy } from '../../model/denial.ts';
import type { Owner } from '../../model/report.ts';
import type { Fix } from '../check.ts';
import { notTerraforms } from '../terraform.ts';

export type IdentityFix = {
  readonly kind: DenyingPolicy;
  readonly action: string;
  readonly resource: string;
  /** the ARN of who asked */
  readonly principal: string | undefined;
  readonly policyArn: string | undefined;
  /** whether a Deny statement refuses, which no Allow outweighs */
  readonly explicit: boolean;
};

const NOUNS: Record<DenyingPolicy, string> = {
  'endpoint-policy': 'the endpoint’s policy',
  'resource-policy': 'the resource’s policy',
  'identity-policy': 'a policy',
  'permissions-boundary': 'the permissions boundary',
  'session-policy': 'the session policy',
  'role-trust-policy': 'the role’s trust policy',
  'service-control-policy': 'the service control policies',
  'resource-control-policy': 'the resource control policies',
};

/** Nothing that can be tried here: nobody reads these policies. The statement is given in full, to be handed on. */
export function allowStatement(facts: IdentityFix): Fix {
  const { kind, action, resource, principal, policyArn, explicit } = facts;
  const statement = JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource });
  const whose = principal === undefined ? 'the caller' : roleOf(principal);
  const where = policyArn === undefined ? NOUNS[kind] : policyArn;
  const owner: Owner =
    kind === 'service-control-policy' || kind === 'resource-control-policy' ? 'organization owner' : 'IAM owner';
  return {
    summary: explicit
      ? `Take ${action} out of the Deny statement in ${where} that applies to ${whose}, or make an exception for it there.`
      : `Add to ${where} of ${whose}: ${statement}.`,
    commands: simulation(facts),
    undo: [],
    owner,
    terraform: notTerraforms(
      `the policy is in the configuration of the ${owner === 'IAM owner' ? 'role or user' : 'organization'}, which no run from here sees.`,
    ),
    unprovable:
      owner === 'organization owner'
        ? 'the organization’s policies cannot be read from a member account'
        : 'the caller’s own policies are not read; give them as files, or try again when they are changed',
  };
}

/** Asks IAM itself, without the network of this host in between. Boundaries of a session are no part of it. */
function simulation({ kind, action, resource, principal }: IdentityFix): string[] {
  if (principal === undefined || !['identity-policy', 'permissions-boundary'].includes(kind)) return [];
  const on = resource === '*' ? '' : ` --resource-arns ${quoted(resource)}`;
  return [
    `aws iam simulate-principal-policy --policy-source-arn ${quoted(roleOf(principal))} --action-names ${quoted(action)}${on}`,
  ];
}

/** A session's policies are its role's; the path of the role is not in the session's ARN. */
function roleOf(arn: string): string {
  const [, partition, account, name] = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return name === undefined ? arn : `arn:${partition}:iam::${account}:role/${name}`;
}

function quoted(text: string): string {
  return /^[\w:/.@=+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
