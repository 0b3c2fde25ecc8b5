import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { decode, encode } from 'dns-packet';
import { assert, constantFrom, integer, ipV4, ipV6, oneof, property } from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Delivers, type Lab, type LabOptions, startLab } from '../../src/lab/lab.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { richWorld } from './support/rich-world.ts';

const running: Lab[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((lab) => lab.stop()));
});

/** Everything arrives, unless a test says otherwise: which packets do is not the lab's to know. */
const everything: Delivers = () => 'delivered';

async function start(world: World = healthyWorld(), options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab(world, { delivers: everything, ...options });
  running.push(lab);
  return lab;
}

/** How long a test waits for something that comes, and for something that does not. */
const [LONG, SHORT] = [10_000, 300];
const patienceFor = (expected: string) => (expected === 'silence' ? SHORT : LONG);

/** How one connect over the lab's wire ends: open, the error's code, or silence until the abort. */
async function tcp(lab: Lab, address: string, port: number, patience = LONG): Promise<string> {
  const to = lab.host.wire.route('tcp', address, port);
  if (to === undefined) return 'guarded';
  const socket = connect({ host: to.address, port: to.port });
  const signal = AbortSignal.timeout(patience);
  try {
    await once(socket, 'connect', { signal });
    return 'open';
  } catch (error) {
    return signal.aborted ? 'silence' : String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

/** The addresses that a resolver of the lab gives, or how it fails. */
async function dns(lab: Lab, name: string, server: string, patience = LONG): Promise<string> {
  const to = lab.host.wire.route('udp', server, 53);
  if (to === undefined) return 'guarded';
  const socket = createSocket('udp4');
  const signal = AbortSignal.timeout(patience);
  try {
    await new Promise<void>((resolve) => socket.connect(to.port, to.address, resolve));
    socket.send(encode({ type: 'query', id: 1, questions: [{ name, type: 'A' }] }));
    const [message] = await once(socket, 'message', { signal });
    const { answers = [], ...packet } = decode(message as Buffer);
    const data = answers.map((answer) => ('data' in answer ? String(answer.data) : '')).join(' ');
    return data || (packet as { rcode?: string }).rcode || '';
  } catch (error) {
    return signal.aborted ? 'silence' : String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.close();
  }
}

describe('the wire', () => {
  test.each<[string, number, string]>([
    [LAB.secretsAddressA, 443, 'open'],
    [LAB.secretsAddressB, 443, 'open'],
    [LAB.publicS3Address, 80, 'open'],
    ['169.254.169.254', 80, 'open'],
    [LAB.resolver, 53, 'open'],
    ['169.254.169.253', 53, 'open'],
    ['fd00:ec2::253', 53, 'open'],
    ['FD00:EC2:0::253', 53, 'open'],
    [`::ffff:${LAB.secretsAddressA}`, 443, 'open'],
    // Delivered, and nobody listens.
    [LAB.secretsAddressA, 8443, 'ECONNREFUSED'],
    [LAB.publicSecretsAddress, 80, 'ECONNREFUSED'],
    ['127.0.0.1', 3128, 'ECONNREFUSED'],
    ['127.0.0.53', 53, 'ECONNREFUSED'],
    // The resolver and the link know nothing else, and say nothing.
    [LAB.resolver, 443, 'silence'],
    ['169.254.170.2', 80, 'silence'],
    ['fe80::1', 443, 'silence'],
  ])('%s port %i: %s', async (address, port, expected) => {
    expect(await tcp(await start(), address, port, patienceFor(expected))).toBe(expected);
  });

  test('what does not arrive vanishes, whoever listens', async () => {
    const asked: string[] = [];
    const delivers: Delivers = (_world, address, port, transport) => {
      asked.push(`${transport} ${address} ${port}`);
      return address === LAB.secretsAddressA ? 'lost' : 'delivered';
    };
    const lab = await start(healthyWorld(), { delivers });
    expect(await tcp(lab, LAB.secretsAddressA, 443, SHORT)).toBe('silence');
    expect(await tcp(lab, LAB.secretsAddressB, 443)).toBe('open');
    expect(asked).toEqual([`tcp ${LAB.secretsAddressA} 443`, `tcp ${LAB.secretsAddressB} 443`]);
  });

  test('an endpoint that is not available swallows what reaches it', async () => {
    const world = healthyWorld();
    for (const endpoint of world.api.vpcEndpoints) endpoint.State = 'pending';
    expect(await tcp(await start(world), LAB.secretsAddressA, 443, SHORT)).toBe('silence');
  });

  test('no rule is asked for what rules never filter (facts.md 3.3)', async () => {
    const lab = await start(healthyWorld(), { delivers: () => 'lost' });
    expect(await tcp(lab, '169.254.169.254', 80)).toBe('open');
    expect(await dns(lab, LAB.secretsHost, LAB.resolver)).not.toBe('silence');
    expect(await dns(lab, LAB.secretsHost, '169.254.169.253')).not.toBe('silence');
    expect(await tcp(lab, LAB.secretsAddressA, 443, SHORT)).toBe('silence');
  });

  test('it leads every address to loopback, and a name nowhere', async () => {
    const lab = await start();
    assert(
      property(
        constantFrom('udp' as const, 'tcp' as const),
        oneof(ipV4(), ipV6(), constantFrom('example.com', '', LAB.secretsAddressA, `::ffff:${LAB.secretsAddressA}`)),
        integer({ min: 0, max: 65_535 }),
        (transport, address, port) => {
          const to = lab.host.wire.route(transport, address, port);
          return isIP(address) === 0 ? to === undefined : to?.address === '127.0.0.1' && to.port > 0;
        },
      ),
    );
  });

  test("two labs at once do not get in each other's way", async () => {
    const other = healthyWorld();
    other.publicDns['example.com'] = { A: ['198.51.100.99'] };
    const [one, two] = [await start(), await start(other)];
    expect(await dns(one, 'example.com', LAB.resolver)).toBe('198.51.100.10');
    expect(await dns(two, 'example.com', LAB.resolver)).toBe('198.51.100.99');
  });
});

describe('resolvers', () => {
  const CUSTOM = '10.0.1.53';
  const withResolver = (behaviour: World['resolvers'][string]['behaviour']) => {
    const world = healthyWorld();
    world.client.nameservers = [CUSTOM];
    world.resolvers[CUSTOM] = { behaviour, records: {} };
    return world;
  };

  test('the VPC resolver leads the service name to the endpoint', async () => {
    const answer = await dns(await start(), LAB.secretsHost, LAB.resolver);
    expect(answer.split(' ').toSorted()).toEqual([LAB.secretsAddressA, LAB.secretsAddressB]);
  });

  test.each<[World['resolvers'][string]['behaviour'], string, string]>([
    ['public', LAB.publicSecretsAddress, 'open'],
    ['silent', 'silence', 'silence'],
    ['closed', 'ECONNREFUSED', 'ECONNREFUSED'],
    ['refused', 'REFUSED', 'open'],
    ['servfail', 'SERVFAIL', 'open'],
    ['nxdomain', 'NXDOMAIN', 'open'],
  ])('a %s one', async (behaviour, answer, connection) => {
    const lab = await start(withResolver(behaviour));
    expect(await dns(lab, LAB.secretsHost, CUSTOM, patienceFor(answer))).toBe(answer);
    expect(await tcp(lab, CUSTOM, 53, patienceFor(connection))).toBe(connection);
  });

  test("rules do apply to a resolver that is not Amazon's", async () => {
    const lab = await start(withResolver('public'), { delivers: () => 'lost' });
    expect(await dns(lab, LAB.secretsHost, CUSTOM, SHORT)).toBe('silence');
    expect(await tcp(lab, CUSTOM, 53, SHORT)).toBe('silence');
  });

  test('but not to one on the machine itself', async () => {
    const world = healthyWorld();
    world.resolvers['127.0.0.53'] = { behaviour: 'public', records: {} };
    const lab = await start(world, { delivers: () => 'lost' });
    expect(await dns(lab, LAB.secretsHost, '127.0.0.53')).toBe(LAB.publicSecretsAddress);
  });

  test('a nameserver that is nowhere declared is silent', async () => {
    const world = healthyWorld();
    world.client.nameservers = ['10.0.1.54'];
    const lab = await start(world);
    expect(await dns(lab, LAB.secretsHost, '10.0.1.54', SHORT)).toBe('silence');
    expect(lab.log).toContainEqual({ question: `dns ${LAB.secretsHost} A @10.0.1.54` });
  });

  test('without enableDnsSupport nothing answers at any of the addresses', async () => {
    const world = healthyWorld();
    for (const attributes of world.api.vpcAttributes) attributes.EnableDnsSupport = { Value: false };
    const lab = await start(world);
    for (const address of [LAB.resolver, '169.254.169.253', 'fd00:ec2::253']) {
      expect(await dns(lab, LAB.secretsHost, address, SHORT)).toBe('silence');
      expect(await tcp(lab, address, 53, SHORT)).toBe('silence');
    }
  });
});

describe('the host', () => {
  test("reads the client's files, and no others", async () => {
    const world = healthyWorld();
    world.client.nameservers = [LAB.resolver, '10.0.1.53'];
    const { host } = await start(world);
    expect(await host.readFile('/etc/resolv.conf')).toBe(
      `search eu-west-1.compute.internal\nnameserver ${LAB.resolver}\nnameserver 10.0.1.53\n`,
    );
    expect(await host.readFile('/etc/hosts')).toBe('127.0.0.1 localhost\n::1 localhost ip6-localhost\n');
    expect(await host.readFile('/proc/sys/net/ipv4/ip_local_port_range')).toBe('32768\t60999\n');
    const [, ...routes] = (await host.readFile('/proc/net/route'))?.trimEnd().split('\n') ?? [];
    expect(routes.map((line) => line.split('\t').slice(0, 4))).toEqual([
      ['eth0', '00000000', '0101000A', '0003'],
      ['eth0', '0001000A', '00000000', '0001'],
    ]);
    expect(await host.readFile('/proc/net/ipv6_route')).toBe('');
    expect(await host.readFile('/etc/passwd')).toBeUndefined();
  });

  test('a range that is assumed stands in no file', async () => {
    const world = healthyWorld();
    world.client.ephemeralPorts = { from: 32768, to: 60999, source: 'assumed' };
    const { host } = await start(world);
    expect(await host.readFile('/proc/sys/net/ipv4/ip_local_port_range')).toBeUndefined();
  });

  test('has every interface of the instance', async () => {
    const { host } = await start(richWorld());
    expect(host.interfaces()).toEqual([
      { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
      { name: 'lo', address: '::1', prefixLength: 128 },
      { name: 'eth0', address: LAB.clientAddress, prefixLength: 24 },
      { name: 'eth0', address: '2001:db8:1234:1::23', prefixLength: 128 },
      { name: 'eth1', address: '10.0.1.24', prefixLength: 24 },
      { name: 'eth1', address: '10.0.1.25', prefixLength: 24 },
    ]);
    expect(await host.readFile('/proc/net/ipv6_route')).toMatch(
      /^20010db8123400010{16} 40 .* eth0\n0{32} 00 .* eth0$/s,
    );
  });

  test('lets the SDK reach the APIs by its environment, which the world may override', async () => {
    const world = healthyWorld();
    world.client.env.HTTPS_PROXY = 'http://10.0.1.99:3128';
    world.client.env.AWS_REGION = 'us-east-1';
    const { host, log } = await start(world);
    expect(host.env).toMatchObject({ HTTPS_PROXY: 'http://10.0.1.99:3128', AWS_REGION: 'us-east-1' });
    const credentials = {
      accessKeyId: host.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: host.env.AWS_SECRET_ACCESS_KEY ?? '',
    };
    const region = world.region;
    const ec2 = new EC2Client({ endpoint: host.env.AWS_ENDPOINT_URL_EC2 ?? '', region, credentials });
    const sts = new STSClient({ endpoint: host.env.AWS_ENDPOINT_URL_STS ?? '', region, credentials });
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.[0]?.VpcId).toBe(LAB.vpc);
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe(world.accountId);
    ec2.destroy();
    sts.destroy();
    expect(log).toEqual([{ question: 'ec2:DescribeVpcs' }, { question: 'sts:GetCallerIdentity' }]);
  });

  test('the API may describe another world than the one that is', async () => {
    const stale = healthyWorld();
    stale.api.vpcs = [{ VpcId: 'vpc-99999999' }];
    const { host } = await start(healthyWorld(), { describe: stale });
    const ec2 = new EC2Client({
      endpoint: host.env.AWS_ENDPOINT_URL_EC2 ?? '',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toEqual([{ VpcId: 'vpc-99999999' }]);
    ec2.destroy();
  });

  test.each<[World['client']['metadata'], string]>([
    ['ec2', 'open'],
    ['none', 'ECONNREFUSED'],
  ])('metadata %s: %s, by the address and by the URL', async (metadata, expected) => {
    const world = healthyWorld();
    world.client.metadata = metadata;
    const lab = await start(world);
    const url = new URL(lab.host.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? '');
    expect(await tcp(lab, '169.254.169.254', 80)).toBe(expected);
    expect(await tcp(lab, url.hostname, Number(url.port))).toBe(expected);
  });

  test('an interface that the world does not have is a mistake of the world', async () => {
    const world = healthyWorld();
    world.client.networkInterfaceId = 'eni-0';
    await expect(startLab(world, { delivers: everything })).rejects.toThrow('eni-0');
  });
});

describe('the log', () => {
  test('has what was asked, in order', async () => {
    const lab = await start();
    await dns(lab, LAB.secretsHost, LAB.resolver);
    await tcp(lab, LAB.secretsAddressA, 443);
    await tcp(lab, 'fd00:ec2::254', 80, SHORT);
    const metadata = lab.host.wire.route('tcp', '169.254.169.254', 80);
    await fetch(`http://127.0.0.1:${metadata?.port}/latest/meta-data/mac`);
    expect(lab.log.map((entry) => entry.question)).toEqual([
      `udp ${LAB.resolver}:53`,
      `dns ${LAB.secretsHost} A @${LAB.resolver}`,
      `tcp ${LAB.secretsAddressA}:443`,
      'tcp [fd00:ec2::254]:80',
      'tcp 169.254.169.254:80',
      'imds /latest/meta-data/mac',
    ]);
  });
});

test('after stop nothing listens any more, open connections are gone', async () => {
  const lab = await startLab(healthyWorld(), { delivers: everything });
  const to = lab.host.wire.route('tcp', LAB.secretsAddressA, 443);
  const socket = connect({ host: '127.0.0.1', port: to?.port ?? 0 });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const gone = once(socket, 'close');
  await lab.stop();
  await gone;
  expect(await tcp(lab, LAB.secretsAddressA, 443)).toBe('ECONNREFUSED');
  expect(await tcp(lab, LAB.resolver, 53)).toBe('ECONNREFUSED');
});
