import type { HttpsObservation } from '../../model/observation.ts';
import { matchHost } from '../../services/catalogue.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { ENDPOINT_NAME_SLICES, nameGoal } from './names.ts';

export const publicApiHijacked = defineCheck({
  code: 'public-api-hijacked',
  title: 'The private DNS of the execute-api endpoint captures a public API',
  layer: 'dns',
  needs: ENDPOINT_NAME_SLICES,
  documentation: {
    meaning:
      'An execute-api endpoint with private DNS answers for *.execute-api of the whole Region, for every API of every account. It serves private APIs only: a call to a public (Regional or edge-optimised) API goes to the endpoint as well and gets 403 {"message":"Forbidden"}, and the API’s own logs show no request.',
    confirm:
      'curl -i https://<api>.execute-api.<region>.amazonaws.com/<stage>/ inside the VPC: 403 with x-amzn-errortype: ForbiddenException; the same call from outside the VPC works.',
    remedy:
      'Call the public API by a custom domain name, or make it a private API that admits the endpoint. Or switch private DNS off for the endpoint, and call the private APIs as <api>-<vpce id>.execute-api; public ones then need a way to the internet.',
    notWhen:
      'A private API says the same for a stage that does not exist, and API Gateway says it to every request without a stage, which is why only a URL with its stage is judged. “User: anonymous is not authorized” comes from the API’s own resource policy.',
    sources: [
      'https://repost.aws/knowledge-center/api-gateway-vpc-connections',
      'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-apis.html',
    ],
  },
  evaluate: ({ state, client, target, evidence }) => {
    const goal = nameGoal(state, client, target);
    const host = target.host;
    const match = host === undefined ? undefined : matchHost(host);
    if (host === undefined || match?.service?.id !== 'execute-api' || match.vpceName !== undefined)
      return NOT_APPLICABLE;
    // `<api>-<vpce id>.execute-api…` is public DNS for one endpoint's private APIs: nothing is captured.
    if (/^[^.]*-vpce-/.test(host) || !hasStage(target.path)) return NOT_APPLICABLE;
    if (goal.missing.length > 0) return unknown(goal.missing);
    const endpoint = goal.choice?.endpoints[0];
    if (endpoint === undefined || goal.choice?.way !== 'private-dns' || goal.addresses === undefined)
      return NOT_APPLICABLE;
    const answers = evidence.addresses
      .filter((address) => goal.addresses?.includes(address) === true)
      .flatMap((address) => evidence.https(address))
      .filter((one) => one.outcome === 'aws-answer');
    const forbidden = answers.filter(isForbidden);
    if (answers.length === 0) return NOT_APPLICABLE;
    if (forbidden.length === 0) return absent(`${endpoint.VpcEndpointId} serves the API`);
    return found([
      {
        key: `${endpoint.VpcEndpointId} ${host}`,
        resources: [endpoint.VpcEndpointId, host],
        extent: forbidden.length === answers.length ? 'all' : 'some',
        summary: `${host} leads to ${endpoint.VpcEndpointId}, because its private DNS covers *.execute-api, and the endpoint forbids ${target.path}: it serves private APIs only, and this is none (or one without that stage).`,
        because: [
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId}: ${endpoint.ServiceName}, PrivateDnsEnabled true`,
            ref: endpoint.VpcEndpointId,
          },
          ...forbidden.map((one) => ({
            source: 'probe' as const,
            text: `HTTP 403, x-amzn-errortype ${one.detail.errorType ?? 'none'}, ${one.detail.body?.trim() ?? ''}`,
            ref: one.id,
          })),
        ],
        predicts: (one) => {
          if (one.rung !== 'https' || goal.addresses?.includes(one.subject.address) !== true) return undefined;
          if (forbidden.includes(one)) return 'agrees';
          return one.outcome === 'aws-answer' && one.subject.path === target.path ? 'disproves' : undefined;
        },
        facts: { host, endpointId: endpoint.VpcEndpointId, addresses: forbidden.map((one) => one.subject.address) },
      },
    ]);
  },
  fix: ({ host, endpointId, addresses }) => ({
    summary: `Call the API by a custom domain name instead of ${host}; or switch private DNS off for ${endpointId}, which answers at ${list(addresses)} for every API of the Region.`,
    commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --no-private-dns-enabled`],
    undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled`],
    owner: 'endpoint owner',
    caution: `Without private DNS, the whole VPC must call private APIs by names with ${endpointId} in them or with a Host header, and public APIs need a way to the internet.`,
    unprovable: 'whether an API is public is not part of the model; run vpce-doctor on the custom domain name',
  }),
  demonstration: {
    targets: ['https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders'],
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.ServiceName = `com.amazonaws.${world.region}.execute-api`;
        endpoint.DnsEntries = (endpoint.DnsEntries ?? []).map((entry) => ({
          ...entry,
          DnsName: entry.DnsName?.startsWith('vpce-')
            ? entry.DnsName.replace('secretsmanager', 'execute-api')
            : `*.execute-api.${world.region}.amazonaws.com`,
        }));
      }
    },
  },
});

/** `/prod/orders` names a stage, `/` does not: API Gateway forbids the latter whatever the API is. */
function hasStage(path: string | undefined): path is string {
  return path !== undefined && /^\/[^/?#]+/.test(path);
}

/** API Gateway's own refusal; an API's code and its authorisers say 403 in other words. */
function isForbidden({ detail }: HttpsObservation): boolean {
  return detail.status === 403 && detail.errorType === 'ForbiddenException';
}
