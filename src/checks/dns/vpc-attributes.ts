/** A VPC's DNS attributes as Terraform's: they are arguments of the VPC itself, which has to be taken over first. */
import { comment, hcl, imported, resource } from '../terraform.ts';

/**
 * The VPC imported, with these attributes set.
 * @param cidr the primary CIDR block, which the resource must repeat; without it the words say what to change
 */
export function vpcAttributesInTerraform(
  vpcId: string,
  cidr: string | undefined,
  attributes: { readonly support?: boolean; readonly hostnames?: boolean },
  undo: string,
): string {
  const args = { enable_dns_support: attributes.support, enable_dns_hostnames: attributes.hostnames };
  if (cidr === undefined)
    return comment(
      `In the aws_vpc of ${vpcId} set ${Object.entries(args)
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}`]))
        .join(' and ')}. ${undo}`,
    );
  return hcl(
    comment(`Where ${vpcId} is in your configuration already, set the arguments there instead.`),
    imported('aws_vpc', vpcId, vpcId),
    resource('aws_vpc', vpcId, {
      cidr_block: cidr,
      ...args,
      lifecycle: { ignore_changes: [{ expression: 'tags' }] },
    }),
    comment(undo),
  );
}
