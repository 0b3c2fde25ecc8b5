/**
 * The network ACL of the subnet that a NAT gateway stands in: packets cross that subnet's border twice on their way out and
 * twice on their way back. A NAT gateway sends from ports 1024 to 65535, whatever the client's own are.
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html, …/nacl-ephemeral-ports.html, facts.md 3.4.
 */
import type { NatGateway } from '../model/aws.ts';
import { type Missing, missing, type State } from '../model/state.ts';
import { type AddressSet, intersectAddresses, subtractAddresses } from './addresses.ts';
import { type Client, clientAddress } from './client.ts';
import { addressesOf, flows, subtractFlows } from './flows.ts';
import type { Exit } from './gates.ts';
import { evaluateNetworkAcl, networkAclOf } from './network-acls.ts';
import { intersectPorts, type PortSet, portSet, subtractPorts, unionPorts } from './ports.ts';

const NAT_PORTS = portSet(1024, 65535);

/** An exit that works as far as routes go, divided by what the network ACL lets through. */
export function throughNatSubnet(
  state: Pick<State, 'networkAcls'>,
  client: Client,
  exit: Exit,
  nat: NatGateway,
  port: number,
  gaps: Missing[],
): Exit[] {
  const { SubnetId: subnetId, NatGatewayId: id } = nat;
  // A regional NAT gateway stands in no subnet of the VPC.
  if (subnetId === undefined || nat.AvailabilityMode?.toLowerCase() === 'regional') return [exit];
  const acl = networkAclOf(state, subnetId, nat.VpcId ?? client.vpcId);
  const own = clientAddress(client, 4);
  if (acl === undefined || own.length === 0) {
    gaps.push(missing(state, 'networkAcls', `the network ACL of ${id}’s subnet ${subnetId}`));
    return [{ ...exit, usable: 'unknown', why: `the network ACL of ${id}’s subnet could not be read` }];
  }
  const asked = exit.destinations;
  const wanted = portSet(port, port);
  const ephemeral = portSet(client.ephemeral.from, client.ephemeral.to);
  const ask = (direction: 'ingress' | 'egress', remote: AddressSet, ports: PortSet) =>
    evaluateNetworkAcl(acl, direction, remote, ports).pass;
  // In one subnet with the client, its packets reach the NAT gateway without crossing the border.
  const near = subnetId === client.subnetId;
  const comesIn = near || ask('ingress', own, wanted).length > 0;
  const home = near
    ? ephemeral
    : unionPorts(...ask('egress', own, ephemeral).map((box) => intersectPorts(box.ports, ephemeral)), []);
  const out = addressesOf(ask('egress', asked, wanted));
  const answers = ask('ingress', asked, NAT_PORTS);
  const partly = addressesOf(subtractFlows(flows(asked, NAT_PORTS), answers));
  const open = comesIn && home.length > 0 ? intersectAddresses(out, addressesOf(answers)) : [];
  const sure = subtractAddresses(open, partly);
  const unsure = intersectAddresses(open, partly);
  const barred = subtractAddresses(asked, open);
  const lost = subtractPorts(ephemeral, home);

  const place = { id: acl.NetworkAclId, subnetId };
  const words = `${acl.NetworkAclId}, the network ACL of ${id}’s subnet ${subnetId},`;
  const part = (destinations: AddressSet, usable: Exit['usable'], why: string, more: Partial<Exit> = {}): Exit[] =>
    destinations.length === 0 ? [] : [{ ...exit, destinations, usable, why, ...more }];
  if (unsure.length > 0)
    gaps.push({
      slice: 'networkAcls',
      action: 'ec2:DescribeNetworkAcls',
      why: 'not-visible',
      detail: `from which ports ${id} sends: ${words} lets answers in to some of them only`,
    });
  const some = lost.length > 0 ? { ports: home } : {};
  return [
    ...part(sure, 'yes', exit.why, some),
    ...part(unsure, 'unknown', `${words} lets answers in to some of the ports of ${id} only`, some),
    ...part(barred, 'no', `${words} denies it`, { acl: place }),
    ...(lost.length > 0
      ? part(open, 'no', `${words} denies the answers to some source ports`, { ports: lost, acl: place })
      : []),
  ];
}
