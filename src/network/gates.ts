/**
 * The gates between a client and a destination, one function each. Every gate answers with three disjoint sets of flows
 * (remote addresses × the client's source ports): what passes, what is blocked, and what cannot be known from the state
 * that could be read. `asked` is their union.
 */
import { type Missing, missing, type State } from '../model/state.ts';
import type { AddressSet } from './addresses.ts';
import { type Client, clientAddress } from './client.ts';
import type { Destination, InterfaceDestination } from './destinations.ts';
import {
  addressesOf,
  type FlowSet,
  flows,
  intersectFlows,
  isEmpty,
  NO_FLOWS,
  subtractFlows,
  unionFlows,
} from './flows.ts';
import { type ArrivalReads, arrivalOf } from './gateway-arrival.ts';
import { type AclDecision, evaluateNetworkAcl, networkAclOf } from './network-acls.ts';
import { type PortSet, portSet } from './ports.ts';
import type { RoutePart } from './route-tables.ts';
import {
  evaluateSecurityGroups,
  type Peer,
  type SecurityGroupAnswer,
  type SecurityGroupReads,
} from './security-groups.ts';
import type { Transit } from './transit.ts';

export type GateName =
  | 'client-sg-egress'
  | 'client-nacl-egress'
  | 'route'
  | 'internet-route'
  /** the connection to another VPC, there */
  | 'transit'
  | 'endpoint-nacl-ingress'
  | 'endpoint-sg-ingress'
  | 'endpoint-nacl-return'
  | 'endpoint-route-return'
  /** the connection to another VPC, back */
  | 'transit-return'
  | 'client-nacl-return';

/** What a route does for one part of the destinations. */
export type RouteEffect =
  /** to the endpoint, or local */
  | 'arrives'
  /** another live target takes it */
  | 'elsewhere'
  | 'blackhole'
  | 'no-route'
  | 'undetermined';

export type ClassifiedPart = RoutePart & { readonly effect: RouteEffect };

export type Gate = {
  readonly gate: GateName;
  /** the groups, network ACL or route table that decide */
  readonly resources: readonly string[];
  readonly asked: FlowSet;
  readonly pass: FlowSet;
  readonly block: FlowSet;
  readonly unknown: FlowSet;
  /** why it does not apply; everything passes then */
  readonly skipped?: string | undefined;
  readonly missing: readonly Missing[];
  readonly securityGroups?: SecurityGroupAnswer | undefined;
  readonly acl?:
    | { readonly id: string; readonly subnetId: string; readonly decisions: readonly AclDecision[] }
    | undefined;
  readonly routes?:
    | {
        readonly routeTableId: string;
        readonly subnetId: string;
        readonly parts: readonly ClassifiedPart[];
        /** gateway endpoints: the table has no route to the endpoint at all; `parts` are then as if it had */
        readonly endpointRouteMissing: boolean;
      }
    | undefined;
  /** the connection to another VPC, with each thing that it needs */
  readonly transit?: (Transit & { readonly routeTableId: string }) | undefined;
  /** the internet route: what carries each part, and whether it gets out */
  readonly exits?: readonly Exit[] | undefined;
};

/** A way out of the VPC towards public addresses. */
export type Exit = {
  readonly destinations: AddressSet;
  /** `nat-…`, `igw-…`, `tgw-…`; undefined when there is no route */
  readonly via: string | undefined;
  readonly usable: 'yes' | 'no' | 'unknown';
  /** a clause: "nat-0a1 is deleted", "the client has no public IPv4 address" */
  readonly why: string;
  /** the client's source ports that this is true of, where it is not true of all */
  readonly ports?: PortSet | undefined;
  /** the network ACL of the NAT gateway's subnet, where it is what bars the way */
  readonly acl?: { readonly id: string; readonly subnetId: string } | undefined;
};

/** Every flow that a path is asked for: the destination's addresses from the client's whole ephemeral range. */
export function askedFlows(client: Client, destination: Destination): FlowSet {
  return flows(destination.addresses, ephemeral(client));
}

