import { addInterfaceEndpoint, publicHost } from '../../lab/world-endpoints.ts';
import { findWorkload, WORKLOADS } from '../../services/workloads.ts';
import { defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { createPlanned, isOtherRegion, planEndpoint } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { NO_ENDPOINT_SLICES, noEndpoint, noEndpointBecause } from './no-endpoint.ts';

export const companionEndpointMissing = defineCheck({
  code: 'companion-endpoint-missing',
  title: 'The workload’s other services have endpoints, this one has not',
  layer: 'endpoint',
  needs: [...NO_ENDPOINT_SLICES, 'vpcAttributes'],
  documentation: {
    meaning:
      'What people call one thing is several services: pulling an image needs ecr.api, ecr.dkr and S3, a session needs ssm and ssmmessages, an ECS instance needs ecs, ecs-agent and ecs-telemetry. The VPC has endpoints for some of them and none for this one, so the workload starts and then fails half way.',
    confirm:
      'aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=<vpc> --query "VpcEndpoints[].ServiceName": compare with what the workload needs (vpce-doctor --workload ecr-pull).',
    remedy:
      'Create the endpoint that is missing; then run vpce-doctor --workload for the whole list, so that the next one does not show tomorrow.',
    notWhen:
      'With a NAT gateway the rest goes over the internet path, and works. SSM Agent 3.3.40.0 and later does without ec2messages, Fargate without the ECS endpoints.',
    sources: [
      'https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html',
      'https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html',
      'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html',
    ],
  },
  evaluate: (context) => {
    const { state, vantage, target } = context;
    if (!isOfWorkload(target.serviceId, target.workload) || isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    const none = noEndpoint(context);
    if (none.outcome === 'unknown') return unknown(none.missing);
    if (none.outcome !== 'none' || none.why.cause !== 'companion-endpoint-missing') return NOT_APPLICABLE;
    const { vpcId, way, why } = none;
    const { companion, endpoint } = why;
    const service = target.serviceNames[0] ?? '';
    return found([
      {
        key: `${vpcId} ${service}`,
        resources: [vpcId, endpoint.VpcEndpointId],
        extent: 'all',
        yields: none.yields,
        summary: `${companion.workload.title} needs ${target.serviceId} too: ${vpcId} has ${endpoint.VpcEndpointId} for ${companion.covered}, but no endpoint for ${service}. ${companion.without}`,
        because: [
          ...noEndpointBecause(vpcId, target, way),
          {
            source: 'rule',
            text: `${companion.workload.title} needs ${companion.covered} and ${target.serviceId}`,
            ref: companion.workload.source,
          },
        ],
        predicts: predictsNoConnection(none.asked, target.port),
        facts: { plan: planEndpoint(state, vantage, target), host: target.host },
      },
    ]);
  },
  fix: ({ plan, host }) => createPlanned(plan, host),
  demonstration: {
    targets: ['ssmmessages'],
    inject: (world) => {
      addInterfaceEndpoint(world, 'ssm');
      publicHost(world, 'ssmmessages', '52.94.10.40');
    },
  },
});

/** Whether a service is one of the workload that was asked for, or one that some workload always needs. */
function isOfWorkload(serviceId: string | undefined, asked: string | undefined): boolean {
  const named = asked === undefined ? undefined : findWorkload(asked);
  const needs =
    named === undefined
      ? WORKLOADS.flatMap((workload) => workload.required)
      : [...named.required, ...named.conditional];
  return needs.some((need) => need.service === serviceId);
}
