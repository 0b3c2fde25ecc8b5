/** What the network answered, as one target sees it: views on the run's observations. */
import type { Denial } from '../model/denial.ts';
import type {
  AccessObservation,
  DnsObservation,
  HttpsObservation,
  Observation,
  ProxyObservation,
  TcpObservation,
  TlsObservation,
  Transport,
} from '../model/observation.ts';
import { isExperiment, socketAddress, UNASKED } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressesByFamily, cidrSet, containsAddress, familyOf } from '../network/addresses.ts';
import { overrideOf, type UrlOverride } from '../network/endpoint-url.ts';
import { type ProxyChoice, proxyOf } from '../network/proxy-choice.ts';
import { hostsEntries, isVpcResolver } from '../network/resolution.ts';
import { searchCandidates } from '../network/search-list.ts';

/** One resolver's answers for a name, both families. */
export type NameAnswer = {
  readonly server: string;
  readonly transport: Transport;
  /** 1, or more where the same question was asked again */
  readonly attempt: number;
  /** `answered` when either family gave an address; else the A question's outcome */
  readonly outcome: DnsObservation['outcome'];
  readonly addresses: readonly string[];
  readonly cnames: readonly string[];
  readonly observations: readonly DnsObservation[];
};

/** The proxy that the environment names for the target, and what it did when it was asked. */
export type ProxyEvidence = ProxyChoice & {
  /** addresses of the proxy's name; the name itself where it is an address */
  readonly addresses: readonly string[];
  /** lookups of its name at the client's resolvers */
  readonly lookups: readonly DnsObservation[];
  readonly attempts: readonly ProxyObservation[];
};

/** The URL that the SDKs are told to use for the target's service, and what is known of its host. */
export type OverrideEvidence = UrlOverride & {
  readonly addresses: readonly string[];
  readonly observations: readonly Observation[];
};

/** A refusal in a service's own words. */
export type DenialEvidence = {
  readonly denial: Denial;
  /** the answer that has them; absent where they were pasted */
  readonly observation?: HttpsObservation | AccessObservation | undefined;
};

export type Evidence = {
  /** whether packets were sent at all in this run */
  readonly probed: boolean;
  /** every observation that concerns the target's host or its addresses, as an application would meet it */
  readonly all: readonly Observation[];
  /**
   * what only an experiment asks: the host's questions again or over TCP, and names that stand beside it (its parent, its
   * search list, its endpoint's own names), other ClientHellos, requests that fill segments. Judged like the others, but their failing is no failure of the target.
   */
  readonly experiments: readonly Observation[];
  /** every answer of the run for any name, one for each resolver, transport and attempt; experiments included */
  readonly answersFor: (name: string) => readonly NameAnswer[];
  /** the hosts file's addresses for the host */
  readonly pinned: readonly string[];
  /** what the client's own resolver list leads to: the first configured resolver that gives a usable answer */
  readonly system: NameAnswer | undefined;
  /** every configured resolver, in order */
  readonly configured: readonly NameAnswer[];
  /** the VPC resolver's answer, when it was asked */
  readonly vpc: NameAnswer | undefined;
  /** addresses that the client would use: pinned ones, else the system answer's */
  readonly addresses: readonly string[];
  /** what the resolvers say, whatever the hosts file pins: what the client would use once it pins no more */
  readonly resolved: readonly string[];
  /** undefined where no proxy variable applies */
  readonly proxy: ProxyEvidence | undefined;
  /** undefined where no endpoint URL is configured for the target's service */
  readonly override: OverrideEvidence | undefined;
  readonly tcp: (address: string) => readonly TcpObservation[];
  readonly tls: (address: string) => readonly TlsObservation[];
  readonly https: (address: string) => readonly HttpsObservation[];
  /** handshakes with other ClientHellos than Node's own */
  readonly hellos: (address: string) => readonly TlsObservation[];
  /** requests that fill segments, or that need another ClientHello to get there */
  readonly requests: (address: string) => readonly HttpsObservation[];
  /** signed requests to the address */
  readonly access: (address: string) => readonly AccessObservation[];
  /** every refusal that is known: of signed requests and others, in the order in which they were made, then pasted ones */
  readonly denials: readonly DenialEvidence[];
};

