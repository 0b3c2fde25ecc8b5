/** The condition keys that follow from the request itself: who asks, for what, and by which way. */
import { accountInArn, type ContextValue, type HiddenPath, type Principal, type RequestContext } from './request.ts';

/** The endpoint that the request goes through; its ids as far as they are known. */
export type ThroughEndpoint = { readonly vpceId?: string | undefined; readonly vpcId?: string | undefined };

export type RequestFacts = {
  readonly action: string;
  readonly resource: string;
  readonly principal: Principal | undefined;
  /** undefined when nobody said that it goes through one */
  readonly endpoint: ThroughEndpoint | undefined;
};

/** A key as it is spelled in the documentation, with its value and the reason. */
export type DerivedKey = { readonly key: string; readonly value: ContextValue; readonly why: string };

/**
 * What every request of this kind carries, and what none does. A key that is not named here and that the user does not give is
 * unknown. Availability: IAM User Guide, reference_policies_condition-keys, and reference_policies_variables ("Principal key
 * values"). Left out on purpose, because the pages contradict one another: aws:userid of an unsigned request.
 */
export function deriveContext(facts: RequestFacts): readonly DerivedKey[] {
  return [...ofRequest(), ...ofResource(facts), ...ofPrincipal(facts.principal), ...ofEndpoint(facts)];
}

/** The derived keys with the user's own in their place: what the user says always wins. */
export function contextOf(derived: readonly DerivedKey[], given: RequestContext): RequestContext {
  return new Map([...derived.map(({ key, value }) => [key.toLowerCase(), value] as const), ...given]);
}

const PRESENT: ContextValue = { known: false };
const ABSENT: ContextValue = { known: true, values: undefined };
const is = (value: string | undefined): ContextValue =>
  value === undefined ? PRESENT : { known: true, values: [value] };

/** "This key is always included in the request context"; the value is not known before the request is made. */
function ofRequest(): DerivedKey[] {
  const keys = ['aws:CurrentTime', 'aws:EpochTime', 'aws:RequestedRegion', 'aws:SecureTransport', 'aws:UserAgent'];
  return keys.map((key) => ({ key, value: PRESENT, why: 'every request has it' }));
}

function ofResource({ resource }: RequestFacts): DerivedKey[] {
  const account = accountInArn(resource);
  return account === undefined ? [] : [{ key: 'aws:ResourceAccount', value: is(account), why: 'the resource’s ARN' }];
}

function ofPrincipal(principal: Principal | undefined): DerivedKey[] {
  if (principal === undefined) return [];
  const keys = (why: string, entries: readonly (readonly [string, ContextValue])[]): DerivedKey[] =>
    entries.map(([key, value]) => ({ key, value, why }));
  if (principal.kind === 'service')
    return keys('the caller is an AWS service', [
      ['aws:PrincipalIsAWSService', is('true')],
      ['aws:PrincipalServiceName', is(principal.name)],
      ['aws:username', ABSENT],
    ]);
  const noService = [
    ['aws:PrincipalIsAWSService', is('false')],
    ['aws:PrincipalServiceName', ABSENT],
    ['aws:PrincipalServiceNamesList', ABSENT],
  ] as const;
  if (principal.kind === 'anonymous')
    return keys('the request is not signed', [
      ['aws:PrincipalType', is('Anonymous')],
      ['aws:PrincipalArn', ABSENT],
      ['aws:PrincipalOrgID', ABSENT],
      ['aws:PrincipalOrgPaths', ABSENT],
      ['aws:username', ABSENT],
      ['aws:TokenIssueTime', ABSENT],
      ...noService,
    ]);
  const signed = [['aws:PrincipalAccount', is(principal.account)], ...noService] as const;
  const why = 'the caller';
  switch (principal.kind) {
    case 'account':
      return keys(why, [
        ['aws:PrincipalArn', is(`arn:${principal.partition}:iam::${principal.account}:root`)],
        ['aws:PrincipalType', is('Account')],
        ['aws:userid', is(principal.account)],
        ['aws:username', ABSENT],
        ...signed,
      ]);
    case 'user':
      return keys(why, [
        ['aws:PrincipalArn', is(principal.arn)],
        ['aws:PrincipalType', is('User')],
        ['aws:userid', PRESENT],
        ['aws:username', is(lastPart(principal.arn))],
        ...signed,
      ]);
    case 'role':
      // "For IAM roles, the request context returns the ARN of the role", which a session's ARN does not tell with its path.
      return keys(why, [
        ['aws:PrincipalArn', principal.pathKnown ? is(principal.arn) : { known: false, path: pathOf(principal) }],
        ['aws:PrincipalType', is('AssumedRole')],
        ['aws:userid', PRESENT],
        ['aws:username', ABSENT],
        ['aws:TokenIssueTime', PRESENT],
        ...signed,
      ]);
    case 'federated':
      return keys(why, [
        ['aws:PrincipalArn', is(principal.arn)],
        ['aws:PrincipalType', is('FederatedUser')],
        ['aws:userid', is(`${principal.account}:${lastPart(principal.arn)}`)],
        ['aws:username', ABSENT],
        ['aws:TokenIssueTime', PRESENT],
        ...signed,
      ]);
  }
}

function pathOf({ partition, account, name }: Extract<Principal, { readonly kind: 'role' }>): HiddenPath {
  return { before: `arn:${partition}:iam::${account}:role/`, after: name };
}

function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Services whose requests do not carry aws:ViaAWSService (reference_policies_condition-keys). */
const WITHOUT_VIA_SERVICE = /^(?:ec2|glue|lakeformation|opsworks):/i;

/**
 * What goes through a VPC's endpoint was sent by the caller itself: a service that calls another one on his behalf does so from
 * its own network.
 */
function ofEndpoint({ action, principal, endpoint }: RequestFacts): DerivedKey[] {
  if (endpoint === undefined) return [];
  const why = 'the request goes through the endpoint';
  return [
    { key: 'aws:SourceVpce', value: is(endpoint.vpceId), why },
    { key: 'aws:SourceVpc', value: is(endpoint.vpcId), why },
    { key: 'aws:VpcSourceIp', value: PRESENT, why },
    { key: 'aws:SourceIp', value: ABSENT, why },
    ...directKeys(action, principal, why),
  ];
}

/**
 * The keys of a request that the caller sent itself, so that no service stands between it and the resource
 * (IAM User Guide, reference_policies_condition-keys, "Properties of the network" and "Properties of the request").
 */
export function directKeys(action: string, principal: Principal | undefined, why: string): DerivedKey[] {
  if (principal?.kind === 'service') return [];
  const keys = ['aws:CalledVia', 'aws:CalledViaFirst', 'aws:CalledViaLast', 'aws:SourceArn', 'aws:SourceAccount'];
  return [
    ...keys.map((key) => ({ key, value: ABSENT, why })),
    ...(WITHOUT_VIA_SERVICE.test(action) ? [] : [{ key: 'aws:ViaAWSService', value: is('false'), why }]),
  ];
}
