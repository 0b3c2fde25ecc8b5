/** Who else a fix reaches, and who would lose what: computed on the model for the other clients of the VPC. */
import { describe, expect, it } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addNatGateway, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { BlastRadius } from '../../src/model/report.ts';
import type { SliceName, State } from '../../src/model/state.ts';
import { dns, modelCase } from './support.ts';

const SUBNET = 'subnet-c0000002';
const INTERFACE = 'eni-c0000002';
const ADDRESS = '10.0.4.9';

/** The healthy world with a NAT gateway and another subnet with another client, which has a group of its own. */
function worldWithNeighbour(): World {
  const world = healthyWorld();
  addNatGateway(world);
  const { api } = world;
  api.subnets.push({ ...find(world, 'subnets', LAB.clientSubnet), SubnetId: SUBNET, CidrBlock: '10.0.4.0/24' });
  for (const table of api.routeTables)
    if (table.RouteTableId === LAB.clientRouteTable) table.Associations?.push({ SubnetId: SUBNET, Main: false });
  find(world, 'networkAcls', LAB.clientAcl).Associations?.push({ SubnetId: SUBNET });
  const own = find(world, 'networkInterfaces', LAB.clientInterface);
  api.networkInterfaces.push({
    ...own,
    NetworkInterfaceId: INTERFACE,
    SubnetId: SUBNET,
    PrivateIpAddress: ADDRESS,
    PrivateIpAddresses: [{ PrivateIpAddress: ADDRESS, Primary: true }],
    Groups: [{ GroupId: 'sg-c0000002' }],
  });
  api.securityGroups.push({
    ...find(world, 'securityGroups', LAB.clientGroup),
    GroupId: 'sg-c0000002',
    GroupName: 'neighbour',
  });
  return world;
}

function radiusOf(
  world: World,
  code: string,
  more: { targets?: readonly string[]; refused?: readonly SliceName[] } = {},
): BlastRadius | undefined {
  const subject = modelCase(world, more.targets);
  const refused = (more.refused ?? []).map((name) => [name, { known: false, why: 'denied' }] as const);
  const state = { ...subject.state, ...Object.fromEntries(refused) } as State;
  const cause = diagnose({ ...subject, state }).causes.find((one) => one.code === code);
  expect(cause, `${code} is found`).toBeDefined();
  return cause?.fix.blastRadius;
}

function withPrivateDnsOff(): World {
  const world = worldWithNeighbour();
  checkOf('private-dns-disabled')?.demonstration.inject(world);
  return world;
}

describe('private DNS switched on', () => {
  it('takes the name from a neighbour that the endpoint does not admit', () => {
    const radius = radiusOf(withPrivateDnsOff(), 'private-dns-disabled');
    expect(radius?.breaks).toEqual([
      {
        subnetId: SUBNET,
        networkInterfaceId: INTERFACE,
        address: ADDRESS,
        target: LAB.secretsHost,
        because: `${LAB.endpointGroup} does not admit it`,
      },
    ]);
    expect(radius?.summary).toContain(`1 subnet (${SUBNET}) would lose ${LAB.secretsHost}`);
    expect(radius?.subnets).toContain(SUBNET);
  });

  it('takes nothing from one that it admits', () => {
    const world = withPrivateDnsOff();
    find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/16' }] },
    ];
    const radius = radiusOf(world, 'private-dns-disabled');
    expect(radius).toMatchObject({ breaks: [], unknown: [] });
    expect(radius?.summary).toContain('nobody else loses');
  });

  it('takes nothing from one that has no way to the service today either', () => {
    const world = withPrivateDnsOff();
    for (const table of world.api.routeTables)
      table.Routes = table.Routes?.filter((route) => route.DestinationCidrBlock !== '0.0.0.0/0');
    expect(radiusOf(world, 'private-dns-disabled')?.breaks).toEqual([]);
  });

  it('where interfaces could not be listed, an address stands for its subnet', () => {
    const world = withPrivateDnsOff();
    find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.1.0/24' }] },
    ];
    world.api.networkInterfaces = world.api.networkInterfaces.filter((one) => one.NetworkInterfaceId !== INTERFACE);
    const radius = radiusOf(world, 'private-dns-disabled');
    expect(radius?.breaks.map((loss) => [loss.subnetId, loss.networkInterfaceId])).toContainEqual([SUBNET, undefined]);
  });

  it('whom it reaches is not known where the subnets could not be read', () => {
    const radius = radiusOf(withPrivateDnsOff(), 'private-dns-disabled', { refused: ['subnets'] });
    expect(radius?.subnets).toEqual([]);
    expect(radius?.summary).toContain('ec2:DescribeSubnets');
    expect(radius?.summary).not.toContain('nobody');
  });
});

