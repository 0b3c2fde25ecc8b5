import { missing } from '../../model/state.ts';
import { chooseEndpoint, endpointsFor, isType } from '../../network/endpoints.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { comment } from '../terraform.ts';
import { createEndpoint, planEndpoint } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { joinedTo } from './joined.ts';
import { WAY_OUT_SLICES, wayOut } from './way-out.ts';

export const endpointInOtherVpc = defineCheck({
  code: 'endpoint-in-other-vpc',
  title: 'The endpoint is in another VPC that nothing connects to this one',
  layer: 'endpoint',
  needs: [
    ...WAY_OUT_SLICES,
    'endpointServices',
    'vpcEndpoints',
    'vpcAttributes',
    'vpcPeeringConnections',
    'transitGatewayVpcAttachments',
  ],
  reachabilityAnalyzerCode: 'DISCONNECTED_VPCS',
  documentation: {
    meaning:
      'The account has an endpoint for the service in this Region, but in another VPC, and neither a peering connection nor a transit gateway joins the two. An endpoint serves its own VPC, and others only where packets and names are led to it.',
    confirm:
      'aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=<service> shows another VpcId than the client’s.',
    remedy:
      'Create an endpoint in the client’s VPC; or join the VPCs (peering or transit gateway, routes both ways), admit the client’s CIDR at the endpoint, and lead the name there by a private hosted zone or a Route 53 Profile.',
    notWhen:
      'A gateway endpoint never serves another VPC, connected or not. A central endpoint that is connected is not this cause.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html'],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    if (target.address !== undefined || (target.serviceNames.length === 0 && target.endpointId === undefined))
      return NOT_APPLICABLE;
    if (!state.vpcEndpoints.known)
      return leadsToPrivate(evidence, vantage) ? NOT_APPLICABLE : unknown([missing(state, 'vpcEndpoints')]);
    const vpcId = client.vpcId;
    if (vpcId === undefined) return NOT_APPLICABLE;
    const choice = chooseEndpoint(state, vpcId, target);
    if (choice !== undefined && (choice.endpoints[0].VpcId ?? vpcId) === vpcId)
      return absent(`${choice.endpoints[0].VpcEndpointId} is in ${vpcId}, as the client is`);
    const others = endpointsFor(state.vpcEndpoints, target).filter(
      (endpoint) => endpoint.VpcId !== undefined && endpoint.VpcId !== vpcId,
    );
    const first = others.find((endpoint) => isType(endpoint, 'interface')) ?? others[0];
    if (first?.VpcId === undefined) return NOT_APPLICABLE;
    const joined = others.map((endpoint) => joinedTo(state, client, vpcId, endpoint.VpcId ?? ''));
    if (joined.some((one) => one.joined === 'yes')) return NOT_APPLICABLE;
    if (target.endpointId === undefined) {
      const way = wayOut(state, client, evidence, target.port);
      if (way.usable === 'yes') return absent(`the service is reached without an endpoint: ${way.why}`);
    }
    const gaps = joined.flatMap((one) => one.missing);
    if (gaps.length > 0) return unknown(gaps);
    return found([
      {
        key: `${first.VpcEndpointId} ${vpcId}`,
        resources: [first.VpcEndpointId, first.VpcId, vpcId],
        extent: 'all',
        summary: `${first.VpcEndpointId} serves ${first.ServiceName} in ${first.VpcId}, but this host is in ${vpcId}, and neither a peering connection nor a transit gateway joins them.`,
        because: [
          { source: 'configuration', text: `${first.VpcEndpointId} is in ${first.VpcId}`, ref: first.VpcEndpointId },
          {
            source: 'configuration',
            text: `no active peering and no shared transit gateway between ${vpcId} and ${first.VpcId}`,
            ref: vpcId,
          },
        ],
        predicts: predictsNoConnection(evidence.addresses, target.port),
        facts: {
          plan: planEndpoint(state, vantage, target),
          host: target.endpointId === undefined ? target.host : undefined,
        },
      },
    ]);
  },
  fix: ({ plan, host }) =>
    plan === undefined
      ? {
          summary: 'Create an endpoint for the service in the client’s VPC, or join the two VPCs.',
          commands: [],
          undo: [],
          terraform: comment('An aws_vpc_endpoint in the client’s VPC, of which too little is known to write it out.'),
          owner: 'network owner',
          unprovable: 'the client’s subnet or the service is not known',
        }
      : createEndpoint(plan, host),
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.VpcId = 'vpc-20000002';
        for (const one of world.api.networkInterfaces) {
          if (endpoint.NetworkInterfaceIds?.includes(one.NetworkInterfaceId)) one.VpcId = 'vpc-20000002';
        }
      }
      world.api.vpcs.push({
        VpcId: 'vpc-20000002',
        CidrBlock: '10.20.0.0/16',
        OwnerId: world.accountId,
        DhcpOptionsId: 'dopt-10000001',
      });
    },
  },
});
