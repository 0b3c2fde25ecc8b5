/**
 * Puts the model and the kernel side by side: for every address that the model speaks about, from source ports on both
 * sides of every edge, what the model says passes and what really passed.
 */
import { LAB, type World } from '../../src/lab/world.ts';
import { SLICE_NAMES, type SliceElement, type State } from '../../src/model/state.ts';
import type { Target } from '../../src/model/target.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { type Client, clientOf } from '../../src/network/client.ts';
import {
  type Destination,
  gatewayDestinations,
  interfaceDestinations,
  publicDestinations,
} from '../../src/network/destinations.ts';
import { type FlowSet, intersectFlows, portsFor } from '../../src/network/flows.ts';
import { evaluateInternetPath } from '../../src/network/internet.ts';
import { evaluateTarget } from '../../src/network/model.ts';
import { evaluatePath, type Path } from '../../src/network/paths.ts';
import { ends, familyOf, within } from './addresses.ts';
import { drawFrom } from './draw.ts';
import type { Attempt, Driver, Outcome } from './kernel.ts';
import { PUBLIC_ADDRESSES, TRIED_PORTS } from './random-world.ts';

export type Disagreement = {
  readonly what: string;
  readonly attempt: Attempt;
  readonly model: string;
  readonly kernel: string;
};

export type Judgement = {
  readonly compared: number;
  /** of these the kernel let so many through */
  readonly open: number;
  readonly disagreements: readonly Disagreement[];
};

/** One thing that the model claims about one connection. */
type Claim = {
  readonly what: string;
  readonly endpointId?: string;
  readonly attempt: Attempt;
  /** the answer comes back; undefined where the model does not say */
  readonly passes: boolean | undefined;
  /** the question arrives; undefined where the model does not say */
  readonly arrives: boolean | undefined;
  readonly seen: (outcome: Outcome) => { passes: boolean; arrives: boolean };
};

const LOST: Outcome = { result: 'lost', reachedHost: false, reachedServices: false };
const RETURN_GATES = new Set(['endpoint-nacl-return', 'endpoint-route-return', 'transit-return', 'client-nacl-return']);

/**
 * Compares one world. A disagreement is asked again, patiently and alone, before it counts.
 * @param patienceMs how long the second time; the bed itself delays nothing, a busy machine may
 * @param built what the kernel is given; another world than the model reads only to see that the difference is noticed
 */
export async function judge(driver: Driver, world: World, patienceMs = 1_500, built = world): Promise<Judgement> {
  const claims = claimsOf(world);
  const options = { ports: TRIED_PORTS, anyAddressOf: world.api.prefixLists.flatMap((list) => list.Cidrs ?? []) };
  const answers = await driver.ask(
    built,
    claims.map((claim) => claim.attempt),
    options,
  );
  const doubtful = claims.flatMap((claim, i) => (differs(claim, answers[i]) === undefined ? [] : [{ claim, i }]));
  let disagreements: Disagreement[] = [];
  if (doubtful.length > 0) {
    const attempts = doubtful.map(({ claim }) => claim.attempt);
    const again = await driver.ask(built, attempts, { ...options, patienceMs });
    disagreements = doubtful.flatMap(({ claim }, j) => differs(claim, again[j]) ?? []);
    // The patient answer is the true one, for the target's status too.
    for (const [j, { i }] of doubtful.entries()) answers[i] = again[j] ?? answers[i] ?? LOST;
  }
  if (disagreements.length === 0) disagreements = statusDisagreements(world, claims, answers);
  return { compared: claims.length, open: answers.filter((answer) => answer.result === 'open').length, disagreements };
}

