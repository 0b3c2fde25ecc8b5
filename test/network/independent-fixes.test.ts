/**
 * "A fix is proven" (design.md, principle 4), proven once more by the independent evaluator: a random broken VPC with the
 * fixes of the plan applied lets every packet through, and a fix that claims to open the target alone does so alone.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fix } from '../../src/checks/check.ts';
import { evidenceFor } from '../../src/checks/evidence.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { evaluateChecks } from '../../src/diagnose/findings.ts';
import { applyFixes } from '../../src/diagnose/proof.ts';
import type { Case } from '../../src/model/case.ts';
import type { ReportCause } from '../../src/model/report.ts';
import type { State } from '../../src/model/state.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';
import { completeVantage } from '../../src/vantage/from.ts';
import { caseOf, expectedOf } from './expected.ts';
import { FILTERS, type Network } from './independent.ts';
import { buildVpc, type RandomVpc } from './random-vpc.ts';
import { type VpcRecipe, vpcRecipe } from './vpc-recipe.ts';

const RUNS = Math.ceil(Number(process.env['VPCE_DOCTOR_RANDOM_VPCS'] ?? 2000) / 3);
const SEED = process.env['VPCE_DOCTOR_SEED'];

/** The fixes behind a report's causes, which the report itself has as words only. */
function fixesOf(subject: Case, causes: readonly ReportCause[]): Map<ReportCause, Fix> {
  const { state, requests } = subject;
  const vantage = completeVantage(subject.vantage, state);
  const context = { region: 'eu-west-1', vpcId: 'vpc-1', vpcEndpoints: state.vpcEndpoints };
  const [target] = resolveTargets(requests, context).targets;
  if (target === undefined) throw new Error('no target');
  const evidence = evidenceFor([], false, vantage, target, undefined);
  const { judged } = evaluateChecks(CHECKS, state, vantage, target, evidence);
  const all = judged.map(({ check, finding, context: own }) => ({
    code: check.code,
    summary: finding.summary,
    fix: check.fix(finding.facts, own),
  }));
  return new Map(
    causes.map((cause) => {
      const own = all.find((one) => one.code === cause.code && one.summary === cause.summary);
      if (own === undefined) throw new Error(`no fix for ${cause.code}`);
      expect(own.fix.commands).toEqual(cause.fix.commands);
      return [cause, own.fix];
    }),
  );
}

/** The network as it is after the fixes. */
function repaired(vpc: RandomVpc, subject: Case, fixes: readonly Fix[]): RandomVpc {
  const { state } = applyFixes({ state: subject.state, vantage: subject.vantage }, fixes);
  const value = <N extends keyof Network & keyof State>(name: N) => (state[name].known ? state[name].value : []);
  const network = {
    ...vpc.network,
    securityGroups: value('securityGroups'),
    networkAcls: value('networkAcls'),
    routeTables: value('routeTables'),
    vpcEndpoints: value('vpcEndpoints'),
  } as Network;
  return { ...vpc, network };
}

function check(recipe: VpcRecipe): void {
  const vpc = buildVpc(recipe);
  const subject = caseOf(vpc);
  const before = JSON.stringify(subject.state);
  const report = diagnose(subject);
  if (report.verdict === 'healthy' || report.causes.length === 0) return;
  const fixes = fixesOf(subject, report.causes);
  const after = (chosen: readonly ReportCause[]) => {
    const own = chosen.flatMap((cause) => fixes.get(cause) ?? []);
    return expectedOf(repaired(vpc, subject, own));
  };
  const opensWith = (chosen: readonly ReportCause[]) => after(chosen).fates.every((fate) => fate === 'opens');
  const problems: string[] = [];
  const steps = report.causes.filter((cause) => report.fixPlan.steps.includes(cause.rank));
  const names = (causes: readonly ReportCause[]) => causes.map((cause) => cause.code).join(', ');
  if (report.fixPlan.opens.length > 0 && !opensWith(steps)) problems.push(`the plan does not open it: ${names(steps)}`);
  // A route that goes may uncover another one beneath it, which took nothing before: then the plan says that it does not open.
  const rest = after(report.causes).journeys.filter((one) => !one.opens);
  const beneath = rest.length > 0 && rest.every((one) => FILTERS.every((filter) => one.filters[filter]));
  if (!beneath && report.fixPlan.opens.length === 0)
    problems.push(`no plan opens it: ${report.causes.map((cause) => `${cause.code}: ${cause.fix.reason}`).join(' ')}`);
  for (const cause of report.causes) {
    const alone = opensWith([cause]);
    if (cause.fix.proof === 'opens' && !alone) problems.push(`${cause.code} does not open it alone`);
    if (cause.fix.proof === 'necessary' && alone) problems.push(`${cause.code} would open it alone`);
    if (cause.fix.proof === 'necessary' && opensWith(steps.filter((one) => one !== cause)))
      problems.push(`${cause.code} is not necessary`);
  }
  if (JSON.stringify(subject.state) !== before) problems.push('the state was changed by a fix');
  if (problems.length > 0)
    throw new Error(
      `${problems.join('\n')}\n${JSON.stringify(report.causes, null, 1)}\n${JSON.stringify(vpc, null, 1)}`,
    );
}

describe('the fixes of random broken VPCs', () => {
  it(`open them by the independent evaluator (${RUNS} VPCs)`, { timeout: 600_000 }, () => {
    fc.assert(fc.property(vpcRecipe, check), { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
  });
});
