/** What could explain that packets and model disagree: that for which something in the run speaks comes first, with what. */
import { describe, expect, it } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Case } from '../../src/model/case.ts';
import type { Observation } from '../../src/model/observation.ts';
import { dns, modelCase, tcp } from './support.ts';

const [A, B] = [LAB.secretsAddressA, LAB.secretsAddressB];
const NAME = dns(LAB.secretsHost, 'answered', A, B);
const ASKED = [{ what: 'ec2:DescribeVpcEndpoints', outcome: 'made', count: 1 }] as const;

/** The model says no, the packets say yes. */
function contradicted(change: (world: World) => void = () => {}, more: Partial<Case> = {}) {
  const world = healthyWorld();
  checkOf('endpoint-sg-blocks-client')?.demonstration.inject(world);
  change(world);
  const subject = modelCase(world);
  const observations: Observation[] = [NAME, tcp(A, 'open', [NAME.id]), tcp(B, 'open', [NAME.id])];
  const report = diagnose({ ...subject, probed: true, observations, coverage: [...ASKED], ...more });
  expect(report.causes.map((cause) => cause.code)).not.toContain('endpoint-sg-blocks-client');
  const found = report.contradicted.find((one) => one.code === 'endpoint-sg-blocks-client');
  expect(found).toBeDefined();
  return found?.couldBe ?? [];
}

/** The model says yes, the packets say no. */
function unexplained(observations: readonly Observation[], change: (world: World) => void = () => {}, more = {}) {
  const world = healthyWorld();
  change(world);
  const subject = modelCase(world);
  return diagnose({ ...subject, probed: true, observations, coverage: [...ASKED], ...more });
}

describe('a finding that packets disprove', () => {
  it('without evidence for any of them, all possibilities are told, none with a reason', () => {
    const couldBe = contradicted();
    expect(couldBe.length).toBeGreaterThan(2);
    expect(couldBe.filter((text) => text.includes(':'))).toEqual([]);
    expect(couldBe[0]).toBe('a change is in progress');
  });

  it.each<[string, (world: World) => void, (subject: Case) => Partial<Case>, RegExp]>([
    [
      'files instead of the API',
      () => {},
      () => ({ coverage: [] }),
      /^the description is older than the network: .*files/,
    ],
    [
      'a connection from another address',
      () => {},
      () => ({
        observations: [NAME, { ...tcp(A, 'open', [NAME.id]), detail: { localAddress: '10.0.9.9' } }],
      }),
      /^another network interface .*10\.0\.9\.9/,
    ],
    [
      'several interfaces',
      () => {},
      (subject) => ({
        vantage: {
          ...subject.vantage,
          interfaces: [
            ...subject.vantage.interfaces,
            {
              networkInterfaceId: 'eni-other',
              addresses: ['10.0.1.99'],
              publicAddresses: [],
              securityGroupIds: [],
              vpcCidrs: [],
            },
          ],
        },
      }),
      /^another network interface .*eni-other/,
    ],
    [
      'a Gateway Load Balancer endpoint',
      (world) => {
        world.api.vpcEndpoints.push({ VpcEndpointId: 'vpce-6b000001', VpcEndpointType: 'GatewayLoadBalancer' });
      },
      () => ({}),
      /^an appliance .*vpce-6b000001/,
    ],
    [
      'a route through an interface',
      (world) =>
        addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '10.0.2.0/24', NetworkInterfaceId: 'eni-f1' }),
      () => ({}),
      /^an appliance .*10\.0\.2\.0\/24 → eni-f1/,
    ],
    [
      'an endpoint on the move',
      (world) => {
        find(world, 'vpcEndpoints', LAB.secretsEndpoint).State = 'pending';
      },
      () => ({}),
      /^a change is in progress: vpce-5ec00001 is pending/,
    ],
  ])('%s speaks for itself, and comes first', (_words, change, more, first) => {
    const world = healthyWorld();
    change(world);
    const couldBe = contradicted(change, more(modelCase(world)));
    expect(couldBe[0]).toMatch(first);
  });

  it('the address that the kernel used, when it is the one that was evaluated, clears the other interfaces', () => {
    const own = { ...tcp(A, 'open', [NAME.id]), detail: { localAddress: LAB.clientAddress } };
    const couldBe = contradicted(() => {}, { observations: [NAME, own] });
    expect(couldBe.join()).not.toContain('another network interface');
  });
});

describe('a failure that nothing explains', () => {
  it('gets the possibilities of its own, and none without a failure', () => {
    const silent = unexplained([NAME, tcp(A, 'timeout', [NAME.id]), tcp(B, 'timeout', [NAME.id])]);
    expect(silent.unexplained).toHaveLength(2);
    expect(silent.unexplainedCouldBe?.[0]).toContain('a firewall on this host');
    const fine = unexplained([NAME, tcp(A, 'open', [NAME.id]), tcp(B, 'open', [NAME.id])]);
    expect(fine.unexplainedCouldBe).toBeUndefined();
  });

  it.each<[string, readonly Observation[], (subject: Case) => Partial<Case>, RegExp]>([
    [
      'what this machine forbids',
      [NAME, tcp(A, 'prohibited', [NAME.id]), tcp(B, 'prohibited', [NAME.id])],
      () => ({}),
      /^a firewall on this host .*forbidden by this machine/,
    ],
    [
      'a proxy',
      [NAME, tcp(A, 'timeout', [NAME.id]), tcp(B, 'timeout', [NAME.id])],
      (subject) => ({ vantage: { ...subject.vantage, proxy: { httpsProxy: 'http://10.0.8.8:3128' } } }),
      /^a firewall on this host .*proxy/,
    ],
    [
      'one interface of two',
      [NAME, tcp(A, 'open', [NAME.id]), tcp(B, 'timeout', [NAME.id])],
      () => ({}),
      /^a single interface of the endpoint is out of order: 10\.0\.3\.14 fails while 10\.0\.2\.14/,
    ],
  ])('%s', (_words, observations, more, first) => {
    const report = unexplained(observations, () => {}, more(modelCase(healthyWorld())));
    expect(report.unexplainedCouldBe?.[0]).toMatch(first);
  });
});
