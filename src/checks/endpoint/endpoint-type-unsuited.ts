import { LAB } from '../../lab/world.ts';
import type { NetworkInterface, VpcEndpoint } from '../../model/aws.ts';
import type { Observation } from '../../model/observation.ts';
import { missing, type State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import { familyOf, formatAddress, parseCidr } from '../../network/addresses.ts';
import { chooseEndpoint, endpointState, endpointsFor, isType } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { resolverKind } from '../../network/resolution.ts';
import {
  type Agreement,
  type CheckContext,
  type Draft,
  defineCheck,
  draftElement,
  type Finding,
  type Fix,
  found,
  NOT_APPLICABLE,
  type Outcome,
  unknown,
} from '../check.ts';
import { comment } from '../terraform.ts';
import { createPlanned, isOtherRegion, type NewEndpoint, planEndpoint } from './create-endpoint.ts';
import { predictsNoConnection } from './endpoint-missing.ts';
import { JOINED_SLICES, joinedTo } from './joined.ts';
import { leadsToPrivate } from './no-endpoint.ts';
import { WAY_OUT_SLICES, wayOut } from './way-out.ts';

const SLICES = [
  ...new Set([
    ...WAY_OUT_SLICES,
    ...JOINED_SLICES,
    'vpcEndpoints',
    'vpcAttributes',
    'networkInterfaces',
    'dhcpOptions',
    'endpointServices',
  ] as const),
];
type Context = CheckContext<(typeof SLICES)[number]>;

type Facts =
  | {
      readonly kind: 'gateway-of-another-vpc';
      readonly plan: NewEndpoint | undefined;
      readonly host: string | undefined;
    }
  | {
      readonly kind: 'ipv4-only';
      readonly endpointId: string;
      readonly gateway: boolean;
      /** an IPv6 address for each network interface; undefined when a subnet has no IPv6 block or cannot be read */
      readonly addresses: ReadonlyMap<string, string> | undefined;
    };

export const endpointTypeUnsuited = defineCheck({
  code: 'endpoint-type-unsuited',
  title: 'The endpoint is of a type that cannot serve this client',
  layer: 'endpoint',
  needs: SLICES,
  documentation: {
    meaning:
      'A gateway endpoint is a route in the route tables of its own VPC: clients of another VPC, behind peering, a transit gateway, VPN or Direct Connect, cannot use it, connected as they are. And an endpoint whose address type is ipv4 has no IPv6 address (an interface endpoint) or no IPv6 route (a gateway endpoint): a client that has only IPv6, or a dual-stack name that leads it to IPv6 addresses, goes past it.',
    confirm:
      'aws ec2 describe-vpc-endpoints: VpcEndpointType and VpcId beside the client’s VPC; IpAddressType beside the addresses that the client has (ip addr) and is given (dig AAAA).',
    remedy:
      'For another VPC’s clients create a gateway endpoint in their own VPC (free of charge), or an interface endpoint where the traffic comes from on-premises. For IPv6 change the endpoint’s address type to dualstack, with IPv6 blocks on its subnets and security group rules for IPv6.',
    notWhen:
      'Interface endpoints do serve connected networks. A client with IPv4 and IPv6 uses IPv4 for names that have no IPv6 address, and IPv6 that leaves by an egress-only internet gateway works, past the endpoint.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html',
      'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html',
    ],
  },
  evaluate: (context): Outcome<Facts> => {
    const { state, client, vantage, target, evidence } = context;
    if (target.address !== undefined || target.serviceNames.length === 0 || isOtherRegion(target, vantage))
      return NOT_APPLICABLE;
    if (!state.vpcEndpoints.known) {
      // Without IPv6 only another VPC's gateway endpoint could be meant, and of that nothing is known.
      const gatewayService = planEndpoint(state, vantage, target)?.type === 'Gateway';
      return gatewayService || client.ipv6 !== undefined ? unknown([missing(state, 'vpcEndpoints')]) : NOT_APPLICABLE;
    }
    const choice = chooseEndpoint(state, client.vpcId, target);
    if (choice === undefined) return gatewayElsewhere(context);
    const [endpoint] = choice.endpoints;
    if (endpointState(endpoint) !== 'available' || client.ipv6 === undefined) return NOT_APPLICABLE;
    if (choice.endpoints.some(speaksIpv6)) return NOT_APPLICABLE;
    const tried = evidence.addresses.flatMap((address) => evidence.tcp(address));
    const opened = tried.filter((one) => one.outcome === 'open').map((one) => familyOf(one.subject.address));
    // DNS64 with NAT64, or an egress-only internet gateway, may carry it all the same.
    if (client.ipv4 === undefined)
      return opened.length > 0 ? NOT_APPLICABLE : ipv4Only(context, endpoint, evidence.addresses, 'all');
    // A client with both families is harmed only where the name really leads it to IPv6 addresses, and they are silent.
    const ipv6 = evidence.addresses.filter((address) => familyOf(address) === 6);
    const silent = ipv6.filter((address) => evidence.tcp(address).some((one) => one.outcome !== 'open'));
    if (choice.way !== 'gateway' || silent.length === 0 || opened.includes(6)) return NOT_APPLICABLE;
    return ipv4Only(context, endpoint, silent, opened.includes(4) ? 'some' : 'all');
  },
  fix: (facts: Facts): Fix =>
    facts.kind === 'gateway-of-another-vpc' ? createPlanned(facts.plan, facts.host) : makeDualStack(facts),
  demonstration: {
    targets: ['s3'],
    inject: (world) => {
      const other = 'vpc-20000009';
      world.api.vpcs.push({ VpcId: other, CidrBlock: '10.29.0.0/16', OwnerId: world.accountId });
      world.api.vpcPeeringConnections.push({
        VpcPeeringConnectionId: 'pcx-20000009',
        Status: { Code: 'active' },
        RequesterVpcInfo: { VpcId: LAB.vpc, CidrBlock: '10.0.0.0/16', OwnerId: world.accountId },
        AccepterVpcInfo: { VpcId: other, CidrBlock: '10.29.0.0/16', OwnerId: world.accountId },
      });
      for (const table of world.api.routeTables) {
        if (table.RouteTableId !== LAB.clientRouteTable) continue;
        table.Routes = [
          ...(table.Routes ?? []).filter((route) => route.DestinationPrefixListId === undefined),
          {
            DestinationCidrBlock: '10.29.0.0/16',
            VpcPeeringConnectionId: 'pcx-20000009',
            Origin: 'CreateRoute',
            State: 'active',
          },
        ];
      }
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Gateway') continue;
        endpoint.VpcId = other;
        endpoint.RouteTableIds = [];
      }
    },
  },
});

