/**
 * A refused call is never "there is none" (design.md, principle 2), held against the independent evaluator: whatever the tool
 * says of a random VPC of which parts could not be read has to be true of the whole VPC.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Refusal, SliceName, State } from '../../src/model/state.ts';
import type { Vantage } from '../../src/model/vantage.ts';
import { caseOf, expectedOf } from './expected.ts';
import { buildVpc } from './random-vpc.ts';
import { type VpcRecipe, vpcRecipe } from './vpc-recipe.ts';

const RUNS = Math.ceil(Number(process.env['VPCE_DOCTOR_RANDOM_VPCS'] ?? 2000) / 2);
const SEED = process.env['VPCE_DOCTOR_SEED'];

/** The slices that the path is made of. */
const SLICES = [
  'vpcEndpoints',
  'networkInterfaces',
  'securityGroups',
  'networkAcls',
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'subnets',
  'vpcs',
  'vpcAttributes',
  'natGateways',
] as const satisfies readonly SliceName[];

const refusals = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom(...SLICES),
    fc.constantFrom<Refusal>('denied', 'throttled', 'timeout', 'unreachable', 'not-given'),
  ),
  { minLength: 0, maxLength: 3, selector: ([slice]) => slice },
);

function withRefusals(state: State, refused: readonly (readonly [SliceName, Refusal])[]): State {
  return { ...state, ...Object.fromEntries(refused.map(([slice, why]) => [slice, { known: false, why }])) };
}

/** What the run may not know of its own client. */
const blindness = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ securityGroupIds: [] }) },
  { weight: 1, arbitrary: fc.constant({ subnetId: undefined }) },
  { weight: 1, arbitrary: fc.constant({ securityGroupIds: [], subnetId: undefined }) },
);

function check(recipe: VpcRecipe, refused: readonly (readonly [SliceName, Refusal])[], blind: Partial<Vantage>): void {
  const vpc = buildVpc(recipe);
  const truth = expectedOf(vpc);
  const whole = caseOf(vpc);
  const vantage = { ...whole.vantage, ...blind };
  const report = diagnose({ ...whole, vantage, state: withRefusals(whole.state, refused) });
  const problems: string[] = [];
  const claim = (text: string) => problems.push(`${text}; in truth ${truth.verdicts.join(' or ')}`);
  if (report.verdict === 'healthy' && !truth.verdicts.includes('healthy')) claim('healthy');
  // Where everything is lost to the endpoint, and whether another way out carries it cannot be seen, it counts as blocked.
  const carried = truth.fates.includes('detours');
  if (report.verdict === 'blocked' && !carried && !truth.verdicts.includes('blocked')) claim('blocked');
  if (report.verdict === 'degraded' && truth.verdicts.includes('healthy')) claim('degraded');
  for (const { code, severity } of report.causes) {
    const real = truth.causes[code];
    // Of addresses that are not known a working default route is taken to carry all: a judgement, and only a consequence.
    const guessed = refused.some(([slice]) => slice === 'prefixLists');
    if (real === undefined && code === 'public-path-used' && (carried || guessed)) continue;
    if (real === undefined) claim(`${code} is named`);
    else if (severity === 'blocking' && real !== 'blocking' && !carried) claim(`${code} is called blocking`);
  }
  for (const { code } of report.ruledOut) if (truth.causes[code] !== undefined) claim(`${code} is ruled out`);
  // A cause that is there and cannot be seen has to be among the undecided ones.
  const said = new Set([...report.causes, ...report.undecided].map(({ code }) => code));
  for (const [code] of Object.entries(truth.causes)) {
    if (code !== 'public-path-used' && ![...said].some((one) => one === code)) claim(`nothing is said of ${code}`);
  }
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${JSON.stringify(vpc, null, 1)}`);
}

describe('what is said of a VPC of which parts could not be read is true of the whole', () => {
  it(`on random VPCs with one to three refused calls (${RUNS} VPCs)`, { timeout: 600_000 }, () => {
    fc.assert(fc.property(vpcRecipe, refusals, blindness, check), {
      numRuns: RUNS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
  });

  it('and it names the call that is missing', () => {
    for (const slice of [
      'vpcEndpoints',
      'networkInterfaces',
      'securityGroups',
      'networkAcls',
      'routeTables',
    ] as const) {
      const [recipe] = fc.sample(
        vpcRecipe.filter((one) => one.kind === 'interface' && !one.places.includes(0)),
        {
          numRuns: 1,
          seed: 3,
        },
      );
      if (recipe === undefined) throw new Error('no recipe');
      const whole = caseOf(buildVpc(recipe));
      const report = diagnose({ ...whole, state: withRefusals(whole.state, [[slice, 'denied']]) });
      const missing = report.undecided.flatMap((one) => one.missing);
      expect(missing.map((one) => [one.slice, one.why])).toContainEqual([slice, 'denied']);
    }
  });
});
