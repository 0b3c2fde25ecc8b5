/**
 * The way to public addresses without an endpoint: internet gateway, NAT gateway or egress-only internet gateway, with
 * everything that makes a default route useless. https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html,
 * …/vpc-nat-gateway.html, …/security-vpc-bpa.html, facts.md 4.3.
 */
import { type Missing, missing, type State } from '../model/state.ts';
import { cidrSet, containsAll } from './addresses.ts';
import type { Client } from './client.ts';
import type { PublicDestination } from './destinations.ts';
import { flows, isEmpty, NO_FLOWS, subtractFlows, unionFlows } from './flows.ts';
import {
  askedFlows,
  clientAclEgressGate,
  clientAclReturnGate,
  clientSecurityGroupGate,
  type Exit,
  type Gate,
} from './gates.ts';
import { byId } from './index-by-id.ts';
import { throughNatSubnet } from './nat-subnet.ts';
import { combine, type Path } from './paths.ts';
import { portSet } from './ports.ts';
import { isBlackhole, type RoutePart, routeTableOf, routeTarget, selectRoutes } from './route-tables.ts';

export type InternetRouteReads = Pick<
  State,
  | 'routeTables'
  | 'prefixLists'
  | 'prefixListEntries'
  | 'natGateways'
  | 'internetGateways'
  | 'egressOnlyInternetGateways'
  | 'vpcs'
  | 'subnets'
  | 'networkAcls'
>;
export type InternetReads = InternetRouteReads & Pick<State, 'securityGroups'>;

const DNS64 = cidrSet(['64:ff9b::/96']);

/** Evaluates the public path: the client's own gates and the way out. */
export function evaluateInternetPath(
  state: InternetReads,
  client: Client,
  destination: PublicDestination,
  port: number,
): Path {
  const gates = [
    clientSecurityGroupGate(state, client, destination, port),
    clientAclEgressGate(state, client, destination, port),
    internetRouteGate(state, client, destination, port),
    clientAclReturnGate(state, client, destination),
  ];
  return combine(destination, askedFlows(client, destination), gates);
}

/**
 * Which route carries packets to public addresses, and whether it leads out.
 * @param port the service's TCP port: a NAT gateway's subnet may have a network ACL that bars it
 */
export function internetRouteGate(
  state: InternetRouteReads,
  client: Client,
  destination: PublicDestination,
  port: number,
): Gate {
  const asked = askedFlows(client, destination);
  const gate = 'internet-route';
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  if (table === undefined || client.subnetId === undefined) {
    const gap = missing(state, 'routeTables', `the route table of ${client.subnetId ?? 'the client’s subnet'}`);
    return { gate, resources: [], asked, pass: NO_FLOWS, block: NO_FLOWS, unknown: asked, missing: [gap] };
  }
  const gaps: Missing[] = [];
  const exits = selectRoutes(state, table, destination.addresses).flatMap((part) => {
    const exit = exitOf(state, client, destination, part, gaps);
    const nat = exit.usable === 'yes' ? byId(state.natGateways, 'NatGatewayId', exit.via ?? '') : undefined;
    return nat === undefined ? [exit] : throughNatSubnet(state, client, exit, nat, port, gaps);
  });
  const ephemeral = portSet(client.ephemeral.from, client.ephemeral.to);
  const of = (usable: Exit['usable']) =>
    unionFlows(
      ...exits
        .filter((exit) => exit.usable === usable)
        .map((exit) => flows(exit.destinations, exit.ports ?? ephemeral)),
    );
  let pass = of('yes');
  let block = of('no');
  let unknown = of('unknown');
  // Addresses of the destination are not known: a default route that works is the answer, a few routes elsewhere are not.
  if (!destination.exact && [pass, block, unknown].filter((part) => !isEmpty(part)).length > 1) {
    const main =
      exits.find((exit) => exit.destinations.some((range) => range.high - range.low > 0xffffffn)) ?? exits[0];
    const carried = flows(destination.addresses, main?.ports ?? ephemeral);
    pass = main?.usable === 'yes' ? carried : NO_FLOWS;
    block = main?.usable === 'no' ? carried : main?.usable === 'yes' ? subtractFlows(asked, pass) : NO_FLOWS;
    unknown = subtractFlows(subtractFlows(asked, pass), block);
  }
  return {
    gate,
    resources: [table.RouteTableId],
    asked,
    pass,
    block,
    unknown,
    missing: isEmpty(unknown) ? [] : gaps,
    exits,
  };
}

