/** Connections, requests and tunnels as bash, nc, curl and openssl tell of them. */
import {
  type HttpsObservation,
  type ProxyObservation,
  type ProxySubject,
  probeId,
  type TcpObservation,
} from '../model/observation.ts';
import { readUnsignedDenialOf } from '../policy/denials.ts';
import { errorTypeOf, type Head, header, isAwsAnswer, readDate, requestIdOf } from '../probes/https.ts';
import { OWN_CODES, outcomeOf } from '../probes/outcome.ts';
import { printable } from '../probes/text.ts';
import type { Raw } from './raw-document.ts';
import { curlTls } from './raw-tls.ts';
import { CONNECTED, lastWords, measuredMs, opensslCode, type Said, saidBy, systemCode } from './raw-words.ts';

const BODY_CHARACTERS = 512;

export function tcpObservation({ subject, tool, ms, lines }: Raw<'tcp'>): TcpObservation {
  const said = saidBy(lines);
  const base = { id: probeId('tcp', subject), rung: 'tcp', subject, after: [], ms: measuredMs(said) ?? ms } as const;
  const open = tool === 'bash' || tool === 'nc' ? said.exit === 0 : CONNECTED.test(said.text);
  if (open) return { ...base, outcome: 'open', detail: {} };
  const code = connectCode(said) ?? 'VPCE_DOCTOR_TOOL';
  const failure = { code, syscall: 'connect', message: lastWords(said) };
  return { ...base, outcome: outcomeOf('tcp', failure), detail: { failure } };
}

/** Why TCP did not open. curl's exit status 28 is its own time limit. */
export function connectCode(said: Said): string | undefined {
  return systemCode(said.text) ?? (said.cut || said.exit === 28 ? OWN_CODES.connectTimeout : undefined);
}

/** curl's exit statuses that say what the peer did (https://curl.se/docs/manpage.html#EXIT). */
const EXITS: Readonly<Record<number, string>> = {
  1: OWN_CODES.notHttp,
  8: OWN_CODES.notHttp,
  16: OWN_CODES.notHttp,
  52: OWN_CODES.closed,
  55: OWN_CODES.closed,
  56: OWN_CODES.closed,
  92: OWN_CODES.notHttp,
};

export function httpsObservation({ subject, tool, ms, at, lines }: Raw<'https'>): HttpsObservation {
  const said = saidBy(lines);
  const base = { id: probeId('https', subject), rung: 'https', subject, after: [], ms } as const;
  const response = responseIn(said.lines);
  if (response === undefined) {
    const code = httpsCode(said, tool);
    const failure = { code, syscall: code === 'ECONNRESET' ? 'read' : undefined, message: lastWords(said) };
    const outcome = failure.code === 'VPCE_DOCTOR_TLS' ? 'tls-failed' : outcomeOf('https', failure);
    return { ...base, outcome, detail: { failure } };
  }
  const { body, timing, ...head } = response;
  const isAws = isAwsAnswer(head);
  const answer = { status: head.statusCode, errorType: errorTypeOf(head, body), body };
  const denial = isAws ? readUnsignedDenialOf(answer) : undefined;
  const [, , secured = 0, first = secured] = timing;
  return {
    ...base,
    outcome: isAws ? 'aws-answer' : 'other-answer',
    detail: {
      status: head.statusCode,
      requestId: requestIdOf(head),
      server: header(head, 'server'),
      ...readDate(head, at, Math.max(0, first - secured) * 1000),
      errorType: answer.errorType,
      contentType: header(head, 'content-type'),
      body: body === '' ? undefined : printable(body.slice(0, BODY_CHARACTERS)),
      ...(denial === undefined ? {} : { denial }),
    },
  };
}

type RawResponse = Head & { readonly body: string; readonly timing: readonly number[] };

