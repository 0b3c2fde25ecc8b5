/**
 * Words by which a service, or a library in front of it, refused a request: read from an answer or from a pasted error text.
 * What the words do not say is absent; that they name no policy clears none (facts.md, section 6.3).
 */

export const DENYING_POLICIES = [
  'endpoint-policy',
  'resource-policy',
  'identity-policy',
  'permissions-boundary',
  'session-policy',
  'role-trust-policy',
  'service-control-policy',
  'resource-control-policy',
] as const;
export type DenyingPolicy = (typeof DENYING_POLICIES)[number];

export const CREDENTIAL_PROBLEMS = ['missing', 'expired', 'invalid'] as const;
export type CredentialProblem = (typeof CREDENTIAL_PROBLEMS)[number];

/** Somebody was refused what he asked for. */
export type PolicyDenial = {
  readonly kind: 'policy';
  /** the kind of policy that the words blame; several may deny, and only one is ever named */
  readonly by?: DenyingPolicy | undefined;
  /** true: a Deny statement; false: no statement allows it */
  readonly explicit?: boolean | undefined;
  /** the ARN of who asked; `anonymous` where the words say so */
  readonly principal?: string | undefined;
  /** `s3:GetObject` */
  readonly action?: string | undefined;
  /** the resource's ARN */
  readonly resource?: string | undefined;
  /** of the policy that denies, where the words name it */
  readonly policyArn?: string | undefined;
  /** the service's code: `AccessDenied`, `UnauthorizedOperation` */
  readonly code?: string | undefined;
  /** the words themselves, made printable and cut at 300 characters */
  readonly text: string;
};

/** The request was not signed, or not with credentials that are good now. */
export type CredentialDenial = {
  readonly kind: 'credentials';
  readonly problem: CredentialProblem;
  readonly code?: string | undefined;
  readonly text: string;
};

export type Denial = PolicyDenial | CredentialDenial;
