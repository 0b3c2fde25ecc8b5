import { missing } from '../../model/state.ts';
import { byId } from '../../network/index-by-id.ts';
import { primaryCidrOf } from '../../network/resolution.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { ENDPOINT_NAME_SLICES, nameGoal, predictsPublicAnswer } from './names.ts';
import { vpcAttributesInTerraform } from './vpc-attributes.ts';

export const vpcDnsHostnamesDisabled = defineCheck({
  code: 'vpc-dns-hostnames-disabled',
  title: 'The VPC attribute that private DNS needs is off',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'vpcAttributes'],
  documentation: {
    meaning:
      'The endpoint has private DNS on, but the VPC attribute enableDnsHostnames is false. Private DNS needs both VPC DNS attributes; without this one the service’s name keeps its public addresses. In VPCs that are not the default one it is off unless somebody switched it on.',
    confirm: 'aws ec2 describe-vpc-attribute --vpc-id <vpc> --attribute enableDnsHostnames',
    remedy: 'Set enableDnsHostnames to true; the private names take effect within minutes, in every subnet of the VPC.',
    notWhen: 'A gateway endpoint and the endpoint’s own vpce-… names do not depend on it.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html'],
  },
  evaluate: ({ client, evidence, state, target, vantage }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0)
      return leadsToPrivate(evidence, vantage) ? absent(`${host} leads to a private address`) : unknown(goal.missing);
    if (goal.choice?.way !== 'private-dns') return NOT_APPLICABLE;
    const vpcId = vantage.vpcId;
    const value =
      vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vpcId)?.EnableDnsHostnames?.Value;
    if (vpcId === undefined || value === undefined)
      return unknown([missing(state, 'vpcAttributes', 'enableDnsHostnames')]);
    if (value) return absent(`enableDnsHostnames is true in ${vpcId}`);
    const endpointId = goal.choice.endpoints[0].VpcEndpointId;
    return found([
      {
        key: vpcId,
        resources: [vpcId, endpointId],
        extent: 'all',
        summary: `${endpointId} has private DNS on, but enableDnsHostnames is false in ${vpcId}, so ${target.host} keeps its public addresses.`,
        because: [{ source: 'configuration', text: `${vpcId}: enableDnsHostnames is false`, ref: vpcId }],
        predicts: predictsPublicAnswer(target, goal),
        facts: { vpcId },
      },
    ]);
  },
  fix: ({ vpcId }, { vantage }) => ({
    summary: `Switch DNS host names on in ${vpcId}.`,
    commands: [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-hostnames '{"Value":true}'`],
    undo: [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-hostnames '{"Value":false}'`],
    terraform: vpcAttributesInTerraform(
      vpcId,
      primaryCidrOf(vantage),
      { hostnames: true },
      'Undo: enable_dns_hostnames = false.',
    ),
    owner: 'network owner',
    caution:
      'Instances with public addresses in this VPC get public DNS names, and private DNS of every endpoint in it takes effect within minutes.',
    edit: (draft) => {
      const attribute = draftElement(draft, 'vpcAttributes', 'VpcId', vpcId);
      if (attribute !== undefined) attribute.EnableDnsHostnames = { Value: true };
    },
  }),
  demonstration: {
    inject: (world) => {
      for (const attribute of world.api.vpcAttributes) attribute.EnableDnsHostnames = { Value: false };
    },
  },
});
