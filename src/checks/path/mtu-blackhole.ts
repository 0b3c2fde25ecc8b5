import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { notTerraforms } from '../terraform.ts';
import { describeHello, predictsDropped, stalledHandshakes } from '../tls/stalled-handshakes.ts';
import { list } from './blocked-gates.ts';

/** Below what IPsec, GRE, VXLAN and WireGuard leave of 1,500 bytes. */
const SAFE_MTU = 1_300;

export const mtuBlackhole = defineCheck({
  code: 'mtu-blackhole',
  title: 'Small packets pass, full-size ones vanish',
  layer: 'path',
  needs: [],
  documentation: {
    meaning:
      'A connection opens and small messages are answered, but a segment of full size never arrives, and nobody tells the sender: some hop carries less than the sender believes, and the ICMP message that would say so is not sent or is filtered. The server’s certificates or the client’s first long message are then sent again and again. PrivateLink itself carries 8,500 bytes, answers no larger packet with ICMP, and clamps the segment size of TCP to fit, so for TCP the loss is elsewhere on the way: a VPN or tunnel, an overlay network of containers, an inspection appliance, a peering to another Region.',
    confirm:
      'tracepath <address>, or ping -M do -s 1472 to a host behind the same hop (an endpoint answers no ping); ss -ti shows retransmissions of full segments; ip link shows the MTU of each interface.',
    remedy:
      'Lower the MTU of the interface or of the route to what the path carries, or clamp the TCP segment size at the tunnel or appliance. Let ICMP type 3 code 4 (IPv6: type 2) through, so that path MTU discovery works.',
    notWhen:
      'When large requests pass and only a large ClientHello does not, a firewall drops the hello: that is another cause. Jumbo frames of 9,001 bytes on the client are no fault inside one VPC.',
    sources: [
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html',
    ],
  },
  evaluate: ({ target, vantage, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const stalled = stalledHandshakes(evidence, target);
    if (stalled === undefined) {
      const whole = evidence.all.find((one) => one.rung === 'tls' && one.detail.chain.length > 0);
      // The server's flight with its certificates fills segments of 1,500 bytes.
      return whole === undefined ? NOT_APPLICABLE : absent('certificates arrive whole');
    }
    if (stalled.what !== 'inward' && stalled.what !== 'outward') return NOT_APPLICABLE;
    const place = list(stalled.addresses);
    const s = stalled.addresses.length > 1 ? '' : 's';
    const device = wayOut(vantage);
    const mtu = vantage.localInterfaces.find((one) => one.name === device)?.mtu;
    return found([
      {
        key: stalled.what,
        resources: stalled.addresses,
        extent: stalled.extent,
        summary:
          stalled.what === 'inward'
            ? `${place} open${s} and answer${s} in a few bytes, but the handshake for ${host} stalls where the server sends its certificates: full-size segments to this host are lost on the way, and nobody tells the server.`
            : `${place} answer${s} small messages for ${host}, but full-size segments from this host are lost on the way, and nobody tells it.`,
        because: [
          ...stalled.by.map((one) => ({ source: 'probe' as const, text: describeHello(one), ref: one.id })),
          ...(device === undefined || mtu === undefined
            ? []
            : [{ source: 'host' as const, text: `${device} has an MTU of ${mtu}`, ref: device }]),
        ],
        predicts: predictsDropped(target, stalled),
        facts: { device, mtu, place },
      },
    ]);
  },
  fix: ({ device, mtu, place }) => ({
    summary: `Find the hop between this host and ${place} that carries less than both ends believe (a tunnel, an overlay network, an appliance), and let it clamp the TCP segment size or send ICMP type 3 code 4. Until then a smaller MTU on this host avoids it.`,
    // Both directions shrink: the segment size that this host offers to the server follows from its MTU.
    commands: device === undefined ? [] : [`sudo ip link set dev ${device} mtu ${SAFE_MTU}`],
    undo: device === undefined || mtu === undefined ? [] : [`sudo ip link set dev ${device} mtu ${mtu}`],
    terraform: notTerraforms('the MTU is a setting of this host, and of what the packets pass.'),
    owner: 'network owner',
    caution: `An MTU of ${SAFE_MTU} costs throughput on every connection of this host.`,
    unprovable:
      'what a path carries is not part of the model; run vpce-doctor again to see that full-size segments pass',
  }),
  demonstration: {
    inject: (world) => {
      world.middleboxes = {
        '10.0.2.14': { losesServerFlightsAbove: 576 },
        '10.0.3.14': { losesServerFlightsAbove: 576 },
      };
    },
  },
});

/** The device of the default route: the way to an endpoint leaves by it unless a route of the host says otherwise. */
function wayOut(vantage: {
  readonly localRoutes: readonly { readonly destination: string; readonly device: string; readonly metric: number }[];
}) {
  return vantage.localRoutes
    .filter((route) => route.destination === '0.0.0.0/0')
    .toSorted((a, b) => a.metric - b.metric)[0]?.device;
}
