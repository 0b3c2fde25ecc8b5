/** The condition keys that policies ask for, in conditions and as variables. */
import type { Policy, Statement } from './document.ts';
import { parsePattern } from './patterns.ts';

/** As they are spelled there first, each once, in order. */
export function keysMentioned(policies: readonly Policy[]): readonly string[] {
  const keys = new Map<string, string>();
  for (const policy of policies)
    for (const key of policy.statements.flatMap((statement) => keysOf(statement, policy.variables))) {
      if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
    }
  return [...keys.values()];
}

function keysOf({ resources, conditions }: Statement, variables: boolean): string[] {
  const texts = [...(resources?.patterns ?? []), ...conditions.flatMap((entry) => entry.values)];
  const inTexts = texts.flatMap((text) =>
    parsePattern(text, variables, false).flatMap((piece) => (piece.kind === 'variable' ? [piece.key] : [])),
  );
  return [...conditions.map((entry) => entry.key), ...inTexts];
}
