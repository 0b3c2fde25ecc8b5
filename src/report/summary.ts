/** What a report says beside its causes, put into sentences once for all renderers. */
import { LAYER_ORDER, type Layer, layerOf } from '../model/codes.ts';
import type {
  Privilege,
  Report,
  ReportCause,
  ReportFix,
  ReportFixAlternative,
  ReportTarget,
  ReportVantage,
  TargetStatus,
  Undecided,
} from '../model/report.ts';
import { type Missing, SLICES } from '../model/state.ts';
import { atMost, count, formatDuration, groupBy, joinWords, STATUS_ORDER, sentence, unique } from './words.ts';

/** The first sentence. Who reads that all is well wants to hear that nothing is asked of them, if that is so. */
export function fullHeadline(report: Report): string {
  const open = report.causes.length + report.contradicted.length + report.undecided.length + report.unexplained.length;
  const done = report.verdict === 'healthy' && open === 0;
  return done ? `${sentence(report.headline)} Nothing to do.` : report.headline;
}

/** Where the run stood, part by part: `10.0.1.23 on i-0c1…`, `subnet-0aa… (euw1-az1)`, `vpc-012…` … */
export function vantageParts(vantage: ReportVantage): readonly string[] {
  const zone = vantage.availabilityZoneId ?? vantage.availabilityZone;
  const who = vantage.instanceId ?? vantage.networkInterfaceId;
  const addresses = vantage.addresses.join(', ');
  const client = [addresses, who].filter((part) => part !== undefined && part !== '').join(' on ');
  const ports = vantage.ephemeralPorts;
  return [
    client === '' ? 'client unknown' : client,
    vantage.subnetId === undefined ? undefined : `${vantage.subnetId}${zone === undefined ? '' : ` (${zone})`}`,
    vantage.vpcId,
    vantage.region,
    ports.source === 'assumed' ? `source ports ${ports.from}–${ports.to} assumed` : undefined,
  ].filter((part) => part !== undefined);
}

/** `3 targets in 2.4 s` */
export function extent(report: Report): string {
  return `${count(report.targets.length, 'target')} in ${formatDuration(report.durationMs)}`;
}

/**
 * What the model shows of a fix. `opens` names the targets that no other cause holds closed; where there is none after
 * all, the fix's own reason is the better sentence.
 */
export function proofSentence(report: Report, cause: ReportCause): string {
  const { proof, reason } = cause.fix;
  if (proof === 'unproven') return sentence(reason);
  const rivals = report.causes.filter((other) => other !== cause && other.severity !== 'advice');
  if (proof === 'necessary') {
    const together = rivals.filter((other) => other.targets.some((target) => cause.targets.includes(target)));
    if (together.length === 0) return sentence(reason);
    return `Needed, together with ${rankWords(together.map((other) => other.rank))}.`;
  }
  const opened = cause.targets.filter((target) => !rivals.some((other) => other.targets.includes(target)));
  if (opened.length === 0) return sentence(reason);
  return `With this alone the model opens ${nameTargets(report, opened)}.`;
}

/** What is told of other ways where not everything is told: the first of them, and how many more there are. */
export function otherWays(fix: ReportFix): string {
  const [first, ...more] = fix.alternatives ?? [];
  if (first === undefined) return '';
  const rest = more.length === 0 ? '' : ` ${count(more.length, 'more way')} with --verbose.`;
  return `${sentence(first.summary)}${rest}`;
}

/** One other way as a heading: what, how wide, and what the model shows of it. */
export function wayHeading(way: ReportFixAlternative): string {
  const width = way.privilege === undefined ? [] : [WIDTHS[way.privilege]];
  return `${sentence(way.summary).replace(/\.$/, '')} (${[...width, PROOFS[way.proof]].join('; ')})`;
}

const WIDTHS = {
  'security group': 'as wide as a security group',
  'prefix list': 'as wide as a prefix list',
  address: 'single addresses',
  subnet: 'as wide as the subnet',
  VPC: 'as wide as the VPC',
  anywhere: 'any address',
} as const satisfies Record<Privilege, string>;

const PROOFS = {
  opens: 'opens it on the model, too',
  necessary: 'does as well in the plan',
  unproven: 'not proven',
} as const satisfies Record<ReportFix['proof'], string>;

/** Three targets are named, more are counted. */
export function nameTargets(report: Report, ids: readonly string[]): string {
  if (ids.length <= 3) return joinWords(ids);
  if (ids.length === report.targets.length) return `all ${count(ids.length, 'target')}`;
  return `${ids.length} of ${count(report.targets.length, 'target')}`;
}

/**
 * A plan is worth a section when its order matters, or when something stays closed after it. What no model can show of a
 * single fix is said beside that fix.
 */
export function hasFixPlan(report: Report): boolean {
  const { steps } = report.fixPlan;
  if (steps.length !== 1) return steps.length > 1;
  const only = report.causes.find((cause) => cause.rank === steps[0]);
  const told = only?.fix.proof === 'unproven' ? only.targets : [];
  return stillClosed(report).some((target) => !told.includes(target));
}

