/** Edits of rules that scenarios are made of: security groups, prefix lists, network ACLs. */
import { find, LAB, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';

export type Permission = NonNullable<SliceElement<'securityGroups'>['IpPermissions']>[number];

export function tcp(port: number | readonly [number, number], ...cidrs: readonly string[]): Permission {
  const [FromPort, ToPort] = typeof port === 'number' ? [port, port] : port;
  return {
    IpProtocol: 'tcp',
    FromPort,
    ToPort,
    IpRanges: cidrs.filter((cidr) => !cidr.includes(':')).map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: cidrs.filter((cidr) => cidr.includes(':')).map((CidrIpv6) => ({ CidrIpv6 })),
  };
}

export function fromGroup(groupId: string, port = 443): Permission {
  return { ...tcp(port), UserIdGroupPairs: [{ GroupId: groupId, UserId: '111122223333' }] };
}

export function viaList(prefixListId: string, port = 443): Permission {
  return { ...tcp(port), PrefixListIds: [{ PrefixListId: prefixListId }] };
}

export function inbound(groupId: string, ...rules: readonly Permission[]) {
  return (world: World) => {
    find(world, 'securityGroups', groupId).IpPermissions = [...rules];
  };
}

export function outbound(groupId: string, ...rules: readonly Permission[]) {
  return (world: World) => {
    find(world, 'securityGroups', groupId).IpPermissionsEgress = [...rules];
  };
}

/** A security group that the world does not have yet. */
export function group(GroupId: string, ...IpPermissions: readonly Permission[]) {
  return (world: World) => {
    world.api.securityGroups.push({
      GroupId,
      GroupName: GroupId,
      VpcId: LAB.vpc,
      OwnerId: world.accountId,
      IpPermissions: [...IpPermissions],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
  };
}

/** Gives one network interface other groups; the endpoint's own list follows its interfaces. */
export function regroup(networkInterfaceId: string, ...groupIds: readonly string[]) {
  return (world: World) => {
    find(world, 'networkInterfaces', networkInterfaceId).Groups = groupIds.map((GroupId) => ({
      GroupId,
      GroupName: GroupId,
    }));
  };
}

export function list(prefixListId: string, ...cidrs: readonly string[]) {
  return (world: World) => {
    world.api.prefixListEntries.push({ PrefixListId: prefixListId, Entries: cidrs.map((Cidr) => ({ Cidr })) });
  };
}

type AclRule = {
  readonly direction: 'in' | 'out';
  readonly cidr?: string;
  readonly ports?: readonly [number, number];
  readonly number?: number;
  readonly action?: 'allow' | 'deny';
  readonly protocol?: string;
};

/** Adds entries to a network ACL; by default they deny, before the rule that allows everything. */
export function aclRules(aclId: string, ...rules: readonly AclRule[]) {
  return (world: World) => {
    const acl = find(world, 'networkAcls', aclId);
    const entries = rules.map(
      ({ direction, cidr = '0.0.0.0/0', ports, number = 50, action = 'deny', protocol }, i) => ({
        RuleNumber: number + i,
        Egress: direction === 'out',
        RuleAction: action,
        Protocol: protocol ?? (ports === undefined ? '-1' : '6'),
        ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
        ...(ports === undefined ? {} : { PortRange: { From: ports[0], To: ports[1] } }),
      }),
    );
    acl.Entries = [...entries, ...(acl.Entries ?? [])];
  };
}

/** Replaces what a network ACL allows in one direction by these entries. */
export function aclOnly(aclId: string, direction: 'in' | 'out', ...rules: readonly Omit<AclRule, 'direction'>[]) {
  return (world: World) => {
    const acl = find(world, 'networkAcls', aclId);
    acl.Entries = (acl.Entries ?? []).filter(
      (entry) => entry.Egress !== (direction === 'out') || (entry.RuleNumber ?? 0) > 32766,
    );
    aclRules(aclId, ...rules.map((rule) => ({ number: 100, action: 'allow' as const, ...rule, direction })))(world);
  };
}

/** Gives one subnet a network ACL of its own, which allows everything until it is edited. */
export function ownAcl(aclId: string, subnetId: string) {
  return (world: World) => {
    for (const acl of world.api.networkAcls)
      acl.Associations = (acl.Associations ?? []).filter((association) => association.SubnetId !== subnetId);
    world.api.networkAcls.push({
      ...structuredClone(find(world, 'networkAcls', LAB.publicAcl)),
      NetworkAclId: aclId,
      IsDefault: false,
      Associations: [{ SubnetId: subnetId, NetworkAclId: aclId }],
    });
  };
}
