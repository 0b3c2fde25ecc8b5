/** TCP connections as the probes make them: to one given address, never by a name's lookup, never by a proxy. */
import { once } from 'node:events';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import type { Host } from '../model/host.ts';
import { socketAddress, type TcpSubject, type Transport } from '../model/observation.ts';
import { ownError } from './outcome.ts';

/** Where the packets really go; throws the guard's error when they must not go, and when this is no IP address. */
export function route(host: Host, transport: Transport, address: string, port: number) {
  const destination = host.wire.route(transport, address, port);
  if (destination === undefined) {
    throw ownError('guard', `this run may not send packets to ${socketAddress(address, port)}`);
  }
  // Node would look a name up, at the system's resolver: packets that no plan knows of.
  if (isIP(destination.address) === 0) throw ownError('badAddress', `${destination.address} is no IP address`);
  return destination;
}

/** An open TCP connection. Rejects with the system's error, or with the signal's reason. */
export async function connectTcp(host: Host, to: TcpSubject, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { address, port } = route(host, 'tcp', to.address, to.port);
  const from = to.localPort === undefined ? {} : { localPort: to.localPort };
  return settled(connectSocket({ host: address, port, ...from }), 'connect', signal);
}

/** Says goodbye and lets go. Whatever goes wrong from now on is no part of the answer. */
export function hangUp(socket: Socket): void {
  socket.destroySoon();
}

/** The socket, once it has told the event. Rejects with its error, or with the signal's reason, and destroys it then. */
export async function settled<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  // Stays for the socket's life: an error after the answer would otherwise end the process.
  socket.on('error', () => {});
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}
