/**
 * A world as a plan for the kernel: one namespace per host, one router per VPC, Amazon's side, the internet, a transit
 * gateway. Written from AWS's documentation and from nothing else: not a line is shared with src/network, which this bed
 * judges.
 */
import type { World } from '../../src/lab/world.ts';
import { familyOf, ipv4At } from './addresses.ts';
import { filterScript, peered } from './filters.ts';
import { type BedHost, type BedVpc, type Layout, layOut } from './layout.ts';
import { BED, type LinkPlan, type NamespacePlan, type Plan } from './plan.ts';
import {
  DEVICES,
  FAR,
  NEAR,
  over,
  peeringDevice,
  peeringEnd,
  resolverAddress,
  routeLines,
  type WireEnd,
} from './routes.ts';
import { transitLines } from './transit.ts';

export type Translation = { readonly layout: Layout; readonly plan: Plan };

/** What else a bed may want to have. */
export type TranslateOptions = {
  /** CIDRs of which every address answers on the internet side, beside the world's own servers */
  readonly anyAddressOf?: readonly string[];
  /** keep a record of the connection attempts that pass every gate of the client's direction */
  readonly recordArrivals?: boolean;
};

/** The plan of a world. Pure; throws only when the description has no client. */
export function translate(world: World, options: TranslateOptions = {}): Translation {
  const layout = layOut(world);
  const links: LinkPlan[] = [];
  const namespaces: NamespacePlan[] = [];
  for (const vpc of layout.vpcs) {
    links.push(...routerLinks(world, layout, vpc));
    namespaces.push(router(world, layout, vpc, options), ...vpc.hosts.map((host) => hostNamespace(world, host)));
  }
  namespaces.push(internet(world, layout, options), platform(world, layout), transit(world, layout));
  for (const name of ['platform', ...resolverHosts(layout)]) {
    links.push({ a: { namespace: name, device: 'backbone' }, b: { namespace: 'internet', device: `dns-${name}` } });
  }
  return { layout, plan: { namespaces, links } };
}

function resolverHosts(layout: Layout): string[] {
  return layout.vpcs.flatMap((vpc) => vpc.hosts.filter((host) => host.kind === 'resolver').map((host) => host.name));
}

function routerLinks(world: World, layout: Layout, vpc: BedVpc): LinkPlan[] {
  const end = (device: string) => ({ namespace: vpc.router, device });
  return [
    ...vpc.hosts.map((host) => ({ a: end(`v-${host.name}`), b: { namespace: host.name, device: 'eth0' } })),
    { a: end(DEVICES.internet), b: { namespace: 'internet', device: `gw${vpc.index}` } },
    { a: end(DEVICES.services), b: { namespace: 'internet', device: `svc${vpc.index}` } },
    { a: end(DEVICES.transit), b: { namespace: 'transit', device: `vpc${vpc.index}` } },
    ...(vpc === layout.clientVpc ? [{ a: end(DEVICES.platform), b: { namespace: 'platform', device: 'eth0' } }] : []),
    ...layout.vpcs
      .filter((other) => other.index > vpc.index && peered(world, vpc.id, other.id))
      .map((other) => ({
        a: end(peeringDevice(other)),
        b: { namespace: other.router, device: peeringDevice(vpc) },
      })),
  ];
}

/** The base of a subnet plus one is its gateway's address. */
function gatewayOf(host: BedHost): string {
  return ipv4At(host.subnet.cidr, 1);
}

function router(world: World, layout: Layout, vpc: BedVpc, options: TranslateOptions): NamespacePlan {
  const peers = layout.vpcs.filter((other) => other !== vpc && peered(world, vpc.id, other.id));
  const near = [
    DEVICES.internet,
    DEVICES.services,
    DEVICES.transit,
    ...(vpc === layout.clientVpc ? [DEVICES.platform] : []),
  ];
  const base = vpc.cidrs[0];
  const ip = [
    ...near.flatMap((device) => addresses(device, NEAR)),
    ...peers.flatMap((other) => addresses(peeringDevice(other), peeringEnd(vpc))),
    ...vpc.hosts.flatMap((host) => [
      `addr add ${gatewayOf(host)}/32 dev v-${host.name}`,
      `addr add fe80::1/64 dev v-${host.name} nodad`,
      // Hosts of one subnet believe that they share a wire: the router answers for each to all the others.
      ...[
        ...vpc.hosts.filter((other) => other !== host && other.subnet.id === host.subnet.id).flatMap((o) => o.ipv4),
        ...(base === undefined ? [] : [resolverAddress(base)]),
      ].map((address) => `neigh add proxy ${address} dev v-${host.name}`),
    ]),
    ...routeLines(world, layout, vpc),
  ];
  const unfiltered = vpc === layout.clientVpc ? [DEVICES.platform] : [];
  return {
    name: vpc.router,
    sysctls: {
      ...FORWARDING,
      'netfilter/nf_conntrack_tcp_be_liberal': '1',
      ...Object.fromEntries(vpc.hosts.map((host) => [`ipv4/neigh/v-${host.name}/proxy_delay`, '0'])),
    },
    ip,
    nft:
      filterScript(world, layout.vpcs, vpc, { internet: DEVICES.internet, unfiltered }) +
      (options.recordArrivals === true ? arrivals(vpc) : ''),
  };
}

