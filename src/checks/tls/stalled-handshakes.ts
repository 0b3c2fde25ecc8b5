/** What the causes behind a handshake that stalls share: where it does, what the experiments showed, and what that predicts. */
import type { HttpsObservation, Observation, TlsObservation } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Agreement } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { isDropped, readHellos, type Shown } from './hello-evidence.ts';

export type Stalled = {
  readonly what: Shown;
  /** every address whose own hello was dropped, and the one where the experiments were made */
  readonly addresses: readonly string[];
  readonly by: readonly (TlsObservation | HttpsObservation)[];
  readonly extent: 'all' | 'some';
};

/**
 * The conclusion of a target's experiments; undefined when handshakes succeed, or when the experiments came to no end: a
 * hello without an answer alone has too many explanations to blame one.
 */
export function stalledHandshakes(evidence: Evidence, target: Target): Stalled | undefined {
  const tried = [...new Set(evidence.all.flatMap((one) => (one.rung === 'tls' ? [one.subject.address] : [])))];
  const dropped = tried.filter((address) => evidence.tls(address).some(isDropped));
  for (const address of tried) {
    const reading = readHellos(evidence, target, address);
    if (reading.kind !== 'shown') continue;
    const addresses = [...new Set([address, ...dropped])];
    const lost = evidence.addresses.length > 0 && evidence.addresses.every((used) => dropped.includes(used));
    return { what: reading.what, by: reading.by, addresses, extent: lost ? 'all' : 'some' };
  }
  return undefined;
}

/** A stall predicts that handshakes with these addresses get no answer, and that requests that need what is lost do not either. */
export function predictsDropped(target: Target, stalled: Stalled): (observation: Observation) => Agreement {
  const host = target.host?.toLowerCase();
  return (observation) => {
    if (observation.rung !== 'tls' && observation.rung !== 'https') return undefined;
    const { address, port, serverName } = observation.subject;
    if (port !== target.port || serverName.toLowerCase() !== host || !stalled.addresses.includes(address))
      return undefined;
    // Its answer is what the others are compared with.
    const compared = observation.rung === 'tls' && observation.subject.hello === 'plaintext';
    if (compared && stalled.what !== 'nothing' && stalled.what !== 'hung-up') return undefined;
    if (observation.rung === 'tls') return isDropped(observation) ? 'agrees' : undefined;
    return observation.subject.padding !== undefined && observation.outcome === 'timeout' ? 'agrees' : undefined;
  };
}

/** One line of evidence. */
export function describeHello(one: TlsObservation | HttpsObservation): string {
  const outcome = OUTCOMES[one.outcome] ?? one.outcome;
  if (one.rung === 'https') {
    const long =
      one.subject.padding === undefined ? 'a short request' : `a request of ${one.subject.padding} bytes and more`;
    return `${long}: ${outcome}`;
  }
  switch (one.subject.hello) {
    case undefined:
      return `the ClientHello that this host sends by itself: ${outcome}`;
    case 'small':
      return `a ClientHello of one segment: ${outcome}`;
    case 'large':
      return `a ClientHello of two segments: ${outcome}`;
    case 'without-sni':
      return `a ClientHello of one segment without server name: ${outcome}`;
    case 'unacceptable':
      return `a ClientHello of one segment that no server can accept: ${outcome}`;
    case 'plaintext':
      return `a few bytes that are not TLS: ${outcome}`;
  }
}

const OUTCOMES: Readonly<Record<string, string>> = {
  timeout: 'no answer in time',
  'aws-answer': 'AWS answers',
  'other-answer': 'an answer',
  'not-http': 'an answer that is not HTTP',
  reset: 'reset',
  closed: 'hung up',
  trusted: 'answered',
};
