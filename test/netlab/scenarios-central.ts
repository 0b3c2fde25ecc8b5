/** An endpoint in a shared services VPC, behind a transit gateway or a peering connection. */
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { find, LAB, type World } from '../../src/lab/world.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import { aclOnly, aclRules, fromGroup, inbound, outbound, tcp } from './edits.ts';
import type { Scenario } from './scenario.ts';
import { worldWith } from './worlds.ts';

type Edit = (world: World) => void;
type More = Partial<Scenario> & { verdict?: 'blocked' | 'degraded'; besides?: readonly CauseCode[] };

const overGateway: Edit = (world) => addCentralEndpoint(world, 'transit-gateway');
const overPeering: Edit = (world) => addCentralEndpoint(world, 'peering');

function central(code: CauseCode, name: string, edits: readonly Edit[], more: More = {}): Scenario {
  const { verdict = 'blocked', besides = [], ...rest } = more;
  return {
    name,
    group: 'single',
    world: worldWith(...edits),
    targets: [CENTRAL.host],
    expect: { verdict, causes: [code], besides },
    ...rest,
  };
}

function fine(name: string, ...edits: readonly Edit[]): Scenario {
  return {
    name,
    group: 'healthy',
    world: worldWith(...edits),
    targets: [CENTRAL.host],
    expect: { verdict: 'healthy', causes: [] },
  };
}

/** Takes the routes of a table away that lead to the other VPC. */
function withoutRoutes(tableId: string): Edit {
  return (world) => {
    const table = find(world, 'routeTables', tableId);
    table.Routes = table.Routes?.filter(
      (route) => route.TransitGatewayId === undefined && route.VpcPeeringConnectionId === undefined,
    );
  };
}

function attachment(id: string, edit: (found: World['api']['transitGatewayVpcAttachments'][number]) => void): Edit {
  return (world) => {
    for (const found of world.api.transitGatewayVpcAttachments)
      if (found.TransitGatewayAttachmentId === id) edit(found);
  };
}

function gatewayRoutes(
  edit: (routes: NonNullable<World['api']['transitGatewayRoutes'][number]['Routes']>) => void,
): Edit {
  return (world) => {
    for (const table of world.api.transitGatewayRoutes) edit(table.Routes ?? []);
  };
}

/** Only its zone’s half of an attachment’s subnets is left. */
const onlyZone = (index: 0 | 1) => (found: World['api']['transitGatewayVpcAttachments'][number]) => {
  found.SubnetIds = [found.SubnetIds?.[index] ?? ''];
};

const JOINED = [
  ['transit gateway', overGateway],
  ['peering', overPeering],
] as const;

const SAME_OVER_BOTH: readonly Scenario[] = JOINED.flatMap(([way, join]) => [
  fine(`a central endpoint over ${way}`, join),
  central('route-missing', `over ${way}: the client’s subnet has no route to the shared services VPC`, [
    join,
    withoutRoutes(LAB.clientRouteTable),
  ]),
  central('return-route-missing', `over ${way}: the endpoint’s subnets have no route back`, [
    join,
    withoutRoutes(CENTRAL.routeTable),
  ]),
  central('endpoint-sg-blocks-client', `over ${way}: the central endpoint’s group admits its own VPC only`, [
    join,
    inbound(CENTRAL.group, tcp(443, CENTRAL.cidr)),
  ]),
  central('client-sg-blocks-egress', `over ${way}: the client’s group lets out its own VPC only`, [
    join,
    outbound(LAB.clientGroup, tcp(443, '10.0.0.0/16')),
  ]),
  central('client-nacl-blocks-egress', `over ${way}: the client’s network ACL allows its own VPC only`, [
    join,
    aclOnly(LAB.clientAcl, 'out', { cidr: '10.0.0.0/16' }),
  ]),
  central('endpoint-nacl-blocks-ingress', `over ${way}: the endpoint’s network ACL knows its own VPC only`, [
    join,
    aclOnly(CENTRAL.acl, 'in', { cidr: CENTRAL.cidr }),
  ]),
  central('endpoint-nacl-blocks-return', `over ${way}: the endpoint’s network ACL keeps answers in`, [
    join,
    aclRules(CENTRAL.acl, { direction: 'out', cidr: '10.0.1.0/24' }),
  ]),
]);

