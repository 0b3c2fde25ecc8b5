/** What is known of AWS services by host name, id and endpoint service name: the questions that the rest of the tool asks of the table. */
import type { Application } from '../model/target.ts';
import {
  type HostTemplate,
  instantiate,
  matchTemplate,
  type PlaceholderValues,
  parseTemplate,
  privateName,
  readSuffix,
  templateIn,
} from './host-pattern.ts';
import { once } from './once.ts';
import { type PartitionId, partitionOfRegion, REGION_SYNTAX } from './partitions.ts';
import { parseServiceName, type ServiceName, serviceBySuffix, serviceNames } from './service-names.ts';
import { CUSTOM_SERVICE_ID, type HostVariant, SERVICES, type Service, serviceById } from './service-table.ts';
import { nearest } from './suggest.ts';

export { serviceIdOfServiceName, serviceNames } from './service-names.ts';

/** What a host name says about itself. */
export type HostMatch = {
  /** absent for an endpoint-specific name of a service that is not in our table */
  readonly service?: Service | undefined;
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly partition: PartitionId;
  /** `other` also when Region and suffix belong to different partitions: such a name does not exist */
  readonly variant: HostVariant;
  /** the table's pattern that the host is an instance of, for the reader */
  readonly pattern: string;
  readonly values: PlaceholderValues;
  /** set for an endpoint-specific name (`vpce-…vpce.amazonaws.com`): public DNS that leads to one endpoint, or to its interface in one zone */
  readonly vpceName?: { readonly endpointId: string; readonly zone?: string | undefined } | undefined;
};

type Pattern = { readonly service: Service; readonly variant: HostVariant; readonly template: HostTemplate };

/** In the table's order: the host that people know first. */
const patternsOf = once(
  (): ReadonlyMap<string, readonly Pattern[]> =>
    new Map(
      SERVICES.map((service) => [
        service.id,
        (Object.entries(service.hosts) as [HostVariant, readonly string[]][]).flatMap(([variant, hosts]) =>
          hosts.map((text) => ({ service, variant, template: parseTemplate(text) })),
        ),
      ]),
    ),
);

/** Closest first: exact before wildcard, longer before shorter. */
const patterns = once((): readonly Pattern[] =>
  [...patternsOf().values()]
    .flat()
    .sort((a, b) => a.template.openness - b.template.openness || b.template.body.length - a.template.body.length),
);

/** Services that people call by another word than AWS's endpoint service name. More than one id: ask which. */
const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['airflow', ['airflow', 'airflow.env', 'airflow.ops']],
  ['amp', ['aps-workspaces']],
  ['apigw', ['execute-api']],
  ['aurora', ['rds']],
  ['cloudmap', ['servicediscovery']],
  ['cloudwatch', ['monitoring']],
  ['cloudwatch-logs', ['logs']],
  ['documentdb', ['rds']],
  ['ecr', ['ecr.api', 'ecr.dkr']],
  ['efs', ['elasticfilesystem']],
  ['elb', ['elasticloadbalancing']],
  ['emr', ['elasticmapreduce']],
  ['eventbridge', ['events']],
  ['firehose', ['kinesis-firehose']],
  ['iot', ['iot.api', 'iot.data', 'iot.credentials']],
  ['keyspaces', ['cassandra']],
  ['kinesis', ['kinesis-streams']],
  ['memorydb', ['memory-db']],
  ['msk', ['kafka']],
  ['mwaa', ['airflow', 'airflow.env', 'airflow.ops']],
  ['prometheus', ['aps-workspaces']],
  ['sagemaker', ['sagemaker.api', 'sagemaker.runtime']],
  ['secrets', ['secretsmanager']],
  ['ses', ['email', 'email-smtp']],
  ['smtp', ['email-smtp']],
  ['stepfunctions', ['states']],
  ['timestream', ['timestream.query', 'timestream.ingest']],
]);

/** `[labels.]vpce-<id>-<random>[-<zone>].<service labels>.<region>.vpce`, before the partition's suffix (facts.md 2.1). */
const VPCE_NAME = new RegExp(
  `^(?:[a-z0-9_*.-]+\\.)?(vpce-[0-9a-z]+)-[0-9a-z]+(?:-([a-z0-9-]+))?\\.([a-z0-9.-]+)\\.(${REGION_SYNTAX})\\.vpce$`,
);

