/** Public reports whose story is its own, beside those that the other files name. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import { fromGroup, group, inbound, regroup, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { endpoint, publicService, publicSubnet, withoutS3Endpoint, withoutS3Route, worldWith } from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const host = (service: string) => `${service}.eu-west-1.amazonaws.com`;

function report(reported: string, name: string, scenario: Omit<Scenario, 'name' | 'group' | 'reported'>): Scenario {
  return { reported, name, group: 'single', ...scenario };
}

/** Endpoints that somebody made by hand with the VPC's default group, which admits its own members only. */
function handMade(...services: readonly string[]) {
  return [
    group('sg-de000001', { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-de000001' }] }),
    ...services.flatMap((service, i) => [
      endpoint(`vpce-6a00000${i}`, service, [host(service)], { Groups: [{ GroupId: 'sg-de000001' }] }),
      regroup(`eni-6a00000${i}a`, 'sg-de000001'),
      regroup(`eni-6a00000${i}b`, 'sg-de000001'),
      publicService(`52.94.10.7${i}`, host(service)),
    ]),
  ];
}

/** The default route leads to an instance that should translate addresses and does not. */
function brokenNatInstance(world: World): void {
  world.api.networkInterfaces.push({
    ...structuredClone(find(world, 'networkInterfaces', LAB.clientInterface)),
    NetworkInterfaceId: 'eni-fc000001',
    SubnetId: LAB.publicSubnet,
    MacAddress: '0a:fc:00:00:00:01',
    PrivateIpAddress: '10.0.0.80',
    PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.80', Primary: true }],
    Attachment: { InstanceId: 'i-fc000001', DeviceIndex: 0, NetworkCardIndex: 0, Status: 'attached' },
    SourceDestCheck: true,
  });
  addRoute(world, LAB.clientRouteTable, {
    DestinationCidrBlock: '0.0.0.0/0',
    NetworkInterfaceId: 'eni-fc000001',
    InstanceId: 'i-fc000001',
  });
}

export const REPORT_SCENARIOS: readonly Scenario[] = [
  report('C031', 'pods in a public subnet without public addresses call STS', {
    world: worldWith(publicSubnet()),
    targets: [host('sts')],
    expect: { ...blocked('endpoint-missing'), besides: ['no-internet-path'] },
  }),
  report('C038', 'STS and EC2 endpoints made by hand swallow the traffic', {
    world: worldWith(...handMade('sts', 'ec2')),
    targets: [host('sts'), host('ec2')],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C037', 'nobody knew of the load balancing endpoint, and NAT would have carried it', {
    world: worldWith(addNatGateway, ...handMade('elasticloadbalancing')),
    targets: [host('elasticloadbalancing')],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C049', 'the resolver is base plus two of somebody else’s VPC', {
    world: worldWith((world) => {
      world.client.nameservers = ['10.9.0.2'];
    }),
    targets: [LAB.secretsHost],
    expect: blocked('resolver-unreachable'),
  }),
  report('C123', 'the endpoint security group opens 443, the service is on another port', {
    world: worldWith(
      endpoint('vpce-5e500001', 'email-smtp', [host('email-smtp')]),
      group('sg-5e500001', tcp(443, '10.0.0.0/16')),
      regroup('eni-5e500001a', 'sg-5e500001'),
      regroup('eni-5e500001b', 'sg-5e500001'),
    ),
    targets: [`${host('email-smtp')}:587`],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C129', 'gateway endpoint on the main route table, which no subnet uses', {
    world: worldWith(withoutS3Route, (world) => {
      addRoute(world, LAB.endpointRouteTable, { DestinationPrefixListId: LAB.s3PrefixList, GatewayId: LAB.s3Endpoint });
      find(world, 'vpcEndpoints', LAB.s3Endpoint).RouteTableIds = [LAB.endpointRouteTable];
    }),
    targets: [LAB.s3Host],
    expect: blocked('gateway-route-missing'),
  }),
  report('C131', 'S3 endpoint made as interface instead of gateway, private DNS off', {
    world: worldWith(withoutS3Endpoint, endpoint('vpce-53000002', 's3', [LAB.s3Host], { PrivateDnsEnabled: false })),
    targets: [LAB.s3Host],
    expect: blocked('private-dns-disabled'),
  }),
  report('C132', 'S3 goes through NAT for want of a gateway endpoint', {
    world: worldWith(withoutS3Endpoint, addNatGateway),
    targets: [LAB.s3Host],
    expect: { verdict: 'degraded', causes: ['public-path-used'] },
  }),
  report('C142', 'reused endpoints: one closed, one without private DNS', {
    world: worldWith(
      inbound(LAB.endpointGroup, fromGroup('sg-00000009')),
      group('sg-00000009'),
      endpoint('vpce-bed00001', 'bedrock-runtime', [host('bedrock-runtime')], { PrivateDnsEnabled: false }),
      publicService('52.94.10.61', host('bedrock-runtime')),
    ),
    targets: [host('bedrock-runtime'), LAB.secretsHost],
    expect: blocked('private-dns-disabled', 'endpoint-sg-blocks-client'),
  }),
  report('C161', 'NAT instance that does not forward', {
    world: worldWith(brokenNatInstance, publicService('52.94.10.62', 'api.ecr.eu-west-1.amazonaws.com')),
    targets: ['api.ecr.eu-west-1.amazonaws.com'],
    expect: { ...blocked('endpoint-missing'), besides: ['no-internet-path'] },
  }),
  report('C203', 'S3 Express from a VPC with the S3 gateway endpoint', {
    world: worldWith(publicService('52.94.10.63', 'data--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com')),
    targets: ['data--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com'],
    expect: blocked('endpoint-missing'),
  }),
  report('C211', 'ECR without endpoints and without NAT', {
    world: worldWith(publicService('52.94.10.64', 'api.ecr.eu-west-1.amazonaws.com')),
    targets: ['api.ecr.eu-west-1.amazonaws.com'],
    expect: blocked('endpoint-missing'),
  }),
  report('C214', 'CodeArtifact endpoint without private DNS', {
    world: worldWith(
      endpoint('vpce-ca000001', 'codeartifact.api', [host('codeartifact')], { PrivateDnsEnabled: false }),
      publicService('52.94.10.65', host('codeartifact')),
    ),
    targets: [host('codeartifact')],
    expect: blocked('private-dns-disabled'),
  }),
  report('C216', 'nodes cannot join: EC2, ECR and STS have no endpoint', {
    world: worldWith(
      publicService('52.94.10.66', host('ec2')),
      publicService('52.94.10.67', 'api.ecr.eu-west-1.amazonaws.com'),
    ),
    targets: [host('ec2'), 'api.ecr.eu-west-1.amazonaws.com', host('sts')],
    expect: blocked('endpoint-missing'),
  }),
];
