/**
 * One question that was put to the network, and what came back. An observation belongs to no target: two targets that
 * need the same question share its answer, so that each is asked once. The id is the question itself, readable
 * (`tcp 10.0.2.14:443`), and is what `explains`, `unexplained` and `after` refer to.
 */

import type { Denial } from './denial.ts';

export type Transport = 'udp' | 'tcp';

/** What a DNS question came back with. */
export type DnsOutcome =
  /** at least one address for the name that was asked */
  | 'answered'
  /** the name exists, without records of this type */
  | 'no-data'
  | 'nxdomain'
  | 'servfail'
  | 'refused-by-server'
  /** any other response code; `detail.rcode` has it */
  | 'other-rcode'
  /** nothing came back in time */
  | 'timeout'
  /** the kernel reported the server's port closed (ICMP) or the TCP connection was refused */
  | 'refused'
  /** no route, or the host or network is unreachable */
  | 'unreachable'
  /** this machine itself forbids sending (EPERM, EACCES) */
  | 'prohibited'
  /** an answer that is not DNS, or not ours */
  | 'malformed'
  | 'failed';

export type TcpOutcome =
  | 'open'
  /** RST: something is there and says no */
  | 'refused'
  /** silence: a filter or a black hole */
  | 'timeout'
  /** EHOSTUNREACH, ENETUNREACH: an ICMP error or no local route */
  | 'unreachable'
  | 'reset'
  /** EPERM, EACCES: this machine's own firewall */
  | 'prohibited'
  | 'failed';

export type TlsOutcome =
  /** handshake done, chain trusted, name covered, in date */
  | 'trusted'
  /** the certificate does not cover the server name */
  | 'name-mismatch'
  /** the chain ends in a root that this machine does not trust */
  | 'untrusted'
  | 'expired'
  | 'not-yet-valid'
  /** TCP opened, the ClientHello got no answer */
  | 'timeout'
  | 'reset'
  /** the peer closed the connection instead of answering */
  | 'closed'
  /** the peer answered with a TLS alert */
  | 'alert'
  /** what came back is not TLS */
  | 'not-tls'
  /** the TCP connection for the handshake could not be made */
  | 'refused'
  | 'unreachable'
  | 'prohibited'
  | 'failed';

export type HttpsOutcome =
  /** an AWS service answered, whatever the status: request id or AWS server header */
  | 'aws-answer'
  /** HTTP, but nothing that proves an AWS service */
  | 'other-answer'
  | 'timeout'
  | 'reset'
  | 'closed'
  | 'refused'
  | 'unreachable'
  | 'prohibited'
  | 'not-http'
  /** the certificate was not accepted; the TLS observation says why */
  | 'tls-failed'
  | 'failed';

/** Set on any rung when the deadline or Ctrl-C came first. */
export type Skipped = 'skipped';

/** The code of a `skipped` DNS question that was not asked because its server had answered none of those before. */
export const UNASKED = 'VPCE_DOCTOR_SILENT_SERVER';

type ObservationBase<R extends string, S, O extends string, D> = {
  readonly id: string;
  readonly rung: R;
  readonly subject: S;
  /** ids of the observations that led to this question; empty for the first ones */
  readonly after: readonly string[];
  /** how long the answer took, in milliseconds, whole numbers */
  readonly ms: number;
  readonly outcome: O | Skipped;
  readonly detail: D;
};

/** One failed system call or library error, by its code; the words are for the reader only. */
export type Failure = {
  readonly code?: string | undefined;
  readonly syscall?: string | undefined;
  readonly message?: string | undefined;
};

