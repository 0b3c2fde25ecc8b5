import { addCentralEndpoint, CENTRAL } from '../../lab/central-world.ts';
import { LAB } from '../../lab/world.ts';
import type { InterfaceDestination } from '../../network/destinations.ts';
import { clientSecurityGroupGate, endpointSecurityGroupGate } from '../../network/gates.ts';
import { type CheckContext, defineCheck } from '../check.ts';
import { connectionsTo } from '../evidence.ts';
import { type BlockedGroup, gateOutcome, INTERFACE_SLICES, list, nameDestination } from './blocked-gates.ts';
import { addRule, type GroupRule, otherRules, subnetBlock, vpcBlocks } from './group-rules.ts';
import { clientText, farInterfaces } from './other-vpc.ts';
import { deadReferences, hangsOnReference } from './references.ts';

const NEEDS = [...INTERFACE_SLICES, 'securityGroups'] as const;
type Context = CheckContext<(typeof NEEDS)[number]>;
type Facts = {
  readonly direction: 'ingress' | 'egress';
  readonly groupId: string;
  readonly cidrs: readonly string[];
};

/** A rule admits the other side by its security group, over a connection where such a reference means nothing. */
export const sgReferenceNotHonoured = defineCheck({
  code: 'sg-reference-not-honoured',
  title: 'The only matching rule names a security group, which does not count here',
  layer: 'path',
  needs: NEEDS,
  reachabilityAnalyzerCode: 'SG_REFERENCES_NOT_PRESERVED',
  documentation: {
    meaning:
      'A security group rule that would admit the traffic names the other side’s security group instead of its addresses. Across a transit gateway such a reference is not honoured for interface endpoints, whatever the support is switched to; and a reference into a deleted peering connection or to a deleted group stays in the list and matches nothing.',
    confirm:
      'aws ec2 describe-security-groups shows UserIdGroupPairs and no CIDR for the port; aws ec2 describe-stale-security-groups lists references that match nothing any more.',
    remedy: 'Admit the client’s CIDR block on the port in place of its security group.',
    notWhen:
      'Inside one VPC references count. Whether one counts for an endpoint across an active peering connection is not documented: that is left undecided, and a rule by CIDR settles it.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html',
      'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html',
    ],
  },
  evaluate: (context) => {
    const { state, client, target } = context;
    // Inside one VPC references count.
    const { destinations, missing } = farInterfaces(context);
    const gates = destinations.flatMap((destination) =>
      [
        endpointSecurityGroupGate(state, client, destination, target.port),
        clientSecurityGroupGate(state, client, destination, target.port),
      ]
        // What blocks without a dead reference is the plain lack of a rule, and another cause.
        .map((gate) => (deadReferences(gate).length > 0 ? gate : { ...gate, block: [] }))
        .map((gate) => ({ destination, gate })),
    );
    return gateOutcome<InterfaceDestination, Facts>(
      gates,
      missing,
      'no rule depends on a reference to a security group that does not count',
      (group) => describe(context, group),
      target.port,
    );
  },
  suspect: (context) => {
    const { state, client, target, evidence } = context;
    const { silent, open } = connectionsTo(evidence);
    const doubtful = farInterfaces(context).destinations.filter(
      (destination) =>
        silent.includes(destination.address) &&
        hangsOnReference(endpointSecurityGroupGate(state, client, destination, target.port)),
    );
    const groupId = doubtful[0]?.groupIds?.[0];
    if (groupId === undefined || open.length > 0) return undefined;
    const own = doubtful.map((destination) => clientText(client, destination));
    return {
      key: `suspected ${groupId}`,
      resources: [groupId],
      extent: 'all',
      summary: `${groupId} admits TCP ${target.port} only by naming this host’s security group, across a peering connection, and ${list(doubtful.map(nameDestination))} does not answer. AWS does not say whether such a reference counts for the interfaces of endpoints; the silence says that it most likely does not.`,
      because: [
        {
          source: 'probe',
          text: `no answer to TCP ${target.port} from ${list(silent)}`,
          ref: evidence.tcp(silent[0] ?? '')[0]?.id,
        },
      ],
      predicts: (observation) =>
        observation.rung === 'tcp' &&
        observation.subject.port === target.port &&
        silent.includes(observation.subject.address)
          ? 'agrees'
          : undefined,
      facts: { direction: 'ingress' as const, groupId, cidrs: [...new Set(own.map(hostBlock))] },
    };
  },
  fix: ({ direction, groupId, cidrs }, { target, vantage }) => {
    const rule = { groupId, direction, port: target.port } as const;
    const six = cidrs.some((cidr) => cidr.includes(':'));
    const first: GroupRule = { ...rule, peer: { cidrs } };
    const subnet = six ? undefined : subnetBlock(vantage);
    const vpc = vpcBlocks(vantage, six);
    const others: GroupRule[] =
      direction === 'egress'
        ? [{ ...rule, peer: { cidrs: [six ? '::/0' : '0.0.0.0/0'] }, width: 'anywhere' }]
        : [
            ...(subnet === undefined ? [] : [{ ...rule, peer: { cidrs: [subnet] }, width: 'subnet' as const }]),
            ...(vpc.length === 0 ? [] : [{ ...rule, peer: { cidrs: vpc }, width: 'VPC' as const }]),
          ];
    return {
      ...addRule(first),
      summary: `${direction === 'ingress' ? `Admit ${list(cidrs)}` : `Allow ${list(cidrs)}`} on TCP ${target.port} in ${groupId} by address, in place of the security group.`,
      // One command for each block: the form that people know.
      commands: cidrs.map(
        (cidr) => `aws ec2 authorize-security-group-${direction} ${options(groupId, target.port, cidr)}`,
      ),
      undo: cidrs.map((cidr) => `aws ec2 revoke-security-group-${direction} ${options(groupId, target.port, cidr)}`),
      owner: direction === 'ingress' ? 'endpoint owner' : 'host owner',
      alternatives: otherRules(first, others),
    };
  },
  demonstration: {
    inject: (world) => {
      addCentralEndpoint(world, 'transit-gateway');
      for (const group of world.api.securityGroups)
        if (group.GroupId === CENTRAL.group)
          group.IpPermissions = [
            {
              IpProtocol: 'tcp',
              FromPort: 443,
              ToPort: 443,
              UserIdGroupPairs: [{ GroupId: LAB.clientGroup, UserId: world.accountId, VpcId: LAB.vpc }],
            },
          ];
    },
    targets: [CENTRAL.endpointHost],
  },
});

