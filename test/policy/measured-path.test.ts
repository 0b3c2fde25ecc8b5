/** By which way packets left, as the address that answered and the description of the VPC tell it together. */
import { describe, expect, it } from 'vitest';
import { stateOfWorld } from '../../src/lab/reachability.ts';
import { addNatGateway, addRoute, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { contextOf } from '../../src/policy/context.ts';
import { intendedPath, type MeasuredPath, measuredPath, pathContext } from '../../src/policy/measured-path.ts';
import { lookUp, parsePrincipal, requestContext } from '../../src/policy/request.ts';
import { completeVantage } from '../../src/vantage/from.ts';

const NAT_ADDRESS = '203.0.113.77';

function placed(world: World, edit: Partial<Vantage> = {}) {
  const state = stateOfWorld(world);
  const own = { ...emptyVantage('ec2'), region: world.region, networkInterfaceId: LAB.clientInterface };
  return { state, vantage: { ...completeVantage({ ...own, addresses: [LAB.clientAddress] }, state), ...edit } };
}

function measured(edit: (world: World) => void, address: string, vantage: Partial<Vantage> = {}): MeasuredPath {
  const world = healthyWorld();
  edit(world);
  const place = placed(world, vantage);
  return measuredPath(place.state, place.vantage, address);
}

const nothing = () => {};

function central(world: World, routes: World['api']['routeTables'][number]['Routes']): void {
  const hub = { VpcId: 'vpc-20000002', CidrBlock: '10.20.0.0/16' };
  world.api.vpcs.push({ ...hub, CidrBlockAssociationSet: [{ ...hub, CidrBlockState: { State: 'associated' } }] });
  for (const one of world.api.networkInterfaces) {
    if (one.InterfaceType !== 'vpc_endpoint') continue;
    one.VpcId = hub.VpcId;
    one.PrivateIpAddress = one.PrivateIpAddress?.replace('10.0.', '10.20.');
    one.PrivateIpAddresses = [{ PrivateIpAddress: one.PrivateIpAddress, Primary: true }];
  }
  for (const one of world.api.vpcEndpoints) if (one.VpcEndpointType === 'Interface') one.VpcId = hub.VpcId;
  for (const route of routes ?? []) addRoute(world, LAB.clientRouteTable, route);
}

const PEERED = [{ DestinationCidrBlock: '10.20.0.0/16', VpcPeeringConnectionId: 'pcx-1' }];
const JOINED = [{ DestinationCidrBlock: '10.20.0.0/16', TransitGatewayId: 'tgw-1' }];

describe('the way to an address that answered', () => {
  const rows: readonly (readonly [string, (world: World) => void, string, Partial<MeasuredPath>])[] = [
    [
      'an interface of the VPC’s endpoint',
      nothing,
      LAB.secretsAddressA,
      {
        way: 'interface-endpoint',
        vpceId: LAB.secretsEndpoint,
        vpcId: LAB.vpc,
        sourceAddress: LAB.clientAddress,
        certain: true,
      },
    ],
    [
      'an interface whose endpoint is not listed, but described as AWS describes its own',
      (world) => {
        world.api.vpcEndpoints = [];
      },
      LAB.secretsAddressB,
      { way: 'interface-endpoint', vpceId: LAB.secretsEndpoint, vpcId: LAB.vpc, certain: true },
    ],
    [
      'a load balancer of the VPC: what it leads to is not told',
      (world) => {
        for (const one of world.api.networkInterfaces)
          if (one.PrivateIpAddress === LAB.secretsAddressA)
            Object.assign(one, { InterfaceType: 'network_load_balancer', Description: 'ELB net/front/1' });
        for (const one of world.api.vpcEndpoints) one.NetworkInterfaceIds = [];
      },
      LAB.secretsAddressA,
      { way: 'unknown', certain: false },
    ],
    [
      'a private address that no interface of this account has',
      nothing,
      '10.0.2.99',
      { way: 'unknown', certain: false },
    ],
    [
      'a central endpoint over peering has the other VPC’s ids, and sees this host’s address',
      (world) => central(world, PEERED),
      '10.20.2.14',
      {
        way: 'interface-endpoint',
        vpceId: LAB.secretsEndpoint,
        vpcId: 'vpc-20000002',
        sourceAddress: LAB.clientAddress,
      },
    ],
    [
      'behind a transit gateway something may translate the address',
      (world) => central(world, JOINED),
      '10.20.2.14',
      { way: 'interface-endpoint', vpcId: 'vpc-20000002', sourceAddress: undefined },
    ],
    ['an endpoint of a VPC to which no route leads', (world) => central(world, []), '10.20.2.14', { way: 'unknown' }],
    [
      'the same address in two other VPCs',
      (world) => {
        central(world, PEERED);
        const one = world.api.networkInterfaces.find(({ PrivateIpAddress }) => PrivateIpAddress === '10.20.2.14');
        world.api.networkInterfaces.push({ ...structuredClone(one), NetworkInterfaceId: 'eni-other', VpcId: 'vpc-3' });
      },
      '10.20.2.14',
      { way: 'unknown', certain: false },
    ],
    [
      'an address of the gateway endpoint’s list',
      nothing,
      LAB.publicS3Address,
      {
        way: 'gateway-endpoint',
        vpceId: LAB.s3Endpoint,
        vpcId: LAB.vpc,
        sourceAddress: LAB.clientAddress,
        certain: true,
      },
    ],
    [
      'an address of the list that nobody can read, although a default route seems to take it',
      (world) => {
        addNatGateway(world);
        world.api.prefixLists = [];
      },
      LAB.publicS3Address,
      { way: 'unknown', certain: false },
    ],
    [
      'a NAT gateway with one public address',
      (world) => {
        addNatGateway(world);
        for (const nat of world.api.natGateways) nat.NatGatewayAddresses = [{ PublicIp: NAT_ADDRESS }];
      },
      LAB.publicSecretsAddress,
      { way: 'nat', via: LAB.natGateway, sourceAddress: NAT_ADDRESS, certain: true },
    ],
    [
      'a NAT gateway with two: which one is seen is not told',
      (world) => {
        addNatGateway(world);
        for (const nat of world.api.natGateways)
          nat.NatGatewayAddresses = [{ PublicIp: NAT_ADDRESS }, { PublicIp: '203.0.113.78' }];
      },
      LAB.publicSecretsAddress,
      { way: 'nat', sourceAddress: undefined, certain: true },
    ],
    [
      'a NAT gateway whose own subnet has the gateway endpoint’s route: whether it takes it is not told',
      (world) => {
        addNatGateway(world);
        const table = world.api.routeTables.find((one) => one.RouteTableId === LAB.clientRouteTable);
        const gateway = table?.Routes?.find((route) => route.GatewayId === LAB.s3Endpoint);
        if (table !== undefined) table.Routes = table.Routes?.filter((route) => route !== gateway);
        if (gateway !== undefined) addRoute(world, LAB.publicRouteTable, gateway);
      },
      LAB.publicS3Address,
      { way: 'unknown', certain: false },
    ],
    [
      'a transit gateway: a central VPC may have endpoints, a NAT gateway or both',
      (world) =>
        addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', TransitGatewayId: 'tgw-1' }),
      LAB.publicSecretsAddress,
      { way: 'transit', via: 'tgw-1', certain: false },
    ],
    [
      'a firewall’s endpoint hands it on',
      (world) => {
        addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'vpce-f0000001' });
        world.api.vpcEndpoints.push({ VpcEndpointId: 'vpce-f0000001', VpcEndpointType: 'GatewayLoadBalancer' });
      },
      LAB.publicSecretsAddress,
      { way: 'unknown', certain: false },
    ],
    [
      'an address to which no route leads, and which answered all the same',
      nothing,
      LAB.publicSecretsAddress,
      { way: 'unknown' },
    ],
  ];
  it.each(rows)('%s', (_name, edit, address, expected) => {
    expect(measured(edit, address)).toMatchObject(expected);
  });

  it('is the internet gateway with the host’s own public address', () => {
    const out = (world: World) =>
      addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
    const path = measured(out, LAB.publicSecretsAddress, { publicAddresses: ['198.51.100.7'] });
    expect(path).toMatchObject({ way: 'internet-gateway', via: LAB.internetGateway, sourceAddress: '198.51.100.7' });
  });

  it('names the call that would tell it', () => {
    const { state, vantage } = placed(healthyWorld());
    const without = (name: 'networkInterfaces' | 'routeTables' | 'prefixLists', address: string) =>
      measuredPath({ ...state, [name]: { known: false, why: 'denied' } }, vantage, address).missing.map(
        (one) => one.action,
      );
    expect(without('networkInterfaces', LAB.secretsAddressA)).toEqual(['ec2:DescribeNetworkInterfaces']);
    expect(without('routeTables', LAB.publicS3Address)).toEqual(['ec2:DescribeRouteTables']);
    expect(without('prefixLists', LAB.publicS3Address)).toEqual(['ec2:DescribePrefixLists']);
  });
});

