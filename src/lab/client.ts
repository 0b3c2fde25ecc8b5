/** The world's client as a machine: its network interfaces, and the files that the kernel and the DHCP client would write. */
import ipaddr from 'ipaddr.js';
import type { NetworkInterface, Subnet, Vpc } from '../model/aws.ts';
import type { LocalAddress } from '../model/host.ts';
import type { World } from './world.ts';

/** The interface that the run stands on, then the others of the same instance by device index. */
export function clientInterfaces(world: World): NetworkInterface[] {
  const all = world.api.networkInterfaces;
  const own = all.find((candidate) => candidate.NetworkInterfaceId === world.client.networkInterfaceId);
  if (own === undefined) throw new Error(`the lab's world has no interface ${world.client.networkInterfaceId}`);
  const instance = own.Attachment?.InstanceId;
  const others = all.filter(
    (other) => instance !== undefined && other !== own && other.Attachment?.InstanceId === instance,
  );
  return [own, ...others.sort((a, b) => (a.Attachment?.DeviceIndex ?? 0) - (b.Attachment?.DeviceIndex ?? 0))];
}

/** The VPC of the interface that the run stands on. */
export function clientVpc(world: World): Vpc | undefined {
  const vpcId = clientInterfaces(world)[0]?.VpcId;
  return world.api.vpcs.find((vpc) => vpc.VpcId === vpcId);
}

/** Every address of an interface, IPv4 first. */
export function interfaceAddresses(networkInterface: NetworkInterface): string[] {
  const ipv4 = (networkInterface.PrivateIpAddresses ?? []).map((entry) => entry.PrivateIpAddress);
  const ipv6 = (networkInterface.Ipv6Addresses ?? []).map((entry) => entry.Ipv6Address);
  const all = [networkInterface.PrivateIpAddress, ...ipv4, ...ipv6].filter((address) => address !== undefined);
  return [...new Set(all)];
}

