/** The model's whole answer for one target: where the name leads, which paths there are, what passes. No packets involved. */
import type { Missing, SliceName, State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { type AddressSet, addressSet, containsAll, countAddresses } from './addresses.ts';
import { isSilentHere } from './availability-zones.ts';
import { type Client, clientOf } from './client.ts';
import { addressDestination, publicDestinations, vpcAddresses } from './destinations.ts';
import { type EndpointChoice, endpointState } from './endpoints.ts';
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
import type { Exit } from './gates.ts';
import { byId } from './index-by-id.ts';
import { evaluateInternetPath } from './internet.ts';
import { targetOffer } from './offer.ts';
import { evaluatePath, joinStatus, type Path, type PathStatus, statusOf } from './paths.ts';
import { type Resolution, type ResolverKind, resolveOnModel, ZONE_SLICES } from './resolution.ts';
import { gatewayPathsOf, interfacePathsOf } from './target-paths.ts';

/** Every slice that a target's way depends on. */
export const MODEL_SLICES = [
  'vpcEndpoints',
  'networkInterfaces',
  'securityGroups',
  'networkAcls',
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'subnets',
  'vpcs',
  'vpcAttributes',
  'natGateways',
  'internetGateways',
  'egressOnlyInternetGateways',
  'vpcPeeringConnections',
  ...ZONE_SLICES,
  'transitGatewayVpcAttachments',
  'transitGatewayAttachments',
  'transitGatewayRoutes',
  'endpointServices',
] as const satisfies readonly SliceName[];
type ModelState = Pick<State, (typeof MODEL_SLICES)[number]>;

export type TargetModel = {
  readonly resolution: Resolution;
  readonly choice: EndpointChoice | undefined;
  /** paths to the endpoint, whether or not the name leads there */
  readonly endpointPaths: readonly Path[];
  /** the public way, evaluated where the name leads there */
  readonly publicPath: Path | undefined;
  /**
   * `open`: every flow passes, the intended way. `detour`: it works, but not through the endpoint (some or all of it).
   * `partial`, `closed`, `unknown` as for paths.
   */
  readonly status: PathStatus | 'detour';
  /** what carries the packets: endpoint id, `nat-…`, `igw-…`, `none`, `unknown` */
  readonly actualPath: string;
  readonly missing: readonly Missing[];
};

/**
 * Evaluates a target on the configuration alone.
 * @param resolver whose answers the client gets, from resolv.conf, DHCP options or observed answers
 * @param publicAddresses what the name resolves to publicly, where packets have told; otherwise any public address
 */
export function evaluateTarget(
  state: ModelState,
  vantage: Vantage,
  target: Target,
  resolver: ResolverKind,
  publicAddresses?: readonly string[],
): TargetModel {
  const client = clientOf(vantage);
  const interfaces = interfacePathsOf(state, client, target);
  const gateways = gatewayPathsOf(state, client, target);
  const choice = interfaces.choice ?? gateways.choice;
  const endpointPaths = [...interfaces.destinations, ...gateways.destinations].map((destination) =>
    evaluatePath(state, client, destination, target.port),
  );
  const resolution = resolveOnModel(state, vantage, target, resolver);
  const gaps = [
    ...interfaces.missing,
    ...gateways.missing,
    ...endpointPaths.flatMap((path) => path.gates.flatMap((gate) => gate.missing)),
  ];
  const base = { resolution, choice, endpointPaths };
  const endpointId = choice?.endpoints[0].VpcEndpointId;

  if (!state.vpcEndpoints.known && target.address === undefined) {
    const why = { slice: 'vpcEndpoints', action: 'ec2:DescribeVpcEndpoints', why: state.vpcEndpoints.why } as const;
    return { ...base, publicPath: undefined, status: 'unknown', actualPath: 'unknown', missing: [why] };
  }
  const silent = resolution.kind === 'endpoint' && isSilentHere(state, vantage, resolution.endpoint);
  if (resolution.kind === 'no-answer' || resolution.kind === 'no-name' || silent)
    return { ...base, publicPath: undefined, status: 'closed', actualPath: 'none', missing: [] };
  if (resolution.kind === 'hosts' || resolution.kind === 'zone')
    return hostsModel(state, vantage, target, resolution.addresses, base);

  const toEndpoint =
    resolution.kind === 'endpoint' ||
    // The answers led there; which zone or Profile says so is not described in this VPC.
    choice?.way === 'central' ||
    (resolution.kind === 'direct' && (choice !== undefined || endpointPaths.length > 0));
  if (toEndpoint)
    return {
      ...base,
      publicPath: undefined,
      ...endpointStatus(choice, endpointPaths, interfaces.missing.length > 0),
      missing: gaps,
    };
  if (choice?.way === 'gateway') return gatewayModel(state, client, target, endpointPaths, base, gaps);

  if (target.address !== undefined && interfaces.missing.length > 0)
    return { ...base, publicPath: undefined, status: 'unknown', actualPath: 'unknown', missing: gaps };

  // The name stays public, or nothing intends it to be private: the internet path decides.
  const out = publicModel(state, client, target, target.address === undefined ? publicAddresses : [target.address]);
  if (resolution.kind === 'unknown') {
    const endpoint = endpointStatus(choice, endpointPaths, false);
    // Closed whichever way the name leads: then it is closed.
    const status =
      endpoint.status === 'closed' && (out.status === 'closed' || choice !== undefined) ? 'closed' : 'unknown';
    return { ...base, publicPath: out.path, status, actualPath: 'unknown', missing: [...resolution.missing, ...gaps] };
  }
  // What no endpoint here could serve is meant to go out: another Region's host, a service without an endpoint service.
  const otherRegion = target.region !== undefined && vantage.region !== undefined && target.region !== vantage.region;
  const servable = target.serviceNames.length > 0 && !otherRegion && targetOffer(state, target) === 'offered';
  const intendedElsewhere = choice !== undefined || servable;
  return {
    ...base,
    publicPath: out.path,
    status: out.status === 'open' && intendedElsewhere ? 'detour' : out.status,
    actualPath: out.via,
    missing: out.path?.gates.flatMap((gate) => gate.missing) ?? [],
    ...(endpointId === undefined ? {} : {}),
  };
}

type Base = Pick<TargetModel, 'resolution' | 'choice' | 'endpointPaths'>;

function endpointStatus(
  choice: EndpointChoice | undefined,
  paths: readonly Path[],
  incomplete: boolean,
): Pick<TargetModel, 'status' | 'actualPath'> {
  const endpoint = choice?.endpoints[0];
  const first = paths[0]?.destination;
  const actualPath = endpoint?.VpcEndpointId ?? (first?.kind === 'interface' ? first.networkInterfaceId : 'unknown');
  if (endpoint !== undefined && endpointState(endpoint) !== 'available') return { status: 'closed', actualPath };
  if (paths.length === 0) return { status: endpoint !== undefined && !incomplete ? 'closed' : 'unknown', actualPath };
  const status = joinStatus(paths);
  // An interface that could not be read may be open or closed: what is known of the others does not speak for it.
  return { status: incomplete && (status === 'open' || status === 'closed') ? 'unknown' : status, actualPath };
}

/** A gateway endpoint's flows that another route takes may still arrive by the internet: that is a detour, not a failure. */
function gatewayModel(
  state: ModelState,
  client: Client,
  target: Target,
  paths: readonly Path[],
  base: Base,
  gaps: readonly Missing[],
): TargetModel {
  const endpoint = base.choice?.endpoints[0];
  const alive = endpoint !== undefined && endpointState(endpoint) === 'available';
  let pass: FlowSet = NO_FLOWS;
  let detour: FlowSet = NO_FLOWS;
  let doubt: FlowSet = NO_FLOWS;
  let block: FlowSet = NO_FLOWS;
  let asked: FlowSet = NO_FLOWS;
  let via = 'none';
  let publicPath: Path | undefined;
  for (const path of paths) {
    const open = alive ? path.pass : NO_FLOWS;
    const route = path.gates.find((gate) => gate.gate === 'route');
    const astray: AddressSet = addressesOf(alive ? (route?.block ?? NO_FLOWS) : path.asked);
    // The endpoint's own route, dead or alive, takes its list's addresses: unread ones do not follow a default route.
    const kept = route?.routes?.endpointRouteMissing === false;
    if (astray.length > 0 && path.destination.kind === 'gateway' && (path.destination.exact || !kept)) {
      const out = evaluateInternetPath(
        state,
        client,
        { kind: 'public', family: path.destination.family, addresses: astray, exact: path.destination.exact },
        target.port,
      );
      publicPath = out;
      const carried = intersectFlows(out.pass, path.asked);
      detour = unionFlows(detour, carried);
      doubt = unionFlows(doubt, intersectFlows(out.unknown, path.asked));
      if (!isEmpty(carried)) via = exitOf(out);
    }
    pass = unionFlows(pass, open);
    asked = unionFlows(asked, path.asked);
    block = unionFlows(block, alive ? path.block : path.asked);
  }
  // What another way out may or may not carry is lost to the endpoint, but not known to be lost.
  block = subtractFlows(block, unionFlows(detour, doubt));
  const reached = unionFlows(pass, detour);
  // Some of it works and some is lost to the endpoint, wherever that goes: then it works in part.
  const mixed = !isEmpty(reached) && !isEmpty(doubt);
  const status = mixed ? 'partial' : statusOf(asked, reached, block);
  const actualPath = !isEmpty(pass) ? (endpoint?.VpcEndpointId ?? 'unknown') : via;
  return {
    ...base,
    publicPath,
    status: status === 'open' && !isEmpty(detour) ? 'detour' : status,
    actualPath: status === 'unknown' ? 'unknown' : actualPath,
    missing: gaps,
  };
}

function publicModel(state: ModelState, client: Client, target: Target, addresses: readonly string[] | undefined) {
  const { destinations } = publicDestinations(state, client, addresses);
  const paths = destinations.map((destination) => evaluateInternetPath(state, client, destination, target.port));
  const path = paths[0];
  return { path, status: joinStatus(paths), via: path === undefined ? 'unknown' : exitOf(path) };
}

/**
 * What carries a public path: the exit of its largest part. Where any public address is meant, a few of them belong to
 * another service's gateway endpoint, which carries nothing of this target.
 */
export function exitOf(path: Path): string {
  const largest = mainExit(path.gates.find((gate) => gate.exits !== undefined)?.exits ?? []);
  return largest === undefined || largest.usable === 'no' ? 'none' : (largest.via ?? 'none');
}

/** The exit that takes most addresses; a few of "any public address" belong to another service's gateway endpoint. */
export function mainExit(exits: readonly Exit[]): Exit | undefined {
  const size = (exit: Exit) => countAddresses(exit.destinations);
  return exits.reduce<Exit | undefined>(
    (best, exit) => (best === undefined || size(exit) > size(best) ? exit : best),
    undefined,
  );
}

/** A pinned name: its addresses are evaluated for what they are, an interface, some other VPC address, or public ones. */
function hostsModel(
  state: ModelState,
  vantage: Vantage,
  target: Target,
  addresses: readonly string[],
  base: Base,
): TargetModel {
  const client = clientOf(vantage);
  const vpc = vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId);
  const own = vpc === undefined ? [] : vpcAddresses(vpc);
  const paths: Path[] = [];
  let dead: FlowSet = NO_FLOWS;
  const strangers: string[] = [];
  for (const address of addresses) {
    const destination = addressDestination(state, client, address);
    const set = addressSet(address);
    if (destination !== undefined) paths.push(evaluatePath(state, client, destination, target.port));
    else if (set !== undefined && containsAll(own, set))
      dead = unionFlows(dead, flows(set, [{ from: client.ephemeral.from, to: client.ephemeral.to }]));
    else strangers.push(address);
  }
  const out = strangers.length === 0 ? undefined : publicModel(state, client, target, strangers);
  const all = [...paths, ...(out?.path === undefined ? [] : [out.path])];
  const asked = unionFlows(dead, ...all.map((path) => path.asked));
  const pass = unionFlows(...all.map((path) => path.pass));
  const block = unionFlows(dead, ...all.map((path) => path.block));
  const status = statusOf(asked, pass, block);
  const intended = base.endpointPaths
    .map((path) => path.destination)
    .filter((destination) => destination.kind === 'interface');
  const hits = addresses.every((address) => intended.some((destination) => destination.address === address));
  const detour = status === 'open' && !hits && base.choice !== undefined;
  return {
    ...base,
    publicPath: out?.path,
    status: detour ? 'detour' : status,
    actualPath: hits ? (base.choice?.endpoints[0].VpcEndpointId ?? 'unknown') : (out?.via ?? 'unknown'),
    missing: all.flatMap((path) => path.gates.flatMap((gate) => gate.missing)),
  };
}
