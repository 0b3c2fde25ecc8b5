/**
 * DNS questions beyond the host's own: each is asked only where its answer can still tell causes apart. The host itself, at
 * every configured resolver and at the VPC's, is asked in plan.ts.
 */
import { type Evidence, type NameAnswer, searchNames } from '../../checks/evidence.ts';
import { type DnsObservation, type DnsProbe, type DnsSubject, probeId } from '../../model/observation.ts';
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { chooseEndpoint } from '../../network/endpoints.ts';
import { isVpcResolver, vpcResolverAddresses } from '../../network/resolution.ts';
import { endpointNames, regionalName } from '../../services/endpoint-names.ts';
import { parseServiceName } from '../../services/service-names.ts';

type Server = { readonly address: string; readonly port: number };

/** Outcomes that are no answer to the question, whatever is asked next. */
const NO_ANSWER = new Set<DnsObservation['outcome']>([
  'timeout',
  'refused',
  'unreachable',
  'prohibited',
  'malformed',
  'failed',
]);

/** An endpoint has one zonal name per subnet, and more than six zones are nowhere. */
const MOST_ENDPOINT_NAMES = 7;

/**
 * Names beside the target's host.
 * @param own addresses of the endpoint's interfaces, as far as they could be read
 */
export function namesBeside(
  input: { readonly vantage: Vantage; readonly state: State },
  target: Target,
  evidence: Evidence,
  own: readonly string[],
): DnsProbe[] {
  const host = target.host;
  if (host === undefined) return [];
  return [
    ...searched(input.vantage, host, evidence),
    ...parents(host, evidence),
    ...endpointsOwn(input, target, evidence, own),
  ];
}

/** With fewer dots than `ndots` the search list comes before the name itself: what it answers is what applications use. */
function searched(vantage: Vantage, host: string, evidence: Evidence): DnsProbe[] {
  const [server] = vantage.resolvers;
  if (server === undefined) return [];
  return searchNames(vantage, host).map((name) =>
    ask(
      name,
      server,
      idsOf(evidence.system),
      `with ndots ${vantage.ndots} resolver libraries try the search list first`,
    ),
  );
}

/**
 * NXDOMAIN for a name whose parent exists is a zone without the record: a private zone, an endpoint's included, owns every
 * name below its apex (facts.md 2.3). The SOA record of the answer names the zone.
 */
function parents(host: string, evidence: Evidence): DnsProbe[] {
  const denied = unique([...evidence.configured, ...(evidence.vpc === undefined ? [] : [evidence.vpc])]).filter(
    (answer) => answer.outcome === 'nxdomain',
  );
  return denied.flatMap((answer) => {
    const authority = answer.observations.flatMap((one) => one.detail.authority);
    const zones = authority.filter((record) => record.type === 'SOA').map((record) => lower(record.name));
    const parent = lower(host).split('.').slice(1).join('.');
    // Above its last two labels a public name says nothing about a VPC.
    const names = [parent, ...zones].filter((name) => lower(host).endsWith(`.${name}`) && name.split('.').length > 2);
    return [...new Set(names)].map((name) =>
      ask(
        name,
        serverOf(answer),
        idsOf(answer),
        'NXDOMAIN: does the name above it exist there, so that a zone hides this one',
      ),
    );
  });
}

/** The endpoint's own names lead to its interfaces whatever private DNS does: so they tell the name's fault from the endpoint's. */
function endpointsOwn(
  { vantage, state }: { readonly vantage: Vantage; readonly state: State },
  target: Target,
  evidence: Evidence,
  own: readonly string[],
): DnsProbe[] {
  const asked = evidence.configured.length > 0 || evidence.vpc !== undefined;
  const choice = chooseEndpoint(state, vantage.vpcId, target);
  if (!asked || choice === undefined || choice.way === 'gateway' || choice.way === 'named') return [];
  const leads = [...evidence.addresses, ...(evidence.vpc?.addresses ?? [])].some((address) => own.includes(address));
  const mismatch = evidence.all.some((one) => one.rung === 'tls' && one.outcome === 'name-mismatch');
  if (own.length > 0 ? leads && !mismatch : !inTrouble(evidence)) return [];
  const answering = [evidence.system, evidence.vpc].find(
    (answer) => answer !== undefined && !NO_ANSWER.has(answer.outcome),
  );
  if (answering === undefined) return [];
  const [endpoint] = choice.endpoints;
  const names = endpointNames(endpoint);
  const regional = regionalName(names.regional, parseServiceName(endpoint.ServiceName ?? '')?.service);
  const zonal = names.zonal.map((name) => name.replace(/^\*\./, 'bucket.'));
  return [...new Set([...(regional === undefined ? [] : [regional]), ...zonal])]
    .slice(0, MOST_ENDPOINT_NAMES)
    .map((name) =>
      ask(
        name,
        serverOf(answering),
        idsOf(answering),
        'the name does not show the endpoint’s addresses; the endpoint’s own name does, private DNS or not',
      ),
    );
}

/** Something about the target has failed already, or its name gives nothing. */
function inTrouble(evidence: Evidence): boolean {
  if (evidence.addresses.length === 0) return true;
  return evidence.addresses.some((address) => {
    const bad = [
      evidence.tcp(address).some((one) => one.outcome !== 'open'),
      evidence.tls(address).some((one) => one.outcome !== 'trusted'),
    ];
    return bad.includes(true);
  });
}

/** Questions put again to one resolver: of each resolver's failed questions, and of those that it answered. */
const MOST_QUESTIONS = 2;
/** A question that failed is asked four times more: a resolver that drops every second packet then shows itself 15 times in 16. */
const ATTEMPTS = 5;
/** With `--repeat`, packets to one resolver are no load test: it has a budget of 1024 a second (facts.md 2.2). */
const MOST_ATTEMPTS = 20;

