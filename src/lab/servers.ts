/** Who listens in a world: every interface of every live endpoint, and the servers outside the VPC. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { VpcEndpoint } from '../model/aws.ts';
import { applicationOf, findService, matchHost, standardHost, usualPrivateNames } from '../services/catalogue.ts';
import { parseServiceName } from '../services/service-names.ts';
import { CUSTOM_SERVICE_ID, type Service } from '../services/service-table.ts';
import type { Authority, CertificateRequest, Signer } from './certificates.ts';
import { canonical, interfaceAddresses } from './client.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import { respond, type Surroundings } from './respond.ts';
import type { World, WorldTlsInspection } from './world.ts';

/** One address and port that accepts connections. */
export type WorldListener = {
  /** in canonical form */
  readonly address: string;
  readonly port: number;
  readonly speaks: 'http' | 'https' | 'tls' | 'tcp';
  /** for TLS */
  readonly certificate: CertificateRequest;
  /** whose answers it gives: a service's id, `not-aws`, or undefined for an AWS service that is not in our table */
  readonly service: string | undefined;
  readonly newestTls: 'TLSv1.2' | 'TLSv1.3';
  /** the interface endpoint whose address it is */
  readonly endpointId?: string | undefined;
  /** who signed its certificate, when it is not Amazon's authority */
  readonly signer?: Signer | undefined;
  /** how far the client's clock is ahead of the Date that it sends, in milliseconds */
  readonly clockAheadMs?: number | undefined;
};

/** Every listener of the world, each address and port once: an endpoint's interface before a server of the same address. */
export function worldListeners(world: World): WorldListener[] {
  const byPlace = new Map<string, WorldListener>();
  for (const listener of [...endpointListeners(world), ...serverListeners(world)]) {
    const place = `${listener.address} ${listener.port}`;
    if (!byPlace.has(place)) byPlace.set(place, listener);
  }
  const listeners = [...byPlace.values()].map((one) => ({ ...one, clockAheadMs: world.client.clockAheadMs }));
  return world.tlsInspection === undefined ? listeners : inspected(listeners, world.tlsInspection);
}

/** The same listeners as a client behind a middlebox meets them: its signature, and perhaps its own answer, on every one. */
function inspected(
  listeners: readonly WorldListener[],
  { commonName, organization, answers }: WorldTlsInspection,
): WorldListener[] {
  return listeners.map((one) => ({
    ...one,
    signer: { commonName, organization },
    service: answers === 'block-page' ? 'block-page' : one.service,
  }));
}

/** The time for everybody but the client. */
export function trueTime(world: World): number {
  return Date.now() - (world.client.clockAheadMs ?? 0);
}

/** What the world wants odd about the certificate of an endpoint for a service. */
function oddities(world: World, serviceName: string): Partial<CertificateRequest> & Pick<WorldListener, 'signer'> {
  const { signedBy, validFromDays, validToDays } = world.endpointCertificates?.[serviceName] ?? {};
  const date = (days: number | undefined) =>
    days === undefined ? undefined : new Date(trueTime(world) + days * 86_400_000);
  return {
    ...(signedBy === 'itself' ? { selfSigned: true } : {}),
    validFrom: date(validFromDays),
    validTo: date(validToDays),
    signer:
      signedBy === 'private' ? { commonName: 'Example Partner Root CA', organization: 'Example Partner' } : undefined,
  };
}

/**
 * Interface addresses of endpoints that are not available: the interface may be there, but nothing passes it on to the
 * service, so what arrives gets no answer (facts.md 7.3).
 */
export function deafAddresses(world: World): Set<string> {
  const dead = world.api.vpcEndpoints.filter((endpoint) => !isAvailable(endpoint));
  return new Set(dead.flatMap((endpoint) => addressesOf(world, endpoint)));
}

/**
 * Listens for one of them. Its certificate comes from `authority`: Amazon's, or the one of the listener's `signer`.
 * @param surroundings by which a service of AWS checks signatures and evaluates policies; without them it does neither
 */
export async function startListener(
  listener: WorldListener,
  authority: Authority,
  listen: Listen,
  surroundings?: Surroundings,
): Promise<Listening> {
  return await listenTcp(createServer(listener, authority, surroundings), listen);
}

