/** A machine made of plain values and loopback servers, for the tests of the vantage layer. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { DURATIONS, type Durations } from '../../src/durations.ts';
import type { Host, LocalAddress } from '../../src/model/host.ts';

export type Machine = {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly interfaces?: readonly LocalAddress[];
  /** `169.254.169.254:80` → a loopback port; loopback itself always passes, everything else is refused */
  readonly wires?: Record<string, number>;
};

export type FakeHost = Host & {
  /** every address and port that anything wanted to contact */
  readonly contacted: string[];
  readonly filesRead: string[];
};

export function fakeHost(machine: Machine = {}): FakeHost {
  const contacted: string[] = [];
  const filesRead: string[] = [];
  return {
    contacted,
    filesRead,
    platform: 'linux',
    env: machine.env ?? {},
    readFile: async (path) => {
      filesRead.push(path);
      return machine.files?.[path];
    },
    interfaces: () => machine.interfaces ?? [],
    now: () => 0,
    monotonic: () => 0,
    wire: {
      route: (_transport, address, port) => {
        contacted.push(`${address}:${port}`);
        const wired = machine.wires?.[`${address}:${port}`];
        if (wired !== undefined) return { address: '127.0.0.1', port: wired };
        return address === '127.0.0.1' || address === '::1' ? { address, port } : undefined;
      },
    },
  };
}

/** Durations short enough for tests that wait them out. */
export const QUICK: Durations = { ...DURATIONS, metadataRequest: 900, vantage: 2_700 };

export type FakeService = { readonly url: string; readonly port: number; readonly requests: string[] };

const closers: (() => Promise<void>)[] = [];

/** Closes every server that the test opened. */
export async function closeServers(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeService> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, requests };
}

const TOKEN = 'a-token==';

/** IMDSv2 with these values below /latest/; anything without the token is 401, anything else 404. */
export async function serveInstanceMetadata(values: Record<string, string>): Promise<FakeService> {
  return serve((request, response) => {
    if (request.method === 'PUT') {
      const ttl = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
      const ok = request.url === '/latest/api/token' && ttl >= 1 && ttl <= 21600;
      response.writeHead(ok ? 200 : 400).end(ok ? TOKEN : '');
      return;
    }
    if (request.headers['x-aws-ec2-metadata-token'] !== TOKEN) {
      response.writeHead(401).end();
      return;
    }
    const value = values[(request.url ?? '').replace('/latest/', '')];
    response.writeHead(value === undefined ? 404 : 200).end(value ?? '<html>404 - Not Found</html>');
  });
}

/** Accepts connections and never says a word. */
export async function serveSilence(): Promise<{ readonly port: number }> {
  return { port: await listen(createTcpServer()) };
}

/** Speaks, but not HTTP. */
export async function serveGarbage(): Promise<{ readonly port: number }> {
  return { port: await listen(createTcpServer((socket) => socket.end('SSH-2.0-nothing\r\n'))) };
}

/** A port that drops SYNs: its listener's queue is full and the thread that would empty it sleeps. */
export async function serveBlackHole(): Promise<{ readonly port: number }> {
  const worker = new Worker(
    `const { createServer } = require('node:net');
     const { parentPort } = require('node:worker_threads');
     const server = createServer();
     server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
     });`,
    { eval: true },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  for (let count = 0; count < 4; count += 1) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    fillers.push(socket);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  closers.push(async () => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  });
  return { port };
}

/** A port on which nothing listens any more. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

export const MAC_0 = '0a:00:00:00:00:01';
export const MAC_1 = '0a:00:00:00:00:02';

/** The metadata of an instance with two interfaces in two subnets. */
export function twoInterfaces(): Record<string, string> {
  const macs = 'meta-data/network/interfaces/macs/';
  return {
    'meta-data/mac': MAC_0,
    [macs]: `${MAC_1}/\n${MAC_0}/`,
    [`${macs}${MAC_0}/interface-id`]: 'eni-00000000000000001',
    [`${macs}${MAC_0}/device-number`]: '0',
    [`${macs}${MAC_0}/vpc-id`]: 'vpc-0123',
    [`${macs}${MAC_0}/subnet-id`]: 'subnet-0aa',
    [`${macs}${MAC_0}/security-group-ids`]: 'sg-0c1\nsg-0c2',
    [`${macs}${MAC_0}/local-ipv4s`]: '10.0.1.23\n10.0.1.24',
    [`${macs}${MAC_0}/ipv6s`]: '2001:db8:0:1:0:0:0:17',
    [`${macs}${MAC_0}/public-ipv4s`]: '198.51.100.7',
    [`${macs}${MAC_0}/subnet-ipv4-cidr-block`]: '10.0.1.0/24',
    [`${macs}${MAC_0}/vpc-ipv4-cidr-block`]: '10.0.0.0/16',
    [`${macs}${MAC_0}/vpc-ipv4-cidr-blocks`]: '100.64.0.0/16\n10.0.0.0/16',
    [`${macs}${MAC_0}/vpc-ipv6-cidr-blocks`]: '2001:db8::/56',
    [`${macs}${MAC_0}/owner-id`]: '111122223333',
    [`${macs}${MAC_1}/interface-id`]: 'eni-00000000000000002',
    [`${macs}${MAC_1}/device-number`]: '1',
    [`${macs}${MAC_1}/vpc-id`]: 'vpc-0123',
    [`${macs}${MAC_1}/subnet-id`]: 'subnet-0bb',
    [`${macs}${MAC_1}/security-group-ids`]: 'sg-0d1',
    [`${macs}${MAC_1}/local-ipv4s`]: '10.0.2.40',
    [`${macs}${MAC_1}/subnet-ipv4-cidr-block`]: '10.0.2.0/24',
    [`${macs}${MAC_1}/vpc-ipv4-cidr-blocks`]: '10.0.0.0/16',
    [`${macs}${MAC_1}/owner-id`]: '111122223333',
    [`${macs}${MAC_1}/ipv4-prefix`]: '10.0.2.128/28',
    'meta-data/placement/availability-zone': 'eu-west-1a',
    'meta-data/placement/availability-zone-id': 'euw1-az1',
    'meta-data/placement/region': 'eu-west-1',
    'meta-data/services/partition': 'aws',
    'meta-data/instance-id': 'i-0c1f',
    'dynamic/instance-identity/document': JSON.stringify({ accountId: '444455556666', region: 'eu-west-1' }),
  };
}

/** /proc/net/route with a default route over the device, and its directly connected subnet. */
export function routeFile(device: string, subnet: string, gateway: string): string {
  const hex = (address: string): string =>
    address
      .split('.')
      .reverse()
      .map((octet) => Number(octet).toString(16).padStart(2, '0').toUpperCase())
      .join('');
  return [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    `${device}\t00000000\t${hex(gateway)}\t0003\t0\t0\t0\t00000000\t0\t0\t0`,
    `${device}\t${hex(subnet)}\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0`,
    '',
  ].join('\n');
}
