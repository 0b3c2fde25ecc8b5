import { matchHost } from '../../services/catalogue.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { comment } from '../terraform.ts';
import { describeHello, predictsDropped, type Stalled, stalledHandshakes } from './stalled-handshakes.ts';

export const tlsHandshakeDropped = defineCheck({
  code: 'tls-handshake-dropped',
  title: 'TCP opens, but something drops the TLS handshake',
  layer: 'tls',
  needs: [],
  documentation: {
    meaning:
      'The connection opens, so security groups, network ACLs and routes let it through, and then the ClientHello gets no answer. Something on the way reads TLS: a firewall that does not allow this server name, that drops a hello without one, or that cannot put a hello together again that fills two segments. Newer Go, browsers, OpenSSL 3.5 and SDKs send such a hello, because a post-quantum key share alone has 1,216 bytes; the same name then works from an older client.',
    confirm:
      'openssl s_client -connect <address>:443 -servername <host> -groups X25519 against the same with -groups X25519MLKEM768, and with -noservername; curl -v stands still after "Client hello".',
    remedy:
      'Allow the server name in the firewall’s domain list or TLS rule; let it reassemble the stream before it looks for the name, or exempt the path to the endpoints from inspection: traffic to an endpoint’s interface needs no egress firewall. For large hellos alone, clients can be told to leave post-quantum groups out until then.',
    notWhen:
      'When small segments pass and no segment of full size does, in either direction, it is the path’s MTU, which is named instead. When a certificate comes back, whoever signed it, the handshake is not dropped.',
    sources: [
      'https://docs.aws.amazon.com/network-firewall/latest/developerguide/tls-inspection-considerations.html',
      'https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_RulesSourceList.html',
      'https://docs.aws.amazon.com/network-firewall/latest/developerguide/stateful-rule-groups-domain-names.html',
    ],
  },
  evaluate: ({ target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const stalled = stalledHandshakes(evidence, target);
    if (stalled === undefined) {
      const answered = evidence.addresses.some((address) => evidence.tls(address).length > 0);
      return answered && evidence.all.every((one) => one.rung !== 'tls' || one.detail.chain.length > 0)
        ? absent('TLS handshakes are answered')
        : NOT_APPLICABLE;
    }
    const { what } = stalled;
    if (what === 'inward' || what === 'outward') return NOT_APPLICABLE;
    // Of a provider's own service it may be the service that hangs up; an AWS service's front does not do that to TLS.
    if (what === 'hung-up' && matchHost(host)?.service === undefined) return NOT_APPLICABLE;
    return found([
      {
        // Which names a firewall drops is a matter of each name; the rest is the same for all.
        key: what === 'server-name' ? `${what} ${host}` : what,
        resources: stalled.addresses,
        extent: stalled.extent,
        summary: summaryOf(host, what, stalled.addresses),
        because: stalled.by.map((one) => ({ source: 'probe' as const, text: describeHello(one), ref: one.id })),
        predicts: predictsDropped(target, stalled),
        facts: { host, what, addresses: stalled.addresses },
      },
    ]);
  },
  fix: ({ host, what, addresses }) => ({
    summary: FIXES[what](host, list(addresses)),
    commands: [],
    undo: [],
    terraform: comment(
      'Which device drops the handshake is not known here. Where it is AWS Network Firewall, its rules are an aws_networkfirewall_rule_group.',
    ),
    owner: 'network owner',
    unprovable:
      'what a firewall does with TLS is not part of the model; run vpce-doctor again to see that the handshake is answered',
  }),
  demonstration: {
    inject: (world) => {
      world.middleboxes = { '10.0.2.14': { dropsHellosAbove: 1_460 }, '10.0.3.14': { dropsHellosAbove: 1_460 } };
      // Whatever hello this Node sends by itself, the large one is lost and the small one passes.
    },
  },
});

type Found = Exclude<Stalled['what'], 'inward' | 'outward'>;

function summaryOf(host: string, what: Found, addresses: readonly string[]): string {
  const place = list(addresses);
  const s = addresses.length > 1 ? '' : 's';
  switch (what) {
    case 'server-name':
      return `${place} open${s}, but a ClientHello that names ${host} gets no answer, and the same hello without a server name does: something on the way drops this name.`;
    case 'split-hello':
      return `${place} answer${s} a small ClientHello for ${host}, and a large one, which fills two segments, gets no answer: something on the way drops what it cannot read in one piece.`;
    case 'nothing':
      return `${place} open${s}, and then nothing gets an answer, no ClientHello for ${host}, with the server name or without, and no other bytes: something on the way drops TLS, or opens connections in the service’s place and passes nothing on.`;
    case 'hung-up':
      return `${place} open${s}, and hang${s} up on whatever is sent for ${host}, TLS or not: no AWS service does that, so something on the way does.`;
    default:
      return `${place} open${s} and a few bytes are answered, but no ClientHello for ${host} is, small or large, with the server name or without: something on the way drops TLS.`;
  }
}

const FIXES: Readonly<Record<Found, (host: string, place: string) => string>> = {
  'server-name': (host, place) =>
    `Allow the server name ${host} in the firewall between this host and ${place}, or exempt the way to the endpoint from it.`,
  'split-hello': (_host, place) =>
    `Let the firewall between this host and ${place} reassemble the stream before it looks into a ClientHello, or exempt the way to the endpoint from it.`,
  nothing: (_host, place) =>
    `Find what opens connections to ${place} and then passes nothing on (a firewall, a service mesh, a SYN proxy), and let it pass TLS.`,
  'hung-up': (_host, place) =>
    `Find what hangs up on connections to ${place} (an appliance, a service mesh), and let it pass them.`,
  'every-hello': (_host, place) =>
    `Allow TLS in the firewall between this host and ${place}, or exempt the way to the endpoint from it.`,
};
