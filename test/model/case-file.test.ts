import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Case } from '../../src/model/case.ts';
import { decodeCase, encodeCase, mergeCases, mergeStates } from '../../src/model/case-file.ts';
import { CaseSchema } from '../../src/model/case-schema.ts';
import { parseJson } from '../../src/model/json-text.ts';
import type { TcpObservation } from '../../src/model/observation.ts';
import { redactCase } from '../../src/model/redact.ts';
import { type State, unknownState } from '../../src/model/state.ts';
import { emptyVantage } from '../../src/model/vantage.ts';
import { arbitraryOf, arbitraryState } from '../collect/support/arbitrary.ts';

const EMPTY: Case = {
  schemaVersion: 1,
  kind: 'vpce-doctor-case',
  tool: { name: 'vpce-doctor', version: '0.1.0' },
  startedAt: '2026-11-21T00:00:00.000Z',
  durationMs: 12,
  requests: [],
  vantage: emptyVantage('ec2'),
  state: unknownState('not-asked'),
  probed: false,
  observations: [],
  coverage: [],
  warnings: [],
};

/** Any case: the state from the slices' own schemas, the rest from the case's. */
const arbitraryCase = fc
  .tuple(arbitraryOf(CaseSchema.omit({ state: true })), arbitraryState())
  .map(([rest, state]): Case => ({ ...(rest as Omit<Case, 'state'>), state }));

describe('the codec', () => {
  it('gives back every case as it was', () => {
    fc.assert(
      fc.property(arbitraryCase, (subject) => {
        expect(decodeCase(encodeCase(subject), 'case.json')).toEqual({ ok: true, case: subject });
      }),
    );
  });

  it('writes equal cases as equal bytes, whatever order their keys were set in', () => {
    const backwards = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(backwards);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, backwards(inner)]),
      );
    };
    fc.assert(
      fc.property(arbitraryCase, (subject) => {
        expect(encodeCase(backwards(subject) as Case)).toBe(encodeCase(subject));
      }),
      { numRuns: 30 },
    );
  });

  it('begins with what the file is, and ends with a newline', () => {
    const text = encodeCase(EMPTY);
    expect(text.startsWith('{\n  "schemaVersion": 1,\n  "kind": "vpce-doctor-case",\n')).toBe(true);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('reads a file with a byte order mark', () => {
    expect(decodeCase(`\uFEFF${encodeCase(EMPTY)}`, 'x')).toEqual({ ok: true, case: EMPTY });
  });

  it('takes a slice that the file does not have as one that was not asked for', () => {
    const { vpcs: _vpcs, ...state } = EMPTY.state;
    const decoded = decodeCase(JSON.stringify({ ...EMPTY, state }), 'x');
    expect(decoded).toMatchObject({ ok: true, case: { state: { vpcs: { known: false, why: 'not-asked' } } } });
  });

  const changed = (changes: object) => JSON.stringify({ ...EMPTY, ...changes });
  it.each([
    [
      'another version',
      changed({ schemaVersion: 2 }),
      'c.json has schemaVersion 2; this version of vpce-doctor reads 1.',
    ],
    [
      'no version',
      changed({ schemaVersion: undefined }),
      'c.json has schemaVersion undefined; this version of vpce-doctor reads 1.',
    ],
    [
      'a report',
      '{"schemaVersion":1,"verdict":"healthy"}',
      'c.json is no case file: its "kind" is not "vpce-doctor-case".',
    ],
    ['a list', '[]', 'c.json is no case file: its "kind" is not "vpce-doctor-case".'],
    ['null', 'null', 'c.json is no case file: its "kind" is not "vpce-doctor-case".'],
    ['nothing', '', 'c.json is no case file: empty.'],
    [
      'half a file',
      encodeCase(EMPTY).slice(0, 30),
      'c.json is no case file: not complete JSON: it ends at line 3, column 7.',
    ],
  ])('refuses %s in one line', (_what, text, problem) => {
    expect(decodeCase(text, 'c.json')).toEqual({ ok: false, problem });
  });

  it.each([
    [{ probed: 'yes' }, 'probed'],
    [{ vantage: { ...EMPTY.vantage, kind: 'moon' } }, 'vantage.kind'],
    [{ observations: [{ rung: 'icmp' }] }, 'observations.0.rung'],
    [{ state: { vpcs: { known: true, value: [{ VpcId: 1 }] } } }, 'state.vpcs.value.0.VpcId'],
    [{ state: { vpcs: { known: false, why: 'mood' } } }, 'state.vpcs.why'],
  ])('says where %j does not fit', (changes, place) => {
    expect(decodeCase(changed(changes), 'c.json')).toEqual({
      ok: false,
      problem: expect.stringContaining(` ${place}: `),
    });
  });
});

