/** Names of endpoint services (`com.amazonaws.eu-west-1.sts`): read, and put together for a Region. */
import { compile, fill, type PlaceholderValues } from './host-pattern.ts';
import { once } from './once.ts';
import { isRegion, PARTITIONS, partitionOfRegion, REGION_SYNTAX } from './partitions.ts';
import { CUSTOM_SERVICE_ID, type HostVariant, SERVICES, type Service, serviceById } from './service-table.ts';

/** An endpoint service name, taken apart. */
export type ServiceName = {
  /** lower case, as AWS writes it */
  readonly name: string;
  /** absent for a name of the right form that is not in our table: AWS has more services than we know */
  readonly service?: Service | undefined;
  /** absent for global services (`com.amazonaws.iam`) */
  readonly region?: string | undefined;
  /** what follows the Region */
  readonly suffix?: string | undefined;
  /** it serves the FIPS hosts (`kms-fips`, `ecr-fips.dkr`) */
  readonly fips: boolean;
  readonly values: PlaceholderValues;
};

const PREFIXES = ['com.amazonaws', ...PARTITIONS.flatMap((partition) => partition.ownPrefix?.prefix ?? [])];
const PREFIX = `(?:${PREFIXES.map((prefix) => prefix.replaceAll('.', '\\.')).join('|')})`;
const CUSTOM = new RegExp(`^${PREFIX}\\.vpce\\.(${REGION_SYNTAX})\\.vpce-svc-[0-9a-z]+$`);
const REGIONAL = new RegExp(`^${PREFIX}\\.(${REGION_SYNTAX})\\.([a-z0-9][a-z0-9.-]*)$`);
/** Names that AWS started to give later: facts.md 1.2. */
const OTHER_FORMS = new RegExp(
  `^(?:aws\\.sagemaker\\.(${REGION_SYNTAX})|aws\\.api\\.(${REGION_SYNTAX}|global)|api\\.aws\\.(${REGION_SYNTAX})|com\\.amazonaws)\\.([a-z0-9][a-z0-9.-]*)$`,
);

const BY_SUFFIX = new Map(SERVICES.flatMap((service) => service.suffixes.map((suffix) => [suffix, service] as const)));
const fullNames = once(() =>
  SERVICES.flatMap((service) =>
    service.fullServiceNames.map((template) => ({ service, expression: compile(template) })),
  ),
);

/** The service that an endpoint service name's last part stands for: `ecr.dkr`, `kms-fips`. */
export function serviceBySuffix(suffix: string): Service | undefined {
  return BY_SUFFIX.get(suffix);
}

/**
 * Reads an endpoint service name in any case. `undefined` when the text does not have the form of one.
 * The forms: facts.md 1.2 (from aws-cdk-lib and the PrivateLink list of services).
 */
export function parseServiceName(text: string): ServiceName | undefined {
  const name = text.toLowerCase();
  for (const { service, expression } of fullNames()) {
    const found = expression.exec(name);
    if (found === null) continue;
    const { region, ...values } = found.groups ?? {};
    return { name, service, region, fips: false, values };
  }
  const custom = CUSTOM.exec(name);
  if (custom !== null) {
    return { name, service: serviceById(CUSTOM_SERVICE_ID), region: custom[1], fips: false, values: {} };
  }
  const regional = REGIONAL.exec(name);
  const region = regional?.[1];
  if (regional !== null && region !== undefined) {
    // In China one service's name ends in `.cn`: cn.com.amazonaws.cn-north-1.transcribe.cn (aws-cdk-lib, getDefaultEndpointSuffix).
    const suffix = (regional[2] ?? '').replace(region.startsWith('cn-') ? /\.cn$/ : /$^/, '');
    return { name, service: BY_SUFFIX.get(suffix), region, suffix, fips: isFips(suffix), values: {} };
  }
  const other = OTHER_FORMS.exec(name);
  if (other === null || isRegion(other[4] ?? '')) return undefined;
  const otherRegion = [other[1], other[2], other[3]].find((part) => part !== undefined && isRegion(part));
  return { name, region: otherRegion, suffix: other[4], fips: false, values: {} };
}

/** The id of our table for an endpoint service name; `undefined` for names that are not in it. */
export function serviceIdOfServiceName(name: string): string | undefined {
  return parseServiceName(name)?.service?.id;
}

/**
 * The names that the endpoint service of a service can have in a Region, most likely first.
 * For a FIPS host the `-fips` services come first, and the plain one after: where a service has no separate one, its
 * endpoint carries the FIPS names too (facts.md 5). `values` fills placeholders that only a host name gives (`{cell}`);
 * a name with a placeholder that stays open is left out.
 */
export function serviceNames(
  service: Service,
  region: string,
  variant: HostVariant = 'standard',
  values: PlaceholderValues = {},
): string[] {
  const fipsWanted = variant === 'fips' || variant === 'dualstack-fips';
  const plain = service.suffixes.filter((suffix) => !isFips(suffix));
  const fips = service.suffixes.filter(isFips);
  const suffixes = fipsWanted ? [...fips, ...plain] : plain;
  const full = service.fullServiceNames.map((template) => fill(template, { ...values, region }));
  return [
    ...suffixes.flatMap((suffix) => namesOfSuffix(suffix, region)),
    ...full.filter((name) => !name.includes('{')),
  ];
}

/** The endpoint service names of a suffix that is not in our table: a guess to look for in lists, never to be sure of. */
export function namesOfSuffix(suffix: string, region: string): string[] {
  const { ownPrefix } = partitionOfRegion(region);
  const usual = `com.amazonaws.${region}.${suffix}`;
  if (ownPrefix === undefined) return [usual];
  const ending = suffix === 'transcribe' && region.startsWith('cn-') ? '.cn' : '';
  const own = `${ownPrefix.prefix}.${region}.${suffix}${ending}`;
  return ownPrefix.suffixes.has(suffix) ? [own, usual] : [usual, own];
}

/** `<label>.<region>.<AWS suffix>`; anything longer is a customer's own resource (a database, a load balancer, a file system). */
const UNKNOWN_HOST = new RegExp(
  `^([a-z][a-z0-9-]*)\\.(${REGION_SYNTAX})\\.(?:${PARTITIONS.flatMap((partition) => [
    partition.dnsSuffix,
    partition.dualStackDnsSuffix,
  ])
    .map((suffix) => suffix.replaceAll('.', '\\.'))
    .join('|')})$`,
);

/**
 * What the endpoint service of an AWS host that is not in our table is probably called: `com.amazonaws.eu-west-1.mediaconvert`
 * for mediaconvert.eu-west-1.amazonaws.com. A guess: only DescribeVpcEndpointServices can tell. `undefined` for other hosts.
 */
export function guessServiceNames(host: string): { region: string; names: string[] } | undefined {
  const [, label, region] = UNKNOWN_HOST.exec(host) ?? [];
  if (label === undefined || region === undefined) return undefined;
  const suffixes = isFips(label) ? [label, label.slice(0, -'-fips'.length)] : [label];
  return { region, names: suffixes.flatMap((suffix) => namesOfSuffix(suffix, region)) };
}

function isFips(suffix: string): boolean {
  return /-fips(?:\.|$)/.test(suffix);
}
