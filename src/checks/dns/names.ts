/** What the DNS causes share: whether an answer leads to the intended endpoint. */
import type { VpcEndpoint } from '../../model/aws.ts';
import type { Observation } from '../../model/observation.ts';
import type { Missing, SliceName, State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import { allAddresses, vpcAddresses } from '../../network/destinations.ts';
import {
  chooseEndpoint,
  type EndpointChoice,
  endpointsFor,
  isType,
  namesCover,
  offeredNames,
} from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { isVpcResolver } from '../../network/resolution.ts';
import {
  answerOfZone,
  bare,
  hostedZones,
  isWithin,
  managedZones,
  owningZone,
  type PrivateZone,
  type ZoneAnswer,
} from '../../network/zones.ts';
import { matchHost } from '../../services/catalogue.ts';
import { endpointNames, regionalName } from '../../services/endpoint-names.ts';
import { partitionOfRegion } from '../../services/partitions.ts';
import { parseServiceName } from '../../services/service-names.ts';
import type { Agreement, Fix } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { comment } from '../terraform.ts';

export const ENDPOINT_NAME_SLICES = ['vpcEndpoints', 'networkInterfaces'] as const satisfies readonly SliceName[];

/** The endpoint that the target should use, and the addresses that its name should give. */
export type NameGoal = {
  readonly choice: EndpointChoice | undefined;
  /** addresses of the endpoint's interfaces; undefined when they could not be read or there is no interface endpoint */
  readonly addresses: readonly string[] | undefined;
  readonly missing: readonly Missing[];
};

/** What the target's name should lead to. `missing` is set when the endpoints themselves could not be read. */
export function nameGoal(
  state: Pick<State, (typeof ENDPOINT_NAME_SLICES)[number]>,
  client: Pick<Client, 'vpcId'>,
  target: Target,
): NameGoal {
  if (!state.vpcEndpoints.known) {
    const gap = {
      slice: 'vpcEndpoints',
      action: 'ec2:DescribeVpcEndpoints',
      why: state.vpcEndpoints.why,
      detail: state.vpcEndpoints.detail,
    } as const;
    return { choice: undefined, addresses: undefined, missing: [gap] };
  }
  const choice = target.address === undefined ? chooseEndpoint(state, client.vpcId, target) : undefined;
  if (choice === undefined || choice.way === 'gateway') return { choice, addresses: undefined, missing: [] };
  return { choice, addresses: endpointAddresses(state, choice), missing: [] };
}

/** Every address of the endpoint's network interfaces; undefined when one of them cannot be read. */
export function endpointAddresses(
  state: Pick<State, 'networkInterfaces'>,
  choice: EndpointChoice,
): string[] | undefined {
  const ids = choice.endpoints.flatMap((endpoint) => endpoint.NetworkInterfaceIds ?? []);
  const found = ids.map((id) => byId(state.networkInterfaces, 'NetworkInterfaceId', id));
  if (found.some((one) => one === undefined)) return undefined;
  return found.flatMap((one) => (one === undefined ? [] : allAddresses(one)));
}

/** Whether any of the answer's addresses is one of the endpoint's. */
export function leadsToEndpoint(answer: readonly string[], goal: NameGoal): boolean | undefined {
  return goal.addresses === undefined ? undefined : answer.some((address) => goal.addresses?.includes(address));
}

export const HOSTED_ZONE_SLICES = [...ENDPOINT_NAME_SLICES, 'hostedZones', 'resourceRecordSets'] as const;

/**
 * The zone of the VPC that decides the host, endpoints' hidden zones included, and what a hosted one says of it. Undefined when
 * none that could be read owns the name.
 */
export function zoneOfHost(
  state: Pick<State, (typeof HOSTED_ZONE_SLICES)[number]>,
  vantage: Pick<Vantage, 'vpcId'>,
  host: string,
): { readonly zone: PrivateZone; readonly answer: ZoneAnswer | undefined } | undefined {
  const hosted = hostedZones(state, vantage.vpcId);
  const zone = owningZone([...hosted, ...managedZones(state, vantage.vpcId)], host);
  if (zone === undefined) return undefined;
  return { zone, answer: zone.kind === 'hosted' ? answerOfZone(state, hosted, zone, host) : undefined };
}

/**
 * Hosted zones that are named after the endpoint service (`ecr.api.eu-west-1.amazonaws.com`) where clients ask for another name
 * (`api.ecr.…`): made for this target, and asked by nobody. Empty for a target whose host is spelt like its service.
 */
export function misnamedZones(
  state: Pick<State, 'hostedZones'>,
  vantage: Pick<Vantage, 'vpcId'>,
  target: Target,
): PrivateZone[] {
  const host = target.host;
  if (host === undefined) return [];
  const wrong = target.serviceNames.flatMap((service) => {
    const name = parseServiceName(service);
    if (name?.region === undefined || name.suffix === undefined) return [];
    const { dnsSuffix, dualStackDnsSuffix } = partitionOfRegion(name.region);
    return [dnsSuffix, dualStackDnsSuffix].map((suffix) => `${name.suffix}.${name.region}.${suffix}`);
  });
  // A zone with the name of a host that clients do call (`secretsmanager.…`, where this host is its FIPS name) is used.
  return hostedZones(state, vantage.vpcId).filter(
    (zone) => wrong.includes(zone.name) && !isWithin(host, zone.name) && matchHost(zone.name)?.service === undefined,
  );
}

/** Why a name surely exists, whatever a resolver says; undefined when that is not known. */
export function whyItExists(state: Pick<State, 'vpcEndpoints'>, target: Target): string | undefined {
  const host = target.host;
  const match = host === undefined ? undefined : matchHost(host);
  // A service's standard name always exists, where the service is in the Region at all.
  if (match?.variant === 'standard' && match.service?.confidence === 'high')
    return `it is the name of ${match.service.title}`;
  const endpoint = endpointsFor(state.vpcEndpoints, target).find(
    (one) => host !== undefined && isType(one, 'interface') && namesCover(offeredNames(one), host),
  );
  return endpoint === undefined ? undefined : `it is the name of the service that ${endpoint.VpcEndpointId} is for`;
}

/** The endpoint that a zone's answer leads to, in whatever VPC: by the endpoint's own name, or by an address of its interfaces. */
export function endpointBehind(
  state: Pick<State, (typeof ENDPOINT_NAME_SLICES)[number]>,
  answer: ZoneAnswer | undefined,
): VpcEndpoint | undefined {
  if (answer?.kind === 'endpoint') return answer.endpoint;
  if (answer?.kind !== 'addresses' || !state.vpcEndpoints.known) return undefined;
  const isAt = (id: string) => {
    const found = byId(state.networkInterfaces, 'NetworkInterfaceId', id);
    return found !== undefined && allAddresses(found).some((address) => answer.addresses.includes(address));
  };
  return state.vpcEndpoints.value.find((endpoint) => endpoint.NetworkInterfaceIds?.some(isAt) === true);
}

/** Names of the zones that negative answers for the host came from, by their SOA records (RFC 2308). */
export function zonesThatDenied(evidence: Evidence, primary: string | undefined): string[] {
  const answers = [...evidence.configured, ...(evidence.vpc === undefined ? [] : [evidence.vpc])];
  return [
    ...new Set(
      answers
        .filter((answer) => isVpcResolver(answer.server, primary) || answer === evidence.system)
        .flatMap((answer) => answer.observations.flatMap((one) => one.detail.authority))
        .flatMap((record) => (record.type === 'SOA' ? [bare(record.name)] : [])),
    ),
  ];
}

/** `Z0…` with the record that leads a name to an endpoint, as one shell command; the API wants the batch as JSON. */
export function upsertAlias(zoneId: string, host: string, name: string, aliasZone: string | undefined): string {
  const set =
    aliasZone === undefined
      ? { Name: host, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: name }] }
      : { Name: host, Type: 'A', AliasTarget: { HostedZoneId: aliasZone, DNSName: name, EvaluateTargetHealth: false } };
  const batch = JSON.stringify({ Changes: [{ Action: 'UPSERT', ResourceRecordSet: set }] });
  return `aws route53 change-resource-record-sets --hosted-zone-id ${zoneId} --change-batch '${batch}'`;
}

