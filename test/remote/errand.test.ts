/** What a host's output is taken for. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readEvidence } from '../../src/remote/errand.ts';
import { cut } from './support/fake-ssm.ts';

const packed = (text: string) =>
  `vpce-doctor evidence gzip base64\n${gzipSync(text).toString('base64')}\nvpce-doctor end\n`;

test.each<[string, string, object]>([
  ['nothing', '', { kind: 'problem', problem: 'it printed no evidence' }],
  ['somebody’s words', 'hello\n', { kind: 'problem', problem: 'it printed no evidence' }],
  ['words that were cut', cut('.'.repeat(30_000), 24_000), { kind: 'cut' }],
  ['evidence that was cut', cut(packed(randomBytes(40_000).toString('hex')), 24_000), { kind: 'cut' }],
  ['what Systems Manager cuts itself', 'abc\n---Output truncated---', { kind: 'cut' }],
  [
    'no gzip',
    'vpce-doctor evidence gzip base64\nAAAA\nvpce-doctor end\n',
    { kind: 'problem', problem: expect.stringMatching(/^its evidence cannot be unpacked \(Z_/) },
  ],
  [
    'more than anybody has memory for',
    packed('0'.repeat(70_000_000)),
    { kind: 'problem', problem: 'its evidence cannot be unpacked (ERR_BUFFER_TOO_LARGE)' },
  ],
  [
    'something else',
    packed('{}'),
    { kind: 'problem', problem: 'the evidence is no case file: its "kind" is not "vpce-doctor-case".' },
  ],
])('%s', (_, output, reading) => {
  expect(readEvidence(output, 'the evidence')).toEqual(reading);
});
