/** A transit gateway between two VPCs, one rule at a time (facts.md 4.3; how-transit-gateways-work, tgw-vpc-attachments, tgw-nacls). */
import { describe, expect, it } from 'vitest';
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { SliceName } from '../../src/model/state.ts';
import type { Client } from '../../src/network/client.ts';
import { addressDestination } from '../../src/network/destinations.ts';
import { isEmpty } from '../../src/network/flows.ts';
import { evaluatePath } from '../../src/network/paths.ts';
import { client } from './support.ts';

const CALLER: Client = client({
  vpcId: LAB.vpc,
  subnetId: LAB.clientSubnet,
  networkInterfaceId: LAB.clientInterface,
  ipv4: LAB.clientAddress,
  groupIds: [LAB.clientGroup],
});

type Edit = (world: World) => void;

/** The status of the path to one interface, and what each direction of the connection says where it does not simply pass. */
function ask(edit: Edit, address: string = CENTRAL.addressA, unread: readonly SliceName[] = []) {
  const world = healthyWorld();
  addCentralEndpoint(world, 'transit-gateway');
  edit(world);
  const hidden = Object.fromEntries(unread.map((name) => [name, { known: false, why: 'denied' }]));
  const state = { ...stateOfWorld(world), ...hidden };
  const destination = addressDestination(state, CALLER, address);
  if (destination === undefined) throw new Error(`nobody has ${address}`);
  const path = evaluatePath(state, CALLER, destination, 443);
  const steps = path.gates.flatMap((gate) =>
    (gate.transit?.steps ?? [])
      .filter((step) => step.verdict !== 'pass')
      .map((step) => `${gate.gate} ${step.step} ${step.verdict}`),
  );
  return { status: path.status, steps, path };
}

const attachment = (world: World, id: string) => {
  const found = world.api.transitGatewayVpcAttachments.find((one) => one.TransitGatewayAttachmentId === id);
  if (found === undefined) throw new Error(id);
  return found;
};
const asking = (world: World, id: string) => {
  const found = world.api.transitGatewayAttachments.find((one) => one.TransitGatewayAttachmentId === id);
  if (found === undefined) throw new Error(id);
  return found;
};
const table = (world: World) => {
  const [found] = world.api.transitGatewayRoutes;
  if (found === undefined) throw new Error('no transit gateway route table');
  return found;
};
const keep =
  (test: (cidr: string | undefined) => boolean): Edit =>
  (world) => {
    const routes = table(world);
    routes.Routes = routes.Routes?.filter((route) => test(route.DestinationCidrBlock));
  };
const addGatewayRoute =
  (cidr: string, Type: string, State: string, to?: string): Edit =>
  (world) => {
    table(world).Routes?.unshift({
      DestinationCidrBlock: cidr,
      Type,
      State,
      TransitGatewayAttachments: to === undefined ? [] : [{ ResourceId: to, ResourceType: 'vpc' }],
    });
  };
const vpcRoute =
  (tableId: string, route: object): Edit =>
  (world) => {
    for (const one of world.api.routeTables) if (one.RouteTableId === tableId) one.Routes?.push(route);
  };

