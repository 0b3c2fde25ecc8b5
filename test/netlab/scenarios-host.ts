/** The client's own machine: proxies, firewalls, bridges, containers, settings. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { ForwardProxy, Hazards } from './hazards.ts';
import type { Scenario } from './scenario.ts';
import { inRange, publicService, worldWith } from './worlds.ts';

const { secretsHost } = LAB;
const PROXY = '10.0.0.90';

/** A host in the public subnet for tinyproxy to stand on, with or without a way out of its own. */
function proxyHost(wayOut: boolean) {
  return (world: World) => {
    world.api.networkInterfaces.push({
      ...structuredClone(find(world, 'networkInterfaces', LAB.clientInterface)),
      NetworkInterfaceId: 'eni-b0000001',
      SubnetId: LAB.publicSubnet,
      MacAddress: '0a:b0:00:00:00:01',
      PrivateIpAddress: PROXY,
      PrivateIpAddresses: [{ PrivateIpAddress: PROXY, Primary: true }],
      Groups: [{ GroupId: 'sg-b0000001', GroupName: 'proxy' }],
      Attachment: { InstanceId: 'i-b0000001', DeviceIndex: 0, NetworkCardIndex: 0, Status: 'attached' },
      ...(wayOut ? { Association: { PublicIp: '192.0.2.90' } } : {}),
    });
    world.api.securityGroups.push({
      GroupId: 'sg-b0000001',
      GroupName: 'proxy',
      VpcId: LAB.vpc,
      OwnerId: world.accountId,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/16' }] }],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
    if (!wayOut) return;
    world.api.internetGateways.push({
      InternetGatewayId: LAB.internetGateway,
      Attachments: [{ VpcId: LAB.vpc, State: 'available' }],
    });
    addRoute(world, LAB.publicRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
  };
}

function environment(env: Readonly<Record<string, string>>) {
  return (world: World) => void Object.assign(world.client.env, env);
}

const proxied = (noProxy: string, url = `http://${PROXY}:3128`) =>
  environment({ HTTPS_PROXY: url, ...(noProxy === '' ? {} : { NO_PROXY: noProxy }) });
const tinyproxy: ForwardProxy = { address: PROXY, port: 3128 };
const METADATA = '169.254.169.254,169.254.170.2,169.254.171.10';

type More = Partial<Scenario> & { verdict?: 'blocked' | 'degraded'; besides?: readonly CauseCode[] };

function host(code: CauseCode, name: string, world: () => World, more: More = {}): Scenario {
  const { verdict = 'blocked', besides = [], ...rest } = more;
  return {
    name,
    group: 'single',
    world,
    targets: [secretsHost],
    expect: { verdict, causes: [code], besides },
    ...rest,
  };
}

function fine(name: string, world: () => World, hazards: Hazards = {}, more: Partial<Scenario> = {}): Scenario {
  return {
    name,
    group: 'healthy',
    world,
    hazards,
    targets: [secretsHost],
    expect: { verdict: 'healthy', causes: [] },
    ...more,
  };
}

/** The direct way works: for programs that heed no proxy nothing is wrong. */
function besideProxy(code: CauseCode, name: string, world: () => World, more: More = {}): Scenario {
  return host(code, name, world, { verdict: 'degraded', ...more });
}

const PROXIES: readonly Scenario[] = [
  // It takes the connection and never answers CONNECT: seen from here, a proxy that does not work.
  besideProxy(
    'proxy-misconfigured',
    'the proxy takes what the endpoint should carry, and gets nowhere',
    worldWith(proxyHost(false), proxied(METADATA)),
    {
      hazards: { proxies: [{ ...tinyproxy, resolver: LAB.resolver }] },
    },
  ),
  fine(
    'the proxy takes what the endpoint should carry, and goes by the internet',
    worldWith(proxyHost(true), proxied(METADATA), (world) => {
      world.resolvers['8.8.8.8'] = { behaviour: 'public', records: {} };
    }),
    { proxies: [{ ...tinyproxy, resolver: '8.8.8.8' }] },
    { expect: { verdict: 'healthy', causes: [], advice: ['proxy-captures-endpoint'] } },
  ),
  besideProxy('proxy-captures-endpoint', 'the proxy refuses AWS hosts', worldWith(proxyHost(true), proxied(METADATA)), {
    hazards: { proxies: [{ ...tinyproxy, refuses: ['amazonaws\\.com$'] }] },
  }),
  besideProxy(
    'proxy-captures-endpoint',
    'NO_PROXY has the global S3 host, layers come from the regional one',
    worldWith(proxyHost(false), proxied(`${METADATA},s3.amazonaws.com,.eks.amazonaws.com`)),
    {
      reported: 'C170',
      targets: [LAB.s3Host],
      hazards: { proxies: [{ ...tinyproxy, refuses: ['amazonaws\\.com$'] }] },
    },
  ),
  besideProxy(
    'proxy-misconfigured',
    'nothing listens where the proxy should be',
    worldWith(proxyHost(false), proxied(METADATA)),
  ),
  besideProxy(
    'proxy-misconfigured',
    'the proxy’s URL says https, the proxy speaks plain text',
    worldWith(proxyHost(true), proxied(METADATA, `https://${PROXY}:3128`)),
    {
      reported: 'C100',
      hazards: { proxies: [tinyproxy] },
    },
  ),
  besideProxy(
    'proxy-misconfigured',
    'the proxy’s port is wrong',
    worldWith(proxyHost(true), proxied(METADATA, `http://${PROXY}:3129`)),
    {
      hazards: { proxies: [tinyproxy] },
    },
  ),
  besideProxy(
    'proxy-misconfigured',
    'the proxy’s name does not exist',
    worldWith(proxied(METADATA, 'http://proxy.corp.example:3128')),
  ),
  besideProxy(
    'proxy-misconfigured',
    'the proxy wants a password that nobody gave',
    worldWith(proxyHost(true), proxied(METADATA)),
    {
      hazards: { proxies: [{ ...tinyproxy, credentials: 'someone secret' }] },
    },
  ),
  fine('NO_PROXY exempts the endpoint’s host', worldWith(proxyHost(false), proxied(`${METADATA},${secretsHost}`)), {
    proxies: [tinyproxy],
  }),
  fine('NO_PROXY exempts all of amazonaws.com', worldWith(proxyHost(false), proxied(`${METADATA},.amazonaws.com`)), {
    proxies: [tinyproxy],
  }),
  fine('NO_PROXY exempts everything', worldWith(proxyHost(false), proxied('*')), { proxies: [tinyproxy] }),
  fine(
    'the proxy is for plain HTTP only',
    worldWith(proxyHost(false), environment({ HTTP_PROXY: `http://${PROXY}:3128`, NO_PROXY: METADATA })),
    { proxies: [tinyproxy] },
  ),
];

/** docker0 as docker makes it: a bridge with an address and a route. */
function bridge(address: string): Hazards {
  return { client: ['link add br-docker type bridge', `addr add ${address} dev br-docker`, 'link set br-docker up'] };
}

const MACHINE: readonly Scenario[] = [
  host('local-network-captures', 'a docker bridge covers one endpoint subnet of two', worldWith(), {
    verdict: 'degraded',
    hazards: bridge('10.0.2.1/24'),
  }),
  host('local-network-captures', 'a docker bridge covers both endpoint subnets', worldWith(), {
    reported: 'C107',
    hazards: bridge('10.0.2.1/23'),
  }),
  host(
    'local-network-captures',
    'VPC in 172.17, and docker’s own bridge covers its resolver',
    inRange('172.17', worldWith()),
    {
      reported: 'C106',
      hazards: bridge('172.17.0.1/24'),
    },
  ),
  host('local-network-captures', 'a VPN’s route takes the endpoint’s addresses', worldWith(), {
    hazards: {
      client: [
        'link add vpn0 type bridge',
        'link set vpn0 up',
        'addr add 192.168.9.2/32 dev vpn0',
        'route add 10.0.2.0/23 dev vpn0',
      ],
    },
  }),
  fine('a docker bridge elsewhere', worldWith(), bridge('172.17.0.1/16')),
  fine(
    'a docker bridge wider than the client’s own subnet but not over the endpoint',
    worldWith(),
    bridge('10.0.64.1/18'),
  ),
  host('host-firewall-blocks', 'the machine’s own firewall rejects 443, and says that it is prohibited', worldWith(), {
    hazards: { firewall: ['tcp dport 443 reject with icmpx type admin-prohibited'] },
  }),
  host('host-firewall-blocks', 'the machine’s own firewall rejects one endpoint subnet', worldWith(), {
    verdict: 'degraded',
    hazards: { firewall: ['ip daddr 10.0.3.0/24 reject with icmpx type admin-prohibited'] },
  }),
  fine('the machine’s own firewall lets 443 out and nothing else', worldWith(), {
    firewall: [
      'tcp dport { 443, 80 } accept',
      'th dport 53 accept',
      'ip daddr 169.254.0.0/16 accept',
      'reject with icmpx type admin-prohibited',
    ],
  }),
];

const METADATA_SERVICE: readonly Scenario[] = [
  host('imds-unreachable', 'a container, one hop too far from the metadata service', worldWith(), {
    reported: 'C110, C243',
    verdict: 'degraded',
    hazards: { container: true, metadataHops: 1, credentials: false },
  }),
  host('imds-unreachable', 'the machine’s own firewall keeps the metadata service away', worldWith(), {
    reported: 'C150',
    verdict: 'degraded',
    hazards: { credentials: false, firewall: ['ip daddr 169.254.169.254 reject with icmpx type admin-prohibited'] },
  }),
  fine('a container with hops enough', worldWith(), { container: true, metadataHops: 2 }),
];

const SETTINGS: readonly Scenario[] = [
  host(
    'endpoint-url-override',
    'AWS_ENDPOINT_URL_SECRETS_MANAGER leads to an address that is gone',
    worldWith(environment({ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://10.0.2.99' })),
    {
      targets: ['secretsmanager'],
      // The service's own host works; programs that heed the setting do not call it.
      verdict: 'degraded',
    },
  ),
  host(
    'region-mismatch',
    'the configured Region is not the instance’s',
    worldWith(
      environment({ AWS_REGION: 'us-east-1' }),
      publicService('52.94.11.10', 'secretsmanager.us-east-1.amazonaws.com'),
    ),
    {
      targets: ['secretsmanager'],
    },
  ),
  fine(
    'the configured Region is not the instance’s, and NAT carries it there',
    worldWith(
      addNatGateway,
      environment({ AWS_REGION: 'us-east-1' }),
      publicService('52.94.11.10', 'secretsmanager.us-east-1.amazonaws.com'),
    ),
    {},
    { targets: ['secretsmanager'], expect: { verdict: 'healthy', causes: [], advice: ['region-mismatch'] } },
  ),
];

export const HOST_SCENARIOS: readonly Scenario[] = [...PROXIES, ...MACHINE, ...METADATA_SERVICE, ...SETTINGS];
