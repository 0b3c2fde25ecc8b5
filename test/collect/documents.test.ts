import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StateDocument, stateDocument, stateFromDocuments } from '../../src/collect/documents.ts';
import type { Case } from '../../src/model/case.ts';
import { SLICE_NAMES, SLICES, type SliceName, unknownState } from '../../src/model/state.ts';
import { emptyVantage } from '../../src/model/vantage.ts';
import { arbitraryState } from './support/arbitrary.ts';

/** Documents by file name. */
const read = (files: Record<string, unknown>) =>
  stateFromDocuments(Object.entries(files).map(([name, json]): StateDocument => ({ name, json })));

const slice = (name: SliceName, ...documents: unknown[]) =>
  stateFromDocuments(documents.map((json, index) => ({ name: `${index}.json`, json }))).state[name];

const known = (...value: unknown[]) => ({ known: true, value });

describe('kinds of documents', () => {
  it.each(SLICE_NAMES.map((name) => [SLICES[name].documentKey, name, SLICES[name].id] as const))(
    '%s is the slice %s',
    (key, name, id) => {
      // A policy is nothing without its document.
      const needed = name === 'identityPolicies' ? { PolicyDocument: '{}' } : {};
      const { state, warnings } = read({
        'a.json': { [key]: [{ [id]: 'x-1', ...needed, Unheard: { Of: 1 } }] },
        'b.json': { [key]: [] },
      });
      expect(state[name]).toEqual(known({ [id]: 'x-1', ...needed }));
      expect(warnings).toEqual([]);
      for (const other of SLICE_NAMES)
        if (other !== name) expect(state[other]).toEqual({ known: false, why: 'not-given' });
    },
  );

  it.each(SLICE_NAMES)('%s that is there and empty is known to be empty', (name) => {
    expect(slice(name, { [SLICES[name].documentKey]: [] })).toEqual(known());
  });

  it('take the answers of describe-vpc-attribute, one attribute each, in any order and split over files', () => {
    const documents = [
      { VpcId: 'vpc-1', EnableDnsHostnames: { Value: false } },
      { VpcId: 'vpc-2', EnableDnsSupport: { Value: true } },
      { VpcId: 'vpc-1', EnableDnsSupport: { Value: true } },
      { VpcId: 'vpc-1', EnableNetworkAddressUsageMetrics: { Value: true } },
    ];
    const { state, warnings } = read(Object.fromEntries(documents.map((json, index) => [`${index}.json`, json])));
    expect(state.vpcAttributes).toEqual(
      known(
        { VpcId: 'vpc-1', EnableDnsHostnames: { Value: false }, EnableDnsSupport: { Value: true } },
        { VpcId: 'vpc-2', EnableDnsSupport: { Value: true } },
      ),
    );
    expect(warnings).toEqual([]);
  });

  it('take instances out of reservations', () => {
    expect(
      slice('instances', { Reservations: [{ Instances: [{ InstanceId: 'i-1' }] }, { Instances: [] }, {}] }),
    ).toEqual(known({ InstanceId: 'i-1' }));
    expect(slice('instances', { Reservations: [] })).toEqual(known());
  });

  it('keep both entries of a service that is listed as Gateway and as Interface', () => {
    const ServiceName = 'com.amazonaws.eu-west-1.s3';
    const gateway = { ServiceName, ServiceId: 'vpce-svc-1', ServiceType: [{ ServiceType: 'Gateway' }] };
    const interfaces = { ServiceName, ServiceId: 'vpce-svc-2', ServiceType: [{ ServiceType: 'Interface' }] };
    const document = { ServiceNames: [ServiceName, ServiceName], ServiceDetails: [gateway, interfaces] };
    expect(slice('endpointServices', document, document)).toEqual(known(gateway, interfaces));
  });

  it('take the account from get-caller-identity', () => {
    const { accountId, warnings } = read({
      'me.json': { UserId: 'AROAX:me', Account: '111122223333', Arn: 'arn:aws:sts::111122223333:assumed-role/x/me' },
    });
    expect([accountId, warnings]).toEqual(['111122223333', []]);
  });

  it('accept several kinds in one document, and an array of documents', () => {
    const { state, warnings } = read({
      'all.json': [{ Vpcs: [{ VpcId: 'vpc-1' }], Subnets: [] }, { NetworkAcls: [{ NetworkAclId: 'acl-1' }] }],
    });
    expect(state.vpcs).toEqual(known({ VpcId: 'vpc-1' }));
    expect(state.subnets).toEqual(known());
    expect(state.networkAcls).toEqual(known({ NetworkAclId: 'acl-1' }));
    expect(warnings).toEqual([]);
  });
});

