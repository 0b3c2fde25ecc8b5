/** Many reports, one after the other, as counts: of each host only its newest report counts, and only what is compared is kept. */
import { hostOf, type ReportFacts, short } from './facts.ts';
import { type Finding, findingsOf } from './findings.ts';

/** What many hosts have in common: stored once, however many report it. */
export type Profile = {
  readonly verdict: ReportFacts['verdict'];
  readonly version: string;
  readonly accountId: string | undefined;
  readonly region: string | undefined;
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  /** the zone’s id, which means the same zone in every account; its name where the id is not known */
  readonly zone: string | undefined;
  readonly findings: readonly Finding[];
  /** service, or the target itself, and its worst status on this host */
  readonly services: readonly ServiceStatus[];
  readonly undecided: readonly OpenCall[];
  /** whether a failing observation or target of this host has no cause */
  readonly unexplained: boolean;
};
export type ServiceStatus = { readonly service: string; readonly status: ReportFacts['targets'][number]['status'] };
export type OpenCall = {
  readonly action: string;
  readonly why: string;
  readonly matters: boolean;
  readonly codes: readonly string[];
};

type Part = { readonly number: number; readonly value: unknown };
type HostRecord = { readonly at: number; readonly profile: Profile };
/** A fix as one host’s report has it. */
export type FixExample = {
  readonly host: string;
  readonly at: number;
  /** a `ReportedFix`, as JSON */
  readonly fix: string;
};

export type Tally = {
  /** how many reports were taken */
  reports: number;
  superseded: number;
  readonly hosts: Map<string, HostRecord>;
  /** reports that do not say whose they are: each counts as a host */
  readonly unnamed: HostRecord[];
  readonly profiles: Map<string, Profile>;
  /** every part of a profile once, with a number that stands for it */
  readonly parts: Map<string, Part>;
  /** by the spot’s key, first host first */
  readonly fixes: Map<string, FixExample[]>;
  /** by code */
  readonly titles: Map<string, { title: string; layer: string }>;
};

export function emptyTally(): Tally {
  return {
    reports: 0,
    superseded: 0,
    hosts: new Map(),
    unnamed: [],
    profiles: new Map(),
    parts: new Map(),
    fixes: new Map(),
    titles: new Map(),
  };
}

/**
 * Takes one report into the tally. The order of reports decides nothing: of two from one host the later start counts, and of
 * two that started in the same millisecond the one whose content sorts last.
 */
export function addReport(tally: Tally, report: ReportFacts): void {
  tally.reports += 1;
  const at = Date.parse(report.startedAt);
  const profile = profileOf(tally, report);
  const host = hostOf(report.vantage);
  if (host === undefined) tally.unnamed.push({ at, profile });
  else {
    const before = tally.hosts.get(host);
    if (before !== undefined) tally.superseded += 1;
    const newer = before === undefined || at > before.at || (at === before.at && isLater(profile, before.profile));
    if (newer) tally.hosts.set(host, { at, profile });
  }
  keepFixes(tally, report, host ?? '', at);
}

function isLater(profile: Profile, than: Profile): boolean {
  return profile !== than && JSON.stringify(profile) > JSON.stringify(than);
}

