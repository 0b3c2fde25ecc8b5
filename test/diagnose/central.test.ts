/** A central endpoint in a shared services VPC, reached over a transit gateway or a peering connection, by real packets. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { addRoute, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { runInLab } from '../checks/lab-run.ts';
import { modelCase } from './support.ts';

function central(joinedBy: 'transit-gateway' | 'peering', edit: (world: World) => void = () => {}): World {
  const world = healthyWorld();
  addCentralEndpoint(world, joinedBy);
  edit(world);
  return world;
}

describe('a healthy connection', () => {
  it.each(['transit-gateway', 'peering'] as const)('by %s is open, there and back', async (joinedBy) => {
    for (const target of [CENTRAL.host, CENTRAL.endpointHost, CENTRAL.endpoint, CENTRAL.addressA]) {
      const { report } = await runInLab(central(joinedBy), [target]);
      expect(report.causes).toEqual([]);
      expect(report.verdict).toBe('healthy');
    }
    const { report } = await runInLab(central(joinedBy), []);
    expect([report.verdict, report.causes]).toEqual(['healthy', []]);
  });
});

const onTable = (
  world: World,
  id: string,
  edit: (routes: NonNullable<World['api']['routeTables'][number]['Routes']>) => void,
) => {
  for (const table of world.api.routeTables) if (table.RouteTableId === id) edit(table.Routes ?? []);
};
const pending = (world: World) => {
  for (const peering of world.api.vpcPeeringConnections) peering.Status = { Code: 'pending-acceptance' };
  // Routes into a peering connection that waits are blackholes.
  for (const table of world.api.routeTables)
    for (const route of table.Routes ?? []) if (route.VpcPeeringConnectionId !== undefined) route.State = 'blackhole';
};
const gatewayRoutes = (world: World, keep: (cidr: string | undefined) => boolean) => {
  for (const table of world.api.transitGatewayRoutes)
    table.Routes = table.Routes?.filter((route) => keep(route.DestinationCidrBlock));
};
const remove = (world: World, id: string, cidr: string) => {
  for (const table of world.api.routeTables)
    if (table.RouteTableId === id) table.Routes = table.Routes?.filter((route) => route.DestinationCidrBlock !== cidr);
};

type Fault = {
  readonly words: string;
  readonly joinedBy: 'transit-gateway' | 'peering';
  readonly edit: (world: World) => void;
  readonly code: string;
  readonly command: string;
};

const FAULTS: readonly Fault[] = [
  {
    words: 'a peering connection that waits to be accepted',
    joinedBy: 'peering',
    edit: pending,
    code: 'transit-path-broken',
    command: `aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id ${CENTRAL.peering}`,
  },
  {
    words: 'no route to the peering connection',
    joinedBy: 'peering',
    edit: (world) => remove(world, LAB.clientRouteTable, CENTRAL.cidr),
    code: 'route-missing',
    command: `aws ec2 create-route --route-table-id ${LAB.clientRouteTable} --destination-cidr-block ${CENTRAL.cidr} --vpc-peering-connection-id ${CENTRAL.peering}`,
  },
  {
    words: 'a default route to an internet gateway in place of a route to the transit gateway',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      remove(world, LAB.clientRouteTable, CENTRAL.cidr);
      addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
    },
    code: 'route-missing',
    command: `aws ec2 create-route --route-table-id ${LAB.clientRouteTable} --destination-cidr-block ${CENTRAL.cidr} --transit-gateway-id ${CENTRAL.transitGateway}`,
  },
  {
    words: 'a route of its own that leads to the internet',
    joinedBy: 'transit-gateway',
    edit: (world) =>
      onTable(world, LAB.clientRouteTable, (routes) => {
        for (const route of routes)
          if (route.TransitGatewayId !== undefined) {
            delete route.TransitGatewayId;
            route.GatewayId = LAB.internetGateway;
          }
      }),
    code: 'route-missing',
    command: `aws ec2 replace-route --route-table-id ${LAB.clientRouteTable} --destination-cidr-block ${CENTRAL.cidr} --transit-gateway-id ${CENTRAL.transitGateway}`,
  },
  {
    words: 'no way home over the peering connection',
    joinedBy: 'peering',
    edit: (world) => remove(world, CENTRAL.routeTable, '10.0.0.0/16'),
    code: 'return-route-missing',
    command: `aws ec2 create-route --route-table-id ${CENTRAL.routeTable} --destination-cidr-block 10.0.0.0/16 --vpc-peering-connection-id ${CENTRAL.peering}`,
  },
  {
    words: 'an attachment without the client’s zone',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const one of world.api.transitGatewayVpcAttachments)
        if (one.VpcId === LAB.vpc) one.SubnetIds = [CENTRAL.clientAttachmentSubnets[1]];
    },
    code: 'transit-path-broken',
    command: `aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id ${CENTRAL.clientAttachment} --add-subnet-ids ${CENTRAL.clientAttachmentSubnets[0]}`,
  },
  {
    words: 'an attachment that waits to be accepted',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const one of world.api.transitGatewayVpcAttachments)
        if (one.VpcId === LAB.vpc) one.State = 'pendingAcceptance';
      onTable(world, LAB.clientRouteTable, (routes) => {
        for (const route of routes) if (route.TransitGatewayId !== undefined) route.State = 'blackhole';
      });
    },
    code: 'transit-path-broken',
    command: `aws ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id ${CENTRAL.clientAttachment}`,
  },
  {
    words: 'an attachment that is associated with no route table',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const one of world.api.transitGatewayAttachments) if (one.ResourceId === LAB.vpc) delete one.Association;
    },
    code: 'transit-path-broken',
    command: `aws ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id ${CENTRAL.transitGatewayRouteTable} --transit-gateway-attachment-id ${CENTRAL.clientAttachment}`,
  },
  {
    words: 'a transit gateway without a route there',
    joinedBy: 'transit-gateway',
    edit: (world) => gatewayRoutes(world, (cidr) => cidr !== CENTRAL.cidr),
    code: 'transit-path-broken',
    command: `aws ec2 create-transit-gateway-route --transit-gateway-route-table-id ${CENTRAL.transitGatewayRouteTable} --destination-cidr-block ${CENTRAL.cidr} --transit-gateway-attachment-id ${CENTRAL.attachment}`,
  },
  {
    words: 'a transit gateway without a route back',
    joinedBy: 'transit-gateway',
    edit: (world) => gatewayRoutes(world, (cidr) => cidr !== '10.0.0.0/16'),
    code: 'transit-path-broken',
    command: `aws ec2 create-transit-gateway-route --transit-gateway-route-table-id ${CENTRAL.transitGatewayRouteTable} --destination-cidr-block 10.0.0.0/16 --transit-gateway-attachment-id ${CENTRAL.clientAttachment}`,
  },
  {
    words: 'a static blackhole in the transit gateway',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const table of world.api.transitGatewayRoutes)
        table.Routes?.push({ DestinationCidrBlock: CENTRAL.cidr, Type: 'static', State: 'blackhole' });
    },
    code: 'transit-path-broken',
    command: `aws ec2 replace-transit-gateway-route --transit-gateway-route-table-id ${CENTRAL.transitGatewayRouteTable} --destination-cidr-block ${CENTRAL.cidr} --transit-gateway-attachment-id ${CENTRAL.attachment}`,
  },
  {
    words: 'an endpoint group that names the client’s group across the transit gateway',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const group of world.api.securityGroups)
        if (group.GroupId === CENTRAL.group)
          group.IpPermissions = [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: LAB.clientGroup }] },
          ];
    },
    code: 'sg-reference-not-honoured',
    command: `aws ec2 authorize-security-group-ingress --group-id ${CENTRAL.group} --protocol tcp --port 443 --cidr ${LAB.clientAddress}/32`,
  },
  {
    words: 'an endpoint group that names a deleted group of the client’s VPC',
    joinedBy: 'peering',
    edit: (world) => {
      for (const group of world.api.securityGroups)
        if (group.GroupId === CENTRAL.group)
          group.IpPermissions = [
            {
              IpProtocol: 'tcp',
              FromPort: 443,
              ToPort: 443,
              UserIdGroupPairs: [{ GroupId: 'sg-dead0001', VpcId: LAB.vpc, VpcPeeringConnectionId: CENTRAL.peering }],
            },
          ];
    },
    code: 'sg-reference-not-honoured',
    command: `aws ec2 authorize-security-group-ingress --group-id ${CENTRAL.group} --protocol tcp --port 443 --cidr ${LAB.clientAddress}/32`,
  },
  {
    words: 'a client group that lets out to the endpoint’s group only, across the transit gateway',
    joinedBy: 'transit-gateway',
    edit: (world) => {
      for (const group of world.api.securityGroups)
        if (group.GroupId === LAB.clientGroup)
          group.IpPermissionsEgress = [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: CENTRAL.group }] },
          ];
    },
    code: 'sg-reference-not-honoured',
    command: `aws ec2 authorize-security-group-egress --group-id ${LAB.clientGroup} --protocol tcp --port 443 --cidr ${CENTRAL.addressA}/32`,
  },
  {
    words: 'an endpoint group that admits another network',
    joinedBy: 'peering',
    edit: (world) => {
      for (const group of world.api.securityGroups)
        if (group.GroupId === CENTRAL.group)
          group.IpPermissions = [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.9.0.0/16' }] },
          ];
    },
    code: 'endpoint-sg-blocks-client',
    command: `aws ec2 authorize-security-group-ingress --group-id ${CENTRAL.group} --protocol tcp --port 443 --cidr ${LAB.clientAddress}/32`,
  },
];

describe.each(['the service’s name', 'the endpoint’s name'] as const)('asked by %s', (by) => {
  const target = by === 'the service’s name' ? CENTRAL.host : CENTRAL.endpointHost;
  it.each(FAULTS.map((fault) => [fault.words, fault] as const))(
    '%s is the one cause, confirmed, and its fix opens the target',
    async (_words, { joinedBy, edit, code, command }) => {
      const { report } = await runInLab(central(joinedBy, edit), [target]);
      expect(report.causes.map((cause) => [cause.code, cause.standing, cause.severity])).toEqual([
        [code, 'confirmed', 'blocking'],
      ]);
      expect(report.verdict).toBe('blocked');
      expect(report.unexplained).toEqual([]);
      expect(report.causes[0]?.fix.commands[0]).toBe(command);
      expect(report.causes[0]?.fix.proof).toBe('opens');
      expect(report.fixPlan).toMatchObject({ opens: [target], remaining: [] });
      const drawn = report.targets[0]?.hops.flatMap((path) => path.hops.map((hop) => hop.result));
      expect(drawn).toContain('block');
    },
  );
});

describe('a connection that nobody can see whole', () => {
  it('is undecided, with the permission named, where the transit gateway belongs to another account', async () => {
    const world = central('transit-gateway', (one) => {
      one.refusals['ec2:SearchTransitGatewayRoutes'] = 'denied';
      gatewayRoutes(one, () => false);
    });
    const { report } = await runInLab(world, [CENTRAL.endpointHost]);
    expect(report.verdict).toBe('inconclusive');
    expect(report.causes).toEqual([]);
    const undecided = report.undecided.find((one) => one.code === 'transit-path-broken');
    expect(undecided).toMatchObject({ matters: true });
    expect(undecided?.missing.map((one) => [one.action, one.why])).toContainEqual([
      'ec2:SearchTransitGatewayRoutes',
      'denied',
    ]);
  });

  it('leaves a reference across a peering connection undecided: AWS does not say whether it counts for endpoints', async () => {
    const world = central('peering', (one) => {
      for (const group of one.api.securityGroups)
        if (group.GroupId === CENTRAL.group)
          group.IpPermissions = [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: LAB.clientGroup }] },
          ];
    });
    const { report } = await runInLab(world, [CENTRAL.endpointHost]);
    expect(report.undecided.map((one) => one.code)).toContain('sg-reference-not-honoured');
    expect(report.ruledOut.map((one) => one.code)).not.toContain('endpoint-sg-blocks-client');
    // The silence points there; it is never more than likely.
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toEqual([
      ['sg-reference-not-honoured', 'likely'],
    ]);
  });
});

describe('several faults of one connection', () => {
  it('are named in one run, and only all of their fixes open the target', async () => {
    const world = central('transit-gateway', (one) => {
      gatewayRoutes(one, (cidr) => cidr !== CENTRAL.cidr);
      remove(one, CENTRAL.routeTable, '10.0.0.0/16');
      for (const attachment of one.api.transitGatewayVpcAttachments)
        if (attachment.VpcId === LAB.vpc) attachment.SubnetIds = [CENTRAL.clientAttachmentSubnets[1]];
    });
    const { report } = await runInLab(world, [CENTRAL.endpointHost]);
    expect(report.causes.map((cause) => [cause.code, cause.fix.proof])).toEqual([
      ['return-route-missing', 'necessary'],
      ['transit-path-broken', 'necessary'],
      ['transit-path-broken', 'necessary'],
    ]);
    expect(report.fixPlan).toMatchObject({ steps: [1, 2, 3], opens: [CENTRAL.endpointHost], remaining: [] });
  });

  it('in one zone of the endpoint degrade it', async () => {
    const world = central('transit-gateway', (one) => {
      for (const attachment of one.api.transitGatewayVpcAttachments)
        if (attachment.VpcId === CENTRAL.vpc) attachment.SubnetIds = [CENTRAL.attachmentSubnets[0]];
    });
    const { report } = await runInLab(world, [CENTRAL.host]);
    expect(report.verdict).toBe('degraded');
    expect(report.causes).toMatchObject([
      { code: 'transit-path-broken', severity: 'degrading', standing: 'confirmed' },
    ]);
    expect(report.causes[0]?.summary).toContain(CENTRAL.addressB);
    expect(report.causes[0]?.fix.proof).toBe('opens');
  });
});

describe('two VPCs that nothing joins', () => {
  const apart = () =>
    central('peering', (world) => {
      world.api.vpcPeeringConnections = [];
      remove(world, LAB.clientRouteTable, CENTRAL.cidr);
      remove(world, CENTRAL.routeTable, '10.0.0.0/16');
    });

  it.each([CENTRAL.host, CENTRAL.endpointHost])('are one cause, and no route is called missing: %s', async (target) => {
    const { report } = await runInLab(apart(), [target]);
    expect(report.causes.map((cause) => [cause.code, cause.standing])).toEqual([
      ['endpoint-in-other-vpc', 'confirmed'],
    ]);
    expect(report.unexplained).toEqual([]);
  });

  it('leave an address there without a route, and nothing to route to', () => {
    // A run of its own does not read VPCs that nothing joins; a state that holds them all does say whose the address is.
    const report = diagnose(modelCase(apart(), [CENTRAL.addressA]));
    expect(report.causes).toMatchObject([
      { code: 'route-missing', standing: 'modelled', fix: { proof: 'unproven', commands: [] } },
    ]);
    expect(report.causes[0]?.summary).toContain('Nothing joins the two VPCs.');
  });
});

/** What the client's account sees of a shared services VPC that another account owns: its own half, and no more. */
function ownHalf(world: World): World {
  const half = structuredClone(world);
  const api = half.api as unknown as Record<string, { VpcId?: string; ResourceId?: string }[]>;
  for (const [slice, elements] of Object.entries(api))
    api[slice] = elements.filter((one) => one.VpcId !== CENTRAL.vpc && one.ResourceId !== CENTRAL.vpc);
  for (const one of half.api.transitGatewayAttachments) one.TransitGatewayOwnerId = '999988887777';
  half.refusals['ec2:SearchTransitGatewayRoutes'] = 'denied';
  return half;
}

