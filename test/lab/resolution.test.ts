import { describe, expect, test } from 'vitest';
import {
  type Resolution,
  resolveFrom,
  resolveInPublic,
  resolveInVpc,
  vpcResolverAddresses,
} from '../../src/lab/resolution.ts';
import { find, healthyWorld, LAB, LAB_REGION, type World } from '../../src/lab/world.ts';

/** One line per answer, so that tables stay readable. */
function inWords(resolution: Resolution): string {
  if (resolution.kind === 'silent') return 'silence';
  const { rcode, answers } = resolution;
  const words = answers.map((answer) => (answer.type === 'CNAME' ? `→ ${answer.data}` : answer.data)).join(' ');
  return rcode === 'NOERROR' ? words || 'no data' : `${words} ${rcode}`.trim();
}

/** The healthy world, changed. */
function worldWith(change: (world: World) => void): World {
  const world = healthyWorld();
  change(world);
  return world;
}

const secrets = (world: World) => find(world, 'vpcEndpoints', LAB.secretsEndpoint);
const PRIVATE = `${LAB.secretsAddressA} ${LAB.secretsAddressB}`;
const vpceName = (zone = '') =>
  `${LAB.secretsEndpoint}-a1b2c3d4${zone}.secretsmanager.${LAB_REGION}.vpce.amazonaws.com`;

describe('the VPC resolver in the healthy world', () => {
  test.each<[string, string, string]>([
    [LAB.secretsHost, 'A', PRIVATE],
    [`${LAB.secretsHost}.`, 'A', PRIVATE],
    [LAB.secretsHost.toUpperCase(), 'A', PRIVATE],
    [LAB.secretsHost, 'AAAA', 'no data'],
    [LAB.secretsHost, 'TXT', 'no data'],
    // facts.md 2.3: the hidden zone owns everything below its name, and there is no way back to public DNS.
    [`sub.${LAB.secretsHost}`, 'A', 'NXDOMAIN'],
    [vpceName(), 'A', PRIVATE],
    [vpceName(`-${LAB_REGION}a`), 'A', LAB.secretsAddressA],
    [vpceName(`-${LAB_REGION}b`), 'A', LAB.secretsAddressB],
    [vpceName(`-${LAB_REGION}c`), 'A', 'NXDOMAIN'],
    [LAB.s3Host, 'A', LAB.publicS3Address],
    ['sts.amazonaws.com', 'A', '52.94.10.21'],
    [`sqs.${LAB_REGION}.amazonaws.com`, 'A', 'NXDOMAIN'],
    [`${LAB_REGION}.amazonaws.com`, 'A', 'NXDOMAIN'],
    ['example.org', 'A', 'NXDOMAIN'],
  ])('%s %s', (name, type, expected) => {
    expect(inWords(resolveInVpc(healthyWorld(), name, type))).toBe(expected);
  });
});

