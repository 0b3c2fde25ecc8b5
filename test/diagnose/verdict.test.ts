/** Which verdict, standing and exit status follow from what was found and what was seen (design.md, "From evidence to rank"). */
import { describe, expect, it } from 'vitest';
import { type AnyCheck, absent, found, NOT_APPLICABLE, type Outcome, unknown } from '../../src/checks/check.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Verdict } from '../../src/model/report.ts';
import type { Missing } from '../../src/model/state.ts';
import { exitCode } from '../../src/report/exit-code.ts';
import { dns, finding, modelCase, sayingCheck, tcp } from './support.ts';

const [A, B] = [LAB.secretsAddressA, LAB.secretsAddressB];
const NAME = dns(LAB.secretsHost, 'answered', A, B);
const both = (first: 'open' | 'timeout', second: 'open' | 'timeout') => [
  NAME,
  tcp(A, first, [NAME.id]),
  tcp(B, second, [NAME.id]),
];
const GAP: Missing = { slice: 'networkAcls', action: 'ec2:DescribeNetworkAcls', why: 'denied' };
const SAYS = (outcome: Outcome<unknown>, more: Partial<AnyCheck> = {}) =>
  sayingCheck('endpoint-nacl-blocks-ingress', outcome, more);

/** The healthy world's case with these observations, or without packets where there are none. */
function report(checks: readonly AnyCheck[], observations?: readonly Observation[]) {
  const base = modelCase(healthyWorld());
  const subject = observations === undefined ? base : { ...base, probed: true, observations };
  return diagnose(subject, checks);
}

describe('without packets the model decides', () => {
  it.each<[string, Outcome<unknown>, Verdict]>([
    ['nothing found', absent('all is fine'), 'healthy'],
    ['the question does not arise', NOT_APPLICABLE, 'healthy'],
    ['advice only', found([finding('none')]), 'healthy'],
    ['a part is taken', found([finding('some')]), 'degraded'],
    ['something that matters is not known', unknown([GAP]), 'inconclusive'],
    ['something that does not matter is not known', unknown([GAP], false), 'healthy'],
  ])('%s: %s', (_words, outcome, verdict) => {
    const answer = report([SAYS(outcome)]);
    expect(answer.verdict).toBe(verdict);
    for (const cause of answer.causes) expect(cause.standing).toBe('modelled');
  });

  it('a model that is shut and a cause for it: blocked; without a cause nothing explains it: inconclusive', () => {
    const world = healthyWorld();
    for (const acl of world.api.networkAcls) acl.Entries = [];
    const subject = modelCase(world);
    expect(diagnose(subject, [SAYS(found([finding('all')]))]).verdict).toBe('blocked');
    expect(diagnose(subject, []).verdict).toBe('inconclusive');
  });
});

describe('with packets they decide', () => {
  it.each<[string, Outcome<unknown>, readonly Observation[], Verdict]>([
    ['all open, nothing found', absent(''), both('open', 'open'), 'healthy'],
    ['all open, and what could not be read does not matter any more', unknown([GAP]), both('open', 'open'), 'healthy'],
    ['nothing opens, a cause predicts it', found([finding('all')]), both('timeout', 'timeout'), 'blocked'],
    ['nothing opens, nothing found', absent(''), both('timeout', 'timeout'), 'inconclusive'],
    [
      'nothing opens, and all that was found is advice',
      found([finding('none', { predicts: () => undefined })]),
      both('timeout', 'timeout'),
      'inconclusive',
    ],
    ['nothing opens, the reason could not be read', unknown([GAP]), both('timeout', 'timeout'), 'inconclusive'],
    ['one of two opens, a cause predicts it', found([finding('some')]), both('timeout', 'open'), 'degraded'],
    ['one of two opens, nothing found', absent(''), both('timeout', 'open'), 'inconclusive'],
    ['all open, a finding is disproved', found([finding('all')]), both('open', 'open'), 'healthy'],
    [
      'all open, a finding that no probe speaks of',
      found([finding('some', { predicts: () => undefined })]),
      both('open', 'open'),
      'degraded',
    ],
    ['all open, advice', found([finding('none', { predicts: () => undefined })]), both('open', 'open'), 'healthy'],
    ['no name, no connection', absent(''), [dns(LAB.secretsHost, 'nxdomain')], 'inconclusive'],
    ['nothing was tried to the end', absent(''), [NAME], 'inconclusive'],
  ])('%s: %s', (_words, outcome, observations, verdict) =>
    expect(report([SAYS(outcome)], observations).verdict).toBe(verdict),
  );
});

describe('a detour that works explains no failure on it', () => {
  const open = tcp(A, 'open', [NAME.id]);
  const hello = {
    id: `tls ${A}:443 ${LAB.secretsHost}`,
    rung: 'tls',
    subject: { address: A, port: 443, serverName: LAB.secretsHost },
    after: [open.id],
    ms: 5_000,
    outcome: 'timeout',
    detail: { chain: [], failure: { code: 'VPCE_DOCTOR_TLS_TIMEOUT' } },
  } satisfies Observation;
  const name = { ...NAME, detail: { ...NAME.detail, addresses: [A] } };
  const detour = finding('some', { predicts: (one) => (one.id === open.id ? 'agrees' : undefined) });
  const whole = finding('all', { predicts: (one) => (one.rung === 'tls' ? 'agrees' : undefined) });

  it('the handshake stays unexplained, and nothing is blamed for it', () => {
    const answer = report([SAYS(found([detour]))], [name, open, hello]);
    expect(answer).toMatchObject({ verdict: 'inconclusive', unexplained: [hello.id] });
    expect(answer.headline).toContain('nothing that could be seen explains it');
  });

  it('another cause may explain it', () => {
    const also = sayingCheck('tls-handshake-dropped', found([whole]));
    const answer = report([SAYS(found([detour])), also], [name, open, hello]);
    expect(answer).toMatchObject({ verdict: 'blocked', unexplained: [] });
  });

  it('and where a part is explained, the headline says so', () => {
    const one = found([finding('some', { predicts: (seen) => (seen.id === `tcp ${B}:443` ? 'agrees' : undefined) })]);
    const answer = report([SAYS(one)], [NAME, tcp(A, 'open', [NAME.id]), tcp(B, 'timeout', [NAME.id])]);
    expect(answer.headline).toMatch(/One cause explains it/);
    const more = dns(LAB.secretsHost, 'timeout');
    const lost = { ...more, id: `${more.id} again 2`, subject: { ...more.subject, attempt: 2 } };
    const less = report([SAYS(one)], [NAME, tcp(A, 'open', [NAME.id]), tcp(B, 'timeout', [NAME.id]), lost]);
    expect(less.headline).toMatch(/One cause explains a part of it/);
  });
});

