import { createServer, type TlsOptions } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/model/host.ts';
import { alternativeNames } from '../../src/probes/certificate.ts';
import { probeTls } from '../../src/probes/tls.ts';
import { type KeyPair, makeAuthority } from './support/certificates.ts';
import { guarded, HASTY, host, PATIENT, running, tlsProbe, trusting } from './support/probes.ts';
import { blackHole, closedPort, LOOPBACK, listening, tcpServer } from './support/servers.ts';

const NAME = 'secretsmanager.eu-west-1.amazonaws.com';
const authority = makeAuthority('Test Root');
const stranger = makeAuthority('Inspection Root');
afterAll(() => {
  authority.remove();
  stranger.remove();
});

const good = authority.issue({ names: [NAME, '*.secretsmanager.example', '127.0.0.1', '::1'] });
const otherName = authority.issue({ names: ['kms.eu-west-1.amazonaws.com'] });
const expired = authority.issue({ names: [NAME], from: '20200101000000Z', to: '20200201000000Z' });
const future = authority.issue({ names: [NAME], from: '20900101000000Z', to: '20910101000000Z' });
const expiredOtherName = authority.issue({ names: ['x.example'], from: '20200101000000Z', to: '20200201000000Z' });
const strangers = stranger.issue({ names: [NAME] });
const strangersOtherName = stranger.issue({ names: ['firewall.example'] });
const strangersExpired = stranger.issue({ names: [NAME], from: '20200101000000Z', to: '20200201000000Z' });

const tlsServer = (pair: KeyPair, options: TlsOptions = {}) => {
  const server = createServer({ ...pair, ...options }, (socket) => socket.on('error', () => {}).resume());
  server.on('tlsClientError', () => {});
  return listening(server);
};
const look = (port: number, serverName = NAME, machine: Host = trusting(authority.root), waits = PATIENT) => {
  return probeTls(tlsProbe({ address: LOOPBACK, port, serverName }), machine, waits, running());
};

