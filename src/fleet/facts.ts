/** What a fleet needs of one report: a narrow reading of it that fields and codes of later versions do not disturb. */
import * as z from 'zod';
import { clean } from '../report/clean.ts';

const text = z.string();
const texts = z.array(text);
const maybe = text.optional();

const FixSchema = z.object({
  summary: text,
  commands: texts,
  undo: texts,
  owner: text,
  proof: text,
  reason: text,
  caution: maybe,
});

const FactsSchema = z.object({
  schemaVersion: z.literal(1),
  tool: z.object({ name: z.literal('vpce-doctor'), version: text }),
  startedAt: text.refine((value) => Number.isFinite(Date.parse(value)), { error: 'no time' }),
  durationMs: z.number(),
  verdict: z.enum(['healthy', 'degraded', 'blocked', 'inconclusive']),
  vantage: z.object({
    kind: text,
    region: maybe,
    accountId: maybe,
    instanceId: maybe,
    vpcId: maybe,
    subnetId: maybe,
    availabilityZone: maybe,
    availabilityZoneId: maybe,
    networkInterfaceId: maybe,
    addresses: texts,
  }),
  targets: z.array(
    z.object({
      id: text,
      service: maybe,
      status: z.enum(['reachable', 'degraded', 'unreachable', 'unknown']),
      causes: texts,
    }),
  ),
  causes: z.array(
    z.object({
      code: text,
      title: text,
      layer: text,
      severity: z.enum(['blocking', 'degrading', 'advice']),
      standing: z.enum(['confirmed', 'likely', 'modelled']),
      targets: texts,
      resources: texts,
      fix: FixSchema,
    }),
  ),
  undecided: z.array(
    z.object({ code: text, missing: z.array(z.object({ action: text, why: text })), matters: z.boolean() }),
  ),
  unexplained: texts,
});

export type ReportFacts = z.infer<typeof FactsSchema>;
export type ReportedFix = z.infer<typeof FixSchema>;

export type ReadFacts =
  | { readonly ok: true; readonly facts: ReportFacts }
  /** ends a sentence that begins with the document’s name: `is no report of vpce-doctor` */
  | { readonly ok: false; readonly problem: string };

/** The facts of a parsed JSON document, or in one line why it is no report. Never throws. */
export function factsOf(value: unknown): ReadFacts {
  const refused = (problem: string) => ({ ok: false, problem }) as const;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('is no report of vpce-doctor: a report is a JSON object');
  const { kind, schemaVersion, tool } = value as { kind?: unknown; schemaVersion?: unknown; tool?: { name?: unknown } };
  if (kind === 'vpce-doctor-fleet') return refused('is what fleet itself printed, not the report of a host');
  if (schemaVersion === undefined || tool?.name !== 'vpce-doctor')
    return refused('is no report of vpce-doctor: make one with vpce-doctor --format json');
  if (schemaVersion !== 1)
    return refused(`has schemaVersion ${shown(schemaVersion)}; this version of vpce-doctor reads 1`);
  const parsed = FactsSchema.safeParse(value);
  if (parsed.success) return { ok: true, facts: parsed.data };
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') || 'its top level';
  return refused(`is no report of this version: ${clean(place)}: ${issue?.message ?? 'not valid'}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 40);
}

/**
 * Who reported, as people would look it up: the instance, else the network interface, else an address with its VPC or subnet.
 * Tasks and pods share their instance’s id and so are told apart by their own interface and address. Undefined when a report
 * names none of these: an address alone stands for other hosts in other VPCs, and losing one of them would hide a failure.
 */
export function hostOf({
  kind,
  instanceId,
  networkInterfaceId,
  addresses,
  ...at
}: ReportFacts['vantage']): string | undefined {
  const [address] = addresses;
  const within = networkInterfaceId ?? instanceId;
  if (CONTAINERS.has(kind)) {
    if (within !== undefined) return short(address === undefined ? within : `${address} on ${within}`);
  } else if ((instanceId ?? networkInterfaceId) !== undefined) return short(instanceId ?? networkInterfaceId ?? '');
  const place = at.vpcId ?? at.subnetId;
  return address === undefined || place === undefined ? undefined : short(`${address} in ${place}`);
}

const CONTAINERS: ReadonlySet<string> = new Set(['ecs-ec2', 'ecs-fargate', 'eks-pod', 'lambda']);

const LONGEST_NAME = 255;

/** A name from outside is kept for every host: its length is bounded. */
export function short(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}