describe('an endpoint that is made with private DNS', () => {
  it('takes the name from those whom its new group does not admit', () => {
    const world = worldWithNeighbour();
    world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Interface');
    const radius = radiusOf(world, 'public-path-used');
    expect(radius?.breaks.map((loss) => loss.networkInterfaceId)).toEqual([INTERFACE]);
  });
});

describe('DNS attributes of the VPC', () => {
  it('wake up the names of endpoints that nobody asked for', () => {
    const world = worldWithNeighbour();
    checkOf('vpc-dns-hostnames-disabled')?.demonstration.inject(world);
    const radius = radiusOf(world, 'vpc-dns-hostnames-disabled');
    expect(radius?.breaks.map((loss) => loss.networkInterfaceId)).toEqual([INTERFACE]);
    expect(radius?.summary).toContain(LAB.vpc);
  });
});

describe('DHCP options', () => {
  it('reach the whole VPC; what a foreign resolver answers there nobody knows', () => {
    const world = worldWithNeighbour();
    checkOf('resolver-not-vpc')?.demonstration.inject(world);
    const subject = modelCase(world);
    const answer = (server: string, address: string) => ({
      ...dns(LAB.secretsHost, 'answered', address),
      id: `dns ${LAB.secretsHost} A @${server}`,
      subject: { ...dns(LAB.secretsHost, 'answered').subject, server },
    });
    const observed = {
      ...subject,
      probed: true,
      observations: [answer('10.0.0.53', LAB.publicSecretsAddress), answer(LAB.resolver, LAB.secretsAddressA)],
    };
    const cause = diagnose(observed).causes.find((one) => one.code === 'resolver-not-vpc');
    expect(cause?.fix.commands.join()).toContain('associate-dhcp-options');
    expect(cause?.fix.blastRadius?.summary).toContain(LAB.vpc);
    expect(cause?.fix.blastRadius?.subnets).toContain(SUBNET);
  });
});

describe('tables and lists that several subnets share', () => {
  it('a network ACL names the other subnets that it guards', () => {
    const world = worldWithNeighbour();
    checkOf('client-nacl-blocks-egress')?.demonstration.inject(world);
    expect(radiusOf(world, 'client-nacl-blocks-egress')).toMatchObject({ subnets: [SUBNET], breaks: [] });
  });

  it('a route table that another subnet uses: what the route carried for it is lost', () => {
    const world = worldWithNeighbour();
    checkOf('route-blackhole')?.demonstration.inject(world);
    const radius = radiusOf(world, 'route-blackhole');
    expect(radius?.subnets).toEqual([SUBNET]);
    expect(radius?.summary).toContain(LAB.clientRouteTable);
  });

  it('nobody is named where nobody shares it', () => {
    const world = healthyWorld();
    checkOf('client-nacl-blocks-egress')?.demonstration.inject(world);
    expect(radiusOf(world, 'client-nacl-blocks-egress')).toBeUndefined();
  });
});

describe('a rule more in a security group', () => {
  it('takes nothing from anybody', () => {
    const world = worldWithNeighbour();
    checkOf('endpoint-sg-blocks-client')?.demonstration.inject(world);
    expect(radiusOf(world, 'endpoint-sg-blocks-client')).toBeUndefined();
  });
});

describe('a VPC of thousands of interfaces', () => {
  it('is looked at as far as time allows, and says what was not', () => {
    const world = withPrivateDnsOff();
    const [model] = world.api.networkInterfaces.filter((one) => one.NetworkInterfaceId === INTERFACE);
    for (let i = 0; i < 3_000; i++) {
      const PrivateIpAddress = `10.0.${8 + (i >> 8)}.${i & 255}`;
      world.api.networkInterfaces.push({
        ...model,
        NetworkInterfaceId: `eni-f${String(i).padStart(7, '0')}`,
        SubnetId: 'subnet-f0000001',
        PrivateIpAddress,
        PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
      });
    }
    const radius = radiusOf(world, 'private-dns-disabled');
    expect(radius?.breaks.length).toBeLessThanOrEqual(300);
    expect(radius?.breaks.map((loss) => loss.subnetId)).toContain(SUBNET);
  });
});
