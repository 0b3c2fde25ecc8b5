import type { Observation } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { serviceById } from '../../services/service-table.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { type Evidence, leadsToPrivate } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import { isForbiddenHere } from './local.ts';

export const hostFirewallBlocks = defineCheck({
  code: 'host-firewall-blocks',
  title: 'This machine’s own firewall forbids the connection',
  layer: 'host',
  needs: [],
  documentation: {
    meaning:
      'The kernel of this machine refuses to send the packets: a rule of nftables, iptables or firewalld on the way out, SELinux, or a limit on the service’s control group (IPAddressDeny). No packet reaches the VPC, whatever its security groups and network ACLs say.',
    confirm:
      'curl -v https://<host>/ fails at once with “Operation not permitted”, “Permission denied” or “No route to host”; sudo nft list ruleset, or sudo iptables -S OUTPUT, shows the rule.',
    remedy:
      'Allow the port out to the endpoint’s addresses (or remove the rule), and keep the change where the rules come from.',
    notWhen:
      'A rule that drops in silence looks like any lost packet from here, and is not named by this. A connection that is refused may have met a sidecar or an appliance: then this is only likely.',
    sources: [
      'https://man7.org/linux/man-pages/man2/connect.2.html',
      'https://man7.org/linux/man-pages/man8/iptables-extensions.8.html',
    ],
  },
  evaluate: ({ vantage, target, evidence }) => {
    if (!evidence.probed) return NOT_APPLICABLE;
    const isOwn = (one: Observation) =>
      one.rung === 'tcp' ? one.subject.port === target.port : one.rung === 'dns' && asked(one.subject.server);
    const asked = (server: string) => vantage.resolvers.some((resolver) => resolver.address === server);
    const forbidden = evidence.all.filter((one) => isOwn(one) && isForbiddenHere(vantage, one));
    const places = distinct(forbidden.flatMap((one) => placeOf(one) ?? []));
    if (places.length === 0) {
      // A REJECT rule without options answers like a closed port; packets alone cannot tell who refused.
      if (refusedAddresses(target, vantage, evidence).length > 0) return unknown([]);
      const sent = evidence.all.some((one) => one.rung === 'tcp' && one.outcome === 'open');
      return sent ? absent('the machine lets the connection out') : NOT_APPLICABLE;
    }
    const rest = evidence.addresses.filter((address) => evidence.tcp(address).some((one) => one.outcome === 'open'));
    const words = [
      ...new Set(forbidden.flatMap((one) => ('failure' in one.detail ? (one.detail.failure?.code ?? []) : []))),
    ];
    const addresses = [...new Set(places.map((place) => place.address))];
    return found([
      {
        key: `${places[0]?.protocol} ${places[0]?.port}`,
        resources: [vantage.instanceId ?? 'this host'],
        extent: rest.length > 0 ? 'some' : 'all',
        summary: `This machine itself refuses to send to ${list(addresses)} port ${places[0]?.port}: the kernel answers ${list(words)} at once.`,
        because: forbidden.slice(0, 4).map((one) => ({
          source: 'probe' as const,
          text: `${one.id}: ${'failure' in one.detail ? (one.detail.failure?.code ?? one.outcome) : one.outcome} after ${one.ms} ms`,
          ref: one.id,
        })),
        predicts: (one) => (isOwn(one) && isForbiddenHere(vantage, one) ? 'agrees' : undefined),
        facts: { places },
      },
    ]);
  },
  suspect: ({ vantage, target, evidence }) => {
    const refused = refusedAddresses(target, vantage, evidence);
    if (refused.length === 0) return undefined;
    return {
      key: `refused ${target.port}`,
      resources: [vantage.instanceId ?? 'this host'],
      extent: refused.length < evidence.addresses.length ? 'some' : 'all',
      summary: `${list(refused)} ${refused.length > 1 ? 'refuse' : 'refuses'} port ${target.port} at once, which an endpoint of an AWS service never does: a REJECT rule of this machine answers so, and so does a sidecar or an appliance in between.`,
      because: refused.map((address) => ({
        source: 'probe' as const,
        text: `connection to ${address} refused after ${evidence.tcp(address)[0]?.ms} ms`,
        ref: evidence.tcp(address)[0]?.id,
      })),
      predicts: (one) =>
        one.rung === 'tcp' && one.outcome === 'refused' && refused.includes(one.subject.address) ? 'agrees' : undefined,
      facts: { places: refused.map((address) => ({ address, port: target.port, protocol: 'tcp' as const })) },
    };
  },
  fix: ({ places }) => {
    const rule = (verb: string) =>
      places.map(
        ({ address, port, protocol }) =>
          `sudo ${address.includes(':') ? 'ip6tables' : 'iptables'} -${verb} OUTPUT -p ${protocol} -d ${address} --dport ${port} -j ACCEPT`,
      );
    return {
      summary: `Let this machine send to ${list([...new Set(places.map((place) => place.address))])} port ${places[0]?.port}.`,
      commands: rule('I'),
      undo: rule('D'),
      terraform: notTerraforms('the firewall is this machine’s own.'),
      owner: 'host owner',
      caution:
        'Where firewalld, ufw, an agent or SELinux made the rule, change it there: rules set by hand are lost at the next reload.',
      unprovable:
        'the machine’s own firewall is no part of the model; run vpce-doctor again to see that it lets the connection out',
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.forbidden = ['10.0.2.0/23'];
    },
  },
});

/** Refusals by addresses inside the VPC on the service's own port: there the service listens whenever the endpoint is there. */
function refusedAddresses(target: Target, vantage: Vantage, evidence: Evidence): readonly string[] {
  const ports = target.serviceId === undefined ? [] : (serviceById(target.serviceId)?.ports ?? []);
  if (!ports.includes(target.port) || !leadsToPrivate(evidence, vantage)) return [];
  return evidence.addresses.filter((address) => evidence.tcp(address).some((one) => one.outcome === 'refused'));
}

type Place = { readonly address: string; readonly port: number; readonly protocol: 'tcp' | 'udp' };

/** A series of source ports, or a name that is asked again, meets one rule many times. */
function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((one) => [`${one.protocol} ${one.address} ${one.port}`, one])).values()];
}

function placeOf(one: Observation): Place | undefined {
  if (one.rung === 'tcp') return { address: one.subject.address, port: one.subject.port, protocol: 'tcp' };
  if (one.rung !== 'dns') return undefined;
  return { address: one.subject.server, port: one.subject.port, protocol: one.subject.transport };
}