describe('merging states', () => {
  const withVpcs = (vpcs: State['vpcs']): State => ({ ...unknownState('not-asked'), vpcs });
  const known = (...value: { VpcId: string; CidrBlock?: string }[]) => withVpcs({ known: true, value });
  const refused = (why: 'denied' | 'not-given' | 'not-asked' | 'timeout', detail?: string) =>
    withVpcs(detail === undefined ? { known: false, why } : { known: false, why, detail });

  it.each([
    ['a known slice beats a refusal before it', [refused('denied'), known({ VpcId: 'a' })], known({ VpcId: 'a' })],
    ['and after it', [known(), refused('denied')], known()],
    [
      'two known ones are united, the later one winning',
      [known({ VpcId: 'a', CidrBlock: '1' }, { VpcId: 'b' }), known({ VpcId: 'c' }, { VpcId: 'a', CidrBlock: '2' })],
      known({ VpcId: 'a', CidrBlock: '2' }, { VpcId: 'b' }, { VpcId: 'c' }),
    ],
    [
      'a refusal by the API says more than no question',
      [refused('denied', 'x'), refused('not-asked')],
      refused('denied', 'x'),
    ],
    ['no document says more than no question', [refused('not-given'), refused('not-asked')], refused('not-given')],
    [
      'of two that say as much, the later one counts',
      [refused('timeout', '1'), refused('timeout', '2')],
      refused('timeout', '2'),
    ],
    ['nothing is not asked for', [], unknownState('not-asked')],
  ])('%s', (_rule, states, merged) => {
    expect(mergeStates(states)).toEqual(merged);
  });

  it('joins the halves of a VPC’s attributes', () => {
    const half = (name: 'EnableDnsSupport' | 'EnableDnsHostnames'): State => ({
      ...unknownState('not-asked'),
      vpcAttributes: { known: true, value: [{ VpcId: 'vpc-1', [name]: { Value: true } }] },
    });
    expect(mergeStates([half('EnableDnsSupport'), half('EnableDnsHostnames')]).vpcAttributes).toEqual({
      known: true,
      value: [{ VpcId: 'vpc-1', EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }],
    });
  });

  it('changes nothing when a state is merged with itself or with nothing known', () => {
    fc.assert(
      fc.property(arbitraryState(), (state) => {
        expect(mergeStates([state])).toEqual(state);
        expect(mergeStates([state, state])).toEqual(state);
        expect(mergeStates([unknownState('not-asked'), state])).toEqual(state);
      }),
    );
  });
});

describe('merging cases', () => {
  const tcp = (address: string, outcome: TcpObservation['outcome']): TcpObservation => ({
    id: `tcp ${address}:443`,
    rung: 'tcp',
    subject: { address, port: 443 },
    after: [],
    ms: 1,
    outcome,
    detail: {},
  });

  it('takes packets from the evidence and configuration from the state', () => {
    const evidence: Case = {
      ...EMPTY,
      startedAt: '2026-11-20T00:00:00.000Z',
      vantage: { ...emptyVantage('ecs-fargate'), addresses: ['10.0.1.23'] },
      requests: [{ kind: 'service', text: 's3', service: 's3' }],
      probed: true,
      observations: [tcp('10.0.2.14', 'timeout'), tcp('10.0.2.15', 'open')],
      coverage: [{ what: 'tcp', outcome: 'made', count: 2 }],
      warnings: ['one', 'two'],
    };
    const gathered: Case = {
      ...EMPTY,
      durationMs: 99,
      vantage: emptyVantage('given'),
      state: { ...unknownState('not-given'), vpcs: { known: true, value: [] } },
      requests: [{ service: 's3', kind: 'service', text: 's3' }],
      warnings: ['two', 'three'],
    };
    const merged = mergeCases([evidence, gathered]);
    expect(merged).toEqual({ ...evidence, durationMs: 99, state: gathered.state, warnings: ['one', 'two', 'three'] });
    const again = mergeCases([merged, { ...evidence, observations: [tcp('10.0.2.14', 'open')] }]);
    expect(again.observations).toEqual([tcp('10.0.2.14', 'open'), tcp('10.0.2.15', 'open')]);
  });

  it('needs one', () => {
    expect(() => mergeCases([])).toThrow('at least one');
    expect(mergeCases([EMPTY])).toEqual(EMPTY);
  });
});

