import { describe, expect, test } from 'vitest';
import type { Report, ReportCause, ReportFix, Undecided } from '../../src/model/report.ts';
import {
  fineByLayer,
  hasFixPlan,
  openQuestions,
  proofSentence,
  refusedCalls,
  shortNames,
  targetGroups,
  vantageParts,
  wayTaken,
} from '../../src/report/summary.ts';
import { atMost, formatDuration, joinWords, sentence } from '../../src/report/words.ts';
import { healthy, inconclusive } from './fixtures.ts';
import { endpointGroup, twoFaults } from './fixtures-faults.ts';
import { manyTargets } from './fixtures-odd.ts';
import { emptyReport, SECRETS, target, vantage } from './parts.ts';

const [template] = endpointGroup.causes;
if (template === undefined) throw new Error('fixture without a cause');
const cause = (
  rank: number,
  targets: string[],
  fix: Partial<ReportFix>,
  rest: Partial<ReportCause> = {},
): ReportCause => ({
  ...template,
  rank,
  targets,
  ...rest,
  fix: { ...template.fix, ...fix },
});
const reportOf = (targets: string[], ...causes: ReportCause[]): Report => ({
  ...emptyReport,
  targets: targets.map((id) => target(id, {})),
  causes,
});

describe('proofSentence', () => {
  const opens = { proof: 'opens', reason: 'Why.' } as const;
  const necessary = { proof: 'necessary', reason: 'b still blocks.' } as const;

  test.each([
    ['one target', reportOf(['a'], cause(1, ['a'], opens)), 'With this alone the model opens a.'],
    [
      'three targets',
      reportOf(['a', 'b', 'c', 'd'], cause(1, ['a', 'b', 'c'], opens)),
      'With this alone the model opens a, b and c.',
    ],
    [
      'all of many',
      reportOf(['a', 'b', 'c', 'd'], cause(1, ['a', 'b', 'c', 'd'], opens)),
      'With this alone the model opens all 4 targets.',
    ],
    [
      'not the target that another cause holds closed',
      reportOf(['a', 'b'], cause(1, ['a', 'b'], opens), cause(2, ['b'], necessary)),
      'With this alone the model opens a.',
    ],
    [
      'advice holds nothing closed',
      reportOf(['a'], cause(1, ['a'], opens), cause(2, ['a'], necessary, { severity: 'advice' })),
      'With this alone the model opens a.',
    ],
    [
      'together with one',
      reportOf(['a'], cause(1, ['a'], necessary), cause(2, ['a'], necessary)),
      'Needed, together with cause 2.',
    ],
    [
      'together with two, not with a stranger',
      reportOf(
        ['a', 'b'],
        cause(1, ['a'], necessary),
        cause(2, ['a'], necessary),
        cause(3, ['b'], opens),
        cause(4, ['a'], necessary),
      ),
      'Needed, together with causes 2 and 4.',
    ],
    ['necessary, alone', reportOf(['a'], cause(1, ['a'], necessary)), 'b still blocks.'],
    [
      'unproven',
      reportOf(['a'], cause(1, ['a'], { proof: 'unproven', reason: 'The model knows no proxy' })),
      'The model knows no proxy.',
    ],
  ])('%s', (_, report, words) => {
    const [first] = report.causes;
    expect(first === undefined ? '' : proofSentence(report, first)).toBe(words);
  });
});

describe('openQuestions', () => {
  const open = (code: Undecided['code'], ...missing: Undecided['missing']): Undecided => ({
    code,
    title: '',
    targets: [],
    missing,
    matters: true,
  });

  test('a denied call is told with the causes that it would decide', () => {
    expect(openQuestions(inconclusive.undecided.filter(({ matters }) => matters))).toEqual([
      {
        obstacle: 'ec2:DescribeNetworkAcls was denied; allowing it would decide',
        codes: ['client-nacl-blocks-egress', 'client-nacl-blocks-return', 'endpoint-nacl-blocks-ingress'],
      },
    ]);
  });

  test('an API out of reach is one obstacle, whatever it hides', () => {
    const away = (action: string) => ({ slice: 'subnets', action, why: 'unreachable' }) as const;
    const questions = openQuestions([
      open('route-missing', away('ec2:DescribeRouteTables')),
      open('endpoint-zone-gap', away('ec2:DescribeSubnets')),
    ]);
    expect(questions).toHaveLength(1);
    expect(questions[0]?.obstacle).toContain('ec2:DescribeRouteTables and ec2:DescribeSubnets');
    expect(questions[0]?.codes).toEqual(['route-missing', 'endpoint-zone-gap']);
  });

  test.each([
    ['not-given', 'no --state document holds network ACLs; the answer of ec2:DescribeNetworkAcls would decide'],
    ['not-asked', 'ec2:DescribeNetworkAcls was not called in this run; calling the API would decide'],
    [
      'not-visible',
      "acl-0b cannot be seen by this caller; ec2:DescribeNetworkAcls by the owner's account would decide",
    ],
    ['not-found', 'ec2:DescribeNetworkAcls does not list acl-0b; finding it would decide'],
    ['failed', 'ec2:DescribeNetworkAcls failed (acl-0b); another run would decide'],
    ['no-credentials', 'there are no credentials to call ec2:DescribeNetworkAcls; credentials would decide'],
    ['timeout', 'ec2:DescribeNetworkAcls did not answer in time; another run would decide'],
  ] as const)('%s', (why, obstacle) => {
    const entry = { slice: 'networkAcls', action: 'ec2:DescribeNetworkAcls', why, detail: 'acl-0b' } as const;
    expect(openQuestions([open('client-nacl-blocks-egress', entry)])[0]?.obstacle).toBe(obstacle);
  });
});

