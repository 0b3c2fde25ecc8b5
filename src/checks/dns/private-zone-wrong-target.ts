import { addPrivateZone, LAB } from '../../lab/world.ts';
import type { ResourceRecordSet, VpcEndpoint } from '../../model/aws.ts';
import { missing, type State } from '../../model/state.ts';
import { containsAddress } from '../../network/addresses.ts';
import { classifyAddress } from '../../network/answer-class.ts';
import { allAddresses, vpcAddresses } from '../../network/destinations.ts';
import { endpointState, endpointsFor } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { bare } from '../../network/zones.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToNobody } from '../endpoint/no-endpoint.ts';
import { sharedSubnetGap } from '../endpoint/shared-subnet.ts';
import type { NameAnswer } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { comment, hcl } from '../terraform.ts';
import {
  aliasRecord,
  aliasTargetOf,
  failedConnection,
  HOSTED_ZONE_SLICES,
  nameGoal,
  takeZoneOff,
  upsertAlias,
  zoneOfHost,
} from './names.ts';
import { changedRecordInTerraform } from './records-in-terraform.ts';

type Facts = {
  readonly host: string;
  readonly zone: string;
  readonly zoneId: string | undefined;
  readonly records: readonly ResourceRecordSet[];
  readonly alias: { readonly name: string; readonly zone: string | undefined } | undefined;
  /** a participant of a shared subnet cannot list the endpoints of its owner */
  readonly shared?: boolean;
  /** where it would be taken off: no endpoint is left for it to lead to, and it knows no other name */
  readonly uselessIn?: { readonly vpcId: string; readonly region: string | undefined } | undefined;
};

