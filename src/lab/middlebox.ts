/** Something on the way to an address that opens connections and then interferes: a firewall that reads TLS, or a hop with a small MTU. */
import { connect, createServer, type Socket } from 'node:net';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { WorldMiddlebox } from './world.ts';

/** Relays to `port` on loopback what the box lets pass. What it drops it drops for good, without a word: both ends wait. */
export async function startMiddlebox(box: WorldMiddlebox, port: number, listen: Listen): Promise<Listening> {
  const server = createServer((client) => {
    const service = connect(port, '127.0.0.1');
    relay(client, service, clientFilter(box));
    relay(service, client, flightLimit(box.losesServerFlightsAbove));
    client.on('close', () => service.destroy());
    service.on('close', () => client.destroySoon());
  });
  return await listenTcp(server, listen);
}

/** Whether bytes pass. Once some did not, nothing after them does: TCP sends the lost ones again, and they are lost again. */
type Filter = (bytes: Buffer) => boolean;

function relay(from: Socket, to: Socket, passes: Filter): void {
  let stalled = false;
  from.on('error', () => {});
  from.on('data', (bytes: Buffer) => {
    stalled ||= !passes(bytes);
    if (!stalled) to.write(bytes);
  });
  from.on('end', () => {
    if (!stalled) to.end();
  });
}

/** A hello leaves its sender in one write, and on loopback arrives in one piece. */
function clientFilter(box: WorldMiddlebox): Filter {
  const fits = flightLimit(box.losesClientFlightsAbove);
  return (bytes) => {
    if (box.dropsEverything === true || !fits(bytes)) return false;
    if (!isHello(bytes)) return true;
    if (bytes.length > (box.dropsHellosAbove ?? Number.POSITIVE_INFINITY)) return false;
    return !(box.dropsServerNames ?? []).some((name) => bytes.includes(Buffer.from(name, 'latin1')));
  };
}

function flightLimit(limit = Number.POSITIVE_INFINITY): Filter {
  return (bytes) => bytes.length <= limit;
}

/** A handshake record with a ClientHello in it. */
function isHello(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && bytes[5] === 1;
}
