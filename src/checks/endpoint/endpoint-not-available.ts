import { defineCheck } from '../check.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { endpointStateOutcome, makeAvailable, STATE_SLICES } from './endpoint-states.ts';

export const endpointNotAvailable = defineCheck({
  code: 'endpoint-not-available',
  title: 'The endpoint is not available',
  layer: 'endpoint',
  needs: STATE_SLICES,
  reachabilityAnalyzerCode: 'BAD_STATE',
  documentation: {
    meaning:
      'The endpoint exists but is not in state available: pending (being made or changed), failed, deleting, deleted, expired or partial. Its interfaces do not answer, and private DNS does not lead to it.',
    confirm: 'aws ec2 describe-vpc-endpoints --vpc-endpoint-ids <vpce>: State, LastError and FailureReason.',
    remedy:
      'Pending passes by itself within minutes. A failed or deleted endpoint has to be created anew; LastError says what was wrong.',
    notWhen:
      'The API writes states in camelCase and its model in PascalCase; both mean the same. Another, available endpoint for the service is used instead of a dead one.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html',
    ],
  },
  evaluate: (context) =>
    endpointStateOutcome(context, {
      fits: (state) => !['available', 'pendingacceptance', 'rejected'].includes(state),
      fine: 'the endpoint is available',
      summary: (id, endpoint, why) => `${id} is ${endpoint.State}, not available${why === '' ? '' : `: ${why}`}.`,
    }),
  fix: ({ id, state, vpcId, serviceName, likeThis, likeThisInTerraform }) =>
    state === 'pending'
      ? {
          summary: `Wait until ${id} is available; it is still being made or changed.`,
          commands: [`aws ec2 describe-vpc-endpoints --vpc-endpoint-ids ${id} --query 'VpcEndpoints[0].State'`],
          undo: [],
          owner: 'endpoint owner',
          unprovable: 'only AWS can finish what is pending',
          terraform: comment('There is nothing to apply: a pending endpoint becomes available by itself.'),
        }
      : {
          summary: `Delete ${id} and create it anew in the same places.`,
          commands: [
            `aws ec2 delete-vpc-endpoints --vpc-endpoint-ids ${id}`,
            `NEW_ENDPOINT=$(aws ec2 create-vpc-endpoint --vpc-id ${vpcId} --service-name ${serviceName} ${likeThis} --query VpcEndpoint.VpcEndpointId --output text)`,
          ],
          undo: ['aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$NEW_ENDPOINT"'],
          caution: `The new endpoint has another id and other names of its own: policies, records and settings that name ${id} have to name it. ${id} itself does not come back.`,
          terraform: hcl(
            comment(
              `Where Terraform made ${id}: terraform apply -replace on its aws_vpc_endpoint. Where not, delete it and apply:`,
            ),
            resource('aws_vpc_endpoint', `${id}_again`, likeThisInTerraform),
            UNDO_BY_REMOVAL,
          ),
          owner: 'endpoint owner',
          edit: (draft) => makeAvailable(draft, id),
        },
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.State = 'failed';
        endpoint.LastError = { Code: 'InternalError', Message: 'The endpoint could not be created.' };
      }
    },
  },
});
