/** One rule more in a security group, as a fix: the command and its undo, Terraform, and the same on the model. */
import { PRIVILEGES, type Privilege } from '../../model/report.ts';
import type { Vantage } from '../../model/vantage.ts';
import { type Draft, draftElement, type FixAlternative } from '../check.ts';
import { hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { list } from './blocked-gates.ts';

/** Who a rule admits, or lets out to. */
export type RulePeer =
  | { readonly group: string }
  | { readonly prefixList: string }
  | { readonly cidrs: readonly string[] };

export type GroupRule = {
  readonly groupId: string;
  readonly direction: 'ingress' | 'egress';
  readonly port: number;
  readonly peer: RulePeer;
  /** how wide the peer is, where its form does not tell: a CIDR block may be an address, a subnet, a VPC or everything */
  readonly width?: Privilege | undefined;
};

/** The change that adds one rule. Security group rules only ever admit: nobody loses anything by it. */
export function addRule(rule: GroupRule): FixAlternative {
  const { groupId, direction, port, peer } = rule;
  const words = 'group' in peer ? peer.group : 'prefixList' in peer ? peer.prefixList : list(peer.cidrs);
  const options = `--group-id ${groupId} ${direction === 'ingress' ? ingressOptions(port, peer) : permissions(port, peer)}`;
  return {
    summary:
      direction === 'ingress'
        ? `Admit ${words} on TCP ${port} in ${groupId}.`
        : `Let TCP ${port} out to ${words} in ${groupId}.`,
    commands: [`aws ec2 authorize-security-group-${direction} ${options}`],
    undo: [`aws ec2 revoke-security-group-${direction} ${options}`],
    terraform: hcl(...resources(rule), UNDO_BY_REMOVAL),
    privilege: widthOf(rule),
    edit: (draft) => admit(draft, rule),
  };
}

/** These rules as alternatives, least privilege first, without the one that is the fix itself. */
export function otherRules(first: GroupRule, others: readonly GroupRule[]): FixAlternative[] {
  const key = (rule: GroupRule) => JSON.stringify(rule.peer);
  const seen = new Set([key(first)]);
  const rest = others.filter((rule) => !seen.has(key(rule)) && seen.add(key(rule)) !== undefined);
  const width = (rule: GroupRule) => PRIVILEGES.indexOf(widthOf(rule));
  return rest.sort((a, b) => width(a) - width(b)).map(addRule);
}

/** The client's VPC as CIDR blocks of one family, the primary one first; empty when it is not known. */
export function vpcBlocks(vantage: Pick<Vantage, 'vpcCidrs'>, six: boolean): string[] {
  return vantage.vpcCidrs.filter((cidr) => cidr.includes(':') === six);
}

/** The IPv4 block of the client's subnet, as the metadata service or the API tells it. */
export function subnetBlock(vantage: Pick<Vantage, 'interfaces' | 'networkInterfaceId'>): string | undefined {
  return vantage.interfaces.find((one) => one.networkInterfaceId === vantage.networkInterfaceId)?.subnetCidr;
}

function widthOf({ peer, width }: GroupRule): Privilege {
  return 'group' in peer ? 'security group' : 'prefixList' in peer ? 'prefix list' : (width ?? 'address');
}

/** The short options where the CLI has them: one IPv4 block or one group. */
function ingressOptions(port: number, peer: RulePeer): string {
  if ('group' in peer) return `--protocol tcp --port ${port} --source-group ${peer.group}`;
  const [only, ...more] = 'cidrs' in peer ? peer.cidrs : [];
  if (only !== undefined && more.length === 0 && !only.includes(':'))
    return `--protocol tcp --port ${port} --cidr ${only}`;
  return permissions(port, peer);
}

function permissions(port: number, peer: RulePeer): string {
  const source =
    'group' in peer
      ? `UserIdGroupPairs=[{GroupId=${peer.group}}]`
      : 'prefixList' in peer
        ? `PrefixListIds=[{PrefixListId=${peer.prefixList}}]`
        : ranges(peer.cidrs);
  return `--ip-permissions 'IpProtocol=tcp,FromPort=${port},ToPort=${port},${source}'`;
}

function ranges(cidrs: readonly string[]): string {
  const ipv4 = cidrs.filter((cidr) => !cidr.includes(':')).map((cidr) => `{CidrIp=${cidr}}`);
  const ipv6 = cidrs.filter((cidr) => cidr.includes(':')).map((cidr) => `{CidrIpv6=${cidr}}`);
  return [
    ipv4.length > 0 ? `IpRanges=[${ipv4.join(',')}]` : '',
    ipv6.length > 0 ? `Ipv6Ranges=[${ipv6.join(',')}]` : '',
  ]
    .filter((part) => part !== '')
    .join(',');
}

/** A Terraform rule names exactly one peer: several blocks are several resources. */
function resources({ groupId, direction, port, peer }: GroupRule): string[] {
  const args = { security_group_id: groupId, ip_protocol: 'tcp', from_port: port, to_port: port };
  const one = (name: string, source: Readonly<Record<string, string>>) =>
    resource(`aws_vpc_security_group_${direction}_rule`, `${groupId}_${port}_${name}`, { ...args, ...source });
  if ('group' in peer) return [one(peer.group, { referenced_security_group_id: peer.group })];
  if ('prefixList' in peer) return [one(peer.prefixList, { prefix_list_id: peer.prefixList })];
  return peer.cidrs.map((cidr) => one(cidr, cidr.includes(':') ? { cidr_ipv6: cidr } : { cidr_ipv4: cidr }));
}

function admit(draft: Draft, { groupId, direction, port, peer }: GroupRule): void {
  const group = draftElement(draft, 'securityGroups', 'GroupId', groupId);
  if (group === undefined) return;
  const cidrs = 'cidrs' in peer ? peer.cidrs : [];
  const ipv4 = cidrs.filter((cidr) => !cidr.includes(':')).map((CidrIp) => ({ CidrIp }));
  const ipv6 = cidrs.filter((cidr) => cidr.includes(':')).map((CidrIpv6) => ({ CidrIpv6 }));
  const permission = {
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    ...('group' in peer ? { UserIdGroupPairs: [{ GroupId: peer.group }] } : {}),
    ...('prefixList' in peer ? { PrefixListIds: [{ PrefixListId: peer.prefixList }] } : {}),
    ...(ipv4.length > 0 ? { IpRanges: ipv4 } : {}),
    ...(ipv6.length > 0 ? { Ipv6Ranges: ipv6 } : {}),
  };
  if (direction === 'ingress') group.IpPermissions = [...(group.IpPermissions ?? []), permission];
  else group.IpPermissionsEgress = [...(group.IpPermissionsEgress ?? []), permission];
}
