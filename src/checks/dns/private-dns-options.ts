/** An S3 endpoint whose private DNS answers inside the VPC too, as Terraform: an argument of the endpoint itself. */
import { comment, hcl, imported, resource } from '../terraform.ts';

/** The endpoint imported, with private DNS on for the VPC and not for inbound resolvers only. */
export function privateDnsOptionsInTerraform(endpoint: {
  readonly endpointId: string;
  readonly vpcId: string | undefined;
  readonly serviceName: string | undefined;
}): string {
  const { endpointId, vpcId, serviceName } = endpoint;
  if (vpcId === undefined || serviceName === undefined)
    return comment(
      `In the aws_vpc_endpoint of ${endpointId} set private_dns_enabled = true, and private_dns_only_for_inbound_resolver_endpoint = false in its dns_options.`,
    );
  return hcl(
    comment(`Where ${endpointId} is in your configuration already, set the arguments there instead.`),
    imported('aws_vpc_endpoint', endpointId, endpointId),
    resource('aws_vpc_endpoint', endpointId, {
      vpc_id: vpcId,
      service_name: serviceName,
      vpc_endpoint_type: 'Interface',
      private_dns_enabled: true,
      dns_options: { private_dns_only_for_inbound_resolver_endpoint: false },
      lifecycle: { ignore_changes: [{ expression: 'tags' }] },
    }),
    comment('Undo: give the arguments their former values.'),
  );
}
