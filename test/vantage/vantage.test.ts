/** The whole of takeVantage, against metadata services on loopback that answer, refuse, stay silent or lie. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LocalAddress } from '../../src/model/host.ts';
import { takeVantage } from '../../src/vantage/vantage.ts';
import {
  closedPort,
  closeServers,
  fakeHost,
  MAC_0,
  MAC_1,
  type Machine,
  QUICK,
  routeFile,
  serve,
  serveBlackHole,
  serveGarbage,
  serveInstanceMetadata,
  serveSilence,
  twoInterfaces,
} from './fixtures.ts';

afterEach(closeServers);

const IMDS = '169.254.169.254:80';
const LOOPBACK: LocalAddress = { name: 'lo', address: '127.0.0.1', prefixLength: 8 };
const ETH0: LocalAddress = { name: 'eth0', address: '10.0.1.23', prefixLength: 24 };
const ETH1: LocalAddress = { name: 'eth1', address: '10.0.2.40', prefixLength: 24 };
const RESOLV = { '/etc/resolv.conf': 'nameserver 10.0.0.2\n' };
const OVER_ETH0 = { ...RESOLV, '/proc/net/route': routeFile('eth0', '10.0.1.0', '10.0.1.1') };
const OVER_ETH1 = { ...RESOLV, '/proc/net/route': routeFile('eth1', '10.0.2.0', '10.0.2.1') };

async function take(machine: Machine, from?: string, signal = new AbortController().signal) {
  const host = fakeHost(machine);
  return { ...(await takeVantage(host, { durations: QUICK, signal, from })), host };
}

/** What the EC2 metadata service is asked, when it may be asked and answers as `port` does. */
function wired(port: number, machine: Machine = {}): Machine {
  return { interfaces: [LOOPBACK, ETH0], files: OVER_ETH0, ...machine, wires: { [IMDS]: port } };
}

