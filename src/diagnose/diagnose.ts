/** From a case to a report. Pure: the same case gives the same report, byte for byte. */
import type { AnyCheck, Fix } from '../checks/check.ts';
import { type Evidence, evidenceFor } from '../checks/evidence.ts';
import { CHECKS } from '../checks/index.ts';
import type { Case } from '../model/case.ts';
import { LAYER_ORDER } from '../model/codes.ts';
import type { Observation } from '../model/observation.ts';
import type {
  Contradicted,
  FixPlan,
  Report,
  ReportCause,
  ReportFix,
  ReportTarget,
  RuledOut,
  Severity,
  TargetStatus,
  Undecided,
  Verdict,
} from '../model/report.ts';
import type { Missing } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { clientOf } from '../network/client.ts';
import type { TargetModel } from '../network/model.ts';
import { isVpcResolver, primaryCidrOf, type ResolverKind, resolverKind } from '../network/resolution.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import { completeVantage } from '../vantage/from.ts';
import { type Evaluated, evaluateChecks, type Judged } from './findings.ts';
import { drawPath } from './hops.ts';
import { type ModelInput, modelAfter, provable, smallestPlan } from './proof.ts';
import { type Observed, observedStatus } from './target-status.ts';

/** One target with everything that is known of it. */
type View = {
  readonly target: Target;
  readonly evidence: Evidence;
  readonly model: TargetModel;
  readonly observed: Observed;
  readonly evaluated: Evaluated;
  status: TargetStatus;
};

/** One cause over all targets that it affects. */
type Cause = {
  readonly key: string;
  readonly members: readonly Judged[];
  readonly fix: Fix;
  readonly severity: Severity;
};

/**
 * Concludes from a case.
 * @param checks the causes to look for; all of them unless a test says otherwise
 */
export function diagnose(input: Case, checks: readonly AnyCheck[] = CHECKS): Report {
  const state = input.state;
  const vantage = completeVantage(input.vantage, state);
  const resolved = resolveTargets(input.requests, {
    region: vantage.region ?? vantage.sdk.region,
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: state.vpcEndpoints,
  });
  const primary = primaryCidrOf(state, vantage);
  const evidences = new Map(
    resolved.targets.map((target) => [
      target.id,
      evidenceFor(input.observations, input.probed, vantage, target, primary),
    ]),
  );
  const modelInput: ModelInput = {
    state,
    vantage,
    resolver: (which, target) =>
      resolverSeen(state, which, evidences.get(target.id), which.resolvers === vantage.resolvers, primary),
    publicAddresses: (target) => publicAddressesSeen(evidences.get(target.id), target),
  };
  const views = resolved.targets.map((target): View => {
    const evidence = evidences.get(target.id) as Evidence;
    const model = modelAfter(modelInput, target, []);
    // Where the name does not lead to the endpoint, its addresses say nothing about what the name reaches.
    const leads = model.choice?.way === 'private-dns' || model.choice?.way === 'named';
    const intended = (leads ? model.endpointPaths : []).flatMap((path) =>
      path.destination.kind === 'interface' ? [path.destination.address] : [],
    );
    const observed = observedStatus(target, evidence, intended);
    const evaluated = evaluateChecks(checks, state, vantage, target, evidence);
    return { target, evidence, model, observed, evaluated, status: 'unknown' };
  });
  for (const view of views) view.status = statusOf(view);

  const causes = rankCauses(views);
  const fixes = proveFixes(causes, views, modelInput);
  const reportCauses = causes.map((cause, i) => describeCause(cause, i + 1, fixes[i] as ReportFix));
  const fixPlan = planFixes(causes, views, modelInput);
  const unexplained = unexplainedOf(views, causes);
  const undecided = undecidedOf(views, input.probed);
  const targets = views.map((view) => describeTarget(view, vantage, reportCauses));
  const verdict = verdictOf(views, reportCauses, undecided, unexplained);
  return {
    schemaVersion: 1,
    tool: input.tool,
    startedAt: input.startedAt,
    durationMs: input.durationMs,
    verdict,
    headline: headlineOf(verdict, targets, reportCauses, undecided, resolved.problems),
    vantage: {
      kind: vantage.kind,
      region: vantage.region ?? vantage.sdk.region,
      accountId: vantage.accountId,
      instanceId: vantage.instanceId,
      vpcId: vantage.vpcId,
      subnetId: vantage.subnetId,
      availabilityZone: vantage.availabilityZone,
      availabilityZoneId: vantage.availabilityZoneId,
      networkInterfaceId: vantage.networkInterfaceId,
      addresses: vantage.addresses,
      securityGroupIds: vantage.securityGroupIds,
      resolvers: vantage.resolvers.map((resolver) =>
        resolver.port === 53 ? resolver.address : `${resolver.address}:${resolver.port}`,
      ),
      ephemeralPorts: vantage.ephemeralPorts,
      notes: notesOf(vantage),
    },
    targets,
    causes: reportCauses,
    fixPlan,
    contradicted: contradictedOf(views),
    ruledOut: ruledOutOf(views, causes),
    undecided,
    unexplained,
    notChecked: notChecked(input.probed, views),
    observations: input.observations,
    coverage: input.coverage,
    warnings: [...input.warnings, ...resolved.problems, ...resolved.notes],
  };
}

