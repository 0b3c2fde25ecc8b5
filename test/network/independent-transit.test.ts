/** Random connections between two VPCs: what the model says of them and what a second, naive reading says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { addressDestination } from '../../src/network/destinations.ts';
import { isEmpty } from '../../src/network/flows.ts';
import type { Gate } from '../../src/network/gates.ts';
import { combine, evaluatePath } from '../../src/network/paths.ts';
import { carried, type Fate, type JoinedNetwork, type Place } from './independent-transit.ts';
import { client } from './support.ts';

/** Each number picks one way to break one part; 0 leaves it whole. */
const recipe = fc.record({
  joinedBy: fc.constantFrom('transit-gateway' as const, 'transit-gateway' as const, 'peering' as const),
  peering: fc.constantFrom('active', 'active', 'pending-acceptance', 'deleted'),
  strangers: fc.integer({ min: 0, max: 7 }),
  states: fc.tuple(state(), state()),
  zones: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })),
  associations: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })),
  gatewayRoutes: fc.array(
    fc.record({
      cidr: fc.constantFrom('10.0.0.0/8', '10.60.0.0/16', '10.60.2.0/24', '10.0.1.0/24', '10.60.3.0/24', '0.0.0.0/0'),
      type: fc.constantFrom('static', 'propagated'),
      fate: fc.constantFrom('near', 'far', 'blackhole', 'inspection'),
    }),
    { maxLength: 2 },
  ),
  drops: fc.integer({ min: 0, max: 11 }),
  vpcRoutes: fc.array(
    fc.record({
      table: fc.constantFrom(LAB.clientRouteTable, CENTRAL.routeTable),
      cidr: fc.constantFrom('10.60.2.0/24', '10.60.0.0/17', '10.0.1.0/24', '10.0.0.0/17', '0.0.0.0/0'),
      to: fc.constantFrom('igw', 'appliance', 'dead', 'pcx', 'tgw'),
    }),
    { maxLength: 2 },
  ),
  acl: fc.integer({ min: 0, max: 9 }),
});
type Recipe = typeof recipe extends fc.Arbitrary<infer R> ? R : never;

function state() {
  return fc.constantFrom('available', 'available', 'available', 'deleting', 'pendingAcceptance');
}

it('agrees with a naive reading, there and back', () => {
  const seen = { arrives: 0, lost: 0, perhaps: 0 };
  fc.assert(
    fc.property(recipe, (one) => {
      const world = build(one);
      const state = stateOfWorld(world);
      const caller = client({ vpcId: LAB.vpc, subnetId: LAB.clientSubnet, ipv4: LAB.clientAddress });
      const here: Place = { vpcId: LAB.vpc, subnetId: LAB.clientSubnet, address: LAB.clientAddress };
      for (const [address, subnetId] of [
        [CENTRAL.addressA, CENTRAL.endpointSubnetA],
        [CENTRAL.addressB, CENTRAL.endpointSubnetB],
      ] as const) {
        const destination = addressDestination(state, caller, address);
        if (destination === undefined) throw new Error(address);
        const { gates } = evaluatePath(state, caller, destination, 443);
        const told = (...names: Gate['gate'][]): Fate => {
          const own = gates.filter((gate) => names.includes(gate.gate));
          const { pass, block } = combine(destination, own[0]?.asked ?? [], own);
          return !isEmpty(block) ? 'lost' : isEmpty(pass) ? 'perhaps' : 'arrives';
        };
        const there: Place = { vpcId: CENTRAL.vpc, subnetId, address };
        const network = networkOf(world);
        const expected = { there: carried(network, here, there, 443), back: carried(network, there, here, 40_000) };
        expect({
          there: told('route', 'transit'),
          back: told('endpoint-route-return', 'transit-return'),
        }).toEqual(expected);
        seen[expected.there] += 1;
        seen[expected.back] += 1;
      }
    }),
    { numRuns: 1_500, seed: 4 },
  );
  // A generator that only makes broken or only whole connections would show nothing.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(300);
});

function build(one: Recipe): World {
  const world = healthyWorld();
  const { api } = world;
  addCentralEndpoint(world, one.joinedBy);
  for (const peering of api.vpcPeeringConnections) {
    peering.Status = { Code: one.peering };
    if (one.strangers === 7) peering.AccepterVpcInfo = { VpcId: 'vpc-third' };
  }
  const ends = [LAB.vpc, CENTRAL.vpc] as const;
  ends.forEach((vpcId, i) => {
    const found = api.transitGatewayVpcAttachments.find((each) => each.VpcId === vpcId);
    const asking = api.transitGatewayAttachments.find((each) => each.ResourceId === vpcId);
    if (found === undefined || asking === undefined) return;
    found.State = one.states[i] ?? 'available';
    const zone = one.zones[i] ?? 0;
    // Without the first zone, or without the second one.
    if (zone >= 4) found.SubnetIds = found.SubnetIds?.filter((_, place) => place !== zone - 4);
    if (one.associations[i] === 5) delete asking.Association;
    if (one.associations[i] === 4 && asking.Association !== undefined) asking.Association.State = 'disassociating';
  });
  for (const table of api.transitGatewayRoutes) {
    if (one.drops >= 10) table.Routes = table.Routes?.filter((_, place) => place !== one.drops - 10);
    for (const { cidr, type, fate } of one.gatewayRoutes) {
      if (table.Routes?.some((route) => route.DestinationCidrBlock === cidr && route.Type === type)) continue;
      const ResourceId = fate === 'near' ? LAB.vpc : fate === 'far' ? CENTRAL.vpc : 'vpc-inspection';
      table.Routes?.push({
        DestinationCidrBlock: cidr,
        Type: type,
        State: fate === 'blackhole' ? 'blackhole' : 'active',
        TransitGatewayAttachments: fate === 'blackhole' ? [] : [{ ResourceId, ResourceType: 'vpc' }],
      });
    }
  }
  for (const { table, cidr, to } of one.vpcRoutes) {
    const own = api.routeTables.find((each) => each.RouteTableId === table);
    if (own?.Routes?.some((route) => route.DestinationCidrBlock === cidr)) continue;
    const target = {
      igw: { GatewayId: LAB.internetGateway },
      appliance: { NetworkInterfaceId: 'eni-appliance' },
      dead: { NetworkInterfaceId: 'eni-gone', State: 'blackhole' },
      pcx: { VpcPeeringConnectionId: CENTRAL.peering },
      tgw: { TransitGatewayId: CENTRAL.transitGateway },
    }[to];
    // A connection that is not there has no routes.
    if ((to === 'pcx') !== (one.joinedBy === 'peering') && (to === 'pcx' || to === 'tgw')) continue;
    own?.Routes?.push({ DestinationCidrBlock: cidr, State: 'active', Origin: 'CreateRoute', ...target });
  }
  const shut = one.acl === 9 ? CENTRAL.clientAttachmentAcl : one.acl === 8 ? CENTRAL.acl : undefined;
  for (const acl of api.networkAcls) if (acl.NetworkAclId === shut) acl.Entries = [];
  return world;
}

function networkOf({ api }: World): JoinedNetwork {
  return {
    ...api,
    peerings: api.vpcPeeringConnections,
    vpcAttachments: api.transitGatewayVpcAttachments,
    attachments: api.transitGatewayAttachments,
    gatewayRoutes: api.transitGatewayRoutes,
  };
}
