/** Findings of all targets as causes, in a total order. */
import type { Fix } from '../checks/check.ts';
import { LAYER_ORDER } from '../model/codes.ts';
import { repeatedQuestion } from '../model/observation.ts';
import type { ReportCause, ReportFix, Severity, TargetStatus } from '../model/report.ts';
import type { Judged } from './findings.ts';
import { fixOf } from './join-fixes.ts';
import type { View } from './views.ts';

/** One cause over all targets that it affects. */
export type Cause = {
  readonly key: string;
  readonly members: readonly Judged[];
  readonly fix: Fix;
  readonly severity: Severity;
};

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
export function rankCauses(views: readonly View[]): Cause[] {
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
    return {
      key,
      members: members.map(({ judged }) => judged),
      severity,
      fix: fixOf(members.map(({ judged }) => judged) as unknown as [Judged, ...Judged[]]),
    };
  });
  const by = (cause: Cause) => {
    const check = (cause.members[0] as Judged).check;
    return [
      SEVERITIES.indexOf(cause.severity),
      STANDINGS.indexOf(bestStanding(cause)),
      check.consequence === true || cause.members.every(({ finding }) => finding.yields === true) ? 1 : 0,
      LAYER_ORDER.indexOf(check.layer),
      -new Set(cause.members.map((member) => member.target.id)).size,
      // How often a question could be repeated says nothing: a source port may have been in use.
      -new Set(cause.members.flatMap((member) => member.explains.map(repeatedQuestion))).size,
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

export function describeCause(cause: Cause, rank: number, fix: ReportFix): ReportCause {
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
