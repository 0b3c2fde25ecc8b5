/** `--from`, and the completion of a vantage from the state. */
import { describe, expect, it } from 'vitest';
import type { Instance, NetworkInterface } from '../../src/model/aws.ts';
import type { Refusal, Slice } from '../../src/model/state.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { completeVantage, vantageFrom } from '../../src/vantage/from.ts';
import type { ClientState } from '../../src/vantage/state-interfaces.ts';

const known = <T>(value: T[]): Slice<T> => ({ known: true, value });
const unknown = (why: Refusal): { known: false; why: Refusal } => ({ known: false, why });

function networkInterface(id: string, address: string, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    NetworkInterfaceId: id,
    VpcId: 'vpc-1',
    SubnetId: 'subnet-a',
    AvailabilityZone: 'eu-west-1a',
    OwnerId: '111122223333',
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
    Groups: [{ GroupId: `sg-of-${id}` }],
    ...more,
  };
}

const attached = (InstanceId: string, DeviceIndex: number, NetworkCardIndex = 0) => ({
  Attachment: { InstanceId, DeviceIndex, NetworkCardIndex },
});

const INTERFACES: NetworkInterface[] = [
  networkInterface('eni-2', '10.0.2.40', { ...attached('i-1', 1), SubnetId: 'subnet-b' }),
  networkInterface('eni-1', '10.0.1.23', {
    ...attached('i-1', 0),
    MacAddress: '0A:00:00:00:00:01',
    PrivateIpAddresses: [
      { PrivateIpAddress: '10.0.1.24', Primary: false },
      { PrivateIpAddress: '10.0.1.23', Primary: true, Association: { PublicIp: '198.51.100.7' } },
    ],
    Association: { PublicIp: '198.51.100.7' },
    Ipv6Addresses: [
      { Ipv6Address: '2001:db8:0:1:0:0:0:99' },
      { Ipv6Address: '2001:db8:0:1:0:0:0:17', IsPrimaryIpv6: true },
    ],
    Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.128/28' }],
  }),
  networkInterface('eni-3', '10.0.1.77', { ...attached('i-3', 1, 0), SubnetId: 'subnet-a' }),
  networkInterface('eni-4', '10.0.1.78', { ...attached('i-3', 0, 1) }),
  networkInterface('eni-5', '10.0.1.79', { ...attached('i-3', 0, 0) }),
  networkInterface('eni-e', '10.0.2.14', { InterfaceType: 'vpc_endpoint', SubnetId: 'subnet-b' }),
  networkInterface('eni-x1', '10.0.1.200'),
  networkInterface('eni-x2', '10.0.1.200', { VpcId: 'vpc-2', SubnetId: 'subnet-c' }),
];

const INSTANCES: Instance[] = [
  { InstanceId: 'i-9', VpcId: 'vpc-1', SubnetId: 'subnet-b', PrivateIpAddress: '10.0.2.90' },
  {
    InstanceId: 'i-8',
    NetworkInterfaces: [
      { ...networkInterface('eni-8', '10.0.2.80'), AvailabilityZone: undefined, SubnetId: 'subnet-b' },
    ],
  },
];

const STATE: ClientState = {
  networkInterfaces: known(INTERFACES),
  instances: known(INSTANCES),
  subnets: known([
    {
      SubnetId: 'subnet-a',
      VpcId: 'vpc-1',
      CidrBlock: '10.0.1.0/24',
      AvailabilityZone: 'eu-west-1a',
      AvailabilityZoneId: 'euw1-az1',
    },
    {
      SubnetId: 'subnet-b',
      VpcId: 'vpc-1',
      CidrBlock: '10.0.2.0/24',
      AvailabilityZone: 'eu-west-1b',
      AvailabilityZoneId: 'euw1-az2',
      Ipv6CidrBlockAssociationSet: [
        { Ipv6CidrBlock: '2001:db8:0:2::/64', Ipv6CidrBlockState: { State: 'associated' } },
        { Ipv6CidrBlock: '2001:db8:0:3::/64', Ipv6CidrBlockState: { State: 'disassociated' } },
      ],
    },
    { SubnetId: 'subnet-c', VpcId: 'vpc-2', CidrBlock: '10.0.3.0/24' },
    { SubnetId: 'subnet-d', VpcId: 'vpc-1', CidrBlock: '10.0.3.0/25' },
  ]),
  vpcs: known([
    {
      VpcId: 'vpc-1',
      CidrBlock: '10.0.0.0/16',
      CidrBlockAssociationSet: [
        { CidrBlock: '100.64.0.0/16' },
        { CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } },
        { CidrBlock: '10.9.0.0/16', CidrBlockState: { State: 'disassociated' } },
      ],
    },
  ]),
};

