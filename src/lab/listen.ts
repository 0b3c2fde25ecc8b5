/** Starting and stopping the lab's servers: each listens where it is told, and closes with all of its connections. */
import type { Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Where to listen; port 0 takes any free one. */
export type ListenAddress = { readonly address: string; readonly port: number };
/** There, or on a listening socket of TCP that another process has opened and handed over. */
export type Listen = ListenAddress | { readonly handle: object };

/** A running server. `stop` resolves when its port is free again. */
export type Listening = { readonly address: string; readonly port: number; readonly stop: () => Promise<void> };

export const ANY_LOOPBACK_PORT: ListenAddress = { address: '127.0.0.1', port: 0 };

/** Starts a TCP, TLS, HTTP or HTTPS server. Rejects with the system's error when the address or port cannot be had. */
export async function listenTcp(server: Server, listen: Listen): Promise<Listening> {
  const sockets = new Set<Socket>();
  // Also for HTTP and TLS servers this event hands out the bare TCP socket, handshake or not: nothing escapes `stop`.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  if ('handle' in listen) server.listen(listen.handle);
  else server.listen({ host: listen.address, port: listen.port });
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Binds a UDP socket. Rejects with the system's error when the address or port cannot be had. */
export async function listenUdp(socket: DatagramSocket, listen: ListenAddress): Promise<Listening> {
  // A reply to a client that has gone comes back as an ICMP error: that is the client's affair.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: listen.address, port: listen.port }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  const { address, port } = socket.address();
  return { address, port, stop: () => new Promise((resolve) => socket.close(() => resolve())) };
}
