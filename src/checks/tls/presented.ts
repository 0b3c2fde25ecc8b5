/** What the causes about certificates share: the chains that were presented, and whether the right authority signed them. */
import type { Certificate, Observation, TlsObservation } from '../../model/observation.ts';
import type { Because } from '../../model/report.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { namesCover } from '../../network/endpoints.ts';
import { isAmazonAuthority, shortName } from '../../services/amazon-trust.ts';
import { matchHost } from '../../services/catalogue.ts';
import { partitionOfRegion } from '../../services/partitions.ts';
import { CUSTOM_SERVICE_ID } from '../../services/service-table.ts';
import { type Evidence, leadsToPublic } from '../evidence.ts';

/** Handshakes with the target's name that brought a certificate, whatever was wrong with it. */
export function presentedTo(target: Target, evidence: Evidence): TlsObservation[] {
  if (target.host === undefined) return [];
  return evidence.all.filter((one): one is TlsObservation => one.rung === 'tls' && one.detail.chain.length > 0);
}

/** Whether one of Amazon's authorities signed the chain, by its own account. */
export function signedByAmazon({ detail }: TlsObservation): boolean {
  return detail.chain.some((certificate) => isAmazonAuthority(certificate.issuer));
}

/**
 * Whose signature a target's certificate must bear. `amazon`: AWS's own services, on whose certificates Amazon Trust Services
 * signs (https://aws.amazon.com/blogs/security/how-to-prepare-for-aws-move-to-its-own-certificate-authority/); `public`: in
 * China other public authorities do; `any`: a partner's service or a name that is not AWS's may have a private authority, and
 * the isolated partitions have one of their own.
 */
export function expectedSigner(target: Target): 'amazon' | 'public' | 'any' {
  const match = target.host === undefined ? undefined : matchHost(target.host);
  // A name of the customer's own on an AWS service (a custom domain) has whatever certificate the customer chose.
  if (match?.service === undefined || match.service.id === CUSTOM_SERVICE_ID) return 'any';
  if (OTHER_AUTHORITIES.has(match.service.id)) return 'any';
  const region = target.region ?? match.region;
  const partition = region === undefined ? match.partition : partitionOfRegion(region).id;
  if (partition.startsWith('aws-iso')) return 'any';
  return partition === 'aws-cn' ? 'public' : 'amazon';
}

/**
 * IoT's older endpoints have VeriSign's signature (https://docs.aws.amazon.com/iot/latest/developerguide/server-authentication.html);
 * a Transfer Family server has the certificate that its owner gave it.
 */
const OTHER_AUTHORITIES = new Set(['iot.data', 'iot.credentials', 'transfer.server']);

/**
 * Whether somebody else than the service's authority signed the chain. A chain that leads to a public root which Node
 * carries is never held against anybody: a service may have changed its authority.
 */
export function signedByStranger(one: TlsObservation, target: Target): boolean {
  const expected = expectedSigner(target);
  if (expected === 'any' || signedByAmazon(one)) return false;
  if (one.outcome === 'untrusted' || one.detail.anchor === 'added') return true;
  return expected === 'amazon' && (one.outcome === 'expired' || one.outcome === 'not-yet-valid');
}

/** The chain in a sentence: subject and issuer of the leaf, and the authority at its end. */
export function chainWords(chain: readonly Certificate[]): string {
  const [leaf] = chain;
  const last = chain.at(-1);
  if (leaf === undefined || last === undefined) return 'no certificate';
  if (leaf.issuer === leaf.subject) return `certificate ${leaf.subject}, which signed itself`;
  const end = last.issuer === leaf.issuer ? '' : `, which leads to ${last.issuer}`;
  return `certificate ${leaf.subject}, signed by ${leaf.issuer}${end}`;
}

/** The authority that signed the leaf, in short; of a self-signed certificate itself. */
export function signerName({ detail }: TlsObservation): string {
  const [leaf] = detail.chain;
  return leaf === undefined ? '?' : shortName(leaf.issuer);
}

/** Ids of AWS services that the names on a certificate belong to; names that are not AWS's say nothing. */
export function servicesNamedBy(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => matchHost(name.replace(/^\*\./, 'any.'))?.service?.id ?? []))];
}

/** The dates of every certificate of the chain hold at this time; a date that cannot be read holds never. */
export function inDateAt(chain: readonly Certificate[], time: number): boolean {
  return chain.every(({ validFrom, validTo }) => Date.parse(validFrom) <= time && time <= Date.parse(validTo));
}

/**
 * Whether some trust store of this machine may lack Amazon's roots: one was read without them, or could not be read. Node's
 * extra certificates only add to what Node has, so they lack nothing.
 */
export function storesLackAmazon(vantage: Vantage): boolean {
  const stores = vantage.trustStores ?? [];
  return stores.some((store) => store.source !== 'NODE_EXTRA_CA_CERTS' && store.amazonRoots.length === 0);
}

/** Whether a certificate lacks the name, also where the outcome names another of its faults. */
export function lacksName({ outcome, detail }: TlsObservation, host: string): boolean {
  if (outcome === 'name-mismatch') return true;
  return outcome !== 'trusted' && !namesCover(detail.chain[0]?.subjectAlternativeNames ?? [], host);
}

/**
 * Whether the names on a certificate are those of AWS services, and the one that was called is not among them. They can be read
 * whatever else is wrong with it; an outcome names one fault only.
 */
export function namesAnotherService({ outcome, detail }: TlsObservation, service: string): boolean {
  if (outcome === 'trusted') return false;
  const services = servicesNamedBy(detail.chain[0]?.subjectAlternativeNames ?? []);
  return services.length > 0 && !services.includes(service);
}

/** What each observation shows, each thing once: two interfaces of an endpoint usually show the same. */
export function becauseOf<O extends Observation>(seen: readonly O[], words: (one: O) => string): Because[] {
  const first = new Map<string, Because>();
  for (const one of seen) {
    const text = words(one);
    if (!first.has(text)) first.set(text, { source: 'probe', text, ref: one.id });
  }
  return [...first.values()];
}

/** The leaf's dates, for a sentence. */
export function datesOf({ detail }: TlsObservation): string {
  return `valid from ${detail.chain[0]?.validFrom ?? '?'} to ${detail.chain[0]?.validTo ?? '?'}`;
}

/**
 * Whether who presents a stranger's certificate stands between the client and the service. A private address that is not the
 * endpoint's may be any server that a wrong record leads to; but an inspector writes the name that was asked for on it.
 * @param own addresses of the endpoint's interfaces, where they are known
 */
export function standsBetween(one: TlsObservation, target: Target, vantage: Vantage, own: readonly string[]): boolean {
  const { address } = one.subject;
  return (
    own.includes(address) ||
    leadsToPublic({ addresses: [address] }, vantage) ||
    namesCover(one.detail.chain[0]?.subjectAlternativeNames ?? [], target.host ?? '')
  );
}

/**
 * How much of the target the bad certificates take: everything when each address that the name leads to has one, or, where it
 * leads to none that showed a certificate, each address that should be led to.
 */
export function extentOf(
  bad: readonly TlsObservation[],
  shown: readonly TlsObservation[],
  evidence: Evidence,
): 'all' | 'some' {
  const led = shown.filter((one) => evidence.addresses.includes(one.subject.address));
  return (led.length > 0 ? led : shown).every((one) => bad.includes(one)) ? 'all' : 'some';
}