export function ephemeral(client: Client): PortSet {
  return portSet(client.ephemeral.from, client.ephemeral.to);
}

/** Packets inside one subnet meet neither network ACLs nor routes (facts.md 3.4; layer 2 by the routing documentation). */
export function sameSubnet(client: Client, destination: Destination): boolean {
  return (
    destination.kind === 'interface' && destination.subnetId !== undefined && destination.subnetId === client.subnetId
  );
}

export function skip(gate: GateName, asked: FlowSet, why: string): Gate {
  return { gate, resources: [], asked, pass: asked, block: NO_FLOWS, unknown: NO_FLOWS, skipped: why, missing: [] };
}

export function blind(
  gate: GateName,
  asked: FlowSet,
  gaps: readonly Missing[],
  resources: readonly string[] = [],
): Gate {
  return { gate, resources, asked, pass: NO_FLOWS, block: NO_FLOWS, unknown: asked, missing: gaps };
}

/**
 * The parts of a gate from what it passes and what it cannot tell. Where the destination's addresses are a superset of the
 * real ones, an answer that differs between them tells nothing.
 */
export function divide(
  destination: Destination,
  asked: FlowSet,
  pass: FlowSet,
  unknown: FlowSet,
): Pick<Gate, 'asked' | 'pass' | 'block' | 'unknown'> {
  const open = intersectFlows(asked, pass);
  const unsure = subtractFlows(intersectFlows(asked, unknown), open);
  const block = subtractFlows(subtractFlows(asked, open), unsure);
  const mixed =
    destination.kind !== 'interface' && !destination.exact && !isEmpty(block) && !isEmpty(subtractFlows(asked, block));
  if (!mixed) return { asked, pass: open, block, unknown: unsure };
  return { asked, pass: NO_FLOWS, block: NO_FLOWS, unknown: asked };
}

/** What would settle flows that are unknown only because the destination's addresses are. */
export function unreadAddresses(state: Pick<State, never>, destination: Destination, unsure: FlowSet): Missing[] {
  if (isEmpty(unsure) || destination.kind === 'interface' || destination.exact) return [];
  const what = destination.kind === 'gateway' ? 'the destination’s CIDRs' : 'the target’s public addresses';
  return [missing(state, 'prefixLists', what)];
}

/** The client's security groups, outbound. Gateway endpoints: the service's CIDRs or its prefix list (facts.md 3.2). */
export function clientSecurityGroupGate(
  state: SecurityGroupReads,
  client: Client,
  destination: Destination,
  port: number,
): Gate {
  const gate = 'client-sg-egress';
  const asked = askedFlows(client, destination);
  if (client.groupIds === undefined)
    return blind(gate, asked, [
      missing(state as Pick<State, never>, 'networkInterfaces', 'the client’s security groups'),
    ]);
  const peer: Peer =
    destination.kind === 'interface'
      ? {
          addresses: destination.addresses,
          groupIds: destination.groupIds,
          relation: destination.relation,
          vpcId: destination.vpcId,
        }
      : {
          addresses: destination.addresses,
          groupIds: [],
          relation: 'other',
          ...(destination.kind === 'gateway' ? { prefixListIds: destination.prefixListIds } : {}),
        };
  const answer = evaluateSecurityGroups(state, client.groupIds, 'egress', port, peer);
  const part = (addresses: AddressSet) => flows(addresses, ephemeral(client));
  const divided = divide(destination, asked, part(answer.pass), part(answer.unknown));
  return {
    gate,
    resources: client.groupIds,
    ...divided,
    missing: [...answer.missing, ...unreadAddresses(state, destination, divided.unknown)],
    securityGroups: answer,
  };
}

