import type { Route } from '../../model/aws.ts';
import { type Missing, missing, type State } from '../../model/state.ts';
import { addressSet, unionAddresses } from '../../network/addresses.ts';
import { embeddedIpv4 } from '../../network/answer-class.ts';
import type { Client } from '../../network/client.ts';
import { byId } from '../../network/index-by-id.ts';
import { isBlackhole, routeTableOf, routeTarget, selectRoutes } from '../../network/route-tables.ts';
import {
  absent,
  defineCheck,
  draftElement,
  type Finding,
  type FixAlternative,
  found,
  NOT_APPLICABLE,
  unknown,
} from '../check.ts';
import { list } from '../path/blocked-gates.ts';
import { retargetInTerraform, targetOption } from '../path/route-commands.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';
import { failedConnection } from './names.ts';

type Facts = {
  readonly host: string;
  readonly subnetId: string | undefined;
  readonly routeTableId: string | undefined;
  readonly nat: string | undefined;
  /** the table's own route for the prefix, which goes elsewhere */
  readonly replaced: Route | undefined;
};

export const dns64WithoutNat64 = defineCheck({
  code: 'dns64-without-nat64',
  title: 'DNS64 gives IPv6 addresses that no NAT gateway translates back',
  layer: 'dns',
  needs: ['routeTables', 'prefixLists', 'prefixListEntries', 'natGateways'],
  documentation: {
    meaning:
      'The subnet has DNS64 on, so the VPC’s resolver gives a name without IPv6 addresses made-up ones in 64:ff9b::/96. They work only where the subnet’s route table sends 64:ff9b::/96 to a NAT gateway; here it does not, and IPv6 connections to them go nowhere. Hosts with IPv6 try them first.',
    confirm:
      'dig AAAA <host> gives 64:ff9b::…; aws ec2 describe-route-tables shows no route for 64:ff9b::/96 to a NAT gateway.',
    remedy:
      'Add the route 64:ff9b::/96 to a NAT gateway in a public subnet, or switch DNS64 off for the subnet, or use a dual-stack endpoint.',
    notWhen: 'A host without an IPv6 address of its own never uses these answers, and nothing is reported for it.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html'],
  },
  evaluate: ({ state, client, target, evidence }) => {
    if (target.host === undefined || client.ipv6 === undefined || evidence.pinned.length > 0) return NOT_APPLICABLE;
    const made = evidence.addresses.filter((address) => embeddedIpv4(address) !== undefined);
    if (made.length === 0) return NOT_APPLICABLE;
    if (made.some((address) => evidence.tcp(address).some((one) => one.outcome === 'open')))
      return absent('connections to DNS64’s addresses open');
    if (client.subnetId === undefined) return unknown([missing(state, 'routeTables', 'which subnet the client is in')]);
    const way = translation(state, client, made);
    if (way.usable === undefined) return unknown([way.missing ?? missing(state, 'routeTables')]);
    if (way.usable) return absent(way.why);
    const natGateways = state.natGateways.known ? state.natGateways.value : [];
    return found([
      finding(target.host, target.port, made, evidence.addresses.length, way.why, {
        host: target.host,
        subnetId: client.subnetId,
        routeTableId: way.routeTableId,
        nat: natGateways.find(
          (one) =>
            one.VpcId === client.vpcId &&
            (one.State ?? 'available').toLowerCase() === 'available' &&
            one.ConnectivityType?.toLowerCase() !== 'private',
        )?.NatGatewayId,
        replaced: way.own,
      }),
    ]);
  },
  suspect: ({ client, target, evidence }) => {
    const made = evidence.addresses.filter((address) => embeddedIpv4(address) !== undefined);
    const dead = made.filter((address) => evidence.tcp(address).some((one) => one.outcome !== 'open'));
    if (target.host === undefined || dead.length === 0) return undefined;
    return finding(target.host, target.port, dead, evidence.addresses.length, 'nothing answers there', {
      host: target.host,
      subnetId: client.subnetId,
      routeTableId: undefined,
      nat: undefined,
      replaced: undefined,
    });
  },
  fix: ({ subnetId, routeTableId, nat, replaced }) => {
    const off = switchOff(subnetId);
    if (routeTableId === undefined || nat === undefined)
      return {
        ...off,
        summary: `Send ${PREFIX} to a NAT gateway in the route table of ${subnetId ?? 'the subnet'}, or switch DNS64 off there.`,
        owner: 'network owner',
        unprovable:
          'no usable NAT gateway or route table is in the state, and what the resolver gives then is not part of the model',
      };
    const where = `--route-table-id ${routeTableId} --destination-ipv6-cidr-block ${PREFIX}`;
    const target = { nat_gateway_id: nat };
    return {
      summary: `Send ${PREFIX} of ${routeTableId} to ${nat}.`,
      commands: [`aws ec2 ${replaced === undefined ? 'create' : 'replace'}-route ${where} --nat-gateway-id ${nat}`],
      undo: [
        replaced === undefined || isBlackhole(replaced)
          ? `aws ec2 delete-route ${where}`
          : `aws ec2 replace-route ${where} ${targetOption(replaced)}`,
      ],
      terraform:
        replaced === undefined
          ? hcl(
              resource('aws_route', `${routeTableId}_nat64`, {
                route_table_id: routeTableId,
                destination_ipv6_cidr_block: PREFIX,
                ...target,
              }),
              UNDO_BY_REMOVAL,
            )
          : retargetInTerraform(routeTableId, PREFIX, target, comment('Undo: give the route its former target.')),
      owner: 'network owner',
      caution: 'The NAT gateway’s traffic is charged per gigabyte.',
      alternatives: [off],
      edit: (draft) => {
        const table = draftElement(draft, 'routeTables', 'RouteTableId', routeTableId);
        if (table === undefined) return;
        const others = (table.Routes ?? []).filter((route) => route.DestinationIpv6CidrBlock !== PREFIX);
        table.Routes = [
          ...others,
          { DestinationIpv6CidrBlock: PREFIX, NatGatewayId: nat, Origin: 'CreateRoute', State: 'active' },
        ];
      },
    };
  },
  demonstration: {
    targets: ['example.com'],
    inject: (world) => {
      // A dual-stack client behind a NAT gateway: IPv4 works, and IPv6 is tried first.
      world.api.internetGateways.push({
        InternetGatewayId: 'igw-f0000001',
        Attachments: [{ VpcId: 'vpc-10000001', State: 'available' }],
      });
      world.api.natGateways.push({
        NatGatewayId: 'nat-f0000001',
        VpcId: 'vpc-10000001',
        SubnetId: 'subnet-f0000001',
        State: 'available',
        ConnectivityType: 'public',
      });
      const route = { DestinationCidrBlock: '0.0.0.0/0', Origin: 'CreateRoute', State: 'active' };
      for (const table of world.api.routeTables) {
        if (table.RouteTableId === 'rtb-f0000001') table.Routes?.push({ ...route, GatewayId: 'igw-f0000001' });
        if (table.RouteTableId === 'rtb-c0000001') table.Routes?.push({ ...route, NatGatewayId: 'nat-f0000001' });
      }
      for (const vpc of world.api.vpcs)
        vpc.Ipv6CidrBlockAssociationSet = [
          { Ipv6CidrBlock: 'fd00:10::/56', Ipv6CidrBlockState: { State: 'associated' } },
        ];
      for (const subnet of world.api.subnets) {
        if (subnet.SubnetId !== 'subnet-c0000001') continue;
        subnet.EnableDns64 = true;
        subnet.Ipv6CidrBlockAssociationSet = [
          { Ipv6CidrBlock: 'fd00:10:0:1::/64', Ipv6CidrBlockState: { State: 'associated' } },
        ];
      }
      for (const one of world.api.networkInterfaces)
        if (one.NetworkInterfaceId === 'eni-c0000001') one.Ipv6Addresses = [{ Ipv6Address: 'fd00:10:0:1::23' }];
      for (const group of world.api.securityGroups)
        if (group.GroupId === 'sg-c0000001')
          group.IpPermissionsEgress?.push({ IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] });
      for (const acl of world.api.networkAcls)
        for (const Egress of [true, false])
          acl.Entries?.push({ RuleNumber: 101, Protocol: '-1', RuleAction: 'allow', Egress, Ipv6CidrBlock: '::/0' });
    },
  },
});

