/** The observation part of the report's schema: one variant for each rung, told apart by `rung`. */
import * as z from 'zod';
import { CREDENTIAL_PROBLEMS, DENYING_POLICIES } from '../model/denial.ts';
import { HELLOS } from '../model/observation.ts';

const text = z.string();
const texts = z.array(text);
const maybe = text.optional();
const flag = z.boolean().optional();
const number = z.number().optional();

const FailureSchema = z
  .object({ code: maybe, syscall: maybe, message: maybe.describe('For the reader only; classify by `code`.') })
  .meta({ id: 'Failure', description: 'One failed system call or library error.' });

const DnsRecordSchema = z.object({ name: text, type: text, ttl: z.number(), data: text }).meta({ id: 'DnsRecord' });

const CertificateSchema = z
  .object({
    subject: text,
    issuer: text,
    subjectAlternativeNames: texts,
    validFrom: text.describe('ISO 8601.'),
    validTo: text.describe('ISO 8601.'),
    fingerprint256: text,
  })
  .meta({ id: 'Certificate' });

export const DenialSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('policy'),
      by: z.enum(DENYING_POLICIES).optional().describe('The kind of policy that the words blame.'),
      explicit: flag.describe('True: a Deny statement; false: no statement allows it.'),
      principal: maybe,
      action: maybe,
      resource: maybe,
      policyArn: maybe,
      code: maybe,
      text,
    }),
    z.object({ kind: z.literal('credentials'), problem: z.enum(CREDENTIAL_PROBLEMS), code: maybe, text }),
  ])
  .meta({ id: 'Denial', description: 'What the words of a refusal say; what they do not say is absent.' });

const head = {
  id: text.describe('The question itself, readable: `tcp 10.0.2.14:443`.'),
};
const middle = {
  after: texts.describe('Ids of the observations that led to this question.'),
  ms: z.number().describe('How long the answer took, in milliseconds.'),
};

const DnsObservationSchema = z
  .object({
    ...head,
    rung: z.literal('dns'),
    subject: z.object({
      name: text,
      type: z.enum(['A', 'AAAA']),
      server: text,
      port: z.int(),
      transport: z.enum(['udp', 'tcp']),
      attempt: z.int().optional().describe('2 and up: the same question, asked again.'),
    }),
    ...middle,
    outcome: z.enum([
      'answered',
      'no-data',
      'nxdomain',
      'servfail',
      'refused-by-server',
      'other-rcode',
      'timeout',
      'refused',
      'unreachable',
      'prohibited',
      'malformed',
      'failed',
      'skipped',
    ]),
    detail: z.object({
      rcode: maybe,
      addresses: texts,
      cnames: texts,
      answers: z.array(DnsRecordSchema),
      authority: z.array(DnsRecordSchema),
      authoritative: flag,
      recursionAvailable: flag,
      truncated: flag,
      ednsUdpPayloadSize: number,
      extendedError: maybe.describe('RFC 8914 extended error, `code` or `code: text`.'),
      failure: FailureSchema.optional(),
    }),
  })
  .meta({ id: 'DnsObservation' });

const TcpObservationSchema = z
  .object({
    ...head,
    rung: z.literal('tcp'),
    subject: z.object({
      address: text,
      port: z.int(),
      localPort: z.int().optional().describe('A source port that was chosen on purpose.'),
    }),
    ...middle,
    outcome: z.enum(['open', 'refused', 'timeout', 'unreachable', 'reset', 'prohibited', 'failed', 'skipped']),
    detail: z.object({ localAddress: maybe, localPort: number, failure: FailureSchema.optional() }),
  })
  .meta({ id: 'TcpObservation' });

const TlsObservationSchema = z
  .object({
    ...head,
    rung: z.literal('tls'),
    subject: z.object({
      address: text,
      port: z.int(),
      serverName: text,
      hello: z.enum(HELLOS).optional().describe('What an experiment sent; absent: as Node sends it by itself.'),
    }),
    ...middle,
    outcome: z.enum([
      'trusted',
      'name-mismatch',
      'untrusted',
      'expired',
      'not-yet-valid',
      'timeout',
      'reset',
      'closed',
      'alert',
      'not-tls',
      'refused',
      'unreachable',
      'prohibited',
      'failed',
      'skipped',
    ]),
    detail: z.object({
      protocol: maybe,
      cipher: maybe,
      chain: z.array(CertificateSchema).describe('Leaf first, as the peer sent it.'),
      anchor: z
        .enum(['bundled', 'added'])
        .optional()
        .describe(
          'The root that makes the chain trusted: a public one that Node carries, or one added on this machine.',
        ),
      authorizationError: maybe,
      localAddress: maybe,
      failure: FailureSchema.optional(),
    }),
  })
  .meta({ id: 'TlsObservation' });

