import {
  DescribeDhcpOptionsCommand,
  DescribeEgressOnlyInternetGatewaysCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetManagedPrefixListEntriesCommand,
  paginateDescribeVpcEndpoints,
  SearchTransitGatewayRoutesCommand,
} from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEc2Api } from '../../src/lab/ec2-api.ts';
import { LIST_OPERATIONS } from '../../src/lab/ec2-operations.ts';
import { ANY_LOOPBACK_PORT, type Listening } from '../../src/lab/listen.ts';
import { startStsApi } from '../../src/lab/sts-api.ts';
import { LAB, LAB_ACCOUNT } from '../../src/lab/world.ts';
import { type AccessSliceName, type DnsSliceName, SLICE_NAMES, SLICES, type SliceName } from '../../src/model/state.ts';
import { richWorld } from './support/rich-world.ts';

const world = richWorld();
const asked: string[] = [];
let api: Listening;
let sts: Listening;
let client: EC2Client;
let stsClient: STSClient;

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
const settings = (server: Listening) => ({
  endpoint: `http://127.0.0.1:${server.port}`,
  region: world.region,
  credentials,
  maxAttempts: 1,
});

beforeAll(async () => {
  api = await startEc2Api(world, ANY_LOOPBACK_PORT, { pageSize: 2, asked: (action) => asked.push(action) });
  sts = await startStsApi(world, ANY_LOOPBACK_PORT, { asked: (action) => asked.push(action) });
  client = new EC2Client(settings(api));
  stsClient = new STSClient(settings(sts));
});
afterAll(async () => {
  client.destroy();
  stsClient.destroy();
  await Promise.all([api.stop(), sts.stop()]);
});

type Page = { NextToken?: string | undefined };
type Call = (NextToken: string | undefined) => Promise<Page>;
/** Slices that one list call reads whole; the others are asked for resource by resource. */
type Listed = Exclude<
  SliceName,
  'vpcAttributes' | 'prefixListEntries' | 'transitGatewayRoutes' | DnsSliceName | AccessSliceName
>;

const CALLS: Record<Listed, Call> = {
  vpcEndpoints: (NextToken) => client.send(new DescribeVpcEndpointsCommand({ NextToken })),
  networkInterfaces: (NextToken) => client.send(new DescribeNetworkInterfacesCommand({ NextToken })),
  securityGroups: (NextToken) => client.send(new DescribeSecurityGroupsCommand({ NextToken })),
  networkAcls: (NextToken) => client.send(new DescribeNetworkAclsCommand({ NextToken })),
  routeTables: (NextToken) => client.send(new DescribeRouteTablesCommand({ NextToken })),
  subnets: (NextToken) => client.send(new DescribeSubnetsCommand({ NextToken })),
  vpcs: (NextToken) => client.send(new DescribeVpcsCommand({ NextToken })),
  dhcpOptions: (NextToken) => client.send(new DescribeDhcpOptionsCommand({ NextToken })),
  prefixLists: (NextToken) => client.send(new DescribePrefixListsCommand({ NextToken })),
  natGateways: (NextToken) => client.send(new DescribeNatGatewaysCommand({ NextToken })),
  internetGateways: (NextToken) => client.send(new DescribeInternetGatewaysCommand({ NextToken })),
  egressOnlyInternetGateways: (NextToken) => client.send(new DescribeEgressOnlyInternetGatewaysCommand({ NextToken })),
  vpcPeeringConnections: (NextToken) => client.send(new DescribeVpcPeeringConnectionsCommand({ NextToken })),
  transitGatewayVpcAttachments: (NextToken) =>
    client.send(new DescribeTransitGatewayVpcAttachmentsCommand({ NextToken })),
  transitGatewayAttachments: (NextToken) => client.send(new DescribeTransitGatewayAttachmentsCommand({ NextToken })),
  endpointServices: (NextToken) => client.send(new DescribeVpcEndpointServicesCommand({ NextToken })),
  instances: async (NextToken) => {
    const { Reservations = [], ...page } = await client.send(new DescribeInstancesCommand({ NextToken }));
    return { ...page, Instances: Reservations.flatMap((reservation) => reservation.Instances ?? []) };
  },
};

