/**
 * Security groups and network ACLs as nftables rules of a VPC's router.
 *
 * Every packet between two wires of the router passes, in this order: the network ACL of the subnet it leaves, the one of
 * the subnet it enters (both by its own header, whatever connection it belongs to; neither when it stays in one subnet),
 * the security groups of the interface it leaves, those of the interface it enters (both let answers pass, by conntrack).
 * Sources: VPC/vpc-network-acls, VPC/nacl-rules, VPC/security-group-rules; facts.md 3.1, 3.3, 3.4.
 */
import type { World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { type Family, familyOf } from './addresses.ts';
import type { BedHost, BedVpc } from './layout.ts';

type Permission = NonNullable<SliceElement<'securityGroups'>['IpPermissions']>[number];
type AclEntry = NonNullable<SliceElement<'networkAcls'>['Entries']>[number];
type Direction = 'in' | 'out';

/** What the routes of a VPC say about gates that are not hosts; see routes.ts. */
export type Gates = {
  readonly internet: string | undefined;
  /** devices whose packets no rule ever sees: Amazon's resolver, metadata service and the bed's API */
  readonly unfiltered: readonly string[];
};

/** The nftables script of one VPC's router. */
export function filterScript(world: World, vpcs: readonly BedVpc[], vpc: BedVpc, gates: Gates): string {
  const sets = new Map<string, string>();
  const chains: string[] = [];
  const acls = world.api.networkAcls.filter((acl) => acl.VpcId === vpc.id);
  for (const acl of acls) {
    for (const direction of ['in', 'out'] as const)
      chains.push(chain(`acl_${direction}_${word(acl.NetworkAclId)}`, aclRules(acl.Entries ?? [], direction)));
  }
  const groupIds = new Set(vpc.hosts.flatMap((host) => host.groupIds ?? []));
  for (const groupId of groupIds) {
    const group = world.api.securityGroups.find((candidate) => candidate.GroupId === groupId);
    for (const direction of ['in', 'out'] as const) {
      const permissions = (direction === 'in' ? group?.IpPermissions : group?.IpPermissionsEgress) ?? [];
      const rules = permissions.flatMap((permission) =>
        groupRules(permission, direction, (set, family) => declareSet(world, vpcs, vpc, sets, set, family)),
      );
      chains.push(chain(`group_${direction}_${word(groupId)}`, rules));
    }
  }
  for (const host of vpc.hosts) chains.push(...hostChains(host, vpc));
  chains.push(chain('block_public_access', blockPublicAccess(world, vpc, gates.internet)));

  const vmap = (of: (host: BedHost) => string) =>
    vpc.hosts.length === 0 ? '{ }' : `{ ${vpc.hosts.map((host) => `"v-${host.name}" : jump ${of(host)}`).join(', ')} }`;
  const forward = [
    ...gates.unfiltered.flatMap((device) => [`iifname "${device}" accept`, `oifname "${device}" accept`]),
    ...internetRules(vpc, gates.internet),
    ...vpc.hosts.filter((host) => host.dead).map((host) => `oifname "v-${host.name}" drop`),
    `iifname vmap ${vmap((host) => `leave_${host.name}`)}`,
    `oifname vmap ${vmap((host) => `enter_${host.name}`)}`,
    `iifname vmap ${vmap((host) => `from_${host.name}`)}`,
    `oifname vmap ${vmap((host) => `to_${host.name}`)}`,
    'accept',
  ];
  return [
    'table inet vpc {',
    ...sets.values(),
    ...chains,
    '  chain forward {',
    '    type filter hook forward priority 0; policy drop;',
    ...forward.map((rule) => `    ${rule}`),
    '  }',
    '}',
    ...addressTranslation(vpc, gates.internet),
    '',
  ].join('\n');
}

function hostChains(host: BedHost, vpc: BedVpc): string[] {
  const siblings = vpc.hosts.filter((other) => other.subnet.id === host.subnet.id).map((other) => `"v-${other.name}"`);
  const acl = host.subnet.aclId;
  const aclChain = (direction: Direction, device: string) =>
    acl === undefined ? [] : [`${device} { ${siblings.join(', ')} } return`, `jump acl_${direction}_${word(acl)}`];
  // Groups only allow, and any of them may: each leaves its word in a bit of the packet's mark, read once at the end.
  const groups = (direction: Direction) =>
    host.groupIds === undefined
      ? []
      : [
          'ct state established,related return',
          ...host.groupIds.map((id) => `jump group_${direction}_${word(id)}`),
          'meta mark & 0x10000 == 0 drop',
          'meta mark set meta mark & 0xfffeffff',
        ];
  return [
    chain(`leave_${host.name}`, aclChain('out', 'oifname')),
    chain(`enter_${host.name}`, aclChain('in', 'iifname')),
    chain(`from_${host.name}`, groups('out')),
    chain(`to_${host.name}`, groups('in')),
  ];
}

/** In ascending order of rule number, the first match decides, and what nothing matches is denied. */
function aclRules(entries: readonly AclEntry[], direction: Direction): string[] {
  const egress = direction === 'out';
  const rules = entries
    .filter((entry) => entry.Egress === egress)
    .sort((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0))
    .map((entry) => {
      const remote = remoteMatch(entry.CidrBlock ?? entry.Ipv6CidrBlock ?? '0.0.0.0/0', direction);
      const action = entry.RuleAction === 'allow' ? 'return' : 'drop';
      return `${remote} ${protocolMatch(entry.Protocol ?? '-1', entry.PortRange?.From, entry.PortRange?.To)} ${action}`;
    });
  return [...rules, 'drop'];
}

function groupRules(
  permission: Permission,
  direction: Direction,
  setFor: (id: string, family: Family) => string,
): string[] {
  const protocol = protocolMatch(permission.IpProtocol ?? '-1', permission.FromPort, permission.ToPort);
  const field = (family: Family) => `${family === 4 ? 'ip' : 'ip6'} ${direction === 'in' ? 'saddr' : 'daddr'}`;
  const cidrs = [
    ...(permission.IpRanges ?? []).flatMap((range) => range.CidrIp ?? []),
    ...(permission.Ipv6Ranges ?? []).flatMap((range) => range.CidrIpv6 ?? []),
  ].map((cidr) => remoteMatch(cidr, direction));
  const ids = [
    ...(permission.PrefixListIds ?? []).flatMap((list) => list.PrefixListId ?? []),
    ...(permission.UserIdGroupPairs ?? []).flatMap((pair) => pair.GroupId ?? []),
  ];
  const sets = ids.flatMap((id) => ([4, 6] as const).map((family) => `${field(family)} @${setFor(id, family)}`));
  return [...cidrs, ...sets].map((remote) => `${remote} ${protocol} meta mark set meta mark | 0x10000 return`);
}

/** A prefix list's CIDRs or a group's members (the private addresses of the interfaces that carry it), as a set. */
function declareSet(
  world: World,
  vpcs: readonly BedVpc[],
  vpc: BedVpc,
  sets: Map<string, string>,
  id: string,
  family: Family,
): string {
  const name = `s${family}_${word(id)}`;
  if (!sets.has(name)) {
    const all = id.startsWith('pl-') ? prefixListCidrs(world, id) : groupMembers(world, vpcs, vpc, id);
    const elements = all.filter((element) => familyOf(element) === family);
    const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const list = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
    sets.set(name, `  set ${name} { type ${type}; flags interval; auto-merge;${list} }`);
  }
  return name;
}

export function prefixListCidrs(world: World, id: string): string[] {
  return [
    ...world.api.prefixLists.filter((list) => list.PrefixListId === id).flatMap((list) => list.Cidrs ?? []),
    ...world.api.prefixListEntries
      .filter((list) => list.PrefixListId === id)
      .flatMap((list) => (list.Entries ?? []).flatMap((entry) => entry.Cidr ?? [])),
  ];
}

/**
 * A reference reaches interfaces of the same VPC, and of another one while a peering between the two is active; across a
 * transit gateway it matches nothing at an endpoint (facts.md 3.1).
 */
function groupMembers(world: World, vpcs: readonly BedVpc[], vpc: BedVpc, groupId: string): string[] {
  const near = vpcs.filter((other) => other.id === vpc.id || peered(world, vpc.id, other.id));
  return near.flatMap((other) =>
    other.hosts.filter((host) => host.groupIds?.includes(groupId)).flatMap((host) => [...host.ipv4, ...host.ipv6]),
  );
}

/** Whether an active peering joins the two. */
export function peered(world: World, a: string, b: string): boolean {
  return world.api.vpcPeeringConnections.some((peering) => {
    const ends = [peering.AccepterVpcInfo?.VpcId, peering.RequesterVpcInfo?.VpcId];
    return peering.Status?.Code === 'active' && ends.includes(a) && ends.includes(b) && a !== b;
  });
}

function remoteMatch(cidr: string, direction: Direction): string {
  const family = familyOf(cidr);
  // nftables has no match for a prefix of length zero.
  if (cidr.endsWith('/0')) return `meta nfproto ${family === 4 ? 'ipv4' : 'ipv6'}`;
  return `${family === 4 ? 'ip' : 'ip6'} ${direction === 'in' ? 'saddr' : 'daddr'} ${cidr}`;
}

const PORT_PROTOCOLS: Record<string, string> = { tcp: 'tcp', '6': 'tcp', udp: 'udp', '17': 'udp' };
const PROTOCOL_NUMBERS: Record<string, string> = { icmp: '1', icmpv6: '58' };

/** Ports count for TCP and UDP only; `-1` is every protocol and every port (facts.md 1.3, 1.4). */
function protocolMatch(protocol: string, from: number | undefined, to: number | undefined): string {
  if (protocol === '-1') return '';
  const name = PORT_PROTOCOLS[protocol];
  if (name === undefined) return `meta l4proto ${PROTOCOL_NUMBERS[protocol] ?? protocol}`;
  if (from === undefined || to === undefined || (from <= 0 && to === 65535)) return `meta l4proto ${name}`;
  return `${name} dport ${from}-${to}`;
}

/** The internet gateway's own rule: a private IPv4 address without a public one goes nowhere. */
function internetRules(vpc: BedVpc, device: string | undefined): string[] {
  if (device === undefined) return [];
  const known = vpc.hosts.flatMap((host) => Object.keys(host.publicAddresses));
  const members = known.length === 0 ? '' : `ip saddr != { ${known.join(', ')} } `;
  return [
    `oifname "${device}" jump block_public_access`,
    `iifname "${device}" jump block_public_access`,
    `oifname "${device}" meta nfproto ipv4 ${members}drop`,
  ];
}

/** Ingress-only blocking still lets NAT gateways and egress-only gateways start connections (facts.md 4.3). */
function blockPublicAccess(world: World, vpc: BedVpc, device: string | undefined): string[] {
  if (device === undefined) return [];
  const mode = world.api.vpcs.find((candidate) => candidate.VpcId === vpc.id)?.BlockPublicAccessStates
    ?.InternetGatewayBlockMode;
  if (mode === 'block-bidirectional') return ['drop'];
  if (mode !== 'block-ingress') return [];
  const nats = vpc.hosts.filter((host) => host.kind === 'nat').flatMap((host) => host.ipv4);
  return [
    `meta nfproto ipv6 ct direction original oifname "${device}" return`,
    'ct direction reply return',
    ...(nats.length === 0 ? [] : [`oifname "${device}" ip saddr { ${nats.join(', ')} } return`]),
    'drop',
  ];
}

function addressTranslation(vpc: BedVpc, device: string | undefined): string[] {
  const pairs = vpc.hosts.flatMap((host) => Object.entries(host.publicAddresses));
  if (device === undefined || pairs.length === 0) return [];
  const map = (entries: string[][]) => `{ ${entries.map(([from, to]) => `${from} : ${to}`).join(', ')} }`;
  return [
    'table ip gateway {',
    '  chain outward {',
    '    type nat hook postrouting priority 100;',
    `    oifname "${device}" snat to ip saddr map ${map(pairs)}`,
    '  }',
    '  chain inward {',
    '    type nat hook prerouting priority -100;',
    `    iifname "${device}" dnat to ip daddr map ${map(pairs.map(([a = '', b = '']) => [b, a]))}`,
    '  }',
    '}',
  ];
}

function chain(name: string, rules: readonly string[]): string {
  return [`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), '  }'].join('\n');
}

/** An identifier as an nftables name. */
function word(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9]/g, '_');
}
