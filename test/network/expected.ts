/** What causes.md and design.md say that the tool should report of a random VPC, and the case that asks it. */
import type { Case } from '../../src/model/case.ts';
import type { CauseCode } from '../../src/model/codes.ts';
import type { Severity, Verdict } from '../../src/model/report.ts';
import { type State, unknownState } from '../../src/model/state.ts';
import { emptyVantage, type Vantage } from '../../src/model/vantage.ts';
import { FILTERS, type Filter, type Journey, journeys, type Network, tableOf } from './independent.ts';
import type { RandomVpc } from './random-vpc.ts';

export const CODE_OF: Readonly<Record<Filter, CauseCode>> = {
  'client-sg-egress': 'client-sg-blocks-egress',
  'client-nacl-egress': 'client-nacl-blocks-egress',
  'endpoint-nacl-ingress': 'endpoint-nacl-blocks-ingress',
  'endpoint-sg-ingress': 'endpoint-sg-blocks-client',
  'endpoint-nacl-return': 'endpoint-nacl-blocks-return',
  'client-nacl-return': 'client-nacl-blocks-return',
};

export type Expected = {
  /** more than one where AWS itself picks at random */
  readonly verdicts: readonly Verdict[];
  readonly causes: Readonly<Partial<Record<CauseCode, Severity>>>;
};

/** What causes.md and design.md say about these journeys. */
export function expectedOf(
  vpc: RandomVpc,
): Expected & { readonly journeys: readonly Journey[]; readonly fates: readonly Fate[] } {
  const { network, caller, endpoint } = vpc;
  const asked = (one: Journey) => vpc.request.kind !== 'address' || one.to === vpc.request.address;
  const all = journeys(network, caller, endpoint.VpcEndpointId, 443).filter(asked);
  const routeMissing = endpoint.VpcEndpointType === 'Gateway' && !hasGatewayRoute(network, caller);
  const fates = all.map((one) => fateOf(one, vpc));
  const verdicts = verdictsOf(
    fates,
    all.some((one) => one.there.mayArrive),
  );
  // Where the gateway's route is missing, what would block it once it is there is named in the same run.
  const routed = routeMissing ? journeys(withGatewayRoute(network, vpc), caller, endpoint.VpcEndpointId, 443) : all;
  const blocks: [CauseCode, readonly boolean[]][] = [
    ...FILTERS.map((filter): [CauseCode, readonly boolean[]] => [
      CODE_OF[filter],
      all.map((one) => !one.filters[filter]),
    ]),
    ['route-blackhole', routed.map((one) => one.there.kind === 'blackhole' || one.back.kind === 'blackhole')],
    ['route-overrides-endpoint', routed.map((one) => one.there.kind === 'elsewhere' || one.back.kind === 'elsewhere')],
    ['gateway-route-missing', all.map(() => routeMissing)],
  ];
  const causes: Partial<Record<CauseCode, Severity>> = {};
  for (const [code, blocked] of blocks) {
    if (!blocked.includes(true)) continue;
    const everything = blocked.every((one) => one);
    causes[code] =
      everything && !fates.some((fate) => fate === 'opens' || fate === 'detours') ? 'blocking' : 'degrading';
  }
  if (fates.includes('detours') && fates.every((fate) => fate === 'opens' || fate === 'detours'))
    causes['public-path-used'] = 'degrading';
  return { journeys: all, fates, verdicts, causes };
}

export type Fate = 'opens' | 'detours' | 'blocked' | 'undetermined';

export function fateOf(journey: Journey, vpc: RandomVpc): Fate {
  if (journey.opens) return 'opens';
  if (FILTERS.some((filter) => !journey.filters[filter])) return 'blocked';
  const ways = [journey.there, journey.back];
  if (ways.some((way) => way.kind === 'blackhole' || way.kind === 'nowhere')) return 'blocked';
  const stray = ways.find((way) => way.kind === 'elsewhere');
  if (stray === undefined) return 'undetermined';
  const outside = journey.networkInterfaceId === undefined;
  return outside && vpc.exits.includes(stray.target ?? '') ? 'detours' : 'blocked';
}

