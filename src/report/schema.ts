/**
 * The published form of a report: a zod schema that is held equal to the `Report` type by the compiler, and the JSON
 * Schema (draft 2020-12) that is made from it.
 */
import * as z from 'zod';
import { CAUSE_CODES, LAYER_ORDER } from '../model/codes.ts';
import { PRIVILEGES, type Report } from '../model/report.ts';
import { SLICE_NAMES } from '../model/state.ts';
import { ANSWER_CLASSES } from '../network/answer-class.ts';
import { schemaFile } from './schema-file.ts';
import { ObservationSchema } from './schema-observation.ts';

const text = z.string();
const texts = z.array(text);
const maybe = text.optional();

const CauseCodeSchema = z.enum(CAUSE_CODES).meta({
  id: 'CauseCode',
  description: 'The public name of a cause. Codes are never reused and never respelled; later versions add new ones.',
});

const LayerSchema = z.enum(LAYER_ORDER).meta({
  id: 'Layer',
  description: 'Layers stand in causal order: a cause of an earlier layer hides those of the later ones.',
});

const targetIds = texts.describe('Ids of targets, as in `targets[].id`.');
const resourceIds = texts.describe('AWS resource ids.');
const observationIds = texts.describe('Ids of observations, as in `observations[].id`.');

const HopSchema = z
  .object({
    gate: text.describe(
      'Which gate of the path this is: `client`, `client-sg-egress`, `client-nacl-egress`, `route`, `transit`, `endpoint-nacl-ingress`, `endpoint-sg-ingress`, `interface`, `endpoint-nacl-return`, `client-nacl-return` …',
    ),
    label: text.describe('What is drawn, such as `sg-0c1 out` or `local route`.'),
    resource: maybe.describe('The AWS resource that decides at this gate.'),
    result: z
      .enum(['pass', 'partial', 'block', 'unknown', 'skipped', 'end'])
      .describe(
        '`partial`: some ports or addresses pass; `skipped`: same subnet, so the gate is not evaluated; `end`: the client or the interface itself.',
      ),
    note: maybe.describe('Why, in a few words; for `partial` the share that passes.'),
  })
  .meta({ id: 'Hop', description: 'One gate or end of a path.' });

const HopListSchema = z
  .object({
    to: text.describe('The address or set of CIDRs that this path leads to.'),
    networkInterfaceId: maybe,
    availabilityZone: maybe,
    result: z.enum(['pass', 'partial', 'block', 'unknown']),
    hops: z.array(HopSchema).describe('In the order of the packet: out, the interface, then the way back.'),
  })
  .meta({ id: 'HopList', description: 'Every gate on the way to one address and back, evaluated on the model.' });

const AddressSchema = z
  .object({
    zone: maybe,
    zoneId: maybe,
    address: text,
    networkInterfaceId: maybe,
    named: z.boolean().optional().describe('Whether the client’s own resolvers give it; absent when not asked.'),
    tcp: maybe.describe('The outcome when all tries agree, `2 of 4` succeeded when they do not.'),
    tls: maybe,
    https: maybe,
  })
  .meta({ id: 'TargetAddress', description: 'One address of a target; a rung that was not asked is absent.' });

const TargetSchema = z
  .object({
    id: text,
    requested: texts.describe('What was typed that led to this target, first one first.'),
    host: maybe.describe('Absent when the target is an address.'),
    address: maybe.describe('Set when the target is an address.'),
    port: z.int(),
    service: maybe.describe('The endpoint service name, where it is known.'),
    status: z.enum(['reachable', 'degraded', 'unreachable', 'unknown']),
    summary: text.describe('One sentence: what was seen, or what the model says.'),
    intendedPath: maybe.describe('`vpce-0aa (interface)`, `vpce-0bb (gateway)`, `public`.'),
    actualPath: maybe.describe('What the packets, or without packets the model, really take.'),
    hops: z
      .array(HopListSchema)
      .describe('One for each network interface of the endpoint; one for a gateway endpoint or the public path.'),
    causes: z.array(CauseCodeSchema),
    addresses: z
      .array(AddressSchema)
      .optional()
      .describe('Every address that the name or the endpoint has, in the order of the endpoint’s interfaces.'),
    consequence: maybe.describe('What the users of its workload see while it cannot be reached.'),
    answers: z
      .array(
        z.object({
          resolver: text.describe('The resolver’s address, or the hosts file’s line.'),
          name: text,
          type: z.enum(['A', 'AAAA']),
          addresses: texts,
          class: z.enum(ANSWER_CLASSES).optional().describe('Whose the addresses are; absent without addresses.'),
          words: text.describe('Which endpoint or interface, or why there is no address.'),
        }),
      )
      .optional()
      .describe('Who answers what; absent when no name was looked up.'),
  })
  .meta({ id: 'Target', description: 'One thing to reach, and what became of it.' });

