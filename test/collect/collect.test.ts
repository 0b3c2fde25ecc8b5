import { afterEach, describe, expect, it } from 'vitest';
import { actionOf, CALL_NAMES, leastPolicy } from '../../src/collect/calls.ts';
import { type CollectOptions, collectState } from '../../src/collect/collect.ts';
import { SLICE_NAMES, SLICES } from '../../src/model/state.ts';
import { type FakeAws, labHost, options, type Replies, startFakeAws, xml } from './support/fake-aws.ts';

let aws: FakeAws;
afterEach(async () => await aws.stop());

async function collect(replies: Replies, over: Partial<CollectOptions> = {}) {
  aws = await startFakeAws({ DescribeVpcAttribute: vpcAttribute, ...replies });
  return await collectState(labHost(aws.url), options(over));
}

const vpcAttribute = (form: URLSearchParams) =>
  xml({
    vpcId: form.get('VpcId'),
    [form.get('Attribute') ?? '']: { value: form.get('Attribute') === 'enableDnsSupport' },
  });

/** One resource of every kind, as the wire spells it. */
const FULL: Replies = {
  DescribeVpcEndpoints: xml({
    vpcEndpointSet: [
      {
        vpcEndpointId: 'vpce-1',
        vpcEndpointType: 'Interface',
        vpcId: 'vpc-1',
        serviceName: 'com.amazonaws.eu-west-1.sqs',
        state: 'pendingAcceptance',
        privateDnsEnabled: true,
        ownerId: '111122223333',
        creationTimestamp: '2026-01-02T03:04:05.000Z',
        unheardOf: 'x',
      },
    ],
  }),
  DescribeNetworkInterfaces: xml({
    networkInterfaceSet: [{ networkInterfaceId: 'eni-1', vpcId: 'vpc-1', privateIpAddress: '10.0.1.23' }],
  }),
  DescribeSecurityGroups: xml({
    securityGroupInfo: [
      { groupId: 'sg-1', ipPermissions: [{ ipProtocol: '-1', prefixListIds: [{ prefixListId: 'pl-own' }] }] },
    ],
  }),
  DescribeNetworkAcls: xml({ networkAclSet: [{ networkAclId: 'acl-1' }] }),
  DescribeRouteTables: xml({
    routeTableSet: [
      {
        routeTableId: 'rtb-1',
        routeSet: [
          { destinationPrefixListId: 'pl-s3', gatewayId: 'vpce-2', state: 'active' },
          { destinationPrefixListId: 'pl-named-without-cidrs', gatewayId: 'vpce-3' },
        ],
      },
    ],
  }),
  DescribeSubnets: xml({ subnetSet: [{ subnetId: 'subnet-1', ownerId: '999988887777' }] }),
  DescribeVpcs: xml({ vpcSet: [{ vpcId: 'vpc-1', cidrBlock: '10.0.0.0/16' }, { vpcId: 'vpc-2' }] }),
  DescribeVpcAttribute: vpcAttribute,
  DescribeDhcpOptions: xml({ dhcpOptionsSet: [{ dhcpOptionsId: 'dopt-1' }] }),
  DescribePrefixLists: xml({
    prefixListSet: [
      { prefixListId: 'pl-s3', prefixListName: 'com.amazonaws.eu-west-1.s3', cidrSet: ['192.0.2.0/24'] },
      { prefixListId: 'pl-named-without-cidrs', prefixListName: 'x' },
    ],
  }),
  GetManagedPrefixListEntries: (form) =>
    xml({ entrySet: [{ cidr: '198.51.100.0/24', description: form.get('PrefixListId') }] }),
  DescribeNatGateways: xml({ natGatewaySet: [{ natGatewayId: 'nat-1' }] }),
  DescribeInternetGateways: xml({ internetGatewaySet: [{ internetGatewayId: 'igw-1' }] }),
  DescribeEgressOnlyInternetGateways: xml({
    egressOnlyInternetGatewaySet: [{ egressOnlyInternetGatewayId: 'eigw-1' }],
  }),
  DescribeVpcPeeringConnections: xml({ vpcPeeringConnectionSet: [{ vpcPeeringConnectionId: 'pcx-1' }] }),
  DescribeTransitGatewayVpcAttachments: xml({
    transitGatewayVpcAttachments: [{ transitGatewayAttachmentId: 'tgw-attach-1' }],
  }),
  DescribeTransitGatewayAttachments: xml({
    transitGatewayAttachments: [
      {
        transitGatewayAttachmentId: 'tgw-attach-1',
        resourceType: 'vpc',
        resourceId: 'vpc-1',
        association: { transitGatewayRouteTableId: 'tgw-rtb-1', state: 'associated' },
      },
      // Whoever this is: it is no VPC of ours, and its table is not searched.
      { transitGatewayAttachmentId: 'tgw-attach-9', resourceType: 'vpc', resourceId: 'vpc-9' },
    ],
  }),
  SearchTransitGatewayRoutes: xml({
    routeSet: [{ destinationCidrBlock: '10.1.0.0/16', type: 'propagated', state: 'active' }],
    additionalRoutesAvailable: false,
  }),
  DescribeVpcEndpointServices: xml({
    serviceDetailSet: [
      { serviceName: 'com.amazonaws.eu-west-1.s3', serviceId: 'vpce-svc-1', serviceType: [{ serviceType: 'Gateway' }] },
      {
        serviceName: 'com.amazonaws.eu-west-1.s3',
        serviceId: 'vpce-svc-2',
        serviceType: [{ serviceType: 'Interface' }],
      },
    ],
  }),
  DescribeInstances: xml({ reservationSet: [{ instancesSet: [{ instanceId: 'i-1', vpcId: 'vpc-1' }] }] }),
  GetCallerIdentity: xml({ Account: '111122223333', Arn: 'arn:aws:iam::111122223333:role/x' }),
};

