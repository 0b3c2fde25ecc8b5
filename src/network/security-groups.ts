/**
 * Security groups: allow rules only, the union over all groups of an interface, stateful (the answer to an admitted packet
 * is never asked again). https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html, facts.md 3.1.
 */
import type { IpPermission } from '../model/aws.ts';
import { type Missing, missing, type State } from '../model/state.ts';
import {
  type AddressSet,
  cidrSet,
  intersectAddresses,
  NO_ADDRESSES,
  subtractAddresses,
  unionAddresses,
} from './addresses.ts';
import { byId } from './index-by-id.ts';
import { prefixListAddresses } from './prefix-lists.ts';

export type SecurityGroupReads = Pick<State, 'securityGroups' | 'prefixLists' | 'prefixListEntries'>;

/** How the two ends are joined; a reference to a security group is honoured or not by it (facts.md 3.1). */
export type Relation =
  | 'same-vpc'
  | 'peering'
  | 'transit-gateway'
  /** an appliance, a VPN: the sender's interface is not seen as itself behind it */
  | 'other'
  /** no route leads there: how they will be joined is not known */
  | 'unjoined';

export type Peer = {
  readonly addresses: AddressSet;
  /** groups of the peer's network interface; undefined when they are not known; empty for a public address */
  readonly groupIds: readonly string[] | undefined;
  readonly relation: Relation;
  /** the VPC of the peer's network interface, to know a rule that was written for it */
  readonly vpcId?: string | undefined;
  /** prefix lists that the addresses are known to be inside of, whatever their CIDRs: the gateway endpoint's own */
  readonly prefixListIds?: readonly string[] | undefined;
};

/** Why a rule that looks near does not admit the peer. */
export type NearMiss = {
  readonly groupId: string;
  readonly reason: 'port' | 'protocol' | 'source' | 'reference-not-honoured';
  readonly rule: string;
  /** the reference that is not honoured, and why; a clause */
  readonly reference?: { readonly groupId: string; readonly why: string } | undefined;
};

export type SecurityGroupAnswer = {
  readonly pass: AddressSet;
  readonly unknown: AddressSet;
  /** the rules that admit, in words */
  readonly admittedBy: readonly { readonly groupId: string; readonly rule: string }[];
  readonly nearMisses: readonly NearMiss[];
  /** groups that were read and hold no rule at all in this direction */
  readonly withoutRules: readonly string[];
  readonly missing: readonly Missing[];
};

/**
 * Which of the peer's addresses the groups admit on a TCP port.
 * @param direction `ingress`: the peer sends; `egress`: the peer is sent to
 */
export function evaluateSecurityGroups(
  state: SecurityGroupReads,
  groupIds: readonly string[],
  direction: 'ingress' | 'egress',
  port: number,
  peer: Peer,
): SecurityGroupAnswer {
  let pass: AddressSet = NO_ADDRESSES;
  let unknown: AddressSet = NO_ADDRESSES;
  const admittedBy: { groupId: string; rule: string }[] = [];
  const nearMisses: NearMiss[] = [];
  const withoutRules: string[] = [];
  const gaps: Missing[] = [];

  for (const groupId of groupIds) {
    const group = byId(state.securityGroups, 'GroupId', groupId);
    if (group === undefined) {
      unknown = peer.addresses;
      gaps.push(missing(state, 'securityGroups', groupId));
      continue;
    }
    const rules = (direction === 'ingress' ? group.IpPermissions : group.IpPermissionsEgress) ?? [];
    if (rules.length === 0) withoutRules.push(groupId);
    for (const rule of rules) {
      const source = sourceOf(state, rule, peer);
      const words = formatPermission(rule);
      const match = matchPort(rule, port);
      if (match === 'match') {
        pass = unionAddresses(pass, source.pass);
        unknown = unionAddresses(unknown, source.unknown);
        gaps.push(...source.missing);
        if (source.pass.length > 0) admittedBy.push({ groupId, rule: words });
        else if (source.unknown.length === 0)
          nearMisses.push(
            source.refused === undefined
              ? { groupId, reason: 'source', rule: words }
              : { groupId, reason: 'reference-not-honoured', rule: words, reference: source.refused },
          );
      } else if (source.pass.length > 0) nearMisses.push({ groupId, reason: match, rule: words });
    }
  }
  const open = intersectAddresses(pass, peer.addresses);
  const unsure = subtractAddresses(intersectAddresses(unknown, peer.addresses), open);
  return {
    pass: open,
    unknown: unsure,
    admittedBy,
    nearMisses,
    withoutRules,
    missing: unsure.length === 0 ? [] : gaps,
  };
}

/**
 * `-1` is every protocol and port; tcp (also written `6`) has a port range; others never carry TCP. A tcp rule without
 * ports is read as every port, which is how the API means absent bounds elsewhere.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
 */
function matchPort(rule: IpPermission, port: number): 'match' | 'port' | 'protocol' {
  const protocol = (rule.IpProtocol ?? '-1').toLowerCase();
  if (protocol === '-1' || protocol === 'all') return 'match';
  if (protocol !== 'tcp' && protocol !== '6') return 'protocol';
  const from = rule.FromPort ?? 0;
  const to = rule.ToPort ?? 65535;
  if (from === -1 || to === -1) return 'match';
  return port >= from && port <= to ? 'match' : 'port';
}

