/**
 * What Route 53 DNS Firewall does with a name: the associations of the VPC by priority, their rules by priority, the first
 * that matches decides, alerts let pass. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html
 */
import type { FirewallRule, FirewallRuleGroupAssociation } from '../model/aws.ts';
import type { State } from '../model/state.ts';
import { byId } from './index-by-id.ts';
import { bare } from './zones.ts';

export type FirewallReads = Pick<State, 'firewallRuleGroupAssociations' | 'firewallRules' | 'firewallDomains'>;

/** The name itself is allowed, what it is an alias of is inspected too, and this rule blocks whatever no rule allows. */
export type Walled = {
  readonly allows: FirewallRule;
  readonly blocks: FirewallRule;
  readonly association: FirewallRuleGroupAssociation;
};

export type FirewallVerdict =
  /** no rule speaks of it, or one allows it */
  | { readonly kind: 'passes'; readonly because: string; readonly walled?: Walled | undefined }
  | {
      readonly kind: 'blocked';
      readonly rule: FirewallRule;
      readonly association: FirewallRuleGroupAssociation;
      /** the name that the rule caught: the asked one, or one that an alias led to */
      readonly link: string;
      /** the entry of the domain list */
      readonly entry: string;
    }
  /** a list that could decide is not readable (AWS's own lists never are) */
  | { readonly kind: 'unknown'; readonly lists: readonly string[] };

/**
 * @param chain the name that is asked, then the names that aliases lead to, in order. Each is inspected, unless the rule that
 * allows the first one trusts redirections.
 */
export function firewallVerdict(
  state: FirewallReads,
  vpcId: string | undefined,
  chain: readonly string[],
  type: 'A' | 'AAAA',
): FirewallVerdict {
  const { firewallRuleGroupAssociations: associations, firewallRules: rules } = state;
  if (!associations.known || vpcId === undefined) return { kind: 'unknown', lists: [] };
  const own = associations.value
    .filter((one) => one.VpcId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
    .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0));
  if (own.length === 0) return { kind: 'passes', because: `no DNS Firewall rule group is associated with ${vpcId}` };
  if (!rules.known) return { kind: 'unknown', lists: [] };
  const ordered = own.flatMap((association) =>
    rules.value
      .filter((rule) => rule.FirewallRuleGroupId === association.FirewallRuleGroupId)
      .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0))
      .map((rule) => ({ association, rule })),
  );
  const unread: string[] = [];
  let mayAllow = false;
  let allows: FirewallRule | undefined;
  for (const [index, link] of chain.entries()) {
    for (const { association, rule } of ordered) {
      const action = (rule.Action ?? '').toUpperCase();
      if (action === 'ALERT' || (rule.Qtype !== undefined && rule.Qtype.toUpperCase() !== type)) continue;
      const list = byId(state.firewallDomains, 'FirewallDomainListId', rule.FirewallDomainListId ?? '');
      if (list === undefined) {
        // A list of threats or AWS's own: it may hold the name. What follows it is only read when it does not.
        mayAllow ||= action === 'ALLOW';
        unread.push(rule.FirewallDomainListId ?? rule.FirewallThreatProtectionId ?? rule.Name ?? '');
        continue;
      }
      const entry = (list.Domains ?? []).find((domain) => matches(bare(domain), bare(link)));
      if (entry === undefined) continue;
      if (action === 'BLOCK' && mayAllow) break;
      if (action === 'BLOCK') return { kind: 'blocked', rule, association, link: bare(link), entry };
      const trusts = rule.FirewallDomainRedirectionAction?.toUpperCase() === 'TRUST_REDIRECTION_DOMAIN';
      if (index === 0 && trusts)
        return { kind: 'passes', because: `${rule.Name ?? rule.FirewallDomainListId} allows it, and what it leads to` };
      if (index === 0 && action === 'ALLOW') allows = rule;
      break;
    }
  }
  if (unread.length > 0) return { kind: 'unknown', lists: [...new Set(unread)] };
  const wall = ordered.find(({ rule }) => blocksAll(state, rule));
  return {
    kind: 'passes',
    because: 'no rule of DNS Firewall blocks it',
    walled:
      allows === undefined || wall === undefined
        ? undefined
        : { allows, blocks: wall.rule, association: wall.association },
  };
}

function blocksAll(state: FirewallReads, rule: FirewallRule): boolean {
  const list = byId(state.firewallDomains, 'FirewallDomainListId', rule.FirewallDomainListId ?? '');
  return (
    rule.Action?.toUpperCase() === 'BLOCK' &&
    rule.Qtype === undefined &&
    (list?.Domains ?? []).some((domain) => bare(domain) === '*')
  );
}

/** `*.a.example` is every name below `a.example`, not that name itself; `*` is every name. */
function matches(domain: string, name: string): boolean {
  if (domain === '*') return true;
  return domain.startsWith('*.') ? name.endsWith(domain.slice(1)) : domain === name;
}