function stillClosed({ fixPlan }: Report): readonly string[] {
  return fixPlan.remaining.filter((target) => fixPlan.beyondModel?.targets.includes(target) !== true);
}

export type PlanOutcome = { readonly kind: 'opens' | 'beyond' | 'closed'; readonly text: string };

/** What comes of the plan: what opens, what only another run can tell, what stays closed. */
export function planOutcomes(report: Report): readonly PlanOutcome[] {
  const { opens, beyondModel } = report.fixPlan;
  const closed = stillClosed(report);
  return [
    ...(opens.length === 0 ? [] : [{ kind: 'opens', text: `Then the model opens ${joinWords(opens)}.` } as const]),
    ...(beyondModel === undefined
      ? []
      : [
          {
            kind: 'beyond',
            text: `Whether ${joinWords(beyondModel.targets)} ${beyondModel.targets.length === 1 ? 'opens' : 'open'} then, only another run of vpce-doctor tells: the model does not hold what ${rankWords(beyondModel.steps)} ${beyondModel.steps.length > 1 ? 'are' : 'is'} about.`,
          } as const,
        ]),
    ...(closed.length === 0
      ? []
      : [{ kind: 'closed', text: `Still closed after that, or unknown: ${joinWords(closed)}.` } as const]),
  ];
}

/** Where a target has several smallest sets of fixes, the others are told: `secretsmanager… opens with cause 2 alone, too.` */
export function otherSets(report: Report): readonly string[] {
  const { steps, perTarget = [] } = report.fixPlan;
  const told = perTarget.flatMap(({ target, sets }) => {
    const others = sets.filter((set) => !set.every((rank) => steps.includes(rank)));
    return others.length === 0 ? [] : [{ target, words: others.map((set) => rankWords(set)).join(', or with ') }];
  });
  return groupBy(told, ({ words }) => words).map(
    ([words, alike]) =>
      `${nameTargets(
        report,
        alike.map(({ target }) => target),
      )} would also open with ${words}.`,
  );
}

export type TargetGroup = {
  readonly status: TargetStatus;
  readonly ranks: readonly number[];
  readonly targets: readonly ReportTarget[];
};

/** Targets with the same status for the same causes, worst first. */
export function targetGroups(report: Report): readonly TargetGroup[] {
  const ranksOf = (target: ReportTarget) =>
    report.causes.filter((cause) => cause.targets.includes(target.id)).map((cause) => cause.rank);
  const groups = groupBy(report.targets, (target) => `${target.status} ${ranksOf(target).join(' ')}`).flatMap(
    ([, targets]) => {
      const [first] = targets;
      return first === undefined ? [] : [{ status: first.status, ranks: ranksOf(first), targets }];
    },
  );
  return STATUS_ORDER.flatMap((status) => groups.filter((group) => group.status === status));
}

/** `cause 1`, `causes 1 and 2`; empty without any. */
export function rankWords(ranks: readonly number[], most = ranks.length): string {
  if (ranks.length === 0) return '';
  return `cause${ranks.length === 1 ? '' : 's'} ${joinWords(atMost(ranks.map(String), most))}`;
}

/**
 * The way that the packets take, and the one that they were meant to take when it is another. Empty when there is
 * nothing to add: that a target without an answer takes no way at all goes without saying.
 */
export function wayTaken(target: ReportTarget): string {
  const { intendedPath, actualPath } = target;
  const actual = actualPath === 'none' || actualPath === 'unknown' ? undefined : actualPath;
  const words = actual === 'public' ? 'public addresses' : actual;
  if (intendedPath === undefined) return words === undefined ? '' : `By way of ${words}.`;
  if (actual === undefined) return `Meant for ${intendedPath}.`;
  // A host that no endpoint is for is meant for no way in particular.
  if (intendedPath === 'public') return `By way of ${words}.`;
  if (intendedPath === actual || intendedPath.startsWith(`${actual} `)) return `By way of ${intendedPath}.`;
  return `Meant for ${intendedPath}, but takes ${words}.`;
}

/** The domain that all of many host names end in, and the names without it; nothing to gain below three names. */
export function shortNames(ids: readonly string[]): {
  readonly domain: string | undefined;
  readonly names: readonly string[];
} {
  const rows = ids.map((id) => id.split('.').reverse());
  const first = rows.at(0) ?? [];
  const shared = first.findIndex((label, index) => rows.some((row) => row[index] !== label || row.length <= index + 1));
  if (ids.length < 3 || shared < 2) return { domain: undefined, names: ids };
  const domain = first.slice(0, shared).reverse().join('.');
  return { domain, names: ids.map((id) => id.slice(0, -domain.length - 1)) };
}

export type FineLayer = { readonly layer: Layer; readonly because: readonly string[] };

