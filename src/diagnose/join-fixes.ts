/** One fix for a cause that several targets share. */
import type { Fix, FixAlternative } from '../checks/check.ts';
import { PRIVILEGES } from '../model/report.ts';
import type { Judged } from './findings.ts';

/**
 * The fix of a cause over all its targets: one set of facts where the check can merge them, else every target's own fix,
 * each distinct one once.
 */
export function fixOf(members: readonly [Judged, ...Judged[]]): Fix {
  const [first, ...others] = members;
  const { check, context } = first;
  if (others.length > 0 && check.merge !== undefined) {
    const facts = check.merge([first.finding.facts, ...others.map((member) => member.finding.facts)]);
    return check.fix(facts, context);
  }
  const distinct = new Map<string, Fix>();
  for (const member of members) {
    const fix = member.check.fix(member.finding.facts, member.context);
    const key = fix.commands.length > 0 ? fix.commands.join('\n') : fix.summary;
    const known = distinct.get(key);
    // The same commands for a target that the model can show go before those for one that it cannot.
    if (known === undefined || (known.edit === undefined && fix.edit !== undefined)) distinct.set(key, fix);
  }
  const fixes = [...distinct.values()];
  const [only, ...more] = fixes;
  if (only === undefined || more.length === 0) return only ?? check.fix(first.finding.facts, context);
  const alternatives = PRIVILEGES.flatMap((privilege) => {
    const same = fixes.map((fix) => fix.alternatives?.find((one) => one.privilege === privilege));
    // An alternative for some of the targets is none for the cause.
    return same.every((one) => one !== undefined) ? [joined(same)] : [];
  });
  return { ...joined(fixes), owner: only.owner, alternatives };
}

/** Between blocks of the top level: a block may hold an empty line of its own. */
const BETWEEN_BLOCKS = /\n\n(?=\S)/;

/** What is to be made first, how it is undone last. */
function joinSnippets(parts: readonly string[]): string {
  const isUndo = (part: string) => part.startsWith('# Undo');
  return [...parts.filter((part) => !isUndo(part)), ...parts.filter(isUndo)].join('\n\n');
}

function joined(fixes: readonly (Fix | FixAlternative)[]): FixAlternative {
  const unique = (items: readonly (string | undefined)[]) => [
    ...new Set(items.filter((item): item is string => item !== undefined && item !== '')),
  ];
  const provable = fixes.filter((fix) => fix.edit !== undefined && fix.unprovable === undefined);
  const caution = unique(fixes.map((fix) => fix.caution)).join(' ');
  const terraform = joinSnippets(unique(fixes.flatMap((fix) => fix.terraform?.split(BETWEEN_BLOCKS))));
  const diff = unique(fixes.map((fix) => fix.diff)).join('\n');
  const privilege = PRIVILEGES.findLast((width) => fixes.some((fix) => fix.privilege === width));
  return {
    summary: unique(fixes.map((fix) => fix.summary)).join(' '),
    commands: unique(fixes.flatMap((fix) => fix.commands)),
    undo: unique(fixes.flatMap((fix) => fix.undo)),
    ...(diff === '' ? {} : { diff }),
    ...(caution === '' ? {} : { caution }),
    ...(terraform === '' ? {} : { terraform }),
    ...(privilege === undefined ? {} : { privilege }),
    ...(provable.length === 0
      ? { unprovable: fixes.find((fix) => fix.unprovable !== undefined)?.unprovable }
      : {
          edit: (draft) => {
            for (const fix of provable) fix.edit?.(draft);
          },
        }),
  };
}
