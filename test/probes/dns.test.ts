import { createSocket } from 'node:dgram';
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/model/host.ts';
import type { DnsSubject } from '../../src/model/observation.ts';
import { probeDns } from '../../src/probes/dns.ts';
import { dnsProbe, durations, guarded, HAS_IPV6, HASTY, host, PATIENT, running } from './support/probes.ts';
import {
  a,
  closedPort,
  cname,
  type DnsReplyParts,
  dnsServer,
  LOOPBACK,
  tcpServer,
  udpServer,
} from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';

const subject = (port: number, rest: Partial<DnsSubject> = {}): DnsSubject => {
  return { name: NAME, type: 'A', server: LOOPBACK, port, transport: 'udp', ...rest };
};
const ask = (port: number, rest: Partial<DnsSubject> = {}, waits = PATIENT, machine: Host = host) => {
  return probeDns(dnsProbe(subject(port, rest)), machine, waits, running());
};

describe('what a resolver says', () => {
  it('is kept in full', async () => {
    await using server = await dnsServer(() => ({
      flags: RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER,
      answers: [cname(NAME, 'b.example'), a('b.example', '10.0.0.2'), a('b.example', '10.0.0.1')],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1400,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }));
    const observation = await ask(server.port);
    expect(observation).toEqual({
      id: `dns ${NAME} A @${LOOPBACK}:${server.port}`,
      rung: 'dns',
      subject: subject(server.port),
      after: ['dns before'],
      ms: expect.any(Number),
      outcome: 'answered',
      detail: {
        rcode: 'NOERROR',
        addresses: ['10.0.0.2', '10.0.0.1'],
        cnames: ['b.example'],
        answers: [
          { name: NAME, type: 'CNAME', ttl: 60, data: 'b.example' },
          { name: 'b.example', type: 'A', ttl: 60, data: '10.0.0.2' },
          { name: 'b.example', type: 'A', ttl: 60, data: '10.0.0.1' },
        ],
        authority: [],
        authoritative: true,
        recursionAvailable: true,
        ednsUdpPayloadSize: 1400,
        extendedError: undefined,
      },
    });
  });

  const soa = { mname: 'ns.example', rname: 'host.example', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 };
  const cases: [string, DnsReplyParts, object][] = [
    [
      'no-data',
      { authorities: [{ type: 'SOA', name: 'example', data: soa }] },
      { authority: [{ data: 'ns.example host.example 1 2 3 4 5' }] },
    ],
    ['no-data', { answers: [cname(NAME, 'b.example')] }, { cnames: ['b.example'], addresses: [] }],
    ['no-data', { answers: [a('other.example', '192.0.2.1')] }, { addresses: [] }],
    ['nxdomain', { rcode: 3 }, { rcode: 'NXDOMAIN' }],
    ['nxdomain', { rcode: 3, answers: [cname(NAME, 'gone.example')] }, { cnames: ['gone.example'] }],
    ['servfail', { rcode: 2 }, { rcode: 'SERVFAIL' }],
    ['refused-by-server', { rcode: 5 }, { rcode: 'REFUSED' }],
    ['other-rcode', { rcode: 4 }, { rcode: 'NOTIMP' }],
    ['other-rcode', { rcode: 9 }, { rcode: 'NOTAUTH' }],
  ];
  it.each(cases)('%s (%j)', async (outcome, parts, detail) => {
    await using server = await dnsServer(() => parts);
    for (const transport of ['udp', 'tcp'] as const) {
      expect(await ask(server.port, { transport })).toMatchObject({ outcome, detail });
    }
  });

  it('counts only when it is about the asked type', async () => {
    await using server = await dnsServer(() => ({ answers: [a(NAME, '10.0.0.1')] }));
    expect(await ask(server.port, { type: 'AAAA' })).toMatchObject({ outcome: 'no-data', detail: { addresses: [] } });
  });

  it('may spell the name differently, and the question may end in a dot', async () => {
    await using server = await dnsServer(() => ({
      questions: [{ name: NAME.toUpperCase(), type: 'A' }],
      answers: [a(NAME.toUpperCase(), '10.0.0.1')],
    }));
    expect(await ask(server.port, { name: `${NAME}.` })).toMatchObject({ outcome: 'answered' });
  });
});

