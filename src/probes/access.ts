/** A signed read request through the path that the other rungs measured. */
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import type { AccessObservation, AccessProbe } from '../model/observation.ts';

// The first commit of the branch: what follows replaces this.
export async function probeAccess(
  probe: AccessProbe,
  _host: Host,
  _durations: Durations,
  _signal: AbortSignal,
): Promise<AccessObservation> {
  const { id, rung, subject, after } = probe;
  return { id, rung, subject, after, ms: 0, outcome: 'skipped', detail: {} };
}
