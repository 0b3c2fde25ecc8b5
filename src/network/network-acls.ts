/**
 * Network ACLs: stateless, rules in ascending number, the first match decides, `*` denies. Evaluated only when a packet
 * leaves or enters a subnet. https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html, facts.md 3.4.
 */
import type { NetworkAcl, NetworkAclEntry } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import { type AddressSet, parseCidr } from './addresses.ts';
import { type FlowSet, flows, intersectFlows, isEmpty, NO_FLOWS, subtractFlows, unionFlows } from './flows.ts';
import { ALL_PORTS, type PortSet, portSet } from './ports.ts';

/** A rule that took part of the flows, in the order of evaluation. */
export type AclDecision = {
  /** undefined: the implicit denial at the end, when the list does not hold it */
  readonly ruleNumber: number | undefined;
  readonly action: 'allow' | 'deny';
  readonly flows: FlowSet;
  readonly rule: string;
};

export type AclAnswer = { readonly pass: FlowSet; readonly decisions: readonly AclDecision[] };

/**
 * Which flows a network ACL passes in one direction.
 * @param remote addresses at the far side of the subnet's border
 * @param ports destination ports of the packets
 * @returns flows over the remote addresses and those destination ports
 */
export function evaluateNetworkAcl(
  acl: NetworkAcl,
  direction: 'ingress' | 'egress',
  remote: AddressSet,
  ports: PortSet,
): AclAnswer {
  const rules = (acl.Entries ?? [])
    .filter((entry) => (entry.Egress ?? false) === (direction === 'egress'))
    .sort((a, b) => (a.RuleNumber ?? Number.POSITIVE_INFINITY) - (b.RuleNumber ?? Number.POSITIVE_INFINITY));
  let rest = flows(remote, ports);
  let pass: FlowSet = NO_FLOWS;
  const decisions: AclDecision[] = [];
  for (const rule of rules) {
    if (isEmpty(rest)) break;
    const taken = intersectFlows(rest, matches(rule));
    if (isEmpty(taken)) continue;
    const action = rule.RuleAction?.toLowerCase() === 'allow' ? 'allow' : 'deny';
    if (action === 'allow') pass = unionFlows(pass, taken);
    rest = subtractFlows(rest, taken);
    decisions.push({ ruleNumber: rule.RuleNumber, action, flows: taken, rule: formatAclEntry(rule) });
  }
  if (!isEmpty(rest))
    decisions.push({ ruleNumber: undefined, action: 'deny', flows: rest, rule: 'the implicit denial' });
  return { pass, decisions };
}

/** The TCP flows that a rule speaks of. */
function matches(rule: NetworkAclEntry): FlowSet {
  const protocol = (rule.Protocol ?? '-1').toLowerCase();
  if (protocol !== '-1' && protocol !== 'all' && protocol !== '6' && protocol !== 'tcp') return NO_FLOWS;
  const cidr = parseCidr(rule.CidrBlock ?? rule.Ipv6CidrBlock ?? '');
  if (cidr === undefined) return NO_FLOWS;
  // Ports count for TCP and UDP only; a rule for every protocol speaks of every port.
  const every = protocol === '-1' || protocol === 'all' || rule.PortRange === undefined;
  const ports = every ? ALL_PORTS : portSet(rule.PortRange?.From ?? 0, rule.PortRange?.To ?? 65535);
  return flows([cidr.range], ports);
}

/** `rule 100 allow tcp 443 10.0.0.0/16`; the last rules are written `*` as the console does. */
export function formatAclEntry(rule: NetworkAclEntry): string {
  const number = rule.RuleNumber !== undefined && rule.RuleNumber >= 32767 ? '*' : `${rule.RuleNumber ?? '?'}`;
  const protocol =
    { '-1': 'all traffic', '6': 'tcp', '17': 'udp', '1': 'icmp' }[rule.Protocol ?? '-1'] ?? `protocol ${rule.Protocol}`;
  const range = rule.PortRange;
  const ports = range === undefined ? '' : range.From === range.To ? ` ${range.From}` : ` ${range.From}-${range.To}`;
  return `rule ${number} ${rule.RuleAction ?? 'deny'} ${protocol}${ports} ${rule.CidrBlock ?? rule.Ipv6CidrBlock ?? ''}`.trim();
}

/**
 * The network ACL of a subnet: the one associated with it, else the VPC's default. Undefined when the readable state
 * holds neither, or cannot be read.
 */
export function networkAclOf(
  state: Pick<State, 'networkAcls'>,
  subnetId: string,
  vpcId: string | undefined,
): NetworkAcl | undefined {
  if (!state.networkAcls.known) return undefined;
  const acls = state.networkAcls.value;
  return (
    acls.find((acl) => acl.Associations?.some((association) => association.SubnetId === subnetId)) ??
    (vpcId === undefined ? undefined : acls.find((acl) => acl.IsDefault === true && acl.VpcId === vpcId))
  );
}