export type DnsSubject = {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  /** the resolver's address */
  readonly server: string;
  /** 53 unless the resolver list says otherwise */
  readonly port: number;
  readonly transport: Transport;
  /** 2 and up: the same question asked again, to tell a resolver that fails now and then from one that never answers */
  readonly attempt?: number | undefined;
};
export type DnsRecord = { readonly name: string; readonly type: string; readonly ttl: number; readonly data: string };
export type DnsDetail = {
  readonly rcode?: string | undefined;
  /** addresses that the name finally leads to, in the order of the answer */
  readonly addresses: readonly string[];
  /** names passed on the way, in order, the asked one not included */
  readonly cnames: readonly string[];
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly authoritative?: boolean | undefined;
  readonly recursionAvailable?: boolean | undefined;
  /** the UDP answer was truncated and the question was asked again over TCP */
  readonly truncated?: boolean | undefined;
  readonly ednsUdpPayloadSize?: number | undefined;
  /** RFC 8914 extended error, as `code` or `code: text` */
  readonly extendedError?: string | undefined;
  readonly failure?: Failure | undefined;
};
export type DnsObservation = ObservationBase<'dns', DnsSubject, DnsOutcome, DnsDetail>;

export type TcpSubject = {
  readonly address: string;
  readonly port: number;
  /** a source port that was chosen on purpose, to test a range that the model says is filtered */
  readonly localPort?: number | undefined;
};
export type TcpDetail = {
  /** how many connections were tried (a lost SYN is retried by the kernel inside one try) */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly failure?: Failure | undefined;
};
export type TcpObservation = ObservationBase<'tcp', TcpSubject, TcpOutcome, TcpDetail>;

export const HELLOS = ['small', 'large', 'without-sni', 'unacceptable', 'plaintext'] as const;
/**
 * `small`: classical key shares, one segment; `large`: more than 1,460 bytes; `without-sni`: small, and no server name in it;
 * `unacceptable`: small, with a cipher that no server takes, so that a few bytes of alert come back; `plaintext`: no hello at
 * all but a few bytes of something else, to see whether anything passes
 */
export type HelloKind = (typeof HELLOS)[number];

export type TlsSubject = {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  /** absent: as Node sends it by itself */
  readonly hello?: HelloKind | undefined;
};
export type Certificate = {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAlternativeNames: readonly string[];
  /** ISO 8601 */
  readonly validFrom: string;
  readonly validTo: string;
  readonly fingerprint256: string;
};
export type TlsDetail = {
  readonly protocol?: string | undefined;
  readonly cipher?: string | undefined;
  /** leaf first, as the peer sent it, issuer by issuer */
  readonly chain: readonly Certificate[];
  /**
   * which root makes the chain trusted: `bundled` is one of the public roots that Node carries, `added` is one that this
   * machine was given besides; absent when the chain is not trusted
   */
  readonly anchor?: 'bundled' | 'added' | undefined;
  /** why Node would not trust it (`SELF_SIGNED_CERT_IN_CHAIN`, `ERR_TLS_CERT_ALTNAME_INVALID` …) */
  readonly authorizationError?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly failure?: Failure | undefined;
};
export type TlsObservation = ObservationBase<'tls', TlsSubject, TlsOutcome, TlsDetail>;

export type HttpsSubject = {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  readonly method: string;
  readonly path: string;
  /** absent: as Node sends it by itself */
  readonly hello?: 'small' | undefined;
  /** bytes of a header that nobody reads, so that the request fills segments */
  readonly padding?: number | undefined;
};
export type HttpsDetail = {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly server?: string | undefined;
  /** the Date header, as sent */
  readonly date?: string | undefined;
  /** this machine's clock minus the Date header, in milliseconds, at the moment the headers came */
  readonly clockOffsetMs?: number | undefined;
  readonly errorType?: string | undefined;
  readonly contentType?: string | undefined;
  /** the first 512 characters of a text body */
  readonly body?: string | undefined;
  /** what the answer says of why it is no other */
  readonly denial?: Denial | undefined;
  readonly failure?: Failure | undefined;
};
export type HttpsObservation = ObservationBase<'https', HttpsSubject, HttpsOutcome, HttpsDetail>;

