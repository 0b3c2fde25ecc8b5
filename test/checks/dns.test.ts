/** The DNS causes where no demonstration goes: packets alone, endpoints' own zones, aliases, rules of all widths, healthy look-alikes. */

import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import {
  addInterfaceEndpoint,
  addNatGateway,
  addPrivateZone,
  addRoute,
  find,
  healthyWorld,
  LAB,
  type World,
} from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Report } from '../../src/model/report.ts';
import { runInLab } from './lab-run.ts';

const REGION = 'eu-west-1';
const codes = (report: Report): CauseCode[] => report.causes.map((cause) => cause.code);
const inject = (world: World, code: CauseCode) => {
  CHECKS.find((check) => check.code === code)?.demonstration.inject(world);
  return world;
};
const DNS_ACTIONS = [
  'route53:ListHostedZonesByVPC',
  'route53resolver:ListResolverRules',
  'route53resolver:ListResolverRuleAssociations',
  'route53resolver:ListFirewallRuleGroupAssociations',
];
function blind(world: World): World {
  for (const action of DNS_ACTIONS) world.refusals[action] = 'unreachable';
  return world;
}
function privateDnsOff(world: World): World {
  const endpoint = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  endpoint.PrivateDnsEnabled = false;
  endpoint.DnsEntries = (endpoint.DnsEntries ?? []).filter((entry) => entry.DnsName?.includes('.vpce.'));
  return world;
}

describe.concurrent('Route 53’s APIs', () => {
  it('are not asked where every name leads home', async () => {
    const { questions, report } = await runInLab(healthyWorld(), []);
    expect(questions.filter((one) => one.startsWith('route53'))).toEqual([]);
    expect(report.verdict).toBe('healthy');
  });

  it('are asked once where an answer calls for it', async () => {
    const { questions, report } = await runInLab(inject(healthyWorld(), 'private-zone-wrong-target'));
    const asked = questions.filter((one) => one.startsWith('route53'));
    expect(asked.filter((one) => one === 'route53:ListHostedZonesByVPC')).toHaveLength(1);
    expect(report.coverage.map((entry) => entry.what)).toContain('route53:ListResourceRecordSets');
  });
});

describe.concurrent('a resolver that answers nothing', () => {
  it('is asked eight questions, whatever the number of hosts, and explains all of them', async () => {
    const services = ['secretsmanager', 'sts', 'kms', 'sqs', 'sns', 'logs', 'ssm', 'ec2'];
    const hosts = services.map((service) => `${service}.${REGION}.amazonaws.com`);
    const { report, questions } = await runInLab(inject(healthyWorld(), 'resolver-unreachable'), hosts);
    const [first] = report.causes;
    expect([first?.code, first?.standing]).toEqual(['resolver-unreachable', 'confirmed']);
    expect(first?.targets).toHaveLength(hosts.length);
    expect(report.unexplained).toEqual([]);
    const silent = report.observations.filter((one) => one.rung === 'dns' && one.subject.server === '10.0.0.53');
    const udp = silent.filter((one) => one.rung === 'dns' && one.subject.transport === 'udp');
    expect(udp.map((one) => one.outcome).sort()).toEqual([...Array(8).fill('skipped'), ...Array(8).fill('timeout')]);
    const asked = new Set(questions.filter((one) => one.startsWith('dns ') && one.includes('10.0.0.53')));
    expect([asked.size > 0, asked.size <= 10]).toEqual([true, true]);
    const last = report.targets.at(-1)?.answers?.filter((answer) => answer.resolver === '10.0.0.53');
    expect(last?.map((answer) => answer.words)).toContain('not asked: this resolver had answered nothing before');
    expect(report.coverage).toContainEqual({
      what: 'dns',
      outcome: 'skipped',
      count: 8,
      why: 'the resolver answered none of the questions before',
    });
  });
});

describe.concurrent('with the packets alone', () => {
  it.each([
    ['private-zone-shadows', 'private-zone-shadows'],
    ['dns-firewall-blocks', 'dns-firewall-blocks'],
    ['resolver-rule-forwards', 'resolver-rule-forwards'],
  ] as const)('%s is likely, and says which call would confirm it', async (code, named) => {
    const { report } = await runInLab(blind(inject(healthyWorld(), code)));
    expect(report.causes[0]).toMatchObject({ code: named, standing: 'likely' });
    expect(report.undecided.find((one) => one.code === named)?.missing.length).toBeGreaterThan(0);
    expect(report.unexplained).toEqual([]);
  });

  it('a zone’s SOA record names the zone that denies the name', async () => {
    const { report } = await runInLab(blind(inject(healthyWorld(), 'private-zone-shadows')));
    expect(report.causes[0]?.resources).toEqual([`${REGION}.amazonaws.com`]);
  });
});

