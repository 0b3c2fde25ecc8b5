/** The proxy's rung against real servers on loopback: proxies of every temper, and things that are none. */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import type { Host } from '../../src/model/host.ts';
import { type ProxyProbe, type ProxySubject, probeId } from '../../src/model/observation.ts';
import { probeProxy } from '../../src/probes/proxy.ts';
import { runProbes } from '../../src/probes/run.ts';
import { guarded, HASTY, host, PATIENT, running, trusting } from './support/probes.ts';
import { blackHole, closedPort, LOOPBACK, listening, tcpServer } from './support/servers.ts';

const NAME = 'secretsmanager.eu-west-1.amazonaws.com';
const authority = createAuthority();
const stranger = createAuthority('Example Proxy', 'Example Corp');

function question(port: number, changes: Partial<ProxySubject> = {}): ProxyProbe {
  const subject: ProxySubject = {
    variable: 'HTTPS_PROXY',
    scheme: 'http',
    name: LOOPBACK,
    address: LOOPBACK,
    port,
    host: NAME,
    hostPort: 443,
    ...changes,
  };
  return { id: probeId('proxy', subject), rung: 'proxy', subject, after: [], why: 'a test asks' };
}

type Asked = { url?: string | undefined; authorization?: string | undefined };

/** Answers CONNECT with `status`; with 200 the tunnel leads to `to`. */
function proxyServer(
  status: string,
  to: number | undefined,
  asked: Asked = {},
  server: Server = createHttpServer(),
): Server {
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.url = request.url;
    asked.authorization = request.headers['proxy-authorization'];
    socket.on('error', () => {});
    if (to === undefined) {
      socket.end(`HTTP/1.1 ${status}\r\nServer: squid/6.1\r\n\r\n`);
      return;
    }
    const far = connect(to, LOOPBACK, () => {
      socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
      far.pipe(socket).pipe(far);
    });
    far.on('error', () => socket.destroy());
  });
  return server;
}

function service(by = authority, name = NAME): Server {
  const { certificate, key } = by.issue({ names: [name] });
  return createTlsServer({ cert: `${certificate}${by.certificate}`, key });
}

const believing = trusting(authority.certificate);
const ask = (probe: ProxyProbe, on: Host = believing, durations = PATIENT) =>
  probeProxy(probe, on, durations, running());

describe('a proxy that connects', () => {
  it('lets the service be seen at the end of the tunnel, and is asked without credentials that nobody set', async () => {
    await using far = await listening(service());
    const asked: Asked = {};
    await using proxy = await listening(proxyServer('200 Connection established', far.port, asked));
    const seen = await ask(question(proxy.port));
    expect(seen).toMatchObject({
      id: `proxy http://${LOOPBACK}:${proxy.port} CONNECT ${NAME}:443`,
      outcome: 'established',
      detail: { status: 200, tls: { outcome: 'trusted' } },
    });
    expect(asked).toEqual({ url: `${NAME}:443`, authorization: undefined });
  });

  it('may break TLS open: the stranger’s certificate shows it', async () => {
    await using far = await listening(service(stranger));
    await using proxy = await listening(proxyServer('200 OK', far.port));
    expect(await ask(question(proxy.port))).toMatchObject({
      outcome: 'established',
      detail: { tls: { outcome: 'untrusted', issuer: expect.stringContaining('Example Proxy') } },
    });
  });

  it('may lead to somebody else', async () => {
    await using far = await listening(service(authority, 'other.example'));
    await using proxy = await listening(proxyServer('200 OK', far.port));
    expect(await ask(question(proxy.port))).toMatchObject({ detail: { tls: { outcome: 'name-mismatch' } } });
  });

  it('gets the credentials of the variable, and the observation does not', async () => {
    await using far = await listening(service());
    const asked: Asked = {};
    await using proxy = await listening(proxyServer('200 OK', far.port, asked));
    const env = { HTTPS_PROXY: `http://user:hunter2@${LOOPBACK}:${proxy.port}` };
    const seen = await ask(question(proxy.port), { ...believing, env });
    expect(asked.authorization).toBe(`Basic ${Buffer.from('user:hunter2').toString('base64')}`);
    expect(seen.outcome).toBe('established');
    expect(JSON.stringify(seen)).not.toMatch(/hunter2|aHVudGVyMg|dXNlcjp/);
  });

  it('speaks TLS itself where the URL says https', async () => {
    await using far = await listening(service());
    const { certificate, key } = authority.issue({ names: [LOOPBACK] });
    const tls = createHttpsServer({ cert: `${certificate}${authority.certificate}`, key });
    await using proxy = await listening(proxyServer('200 OK', far.port, {}, tls));
    expect(await ask(question(proxy.port, { scheme: 'https' }))).toMatchObject({
      outcome: 'established',
      detail: { tls: { outcome: 'trusted' } },
    });
    expect(await ask(question(proxy.port, { scheme: 'https' }), host)).toMatchObject({ outcome: 'tls-failed' });
    // Plaintext towards a proxy that speaks TLS.
    expect(await ask(question(proxy.port))).toMatchObject({ outcome: 'wrong-scheme', detail: { status: 200 } });
  });
});

describe('a proxy that does not', () => {
  it.each([
    ['403 Forbidden', 'denied', 403],
    ['503 Service Unavailable', 'denied', 503],
    ['407 Proxy Authentication Required', 'authentication-required', 407],
    ['405 Method Not Allowed', 'not-a-proxy', undefined],
  ])('%s', async (status, outcome, code) => {
    await using proxy = await listening(proxyServer(status, undefined));
    const seen = await ask(question(proxy.port));
    expect(seen.outcome).toBe(outcome);
    expect(seen.detail.status).toBe(code);
  });

  it('speaks plaintext where the URL says https (C100)', async () => {
    await using proxy = await listening(proxyServer('403 Forbidden', undefined));
    expect(await ask(question(proxy.port, { scheme: 'https' }))).toMatchObject({
      outcome: 'wrong-scheme',
      detail: { status: 403, server: 'squid/6.1' },
    });
  });
});

describe('what is no proxy', () => {
  it.each([
    ['closes at once', (socket: Duplex) => socket.destroy()],
    ['says something else', (socket: Duplex) => socket.end('SSH-2.0-nothing\r\n')],
    ['answers half a line', (socket: Duplex) => socket.end('HTTP/1.1')],
    ['never ends its headers', (socket: Duplex) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`)],
  ])('%s', async (_what, serve) => {
    await using server = await tcpServer((socket) => void serve(socket));
    expect((await ask(question(server.port))).outcome).toBe('not-a-proxy');
  });

  it('is silent', async () => {
    await using server = await tcpServer(() => {});
    expect((await ask(question(server.port), host, HASTY)).outcome).toBe('timeout');
    await using hole = await blackHole();
    expect((await ask(question(hole.port), host, HASTY)).outcome).toBe('timeout');
  });

  it('is not there, or may not be asked', async () => {
    expect((await ask(question(await closedPort()))).outcome).toBe('refused');
    expect(await ask(question(3128), guarded)).toMatchObject({
      outcome: 'prohibited',
      detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
    });
  });
});

it('ends with the run', async () => {
  await using server = await tcpServer(() => {});
  const controller = new AbortController();
  const answer = runProbes([question(server.port)], { host, durations: PATIENT, signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  expect((await answer).map((one) => one.outcome)).toEqual(['skipped']);
});
