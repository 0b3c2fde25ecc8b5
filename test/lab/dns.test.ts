import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type DecodedPacket, decode, encode, type Packet, RECURSION_DESIRED, streamEncode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { type DnsServer, type Resolver, resolverAt, startDns } from '../../src/lab/dns.ts';
import { ANY_LOOPBACK_PORT } from '../../src/lab/listen.ts';
import { find, healthyWorld, LAB, type WorldResolver } from '../../src/lab/world.ts';

const running: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(resolver: Resolver): Promise<DnsServer> {
  const server = await startDns(resolver, ANY_LOOPBACK_PORT);
  running.push(server);
  return server;
}

function query(name: string, udpPayloadSize?: number): Packet {
  const option = {
    type: 'OPT' as const,
    name: '.',
    udpPayloadSize: udpPayloadSize ?? 0,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return {
    type: 'query',
    id: 4711,
    flags: RECURSION_DESIRED,
    questions: [{ name, type: 'A' }],
    ...(udpPayloadSize === undefined ? {} : { additionals: [option] }),
  };
}

async function askUdp(server: DnsServer, bytes: Buffer, patience = 10_000): Promise<DecodedPacket | 'silence'> {
  const socket = createSocket('udp4');
  const signal = AbortSignal.timeout(patience);
  try {
    socket.send(bytes, server.udpPort, '127.0.0.1');
    const [message] = await once(socket, 'message', { signal });
    return decode(message as Buffer);
  } catch (error) {
    if (signal.aborted) return 'silence';
    throw error;
  } finally {
    socket.close();
  }
}

/** Sends the bytes in two pieces: a length prefix of its own must not confuse the server. */
async function askTcp(server: DnsServer, packet: Packet): Promise<DecodedPacket> {
  const socket = connect(server.tcpPort, '127.0.0.1');
  try {
    const bytes = streamEncode(packet);
    socket.write(bytes.subarray(0, 1));
    socket.write(bytes.subarray(1));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
    }
    return decode(received.subarray(2));
  } finally {
    socket.destroy();
  }
}

const rcodeOf = (packet: DecodedPacket | 'silence') =>
  packet === 'silence' ? packet : (packet as DecodedPacket & { rcode: string }).rcode;

const addresses = (count: number): Resolver => {
  return ({ name }) => ({
    kind: 'answer',
    rcode: 'NOERROR',
    zone: 'example',
    answers: [
      { name, type: 'CNAME', data: 'alias.example' },
      ...Array.from({ length: count }, (_, n) => ({ name: 'alias.example', type: 'A' as const, data: `10.0.0.${n}` })),
    ],
  });
};

const dataOf = (packet: DecodedPacket | 'silence') =>
  packet === 'silence' ? [] : (packet.answers ?? []).map((answer) => ('data' in answer ? answer.data : undefined));

