/** Real servers on loopback that behave well or badly on purpose; each is closed by `await using`. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Answer, type DecodedPacket, decode, encode, type Packet, RECURSION_AVAILABLE } from 'dns-packet';

export const LOOPBACK = '127.0.0.1';

export type Listener = AsyncDisposable & { readonly port: number };

/** A TCP server that does `serve` to each connection. */
export async function tcpServer(serve: (socket: Socket) => void, address = LOOPBACK): Promise<Listener> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  return listening(server, address);
}

/** Lets a server of any kind listen, and closes it with all its connections. */
export async function listening(server: Server, address = LOOPBACK): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port that was free a moment ago. */
export async function closedPort(): Promise<number> {
  await using listener = await tcpServer(() => {});
  return listener.port;
}

/**
 * A port that swallows SYNs: its listener's queue of one is full and the thread that should empty it sleeps, so Linux
 * drops what else comes.
 */
export async function blackHole(): Promise<Listener> {
  const wakeUp = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer().listen({ port: 0, host: '${LOOPBACK}', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => { Atomics.wait(workerData, 0, 0); process.exit(); });
     });`,
    { eval: true, workerData: wakeUp },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fillers = [0, 1].map(() => connect(port, LOOPBACK).on('error', () => {}));
  await Promise.all(fillers.map((filler) => once(filler, 'connect')));
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy();
      const gone = once(worker, 'exit');
      Atomics.store(wakeUp, 0, 1);
      Atomics.notify(wakeUp, 0);
      await gone;
    },
  };
}

/** A UDP socket that does `serve` to each datagram, with the datagram's number from 1 on. */
export async function udpServer(
  serve: (bytes: Buffer, from: RemoteInfo, socket: UdpSocket, count: number) => void,
  address = LOOPBACK,
): Promise<Listener> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let count = 0;
  socket.on('message', (bytes, from) => {
    count += 1;
    serve(bytes, from, socket, count);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  return { port: socket.address().port, [Symbol.asyncDispose]: async () => void socket.close() };
}

export type DnsReplyParts = Partial<Packet> & { readonly rcode?: number };
export type DnsScript = (query: DecodedPacket, transport: 'udp' | 'tcp', count: number) => DnsReplyParts | 'silence';

/** A resolver on one port for UDP and TCP, written with dns-packet; `answer` says what it answers. */
export async function dnsServer(answer: DnsScript): Promise<Listener> {
  let tcpCount = 0;
  const tcp = await tcpServer((socket) => {
    socket.on('data', (bytes) => {
      tcpCount += 1;
      const reply = replyTo(decode(bytes.subarray(2)), answer, 'tcp', tcpCount);
      if (reply) socket.write(Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply]));
    });
  });
  const udp = createSocket('udp4');
  let udpCount = 0;
  udp.on('message', (bytes, from) => {
    udpCount += 1;
    const reply = replyTo(decode(bytes), answer, 'udp', udpCount);
    if (reply) udp.send(reply, from.port, from.address);
  });
  udp.bind(tcp.port, LOOPBACK);
  await once(udp, 'listening');
  return {
    port: tcp.port,
    [Symbol.asyncDispose]: async () => {
      udp.close();
      await tcp[Symbol.asyncDispose]();
    },
  };
}

function replyTo(query: DecodedPacket, answer: DnsScript, transport: 'udp' | 'tcp', count: number): Buffer | undefined {
  const parts = answer(query, transport, count);
  if (parts === 'silence') return undefined;
  const { rcode = 0, flags = RECURSION_AVAILABLE, ...rest } = parts;
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: flags | rcode,
    questions: query.questions ?? [],
    ...rest,
  });
}

export function a(name: string, data: string, ttl = 60): Answer {
  return { type: 'A', name, data, ttl };
}

export function cname(name: string, data: string): Answer {
  return { type: 'CNAME', name, data, ttl: 60 };
}
