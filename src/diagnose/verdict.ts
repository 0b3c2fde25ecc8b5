/** The verdict, its sentence, and what the run did not look at. */
import type { Observation } from '../model/observation.ts';
import type { ReportCause, ReportTarget, TargetStatus, Undecided, Verdict } from '../model/report.ts';
import type { Vantage } from '../model/vantage.ts';
import type { View } from './views.ts';

/** Blocked and degraded need a cause; something that fails or is missing without one is inconclusive. */
export function verdictOf(
  views: readonly View[],
  causes: readonly ReportCause[],
  undecided: readonly Undecided[],
  unexplained: readonly string[],
): Verdict {
  const has = (status: TargetStatus) => views.some((view) => view.status === status);
  const isLoose = (view: View) => view.evidence.all.some((one) => unexplained.includes(one.id));
  const explained = (status: TargetStatus) =>
    views.some(
      (view) =>
        view.status === status &&
        causes.some(
          (cause) =>
            cause.targets.includes(view.target.id) &&
            cause.severity !== 'advice' &&
            // What takes a part, or a detour, does not explain why nothing at all is reached.
            (status === 'degraded' || cause.severity === 'blocking' || !isLoose(view)),
        ),
    );
  if (explained('unreachable')) return 'blocked';
  if (explained('degraded')) return 'degraded';
  if (has('unreachable') || has('degraded') || has('unknown') || views.length === 0 || unexplained.length > 0)
    return 'inconclusive';
  return undecided.some((one) => one.matters) ? 'inconclusive' : 'healthy';
}

export function headlineOf(
  verdict: Verdict,
  targets: readonly ReportTarget[],
  causes: readonly ReportCause[],
  undecided: readonly Undecided[],
  problems: readonly string[],
  unexplained: readonly string[] = [],
): string {
  const failing = targets.filter((target) => target.status === 'unreachable');
  const weak = targets.filter((target) => target.status === 'degraded');
  const name = (list: readonly ReportTarget[]) =>
    list.length === 1 ? (list[0]?.id ?? '') : `${list.length} of ${targets.length} targets`;
  const own = causes.filter((cause) => cause.severity !== 'advice');
  const sure = own.some((cause) => cause.standing !== 'likely');
  const what = unexplained.length > 0 ? 'a part of it' : 'it';
  const count = !sure
    ? `The likely ${own.length === 1 ? 'cause could' : 'causes could'} not be confirmed.`
    : own.length === 1
      ? `One cause explains ${what}.`
      : `${own.length} causes explain ${what}.`;
  switch (verdict) {
    case 'healthy':
      return targets.length === 1
        ? `${targets[0]?.id} is reached as intended.`
        : `All ${targets.length} targets are reached as intended.`;
    case 'blocked':
      return `${name(failing)} cannot be reached. ${count}`;
    case 'degraded':
      if (own.every((cause) => cause.layer === 'access'))
        // A policy read from the description alone has refused nobody yet.
        return `${name(weak)} ${
          weak.some((target) => target.summary.includes('refuses'))
            ? weak.length === 1
              ? 'answers, and refuses'
              : 'answer, and refuse'
            : `${weak.length === 1 ? 'answers' : 'answer'}, and would refuse`
        } what is asked. ${count}`;
      return `${name(weak)} ${weak.length === 1 ? 'is' : 'are'} reached, but not as intended. ${count}`;
    case 'inconclusive': {
      if (targets.length === 0) return problems[0] ?? 'There is no target to diagnose.';
      if (failing.length > 0) return `${name(failing)} cannot be reached, and nothing that could be seen explains it.`;
      if (weak.length > 0 && weak.every((target) => target.summary.includes(', and refuses ')))
        return `${name(weak)} ${weak.length === 1 ? 'answers, and refuses' : 'answer, and refuse'} what is asked, and nothing that could be seen explains it.`;
      if (weak.length > 0) return `${name(weak)} works in part, and nothing that could be seen explains it.`;
      const action = undecided.find((one) => one.matters)?.missing[0]?.action;
      return `It cannot be said whether ${targets.length === 1 ? targets[0]?.id : 'every target'} is reached as intended${action === undefined ? '' : `: ${action} is missing`}.`;
    }
  }
}

export function notesOf(vantage: Vantage, observations: readonly Observation[]): string[] {
  const assumed =
    vantage.ephemeralPorts.source === 'assumed' && !vantage.notes.some((note) => note.includes('assumed'));
  return [
    ...vantage.notes,
    ...clockNote(observations),
    ...(assumed
      ? [
          `The client’s ephemeral port range is not known: Linux’s default ${vantage.ephemeralPorts.from}-${vantage.ephemeralPorts.to} is assumed.`,
        ]
      : []),
  ];
}

/** SigV4 refuses requests that are more than five minutes off; a minute is worth a word before it grows. */
const CLOCK_TOLERANCE_MS = 60_000;

/** This machine's clock against the Date headers of the answers: the median, where it is off. */
function clockNote(observations: readonly Observation[]): string[] {
  const offsets = observations
    .flatMap((one) =>
      one.rung === 'https' && one.detail.clockOffsetMs !== undefined ? [one.detail.clockOffsetMs] : [],
    )
    .sort((a, b) => a - b);
  const median = offsets[Math.floor(offsets.length / 2)];
  if (median === undefined || Math.abs(median) < CLOCK_TOLERANCE_MS) return [];
  const minutes = Math.round(Math.abs(median) / 6_000) / 10;
  return [
    `This machine’s clock is ${minutes} minutes ${median > 0 ? 'ahead of' : 'behind'} the services’ (Date header); signed requests fail at five.`,
  ];
}
