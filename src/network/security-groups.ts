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
export type Relation = 'same-vpc' | 'peering' | 'transit-gateway' | 'other';

export type Peer = {
  readonly addresses: AddressSet;
  /** groups of the peer's network interface; undefined when they are not known; empty for a public address */
  readonly groupIds: readonly string[] | undefined;
  readonly relation: Relation;
  /** prefix lists that the addresses are known to be inside of, whatever their CIDRs: the gateway endpoint's own */
  readonly prefixListIds?: readonly string[] | undefined;
};

/** Why a rule that looks near does not admit the peer. */
export type NearMiss = {
  readonly groupId: string;
  readonly reason: 'port' | 'protocol' | 'source' | 'reference-not-honoured';
  readonly rule: string;
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
          nearMisses.push({ groupId, reason: source.refused ? 'reference-not-honoured' : 'source', rule: words });
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
): { pass: AddressSet; unknown: AddressSet; missing: Missing[]; refused: boolean } {
  const cidrs = [
    ...(rule.IpRanges ?? []).map((range) => range.CidrIp),
    ...(rule.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
  ].filter((cidr) => cidr !== undefined);
  let pass = intersectAddresses(cidrSet(cidrs), peer.addresses);
  let unknown: AddressSet = NO_ADDRESSES;
  let refused = false;
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
    } else if (peer.groupIds.includes(pair.GroupId)) {
      // A reference means the private addresses of the interfaces in that group. Across a transit gateway it is not
      // supported for interface endpoints; across a peering the documentation does not say for endpoints: unknown.
      if (peer.relation === 'same-vpc') pass = peer.addresses;
      else if (peer.relation === 'peering' && (pair.PeeringStatus ?? 'active') === 'active') unknown = peer.addresses;
      else refused = true;
    }
  }
  return { pass, unknown: subtractAddresses(unknown, pass), missing: gaps, refused };
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
