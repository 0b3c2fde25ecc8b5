/** Reads the EC2 API's description of the VPC into a state: each slice a value or the reason why there is none. */
import type { Durations } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host } from '../model/host.ts';
import {
  ACCESS_SLICE_NAMES,
  type AccessSliceName,
  DNS_SLICE_NAMES,
  type DnsSliceName,
  SLICE_NAMES,
  SLICES,
  type Slice,
  type SliceName,
  type State,
  unknownState,
} from '../model/state.ts';
import { notOffered, serviceNamesCovering } from '../services/offers.ts';
import { type Answer, type Caller, joinCoverage, startCaller } from './caller.ts';
import { CALLS, type CallName } from './calls.ts';
import { decodeElements, faultWarnings } from './decode.ts';
import { joinedVpcs } from './joined-vpcs.ts';
import { prefixListEntries } from './prefix-list-entries.ts';
import type { Api, CallInput } from './sdk.ts';
import { type ClientSettings, clientSettings } from './settings.ts';
import { transitGatewayRoutes } from './transit-gateway-routes.ts';

export type CollectOptions = {
  /** without it the SDK finds its own */
  readonly region?: string | undefined;
  /** the VPC to read; without it, the one that the client's interface is in */
  readonly vpcId?: string | undefined;
  /** the client's own addresses */
  readonly clientAddresses: readonly string[];
  readonly clientInterfaceId?: string | undefined;
  /** `--from i-…`; without it, instances are not asked for */
  readonly instanceId?: string | undefined;
  /** endpoint services to describe */
  readonly serviceNames: readonly string[];
  /** AWS hosts whose service our table does not know: the Region's whole list tells whose private names cover them */
  readonly unknownHosts?: readonly string[] | undefined;
  readonly durations: Pick<Durations, 'apiAttempt' | 'apiCall'>;
  readonly signal: AbortSignal;
  /** is told the action before each request: `ec2:DescribeVpcs` */
  readonly onCall?: ((action: string) => void) | undefined;
};

export type Collected = {
  readonly state: State;
  readonly coverage: CoverageEntry[];
  /** the caller's account, when STS told it */
  readonly accountId?: string;
  readonly warnings: string[];
  /** this machine's clock minus the API's, in milliseconds, when it answered */
  readonly clockOffsetMs?: number;
};

/**
 * Asks for every slice at once and returns when all have an answer or a reason; never rejects for anything that the
 * network or the API does. Lists that can be large are limited to the client's VPC where it is known, and to the
 * VPCs with endpoints that it is joined with; endpoints and VPCs never are, because an endpoint in another VPC is a finding. Elements that do not fit their schema are left out with a warning.
 */
export async function collectState(host: Host, options: CollectOptions): Promise<Collected> {
  if (options.signal.aborted) {
    return { state: unknownState('timeout', 'the run ended before it asked'), coverage: [], warnings: [] };
  }
  const { openEc2, openSts } = await import('./sdk.ts');
  const { apiAttempt, apiCall } = options.durations;
  const ec2Api = open(clientSettings(host, 'ec2', options.region), (settings) =>
    openEc2(settings, { ms: apiAttempt, most: 2 }),
  );
  // One attempt only: a VPC without an endpoint for STS is common, and the answer is worth no wait.
  const stsApi = open(clientSettings(host, 'sts', options.region), (settings) =>
    openSts(settings, { ms: apiAttempt, most: 1 }),
  );
  const ec2 = startCaller(ec2Api, { callMs: apiCall, signal: options.signal, onCall: options.onCall });
  const sts = startCaller(stsApi, { callMs: apiAttempt, signal: options.signal, onCall: options.onCall });
  try {
    const warnings: string[] = [];
    const [state, { accountId, callerIdentities }] = await Promise.all([
      collectSlices(ec2, options, warnings),
      readCaller(sts),
    ]);
    const clockOffsetMs = 'close' in ec2Api ? ec2Api.clockOffsetMs?.() : undefined;
    return {
      state: { ...state, callerIdentities },
      coverage: joinCoverage([ec2, sts]),
      ...(accountId === undefined ? {} : { accountId }),
      warnings: [...ec2.warnings(), ...warnings],
      ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    };
  } finally {
    for (const api of [ec2Api, stsApi]) if ('close' in api) api.close();
  }
}

function open(settings: ClientSettings, create: (settings: Exclude<ClientSettings, { kind: 'none' }>) => Api) {
  return settings.kind === 'none' ? { why: settings.why, detail: settings.detail } : create(settings);
}

