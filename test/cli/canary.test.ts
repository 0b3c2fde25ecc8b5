/**
 * Recognisable credentials from each kind of source, and servers that send back all they were sent: nothing of it may come out of
 * a run, in any format, whoever answers.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Host } from '../../src/model/host.ts';
import { verify } from '../probes/support/sigv4.ts';
import { emptyFolder, lab, run } from './support/run.ts';

const KEY_ID = 'AKIACANARYCANARY0001';
const BUCKET_HOST = 'my-bucket.s3.eu-west-1.amazonaws.com';
const SECRET = 'canarySecret/canary+Secret/canarySecret0002';
const TOKEN = `canaryToken//${'Zm9vYmFyQ2FuYXJ5'.repeat(12)}+end==`;

/** Were the guard broken, what it should have held back must not be sent. */
beforeEach(() => {
  const original = Socket.prototype.connect;
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const { host } = Object([args[0]].flat()[0]) as { host?: string };
    if (host === '127.0.0.1' || host === '::1') return Reflect.apply(original, this, args) as Socket;
    return this.destroy(new Error('held back by the test'));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

type Echo = { readonly signed: string[]; readonly pieces: Set<string> };

/** Sends everything back: in the words of every protocol, in headers, in the error's code. */
function echo({ signed, pieces }: Echo) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url = '', headers } = request;
    const authorization = headers['authorization'] ?? '';
    const { canonical, keyId } = verify({ method, url, headers, body }, SECRET);
    if (authorization !== '') {
      signed.push(`${headers.host} ${url}`);
      pieces.add(authorization.split('Signature=')[1] ?? '?');
    }
    const all = `${authorization} ${headers['x-amz-security-token'] ?? ''} ${canonical}`;
    const flavour = signed.length % 4;
    const words = flavour === 0 ? `User: ${all} is not authorized to perform: x:y` : all;
    const code = flavour === 1 ? `AccessDenied${keyId}` : 'SignatureDoesNotMatch';
    const xml = words.replace(/&/g, '&amp;').replace(/</g, '&lt;');
    const json = headers['x-amz-target'] !== undefined || flavour === 2;
    const one = all.replace(/\s+/g, ' ');
    response.writeHead(403, {
      'content-type': json ? 'application/json' : 'text/xml',
      'x-amzn-requestid': flavour === 3 && authorization !== '' ? `r ${one}` : 'r',
      ...(flavour === 2 && authorization !== '' ? { 'x-amzn-errortype': one, server: one } : {}),
    });
    response.end(
      json
        ? JSON.stringify({ __type: code, message: words, Message: words })
        : `<ErrorResponse><Error><Code>${code}</Code><Message>${xml}</Message><CanonicalRequest>${xml}</CanonicalRequest><AWSAccessKeyId>${keyId}</AWSAccessKeyId></Error><Errors><Error><Code>${code}</Code><Message>${xml}</Message></Error></Errors></ErrorResponse>`,
    );
  };
}

