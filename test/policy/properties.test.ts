/** What holds for every policy, and the comparison with the independent evaluator. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows, type Caller } from '../../src/lab/iam/evaluator.ts';
import { type Decision, decide, type GivenPolicies } from '../../src/policy/decide.ts';
import { type PolicyKind, readPolicy } from '../../src/policy/document.ts';
import { type ContextValue, parsePrincipal, type Request } from '../../src/policy/request.ts';
import {
  ACCOUNT,
  CALLERS,
  FOREIGN,
  KEY_NAMES,
  KEY_VALUES,
  type KeyName,
  type RandomDocument,
  type RandomRequest,
  randomDocument,
  randomDocuments,
  randomRequest,
} from './random-policies.ts';

type Documents = {
  readonly gateway: boolean;
  readonly endpoint: RandomDocument | undefined;
  readonly resource: RandomDocument | undefined;
  readonly identity: readonly RandomDocument[] | undefined;
};

function read(document: object, kind: PolicyKind) {
  const parsed = readPolicy(document, kind, 'policy');
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.policy;
}

function given({ gateway, endpoint, resource, identity }: Documents): GivenPolicies {
  return {
    endpoint: endpoint && read(endpoint, gateway ? 'gateway-endpoint' : 'endpoint'),
    resource: resource && read(resource, 'resource'),
    identity: identity?.map((one) => read(one, 'identity')),
  };
}

/** The request as the tool knows it, without the keys that are hidden from it. */
function request({ requested, caller, keys: random }: RandomRequest, hidden: readonly string[] = []): Request {
  const parsed = parsePrincipal(CALLERS[caller]);
  if (!parsed.ok) throw new Error(parsed.problem);
  const keys = consistent(requested[1], random);
  const context = new Map<string, ContextValue>(
    KEY_NAMES.filter((key) => !hidden.includes(key)).map((key) => [
      key.toLowerCase(),
      { known: true, values: keys[key] },
    ]),
  );
  if (!hidden.includes('aws:PrincipalTag/x')) context.set('aws:principaltag/x', { known: true, values: undefined });
  const principal = hidden.includes('principal') ? undefined : parsed.principal;
  return { action: requested[0], resource: requested[1], principal, context };
}

/** An ARN that holds an account and aws:ResourceAccount cannot differ. */
function consistent(arn: string, keys: RandomRequest['keys']): RandomRequest['keys'] {
  return arn.includes(`:${ACCOUNT}:`) ? { ...keys, 'aws:ResourceAccount': [ACCOUNT] } : keys;
}

const HIDEABLE = [...KEY_NAMES, 'aws:PrincipalTag/x', 'principal'];

function callerOf(name: RandomRequest['caller']): Caller {
  const text = CALLERS[name];
  const account = name === 'foreign' ? FOREIGN : name === 'anonymous' || name === 'service' ? undefined : ACCOUNT;
  return {
    account,
    isRoot: name === 'root',
    service: name === 'service' ? text : undefined,
    arns: name === 'role' ? [text, `arn:aws:iam::${ACCOUNT}:role/app`] : account === undefined ? [] : [text],
  };
}

/** What the naive evaluator says; undefined where the tool rightly asks for the caller's own policies. */
function independently(documents: Documents, asked: RandomRequest): 'allowed' | 'denied' {
  const known = consistent(asked.requested[1], asked.keys);
  const keys = new Map(
    KEY_NAMES.flatMap((key): [string, readonly string[]][] => {
      const values = known[key];
      return values === undefined ? [] : [[key.toLowerCase(), values]];
    }),
  );
  const world = {
    caller: callerOf(asked.caller),
    action: asked.requested[0],
    resource: asked.requested[1],
    resourceAccount: known['aws:ResourceAccount']?.[0] ?? '',
    keys,
  };
  return allows(documents, world) ? 'allowed' : 'denied';
}

const RUNS = { numRuns: 2000, seed: 20261121 };

describe('the independent evaluator', () => {
  it('agrees on everything that is known', () => {
    const seen = { allowed: 0, denied: 0 };
    fc.assert(
      fc.property(randomDocuments, randomRequest, (documents, asked) => {
        // A resource's policy without the caller's own is a question that only one of the two can leave open.
        fc.pre(documents.resource === undefined || documents.identity !== undefined);
        const expected = independently(documents, asked);
        const { decision, missing } = decide(given(documents), request(asked));
        seen[expected]++;
        expect([decision, missing]).toEqual([expected, []]);
      }),
      { ...RUNS, numRuns: 4000 },
    );
    expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(200);
  });

  it('agrees on a resource policy alone, or the caller’s own policies are asked for', () => {
    fc.assert(
      fc.property(randomDocuments, randomRequest, (documents, asked) => {
        const { endpoint, gateway, resource } = documents;
        const { decision, missing } = decide(given({ ...documents, identity: undefined }), request(asked));
        if (decision === 'unknown') {
          expect(missing.filter((one) => one !== 'aws:ResourceAccount')).toEqual(['identity policy']);
          return;
        }
        const own = (Action: string) =>
          [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] }] as const;
        const generous = independently({ endpoint, gateway, resource, identity: own('*') }, asked);
        // What is allowed is at most in want of the caller's own consent.
        expect(generous).toBe(decision);
      }),
      { ...RUNS, numRuns: 2500 },
    );
  });

  it('never contradicts a confident answer, whatever the hidden keys are', () => {
    let confident = 0;
    let open = 0;
    fc.assert(
      fc.property(randomDocuments, randomRequest, fc.nat(), (documents, asked, from) => {
        fc.pre(documents.resource === undefined || documents.identity !== undefined);
        const text = JSON.stringify(documents);
        const mentioned = KEY_NAMES.filter((key) => text.includes(key) || key === 'aws:ResourceAccount');
        const hidden = mentioned.slice(from % mentioned.length).slice(0, 3);
        const { decision } = decide(given(documents), request(asked, hidden));
        const possible = new Set(completions(asked, hidden).map((one) => independently(documents, one)));
        if (decision === 'unknown') open++;
        else {
          confident++;
          expect([...possible]).toEqual([decision]);
        }
      }),
      { ...RUNS, numRuns: 2500 },
    );
    expect(Math.min(confident, open)).toBeGreaterThan(100);
  });
});

