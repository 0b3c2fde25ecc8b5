/** The bundle and the binary pass the end-to-end tests of the sources; `npm run test:forms` does all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildForms, testForm } from '../forms.ts';

const MOST_TIME = 180_000;

/** Whole outputs, files and standard input, refusals: what takes seconds and not minutes. */
const TESTS = ['golden', 'diagnose', 'bad-input', 'policy-check'].map((name) => `test/cli/${name}.test.ts`);

const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-forms-'));
let forms: string[] = [];

beforeAll(async () => {
  forms = await buildForms(folder);
}, MOST_TIME);
afterAll(() => rmSync(folder, { recursive: true }));

test('both are built where both can run', () => {
  const binary = process.platform === 'linux' ? [`vpce-doctor-linux-${process.arch}`] : [];
  expect(forms.map((file) => basename(file))).toEqual(['vpce-doctor.mjs', ...binary]);
});

test.each([0, 1])(
  'form %i does what the sources do',
  (index) => {
    const file = forms[index];
    if (file === undefined) return;
    const { status, output } = testForm(file, TESTS, 'returned');
    expect(output).toMatch(/Tests +\d{3,} passed/);
    expect([status, output.match(/FAIL .*/g) ?? []]).toEqual([0, []]);
  },
  MOST_TIME,
);

test(
  'a form that does something else is found out',
  () => {
    // /bin/true prints nothing and is always content.
    const { status, output } = testForm('/bin/true', ['test/cli/completion.test.ts'], 'returned');
    expect(status).not.toBe(0);
    expect(output).toMatch(/Tests +\d+ failed/);
  },
  MOST_TIME,
);
