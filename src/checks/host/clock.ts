/** This machine's clock beside the clocks that answered. */
import type { Observation, TlsObservation } from '../../model/observation.ts';
import type { ClockSource, Vantage } from '../../model/vantage.ts';
import type { Evidence } from '../evidence.ts';
import { inDateAt } from '../tls/presented.ts';

/** How far this machine's clock is off, and who says so. */
export type ClockOffset = {
  /** this machine's clock minus the true time, in milliseconds */
  readonly ms: number;
  /** a clause's subject: `the Date header of 10.0.2.14` */
  readonly witness: string;
  /** the observation's id, or the vantage's field */
  readonly ref: string;
};

/** A Date header has whole seconds, and its answer takes time: witnesses as close as this say the same. */
const AGREEING = 5_000;

/**
 * The offset by the best witness: an AWS service that answered over TLS (of several the first that says what the median of them
 * says, so that milliseconds do not choose who is named), else the instance metadata
 * service, else the EC2 API. Undefined when no clock was seen. Answers that are not AWS's are no witness: a middlebox has a clock of its own.
 */
export function clockOffset(vantage: Vantage, evidence: Evidence): ClockOffset | undefined {
  const seen = evidence.all.flatMap((one) => {
    const ms = offsetSeen(one);
    return ms === undefined || one.rung !== 'https'
      ? []
      : [{ ms, witness: `the Date header of ${one.subject.address}`, ref: one.id }];
  });
  // Whoever answered first is no better a witness.
  seen.sort((a, b) => (a.ref < b.ref ? -1 : 1));
  const median = seen.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(seen.length / 2)];
  if (median !== undefined) return seen.find(({ ms }) => Math.abs(ms - median) <= AGREEING);
  const reading = vantage.clock?.readings[0];
  if (reading === undefined) return undefined;
  return { ms: reading.offsetMs, witness: WITNESSES[reading.source], ref: 'clock.readings' };
}

const WITNESSES: Readonly<Record<ClockSource, string>> = {
  'instance-metadata': 'the instance metadata service',
  'ec2-api': 'the EC2 API',
};

/** The offset that one answer of an AWS service shows. */
export function offsetSeen(one: Observation): number | undefined {
  return one.rung === 'https' && one.outcome === 'aws-answer' ? one.detail.clockOffsetMs : undefined;
}

/** Whether a certificate was refused for its dates and would not have been with the right time. */
export function refusedByClock(one: TlsObservation, vantage: Vantage, offset: ClockOffset | undefined): boolean {
  if (one.outcome !== 'expired' && one.outcome !== 'not-yet-valid') return false;
  if (offset === undefined || vantage.clock === undefined || one.detail.chain.length === 0) return false;
  return inDateAt(one.detail.chain, Date.parse(vantage.clock.at) - offset.ms);
}

/** `4 minutes`, `3 hours`, `12 days`. */
export function durationWords(ms: number): string {
  const minutes = Math.abs(ms) / 60_000;
  const [value, unit] =
    minutes < 90 ? [minutes, 'minute'] : minutes < 2_880 ? [minutes / 60, 'hour'] : [minutes / 1440, 'day'];
  const rounded = Math.round(value * 10) / 10;
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}
