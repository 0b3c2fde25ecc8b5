/** What there is an endpoint for, and what not: companions, siblings, other Regions, services without any, zones and types. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Scenario } from './scenario.ts';
import {
  endpoint,
  endpointToSecondVpc,
  peered,
  publicService,
  secondVpc,
  withoutS3Endpoint,
  withoutS3Route,
  worldWith,
} from './worlds.ts';

const host = (service: string, region = 'eu-west-1') => `${service}.${region}.amazonaws.com`;
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

function single(name: string, cause: CauseCode, world: () => World, targets: readonly string[]): Scenario {
  return { name, group: 'single', world, targets, expect: { verdict: 'blocked', causes: [cause] } };
}

function healthy(name: string, world: () => World, targets: readonly string[]): Scenario {
  return { name, group: 'healthy', world, targets, expect: { verdict: 'healthy', causes: [] } };
}

/** The S3 gateway endpoint belongs to the peered VPC, and its route is there. */
function gatewayToSecondVpc(world: World): void {
  withoutS3Route(world);
  const gateway = find(world, 'vpcEndpoints', LAB.s3Endpoint);
  gateway.VpcId = 'vpc-20000002';
  gateway.RouteTableIds = ['rtb-20000001'];
  addRoute(world, 'rtb-20000001', { DestinationPrefixListId: LAB.s3PrefixList, GatewayId: LAB.s3Endpoint });
}

/** Secrets Manager's endpoint keeps its interface in the other zone only. */
function onlyOtherZone(world: World): void {
  const secrets = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  secrets.SubnetIds = [LAB.endpointSubnetB];
  secrets.NetworkInterfaceIds = [LAB.secretsInterfaceB];
  world.api.networkInterfaces = world.api.networkInterfaces.filter(
    (found) => found.NetworkInterfaceId !== LAB.secretsInterfaceA,
  );
}

export const OFFER_SCENARIOS: readonly Scenario[] = [
  single(
    'ssm has its endpoint, ssmmessages has none',
    'companion-endpoint-missing',
    worldWith(
      endpoint('vpce-55300011', 'ssm', [host('ssm')]),
      publicService('52.94.11.10', host('ssm')),
      publicService('52.94.11.11', host('ssmmessages')),
    ),
    [host('ssm'), host('ssmmessages')],
  ),
  single(
    'images are pulled through ECR endpoints, and S3 has none for the layers',
    'companion-endpoint-missing',
    worldWith(
      withoutS3Endpoint,
      endpoint('vpce-ec000011', 'ecr.dkr', ['*.dkr.ecr.eu-west-1.amazonaws.com']),
      endpoint('vpce-ec000012', 'ecr.api', [host('api.ecr')]),
      publicService('52.94.11.12', REGISTRY),
    ),
    [REGISTRY, LAB.s3Host],
  ),
  single(
    'an endpoint for acm, a call to acm-pca',
    'sibling-endpoint-only',
    worldWith(endpoint('vpce-ac000011', 'acm', [host('acm')]), publicService('52.94.11.13', host('acm-pca'))),
    [host('acm-pca')],
  ),
  single(
    'an endpoint for bedrock, a call to bedrock-runtime',
    'sibling-endpoint-only',
    worldWith(
      endpoint('vpce-be000011', 'bedrock', [host('bedrock')]),
      publicService('52.94.11.14', host('bedrock-runtime')),
    ),
    [host('bedrock-runtime')],
  ),
  single(
    'the S3 gateway endpoint is here, the bucket’s host is another Region’s',
    'endpoint-in-other-region',
    worldWith(publicService('52.216.10.10', host('s3', 'us-east-1'))),
    [host('s3', 'us-east-1')],
  ),
  single(
    'a service that no endpoint can be made for, and no way out',
    'service-not-offered',
    worldWith(publicService('52.94.11.15', host('shield'))),
    [host('shield')],
  ),
  single(
    'the gateway endpoint is a peered VPC’s',
    'endpoint-type-unsuited',
    worldWith(secondVpc, endpointToSecondVpc, peered, gatewayToSecondVpc),
    [LAB.s3Host],
  ),
  single(
    'SageMaker Runtime’s endpoint leaves the client’s zone out',
    'endpoint-zone-gap',
    worldWith(endpoint('vpce-5a900011', 'sagemaker.runtime', [host('runtime.sagemaker')]), (world) => {
      const runtime = find(world, 'vpcEndpoints', 'vpce-5a900011');
      runtime.SubnetIds = [LAB.endpointSubnetB];
      runtime.NetworkInterfaceIds = ['eni-5a900011b'];
      world.api.networkInterfaces = world.api.networkInterfaces.filter(
        (found) => found.NetworkInterfaceId !== 'eni-5a900011a',
      );
    }),
    [host('runtime.sagemaker')],
  ),
  healthy(
    'another Region’s host over NAT, with an endpoint for the service here',
    worldWith(addNatGateway, publicService('52.216.10.10', host('s3', 'us-east-1'))),
    [host('s3', 'us-east-1'), LAB.s3Host],
  ),
  healthy(
    'a service without endpoint services over NAT',
    worldWith(addNatGateway, publicService('52.94.11.15', host('shield'))),
    [host('shield'), LAB.secretsHost],
  ),
  healthy('an endpoint in the other zone only', worldWith(onlyOtherZone), [LAB.secretsHost]),
];
