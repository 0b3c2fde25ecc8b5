import { missing } from '../../model/state.ts';
import { isVpceName } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import {
  configuredResolvers,
  isVpcResolver,
  primaryCidrOf,
  resolverKind,
  vpcResolverAddresses,
} from '../../network/resolution.ts';
import { absent, defineCheck, draftElement, type FixAlternative, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { attribute, comment, hcl, notTerraforms, resource } from '../terraform.ts';
import { ENDPOINT_NAME_SLICES, isInsideVpc, leadsToEndpoint, nameGoal } from './names.ts';

const SPOKE: ReadonlySet<string> = new Set(['answered', 'no-data', 'nxdomain', 'servfail', 'refused-by-server']);

export const resolverNotVpc = defineCheck({
  code: 'resolver-not-vpc',
  title: 'The client asks a resolver that does not know the endpoint',
  layer: 'dns',
  needs: [...ENDPOINT_NAME_SLICES, 'vpcs', 'dhcpOptions'],
  documentation: {
    meaning:
      'The private name of an endpoint exists only in the VPC’s own resolver. The client’s resolv.conf (often from custom DHCP options: Active Directory, on-premises DNS, 8.8.8.8) names another one, and that one gives another answer for the service’s name than the VPC resolver does.',
    confirm: 'Ask both: dig <host> @<resolver from resolv.conf> and dig <host> @169.254.169.253, and compare.',
    remedy:
      'Let the VPC use AmazonProvidedDNS in its DHCP options, or make the other resolver forward the service’s domain to the VPC resolver (conditional forwarding to the VPC’s base address plus two, or to a Resolver inbound endpoint).',
    notWhen:
      'A resolver of your own that forwards to the VPC resolver gives the same answer, and nothing is wrong; so do a systemd-resolved stub and a node-local cache.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    const host = target.host;
    if (host === undefined || isVpceName(host)) return NOT_APPLICABLE;
    const kind = resolverKind(state, vantage);
    if (kind === 'vpc')
      return absent(
        `the client asks the VPC’s own resolver${vantage.resolvers[0] === undefined ? '' : ` ${vantage.resolvers[0].address}`}`,
      );
    const primary = primaryCidrOf(vantage);
    const configured = configuredResolvers(state, vantage);
    const names = configured?.addresses.join(', ') ?? 'an unknown resolver';
    const { system, vpc } = evidence;
    if (system === undefined || vpc === undefined || vpc.outcome !== 'answered') {
      if (evidence.probed) return NOT_APPLICABLE;
      return kind === 'other'
        ? unknown([
            missing(
              state,
              'dhcpOptions',
              `whether ${names} forwards to the VPC resolver is written nowhere: probe from the client`,
            ),
          ])
        : NOT_APPLICABLE;
    }
    // A resolver that is silent has a cause of its own; one that answers, whatever it is, was asked in vain.
    if (!SPOKE.has(system.outcome)) return NOT_APPLICABLE;
    const goal = nameGoal(state, client, target);
    const right =
      leadsToEndpoint(vpc.addresses, goal) ?? vpc.addresses.some((address) => isInsideVpc(state, vantage, address));
    const same = system.addresses.some((address) => vpc.addresses.includes(address));
    if (!right || same || isVpcResolver(system.server, primary))
      return absent(`${system.server} gives the same kind of answer as the VPC resolver`);
    // An answer inside the VPC that is nobody's belongs to dns-answer-stale: the resolver did know the endpoint once.
    if (system.addresses.some((address) => isInsideVpc(state, vantage, address))) return NOT_APPLICABLE;
    const theirs = system.outcome === 'answered' ? system.addresses.join(', ') : system.outcome;
    return found([
      {
        key: `${configured?.source} ${names}`,
        resources: [system.server],
        extent: 'all',
        summary: `${system.server}, which the client’s ${configured?.source} names, answers ${host} with ${theirs}; the VPC resolver ${vpc.server} answers ${vpc.addresses.join(', ')}, which is the endpoint.`,
        because: [{ source: 'host', text: `${configured?.source}: ${names}`, ref: configured?.source }],
        predicts: (observation) => {
          if (observation.rung === 'tcp')
            return system.addresses.includes(observation.subject.address) &&
              observation.subject.port === target.port &&
              observation.outcome !== 'open' &&
              observation.outcome !== 'skipped'
              ? 'agrees'
              : undefined;
          return observation.rung === 'dns' &&
            observation.subject.server === system.server &&
            observation.subject.type === 'A' &&
            observation.subject.name.toLowerCase() === host.toLowerCase()
            ? 'agrees'
            : undefined;
        },
        facts: {
          vpcId: vantage.vpcId ?? '',
          resolver: vpcResolverAddresses(primary)[0] ?? '169.254.169.253',
          server: system.server,
          host,
          dhcp: dhcpNames(state, vantage, system.server),
          former: vantage.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', vantage.vpcId)?.DhcpOptionsId,
        },
      },
    ]);
  },
  fix: ({ vpcId, resolver, server, host, dhcp, former }) => {
    const zone = host.split('.').slice(1).join('.');
    const here: FixAlternative = {
      summary: `Make the client ask ${resolver} (resolv.conf names ${server}), or make ${server} forward ${zone} to ${resolver}.`,
      commands: [
        `sudo sed -i.bak 's/^nameserver ${server.replaceAll('.', '\\.')}$/nameserver ${resolver}/' /etc/resolv.conf`,
      ],
      undo: ['sudo mv /etc/resolv.conf.bak /etc/resolv.conf'],
      caution:
        'Where something manages resolv.conf (systemd-resolved, NetworkManager, a container runtime), change it there.',
      terraform: notTerraforms('resolv.conf belongs to the host; the line may stand in its user data or image.'),
      edit: (draft) => {
        draft.vantage.resolvers = [{ address: resolver, port: 53 }];
      },
    };
    if (!dhcp) return { ...here, owner: 'host owner' };
    const before = former ?? '"$FORMER_DHCP_OPTIONS"';
    return {
      summary: `Give ${vpcId} DHCP options with AmazonProvidedDNS, then renew the lease. (Or make ${server} forward ${zone} to ${resolver}.)`,
      commands: [
        `DHCP=$(aws ec2 create-dhcp-options --dhcp-configurations Key=domain-name-servers,Values=AmazonProvidedDNS --query DhcpOptions.DhcpOptionsId --output text)`,
        `aws ec2 associate-dhcp-options --vpc-id ${vpcId} --dhcp-options-id "$DHCP"`,
      ],
      undo: [`aws ec2 associate-dhcp-options --vpc-id ${vpcId} --dhcp-options-id ${before}`],
      owner: 'DNS owner',
      caution: `Every instance of ${vpcId} stops asking ${server} when its lease is renewed: names that only ${server} knows are lost unless a Resolver rule forwards them. Copy the other options of ${former ?? 'the present set'} into the new one.`,
      terraform: hcl(
        resource('aws_vpc_dhcp_options', `${vpcId}_dns`, { domain_name_servers: ['AmazonProvidedDNS'] }),
        resource('aws_vpc_dhcp_options_association', `${vpcId}_dns`, {
          vpc_id: vpcId,
          dhcp_options_id: attribute('aws_vpc_dhcp_options', `${vpcId}_dns`, 'id'),
        }),
        comment(`Undo: associate ${former ?? 'the former options'} again.`),
      ),
      alternatives: [here],
      edit: (draft) => {
        here.edit?.(draft);
        draft.slices.dhcpOptions.push({
          DhcpOptionsId: `dopt-new-${vpcId}`,
          DhcpConfigurations: [{ Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] }],
        });
        const vpc = draftElement(draft, 'vpcs', 'VpcId', vpcId);
        if (vpc !== undefined) vpc.DhcpOptionsId = `dopt-new-${vpcId}`;
      },
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.nameservers = ['10.0.0.53'];
      world.resolvers['10.0.0.53'] = { behaviour: 'public', records: {} };
      for (const options of world.api.dhcpOptions)
        options.DhcpConfigurations = [{ Key: 'domain-name-servers', Values: [{ Value: '10.0.0.53' }] }];
    },
  },
});

/** Whether it is the VPC's DHCP options that hand out this resolver. */
function dhcpNames(
  state: Parameters<typeof configuredResolvers>[0],
  vantage: Parameters<typeof configuredResolvers>[1],
  server: string,
): boolean {
  const options = configuredResolvers(state, { ...vantage, resolvers: [] });
  return options?.addresses.includes(server) ?? false;
}