describe('on an EC2 instance', () => {
  it('reads every interface, and stands on the one that owns the default route', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const { vantage, coverage } = await take(wired(service.port, { interfaces: [LOOPBACK, ETH0, ETH1] }));
    expect(vantage).toMatchObject({
      kind: 'ec2',
      region: 'eu-west-1',
      partition: 'aws',
      accountId: '444455556666',
      instanceId: 'i-0c1f',
      vpcId: 'vpc-0123',
      subnetId: 'subnet-0aa',
      availabilityZone: 'eu-west-1a',
      availabilityZoneId: 'euw1-az1',
      networkInterfaceId: 'eni-00000000000000001',
      addresses: ['10.0.1.23'],
      publicAddresses: ['198.51.100.7'],
      securityGroupIds: ['sg-0c1', 'sg-0c2'],
      vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16', '2001:db8::/56'],
      resolvers: [{ address: '10.0.0.2', port: 53 }],
      notes: [],
    });
    expect(vantage.interfaces).toEqual([
      {
        networkInterfaceId: 'eni-00000000000000001',
        macAddress: MAC_0,
        deviceNumber: 0,
        vpcId: 'vpc-0123',
        subnetId: 'subnet-0aa',
        ownerId: '111122223333',
        addresses: ['10.0.1.23', '10.0.1.24', '2001:db8:0:1::17'],
        publicAddresses: ['198.51.100.7'],
        securityGroupIds: ['sg-0c1', 'sg-0c2'],
        subnetCidr: '10.0.1.0/24',
        vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16', '2001:db8::/56'],
      },
      expect.objectContaining({
        networkInterfaceId: 'eni-00000000000000002',
        addresses: ['10.0.2.40'],
        publicAddresses: [],
      }),
    ]);
    expect(coverage).toEqual([{ what: 'instance metadata service', outcome: 'made', count: service.requests.length }]);
    expect(service.requests[0]).toBe('PUT /latest/api/token');
    expect(service.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
  });

  it('stands on the second interface when the default route is there', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const { vantage } = await take(wired(service.port, { interfaces: [ETH0, ETH1], files: OVER_ETH1 }));
    expect(vantage).toMatchObject({
      networkInterfaceId: 'eni-00000000000000002',
      subnetId: 'subnet-0bb',
      addresses: ['10.0.2.40'],
      securityGroupIds: ['sg-0d1'],
      publicAddresses: [],
      notes: [],
    });
  });

  it('stands on the interface whose delegated prefix holds the address', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const pod: LocalAddress = { name: 'eth0', address: '10.0.2.133', prefixLength: 32 };
    const files = { ...RESOLV, '/proc/net/route': routeFile('eth0', '169.254.1.0', '169.254.1.1') };
    const env = { KUBERNETES_SERVICE_HOST: '172.20.0.1', AWS_WEB_IDENTITY_TOKEN_FILE: '/token' };
    const { vantage } = await take(wired(service.port, { interfaces: [pod], files, env }));
    expect(vantage).toMatchObject({
      kind: 'eks-pod',
      networkInterfaceId: 'eni-00000000000000002',
      addresses: ['10.0.2.133'],
      notes: [],
    });
  });

  it('adds the IPv6 address that the machine really has', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const v6: LocalAddress = { name: 'eth0', address: '2001:db8:0:1::17', prefixLength: 128 };
    const zeros = '0'.repeat(32);
    const files = {
      ...OVER_ETH0,
      '/proc/net/ipv6_route': `${zeros} 00 ${zeros} 00 fe80000000000000000000fffe000001 00000400 00000001 00000000 00000003     eth0\n`,
    };
    const { vantage } = await take(wired(service.port, { interfaces: [ETH0, v6], files }));
    expect(vantage.addresses).toEqual(['10.0.1.23', '2001:db8:0:1::17']);
  });

  it("takes the primary interface for a container behind Docker's bridge, and says so", async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const bridge: LocalAddress = { name: 'eth0', address: '172.17.0.2', prefixLength: 16 };
    const files = { ...RESOLV, '/.dockerenv': '', '/proc/net/route': routeFile('eth0', '172.17.0.0', '172.17.0.1') };
    const { vantage } = await take(wired(service.port, { interfaces: [bridge], files }));
    expect(vantage).toMatchObject({
      kind: 'ec2',
      networkInterfaceId: 'eni-00000000000000001',
      addresses: ['10.0.1.23'],
      securityGroupIds: ['sg-0c1', 'sg-0c2'],
    });
    expect(vantage.notes).toEqual([
      "The local address 172.17.0.2 belongs to none of the instance's interfaces: its packets are taken to leave as 10.0.1.23 of the primary interface eni-00000000000000001.",
    ]);
  });

  it('claims no security groups for a pod on an interface that the instance does not list', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const branch: LocalAddress = { name: 'eth0', address: '10.0.2.77', prefixLength: 32 };
    const files = { ...RESOLV, '/proc/net/route': routeFile('eth0', '169.254.1.0', '169.254.1.1') };
    const env = { KUBERNETES_SERVICE_HOST: '172.20.0.1' };
    const { vantage } = await take(wired(service.port, { interfaces: [branch], files, env }));
    expect(vantage).toMatchObject({
      vpcId: 'vpc-0123',
      subnetId: 'subnet-0bb',
      networkInterfaceId: undefined,
      addresses: ['10.0.2.77'],
      securityGroupIds: [],
    });
    expect(vantage.notes).toHaveLength(1);
    expect(vantage.notes[0]).toContain('10.0.2.77');
  });

  it('takes the primary interface where nothing local is known', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const { vantage } = await take(wired(service.port, { interfaces: [], files: RESOLV }));
    expect(vantage).toMatchObject({
      networkInterfaceId: 'eni-00000000000000001',
      addresses: ['10.0.1.23', '2001:db8:0:1::17'],
    });
    expect(vantage.notes).toEqual([
      "The local source address is not known: of the instance's 2 interfaces the primary one is taken.",
    ]);
  });

  it('knows the primary interface by its MAC where two network cards have a device 0', async () => {
    const values = {
      ...twoInterfaces(),
      'meta-data/mac': MAC_1.toUpperCase(),
      [`meta-data/network/interfaces/macs/${MAC_1}/device-number`]: '0',
    };
    const service = await serveInstanceMetadata(values);
    const { vantage } = await take(wired(service.port, { interfaces: [], files: RESOLV }));
    expect(vantage.networkInterfaceId).toBe('eni-00000000000000002');
  });

  it('goes by the address where routes cannot be read', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const { vantage } = await take(wired(service.port, { interfaces: [LOOPBACK, ETH1], files: RESOLV }));
    expect(vantage).toMatchObject({ networkInterfaceId: 'eni-00000000000000002', notes: [] });
  });

  it('finds the service at the address of the environment, with a path, or over IPv6', async () => {
    const service = await serveInstanceMetadata(
      Object.fromEntries(Object.entries(twoInterfaces()).map(([path, value]) => [`/base/latest/${path}`, value])),
    );
    const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://localhost:${service.port}/` };
    expect((await take({ env })).host.contacted[0]).toBe(`127.0.0.1:${service.port}`);
    const mode = { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' };
    const { host, vantage } = await take({ env: mode });
    expect(host.contacted).toEqual(['fd00:ec2::254:80']);
    expect(vantage.notes).toContain(
      "No instance metadata service: [fd00:ec2::254] may not be contacted from here; the client's network interface is not known.",
    );
  });

  it('says how much is missing when values fail, and keeps the rest', async () => {
    const values = twoInterfaces();
    let tokens = 0;
    const service = await serve((request, response) => {
      if (request.method === 'PUT') {
        tokens += 1;
        response.end('t');
      } else if (request.url?.endsWith('/placement/region')) response.writeHead(500).end();
      else {
        const value = values[(request.url ?? '').replace('/latest/', '')];
        response.writeHead(value === undefined ? 404 : 200).end(value);
      }
    });
    const { vantage } = await take(wired(service.port));
    expect(tokens).toBe(1);
    expect(vantage).toMatchObject({ region: 'eu-west-1', networkInterfaceId: 'eni-00000000000000001' });
    expect(vantage.notes).toEqual([
      expect.stringMatching(/^The instance metadata service did not give 1 of \d+ values \(HTTP 500\)\.$/),
    ]);
  });

  it('asks once more where it is throttled', async () => {
    const values = twoInterfaces();
    const seen = new Set<string | undefined>();
    const service = await serve((request, response) => {
      const value = values[(request.url ?? '').replace('/latest/', '')];
      if (request.method === 'PUT') response.end('t');
      else if (!seen.has(request.url)) {
        seen.add(request.url);
        response.writeHead(503).end();
      } else response.writeHead(value === undefined ? 404 : 200).end(value);
    });
    const { vantage } = await take(wired(service.port));
    expect(vantage).toMatchObject({ region: 'eu-west-1', networkInterfaceId: 'eni-00000000000000001', notes: [] });
  });

  it('gives each request its own time, and none for waiting behind others', async () => {
    const values = twoInterfaces();
    const service = await serve((request, response) => {
      const value = values[(request.url ?? '').replace('/latest/', '')];
      if (request.method === 'PUT') response.end('t');
      else setTimeout(() => response.writeHead(value === undefined ? 404 : 200).end(value), 100);
    });
    const host = fakeHost(wired(service.port));
    const durations = { ...QUICK, metadataRequest: 400 };
    const { vantage } = await takeVantage(host, { durations, signal: new AbortController().signal });
    expect(vantage).toMatchObject({ region: 'eu-west-1', networkInterfaceId: 'eni-00000000000000001', notes: [] });
  });

  describe('where addresses of interfaces were not given', () => {
    const without = async (lost: RegExp, machine: Machine = {}) => {
      const values = twoInterfaces();
      const service = await serve((request, response) => {
        const value = values[(request.url ?? '').replace('/latest/', '')];
        if (request.method === 'PUT') response.end('t');
        else if (lost.test(request.url ?? '')) response.writeHead(500).end();
        else response.writeHead(value === undefined ? 404 : 200).end(value);
      });
      return (await take(wired(service.port, machine))).vantage;
    };
    const device = (mac: string) => {
      return { files: { ...OVER_ETH0, '/sys/class/net/eth0/address': `${mac.toUpperCase()}\n` } };
    };

    it('knows the interface by its MAC, and takes the local address for its own', async () => {
      const vantage = await without(/local-ipv4s|ipv6s/, device(MAC_0));
      expect(vantage).toMatchObject({
        addresses: ['10.0.1.23'],
        networkInterfaceId: 'eni-00000000000000001',
        subnetId: 'subnet-0aa',
      });
      expect(vantage.interfaces.map((one) => one.addresses)).toEqual([['10.0.1.23'], []]);
      expect(vantage.notes).toEqual([expect.stringContaining('did not give')]);
    });

    it('knows it when the addresses of one family alone were lost', async () => {
      const vantage = await without(/local-ipv4s/, device(MAC_0));
      expect(vantage).toMatchObject({ addresses: ['10.0.1.23'], networkInterfaceId: 'eni-00000000000000001' });
      expect(vantage.interfaces[0]?.addresses).toEqual(['10.0.1.23', '2001:db8:0:1::17']);
    });

    it('knows it, and how large packets may be, when a half-silent service has used up the time', async () => {
      const values = twoInterfaces();
      const service = await serve((request, response) => {
        const value = values[(request.url ?? '').replace('/latest/', '')];
        if (request.method === 'PUT') response.end('t');
        else if (!/local-ipv4s|ipv6s|group|cidr|prefix/.test(request.url ?? ''))
          response.writeHead(value === undefined ? 404 : 200).end(value);
      });
      const { files } = device(MAC_0);
      const machine = wired(service.port, { files: { ...files, '/sys/class/net/eth0/mtu': '9001\n' } });
      const host = fakeHost(machine);
      const durations = { ...QUICK, metadataRequest: 400, vantage: 900 };
      const { vantage } = await takeVantage(host, { durations, signal: new AbortController().signal });
      expect(vantage).toMatchObject({ addresses: ['10.0.1.23'], networkInterfaceId: 'eni-00000000000000001' });
      expect(vantage.localInterfaces.find((one) => one.name === 'eth0')?.mtu).toBe(9001);
    });

    it('knows it when little else was given', async () => {
      const vantage = await without(new RegExp(`macs/${MAC_0}/`), device(MAC_0));
      expect(vantage).toMatchObject({ addresses: ['10.0.1.23'], networkInterfaceId: undefined, region: 'eu-west-1' });
    });

    it('does not take the address of another device, as of a container’s bridge', async () => {
      const vantage = await without(/00:01\/(local-ipv4s|ipv6s)/, device('02:42:ac:11:00:02'));
      expect(vantage).toMatchObject({ addresses: [], networkInterfaceId: 'eni-00000000000000001' });
      expect(vantage.notes[0]).toContain('10.0.1.23 is none that the instance metadata service gave');
    });
  });

  it("does not take a portal's page for metadata", async () => {
    const page = await serve((_request, response) => response.end('<html><body>Please log in</body></html>'));
    const { vantage } = await take(wired(page.port));
    expect(vantage).toMatchObject({ kind: 'host', networkInterfaceId: undefined, instanceId: undefined });
    expect(vantage.notes).toEqual([
      "No instance metadata service: 169.254.169.254 answered the token request with something that is no token; the client's network interface is not known.",
    ]);
  });
});

