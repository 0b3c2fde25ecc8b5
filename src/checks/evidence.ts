/** What the network answered, as one target sees it: views on the run's observations. */
import type {
  DnsObservation,
  HttpsObservation,
  Observation,
  TcpObservation,
  TlsObservation,
  Transport,
} from '../model/observation.ts';
import { isExperiment, socketAddress } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressesByFamily, cidrSet, containsAddress } from '../network/addresses.ts';
import { hostsEntries, isVpcResolver } from '../network/resolution.ts';

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
  readonly tcp: (address: string) => readonly TcpObservation[];
  readonly tls: (address: string) => readonly TlsObservation[];
  readonly https: (address: string) => readonly HttpsObservation[];
  /** handshakes with other ClientHellos than Node's own */
  readonly hellos: (address: string) => readonly TlsObservation[];
  /** requests that fill segments, or that need another ClientHello to get there */
  readonly requests: (address: string) => readonly HttpsObservation[];
};

/**
 * @param primaryCidr the primary CIDR of the client's VPC, to know the VPC resolver's address
 */
export function evidenceFor(
  observations: readonly Observation[],
  probed: boolean,
  vantage: Vantage,
  target: Target,
  primaryCidr: string | undefined,
): Evidence {
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
  const at = <R extends 'tcp' | 'tls' | 'https'>(rung: R, address: string, experiment = false) =>
    observations.filter(
      (one): one is Extract<Observation, { rung: R }> =>
        one.rung === rung &&
        isExperiment(one) === experiment &&
        one.outcome !== 'skipped' &&
        one.subject.address === address &&
        one.subject.port === target.port &&
        (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host),
    );
  const concerning = observations.filter((one) =>
    one.rung === 'dns'
      ? one.subject.name.toLowerCase() === host
      : one.subject.port === target.port &&
        (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host),
  );
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
    tcp: (address) => at('tcp', address),
    tls: (address) => at('tls', address),
    https: (address) => at('https', address),
    hellos: (address) => at('tls', address, true),
    requests: (address) => at('https', address, true),
  };
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
export function leadsInside(evidence: Evidence, vantage: Pick<Vantage, 'vpcCidrs'>): boolean {
  const inside = [...PRIVATE, ...cidrSet(vantage.vpcCidrs)];
  return evidence.addresses.length > 0 && evidence.addresses.every((address) => containsAddress(inside, address));
}

/** Whether the client would use public addresses only. */
export function leadsOutside(evidence: Pick<Evidence, 'addresses'>, vantage: Pick<Vantage, 'vpcCidrs'>): boolean {
  const inside = [...PRIVATE, ...cidrSet(vantage.vpcCidrs)];
  return evidence.addresses.length > 0 && evidence.addresses.every((address) => !containsAddress(inside, address));
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
