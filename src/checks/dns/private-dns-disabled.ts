import type { VpcEndpoint } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import { namesCover, offeredNames } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { primaryCidrOf } from '../../network/resolution.ts';
import { endpointNames } from '../../services/endpoint-names.ts';
import { privateNamesOf, servicesNamed } from '../../services/offers.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { comment, hcl, notTerraforms, resource } from '../terraform.ts';
import {
  HOSTED_ZONE_SLICES,
  leadsToEndpoint,
  misnamedZones,
  nameGoal,
  predictsPublicAnswer,
  zoneOfHost,
} from './names.ts';
import { privateDnsOptionsInTerraform } from './private-dns-options.ts';
import { vpcAttributesInTerraform } from './vpc-attributes.ts';

export const privateDnsDisabled = defineCheck({
  code: 'private-dns-disabled',
  title: 'The endpoint’s private DNS is off, so the service’s name stays public',
  layer: 'dns',
  needs: [...HOSTED_ZONE_SLICES, 'endpointServices', 'vpcAttributes'],
  documentation: {
    meaning:
      'The VPC has an interface endpoint for the service, but PrivateDnsEnabled is false. The service’s own name, which SDKs and the CLI use, then resolves to its public addresses; only the endpoint’s vpce-… names lead to it.',
    confirm:
      'aws ec2 describe-vpc-endpoints shows "PrivateDnsEnabled": false. The vpce-… name resolves to private addresses, the service’s name to public ones.',
    remedy:
      'Switch private DNS on, or call the service by the endpoint’s vpce-… name (AWS_ENDPOINT_URL_<SERVICE>). Only one endpoint per service and VPC can have private DNS.',
    notWhen:
      'Central endpoints have private DNS off on purpose and a private hosted zone or a Route 53 Profile in its place: while the name leads to the endpoint’s interfaces, nothing is wrong.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html'],
  },
  evaluate: ({ client, evidence, state, target, vantage }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0)
      return leadsToPrivate(evidence, vantage) ? absent(`${host} leads to a private address`) : unknown(goal.missing);
    const endpoint = goal.choice?.endpoints[0];
    // A central endpoint's name is led to it by a zone, with private DNS off on purpose.
    if (endpoint === undefined || ['gateway', 'named', 'central'].includes(goal.choice?.way ?? ''))
      return NOT_APPLICABLE;
    if (endpoint.PrivateDnsEnabled === true) return absent(`${endpoint.VpcEndpointId}’s private DNS is on`);
    const names = offered(state, endpoint);
    if (!namesCover(names, host)) return NOT_APPLICABLE;
    const answers = evidence.system?.addresses ?? [];
    if (answers.length > 0 && leadsToEndpoint(answers, goal) === true)
      return absent(`${endpoint.VpcEndpointId}’s private DNS is off, but another zone leads ${host} to its interfaces`);
    // It keeps a name public. Where a zone of the VPC's own decides the name, or gives no address, that zone is the story; and so is
    // one that was made in the place of private DNS under the wrong name.
    const zone = zoneOfHost(state, vantage, host);
    if (zone?.zone.kind === 'hosted' && zone.answer?.kind !== 'unread') return NOT_APPLICABLE;
    if (['nxdomain', 'no-data'].includes(evidence.system?.outcome ?? '')) return NOT_APPLICABLE;
    if (misnamedZones(state, vantage, target).length > 0) return NOT_APPLICABLE;
    const attributes = vantage.vpcId === undefined ? undefined : byId(state.vpcAttributes, 'VpcId', vantage.vpcId);
    return found([
      {
        key: endpoint.VpcEndpointId,
        resources: [endpoint.VpcEndpointId],
        extent: 'all',
        summary: `${endpoint.VpcEndpointId} serves ${endpoint.ServiceName ?? 'the service'}, but its private DNS is off: ${host} resolves to the service’s public addresses, not to the endpoint.`,
        because: [
          {
            source: 'configuration',
            text: `${endpoint.VpcEndpointId}: PrivateDnsEnabled is false`,
            ref: endpoint.VpcEndpointId,
          },
        ],
        predicts: predictsPublicAnswer(target, goal),
        facts: {
          endpointId: endpoint.VpcEndpointId,
          vpcId: endpoint.VpcId ?? vantage.vpcId ?? '',
          serviceName: endpoint.ServiceName,
          vpceName: endpointNames(endpoint).regional.find((name) => !name.startsWith('*.')),
          support: attributes?.EnableDnsSupport?.Value !== false,
          hostnames: attributes?.EnableDnsHostnames?.Value !== false,
          names,
          // Otherwise AWS takes the S3 default, which keeps the VPC itself out and demands a gateway endpoint.
          answersInside: parseServiceName(endpoint.ServiceName ?? '')?.service?.privateDns === 'inbound-only-default',
        },
      },
    ]);
  },
  fix: ({ endpointId, vpcId, serviceName, support, hostnames, names, answersInside, vpceName }, { vantage }) => {
    const attributes = [
      ...(support ? [] : [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-support '{"Value":true}'`]),
      ...(hostnames ? [] : [`aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-hostnames '{"Value":true}'`]),
    ];
    return {
      summary: `Switch private DNS on for ${endpointId}${attributes.length > 0 ? `, after the VPC’s DNS attributes that it needs` : ''}.`,
      commands: [
        ...attributes,
        `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled${answersInside ? ' --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false' : ''}`,
      ],
      undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --no-private-dns-enabled`],
      terraform: hcl(
        ...(attributes.length === 0
          ? []
          : [
              vpcAttributesInTerraform(
                vpcId,
                primaryCidrOf(vantage),
                { support: true, hostnames: true },
                'Undo: give the attributes their former values.',
              ),
            ]),
        answersInside
          ? privateDnsOptionsInTerraform({ endpointId, vpcId, serviceName })
          : hcl(
              resource('aws_vpc_endpoint_private_dns', endpointId, {
                vpc_endpoint_id: endpointId,
                private_dns_enabled: true,
              }),
              comment(
                'Not beside a private_dns_enabled argument of the endpoint’s own resource: there, set it to true. Undo: private_dns_enabled = false.',
              ),
            ),
      ),
      ...(vpceName === undefined
        ? {}
        : {
            alternatives: [
              {
                summary: `Leave the name as it is for everybody else, and give this one application the endpoint URL https://${vpceName}.`,
                commands: [`curl -sS -o /dev/null -w '%{http_code}\\n' https://${vpceName}/`],
                undo: [],
                terraform: notTerraforms('it is a setting of the application.'),
                unprovable: `which name the application calls is not part of the model; vpce-doctor ${vpceName} shows whether that one opens`,
              },
            ],
          }),
      owner: 'endpoint owner',
      edit: (draft) => {
        const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', endpointId);
        if (endpoint === undefined) return;
        endpoint.PrivateDnsEnabled = true;
        if (answersInside)
          endpoint.DnsOptions = { ...endpoint.DnsOptions, PrivateDnsOnlyForInboundResolverEndpoint: false };
        endpoint.DnsEntries = [...(endpoint.DnsEntries ?? []), ...names.map((DnsName) => ({ DnsName }))];
        const attribute = draftElement(draft, 'vpcAttributes', 'VpcId', vpcId);
        if (attribute !== undefined) {
          attribute.EnableDnsSupport = { Value: true };
          attribute.EnableDnsHostnames = { Value: true };
        }
      },
    };
  },
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        endpoint.PrivateDnsEnabled = false;
        endpoint.DnsEntries = (endpoint.DnsEntries ?? []).filter((entry) => entry.DnsName?.includes('.vpce.'));
      }
    },
  },
});

/** The names that the endpoint would have with private DNS on: what the service offers, else what it usually has. */
function offered(state: Pick<State, 'endpointServices'>, endpoint: VpcEndpoint): readonly string[] {
  // S3 and DynamoDB are listed twice under one name: the Gateway entry has no private names.
  const told = servicesNamed(state.endpointServices, endpoint.ServiceName ?? '').flatMap(privateNamesOf);
  return told.length > 0 ? [...new Set(told)] : offeredNames(endpoint);
}
