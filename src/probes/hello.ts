/** The ClientHellos that a TLS experiment sends, and how long each is. */
import { createSecureContext, DEFAULT_ECDH_CURVE, getCACertificates, type SecureContext } from 'node:tls';
import type { Wire } from '../model/host.ts';
import type { TlsSubject } from '../model/observation.ts';

/** As Node sends it by itself, or as an experiment wants it. `plaintext` is no hello and needs no context. */
export type Hello = Exclude<TlsSubject['hello'], 'plaintext'>;

/** Key shares of 32 and 65 bytes: about 400 bytes in all, one segment on any path. */
const CLASSICAL = 'X25519:P-256:P-384';
/** The share alone has 1,216 bytes (draft-ietf-tls-ecdhe-mlkem). Go, browsers and OpenSSL 3.5 send it and X25519's together. */
const POST_QUANTUM = '*X25519MLKEM768:*X25519:P-256:P-384';
/** TLS 1.2 without encryption, which no server has switched on: whoever reads this hello answers with a 7-byte alert. */
const NO_SERVER_TAKES = 'NULL-SHA256:@SECLEVEL=0';

const contexts = new WeakMap<Wire, Map<Hello, SecureContext>>();

/** Building a trust store of hundreds of roots costs milliseconds of the only thread, so each wire has one per hello. */
export function secureContext(wire: Wire, hello: Hello): SecureContext {
  const known = contexts.get(wire) ?? new Map<Hello, SecureContext>();
  contexts.set(wire, known);
  const ready = known.get(hello);
  if (ready !== undefined) return ready;
  const extra = wire.certificateAuthorities ?? [];
  const context = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(extra.length > 0 ? { ca: [...getCACertificates('default'), ...extra] } : {}),
    ...groupsOf(hello),
    ...(hello === 'unacceptable' ? { ciphers: NO_SERVER_TAKES, maxVersion: 'TLSv1.2' as const } : {}),
  });
  known.set(hello, context);
  return context;
}

/**
 * The protocols that a hello offers by ALPN. Where this Node has no post-quantum key share, names that nobody serves make the
 * large hello as long (RFC 7301 lets a server pick the one that it knows).
 */
export function protocolsOf(hello: Hello): string[] {
  const padding = hello === 'large' && !hasPostQuantum() ? Array.from({ length: 7 }, (_, i) => `${i}`.repeat(240)) : [];
  return ['http/1.1', ...padding];
}

/**
 * Whether the hello that Node sends by itself is longer than a segment of 1,460 bytes: since OpenSSL 3.5, whose default
 * groups begin with X25519MLKEM768 (https://docs.openssl.org/3.5/man3/SSL_CTX_set1_curves/).
 */
export function isDefaultHelloLarge(): boolean {
  return DEFAULT_ECDH_CURVE === 'auto' && hasPostQuantum();
}

function groupsOf(hello: Hello): { ecdhCurve?: string } {
  if (hello === undefined) return {};
  return { ecdhCurve: hello === 'large' && hasPostQuantum() ? POST_QUANTUM : CLASSICAL };
}

let postQuantum: boolean | undefined;

/** Asked of the library itself: a distribution's Node may be linked against any OpenSSL. */
function hasPostQuantum(): boolean {
  if (postQuantum === undefined) {
    try {
      createSecureContext({ ecdhCurve: POST_QUANTUM });
      postQuantum = true;
    } catch {
      postQuantum = false;
    }
  }
  return postQuantum;
}
