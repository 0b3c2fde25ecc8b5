/** The kernel's tables, read; and the source address that follows from them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LocalInterface, LocalRoute } from '../../src/model/vantage.ts';
import { parseIpv4Routes, parseIpv6Routes, readRoutes, sourceAddressFor } from '../../src/vantage/routes.ts';
import { fakeHost, routeFile } from './fixtures.ts';

const IPV4 = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  'ens5\t00000000\t0101000A\t0003\t0\t0\t512\t00000000\t0\t0\t0',
  'ens5\t0001000A\t00000000\t0001\t0\t0\t512\t00FFFFFF\t0\t0\t0',
  'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  'ens5\tFDA9FEA9\t00000000\t0005\t0\t0\t512\tFFFFFFFF\t0\t0\t0',
  '*\t0009000A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'ens6\t00000000\t0102000A\t0002\t0\t0\t0\t00000000\t0\t0\t0',
  '',
].join('\n');

describe('the routing tables', () => {
  it('reads IPv4 routes that are up, rejecting ones without a device', () => {
    expect(parseIpv4Routes(IPV4)).toEqual([
      { destination: '0.0.0.0/0', gateway: '10.0.1.1', device: 'ens5', metric: 512 },
      { destination: '10.0.1.0/24', gateway: undefined, device: 'ens5', metric: 512 },
      { destination: '172.17.0.0/16', gateway: undefined, device: 'docker0', metric: 0 },
      { destination: '169.254.169.253/32', gateway: undefined, device: 'ens5', metric: 512 },
      { destination: '10.0.9.0/24', gateway: undefined, device: '*', metric: 0 },
    ]);
  });

  it("reads IPv6 routes without the kernel's local, multicast and last-resort entries", () => {
    const zeros = '0'.repeat(32);
    const row = (to: string, length: string, via: string, metric: string, flags: string, device: string): string =>
      `${to} ${length} ${zeros} 00 ${via} ${metric} 00000001 00000000 ${flags}     ${device}`;
    const text = [
      row('20010db8000000010000000000000000', '40', zeros, '00000100', '00000001', 'ens5'),
      row(zeros, '00', 'fe80000000000000000000fffe000001', '00000400', '00000003', 'ens5'),
      row('20010db8000000010000000000000017', '80', zeros, '00000000', '80200001', 'ens5'),
      row('ff000000000000000000000000000000', '08', zeros, '00000100', '00000001', 'ens5'),
      row('20010db80000ffff0000000000000000', '40', zeros, '00000400', '00200201', 'lo'),
      row(zeros, '00', zeros, 'ffffffff', '00200200', 'lo'),
    ].join('\n');
    expect(parseIpv6Routes(text)).toEqual([
      { destination: '2001:db8:0:1::/64', gateway: undefined, device: 'ens5', metric: 256 },
      { destination: '::/0', gateway: 'fe80::ff:fe00:1', device: 'ens5', metric: 1024 },
      { destination: '2001:db8:0:ffff::/64', gateway: undefined, device: '*', metric: 1024 },
    ]);
  });

  it('is empty where there is no /proc', async () => {
    expect(await readRoutes(fakeHost())).toEqual([]);
    const files = { '/proc/net/route': routeFile('eth0', '10.0.1.0', '10.0.1.1') };
    expect(await readRoutes(fakeHost({ files }))).toEqual([
      { destination: '0.0.0.0/0', gateway: '10.0.1.1', device: 'eth0', metric: 0 },
      { destination: '10.0.1.0/24', gateway: undefined, device: 'eth0', metric: 0 },
    ]);
  });

  it('survives any text', () => {
    const cell = fc.oneof(fc.string({ maxLength: 9 }), fc.constantFrom('00000000', 'eth0', '0003', '0'.repeat(32)));
    const texts = fc.array(fc.array(cell).map((cells) => cells.join(' '))).map((rows) => rows.join('\n'));
    fc.assert(
      fc.property(texts, (text) => {
        for (const route of [...parseIpv4Routes(text), ...parseIpv6Routes(text)]) {
          expect(Number.isInteger(route.metric)).toBe(true);
        }
      }),
    );
  });
});

describe('the source address', () => {
  const interfaces: LocalInterface[] = [
    { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
    { name: 'ens5', address: '10.0.1.23', prefixLength: 24 },
    { name: 'ens5', address: 'fe80::17', prefixLength: 64 },
    { name: 'ens5', address: '2001:db8:0:1::17', prefixLength: 128 },
    { name: 'ens6', address: '10.0.2.40', prefixLength: 24 },
    { name: 'ens6:1', address: '10.0.3.40', prefixLength: 24 },
    { name: 'docker0', address: '172.17.0.1', prefixLength: 16 },
  ];
  const route = (destination: string, device: string, metric = 0, gateway?: string): LocalRoute => ({
    destination,
    device,
    metric,
    gateway,
  });
  const routes = [
    route('0.0.0.0/0', 'ens6', 1024, '10.0.2.1'),
    route('0.0.0.0/0', 'ens5', 512, '10.0.1.1'),
    route('10.0.1.0/24', 'ens5'),
    route('10.0.2.0/24', 'ens6'),
    route('10.0.8.0/24', 'ens6', 0, '10.0.3.1'),
    route('10.0.9.0/24', '*'),
    route('10.0.10.0/24', 'gone0'),
    route('172.17.0.0/16', 'docker0'),
    route('::/0', 'ens5', 1024, 'fe80::1'),
  ];

  it.each<[string, string | undefined, string]>([
    ['0.0.0.0', '10.0.1.23', 'the default route of the lower metric'],
    ['10.0.2.14', '10.0.2.40', 'the connected subnet'],
    ['10.0.8.1', '10.0.3.40', 'the address beside the gateway, under an alias'],
    ['172.17.0.2', '172.17.0.1', 'a bridge that covers the VPC resolver'],
    ['10.0.2.40', '10.0.2.40', 'a local address: itself'],
    ['::', '2001:db8:0:1::17', 'IPv6, never from a link-local address'],
    ['10.0.9.1', undefined, 'a rejecting route'],
    ['10.0.10.1', undefined, 'a device without addresses'],
  ])('towards %s is %s: %s', (destination, expected, _why) => {
    expect(sourceAddressFor(destination, interfaces, routes)).toBe(expected);
  });

  it('is not known without a route', () => {
    expect(sourceAddressFor('203.0.113.1', interfaces, [route('10.0.1.0/24', 'ens5')])).toBeUndefined();
  });

  it('follows a VPN that splits the default route in halves', () => {
    const split = [...routes, route('0.0.0.0/1', 'ens6'), route('128.0.0.0/1', 'ens6')];
    expect(sourceAddressFor('0.0.0.0', interfaces, split)).toBe('10.0.2.40');
  });
});
