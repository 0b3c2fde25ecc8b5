import type { DnsObservation } from '../../model/observation.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE } from '../check.ts';
import type { Evidence, NameAnswer } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import { ENDPOINT_NAME_SLICES, isInsideVpc, leadsToEndpoint, nameGoal } from './names.ts';

type Facts = { readonly servers: readonly string[]; readonly others: readonly string[] };

export const dnsIntermittent = defineCheck({
  code: 'dns-intermittent',
  title: 'The name is answered now and then, or by some resolvers only',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'vpcs'],
  documentation: {
    meaning:
      'The same question gets an answer at one time and none at another, or resolv.conf lists several resolvers that do not know the same: the VPC’s own, and beside it a public one that knows no endpoint. Libraries go to the next resolver after a lost packet, and some ask all of them; then the name is right only most of the time. The VPC’s resolver drops what is beyond 1024 packets a second from one network interface.',
    confirm:
      'Ask each resolver of resolv.conf twenty times with dig and compare; on the host, ethtool -S eth0 shows linklocal_allowance_exceeded when the limit of 1024 packets a second was met.',
    remedy:
      'Let resolv.conf name only resolvers that know the endpoint. Against the limit: a caching resolver on the host (nscd, systemd-resolved, NodeLocal DNSCache), and fewer search domains.',
    notWhen:
      'A resolver that never answers is unreachable, and a first resolver that does not know the endpoint is the wrong one: these are causes of their own. One lost packet among many is told as advice only.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html',
      'https://man7.org/linux/man-pages/man5/resolv.conf.5.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined || evidence.configured.length === 0) return NOT_APPLICABLE;
    const findings: Finding<Facts>[] = [];
    for (const server of new Set(evidence.configured.map((answer) => answer.server))) {
      const { asked, answered, lost, lostIds } = tally(evidence, host, server);
      if (lost === 0 || !answered) continue;
      findings.push(flaky(host, server, asked, lost, lostIds));
    }
    const goal = nameGoal(state, client, target);
    const right = (answer: NameAnswer) =>
      leadsToEndpoint(answer.addresses, goal) ?? answer.addresses.some((one) => isInsideVpc(state, vantage, one));
    const wrong = (answer: NameAnswer) =>
      ['nxdomain', 'no-data', 'servfail', 'refused-by-server'].includes(answer.outcome) ||
      (answer.outcome === 'answered' && !right(answer));
    const good = evidence.configured.filter((answer) => answer.outcome === 'answered' && right(answer));
    const bad = evidence.configured.filter(wrong);
    // Where the first resolver is the wrong one, that is no chance: another cause says it.
    if (bad.length > 0 && evidence.system !== undefined && good.includes(evidence.system))
      findings.push(divided(host, good, bad));
    return findings.length > 0
      ? found(findings)
      : absent(`${list(evidence.configured.map((answer) => answer.server))} answered every question alike`);
  },
  fix: ({ servers, others }) =>
    others.length > 0
      ? {
          summary: `Take ${list(servers)} out of the client’s resolver list (resolv.conf, or the DHCP options that write it): ${list(others)} ${others.length > 1 ? 'know' : 'knows'} the endpoint.`,
          commands: [
            `sudo sed -i.bak ${servers.map((server) => `-e '/^nameserver ${server.replaceAll('.', '\\.')}$/d'`).join(' ')} /etc/resolv.conf`,
          ],
          undo: ['sudo mv /etc/resolv.conf.bak /etc/resolv.conf'],
          terraform: notTerraforms(
            'resolv.conf is a file of this host. Where DHCP writes it, take the servers out of the domain_name_servers of the VPC’s aws_vpc_dhcp_options.',
          ),
          owner: 'host owner',
          caution:
            'Where something manages resolv.conf (systemd-resolved, NetworkManager, a container runtime), change it there.',
          unprovable: 'which resolver is asked at which moment is not part of the model',
        }
      : {
          summary: `Find out what loses questions to ${list(servers)}: its own load, the way to it, or the limit of 1024 packets a second of the VPC’s resolver; a cache on the host helps against all.`,
          commands: ['sudo ethtool -S eth0'],
          undo: [],
          terraform: notTerraforms('nothing of it is configuration of AWS.'),
          owner: 'DNS owner',
          unprovable: 'what loses the packets is in no configuration',
        },
  demonstration: {
    inject: (world) => {
      world.client.nameservers = ['10.0.0.2', '10.0.0.53'];
      world.resolvers['10.0.0.53'] = { behaviour: 'public', records: {} };
    },
  },
});

const LOST = new Set<DnsObservation['outcome']>(['timeout', 'servfail', 'refused-by-server']);

/** How often a resolver was asked for the name over UDP, the questions that were asked again included, and how often in vain. */
function tally(evidence: Evidence, host: string, server: string) {
  const questions = evidence
    .answersFor(host)
    .filter((answer) => answer.server === server && answer.transport === 'udp')
    .flatMap((answer) => answer.observations)
    .filter((one) => one.outcome !== 'skipped');
  const lost = questions.filter((one) => LOST.has(one.outcome as DnsObservation['outcome']));
  // A port that is closed is no answer: resolver-unreachable says it.
  const answered = questions.some((one) => ['answered', 'no-data', 'nxdomain'].includes(one.outcome));
  return { asked: questions.length, answered, lost: lost.length, lostIds: lost.map((one) => one.id) };
}

/** Fewer lost questions than this share are what networks do. */
const NOTABLE_SHARE = 0.1;

function flaky(host: string, server: string, asked: number, lost: number, ids: readonly string[]): Finding<Facts> {
  return {
    key: server,
    resources: [server],
    extent: lost > 1 && lost / asked >= NOTABLE_SHARE ? 'some' : lost / asked >= 0.5 ? 'some' : 'none',
    summary: `${server} left ${lost} of ${asked} questions for ${host} without an answer, and answered the others.`,
    because: [{ source: 'probe', text: `${server}: ${asked - lost} of ${asked} answered`, ref: ids[0] }],
    predicts: (observation) => (ids.includes(observation.id) ? 'agrees' : undefined),
    facts: { servers: [server], others: [] },
  };
}

function divided(host: string, good: readonly NameAnswer[], bad: readonly NameAnswer[]): Finding<Facts> {
  const names = (answers: readonly NameAnswer[]) => [...new Set(answers.map((answer) => answer.server))];
  const servers = names(bad);
  const theirs = bad.map((one) => (one.outcome === 'answered' ? list(one.addresses) : one.outcome));
  return {
    key: servers.join(' '),
    resources: servers,
    extent: 'some',
    summary: `${list(names(good))} ${good.length > 1 ? 'lead' : 'leads'} ${host} to the endpoint, but ${list(servers)}, which the client asks as well, answers ${list(theirs)}: whenever the first is slow or a packet is lost, the name leads elsewhere.`,
    because: bad.map((one) => ({
      source: 'probe' as const,
      text: `${one.server}: ${one.outcome === 'answered' ? list(one.addresses) : one.outcome}`,
      ref: one.observations[0]?.id,
    })),
    predicts: (observation) => {
      if (observation.rung !== 'dns' || observation.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
      return servers.includes(observation.subject.server) && observation.subject.type === 'A' ? 'agrees' : undefined;
    },
    facts: { servers, others: names(good) },
  };
}
