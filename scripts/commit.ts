/** The commit that a build is made of, as `--version` names it. */
import { execFileSync } from 'node:child_process';

/** Says it where the checkout's history is not: in an image's build, in a release from an archive. */
export const COMMIT_VARIABLE = 'VPCE_DOCTOR_COMMIT';

/** Twelve digits, and a plus sign where something was changed since; `unknown` when nobody knows. */
export function commitOf(checkout: string): string {
  const given = process.env[COMMIT_VARIABLE];
  if (given) {
    if (!/^[0-9a-f]{7,40}\+?$|^unknown$/.test(given)) throw new Error(`${COMMIT_VARIABLE} holds no commit: ${given}`);
    return given;
  }
  const ask = (...args: string[]): string =>
    execFileSync('git', args, { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    // A checkout that lies in another repository's folder has none of its own.
    if (ask('rev-parse', '--show-prefix') !== '') return 'unknown';
    const changed = ask('status', '--porcelain', '--untracked-files=no') !== '';
    return `${ask('rev-parse', '--short=12', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
