/** Several connections to one address, from source ports spread over the client's range. */

import type { Evidence } from '../../checks/evidence.ts';
import { attemptsAt } from '../../checks/path/attempts.ts';
import type { Observation } from '../../model/observation.ts';
import type { Vantage } from '../../model/vantage.ts';
import { isEmpty } from '../../network/flows.ts';
import type { Path } from '../../network/paths.ts';

/** One attempt that fails among ten shows itself two times in three, one of two always; and ten fit into one round. */
const SERIES = 10;
/** A run with many silent addresses has another problem than chance, and no time to ask each of them ten times. */
const MOST_SILENT = 4;

export type Series = { readonly ports: readonly number[]; readonly why: string };

/**
 * The series that an address deserves: what `--repeat` asks for; ten where its connections have disagreed already; ten where
 * the only one was lost although every rule that was read lets it pass, because then it is dead or it is chance. Else none,
 * and none where a rule that was read lets only a part through: that explains it.
 * @param path the way to it on the model, when it is an interface of the endpoint
 * @param alive whether the endpoint is available: an interface of another one is silent for that reason
 */
export function connectionSeries(
  input: { readonly repeat: number; readonly vantage: Vantage; readonly observations: readonly Observation[] },
  evidence: Evidence,
  address: string,
  path: Path | undefined,
  alive: boolean,
): Series {
  if (input.repeat > 1)
    return { ports: portsOver(input.vantage, input.repeat), why: 'repeated over the source port range (--repeat)' };
  if (path !== undefined && !isEmpty(path.block)) return { ports: [], why: '' };
  const attempts = attemptsAt(evidence, address);
  if (attempts.some((one) => one.opened) && attempts.some((one) => !one.opened))
    return {
      ports: portsOver(input.vantage, SERIES),
      why: 'one connection to this address opened and another did not: a series shows how often',
    };
  const lost = attempts.length > 0 && attempts.every((one) => !one.opened);
  if (
    lost &&
    alive &&
    path?.status === 'open' &&
    silentAddresses(input.observations).slice(0, MOST_SILENT).includes(address)
  )
    return {
      ports: portsOver(input.vantage, SERIES),
      why: 'lost, although every rule that was read lets it pass: a series tells a dead address from chance',
    };
  return { ports: [], why: '' };
}

/** Addresses whose first connection timed out, in the order in which they were tried. */
function silentAddresses(observations: readonly Observation[]): string[] {
  return [
    ...new Set(
      observations.flatMap((one) =>
        one.rung === 'tcp' && one.subject.localPort === undefined && one.outcome === 'timeout'
          ? [one.subject.address]
          : [],
      ),
    ),
  ];
}

/** Evenly spread over the client's ephemeral range; the same for every run, so that runs can be compared. */
function portsOver({ ephemeralPorts: { from, to } }: Vantage, count: number): number[] {
  const step = (to - from) / count;
  return Array.from({ length: count }, (_, i) => Math.floor(from + step * (i + 0.5)));
}
