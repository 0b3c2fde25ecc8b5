/**
 * Public reports and traps, written by hand as what the AWS CLI prints and what `probe` saw, independent of the lab. Each
 * folder is one run of `diagnose`; its expect.json says what an expert would answer, and where the report stands.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ReportSchema } from '../../src/report/schema.ts';
import { run } from '../cli/support/run.ts';

type Expected = {
  /** why the case is here, where its name does not say it */
  readonly about?: string;
  /** the report, or the page with the rule */
  readonly source?: string;
  readonly from?: string;
  readonly args?: readonly string[];
  readonly targets?: readonly string[];
  readonly verdict: string;
  readonly exit: number;
  /** of the first cause; none may be reported where absent */
  readonly first?: string;
  readonly standing?: string;
  readonly severity?: string;
  /** codes that are reported besides, and codes that would be a mistake */
  readonly also?: readonly string[];
  readonly never?: readonly string[];
  /** what the first cause's commands must hold */
  readonly fix?: readonly string[];
};

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CASES = readdirSync(HERE, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

function expected(name: string): Expected {
  return JSON.parse(readFileSync(join(HERE, name, 'expect.json'), 'utf8'));
}

function argumentsOf(name: string, { from, args = [], targets = [] }: Expected): string[] {
  const given = (option: string, path: string) =>
    existsSync(join(HERE, name, path)) ? [option, join(HERE, name, path)] : [];
  const client = from === undefined ? [] : ['--from', from];
  return [
    'diagnose',
    ...given('--state', 'state'),
    ...given('--evidence', 'evidence.json'),
    ...client,
    ...args,
    ...targets,
  ];
}

describe('cases', () => {
  test.each(CASES)('%s', async (name) => {
    const want = expected(name);
    const { status, stdout, stderr } = await run([...argumentsOf(name, want), '--format', 'json']);
    expect(stderr).toBe('');
    const report = ReportSchema.parse(JSON.parse(stdout));
    const codes: string[] = report.causes.map(({ code }) => code);
    const [first] = report.causes;
    expect({ verdict: report.verdict, exit: status, first: first?.code }).toEqual({
      verdict: want.verdict,
      exit: want.exit,
      first: want.first,
    });
    if (want.standing !== undefined) expect(first?.standing).toBe(want.standing);
    if (want.severity !== undefined) expect(first?.severity).toBe(want.severity);
    expect(codes).toEqual(expect.arrayContaining([...(want.also ?? [])]));
    expect((want.never ?? []).filter((code) => codes.includes(code))).toEqual([]);
    for (const part of want.fix ?? []) expect(first?.fix.commands.join('\n')).toContain(part);
    // What failed is explained by a cause, or said to be unexplained in so many words.
    if (report.unexplained.length > 0 && report.causes.length > 0)
      expect(report.headline).toMatch(/explains? a part|could not be confirmed|nothing that could be seen/);
  });
});

test('every case of a report is in the index', () => {
  const index = readFileSync(join(HERE, 'index.md'), 'utf8');
  const reports = CASES.filter((name) => /^C\d+-/.test(name));
  expect(reports.filter((name) => !index.includes(`\`${name}\``))).toEqual([]);
});
