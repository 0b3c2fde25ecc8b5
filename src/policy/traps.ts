/** What policies get wrong again and again, seen from the document alone, whatever is asked of it. */
import { bucketsOf } from '../services/aws-buckets.ts';
import { evaluateCondition } from './conditions.ts';
import type { ConditionEntry, Policy, Statement } from './document.ts';
import { evaluatePolicy } from './evaluate.ts';
import { namesAccount } from './principals.ts';
import { requestContext } from './request.ts';

export type Trap = {
  readonly kind: 'no-allow' | 'wrong-id' | 'wildcard' | 'source-ip' | 'root-only' | 'aws-buckets';
  /** index of the statement; undefined when it is about the whole policy */
  readonly statement?: number | undefined;
  /** one sentence */
  readonly text: string;
};

/**
 * @param concernsS3 whether the policy is on an endpoint of S3
 * @param region the endpoint's; without it, the one that the policy's own bucket names are of
 */
export function policyTraps(policy: Policy, concernsS3: boolean, region?: string): readonly Trap[] {
  return [
    ...noAllow(policy),
    ...policy.statements.flatMap((statement) => [
      ...wrongIds(statement),
      ...wildcards(policy, statement),
      ...sourceIp(policy, statement),
      ...rootOnly(policy, statement),
    ]),
    ...(concernsS3 ? awsBuckets(policy, region) : []),
  ];
}

function noAllow({ kind, statements }: Policy): Trap[] {
  if (statements.some((statement) => statement.effect === 'Allow')) return [];
  // A resource's policy of denials only is common: the callers' own policies allow.
  if (kind === 'resource') return [];
  const what = kind === 'identity' ? 'allows its bearer nothing' : 'lets nothing through the endpoint';
  return [{ kind: 'no-allow', text: `No statement allows anything, so the policy ${what}.` }];
}

/** aws:SourceVpce holds ids like vpce-0aa, aws:SourceVpc ids like vpc-0aa (IAM User Guide, reference_policies_condition-keys). */
function wrongIds(statement: Statement): Trap[] {
  const wrong = (key: string, pattern: RegExp, wants: string): Trap[] =>
    conditionsOn(statement, [key]).flatMap(({ values }) =>
      values
        .filter((value) => pattern.test(value))
        .map((value) => ({
          kind: 'wrong-id' as const,
          statement: statement.index,
          text: `${nameOf(statement)} compares ${key} with ${value}; the key holds ids of ${wants}, so it is never that.`,
        })),
    );
  return [
    ...wrong('aws:SourceVpce', /^vpc-/, 'endpoints (vpce-…)'),
    ...wrong('aws:SourceVpce', /^vpce-svc-/, 'endpoints (vpce-…), not of endpoint services'),
    ...wrong('aws:SourceVpc', /^vpce-/, 'VPCs (vpc-…)'),
  ];
}

const GENERATED_IDS = [
  'aws:SourceVpc',
  'aws:SourceVpce',
  'aws:SourceAccount',
  'aws:PrincipalAccount',
  'aws:ResourceAccount',
  'aws:PrincipalOrgID',
  'aws:ResourceOrgID',
];

/**
 * "You can't use wildcard characters (* or ?) or numeric condition operators with global context keys that reference
 * system-generated identifiers" in an endpoint policy (docs: vpc/latest/privatelink/vpc-endpoints-access).
 */
function wildcards({ kind }: Policy, statement: Statement): Trap[] {
  if (kind !== 'endpoint' && kind !== 'gateway-endpoint') return [];
  return conditionsOn(statement, GENERATED_IDS).flatMap(({ key, operator, values }) => {
    const wild = operator.comparison.wildcards ? values.find((value) => /[*?]/.test(value)) : undefined;
    const what = operator.name.startsWith('Numeric') ? `by ${operator.name}` : wild && `with ${wild}`;
    if (what === undefined) return [];
    const text = `${nameOf(statement)} compares ${key} ${what}: an endpoint’s policy can use neither wildcards nor numeric operators with such ids.`;
    return [{ kind: 'wildcard' as const, statement: statement.index, text }];
  });
}

/** "This key is included in the request context, except when the requester uses a VPC endpoint to make the request." */
function sourceIp({ kind }: Policy, statement: Statement): Trap[] {
  if (kind !== 'endpoint' && kind !== 'gateway-endpoint') return [];
  return conditionsOn(statement, ['aws:SourceIp']).map((entry) => ({
    kind: 'source-ip',
    statement: statement.index,
    text: `${nameOf(statement)} asks for aws:SourceIp, which no request through an endpoint carries: ${
      evaluateCondition(entry, NO_SOURCE_IP, false).truth === 'yes' ? 'this always holds' : 'this never holds'
    }. aws:VpcSourceIp is the address within the VPC.`,
  }));
}

