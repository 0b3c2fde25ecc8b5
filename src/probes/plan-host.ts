/** Questions that this machine's own settings raise: does the proxy connect, and where does a configured endpoint URL lead? */
import type { Evidence } from '../checks/evidence.ts';
import { type Probe, probeId } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { familyOf } from '../network/addresses.ts';
import { hostsEntries } from '../network/resolution.ts';
import { searchCandidates } from '../network/search-list.ts';

/** A proxy may have many addresses; clients try the first ones. */
const MOST_PROXY_ADDRESSES = 2;

/** Pure; what has been asked already is left out by the caller. */
export function hostProbes(vantage: Vantage, target: Target, evidence: Evidence): Probe[] {
  return [...proxyProbes(vantage, target, evidence), ...overrideProbes(vantage, evidence)];
}

/** Only HTTPS goes through a tunnel; a plain HTTP proxy would be sent the request itself. */
function proxyProbes(vantage: Vantage, target: Target, { proxy }: Evidence): Probe[] {
  const host = target.host ?? target.address;
  if (proxy?.place === undefined || proxy.variable === 'HTTP_PROXY' || proxy.through.length === 0) return [];
  if (host === undefined) return [];
  const { place, variable } = proxy;
  const why = `${variable} sends ${host} through ${place.host}: a client that heeds it gets what the proxy gives`;
  return [
    ...lookups(vantage, place.host, `the host of ${variable}`),
    ...proxy.addresses.slice(0, MOST_PROXY_ADDRESSES).map((address): Probe => {
      const subject = {
        variable,
        scheme: place.scheme,
        name: place.host,
        address,
        port: place.port,
        host,
        hostPort: target.port,
      };
      const after = proxy.lookups.filter((one) => one.detail.addresses.includes(address)).map((one) => one.id);
      return { id: probeId('proxy', subject), rung: 'proxy', subject, after, why };
    }),
  ];
}

function overrideProbes(vantage: Vantage, { override }: Evidence): Probe[] {
  if (override === undefined) return [];
  const why = 'the SDKs are told to use this host instead of the service’s own';
  return [
    ...lookups(vantage, override.host, why),
    ...override.addresses.map((address): Probe => {
      const subject = { address, port: override.port };
      const after = override.observations.filter((one) => one.rung === 'dns').map((one) => one.id);
      return { id: probeId('tcp', subject), rung: 'tcp', subject, after, why };
    }),
  ];
}

function lookups(vantage: Vantage, name: string, why: string): Probe[] {
  if (familyOf(name) !== undefined || name === 'localhost' || hostsEntries(vantage, name).length > 0) return [];
  return searchCandidates(vantage, name).flatMap((candidate) =>
    vantage.resolvers.flatMap(({ address: server, port }) =>
      (['A', 'AAAA'] as const).map((type): Probe => {
        const subject = { name: candidate, type, server, port, transport: 'udp' as const };
        return { id: probeId('dns', subject), rung: 'dns', subject, after: [], why };
      }),
    ),
  );
}
