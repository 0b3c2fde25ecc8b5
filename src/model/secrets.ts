/** Keeps what a request was signed with out of what is kept of its answer, whatever the answerer sends back. Pure. */

/** Long enough that no ordinary word shares it with a key, short enough that a torn piece of a key is still seen. */
const WINDOW = 10;

/** Signs of a signature: a text with one of them speaks of the canonical request, or holds a hash of it (Signature Version 4). */
const SIGNATURE_WORDS =
  /aws4|x-amz-|signedheaders|credential=|signature=|canonical|string-to-sign|stringtosign|[0-9a-f]{64}/i;

/**
 * The text, or undefined where any part of a secret stands in it, in any writing: with other signs in between, escaped,
 * in another case, in base64. A text of a service that does not echo what it was sent passes unchanged.
 */
export function withoutSecrets(text: string | undefined, secrets: readonly string[]): string | undefined {
  if (text === undefined || SIGNATURE_WORDS.test(text)) return undefined;
  const readings = [text, unescaped(text)].map(bare);
  const pieces = new Set(secrets.flatMap(writings).map(bare).flatMap(windows));
  return readings.some((reading) => windows(reading).some((piece) => pieces.has(piece))) ? undefined : text;
}

function writings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Base64 groups three bytes, so that a text looks different by its place in what was encoded.
  const encoded = [0, 1, 2].map((from) => bytes.subarray(from).toString('base64').slice(0, -4));
  return [secret, [...secret].reverse().join(''), bytes.toString('hex'), ...encoded];
}

function bare(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function windows(text: string): string[] {
  if (text.length < WINDOW) return text.length < 4 ? [] : [text];
  return Array.from({ length: text.length - WINDOW + 1 }, (_, at) => text.slice(at, at + WINDOW));
}

/** Escapes of URLs, JSON and XML by number. */
function unescaped(text: string): string {
  const decoded = text.replace(/%([0-9a-f]{2})|\\u00([0-9a-f]{2})|&#x([0-9a-f]{2});/gi, (_match, a, b, c) =>
    String.fromCharCode(Number.parseInt(a ?? b ?? c, 16)),
  );
  return decoded.replace(/&#(\d{2,3});/g, (_match, code) => String.fromCharCode(Number(code)));
}
