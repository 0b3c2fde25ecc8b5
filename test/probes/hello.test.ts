/** The ClientHellos of experiments, as they really leave the socket, and what becomes of them. */
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { HELLOS, type HelloKind } from '../../src/model/observation.ts';
import { isDefaultHelloLarge } from '../../src/probes/hello.ts';
import { probeHttps } from '../../src/probes/https.ts';
import { probeTls } from '../../src/probes/tls.ts';
import { makeAuthority } from './support/certificates.ts';
import { HASTY, httpsProbe, PATIENT, running, tlsProbe, trusting } from './support/probes.ts';
import { LOOPBACK, listening, tcpServer } from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';
const authority = makeAuthority('Test Root');
afterAll(() => authority.remove());
const good = authority.issue({ names: [NAME] });
const other = authority.issue({ names: ['kms.eu-west-1.amazonaws.com'] });
const machine = trusting(authority.root);
const ask = (port: number, hello: HelloKind | undefined, waits = PATIENT, serverName = NAME) =>
  probeTls(tlsProbe({ address: LOOPBACK, port, serverName, hello }), machine, waits, running());

/** The bytes of the first flight, header included; what is no TLS record comes as it came. */
async function firstFlight(hello: HelloKind | undefined, serverName = NAME): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  await using server = await tcpServer((socket: Socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const isRecord = received[0] === 0x16;
      if (isRecord && (received.length < 5 || received.length < 5 + received.readUInt16BE(3))) return;
      resolve(received);
      socket.destroy();
    });
  });
  await ask(server.port, hello, PATIENT, serverName);
  return promise;
}

/** The name in a hello, if it has one. */
const hasName = (hello: Buffer, name: string): boolean => hello.includes(Buffer.from(name, 'latin1'));

describe('a hello', () => {
  const LONGEST = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com`;

  it.each(['a.b', NAME, LONGEST])('has the size that it promises, for %s', async (serverName) => {
    for (const hello of ['small', 'without-sni', 'unacceptable'] as const)
      expect((await firstFlight(hello, serverName)).length, hello).toBeLessThan(1_200);
    const large = await firstFlight('large', serverName);
    expect(large.length).toBeGreaterThan(1_460);
    // One record and no more than two segments: a third would test something else.
    expect(large.length).toBeLessThan(2 * 1_400);
    expect((await firstFlight(undefined, serverName)).length > 1_460).toBe(isDefaultHelloLarge());
  });

  it('names the server unless it is not to', async () => {
    for (const hello of [undefined, ...HELLOS]) {
      const named = hello !== 'without-sni' && hello !== 'plaintext';
      expect(hasName(await firstFlight(hello), NAME), hello ?? 'default').toBe(named);
    }
  });

  it('is not TLS at all in plaintext, and a few bytes long', async () => {
    const bytes = await firstFlight('plaintext');
    expect(bytes.length).toBeLessThan(40);
    expect(bytes[0]).not.toBe(0x16);
  });
});

describe('a server', () => {
  const tlsServer = (pair = good) => {
    const server = createServer(pair, (socket) => socket.on('error', () => {}).resume());
    server.on('tlsClientError', () => {});
    return listening(server);
  };

  it('takes small and large, cannot take the unacceptable one, and says no to plaintext', async () => {
    await using server = await tlsServer();
    const outcomes = [];
    for (const hello of HELLOS) outcomes.push([hello, (await ask(server.port, hello)).outcome]);
    expect(outcomes).toEqual([
      ['small', 'trusted'],
      ['large', 'trusted'],
      ['without-sni', 'trusted'],
      ['unacceptable', 'alert'],
      ['plaintext', 'closed'],
    ]);
  });

  it('that was not told a name is not judged by the names it shows', async () => {
    await using server = await tlsServer(other);
    expect(await ask(server.port, 'without-sni')).toMatchObject({ outcome: 'trusted' });
    expect(await ask(server.port, 'small')).toMatchObject({ outcome: 'name-mismatch' });
  });

  it.each([
    ['answers with an alert', (socket: Socket) => socket.end(Buffer.of(0x15, 3, 3, 0, 2, 2, 40)), 'alert'],
    ['answers with a page', (socket: Socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'), 'not-tls'],
    ['hangs up', (socket: Socket) => socket.end(), 'closed'],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), 'reset'],
    ['says nothing', () => {}, 'timeout'],
  ] as const)('%s: plaintext tells', async (_words, serve, outcome) => {
    await using server = await tcpServer((socket) => void socket.once('data', () => serve(socket)));
    const { detail, ...observation } = await ask(server.port, 'plaintext', outcome === 'timeout' ? HASTY : PATIENT);
    expect(observation.outcome).toBe(outcome);
    expect(detail).toMatchObject({ chain: [], localAddress: LOOPBACK });
    expect(observation.id).toBe(`tls 127.0.0.1:${server.port} ${NAME} in plaintext`);
  });

  it('is asked for a page by a request that fills segments', async () => {
    const seen: number[] = [];
    const web = createHttpsServer({ ...good, maxHeaderSize: 65_536 }, (request, response) => {
      seen.push(String(request.headers['x-padding'] ?? '').length);
      response.writeHead(200, { 'x-amzn-requestid': 'id' }).end();
    });
    await using server = await listening(web);
    const at = { address: LOOPBACK, port: server.port, serverName: NAME, method: 'GET', path: '/' };
    const padded = httpsProbe({ ...at, hello: 'small', padding: 16_384 });
    expect(padded.id).toBe(
      `https 127.0.0.1:${server.port} ${NAME} GET / with a small hello and 16384 bytes of padding`,
    );
    expect(await probeHttps(padded, machine, PATIENT, running())).toMatchObject({ outcome: 'aws-answer' });
    await probeHttps(httpsProbe(at), machine, PATIENT, running());
    expect(seen).toEqual([16_384, 0]);
  });

  it('that finds such a request too long shows that it came all the same', async () => {
    const web = createHttpsServer(good, (_request, response) => response.end());
    await using server = await listening(web);
    const at = { address: LOOPBACK, port: server.port, serverName: NAME, method: 'GET', path: '/' };
    const { outcome } = await probeHttps(httpsProbe({ ...at, padding: 65_536 }), machine, PATIENT, running());
    expect(['other-answer', 'closed', 'reset']).toContain(outcome);
  });
});