/** Every page of a call, its elements joined and turned into what the AWS CLI would print. */
async function drain(call: Call, key: string): Promise<{ elements: unknown[]; pages: number }> {
  const elements: unknown[] = [];
  let token: string | undefined;
  for (let pages = 1; pages <= 50; pages += 1) {
    const page = await call(token);
    elements.push(...((page as Record<string, unknown>)[key] as unknown[]));
    token = page.NextToken;
    if (token === undefined) return { elements: JSON.parse(JSON.stringify(elements)), pages };
  }
  throw new Error('the pages do not end');
}

/** The error's name, and the HTTP status where there was an answer. */
async function failureOf(call: Promise<unknown>): Promise<{ name: string; code?: unknown; status?: unknown }> {
  try {
    await call;
  } catch (error) {
    const { name, code, $metadata } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } };
    return { name, code, status: $metadata?.httpStatusCode };
  }
  throw new Error('the call did not fail');
}

describe('what the SDK reads is what the world says', () => {
  test.each(Object.keys(CALLS) as Listed[])('%s', async (slice) => {
    const expected: readonly unknown[] = world.api[slice];
    expect(expected.length).toBeGreaterThan(0);
    const { elements, pages } = await drain(CALLS[slice], SLICES[slice].documentKey);
    expect(elements).toEqual(expected);
    expect(pages).toBe(Math.ceil(expected.length / 2));
  });

  test('every slice has a call here', () => {
    expect(Object.keys(CALLS).toSorted()).toEqual(
      SLICE_NAMES.filter((name) => SLICES[name].action.startsWith('ec2:'))
        .filter((name) => !['vpcAttributes', 'prefixListEntries', 'transitGatewayRoutes'].includes(name))
        .toSorted(),
    );
  });

  test('VPC attributes, one per call', async () => {
    const support = await client.send(
      new DescribeVpcAttributeCommand({ VpcId: LAB.vpc, Attribute: 'enableDnsSupport' }),
    );
    expect(support).toMatchObject({ VpcId: LAB.vpc, EnableDnsSupport: { Value: true } });
    expect(support.EnableDnsHostnames).toBeUndefined();
    const hostnames = await client.send(
      new DescribeVpcAttributeCommand({ VpcId: LAB.vpc, Attribute: 'enableDnsHostnames' }),
    );
    expect(hostnames).toMatchObject({ VpcId: LAB.vpc, EnableDnsHostnames: { Value: true } });
    expect(hostnames.EnableDnsSupport).toBeUndefined();
  });

  test("a customer's prefix list, in pages", async () => {
    const { elements, pages } = await drain(
      (NextToken) => client.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: 'pl-0000000a', NextToken })),
      'Entries',
    );
    expect(elements).toEqual(world.api.prefixListEntries[0]?.Entries);
    expect(pages).toBe(6);
  });

  test('the routes of a transit gateway route table, in pages, with a filter', async () => {
    const search = (Values: string[]) =>
      drain(
        (NextToken) =>
          client.send(
            new SearchTransitGatewayRoutesCommand({
              TransitGatewayRouteTableId: 'tgw-rtb-00000001',
              Filters: [{ Name: 'state', Values }],
              NextToken,
            }),
          ),
        'Routes',
      );
    const routes = world.api.transitGatewayRoutes[0]?.Routes ?? [];
    expect(await search(['active', 'blackhole'])).toEqual({ elements: routes, pages: 2 });
    expect((await search(['blackhole'])).elements).toEqual(routes.filter((route) => route.State === 'blackhole'));
  });

  test("an AWS service's prefix list, by the same call", async () => {
    const { elements } = await drain(
      (NextToken) => client.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: LAB.s3PrefixList, NextToken })),
      'Entries',
    );
    expect(elements).toEqual(world.api.prefixLists[0]?.Cidrs?.map((Cidr) => ({ Cidr })));
  });

  test('managed prefix lists are told apart by their owner', async () => {
    const { elements } = await drain(
      (NextToken) => client.send(new DescribeManagedPrefixListsCommand({ NextToken })),
      'PrefixLists',
    );
    expect(elements).toMatchObject([
      { PrefixListId: LAB.s3PrefixList, OwnerId: 'AWS', AddressFamily: 'IPv4' },
      { PrefixListId: 'pl-0000000a', AddressFamily: 'IPv4' },
    ]);
    expect((elements[1] as { OwnerId?: string }).OwnerId).not.toBe('AWS');
  });

  test('endpoint services come with their names', async () => {
    const { ServiceNames } = await client.send(new DescribeVpcEndpointServicesCommand({}));
    expect(ServiceNames).toEqual(world.api.endpointServices.map((service) => service.ServiceName));
  });

  test('a field that the SDK does not know is an error of the lab, not left out', async () => {
    const [vpc] = world.api.vpcs;
    Object.assign(vpc ?? {}, { Colour: 'blue' });
    try {
      expect(await failureOf(client.send(new DescribeVpcsCommand({})))).toMatchObject({
        name: 'InternalError',
        status: 500,
      });
    } finally {
      delete (vpc as { Colour?: string }).Colour;
    }
  });
});