function describe(context: Context, blocked: BlockedGroup<InterfaceDestination>) {
  const { client, target } = context;
  const inbound = blocked.gates.some(({ gate }) => gate.gate === 'endpoint-sg-ingress');
  // Several interfaces of one endpoint meet the same rule.
  const misses = blocked.gates
    .flatMap(({ gate }) => deadReferences(gate))
    .filter((miss, i, all) => all.findIndex((one) => one.groupId === miss.groupId && one.rule === miss.rule) === i);
  const first = misses[0];
  const groupId = first?.groupId ?? '';
  const interfaces = blocked.gates.map(({ destination }) => destination);
  const own = interfaces.map((destination) => clientText(client, destination));
  const cidrs = [...new Set((inbound ? own : interfaces.map((one) => one.address)).map(hostBlock))];
  const who = inbound ? `this host’s security group` : `the endpoint’s security group`;
  return {
    resources: [
      ...new Set([...misses.map((miss) => miss.groupId), ...misses.flatMap((miss) => miss.reference?.groupId ?? [])]),
    ],
    summary: `${groupId} ${inbound ? 'admits' : 'allows'} TCP ${target.port} only by naming ${first?.reference?.groupId ?? who}, and that does not count between ${client.vpcId} and ${interfaces[0]?.vpcId}: ${first?.reference?.why}. TCP ${target.port} to ${list(interfaces.map(nameDestination))} is dropped.`,
    because: misses.map((miss) => ({
      source: 'configuration' as const,
      text: `${miss.groupId} ${inbound ? 'inbound' : 'outbound'}: ${miss.rule}; ${miss.reference?.why}`,
      ref: miss.groupId,
    })),
    facts: { direction: inbound ? ('ingress' as const) : ('egress' as const), groupId, cidrs },
  };
}

function hostBlock(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function options(groupId: string, port: number, cidr: string): string {
  return cidr.includes(':')
    ? `--group-id ${groupId} --ip-permissions 'IpProtocol=tcp,FromPort=${port},ToPort=${port},Ipv6Ranges=[{CidrIpv6=${cidr}}]'`
    : `--group-id ${groupId} --protocol tcp --port ${port} --cidr ${cidr}`;
}
