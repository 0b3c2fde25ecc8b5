/** Who answers what for a target: every resolver, the hosts file and the names beside it, each address with whose it is. */

import type { Evidence } from '../checks/evidence.ts';
import type { DnsObservation, Observation } from '../model/observation.ts';
import { socketAddress, UNASKED } from '../model/observation.ts';
import type { ReportAnswer } from '../model/report.ts';
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { familyOf } from '../network/addresses.ts';
import { type ClassReads, classifyAddress } from '../network/answer-class.ts';
import { hostsEntries } from '../network/resolution.ts';

/**
 * One entry for each resolver, name, type and class of address, in the order in which the questions were asked; the hosts file's
 * lines come first, because they come first on the machine. Questions that were only asked again are left out.
 */
export function describeAnswers(
  state: Pick<State, keyof ClassReads>,
  vantage: Vantage,
  target: Target,
  evidence: Evidence,
): ReportAnswer[] {
  const host = target.host;
  if (host === undefined) return [];
  const classify = (address: string, cnames: readonly string[]) =>
    classifyAddress(state, vantage, target, address, cnames);
  const pinned = hostsEntries(vantage, host).map((entry): ReportAnswer => {
    const { class: kind, words } = classify(entry.address, []);
    const type = familyOf(entry.address) === 6 ? ('AAAA' as const) : ('A' as const);
    return { resolver: `/etc/hosts:${entry.line}`, name: host, type, addresses: [entry.address], class: kind, words };
  });
  const asked = [...evidence.all, ...evidence.experiments].filter(isFirstQuestion);
  return [...pinned, ...asked.flatMap((one) => answersOf(one, classify))];
}

function isFirstQuestion(one: Observation): one is DnsObservation {
  return one.rung === 'dns' && one.outcome !== 'skipped' && (one.subject.attempt ?? 1) === 1;
}

const OUTCOME_WORDS: Readonly<Partial<Record<DnsObservation['outcome'], string>>> = {
  nxdomain: 'NXDOMAIN',
  'no-data': 'no record of this type',
  servfail: 'SERVFAIL',
  'refused-by-server': 'REFUSED',
  timeout: 'no answer',
};

function answersOf(
  one: DnsObservation,
  classify: (address: string, cnames: readonly string[]) => ReturnType<typeof classifyAddress>,
): ReportAnswer[] {
  const { name, type, server, port, transport } = one.subject;
  const where = port === 53 ? server : socketAddress(server, port);
  const base = { resolver: transport === 'tcp' ? `${where} (TCP)` : where, name, type };
  const classified = one.detail.addresses.map((address) => classify(address, one.detail.cnames));
  if (one.detail.failure?.code === UNASKED)
    return [{ ...base, addresses: [], words: 'not asked: this resolver had answered nothing before' }];
  if (classified.length === 0) return [{ ...base, addresses: [], words: OUTCOME_WORDS[one.outcome] ?? one.outcome }];
  return [...new Set(classified.map((each) => each.class))].map((kind) => {
    const own = classified.filter((each) => each.class === kind);
    return {
      ...base,
      addresses: own.map((each) => each.address).sort(),
      class: kind,
      words: [...new Set(own.map((each) => each.words))].sort().join('; '),
    };
  });
}