function exitOf(
  state: InternetRouteReads,
  client: Client,
  destination: PublicDestination,
  part: RoutePart,
  gaps: Missing[],
): Exit {
  const exit = (usable: Exit['usable'], via: string | undefined, why: string): Exit => ({
    destinations: part.destinations,
    via,
    usable,
    why,
  });
  if (part.winner === 'none') return exit('no', undefined, 'the route table has no route to it');
  if (part.route === undefined || part.winner === 'undetermined') {
    gaps.push(missing(state, 'prefixListEntries', part.unreadablePrefixListId));
    return exit('unknown', undefined, 'which route wins cannot be told');
  }
  const target = routeTarget(part.route);
  if (isBlackhole(part.route))
    return exit('no', target.id, `the route ${part.destination} → ${target.id} is a blackhole`);
  // DNS64's addresses are no addresses of the internet: only a NAT gateway turns them back (vpc/latest/userguide/nat-gateway-nat64-dns64.html).
  if (target.kind.endsWith('internet-gateway') && containsAll(DNS64, part.destinations))
    return exit('no', target.id, `${target.id} does not translate 64:ff9b::/96, only a NAT gateway does`);
  const blocked = (subnetId: string | undefined) => blockPublicAccess(state, client.vpcId, subnetId);
  switch (target.kind) {
    case 'internet-gateway': {
      if (blocked(client.subnetId) !== 'off')
        return exit('no', target.id, `VPC Block Public Access is on (${blocked(client.subnetId)})`);
      const gateway = byId(state.internetGateways, 'InternetGatewayId', target.id);
      const attached = gateway?.Attachments?.some((attachment) => attachment.VpcId === client.vpcId);
      if (state.internetGateways.known && attached !== true)
        return exit('no', target.id, `${target.id} is not attached to ${client.vpcId}`);
      if (destination.family === 4 && !client.hasPublicIpv4)
        return exit(
          'no',
          target.id,
          'the client has no public IPv4 address, and an internet gateway carries nothing without one',
        );
      return exit('yes', target.id, `${target.id} carries it`);
    }
    case 'egress-only-internet-gateway': {
      if (blocked(client.subnetId) === 'block-bidirectional')
        return exit('no', target.id, 'VPC Block Public Access is on (block-bidirectional)');
      const gateway = byId(state.egressOnlyInternetGateways, 'EgressOnlyInternetGatewayId', target.id);
      if (state.egressOnlyInternetGateways.known && gateway === undefined)
        return exit('no', target.id, `${target.id} does not exist`);
      return exit('yes', target.id, `${target.id} carries it`);
    }
    case 'nat-gateway':
      return natExit(state, client, target.id, exit, gaps);
    case 'local':
      return exit('no', 'local', 'the VPC’s own address range covers it, and nothing there answers');
    case 'vpc-endpoint':
      // A gateway endpoint's route took it (another service's addresses), or a firewall endpoint that forwards it.
      return exit('unknown', target.id, `${target.id} takes it`);
    default:
      // Central egress behind a transit gateway, peering, VPN or appliance is common and not visible from here.
      gaps.push(beyond(`whether ${target.id} leads to the internet`));
      return exit('unknown', target.id, `whether ${target.id} leads to the internet cannot be seen from here`);
  }
}

function natExit(
  state: InternetRouteReads,
  client: Client,
  id: string,
  exit: (usable: Exit['usable'], via: string, why: string) => Exit,
  gaps: Missing[],
): Exit {
  const nat = byId(state.natGateways, 'NatGatewayId', id);
  if (nat === undefined) {
    if (state.natGateways.known) return exit('no', id, `${id} does not exist`);
    gaps.push(missing(state, 'natGateways', id));
    return exit('unknown', id, `${id} could not be read`);
  }
  const natState = nat.State?.toLowerCase() ?? 'available';
  if (natState !== 'available')
    return exit('no', id, `${id} is ${natState}${nat.FailureMessage ? `: ${nat.FailureMessage}` : ''}`);
  if (nat.ConnectivityType?.toLowerCase() === 'private')
    return exit('no', id, `${id} is a private NAT gateway: it has no way to the internet`);
  if (blockPublicAccess(state, nat.VpcId ?? client.vpcId, nat.SubnetId) === 'block-bidirectional')
    return exit('no', id, 'VPC Block Public Access is on (block-bidirectional)');
  if (nat.SubnetId === undefined || nat.AvailabilityMode?.toLowerCase() === 'regional')
    return exit('yes', id, `${id} carries it`);
  const table = routeTableOf(state, nat.SubnetId, nat.VpcId ?? client.vpcId);
  if (table === undefined) {
    gaps.push(missing(state, 'routeTables', `the route table of ${nat.SubnetId}`));
    return exit('unknown', id, `the route table of ${id}’s subnet could not be read`);
  }
  const onward = (table.Routes ?? []).find((route) => route.DestinationCidrBlock === '0.0.0.0/0');
  if (onward === undefined)
    return exit('no', id, `${table.RouteTableId}, the route table of ${id}’s subnet, has no default route`);
  if (isBlackhole(onward))
    return exit(
      'no',
      id,
      `the default route of ${table.RouteTableId}, the route table of ${id}’s subnet, is a blackhole`,
    );
  const target = routeTarget(onward);
  if (target.kind === 'internet-gateway') return exit('yes', id, `${id} carries it`);
  if (target.kind === 'nat-gateway')
    return exit(
      'no',
      id,
      `${id} stands in a subnet whose default route leads to ${target.id}, not to an internet gateway`,
    );
  gaps.push(beyond(`whether ${target.id} leads to the internet`));
  return exit('unknown', id, `behind ${id} the traffic goes to ${target.id}, which cannot be seen from here`);
}

/** What lies behind a transit gateway, peering or appliance: its own routes would tell, and this tool does not ask for them. */
function beyond(detail: string): Missing {
  return { slice: 'routeTables', action: 'ec2:SearchTransitGatewayRoutes', why: 'not-asked', detail };
}

/** The mode in force: a subnet's own state is shown with exclusions applied, so it wins over the VPC's. */
function blockPublicAccess(
  state: Pick<State, 'vpcs' | 'subnets'>,
  vpcId: string | undefined,
  subnetId: string | undefined,
): 'off' | 'block-bidirectional' | 'block-ingress' {
  const subnet = subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', subnetId);
  const vpc = vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vpcId);
  const mode = (
    subnet?.BlockPublicAccessStates?.InternetGatewayBlockMode ?? vpc?.BlockPublicAccessStates?.InternetGatewayBlockMode
  )?.toLowerCase();
  return mode === 'block-bidirectional' || mode === 'block-ingress' ? mode : 'off';
}

/** Whether a client has a default route at all, working or not: then a way out was meant. */
export function hasDefaultRoute(state: Pick<State, 'routeTables'>, client: Client): boolean {
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  return (table?.Routes ?? []).some(
    (route) => route.DestinationCidrBlock === '0.0.0.0/0' || route.DestinationIpv6CidrBlock === '::/0',
  );
}