/**
 * @param primaryCidr the primary CIDR of the client's VPC, to know the VPC resolver's address
 */
export function evidenceFor(
  made: readonly Observation[],
  probed: boolean,
  vantage: Vantage,
  target: Target,
  primaryCidr: string | undefined,
): Evidence {
  const observations = withSilence(made);
  const host = target.host?.toLowerCase();
  const answersFor = (name: string) =>
    nameAnswers(
      observations.filter(
        (one): one is DnsObservation =>
          one.rung === 'dns' && one.subject.name.toLowerCase() === name.toLowerCase() && one.outcome !== 'skipped',
      ),
    );
  // A resolver library asks over UDP and takes silence for an answer: what TCP or another try brings, it never sees.
  const answers =
    host === undefined ? [] : answersFor(host).filter((answer) => answer.transport === 'udp' && answer.attempt === 1);
  const configured = vantage.resolvers.flatMap((resolver) =>
    answers.filter((answer) => answer.server === resolver.address),
  );
  // glibc asks the next resolver after silence, SERVFAIL and REFUSED; NXDOMAIN and an empty answer are answers.
  const system =
    configured.find((answer) => ['answered', 'no-data', 'nxdomain'].includes(answer.outcome)) ?? configured[0];
  // The VPC's resolver has several addresses; one that answers speaks for all.
  const ofVpc = answers.filter((answer) => isVpcResolver(answer.server, primaryCidr));
  const vpc = ofVpc.find((answer) => answer.outcome !== 'timeout') ?? ofVpc[0];
  const pinned = host === undefined ? [] : hostsEntries(vantage, host).map((entry) => entry.address);
  const resolved = target.address !== undefined ? [target.address] : (system?.addresses ?? vpc?.addresses ?? []);
  const addresses = target.address === undefined && pinned.length > 0 ? pinned : resolved;
  const at = <R extends 'tcp' | 'tls' | 'https' | 'access'>(rung: R, address: string, experiment = false) =>
    observations.filter(
      (one): one is Extract<Observation, { rung: R }> =>
        one.rung === rung &&
        isExperiment(one) === experiment &&
        one.outcome !== 'skipped' &&
        one.subject.address === address &&
        one.subject.port === target.port &&
        (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host),
    );
  const proxy = proxyEvidence(observations, vantage, target);
  const override = overrideEvidence(observations, vantage, target);
  const beside = new Set<Observation>([
    ...(proxy?.lookups ?? []),
    ...(proxy?.attempts ?? []),
    ...(override?.observations ?? []),
  ]);
  const concerning = observations.filter((one) => {
    if (beside.has(one)) return true;
    switch (one.rung) {
      case 'dns':
        return one.subject.name.toLowerCase() === host;
      case 'proxy':
        return false;
      // The machine's own: it concerns every target.
      case 'metadata':
        return true;
      default:
        return (
          one.subject.port === target.port &&
          (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host)
        );
    }
  });
  const own = new Set(concerning.map((one) => one.id));
  const all = concerning.filter((one) => !isExperiment(one));
  const experiments = observations.filter((one) => {
    if (one.outcome === 'skipped') return false;
    if (own.has(one.id)) return isExperiment(one);
    if (one.rung !== 'dns' || host === undefined) return false;
    const name = one.subject.name.toLowerCase();
    return host.endsWith(`.${name}`) || name.startsWith(`${host}.`) || one.after.some((id) => own.has(id));
  });
  return {
    probed,
    all,
    experiments,
    answersFor,
    pinned,
    system,
    configured,
    vpc,
    addresses,
    resolved,
    proxy,
    override,
    tcp: (address) => at('tcp', address),
    tls: (address) => at('tls', address),
    https: (address) => at('https', address),
    hellos: (address) => at('tls', address, true),
    requests: (address) => at('https', address, true),
    access: (address) => at('access', address),
    denials: [
      ...all.flatMap((one): DenialEvidence[] =>
        (one.rung === 'https' || one.rung === 'access') && one.detail.denial !== undefined
          ? [{ denial: one.detail.denial, observation: one }]
          : [],
      ),
      ...(target.denials ?? []).map((denial) => ({ denial })),
    ],
  };
}