describe('prefix lists', () => {
  const entries = [{ Cidr: '192.0.2.0/24' }];
  it.each([
    ['the document', 'x.json', { PrefixListId: 'pl-12345678', Entries: entries }],
    ['the file name', 'state/pl-12345678.json', { Entries: entries }],
    ['a longer file name', 'entries_pl-12345678_eu.json', { Entries: entries }],
  ])('say in %s which list the entries are of', (_where, name, json) => {
    const { state, warnings } = read({ [name]: json });
    expect(state.prefixListEntries).toEqual(known({ PrefixListId: 'pl-12345678', Entries: entries }));
    expect(warnings).toEqual([]);
  });

  it('are not guessed', () => {
    const { state, warnings } = read({ 'my-pl-list.json': { Entries: entries } });
    expect(state.prefixListEntries).toEqual({ known: false, why: 'not-given' });
    expect(warnings).toEqual([expect.stringContaining('add "PrefixListId"')]);
  });

  it('are joined when they come in pages, and replaced when they come again', () => {
    const page = (Cidr: string, more: boolean) => ({
      PrefixListId: 'pl-1',
      Entries: [{ Cidr }],
      ...(more ? { NextToken: 't' } : {}),
    });
    const paged = slice('prefixListEntries', page('192.0.2.0/25', true), page('192.0.2.128/25', false));
    expect(paged).toEqual(
      known({ PrefixListId: 'pl-1', Entries: [{ Cidr: '192.0.2.0/25' }, { Cidr: '192.0.2.128/25' }] }),
    );
    const again = slice('prefixListEntries', page('192.0.2.0/25', false), page('198.51.100.0/24', false));
    expect(again).toEqual(known({ PrefixListId: 'pl-1', Entries: [{ Cidr: '198.51.100.0/24' }] }));
  });

  const managed = {
    ManagedPrefixLists: [
      { PrefixListId: 'pl-1', PrefixListName: 'com.amazonaws.eu-west-1.s3', OwnerId: 'AWS' },
      { PrefixListId: 'pl-2', PrefixListName: 'com.amazonaws.eu-west-1.dynamodb', OwnerId: 'AWS' },
      { PrefixListId: 'pl-3', PrefixListName: 'ours', OwnerId: '111122223333' },
    ],
  };

  it('of AWS get a name from the managed lists, but only with entries', () => {
    const ours = { PrefixListId: 'pl-3', Entries: [] };
    expect(slice('prefixLists', managed)).toEqual({ known: false, why: 'not-given' });
    expect(slice('prefixLists', managed, { PrefixListId: 'pl-1', Entries: entries }, ours)).toEqual(
      known({ PrefixListId: 'pl-1', PrefixListName: 'com.amazonaws.eu-west-1.s3', Cidrs: ['192.0.2.0/24'] }),
    );
    const described = { PrefixLists: [{ PrefixListId: 'pl-1', PrefixListName: 'n', Cidrs: [] }] };
    expect(slice('prefixLists', managed, { PrefixListId: 'pl-1', Entries: entries }, described)).toEqual(
      known({ PrefixListId: 'pl-1', PrefixListName: 'n', Cidrs: [] }),
    );
  });
});

