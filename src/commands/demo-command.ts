/** `vpce-doctor demo [code…]`: the embedded VPC, healthy or with these faults, diagnosed by exactly what a real run uses. */
import { CHECKS, checkOf } from '../checks/index.ts';
import { startLab } from '../lab/lab.ts';
import { healthyWorld, LAB } from '../lab/world.ts';
import { didYouMean } from './arguments.ts';
import { type Io, refuse } from './io.ts';
import { type RunOptions, runCommand } from './run-command.ts';

export type DemoOptions = Omit<RunOptions, 'targets'> & { readonly codes: readonly string[] };

export async function demoCommand(io: Io, options: DemoOptions): Promise<number> {
  const world = healthyWorld();
  const targets = new Set<string>();
  let signed = options.signed === true;
  for (const code of options.codes) {
    const check = checkOf(code.toLowerCase());
    if (check === undefined) {
      const known = CHECKS.map((one) => one.code);
      return refuse(
        io,
        `There is no cause ${JSON.stringify(code)}${didYouMean(code, known)} (vpce-doctor explain lists them all)`,
      );
    }
    check.demonstration.inject(world);
    // Who may do what shows only to those who ask as somebody; the lab's credentials are nobody's.
    signed ||= check.demonstration.signed === true;
    for (const target of check.demonstration.targets ?? [LAB.secretsHost]) targets.add(target);
  }
  const lab = await startLab(world);
  try {
    return await runCommand(
      { ...io, host: { ...lab.host, env: { ...lab.host.env, ...terminalEnv(io) } } },
      { ...options, signed, targets: [...targets] },
    );
  } finally {
    await lab.stop();
  }
}

/** What concerns the terminal is the user's own, also in the lab. */
function terminalEnv(io: Io): Record<string, string | undefined> {
  const { NO_COLOR, LANG, LC_ALL, LC_CTYPE } = io.host.env;
  return { NO_COLOR, LANG, LC_ALL, LC_CTYPE };
}