/** Route 53's are read by collect-dns.ts. */
const EC2_SLICES = SLICE_NAMES.filter((name) => SLICES[name].action.startsWith('ec2:'));

const ids = (slice: { known: boolean; value?: readonly unknown[] }, id: string) =>
  slice.known ? slice.value?.map((element) => (element as Record<string, unknown>)[id]) : slice;

describe('a full collect', () => {
  it('fills every slice from the wire, and keeps what the wire says', async () => {
    const { state, accountId, warnings } = await collect(FULL, {
      instanceId: 'i-1',
      serviceNames: ['com.amazonaws.eu-west-1.s3'],
    });
    expect(EC2_SLICES.filter((name) => !state[name].known || state[name].value.length === 0)).toEqual([]);
    expect(warnings).toEqual([]);
    expect(accountId).toBe('111122223333');
    expect(state.vpcEndpoints).toEqual({
      known: true,
      value: [
        {
          VpcEndpointId: 'vpce-1',
          VpcEndpointType: 'Interface',
          VpcId: 'vpc-1',
          ServiceName: 'com.amazonaws.eu-west-1.sqs',
          State: 'pendingAcceptance',
          PrivateDnsEnabled: true,
          OwnerId: '111122223333',
          CreationTimestamp: '2026-01-02T03:04:05.000Z',
        },
      ],
    });
    // A subnet that another account shares with us is told by its owner.
    expect(state.subnets).toEqual({ known: true, value: [{ SubnetId: 'subnet-1', OwnerId: '999988887777' }] });
    expect(state.vpcAttributes).toEqual({
      known: true,
      value: [{ VpcId: 'vpc-1', EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: false } }],
    });
    // S3 is listed twice under one name: neither entry may swallow the other.
    expect(ids(state.endpointServices, 'ServiceId')).toEqual(['vpce-svc-1', 'vpce-svc-2']);
    // Only lists that are mentioned and not spelled out already.
    expect(ids(state.prefixListEntries, 'PrefixListId')).toEqual(['pl-named-without-cidrs', 'pl-own']);
  });

  it('makes exactly the calls that the policy allows, and those that need no permission', async () => {
    const { coverage } = await collect(FULL, { instanceId: 'i-1', serviceNames: ['x'] });
    const allowed = leastPolicy()
      .Statement.flatMap((statement) => statement.Action)
      .filter((action) => action.startsWith('ec2:'));
    const free = ['sts:GetCallerIdentity'];
    const asked = aws.actions().map((name) => (name === 'GetCallerIdentity' ? `sts:${name}` : `ec2:${name}`));
    expect(asked.toSorted()).toEqual([...allowed, ...free].toSorted());
    expect(coverage.map((entry) => entry.what)).toEqual(
      CALL_NAMES.map(actionOf).filter((action) => /^(?:ec2|sts):/.test(action)),
    );
    expect(coverage.every((entry) => entry.outcome === 'made')).toBe(true);
  });

  it('tells each action before it is asked', async () => {
    const told: string[] = [];
    await collect(FULL, { onCall: (action) => told.push(action) });
    expect(told).toHaveLength(aws.asked.length);
    expect(told).toContain('ec2:DescribeVpcAttribute');
  });

  it('asks neither for instances nor for services that nobody named', async () => {
    const { state } = await collect(FULL);
    expect(state.instances).toEqual({ known: false, why: 'not-asked' });
    expect(state.endpointServices).toEqual({ known: true, value: [] });
    expect(aws.actions()).not.toContain('DescribeInstances');
    expect(aws.actions()).not.toContain('DescribeVpcEndpointServices');
  });
});