describe('transit gateway routes', () => {
  const Routes = [{ DestinationCidrBlock: '10.1.0.0/16', State: 'active' }];
  const id = 'tgw-rtb-12345678';
  const table = (routes: object[], AdditionalRoutesAvailable = false) => ({
    TransitGatewayRouteTableId: id,
    Routes: routes,
    AdditionalRoutesAvailable,
  });

  it.each([
    ['the document', 'x.json', { TransitGatewayRouteTableId: id, Routes, AdditionalRoutesAvailable: false }],
    ['the file name', `state/routes-${id}.json`, { Routes, AdditionalRoutesAvailable: false }],
    ['what collect writes', 'state.json', { TransitGatewayRoutes: [table(Routes)] }],
  ])('say in %s which table they are of', (_where, name, json) => {
    const { state, warnings } = read({ [name]: json });
    expect(state.transitGatewayRoutes).toEqual(known(table(Routes)));
    expect(warnings).toEqual([]);
  });

  it('are not guessed', () => {
    const { state, warnings } = read({ 'tgw.json': { Routes, AdditionalRoutesAvailable: false } });
    expect(state.transitGatewayRoutes).toEqual({ known: false, why: 'not-given' });
    expect(warnings).toEqual([expect.stringContaining('add "TransitGatewayRouteTableId"')]);
  });

  it('are joined when they come in pages, and open-ended when the last page is missing', () => {
    const more = [{ DestinationCidrBlock: '10.2.0.0/16', State: 'blackhole' }];
    const first = { TransitGatewayRouteTableId: id, Routes, NextToken: 't' };
    const last = { TransitGatewayRouteTableId: id, Routes: more, AdditionalRoutesAvailable: false };
    expect(slice('transitGatewayRoutes', first, last)).toEqual(known(table([...Routes, ...more])));
    expect(slice('transitGatewayRoutes', first)).toEqual(known(table(Routes, true)));
  });
});

describe('describe-security-group-rules', () => {
  const rules = {
    SecurityGroupRules: [
      {
        SecurityGroupRuleId: 'sgr-1',
        GroupId: 'sg-1',
        GroupOwnerId: '1',
        IsEgress: false,
        IpProtocol: 'tcp',
        FromPort: 443,
        ToPort: 443,
        CidrIpv4: '10.0.0.0/8',
      },
      { GroupId: 'sg-1', IsEgress: true, IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv6: '::/0' },
      {
        GroupId: 'sg-2',
        IsEgress: false,
        IpProtocol: 'tcp',
        FromPort: 1,
        ToPort: 2,
        ReferencedGroupInfo: { GroupId: 'sg-1', UserId: '1' },
      },
      { GroupId: 'sg-2', IsEgress: false, IpProtocol: 'udp', FromPort: 1, ToPort: 2, PrefixListId: 'pl-1' },
    ],
  };

  it('make the groups that nothing else describes', () => {
    const described = { GroupId: 'sg-2', VpcId: 'vpc-1', IpPermissions: [] };
    expect(slice('securityGroups', rules, { SecurityGroups: [described] })).toEqual(
      known(described, {
        GroupId: 'sg-1',
        OwnerId: '1',
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
        IpPermissionsEgress: [{ IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] }],
      }),
    );
    expect(slice('securityGroups', rules)).toMatchObject({
      value: [
        { GroupId: 'sg-1' },
        {
          GroupId: 'sg-2',
          IpPermissions: [
            { UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '1' }] },
            { IpProtocol: 'udp', PrefixListIds: [{ PrefixListId: 'pl-1' }] },
          ],
          IpPermissionsEgress: [],
        },
      ],
    });
  });

  it('say nothing about groups when there are none, and name rules that do not fit', () => {
    expect(slice('securityGroups', { SecurityGroupRules: [] })).toEqual({ known: false, why: 'not-given' });
    const { warnings } = read({
      'r.json': { SecurityGroupRules: [{ GroupId: 'sg-1', IpProtocol: 'tcp', IsEgress: 'false' }] },
    });
    expect(warnings).toEqual([expect.stringMatching(/^r\.json: SecurityGroupRules\[0\] IsEgress: /)]);
  });
});

