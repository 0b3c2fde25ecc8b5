/** What the four network ACL causes share: words for the deciding rules, and the entry that repairs them. */
import type { NetworkAcl } from '../../model/aws.ts';
import type { SliceName, State } from '../../model/state.ts';
import { type AddressSet, formatAddresses, unionAddresses } from '../../network/addresses.ts';
import { type Client, clientAddress } from '../../network/client.ts';
import type { Destination, InterfaceDestination } from '../../network/destinations.ts';
import { addressesOf } from '../../network/flows.ts';
import { byId } from '../../network/index-by-id.ts';
import type { AclDecision } from '../../network/network-acls.ts';
import { countPorts, formatPorts, type PortSet, unionPorts } from '../../network/ports.ts';
import type { Finding } from '../check.ts';
import { type AclFacts, shorten } from './acl-fix.ts';
import {
  type BlockedGroup,
  DESTINATION_SLICES,
  formatShare,
  INTERFACE_SLICES,
  list,
  nameDestination,
} from './blocked-gates.ts';

export const CLIENT_ACL_NEEDS = [...DESTINATION_SLICES, 'networkAcls'] as const satisfies readonly SliceName[];
/** For packets that may come out of a transit gateway, where the network ACL need not be asked. */
export const ARRIVAL_NEEDS = ['transitGatewayVpcAttachments', 'subnets'] as const satisfies readonly SliceName[];
export const ENDPOINT_ACL_NEEDS = [...INTERFACE_SLICES, 'networkAcls'] as const satisfies readonly SliceName[];

type Side = {
  readonly direction: 'ingress' | 'egress';
  /** destination ports of the packets in question: the service port or the client's ephemeral range */
  readonly ports: PortSet;
  /** whose subnet */
  readonly owner: 'client' | 'endpoint';
  /** `the SYN`, `the answers` */
  readonly packets: string;
  readonly remote: AddressSet | undefined;
};

/** The finding of an ACL cause: which rule number denies what share. */
export function describeAcl<D extends Destination>(
  state: Pick<State, 'networkAcls'>,
  blocked: BlockedGroup<D>,
  side: Side,
): Omit<Finding<AclFacts>, 'extent' | 'key' | 'predicts'> {
  const acl = blocked.gates[0]?.gate.acl;
  const id = acl?.id ?? '';
  const found = byId(state.networkAcls, 'NetworkAclId', id);
  const denials = blocked.gates.flatMap(({ gate }) =>
    (gate.acl?.decisions ?? []).filter((decision) => decision.action === 'deny'),
  );
  const remote = side.remote ?? addressesOf(blocked.block);
  const cidrs = formatAddresses(remote).map((one) =>
    one.includes('/') ? one : `${one}/${one.includes(':') ? 128 : 32}`,
  );
  const lowest = Math.min(...denials.map((denial) => denial.ruleNumber ?? 32767));
  const denied = unionPorts(...blocked.block.map((box) => box.ports));
  const wide = isReturn(side);
  const whole = wide && countPorts(denied) >= countPorts(side.ports);
  const ports =
    wide && !whole
      ? `ports ${formatPorts(denied)}`
      : wide
        ? `ports ${formatPorts(side.ports)}`
        : `TCP ${formatPorts(side.ports)}`;
  const part = formatShare(blocked);
  const subnets = list(blocked.gates.flatMap(({ gate }) => gate.acl?.subnetId ?? []));
  const words = deciding(denials);
  const share =
    part === 'everything'
      ? ''
      : wide
        ? ` That is ${part} of the source ports that this host uses for new connections.`
        : ` That takes ${part} of the flows.`;
  const where = side.direction === 'ingress' ? 'into' : 'out of';
  const toward = list(blocked.gates.map(({ destination }) => nameDestination(destination)));
  return {
    resources: [id, ...blocked.gates.flatMap(({ gate }) => gate.acl?.subnetId ?? [])].filter(
      (one, i, all) => all.indexOf(one) === i,
    ),
    summary: `${id} (${side.owner}’s ${subnets}) denies ${side.packets} ${where} the subnet: ${words} takes ${ports} ${side.direction === 'ingress' ? 'from' : 'to'} ${shorten(cidrs)}, on the way ${wide ? 'back from' : 'to'} ${toward}.${share}`,
    because: [
      {
        source: 'configuration',
        text: `${id} ${side.direction === 'ingress' ? 'inbound' : 'outbound'}: ${list(blocked.gates.flatMap(({ gate }) => (gate.acl?.decisions ?? []).map((decision) => `${decision.rule} (${decision.action === 'allow' ? 'passes' : 'drops'} ${portsOf(decision)})`)))}`,
        ref: id,
      },
    ],
    facts: {
      aclId: id,
      direction: side.direction,
      cidrs,
      width: blocked.gates.every(
        ({ destination }) => destination.kind === 'interface' || (destination.kind === 'public' && destination.exact),
      )
        ? 'address'
        : blocked.gates.every(({ destination }) => destination.kind === 'gateway')
          ? 'prefix list'
          : 'anywhere',
      inside: blocked.gates.every(
        ({ destination }) => destination.kind === 'interface' && destination.relation === 'same-vpc',
      ),
      ports: { from: side.ports[0]?.from ?? 0, to: side.ports.at(-1)?.to ?? 65535 },
      before: lowest,
      usedNumbers: usedNumbers(found, side.direction),
    },
  };
}

/** The client's own addresses, of the families that the blocked paths have. */
export function clientSide(client: Client, group: BlockedGroup<InterfaceDestination>): AddressSet {
  const families = [...new Set(group.gates.map(({ destination }) => destination.family))];
  return unionAddresses(...families.map((family) => clientAddress(client, family)), []);
}

function isReturn(side: Side): boolean {
  return countPorts(side.ports) > 1;
}

function portsOf(decision: AclDecision): string {
  const ports = unionPorts(...decision.flows.map((box) => box.ports));
  return countPorts(ports) === 1 ? `TCP ${formatPorts(ports)}` : formatPorts(ports);
}

/** The rules that take the blocked flows: `rule 200 deny tcp …`, or rule `*`, which denies what no rule allows. */
function deciding(denials: readonly AclDecision[]): string {
  const words = denials.map((denial) =>
    denial.ruleNumber === undefined || denial.ruleNumber >= 32767
      ? 'rule * (no rule before it allows them)'
      : denial.rule,
  );
  return list(words.length > 0 ? words : ['its last rule']);
}

function usedNumbers(acl: NetworkAcl | undefined, direction: 'ingress' | 'egress'): number[] {
  return (acl?.Entries ?? [])
    .filter((entry) => (entry.Egress ?? false) === (direction === 'egress'))
    .flatMap((entry) => entry.RuleNumber ?? []);
}