async function started(
  server: ReturnType<typeof createServer> | ReturnType<typeof createHttpsServer>,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The lab's machine, whose services and APIs are echoes. */
async function machine(seen: Echo): Promise<{ host: Host; api: string }> {
  const world = healthyWorld();
  world.publicDns[BUCKET_HOST] = world.publicDns['s3.eu-west-1.amazonaws.com'] ?? {};
  const host = await lab(world);
  const authority = createAuthority('Amazon Root CA 9');
  const names = [LAB.secretsHost, 's3.eu-west-1.amazonaws.com', BUCKET_HOST];
  const { certificate: cert, key } = authority.issue({ names });
  const port = await started(createHttpsServer({ cert, key, maxHeaderSize: 65_536 }, echo(seen)));
  const api = `http://127.0.0.1:${await started(createServer(echo(seen)))}`;
  const wire: Host['wire'] = {
    route: (transport, address, at) => {
      if (address === '127.0.0.1') return { address, port: at };
      return transport === 'tcp' && at === 443
        ? { address: '127.0.0.1', port }
        : host.wire.route(transport, address, at);
    },
    certificateAuthorities: [authority.certificate],
  };
  return { host: { ...host, wire }, api };
}

const AS_GIVEN = { AWS_ACCESS_KEY_ID: KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: TOKEN };

/** Each way to have credentials, as variables; `undefined` takes one away. */
const SOURCES: Readonly<Record<string, () => Promise<Record<string, string | undefined>>>> = {
  'the environment': async () => AS_GIVEN,
  'a profile': async () => {
    const file = join(emptyFolder(), 'credentials');
    const lines = Object.entries({
      aws_access_key_id: KEY_ID,
      aws_secret_access_key: SECRET,
      aws_session_token: TOKEN,
    });
    writeFileSync(file, ['[canary]', ...lines.map(([name, value]) => `${name} = ${value}`), ''].join('\n'));
    return { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'canary' };
  },
  'a container': async () => {
    const grant = { AccessKeyId: KEY_ID, SecretAccessKey: SECRET, Token: TOKEN, Expiration: '2099-01-01T00:00:00Z' };
    const port = await started(
      createServer((_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(grant));
      }),
    );
    return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials` };
  },
};

function expectNothing(what: string, text: string, seen: Echo): void {
  const token = [TOKEN.slice(0, 16), TOKEN.slice(60, 80), TOKEN.slice(-14)];
  for (const piece of [KEY_ID, SECRET, ...token, encodeURIComponent(TOKEN).slice(0, 24), ...seen.pieces])
    expect([what, text.toLowerCase().includes(piece.toLowerCase())]).toEqual([what, false]);
  for (const trace of [/AWS4-HMAC/i, /aws4_request/i, /SignedHeaders/i, /x-amz-security-token/i, /x-amz-date/i])
    expect([what, trace.test(text)]).toEqual([what, false]);
}

const TARGETS = [LAB.secretsHost, 's3', BUCKET_HOST];
const FORMATS = ['text', 'json', 'markdown', 'html'] as const;

describe('credentials from', () => {
  test.each(Object.keys(SOURCES))(
    '%s stay where they are',
    async (source) => {
      const seen: Echo = { signed: [], pieces: new Set() };
      const { host, api } = await machine(seen);
      const variables = {
        VPCE_DOCTOR_ONLY: undefined,
        AWS_REGION: 'eu-west-1',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ENDPOINT_URL: api,
        ...(await SOURCES[source]?.()),
      };
      for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
      const own: Host = { ...host, env: process.env };
      const saved = join(emptyFolder(), 'case.json');
      const ran = await run([...TARGETS, '--signed', '-v', '--save', saved], { host: own });
      expectNothing('text', ran.stdout, seen);
      expectNothing('stderr', ran.stderr, seen);
      const kept = readFileSync(saved, 'utf8');
      expectNothing('saved', kept, seen);
      for (const format of FORMATS) {
        const again = await run(['diagnose', saved, '-v', '--format', format], { host: own });
        expectNothing(format, again.stdout + again.stderr, seen);
        const live = await run([...TARGETS, '--signed', '-v', '--format', format], { host: own });
        expectNothing(`live ${format}`, live.stdout + live.stderr, seen);
      }
      // The servers had everything to send back: probes, EC2, STS and the policy of the bucket were all signed.
      const outcomes = (JSON.parse(kept) as { observations: { rung: string; outcome: string }[] }).observations
        .filter(({ rung }) => rung === 'access')
        .map(({ outcome }) => outcome);
      expect(outcomes.length).toBeGreaterThanOrEqual(3);
      for (const outcome of outcomes) expect(['denied', 'credentials-rejected', 'answered']).toContain(outcome);
      expect(seen.signed.some((line) => line.startsWith(LAB.secretsHost))).toBe(true);
      expect(seen.signed.some((line) => line.endsWith('/my-bucket?policy='))).toBe(true);
      expect(seen.signed.filter((line) => line.startsWith('127.0.0.1')).length).toBeGreaterThan(10);
      // What follows a run: `collect` writes to standard output too.
      const collected = await run(['collect'], { host: own });
      expectNothing('collect', collected.stdout + collected.stderr, seen);
    },
    120_000,
  );

  test('a process that prints them and fails stay where they are', async () => {
    const seen: Echo = { signed: [], pieces: new Set() };
    const { host, api } = await machine(seen);
    const folder = emptyFolder();
    const file = join(folder, 'config');
    const printed = `${KEY_ID} ${SECRET} ${TOKEN}`;
    writeFileSync(
      file,
      `[profile canary]\ncredential_process = sh -c "touch ${folder}/ran; echo ${printed} >&2; echo ${printed}; exit 3"\n`,
    );
    const variables = {
      VPCE_DOCTOR_ONLY: undefined,
      AWS_REGION: 'eu-west-1',
      AWS_CONFIG_FILE: file,
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PROFILE: 'canary',
      AWS_ENDPOINT_URL: api,
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const own: Host = { ...host, env: process.env };
    const { stdout, stderr } = await run([...TARGETS, '--signed', '-v', '--format', 'json'], { host: own });
    expectNothing('process', stdout + stderr, seen);
    expect(existsSync(join(folder, 'ran'))).toBe(true);
    const { coverage } = JSON.parse(stdout) as { coverage: { what: string }[] };
    expect(coverage.filter(({ what }) => what === 'access')).toEqual([
      { what: 'access', outcome: 'skipped', count: 3, why: 'there are no credentials to sign with' },
    ]);
    expect(seen.signed).toEqual([]);
  });

  test('nowhere are told apart from credentials that are refused', async () => {
    const seen: Echo = { signed: [], pieces: new Set() };
    const { host } = await machine(seen);
    const { AWS_ACCESS_KEY_ID: _key, ...env } = host.env;
    const { stdout } = await run(['probe', LAB.secretsHost, '--signed', '--format', 'json'], {
      host: { ...host, env },
    });
    const { observations } = JSON.parse(stdout) as { observations: { rung: string; outcome: string }[] };
    expect(observations.filter(({ rung }) => rung === 'access').map(({ outcome }) => outcome)).toEqual([
      'no-credentials',
    ]);
    expect(seen.signed).toEqual([]);
  });

  test('the environment are not even looked at without --signed', async () => {
    const seen: Echo = { signed: [], pieces: new Set() };
    const { host } = await machine(seen);
    const { stdout } = await run(['probe', LAB.secretsHost, '--format', 'json'], {
      host: { ...host, env: { ...host.env, ...AS_GIVEN } },
    });
    expect(stdout).not.toContain('"rung": "access"');
    expect(seen.signed).toEqual([]);
    expectNothing('json', stdout, seen);
  });
});