/** Whether the endpoint has IPv6 addresses or routes (facts.md 1.1, 4.2). */
function speaksIpv6(endpoint: VpcEndpoint): boolean {
  return (endpoint.IpAddressType?.toLowerCase() ?? 'ipv4') !== 'ipv4';
}

/** The gateway endpoint of a VPC that this one is connected to, and nothing else. */
function gatewayElsewhere({ state, client, vantage, target, evidence }: Context): Outcome<Facts> {
  const vpcId = client.vpcId;
  if (vpcId === undefined || target.endpointId !== undefined) return NOT_APPLICABLE;
  const others = endpointsFor(state.vpcEndpoints, target).filter((endpoint) => endpoint.VpcId !== undefined);
  const [first] = others;
  // A connected interface endpoint would do: then its names and rules are what to look at.
  if (first?.VpcId === undefined || others.some((endpoint) => !isType(endpoint, 'gateway'))) return NOT_APPLICABLE;
  const joined = others.map((endpoint) => joinedTo(state, client, vpcId, endpoint.VpcId ?? ''));
  const at = joined.findIndex((one) => one.joined === 'yes');
  const endpoint = others[at];
  if (endpoint === undefined) {
    const gaps = joined.flatMap((one) => one.missing);
    return gaps.length > 0 ? unknown(gaps) : NOT_APPLICABLE;
  }
  // Another resolver may lead the name to a private address somewhere: where it does is told by packets only.
  if (!evidence.probed && resolverKind(state, vantage) === 'other') return NOT_APPLICABLE;
  if (leadsToPrivate(evidence)) return NOT_APPLICABLE;
  const way = wayOut(state, client, evidence, target.port);
  if (way.usable === 'yes') return NOT_APPLICABLE;
  if (way.usable === 'unknown') return unknown(way.missing.length > 0 ? way.missing : [missing(state, 'routeTables')]);
  return found([
    {
      key: `${endpoint.VpcEndpointId} ${vpcId}`,
      resources: [endpoint.VpcEndpointId, vpcId],
      extent: 'all',
      summary: `${endpoint.VpcEndpointId} is a gateway endpoint of ${endpoint.VpcId}. ${vpcId}, where this host is, is connected to that VPC, but a gateway endpoint serves its own VPC only; nothing else leads to the service: ${way.why}.`,
      because: [
        {
          source: 'configuration',
          text: `${endpoint.VpcEndpointId}: type Gateway, VPC ${endpoint.VpcId}`,
          ref: endpoint.VpcEndpointId,
        },
        { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
      ],
      predicts: predictsNoConnection(evidence.resolved, target.port),
      facts: { kind: 'gateway-of-another-vpc', plan: planEndpoint(state, vantage, target), host: target.host },
    },
  ]);
}

function ipv4Only(
  { state, client, target }: Context,
  endpoint: VpcEndpoint,
  addresses: readonly string[],
  extent: Finding<Facts>['extent'],
): Outcome<Facts> {
  const id = endpoint.VpcEndpointId;
  const gateway = isType(endpoint, 'gateway');
  const lacks = gateway ? 'it has no route for IPv6' : 'it has no IPv6 address';
  return found([
    {
      key: `${id} ipv6`,
      resources: [id],
      extent,
      summary: `${id} is for IPv4 only (${lacks}), and ${client.ipv4 === undefined ? `this host has only the IPv6 address ${client.ipv6}` : `${target.host} leads this host to the IPv6 addresses ${addresses.join(', ')}, where nothing answers`}.`,
      because: [
        { source: 'configuration', text: `${id}: IpAddressType ${endpoint.IpAddressType ?? 'ipv4'}`, ref: id },
        {
          source: 'configuration',
          text: `the client’s addresses: ${[client.ipv4, client.ipv6].filter((one) => one !== undefined).join(', ')}`,
          ref: client.networkInterfaceId,
        },
      ],
      predicts: predictsSilenceAt(addresses, target),
      facts: {
        kind: 'ipv4-only',
        endpointId: id,
        gateway,
        addresses: gateway ? undefined : newAddresses(state, endpoint),
      },
    },
  ]);
}

function predictsSilenceAt(addresses: readonly string[], target: Target): (observation: Observation) => Agreement {
  const silence = predictsNoConnection(addresses, target.port);
  return (observation) => {
    if (observation.rung !== 'dns') return silence(observation);
    const own = observation.subject.name.toLowerCase() === target.host?.toLowerCase();
    return own && observation.subject.type === 'AAAA' && observation.outcome === 'no-data' ? 'agrees' : undefined;
  };
}

/** A free IPv6 address in the subnet of each of the endpoint's interfaces; undefined where one has no IPv6 block. */
function newAddresses(
  state: Pick<State, 'networkInterfaces' | 'subnets'>,
  endpoint: VpcEndpoint,
): ReadonlyMap<string, string> | undefined {
  const addresses = new Map<string, string>();
  for (const id of endpoint.NetworkInterfaceIds ?? []) {
    const subnetId = byId(state.networkInterfaces, 'NetworkInterfaceId', id)?.SubnetId;
    const subnet = subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', subnetId);
    const block = subnet?.Ipv6CidrBlockAssociationSet?.find((entry) => entry.Ipv6CidrBlock !== undefined);
    const range = block?.Ipv6CidrBlock === undefined ? undefined : parseCidr(block.Ipv6CidrBlock)?.range;
    if (range === undefined) return undefined;
    addresses.set(id, formatAddress(6, range.low + 0xe0n));
  }
  return addresses.size === 0 ? undefined : addresses;
}

function makeDualStack({ endpointId, gateway, addresses }: Extract<Facts, { kind: 'ipv4-only' }>): Fix {
  const records = gateway ? '' : ' --dns-options DnsRecordIpType=dualstack';
  return {
    summary: `Change the address type of ${endpointId} to dualstack${gateway ? '' : ', and admit the client’s IPv6 address at its security groups'}.`,
    commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --ip-address-type dualstack${records}`],
    undo: [
      `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpointId} --ip-address-type ipv4${gateway ? '' : ' --dns-options DnsRecordIpType=ipv4'}`,
    ],
    terraform: comment(
      `In the aws_vpc_endpoint of ${endpointId} set ip_address_type = "dualstack"${gateway ? '' : ', and dns_record_ip_type = "dualstack" in its dns_options'}. Undo: set ${gateway ? 'it' : 'both'} to "ipv4" again.`,
    ),
    owner: 'endpoint owner',
    caution: `The service must offer IPv6 (SupportedIpAddressTypes)${gateway ? '.' : ', and the endpoint’s subnets need IPv6 blocks.'}`,
    ...(addresses === undefined
      ? {
          unprovable: gateway
            ? 'the IPv6 prefix list of the service is added by AWS and is not in the description'
            : 'a subnet of the endpoint has no IPv6 block, or could not be read',
        }
      : { edit: (draft: Draft) => addIpv6(draft, endpointId, addresses) }),
  };
}

function addIpv6(draft: Draft, endpointId: string, addresses: ReadonlyMap<string, string>): void {
  const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', endpointId);
  if (endpoint === undefined) return;
  endpoint.IpAddressType = 'dualstack';
  endpoint.DnsOptions = { ...endpoint.DnsOptions, DnsRecordIpType: 'dualstack' };
  for (const [id, Ipv6Address] of addresses) {
    const own: NetworkInterface | undefined = draftElement(draft, 'networkInterfaces', 'NetworkInterfaceId', id);
    if (own !== undefined) own.Ipv6Addresses = [{ Ipv6Address }];
  }
}
