import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentReader, type Piece } from '../../src/fleet/documents.ts';

/** All pieces of a text that comes in parts of these lengths, the last one again and again. */
function read(text: string, lengths: readonly number[] = [text.length || 1], largest?: number): readonly Piece[] {
  const reader = documentReader(largest);
  const pieces: Piece[] = [];
  let at = 0;
  for (let turn = 0; at < text.length; turn++) {
    const length = lengths[Math.min(turn, lengths.length - 1)] ?? 1;
    pieces.push(...reader.push(text.slice(at, at + length)));
    at += length;
  }
  return [...pieces, ...reader.end()];
}

const told = (pieces: readonly Piece[]) =>
  pieces.map((piece) => `${piece.line} ${piece.ok ? JSON.stringify(piece.value) : piece.problem}`);

describe('documents one after the other', () => {
  const pretty = JSON.stringify({ a: [{ b: '}{"' }] }, null, 2);
  const cut = JSON.stringify({ text: 'x'.repeat(30_000) }).slice(0, 24_000);
  test.each<[string, string, readonly string[]]>([
    ['nothing', '', []],
    ['blank lines', '\n \r\n', []],
    ['NDJSON', '{"a":1}\n{"a":2}\n', ['1 {"a":1}', '2 {"a":2}']],
    ['NDJSON without a last line break', '{"a":1}\n{"a":2}', ['1 {"a":1}', '2 {"a":2}']],
    ['NDJSON with CRLF and blank lines', '{"a":1}\r\n\r\n{"a":2}\r\n', ['1 {"a":1}', '3 {"a":2}']],
    ['a byte order mark', '\ufeff{"a":1}', ['1 {"a":1}']],
    ['two on one line', '{"a":1} {"a":2}', ['1 {"a":1}', '1 {"a":2}']],
    ['pretty ones end to end', `${pretty}\n${pretty}`, ['1 {"a":[{"b":"}{\\""}]}', '8 {"a":[{"b":"}{\\""}]}']],
    ['a list', '[{"a":1},\n{"a":2}]\n', ['1 {"a":1}', '2 {"a":2}']],
    ['a pretty list', '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n', ['2 {"a":1}', '5 {"a":2}']],
    ['an escaped quote and a line break in a string', '{"a":"\\"\\n{"}\n{"a":2}', ['1 {"a":"\\"\\n{"}', '2 {"a":2}']],
    ['words before it', 'Downloading …\n{"a":1}', ['1 is not JSON', '2 {"a":1}']],
    ['many lines of words', 'a\nb\nc\n', ['1 is not JSON']],
    [
      'a line that is no JSON',
      '{"a":1}\n{a}\n{"a":2}\n',
      ['1 {"a":1}', '2 is not JSON at line 1, column 2', '3 {"a":2}'],
    ],
    [
      'a line cut in a string',
      '{"a":"b\n{"a":2}\n',
      ['1 is not complete JSON: it ends at line 1, column 8', '2 {"a":2}'],
    ],
    [
      'a line cut between values',
      '{"a":[1,\n{"a":2}\n',
      ['1 is not complete JSON: it ends at line 1, column 9', '2 {"a":2}'],
    ],
    ['a later line that is cut', '{"a":1}\n{"a":[1,\n{"a":2}\n', ['1 {"a":1}', '2 is not complete JSON', '3 {"a":2}']],
    [
      'a pretty one cut, then another',
      '{\n  "a": "b\n{\n  "a": 2\n}\n',
      ['1 is not complete JSON: it ends at line 2, column 10', '3 {"a":2}'],
    ],
    ['the end in the middle', '{"a":1}\n{\n  "a": ', ['1 {"a":1}', '2 is not complete JSON']],
    ['a bracket too many', '{"a":1}}\n{"a":2}', ['1 {"a":1}', '1 is not JSON', '2 {"a":2}']],
    [
      'what Run Command cut',
      cut,
      [
        '1 is cut off: Run Command keeps the first 24,000 characters of an output; take the whole report from the S3 bucket that the command writes to',
      ],
    ],
    [
      'what it cut, with line breaks lost',
      `${cut.slice(0, -3)}\n`,
      [expect.stringMatching(/^1 is cut off: Run Command/) as unknown as string],
    ],
    [
      'what the agent marks',
      '{"a":"b\n---Output truncated---\n{"a":2}',
      [expect.stringMatching(/^1 is cut off: Run Command/) as unknown as string, '3 {"a":2}'],
    ],
    ['what is cut elsewhere', cut.slice(0, 20_000), ['1 is not complete JSON: it ends at line 1, column 20001']],
  ])('%s', (_, text, pieces) => {
    expect(told(read(text))).toEqual(pieces);
    expect(told(read(text, [1]))).toEqual(pieces);
    expect(told(read(text, [7]))).toEqual(pieces);
  });

  test('a document that is too large is told and not held', () => {
    const large = JSON.stringify({ a: 'x'.repeat(2_000) });
    for (const text of [`${large}\n{"a":2}`, `${JSON.stringify({ a: ['x'.repeat(2_000)] }, null, 2)}\n{"a":2}`])
      for (const length of [1, 100, text.length])
        expect(told(read(text, [length], 1_000)).slice(0, 3)).toEqual([
          '1 is larger than 0.001 million characters',
          `${text.split('\n').length} {"a":2}`,
        ]);
  });

  const documents = fc.array(fc.record({ id: fc.nat(), inner: fc.jsonValue() }), { maxLength: 6 });
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

  test('however they are set and cut into parts, they are the same', () => {
    fc.assert(
      fc.property(documents, lengths, fc.constantFrom(0, 1, 2), (values, parts, indent) => {
        const texts = values.map((value) => JSON.stringify(value, null, indent));
        const expected = texts.map((text) => JSON.parse(text) as unknown);
        for (const text of [texts.join('\n'), `${texts.join('\n')}\n`, `[${texts.join(',\n')}]`]) {
          const pieces = read(text, parts);
          expect(pieces.map((piece) => (piece.ok ? piece.value : piece.problem))).toEqual(expected);
        }
      }),
    );
  });

  test('whatever comes, every whole line of NDJSON behind it is found', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), lengths, (garbage, parts) => {
        // A brace in it may begin a document that goes on; that is another test’s.
        const text = `${garbage.replace(/[{}]/g, '')}\n{"last":true}\n`;
        expect(read(text, parts).at(-1)).toMatchObject({ ok: true, value: { last: true } });
      }),
    );
  });

  test('it ends, and tells something, whatever comes', () => {
    fc.assert(
      fc.property(fc.string(), lengths, (text, parts) => {
        const pieces = read(text, parts);
        expect(told(pieces)).toEqual(told(read(text)));
        expect(pieces.length > 0 || /^[\s,[\]]*$/.test(text)).toBe(true);
      }),
    );
  });
});
