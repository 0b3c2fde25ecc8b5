/** The pages that the rows cite, and the shapes of the rows. All pages but the last three are of the IAM User Guide. */
import type { PolicyKind } from '../../../src/policy/document.ts';
import type { Truth } from '../../../src/policy/truth.ts';

export const OPERATORS = 'reference_policies_elements_condition_operators';
export const SETS = 'reference_policies_condition-single-vs-multi-valued-context-keys';
export const LOGIC = 'reference_policies_condition-logic-multiple-context-keys-or-values';
export const CONDITION = 'reference_policies_elements_condition';
export const KEYS = 'reference_policies_condition-keys';
export const VARIABLES = 'reference_policies_variables';
export const RESOURCE = 'reference_policies_elements_resource';
export const NOT_RESOURCE = 'reference_policies_elements_notresource';
export const ACTION = 'reference_policies_elements_action';
export const NOT_ACTION = 'reference_policies_elements_notaction';
export const PRINCIPAL = 'reference_policies_elements_principal';
export const NOT_PRINCIPAL = 'reference_policies_elements_notprincipal';
export const GRAMMAR = 'reference_policies_grammar';
export const IDENTIFIERS = 'reference_identifiers';
export const EVALUATION = 'reference_policies_evaluation-logic';
export const CROSS_ACCOUNT = 'reference_policies_evaluation-logic-cross-account';
export const KMS = 'kms/latest/developerguide/key-policies';
export const ENDPOINTS = 'vpc/latest/privatelink/vpc-endpoints-access';
export const S3_VPC = 'AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint';

/** The values of a key; `absent`: not carried; `present`: carried, value unknown; `unknown`: nobody knows even that. */
export type Key = readonly string[] | 'absent' | 'present' | 'unknown';
export type Keys = Readonly<Record<string, Key>>;

/** page, operator, values of the policy, the key in the request, whether the condition holds */
export type OperatorRow = readonly [string, string, readonly string[], Key, Truth];
/** page, element, its value, what the request names, whether the statement applies */
export type ElementRow = readonly [string, 'Action' | 'NotAction', string | readonly string[], string, Truth];
export type ResourceRow = readonly [
  string,
  PolicyKind,
  'Resource' | 'NotResource',
  string | readonly string[],
  string,
  Truth,
];
/** page, condition block, keys, whether the statement applies; the document is of version 2012-10-17 unless said otherwise */
export type ConditionRow = readonly [string, object, Keys, Truth, version?: '2008-10-17' | 'none'];
/** page, resource pattern, requested resource, keys, whether the statement applies */
export type VariableRow = readonly [
  string,
  'Resource' | 'NotResource',
  string,
  string,
  Keys,
  Truth,
  version?: '2008-10-17' | 'none',
];
/** page, kind of policy, effect, element, its value, who asks (undefined: nobody knows), whether the statement applies */
export type PrincipalRow = readonly [
  string,
  PolicyKind,
  'Allow' | 'Deny',
  'Principal' | 'NotPrincipal',
  unknown,
  string | undefined,
  Truth,
];
/** page, kind of policy, document, the problem in words, undefined for a good one */
export type GrammarRow = readonly [string, PolicyKind, unknown, string | undefined];
