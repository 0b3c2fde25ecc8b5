import { defineCheck } from '../check.ts';
import { acceptInTerraform, endpointStateOutcome, makeAvailable, STATE_SLICES } from './endpoint-states.ts';

export const endpointPendingAcceptance = defineCheck({
  code: 'endpoint-pending-acceptance',
  title: 'The service’s provider has not accepted the endpoint yet',
  layer: 'endpoint',
  needs: STATE_SLICES,
  documentation: {
    meaning:
      'The endpoint service demands that its provider accepts each connection request, and this one is still waiting. Until then the endpoint carries no traffic.',
    confirm: 'aws ec2 describe-vpc-endpoints --vpc-endpoint-ids <vpce>: "State": "pendingAcceptance".',
    remedy: 'The provider accepts the request (or switches acceptance off for the service).',
    notWhen: 'AWS’s own services never ask for acceptance.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html'],
  },
  evaluate: (context) =>
    endpointStateOutcome(context, {
      fits: (state) => state === 'pendingacceptance',
      fine: 'the endpoint is not waiting for acceptance',
      summary: (id, endpoint) =>
        `${id} waits for the provider of ${endpoint.ServiceName} to accept it; until then it carries no traffic.`,
    }),
  fix: ({ id, serviceName }) => ({
    summary: `The provider of ${serviceName} accepts ${id}.`,
    commands: [
      `aws ec2 accept-vpc-endpoint-connections --service-id ${serviceName.split('.').at(-1)} --vpc-endpoint-ids ${id}`,
    ],
    undo: [
      `aws ec2 reject-vpc-endpoint-connections --service-id ${serviceName.split('.').at(-1)} --vpc-endpoint-ids ${id}`,
    ],
    owner: 'service provider',
    terraform: acceptInTerraform(id, serviceName),
    caution: 'Only the provider’s account can run this.',
    edit: (draft) => makeAvailable(draft, id),
  }),
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.State = 'pendingAcceptance';
      }
    },
  },
});
