/** What openssl and curl print of handshakes, of several versions, as observations; the certificates are real ones. */
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { caseOfRawEvidence } from '../../src/script/raw-case.ts';
import { tlsObservation } from '../../src/script/raw-tls.ts';

const HOST = 'sts.eu-west-1.amazonaws.com';
const authority = createAuthority('Example Corp Inspection CA', 'Example Corp');
const DAY = 86_400_000;

function read(text: string, exit: number, more: { hello?: 'small' | 'without-sni' | 'plaintext'; tool?: string } = {}) {
  const { tool = 'openssl', ...hello } = more;
  const subject = { address: '10.0.2.14', port: 443, serverName: HOST, ...hello };
  const lines = [...text.split('\n'), '', `exit ${exit}`, ''];
  return tlsObservation({ record: 'answer', rung: 'tls', subject, tool, ms: 3, at: 0, lines });
}

/** As `s_client -showcerts` prints it. */
function shaken(pem: readonly string[], verify: string): string {
  const chain = pem.map((one, at) => ` ${at} s:CN = x\n   i:CN = y\n${one.trim()}`).join('\n');
  return `CONNECTED(00000003)\n---\nCertificate chain\n${chain}\n---\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\nVerify return code: ${verify}\n---\nDONE`;
}

describe('openssl', () => {
  test('a trusted chain', () => {
    const { certificate } = authority.issue({ names: [HOST] });
    const one = read(shaken([certificate, authority.certificate], '0 (ok)'), 0);
    expect(one).toMatchObject({
      outcome: 'trusted',
      detail: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', anchor: 'added' },
    });
    expect(one.detail.chain.map((each) => each.issuer)).toEqual([
      'CN=Example Corp Inspection CA, O=Example Corp, C=US',
      'CN=Example Corp Inspection CA, O=Example Corp, C=US',
    ]);
    expect(one.detail.chain[0]?.subjectAlternativeNames).toEqual([HOST]);
  });

  test('the name is read off the certificate, and not where no name was sent', () => {
    const { certificate } = authority.issue({ names: ['kms.eu-west-1.amazonaws.com'] });
    const text = shaken([certificate], '0 (ok)');
    expect(read(text, 0)).toMatchObject({
      outcome: 'name-mismatch',
      detail: { authorizationError: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(read(text, 0, { hello: 'without-sni' }).outcome).toBe('trusted');
  });

  test.each([
    ['19 (self signed certificate in certificate chain)', 'untrusted', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['20 (unable to get local issuer certificate)', 'untrusted', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    ['21 (unable to verify the first certificate)', 'untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['10 (certificate has expired)', 'expired', 'CERT_HAS_EXPIRED'],
    ['9 (certificate is not yet valid)', 'not-yet-valid', 'CERT_NOT_YET_VALID'],
    ['79 (invalid CA certificate)', 'untrusted', 'UNSPECIFIED'],
  ])('%s', (verify, outcome, authorizationError) => {
    const { certificate } = authority.issue({ names: [HOST], validFrom: new Date(Date.now() - DAY) });
    expect(read(shaken([certificate], verify), 0)).toMatchObject({ outcome, detail: { authorizationError } });
  });

  test.each([
    ['', 124, 'timeout', 'VPCE_DOCTOR_TIMEOUT'],
    ['CONNECTED(00000003)', 143, 'timeout', 'VPCE_DOCTOR_TIMEOUT'],
    [
      'CONNECTED(00000003)\nwrite:errno=104\n---\nno peer certificate available\n---\nVerify return code: 0 (ok)',
      1,
      'reset',
      'ECONNRESET',
    ],
    ['CONNECTED(00000003)\nwrite:errno=0\n---\nno peer certificate available', 1, 'closed', 'VPCE_DOCTOR_CLOSED'],
    [
      'CONNECTED(00000003)\n40A7:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:../ssl/record/rec_layer_s3.c:308:\n---\nno peer certificate available',
      1,
      'closed',
      'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
    ],
    [
      'CONNECTED(00000003)\n40A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:\n---\nno peer certificate available',
      1,
      'not-tls',
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ],
    [
      'CONNECTED(00000003)\n40A7:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:x.c:1:SSL alert number 40',
      1,
      'alert',
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    ],
    [
      'CONNECTED(00000003)\n140735:error:14094438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:s3_pkt.c:1493:SSL alert number 80',
      1,
      'alert',
      'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
    ],
    [
      'CONNECTED(00000003)\n00:error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:x.c:1:SSL alert number 40',
      1,
      'alert',
      'ERR_SSL_SSL_TLS_ALERT_HANDSHAKE_FAILURE',
    ],
    ['connect:errno=111', 1, 'refused', 'ECONNREFUSED'],
    ['s_client: Option unknown option -alpn', 1, 'failed', 'VPCE_DOCTOR_TOOL'],
  ])('%s', (text, exit, outcome, code) => {
    expect(read(text, exit)).toMatchObject({ outcome, detail: { chain: [], failure: { code } } });
  });

  test.each([
    ['CONNECTED\nbyte 21', 0, 'alert'],
    ['CONNECTED\nbyte 72', 0, 'not-tls'],
    ['CONNECTED\nbyte 0', 1, 'closed'],
    ['CONNECTED', 124, 'timeout'],
    ['CONNECTED\nbash: line 1: read: read error: 3: Connection reset by peer\nbyte 0', 1, 'reset'],
  ])('in plaintext: %s', (text, exit, outcome) => {
    expect(read(text, exit, { hello: 'plaintext', tool: 'bash' }).outcome).toBe(outcome);
  });
});

describe('curl', () => {
  const opened = '* Connected to sts (10.0.2.14) port 443 (#0)\n';
  test.each([
    [`${opened}* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256\n*  SSL certificate verify ok.`, 0, 'trusted'],
    [
      `${opened}* SSL certificate problem: self-signed certificate in certificate chain\ncurl: (60) SSL certificate problem: self-signed certificate in certificate chain`,
      60,
      'untrusted',
    ],
    [`${opened}* SSL certificate problem: certificate has expired`, 60, 'expired'],
    [`${opened}* SSL certificate problem: certificate is not yet valid`, 60, 'not-yet-valid'],
    [`${opened}* SSL: no alternative certificate subject name matches target host name`, 60, 'name-mismatch'],
    [`${opened}* OpenSSL SSL_connect: Connection reset by peer in connection to sts:443`, 35, 'reset'],
    [`${opened}curl: (28) SSL connection timeout`, 28, 'timeout'],
    [`${opened}curl: (35) error:0A00010B:SSL routines::wrong version number`, 35, 'not-tls'],
    ['* connect to 10.0.2.14 port 443 failed: Connection refused', 7, 'refused'],
  ])('%s', (text, exit, outcome) => {
    expect(read(text, exit, { tool: 'curl' }).outcome).toBe(outcome);
  });
});

describe('a document', () => {
  const document = {
    schemaVersion: 1,
    kind: 'vpce-doctor-raw-evidence',
    tool: { name: 'vpce-doctor', version: '0.1.0' },
    startedAt: '2026-11-21T10:00:00Z',
    durationMs: 5,
    ended: 'complete',
    requests: [{ kind: 'service', text: 'sts', service: 'sts' }],
    region: null,
    records: [null],
  };
  const problemOf = async (change: object) => {
    const result = await caseOfRawEvidence(JSON.stringify({ ...document, ...change }), 'e.json');
    return result === undefined ? 'no document of this kind' : result.ok ? 'fine' : result.problem;
  };

  test.each([
    [{}, 'fine'],
    [{ kind: 'vpce-doctor-case' }, 'no document of this kind'],
    [{ schemaVersion: 2 }, 'e.json was printed by a probe script of another version of vpce-doctor: print a new one.'],
    [{ ended: 'never' }, /^e\.json is not what a probe script of this version prints: ended: /],
    [
      {
        records: [
          {
            record: 'answer',
            rung: 'tcp',
            subject: { address: 'evil; rm', port: 443 },
            tool: 'nc',
            ms: 1,
            at: 1,
            lines: [],
          },
        ],
      },
      /records\.0/,
    ],
  ])('%o', async (change, problem) => {
    expect(await problemOf(change)).toMatch(typeof problem === 'string' ? problem : problem);
  });

  test('that was cut off is no JSON, and none of ours', async () => {
    expect(await caseOfRawEvidence('{"kind":"vpce-doctor-raw-evidence","records":[', 'e.json')).toBeUndefined();
  });

  test('keeps a request to itself where the certificate was not trusted', async () => {
    const subject = { address: '10.0.2.14', port: 443, serverName: HOST };
    const answer = { record: 'answer', ms: 1, at: 1 };
    const records = [
      { ...answer, rung: 'tls', subject, tool: 'openssl', lines: ['connect:errno=111', 'exit 1', null] },
      {
        ...answer,
        rung: 'https',
        subject: { ...subject, method: 'GET', path: '/' },
        tool: 'curl',
        lines: ['HTTP/1.1 200 OK', '', 'exit 0'],
      },
      null,
    ];
    const result = await caseOfRawEvidence(JSON.stringify({ ...document, records }), 'e.json');
    expect(result?.ok === true && result.case.observations.map((one) => one.rung)).toEqual(['tls']);
  });
});
