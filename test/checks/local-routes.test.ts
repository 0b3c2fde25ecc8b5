/** Which local route takes an address away from the VPC, and which only looks like it. */
import { describe, expect, it } from 'vitest';
import { captureOf } from '../../src/checks/host/local.ts';
import { emptyVantage, type LocalRoute, type Vantage } from '../../src/model/vantage.ts';

const route = (destination: string, device: string, gateway?: string, metric = 0): LocalRoute => ({
  destination,
  device,
  metric,
  ...(gateway === undefined ? {} : { gateway }),
});
const DEFAULT = route('0.0.0.0/0', 'eth0', '10.0.1.1', 512);
const OWN = route('10.0.1.0/24', 'eth0');

function machine(routes: readonly LocalRoute[], changes: Partial<Vantage> = {}): Vantage {
  return {
    ...emptyVantage('ec2'),
    addresses: ['10.0.1.23'],
    vpcCidrs: ['10.0.0.0/16'],
    interfaces: [
      { addresses: ['10.0.1.23'], publicAddresses: [], securityGroupIds: [], vpcCidrs: [] },
      { addresses: ['10.0.4.9'], publicAddresses: [], securityGroupIds: [], vpcCidrs: [] },
    ],
    localInterfaces: [
      { name: 'eth0', address: '10.0.1.23', prefixLength: 24 },
      { name: 'eth1', address: '10.0.4.9', prefixLength: 24 },
      { name: 'docker0', address: '172.17.0.1', prefixLength: 16 },
      { name: 'br-1', address: '10.0.2.1', prefixLength: 24 },
      { name: 'tun0', address: '10.8.0.2', prefixLength: 24 },
    ],
    localRoutes: [DEFAULT, OWN, ...routes],
    metadata: { outcome: 'answered', address: '169.254.169.254', port: 80, ms: 1 },
    ...changes,
  };
}

describe('a route that captures', () => {
  it.each<[string, readonly LocalRoute[], string, string | undefined]>([
    ['nothing but the default route', [], '10.0.2.14', undefined],
    ['a bridge over the endpoint', [route('10.0.2.0/24', 'br-1')], '10.0.2.14', 'br-1'],
    ['a bridge beside it', [route('10.0.2.0/24', 'br-1')], '10.0.3.14', undefined],
    [
      'a more specific route back',
      [route('10.0.2.0/24', 'br-1'), route('10.0.2.14/32', 'eth0', '10.0.1.1')],
      '10.0.2.14',
      undefined,
    ],
    [
      'two of one length: the lower metric',
      [route('10.0.2.0/24', 'br-1', undefined, 600), route('10.0.2.0/24', 'eth0', undefined, 100)],
      '10.0.2.14',
      undefined,
    ],
    ['the subnet of the instance’s other interface', [route('10.0.4.0/24', 'eth1')], '10.0.4.20', undefined],
    ['a tunnel over the VPC', [route('10.0.0.0/8', 'tun0')], '10.0.2.14', 'tun0'],
    ['a tunnel to somewhere else, which may be the way', [route('10.20.0.0/16', 'tun0')], '10.20.2.14', undefined],
    ['docker over a peered VPC (C107)', [route('172.17.0.0/16', 'docker0')], '172.17.9.9', 'docker0'],
    ['a route that rejects', [route('10.0.2.0/24', '*')], '10.0.2.14', '*'],
    [
      'a stale route to the metadata service (C099)',
      [route('169.254.169.254/32', 'tun0', '10.0.9.1')],
      '169.254.169.254',
      'tun0',
    ],
    ['loopback', [route('127.0.0.0/8', 'lo')], '127.0.0.53', undefined],
    ['a name', [route('10.0.2.0/24', 'br-1')], 'resolver.example', undefined],
  ])('%s', (_what, routes, address, device) => {
    expect(captureOf(machine(routes), address)?.route.device).toBe(device);
  });

  it('in a container is that of its own bridge, when the VPC has the same addresses (C106)', () => {
    const inContainer = machine([], {
      vpcCidrs: ['172.17.0.0/16'],
      addresses: ['172.17.1.23'],
      interfaces: [{ addresses: ['172.17.1.23'], publicAddresses: [], securityGroupIds: [], vpcCidrs: [] }],
      localInterfaces: [{ name: 'eth0', address: '172.17.0.5', prefixLength: 16 }],
      localRoutes: [route('0.0.0.0/0', 'eth0', '172.17.0.1'), route('172.17.0.0/16', 'eth0')],
    });
    expect(captureOf(inContainer, '172.17.0.2')?.route.destination).toBe('172.17.0.0/16');
    expect(captureOf(inContainer, '10.0.0.2')).toBeUndefined();
  });

  it('is not claimed of a second interface that nobody could list', () => {
    const deaf = machine([route('10.0.4.0/24', 'eth1')], {
      interfaces: [],
      metadata: { outcome: 'timeout', address: '169.254.169.254', port: 80, ms: 1000 },
    });
    expect(captureOf(deaf, '10.0.4.20')).toBeUndefined();
    expect(captureOf({ ...deaf, localRoutes: [DEFAULT, route('10.0.2.0/24', 'br-1')] }, '10.0.2.14')).toBeDefined();
  });

  it('is not claimed where nothing is known of the machine', () => {
    expect(
      captureOf(machine([route('10.0.2.0/24', 'br-1')], { addresses: [], interfaces: [] }), '10.0.2.14'),
    ).toBeUndefined();
  });
});
