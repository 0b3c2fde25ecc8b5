/** Whether a Principal or NotPrincipal element means the caller (IAM User Guide, reference_policies_elements_principal). */
import type { PolicyKind, PrincipalElement, Statement } from './document.ts';
import type { Principal } from './request.ts';
import { not, some, type Truth, truth } from './truth.ts';

/**
 * An account id or its root ARN means everybody in the account whose own permissions allow it; only on a gateway endpoint it
 * means the root user alone (docs: vpc/latest/privatelink/vpc-endpoints-access). A role means its sessions too.
 * @returns unknown where an ARN does not tell enough of the caller: a session's hides its role's path, a role's its session
 */
export function matchPrincipal(statement: Statement, principal: Principal | undefined, kind: PolicyKind): Truth {
  if (statement.principal === undefined) return 'yes';
  const { negated, element } = statement.principal;
  if (element.everyone === 'all') return negated ? 'no' : 'yes';
  if (principal === undefined) return 'unknown';
  if (element.everyone === 'users') {
    // "For anonymous users" `{"AWS": "*"}` and `"*"` are equivalent; of AWS services the page does not say it.
    const users = principal.kind === 'service' ? some(['unknown', named(element, principal, kind)]) : 'yes';
    return negated ? not(users) : users;
  }
  if (!negated) return named(element, principal, kind);
  return statement.effect === 'Allow' ? not(named(element, principal, kind)) : notExempt(element, principal);
}

type NamedPrincipals = Exclude<PrincipalElement, { readonly everyone: 'all' }>;

function named(element: NamedPrincipals, principal: Principal, kind: PolicyKind): Truth {
  return some(element.entries.map((entry) => means(entry, principal, kind)));
}

/**
 * Whether a Deny with NotPrincipal reaches the caller. He is exempt for sure only when his account is listed beside him, for a
 * session its role: "you must also specify the account ARN of the not-denied principal. Otherwise, the policy might deny
 * access"; with a part of them listed nobody can tell (reference_policies_elements_notprincipal).
 */
function notExempt(element: NamedPrincipals, principal: Principal): Truth {
  if (principal.kind === 'anonymous') return 'yes';
  const lists = (name: string) => element.entries.some((entry) => entry.value === name);
  const others = element.entries.some((entry) => entry.type === 'CanonicalUser');
  const reached = (): Truth => (others ? 'unknown' : 'yes');
  if (principal.kind === 'service') return lists(principal.name) ? 'no' : 'yes';
  const { account, partition } = principal;
  const root = lists(account) || lists(`arn:${partition}:iam::${account}:root`);
  if (principal.kind === 'account') return root ? 'no' : reached();
  if (principal.kind !== 'role') {
    const self = lists(principal.arn);
    return root && self ? 'no' : root || self ? 'unknown' : reached();
  }
  const role = lists(principal.arn);
  const perhaps =
    (principal.sessionArn !== undefined && lists(principal.sessionArn)) ||
    element.entries.some((entry) => mayMeanRole(entry.value, principal) || mayMeanSession(entry.value, principal));
  return root && role ? 'no' : root || role || perhaps ? 'unknown' : reached();
}

/** An account's id or the ARN of its root. */
const ACCOUNT = /^(?:(?:arn:[a-z-]+:iam::)(?=\d{12}:root$))?(\d{12})(?::root)?$/;

function means(
  entry: { readonly type: string; readonly value: string },
  principal: Principal,
  kind: PolicyKind,
): Truth {
  const { type, value } = entry;
  if (type === 'Service') {
    if (principal.kind !== 'service') return 'no';
    return value === '*' ? 'unknown' : truth(principal.name === value);
  }
  // A canonical user id stands for an account, and an ARN does not tell it; nor whose identity provider let a session in.
  if (type === 'CanonicalUser') return 'account' in principal ? 'unknown' : 'no';
  if (type === 'Federated') return principal.kind === 'role' ? 'unknown' : 'no';
  if (value === '*') return principal.kind === 'service' ? 'unknown' : 'yes';
  const account = ACCOUNT.exec(value)?.[1];
  if (account !== undefined) {
    if (!('account' in principal) || principal.account !== account) return 'no';
    return truth(kind !== 'gateway-endpoint' || principal.kind === 'account');
  }
  switch (principal.kind) {
    case 'user':
      return truth(principal.arn === value);
    case 'federated':
      if (principal.arn === value) return 'yes';
      // The user who asked for the session is meant too, and its ARN does not name him (reference_policies_evaluation-logic).
      return value.startsWith(`arn:${principal.partition}:iam::${principal.account}:user/`) ? 'unknown' : 'no';
    case 'role':
      if (value === principal.sessionArn || value === principal.arn) return 'yes';
      return mayMeanRole(value, principal) || mayMeanSession(value, principal) ? 'unknown' : 'no';
    case 'account':
    case 'anonymous':
    case 'service':
      return 'no';
  }
}

type Role = Extract<Principal, { readonly kind: 'role' }>;

/** A session's ARN does not tell the path of its role: any role of this name and account may be meant. */
function mayMeanRole(arn: string, { pathKnown, account, name }: Role): boolean {
  const [, inAccount, path] = /^arn:[a-z-]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? [];
  return !pathKnown && inAccount === account && path?.slice(path.lastIndexOf('/') + 1) === name;
}

/** Of a role alone it is not known which of its sessions asks. */
function mayMeanSession(arn: string, { sessionArn, account, partition, name }: Role): boolean {
  return sessionArn === undefined && arn.startsWith(`arn:${partition}:sts::${account}:assumed-role/${name}/`);
}

/** Whether an Allow statement reaches the caller only because it names his account, not him. */
export function grantsByAccountOnly(statement: Statement, principal: Principal | undefined): boolean {
  const element = statement.principal?.element;
  if (principal === undefined || principal.kind === 'account' || statement.principal?.negated !== false) return false;
  if (element === undefined || element.everyone !== false) return false;
  const meaning = element.entries.filter((entry) => means(entry, principal, 'resource') !== 'no');
  return meaning.length > 0 && meaning.every((entry) => ACCOUNT.test(entry.value));
}

/** Whether the element names an account, by its id or its root. */
export function namesAccount(value: string): boolean {
  return ACCOUNT.test(value);
}
