/** From a case to a report. Pure: the same case gives the same report, byte for byte. */
import { type PassesAfter, requestsAfter } from '../checks/access/after.ts';
import type { AnyCheck } from '../checks/check.ts';
import { type Evidence, evidenceFor } from '../checks/evidence.ts';
import { CHECKS } from '../checks/index.ts';
import type { Case } from '../model/case.ts';
import type { Report, ReportFix } from '../model/report.ts';
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import { calledRegion, type Vantage } from '../model/vantage.ts';
import { clientOf } from '../network/client.ts';
import { ledToCentral } from '../network/endpoints.ts';
import { isVpcResolver, primaryCidrOf, type ResolverKind, resolverKind } from '../network/resolution.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import { completeVantage } from '../vantage/from.ts';
import { describeAnswers } from './answers.ts';
import { type Evaluated, evaluateChecks, type Judged } from './findings.ts';
import { planFixes, proveFixes, setsPerTarget } from './fixes.ts';
import { notChecked } from './not-checked.ts';
import { pastedOf } from './pasted.ts';
import { type ModelInput, modelAfter } from './proof.ts';
import { describeCause, rankCauses } from './rank.ts';
import { contradictedOf, ruledOutOf, undecidedOf, unexplainedCouldBe, unexplainedOf } from './remainder.ts';
import { observedStatus } from './target-status.ts';
import { headlineOf, notesOf, verdictOf } from './verdict.ts';
import { describeTarget, statusOf, type View } from './views.ts';

/**
 * Concludes from a case.
 * @param checks the causes to look for; all of them unless a test says otherwise
 */
export function diagnose(input: Case, checks: readonly AnyCheck[] = CHECKS): Report {
  const state = input.state;
  const vantage = completeVantage(input.vantage, state);
  const resolved = resolveTargets(input.requests, {
    region: calledRegion(vantage),
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: state.vpcEndpoints,
    endpointServices: state.endpointServices,
  });
  const primary = primaryCidrOf(vantage);
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
  const views = resolved.targets.map((asked): View => {
    const evidence = evidences.get(asked.id) as Evidence;
    const target = ledToCentral(state, vantage.vpcId, asked, evidence.resolved);
    const model = modelAfter(modelInput, target, []);
    // Where the name does not lead to the endpoint, its addresses say nothing about what the name reaches.
    const leads = ['private-dns', 'named', 'central'].includes(model.choice?.way ?? '');
    const intended = (leads ? model.endpointPaths : []).flatMap((path) =>
      path.destination.kind === 'interface' ? [path.destination.address] : [],
    );
    const evaluated = evaluateChecks(checks, state, vantage, target, evidence);
    const observed = observedStatus(target, evidence, intended, explainedByAdvice(evaluated));
    return { target, evidence, model, observed, evaluated, status: 'unknown' };
  });
  for (const view of views) view.status = statusOf(view);

  const causes = rankCauses(views);
  const proofInput: ModelInput = {
    ...modelInput,
    access: (target, changed) => accessAfter(views, modelInput, target, changed),
  };
  const plans = setsPerTarget(causes, views, proofInput);
  const fixes = proveFixes(causes, plans, proofInput, modelInput);
  const reportCauses = causes.map((cause, i) => describeCause(cause, i + 1, fixes[i] as ReportFix));
  const fixPlan = planFixes(causes, plans, proofInput);
  const run = { input, vantage };
  const unexplained = unexplainedOf(views, causes);
  const couldBe = unexplainedCouldBe(unexplained, views, run);
  const undecided = undecidedOf(views, input.probed);
  const targets = views.map((view) => {
    const answers = describeAnswers(state, vantage, view.target, view.evidence);
    return { ...describeTarget(view, vantage, reportCauses, state), ...(answers.length === 0 ? {} : { answers }) };
  });
  const pasted = pastedOf(views, state, vantage);
  const outdated = pasted.filter((one) => !one.current).map((one) => one.summary);
  const verdict = verdictOf(views, reportCauses, undecided, unexplained);
  return {
    schemaVersion: 1,
    tool: input.tool,
    startedAt: input.startedAt,
    durationMs: input.durationMs,
    verdict,
    headline: headlineOf(verdict, targets, reportCauses, undecided, resolved.problems, unexplained),
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
      notes: notesOf(vantage, input.observations),
    },
    targets,
    causes: reportCauses,
    fixPlan,
    contradicted: contradictedOf(views, run),
    ruledOut: ruledOutOf(views, causes),
    undecided,
    unexplained,
    ...(couldBe === undefined ? {} : { unexplainedCouldBe: couldBe }),
    notChecked: notChecked(input.probed, views, state, vantage),
    ...(pasted.length === 0 ? {} : { pasted }),
    observations: input.observations,
    coverage: input.coverage,
    warnings: [...input.warnings, ...resolved.problems, ...resolved.notes, ...outdated],
  };
}

/** Ids of what is explained, and by nothing that is a fault. */
function explainedByAdvice({ judged }: Evaluated): ReadonlySet<string> {
  const live = judged.filter(({ standing }) => standing !== 'contradicted');
  const faults = new Set(live.flatMap(({ finding, explains }) => (finding.extent === 'none' ? [] : explains)));
  return new Set(
    live
      .flatMap(({ finding, explains }) => (finding.extent === 'none' ? explains : []))
      .filter((id) => !faults.has(id)),
  );
}

/** What the policies of a changed state say of what was found refused at the target, and of all that takes another way then. */
function accessAfter(
  views: readonly View[],
  { state: before, vantage }: ModelInput,
  target: Target,
  state: State,
): PassesAfter {
  const view = views.find((one) => one.target.id === target.id);
  if (view === undefined) return { answer: 'allowed' };
  const live = view.evaluated.judged.filter(({ standing }) => standing !== 'contradicted');
  const found = live.flatMap(({ finding, suspected }): PassesAfter[] => {
    const answer = suspected || finding.extent === 'none' ? undefined : finding.access?.(state);
    return answer === undefined ? [] : [{ answer }];
  });
  const context = { target: view.target, vantage, client: clientOf(vantage), evidence: view.evidence, state: before };
  const moved = state === before ? [] : requestsAfter(context, state);
  const all = [...moved, ...found];
  const denied = all.find(({ answer }) => answer === 'denied');
  if (denied !== undefined) return denied;
  if (all.some(({ answer }) => answer === 'unknown')) return { answer: 'unknown' };
  const unexplained = refusalsWithoutCause(view, live);
  return unexplained === undefined
    ? { answer: 'allowed' }
    : { answer: 'unknown', because: `nothing that was read explains why ${unexplained} is refused` };
}

/** The first action that was refused, and that no cause accounts for: what changes the way may not change that. */
function refusalsWithoutCause(view: View, live: readonly Judged[]): string | undefined {
  const explained = new Set(live.flatMap(({ explains }) => explains));
  const seen = view.evidence.all.find(
    (one) => one.rung === 'access' && one.outcome === 'denied' && !explained.has(one.id),
  );
  if (seen?.rung === 'access') return seen.subject.action;
  const pasted = view.evidence.denials.find(({ observation }) => observation === undefined)?.denial;
  const known = live.some(({ check }) => check.layer === 'access');
  return pasted?.kind === 'policy' && !known ? (pasted.action ?? 'the request') : undefined;
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