describe('joining', () => {
  it('unites pages and lets the later document win for the same id', () => {
    expect(
      slice(
        'vpcEndpoints',
        {
          VpcEndpoints: [
            { VpcEndpointId: 'vpce-1', State: 'pending' },
            { VpcEndpointId: 'vpce-2', State: 'Available' },
          ],
        },
        { VpcEndpoints: [{ VpcEndpointId: 'vpce-3' }, { VpcEndpointId: 'vpce-1', State: 'pendingAcceptance' }] },
      ),
    ).toEqual(
      known(
        { VpcEndpointId: 'vpce-1', State: 'pendingAcceptance' },
        { VpcEndpointId: 'vpce-2', State: 'Available' },
        { VpcEndpointId: 'vpce-3' },
      ),
    );
  });

  it('does not take a part of a list for the list', () => {
    const first = { Subnets: [{ SubnetId: 'subnet-1', OwnerId: '999988887777' }], NextToken: 'abc' };
    const last = { Subnets: [{ SubnetId: 'subnet-2', OwnerId: '999988887777' }] };
    const { state, warnings } = read({ 's.json': first });
    const detail = 'only a part of the subnets was given, not the last page';
    expect(state.subnets).toEqual({ known: false, why: 'not-given', detail });
    expect(warnings).toEqual([expect.stringContaining('s.json is one page of several')]);
    for (const pages of [
      { 'a.json': first, 'b.json': last },
      { 'a.json': last, 'b.json': first },
    ])
      expect(read(pages).state.subnets).toMatchObject({ known: true, value: { length: 2 } });
  });

  it('warns when documents are of different accounts', () => {
    const me = (Account: string) => ({ UserId: 'x', Account, Arn: 'arn' });
    const { accountId, warnings } = read({ 'a.json': me('111122223333'), 'b.json': me('444455556666') });
    expect(accountId).toBe('444455556666');
    expect(warnings).toEqual([expect.stringContaining('b.json is of accountId 444455556666')]);
  });
});

describe('what is not understood', () => {
  it('null is nothing', () => {
    const { state, warnings } = read({
      'a.json': {
        VpcEndpoints: [{ VpcEndpointId: 'vpce-1', PolicyDocument: null, SubnetIds: ['s', null] }, null],
        Vpcs: null,
      },
    });
    expect(state.vpcEndpoints).toEqual(known({ VpcEndpointId: 'vpce-1', SubnetIds: ['s'] }));
    expect(state.vpcs).toEqual({ known: false, why: 'not-given' });
    expect(warnings).toEqual([]);
  });

  it('an element that does not fit is left out and named, the rest is used', () => {
    const { state, warnings } = read({
      'e.json': {
        VpcEndpoints: [
          { VpcEndpointId: 'vpce-1', PrivateDnsEnabled: 'true' },
          { VpcEndpointId: 'vpce-2' },
          'vpce-3',
          {},
        ],
      },
    });
    expect(state.vpcEndpoints).toEqual(known({ VpcEndpointId: 'vpce-2' }));
    expect(warnings).toEqual([
      expect.stringMatching(/^e\.json: VpcEndpoints\[0\] PrivateDnsEnabled: .*left out\.$/),
      expect.stringMatching(/^e\.json: VpcEndpoints\[2\] .*left out\.$/),
      expect.stringMatching(/^e\.json: VpcEndpoints\[3\] VpcEndpointId: .*left out\.$/),
    ]);
  });

  it('a thousand such elements are not a thousand lines', () => {
    const { warnings } = read({ 'e.json': { Vpcs: Array.from({ length: 1000 }, () => ({})) } });
    expect(warnings).toHaveLength(4);
    expect(warnings.at(-1)).toContain('997 more');
  });

  it.each([
    ['of another kind', { Users: [], Path: '/' }, 'Users, Path'],
    ['cut out by --query', { VpcEndpointId: 'vpce-1', ServiceName: 'x' }, 'VpcEndpointId, ServiceName'],
    ['empty', {}, 'no keys at all'],
    ['entries of something else', { Entries: [{ Name: 'x' }] }, 'Entries'],
    ['a token alone', { NextToken: 'x' }, 'NextToken'],
  ])('a document %s is named with its keys, and the others are read', (_what, json, words) => {
    const { state, warnings } = read({ 'strange.json': json, 'v.json': { Vpcs: [] } });
    expect(warnings).toEqual([expect.stringContaining('strange.json is of no kind')]);
    expect(warnings[0]).toContain(words);
    expect(state.vpcs).toEqual(known());
  });

  it.each(['text', 7, true, [[]], ['a']])('%j is no document', (json) => {
    expect(read({ 'x.json': json }).warnings).toEqual([
      'x.json holds something that is no JSON object; it is not used.',
    ]);
  });

  it('a key beside known ones is named', () => {
    expect(read({ 'x.json': { Vpcs: [], Surprise: 1 } }).warnings).toEqual([
      'x.json: Surprise is not known and not used.',
    ]);
  });

  it.each([['Vpcs'], ['Reservations'], ['SecurityGroupRules'], ['ManagedPrefixLists'], ['Refusals']])(
    '%s that is no list is named',
    (key) => {
      const { state, warnings } = read({ 'x.json': { [key]: { a: 1 } } });
      expect(warnings).toEqual([`x.json: ${key} is no list; it is not used.`]);
      if (key === 'Vpcs') expect(state.vpcs).toEqual({ known: false, why: 'not-given' });
    },
  );

  it('kinds that this version does not read are one quiet note', () => {
    const { warnings, notes } = read({
      'lb.json': { LoadBalancers: [] },
      'tg.json': { TargetHealthDescriptions: [] },
      'tgw.json': { TransitGatewayRouteTables: [] },
      'zones.json': { HostedZones: [], IsTruncated: false, MaxItems: '100' },
      'more-zones.json': { HostedZones: [], IsTruncated: false },
      'rules.json': { ResolverEndpoints: [], MaxResults: 100 },
    });
    expect(warnings).toEqual([]);
    expect(notes).toEqual([
      'Recognised, and not used by this version: LoadBalancers (lb.json), TargetHealthDescriptions (tg.json), TransitGatewayRouteTables (tgw.json), HostedZones (zones.json, more-zones.json), ResolverEndpoints (rules.json).',
    ]);
  });

  it('nothing at all is a state of which nothing is known', () => {
    expect(stateFromDocuments([])).toEqual({ state: unknownState('not-given'), warnings: [], notes: [] });
  });
});

