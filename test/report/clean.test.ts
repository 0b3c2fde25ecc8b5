import { describe, expect, test } from 'vitest';
import { clean, cleanCommand, cleanReport, toAscii } from '../../src/report/clean.ts';
import { CONTROLS, ESCAPE, nasty, UNSEEN } from './fixtures-odd.ts';

describe('clean', () => {
  test.each([
    ['plain text stays', 'sg-0e1 admits 10.0.9.0/24', 'sg-0e1 admits 10.0.9.0/24'],
    ['letters of every script stay', 'schlüssel 火 ключ', 'schlüssel 火 ключ'],
    ['an emoji stays', 'boom 🧨', 'boom 🧨'],
    ['an escape sequence is spelled out', ESCAPE, '\\x1b[2J\\x1b[1;1HHEALTHY\\x1b[8m'],
    ['C1 controls, bell and delete too', CONTROLS, '\\x9b31m\\x07\\x1b]0;owned\\x07\\x7f'],
    [
      'bidi, zero-width, tag and soft hyphen too',
      UNSEEN,
      'abc\\u{202e}gnp.exe\\u{2066}x\\u{2069}\\u{200b}\\u{feff}\\u{e0041}\\xad',
    ],
    ['breaks become one space', 'one\r\n\ttwo\u2028three', 'one two three'],
    ['odd spaces become spaces', 'a\u00a0b\u3000c', 'a b c'],
    ['a lone surrogate is spelled out', 'x\ud800y', 'x\\u{d800}y'],
    ['a backspace cannot eat what stands before it', 'deny\b\b\b\ballow', 'deny\\x08\\x08\\x08\\x08allow'],
  ])('%s', (_, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  test('cleaning twice changes nothing more', () => {
    for (const text of [ESCAPE, CONTROLS, UNSEEN]) expect(clean(clean(text))).toBe(clean(text));
  });
});

describe('cleanCommand', () => {
  test('a command in plain characters is the command', () => {
    expect(cleanCommand(`aws ec2 describe-vpcs --query 'Vpcs[].VpcId'`)).toBe(
      `aws ec2 describe-vpcs --query 'Vpcs[].VpcId'`,
    );
  });

  test.each(['echo one\nrm -rf important', 'echo \u202e"x"', `echo ${ESCAPE}`, 'curl http://a\u00a0b'])(
    '%j would run as something else than it looks: a comment',
    (command) => {
      expect(cleanCommand(command)).toMatch(/^# not to be pasted/);
      expect(cleanCommand(command)).not.toContain('\n');
    },
  );
});

test('toAscii keeps the meaning of our own signs and spells out the rest', () => {
  expect(toAscii('32768–60999 → “vpce” … 火')).toBe('32768-60999 -> "vpce" ... \\u{706b}');
});

test('cleanReport leaves no string out, and only commands are kept as commands', () => {
  const cleaned = JSON.stringify(cleanReport(nasty));
  expect(cleaned).not.toMatch(/\\u001b|\\n|\\u2028|[\u202e\u200b\u00ad\u009b\u007f]/);
  expect(cleanReport(nasty).causes[0]?.fix.commands).toContain('echo "```" "</code></pre><script>alert(1)</script>"');
});