const GATEWAY: readonly Scenario[] = [
  central(
    'sg-reference-not-honoured',
    'the central endpoint’s group names the client’s group, over a transit gateway',
    [overGateway, inbound(CENTRAL.group, fromGroup(LAB.clientGroup))],
    { reported: 'C143' },
  ),
  central('transit-path-broken', 'the client VPC’s attachment is not in the client’s zone', [
    overGateway,
    attachment(CENTRAL.clientAttachment, onlyZone(1)),
  ]),
  central('transit-path-broken', 'the attachment of the client’s VPC is being deleted', [
    overGateway,
    attachment(CENTRAL.clientAttachment, (found) => {
      found.State = 'deleting';
    }),
  ]),
  central('transit-path-broken', 'the attachment of the shared services VPC waits to be accepted', [
    overGateway,
    attachment(CENTRAL.attachment, (found) => {
      found.State = 'pendingAcceptance';
    }),
  ]),
  central('transit-path-broken', 'the client VPC’s attachment asks no route table', [
    overGateway,
    (world) => {
      for (const found of world.api.transitGatewayAttachments)
        if (found.TransitGatewayAttachmentId === CENTRAL.clientAttachment) delete found.Association;
    },
  ]),
  central('transit-path-broken', 'the transit gateway has no route to the shared services VPC', [
    overGateway,
    gatewayRoutes((routes) => void routes.splice(1, 1)),
  ]),
  central(
    'transit-path-broken',
    'the transit gateway has no route back to the client’s VPC',
    [overGateway, gatewayRoutes((routes) => void routes.splice(0, 1))],
    { besides: ['return-route-missing'] },
  ),
  central('transit-path-broken', 'the transit gateway’s route to the shared services VPC is a blackhole', [
    overGateway,
    gatewayRoutes((routes) => {
      routes.push({ DestinationCidrBlock: '10.60.0.0/17', Type: 'static', State: 'blackhole' });
    }),
  ]),
  central(
    'transit-path-broken',
    'the shared services VPC’s attachment is in one zone of two',
    [overGateway, attachment(CENTRAL.attachment, onlyZone(0))],
    { verdict: 'degraded' },
  ),
];

const PEERING: readonly Scenario[] = [
  central(
    'transit-path-broken',
    'the peering connection waits to be accepted',
    [
      overPeering,
      (world) => {
        for (const found of world.api.vpcPeeringConnections) found.Status = { Code: 'pending-acceptance' };
        for (const table of world.api.routeTables)
          for (const route of table.Routes ?? [])
            if (route.VpcPeeringConnectionId !== undefined) route.State = 'blackhole';
      },
    ],
    { besides: ['route-blackhole'] },
  ),
  central(
    'transit-path-broken',
    'the peering connection was deleted',
    [
      overPeering,
      (world) => {
        for (const found of world.api.vpcPeeringConnections) found.Status = { Code: 'deleted' };
        for (const table of world.api.routeTables)
          for (const route of table.Routes ?? [])
            if (route.VpcPeeringConnectionId !== undefined) route.State = 'blackhole';
      },
    ],
    { besides: ['route-blackhole'] },
  ),
  central(
    'endpoint-type-unsuited',
    'a gateway endpoint in the peered VPC is meant to serve this one',
    [
      overPeering,
      (world) => {
        const own = find(world, 'vpcEndpoints', LAB.s3Endpoint);
        own.VpcId = CENTRAL.vpc;
        own.RouteTableIds = [CENTRAL.routeTable];
        const table = find(world, 'routeTables', LAB.clientRouteTable);
        table.Routes = table.Routes?.filter((route) => route.GatewayId !== LAB.s3Endpoint);
      },
    ],
    { targets: [LAB.s3Host], besides: ['endpoint-missing'] },
  ),
];

const TWO: readonly Scenario[] = [
  {
    name: 'over transit gateway: no route back + the central endpoint’s group admits its own VPC only',
    group: 'several',
    world: worldWith(overGateway, withoutRoutes(CENTRAL.routeTable), inbound(CENTRAL.group, tcp(443, CENTRAL.cidr))),
    targets: [CENTRAL.host],
    expect: { verdict: 'blocked', causes: ['endpoint-sg-blocks-client', 'return-route-missing'] },
  },
  {
    name: 'over peering: no route there + no route back',
    group: 'several',
    world: worldWith(overPeering, withoutRoutes(CENTRAL.routeTable), withoutRoutes(LAB.clientRouteTable)),
    targets: [CENTRAL.host],
    expect: { verdict: 'blocked', causes: ['route-missing', 'return-route-missing'] },
  },
];

export const CENTRAL_SCENARIOS: readonly Scenario[] = [...SAME_OVER_BOTH, ...GATEWAY, ...PEERING, ...TWO];
