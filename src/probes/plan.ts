/**
 * Which questions are worth asking next. Pure: from the targets, what is known, and what has been answered, to the probes that
 * are still to be made. The run asks again after each round until nothing is left; a question is identified by its id, so
 * that 25 targets that share a resolver or an address ask it once.
 */
import type { Evidence } from '../checks/evidence.ts';
import { evidenceFor } from '../checks/evidence.ts';
import { type Observation, type Probe, probeId } from '../model/observation.ts';
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { cidrSet, containsAddress, familyOf } from '../network/addresses.ts';
import { clientOf } from '../network/client.ts';
import {
  chooseEndpoint,
  type EndpointChoice,
  endpointState,
  ledToCentral,
  namesCover,
  offeredNames,
  ownsVpceName,
} from '../network/endpoints.ts';
import { isEmpty, portsFor } from '../network/flows.ts';
import { evaluatePath, type Path } from '../network/paths.ts';
import type { PortSet } from '../network/ports.ts';
import { isVpcResolver, primaryCidrOf, vpcResolverAddresses } from '../network/resolution.ts';
import { gatewayPathsOf, interfacePathsOf } from '../network/target-paths.ts';
import { httpRequestFor } from '../services/catalogue.ts';
import { accessQuestions, publicObjectQuestions } from './plan/access.ts';
import { fullSizeRequest } from './plan/full-size.ts';
import { helloExperiments } from './plan/hellos.ts';
import { namesBeside, resolverExperiments } from './plan/names.ts';
import { connectionSeries } from './plan/series.ts';
import { hostProbes } from './plan-host.ts';

export type PlanInput = {
  readonly targets: readonly Target[];
  readonly vantage: Vantage;
  /** unknown slices simply add nothing */
  readonly state: State;
  readonly observations: readonly Observation[];
  /** how many connections to each address, 1 unless `--repeat` says more */
  readonly repeat: number;
  /** how long the ClientHello is that this Node sends by itself; newer ones send a large one */
  readonly defaultHello?: 'small' | 'large' | undefined;
  /** `--signed`: read requests with the caller's own credentials are wanted too */
  readonly signed?: boolean | undefined;
};

/** The probes to make next, in a fixed order; empty when everything worth asking has been asked. */
export function planProbes(input: PlanInput): Probe[] {
  const asked = new Set(input.observations.map((observation) => observation.id));
  const planned = new Map<string, Probe>();
  const add = (probe: Probe) => {
    if (!asked.has(probe.id) && !planned.has(probe.id)) planned.set(probe.id, probe);
  };
  const primary = primaryCidrOf(input.vantage);
  const seen: { target: Target; evidence: Evidence }[] = [];
  for (const wanted of input.targets) {
    const evidence = evidenceFor(input.observations, true, input.vantage, wanted, primary);
    const target = ledToCentral(input.state, input.vantage.vpcId, wanted, evidence.resolved);
    for (const probe of namesToAsk(input, target, primary)) add(probe);
    for (const probe of namesBeside(input, target, evidence, interfaceAddresses(input, target))) add(probe);
    for (const probe of connections(input, target, evidence)) add(probe);
    for (const probe of handshakes(input, target, evidence)) add(probe);
    for (const probe of hostProbes(input.vantage, target, evidence)) add(probe);
    seen.push({ target, evidence });
    for (const probe of fullSizeRequest(input.vantage, target, evidence, endpointPaths(input, target))) add(probe);
    for (const probe of publicObjectQuestions(input.state, target, evidence)) add(probe);
    if (input.signed === true) for (const probe of accessQuestions(input.state, target, evidence)) add(probe);
  }
  for (const probe of helloExperiments(seen, input.defaultHello ?? 'large')) add(probe);
  for (const probe of resolverExperiments(
    { ...input, observations: input.observations.filter((one) => one.rung === 'dns') },
    primary,
    hasIpv6(input.vantage),
  ))
    add(probe);
  return [...planned.values()];
}

/** A and AAAA at every configured resolver, and at the VPC's own for comparison. */
function namesToAsk(input: PlanInput, target: Target, primary: string | undefined): Probe[] {
  const name = target.host;
  if (name === undefined) return [];
  const configured = input.vantage.resolvers;
  const servers = configured.map((resolver) => ({
    ...resolver,
    why: 'the client’s own resolver list decides what applications see',
  }));
  if (!configured.some((resolver) => isVpcResolver(resolver.address, primary))) {
    servers.push({
      address: vpcResolverAddresses(primary)[0] ?? '169.254.169.253',
      port: 53,
      why: 'the VPC’s resolver knows the endpoint’s private names: a different answer than the client’s is the cause',
    });
  }
  return servers.flatMap(({ address: server, port, why }) =>
    (['A', 'AAAA'] as const).map((type): Probe => {
      const subject = { name, type, server, port, transport: 'udp' as const };
      return { id: probeId('dns', subject), rung: 'dns', subject, after: [], why };
    }),
  );
}