const NOTHING: ClientState = {
  networkInterfaces: unknown('denied'),
  instances: unknown('not-asked'),
  subnets: unknown('unreachable'),
  vpcs: unknown('not-given'),
};

const GIVEN_NOTE =
  'The client is given with --from: its own resolvers, hosts file and routes are not known; source ports 32768-60999 are assumed.';

function vantageOf(from: string, base: Vantage = emptyVantage('host'), state: ClientState = STATE): Vantage {
  const result = vantageFrom(from, base, state);
  if (!result.ok) throw new Error(result.problem);
  return result.vantage;
}

function problemOf(from: string, base: Vantage = emptyVantage('host'), state: ClientState = STATE): string {
  const result = vantageFrom(from, base, state);
  if (result.ok) throw new Error(`accepted as ${result.vantage.networkInterfaceId}`);
  return result.problem;
}

describe('--from with another client', () => {
  it('gives all that the state knows of a network interface', () => {
    const vantage = vantageOf('eni-1');
    expect(vantage).toMatchObject({
      kind: 'given',
      region: 'eu-west-1',
      accountId: '111122223333',
      instanceId: 'i-1',
      vpcId: 'vpc-1',
      subnetId: 'subnet-a',
      availabilityZone: 'eu-west-1a',
      availabilityZoneId: 'euw1-az1',
      networkInterfaceId: 'eni-1',
      addresses: ['10.0.1.23', '2001:db8:0:1::17'],
      publicAddresses: ['198.51.100.7'],
      securityGroupIds: ['sg-of-eni-1'],
      vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
      resolvers: [],
      notes: [GIVEN_NOTE],
    });
    expect(vantage.interfaces).toEqual([
      {
        networkInterfaceId: 'eni-1',
        macAddress: '0a:00:00:00:00:01',
        deviceNumber: 0,
        vpcId: 'vpc-1',
        subnetId: 'subnet-a',
        ownerId: '111122223333',
        addresses: ['10.0.1.23', '10.0.1.24', '2001:db8:0:1::17', '2001:db8:0:1::99'],
        publicAddresses: ['198.51.100.7'],
        securityGroupIds: ['sg-of-eni-1'],
        subnetCidr: '10.0.1.0/24',
        vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
      },
    ]);
  });

  it.each([
    ['eni-1', 'eni-1', ['10.0.1.23', '2001:db8:0:1::17'], 'an interface'],
    [' ENI-1 ', 'eni-1', ['10.0.1.23', '2001:db8:0:1::17'], 'an id as people paste it'],
    ['eni-e', 'eni-e', ['10.0.2.14'], "an endpoint's own interface"],
    ['i-1', 'eni-1', ['10.0.1.23', '2001:db8:0:1::17'], 'an instance: device 0'],
    ['i-3', 'eni-5', ['10.0.1.79'], 'an instance with two network cards: device 0 of card 0'],
    ['i-8', 'eni-8', ['10.0.2.80'], 'an instance whose interfaces only DescribeInstances tells'],
    ['10.0.1.23', 'eni-1', ['10.0.1.23', '2001:db8:0:1::17'], 'a primary address'],
    ['10.0.1.24', 'eni-1', ['10.0.1.24', '2001:db8:0:1::17'], 'a secondary address'],
    ['10.0.1.130', 'eni-1', ['10.0.1.130', '2001:db8:0:1::17'], 'an address of a delegated prefix'],
    ['2001:DB8:0:1::99', 'eni-1', ['10.0.1.23', '2001:db8:0:1::99'], 'an IPv6 address'],
  ])('%s stands on %s', (from, id, addresses, _what) => {
    expect(vantageOf(from)).toMatchObject({ kind: 'given', networkInterfaceId: id, addresses });
  });

  it('takes an instance without visible interfaces by its own address', () => {
    expect(vantageOf('i-9')).toMatchObject({
      instanceId: 'i-9',
      networkInterfaceId: undefined,
      vpcId: 'vpc-1',
      subnetId: 'subnet-b',
      availabilityZoneId: 'euw1-az2',
      addresses: ['10.0.2.90'],
      securityGroupIds: [],
    });
  });

  it.each([
    ['10.0.2.200', 'subnet-b'],
    ['2001:db8:0:2::5', 'subnet-b'],
  ])('takes the free address %s by its subnet, without security groups', (address, subnetId) => {
    const vantage = vantageOf(address);
    expect(vantage).toMatchObject({
      kind: 'given',
      region: 'eu-west-1',
      vpcId: 'vpc-1',
      subnetId,
      networkInterfaceId: undefined,
      addresses: [address],
      securityGroupIds: [],
      vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
    });
    expect(vantage.notes).toEqual([
      GIVEN_NOTE,
      `None of the 8 network interfaces in the state has the client's address ${address}: its security groups are not known.`,
    ]);
  });

  it('says of a free address that the interfaces were not readable', () => {
    const state = { ...STATE, networkInterfaces: unknown('denied') };
    expect(vantageOf('10.0.2.200', undefined, state).notes).toEqual([
      GIVEN_NOTE,
      "The client's security groups are not known: the network interfaces are not known (ec2:DescribeNetworkInterfaces: denied).",
    ]);
  });

  it("takes nothing over from this machine but the Region where the state doesn't tell, and ports that were given", () => {
    const base: Vantage = {
      ...emptyVantage('ec2'),
      region: 'eu-north-1',
      partition: 'aws',
      instanceId: 'i-here',
      addresses: ['10.0.1.5'],
      resolvers: [{ address: '10.0.0.2', port: 53 }],
      hosts: [{ line: 1, address: '10.0.2.14', names: ['x'] }],
      proxy: { httpsProxy: 'http://proxy' },
      ephemeralPorts: { from: 1024, to: 2048, source: 'kernel' },
      notes: ['about this machine'],
    };
    expect(vantageOf('eni-1', base)).toMatchObject({
      kind: 'given',
      region: 'eu-west-1',
      partition: 'aws',
      instanceId: 'i-1',
      resolvers: [],
      hosts: [],
      proxy: {},
      ephemeralPorts: { source: 'assumed' },
      notes: [GIVEN_NOTE],
    });
    const ports = { from: 49152, to: 65535, source: 'given' } as const;
    const other = vantageOf('i-9', { ...base, ephemeralPorts: ports }, { ...STATE, subnets: unknown('denied') });
    expect(other).toMatchObject({ region: 'eu-north-1', ephemeralPorts: ports });
    expect(other.notes[0]).not.toContain('assumed');
  });
});

