/** What dig, nslookup and getent print, of several versions, as observations. */
import { describe, expect, test } from 'vitest';
import { dnsObservation } from '../../src/script/raw-dns.ts';
import type { Raw } from '../../src/script/raw-document.ts';

const SUBJECT = {
  name: 'sts.eu-west-1.amazonaws.com',
  type: 'A',
  server: '10.0.0.2',
  port: 53,
  transport: 'udp',
} as const;

function read(tool: string, text: string, exit: number, subject: Raw<'dns'>['subject'] = SUBJECT) {
  const lines = [...text.split('\n'), '', `exit ${exit}`, ''];
  return dnsObservation({ record: 'answer', rung: 'dns', subject, tool, ms: 3, at: 0, lines });
}

const header = (status: string, flags = 'qr rd ra') =>
  `;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${status}, id: 4711\n;; flags: ${flags}; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n`;

describe('dig', () => {
  test('an answer over names', () => {
    const text = `${header('NOERROR')};; QUESTION SECTION:\n;sts.eu-west-1.amazonaws.com. IN A\n\n;; ANSWER SECTION:\nsts.eu-west-1.amazonaws.com. 60 IN CNAME vpce-0aa.sts.eu-west-1.vpce.amazonaws.com.\nvpce-0aa.sts.eu-west-1.vpce.amazonaws.com. 60 IN A 10.0.2.14\nvpce-0aa.sts.eu-west-1.vpce.amazonaws.com. 60 IN A 10.0.3.14\n\n;; Query time: 1 msec`;
    const one = read('dig', text, 0);
    expect(one.outcome).toBe('answered');
    expect(one.id).toBe('dns sts.eu-west-1.amazonaws.com A @10.0.0.2');
    expect(one.detail).toMatchObject({
      rcode: 'NOERROR',
      addresses: ['10.0.2.14', '10.0.3.14'],
      cnames: ['vpce-0aa.sts.eu-west-1.vpce.amazonaws.com'],
      recursionAvailable: true,
      authoritative: false,
      ednsUdpPayloadSize: 1232,
    });
  });

  test('NXDOMAIN with the zone that says so', () => {
    const soa = 'amazonaws.com. 60 IN SOA ns.example. root.example. 1 2 3 4 5';
    const one = read(
      'dig',
      `${header('NXDOMAIN', 'qr aa rd ra')};; AUTHORITY SECTION:\n${soa}\n\n;; Query time: 1 msec`,
      0,
    );
    expect(one.outcome).toBe('nxdomain');
    expect(one.detail.authoritative).toBe(true);
    expect(one.detail.authority).toEqual([
      { name: 'amazonaws.com', type: 'SOA', ttl: 60, data: 'ns.example root.example 1 2 3 4 5' },
    ]);
  });

  test('an answer that had to be asked for again over TCP', () => {
    const text = `;; Truncated, retrying in TCP mode.\n${header('NOERROR')};; ANSWER SECTION:\nsts.eu-west-1.amazonaws.com. 60 IN A 10.0.2.14\n`;
    expect(read('dig', text, 0)).toMatchObject({ outcome: 'answered', detail: { truncated: true } });
  });

  test('an extended error', () => {
    const text = `${header('SERVFAIL')}; EDE: 22 (No Reachable Authority): (delegation amazonaws.com)\n`;
    expect(read('dig', text, 0)).toMatchObject({
      outcome: 'servfail',
      detail: { extendedError: '22: delegation amazonaws.com' },
    });
  });

  test.each([
    ['no data', `${header('NOERROR')};; Query time: 1 msec`, 0, 'no-data'],
    ['refused by the server', header('REFUSED'), 0, 'refused-by-server'],
    ['another code', header('NOTIMP'), 0, 'other-rcode'],
    [
      'silence, BIND 9.11',
      '\n; <<>> DiG 9.11 <<>>\n;; connection timed out; no servers could be reached',
      9,
      'timeout',
    ],
    [
      'silence, BIND 9.18',
      ';; communications error to 10.0.0.2#53: timed out\n;; communications error to 10.0.0.2#53: timed out\n;; no servers could be reached',
      9,
      'timeout',
    ],
    [
      'a closed port, BIND 9.18',
      ';; communications error to 10.0.0.2#53: connection refused\n;; no servers could be reached',
      9,
      'refused',
    ],
    [
      'no route',
      ';; UDP setup with 10.0.0.2#53(10.0.0.2) for sts failed: network unreachable.\n;; no servers could be reached',
      9,
      'unreachable',
    ],
    ['forbidden here', ';; UDP setup with 10.0.0.2#53(10.0.0.2) for sts failed: permission denied.', 9, 'prohibited'],
    ['garbage', ';; Got bad packet: FORMERR\n12 bytes\n00 01', 8, 'malformed'],
    ['ended by the script', '', 124, 'timeout'],
    ['a dig that cannot start', 'dig: error while loading shared libraries: libbind9.so', 127, 'failed'],
  ])('%s', (_name, text, exit, outcome) => {
    expect(read('dig', text, exit).outcome).toBe(outcome);
  });
});