describe('scope', () => {
  const filters = (action: string) =>
    aws.asked
      .filter((form) => form.get('Action') === action)
      .map((form) => [...form].filter(([key]) => key.startsWith('Filter')).map(([, value]) => value));

  const endpointIn = (...vpcIds: string[]) =>
    xml({
      vpcEndpointSet: vpcIds.map((vpcId) => ({
        vpcEndpointId: `vpce-${vpcId}`,
        vpcEndpointType: 'Interface',
        vpcId,
      })),
    });
  const attached = (vpcId: string, gateway: string) => ({
    transitGatewayAttachmentId: `tgw-attach-${vpcId}`,
    transitGatewayId: gateway,
    vpcId,
  });
  const central: Replies = {
    ...FULL,
    DescribeVpcEndpoints: endpointIn('vpc-1', 'vpc-peered', 'vpc-behind', 'vpc-elsewhere'),
    DescribeVpcPeeringConnections: xml({
      vpcPeeringConnectionSet: [
        {
          vpcPeeringConnectionId: 'pcx-1',
          requesterVpcInfo: { vpcId: 'vpc-1' },
          accepterVpcInfo: { vpcId: 'vpc-peered' },
          status: { code: 'pending-acceptance' },
        },
      ],
    }),
    DescribeTransitGatewayVpcAttachments: xml({
      transitGatewayVpcAttachments: [
        attached('vpc-1', 'tgw-1'),
        attached('vpc-behind', 'tgw-1'),
        attached('vpc-elsewhere', 'tgw-2'),
      ],
    }),
  };

  it('reads the VPCs too that hold an endpoint and are joined with the client’s', async () => {
    await collect(central, { vpcId: 'vpc-1' });
    for (const action of ['NetworkInterfaces', 'SecurityGroups', 'NetworkAcls', 'RouteTables', 'Subnets'])
      expect([action, filters(`Describe${action}`)]).toEqual([
        action,
        [
          ['vpc-id', 'vpc-1'],
          ['vpc-id', 'vpc-behind', 'vpc-peered'],
        ],
      ]);
    expect(filters('DescribeNatGateways')).toEqual([['vpc-id', 'vpc-1']]);
  });

  it('keeps what it has where the joined VPCs are refused, and says so', async () => {
    const { state, coverage } = await collect(
      {
        ...central,
        DescribeRouteTables: (_form, nth) =>
          nth === 1
            ? xml({ routeTableSet: [{ routeTableId: 'rtb-1' }] })
            : { code: 'UnauthorizedOperation', status: 403 },
      },
      { vpcId: 'vpc-1' },
    );
    expect(state.routeTables).toEqual({ known: true, value: [{ RouteTableId: 'rtb-1' }] });
    expect(coverage).toContainEqual(expect.objectContaining({ what: 'ec2:DescribeRouteTables', outcome: 'refused' }));
  });

  it('searches the transit gateway route tables that the VPCs ask, to their end', async () => {
    const page = (cidr: string, more: boolean) =>
      xml({
        routeSet: [{ destinationCidrBlock: cidr, state: 'active' }],
        additionalRoutesAvailable: more,
        ...(more ? { nextToken: 't' } : {}),
      });
    const { state } = await collect(
      { ...FULL, SearchTransitGatewayRoutes: (_form, nth) => page(`10.${nth}.0.0/16`, nth === 1) },
      { vpcId: 'vpc-1' },
    );
    expect(state.transitGatewayRoutes).toEqual({
      known: true,
      value: [
        {
          TransitGatewayRouteTableId: 'tgw-rtb-1',
          Routes: [
            { DestinationCidrBlock: '10.1.0.0/16', State: 'active' },
            { DestinationCidrBlock: '10.2.0.0/16', State: 'active' },
          ],
          AdditionalRoutesAvailable: false,
        },
      ],
    });
    expect(filters('SearchTransitGatewayRoutes')[0]).toEqual(['state', 'active', 'blackhole']);
  });

  it('has no routes where only another account may search them', async () => {
    const { state } = await collect({
      ...FULL,
      SearchTransitGatewayRoutes: { code: 'UnauthorizedOperation', status: 403 },
    });
    expect(state.transitGatewayRoutes).toMatchObject({ known: false, why: 'denied' });
  });

  it('limits long lists to the VPC, but never endpoints and VPCs', async () => {
    await collect(FULL, { vpcId: 'vpc-9' });
    for (const action of [
      'NetworkInterfaces',
      'SecurityGroups',
      'NetworkAcls',
      'RouteTables',
      'Subnets',
      'NatGateways',
    ]) {
      expect([action, filters(`Describe${action}`)]).toEqual([action, [['vpc-id', 'vpc-9']]]);
    }
    // Of every VPC: they tell which other VPCs are joined with this one.
    expect(filters('DescribeTransitGatewayVpcAttachments')).toEqual([[]]);
    expect(filters('DescribeInternetGateways')).toEqual([['attachment.vpc-id', 'vpc-9']]);
    expect(filters('DescribeVpcPeeringConnections').toSorted()).toEqual([
      ['accepter-vpc-info.vpc-id', 'vpc-9'],
      ['requester-vpc-info.vpc-id', 'vpc-9'],
    ]);
    for (const action of ['VpcEndpoints', 'Vpcs', 'DhcpOptions', 'PrefixLists', 'EgressOnlyInternetGateways']) {
      expect([action, filters(`Describe${action}`)]).toEqual([action, [[]]]);
    }
  });

  it.each([
    [{ clientAddresses: ['10.0.1.23', 'fd00::5'] }, ['addresses.private-ip-address', '10.0.1.23']],
    [{ clientAddresses: ['fd00::5'] }, ['ipv6-addresses.ipv6-address', 'fd00::5']],
    [{ clientAddresses: ['10.0.1.23'], clientInterfaceId: 'eni-1' }, ['network-interface-id', 'eni-1']],
  ])('finds the VPC by the client %j', async (client, question) => {
    await collect(FULL, { ...client, vpcId: undefined });
    expect(filters('DescribeNetworkInterfaces')).toEqual([question, ['vpc-id', 'vpc-1']]);
    expect(filters('DescribeSubnets')).toEqual([['vpc-id', 'vpc-1']]);
    expect(aws.count('DescribeVpcAttribute')).toBe(2);
  });

  it.each([
    ['nobody has the address', xml({ networkInterfaceSet: [] })],
    [
      'two VPCs use the same range',
      xml({
        networkInterfaceSet: [
          { networkInterfaceId: 'eni-1', vpcId: 'vpc-1' },
          { networkInterfaceId: 'eni-2', vpcId: 'vpc-2' },
        ],
      }),
    ],
    ['the call is denied', { code: 'UnauthorizedOperation', status: 403 }],
  ])('reads every VPC when %s', async (_when, reply) => {
    const { state } = await collect({ ...FULL, DescribeNetworkInterfaces: reply }, { vpcId: undefined });
    expect(filters('DescribeSubnets')).toEqual([[]]);
    expect(filters('DescribeVpcPeeringConnections')).toEqual([[]]);
    expect(ids(state.vpcAttributes, 'VpcId')).toEqual(['vpc-1', 'vpc-2']);
  });

  it('does not ask for the attributes of very many VPCs', async () => {
    const vpcSet = Array.from({ length: 11 }, (_, index) => ({ vpcId: `vpc-${index}` }));
    const { state, coverage } = await collect(
      { ...FULL, DescribeVpcs: xml({ vpcSet }) },
      { vpcId: undefined, clientAddresses: [] },
    );
    expect(state.vpcAttributes).toMatchObject({ known: false, why: 'not-asked' });
    expect(coverage).toContainEqual(expect.objectContaining({ what: 'ec2:DescribeVpcAttribute', outcome: 'skipped' }));
  });
});