describe('the question', () => {
  it('is sent again at half time, without EDNS, because one lost packet is no verdict', async () => {
    const queries: DecodedPacket[] = [];
    await using server = await dnsServer((query, _transport, count) => {
      queries.push(query);
      return count === 1 ? 'silence' : { answers: [a(NAME, '10.0.0.1')] };
    });
    expect(await ask(server.port, {}, durations(1500))).toMatchObject({ outcome: 'answered' });
    expect(queries.map((query) => query.additionals?.length)).toEqual([1, 0]);
    expect(queries[1]?.id).toBe(queries[0]?.id);
    expect(queries.every((query) => query.flag_rd)).toBe(true);
  });

  it('accepts the late answer to its first packet', async () => {
    let first: DecodedPacket | undefined;
    await using server = await udpServer((bytes, from, socket, count) => {
      first ??= decode(bytes);
      const { id = 0, questions = [] } = first;
      const late = encode({ type: 'response', id, questions, answers: [a(NAME, '10.0.0.1')] });
      if (count === 2) socket.send(late, from.port, from.address);
    });
    expect(await ask(server.port, {}, durations(1500))).toMatchObject({ outcome: 'answered' });
  });

  it('is asked plainly of a server that does not know EDNS', async () => {
    await using server = await dnsServer((query) => {
      return query.additionals?.length ? { rcode: 1, questions: [] } : { answers: [a(NAME, '10.0.0.1')] };
    });
    for (const transport of ['udp', 'tcp'] as const) {
      expect(await ask(server.port, { transport })).toMatchObject({
        outcome: 'answered',
        detail: { rcode: 'NOERROR' },
      });
    }
  });

  it.runIf(HAS_IPV6)('is asked over IPv6', async () => {
    await using server = await udpServer((bytes, from, socket) => {
      const { id = 0, questions = [] } = decode(bytes);
      const answers: Answer[] = [{ type: 'AAAA', name: NAME, data: 'fd00::1' }];
      socket.send(encode({ type: 'response', id, questions, answers }), from.port, from.address);
    }, '::1');
    // The same address, spelled otherwise than the kernel does.
    expect(await ask(server.port, { type: 'AAAA', server: '0:0:0:0:0:0:0:1' })).toMatchObject({
      outcome: 'answered',
      detail: { addresses: ['fd00::1'] },
    });
  });

  it('has a new id each time', async () => {
    const ids = new Set<number | undefined>();
    await using server = await dnsServer((query) => {
      ids.add(query.id);
      return {};
    });
    for (let count = 0; count < 8; count += 1) await ask(server.port);
    expect(ids.size).toBeGreaterThan(4);
  });

  it.each(['', 'a..b', `${'x'.repeat(64)}.example`, `${'x.'.repeat(130)}example`])(
    'is never sent for the name %j',
    async (name) => {
      let asked = 0;
      await using server = await udpServer(() => {
        asked += 1;
      });
      expect(await ask(server.port, { name })).toMatchObject({
        outcome: 'failed',
        detail: { failure: { code: 'VPCE_DOCTOR_BAD_NAME' } },
      });
      expect(asked).toBe(0);
    },
  );
});

describe('a truncated answer', () => {
  it('is asked for again over TCP, within the same probe', async () => {
    await using server = await dnsServer((_query, transport) => {
      return transport === 'udp' ? { flags: TRUNCATED_RESPONSE } : { answers: [a(NAME, '10.0.0.1')] };
    });
    const observation = await ask(server.port);
    expect(observation).toMatchObject({ outcome: 'answered', detail: { truncated: true, addresses: ['10.0.0.1'] } });
    expect(observation.subject.transport).toBe('udp');
  });

  it('is no answer when TCP fails, but is kept as evidence', async () => {
    const port = await closedPort();
    const socket = createSocket('udp4').bind(port, LOOPBACK);
    socket.on('message', (bytes, from) => {
      const { id = 0, questions = [] } = decode(bytes);
      const answers = [a(NAME, '10.0.0.1')];
      socket.send(
        encode({ type: 'response', id, flags: TRUNCATED_RESPONSE, questions, answers }),
        from.port,
        from.address,
      );
    });
    expect(await ask(port)).toMatchObject({
      outcome: 'refused',
      detail: {
        truncated: true,
        addresses: [],
        answers: [{ data: '10.0.0.1' }],
        failure: { code: 'ECONNREFUSED', syscall: 'connect' },
      },
    });
    socket.close();
  });

  it('may be cut anywhere', async () => {
    await using tcp = await dnsServer(() => ({ answers: [a(NAME, '10.0.0.1')] }));
    await using udp = await udpServer((bytes, from, socket) => {
      const { id = 0, questions = [] } = decode(bytes);
      const whole = encode({
        type: 'response',
        id,
        flags: TRUNCATED_RESPONSE,
        questions,
        answers: [a(NAME, '10.0.0.9')],
      });
      socket.send(whole.subarray(0, -3), from.port, from.address);
    });
    const route = (transport: string) => ({ address: LOOPBACK, port: transport === 'udp' ? udp.port : tcp.port });
    expect(await ask(53, {}, PATIENT, { ...host, wire: { route } })).toMatchObject({
      outcome: 'answered',
      detail: { truncated: true, addresses: ['10.0.0.1'] },
    });
  });
});