describe('without an instance metadata service', () => {
  const tail = "; the client's network interface is not known.";

  it('sends no packet when it is switched off by the environment', async () => {
    const service = await serveInstanceMetadata(twoInterfaces());
    const { vantage, coverage, host } = await take(
      wired(service.port, { env: { AWS_EC2_METADATA_DISABLED: 'TRUE', AWS_REGION: 'eu-west-1' } }),
    );
    expect(host.contacted).toEqual([]);
    expect(service.requests).toEqual([]);
    expect(coverage).toMatchObject([{ outcome: 'skipped', count: 0 }]);
    expect(vantage).toMatchObject({
      kind: 'host',
      addresses: ['10.0.1.23'],
      region: undefined,
      sdk: { region: 'eu-west-1' },
    });
    expect(vantage.notes).toEqual([
      `The instance metadata service was not asked (AWS_EC2_METADATA_DISABLED=true)${tail}`,
    ]);
  });

  it('says in one line that the connection was refused, and goes on', async () => {
    const { vantage, coverage } = await take(wired(await closedPort()));
    expect(vantage).toMatchObject({ kind: 'host', addresses: ['10.0.1.23'], interfaces: [] });
    expect(vantage.resolvers).toEqual([{ address: '10.0.0.2', port: 53 }]);
    expect(vantage.notes).toEqual([`No instance metadata service: 169.254.169.254 refused the connection${tail}`]);
    expect(coverage).toEqual([
      {
        what: 'instance metadata service',
        outcome: 'refused',
        count: 1,
        why: '169.254.169.254 refused the connection',
      },
    ]);
  });

  it('says that the wire forbids the address', async () => {
    const { vantage, host } = await take({ files: RESOLV });
    expect(host.contacted).toEqual([IMDS]);
    expect(vantage.notes).toEqual([
      `No instance metadata service: 169.254.169.254 may not be contacted from here${tail}`,
    ]);
  });

  it('gives up on an address that drops the connection', async () => {
    const { port } = await serveBlackHole();
    const connecting = (): number => process.getActiveResourcesInfo().filter((kind) => /^TCP/.test(kind)).length;
    const before = connecting();
    const { vantage } = await take(wired(port));
    // A socket left behind would keep the process alive for two minutes of SYNs.
    await expect.poll(connecting, { timeout: 1_000 }).toBe(before);
    expect(vantage.notes).toEqual([
      `No instance metadata service: connect to 169.254.169.254 timed out after 900 ms${tail}`,
    ]);
  });

  it('gives up on a service that connects and stays silent', async () => {
    const { vantage } = await take(wired((await serveSilence()).port));
    expect(vantage.notes).toEqual([
      `No instance metadata service: 169.254.169.254 accepted the connection but did not answer the token request within 900 ms${tail}`,
    ]);
  });

  it.each<[string, Machine]>([
    ['Docker', { files: { '/.dockerenv': '' } }],
    ['a pod', { env: { KUBERNETES_SERVICE_HOST: '172.20.0.1' } }],
  ])('points at the hop limit when silence meets %s', async (_name, machine) => {
    const { port } = await serveSilence();
    const { vantage } = await take({ ...machine, files: { ...RESOLV, ...machine.files }, wires: { [IMDS]: port } });
    expect(vantage.notes).toHaveLength(1);
    expect(vantage.notes[0]).toContain('the metadata hop limit of the instance may be 1');
  });

  it.each([
    [401, '169.254.169.254 answered the token request with 401 (unauthorized)'],
    [
      403,
      '169.254.169.254 answered the token request with 403: the service is switched off for this instance, or a proxy in between forbids it',
    ],
    [404, '169.254.169.254 answered the token request with 404: it does not speak version 2 of the service'],
    [503, '169.254.169.254 answered the token request with HTTP 503'],
  ])('never falls back to version 1 after %i, not even in a container', async (status, why) => {
    const service = await serve((_request, response) => response.writeHead(status).end());
    const { vantage } = await take(wired(service.port, { files: { ...OVER_ETH0, '/.dockerenv': '' } }));
    expect(service.requests).toEqual(['PUT /latest/api/token']);
    expect(vantage.notes).toEqual([`No instance metadata service: ${why}${tail}`]);
  });

  it('knows what is not HTTP', async () => {
    const { vantage } = await take(wired((await serveGarbage()).port));
    expect(vantage.notes).toEqual([`No instance metadata service: what answers at 169.254.169.254 is not HTTP${tail}`]);
  });

  it.each([
    ['http://metadata.example', 'it names a host where only an address is accepted'],
    ['https://169.254.169.254', 'it is not an http:// URL'],
    ['nonsense', 'it is not an http:// URL'],
  ])('does not look up or dial %s', async (url, why) => {
    const { vantage, host } = await take({ env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url }, files: RESOLV });
    expect(host.contacted).toEqual([]);
    expect(vantage.notes).toEqual([
      `The instance metadata service was not asked: ${why} (AWS_EC2_METADATA_SERVICE_ENDPOINT)${tail}`,
    ]);
  });

  it('notes nothing about the interface when --from will name it', async () => {
    const { vantage } = await take(wired(await closedPort()), 'eni-0c1');
    expect(vantage.notes).toEqual([]);
  });

  it('never goes through a proxy', async () => {
    const proxy = await serve((_request, response) => response.end('proxied'));
    const service = await serveInstanceMetadata(twoInterfaces());
    const env = { http_proxy: proxy.url, HTTP_PROXY: proxy.url, NODE_USE_ENV_PROXY: '1' };
    const { vantage } = await take(wired(service.port, { env }));
    expect(vantage.networkInterfaceId).toBe('eni-00000000000000001');
    expect(proxy.requests).toEqual([]);
  });
});

