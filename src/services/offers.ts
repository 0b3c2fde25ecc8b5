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

/** The endpoint services of a name. It need not be one: S3 and DynamoDB are listed as Gateway and as Interface. */
export function servicesNamed(endpointServices: Slice<EndpointService>, name: string): EndpointService[] {
  if (!endpointServices.known) return [];
  return endpointServices.value.filter((service) => service.ServiceName === name && isOffered(service));
}

/**
 * Whether any service of these names is offered. Absence needs proof: each name was asked for and is not there, or the list
 * is the Region's whole one.
 */
export function offerOf(endpointServices: Slice<EndpointService>, names: readonly string[]): Offer {
  if (!endpointServices.known || names.length === 0) return 'unknown';
  if (names.some((name) => servicesNamed(endpointServices, name).length > 0)) return 'offered';
  const asked = new Set(endpointServices.value.map((service) => service.ServiceName));
  return names.every((name) => asked.has(name)) || isWholeList(endpointServices.value, names)
    ? 'not-offered'
    : 'unknown';
}

/**
 * `aws ec2 describe-vpc-endpoint-services` without names prints well over a hundred services in every Region of the main
 * partition, and nobody names that many. Below this a list may be anybody's selection, and proves no absence.
 */
const WHOLE_LIST = 100;

function isWholeList(services: readonly EndpointService[], names: readonly string[]): boolean {
  const regionOf = (name: string) => name.split('.').find((part) => /^[a-z]{2,4}-[a-z-]+-[0-9]+$/.test(part));
  const region = regionOf(names[0] ?? '');
  const here = services.filter((service) => isOffered(service) && regionOf(service.ServiceName) === region);
  return region !== undefined && new Set(here.map((service) => service.ServiceName)).size >= WHOLE_LIST;
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
