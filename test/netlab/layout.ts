/**
 * Which hosts a world has and where they are: one per network interface of the description, one per NAT gateway, one per
 * resolver that somebody runs inside the VPC. Everything else of the bed is built around this list.
 */

import type { World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { ipv4At, within } from './addresses.ts';

export type Subnet = {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly ipv6Cidr: string | undefined;
  readonly zone: string;
  readonly aclId: string | undefined;
  readonly routeTableId: string | undefined;
};

export type BedHost = {
  /** namespace name; the router's side of its wire is `v-<name>` */
  readonly name: string;
  readonly kind: 'client' | 'interface' | 'nat' | 'resolver';
  readonly vpcId: string;
  readonly subnet: Subnet;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** security groups on its interface; undefined where none are enforced (a NAT gateway has none) */
  readonly groupIds: readonly string[] | undefined;
  /** nothing is delivered to it: its endpoint is not available */
  readonly dead: boolean;
  readonly networkInterfaceId: string | undefined;
  readonly natGatewayId: string | undefined;
  /** private → public IPv4 at the internet gateway */
  readonly publicAddresses: Readonly<Record<string, string>>;
};

export type BedVpc = {
  readonly id: string;
  /** the router's namespace */
  readonly router: string;
  readonly index: number;
  readonly subnets: readonly Subnet[];
  readonly hosts: readonly BedHost[];
  /** primary first */
  readonly cidrs: readonly string[];
};

export type Layout = { readonly vpcs: readonly BedVpc[]; readonly client: BedHost; readonly clientVpc: BedVpc };

type Interface = SliceElement<'networkInterfaces'>;
type Association = NonNullable<SliceElement<'routeTables'>['Associations']>[number];

/** The hosts of a world, VPC by VPC. Throws when the client's interface is not described: no world can do without it. */
export function layOut(world: World): Layout {
  const vpcs = world.api.vpcs.map((vpc, index) => {
    const subnets = world.api.subnets.filter((subnet) => subnet.VpcId === vpc.VpcId).map((s) => subnetOf(world, s));
    return {
      id: vpc.VpcId,
      router: `router${index}`,
      index,
      subnets,
      hosts: [
        ...interfaceHosts(world, subnets, index),
        ...natHosts(world, subnets, index),
        ...resolverHosts(world, subnets, index),
      ],
      cidrs: [
        ...(vpc.CidrBlock === undefined ? [] : [vpc.CidrBlock]),
        ...(vpc.CidrBlockAssociationSet ?? [])
          .map((association) => association.CidrBlock ?? '')
          .filter((cidr) => cidr !== '' && cidr !== vpc.CidrBlock),
        ...(vpc.Ipv6CidrBlockAssociationSet ?? []).map((association) => association.Ipv6CidrBlock ?? ''),
      ],
    };
  });
  const clientVpc = vpcs.find((vpc) => vpc.hosts.some((host) => host.kind === 'client'));
  const client = clientVpc?.hosts.find((host) => host.kind === 'client');
  if (clientVpc === undefined || client === undefined) throw new Error('the world does not describe its client');
  return { vpcs, client, clientVpc };
}

function subnetOf(world: World, subnet: SliceElement<'subnets'>): Subnet {
  const id = subnet.SubnetId;
  const vpcId = subnet.VpcId ?? '';
  const acls = world.api.networkAcls.filter((acl) => acl.VpcId === vpcId);
  const acl =
    acls.find((candidate) => candidate.Associations?.some((association) => association.SubnetId === id)) ??
    acls.find((candidate) => candidate.IsDefault === true);
  const tables = world.api.routeTables.filter((table) => table.VpcId === vpcId);
  const bound = (wanted: (association: Association) => boolean) =>
    tables.find((candidate) =>
      candidate.Associations?.some(
        (association) => wanted(association) && (association.AssociationState?.State ?? 'associated') === 'associated',
      ),
    );
  const table =
    bound((association) => association.SubnetId === id) ?? bound((association) => association.Main === true);
  return {
    id,
    vpcId,
    cidr: subnet.CidrBlock ?? '',
    ipv6Cidr: subnet.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock,
    zone: subnet.AvailabilityZone ?? '',
    aclId: acl?.NetworkAclId,
    routeTableId: table?.RouteTableId,
  };
}

function interfaceHosts(world: World, subnets: readonly Subnet[], vpcIndex: number): BedHost[] {
  return world.api.networkInterfaces.flatMap((description, i) => {
    const subnet = subnets.find((candidate) => candidate.id === description.SubnetId);
    if (subnet === undefined) return [];
    const client = description.NetworkInterfaceId === world.client.networkInterfaceId;
    return [
      {
        name: client ? 'client' : `n${vpcIndex}i${i}`,
        kind: client ? ('client' as const) : ('interface' as const),
        vpcId: subnet.vpcId,
        subnet,
        ipv4: ipv4Of(description),
        ipv6: (description.Ipv6Addresses ?? []).flatMap((entry) => entry.Ipv6Address ?? []),
        groupIds: (description.Groups ?? []).flatMap((group) => group.GroupId ?? []),
        dead: isDead(world, description.NetworkInterfaceId),
        networkInterfaceId: description.NetworkInterfaceId,
        natGatewayId: undefined,
        publicAddresses: publicOf(description),
      },
    ];
  });
}

/** An endpoint that is not available delivers nothing (facts.md 7.3). */
function isDead(world: World, networkInterfaceId: string): boolean {
  const endpoint = world.api.vpcEndpoints.find((candidate) =>
    candidate.NetworkInterfaceIds?.includes(networkInterfaceId),
  );
  return endpoint !== undefined && endpoint.State?.toLowerCase() !== 'available';
}

function ipv4Of(description: Interface): string[] {
  const all = [description.PrivateIpAddress, ...(description.PrivateIpAddresses ?? []).map((e) => e.PrivateIpAddress)];
  return [...new Set(all.filter((address) => address !== undefined))];
}

function publicOf(description: Interface): Record<string, string> {
  const out: Record<string, string> = {};
  for (const entry of description.PrivateIpAddresses ?? []) {
    if (entry.PrivateIpAddress !== undefined && entry.Association?.PublicIp !== undefined)
      out[entry.PrivateIpAddress] = entry.Association.PublicIp;
  }
  if (description.PrivateIpAddress !== undefined && description.Association?.PublicIp !== undefined)
    out[description.PrivateIpAddress] = description.Association.PublicIp;
  return out;
}

function natHosts(world: World, subnets: readonly Subnet[], vpcIndex: number): BedHost[] {
  return world.api.natGateways.flatMap((nat, i) => {
    const subnet = subnets.find((candidate) => candidate.id === nat.SubnetId);
    if (subnet === undefined || nat.State?.toLowerCase() !== 'available') return [];
    const address = ipv4At(subnet.cidr, -2 - i);
    const isPublic = nat.ConnectivityType !== 'private';
    return [
      {
        name: `nat${vpcIndex}i${i}`,
        kind: 'nat' as const,
        vpcId: subnet.vpcId,
        subnet,
        ipv4: [address],
        ipv6: [],
        groupIds: undefined,
        dead: false,
        networkInterfaceId: undefined,
        natGatewayId: nat.NatGatewayId,
        publicAddresses: isPublic ? { [address]: `192.0.2.${10 + vpcIndex * 20 + i}` } : {},
      },
    ];
  });
}

/** Resolvers inside a VPC that no network interface describes: somebody's own machine, without filters of its own. */
function resolverHosts(world: World, subnets: readonly Subnet[], vpcIndex: number): BedHost[] {
  const described = new Set(world.api.networkInterfaces.flatMap(ipv4Of));
  return Object.keys(world.resolvers).flatMap((address, i) => {
    const subnet = subnets.find((candidate) => within(address, candidate.cidr));
    if (subnet === undefined || described.has(address)) return [];
    return [
      {
        name: `dns${vpcIndex}i${i}`,
        kind: 'resolver' as const,
        vpcId: subnet.vpcId,
        subnet,
        ipv4: [address],
        ipv6: [],
        groupIds: undefined,
        dead: false,
        networkInterfaceId: undefined,
        natGatewayId: undefined,
        publicAddresses: {},
      },
    ];
  });
}
