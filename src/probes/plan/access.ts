/** Signed read requests: one for each kind of way that the target's packets take, once something answered there. */
import type { Evidence } from '../../checks/evidence.ts';
import { type AccessProbe, type HttpsObservation, probeId } from '../../model/observation.ts';
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { cidrSet, containsAddress, familyOf } from '../../network/addresses.ts';
import { signedReadFor } from '../../services/signed-reads.ts';

/**
 * Policies see which endpoint a request came through, and not which of its interfaces: so one question for each endpoint, and
 * one for the public and for the other private addresses. They are asked where an HTTPS request was answered, so that the
 * certificate was accepted; whose it is, probeAccess looks at on its own connection. The addresses that the client is led to
 * come first.
 */
export function accessQuestions(
  state: Pick<State, 'networkInterfaces' | 'vpcEndpoints'>,
  target: Target,
  evidence: Evidence,
): AccessProbe[] {
  const serverName = target.host;
  const read = serverName === undefined ? undefined : signedReadFor(target.serviceId, serverName);
  if (serverName === undefined || read === undefined) return [];
  const asked = evidence.all.filter((one) => one.rung === 'access');
  const ways = new Set(asked.map((one) => wayTo(state, one.subject.address)));
  const answered = evidence.all.filter(
    (one): one is HttpsObservation =>
      one.rung === 'https' && (one.outcome === 'aws-answer' || one.outcome === 'other-answer'),
  );
  const later = (address: string) => (evidence.addresses.includes(address) ? 0 : 1);
  const probes: AccessProbe[] = [];
  for (const one of answered.toSorted((a, b) => later(a.subject.address) - later(b.subject.address))) {
    const { address, port } = one.subject;
    const way = wayTo(state, address);
    if (ways.has(way)) continue;
    ways.add(way);
    const subject = {
      address,
      port,
      serverName,
      service: read.service,
      action: read.action,
      resource: read.resource(serverName),
    };
    const why = 'the service answers: does it do what this caller asks, by this way';
    probes.push({ id: probeId('access', subject), rung: 'access', subject, after: [one.id], why });
  }
  return probes;
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
