import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/model/host.ts';
import type { HttpsSubject } from '../../src/model/observation.ts';
import { probeHttps } from '../../src/probes/https.ts';
import { makeAuthority } from './support/certificates.ts';
import { guarded, HASTY, host, httpsProbe, PATIENT, running, trusting } from './support/probes.ts';
import { blackHole, closedPort, LOOPBACK, listening, tcpServer } from './support/servers.ts';

const NAME = 'sts.eu-west-1.amazonaws.com';
const authority = makeAuthority('Test Root');
afterAll(() => authority.remove());
const good = authority.issue({ names: [NAME, '127.0.0.1'] });
const otherName = authority.issue({ names: ['kms.eu-west-1.amazonaws.com'] });
const expired = authority.issue({ names: [NAME], from: '20200101000000Z', to: '20200201000000Z' });

const machine = trusting(authority.root);
const webServer = (handle: (request: IncomingMessage, response: ServerResponse) => void, pair = good) => {
  return listening(createHttpsServer(pair, handle));
};
/** A server that does to the decrypted connection what it likes, once a request is there. */
const rawServer = (act: (socket: TLSSocket) => void) => {
  const server = createTlsServer(good, (socket) => {
    socket.on('error', () => {}).once('data', () => act(socket));
  });
  return listening(server);
};
const ask = (port: number, rest: Partial<HttpsSubject> = {}, waits = PATIENT, from: Host = machine) => {
  const subject = { address: LOOPBACK, port, serverName: NAME, method: 'GET', path: '/', ...rest };
  return probeHttps(httpsProbe(subject), from, waits, running());
};

describe('the request', () => {
  it('carries the name, the path and nothing that identifies the caller', async () => {
    const seen: object[] = [];
    await using server = await webServer((request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers });
      response.end();
    });
    await ask(server.port, { path: '/v2/?x=1' });
    await ask(server.port, { method: 'OPTIONS', serverName: '127.0.0.1' });
    const headers = { 'user-agent': 'vpce-doctor', connection: 'close' };
    expect(seen).toEqual([
      { method: 'GET', url: '/v2/?x=1', headers: { ...headers, host: `${NAME}:${server.port}` } },
      { method: 'OPTIONS', url: '/', headers: { ...headers, host: `127.0.0.1:${server.port}` } },
    ]);
  });

  it('goes where the wire leads, on a new connection each time, and names no port where 443 is meant', async () => {
    let connections = 0;
    const hosts: unknown[] = [];
    const server = createHttpsServer(good, (request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    server.on('secureConnection', () => {
      connections += 1;
    });
    await using listener = await listening(server);
    const wire = { ...machine.wire, route: () => ({ address: LOOPBACK, port: listener.port }) };
    for (const _try of [1, 2]) {
      const observation = await ask(443, { address: '10.0.2.14' }, PATIENT, { ...machine, wire });
      expect(observation).toMatchObject({ id: `https 10.0.2.14:443 ${NAME} GET /`, outcome: 'other-answer' });
    }
    expect(connections).toBe(2);
    expect(hosts).toEqual([NAME, NAME]);
  });
});

