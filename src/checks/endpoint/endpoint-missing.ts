import type { Observation } from '../../model/observation.ts';
import { missing } from '../../model/state.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import { chooseEndpoint, endpointsFor, isVpceName } from '../../network/endpoints.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { connectionsTo, leadsInside, leadsOutside } from '../evidence.ts';
import { createEndpoint, hasGatewayType, isOtherRegion, planEndpoint } from './create-endpoint.ts';
import { sharedSubnetGap } from './shared-subnet.ts';
import { WAY_OUT_SLICES, wayOut } from './way-out.ts';

export const endpointMissing = defineCheck({
  code: 'endpoint-missing',
  title: 'The VPC has no endpoint for the service, and no other way out',
  layer: 'endpoint',
  needs: [...WAY_OUT_SLICES, 'vpcEndpoints', 'vpcAttributes'],
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
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (target.address !== undefined || target.endpointId !== undefined || target.serviceNames.length === 0)
      return NOT_APPLICABLE;
    if (host !== undefined && isVpceName(host)) return NOT_APPLICABLE;
    if (isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    if (!state.vpcEndpoints.known)
      return leadsInside(evidence, vantage)
        ? absent(`${host} leads to a private address`)
        : unknown([missing(state, 'vpcEndpoints')]);
    const choice = chooseEndpoint(state, client.vpcId, target);
    if (choice !== undefined)
      return absent(`${choice.endpoints[0].VpcEndpointId} is there for ${choice.endpoints[0].ServiceName}`);
    if (client.vpcId === undefined) return unknown([missing(state, 'vpcs', 'which VPC the client is in')]);
    // Another VPC's endpoint is a cause of its own, nearer to the repair.
    const elsewhere = endpointsFor(state.vpcEndpoints, target).filter((endpoint) => endpoint.VpcId !== client.vpcId);
    if (elsewhere.length > 0) return NOT_APPLICABLE;
    const shared = sharedSubnetGap(state, vantage);
    if (shared !== undefined) return unknown([shared]);
    // A name that nobody has is no question of endpoints.
    if (evidence.system?.outcome === 'nxdomain') return NOT_APPLICABLE;
    // A private answer means that somebody leads the name to an endpoint that we do not see (a central VPC, a Route 53 Profile).
    const answers = evidence.resolved;
    if (answers.length > 0 && answers.every((address) => containsAddress(PRIVATE, address))) return NOT_APPLICABLE;
    const way = wayOut(state, client, evidence, target.port);
    if (way.usable === 'yes') return absent(`the service is reached without an endpoint: ${way.why}`);
    if (way.usable === 'unknown')
      return unknown(way.missing.length > 0 ? way.missing : [missing(state, 'routeTables')]);
    const service = target.serviceNames[0] ?? '';
    return found([
      {
        key: `${client.vpcId} ${service}`,
        resources: [client.vpcId, ...(way.routeTableId === undefined ? [] : [way.routeTableId])],
        extent: 'all',
        summary: `${client.vpcId} has no endpoint for ${service}, and nothing else leads ${host ?? 'the traffic'} out of ${client.subnetId ?? 'the subnet'}: ${way.why}.`,
        because: [
          {
            source: 'configuration',
            text: `no endpoint of ${client.vpcId} has the service name ${target.serviceNames.join(' or ')}`,
            ref: client.vpcId,
          },
          { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
        ],
        predicts: predictsNoConnection(answers, target.port),
        facts: { plan: planEndpoint(state, vantage, target), host },
      },
    ]);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const { silent, open } = connectionsTo(evidence);
    if (target.serviceNames.length === 0 || silent.length === 0 || open.length > 0 || !leadsOutside(evidence, vantage))
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
  fix: ({ plan, host }) =>
    plan === undefined
      ? {
          summary: 'Create an endpoint for the service in the client’s VPC.',
          commands: [],
          undo: [],
          owner: 'network owner',
          unprovable: 'the client’s subnet is not known',
        }
      : createEndpoint(plan, host),
  demonstration: {
    inject: (world) => {
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Interface');
      world.api.networkInterfaces = world.api.networkInterfaces.filter((one) => one.InterfaceType !== 'vpc_endpoint');
    },
  },
});

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

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
