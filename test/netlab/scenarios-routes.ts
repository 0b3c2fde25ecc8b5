/** Routes, ways out, and who answers at the end of them. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import type { Scenario } from './scenario.ts';
import {
  endpoint,
  publicService,
  publicSubnet,
  s3FromEveryRange,
  withoutS3Route,
  withoutSecretsEndpoint,
  worldWith,
} from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const degraded = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'degraded', causes });
const secrets = [LAB.secretsHost];
const s3 = [LAB.s3Host];

const BLACKHOLE = { NetworkInterfaceId: 'eni-dead0001', State: 'blackhole' };
const route = (edit: Parameters<typeof addRoute>[2]) => (world: World) => addRoute(world, LAB.clientRouteTable, edit);

const ROUTES: readonly Scenario[] = [
  {
    name: 'S3 gateway endpoint is not associated with the client route table',
    group: 'single',
    world: worldWith(withoutS3Route),
    targets: s3,
    expect: blocked('gateway-route-missing'),
  },
  {
    name: 'S3 gateway endpoint is on the public route table only, NAT carries it',
    reported: 'C128',
    group: 'single',
    world: worldWith(withoutS3Route, addNatGateway, (world) => {
      addRoute(world, LAB.publicRouteTable, { DestinationPrefixListId: LAB.s3PrefixList, GatewayId: LAB.s3Endpoint });
      find(world, 'vpcEndpoints', LAB.s3Endpoint).RouteTableIds = [LAB.publicRouteTable];
    }),
    targets: s3,
    expect: { ...degraded('gateway-route-missing'), besides: ['public-path-used'] },
  },
  {
    name: 'client subnet lost its association and fell back to the main table',
    group: 'single',
    world: worldWith((world) => {
      find(world, 'routeTables', LAB.clientRouteTable).Associations = [];
    }),
    targets: s3,
    expect: blocked('gateway-route-missing'),
  },
  {
    name: 'a route for the S3 addresses leads to a firewall interface that is not there',
    group: 'single',
    world: worldWith(
      ...['52.218.0.0/18', '52.218.64.0/18', '3.5.64.0/22', '3.5.68.0/22', '18.34.240.0/23', '18.34.242.0/23'].map(
        (DestinationCidrBlock) => route({ DestinationCidrBlock, TransitGatewayId: 'tgw-00000001' }),
      ),
    ),
    targets: s3,
    expect: blocked('route-overrides-endpoint'),
  },
  {
    name: 'a more specific route takes a part of the S3 addresses to a transit gateway',
    group: 'single',
    world: worldWith(
      s3FromEveryRange,
      route({ DestinationCidrBlock: '52.218.0.0/18', TransitGatewayId: 'tgw-00000001' }),
    ),
    targets: s3,
    expect: degraded('route-overrides-endpoint'),
  },
  {
    name: 'a propagated VPN route takes a part of the S3 addresses',
    group: 'single',
    world: worldWith(
      s3FromEveryRange,
      route({ DestinationCidrBlock: '3.5.64.0/22', GatewayId: 'vgw-00000001', Origin: 'EnableVgwRoutePropagation' }),
    ),
    targets: s3,
    expect: degraded('route-overrides-endpoint'),
  },
  {
    name: 'more specific routes lead both endpoint subnets to an appliance',
    group: 'single',
    world: worldWith(
      route({ DestinationCidrBlock: '10.0.2.0/24', NetworkInterfaceId: 'eni-f1000001' }),
      route({ DestinationCidrBlock: '10.0.3.0/24', NetworkInterfaceId: 'eni-f1000001' }),
    ),
    targets: secrets,
    expect: blocked('route-overrides-endpoint'),
  },
  {
    name: 'a more specific route leads one endpoint subnet to an appliance',
    group: 'single',
    world: worldWith(route({ DestinationCidrBlock: '10.0.3.0/24', NetworkInterfaceId: 'eni-f1000001' })),
    targets: secrets,
    expect: degraded('route-overrides-endpoint'),
  },
  {
    name: 'blackhole routes for both endpoint subnets',
    group: 'single',
    world: worldWith(
      route({ DestinationCidrBlock: '10.0.2.0/24', ...BLACKHOLE }),
      route({ DestinationCidrBlock: '10.0.3.0/24', ...BLACKHOLE }),
    ),
    targets: secrets,
    expect: blocked('route-blackhole'),
  },
  {
    name: 'blackhole route for one endpoint subnet',
    group: 'single',
    world: worldWith(route({ DestinationCidrBlock: '10.0.2.0/24', ...BLACKHOLE })),
    targets: secrets,
    expect: degraded('route-blackhole'),
  },
  {
    name: 'blackhole route for a part of the S3 addresses',
    group: 'single',
    world: worldWith(s3FromEveryRange, route({ DestinationCidrBlock: '52.218.0.0/17', ...BLACKHOLE })),
    targets: s3,
    expect: degraded('route-blackhole'),
  },
  {
    name: 'blackhole routes for all S3 addresses',
    group: 'single',
    world: worldWith(
      ...['52.218.0.0/17', '3.5.64.0/21', '18.34.240.0/22'].map((DestinationCidrBlock) =>
        route({ DestinationCidrBlock, ...BLACKHOLE }),
      ),
    ),
    targets: s3,
    expect: blocked('route-blackhole'),
  },
];

const natGone = (world: World) => {
  addNatGateway(world);
  world.api.natGateways = [];
  for (const found of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
    if (found.NatGatewayId !== undefined) found.State = 'blackhole';
};

const INTERNET: readonly Scenario[] = [
  {
    name: 'NAT gateway is gone, a foreign host is called',
    group: 'single',
    world: worldWith(natGone),
    targets: ['example.com'],
    expect: blocked('no-internet-path'),
  },
  {
    name: 'foreign host without any default route',
    group: 'single',
    world: worldWith(),
    targets: ['example.com'],
    expect: blocked('no-internet-path'),
  },
  {
    name: 'public subnet, no public address, foreign host',
    reported: 'C165',
    group: 'single',
    world: worldWith(publicSubnet()),
    targets: ['example.com'],
    expect: blocked('no-internet-path'),
  },
  {
    name: 'Block Public Access in both directions, foreign host behind NAT',
    group: 'single',
    world: worldWith(addNatGateway, (world) => {
      find(world, 'vpcs', LAB.vpc).BlockPublicAccessStates = { InternetGatewayBlockMode: 'block-bidirectional' };
    }),
    targets: ['example.com'],
    expect: blocked('no-internet-path'),
  },
  {
    name: 'NAT gateway stands in a subnet without an internet gateway',
    group: 'single',
    world: worldWith(addNatGateway, (world) => {
      const table = find(world, 'routeTables', LAB.publicRouteTable);
      table.Routes = (table.Routes ?? []).filter((found) => found.GatewayId === 'local');
    }),
    targets: ['example.com'],
    expect: blocked('no-internet-path'),
  },
  {
    name: 'no endpoint, NAT carries the service',
    group: 'single',
    world: worldWith(withoutSecretsEndpoint, addNatGateway),
    targets: secrets,
    expect: degraded('public-path-used'),
  },
  {
    name: 'no endpoint, internet gateway and public address carry the service',
    group: 'single',
    world: worldWith(withoutSecretsEndpoint, publicSubnet('192.0.2.200')),
    targets: secrets,
    expect: degraded('public-path-used'),
  },
  {
    name: 'no endpoint for a second service, NAT carries it',
    reported: 'C204',
    group: 'single',
    world: worldWith(addNatGateway, publicService('52.94.10.44', 'bedrock-runtime.eu-west-1.amazonaws.com')),
    targets: ['bedrock-runtime.eu-west-1.amazonaws.com', ...secrets],
    expect: degraded('public-path-used'),
  },
];

const TLS: readonly Scenario[] = [
  {
    name: 'the endpoint name is called, the certificate lists the service name only',
    reported: 'C067',
    group: 'single',
    world: worldWith(endpoint('vpce-10950001', 'logs', ['logs.eu-west-1.amazonaws.com']), (world) => {
      world.endpointCertificateNames['com.amazonaws.eu-west-1.logs'] = ['logs.eu-west-1.amazonaws.com'];
    }),
    targets: ['vpce-10950001-a1b2c3d4.logs.eu-west-1.vpce.amazonaws.com'],
    expect: blocked('tls-name-mismatch'),
  },
  {
    name: 'the certificate belongs to another service',
    group: 'single',
    world: worldWith((world) => {
      world.endpointCertificateNames['com.amazonaws.eu-west-1.secretsmanager'] = ['kms.eu-west-1.amazonaws.com'];
    }),
    targets: secrets,
    expect: blocked('wrong-service-answers'),
  },
];

export const ROUTE_SCENARIOS: readonly Scenario[] = [...ROUTES, ...INTERNET, ...TLS];