describe('paging', () => {
  const page = (n: number, token: string | undefined) =>
    xml({ subnetSet: [{ subnetId: `subnet-${n}` }], ...(token === undefined ? {} : { nextToken: token }) });

  it('reads every page, with the same filter', async () => {
    const { state, coverage } = await collect({
      DescribeSubnets: (_form, nth) => page(nth, nth < 3 ? `t${nth}` : ''),
    });
    expect(ids(state.subnets, 'SubnetId')).toEqual(['subnet-1', 'subnet-2', 'subnet-3']);
    expect(coverage).toContainEqual({ what: 'ec2:DescribeSubnets', outcome: 'made', count: 3 });
    const asked = aws.asked.filter((form) => form.get('Action') === 'DescribeSubnets');
    expect(asked.map((form) => [form.get('NextToken'), form.get('Filter.1.Value.1'), form.get('MaxResults')])).toEqual([
      [null, 'vpc-1', '1000'],
      ['t1', 'vpc-1', '1000'],
      ['t2', 'vpc-1', '1000'],
    ]);
  });

  it('counts an element that two pages hold once', async () => {
    const { state } = await collect({ DescribeSubnets: (_form, nth) => page(7, nth === 1 ? 'more' : undefined) });
    expect(ids(state.subnets, 'SubnetId')).toEqual(['subnet-7']);
  });

  it('refuses the list when a later page is refused: a short list would make the rest absent', async () => {
    const { state, coverage } = await collect({
      DescribeSubnets: (_form, nth) => (nth === 1 ? page(1, 't') : { code: 'UnauthorizedOperation', status: 403 }),
    });
    expect(state.subnets).toMatchObject({ known: false, why: 'denied' });
    expect(coverage.filter((entry) => entry.what === 'ec2:DescribeSubnets')).toEqual([
      { what: 'ec2:DescribeSubnets', outcome: 'made', count: 1 },
      { what: 'ec2:DescribeSubnets', outcome: 'refused', count: 1, why: 'denied (UnauthorizedOperation: No.)' },
    ]);
  });

  it('refuses a list that leads in a circle, and one without an end', async () => {
    const { state, warnings } = await collect({
      DescribeSubnets: (_form, nth) => page(nth, nth % 2 ? 'a' : 'b'),
      DescribeNetworkAcls: (_form, nth) => xml({ networkAclSet: [], nextToken: `t${nth}` }),
    });
    expect(state.subnets).toMatchObject({ known: false, why: 'failed' });
    expect(aws.count('DescribeSubnets')).toBe(3);
    expect(state.networkAcls).toMatchObject({ known: false, why: 'failed' });
    expect(aws.count('DescribeNetworkAcls')).toBe(200);
    expect(warnings).toHaveLength(2);
  });
});

