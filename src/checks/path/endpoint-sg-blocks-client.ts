import type { SecurityGroup } from '../../model/aws.ts';
import type { InterfaceDestination } from '../../network/destinations.ts';
import { endpointSecurityGroupGate } from '../../network/gates.ts';
import { byId } from '../../network/index-by-id.ts';
import { formatPermission } from '../../network/security-groups.ts';
import { type CheckContext, defineCheck, NOT_APPLICABLE } from '../check.ts';
import { connectionsTo, leadsToPrivate } from '../evidence.ts';
import { comment } from '../terraform.ts';
import {
  type BlockedGroup,
  gateOutcome,
  INTERFACE_SLICES,
  interfacesOf,
  list,
  nameDestination,
} from './blocked-gates.ts';
import { addRule, type GroupRule, otherRules, subnetBlock, vpcBlocks } from './group-rules.ts';
import { withoutReferences } from './references.ts';

const NEEDS = [...INTERFACE_SLICES, 'securityGroups'] as const;
type Context = CheckContext<(typeof NEEDS)[number]>;
type Facts = {
  readonly groupId: string;
  readonly source: { readonly group: string } | { readonly cidr: string };
  /** the client's own address as a block, of the family that is blocked */
  readonly own?: string | undefined;
};

/** The endpoint's security groups are asked about the client's own address and groups, on the service's port. */
export const endpointSgBlocksClient = defineCheck({
  code: 'endpoint-sg-blocks-client',
  title: 'The endpoint’s security group does not admit this host',
  layer: 'path',
  needs: NEEDS,
  reachabilityAnalyzerCode: 'ENI_SG_RULES_MISMATCH',
  documentation: {
    meaning:
      'Every network interface of an interface endpoint carries security groups, and one of their inbound rules must admit the client on the service’s port. None does, so the SYN is dropped without an answer. Typical reasons: the endpoint was created with the VPC’s default group, the rule names one subnet or the primary CIDR only, or the rule is for another port or protocol.',
    confirm:
      'aws ec2 describe-vpc-endpoints shows the endpoint’s groups; aws ec2 describe-security-groups shows their inbound rules. From the client, a TCP connection to the interface’s address stays unanswered.',
    remedy:
      'Admit the client’s security group (or, from another VPC, its CIDR) on the port. Rule changes take effect at once for new connections.',
    notWhen:
      'Outbound rules of the endpoint’s group do not matter: answers are tracked. A failed ping means nothing: endpoints do not answer ICMP.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = interfacesOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: endpointSecurityGroupGate(context.state, context.client, destination, context.target.port),
    }));
    const outcome = gateOutcome<InterfaceDestination, Facts>(
      withoutReferences(gates),
      missing,
      `the endpoint’s security groups admit this host on TCP ${context.target.port}`,
      (group) => describe(context, group),
      context.target.port,
    );
    // A rule that is there and does not count is a cause of its own (sg-reference-not-honoured), and admits nobody.
    return outcome.outcome === 'absent' && withoutReferences(gates).length < gates.length ? NOT_APPLICABLE : outcome;
  },
  suspect: ({ vantage, target, evidence }) => {
    const { silent, open } = connectionsTo(evidence);
    if (silent.length === 0 || open.length > 0 || !leadsToPrivate(evidence, vantage)) return undefined;
    return {
      key: `suspected ${target.id}`,
      resources: silent,
      extent: 'all',
      summary: `${target.id} leads to ${list(silent)}, private addresses, and none of them answers: most likely the endpoint’s security group does not admit ${vantage.addresses[0] ?? 'this host'} on TCP ${target.port}. A network ACL or the client’s own security group would look the same from here.`,
      because: [
        {
          source: 'probe',
          text: `no answer to TCP ${target.port} from any of ${list(silent)}`,
          ref: evidence.tcp(silent[0] ?? '')[0]?.id,
        },
      ],
      predicts: (observation) =>
        observation.rung === 'tcp' &&
        observation.subject.port === target.port &&
        silent.includes(observation.subject.address)
          ? 'agrees'
          : undefined,
      facts: { groupId: '', source: { cidr: `${vantage.addresses[0] ?? ''}/32` } },
    };
  },
  fix: (facts, context) => {
    if (facts.groupId === '')
      return {
        summary:
          'Look up the endpoint’s security groups and admit this host there; where they do, look at this host’s own groups and at the network ACLs of both subnets.',
        commands: [
          `aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${context.evidence.addresses.join(',')} --query 'NetworkInterfaces[].[NetworkInterfaceId,Description,Groups]'`,
        ],
        undo: [],
        owner: 'endpoint owner',
        unprovable: 'the configuration could not be read, so that there is no model to prove it on',
        terraform: comment('Which security group it is could not be read; then: aws_vpc_security_group_ingress_rule.'),
      };
    const { groupId, source, own } = facts;
    const rule = { groupId, direction: 'ingress', port: context.target.port } as const;
    const first: GroupRule = { ...rule, peer: 'group' in source ? source : { cidrs: [source.cidr] } };
    const six = own?.includes(':') === true;
    const subnet = six ? undefined : subnetBlock(context.vantage);
    const vpc = vpcBlocks(context.vantage, six);
    const others: GroupRule[] = [
      ...(own === undefined ? [] : [{ ...rule, peer: { cidrs: [own] } }]),
      ...(subnet === undefined ? [] : [{ ...rule, peer: { cidrs: [subnet] }, width: 'subnet' as const }]),
      ...(vpc.length === 0 ? [] : [{ ...rule, peer: { cidrs: vpc }, width: 'VPC' as const }]),
    ];
    return { ...addRule(first), owner: 'endpoint owner', alternatives: otherRules(first, others) };
  },
  demonstration: {
    inject: (world) => {
      for (const group of world.api.securityGroups) {
        if (group.GroupName === 'endpoints')
          group.IpPermissions = [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.9.0/24' }] },
          ];
      }
    },
  },
});

