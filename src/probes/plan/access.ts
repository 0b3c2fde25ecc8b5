/** What shows whether policies let requests through: signed reads, and public objects in buckets of AWS's own. */
import type { Evidence } from '../../checks/evidence.ts';
import { type AccessProbe, type HttpsObservation, type HttpsProbe, probeId } from '../../model/observation.ts';
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { cidrSet, containsAddress, familyOf } from '../../network/addresses.ts';
import { awsBucketNamed, bucketsOf } from '../../services/aws-buckets.ts';
import { bucketOfHost, isOwnHost } from '../../services/s3-hosts.ts';
import { signedReadFor } from '../../services/signed-reads.ts';

/**
 * Policies see which endpoint a request came through, and not which of its interfaces: so one question for each endpoint, and
 * one for the public and for the other private addresses. They are asked where an HTTPS request was answered, so that the
 * certificate was accepted; whose it is, probeAccess looks at on its own connection. Of those that
 * answered, the addresses that the client is led to come first.
 */
export function accessQuestions(
  state: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  target: Target,
  evidence: Evidence,
): AccessProbe[] {
  const serverName = target.host;
  const read = serverName === undefined ? undefined : signedReadFor(target.serviceId, serverName);
  if (serverName === undefined || read === undefined || isAwsBucket(serverName)) return [];
  const asked = evidence.all.filter((one) => one.rung === 'access').map((one) => one.subject.address);
  return answeredWays(state, evidence, asked).map((one): AccessProbe => {
    const { address, port } = one.subject;
    const { service, action } = read;
    const subject = { address, port, serverName, service, action, resource: read.resource(serverName) };
    const why = 'the service answers: does it do what this caller asks, by this way';
    return { id: probeId('access', subject), rung: 'access', subject, after: [one.id], why };
  });
}

/** AWS lets nobody list its buckets: what a signed request would be told there says nothing of this caller's way. */
function isAwsBucket(host: string): boolean {
  const bucket = bucketOfHost(host);
  return bucket !== undefined && awsBucketNamed(bucket) !== undefined;
}

/**
 * The unsigned GET of an object that anyone may read, in the buckets of AWS's own which the target's workload reads, or in the one
 * that the target's host is. S3 gives it to everybody: a 403 there is an S3 endpoint policy's word, with or without `--signed`. At
 * the service's own host the bucket stands in the path, so that any of S3's addresses can be asked.
 */
export function publicObjectQuestions(
  state: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  target: Target,
  evidence: Evidence,
): HttpsProbe[] {
  const { host, workload, region } = target;
  if (host === undefined || target.serviceId !== 's3') return [];
  return publicPaths(host, workload, region).flatMap((path) => {
    const asked = evidence.all.filter((one) => one.rung === 'https' && one.subject.path === path);
    const addresses = asked.flatMap((one) => (one.rung === 'https' ? [one.subject.address] : []));
    return answeredWays(state, evidence, addresses).map((one): HttpsProbe => {
      const { address, port, serverName } = one.subject;
      const subject = { address, port, serverName, method: 'GET', path };
      const why = 'anyone may read this object of AWS’s: only an endpoint policy refuses it';
      return { id: probeId('https', subject), rung: 'https', subject, after: [one.id], why };
    });
  });
}

function publicPaths(host: string, workload: string | undefined, region: string | undefined): string[] {
  const bucket = bucketOfHost(host);
  if (bucket !== undefined) return [awsBucketNamed(bucket)?.publicPath ?? []].flat();
  if (workload === undefined || region === undefined || !isOwnHost(host)) return [];
  return bucketsOf(workload, region).flatMap(({ name, publicPath }) =>
    publicPath === undefined ? [] : [`/${name}${publicPath}`],
  );
}

/** One answered request for each way, where that way was not asked at one of these addresses already. */
function answeredWays(
  state: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  evidence: Evidence,
  asked: readonly string[],
): HttpsObservation[] {
  const ways = new Set(asked.map((address) => wayTo(state, address)));
  const later = (one: HttpsObservation) => (evidence.addresses.includes(one.subject.address) ? 0 : 1);
  return evidence.all
    .filter((one): one is HttpsObservation => one.rung === 'https')
    .filter((one) => one.outcome === 'aws-answer' || one.outcome === 'other-answer')
    .toSorted((a, b) => later(a) - later(b))
    .filter((one) => {
      const way = wayTo(state, one.subject.address);
      const isNew = !ways.has(way);
      ways.add(way);
      return isNew;
    });
}

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** What policies can tell about an address: the endpoint that owns it, else whether it is private or public, in each family. */
function wayTo(
  { networkInterfaces, vpcEndpoints }: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  address: string,
) {
  const family = familyOf(address);
  const owner = networkInterfaces.known
    ? networkInterfaces.value.find(
        (one) =>
          (one.PrivateIpAddresses ?? []).some((each) => each.PrivateIpAddress === address) ||
          one.PrivateIpAddress === address ||
          (one.Ipv6Addresses ?? []).some((each) => each.Ipv6Address === address),
      )?.NetworkInterfaceId
    : undefined;
  const endpoint =
    owner === undefined || !vpcEndpoints.known
      ? undefined
      : vpcEndpoints.value.find((one) => one.NetworkInterfaceIds?.includes(owner))?.VpcEndpointId;
  return `${endpoint ?? (containsAddress(PRIVATE, address) ? 'private' : 'public')} ${family}`;
}