const read = new WeakMap<readonly Observation[], readonly Observation[]>();

/**
 * A question that was not asked, because its server answered none of those before, counts as one that it did not answer:
 * the target shares that server's silence.
 */
function withSilence(observations: readonly Observation[]): readonly Observation[] {
  const known = read.get(observations);
  if (known !== undefined) return known;
  const unasked = (one: Observation): one is DnsObservation =>
    one.rung === 'dns' && one.outcome === 'skipped' && one.detail.failure?.code === UNASKED;
  const all = observations.some(unasked)
    ? observations.map((one) => (unasked(one) ? { ...one, outcome: 'timeout' as const } : one))
    : observations;
  read.set(observations, all);
  return all;
}

/**
 * The names that a resolver library tries before the host itself, because it has fewer dots than `ndots` (resolv.conf(5)).
 * Empty on most hosts: `ndots` is 1; Kubernetes sets 5.
 */
export function searchNames(vantage: Pick<Vantage, 'searchDomains' | 'ndots'>, host: string): string[] {
  if (host.endsWith('.') || host.split('.').length - 1 >= vantage.ndots) return [];
  return vantage.searchDomains.map((domain) => `${host}.${domain.replace(/^\.|\.$/g, '')}`);
}

/** Private ranges of every kind: an answer here is nobody's public service. Whether it is this VPC's is another question. */
const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** Whether every address that the client would use is private, or inside one of these CIDRs. */
export function leadsToPrivate(evidence: Evidence, vantage: Pick<Vantage, 'vpcCidrs'>): boolean {
  const inside = [...PRIVATE, ...cidrSet(vantage.vpcCidrs)];
  return evidence.addresses.length > 0 && evidence.addresses.every((address) => containsAddress(inside, address));
}

/** Whether the client would use public addresses only. */
export function leadsToPublic(evidence: Pick<Evidence, 'addresses'>, vantage: Pick<Vantage, 'vpcCidrs'>): boolean {
  const inside = [...PRIVATE, ...cidrSet(vantage.vpcCidrs)];
  return evidence.addresses.length > 0 && evidence.addresses.every((address) => !containsAddress(inside, address));
}

/**
 * Whether every program that heeds the environment reaches the target through the proxy: the tunnel opens, and a trusted
 * certificate answers at its end.
 */
export function proxyCarries({ proxy }: Pick<Evidence, 'proxy'>): boolean {
  return (
    goesByProxy({ proxy }) &&
    proxy?.attempts.some((one) => one.outcome === 'established' && one.detail.tls?.outcome === 'trusted') === true
  );
}

/** Whether every program that heeds the environment goes to a proxy for the target. */
export function goesByProxy({ proxy }: Pick<Evidence, 'proxy'>): boolean {
  return proxy?.variable === 'HTTPS_PROXY' && proxy.past.length === 0;
}

/** The connections to the addresses that the client would use, as the packets alone show them. */
export function connectionsTo(evidence: Evidence): {
  readonly silent: readonly string[];
  readonly open: readonly string[];
} {
  const outcome = (address: string, wanted: TcpObservation['outcome']) =>
    evidence.tcp(address).some((one) => one.subject.localPort === undefined && one.outcome === wanted);
  return {
    silent: evidence.addresses.filter((address) => outcome(address, 'timeout')),
    open: evidence.addresses.filter((address) => outcome(address, 'open')),
  };
}