/** What the model says of a whole target against all of its connections together. */
function statusDisagreements(world: World, claims: readonly Claim[], answers: readonly Outcome[]): Disagreement[] {
  const state = stateOf(world);
  const vantage = vantageOf(world);
  return world.api.vpcEndpoints.flatMap((endpoint) =>
    TRIED_PORTS.flatMap((port) => {
      const own = claims.flatMap((claim, i) =>
        claim.endpointId === endpoint.VpcEndpointId && claim.attempt.port === port
          ? [{ claim, answer: answers[i] }]
          : [],
      );
      const first = own[0]?.claim.attempt;
      if (first === undefined) return [];
      const { status } = evaluateTarget(state, vantage, targetOf(endpoint, port), 'vpc');
      const through = own.map(({ claim, answer }) => answer !== undefined && claim.seen(answer).passes);
      // A public address may also be reached by the internet. An interface endpoint behind a NAT gateway or an appliance
      // is reached by somebody else's address, if at all: the model calls that elsewhere, and so do we.
      const gateway = endpoint.VpcEndpointType === 'Gateway';
      const any = gateway ? own.map(({ answer }) => answer?.result === 'open') : through;
      const kernel = through.every(Boolean)
        ? 'open'
        : any.every(Boolean)
          ? 'detour'
          : any.some(Boolean)
            ? 'partial'
            : 'closed';
      if (status === 'unknown' || status === kernel) return [];
      return [{ what: `${endpoint.VpcEndpointId} as a target`, attempt: first, model: status, kernel }];
    }),
  );
}

/** An interface endpoint by its id; a gateway endpoint by its service's host, since its traffic may also take a detour. */
function targetOf({ VpcEndpointId, VpcEndpointType, ServiceName }: SliceElement<'vpcEndpoints'>, port: number): Target {
  const base = { id: VpcEndpointId, requested: [VpcEndpointId], port, application: 'tcp' as const };
  if (VpcEndpointType !== 'Gateway') return { ...base, serviceNames: [], endpointId: VpcEndpointId };
  return { ...base, serviceNames: [ServiceName ?? ''], host: LAB.s3Host };
}

function differs(claim: Claim, outcome: Outcome | undefined): Disagreement | undefined {
  if (outcome === undefined) throw new Error('the kernel was not asked');
  const seen = claim.seen(outcome);
  const words = (passes: boolean | undefined, arrives: boolean | undefined) =>
    `${arrives === undefined ? 'arrival open' : arrives ? 'arrives' : 'does not arrive'}, ${passes === undefined ? 'answer open' : passes ? 'answered' : 'not answered'}`;
  const wrong =
    (claim.passes !== undefined && claim.passes !== seen.passes) ||
    (claim.arrives !== undefined && claim.arrives !== seen.arrives);
  if (!wrong) return undefined;
  return {
    what: claim.what,
    attempt: claim.attempt,
    model: words(claim.passes, claim.arrives),
    kernel: `${words(seen.passes, seen.arrives)} (${outcome.result})`,
  };
}

function claimsOf(world: World): Claim[] {
  const state = stateOf(world);
  const vantage = vantageOf(world);
  const client = clientOf(vantage);
  const claims: Claim[] = [];
  const add = (path: Path, port: number, what: string, seen: Claim['seen'], endpointId?: string) => {
    const forward = path.gates.filter((gate) => !RETURN_GATES.has(gate.gate));
    const arrive = forward.reduce<FlowSet>((open, gate) => intersectFlows(open, gate.pass), path.asked);
    const doubt = forward.map((gate) => gate.unknown);
    for (const address of sampleAddresses(world, path.destination)) {
      const source = familyOf(address) === 4 ? client.ipv4 : client.ipv6;
      if (source === undefined) continue;
      for (const sourcePort of samplePorts(world, client)) {
        const has = (set: FlowSet) =>
          portsFor(set, address).some(({ from, to }) => from <= sourcePort && sourcePort <= to);
        const passes = has(path.unknown) ? undefined : has(path.pass);
        const arrives = endpointId === undefined || doubt.some(has) ? undefined : has(arrive);
        const attempt = { source, sourcePort, address, port };
        claims.push({ what, attempt, passes, arrives, seen, ...(endpointId === undefined ? {} : { endpointId }) });
      }
    }
  };
  const host = (outcome: Outcome) => ({
    passes: outcome.result === 'open' && outcome.reachedHost,
    arrives: outcome.reachedHost,
  });
  const services = (outcome: Outcome) => ({
    passes: outcome.result === 'open' && outcome.reachedServices,
    arrives: outcome.reachedServices,
  });
  const anywhere = (outcome: Outcome) => ({ passes: outcome.result === 'open', arrives: false });
  for (const port of TRIED_PORTS) {
    for (const endpoint of world.api.vpcEndpoints) {
      // What is not available is not a question of paths; the target's status says so, whatever the rules are.
      if (endpoint.State !== 'available') continue;
      const gateway = endpoint.VpcEndpointType === 'Gateway';
      const { destinations } = gateway
        ? gatewayDestinations(state, client, [endpoint])
        : interfaceDestinations(state, client, endpoint);
      for (const destination of destinations) {
        const path = evaluatePath(state, client, destination, port);
        const id = endpoint.VpcEndpointId;
        add(path, port, `${id} (${describe(destination)})`, gateway ? services : host, id);
      }
    }
    for (const destination of publicDestinations(state, client, PUBLIC_ADDRESSES).destinations)
      add(evaluateInternetPath(state, client, destination, port), port, 'the internet', anywhere);
  }
  return claims;
}

