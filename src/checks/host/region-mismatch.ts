import type { Observation } from '../../model/observation.ts';
import { homeRegion } from '../../model/vantage.ts';
import { type Agreement, absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { connectionsTo } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { isMisledRegion } from './regions.ts';

export const regionMismatch = defineCheck({
  code: 'region-mismatch',
  title: 'The configured Region is not the one that this machine stands in',
  layer: 'host',
  needs: [],
  documentation: {
    meaning:
      'AWS_REGION, AWS_DEFAULT_REGION, the profile or --region names another Region than the instance’s own, so that the SDKs call the other Region’s host. An endpoint in this VPC serves its own Region’s names only, and the other name leads out to the internet.',
    confirm:
      'aws configure list shows the Region and where it comes from; compare with /latest/meta-data/placement/region.',
    remedy:
      'Set AWS_REGION to the instance’s Region. Where the other Region is meant, the call needs a way out to the internet, a peered VPC with an endpoint there, or a cross-Region endpoint.',
    notWhen:
      'An application that means another Region and reaches it is right; then this is only mentioned. A host that was named with its Region is taken at its word.',
    sources: [
      'https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-cross-region-privatelink-support.html',
    ],
  },
  evaluate: ({ vantage, target, evidence }) => {
    const { host, region, serviceId } = target;
    const home = homeRegion(vantage);
    if (host === undefined || region === undefined || home === undefined) return NOT_APPLICABLE;
    if (!isMisledRegion(target, vantage))
      return vantage.sdk.region === home && region === home
        ? absent(`the configured Region is ${home}, the machine’s own`)
        : NOT_APPLICABLE;
    const source = vantage.sdk.regionSource ?? 'the configuration';
    const open = connectionsTo(evidence).open.length > 0;
    return found([
      {
        key: `${source} ${region}`,
        resources: [source],
        // Another Region that is reached may well be meant.
        extent: open ? 'none' : 'all',
        summary: `${source} says ${region}, this machine stands in ${home}: the SDKs call ${host}, which no endpoint of this VPC serves.`,
        because: [
          { source: 'host', text: `${source} is ${region}`, ref: source },
          { source: 'host', text: `the machine’s zone is in ${home}`, ref: vantage.availabilityZone },
        ],
        predicts: predictsOtherRegion(host, target.port),
        facts: { source, region, home, service: serviceId ?? host },
      },
    ]);
  },
  fix: ({ source, region, home, service }) => ({
    summary: `Set the Region to ${home} where ${source} says ${region}.`,
    commands: source.startsWith('the profile')
      ? [`aws configure set region ${home} --profile ${source.slice('the profile '.length)}`]
      : [`export AWS_REGION=${home}`],
    undo: source.startsWith('the profile')
      ? [`aws configure set region ${region} --profile ${source.slice('the profile '.length)}`]
      : [`export AWS_REGION=${region}`],
    terraform: notTerraforms('which Region is called is a setting of the application.'),
    owner: 'application owner',
    caution: 'Names, ARNs and data of the other Region are not those of this one: make sure which is meant.',
    unprovable: `which Region the application calls is not part of the model; run vpce-doctor with --region ${home} on ${service} to see that it opens`,
  }),
  demonstration: {
    targets: ['secretsmanager'],
    inject: (world) => {
      world.client.env['AWS_REGION'] = 'us-east-1';
      world.publicDns['secretsmanager.us-east-1.amazonaws.com'] = { A: ['52.94.230.10'] };
    },
  },
});

/** The other Region's host resolves publicly or not at all, and nothing carries the packets there. */
function predictsOtherRegion(host: string, port: number): (observation: Observation) => Agreement {
  return (one) => {
    if (one.rung === 'tcp' && one.subject.port === port)
      return one.outcome !== 'open' && one.outcome !== 'skipped' ? 'agrees' : undefined;
    if (one.rung !== 'dns' || one.subject.name.toLowerCase() !== host.toLowerCase()) return undefined;
    return one.outcome === 'nxdomain' ? 'agrees' : undefined;
  };
}
