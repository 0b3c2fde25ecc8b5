import { addInterfaceEndpoint } from '../../lab/world-endpoints.ts';
import type { Observation } from '../../model/observation.ts';
import { missing } from '../../model/state.ts';
import { formatAddress, parseCidr } from '../../network/addresses.ts';
import { isZoneBound, zonesOf } from '../../network/availability-zones.ts';
import { chooseEndpoint, endpointState, isType } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { servicesNamed } from '../../services/offers.ts';
import { type Agreement, absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { comment, hcl, notTerraforms, resource } from '../terraform.ts';

export const endpointZoneGap = defineCheck({
  code: 'endpoint-zone-gap',
  title: 'The endpoint has no network interface in the client’s zone',
  layer: 'endpoint',
  needs: ['vpcEndpoints', 'subnets', 'endpointServices'],
  reachabilityAnalyzerCode: 'VPCE_SERVICE_NOT_INSTALLED_IN_AZ',
  documentation: {
    meaning:
      'The endpoint’s subnets are all in other zones than the client. Most services answer from there as well, at the price of cross-zone latency and traffic, and the client then depends on two zones instead of one. SageMaker Runtime demands an interface in the client’s own zone: without one its name does not resolve.',
    confirm:
      'aws ec2 describe-subnets for the endpoint’s SubnetIds and the client’s subnet: compare AvailabilityZoneId, not the zone’s name, which differs between accounts.',
    remedy:
      'Add a subnet of the client’s zone to the endpoint. Where the service is not offered in that zone (AvailabilityZoneIds of describe-vpc-endpoint-services), run the client in a zone where it is.',
    notWhen:
      'It is only advice while the service answers. An endpoint in two zones or more that leaves out the client’s is a choice between cost and latency, and not reported; neither is a zone in which the service is not offered.',
    sources: [
      'https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    if (target.address !== undefined || !state.vpcEndpoints.known) {
      const bound = target.serviceNames.some((ServiceName) => isZoneBound({ VpcEndpointId: '', ServiceName }));
      return bound && evidence.addresses.length === 0 ? unknown([missing(state, 'vpcEndpoints')]) : NOT_APPLICABLE;
    }
    const endpoint = chooseEndpoint(state, client.vpcId, target)?.endpoints[0];
    if (endpoint === undefined || !isType(endpoint, 'interface') || endpointState(endpoint) !== 'available')
      return NOT_APPLICABLE;
    if (client.vpcId === undefined || (endpoint.VpcId ?? client.vpcId) !== client.vpcId) return NOT_APPLICABLE;
    // Without any subnet it is in no zone at all, which is another cause.
    if (endpoint.SubnetIds?.length === 0) return NOT_APPLICABLE;
    const bound = isZoneBound(endpoint);
    const zones = zonesOf(state, vantage, endpoint);
    if (zones === undefined)
      return bound ? unknown([missing(state, 'subnets', `the zones of ${endpoint.VpcEndpointId}`)]) : NOT_APPLICABLE;
    const id = endpoint.VpcEndpointId;
    if (zones.endpoint.includes(zones.own))
      return bound ? absent(`${id} has an interface in ${zones.own}`) : NOT_APPLICABLE;
    const offers = servicesNamed(state.endpointServices, endpoint.ServiceName ?? '');
    const listed = offers.flatMap((offer) => offer.AvailabilityZoneIds ?? []);
    const offeredHere = listed.length === 0 ? undefined : listed.includes(zones.own);
    const works = evidence.addresses.some((address) => evidence.tcp(address).some((one) => one.outcome === 'open'));
    if (!bound) {
      // Two zones or more are a choice that somebody made; while nothing works, something else deserves the line.
      if (zones.endpoint.length > 1 || offeredHere === false || (evidence.probed && !works)) return NOT_APPLICABLE;
    }
    const subnet = client.subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', client.subnetId);
    const where = zones.endpoint.join(', ');
    return found([
      {
        // One line for all endpoints that leave this zone out.
        key: bound ? id : zones.own,
        resources: [id],
        extent: bound ? 'all' : 'none',
        summary: bound
          ? `${id} stands in ${where} only, and ${endpoint.ServiceName} answers its name only in the zones of its endpoint: this host is in ${zones.own}.`
          : `${id} stands in ${where} only and this host is in ${zones.own}: every request crosses zones, costs cross-zone traffic, and depends on both zones.`,
        because: [
          { source: 'configuration', text: `${id}: subnets in ${where}`, ref: id },
          { source: 'configuration', text: `the client’s subnet is in ${zones.own}`, ref: client.subnetId },
          ...(offeredHere === false
            ? [
                {
                  source: 'configuration' as const,
                  text: `${endpoint.ServiceName} is offered in ${listed.join(', ')}, not in ${zones.own}`,
                  ref: endpoint.ServiceName,
                },
              ]
            : []),
        ],
        predicts: bound ? predictsNoAnswer(target.host) : predictsOpen(evidence.addresses, target.port),
        facts: {
          id,
          zone: zones.own,
          offeredHere,
          listed,
          subnetId: client.subnetId,
          cidr: subnet?.CidrBlock,
          vpcId: client.vpcId,
          groups: endpoint.Groups ?? [],
        },
      },
    ]);
  },
  fix: ({ id, zone, offeredHere, listed, subnetId, cidr, vpcId, groups }) => {
    if (offeredHere === false)
      return {
        summary: `Run the client in a zone where the service is offered: ${listed.join(', ')}.`,
        commands: [],
        undo: [],
        terraform: notTerraforms('where the client runs is decided with it: a subnet of such a zone.'),
        owner: 'application owner',
        unprovable: `the service is not offered in ${zone}, so that no endpoint can stand there`,
      };
    const range = cidr === undefined ? undefined : parseCidr(cidr)?.range;
    return {
      summary: `Add ${subnetId ?? `a subnet of ${zone}`}, which is in ${zone}, to ${id}; likewise for other endpoints that leave this zone out.`,
      commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --add-subnet-ids ${subnetId ?? '"$SUBNET"'}`],
      undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --remove-subnet-ids ${subnetId ?? '"$SUBNET"'}`],
      terraform:
        subnetId === undefined
          ? comment(`An aws_vpc_endpoint_subnet_association of ${id} with a subnet of ${zone}.`)
          : hcl(
              resource('aws_vpc_endpoint_subnet_association', `${id}_${subnetId}`, {
                vpc_endpoint_id: id,
                subnet_id: subnetId,
              }),
              comment(
                'Not beside a subnet_ids argument of the endpoint’s own resource: there, add it. Undo: remove what this adds, and apply again.',
              ),
            ),
      owner: 'endpoint owner',
      caution:
        'An interface endpoint is charged per hour for each zone. Not every service is offered in every zone (AvailabilityZoneIds of describe-vpc-endpoint-services).',
      ...(range === undefined || subnetId === undefined
        ? { unprovable: 'the client’s subnet could not be read' }
        : {
            edit: (draft) => {
              const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', id);
              if (endpoint === undefined) return;
              endpoint.SubnetIds = [...(endpoint.SubnetIds ?? []), subnetId];
              endpoint.NetworkInterfaceIds = [...(endpoint.NetworkInterfaceIds ?? []), `eni-new-${id}`];
              draft.slices.networkInterfaces.push({
                NetworkInterfaceId: `eni-new-${id}`,
                InterfaceType: 'vpc_endpoint',
                VpcId: vpcId,
                SubnetId: subnetId,
                PrivateIpAddress: formatAddress(range.family, range.high - 5n),
                Groups: groups,
              });
            },
          }),
    };
  },
  demonstration: {
    targets: ['runtime.sagemaker.eu-west-1.amazonaws.com'],
    inject: (world) => {
      addInterfaceEndpoint(world, 'sagemaker.runtime', {
        host: `runtime.sagemaker.${world.region}.amazonaws.com`,
        zones: ['b'],
      });
    },
  },
});

/** The name gives no address; an address disproves it. */
function predictsNoAnswer(host: string | undefined): (observation: Observation) => Agreement {
  return (observation) => {
    if (observation.rung !== 'dns' || observation.subject.name.toLowerCase() !== host?.toLowerCase()) return undefined;
    if (observation.outcome === 'answered') return 'disproves';
    if (observation.outcome === 'nxdomain' || observation.outcome === 'servfail') return 'agrees';
    return observation.outcome === 'no-data' && observation.subject.type === 'A' ? 'agrees' : undefined;
  };
}

/** Advice is about what works: the connections that cross the zones. */
function predictsOpen(addresses: readonly string[], port: number): (observation: Observation) => Agreement {
  return (observation) =>
    observation.rung === 'tcp' &&
    observation.subject.port === port &&
    observation.outcome === 'open' &&
    addresses.includes(observation.subject.address)
      ? 'agrees'
      : undefined;
}
