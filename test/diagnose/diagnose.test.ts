/** What a report concludes where packets and configuration disagree, or one of them is missing. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addNatGateway, find, healthyWorld, LAB } from '../../src/lab/world.ts';
import { decodeCase, encodeCase } from '../../src/model/case-file.ts';
import { renderJson } from '../../src/report/json.ts';
import { runInLab } from '../checks/lab-run.ts';

const blockedBySecurityGroup = () => {
  const world = healthyWorld();
  find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
  return world;
};

describe('packets against configuration', () => {
  it('a finding that packets disprove is withdrawn and shown apart', async () => {
    const { report } = await runInLab(healthyWorld(), undefined, { describe: blockedBySecurityGroup() });
    expect(report.causes).toEqual([]);
    expect(report.contradicted.map((one) => one.code)).toEqual(['endpoint-sg-blocks-client']);
    expect(report.contradicted[0]?.couldBe.length).toBeGreaterThan(1);
    expect(report.contradicted[0]?.observations).toContain(`tcp ${LAB.secretsAddressA}:443`);
    expect(report.verdict).toBe('healthy');
  });

  it('a failure that nothing explains is inconclusive, and named', async () => {
    const { report } = await runInLab(blockedBySecurityGroup(), undefined, { describe: healthyWorld() });
    expect(report.verdict).toBe('inconclusive');
    expect(report.causes).toEqual([]);
    expect(report.unexplained).toEqual([`tcp ${LAB.secretsAddressA}:443`, `tcp ${LAB.secretsAddressB}:443`]);
    expect(report.headline).toContain('nothing that could be seen explains it');
  });
});

describe('what cannot be seen', () => {
  it('an empty endpoint list in a shared subnet is unknown, not absent', async () => {
    const world = healthyWorld();
    world.api.vpcEndpoints = [];
    for (const subnet of world.api.subnets) subnet.OwnerId = '999900009999';
    const { report } = await runInLab(world);
    const undecided = report.undecided.find((one) => one.code === 'endpoint-missing');
    expect(undecided?.missing).toMatchObject([{ why: 'not-visible', action: 'ec2:DescribeVpcEndpoints' }]);
    expect(report.causes.map((cause) => cause.code)).not.toContain('endpoint-missing');
  });

  it('refused calls leave a likely cause and the permission that would decide', async () => {
    const world = blockedBySecurityGroup();
    world.refusals['ec2:DescribeSecurityGroups'] = 'denied';
    const { report } = await runInLab(world);
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toEqual([
      ['endpoint-sg-blocks-client', 'likely'],
    ]);
    const undecided = report.undecided.find((one) => one.code === 'endpoint-sg-blocks-client');
    expect(undecided?.missing).toMatchObject([{ action: 'ec2:DescribeSecurityGroups', why: 'denied' }]);
  });

  it('a suspicion is not raised where a cause that was read explains the packets', async () => {
    const world = healthyWorld();
    world.refusals['ec2:DescribeSecurityGroups'] = 'denied';
    find(world, 'networkAcls', LAB.endpointAcl).Entries = [];
    const { report } = await runInLab(world);
    expect(report.causes.map((cause) => cause.code)).toEqual([
      'endpoint-nacl-blocks-ingress',
      'endpoint-nacl-blocks-return',
    ]);
  });

  it.each([
    ['no API', { useApi: false }, 'none'],
    ['an API that does not answer', {}, 'unreachable'],
  ] as const)('with %s the packets alone rank an answer', async (_name, options, api) => {
    const world = blockedBySecurityGroup();
    world.client.metadata = 'none';
    if (api === 'unreachable') world.refusals = new Proxy({}, { get: () => 'unreachable' });
    const { report } = await runInLab(world, ['secretsmanager'], { options });
    expect(report.verdict).toBe('blocked');
    expect(report.causes.map((cause) => [cause.code, cause.standing, cause.fix.proof])).toEqual([
      ['endpoint-sg-blocks-client', 'likely', 'unproven'],
    ]);
  });
});

describe('severity and verdict', () => {
  it('a detour through NAT degrades and does not block', async () => {
    const world = healthyWorld();
    addNatGateway(world);
    for (const endpoint of world.api.vpcEndpoints)
      if (endpoint.VpcEndpointType === 'Interface') {
        endpoint.PrivateDnsEnabled = false;
        endpoint.DnsEntries = endpoint.DnsEntries?.filter((entry) => entry.DnsName?.includes('.vpce.')) ?? [];
      }
    const { report } = await runInLab(world);
    expect(report.verdict).toBe('degraded');
    expect(report.causes.map((cause) => [cause.code, cause.severity])).toEqual([
      ['private-dns-disabled', 'degrading'],
      ['public-path-used', 'degrading'],
    ]);
    expect(report.targets[0]).toMatchObject({ status: 'degraded', actualPath: LAB.natGateway });
  });

  it('one zone of two degrades', async () => {
    const world = healthyWorld();
    world.api.networkAcls.push({
      NetworkAclId: 'acl-bb000001',
      VpcId: LAB.vpc,
      Entries: [],
      Associations: [{ SubnetId: LAB.endpointSubnetB }],
    });
    const acl = find(world, 'networkAcls', LAB.endpointAcl);
    acl.Associations = acl.Associations?.filter((one) => one.SubnetId !== LAB.endpointSubnetB) ?? [];
    const { report } = await runInLab(world);
    expect(report.verdict).toBe('degraded');
    expect(report.causes.map((cause) => [cause.code, cause.severity, cause.standing])).toEqual([
      ['endpoint-nacl-blocks-ingress', 'degrading', 'confirmed'],
      ['endpoint-nacl-blocks-return', 'degrading', 'confirmed'],
    ]);
  });
});

describe('a run', () => {
  it('asks every question once', async () => {
    const { questions, case: subject } = await runInLab(healthyWorld(), [
      'secretsmanager',
      LAB.secretsHost,
      's3',
      LAB.s3Host,
    ]);
    const dns = questions.filter((question) => question.startsWith('dns '));
    expect(dns.length).toBeGreaterThan(2);
    expect(new Set(dns).size).toBe(dns.length);
    const ids = subject.observations.map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('replays byte for byte, whatever the order of the state and of the observations', async () => {
    const { case: subject, report } = await runInLab(blockedBySecurityGroup(), []);
    const decoded = decodeCase(encodeCase(subject), 'case');
    expect(decoded.ok).toBe(true);
    if (!decoded.ok) return;
    expect(renderJson(diagnose(decoded.case))).toBe(renderJson(report));
    const reversed = {
      ...subject,
      state: Object.fromEntries(
        Object.entries(subject.state).map(([name, slice]) => [
          name,
          slice.known ? { known: true, value: [...slice.value].reverse() } : slice,
        ]),
      ) as unknown as typeof subject.state,
    };
    const again = diagnose({ ...reversed, observations: [...subject.observations].reverse() });
    const essence = (one: typeof report) =>
      one.causes.map(({ rank, code, severity, standing, targets }) => [rank, code, severity, standing, targets]);
    expect(essence(again)).toEqual(essence(report));
  });
});
