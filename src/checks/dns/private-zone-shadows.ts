import { addPrivateZone, LAB } from '../../lab/world.ts';
import { missing } from '../../model/state.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import { firewallVerdict } from '../../network/dns-firewall.ts';
import { coversHost, endpointsFor } from '../../network/endpoints.ts';
import { primaryCidrOf } from '../../network/resolution.ts';
import { isWithin, rulesFor } from '../../network/zones.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import type { Evidence, NameAnswer } from '../evidence.ts';
import { comment, hcl, notTerraforms, UNDO_BY_REMOVAL } from '../terraform.ts';
import {
  aliasRecord,
  aliasTargetOf,
  endpointBehind,
  HOSTED_ZONE_SLICES,
  nameGoal,
  takeZoneOff,
  upsertAlias,
  whyItExists,
  zoneOfHost,
  zonesThatDenied,
} from './names.ts';
import { recordInTerraform } from './records-in-terraform.ts';

type Facts = {
  readonly host: string;
  readonly zone: string;
  readonly zoneId: string | undefined;
  /** the endpoint whose hidden zone it is; nobody can write into that */
  readonly managedBy: string | undefined;
  readonly alias: { readonly name: string; readonly zone: string | undefined } | undefined;
  readonly endpointId: string | undefined;
  readonly vpcId: string | undefined;
  readonly region: string | undefined;
};

