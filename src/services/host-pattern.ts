/** Host templates of services.json: put together for a Region, and recognised in a host name. */
import { once } from './once.ts';
import {
  PARTITIONS,
  type Partition,
  type PartitionId,
  partitionById,
  partitionOfRegion,
  REGION_SYNTAX,
} from './partitions.ts';

/** Which of a partition's suffixes a template ends in; `none` is a name of its own (`….sagemaker.aws`). */
type SuffixKind = 'dns' | 'dualstack' | 'on' | 'none';

export type HostTemplate = {
  /** as in the table, without the partitions: `*.s3.{region}.amazonaws.com` */
  readonly text: string;
  /** set when the template holds for some partitions only */
  readonly partitions?: readonly PartitionId[] | undefined;
  readonly kind: SuffixKind;
  /** the text before the suffix: `*.s3.{region}` */
  readonly body: string;
  /** made when a host first comes near: a table of hundreds is matched against one name */
  readonly expression: () => RegExp;
  /** the text before the first placeholder or wildcard, and the text behind the last */
  readonly head: string;
  readonly tail: string;
  /** placeholders and wildcards, the Region not counted: the fewer, the closer the match */
  readonly openness: number;
};

/** What the placeholders of a template stand for in one host name. */
export type PlaceholderValues = Readonly<Record<string, string>>;

export type TemplateMatch = {
  readonly region?: string | undefined;
  readonly partition: PartitionId;
  /** the Region belongs to a partition with another suffix: no such name can exist */
  readonly misplaced: boolean;
  readonly values: PlaceholderValues;
};

const MAIN_SUFFIXES = { dns: '.amazonaws.com', dualstack: '.api.aws', on: '.on.aws' } as const;

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  region: REGION_SYNTAX,
  globalRegion: REGION_SYNTAX,
  accountId: '[0-9]{12}',
  azId: '[a-z0-9]+-az[0-9]+',
  n: '[0-9]+',
  cell: 'cell[a-z0-9-]*',
  prefix: '[a-z0-9]+',
  serverId: 's-[0-9a-z]+',
  domain: '[a-z][a-z0-9-]*',
  vpceService: 'vpce-svc-[0-9a-z]+',
};

