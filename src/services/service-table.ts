/** The table of AWS services that can be reached through a VPC endpoint, unpacked from services.json. */
import packed from './services.json' with { type: 'json' };

/**
 * How a host name relates to its service's usual one.
 * `legacy`, `global` and `other` (websites, accelerators, discovery hosts, agents' cells) are never among the private
 * names of an endpoint; the others may be, and the endpoint's DnsEntries decide (facts.md 2.1).
 */
export type HostVariant =
  | 'standard'
  | 'fips'
  | 'dualstack'
  | 'dualstack-fips'
  | 'account'
  | 'legacy'
  | 'global'
  | 'other';

export type EndpointType = 'gateway' | 'interface';

/** Whether AWS offers private DNS for the interface endpoint. `yes` is the rule for AWS services; PrivateDnsNames of the service is the truth. */
export type PrivateDnsOffer = 'yes' | 'no' | 'inbound-only-default' | 'unknown';

export type Service = {
  /** our own id: the endpoint service name's suffix wherever there is one */
  readonly id: string;
  readonly title: string;
  /** `com.amazonaws.{region}.<suffix>`; those with `-fips` serve the FIPS hosts only */
  readonly suffixes: readonly string[];
  /** endpoint service names of another form; `{region}` and other placeholders in braces */
  readonly fullServiceNames: readonly string[];
  /** host templates of the main partition: `{region}` and other placeholders in braces, `*` one or more labels */
  readonly hosts: Readonly<Partial<Record<HostVariant, readonly string[]>>>;
  /** the variants whose names the endpoint is known to carry */
  readonly covers: readonly HostVariant[];
  /** TCP ports, the one that clients use first; empty where the provider chooses */
  readonly ports: readonly number[];
  readonly types: readonly EndpointType[];
  readonly privateDns: PrivateDnsOffer;
  /** one or more full sentences worth printing */
  readonly note?: string | undefined;
  /** how sure we are of the host names */
  readonly confidence: 'high' | 'medium' | 'low';
  /** the documentation page */
  readonly source: string;
};

/** An entry of services.json: every field that has its usual value is left out. */
type PackedService = {
  id: string;
  title: string;
  suffixes?: string[];
  fullServiceNames?: string[];
  /** the label of a service whose four hosts are all regular: `kms` for kms.{region}.amazonaws.com, kms-fips.…, ….api.aws */
  regular?: string;
  hosts?: Partial<Record<HostVariant, string[]>>;
  covers?: HostVariant[];
  ports?: number[];
  types?: EndpointType[];
  privateDns?: PrivateDnsOffer;
  note?: string;
  confidence?: 'high' | 'medium' | 'low';
  source?: string;
};

const DOCUMENTATION = 'https://docs.aws.amazon.com/';
const SERVICE_LIST = 'vpc/latest/privatelink/aws-services-privatelink-support.html';

export const SERVICES: readonly Service[] = (packed as PackedService[]).map(unpack);

const BY_ID = new Map(SERVICES.map((service) => [service.id, service]));

export function serviceById(id: string): Service | undefined {
  return BY_ID.get(id);
}

/** The endpoint services that customers and partners run themselves (`vpce-svc-…`). */
export const CUSTOM_SERVICE_ID = 'privatelink-custom';

function unpack(entry: PackedService): Service {
  return {
    id: entry.id,
    title: entry.title,
    suffixes: entry.suffixes ?? [],
    fullServiceNames: entry.fullServiceNames ?? [],
    hosts: { ...(entry.regular === undefined ? {} : regularHosts(entry.regular)), ...entry.hosts },
    covers: entry.covers ?? ['standard'],
    ports: entry.ports ?? [443],
    types: entry.types ?? ['interface'],
    privateDns: entry.privateDns ?? 'yes',
    note: entry.note,
    confidence: entry.confidence ?? 'medium',
    source: DOCUMENTATION + (entry.source ?? SERVICE_LIST),
  };
}

/** facts.md 2.7: the naming pattern of services without an exception. FIPS and dual-stack names are candidates, not promises. */
function regularHosts(label: string): Service['hosts'] {
  return {
    standard: [`${label}.{region}.amazonaws.com`],
    fips: [`${label}-fips.{region}.amazonaws.com`],
    dualstack: [`${label}.{region}.api.aws`],
    'dualstack-fips': [`${label}-fips.{region}.api.aws`],
  };
}
