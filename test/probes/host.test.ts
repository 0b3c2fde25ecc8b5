import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { realHost } from '../../src/host.ts';

const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-host-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('realHost', () => {
  it('sends every packet where it is meant to go when nothing guards it', () => {
    const { wire } = realHost({ env: {} });
    expect(wire.route('tcp', '10.0.2.14', 443)).toEqual({ address: '10.0.2.14', port: 443 });
    expect(wire.route('udp', 'fd00:ec2::253', 53)).toEqual({ address: 'fd00:ec2::253', port: 53 });
    expect(wire.certificateAuthorities).toBeUndefined();
  });

  const guard = '127.0.0.0/8  10.1.2.0/24 ::1/128 2001:db8::/32';
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['128.0.0.1', false],
    ['10.1.2.255', true],
    ['10.1.3.0', false],
    ['::1', true],
    ['::2', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    // IPv4 packets whatever the spelling
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.1.3.0', false],
    ['169.254.169.254', false],
    ['localhost', false],
    ['', false],
  ])('guards %s: admitted is %s', (address, admitted) => {
    const { wire } = realHost({ env: { VPCE_DOCTOR_ONLY: guard } });
    for (const transport of ['udp', 'tcp'] as const) {
      expect(wire.route(transport, address, 53)).toEqual(admitted ? { address, port: 53 } : undefined);
    }
  });

  it('admits nothing with an empty guard and throws with one that cannot be read', () => {
    expect(realHost({ env: { VPCE_DOCTOR_ONLY: '' } }).wire.route('tcp', '127.0.0.1', 1)).toBeUndefined();
    expect(() => realHost({ env: { VPCE_DOCTOR_ONLY: '127.0.0.0/8 10.0.0.0' } })).toThrow(/"10\.0\.0\.0"/);
  });

  it('is under guard in this very test run', () => {
    expect(realHost().wire.route('tcp', '10.0.2.14', 443)).toBeUndefined();
    expect(realHost().wire.route('tcp', '127.0.0.1', 443)).toBeDefined();
  });

  it('reads files, and has undefined for those that it cannot read', async () => {
    const path = join(folder, 'resolv.conf');
    writeFileSync(path, 'nameserver 10.0.0.2\n');
    const host = realHost();
    expect(await host.readFile(path)).toBe('nameserver 10.0.0.2\n');
    expect(await host.readFile(join(folder, 'missing'))).toBeUndefined();
    expect(await host.readFile(folder)).toBeUndefined();
  });

  it('knows its interfaces with their prefix lengths', () => {
    expect(realHost().interfaces()).toContainEqual({
      name: expect.stringMatching(/^lo/),
      address: '127.0.0.1',
      prefixLength: 8,
    });
  });

  it('has a clock, a monotonic clock, and takes any part from the caller instead', () => {
    const host = realHost();
    const first = host.monotonic();
    expect(host.monotonic()).toBeGreaterThanOrEqual(first);
    expect(Math.abs(host.now() - Date.now())).toBeLessThan(60_000);
    const wire = { route: () => undefined };
    expect(realHost({ now: () => 7, platform: 'sunos', wire })).toMatchObject({ platform: 'sunos', wire });
    expect(realHost({ now: () => 7 }).now()).toBe(7);
  });
});
