/** Pieces of which the report fixtures are built: one client, one VPC, and observations with their usual details. */
import {
  type Certificate,
  type DnsObservation,
  type HttpsObservation,
  probeId,
  type TcpObservation,
  type TlsObservation,
} from '../../src/model/observation.ts';
import type { Hop, HopList, Report, ReportTarget, ReportVantage } from '../../src/model/report.ts';

export const CLIENT = '10.0.1.23';
export const CLIENT_GROUP = 'sg-0c1a2b3c4d5e6f708';
export const ENDPOINT_GROUP = 'sg-0e1f2a3b4c5d6e7f8';
export const CLIENT_ACL = 'acl-0a1b2c3d4e5f60718';
export const ENDPOINT_ACL = 'acl-0b2c3d4e5f6071829';
export const RESOLVER = '10.0.0.2';
export const SECRETS = 'secretsmanager.eu-west-1.amazonaws.com';

export const vantage: ReportVantage = {
  kind: 'ec2',
  region: 'eu-west-1',
  accountId: '111122223333',
  instanceId: 'i-0c1d2e3f405162738',
  vpcId: 'vpc-0123456789abcdef0',
  subnetId: 'subnet-0a1a2a3a4a5a6a7a8',
  availabilityZone: 'eu-west-1a',
  availabilityZoneId: 'euw1-az1',
  networkInterfaceId: 'eni-0c0d0e0f001122334',
  addresses: [CLIENT],
  securityGroupIds: [CLIENT_GROUP],
  resolvers: [RESOLVER],
  ephemeralPorts: { from: 32768, to: 60999, source: 'kernel' },
  notes: [],
};

/** A report in which nothing was found; fixtures say only what differs. */
export const emptyReport: Report = {
  schemaVersion: 1,
  tool: { name: 'vpce-doctor', version: '0.1.0' },
  startedAt: '2026-11-20T09:14:03Z',
  durationMs: 2412,
  verdict: 'healthy',
  headline: '',
  vantage,
  targets: [],
  causes: [],
  fixPlan: { steps: [], opens: [], remaining: [], undo: [] },
  contradicted: [],
  ruledOut: [],
  undecided: [],
  unexplained: [],
  notChecked: [],
  observations: [],
  coverage: [],
  warnings: [],
};

export function target(id: string, rest: Partial<ReportTarget>): ReportTarget {
  return {
    id,
    requested: [id],
    host: id,
    port: 443,
    status: 'unreachable',
    summary: '',
    hops: [],
    causes: [],
    ...rest,
  };
}

type Gate = readonly [
  gate: string,
  label: string,
  result?: Hop['result'],
  resource?: string | undefined,
  note?: string,
];

/** A path from `CLIENT`; gates are `[gate, label, result, resource, note]`, those after the interface lie on the way back. */
export function path(
  result: HopList['result'],
  out: readonly Gate[],
  end: { to: string; networkInterfaceId: string; zone: string },
  back: readonly Gate[] = [],
): HopList {
  const hop = ([gate, label, outcome, resource, note]: Gate): Hop => ({
    gate,
    label,
    result: outcome ?? 'pass',
    ...(resource === undefined ? {} : { resource }),
    ...(note === undefined ? {} : { note }),
  });
  return {
    to: end.to,
    networkInterfaceId: end.networkInterfaceId,
    availabilityZone: end.zone,
    result,
    hops: [
      { gate: 'client', label: CLIENT, result: 'end' },
      ...out.map(hop),
      {
        gate: 'interface',
        label: `${end.networkInterfaceId} ${end.to}`,
        resource: end.networkInterfaceId,
        result: 'end',
      },
      ...back.map(hop),
    ],
  };
}

export function dns(
  name: string,
  addresses: readonly string[],
  rest: Partial<Pick<DnsObservation, 'outcome' | 'ms'>> & { server?: string; type?: 'A' | 'AAAA' } = {},
): DnsObservation {
  const { server = RESOLVER, type = 'A', outcome = 'answered', ms = 2 } = rest;
  const subject = { name, type, server, port: 53, transport: 'udp' } as const;
  return {
    id: probeId('dns', subject),
    rung: 'dns',
    subject,
    after: [],
    ms,
    outcome,
    detail: {
      rcode: outcome === 'nxdomain' ? 'NXDOMAIN' : 'NOERROR',
      addresses,
      cnames: [],
      answers: addresses.map((data) => ({ name, type, ttl: 60, data })),
      authority: [],
    },
  };
}

export function tcp(
  address: string,
  outcome: TcpObservation['outcome'],
  rest: { ms?: number; localPort?: number; code?: string; port?: number } = {},
): TcpObservation {
  const { ms = outcome === 'timeout' ? 3500 : 1, localPort, code, port = 443 } = rest;
  const subject = { address, port, ...(localPort === undefined ? {} : { localPort }) };
  const detail = code === undefined ? {} : { failure: { code, syscall: 'connect' } };
  return { id: probeId('tcp', subject), rung: 'tcp', subject, after: [], ms, outcome, detail };
}

export function tls(
  address: string,
  serverName: string,
  outcome: TlsObservation['outcome'] = 'trusted',
  rest: { ms?: number; certificate?: Partial<Certificate> } = {},
): TlsObservation {
  const subject = { address, port: 443, serverName };
  const leaf: Certificate = {
    subject: `CN=${serverName}`,
    issuer: 'C=US, O=Amazon, CN=Amazon RSA 2048 M01',
    subjectAlternativeNames: [serverName],
    validFrom: '2026-05-01T00:00:00Z',
    validTo: '2027-05-30T23:59:59Z',
    fingerprint256: '7A:55:0C',
    ...rest.certificate,
  };
  const detail = { protocol: 'TLSv1.3', chain: [leaf] };
  return { id: probeId('tls', subject), rung: 'tls', subject, after: [], ms: rest.ms ?? 9, outcome, detail };
}

export function https(
  address: string,
  serverName: string,
  rest: { status?: number; errorType?: string; server?: string; outcome?: HttpsObservation['outcome'] } = {},
): HttpsObservation {
  const { status = 404, errorType, server, outcome = 'aws-answer' } = rest;
  const subject = { address, port: 443, serverName, method: 'GET', path: '/' };
  const detail = {
    status,
    requestId: '5f0c7d7e-8a51-4b0e-9b0c-0d9b8f1f2a11',
    ...(errorType === undefined ? {} : { errorType }),
    ...(server === undefined ? {} : { server }),
  };
  return { id: probeId('https', subject), rung: 'https', subject, after: [], ms: 21, outcome, detail };
}
