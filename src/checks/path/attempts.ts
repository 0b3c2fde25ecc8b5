/** Every connection that a run tried to one address, whatever it was for: did it open? */
import type { HttpsObservation, Observation, TcpObservation, TlsObservation } from '../../model/observation.ts';
import { chanceOfOneBlock } from '../../network/wilson.ts';
import type { Evidence } from '../evidence.ts';

export type Attempt = {
  readonly id: string;
  readonly opened: boolean;
  readonly localPort: number | undefined;
};

/** What src/probes says of a connection that did not open in its time. */
const CONNECT_TIMEOUT = 'VPCE_DOCTOR_CONNECT_TIMEOUT';

/** Whether the observation's own connection opened; undefined where that cannot be told, or says nothing of the network. */
export function connectionOpened(one: Observation): boolean | undefined {
  if (one.rung === 'dns' || one.outcome === 'skipped' || one.outcome === 'prohibited') return undefined;
  if (one.outcome === 'refused' || one.outcome === 'unreachable') return false;
  if (one.detail.failure?.code === CONNECT_TIMEOUT) return false;
  if (one.rung === 'tcp') {
    if (one.outcome === 'failed') return undefined;
    return one.outcome === 'open';
  }
  return one.outcome === 'failed' ? undefined : true;
}

/** In the order in which they were planned. */
export function attemptsAt(
  evidence: Pick<Evidence, 'tcp' | 'tls' | 'https' | 'hellos' | 'requests'>,
  address: string,
): Attempt[] {
  const all: (TcpObservation | TlsObservation | HttpsObservation)[] = [
    ...evidence.tcp(address),
    ...evidence.tls(address),
    ...evidence.https(address),
    ...evidence.hellos(address),
    ...evidence.requests(address),
  ];
  return all.flatMap((one) => {
    const opened = connectionOpened(one);
    if (opened === undefined) return [];
    const localPort = one.rung === 'tcp' ? (one.subject.localPort ?? one.detail.localPort) : undefined;
    return [{ id: one.id, opened, localPort }];
  });
}

/** Less likely than this by chance, and the source port is why. */
const BY_CHANCE = 0.05;

export type PortPattern =
  /** lost and opened ones are mixed over the range: the port does not decide */
  | { readonly kind: 'scattered' }
  /** they stand apart, but so few attempts may do that by chance */
  | { readonly kind: 'unclear' }
  /** the connections of this range of source ports had one fate and all others the other */
  | { readonly kind: 'range'; readonly opened: boolean; readonly from: number; readonly to: number };

/** Whether the source port decides: a range of ports that share a fate is a rule about ports, as network ACLs have. */
export function portPattern(attempts: readonly Attempt[]): PortPattern {
  const known = attempts
    .flatMap(({ opened, localPort }) => (localPort === undefined ? [] : [{ opened, localPort }]))
    .sort((a, b) => a.localPort - b.localPort);
  const blocks = [false, true].flatMap((opened) => {
    const own = known.filter((one) => one.opened === opened);
    const first = known.findIndex((one) => one.opened === opened);
    const together = own.length > 0 && known.slice(first, first + own.length).every((one) => one.opened === opened);
    return together ? [{ opened, own }] : [];
  });
  const sure = blocks.find(({ own }) => chanceOfOneBlock(own.length, known.length) <= BY_CHANCE);
  if (sure === undefined) return { kind: blocks.length > 0 ? 'unclear' : 'scattered' };
  const { opened, own } = sure;
  return { kind: 'range', opened, from: own[0]?.localPort ?? 0, to: own.at(-1)?.localPort ?? 0 };
}