function createServer(listener: WorldListener, authority: Authority, surroundings: Surroundings | undefined): Server {
  const { speaks, certificate, newestTls } = listener;
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void respond(listener, surroundings, request, response);
  if (speaks === 'http') return createHttpServer(answer);
  // What a mail or database server says first is not played: the connection opens, and stays open.
  if (speaks === 'tcp') return createTcpServer();
  const { certificate: cert, key } = authority.issue(certificate);
  const tls = { cert: certificate.selfSigned ? cert : `${cert}${authority.certificate}`, key, maxVersion: newestTls };
  return speaks === 'https' ? createHttpsServer(tls, answer) : createTlsServer(tls);
}

function endpointListeners(world: World): WorldListener[] {
  return world.api.vpcEndpoints
    .filter((endpoint) => endpoint.VpcEndpointType === 'Interface' && isAvailable(endpoint))
    .flatMap((endpoint) => {
      const service = parseServiceName(endpoint.ServiceName ?? '')?.service;
      const other = findService(world.endpointAnswersAs?.[endpoint.ServiceName ?? ''] ?? '');
      const otherHost = other === undefined ? undefined : standardHost(other, world.region, world.accountId);
      const names = otherHost === undefined ? certificateNames(world, endpoint, service) : [otherHost];
      const ports = service === undefined || service.ports.length === 0 ? [443] : service.ports;
      const answers = service?.id === CUSTOM_SERVICE_ID ? 'not-aws' : (other ?? service)?.id;
      const { signer, ...odd } = oddities(world, endpoint.ServiceName ?? '');
      return addressesOf(world, endpoint).flatMap((address) =>
        ports.map((port) => ({
          ...listenerOn(address, port, service, names, odd),
          service: answers,
          endpointId: endpoint.VpcEndpointId,
          signer,
          // facts.md 2.4: interface endpoints for S3 do not negotiate TLS 1.3.
          newestTls: service?.id === 's3' ? ('TLSv1.2' as const) : ('TLSv1.3' as const),
        })),
      );
    });
}

function serverListeners(world: World): WorldListener[] {
  return Object.entries(world.servers).flatMap(([address, server]) => {
    const match = server.certificateNames.map((name) => matchHost(name)).find((found) => found !== undefined);
    return server.ports.map((port) => ({
      ...listenerOn(address, port, match?.service, server.certificateNames),
      service: match === undefined ? 'not-aws' : match.service?.id,
      newestTls: 'TLSv1.3' as const,
    }));
  });
}

function listenerOn(
  address: string,
  port: number,
  service: Service | undefined,
  names: readonly string[],
  odd: Partial<CertificateRequest> = {},
): Pick<WorldListener, 'address' | 'port' | 'speaks' | 'certificate'> {
  const application = port === 443 ? 'https' : applicationOf(service, port);
  return {
    address: canonical(address),
    port,
    speaks: port === 80 ? 'http' : application,
    certificate: { ...odd, names: names.length === 0 ? [address] : names },
  };
}

/** The world's own list, else every name that the service's clients use: private, public and the endpoint's own. */
function certificateNames(world: World, endpoint: VpcEndpoint, service: Service | undefined): readonly string[] {
  const { ServiceName = '' } = endpoint;
  const configured = world.endpointCertificateNames[ServiceName];
  if (configured !== undefined) return configured;
  const region = endpoint.ServiceRegion ?? world.region;
  const described = world.api.endpointServices.filter((candidate) => candidate.ServiceName === ServiceName);
  const standard = service === undefined ? undefined : standardHost(service, region, world.accountId);
  const names = [
    ...(standard === undefined ? [] : [standard, `*.${standard}`]),
    ...(service === undefined ? [] : usualPrivateNames(service, region)),
    ...described.flatMap((candidate) => candidate.PrivateDnsNames ?? []).map((entry) => entry.PrivateDnsName),
    ...described.map((candidate) => candidate.PrivateDnsName),
    ...(endpoint.DnsEntries ?? []).map((entry) => entry.DnsName),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

function addressesOf(world: World, endpoint: VpcEndpoint): string[] {
  const ids = endpoint.NetworkInterfaceIds ?? [];
  return world.api.networkInterfaces
    .filter((candidate) => ids.includes(candidate.NetworkInterfaceId))
    .flatMap(interfaceAddresses)
    .map(canonical);
}

function isAvailable(endpoint: VpcEndpoint): boolean {
  return endpoint.State?.toLowerCase() === 'available';
}
