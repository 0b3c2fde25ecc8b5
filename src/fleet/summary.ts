/** What a tally says: which causes, where, on how many hosts. */
import { TOOL } from '../version.ts';
import { type Explanation, explain } from './explain.ts';
import type { ReportedFix, ReportFacts } from './facts.ts';
import type { Spot } from './findings.ts';
import { headlineOf } from './headline.ts';
import type { FleetSummary } from './schema.ts';
import type { Profile, Tally } from './tally.ts';

export type SummaryOptions = {
  /** rows of each table */
  readonly top: number;
  /** documents that are no report, one line each, as far as they are worth showing, and how many there were */
  readonly unreadable: { readonly count: number; readonly examples: readonly string[] };
  /** whether all that was given was read */
  readonly complete: boolean;
};

/** Hosts alike, and the names of a few of them. */
type Alike = { readonly profile: Profile; hosts: number; names: readonly string[] };

const MOST_NAMES = 3;
const MOST_TOP_CAUSES = 3;

/** The summary of all reports that were added. Equal reports give an equal summary, in whatever order they came. */
export function summarize(tally: Tally, { top, unreadable, complete }: SummaryOptions): FleetSummary {
  const { all, oldest, newest } = countHosts(tally);
  const table = <T>(rows: readonly T[]) => ({ total: rows.length, rows: rows.slice(0, top) });
  const hosts = verdictsOf(all);
  const places = (nameOf: (profile: Profile) => string | undefined) => placesOf(all, nameOf);
  const accounts = places(({ accountId }) => accountId);
  const vpcs = places(({ vpcId }) => vpcId);
  const zones = places(({ zone }) => zone);
  const subnets = places(({ subnetId }) => subnetId);
  const summary: FleetSummary = {
    schemaVersion: 1,
    kind: 'vpce-doctor-fleet',
    tool: TOOL,
    verdict: worstOf(hosts),
    headline: '',
    complete,
    reports: {
      read: tally.reports,
      superseded: tally.superseded,
      unnamed: tally.unnamed.length,
      unreadable: unreadable.count,
      unreadableExamples: [...unreadable.examples],
      ...(oldest === undefined || newest === undefined ? {} : { oldest: isoOf(oldest), newest: isoOf(newest) }),
    },
    hosts,
    explanation: explanationOf(tally, all, top),
    together: [
      ...togetherIn('account', accounts),
      ...togetherIn('VPC', vpcs),
      ...togetherIn('zone', zones),
      ...togetherIn('subnet', subnets),
    ],
    causes: table(causesOf(tally, all)),
    resources: table(resourcesOf(all)),
    accounts: table(accounts),
    vpcs: table(vpcs),
    zones: table(zones),
    subnets: table(subnets),
    services: table(servicesOf(all)),
    undecided: table(undecidedOf(all)),
    versions: table(versionsOf(all)),
  };
  return { ...summary, headline: headlineOf(summary) };
}

function countHosts(tally: Tally): { all: readonly Alike[]; oldest: number | undefined; newest: number | undefined } {
  const counts = new Map<Profile, Alike>();
  let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const count = (name: string | undefined, { at, profile }: { at: number; profile: Profile }) => {
    const alike = counts.get(profile) ?? { profile, hosts: 0, names: [] };
    alike.hosts += 1;
    if (name !== undefined) alike.names = firstNames(alike.names, [name]);
    counts.set(profile, alike);
    oldest = Math.min(oldest, at);
    newest = Math.max(newest, at);
  };
  for (const [name, host] of tally.hosts) count(name, host);
  for (const host of tally.unnamed) count(undefined, host);
  if (counts.size === 0) return { all: [], oldest: undefined, newest: undefined };
  return { all: [...counts.values()], oldest, newest };
}

function firstNames(names: readonly string[], more: readonly string[]): readonly string[] {
  const last = names[MOST_NAMES - 1];
  if (last !== undefined && more.every((name) => name >= last)) return names;
  return [...new Set([...names, ...more])].sort().slice(0, MOST_NAMES);
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}

type Counts = FleetSummary['hosts'];

function verdictsOf(all: readonly Alike[]): Counts {
  const counts = { hosts: 0, healthy: 0, degraded: 0, blocked: 0, inconclusive: 0 };
  for (const { profile, hosts } of all) {
    counts.hosts += hosts;
    counts[profile.verdict] += hosts;
  }
  return counts;
}

function worstOf({ blocked, degraded, inconclusive }: Counts): FleetSummary['verdict'] {
  if (blocked > 0) return 'blocked';
  if (degraded > 0) return 'degraded';
  return inconclusive > 0 ? 'inconclusive' : 'healthy';
}

