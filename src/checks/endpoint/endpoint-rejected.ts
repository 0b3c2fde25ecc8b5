import { defineCheck } from '../check.ts';
import { acceptInTerraform, endpointStateOutcome, makeAvailable, STATE_SLICES } from './endpoint-states.ts';

export const endpointRejected = defineCheck({
  code: 'endpoint-rejected',
  title: 'The service’s provider has rejected the endpoint',
  layer: 'endpoint',
  needs: STATE_SLICES,
  documentation: {
    meaning:
      'The provider of the endpoint service has rejected this endpoint’s connection, at the request or later. It carries no traffic.',
    confirm: 'aws ec2 describe-vpc-endpoints --vpc-endpoint-ids <vpce>: "State": "rejected".',
    remedy:
      'Talk to the provider: it can accept the connection; where that is refused, create a new endpoint, which makes a new request.',
    notWhen: 'A connection that works now can be rejected at any time: a run from yesterday proves nothing.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html'],
  },
  evaluate: (context) =>
    endpointStateOutcome(context, {
      fits: (state) => state === 'rejected',
      fine: 'the endpoint is not rejected',
      summary: (id, endpoint) => `The provider of ${endpoint.ServiceName} has rejected ${id}; it carries no traffic.`,
    }),
  fix: ({ id, serviceName }) => ({
    summary: `Ask the provider of ${serviceName} to accept ${id}.`,
    commands: [
      `aws ec2 accept-vpc-endpoint-connections --service-id ${serviceName.split('.').at(-1)} --vpc-endpoint-ids ${id}`,
    ],
    undo: [
      `aws ec2 reject-vpc-endpoint-connections --service-id ${serviceName.split('.').at(-1)} --vpc-endpoint-ids ${id}`,
    ],
    owner: 'service provider',
    terraform: acceptInTerraform(id, serviceName),
    caution:
      'Only the provider’s account can run this. If it is refused, delete the endpoint and create it anew: that makes a new request.',
    edit: (draft) => makeAvailable(draft, id),
  }),
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.State = 'rejected';
      }
    },
  },
});
