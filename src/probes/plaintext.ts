/** A few bytes that are no TLS, on a connection of their own: does anything pass after the connection opened? */
import type { Socket } from 'node:net';
import type { TlsOutcome } from '../model/observation.ts';
import { ownError } from './outcome.ts';

/** Short, harmless, and a question that TLS servers and HTTP servers both answer: with an alert, an error page or an end. */
const QUESTION = 'GET / HTTP/1.0\r\n\r\n';

/** The first byte of a TLS alert record. */
const ALERT = 0x15;

/**
 * What comes back first: `alert`, `not-tls` for any other bytes, `closed`. Each shows that small segments pass both ways.
 * Rejects with the system's error (`ECONNRESET` passes too, and the caller's table says `reset`) or the signal's reason.
 */
export async function askPlainly(
  socket: Socket,
  signal: AbortSignal,
): Promise<Extract<TlsOutcome, 'alert' | 'not-tls'>> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<'alert' | 'not-tls'>();
  const giveUp = () => reject(signal.reason);
  socket.once('data', (bytes: Buffer) => resolve(bytes[0] === ALERT ? 'alert' : 'not-tls'));
  socket.once('error', reject);
  socket.once('end', () => reject(ownError('closed', 'the peer closed the connection')));
  socket.once('close', () => reject(ownError('closed', 'the peer closed the connection')));
  signal.addEventListener('abort', giveUp);
  try {
    socket.write(QUESTION);
    return await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
