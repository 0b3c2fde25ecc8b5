/** A probe script's document as a case, as if the tool itself had been there with the tools that the host has. */
import type { Case, CoverageEntry } from '../model/case.ts';
import { RequestSchema } from '../model/case-schema.ts';
import {
  type DnsObservation,
  type HttpsObservation,
  type MetadataObservation,
  type Observation,
  type ProxySubject,
  probeId,
  type TcpObservation,
  type TlsObservation,
} from '../model/observation.ts';
import { unknownState } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { hostsEntries } from '../network/resolution.ts';
import { httpsObservation, proxyObservation, tcpObservation } from './raw-connections.ts';
import { dnsObservation } from './raw-dns.ts';
import { type RawAnswer, type RawDocument, readRawDocument } from './raw-document.ts';
import { tlsObservation } from './raw-tls.ts';
import { rawVantage } from './raw-vantage.ts';

/**
 * The case in a text that a probe script printed; undefined when the text is no such document. The problem is one line.
 * Pure but for the reading itself: nothing of this machine is asked.
 */
export async function caseOfRawEvidence(
  text: string,
  file: string,
): Promise<{ readonly ok: true; readonly case: Case } | { readonly ok: false; readonly problem: string } | undefined> {
  const read = readRawDocument(text, file, RequestSchema);
  if (read === undefined || !read.ok) return read;
  return { ok: true, case: await rawCase(read.document) };
}

async function rawCase(document: RawDocument): Promise<Case> {
  const { vantage: taken, coverage } = await rawVantage(document);
  const { region } = document;
  const vantage: Vantage =
    region === null ? taken : { ...taken, region, sdk: { ...taken.sdk, region, regionSource: '--region' } };
  const answers = document.records.filter((record): record is RawAnswer => record.record === 'answer');
  const observations = linked(observationsOf(answers, vantage));
  return {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: { name: 'vpce-doctor', version: document.tool.version },
    startedAt: document.startedAt,
    durationMs: document.durationMs,
    requests: document.requests,
    vantage,
    state: unknownState('not-given'),
    probed: true,
    observations,
    coverage: [...coverage, ...coverageOf(document, answers)],
    warnings: ENDS[document.ended],
  };
}

const ENDS: Readonly<Record<RawDocument['ended'], readonly string[]>> = {
  complete: [],
  deadline: ['The probe script’s deadline came first: this is what was known by then.'],
  interrupted: ['The probe script was interrupted: this is what was known by then.'],
};

const RUNGS = ['metadata', 'dns', 'tcp', 'tls', 'https', 'proxy'] as const;

/** Once each, by rung. A request is evidence only where the certificate was trusted: else a live run would not have made it. */
function observationsOf(answers: readonly RawAnswer[], vantage: Vantage): Observation[] {
  const proxy = proxyOf(vantage);
  const all = answers.flatMap((raw) => observationOf(raw, vantage, proxy) ?? []);
  const unique = [...new Map([...metadataOf(vantage), ...all].map((one) => [one.id, one])).values()];
  const trusted = (one: HttpsObservation) =>
    unique.some(
      (tls) =>
        tls.rung === 'tls' &&
        tls.outcome === 'trusted' &&
        tls.subject.address === one.subject.address &&
        tls.subject.serverName === one.subject.serverName,
    );
  // A source port that somebody else had says nothing of the network.
  const taken = (one: Observation) =>
    one.rung === 'tcp' && one.subject.localPort !== undefined && one.outcome === 'failed';
  const evidence = unique.filter((one) => !taken(one) && (one.rung !== 'https' || trusted(one)));
  return RUNGS.flatMap((rung) => evidence.filter((one) => one.rung === rung));
}