/** What was looked for and is not there, by layer; several causes are often eliminated by the same fact. */
export function fineByLayer(report: Report): readonly FineLayer[] {
  return LAYER_ORDER.map((layer) => ({
    layer,
    because: unique(report.ruledOut.filter((entry) => layerOf(entry.code) === layer).map((entry) => entry.because)),
  })).filter((entry) => entry.because.length > 0);
}

export type OpenQuestion = { readonly obstacle: string; readonly codes: readonly string[] };

/**
 * What could not be decided, by what stands in the way. A denied call is told with exactly the causes that it would
 * decide, for that is the permission to ask for; other obstacles are one fact about the run and are told once.
 */
export function openQuestions(undecided: readonly Undecided[]): readonly OpenQuestion[] {
  const byObstacle = groupBy(undecided, (entry) => {
    const whys = unique(entry.missing.map((missing) => missing.why)).sort();
    const exact = whys.some(
      (why) => why === 'denied' || why === 'not-visible' || why === 'not-found' || why === 'not-told',
    );
    return JSON.stringify(exact ? entry.missing.map((m) => [m.why, m.action, m.detail]).sort() : whys);
  });
  return byObstacle.map(([, entries]) => ({
    obstacle: obstacle(entries.flatMap((entry) => entry.missing)),
    codes: unique(entries.map((entry) => entry.code)),
  }));
}

/** `ec2:DescribeNetworkAcls was denied; allowing it would decide` */
function obstacle(missing: readonly Missing[]): string {
  if (missing.length === 0) return 'Nothing that could be read would decide';
  const parts = groupBy(missing, (entry) => entry.why).map(([, entries]) => {
    const why = entries.at(0)?.why ?? 'failed';
    return OBSTACLES[why](entries);
  });
  return `${parts.map((part) => part.state).join('; ')}; ${unique(parts.map((part) => part.remedy)).join(' and ')} would decide`;
}

type Obstacle = { readonly state: string; readonly remedy: string };

const OBSTACLES = {
  denied: (m) => ({
    state: `${actions(m)} ${was(m)} denied`,
    remedy: one(m) ? 'allowing it' : 'allowing them',
  }),
  throttled: (m) => ({ state: `${actions(m)} ${was(m)} throttled`, remedy: 'another run' }),
  timeout: (m) => ({ state: `${actions(m)} did not answer in time`, remedy: 'another run' }),
  unreachable: (m) => ({
    state: `the EC2 API is out of reach from here (${actions(m)})`,
    remedy: '`vpce-doctor collect` from elsewhere, given here with --state,',
  }),
  'no-credentials': (m) => ({ state: `there are no credentials to call ${actions(m)}`, remedy: 'credentials' }),
  failed: (m) => ({ state: `${actions(m)} failed${details(m)}`, remedy: 'another run' }),
  'not-asked': (m) => ({ state: `${actions(m)} ${was(m)} not called in this run`, remedy: 'calling the API' }),
  'not-given': (m) => ({
    state: `no --state document holds ${joinWords(unique(m.map((entry) => SLICES[entry.slice].noun)))}`,
    remedy: `the ${one(m) ? 'answer' : 'answers'} of ${actions(m)}`,
  }),
  'not-visible': (m) => ({
    state: `${things(m)} cannot be seen by this caller`,
    remedy: `${actions(m)} by the owner's account`,
  }),
  'not-found': (m) => ({ state: `${actions(m)} does not list ${things(m)}`, remedy: 'finding it' }),
  'not-told': (m) => ({
    state: `a policy hangs on ${actions(m)}, and nothing tells what the request has there`,
    remedy: '`vpce-doctor policy-check` with what the application asks',
  }),
} as const satisfies Record<Missing['why'], (missing: readonly Missing[]) => Obstacle>;

function actions(missing: readonly Missing[]): string {
  return joinWords(unique(missing.map((entry) => entry.action)));
}

function was(missing: readonly Missing[]): string {
  return one(missing) ? 'was' : 'were';
}

function one(missing: readonly Missing[]): boolean {
  return unique(missing.map((entry) => entry.action)).length === 1;
}

function things(missing: readonly Missing[]): string {
  return joinWords(unique(missing.map((entry) => entry.detail ?? `the ${SLICES[entry.slice].noun} in question`)));
}

function details(missing: readonly Missing[]): string {
  const told = unique(missing.map((entry) => entry.detail).filter((detail) => detail !== undefined));
  return told.length === 0 ? '' : ` (${told.join('; ')})`;
}

/** Calls that were refused and that no undecided cause speaks of already. */
export function refusedCalls(report: Report): readonly string[] {
  const told = new Set(report.undecided.flatMap((entry) => entry.missing.map((missing) => missing.action)));
  return report.coverage
    .filter((entry) => entry.outcome === 'refused' && !told.has(entry.what))
    .map((entry) => sentence(`${entry.what} was refused${entry.why === undefined ? '' : `: ${entry.why}`}`));
}
