/** Every address of a target, zone by zone, and the table that the report makes of them when they differ. */
import { describe, expect, it } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { addressRows } from '../../src/report/addresses.ts';
import { renderText } from '../../src/report/text.ts';
import { runInLab } from '../checks/lab-run.ts';
import { dns, modelCase, tcp } from './support.ts';

const [A, B] = [LAB.secretsAddressA, LAB.secretsAddressB];

describe('targets[].addresses', () => {
  it('tell zone, interface, name and every rung of each interface', async () => {
    const { report } = await runInLab(healthyWorld());
    expect(report.targets[0]?.addresses).toEqual([
      {
        zone: 'eu-west-1a',
        zoneId: 'euw1-az1',
        address: A,
        networkInterfaceId: LAB.secretsInterfaceA,
        named: true,
        tcp: 'open',
        tls: 'trusted',
        https: 'aws-answer',
      },
      {
        zone: 'eu-west-1b',
        zoneId: 'euw1-az2',
        address: B,
        networkInterfaceId: LAB.secretsInterfaceB,
        named: true,
        tcp: 'open',
        tls: 'trusted',
        https: 'aws-answer',
      },
    ]);
    const [target] = report.targets;
    expect(target === undefined ? undefined : addressRows(report, target)).toEqual([]);
  });

  it('hold what the name leads to beside the endpoint, and who it is', async () => {
    const world = healthyWorld();
    checkOf('private-dns-disabled')?.demonstration.inject(world);
    const { report } = await runInLab(world);
    const rows = report.targets[0]?.addresses ?? [];
    expect(rows.map((row) => [row.address, row.named, row.tcp])).toEqual([
      [A, false, 'open'],
      [B, false, 'open'],
      [LAB.publicSecretsAddress, true, 'timeout'],
    ]);
    expect(rows[2]?.zone).toBeUndefined();
  });

  it('say how many tries succeeded where they differ', () => {
    const name = dns(LAB.secretsHost, 'answered', A);
    const chosen = {
      ...tcp(A, 'timeout', [name.id]),
      id: 'tcp again',
      subject: { address: A, port: 443, localPort: 40_000 },
    };
    const subject = {
      ...modelCase(healthyWorld()),
      probed: true,
      observations: [name, tcp(A, 'open', [name.id]), chosen],
    };
    const [first, second] = diagnose(subject).targets[0]?.addresses ?? [];
    expect([first?.tcp, second?.tcp, second?.named]).toEqual(['1 of 2', undefined, false]);
  });

  it('without packets only say where they are', () => {
    const [first] = diagnose(modelCase(healthyWorld())).targets[0]?.addresses ?? [];
    expect(first).toEqual({
      zone: 'eu-west-1a',
      zoneId: 'euw1-az1',
      address: A,
      networkInterfaceId: LAB.secretsInterfaceA,
    });
  });

  it('are a table when one zone of two fails', () => {
    const name = dns(LAB.secretsHost, 'answered', A, B);
    const observations = [name, tcp(A, 'open', [name.id]), tcp(B, 'timeout', [name.id])];
    const report = diagnose({ ...modelCase(healthyWorld()), probed: true, observations });
    const text = renderText(report, { width: 80, color: false, verbose: false });
    expect(text).toMatch(/zone +address +in DNS +TCP/);
    expect(text).toMatch(/euw1-az2 +10\.0\.3\.14 +yes +no answer/);
  });
});
