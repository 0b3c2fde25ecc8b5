/** TLS over a TCP connection. Apart from it, because loading TLS takes longer than the first packet of a run may. */
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectSecure, type TLSSocket } from 'node:tls';
import type { Host } from '../model/host.ts';
import { settled } from './connect.ts';
import { type Hello, protocolsOf, secureContext } from './hello.ts';

export type TlsOptions = {
  readonly serverName: string;
  /** true: a certificate that is not accepted is an error; false: it is only looked at */
  readonly verify: boolean;
  /** absent: as Node sends it by itself */
  readonly hello?: Hello;
};

/** A finished TLS handshake over `socket`, which is destroyed with it. Rejects as `connectTcp`, or with a certificate error. */
export async function handshake(
  host: Host,
  socket: Socket,
  { serverName, verify, hello }: TlsOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectSecure({
    socket,
    secureContext: secureContext(host.wire, hello),
    ALPNProtocols: protocolsOf(hello),
    rejectUnauthorized: verify,
    checkServerIdentity: (_host, certificate) => (verify ? checkServerIdentity(serverName, certificate) : undefined),
    // An IP address is no server name in SNI: RFC 6066, section 3.
    ...(isIP(serverName) === 0 && hello !== 'without-sni' ? { servername: serverName } : {}),
  });
  return settled(secure, 'secureConnect', signal);
}