export const privateZoneWrongTarget = defineCheck({
  code: 'private-zone-wrong-target',
  title: 'A private hosted zone leads the name to an address that is not the endpoint’s',
  layer: 'dns',
  needs: [...HOSTED_ZONE_SLICES, 'vpcs', 'prefixLists', 'subnets'],
  documentation: {
    meaning:
      'A private hosted zone of your own has a record for the service’s name, and the record leads to an address that is no network interface of a live endpoint for it: an address of an endpoint that was replaced, another service’s endpoint, or a vpce-… name that is gone.',
    confirm:
      'aws route53 list-resource-record-sets for the zone, against the addresses of the endpoint’s network interfaces.',
    remedy:
      'Make the record an alias of the endpoint’s own vpce-… name, which follows its addresses by itself. Where no endpoint is left, take the zone off the VPC before a new one is made: private DNS is refused beside a zone of the same name.',
    notWhen:
      'A zone that leads to an endpoint of another VPC (a central endpoint) is how shared endpoints work; while connections open there, nothing is reported.',
    sources: [
      'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-vpc-interface-endpoint.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.choice?.way === 'gateway' || (goal.choice === undefined && target.serviceNames.length === 0))
      return NOT_APPLICABLE;
    const answer = evidence.vpc ?? evidence.system;
    if (
      answer !== undefined &&
      answer.addresses.length > 0 &&
      answer.addresses.every((one) => goal.addresses?.includes(one))
    )
      return absent(`${host} leads to ${goal.choice?.endpoints[0].VpcEndpointId}’s own interfaces`);
    if (!state.hostedZones.known) return unknown([missing(state, 'hostedZones')], false);
    const owner = zoneOfHost(state, vantage, host);
    if (owner?.zone.kind !== 'hosted' || owner.answer === undefined)
      return absent(`no hosted zone of your own decides ${host}`);
    if (owner.answer.kind === 'unread')
      return unknown([missing(state, 'resourceRecordSets', `the records of ${owner.zone.name}`)], false);
    if (owner.answer.kind === 'none' || owner.answer.kind === 'name') return NOT_APPLICABLE;
    if (!state.vpcEndpoints.known) return unknown([missing(state, 'vpcEndpoints')], false);
    const serving = endpointsFor(state.vpcEndpoints, target).filter((one) => endpointState(one) === 'available');
    const own = serving.flatMap((one) => one.NetworkInterfaceIds ?? []);
    const interfaces = own.map((id) => byId(state.networkInterfaces, 'NetworkInterfaceId', id));
    const central = serving.find((one) => one.VpcId !== undefined && one.VpcId !== vantage.vpcId);
    const endpoint = goal.choice?.endpoints[0] ?? central;
    const shared = sharedSubnetGap(state, vantage) !== undefined;
    const facts: Facts = {
      host,
      shared,
      zone: owner.zone.name,
      zoneId: owner.zone.id,
      records: owner.answer.records,
      alias: endpoint === undefined ? undefined : aliasTargetOf(endpoint),
      // An endpoint with private DNS is refused while a zone of the very name is there, and no other name may need it.
      uselessIn:
        vantage.vpcId !== undefined &&
        owner.zone.name === bare(host) &&
        !shared &&
        endpointsFor(state.vpcEndpoints, target).length === 0 &&
        ((owner.answer.kind === 'endpoint' && owner.answer.endpoint === undefined) ||
          leadsToNobody(state, vantage, evidence)) &&
        isOnlyFor(state, owner.zone.name, vantage.accountId)
          ? { vpcId: vantage.vpcId, region: vantage.region }
          : undefined,
    };
    if (owner.answer.kind === 'endpoint') {
      const named = owner.answer.endpoint;
      if (named !== undefined)
        return serving.includes(named) || endpointState(named) !== 'available'
          ? absent(`${owner.zone.name} leads ${host} to ${named.VpcEndpointId}`)
          : found([
              finding(
                answer,
                facts,
                owner.answer.addresses ?? [],
                `${named.VpcEndpointId}, the endpoint of ${named.ServiceName}`,
                target.port,
              ),
            ]);
      // An endpoint of another account cannot be read; one that is gone has no name any more.
      if (answer !== undefined && ['nxdomain', 'no-data'].includes(answer.outcome))
        return found([finding(answer, facts, [], `${owner.answer.name}, a name that is gone`, target.port)]);
      return NOT_APPLICABLE;
    }
    if (interfaces.some((one) => one === undefined) || !state.networkInterfaces.known)
      return unknown(
        [missing(state, 'networkInterfaces', `whose addresses ${list(owner.answer.addresses)} are`)],
        false,
      );
    const live = interfaces.flatMap((one) => (one === undefined ? [] : allAddresses(one)));
    const wrong = owner.answer.addresses.filter((address) => {
      if (live.includes(address)) return false;
      const kind = classifyAddress(state, vantage, target, address).class;
      if (kind === 'vpc' || kind === 'other-endpoint') return true;
      // Elsewhere an endpoint may stand that this account cannot see: only where nothing answers and there is one of its own.
      const tried = evidence.tcp(address);
      const own = goal.choice !== undefined || serving.some((one) => isInVpcOf(state, one, address));
      return own && tried.length > 0 && tried.every((one) => one.outcome !== 'open');
    });
    if (wrong.length === 0) return absent(`${owner.zone.name} leads ${host} to ${list(owner.answer.addresses)}`);
    return found([finding(answer, facts, wrong, list(wrong), target.port)]);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const host = target.host;
    const answer = evidence.vpc ?? evidence.system;
    if (host === undefined || answer?.outcome !== 'answered') return undefined;
    const wrong = answer.addresses.filter(
      (address) => classifyAddress(state, vantage, target, address, answer.cnames).class === 'other-endpoint',
    );
    if (wrong.length === 0) return undefined;
    const facts = { host, zone: host, zoneId: undefined, records: [], alias: undefined };
    return finding(answer, facts, wrong, `${list(wrong)}, another service’s endpoint`, target.port);
  },
  fix: ({ host, zone, zoneId, records, alias, uselessIn }) => {
    if (zoneId !== undefined && alias === undefined && uselessIn !== undefined)
      return {
        summary: `Take ${zone} (${zoneId}) off ${uselessIn.vpcId}: there is no endpoint that it could lead ${host} to, and while it is there CreateVpcEndpoint refuses one with private DNS.`,
        ...takeZoneOff(zone, zoneId, uselessIn.vpcId, uselessIn.region),
      };
    if (zoneId === undefined || alias === undefined)
      return {
        summary: `Correct the record of ${host} in ${zone}: make it an alias of the right endpoint’s own name.${zone === bare(host) ? ' While the zone is on the VPC, AWS refuses private DNS of that name: a new endpoint is made without it, or the zone is taken off first.' : ''}`,
        commands: [],
        undo: [],
        owner: 'DNS owner',
        terraform: comment(
          `In the aws_route53_record of ${host} in ${zone} name the right endpoint, of which too little is known to write it out.`,
        ),
        unprovable: 'the right endpoint, or the zone, is not in the state that was read',
      };
    // Fields of ours are not the API's.
    const former = records.map(({ ZoneName: _, ...record }) => ({ Action: 'UPSERT', ResourceRecordSet: record }));
    return {
      summary: `Make the record of ${host} in ${zoneId}${zone === bare(host) ? '' : ` (${zone})`} an alias of ${alias.name}.`,
      commands: [upsertAlias(zoneId, host, alias.name, alias.zone)],
      undo: [
        `aws route53 change-resource-record-sets --hosted-zone-id ${zoneId} --change-batch '${JSON.stringify({ Changes: former })}'`,
      ],
      terraform: hcl(
        comment(`Where ${zoneId} has this record in your configuration already, set the arguments there instead.`),
        ...changedRecordInTerraform(zoneId, bare(host), alias, records[0]?.Type ?? 'A'),
        comment('Undo: give the record its former values.'),
      ),
      owner: 'DNS owner',
      caution: 'Every VPC that the zone is associated with follows this record.',
      edit: (draft) => {
        const sets = draft.slices.resourceRecordSets;
        for (const record of records) {
          const at = sets.findIndex(
            (one) => one.Name === record.Name && one.Type === record.Type && one.ZoneName === record.ZoneName,
          );
          if (at >= 0) sets.splice(at, 1);
        }
        sets.push(aliasRecord(`${zone}.`, bare(host), alias.name, alias.zone));
      },
    };
  },
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointId !== LAB.secretsEndpoint) continue;
        endpoint.PrivateDnsEnabled = false;
        endpoint.DnsEntries = (endpoint.DnsEntries ?? []).filter((entry) => entry.DnsName?.includes('.vpce.'));
      }
      addPrivateZone(world, `secretsmanager.${world.region}.amazonaws.com`, {
        [`secretsmanager.${world.region}.amazonaws.com`]: { A: ['10.0.2.99'] },
      });
    },
  },
});

