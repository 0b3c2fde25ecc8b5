/**
 * A transparent box: started by agent.pl in a router's namespace with one listening socket, to which the kernel hands every
 * connection that it diverts (TPROXY), so that a connection's own address is the one that the client meant.
 *
 * `node middlebox.ts FOLDER KIND`: KIND is a `Middlebox` of hazards.ts as JSON. Says `ready`; what intercepts writes its
 * authority to FOLDER/inspection-ca.pem.
 */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, createServer as createTlsServer } from 'node:tls';
import { createAuthority } from '../../src/lab/certificates.ts';
import type { Middlebox } from './hazards.ts';

const [folder = '.', text = '{}'] = process.argv.slice(2);
const box = JSON.parse(text) as Middlebox;
const server = box.kind === 'names-only' ? namesOnly(box.names) : inspection(box.kind === 'portal');
server.listen({ fd: 3 }, () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit(0));

/** Passes on what begins with a known name; of everything else it says nothing at all. */
function namesOnly(names: readonly string[]): Server {
  return createServer((client) => {
    client.on('error', () => undefined);
    const heard: Buffer[] = [];
    client.on('data', function hear(piece) {
      heard.push(Buffer.from(piece));
      const said = Buffer.concat(heard);
      if (said.length < 5 || (said[0] === 0x16 && said.length < 5 + said.readUInt16BE(3))) return;
      client.off('data', hear);
      const name = said[0] === 0x16 ? serverName(said) : undefined;
      if (name === undefined || !names.includes(name)) return;
      const there = onward(client);
      there.write(said);
      client.pipe(there).pipe(client);
    });
  });
}

function inspection(portal: boolean): Server {
  const authority = createAuthority('Example Corp Inspection CA', 'Example Corp');
  writeFileSync(join(folder, 'inspection-ca.pem'), authority.certificate);
  const context = (name: string) => {
    const { certificate, key } = authority.issue({ names: [name] });
    return createSecureContext({ cert: `${certificate}${authority.certificate}`, key });
  };
  const { certificate, key } = authority.issue({ names: ['inspection.example.com'] });
  const unnamed = { cert: certificate, key };
  const server = createTlsServer({
    SNICallback: (name, done) => done(null, context(name)),
    ...unnamed,
  });
  server.on('secureConnection', (client) => {
    client.on('error', () => undefined);
    if (portal) {
      client.once('data', () =>
        client.end('HTTP/1.1 302 Found\r\nlocation: https://portal.example.com/\r\ncontent-length: 0\r\n\r\n'),
      );
      return;
    }
    // Node sets it on a server's sockets; its types do not say so.
    const name: unknown = Reflect.get(client, 'servername');
    const there = connectTls({
      host: client.localAddress,
      port: client.localPort ?? 443,
      ...(typeof name === 'string' ? { servername: name } : {}),
      rejectUnauthorized: false,
    });
    there.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => there.destroy());
    client.pipe(there).pipe(client);
  });
  return server.on('tlsClientError', () => undefined);
}

/** The rest of the way, to where the client meant to go. */
function onward(client: Socket): Socket {
  const there = connect({ host: client.localAddress ?? '', port: client.localPort ?? 443 });
  there.on('error', () => client.destroy()).on('close', () => client.destroy());
  client.on('close', () => there.destroy());
  return there;
}

/** The name in a ClientHello (RFC 8446 4.1.2, RFC 6066 3); undefined where it says none. */
function serverName(record: Buffer): string | undefined {
  let at = 5 + 4 + 2 + 32;
  const skip = (bytes: 1 | 2) => {
    at += bytes + (record.length < at + bytes ? 0 : record.readUIntBE(at, bytes));
  };
  skip(1);
  skip(2);
  skip(1);
  at += 2;
  while (at + 4 <= record.length) {
    const length = record.readUInt16BE(at + 2);
    if (record.readUInt16BE(at) === 0) return record.toString('latin1', at + 9, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}
