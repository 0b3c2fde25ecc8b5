/** What bash, nc, curl and openssl print of connections and requests, of several versions, as observations. */
import { describe, expect, test } from 'vitest';
import { httpsObservation, proxyObservation, tcpObservation } from '../../src/script/raw-connections.ts';

const raw = { record: 'answer', ms: 3, at: Date.parse('2026-11-21T10:00:00.400Z') } as const;
const printed = (text: string, exit: number) => [...text.split('\n'), '', `exit ${exit}`, ''];

describe('TCP', () => {
  const read = (tool: string, text: string, exit: number) =>
    tcpObservation({
      ...raw,
      rung: 'tcp',
      subject: { address: '10.0.2.14', port: 443 },
      tool,
      lines: printed(text, exit),
    });

  test.each([
    ['bash', '', 0, 'open'],
    [
      'bash',
      '10.0.2.14: connect: Connection refused\n10.0.2.14: line 1: /dev/tcp/10.0.2.14/443: Connection refused',
      1,
      'refused',
    ],
    ['bash', 'x: connect: No route to host', 1, 'unreachable'],
    ['bash', 'x: connect: Network is unreachable', 1, 'unreachable'],
    ['bash', 'x: connect: Invalid argument', 1, 'unreachable'],
    ['bash', 'x: connect: Operation not permitted', 1, 'prohibited'],
    ['bash', 'x: connect: Permission denied', 1, 'prohibited'],
    ['bash', 'x: connect: Connection timed out', 1, 'timeout'],
    ['bash', '', 124, 'timeout'],
    ['bash', '', 143, 'timeout'],
    ['bash', 'x: line 1: /dev/tcp/10.0.2.14/443: No such file or directory', 1, 'failed'],
    ['nc', 'Connection to 10.0.2.14 443 port [tcp/https] succeeded!', 0, 'open'],
    ['nc', 'nc: connect to 10.0.2.14 port 443 (tcp) failed: Connection refused', 1, 'refused'],
    ['nc', 'nc: connect to 10.0.2.14 port 443 (tcp) timed out: Operation now in progress', 1, 'timeout'],
    ['nc', 'Ncat: Connection timed out.', 1, 'timeout'],
    ['nc', 'nc: 10.0.2.14 (10.0.2.14:443): Host is unreachable', 1, 'unreachable'],
    ['nc', 'nc: invalid option -- z', 1, 'failed'],
    [
      'curl',
      '*   Trying 10.0.2.14:443...\n* Connected to 10.0.2.14 (10.0.2.14) port 443 (#0)\n* SSL certificate problem',
      60,
      'open',
    ],
    ['curl', '* Established connection to 10.0.2.14 (10.0.2.14 port 443) from 10.0.1.5 port 40000', 60, 'open'],
    ['curl', '* connect to 10.0.2.14 port 443 from 10.0.1.5 port 40000 failed: Connection refused', 7, 'refused'],
    ['curl', '* Connection timeout after 4001 ms', 28, 'timeout'],
    ['openssl', 'CONNECTED(00000003)\nwrite:errno=104', 1, 'open'],
    ['openssl', 'connect:errno=111', 1, 'refused'],
    ['openssl', '40:error:8000006F:system library:BIO_connect:Connection refused:connect()', 1, 'refused'],
  ])('%s: %s (%i)', (tool, text, exit, outcome) => {
    expect(read(tool, text, exit).outcome).toBe(outcome);
  });
});

describe('how long a connection took', () => {
  const subject = { address: '10.0.2.14', port: 443 };
  const read = (text: string) =>
    tcpObservation({ ...raw, ms: 900, rung: 'tcp', subject, tool: 'bash', lines: printed(text, 1) });
  test('is what bash measured, not how long bash took to start', () => {
    const one = read('began 1795255807.100000\nx: connect: No route to host\nended 1795255807.125400');
    expect(one).toMatchObject({ ms: 25, detail: { failure: { message: 'x: connect: No route to host' } } });
  });
  test.each(['began \nended ', 'began 1795255807.1', 'began 5.5\nended 4.5'])('else the whole of it: %j', (text) => {
    expect(read(text).ms).toBe(900);
  });
});