export const privateZoneShadows = defineCheck({
  code: 'private-zone-shadows',
  title: 'A private zone owns the name and has no record for it',
  layer: 'dns',
  needs: [
    ...HOSTED_ZONE_SLICES,
    'resolverRules',
    'resolverRuleAssociations',
    'firewallRuleGroupAssociations',
    'firewallRules',
    'firewallDomains',
  ],
  documentation: {
    meaning:
      'Inside a VPC the most specific private hosted zone owns every name below its own, and what it has no record for does not exist: there is no way back to public DNS. A zone of your own does this (eu-west-1.amazonaws.com made for one record, s3.eu-west-1.amazonaws.com without a wildcard), and so does the hidden zone of an endpoint with private DNS: eks hides oidc.eks, q hides desktop-release.q.',
    confirm:
      'dig <host> at the VPC resolver says NXDOMAIN, and the SOA record of the answer names the zone; a public resolver has the name. aws route53 list-hosted-zones-by-vpc lists the zones of your own.',
    remedy:
      'Add the record (or a wildcard) to the zone, name the zone as narrowly as its one purpose, or take the zone off the VPC. An endpoint’s own zone cannot be edited: use another name of the sibling (its api.aws name), or forward exactly this name with a Resolver rule.',
    notWhen:
      'A name that public resolvers do not have either does not exist, which is another cause. A zone that is less specific than an endpoint’s own zone takes nothing from that endpoint.',
    sources: [
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const answer = evidence.vpc ?? evidence.system;
    if (evidence.probed && answer === undefined) return NOT_APPLICABLE;
    const denied = answer !== undefined && isDenial(answer);
    if (answer !== undefined && !denied)
      return answer.outcome === 'answered' ? absent(`${host} has addresses`) : NOT_APPLICABLE;
    // What comes before every zone answers for itself.
    const firewall = firewallVerdict(state, vantage.vpcId, [host], 'A');
    const [rule] = rulesFor(state, vantage.vpcId, host);
    const owner = zoneOfHost(state, vantage, host);
    const forwarded = rule?.rule.RuleType === 'FORWARD' && rule.domain.length >= (owner?.zone.name.length ?? 0);
    if (firewall.kind === 'blocked' || forwarded) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    // The zone may be for a central endpoint, which its own name then leads to.
    const central = owner?.zone.kind === 'hosted' ? zoneOfHost(state, vantage, owner.zone.name)?.answer : undefined;
    const behind = endpointBehind(state, central);
    const endpoint =
      (goal.choice?.way === 'gateway' ? undefined : goal.choice?.endpoints[0]) ??
      (behind !== undefined && endpointsFor(state.vpcEndpoints, target).includes(behind) ? behind : undefined);
    const base = {
      host,
      alias: endpoint === undefined ? undefined : aliasTargetOf(endpoint),
      endpointId: endpoint?.VpcEndpointId,
      vpcId: vantage.vpcId,
      region: vantage.region,
    };
    if (owner?.zone.kind === 'managed' && !coversHost(owner.zone.endpoint, host))
      return found([finding(answer, { ...base, zone: owner.zone.name, zoneId: undefined, managedBy: owner.zone.id })]);
    // Where its records were not read, the denial says that there is none.
    const empty = owner?.answer?.kind === 'none' || (owner?.answer?.kind === 'unread' && denied);
    if (owner?.zone.kind === 'hosted' && empty)
      return found([finding(answer, { ...base, zone: owner.zone.name, zoneId: owner.zone.id, managedBy: undefined })]);
    if (owner?.answer?.kind === 'unread')
      return unknown([missing(state, 'resourceRecordSets', `the records of ${owner.zone.name}`)], false);
    if (owner !== undefined && !state.hostedZones.known && denied && owner.zone.kind === 'managed')
      return unknown([missing(state, 'hostedZones')], false);
    if (owner !== undefined) return absent(`${owner.zone.name} has a record for it`);
    const gaps = (['hostedZones', 'vpcEndpoints'] as const).filter((slice) => !state[slice].known);
    if (gaps.length > 0)
      return unknown(
        gaps.map((slice) => missing(state, slice)),
        denied,
      );
    // No zone of ours: then a Route 53 Profile’s may be the one, which no list of the VPC shows.
    return absent(`no private zone of ${vantage.vpcId ?? 'the VPC'} owns ${host}`);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const host = target.host;
    const answer = evidence.vpc ?? evidence.system;
    if (host === undefined || answer === undefined || !isDenial(answer)) return undefined;
    const zone = zonesThatDenied(evidence, primaryCidrOf(vantage)).find((name) => isWithin(host, name));
    if (zone === undefined || zone.split('.').length < 3) return undefined;
    const proof =
      whyItExists(state, target) ??
      existsElsewhere(host, zone, evidence, (address) => containsAddress(cidrSet(vantage.vpcCidrs), address));
    if (proof === undefined) return undefined;
    const base = { host, alias: undefined, endpointId: undefined, vpcId: vantage.vpcId, region: vantage.region };
    return finding(answer, { ...base, zone, zoneId: undefined, managedBy: undefined }, proof);
  },
  fix: ({ host, zone, zoneId, managedBy, alias, endpointId, vpcId, region }) => {
    if (managedBy !== undefined)
      return {
        summary: `The zone ${zone} belongs to ${managedBy} and cannot be edited: call ${host} by another name (its api.aws name has no such zone above it), or send exactly ${host} to a public resolver with a Resolver rule. Without ${managedBy}’s private DNS the name would come back, and the endpoint’s own names would become public.`,
        commands: [],
        undo: [],
        terraform: notTerraforms('the zone is AWS’s own, and which name is called is a setting of the application.'),
        owner: 'DNS owner',
        unprovable: 'the zone is AWS’s own, and what another name or resolver gives is not part of the model',
      };
    if (zoneId !== undefined && alias !== undefined)
      return {
        summary: `Add ${host} to ${zone} (${zoneId}), as an alias of ${endpointId}’s own name.`,
        commands: [upsertAlias(zoneId, host, alias.name, alias.zone)],
        undo: [upsertAlias(zoneId, host, alias.name, alias.zone).replace('"UPSERT"', '"DELETE"')],
        terraform: hcl(recordInTerraform(zoneId, host, alias), UNDO_BY_REMOVAL),
        owner: 'DNS owner',
        caution: `${zone} goes on hiding every other name below it that it has no record for.`,
        edit: (draft) => {
          draft.slices.resourceRecordSets.push(aliasRecord(`${zone}.`, host, alias.name, alias.zone));
        },
      };
    if (zoneId !== undefined)
      return {
        summary: `Take ${zone} (${zoneId}) off ${vpcId ?? 'the VPC'}, or add ${host} to it.`,
        ...takeZoneOff(zone, zoneId, vpcId, region),
      };
    return {
      summary: `Find the private zone ${zone} that ${vpcId ?? 'the VPC'} is associated with, and add ${host} to it or take it off the VPC.`,
      commands: [
        `aws route53 list-hosted-zones-by-vpc --vpc-id ${vpcId ?? '"$VPC_ID"'} --vpc-region ${region ?? '"$AWS_REGION"'}`,
      ],
      undo: [],
      terraform: comment(
        `An aws_route53_record for ${host} in the aws_route53_zone ${zone}, of which too little is known to write it out.`,
      ),
      owner: 'DNS owner',
      unprovable: 'the zone is known by its SOA record only',
    };
  },
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointId !== LAB.secretsEndpoint) continue;
        endpoint.PrivateDnsEnabled = false;
        endpoint.DnsEntries = (endpoint.DnsEntries ?? []).filter((entry) => entry.DnsName?.includes('.vpce.'));
      }
      addPrivateZone(world, `${world.region}.amazonaws.com`, {
        [`kms.${world.region}.amazonaws.com`]: { A: ['10.0.2.77'] },
      });
    },
  },
});