/** TCP to each address that the name gives and to each interface of the endpoint, whether or not the name gives it. */
function connections(input: PlanInput, target: Target, evidence: Evidence): Probe[] {
  const named = evidence.all.filter((one) => one.rung === 'dns' && one.outcome === 'answered').map((one) => one.id);
  const paths = endpointPaths(input, target);
  const wanted = new Map<string, string>();
  for (const address of evidence.addresses) wanted.set(address, 'the name leads there');
  for (const address of evidence.vpc?.addresses ?? [])
    if (!wanted.has(address)) wanted.set(address, 'the VPC’s resolver leads there');
  for (const address of ownNameAddresses(input, target, evidence))
    if (!wanted.has(address)) wanted.set(address, 'the endpoint’s own name leads there');
  for (const path of paths) {
    if (path.destination.kind === 'interface' && !wanted.has(path.destination.address))
      wanted.set(
        path.destination.address,
        'it is an interface of the endpoint, and the name may lead there at any time',
      );
  }
  if (target.pasted !== undefined && isPublicOrPrivate(target.pasted) && !wanted.has(target.pasted))
    wanted.set(target.pasted, 'the error text names it: the client was led there');
  const probes: Probe[] = [];
  for (const [address, why] of wanted) {
    // Without an IPv6 address of its own this machine never uses AAAA answers; probing them would only show that.
    if (familyOf(address) === 6 && !hasIpv6(input.vantage)) continue;
    const subject = { address, port: target.port };
    probes.push({ id: probeId('tcp', subject), rung: 'tcp', subject, after: named, why });
    for (const localPort of telltalePorts(paths, address)) {
      const chosen = { address, port: target.port, localPort };
      probes.push({
        id: probeId('tcp', chosen),
        rung: 'tcp',
        subject: chosen,
        after: named,
        why: 'by the model some source ports pass and some do not: one of each shows it',
      });
    }
    const path = paths.find((one) => leadsTo(one, address));
    const alive = endpointIsAvailable(input, target);
    const { ports, why: whySeries } = connectionSeries(input, evidence, address, path, alive);
    const taken = telltalePorts(paths, address);
    for (const localPort of ports.filter((port) => !taken.includes(port))) {
      const chosen = { address, port: target.port, localPort };
      probes.push({ id: probeId('tcp', chosen), rung: 'tcp', subject: chosen, after: named, why: whySeries });
    }
  }
  return probes;
}

/** TLS where TCP opened, HTTPS where TLS is trusted. */
function handshakes(input: PlanInput, target: Target, evidence: Evidence): Probe[] {
  const serverName = target.host;
  if (serverName === undefined || target.application === 'tcp') return [];
  const probes: Probe[] = [];
  const open = evidence.all.filter(
    (one) =>
      one.rung === 'tcp' &&
      one.outcome === 'open' &&
      one.subject.localPort === undefined &&
      isOfTarget(input, target, evidence, one.subject.address),
  );
  for (const tcp of open) {
    if (tcp.rung !== 'tcp') continue;
    const { address, port } = tcp.subject;
    if (tcp !== open[0] && awaitsFirst(evidence, open[0])) continue;
    const subject = { address, port, serverName };
    const tlsId = probeId('tls', subject);
    probes.push({
      id: tlsId,
      rung: 'tls',
      subject,
      after: [tcp.id],
      why: 'who answers, and is the name on the certificate',
    });
    const tls = evidence.tls(address)[0];
    if (target.application !== 'https' || tls?.outcome !== 'trusted') continue;
    const request = httpRequestFor(target.serviceId, serverName);
    const https = { ...subject, method: request.method, path: target.path ?? request.path };
    probes.push({
      id: probeId('https', https),
      rung: 'https',
      subject: https,
      after: [tlsId],
      why: 'an AWS request id proves arrival whatever the status',
    });
  }
  return probes;
}

/**
 * The other addresses of a target wait for the first, and then go along with the experiments that its handshake calls for:
 * silence at each of 50 addresses would eat their time.
 */
function awaitsFirst(evidence: Evidence, first: Observation | undefined): boolean {
  if (first?.rung !== 'tcp') return false;
  return evidence.tls(first.subject.address).length === 0;
}

