/** Whether a Principal or NotPrincipal element means the caller (IAM User Guide, reference_policies_elements_principal). */
import type { PolicyKind, PrincipalElement, Statement } from './document.ts';
import type { Principal } from './request.ts';
import { every, not, some, type Truth, truth } from './truth.ts';

/**
 * An account id or its root ARN means everybody in the account whose own permissions allow it; only on a gateway endpoint it
 * means the root user alone (docs: vpc/latest/privatelink/vpc-endpoints-access). A role means its sessions too.
 * `NotPrincipal` with Deny exempts a caller for sure only when his account and each of his own ARNs are listed: "you must also
 * specify the account ARN of the not-denied principal. Otherwise, the policy might deny access"
 * (reference_policies_elements_notprincipal); with a part of them listed nobody can tell.
 */
export function matchPrincipal(statement: Statement, principal: Principal | undefined, kind: PolicyKind): Truth {
  if (statement.principal === undefined) return 'yes';
  const { negated, element } = statement.principal;
  if (element.everyone) return negated ? 'no' : 'yes';
  if (principal === undefined) return 'unknown';
  if (!negated) return some(element.entries.map((entry) => means(entry, principal, kind)));
  if (statement.effect === 'Allow') return not(some(element.entries.map((entry) => means(entry, principal, kind))));
  const chain = namesOf(principal).map((names) => some(names.map((name) => truth(lists(element, name)))));
  if (chain.every((listed) => listed === 'yes') && chain.length > 0) return 'no';
  return every(chain.map(not)) === 'yes' ? 'yes' : 'unknown';
}

/** An account's id or the ARN of its root. */
const ACCOUNT = /^(?:(?:arn:[a-z-]+:iam::)(?=\d{12}:root$))?(\d{12})(?::root)?$/;

function means(
  entry: { readonly type: string; readonly value: string },
  principal: Principal,
  kind: PolicyKind,
): Truth {
  const { type, value } = entry;
  if (type === 'Service') return truth(principal.kind === 'service' && principal.name === value);
  // Federated and canonical users are told by nothing that a caller's ARN shows.
  if (type === 'CanonicalUser') return 'unknown';
  if (type === 'Federated') return principal.kind === 'federated' ? 'unknown' : 'no';
  const account = ACCOUNT.exec(value)?.[1];
  if (account !== undefined) {
    if (!('account' in principal) || principal.account !== account) return 'no';
    return truth(kind !== 'gateway-endpoint' || principal.kind === 'account');
  }
  switch (principal.kind) {
    case 'user':
    case 'federated':
      return truth(principal.arn === value);
    case 'role':
      if (value === principal.sessionArn || value === principal.arn) return 'yes';
      // A session's ARN does not tell the path of its role: any role of this name and account may be meant.
      return !principal.pathKnown && isRoleNamed(value, principal.account, principal.name) ? 'unknown' : 'no';
    case 'account':
    case 'anonymous':
    case 'service':
      return 'no';
  }
}

function isRoleNamed(arn: string, account: string, name: string): boolean {
  const [, inAccount, path] = /^arn:[a-z-]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? [];
  return inAccount === account && path?.slice(path.lastIndexOf('/') + 1) === name;
}

/** Every identity that the caller has, each with the ways to write it. */
function namesOf(principal: Principal): string[][] {
  if (principal.kind === 'anonymous') return [];
  if (principal.kind === 'service') return [[principal.name]];
  const { account, partition } = principal;
  const root = [account, `arn:${partition}:iam::${account}:root`];
  if (principal.kind === 'account') return [root];
  if (principal.kind !== 'role') return [root, [principal.arn]];
  return [root, [principal.arn], ...(principal.sessionArn === undefined ? [] : [[principal.sessionArn]])];
}

function lists(element: PrincipalElement, name: string): boolean {
  return !element.everyone && element.entries.some((entry) => entry.value === name);
}

/** Whether an Allow statement reaches the caller only because it names his account, not him. */
export function grantsByAccountOnly(statement: Statement, principal: Principal | undefined): boolean {
  const element = statement.principal?.element;
  if (principal === undefined || principal.kind === 'account' || statement.principal?.negated !== false) return false;
  if (element === undefined || element.everyone) return false;
  const meaning = element.entries.filter((entry) => means(entry, principal, 'resource') !== 'no');
  return meaning.length > 0 && meaning.every((entry) => ACCOUNT.test(entry.value));
}