const isDenial = (answer: NameAnswer) => answer.outcome === 'nxdomain' || answer.outcome === 'no-data';

function finding(answer: NameAnswer | undefined, facts: Facts, proof?: string): Finding<Facts> {
  const { host, zone, zoneId, managedBy } = facts;
  const whose =
    managedBy === undefined ? `the private hosted zone ${zone}` : `${zone}, the private zone of ${managedBy}`;
  const says = answer === undefined ? 'the VPC’s resolver will say' : `${answer.server} says`;
  const empty = answer?.outcome === 'no-data';
  return {
    key: `${zoneId ?? managedBy ?? zone}`,
    resources: [zoneId ?? managedBy ?? zone],
    extent: 'all',
    summary: `${says} that ${host} ${empty ? 'has no address' : 'does not exist'}: ${whose} owns the name in this VPC and has no record for it, and public DNS is not asked.`,
    because: [
      managedBy !== undefined
        ? { source: 'configuration', text: `${managedBy}: private DNS name ${zone}`, ref: managedBy }
        : zoneId !== undefined
          ? { source: 'configuration', text: `${zoneId}: ${zone} has no record for ${host}`, ref: zoneId }
          : {
              source: 'probe',
              text: `the SOA record of the answer is ${zone}’s; ${proof}`,
              ref: answer?.observations[0]?.id,
            },
    ],
    predicts: (observation) => {
      if (observation.rung !== 'dns' || observation.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
      if (answer === undefined || observation.subject.server !== answer.server)
        return observation.outcome === 'nxdomain' ? 'agrees' : undefined;
      return observation.outcome === 'nxdomain' || observation.outcome === 'no-data'
        ? 'agrees'
        : observation.outcome === 'answered'
          ? 'disproves'
          : undefined;
    },
    facts,
  };
}

/** Why a denied name is known to exist: another resolver has it, or the zone itself leads into the VPC. */
function existsElsewhere(
  host: string,
  zone: string,
  evidence: Evidence,
  inside: (address: string) => boolean,
): string | undefined {
  const other = evidence.answersFor(host).find((answer) => answer.outcome === 'answered');
  if (other !== undefined) return `${other.server} has the name`;
  const apex = evidence.answersFor(zone).find((answer) => answer.addresses.some(inside));
  return apex === undefined ? undefined : `${zone} itself leads into the VPC`;
}
