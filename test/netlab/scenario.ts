/** What a scenario is: a healthy world, what is done to it, what is asked for, and what the tool must say. */
import type { World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Standing, Verdict } from '../../src/model/report.ts';
import type { Ask } from './ask.ts';
import type { Hazards } from './hazards.ts';

export type Expectation = {
  readonly verdict: Verdict;
  /** every one must be named; the first one first. Empty: nothing may be blamed (advice is allowed) */
  readonly causes: readonly CauseCode[];
  /** the standing of the first cause; confirmed unless said */
  readonly standing?: Standing;
  /** may be named as well: what follows from the fault, or stands beside it as often */
  readonly besides?: readonly CauseCode[];
  /** must be named as advice: what does not fail, and is worth a word */
  readonly advice?: readonly CauseCode[];
  /** something must be left that nothing explains; otherwise nothing may be */
  readonly unexplained?: true;
};

export type Scenario = {
  readonly name: string;
  readonly group: 'single' | 'several' | 'healthy';
  /** the public reports that it was drawn from, `C005` or `C020, C021` */
  readonly reported?: string;
  readonly world: () => World;
  readonly hazards?: Hazards;
  readonly targets: readonly string[];
  readonly options?: readonly string[];
  /** what the application asks of the targets; those that are refused it are not open */
  readonly asks?: readonly Ask[];
  readonly expect: Expectation;
};
