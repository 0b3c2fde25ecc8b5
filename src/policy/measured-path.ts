/**
 * By which way the packets of this run left, and the condition keys that follow from it. The packets say which address
 * answered; the description of the VPC says whose address that is, or which route takes it. Where the two do not settle it, the
 * way is unknown and so are its keys: a policy that hangs on them cannot be decided.
 */
import type { RouteTable, VpcEndpoint } from '../model/aws.ts';
import { type Missing, missing, type SliceName, type State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressSet, cidrSet, containsAddress, familyOf } from '../network/addresses.ts';
import { type Client, clientOf } from '../network/client.ts';
import { addressDestination, allAddresses } from '../network/destinations.ts';
import { chooseEndpoint, isType } from '../network/endpoints.ts';
import { byId } from '../network/index-by-id.ts';
import { prefixListCidrs } from '../network/prefix-lists.ts';
import { isBlackhole, type RoutePart, routeTableOf, routeTarget, selectRoutes } from '../network/route-tables.ts';
import { type DerivedKey, deriveContext, directKeys } from './context.ts';
import type { Principal } from './request.ts';

/** What tells the way. */
export const WAY_SLICES = [
  'vpcEndpoints',
  'networkInterfaces',
  'routeTables',
  'prefixLists',
  'prefixListEntries',
  'natGateways',
] as const satisfies readonly SliceName[];
export type WayReads = Pick<State, (typeof WAY_SLICES)[number]>;

export type MeasuredPath = {
  readonly way: 'interface-endpoint' | 'gateway-endpoint' | 'nat' | 'internet-gateway' | 'transit' | 'unknown';
  /** the address that the packets were sent to; undefined where nothing was measured and the way is the intended one */
  readonly address?: string | undefined;
  /** the endpoint */
  readonly vpceId?: string | undefined;
  /** the VPC that the endpoint stands in: of a central endpoint that is not the client's own */
  readonly vpcId?: string | undefined;
  /** the NAT gateway, the internet gateway, or what else a route leads to */
  readonly via?: string | undefined;
  /** the address that the service sees: within the VPC where an endpoint is the way, else the public one */
  readonly sourceAddress?: string | undefined;
  /** the addresses of which the service sees one, where they are several */
  readonly sourceAddresses?: readonly string[] | undefined;
  /** whether packets went this way, rather than being meant to */
  readonly certain: boolean;
  /** a clause for the reader: `10.0.2.14 is an interface of vpce-0aa` */
  readonly because: string;
  /** what would tell the way, where it is not known */
  readonly missing: readonly Missing[];
};

/**
 * The way to an address at which a connection opened.
 * @param address IPv4 or IPv6
 */
export function measuredPath(state: WayReads, vantage: Vantage, address: string): MeasuredPath {
  const client = clientOf(vantage);
  const holder = addressDestination(state, client, address);
  if (holder !== undefined) return throughInterface(state, client, address, holder);
  if (containsAddress(PRIVATE, address) || containsAddress(cidrSet(vantage.vpcCidrs), address)) {
    // An endpoint of another account's VPC looks like this, and so does a load balancer or proxy in front of anything.
    const why = state.networkInterfaces.known
      ? `no interface that this account sees holds ${address}`
      : `whose interface ${address} is cannot be read`;
    const detail = `the network interface that holds ${address}`;
    return unknownWay(address, why, [
      state.networkInterfaces.known
        ? { slice: 'networkInterfaces', action: 'ec2:DescribeNetworkInterfaces', why: 'not-visible', detail }
        : missing(state, 'networkInterfaces', detail),
    ]);
  }
  return routedWay(state, vantage, client, address);
}

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/**
 * The way that is meant, where no packet has shown one: through the endpoint that the VPC has for the target.
 * @param covered false: also an endpoint to which the name does not lead yet, which is a fault of its own
 * @returns unknown where there is none, or where private DNS does not lead the name to it
 */
