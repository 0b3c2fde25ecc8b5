import type { Instance } from '../../model/aws.ts';
import { missing } from '../../model/state.ts';
import type { MetadataSight, Vantage } from '../../model/vantage.ts';
import { byId } from '../../network/index-by-id.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { comment, notTerraforms } from '../terraform.ts';
import { captureOf } from './local.ts';

type Facts = { readonly instanceId: string | undefined; readonly reason: Reason };
type Reason = 'disabled' | 'hops' | 'firewall' | 'unknown';

export const imdsUnreachable = defineCheck({
  code: 'imds-unreachable',
  title: 'The instance metadata service gives this machine no credentials',
  layer: 'host',
  needs: ['instances'],
  documentation: {
    meaning:
      'The machine is an EC2 instance, no other source of credentials is configured, and the token request to 169.254.169.254 fails: the service is switched off for the instance, a firewall or network policy is in between, or a container is one hop further away than the hop limit of 1 allows. Requests then go out unsigned or not at all, and it looks like a missing endpoint or permission.',
    confirm:
      'curl -sS -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token; aws ec2 describe-instances shows MetadataOptions.',
    remedy:
      'Switch the service on, or raise the hop limit to 2 for containers; better, give containers credentials of their own (task role, IRSA, Pod Identity).',
    notWhen:
      'Lambda functions, Fargate tasks and machines outside EC2 have no such service. With static keys, a web identity or container credentials nobody needs it.',
    sources: [
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html',
      'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html',
    ],
  },
  evaluate: ({ state, vantage }) => {
    const sight = vantage.metadata;
    if (sight === undefined || !isInstance(vantage)) return NOT_APPLICABLE;
    if (sight.outcome === 'answered') return absent('the instance metadata service answers');
    if ((vantage.sdk.credentialSources ?? []).length > 0) return NOT_APPLICABLE;
    // The route is what to repair, and is named itself.
    if (captureOf(vantage, sight.address) !== undefined) return NOT_APPLICABLE;
    const { instances } = state;
    const instance = vantage.instanceId === undefined ? undefined : byId(instances, 'InstanceId', vantage.instanceId);
    if (instances.known) {
      const reason = reasonOf(sight, vantage, instance);
      // Somebody could sign the call that read this: what else needs the service is not known.
      return reason === 'unknown'
        ? absent('the SDK has credentials from elsewhere')
        : found([finding(sight, vantage, instance, 'none')]);
    }
    if (instances.why === 'no-credentials') return found([finding(sight, vantage, instance, 'some')]);
    return unknown(
      [missing(state, 'instances', 'its metadata options, and whether it has credentials from elsewhere')],
      false,
    );
  },
  fix: ({ instanceId, reason }) => {
    const id = instanceId ?? '"$INSTANCE_ID"';
    const modify = (options: string) => `aws ec2 modify-instance-metadata-options --instance-id ${id} ${options}`;
    const unprovable = 'the metadata service is no part of the model; run vpce-doctor again to see that it answers';
    if (reason === 'disabled')
      return {
        summary: `Switch the metadata service of ${id} on, with tokens required.`,
        commands: [modify('--http-endpoint enabled --http-tokens required')],
        undo: [modify('--http-endpoint disabled')],
        terraform: inTerraform(
          instanceId,
          'http_endpoint = "enabled" and http_tokens = "required"',
          'http_endpoint = "disabled"',
        ),
        owner: 'host owner',
        caution: 'Every process on the instance can then have the credentials of its role.',
        unprovable,
      };
    if (reason === 'firewall')
      return {
        summary: 'Let this machine reach 169.254.169.254 port 80: its own firewall or a network policy forbids it.',
        commands: ['sudo iptables -I OUTPUT -p tcp -d 169.254.169.254 --dport 80 -j ACCEPT'],
        undo: ['sudo iptables -D OUTPUT -p tcp -d 169.254.169.254 --dport 80 -j ACCEPT'],
        terraform: notTerraforms('the firewall is this machine’s own.'),
        owner: 'host owner',
        caution: 'In a container or pod the rule is the host’s or the cluster’s, and may be there on purpose.',
        unprovable,
      };
    return {
      summary:
        reason === 'hops'
          ? `Raise the hop limit of ${id} to 2, or give the container credentials of its own (task role, IRSA, Pod Identity).`
          : `Look at the metadata options of ${id}: the service must be enabled, and a container needs a hop limit of 2.`,
      commands: [modify('--http-put-response-hop-limit 2 --http-endpoint enabled')],
      undo: [modify('--http-put-response-hop-limit 1')],
      terraform: inTerraform(
        instanceId,
        'http_put_response_hop_limit = 2 and http_endpoint = "enabled"',
        'http_put_response_hop_limit = 1',
      ),
      owner: 'host owner',
      caution: 'With two hops every container on the instance can have the credentials of the instance’s role.',
      unprovable,
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.metadata = 'forbidden';
      world.client.withoutCredentials = true;
    },
  },
});

