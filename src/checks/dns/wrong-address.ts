/** What a wrong address in an answer leads to: nobody, or somebody else. */
import type { Observation } from '../../model/observation.ts';

/**
 * Whether a connection to one of these addresses fails on any rung: nobody there, or one that cannot show the certificate for
 * the name. Who it is that answers there may be a cause of its own, but it follows from this one.
 */
export function failsAt(observation: Observation, port: number, addresses: readonly string[]): boolean {
  if (observation.rung !== 'tcp' && observation.rung !== 'tls' && observation.rung !== 'https') return false;
  if (observation.subject.port !== port || !addresses.includes(observation.subject.address)) return false;
  switch (observation.rung) {
    case 'tcp':
      return observation.outcome !== 'open' && observation.outcome !== 'skipped';
    case 'tls':
      return observation.outcome !== 'trusted' && observation.outcome !== 'skipped';
    case 'https':
      return !['aws-answer', 'other-answer', 'skipped'].includes(observation.outcome);
  }
}
