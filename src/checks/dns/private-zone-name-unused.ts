import { addInterfaceEndpoint, addPrivateZone } from '../../lab/world.ts';
import { missing } from '../../model/state.ts';
import { classifyAddress } from '../../network/answer-class.ts';
import { answerOfZone, hostedZones } from '../../network/zones.ts';
import { usualPrivateNames } from '../../services/catalogue.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { absent, defineCheck, draftElement, type FixAlternative, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { attribute, comment, hcl, resource } from '../terraform.ts';
import {
  aliasRecord,
  aliasTargetOf,
  failedConnection,
  HOSTED_ZONE_SLICES,
  misnamedZones,
  nameGoal,
  upsertAlias,
  zoneOfHost,
} from './names.ts';
import { recordInTerraform } from './records-in-terraform.ts';

export const privateZoneNameUnused = defineCheck({
  code: 'private-zone-name-unused',
  title: 'A private zone is named after the endpoint service, a name that no client asks for',
  layer: 'dns',
  needs: [...HOSTED_ZONE_SLICES, 'vpcs', 'prefixLists'],
  documentation: {
    meaning:
      'A private hosted zone was made to lead a service’s name to an endpoint, but it is named after the endpoint service (ecr.api.eu-west-1.amazonaws.com, kinesis-streams.…) and not after the host that clients call (api.ecr.…, kinesis.…). Nobody asks it; the real name stays public, and traffic silently takes the internet until that is closed.',
    confirm:
      'aws route53 list-hosted-zones-by-vpc, against the host in the client’s error or log. The two are the same words in another order.',
    remedy:
      'Make a zone with the host’s own name (for registries and buckets also a wildcard record), as an alias of the endpoint’s vpce-… name, and delete the other. Or switch the endpoint’s private DNS on.',
    notWhen:
      'Where the host’s own name leads to the endpoint by another zone or by private DNS, the misnamed zone is only clutter and is not reported.',
    sources: [
      'https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined || target.serviceNames.length === 0) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    if (goal.choice?.way === 'gateway' || goal.choice?.way === 'named') return NOT_APPLICABLE;
    const answer = evidence.vpc ?? evidence.system;
    if (answer !== undefined && answer.outcome !== 'answered') return NOT_APPLICABLE;
    const away = (answer?.addresses ?? []).filter((address) =>
      ['aws-public', 'public', 'prefix-list'].includes(
        classifyAddress(state, vantage, target, address, answer?.cnames).class,
      ),
    );
    if (answer !== undefined && away.length === 0) return absent(`${host} does not lead to public addresses`);
    if (!state.hostedZones.known) return unknown([missing(state, 'hostedZones')], false);
    const [zone] = misnamedZones(state, vantage, target);
    if (zone === undefined) return absent('no private zone is named after the endpoint service');
    // Without packets: private DNS or a zone of the right name makes the other one clutter.
    if (answer === undefined && (goal.choice?.way === 'private-dns' || zoneOfHost(state, vantage, host) !== undefined))
      return absent(`${host} has a zone of its own name`);
    const own = answerOfZone(state, hostedZones(state, vantage.vpcId), zone, zone.name);
    const endpoint = goal.choice?.endpoints[0] ?? (own.kind === 'endpoint' ? own.endpoint : undefined);
    const service = parseServiceName(target.serviceNames[0] ?? '');
    const names = service?.service === undefined ? [] : usualPrivateNames(service.service, service.region ?? '');
    return found([
      {
        key: zone.id,
        resources: [zone.id, ...(endpoint === undefined ? [] : [endpoint.VpcEndpointId])],
        extent: 'all',
        summary: `The private hosted zone ${zone.name} (${zone.id}) is named after the endpoint service; clients call ${host}, which it does not cover, so that name stays public.`,
        because: [
          { source: 'configuration', text: `${zone.id} is named ${zone.name}`, ref: zone.id },
          ...(own.kind === 'endpoint'
            ? [{ source: 'configuration' as const, text: `${zone.name} → ${own.name}`, ref: zone.id }]
            : []),
        ],
        predicts: (observation) => {
          if (observation.rung === 'dns')
            return observation.subject.name.toLowerCase() === host.toLowerCase() &&
              observation.detail.addresses.some((address) => away.includes(address))
              ? 'agrees'
              : undefined;
          return failedConnection(away, target.port, observation) ? 'agrees' : undefined;
        },
        facts: {
          zone: zone.name,
          zoneId: zone.id,
          host,
          wildcard: names.includes(`*.${host.split('.').slice(1).join('.')}`),
          alias:
            endpoint === undefined
              ? own.kind === 'endpoint'
                ? { name: own.name, zone: undefined }
                : undefined
              : aliasTargetOf(endpoint),
          seen: endpoint !== undefined,
          endpointId: endpoint?.VpcEndpointId,
          names: names.length > 0 ? names : [host],
          region: vantage.region,
          vpcId: vantage.vpcId,
        },
      },
    ]);
  },
  fix: ({ zone, zoneId, host, wildcard, alias, seen, region, vpcId, endpointId, names }) => {
    const name = wildcard ? host.split('.').slice(1).join('.') : host;
    const record = wildcard ? `*.${name}` : name;
    const target = alias ?? { name: '$ENDPOINT_NAME', zone: undefined };
    const base = {
      summary: `Make a private hosted zone ${name} with ${record === name ? 'its own name' : record} as an alias of ${alias?.name ?? 'the endpoint’s own name'}; ${zone}, which nobody asks, can go.`,
      commands: [
        `ZONE=$(aws route53 create-hosted-zone --name ${name} --vpc VPCRegion=${region ?? '"$AWS_REGION"'},VPCId=${vpcId ?? '"$VPC_ID"'} --caller-reference "vpce-doctor-$(date +%s)" --query HostedZone.Id --output text)`,
        upsertAlias('"$ZONE"', record, target.name, target.zone),
      ],
      undo: [
        upsertAlias('"$ZONE"', record, target.name, target.zone).replace('"UPSERT"', '"DELETE"'),
        'aws route53 delete-hosted-zone --id "$ZONE"',
      ],
      terraform: hcl(
        // A zone without a VPC would be a public one.
        vpcId === undefined
          ? comment(`An aws_route53_zone ${name} with a vpc block for the client’s VPC, which is not known.`)
          : resource('aws_route53_zone', name, { name, vpc: { vpc_id: vpcId } }),
        alias === undefined || vpcId === undefined
          ? comment(`And an aws_route53_record for ${record} in it, to the endpoint’s own name.`)
          : recordInTerraform(attribute('aws_route53_zone', name, 'zone_id'), record, alias),
        comment(
          `The zone ${zone}, which nobody asks, goes by no longer being declared. Undo: remove what this adds, and apply again.`,
        ),
      ),
      owner: 'DNS owner' as const,
      caution: `Every name below ${name} is answered from the new zone in this VPC; names without a record there do not exist any more.`,
    };
    const alternatives = endpointId === undefined ? [] : [switchPrivateDnsOn(endpointId, names)];
    if (alias === undefined || !seen)
      return { ...base, unprovable: 'the endpoint that the zone was made for is not in the state' };
    return {
      ...base,
      alternatives,
      edit: (draft) => {
        const at = draft.slices.hostedZones.findIndex((one) => one.HostedZoneId === zoneId);
        if (at >= 0) draft.slices.hostedZones.splice(at, 1);
        draft.slices.hostedZones.push({ HostedZoneId: 'zone-new', Name: `${name}.` });
        draft.slices.resourceRecordSets.push(aliasRecord(`${name}.`, record, alias.name, alias.zone));
      },
    };
  },
  demonstration: {
    targets: ['api.ecr.eu-west-1.amazonaws.com'],
    inject: (world) => {
      const { region } = world;
      const host = `api.ecr.${region}.amazonaws.com`;
      const own = addInterfaceEndpoint(world, 'vpce-ec200001', 'ecr.api', 'api.ecr');
      addPrivateZone(world, `ecr.api.${region}.amazonaws.com`, { [`ecr.api.${region}.amazonaws.com`]: { alias: own } });
      world.publicDns[host] = { A: ['52.94.10.40'] };
      world.servers['52.94.10.40'] = { certificateNames: [host], ports: [443] };
    },
  },
});

/** The other way: the endpoint brings its own zone along, under the right name. */
function switchPrivateDnsOn(endpointId: string, names: readonly string[]): FixAlternative {
  return {
    summary: `Switch private DNS on for ${endpointId}, which makes a zone of the right name.`,
    commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --private-dns-enabled`],
    undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --no-private-dns-enabled`],
    caution:
      'It needs enableDnsSupport and enableDnsHostnames of the VPC, and no private hosted zone of the same name.',
    terraform: hcl(
      resource('aws_vpc_endpoint_private_dns', endpointId, { vpc_endpoint_id: endpointId, private_dns_enabled: true }),
      comment(
        'Not beside a private_dns_enabled argument of the endpoint’s own resource: there, set it to true. Undo: private_dns_enabled = false.',
      ),
    ),
    edit: (draft) => {
      const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', endpointId);
      if (endpoint === undefined) return;
      endpoint.PrivateDnsEnabled = true;
      endpoint.DnsEntries = [...(endpoint.DnsEntries ?? []), ...names.map((DnsName) => ({ DnsName }))];
    },
  };
}
