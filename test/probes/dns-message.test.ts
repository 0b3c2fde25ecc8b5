import { isIPv4 } from 'node:net';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DnsQuestion, decodeReply, encodeQuestion, isDnsName } from '../../src/probes/dns-message.ts';
import { a, cname } from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';
const question: DnsQuestion = { id: 0x1234, name: NAME, type: 'A' };

function response(parts: Partial<Packet>, rcode = 0): Buffer {
  const { flags = 0, ...rest } = parts;
  return encode({
    type: 'response',
    id: question.id,
    flags: flags | rcode,
    questions: [{ name: NAME, type: 'A' }],
    ...rest,
  });
}

function messageOf(bytes: Buffer) {
  const reply = decodeReply(bytes, question);
  if (reply.kind !== 'answer') throw new Error(`expected an answer, not ${reply.kind}`);
  return reply.message;
}

describe('encodeQuestion', () => {
  it('asks for recursion and offers 1232 bytes, or asks plainly', () => {
    const packet = decode(encodeQuestion(question, true));
    expect(packet).toMatchObject({ type: 'query', id: 0x1234, flag_rd: true, flag_cd: false, flag_ad: false });
    expect(packet.questions).toEqual([{ name: NAME, type: 'A', class: 'IN' }]);
    expect(packet.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0, flag_do: false }]);
    expect(decode(encodeQuestion(question, false)).additionals).toEqual([]);
  });
});

describe('isDnsName', () => {
  it.each([
    ['a.example', true],
    ['a.example.', true],
    ['*.s3.eu-west-1.amazonaws.com', true],
    ['_dmarc.example', true],
    [`${'x'.repeat(63)}.example`, true],
    [`${'x'.repeat(64)}.example`, false],
    [`${'é'.repeat(32)}.example`, false],
    [Array(127).fill('x').join('.'), true],
    [Array(128).fill('x').join('.'), false],
    ['', false],
    ['.', false],
    ['a..b', false],
    ['.a', false],
  ])('%s: %s', (name, expected) => expect(isDnsName(name)).toBe(expected));
});