describe('the answer', () => {
  const registry = { 'docker-distribution-api-version': 'registry/2.0' };
  it.each([
    ['x-amzn-requestid', 403, { 'x-amzn-requestid': 'id-1' }, 'aws-answer', 'id-1'],
    ['x-amz-request-id of S3', 307, { 'x-amz-request-id': 'id-2', 'x-amz-id-2': 'long' }, 'aws-answer', 'id-2'],
    ['x-amz-id-2 alone', 500, { 'x-amz-id-2': 'long' }, 'aws-answer', 'long'],
    ['x-amz-rid', 403, { 'x-amz-rid': 'id-3' }, 'aws-answer', 'id-3'],
    ['x-amzn-request-id', 404, { 'x-amzn-request-id': 'id-4' }, 'aws-answer', 'id-4'],
    ['the server of EC2', 200, { server: 'AmazonEC2' }, 'aws-answer', undefined],
    ['the server of S3', 403, { server: 'AmazonS3' }, 'aws-answer', undefined],
    [
      'ECR',
      401,
      { ...registry, 'www-authenticate': 'Basic realm="https://x",service="ecr.amazonaws.com"' },
      'aws-answer',
      undefined,
    ],
    [
      'another registry',
      401,
      { ...registry, 'www-authenticate': 'Bearer realm="https://x",service="registry"' },
      'other-answer',
      undefined,
    ],
    ['a load balancer', 503, { server: 'awselb/2.0' }, 'other-answer', undefined],
    ['a distribution', 403, { server: 'CloudFront', 'x-amz-cf-id': 'id' }, 'other-answer', undefined],
    ['a proxy', 403, { server: 'squid/6.1', via: '1.1 proxy' }, 'other-answer', undefined],
    ['nobody in particular', 200, {}, 'other-answer', undefined],
  ])('of %s', async (_case, status, headers, outcome, requestId) => {
    await using server = await webServer((_request, response) => response.writeHead(status, headers).end());
    expect(await ask(server.port)).toMatchObject({ outcome, detail: { status, requestId } });
  });

  it('is kept in full', async () => {
    await using server = await webServer((_request, response) => {
      response.setHeader('date', 'Sat, 21 Nov 2026 03:00:00 GMT');
      response.writeHead(403, {
        server: 'Server',
        'x-amzn-requestid': 'id',
        'x-amzn-errortype': 'MissingAuthenticationTokenException:http://internal.amazon.com/coral/',
        'content-type': 'application/x-amz-json-1.1',
      });
      response.end('{"message":"Missing Authentication Token"}');
    });
    const now = Date.parse('2026-11-21T03:10:00Z');
    let ticks = 0;
    // Each look at the clock finds it a second later: one second between request and answer.
    const clocks: Host = { ...machine, now: () => now, monotonic: () => 1000 * ticks++ };
    const observation = await ask(server.port, {}, PATIENT, clocks);
    expect(observation).toEqual({
      id: `https 127.0.0.1:${server.port} ${NAME} GET /`,
      rung: 'https',
      subject: { address: LOOPBACK, port: server.port, serverName: NAME, method: 'GET', path: '/' },
      after: ['dns before'],
      ms: 3000,
      outcome: 'aws-answer',
      detail: {
        status: 403,
        requestId: 'id',
        server: 'Server',
        date: 'Sat, 21 Nov 2026 03:00:00 GMT',
        clockOffsetMs: 599_500,
        errorType: 'MissingAuthenticationTokenException',
        contentType: 'application/x-amz-json-1.1',
        body: '{"message":"Missing Authentication Token"}',
        failure: undefined,
      },
    });
  });

  it.each([
    ['a cache’s', { date: 'Sat, 21 Nov 2026 03:00:00 GMT', age: '17' }, 'Sat, 21 Nov 2026 03:00:00 GMT'],
    ['no date', { date: 'yesterday' }, 'yesterday'],
  ])('does not set the clock by %s date', async (_case, headers, date) => {
    await using server = await webServer((_request, response) => response.writeHead(200, headers).end());
    const { detail } = await ask(server.port);
    expect([detail.date, detail.clockOffsetMs]).toEqual([date, undefined]);
  });

  const errorTypes: [string, Record<string, string>, string, string | undefined][] = [
    ['a header', { 'x-amzn-errortype': 'ForbiddenException' }, '{"message":"Forbidden"}', 'ForbiddenException'],
    ['JSON __type', {}, '{"__type":"com.amazon.coral.service#UnknownOperationException"}', 'UnknownOperationException'],
    ['JSON code', {}, '{"code":"AccessDeniedException"}', 'AccessDeniedException'],
    ['XML', {}, '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', 'AccessDenied'],
    ['a lone element', {}, '<UnknownOperationException/>\n', 'UnknownOperationException'],
    ['a page', {}, '<html>Access Denied</html>', undefined],
    ['JSON without one', {}, '{"message":"Not Found","code":404}', undefined],
    ['null', {}, 'null', undefined],
  ];
  it.each(errorTypes)('names its error in %s', async (_case, headers, body, errorType) => {
    await using server = await webServer((_request, response) => response.writeHead(400, headers).end(body));
    expect((await ask(server.port)).detail).toMatchObject({ errorType, body: body });
  });

  const named =
    '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********3333:a/b/GET/ with an explicit deny"}';
  it.each([
    [
      'names an action',
      { 'x-amzn-requestid': 'id' },
      named,
      { kind: 'policy', action: 'execute-api:Invoke', explicit: true },
    ],
    [
      'is S3’s own, which everybody gets who does not sign',
      { 'x-amz-request-id': 'id' },
      '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
      undefined,
    ],
    [
      'is about the missing signature',
      { 'x-amzn-requestid': 'id' },
      '{"__type":"MissingAuthenticationToken"}',
      undefined,
    ],
    ['is not that of AWS', {}, named, undefined],
  ])('tells of a refusal that %s', async (_case, headers, body, denial) => {
    await using server = await webServer((_request, response) => response.writeHead(403, headers).end(body));
    const { detail } = await ask(server.port);
    if (denial === undefined) expect(detail).not.toHaveProperty('denial');
    else expect(detail.denial).toMatchObject(denial);
  });

  it('is not followed', async () => {
    let asked = 0;
    await using server = await webServer((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: '/elsewhere', 'x-amz-request-id': 'id' }).end();
    });
    expect(await ask(server.port)).toMatchObject({ outcome: 'aws-answer', detail: { status: 307 } });
    expect(asked).toBe(1);
  });

  it('shows 512 characters of a text and none of anything else', async () => {
    await using long = await webServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`\u001b[2J${'ä'.repeat(400_000)}`);
    });
    expect((await ask(long.port)).detail.body).toBe(`\uFFFD[2J${'ä'.repeat(508)}`);
    await using binary = await webServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/cbor' }).end(Buffer.alloc(100));
    });
    expect(await ask(binary.port)).toMatchObject({ outcome: 'other-answer', detail: { status: 200, body: undefined } });
  });

  it('stands once its headers are there, however the body ends', async () => {
    const begin = 'HTTP/1.1 200 OK\r\nx-amzn-requestid: id\r\ncontent-length: 100\r\n\r\nhalf';
    const detail = { status: 200, requestId: 'id', body: 'half' };
    await using slow = await rawServer((socket) => socket.write(begin));
    expect(await ask(slow.port, {}, HASTY)).toMatchObject({
      outcome: 'aws-answer',
      detail: { ...detail, failure: { code: 'VPCE_DOCTOR_TIMEOUT' } },
    });
    await using cut = await rawServer((socket) => socket.end(begin));
    const observation = await ask(cut.port);
    expect(observation).toMatchObject({ outcome: 'aws-answer', detail });
    expect(observation.detail.failure?.code).toBeDefined();
  });
});

