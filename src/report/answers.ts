/** The table "who answers what", for targets whose resolvers or answers differ. */

import type { ReportAnswer, ReportTarget } from '../model/report.ts';
import type { AnswerClass } from '../network/answer-class.ts';

export type AnswerRow = { readonly who: string; readonly name: string; readonly gives: string; readonly whose: string };

export const ANSWER_COLUMNS = {
  who: 'asked',
  name: 'name',
  gives: 'answer',
  whose: 'which is',
} as const satisfies Record<keyof AnswerRow, string>;

export const CLASS_WORDS = {
  'this-endpoint': 'this endpoint',
  'other-endpoint': 'another endpoint',
  'central-endpoint': 'another VPC’s endpoint',
  vpc: 'this VPC, no endpoint',
  'foreign-private': 'another network',
  private: 'private',
  'prefix-list': 'the service’s prefix list',
  'aws-public': 'public, AWS',
  public: 'public',
  sinkhole: 'nowhere',
  dns64: 'DNS64',
} as const satisfies Record<AnswerClass, string>;

/**
 * A row for each question and class of answer; none where every resolver says the same of one kind, because a table of equal
 * rows tells nobody anything. A missing IPv6 record beside an IPv4 one is no difference.
 */
export function answerRows(target: ReportTarget): readonly AnswerRow[] {
  const answers = (target.answers ?? []).filter((one) => one.addresses.length > 0 || !hasOtherFamily(target, one));
  const own = answers.filter((one) => one.name.toLowerCase() === target.host?.toLowerCase());
  const said = new Map<string, Set<string>>();
  for (const one of own) {
    const texts = said.get(one.resolver) ?? new Set();
    said.set(one.resolver, texts.add(one.addresses.length === 0 ? one.words : one.addresses.join(' ')));
  }
  const sayings = new Set([...said.values()].map((texts) => [...texts].sort().join(' ')));
  const kinds = new Set(own.map((one) => one.class ?? one.words));
  if (sayings.size < 2 && kinds.size < 2) return [];
  const rows = answers.map(
    (one): AnswerRow => ({
      who: one.resolver,
      name: one.name,
      gives: one.addresses.length === 0 ? one.words : one.addresses.join(' '),
      whose: one.class === undefined ? '-' : CLASS_WORDS[one.class],
    }),
  );
  // The A and the AAAA question with the same outcome are one row.
  return rows.filter((row, at) => rows.findIndex((other) => sameRow(row, other)) === at);
}

function sameRow(a: AnswerRow, b: AnswerRow): boolean {
  return a.who === b.who && a.name === b.name && a.gives === b.gives && a.whose === b.whose;
}

function hasOtherFamily(target: ReportTarget, one: ReportAnswer): boolean {
  return (target.answers ?? []).some(
    (other) => other.resolver === one.resolver && other.name === one.name && other.addresses.length > 0,
  );
}
