/**
 * What could explain that packets and model disagree. Nothing here is a finding: each line is a possibility that the run
 * cannot rule out, and those come first for which something in this run speaks, with what that is.
 */
import type { Case } from '../model/case.ts';
import { type Observation, socketAddress } from '../model/observation.ts';
import type { Vantage } from '../model/vantage.ts';
import { cidrSet, containsAddress } from '../network/addresses.ts';
import { allAddresses } from '../network/destinations.ts';
import { endpointState, isType } from '../network/endpoints.ts';
import { formatRoute, routeTarget } from '../network/route-tables.ts';
import type { View } from './views.ts';

export type Run = {
  readonly input: Pick<Case, 'state' | 'coverage' | 'observations'>;
  readonly vantage: Vantage;
};

type Possibility = {
  readonly text: string;
  /** what in this run speaks for it; the possibility stands behind the others when nothing does */
  readonly speaks: string | undefined;
};

/** Packets pass although the model closes the way: what the model may not see. */
export function couldBeOpen(run: Run, views: readonly View[], observations: readonly Observation[]): string[] {
  return ordered([
    { text: 'a change is in progress', speaks: changing(views) },
    {
      text: 'another network interface or source address of this host was used',
      speaks: otherInterface(run, observations),
    },
    { text: 'an appliance in between forwards the traffic', speaks: appliance(run, views) },
    { text: 'the description is older than the network', speaks: staleDescription(run) },
    {
      text: 'a path through another VPC (Route 53 Profile, private hosted zone) leads there',
      speaks: otherVpc(run, observations),
    },
  ]);
}

/** Packets fail although nothing in the configuration stops them: what no description shows. */
export function couldBeShut(run: Run, views: readonly View[], observations: readonly Observation[]): string[] {
  if (observations.length > 0 && observations.every((one) => one.rung === 'access'))
    return couldBeRefused(observations);
  return ordered([
    {
      text: 'the provider’s side drops the packets (no listener, no healthy target, a security group of its load balancer)',
      // Of what is dropped nothing comes back.
      speaks: observations.every((one) => ANSWERS.has(one.outcome)) ? UNLIKELY : provider(views),
    },
    {
      text: 'what listens there speaks no TLS: the port is another protocol’s, or a listener that passes plain HTTP',
      speaks: plainListener(observations),
    },
    {
      text: 'packets of full size are lost on the way (MTU), or a filter drops the TLS handshake',
      speaks: silentHandshake(observations),
    },
    {
      text: 'the rules of an interface that is no endpoint’s drop the packets',
      speaks: strangeInterface(run, views, observations),
    },
    { text: 'a firewall on this host drops or refuses the packets', speaks: hostFirewall(run, observations) },
    { text: 'a change is in progress', speaks: changing(views) },
    { text: 'an appliance in between drops the traffic', speaks: appliance(run, views) },
    {
      text: 'another network interface or source address of this host was used',
      speaks: otherInterface(run, observations),
    },
    { text: 'a single interface of the endpoint is out of order', speaks: oneOfSeveral(views, observations) },
    {
      text: 'the resolver drops queries, as the VPC’s does beyond 1,024 a second',
      speaks: flakyResolver(run, observations),
    },
    { text: 'the description is older than the network', speaks: staleDescription(run) },
  ]);
}

/** A service that answers and refuses: policies that could not be read, or that the words do not name. */
function couldBeRefused(observations: readonly Observation[]): string[] {
  const named = observations.some(
    (one) => one.rung === 'access' && one.detail.denial?.kind === 'policy' && one.detail.denial.by !== undefined,
  );
  return [
    'the caller’s own policies do not allow it',
    'the resource’s own policy denies it, or it is of another account',
    ...(named ? [] : ['a policy of the organization denies it', 'the endpoint’s policy was changed a moment ago']),
  ];
}

/** Possibilities with evidence first, otherwise in the order given; those that need evidence to be worth a word are left out. */
function ordered(possibilities: readonly Possibility[]): string[] {
  const spoken = possibilities.flatMap(({ text, speaks }) =>
    speaks === undefined || speaks === UNLIKELY ? [] : [`${text}: ${speaks}`],
  );
  return [...spoken, ...possibilities.flatMap(({ text, speaks }) => (speaks === undefined ? [text] : []))];
}

/** Not worth a word: this run speaks against it, or the question does not arise. */
const UNLIKELY = '';

function changing(views: readonly View[]): string | undefined {
  const endpoints = views.flatMap((view) => view.model.choice?.endpoints ?? []);
  const moving = endpoints.find((endpoint) => endpointState(endpoint) !== 'available');
  return moving === undefined ? undefined : `${moving.VpcEndpointId} is ${moving.State}`;
}

function otherInterface({ vantage }: Run, observations: readonly Observation[]): string | undefined {
  const used = observations.flatMap((one) =>
    one.rung === 'tcp' || one.rung === 'tls' ? (one.detail.localAddress ?? []) : [],
  );
  const stray = used.find((address) => vantage.addresses.length > 0 && !vantage.addresses.includes(address));
  if (stray !== undefined)
    return `a connection left from ${stray}, and what was evaluated is ${vantage.addresses.join(', ')}`;
  const others = vantage.interfaces.filter((one) => one.networkInterfaceId !== vantage.networkInterfaceId);
  const [first] = others;
  if (first !== undefined)
    return `this host has ${others.length + 1} network interfaces, ${others.map((one) => one.networkInterfaceId ?? one.addresses[0] ?? 'one without an id').join(', ')} beside the one that was evaluated`;
  // The kernel says which address it used, and it is the one that was evaluated.
  return used.length > 0 ? UNLIKELY : undefined;
}

