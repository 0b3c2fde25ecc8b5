/** What tools say in the C locale, as codes: the one table of words, for every tool and version that the script may find. */

export type Said = {
  /** without the line that tells the exit status */
  readonly lines: readonly string[];
  readonly text: string;
  /** undefined where the answer was so long that its end was lost */
  readonly exit: number | undefined;
  /** ended by the script, because its time was over */
  readonly cut: boolean;
};

/** `timeout` gives 124; BusyBox's, and a plain kill, give 128 and the signal's number. */
const CUT = [124, 137, 143];

/** TCP opened: curl says either of the first two, by age; openssl and our own line of bash the last. */
export const CONNECTED = /Connected to |stablished connection to |^CONNECTED/m;

/** An answer without its last line, `exit N`, which the script adds. */
export function saidBy(lines: readonly string[]): Said {
  const last = lines.findLastIndex((line) => line !== '');
  const exit = /^exit (\d+)$/.exec(lines[last] ?? '')?.[1];
  const kept = exit === undefined ? lines : lines.slice(0, last);
  const status = exit === undefined ? undefined : Number(exit);
  return { lines: kept, text: kept.join('\n'), exit: status, cut: status !== undefined && CUT.includes(status) };
}

/** The C library's words, glibc's and musl's, and those of dig and nc that stand for the same. */
const WORDS = [
  [/connection refused/i, 'ECONNREFUSED'],
  [/no route to host|host is unreachable|host unreachable/i, 'EHOSTUNREACH'],
  [/network is unreachable|network unreachable/i, 'ENETUNREACH'],
  [/operation not permitted|not permitted/i, 'EPERM'],
  [/permission denied/i, 'EACCES'],
  [/connection reset/i, 'ECONNRESET'],
  [/address family not supported/i, 'EAFNOSUPPORT'],
  [/cannot assign requested address|address not available/i, 'EADDRNOTAVAIL'],
  [/address (?:already )?in use/i, 'EADDRINUSE'],
  [/timed out|timeout was reached/i, 'ETIMEDOUT'],
  [/invalid argument/i, 'EINVAL'],
] as const;

/** Linux's numbers, which OpenSSL prints. */
const NUMBERS: Readonly<Record<string, string>> = {
  '1': 'EPERM',
  '13': 'EACCES',
  '22': 'EINVAL',
  '32': 'EPIPE',
  '97': 'EAFNOSUPPORT',
  '99': 'EADDRNOTAVAIL',
  '101': 'ENETUNREACH',
  '104': 'ECONNRESET',
  '110': 'ETIMEDOUT',
  '111': 'ECONNREFUSED',
  '113': 'EHOSTUNREACH',
};

/** The system's error code that a text tells of; undefined when it tells of none. */
export function systemCode(text: string): string | undefined {
  const number = /errno=(\d+)/.exec(text)?.[1];
  return (number === undefined ? undefined : NUMBERS[number]) ?? WORDS.find(([words]) => words.test(text))?.[1];
}

/** OpenSSL's reason as Node spells its code: `error:0A00010B:SSL routines::wrong version number` is ERR_SSL_WRONG_VERSION_NUMBER. */
export function opensslCode(text: string): string | undefined {
  const reason = /error:[0-9A-F]{6,8}:SSL routines:[^:]*:([a-z0-9 /.-]+)/i.exec(text)?.[1];
  return reason === undefined
    ? undefined
    : `ERR_SSL_${reason
        .trim()
        .toUpperCase()
        .replaceAll(/[^A-Z0-9]+/g, '_')}`;
}

/** The last line that says something, for the reader. */
export function lastWords(said: Said): string | undefined {
  const line = said.lines.findLast((one) => one.trim() !== '' && !/^(?:vpce-doctor|began|ended) /.test(one));
  return line?.trim().slice(0, 300);
}

/** Milliseconds between the two times that bash printed around its question; undefined before bash 5, which knows none. */
export function measuredMs(said: Said): number | undefined {
  const [began, ended] = ['began', 'ended'].map((word) =>
    Number(new RegExp(`^${word} (\\d+\\.\\d+)$`, 'm').exec(said.text)?.[1]),
  );
  const ms = Math.round(((ended ?? Number.NaN) - (began ?? Number.NaN)) * 1000);
  return ms >= 0 ? ms : undefined;
}
