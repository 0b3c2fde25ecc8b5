/** The DNS names of a VPC endpoint as DescribeVpcEndpoints gives them: which are its own, which private, and which hosts they cover. */
import type { VpcEndpoint } from '../model/aws.ts';
import { hostOfServiceName, matchHost, offersPrivateDns } from './catalogue.ts';
import { parseServiceName } from './service-names.ts';
import type { Service } from './service-table.ts';

export type EndpointNames = {
  /** `vpce-….sts.eu-west-1.vpce.amazonaws.com`: public DNS for all interfaces; may begin with `*.` (S3) */
  readonly regional: readonly string[];
  /** the same for the interface in one zone */
  readonly zonal: readonly string[];
  /** names in the endpoint's hidden private hosted zone; may begin with `*.` */
  readonly private: readonly string[];
};

/** The names of an endpoint's DnsEntries, lower case and without trailing dots, sorted by what they are (facts.md 2.1). */
export function endpointNames(endpoint: Pick<VpcEndpoint, 'DnsEntries'>): EndpointNames {
  const names = (endpoint.DnsEntries ?? []).flatMap(({ DnsName }) => (DnsName ? [normalise(DnsName)] : []));
  const own = names.map((name) => ({ name, vpceName: matchHost(name)?.vpceName }));
  return {
    regional: own
      .filter(({ vpceName }) => vpceName !== undefined && vpceName.zone === undefined)
      .map(({ name }) => name),
    zonal: own.filter(({ vpceName }) => vpceName?.zone !== undefined).map(({ name }) => name),
    private: own.filter(({ vpceName }) => vpceName === undefined).map(({ name }) => name),
  };
}

/**
 * Whether a host is among the names that an endpoint answers to, private or its own. It says what the endpoint's records
 * cover, not what a resolver will answer: with private DNS off the entries hold no private names, with
 * PrivateDnsOnlyForInboundResolverEndpoint they exist but are not used inside the VPC.
 *
 * `*.x` covers names of any depth below x, but not x itself (RFC 4592, 2.2.1; RFC 1034, 4.3.3), unless a name between
 * the two exists: then that one is the closest encloser and the wildcard does not apply (RFC 4592, 3.3.1). A certificate's
 * wildcard is narrower: one label only.
 */
export function hostCoveredBy(host: string, endpoint: Pick<VpcEndpoint, 'DnsEntries'>): boolean {
  const wanted = normalise(host);
  const names = (endpoint.DnsEntries ?? []).flatMap(({ DnsName }) => (DnsName ? [normalise(DnsName)] : []));
  if (names.includes(wanted)) return true;
  return names.some((name) => {
    if (!name.startsWith('*.')) return false;
    const parent = name.slice(1);
    if (!wanted.endsWith(parent) || wanted.length === parent.length) return false;
    return !names.some((other) => liesBetween(other, wanted, parent));
  });
}

/**
 * The name that an endpoint is reached by. With private DNS on, the service's own name. With it off, what depends on why we
 * ask: an endpoint that the user named is reached by its vpce name, which works; among "every endpoint" the service's own name
 * is the better question, because applications call that and the finding is that private DNS is off. Services that offer
 * no private DNS have their vpce name only.
 */
export function hostOfEndpoint(
  endpoint: VpcEndpoint,
  region: string | undefined,
  accountId: string | undefined,
  named: boolean,
): string | undefined {
  const name = parseServiceName(endpoint.ServiceName ?? '');
  const usual = name === undefined || region === undefined ? undefined : hostOfServiceName(name, region, accountId);
  if (endpoint.VpcEndpointType?.toLowerCase() === 'gateway') return usual;
  const names = endpointNames(endpoint);
  const concrete = names.private.find((candidate) => !candidate.startsWith('*.'));
  const own = regionalName(names.regional, name?.service);
  if (endpoint.PrivateDnsEnabled ?? names.private.length > 0) {
    if (usual !== undefined && hostCoveredBy(usual, endpoint)) return usual;
    return concrete ?? own ?? usual;
  }
  const couldBePrivate = name?.service !== undefined && offersPrivateDns(name.service);
  if (!named && couldBePrivate && usual !== undefined) return usual;
  return own ?? concrete ?? usual;
}

/** S3 gives its own names as a wildcard, and needs a label before them: `bucket.vpce-…` (facts.md 2.4). */
export function regionalName(regional: readonly string[], service: Service | undefined): string | undefined {
  const concrete = regional.find((candidate) => !candidate.startsWith('*.'));
  if (service?.id !== 's3') return concrete;
  const wildcard = regional.find((candidate) => candidate.startsWith('*.'));
  if (wildcard !== undefined) return wildcard.replace('*', 'bucket');
  return concrete === undefined ? undefined : `bucket.${concrete}`;
}

/** Whether a record proves that a name between `parent` (with its leading dot) and the host exists. */
function liesBetween(other: string, host: string, parent: string): boolean {
  if (!other.endsWith(parent) || other.startsWith('*.')) return false;
  const nearestBelow = other.slice(0, -parent.length).split('.').at(-1);
  return host === `${nearestBelow}${parent}` || host.endsWith(`.${nearestBelow}${parent}`);
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