describe('filters', () => {
  const ids = async (call: Promise<object>, list: string, field: string): Promise<unknown[]> => {
    const found = (await call) as Record<string, Record<string, unknown>[]>;
    return (found[list] ?? []).map((element) => element[field]);
  };
  const filter = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }], MaxResults: 100 });

  test.each<[string, string[], string[]]>([
    ['addresses.private-ip-address', ['10.0.1.25'], ['eni-c0000002']],
    ['private-ip-address', [LAB.secretsAddressA, LAB.secretsAddressB], [LAB.secretsInterfaceA, LAB.secretsInterfaceB]],
    ['ipv6-addresses.ipv6-address', ['2001:db8:1234:1::23'], [LAB.clientInterface]],
    ['attachment.instance-id', [LAB.instance], [LAB.clientInterface, 'eni-c0000002']],
    ['attachment.device-index', ['1'], ['eni-c0000002']],
    ['group-id', [LAB.endpointGroup], [LAB.secretsInterfaceA, LAB.secretsInterfaceB]],
    ['requester-managed', ['true'], [LAB.secretsInterfaceA, LAB.secretsInterfaceB]],
    ['description', [`*${LAB.secretsEndpoint}`], [LAB.secretsInterfaceA, LAB.secretsInterfaceB]],
    ['mac-address', ['0a:c0:00:00:00:0?'], [LAB.clientInterface, 'eni-c0000002']],
    ['private-ip-address', ['10.0.1.2'], []],
    ['vpc-id', ['vpc-20000002'], []],
  ])('network interfaces by %s %j', async (name, values, expected) => {
    const call = client.send(new DescribeNetworkInterfacesCommand(filter(name, ...values)));
    expect(await ids(call, 'NetworkInterfaces', 'NetworkInterfaceId')).toEqual(expected);
  });

  test('several filters must all match', async () => {
    const call = client.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [
          { Name: 'vpc-id', Values: [LAB.vpc] },
          { Name: 'subnet-id', Values: [LAB.endpointSubnetB] },
        ],
      }),
    );
    expect(await ids(call, 'NetworkInterfaces', 'NetworkInterfaceId')).toEqual([LAB.secretsInterfaceB]);
  });

  test.each<[string, () => Promise<object>, string, string, string[]]>([
    [
      'internet gateways by attachment',
      () => client.send(new DescribeInternetGatewaysCommand(filter('attachment.vpc-id', LAB.vpc))),
      'InternetGateways',
      'InternetGatewayId',
      [LAB.internetGateway],
    ],
    [
      'peering connections by requester',
      () => client.send(new DescribeVpcPeeringConnectionsCommand(filter('requester-vpc-info.vpc-id', LAB.vpc))),
      'VpcPeeringConnections',
      'VpcPeeringConnectionId',
      ['pcx-00000001', 'pcx-00000002'],
    ],
    [
      'peering connections by accepter',
      () => client.send(new DescribeVpcPeeringConnectionsCommand(filter('accepter-vpc-info.vpc-id', LAB.vpc))),
      'VpcPeeringConnections',
      'VpcPeeringConnectionId',
      [],
    ],
    [
      'peering connections by status',
      () => client.send(new DescribeVpcPeeringConnectionsCommand(filter('status-code', 'active'))),
      'VpcPeeringConnections',
      'VpcPeeringConnectionId',
      ['pcx-00000001'],
    ],
    [
      'route tables by association',
      () => client.send(new DescribeRouteTablesCommand(filter('association.subnet-id', LAB.endpointSubnetB))),
      'RouteTables',
      'RouteTableId',
      [LAB.endpointRouteTable],
    ],
    [
      'the main route table',
      () => client.send(new DescribeRouteTablesCommand(filter('association.main', 'true'))),
      'RouteTables',
      'RouteTableId',
      [LAB.endpointRouteTable],
    ],
    [
      'the default network ACL',
      () => client.send(new DescribeNetworkAclsCommand(filter('default', 'true'))),
      'NetworkAcls',
      'NetworkAclId',
      [LAB.publicAcl],
    ],
    [
      'endpoints by state, with the spelling of the wire',
      () => client.send(new DescribeVpcEndpointsCommand(filter('vpc-endpoint-state', 'available'))),
      'VpcEndpoints',
      'VpcEndpointId',
      [LAB.secretsEndpoint, LAB.s3Endpoint],
    ],
    [
      'endpoints by service name',
      () => client.send(new DescribeVpcEndpointsCommand(filter('service-name', '*.s3'))),
      'VpcEndpoints',
      'VpcEndpointId',
      [LAB.s3Endpoint],
    ],
    [
      'endpoint services by type',
      () => client.send(new DescribeVpcEndpointServicesCommand(filter('service-type', 'Gateway'))),
      'ServiceDetails',
      'ServiceName',
      ['com.amazonaws.eu-west-1.s3'],
    ],
    [
      'NAT gateways, whose parameter has no plural',
      () => client.send(new DescribeNatGatewaysCommand({ Filter: [{ Name: 'vpc-id', Values: ['vpc-20000002'] }] })),
      'NatGateways',
      'NatGatewayId',
      [],
    ],
    [
      'instances by address',
      () =>
        client.send(
          new DescribeInstancesCommand(filter('network-interface.addresses.private-ip-address', LAB.clientAddress)),
        ),
      'Reservations',
      'ReservationId',
      ['r-00000001'],
    ],
  ])('%s', async (_what, call, list, field, expected) => {
    expect(await ids(call(), list, field)).toEqual(expected);
  });

  test('a filter that the call does not have is refused', async () => {
    const calls = [
      client.send(new DescribeVpcEndpointsCommand(filter('state', 'available'))),
      client.send(new DescribeEgressOnlyInternetGatewaysCommand(filter('attachment.vpc-id', LAB.vpc))),
    ];
    for (const call of calls)
      expect(await failureOf(call)).toMatchObject({ name: 'InvalidParameterValue', status: 400 });
  });
});

