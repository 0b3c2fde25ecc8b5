import { missing } from '../../model/state.ts';
import { classifyAddress } from '../../network/answer-class.ts';
import { endpointState, isVpceName } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { isVpcResolver, primaryCidrOf } from '../../network/resolution.ts';
import { bare, hostedZones, managedZones, ownerOf } from '../../network/zones.ts';
import { absent, defineCheck, type Finding, type FixAlternative, found, NOT_APPLICABLE, unknown } from '../check.ts';
import type { NameAnswer } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { attribute, comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { ENDPOINT_NAME_SLICES, failedConnection, leadsToEndpoint, nameGoal } from './names.ts';

type Facts = {
  readonly host: string;
  readonly ruleId: string | undefined;
  readonly domain: string;
  readonly associationId: string | undefined;
  readonly vpcId: string | undefined;
  readonly targets: readonly string[];
  /** a zone of the VPC would answer once the rule is gone */
  readonly zone: boolean;
};

export const resolverRuleForwards = defineCheck({
  code: 'resolver-rule-forwards',
  title: 'A Resolver rule sends the name to another resolver',
  layer: 'dns',
  needs: [
    ...ENDPOINT_NAME_SLICES,
    'hostedZones',
    'vpcAttributes',
    'vpcs',
    'prefixLists',
    'resolverRules',
    'resolverRuleAssociations',
  ],
  documentation: {
    meaning:
      'A Route 53 Resolver forwarding rule of the VPC is for this name or a domain above it, and no private zone is more specific: the VPC’s resolver does not answer itself but asks the rule’s targets, which do not know the endpoint, know it no more, or do not answer at all.',
    confirm:
      'aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=<vpc>, then list-resolver-rules: the longest DomainName that ends the host wins.',
    remedy:
      'Take the rule off the VPC, make it a SYSTEM rule for this name, or let its targets (an inbound endpoint’s addresses) answer what they should. A rule for the parent domain does not beat an endpoint’s own zone; one for the same name does.',
    notWhen:
      'Rules that forward to the inbound endpoint of a hub VPC with central endpoints give that VPC’s endpoint: while the answer leads to an endpoint, nothing is reported.',
    sources: [
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-DSN-queries-to-vpc.html',
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-rules-managing.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined || isVpceName(host)) return NOT_APPLICABLE;
    const answer = evidence.vpc;
    if (evidence.probed && (answer === undefined || answer.outcome === 'timeout')) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (answer !== undefined && leadsToEndpoint(answer.addresses, goal) === true)
      return absent('the VPC’s resolver gives the endpoint’s own addresses');
    const gaps = (['resolverRules', 'resolverRuleAssociations'] as const).filter((slice) => !state[slice].known);
    const intended = goal.choice?.way === 'private-dns';
    const odd = answer !== undefined && answer.outcome !== 'answered';
    // Where nothing private was meant, any address will do, forwarded or not.
    if (answer !== undefined && !intended && !odd)
      return state.vpcEndpoints.known
        ? absent('the VPC’s resolver answers with addresses')
        : unknown([missing(state, 'vpcEndpoints')], false);
    if (gaps.length > 0)
      return unknown(
        gaps.map((slice) => missing(state, slice)),
        answer !== undefined,
      );
    const attributes = vantage.vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vantage.vpcId);
    const inForce = attributes?.EnableDnsHostnames?.Value !== false;
    const zones = inForce
      ? [...hostedZones(state, vantage.vpcId), ...managedZones(state, vantage.vpcId)]
      : hostedZones(state, undefined);
    const owner = ownerOf(state, zones, vantage.vpcId, host);
    if (owner.by !== 'rule') return absent(`no Resolver rule forwards ${host}`);
    // A zone that could not be read might be more specific than the rule.
    const doubt = (['hostedZones', 'vpcEndpoints'] as const).filter((slice) => !state[slice].known);
    const targets = (owner.rule.TargetIps ?? []).flatMap((one) => one.Ip ?? one.Ipv6 ?? []);
    if (answer === undefined)
      return unknown([
        missing(
          state,
          'resolverRules',
          `what ${list(targets) || 'the rule’s targets'} answer is written nowhere: probe from the client`,
        ),
      ]);
    if (doubt.length > 0)
      return unknown(
        doubt.map((slice) => missing(state, slice)),
        odd,
      );
    const central = answer.addresses.some(
      (address) => classifyAddress(state, vantage, target, address, answer.cnames).class === 'central-endpoint',
    );
    if (central) return absent(`${owner.rule.Id} forwards ${host} to a central endpoint`);
    const facts = {
      host,
      ruleId: owner.rule.Id,
      domain: owner.domain,
      associationId: owner.associationId,
      vpcId: vantage.vpcId,
      targets,
      zone: intended,
    };
    return found([finding(answer, facts, goal.addresses ?? [], target.port)]);
  },
  suspect: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    const answer = evidence.vpc;
    const endpoint = nameGoal(state, client, target).choice;
    if (host === undefined || answer === undefined || !isVpcResolver(answer.server, primaryCidrOf(vantage)))
      return undefined;
    const attributes = vantage.vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vantage.vpcId);
    // With everything that private DNS needs in place, an answer that is not the endpoint's is somebody else's.
    const ready =
      endpoint?.way === 'private-dns' &&
      endpointState(endpoint.endpoints[0]) === 'available' &&
      attributes?.EnableDnsHostnames?.Value === true &&
      attributes.EnableDnsSupport?.Value === true;
    const away =
      answer.outcome === 'servfail' ||
      (answer.outcome === 'answered' &&
        answer.addresses.every((address) =>
          ['aws-public', 'public'].includes(classifyAddress(state, vantage, target, address).class),
        ));
    if (!ready || !away) return undefined;
    const facts = {
      host,
      ruleId: undefined,
      domain: host,
      associationId: undefined,
      vpcId: vantage.vpcId,
      targets: [],
      zone: true,
    };
    return finding(answer, facts, [], target.port);
  },
  fix: ({ host, ruleId, domain, associationId, vpcId, targets, zone }) => {
    if (ruleId === undefined || vpcId === undefined)
      return {
        summary: `Find the Resolver rule that forwards ${host}, and take it off ${vpcId ?? 'the VPC'}.`,
        commands: [
          `aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=${vpcId ?? '"$VPC_ID"'}`,
        ],
        undo: [],
        terraform: comment(
          `An aws_route53_resolver_rule of the type SYSTEM for ${host} and its association with ${vpcId ?? 'the VPC'} would be enough, where the forwarding rule is for a domain above it.`,
        ),
        owner: 'DNS owner',
        unprovable: 'the rules could not be read',
      };
    const unprovable = zone
      ? {}
      : { unprovable: 'what public DNS and other zones say of the name is not part of the model' };
    const whole: FixAlternative = {
      summary: `Take the rule ${ruleId} for ${domain === '' ? 'every name' : domain} off ${vpcId}, or make its targets ${list(targets)} answer ${host} as they should.`,
      commands: [`aws route53resolver disassociate-resolver-rule --vpc-id ${vpcId} --resolver-rule-id ${ruleId}`],
      undo: [`aws route53resolver associate-resolver-rule --vpc-id ${vpcId} --resolver-rule-id ${ruleId}`],
      terraform: comment(
        `Remove the aws_route53_resolver_rule_association of ${ruleId} with ${vpcId}, and apply. Undo: declare it again, and apply.`,
      ),
      caution: `Every name in ${domain === '' ? 'DNS' : domain} is then answered by the VPC’s own resolver; names that only ${list(targets)} ${targets.length === 1 ? 'knows' : 'know'} are lost.`,
      ...unprovable,
      edit: (draft) => {
        const rules = draft.slices.resolverRuleAssociations;
        const at = rules.findIndex((one) => one.Id === associationId);
        if (at >= 0) rules.splice(at, 1);
      },
    };
    // A rule for the very name is no wider than the name; another one for it beside this one is not allowed.
    if (domain === bare(host)) return { ...whole, owner: 'DNS owner' };
    return {
      summary: `Let the VPC’s own resolver answer ${host}, by a SYSTEM rule for exactly this name; ${ruleId} goes on forwarding the rest of ${domain === '' ? 'DNS' : domain}.`,
      commands: [
        `RULE=$(aws route53resolver create-resolver-rule --rule-type SYSTEM --domain-name ${bare(host)} --name ${ruleName(host)} --creator-request-id "vpce-doctor-$(date +%s)" --query ResolverRule.Id --output text)`,
        `aws route53resolver associate-resolver-rule --vpc-id ${vpcId} --resolver-rule-id "$RULE"`,
      ],
      undo: [
        `aws route53resolver disassociate-resolver-rule --vpc-id ${vpcId} --resolver-rule-id "$RULE"`,
        'aws route53resolver delete-resolver-rule --resolver-rule-id "$RULE"',
      ],
      terraform: hcl(
        resource('aws_route53_resolver_rule', ruleName(host), {
          name: ruleName(host),
          domain_name: bare(host),
          rule_type: 'SYSTEM',
        }),
        resource('aws_route53_resolver_rule_association', ruleName(host), {
          resolver_rule_id: attribute('aws_route53_resolver_rule', ruleName(host), 'id'),
          vpc_id: vpcId,
        }),
        UNDO_BY_REMOVAL,
      ),
      owner: 'DNS owner',
      caution: `The whole of ${vpcId} asks the VPC’s own resolver for ${host} and the names below it then.`,
      alternatives: [whole],
      ...unprovable,
      edit: (draft) => {
        draft.slices.resolverRules.push({ Id: 'rslvr-rr-new', DomainName: `${bare(host)}.`, RuleType: 'SYSTEM' });
        draft.slices.resolverRuleAssociations.push({
          Id: 'rslvr-rrassoc-new',
          ResolverRuleId: 'rslvr-rr-new',
          VPCId: vpcId,
          Status: 'COMPLETE',
        });
      },
    };
  },
  demonstration: {
    inject: (world) => {
      const { region } = world;
      world.api.resolverRules.push({
        Id: 'rslvr-rr-10000001',
        DomainName: `secretsmanager.${region}.amazonaws.com.`,
        RuleType: 'FORWARD',
        Status: 'COMPLETE',
        TargetIps: [{ Ip: '10.0.0.53', Port: 53 }],
      });
      world.api.resolverRuleAssociations.push({
        Id: 'rslvr-rrassoc-10000001',
        ResolverRuleId: 'rslvr-rr-10000001',
        VPCId: 'vpc-10000001',
        Status: 'COMPLETE',
      });
      world.resolvers['10.0.0.53'] = { behaviour: 'public', records: {} };
    },
  },
});