function describe(context: Context, blocked: BlockedGroup<InterfaceDestination>) {
  const { client, target, state } = context;
  const first = blocked.gates[0];
  const destination = first?.destination;
  const groupIds = destination?.groupIds ?? [];
  const groups = groupIds.flatMap((id) => byId(state.securityGroups, 'GroupId', id) ?? []);
  const own = destination?.family === 6 ? client.ipv6 : client.ipv4;
  const interfaces = list(blocked.gates.map(({ destination: to }) => nameDestination(to)));
  const admitted = groups.map((group) => admits(group, target.port));
  const misses = first?.gate.securityGroups?.nearMisses ?? [];
  const wrongPort = misses.find((miss) => miss.reason === 'port' || miss.reason === 'protocol');
  const hint =
    wrongPort !== undefined
      ? ` It does admit this host, but for ${wrongPort.rule.replace(/ for .*/, '')} and not for TCP ${target.port}.`
      : '';
  const groupWords = client.groupIds === undefined ? '' : ` with ${list(client.groupIds)}`;
  const sameVpc = destination === undefined || destination.relation === 'same-vpc';
  const groupId = groups[0]?.GroupId ?? groupIds[0] ?? '';
  const clientGroup = client.groupIds?.[0];
  return {
    resources: groupIds,
    summary: `${admitted.join(' ')} This host is ${own ?? 'unknown'}${groupWords}, so TCP ${target.port} to ${interfaces} is dropped.${hint}`,
    because: groups.map((group) => ({
      source: 'configuration' as const,
      text: `${group.GroupId} inbound: ${(group.IpPermissions ?? []).map(formatPermission).join('; ') || 'no rules'}`,
      ref: group.GroupId,
    })),
    facts: {
      groupId,
      source:
        sameVpc && clientGroup !== undefined
          ? { group: clientGroup }
          : { cidr: destination?.family === 6 ? `${own}/128` : `${own}/32` },
      own: own === undefined ? undefined : destination?.family === 6 ? `${own}/128` : `${own}/32`,
    },
  };
}

/** What a group lets in on a port, as a sentence. */
function admits(group: SecurityGroup, port: number): string {
  const rules = (group.IpPermissions ?? []).filter((rule) => {
    const protocol = rule.IpProtocol ?? '-1';
    if (protocol === '-1') return true;
    return (protocol === 'tcp' || protocol === '6') && port >= (rule.FromPort ?? 0) && port <= (rule.ToPort ?? 65535);
  });
  if ((group.IpPermissions ?? []).length === 0) return `${group.GroupId} has no inbound rule at all.`;
  if (rules.length === 0) return `${group.GroupId} has no inbound rule for TCP ${port}.`;
  const sources = rules.map((rule) => formatPermission(rule).replace(/^.* for /, ''));
  return `${group.GroupId} admits TCP ${port} from ${list(sources)} only.`;
}
