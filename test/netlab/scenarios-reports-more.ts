/** Public reports about companions, names, zones and far-away services. */
import { addNatGateway, addRoute, find, LAB, type World } from '../../src/lab/world.ts';
import { fromGroup, group, inbound, outbound, regroup, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { endpoint, privateZone, publicService, withoutS3Endpoint, worldWith } from './worlds.ts';

const blocked = (...causes: Scenario['expect']['causes']): Scenario['expect'] => ({ verdict: 'blocked', causes });
const host = (service: string) => `${service}.eu-west-1.amazonaws.com`;

function report(reported: string, name: string, scenario: Omit<Scenario, 'name' | 'group' | 'reported'>): Scenario {
  return { reported, name, group: 'single', ...scenario };
}

/** The default route leads to a firewall that is not there any more. */
function deadFirewall(world: World): void {
  addRoute(world, LAB.clientRouteTable, {
    DestinationCidrBlock: '0.0.0.0/0',
    NetworkInterfaceId: 'eni-f1000001',
    State: 'active',
  });
}

const ENDPOINTS: readonly Scenario[] = [
  report('C012', 'a session’s stream is in another Region', {
    world: worldWith(
      endpoint('vpce-55300001', 'ssmmessages', [host('ssmmessages')]),
      publicService('52.94.12.1', 'ssmmessages.us-west-2.amazonaws.com'),
    ),
    targets: ['ssmmessages.us-west-2.amazonaws.com'],
    expect: blocked('endpoint-in-other-region'),
  }),
  report('C019', 'no endpoint, and the way out leads to a firewall that lets nothing by', {
    world: worldWith(deadFirewall, publicService('52.94.12.2', host('ssm'))),
    targets: [host('ssm')],
    expect: { ...blocked('endpoint-missing'), besides: ['no-internet-path'] },
  }),
  report('C039', 'WAF has no endpoint', {
    world: worldWith(publicService('52.94.12.3', host('wafv2'))),
    targets: [host('wafv2')],
    expect: { ...blocked('service-not-offered'), besides: ['no-internet-path'] },
  }),
  report('C041', 'an endpoint for acm-pca is there, acm is called', {
    world: worldWith(endpoint('vpce-acc00001', 'acm-pca', [host('acm-pca')]), publicService('52.94.12.4', host('acm'))),
    targets: [host('acm')],
    expect: blocked('sibling-endpoint-only'),
  }),
  report('C043', 'pricing is in other Regions only', {
    world: worldWith(publicService('52.94.12.5', 'api.pricing.us-east-1.amazonaws.com')),
    targets: ['api.pricing.us-east-1.amazonaws.com'],
    expect: blocked('no-internet-path'),
  }),
  report('C046', 'no endpoint for EKS, nodes never join', {
    world: worldWith(publicService('52.94.12.6', host('eks'))),
    targets: [host('eks')],
    expect: blocked('endpoint-missing'),
  }),
  report('C050', 'ECS has its endpoint, its agent’s has none', {
    world: worldWith(
      endpoint('vpce-ec500001', 'ecs', [host('ecs')]),
      endpoint('vpce-ec500002', 'ecs-telemetry', [host('ecs-t')]),
      publicService('52.94.12.7', host('ecs-a'), host('ecs-a-2')),
    ),
    targets: [host('ecs'), host('ecs-a')],
    expect: blocked('companion-endpoint-missing'),
  }),
  report('C076', 'ssm goes through its endpoint, ssmmessages and ec2messages over NAT', {
    world: worldWith(
      addNatGateway,
      endpoint('vpce-55300001', 'ssm', [host('ssm')]),
      publicService('52.94.12.8', host('ssmmessages')),
      publicService('52.94.12.9', host('ec2messages')),
    ),
    targets: [host('ssm'), host('ssmmessages'), host('ec2messages')],
    expect: { verdict: 'degraded', causes: ['public-path-used'] },
  }),
  report('C093', 'a logs endpoint with the wrong security group stops every task', {
    world: worldWith(
      addNatGateway,
      group('sg-10950001', fromGroup('sg-10950001')),
      endpoint('vpce-10950001', 'logs', [host('logs')]),
      regroup('eni-10950001a', 'sg-10950001'),
      regroup('eni-10950001b', 'sg-10950001'),
    ),
    targets: [host('logs')],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C105', 'a service that offers no private DNS is called by its public name', {
    world: worldWith(
      endpoint('vpce-d0000001', 'dynamodb', [], { PrivateDnsEnabled: false }),
      publicService('52.94.12.10', host('dynamodb')),
    ),
    targets: [host('dynamodb')],
    expect: blocked('service-without-private-dns'),
  }),
  report('C218', 'a task needs ECR, Secrets Manager and logs, and has none of them', {
    world: worldWith(
      publicService('52.94.12.11', 'api.ecr.eu-west-1.amazonaws.com'),
      publicService('52.94.12.12', host('logs')),
    ),
    targets: ['api.ecr.eu-west-1.amazonaws.com', host('logs')],
    expect: blocked('endpoint-missing'),
  }),
  report('C220', 'Route 53’s API is called from an isolated VPC', {
    world: worldWith(publicService('52.94.12.13', 'route53.amazonaws.com')),
    targets: ['route53.amazonaws.com'],
    // It has an endpoint by now (com.amazonaws.route53).
    expect: blocked('endpoint-missing'),
  }),
  report('C223', 'a pull-through cache sends the client to its upstream’s CDN', {
    world: worldWith(publicService('198.51.100.30', 'production.cloudflare.docker.com')),
    targets: ['production.cloudflare.docker.com'],
    expect: blocked('no-internet-path'),
  }),
  report('C235', 'a session cannot log: logs has no endpoint', {
    world: worldWith(endpoint('vpce-55300001', 'ssm', [host('ssm')]), publicService('52.94.12.14', host('logs'))),
    targets: [host('logs')],
    expect: blocked('endpoint-missing'),
  }),
];

const PATHS: readonly Scenario[] = [
  report('C066', 'the queue’s URL is called, private DNS is off', {
    world: worldWith(
      endpoint('vpce-5a500001', 'sqs', [host('sqs')], { PrivateDnsEnabled: false }),
      publicService('52.94.12.15', host('sqs')),
    ),
    targets: [host('sqs')],
    expect: blocked('private-dns-disabled'),
  }),
  report('C071', 'S3 over plain HTTP, the client security group lets 443 out', {
    world: worldWith(outbound(LAB.clientGroup, tcp(443, '0.0.0.0/0'))),
    targets: [`http://${LAB.s3Host}/`],
    expect: blocked('client-sg-blocks-egress'),
  }),
  report('C125', 'the endpoint security group opens 443, OCSP is on 80', {
    world: worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16'))),
    hazards: { alsoListens: [80] },
    targets: [`http://${LAB.secretsHost}/`],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C141', 'a client in the database subnet, rules for the private subnets', {
    world: worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.2.0/24', '10.0.3.0/24'))),
    targets: [LAB.secretsHost],
    expect: blocked('endpoint-sg-blocks-client'),
  }),
  report('C176', 'the container’s DNS is cut off by the machine it runs on', {
    world: worldWith(),
    hazards: { firewall: ['udp dport 53 reject with icmpx type admin-prohibited', 'tcp dport 53 reject'] },
    targets: [LAB.secretsHost],
    expect: { ...blocked('host-firewall-blocks'), besides: ['resolver-unreachable'] },
  }),
];

const NAMES: readonly Scenario[] = [
  report('C032', 'an empty private zone takes the EC2 API’s name', {
    world: worldWith(addNatGateway, publicService('52.94.12.16', host('ec2')), privateZone(host('ec2'), {})),
    targets: [host('ec2')],
    expect: blocked('private-zone-shadows'),
  }),
  report('C081, C082', 'private DNS of the EKS endpoint takes the OIDC issuer’s name', {
    world: worldWith(
      addNatGateway,
      endpoint('vpce-e4500001', 'eks', [host('eks')]),
      publicService('52.94.12.17', host('oidc.eks')),
    ),
    targets: [host('oidc.eks')],
    expect: blocked('private-zone-shadows'),
  }),
  report('C084', 'the private zone for S3 has an apex record and no wildcard', {
    world: worldWith(
      withoutS3Endpoint,
      // Names of an S3 endpoint want a label of the bucket before them (facts.md 2.4).
      endpoint('vpce-53000002', 's3', [LAB.s3Host], {
        PrivateDnsEnabled: false,
        DnsEntries: [{ DnsName: '*.vpce-53000002-a1b2c3d4.s3.eu-west-1.vpce.amazonaws.com' }],
      }),
      publicService('52.218.4.20', `logs-bucket.${LAB.s3Host}`),
      privateZone(LAB.s3Host, { [LAB.s3Host]: { A: ['10.0.2.20', '10.0.3.20'] } }),
    ),
    targets: [`logs-bucket.${LAB.s3Host}`],
    expect: blocked('private-zone-shadows'),
  }),
  report('C086', 'a private zone made by hand leads to the wrong endpoint', {
    world: worldWith(
      (world) => {
        const found = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
        found.PrivateDnsEnabled = false;
        found.DnsEntries = found.DnsEntries?.filter((entry) => entry.DnsName !== LAB.secretsHost);
      },
      privateZone(LAB.secretsHost, { [LAB.secretsHost]: { A: ['10.0.9.12'] } }),
    ),
    targets: [LAB.secretsHost],
    expect: blocked('private-zone-wrong-target'),
  }),
  report('C126', 'the partner’s private zone has no record for OCSP', {
    world: worldWith(
      addNatGateway,
      publicService('198.51.100.31', 'ocsp.acme.privatelink.snowflakecomputing.com'),
      privateZone('privatelink.snowflakecomputing.com', {
        'acme.privatelink.snowflakecomputing.com': { A: [LAB.secretsAddressA] },
      }),
    ),
    targets: ['ocsp.acme.privatelink.snowflakecomputing.com'],
    expect: blocked('private-zone-shadows'),
  }),
  ...(
    [
      ['C078, C079', 'ecr.api', 'api.ecr'],
      ['C080', 'kinesis-streams', 'kinesis'],
    ] as const
  ).map(([id, service, label], i) =>
    report(id, `a private zone is named after the service ${service}, nobody asks for it`, {
      world: worldWith(
        endpoint(`vpce-c7${i}00001`, service, [host(label)], { PrivateDnsEnabled: false }),
        publicService(`52.94.12.2${i}`, host(label)),
        privateZone(host(service), { [host(service)]: { A: ['10.0.2.20', '10.0.3.20'] } }),
      ),
      targets: [host(label)],
      expect: { ...blocked('private-zone-name-unused'), besides: ['private-dns-disabled'] },
    }),
  ),
  report('C246', 'a broker’s own name is known to nobody here', {
    world: worldWith(addNatGateway),
    targets: ['b-1.broker.abcdef.c2.kafka.eu-west-1.amazonaws.com:9094'],
    expect: blocked('name-does-not-exist'),
  }),
];

const FINE: readonly Scenario[] = [
  {
    name: 'pods try five search domains before the name itself',
    reported: 'C180',
    group: 'healthy',
    world: worldWith((world) => {
      world.client.searchDomains = [
        'default.svc.cluster.local',
        'svc.cluster.local',
        'cluster.local',
        'eu-west-1.compute.internal',
        'corp.example',
      ];
    }),
    targets: [LAB.secretsHost],
    expect: { verdict: 'healthy', causes: [] },
  },
];

export const MORE_REPORT_SCENARIOS: readonly Scenario[] = [...ENDPOINTS, ...PATHS, ...NAMES, ...FINE];
