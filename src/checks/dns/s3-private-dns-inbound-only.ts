import { coversHost } from '../../network/endpoints.ts';
import { absent, defineCheck, draftElement, type FixAlternative, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { createEndpoint, type NewEndpoint, planEndpoint } from '../endpoint/create-endpoint.ts';
import { ENDPOINT_NAME_SLICES, leadsToEndpoint, nameGoal, predictsPublicAnswer } from './names.ts';
import { privateDnsOptionsInTerraform } from './private-dns-options.ts';

export const s3PrivateDnsInboundOnly = defineCheck({
  code: 's3-private-dns-inbound-only',
  title: 'The S3 endpoint’s private DNS answers only to inbound resolvers',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'subnets', 'routeTables', 'prefixLists', 'vpcAttributes', 'endpointServices'],
  documentation: {
    meaning:
      'The S3 interface endpoint has private DNS on, but with PrivateDnsOnlyForInboundResolverEndpoint: inside the VPC the S3 names keep their public addresses by design, because the VPC is expected to use a gateway endpoint. Here no gateway endpoint serves the VPC.',
    confirm: 'aws ec2 describe-vpc-endpoints shows DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint = true.',
    remedy:
      'Create an S3 gateway endpoint for the subnet’s route table (free of charge), or switch the option off so that the VPC uses the interface endpoint.',
    notWhen:
      'With an S3 gateway endpoint and its route in place, public answers inside the VPC are exactly what should be seen; nothing is reported then.',
    sources: [
      'https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html',
    ],
  },
  evaluate: ({ state, client, target, evidence }) => {
    const host = target.host;
    if (host === undefined || (target.serviceId !== undefined && target.serviceId !== 's3')) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0) return unknown(goal.missing);
    const endpoint = goal.choice?.endpoints[0];
    if (endpoint === undefined || goal.choice?.way !== 'uncovered' || endpoint.PrivateDnsEnabled !== true)
      return NOT_APPLICABLE;
    if (endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== true) return NOT_APPLICABLE;
    if (!coversHost(endpoint, host)) return NOT_APPLICABLE;
    const answers = evidence.system?.addresses ?? [];
    if (answers.length > 0 && leadsToEndpoint(answers, goal) === true)
      return absent(`${host} leads to ${endpoint.VpcEndpointId}`);
    return found([
      {
        key: endpoint.VpcEndpointId,
        resources: [endpoint.VpcEndpointId],
        extent: 'all',
        summary: `${endpoint.VpcEndpointId} gives its private names to inbound Resolver endpoints only, so ${host} keeps its public addresses in this VPC, and no S3 gateway endpoint serves them.`,
        because: [
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId}: PrivateDnsOnlyForInboundResolverEndpoint is true`,
            ref: endpoint.VpcEndpointId,
          },
        ],
        predicts: predictsPublicAnswer(target, goal),
        facts: { endpointId: endpoint.VpcEndpointId, vpcId: endpoint.VpcId, serviceName: endpoint.ServiceName },
      },
    ]);
  },
  fix: ({ endpointId, vpcId, serviceName }, { state, vantage, target }) => ({
    summary: `Let ${endpointId} answer inside the VPC too. (An S3 gateway endpoint for the route table is the cheaper alternative.)`,
    commands: [
      `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false`,
    ],
    undo: [
      `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --dns-options PrivateDnsOnlyForInboundResolverEndpoint=true`,
    ],
    owner: 'endpoint owner',
    terraform: privateDnsOptionsInTerraform({ endpointId, vpcId, serviceName }),
    alternatives: gatewayInstead(planEndpoint(state, vantage, target)),
    caution: 'All S3 traffic of the VPC then goes through the interface endpoint, which is charged per gigabyte.',
    edit: (draft) => {
      const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', endpointId);
      if (endpoint !== undefined)
        endpoint.DnsOptions = { ...endpoint.DnsOptions, PrivateDnsOnlyForInboundResolverEndpoint: false };
    },
  }),
  demonstration: {
    targets: ['s3'],
    inject: (world) => {
      const region = world.region;
      const twin = world.api.vpcEndpoints.find((endpoint) => endpoint.VpcEndpointType === 'Interface');
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Gateway');
      for (const table of world.api.routeTables)
        table.Routes = (table.Routes ?? []).filter((route) => route.DestinationPrefixListId === undefined);
      const interfaces = world.api.networkInterfaces.filter((one) => one.InterfaceType === 'vpc_endpoint');
      const ids = interfaces.map((one, i) => {
        const NetworkInterfaceId = `eni-5300000${i}`;
        const address = `10.0.${i + 2}.53`;
        world.api.networkInterfaces.push({
          ...one,
          NetworkInterfaceId,
          Description: 'VPC Endpoint Interface vpce-53000002',
          PrivateIpAddress: address,
          PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
        });
        return NetworkInterfaceId;
      });
      const own = `vpce-53000002-a1b2c3d4.s3.${region}.vpce.amazonaws.com`;
      world.api.vpcEndpoints.push({
        ...twin,
        VpcEndpointId: 'vpce-53000002',
        VpcEndpointType: 'Interface',
        ServiceName: `com.amazonaws.${region}.s3`,
        State: 'available',
        NetworkInterfaceIds: ids,
        PrivateDnsEnabled: true,
        DnsOptions: { DnsRecordIpType: 'ipv4', PrivateDnsOnlyForInboundResolverEndpoint: true },
        DnsEntries: [`*.${own}`, `s3.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`].map((DnsName) => ({
          DnsName,
        })),
      });
    },
  },
});

/** The way that this option is made for: a gateway endpoint carries the VPC's own traffic. */
function gatewayInstead(plan: NewEndpoint | undefined): FixAlternative[] {
  return plan?.type === 'Gateway' ? [createEndpoint(plan, undefined)] : [];
}