/** The last answer of a text that begins with a status line, as `curl -i` and a server itself write it. */
function responseIn(lines: readonly string[]): RawResponse | undefined {
  const start = lines.findIndex((line) => /^HTTP\/[\d.]+ [2-5]\d\d/.test(line));
  if (start < 0) return undefined;
  const end = lines.findIndex((line, at) => at > start && line === '');
  const headers: Record<string, string> = {};
  for (const line of lines.slice(start + 1, end < 0 ? undefined : end)) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) headers[name.toLowerCase()] = value ?? '';
  }
  const rest = end < 0 ? [] : lines.slice(end + 1);
  const last = rest.findLastIndex((line) => line.startsWith('vpce-doctor '));
  const timing = (rest[last] ?? '').split(' ').slice(1).map(Number);
  const body = rest
    .slice(0, last < 0 ? undefined : last)
    .join('\n')
    .trim();
  return { statusCode: Number(/ (\d{3})/.exec(lines[start] ?? '')?.[1]), headers, body, timing };
}

function httpsCode(said: Said, tool: string): string {
  const timing = said.lines.findLast((line) => line.startsWith('vpce-doctor '))?.split(' ') ?? [];
  const opened = Number(timing[2] ?? 0) > 0 || CONNECTED.test(said.text);
  if (said.cut || said.exit === 28) return opened || tool === 'openssl' ? OWN_CODES.timeout : OWN_CODES.connectTimeout;
  const code = systemCode(said.text);
  if (code !== undefined) return code;
  const status = said.exit ?? -1;
  if ([35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 83, 90, 91].includes(status)) return 'VPCE_DOCTOR_TLS';
  if (tool === 'openssl')
    return /verify error/.test(said.text) ? 'VPCE_DOCTOR_TLS' : (opensslCode(said.text) ?? OWN_CODES.closed);
  return EXITS[status] ?? 'VPCE_DOCTOR_TOOL';
}

/**
 * A tunnel through the proxy, read from what curl told while it made one.
 * @param proxy the settings of the environment, credentials cut out
 */
export function proxyObservation(
  { subject: { host, hostPort }, ms, lines }: Raw<'proxy'>,
  proxy: Pick<ProxySubject, 'variable' | 'scheme' | 'name' | 'port'>,
): ProxyObservation | undefined {
  const said = saidBy(lines);
  const address = addressIn(said.text, proxy.name);
  if (address === undefined) return undefined;
  const subject = { ...proxy, address, host, hostPort };
  const base = { id: probeId('proxy', subject), rung: 'proxy', subject, after: [], ms } as const;
  const status = Number(/^< HTTP\/[\d.]+ (\d{3})/m.exec(said.text)?.[1] ?? Number.NaN);
  if (!Number.isNaN(status)) {
    const server = /^< (?:server|proxy-agent|via): (.*)$/im.exec(said.text)?.[1];
    const detail = { status, server: server === undefined ? undefined : printable(server) };
    if (status === 407) return { ...base, outcome: 'authentication-required', detail };
    if (status < 200 || status > 299) return { ...base, outcome: 'denied', detail };
    return { ...base, outcome: 'established', detail: { ...detail, tls: curlTls(said) } };
  }
  const failure = { code: connectCode(said) ?? 'VPCE_DOCTOR_TOOL', syscall: 'connect', message: lastWords(said) };
  if (said.exit === 60) return { ...base, outcome: 'tls-failed', detail: { failure } };
  // curl says nothing of the connection to an https:// proxy before its handshake is over.
  const shaken = opensslCode(said.text);
  if (shaken !== undefined && proxy.scheme === 'https')
    return { ...base, outcome: 'wrong-scheme', detail: { failure: { ...failure, code: shaken } } };
  if (CONNECTED.test(said.text) && failure.code === 'VPCE_DOCTOR_TOOL') {
    return { ...base, outcome: 'not-a-proxy', detail: { failure } };
  }
  return { ...base, outcome: outcomeOf('tcp', failure), detail: { failure } };
}

/** `Trying 10.0.0.5:3128...`, `Trying [fd00::5]:3128...`, and without the port before curl 7.71. */
function addressIn(text: string, name: string): string | undefined {
  const connected = /(?:Connected to|stablished connection to) \S+ \(\[?([0-9a-fA-F.:]+?)\]?(?: port \d+)?\)/.exec(
    text,
  )?.[1];
  const tried = /Trying \[?([0-9a-fA-F.:]+?)\]?(?::\d+)?\.\.\./.exec(text)?.[1];
  return connected ?? tried ?? (/^[\d.]+$/.test(name) ? name : undefined);
}
