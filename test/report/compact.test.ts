/** The report within Run Command's limit: always fits, always a report, and says what it lacks. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { renderCompact } from '../../src/report/compact.ts';
import { LEAST_BYTES } from '../../src/report/formats.ts';
import { renderJson } from '../../src/report/json.ts';
import { reportJsonSchema } from '../../src/report/schema.ts';
import { FIXTURES } from './fixtures.ts';

const valid = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('refused'));
const size = (text: string) => Buffer.byteLength(text);
const parse = (line: string) => JSON.parse(line) as Report;

/** A report of many targets, each with what it has. */
function many(report: Report, count: number): Report {
  const times = <T>(values: readonly T[]) => Array.from({ length: count }, () => values).flat();
  return {
    ...report,
    targets: times(report.targets),
    causes: times(report.causes),
    observations: times(report.observations),
    ruledOut: times(report.ruledOut),
    warnings: times([...report.warnings, 'A warning with “quotes” – and 日本語.']),
    notChecked: times(report.notChecked),
  };
}

describe.each(Object.entries(FIXTURES))('%s', (_, report) => {
  test('is whole, on one line, where there is room', () => {
    const line = renderCompact(report, 10_000_000);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(parse(line)).toEqual(JSON.parse(renderJson(report)));
  });

  test.each([1, 30])('%i times as much fits any limit, is valid, and names what is gone', (count) => {
    const large = many(report, count);
    fc.assert(
      fc.property(fc.integer({ min: LEAST_BYTES, max: 30_000 }), (most) => {
        const line = renderCompact(large, most);
        expect(size(line)).toBeLessThanOrEqual(most);
        const small = parse(line);
        expect(valid(small), JSON.stringify(valid.errors)).toBe(true);
        expect([small.verdict, small.causes[0]?.code]).toEqual([report.verdict, report.causes[0]?.code]);
        const kept = JSON.stringify({ ...small, warnings: [] });
        const whole = JSON.stringify({ ...(JSON.parse(renderJson(large)) as Report), warnings: [] });
        if (kept !== whole) expect(small.warnings.at(-1)).toContain(`Left out to fit ${most} bytes: `);
      }),
      { numRuns: 6 },
    );
  });
});

describe('what goes', () => {
  const report = FIXTURES['endpoint-group'];

  test('first are the observations that nothing refers to', () => {
    const room = size(renderCompact(report, 10_000_000));
    const extra = Array.from({ length: 40 }, (_, i) => ({ ...report.observations[0], id: `dns extra ${i}` }));
    const large = { ...report, observations: [...report.observations, ...extra] } as Report;
    const small = parse(renderCompact(large, room + 300));
    expect(small.observations.map(({ id }) => id)).not.toContain('dns extra 1');
    for (const id of small.causes.flatMap((cause) => cause.explains))
      expect(small.observations.map((one) => one.id)).toContain(id);
    expect(small.warnings.at(-1)).toMatch(/^Left out to fit \d+ bytes: observations that no cause refers to\. /);
    expect(small.causes).toEqual(parse(renderCompact(report, 10_000_000)).causes);
  });

  test('texts of any length fit in the end', () => {
    const target = report.targets.map((one) => ({ ...one, summary: 'x'.repeat(100_000) }));
    expect(
      size(renderCompact({ ...report, targets: target, headline: '😀'.repeat(9_000) }, LEAST_BYTES)),
    ).toBeLessThanOrEqual(LEAST_BYTES);
  });

  test('a limit that no report fits is refused', () => {
    expect(() => renderCompact(report, LEAST_BYTES - 1)).toThrow('4000 bytes');
  });
});