const APPLIANCE_TARGETS: ReadonlySet<string> = new Set(['network-interface', 'vpc-endpoint', 'transit-gateway']);

function appliance({ input }: Run, views: readonly View[]): string | undefined {
  const parts = views.flatMap((view) =>
    view.model.endpointPaths.flatMap((path) => path.gates.flatMap((gate) => gate.routes?.parts ?? [])),
  );
  const detour = parts.find(
    ({ route, effect }) =>
      route !== undefined && effect !== 'arrives' && APPLIANCE_TARGETS.has(routeTarget(route).kind),
  )?.route;
  if (detour !== undefined) return `the route ${formatRoute(detour)} leads to one`;
  const gwlb = input.state.vpcEndpoints.known
    ? input.state.vpcEndpoints.value.find(
        (endpoint) => endpoint.VpcEndpointType?.toLowerCase() === 'gatewayloadbalancer',
      )
    : undefined;
  return gwlb === undefined ? undefined : `the VPC has ${gwlb.VpcEndpointId}, a Gateway Load Balancer endpoint`;
}

/** Of a service that somebody runs behind a load balancer this side of the endpoint shows nothing (facts.md 7.2). */
function provider(views: readonly View[]): string | undefined {
  const endpoint = views
    .flatMap((view) => view.model.choice?.endpoints ?? [])
    .find((one) => one.ServiceName?.includes('.vpce-svc-') === true && endpointState(one) === 'available');
  return endpoint === undefined
    ? UNLIKELY
    : `${endpoint.VpcEndpointId} is for ${endpoint.ServiceName}, of which only the provider sees more`;
}

const ANSWERS: ReadonlySet<string> = new Set(['not-tls', 'not-http', 'alert', 'name-mismatch', 'untrusted', 'expired']);

function plainListener(observations: readonly Observation[]): string | undefined {
  const [first] = observations.filter((one) => one.outcome === 'not-tls');
  return first?.rung === 'tls'
    ? `TCP opens at ${socketAddress(first.subject.address, first.subject.port)}, and what comes back is not TLS`
    : UNLIKELY;
}

/** The experiments that tell these apart were not made, or not all of them. */
function silentHandshake(observations: readonly Observation[]): string | undefined {
  const silent = observations.find((one) => one.rung === 'tls' && one.outcome === 'timeout');
  return silent?.rung === 'tls'
    ? `TCP opens at ${socketAddress(silent.subject.address, silent.subject.port)}, and the handshake gets no answer; vpce-doctor probe on this host tells which`
    : UNLIKELY;
}

/** A name may lead to a database or a load balancer of the VPC: its rules are evaluated when its address is the target. */
function strangeInterface(
  { input }: Run,
  views: readonly View[],
  observations: readonly Observation[],
): string | undefined {
  if (!input.state.networkInterfaces.known) return UNLIKELY;
  const evaluated = views.flatMap((view) =>
    view.model.endpointPaths.flatMap(({ destination }) =>
      destination.kind === 'interface' ? [destination.address] : [],
    ),
  );
  const { value } = input.state.networkInterfaces;
  for (const one of observations) {
    if (one.rung !== 'tcp' || one.outcome === 'open' || evaluated.includes(one.subject.address)) continue;
    const { address, port } = one.subject;
    const owner = value.find((each) => allAddresses(each).includes(address));
    if (owner !== undefined)
      return `${address} is ${owner.NetworkInterfaceId}; give ${socketAddress(address, port)} as the target to have them evaluated`;
  }
  return UNLIKELY;
}

function staleDescription({ input }: Run): string | undefined {
  const asked = input.coverage.some((entry) => entry.what.startsWith('ec2:') && entry.outcome === 'made');
  return asked ? undefined : 'it was read from files, not asked of the API in this run';
}

function otherVpc({ vantage }: Run, observations: readonly Observation[]): string | undefined {
  const own = cidrSet(vantage.vpcCidrs);
  const reached = observations.flatMap((one) => (one.rung === 'dns' ? one.detail.addresses : [one.subject.address]));
  const outside = reached.find((address) => own.length > 0 && !containsAddress(own, address));
  return outside === undefined ? UNLIKELY : `${outside} is outside this VPC’s ranges`;
}

function hostFirewall({ vantage }: Run, observations: readonly Observation[]): string | undefined {
  const forbidden = observations.find((one) => one.outcome === 'prohibited');
  if (forbidden !== undefined) return `${forbidden.id} was forbidden by this machine itself`;
  const proxy = vantage.proxy.httpsProxy ?? vantage.proxy.allProxy;
  return proxy === undefined
    ? undefined
    : 'a proxy is set for HTTPS here, and hosts with a proxy are often kept from connecting directly';
}

function oneOfSeveral(views: readonly View[], observations: readonly Observation[]): string | undefined {
  const failed = observations.flatMap((one) => (one.rung === 'dns' ? [] : [one.subject.address]));
  for (const view of views) {
    const choice = view.model.choice?.endpoints[0];
    if (choice === undefined || !isType(choice, 'interface')) continue;
    const bad = view.observed.bad.filter((address) => failed.includes(address));
    if (bad.length > 0 && view.observed.good.length > 0)
      return `${bad.join(', ')} fails while ${view.observed.good.join(', ')} of ${choice.VpcEndpointId} works`;
  }
  return UNLIKELY;
}

function flakyResolver({ input }: Run, observations: readonly Observation[]): string | undefined {
  for (const one of observations) {
    if (one.rung !== 'dns' || one.outcome !== 'timeout') continue;
    const other = input.observations.find(
      (seen) => seen.rung === 'dns' && seen.subject.server === one.subject.server && seen.outcome === 'answered',
    );
    if (other !== undefined) return `${one.id} got no answer, and ${other.id} did`;
  }
  return UNLIKELY;
}
