/** The published form of what `fleet` concludes: a zod schema, its type, and the JSON Schema (draft 2020-12) that is made from it. */
import * as z from 'zod';
import { schemaFile } from '../report/schema-file.ts';

const text = z.string();
const texts = z.array(text);
const maybe = text.optional();
const number = z.int().nonnegative();

const hosts = number.describe('Hosts, each counted once by its newest report.');
const examples = texts.describe('A few of these hosts, the first by name.');
const code = text.describe('The public name of a cause, as in a report’s `causes[].code`.');

/** One table: its first rows, and how many there are. */
const table = <T extends z.ZodType>(row: T) =>
  z.object({
    total: number.describe('How many rows there are; `--top` says how many are listed.'),
    rows: z.array(row),
  });

const standings = {
  confirmed: number.describe(
    'Hosts on which it is confirmed: the configuration is wrong and a failing probe shows it.',
  ),
  likely: number,
  modelled: number,
};

const SpotSchema = {
  code,
  resource: maybe.describe('The AWS resource, or the name, at which the cause is; absent where it is on each host.'),
  vpcId: maybe.describe('Set where the same name stands for other things in other VPCs.'),
  service: maybe.describe('Set where each service needs a change of its own.'),
  onEachHost: z.boolean().describe('The same fault on each host by itself: as many changes as hosts.'),
};

const FixSchema = z
  .object({
    host: text.describe('The host whose report it is from; other hosts’ commands may differ in addresses and groups.'),
    summary: text,
    owner: text,
    commands: texts,
    undo: texts,
    proof: text,
    reason: text,
    caution: maybe,
  })
  .meta({ id: 'FixExample', description: 'The fix as one host’s report has it.' });

const StepSchema = z
  .object({
    ...SpotSchema,
    title: text,
    hosts: number.describe('Failing hosts that have this cause here.'),
    alone: number.describe('Those of them with which nothing else is wrong: they fail by this alone.'),
    together: number.describe('Failing hosts all of whose causes are in this or an earlier step.'),
    ...standings,
    examples,
    fix: FixSchema.optional(),
  })
  .meta({ id: 'Step' });

const verdictCounts = { hosts, healthy: number, degraded: number, blocked: number, inconclusive: number };
const topCauses = z.array(z.object({ code, hosts: number })).describe('The most frequent causes there.');

const PlaceSchema = z
  .object({ id: maybe.describe('Absent for hosts that do not say.'), ...verdictCounts, causes: topCauses })
  .meta({ id: 'Place' });

export const FleetSchema = z
  .object({
    schemaVersion: z.literal(1),
    kind: z.literal('vpce-doctor-fleet'),
    tool: z.object({ name: text, version: text }),
    verdict: z.enum(['healthy', 'degraded', 'blocked', 'inconclusive']).describe('The worst of any host.'),
    headline: text,
    complete: z.boolean().describe('False when reading was interrupted.'),
    reports: z.object({
      read: number,
      superseded: number.describe('Older reports of a host that reported again.'),
      unnamed: number.describe('Reports that do not say whose they are: each counts as a host.'),
      unreadable: number,
      unreadableExamples: texts.describe('A few of them, with the reason.'),
      oldest: maybe.describe('The earliest start among the reports that count.'),
      newest: maybe,
    }),
    hosts: z.object(verdictCounts),
    explanation: z
      .object({
        failing: number.describe('Hosts that are blocked or degraded.'),
        explained: number.describe('Those all of whose causes the steps name, and of which nothing else is left open.'),
        unexplained: number.describe('Those with a failing target or observation for which no cause was found.'),
        unexplainedExamples: texts,
        fewest: z.boolean().describe('Whether it is proven that fewer steps cannot do.'),
        steps: table(StepSchema),
      })
      .describe('A small set of causes, each at one place, that explains the failing hosts.'),
    together: z
      .array(
        z.object({
          where: z.enum(['account', 'VPC', 'zone', 'subnet']),
          id: text,
          hosts: number.describe('All hosts there.'),
          failing: number,
        }),
      )
      .describe('Where all failing hosts are together, while others are elsewhere.'),
    causes: table(
      z
        .object({
          code,
          title: text,
          layer: text,
          hosts: number,
          failing: number.describe('Hosts that it blocks or degrades; for the others it is advice.'),
          ...standings,
          resources: number.describe('At how many resources it is.'),
        })
        .meta({ id: 'CauseCount' }),
    ),
    resources: table(z.object({ ...SpotSchema, hosts: number }).meta({ id: 'ResourceCount' })),
    accounts: table(PlaceSchema),
    vpcs: table(PlaceSchema),
    zones: table(PlaceSchema),
    subnets: table(PlaceSchema),
    services: table(
      z
        .object({
          service: text.describe('The endpoint service name; the target itself where that is not known.'),
          hosts: number.describe('Hosts that asked for it.'),
          unreachable: number,
          degraded: number,
          unknown: number,
          reachable: number,
        })
        .meta({ id: 'ServiceCount' }),
    ),
    undecided: table(
      z
        .object({
          action: text.describe('The IAM action that reads what is missing.'),
          why: text.describe('`denied`, `throttled`, `unreachable` …, as in a report’s `undecided[].missing[].why`.'),
          hosts: number,
          matters: number.describe('Hosts on which the answer could change the verdict.'),
          causes: texts.describe('What it would decide.'),
        })
        .meta({ id: 'OpenCall' }),
    ),
    versions: table(z.object({ version: text, hosts: number })),
  })
  .meta({
    title: 'vpce-doctor fleet',
    description:
      'What vpce-doctor fleet makes of many reports. Readers must ignore fields they do not know: later versions with the same schemaVersion may add some.',
  });

export type FleetSummary = z.infer<typeof FleetSchema>;

/** The JSON Schema; with additions allowed as it is published, refused as the tests use it. */
export function fleetJsonSchema(additions: 'allowed' | 'refused' = 'allowed'): Record<string, unknown> {
  const { $schema, title, description, ...schema } = z.toJSONSchema(FleetSchema, {
    target: 'draft-2020-12',
    io: additions === 'allowed' ? 'input' : 'output',
  });
  return { $schema, title, description, ...schema };
}

/** The published file, docs/fleet.schema.json, byte for byte. */
export function fleetSchemaFile(): string {
  return schemaFile(fleetJsonSchema());
}
