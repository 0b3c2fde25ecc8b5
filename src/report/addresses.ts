/** One endpoint, several addresses: the table that shows which of them works, when they do not all say the same. */
import { isExperiment, type Observation, socketAddress } from '../model/observation.ts';
import type { Report, ReportTarget, TargetAddress } from '../model/report.ts';
import { unique } from './words.ts';

export type AddressRow = {
  readonly zone: string;
  readonly address: string;
  /** does the target's name lead here? */
  readonly dns: string;
  readonly tcp: string;
  readonly tls: string;
  readonly https: string;
  /** what the configuration says about the way there and back */
  readonly model: string;
};

export const ADDRESS_COLUMNS = {
  zone: 'zone',
  address: 'address',
  dns: 'in DNS',
  tcp: 'TCP',
  tls: 'TLS',
  https: 'HTTPS',
  model: 'model',
} as const satisfies Record<keyof AddressRow, string>;

const NOT_ASKED = '-';
const MODEL_WORDS = { pass: 'passes', partial: 'in part', block: 'blocked', unknown: 'unknown' } as const;
const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  timeout: 'no answer',
  'aws-answer': 'AWS',
  'other-answer': 'not AWS',
  'tls-failed': NOT_ASKED,
  skipped: NOT_ASKED,
};

/**
 * A row for each address of the target, or none when there is one address, or all behave alike: a table of equal rows
 * tells nobody anything. A rung that was not asked for an address differs from nothing.
 */
export function addressRows(report: Report, target: ReportTarget): readonly AddressRow[] {
  if (target.addresses !== undefined) return worthTelling(target.addresses.map((one) => rowOf(target, one)));
  const given = namesLeadTo(report, target);
  const addresses = unique([...target.hops.map((list) => list.to), ...given].filter(isAddress));
  const rows = addresses.map((address): AddressRow => {
    const list = target.hops.find((candidate) => candidate.to === address);
    const seen = report.observations.filter((o) => leadsTo(o, target, address) && !isExperiment(o));
    return {
      zone: list?.availabilityZone ?? NOT_ASKED,
      address,
      dns: given.length === 0 ? NOT_ASKED : given.includes(address) ? 'yes' : 'no',
      tcp: cell(seen.filter((o) => o.rung === 'tcp')),
      tls: cell(seen.filter((o) => o.rung === 'tls')),
      https: cell(seen.filter((o) => o.rung === 'https')),
      model: list === undefined ? NOT_ASKED : MODEL_WORDS[list.result],
    };
  });
  return worthTelling(rows);
}

/** Rows that differ in what became of them; all or none. */
function worthTelling(rows: readonly AddressRow[]): readonly AddressRow[] {
  const judged = ['dns', 'tcp', 'tls', 'https', 'model'] as const;
  const differ = judged.some((column) => unique(rows.map((row) => row[column]).filter(asked)).length > 1);
  return differ ? rows : [];
}

/** As the diagnosis tells it; older reports have no such list, and their rows are made of their observations. */
function rowOf(target: ReportTarget, one: TargetAddress): AddressRow {
  const list = target.hops.find((candidate) => candidate.to === one.address);
  const words = (outcome: string | undefined) =>
    outcome === undefined ? NOT_ASKED : (OUTCOME_WORDS[outcome] ?? outcome);
  return {
    zone: one.zoneId ?? one.zone ?? NOT_ASKED,
    address: one.address,
    dns: one.named === undefined ? NOT_ASKED : one.named ? 'yes' : 'no',
    tcp: words(one.tcp),
    tls: words(one.tls),
    https: words(one.https),
    model: list === undefined ? NOT_ASKED : MODEL_WORDS[list.result],
  };
}

/**
 * Addresses that the client's own resolvers gave for the target's name. What another resolver says is asked for
 * comparison and leads no packet anywhere.
 */
function namesLeadTo(report: Report, target: ReportTarget): readonly string[] {
  const { resolvers } = report.vantage;
  const answers = report.observations.flatMap((o) => {
    if (o.rung !== 'dns' || o.subject.name !== target.host) return [];
    const { server, port } = o.subject;
    const own = resolvers.length === 0 || resolvers.includes(server) || resolvers.includes(socketAddress(server, port));
    return own ? o.detail.addresses : [];
  });
  return unique(answers);
}

function leadsTo(o: Observation, target: ReportTarget, address: string): boolean {
  if (o.rung === 'dns' || o.rung === 'proxy' || o.rung === 'metadata') return false;
  if (o.subject.address !== address || o.subject.port !== target.port) return false;
  return o.rung === 'tcp' || target.host === undefined || o.subject.serverName === target.host;
}

/** One word when all tries agree; `2 of 4` succeeded when they do not. */
function cell(seen: readonly Observation[]): string {
  const outcomes = seen.map((o) => o.outcome).filter((outcome) => outcome !== 'skipped');
  const distinct = unique(outcomes);
  const only = distinct.at(0);
  if (only === undefined) return NOT_ASKED;
  if (distinct.length === 1) return OUTCOME_WORDS[only] ?? only;
  const good = outcomes.filter((o) => o === 'open' || o === 'trusted' || o === 'aws-answer' || o === 'other-answer');
  return `${good.length} of ${outcomes.length}`;
}

function asked(value: string): boolean {
  return value !== NOT_ASKED;
}

/** `to` of a gateway endpoint's path is a set of CIDRs, which has no row. */
function isAddress(to: string): boolean {
  return !to.includes('/') && /^[0-9a-fA-F.:]+$/.test(to) && /[.:]/.test(to);
}