/** The zone no longer counts in the VPC; its other VPCs and its records stay. */
export function takeZoneOff(
  zone: string,
  zoneId: string,
  vpcId: string | undefined,
  region: string | undefined,
): Pick<Fix, 'commands' | 'undo' | 'terraform' | 'owner' | 'caution' | 'edit'> {
  const vpc = `VPCRegion=${region ?? '"$AWS_REGION"'},VPCId=${vpcId ?? '"$VPC_ID"'}`;
  return {
    commands: [`aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id ${zoneId} --vpc ${vpc}`],
    undo: [`aws route53 associate-vpc-with-hosted-zone --hosted-zone-id ${zoneId} --vpc ${vpc}`],
    terraform: comment(
      `Remove the vpc block of ${vpcId ?? 'the VPC'} from the aws_route53_zone ${zoneId}, or its aws_route53_zone_association, and apply. Undo: declare it again, and apply.`,
    ),
    owner: 'DNS owner',
    caution: `The records of ${zone} are gone for the whole VPC then. A zone that serves one VPC only must be deleted instead.`,
    edit: (draft) => {
      const at = draft.slices.hostedZones.findIndex((one) => one.HostedZoneId === zoneId);
      if (at >= 0) draft.slices.hostedZones.splice(at, 1);
    },
  };
}