describe('a transit gateway', () => {
  it('that has everything is open', () => expect(ask(() => {})).toMatchObject({ status: 'open', steps: [] }));

  it.each<[string, Edit, string, readonly string[]]>([
    [
      'attachment of the client’s VPC is deleted',
      (world) => Object.assign(attachment(world, CENTRAL.clientAttachment), { State: 'deleted' }),
      'closed',
      ['transit attachment-state block', 'transit-return far-attachment-state block'],
    ],
    [
      'attachment is being modified',
      (world) => Object.assign(attachment(world, CENTRAL.clientAttachment), { State: 'modifying' }),
      'open',
      [],
    ],
    [
      'attachment has no subnet in the client’s zone',
      (world) => Object.assign(attachment(world, CENTRAL.clientAttachment), { SubnetIds: ['subnet-a7000002'] }),
      'closed',
      ['transit attachment-zone block'],
    ],
    [
      'attachment has no subnet in the interface’s zone',
      (world) => Object.assign(attachment(world, CENTRAL.attachment), { SubnetIds: [CENTRAL.attachmentSubnets[1]] }),
      'closed',
      ['transit-return attachment-zone block'],
    ],
    [
      'attachment is not associated',
      (world) => Object.assign(asking(world, CENTRAL.clientAttachment), { Association: undefined }),
      'closed',
      ['transit association block'],
    ],
    [
      'association of another account’s gateway is not shown',
      (world) =>
        Object.assign(asking(world, CENTRAL.clientAttachment), {
          Association: undefined,
          TransitGatewayOwnerId: '999988887777',
        }),
      'unknown',
      ['transit association unknown'],
    ],
    [
      'association is on its way out',
      (world) =>
        Object.assign(asking(world, CENTRAL.attachment), {
          Association: { TransitGatewayRouteTableId: CENTRAL.transitGatewayRouteTable, State: 'disassociating' },
        }),
      'closed',
      ['transit-return association block'],
    ],
    [
      'policy table decides',
      (world) =>
        Object.assign(asking(world, CENTRAL.clientAttachment), {
          Association: { TransitGatewayPolicyTableId: 'tgw-ptb-1', State: 'associated' },
        }),
      'unknown',
      ['transit association unknown'],
    ],
    ['has no route there', keep((cidr) => cidr !== CENTRAL.cidr), 'closed', ['transit gateway-route block']],
    ['has no route back', keep((cidr) => cidr !== '10.0.0.0/16'), 'closed', ['transit-return gateway-route block']],
    [
      'static blackhole of the same prefix wins against the propagated route',
      addGatewayRoute(CENTRAL.cidr, 'static', 'blackhole'),
      'closed',
      ['transit gateway-route block'],
    ],
    [
      'longer propagated route wins against a static one',
      addGatewayRoute('10.60.2.0/24', 'propagated', 'blackhole'),
      'closed',
      ['transit gateway-route block'],
    ],
    ['shorter route does not', addGatewayRoute('10.0.0.0/8', 'static', 'blackhole'), 'open', []],
    ['route for another subnet does not', addGatewayRoute('10.60.3.0/24', 'static', 'blackhole'), 'open', []],
    [
      'inspection VPC stands between',
      addGatewayRoute('10.60.0.0/17', 'static', 'active', 'vpc-inspection'),
      'unknown',
      ['transit gateway-route unknown'],
    ],
    [
      'search was cut off',
      (world) => Object.assign(table(world), { AdditionalRoutesAvailable: true }),
      'unknown',
      ['transit gateway-route unknown', 'transit-return gateway-route unknown'],
    ],
    [
      'attachment’s subnet sends it to a dead appliance',
      vpcRoute(CENTRAL.routeTable, {
        DestinationCidrBlock: '10.60.2.0/24',
        NetworkInterfaceId: 'eni-1',
        State: 'blackhole',
      }),
      'closed',
      ['transit far-subnet-route block'],
    ],
    [
      'attachment’s subnet sends it through an appliance',
      vpcRoute(CENTRAL.routeTable, {
        DestinationCidrBlock: '10.60.2.0/24',
        NetworkInterfaceId: 'eni-1',
        State: 'active',
      }),
      'unknown',
      ['transit far-subnet-route unknown'],
    ],
    [
      'route of the client’s subnet to it is dead',
      (world) => {
        for (const one of world.api.routeTables)
          if (one.RouteTableId === LAB.clientRouteTable)
            for (const route of one.Routes ?? []) if (route.TransitGatewayId !== undefined) route.State = 'blackhole';
      },
      'closed',
      ['transit route-state block'],
    ],
    [
      'network ACL of an attachment’s subnet would drop it: not blamed, and not cleared',
      (world) => {
        for (const one of world.api.networkAcls) if (one.NetworkAclId === CENTRAL.clientAttachmentAcl) one.Entries = [];
      },
      'unknown',
      ['transit attachment-acl unknown', 'transit-return attachment-acl unknown'],
    ],
  ])('whose %s', (_words, edit, status, steps) => expect(ask(edit)).toMatchObject({ status, steps }));

  it('is judged for each zone of the endpoint', () => {
    const edit: Edit = (world) =>
      Object.assign(attachment(world, CENTRAL.attachment), { SubnetIds: [CENTRAL.attachmentSubnets[0]] });
    expect([ask(edit, CENTRAL.addressA).status, ask(edit, CENTRAL.addressB).status]).toEqual(['open', 'closed']);
  });

  it('keeps packets in the zone where they came in, where it has a subnet there', () => {
    const otherZone: Edit = (world) => {
      world.api.routeTables.push({
        RouteTableId: 'rtb-other-zone',
        VpcId: CENTRAL.vpc,
        Associations: [{ SubnetId: CENTRAL.attachmentSubnets[1], AssociationState: { State: 'associated' } }],
        Routes: [],
      });
    };
    expect(ask(otherZone)).toMatchObject({ status: 'open', steps: [] });
    const both: Edit = (world) => {
      otherZone(world);
      Object.assign(attachment(world, CENTRAL.attachment), { SubnetIds: [CENTRAL.attachmentSubnets[1]] });
    };
    // The interface of the other zone gets its packets by that zone's subnet, whose table leads nowhere.
    expect(ask(both, CENTRAL.addressB)).toMatchObject({
      status: 'closed',
      steps: ['transit far-subnet-route block'],
    });
  });

  it.each<[SliceName]>([
    ['transitGatewayVpcAttachments'],
    ['transitGatewayAttachments'],
    ['transitGatewayRoutes'],
    ['subnets'],
    ['networkAcls'],
  ])('of which %s cannot be read is never clear, and names the call', (slice) => {
    const { status, path } = ask(() => {}, CENTRAL.addressA, [slice]);
    expect(status).toBe('unknown');
    const gaps = path.gates.filter((gate) => !isEmpty(gate.unknown)).flatMap((gate) => gate.missing);
    expect(gaps.map((gap) => [gap.slice, gap.why])).toContainEqual([slice, 'denied']);
  });

  it('is drawn into both directions of the path, and never inside one VPC', () => {
    const names = ask(() => {}).path.gates.map((gate) => gate.gate);
    expect(names).toEqual([
      'client-sg-egress',
      'client-nacl-egress',
      'route',
      'transit',
      'endpoint-nacl-ingress',
      'endpoint-sg-ingress',
      'endpoint-nacl-return',
      'endpoint-route-return',
      'transit-return',
      'client-nacl-return',
    ]);
    expect(ask(() => {}, LAB.secretsAddressA).path.gates.map((gate) => gate.gate)).not.toContain('transit');
  });
});