/** The loopback device and one `eth` for every interface, as `os.networkInterfaces` would list them. */
export function localAddresses(world: World): LocalAddress[] {
  const loopback = [
    { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
    { name: 'lo', address: '::1', prefixLength: 128 },
  ];
  const own = clientInterfaces(world).flatMap((networkInterface) => {
    const name = deviceName(networkInterface);
    const subnet = subnetOf(world, networkInterface);
    return interfaceAddresses(networkInterface).map((address) => ({
      name,
      address,
      // DHCPv6 gives an instance its address alone, as /128; IPv4 comes with the subnet's mask.
      prefixLength: address.includes(':') ? 128 : prefixLength(subnet?.CidrBlock, 24),
    }));
  });
  const bridges = (world.client.localNetworks ?? []).map(({ device, cidr, address }) => ({
    name: device,
    address,
    prefixLength: prefixLength(cidr, 24),
  }));
  return [...loopback, ...own, ...bridges];
}

/** By path, what a run may read of the client's file system. A path that is not here cannot be read. */
export function clientFiles(world: World): Record<string, string> {
  const { client } = world;
  const [interfaceLine, ...routes] = routeTable(world);
  const files: Record<string, string> = {
    '/etc/resolv.conf': [
      ...(client.searchDomains.length === 0 ? [] : [`search ${client.searchDomains.join(' ')}`]),
      ...client.nameservers.map((address) => `nameserver ${address}`),
      '',
    ].join('\n'),
    '/etc/hosts': [...client.hosts, ''].join('\n'),
    '/proc/net/route': [interfaceLine, ...routes, ''].join('\n'),
    '/proc/net/ipv6_route': ipv6Routes(world).join('\n'),
    '/sys/devices/virtual/dmi/id/sys_vendor': 'Amazon EC2\n',
    '/sys/devices/virtual/dmi/id/board_asset_tag': `${clientInterfaces(world)[0]?.Attachment?.InstanceId ?? ''}\n`,
  };
  if (client.container === true) files['/.dockerenv'] = '';
  // EC2's default on every instance type of today (EC2 user guide, network_mtu).
  for (const one of clientInterfaces(world)) files[`/sys/class/net/${deviceName(one)}/mtu`] = '9001\n';
  const { from, to, source } = client.ephemeralPorts;
  if (source === 'kernel') files['/proc/sys/net/ipv4/ip_local_port_range'] = `${from}\t${to}\n`;
  return files;
}

/** One spelling per address, so that addresses can be compared as text; an IPv4 address in IPv6 clothes is IPv4. Other text comes back as it is. */
export function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** The address `offset` steps above an IPv4 block's base: 1 is the VPC's router, 2 in the VPC's primary block its resolver. */
export function addressInBlock(cidr: string, offset: number): string {
  const base = ipaddr.IPv4.networkAddressFromCIDR(cidr).toByteArray();
  const value = base.reduce((sum, byte) => sum * 256 + byte, 0) + offset;
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** The kernel's main table: a default route through the primary interface's subnet router, and each subnet on its link. */
function routeTable(world: World): string[] {
  const lines = clientInterfaces(world).flatMap((networkInterface, index) => {
    const cidr = subnetOf(world, networkInterface)?.CidrBlock;
    if (cidr === undefined) return [];
    const name = deviceName(networkInterface);
    const mask = ipaddr.IPv4.subnetMaskFromPrefixLength(prefixLength(cidr, 24)).toString();
    const line = (to: string, via: string, flags: string, netmask: string) =>
      [name, littleEndian(to), littleEndian(via), flags, 0, 0, 0, littleEndian(netmask), 0, 0, 0].join('\t');
    return [
      ...(index === 0 ? [line('0.0.0.0', addressInBlock(cidr, 1), '0003', '0.0.0.0')] : []),
      line(addressInBlock(cidr, 0), '0.0.0.0', '0001', mask),
    ];
  });
  for (const { device, cidr } of world.client.localNetworks ?? []) {
    const mask = ipaddr.IPv4.subnetMaskFromPrefixLength(prefixLength(cidr, 24)).toString();
    lines.push(
      [device, littleEndian(addressInBlock(cidr, 0)), '00000000', '0001', 0, 0, 0, littleEndian(mask), 0, 0, 0].join(
        '\t',
      ),
    );
  }
  return ['Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT', ...lines];
}

function ipv6Routes(world: World): string[] {
  return clientInterfaces(world).flatMap((networkInterface, index) => {
    const cidr = subnetOf(world, networkInterface)?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
    if (cidr === undefined || (networkInterface.Ipv6Addresses ?? []).length === 0) return [];
    const name = deviceName(networkInterface);
    const [network, length] = ipaddr.parseCIDR(cidr);
    const line = (to: string, bits: number, via: string, flags: string) =>
      `${to} ${bits.toString(16).padStart(2, '0')} ${'0'.repeat(32)} 00 ${via} 00000400 00000001 00000000 ${flags} ${name}`;
    const router = 'fe80000000000000000000fffe000001';
    return [
      line(hex(network.toByteArray()), length, '0'.repeat(32), '00000001'),
      ...(index === 0 ? [line('0'.repeat(32), 0, router, '00000003')] : []),
    ];
  });
}

function subnetOf(world: World, networkInterface: NetworkInterface): Subnet | undefined {
  return world.api.subnets.find((subnet) => subnet.SubnetId === networkInterface.SubnetId);
}

function deviceName(networkInterface: NetworkInterface): string {
  return `eth${networkInterface.Attachment?.DeviceIndex ?? 0}`;
}

function prefixLength(cidr: string | undefined, fallback: number): number {
  return cidr === undefined ? fallback : ipaddr.parseCIDR(cidr)[1];
}

function littleEndian(address: string): string {
  return hex(ipaddr.IPv4.parse(address).toByteArray().reverse()).toUpperCase();
}

function hex(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('hex');
}
