/**
 * Resolver rules and DNS Firewall of the client's VPC, as the lab plays them. Written from AWS's documentation, and sharing
 * nothing with src/network: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-DSN-queries-to-vpc.html,
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html
 */
import type { FirewallRule } from '../model/aws.ts';
import { clientVpc } from './client.ts';
import type { World } from './world.ts';

/** The rules that are associated with the client's VPC, by the domain that each is for. */
export function vpcRules(world: World): { domain: string; type: string; targets: string[] }[] {
  const vpcId = clientVpc(world)?.VpcId;
  const ids = world.api.resolverRuleAssociations
    .filter((one) => one.VPCId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
    .map((one) => one.ResolverRuleId);
  return world.api.resolverRules
    .filter((rule) => ids.includes(rule.Id))
    .map((rule) => ({
      domain: lower(rule.DomainName ?? '.'),
      type: rule.RuleType ?? 'FORWARD',
      targets: (rule.TargetIps ?? []).flatMap((target) => target.Ip ?? target.Ipv6 ?? []),
    }));
}

/** What DNS Firewall says to one name: the rule that decides, or undefined when none blocks or allows it. */
export function firewallRuleFor(world: World, name: string, type: string): FirewallRule | undefined {
  const vpcId = clientVpc(world)?.VpcId;
  const groups = world.api.firewallRuleGroupAssociations
    .filter((one) => one.VpcId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
    .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0));
  for (const group of groups) {
    const rules = world.api.firewallRules
      .filter((rule) => rule.FirewallRuleGroupId === group.FirewallRuleGroupId)
      .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0));
    for (const rule of rules) {
      // An alert lets the query through to the next rule.
      if (rule.Action === 'ALERT' || (rule.Qtype !== undefined && rule.Qtype !== type)) continue;
      const list = world.api.firewallDomains.find((one) => one.FirewallDomainListId === rule.FirewallDomainListId);
      if ((list?.Domains ?? []).some((domain) => onList(lower(domain), name))) return rule;
    }
  }
  return undefined;
}

function onList(domain: string, name: string): boolean {
  if (domain === '*') return true;
  return domain.startsWith('*.') ? name.endsWith(domain.slice(1)) : name === domain;
}

function lower(name: string): string {
  return name.toLowerCase().replace(/(?<=.)\.$/, '');
}