export function intendedPath(state: WayReads, vantage: Vantage, target: Target, covered = true): MeasuredPath {
  const client = clientOf(vantage);
  const choice = chooseEndpoint(state, client.vpcId, target);
  if (choice === undefined) {
    const gaps = state.vpcEndpoints.known ? [] : [missing(state, 'vpcEndpoints')];
    return unknownWay(undefined, 'no endpoint for it is known', gaps);
  }
  const [first] = choice.endpoints;
  if (choice.way === 'gateway') {
    const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
    const route = table?.Routes?.find(
      (one) => choice.endpoints.some(({ VpcEndpointId }) => VpcEndpointId === one.GatewayId) && !isBlackhole(one),
    );
    // Where no route leads to it that is a fault of its own, and the endpoint is still the way that is meant.
    const endpoint = choice.endpoints.find(({ VpcEndpointId }) => VpcEndpointId === route?.GatewayId) ?? first;
    const because =
      route === undefined
        ? `${endpoint.VpcEndpointId} is the gateway endpoint for it`
        : `${table?.RouteTableId} has a route to ${endpoint.VpcEndpointId}`;
    return { ...endpointIds(endpoint, 'gateway-endpoint', client.ipv4), certain: false, because, missing: [] };
  }
  if (choice.way === 'uncovered' && covered)
    return unknownWay(undefined, `the name does not lead to ${first.VpcEndpointId} by private DNS`, []);
  const near = first.VpcId === undefined || first.VpcId === client.vpcId;
  return {
    ...endpointIds(first, 'interface-endpoint', near ? client.ipv4 : undefined),
    certain: false,
    because: `${first.VpcEndpointId} is the endpoint for it`,
    missing: [],
  };
}

/**
 * The condition keys of a request that goes this way, with those that follow from the request itself.
 * `aws:SourceVpce`, `aws:SourceVpc` and `aws:VpcSourceIp` exist only for requests through an endpoint, `aws:SourceIp` only for
 * others (IAM User Guide, reference_policies_condition-keys; facts.md 6.2). `aws:SourceVpc` is the VPC that hosts the endpoint
 * (AWS KMS Developer Guide, vpce-policy-condition).
 */
export function pathContext(
  path: MeasuredPath,
  target: Pick<Target, 'region' | 'port'>,
  request: { readonly action: string; readonly resource: string; readonly principal: Principal | undefined },
): readonly DerivedKey[] {
  const endpoint = isEndpointWay(path) ? { vpceId: path.vpceId, vpcId: path.vpcId } : undefined;
  const base = deriveContext({ ...request, endpoint });
  const own: DerivedKey[] = [
    ...(target.port === 80 ? [] : [key('aws:SecureTransport', 'true', 'the request is made over TLS')]),
    ...(target.region === undefined ? [] : [key('aws:RequestedRegion', target.region, 'the Region in the host name')]),
    ...keysOfWay(path, request),
  ];
  const named = new Set(own.map((one) => one.key.toLowerCase()));
  return [...base.filter((one) => !named.has(one.key.toLowerCase())), ...own];
}

/** The keys that a request has, lacks, or has with another value because of the way it takes. */
export const PATH_KEYS: readonly string[] = [
  'aws:SourceVpce',
  'aws:SourceVpc',
  'aws:SourceVpcArn',
  'aws:VpceAccount',
  'aws:VpceOrgID',
  'aws:VpceOrgPaths',
  'aws:VpcSourceIp',
  'aws:SourceIp',
];

export function isPathKey(key: string): boolean {
  return PATH_KEYS.some((one) => one.toLowerCase() === key.toLowerCase());
}

/** Whether the way is through an endpoint that is known. */
export function isEndpointWay(path: MeasuredPath): boolean {
  return path.vpceId !== undefined && (path.way === 'interface-endpoint' || path.way === 'gateway-endpoint');
}

/** How a sentence calls the way. */
export function wayWords(path: MeasuredPath): string {
  switch (path.way) {
    case 'interface-endpoint':
    case 'gateway-endpoint':
      return `through ${path.vpceId ?? 'an endpoint'}`;
    case 'nat':
      return `through NAT (${path.via})`;
    case 'internet-gateway':
      return `through the internet gateway ${path.via}`;
    case 'transit':
      return `through ${path.via}`;
    case 'unknown':
      return 'by a way that is not known';
  }
}

function keysOfWay(
  path: MeasuredPath,
  { action, principal }: { readonly action: string; readonly principal: Principal | undefined },
): DerivedKey[] {
  if (isEndpointWay(path)) {
    const { sourceAddress } = path;
    return sourceAddress === undefined
      ? []
      : [key('aws:VpcSourceIp', sourceAddress, 'this host’s address, which nothing on the way changes')];
  }
  if (path.way !== 'nat' && path.way !== 'internet-gateway') return [];
  const why = `the request leaves ${wayWords(path)}`;
  const lacking = PATH_KEYS.filter((one) => one !== 'aws:SourceIp');
  // What leaves by a VPC's own gateway was sent by the caller itself: services call others from networks of their own.
  return [
    ...lacking.map((one) => key(one, undefined, why)),
    ...directKeys(action, principal, why),
    path.sourceAddress === undefined
      ? { key: 'aws:SourceIp', value: { known: false }, why }
      : key('aws:SourceIp', path.sourceAddress, why),
  ];
}