const proof = z
  .enum(['opens', 'necessary', 'unproven'])
  .describe(
    '`opens`: with this alone the model opens a target; `necessary`: needed together with others; `unproven`: the model cannot show it.',
  );

const terraform = maybe.describe(
  'The change as HCL, with its undo as a comment; comments only, in words, where Terraform cannot express it.',
);

const diff = maybe.describe('The change to a policy, as a unified diff.');

const privilege = z
  .enum(PRIVILEGES)
  .optional()
  .describe('How much the change admits, narrowest first; absent when it admits nothing new.');

const AlternativeSchema = z
  .object({
    summary: text,
    commands: texts,
    undo: texts,
    diff,
    terraform,
    privilege,
    proof,
    reason: text,
    caution: maybe,
  })
  .meta({ id: 'FixAlternative', description: 'Another way to the same end, proven like the first.' });

const BlastRadiusSchema = z
  .object({
    summary: text,
    subnets: texts.describe('Subnets that the change reaches besides the client’s own.'),
    breaks: z
      .array(
        z.object({
          subnetId: text,
          networkInterfaceId: maybe.describe('Absent where the subnet stands for any client in it.'),
          address: maybe,
          target: text,
          because: text.describe('The gates that would close it, or where it would lead.'),
        }),
      )
      .describe('Who would lose a target that it may be using today.'),
    unknown: texts.describe('Subnets of which the model cannot tell.'),
  })
  .meta({ id: 'BlastRadius', description: 'What a change does beyond this client, computed on the model.' });

const FixSchema = z
  .object({
    summary: text,
    commands: texts.describe('Shell commands, one per entry, in order. vpce-doctor never runs them.'),
    undo: texts.describe('Shell commands that take the change back.'),
    owner: z.enum([
      'endpoint owner',
      'network owner',
      'DNS owner',
      'host owner',
      'service provider',
      'application owner',
      'resource owner',
      'IAM owner',
      'organization owner',
    ]),
    proof,
    reason: text.describe('Why the proof says so.'),
    diff,
    caution: maybe.describe('What else this change does.'),
    terraform,
    privilege,
    alternatives: z.array(AlternativeSchema).optional().describe('Other ways, least privilege first.'),
    blastRadius: BlastRadiusSchema.optional().describe('Absent when the change reaches nobody else.'),
  })
  .meta({ id: 'Fix' });

const CauseSchema = z
  .object({
    rank: z.int().positive().describe('1 for the first cause to look at.'),
    code: CauseCodeSchema,
    title: text,
    layer: LayerSchema,
    severity: z
      .enum(['blocking', 'degrading', 'advice'])
      .describe(
        '`blocking`: nothing of the target works; `degrading`: some of it does; `advice`: nothing fails today.',
      ),
    standing: z
      .enum(['confirmed', 'likely', 'modelled'])
      .describe(
        '`confirmed`: the configuration is wrong and a failing probe shows it; `likely`: only one of the two is at hand; `modelled`: no probes were made.',
      ),
    summary: text,
    targets: targetIds,
    resources: resourceIds,
    explains: observationIds,
    because: z.array(
      z.object({
        source: z.enum(['configuration', 'probe', 'host', 'rule']),
        text,
        ref: maybe.describe('A resource id, an observation id, or a file and line.'),
      }),
    ),
    fix: FixSchema,
    reachabilityAnalyzerCode: maybe.describe("Reachability Analyzer's explanation code for the same thing."),
  })
  .meta({ id: 'Cause', description: 'One root cause, with its evidence and its fix.' });

const MissingSchema = z
  .object({
    slice: z.enum(SLICE_NAMES).describe('The part of the configuration that has no value.'),
    action: text.describe('The IAM action that reads it.'),
    why: z.enum([
      'denied',
      'throttled',
      'timeout',
      'unreachable',
      'no-credentials',
      'failed',
      'not-asked',
      'not-given',
      'not-visible',
      'not-found',
      'not-told',
    ]),
    detail: maybe,
  })
  .meta({ id: 'Missing' });

const VantageSchema = z
  .object({
    kind: text.describe('`ec2`, `ecs-fargate`, `eks-pod`, `lambda`, `host`, `given` …'),
    region: maybe,
    accountId: maybe,
    instanceId: maybe,
    vpcId: maybe,
    subnetId: maybe,
    availabilityZone: maybe,
    availabilityZoneId: maybe,
    networkInterfaceId: maybe,
    addresses: texts.describe('Source addresses, IPv4 first.'),
    securityGroupIds: texts,
    resolvers: texts,
    ephemeralPorts: z.object({
      from: z.int(),
      to: z.int(),
      source: text.describe('`kernel`, `given`, or `assumed` for the default of Linux.'),
    }),
    notes: texts.describe('What could not be found out about the vantage, and why.'),
  })
  .meta({ id: 'Vantage', description: 'Where the run stood: the client whose traffic is judged.' });