describe('nslookup', () => {
  test.each([
    [
      'BIND',
      'Server:\t\t10.0.0.2\nAddress:\t10.0.0.2#53\n\nNon-authoritative answer:\nsts.eu-west-1.amazonaws.com\tcanonical name = v.example.\nName:\tv.example\nAddress: 10.0.2.14\nName:\tv.example\nAddress: 10.0.3.14',
      ['10.0.2.14', '10.0.3.14'],
    ],
    [
      'BusyBox 1.35',
      'Server:\t\t10.0.0.2\nAddress:\t10.0.0.2:53\n\nNon-authoritative answer:\nName:\tsts.eu-west-1.amazonaws.com\nAddress: 10.0.2.14\n',
      ['10.0.2.14'],
    ],
    [
      'BusyBox 1.27',
      'Server:    10.0.0.2\nAddress 1: 10.0.0.2\n\nName:      sts.eu-west-1.amazonaws.com\nAddress 1: 10.0.2.14 ip-10-0-2-14',
      ['10.0.2.14'],
    ],
  ])('an answer of %s, without the server’s own address', (_name, text, addresses) => {
    expect(read('nslookup', text, 0)).toMatchObject({ outcome: 'answered', detail: { addresses } });
  });

  test('addresses of the other family are no answer', () => {
    const text = 'Server:\t10.0.0.2\nAddress:\t10.0.0.2:53\n\nName:\tx\nAddress: fd00::14';
    expect(read('nslookup', text, 0).outcome).toBe('no-data');
    expect(read('nslookup', text, 0, { ...SUBJECT, type: 'AAAA' })).toMatchObject({
      outcome: 'answered',
      detail: { addresses: ['fd00::14'] },
    });
  });

  test.each([
    ["Server:\t10.0.0.2\nAddress:\t10.0.0.2#53\n\n** server can't find sts: NXDOMAIN", 1, 'nxdomain'],
    ["** server can't find sts: SERVFAIL", 1, 'servfail'],
    ["** server can't find sts: REFUSED", 1, 'refused-by-server'],
    ["*** Can't find sts: No answer", 0, 'no-data'],
    [';; connection timed out; no servers could be reached', 1, 'timeout'],
    [';; communications error to 10.0.0.2#53: connection refused', 1, 'refused'],
    // A BusyBox that only asks the C library cannot tell one from another.
    ["nslookup: can't resolve 'sts'", 1, 'failed'],
    ['nslookup: invalid option -- t\nUsage: nslookup [HOST] [SERVER]', 1, 'failed'],
  ])('%s', (text, exit, outcome) => {
    expect(read('nslookup', text, exit).outcome).toBe(outcome);
  });
});

describe('getent', () => {
  test('addresses once each', () => {
    const text = '10.0.2.14       STREAM sts.eu-west-1.amazonaws.com\n10.0.2.14       DGRAM\n10.0.2.14       RAW\n';
    expect(read('getent', text, 0)).toMatchObject({ outcome: 'answered', detail: { addresses: ['10.0.2.14'] } });
  });
  test('mapped IPv4 addresses are no AAAA records', () => {
    const subject = { ...SUBJECT, type: 'AAAA' } as const;
    expect(read('getent', '10.0.2.14 STREAM sts', 0, subject).outcome).toBe('failed');
  });
  test.each([2, 124])('exit status %i blames nobody', (exit) => {
    expect(read('getent', '', exit).outcome).toBe('failed');
  });
});
