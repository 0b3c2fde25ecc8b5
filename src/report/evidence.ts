/** What the network answered, in words: one phrase for each observation, and groups of those that say the same. */
import type {
  AccessObservation,
  AccessOutcome,
  DnsObservation,
  DnsOutcome,
  Failure,
  HttpsObservation,
  HttpsOutcome,
  MetadataObservation,
  MetadataOutcome,
  Observation,
  ProxyObservation,
  ProxyOutcome,
  Skipped,
  TcpObservation,
  TcpOutcome,
  TlsObservation,
  TlsOutcome,
} from '../model/observation.ts';
import type { Report, ReportCause } from '../model/report.ts';
import { atMost, formatDuration, groupBy, joinWords, unique } from './words.ts';

type Phrases<O extends string, T> = Record<O | Skipped, (observation: T) => string>;

const NOT_ASKED = () => 'not asked, the run ended first';

const DNS: Phrases<DnsOutcome, DnsObservation> = {
  answered: (o) => `${joinWords(atMost(o.detail.addresses, 4))}${extended(o)}`,
  'no-data': (o) => `the name exists, without an ${o.subject.type} record`,
  nxdomain: () => 'NXDOMAIN, there is no such name',
  servfail: (o) => `SERVFAIL${extended(o)}`,
  'refused-by-server': (o) => `REFUSED, this resolver does not serve this client${extended(o)}`,
  'other-rcode': (o) => `${o.detail.rcode ?? 'an error without a known code'}${extended(o)}`,
  timeout: (o) => `no answer in ${formatDuration(o.ms)}`,
  refused: (o) => `nothing listens there${code(o.detail.failure)}`,
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  prohibited: (o) => `this machine forbids sending it${code(o.detail.failure)}`,
  malformed: () => 'an answer that is not DNS',
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const TCP: Phrases<TcpOutcome, TcpObservation> = {
  open: (o) => `open in ${formatDuration(o.ms)}`,
  refused: (o) => `refused after ${formatDuration(o.ms)}`,
  timeout: (o) => `no answer in ${formatDuration(o.ms)}`,
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  reset: (o) => `reset after ${formatDuration(o.ms)}`,
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const TLS: Phrases<TlsOutcome, TlsObservation> = {
  trusted: (o) => `trusted certificate in ${formatDuration(o.ms)}`,
  'name-mismatch': (o) => `the certificate is for ${names(o)}, not for ${o.subject.serverName}`,
  untrusted: (o) =>
    `the certificate is not trusted here, issued by ${shorten(o.detail.chain.at(0)?.issuer ?? 'nobody known')}`,
  expired: (o) => `the certificate expired ${o.detail.chain.at(0)?.validTo ?? ''}`.trimEnd(),
  'not-yet-valid': (o) => `the certificate is not valid before ${o.detail.chain.at(0)?.validFrom ?? 'a later day'}`,
  timeout: (o) =>
    `TCP opens, ${o.subject.hello === 'plaintext' ? 'a few bytes get' : 'the ClientHello gets'} no answer in ${formatDuration(o.ms)}`,
  reset: () => 'TCP opens, the handshake is reset',
  closed: () => 'TCP opens, the peer closes instead of answering',
  alert: (o) => `the peer answers with a TLS alert${code(o.detail.failure)}`,
  'not-tls': () => 'what answers does not speak TLS',
  refused: () => 'the TCP connection was refused',
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const HTTPS: Phrases<HttpsOutcome, HttpsObservation> = {
  'aws-answer': (o) => `AWS answers ${status(o)} in ${formatDuration(o.ms)}`,
  'other-answer': (o) => `${status(o)} from ${shorten(o.detail.server ?? 'a server without a name')}, no sign of AWS`,
  timeout: (o) => `no answer in ${formatDuration(o.ms)}`,
  reset: () => 'connection reset before an answer',
  closed: () => 'connection closed before an answer',
  refused: () => 'the TCP connection was refused',
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  'not-http': () => 'what answers does not speak HTTP',
  'tls-failed': () => 'not asked, the certificate was not accepted',
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const ACCESS: Phrases<AccessOutcome, AccessObservation> = {
  allowed: (o) => `allowed in ${formatDuration(o.ms)}`,
  denied: (o) =>
    `refused with ${o.detail.status ?? 'an error'}${o.detail.errorType === undefined ? '' : ` ${o.detail.errorType}`}`,
  'credentials-rejected': (o) =>
    `the credentials are not accepted${o.detail.errorType === undefined ? '' : `: ${o.detail.errorType}`}`,
  'no-credentials': () => 'not sent: there are no credentials to sign with',
  withheld: (o) => `not sent${reason(o.detail.failure)}`,
  answered: (o) =>
    `answered with ${o.detail.status ?? 'something else'}${o.detail.errorType === undefined ? '' : ` ${o.detail.errorType}`}`,
  timeout: (o) => `no answer in ${formatDuration(o.ms)}`,
  reset: () => 'connection reset before an answer',
  closed: () => 'connection closed before an answer',
  refused: () => 'connection refused',
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  'not-http': () => 'what answers is not HTTP',
  'tls-failed': (o) => `the certificate is not accepted${code(o.detail.failure)}`,
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const PROXY: Phrases<ProxyOutcome, ProxyObservation> = {
  established: (o) => `the proxy connects${tunnel(o)} in ${formatDuration(o.ms)}`,
  denied: (o) => `the proxy refuses with ${o.detail.status ?? 'an error'}`,
  'authentication-required': () => 'the proxy demands credentials (407)',
  'wrong-scheme': (o) =>
    o.subject.scheme === 'https' ? 'this proxy speaks plaintext, not TLS' : 'this proxy speaks TLS, not plaintext',
  'not-a-proxy': () => 'what listens there is no HTTP proxy',
  'tls-failed': (o) => `the proxy’s own certificate is not accepted${code(o.detail.failure)}`,
  timeout: (o) => `no answer in ${formatDuration(o.ms)}`,
  refused: () => 'nothing listens there',
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  reset: () => 'connection reset before an answer',
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

const METADATA: Phrases<MetadataOutcome, MetadataObservation> = {
  answered: (o) => `a token in ${formatDuration(o.ms)}`,
  forbidden: () => 'answers the token request with 403',
  'not-a-token': (o) => `answers the token request with ${o.detail.status ?? 'something else'}, not with a token`,
  timeout: (o) => `${o.detail.connected === true ? 'accepts, but gives ' : ''}no answer in ${formatDuration(o.ms)}`,
  refused: () => 'refuses the connection',
  unreachable: (o) => `no way there${code(o.detail.failure)}`,
  reset: () => 'closes the connection',
  prohibited: (o) => `this machine forbids it${code(o.detail.failure)}`,
  failed: (o) => `failed${reason(o.detail.failure)}`,
  skipped: NOT_ASKED,
};

/** What came back, without the question: `no answer in 3.5 s`. */
export function describeOutcome(observation: Observation): string {
  switch (observation.rung) {
    case 'dns':
      return DNS[observation.outcome](observation);
    case 'tcp':
      return TCP[observation.outcome](observation);
    case 'tls':
      return TLS[observation.outcome](observation);
    case 'https':
      return HTTPS[observation.outcome](observation);
    case 'access':
      return ACCESS[observation.outcome](observation);
    case 'proxy':
      return PROXY[observation.outcome](observation);
    case 'metadata':
      return METADATA[observation.outcome](observation);
  }
}

/** Question and answer: `tcp 10.0.2.14:443 — no answer in 3.5 s`. */
export function describeObservation(observation: Observation): string {
  return `${observation.id} — ${describeOutcome(observation)}`;
}

/**
 * Observations by id, those with the same answer on one line: six endpoints that are silent alike are one sight, not
 * six. At most `most` questions are named on a line, the rest is counted. Ids that nothing was observed for are left out.
 */
export function evidenceLines(
  observations: readonly Observation[],
  ids: readonly string[],
  most = Number.POSITIVE_INFINITY,
): readonly string[] {
  const wanted = new Set(ids);
  const found = observations.filter((observation) => wanted.has(observation.id));
  const waits = found.filter(isSilent).map(({ ms }) => ms);
  const longest = Math.max(...waits);
  // Each waited for the same limit, and a busy machine wakes one a moment later than the other.
  const alikeSilent = Math.min(...waits) >= 0.8 * longest;
  const told = (o: Observation) => describeOutcome(alikeSilent && isSilent(o) ? { ...o, ms: longest } : o);
  return groupBy(found, (o) => `${o.rung} ${told(o)}`).map(([, alike]) => {
    const first = alike.at(0);
    if (first === undefined) return '';
    return `${mergeIds(unique(alike.map((o) => o.id)), most)} — ${told(first)}`;
  });
}

function isSilent({ outcome }: Observation): boolean {
  return outcome === 'timeout';
}

/** What a cause explains, less what its own reasons tell already. */
export function sightsOf(report: Report, cause: ReportCause, most?: number): readonly string[] {
  const told = new Set(cause.because.filter((entry) => entry.source === 'probe').map((entry) => entry.ref));
  const untold = cause.explains.filter((id) => !told.has(id));
  return evidenceLines(report.observations, untold, most);
}

/** What no cause explains, in words; an id without an observation is still shown, it is a loose end. */
export function unexplainedLines(report: Report): readonly string[] {
  const known = new Set(report.observations.map((observation) => observation.id));
  const loose = report.unexplained.filter((id) => !known.has(id));
  return [...evidenceLines(report.observations, report.unexplained), ...loose];
}

/** `tcp 10.0.2.14:443 and 10.0.3.14:443`: ids that differ in one word are told as one question with several subjects. */
function mergeIds(ids: readonly string[], most: number): string {
  const rows = ids.map((id) => id.split(' '));
  const first = rows.at(0) ?? [];
  const sameLength = rows.every((row) => row.length === first.length);
  const differing = first.flatMap((word, column) => (rows.every((row) => row[column] === word) ? [] : [column]));
  const [column] = differing;
  if (!sameLength || differing.length !== 1 || column === undefined) return joinWords(atMost(ids, most));
  const variants = joinWords(
    atMost(
      rows.map((row) => row[column] ?? ''),
      most,
    ),
  );
  return [...first.slice(0, column), variants, ...first.slice(column + 1)].join(' ');
}

function extended(o: DnsObservation): string {
  return o.detail.extendedError === undefined ? '' : ` (${shorten(o.detail.extendedError)})`;
}

function names(o: TlsObservation): string {
  const leaf = o.detail.chain.at(0);
  const covered = leaf === undefined || leaf.subjectAlternativeNames.length === 0 ? undefined : leaf;
  return covered === undefined ? 'another name' : joinWords(atMost(covered.subjectAlternativeNames.map(shorten), 3));
}

function status(o: HttpsObservation): string {
  const parts = [o.detail.status === undefined ? 'HTTP' : String(o.detail.status), o.detail.errorType];
  return parts
    .filter((part) => part !== undefined)
    .map(shorten)
    .join(' ');
}

function tunnel(o: ProxyObservation): string {
  const { tls } = o.detail;
  if (tls === undefined) return '';
  const by = tls.issuer === undefined ? '' : `, certificate by ${shorten(tls.issuer)}`;
  return tls.outcome === 'trusted' ? ', a trusted certificate answers' : `, then TLS gives ${tls.outcome}${by}`;
}

function code(failure: Failure | undefined): string {
  return failure?.code === undefined ? '' : ` (${shorten(failure.code)})`;
}

function reason(failure: Failure | undefined): string {
  const why = failure?.code ?? failure?.message;
  return why === undefined ? '' : `: ${shorten(why)}`;
}

/** A header can be as long as its sender likes. */
function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