/** The endpoint interface's security groups, inbound. Answers are tracked, so their outbound rules do not matter. */
export function endpointSecurityGroupGate(
  state: SecurityGroupReads,
  client: Client,
  destination: InterfaceDestination,
  port: number,
): Gate {
  const gate = 'endpoint-sg-ingress';
  const asked = askedFlows(client, destination);
  if (destination.groupIds === undefined)
    return blind(gate, asked, [
      missing(state as Pick<State, never>, 'networkInterfaces', `the groups of ${destination.networkInterfaceId}`),
    ]);
  const source = clientAddress(client, destination.family);
  if (source.length === 0)
    return blind(
      gate,
      asked,
      [missing(state as Pick<State, never>, 'networkInterfaces', 'the client’s address')],
      destination.groupIds,
    );
  const answer = evaluateSecurityGroups(state, destination.groupIds, 'ingress', port, {
    addresses: source,
    groupIds: client.groupIds,
    relation: destination.relation,
    vpcId: client.vpcId,
  });
  const all = (addresses: AddressSet) => (addresses.length === 0 ? NO_FLOWS : asked);
  return {
    gate,
    resources: destination.groupIds,
    ...divide(destination, asked, all(answer.pass), all(answer.unknown)),
    missing: answer.missing,
    securityGroups: answer,
  };
}

type AclReads = Pick<State, 'networkAcls'>;
export const SAME_SUBNET = 'client and endpoint are in one subnet: network ACLs and routes do not apply';

/** The client subnet's network ACL, outbound on the service port. */
export function clientAclEgressGate(state: AclReads, client: Client, destination: Destination, port: number): Gate {
  const asked = askedFlows(client, destination);
  return aclGate(state, 'client-nacl-egress', client.subnetId, client.vpcId, client, destination, (acl) => {
    const answer = evaluateNetworkAcl(acl, 'egress', destination.addresses, portSet(port, port));
    return { pass: flows(addressesOf(answer.pass), ephemeral(client)), decisions: answer.decisions, asked };
  });
}

/** The client subnet's network ACL, inbound: the answers, on the client's whole ephemeral range. */
export function clientAclReturnGate(state: AclReads, client: Client, destination: Destination): Gate {
  const asked = askedFlows(client, destination);
  return aclGate(state, 'client-nacl-return', client.subnetId, client.vpcId, client, destination, (acl) => ({
    ...evaluateNetworkAcl(acl, 'ingress', destination.addresses, ephemeral(client)),
    asked,
  }));
}

/** The same for answers that may come from another VPC, by a transit gateway. */
export function clientAclArrivalGate(state: AclReads & ArrivalReads, client: Client, destination: Destination): Gate {
  const gate = clientAclReturnGate(state, client, destination);
  if (destination.kind !== 'interface' || isEmpty(gate.block)) return gate;
  const own = { vpcId: client.vpcId, subnetId: client.subnetId, addresses: clientAddress(client, destination.family) };
  const arrival = arrivalOf(state, destination, own);
  if (arrival.inOwnSubnet === 'yes')
    return skip(
      'client-nacl-return',
      gate.asked,
      `${arrival.attachmentId} stands in the client’s own subnet, whose network ACL does not judge what the transit gateway brings`,
    );
  return arrival.inOwnSubnet === 'no' ? gate : unsettled(gate, arrival.missing);
}

/** The endpoint subnet's network ACL, inbound on the service port. */
export function endpointAclIngressGate(
  state: AclReads & ArrivalReads,
  client: Client,
  destination: InterfaceDestination,
  port: number,
): Gate {
  const asked = askedFlows(client, destination);
  const source = clientAddress(client, destination.family);
  if (source.length === 0) return unknownClient('endpoint-nacl-ingress', asked);
  const name = 'endpoint-nacl-ingress';
  const gate = aclGate(state, name, destination.subnetId, destination.vpcId, client, destination, (acl) => {
    const answer = evaluateNetworkAcl(acl, 'ingress', source, portSet(port, port));
    return { pass: isEmpty(answer.pass) ? NO_FLOWS : asked, decisions: answer.decisions, asked };
  });
  if (isEmpty(gate.block)) return gate;
  const from = { vpcId: client.vpcId, subnetId: client.subnetId, addresses: source };
  const arrival = arrivalOf(state, from, destination);
  if (arrival.inOwnSubnet === 'no') return gate;
  // What is documented for instances is not said of the interfaces of endpoints: neither blamed nor cleared.
  return unsettled(
    gate,
    arrival.inOwnSubnet === 'unknown'
      ? arrival.missing
      : [
          {
            slice: 'networkAcls',
            action: 'ec2:DescribeNetworkAcls',
            why: 'not-visible',
            detail: `whether ${gate.resources.join(', ')} judges what comes out of the transit gateway in the subnet of ${arrival.attachmentId}`,
          },
        ],
  );
}