describe('what collect writes', () => {
  const meta = {
    version: '0.1.0',
    region: 'eu-west-1',
    accountId: '111122223333',
    vpcId: 'vpc-1',
    collectedAt: '2026-11-21T00:00:00Z',
  };

  it('is read back as it was, refusals included', () => {
    fc.assert(
      fc.property(arbitraryState(), (state) => {
        const json: unknown = JSON.parse(JSON.stringify(stateDocument(state, meta)));
        expect(stateFromDocuments([{ name: 'state.json', json }])).toEqual({
          state,
          accountId: '111122223333',
          region: 'eu-west-1',
          vpcId: 'vpc-1',
          warnings: [],
          notes: [],
        });
      }),
    );
  });

  it('names the action of each refusal', () => {
    const { Refusals, ...rest } = stateDocument(
      { ...unknownState('not-asked'), vpcs: { known: true, value: [] } },
      meta,
    );
    expect(Object.keys(rest)).toEqual(['vpceDoctor', 'Vpcs']);
    expect(Refusals).toContainEqual({ slice: 'subnets', action: 'ec2:DescribeSubnets', why: 'not-asked' });
  });

  it('gives way to a document that knows', () => {
    const refused = stateDocument(unknownState('denied', 'no'), meta);
    expect(slice('vpcs', { Vpcs: [] }, refused)).toEqual(known());
    expect(slice('vpcs', refused, stateDocument(unknownState('not-asked'), meta))).toEqual({
      known: false,
      why: 'denied',
      detail: 'no',
    });
  });

  it('with a refusal that is not understood says so', () => {
    const { warnings } = read({
      'x.json': { Refusals: [{ slice: 'vpcs', why: 'mood' }, { slice: 'moon', why: 'denied' }, null] },
    });
    expect(warnings).toHaveLength(2);
  });
});

describe('a case file as state', () => {
  const subject: Case = {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: { name: 'vpce-doctor', version: '0.1.0' },
    startedAt: '2026-11-21T00:00:00Z',
    durationMs: 1,
    requests: [],
    vantage: { ...emptyVantage('ec2'), region: 'eu-west-1', vpcId: 'vpc-1', accountId: '111122223333' },
    state: { ...unknownState('denied'), vpcs: { known: true, value: [{ VpcId: 'vpc-1' }] } },
    probed: false,
    observations: [],
    coverage: [],
    warnings: [],
  };

  it('gives its state and where it was made', () => {
    expect(read({ 'case.json': subject })).toEqual({
      state: subject.state,
      accountId: '111122223333',
      region: 'eu-west-1',
      vpcId: 'vpc-1',
      warnings: [],
      notes: [],
    });
  });

  it('of another version is named and not used', () => {
    const { state, warnings } = read({ 'case.json': { ...subject, schemaVersion: 2 } });
    expect(warnings).toEqual(['case.json has schemaVersion 2; this version of vpce-doctor reads 1.']);
    expect(state).toEqual(unknownState('not-given'));
  });
});