describe('redaction', () => {
  const A = '111122223333';
  const B = '444455556666';
  const policy = (principal: string) =>
    JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: '*' }] });
  const endpoint = (over: object): Case => ({
    ...EMPTY,
    state: {
      ...EMPTY.state,
      vpcEndpoints: { known: true, value: [{ VpcEndpointId: 'vpce-0111122223333abcd', ...over }] },
    },
  });
  const redacted = (over: object) => {
    const { vpcEndpoints } = redactCase(endpoint(over)).state;
    return vpcEndpoints.known ? vpcEndpoints.value[0] : undefined;
  };

  it('gives the same account the same placeholder everywhere', () => {
    const subject: Case = {
      ...endpoint({ OwnerId: B, PolicyDocument: policy(`arn:aws:iam::${A}:root`) }),
      vantage: { ...EMPTY.vantage, accountId: A },
      requests: [
        {
          kind: 'host',
          text: `${A}.dkr.ecr.eu-west-1.amazonaws.com`,
          host: `${A}.dkr.ecr.eu-west-1.amazonaws.com`,
          port: 443,
        },
      ],
      warnings: [`logs${A}eu and https%3A%2F%2Fx%3A${B}`],
    };
    const text = encodeCase(redactCase(subject));
    expect(text).not.toMatch(/(?<!vpce-0)111122223333|444455556666/);
    const result = redactCase(subject);
    expect(result.vantage.accountId).toBe('account-1');
    expect(result.requests[0]).toMatchObject({ host: 'account-1.dkr.ecr.eu-west-1.amazonaws.com' });
    expect(result.warnings).toEqual(['logsaccount-1eu and https%3A%2F%2Fx%3Aaccount-2']);
    expect(result.state.vpcEndpoints).toEqual({
      known: true,
      value: [
        {
          VpcEndpointId: 'vpce-0111122223333abcd',
          OwnerId: 'account-2',
          PolicyDocument: policy('arn:aws:iam::account-1:root'),
        },
      ],
    });
  });

  it.each([
    ['a role', `arn:aws:iam::${A}:role/team-x/deploy`, 'arn:aws:iam::account-1:role/principal-1/principal-2'],
    [
      'a session',
      `arn:aws-cn:sts::${A}:assumed-role/deploy/jane@example.com`,
      'arn:aws-cn:sts::account-1:assumed-role/principal-1/principal-2',
    ],
    ['a unique id and its session', 'AROAEXAMPLEEXAMPLE00:jane', 'principal-1:principal-2'],
    ['an access key', 'AKIAEXAMPLEEXAMPLE00', 'principal-1'],
    ['a wildcard', `arn:aws:iam::${A}:role/*`, 'arn:aws:iam::account-1:role/*'],
    ['a pattern', `arn:aws:iam::${A}:role/app-*`, 'arn:aws:iam::account-1:role/app-*'],
    ['sessions of an id', 'AROAEXAMPLEEXAMPLE00:*', 'principal-1:*'],
    ['the root', `arn:aws:iam::${A}:root`, 'arn:aws:iam::account-1:root'],
    [
      'a sentence',
      `User: arn:aws:sts::${A}:assumed-role/deploy/i-1 is not authorized`,
      'User: arn:aws:sts::account-1:assumed-role/principal-1/principal-2 is not authorized',
    ],
  ])('hides %s', (_what, principal, expected) => {
    expect(redacted({ PolicyDocument: policy(principal) })?.PolicyDocument).toBe(policy(expected));
  });

  it.each([
    ['10.111.122.33'],
    ['2001:db8:1111:2222:3333:4444:5555:6666'],
    ['vpce-0123456789012abcd'],
    ['vpce-svc-11112222333344445'],
    ['426614174000-eu'.replace('426614174000', '123e4567-e89b-12d3-a456-426614174000')],
    ['1111222233334'],
    ['com.amazonaws.eu-west-1.s3'],
    ['Z1BKCTXD74EZPE'],
  ])('leaves %s', (text) => {
    expect(redacted({ FailureReason: text })?.FailureReason).toBe(text);
  });

  it('is the same when done twice, and goes on counting where new names appear', () => {
    const once = redactCase(endpoint({ OwnerId: A, PolicyDocument: policy(`arn:aws:iam::${A}:role/deploy`) }));
    expect(redactCase(once)).toEqual(once);
    const more = redactCase({ ...once, warnings: [`${B} arn:aws:iam::${B}:user/jane`] });
    expect(more.warnings).toEqual(['account-2 arn:aws:iam::account-2:user/principal-2']);
  });

  it('leaves a case that fits, whatever was in it', () => {
    fc.assert(
      fc.property(arbitraryCase, (subject) => {
        const once = redactCase(subject);
        expect(decodeCase(encodeCase(once), 'x')).toEqual({ ok: true, case: once });
      }),
      { numRuns: 50 },
    );
  });
});

