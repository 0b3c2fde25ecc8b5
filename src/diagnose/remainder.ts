/** Everything that is not a cause: what was ruled out, what is undecided, what was contradicted, what nothing explains. */
import type { AnyCheck } from '../checks/check.ts';
import { proxyCarries } from '../checks/evidence.ts';
import type { Observation } from '../model/observation.ts';
import type { Contradicted, RuledOut, Undecided } from '../model/report.ts';
import type { Missing } from '../model/state.ts';
import { couldBeOpen, couldBeShut, type Run } from './could-be.ts';
import type { Judged } from './findings.ts';
import type { Cause } from './rank.ts';
import { lackedItsPort } from './target-status.ts';
import type { View } from './views.ts';

const FAILED: Readonly<Record<Observation['rung'], (outcome: string) => boolean>> = {
  dns: (outcome) => outcome !== 'answered' && outcome !== 'no-data' && outcome !== 'skipped',
  tcp: (outcome) => outcome !== 'open' && outcome !== 'skipped',
  tls: (outcome) => outcome !== 'trusted' && outcome !== 'skipped',
  https: (outcome) => outcome !== 'aws-answer' && outcome !== 'other-answer' && outcome !== 'skipped',
  access: (outcome) => outcome === 'denied' || outcome === 'credentials-rejected',
  proxy: (outcome) => outcome !== 'established' && outcome !== 'skipped',
  // A machine outside EC2 has no such service, and lacks nothing.
  metadata: () => false,
};

/** Failed probes on a target's way that no cause predicted and that do not follow from one that was. */
export function unexplainedOf(views: readonly View[], causes: readonly Cause[]): string[] {
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
    // A connection that opened, by whatever way, is no reason for what then failed on it.
    const opened = new Set(
      view.evidence.all.flatMap((one) => (one.rung === 'tcp' && one.outcome === 'open' ? [one.id] : [])),
    );
    const experiments = view.evidence.experiments.filter((one) => isFailureForSomeone(one, view.target.host));
    for (const one of [...view.evidence.all, ...experiments]) {
      if (!FAILED[one.rung](one.outcome)) continue;
      if (
        one.rung === 'dns' ? !asked.has(one.subject.server) : !relevant.has(one.subject.address) && one.rung !== 'proxy'
      )
        continue;
      // What goes by a proxy that works does not go this way.
      if (one.rung !== 'proxy' && proxyCarries(view.evidence)) continue;
      if (one.rung === 'tcp' && lackedItsPort(one)) continue;
      if (explained.has(one.id) || one.after.some((id) => explained.has(id) && !opened.has(id))) continue;
      if (isRepetition(one, view.evidence.all)) continue;
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

/** A series that fails like the first connection did is told by that one. */
function isRepetition(one: Observation, all: readonly Observation[]): boolean {
  return (
    one.rung === 'tcp' &&
    one.subject.localPort !== undefined &&
    all.some(
      (other) =>
        other.rung === 'tcp' &&
        other.subject.localPort === undefined &&
        other.subject.address === one.subject.address &&
        other.subject.port === one.subject.port &&
        other.outcome === one.outcome,
    )
  );
}

/** An experiment that fails is a finding of its own only where an application could meet the same. */
function isFailureForSomeone(one: Observation, host: string | undefined): boolean {
  switch (one.rung) {
    case 'dns':
      return one.subject.attempt !== undefined && one.subject.name.toLowerCase() === host?.toLowerCase();
    case 'tls':
      return one.subject.hello === 'large' && ['timeout', 'reset', 'closed'].includes(one.outcome);
    case 'https':
      return one.subject.padding !== undefined && one.outcome === 'timeout';
    default:
      return false;
  }
}

/** What could explain them, for the targets that they concern; undefined when there are none. */
export function unexplainedCouldBe(
  unexplained: readonly string[],
  views: readonly View[],
  run: Run,
): string[] | undefined {
  if (unexplained.length === 0) return undefined;
  const concerned = views.filter((view) =>
    [...view.evidence.all, ...view.evidence.experiments].some((one) => unexplained.includes(one.id)),
  );
  return couldBeShut(
    run,
    concerned,
    run.input.observations.filter((one) => unexplained.includes(one.id)),
  );
}

export function undecidedOf(views: readonly View[], probed: boolean): Undecided[] {
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

export function ruledOutOf(views: readonly View[], causes: readonly Cause[]): RuledOut[] {
  const found = new Set(causes.map((cause) => (cause.members[0] as Judged).check.code));
  const open = new Set(views.flatMap((view) => view.evaluated.gaps.map((gap) => gap.check.code)));
  const contradicted = new Set(
    views.flatMap((view) =>
      view.evaluated.judged.filter((one) => one.standing === 'contradicted').map((one) => one.check.code),
    ),
  );
  const groups = new Map<AnyCheck, { reasons: Set<string>; targets: string[] }>();
  for (const view of views) {
    for (const { check, because } of view.evaluated.absences) {
      if (found.has(check.code) || open.has(check.code) || contradicted.has(check.code)) continue;
      const group = groups.get(check) ?? { reasons: new Set(), targets: [] };
      groups.set(check, group);
      group.reasons.add(because);
      group.targets.push(view.target.id);
    }
  }
  return [...groups.entries()].map(([check, { reasons, targets }]) => ({
    code: check.code,
    title: check.title,
    because: joinReasons([...reasons]),
    targets,
  }));
}

/** Targets are often cleared by the same rule; where not, two reasons are told and the others counted. */
function joinReasons(reasons: readonly string[]): string {
  const [first = '', second, ...more] = reasons;
  if (second === undefined) return first;
  return more.length === 0 ? `${first}; ${second}` : `${first}; ${second}; and ${more.length} more alike`;
}

/** Findings that packets disprove: withdrawn, and told with what could explain the difference. */
export function contradictedOf(views: readonly View[], run: Run): Contradicted[] {
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
    const targets = [...new Set(members.map((member) => member.target.id))];
    const observations = [...new Set(members.flatMap((member) => member.disprovedBy))];
    return {
      code: first.check.code,
      title: first.check.title,
      summary: first.finding.summary,
      targets,
      resources: first.finding.resources,
      observed: `The probes show the opposite: ${observations.slice(0, 3).join('; ')}.`,
      observations,
      couldBe: couldBeOpen(
        run,
        views.filter((view) => targets.includes(view.target.id)),
        run.input.observations.filter((one) => observations.includes(one.id)),
      ),
    };
  });
}
