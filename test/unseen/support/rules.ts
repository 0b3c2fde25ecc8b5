/** One line of a route table, a network ACL or a security group as the AWS CLI prints it. */
import { createHash } from 'node:crypto';

export const ACCOUNT = '210987654321';
export const LISTS: Readonly<Record<string, { id: string; cidrs: string[] }>> = {
  s3: { id: 'pl-6da54004', cidrs: ['52.218.0.0/17', '52.92.0.0/17', '3.5.64.0/21', '3.5.72.0/23'] },
  dynamodb: { id: 'pl-6fa54006', cidrs: ['52.94.5.0/24', '52.94.24.0/23', '52.119.240.0/21', '52.94.26.0/23'] },
};
/** `sg-0…`: the same name, the same id. */
export function id(prefix: string, name: string): string {
  return `${prefix}-0${createHash('sha1').update(`${prefix} ${name}`).digest('hex').slice(0, 16)}`;
}

export function route(text: string): unknown {
  const [destination = '', target = '', blackhole] = text.split(' ');
  const [kind = '', name = ''] = target.split(':');
  return {
    ...destinationOf(destination),
    ...(kind === 'nat' && { NatGatewayId: id('nat', name) }),
    ...(kind === 'igw' && { GatewayId: id('igw', name) }),
    ...(kind === 'vgw' && { GatewayId: id('vgw', name) }),
    ...(kind === 'vpce' && { GatewayId: id('vpce', name) }),
    ...(kind === 'tgw' && { TransitGatewayId: id('tgw', name) }),
    ...(kind === 'pcx' && { VpcPeeringConnectionId: id('pcx', name) }),
    ...(kind === 'eigw' && { EgressOnlyInternetGatewayId: id('eigw', name) }),
    ...(kind === 'eni' && { NetworkInterfaceId: id('eni', name) }),
    Origin: 'CreateRoute',
    State: blackhole ?? 'active',
  };
}

function destinationOf(destination: string): object {
  if (destination.startsWith('pl:'))
    return { DestinationPrefixListId: LISTS[destination.slice(3)]?.id ?? destination.slice(3) };
  return destination.includes('::') ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination };
}

export function entry(text: string): unknown {
  const [number, direction, action, protocol = '', ...rest] = text.split(' ');
  const [ports, cidr = ''] = rest.length > 1 ? rest : [undefined, rest[0]];
  const [from, to = from] = (ports ?? '').split('-').map(Number);
  return {
    RuleNumber: Number(number),
    Egress: direction === 'out',
    RuleAction: action,
    Protocol: { all: '-1', tcp: '6', udp: '17' }[protocol],
    ...(cidr.includes('::') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    ...(ports !== undefined && { PortRange: { From: from, To: to } }),
  };
}

export function permission(text: string, groupVpcs: Readonly<Record<string, string>> = {}): unknown {
  const [, protocol = '', ...rest] = text.split(' ');
  const [ports, peer = ''] = rest.length > 1 ? rest : [undefined, rest[0]];
  const [from, to = from] = (ports ?? '').split('-').map(Number);
  const [kind, name = ''] = peer.split(':');
  const list = LISTS[name]?.id ?? name;
  return {
    IpProtocol: protocol === 'all' ? '-1' : protocol,
    ...(ports !== undefined && { FromPort: from, ToPort: to }),
    IpRanges: /^\d+\.[\d./]+$/.test(peer) ? [{ CidrIp: peer }] : [],
    Ipv6Ranges: peer.includes('::') ? [{ CidrIpv6: peer }] : [],
    PrefixListIds: kind === 'pl' ? [{ PrefixListId: list }] : [],
    UserIdGroupPairs:
      kind === 'sg'
        ? [
            {
              GroupId: id('sg', name),
              UserId: ACCOUNT,
              ...((groupVpcs[name] ?? 'main') !== 'main' && {
                VpcId: id('vpc', groupVpcs[name] ?? ''),
              }),
            },
          ]
        : [],
  };
}
