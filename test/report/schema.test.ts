import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { exitCode } from '../../src/report/exit-code.ts';
import { FORMATS } from '../../src/report/formats.ts';
import { render } from '../../src/report/index.ts';
import { renderJson } from '../../src/report/json.ts';
import { reportJsonSchema, reportSchemaFile } from '../../src/report/schema.ts';
import { FIXTURES } from './fixtures.ts';
import { scrambled } from './scramble.ts';

const open = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('allowed'));
const closed = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('refused'));
const parsed = (report: Report): unknown => JSON.parse(renderJson(report));

describe('the schema', () => {
  test('the published file is the generated one; `node scripts/report-schema.ts` writes it', () => {
    const file = readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8');
    expect(file).toBe(reportSchemaFile());
    expect(JSON.parse(file)).toEqual(reportJsonSchema());
  });

  test.each(Object.entries(FIXTURES))('%s is valid', (_, report) => {
    expect(closed(parsed(report)), JSON.stringify(closed.errors)).toBe(true);
    expect(open(parsed(report))).toBe(true);
  });

  test('a reader accepts fields of a later version, our own tests do not', () => {
    const later = { ...FIXTURES.healthy, mood: 'good', vantage: { ...FIXTURES.healthy.vantage, weather: 'fine' } };
    expect(open(later)).toBe(true);
    expect(closed(later)).toBe(false);
  });

  test.each<[string, object]>([
    ['another verdict', { verdict: 'broken' }],
    ['another version', { schemaVersion: 2 }],
    ['a field that is missing', { headline: undefined }],
    ['a cause of no known code', { causes: [{ ...FIXTURES['endpoint-group'].causes[0], code: 'gremlins' }] }],
    ['a rank of zero', { causes: [{ ...FIXTURES['endpoint-group'].causes[0], rank: 0 }] }],
    ['an outcome of another rung', { observations: [{ ...FIXTURES.healthy.observations[1], outcome: 'nxdomain' }] }],
  ])('%s is refused', (_, change) => {
    expect(open(JSON.parse(JSON.stringify({ ...FIXTURES.healthy, ...change })))).toBe(false);
  });
});

/** The same data with every object's keys turned round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe('renderJson', () => {
  test.each(Object.entries(FIXTURES))('%s comes back as it went in', (_, report) => {
    expect(parsed(report)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  test('keys stand in the order of the schema, however the report was put together', () => {
    for (const report of Object.values(FIXTURES)) {
      expect(renderJson(reversed(report) as Report)).toBe(renderJson(report));
      const keys = Object.keys(parsed(report) as object);
      expect(keys.slice(0, 6)).toEqual(['schemaVersion', 'tool', 'startedAt', 'durationMs', 'verdict', 'headline']);
    }
  });

  test('a report that breaks the schema is still printed', () => {
    const odd = { ...FIXTURES.healthy, verdict: 'odd' } as unknown as Report;
    expect(JSON.parse(renderJson(odd))).toMatchObject({ verdict: 'odd', headline: FIXTURES.healthy.headline });
  });

  test('nothing in it can move a terminal, and nothing is lost by that', () => {
    fc.assert(
      fc.property(scrambled(Object.values(FIXTURES)), (report) => {
        const json = renderJson(report);
        expect(json).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(report)));
        expect(json).toMatch(/^\{\n {2}"[\s\S]*\n\}\n$/);
      }),
    );
  });
});

test('verdicts and exit codes', () => {
  const codes = (['healthy', 'degraded', 'blocked', 'inconclusive'] as const).map(exitCode);
  expect(codes).toEqual([0, 1, 1, 2]);
});

test('every format renders every fixture, ending in one line break', () => {
  expect(FORMATS).toEqual(['text', 'json', 'markdown', 'html']);
  for (const format of FORMATS) {
    for (const report of Object.values(FIXTURES)) {
      expect(render(report, format, { width: 100, color: false, verbose: false })).toMatch(/[^\n]\n$/);
    }
  }
});
