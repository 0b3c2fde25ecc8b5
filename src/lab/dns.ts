/** DNS servers for the lab: UDP and TCP, truncation as in RFC 1035 and EDNS, answers rotated as AWS does. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import {
  type Answer,
  type DecodedPacket,
  decode,
  encode,
  type OptAnswer,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { type ListenAddress, listenTcp, listenUdp } from './listen.ts';
import { type Resolution, resolveAt, resolveFrom, resolveInVpc } from './resolution.ts';
import type { World, WorldResolver } from './world.ts';

export type DnsQuestion = { readonly name: string; readonly type: string; readonly transport: 'udp' | 'tcp' };

/** What a server says to a question. */
export type Resolver = (question: DnsQuestion) => Resolution;

/** A running server. TCP and UDP may have different ports when any free one was asked for. */
export type DnsServer = { readonly udpPort: number; readonly tcpPort: number; readonly stop: () => Promise<void> };

/** What a resolver of the world answers. `closed` has nobody listening and is not asked; here it is silent. */
export function resolverAt(world: World, resolver: WorldResolver): Resolver {
  let asked = 0;
  return ({ name, type }) => {
    asked += 1;
    if (resolver.failsEvery !== undefined && asked % resolver.failsEvery === 0) return failure('SERVFAIL');
    if (resolver.behaviour !== 'forward') return resolveAt(world, resolver, name, type);
    const own = resolveFrom(resolver.records, name, type);
    if (own !== undefined) return own;
    const forwarded = resolveInVpc(world, name, type);
    // A forwarder gives up on a silent upstream, and says so.
    return forwarded.kind === 'silent' ? failure('SERVFAIL') : forwarded;
  };
}

/** Serves one resolver. Malformed packets are ignored. With port 0 UDP and TCP get a free port each, else the same. */
export async function startDns(resolver: Resolver, listen: ListenAddress): Promise<DnsServer> {
  const reply = replier(resolver);
  const socket = createSocket(listen.address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    const answer = reply(message, 'udp');
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  const server = createServer((connection) => {
    let received = Buffer.alloc(0);
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      // RFC 1035, 4.2.2: every message follows its length in two bytes.
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const answer = reply(received.subarray(2, end), 'tcp');
        received = received.subarray(end);
        if (answer !== undefined) connection.write(Buffer.concat([lengthPrefix(answer), answer]));
      }
    });
  });
  const udp = await listenUdp(socket, listen);
  const tcp = await listenTcp(server, listen);
  return {
    udpPort: udp.port,
    tcpPort: tcp.port,
    stop: async () => {
      await Promise.all([udp.stop(), tcp.stop()]);
    },
  };
}

const TTL = 60;
/** What a resolver may send over UDP to a client that says nothing of its buffer (RFC 1035, 4.2.1). */
const PLAIN_UDP_SIZE = 512;
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

function replier(resolver: Resolver): (message: Buffer, transport: 'udp' | 'tcp') => Buffer | undefined {
  let turn = 0;
  return (message, transport) => {
    const query = decoded(message);
    const [question] = query?.questions ?? [];
    if (query === undefined || query.flag_qr || question === undefined) return undefined;
    const resolution = resolver({ name: question.name, type: question.type, transport });
    if (resolution.kind === 'silent') return undefined;
    const option = query.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
    const packet: Packet = {
      type: 'response',
      ...(query.id === undefined ? {} : { id: query.id }),
      flags: (query.flag_rd ? RECURSION_DESIRED : 0) | RECURSION_AVAILABLE | RCODES[resolution.rcode],
      questions: [question],
      answers: rotated(resolution, turn),
      authorities:
        resolution.zone !== '' && isNegative(resolution, question.type) ? [startOfAuthority(resolution.zone)] : [],
      additionals: option === undefined ? [] : [ownOption()],
    };
    turn += 1;
    const complete = encode(packet);
    if (transport === 'tcp' || complete.length <= Math.max(option?.udpPayloadSize ?? 0, PLAIN_UDP_SIZE))
      return complete;
    return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], authorities: [] });
  };
}

type Told = Extract<Resolution, { kind: 'answer' }>;

/** Aliases keep their order; the addresses at the end of the chain take turns (facts.md 2.1: round-robin). */
function rotated({ answers }: Told, turn: number): Answer[] {
  const aliases = answers.filter((answer) => answer.type === 'CNAME');
  const addresses = answers.filter((answer) => answer.type !== 'CNAME');
  const first = addresses.length === 0 ? 0 : turn % addresses.length;
  const inTurn = [...addresses.slice(first), ...addresses.slice(0, first)];
  return [...aliases, ...inTurn].map((answer) => ({ ...answer, class: 'IN', ttl: TTL }));
}

/** Only NXDOMAIN and "no data" carry the zone's SOA record (RFC 2308). */
function isNegative({ rcode, answers }: Told, type: string): boolean {
  return rcode === 'NXDOMAIN' || (rcode === 'NOERROR' && !answers.some((answer) => answer.type === type));
}

function startOfAuthority(zone: string): Answer {
  const domain = zone === '.' ? 'root-servers.net' : zone;
  return {
    type: 'SOA',
    name: zone,
    class: 'IN',
    ttl: TTL,
    data: {
      mname: `ns-0.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 900,
      expire: 1_209_600,
      minimum: TTL,
    },
  };
}

function ownOption(): OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function failure(rcode: 'SERVFAIL'): Resolution {
  return { kind: 'answer', rcode, answers: [], zone: '.' };
}

function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

function lengthPrefix(message: Buffer): Buffer {
  return Buffer.of(message.length >>> 8, message.length & 255);
}