function key(name: string, value: string | undefined, why: string): DerivedKey {
  return { key: name, value: { known: true, values: value === undefined ? undefined : [value] }, why };
}

function throughInterface(
  state: WayReads,
  client: Client,
  address: string,
  { networkInterfaceId, vpcId, relation }: NonNullable<ReturnType<typeof addressDestination>>,
): MeasuredPath {
  if (relation === 'unjoined')
    return unknownWay(address, `${networkInterfaceId} holds ${address} in ${vpcId}, to which no route leads`, []);
  const one = byId(state.networkInterfaces, 'NetworkInterfaceId', networkInterfaceId);
  if (one === undefined) return unknownWay(address, `${networkInterfaceId} cannot be read`, []);
  const twins = state.networkInterfaces.known
    ? state.networkInterfaces.value.filter((other) => other !== one && allAddresses(other).includes(address))
    : [];
  // Private addresses repeat between VPCs: outside the client's own, two holders leave it open which one answered.
  if (relation !== 'same-vpc' && twins.length > 0)
    return unknownWay(address, `${address} belongs to ${networkInterfaceId} and ${twins[0]?.NetworkInterfaceId}`, []);
  const endpoint = state.vpcEndpoints.known
    ? state.vpcEndpoints.value.find(
        (candidate) =>
          isType(candidate, 'interface') &&
          (candidate.NetworkInterfaceIds?.includes(networkInterfaceId) === true ||
            one.Description?.endsWith(` ${candidate.VpcEndpointId}`) === true),
      )
    : undefined;
  // AWS itself describes the interfaces of endpoints so, and nobody else can where they are managed by the requester.
  const described =
    one.InterfaceType === 'vpc_endpoint' ? / (vpce-[0-9a-f]+)$/.exec(one.Description ?? '')?.[1] : undefined;
  const vpceId = endpoint?.VpcEndpointId ?? described;
  if (vpceId === undefined)
    return unknownWay(
      address,
      `${networkInterfaceId} holds ${address}, and is not known to be an endpoint’s`,
      state.vpcEndpoints.known ? [] : [missing(state, 'vpcEndpoints')],
    );
  // Behind a transit gateway an appliance may translate the address; within the VPC and over peering nothing does.
  const source = relation === 'same-vpc' || relation === 'peering' ? ownAddress(client, address) : undefined;
  return {
    way: 'interface-endpoint',
    address,
    vpceId,
    vpcId: endpoint?.VpcId ?? vpcId,
    sourceAddress: source,
    certain: true,
    because: `${address} is an interface of ${vpceId}`,
    missing: [],
  };
}

function routedWay(state: WayReads, vantage: Vantage, client: Client, address: string): MeasuredPath {
  const range = addressSet(address);
  const table = client.subnetId === undefined ? undefined : routeTableOf(state, client.subnetId, client.vpcId);
  if (range === undefined || table === undefined) {
    const detail = `the route table of ${client.subnetId ?? 'the client’s subnet'}`;
    return unknownWay(address, `which route takes ${address} is not known`, [missing(state, 'routeTables', detail)]);
  }
  const [part] = selectRoutes(state, table, range);
  const unsure = uncertain(state, part, address, table);
  if (unsure !== undefined || part?.route === undefined)
    return unsure ?? unknownWay(address, `no route of ${table.RouteTableId} takes ${address}`, []);
  const target = routeTarget(part.route);
  const told = `${table.RouteTableId} leads ${address} to ${target.id}`;
  switch (target.kind) {
    case 'vpc-endpoint': {
      const endpoint = byId(state.vpcEndpoints, 'VpcEndpointId', target.id);
      // A Gateway Load Balancer's endpoint hands the packets on, and where they leave then is not told.
      if (endpoint !== undefined && !isType(endpoint, 'gateway'))
        return unknownWay(address, `${told}, which is an inspection’s endpoint`, []);
      // Only gateway endpoints are the target of routes to a prefix list of AWS's.
      if (endpoint === undefined && part.route.DestinationPrefixListId === undefined)
        return unknownWay(address, told, [missing(state, 'vpcEndpoints', target.id)]);
      return {
        way: 'gateway-endpoint',
        address,
        vpceId: target.id,
        vpcId: endpoint?.VpcId ?? client.vpcId,
        sourceAddress: ownAddress(client, address),
        certain: true,
        because: told,
        missing: [],
      };
    }
    case 'nat-gateway':
      return throughNat(state, client, address, target.id, told);
    case 'internet-gateway':
    case 'egress-only-internet-gateway': {
      const [only, ...more] = familyOf(address) === 6 ? [client.ipv6] : vantage.publicAddresses;
      const sourceAddress = more.length === 0 ? only : undefined;
      return {
        way: 'internet-gateway',
        via: target.id,
        address,
        sourceAddress,
        certain: true,
        because: told,
        missing: [],
      };
    }
    case 'transit-gateway':
    case 'vpc-peering-connection':
    case 'virtual-private-gateway':
      // A central VPC may have endpoints, a NAT gateway, or both: nothing here tells which.
      return { way: 'transit', via: target.id, address, certain: false, because: told, missing: [beyond(target.id)] };
    default:
      return unknownWay(address, `${told}, and what that does with it is not known`, []);
  }
}