/** The record set of `upsertAlias`, for the model. */
export function aliasRecord(zone: string, host: string, name: string, aliasZone: string | undefined) {
  return {
    Name: `${host}.`,
    Type: 'A',
    ZoneName: zone,
    AliasTarget: { ...(aliasZone === undefined ? {} : { HostedZoneId: aliasZone }), DNSName: `${name}.` },
  };
}

/** The endpoint's own Regional name, which zones should point to, with the zone id that an alias record needs. */
export function aliasTargetOf(endpoint: VpcEndpoint): { name: string; zone: string | undefined } | undefined {
  const regional = regionalName(
    endpointNames(endpoint).regional,
    parseServiceName(endpoint.ServiceName ?? '')?.service,
  )?.replace(/^\*\./, '');
  if (regional === undefined) return undefined;
  const entry = endpoint.DnsEntries?.find((one) => one.DnsName?.replace(/^\*\./, '') === regional);
  return { name: regional, zone: entry?.HostedZoneId };
}

/** A failed connection to one of these addresses on the target's port. */
export function failedConnection(addresses: readonly string[], port: number, observation: Observation): boolean {
  return (
    observation.rung === 'tcp' &&
    observation.subject.port === port &&
    addresses.includes(observation.subject.address) &&
    observation.outcome !== 'open' &&
    observation.outcome !== 'skipped'
  );
}

/** The client VPC's own addresses, from the metadata service or the API; not RFC 1918. */
export function isInsideVpc(state: Pick<State, 'vpcs'>, vantage: Vantage, address: string): boolean {
  const vpc = vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId);
  const own = [...(vpc === undefined ? [] : vpcAddresses(vpc)), ...cidrSet(vantage.vpcCidrs)];
  return own.length > 0 && containsAddress(own, address);
}

/**
 * A cause that keeps the name public predicts answers without the endpoint's addresses, and, where nothing carries public
 * traffic, silence behind them. An answer with the endpoint's address disproves it.
 */
export function predictsPublicAnswer(target: Target, goal: NameGoal): (observation: Observation) => Agreement {
  const host = target.host?.toLowerCase();
  return (observation) => {
    if (observation.rung === 'dns' && observation.subject.name.toLowerCase() === host) {
      if (observation.subject.type !== 'A' || observation.outcome !== 'answered') return undefined;
      const leads = leadsToEndpoint(observation.detail.addresses, goal);
      return leads === undefined ? undefined : leads ? 'disproves' : 'agrees';
    }
    if (observation.rung !== 'tcp' || observation.subject.port !== target.port || goal.addresses === undefined)
      return undefined;
    return !goal.addresses.includes(observation.subject.address) &&
      observation.outcome !== 'open' &&
      observation.outcome !== 'skipped'
      ? 'agrees'
      : undefined;
  };
}