function profileOf(tally: Tally, report: ReportFacts): Profile {
  const { vantage, verdict } = report;
  for (const { code, title, layer } of report.causes) nameCause(tally, short(code), short(title), short(layer));
  const found = new Map(report.causes.flatMap((cause) => findingsOf(report, cause)).map((one) => [one.key, one]));
  const findings = [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
  const place = {
    version: short(report.tool.version),
    accountId: accountOf(vantage.accountId),
    region: shortOr(vantage.region),
    vpcId: shortOr(vantage.vpcId),
    subnetId: shortOr(vantage.subnetId),
    zone: shortOr(vantage.availabilityZoneId ?? vantage.availabilityZone),
  };
  const each = findings.map((finding) => part(tally, finding, finding.key));
  const parts = {
    place: part(tally, place),
    findings: part(
      tally,
      each.map(({ value }) => value),
      `findings ${each.map(({ number }) => number).join(' ')}`,
    ),
    services: part(tally, servicesOf(report)),
    undecided: part(tally, openCallsOf(report)),
  };
  const unexplained = isUnexplained(report);
  const numbers = Object.values(parts).map(({ number }) => number);
  const key = [verdict, unexplained, ...numbers].join(' ');
  const known = tally.profiles.get(key);
  if (known !== undefined) return known;
  const profile: Profile = {
    verdict,
    unexplained,
    ...parts.place.value,
    findings: parts.findings.value,
    services: parts.services.value,
    undecided: parts.undecided.value,
  };
  tally.profiles.set(key, profile);
  return profile;
}

/** The one copy of a value that is kept. */
function part<T>(tally: Tally, value: T, key = JSON.stringify(value)): { readonly number: number; readonly value: T } {
  const known = tally.parts.get(key);
  if (known !== undefined) return known as { readonly number: number; readonly value: T };
  const added = { number: tally.parts.size, value };
  tally.parts.set(key, added);
  return added;
}

/** Titles of several versions may differ: any rule will do that does not ask which report came first. */
function nameCause(tally: Tally, code: string, title: string, layer: string): void {
  const known = tally.titles.get(code);
  if (known === undefined || title < known.title) tally.titles.set(code, { title, layer });
}

/** `--redact` numbers accounts anew in every report: its placeholders do not compare. */
function accountOf(accountId: string | undefined): string | undefined {
  return accountId === undefined || /^account-\d+$/.test(accountId) ? undefined : short(accountId);
}

function shortOr(name: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : short(name);
}

const WORST_FIRST = ['unreachable', 'degraded', 'unknown', 'reachable'] as const;

function servicesOf(report: ReportFacts): readonly ServiceStatus[] {
  const worst = new Map<string, ServiceStatus['status']>();
  for (const target of report.targets) {
    const service = short(target.service ?? target.id);
    const before = worst.get(service) ?? 'reachable';
    if (WORST_FIRST.indexOf(target.status) <= WORST_FIRST.indexOf(before)) worst.set(service, target.status);
  }
  return [...worst].map(([service, status]) => ({ service, status })).sort((a, b) => (a.service < b.service ? -1 : 1));
}

function openCallsOf(report: ReportFacts): readonly OpenCall[] {
  const calls = new Map<string, { action: string; why: string; matters: boolean; codes: Set<string> }>();
  for (const { code, missing, matters } of report.undecided) {
    for (const { action, why } of missing) {
      const key = JSON.stringify([why, action]);
      const call = calls.get(key) ?? { action: short(action), why: short(why), matters: false, codes: new Set() };
      call.matters ||= matters;
      call.codes.add(short(code));
      calls.set(key, call);
    }
  }
  return [...calls]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { codes, ...call }]) => ({ ...call, codes: [...codes].sort() }));
}

function isUnexplained({ unexplained, targets, causes }: ReportFacts): boolean {
  if (unexplained.length > 0) return true;
  const blamed = new Set(causes.filter((cause) => cause.severity !== 'advice').flatMap((cause) => cause.targets));
  return targets.some(({ id, status }) => (status === 'unreachable' || status === 'degraded') && !blamed.has(id));
}

/** So many are kept of each spot, of the hosts that come first by name: the newest report of one of them most likely still has it. */
const MOST_FIXES = 3;
/** Characters of a fix that is worth keeping: what is longer stays in its report. */
const LONGEST_FIX = 8_000;

function keepFixes(tally: Tally, report: ReportFacts, host: string, at: number): void {
  for (const cause of report.causes) {
    if (cause.severity === 'advice') continue;
    for (const key of new Set(findingsOf(report, cause).flatMap(({ spots }) => spots.map((spot) => spot.key)))) {
      const kept = tally.fixes.get(key) ?? [];
      const last = kept.length < MOST_FIXES ? undefined : kept.at(-1);
      if (last !== undefined && host > last.host) continue;
      // As a text of its own: parts of a parsed report may hold on to all of it.
      const fix = JSON.stringify(cause.fix);
      if (fix.length <= LONGEST_FIX) tally.fixes.set(key, firstHosts([...kept, { host, at, fix }]));
    }
  }
}

/** One of each host, its newest. Which came first makes no difference. */
function firstHosts(examples: readonly FixExample[]): FixExample[] {
  const sorted = [...examples].sort(
    (a, b) => (a.host === b.host ? b.at - a.at : a.host < b.host ? -1 : 1) || (a.fix < b.fix ? -1 : 1),
  );
  return sorted.filter((one, index) => one.host !== sorted[index - 1]?.host).slice(0, MOST_FIXES);
}
