/** Random security groups and network ACLs, with every kind of rule that decides differently. */
import { CENTRAL } from '../../src/lab/central-world.ts';
import { LAB, type World } from '../../src/lab/world.ts';
import type { SliceElement } from '../../src/model/state.ts';
import { familyOf } from './addresses.ts';
import type { Draw } from './draw.ts';
import type { Permission } from './edits.ts';

type AclEntry = NonNullable<SliceElement<'networkAcls'>['Entries']>[number];

/** The customer's prefix list that rules may name. */
export const OWN_LIST = 'pl-0a000001';

/** @param cidrs those that may occur in rules */
export function drawGroups(draw: Draw, world: World, cidrs: readonly string[]): void {
  const ids = [LAB.clientGroup, LAB.endpointGroup, 'sg-00000003', 'sg-00000004'];
  world.api.securityGroups = ids.map((GroupId) => ({
    GroupId,
    GroupName: GroupId,
    VpcId: LAB.vpc,
    OwnerId: world.accountId,
    IpPermissions: permissions(draw, ids, cidrs),
    IpPermissionsEgress: draw.chance(0.6)
      ? [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [{ CidrIpv6: '::/0' }] }]
      : permissions(draw, ids, cidrs),
  }));
  for (const found of world.api.networkInterfaces)
    found.Groups = draw.some(ids, 1).map((GroupId) => ({ GroupId, GroupName: GroupId }));
}

function permissions(draw: Draw, groupIds: readonly string[], cidrs: readonly string[]): Permission[] {
  return Array.from({ length: draw.between(0, 3) }, () => {
    const chosen = Array.from({ length: draw.between(0, 2) }, () => draw.pick(cidrs));
    return {
      ...draw.pick([
        { IpProtocol: '-1' },
        { IpProtocol: 'tcp', FromPort: 443, ToPort: 443 },
        { IpProtocol: 'tcp', FromPort: 443, ToPort: 443 },
        { IpProtocol: '6', FromPort: 443, ToPort: 443 },
        { IpProtocol: 'tcp', FromPort: 0, ToPort: 65535 },
        { IpProtocol: 'tcp', FromPort: 80, ToPort: 443 },
        { IpProtocol: 'tcp', FromPort: 444, ToPort: 65535 },
        { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 },
        { IpProtocol: 'udp', FromPort: 443, ToPort: 443 },
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 },
      ]),
      IpRanges: chosen.filter((cidr) => familyOf(cidr) === 4).map((CidrIp) => ({ CidrIp })),
      Ipv6Ranges: chosen.filter((cidr) => familyOf(cidr) === 6).map((CidrIpv6) => ({ CidrIpv6 })),
      PrefixListIds: draw.chance(0.25) ? [{ PrefixListId: draw.pick([LAB.s3PrefixList, OWN_LIST]) }] : [],
      UserIdGroupPairs: draw.chance(0.35) ? [{ GroupId: draw.pick(groupIds), UserId: '111122223333' }] : [],
    };
  });
}

/** Of the subnets in which a transit gateway is attached. */
export const ATTACHMENT_ACL = 'acl-ce000002';
const OPEN_ACLS = new Set<string>([ATTACHMENT_ACL, CENTRAL.clientAttachmentAcl]);

/** @param cidrs those that may occur in rules */
export function drawAcls(draw: Draw, world: World, cidrs: readonly string[]): void {
  for (const acl of world.api.networkAcls) {
    // Whether the network ACL of an attachment's subnet counts is not documented (facts.md 3.4): these allow everything.
    if (OPEN_ACLS.has(acl.NetworkAclId)) continue;
    const entries: AclEntry[] = [];
    for (const Egress of [true, false]) {
      const numbers = new Set(Array.from({ length: draw.between(0, 4) }, () => draw.between(1, 32766)));
      for (const RuleNumber of numbers) entries.push(aclEntry(draw, cidrs, RuleNumber, Egress));
      // Most lists end by allowing everything of a family; otherwise hardly a packet would get through.
      if (draw.chance(0.8))
        entries.push({ RuleNumber: 32700, Protocol: '-1', RuleAction: 'allow', Egress, CidrBlock: '0.0.0.0/0' });
      if (draw.chance(0.8))
        entries.push({ RuleNumber: 32701, Protocol: '-1', RuleAction: 'allow', Egress, Ipv6CidrBlock: '::/0' });
      entries.push({ RuleNumber: 32767, Protocol: '-1', RuleAction: 'deny', Egress, CidrBlock: '0.0.0.0/0' });
      entries.push({ RuleNumber: 32768, Protocol: '-1', RuleAction: 'deny', Egress, Ipv6CidrBlock: '::/0' });
    }
    // The order of the list means nothing, only the numbers do.
    acl.Entries = draw.chance(0.5) ? entries.reverse() : entries;
  }
}

function aclEntry(draw: Draw, cidrs: readonly string[], RuleNumber: number, Egress: boolean): AclEntry {
  const cidr = draw.pick(cidrs);
  const From = draw.pick([1024, 32768, 40000, 40008, 49152, 443, 0, 80]);
  return {
    RuleNumber,
    Egress,
    RuleAction: draw.chance(0.5) ? 'allow' : 'deny',
    ...(familyOf(cidr) === 4 ? { CidrBlock: cidr } : { Ipv6CidrBlock: cidr }),
    ...draw.pick([
      { Protocol: '-1' },
      { Protocol: '6', PortRange: { From, To: draw.pick([From, Math.max(From, 443), Math.max(From, 50000), 65535]) } },
      { Protocol: '6', PortRange: { From, To: draw.pick([Math.max(From, 40011), 65535]) } },
      { Protocol: '6', PortRange: { From: 0, To: 65535 } },
      { Protocol: '17', PortRange: { From: 0, To: 65535 } },
      { Protocol: '1' },
    ]),
  };
}