describe('what is kept of the metadata service', () => {
  const at = { address: '169.254.169.254', port: 80 };
  const says = (status: number) => async () =>
    (await serve((_request, response) => response.writeHead(status).end())).port;
  it.each<[string, () => Promise<number>, object]>([
    ['a token', async () => (await serveInstanceMetadata(twoInterfaces())).port, { outcome: 'answered', status: 200 }],
    ['403', says(403), { outcome: 'forbidden', status: 403, connected: true }],
    ['401', says(401), { outcome: 'not-a-token', status: 401, connected: true }],
    ['an empty answer', says(200), { outcome: 'not-a-token', status: 200 }],
    ['a closed port', closedPort, { outcome: 'refused', connected: false, code: 'ECONNREFUSED' }],
    ['silence after the connection', async () => (await serveSilence()).port, { outcome: 'timeout', connected: true }],
    ['silence', async () => (await serveBlackHole()).port, { outcome: 'timeout', connected: false }],
    ['something that is not HTTP', async () => (await serveGarbage()).port, { outcome: 'not-a-token' }],
  ])('%s', async (_what, port, expected) => {
    const { vantage } = await take(wired(await port()));
    expect(vantage.metadata).toMatchObject({ ...at, ...expected });
    expect(vantage.metadata?.ms).toBeGreaterThanOrEqual(0);
  });

  it('is nothing where it must not be asked, or was not', async () => {
    // Nothing is wired: the guard refuses the address.
    expect((await take({ files: RESOLV })).vantage.metadata).toBeUndefined();
    const { vantage } = await take({ env: { AWS_EC2_METADATA_DISABLED: 'true' }, files: RESOLV });
    expect(vantage.metadata).toBeUndefined();
  });

  it('leaves the firmware to say which instance this is, but not on Fargate’s own machines', async () => {
    const dmi = '/sys/devices/virtual/dmi/id';
    const files = { ...RESOLV, [`${dmi}/sys_vendor`]: 'Amazon EC2\n', [`${dmi}/board_asset_tag`]: 'i-0c1f0000\n' };
    const deaf = (await take(wired(await closedPort(), { files }))).vantage;
    expect(deaf).toMatchObject({ kind: 'host', ec2Machine: true, instanceId: 'i-0c1f0000' });
    const env = { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' };
    const fargate = (await take({ env, files })).vantage;
    expect(fargate.instanceId).toBeUndefined();
    const service = await serveInstanceMetadata(twoInterfaces());
    const told = (await take(wired(service.port, { files: { ...OVER_ETH0, ...files } }))).vantage;
    expect(told.instanceId).not.toBe('i-0c1f0000');
  });

  it('leaves out the settings that are the run’s own', async () => {
    const env = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2',
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    const host = { ...fakeHost({ env, files: RESOLV }), wiring: ['AWS_ENDPOINT_URL_EC2', 'AWS_ACCESS_KEY_ID'] };
    const { vantage } = await takeVantage(host, { durations: QUICK, signal: new AbortController().signal });
    expect(vantage.sdk.endpointUrls).toEqual({ s3: 'http://127.0.0.1:2' });
    expect(vantage.sdk.credentialSources).toBeUndefined();
  });
});

describe('the time', () => {
  it('is kept when values never come after the token', async () => {
    const service = await serve((request, response) => {
      if (request.method === 'PUT') response.end('t');
    });
    const started = performance.now();
    const { vantage } = await take(wired(service.port));
    expect(performance.now() - started).toBeLessThan(QUICK.vantage + 400);
    expect(vantage.kind).toBe('ec2');
    expect(vantage.notes[0]).toContain('(timeout)');
  });

  it('is bounded as a whole, even when single requests may take longer', async () => {
    const { port } = await serveSilence();
    const host = fakeHost(wired(port));
    const started = performance.now();
    const durations = { ...QUICK, metadataRequest: 60_000, vantage: 200 };
    const { vantage } = await takeVantage(host, { durations, signal: new AbortController().signal });
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(vantage.notes[0]).toContain('had not answered when the run moved on');
  });

  it('is bounded when a file never arrives', async () => {
    const host = fakeHost({ env: { AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nfs' }, files: OVER_ETH0 });
    const readFile = (path: string): Promise<string | undefined> =>
      path.startsWith('/nfs') ? new Promise(() => {}) : host.readFile(path);
    // A real hanging read keeps the process alive; here a timer has to.
    const alive = setInterval(() => {}, 1_000);
    const { vantage } = await takeVantage(
      { ...host, readFile },
      { durations: { ...QUICK, vantage: 100 }, signal: new AbortController().signal },
    );
    clearInterval(alive);
    expect(vantage.addresses).toEqual([]);
    expect(vantage.resolvers).toEqual([{ address: '10.0.0.2', port: 53 }]);
  });

  it('ends at once on a signal, with what is known by then', async () => {
    const { port } = await serveSilence();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const started = performance.now();
    const { vantage } = await take(wired(port), undefined, stop.signal);
    expect(performance.now() - started).toBeLessThan(QUICK.metadataRequest);
    expect(vantage).toMatchObject({ kind: 'host', addresses: ['10.0.1.23'] });
  });
});

describe('in an ECS task', () => {
  const network = {
    NetworkMode: 'awsvpc',
    IPv4Addresses: ['10.0.1.50'],
    IPv6Addresses: ['2001:db8:0:1:0:0:0:50'],
    MACAddress: '0A:00:00:00:00:50',
    IPv4SubnetCIDRBlock: '10.0.1.0/24',
    DomainNameServers: ['10.0.0.2'],
    DomainNameSearchList: ['eu-west-1.compute.internal'],
  };
  const task = {
    TaskARN: 'arn:aws-cn:ecs:cn-north-1:444455556666:task/cluster/0123',
    LaunchType: 'FARGATE',
    AvailabilityZone: 'cn-north-1a',
    Containers: [{ Name: 'sidecar', Networks: [network] }],
  };

  async function serveTask(container: unknown, document: unknown) {
    return serve((request, response) => {
      const body = request.url === '/v4/abc/task' ? document : request.url === '/v4/abc' ? container : undefined;
      response.writeHead(body === undefined ? 404 : 200).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  it('on Fargate knows address and MAC, not the ids, and does not ask the instance', async () => {
    const service = await serveTask({ Networks: [network] }, task);
    const { vantage, coverage, host } = await take({
      env: { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc`, AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' },
      interfaces: [
        { name: 'eth0', address: '169.254.172.2', prefixLength: 22 },
        { name: 'eth1', address: '10.0.1.50', prefixLength: 24 },
      ],
    });
    expect(host.contacted.every((contact) => contact === `127.0.0.1:${service.port}`)).toBe(true);
    expect(service.requests.toSorted()).toEqual(['GET /v4/abc', 'GET /v4/abc/task']);
    expect(vantage).toMatchObject({
      kind: 'ecs-fargate',
      region: 'cn-north-1',
      partition: 'aws-cn',
      accountId: '444455556666',
      availabilityZone: 'cn-north-1a',
      vpcId: undefined,
      subnetId: undefined,
      networkInterfaceId: undefined,
      addresses: ['10.0.1.50', '2001:db8:0:1::50'],
      securityGroupIds: [],
      resolvers: [{ address: '10.0.0.2', port: 53 }],
      searchDomains: ['eu-west-1.compute.internal'],
    });
    expect(vantage.interfaces).toEqual([
      {
        macAddress: '0a:00:00:00:00:50',
        vpcId: undefined,
        addresses: ['10.0.1.50', '2001:db8:0:1::50'],
        publicAddresses: [],
        securityGroupIds: [],
        subnetCidr: '10.0.1.0/24',
        vpcCidrs: [],
      },
    ]);
    expect(vantage.notes[0]).toBe(
      "The ECS task metadata names the task's address 10.0.1.50 and 2001:db8:0:1::50, not its interface, subnet and security groups: the EC2 API's description has to tell.",
    );
    expect(coverage).toEqual([
      { what: 'instance metadata service', outcome: 'skipped', count: 0, why: 'a Fargate task has none' },
      { what: 'ECS task metadata endpoint', outcome: 'made', count: 2 },
    ]);
  });

  it('prefers resolv.conf over the list of the metadata', async () => {
    const service = await serveTask({ Networks: [network] }, task);
    const { vantage } = await take({
      env: { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc`, AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' },
      files: { '/etc/resolv.conf': 'nameserver 10.9.9.9\n' },
    });
    expect(vantage.resolvers).toEqual([{ address: '10.9.9.9', port: 53 }]);
  });

  it('on EC2 takes the ids of an interface that the instance lists, by MAC', async () => {
    const instance = await serveInstanceMetadata(twoInterfaces());
    const own = { ...network, IPv4Addresses: ['10.0.2.40'], IPv6Addresses: [], MACAddress: MAC_1 };
    const service = await serveTask({ Networks: [own] }, { ...task, LaunchType: 'EC2', VPCID: 'vpc-0123' });
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc` };
    const { vantage } = await take(wired(instance.port, { env, interfaces: [] }));
    expect(vantage).toMatchObject({
      kind: 'ecs-ec2',
      networkInterfaceId: 'eni-00000000000000002',
      securityGroupIds: ['sg-0d1'],
      addresses: ['10.0.2.40'],
      notes: [],
    });
    expect(vantage.interfaces).toHaveLength(2);
  });

  it("on a trunk's branch does not borrow the instance's groups", async () => {
    const instance = await serveInstanceMetadata(twoInterfaces());
    const service = await serveTask({ Networks: [network] }, { ...task, LaunchType: 'EC2', VPCID: 'vpc-0123' });
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc` };
    const { vantage } = await take(wired(instance.port, { env }));
    expect(vantage).toMatchObject({
      kind: 'ecs-ec2',
      vpcId: 'vpc-0123',
      networkInterfaceId: undefined,
      securityGroupIds: [],
      addresses: ['10.0.1.50', '2001:db8:0:1::50'],
    });
    expect(vantage.interfaces).toHaveLength(3);
  });

  it('in bridge mode stands on the primary interface, even where the bridge covers VPC addresses', async () => {
    const instance = await serveInstanceMetadata(twoInterfaces());
    const bridge = { NetworkMode: 'bridge', IPv4Addresses: ['10.0.2.40'] };
    const service = await serveTask({ Networks: [bridge] }, { ...task, LaunchType: 'EC2', VPCID: 'vpc-0123' });
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc` };
    const { vantage } = await take(wired(instance.port, { env, interfaces: [ETH1], files: OVER_ETH1 }));
    expect(vantage).toMatchObject({ networkInterfaceId: 'eni-00000000000000001', addresses: ['10.0.1.23'] });
  });

  it("in bridge mode without instance metadata claims no address: the container's own never leaves the host", async () => {
    const bridge = { NetworkMode: 'bridge', IPv4Addresses: ['172.17.0.3'] };
    const service = await serveTask({ Networks: [bridge] }, { ...task, LaunchType: 'EC2', VPCID: 'vpc-0123' });
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc` };
    const local: LocalAddress = { name: 'eth0', address: '172.17.0.3', prefixLength: 16 };
    const { vantage } = await take(wired((await serveSilence()).port, { env, interfaces: [local] }));
    expect(vantage).toMatchObject({ kind: 'ecs-ec2', vpcId: 'vpc-0123', addresses: [] });
    expect(vantage.notes).toHaveLength(1);
    expect(vantage.notes[0]).toContain('hop limit');
  });

  it.each([
    ['garbage', 'not json'],
    ['a list', '[]'],
    ['wrong types', { TaskARN: 7, Containers: 'x' }],
    ['nothing', undefined],
  ])('survives %s', async (_name, document) => {
    const service = await serveTask(document, document);
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc`, AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' };
    const { vantage } = await take({ env, interfaces: [ETH0], files: OVER_ETH0 });
    expect(vantage).toMatchObject({ kind: 'ecs-fargate', addresses: ['10.0.1.23'], accountId: undefined });
  });

  it('outside AWS is a host', async () => {
    const service = await serveTask({}, { ...task, LaunchType: 'EXTERNAL' });
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${service.url}/v4/abc` };
    const { vantage } = await take(wired(await closedPort(), { env }));
    expect(vantage.kind).toBe('host');
  });
});

describe('elsewhere', () => {
  it('in Lambda says that the interface cannot be known, and sends nothing', async () => {
    const { vantage, host, coverage } = await take({
      env: { AWS_LAMBDA_FUNCTION_NAME: 'fn', AWS_REGION: 'eu-west-1' },
      interfaces: [{ name: 'vinternal_1', address: '169.254.76.1', prefixLength: 23 }],
      files: RESOLV,
    });
    expect(host.contacted).toEqual([]);
    expect(vantage).toMatchObject({ kind: 'lambda', region: 'eu-west-1', addresses: [] });
    expect(vantage.notes).toHaveLength(1);
    expect(vantage.notes[0]).toContain('lambda:GetFunctionConfiguration');
    expect(coverage).toMatchObject([{ outcome: 'skipped', why: 'a Lambda function has none' }]);
  });

  it('in a pod without metadata keeps the pod address, for the state to find', async () => {
    const pod: LocalAddress = { name: 'eth0', address: '10.0.2.133', prefixLength: 32 };
    const env = { KUBERNETES_SERVICE_HOST: '172.20.0.1', AWS_WEB_IDENTITY_TOKEN_FILE: '/token' };
    const { vantage } = await take(wired(await closedPort(), { env, interfaces: [pod], files: RESOLV }));
    expect(vantage).toMatchObject({ kind: 'eks-pod', addresses: ['10.0.2.133'] });
  });

  it('collects what bends the traffic', async () => {
    const { vantage } = await take({
      env: {
        AWS_EC2_METADATA_DISABLED: 'true',
        HTTPS_PROXY: 'http://u:p@proxy:3128',
        AWS_ENDPOINT_URL_S3: 'https://s3.example',
        AWS_PROFILE: 'build',
        HOME: '/home/user',
      },
      files: {
        ...OVER_ETH0,
        '/etc/resolv.conf': 'nameserver 10.0.0.2\noptions ndots:5\nsearch corp.example\n',
        '/etc/hosts': '10.0.2.14 sts.amazonaws.com\n',
        '/proc/sys/net/ipv4/ip_local_port_range': '1024\t65000\n',
        '/home/user/.aws/config': '[profile build]\nregion = eu-central-1\n',
      },
      interfaces: [ETH0],
    });
    expect(vantage).toMatchObject({
      proxy: { httpsProxy: 'http://proxy:3128' },
      sdk: { region: 'eu-central-1', profile: 'build', endpointUrls: { s3: 'https://s3.example' } },
      hosts: [{ line: 1, address: '10.0.2.14', names: ['sts.amazonaws.com'] }],
      ephemeralPorts: { from: 1024, to: 65000, source: 'kernel' },
      ndots: 5,
      searchDomains: ['corp.example'],
      localInterfaces: [ETH0],
    });
    expect(vantage.localRoutes).toHaveLength(2);
    expect(vantage.notes).toHaveLength(1);
  });

  it('says when the chosen profile cannot be read', async () => {
    const { vantage } = await take({ env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: 'x' }, files: RESOLV });
    expect(vantage.notes).toContain('The profile x is chosen, but the shared config file could not be read.');
  });
});
