/** docs/accuracy.md from the grades of a run. Pure. */
import { type Grade, totals } from './grade.ts';
import { NOT_PLAYED } from './reports-not-played.ts';
import type { Scenario } from './scenario.ts';

export type RandomTotals = {
  readonly worlds: number;
  /** the first seed; the others follow it */
  readonly seed: number;
  readonly compared: number;
  readonly open: number;
  readonly disagreements: number;
};

const HEADINGS: Readonly<Record<Scenario['group'], string>> = {
  single: 'One fault',
  several: 'Several faults at once',
  healthy: 'Nothing wrong, though it may look so',
};

/** The page. Times are those of the run that wrote it. */
export function accuracyPage(grades: readonly Grade[], random: RandomTotals, playedAgain: readonly string[]): string {
  const { singleRight, severalNamed, healthyClean, fixesOpen, undosUndo, untried } = totals(grades);
  const row = (what: string, [good, all]: readonly [number, number], wanted: string) =>
    `| ${what} | ${good} of ${all} | ${all === 0 ? '–' : `${percent(good, all)} %`} | ${wanted} |`;
  return [
    '# Accuracy',
    '',
    'Written by `npm run test:netlab`, which builds each world below in Linux network namespaces (nftables, policy routing,',
    'unbound, TLS servers) and runs the built command on its client. The kernel decides what passes; the translation from',
    'AWS rules to the kernel shares no code with the tool. "Kernel" is what a plain program on the same client got at the',
    'same time: connections that opened, of those it tried.',
    '',
    '| | | | wanted |',
    '|---|---|---|---|',
    row('one fault: the right cause first, with the right standing', singleRight, '≥ 99 %'),
    row('several faults: every one named', severalNamed, '≥ 97 %'),
    row('nothing wrong: nothing blamed', healthyClean, '100 %'),
    row('fixes that claim to open a target: they did', fixesOpen, '100 %'),
    row('undos of these fixes: everything was as before', undosUndo, '100 %'),
    row('random worlds: model and kernel agree', [random.worlds - random.disagreements, random.worlds], '100 %'),
    '',
    ...(untried === 0
      ? []
      : [`${untried} fixes were not tried: nothing of theirs can be called by a plain program.`, '']),
    ...(playedAgain.length === 0
      ? []
      : [
          `Played twice, the second time alone, because the world’s own services had stood still in the first: ${playedAgain.join('; ')}.`,
          '',
        ]),
    `The random worlds have the seeds ${random.seed} to ${random.seed + random.worlds - 1}: ${random.compared} connections, ${random.open} of which the kernel let through.`,
    '',
    ...(['single', 'several', 'healthy'] as const).flatMap((group) => [
      `## ${HEADINGS[group]}`,
      '',
      ...table(grades.filter((one) => one.scenario.group === group)),
      '',
    ]),
    '## Public reports that are no scenario',
    '',
    'All others of the list that this project was given are scenarios above, with their numbers before their names. Causes of',
    'the provider layer are not judged here.',
    '',
    '| reports | why |',
    '|---|---|',
    ...NOT_PLAYED.map(([ids, reason]) => `| ${ids.join(', ')} | ${reason} |`),
    '',
  ].join('\n');
}

/** Rounded down: 100 is said of nothing less. */
function percent(good: number, all: number): string {
  return (Math.floor((1000 * good) / all) / 10).toFixed(1);
}

function table(grades: readonly Grade[]): string[] {
  return [
    '| scenario | expected | rank | standing | verdict | kernel | fixes | time |',
    '|---|---|---|---|---|---|---|---|',
    ...grades.map(({ scenario, answer, rank, problems }) => {
      const { name, expect } = scenario;
      const found = answer.named.find((cause) => cause.code === expect.causes[0]);
      const tried = answer.fixes.filter((fix) => fix.result !== 'not tried');
      const good = tried.filter((fix) => fix.result === 'opened');
      const fixes =
        answer.fixes.length === 0 ? '' : tried.length === 0 ? 'not tried' : `${good.length} of ${tried.length}`;
      const cells = [
        problems.length === 0 ? name : `**${name}**: ${problems.join('; ')}`,
        expect.causes.join(', ') || 'nothing',
        rank === undefined ? '' : String(rank),
        found?.standing ?? '',
        answer.verdict,
        answer.truth,
        fixes,
        `${(answer.ms / 1000).toFixed(1)} s`,
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
    }),
  ];
}