describe('no answer', () => {
  it.each([
    [
      'garbage',
      (socket: TLSSocket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
      'not-http',
      /^(VPCE_DOCTOR_NOT_HTTP|HPE_.*)$/,
    ],
    ['zeros', (socket: TLSSocket) => socket.write(Buffer.alloc(64)), 'not-http', /^(VPCE_DOCTOR_NOT_HTTP|HPE_.*)$/],
    ['a closed connection', (socket: TLSSocket) => socket.end(), 'closed', /^UND_ERR_SOCKET$/],
    [
      'half a header',
      (socket: TLSSocket) => socket.end('HTTP/1.1 200 OK\r\nx-amz'),
      'closed',
      /^(UND_ERR_SOCKET|HPE_.*)$/,
    ],
  ])('but %s', async (_case, act, outcome, code) => {
    await using server = await rawServer(act);
    expect(await ask(server.port)).toMatchObject({
      outcome,
      detail: { failure: { code: expect.stringMatching(code) } },
    });
  });

  it('from a peer that closes or resets as soon as TLS is up', async () => {
    const serve = (act: (socket: TLSSocket) => void) => {
      return listening(createTlsServer(good, (socket) => act(socket.on('error', () => {}))));
    };
    await using closing = await serve((socket) => socket.end());
    expect(await ask(closing.port)).toMatchObject({ outcome: 'closed' });
    const server = createTlsServer(good, (socket) => socket.on('error', () => {}));
    server.on('connection', (raw: Socket) => {
      server.once('secureConnection', () => raw.resetAndDestroy());
    });
    await using resetting = await listening(server);
    expect(await ask(resetting.port)).toMatchObject({ outcome: 'reset', detail: { failure: { code: 'ECONNRESET' } } });
  });

  it('in time', async () => {
    await using server = await webServer(() => {});
    expect(await ask(server.port, {}, HASTY)).toMatchObject({
      outcome: 'timeout',
      detail: { failure: { code: 'VPCE_DOCTOR_TIMEOUT' } },
    });
    await using mute = await tcpServer((socket) => socket.resume());
    expect(await ask(mute.port, {}, HASTY)).toMatchObject({ outcome: 'timeout' });
    await using hole = await blackHole();
    expect(await ask(hole.port, {}, HASTY)).toMatchObject({ outcome: 'timeout' });
  });

  it.each([
    ['another name', otherName, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['a date that is over', expired, 'CERT_HAS_EXPIRED'],
  ])('because of a certificate with %s', async (_case, pair, code) => {
    let asked = 0;
    await using server = await webServer((_request, response) => {
      asked += 1;
      response.end();
    }, pair);
    expect(await ask(server.port)).toMatchObject({ outcome: 'tls-failed', detail: { failure: { code } } });
    expect(asked).toBe(0);
  });

  it('because nobody trusts the certificate, or no TLS was spoken', async () => {
    await using server = await webServer((_request, response) => void response.end());
    expect(await ask(server.port, {}, PATIENT, host)).toMatchObject({
      outcome: 'tls-failed',
      detail: { failure: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } },
    });
    await using plain = await tcpServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    expect(await ask(plain.port)).toMatchObject({
      outcome: 'tls-failed',
      detail: { failure: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' } },
    });
  });

  it('because nothing listens, or the guard forbids it', async () => {
    expect(await ask(await closedPort())).toMatchObject({
      outcome: 'refused',
      detail: { failure: { code: 'ECONNREFUSED' } },
    });
    expect(await ask(443, {}, PATIENT, guarded)).toMatchObject({
      outcome: 'prohibited',
      detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
    });
  });

  it('because the run ends first', async () => {
    await using server = await webServer(() => {});
    const subject = { address: LOOPBACK, port: server.port, serverName: NAME, method: 'GET', path: '/' };
    for (const end of [AbortSignal.abort(), AbortSignal.timeout(100)]) {
      expect(await probeHttps(httpsProbe(subject), machine, PATIENT, end)).toMatchObject({ outcome: 'skipped' });
    }
  });
});