export const ReportSchema = z
  .object({
    schemaVersion: z.literal(1),
    tool: z.object({ name: text, version: text }),
    startedAt: text.describe('ISO 8601, UTC.'),
    durationMs: z.number(),
    verdict: z
      .enum(['healthy', 'degraded', 'blocked', 'inconclusive'])
      .describe(
        '`blocked`: a target is unreachable; `degraded`: one is partly or wrongly reached; `inconclusive`: something fails or is missing and nothing explains it.',
      ),
    headline: text.describe('One sentence for the first line of a ticket.'),
    vantage: VantageSchema,
    targets: z.array(TargetSchema),
    causes: z.array(CauseSchema).describe('In rank order, the first to look at first.'),
    fixPlan: z.object({
      steps: z.array(z.int().positive()).describe('Ranks of causes, in the order to apply.'),
      opens: targetIds.describe('Targets that the model opens once all steps are done.'),
      remaining: targetIds.describe('Targets that stay closed, or of which the model cannot tell.'),
      beyondModel: z
        .object({ targets: targetIds, steps: z.array(z.int().positive()) })
        .optional()
        .describe(
          'Those of `remaining` that the model holds open: what keeps them closed is no part of it (the host, TLS, a middlebox), so that only another run can tell; with the ranks of these causes.',
        ),
      undo: texts.describe('Commands that take the whole plan back, in order.'),
      perTarget: z
        .array(z.object({ target: text, sets: z.array(z.array(z.int().positive())) }))
        .optional()
        .describe('For each broken target the smallest sets of causes (by rank) whose fixes open it on the model.'),
    }),
    pasted: z
      .array(
        z.object({
          target: text,
          address: text,
          gives: texts.describe('What the name gives now; empty when it gives nothing.'),
          current: z.boolean().describe('Whether the pasted address is among them.'),
          summary: text,
        }),
      )
      .optional()
      .describe('Addresses in the error text that was pasted, beside what their names give now.'),
    contradicted: z
      .array(
        z.object({
          code: CauseCodeSchema,
          title: text,
          summary: text,
          targets: targetIds,
          resources: resourceIds,
          observed: text.describe('What the packets showed instead.'),
          observations: observationIds,
          couldBe: texts.describe('What could explain the difference.'),
        }),
      )
      .describe('The configuration says broken, the packets say otherwise. Never blamed.'),
    ruledOut: z
      .array(z.object({ code: CauseCodeSchema, title: text, because: text, targets: targetIds }))
      .describe('Causes that were looked for and are not there, and by what they are eliminated.'),
    undecided: z
      .array(
        z.object({
          code: CauseCodeSchema,
          title: text,
          targets: targetIds,
          missing: z.array(MissingSchema),
          matters: z.boolean().describe('Whether the answer could change the verdict.'),
        }),
      )
      .describe('Causes that could not be judged, and the calls that would decide them.'),
    unexplained: observationIds.describe('Failed observations that no cause explains.'),
    unexplainedCouldBe: texts
      .optional()
      .describe('What could explain the unexplained, what this run speaks for first; absent when all is explained.'),
    notChecked: texts.describe('What this run did not look at, one sentence each.'),
    observations: z.array(ObservationSchema),
    coverage: z.array(
      z.object({
        what: text.describe('`ec2:DescribeVpcEndpoints`, `dns`, `tcp` …'),
        outcome: z.enum(['made', 'refused', 'skipped']),
        count: z.number(),
        why: maybe,
      }),
    ),
    warnings: texts,
  })
  .meta({
    title: 'vpce-doctor report',
    description:
      'What vpce-doctor concludes about why a client cannot use a service through its VPC endpoint. Readers must ignore fields they do not know: later versions with the same schemaVersion may add some.',
  });

/**
 * The JSON Schema of a report. Published with additions allowed, so that a reader's validation outlives our next field;
 * the test suite uses it with additions refused, so that no field leaves the tool undescribed.
 */
export function reportJsonSchema(additions: 'allowed' | 'refused' = 'allowed'): Record<string, unknown> {
  const { $schema, title, description, ...schema } = z.toJSONSchema(ReportSchema, {
    target: 'draft-2020-12',
    io: additions === 'allowed' ? 'input' : 'output',
  });
  return { $schema, title, description, ...schema };
}

/** The published file, byte for byte. */
export function reportSchemaFile(): string {
  return schemaFile(reportJsonSchema());
}

/** Readonly-ness aside, both types must be the same one; assignability would not notice a missing optional field. */
type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/** Does not compile once schema and type drift apart. */
export const SCHEMA_IS_THE_TYPE: Same<z.infer<typeof ReportSchema>, Report> = true;