function describe(destination: Destination): string {
  return destination.kind === 'interface' ? destination.networkInterfaceId : destination.kind;
}

/** Everything in the world is readable here: what the model makes of refusals is its own tests' business. */
export function stateOf(world: World): State {
  return Object.fromEntries(
    SLICE_NAMES.map((name) => [name, { known: true, value: world.api[name] }]),
  ) as unknown as State;
}

export function vantageOf(world: World): Vantage {
  const own = world.api.networkInterfaces.find((found) => found.NetworkInterfaceId === world.client.networkInterfaceId);
  if (own === undefined) throw new Error('the world does not describe its client');
  const publicIp = own.Association?.PublicIp;
  return {
    ...emptyVantage('given'),
    region: world.region,
    accountId: world.accountId,
    vpcId: own.VpcId,
    subnetId: own.SubnetId,
    networkInterfaceId: own.NetworkInterfaceId,
    addresses: [own.PrivateIpAddress, own.Ipv6Addresses?.[0]?.Ipv6Address].filter((address) => address !== undefined),
    publicAddresses: publicIp === undefined ? [] : [publicIp],
    securityGroupIds: (own.Groups ?? []).flatMap((group) => group.GroupId ?? []),
    ephemeralPorts: world.client.ephemeralPorts,
  };
}

const MOST_ADDRESSES = 12;

/** An interface's address; of a set of addresses both ends of every CIDR that the world writes down inside it. */
function sampleAddresses(world: World, destination: Destination): string[] {
  if (destination.kind === 'interface') return [destination.address];
  const inside = (address: string) =>
    destination.kind === 'public'
      ? PUBLIC_ADDRESSES.some((known) => known === address)
      : world.api.prefixLists.some((list) => list.Cidrs?.some((cidr) => within(address, cidr)));
  const edges = [...new Set([...PUBLIC_ADDRESSES, ...writtenCidrs(world).flatMap(ends)])].filter(
    (address) => familyOf(address) === destination.family && inside(address),
  );
  const draw = drawFrom(edges.length);
  while (edges.length > MOST_ADDRESSES) edges.splice(draw.between(0, edges.length - 1), 1);
  return edges;
}

function writtenCidrs(world: World): string[] {
  const found = JSON.stringify(world.api).matchAll(/"([0-9a-f.:]+\/\d+)"/g);
  return [...new Set([...found].map((match) => match[1] ?? ''))];
}

/** Both ends of the range and both sides of every edge that a network ACL draws in it. */
function samplePorts(world: World, client: Client): number[] {
  const { from, to } = client.ephemeral;
  const edges = world.api.networkAcls
    .flatMap((acl) => acl.Entries ?? [])
    .flatMap(({ PortRange: range }) =>
      range?.From === undefined || range.To === undefined ? [] : [range.From - 1, range.From, range.To, range.To + 1],
    );
  const middle = from + ((from * 7919) % (to - from + 1));
  return [...new Set([from, to, middle, ...edges])].filter((port) => port >= from && port <= to);
}