describe('over TCP', () => {
  it('takes an answer that comes byte by byte, after others that are not ours', async () => {
    await using server = await tcpServer((socket) => {
      socket.once('data', async (bytes) => {
        const { id = 0, questions = [] } = decode(bytes.subarray(2));
        const framed = (wanted: number) => {
          const message = encode({ type: 'response', id: wanted, questions, answers: [a(NAME, '10.0.0.1')] });
          return Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]);
        };
        for (const byte of Buffer.concat([framed((id + 1) % 0x10000), framed(id)])) {
          socket.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
      });
    });
    expect(await ask(server.port, { transport: 'tcp' })).toMatchObject({ outcome: 'answered' });
  });

  it.each([
    ['closes', (end: () => void) => end(), 'VPCE_DOCTOR_CLOSED'],
    ['resets', (_end: () => void, reset: () => void) => reset(), 'ECONNRESET'],
  ])('fails when the server %s', async (_case, act, code) => {
    await using server = await tcpServer((socket) => {
      socket.once('data', () =>
        act(
          () => socket.end(),
          () => socket.resetAndDestroy(),
        ),
      );
    });
    expect(await ask(server.port, { transport: 'tcp' })).toMatchObject({
      outcome: 'failed',
      detail: { failure: { code } },
    });
  });

  it('times out on a server that accepts and says nothing, and is refused by a closed port', async () => {
    await using server = await tcpServer((socket) => socket.resume());
    expect(await ask(server.port, { transport: 'tcp' }, HASTY)).toMatchObject({ outcome: 'timeout' });
    expect(await ask(await closedPort(), { transport: 'tcp' })).toMatchObject({ outcome: 'refused' });
  });
});

describe('no answer', () => {
  it('is a timeout from a silent socket', async () => {
    let asked = 0;
    await using server = await udpServer(() => {
      asked += 1;
    });
    expect(await ask(server.port, {}, HASTY)).toMatchObject({
      outcome: 'timeout',
      detail: { addresses: [], cnames: [], answers: [], authority: [], failure: { code: 'VPCE_DOCTOR_TIMEOUT' } },
    });
    expect(asked).toBeGreaterThan(0);
  });

  it('is refused by a closed port, at once', async () => {
    await using server = await tcpServer(() => {});
    expect(await ask(server.port)).toMatchObject({ outcome: 'refused', detail: { failure: { code: 'ECONNREFUSED' } } });
  });

  it('is malformed when only strangers and noise came, and answered when the truth came after them', async () => {
    for (const truthful of [false, true]) {
      await using server = await udpServer((bytes, from, socket) => {
        const { id = 0, questions = [] } = decode(bytes);
        const answers = [a(NAME, '192.0.2.66')];
        const say = (message: Buffer) => socket.send(message, from.port, from.address);
        say(encode({ type: 'response', id: (id + 1) % 0x10000, questions, answers }));
        say(encode({ type: 'response', id, questions: [{ name: 'x.example', type: 'A' }], answers }));
        say(encode({ type: 'response', id, questions: [{ name: NAME, type: 'AAAA' }], answers }));
        say(bytes);
        say(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
        say(Buffer.alloc(0));
        if (truthful) say(encode({ type: 'response', id, questions, answers: [a(NAME, '10.0.0.1')] }));
      });
      const expected = truthful
        ? { outcome: 'answered', detail: { addresses: ['10.0.0.1'] } }
        : { outcome: 'malformed', detail: { addresses: [], failure: { code: 'VPCE_DOCTOR_NOT_DNS' } } };
      expect(await ask(server.port, {}, truthful ? PATIENT : HASTY)).toMatchObject(expected);
    }
  });

  it('is not taken from another port', async () => {
    const stranger = createSocket('udp4');
    await using server = await udpServer((bytes, from) => {
      const { id = 0, questions = [] } = decode(bytes);
      stranger.send(
        encode({ type: 'response', id, questions, answers: [a(NAME, '192.0.2.66')] }),
        from.port,
        from.address,
      );
    });
    expect(await ask(server.port, {}, HASTY)).toMatchObject({ outcome: 'timeout', detail: { addresses: [] } });
    stranger.close();
  });

  it('is prohibited by the guard, on either transport', async () => {
    for (const transport of ['udp', 'tcp'] as const) {
      for (const machine of [guarded, host]) {
        expect(await ask(53, { server: '10.0.0.2', transport }, PATIENT, machine)).toMatchObject({
          outcome: 'prohibited',
          detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
        });
      }
    }
  });

  it('is skipped when the run ends first', async () => {
    await using server = await udpServer(() => {});
    for (const end of [AbortSignal.abort(), AbortSignal.timeout(50)]) {
      for (const transport of ['udp', 'tcp'] as const) {
        await using tcp = await tcpServer((socket) => socket.resume());
        const port = transport === 'udp' ? server.port : tcp.port;
        const observation = await probeDns(dnsProbe(subject(port, { transport })), host, PATIENT, end);
        expect(observation).toMatchObject({ outcome: 'skipped', detail: { failure: { code: 'VPCE_DOCTOR_SKIPPED' } } });
      }
    }
  });
});
