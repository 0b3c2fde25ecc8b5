/**
 * How the SDK's clients are set up. A real run passes them nothing but the Region and the time limits, so that endpoint
 * URLs, profiles, container and instance credentials mean what they mean to the SDK. A confined run decides everything
 * itself: where `VPCE_DOCTOR_ONLY` is set, or where the host has an environment of its own (the lab), no request, no DNS
 * query and no search for credentials may leave the networks that the wire allows.
 */
import { getCACertificates } from 'node:tls';
import ipaddr from 'ipaddr.js';
import { GUARD_VARIABLE } from '../host.ts';
import type { Host } from '../model/host.ts';
import { partitionOfRegion } from '../services/partitions.ts';
import type { CallRefusal } from './refusals.ts';

export type StaticCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** By the part of `AWS_ENDPOINT_URL_…` that names the service, as the SDK spells it. */
export const URL_NAMES = {
  ec2: 'EC2',
  sts: 'STS',
  route53: 'ROUTE_53',
  route53resolver: 'ROUTE53RESOLVER',
  ssm: 'SSM',
  s3: 'S3',
  kms: 'KMS',
  sqs: 'SQS',
  sns: 'SNS',
  secretsmanager: 'SECRETS_MANAGER',
  apigateway: 'API_GATEWAY',
} as const;
export type ApiService = keyof typeof URL_NAMES;

export type ClientSettings =
  | { readonly kind: 'sdk'; readonly region: string | undefined }
  | {
      readonly kind: 'confined';
      readonly region: string;
      /** the only place to send to: scheme, literal address, port */
      readonly endpoint: string;
      readonly credentials: StaticCredentials;
      readonly certificateAuthorities: readonly string[];
    }
  /** no request can be made at all */
  | { readonly kind: 'none'; readonly why: CallRefusal; readonly detail: string };

export type UsableSettings = Exclude<ClientSettings, { kind: 'none' }>;

/**
 * Where requests of our own go: AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL replace the service's address in the Region; a
 * profile's `endpoint_url` is not read here.
 */
export function serviceUrl(settings: UsableSettings, service: ApiService, region: string): URL {
  if (settings.kind === 'confined') return new URL(settings.endpoint);
  const own = process.env[`AWS_ENDPOINT_URL_${URL_NAMES[service]}`] || process.env['AWS_ENDPOINT_URL'];
  return new URL(own || `https://${service}.${region}.${partitionOfRegion(region).dnsSuffix}`);
}

/** The authorities to trust, where Node's own are not enough: `ca` replaces its store, so both are given. */
export function authoritiesOf(settings: UsableSettings): { readonly ca?: string[] } {
  const own = settings.kind === 'confined' ? settings.certificateAuthorities : [];
  return own.length === 0 ? {} : { ca: [...getCACertificates('default'), ...own] };
}

/** The options of an undici client for requests of our own; `ms` for connecting, and again for each part of the answer. */
export function connectionOptions(settings: UsableSettings, ms: number) {
  return { connect: { timeout: ms, ...authoritiesOf(settings) }, headersTimeout: ms, bodyTimeout: ms };
}

/**
 * The settings for one service's client. `region` is what the caller knows; without it the SDK finds its own. A host's
 * environment counts as this process's when it is `process.env` itself, not a copy: nothing else is what the SDK reads.
 * A confined run takes from `host.env` the Region (AWS_REGION, AWS_DEFAULT_REGION), the endpoint (AWS_ENDPOINT_URL_EC2,
 * _STS and so on by the service, else AWS_ENDPOINT_URL) and static credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN); other sources of credentials are not asked, because each of them may send packets.
 */
export function clientSettings(host: Host, service: ApiService, region: string | undefined): ClientSettings {
  const { env } = host;
  if (!isConfined(host)) return { kind: 'sdk', region };

  const url = env[`AWS_ENDPOINT_URL_${URL_NAMES[service]}`] || env['AWS_ENDPOINT_URL'];
  if (url === undefined || url === '') {
    return unreachable(`no endpoint URL for ${service} is set, and its public name must not be contacted here`);
  }
  const endpoint = allowedEndpoint(host, url);
  if (endpoint === undefined) return unreachable(`${url} is no literal address that may be contacted here`);

  const credentials = confinedCredentials(host);
  if (credentials === undefined) {
    const detail = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and no other source may be asked here';
    return { kind: 'none', why: 'no-credentials', detail };
  }
  return {
    kind: 'confined',
    region: region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1'),
    endpoint,
    credentials,
    certificateAuthorities: host.wire.certificateAuthorities ?? [],
  };
}

/** Whether the host decides alone where requests go and what they are signed with: the lab, and a run under the guard. */
export function isConfined({ env }: Host): boolean {
  return env !== process.env || env[GUARD_VARIABLE] !== undefined;
}

/** The only credentials that a confined run has; undefined where its environment holds none. */
export function confinedCredentials({ env }: Host): StaticCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** Where the wire leads a URL with a literal address; undefined for a name, an address that is not allowed, or no URL. */
function allowedEndpoint(host: Host, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(url);
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (!['http:', 'https:'].includes(protocol) || !ipaddr.isValid(address)) return undefined;
  const route = host.wire.route('tcp', address, port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
  if (route === undefined) return undefined;
  const literal = route.address.includes(':') ? `[${route.address}]` : route.address;
  return `${protocol}//${literal}:${route.port}${pathname}`;
}

function unreachable(detail: string): ClientSettings {
  return { kind: 'none', why: 'unreachable', detail };
}
