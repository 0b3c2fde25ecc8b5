/**
 * Everything that listens in a world, in one process: started by agent.pl inside the platform's namespace with the
 * listening sockets of all the other namespaces as file descriptors.
 *
 * `node services.ts FOLDER`: reads FOLDER/world.json, FOLDER/listeners.json (what is behind descriptors 3, 4, 5 …) and
 * writes FOLDER/ca.pem; says `ready` when everything answers. With `--no-api` neither AWS's APIs nor the metadata service
 * are there, which is enough for plain programs, and quicker.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority, createSigners } from '../../src/lab/certificates.ts';
import { respond } from '../../src/lab/respond.ts';
import { trueTime, type WorldListener } from '../../src/lab/servers.ts';
import type { World } from '../../src/lab/world.ts';
import { BED, EC2_PORT, POLICY_PORT, RESOLVER_PORT, ROUTE53_PORT, STS_PORT } from './plan.ts';
import type { PlatformPart } from './platform.ts';

const folder = process.argv[2] ?? '.';
const world = JSON.parse(readFileSync(join(folder, 'world.json'), 'utf8')) as World;
const listeners = JSON.parse(readFileSync(join(folder, 'listeners.json'), 'utf8')) as WorldListener[];
const objects = JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8')) as Record<string, string>;
const authority = createAuthority(undefined, undefined, trueTime(world));
const signers = createSigners(authority, trueTime(world));
writeFileSync(join(folder, 'ca.pem'), authority.certificate);
/** With `--long-chain` the certificates weigh some five thousand bytes, as Amazon's do: what a narrow wire loses. */
const ballast = process.argv.includes('--long-chain')
  ? Array.from({ length: 9 }, (_, i) => createAuthority(`vpce-doctor lab CA ${i}`).certificate).join('')
  : '';

for (const [i, listener] of listeners.entries()) serve(listener).listen({ fd: 3 + i });
if (!process.argv.includes('--no-api')) openDoors();
process.stdout.write('ready\n');
// The worker keeps our input open for as long as the world lasts.
process.stdin.resume().on('end', () => process.exit(0));

function serve(listener: WorldListener): Server {
  const { speaks, certificate, newestTls, signer } = listener;
  // Here connections come from the world's own addresses, and say by themselves which way they took.
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const bucket = /^([^.]+)\.s3\./.exec(request.headers.host ?? '')?.[1];
    const object = listener.service === 's3' ? objects[`${bucket}${request.url}`] : undefined;
    if (object === undefined) void respond(listener, { world }, request, response);
    else response.end(object);
  };
  const quiet = <S extends Server>(server: S) =>
    server.on('connection', (socket) => socket.on('error', () => undefined));
  if (speaks === 'http') return quiet(createHttpServer(answer));
  if (speaks === 'tcp') return quiet(createTcpServer());
  const owner = signers(signer);
  const { certificate: cert, key } = owner.issue(certificate);
  const chain = certificate.selfSigned === true ? cert : `${cert}${owner.certificate}${ballast}`;
  const tls = { cert: chain, key, maxVersion: newestTls };
  const server = speaks === 'https' ? createHttpsServer(tls, answer) : createTlsServer(tls);
  return quiet(server.on('tlsClientError', () => undefined));
}

/** The worker's own process answers these: here is only where they are reached. */
function openDoors(): void {
  const doors: [PlatformPart, string, number][] = [
    ['ec2', BED.apiAddress, EC2_PORT],
    ['sts', BED.apiAddress, STS_PORT],
    ['route53', BED.apiAddress, ROUTE53_PORT],
    ['resolver', BED.apiAddress, RESOLVER_PORT],
    ['policy', BED.apiAddress, POLICY_PORT],
    ...(world.client.metadata === 'ec2' || world.client.metadata === 'forbidden'
      ? [['imds', BED.metadataAddress, 80] satisfies [PlatformPart, string, number]]
      : []),
  ];
  for (const [name, host, port] of doors)
    createTcpServer((from) => {
      const to = connect({ path: join(folder, `${name}.sock`) });
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      to.on('error', () => from.destroy()).on('close', () => from.destroy());
      from.pipe(to).pipe(from);
    }).listen(port, host);
}
