/**
 * What a plain program on the client gets, without the tool: looks a name up as libc does, then connects with TLS to every
 * address it was given, from many source ports. `node reach.ts HOST PORT ATTEMPTS PATIENCE [ASK]` prints one JSON line;
 * PATIENCE is how long it waits for each answer (ms), ASK is a request to make there, as JSON.
 */
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Ask, ask } from './ask.ts';

export type Reached = {
  /** the error of the look-up, when there were no addresses */
  readonly lookup?: string;
  readonly addresses: readonly string[];
  readonly tried: number;
  readonly opened: number;
  /** the first TLS error, when TCP opened; `silent` when nothing came back */
  readonly tls?: string;
  /** where the environment has a proxy: `answered`, or the error of a request as programs make them */
  readonly proxied?: string;
  /** what the service said to the request that was to be made: `200`, `403 AccessDenied`, or an error */
  readonly asked?: string;
};

const [host = '', port = '443', attempts = '24', patience = '1300', question] = process.argv.slice(2);
const patienceMs = Number(patience);
/** Two round trips and a server's work, on a machine that plays a dozen worlds at once. */
const handshakeMs = Math.max(patienceMs, 3_000);

const found = await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => error.code ?? 'failed');
const addresses = typeof found === 'string' ? [] : found.map((one) => one.address);
const [from = 32768, to = 60999] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  .trim()
  .split(/\s+/)
  .map(Number);
const tries = addresses.flatMap((address) =>
  // Spread over the whole ephemeral range: the kernel's own choice of ports for one address stays close together.
  Array.from({ length: Number(attempts) }, (_, i) =>
    opens(address, Math.floor(from + ((i + 0.5) * (to - from + 1)) / Number(attempts))),
  ),
);
const opened = (await Promise.all(tries)).filter(Boolean).length;
// Only 443 is sure to speak TLS from the first byte on.
const first = opened > 0 && port === '443' ? await Promise.all(addresses.map(handshake)) : [];
const hasProxy = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].some(
  (name) => process.env[name] !== undefined,
);
const tls = first.find((outcome) => outcome !== undefined && outcome !== 'unreached');
const reached: Reached = {
  ...(typeof found === 'string' ? { lookup: found } : {}),
  addresses,
  tried: tries.length,
  opened,
  ...(tls === undefined ? {} : { tls }),
  ...(hasProxy ? { proxied: await request() } : {}),
  ...(question === undefined || opened === 0 ? {} : { asked: await ask(JSON.parse(question) as Ask) }),
};
process.stdout.write(`${JSON.stringify(reached)}\n`);
process.exit(0);

/** From the first port of these that nobody else on this machine has. */
async function opens(address: string, localPort: number): Promise<boolean> {
  for (let port = localPort; port < localPort + 10; port++) {
    const outcome = await opensFrom(address, port);
    if (outcome !== 'port taken') return outcome;
  }
  return false;
}

function opensFrom(address: string, localPort: number): Promise<boolean | 'port taken'> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: Number(port), localPort });
    const end = (outcome: boolean | 'port taken') => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => lastLook(() => end(false)), patienceMs);
    socket.on('connect', () => end(true));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'EADDRINUSE' && 'port taken'));
  });
}

/** On a busy machine an answer may lie there already: Node looks at its timers before it looks at its sockets. */
function lastLook(then: () => void): void {
  setImmediate(then);
}

function handshake(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: address, port: Number(port), servername: host });
    let open = false;
    socket.on('connect', () => {
      open = true;
      timer.refresh();
    });
    const end = (outcome: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => lastLook(() => end(open ? 'silent' : 'unreached')), handshakeMs);
    socket.on('secureConnect', () => end(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.syscall === 'connect' ? 'unreached' : (error.code ?? 'failed')),
    );
  });
}

/** Node itself honours the proxy settings of the environment when it is told to (NODE_USE_ENV_PROXY). */
function request(): Promise<string> {
  return new Promise((resolve) => {
    const asked = get({ host, port: Number(port), path: '/', timeout: 4_000 }, (response) => {
      response.resume();
      resolve('answered');
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  });
}