/** Names of rules have letters, digits, hyphens, underscores and spaces. */
function ruleName(host: string): string {
  return bare(host)
    .replace(/[^a-z0-9_-]/g, '-')
    .slice(0, 64);
}

function finding(answer: NameAnswer, facts: Facts, own: readonly string[], port: number): Finding<Facts> {
  const { host, ruleId, domain, targets } = facts;
  const theirs = answer.outcome === 'answered' ? list(answer.addresses) : answer.outcome.toUpperCase();
  const who =
    ruleId === undefined
      ? 'The endpoint’s private DNS has all that it needs, so something in front of it, most likely a Resolver rule for this name,'
      : `The Resolver rule ${ruleId} (${domain === '' ? '.' : domain} → ${list(targets) || 'no target'})`;
  return {
    key: ruleId ?? 'suspected',
    resources: ruleId === undefined ? [answer.server] : [ruleId],
    extent: 'all',
    summary: `${who} sends ${host} to a resolver that does not know the endpoint: the VPC’s resolver answers ${theirs}.`,
    because: [
      ruleId === undefined
        ? { source: 'probe', text: `${answer.server}: ${theirs}`, ref: answer.observations[0]?.id }
        : {
            source: 'configuration',
            text: `${ruleId}: ${domain === '' ? '.' : domain} → ${list(targets)}`,
            ref: ruleId,
          },
    ],
    predicts: (observation) => {
      if (observation.rung === 'dns') {
        if (observation.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
        if (observation.detail.addresses.some((address) => own.includes(address))) return 'disproves';
        if (observation.subject.type !== 'A') return undefined;
        return observation.subject.server === answer.server || observation.outcome === answer.outcome
          ? 'agrees'
          : undefined;
      }
      return failedConnection(answer.addresses, port, observation) ? 'agrees' : undefined;
    },
    facts,
  };
}