function proxyEvidence(
  observations: readonly Observation[],
  vantage: Vantage,
  target: Target,
): ProxyEvidence | undefined {
  const choice = proxyOf(vantage, target);
  if (choice === undefined) return undefined;
  const { place } = choice;
  const lookups = place === undefined ? [] : lookupsOf(observations, vantage, place.host);
  const wanted = (target.host ?? target.address ?? '').toLowerCase();
  const attempts = observations.filter(
    (one): one is ProxyObservation =>
      one.rung === 'proxy' &&
      one.outcome !== 'skipped' &&
      one.subject.host.toLowerCase() === wanted &&
      one.subject.hostPort === target.port,
  );
  return { ...choice, lookups, attempts, addresses: addressesFor(place?.host, vantage, lookups) };
}

function overrideEvidence(
  observations: readonly Observation[],
  vantage: Vantage,
  target: Target,
): OverrideEvidence | undefined {
  const override = overrideOf(vantage, target);
  if (override === undefined) return undefined;
  const lookups = lookupsOf(observations, vantage, override.host);
  const addresses = addressesFor(override.host, vantage, lookups);
  const connections = observations.filter(
    (one) =>
      one.rung === 'tcp' &&
      one.outcome !== 'skipped' &&
      one.subject.port === override.port &&
      addresses.includes(one.subject.address),
  );
  return { ...override, addresses, observations: [...lookups, ...connections] };
}

/**
 * What the client's own resolvers said of a name beside the target's, through the search list: the answers for the first candidate
 * that has any, else all that was said.
 */
function lookupsOf(observations: readonly Observation[], vantage: Vantage, name: string): DnsObservation[] {
  const asked = searchCandidates(vantage, name).map((candidate) =>
    observations.filter(
      (one): one is DnsObservation =>
        one.rung === 'dns' &&
        one.outcome !== 'skipped' &&
        one.subject.name.toLowerCase() === candidate.toLowerCase() &&
        vantage.resolvers.some((resolver) => resolver.address === one.subject.server),
    ),
  );
  return asked.find((own) => own.some((one) => one.outcome === 'answered')) ?? asked.flat();
}

function addressesFor(name: string | undefined, vantage: Vantage, lookups: readonly DnsObservation[]): string[] {
  if (name === undefined) return [];
  if (familyOf(name) !== undefined) return [name];
  // RFC 6761: no resolver is asked for this name.
  if (name === 'localhost') return ['127.0.0.1'];
  const pinned = hostsEntries(vantage, name).map((entry) => entry.address);
  const found = pinned.length > 0 ? pinned : [...new Set(lookups.flatMap((one) => one.detail.addresses))];
  // A machine without IPv6 never uses such an answer.
  return found.filter((address) => familyOf(address) === 4 || vantage.addresses.some((own) => familyOf(own) === 6));
}

/** One for each resolver, transport and attempt, in the order in which they were asked. */
function nameAnswers(observations: readonly DnsObservation[]): NameAnswer[] {
  const groups = new Map<string, DnsObservation[]>();
  for (const one of observations) {
    const { server, port, transport, attempt = 1 } = one.subject;
    const key = `${socketAddress(server, port)} ${transport} ${attempt}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map(nameAnswer);
}

function nameAnswer(observations: readonly DnsObservation[]): NameAnswer {
  const a = observations.find((one) => one.subject.type === 'A');
  const first = a ?? observations[0];
  const addresses = observations.flatMap((one) => one.detail.addresses);
  const { ipv4, ipv6 } = addressesByFamily(addresses);
  const answered = observations.some((one) => one.outcome === 'answered');
  return {
    server: first?.subject.server ?? '',
    transport: first?.subject.transport ?? 'udp',
    attempt: first?.subject.attempt ?? 1,
    outcome: answered ? 'answered' : (first?.outcome ?? 'failed'),
    addresses: [...new Set([...ipv4, ...ipv6])],
    cnames: [...new Set(observations.flatMap((one) => one.detail.cnames))],
    observations,
  };
}