/**
 * Whether the zone is this account's own, serves other VPCs too (the last one cannot be taken off) or may do so, and has records
 * for the name that it is called by alone, beside its SOA and NS. Without an SOA among them they may be a part of its records.
 */
function isOnlyFor(
  state: Pick<State, 'hostedZones' | 'resourceRecordSets'>,
  zone: string,
  accountId: string | undefined,
): boolean {
  if (!state.hostedZones.known || !state.resourceRecordSets.known) return false;
  const described = state.hostedZones.value.find((one) => bare(one.Name ?? '') === zone);
  const { OwningAccount: account = accountId, OwningService: service } = described?.Owner ?? {};
  const records = state.resourceRecordSets.value;
  const own = records.filter((one) => one.ZoneName !== undefined && bare(one.ZoneName) === zone);
  return (
    service === undefined &&
    account === accountId &&
    described?.VPCs?.length !== 1 &&
    records.every((one) => one.ZoneName !== undefined) &&
    own.some((one) => one.Type === 'SOA') &&
    own.every((one) => bare(one.Name) === zone)
  );
}

/** Whether the address lies in the VPC of an endpoint that we see: what is not its own there is nobody else's endpoint. */
function isInVpcOf(state: Pick<State, 'vpcs'>, endpoint: VpcEndpoint, address: string): boolean {
  const vpc = endpoint.VpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', endpoint.VpcId);
  return vpc !== undefined && containsAddress(vpcAddresses(vpc), address);
}

function finding(
  answer: NameAnswer | undefined,
  facts: Facts,
  wrong: readonly string[],
  whither: string,
  port: number,
): Finding<Facts> {
  const { host, zone, zoneId, shared = false } = facts;
  return {
    key: `${zoneId ?? zone} ${host}`,
    resources: [zoneId ?? zone],
    extent: answer === undefined || answer.addresses.every((address) => wrong.includes(address)) ? 'all' : 'some',
    summary: `The private hosted zone ${zone}${zoneId === undefined ? '' : ` (${zoneId})`} leads ${host} to ${whither}, and no live endpoint for it ${shared ? 'that can be seen from here ' : ''}is there.`,
    because: [
      zoneId === undefined
        ? { source: 'probe', text: `${answer?.server} answers ${whither}`, ref: answer?.observations[0]?.id }
        : {
            source: 'configuration',
            text: `${zone === bare(host) ? '' : `${zone}: `}${host} → ${whither}`,
            ref: zoneId,
          },
    ],
    predicts: (observation) => {
      if (observation.rung === 'dns') {
        if (observation.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
        if (wrong.length === 0) return ['nxdomain', 'no-data'].includes(observation.outcome) ? 'agrees' : undefined;
        if (observation.detail.addresses.some((address) => wrong.includes(address))) return 'agrees';
        return observation.subject.server === answer?.server && observation.outcome === 'answered'
          ? 'disproves'
          : undefined;
      }
      if (observation.rung === 'tcp') return failedConnection(wrong, port, observation) ? 'agrees' : undefined;
      return wrong.includes(observation.subject.address) &&
        !['trusted', 'aws-answer', 'other-answer', 'skipped'].includes(observation.outcome)
        ? 'agrees'
        : undefined;
    },
    facts,
  };
}
