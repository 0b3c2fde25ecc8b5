/** `vpce-doctor explain [code]`: one cause's page, or the list. Made from the declarations. */
import { CHECKS, checkOf } from '../checks/index.ts';
import { causeList, causePage } from '../checks/pages.ts';
import { didYouMean } from './arguments.ts';
import { type Io, refuse } from './io.ts';

export function explainCommand(io: Io, code: string | undefined): number {
  if (code === undefined) {
    io.stdout(causeList(CHECKS));
    return 0;
  }
  const check = checkOf(code.toLowerCase());
  if (check === undefined) {
    const known = CHECKS.map((one) => one.code);
    return refuse(
      io,
      `There is no cause ${JSON.stringify(code)}${didYouMean(code, known)} (vpce-doctor explain lists them all)`,
    );
  }
  io.stdout(causePage(check, Math.max(80, Math.min(io.columns ?? 100, 100))));
  return 0;
}