describe('the place of a fault in JSON', () => {
  it.each([
    ['', 'empty'],
    [' \n\t', 'empty'],
    ['{', 'not complete JSON: it ends at line 1, column 2'],
    ['{"a": "b', 'not complete JSON: it ends at line 1, column 9'],
    ['{"a": \n', 'not complete JSON: it ends at line 2, column 1'],
    ['{"a": 1,}', 'not JSON at line 1, column 9'],
    ['{"a" 1}', 'not JSON at line 1, column 6'],
    ['[1 2]', 'not JSON at line 1, column 4'],
    ['[1,]', 'not JSON at line 1, column 4'],
    ['{"a": 1]', 'not JSON at line 1, column 8'],
    ['{} {}', 'not JSON at line 1, column 4'],
    ["{'a': 1}", 'not JSON at line 1, column 2'],
    ['["a\nb"]', 'not JSON at line 1, column 4'],
    ['["\\x"]', 'not JSON at line 1, column 3'],
    ['[01]', 'not JSON at line 1, column 2'],
    ['[truex]', 'not JSON at line 1, column 2'],
    ['{\r\n  "a": undefined\r\n}', 'not JSON at line 2, column 8'],
    ['NaN', 'not JSON at line 1, column 1'],
  ])('%j is %s', (text, reason) => {
    expect(parseJson(text)).toEqual({ ok: false, reason });
  });

  it('is the beginning of the word or escape in which the engine sees it, wherever the engine tells', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', ']', ':', '\\', 'x', '1', '\n', ' '))
      .map(
        ([text, at, sign]) => text.slice(0, at % (text.length + 1)) + sign + text.slice((at % (text.length + 1)) + 1),
      );
    let told = 0;
    fc.assert(
      fc.property(fc.oneof(broken, fc.json(), fc.string()), (text) => {
        const parsed = parseJson(text);
        try {
          const value: unknown = JSON.parse(text);
          expect(parsed).toEqual({ ok: true, value });
        } catch (error) {
          expect(parsed.ok).toBe(false);
          const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(String(error)) ?? [];
          if (line === undefined || parsed.ok || parsed.reason === 'empty') return;
          told += 1;
          const [, ourLine, ourColumn] = /line (\d+), column (\d+)$/.exec(parsed.reason) ?? [];
          expect([text, ourLine]).toEqual([text, line]);
          const between = text.split(/\r\n|\n|\r/)[Number(line) - 1]?.slice(Number(ourColumn) - 1, Number(column) - 1);
          expect(Number(ourColumn)).toBeLessThanOrEqual(Number(column));
          expect([text, between]).toEqual([text, expect.stringMatching(/^(?:[\w.+-]*|\\u?[0-9a-fA-F]*)$/)]);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(told).toBeGreaterThan(200);
  });
});