describe('--from that cannot be', () => {
  const idea =
    'this is neither a network interface id (eni-…), nor an instance id (i-…), nor an IP address. Give one of these.';
  it.each([
    ['banana', idea],
    ['', idea],
    ['10.0.1', idea],
    ['10.0.1.300', idea],
    ['10.0.1.0/24', idea],
    ['eni-', idea],
    ['vpce-0aa', idea],
    [
      'eni-0bad',
      'there is no such network interface among the 9 in the state. Check the id, the Region and the account, or give the state of its VPC with --state.',
    ],
    [
      'i-0bad',
      'there is no such instance in the state. Check the id, the Region and the account, or give the state of its VPC with --state.',
    ],
    [
      '192.0.2.1',
      'this address lies in none of the 4 subnets in the state. Check it and the Region, or give the state of its VPC with --state.',
    ],
    [
      '10.0.1.200',
      'this address is on several network interfaces: eni-x1 (vpc-1), eni-x2 (vpc-2). Give one of their ids.',
    ],
    [
      '10.0.3.9',
      'this address lies in several subnets: subnet-c (vpc-2), subnet-d (vpc-1). Give a network interface id instead.',
    ],
    [
      '2001:db8:0:3::1',
      'this address lies in none of the 4 subnets in the state. Check it and the Region, or give the state of its VPC with --state.',
    ],
  ])('%j: one line with what to do', (from, problem) => {
    expect(problemOf(from)).toBe(`--from ${from}: ${problem}`);
  });

  it.each([
    [
      'eni-1',
      'the network interfaces are not known (ec2:DescribeNetworkInterfaces: denied). Let this run make that call, or give its output with --state.',
    ],
    [
      'i-1',
      'the instances are not known (ec2:DescribeInstances: this run did not ask) and the network interfaces are not known (ec2:DescribeNetworkInterfaces: denied). Let this run make one of these calls, or give its output with --state.',
    ],
    [
      '10.0.1.23',
      'no network interface with this address is known, and the subnets are not known (ec2:DescribeSubnets: the API cannot be reached). Let this run make that call, or give its output with --state.',
    ],
  ])('%s with an unreadable state is unknown, not absent', (from, problem) => {
    expect(problemOf(from, emptyVantage('host'), NOTHING)).toBe(`--from ${from}: ${problem}`);
  });

  it('still refuses what no state could help', () => {
    expect(problemOf('banana', emptyVantage('host'), NOTHING)).toContain('neither');
  });
});