/** Whose answers the client gets: what was seen goes before what is configured, as long as the resolvers are the same. */
function resolverSeen(
  state: ModelInput['state'],
  vantage: Vantage,
  evidence: Evidence | undefined,
  unchanged: boolean,
  primary: string | undefined,
): ResolverKind {
  const kind = resolverKind(state, vantage);
  if (kind === 'vpc' || evidence === undefined || !unchanged) return kind;
  const { system, vpc } = evidence;
  if (system === undefined || vpc === undefined) return kind;
  if (isVpcResolver(system.server, primary)) return 'vpc';
  if (system.outcome !== 'answered' || vpc.outcome !== 'answered')
    return system.outcome === vpc.outcome ? 'vpc' : 'other';
  return system.addresses.some((address) => vpc.addresses.includes(address)) ? 'vpc' : kind;
}

/** Public addresses that the name really has, for the internet path; undefined when only private ones or none were seen. */
function publicAddressesSeen(evidence: Evidence | undefined, target: Target): readonly string[] | undefined {
  if (target.address !== undefined || evidence === undefined || evidence.addresses.length === 0) return undefined;
  return evidence.pinned.length > 0 ? undefined : evidence.addresses;
}

/** Packets decide where there are any; the model decides where there are none. A live fault makes "reachable" degraded. */
function statusOf(view: View): TargetStatus {
  const live = view.evaluated.judged.filter(
    (one) => one.standing !== 'contradicted' && one.finding.extent !== 'none' && !one.suspected,
  );
  if (view.evidence.probed) {
    const { status } = view.observed;
    return status === 'reachable' && live.length > 0 ? 'degraded' : status;
  }
  switch (view.model.status) {
    case 'open':
      return live.length > 0 ? 'degraded' : 'reachable';
    case 'partial':
    case 'detour':
      return 'degraded';
    case 'closed':
      return 'unreachable';
    case 'unknown':
      return live.some((one) => one.finding.extent === 'all') && view.model.resolution.kind !== 'unknown'
        ? 'unreachable'
        : 'unknown';
  }
}

function severityOf(one: Judged, status: TargetStatus): Severity {
  if (one.finding.extent === 'none') return 'advice';
  if (one.finding.extent === 'some') return 'degrading';
  return status === 'degraded' || status === 'reachable' ? 'degrading' : 'blocking';
}

const SEVERITIES: readonly Severity[] = ['blocking', 'degrading', 'advice'];
const STANDINGS = ['confirmed', 'likely', 'modelled', 'contradicted'];

/**
 * Causes in order: severity, standing, causal layer, number of targets and of observations explained, code. No weights; each
 * step only breaks ties of the one before, and the key breaks the last, so that the order is total.
 */