/** Reads a template of the table: `[partition,…:]host`. */
export function parseTemplate(source: string): HostTemplate {
  const [head, ...rest] = source.split(':');
  const text = rest[0] ?? source;
  const partitions = rest.length === 0 ? undefined : ((head ?? '').split(',') as PartitionId[]);
  const kind =
    (Object.keys(MAIN_SUFFIXES) as (keyof typeof MAIN_SUFFIXES)[]).find((name) => text.endsWith(MAIN_SUFFIXES[name])) ??
    'none';
  const body = kind === 'none' ? text : text.slice(0, -MAIN_SUFFIXES[kind].length);
  return {
    text,
    partitions,
    kind,
    body,
    expression: once(() => compile(body)),
    head: /^[^{*]*/.exec(body)?.[0] ?? '',
    tail: /[^}*]*$/.exec(body)?.[0] ?? '',
    openness: (body.match(/\*|\{(?!region|globalRegion)/g) ?? []).length,
  };
}

/**
 * The host name of a template in a Region. `undefined` when the template does not hold in the Region's partition, or
 * when it has a placeholder (or wildcard) that `values` does not fill.
 */
export function instantiate(
  template: HostTemplate,
  region: string,
  values: PlaceholderValues = {},
): string | undefined {
  const body = fill(template.body, { ...values, region, globalRegion: partitionOfRegion(region).globalRegion });
  return /[*{]/.test(body) ? undefined : withSuffix(template, region, body);
}

/**
 * The private DNS name that stands for a template in a Region: labels that are nothing but placeholders become a wildcard
 * (`*.dkr.ecr.eu-west-1.amazonaws.com`). `undefined` where a label mixes text and a placeholder: that name is somebody's own.
 */
export function privateName(template: HostTemplate, region: string): string | undefined {
  const filled = fill(template.body, { region, globalRegion: partitionOfRegion(region).globalRegion });
  const body = filled.replace(/^(?:\{\w+\}-?)+(?=\.)/, '*');
  return body.includes('{') ? undefined : withSuffix(template, region, body);
}

/** A template as it reads in another partition, placeholders kept. */
export function templateIn(template: HostTemplate, partition: PartitionId): string {
  const suffix = suffixOf(template.kind, partitionById(partition));
  return suffix === undefined ? template.text : template.body + suffix;
}

/** Splits a host into what stands before a partition's suffix and what that suffix is; every reading, longest suffix first. */
export function readSuffix(
  host: string,
): readonly { kind: SuffixKind; body: string; partitions: readonly Partition[] }[] {
  const readings = SUFFIXES.filter((entry) => host.endsWith(entry.suffix) && host.length > entry.suffix.length).map(
    (entry) => ({ kind: entry.kind, body: host.slice(0, -entry.suffix.length), partitions: entry.partitions }),
  );
  return [
    ...readings,
    { kind: 'none' as const, body: host, partitions: [partitionById('aws'), partitionById('aws-us-gov')] },
  ];
}

/** Whether a host, split by `readSuffix`, is an instance of a template. */
export function matchTemplate(
  template: HostTemplate,
  reading: ReturnType<typeof readSuffix>[number],
): TemplateMatch | undefined {
  if (template.kind !== reading.kind) return undefined;
  if (!reading.body.startsWith(template.head) || !reading.body.endsWith(template.tail)) return undefined;
  const found = template.expression().exec(reading.body);
  if (found === null) return undefined;
  const { region, ...values } = found.groups ?? {};
  const candidates = reading.partitions.filter(
    (partition) => template.partitions === undefined || template.partitions.includes(partition.id),
  );
  if (candidates.length === 0) return undefined;
  const own = region === undefined ? undefined : partitionOfRegion(region);
  const misplaced = own !== undefined && !candidates.some((candidate) => candidate.id === own.id);
  const partition = misplaced ? own : (candidates.find((candidate) => candidate.id === own?.id) ?? candidates[0]);
  if (partition === undefined) return undefined;
  return { region, partition: partition.id, misplaced, values };
}

/** Every suffix once, with the partitions that use it: the main partition before GovCloud, which shares its suffixes. */
const SUFFIXES = (() => {
  const entries = new Map<string, { suffix: string; kind: SuffixKind; partitions: Partition[] }>();
  const mainFirst = [...PARTITIONS].sort((a, b) => Number(b.id === 'aws') - Number(a.id === 'aws'));
  for (const partition of mainFirst) {
    for (const kind of ['dns', 'dualstack', 'on'] as const) {
      const suffix = suffixOf(kind, partition);
      if (suffix === undefined) continue;
      const entry = entries.get(suffix) ?? { suffix, kind, partitions: [] };
      entry.partitions.push(partition);
      entries.set(suffix, entry);
    }
  }
  return [...entries.values()].sort((a, b) => b.suffix.length - a.suffix.length);
})();

function suffixOf(kind: SuffixKind, partition: Partition): string | undefined {
  if (kind === 'dns') return `.${partition.dnsSuffix}`;
  if (kind === 'dualstack') return `.${partition.dualStackDnsSuffix}`;
  if (kind === 'on' && partition.onSuffix !== undefined) return `.${partition.onSuffix}`;
  return undefined;
}

function withSuffix(template: HostTemplate, region: string, body: string): string | undefined {
  const partition = partitionOfRegion(region);
  if (template.partitions !== undefined && !template.partitions.includes(partition.id)) return undefined;
  if (template.kind === 'none') return partition.id === 'aws' || partition.id === 'aws-us-gov' ? body : undefined;
  const suffix = suffixOf(template.kind, partition);
  return suffix === undefined ? undefined : body + suffix;
}

/** Puts values into the placeholders that have one; the others stay as they are. */
export function fill(text: string, values: PlaceholderValues): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** `*` stands for one or more labels: bucket names may have dots, and so does a DNS wildcard reach any depth (RFC 4592, 2.2.1). */
export function compile(body: string): RegExp {
  const pattern = body.replace(/\{(\w+)\}|\*|[.+?^$()|[\]\\]/g, (token, name: string | undefined) => {
    if (token === '*') return '[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?';
    if (name === undefined) return `\\${token}`;
    const syntax = PLACEHOLDERS[name];
    if (syntax === undefined) throw new Error(`unknown placeholder {${name}}`);
    return `(?<${name === 'globalRegion' ? 'region' : name}>${syntax})`;
  });
  return new RegExp(`^${pattern}$`);
}
