/**
 * The tool against an independent evaluator (independent.ts) over random VPCs: verdict, causes with their severities, and the
 * very source ports that pass. `VPCE_DOCTOR_RANDOM_VPCS=20000` runs that many; `VPCE_DOCTOR_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Case } from '../../src/model/case.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Report, Severity } from '../../src/model/report.ts';
import { portsFor } from '../../src/network/flows.ts';
import { evaluateTarget } from '../../src/network/model.ts';
import type { PortSet } from '../../src/network/ports.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';
import { CODE_OF, caseOf, type Expected, expectedOf, fateOf } from './expected.ts';
import type { Journey } from './independent.ts';
import { buildVpc, type RandomVpc } from './random-vpc.ts';
import { type VpcRecipe, vpcRecipe } from './vpc-recipe.ts';

const RUNS = Number(process.env['VPCE_DOCTOR_RANDOM_VPCS'] ?? 2000);
const SEED = process.env['VPCE_DOCTOR_SEED'];
const PARAMETERS = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) };

/** The causes that the tool names, each with the worst severity that it gives it. */
function causesOf(report: Report): Expected['causes'] {
  const causes: Partial<Record<CauseCode, Severity>> = {};
  for (const cause of [...report.causes].reverse()) causes[cause.code] = cause.severity;
  return causes;
}

function check(recipe: VpcRecipe): void {
  const vpc = buildVpc(recipe);
  const expected = expectedOf(vpc);
  const subject = caseOf(vpc);
  const report = diagnose(subject);
  const problems = comparePorts(vpc, subject, expected.journeys);
  const causes = causesOf(report);
  if (!sameCauses(causes, expected.causes))
    problems.unshift(`causes ${JSON.stringify(causes)}, expected ${JSON.stringify(expected.causes)}`);
  if (!expected.verdicts.includes(report.verdict))
    problems.unshift(`verdict ${report.verdict}, expected ${expected.verdicts.join(' or ')}`);
  if (problems.length === 0) return;
  throw new Error(`${problems.slice(0, 5).join('\n')}\n${JSON.stringify(vpc, null, 1)}`);
}

function sameCauses(a: Expected['causes'], b: Expected['causes']): boolean {
  const lines = (causes: Expected['causes']) => Object.entries(causes).map((entry) => entry.join(' '));
  return lines(a).sort().join() === lines(b).sort().join();
}

/** Every journey of the independent evaluator, asked of the model's own sets of flows. */
function comparePorts(vpc: RandomVpc, subject: Case, all: readonly Journey[]): string[] {
  const { targets } = resolveTargets(subject.requests, {
    region: 'eu-west-1',
    vpcId: 'vpc-1',
    vpcEndpoints: subject.state.vpcEndpoints,
  });
  const target = targets[0];
  if (target === undefined) throw new Error('no target');
  const model = evaluateTarget(subject.state, subject.vantage, target, 'vpc');
  const problems: string[] = [];
  const ports = new Map<string, Record<'pass' | 'block' | 'asked', PortSet>>();
  for (const one of all) {
    const key = `${one.networkInterfaceId} ${one.to}`;
    let sets = ports.get(key);
    if (sets === undefined) {
      const paths = model.endpointPaths.filter(
        ({ asked, destination }) =>
          portsFor(asked, one.to).length > 0 &&
          (destination.kind !== 'interface' || destination.networkInterfaceId === one.networkInterfaceId),
      );
      if (paths.length !== 1) problems.push(`${key} is on ${paths.length} paths`);
      const of = (set: 'pass' | 'block' | 'asked') => paths.flatMap((path) => portsFor(path[set], one.to));
      sets = { pass: of('pass'), block: of('block'), asked: of('asked') };
      ports.set(key, sets);
    }
    const holds = (set: PortSet) => set.some(({ from, to }) => one.sourcePort >= from && one.sourcePort <= to);
    const undetermined = fateOf(one, vpc) === 'undetermined';
    const blocked = !one.opens && !undetermined;
    // Of two equal routes neither of which arrives it may be said that it is blocked, or that it is not known why.
    const blockIsRight = holds(sets.block) === blocked || (undetermined && one.there.mayArrive !== true);
    if (!holds(sets.asked) || holds(sets.pass) !== one.opens || !blockIsRight)
      problems.push(
        `${key} from port ${one.sourcePort}: ${JSON.stringify(sets)}, expected ${one.opens ? 'pass' : blocked ? 'block' : 'unknown'}: ${JSON.stringify(one)}`,
      );
  }
  return problems;
}

describe('the tool and an independent evaluator agree on random VPCs', () => {
  it(`in verdict, causes and source ports (${RUNS} VPCs)`, { timeout: 600_000 }, () => {
    fc.assert(fc.property(vpcRecipe, check), PARAMETERS);
  });

  it('on VPCs of every kind', () => {
    const tally = new Map<string, number>();
    const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);
    for (const recipe of fc.sample(vpcRecipe, { numRuns: 1500, seed: 7 })) {
      const expected = expectedOf(buildVpc(recipe));
      count(`${recipe.kind} ${expected.verdicts[0]}`);
      for (const [code, severity] of Object.entries(expected.causes)) count(`${recipe.kind} ${code} ${severity}`);
    }
    // A comparison over worlds in which nothing happens proves nothing: each kind of answer has to occur.
    const rare = KINDS.filter((kind) => (tally.get(kind) ?? 0) < 5);
    expect(rare, JSON.stringify([...tally].sort())).toEqual([]);
  });
});

const KINDS = [
  ...['interface', 'gateway'].flatMap((kind) =>
    ['healthy', 'degraded', 'blocked'].map((verdict) => `${kind} ${verdict}`),
  ),
  ...Object.values(CODE_OF).flatMap((code) =>
    ['blocking', 'degrading'].map((severity) => `interface ${code} ${severity}`),
  ),
  ...['blocking', 'degrading'].flatMap((severity) =>
    ['route-blackhole', 'route-overrides-endpoint'].flatMap((code) =>
      ['interface', 'gateway'].map((kind) => `${kind} ${code} ${severity}`),
    ),
  ),
  'gateway gateway-route-missing blocking',
  'gateway gateway-route-missing degrading',
  'gateway public-path-used degrading',
  ...['client-sg-blocks-egress', 'client-nacl-blocks-egress', 'client-nacl-blocks-return'].flatMap((code) =>
    ['blocking', 'degrading'].map((severity) => `gateway ${code} ${severity}`),
  ),
];