/** The well-known prefix of RFC 6052, which the VPC's resolver uses. */
const PREFIX = '64:ff9b::/96';

function switchOff(subnetId: string | undefined): FixAlternative {
  const command = `aws ec2 modify-subnet-attribute --subnet-id ${subnetId ?? '"$SUBNET"'}`;
  return {
    summary: `Switch DNS64 off for ${subnetId ?? 'the subnet'}.`,
    commands: [`${command} --no-enable-dns64`],
    undo: [`${command} --enable-dns64`],
    caution: 'Without DNS64 hosts that have only IPv6 lose every name that has only IPv4 addresses.',
    terraform: comment(
      `In the aws_subnet of ${subnetId ?? 'the client'} set enable_dns64 = false. Undo: set it to true again.`,
    ),
    unprovable: 'what the resolver gives then is not part of the model; run vpce-doctor again to see it',
  };
}

type Translation = {
  /** undefined when it cannot be told */
  readonly usable: boolean | undefined;
  readonly why: string;
  readonly routeTableId: string | undefined;
  /** the table's route for exactly this prefix */
  readonly own: Route | undefined;
  readonly missing?: Missing | undefined;
};

/** Whether the subnet's routes lead these addresses to a NAT gateway: nothing else in a VPC does NAT64. */
function translation(
  state: Pick<State, 'routeTables' | 'prefixLists' | 'prefixListEntries' | 'natGateways'>,
  client: Client,
  made: readonly string[],
): Translation {
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  const own = table?.Routes?.find((route) => route.DestinationIpv6CidrBlock === PREFIX);
  const say = (usable: boolean | undefined, why: string, gap?: Missing): Translation => ({
    usable,
    why,
    routeTableId: table?.RouteTableId,
    own,
    missing: gap,
  });
  if (table === undefined)
    return say(undefined, 'the route table is not known', missing(state, 'routeTables', client.subnetId));
  const addresses = unionAddresses(...made.map((address) => addressSet(address) ?? []));
  const [part] = selectRoutes(state, table, addresses);
  if (part?.winner === 'undetermined')
    return say(
      undefined,
      'which route wins cannot be told',
      missing(state, 'prefixListEntries', part.unreadablePrefixListId),
    );
  if (part?.route === undefined) return say(false, `${table.RouteTableId} has no route for 64:ff9b::/96`);
  const { kind, id } = routeTarget(part.route);
  if (isBlackhole(part.route)) return say(false, `the route ${part.destination} → ${id} is a blackhole`);
  if (kind !== 'nat-gateway') {
    // Central NAT64 behind a transit gateway or an appliance cannot be seen from here.
    if (kind.endsWith('internet-gateway') || kind === 'local')
      return say(false, `${table.RouteTableId} sends 64:ff9b::/96 to ${id}, and only a NAT gateway translates it`);
    const gap = { slice: 'routeTables', action: 'ec2:SearchTransitGatewayRoutes', why: 'not-asked' } as const;
    return say(undefined, `whether ${id} leads to a NAT gateway cannot be seen from here`, { ...gap, detail: id });
  }
  const nat = byId(state.natGateways, 'NatGatewayId', id);
  if (!state.natGateways.known) return say(undefined, `${id} could not be read`, missing(state, 'natGateways', id));
  const life = nat?.State?.toLowerCase() ?? (nat === undefined ? 'gone' : 'available');
  return life === 'available' ? say(true, `${id} translates 64:ff9b::/96`) : say(false, `${id} is ${life}`);
}

function finding(
  host: string,
  port: number,
  made: readonly string[],
  all: number,
  why: string,
  facts: Facts,
): Finding<Facts> {
  const { routeTableId, subnetId } = facts;
  return {
    key: routeTableId ?? subnetId ?? host,
    resources: [routeTableId ?? subnetId ?? host],
    extent: made.length === all ? 'all' : 'some',
    summary: `${host} has only IPv4 addresses, and DNS64 turns them into ${list(made)} for IPv6; nothing translates these back: ${why}.`,
    because: [
      {
        source: 'configuration',
        text:
          routeTableId !== undefined && why.includes(routeTableId)
            ? why
            : `${routeTableId ?? 'the client’s route table'}: ${why}`,
        ref: routeTableId,
      },
    ],
    predicts: (observation) => (failedConnection(made, port, observation) ? 'agrees' : undefined),
    facts,
  };
}
