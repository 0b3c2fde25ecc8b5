/** Whether there is an endpoint, and for what: which of the causes is named where several could be, and where none is. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addNatGateway, addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { addInterfaceEndpoint, publicHost } from '../../src/lab/world-endpoints.ts';
import type { TargetRequest } from '../../src/model/target.ts';
import { targetsFromError } from '../../src/services/error-text.ts';
import { dns, EMPTY, modelCase, tcp } from '../diagnose/support.ts';
import { runInLab } from './lab-run.ts';

const host = (service: string, region = 'eu-west-1') => `${service}.${region}.amazonaws.com`;
const worldWith = (...edits: readonly ((world: World) => void)[]): World => {
  const world = healthyWorld();
  for (const edit of edits) edit(world);
  return world;
};
const withEndpoint =
  (...services: readonly string[]) =>
  (world: World) => {
    for (const service of services) addInterfaceEndpoint(world, service);
  };
const withoutGateway = (world: World) => {
  world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Gateway');
  const table = find(world, 'routeTables', LAB.clientRouteTable);
  table.Routes = (table.Routes ?? []).filter((route) => route.DestinationPrefixListId === undefined);
};
const modelled = (world: World, ...targets: readonly string[]) => diagnose(modelCase(world, targets));
const codes = (report: { readonly causes: readonly { readonly code: string }[] }) =>
  report.causes.map((cause) => cause.code);
const workload = (id: string): TargetRequest => ({ kind: 'workload', text: id, workload: id });

describe('a service without an endpoint', () => {
  it.each([
    ['nothing near is there', [], 'ssmmessages', 'endpoint-missing'],
    ['the endpoints tell of a workload that needs it', ['ssm'], 'ssmmessages', 'companion-endpoint-missing'],
    ['ECS has its agent', ['ecs'], host('ecs-a'), 'companion-endpoint-missing'],
    ['a pair that people confuse', ['acm'], 'acm-pca', 'sibling-endpoint-only'],
    [
      'a pair of one workload that people confuse',
      ['codedeploy'],
      'codedeploy-commands-secure',
      'sibling-endpoint-only',
    ],
    ['a name within a name', ['rds'], 'rds-data', 'sibling-endpoint-only'],
    ['only what everybody calls is there', ['sts', 'kms', 'logs'], 'ec2', 'endpoint-missing'],
  ])('%s', (_why, there, target, code) => {
    const report = modelled(worldWith(withEndpoint(...there)), target);
    expect(codes(report)).toEqual([code]);
    expect(report.verdict).toBe('blocked');
    expect(report.causes[0]?.fix.proof).toBe('opens');
  });

  it('says what an image pull without S3 looks like', () => {
    const world = worldWith(withoutGateway, (edited) => {
      addInterfaceEndpoint(edited, 'ecr.dkr', { host: `*.dkr.ecr.${edited.region}.amazonaws.com` });
    });
    const report = modelled(world, 's3');
    expect(codes(report)).toEqual(['companion-endpoint-missing']);
    expect(report.causes[0]?.summary).toMatch(/for ecr\.dkr.*The image pull fails after the manifest/);
  });

  it('is a companion under --workload where the same pair would be a sibling without', () => {
    const world = worldWith(withEndpoint('codedeploy'));
    const report = diagnose({ ...modelCase(world, []), requests: [workload('codedeploy')] });
    expect(codes(report)).toEqual(['companion-endpoint-missing']);
    const [missing] = report.targets.filter((target) => target.status === 'unreachable');
    expect(missing?.consequence).toMatch(/Cannot reach InstanceService/);
    const fine = report.targets.filter((target) => target.status === 'reachable');
    expect(fine.map((target) => target.consequence)).toEqual(fine.map(() => undefined));
  });

  it('takes a conditional member for a part of the workload once it is named', () => {
    const world = worldWith(withEndpoint('ssm', 'ssmmessages'));
    const base = modelCase(world, ['logs']);
    const alone = diagnose(base);
    expect(codes(alone)).toEqual(['endpoint-missing']);
    const together = diagnose({ ...base, requests: [workload('session-manager'), ...base.requests] });
    expect(codes(together)).toEqual(['companion-endpoint-missing']);
    expect(together.causes[0]?.summary).toContain('Sessions start two minutes late');
    expect(together.warnings.join(' ')).toMatch(/Session Manager: not checked.* kms \(when sessions are encrypted/);
  });

  it('is a matter of NAT where there is one', () => {
    for (const [there, target] of [
      ['ssm', 'ssmmessages'],
      ['acm', 'acm-pca'],
    ] as const)
      expect(codes(modelled(worldWith(withEndpoint(there), addNatGateway), target))).toEqual(['public-path-used']);
  });
});

describe('another Region', () => {
  const elsewhere = (world: World) => publicHost(world, 'kms', '52.94.10.43', { region: 'us-east-1' });
  const there = host('kms', 'us-east-1');

  it('is no detour over NAT', async () => {
    const world = worldWith(withEndpoint('kms'), elsewhere, addNatGateway);
    expect(modelled(world, there)).toMatchObject({ verdict: 'healthy', causes: [] });
    const { report } = await runInLab(world, [there]);
    expect(report).toMatchObject({ verdict: 'healthy', causes: [], unexplained: [] });
  });

  it('without an endpoint for the service here is a question of the way out', () => {
    expect(codes(modelled(worldWith(elsewhere), there))).toEqual(['no-internet-path']);
  });

  it('with a default route that is dead is one too', () => {
    const dead = (world: World) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: 'nat-dead',
        State: 'blackhole',
      });
    expect(codes(modelled(worldWith(withEndpoint('kms'), elsewhere, dead), there))).toEqual(['no-internet-path']);
  });

  it('is served by a cross-Region endpoint', () => {
    const world = worldWith(withEndpoint('kms'), (edited) => {
      const endpoint = edited.api.vpcEndpoints.find((one) => one.ServiceName?.endsWith('.kms'));
      if (endpoint === undefined) throw new Error('the world lost its endpoint');
      endpoint.ServiceName = 'com.amazonaws.us-east-1.kms';
      endpoint.ServiceRegion = 'us-east-1';
      endpoint.DnsEntries = [{ DnsName: there }];
    });
    expect(modelled(world, there)).toMatchObject({ verdict: 'healthy', causes: [] });
  });
});

describe('a service that is in no table', () => {
  const shield = host('shield');
  const publicOnly = (world: World) => publicHost(world, 'shield', '52.94.10.42', { offered: false });

  it('is not offered when the whole list does not have it, and one question tells', async () => {
    const { report, questions } = await runInLab(worldWith(publicOnly), [shield]);
    expect(codes(report)).toEqual(['service-not-offered']);
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed', fix: { proof: 'unproven' } });
    expect(questions.filter((question) => question === 'ec2:DescribeVpcEndpointServices')).toHaveLength(1);
  });

  it('has an endpoint to be created when the list has it under whatever name', async () => {
    const world = worldWith(publicOnly, (edited) =>
      edited.api.endpointServices.push({
        ServiceName: 'aws.api.eu-west-1.shieldadvanced',
        ServiceType: [{ ServiceType: 'Interface' }],
        PrivateDnsNames: [{ PrivateDnsName: 'shield.eu-west-1.amazonaws.com' }],
      }),
    );
    const { report } = await runInLab(world, [shield]);
    expect(codes(report)).toEqual(['endpoint-missing']);
    expect(report.causes[0]?.summary).toContain('aws.api.eu-west-1.shieldadvanced');
    expect(report.causes[0]?.fix.proof).toBe('opens');
  });

  it('is only suspected where the list may not be read', async () => {
    const world = worldWith(publicOnly, (edited) => {
      edited.refusals['ec2:DescribeVpcEndpointServices'] = 'denied';
    });
    const { report } = await runInLab(world, [shield]);
    expect(report.causes.map(({ code, standing }) => [code, standing])).toEqual([['service-not-offered', 'likely']]);
    expect(report.undecided.find((one) => one.code === 'service-not-offered')?.missing[0]?.action).toBe(
      'ec2:DescribeVpcEndpointServices',
    );
  });

  it('is reached as it is meant over NAT', async () => {
    const { report } = await runInLab(worldWith(publicOnly, addNatGateway), [shield]);
    expect(report).toMatchObject({ verdict: 'healthy', causes: [] });
  });

  it('is a dead way out’s victim where a default route was made for it', async () => {
    const dead = (world: World) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: 'nat-dead',
        State: 'blackhole',
      });
    const { report } = await runInLab(worldWith(publicOnly, dead), [shield]);
    expect(codes(report)).toEqual(['no-internet-path']);
  });
});

it('a service of the table that this Region does not offer is not offered', async () => {
  const world = worldWith((edited) => {
    publicHost(edited, 'acm-pca', '52.94.10.41');
    edited.api.endpointServices = edited.api.endpointServices.filter((one) => !one.ServiceName.endsWith('.acm-pca'));
  });
  const { report } = await runInLab(world, ['acm-pca']);
  expect(codes(report)).toEqual(['service-not-offered']);
});

describe('a zone that the endpoint leaves out', () => {
  const onlyB = (world: World) => {
    const endpoint = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
    endpoint.SubnetIds = [LAB.endpointSubnetB];
    endpoint.NetworkInterfaceIds = [LAB.secretsInterfaceB];
    world.api.networkInterfaces = world.api.networkInterfaces.filter(
      (one) => one.NetworkInterfaceId !== LAB.secretsInterfaceA,
    );
  };

  it('is advice, and the verdict stays healthy', async () => {
    const { report } = await runInLab(worldWith(onlyB));
    expect(report.verdict).toBe('healthy');
    expect(report.causes).toMatchObject([
      { code: 'endpoint-zone-gap', severity: 'advice', standing: 'confirmed', resources: [LAB.secretsEndpoint] },
    ]);
    expect(report.causes[0]?.summary).toMatch(/euw1-az2 only and this host is in euw1-az1/);
  });

  it('is one line for all endpoints', () => {
    const world = worldWith(onlyB, (edited) => addInterfaceEndpoint(edited, 'kms', { zones: ['b'] }));
    const report = modelled(world, LAB.secretsHost, 'kms');
    expect(report.verdict).toBe('healthy');
    expect(report.causes).toHaveLength(1);
    expect(report.causes[0]?.targets).toHaveLength(2);
  });

  it('is no line where something else is wrong, the service is not offered there, or other zones have two', async () => {
    const closed = worldWith(onlyB, (world) => {
      find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
    });
    expect(codes((await runInLab(closed)).report)).toEqual(['endpoint-sg-blocks-client']);
    const notThere = worldWith(onlyB, (world) => {
      for (const service of world.api.endpointServices) service.AvailabilityZoneIds = ['euw1-az2', 'euw1-az3'];
    });
    expect(codes(modelled(notThere, LAB.secretsHost))).toEqual([]);
    const two = worldWith(onlyB, (world) => {
      world.api.subnets.push({
        ...find(world, 'subnets', LAB.endpointSubnetB),
        SubnetId: 'subnet-e0000003',
        CidrBlock: '10.0.4.0/24',
        AvailabilityZoneId: 'euw1-az3',
      });
      find(world, 'vpcEndpoints', LAB.secretsEndpoint).SubnetIds?.push('subnet-e0000003');
    });
    expect(codes(modelled(two, LAB.secretsHost))).toEqual([]);
  });

  it('cannot be closed where the service is not offered in the client’s zone', () => {
    const world = worldWith((edited) => {
      addInterfaceEndpoint(edited, 'sagemaker.runtime', { host: host('runtime.sagemaker'), zones: ['b'] });
      for (const service of edited.api.endpointServices) service.AvailabilityZoneIds = ['euw1-az2'];
    });
    const report = modelled(world, host('runtime.sagemaker'));
    expect(report.causes).toMatchObject([
      { code: 'endpoint-zone-gap', severity: 'blocking', fix: { proof: 'unproven' } },
    ]);
    expect(report.causes[0]?.fix.summary).toContain('euw1-az2');
  });
});

describe('IPv6', () => {
  const OWN = '2001:db8:0:1::23';
  const subject = (world: World, ipv4: boolean, ...targets: readonly string[]) => {
    const own = find(world, 'networkInterfaces', LAB.clientInterface);
    own.Ipv6Addresses = [{ Ipv6Address: OWN }];
    if (!ipv4) {
      delete own.PrivateIpAddress;
      own.PrivateIpAddresses = [];
    }
    const base = modelCase(world, targets);
    return { ...base, vantage: { ...base.vantage, addresses: ipv4 ? [LAB.clientAddress, OWN] : [OWN] } };
  };

  it('alone cannot use an endpoint that is for IPv4 only', () => {
    const report = diagnose(subject(healthyWorld(), false, LAB.secretsHost));
    expect(report).toMatchObject({ verdict: 'blocked', causes: [{ code: 'endpoint-type-unsuited' }] });
    expect(report.causes[0]?.fix.commands[0]).toContain('--ip-address-type dualstack');
  });

  it('alone opens with addresses in the endpoint’s subnets and a rule that admits them', () => {
    const world = worldWith((edited) => {
      for (const [i, subnet] of edited.api.subnets.entries())
        subnet.Ipv6CidrBlockAssociationSet = [
          { Ipv6CidrBlock: `2001:db8:0:${i + 1}::/64`, Ipv6CidrBlockState: { State: 'associated' } },
        ];
      for (const vpc of edited.api.vpcs)
        vpc.Ipv6CidrBlockAssociationSet = [
          { Ipv6CidrBlock: '2001:db8::/56', Ipv6CidrBlockState: { State: 'associated' } },
        ];
      for (const table of edited.api.routeTables)
        table.Routes = [
          ...(table.Routes ?? []),
          {
            DestinationIpv6CidrBlock: '2001:db8::/56',
            GatewayId: 'local',
            State: 'active',
            Origin: 'CreateRouteTable',
          },
        ];
      for (const acl of edited.api.networkAcls)
        for (const Egress of [true, false])
          acl.Entries?.push({ RuleNumber: 101, Protocol: '-1', RuleAction: 'allow', Egress, Ipv6CidrBlock: '::/0' });
      find(edited, 'securityGroups', LAB.clientGroup).IpPermissionsEgress?.push({
        IpProtocol: '-1',
        Ipv6Ranges: [{ CidrIpv6: '::/0' }],
      });
    });
    const report = diagnose(subject(world, false, LAB.secretsHost));
    expect(report.causes).toMatchObject([{ code: 'endpoint-type-unsuited', fix: { proof: 'opens' } }]);
  });

  it('beside IPv4 is no fault of an interface endpoint', () => {
    expect(diagnose(subject(healthyWorld(), true, LAB.secretsHost))).toMatchObject({ verdict: 'healthy', causes: [] });
  });

  it('leads past a gateway endpoint for IPv4 where a name has IPv6 addresses', () => {
    const name = 's3.dualstack.eu-west-1.amazonaws.com';
    const v6 = '2a05:d018::10';
    const aaaa = { ...dns(name, 'answered', v6), id: `dns ${name} AAAA` };
    const answers = [
      dns(name, 'answered', LAB.publicS3Address),
      { ...aaaa, subject: { ...aaaa.subject, type: 'AAAA' as const } },
    ];
    const base = { ...subject(healthyWorld(), true, name), probed: true };
    const silent = diagnose({
      ...base,
      observations: [...answers, tcp(LAB.publicS3Address, 'open'), tcp(v6, 'timeout')],
    });
    expect(silent).toMatchObject({
      verdict: 'degraded',
      unexplained: [],
      causes: [{ code: 'endpoint-type-unsuited', severity: 'degrading', standing: 'confirmed' }],
    });
    const open = diagnose({ ...base, observations: [...answers, tcp(LAB.publicS3Address, 'open'), tcp(v6, 'open')] });
    expect(codes(open)).not.toContain('endpoint-type-unsuited');
  });
});

describe('a gateway endpoint of another VPC', () => {
  it('is unsuited where the VPCs are joined, and in another VPC where they are not', async () => {
    const { CHECKS } = await import('../../src/checks/index.ts');
    const unsuited = CHECKS.find((check) => check.code === 'endpoint-type-unsuited');
    const world = healthyWorld();
    unsuited?.demonstration.inject(world);
    expect(codes(modelled(world, 's3'))).toEqual(['endpoint-type-unsuited']);
    world.api.vpcPeeringConnections = [];
    expect(codes(modelled(world, 's3'))).toEqual(['endpoint-in-other-vpc']);
  });
});

describe('a pasted address', () => {
  const text = (address: string) => `Post "https://${LAB.secretsHost}/": dial tcp ${address}:443: i/o timeout`;
  const run = (address: string) =>
    runInLab(healthyWorld(), [], { options: { requests: targetsFromError(text(address)).requests } });

  it('that the name does not give any more is told, probed, and spoils nothing', async () => {
    const { report, questions } = await run('10.0.9.9');
    expect(questions).toContain('tcp 10.0.9.9:443');
    expect(report).toMatchObject({ verdict: 'healthy', causes: [], unexplained: [] });
    expect(report.pasted).toMatchObject([
      {
        target: LAB.secretsHost,
        address: '10.0.9.9',
        gives: [LAB.secretsAddressA, LAB.secretsAddressB],
        current: false,
      },
    ]);
    expect(report.warnings.join(' ')).toMatch(/had another answer .* no network interface has it\. .* does not answer/);
  });

  it('that the name still gives is no warning', async () => {
    const { report } = await run(LAB.secretsAddressB);
    expect(report.pasted).toMatchObject([{ current: true }]);
    expect(report.warnings).toEqual([]);
  });

  it('of a place that nobody should connect to is not probed', async () => {
    const { report, questions } = await run('169.254.169.254');
    expect(questions.filter((question) => question.includes('tcp 169.254.169.254:443'))).toEqual([]);
    expect(report.pasted).toMatchObject([{ current: false }]);
  });

  it('says nothing without an answer to compare with', () => {
    const { requests } = targetsFromError(text('10.0.9.9'));
    expect(diagnose({ ...EMPTY, requests }).pasted).toBeUndefined();
  });
});
