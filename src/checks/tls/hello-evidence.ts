/**
 * What the answers to several ClientHellos at one address say together. The plan asks this table what is still worth asking,
 * and the causes ask it what has been shown, so that no experiment is made that would not be understood, and none missed.
 */
import type { HelloKind, HttpsObservation, TlsObservation } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Evidence } from '../evidence.ts';

/** A request of the padding's size needs a dozen segments on an ordinary path, and two with jumbo frames of 9,001 bytes. */
export const PADDING = 16_384;

export type Shown =
  /** the hello with this server name is dropped, the same without it is answered */
  | 'server-name'
  /** a small hello is answered, a large one is not, and other large segments pass */
  | 'split-hello'
  /** a few bytes pass and every hello is dropped */
  | 'every-hello'
  /**
   * nothing at all is answered on an open connection; that includes plaintext, which servers built on s2n-tls answer only
   * after 10 to 30 seconds (https://docs.rs/s2n-tls-sys/latest/s2n_tls_sys/s2n_blinding/type.Type.html)
   */
  | 'nothing'
  /** whatever is sent, the connection is closed or reset */
  | 'hung-up'
  /** full-size segments of the client get lost, small ones pass */
  | 'outward'
  /** full-size segments of the server get lost, small ones pass */
  | 'inward';

export type Experiment =
  | { readonly rung: 'tls'; readonly hello: HelloKind }
  | { readonly rung: 'https'; readonly hello?: 'small'; readonly padding?: number };

export type HelloReading =
  /** nothing to explain */
  | { readonly kind: 'fine' }
  | { readonly kind: 'ask'; readonly experiments: readonly Experiment[] }
  /** `by` is every observation that the conclusion rests on */
  | { readonly kind: 'shown'; readonly what: Shown; readonly by: readonly (TlsObservation | HttpsObservation)[] };

const FINE: HelloReading = { kind: 'fine' };

/** TCP opened and the hello got no answer: a reset or an end are no answer either. */
export function isDropped(tls: TlsObservation): boolean {
  return tls.outcome === 'timeout' || tls.outcome === 'reset' || tls.outcome === 'closed';
}

/** Somebody read the hello, and said so in TLS. */
function isAnswered(tls: TlsObservation): boolean {
  return !isDropped(tls) && !['failed', 'refused', 'unreachable', 'prohibited', 'not-tls'].includes(tls.outcome);
}

/** Whatever came back shows that the request got there. */
function arrived(https: HttpsObservation): boolean {
  return ['aws-answer', 'other-answer', 'not-http', 'reset', 'closed'].includes(https.outcome);
}

/**
 * Reads the handshakes with one address.
 * @param defaultHello how long the hello is that Node sends by itself; undefined when only conclusions are wanted
 */
export function readHellos(
  evidence: Pick<Evidence, 'tls' | 'https' | 'hellos' | 'requests'>,
  target: Pick<Target, 'application'>,
  address: string,
  defaultHello?: 'small' | 'large',
): HelloReading {
  const [plain] = evidence.tls(address);
  if (plain === undefined) return FINE;
  const seen = (hello: HelloKind) => evidence.hellos(address).find((one) => one.subject.hello === hello);
  const ask = (...hellos: HelloKind[]): HelloReading => ({
    kind: 'ask',
    experiments: hellos.filter((hello) => seen(hello) === undefined).map((hello) => ({ rung: 'tls', hello })),
  });
  const shown = (what: Shown, ...by: (TlsObservation | HttpsObservation | undefined)[]): HelloReading => ({
    kind: 'shown',
    what,
    by: by.filter((one) => one !== undefined),
  });

  if (!isDropped(plain)) {
    if (plain.outcome !== 'trusted') return FINE;
    const [short] = evidence.https(address);
    const full = evidence
      .requests(address)
      .find((one) => one.subject.hello === undefined && one.subject.padding !== undefined);
    const large = seen('large');
    if (full?.outcome === 'timeout' && short !== undefined && arrived(short))
      return shown('outward', plain, large, short, full);
    if (large === undefined) return defaultHello === 'small' ? ask('large') : FINE;
    return isDropped(large) ? largeLost(evidence, target, plain, large, shown) : FINE;
  }
  const small = seen('small') ?? (defaultHello === 'large' ? undefined : plain);
  // After silence all at once: each costs seconds to wait for, and packets cost nothing. What hangs up does so at once.
  if (small === undefined)
    return plain.outcome === 'timeout' ? ask('small', 'without-sni', 'unacceptable', 'plaintext') : ask('small');
  if (isAnswered(small)) return largeLost(evidence, target, small, plain, shown);
  const withoutSni = seen('without-sni');
  const unacceptable = seen('unacceptable');
  const plaintext = seen('plaintext');
  if (withoutSni === undefined || unacceptable === undefined || plaintext === undefined)
    return ask('without-sni', 'unacceptable', 'plaintext');
  if (isAnswered(withoutSni)) return shown('server-name', plain, withoutSni);
  const all = [plain, small, withoutSni, unacceptable, plaintext];
  // A few bytes of alert, or an end, come back where the flight with the certificates does not.
  const silent = [plain, small, withoutSni].every((one) => one.outcome === 'timeout');
  if (isAnswered(unacceptable) || (silent && isDropped(unacceptable) && unacceptable.outcome !== 'timeout'))
    return shown('inward', plain, small, withoutSni, unacceptable);
  if (all.every((one) => one.outcome === 'timeout')) return shown('nothing', ...all);
  return shown(all.some((one) => one.outcome === 'timeout') ? 'every-hello' : 'hung-up', ...all);
}

/**
 * A small hello is answered and a large one is not: is it the hello, or any segment of full size? A request as long tells.
 * Only of HTTPS: what another protocol says to 16 kB of nonsense is not known.
 */
function largeLost(
  evidence: Pick<Evidence, 'https' | 'requests'>,
  target: Pick<Target, 'application'>,
  small: TlsObservation,
  large: TlsObservation,
  shown: (what: Shown, ...by: (TlsObservation | HttpsObservation | undefined)[]) => HelloReading,
): HelloReading {
  const { address, hello } = small.subject;
  if (target.application !== 'https' || small.outcome !== 'trusted') return shown('split-hello', large, small);
  const own = hello === 'small' ? { hello } : {};
  const requests = evidence.requests(address).filter((one) => one.subject.hello === own.hello);
  const short =
    own.hello === undefined ? evidence.https(address)[0] : requests.find((one) => one.subject.padding === undefined);
  const full = requests.find((one) => one.subject.padding !== undefined);
  if (short === undefined || full === undefined) {
    const experiments: Experiment[] = [
      ...(short === undefined && own.hello !== undefined ? [{ rung: 'https' as const, ...own }] : []),
      ...(full === undefined ? [{ rung: 'https' as const, ...own, padding: PADDING }] : []),
    ];
    return { kind: 'ask', experiments };
  }
  // Where not even a short request is answered, the long one says nothing.
  return arrived(short) && full.outcome === 'timeout'
    ? shown('outward', large, small, short, full)
    : shown('split-hello', large, small, full);
}
