import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { ANY_LOOPBACK_PORT, type Listening } from '../../src/lab/listen.ts';
import { deafAddresses, startListener, type WorldListener, worldListeners } from '../../src/lab/servers.ts';
import { answerAs } from '../../src/lab/service-answers.ts';
import { find, healthyWorld, LAB, LAB_REGION, type World } from '../../src/lab/world.ts';

const authority = createAuthority();
const running: Listening[] = [];
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()));
});

async function start(listener: WorldListener | undefined): Promise<number> {
  if (listener === undefined) throw new Error('nobody listens there');
  const server = await startListener(listener, authority, ANY_LOOPBACK_PORT);
  running.push(server);
  return server.port;
}

const at = (world: World, address: string, port = 443) =>
  worldListeners(world).find((listener) => listener.address === address && listener.port === port);

/** One HTTPS request, the certificate checked against the lab's authority alone. */
async function get(port: number, host: string, path = '/', method = 'GET') {
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    servername: host,
    headers: { host },
    ca: authority.certificate,
    agent: false,
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await textOf(response) };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

describe('who listens', () => {
  test('every interface of a live endpoint, and the servers outside', () => {
    const places = worldListeners(healthyWorld()).map(({ address, port, speaks }) => `${address}:${port} ${speaks}`);
    expect(places.toSorted()).toEqual(
      [
        `${LAB.secretsAddressA}:443 https`,
        `${LAB.secretsAddressB}:443 https`,
        `${LAB.publicSecretsAddress}:443 https`,
        `${LAB.publicS3Address}:443 https`,
        `${LAB.publicS3Address}:80 http`,
        '52.94.10.20:443 https',
        '52.94.10.21:443 https',
        '198.51.100.10:443 https',
      ].toSorted(),
    );
  });

  test('an endpoint that is not available is deaf', () => {
    const world = healthyWorld();
    expect(deafAddresses(world).size).toBe(0);
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).State = 'pendingAcceptance';
    expect(at(world, LAB.secretsAddressA)).toBeUndefined();
    expect(deafAddresses(world)).toEqual(new Set([LAB.secretsAddressA, LAB.secretsAddressB]));
  });

  test.each<[string, string[], string[]]>([
    ['email-smtp', ['465:tls', '587:tcp'], ['443:https']],
    ['cassandra', ['9142:tls'], []],
    ['a-service-that-is-new', ['443:https'], []],
  ])('ports of %s are %j, not %j', (suffix, some, none) => {
    const world = healthyWorld();
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).ServiceName = `com.amazonaws.${LAB_REGION}.${suffix}`;
    const there = worldListeners(world).filter((listener) => listener.address === LAB.secretsAddressA);
    const ports = there.map(({ port, speaks }) => `${port}:${speaks}`);
    expect(ports).toEqual(expect.arrayContaining(some));
    for (const port of none) expect(ports).not.toContain(port);
  });

  test('an address of both an endpoint and a server is the endpoint', () => {
    const world = healthyWorld();
    world.servers[LAB.secretsAddressA] = { certificateNames: ['other.example'], ports: [443, 8443] };
    expect(at(world, LAB.secretsAddressA)?.service).toBe('secretsmanager');
    expect(at(world, LAB.secretsAddressA, 8443)?.service).toBe('not-aws');
  });
});

