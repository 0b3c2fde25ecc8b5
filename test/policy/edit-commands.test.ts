/** Diffs that a tool can apply, and commands that a shell takes for what was meant. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../src/policy/edit-candidates.ts';
import { commandsForEndpointPolicy, commandsForResourcePolicy, isFullAccess } from '../../src/policy/edit-commands.ts';
import { changedLines, unifiedDiff } from '../../src/policy/unified-diff.ts';
import { cleanCommand } from '../../src/report/clean.ts';
import { breakCommand } from '../../src/report/layout.ts';

const FULL: JsonObject = {
  Version: '2008-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
};
const awkward = (length: number): JsonObject => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: `it's "quoted" $HOME \`id\` \\ é \u202e`,
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: Array.from({ length }, (_, i) => `arn:aws:s3:::b${i}/\${aws:username, 'x'}`),
    },
  ],
});

/** Runs commands with an `aws` that writes down its arguments; returns what it was given. */
function given(commands: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const script = `aws() { for one in "$@"; do printf '%s\\n--\\n' "$one"; done > seen; }\n${commands.join('\n')}\n`;
  execFileSync('/bin/sh', ['-c', script], { cwd: folder });
  return readFileSync(join(folder, 'seen'), 'utf8')
    .split('\n--\n')
    .slice(0, -1)
    .map((one) => (one.startsWith('file://') ? readFileSync(join(folder, one.slice(7)), 'utf8') : one));
}

describe('commands', () => {
  it.each([
    [1, 'argument', 1],
    [60, 'argument', 1],
    [1, 'file', 1],
    [60, 'file', 2],
  ] as const)('hand over the document as it is: %s resources, as %s', (length, long, count) => {
    const [document, old] = [awkward(length), awkward(2)];
    const { commands, undo } = commandsForEndpointPolicy('vpce-0aa', 'eu-west-1', document, old, long);
    expect(commands).toHaveLength(count);
    const seen = given(commands);
    expect(seen.slice(0, -1)).toEqual([
      'ec2',
      'modify-vpc-endpoint',
      '--vpc-endpoint-id',
      'vpce-0aa',
      '--region',
      'eu-west-1',
      '--policy-document',
    ]);
    expect(JSON.parse(seen.at(-1) ?? '')).toEqual(document);
    expect(JSON.parse(given(undo).at(-1) ?? '')).toEqual(old);
    // What a report shows of it, broken for a narrow terminal, is the same to a shell.
    if (long === 'argument') {
      expect(commands.map(cleanCommand)).toEqual(commands);
      expect(given(breakCommand(commands[0] ?? '', 80))).toEqual(seen);
    }
    // Nothing that looks like something else than it is.
    expect(commands.join('\n')).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it('take the policy off where there was none', () => {
    const { undo } = commandsForEndpointPolicy('vpce-0aa', undefined, awkward(1), FULL);
    expect(undo).toEqual(['aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0aa --reset-policy']);
    expect(commandsForResourcePolicy('arn:aws:s3:::logs/a', FULL, undefined)?.undo).toEqual([
      'aws s3api delete-bucket-policy --bucket logs',
    ]);
    expect(isFullAccess(awkward(1))).toBe(false);
    expect(isFullAccess({ Statement: { Effect: 'Allow', Principal: '*', Action: ['*'], Resource: '*' } })).toBe(true);
    expect(isFullAccess({ Statement: [{ ...(FULL['Statement'] as JsonObject[])[0], Condition: {} }] })).toBe(false);
  });

  it.each([
    ['arn:aws:s3:::logs/2026/a', ['s3api', 'put-bucket-policy', '--bucket', 'logs', '--policy']],
    [
      'arn:aws:kms:eu-west-1:111122223333:key/1',
      [
        'kms',
        'put-key-policy',
        '--key-id',
        'arn:aws:kms:eu-west-1:111122223333:key/1',
        '--policy-name',
        'default',
        '--region',
        'eu-west-1',
        '--policy',
      ],
    ],
    [
      'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf',
      [
        'secretsmanager',
        'put-resource-policy',
        '--secret-id',
        'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf',
        '--region',
        'eu-west-1',
        '--resource-policy',
      ],
    ],
    [
      'arn:aws:sns:eu-west-1:111122223333:t',
      [
        'sns',
        'set-topic-attributes',
        '--topic-arn',
        'arn:aws:sns:eu-west-1:111122223333:t',
        '--region',
        'eu-west-1',
        '--attribute-name',
        'Policy',
        '--attribute-value',
      ],
    ],
  ])('of %s', (arn, expected) => {
    const seen = given(commandsForResourcePolicy(arn, awkward(1), FULL)?.commands ?? []);
    expect(seen.slice(0, -1)).toEqual(expected);
    expect(JSON.parse(seen.at(-1) ?? '')).toEqual(awkward(1));
  });

  it('of a queue, whose policy is a text within its attributes', () => {
    for (const length of [1, 60]) {
      const seen = given(
        commandsForResourcePolicy('arn:aws-cn:sqs:cn-north-1:111122223333:q', awkward(length), FULL)?.commands ?? [],
      );
      expect(seen).toContain('https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q');
      expect(JSON.parse(JSON.parse(seen.at(-1) ?? '').Policy)).toEqual(awkward(length));
    }
  });

  it('are none for other resources', () =>
    expect(commandsForResourcePolicy('arn:aws:execute-api:eu-west-1:111122223333:a/b', FULL, FULL)).toBeUndefined());
});

describe('a diff', () => {
  it('is that of diff -u', () => {
    expect(unifiedDiff('a\nb\nc', 'a\nb\nc')).toBe('');
    expect(unifiedDiff('a\nb\nc', 'a\nx\nc')).toBe('@@ -1,3 +1,3 @@\n a\n-b\n+x\n c');
    expect(changedLines('a\nb\nc', 'a\nx\nc')).toBe(2);
  });

  it('makes the new text of the old one, by a tool that is not ours', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-diff-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', '{', '}'), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const [old, fresh] = [before.join('\n'), after.join('\n')];
        fc.pre(old !== fresh);
        writeFileSync(join(folder, 'policy'), `${old}\n`);
        writeFileSync(join(folder, 'diff'), `--- a/policy\n+++ b/policy\n${unifiedDiff(old, fresh)}\n`);
        execFileSync('git', ['apply', 'diff'], { cwd: folder, env: { ...process.env, GIT_DIR: join(folder, 'none') } });
        expect(readFileSync(join(folder, 'policy'), 'utf8')).toBe(`${fresh}\n`);
      }),
      { numRuns: 60 },
    );
  });
});
