/** Which endpoint a target is meant to be reached through, and which names an endpoint answers to. */
import type { VpcEndpoint } from '../model/aws.ts';
import type { Slice, State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import { matchHost, usualPrivateNames } from '../services/catalogue.ts';
import { endpointNames, hostCoveredBy } from '../services/endpoint-names.ts';
import { parseServiceName } from '../services/service-names.ts';

/** How the target's name leads to the endpoint. */
export type Way =
  /** the target is the endpoint itself: its id, or one of its vpce names */
  | 'named'
  /** its private DNS covers the host */
  | 'private-dns'
  /** a gateway endpoint: routes, not names */
  | 'gateway'
  /** an endpoint of another VPC, to which the name was seen to lead */
  | 'central'
  /** an interface endpoint for the service, but its private DNS does not give it this host */
  | 'uncovered';

export type EndpointChoice = {
  readonly way: Way;
  /** one interface endpoint, or every usable gateway endpoint of the service in the VPC */
  readonly endpoints: readonly [VpcEndpoint, ...VpcEndpoint[]];
};

export function isType(endpoint: VpcEndpoint, type: 'interface' | 'gateway'): boolean {
  return endpoint.VpcEndpointType?.toLowerCase() === type;
}

/** Lower-cased state; the wire is camelCase and the model PascalCase (facts.md 1.1). An absent state is not held against it. */
export function endpointState(endpoint: VpcEndpoint): string {
  return (endpoint.State ?? 'available').toLowerCase();
}

/** `vpce-0123-abcd.svc.region.vpce.amazonaws.com` and its zonal and prefixed forms: public DNS, whatever private DNS says. */
export function isVpceName(name: string): boolean {
  // The table of services is long and most names are no vpce names: look at the text first.
  return name.toLowerCase().includes('.vpce.') && matchHost(name)?.vpceName !== undefined;
}

/**
 * The private names of an interface endpoint: the DnsEntries that are not vpce names, or, where the document does not list
 * them, the names that AWS's endpoint for the service usually has. Wildcards stay as they are.
 */
export function privateNames(endpoint: VpcEndpoint): readonly string[] {
  const entries = endpoint.DnsEntries ?? [];
  const names = listed.get(entries) ?? endpointNames(endpoint).private;
  listed.set(entries, names);
  return names.length > 0 ? names : offeredNames(endpoint);
}

/** The private names that AWS's endpoint for the service would have with private DNS on; empty when it offers none. */
export function offeredNames(endpoint: VpcEndpoint): readonly string[] {
  const service = endpoint.ServiceName ?? '';
  const known = offered.get(service);
  if (known !== undefined) return known;
  const name = parseServiceName(service);
  const names =
    name?.service === undefined || name.region === undefined ? [] : usualPrivateNames(name.service, name.region);
  offered.set(service, names);
  return names;
}

// Every target compares its name with those of every endpoint, and again for each fix that is proven. By what they follow
// from, because a fix may give an endpoint other entries.
const listed = new WeakMap<NonNullable<VpcEndpoint['DnsEntries']>, readonly string[]>();
const offered = new Map<string, readonly string[]>();

/** Whether a host is one of these names, wildcards by the rules of DNS. */
export function namesCover(names: readonly string[], host: string): boolean {
  return hostCoveredBy(host, { DnsEntries: names.map((DnsName) => ({ DnsName })) });
}

export function coversHost(endpoint: VpcEndpoint, host: string): boolean {
  return namesCover(privateNames(endpoint), host);
}

/** Whether this vpce name belongs to this endpoint. */
export function ownsVpceName(endpoint: VpcEndpoint, host: string): boolean {
  return matchHost(host)?.vpceName?.endpointId === endpoint.VpcEndpointId.toLowerCase();
}

/** An interface endpoint whose private DNS takes effect inside the VPC, DNS attributes apart. */
export function hasPrivateDns(endpoint: VpcEndpoint): boolean {
  return (
    isType(endpoint, 'interface') &&
    endpoint.PrivateDnsEnabled === true &&
    endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== true
  );
}

/** Every endpoint, in any VPC, that serves the target: named by id, by service name, or by one of its names. */
export function endpointsFor(vpcEndpoints: Slice<VpcEndpoint>, target: Target): VpcEndpoint[] {
  if (!vpcEndpoints.known) return [];
  return vpcEndpoints.value.filter((endpoint) => {
    if (target.endpointId !== undefined) return endpoint.VpcEndpointId === target.endpointId;
    if (!isType(endpoint, 'interface') && !isType(endpoint, 'gateway')) return false;
    const host = target.host;
    if (host !== undefined && isVpceName(host)) return ownsVpceName(endpoint, host);
    if (endpoint.ServiceName !== undefined && target.serviceNames.includes(endpoint.ServiceName)) return true;
    return (
      host !== undefined &&
      isType(endpoint, 'interface') &&
      coversHost(endpoint, host) &&
      endpoint.PrivateDnsEnabled === true
    );
  });
}

/**
 * The endpoint of the client's VPC that the target should go through; undefined when there is none (or none readable).
 * A live endpoint goes before a dead one; then private DNS that covers the name, then a gateway endpoint, then an
 * interface endpoint that this name does not lead to.
 */
export function chooseEndpoint(
  state: Pick<State, 'vpcEndpoints'>,
  vpcId: string | undefined,
  target: Target,
): EndpointChoice | undefined {
  const all = endpointsFor(state.vpcEndpoints, target);
  // An endpoint that the user named is meant, wherever it is; otherwise only this VPC's count.
  const named = target.endpointId !== undefined || (target.host !== undefined && isVpceName(target.host));
  const near = named
    ? all
    : all.filter((endpoint) => vpcId === undefined || endpoint.VpcId === undefined || endpoint.VpcId === vpcId);
  const ranked = near
    .map((endpoint) => ({ endpoint, way: wayOf(endpoint, target) }))
    .sort(
      (a, b) =>
        Number(endpointState(b.endpoint) === 'available') - Number(endpointState(a.endpoint) === 'available') ||
        WAYS.indexOf(a.way) - WAYS.indexOf(b.way) ||
        (a.endpoint.VpcEndpointId < b.endpoint.VpcEndpointId ? -1 : 1),
    );
  const best = ranked[0];
  if (best === undefined) {
    const central = all.find((endpoint) => endpoint.VpcEndpointId === target.centralEndpointId);
    return central === undefined ? undefined : { way: 'central', endpoints: [central] };
  }
  if (best.way !== 'gateway') return { way: best.way, endpoints: [best.endpoint] };
  const twins = ranked.filter(
    (other) =>
      other !== best && other.way === 'gateway' && endpointState(other.endpoint) === endpointState(best.endpoint),
  );
  return { way: 'gateway', endpoints: [best.endpoint, ...twins.map((twin) => twin.endpoint)] };
}

/**
 * The target with the endpoint of another VPC that its name leads to: every answer is an address of one endpoint for the
 * service, and the client's own VPC has none. Only answers show it; no configuration of this VPC says where a name leads.
 */
export function ledToCentral(
  state: Pick<State, 'vpcEndpoints' | 'networkInterfaces'>,
  vpcId: string | undefined,
  target: Target,
  answers: readonly string[],
): Target {
  if (vpcId === undefined || target.host === undefined || answers.length === 0) return target;
  if (!state.networkInterfaces.known || chooseEndpoint(state, vpcId, target) !== undefined) return target;
  const held = new Set(answers);
  const holders = state.networkInterfaces.value.filter(
    (one) => one.PrivateIpAddress !== undefined && held.has(one.PrivateIpAddress),
  );
  const central = endpointsFor(state.vpcEndpoints, target).find(
    (endpoint) =>
      isType(endpoint, 'interface') &&
      answers.every((answer) =>
        holders.some(
          (one) =>
            one.PrivateIpAddress === answer && endpoint.NetworkInterfaceIds?.includes(one.NetworkInterfaceId) === true,
        ),
      ),
  );
  return central === undefined ? target : { ...target, centralEndpointId: central.VpcEndpointId };
}

const WAYS: readonly Way[] = ['named', 'private-dns', 'gateway', 'central', 'uncovered'];

function wayOf(endpoint: VpcEndpoint, target: Target): Way {
  if (isType(endpoint, 'gateway')) return 'gateway';
  const host = target.host;
  if (host === undefined || isVpceName(host)) return 'named';
  return hasPrivateDns(endpoint) && coversHost(endpoint, host) ? 'private-dns' : 'uncovered';
}