const FORWARDING = {
  'ipv4/ip_forward': '1',
  'ipv4/conf/all/send_redirects': '0',
  'ipv4/conf/default/send_redirects': '0',
  'ipv6/conf/all/forwarding': '1',
} as const;

function addresses(device: string, end: WireEnd): string[] {
  return [`addr add ${end[4]}/32 dev ${device}`, `addr add ${end[6]}/64 dev ${device} nodad`];
}

function hostNamespace(world: World, host: BedHost): NamespacePlan {
  const gateway = gatewayOf(host);
  const client = host.kind === 'client';
  const length = client ? (host.subnet.cidr.split('/')[1] ?? '32') : '32';
  const { from, to } = world.client.ephemeralPorts;
  const described = world.api.networkInterfaces.find((one) => one.NetworkInterfaceId === host.networkInterfaceId);
  const ip = [
    // As on an instance, the device has the MAC that EC2 and the metadata service name.
    ...(client && described?.MacAddress !== undefined ? [`link set dev eth0 address ${described.MacAddress}`] : []),
    ...host.ipv4.map((address, i) => `addr add ${address}/${i === 0 ? length : '32'} dev eth0`),
    ...host.ipv6.map((address) => `addr add ${address}/128 dev eth0 nodad`),
    ...(host.ipv4.length === 0
      ? []
      : [...(client ? [] : [`route add ${gateway} dev eth0`]), `route add default via ${gateway} dev eth0`]),
    ...(host.ipv6.length === 0 ? [] : ['-6 route add default via fe80::1 dev eth0']),
    ...(host.kind === 'resolver' ? backbone(host.name) : []),
  ];
  return {
    name: host.name,
    sysctls:
      host.kind === 'nat'
        ? FORWARDING
        : client
          ? { 'ipv4/ip_local_port_range': `${from} ${to}`, 'ipv4/ip_unprivileged_port_start': '0' }
          : {},
    ip,
    nft: host.kind === 'nat' ? masquerade(host) : '',
  };
}

