import type { Observation } from '../../model/observation.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { connectionsTo, leadsToPublic } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { createPlanned, hasGatewayType, isOtherRegion, planEndpoint } from './create-endpoint.ts';
import { NO_ENDPOINT_SLICES, noEndpoint, noEndpointBecause } from './no-endpoint.ts';
import { sharedSubnetGap } from './shared-subnet.ts';

export const endpointMissing = defineCheck({
  code: 'endpoint-missing',
  title: 'The VPC has no endpoint for the service, and no other way out',
  layer: 'endpoint',
  needs: [...NO_ENDPOINT_SLICES, 'vpcAttributes'],
  documentation: {
    meaning:
      'The service’s name resolves to public addresses, the client’s subnet has no working route to the internet, and the VPC has no endpoint for the service. Packets to the service go nowhere.',
    confirm:
      'aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=<vpc> Name=service-name,Values=<service>: an empty list.',
    remedy:
      'Create the endpoint: for S3 and DynamoDB a gateway endpoint (free of charge), for other services an interface endpoint with private DNS and a security group that admits the clients.',
    notWhen:
      'Participants of a shared subnet cannot list the owner’s endpoints: an empty list is then no evidence. With a working NAT gateway the service is reachable, only not privately (public-path-used).',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html',
    ],
  },
  evaluate: (context) => {
    const { state, client, vantage, target } = context;
    if (isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    const none = noEndpoint(context);
    if (none.outcome === 'not-applicable') return NOT_APPLICABLE;
    if (none.outcome === 'absent') return absent(none.because);
    if (none.outcome === 'unknown') return unknown(none.missing);
    // A sibling's endpoint, a workload's other endpoints, a service without any: causes of their own, nearer to the repair.
    if (none.why.cause !== 'endpoint-missing') return NOT_APPLICABLE;
    const { vpcId, way } = none;
    const service = target.serviceNames[0] ?? '';
    const partly = way.usable === 'yes';
    return found([
      {
        key: `${vpcId} ${service}`,
        resources: [vpcId, ...(way.routeTableId === undefined ? [] : [way.routeTableId])],
        extent: partly ? 'some' : 'all',
        yields: none.yields,
        summary: partly
          ? `${vpcId} has no endpoint for ${service}, and the ways out of ${client.subnetId ?? 'the subnet'} lead to a part of the addresses of ${target.host ?? 'the service'} only: not to ${list(way.beyond)}.`
          : `${vpcId} has no endpoint for ${service}, and nothing else leads ${target.host ?? 'the traffic'} out of ${client.subnetId ?? 'the subnet'}: ${way.why}.`,
        because: noEndpointBecause(
          vpcId,
          target,
          partly ? { ...way, why: `no usable route to ${list(way.beyond)}` } : way,
        ),
        predicts: predictsNoConnection(partly ? way.beyond : none.asked, target.port),
        facts: { plan: planEndpoint(state, vantage, target), host: target.host },
      },
    ]);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const { silent, open } = connectionsTo(evidence);
    // A service that is in no table may have no endpoint service at all: service-not-offered says that.
    if (target.serviceId === undefined) return undefined;
    if (target.serviceNames.length === 0 || silent.length === 0 || open.length > 0 || !leadsToPublic(evidence, vantage))
      return undefined;
    // Where the owner's endpoints cannot be listed, "there is none" is nobody's to say.
    if (sharedSubnetGap(state, vantage) !== undefined) return undefined;
    // A gateway endpoint's names stay public: what is missing there is the route, which is another cause.
    if (hasGatewayType(target.serviceId) || isOtherRegion(target, vantage)) return undefined;
    return {
      key: `suspected ${target.serviceNames[0]}`,
      resources: [vantage.vpcId ?? target.serviceNames[0] ?? ''],
      extent: 'all',
      summary: `${target.host} resolves to public addresses and nothing answers there: most likely ${vantage.vpcId ?? 'the VPC'} has no endpoint for ${target.serviceNames[0]} whose private DNS covers this name.`,
      because: [
        {
          source: 'probe',
          text: `${target.host} leads to ${evidence.addresses.join(', ')}, outside the VPC`,
          ref: evidence.system?.observations[0]?.id,
        },
      ],
      predicts: predictsNoConnection(evidence.addresses, target.port),
      facts: { plan: planEndpoint(state, vantage, target), host: target.host },
    };
  },
  fix: ({ plan, host }) => createPlanned(plan, host),
  demonstration: {
    inject: (world) => {
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Interface');
      world.api.networkInterfaces = world.api.networkInterfaces.filter((one) => one.InterfaceType !== 'vpc_endpoint');
    },
  },
});

/** Connections to the name's addresses do not open. */
export function predictsNoConnection(
  addresses: readonly string[],
  port: number,
): (observation: Observation) => 'agrees' | 'disproves' | undefined {
  return (observation) => {
    if (
      observation.rung !== 'tcp' ||
      observation.subject.port !== port ||
      !addresses.includes(observation.subject.address)
    )
      return undefined;
    if (observation.outcome === 'open') return 'disproves';
    return observation.outcome === 'skipped' ? undefined : 'agrees';
  };
}
