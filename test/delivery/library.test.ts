/** The library, as programs without types call it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeCase, diagnose, render } from '../../src/library.ts';
import { emptyFolder, run } from '../cli/support/run.ts';

async function savedCase(): Promise<string> {
  const file = join(emptyFolder(), 'case.json');
  await run(['demo', '--timeout', '1', '--save', file]);
  return readFileSync(file, 'utf8');
}

describe('decodeCase', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['bytes', Buffer.from('{}')],
    ['a value', { kind: 'vpce-doctor-case' }],
    ['a number', 1],
  ])('%s is a problem of one line, and nothing is thrown', (_, given) => {
    const problem = 'case.json is no case file: it is no string.';
    expect(decodeCase(given as string, 'case.json')).toEqual({ ok: false, problem });
    expect(decodeCase(given as string)).toEqual({ ok: false, problem: 'The text is no case file: it is no string.' });
  });
});

describe('render', () => {
  test.each(['xml', 'constructor', '', undefined])(
    'no such format: %j, and the error names those that there are',
    async (format) => {
      const decoded = decodeCase(await savedCase());
      if (!decoded.ok) throw new Error(decoded.problem);
      const report = diagnose(decoded.case);
      expect(() => render(report, format as 'text')).toThrow(
        new Error(`There is no format ${JSON.stringify(format)}: give one of text, json, markdown, html.`),
      );
      expect(render(report, 'text')).toMatch(/^HEALTHY {2}/m);
    },
  );
});
