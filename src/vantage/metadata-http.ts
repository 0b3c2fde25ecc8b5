/** Requests to a link-local metadata service: no proxy, no name lookup, no redirect; a failure is a value. */
import { isIP, connect as netConnect, type Socket } from 'node:net';
import type { Pool } from 'undici';
import type { Host } from '../model/host.ts';
import { patientSignal } from '../patience.ts';

export type MetadataFailure = {
  /** `not-allowed`: the wire refused the address; `stopped`: the signal came first */
  readonly outcome:
    | 'timeout'
    | 'refused'
    | 'unreachable'
    | 'reset'
    | 'prohibited'
    | 'not-http'
    | 'not-allowed'
    | 'failed'
    | 'stopped';
  /** whether a TCP connection to the service had been made */
  readonly connected: boolean;
  readonly code?: string | undefined;
};
export type MetadataAnswer =
  | { readonly outcome: 'answered'; readonly status: number; readonly body: string }
  | MetadataFailure;

export type MetadataClient = {
  /** the service's address, for sentences: `169.254.169.254`, `127.0.0.1:1338` */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Ends within the request timeout or with the signal; never throws on network trouble. */
  readonly request: (
    method: 'GET' | 'PUT',
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<MetadataAnswer>;
  /** this machine's clock minus the Date header of the latest answer that had one, in milliseconds */
  readonly clockOffsetMs: () => number | undefined;
  /** Drops every connection, also those still being made. */
  readonly close: () => Promise<void>;
};

/** The code of our own error for an address that the wire refuses. */
const NOT_ALLOWED = 'ERR_ADDRESS_NOT_ALLOWED';

/** Node's and undici's error codes; one that is missing here is `failed`, with its code. */
const OUTCOME_OF_CODE: Readonly<Record<string, MetadataFailure['outcome']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  EPERM: 'prohibited',
  EACCES: 'prohibited',
  [NOT_ALLOWED]: 'not-allowed',
};

/** A task with a hundred containers fits; a stranger's endless answer does not. */
const LARGEST_ANSWER = 1_048_576;
/** A host with fifteen interfaces has two hundred values to read, one request each. */
const CONNECTIONS = 4;

/**
 * A client for the service at `url`: scheme http, an IP address or `localhost`; its path goes before every request's.
 * A sentence's middle (`problem`) when the URL is none of these: a name would have to be looked up, and the name service
 * may be what is broken. `timeoutMs` bounds each request together with its connection, from the moment that it is made: four
 * are made at a time.
 */
export function metadataClient(
  host: Host,
  url: string,
  timeoutMs: number,
): MetadataClient | { readonly problem: string } {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base?.protocol !== 'http:') return { problem: 'it is not an http:// URL' };
  const address = addressOf(base.hostname);
  if (address === undefined) return { problem: 'it names a host where only an address is accepted' };
  const port = base.port === '' ? 80 : Number(base.port);
  const prefix = base.pathname.replace(/\/+$/, '');
  const { recorded } = host;
  if (recorded !== undefined) return recordedClient(recorded, base.host, address, port, prefix);
  const wire = openWire(host, address, port);
  // Loaded with the first request: a run that is told not to ask need not wait for it.
  let opening: Promise<Pool> | undefined;
  const open = async (): Promise<Pool> => {
    const { Pool } = await import('undici');
    return new Pool(base.origin, {
      connect: (_options, callback) => wire.connect(callback),
      connections: CONNECTIONS,
      maxResponseSize: LARGEST_ANSWER,
    });
  };

  let clockOffsetMs: number | undefined;
  const turns = startTurns(CONNECTIONS);

  return {
    name: base.host,
    clockOffsetMs: () => clockOffsetMs,
    address,
    port,
    request: async (method, path, headers, signal) => {
      await turns.take();
      const timer = patientSignal(timeoutMs);
      const either = AbortSignal.any([signal, timer]);
      try {
        opening ??= open();
        const pool = await opening;
        const exchanged = await beforeAbort(exchange(pool, method, `${prefix}${path}`, headers, either), either);
        // Link-local: the way there and back is no part of the difference.
        if (!Number.isNaN(exchanged.date)) clockOffsetMs = Math.round(host.now() - exchanged.date);
        return exchanged.answer;
      } catch (error) {
        if (signal.aborted) return { outcome: 'stopped', connected: wire.connected() };
        if (timer.aborted) return { outcome: 'timeout', connected: wire.connected() };
        return await failureOf(error, wire.connected());
      } finally {
        turns.give();
      }
    },
    close: async () => {
      wire.close();
      await (await opening)?.destroy();
    },
  };
}

