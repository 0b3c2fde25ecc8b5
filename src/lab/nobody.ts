/**
 * What a packet meets where nobody serves it: a black hole, where it vanishes without a word, or a closed port, where
 * the kernel says no at once. Both are real, so that timeouts and refusals in the lab are the kernel's own.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { ANY_LOOPBACK_PORT, listenUdp } from './listen.ts';

/** One loopback port per transport. */
export type Nobody = { readonly tcpPort: number; readonly udpPort: number; readonly stop: () => Promise<void> };

/** Plain JavaScript in a string, because the tool ships as one file. It never accepts, so its queue stays full. */
const LISTEN_AND_BLOCK = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** More than the queue of a backlog of 1 holds anywhere: Linux takes two and drops every further SYN. */
const QUEUE_FILLERS = 8;
/** As many of them as must have got in before the queue can be called full. */
const LINUX_QUEUE = 2;

/** Ports on which nothing ever answers: connects hang until the caller gives up, datagrams are swallowed. */
export async function startBlackHole(): Promise<Nobody> {
  const worker = new Worker(LISTEN_AND_BLOCK, { eval: true });
  const [tcpPort] = (await once(worker, 'message')) as [number];
  const fillers = Array.from({ length: QUEUE_FILLERS }, () => connect(tcpPort, '127.0.0.1'));
  let open = 0;
  await new Promise<void>((resolve) => {
    for (const filler of fillers) {
      filler.on('error', () => undefined);
      filler.once('connect', () => {
        open += 1;
        if (open === LINUX_QUEUE) resolve();
      });
    }
  });
  const udp = createSocket('udp4');
  const bound = await listenUdp(udp, ANY_LOOPBACK_PORT);
  return {
    tcpPort,
    udpPort: bound.port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      await Promise.all([worker.terminate(), bound.stop()]);
    },
  };
}

/**
 * Ports that are closed and stay so: the kernel answers with RST or with ICMP port unreachable. A port that was merely
 * freed could be given to any other process; these are held by a socket that is already connected to somebody else.
 */
export async function startClosedPort(): Promise<Nobody> {
  const server = createServer();
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port: tcpPort } = server.address() as AddressInfo;
  const far = connect(tcpPort, '127.0.0.1');
  far.on('error', () => undefined);
  const [near] = (await once(server, 'connection')) as [Socket];
  near.on('error', () => undefined);
  // The listener goes, the accepted connection keeps the port.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));

  const udp = createSocket('udp4');
  const bound = await listenUdp(udp, ANY_LOOPBACK_PORT);
  await new Promise<void>((resolve) => udp.connect(bound.port, '127.0.0.1', resolve));
  return {
    tcpPort,
    udpPort: bound.port,
    stop: async () => {
      far.destroy();
      near.destroy();
      await Promise.all([closed, bound.stop()]);
    },
  };
}