test('targets are grouped by status and causes, worst first', () => {
  expect(targetGroups(manyTargets).map(({ status, ranks, targets }) => [status, ranks, targets.length])).toEqual([
    ['unreachable', [1], 22],
    ['reachable', [], 3],
  ]);
});

test('what is fine is told by layer, each fact once', () => {
  const layers = fineByLayer(healthy);
  expect(layers.map(({ layer }) => layer)).toEqual(['endpoint', 'dns', 'path']);
  expect(layers[2]?.because).toHaveLength(3);
});

test('refused calls that an open question names already are not told again', () => {
  expect(refusedCalls(inconclusive)).toEqual(['ec2:DescribeInstances was refused: UnauthorizedOperation.']);
});

test('a plan of one step is a plan only when something stays closed', () => {
  expect([endpointGroup, twoFaults].map(hasFixPlan)).toEqual([false, true]);
  const { fixPlan } = endpointGroup;
  expect(hasFixPlan({ ...endpointGroup, fixPlan: { ...fixPlan, remaining: [SECRETS] } })).toBe(true);
});

test.each([
  [{ intendedPath: 'vpce-0aa (interface)', actualPath: 'vpce-0aa' }, 'By way of vpce-0aa (interface).'],
  [
    { intendedPath: 'vpce-0aa (interface)', actualPath: 'public' },
    'Meant for vpce-0aa (interface), but takes public addresses.',
  ],
  [{ intendedPath: 'vpce-0aa (interface)', actualPath: 'none' }, 'Meant for vpce-0aa (interface).'],
  [{ actualPath: 'nat-0aa' }, 'By way of nat-0aa.'],
  [{ actualPath: 'unknown' }, ''],
  [{}, ''],
])('the way taken: %j', (paths, words) => {
  expect(wayTaken(target(SECRETS, paths))).toBe(words);
});

test('many names lose the domain that they share, few or foreign ones keep it', () => {
  const hosts = ['kms', 'api.ecr', 'sts'].map((name) => `${name}.eu-west-1.amazonaws.com`);
  expect(shortNames(hosts)).toEqual({ domain: 'eu-west-1.amazonaws.com', names: ['kms', 'api.ecr', 'sts'] });
  expect(shortNames([...hosts, '10.0.2.14']).domain).toBeUndefined();
  expect(shortNames(hosts.slice(1)).domain).toBeUndefined();
  expect(shortNames([...hosts, 'eu-west-1.amazonaws.com'])).toEqual({
    domain: 'amazonaws.com',
    names: ['kms.eu-west-1', 'api.ecr.eu-west-1', 'sts.eu-west-1', 'eu-west-1'],
  });
});

test('the vantage says what was assumed, and that nothing is known where nothing is', () => {
  expect(vantageParts(vantage)).toHaveLength(4);
  expect(vantageParts(inconclusive.vantage)).toContain('source ports 32768–60999 assumed');
  const nothing = {
    kind: 'host',
    addresses: [],
    securityGroupIds: [],
    resolvers: [],
    ephemeralPorts: vantage.ephemeralPorts,
    notes: [],
  };
  expect(vantageParts(nothing)).toEqual(['client unknown']);
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [3500, '3.5 s'],
  [30_000, '30 s'],
  [59_990, '1 min'],
  [125_000, '2 min 5 s'],
])('%i milliseconds read %s', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});

test('words', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(joinWords)).toEqual(['', 'a', 'a and b', 'a, b and c']);
  expect(atMost(['a', 'b', 'c'], 2)).toEqual(['a', 'b', '1 more']);
  expect(['x', 'x.', ' x? ', ''].map(sentence)).toEqual(['x.', 'x.', 'x?', '']);
});