/** The same gate where it is not certain that the network ACL is asked: what it denies is then unknown. */
function unsettled(gate: Gate, gaps: readonly Missing[]): Gate {
  return {
    ...gate,
    block: NO_FLOWS,
    unknown: unionFlows(gate.unknown, gate.block),
    missing: [...gate.missing, ...gaps],
  };
}

/** The endpoint subnet's network ACL, outbound: the answers, towards the client's whole ephemeral range. */
export function endpointAclReturnGate(state: AclReads, client: Client, destination: InterfaceDestination): Gate {
  const asked = askedFlows(client, destination);
  const source = clientAddress(client, destination.family);
  if (source.length === 0) return unknownClient('endpoint-nacl-return', asked);
  return aclGate(state, 'endpoint-nacl-return', destination.subnetId, destination.vpcId, client, destination, (acl) => {
    const answer = evaluateNetworkAcl(acl, 'egress', source, ephemeral(client));
    return {
      pass: answer.pass.flatMap((box) => flows(destination.addresses, box.ports)),
      decisions: answer.decisions,
      asked,
    };
  });
}

export function unknownClient(gate: GateName, asked: FlowSet): Gate {
  return blind(gate, asked, [
    {
      slice: 'networkInterfaces',
      action: 'ec2:DescribeNetworkInterfaces',
      why: 'not-found',
      detail: 'the client’s address',
    },
  ]);
}

function aclGate(
  state: AclReads,
  gate: GateName,
  subnetId: string | undefined,
  vpcId: string | undefined,
  client: Client,
  destination: Destination,
  evaluate: (acl: NonNullable<ReturnType<typeof networkAclOf>>) => {
    pass: FlowSet;
    decisions: readonly AclDecision[];
    asked: FlowSet;
  },
): Gate {
  const asked = askedFlows(client, destination);
  if (sameSubnet(client, destination)) return skip(gate, asked, SAME_SUBNET);
  const side = gate.startsWith('client') ? 'the client' : 'the endpoint interface';
  if (subnetId === undefined)
    return blind(gate, asked, [missing(state as Pick<State, never>, 'networkInterfaces', `the subnet of ${side}`)]);
  const acl = networkAclOf(state, subnetId, vpcId);
  if (acl === undefined) return blind(gate, asked, [missing(state, 'networkAcls', `the network ACL of ${subnetId}`)]);
  const answer = evaluate(acl);
  const divided = divide(destination, asked, answer.pass, NO_FLOWS);
  const elsewhere =
    destination.kind !== 'interface' ||
    (client.vpcId !== undefined && destination.vpcId !== undefined && client.vpcId !== destination.vpcId);
  // A client whose subnet is not known may be in this very one, and then the ACL is never asked.
  if (client.subnetId === undefined && !elsewhere && !isEmpty(divided.block)) {
    const gap = missing(state as Pick<State, never>, 'networkInterfaces', 'the client’s subnet');
    return { ...blind(gate, asked, [gap], [acl.NetworkAclId]), pass: divided.pass, unknown: divided.block };
  }
  return {
    gate,
    resources: [acl.NetworkAclId],
    ...divided,
    missing: unreadAddresses(state, destination, divided.unknown),
    acl: { id: acl.NetworkAclId, subnetId, decisions: answer.decisions },
  };
}