describe('the service name in a changed world', () => {
  test.each<[string, (world: World) => void, string]>([
    [
      'private DNS off',
      (world) => {
        secrets(world).PrivateDnsEnabled = false;
      },
      LAB.publicSecretsAddress,
    ],
    [
      'endpoint pending',
      (world) => {
        secrets(world).State = 'pending';
      },
      LAB.publicSecretsAddress,
    ],
    [
      'state in capitals',
      (world) => {
        secrets(world).State = 'Available';
      },
      PRIVATE,
    ],
    [
      'endpoint in another VPC',
      (world) => {
        secrets(world).VpcId = 'vpc-20000002';
      },
      LAB.publicSecretsAddress,
    ],
    [
      'a gateway endpoint that claims private DNS (facts.md 1.1)',
      (world) => {
        secrets(world).VpcEndpointType = 'Gateway';
      },
      LAB.publicSecretsAddress,
    ],
    [
      'private DNS for inbound Resolver endpoints only (facts.md 2.4)',
      (world) => {
        secrets(world).DnsOptions = { PrivateDnsOnlyForInboundResolverEndpoint: true };
      },
      LAB.publicSecretsAddress,
    ],
    [
      'enableDnsHostnames off',
      (world) => {
        find(world, 'vpcAttributes', LAB.vpc).EnableDnsHostnames = { Value: false };
      },
      LAB.publicSecretsAddress,
    ],
    [
      'enableDnsSupport off',
      (world) => {
        find(world, 'vpcAttributes', LAB.vpc).EnableDnsSupport = { Value: false };
      },
      'silence',
    ],
    [
      'no interfaces',
      (world) => {
        secrets(world).NetworkInterfaceIds = [];
      },
      'no data',
    ],
    [
      'a stale answer',
      (world) => {
        world.staleAnswers[LAB.secretsHost] = { A: ['10.0.2.99'] };
      },
      '10.0.2.99',
    ],
    [
      'a stale answer, but no DNS at all',
      (world) => {
        world.staleAnswers[LAB.secretsHost] = { A: ['10.0.2.99'] };
        find(world, 'vpcAttributes', LAB.vpc).EnableDnsSupport = { Value: false };
      },
      'silence',
    ],
    [
      'a private zone of a parent, less specific than the hidden one',
      (world) => void world.privateZones.push({ name: 'amazonaws.com', records: {} }),
      PRIVATE,
    ],
    [
      'a private zone of a parent, and no private DNS',
      (world) => {
        secrets(world).PrivateDnsEnabled = false;
        world.privateZones.push({ name: 'amazonaws.com', records: {} });
      },
      'NXDOMAIN',
    ],
    [
      'a private zone of the same name',
      (world) => {
        secrets(world).PrivateDnsEnabled = false;
        world.privateZones.push({ name: LAB.secretsHost, records: { [LAB.secretsHost]: { A: ['10.0.9.9'] } } });
      },
      '10.0.9.9',
    ],
    [
      'a private zone whose VPC has enableDnsHostnames off',
      (world) => {
        find(world, 'vpcAttributes', LAB.vpc).EnableDnsHostnames = { Value: false };
        world.privateZones.push({ name: LAB.secretsHost, records: { [LAB.secretsHost]: { A: ['10.0.9.9'] } } });
      },
      LAB.publicSecretsAddress,
    ],
    [
      'a private zone with an alias to the endpoint',
      (world) => {
        secrets(world).PrivateDnsEnabled = false;
        world.privateZones.push({ name: LAB.secretsHost, records: { [LAB.secretsHost]: { CNAME: vpceName() } } });
      },
      `→ ${vpceName()} ${PRIVATE}`,
    ],
    [
      'an alias to nowhere',
      (world) =>
        void world.privateZones.push({ name: LAB.secretsHost, records: { [LAB.secretsHost]: { CNAME: 'a.example' } } }),
      '→ a.example NXDOMAIN',
    ],
    [
      'aliases in a circle',
      (world) =>
        void world.privateZones.push({
          name: LAB.secretsHost,
          records: { [LAB.secretsHost]: { CNAME: LAB.secretsHost } },
        }),
      'SERVFAIL',
    ],
  ])('%s', (_what, change, expected) => {
    expect(inWords(resolveInVpc(worldWith(change), LAB.secretsHost, 'A'))).toBe(expected);
  });

  test("the endpoint's own names do not depend on private DNS or on the VPC's attributes", () => {
    const world = worldWith((changed) => {
      secrets(changed).PrivateDnsEnabled = false;
      secrets(changed).VpcId = 'vpc-20000002';
      find(changed, 'vpcAttributes', LAB.vpc).EnableDnsHostnames = { Value: false };
    });
    expect(inWords(resolveInVpc(world, vpceName(), 'A'))).toBe(PRIVATE);
    expect(inWords(resolveInPublic(world, vpceName(), 'A'))).toBe(PRIVATE);
  });

  test("a deleted endpoint's own names are gone, one without interfaces keeps them without addresses", () => {
    const deleted = worldWith((world) => {
      secrets(world).State = 'deleted';
    });
    expect(inWords(resolveInVpc(deleted, vpceName(), 'A'))).toBe('NXDOMAIN');
    const empty = worldWith((world) => {
      secrets(world).NetworkInterfaceIds = [];
    });
    expect(inWords(resolveInVpc(empty, vpceName(), 'A'))).toBe('no data');
  });
});

describe('wildcard names of an endpoint', () => {
  const s3 = `s3.${LAB_REGION}.amazonaws.com`;
  const world = worldWith((changed) => {
    const endpoint = secrets(changed);
    endpoint.DnsEntries = [
      { DnsName: `*.${LAB.secretsEndpoint}-a1b2c3d4.s3.${LAB_REGION}.vpce.amazonaws.com` },
      { DnsName: s3 },
      { DnsName: `*.${s3}` },
      { DnsName: `*.dkr.ecr.${LAB_REGION}.amazonaws.com` },
    ];
  });

  test.each<[string, string]>([
    [s3, PRIVATE],
    [`bucket.${s3}`, PRIVATE],
    [`a.dotted.bucket.${s3}`, PRIVATE],
    [`111122223333.dkr.ecr.${LAB_REGION}.amazonaws.com`, PRIVATE],
    [`dkr.ecr.${LAB_REGION}.amazonaws.com`, 'no data'],
    [`api.ecr.${LAB_REGION}.amazonaws.com`, 'NXDOMAIN'],
    [`bucket.${LAB.secretsEndpoint}-a1b2c3d4.s3.${LAB_REGION}.vpce.amazonaws.com`, PRIVATE],
    [`${LAB.secretsEndpoint}-a1b2c3d4.s3.${LAB_REGION}.vpce.amazonaws.com`, 'NXDOMAIN'],
  ])('%s', (name, expected) => {
    expect(inWords(resolveInVpc(world, name, 'A'))).toBe(expected);
  });
});