describe('single answers', () => {
  it('refuses the DNS attributes when one of the two calls is refused', async () => {
    const { state, coverage } = await collect({
      DescribeVpcAttribute: (form) =>
        form.get('Attribute') === 'enableDnsSupport'
          ? vpcAttribute(form)
          : { code: 'UnauthorizedOperation', status: 403 },
    });
    expect(state.vpcAttributes).toMatchObject({ known: false, why: 'denied' });
    expect(coverage).toContainEqual({
      what: 'ec2:DescribeVpcAttribute',
      outcome: 'refused',
      count: 1,
      why: 'vpc-1 enableDnsHostnames: denied (UnauthorizedOperation: No.)',
    });
  });

  it('leaves an element out that does not fit, and says so', async () => {
    const { state, warnings } = await collect({
      DescribeVpcs: xml({ vpcSet: [{ cidrBlock: '10.0.0.0/16' }, { vpcId: 'vpc-1' }] }),
    });
    expect(ids(state.vpcs, 'VpcId')).toEqual(['vpc-1']);
    expect(warnings).toEqual([expect.stringMatching(/^The answer to ec2:DescribeVpcs: \[0\] VpcId: .*left out\.$/)]);
  });

  it('takes no page of a portal for an empty list', async () => {
    const { state, accountId } = await collect({
      DescribeVpcs: { page: '<html><body>Please log in</body></html>' },
      DescribeSubnets: { page: 'Please log in' },
      GetCallerIdentity: { page: '<html/>' },
    });
    expect(state.vpcs).toMatchObject({ known: false, why: 'failed' });
    expect(state.subnets).toMatchObject({ known: false, why: 'failed' });
    expect(accountId).toBeUndefined();
  });

  it('asks for the whole list where a host is in no table, and keeps what covers it', async () => {
    const service = (serviceName: string, name: string) => ({
      serviceName,
      privateDnsNameSet: [{ privateDnsName: name }],
    });
    const { state } = await collect(
      {
        DescribeVpcEndpointServices: () =>
          xml({
            serviceDetailSet: [
              service('com.amazonaws.eu-west-1.sqs', 'sqs.eu-west-1.amazonaws.com'),
              service('aws.api.eu-west-1.newthing', '*.new.eu-west-1.amazonaws.com'),
            ],
          }),
      },
      { serviceNames: ['com.amazonaws.eu-west-1.new'], unknownHosts: ['a.new.eu-west-1.amazonaws.com'] },
    );
    expect(state.endpointServices).toEqual({
      known: true,
      value: [
        {
          ServiceName: 'aws.api.eu-west-1.newthing',
          PrivateDnsNames: [{ PrivateDnsName: '*.new.eu-west-1.amazonaws.com' }],
        },
        { ServiceName: 'com.amazonaws.eu-west-1.new', ServiceType: [] },
      ],
    });
    const asked = aws.asked.filter((form) => form.get('Action') === 'DescribeVpcEndpointServices');
    expect(asked.map((form) => [form.get('ServiceName.1'), form.get('Filter.1.Name')])).toEqual([[null, null]]);
  });

  it('does not lose the known services to an unknown one', async () => {
    const { state } = await collect(
      {
        DescribeVpcEndpointServices: (form) =>
          form.has('ServiceName.1')
            ? { code: 'InvalidServiceName' }
            : xml({ serviceDetailSet: [{ serviceName: form.get('Filter.1.Value.1') }] }),
      },
      { serviceNames: ['good', 'bad', 'good'] },
    );
    // Asked for and not there: an answer, which an entry without any type holds.
    expect(state.endpointServices).toEqual({
      known: true,
      value: [{ ServiceName: 'good' }, { ServiceName: 'bad', ServiceType: [] }],
    });
    const last = aws.asked.filter((form) => form.get('Action') === 'DescribeVpcEndpointServices').at(-1);
    expect([last?.get('Filter.1.Name'), last?.get('Filter.1.Value.2'), last?.get('Filter.1.Value.3')]).toEqual([
      'service-name',
      'bad',
      null,
    ]);
  });

  it('needs no account id', async () => {
    const { accountId, state, coverage } = await collect({
      ...FULL,
      GetCallerIdentity: { code: 'AccessDenied', status: 403 },
    });
    expect(accountId).toBeUndefined();
    expect(state.vpcs.known).toBe(true);
    expect(coverage.at(-1)).toMatchObject({ what: 'sts:GetCallerIdentity', outcome: 'refused', count: 1 });
  });
});