/** The lists that are read alike: by their action, with a page size (facts.md 1.5) and a filter for the VPC. */
const LISTS = {
  vpcEndpoints: { pageSize: 1000 },
  networkInterfaces: { pageSize: 1000, vpcFilters: ['vpc-id'], joined: true },
  securityGroups: { pageSize: 1000, vpcFilters: ['vpc-id'], joined: true },
  networkAcls: { pageSize: 1000, vpcFilters: ['vpc-id'], joined: true },
  routeTables: { pageSize: 100, vpcFilters: ['vpc-id'], joined: true },
  subnets: { pageSize: 1000, vpcFilters: ['vpc-id'], joined: true },
  vpcs: { pageSize: 1000 },
  dhcpOptions: { pageSize: 1000 },
  prefixLists: {},
  natGateways: { vpcFilters: ['vpc-id'] },
  internetGateways: { vpcFilters: ['attachment.vpc-id'] },
  // The API has no filter by VPC for these.
  egressOnlyInternetGateways: {},
  // Filters are all to be met, so each side of a peering is a call of its own.
  vpcPeeringConnections: { pageSize: 1000, vpcFilters: ['requester-vpc-info.vpc-id', 'accepter-vpc-info.vpc-id'] },
  // Of every VPC: an attachment says which other VPCs the client's transit gateway leads to.
  transitGatewayVpcAttachments: { pageSize: 1000 },
  transitGatewayAttachments: { pageSize: 1000 },
} as const satisfies Partial<Record<SliceName, ListOptions>>;

type ListOptions = {
  readonly pageSize?: number;
  readonly vpcFilters?: readonly string[];
  /** read for the VPCs too whose endpoints the client may use over a connection */
  readonly joined?: boolean;
};

type ListName = keyof typeof LISTS;
/** Route 53's slices are read by collect-dns.ts, policies by collect-access.ts, where somebody asks for them; STS tells the caller. */
type Answers = { readonly [N in Exclude<SliceName, DnsSliceName | AccessSliceName>]: Promise<Slice<unknown>> };
const ELSEWHERE: readonly SliceName[] = [...DNS_SLICE_NAMES, ...ACCESS_SLICE_NAMES];
const OWN_NAMES = SLICE_NAMES.filter((name) => !ELSEWHERE.includes(name));

async function collectSlices(ec2: Caller, options: CollectOptions, warnings: string[]): Promise<State> {
  const scope = findScope(ec2, options);
  const lists = Object.fromEntries(
    (Object.keys(LISTS) as ListName[]).map((name) => [name, readList(ec2, name, scope)]),
  ) as { [N in ListName]: Promise<Slice<unknown>> };
  const joined = scope.then(({ vpcId }) => (vpcId === undefined ? [] : joinedVpcs(vpcId, lists)));
  for (const name of Object.keys(LISTS) as ListName[]) lists[name] = withJoined(ec2, name, lists[name], joined);
  const involved = Promise.all([scope, joined]).then(([{ vpcId }, others]) =>
    vpcId === undefined ? undefined : new Set([vpcId, ...others]),
  );
  const answers: Answers = {
    ...lists,
    vpcAttributes: readVpcAttributes(ec2, scope, lists.vpcs),
    prefixListEntries: prefixListEntries(ec2, lists),
    transitGatewayRoutes: transitGatewayRoutes(ec2, lists.transitGatewayAttachments, involved),
    endpointServices: readEndpointServices(ec2, options.serviceNames, options.unknownHosts ?? []),
    instances: readInstances(ec2, options.instanceId),
  };
  const slices = await Promise.all(OWN_NAMES.map((name) => answers[name as keyof Answers]));
  // Decoded only now, so that the order of warnings is that of the slices and not that of the answers.
  const decoded = OWN_NAMES.map((name, index) => [name, decodeSlice(name, slices[index], warnings)]);
  return { ...unknownState('not-asked'), ...Object.fromEntries(decoded) } as State;
}

function decodeSlice(name: SliceName, slice: Slice<unknown> | undefined, warnings: string[]): Slice<unknown> {
  if (slice === undefined) throw new Error(`nothing reads ${name}`);
  if (!slice.known) return slice;
  const { elements, faults } = decodeElements(name, slice.value);
  warnings.push(...faultWarnings(`The answer to ${SLICES[name].action}: `, faults));
  return { known: true, value: elements };
}

/** Which VPC the scoped lists are read for; without `vpcId`, every one. A refusal means that asking on is pointless. */
type Scope = { readonly vpcId?: string | undefined; readonly refused?: Slice<unknown> | undefined };

