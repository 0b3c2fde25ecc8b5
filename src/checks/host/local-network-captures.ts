import type { Observation } from '../../model/observation.ts';
import { type Agreement, absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import { type Capture, captureOf } from './local.ts';

export const localNetworkCaptures = defineCheck({
  code: 'local-network-captures',
  title: 'A local network of this machine covers the address',
  layer: 'host',
  needs: [],
  documentation: {
    meaning:
      'The machine’s own routes send packets for the endpoint’s or the resolver’s address to a local device: a container bridge (docker0 takes 172.17.0.0/16, further networks follow), a VPN, or a route that was left over from another subnet. They never leave the machine by the VPC’s interface.',
    confirm: 'ip route get <address> names another device than the one that holds the instance’s address.',
    remedy:
      'Give the local network other addresses (bip and default-address-pools in /etc/docker/daemon.json, the VPN’s routes, the stale static route). Until then a more specific route through the VPC’s router helps this machine.',
    notWhen:
      'A local network beside the endpoint’s and the resolver’s addresses harms nothing. The subnet of another network interface of the same instance is the VPC’s own.',
    sources: [
      'https://docs.docker.com/engine/daemon/',
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html',
    ],
  },
  evaluate: ({ vantage, target, evidence }) => {
    if (vantage.localRoutes.length === 0) return NOT_APPLICABLE;
    const destinations = [...new Set([...evidence.addresses, ...(evidence.vpc?.addresses ?? [])])];
    const servers = target.host === undefined ? [] : vantage.resolvers.map((resolver) => resolver.address);
    const metadata = deafMetadata(vantage.metadata);
    const captured = [...destinations, ...servers, ...metadata].flatMap((address) => captureOf(vantage, address) ?? []);
    const isGenuine = (address: string) => evidence.tls(address).some((one) => one.outcome === 'trusted');
    const [first] = captured;
    if (first === undefined) {
      return destinations.length > 0 ? absent('the machine’s own routes lead to the VPC') : NOT_APPLICABLE;
    }
    return found(
      [...Map.groupBy(captured, ({ route }) => `${route.destination} ${route.device}`)].map(([key, group]) => {
        const addresses = group.map(({ address }) => address);
        const takesAll = (of: readonly string[]) => of.length > 0 && of.every((address) => addresses.includes(address));
        const { route, way, deviceAddresses } = group[0] ?? first;
        const held = deviceAddresses.length === 0 ? '' : ` (${deviceAddresses.join(', ')})`;
        return {
          key,
          resources: [route.device],
          extent: takesAll(destinations) || takesAll(servers) ? ('all' as const) : ('some' as const),
          summary: `The route ${route.destination} ${whereTo(group[0] ?? first)} of this machine takes the packets for ${list(addresses)}; they never reach the VPC.`,
          because: [
            {
              source: 'host' as const,
              text: `route ${route.destination} ${whereTo(group[0] ?? first)}${held}${route.gateway === undefined ? '' : ` through ${route.gateway}`}`,
              ref: '/proc/net/route',
            },
          ],
          predicts: (one: Observation) => predictsCapture(one, addresses, isGenuine),
          facts: { addresses, destination: route.destination, device: route.device, way },
        };
      }),
    );
  },
  fix: ({ addresses, destination, device, way }) => {
    const through = (verb: string) =>
      way === undefined
        ? []
        : addresses.map((address) => {
            const length = address.includes(':') ? 128 : 32;
            return `sudo ip route ${verb} ${address}/${length} via ${way.gateway} dev ${way.device}`;
          });
    return {
      summary: `Move the network ${destination} of ${device} to other addresses; until then send ${list(addresses)} through ${way?.device ?? 'the VPC’s interface'}.`,
      commands: through('add'),
      undo: through('del'),
      terraform: notTerraforms('routes and bridges of this machine are its own configuration.'),
      owner: 'host owner',
      caution: `Neighbours at the same addresses on ${device} are then out of reach from this machine; the routes are gone after a restart.`,
      unprovable: 'the machine’s own routes are no part of the model; run vpce-doctor again to see where they lead',
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.localNetworks = [{ device: 'docker0', cidr: '10.0.2.0/23', address: '10.0.2.1' }];
    },
  },
});

function whereTo({ route }: Capture): string {
  return route.device === '*' ? 'that rejects' : `to ${route.device}`;
}

function deafMetadata(sight: { readonly outcome: string; readonly address: string } | undefined): readonly string[] {
  return sight === undefined || sight.outcome === 'answered' ? [] : [sight.address];
}

/** What opens and proves to be the service disproves it; what opens and does not has met somebody else there. */
function predictsCapture(
  one: Observation,
  addresses: readonly string[],
  isGenuine: (address: string) => boolean,
): Agreement {
  switch (one.rung) {
    case 'tcp': {
      if (!addresses.includes(one.subject.address) || one.outcome === 'skipped') return undefined;
      return one.outcome === 'open' && isGenuine(one.subject.address) ? 'disproves' : 'agrees';
    }
    case 'dns':
      if (!addresses.includes(one.subject.server) || one.outcome === 'skipped') return undefined;
      return one.outcome === 'answered' ? 'disproves' : 'agrees';
    case 'metadata':
      return addresses.includes(one.subject.address) && one.outcome !== 'answered' ? 'agrees' : undefined;
    default:
      return undefined;
  }
}
