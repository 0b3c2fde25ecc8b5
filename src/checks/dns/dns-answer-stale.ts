import { missing } from '../../model/state.ts';
import { allAddresses } from '../../network/destinations.ts';
import type { ZoneAnswer } from '../../network/zones.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { sharedSubnetGap } from '../endpoint/shared-subnet.ts';
import { list } from '../path/blocked-gates.ts';
import { comment } from '../terraform.ts';
import { HOSTED_ZONE_SLICES, isInsideVpc, nameGoal, zoneOfHost } from './names.ts';
import { failsAt } from './wrong-address.ts';

export const dnsAnswerStale = defineCheck({
  code: 'dns-answer-stale',
  title: 'The name leads to an address that no longer belongs to the endpoint',
  layer: 'dns',
  needs: [...HOSTED_ZONE_SLICES, 'vpcs', 'subnets'],
  documentation: {
    meaning:
      'The resolver answers with an address inside the VPC that is no network interface of the endpoint: a cached answer, a record that somebody keeps by hand, or the leftovers of an endpoint that was deleted or replaced. Nobody listens there.',
    confirm:
      'Compare dig <host> with the addresses of the endpoint’s network interfaces (aws ec2 describe-network-interfaces --network-interface-ids …).',
    remedy:
      'Flush the cache that keeps it (nscd, systemd-resolved, dnsmasq, the JVM), or correct the record in the zone that owns it; point records at the endpoint’s vpce-… name, not at its addresses.',
    notWhen: 'An address of another VPC (a central endpoint) is not stale because this VPC does not know it.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html'],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    const answer = evidence.system ?? evidence.vpc;
    if (host === undefined || answer === undefined || answer.outcome !== 'answered') return NOT_APPLICABLE;
    const inside = answer.addresses.filter((address) => isInsideVpc(state, vantage, address));
    if (inside.length === 0) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0) return unknown(goal.missing, false);
    if (goal.choice?.way === 'gateway' || (goal.choice === undefined && target.serviceNames.length === 0))
      return NOT_APPLICABLE;
    // In a shared subnet the owner's network interfaces are not listed either: that nobody has the address cannot be said.
    if (!state.networkInterfaces.known || (goal.choice !== undefined && goal.addresses === undefined))
      return unknown([missing(state, 'networkInterfaces', `whose address ${list(inside)} is`)], false);
    const shared = sharedSubnetGap(state, vantage);
    if (shared !== undefined) return unknown([shared], false);
    const endpointId = goal.choice?.endpoints[0].VpcEndpointId;
    const stale = inside.filter((address) => !(goal.addresses ?? []).includes(address));
    if (stale.length === 0) return absent(`${host} leads to ${endpointId}’s own ${list(inside)}`);
    // A record of a zone is no cache: it is read, and named, by a cause of its own.
    const zone = zoneOfHost(state, vantage, host);
    if (zone?.answer?.kind === 'addresses' && stale.every((address) => recorded(zone.answer, address)))
      return NOT_APPLICABLE;
    const owner = state.networkInterfaces.value.find((one) =>
      stale.some((address) => allAddresses(one).includes(address)),
    );
    const whose =
      owner === undefined
        ? 'no network interface has'
        : `${owner.NetworkInterfaceId} (${owner.Description || owner.InterfaceType}) has`;
    return found([
      {
        key: `${host} ${stale.join(' ')}`,
        resources: [answer.server, ...(endpointId === undefined ? [] : [endpointId])],
        extent: stale.length === answer.addresses.length ? 'all' : 'some',
        summary: `${answer.server} answers ${host} with ${list(stale)}, which ${whose}; ${endpointId === undefined ? 'the VPC has no endpoint for it' : `${endpointId} is at ${list(goal.addresses ?? []) || 'no address'}`}.`,
        because: [
          {
            source: 'configuration',
            text: `${endpointId ?? 'the endpoint list'}: ${list(goal.addresses ?? []) || 'no address'}`,
            ref: endpointId,
          },
        ],
        predicts: (observation) => {
          if (observation.rung === 'dns')
            return observation.subject.server === answer.server &&
              observation.subject.name.toLowerCase() === host.toLowerCase() &&
              observation.detail.addresses.some((address) => stale.includes(address))
              ? 'agrees'
              : undefined;
          return failsAt(observation, target.port, stale) ? 'agrees' : undefined;
        },
        facts: { host, server: answer.server, stale, vpcId: vantage.vpcId, region: vantage.region },
      },
    ]);
  },
  fix: ({ host, server, stale, vpcId, region }) => ({
    summary: `Find what keeps ${list(stale)} for ${host}: a cache in front of ${server} (flush it), or a zone with a record of its own (correct it).`,
    commands: [
      `sudo resolvectl flush-caches`,
      `aws route53 list-hosted-zones-by-vpc --vpc-id ${vpcId ?? '"$VPC_ID"'} --vpc-region ${region ?? '"$AWS_REGION"'}`,
    ],
    undo: [],
    terraform: comment(
      `A cache is no resource of Terraform’s. A record that somebody keeps is an aws_route53_record for ${host}: correct it in its configuration, best as an alias of the endpoint’s name.`,
    ),
    owner: 'DNS owner',
    unprovable: 'the record or cache that gives this answer is not in the state that was read',
  }),
  demonstration: {
    inject: (world) => {
      world.staleAnswers[`secretsmanager.${world.region}.amazonaws.com`] = { A: ['10.0.2.99'] };
    },
  },
});

function recorded(answer: ZoneAnswer | undefined, address: string): boolean {
  return answer?.kind === 'addresses' && answer.addresses.includes(address);
}