/** A read request that is signed with the caller's own credentials; only with `--signed`. */
export type AccessOutcome =
  /** the service did it */
  | 'allowed'
  /** the service refused it to this caller; `detail.denial` has its words */
  | 'denied'
  /** the service does not accept the credentials: expired, unknown, a signature that it does not get to */
  | 'credentials-rejected'
  /** the provider chain gave no credentials, so that nothing was sent */
  | 'no-credentials'
  /** nothing was sent, because the certificate there is not one of AWS: `detail.failure` says what it is */
  | 'withheld'
  /** the service answered something that is neither: it never got to the question of who asks */
  | 'answered'
  | 'timeout'
  | 'reset'
  | 'closed'
  | 'refused'
  | 'unreachable'
  | 'prohibited'
  | 'not-http'
  | 'tls-failed'
  | 'failed';
export type AccessSubject = {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  /** the service's id in our table */
  readonly service: string;
  /** `secretsmanager:ListSecrets` */
  readonly action: string;
  /** the ARN that the request is about; `*` where the action has none */
  readonly resource: string;
};
export type AccessDetail = {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly errorType?: string | undefined;
  /** the body is not kept: it may hold what the request was signed with */
  readonly denial?: Denial | undefined;
  /** who asked, where the service says it */
  readonly caller?: string | undefined;
  readonly failure?: Failure | undefined;
};
export type AccessObservation = ObservationBase<'access', AccessSubject, AccessOutcome, AccessDetail>;

export type ProxyOutcome =
  /** the proxy opened the tunnel; `detail.tls` says who answers at its end */
  | 'established'
  /** the proxy answered CONNECT with another status than 2xx and 407 */
  | 'denied'
  /** 407 */
  | 'authentication-required'
  /** it is a proxy, but speaks plaintext where the URL says https, or TLS where it says http */
  | 'wrong-scheme'
  /** something listens there that is no HTTP proxy */
  | 'not-a-proxy'
  /** the proxy's own certificate is not accepted */
  | 'tls-failed'
  /** no connection, or no answer to CONNECT, in time */
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'prohibited'
  | 'failed';
export type ProxySubject = {
  /** the environment variable that names the proxy; its credentials are taken from there when the question is asked */
  readonly variable: 'HTTPS_PROXY' | 'ALL_PROXY';
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** what the proxy is asked to connect to */
  readonly host: string;
  readonly hostPort: number;
};
export type ProxyDetail = {
  /** of the answer to CONNECT */
  readonly status?: number | undefined;
  readonly server?: string | undefined;
  /** the handshake with the host through the tunnel */
  readonly tls?: { readonly outcome: TlsOutcome; readonly issuer?: string | undefined } | undefined;
  readonly failure?: Failure | undefined;
};
export type ProxyObservation = ObservationBase<'proxy', ProxySubject, ProxyOutcome, ProxyDetail>;

/** The token request to the instance metadata service; made by the vantage, not by a plan. */
export type MetadataOutcome =
  | 'answered'
  /** HTTP 403: switched off for this instance, or a proxy or firewall in between */
  | 'forbidden'
  /** any other status, or an answer that is no token */
  | 'not-a-token'
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'prohibited'
  | 'failed';
export type MetadataSubject = {
  readonly service: 'instance';
  readonly address: string;
  readonly port: number;
};
export type MetadataDetail = {
  readonly status?: number | undefined;
  /** whether the TCP connection had been made: an answer with too few hops is lost after that */
  readonly connected?: boolean | undefined;
  readonly failure?: Failure | undefined;
};
export type MetadataObservation = ObservationBase<'metadata', MetadataSubject, MetadataOutcome, MetadataDetail>;

export type Observation =
  | DnsObservation
  | TcpObservation
  | TlsObservation
  | HttpsObservation
  | AccessObservation
  | ProxyObservation
  | MetadataObservation;
