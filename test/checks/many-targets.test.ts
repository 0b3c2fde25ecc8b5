/** 25 targets with five faults at once: everything is named in one run, and no question is put to the network twice. */
import { describe, expect, it } from 'vitest';
import { find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { socketAddress } from '../../src/model/observation.ts';
import { runInLab, SHORT } from './lab-run.ts';

const SERVICES =
  'secretsmanager kms logs monitoring ec2 sqs sns lambda events states glue athena ecs eks autoscaling cloudformation config ssm ssmmessages sts ec2messages elasticloadbalancing cloudtrail codebuild firehose'.split(
    ' ',
  );
const hostOf = (service: string) => `${service}.${LAB.secretsHost.split('.').slice(1).join('.')}`;
const NARROW_GROUP = 'sg-e0000002';

/** The healthy world with an endpoint for each service, two interfaces each; addresses 10.0.2.n and 10.0.3.n. */
function worldOfMany(): World {
  const world = healthyWorld();
  const { api } = world;
  const model = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  const twins = api.networkInterfaces.filter((one) => one.InterfaceType === 'vpc_endpoint');
  for (const [i, service] of SERVICES.entries()) {
    world.publicDns[hostOf(service)] = { A: [`52.94.20.${i + 1}`] };
    world.servers[`52.94.20.${i + 1}`] = { certificateNames: [hostOf(service)], ports: [443] };
    if (service === 'secretsmanager') continue;
    const VpcEndpointId = `vpce-aa0000${String(i).padStart(2, '0')}`;
    const NetworkInterfaceIds = twins.map((twin, zone) => {
      const PrivateIpAddress = `10.0.${2 + zone}.${100 + i}`;
      const NetworkInterfaceId = `eni-aa0000${zone}${String(i).padStart(2, '0')}`;
      api.networkInterfaces.push({
        ...twin,
        NetworkInterfaceId,
        Description: `VPC Endpoint Interface ${VpcEndpointId}`,
        PrivateIpAddress,
        PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
      });
      return NetworkInterfaceId;
    });
    api.vpcEndpoints.push({
      ...model,
      VpcEndpointId,
      ServiceName: `com.amazonaws.${world.region}.${service}`,
      NetworkInterfaceIds,
      DnsEntries: [
        { DnsName: `${VpcEndpointId}-x.${service}.${world.region}.vpce.amazonaws.com` },
        { DnsName: hostOf(service) },
      ],
    });
  }
  return world;
}

const endpointOf = (world: World, service: string) =>
  find(world, 'vpcEndpoints', `com.amazonaws.${world.region}.${service}`);

const BLOCKED_BY_GROUP = ['kms', 'logs', 'monitoring'];

/** Five faults, each for other targets. */
function breakFive(world: World): void {
  const model = find(world, 'securityGroups', LAB.endpointGroup);
  world.api.securityGroups.push({ ...model, GroupId: NARROW_GROUP, GroupName: 'narrow', IpPermissions: [] });
  for (const service of BLOCKED_BY_GROUP)
    for (const id of endpointOf(world, service).NetworkInterfaceIds ?? [])
      find(world, 'networkInterfaces', id).Groups = [{ GroupId: NARROW_GROUP }];
  const off = endpointOf(world, 'glue');
  off.PrivateDnsEnabled = false;
  off.DnsEntries = (off.DnsEntries ?? []).filter((entry) => entry.DnsName?.includes('.vpce.'));
  world.client.hosts.push(`10.0.2.99 ${hostOf('athena')}`);
  endpointOf(world, 'ecs').State = 'rejected';
  const gone = endpointOf(world, 'firehose');
  world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint !== gone);
  world.api.networkInterfaces = world.api.networkInterfaces.filter(
    (one) => !gone.NetworkInterfaceIds?.includes(one.NetworkInterfaceId),
  );
}

const FAULTS: Readonly<Record<string, readonly string[]>> = {
  'endpoint-sg-blocks-client': BLOCKED_BY_GROUP,
  'private-dns-disabled': ['glue'],
  'hosts-file-overrides': ['athena'],
  'endpoint-rejected': ['ecs'],
  'endpoint-missing': ['firehose'],
};