function rankCauses(views: readonly View[]): Cause[] {
  const groups = new Map<string, { judged: Judged; severity: Severity }[]>();
  for (const view of views) {
    for (const judged of view.evaluated.judged) {
      if (judged.standing === 'contradicted') continue;
      const key = `${judged.check.code} ${judged.finding.key}`;
      groups.set(key, [...(groups.get(key) ?? []), { judged, severity: severityOf(judged, view.status) }]);
    }
  }
  const causes = [...groups.entries()].map(([key, members]): Cause => {
    const severity = SEVERITIES.find((level) => members.some((member) => member.severity === level)) ?? 'advice';
    const first = members[0] as { judged: Judged };
    return {
      key,
      members: members.map(({ judged }) => judged),
      severity,
      fix: first.judged.check.fix(first.judged.finding.facts, first.judged.context),
    };
  });
  const by = (cause: Cause) => {
    const check = (cause.members[0] as Judged).check;
    return [
      SEVERITIES.indexOf(cause.severity),
      STANDINGS.indexOf(bestStanding(cause)),
      check.consequence === true ? 1 : 0,
      LAYER_ORDER.indexOf(check.layer),
      -new Set(cause.members.map((member) => member.target.id)).size,
      -new Set(cause.members.flatMap((member) => member.explains)).size,
    ];
  };
  return causes.sort((a, b) => {
    const left = by(a);
    const right = by(b);
    for (let i = 0; i < left.length; i++) {
      const difference = (left[i] ?? 0) - (right[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  });
}

function bestStanding(cause: Cause): 'confirmed' | 'likely' | 'modelled' {
  const order = ['confirmed', 'likely', 'modelled'] as const;
  return order.find((standing) => cause.members.some((member) => member.standing === standing)) ?? 'likely';
}

function describeCause(cause: Cause, rank: number, fix: ReportFix): ReportCause {
  const first = cause.members[0] as Judged;
  const unique = (items: readonly string[]) => [...new Set(items)];
  const summaries = unique(cause.members.map((member) => member.finding.summary));
  return {
    rank,
    code: first.check.code,
    title: first.check.title,
    layer: first.check.layer,
    severity: cause.severity,
    standing: bestStanding(cause),
    summary: summaries[0] ?? '',
    targets: unique(cause.members.map((member) => member.target.id)),
    resources: unique(cause.members.flatMap((member) => member.finding.resources)),
    explains: unique(cause.members.flatMap((member) => member.explains)),
    because: first.finding.because,
    fix,
    ...(first.check.reachabilityAnalyzerCode === undefined
      ? {}
      : { reachabilityAnalyzerCode: first.check.reachabilityAnalyzerCode }),
  };
}

/** Whether a target has a live fault that no fix of the model takes away. */
function stuckBy(causes: readonly Cause[], target: Target): Cause | undefined {
  return causes.find(
    (cause) =>
      cause.members.some((member) => member.target.id === target.id && member.finding.extent !== 'none') &&
      !provable(cause.fix) &&
      (cause.members[0] as Judged).check.consequence !== true,
  );
}

function proveFixes(causes: readonly Cause[], views: readonly View[], input: ModelInput): ReportFix[] {
  const plans = views.map((view) => ({
    view,
    plan: stuckBy(causes, view.target) === undefined ? planFor(causes, view, input) : undefined,
  }));
  return causes.map((cause) => {
    const { fix } = cause;
    const base = {
      summary: fix.summary,
      commands: fix.commands,
      undo: fix.undo,
      owner: fix.owner,
      ...(fix.caution === undefined ? {} : { caution: fix.caution }),
    };
    if (!provable(fix))
      return { ...base, proof: 'unproven' as const, reason: sentence(fix.unprovable ?? 'the model cannot show it') };
    const affected = views.filter((view) => cause.members.some((member) => member.target.id === view.target.id));
    const opened: string[] = [];
    const needed: string[] = [];
    let why = '';
    for (const view of affected) {
      const before = view.model.status;
      const stuck = stuckBy(causes, view.target);
      const after = modelAfter(input, view.target, [fix]);
      if (before === 'open') why = `On the model ${view.target.id} is open already.`;
      else if (after.status === 'open' && stuck === undefined) opened.push(view.target.id);
      else if (plans.find((one) => one.view === view)?.plan?.includes(cause)) needed.push(view.target.id);
      else if (stuck !== undefined)
        why = `${view.target.id} also needs the fix of ${(stuck.members[0] as Judged).check.code}, which the model cannot show.`;
      else if (after.status === 'unknown') why = sentence(unknownWords(after.missing));
      else
        why = `The model does not open ${view.target.id} with it: ${after.status === 'closed' ? 'it stays closed' : `it is ${after.status}`}.`;
    }
    if (opened.length > 0)
      return { ...base, proof: 'opens' as const, reason: `With this alone the model opens ${opened.join(', ')}.` };
    if (needed.length > 0)
      return {
        ...base,
        proof: 'necessary' as const,
        reason: `${needed.join(', ')} opens on the model with this and the other fixes of the plan together.`,
      };
    return { ...base, proof: 'unproven' as const, reason: why || 'The model cannot show it.' };
  });
}

function sentence(words: string): string {
  const text = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function unknownWords(missing: readonly Missing[]): string {
  const first = missing[0];
  return first === undefined
    ? 'the model cannot tell: something is not known'
    : `the model cannot tell: ${first.action} would have to be readable${first.detail === undefined ? '' : ` (${first.detail})`}`;
}

/** The fixes that one target needs, in rank order. */
function planFor(causes: readonly Cause[], view: View, input: ModelInput): readonly Cause[] | undefined {
  const own = causes.filter(
    (cause) => cause.severity !== 'advice' && cause.members.some((member) => member.target.id === view.target.id),
  );
  return smallestPlan(input, view.target, own);
}

function planFixes(causes: readonly Cause[], views: readonly View[], input: ModelInput): FixPlan {
  const broken = views.filter((view) => view.status === 'unreachable' || view.status === 'degraded');
  const steps = new Set<Cause>();
  for (const view of broken) {
    const own = causes.filter(
      (cause) => cause.severity !== 'advice' && cause.members.some((member) => member.target.id === view.target.id),
    );
    const plan =
      planFor(causes, view, input) ?? own.filter((cause) => (cause.members[0] as Judged).check.consequence !== true);
    for (const cause of plan) steps.add(cause);
    for (const cause of own)
      if (!provable(cause.fix) && (cause.members[0] as Judged).check.consequence !== true) steps.add(cause);
  }
  const ordered = causes.filter((cause) => steps.has(cause));
  const fixes = ordered.map((cause) => cause.fix).filter(provable);
  const opens: string[] = [];
  const remaining: string[] = [];
  for (const view of views) {
    if (!broken.includes(view)) {
      if (view.status === 'unknown') remaining.push(view.target.id);
      continue;
    }
    const opened =
      fixes.length > 0 &&
      stuckBy(causes, view.target) === undefined &&
      modelAfter(input, view.target, fixes).status === 'open';
    (opened ? opens : remaining).push(view.target.id);
  }
  return {
    steps: ordered.map((cause) => causes.indexOf(cause) + 1),
    opens,
    remaining,
    undo: [...ordered].reverse().flatMap((cause) => cause.fix.undo),
  };
}

function describeTarget(view: View, vantage: Vantage, causes: readonly ReportCause[]): ReportTarget {
  const { target, model, evidence } = view;
  const client = clientOf(vantage);
  const paths =
    model.endpointPaths.length > 0 ? model.endpointPaths : model.publicPath === undefined ? [] : [model.publicPath];
  const endpoint = model.choice?.endpoints[0];
  const intended =
    endpoint === undefined
      ? target.serviceNames.length > 0
        ? undefined
        : 'public'
      : `${endpoint.VpcEndpointId} (${model.choice?.way === 'gateway' ? 'gateway' : 'interface'})`;
  return {
    id: target.id,
    requested: target.requested,
    ...(target.host === undefined ? {} : { host: target.host }),
    ...(target.address === undefined ? {} : { address: target.address }),
    port: target.port,
    ...(target.serviceNames[0] === undefined ? {} : { service: target.serviceNames[0] }),
    status: view.status,
    summary: evidence.probed ? view.observed.summary : modelSummary(view),
    ...(intended === undefined ? {} : { intendedPath: intended }),
    actualPath: actualPath(view),
    hops: paths.map((path) => drawPath(client, path)),
    causes: [...new Set(causes.filter((cause) => cause.targets.includes(target.id)).map((cause) => cause.code))],
  };
}

function modelSummary(view: View): string {
  const id = view.target.id;
  switch (view.model.status) {
    case 'open':
      return `On the model every packet to ${id} passes.`;
    case 'partial':
      return `On the model some packets to ${id} pass and some do not.`;
    case 'detour':
      return `On the model ${id} works through ${view.model.actualPath}, not through an endpoint.`;
    case 'closed':
      return `On the model nothing reaches ${id}.`;
    case 'unknown':
      return `The model cannot tell whether ${id} is reachable.`;
  }
}

function actualPath(view: View): string {
  const { model, evidence } = view;
  if (!evidence.probed || evidence.addresses.length === 0) return evidence.probed ? 'none' : model.actualPath;
  const own = new Map(
    model.endpointPaths.flatMap((path) =>
      path.destination.kind === 'interface'
        ? [[path.destination.address, path.destination.networkInterfaceId] as const]
        : [],
    ),
  );
  if (evidence.addresses.every((address) => own.has(address)))
    return model.choice?.endpoints[0].VpcEndpointId ?? own.values().next().value ?? 'unknown';
  return model.actualPath === 'none' || model.actualPath === 'unknown'
    ? model.publicPath === undefined
      ? 'unknown'
      : model.actualPath
    : model.actualPath;
}

const FAILED: Readonly<Record<Observation['rung'], (outcome: string) => boolean>> = {
  dns: (outcome) => outcome !== 'answered' && outcome !== 'no-data' && outcome !== 'skipped',
  tcp: (outcome) => outcome !== 'open' && outcome !== 'skipped',
  tls: (outcome) => outcome !== 'trusted' && outcome !== 'skipped',
  https: (outcome) => outcome !== 'aws-answer' && outcome !== 'other-answer' && outcome !== 'skipped',
};

/** Failed probes on a target's way that no cause predicted and that do not follow from one that was. */
function unexplainedOf(views: readonly View[], causes: readonly Cause[]): string[] {
  const explained = new Set(causes.flatMap((cause) => cause.members.flatMap((member) => member.explains)));
  const out = new Set<string>();
  for (const view of views) {
    const relevant = new Set([
      ...view.evidence.addresses,
      ...view.model.endpointPaths.flatMap((path) =>
        path.destination.kind === 'interface' ? [path.destination.address] : [],
      ),
    ]);
    const asked = new Set(view.evidence.configured.map((answer) => answer.server));
    for (const one of view.evidence.all) {
      if (!FAILED[one.rung](one.outcome)) continue;
      if (one.rung === 'dns' ? !asked.has(one.subject.server) : !relevant.has(one.subject.address)) continue;
      if (one.rung === 'tcp' && one.detail.failure?.code === 'EADDRINUSE') continue;
      if (explained.has(one.id) || one.after.some((id) => explained.has(id))) continue;
      // AAAA fails with A for the same reason: one line is enough.
      if (
        one.rung === 'dns' &&
        one.subject.type === 'AAAA' &&
        view.evidence.all.some(
          (other) =>
            other.rung === 'dns' &&
            other.subject.type === 'A' &&
            other.subject.server === one.subject.server &&
            other.outcome === one.outcome &&
            other.subject.name === one.subject.name,
        )
      )
        continue;
      out.add(one.id);
    }
  }
  return [...out];
}

function undecidedOf(views: readonly View[], probed: boolean): Undecided[] {
  const groups = new Map<AnyCheck, { targets: string[]; missing: Missing[]; matters: boolean }>();
  for (const view of views) {
    for (const gap of view.evaluated.gaps) {
      const group = groups.get(gap.check) ?? { targets: [], missing: [], matters: false };
      groups.set(gap.check, group);
      group.targets.push(view.target.id);
      for (const one of gap.missing) {
        if (!group.missing.some((other) => other.action === one.action && other.detail === one.detail))
          group.missing.push(one);
      }
      // What packets have shown to work needs no configuration to prove it.
      const settled = probed && view.status === 'reachable' && gap.check.consequence !== true;
      group.matters ||= gap.matters && !settled;
    }
  }
  return [...groups.entries()].map(([check, group]) => ({ code: check.code, title: check.title, ...group }));
}

function ruledOutOf(views: readonly View[], causes: readonly Cause[]): RuledOut[] {
  const found = new Set(causes.map((cause) => (cause.members[0] as Judged).check.code));
  const open = new Set(views.flatMap((view) => view.evaluated.gaps.map((gap) => gap.check.code)));
  const contradicted = new Set(
    views.flatMap((view) =>
      view.evaluated.judged.filter((one) => one.standing === 'contradicted').map((one) => one.check.code),
    ),
  );
  const groups = new Map<AnyCheck, { because: string; targets: string[] }>();
  for (const view of views) {
    for (const { check, because } of view.evaluated.absences) {
      if (found.has(check.code) || open.has(check.code) || contradicted.has(check.code)) continue;
      const group = groups.get(check) ?? { because, targets: [] };
      groups.set(check, group);
      group.targets.push(view.target.id);
    }
  }
  return [...groups.entries()].map(([check, group]) => ({ code: check.code, title: check.title, ...group }));
}

const COULD_BE = [
  'the description is older than the network: a change may be on its way',
  'another network interface or source address of this host was used than the one that was evaluated',
  'an appliance in between forwards the traffic',
  'an established path through another VPC (Route 53 Profile, private hosted zone) leads there',
];

function contradictedOf(views: readonly View[]): Contradicted[] {
  const groups = new Map<string, Judged[]>();
  for (const view of views) {
    for (const one of view.evaluated.judged) {
      if (one.standing !== 'contradicted') continue;
      const key = `${one.check.code} ${one.finding.key}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
  }
  return [...groups.values()].map((members) => {
    const first = members[0] as Judged;
    const observations = [...new Set(members.flatMap((member) => member.disprovedBy))];
    return {
      code: first.check.code,
      title: first.check.title,
      summary: first.finding.summary,
      targets: [...new Set(members.map((member) => member.target.id))],
      resources: first.finding.resources,
      observed: `The probes show the opposite: ${observations.slice(0, 3).join('; ')}.`,
      observations,
      couldBe: COULD_BE,
    };
  });
}

/** Blocked and degraded need a cause; something that fails or is missing without one is inconclusive. */
function verdictOf(
  views: readonly View[],
  causes: readonly ReportCause[],
  undecided: readonly Undecided[],
  unexplained: readonly string[],
): Verdict {
  const has = (status: TargetStatus) => views.some((view) => view.status === status);
  const explained = (status: TargetStatus) =>
    views.some((view) => view.status === status && causes.some((cause) => cause.targets.includes(view.target.id)));
  if (explained('unreachable')) return 'blocked';
  if (explained('degraded')) return 'degraded';
  if (has('unreachable') || has('degraded') || has('unknown') || views.length === 0 || unexplained.length > 0)
    return 'inconclusive';
  return undecided.some((one) => one.matters) ? 'inconclusive' : 'healthy';
}

function headlineOf(
  verdict: Verdict,
  targets: readonly ReportTarget[],
  causes: readonly ReportCause[],
  undecided: readonly Undecided[],
  problems: readonly string[],
): string {
  const failing = targets.filter((target) => target.status === 'unreachable');
  const weak = targets.filter((target) => target.status === 'degraded');
  const name = (list: readonly ReportTarget[]) =>
    list.length === 1 ? (list[0]?.id ?? '') : `${list.length} of ${targets.length} targets`;
  const own = causes.filter((cause) => cause.severity !== 'advice');
  const sure = own.some((cause) => cause.standing !== 'likely');
  const count = !sure
    ? `The likely ${own.length === 1 ? 'cause could' : 'causes could'} not be confirmed.`
    : own.length === 1
      ? 'One cause explains it.'
      : `${own.length} causes explain it.`;
  switch (verdict) {
    case 'healthy':
      return targets.length === 1
        ? `${targets[0]?.id} is reached as intended.`
        : `All ${targets.length} targets are reached as intended.`;
    case 'blocked':
      return `${name(failing)} cannot be reached. ${count}`;
    case 'degraded':
      return `${name(weak)} ${weak.length === 1 ? 'is' : 'are'} reached, but not as intended. ${count}`;
    case 'inconclusive': {
      if (targets.length === 0) return problems[0] ?? 'There is no target to diagnose.';
      if (failing.length > 0) return `${name(failing)} cannot be reached, and nothing that could be seen explains it.`;
      if (weak.length > 0) return `${name(weak)} works in part, and nothing that could be seen explains it.`;
      const action = undecided.find((one) => one.matters)?.missing[0]?.action;
      return `It cannot be said whether ${targets.length === 1 ? targets[0]?.id : 'every target'} is reached as intended${action === undefined ? '' : `: ${action} is missing`}.`;
    }
  }
}

function notesOf(vantage: Vantage): string[] {
  const assumed =
    vantage.ephemeralPorts.source === 'assumed' && !vantage.notes.some((note) => note.includes('assumed'));
  return [
    ...vantage.notes,
    ...(assumed
      ? [
          `The client’s ephemeral port range is not known: Linux’s default ${vantage.ephemeralPorts.from}-${vantage.ephemeralPorts.to} is assumed.`,
        ]
      : []),
  ];
}

/** What a run of this kind does not look at. */
function notChecked(probed: boolean, views: readonly View[]): string[] {
  const out: string[] = [];
  if (!probed) out.push('No packet was sent: DNS answers, TLS certificates and the host’s own firewall were not seen.');
  if (views.some((view) => view.model.choice !== undefined))
    out.push('Endpoint policies and IAM: no signed request was made.');
  return out;
}