export type Rung = Observation['rung'];

/** A question before it is asked: an observation without its answer. */
type Question<O> =
  O extends ObservationBase<infer R, infer S, string, unknown>
    ? {
        readonly id: string;
        readonly rung: R;
        readonly subject: S;
        readonly after: readonly string[];
        /** why this question is worth its packets, one sentence for the report's coverage */
        readonly why: string;
      }
    : never;
export type DnsProbe = Question<DnsObservation>;
export type TcpProbe = Question<TcpObservation>;
export type TlsProbe = Question<TlsObservation>;
export type HttpsProbe = Question<HttpsObservation>;
export type AccessProbe = Question<AccessObservation>;
export type ProxyProbe = Question<ProxyObservation>;
export type Probe = DnsProbe | TcpProbe | TlsProbe | HttpsProbe | AccessProbe | ProxyProbe;

/** Whether a question is one that no application asks by itself. */
export function isExperiment(observation: Pick<Observation, 'rung' | 'subject'>): boolean {
  const { rung, subject } = observation as Observation;
  switch (rung) {
    case 'dns':
      return subject.transport === 'tcp' || subject.attempt !== undefined;
    case 'tls':
      return subject.hello !== undefined;
    case 'https':
      return subject.hello !== undefined || subject.padding !== undefined;
    default:
      return false;
  }
}

/** `10.0.2.14:443`, `[fd00::1]:443` */
export function socketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The question's identity. Two probes with the same id are the same question and are asked once. */
export function probeId(rung: Rung, subject: Observation['subject']): string {
  switch (rung) {
    case 'dns': {
      const s = subject as DnsSubject;
      const server = s.port === 53 ? s.server : socketAddress(s.server, s.port);
      const again = s.attempt === undefined ? '' : ` again ${s.attempt}`;
      return `dns ${s.name} ${s.type} @${server}${s.transport === 'tcp' ? ' tcp' : ''}${again}`;
    }
    case 'tcp': {
      const s = subject as TcpSubject;
      const from = s.localPort === undefined ? '' : ` from port ${s.localPort}`;
      return `tcp ${socketAddress(s.address, s.port)}${from}`;
    }
    case 'tls': {
      const s = subject as TlsSubject;
      const hello = s.hello === undefined ? '' : s.hello === 'plaintext' ? ' in plaintext' : ` with ${words(s.hello)}`;
      return `tls ${socketAddress(s.address, s.port)} ${s.serverName}${hello}`;
    }
    case 'https': {
      const s = subject as HttpsSubject;
      const hello = s.hello === undefined ? '' : ` with ${words(s.hello)}`;
      const padding = s.padding === undefined ? '' : ` and ${s.padding} bytes of padding`;
      return `https ${socketAddress(s.address, s.port)} ${s.serverName} ${s.method} ${s.path}${hello}${padding}`;
    }
    case 'access': {
      const s = subject as AccessSubject;
      return `access ${socketAddress(s.address, s.port)} ${s.serverName} ${s.action} ${s.resource}`;
    }
    case 'proxy': {
      const s = subject as ProxySubject;
      return `proxy ${s.scheme}://${socketAddress(s.address, s.port)} CONNECT ${socketAddress(s.host, s.hostPort)}`;
    }
    case 'metadata': {
      const s = subject as MetadataSubject;
      return `metadata ${s.service} ${socketAddress(s.address, s.port)}`;
    }
  }
}

/** The identity without what a repetition adds to it: the source port, the number of the attempt. */
export function repeatedQuestion(id: string): string {
  return id.replace(/^(tcp .*) from port \d+$|^(dns .*) again \d+$/, '$1$2');
}

function words(hello: Exclude<HelloKind, 'plaintext'>): string {
  return hello === 'without-sni'
    ? 'a hello without server name'
    : `${hello === 'small' || hello === 'large' ? 'a' : 'an'} ${hello} hello`;
}