describe('prefix list entries', () => {
  const routes = (...names: string[]) =>
    xml({
      routeTableSet: [
        { routeTableId: 'rtb-1', routeSet: names.map((destinationPrefixListId) => ({ destinationPrefixListId })) },
      ],
    });
  const denied = { code: 'UnauthorizedOperation', status: 403 } as const;

  it('leaves a refused list out and names it', async () => {
    const { state, coverage } = await collect({
      DescribeRouteTables: routes('pl-b', 'pl-a', 'pl-c'),
      GetManagedPrefixListEntries: (form) =>
        form.get('PrefixListId') === 'pl-b' ? denied : xml({ entrySet: [{ cidr: '192.0.2.0/24' }] }),
    });
    expect(ids(state.prefixListEntries, 'PrefixListId')).toEqual(['pl-a', 'pl-c']);
    expect(coverage).toContainEqual({
      what: 'ec2:GetManagedPrefixListEntries',
      outcome: 'refused',
      count: 1,
      why: 'pl-b: denied (UnauthorizedOperation: No.)',
    });
  });

  it('is refused when every list is', async () => {
    const { state } = await collect({
      DescribeRouteTables: routes('pl-a', 'pl-b'),
      GetManagedPrefixListEntries: denied,
    });
    expect(state.prefixListEntries).toMatchObject({ known: false, why: 'denied' });
  });

  it('is empty when nothing names a list, and refused when nothing could be read that would', async () => {
    const { state } = await collect({ DescribeSecurityGroups: denied });
    expect(state.prefixListEntries).toEqual({ known: true, value: [] });
    await aws.stop();
    const second = await collect({ DescribeSecurityGroups: denied, DescribeRouteTables: denied });
    expect(second.state.prefixListEntries).toMatchObject({ known: false, why: 'denied' });
  });

  it('reads the lists of AWS this way too when DescribePrefixLists is denied', async () => {
    const { state } = await collect({
      DescribePrefixLists: denied,
      DescribeRouteTables: routes('pl-s3'),
      GetManagedPrefixListEntries: xml({ entrySet: [{ cidr: '192.0.2.0/24' }] }),
    });
    expect(state.prefixListEntries).toEqual({
      known: true,
      value: [{ PrefixListId: 'pl-s3', Entries: [{ Cidr: '192.0.2.0/24' }] }],
    });
  });
});
