/** What the network answered, as one target sees it: views on the run's observations. */
import type {
  DnsObservation,
  HttpsObservation,
  Observation,
  TcpObservation,
  TlsObservation,
} from '../model/observation.ts';
import { socketAddress } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressesByFamily, cidrSet, containsAddress } from '../network/addresses.ts';
import { hostsEntries, isVpcResolver } from '../network/resolution.ts';

/** One resolver's answers for the target's host, both families. */
export type NameAnswer = {
  readonly server: string;
  /** `answered` when either family gave an address; else the A question's outcome */
  readonly outcome: DnsObservation['outcome'];
  readonly addresses: readonly string[];
  readonly cnames: readonly string[];
  readonly observations: readonly DnsObservation[];
};

export type Evidence = {
  /** whether packets were sent at all in this run */
  readonly probed: boolean;
  /** every observation that concerns the target's host or its addresses */
  readonly all: readonly Observation[];
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
  const dns = observations.filter(
    (one): one is DnsObservation =>
      one.rung === 'dns' && one.subject.name.toLowerCase() === host && one.outcome !== 'skipped',
  );
  const servers = [...new Set(dns.map((one) => socketAddress(one.subject.server, one.subject.port)))];
  const answers = servers.map((server) =>
    nameAnswer(dns.filter((one) => socketAddress(one.subject.server, one.subject.port) === server)),
  );
  const configured = vantage.resolvers.flatMap((resolver) =>
    answers.filter((answer) => answer.server === resolver.address),
  );
  // glibc asks the next resolver after silence, SERVFAIL and REFUSED; NXDOMAIN and an empty answer are answers.
  const system =
    configured.find((answer) => ['answered', 'no-data', 'nxdomain'].includes(answer.outcome)) ?? configured[0];
  const vpc = answers.find((answer) => isVpcResolver(answer.server, primaryCidr));
  const pinned = host === undefined ? [] : hostsEntries(vantage, host).map((entry) => entry.address);
  const resolved = target.address !== undefined ? [target.address] : (system?.addresses ?? vpc?.addresses ?? []);
  const addresses = target.address === undefined && pinned.length > 0 ? pinned : resolved;
  const at = <R extends 'tcp' | 'tls' | 'https'>(rung: R, address: string) =>
    observations.filter(
      (one): one is Extract<Observation, { rung: R }> =>
        one.rung === rung &&
        one.outcome !== 'skipped' &&
        one.subject.address === address &&
        one.subject.port === target.port &&
        (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host),
    );
  const all = observations.filter((one) =>
    one.rung === 'dns'
      ? one.subject.name.toLowerCase() === host
      : one.subject.port === target.port &&
        (one.rung === 'tcp' || host === undefined || one.subject.serverName.toLowerCase() === host),
  );
  return {
    probed,
    all,
    pinned,
    system,
    configured,
    vpc,
    addresses,
    resolved,
    tcp: (address) => at('tcp', address),
    tls: (address) => at('tls', address),
    https: (address) => at('https', address),
  };
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

function nameAnswer(observations: readonly DnsObservation[]): NameAnswer {
  const a = observations.find((one) => one.subject.type === 'A');
  const first = a ?? observations[0];
  const addresses = observations.flatMap((one) => one.detail.addresses);
  const { ipv4, ipv6 } = addressesByFamily(addresses);
  const answered = observations.some((one) => one.outcome === 'answered');
  return {
    server: first?.subject.server ?? '',
    outcome: answered ? 'answered' : (first?.outcome ?? 'failed'),
    addresses: [...new Set([...ipv4, ...ipv6])],
    cnames: [...new Set(observations.flatMap((one) => one.detail.cnames))],
    observations,
  };
}
