/** Connections that open now and then: how it is told from a dead address and from a rule about source ports. */
import { describe, expect, it } from 'vitest';
import { type Attempt, portPattern } from '../../src/checks/path/attempts.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import { dns, modelCase, tcp } from '../diagnose/support.ts';
import { runInLab } from './lab-run.ts';

const A = LAB.secretsAddressA;

/** `+` opened, `-` did not; source ports rise from left to right. */
const attempts = (pattern: string): Attempt[] =>
  [...pattern].map((sign, i) => ({ id: `${i}`, opened: sign === '+', localPort: 40_000 + i }));

describe('the source port', () => {
  it.each([
    ['+-+-+-+-+-', { kind: 'scattered' }],
    ['++--++--+-', { kind: 'scattered' }],
    ['+++++-----', { kind: 'range', opened: false, from: 40_005, to: 40_009 }],
    ['--+++++++++++++---', { kind: 'range', opened: true, from: 40_002, to: 40_014 }],
    ['+++++++++-', { kind: 'unclear' }],
    ['++++++++--', { kind: 'unclear' }],
    ['++-', { kind: 'unclear' }],
  ])('of %s', (pattern, expected) => {
    expect(portPattern(attempts(pattern))).toEqual(expected);
    // The order in which they were made is nothing.
    expect(portPattern(attempts(pattern).toReversed())).toEqual(expected);
  });

  it('that is not known says nothing', () => {
    expect(portPattern(attempts('+++++-----').map((one) => ({ ...one, localPort: undefined })))).toEqual({
      kind: 'scattered',
    });
  });
});

describe('a target', () => {
  /** Attempts at one address by this pattern, beside one good connection to the other. */
  function seen(pattern: string, world: World = healthyWorld(), denied: readonly string[] = []): Case {
    const subject = modelCase(world);
    const series = attempts(pattern).map(({ opened, localPort }) => {
      const one = tcp(A, opened ? 'open' : 'timeout');
      return { ...one, id: `${one.id} from port ${localPort}`, subject: { ...one.subject, localPort } };
    });
    const refused = Object.fromEntries(denied.map((name) => [name, { known: false, why: 'denied' }]));
    return {
      ...subject,
      state: { ...stateOfWorld(world), ...refused } as Case['state'],
      probed: true,
      observations: [
        dns(LAB.secretsHost, 'answered', A, LAB.secretsAddressB),
        tcp(A, pattern.startsWith('+') ? 'open' : 'timeout'),
        tcp(LAB.secretsAddressB, 'open'),
        ...series,
      ],
    };
  }
  const causes = (subject: Case) => diagnose(subject).causes.map((cause) => [cause.code, cause.standing]);

  it('that opens now and then is intermittent, with its share', () => {
    const report = diagnose(seen('+-+-+-+-+-++'));
    expect(report.causes).toMatchObject([
      { code: 'connection-intermittent', standing: 'confirmed', severity: 'degrading', resources: [A] },
    ]);
    expect(report.causes[0]?.summary).toContain('opened in 8 of 13 attempts, 95 % between 36 % and 82 %');
    expect(report.causes[0]?.summary).toContain('the source port makes no difference');
    expect(report.causes[0]?.summary).toContain(`${LAB.secretsAddressB} always opened`);
    expect([report.verdict, report.unexplained]).toEqual(['degraded', []]);
  });

  it('of which one address never opens is not', () => {
    const report = diagnose(seen('------------'));
    expect(report.causes).toEqual([]);
    expect(report.unexplained).toEqual([`tcp ${A}:443`]);
    expect(report.ruledOut.find((one) => one.code === 'connection-intermittent')?.because).toContain('the same way');
  });

  it('too few attempts blame nothing', () => expect(causes(seen('+-+'))).toEqual([]));

  it('whose network ACL admits a part of the ports has that cause and no other', () => {
    const world = healthyWorld();
    const [acl] = world.api.networkAcls;
    acl?.Entries?.unshift({
      RuleNumber: 90,
      Protocol: '6',
      RuleAction: 'deny',
      Egress: false,
      CidrBlock: '0.0.0.0/0',
      PortRange: { From: 40_005, To: 61_000 },
    });
    expect(causes(seen('+++++-----', world)).map(([code]) => code)).toEqual(['client-nacl-blocks-return']);
  });

  it('whose rules could not be read is only suspected, and not where ports point to a rule', () => {
    expect(causes(seen('+-+-+-+-+-++', healthyWorld(), ['networkAcls']))).toEqual([
      ['connection-intermittent', 'likely'],
    ]);
    for (const pattern of ['+++++-----', '+++++++++-']) {
      const report = diagnose(seen(pattern, healthyWorld(), ['networkAcls']));
      expect(report.causes.map((cause) => cause.code)).not.toContain('connection-intermittent');
      expect(report.undecided.map((one) => one.code)).toContain('connection-intermittent');
    }
  });

  it('lost by a range although the rules that were read pass it: the range is told', () => {
    expect(diagnose(seen('+++++-----')).causes[0]?.summary).toMatch(/those from source ports 40005-40009/);
  });
});

describe.concurrent('with packets', () => {
  const every = (n: number): World => ({ ...healthyWorld(), middleboxes: { [A]: { losesEveryConnection: n } } });

  it('--repeat counts', async () => {
    const { report, questions } = await runInLab(every(4), [LAB.secretsHost], { options: { repeat: 16 } });
    expect(report.causes).toMatchObject([{ code: 'connection-intermittent', standing: 'confirmed' }]);
    expect(questions.filter((question) => question === `tcp ${A}:443`).length).toBeGreaterThanOrEqual(17);
    expect(report.coverage.filter((entry) => entry.why?.includes('--repeat')).map((entry) => entry.what)).toEqual([
      'dns',
      'tcp',
    ]);
  });

  it('a handshake whose connection is lost brings a series by itself, and a steady target none', async () => {
    const { case: subject } = await runInLab(every(2));
    expect(subject.observations.filter((one) => one.id.includes('from port'))).toHaveLength(10);
    const { case: steady } = await runInLab(healthyWorld());
    expect(steady.observations.filter((one) => one.id.includes('from port'))).toEqual([]);
  });

  it('an address that is silent against all rules is tried again before it is called dead', async () => {
    const { case: subject, report } = await runInLab(every(1));
    expect(subject.observations.filter((one) => one.id.includes('from port'))).toHaveLength(10);
    expect(report.causes).toEqual([]);
    expect(report.unexplained.length).toBeGreaterThan(0);
  });
});