/** Where two routes are equal AWS picks one: then the verdict must not claim more than is sure. */
function verdictsOf(fates: readonly Fate[], mayOpen: boolean): readonly Verdict[] {
  const has = (fate: Fate) => fates.includes(fate);
  const some = has('opens') || has('detours');
  if (has('undetermined')) {
    if (some && has('blocked')) return ['degraded'];
    return mayOpen || some ? ['inconclusive', 'degraded'] : ['inconclusive', 'degraded', 'blocked'];
  }
  if (!some) return ['blocked'];
  return has('blocked') || has('detours') ? ['degraded'] : ['healthy'];
}

function hasGatewayRoute(network: Network, caller: RandomVpc['caller']): boolean {
  const ids = network.vpcEndpoints.map((endpoint) => endpoint.VpcEndpointId);
  return (tableOf(network, caller.vpcId, caller.subnetId)?.Routes ?? []).some((route) =>
    ids.includes(route.GatewayId ?? ''),
  );
}

function withGatewayRoute(network: Network, { caller, endpoint }: RandomVpc): Network {
  const table = tableOf(network, caller.vpcId, caller.subnetId);
  const lists = network.prefixLists.filter((list) => list.PrefixListName === endpoint.ServiceName);
  const added = lists.map((list) => ({
    DestinationPrefixListId: list.PrefixListId,
    GatewayId: endpoint.VpcEndpointId,
    State: 'active',
  }));
  return {
    ...network,
    routeTables: network.routeTables.map((one) =>
      one === table ? { ...one, Routes: [...(one.Routes ?? []), ...added] } : one,
    ),
  };
}

function stateOf({ network, vpcCidrs, vpcCidrs6 }: RandomVpc): State {
  const known = <T>(value: readonly T[]) => ({ known: true as const, value });
  return {
    ...unknownState('not-given'),
    vpcs: known([
      {
        VpcId: 'vpc-1',
        CidrBlock: vpcCidrs[0],
        CidrBlockAssociationSet: vpcCidrs.map((CidrBlock) => ({ CidrBlock, CidrBlockState: { State: 'associated' } })),
        Ipv6CidrBlockAssociationSet: vpcCidrs6.map((Ipv6CidrBlock) => ({ Ipv6CidrBlock })),
        DhcpOptionsId: 'default',
      },
    ]),
    vpcAttributes: known([{ VpcId: 'vpc-1', EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }]),
    dhcpOptions: known([]),
    subnets: known(network.subnets),
    routeTables: known(network.routeTables),
    networkAcls: known(network.networkAcls),
    securityGroups: known(network.securityGroups),
    networkInterfaces: known(network.networkInterfaces),
    prefixLists: known(network.prefixLists),
    prefixListEntries: known(network.prefixListEntries),
    vpcEndpoints: known(network.vpcEndpoints),
    natGateways: known([
      {
        NatGatewayId: 'nat-live',
        VpcId: 'vpc-1',
        SubnetId: 'subnet-public',
        State: 'available',
        ConnectivityType: 'public',
      },
      {
        NatGatewayId: 'nat-dead',
        VpcId: 'vpc-1',
        SubnetId: 'subnet-public',
        State: 'deleted',
        ConnectivityType: 'public',
      },
    ]),
    internetGateways: known([{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-1', State: 'available' }] }]),
    egressOnlyInternetGateways: known([{ EgressOnlyInternetGatewayId: 'eigw-1', Attachments: [{ VpcId: 'vpc-1' }] }]),
    vpcPeeringConnections: known([]),
    transitGatewayVpcAttachments: known([]),
    endpointServices: known([]),
    instances: known([]),
  };
}

function vantageOf({ caller }: RandomVpc): Vantage {
  return {
    ...emptyVantage('ec2'),
    region: 'eu-west-1',
    vpcId: caller.vpcId,
    subnetId: caller.subnetId,
    addresses: caller.addresses,
    securityGroupIds: caller.groupIds,
    ephemeralPorts: { ...caller.ports, source: 'given' },
  };
}

export function caseOf(vpc: RandomVpc): Case {
  return {
    schemaVersion: 1,
    kind: 'vpce-doctor-case',
    tool: { name: 'vpce-doctor', version: '0.0.0' },
    startedAt: '2026-11-21T00:00:00.000Z',
    durationMs: 0,
    requests: [vpc.request],
    vantage: vantageOf(vpc),
    state: stateOf(vpc),
    probed: false,
    observations: [],
    coverage: [],
    warnings: [],
  };
}
