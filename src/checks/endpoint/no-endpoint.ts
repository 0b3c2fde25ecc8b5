/**
 * A target for which the client's VPC has no endpoint, and nothing else leads to it: the causes that say so share this
 * question, and each target has one answer to why, so that they never stand beside each other.
 */
import type { NetworkInterface, VpcEndpoint } from '../../model/aws.ts';
import type { Because } from '../../model/report.ts';
import { type Missing, missing, type SliceName, type State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import { allAddresses } from '../../network/destinations.ts';
import { chooseEndpoint, coversHost, endpointsFor, isType, isVpceName } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { hasDefaultRoute } from '../../network/internet.ts';
import { targetOffer } from '../../network/offer.ts';
import { isKnownPair, nearServices } from '../../services/near-names.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { CUSTOM_SERVICE_ID } from '../../services/service-table.ts';
import { type Companion, companionOf } from '../../services/workloads.ts';
import type { CheckContext } from '../check.ts';
import { type Evidence, goesByProxy } from '../evidence.ts';
import { proxyResult } from '../host/proxy.ts';
import { isOtherRegion } from './create-endpoint.ts';
import { sharedSubnetGap } from './shared-subnet.ts';
import { WAY_OUT_SLICES, type WayOut, wayOut } from './way-out.ts';

export const NO_ENDPOINT_SLICES = [
  ...WAY_OUT_SLICES,
  'vpcEndpoints',
  'endpointServices',
  'networkInterfaces',
] as const satisfies readonly SliceName[];

type Reads = Pick<State, (typeof NO_ENDPOINT_SLICES)[number]>;

export type Why =
  /** nothing nearer to the repair is known */
  | { readonly cause: 'endpoint-missing' }
  | { readonly cause: 'service-not-offered' }
  /** the VPC's endpoint serves the same service in its own Region, and the host is another's */
  | { readonly cause: 'endpoint-in-other-region'; readonly endpoint: VpcEndpoint }
  /** a workload's other services have their endpoints */
  | { readonly cause: 'companion-endpoint-missing'; readonly companion: Companion; readonly endpoint: VpcEndpoint }
  /** an endpoint of a near name is there, and its names do not have this host */
  | { readonly cause: 'sibling-endpoint-only'; readonly endpoint: VpcEndpoint };

export type NoEndpoint =
  | { readonly outcome: 'not-applicable' }
  | { readonly outcome: 'absent'; readonly because: string }
  | { readonly outcome: 'unknown'; readonly missing: readonly Missing[] }
  | {
      readonly outcome: 'none';
      readonly vpcId: string;
      readonly why: Why;
      readonly way: WayOut;
      /** the service's own addresses that the name gives; none where it leads to nobody in the VPC, which is not for want of an endpoint */
      readonly asked: readonly string[];
      /** what the client sends goes to a proxy first, and gets no further than that: an endpoint would not be used either */
      readonly yields: boolean;
    };

const DOES_NOT_APPLY: NoEndpoint = { outcome: 'not-applicable' };

/** Whether the target lacks an endpoint and any other way, and what is to be said of it. */
export function noEndpoint({ state, client, vantage, target, evidence }: CheckContext<keyof Reads>): NoEndpoint {
  const host = target.host;
  if (target.address !== undefined || target.endpointId !== undefined || target.serviceNames.length === 0)
    return DOES_NOT_APPLY;
  if (host !== undefined && isVpceName(host)) return DOES_NOT_APPLY;
  if (!state.vpcEndpoints.known)
    return evidence.addresses.length > 0 && evidence.addresses.every(isPrivate(vantage))
      ? { outcome: 'absent', because: `${host} leads to a private address` }
      : { outcome: 'unknown', missing: [missing(state, 'vpcEndpoints')] };
  const choice = chooseEndpoint(state, client.vpcId, target);
  if (choice !== undefined)
    return {
      outcome: 'absent',
      because: `${choice.endpoints[0].VpcEndpointId} is there for ${choice.endpoints[0].ServiceName}`,
    };
  if (client.vpcId === undefined)
    return { outcome: 'unknown', missing: [missing(state, 'vpcs', 'which VPC the client is in')] };
  // Another VPC's endpoint is a cause of its own, nearer to the repair.
  if (endpointsFor(state.vpcEndpoints, target).some((endpoint) => endpoint.VpcId !== client.vpcId))
    return DOES_NOT_APPLY;
  const shared = sharedSubnetGap(state, vantage);
  if (shared !== undefined) return { outcome: 'unknown', missing: [shared] };
  // A name that nobody has is no question of endpoints, unless what nobody has is the name of an endpoint that it leads to.
  const denied = evidence.system?.outcome === 'nxdomain';
  if (denied && !evidence.system.cnames.some(isVpceName)) return DOES_NOT_APPLY;
  // A private answer means that somebody leads the name to an endpoint that we do not see (a central VPC, a Route 53 Profile),
  // unless it lies in the client's own VPC and no interface there has it: what is left of an endpoint that is gone.
  const stray = leadsToNobody(state, vantage, evidence);
  if (leadsToPrivate(evidence) && !stray) return DOES_NOT_APPLY;
  const asked = stray ? [] : evidence.resolved;
  const way = wayOut(state, client, { ...evidence, resolved: asked }, target.port);
  // Routes to some of the service's addresses are no way to it: which one a client gets changes with every answer.
  if (way.usable === 'yes' && way.beyond.length > 0 && targetOffer(state, target) === 'offered')
    return { outcome: 'none', vpcId: client.vpcId, way, asked, why: { cause: 'endpoint-missing' }, yields: false };
  // What the name gives now goes nowhere, whatever way out there is.
  if (way.usable === 'yes' && (stray || denied)) return DOES_NOT_APPLY;
  if (way.usable === 'yes')
    return { outcome: 'absent', because: `the service is reached without an endpoint: ${way.why}` };
  if (way.usable === 'unknown')
    return { outcome: 'unknown', missing: way.missing.length > 0 ? way.missing : [missing(state, 'routeTables')] };
  const why = whyNone(state, client, client.vpcId, vantage, target);
  if (why === undefined) return DOES_NOT_APPLY;
  return Array.isArray(why)
    ? { outcome: 'unknown', missing: why }
    : { outcome: 'none', vpcId: client.vpcId, way, asked, why: why as Why, yields: stopsAtProxy(evidence) };
}

function stopsAtProxy({ proxy }: Evidence): boolean {
  if (proxy === undefined || !goesByProxy({ proxy })) return false;
  const result = proxyResult(proxy);
  return result === 'broken' || result === 'denies';
}

/** One answer; undefined where the broken way out is the cause; a list where something would have to be readable. */
function whyNone(
  state: Reads,
  client: Client,
  vpcId: string,
  vantage: Vantage,
  target: Target,
): Why | readonly Missing[] | undefined {
  const own = endpointsOf(state, vpcId);
  // Where a default route was made to carry what no endpoint can, the route is the repair (no-internet-path).
  const outMeant = hasDefaultRoute(state, client);
  if (isOtherRegion(target, vantage)) {
    const endpoint = outMeant ? undefined : sameServiceHere(own, target);
    return endpoint === undefined ? undefined : { cause: 'endpoint-in-other-region', endpoint };
  }
  const offer = targetOffer(state, target);
  if (offer === 'unknown') return [missing(state, 'endpointServices', target.serviceNames[0])];
  // A provider's service that cannot be seen is one that this account may not use, which is the provider's to say.
  if (offer === 'not-offered' && target.serviceId !== CUSTOM_SERVICE_ID)
    return outMeant ? undefined : { cause: 'service-not-offered' };
  const sibling = siblingOf(own, target);
  const companion = companionIn(own, target);
  const pair = sibling !== undefined && isKnownPair(sibling.id, target.serviceId ?? '');
  if (companion !== undefined && !(pair && target.workload === undefined))
    return { cause: 'companion-endpoint-missing', ...companion };
  return sibling === undefined
    ? { cause: 'endpoint-missing' }
    : { cause: 'sibling-endpoint-only', endpoint: sibling.endpoint };
}

type Known = { readonly id: string; readonly endpoint: VpcEndpoint };

/** The endpoints of the client's VPC whose service our table knows, by id of the service and of the endpoint. */
function endpointsOf(state: Pick<State, 'vpcEndpoints'>, vpcId: string): Known[] {
  if (!state.vpcEndpoints.known) return [];
  return state.vpcEndpoints.value
    .filter((endpoint) => endpoint.VpcId === undefined || endpoint.VpcId === vpcId)
    .flatMap((endpoint) => {
      const id = parseServiceName(endpoint.ServiceName ?? '')?.service?.id;
      return id === undefined ? [] : [{ id, endpoint }];
    })
    .sort((a, b) => (a.endpoint.VpcEndpointId < b.endpoint.VpcEndpointId ? -1 : 1));
}

/** The VPC's endpoint for the target's service, in whatever Region; undefined for a service that we do not know. */
export function sameServiceEndpoint(
  state: Pick<State, 'vpcEndpoints'>,
  vpcId: string | undefined,
  target: Target,
): VpcEndpoint | undefined {
  return vpcId === undefined ? undefined : sameServiceHere(endpointsOf(state, vpcId), target);
}

function sameServiceHere(own: readonly Known[], target: Target): VpcEndpoint | undefined {
  return own.find(({ id }) => id === target.serviceId && id !== CUSTOM_SERVICE_ID)?.endpoint;
}

function siblingOf(own: readonly Known[], target: Target): Known | undefined {
  if (target.serviceId === undefined) return undefined;
  // A gateway endpoint has no names that could be compared.
  return nearServices(target.serviceId)
    .flatMap((id) => own.filter((one) => one.id === id && isType(one.endpoint, 'interface')))
    .find(({ endpoint }) => target.host === undefined || !coversHost(endpoint, target.host));
}

function companionIn(
  own: readonly Known[],
  target: Target,
): { readonly companion: Companion; readonly endpoint: VpcEndpoint } | undefined {
  if (target.serviceId === undefined) return undefined;
  const companion = companionOf(
    target.serviceId,
    target.workload,
    own.map(({ id }) => id),
  );
  const endpoint = own.find(({ id }) => id === companion?.covered)?.endpoint;
  return companion === undefined || endpoint === undefined ? undefined : { companion, endpoint };
}

/** What every cause of a missing endpoint has read. */
export function noEndpointBecause(vpcId: string, target: Target, way: WayOut): Because[] {
  return [
    {
      source: 'configuration',
      text: `no endpoint of ${vpcId} has the service name ${target.serviceNames.join(' or ')}`,
      ref: vpcId,
    },
    { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
  ];
}

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** Whether the name gives private addresses only. */
export function leadsToPrivate(evidence: Evidence): boolean {
  return evidence.resolved.length > 0 && evidence.resolved.every((address) => containsAddress(PRIVATE, address));
}

/**
 * Whether everything that the name gives lies in the client's VPC, belongs to no network interface of it, and is silent. Unknown
 * counts as no: a list in which an endpoint's own interfaces are missing is a part of the list, and who refuses is somebody.
 */
export function leadsToNobody(
  state: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  vantage: Pick<Vantage, 'vpcId' | 'vpcCidrs'>,
  evidence: Evidence,
): boolean {
  const { networkInterfaces, vpcEndpoints } = state;
  if (!networkInterfaces.known || !vpcEndpoints.known || evidence.resolved.length === 0) return false;
  const inside = cidrSet(vantage.vpcCidrs);
  const ids = vpcEndpoints.value
    .filter((one) => one.VpcId === vantage.vpcId)
    .flatMap((one) => one.NetworkInterfaceIds ?? []);
  if (!ids.every((id) => byId(networkInterfaces, 'NetworkInterfaceId', id) !== undefined)) return false;
  const has = (one: NetworkInterface, address: string) =>
    allAddresses(one).includes(address) ||
    containsAddress(cidrSet((one.Ipv4Prefixes ?? []).flatMap((prefix) => prefix.Ipv4Prefix ?? [])), address);
  return evidence.resolved.every((address) => {
    const tries = evidence.tcp(address);
    return (
      containsAddress(inside, address) &&
      tries.length > 0 &&
      tries.every((one) => one.outcome === 'timeout' || one.outcome === 'unreachable') &&
      !networkInterfaces.value.some((one) => has(one, address))
    );
  });
}

function isPrivate(vantage: Pick<Vantage, 'vpcCidrs'>): (address: string) => boolean {
  const inside = [...PRIVATE, ...cidrSet(vantage.vpcCidrs)];
  return (address) => containsAddress(inside, address);
}
