import type { FirewallRule } from '../../model/aws.ts';
import { missing, type SliceName, type State } from '../../model/state.ts';
import { classifyAddress } from '../../network/answer-class.ts';
import { firewallVerdict } from '../../network/dns-firewall.ts';
import { isVpcResolver, primaryCidrOf } from '../../network/resolution.ts';
import { bare } from '../../network/zones.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import type { Evidence, NameAnswer } from '../evidence.ts';
import { attribute, comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { whyItExists } from './names.ts';

type Facts = {
  readonly host: string;
  readonly link: string;
  readonly groupId: string | undefined;
  readonly listId: string | undefined;
  readonly entry: string | undefined;
  readonly priority: number;
  /** the rule that allows the name alone, and not what it is an alias of */
  readonly allows?: FirewallRule | undefined;
};

const NEEDS = [
  'vpcs',
  'vpcEndpoints',
  'networkInterfaces',
  'prefixLists',
  'firewallRuleGroupAssociations',
  'firewallRules',
  'firewallDomains',
  'firewallConfigs',
] as const satisfies readonly SliceName[];
type Reads = (typeof NEEDS)[number];

/** What the list and the rule that allow a name are called. */
const ALLOW_LIST = 'allow-aws-names';

export const dnsFirewallBlocks = defineCheck({
  code: 'dns-firewall-blocks',
  title: 'Route 53 DNS Firewall blocks the name',
  layer: 'dns',
  needs: NEEDS,
  documentation: {
    meaning:
      'A rule group of Route 53 DNS Firewall is associated with the VPC, and one of its rules catches the name, or a name that it is an alias of: the VPC’s resolver then answers with no data, NXDOMAIN or an address of the rule’s choice. It also does so for the private names of endpoints.',
    confirm:
      'aws route53resolver list-firewall-rule-group-associations --vpc-id <vpc>, then list-firewall-rules and list-firewall-domains; the Resolver query log shows firewall_rule_action BLOCK.',
    remedy:
      'Add the name (and, unless the rule trusts redirections, every alias on the way) to an ALLOW rule that comes before the blocking one, or take it off the blocked list.',
    notWhen:
      'An alert lets the query through. A name that other resolvers do not have either is not the firewall’s doing.',
    sources: [
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html',
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-actions.html',
    ],
  },
  evaluate: ({ state, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const answer = evidence.vpc;
    if (evidence.probed && (answer === undefined || answer.outcome === 'timeout')) return NOT_APPLICABLE;
    const closed = failsClosed(state, vantage.vpcId);
    const sunk = (answer?.addresses ?? []).every(
      (address) => classifyAddress(state, vantage, target, address).class === 'sinkhole',
    );
    if (answer?.outcome === 'answered' && !sunk) return absent('the VPC’s resolver answers with addresses');
    const chain = [host, ...evidence.answersFor(host).flatMap((one) => one.cnames)];
    const verdict = firewallVerdict(state, vantage.vpcId, [...new Set(chain.map(bare))], 'A');
    const odd = answer !== undefined && (answer.outcome !== 'answered' || sunk);
    if (verdict.kind === 'blocked') {
      const { rule, association, link, entry } = verdict;
      const facts = {
        host,
        link,
        groupId: rule.FirewallRuleGroupId,
        listId: rule.FirewallDomainListId,
        entry,
        priority: rule.Priority ?? 0,
      };
      return found([
        finding(answer, facts, {
          text: `${association.Name ?? association.Id}: ${rule.FirewallRuleGroupId} rule ${rule.Priority ?? '?'} BLOCK ${rule.BlockResponse ?? 'NODATA'} for ${bare(entry)} (${rule.FirewallDomainListId})`,
          ref: rule.FirewallRuleGroupId,
        }),
      ]);
    }
    // The answer withholds the aliases too: that one of them is what was caught shows in whose denial this is.
    const look = answer === undefined ? undefined : lookOf(answer, { state, vantage, target, evidence });
    if (verdict.kind === 'passes' && verdict.walled !== undefined && chain.length === 1 && look !== undefined) {
      const { allows, blocks, association } = verdict.walled;
      const facts = {
        host,
        link: host,
        groupId: blocks.FirewallRuleGroupId,
        listId: blocks.FirewallDomainListId,
        entry: '*',
        priority: blocks.Priority ?? 0,
        allows,
      };
      return found([
        finding(answer, facts, {
          text: `${association.Name ?? association.Id}: rule ${allows.Priority ?? '?'} ALLOW for ${host} inspects redirections, and ${blocks.FirewallRuleGroupId} rule ${blocks.Priority ?? '?'} BLOCK ${blocks.BlockResponse ?? 'NODATA'} is for every other name; ${look}`,
          ref: blocks.FirewallRuleGroupId,
        }),
      ]);
    }
    const gaps = (['firewallRuleGroupAssociations', 'firewallRules', 'firewallDomains'] as const).filter(
      (slice) => !state[slice].known,
    );
    if (verdict.kind === 'unknown')
      return unknown(
        gaps.length > 0
          ? gaps.map((slice) => missing(state, slice))
          : [missing(state, 'firewallDomains', `the domains of ${verdict.lists.join(', ')}`)],
        odd,
      );
    if (answer?.outcome === 'servfail' && closed !== false)
      return unknown([missing(state, 'firewallConfigs', 'whether DNS Firewall could judge: it fails closed')]);
    return absent(verdict.because);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const host = target.host;
    const answer = evidence.vpc;
    if (host === undefined || answer === undefined || !isVpcResolver(answer.server, primaryCidrOf(vantage)))
      return undefined;
    const why = lookOf(answer, { state, vantage, target, evidence });
    if (why === undefined) return undefined;
    const facts = { host, link: host, groupId: undefined, listId: undefined, entry: undefined, priority: 0 };
    return finding(answer, facts, { text: why, ref: answer.observations[0]?.id });
  },
  fix: ({ host, link, groupId, listId, entry, priority, allows }) => {
    if (allows !== undefined) {
      const update = (action: string) =>
        `aws route53resolver update-firewall-rule --firewall-rule-group-id ${allows.FirewallRuleGroupId} --firewall-domain-list-id ${allows.FirewallDomainListId} --firewall-domain-redirection-action ${action}`;
      return {
        summary: `Let the rule ${allows.Name ?? allows.Priority} of ${allows.FirewallRuleGroupId} trust redirections, so that what ${host} is an alias of passes with it.`,
        commands: [update('TRUST_REDIRECTION_DOMAIN')],
        undo: [update('INSPECT_REDIRECTION_DOMAIN')],
        owner: 'DNS owner',
        caution: 'Whatever the allowed names are made aliases of passes the firewall then.',
        unprovable: 'which alias was caught is in the Resolver’s query log only',
      };
    }
    if (groupId === undefined || listId === undefined)
      return {
        summary: `Let DNS Firewall allow ${host}: find the rule that catches it in the Resolver’s query log.`,
        commands: ['aws route53resolver list-firewall-rule-group-associations --vpc-id "$VPC_ID"'],
        undo: [],
        terraform: comment(
          `An aws_route53_resolver_firewall_rule that allows ${host} before the rule that blocks it, which could not be read.`,
        ),
        owner: 'DNS owner',
        unprovable: 'the firewall’s rules could not be read',
      };
    if (entry !== undefined && bare(entry) === link) {
      const change = (operation: string) =>
        `aws route53resolver update-firewall-domains --firewall-domain-list-id ${listId} --operation ${operation} --domains ${entry}`;
      return {
        summary: `Take ${bare(entry)} off the domain list ${listId}, which a rule of ${groupId} blocks.`,
        commands: [change('REMOVE')],
        undo: [change('ADD')],
        terraform: comment(
          `Take "${entry}" out of the domains of the aws_route53_resolver_firewall_domain_list ${listId}, and apply. Undo: put it back, and apply again.`,
        ),
        owner: 'DNS owner',
        caution: 'Every VPC with a rule on this list lets the name through then.',
        edit: (draft) => {
          const lists = draft.slices.firewallDomains;
          const at = lists.findIndex((one) => one.FirewallDomainListId === listId);
          const list = lists[at];
          if (list === undefined) return;
          lists[at] = { ...list, Domains: (list.Domains ?? []).filter((domain) => domain !== entry) };
        },
      };
    }
    const before = Math.max(1, priority - 1);
    return {
      summary: `Allow ${link} by a rule of ${groupId} that comes before rule ${priority} (${entry === undefined ? 'its domains' : bare(entry)}).`,
      commands: [
        `LIST=$(aws route53resolver create-firewall-domain-list --name ${ALLOW_LIST} --query FirewallDomainList.Id --output text)`,
        `aws route53resolver update-firewall-domains --firewall-domain-list-id "$LIST" --operation ADD --domains ${link}`,
        `aws route53resolver create-firewall-rule --firewall-rule-group-id ${groupId} --firewall-domain-list-id "$LIST" --priority ${before} --action ALLOW --name ${ALLOW_LIST}`,
      ],
      undo: [
        `aws route53resolver delete-firewall-rule --firewall-rule-group-id ${groupId} --firewall-domain-list-id "$LIST"`,
        `aws route53resolver delete-firewall-domain-list --firewall-domain-list-id "$LIST"`,
      ],
      terraform: hcl(
        resource('aws_route53_resolver_firewall_domain_list', ALLOW_LIST, { name: ALLOW_LIST, domains: [link] }),
        resource('aws_route53_resolver_firewall_rule', ALLOW_LIST, {
          name: ALLOW_LIST,
          action: 'ALLOW',
          firewall_domain_list_id: attribute('aws_route53_resolver_firewall_domain_list', ALLOW_LIST, 'id'),
          firewall_rule_group_id: groupId,
          priority: before,
        }),
        UNDO_BY_REMOVAL,
      ),
      owner: 'DNS owner',
      caution: `Every VPC that ${groupId} is associated with may look the name up then. Priorities are unique in a group: choose another one where ${before} is taken.`,
      edit: (draft) => {
        draft.slices.firewallDomains.push({ FirewallDomainListId: 'rslvr-fdl-new', Domains: [link] });
        draft.slices.firewallRules.push({
          FirewallRuleGroupId: groupId,
          FirewallDomainListId: 'rslvr-fdl-new',
          Priority: priority - 0.5,
          Action: 'ALLOW',
        });
      },
    };
  },
  demonstration: {
    inject: (world) => {
      world.api.firewallRuleGroupAssociations.push({
        Id: 'rslvr-frgassoc-10000001',
        FirewallRuleGroupId: 'rslvr-frg-10000001',
        VpcId: 'vpc-10000001',
        Priority: 101,
        Status: 'COMPLETE',
      });
      const rule = { FirewallRuleGroupId: 'rslvr-frg-10000001' };
      world.api.firewallRules.push(
        { ...rule, FirewallDomainListId: 'rslvr-fdl-10000001', Priority: 1, Action: 'ALLOW' },
        {
          ...rule,
          FirewallDomainListId: 'rslvr-fdl-10000002',
          Priority: 100,
          Action: 'BLOCK',
          BlockResponse: 'NODATA',
        },
      );
      world.api.firewallDomains.push(
        {
          FirewallDomainListId: 'rslvr-fdl-10000001',
          Domains: ['*.example.com.', `s3.${world.region}.amazonaws.com.`],
        },
        { FirewallDomainListId: 'rslvr-fdl-10000002', Domains: ['*.'] },
      );
    },
  },
});

/** Whether queries that DNS Firewall cannot judge are refused; undefined when that could not be read or there is no firewall. */
function failsClosed(
  state: Pick<State, 'firewallConfigs' | 'firewallRuleGroupAssociations'>,
  vpcId: string | undefined,
): boolean | undefined {
  if (!state.firewallConfigs.known || !state.firewallRuleGroupAssociations.known) return undefined;
  if (!state.firewallRuleGroupAssociations.value.some((one) => one.VpcId === vpcId)) return false;
  const config = state.firewallConfigs.value.find((one) => one.ResourceId === vpcId);
  return config?.FirewallFailOpen?.toUpperCase() !== 'ENABLED';
}

/** RFC 8914: Blocked, Censored, Filtered, Prohibited. */
const FILTERED = /^1[5-8]\b/;

function lookOf(
  answer: NameAnswer,
  { state, vantage, target, evidence }: Pick<CheckContext<Reads>, 'state' | 'vantage' | 'target' | 'evidence'>,
): string | undefined {
  return blockedLook(
    target.host ?? '',
    whyItExists(state, target),
    answer,
    evidence,
    failsClosed(state, vantage.vpcId),
    (address) => classifyAddress(state, vantage, target, address).class,
  );
}

/** How an answer shows that a filter gave it; undefined when it could be anybody's. */
function blockedLook(
  host: string,
  exists: string | undefined,
  answer: NameAnswer,
  evidence: Evidence,
  closed: boolean | undefined,
  classOf: (address: string) => string,
): string | undefined {
  const told = answer.observations.find((one) => FILTERED.test(one.detail.extendedError ?? ''));
  if (told !== undefined)
    return `${answer.server} says itself that it filters: extended error ${told.detail.extendedError}`;
  if (answer.outcome === 'answered')
    return answer.addresses.length > 0 && answer.addresses.every((address) => classOf(address) === 'sinkhole')
      ? `${answer.server} gives ${answer.addresses.join(', ')}, where nobody is`
      : undefined;
  if (answer.outcome === 'servfail' && closed === true)
    return `${answer.server} says SERVFAIL, and DNS Firewall refuses what it cannot judge`;
  if (answer.outcome !== 'nxdomain' && answer.outcome !== 'no-data') return undefined;
  // A zone that denies a name shows its SOA record; a filter has none to show.
  if (answer.observations.some((one) => one.detail.authority.length > 0)) return undefined;
  const other = evidence.answersFor(host).find((one) => one.outcome === 'answered');
  if (exists === undefined && other === undefined) return undefined;
  return `${answer.server} denies the name, which exists (${other === undefined ? exists : `${other.server} has it`}), and shows no zone that does`;
}

function finding(
  answer: NameAnswer | undefined,
  facts: Facts,
  because: { text: string; ref: string | undefined },
): Finding<Facts> {
  const { host, link, groupId, entry } = facts;
  const caught = link === bare(host) ? '' : ', an alias on its way';
  return {
    key: groupId === undefined ? 'suspected' : `${groupId} ${entry}`,
    resources: groupId === undefined ? [answer?.server ?? host] : [groupId],
    extent: 'all',
    summary:
      groupId === undefined
        ? `The VPC’s resolver withholds ${host} as a filter does, most likely Route 53 DNS Firewall: ${because.text}.`
        : facts.allows !== undefined
          ? `DNS Firewall’s rule group ${groupId} allows ${host} itself, but inspects what it is an alias of as well and blocks that by its entry ${bare(entry ?? '')}, so the VPC’s resolver gives no address for ${host}.`
          : `DNS Firewall’s rule group ${groupId} blocks ${link}${caught} by its entry ${bare(entry ?? '')}, so the VPC’s resolver gives no address for ${host}.`,
    because: [{ source: groupId === undefined ? 'probe' : 'configuration', ...because }],
    predicts: (observation) => {
      if (observation.rung !== 'dns' || observation.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
      if (observation.outcome === 'nxdomain' || observation.outcome === 'no-data' || observation.outcome === 'servfail')
        return 'agrees';
      if (observation.subject.server !== answer?.server || observation.outcome !== 'answered') return undefined;
      return 'agrees';
    },
    facts,
  };
}