describe('a shared services VPC of another account', () => {
  const ask = async (joinedBy: 'transit-gateway' | 'peering', edit: (world: World) => void = () => {}) => {
    const world = central(joinedBy, edit);
    return (await runInLab(world, [CENTRAL.host], { describe: ownHalf(world) })).report;
  };

  it.each(['transit-gateway', 'peering'] as const)('that works over a %s is healthy', async (joinedBy) => {
    const report = await ask(joinedBy);
    expect([report.verdict, report.causes, report.contradicted]).toEqual(['healthy', [], []]);
  });

  it('without a route from the client’s subnet is that, though the fix cannot be shown', async () => {
    const report = await ask('transit-gateway', (world) => remove(world, LAB.clientRouteTable, CENTRAL.cidr));
    expect(report.causes).toMatchObject([
      { code: 'route-missing', standing: 'confirmed', severity: 'blocking', fix: { proof: 'unproven' } },
    ]);
    expect(report.causes[0]?.fix.commands[0]).toContain(`--transit-gateway-id ${CENTRAL.transitGateway}`);
    expect(report.unexplained).toEqual([]);
  });

  it('behind an attachment without the client’s zone is that', async () => {
    const report = await ask('transit-gateway', (world) => {
      for (const one of world.api.transitGatewayVpcAttachments)
        if (one.VpcId === LAB.vpc) one.SubnetIds = [CENTRAL.clientAttachmentSubnets[1]];
    });
    expect(report.causes).toMatchObject([{ code: 'transit-path-broken', standing: 'confirmed' }]);
    expect(report.unexplained).toEqual([]);
  });

  it('behind a peering connection that waits is that', async () => {
    const report = await ask('peering', pending);
    expect(report.causes).toMatchObject([{ code: 'transit-path-broken', standing: 'confirmed' }]);
    expect(report.causes[0]?.summary).toContain('pending-acceptance');
  });

  it('whose own half is broken is undecided: nobody here can see it', async () => {
    const report = await ask('transit-gateway', (world) => remove(world, CENTRAL.routeTable, '10.0.0.0/16'));
    expect(report.verdict).toBe('inconclusive');
    expect(report.causes).toEqual([]);
    expect(report.undecided.map((one) => one.code)).toEqual(
      expect.arrayContaining(['return-route-missing', 'transit-path-broken']),
    );
  });
});
