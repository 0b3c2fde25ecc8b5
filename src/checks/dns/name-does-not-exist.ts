import type { State } from '../../model/state.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import { isVpceName, ownsVpceName } from '../../network/endpoints.ts';
import { primaryCidrOf } from '../../network/resolution.ts';
import { hostedZones, managedZones, ownerOf, owningZone } from '../../network/zones.ts';
import { matchHost, standardHost } from '../../services/catalogue.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { notTerraforms } from '../terraform.ts';
import { whyItExists, zonesThatDenied } from './names.ts';

export const nameDoesNotExist = defineCheck({
  code: 'name-does-not-exist',
  title: 'The name does not exist',
  layer: 'dns',
  needs: ['vpcEndpoints', 'hostedZones', 'resolverRules', 'resolverRuleAssociations'],
  documentation: {
    meaning:
      'Every resolver that was asked says NXDOMAIN: there is no such name. The SDK put it together from a variant that the service does not have (FIPS, dual-stack), from a Region or partition where the service is not, or from a misspelt Region.',
    confirm: 'dig <host> at the VPC resolver and at any public resolver: status NXDOMAIN at both.',
    remedy:
      'Use the service’s name in this Region; switch off the FIPS or dual-stack setting where the service has no such name; correct AWS_REGION.',
    notWhen:
      'When the VPC resolver says NXDOMAIN for a name that public DNS has, a private hosted zone shadows it, which is another cause. The service’s standard Regional name always exists, so NXDOMAIN for it is never this cause.',
    sources: [
      'https://docs.aws.amazon.com/general/latest/gr/rande.html',
      'https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html',
    ],
  },
  evaluate: ({ state, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined || evidence.pinned.length > 0) return NOT_APPLICABLE;
    const asked = [...evidence.configured, ...(evidence.vpc === undefined ? [] : [evidence.vpc])].filter((answer) =>
      ['answered', 'no-data', 'nxdomain'].includes(answer.outcome),
    );
    if (asked.length === 0) return NOT_APPLICABLE;
    const knows = asked.find((answer) => answer.outcome !== 'nxdomain');
    if (knows !== undefined) return absent(`${knows.server} knows the name ${host}`);
    const match = matchHost(host);
    if (whyItExists(state, target) !== undefined) return NOT_APPLICABLE;
    // A private zone of the VPC that owns the name denies it whether it exists or not: that zone is the cause.
    const zones = [...hostedZones(state, vantage.vpcId), ...managedZones(state, vantage.vpcId)];
    const denying = zonesThatDenied(evidence, primaryCidrOf(vantage));
    if (owningZone(zones, host) !== undefined) return NOT_APPLICABLE;
    // Of a standard name that a Resolver rule sends elsewhere, it is the rule's targets that do not have it.
    if (match?.variant === 'standard' && ownerOf(state, zones, vantage.vpcId, host).by === 'rule')
      return NOT_APPLICABLE;
    // So is one that no list shows, when its own name leads into the VPC.
    const hidden = denying.some((zone) =>
      evidence
        .answersFor(zone)
        .some((answer) => answer.addresses.some((address) => containsAddress(cidrSet(vantage.vpcCidrs), address))),
    );
    if (hidden) return NOT_APPLICABLE;
    const servers = [...new Set(asked.map((answer) => answer.server))];
    const own = ownerOfVpceName(state, host);
    const use =
      own?.regional ??
      (match?.service !== undefined && match.region !== undefined
        ? standardHost(match.service, match.region)
        : undefined);
    return found([
      {
        key: host,
        resources: [host],
        extent: 'all',
        summary: `${list(servers)} ${servers.length > 1 ? 'all say' : 'says'} NXDOMAIN: there is no name ${host}${
          own !== undefined
            ? `. ${own.endpointId} has a name for each zone that it has an interface in, and for all together ${own.regional}`
            : use === undefined || use === host
              ? ''
              : `. The service’s name in ${match?.region} is ${use}`
        }.`,
        because: servers.map((server) => ({
          source: 'probe' as const,
          text: `${server}: NXDOMAIN for ${host}`,
          ref: server,
        })),
        predicts: (observation) =>
          observation.rung === 'dns' && observation.subject.name.toLowerCase() === host.toLowerCase()
            ? observation.outcome === 'nxdomain'
              ? 'agrees'
              : observation.outcome === 'answered'
                ? 'disproves'
                : undefined
            : undefined,
        facts: { host, use: use === host ? undefined : use, variant: match?.variant },
      },
    ]);
  },
  fix: ({ host, use, variant }) => {
    const setting =
      variant === 'fips' || variant === 'dualstack-fips'
        ? 'export AWS_USE_FIPS_ENDPOINT=false'
        : variant === 'dualstack'
          ? 'export AWS_USE_DUALSTACK_ENDPOINT=false'
          : undefined;
    return {
      summary:
        use === undefined ? `Correct the name ${host} where it is configured.` : `Call ${use} instead of ${host}.`,
      commands: setting === undefined ? [] : [setting],
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
    targets: ['secretsmanager-fips.eu-west-1.amazonaws.com'],
    inject: () => {
      // Nothing to break: the lab's public DNS, like the real one in this Region, has no FIPS name for the service.
    },
  },
});

/** The endpoint that a `vpce-…` name belongs to by its id, and the name that covers all of its zones. */
function ownerOfVpceName(
  state: Pick<State, 'vpcEndpoints'>,
  host: string,
): { readonly endpointId: string; readonly regional: string } | undefined {
  if (!isVpceName(host) || !state.vpcEndpoints.known) return undefined;
  const endpoint = state.vpcEndpoints.value.find((one) => ownsVpceName(one, host));
  const names = (endpoint?.DnsEntries ?? []).flatMap(({ DnsName }) =>
    DnsName !== undefined && isVpceName(DnsName) ? [DnsName] : [],
  );
  // The regional name is the shortest: those of the zones have the zone in them.
  const [regional] = names.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return endpoint === undefined || regional === undefined || regional === host
    ? undefined
    : { endpointId: endpoint.VpcEndpointId, regional };
}