const NO_SOURCE_IP = requestContext([['aws:SourceIp', undefined]]);

/** Only the root user is meant (docs: vpc/latest/privatelink/vpc-endpoints-access, "Principals for gateway endpoints"). */
function rootOnly({ kind }: Policy, statement: Statement): Trap[] {
  const element = statement.principal?.element;
  if (kind !== 'gateway-endpoint' || element === undefined || element.everyone !== false) return [];
  const accounts = element.entries.filter(({ type, value }) => type === 'AWS' && namesAccount(value));
  return accounts.map(({ value }) => ({
    kind: 'root-only',
    statement: statement.index,
    text: `${nameOf(statement)} names the account ${value}: on a gateway endpoint that means its root user alone. Name "*" and compare aws:PrincipalArn or aws:PrincipalAccount.`,
  }));
}

/** Keys that tell the callers' and the resources' own organization or account from strangers. */
const OWNERS = [
  'aws:PrincipalOrgID',
  'aws:PrincipalOrgPaths',
  'aws:PrincipalAccount',
  'aws:ResourceOrgID',
  'aws:ResourceOrgPaths',
  'aws:ResourceAccount',
  's3:ResourceAccount',
];

/**
 * Says which of the buckets that AWS owns, and nearly everybody reads, are out of reach only because of a condition on whose
 * they are: the policy would let the request through without such conditions. Buckets that it shuts out anyway, by name, are
 * left out on purpose by whoever wrote it.
 */
function awsBuckets(policy: Policy, region: string | undefined): Trap[] {
  if (policy.kind !== 'endpoint' && policy.kind !== 'gateway-endpoint') return [];
  const where = region ?? regionIn(policy) ?? 'us-east-1';
  const unowned = withoutConditions(policy, OWNERS);
  const shutOut = bucketsOf(undefined, where).filter(({ common, action, objects }) => {
    if (common !== true) return false;
    const request = {
      action,
      resource: objects.replace(/\*$/, 'object'),
      principal: { kind: 'anonymous' },
      // AWS's account is none of the user's, and the bucket's organization is not told.
      context: requestContext([
        ...OWNERS.map((key) => [key, key.endsWith('ResourceAccount') ? 'an account of AWS' : undefined] as const),
        ['aws:PrincipalType', 'Anonymous'],
        ['aws:PrincipalArn', undefined],
      ]),
    } as const;
    const { effect } = evaluatePolicy(policy, request);
    const denied = effect === 'explicitly-denied' || effect === 'implicitly-denied';
    return denied && evaluatePolicy(unowned, request).effect === 'allowed';
  });
  if (shutOut.length === 0) return [];
  // The Region's place in the name is what the reader has to put in, for it may be assumed here.
  const inName = (name: string) => name.replace(where, '<region>').replace(where.replaceAll('-', ''), '<region>');
  const buckets = shutOut.map(({ what, name }) => `${inName(name)} (${what})`).join(', ');
  return [
    {
      kind: 'aws-buckets',
      text: `Its conditions on organizations or accounts shut out buckets that AWS owns, such as ${buckets}. What needs them needs a statement of its own.`,
    },
  ];
}

/** The Region that the policy's own bucket names are of: an exception for AWS's buckets names them with it. */
function regionIn({ statements }: Policy): string | undefined {
  const resources = statements.flatMap(({ resources: element }) => element?.patterns ?? []);
  return /\b[a-z]{2}-(?:gov-|iso[a-z]?-)?(?:north|south|east|west|central)[a-z]*-\d\b/.exec(resources.join(' '))?.[0];
}

function withoutConditions(policy: Policy, keys: readonly string[]): Policy {
  const lower = new Set(keys.map((key) => key.toLowerCase()));
  const isOne = ({ key }: ConditionEntry) => lower.has(key.toLowerCase());
  return {
    ...policy,
    statements: policy.statements
      // A Deny that is about strangers only has nothing left to deny.
      .filter(({ effect, conditions }) => effect === 'Allow' || !conditions.some(isOne))
      .map((statement) => ({ ...statement, conditions: statement.conditions.filter((entry) => !isOne(entry)) })),
  };
}

function conditionsOn({ conditions }: Statement, keys: readonly string[]): readonly ConditionEntry[] {
  const lower = keys.map((key) => key.toLowerCase());
  return conditions.filter(({ key, operator }) => operator.kind === 'compare' && lower.includes(key.toLowerCase()));
}

function nameOf({ index, sid }: Statement): string {
  return sid === undefined ? `Statement ${index + 1}` : `Statement ${index + 1} (${sid})`;
}
