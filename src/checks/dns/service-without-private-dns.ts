import { addInterfaceEndpoint } from '../../lab/world.ts';
import type { VpcEndpoint } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import { hostedZones, owningZone } from '../../network/zones.ts';
import { matchHost } from '../../services/catalogue.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { leadsToPrivate } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { aliasTargetOf, ENDPOINT_NAME_SLICES, leadsToEndpoint, nameGoal, predictsPublicAnswer } from './names.ts';

export const serviceWithoutPrivateDns = defineCheck({
  code: 'service-without-private-dns',
  title: 'The service offers no private DNS name, so only the endpoint’s own name leads to it',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'hostedZones', 'endpointServices'],
  documentation: {
    meaning:
      'The VPC has an interface endpoint for the service, but this service has no private DNS name to give to it (DynamoDB Streams, IoT data and credentials, many services of partners). The service’s own name stays public; the endpoint answers only to its vpce-… names.',
    confirm:
      'aws ec2 describe-vpc-endpoint-services --service-names <service>: PrivateDnsName and PrivateDnsNames are absent.',
    remedy:
      'Call the service by the endpoint’s vpce-… name (AWS_ENDPOINT_URL_<SERVICE>). For DynamoDB use a gateway endpoint. For IoT a private hosted zone of your own with the endpoint as its target is the documented way.',
    notWhen:
      'A gateway endpoint needs no private name, and a private hosted zone that leads the name to the endpoint’s interfaces does the same as private DNS: then nothing is reported.',
    sources: [
      'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/privatelink-interface-endpoints.html',
      'https://docs.aws.amazon.com/iot/latest/developerguide/IoTCore-VPC.html',
    ],
  },
  evaluate: ({ client, evidence, state, target, vantage }) => {
    const host = target.host;
    if (host === undefined) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.missing.length > 0)
      return leadsToPrivate(evidence, vantage)
        ? absent(`${host} leads to a private address`)
        : unknown(goal.missing, false);
    const endpoint = goal.choice?.endpoints[0];
    if (endpoint === undefined || goal.choice?.way !== 'uncovered') return NOT_APPLICABLE;
    const offer = privateDnsOffer(state, endpoint);
    if (offer.kind === 'yes') return absent(`${endpoint.ServiceName} has a private DNS name`);
    if (offer.kind !== 'no') return NOT_APPLICABLE;
    const answer = evidence.system;
    // Only a name that exists and leads elsewhere is this cause's.
    if (answer !== undefined && answer.outcome !== 'answered') return NOT_APPLICABLE;
    if (answer !== undefined && leadsToEndpoint(answer.addresses, goal) === true)
      return absent(`a record of your own leads ${host} to ${endpoint.VpcEndpointId}`);
    // Without packets the zone decides, whatever it says.
    if (answer === undefined && owningZone(hostedZones(state, vantage.vpcId), host) !== undefined)
      return NOT_APPLICABLE;
    const own = aliasTargetOf(endpoint)?.name;
    return found([
      {
        key: endpoint.VpcEndpointId,
        resources: [endpoint.VpcEndpointId],
        extent: 'all',
        summary: `${endpoint.VpcEndpointId} serves ${endpoint.ServiceName}, a service that offers no private DNS name: ${host} stays public, and only ${own ?? 'the endpoint’s own name'} leads to the endpoint.`,
        because: [{ source: offer.source, text: offer.why, ref: endpoint.ServiceName }],
        predicts: predictsPublicAnswer(target, goal),
        facts: { own, host, service: parseServiceName(endpoint.ServiceName ?? '')?.service?.id },
      },
    ]);
  },
  fix: ({ own, host, service }) => {
    const variable = `AWS_ENDPOINT_URL_${(service ?? matchHost(host)?.service?.id ?? 'SERVICE').toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
    const gateway =
      service === 'dynamodb' ? ' (Or create a DynamoDB gateway endpoint, which needs no other name.)' : '';
    return {
      summary: `Call ${own === undefined ? 'the endpoint’s own vpce-… name' : own} instead of ${host}.${gateway}`,
      commands: own === undefined ? [] : [`export ${variable}=https://${own}`],
      undo: own === undefined ? [] : [`unset ${variable}`],
      terraform: notTerraforms('which name is called is a setting of the application.'),
      owner: 'application owner',
      unprovable:
        'which name the application calls is not part of the model; run vpce-doctor on the endpoint’s own name to see that it opens',
    };
  },
  demonstration: {
    targets: ['streams.dynamodb.eu-west-1.amazonaws.com'],
    inject: (world) => {
      const host = `streams.dynamodb.${world.region}.amazonaws.com`;
      addInterfaceEndpoint(world, 'vpce-d5000001', 'dynamodb-streams', 'streams.dynamodb');
      world.publicDns[host] = { A: ['52.94.10.30'] };
      world.servers['52.94.10.30'] = { certificateNames: [host], ports: [443] };
    },
  },
});

type Offer =
  | { readonly kind: 'yes' | 'unknown' }
  | { readonly kind: 'no'; readonly source: 'configuration' | 'rule'; readonly why: string };

/** Whether the service has private names: as the API describes it, which wins, else as the table of AWS's services has it. */
export function privateDnsOffer(state: Pick<State, 'endpointServices'>, endpoint: VpcEndpoint): Offer {
  const name = endpoint.ServiceName ?? '';
  // S3 and DynamoDB are listed twice under one name, as Gateway and as Interface.
  const described = (state.endpointServices.known ? state.endpointServices.value : []).find(
    (one) =>
      one.ServiceName === name && one.ServiceType?.some((type) => type.ServiceType?.toLowerCase() === 'interface'),
  );
  if (described !== undefined) {
    if (described.PrivateDnsName !== undefined || (described.PrivateDnsNames ?? []).length > 0) return { kind: 'yes' };
    return { kind: 'no', source: 'configuration', why: `${name} has no PrivateDnsName` };
  }
  const service = parseServiceName(name)?.service;
  if (service?.privateDns === 'no')
    return { kind: 'no', source: 'rule', why: `AWS documents no private DNS for ${service.title}` };
  return { kind: service === undefined || service.privateDns === 'unknown' ? 'unknown' : 'yes' };
}