/** At most so many at once, in the order in which they came. A request's time starts with its turn, and not in the queue. */
function startTurns(most: number): { readonly take: () => Promise<void>; readonly give: () => void } {
  const waiting: (() => void)[] = [];
  let free = most;
  return {
    take: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    give: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

/** The same client, for answers that were given to somebody else. */
function recordedClient(
  recorded: NonNullable<Host['recorded']>,
  name: string,
  address: string,
  port: number,
  prefix: string,
): MetadataClient {
  let clockOffsetMs: number | undefined;
  return {
    name,
    address,
    port,
    clockOffsetMs: () => clockOffsetMs,
    request: async (method, path) => {
      const answer = recorded(method, address, port, `${prefix}${path}`);
      if ('code' in answer)
        return answer.code === 'stopped'
          ? { outcome: 'stopped', connected: false }
          : { ...answer, outcome: OUTCOME_OF_CODE[answer.code] ?? 'failed' };
      clockOffsetMs = answer.clockOffsetMs ?? clockOffsetMs;
      return { outcome: 'answered', status: answer.status, body: answer.body };
    },
    close: async () => {},
  };
}

async function exchange(
  pool: Pool,
  method: 'GET' | 'PUT',
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly answer: MetadataAnswer; readonly date: number }> {
  const {
    statusCode: status,
    headers: received,
    body,
  } = await pool.request({ method, path, headers: { ...headers }, signal });
  const date = Date.parse(String(received['date'] ?? ''));
  return { answer: { outcome: 'answered', status, body: await body.text() }, date };
}

/** undici heeds the signal of a request only once its connection is made; a silent address never gets that far. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

type Wire = {
  readonly connect: (callback: (...result: [null, Socket] | [Error, null]) => void) => void;
  readonly connected: () => boolean;
  readonly close: () => void;
};

/** Connects to where the host's wire leads, and remembers the sockets: one that waits for a silent address must not outlive us. */
function openWire(host: Host, address: string, port: number): Wire {
  const sockets = new Set<Socket>();
  let connected = false;
  return {
    connected: () => connected,
    close: () => {
      for (const socket of sockets) socket.destroy(new Error('no longer needed'));
    },
    connect: (callback) => {
      const routed = host.wire.route('tcp', address, port);
      if (routed === undefined) {
        callback(Object.assign(new Error(`${address} must not be contacted`), { code: NOT_ALLOWED }), null);
        return;
      }
      const socket = netConnect({ host: routed.address, port: routed.port, noDelay: true });
      const onError = (error: Error): void => callback(error, null);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.once('error', onError);
      socket.once('connect', () => {
        connected = true;
        socket.removeListener('error', onError);
        callback(null, socket);
      });
    },
  };
}

async function failureOf(error: unknown, connected: boolean): Promise<MetadataFailure> {
  const { errors } = await import('undici');
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // undici's parser gives its most common complaint no code.
  if (error instanceof errors.HTTPParserError) return { outcome: 'not-http', connected, code };
  // Without a code it is no network failure but a mistake of ours.
  if (code === undefined) throw error;
  return { outcome: OUTCOME_OF_CODE[code] ?? 'failed', connected, code };
}

/** A URL's host name as an address; `localhost` is one by RFC 6761. */
function addressOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  if (bare === 'localhost') return '127.0.0.1';
  return isIP(bare) === 0 ? undefined : bare;
}