function isInstance(vantage: Vantage): boolean {
  return vantage.kind === 'ec2' || vantage.kind === 'ecs-ec2' || vantage.ec2Machine === true;
}

function reasonOf(sight: MetadataSight, vantage: Vantage, instance: Instance | undefined): Reason {
  const options = instance?.MetadataOptions;
  if (options?.HttpEndpoint?.toLowerCase() === 'disabled' || sight.outcome === 'forbidden') return 'disabled';
  if (sight.outcome === 'prohibited') return 'firewall';
  // An answer came over all hops; only what is lost after the connection was made can be lost for want of one.
  const limit = options?.HttpPutResponseHopLimit;
  if (vantage.container === true && sight.outcome === 'timeout' && (limit === undefined || limit < 2)) return 'hops';
  return 'unknown';
}

const REASONS = {
  disabled: 'it is switched off for the instance',
  hops: 'this is a container, and the answer to it may have one hop too few',
  firewall: 'this machine forbids the packets',
  unknown: 'nothing that could be read says why',
} as const satisfies Record<Reason, string>;

function finding(
  sight: MetadataSight,
  vantage: Vantage,
  instance: Instance | undefined,
  extent: 'some' | 'none',
): Finding<Facts> {
  const reason = reasonOf(sight, vantage, instance);
  const { instanceId } = vantage;
  const options = instance?.MetadataOptions;
  const told =
    sight.status === undefined
      ? `${sight.outcome}${sight.code === undefined ? '' : ` (${sight.code})`}`
      : `HTTP ${sight.status}`;
  return {
    key: instanceId ?? sight.address,
    resources: [instanceId ?? sight.address],
    extent,
    summary: `The token request to ${sight.address} ends with ${told}: ${REASONS[reason]}. ${extent === 'none' ? 'What relies on the instance’s role has no credentials here.' : 'No other credentials were found, so nothing can be signed.'}`,
    because: [
      { source: 'probe', text: `token request: ${told} after ${sight.ms} ms` },
      ...(options === undefined
        ? []
        : [
            {
              source: 'configuration' as const,
              text: `HttpEndpoint ${options.HttpEndpoint}, HttpTokens ${options.HttpTokens}, HttpPutResponseHopLimit ${options.HttpPutResponseHopLimit}`,
              ref: instanceId,
            },
          ]),
    ],
    predicts: (one) => (one.rung === 'metadata' && one.outcome !== 'answered' ? 'agrees' : undefined),
    facts: { instanceId, reason },
  };
}

/** Metadata options are a block of the instance, which cannot be imported without its image and its size. */
function inTerraform(instanceId: string | undefined, set: string, undo: string): string {
  return comment(
    `In the metadata_options of the aws_instance ${instanceId ?? 'in question'} (or of the aws_launch_template that it comes from) set ${set}. Undo: ${undo}.`,
  );
}