function masquerade(host: BedHost): string {
  return [
    'table ip nat {',
    '  chain outward {',
    '    type nat hook postrouting priority 100;',
    `    snat to ${host.ipv4[0]}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/**
 * Remembers each SYN that no gate dropped, and whether it left for the host that owns the address or through a gateway
 * endpoint: that is how the two directions of a path, and the ways to a public address, are told apart.
 */
function arrivals(vpc: BedVpc): string {
  const families = [
    [4, 'ip'],
    [6, 'ip6'],
  ] as const;
  const lines = families.flatMap(([family, ip]) => {
    const homes = vpc.hosts
      .filter((host) => host.kind === 'interface')
      .flatMap((host) => (family === 4 ? host.ipv4 : host.ipv6).map((address) => `"v-${host.name}" . ${address}`));
    const home = homes.length === 0 ? [] : [['host', `oifname . ${ip} daddr { ${homes.join(', ')} }`]];
    return [...home, ['services', `oifname "${DEVICES.services}" meta nfproto ipv${family}`]].map(
      ([way, match]) =>
        `    ${match} tcp flags & (syn | ack) == syn add @${way}${family} { ${ip} saddr . tcp sport . ${ip} daddr . tcp dport }`,
    );
  });
  return [
    'table inet arrivals {',
    ...['host4', 'host6', 'services4', 'services6'].map((name) => {
      const type = `ipv${name.at(-1)}_addr`;
      return `  set ${name} { type ${type} . inet_service . ${type} . inet_service; size 65535; flags dynamic; }`;
    }),
    '  chain forward {',
    '    type filter hook forward priority 10;',
    ...lines,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** The wire on which resolvers reach public DNS, whatever the VPC's rules are. */
function backbone(name: string): string[] {
  const own = ownBackbone(name);
  return [`addr add ${own}/32 dev backbone`, `route add ${BED.publicDnsAddress}/32 dev backbone src ${own}`];
}

function ownBackbone(name: string): string {
  return `100.127.255.${10 + (name === 'platform' ? 0 : 1 + Number(name.split('i')[1] ?? 0))}`;
}

function isInside(layout: Layout, address: string): boolean {
  return layout.vpcs.some((vpc) => vpc.hosts.some((host) => host.ipv4.includes(address)));
}

/** Amazon's resolver, metadata service and API: never filtered, one wire from the client's router. */
function platform(world: World, layout: Layout): NamespacePlan {
  const base = layout.clientVpc.cidrs[0];
  const owned: string[] = [BED.apiAddress, BED.metadataAddress, BED.resolverAddress, BED.taskAddress];
  if (base !== undefined) owned.push(resolverAddress(base));
  return {
    name: 'platform',
    sysctls: {},
    ip: [
      ...addresses('eth0', FAR),
      ...owned.map((address) => `addr add ${address}/32 dev eth0`),
      'addr add fd00:ec2::253/128 dev eth0 nodad',
      'addr add fd00:ec2::254/128 dev eth0 nodad',
      // Questions that a rule sends on come from an address that the VPC's routes know.
      `route add default${over('eth0', 4, NEAR)}${base === undefined ? '' : ` src ${resolverAddress(base)}`}`,
      `-6 route add default${over('eth0', 6, NEAR)}`,
      ...backbone('platform'),
      // Resolver rules may send questions to resolvers outside the VPC.
      ...Object.keys(world.resolvers)
        .filter((address) => familyOf(address) === 4 && !isInside(layout, address))
        .map((address) => `route add ${address}/32 dev backbone src ${ownBackbone('platform')}`),
    ],
    nft: '',
  };
}

/**
 * The services' public addresses and everybody else's. Answers leave by the wire on which the question came: through the
 * gateway endpoint or through the internet gateway.
 */
function internet(world: World, layout: Layout, options: TranslateOptions): NamespacePlan {
  const owned = [
    ...Object.keys(world.servers),
    ...Object.keys(world.resolvers).filter((address) => !isInside(layout, address)),
    BED.publicDnsAddress,
  ];
  const resolvers = ['platform', ...resolverHosts(layout)];
  const ip = [
    ...owned.map((address) => `addr add ${address}/${familyOf(address) === 4 ? '32' : '128 nodad'} dev lo`),
    ...(options.anyAddressOf ?? []).map((cidr) => `-${familyOf(cidr)} route add local ${cidr} dev lo`),
    // Only to have a way at all: which one an answer takes is decided by its mark.
    `route add default${over(`gw${layout.clientVpc.index}`, 4, NEAR)}`,
    `-6 route add default${over(`gw${layout.clientVpc.index}`, 6, NEAR)}`,
    ...layout.vpcs.flatMap((vpc) => {
      const ways = [
        [`gw${vpc.index}`, 200 + vpc.index],
        [`svc${vpc.index}`, 300 + vpc.index],
      ] as const;
      return ways.flatMap(([device, mark]) => [
        ...addresses(device, FAR),
        `rule add fwmark ${mark} lookup ${mark}`,
        `-6 rule add fwmark ${mark} lookup ${mark}`,
        `route add default${over(device, 4, NEAR)} table ${mark}`,
        `-6 route add default${over(device, 6, NEAR)} table ${mark}`,
      ]);
    }),
    ...resolvers.map((name) => `route add ${(backbone(name)[0] ?? '').split(' ')[2]} dev dns-${name}`),
  ];
  const marks = layout.vpcs.flatMap((vpc) => [
    `    iifname "gw${vpc.index}" meta mark set ${200 + vpc.index} ct mark set meta mark`,
    `    iifname "svc${vpc.index}" meta mark set ${300 + vpc.index} ct mark set meta mark`,
  ]);
  return {
    name: 'internet',
    sysctls: { 'ipv4/tcp_fwmark_accept': '1', 'ipv4/fwmark_reflect': '1', 'ipv6/fwmark_reflect': '1' },
    ip,
    nft: [
      'table inet ways {',
      '  chain arrive {',
      '    type filter hook prerouting priority -150;',
      ...marks,
      '  }',
      '  chain answer {',
      '    type route hook output priority -150;',
      '    ct direction reply meta mark set ct mark',
      '  }',
      '}',
      '',
    ].join('\n'),
  };
}

function transit(world: World, layout: Layout): NamespacePlan {
  return {
    name: 'transit',
    sysctls: FORWARDING,
    ip: [...layout.vpcs.flatMap((vpc) => addresses(`vpc${vpc.index}`, FAR)), ...transitLines(world, layout)],
    nft: '',
  };
}