/** A NAT gateway's packets follow the route table of its own subnet, in which a gateway endpoint may take them. */
function throughNat(state: WayReads, client: Client, address: string, id: string, told: string): MeasuredPath {
  const nat = byId(state.natGateways, 'NatGatewayId', id);
  const range = addressSet(address) ?? [];
  if (nat === undefined) return unknownWay(address, told, [missing(state, 'natGateways', id)]);
  const publicAddresses = (nat.NatGatewayAddresses ?? []).flatMap((one) => one.PublicIp ?? []);
  const out: MeasuredPath = {
    way: 'nat',
    via: id,
    address,
    sourceAddress: publicAddresses.length === 1 ? publicAddresses[0] : undefined,
    ...(publicAddresses.length > 1 ? { sourceAddresses: publicAddresses } : {}),
    certain: true,
    because: told,
    missing: [],
  };
  // A regional NAT gateway stands in no subnet, and leaves by the internet gateway alone.
  if (nat.AvailabilityMode?.toLowerCase() === 'regional') return out;
  const table = nat.SubnetId === undefined ? undefined : routeTableOf(state, nat.SubnetId, nat.VpcId ?? client.vpcId);
  if (table === undefined)
    return unknownWay(address, told, [missing(state, 'routeTables', `the route table of ${id}’s subnet`)]);
  const [part] = selectRoutes(state, table, range);
  const unsure = uncertain(state, part, address, table);
  if (unsure !== undefined || part?.route === undefined) return unsure ?? unknownWay(address, told, []);
  const onward = routeTarget(part.route);
  if (onward.kind === 'internet-gateway') return out;
  return unknownWay(address, `${told}, whose own subnet leads it to ${onward.id}`, []);
}

/** Why the route table does not tell the way for sure; undefined where it does. */
function uncertain(
  state: WayReads,
  part: RoutePart | undefined,
  address: string,
  table: RouteTable,
): MeasuredPath | undefined {
  // A gateway endpoint's list that cannot be read may hold the address, whatever other route seems to take it.
  const unread = (table.Routes ?? []).find(
    ({ DestinationPrefixListId: id, GatewayId }) =>
      id !== undefined && GatewayId?.startsWith('vpce-') === true && prefixListCidrs(state, id) === undefined,
  )?.DestinationPrefixListId;
  const listId = unread ?? part?.unreadablePrefixListId;
  const { RouteTableId: tableId } = table;
  if (listId !== undefined || part === undefined || part.winner === 'undetermined') {
    const slices = (['prefixLists', 'prefixListEntries'] as const).filter((name) => !state[name].known);
    const gaps = (slices.length === 0 ? (['prefixListEntries'] as const) : slices).map((name) =>
      missing(state, name, listId),
    );
    return unknownWay(address, `which route of ${tableId} takes ${address} cannot be told`, gaps);
  }
  // Packets arrived where the description says that they are dropped: it is not of this moment.
  if (part.winner === 'none' || part.route === undefined || isBlackhole(part.route))
    return unknownWay(address, `by ${tableId} nothing reaches ${address}, and yet it answered`, []);
  return undefined;
}

function beyond(id: string): Missing {
  const detail = `by which way traffic behind ${id} leaves`;
  return { slice: 'routeTables', action: 'ec2:DescribeRouteTables', why: 'not-visible', detail };
}

function unknownWay(address: string | undefined, because: string, gaps: readonly Missing[]): MeasuredPath {
  return { way: 'unknown', address, certain: false, because, missing: gaps };
}

function ownAddress(client: Client, address: string): string | undefined {
  return familyOf(address) === 6 ? client.ipv6 : client.ipv4;
}

function endpointIds(
  endpoint: VpcEndpoint,
  way: 'interface-endpoint' | 'gateway-endpoint',
  source: string | undefined,
) {
  return { way, vpceId: endpoint.VpcEndpointId, vpcId: endpoint.VpcId, sourceAddress: source } as const;
}