/**
 * Recognises a host name of an AWS service, in any partition and case, with or without trailing dot, and the names of
 * custom endpoint services' endpoints. `undefined` for every other name: it may be foreign, or a service's that we do not know.
 */
export function matchHost(host: string): HostMatch | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  for (const reading of readSuffix(name)) {
    const vpce = reading.kind === 'dns' ? VPCE_NAME.exec(reading.body) : null;
    const [, endpointId, zone, labels, region] = vpce ?? [];
    if (endpointId !== undefined && labels !== undefined && region !== undefined) {
      const owner = ownerOfVpceLabels(labels);
      return {
        service: owner?.service,
        region,
        partition: partitionOfRegion(region).id,
        variant: owner?.variant ?? 'other',
        pattern: `vpce-….${labels}.{region}.vpce.${partitionOfRegion(region).dnsSuffix}`,
        values: owner?.service.id === CUSTOM_SERVICE_ID ? { vpceService: labels } : {},
        vpceName: { endpointId, zone },
      };
    }
    for (const { service, variant, template } of patterns()) {
      const found = matchTemplate(template, reading);
      if (found === undefined) continue;
      return {
        service,
        region: found.region,
        accountId: found.values['accountId'],
        partition: found.partition,
        variant: found.misplaced ? 'other' : variant,
        pattern: templateIn(template, found.partition),
        values: found.values,
      };
    }
  }
  return undefined;
}

/**
 * The endpoint service names that could serve a host, most likely first. A host without a Region (`sts.amazonaws.com`) is
 * taken to be called from `fallbackRegion`; without that too, nothing can be said and the list is empty.
 */
export function serviceNamesForHost(match: HostMatch, fallbackRegion?: string): string[] {
  const region = match.region ?? fallbackRegion ?? partitionGlobalRegion(match);
  if (match.service === undefined || region === undefined) return [];
  return serviceNames(match.service, region, match.variant, match.values);
}

/**
 * The service of a text: our id, an endpoint service name's suffix, a full endpoint service name, or a usual other word for
 * it (`cloudwatch`), in any case. `com.amazonaws.vpce.….vpce-svc-…` gives the entry for custom services.
 */
export function findService(text: string): Service | undefined {
  const word = text.trim().toLowerCase();
  const alias = ALIASES.get(word);
  return (
    serviceById(word) ??
    serviceBySuffix(word) ??
    parseServiceName(word)?.service ??
    (alias?.length === 1 ? serviceById(alias[0] ?? '') : undefined)
  );
}

/** Ids of services that a word may have been meant for, best first, at most three; empty when nothing is near. */
export function suggestServices(text: string): string[] {
  const word = text.trim().toLowerCase();
  const several = ALIASES.get(word);
  if (several !== undefined) return [...several];
  const words = SERVICES.flatMap((service) => [service.id, ...service.suffixes]);
  const ids = nearest(word, [...words, ...ALIASES.keys()]).flatMap(
    (found) => ALIASES.get(found) ?? findService(found)?.id ?? [],
  );
  return [...new Set(ids)].slice(0, 3);
}

/** A host of the service in the Region that can be probed as it is: the first standard one, with the account id put in where it needs one. */
export function standardHost(service: Service, region: string, accountId?: string): string | undefined {
  return hostOfVariant(service, region, ['standard'], accountId);
}

/** Every host of the service in the Region that needs nothing but the Region and, perhaps, the account id. */
export function variantHosts(
  service: Service,
  region: string,
  accountId?: string,
): { variant: HostVariant; host: string }[] {
  return templatesOf(service).flatMap(({ variant, template }) => {
    const host = instantiate(template, region, accountId === undefined ? {} : { accountId });
    return host === undefined ? [] : [{ variant, host }];
  });
}

/** The host that an endpoint service of this name is called by: `kms-fips.…` for `com.amazonaws.….kms-fips`. */
export function hostOfServiceName(name: ServiceName, region: string, accountId?: string): string | undefined {
  if (name.service === undefined) return undefined;
  const where = name.region ?? region;
  if (!name.fips) return hostOfVariant(name.service, where, ['standard'], accountId, name.values);
  return hostOfVariant(name.service, where, ['fips'], accountId, name.values);
}

/**
 * The private DNS names that AWS's own interface endpoint for the service carries once private DNS is on, wildcards as such.
 * Known for certain only from the endpoint's DnsEntries; empty where AWS offers none, or where we do not know (facts.md 2.1, 2.4).
 */