describe('the way that is meant', () => {
  const target = (host: string, service: string) => ({
    id: host,
    requested: [host],
    host,
    port: 443,
    application: 'https' as const,
    serviceId: service,
    serviceNames: [`com.amazonaws.eu-west-1.${service}`],
  });
  it('is through the endpoint, and not certain', () => {
    const { state, vantage } = placed(healthyWorld());
    expect(intendedPath(state, vantage, target(LAB.secretsHost, 'secretsmanager'))).toMatchObject({
      way: 'interface-endpoint',
      vpceId: LAB.secretsEndpoint,
      certain: false,
    });
    expect(intendedPath(state, vantage, target(LAB.s3Host, 's3'))).toMatchObject({
      way: 'gateway-endpoint',
      vpceId: LAB.s3Endpoint,
    });
    expect(intendedPath(state, vantage, target('kms.eu-west-1.amazonaws.com', 'kms'))).toMatchObject({
      way: 'unknown',
    });
  });

  it('is the gateway endpoint also where its route is missing, and not known where private DNS leads elsewhere', () => {
    const world = healthyWorld();
    for (const table of world.api.routeTables)
      table.Routes = table.Routes?.filter((route) => route.GatewayId === 'local') ?? [];
    for (const one of world.api.vpcEndpoints) if (one.VpcEndpointType === 'Interface') one.PrivateDnsEnabled = false;
    const { state, vantage } = placed(world);
    expect(intendedPath(state, vantage, target(LAB.s3Host, 's3'))).toMatchObject({
      vpceId: LAB.s3Endpoint,
      certain: false,
    });
    const other = intendedPath(state, vantage, target(LAB.secretsHost, 'secretsmanager'));
    expect(other).toMatchObject({ way: 'unknown', certain: false });
  });
});