describe('decodeReply', () => {
  it('follows the names of the answer, in any order and any case, to its addresses', () => {
    const answers = [
      a('C.Example', '10.0.0.2'),
      cname('b.example', 'c.example'),
      a('other.example', '192.0.2.9'),
      a('c.example', '10.0.0.1'),
      cname(NAME.toUpperCase(), 'B.example'),
    ];
    expect(messageOf(response({ answers }))).toMatchObject({
      rcode: 'NOERROR',
      cnames: ['B.example', 'c.example'],
      addresses: ['10.0.0.2', '10.0.0.1'],
    });
  });

  it.each([
    ['a name that is its own alias', [cname(NAME, NAME)], []],
    ['a loop of three', [cname(NAME, 'b'), cname('b', 'c'), cname('c', NAME)], ['b', 'c']],
    ['a loop past the first name', [cname(NAME, 'b'), cname('b', 'c'), cname('c', 'b')], ['b', 'c']],
    ['an alias that leads nowhere', [cname(NAME, 'b')], ['b']],
  ])('ends at %s', (_case, answers, cnames) => {
    expect(messageOf(response({ answers }))).toMatchObject({ cnames, addresses: [] });
  });

  it('ends and never invents an address, whatever graph the aliases make', () => {
    const label = fc.constantFrom(NAME, 'a', 'b', 'c', 'd');
    const record = fc.oneof(
      fc.tuple(label, label).map(([from, to]) => cname(from, to)),
      fc.tuple(label, fc.ipV4()).map(([name, data]) => a(name, data)),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (answers) => {
        const message = messageOf(response({ answers }));
        expect(new Set(message.cnames).size).toBe(message.cnames.length);
        expect(message.cnames).not.toContain(NAME);
        const end = message.cnames.at(-1) ?? NAME;
        const expected = answers.filter((record) => record.type === 'A' && record.name === end);
        expect(message.addresses.length).toBeLessThanOrEqual(expected.length);
        const known = answers.flatMap((record) => (record.type === 'A' ? [record.data] : []));
        for (const address of message.addresses) expect(known).toContain(address);
      }),
    );
  });

  it('takes addresses of the asked type only', () => {
    const bytes = encode({
      type: 'response',
      id: question.id,
      questions: [{ name: NAME, type: 'AAAA' }],
      answers: [a(NAME, '10.0.0.1'), { type: 'AAAA', name: NAME, data: 'fd00:ec2:0:0::253' }],
    });
    const reply = decodeReply(bytes, { ...question, type: 'AAAA' });
    expect(reply).toMatchObject({ kind: 'answer', message: { addresses: ['fd00:ec2::253'] } });
  });

  it('prints every kind of record as one line', () => {
    const soa = { mname: 'ns.example', rname: 'host.example', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 };
    const authorities: Answer[] = [
      { type: 'SOA', name: 'example', ttl: 30, data: soa },
      { type: 'NS', name: 'example', ttl: 30, data: 'ns.example' },
      { type: 'TXT', name: 'example', ttl: 30, data: ['a "b"', Buffer.from('\u001b[2J')] },
      { type: 'MX', name: 'example', ttl: 30, data: { preference: 10, exchange: 'mx.example' } },
      { type: 'SRV', name: 'example', ttl: 30, data: { priority: 1, weight: 2, port: 443, target: 'srv.example' } },
      { type: 'NULL', name: 'example', ttl: 30, data: Buffer.from([1, 255]) },
      {
        type: 'DS',
        name: 'example',
        ttl: 30,
        data: { keyTag: 1, algorithm: 2, digestType: 3, digest: Buffer.from([4]) },
      },
    ];
    const message = messageOf(response({ authorities }));
    expect(message.authority.map(({ type, data }) => `${type} ${data}`)).toEqual([
      'SOA ns.example host.example 1 2 3 4 5',
      'NS ns.example',
      'TXT "a \\"b\\"" "\\u001b[2J"',
      'MX 10 mx.example',
      'SRV 1 2 443 srv.example',
      'NULL \\# 2 01ff',
      'DS {"keyTag":1,"algorithm":2,"digestType":3,"digest":{"type":"Buffer","data":[4]}}',
    ]);
    expect(message.authority[0]).toMatchObject({ name: 'example', ttl: 30 });
  });

  it('reads flags, response codes, the EDNS size and the extended error', () => {
    const option = (extendedRcode: number, data?: Buffer): Answer =>
      ({
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4096,
        extendedRcode,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: data ? [{ code: 15, data }] : [],
      }) as unknown as Answer;
    expect(messageOf(response({ flags: 0x0480 }))).toMatchObject({ authoritative: true, recursionAvailable: true });
    expect(messageOf(response({ flags: 0 }))).toMatchObject({ authoritative: false, recursionAvailable: false });
    expect(messageOf(response({}, 3)).rcode).toBe('NXDOMAIN');
    expect(messageOf(response({}, 11)).rcode).toBe('RCODE_11');
    expect(messageOf(response({ additionals: [option(1)] })).rcode).toBe('BADVERS');
    const extended = (data: Buffer) => messageOf(response({ additionals: [option(0, data)] }));
    expect(extended(Buffer.from([0, 15]))).toMatchObject({ ednsUdpPayloadSize: 4096, extendedError: '15' });
    expect(extended(Buffer.from('\u0000\u0011filtered\u001b[31m\u0000')).extendedError).toBe('17: filtered\uFFFD[31m');
    expect(extended(Buffer.from([1])).extendedError).toBeUndefined();
    expect(messageOf(response({})).ednsUdpPayloadSize).toBeUndefined();
  });

  const other = (parts: Packet) =>
    encode({ type: 'response', id: question.id, questions: [{ name: NAME, type: 'A' }], ...parts });
  it.each([
    ['another id', other({ id: 0x1235 })],
    ['a question instead of an answer', encodeQuestion(question, true)],
    [
      'another name',
      other({ questions: [{ name: 'evil.example', type: 'A' }], answers: [a('evil.example', '192.0.2.1')] }),
    ],
    ['another type', other({ questions: [{ name: NAME, type: 'AAAA' }] })],
    ['another class', other({ questions: [{ name: NAME, type: 'A', class: 'CH' }] })],
    [
      'two questions',
      other({
        questions: [
          { name: NAME, type: 'A' },
          { name: NAME, type: 'A' },
        ],
      }),
    ],
    ['an answer without a question', other({ questions: [], answers: [a(NAME, '192.0.2.1')] })],
    ['an NXDOMAIN without a question', other({ questions: [], flags: 3 })],
  ])('ignores %s', (_case, bytes) => expect(decodeReply(bytes, question).kind).toBe('foreign'));

  it('believes a complaint that leaves the question out', () => {
    expect(messageOf(other({ questions: [], flags: 1 }))).toMatchObject({ rcode: 'FORMERR', responseCode: 1 });
    expect(messageOf(other({ questions: [], flags: 5 }))).toMatchObject({ rcode: 'REFUSED', responseCode: 5 });
  });

  it('knows garbage, and an answer that was cut in the middle of a record', () => {
    const whole = response({ answers: [a(NAME, '10.0.0.1')] });
    expect(decodeReply(whole.subarray(0, -2), question).kind).toBe('garbage');
    expect(decodeReply(Buffer.from('HTTP'), question).kind).toBe('garbage');
    // An address of three bytes, and an alias that is longer than its record says.
    const lengthAt = whole.length - 6;
    const short = Buffer.from(whole.subarray(0, -1));
    short.writeUInt16BE(3, lengthAt);
    expect(decodeReply(short, question).kind).toBe('garbage');
    const alias = response({ answers: [cname(NAME, 'bb')] });
    expect(decodeReply(alias, question).kind).toBe('answer');
    alias[alias.indexOf(Buffer.from([0, 4, 2])) + 1] = 2;
    expect(decodeReply(alias, question).kind).toBe('garbage');
    const truncated = response({ flags: 0x0200, answers: [a(NAME, '10.0.0.1')] }).subarray(0, -2);
    expect(messageOf(truncated)).toMatchObject({ truncated: true, rcode: 'NOERROR', addresses: [] });
  });

  it('refuses names that point at themselves or forward', () => {
    const header = Buffer.from([0x12, 0x34, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for (const pointer of [12, 13, 14, 0x3fff]) {
      const bytes = Buffer.concat([header, Buffer.of(0xc0 | (pointer >> 8), pointer & 255, 0, 1, 0, 1)]);
      expect(decodeReply(bytes, question).kind).toBe('garbage');
    }
  });
});

describe('no bytes make the decoder throw', () => {
  const asReply = (bytes: Uint8Array) => {
    const message = Buffer.from(bytes);
    if (message.length > 2) {
      message.writeUInt16BE(question.id, 0);
      message[2] = (message[2] ?? 0) | 0x80;
    }
    return message;
  };
  const survives = (bytes: Buffer): void => {
    const reply = decodeReply(bytes, question);
    if (reply.kind === 'answer') for (const address of reply.message.addresses) expect(isIPv4(address)).toBe(true);
    else expect(['foreign', 'garbage']).toContain(reply.kind);
  };

  it('random ones', () =>
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survives(Buffer.from(bytes)))));

  it('random ones after our id and the answer flag', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survives(asReply(bytes))),
      { numRuns: 1000 },
    );
  });

  it('random records after our own question', () => {
    const counts = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    // The types that dns-packet has a reader for, each with a length and data that fit or do not.
    const types = [1, 2, 5, 6, 12, 13, 15, 16, 17, 28, 33, 35, 39, 41, 43, 44, 46, 47, 48, 50, 52, 257, 64];
    const record = fc
      .tuple(fc.constantFrom(...types), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
      .map(([type, length, data]) =>
        Buffer.concat([Buffer.of(0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 9, 0, length), data]),
      );
    const head = encodeQuestion(question, false);
    head[2] = 0x80;
    const property = fc.property(
      counts,
      fc.array(record, { maxLength: 6 }),
      ([answers, authorities, additionals], records) => {
        const bytes = Buffer.concat([head, ...records]);
        [answers, authorities, additionals].forEach((count, index) => void bytes.writeUInt16BE(count, 6 + 2 * index));
        survives(bytes);
      },
    );
    fc.assert(property, { numRuns: 3000 });
  });

  it('a good answer with bytes changed or missing', () => {
    const good = response({ answers: [cname(NAME, 'b.example'), a('b.example', '10.0.0.1')] });
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    const property = fc.property(fc.array(edit, { maxLength: 4 }), fc.nat(good.length), (edits, length) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of edits) bytes[at] = value;
      survives(bytes.subarray(0, length));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