describe('pages', () => {
  test("the SDK's own paginator", async () => {
    const found: unknown[] = [];
    for await (const page of paginateDescribeVpcEndpoints({ client, pageSize: 1 }, {})) {
      found.push(...(page.VpcEndpoints ?? []).map((endpoint) => endpoint.VpcEndpointId));
      expect(page.VpcEndpoints).toHaveLength(1);
    }
    expect(found).toEqual(world.api.vpcEndpoints.map((endpoint) => endpoint.VpcEndpointId));
  });

  test('MaxResults goes before the default, and filters before both', async () => {
    const page = await client.send(
      new DescribeNetworkInterfacesCommand({ MaxResults: 5, Filters: [{ Name: 'vpc-id', Values: [LAB.vpc] }] }),
    );
    expect(page.NetworkInterfaces).toHaveLength(4);
    expect(page.NextToken).toBeUndefined();
  });

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'below the smallest page',
      () => client.send(new DescribeRouteTablesCommand({ MaxResults: 4 })),
      'InvalidParameterValue',
    ],
    [
      'above the largest page',
      () => client.send(new DescribeRouteTablesCommand({ MaxResults: 101 })),
      'InvalidParameterValue',
    ],
    [
      'ids together with pages',
      () =>
        client.send(
          new DescribeNetworkInterfacesCommand({ MaxResults: 5, NetworkInterfaceIds: [LAB.clientInterface] }),
        ),
      'InvalidParameterCombination',
    ],
    ['a token of nobody', () => client.send(new DescribeVpcsCommand({ NextToken: 'abc' })), 'InvalidNextToken'],
  ])('%s is refused', async (_what, call, name) => {
    expect(await failureOf(call())).toMatchObject({ name, status: 400 });
  });
});