function sourceOf(
  state: SecurityGroupReads,
  rule: IpPermission,
  peer: Peer,
): { pass: AddressSet; unknown: AddressSet; missing: Missing[]; refused: NearMiss['reference'] } {
  const cidrs = [
    ...(rule.IpRanges ?? []).map((range) => range.CidrIp),
    ...(rule.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
  ].filter((cidr) => cidr !== undefined);
  let pass = intersectAddresses(cidrSet(cidrs), peer.addresses);
  let unknown: AddressSet = NO_ADDRESSES;
  let refused: NearMiss['reference'];
  const gaps: Missing[] = [];

  for (const { PrefixListId: id } of rule.PrefixListIds ?? []) {
    if (id === undefined) continue;
    const addresses = prefixListAddresses(state, id);
    // A list holds one family: of two unread ones it is not known which is whose.
    const only = peer.prefixListIds?.length === 1 && peer.prefixListIds[0] === id;
    if (only && addresses === undefined) pass = peer.addresses;
    else if (addresses !== undefined) pass = unionAddresses(pass, intersectAddresses(addresses, peer.addresses));
    else {
      unknown = peer.addresses;
      gaps.push(missing(state, 'prefixListEntries', id));
    }
  }

  for (const pair of rule.UserIdGroupPairs ?? []) {
    if (pair.GroupId === undefined) continue;
    if (peer.groupIds === undefined) {
      unknown = peer.addresses;
      gaps.push(
        missing(state as Pick<State, never>, 'networkInterfaces', `the security groups of ${describe(peer.addresses)}`),
      );
    } else {
      const answer = honoured(state, pair, pair.GroupId, peer);
      if (answer === 'yes') pass = peer.addresses;
      else if (answer !== 'no' && 'missing' in answer) {
        unknown = peer.addresses;
        gaps.push(answer.missing);
      } else if (answer !== 'no') refused = { groupId: pair.GroupId, why: answer.why };
    }
  }
  return { pass, unknown: subtractAddresses(unknown, pass), missing: gaps, refused };
}

type GroupPair = NonNullable<IpPermission['UserIdGroupPairs']>[number];

/**
 * A reference means the private addresses of the interfaces in that group. Across a transit gateway it is not supported for
 * interface endpoints (https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html, "Security group referencing");
 * across a peering the documentation does not say for endpoints: not known. A stale one matches nothing (facts.md 3.1).
 */
function honoured(
  state: SecurityGroupReads,
  pair: GroupPair,
  groupId: string,
  peer: Peer,
): 'yes' | 'no' | { readonly why: string } | { readonly missing: Missing } {
  const status = pair.PeeringStatus?.toLowerCase() ?? 'active';
  const stale = peer.relation !== 'same-vpc' && pair.VpcId !== undefined && pair.VpcId === peer.vpcId;
  if (!peer.groupIds?.includes(groupId)) {
    // A rule that was meant for the peer's VPC, and that nobody there can meet any more.
    if (stale && status !== 'active') return { why: `its peering connection is ${status}` };
    return stale && isGone(state, groupId, peer.vpcId) ? { why: `${groupId} does not exist any more` } : 'no';
  }
  switch (peer.relation) {
    case 'same-vpc':
      return 'yes';
    case 'peering':
      if (status !== 'active') return { why: `its peering connection is ${status}` };
      return {
        missing: notVisible(
          `whether a rule for ${groupId} counts across a peering connection: AWS does not say it for endpoints, and a rule for the client’s CIDR would settle it`,
        ),
      };
    case 'unjoined':
      return {
        missing: {
          slice: 'routeTables',
          action: 'ec2:DescribeRouteTables',
          why: 'not-found',
          detail: `the route that joins the two VPCs: whether a rule for ${groupId} counts depends on it`,
        },
      };
    case 'transit-gateway':
      return { why: 'references across a transit gateway are not supported for interface endpoints' };
    case 'other':
      return { why: 'behind an appliance or a VPN the sender is not seen as a member of its groups' };
  }
}

function notVisible(detail: string): Missing {
  return { slice: 'securityGroups', action: 'ec2:DescribeSecurityGroups', why: 'not-visible', detail };
}

/** Groups of that VPC are listed, and this one is not among them. */
function isGone(state: SecurityGroupReads, groupId: string, vpcId: string | undefined): boolean {
  return (
    state.securityGroups.known &&
    state.securityGroups.value.some((group) => group.VpcId === vpcId) &&
    !state.securityGroups.value.some((group) => group.GroupId === groupId)
  );
}

function describe(addresses: AddressSet): string {
  return addresses.length === 0 ? 'the client' : 'the client’s network interface';
}

/** A rule in words: `tcp 443 from 10.0.9.0/24, sg-0c1`; sources of both directions are written alike. */
export function formatPermission(rule: IpPermission): string {
  const protocol = rule.IpProtocol ?? '-1';
  const all = protocol === '-1';
  const ports =
    rule.FromPort === undefined || rule.FromPort === -1
      ? ''
      : rule.FromPort === rule.ToPort
        ? ` ${rule.FromPort}`
        : ` ${rule.FromPort}-${rule.ToPort ?? rule.FromPort}`;
  const sources = [
    ...(rule.IpRanges ?? []).map((range) => range.CidrIp),
    ...(rule.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
    ...(rule.UserIdGroupPairs ?? []).map((pair) => pair.GroupId),
    ...(rule.PrefixListIds ?? []).map((list) => list.PrefixListId),
  ].filter((source) => source !== undefined);
  const shown = sources.length > 6 ? [...sources.slice(0, 5), `${sources.length - 5} more`] : sources;
  return `${all ? 'all traffic' : `${protocol}${ports}`} for ${shown.length === 0 ? 'nobody' : shown.join(', ')}`;
}
