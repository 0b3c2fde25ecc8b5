/** Is there an endpoint, and is it alive? */
import { find, healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Scenario } from './scenario.ts';
import {
  endpoint,
  endpointToSecondVpc,
  peered,
  publicService,
  publicSubnet,
  secondVpc,
  withoutS3Endpoint,
  withoutSecretsEndpoint,
  worldWith,
} from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const secrets = [LAB.secretsHost];
const state = (State: string, edit: object = {}) =>
  worldWith((world) => {
    Object.assign(find(world, 'vpcEndpoints', LAB.secretsEndpoint), { State, ...edit });
  });
const logs = 'logs.eu-west-1.amazonaws.com';
const kms = 'kms.eu-west-1.amazonaws.com';
const sts = 'sts.eu-west-1.amazonaws.com';

export const ENDPOINT_SCENARIOS: readonly Scenario[] = [
  {
    name: 'no endpoint and no way out',
    reported: 'C157',
    group: 'single',
    world: worldWith(withoutSecretsEndpoint),
    targets: secrets,
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'another service has an endpoint, this one has none',
    reported: 'C159',
    group: 'single',
    world: worldWith(endpoint('vpce-55300001', 'ssm', ['ssm.eu-west-1.amazonaws.com']), withoutSecretsEndpoint),
    targets: secrets,
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'no endpoint for logs in an isolated VPC',
    reported: 'C094',
    group: 'single',
    world: worldWith(publicService('52.94.10.30', logs)),
    targets: [logs],
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'no endpoint for the regional STS host',
    reported: 'C045',
    group: 'single',
    world: healthyWorld,
    targets: [sts],
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'no endpoint for KMS although two others work',
    reported: 'C217',
    group: 'single',
    world: worldWith(publicService('52.94.10.31', kms)),
    targets: [kms],
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'neither gateway endpoint nor way out for S3',
    group: 'single',
    world: worldWith(withoutS3Endpoint),
    targets: [LAB.s3Host],
    expect: blocked('endpoint-missing'),
  },
  {
    name: 'public subnet without a public address, and no endpoint',
    reported: 'C155',
    group: 'single',
    world: worldWith(withoutSecretsEndpoint, publicSubnet()),
    targets: secrets,
    expect: { ...blocked('endpoint-missing'), besides: ['no-internet-path'] },
  },
  {
    name: 'endpoint failed',
    group: 'single',
    world: state('failed', { LastError: { Code: 'ServiceError', Message: 'the endpoint could not be created' } }),
    targets: secrets,
    expect: blocked('endpoint-not-available'),
  },
  {
    name: 'endpoint being deleted',
    group: 'single',
    world: state('deleting'),
    targets: secrets,
    expect: blocked('endpoint-not-available'),
  },
  {
    name: 'endpoint still pending',
    group: 'single',
    world: state('pending'),
    targets: secrets,
    expect: blocked('endpoint-not-available'),
  },
  {
    name: 'endpoint expired',
    group: 'single',
    world: state('expired'),
    targets: secrets,
    expect: blocked('endpoint-not-available'),
  },
  {
    name: 'gateway endpoint being deleted',
    group: 'single',
    world: worldWith((world) => {
      find(world, 'vpcEndpoints', LAB.s3Endpoint).State = 'deleting';
    }),
    targets: [LAB.s3Host],
    expect: blocked('endpoint-not-available'),
  },
  {
    name: 'endpoint waits for the provider',
    reported: 'C188',
    group: 'single',
    world: state('pendingAcceptance'),
    targets: secrets,
    expect: blocked('endpoint-pending-acceptance'),
  },
  {
    name: 'endpoint waits for the provider, asked by its own name',
    reported: 'C189',
    group: 'single',
    world: state('pendingAcceptance'),
    targets: [LAB.secretsEndpoint],
    expect: blocked('endpoint-pending-acceptance'),
  },
  {
    name: 'endpoint rejected by the provider',
    group: 'single',
    world: state('rejected'),
    targets: secrets,
    expect: blocked('endpoint-rejected'),
  },
  {
    name: 'endpoint without subnets',
    group: 'single',
    world: worldWith((world) => {
      const found = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
      world.api.networkInterfaces = world.api.networkInterfaces.filter(
        (one) => !found.NetworkInterfaceIds?.includes(one.NetworkInterfaceId),
      );
      found.SubnetIds = [];
      found.NetworkInterfaceIds = [];
    }),
    targets: secrets,
    expect: blocked('endpoint-without-subnets'),
  },
  {
    name: 'endpoint in another VPC that nothing joins',
    group: 'single',
    world: worldWith(secondVpc, endpointToSecondVpc),
    targets: secrets,
    expect: blocked('endpoint-in-other-vpc'),
  },
  {
    name: 'endpoint in another VPC, peering deleted',
    group: 'single',
    world: worldWith(secondVpc, endpointToSecondVpc, peered, (world) => {
      for (const peering of world.api.vpcPeeringConnections) peering.Status = { Code: 'deleted' };
      for (const table of world.api.routeTables)
        table.Routes = (table.Routes ?? []).filter((route) => route.VpcPeeringConnectionId === undefined);
    }),
    targets: secrets,
    expect: blocked('endpoint-in-other-vpc'),
  },
];