describe.concurrent('an endpoint’s own zone', () => {
  /** Private DNS for eks, and the issuer’s name below it, which every public resolver has (C081). */
  function eks(): World {
    const world = healthyWorld();
    addInterfaceEndpoint(world, 'vpce-e5000001', 'eks', 'eks');
    const endpoint = find(world, 'vpcEndpoints', 'vpce-e5000001');
    endpoint.PrivateDnsEnabled = true;
    endpoint.DnsEntries?.push({ DnsName: `eks.${REGION}.amazonaws.com` });
    world.publicDns[`eks.${REGION}.amazonaws.com`] = { A: ['52.94.10.50'] };
    world.publicDns[`oidc.eks.${REGION}.amazonaws.com`] = { A: ['52.94.10.51'] };
    return world;
  }

  it('hides names below it that it has no record for', async () => {
    const { report } = await runInLab(eks(), [`oidc.eks.${REGION}.amazonaws.com`]);
    expect(codes(report)[0]).toBe('private-zone-shadows');
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed', resources: ['vpce-e5000001'] });
    expect(codes(report)).not.toContain('name-does-not-exist');
    expect(report.unexplained).toEqual([]);
  });

  it('does so also where Route 53’s APIs cannot be reached: the endpoint’s description is enough', async () => {
    const { report } = await runInLab(blind(eks()), [`oidc.eks.${REGION}.amazonaws.com`]);
    expect(report.causes[0]).toMatchObject({ code: 'private-zone-shadows', standing: 'confirmed' });
  });

  it('gives its own name, and nothing is wrong', async () => {
    const { report } = await runInLab(eks(), [`eks.${REGION}.amazonaws.com`]);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });

  it('is not shadowed by a wider zone of one’s own, nor taken by a wider rule', async () => {
    const world = healthyWorld();
    addPrivateZone(world, `${REGION}.amazonaws.com`, {});
    world.api.resolverRules.push({
      Id: 'rslvr-rr-wide',
      DomainName: 'amazonaws.com.',
      RuleType: 'FORWARD',
      TargetIps: [{ Ip: '10.0.0.53' }],
    });
    world.api.resolverRuleAssociations.push({ Id: 'a', ResolverRuleId: 'rslvr-rr-wide', VPCId: LAB.vpc });
    const { report } = await runInLab(world);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });
});

