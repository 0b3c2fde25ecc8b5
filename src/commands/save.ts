/** `--save` and `--redact`: what leaves the machine. */

import type { Case } from '../model/case.ts';
import { encodeCase } from '../model/case-file.ts';
import { redactCase } from '../model/redact.ts';
import { type UsageProblem, writeText } from './io.ts';

export type SaveOptions = {
  readonly save?: string | undefined;
  readonly redact: boolean;
};

/**
 * The case to diagnose: redacted before, when that is asked for, so that the report says no more than the file. Saved when
 * `--save` names a file.
 */
export async function saveCase(subject: Case, options: SaveOptions): Promise<Case | UsageProblem> {
  const shown = options.redact ? redactCase(subject) : subject;
  if (options.save === undefined) return shown;
  return (await writeText(options.save, encodeCase(shown))) ?? shown;
}
