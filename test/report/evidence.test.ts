import { describe, expect, test } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import { describeObservation, evidenceLines, sightsOf, unexplainedLines } from '../../src/report/evidence.ts';
import { unexplained } from './fixtures.ts';
import { endpointGroup, twoFaults } from './fixtures-faults.ts';
import { dns, https, SECRETS, tcp, tls } from './parts.ts';

describe('describeObservation', () => {
  test.each<[Observation, string]>([
    [dns(SECRETS, ['10.0.2.14', '10.0.3.14']), `dns ${SECRETS} A @10.0.0.2 — 10.0.2.14 and 10.0.3.14`],
    [dns('x.test', [], { outcome: 'nxdomain' }), 'dns x.test A @10.0.0.2 — NXDOMAIN, there is no such name'],
    [dns('x.test', [], { outcome: 'timeout', ms: 2000 }), 'dns x.test A @10.0.0.2 — no answer in 2 s'],
    [
      dns('x.test', [], { outcome: 'no-data', type: 'AAAA' }),
      'dns x.test AAAA @10.0.0.2 — the name exists, without an AAAA record',
    ],
    [tcp('10.0.2.14', 'timeout'), 'tcp 10.0.2.14:443 — no answer in 3.5 s'],
    [tcp('10.0.2.14', 'open'), 'tcp 10.0.2.14:443 — open in 1 ms'],
    [tcp('fd00::1', 'refused'), 'tcp [fd00::1]:443 — refused after 1 ms'],
    [tcp('10.0.2.14', 'unreachable', { code: 'EHOSTUNREACH' }), 'tcp 10.0.2.14:443 — no way there (EHOSTUNREACH)'],
    [tcp('10.0.2.14', 'prohibited', { code: 'EPERM' }), 'tcp 10.0.2.14:443 — this machine forbids it (EPERM)'],
    [tcp('10.0.2.14', 'skipped', { ms: 0 }), 'tcp 10.0.2.14:443 — not asked, the run ended first'],
    [
      tls('10.0.2.14', 'a.test', 'name-mismatch', { certificate: { subjectAlternativeNames: ['b.test', '*.b.test'] } }),
      'tls 10.0.2.14:443 a.test — the certificate is for b.test and *.b.test, not for a.test',
    ],
    [
      tls('10.0.2.14', 'a.test', 'untrusted', { certificate: { issuer: 'CN=Corporate Proxy' } }),
      'tls 10.0.2.14:443 a.test — the certificate is not trusted here, issued by CN=Corporate Proxy',
    ],
    [
      tls('10.0.2.14', 'a.test', 'timeout', { ms: 4000 }),
      'tls 10.0.2.14:443 a.test — TCP opens, the ClientHello gets no answer in 4 s',
    ],
    [
      https('10.0.2.14', 'a.test', { status: 403, errorType: 'ForbiddenException' }),
      'https 10.0.2.14:443 a.test GET / — AWS answers 403 ForbiddenException in 21 ms',
    ],
    [
      https('10.0.2.14', 'a.test', { status: 200, outcome: 'other-answer', server: 'nginx' }),
      'https 10.0.2.14:443 a.test GET / — 200 from nginx, no sign of AWS',
    ],
  ])('%#', (observation, words) => {
    expect(describeObservation(observation)).toBe(words);
  });

  test('a header of any length stays readable', () => {
    const words = describeObservation(
      https('10.0.2.14', 'a.test', { outcome: 'other-answer', server: 'x'.repeat(5000) }),
    );
    expect(words.length).toBeLessThan(250);
  });
});

describe('evidenceLines', () => {
  const silent = ['10.0.2.14', '10.0.3.14', '10.0.4.14', '10.0.5.14'].map((address) => tcp(address, 'timeout'));
  const ids = silent.map((o) => o.id);

  test('equal answers are one sight', () => {
    expect(evidenceLines([...silent, tcp('10.0.6.14', 'open')], [...ids, 'tcp 10.0.6.14:443'])).toEqual([
      'tcp 10.0.2.14:443, 10.0.3.14:443, 10.0.4.14:443 and 10.0.5.14:443 — no answer in 3.5 s',
      'tcp 10.0.6.14:443 — open in 1 ms',
    ]);
  });

  test('what is left out is counted', () => {
    expect(evidenceLines(silent, ids, 2)).toEqual(['tcp 10.0.2.14:443, 10.0.3.14:443 and 2 more — no answer in 3.5 s']);
    // A moment more or less is the machine's; another limit is told.
    const late = silent.map((one, i) => ({ ...one, ms: 3_500 + 40 * i }));
    expect(evidenceLines(late, ids, 2)).toEqual(['tcp 10.0.2.14:443, 10.0.3.14:443 and 2 more — no answer in 3.6 s']);
    const other = silent.map((one, i) => (i === 0 ? { ...one, ms: 500 } : one));
    expect(evidenceLines(other, ids)).toHaveLength(2);
  });

  test('what differs in the middle or at the end is told once, too', () => {
    const seen = [tls('10.0.2.14', SECRETS), tls('10.0.3.14', SECRETS)];
    expect(
      evidenceLines(
        seen,
        seen.map((o) => o.id),
      ),
    ).toEqual([`tls 10.0.2.14:443 and 10.0.3.14:443 ${SECRETS} — trusted certificate in 9 ms`]);
    const ports = [33000, 52000].map((localPort) => tcp('10.0.2.14', 'timeout', { localPort }));
    expect(
      evidenceLines(
        ports,
        ports.map((o) => o.id),
      ),
    ).toEqual(['tcp 10.0.2.14:443 from port 33000 and 52000 — no answer in 3.5 s']);
  });

  test('questions that differ in more than one word stay whole', () => {
    const seen = [tls('10.0.2.14', 'a.test'), tls('10.0.3.14', 'b.test')];
    expect(
      evidenceLines(
        seen,
        seen.map((o) => o.id),
      )[0],
    ).toContain('tls 10.0.2.14:443 a.test and tls 10.0.3.14:443 b.test');
  });

  test('an id that nothing was observed for adds no line', () => {
    expect(evidenceLines(silent, ['tcp 10.9.9.9:443'])).toEqual([]);
  });
});

test('a cause does not repeat what its reasons tell', () => {
  const [first] = twoFaults.causes;
  if (first === undefined) throw new Error('fixture without a cause');
  expect(first.explains).toContain(`dns ${SECRETS} A @10.0.0.2`);
  expect(sightsOf(twoFaults, first).join('\n')).not.toContain('dns ');
});

test('loose ends are told even without their observation', () => {
  expect(unexplainedLines(unexplained)).toHaveLength(2);
  expect(unexplainedLines({ ...endpointGroup, unexplained: ['tcp 10.9.9.9:443'] })).toEqual(['tcp 10.9.9.9:443']);
});
