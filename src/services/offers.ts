/**
 * Which endpoint services there are, as DescribeVpcEndpointServices tells: what was asked for and is not there, which hosts
 * a service's private names cover. Where this can be read it wins over our table (facts.md 1.2).
 */
import type { EndpointService } from '../model/aws.ts';
import type { Slice } from '../model/state.ts';
import { hostCoveredBy } from './endpoint-names.ts';

/** Whether an endpoint service of one of some names can be had from here. */
export type Offer = 'offered' | 'not-offered' | 'unknown';

/**
 * What the slice holds for a name that was asked for and that the API does not know: an entry that offers no type. It goes
 * through case files and documents as any other, so that "asked, and not there" is never confused with "not asked".
 */
export function notOffered(ServiceName: string): EndpointService {
  return { ServiceName, ServiceType: [] };
}

function isOffered(service: EndpointService): boolean {
  return service.ServiceType === undefined || service.ServiceType.length > 0;
}

type Index = {
  /** by name; the entry of a name that was asked for and is not there is empty */
  readonly byName: ReadonlyMap<string, readonly EndpointService[]>;
  /** how many names each Region offers */
  readonly sizes: ReadonlyMap<string, number>;
};

/** The Region's whole list is long and every check asks it: indexed once per slice value. */
const indexes = new WeakMap<readonly EndpointService[], Index>();

function indexOf(services: readonly EndpointService[]): Index {
  const known = indexes.get(services);
  if (known !== undefined) return known;
  const byName = new Map<string, EndpointService[]>();
  for (const service of services) {
    const list = byName.get(service.ServiceName) ?? [];
    byName.set(service.ServiceName, list);
    if (isOffered(service)) list.push(service);
  }
  const sizes = new Map<string, number>();
  for (const [name, list] of byName) {
    const region = list.length === 0 ? undefined : regionIn(name);
    if (region !== undefined) sizes.set(region, (sizes.get(region) ?? 0) + 1);
  }
  const index = { byName, sizes };
  indexes.set(services, index);
  return index;
}

/** The endpoint services of a name. It need not be one: S3 and DynamoDB are listed as Gateway and as Interface. */
export function servicesNamed(endpointServices: Slice<EndpointService>, name: string): readonly EndpointService[] {
  return endpointServices.known ? (indexOf(endpointServices.value).byName.get(name) ?? []) : [];
}

/**
 * `aws ec2 describe-vpc-endpoint-services` without names prints well over a hundred services in every Region of the main
 * partition, and nobody names that many. Below this a list may be anybody's selection, and proves no absence.
 */
const WHOLE_LIST = 100;

/**
 * Whether any service of these names is offered. Absence needs proof: each name was asked for and is not there, or the list
 * is the Region's whole one.
 */
export function offerOf(endpointServices: Slice<EndpointService>, names: readonly string[]): Offer {
  if (!endpointServices.known || names.length === 0) return 'unknown';
  const { byName, sizes } = indexOf(endpointServices.value);
  if (names.some((name) => (byName.get(name) ?? []).length > 0)) return 'offered';
  const region = regionIn(names[0] ?? '');
  const whole = region !== undefined && (sizes.get(region) ?? 0) >= WHOLE_LIST;
  return whole || names.every((name) => byName.has(name)) ? 'not-offered' : 'unknown';
}

function regionIn(name: string): string | undefined {
  return name.split('.').find((part) => /^[a-z]{2,4}-[a-z-]+-[0-9]+$/.test(part));
}

/** The private names that an endpoint service gives its endpoints, wildcards as such. */
export function privateNamesOf(service: EndpointService): string[] {
  const told = (service.PrivateDnsNames ?? []).flatMap((entry) => entry.PrivateDnsName ?? []);
  return [...new Set([...told, ...(service.PrivateDnsName === undefined ? [] : [service.PrivateDnsName])])];
}

/** The names of the endpoint services whose private names cover the host; empty when none does, or nothing was read. */
export function serviceNamesCovering(endpointServices: Slice<EndpointService> | undefined, host: string): string[] {
  if (endpointServices?.known !== true) return [];
  const covering = endpointServices.value.filter(
    (service) =>
      isOffered(service) &&
      hostCoveredBy(host, { DnsEntries: privateNamesOf(service).map((DnsName) => ({ DnsName })) }),
  );
  return [...new Set(covering.map((service) => service.ServiceName))];
}
