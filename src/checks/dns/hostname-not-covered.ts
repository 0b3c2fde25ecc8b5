import { LAB } from '../../lab/world.ts';
import { coversHost, namesCover, offeredNames, privateNames } from '../../network/endpoints.ts';
import { matchHost } from '../../services/catalogue.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { ENDPOINT_NAME_SLICES, leadsToEndpoint, nameGoal, predictsPublicAnswer } from './names.ts';
import { privateDnsOffer } from './service-without-private-dns.ts';

/** What kind of name it is that the endpoint does not have, for the sentence. */
const VARIANT_WORDS: Readonly<Record<string, string>> = {
  fips: 'the FIPS name',
  dualstack: 'the dual-stack name',
  'dualstack-fips': 'the dual-stack FIPS name',
  legacy: 'a legacy name',
  global: 'the global name',
  account: 'an account-based name',
  other: 'a special name (a website, discovery or agent host)',
  standard: 'a name',
};

export const hostnameNotCovered = defineCheck({
  code: 'hostname-not-covered',
  title: 'The endpoint exists, but not for this exact name',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'endpointServices'],
  documentation: {
    meaning:
      'The VPC has an interface endpoint for the service, and its private DNS works, but the name that the client calls is not among the endpoint’s names. Endpoints cover the Regional name, and only sometimes FIPS, dual-stack or account-based ones; never global names (sts.amazonaws.com), legacy names (queue.amazonaws.com), website or discovery hosts. Such a name stays public.',
    confirm: 'aws ec2 describe-vpc-endpoints: compare DnsEntries with the host in the error message, letter by letter.',
    remedy:
      'Make the client call a name that the endpoint has: AWS_STS_REGIONAL_ENDPOINTS=regional, no FIPS or dual-stack setting, a newer SDK, or the endpoint URL set explicitly. Where another endpoint service has the name (kms-fips), create that endpoint.',
    notWhen: 'Gateway endpoints work by address: every name that resolves into the prefix list is covered.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_endpoint_create.html',
    ],
  },
  evaluate: ({ client, evidence, state, target, vantage }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0)
      return leadsToPrivate(evidence, vantage) ? absent(`${host} leads to a private address`) : unknown(goal.missing);
    const endpoint = goal.choice?.endpoints[0];
    if (endpoint === undefined || goal.choice?.way === 'gateway' || goal.choice?.way === 'central')
      return NOT_APPLICABLE;
    if (goal.choice?.way !== 'uncovered') return absent(`${host} is among ${endpoint.VpcEndpointId}’s names`);
    // With private DNS off, or for inbound resolvers only, another cause says why the name stays public; but a name that
    // the endpoint would not have even then is this cause.
    const names = endpoint.PrivateDnsEnabled === true ? privateNames(endpoint) : offeredNames(endpoint);
    if (endpoint.PrivateDnsEnabled === true ? coversHost(endpoint, host) : namesCover(names, host))
      return NOT_APPLICABLE;
    // A service that has no private name at all is a cause of its own.
    if (privateDnsOffer(state, endpoint).kind === 'no') return NOT_APPLICABLE;
    // A name that nobody has is missing everywhere, not only at the endpoint.
    if (evidence.system?.outcome === 'nxdomain') return NOT_APPLICABLE;
    const answers = evidence.system?.addresses ?? [];
    if (answers.length > 0 && leadsToEndpoint(answers, goal) === true)
      return absent(`${host} leads to ${endpoint.VpcEndpointId}, by a record of your own`);
    const match = matchHost(host);
    const what = VARIANT_WORDS[match?.variant ?? 'standard'] ?? 'a name';
    const use = names.filter((name) => !name.startsWith('*.'));
    const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
    return found([
      {
        key: `${endpoint.VpcEndpointId} ${host}`,
        resources: [endpoint.VpcEndpointId],
        extent: 'all',
        summary: `${host} is ${what} of the service, and ${endpoint.VpcEndpointId} does not have it: ${names.length === 0 ? 'the service offers no private DNS name' : `its names are ${shown}`}. So the name stays public.`,
        because: [
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId} DnsEntries do not contain ${host}`,
            ref: endpoint.VpcEndpointId,
          },
        ],
        predicts: predictsPublicAnswer(target, goal),
        facts: {
          host,
          use: use[0],
          vpceName: vpceNameOf(endpoint.DnsEntries),
          variant: match?.variant,
          service: match?.service?.id,
        },
      },
    ]);
  },
  fix: ({ host, use, vpceName, variant, service }) => {
    const setting =
      service === 'sts' && variant === 'global'
        ? 'export AWS_STS_REGIONAL_ENDPOINTS=regional'
        : variant === 'fips'
          ? 'export AWS_USE_FIPS_ENDPOINT=false'
          : variant === 'dualstack'
            ? 'export AWS_USE_DUALSTACK_ENDPOINT=false'
            : undefined;
    return {
      summary:
        use !== undefined
          ? `Call ${use} instead of ${host}.`
          : `Call the endpoint’s own name${vpceName === undefined ? '' : ` ${vpceName}`} instead of ${host}.`,
      // The variable AWS_ENDPOINT_URL_<SERVICE> is spelled by the SDK's own id of the service, which no table here holds.
      commands:
        setting !== undefined
          ? [setting]
          : use === undefined
            ? []
            : [`curl -sS -o /dev/null -w '%{http_code}\\n' https://${use}/`],
      undo: setting === undefined ? [] : [`unset ${setting.slice('export '.length).replace(/=.*/, '')}`],
      owner: 'application owner',
      terraform: notTerraforms(
        'it is a setting of the application; it can stand where Terraform writes its environment.',
      ),
      unprovable:
        'which name the application calls is not part of the model; run vpce-doctor on the other name to see that it opens',
    };
  },
  demonstration: {
    targets: ['sts.amazonaws.com'],
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointId !== LAB.secretsEndpoint) continue;
        endpoint.ServiceName = `com.amazonaws.${world.region}.sts`;
        endpoint.DnsEntries = (endpoint.DnsEntries ?? []).map((entry) => ({
          ...entry,
          DnsName: entry.DnsName?.replace('secretsmanager', 'sts'),
        }));
      }
    },
  },
});

function vpceNameOf(entries: readonly { DnsName?: string | undefined }[] | undefined): string | undefined {
  return entries?.flatMap((entry) => entry.DnsName ?? []).find((name) => matchHost(name)?.vpceName !== undefined);
}
