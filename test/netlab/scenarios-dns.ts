/** Does the name lead to the endpoint? */
import { addNatGateway, find, healthyWorld, LAB, type World, type WorldResolver } from '../../src/lab/world.ts';
import { aclRules, inbound, outbound, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { dualStack, endpoint, privateZone, publicService, withoutS3Endpoint, worldWith } from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const secrets = [LAB.secretsHost];

function attribute(name: 'EnableDnsSupport' | 'EnableDnsHostnames') {
  return (world: World) => {
    find(world, 'vpcAttributes', LAB.vpc)[name] = { Value: false };
  };
}

function privateDnsOff(world: World): void {
  const found = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  found.PrivateDnsEnabled = false;
  found.DnsEntries = found.DnsEntries?.filter((entry) => entry.DnsName !== LAB.secretsHost);
}

/** The client, by DHCP options or by hand, asks these. */
function asks(addresses: readonly string[], byDhcp: boolean, resolvers: Record<string, Partial<WorldResolver>>) {
  return (world: World) => {
    world.client.nameservers = [...addresses];
    for (const [address, resolver] of Object.entries(resolvers))
      world.resolvers[address] = { behaviour: 'public', records: {}, ...resolver };
    if (!byDhcp) return;
    for (const options of world.api.dhcpOptions)
      options.DhcpConfigurations = [
        { Key: 'domain-name-servers', Values: addresses.map((Value) => ({ Value })) },
        ...(options.DhcpConfigurations ?? []).filter((entry) => entry.Key !== 'domain-name-servers'),
      ];
  };
}

function s3InterfaceInboundOnly(world: World): void {
  const own = 'vpce-53000002-a1b2c3d4.s3.eu-west-1.vpce.amazonaws.com';
  endpoint('vpce-53000002', 's3', [LAB.s3Host, `*.${LAB.s3Host}`], {
    DnsOptions: { DnsRecordIpType: 'ipv4', PrivateDnsOnlyForInboundResolverEndpoint: true },
    DnsEntries: [`*.${own}`, LAB.s3Host, `*.${LAB.s3Host}`].map((DnsName) => ({ DnsName })),
  })(world);
}

/** A healthy endpoint of another service whose Regional name is covered; the client calls another name of it. */
function uncovered(service: string, covered: readonly string[], called: string, address = '52.94.10.40') {
  return worldWith(endpoint('vpce-77700001', service, covered), publicService(address, called));
}

/** A Resolver rule that holds in the client's VPC. */
function rule(domain: string, ...targets: readonly string[]) {
  return (world: World) => {
    const Id = `rslvr-rr-${world.api.resolverRules.length + 1}`;
    world.api.resolverRules.push({
      Id,
      DomainName: `${domain}.`,
      RuleType: targets.length === 0 ? 'SYSTEM' : 'FORWARD',
      Status: 'COMPLETE',
      TargetIps: targets.map((Ip) => ({ Ip, Port: 53 })),
    });
    world.api.resolverRuleAssociations.push({
      Id: `rslvr-rrassoc-${Id}`,
      ResolverRuleId: Id,
      VPCId: LAB.vpc,
      Status: 'COMPLETE',
    });
  };
}

function resolverAt(address: string, resolver: Partial<WorldResolver> = {}) {
  return (world: World) => {
    world.resolvers[address] = { behaviour: 'public', records: {}, ...resolver };
  };
}

/** One DNS Firewall rule group on the VPC: what it allows first, then what it blocks. */
function dnsFirewall(
  allowed: readonly string[],
  blocked: readonly string[],
  response: 'NODATA' | 'NXDOMAIN' | 'OVERRIDE',
) {
  return (world: World) => {
    const FirewallRuleGroupId = 'rslvr-frg-1';
    world.api.firewallRuleGroupAssociations.push({
      Id: 'rslvr-frgassoc-1',
      FirewallRuleGroupId,
      VpcId: LAB.vpc,
      Priority: 101,
      Status: 'COMPLETE',
    });
    const lists = [
      ['rslvr-fdl-1', allowed, { Action: 'ALLOW' }],
      [
        'rslvr-fdl-2',
        blocked,
        {
          Action: 'BLOCK',
          BlockResponse: response,
          ...(response === 'OVERRIDE' ? { BlockOverrideDomain: 'blocked.example.com' } : {}),
        },
      ],
    ] as const;
    for (const [i, [FirewallDomainListId, domains, action]] of lists.entries()) {
      world.api.firewallDomains.push({ FirewallDomainListId, Domains: domains.map((domain) => `${domain}.`) });
      world.api.firewallRules.push({ FirewallRuleGroupId, FirewallDomainListId, Priority: i + 1, ...action });
    }
  };
}

const STS = 'sts.eu-west-1.amazonaws.com';

const INSIDE_VPC: readonly Scenario[] = [
  {
    name: 'a Resolver rule for the service’s own name goes to a public resolver',
    group: 'single',
    world: worldWith(rule(LAB.secretsHost, '10.0.0.53'), resolverAt('10.0.0.53')),
    targets: secrets,
    expect: blocked('resolver-rule-forwards'),
  },
  {
    name: 'a Resolver rule that was shared with this VPC goes to the wrong addresses',
    reported: 'C179',
    group: 'single',
    world: worldWith(
      addNatGateway,
      rule('amazonaws.com', '10.0.0.54'),
      resolverAt('10.0.0.54', { behaviour: 'nxdomain' }),
    ),
    targets: [STS],
    expect: blocked('resolver-rule-forwards'),
  },
  {
    name: 'a Resolver rule leads to a resolver that fails',
    group: 'single',
    world: worldWith(rule(LAB.secretsHost, '10.0.0.53'), resolverAt('10.0.0.53', { behaviour: 'servfail' })),
    targets: secrets,
    expect: blocked('resolver-rule-forwards'),
  },
  {
    name: 'a Resolver rule for amazonaws.com does not beat the endpoint’s own zone',
    group: 'healthy',
    world: worldWith(rule('amazonaws.com', '10.0.0.53'), resolverAt('10.0.0.53')),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    name: 'a Resolver rule for somebody else’s domain',
    group: 'healthy',
    world: worldWith(rule('corp.example', '10.0.0.53'), resolverAt('10.0.0.53', { behaviour: 'silent' })),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  ...(['NODATA', 'NXDOMAIN', 'OVERRIDE'] as const).map(
    (response): Scenario => ({
      name: `DNS Firewall blocks the service’s name with ${response}`,
      group: 'single',
      world: worldWith(dnsFirewall(['*.example.org'], [LAB.secretsHost], response), (world) => {
        world.publicDns['blocked.example.com'] = { A: ['192.0.2.99'] };
      }),
      targets: secrets,
      expect: blocked('dns-firewall-blocks'),
    }),
  ),
  {
    name: 'DNS Firewall blocks everything but what is needed',
    group: 'healthy',
    world: worldWith(dnsFirewall(['*.amazonaws.com'], ['*'], 'NXDOMAIN')),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    name: 'DNS64 makes addresses that no route leads to, IPv4 would work',
    reported: 'C200',
    group: 'single',
    world: worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '0.0.0.0/0', '::/0')), (world) => {
      find(world, 'subnets', LAB.clientSubnet).EnableDns64 = true;
      find(world, 'vpcEndpoints', LAB.secretsEndpoint).DnsOptions = { DnsRecordIpType: 'ipv4' };
    }),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['dns64-without-nat64'] },
  },
  {
    name: 'a private zone leads the service’s name to its endpoint, private DNS off',
    group: 'healthy',
    world: worldWith(
      privateDnsOff,
      privateZone(LAB.secretsHost, {
        [LAB.secretsHost]: { alias: 'vpce-5ec00001-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com' },
      }),
    ),
    targets: secrets,
    expect: { verdict: 'healthy', causes: [] },
  },
  {
    name: 'a private zone has the addresses of an endpoint that is gone',
    group: 'single',
    world: worldWith(
      privateDnsOff,
      privateZone(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.2.99', '10.0.3.99'] } }),
    ),
    targets: secrets,
    expect: blocked('private-zone-wrong-target'),
  },
  {
    name: 'a private zone has one address right and one wrong',
    group: 'single',
    world: worldWith(
      privateDnsOff,
      privateZone(LAB.secretsHost, { [LAB.secretsHost]: { A: [LAB.secretsAddressA, '10.0.3.99'] } }),
    ),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['private-zone-wrong-target'] },
  },
];