describe('--from that is this machine', () => {
  const here: Vantage = {
    ...emptyVantage('ec2'),
    region: 'eu-west-1',
    instanceId: 'i-1',
    vpcId: 'vpc-1',
    subnetId: 'subnet-a',
    networkInterfaceId: 'eni-1',
    addresses: ['10.0.1.23'],
    securityGroupIds: ['sg-metadata'],
    interfaces: [
      {
        networkInterfaceId: 'eni-1',
        deviceNumber: 0,
        vpcId: 'vpc-1',
        subnetId: 'subnet-a',
        addresses: ['10.0.1.23', '10.0.1.24'],
        publicAddresses: [],
        securityGroupIds: ['sg-metadata'],
        vpcCidrs: ['10.0.0.0/16'],
      },
      {
        networkInterfaceId: 'eni-2',
        deviceNumber: 1,
        vpcId: 'vpc-1',
        subnetId: 'subnet-b',
        addresses: ['10.0.2.40'],
        publicAddresses: [],
        securityGroupIds: ['sg-metadata-2'],
        vpcCidrs: ['10.0.0.0/16'],
      },
    ],
    resolvers: [{ address: '10.0.0.2', port: 53 }],
    localInterfaces: [{ name: 'eth0', address: '10.0.1.23', prefixLength: 24 }],
  };

  it.each([
    ['eni-1', 'eni-1', ['10.0.1.23'], ['sg-metadata']],
    ['eni-2', 'eni-2', ['10.0.2.40'], ['sg-metadata-2']],
    ['i-1', 'eni-1', ['10.0.1.23'], ['sg-metadata']],
    ['10.0.1.23', 'eni-1', ['10.0.1.23'], ['sg-metadata']],
    ['10.0.1.24', 'eni-1', ['10.0.1.24'], ['sg-metadata']],
    ['10.0.2.40', 'eni-2', ['10.0.2.40'], ['sg-metadata-2']],
  ])('%s keeps the kind and the resolvers, and needs no state', (from, id, addresses, groups) => {
    expect(vantageOf(from, here, NOTHING)).toMatchObject({
      kind: 'ec2',
      networkInterfaceId: id,
      addresses,
      securityGroupIds: groups,
      resolvers: [{ address: '10.0.0.2', port: 53 }],
    });
  });

  it('is recognised on Fargate by address and MAC', () => {
    const task: Vantage = {
      ...emptyVantage('ecs-fargate'),
      addresses: ['10.0.1.23'],
      interfaces: [
        {
          macAddress: '0a:00:00:00:00:01',
          addresses: ['10.0.1.23'],
          publicAddresses: [],
          securityGroupIds: [],
          vpcCidrs: [],
        },
      ],
    };
    expect(vantageOf('eni-1', task)).toMatchObject({ kind: 'ecs-fargate', networkInterfaceId: 'eni-1' });
    expect(vantageOf('eni-2', task)).toMatchObject({ kind: 'given', networkInterfaceId: 'eni-2' });
  });

  it('is recognised on a host without metadata by any local address', () => {
    const host: Vantage = {
      ...emptyVantage('host'),
      addresses: ['192.0.2.9'],
      localInterfaces: [
        { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
        { name: 'eth1', address: '10.0.2.40', prefixLength: 24 },
      ],
    };
    expect(vantageOf('10.0.2.40', host)).toMatchObject({
      kind: 'host',
      networkInterfaceId: 'eni-2',
      addresses: ['10.0.2.40'],
    });
    expect(problemOf('127.0.0.1', host)).toContain('lies in none of the 4 subnets');
  });

  it('never is a vantage that was itself given', () => {
    expect(vantageOf('10.0.1.23', { ...here, kind: 'given' }).kind).toBe('given');
  });
});

describe('completing a vantage', () => {
  const fargate: Vantage = {
    ...emptyVantage('ecs-fargate'),
    region: 'eu-west-1',
    accountId: '444455556666',
    availabilityZone: 'eu-west-1a',
    addresses: ['10.0.1.23'],
    interfaces: [
      {
        macAddress: '0a:00:00:00:00:01',
        addresses: ['10.0.1.23'],
        publicAddresses: [],
        securityGroupIds: [],
        subnetCidr: '10.0.1.0/24',
        vpcCidrs: [],
      },
    ],
  };

  it('fills in what Fargate does not tell, and replaces nothing', () => {
    const vantage = completeVantage(fargate, STATE);
    expect(vantage).toMatchObject({
      kind: 'ecs-fargate',
      accountId: '444455556666',
      vpcId: 'vpc-1',
      subnetId: 'subnet-a',
      availabilityZoneId: 'euw1-az1',
      networkInterfaceId: 'eni-1',
      addresses: ['10.0.1.23'],
      securityGroupIds: ['sg-of-eni-1'],
      notes: [],
    });
    expect(vantage.interfaces).toHaveLength(1);
    expect(vantage.interfaces[0]).toMatchObject({
      networkInterfaceId: 'eni-1',
      ownerId: '111122223333',
      vpcId: 'vpc-1',
    });
  });

  it('does nothing more the second time', () => {
    for (const vantage of [
      fargate,
      { ...fargate, addresses: ['10.0.1.99'] },
      { ...emptyVantage('host'), addresses: ['10.0.1.77'] },
    ]) {
      const once = completeVantage(vantage, STATE);
      expect(completeVantage(once, STATE)).toEqual(once);
    }
  });

  it('changes nothing without a state', () => {
    expect(completeVantage(fargate, NOTHING)).toEqual(fargate);
  });

  it('does not take an interface of another MAC or another VPC', () => {
    const [own] = fargate.interfaces;
    const stranger = { ...fargate, interfaces: own === undefined ? [] : [{ ...own, macAddress: '0a:00:00:00:00:ff' }] };
    expect(completeVantage(stranger, STATE)).toMatchObject({
      networkInterfaceId: undefined,
      notes: [
        "None of the 8 network interfaces in the state has the client's address 10.0.1.23: its security groups are not known.",
      ],
    });
    const elsewhere = { ...emptyVantage('ecs-ec2'), vpcId: 'vpc-2', addresses: ['10.0.1.200'] };
    expect(completeVantage(elsewhere, STATE)).toMatchObject({
      networkInterfaceId: 'eni-x2',
      vpcId: 'vpc-2',
      notes: [],
    });
  });

  it('finds the subnet within a known VPC where no interface is visible', () => {
    const branch = { ...emptyVantage('eks-pod'), vpcId: 'vpc-1', addresses: ['10.0.2.133'] };
    expect(completeVantage(branch, STATE)).toMatchObject({
      networkInterfaceId: undefined,
      subnetId: 'subnet-b',
      availabilityZoneId: 'euw1-az2',
      vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
    });
  });

  it('does not choose between several interfaces', () => {
    const host = { ...emptyVantage('host'), addresses: ['10.0.1.200'] };
    expect(completeVantage(host, STATE)).toMatchObject({
      networkInterfaceId: undefined,
      vpcId: undefined,
      notes: ["The client's address 10.0.1.200 is on several network interfaces: eni-x1 (vpc-1), eni-x2 (vpc-2)."],
    });
  });

  it('says when only an address led to the interface', () => {
    const host = { ...emptyVantage('host'), addresses: ['10.0.1.77'] };
    expect(completeVantage(host, STATE)).toMatchObject({
      networkInterfaceId: 'eni-3',
      securityGroupIds: ['sg-of-eni-3'],
      notes: [
        'The client is taken to be eni-3 (vpc-1), the only network interface in the state with its address 10.0.1.77.',
      ],
    });
  });

  it.each([
    ['eu-west-1a', 'eu-west-1'],
    ['us-gov-west-1b', 'us-gov-west-1'],
    ['us-west-2-lax-1a', 'us-west-2'],
    ['eusc-de-east-1a', 'eusc-de-east-1'],
    ['nowhere', undefined],
  ])('takes the Region from the zone %s', (availabilityZone, region) => {
    expect(completeVantage({ ...emptyVantage('given'), availabilityZone }, NOTHING).region).toBe(region);
  });
});