/**
 * Questions about the resolvers themselves, over all targets at once: a resolver is shared.
 * @param primary the primary CIDR of the client's VPC
 */
export function resolverExperiments(
  input: {
    readonly targets: readonly Target[];
    readonly vantage: Vantage;
    readonly observations: readonly DnsObservation[];
    readonly repeat: number;
  },
  primary: string | undefined,
  hasIpv6: boolean,
): DnsProbe[] {
  const hosts = [...new Set(input.targets.flatMap((target) => target.host?.toLowerCase() ?? []))];
  const first = input.observations.filter(
    (one) =>
      one.subject.transport === 'udp' &&
      one.subject.attempt === undefined &&
      one.outcome !== 'skipped' &&
      hosts.includes(one.subject.name.toLowerCase()),
  );
  const servers = [...new Map(first.map((one) => [serverKey(one.subject), one.subject])).values()];
  return [
    ...servers.flatMap((server) => {
      const own = first.filter((one) => serverKey(one.subject) === serverKey(server));
      return [...overTcp(own), ...again(own), ...repeated(input, own)];
    }),
    ...otherVpcAddresses(hosts, first, primary, hasIpv6),
  ];
}

/** Silence over UDP: a filter that lets only one of the two transports through shows itself, and large answers need TCP. */
function overTcp(observations: readonly DnsObservation[]): DnsProbe[] {
  return observations
    .filter((one) => one.subject.type === 'A' && ['timeout', 'malformed', 'refused'].includes(one.outcome))
    .slice(0, MOST_QUESTIONS)
    .map((one) => vary(one, { transport: 'tcp' }, 'silent over UDP: does the resolver answer over TCP'));
}

/** One resolver, one question answered and another not: by chance, or always this one? Repeating tells. */
function again(observations: readonly DnsObservation[]): DnsProbe[] {
  const failed = observations.filter((one) => one.outcome === 'timeout' || one.outcome === 'servfail');
  const answered = observations.filter((one) => !NO_ANSWER.has(one.outcome) && one.outcome !== 'servfail');
  if (failed.length === 0 || answered.length === 0) return [];
  return [...failed.slice(0, MOST_QUESTIONS), ...answered.slice(0, 1)].flatMap((one) =>
    attempts(ATTEMPTS).map((attempt) =>
      vary(
        one,
        { attempt },
        'the resolver answered one question and not another: asked again, to see whether it is chance',
      ),
    ),
  );
}

function repeated(
  input: { readonly repeat: number; readonly vantage: Vantage },
  own: readonly DnsObservation[],
): DnsProbe[] {
  const configured = input.vantage.resolvers.map(({ address, port }) => `${address} ${port}`);
  return own
    .filter((one) => one.subject.type === 'A' && configured.includes(serverKey(one.subject)))
    .slice(0, MOST_QUESTIONS)
    .flatMap((one) =>
      attempts(Math.min(input.repeat, MOST_ATTEMPTS)).map((attempt) =>
        vary(one, { attempt }, 'the same question again (--repeat)'),
      ),
    );
}

/**
 * The VPC's resolver has several addresses. Where the one that was asked is silent, one question to each of the others tells
 * a resolver that is off from an address that cannot be reached; an address that answers is then asked everything.
 */
function otherVpcAddresses(
  hosts: readonly string[],
  first: readonly DnsObservation[],
  primary: string | undefined,
  hasIpv6: boolean,
): DnsProbe[] {
  const ofVpc = first.filter((one) => isVpcResolver(one.subject.server, primary));
  const isSilent = (server: string) =>
    ofVpc.filter((one) => one.subject.server === server).every((one) => NO_ANSWER.has(one.outcome));
  const start = ofVpc.find((one) => isSilent(one.subject.server));
  if (start === undefined) return [];
  const addresses = vpcResolverAddresses(primary).filter((address) => hasIpv6 || !address.includes(':'));
  return addresses.flatMap((server) => {
    const asked = ofVpc.some((one) => one.subject.server === server);
    if (asked && isSilent(server)) return [];
    return (asked ? hosts : [start.subject.name]).flatMap((name) =>
      (['A', 'AAAA'] as const).map((type) =>
        vary(
          ofVpc.find((one) => one.subject.name.toLowerCase() === name && isSilent(one.subject.server)) ?? start,
          { name, type, server, port: 53 },
          'the VPC’s resolver is silent at one of its addresses: it has others',
        ),
      ),
    );
  });
}

function attempts(most: number): number[] {
  return Array.from({ length: Math.max(0, most - 1) }, (_, i) => i + 2);
}

function vary(one: DnsObservation, change: Partial<DnsSubject>, why: string): DnsProbe {
  const subject: DnsSubject = { ...one.subject, ...change };
  return { id: probeId('dns', subject), rung: 'dns', subject, after: [one.id], why };
}

function ask(name: string, { address: server, port }: Server, after: readonly string[], why: string): DnsProbe {
  const subject: DnsSubject = { name, type: 'A', server, port, transport: 'udp' };
  return { id: probeId('dns', subject), rung: 'dns', subject, after, why };
}

function serverOf(answer: NameAnswer): Server {
  const subject = answer.observations[0]?.subject;
  return { address: answer.server, port: subject?.port ?? 53 };
}

function idsOf(answer: NameAnswer | undefined): string[] {
  return (answer?.observations ?? []).map((one) => one.id);
}

function serverKey({ server, port }: DnsSubject): string {
  return `${server} ${port}`;
}

function unique(answers: readonly NameAnswer[]): NameAnswer[] {
  return [...new Set(answers)];
}

function lower(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
