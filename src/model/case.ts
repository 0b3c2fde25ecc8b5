/**
 * A case is everything that a diagnosis depends on: where we stand, what the API said, what the network answered. A live
 * run always diagnoses a case that went through the codec of case-file.ts, so that `diagnose case.json` prints the same
 * bytes later and elsewhere.
 */
import type { Observation } from './observation.ts';
import type { State } from './state.ts';
import type { TargetRequest } from './target.ts';
import type { Vantage } from './vantage.ts';

/** One API call or probe family in the report's coverage. */
export type CoverageEntry = {
  /** `ec2:DescribeVpcEndpoints`, `dns`, `tcp` … */
  readonly what: string;
  readonly outcome: 'made' | 'refused' | 'skipped';
  /** how many calls or probes */
  readonly count: number;
  /** why it was refused or skipped; why it was made, for probes */
  readonly why?: string | undefined;
};

export type Case = {
  readonly schemaVersion: 1;
  readonly kind: 'vpce-doctor-case';
  readonly tool: { readonly name: 'vpce-doctor'; readonly version: string };
  /** ISO 8601, UTC */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly requests: readonly TargetRequest[];
  readonly vantage: Vantage;
  readonly state: State;
  /** in plan order; `probed` is false when no packets were sent at all */
  readonly probed: boolean;
  readonly observations: readonly Observation[];
  readonly coverage: readonly CoverageEntry[];
  /** sentences for the reader: documents of unknown kind, a deadline that came first … */
  readonly warnings: readonly string[];
};
