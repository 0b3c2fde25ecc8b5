import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rung } from '../../src/model/observation.ts';
import { failureOf, OWN_CODES, outcomeOf, ownError } from '../../src/probes/outcome.ts';
import { printable } from '../../src/probes/text.ts';

const RUNGS = ['dns', 'tcp', 'tls', 'https'] as const satisfies readonly Rung[];
const systemError = (code: string, syscall?: string) =>
  Object.assign(new Error('words'), { code, ...(syscall && { syscall }) });

describe('outcomeOf', () => {
  it.each([
    // error, and the outcome for dns, tcp, tls, https
    ['ECONNREFUSED', 'connect', ['refused', 'refused', 'refused', 'refused']],
    ['ETIMEDOUT', 'connect', ['timeout', 'timeout', 'failed', 'timeout']],
    ['ETIMEDOUT', 'read', ['timeout', 'timeout', 'timeout', 'timeout']],
    ['EHOSTUNREACH', 'connect', ['unreachable', 'unreachable', 'unreachable', 'unreachable']],
    ['ENETUNREACH', 'connect', ['unreachable', 'unreachable', 'unreachable', 'unreachable']],
    ['EINVAL', 'connect', ['unreachable', 'unreachable', 'unreachable', 'unreachable']],
    ['EPERM', 'send', ['prohibited', 'prohibited', 'prohibited', 'prohibited']],
    ['EACCES', 'connect', ['prohibited', 'prohibited', 'prohibited', 'prohibited']],
    ['ECONNRESET', 'read', ['failed', 'reset', 'reset', 'reset']],
    ['ECONNRESET', undefined, ['failed', 'failed', 'closed', 'closed']],
    ['EPIPE', 'write', ['failed', 'reset', 'reset', 'reset']],
    ['UND_ERR_SOCKET', undefined, ['failed', 'failed', 'closed', 'closed']],
    ['HPE_INVALID_CONSTANT', undefined, ['failed', 'failed', 'failed', 'not-http']],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined, ['failed', 'failed', 'not-tls', 'tls-failed']],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', undefined, ['failed', 'failed', 'alert', 'tls-failed']],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', undefined, ['failed', 'failed', 'alert', 'tls-failed']],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', undefined, ['failed', 'failed', 'alert', 'tls-failed']],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, ['failed', 'failed', 'name-mismatch', 'tls-failed']],
    ['CERT_HAS_EXPIRED', undefined, ['failed', 'failed', 'expired', 'tls-failed']],
    ['CERT_NOT_YET_VALID', undefined, ['failed', 'failed', 'not-yet-valid', 'tls-failed']],
    ['SELF_SIGNED_CERT_IN_CHAIN', undefined, ['failed', 'failed', 'untrusted', 'tls-failed']],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', undefined, ['failed', 'failed', 'untrusted', 'tls-failed']],
    ['EMFILE', 'connect', ['failed', 'failed', 'failed', 'failed']],
    ['EADDRINUSE', 'connect', ['failed', 'failed', 'failed', 'failed']],
    // Own properties of the table only.
    ['constructor', undefined, ['failed', 'failed', 'failed', 'failed']],
  ])('%s in %s', (code, syscall, outcomes) => {
    expect(RUNGS.map((rung) => outcomeOf(rung, systemError(code, syscall)))).toEqual(outcomes);
  });

  it('knows this tool’s own codes', () => {
    const own = Object.keys(OWN_CODES) as (keyof typeof OWN_CODES)[];
    const outcomes = Object.fromEntries(
      own.map((code) => [code, RUNGS.map((rung) => outcomeOf(rung, ownError(code, '')))]),
    );
    expect(outcomes).toEqual({
      guard: ['prohibited', 'prohibited', 'prohibited', 'prohibited'],
      timeout: ['timeout', 'timeout', 'timeout', 'timeout'],
      connectTimeout: ['timeout', 'timeout', 'failed', 'timeout'],
      skipped: ['skipped', 'skipped', 'skipped', 'skipped'],
      closed: ['failed', 'failed', 'closed', 'closed'],
      notDns: ['malformed', 'failed', 'failed', 'failed'],
      notHttp: ['failed', 'failed', 'failed', 'not-http'],
      badAddress: ['failed', 'failed', 'failed', 'failed'],
      badName: ['failed', 'failed', 'failed', 'failed'],
      withheld: ['failed', 'failed', 'failed', 'failed'],
      bug: ['failed', 'failed', 'failed', 'failed'],
    });
  });

  it.each([[new TypeError('x is not a function')], ['text'], [undefined], [{ code: 20 }]])(
    'throws a bug again: %s',
    (bug) => {
      let caught: unknown = 'nothing';
      try {
        outcomeOf('tcp', bug);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(bug);
    },
  );
});

describe('failureOf', () => {
  it('keeps code, system call and words, the words harmless and short', () => {
    const error = Object.assign(new Error(`\u001b[2J${'x'.repeat(400)}`), { code: 'EPERM', syscall: 'send' });
    expect(failureOf(error)).toEqual({ code: 'EPERM', syscall: 'send', message: `\uFFFD[2J${'x'.repeat(296)}` });
    expect(failureOf('text')).toEqual({ code: undefined, syscall: undefined, message: undefined });
  });
});

describe('printable', () => {
  it.each([
    ['plain text, ünïcode 漢字 🙂\tand\nlines', 'plain text, ünïcode 漢字 🙂\tand\nlines'],
    ['a\r\nb', 'a\nb'],
    ['over\rwritten', 'over\uFFFDwritten'],
    ['\u0000\u0007\u001b[31m\u009b', '\uFFFD\uFFFD\uFFFD[31m\uFFFD'],
    // right-to-left override, zero-width space, half a surrogate pair
    ['\u202egnp\u200b\ud800', '\uFFFDgnp\uFFFD\uFFFD'],
  ])('%j', (text, expected) => expect(printable(text)).toBe(expected));
});

describe('the probes’ sources', () => {
  const folder = join(import.meta.dirname, '../../src/probes');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  /** Every way to decide by an error's words: a method, a comparison, a pattern. */
  const BY_MESSAGE =
    /\.message\s*(\?\.|\.)\s*(includes|match|matchAll|startsWith|endsWith|indexOf|search|test)|\.message\s*[!=]==?|\.(test|exec)\([^)]*\.message/;

  it('are all looked at, and the pattern finds what it is meant to find', () => {
    expect(files).toContain('outcome.ts');
    for (const bad of [
      "e.message.includes('x')",
      "e.message === 'x'",
      '/x/.test(e.message)',
      'e.message?.match(/x/)',
    ]) {
      expect(bad).toMatch(BY_MESSAGE);
    }
  });

  it.each(files)('%s decides nothing by an error’s words', (name) => {
    expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(BY_MESSAGE);
  });
});
