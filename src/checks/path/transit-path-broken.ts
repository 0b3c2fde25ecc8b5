import { addCentralEndpoint, CENTRAL } from '../../lab/central-world.ts';
import type { Missing } from '../../model/state.ts';
import type { InterfaceDestination } from '../../network/destinations.ts';
import { isEmpty, subtractFlows, unionFlows } from '../../network/flows.ts';
import type { Gate } from '../../network/gates.ts';
import { returnRouteGate, routeGate } from '../../network/route-gates.ts';
import { transitGate, transitReturnGate } from '../../network/transit-gates.ts';
import type { TransitStep } from '../../network/transit-step.ts';
import { absent, type CheckContext, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { list, nameDestination, predictsSilence } from './blocked-gates.ts';
import { clientText, farEnds, JOIN_SLICES, routedBlock } from './other-vpc.ts';
import { type TransitFacts, transitFix } from './transit-fixes.ts';

const NEEDS = [...JOIN_SLICES, 'transitGatewayAttachments', 'transitGatewayRoutes', 'subnets', 'networkAcls'] as const;
type Context = CheckContext<(typeof NEEDS)[number]>;

/** A route leads into the connection between two VPCs, and the connection does not carry the packets, or not the answers. */
export const transitPathBroken = defineCheck({
  code: 'transit-path-broken',
  title: 'The connection to the endpoint’s VPC does not carry the traffic',
  layer: 'path',
  needs: NEEDS,
  reachabilityAnalyzerCode: 'TGW_ROUTE_TABLE_ROUTE_MISSING',
  documentation: {
    meaning:
      'The endpoint stands in another VPC, and routes lead to it over a peering connection or a transit gateway, but that connection is not whole: the peering is not active, the attachment is not available or has no subnet in the sender’s Availability Zone, it is associated with no route table, or the transit gateway’s route table has no live route to the other VPC. It may be broken in one direction only.',
    confirm:
      'aws ec2 describe-vpc-peering-connections, or aws ec2 describe-transit-gateway-attachments and describe-transit-gateway-vpc-attachments (states, subnets, association), and aws ec2 search-transit-gateway-routes for the associated route table.',
    remedy:
      'Accept the peering; add a subnet of the zone to the attachment; associate the attachment; add or propagate the route. The transit gateway often belongs to another account, whose owner has to do it.',
    notWhen:
      'A route of the transit gateway to an inspection VPC, a VPN or another transit gateway may lead on; that is not visible and not blamed.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html',
      'https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html',
      'https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html',
    ],
  },
  evaluate: (context) => {
    const { destinations, missing: unseen } = farEnds(context);
    const gates = destinations.flatMap((destination) => connectionGates(context, destination));
    const asked = unionFlows(...gates.map(({ gate }) => gate.asked));
    const missing = [
      ...unseen,
      ...gates.flatMap(({ gate }) => (isEmpty(gate.unknown) ? [] : gate.missing)),
      ...destinations.flatMap((destination) => unreadRoutes(context, destination)),
    ];
    const broken = brokenSteps(gates);
    if (broken.length === 0) {
      if (missing.length > 0) return unknown(missing);
      return gates.length === 0 ? NOT_APPLICABLE : absent('the connection to the endpoint’s VPC is whole, both ways');
    }
    const lost = unionFlows(...broken.flatMap((one) => one.gates.map(({ gate }) => gate.block)));
    const extent = isEmpty(subtractFlows(asked, lost)) ? 'all' : 'some';
    const findings = broken.map((one): Finding<TransitFacts> => describe(context, one, extent, asked));
    return found(findings, missing);
  },
  fix: (facts, { state }: Context) => {
    const fix = transitFix(state, facts);
    if (facts.transit.to.subnetId !== undefined) return fix;
    return { ...fix, unprovable: 'the other VPC belongs to another account, whose half of the way cannot be seen' };
  },
  demonstration: {
    inject: (world) => {
      addCentralEndpoint(world, 'transit-gateway');
      // The client’s zone is the one that the attachment leaves out.
      for (const one of world.api.transitGatewayVpcAttachments)
        if (one.TransitGatewayAttachmentId === CENTRAL.clientAttachment)
          one.SubnetIds = [CENTRAL.clientAttachmentSubnets[1]];
    },
    targets: [CENTRAL.endpointHost],
  },
});

type ConnectionGate = { readonly destination: InterfaceDestination; readonly gate: Gate };
type Broken = { readonly key: string; readonly step: TransitStep; readonly gates: readonly ConnectionGate[] };

function connectionGates({ state, client, target }: Context, destination: InterfaceDestination): ConnectionGate[] {
  return [transitGate(state, client, destination, target.port), transitReturnGate(state, client, destination)].flatMap(
    (gate) => (gate === undefined ? [] : [{ destination, gate }]),
  );
}

/** Where a route table could not be read it is not known which connection there is to look at. */
function unreadRoutes({ state, client }: Context, destination: InterfaceDestination): Missing[] {
  return [routeGate(state, client, destination), returnRouteGate(state, client, destination)].flatMap((gate) =>
    isEmpty(gate.unknown) ? [] : gate.missing,
  );
}

/** Each broken part once, over all interfaces and both directions. */
function brokenSteps(gates: readonly ConnectionGate[]): Broken[] {
  const groups = new Map<string, { step: TransitStep; gates: ConnectionGate[] }>();
  for (const one of gates) {
    const blocked = one.gate.transit?.steps.filter((step) => step.verdict === 'block') ?? [];
    // A dead route follows from the connection that it leads into; it is blamed only where that one looks whole.
    const own = blocked.filter((step) => step.step !== 'route-state');
    for (const step of own.length > 0 ? own : blocked) {
      // One attachment is the near end of the packets and the far end of the answers.
      const key = `${step.step.replace(/^far-attachment/, 'attachment')} ${step.resources.join('+')}`;
      const group = groups.get(key) ?? { step, gates: [] };
      groups.set(key, group);
      group.gates.push(one);
    }
  }
  return [...groups.entries()].map(([key, group]) => ({ key, ...group }));
}

function describe(
  { state, client, target }: Context,
  { key, step, gates }: Broken,
  extent: 'all' | 'some',
  asked: ReturnType<typeof unionFlows>,
): Finding<TransitFacts> {
  const first = gates[0];
  if (first?.gate.transit === undefined) throw new Error('a broken connection without a gate');
  const { transit } = first.gate;
  const there = gates.some(({ gate }) => gate.gate === 'transit');
  const back = gates.some(({ gate }) => gate.gate === 'transit-return');
  const what = there && back ? 'packets and answers' : there ? 'packets' : 'answers';
  const ends = list(gates.map(({ destination }) => nameDestination(destination)));
  const far = transit.to.vpcId === client.vpcId ? clientText(client, first.destination) : first.destination.address;
  return {
    key,
    resources: [...new Set([...step.resources, transit.id])],
    extent,
    summary: `${step.why.replace(/^the /, 'The ')}, so that ${what} between this host in ${client.vpcId} and ${ends} in ${first.destination.vpcId} are lost on ${transit.id}.`,
    because: [{ source: 'configuration', text: step.why, ref: step.resources[0] }],
    predicts: predictsSilence(unionFlows(...gates.map(({ gate }) => gate.block)), asked, target.port),
    facts: { transit, step, cidr: routedBlock(state.vpcs, transit.to.vpcId, far) },
  };
}