describe('address types of an endpoint', () => {
  test.each<[string, string | undefined, string, string]>([
    ['ipv4', undefined, PRIVATE, 'no data'],
    ['dualstack', undefined, PRIVATE, '2001:db8::a 2001:db8::b'],
    ['ipv6', undefined, 'no data', '2001:db8::a 2001:db8::b'],
    ['dualstack', 'ipv4', PRIVATE, 'no data'],
    ['ipv6', 'service-defined', 'no data', '2001:db8::a 2001:db8::b'],
  ])('%s with DNS records %s', (IpAddressType, DnsRecordIpType, v4, v6) => {
    const world = worldWith((changed) => {
      const endpoint = secrets(changed);
      endpoint.IpAddressType = IpAddressType;
      endpoint.DnsOptions = { DnsRecordIpType };
      find(changed, 'networkInterfaces', LAB.secretsInterfaceA).Ipv6Addresses = [{ Ipv6Address: '2001:db8::a' }];
      find(changed, 'networkInterfaces', LAB.secretsInterfaceB).Ipv6Addresses = [{ Ipv6Address: '2001:db8::b' }];
    });
    expect(inWords(resolveInVpc(world, LAB.secretsHost, 'A'))).toBe(v4);
    expect(inWords(resolveInVpc(world, LAB.secretsHost, 'AAAA'))).toBe(v6);
  });
});

describe('zones', () => {
  const world = worldWith((changed) => {
    changed.privateZones.push(
      {
        name: 'corp.example',
        records: {
          'a.b.corp.example': { A: ['10.1.1.1'] },
          '*.w.corp.example': { A: ['10.1.1.2'] },
          'own.w.corp.example': { AAAA: ['2001:db8::1'] },
        },
      },
      { name: 'Deep.corp.example.', records: { 'x.deep.corp.example': { A: ['10.1.1.3'] } } },
    );
  });

  test.each<[string, string]>([
    ['a.b.corp.example', '10.1.1.1'],
    ['corp.example', 'no data'],
    ['b.corp.example', 'no data'],
    ['c.corp.example', 'NXDOMAIN'],
    ['any.w.corp.example', '10.1.1.2'],
    ['any.any.w.corp.example', '10.1.1.2'],
    ['own.w.corp.example', 'no data'],
    ['below.own.w.corp.example', 'NXDOMAIN'],
    ['x.deep.corp.example', '10.1.1.3'],
    ['y.deep.corp.example', 'NXDOMAIN'],
    ['notcorp.example', 'NXDOMAIN'],
  ])('%s', (name, expected) => {
    expect(inWords(resolveInVpc(world, name, 'A'))).toBe(expected);
  });

  test('a negative answer names the zone that gives it', () => {
    expect(resolveInVpc(world, 'y.deep.corp.example', 'A')).toMatchObject({ zone: 'deep.corp.example' });
    expect(resolveInVpc(world, 'nothing.example.org', 'A')).toMatchObject({ zone: 'example.org' });
  });

  test('public DNS knows none of them', () => {
    expect(inWords(resolveInPublic(world, 'a.b.corp.example', 'A'))).toBe('NXDOMAIN');
    expect(inWords(resolveInPublic(world, LAB.secretsHost, 'A'))).toBe(LAB.publicSecretsAddress);
  });

  test("a resolver's own data answers for its own names only", () => {
    const records = { 'one.example': { A: ['10.1.1.4'] } };
    expect(resolveFrom(records, 'two.example', 'A')).toBeUndefined();
    expect(resolveFrom(records, 'ONE.example.', 'A')).toMatchObject({ answers: [{ data: '10.1.1.4' }] });
  });
});

test('the resolver lives at the base of the primary block plus two, and at the link-local addresses', () => {
  expect(vpcResolverAddresses(healthyWorld())).toEqual([LAB.resolver, '169.254.169.253', 'fd00:ec2::253']);
  const shifted = worldWith((world) => {
    find(world, 'vpcs', LAB.vpc).CidrBlock = '172.31.255.240/28';
  });
  expect(vpcResolverAddresses(shifted)[0]).toBe('172.31.255.242');
});