function isFailing({ verdict }: Pick<ReportFacts, 'verdict'>): boolean {
  return verdict === 'blocked' || verdict === 'degraded';
}

/** What keeps a host from being healthy. Advice does not. */
function blamed(profile: Profile): Profile['findings'] {
  return profile.findings.filter((finding) => finding.severity !== 'advice');
}

function explanationOf(tally: Tally, all: readonly Alike[], top: number): FleetSummary['explanation'] {
  const failing = all.filter(({ profile }) => isFailing(profile));
  const asFailing = ({ profile, hosts }: Alike) => {
    const findings = blamed(profile);
    return { hosts, findings, open: profile.unexplained || findings.length === 0 };
  };
  const open = failing.filter((one) => asFailing(one).open);
  const explained = explain(failing.map(asFailing));
  const rows = explained.steps.slice(0, top).map((step) => stepOf(tally, failing, step));
  return {
    failing: hostsOf(failing),
    explained: hostsOf(failing) - hostsOf(open),
    unexplained: hostsOf(open),
    unexplainedExamples: [...open.reduce((names, one) => firstNames(names, one.names), [] as readonly string[])],
    fewest: explained.fewest,
    steps: { total: explained.steps.length, rows },
  };
}

function hostsOf(all: readonly Alike[]): number {
  return all.reduce((sum, { hosts }) => sum + hosts, 0);
}

type StepRow = FleetSummary['explanation']['steps']['rows'][number];

function stepOf(tally: Tally, failing: readonly Alike[], step: Explanation['steps'][number]): StepRow {
  const { key } = step.spot;
  const standings = { confirmed: 0, likely: 0, modelled: 0 };
  let names: readonly string[] = [];
  for (const { profile, hosts, names: own } of failing) {
    const here = blamed(profile).filter(({ spots }) => spots.some((spot) => spot.key === key));
    if (here.length === 0) continue;
    standings[surest(here)] += hosts;
    names = firstNames(names, own);
  }
  const fix = fixOf(tally, key);
  return {
    ...spotFields(step.spot),
    title: tally.titles.get(step.spot.code)?.title ?? step.spot.code,
    hosts: step.hosts,
    alone: step.alone,
    together: step.together,
    ...standings,
    examples: [...names],
    ...(fix === undefined ? {} : { fix }),
  };
}

/** The fix of a report that still counts; else of one that named the spot. */
function fixOf(tally: Tally, key: string): StepRow['fix'] {
  const kept = tally.fixes.get(key) ?? [];
  const current = kept.find(({ host, at }) => tally.hosts.get(host)?.at === at) ?? kept[0];
  if (current === undefined) return undefined;
  const { host, fix } = current;
  const { summary, owner, commands, undo, proof, reason, caution } = JSON.parse(fix) as ReportedFix;
  const said = { summary, owner, commands, undo, proof, reason };
  return { host: host === '' ? 'a host without a name' : host, ...said, ...(caution === undefined ? {} : { caution }) };
}

function spotFields({ code, resource, vpcId, service, onEachHost }: Spot) {
  return {
    code,
    ...(resource === undefined ? {} : { resource }),
    ...(vpcId === undefined ? {} : { vpcId }),
    ...(service === undefined ? {} : { service }),
    onEachHost,
  };
}

const SUREST_FIRST = ['confirmed', 'likely', 'modelled'] as const;

function surest(findings: Profile['findings']): (typeof SUREST_FIRST)[number] {
  return SUREST_FIRST.find((standing) => findings.some((finding) => finding.standing === standing)) ?? 'modelled';
}

function causesOf(tally: Tally, all: readonly Alike[]): FleetSummary['causes']['rows'] {
  const rows = new Map<string, FleetSummary['causes']['rows'][number]>();
  const places = new Map<string, Set<string>>();
  for (const { profile, hosts } of all) {
    for (const code of new Set(profile.findings.map((finding) => finding.code))) {
      const own = profile.findings.filter((finding) => finding.code === code);
      const { title, layer } = tally.titles.get(code) ?? { title: code, layer: '' };
      const zero = { hosts: 0, failing: 0, confirmed: 0, likely: 0, modelled: 0, resources: 0 };
      const row = rows.get(code) ?? { code, title, layer, ...zero };
      const at = places.get(code) ?? new Set();
      row.hosts += hosts;
      if (own.some(({ severity }) => severity !== 'advice')) row.failing += hosts;
      row[surest(own)] += hosts;
      for (const { spots } of own) for (const { resource } of spots) if (resource !== undefined) at.add(resource);
      row.resources = at.size;
      rows.set(code, row);
      places.set(code, at);
    }
  }
  return [...rows.values()].sort((a, b) => b.failing - a.failing || b.hosts - a.hosts || (a.code < b.code ? -1 : 1));
}

