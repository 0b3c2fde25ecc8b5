/** What the packets say of a target: reachable, partly, not at all, or not tried. */
import { type Evidence, proxyCarries } from '../checks/evidence.ts';
import { connectionOpened } from '../checks/path/attempts.ts';
import type { AccessObservation, HttpsObservation, TcpObservation, TlsObservation } from '../model/observation.ts';
import type { TargetStatus } from '../model/report.ts';
import type { Target } from '../model/target.ts';

export type Observed = {
  readonly status: TargetStatus;
  /** one sentence */
  readonly summary: string;
  /** addresses that answered on the deepest rung that was tried */
  readonly good: readonly string[];
  readonly bad: readonly string[];
};

const HTTPS_GOOD = new Set<HttpsObservation['outcome']>(['aws-answer', 'other-answer']);

/**
 * Judges a target by its probes.
 * @param others addresses of the intended endpoint that the name may lead to at any time; a dead one degrades
 * @param harmless ids of refused requests that are no fault: nobody but this run asked
 */
export function observedStatus(
  target: Target,
  evidence: Evidence,
  others: readonly string[],
  harmless: ReadonlySet<string> = new Set(),
): Observed {
  if (!evidence.probed) return { status: 'unknown', summary: 'No probe was made.', good: [], bad: [] };
  const direct = directStatus(target, evidence, others);
  const judged = (one: Observed) => refusedStatus(target, evidence, one, harmless);
  // Without a way of its own the machine may well be meant to go by the proxy, and does.
  if (direct.status !== 'unreachable' || !proxyCarries(evidence)) return judged(direct);
  const summary = `${target.id} is reached through the proxy ${evidence.proxy?.url} only.`;
  return judged({ status: 'reachable', summary, good: [], bad: direct.bad });
}

/** A service that answers and refuses what is asked is reached in part: whoever asked got nothing. */
function refusedStatus(target: Target, evidence: Evidence, direct: Observed, harmless: ReadonlySet<string>): Observed {
  if (direct.status !== 'reachable') return direct;
  const asked = evidence.all.filter((one) => one.rung === 'access');
  const refused = asked.filter(
    (one) => (one.outcome === 'denied' || one.outcome === 'credentials-rejected') && !harmless.has(one.id),
  );
  const at = direct.summary.replace(/\.$/, '');
  const [first] = refused;
  if (first !== undefined) {
    const code = first.detail.errorType ?? first.detail.denial?.code;
    const what =
      first.outcome === 'denied' ? `refuses ${first.subject.action}` : 'does not accept the credentials of this host';
    return { ...direct, status: 'degraded', summary: `${at}, and ${what}${code === undefined ? '' : ` (${code})`}.` };
  }
  const pasted = pastedRefusal(target, asked);
  if (pasted === undefined) return direct;
  return { ...direct, status: 'degraded', summary: `${at}, and ${pasted}, by the pasted error.` };
}

/** What a pasted text says was refused, unless this run was allowed the same. */
function pastedRefusal(target: Target, asked: readonly AccessObservation[]): string | undefined {
  for (const denial of target.denials ?? []) {
    if (denial.kind === 'credentials') return 'does not accept the credentials';
    const allowed = asked.some((one) => one.outcome === 'allowed' && one.subject.action === denial.action);
    if (!allowed) return `refuses ${denial.action ?? 'what was asked'}`;
  }
  return undefined;
}

