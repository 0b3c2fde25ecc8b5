import { publicHost } from '../../lab/world-endpoints.ts';
import { targetOffer } from '../../network/offer.ts';
import { defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { connectionsTo, leadsToPublic } from '../evidence.ts';
import { comment } from '../terraform.ts';
import { isOtherRegion } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { NO_ENDPOINT_SLICES, noEndpoint } from './no-endpoint.ts';
import { sharedSubnetGap } from './shared-subnet.ts';

export const serviceNotOffered = defineCheck({
  code: 'service-not-offered',
  title: 'The service cannot have a VPC endpoint in this Region',
  layer: 'endpoint',
  needs: NO_ENDPOINT_SLICES,
  documentation: {
    meaning:
      'The service has no endpoint service in this Region, neither an interface nor a gateway one, and the subnet has no way out to the internet. No endpoint will help: this service is reached over the internet path or not at all.',
    confirm:
      'aws ec2 describe-vpc-endpoint-services --service-names com.amazonaws.<region>.<service> answers InvalidServiceName, and the whole list has no PrivateDnsNames for the host.',
    remedy:
      'Give the subnet a way out for this service (a NAT gateway, perhaps behind a firewall that admits the host only, or a proxy); or call it from a place that has one; or do without it.',
    notWhen:
      'The names of endpoint services often differ from the host (monitoring, kinesis-streams, ecr.api): a name that was guessed wrong is no proof. InvalidServiceName is also the answer for a provider’s service that does not admit this account.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html',
    ],
  },
  evaluate: (context) => {
    const { state, vantage, target } = context;
    if (target.serviceNames.length === 0 || isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    if (targetOffer(state, target) === 'offered') return NOT_APPLICABLE;
    const none = noEndpoint(context);
    if (none.outcome === 'unknown') return unknown(none.missing);
    if (none.outcome !== 'none' || none.why.cause !== 'service-not-offered') return NOT_APPLICABLE;
    const { way } = none;
    const names = target.serviceNames.join(' or ');
    return found([
      {
        key: names,
        resources: [target.serviceNames[0] ?? '', ...(way.routeTableId === undefined ? [] : [way.routeTableId])],
        extent: 'all',
        yields: none.yields,
        summary: `${vantage.region ?? 'This Region'} has no endpoint service ${names}, so ${target.host ?? 'the service'} is reached over the internet path only, and ${context.client.subnetId ?? 'the subnet'} has none: ${way.why}.`,
        because: [
          {
            source: 'configuration',
            text: `DescribeVpcEndpointServices does not know ${names}`,
            ref: target.serviceNames[0],
          },
          { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
        ],
        predicts: predictsNoConnection(none.asked, target.port),
        facts: { host: target.host, sure: true },
      },
    ]);
  },
  suspect: ({ state, vantage, target, evidence }) => {
    const { silent, open } = connectionsTo(evidence);
    if (silent.length === 0 || open.length > 0 || !leadsToPublic(evidence, vantage)) return undefined;
    if (sharedSubnetGap(state, vantage) !== undefined) return undefined;
    return {
      key: `suspected ${target.serviceNames[0]}`,
      resources: [target.serviceNames[0] ?? ''],
      extent: 'all',
      summary: `${target.host} resolves to public addresses and nothing answers there. It is none of the services that we know to have endpoints: either AWS offers no endpoint for it, or ${vantage.vpcId ?? 'the VPC'} has none; DescribeVpcEndpointServices would tell.`,
      because: [
        {
          source: 'probe',
          text: `${target.host} leads to ${evidence.addresses.join(', ')}, outside the VPC`,
          ref: evidence.system?.observations[0]?.id,
        },
      ],
      predicts: predictsNoConnection(evidence.addresses, target.port),
      facts: { host: target.host, sure: false },
    };
  },
  fix: ({ host, sure }) => ({
    summary: sure
      ? `Give the subnet a way out to the internet for ${host ?? 'this service'}, such as a NAT gateway; no endpoint can be created.`
      : `Find out whether an endpoint service for ${host ?? 'this service'} exists; if so create the endpoint, otherwise give the subnet a way out.`,
    // Where it is sure that there is none, nothing is left to look up.
    commands: sure
      ? []
      : [
          `aws ec2 describe-vpc-endpoint-services --query "ServiceDetails[?contains(to_string(PrivateDnsNames), '${host ?? ''}')].ServiceName"`,
        ],
    undo: [],
    terraform: comment(
      sure
        ? 'A way out is an aws_nat_gateway in a public subnet and an aws_route to it for 0.0.0.0/0; which subnet that is, is not the tool’s to choose.'
        : 'An aws_vpc_endpoint, or else an aws_nat_gateway and an aws_route to it: which one depends on whether there is an endpoint service.',
    ),
    owner: 'network owner',
    caution: 'A NAT gateway is charged per hour and per gigabyte, and opens the way to every public address.',
    unprovable: sure
      ? 'which way out is wanted is not the tool’s to choose, and it is not in the model before it is made'
      : 'the list of endpoint services could not be read',
  }),
  demonstration: {
    targets: ['shield.eu-west-1.amazonaws.com'],
    inject: (world) => publicHost(world, 'shield', '52.94.10.42', { offered: false }),
  },
});
