/**
 * What is asked of a policy: who does what to which resource, and the condition keys of the request. A key has values, is
 * known to be absent, known to be there with an unknown value, or unknown; a policy that hangs on an unknown key cannot be decided.
 */

export type ContextValue =
  | { readonly known: true; readonly values: readonly string[] }
  /** the request does not carry the key, for sure */
  | { readonly known: true; readonly values: undefined }
  /** the request carries the key with one value, and nobody knows which, or only how it begins and ends */
  | { readonly known: false; readonly path?: HiddenPath | undefined };

/** A name whose path is not told: what stands between the two is empty or ends with a slash. */
export type HiddenPath = { readonly before: string; readonly after: string };

/** Keys in lower case: condition key names are not case-sensitive (IAM User Guide, reference_policies_elements_condition). */
export type RequestContext = ReadonlyMap<string, ContextValue>;

export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'account'; readonly account: string; readonly partition: string }
  | {
      readonly kind: 'user';
      readonly account: string;
      readonly partition: string;
      readonly arn: string;
    }
  | {
      readonly kind: 'role';
      readonly account: string;
      readonly partition: string;
      /** `arn:aws:iam::111122223333:role/path/name`; the path is unknown where only the session is */
      readonly arn: string;
      /** the name without its path */
      readonly name: string;
      /** false when the ARN was made from a session's, which does not tell the role's path */
      readonly pathKnown: boolean;
      /** `arn:aws:sts::111122223333:assumed-role/name/session` */
      readonly sessionArn?: string | undefined;
    }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'federated'; readonly account: string; readonly partition: string; readonly arn: string };

export type Request = {
  /** `s3:GetObject` */
  readonly action: string;
  /** the resource's ARN, or `*` for actions that have none */
  readonly resource: string;
  /** undefined when it is not known who asks */
  readonly principal: Principal | undefined;
  readonly context: RequestContext;
};

export type ParsedPrincipal =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a principal as people write it: an ARN of a user, role, session or account, an account id, a service's name, or `*`
 * for somebody who did not sign.
 */
export function parsePrincipal(text: string): ParsedPrincipal {
  const trimmed = text.trim();
  if (trimmed === '*' || trimmed.toLowerCase() === 'anonymous') return { ok: true, principal: { kind: 'anonymous' } };
  if (/^\d{12}$/.test(trimmed)) return { ok: true, principal: { kind: 'account', account: trimmed, partition: 'aws' } };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/.test(trimmed))
    return { ok: true, principal: { kind: 'service', name: trimmed } };
  const parts = /^arn:([a-z-]+):(iam|sts)::(\d{12}):(.+)$/.exec(trimmed);
  const [, partition, service, account, rest] = parts ?? [];
  if (partition !== undefined && account !== undefined && rest !== undefined) {
    const whose = { account, partition };
    if (service === 'iam' && rest === 'root') return { ok: true, principal: { kind: 'account', ...whose } };
    if (service === 'iam' && /^user\/(?:.*\/)?[^/]+$/.test(rest))
      return { ok: true, principal: { kind: 'user', ...whose, arn: trimmed } };
    if (service === 'iam' && /^role\/(?:.*\/)?[^/]+$/.test(rest)) {
      const name = rest.slice(rest.lastIndexOf('/') + 1);
      return { ok: true, principal: { kind: 'role', ...whose, arn: trimmed, name, pathKnown: true } };
    }
    const session = service === 'sts' ? /^assumed-role\/([^/]+)\/(.+)$/.exec(rest) : null;
    if (session?.[1] !== undefined) {
      const name = session[1];
      const arn = `arn:${partition}:iam::${account}:role/${name}`;
      return { ok: true, principal: { kind: 'role', ...whose, arn, name, pathKnown: false, sessionArn: trimmed } };
    }
    if (service === 'sts' && /^federated-user\/.+$/.test(rest))
      return { ok: true, principal: { kind: 'federated', ...whose, arn: trimmed } };
  }
  return {
    ok: false,
    problem: `"${text}" is no principal: give an account id (its root user), the ARN of a user, role or assumed-role session, or * for an unsigned request.`,
  };
}

/** The account that the principal belongs to; undefined for anonymous callers and services. */
export function accountOf(principal: Principal | undefined): string | undefined {
  return principal !== undefined && 'account' in principal ? principal.account : undefined;
}

/** The account that stands in an ARN, where the resource's service puts it there. */
export function accountInArn(arn: string): string | undefined {
  return /^arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):/.exec(arn)?.[1];
}

/** The value of a key. `undefined` means that nobody knows. */
export function lookUp(context: RequestContext, key: string): ContextValue | undefined {
  return context.get(key.toLowerCase());
}

/** The one value that a key has for sure; undefined when it has none, several, or nobody knows. */
export function singleValue(context: RequestContext, key: string): string | undefined {
  const value = lookUp(context, key);
  return value?.known && value.values?.length === 1 ? value.values[0] : undefined;
}

function contextValue(value: string | readonly string[] | undefined): ContextValue {
  if (value === undefined) return { known: true, values: undefined };
  return { known: true, values: typeof value === 'string' ? [value] : value };
}

/** A context from names and values; `undefined` stands for a key that the request surely does not carry. */
export function requestContext(
  entries: Iterable<readonly [string, string | readonly string[] | undefined]>,
): RequestContext {
  const context = new Map<string, ContextValue>();
  for (const [key, value] of entries) context.set(key.toLowerCase(), contextValue(value));
  return context;
}

/** Values of AWS’s own that nobody outside knows. They compare as other than any value of a policy, and belong into none. */
export const OF_AWS = { account: 'an account of AWS', organization: 'an organization of AWS' } as const;
export const STAND_INS: readonly string[] = Object.values(OF_AWS);
