/** The form of a case file: a zod schema that the compiler holds equal to the `Case` type. */
import * as z from 'zod';
import { DenialSchema, METADATA_OUTCOMES, ObservationSchema } from '../report/schema-observation.ts';
import type { Case } from './case.ts';
import { SLICE_ELEMENTS } from './slice-elements.ts';
import { type Refusal, SLICE_NAMES, type State } from './state.ts';
import { CLOCK_SOURCES, CREDENTIAL_SOURCES, VANTAGE_KINDS } from './vantage.ts';

export const CASE_KIND = 'vpce-doctor-case';
export const CASE_SCHEMA_VERSION = 1;

/** Every reason for a slice to be unknown, by how much it tells: of two, the greater is kept. */
export const REFUSAL_WEIGHT = {
  'not-asked': 0,
  'not-given': 1,
  failed: 2,
  timeout: 3,
  unreachable: 3,
  throttled: 3,
  'no-credentials': 4,
  denied: 5,
} as const satisfies Record<Refusal, number>;

export const RefusalSchema = z.enum(Object.keys(REFUSAL_WEIGHT) as [Refusal, ...Refusal[]]);

const text = z.string();
const texts = z.array(text);
const maybe = text.optional();
const flag = z.boolean().optional();

/** A slice that an older version of this tool did not have is one that its run did not ask for. */
const StateSchema = z.object(
  Object.fromEntries(
    SLICE_NAMES.map((name) => [
      name,
      z
        .discriminatedUnion('known', [
          z.object({ known: z.literal(true), value: z.array(SLICE_ELEMENTS[name]) }),
          z.object({ known: z.literal(false), why: RefusalSchema, detail: maybe }),
        ])
        .default({ known: false, why: 'not-asked' }),
    ]),
  ),
) as unknown as z.ZodType<State>;

const port = z.number().optional();
export const RequestSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('host'),
    text,
    host: text,
    port: z.number(),
    path: maybe,
    pasted: maybe,
    denial: DenialSchema.optional(),
  }),
  z.object({ kind: z.literal('address'), text, address: text, port: z.number() }),
  z.object({ kind: z.literal('service'), text, service: text, denial: DenialSchema.optional() }),
  z.object({ kind: z.literal('endpoint'), text, endpointId: text, port }),
  z.object({ kind: z.literal('workload'), text, workload: text, denial: DenialSchema.optional() }),
  z.object({ kind: z.literal('every-endpoint'), text }),
]);

const ClientInterfaceSchema = z.object({
  networkInterfaceId: maybe,
  macAddress: maybe,
  deviceNumber: z.number().optional(),
  vpcId: maybe,
  subnetId: maybe,
  ownerId: maybe,
  addresses: texts,
  publicAddresses: texts,
  securityGroupIds: texts,
  subnetCidr: maybe,
  vpcCidrs: texts,
});

const MetadataSightSchema = z.object({
  outcome: z.enum(METADATA_OUTCOMES),
  address: text,
  port: z.number(),
  status: z.number().optional(),
  connected: flag,
  code: maybe,
  ms: z.number(),
});

const VantageSchema = z.object({
  kind: z.enum(VANTAGE_KINDS),
  region: maybe,
  partition: maybe,
  accountId: maybe,
  instanceId: maybe,
  vpcId: maybe,
  subnetId: maybe,
  availabilityZone: maybe,
  availabilityZoneId: maybe,
  networkInterfaceId: maybe,
  addresses: texts,
  publicAddresses: texts,
  securityGroupIds: texts,
  vpcCidrs: texts,
  interfaces: z.array(ClientInterfaceSchema),
  resolvers: z.array(z.object({ address: text, port: z.number() })),
  searchDomains: texts,
  ndots: z.number(),
  hosts: z.array(z.object({ line: z.number(), address: text, names: texts })),
  ephemeralPorts: z.object({ from: z.number(), to: z.number(), source: z.enum(['kernel', 'assumed', 'given']) }),
  localInterfaces: z.array(
    z.object({ name: text, address: text, prefixLength: z.number(), mtu: z.number().optional() }),
  ),
  localRoutes: z.array(z.object({ destination: text, gateway: maybe, device: text, metric: z.number() })),
  proxy: z.object({ httpsProxy: maybe, httpProxy: maybe, allProxy: maybe, noProxy: maybe }),
  sdk: z.object({
    region: maybe,
    profile: maybe,
    endpointUrls: z.record(text, text),
    useFips: flag,
    useDualstack: flag,
    endpointUrlSources: z.record(text, text).optional(),
    regionSource: maybe,
    credentialSources: z.array(z.enum(CREDENTIAL_SOURCES)).optional(),
  }),
  clock: z
    .object({
      at: text,
      readings: z.array(z.object({ source: z.enum(CLOCK_SOURCES), offsetMs: z.number() })),
    })
    .optional(),
  trustStores: z
    .array(
      z.object({
        source: text,
        path: text,
        certificates: z.number(),
        amazonRoots: texts,
        problem: z.enum(['not-readable', 'no-certificates']).optional(),
      }),
    )
    .optional(),
  metadata: MetadataSightSchema.optional(),
  container: flag,
  ec2Machine: flag,
  notes: texts,
});

export const CaseSchema = z.object({
  schemaVersion: z.literal(CASE_SCHEMA_VERSION),
  kind: z.literal(CASE_KIND),
  tool: z.object({ name: z.literal('vpce-doctor'), version: text }),
  startedAt: text,
  durationMs: z.number(),
  requests: z.array(RequestSchema),
  vantage: VantageSchema,
  state: StateSchema,
  probed: z.boolean(),
  observations: z.array(ObservationSchema),
  coverage: z.array(
    z.object({ what: text, outcome: z.enum(['made', 'refused', 'skipped']), count: z.number(), why: maybe }),
  ),
  warnings: texts,
});

/** Readonly-ness aside, both types must be the same one; assignability would not notice a missing optional field. */
type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/** Does not compile once schema and type drift apart. */
export const CASE_SCHEMA_IS_THE_TYPE: Same<z.infer<typeof CaseSchema>, Case> = true;
