import { addInterfaceEndpoint, publicHost } from '../../lab/world-endpoints.ts';
import { privateNames } from '../../network/endpoints.ts';
import { nearServices } from '../../services/near-names.ts';
import { defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { createPlanned, isOtherRegion, planEndpoint } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { NO_ENDPOINT_SLICES, noEndpoint, noEndpointBecause } from './no-endpoint.ts';

export const siblingEndpointOnly = defineCheck({
  code: 'sibling-endpoint-only',
  title: 'The VPC has an endpoint of a near name, not the one for this service',
  layer: 'endpoint',
  needs: [...NO_ENDPOINT_SLICES, 'vpcAttributes'],
  documentation: {
    meaning:
      'Services with near names have endpoint services of their own: acm and acm-pca, bedrock and bedrock-runtime, codedeploy and codedeploy-commands-secure, states and sync-states, logs and stream-logs. The VPC has the endpoint of one and the client calls the other, whose name that endpoint does not have.',
    confirm:
      'aws ec2 describe-vpc-endpoints --query "VpcEndpoints[].[ServiceName,DnsEntries[].DnsName]": the host in the error message is among none of the names.',
    remedy: 'Create the endpoint of the service that is called, beside the other one or in its place.',
    notWhen:
      'Some endpoints carry several names (execute-api, ECR with its registries): the host decides, not the service’s title.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
      'https://docs.aws.amazon.com/codedeploy/latest/userguide/vpc-endpoints.html',
      'https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html',
    ],
  },
  evaluate: (context) => {
    const { state, vantage, target } = context;
    if (target.serviceId === undefined || nearServices(target.serviceId).length === 0) return NOT_APPLICABLE;
    if (isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    const none = noEndpoint(context);
    if (none.outcome === 'unknown') return unknown(none.missing);
    if (none.outcome !== 'none' || none.why.cause !== 'sibling-endpoint-only') return NOT_APPLICABLE;
    const { vpcId, way } = none;
    const { endpoint } = none.why;
    const service = target.serviceNames[0] ?? '';
    const names = privateNames(endpoint);
    const told = names.slice(0, 3).join(', ');
    return found([
      {
        key: `${endpoint.VpcEndpointId} ${service}`,
        resources: [endpoint.VpcEndpointId, vpcId],
        extent: 'all',
        yields: none.yields,
        summary: `${endpoint.VpcEndpointId} is for ${endpoint.ServiceName}${told === '' ? '' : ` (${told}${names.length > 3 ? ' …' : ''})`}, and this is another service: ${target.host ?? service} needs an endpoint for ${service}, and ${vpcId} has none.`,
        because: [
          ...noEndpointBecause(vpcId, target, way),
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId} (${endpoint.ServiceName}) does not have the name ${target.host ?? service}`,
            ref: endpoint.VpcEndpointId,
          },
        ],
        predicts: predictsNoConnection(none.asked, target.port),
        facts: { plan: planEndpoint(state, vantage, target), host: target.host },
      },
    ]);
  },
  fix: ({ plan, host }) => createPlanned(plan, host),
  demonstration: {
    targets: ['acm-pca'],
    inject: (world) => {
      addInterfaceEndpoint(world, 'acm');
      publicHost(world, 'acm-pca', '52.94.10.41');
    },
  },
});