/** The request with every combination of values that the hidden keys may have. */
function completions(asked: RandomRequest, hidden: readonly KeyName[]): readonly RandomRequest[] {
  return hidden.reduce<readonly RandomRequest[]>(
    (requests, key) =>
      requests.flatMap((one) => KEY_VALUES[key].map((values) => ({ ...one, keys: { ...one.keys, [key]: values } }))),
    [asked],
  );
}

describe('for every policy', () => {
  const hiddenKeys = fc.subarray(HIDEABLE, { maxLength: 5 });

  it('hiding knowledge moves an answer to unknown and nowhere else', () => {
    fc.assert(
      fc.property(randomDocuments, randomRequest, hiddenKeys, hiddenKeys, (documents, asked, some, more) => {
        // Nobody attaches a policy to a root user: who has one is none, known or not.
        fc.pre(asked.caller !== 'root' || documents.identity === undefined);
        const before = decide(given(documents), request(asked, some)).decision;
        const after = decide(given(documents), request(asked, [...some, ...more])).decision;
        expect([before, 'unknown']).toContain(after);
      }),
      RUNS,
    );
  });

  it('a key that is there with an unknown value is between the two', () => {
    fc.assert(
      fc.property(randomDocuments, randomRequest, fc.constantFrom(...KEY_NAMES), (documents, asked, key) => {
        const whole = request(asked);
        const present: Request = {
          ...whole,
          context: new Map([...whole.context, [key.toLowerCase(), { known: false }]]),
        };
        const sets = given(documents);
        const [hidden, between, known] = [request(asked, [key]), present, whole].map(
          (one) => decide(sets, one).decision,
        );
        expect(['unknown', between]).toContain(hidden);
        if (asked.keys[key] !== undefined) expect(['unknown', known]).toContain(between);
      }),
      RUNS,
    );
  });

  it('another Deny never allows more', () => {
    const denial = randomDocument(true).map(({ Statement }) => ({ ...Statement[0], Effect: 'Deny' }));
    fc.assert(
      fc.property(
        randomDocuments,
        randomRequest,
        hiddenKeys,
        denial,
        fc.nat(),
        (documents, asked, hidden, deny, at) => {
          const side = documents.endpoint !== undefined ? 'endpoint' : 'resource';
          const target = documents[side];
          fc.pre(target !== undefined);
          const list = target?.Statement ?? [];
          const more = { Version: '2012-10-17', Statement: list.toSpliced(at % (list.length + 1), 0, deny) } as const;
          const same = { ...documents, [side]: { ...more, Statement: list } };
          const before = decide(given(same), request(asked, hidden));
          const after = decide(given({ ...documents, [side]: more }), request(asked, hidden));
          expect(rank(after)).toBeLessThanOrEqual(rank(before));
        },
      ),
      RUNS,
    );
  });

  it('the order of statements, policies and values decides nothing', () => {
    fc.assert(
      fc.property(randomDocuments, randomRequest, hiddenKeys, (documents, asked, hidden) => {
        const { endpoint, resource, identity, gateway } = documents;
        const turned: Documents = {
          gateway,
          endpoint: endpoint && reversed(endpoint),
          resource: resource && reversed(resource),
          identity: identity?.map(reversed).toReversed(),
        };
        const [a, b] = [documents, turned].map((one) => decide(given(one), request(asked, hidden)));
        expect([b?.decision, b?.decidedBy, b?.missing]).toEqual([a?.decision, a?.decidedBy, a?.missing]);
      }),
      RUNS,
    );
  });

  it('an open answer says what would close it', () => {
    fc.assert(
      fc.property(randomDocuments, randomRequest, hiddenKeys, (documents, asked, hidden) => {
        const { decision, missing } = decide(given(documents), request(asked, hidden));
        if (decision !== 'unknown') {
          expect(missing).toEqual([]);
          return;
        }
        expect(missing.length).toBeGreaterThan(0);
        const lower = new Set([...hidden, 'identity policy'].map((key) => key.toLowerCase()));
        expect(missing.filter((key) => !lower.has(key.toLowerCase()))).toEqual([]);
      }),
      RUNS,
    );
  });
});

function rank({ decision }: Decision): number {
  return { denied: 0, unknown: 1, allowed: 2 }[decision];
}

/** Every list of a document the other way round. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed).toReversed() as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, reversed(inner)])
      .toReversed(),
  ) as T;
}
