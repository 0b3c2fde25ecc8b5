import { addInterfaceEndpoint, publicHost } from '../../lab/world-endpoints.ts';
import { isType } from '../../network/endpoints.ts';
import { hostOfServiceName } from '../../services/catalogue.ts';
import { offerOf } from '../../services/offers.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { defineCheck, type FixAlternative, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { isMisledRegion } from '../host/regions.ts';
import { attribute, comment, hcl, notTerraforms, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { isOtherRegion, UNDO_WAITS } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { NO_ENDPOINT_SLICES, noEndpoint } from './no-endpoint.ts';

/**
 * Services whose interface endpoints can be made in one Region for another: facts.md 2.8, from
 * https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html
 */
const CROSS_REGION: ReadonlySet<string> = new Set([
  's3',
  'ecr.api',
  'ecr.dkr',
  'kms',
  'ecs',
  'lambda',
  'kinesis-firehose',
]);

export const endpointInOtherRegion = defineCheck({
  code: 'endpoint-in-other-region',
  title: 'The host is another Region’s than the endpoint’s',
  layer: 'endpoint',
  needs: NO_ENDPOINT_SLICES,
  documentation: {
    meaning:
      'The VPC has an endpoint for the service, but an endpoint serves the names and addresses of one Region, and the client calls another Region’s host (a bucket that lives elsewhere, a Region left over in a setting). That name stays public, the prefix list of a gateway endpoint does not hold its addresses, and nothing else leads there.',
    confirm:
      'Compare the Region in the host name with the one in the endpoint’s ServiceName (aws ec2 describe-vpc-endpoints), and ServiceRegion for a cross-Region endpoint.',
    remedy:
      'Call the host of the endpoint’s Region, if that is where the data is. Otherwise create a cross-Region interface endpoint (S3, ECR, KMS, ECS, Lambda and Firehose have them), reach an endpoint in the other Region over peering or a transit gateway, or give the subnet a way out.',
    notWhen:
      'An endpoint whose ServiceRegion is the host’s Region serves it, wherever the VPC is. With a way out to the internet the other Region’s host is reached publicly, which is how it is meant.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html',
    ],
  },
  evaluate: (context) => {
    const { state, client, vantage, target } = context;
    if (!isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    // A service that was named without a Region got this one from a setting: region-mismatch names it.
    if (isMisledRegion(target, vantage)) return NOT_APPLICABLE;
    const none = noEndpoint(context);
    if (none.outcome === 'unknown') return unknown(none.missing);
    if (none.outcome !== 'none' || none.why.cause !== 'endpoint-in-other-region') return NOT_APPLICABLE;
    const { vpcId, way } = none;
    const { endpoint } = none.why;
    const name = parseServiceName(endpoint.ServiceName ?? '');
    const region = endpoint.ServiceRegion ?? name?.region ?? vantage.region ?? '';
    const kind = isType(endpoint, 'gateway') ? 'gateway endpoint' : 'endpoint';
    return found([
      {
        key: `${endpoint.VpcEndpointId} ${target.region}`,
        resources: [endpoint.VpcEndpointId],
        extent: 'all',
        yields: none.yields,
        summary: `${target.host ?? target.serviceNames[0]} is in ${target.region}, and the ${kind} ${endpoint.VpcEndpointId} serves ${region} only; nothing else leads there from ${client.subnetId ?? 'the subnet'}: ${way.why}.`,
        because: [
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId}: ServiceName ${endpoint.ServiceName}`,
            ref: endpoint.VpcEndpointId,
          },
          { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
          // A host that was named is taken at its word; where its Region comes from is worth a line.
          ...(vantage.sdk.region === target.region
            ? [
                {
                  source: 'host' as const,
                  text: `${vantage.sdk.regionSource ?? 'the configuration'} is ${target.region}`,
                  ref: vantage.sdk.regionSource,
                },
              ]
            : []),
        ],
        predicts: predictsNoConnection(none.asked, target.port),
        facts: {
          host: target.host,
          here: name === undefined ? undefined : hostOfServiceName(name, region, vantage.accountId),
          vpcId,
          subnetId: client.subnetId,
          serviceName: target.serviceNames[0] ?? '',
          serviceRegion: target.region ?? '',
          // The list of this Region names a service of another one only where it can be had from here.
          crossRegion:
            CROSS_REGION.has(target.serviceId ?? '') ||
            offerOf(state.endpointServices, target.serviceNames) === 'offered',
        },
      },
    ]);
  },
  fix: ({ host, here, vpcId, subnetId, serviceName, serviceRegion, crossRegion }, { vantage, target }) => ({
    summary: `Call ${here ?? 'the host of this Region'} instead of ${host ?? serviceName}, if that is where the data is${crossRegion ? '' : '; otherwise the subnet needs a way to the other Region'}.`,
    commands: [],
    undo: [],
    terraform: notTerraforms('which Region is called is a setting of the application.'),
    owner: 'application owner',
    ...(crossRegion
      ? {
          alternatives: [
            crossRegionEndpoint({
              vpcId,
              subnetId,
              serviceName,
              serviceRegion,
              host,
              groupId: vantage.securityGroupIds[0],
              port: target.port,
            }),
          ],
        }
      : {}),
    unprovable: `in which Region the data is, and so which host is right, is not part of the model${here === undefined ? '' : `; run vpce-doctor on ${here} to see that it opens`}`,
  }),
  demonstration: {
    targets: ['kms.us-east-1.amazonaws.com'],
    inject: (world) => {
      addInterfaceEndpoint(world, 'kms');
      publicHost(world, 'kms', '52.94.10.43', { region: 'us-east-1' });
    },
  },
});

/** The service of the other Region brought into this VPC, where the service allows that. */
function crossRegionEndpoint(facts: {
  readonly vpcId: string;
  readonly subnetId: string | undefined;
  readonly serviceName: string;
  readonly serviceRegion: string;
  readonly host: string | undefined;
  readonly groupId: string | undefined;
  readonly port: number;
}): FixAlternative {
  const { vpcId, subnetId, serviceName, serviceRegion, host, groupId, port } = facts;
  const name = `${serviceName.split('.').slice(3).join('-')}-${serviceRegion}`;
  return {
    summary: `Create an interface endpoint in ${vpcId} for ${serviceName} of ${serviceRegion}, with a security group that admits this host.`,
    commands: [
      `GROUP=$(aws ec2 create-security-group --vpc-id ${vpcId} --group-name endpoint-${name} --description "VPC endpoint ${name}" --query GroupId --output text)`,
      `aws ec2 authorize-security-group-ingress --group-id "$GROUP" --protocol tcp --port ${port} --source-group ${groupId ?? '"$CLIENT_GROUP"'}`,
      `NEW_ENDPOINT=$(aws ec2 create-vpc-endpoint --vpc-id ${vpcId} --vpc-endpoint-type Interface --service-name ${serviceName} --service-region ${serviceRegion} --subnet-ids ${subnetId ?? '"$SUBNET"'} --security-group-ids "$GROUP" --query VpcEndpoint.VpcEndpointId --output text)`,
    ],
    undo: [
      'aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$NEW_ENDPOINT"',
      'aws ec2 delete-security-group --group-id "$GROUP"',
    ],
    caution: `A cross-Region endpoint needs the permission vpce:AllowMultiRegion, and its traffic is charged between Regions. ${UNDO_WAITS}`,
    terraform: hcl(
      resource('aws_security_group', `endpoint-${name}`, {
        name: `endpoint-${name}`,
        description: `VPC endpoint ${name}`,
        vpc_id: vpcId,
      }),
      groupId === undefined
        ? comment('And an aws_vpc_security_group_ingress_rule that admits the client, whose group is not known.')
        : resource('aws_vpc_security_group_ingress_rule', `endpoint-${name}`, {
            security_group_id: attribute('aws_security_group', `endpoint-${name}`, 'id'),
            ip_protocol: 'tcp',
            from_port: port,
            to_port: port,
            referenced_security_group_id: groupId,
          }),
      resource('aws_vpc_endpoint', name, {
        vpc_id: vpcId,
        service_name: serviceName,
        service_region: serviceRegion,
        vpc_endpoint_type: 'Interface',
        subnet_ids: subnetId === undefined ? undefined : [subnetId],
        security_group_ids: [attribute('aws_security_group', `endpoint-${name}`, 'id')],
      }),
      UNDO_BY_REMOVAL,
    ),
    unprovable: `which of its names the new endpoint has is told by AWS when it is there; run vpce-doctor on ${host ?? 'it'} then`,
  };
}