describe('the protocol', () => {
  test('answers the question that was asked, over UDP and TCP', async () => {
    const seen: unknown[] = [];
    const server = await start((question) => {
      seen.push(question);
      return addresses(1)(question);
    });
    for (const answer of [await askUdp(server, encode(query('a.example'))), await askTcp(server, query('a.example'))]) {
      expect(answer).toMatchObject({ id: 4711, type: 'response', flag_ra: true, flag_rd: true, flag_tc: false });
      expect(answer).toMatchObject({ questions: [{ name: 'a.example', type: 'A' }] });
      expect(dataOf(answer)).toEqual(['alias.example', '10.0.0.0']);
    }
    expect(seen).toEqual([
      { name: 'a.example', type: 'A', transport: 'udp' },
      { name: 'a.example', type: 'A', transport: 'tcp' },
    ]);
  });

  test('addresses take turns, the alias stays first', async () => {
    const server = await start(addresses(3));
    const answers: unknown[] = [];
    for (let n = 0; n < 4; n += 1) answers.push(dataOf(await askUdp(server, encode(query('a.example')))));
    expect(answers).toEqual([
      ['alias.example', '10.0.0.0', '10.0.0.1', '10.0.0.2'],
      ['alias.example', '10.0.0.1', '10.0.0.2', '10.0.0.0'],
      ['alias.example', '10.0.0.2', '10.0.0.0', '10.0.0.1'],
      ['alias.example', '10.0.0.0', '10.0.0.1', '10.0.0.2'],
    ]);
  });

  test.each<[string, number, number | undefined, boolean]>([
    ['a short answer without EDNS', 3, undefined, false],
    ['a long answer without EDNS', 60, undefined, true],
    ['a long answer with a large buffer', 60, 4096, false],
    ['a long answer with a small buffer', 60, 512, true],
    ['a buffer below the minimum counts as the minimum', 3, 100, false],
  ])('%s', async (_what, count, buffer, truncated) => {
    const server = await start(addresses(count));
    const answer = await askUdp(server, encode(query('a.example', buffer)));
    expect(answer).toMatchObject({ flag_tc: truncated });
    expect(dataOf(answer)).toHaveLength(truncated ? 0 : count + 1);
    expect(dataOf(await askTcp(server, query('a.example', buffer)))).toHaveLength(count + 1);
    const option = answer === 'silence' ? [] : (answer.additionals ?? []);
    expect(option.map((record) => record.type)).toEqual(buffer === undefined ? [] : ['OPT']);
  });

  test('what is no query gets no answer, and does no harm', async () => {
    const server = await start(addresses(1));
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), encode({ ...query('a.example'), type: 'response' })]) {
      expect(await askUdp(server, bytes, 100)).toBe('silence');
    }
    expect(dataOf(await askUdp(server, encode(query('a.example'))))).toHaveLength(2);
  });
});

describe("the world's resolvers", () => {
  const world = healthyWorld();
  const records = { 'own.example': { A: ['10.7.7.7'] } };
  const ask = async (behaviour: WorldResolver['behaviour'], name: string) => {
    const server = await start(resolverAt(world, { behaviour, records }));
    return await askUdp(server, encode(query(name)), behaviour === 'silent' ? 200 : 10_000);
  };

  test.each<[WorldResolver['behaviour'], string, unknown[]]>([
    ['public', 'NOERROR', [LAB.publicSecretsAddress]],
    ['forward', 'NOERROR', [LAB.secretsAddressA, LAB.secretsAddressB]],
    ['silent', 'silence', []],
    ['refused', 'REFUSED', []],
    ['servfail', 'SERVFAIL', []],
    ['nxdomain', 'NXDOMAIN', []],
  ])('%s', async (behaviour, rcode, data) => {
    const answer = await ask(behaviour, LAB.secretsHost);
    expect(rcodeOf(answer)).toBe(rcode);
    expect(dataOf(answer)).toEqual(data);
  });

  test.each<WorldResolver['behaviour']>(['public', 'forward', 'refused', 'servfail', 'nxdomain'])(
    '%s answers from its own data first',
    async (behaviour) => {
      expect(dataOf(await ask(behaviour, 'own.example'))).toEqual(['10.7.7.7']);
    },
  );

  test('a forwarder with a silent upstream says that it failed', async () => {
    const attributes = find(world, 'vpcAttributes', LAB.vpc);
    attributes.EnableDnsSupport = { Value: false };
    try {
      expect(rcodeOf(await ask('forward', LAB.secretsHost))).toBe('SERVFAIL');
    } finally {
      attributes.EnableDnsSupport = { Value: true };
    }
  });

  test.each<[WorldResolver['behaviour'], string, string | undefined]>([
    ['forward', `sub.${LAB.secretsHost}`, LAB.secretsHost],
    ['public', 'nothing.example.org', 'example.org'],
    ['servfail', LAB.secretsHost, undefined],
    ['refused', LAB.secretsHost, undefined],
    ['forward', LAB.secretsHost, undefined],
  ])('%s for %s: the SOA of %s', async (behaviour, name, zone) => {
    const answer = await ask(behaviour, name);
    const authorities = answer === 'silence' ? [] : (answer.authorities ?? []);
    expect(authorities.map(({ type, name: owner }) => ({ type, owner }))).toEqual(
      zone === undefined ? [] : [{ type: 'SOA', owner: zone }],
    );
  });
});
