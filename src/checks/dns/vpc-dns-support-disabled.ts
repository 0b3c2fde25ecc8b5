import { missing } from '../../model/state.ts';
import { byId } from '../../network/index-by-id.ts';
import { isVpcResolver, primaryCidrOf } from '../../network/resolution.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { vpcAttributesInTerraform } from './vpc-attributes.ts';

export const vpcDnsSupportDisabled = defineCheck({
  code: 'vpc-dns-support-disabled',
  title: 'The VPC’s own resolver is switched off',
  layer: 'dns',
  needs: ['vpcAttributes'],
  documentation: {
    meaning:
      'The VPC attribute enableDnsSupport is false: the Amazon resolver (the VPC’s base address plus two, 169.254.169.253) answers nothing in this VPC. Private DNS names of endpoints live only in that resolver, so no name leads to an endpoint.',
    confirm: 'aws ec2 describe-vpc-attribute --vpc-id <vpc> --attribute enableDnsSupport',
    remedy: 'Set enableDnsSupport to true. Private DNS names also need enableDnsHostnames.',
    notWhen:
      'A VPC may switch it off on purpose and run its own resolvers; then endpoints are reached by records that those resolvers keep, and the report shows the name as working.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html',
    ],
  },
  evaluate: ({ state, vantage, target, evidence }) => {
    if (target.host === undefined) return NOT_APPLICABLE;
    const vpcId = vantage.vpcId;
    const value = vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vpcId)?.EnableDnsSupport?.Value;
    // A resolver that answers is switched on, whoever may read the attribute.
    if (value === undefined && evidence.vpc?.outcome === 'answered')
      return absent(`the VPC’s resolver ${evidence.vpc.server} answers`);
    if (vpcId === undefined || value === undefined)
      return unknown([missing(state, 'vpcAttributes', 'enableDnsSupport')]);
    if (value) return absent(`enableDnsSupport is true in ${vpcId}`);
    const primary = primaryCidrOf(vantage);
    return found([
      {
        key: vpcId,
        resources: [vpcId],
        extent: 'all',
        summary: `enableDnsSupport is false in ${vpcId}, so the VPC’s own resolver answers nobody and no private name of an endpoint can be looked up.`,
        because: [{ source: 'configuration', text: `${vpcId}: enableDnsSupport is false`, ref: vpcId }],
        predicts: (observation) => {
          if (observation.rung !== 'dns' || !isVpcResolver(observation.subject.server, primary)) return undefined;
          if (observation.outcome === 'answered') return 'disproves';
          return observation.outcome === 'timeout' ||
            observation.outcome === 'refused' ||
            observation.outcome === 'unreachable'
            ? 'agrees'
            : undefined;
        },
        facts: { vpcId },
      },
    ]);
  },
  fix: ({ vpcId }, { vantage }) => ({
    summary: `Switch DNS support on in ${vpcId}.`,
    commands: [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-support '{"Value":true}'`],
    undo: [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-support '{"Value":false}'`],
    terraform: vpcAttributesInTerraform(
      vpcId,
      primaryCidrOf(vantage),
      { support: true },
      'Undo: enable_dns_support = false.',
    ),
    owner: 'network owner',
    edit: (draft) => {
      const attribute = draftElement(draft, 'vpcAttributes', 'VpcId', vpcId);
      if (attribute !== undefined) attribute.EnableDnsSupport = { Value: true };
    },
  }),
  demonstration: {
    inject: (world) => {
      for (const attribute of world.api.vpcAttributes) attribute.EnableDnsSupport = { Value: false };
    },
  },
});
