import { missing } from '../../model/state.ts';
import { byId } from '../../network/index-by-id.ts';
import { isVpcResolver, primaryCidrOf, vpcResolverAddresses } from '../../network/resolution.ts';
import { absent, type Draft, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { captureOf, isForbiddenHere } from '../host/local.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';

const ANSWERS = new Set<string>(['answered', 'no-data', 'nxdomain']);
const SILENT = new Set(['timeout', 'refused', 'unreachable', 'prohibited', 'failed', 'malformed']);

export const resolverUnreachable = defineCheck({
  code: 'resolver-unreachable',
  title: 'The client’s resolver does not answer',
  layer: 'dns',
  needs: ['vpcAttributes'],
  documentation: {
    meaning:
      'No answer comes from a resolver that the client’s resolv.conf names, so names cannot be looked up, or only after seconds of waiting for the next resolver. Unlike the VPC’s own resolver, a resolver of your own is reached by ordinary packets: security groups, network ACLs, routes and its own firewall all apply to port 53, UDP and TCP.',
    confirm: 'dig <host> @<resolver>, from the client: "connection timed out; no servers could be reached".',
    remedy:
      'Repair the way to the resolver (port 53, UDP and TCP, both directions) or the resolver itself, or let the client ask the VPC’s resolver.',
    notWhen:
      'When it is the VPC’s own resolver that is silent and enableDnsSupport is false, that is the cause, and it is named instead.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html'],
  },
  evaluate: ({ state, vantage, target, evidence }) => {
    if (target.host === undefined) return NOT_APPLICABLE;
    const { configured } = evidence;
    if (configured.length === 0) return NOT_APPLICABLE;
    const primary = primaryCidrOf(vantage);
    const silent = configured.filter((answer) => SILENT.has(answer.outcome));
    // What never left this machine says nothing of the resolver; host-firewall-blocks and local-network-captures name it.
    // And one that answers some of its questions is there: dns-intermittent counts them.
    const alive = new Set(
      evidence
        .answersFor(target.host)
        .filter(
          ({ transport, observations }) => transport === 'udp' && observations.some((one) => ANSWERS.has(one.outcome)),
        )
        .map(({ server }) => server),
    );
    const dead = silent.filter(
      (answer) =>
        !alive.has(answer.server) &&
        captureOf(vantage, answer.server) === undefined &&
        !answer.observations.some((one) => isForbiddenHere(vantage, one)),
    );
    if (dead.length === 0 && silent.length > 0) return NOT_APPLICABLE;
    if (dead.length === 0)
      return absent(`the client’s resolver ${list(configured.map((answer) => answer.server))} answers`);
    const attributes = vantage.vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vantage.vpcId);
    const ours = dead.filter((answer) => isVpcResolver(answer.server, primary));
    if (ours.length === dead.length) {
      if (attributes?.EnableDnsSupport?.Value === false) return NOT_APPLICABLE;
      if (attributes?.EnableDnsSupport?.Value === undefined)
        return unknown([
          missing(state, 'vpcAttributes', 'enableDnsSupport: whether the VPC’s resolver is switched off'),
        ]);
    }
    const servers = dead.map((answer) => answer.server);
    const all = dead.length === configured.length;
    const how = list(
      dead.map((answer) => `${answer.server} (${answer.outcome === 'timeout' ? 'silence' : answer.outcome})`),
    );
    return found([
      {
        key: servers.join(' '),
        resources: servers,
        extent: all ? 'all' : 'some',
        summary: `${how} ${servers.length > 1 ? 'do' : 'does'} not answer for ${target.host}${all ? '' : '; the next resolver does, after a wait'}.`,
        because: [
          {
            source: 'host',
            text: `resolv.conf: ${vantage.resolvers.map((resolver) => resolver.address).join(', ')}`,
            ref: '/etc/resolv.conf',
          },
        ],
        predicts: (observation) => {
          if (observation.rung !== 'dns' || !servers.includes(observation.subject.server)) return undefined;
          return SILENT.has(observation.outcome)
            ? 'agrees'
            : observation.outcome === 'answered'
              ? 'disproves'
              : undefined;
        },
        facts: { servers, resolver: vpcResolverAddresses(primary)[0] ?? '169.254.169.253' },
      },
    ]);
  },
  fix: ({ servers, resolver }) => ({
    summary: `Let the client ask the VPC’s resolver ${resolver} instead of ${list(servers)}, or repair the way to ${servers.length > 1 ? 'them' : 'it'} on port 53 (UDP and TCP, both directions).`,
    commands: [
      `sudo sed -i.bak -e 's/^nameserver ${servers[0]?.replaceAll('.', '\\.')}$/nameserver ${resolver}/' /etc/resolv.conf`,
    ],
    undo: ['sudo mv /etc/resolv.conf.bak /etc/resolv.conf'],
    owner: 'DNS owner',
    terraform: notTerraforms(
      'resolv.conf belongs to the host. Where DHCP options hand it out: aws_vpc_dhcp_options with domain_name_servers.',
    ),
    caution: 'Where DHCP options hand out the resolver, change them there, or the next lease brings it back.',
    edit: (draft: Draft) => {
      draft.vantage.resolvers = [{ address: resolver, port: 53 }];
    },
  }),
  demonstration: {
    inject: (world) => {
      world.client.nameservers = ['10.0.0.53'];
      world.resolvers['10.0.0.53'] = { behaviour: 'silent', records: {} };
      for (const options of world.api.dhcpOptions)
        options.DhcpConfigurations = [{ Key: 'domain-name-servers', Values: [{ Value: '10.0.0.53' }] }];
    },
  },
});
