/** Shared beginnings of probe tests: this machine under the guard, durations, and questions made from their subjects. */
import { DURATIONS, type Durations } from '../../../src/durations.ts';
import { realHost } from '../../../src/host.ts';
import type { Host } from '../../../src/model/host.ts';
import {
  type DnsProbe,
  type DnsSubject,
  type HttpsProbe,
  type HttpsSubject,
  probeId,
  type TcpProbe,
  type TcpSubject,
  type TlsProbe,
  type TlsSubject,
} from '../../../src/model/observation.ts';

/** `VPCE_DOCTOR_ONLY` of vitest.config.ts keeps every packet on loopback. */
export const host = realHost();

/** Some containers have no IPv6 at all, not even ::1. */
export const HAS_IPV6 = host.interfaces().some(({ address }) => address === '::1');

/** Long enough that a busy machine answers in time. */
export const PATIENT = durations(10_000);

/** For servers that never answer. */
export const HASTY = durations(300);

export function durations(ms: number): Durations {
  return { ...DURATIONS, dnsQuery: ms, tcpConnect: ms, tlsHandshake: ms, httpsExchange: ms };
}

/** A signal that nobody aborts. */
export const running = (): AbortSignal => new AbortController().signal;

export function trusting(root: string): Host {
  return { ...host, wire: { ...host.wire, certificateAuthorities: [root] } };
}

/** A machine that may send nothing anywhere. */
export const guarded: Host = { ...host, wire: { route: () => undefined } };

const rest = { after: ['dns before'], why: 'a test asks' };

export const dnsProbe = (subject: DnsSubject): DnsProbe => ({
  id: probeId('dns', subject),
  rung: 'dns',
  subject,
  ...rest,
});
export const tcpProbe = (subject: TcpSubject): TcpProbe => ({
  id: probeId('tcp', subject),
  rung: 'tcp',
  subject,
  ...rest,
});
export const tlsProbe = (subject: TlsSubject): TlsProbe => ({
  id: probeId('tls', subject),
  rung: 'tls',
  subject,
  ...rest,
});
export const httpsProbe = (subject: HttpsSubject): HttpsProbe => {
  return { id: probeId('https', subject), rung: 'https', subject, ...rest };
};
