/**
 * What decides a name inside a VPC before public DNS does, from the description alone: private hosted zones with their
 * records, Resolver rules, DNS Firewall. Shares nothing with the tool or the lab. Sources: R53/hosted-zone-private-considerations,
 * R53/resolver-overview-DSN-queries-to-vpc, R53/resolver-dns-firewall-rule-settings; facts.md 2.3.
 */
import type { DnsRecords, World } from '../../src/lab/world.ts';

export type PrivateZone = { readonly name: string; records: Record<string, DnsRecords> };

/** Zones that the API lists. An alias record answers with what its target leads to, which `lookUp` knows. */
export function hostedZones(world: World, lookUp: (name: string) => DnsRecords | undefined): PrivateZone[] {
  return world.api.hostedZones.map((zone) => {
    const records: Record<string, DnsRecords> = {};
    for (const set of world.api.resourceRecordSets) {
      if (bare(set.ZoneName) !== bare(zone.Name)) continue;
      const owner = bare(set.Name.replaceAll('\\052', '*'));
      records[owner] ??= {};
      const values = (set.ResourceRecords ?? []).flatMap((record) => record.Value ?? []);
      const alias = set.AliasTarget?.DNSName === undefined ? undefined : lookUp(bare(set.AliasTarget.DNSName));
      if (set.Type === 'A') records[owner].A = alias?.A ?? values;
      if (set.Type === 'AAAA') records[owner].AAAA = alias?.AAAA ?? values;
      if (set.Type === 'CNAME' && values[0] !== undefined) records[owner].CNAME = bare(values[0]);
      // A zone's own SOA and NS records say nothing of a name below it.
      if (set.Type === 'SOA' || set.Type === 'NS') if (Object.keys(records[owner]).length === 0) delete records[owner];
    }
    return { name: bare(zone.Name), records };
  });
}

export type Forward = { readonly domain: string; readonly targets: readonly string[] };

/** Rules that hold in a VPC: where questions below a domain go. Without targets: to Amazon's resolver after all (SYSTEM). */
export function forwards(world: World, vpcId: string): Forward[] {
  const bound = new Set(
    world.api.resolverRuleAssociations
      .filter((one) => one.VPCId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
      .map((one) => one.ResolverRuleId),
  );
  return world.api.resolverRules
    .filter((rule) => bound.has(rule.Id) && (rule.RuleType === 'FORWARD' || rule.RuleType === 'SYSTEM'))
    .map((rule) => ({
      domain: bare(rule.DomainName) || '.',
      targets:
        rule.RuleType === 'SYSTEM' ? [] : (rule.TargetIps ?? []).flatMap((target) => target.Ip ?? target.Ipv6 ?? []),
    }));
}

export type Block = {
  readonly name: string;
  readonly response: 'NODATA' | 'NXDOMAIN' | 'OVERRIDE';
  readonly override?: string;
};

/**
 * Which of these names DNS Firewall blocks. It looks at the name and, unless a rule trusts redirections, at every alias that
 * the name leads to; groups and rules are asked in the order of their priority, and the first that knows the name decides.
 * @param chain the aliases that a name leads to
 */
export function blocks(
  world: World,
  vpcId: string,
  names: readonly string[],
  chain: (name: string) => string[],
): Block[] {
  const groups = world.api.firewallRuleGroupAssociations
    .filter((one) => one.VpcId === vpcId && (one.Status ?? 'COMPLETE') === 'COMPLETE')
    .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0));
  const rules = groups.flatMap((group) =>
    world.api.firewallRules
      .filter((rule) => rule.FirewallRuleGroupId === group.FirewallRuleGroupId)
      .sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0)),
  );
  const deciding = (name: string) =>
    rules.find((rule) =>
      world.api.firewallDomains
        .filter((list) => list.FirewallDomainListId === rule.FirewallDomainListId)
        .flatMap((list) => list.Domains ?? [])
        .some((domain) => isListed(name, bare(domain))),
    );
  return names.flatMap((name): Block[] => {
    const first = deciding(name);
    const trusts = first?.FirewallDomainRedirectionAction === 'TRUST_REDIRECTION_DOMAIN';
    const links = trusts ? [] : chain(name).map(deciding);
    const rule = [first, ...links].find((one) => one?.Action === 'BLOCK');
    if (rule === undefined) return [];
    const response = rule.BlockResponse;
    if (response === 'OVERRIDE') return [{ name, response, override: bare(rule.BlockOverrideDomain) }];
    return [{ name, response: response === 'NXDOMAIN' ? response : 'NODATA' }];
  });
}

/** `*.example.com` is everything below, `example.com` itself alone, `*` everything. */
function isListed(name: string, domain: string): boolean {
  if (domain === '*') return true;
  return domain.startsWith('*.') ? name.endsWith(domain.slice(1)) : name === domain;
}

export function bare(name: string | undefined): string {
  return (name ?? '').toLowerCase().replace(/\.$/, '');
}