describe('standing', () => {
  const of = (outcome: Outcome<unknown>, observations?: readonly Observation[], more: Partial<AnyCheck> = {}) => {
    const answer = report([SAYS(outcome, more)], observations);
    return { standing: answer.causes[0]?.standing, contradicted: answer.contradicted.length };
  };
  const suspect = () => finding('all');
  it.each([
    ['no packets: modelled', of(found([finding('all')])), 'modelled', 0],
    ['a probe shows the symptom: confirmed', of(found([finding('all')]), both('timeout', 'timeout')), 'confirmed', 0],
    ['no probe speaks of it: likely', of(found([finding('all')]), [NAME, tcp(B, 'timeout')]), 'likely', 0],
    [
      'a probe shows the opposite: contradicted, never blamed',
      of(found([finding('all')]), both('open', 'open')),
      undefined,
      1,
    ],
    [
      'a suspicion from packets alone is never more than likely',
      of(unknown([GAP]), both('timeout', 'timeout'), { suspect }),
      'likely',
      0,
    ],
    ['and is not made where there are no packets', of(unknown([GAP]), undefined, { suspect }), undefined, 0],
  ])('%s', (_words, seen, standing, contradicted) => expect(seen).toEqual({ standing, contradicted }));

  it('one probe that shows the symptom outweighs one that shows the opposite', () => {
    const twice = [NAME, tcp(A, 'open'), { ...tcp(A, 'timeout'), id: `tcp ${A}:443 again` }];
    expect(of(found([finding('some')]), twice)).toEqual({ standing: 'confirmed', contradicted: 0 });
  });
});

describe('a report says everything about every cause once', () => {
  it.each<[string, Outcome<unknown>, readonly Observation[] | undefined, string]>([
    ['found', found([finding('all')]), both('timeout', 'timeout'), 'causes'],
    ['absent', absent('rule 100 allows it'), undefined, 'ruledOut'],
    ['unknown', unknown([GAP]), undefined, 'undecided'],
    ['contradicted', found([finding('all')]), both('open', 'open'), 'contradicted'],
    ['not applicable', NOT_APPLICABLE, undefined, ''],
  ])('%s', (_words, outcome, observations, place) => {
    const answer = report([SAYS(outcome)], observations);
    const held = (['causes', 'ruledOut', 'undecided', 'contradicted'] as const).filter(
      (list) => answer[list].length > 0,
    );
    expect(held).toEqual(place === '' ? [] : [place]);
  });

  it('of two targets, found for one is not ruled out for the other', () => {
    const world = healthyWorld();
    const check = sayingCheck('client-nacl-blocks-egress', (id) =>
      id === LAB.s3Host ? found([finding('some')]) : absent('fine'),
    );
    const answer = diagnose(modelCase(world, [LAB.secretsHost, LAB.s3Host]), [check]);
    expect(answer.causes.map((cause) => cause.targets)).toEqual([[LAB.s3Host]]);
    expect(answer.ruledOut).toEqual([]);
    expect(answer.targets.map((target) => target.status)).toEqual(['reachable', 'degraded']);
    expect(answer.verdict).toBe('degraded');
  });

  it('what could not be read is named with the call that would tell', () => {
    expect(report([SAYS(unknown([GAP]))]).undecided).toMatchObject([{ matters: true, missing: [GAP] }]);
  });
});

describe('a failing probe', () => {
  it('that no cause predicts is unexplained, with what follows from it left out', () => {
    const [, first, second] = both('timeout', 'timeout');
    const answer = report(
      [SAYS(found([finding('some')]))],
      [NAME, first, second].filter((one) => one !== undefined),
    );
    expect(answer.unexplained).toEqual([second?.id]);
    const lost = dns(LAB.secretsHost, 'timeout');
    const after = [lost, tcp(A, 'timeout', [lost.id])];
    const cause = found([finding('all', { predicts: (one) => (one.rung === 'dns' ? 'agrees' : undefined) })]);
    expect(report([sayingCheck('resolver-unreachable', cause)], after).unexplained).toEqual([]);
  });

  it('of an address that the target does not use is nobody’s', () => {
    expect(report([SAYS(absent(''))], [...both('open', 'open'), tcp('10.0.9.9', 'timeout')]).verdict).toBe('healthy');
  });
});

describe('exit status (design.md, command line)', () => {
  it.each<[Verdict, number]>([
    ['healthy', 0],
    ['degraded', 1],
    ['blocked', 1],
    ['inconclusive', 2],
  ])('%s is %d', (verdict, status) => expect(exitCode(verdict)).toBe(status));
});
