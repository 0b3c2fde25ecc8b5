/** Holds an answer against what the scenario expects, and adds everything up. Pure. */

import type { ScenarioAnswer } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

export type Grade = {
  readonly scenario: Scenario;
  readonly answer: ScenarioAnswer;
  readonly passed: boolean;
  /** rank that the first expected cause got; undefined when it was not named */
  readonly rank: number | undefined;
  /** the first cause is the expected one, with the expected standing */
  readonly firstRight: boolean;
  readonly allNamed: boolean;
  /** blamed without being expected */
  readonly extra: readonly string[];
  readonly problems: readonly string[];
};

export function grade(scenario: Scenario, answer: ScenarioAnswer): Grade {
  const { causes, verdict, standing = 'confirmed', besides = [], advice = [], unexplained = false } = scenario.expect;
  const codes = answer.named.map((cause) => cause.code);
  const at = codes.indexOf(causes[0] ?? '');
  const first = answer.named[0];
  const expected: readonly string[] = causes;
  // Several faults are all blockers; which of them comes first is a matter of taste, unless it is none of them.
  const firstFits =
    scenario.group === 'several' ? first !== undefined && expected.includes(first.code) : first?.code === causes[0];
  const firstRight = causes.length === 0 ? codes.length === 0 : firstFits && first?.standing === standing;
  const missing = expected.filter((code) => !codes.includes(code));
  const extra = codes.filter((code) => !expected.includes(code) && !besides.some((allowed) => allowed === code));
  const failedFixes = answer.fixes.filter((fix) => fix.result === 'not opened');
  const failedUndos = answer.fixes.filter((fix) => fix.undone === false);
  const problems = [
    ...(answer.error === undefined ? [] : [answer.error]),
    ...(answer.verdict === verdict ? [] : [`verdict ${answer.verdict || 'none'} instead of ${verdict}`]),
    ...(firstRight || causes.length === 0
      ? []
      : [first === undefined ? 'nothing is named' : `first is ${first.code}, ${first.standing}`]),
    ...missing.map((code) => `${code} is not named`),
    ...extra.map((code) => `${code} is blamed`),
    ...advice.filter((code) => !answer.advised.includes(code)).map((code) => `${code} is not advised`),
    ...answer.contradicted.map((code) => `${code} is contradicted`),
    ...(answer.unexplained.length === 0 || unexplained
      ? []
      : [`unexplained: ${answer.unexplained.slice(0, 3).join(', ')}`]),
    ...(unexplained && answer.unexplained.length === 0 ? ['nothing is left unexplained'] : []),
    ...failedFixes.map((fix) => `the fix of ${fix.of} does not open: ${fix.why}`),
    ...failedUndos.map((fix) => `the undo of ${fix.of} does not bring back what was: ${fix.why}`),
  ];
  return {
    scenario,
    answer,
    passed: problems.length === 0,
    rank: at < 0 ? undefined : at + 1,
    firstRight,
    allNamed: missing.length === 0,
    extra,
    problems,
  };
}

export type Totals = {
  readonly singleRight: readonly [number, number];
  readonly severalNamed: readonly [number, number];
  readonly healthyClean: readonly [number, number];
  /** of those that were tried */
  readonly fixesOpen: readonly [number, number];
  readonly undosUndo: readonly [number, number];
  readonly untried: number;
};

export function totals(grades: readonly Grade[]): Totals {
  const of = (group: Scenario['group']) => grades.filter((one) => one.scenario.group === group);
  const share = (list: readonly Grade[], good: (one: Grade) => boolean) =>
    [list.filter(good).length, list.length] as const;
  const fixes = grades.flatMap((one) => one.answer.fixes);
  const tried = fixes.filter((fix) => fix.result !== 'not tried');
  const undos = fixes.filter((fix) => fix.undone !== undefined);
  return {
    singleRight: share(of('single'), (one) => one.firstRight),
    severalNamed: share(of('several'), (one) => one.allNamed),
    healthyClean: share(of('healthy'), (one) => one.answer.named.length === 0 && one.answer.error === undefined),
    fixesOpen: [tried.filter((fix) => fix.result === 'opened').length, tried.length],
    undosUndo: [undos.filter((fix) => fix.undone === true).length, undos.length],
    untried: fixes.length - tried.length,
  };
}
