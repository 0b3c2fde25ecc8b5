/**
 * The report as one line of JSON that is no longer than a given number of bytes: Run Command hands over 24,000 bytes of what a
 * script printed and drops the rest. What had to go is told in the report's own warnings, and the result is still a report of
 * the published schema.
 */
import type { Report } from '../model/report.ts';
import { LEAST_BYTES } from './formats.ts';
import { renderJsonLine } from './json.ts';

type Cut = {
  /** what is gone, for the warning */
  readonly what: string;
  readonly make: (report: Report) => Report;
};

/**
 * @param most bytes of UTF-8 with the line break at the end; less than `LEAST_BYTES` cannot be promised and throws
 * @returns one line, cut only as far as it must be: what nobody refers to goes first, causes and targets last
 */
export function renderCompact(report: Report, most: number): string {
  if (most < LEAST_BYTES) throw new Error(`a report needs ${LEAST_BYTES} bytes, and ${most} were given`);
  let cut = report;
  const gone: string[] = [];
  for (const { what, make } of [NOTHING, ...CUTS]) {
    const before = JSON.stringify(cut);
    cut = make(cut);
    if (JSON.stringify(cut) !== before) gone.push(what);
    const line = renderJsonLine(withWarning(cut, gone, most));
    if (new TextEncoder().encode(line).length <= most) return line;
  }
  // The texts of `shortest` are short, so that what is left fits whatever the report was.
  return renderJsonLine(withWarning(shortest(cut), ['all but the verdict and its first cause and target'], most));
}

const NOTHING: Cut = { what: '', make: (report) => report };

const CUTS: readonly Cut[] = [
  { what: 'observations that no cause refers to', make: withReferredObservations },
  { what: 'what was ruled out', make: (report) => ({ ...report, ruledOut: [] }) },
  { what: 'coverage', make: (report) => ({ ...report, coverage: [] }) },
  { what: 'other ways to fix, and Terraform', make: (report) => eachFix(report, withoutAlternatives) },
  { what: 'drawn paths', make: (report) => eachTarget(report, (target) => ({ ...target, hops: [] })) },
  { what: 'the tables of answers and addresses', make: (report) => eachTarget(report, withoutTables) },
  { what: 'details of the observations', make: withoutTries },
  { what: 'the reasons of each cause beyond the first three', make: (report) => eachCause(report, withThreeReasons) },
  { what: 'all observations', make: (report) => ({ ...report, observations: [] }) },
  { what: 'what could not be decided', make: (report) => ({ ...report, undecided: [], contradicted: [] }) },
  ...[20, 5, 2].map((count) => ({
    what: `all but ${count} causes and targets`,
    make: (report: Report) => first(report, count),
  })),
];

function withWarning(report: Report, gone: readonly string[], most: number): Report {
  if (gone.length === 0) return report;
  const warning = `Left out to fit ${most} bytes: ${gone.join('; ')}. The whole report is what the command says without --most.`;
  return { ...report, warnings: [...report.warnings, warning] };
}

function withReferredObservations(report: Report): Report {
  const referred = new Set([
    ...report.unexplained,
    ...report.causes.flatMap((cause) => [...cause.explains, ...cause.because.flatMap(({ ref }) => ref ?? [])]),
    ...report.contradicted.flatMap((one) => one.observations),
  ]);
  return { ...report, observations: report.observations.filter((one) => referred.has(one.id)) };
}

/** Of observations with the same outcome at the same rung only the first is kept. */
function withoutTries(report: Report): Report {
  const seen = new Set<string>();
  const observations = report.observations.filter(({ rung, outcome, subject }) => {
    const { host, service } = subject as { readonly host?: string; readonly service?: string };
    const key = JSON.stringify([rung, outcome, host, service]);
    return !seen.has(key) && seen.add(key);
  });
  return { ...report, observations };
}

type Target = Report['targets'][number];
type Cause = Report['causes'][number];

function eachTarget(report: Report, change: (target: Target) => Target): Report {
  return { ...report, targets: report.targets.map(change) };
}

function eachCause(report: Report, change: (cause: Cause) => Cause): Report {
  return { ...report, causes: report.causes.map(change) };
}

function eachFix(report: Report, change: (fix: Cause['fix']) => Cause['fix']): Report {
  return eachCause(report, (cause) => ({ ...cause, fix: change(cause.fix) }));
}

function withoutAlternatives({ alternatives: _others, terraform: _hcl, blastRadius: _reach, ...fix }: Cause['fix']) {
  return fix;
}

function withoutTables({ addresses: _addresses, answers: _answers, ...target }: Target): Target {
  return target;
}

function withThreeReasons(cause: Cause): Cause {
  return { ...cause, because: cause.because.slice(0, 3), explains: cause.explains.slice(0, 3) };
}

/** The first causes, and the targets that they are about before any others. */
function first(report: Report, count: number): Report {
  const causes = report.causes.slice(0, count);
  const wanted = new Set(causes.flatMap((cause) => cause.targets));
  const order = [...report.targets].sort((a, b) => Number(wanted.has(b.id)) - Number(wanted.has(a.id)));
  const targets = order.slice(0, count);
  const kept = new Set(targets.map((target) => target.id));
  const ranks = new Set(causes.map((cause) => cause.rank));
  const only = (ids: readonly string[]) => ids.filter((id) => kept.has(id));
  return {
    ...report,
    targets,
    causes: causes.map((cause) => ({
      ...cause,
      targets: only(cause.targets),
      resources: cause.resources.slice(0, count),
    })),
    fixPlan: {
      steps: report.fixPlan.steps.filter((rank) => ranks.has(rank)),
      opens: only(report.fixPlan.opens),
      remaining: only(report.fixPlan.remaining),
      undo: [],
    },
    unexplained: report.unexplained.slice(0, count),
    notChecked: report.notChecked.slice(0, count),
    warnings: report.warnings.slice(0, count),
    vantage: { ...report.vantage, notes: [], addresses: report.vantage.addresses.slice(0, 4) },
  };
}

/** What is left in the worst case: one cause and one target, whose texts end early. */
function shortest(report: Report): Report {
  const { pasted: _pasted, unexplainedCouldBe: _couldBe, ...least } = first(report, 1);
  const one: Report = {
    ...least,
    warnings: [],
    notChecked: [],
    unexplained: [],
    vantage: { ...least.vantage, resolvers: [], securityGroupIds: least.vantage.securityGroupIds.slice(0, 2) },
    targets: least.targets.map(({ consequence: _consequence, ...target }) => ({
      ...target,
      requested: target.requested.slice(0, 1),
      causes: target.causes.slice(0, 2),
    })),
    causes: least.causes.map((cause) => ({
      ...cause,
      explains: [],
      because: [],
      fix: { ...cause.fix, commands: [], undo: [] },
    })),
  };
  const short = (_key: string, value: unknown) =>
    typeof value === 'string' && value.length > 100 ? `${value.slice(0, 100).toWellFormed()}…` : value;
  return JSON.parse(JSON.stringify(one, short)) as Report;
}