describe('resources by id', () => {
  test('only those that were named', async () => {
    const { SecurityGroups } = await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [LAB.endpointGroup] }));
    expect(SecurityGroups?.map((group) => group.GroupId)).toEqual([LAB.endpointGroup]);
    const { TransitGatewayVpcAttachments } = await client.send(
      new DescribeTransitGatewayVpcAttachmentsCommand({ TransitGatewayAttachmentIds: ['tgw-attach-00000001'] }),
    );
    expect(TransitGatewayVpcAttachments).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'InvalidVpcEndpointId.NotFound',
      () => client.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: ['vpce-0'] })),
    ],
    ['InvalidServiceName', () => client.send(new DescribeVpcEndpointServicesCommand({ ServiceNames: ['com.x'] }))],
    ['InvalidGroup.NotFound', () => client.send(new DescribeSecurityGroupsCommand({ GroupIds: ['sg-0'] }))],
    [
      'InvalidSubnetID.NotFound',
      () => client.send(new DescribeSubnetsCommand({ SubnetIds: [LAB.clientSubnet, 'subnet-0'] })),
    ],
    [
      'InvalidVpcID.NotFound',
      () => client.send(new DescribeVpcAttributeCommand({ VpcId: 'vpc-0', Attribute: 'enableDnsSupport' })),
    ],
    [
      'InvalidPrefixListID.NotFound',
      () => client.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: 'pl-0' })),
    ],
  ])('%s', async (name, call) => {
    expect(await failureOf(call())).toMatchObject({ name, status: 400 });
  });
});

describe('refusals', () => {
  test.each<['denied' | 'throttled', string, number]>([
    ['denied', 'UnauthorizedOperation', 403],
    ['throttled', 'RequestLimitExceeded', 503],
  ])('%s', async (refusal, name, status) => {
    world.refusals['ec2:DescribeVpcs'] = refusal;
    try {
      expect(await failureOf(client.send(new DescribeVpcsCommand({})))).toMatchObject({ name, status });
      expect((await client.send(new DescribeSubnetsCommand({}))).Subnets).toHaveLength(2);
    } finally {
      delete world.refusals['ec2:DescribeVpcs'];
    }
  });

  test('unreachable ends the connection without an answer', async () => {
    world.refusals['ec2:DescribeVpcs'] = 'unreachable';
    try {
      const failure = await failureOf(client.send(new DescribeVpcsCommand({})));
      expect(failure).toMatchObject({ code: 'ECONNRESET', status: undefined });
    } finally {
      delete world.refusals['ec2:DescribeVpcs'];
    }
  });

  test('an action or a parameter that does not exist', async () => {
    const post = async (body: string) => {
      const response = await fetch(`http://127.0.0.1:${api.port}/`, { method: 'POST', body });
      return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(await response.text())?.[1] };
    };
    expect(await post('Action=DeleteVpc&Version=2016-11-15')).toEqual({ status: 400, code: 'InvalidAction' });
    expect(await post('Action=DescribeVpcs&Version=2016-11-15&VpcIds.1=x')).toEqual({
      status: 400,
      code: 'UnknownParameter',
    });
  });
});

describe('STS', () => {
  test('says who calls', async () => {
    const identity = await stsClient.send(new GetCallerIdentityCommand({}));
    expect(identity.Account).toBe(LAB_ACCOUNT);
    expect(identity.Arn).toBe(`arn:aws:sts::${LAB_ACCOUNT}:assumed-role/vpce-doctor-lab/${LAB.instance}`);
    expect(identity.UserId).toMatch(new RegExp(`:${LAB.instance}$`));
  });

  test.each<['denied' | 'throttled', string, number]>([
    ['denied', 'AccessDenied', 403],
    ['throttled', 'Throttling', 400],
  ])('%s', async (refusal, name, status) => {
    world.refusals['sts:GetCallerIdentity'] = refusal;
    try {
      expect(await failureOf(stsClient.send(new GetCallerIdentityCommand({})))).toMatchObject({ name, status });
    } finally {
      delete world.refusals['sts:GetCallerIdentity'];
    }
  });
});

test('the lab hears every action, and knows no action that writes', () => {
  expect(new Set(asked)).toContain('ec2:DescribeVpcEndpoints');
  expect(new Set(asked)).toContain('sts:GetCallerIdentity');
  expect(Object.keys(LIST_OPERATIONS).filter((action) => !/^(Describe|Get)/.test(action))).toEqual([]);
});
