/** Reports in short, for tests of the fleet: what a test does not name is the same in all. */
import * as fc from 'fast-check';
import type { ReportFacts } from '../../src/fleet/facts.ts';

type Cause = ReportFacts['causes'][number];

export const HOST = 'secretsmanager.eu-west-1.amazonaws.com';
export const SERVICE = 'com.amazonaws.eu-west-1.secretsmanager';

export function cause(code: string, resources: readonly string[], more: Partial<Cause> = {}): Cause {
  return {
    code,
    title: `Title of ${code}`,
    layer: 'path',
    severity: 'blocking',
    standing: 'confirmed',
    targets: [HOST],
    resources: [...resources],
    fix: {
      summary: `Change ${resources[0] ?? 'it'}`,
      commands: [`aws change ${resources[0] ?? 'it'}`],
      undo: [],
      owner: 'endpoint owner',
      proof: 'opens',
      reason: 'The model says so.',
    },
    ...more,
  };
}

type Given = Partial<Omit<ReportFacts, 'vantage'>> & { readonly vantage?: Partial<ReportFacts['vantage']> };

/** A report of host `i-…n`; blocked with causes, healthy without, unless said otherwise. */
export function report(n: number, { vantage, ...given }: Given = {}): ReportFacts {
  const causes = given.causes ?? [];
  const verdict = given.verdict ?? (causes.some((one) => one.severity !== 'advice') ? 'blocked' : 'healthy');
  const status = {
    blocked: 'unreachable',
    degraded: 'degraded',
    inconclusive: 'unknown',
    healthy: 'reachable',
  } as const;
  return {
    schemaVersion: 1,
    tool: { name: 'vpce-doctor', version: '0.1.0' },
    startedAt: '2026-11-20T08:00:00.000Z',
    durationMs: 1_000,
    verdict,
    vantage: {
      kind: 'ec2',
      region: 'eu-west-1',
      accountId: '111122223333',
      instanceId: `i-${n.toString(16).padStart(17, '0')}`,
      vpcId: 'vpc-10000001',
      subnetId: 'subnet-c0000001',
      availabilityZoneId: 'euw1-az1',
      networkInterfaceId: `eni-${n.toString(16).padStart(17, '0')}`,
      addresses: [`10.0.${n >> 8}.${n & 255}`],
      ...vantage,
    },
    targets: [{ id: HOST, service: SERVICE, status: status[verdict], causes: causes.map(({ code }) => code) }],
    causes,
    undecided: [],
    unexplained: [],
    ...given,
  };
}

const CODES = ['endpoint-sg-blocks-client', 'endpoint-missing', 'clock-skew', 'resolver-not-vpc'] as const;
const LAYERS = { 'endpoint-missing': 'endpoint', 'clock-skew': 'host', 'resolver-not-vpc': 'dns' } as const;
const RESOURCES = ['sg-00000001', 'sg-00000002', 'sg-00000003', 'vpc-00000001', '10.0.0.9', '10.0.0.10'];

const anyCause = fc
  .record({
    code: fc.constantFrom(...CODES),
    resources: fc.array(fc.constantFrom(...RESOURCES), { maxLength: 3 }),
    severity: fc.constantFrom('blocking', 'degrading', 'advice'),
    standing: fc.constantFrom('confirmed', 'likely', 'modelled'),
    command: fc.nat(3),
  })
  .map(({ code, resources, severity, standing, command }) => {
    const made = cause(code, resources, {
      severity,
      standing,
      layer: code in LAYERS ? LAYERS[code as keyof typeof LAYERS] : 'path',
    });
    return { ...made, fix: { ...made.fix, commands: [`aws change ${command}`] } };
  });

/** Few hosts, places and causes, so that they meet; several reports of one host, also at the same time. */
export const anyReport: fc.Arbitrary<ReportFacts> = fc
  .record({
    host: fc.nat(8),
    named: fc.integer({ min: 0, max: 9 }),
    verdict: fc.constantFrom('healthy', 'degraded', 'blocked', 'inconclusive'),
    at: fc.nat(3),
    zone: fc.nat(2),
    vpc: fc.nat(1),
    causes: fc.array(anyCause, { maxLength: 3 }),
    version: fc.constantFrom('0.1.0', '0.2.0'),
    unexplained: fc.boolean().map((some) => (some ? ['tcp-1'] : [])),
    undecided: fc.array(
      fc.record({
        code: fc.constantFrom(...CODES),
        missing: fc.array(
          fc.record({
            action: fc.constantFrom('ec2:DescribeNetworkAcls', 'ec2:DescribeVpcs'),
            why: fc.constantFrom('denied', 'timeout'),
          }),
          { maxLength: 2 },
        ),
        matters: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ host, named, verdict, at, zone, vpc, causes, version, unexplained, undecided }) => {
    const made = report(host, {
      verdict,
      causes,
      unexplained,
      undecided,
      startedAt: `2026-11-20T08:00:0${at}.000Z`,
      tool: { name: 'vpce-doctor', version },
      vantage: { availabilityZoneId: `euw1-az${zone}`, vpcId: `vpc-0000000${vpc}` },
    });
    if (named > 0) return made;
    const { instanceId: _, networkInterfaceId: __, ...vantage } = made.vantage;
    return { ...made, vantage: { ...vantage, addresses: [] } };
  });