function directStatus(target: Target, evidence: Evidence, others: readonly string[]): Observed {
  const name = target.host;
  if (name !== undefined && evidence.addresses.length === 0) {
    const answer = evidence.system ?? evidence.vpc;
    if (answer === undefined) return { status: 'unknown', summary: `${name} was not looked up.`, good: [], bad: [] };
    // Who asks again, as every client does, gets an answer.
    const later = evidence
      .answersFor(name)
      .find((one) => one.server === answer.server && one.transport === 'udp' && one.addresses.length > 0);
    if (later !== undefined) {
      const summary = `${name} is looked up in vain some of the time: ${answer.server} leaves questions without an answer.`;
      return { status: 'degraded', summary, good: [], bad: [] };
    }
    return {
      status: 'unreachable',
      summary: `${name} resolves to no address (${words(answer.outcome)} from ${answer.server}).`,
      good: [],
      bad: [],
    };
  }
  const used = evidence.addresses.map((address) => ({ address, result: addressResult(target, evidence, address) }));
  const extra = others
    .filter((address) => !evidence.addresses.includes(address))
    .map((address) => ({ address, result: addressResult(target, evidence, address) }));
  const tried = used.filter(({ result }) => result !== 'untried');
  const good = [...used, ...extra]
    .filter(({ result }) => result === 'good' || result === 'mixed')
    .map(({ address }) => address);
  const bad = [...used, ...extra].filter(({ result }) => result === 'bad').map(({ address }) => address);
  if (tried.length === 0) return { status: 'unknown', summary: `${target.id} was not tried to the end.`, good, bad };
  const works = tried.filter(({ result }) => result === 'good' || result === 'mixed');
  if (works.length === 0) return { status: 'unreachable', summary: unreachableWords(target, evidence, bad), good, bad };
  const partly =
    works.length < tried.length ||
    works.some(({ result }) => result === 'mixed') ||
    extra.some(({ result }) => result === 'bad' || result === 'mixed');
  if (partly) {
    const summary =
      bad.length > 0
        ? `${bad.join(', ')} of ${target.id} does not answer; ${good.join(', ')} does.`
        : `Some connections to ${target.id} open and some do not.`;
    return { status: 'degraded', summary, good, bad };
  }
  return { status: 'reachable', summary: `${target.id} answers at ${good.join(', ')}.`, good, bad };
}

type AddressResult = 'good' | 'mixed' | 'bad' | 'untried';

/** The deepest rung decides; of several connections to one address, some good and some bad is mixed. */
function addressResult(target: Target, evidence: Evidence, address: string): AddressResult {
  const tcp = evidence.tcp(address);
  const opened = tcp.filter((one) => one.outcome === 'open');
  const closed = tcp.filter((one) => one.outcome !== 'open' && !lackedItsPort(one));
  if (opened.length + closed.length === 0) return 'untried';
  if (opened.length === 0) return 'bad';
  // A handshake whose own connection did not open says nothing of TLS; it says that some connections open and some do not.
  const shaken = evidence.tls(address).filter(() => target.application !== 'tcp');
  const tls = shaken.filter((one) => connectionOpened(one) !== false);
  const strayed = shaken.length > tls.length;
  if (tls.length > 0 && tls.every((one) => one.outcome !== 'trusted')) return 'bad';
  const https = evidence.https(address).filter(() => target.application === 'https');
  if (https.length > 0 && https.every((one) => !HTTPS_GOOD.has(one.outcome))) return 'bad';
  const flawed =
    strayed ||
    closed.length > 0 ||
    tls.some((one) => one.outcome !== 'trusted') ||
    https.some((one) => !HTTPS_GOOD.has(one.outcome));
  return flawed ? 'mixed' : 'good';
}

/** A probe that could not be made from the chosen source port, because another connection has it, says nothing of the target. */
export function lackedItsPort({ subject, detail }: TcpObservation): boolean {
  const code = detail.failure?.code;
  return code === 'EADDRINUSE' || (subject.localPort !== undefined && code === 'EADDRNOTAVAIL');
}

function unreachableWords(target: Target, evidence: Evidence, bad: readonly string[]): string {
  const first = bad[0];
  if (first === undefined) return `${target.id} cannot be reached.`;
  const deepest: TcpObservation | TlsObservation | HttpsObservation | undefined =
    evidence.https(first).at(-1) ?? evidence.tls(first).at(-1) ?? evidence.tcp(first).at(-1);
  return `${target.id} cannot be reached: ${deepest?.rung.toUpperCase() ?? 'TCP'} to ${bad.join(', ')} gives ${words(deepest?.outcome ?? 'nothing')}.`;
}

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  timeout: 'no answer in time',
  nxdomain: 'NXDOMAIN',
  'no-data': 'no address record',
  servfail: 'SERVFAIL',
  'refused-by-server': 'REFUSED',
  refused: 'connection refused',
  unreachable: 'host or network unreachable',
  reset: 'connection reset',
  prohibited: 'forbidden by this machine',
  'name-mismatch': 'a certificate for another name',
  untrusted: 'a certificate that is not trusted',
  expired: 'an expired certificate',
  'tls-failed': 'a certificate that is not accepted',
  closed: 'the connection closed without an answer',
  'not-tls': 'an answer that is not TLS',
  'not-yet-valid': 'a certificate that is not valid yet',
  alert: 'a TLS alert',
  'not-http': 'an answer that is not HTTP',
  failed: 'an error of the system',
};

function words(outcome: string): string {
  return OUTCOME_WORDS[outcome] ?? outcome;
}