function resourcesOf(all: readonly Alike[]): FleetSummary['resources']['rows'] {
  const rows = new Map<string, { spot: Spot; hosts: number }>();
  for (const { profile, hosts } of all) {
    const spots = new Map(blamed(profile).flatMap((finding) => finding.spots.map((spot) => [spot.key, spot])));
    for (const [key, spot] of spots) rows.set(key, { spot, hosts: (rows.get(key)?.hosts ?? 0) + hosts });
  }
  return [...rows.values()]
    .sort((a, b) => b.hosts - a.hosts || (a.spot.key < b.spot.key ? -1 : 1))
    .map(({ spot, hosts }) => ({ ...spotFields(spot), hosts }));
}

type PlaceRow = FleetSummary['zones']['rows'][number];

function placesOf(all: readonly Alike[], nameOf: (profile: Profile) => string | undefined): PlaceRow[] {
  const groups = Map.groupBy(all, ({ profile }) => nameOf(profile));
  const rows = [...groups].map(([id, alike]): PlaceRow => {
    const causes = new Map<string, number>();
    for (const { profile, hosts } of alike)
      for (const code of new Set(blamed(profile).map((finding) => finding.code)))
        causes.set(code, (causes.get(code) ?? 0) + hosts);
    const top = [...causes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MOST_TOP_CAUSES);
    const named = id === undefined ? {} : { id };
    return { ...named, ...verdictsOf(alike), causes: top.map(([code, hosts]) => ({ code, hosts })) };
  });
  return rows.sort(
    (a, b) => failingIn(b) - failingIn(a) || b.hosts - a.hosts || ((a.id ?? '') < (b.id ?? '') ? -1 : 1),
  );
}

function failingIn({ blocked, degraded }: PlaceRow): number {
  return blocked + degraded;
}

/** A place is worth a sentence when two hosts or more fail there, nowhere else, and there are hosts elsewhere. */
function togetherIn(where: FleetSummary['together'][number]['where'], rows: readonly PlaceRow[]) {
  const failing = rows.filter((row) => failingIn(row) > 0);
  const [only] = failing;
  if (failing.length !== 1 || only?.id === undefined || failingIn(only) < 2) return [];
  if (rows.every((row) => row === only || row.id === undefined)) return [];
  return [{ where, id: only.id, hosts: only.hosts, failing: failingIn(only) }];
}

function servicesOf(all: readonly Alike[]): FleetSummary['services']['rows'] {
  const rows = new Map<string, FleetSummary['services']['rows'][number]>();
  for (const { profile, hosts } of all) {
    for (const { service, status } of profile.services) {
      const zero = { hosts: 0, unreachable: 0, degraded: 0, unknown: 0, reachable: 0 };
      const row = rows.get(service) ?? { service, ...zero };
      row.hosts += hosts;
      row[status] += hosts;
      rows.set(service, row);
    }
  }
  return [...rows.values()].sort(
    (a, b) =>
      b.unreachable + b.degraded - (a.unreachable + a.degraded) ||
      b.hosts - a.hosts ||
      (a.service < b.service ? -1 : 1),
  );
}

function undecidedOf(all: readonly Alike[]): FleetSummary['undecided']['rows'] {
  const rows = new Map<string, { action: string; why: string; hosts: number; matters: number; codes: Set<string> }>();
  for (const { profile, hosts } of all) {
    for (const { action, why, matters, codes } of profile.undecided) {
      const key = JSON.stringify([why, action]);
      const row = rows.get(key) ?? { action, why, hosts: 0, matters: 0, codes: new Set() };
      row.hosts += hosts;
      if (matters) row.matters += hosts;
      for (const code of codes) row.codes.add(code);
      rows.set(key, row);
    }
  }
  return [...rows]
    .sort(([a, m], [b, n]) => n.matters - m.matters || n.hosts - m.hosts || (a < b ? -1 : 1))
    .map(([, { codes, ...row }]) => ({ ...row, causes: [...codes].sort() }));
}

function versionsOf(all: readonly Alike[]): FleetSummary['versions']['rows'] {
  return [...Map.groupBy(all, ({ profile }) => profile.version)]
    .map(([version, alike]) => ({ version, hosts: hostsOf(alike) }))
    .sort((a, b) => b.hosts - a.hosts || (a.version < b.version ? -1 : 1));
}
