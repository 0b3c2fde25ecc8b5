/**
 * What the probe script prints: the words of the tools that it found, question by question, not yet understood. The shell
 * only quotes; reading dig, openssl and curl of any version is done here, where it can be tested.
 */
import * as z from 'zod';
import { parseJson } from '../model/json-text.ts';
import type { TargetRequest } from '../model/target.ts';

export const RAW_KIND = 'vpce-doctor-raw-evidence';
export const RAW_SCHEMA_VERSION = 1;

/** The script closes each list with a null, so that no element needs to know whether it is the last one. */
const lines = z.array(z.union([z.string(), z.null()])).transform((all) => all.filter((line) => line !== null));
const port = z.number().int().min(0).max(65_535);
const address = z.string().regex(/^[0-9a-fA-F:.]{2,45}$/);
const name = z.string().min(1).max(260);
const said = { tool: z.string(), ms: z.number(), at: z.number(), lines };

const DnsAnswer = z.object({
  record: z.literal('answer'),
  rung: z.literal('dns'),
  subject: z.object({
    name,
    type: z.enum(['A', 'AAAA']),
    server: address,
    port,
    transport: z.enum(['udp', 'tcp']),
    attempt: z.number().int().optional(),
  }),
  ...said,
});
const TcpAnswer = z.object({
  record: z.literal('answer'),
  rung: z.literal('tcp'),
  subject: z.object({ address, port, localPort: port.optional() }),
  ...said,
});
const TlsAnswer = z.object({
  record: z.literal('answer'),
  rung: z.literal('tls'),
  subject: z.object({
    address,
    port,
    serverName: name,
    hello: z.enum(['small', 'without-sni', 'unacceptable', 'plaintext']).optional(),
  }),
  ...said,
});
const HttpsAnswer = z.object({
  record: z.literal('answer'),
  rung: z.literal('https'),
  subject: z.object({
    address,
    port,
    serverName: name,
    method: z.string(),
    path: z.string(),
    hello: z.literal('small').optional(),
    padding: z.number().optional(),
  }),
  ...said,
});
const ProxyAnswer = z.object({
  record: z.literal('answer'),
  rung: z.literal('proxy'),
  subject: z.object({ host: name, hostPort: port }),
  ...said,
});
const Fact = z.union([
  z.object({ record: z.literal('file'), path: z.string(), lines }),
  z.object({ record: z.literal('variable'), name: z.string(), lines }),
  z.object({ record: z.literal('addresses'), tool: z.enum(['ip', 'ifconfig']), lines }),
  z.object({ record: z.literal('tools'), lines }),
  z.object({ record: z.literal('store'), path: z.string(), lines }),
  z.object({ record: z.literal('skipped'), what: z.string(), lines }),
  z.object({
    record: z.literal('metadata'),
    method: z.enum(['GET', 'PUT']),
    path: z.string().nullable(),
    address,
    port,
    ms: z.number(),
    at: z.number(),
    lines,
  }),
]);
const Answer = z.union([DnsAnswer, TcpAnswer, TlsAnswer, HttpsAnswer, ProxyAnswer]);
const RawSchema = z.object({
  schemaVersion: z.literal(RAW_SCHEMA_VERSION),
  kind: z.literal(RAW_KIND),
  tool: z.object({ name: z.literal('vpce-doctor'), version: z.string() }),
  startedAt: z.string(),
  durationMs: z.number(),
  ended: z.enum(['complete', 'deadline', 'interrupted']),
  requests: z.array(z.unknown()),
  region: z.string().nullable(),
  records: z.array(z.union([Fact, Answer, z.null()])).transform((all) => all.filter((record) => record !== null)),
});

export type RawAnswer = z.infer<typeof Answer>;
export type RawRecord = RawAnswer | z.infer<typeof Fact>;
export type RawDocument = Omit<z.infer<typeof RawSchema>, 'requests'> & { readonly requests: readonly TargetRequest[] };
/** One answer of a rung. */
export type Raw<R extends RawAnswer['rung']> = Extract<RawAnswer, { rung: R }>;

export type RawReading =
  | { readonly ok: true; readonly document: RawDocument }
  | { readonly ok: false; readonly problem: string };

/** Whether a text is a document of this kind, whatever else is wrong with it; undefined when it is something else. */
export function readRawDocument(
  text: string,
  file: string,
  requests: z.ZodType<TargetRequest>,
): RawReading | undefined {
  const parsed = parseJson(text.replace(/^\uFEFF/, ''));
  const value: unknown = parsed.ok ? parsed.value : undefined;
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== RAW_KIND) return undefined;
  if (!('schemaVersion' in value) || value.schemaVersion !== RAW_SCHEMA_VERSION)
    return {
      ok: false,
      problem: `${file} was printed by a probe script of another version of vpce-doctor: print a new one.`,
    };
  const read = RawSchema.extend({ requests: z.array(requests) }).safeParse(value);
  if (read.success) return { ok: true, document: read.data };
  const [issue] = read.error.issues;
  return {
    ok: false,
    problem: `${file} is not what a probe script of this version prints: ${issue?.path.join('.') || 'its top level'}: ${issue?.message ?? 'not valid'}.`,
  };
}