/** Addresses are shared between targets; a handshake with this target's name is for its own addresses only. */
function isOfTarget(input: PlanInput, target: Target, evidence: Evidence, address: string): boolean {
  if (evidence.addresses.includes(address) || evidence.vpc?.addresses.includes(address) === true) return true;
  // An endpoint that does not have this name need not have it on its certificate.
  if (!endpointHasName(input, target)) return false;
  return (
    interfaceAddresses(input, target).includes(address) || ownNameAddresses(input, target, evidence).includes(address)
  );
}

function endpointHasName(input: PlanInput, target: Target): boolean {
  const choice = choiceOf(input, target);
  if (choice === undefined || choice.way !== 'uncovered') return true;
  return target.host !== undefined && namesCover(offeredNames(choice.endpoints[0]), target.host);
}

function interfaceAddresses(input: PlanInput, target: Target): string[] {
  return endpointPaths(input, target).flatMap(({ destination }) =>
    destination.kind === 'interface' ? [destination.address] : [],
  );
}

/** Where the endpoint's own names lead, when they were asked: its interfaces, also where the API would not list them. */
function ownNameAddresses(input: PlanInput, target: Target, evidence: Evidence): string[] {
  const endpoint = choiceOf(input, target)?.endpoints[0];
  return endpoint === undefined
    ? []
    : evidence.experiments.flatMap((one) =>
        one.rung === 'dns' && ownsVpceName(endpoint, one.subject.name) ? one.detail.addresses : [],
      );
}

const choices = new WeakMap<PlanInput, Map<Target, EndpointChoice | undefined>>();

/** The endpoint that a target is meant for: as often asked, and it compares every name of every endpoint. */
function choiceOf(input: PlanInput, target: Target): EndpointChoice | undefined {
  const ofInput = choices.get(input) ?? new Map<Target, EndpointChoice | undefined>();
  choices.set(input, ofInput);
  if (!ofInput.has(target)) ofInput.set(target, chooseEndpoint(input.state, input.vantage.vpcId, target));
  return ofInput.get(target);
}

/** The paths of a plan's targets: asked for at every address, and the same for all of them. */
const known = new WeakMap<PlanInput, Map<Target, readonly Path[]>>();

function endpointPaths(input: PlanInput, target: Target): readonly Path[] {
  const ofInput = known.get(input) ?? new Map<Target, readonly Path[]>();
  known.set(input, ofInput);
  const paths = ofInput.get(target) ?? evaluateEndpointPaths(input, target);
  ofInput.set(target, paths);
  return paths;
}

function evaluateEndpointPaths(input: PlanInput, target: Target): Path[] {
  const client = clientOf(input.vantage);
  const destinations = [
    ...interfacePathsOf(input.state, client, target).destinations,
    ...gatewayPathsOf(input.state, client, target).destinations,
  ];
  return destinations.map((destination) => evaluatePath(input.state, client, destination, target.port));
}

/** Where the model says that only some source ports pass: one that should pass and one that should not. */
function telltalePorts(paths: readonly Path[], address: string): number[] {
  for (const path of paths) {
    if (isEmpty(path.pass) || isEmpty(path.block)) continue;
    const pass = portsFor(path.pass, address);
    const block = portsFor(path.block, address);
    if (pass.length === 0 || block.length === 0) continue;
    return [middle(pass), middle(block)];
  }
  return [];
}

function middle(ports: PortSet): number {
  const widest = [...ports].sort((a, b) => b.to - b.from - (a.to - a.from))[0];
  return widest === undefined ? 0 : Math.floor((widest.from + widest.to) / 2);
}

function endpointIsAvailable(input: PlanInput, target: Target): boolean {
  const endpoint = choiceOf(input, target)?.endpoints[0];
  return endpoint !== undefined && endpointState(endpoint) === 'available';
}

function leadsTo({ destination }: Path, address: string): boolean {
  return destination.kind === 'interface' && destination.address === address;
}

/** Metadata services, this machine itself and groups are no place to connect to because a text says so. */
const NOT_TO_BE_PROBED = cidrSet([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'fd00:ec2::/32',
  'ff00::/8',
]);

function isPublicOrPrivate(address: string): boolean {
  return !containsAddress(NOT_TO_BE_PROBED, address);
}

function hasIpv6(vantage: Vantage): boolean {
  return (
    vantage.addresses.some((address) => familyOf(address) === 6) ||
    vantage.localRoutes.some((route) => route.destination === '::/0' && route.device !== '*' && route.device !== 'lo')
  );
}