describe('the keys of a request', () => {
  const parsed = parsePrincipal('arn:aws:sts::111122223333:assumed-role/app/i-1');
  const principal = parsed.ok ? parsed.principal : undefined;
  const request = { action: 'secretsmanager:ListSecrets', resource: '*', principal };
  const keysOf = (
    path: MeasuredPath,
    target: { region?: string; port: number } = { region: 'eu-west-1', port: 443 },
  ) => {
    const context = contextOf(pathContext(path, target, request), requestContext([]));
    return (key: string) => {
      const value = lookUp(context, key);
      if (value === undefined) return 'nobody knows';
      if (!value.known) return 'some value';
      return value.values?.join(',') ?? 'absent';
    };
  };
  const rows: readonly (readonly [string, MeasuredPath, Readonly<Record<string, string>>])[] = [
    [
      'through an interface endpoint',
      measured(nothing, LAB.secretsAddressA),
      {
        'aws:SourceVpce': LAB.secretsEndpoint,
        'aws:SourceVpc': LAB.vpc,
        'aws:VpcSourceIp': LAB.clientAddress,
        'aws:SourceIp': 'absent',
        'aws:SecureTransport': 'true',
        'aws:RequestedRegion': 'eu-west-1',
        'aws:ViaAWSService': 'false',
        'aws:PrincipalAccount': '111122223333',
        'aws:PrincipalOrgID': 'nobody knows',
      },
    ],
    [
      'through a central endpoint behind a transit gateway',
      measured((world) => central(world, JOINED), '10.20.2.14'),
      { 'aws:SourceVpc': 'vpc-20000002', 'aws:VpcSourceIp': 'some value', 'aws:SourceIp': 'absent' },
    ],
    [
      'through NAT',
      measured((world) => {
        addNatGateway(world);
        for (const nat of world.api.natGateways) nat.NatGatewayAddresses = [{ PublicIp: NAT_ADDRESS }];
      }, LAB.publicSecretsAddress),
      {
        'aws:SourceVpce': 'absent',
        'aws:SourceVpc': 'absent',
        'aws:VpcSourceIp': 'absent',
        'aws:SourceIp': NAT_ADDRESS,
        'aws:ViaAWSService': 'false',
      },
    ],
    [
      'by a way that is not known',
      measured(nothing, '10.0.2.99'),
      { 'aws:SourceVpce': 'nobody knows', 'aws:SourceVpc': 'nobody knows', 'aws:SourceIp': 'nobody knows' },
    ],
  ];
  it.each(rows)('%s', (_name, path, expected) => {
    const told = keysOf(path);
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, told(key)]))).toEqual(expected);
  });

  it('says nothing of TLS on port 80, nor of a Region that the name does not have', () => {
    const told = keysOf(measured(nothing, LAB.secretsAddressA), { port: 80 });
    expect([told('aws:SecureTransport'), told('aws:RequestedRegion')]).toEqual(['some value', 'some value']);
  });
});
