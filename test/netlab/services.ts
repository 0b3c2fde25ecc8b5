/**
 * Everything that listens in a world, in the worker's own process: a process of its own would spend more on loading than on all
 * its answers. The sockets belong to the namespaces, so that connections come from the world's own addresses and say by
 * themselves which way they took.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority, createSigners } from '../../src/lab/certificates.ts';
import { type Listening, listenTcp } from '../../src/lab/listen.ts';
import { respond } from '../../src/lab/respond.ts';
import { trueTime, type WorldListener, worldListeners } from '../../src/lab/servers.ts';
import type { World } from '../../src/lab/world.ts';
import type { Hazards } from './hazards.ts';
import type { Layout } from './layout.ts';
import { platformParts } from './platform.ts';
import { openSockets } from './sockets.ts';

export type Services = {
  /** the certificate of the authority that signs for AWS here, PEM */
  readonly authority: string;
  readonly stop: () => Promise<void>;
};

/**
 * Starts them; resolves when everything answers.
 * @param api whether AWS's APIs and the metadata service are there: the tool asks them, plain programs do not
 */
export async function startServices(world: World, layout: Layout, hazards: Hazards, api: boolean): Promise<Services> {
  const listeners = listenersIn(world, layout, hazards);
  const parts = api ? platformParts(world) : [];
  const sockets = await openSockets([...listeners, ...parts]);
  const authority = createAuthority(undefined, undefined, trueTime(world));
  const signers = createSigners(authority, trueTime(world));
  // With a path that loses large packets the certificates weigh some five thousand bytes, as Amazon's do.
  const ballast =
    hazards.onPath === undefined
      ? ''
      : Array.from({ length: 9 }, (_, i) => createAuthority(`vpce-doctor lab CA ${i}`).certificate).join('');
  const own: Own = { world, objects: hazards.objects ?? {}, signers, ballast };
  const running: Promise<Listening>[] = sockets.map((socket, i) => {
    const [listener, part] = [listeners[i], parts[i - listeners.length]];
    if (listener !== undefined) return listenTcp(serve(listener, own), socket);
    if (part === undefined) throw new Error('a socket that nobody wanted');
    return part.start(world, socket);
  });
  const stop = async () => {
    await Promise.all(running.map(async (one) => (await one).stop()));
  };
  await Promise.all(running);
  return { authority: authority.certificate, stop };
}

type Placed = WorldListener & { readonly namespace: string };

function listenersIn(world: World, layout: Layout, { alsoListens = [] }: Hazards): Placed[] {
  const hosts = layout.vpcs.flatMap((vpc) => vpc.hosts);
  const homeOf = (address: string) =>
    hosts.find((host) => host.ipv4.includes(address) || host.ipv6.includes(address))?.name ??
    (address in world.servers ? 'internet' : undefined);
  const usual = worldListeners(world).flatMap((listener): Placed[] => {
    const namespace = homeOf(listener.address);
    return namespace === undefined ? [] : [{ ...listener, namespace }];
  });
  const interfaces = usual.filter(({ port, namespace }) => port === 443 && namespace !== 'internet');
  return [
    ...usual,
    ...interfaces.flatMap((one) => alsoListens.map((port): Placed => ({ ...one, port, speaks: 'tcp' }))),
  ];
}

type Own = {
  readonly world: World;
  readonly objects: Readonly<Record<string, string>>;
  readonly signers: ReturnType<typeof createSigners>;
  readonly ballast: string;
};

function serve(listener: WorldListener, { world, objects, signers, ballast }: Own): Server {
  const { speaks, certificate, newestTls, signer } = listener;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const bucket = /^([^.]+)\.s3\./.exec(request.headers.host ?? '')?.[1];
    const object = listener.service === 's3' ? objects[`${bucket}${request.url}`] : undefined;
    if (object === undefined) void respond(listener, { world }, request, response);
    else response.end(object);
  };
  if (speaks === 'http') return createHttpServer(answer);
  if (speaks === 'tcp') return createTcpServer();
  const owner = signers(signer);
  const { certificate: cert, key } = owner.issue(certificate);
  const chain = certificate.selfSigned === true ? cert : `${cert}${owner.certificate}${ballast}`;
  const tls = { cert: chain, key, maxVersion: newestTls };
  const server = speaks === 'https' ? createHttpsServer(tls, answer) : createTlsServer(tls);
  return server.on('tlsClientError', () => undefined);
}