/** Asks for the client's interface where the VPC is not known: by its id, else by its addresses, IPv4 first. */
async function findScope(ec2: Caller, options: CollectOptions): Promise<Scope> {
  if (options.vpcId !== undefined) return { vpcId: options.vpcId };
  const isIpv6 = (address: string) => address.includes(':');
  const questions = [
    filter('network-interface-id', options.clientInterfaceId === undefined ? [] : [options.clientInterfaceId]),
    filter(
      'addresses.private-ip-address',
      options.clientAddresses.filter((address) => !isIpv6(address)),
    ),
    filter('ipv6-addresses.ipv6-address', options.clientAddresses.filter(isIpv6)),
  ].filter((question) => question.Values.length > 0);
  for (const question of questions) {
    const answer = await ec2.all('DescribeNetworkInterfaces', 'NetworkInterfaces', { Filters: [question] });
    // Without a way in, each further call would only cost the same wait again.
    if (!answer.ok && HOPELESS.has(answer.why)) return { refused: sliceOf(answer) };
    if (!answer.ok) continue;
    const vpcIds = new Set(decodeElements('networkInterfaces', answer.value).elements.map((each) => each.VpcId));
    // Overlapping address ranges: the same address in two VPCs does not say which of them we are in.
    if (vpcIds.size === 1) return { vpcId: [...vpcIds][0] };
  }
  return {};
}

const HOPELESS: ReadonlySet<string> = new Set(['unreachable', 'no-credentials', 'timeout']);

async function readList(ec2: Caller, name: ListName, scope: Promise<Scope>): Promise<Slice<unknown>> {
  const { pageSize, vpcFilters }: ListOptions = LISTS[name];
  const call = callOf(name);
  const key = SLICES[name].documentKey;
  const page: CallInput = pageSize === undefined ? {} : { MaxResults: pageSize };
  if (vpcFilters === undefined) return sliceOf(await ec2.all(call, key, page));
  const { vpcId, refused } = await scope;
  if (refused !== undefined) {
    if (!refused.known) ec2.skip(call, `${refused.why}: the call for the client's interface met this first`);
    return refused;
  }
  if (vpcId === undefined) return sliceOf(await ec2.all(call, key, page));
  const parameter = name === 'natGateways' ? 'Filter' : 'Filters';
  const answers = await Promise.all(
    vpcFilters.map((each) => ec2.all(call, key, { ...page, [parameter]: [filter(each, [vpcId])] })),
  );
  return sliceOf(joinAnswers(answers));
}

/**
 * The list with what the joined VPCs add to it. Where that second question is refused the first answer stands: what it does
 * not hold is then not found, which is never "there is none", and the coverage names the refusal.
 */
async function withJoined(
  ec2: Caller,
  name: ListName,
  own: Promise<Slice<unknown>>,
  joined: Promise<readonly string[]>,
): Promise<Slice<unknown>> {
  const { pageSize, joined: wanted }: ListOptions = LISTS[name];
  if (wanted !== true) return own;
  const [slice, vpcIds] = await Promise.all([own, joined]);
  if (!slice.known || vpcIds.length === 0) return slice;
  const page: CallInput = pageSize === undefined ? {} : { MaxResults: pageSize };
  const answer = await ec2.all(callOf(name), SLICES[name].documentKey, {
    ...page,
    Filters: [filter('vpc-id', [...vpcIds])],
  });
  return answer.ok ? { known: true, value: [...slice.value, ...answer.value] } : slice;
}

/** Beyond this many VPCs of unknown interest, their attributes are not asked for one by one. */
const MOST_VPCS = 10;
const DNS_ATTRIBUTES = ['enableDnsSupport', 'enableDnsHostnames'] as const;

async function readVpcAttributes(
  ec2: Caller,
  scope: Promise<Scope>,
  vpcs: Promise<Slice<unknown>>,
): Promise<Slice<unknown>> {
  const { vpcId, refused } = await scope;
  if (refused !== undefined) return refused;
  let vpcIds = [vpcId];
  if (vpcId === undefined) {
    const all = await vpcs;
    if (!all.known) return { ...all, detail: `the VPCs could not be listed: ${all.detail ?? all.why}` };
    vpcIds = decodeElements('vpcs', all.value).elements.map((vpc) => vpc.VpcId);
    if (vpcIds.length > MOST_VPCS) {
      const detail = `the VPC is not known, and ${vpcIds.length} are too many to ask for each; give --vpc`;
      ec2.skip('DescribeVpcAttribute', detail);
      return { known: false, why: 'not-asked', detail };
    }
  }
  const answers = await Promise.all(
    vpcIds
      .filter((id) => id !== undefined)
      .flatMap((VpcId) =>
        DNS_ATTRIBUTES.map((Attribute) =>
          ec2.one('DescribeVpcAttribute', 'VpcId', { VpcId, Attribute }, `${VpcId} ${Attribute}`),
        ),
      ),
  );
  return sliceOf(joinAnswers(answers.map((answer) => (answer.ok ? { ok: true, value: [answer.value] } : answer))));
}

