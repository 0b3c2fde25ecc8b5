import { LAB, type World } from '../../lab/world.ts';
import type { HttpsObservation, Observation } from '../../model/observation.ts';
import { missing } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { matchHost } from '../../services/catalogue.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { list } from '../path/blocked-gates.ts';
import { comment, hcl, notTerraforms, resource } from '../terraform.ts';
import { becauseOf } from '../tls/presented.ts';
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
    const call = callOf(target);
    if (call === undefined) return NOT_APPLICABLE;
    if (goal.missing.length > 0) return unknown(goal.missing);
    const endpoint = goal.choice?.endpoints[0];
    if (endpoint === undefined || goal.choice?.way !== 'private-dns') return NOT_APPLICABLE;
    if (goal.addresses === undefined) return unknown([missing(state, 'networkInterfaces')]);
    const own = evidence.addresses.filter((address) => goal.addresses?.includes(address) === true);
    const answers = own.flatMap((address) => evidence.https(address)).filter((one) => one.outcome === 'aws-answer');
    if (answers.length === 0) return NOT_APPLICABLE;
    if (!answers.some(isForbidden)) return absent(`${endpoint.VpcEndpointId} serves the API`);
    return found([findingOf(call, endpoint.VpcEndpointId, answers)]);
  },
  // Whose the private addresses are cannot be read then, but only an execute-api endpoint says this at one.
  suspect: ({ target, vantage, evidence }) => {
    const call = callOf(target);
    if (call === undefined || !leadsToPrivate(evidence, vantage)) return undefined;
    const answers = evidence.addresses
      .flatMap((address) => evidence.https(address))
      .filter((one) => one.outcome === 'aws-answer');
    return answers.some(isForbidden) ? findingOf(call, undefined, answers) : undefined;
  },
  fix: ({ host, endpointId, addresses }) => ({
    summary: `Call the API by a custom domain name of its own instead of ${host}: the name is then public again, while ${endpointId ?? 'the execute-api endpoint'} goes on answering at ${list(addresses)} for every other API of the Region.`,
    commands: [],
    undo: [],
    terraform: notTerraforms(
      'which name is called is a setting of the application. The custom domain itself is an aws_api_gateway_domain_name (REST) or aws_apigatewayv2_domain_name (HTTP) of the API’s owner.',
    ),
    owner: 'application owner',
    caution: 'A public API needs a way to the internet from here, whatever its name.',
    unprovable: 'whether an API is public is not part of the model; run vpce-doctor on the custom domain name',
    ...(endpointId === undefined
      ? {}
      : {
          alternatives: [
            {
              summary: `Switch private DNS off for ${endpointId}.`,
              commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --no-private-dns-enabled`],
              undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled`],
              caution: `Without private DNS the whole VPC must call private APIs by names with ${endpointId} in them or with a Host header.`,
              terraform: hcl(
                resource('aws_vpc_endpoint_private_dns', endpointId, {
                  vpc_endpoint_id: endpointId,
                  private_dns_enabled: false,
                }),
                comment(
                  'Not beside a private_dns_enabled argument of the endpoint’s own resource: there, set it to false. Undo: private_dns_enabled = true.',
                ),
              ),
              unprovable: 'whether an API is public, and has a way out from here, is not part of the model',
            },
          ],
        }),
  }),
  demonstration: {
    targets: ['https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders'],
    inject: addApiEndpoint,
  },
});

type Call = { readonly host: string; readonly path: string };

/**
 * The call of an API that an endpoint's private DNS may capture. `/prod/orders` names a stage; `/` does not, and API Gateway
 * forbids it whatever the API is. `<api>-<vpce id>.execute-api…` is public DNS for one endpoint's private APIs: nothing is captured.
 */
function callOf({ host, path }: Target): Call | undefined {
  if (host === undefined || path === undefined || !/^\/[^/?#]+/.test(path)) return undefined;
  const match = matchHost(host);
  if (match?.service?.id !== 'execute-api' || match.vpceName !== undefined || /^[^.]*-vpce-/i.test(host))
    return undefined;
  return { host, path };
}

function findingOf({ host, path }: Call, endpointId: string | undefined, answers: readonly HttpsObservation[]) {
  const forbidden = answers.filter(isForbidden);
  const at = forbidden.map((one) => one.subject.address);
  return {
    key: `${endpointId ?? ''} ${host}`,
    resources: [...(endpointId === undefined ? [] : [endpointId]), host],
    extent: forbidden.length === answers.length ? ('all' as const) : ('some' as const),
    summary: `${host} leads to ${endpointId ?? list(at)}, because the private DNS of an execute-api endpoint covers every API of the Region, and the endpoint forbids ${path}: it serves private APIs only, and this is none (or one without that stage).`,
    because: [
      ...(endpointId === undefined
        ? []
        : [{ source: 'configuration' as const, text: `${endpointId}: PrivateDnsEnabled is true`, ref: endpointId }]),
      ...becauseOf(
        forbidden,
        ({ detail }) => `HTTP 403, x-amzn-errortype ${detail.errorType ?? 'none'}, ${detail.body?.trim() ?? ''}`,
      ),
    ],
    predicts: (one: Observation) => {
      if (one.rung !== 'https' || one.subject.path !== path) return undefined;
      return forbidden.includes(one) ? ('agrees' as const) : undefined;
    },
    facts: { host, endpointId, addresses: at },
  };
}

/** API Gateway's own refusal; an API's code and its authorisers say 403 in other words. */
function isForbidden({ detail }: HttpsObservation): boolean {
  return detail.status === 403 && detail.errorType === 'ForbiddenException';
}

/** An endpoint for API Gateway beside whatever the world has, in the endpoints' subnets and group. */
function addApiEndpoint(world: World): void {
  const api = `a1b2c3d4e5.execute-api.${world.region}.amazonaws.com`;
  world.publicDns[api] = { A: ['52.94.10.40'] };
  world.servers['52.94.10.40'] = { certificateNames: [api], ports: [443] };
  const interfaces = [LAB.endpointSubnetA, LAB.endpointSubnetB].map((SubnetId, i) => ({
    NetworkInterfaceId: `eni-a910000${i + 1}`,
    InterfaceType: 'vpc_endpoint',
    VpcId: LAB.vpc,
    SubnetId,
    OwnerId: world.accountId,
    RequesterManaged: true,
    Status: 'in-use',
    PrivateIpAddress: `10.0.${i + 2}.19`,
    PrivateIpAddresses: [{ PrivateIpAddress: `10.0.${i + 2}.19`, Primary: true }],
    Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
  }));
  world.api.networkInterfaces.push(...interfaces);
  world.api.vpcEndpoints.push({
    VpcEndpointId: 'vpce-a9100001',
    VpcEndpointType: 'Interface',
    VpcId: LAB.vpc,
    ServiceName: `com.amazonaws.${world.region}.execute-api`,
    State: 'available',
    SubnetIds: interfaces.map((one) => one.SubnetId),
    Groups: [{ GroupId: LAB.endpointGroup, GroupName: 'endpoints' }],
    IpAddressType: 'ipv4',
    PrivateDnsEnabled: true,
    NetworkInterfaceIds: interfaces.map((one) => one.NetworkInterfaceId),
    DnsEntries: [
      { DnsName: `vpce-a9100001-e5f6a7b8.execute-api.${world.region}.vpce.amazonaws.com` },
      { DnsName: `*.execute-api.${world.region}.amazonaws.com` },
    ],
    OwnerId: world.accountId,
  });
}