describe('HTTPS', () => {
  const subject = {
    address: '10.0.2.14',
    port: 443,
    serverName: 'sts.eu-west-1.amazonaws.com',
    method: 'GET',
    path: '/',
  };
  const read = (text: string, exit: number, tool = 'curl') =>
    httpsObservation({ ...raw, rung: 'https', subject, tool, lines: printed(text, exit) });

  test('an AWS service’s answer', () => {
    const text =
      'HTTP/1.1 403 Forbidden\nx-amzn-RequestId: 1-2\nContent-Type: text/xml\nDate: Sat, 21 Nov 2026 10:00:00 GMT\n\n<ErrorResponse><Code>MissingAuthenticationToken</Code></ErrorResponse>\nvpce-doctor 403 0.001 0.010 0.020';
    const one = read(text, 0);
    expect(one.outcome).toBe('aws-answer');
    expect(one.detail).toMatchObject({
      status: 403,
      requestId: '1-2',
      errorType: 'MissingAuthenticationToken',
      body: '<ErrorResponse><Code>MissingAuthenticationToken</Code></ErrorResponse>',
      clockOffsetMs: 395,
    });
  });

  test('somebody else’s answer, with HTTP/2 and without a body', () => {
    expect(read('HTTP/2 200\nserver: nginx\n\n\nvpce-doctor 200 0.1 0.2 0.3', 0)).toMatchObject({
      outcome: 'other-answer',
      detail: { status: 200, server: 'nginx' },
    });
  });

  test('an answer to openssl', () => {
    expect(read('HTTP/1.1 404 Not Found\nx-amz-request-id: A\n\nnothing', 124, 'openssl').outcome).toBe('aws-answer');
  });

  test.each([
    [
      'curl: (28) Operation timed out after 6000 milliseconds with 0 bytes received\nvpce-doctor 000 0.001 0.010 0.000',
      28,
      'timeout',
      'VPCE_DOCTOR_TIMEOUT',
    ],
    [
      'curl: (28) Connection timed out after 4001 milliseconds\nvpce-doctor 000 0.000 0.000 0.000',
      28,
      'timeout',
      'VPCE_DOCTOR_CONNECT_TIMEOUT',
    ],
    ['curl: (7) Failed to connect: Connection refused', 7, 'refused', 'ECONNREFUSED'],
    ['curl: (56) Recv failure: Connection reset by peer', 56, 'reset', 'ECONNRESET'],
    ['curl: (52) Empty reply from server', 52, 'closed', 'VPCE_DOCTOR_CLOSED'],
    ['curl: (1) Received HTTP/0.9 when not allowed', 1, 'not-http', 'VPCE_DOCTOR_NOT_HTTP'],
    ['curl: (60) SSL certificate problem: certificate has expired', 60, 'tls-failed', 'VPCE_DOCTOR_TLS'],
    ['curl: (35) error:0A00010B:SSL routines::wrong version number', 35, 'tls-failed', 'VPCE_DOCTOR_TLS'],
    ['curl: option --resolve: is unknown', 2, 'failed', 'VPCE_DOCTOR_TOOL'],
  ])('%s', (text, exit, outcome, code) => {
    expect(read(text, exit)).toMatchObject({ outcome, detail: { failure: { code } } });
  });
});

describe('a proxy', () => {
  const proxy = { variable: 'HTTPS_PROXY', scheme: 'http', name: 'proxy.example', port: 3128 } as const;
  const subject = { host: 'sts.eu-west-1.amazonaws.com', hostPort: 443 };
  const read = (text: string, exit: number) =>
    proxyObservation({ ...raw, rung: 'proxy', subject, tool: 'curl', lines: printed(text, exit) }, proxy);
  const reached =
    '*   Trying 10.0.5.5:3128...\n* Connected to proxy.example (10.0.5.5) port 3128 (#0)\n* Establish HTTP proxy tunnel\n';

  test('that connects, and who is at the end', () => {
    const one = read(
      `${reached}< HTTP/1.1 200 Connection established\n*  issuer: C=US; O=Amazon; CN=Amazon RSA 2048 M01\n*  SSL certificate verify ok.\n< HTTP/1.1 403 Forbidden`,
      0,
    );
    expect(one).toMatchObject({
      outcome: 'established',
      subject: { address: '10.0.5.5' },
      detail: { status: 200, tls: { outcome: 'trusted', issuer: 'C=US, O=Amazon, CN=Amazon RSA 2048 M01' } },
    });
  });

  test.each([
    [`${reached}< HTTP/1.1 407 Proxy Authentication Required`, 56, 'authentication-required'],
    [`${reached}< HTTP/1.1 403 Filtered\n< Server: tinyproxy`, 56, 'denied'],
    ['*   Trying 10.0.5.5:3128...\n* connect to 10.0.5.5 port 3128 failed: Connection refused', 7, 'refused'],
    ['*   Trying 10.0.5.5:3128...\n* Connection timed out after 4001 ms', 28, 'timeout'],
    [`${reached}* Proxy CONNECT aborted`, 56, 'not-a-proxy'],
  ])('%s', (text, exit, outcome) => {
    expect(read(text, exit)?.outcome).toBe(outcome);
  });

  test('that was never tried says nothing', () => {
    expect(read('curl: (5) Could not resolve proxy: proxy.example', 5)).toBeUndefined();
  });
});