/** Service names in one request, so that it stays short; a run names a handful. */
const MOST_NAMES = 100;

/**
 * The services of these names and, where hosts are given, those whose private names cover one of them. A name that was asked
 * for and is not there is held as such: its absence is an answer, and must not look like a question that nobody asked.
 */
async function readEndpointServices(
  ec2: Caller,
  serviceNames: readonly string[],
  unknownHosts: readonly string[],
): Promise<Slice<unknown>> {
  const names = [...new Set(serviceNames)];
  const details: unknown[] = [];
  const batch = unknownHosts.length > 0 ? names.length : MOST_NAMES;
  for (let from = 0; from < names.length; from += batch) {
    const answer =
      unknownHosts.length > 0
        ? await ec2.all('DescribeVpcEndpointServices', 'ServiceDetails', { MaxResults: 1000 })
        : await describeServices(ec2, names.slice(from, from + batch));
    if (!answer.ok) return sliceOf(answer);
    details.push(...answer.value);
  }
  const { elements } = decodeElements('endpointServices', details);
  const covering = new Set(
    unknownHosts.flatMap((host) => serviceNamesCovering({ known: true, value: elements }, host)),
  );
  const wanted = details.filter((detail) => {
    const name = (detail as { ServiceName?: string }).ServiceName;
    // An element without a name is left in, so that the decoder can say that it does not fit.
    return unknownHosts.length === 0 || name === undefined || names.includes(name) || covering.has(name);
  });
  const there = new Set(elements.map((service) => service.ServiceName));
  return { known: true, value: [...wanted, ...names.filter((name) => !there.has(name)).map(notOffered)] };
}

/** One unknown name fails the call for all of them; as a filter it only finds nothing (facts.md 1.7). */
async function describeServices(ec2: Caller, names: string[]): Promise<Answer<unknown[]>> {
  const ask = (input: CallInput) =>
    ec2.all('DescribeVpcEndpointServices', 'ServiceDetails', { ...input, MaxResults: 1000 });
  const answer = await ask({ ServiceNames: names });
  if (answer.ok || answer.error !== 'InvalidServiceName') return answer;
  return await ask({ Filters: [filter('service-name', names)] });
}

/** By filter: an instance that is not there is then an empty list, which says so, and not an error. */
async function readInstances(ec2: Caller, instanceId: string | undefined): Promise<Slice<unknown>> {
  if (instanceId === undefined) return { known: false, why: 'not-asked' };
  const answer = await ec2.all('DescribeInstances', 'Reservations', { Filters: [filter('instance-id', [instanceId])] });
  if (!answer.ok) return sliceOf(answer);
  const reservations = answer.value as readonly { Instances?: unknown[] }[];
  return { known: true, value: reservations.flatMap((reservation) => reservation.Instances ?? []) };
}

/** One call for both: whose account this is, and who asks. */
async function readCaller(
  sts: Caller,
): Promise<{ readonly accountId?: string | undefined; readonly callerIdentities: State['callerIdentities'] }> {
  const answer = await sts.one('GetCallerIdentity', 'Account', {});
  if (!answer.ok) return { callerIdentities: { known: false, why: answer.why, detail: answer.detail } };
  const account = answer.value['Account'];
  const { elements } = decodeElements('callerIdentities', [answer.value]);
  return {
    ...(typeof account === 'string' ? { accountId: account } : {}),
    callerIdentities:
      elements.length > 0
        ? { known: true, value: elements }
        : { known: false, why: 'failed', detail: 'the answer names nobody' },
  };
}

function callOf(name: ListName): CallName {
  const call = SLICES[name].action.slice('ec2:'.length);
  if (!Object.hasOwn(CALLS, call)) throw new Error(`${call} is not among the calls of this tool`);
  return call as CallName;
}

function filter(Name: string, Values: string[]): { Name: string; Values: string[] } {
  return { Name, Values };
}

/** The elements of all, or the first refusal. */
function joinAnswers(answers: readonly Answer<unknown[]>[]): Answer<unknown[]> {
  return (
    answers.find((answer) => !answer.ok) ?? {
      ok: true,
      value: answers.flatMap((answer) => (answer.ok ? answer.value : [])),
    }
  );
}

function sliceOf(answer: Answer<unknown[]>): Slice<unknown> {
  return answer.ok ? { known: true, value: answer.value } : { known: false, why: answer.why, detail: answer.detail };
}