describe.concurrent('a zone of one’s own', () => {
  it('with an alias of the endpoint in the place of private DNS is healthy', async () => {
    const world = privateDnsOff(healthyWorld());
    const own = `${LAB.secretsEndpoint}-a1b2c3d4.secretsmanager.${REGION}.vpce.amazonaws.com`;
    addPrivateZone(world, LAB.secretsHost, { [LAB.secretsHost]: { alias: own } });
    const { report } = await runInLab(world);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });

  it('that leads to another service’s endpoint is the wrong target', async () => {
    const world = privateDnsOff(healthyWorld());
    addInterfaceEndpoint(world, 'vpce-40000001', 'kms', 'kms');
    const other = world.api.networkInterfaces.find((one) => one.Description?.includes('vpce-40000001'));
    addPrivateZone(world, LAB.secretsHost, { [LAB.secretsHost]: { A: [other?.PrivateIpAddress ?? ''] } });
    const { report } = await runInLab(world);
    expect(codes(report)[0]).toBe('private-zone-wrong-target');
    expect(report.unexplained).toEqual([]);
  });

  describe('that was left behind when the endpoint went', () => {
    const leftCase = async (
      zone: string,
      records: Parameters<typeof addPrivateZone>[2],
      edit: (world: World) => void = () => undefined,
    ) => {
      const world = healthyWorld();
      const { api } = world;
      api.vpcEndpoints = api.vpcEndpoints.filter((one) => one.VpcEndpointId !== LAB.secretsEndpoint);
      api.networkInterfaces = api.networkInterfaces.filter((one) => one.InterfaceType !== 'vpc_endpoint');
      addPrivateZone(world, zone, records);
      edit(world);
      return (await runInLab(world)).case;
    };
    const left = async (...world: Parameters<typeof leftCase>) => diagnose(await leftCase(...world));

    it.each([
      ['by addresses', { A: ['10.0.2.99', '10.0.3.99'] }],
      ['by name', { CNAME: `vpce-dead0001-a1b2c3d4.secretsmanager.${REGION}.vpce.amazonaws.com` }],
    ])('%s, is taken off, and an endpoint is made', async (_by, record) => {
      const report = await left(LAB.secretsHost, { [LAB.secretsHost]: record });
      expect(codes(report)).toEqual(['private-zone-wrong-target', 'endpoint-missing']);
      const [zone, endpoint] = report.causes;
      expect(zone?.fix.commands).toEqual([expect.stringContaining('disassociate-vpc-from-hosted-zone')]);
      expect(zone?.explains).toContain(`dns ${LAB.secretsHost} A @${LAB.resolver}`);
      // The addresses are nobody's for the zone's sake, and not for want of an endpoint.
      expect([endpoint?.standing, endpoint?.explains]).toEqual(['likely', []]);
      expect(report.fixPlan.steps).toEqual([1, 2]);
      expect(report.fixPlan.opens).toEqual([LAB.secretsHost]);
    });

    it.each<[string, string, Parameters<typeof addPrivateZone>[2], ((world: World) => void)?]>([
      [
        'knows other names',
        LAB.secretsHost,
        { [LAB.secretsHost]: { A: ['10.0.2.99'] }, [`*.${LAB.secretsHost}`]: { A: ['10.0.2.77'] } },
      ],
      [
        'is above the name, which hinders no endpoint',
        `${REGION}.amazonaws.com`,
        { [LAB.secretsHost]: { A: ['10.0.2.99'] } },
      ],
      [
        'is another account’s',
        LAB.secretsHost,
        { [LAB.secretsHost]: { A: ['10.0.2.99'] } },
        ({ api }) => {
          for (const zone of api.hostedZones) zone.Owner = { OwningAccount: '999900009999' };
        },
      ],
    ])('stays where it %s', async (_why, zone, records, edit) => {
      const report = await left(zone, records, edit);
      expect(codes(report)).toEqual(['private-zone-wrong-target', 'endpoint-missing']);
      expect(report.causes[0]?.fix.commands).toEqual([]);
    });

    it('stays where it is known to serve this VPC alone: the last one cannot be taken off', async () => {
      const subject = await leftCase(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99'] } });
      const { hostedZones } = subject.state;
      if (!hostedZones.known) throw new Error('the zones were not read');
      const serving = (VPCs: { VPCRegion: string; VPCId: string }[]) => {
        const value = hostedZones.value.map((zone) => ({ ...zone, VPCs }));
        const report = diagnose({ ...subject, state: { ...subject.state, hostedZones: { known: true, value } } });
        return report.causes[0]?.fix.commands.length;
      };
      const own = { VPCRegion: REGION, VPCId: LAB.vpc };
      expect(serving([own])).toBe(0);
      expect(serving([own, { VPCRegion: REGION, VPCId: 'vpc-20000002' }])).toBe(1);
    });

    it('stays where one of its addresses is somebody’s, and that there is no endpoint is not said', async () => {
      const somebody = (world: World) => {
        const [other] = world.api.networkInterfaces;
        if (other === undefined) throw new Error('the lab has no interfaces');
        world.api.networkInterfaces.push({
          ...other,
          NetworkInterfaceId: 'eni-4e400001',
          PrivateIpAddress: '10.0.3.99',
          PrivateIpAddresses: [],
        });
      };
      const report = await left(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99', '10.0.3.99'] } }, somebody);
      expect(codes(report)).toEqual(['private-zone-wrong-target']);
      expect(report.causes[0]?.fix.commands).toEqual([]);
    });

    it('stays in a shared subnet, whose owner’s endpoints nobody here can list', async () => {
      const report = await left(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99'] } }, ({ api }) => {
        for (const subnet of api.subnets) subnet.OwnerId = '999900009999';
      });
      expect(codes(report)).toEqual(['private-zone-wrong-target']);
      expect(report.causes[0]?.fix.commands).toEqual([]);
      expect(report.causes[0]?.summary).toMatch(/no live endpoint for it that can be seen from here is there\.$/);
    });

    it('stays where an address may be a pod’s', async () => {
      const pods = (world: World) => {
        const own = find(world, 'networkInterfaces', LAB.clientInterface);
        own.Ipv4Prefixes = [{ Ipv4Prefix: '10.0.2.96/28' }];
      };
      const report = await left(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99'] } }, pods);
      expect(codes(report)).toEqual(['private-zone-wrong-target']);
      expect(report.causes[0]?.fix.commands).toEqual([]);
    });

    it('says nothing of a missing endpoint where the addresses may be another VPC’s', async () => {
      const report = await left(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.77.2.99'] } });
      expect(codes(report)).not.toContain('endpoint-missing');
    });
  });

  it('that leads to the name of an endpoint that is gone has no address to give', async () => {
    const world = privateDnsOff(healthyWorld());
    addPrivateZone(world, LAB.secretsHost, {
      [LAB.secretsHost]: { CNAME: `vpce-dead0001-a1b2c3d4.secretsmanager.${REGION}.vpce.amazonaws.com` },
    });
    const { report } = await runInLab(world);
    expect(codes(report)[0]).toBe('private-zone-wrong-target');
    expect(report.unexplained).toEqual([]);
  });

  it('without a wildcard hides every bucket (C084)', async () => {
    const world = healthyWorld();
    addPrivateZone(world, LAB.s3Host, { [LAB.s3Host]: { A: ['10.0.2.53'] } });
    world.publicDns[`logs.${LAB.s3Host}`] = { A: [LAB.publicS3Address] };
    const { report } = await runInLab(world, [`logs.${LAB.s3Host}`]);
    expect(codes(report)[0]).toBe('private-zone-shadows');
  });
});

describe.concurrent('a Resolver rule', () => {
  it('whose targets do not answer makes the VPC’s resolver fail', async () => {
    const world = inject(healthyWorld(), 'resolver-rule-forwards');
    world.resolvers['10.0.0.53'] = { behaviour: 'silent', records: {} };
    const { report } = await runInLab(world);
    expect(report.causes[0]).toMatchObject({ code: 'resolver-rule-forwards', standing: 'confirmed' });
    expect(report.unexplained).toEqual([]);
  });

  it('that leads to the endpoint all the same is nobody’s fault', async () => {
    const world = inject(healthyWorld(), 'resolver-rule-forwards');
    world.resolvers['10.0.0.53'] = {
      behaviour: 'public',
      records: { [LAB.secretsHost]: { A: [LAB.secretsAddressA, LAB.secretsAddressB] } },
    };
    const { report } = await runInLab(world);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });

  it('of type SYSTEM takes a name back from a forwarding one', async () => {
    const world = inject(healthyWorld(), 'resolver-rule-forwards');
    const [rule] = world.api.resolverRules;
    if (rule !== undefined) rule.DomainName = 'amazonaws.com.';
    world.api.resolverRules.push({ Id: 'rslvr-rr-sys', DomainName: `${LAB.secretsHost}.`, RuleType: 'SYSTEM' });
    world.api.resolverRuleAssociations.push({ Id: 'b', ResolverRuleId: 'rslvr-rr-sys', VPCId: LAB.vpc });
    const { report } = await runInLab(world);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });
});

describe.concurrent('DNS Firewall', () => {
  function firewall(world: World, response: string, blocked: string[], allowed: string[], trust = false): World {
    const group = { FirewallRuleGroupId: 'rslvr-frg-1' };
    world.api.firewallRuleGroupAssociations.push({ Id: 'x', VpcId: LAB.vpc, Priority: 100, ...group });
    world.api.firewallRules.push(
      {
        ...group,
        FirewallDomainListId: 'rslvr-fdl-a',
        Priority: 1,
        Action: 'ALLOW',
        ...(trust ? { FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN' } : {}),
      },
      {
        ...group,
        FirewallDomainListId: 'rslvr-fdl-b',
        Priority: 9,
        Action: 'BLOCK',
        BlockResponse: response,
        BlockOverrideDomain: 'sink.example.',
      },
    );
    world.api.firewallDomains.push(
      { FirewallDomainListId: 'rslvr-fdl-a', Domains: allowed },
      { FirewallDomainListId: 'rslvr-fdl-b', Domains: blocked },
    );
    world.publicDns['sink.example'] = { A: ['192.0.2.1'] };
    return world;
  }

  it.each(['NODATA', 'NXDOMAIN', 'OVERRIDE'])('that answers %s is found', async (response) => {
    const { report } = await runInLab(firewall(healthyWorld(), response, [`*.${REGION}.amazonaws.com.`], []));
    expect(report.causes[0]).toMatchObject({ code: 'dns-firewall-blocks', standing: 'confirmed' });
    expect(codes(report)).toHaveLength(1);
    expect(report.unexplained).toEqual([]);
  });

  /** The name is allowed, what it is an alias of is not (C060). */
  function alias(trust: boolean): World {
    const world = firewall(healthyWorld(), 'NODATA', ['*.'], ['www.example.com.'], trust);
    addNatGateway(world);
    world.publicDns['www.example.com'] = { CNAME: 'cdn.example.net' };
    world.publicDns['cdn.example.net'] = { A: ['198.51.100.10'] };
    for (const server of Object.values(world.servers)) server.certificateNames.push('www.example.com');
    // Another resolver shows the chain; the VPC's own withholds it.
    world.client.nameservers = [LAB.resolver, '10.0.0.53'];
    world.resolvers['10.0.0.53'] = { behaviour: 'public', records: {} };
    return world;
  }

  it('inspects what a name is an alias of', async () => {
    const { report } = await runInLab(alias(false), ['www.example.com']);
    expect(codes(report)).toContain('dns-firewall-blocks');
    expect(report.causes.find((cause) => cause.code === 'dns-firewall-blocks')?.summary).toContain('cdn.example.net');
  });

  it('unless the rule trusts redirections', async () => {
    const { report } = await runInLab(alias(true), ['www.example.com']);
    expect(codes(report)).not.toContain('dns-firewall-blocks');
  });

  it('that only alerts is no cause', async () => {
    const world = firewall(healthyWorld(), 'NODATA', ['*.'], []);
    for (const rule of world.api.firewallRules) rule.Action = 'ALERT';
    const { report } = await runInLab(world);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
  });
});

describe.concurrent('DNS64', () => {
  it('with a NAT gateway for its prefix is healthy', async () => {
    const world = inject(healthyWorld(), 'dns64-without-nat64');
    addRoute(world, LAB.clientRouteTable, { DestinationIpv6CidrBlock: '64:ff9b::/96', NatGatewayId: LAB.natGateway });
    const { report } = await runInLab(world, ['example.com']);
    expect([codes(report), report.verdict]).toEqual([[], 'healthy']);
    expect(report.targets[0]?.answers?.map((answer) => answer.class)).toContain('dns64');
  });

  it('behind an egress-only internet gateway is not translated', async () => {
    const world = inject(healthyWorld(), 'dns64-without-nat64');
    world.api.egressOnlyInternetGateways.push({
      EgressOnlyInternetGatewayId: 'eigw-1',
      Attachments: [{ VpcId: LAB.vpc, State: 'attached' }],
    });
    addRoute(world, LAB.clientRouteTable, { DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1' });
    const { report } = await runInLab(world, ['example.com']);
    expect(codes(report)).toEqual(['dns64-without-nat64']);
  });
});

describe.concurrent('a resolver that fails now and then', () => {
  it('is told by how often it answered', async () => {
    const world = healthyWorld();
    world.client.nameservers = ['10.0.0.53'];
    world.resolvers['10.0.0.53'] = { behaviour: 'forward', records: {}, failsEvery: 2 };
    const { report } = await runInLab(world);
    expect(codes(report)).toContain('dns-intermittent');
    expect(report.unexplained).toEqual([]);
    expect(report.causes.find((cause) => cause.code === 'dns-intermittent')?.summary).toMatch(/left \d+ of \d+/);
  });
});

describe.concurrent('who answers what', () => {
  it('is classified by the VPC’s own blocks, not by RFC 1918', async () => {
    const world = healthyWorld();
    world.client.nameservers = [LAB.resolver, '10.0.0.53'];
    world.resolvers['10.0.0.53'] = { behaviour: 'public', records: { [LAB.secretsHost]: { A: ['192.168.1.9'] } } };
    const { report } = await runInLab(world);
    const classes = report.targets[0]?.answers
      ?.filter((one) => one.type === 'A')
      .map((one) => [one.resolver, one.class]);
    expect(classes).toEqual(
      expect.arrayContaining([
        [LAB.resolver, 'this-endpoint'],
        ['10.0.0.53', 'foreign-private'],
      ]),
    );
  });
});
