/** Who answers at an address when it is asked for by this server name, and would this machine believe them? */
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import type { Durations } from '../durations.ts';
import type { Host } from '../model/host.ts';
import type { TlsDetail, TlsObservation, TlsProbe } from '../model/observation.ts';
import { anchorOf, readChain } from './certificate.ts';
import { connectTcp, hangUp } from './connect.ts';
import { handshake } from './handshake.ts';
import { startLimit } from './limit.ts';
import { codeOf, failureOf, outcomeOf } from './outcome.ts';
import { askPlainly } from './plaintext.ts';

/**
 * TCP within `durations.tcpConnect`, then the handshake within `durations.tlsHandshake`. The handshake is finished
 * whatever the certificate says, so that its chain is kept as evidence; nothing is sent after it.
 *
 * Of several faults of a certificate the outcome names the first of: not in date, not trusted, wrong name. A wrong date
 * comes first because a clock that is off spoils every certificate at once; trust comes before the name because the
 * stranger who signed is the news, whatever name he wrote. Names and dates can be read off the chain again, trust cannot.
 *
 * `subject.hello` chooses another ClientHello (src/probes/hello.ts). Without a server name the peer cannot know which
 * certificate is wanted, so its names are not judged. `plaintext` sends no hello at all: src/probes/plaintext.ts.
 */
export async function probeTls(
  probe: TlsProbe,
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<TlsObservation> {
  const { id, rung, subject, after } = probe;
  const started = host.monotonic();
  const observe = (outcome: TlsObservation['outcome'], detail: TlsDetail): TlsObservation => {
    return { id, rung, subject, after, ms: Math.round(host.monotonic() - started), outcome, detail };
  };
  const connectLimit = startLimit(durations.tcpConnect, signal, 'connectTimeout');
  let handshakeLimit: ReturnType<typeof startLimit> | undefined;
  let localAddress: string | undefined;
  let secure: TLSSocket | undefined;
  try {
    const socket = await connectTcp(host, subject, connectLimit.signal);
    connectLimit.end();
    localAddress = socket.localAddress;
    handshakeLimit = startLimit(durations.tlsHandshake, signal);
    if (subject.hello === 'plaintext') {
      try {
        return observe(await askPlainly(socket, handshakeLimit.signal), { chain: [], localAddress });
      } finally {
        socket.destroy();
      }
    }
    const options = { serverName: subject.serverName, verify: false, hello: subject.hello };
    secure = await handshake(host, socket, options, handshakeLimit.signal);
    const detail = { ...evidenceOf(secure), localAddress };
    const fault = faultOf(secure, subject.hello === 'without-sni' ? undefined : subject.serverName);
    if (fault === undefined) return observe('trusted', detail);
    return observe(outcomeOf(rung, fault), { ...detail, authorizationError: codeOf(fault) });
  } catch (error) {
    return observe(outcomeOf(rung, error), { chain: [], localAddress, failure: failureOf(error) });
  } finally {
    connectLimit.end();
    handshakeLimit?.end();
    if (secure !== undefined) hangUp(secure);
  }
}

function evidenceOf(secure: TLSSocket) {
  return {
    protocol: secure.getProtocol() ?? undefined,
    cipher: secure.getCipher().name,
    chain: readChain(secure.getPeerCertificate(true)),
    anchor: secure.authorized ? anchorOf(secure.getPeerCertificate(true)) : undefined,
  };
}

/**
 * OpenSSL walks the chain from the root down and keeps the last fault it met, which it looks for in the order trust,
 * date: so a wrong date wins over a missing root without our help. It never looks at the name here; we do.
 */
export function faultOf(secure: TLSSocket, serverName: string | undefined): unknown {
  // Node's types call it an Error; it is the code, a string, as the documentation of the X509 error codes says.
  const chainError: unknown = secure.authorizationError;
  if (typeof chainError === 'string') return { code: chainError };
  if (chainError) return chainError;
  if (serverName === undefined) return undefined;
  try {
    return checkServerIdentity(serverName, secure.getPeerCertificate());
  } catch (error) {
    // Names in the certificate that no one can read.
    return error;
  }
}