function observationOf(raw: RawAnswer, vantage: Vantage, proxy: ReturnType<typeof proxyOf>): Observation | undefined {
  switch (raw.rung) {
    case 'dns':
      // getent reads the hosts file first: that answer is not the resolver's.
      return raw.tool === 'getent' && hostsEntries(vantage, raw.subject.name).length > 0
        ? undefined
        : dnsObservation(raw);
    case 'tcp':
      return tcpObservation(raw);
    case 'tls':
      return tlsObservation(raw);
    case 'https':
      return httpsObservation(raw);
    case 'proxy':
      return proxy === undefined ? undefined : proxyObservation(raw, proxy);
  }
}

function metadataOf({ metadata }: Vantage): MetadataObservation[] {
  if (metadata === undefined || metadata.outcome === 'answered') return [];
  const { outcome, address, port, status, connected, code, ms } = metadata;
  const subject = { service: 'instance' as const, address, port };
  const failure = code === undefined ? undefined : { code };
  return [
    {
      id: probeId('metadata', subject),
      rung: 'metadata',
      subject,
      after: [],
      ms,
      outcome,
      detail: { status, connected, failure },
    },
  ];
}

/** What led to each question, as the plan of a live run has it. */
function linked(observations: readonly Observation[]): Observation[] {
  const dns = observations.filter((one): one is DnsObservation => one.rung === 'dns' && one.outcome === 'answered');
  const tcp = observations.filter((one): one is TcpObservation => one.rung === 'tcp');
  const tls = observations.filter((one): one is TlsObservation => one.rung === 'tls' && one.outcome === 'trusted');
  const ids = (found: readonly Observation[]) => found.map((one) => one.id);
  return observations.map((one) => {
    switch (one.rung) {
      case 'tcp':
        return { ...one, after: ids(dns.filter((name) => name.detail.addresses.includes(one.subject.address))) };
      case 'tls': {
        const { address, port } = one.subject;
        const opened = (each: TcpObservation) => each.subject.address === address && each.subject.port === port;
        return { ...one, after: ids(tcp.filter((each) => opened(each) && each.subject.localPort === undefined)) };
      }
      case 'https': {
        const { address, serverName } = one.subject;
        const shaken = tls.filter((each) => each.subject.address === address && each.subject.serverName === serverName);
        return { ...one, after: ids(shaken.slice(0, 1)) };
      }
      default:
        return one;
    }
  });
}

/** HTTPS_PROXY before ALL_PROXY, as curl takes them. */
function proxyOf({ proxy }: Vantage): Pick<ProxySubject, 'variable' | 'scheme' | 'name' | 'port'> | undefined {
  const value = proxy.httpsProxy ?? proxy.allProxy;
  if (value === undefined) return undefined;
  const url = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return {
    variable: proxy.httpsProxy === undefined ? 'ALL_PROXY' : 'HTTPS_PROXY',
    scheme,
    name: hostname.replace(/^\[(.*)\]$/, '$1'),
    // curl's own default where the variable has none; a URL object drops the scheme's own port.
    port: port === '' ? (/:(?:80|443)\/?$/.test(url) ? Number(/:(\d+)\/?$/.exec(url)?.[1]) : 1080) : Number(port),
  };
}

function coverageOf({ records }: RawDocument, answers: readonly RawAnswer[]): CoverageEntry[] {
  const made = RUNGS.flatMap((what): CoverageEntry[] => {
    const own = answers.filter((one) => one.rung === what);
    const tools = [...new Set(own.map((one) => one.tool))].join(', ');
    return own.length === 0
      ? []
      : [{ what, outcome: 'made', count: own.length, why: `asked by the probe script with ${tools}` }];
  });
  const skipped = new Map<string, CoverageEntry>();
  for (const record of records) {
    if (record.record !== 'skipped') continue;
    const why = record.lines.join(' ');
    const before = skipped.get(`${record.what} ${why}`);
    skipped.set(`${record.what} ${why}`, {
      what: record.what,
      outcome: 'skipped',
      count: (before?.count ?? 0) + 1,
      why,
    });
  }
  return [...made, ...skipped.values()];
}
