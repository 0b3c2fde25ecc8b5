/** What a run's report says of its questions: what was asked, how often, why, and what was not. */
import type { CoverageEntry } from '../model/case.ts';
import { type AccessOutcome, type Observation, type Rung, UNASKED } from '../model/observation.ts';

/** In the order of the report; the metadata service, which no plan asks, is none of them. */
export const RUNGS: readonly Rung[] = ['dns', 'tcp', 'tls', 'https', 'access', 'proxy'];

/** Outcomes of the one rung that looks first whether it may ask. */
const UNSENT = {
  'no-credentials': 'there are no credentials to sign with',
  withheld: 'the certificate there is not one of AWS: nothing signed is sent to it',
} as const satisfies Partial<Record<AccessOutcome, string>>;

/** One entry for each rung and reason: what was asked, how often, and why it was worth its packets. */
export function probeCoverage(
  observations: readonly Observation[],
  reasons: ReadonlyMap<string, string>,
): CoverageEntry[] {
  return RUNGS.flatMap((what): CoverageEntry[] => {
    const own = observations.filter((one) => one.rung === what);
    const unsent = (Object.keys(UNSENT) as (keyof typeof UNSENT)[]).map((outcome) => ({
      outcome,
      count: own.filter((one) => one.outcome === outcome).length,
    }));
    const made = own.filter((one) => one.outcome !== 'skipped' && !Object.hasOwn(UNSENT, one.outcome));
    const unasked = own.filter((one) => one.rung === 'dns' && one.detail.failure?.code === UNASKED);
    const late = own.filter((one) => one.outcome === 'skipped').length - unasked.length;
    const whys = [...new Set(made.map((one) => reasons.get(one.id)))];
    return [
      ...whys.map((why) => ({
        what,
        outcome: 'made' as const,
        count: made.filter((one) => reasons.get(one.id) === why).length,
        ...(why === undefined ? {} : { why }),
      })),
      ...(unasked.length > 0
        ? [
            {
              what,
              outcome: 'skipped' as const,
              count: unasked.length,
              why: 'the resolver answered none of the questions before',
            },
          ]
        : []),
      ...unsent.flatMap(({ outcome, count }) =>
        count > 0 ? [{ what, outcome: 'skipped' as const, count, why: UNSENT[outcome] }] : [],
      ),
      ...(late > 0 ? [{ what, outcome: 'skipped' as const, count: late, why: 'the run ended first' }] : []),
    ];
  });
}
