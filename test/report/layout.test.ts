import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakCommand, displayWidth, type Line, paint, tabulate, wrap } from '../../src/report/layout.ts';

const plain = (lines: readonly Line[]) => lines.map((line) => line.map((span) => span.text).join(''));

describe('displayWidth', () => {
  test.each([
    ['', 0],
    ['sg-0e1', 6],
    ['──╳', 3],
    ['e\u0301', 1],
    ['火', 2],
    ['🧨', 2],
  ])('%j takes %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('wrap', () => {
  test('breaks at spaces, and gives a long word a line of its own', () => {
    expect(plain(wrap('a bb averyveryverylongword c', 6))).toEqual(['a bb', 'averyveryverylongword', 'c']);
  });

  test('words that meet without a space stay together across styles', () => {
    const lines = wrap([{ text: 'one (' }, { text: 'two', style: 'bold' }, { text: '), three' }], 7);
    expect(plain(lines)).toEqual(['one', '(two),', 'three']);
  });

  test('loses no word and no order', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 40 }), fc.integer({ min: 5, max: 40 }), (text, width) => {
        expect(plain(wrap(text, width)).join(' ')).toBe(text);
      }),
    );
  });
});

describe('breakCommand', () => {
  test('a command that fits is left alone', () => {
    expect(breakCommand('aws sts get-caller-identity', 40)).toEqual(['aws sts get-caller-identity']);
  });

  test('breaks before options and keeps an option beside its value', () => {
    expect(breakCommand('aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0aa --private-dns-enabled', 44)).toEqual([
      'aws ec2 modify-vpc-endpoint \\',
      '  --vpc-endpoint-id vpce-0aa \\',
      '  --private-dns-enabled',
    ]);
  });

  test('never breaks inside quotes', () => {
    const json = `'{"Statement": [{"Effect": "Allow", "Action": "*"}]}'`;
    const lines = breakCommand(`aws ec2 modify-vpc-endpoint --policy-document ${json}`, 30);
    expect(lines.at(-1)).toContain(json);
  });

  test('a comment goes on as a comment', () => {
    const lines = breakCommand(`# in the provider's account, and with the provider's credentials, run this`, 40);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line).toMatch(/^# /);
  });

  test('a comment behind a command is not cut, or its rest would run', () => {
    const lines = breakCommand('aws ec2 describe-vpcs --region eu-west-1 # first look, then rm -rf the rest of it', 40);
    expect(lines.at(-1)).toContain('# first look, then rm -rf the rest of it');
    expect(lines.slice(0, -1).join()).not.toContain('#');
  });

  test('a quote that is never closed is left to the reader', () => {
    const command = `echo 'one two three four five six seven eight nine ten`;
    expect(breakCommand(command, 20)).toEqual([command]);
  });

  test('a shell reads the broken command as it reads the whole one', () => {
    const word = fc.oneof(
      fc.stringMatching(/^[a-z0-9=:,./-]{1,20}$/),
      fc.stringMatching(/^'[a-z "\\]{0,20}'$/),
      fc.stringMatching(/^"[a-z ']{0,20}"$/),
      fc.stringMatching(/^(?:\\[ '"a-z]){1,6}$/),
      fc.constantFrom('--group-id', '--tag-specifications', `a'b c'"d e"f`, '"\\"x y\\""'),
    );
    const commands = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => `printf '<%s>' ${words.join(' ')}`);
    const run = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    fc.assert(
      fc.property(commands, fc.integer({ min: 20, max: 60 }), (command, width) => {
        expect(run(breakCommand(command, width).join('\n'))).toBe(run(command));
      }),
      { numRuns: 150 },
    );
  });
});

test('tabulate aligns by display width', () => {
  const rows = [
    [{ text: '火' }, { text: 'x' }],
    [{ text: 'abc' }, { text: 'y' }],
  ];
  expect(plain(tabulate(rows))).toEqual(['火   x', 'abc  y']);
});

test('paint trims line ends and colours on demand', () => {
  const lines: readonly Line[] = [[{ text: 'BLOCKED', style: 'strong-red' }, { text: '   ' }], []];
  expect(paint(lines, false)).toBe('BLOCKED\n\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that styleText writes
  expect(paint(lines, true)).toMatch(/^(?:\x1b\[\d+m)+BLOCKED(?:\x1b\[\d+m)+\n\n$/);
});
