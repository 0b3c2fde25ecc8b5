/** An HTTP proxy of the world: connects, refuses, wants credentials, or is none. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Authority } from './certificates.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { WorldProxy } from './world.ts';

/** Where a host and port that the proxy is asked for really are; undefined when it cannot get there. */
export type Reach = (host: string, port: number) => { readonly address: string; readonly port: number } | undefined;

/** The local ports of connections that proxies of a world have made. */
export type ProxyPorts = Set<number>;

/** Listens as this proxy. A TLS one has a certificate for its own address. */
export async function startProxy(
  proxy: WorldProxy,
  address: string,
  authority: Authority,
  reach: Reach,
  listen: Listen,
  ports: ProxyPorts = new Set(),
): Promise<Listening> {
  const page = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(404, { server: 'lab-web' }).end();
  };
  const { certificate, key } = authority.issue({ names: [address] });
  const server =
    proxy.tls === true
      ? createHttpsServer({ cert: `${certificate}${authority.certificate}`, key }, page)
      : createHttpServer(page);
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    const answer = (status: string, headers = '') =>
      socket.end(`HTTP/1.1 ${status}\r\nServer: lab-proxy\r\n${headers}Content-Length: 0\r\n\r\n`);
    switch (proxy.behaviour) {
      case 'not-a-proxy':
        answer('405 Method Not Allowed');
        return;
      case 'denies':
        answer('403 Forbidden');
        return;
      case 'wants-credentials':
        if (request.headers['proxy-authorization'] === undefined) {
          answer('407 Proxy Authentication Required', 'Proxy-Authenticate: Basic realm="lab"\r\n');
          return;
        }
        break;
      case 'connects':
        break;
    }
    const match = /^\[?([^\]]+)\]?:(\d+)$/.exec(request.url ?? '');
    const to = match === null ? undefined : reach(match[1] ?? '', Number(match[2]));
    if (to === undefined) {
      answer('502 Bad Gateway');
      return;
    }
    const far = connect({ host: to.address, port: to.port }, () => {
      const { localPort = 0 } = far;
      ports.add(localPort);
      far.on('close', () => ports.delete(localPort));
      socket.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 lab-proxy\r\n\r\n');
      far.pipe(socket);
      socket.pipe(far);
    });
    far.on('error', () => socket.destroy());
    socket.on('close', () => far.destroy());
  });
  return await listenTcp(server, listen);
}