export const DNS_SCENARIOS: readonly Scenario[] = [
  ...INSIDE_VPC,
  {
    name: 'enableDnsSupport is off',
    group: 'single',
    world: worldWith(attribute('EnableDnsSupport')),
    targets: secrets,
    expect: blocked('vpc-dns-support-disabled'),
  },
  {
    name: 'enableDnsSupport is off, S3 by its gateway endpoint',
    group: 'single',
    world: worldWith(attribute('EnableDnsSupport')),
    targets: [LAB.s3Host],
    expect: blocked('vpc-dns-support-disabled'),
  },
  {
    name: 'enableDnsHostnames is off',
    reported: 'C098',
    group: 'single',
    world: worldWith(attribute('EnableDnsHostnames')),
    targets: secrets,
    expect: blocked('vpc-dns-hostnames-disabled'),
  },
  {
    name: 'enableDnsHostnames is off in a hand-made VPC, and NAT hides it',
    reported: 'C172',
    group: 'single',
    world: worldWith(attribute('EnableDnsHostnames'), addNatGateway),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['vpc-dns-hostnames-disabled'], besides: ['public-path-used'] },
  },
  {
    name: 'private DNS is off',
    reported: 'C011',
    group: 'single',
    world: worldWith(privateDnsOff),
    targets: secrets,
    expect: blocked('private-dns-disabled'),
  },
  {
    name: 'private DNS was switched off, and NAT hides it',
    reported: 'C183',
    group: 'single',
    world: worldWith(privateDnsOff, addNatGateway),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['private-dns-disabled'], besides: ['public-path-used'] },
  },
  {
    name: 'S3 interface endpoint answers inbound resolvers only, and no gateway endpoint',
    reported: 'C018',
    group: 'single',
    world: worldWith(withoutS3Endpoint, s3InterfaceInboundOnly),
    targets: [LAB.s3Host],
    expect: blocked('s3-private-dns-inbound-only'),
  },
  {
    name: 'global STS host with a regional endpoint',
    reported: 'C020, C021, C206',
    group: 'single',
    world: worldWith(endpoint('vpce-57500001', 'sts', ['sts.eu-west-1.amazonaws.com'])),
    targets: ['sts.amazonaws.com'],
    expect: blocked('hostname-not-covered'),
  },
  {
    name: 'global STS host from the CloudWatch agent, regional host works',
    reported: 'C023, C091',
    group: 'single',
    world: worldWith(endpoint('vpce-57500001', 'sts', ['sts.eu-west-1.amazonaws.com'])),
    targets: ['sts.amazonaws.com', 'sts.eu-west-1.amazonaws.com'],
    expect: blocked('hostname-not-covered'),
  },
  {
    name: 'legacy SQS host',
    reported: 'C064',
    group: 'single',
    world: uncovered('sqs', ['sqs.eu-west-1.amazonaws.com'], 'eu-west-1.queue.amazonaws.com'),
    targets: ['eu-west-1.queue.amazonaws.com'],
    expect: blocked('hostname-not-covered'),
  },
  {
    name: 'FIPS host that exists publicly',
    reported: 'C196',
    group: 'single',
    world: worldWith(publicService('52.94.10.41', 'secretsmanager-fips.eu-west-1.amazonaws.com')),
    targets: ['secretsmanager-fips.eu-west-1.amazonaws.com'],
    expect: blocked('hostname-not-covered'),
  },
  {
    name: 'dual-stack host that exists publicly',
    reported: 'C202',
    group: 'single',
    world: uncovered('kms', ['kms.eu-west-1.amazonaws.com'], 'kms.eu-west-1.api.aws'),
    targets: ['kms.eu-west-1.api.aws'],
    expect: blocked('hostname-not-covered'),
  },
  {
    name: 'DHCP options name an internal DNS that forwards to the public',
    reported: 'C174, C175',
    group: 'single',
    world: worldWith(asks(['10.0.0.53'], true, { '10.0.0.53': {} })),
    targets: secrets,
    expect: blocked('resolver-not-vpc'),
  },
  {
    name: 'resolv.conf was changed by hand',
    reported: 'C117',
    group: 'single',
    world: worldWith(asks(['10.0.0.53'], false, { '10.0.0.53': {} })),
    targets: secrets,
    expect: blocked('resolver-not-vpc'),
  },
  {
    name: 'internal DNS says NXDOMAIN to service names',
    reported: 'C178',
    group: 'single',
    world: worldWith(asks(['10.0.0.53'], true, { '10.0.0.53': { behaviour: 'nxdomain' } })),
    targets: secrets,
    expect: blocked('resolver-not-vpc'),
  },
  {
    name: 'public resolver over NAT',
    group: 'single',
    world: worldWith(addNatGateway, asks(['8.8.8.8'], false, { '8.8.8.8': {} })),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['resolver-not-vpc'], besides: ['public-path-used'] },
  },
  {
    name: 'custom resolver is silent',
    reported: 'C116',
    group: 'single',
    world: worldWith(asks(['10.0.0.53'], true, { '10.0.0.53': { behaviour: 'silent' } })),
    targets: secrets,
    expect: blocked('resolver-unreachable'),
  },
  {
    name: 'nothing listens at the custom resolver',
    group: 'single',
    world: worldWith(asks(['10.0.0.53'], true, { '10.0.0.53': { behaviour: 'closed' } })),
    targets: secrets,
    expect: blocked('resolver-unreachable'),
  },
  {
    name: 'public resolver without a way out',
    group: 'single',
    world: worldWith(asks(['8.8.8.8'], false, { '8.8.8.8': {} })),
    targets: secrets,
    expect: blocked('resolver-unreachable'),
  },
  {
    name: 'client security group does not let DNS out to a custom resolver',
    reported: 'C147',
    group: 'single',
    world: worldWith(
      asks(['10.0.0.53'], true, { '10.0.0.53': { behaviour: 'forward' } }),
      outbound(LAB.clientGroup, tcp(443, '0.0.0.0/0')),
    ),
    targets: secrets,
    expect: blocked('resolver-unreachable'),
  },
  {
    name: 'network ACL keeps the answers of a custom resolver out',
    group: 'single',
    world: worldWith(
      asks(['10.0.0.53'], true, { '10.0.0.53': { behaviour: 'forward' } }),
      aclRules(LAB.clientAcl, { direction: 'in', cidr: '10.0.0.53/32', protocol: '17' }),
    ),
    targets: secrets,
    expect: blocked('resolver-unreachable'),
  },
  {
    name: 'hosts file pins the name to a dead address',
    reported: 'C182',
    group: 'single',
    world: worldWith((world) => world.client.hosts.push(`10.0.2.99 ${LAB.secretsHost}`)),
    targets: secrets,
    expect: blocked('hosts-file-overrides'),
  },
  {
    name: 'hosts file pins the name to the public address',
    group: 'single',
    world: worldWith((world) => world.client.hosts.push(`${LAB.publicSecretsAddress} ${LAB.secretsHost}`)),
    targets: secrets,
    expect: blocked('hosts-file-overrides'),
  },
  {
    name: 'resolver still has the address of an interface that is gone',
    reported: 'C181',
    group: 'single',
    world: worldWith((world) => {
      world.staleAnswers[LAB.secretsHost] = { A: ['10.0.2.99'] };
    }),
    targets: secrets,
    expect: blocked('dns-answer-stale'),
  },
  {
    name: 'one of two cached addresses is gone',
    group: 'single',
    world: worldWith((world) => {
      world.staleAnswers[LAB.secretsHost] = { A: [LAB.secretsAddressA, '10.0.2.99'] };
    }),
    targets: secrets,
    expect: { verdict: 'degraded', causes: ['dns-answer-stale'] },
  },
  {
    name: 'FIPS name that does not exist',
    reported: 'C198',
    group: 'single',
    world: healthyWorld,
    targets: ['secretsmanager-fips.eu-west-1.amazonaws.com'],
    expect: { ...blocked('name-does-not-exist'), besides: ['hostname-not-covered'] },
  },
  {
    name: 'misspelt Region',
    group: 'single',
    world: healthyWorld,
    targets: ['secretsmanager.eu-west-9.amazonaws.com'],
    expect: blocked('name-does-not-exist'),
  },
  {
    name: 'private DNS is off in a dual-stack VPC',
    group: 'single',
    world: worldWith(dualStack, privateDnsOff),
    targets: secrets,
    expect: blocked('private-dns-disabled'),
  },
];
