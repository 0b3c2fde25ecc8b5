import { formatAddresses } from '../../network/addresses.ts';
import type { Destination } from '../../network/destinations.ts';
import { addressesOf } from '../../network/flows.ts';
import { clientSecurityGroupGate } from '../../network/gates.ts';
import { byId } from '../../network/index-by-id.ts';
import { formatPermission } from '../../network/security-groups.ts';
import { type CheckContext, defineCheck, NOT_APPLICABLE } from '../check.ts';
import {
  type BlockedGroup,
  DESTINATION_SLICES,
  destinationsOf,
  gateOutcome,
  list,
  nameDestination,
} from './blocked-gates.ts';
import { addRule, type GroupRule, otherRules, type RulePeer, vpcBlocks } from './group-rules.ts';
import { withoutReferences } from './references.ts';
import { isTranslated, wholePrefix } from './translated.ts';

const NEEDS = [...DESTINATION_SLICES, 'securityGroups'] as const;
type Context = CheckContext<(typeof NEEDS)[number]>;
type Facts = {
  readonly groupId: string;
  readonly peer: RulePeer;
  /** what a rule would have to admit where nothing narrower will do */
  readonly wider: { readonly six: boolean; readonly inside: boolean; readonly addresses: readonly string[] };
};

/** The client's own security groups, outbound: to the interfaces' addresses, or to the gateway service's CIDRs. */
export const clientSgBlocksEgress = defineCheck({
  code: 'client-sg-blocks-egress',
  title: 'The client’s security group does not let the traffic out',
  layer: 'path',
  needs: NEEDS,
  reachabilityAnalyzerCode: 'ENI_SG_RULES_MISMATCH',
  documentation: {
    meaning:
      'No outbound rule of the client’s security groups admits the endpoint’s addresses on the port, so the SYN never leaves the network interface. For a gateway endpoint the destination is the service’s public CIDRs: a rule for the VPC’s range does not cover them; a rule for the service’s prefix list does.',
    confirm: 'aws ec2 describe-security-groups --group-ids <the client’s groups> and look at IpPermissionsEgress.',
    remedy:
      'Add an outbound rule to the endpoint’s security group, or, for a gateway endpoint, to the service’s prefix list (pl-…).',
    notWhen: 'DNS to the VPC resolver, IMDS and time sync are never filtered by security groups.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing } = destinationsOf(context);
    const gates = destinations.map((destination) => ({
      destination,
      gate: clientSecurityGroupGate(context.state, context.client, destination, context.target.port),
    }));
    const outcome = gateOutcome<Destination, Facts>(
      withoutReferences(gates),
      missing,
      `the client’s security groups let TCP ${context.target.port} out`,
      (group) => describe(context, group),
      context.target.port,
    );
    // A rule that is there and does not count is a cause of its own (sg-reference-not-honoured), and lets nothing out.
    return outcome.outcome === 'absent' && withoutReferences(gates).length < gates.length ? NOT_APPLICABLE : outcome;
  },
  fix: (facts, context) => {
    const { groupId, peer, wider } = facts;
    const rule = { groupId, direction: 'egress', port: context.target.port } as const;
    const everywhere = 'cidrs' in peer && peer.cidrs.every((cidr) => cidr.endsWith('/0') || isTranslated(cidr));
    const first: GroupRule = { ...rule, peer, ...(everywhere ? { width: 'anywhere' as const } : {}) };
    const vpc = vpcBlocks(context.vantage, wider.six);
    const others: GroupRule[] = [
      ...(wider.addresses.length === 0 ? [] : [{ ...rule, peer: { cidrs: wider.addresses } }]),
      ...(wider.inside && vpc.length > 0 ? [{ ...rule, peer: { cidrs: vpc }, width: 'VPC' as const }] : []),
      { ...rule, peer: { cidrs: [wider.six ? '::/0' : '0.0.0.0/0'] }, width: 'anywhere' as const },
    ];
    return { ...addRule(first), owner: 'network owner', alternatives: otherRules(first, others) };
  },
  demonstration: {
    inject: (world) => {
      for (const group of world.api.securityGroups) {
        if (group.GroupName === 'client')
          group.IpPermissionsEgress = [
            { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, IpRanges: [{ CidrIp: '10.0.0.0/16' }] },
          ];
      }
    },
  },
});

function describe(context: Context, blocked: BlockedGroup<Destination>) {
  const { client, target, state } = context;
  const groupIds = client.groupIds ?? [];
  const groups = groupIds.flatMap((id) => byId(state.securityGroups, 'GroupId', id) ?? []);
  const first = blocked.gates[0];
  const wrongPort = first?.gate.securityGroups?.nearMisses.find(
    (miss) => miss.reason === 'port' || miss.reason === 'protocol',
  );
  const to = list(blocked.gates.map(({ destination }) => nameDestination(destination)));
  const hint =
    wrongPort !== undefined
      ? ` ${wrongPort.groupId} has a rule towards it, but for ${wrongPort.rule.replace(/ for .*/, '')}.`
      : first?.destination.kind === 'gateway'
        ? ' A gateway endpoint is reached at the service’s public addresses, so rules for private ranges do not count.'
        : '';
  const part = blocked.extent === 'some' ? ' part of' : '';
  return {
    resources: groupIds,
    summary: `No outbound rule of ${list(groupIds)} admits TCP ${target.port} to${part} ${to}.${hint}`,
    because: groups.map((group) => ({
      source: 'configuration' as const,
      text: `${group.GroupId} outbound: ${(group.IpPermissionsEgress ?? []).map(formatPermission).join('; ') || 'no rules'}`,
      ref: group.GroupId,
    })),
    facts: { groupId: groups[0]?.GroupId ?? groupIds[0] ?? '', peer: peerOf(blocked), wider: widerOf(blocked) },
  };
}

/** Least privilege first: the endpoint's own group, the service's prefix list, then the addresses themselves. */
function peerOf(blocked: BlockedGroup<Destination>): RulePeer {
  const destination = blocked.gates[0]?.destination;
  if (destination?.kind === 'interface' && destination.relation === 'same-vpc') {
    const shared = (destination.groupIds ?? []).find((id) =>
      blocked.gates.every(({ destination: other }) => other.kind === 'interface' && other.groupIds?.includes(id)),
    );
    if (shared !== undefined) return { group: shared };
  }
  if (destination?.kind === 'gateway') {
    const [id, ...others] = destination.prefixListIds;
    if (id !== undefined && others.length === 0) return { prefixList: id };
  }
  if (destination?.kind === 'public' && !destination.exact)
    return { cidrs: [destination.family === 4 ? '0.0.0.0/0' : '::/0'] };
  return { cidrs: wholePrefix(formatAddresses(addressesOf(blocked.block)).map(withLength)) };
}

/** A gateway's list is long and changes: its blocks are no alternative to the list itself. */
function widerOf(blocked: BlockedGroup<Destination>): Facts['wider'] {
  const inside = blocked.gates.every(
    ({ destination }) => destination.kind === 'interface' && destination.relation === 'same-vpc',
  );
  const named = blocked.gates.every(({ destination }) => destination.kind === 'interface');
  return {
    six: blocked.gates[0]?.destination.family === 6,
    inside,
    addresses: named ? formatAddresses(addressesOf(blocked.block)).map(withLength) : [],
  };
}

function withLength(address: string): string {
  if (address.includes('/')) return address;
  return address.includes(':') ? `${address}/128` : `${address}/32`;
}
