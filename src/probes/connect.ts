/** TCP and TLS connections as the probes make them: to one given address, never by a name's lookup, never by a proxy. */
import { once } from 'node:events';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectSecure, type TLSSocket } from 'node:tls';
import type { Host } from '../model/host.ts';
import { socketAddress, type TcpSubject, type Transport } from '../model/observation.ts';
import { type Hello, protocolsOf, secureContext } from './hello.ts';
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

export type TlsOptions = {
  readonly serverName: string;
  /** true: a certificate that is not accepted is an error; false: it is only looked at */
  readonly verify: boolean;
  /** absent: as Node sends it by itself */
  readonly hello?: Hello;
};

/** A finished TLS handshake over `socket`, which is destroyed with it. Rejects as `connectTcp`, or with a certificate error. */
export async function handshake(
  host: Host,
  socket: Socket,
  { serverName, verify, hello }: TlsOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectSecure({
    socket,
    secureContext: secureContext(host.wire, hello),
    ALPNProtocols: protocolsOf(hello),
    rejectUnauthorized: verify,
    checkServerIdentity: (_host, certificate) => (verify ? checkServerIdentity(serverName, certificate) : undefined),
    // An IP address is no server name in SNI: RFC 6066, section 3.
    ...(isIP(serverName) === 0 && hello !== 'without-sni' ? { servername: serverName } : {}),
  });
  return settled(secure, 'secureConnect', signal);
}

/** Says goodbye and lets go. Whatever goes wrong from now on is no part of the answer. */
export function hangUp(socket: Socket): void {
  socket.destroySoon();
}

async function settled<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
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