const HttpsObservationSchema = z
  .object({
    ...head,
    rung: z.literal('https'),
    subject: z.object({
      address: text,
      port: z.int(),
      serverName: text,
      method: text,
      path: text,
      hello: z.enum(['small']).optional().describe('What an experiment sent; absent: as Node sends it by itself.'),
      padding: z.int().optional().describe('Bytes of a header that nobody reads, so that the request fills segments.'),
    }),
    ...middle,
    outcome: z.enum([
      'aws-answer',
      'other-answer',
      'timeout',
      'reset',
      'closed',
      'refused',
      'unreachable',
      'prohibited',
      'not-http',
      'tls-failed',
      'failed',
      'skipped',
    ]),
    detail: z.object({
      status: number,
      requestId: maybe,
      server: maybe,
      date: maybe,
      clockOffsetMs: z.number().optional().describe("This machine's clock minus the Date header, in milliseconds."),
      errorType: maybe,
      contentType: maybe,
      body: maybe.describe('The first 512 characters of a text body.'),
      denial: DenialSchema.optional(),
      failure: FailureSchema.optional(),
    }),
  })
  .meta({ id: 'HttpsObservation' });

const AccessObservationSchema = z
  .object({
    ...head,
    rung: z.literal('access'),
    subject: z.object({
      address: text,
      port: z.int(),
      serverName: text,
      service: text,
      action: text.describe('The IAM action: `secretsmanager:ListSecrets`.'),
      resource: text.describe('The ARN that the request is about, or `*`.'),
    }),
    ...middle,
    outcome: z.enum([
      'allowed',
      'denied',
      'credentials-rejected',
      'no-credentials',
      'withheld',
      'answered',
      'timeout',
      'reset',
      'closed',
      'refused',
      'unreachable',
      'prohibited',
      'not-http',
      'tls-failed',
      'failed',
      'skipped',
    ]),
    detail: z.object({
      status: number,
      requestId: maybe,
      errorType: maybe,
      denial: DenialSchema.optional(),
      caller: maybe.describe('Who asked, where the service says it.'),
      failure: FailureSchema.optional(),
    }),
  })
  .meta({ id: 'AccessObservation', description: 'A signed read request; made with `--signed` only.' });

const TLS_OUTCOMES = [
  'trusted',
  'name-mismatch',
  'untrusted',
  'expired',
  'not-yet-valid',
  'timeout',
  'reset',
  'closed',
  'alert',
  'not-tls',
  'refused',
  'unreachable',
  'prohibited',
  'failed',
] as const;

const ProxyObservationSchema = z
  .object({
    ...head,
    rung: z.literal('proxy'),
    subject: z.object({
      variable: z.enum(['HTTPS_PROXY', 'ALL_PROXY']),
      scheme: z.enum(['http', 'https']),
      name: text.describe("The proxy's host as the variable has it."),
      address: text,
      port: z.int(),
      host: text.describe('What the proxy is asked to connect to.'),
      hostPort: z.int(),
    }),
    ...middle,
    outcome: z.enum([
      'established',
      'denied',
      'authentication-required',
      'wrong-scheme',
      'not-a-proxy',
      'tls-failed',
      'timeout',
      'refused',
      'unreachable',
      'reset',
      'prohibited',
      'failed',
      'skipped',
    ]),
    detail: z.object({
      status: number,
      server: maybe,
      tls: z
        .object({ outcome: z.enum(TLS_OUTCOMES), issuer: maybe })
        .optional()
        .describe('The handshake with the host through the tunnel.'),
      failure: FailureSchema.optional(),
    }),
  })
  .meta({ id: 'ProxyObservation' });

export const METADATA_OUTCOMES = [
  'answered',
  'forbidden',
  'not-a-token',
  'timeout',
  'refused',
  'unreachable',
  'reset',
  'prohibited',
  'failed',
] as const;

const MetadataObservationSchema = z
  .object({
    ...head,
    rung: z.literal('metadata'),
    subject: z.object({ service: z.literal('instance'), address: text, port: z.int() }),
    ...middle,
    outcome: z.enum([...METADATA_OUTCOMES, 'skipped']),
    detail: z.object({ status: number, connected: flag, failure: FailureSchema.optional() }),
  })
  .meta({ id: 'MetadataObservation', description: 'The token request to the instance metadata service.' });

export const ObservationSchema = z
  .discriminatedUnion('rung', [
    DnsObservationSchema,
    TcpObservationSchema,
    TlsObservationSchema,
    HttpsObservationSchema,
    AccessObservationSchema,
    ProxyObservationSchema,
    MetadataObservationSchema,
  ])
  .meta({ id: 'Observation', description: 'One question that was put to the network, and what came back.' });
