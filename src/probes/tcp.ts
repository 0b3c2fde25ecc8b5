/** Does a TCP connection to one address and port open? */

import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import type { TcpDetail, TcpObservation, TcpProbe } from '../model/observation.ts';
import { connectTcp, hangUp } from './connect.ts';
import { startLimit } from './limit.ts';
import { failureOf, outcomeOf } from './outcome.ts';

/** Connects, looks at the connection's own address, and hangs up without sending a byte. */
export async function probeTcp(
  probe: TcpProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<TcpObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: TcpObservation['outcome'], detail: TcpDetail): TcpObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const limit = startLimit(durations.tcpConnect, signal, 'connectTimeout');
  try {
    const socket = await connectTcp(host, subject, limit.signal);
    const { localAddress, localPort } = socket;
    // A port chosen on purpose must be free for the next try: a reset leaves no TIME_WAIT behind.
    if (subject.localPort === undefined) hangUp(socket);
    else socket.resetAndDestroy();
    return observe('open', { localAddress, localPort });
  } catch (error) {
    return observe(outcomeOf(rung, error), { failure: failureOf(error) });
  } finally {
    limit.end();
  }
}
