import type { Observation } from '../../model/observation.ts';
import { missing } from '../../model/state.ts';
import { isVpceName, ownsVpceName } from '../../network/endpoints.ts';
import { type Agreement, absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from '../dns/names.ts';
import type { OverrideEvidence } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';

export const endpointUrlOverride = defineCheck({
  code: 'endpoint-url-override',
  title: 'The SDKs are configured to call another host than the service’s',
  layer: 'host',
  needs: ENDPOINT_NAME_SLICES,
  documentation: {
    meaning:
      'AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> or endpoint_url in the shared config file replaces the service’s own host for every SDK and the AWS CLI. It was meant for LocalStack, for an endpoint that is gone or for another Region, and the service’s ordinary name is never looked up.',
    confirm:
      'env | grep AWS_ENDPOINT_URL; grep endpoint_url ~/.aws/config; aws … --debug shows the host that is called.',
    remedy: 'Remove the setting, or correct it. With private DNS on, an interface endpoint needs no such setting.',
    notWhen:
      'A URL with one of the endpoint’s own vpce names, or with its address, is the proper way to use an endpoint without private DNS, and is not reported.',
    sources: [
      'https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html',
      'https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const { override } = evidence;
    if (override === undefined) return NOT_APPLICABLE;
    const { key, url, host, addresses } = override;
    const setting = settingOf(key);
    if (host === target.host?.toLowerCase()) return absent(`${setting} names the service’s own host`);
    const goal = nameGoal(state, client, target);
    const right = goal.addresses ?? evidence.addresses;
    if (addresses.length > 0 && addresses.every((address) => right.includes(address)))
      return absent(`${setting} leads to the same addresses`);
    if (isVpceName(host)) {
      if (!state.vpcEndpoints.known) return unknown([missing(state, 'vpcEndpoints', `whose name ${host} is`)]);
      const owner = state.vpcEndpoints.value.find((endpoint) => ownsVpceName(endpoint, host));
      if (owner !== undefined && target.serviceNames.includes(owner.ServiceName?.toLowerCase() ?? ''))
        return absent(`${setting} names ${owner.VpcEndpointId}`);
    }
    const source = vantage.sdk.endpointUrlSources?.[key] ?? setting;
    const open = override.observations.some((one) => one.rung === 'tcp' && one.outcome === 'open');
    return found([
      {
        key: `${key} ${url}`,
        resources: [source],
        extent: open ? 'some' : 'all',
        summary: `${source} sends the SDKs’ calls for ${target.host} to ${url}${open ? '' : ', which does not answer'}: they do not go to ${list(right.slice(0, 3)) || 'the endpoint'}.`,
        because: [{ source: 'host', text: `${setting} is ${url}`, ref: source }],
        predicts: predictsElsewhere(override),
        facts: { key, url, source, host: target.host ?? '' },
      },
    ]);
  },
  fix: ({ key, url, source, host }) => {
    const setting = settingOf(key);
    const fromFile = source !== setting;
    return {
      summary: fromFile
        ? `Remove endpoint_url${key === '' ? '' : ` of ${key}`} from ${source} in the shared config file.`
        : `Remove ${setting} from the environment of whatever runs here.`,
      commands: fromFile ? ['export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true'] : [`unset ${setting}`],
      undo: fromFile
        ? ['unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']
        : [`export ${setting}='${url.replaceAll("'", '')}'`],
      terraform: notTerraforms('it is a setting of the application, or of what starts it.'),
      owner: 'application owner',
      caution: 'The setting may come from a unit file, a task definition or an image: remove it there.',
      unprovable: `which host the application calls is not part of the model; ${host} itself was probed, and its own causes are named beside this one; run vpce-doctor again without the setting`,
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = 'https://secretsmanager.staging.example';
    },
  },
});

function settingOf(key: string): string {
  return key === '' ? 'AWS_ENDPOINT_URL' : `AWS_ENDPOINT_URL_${key.toUpperCase()}`;
}

/** Whatever comes of the other host, it is not the service's. */
function predictsElsewhere(override: OverrideEvidence): (one: Observation) => Agreement {
  const own = new Set(override.observations.map((one) => one.id));
  return (one) => (own.has(one.id) && one.outcome !== 'no-data' ? 'agrees' : undefined);
}