describe('the certificate', () => {
  it('of a trusted peer is kept with its chain', async () => {
    await using server = await tlsServer(good);
    const observation = await look(server.port);
    expect(observation).toEqual({
      id: `tls 127.0.0.1:${server.port} ${NAME}`,
      rung: 'tls',
      subject: { address: LOOPBACK, port: server.port, serverName: NAME },
      after: ['dns before'],
      ms: expect.any(Number),
      outcome: 'trusted',
      detail: {
        protocol: 'TLSv1.3',
        cipher: expect.stringContaining('TLS_AES'),
        localAddress: LOOPBACK,
        anchor: 'added',
        chain: [
          {
            subject: `CN=${NAME}, O=Leaf`,
            issuer: 'CN=Test Root, O=Test, Inc., C=US',
            subjectAlternativeNames: [NAME, '*.secretsmanager.example', '127.0.0.1', '::1'],
            validFrom: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.000Z$/),
            validTo: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.000Z$/),
            fingerprint256: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
          },
          expect.objectContaining({ subject: 'CN=Test Root, O=Test, Inc., C=US', subjectAlternativeNames: [] }),
        ],
      },
    });
  });

  it.each([
    ['wrong name', otherName, 'name-mismatch', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', expired, 'expired', 'CERT_HAS_EXPIRED'],
    ['not yet valid', future, 'not-yet-valid', 'CERT_NOT_YET_VALID'],
    ['signed by a stranger', strangers, 'untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['expired, and another name', expiredOtherName, 'expired', 'CERT_HAS_EXPIRED'],
    ['signed by a stranger, and another name', strangersOtherName, 'untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['signed by a stranger, and expired', strangersExpired, 'expired', 'CERT_HAS_EXPIRED'],
    [
      'with the stranger’s root sent along',
      { ...strangers, cert: strangers.cert + stranger.root },
      'untrusted',
      'SELF_SIGNED_CERT_IN_CHAIN',
    ],
  ])('%s', async (_case, pair, outcome, authorizationError) => {
    await using server = await tlsServer(pair);
    const observation = await look(server.port);
    expect(observation).toMatchObject({ outcome, detail: { authorizationError, protocol: 'TLSv1.3' } });
    expect(observation.detail.chain[0]?.subject).toMatch(/^CN=.*, O=Leaf$/);
    expect(observation.detail.failure).toBeUndefined();
  });

  it('tells the dates that were found', async () => {
    await using server = await tlsServer(expired);
    const [leaf] = (await look(server.port)).detail.chain;
    expect(leaf).toMatchObject({ validFrom: '2020-01-01T00:00:00.000Z', validTo: '2020-02-01T00:00:00.000Z' });
  });

  it('of an unknown root is kept although nobody trusts it', async () => {
    await using server = await tlsServer({ ...strangers, cert: strangers.cert + stranger.root });
    const observation = await look(server.port, NAME, host);
    expect(observation.detail.chain.map((certificate) => certificate.subject)).toEqual([
      `CN=${NAME}, O=Leaf`,
      'CN=Inspection Root, O=Test, Inc., C=US',
    ]);
  });

  it('is trusted only through the authorities that the wire adds', async () => {
    await using server = await tlsServer(good);
    expect(await look(server.port, NAME, host)).toMatchObject({ outcome: 'untrusted' });
    expect(await look(server.port, NAME, trusting(stranger.root))).toMatchObject({ outcome: 'untrusted' });
    expect(await look(server.port, NAME)).toMatchObject({ outcome: 'trusted' });
  });
});

describe('the server name', () => {
  it.each([
    [NAME, NAME],
    ['a.secretsmanager.example', 'a.secretsmanager.example'],
    // An address is never sent as SNI.
    ['127.0.0.1', false],
    ['::1', false],
  ])('%s is asked for as %s', async (serverName, sent) => {
    let asked: string | false = false;
    await using server = await tlsServer(good, {
      SNICallback: (name, done) => {
        asked = name;
        done(null);
      },
    });
    expect(await look(server.port, serverName)).toMatchObject({ outcome: 'trusted' });
    expect(asked).toBe(sent);
  });

  it('is checked against all names, whatever the server chose to show', async () => {
    await using server = await tlsServer(good);
    for (const serverName of ['a.b.secretsmanager.example', 'secretsmanager.example', '127.0.0.2', '::2', 'leaf']) {
      expect(await look(server.port, serverName)).toMatchObject({ outcome: 'name-mismatch' });
    }
  });

  it('comes with ALPN for HTTP/1.1 and nothing older than TLS 1.2', async () => {
    await using server = await tlsServer(good, { ALPNProtocols: ['http/1.1'], maxVersion: 'TLSv1.2' });
    expect(await look(server.port)).toMatchObject({ outcome: 'trusted', detail: { protocol: 'TLSv1.2' } });
    await using http2 = await tlsServer(good, { ALPNProtocols: ['h2'] });
    expect(await look(http2.port)).toMatchObject({ outcome: 'alert' });
  });
});

describe('a peer that is no TLS server of ours', () => {
  const alert = (description: number) => Buffer.from([0x15, 3, 3, 0, 2, 2, description]);
  it.each([
    ['a plain HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'not-tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.9\r\n', 'not-tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['zeros', Buffer.alloc(64), 'not-tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['handshake_failure', alert(40), 'alert', expect.stringMatching(/^ERR_SSL_.*_ALERT_HANDSHAKE_FAILURE$/)],
    ['unrecognized_name', alert(112), 'alert', 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'],
    ['protocol_version', alert(70), 'alert', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    ['access_denied', alert(49), 'alert', 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED'],
    ['close_notify', Buffer.from([0x15, 3, 3, 0, 2, 1, 0]), 'closed', 'ECONNRESET'],
  ])('%s', async (_case, bytes, outcome, code) => {
    await using server = await tcpServer((socket) => socket.once('data', () => socket.write(bytes)));
    expect(await look(server.port)).toMatchObject({
      outcome,
      detail: { chain: [], localAddress: LOOPBACK, failure: { code } },
    });
  });

  it('never answers, closes, or resets', async () => {
    await using silent = await tcpServer((socket) => socket.resume());
    expect(await look(silent.port, NAME, host, HASTY)).toMatchObject({
      outcome: 'timeout',
      detail: { chain: [], localAddress: LOOPBACK, failure: { code: 'VPCE_DOCTOR_TIMEOUT' } },
    });
    await using closing = await tcpServer((socket) => socket.once('data', () => socket.end()));
    expect(await look(closing.port)).toMatchObject({ outcome: 'closed', detail: { failure: { code: 'ECONNRESET' } } });
    await using resetting = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await look(resetting.port)).toMatchObject({
      outcome: 'reset',
      detail: { failure: { code: 'ECONNRESET', syscall: 'read' } },
    });
  });

  it('is not even there', async () => {
    expect(await look(await closedPort())).toMatchObject({
      outcome: 'refused',
      detail: { failure: { code: 'ECONNREFUSED' } },
    });
    // Not a `timeout`: that would mean that TCP opened.
    await using hole = await blackHole();
    expect(await look(hole.port, NAME, host, { ...PATIENT, tcpConnect: 200 })).toMatchObject({
      outcome: 'failed',
      detail: { failure: { code: 'VPCE_DOCTOR_CONNECT_TIMEOUT' } },
    });
    expect(await look(443, NAME, guarded)).toMatchObject({
      outcome: 'prohibited',
      detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
    });
  });

  it('is skipped when the run ends first', async () => {
    await using silent = await tcpServer((socket) => socket.resume());
    const probe = tlsProbe({ address: LOOPBACK, port: silent.port, serverName: NAME });
    for (const end of [AbortSignal.abort(), AbortSignal.timeout(50)]) {
      expect(await probeTls(probe, host, PATIENT, end)).toMatchObject({ outcome: 'skipped' });
    }
  });
});

describe('alternativeNames', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['DNS:a.example', ['a.example']],
    [
      'DNS:*.a.example, IP Address:10.0.0.1, IP Address:FD00:EC2:0:0:0:0:0:253',
      ['*.a.example', '10.0.0.1', 'fd00:ec2::253'],
    ],
    ['URI:spiffe://mesh/ns/a, email:x@example', ['URI:spiffe://mesh/ns/a', 'email:x@example']],
    ['DNS:"evil.example, DNS:good.example", DNS:b', ['evil.example, DNS:good.example', 'b']],
    ['DNS:"a\\"b\\u0000", DNS:b', ['a"b\uFFFD', 'b']],
    ['othername:<unsupported>, DNS:b', ['othername:<unsupported>', 'b']],
    ['DirName:"CN = x, O = y", DNS:b', ['DirName:CN = x, O = y', 'b']],
  ])('%s', (text, names) => expect(alternativeNames(text)).toEqual(names));
});