describe('certificates', () => {
  const names = (world: World) => at(world, LAB.secretsAddressA)?.certificate.names ?? [];
  const own = `${LAB.secretsEndpoint}-a1b2c3d4.secretsmanager.${LAB_REGION}.vpce.amazonaws.com`;

  test('cover every name of the service and of the endpoint', () => {
    expect(names(healthyWorld())).toEqual(expect.arrayContaining([LAB.secretsHost, `*.${LAB.secretsHost}`, own]));
  });

  test('a custom service has the names that its description gives', () => {
    const world = healthyWorld();
    const service = `com.amazonaws.vpce.${LAB_REGION}.vpce-svc-0a1b2c3d`;
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).ServiceName = service;
    world.api.endpointServices.push({ ServiceName: service, PrivateDnsNames: [{ PrivateDnsName: '*.corp.example' }] });
    expect(names(world)).toContain('*.corp.example');
    expect(at(world, LAB.secretsAddressA)?.service).toBe('not-aws');
  });

  test("the world's own list goes before", () => {
    const world = healthyWorld();
    world.endpointCertificateNames[`com.amazonaws.${LAB_REGION}.secretsmanager`] = ['wrong.example'];
    expect(names(world)).toEqual(['wrong.example']);
  });

  test.each([LAB.secretsHost, own])('a client that trusts the lab trusts %s', async (host) => {
    const port = await start(at(healthyWorld(), LAB.secretsAddressA));
    expect((await get(port, host)).status).toBe(404);
  });

  test('it does not trust another name, and without the lab no name at all', async () => {
    const port = await start(at(healthyWorld(), LAB.secretsAddressA));
    await expect(get(port, 'kms.example')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const request = httpsRequest({ host: '127.0.0.1', port, servername: LAB.secretsHost, agent: false });
    request.end();
    const [error] = await once(request, 'error');
    expect(error).toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  test('S3 through an interface endpoint stays at TLS 1.2 (facts.md 2.4)', async () => {
    const world = healthyWorld();
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).ServiceName = `com.amazonaws.${LAB_REGION}.s3`;
    const protocols: unknown[] = [];
    for (const listener of [at(world, LAB.secretsAddressA), at(world, LAB.publicS3Address)]) {
      const port = await start(listener);
      const socket = connectTls({ host: '127.0.0.1', port, servername: LAB.s3Host, ca: authority.certificate });
      await once(socket, 'secureConnect');
      protocols.push(socket.getProtocol());
      socket.destroy();
    }
    expect(protocols).toEqual(['TLSv1.2', 'TLSv1.3']);
  });
});

describe('answers on the wire', () => {
  test('carry a date and what proves AWS', async () => {
    const port = await start(at(healthyWorld(), LAB.secretsAddressA));
    const { status, headers, body } = await get(port, LAB.secretsHost);
    expect(status).toBe(404);
    expect(body).toContain('UnknownOperationException');
    expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Math.abs(Date.parse(String(headers.date)) - Date.now())).toBeLessThan(60_000);
  });

  test('S3, with and without TLS', async () => {
    const secure = await get(await start(at(healthyWorld(), LAB.publicS3Address)), LAB.s3Host);
    const port = await start(at(healthyWorld(), LAB.publicS3Address, 80));
    const request = httpRequest({ host: '127.0.0.1', port, headers: { host: `bucket.${LAB.s3Host}` }, agent: false });
    request.end();
    const [plain] = (await once(request, 'response')) as [IncomingMessage];
    expect(secure).toMatchObject({ status: 307, headers: { server: 'AmazonS3' } });
    expect(plain.statusCode).toBe(403);
    expect(await textOf(plain)).toContain('<Code>AccessDenied</Code>');
    for (const headers of [secure.headers, plain.headers])
      expect(headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/);
  });

  test("somebody else's server gives no sign of AWS", async () => {
    const { status, headers } = await get(await start(at(healthyWorld(), '198.51.100.10')), 'example.com');
    expect(status).toBe(200);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-am'))).toEqual([]);
    expect(headers.server).not.toMatch(/amazon/i);
  });

  test('a port without HTTP opens and stays open', async () => {
    const world = healthyWorld();
    find(world, 'vpcEndpoints', LAB.secretsEndpoint).ServiceName = `com.amazonaws.${LAB_REGION}.email-smtp`;
    const socket = connectTcp(await start(at(world, LAB.secretsAddressA, 587)), '127.0.0.1');
    await once(socket, 'connect');
    await expect(once(socket, 'end', { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      name: 'AbortError',
    });
    socket.destroy();
  });
});

describe('answers of each service (facts.md 10)', () => {
  test.each<[string | undefined, string, string, string, number, string]>([
    ['secretsmanager', 'OPTIONS', '/', LAB.secretsHost, 200, 'x-amzn-requestid'],
    ['secretsmanager', 'GET', '/', LAB.secretsHost, 404, 'x-amzn-requestid'],
    [undefined, 'GET', '/', 'new.eu-west-1.amazonaws.com', 404, 'x-amzn-requestid'],
    ['eks', 'GET', '/', 'eks.eu-west-1.amazonaws.com', 403, 'x-amzn-errortype'],
    ['eks', 'OPTIONS', '/', 'eks.eu-west-1.amazonaws.com', 403, 'x-amzn-errortype'],
    ['dynamodb', 'GET', '/', 'dynamodb.eu-west-1.amazonaws.com', 200, 'x-amzn-requestid'],
    ['dynamodb', 'POST', '/', 'dynamodb.eu-west-1.amazonaws.com', 400, 'x-amzn-errortype'],
    ['execute-api', 'GET', '/', 'abc.execute-api.eu-west-1.amazonaws.com', 403, 'x-amzn-errortype'],
    ['ecr.dkr', 'GET', '/v2/', '1.dkr.ecr.eu-west-1.amazonaws.com', 401, 'www-authenticate'],
    ['ec2', 'GET', '/', 'ec2.eu-west-1.amazonaws.com', 400, 'server'],
    ['s3', 'GET', '/', LAB.s3Host, 307, 'location'],
    ['s3', 'GET', '/', `bucket.${LAB.s3Host}`, 403, 'x-amz-id-2'],
    ['s3', 'GET', '/bucket/key', LAB.s3Host, 403, 'x-amz-id-2'],
    ['s3', 'OPTIONS', '/', LAB.s3Host, 403, 'x-amz-id-2'],
  ])('%s %s %s at %s: %i with %s', (service, method, path, host, status, header) => {
    const answer = answerAs(service, { method, path, host });
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.headers)).toContain(header);
  });

  test('DynamoDB says for whom it is healthy', () => {
    const host = 'dynamodb.eu-west-1.amazonaws.com';
    expect(answerAs('dynamodb', { method: 'GET', path: '/', host }).body).toBe(`healthy: ${host} `);
  });
});