/** Nobody here is slow but those who never answer: a busy machine must not look like a fault, or like a deadline. */
const PATIENT = {
  ...SHORT,
  dnsQuery: 10_000,
  tcpConnect: 3_000,
  tlsHandshake: 15_000,
  httpsExchange: 15_000,
  deadline: 150_000,
};

/** Calls that are made more often, and why. */
const MORE_THAN_ONCE: Readonly<Record<string, number>> = {
  // One call tells one attribute: enableDnsSupport, enableDnsHostnames.
  'ec2:DescribeVpcAttribute': 2,
  // The VPC may be the requester or the accepter, and filters are joined by AND.
  'ec2:DescribeVpcPeeringConnections': 2,
};

describe('25 targets with five faults', async () => {
  const world = worldOfMany();
  breakFive(world);
  const { report, questions } = await runInLab(world, SERVICES.map(hostOf), { options: { durations: PATIENT } });
  const counted = Map.groupBy(questions, (question) => question);
  const seen = (rung: string) => report.observations.filter((one) => one.rung === rung && one.outcome !== 'skipped');

  it('are all named, each for its own targets, and nothing else is', () => {
    expect(report.targets).toHaveLength(25);
    const found = Object.fromEntries(report.causes.map((cause) => [cause.code, [...cause.targets].sort()]));
    const expected = Object.entries(FAULTS).map(([code, services]) => [code, services.map(hostOf).sort()]);
    expect(found).toEqual(Object.fromEntries(expected));
    expect(report.unexplained).toEqual([]);
    expect(report.targets.filter((target) => target.status === 'reachable')).toHaveLength(18);
  });

  it('are repaired by one plan, of which each target needs its own step only', () => {
    const { steps, opens, remaining, perTarget } = report.fixPlan;
    expect([...steps].sort()).toEqual([1, 2, 3, 4, 5]);
    expect([opens.length, remaining]).toEqual([7, []]);
    for (const { target, sets } of perTarget ?? []) {
      const own = report.causes.filter((cause) => cause.targets.includes(target)).map((cause) => cause.rank);
      expect(sets).toEqual([own]);
    }
    expect(perTarget).toHaveLength(7);
  });

  it('look every name up once', () => {
    const lookups = questions.filter((question) => question.startsWith('dns '));
    expect(lookups.length).toBe(new Set(lookups).size);
    expect(lookups.sort()).toEqual(
      seen('dns')
        .map((one) => one.id)
        .sort(),
    );
  });

  it('dial an address as often as there are questions for it: TCP, TLS and HTTPS each make a connection of their own', () => {
    const wanted = new Map<string, number>();
    for (const one of report.observations) {
      if (one.rung === 'dns' || one.outcome === 'skipped') continue;
      const to = `tcp ${socketAddress(one.subject.address, one.subject.port)}`;
      wanted.set(to, (wanted.get(to) ?? 0) + 1);
    }
    const dialled = [...counted.entries()].filter(([question]) => /^tcp .*:443$/.test(question));
    expect(new Map(dialled.map(([question, times]) => [question, times.length]))).toEqual(wanted);
    expect(new Set(report.observations.map((one) => one.id)).size).toBe(report.observations.length);
  });

  it('call the API once for each list', () => {
    const calls = [...counted.entries()].filter(([question]) => /^(?:ec2|sts)\b/.test(question));
    expect(calls.length).toBeGreaterThan(10);
    const again = calls.filter(([, times]) => times.length > 1).map(([question, times]) => [question, times.length]);
    expect(Object.fromEntries(again)).toEqual(MORE_THAN_ONCE);
  });

  it('are covered by the list of what was asked', () => {
    for (const rung of ['dns', 'tcp', 'tls', 'https']) {
      const entries = report.coverage.filter((one) => one.what === rung && one.outcome === 'made');
      const total = entries.reduce((sum, one) => sum + one.count, 0);
      expect(total, rung).toBe(seen(rung).length);
      for (const entry of entries) expect(entry.why, rung).toMatch(/\w+/);
    }
    const api = report.coverage.filter((one) => one.what.startsWith('ec2:') && one.outcome === 'made');
    expect(new Set(api.map((one) => one.what)).size).toBe(api.length);
    expect(api.length).toBeGreaterThan(10);
  });
});