/** Inbound rules of one network ACL that deny one block and admit the rest. */
const deny =
  (aclId: string, cidr: string): Edit =>
  (world) => {
    for (const acl of world.api.networkAcls) {
      if (acl.NetworkAclId !== aclId) continue;
      const rule = { RuleNumber: 10, Protocol: '-1', RuleAction: 'deny', Egress: false, CidrBlock: cidr } as const;
      acl.Entries = [rule, ...(acl.Entries ?? [])];
    }
  };
const attachedIn =
  (id: string, ...subnetIds: readonly string[]): Edit =>
  (world) => {
    Object.assign(attachment(world, id), { SubnetIds: subnetIds });
  };
const both =
  (...edits: readonly Edit[]): Edit =>
  (world) => {
    for (const edit of edits) edit(world);
  };

/**
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html: in a subnet of its own the transit gateway leaves the judgement to the
 * network ACL of the subnet that it delivers to; what it delivers in the attachment's own subnet meets no inbound rule there.
 */
describe('the network ACL of the subnet that a transit gateway delivers to', () => {
  const answers = deny(LAB.clientAcl, CENTRAL.cidr);
  const requests = deny(CENTRAL.acl, '10.0.0.0/16');
  const [near, other] = CENTRAL.clientAttachmentSubnets;
  const sides = { client: 'client-nacl-return', endpoint: 'endpoint-nacl-ingress' } as const;

  it.each<[string, keyof typeof sides, Edit, string, 'pass' | 'block' | 'unknown', boolean]>([
    ['judges: attached in another subnet', 'client', both(answers), CENTRAL.addressA, 'block', false],
    [
      'does not judge: attached in this one',
      'client',
      both(answers, attachedIn(CENTRAL.clientAttachment, LAB.clientSubnet, other)),
      CENTRAL.addressA,
      'pass',
      true,
    ],
    [
      'judges: the answers of the other zone come out in that zone',
      'client',
      both(answers, attachedIn(CENTRAL.clientAttachment, LAB.clientSubnet, other)),
      CENTRAL.addressB,
      'block',
      false,
    ],
    [
      'does not judge: attached nowhere else, whatever the zone',
      'client',
      both(answers, attachedIn(CENTRAL.clientAttachment, LAB.clientSubnet)),
      CENTRAL.addressB,
      'pass',
      true,
    ],
    [
      'may judge: three places, none of them in the sender’s zone',
      'client',
      both(answers, attachedIn(CENTRAL.clientAttachment, LAB.clientSubnet, near)),
      CENTRAL.addressB,
      'unknown',
      false,
    ],
    [
      'admits it where attached in this one: as before',
      'client',
      attachedIn(CENTRAL.clientAttachment, LAB.clientSubnet, other),
      CENTRAL.addressA,
      'pass',
      false,
    ],
    ['judges the requests: attached in another subnet', 'endpoint', requests, CENTRAL.addressA, 'block', false],
    [
      'is not said to judge or not, for an endpoint’s interface',
      'endpoint',
      both(requests, attachedIn(CENTRAL.attachment, CENTRAL.endpointSubnetA, CENTRAL.endpointSubnetB)),
      CENTRAL.addressA,
      'unknown',
      false,
    ],
  ])('%s (%s)', (_words, side, edit, address, part, skipped) => {
    const gate = ask(edit, address).path.gates.find((one) => one.gate === sides[side]);
    expect(gate && isEmpty(gate[part])).toBe(false);
    expect(gate?.skipped !== undefined).toBe(skipped);
    for (const rest of ['pass', 'block', 'unknown'] as const)
      if (rest !== part) expect(gate && isEmpty(gate[rest]), rest).toBe(true);
    if (part === 'unknown') expect(gate?.missing.length).toBeGreaterThan(0);
  });

  it.each<[string, readonly SliceName[], string]>([
    ['the attachments', ['transitGatewayVpcAttachments'], 'unknown'],
    ['the subnets', ['subnets'], 'block'],
    // Only the other end's table is read then, and it leads into the transit gateway as well.
    ['attachments and route tables', ['transitGatewayVpcAttachments', 'routeTables'], 'unknown'],
  ])('blames nothing that %s would have to show', (_words, unread, part) => {
    const gate = ask(answers, CENTRAL.addressA, unread).path.gates.find((one) => one.gate === 'client-nacl-return');
    expect(gate && isEmpty(gate.block)).toBe(part !== 'block');
    expect(gate && isEmpty(gate.unknown)).toBe(part === 'block');
  });

  it('judges what a peering connection brings', () => {
    const world = healthyWorld();
    addCentralEndpoint(world, 'peering');
    answers(world);
    const state = stateOfWorld(world);
    const destination = addressDestination(state, CALLER, CENTRAL.addressA);
    expect(destination && evaluatePath(state, CALLER, destination, 443).status).toBe('closed');
  });
});