export function usualPrivateNames(service: Service, region: string): string[] {
  if (service.privateDns === 'no' || service.privateDns === 'unknown') return [];
  const names = templatesOf(service)
    .filter(({ variant }) => service.covers.includes(variant))
    .flatMap(({ template }) => privateName(template, region) ?? []);
  return [...new Set(names)];
}

/** Whether a VPC endpoint for the service can exist at all. A foreign host has no service, and no endpoint. */
export function canHaveEndpoint(service: Service | undefined): boolean {
  return service !== undefined && service.types.length > 0;
}

/** Whether AWS gives the service's interface endpoint private DNS names, so that "off" is a choice that can be changed. */
export function offersPrivateDns(service: Service): boolean {
  return service.privateDns === 'yes' || service.privateDns === 'inbound-only-default';
}

/** The port that the service's clients use first; 443 for foreign hosts and where the provider chooses. */
export function defaultPort(service: Service | undefined): number {
  return service?.ports[0] ?? 443;
}

/** Ports that carry TLS from the first byte but no HTTP: mail, directory, message brokers, Cassandra (IANA port registry; facts.md 5.2). */
const TLS_PORTS = new Set([444, 465, 563, 636, 853, 989, 990, 992, 993, 995, 2465, 5061, 5671, 6514, 8883, 9142]);

/**
 * The deepest rung of the probes that makes sense on a port. STARTTLS ports count as plain TCP: the server waits for words
 * before TLS. A custom service on 443 is TLS for all we know, not HTTPS.
 */
export function applicationOf(service: Service | undefined, port: number): Application {
  if (port === 443) return service?.id === CUSTOM_SERVICE_ID ? 'tls' : 'https';
  if (port === 8443) return 'https';
  return TLS_PORTS.has(port) ? 'tls' : 'tcp';
}

/** Paths that an AWS service answers without credentials, where `/` is not the best question (facts.md 10). */
const PROBE_PATHS: Readonly<Record<string, string>> = { 'ecr.dkr': '/v2/', 'bedrock-mantle': '/v1/models' };

/** The harmless unauthenticated request that gets an answer from AWS, whatever its status. */
export function httpRequestFor(
  serviceId: string | undefined,
  host?: string,
): { readonly method: 'GET'; readonly path: string } {
  const id = serviceId ?? (host === undefined ? undefined : matchHost(host)?.service?.id);
  return { method: 'GET', path: (id === undefined ? undefined : PROBE_PATHS[id]) ?? '/' };
}

function templatesOf(service: Service): readonly Pattern[] {
  return patternsOf().get(service.id) ?? [];
}

function hostOfVariant(
  service: Service,
  region: string,
  variants: readonly HostVariant[],
  accountId?: string,
  values: PlaceholderValues = {},
): string | undefined {
  const known = accountId === undefined ? values : { ...values, accountId };
  for (const { variant, template } of templatesOf(service)) {
    const host = variants.includes(variant) ? instantiate(template, region, known) : undefined;
    if (host !== undefined) return host;
  }
  return undefined;
}

/** Global services have one Region-less host and one service name: any Region of the partition puts it together. */
function partitionGlobalRegion(match: HostMatch): string | undefined {
  const global = match.service?.suffixes.length === 0 && match.variant !== 'global';
  return global ? 'us-east-1' : undefined;
}

/** What stands between an endpoint's label and the Region in its own names: `api.ecr`, `dkr.ecr`, `kinesis`, `vpce-svc-0123`. */
const vpceLabels = once(
  () =>
    new Map(
      [...patterns()].reverse().flatMap(({ service, variant, template }) => {
        const labels = /^(?:(?:\*|\{\w+\})\.)?([a-z0-9.-]+)\.\{region\}$/.exec(template.body)?.[1];
        const usable = template.kind === 'dns' && (variant === 'standard' || variant === 'fips');
        return labels === undefined || !usable ? [] : [[labels, { service, variant }] as const];
      }),
    ),
);

function ownerOfVpceLabels(labels: string): { service: Service; variant: HostVariant } | undefined {
  const custom = serviceById(CUSTOM_SERVICE_ID);
  if (/^vpce-svc-[0-9a-z]+$/.test(labels)) return custom && { service: custom, variant: 'standard' };
  return vpceLabels().get(labels);
}
