/** Turns what the user typed into hosts and ports to reach, with the help of the Region and of the VPC's endpoints. */
import type { EndpointService, VpcEndpoint } from '../model/aws.ts';
import type { Denial } from '../model/denial.ts';
import type { Slice } from '../model/state.ts';
import type { Target, TargetRequest } from '../model/target.ts';
import { serviceOfAction } from './action-service.ts';
import {
  applicationOf,
  defaultPort,
  findService,
  hostOfServiceName,
  matchHost,
  serviceNamesForHost,
  standardHost,
  suggestServices,
} from './catalogue.ts';
import { endpointNames, hostCoveredBy, hostOfEndpoint, regionalName } from './endpoint-names.ts';
import { serviceNamesCovering } from './offers.ts';
import { printable } from './parse-target.ts';
import { partitionOfRegion } from './partitions.ts';
import { guessServiceNames, namesOfSuffix, parseServiceName, serviceNames } from './service-names.ts';
import { CUSTOM_SERVICE_ID, type Service, serviceById } from './service-table.ts';
import { consequenceOf, findWorkload, type Workload, type WorkloadNeed } from './workloads.ts';

export { hostCoveredBy } from './endpoint-names.ts';

export type ResolveContext = {
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  /** the client's VPC; endpoints of other VPCs are then not "every endpoint" */
  readonly vpcId?: string | undefined;
  readonly vpcEndpoints: Slice<VpcEndpoint>;
  /** where it is known, the services' own private names win over our table */
  readonly endpointServices?: Slice<EndpointService> | undefined;
};

export type ResolvedTargets = {
  /** in the order of the requests; one per host and port */
  readonly targets: readonly Target[];
  /** requests that could not become a target, and what to give instead; one line each */
  readonly problems: readonly string[];
  /** what was left out or assumed; one line each */
  readonly notes: readonly string[];
};

/** A target before duplicates are joined and ids given. */
type Draft = Omit<Target, 'id' | 'requested' | 'application'> & { readonly requested: string };
type Outcome = { readonly drafts?: readonly Draft[]; readonly problem?: string; readonly notes?: readonly string[] };

const NO_REGION = 'the Region is not known; set --region or AWS_REGION';

/**
 * Pure. Services become their standard host in the Region, endpoints the name that applications call them by, workloads the
 * services that they need, and "every endpoint" the endpoints of the VPC. Where the list of endpoints cannot be read or is
 * empty, "every endpoint" becomes the Session Manager workload, because that is how most people come to the machine.
 */
export function resolveTargets(requests: readonly TargetRequest[], context: ResolveContext): ResolvedTargets {
  const outcomes = requests.map((request) => withDenial(request, resolveRequest(request, context)));
  const workloads = requests.flatMap((request) => (request.kind === 'workload' ? [request.workload] : []));
  return {
    targets: joinDrafts(
      outcomes.flatMap(({ drafts }) => drafts ?? []).map((draft) => withWorkload(draft, workloads)),
      context,
    ),
    problems: [...new Set(outcomes.flatMap(({ problem }) => problem ?? []))],
    notes: [...new Set(outcomes.flatMap(({ notes }) => notes ?? []))],
  };
}

function resolveRequest(request: TargetRequest, context: ResolveContext): Outcome {
  switch (request.kind) {
    case 'host':
      return {
        drafts: [
          draftOfHost(request.host, request.port, request.text, context, {
            path: request.path,
            pasted: request.pasted,
          }),
        ],
      };
    case 'address':
      // No service is claimed for an address: DescribeVpcEndpoints lists interfaces, not their addresses.
      return {
        drafts: [{ requested: request.text, address: request.address, port: request.port, serviceNames: [] }],
      };
    case 'service':
      return resolveService(request.service, request.text, context);
    case 'endpoint':
      return resolveEndpointId(request, context);
    case 'workload':
      return resolveWorkload(request.workload, request.text, context);
    case 'every-endpoint':
      return resolveEveryEndpoint(context);
  }
}

/** What the error text says of a refusal belongs to the targets of its service, where there are some; else to all of the request. */
function withDenial(request: TargetRequest, outcome: Outcome): Outcome {
  const denial = 'denial' in request ? request.denial : undefined;
  if (denial === undefined || outcome.drafts === undefined) return outcome;
  const service = denial.kind === 'policy' && denial.action !== undefined ? serviceOfAction(denial.action) : undefined;
  const isMeant = outcome.drafts.some(({ serviceId }) => serviceId === service)
    ? ({ serviceId }: Draft) => serviceId === service
    : () => true;
  return {
    ...outcome,
    drafts: outcome.drafts.map((draft) => (isMeant(draft) ? { ...draft, denials: [denial] } : draft)),
  };
}

function resolveService(text: string, requested: string, context: ResolveContext): Outcome {
  const name = parseServiceName(text);
  const service = name?.service ?? findService(text);
  const region = name?.region ?? context.region;
  if (service?.id === CUSTOM_SERVICE_ID) return resolveCustomService(name?.name, requested, context);
  if (service === undefined && name === undefined) {
    const near = suggestServices(text);
    const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
    return { problem: `"${printable(text)}" is no service that we know${hint || '.'}` };
  }
  if (region === undefined && !isGlobal(service)) {
    return { problem: `"${printable(text)}" needs a Region for its host name: ${NO_REGION}.` };
  }
  const where = region ?? 'us-east-1';
  const typed = name ?? suffixName(text, where);
  const host = typed && hostOfServiceName(typed, where, accountOf(context));
  const known = host ?? (service && typed === undefined ? standardHost(service, where, accountOf(context)) : undefined);
  if (known !== undefined) return { drafts: [draftOfHost(known, defaultPort(service), requested, context)] };
  return resolveByEndpoints(service, typed?.name, where, requested, context);
}

/** A service without a host that we could put together: the names of its endpoint in this VPC will do, if there is one. */
function resolveByEndpoints(
  service: Service | undefined,
  typedName: string | undefined,
  region: string,
  requested: string,
  context: ResolveContext,
): Outcome {
  const names = [...(typedName === undefined ? [] : [typedName]), ...(service ? serviceNames(service, region) : [])];
  const endpoint = endpointsHere(context).find(({ ServiceName }) => names.includes(ServiceName?.toLowerCase() ?? ''));
  const draft = endpoint && draftOfEndpoint(endpoint, requested, context, { named: false });
  if (draft?.host !== undefined) return { drafts: [draft] };
  if (service?.id === 'ecr.dkr') {
    return {
      problem: `"${printable(requested)}" needs an account id for its host; give <account>.dkr.ecr.${region}.${partitionOfRegion(region).dnsSuffix}.`,
    };
  }
  const near = service === undefined ? suggestServices(typedName?.split('.').slice(3).join('.') ?? '') : [];
  const hint =
    near.length === 0 ? '' : ` Did you mean ${near.map((id) => `com.amazonaws.${region}.${id}`).join(' or ')}?`;
  const why = service === undefined ? 'is not in our table' : "has no host that is everybody's";
  return {
    problem: `"${printable(requested)}" ${why}; give the host that the application calls, or the endpoint id.${hint}`,
  };
}

/** A custom endpoint service has no host but those of its endpoints. */
function resolveCustomService(name: string | undefined, requested: string, context: ResolveContext): Outcome {
  if (name === undefined) {
    return {
      problem: `"${printable(requested)}" names no service; give com.amazonaws.vpce.<region>.vpce-svc-… or an endpoint id.`,
    };
  }
  const endpoints = endpointsHere(context).filter(({ ServiceName }) => ServiceName?.toLowerCase() === name);
  const drafts = endpoints.flatMap((endpoint) => draftOfEndpoint(endpoint, requested, context, { named: true }) ?? []);
  if (drafts.length > 0) return { drafts };
  const bare = {
    requested,
    port: 443,
    serviceId: CUSTOM_SERVICE_ID,
    serviceNames: [name],
    region: parseServiceName(name)?.region,
  };
  const why = context.vpcEndpoints.known ? 'no endpoint of this VPC uses it' : 'the VPC endpoints cannot be read';
  return { drafts: [bare], notes: [`${name} has no host to probe: ${why}.`] };
}

function resolveEndpointId(request: TargetRequest & { kind: 'endpoint' }, context: ResolveContext): Outcome {
  const { endpointId, port, text } = request;
  if (!context.vpcEndpoints.known) {
    const bare = { requested: text, port: port ?? 443, endpointId, serviceNames: [] };
    return { drafts: [bare], notes: [`${endpointId} has no host to probe: the VPC endpoints cannot be read.`] };
  }
  const endpoint = context.vpcEndpoints.value.find(({ VpcEndpointId }) => VpcEndpointId.toLowerCase() === endpointId);
  if (endpoint === undefined) {
    return { problem: `${endpointId} is not among the VPC endpoints of this account and Region.` };
  }
  const draft = draftOfEndpoint(endpoint, text, context, { named: true, port });
  if (draft !== undefined) return draft.host === undefined ? withoutHost(draft, endpoint) : { drafts: [draft] };
  return {
    problem: `${endpointId} is a ${endpoint.VpcEndpointType} endpoint, which has no host of its own; give a host or an address behind it.`,
  };
}

function resolveWorkload(id: string, requested: string, context: ResolveContext): Outcome {
  const workload = findWorkload(id);
  if (workload === undefined) return { problem: `"${printable(id)}" is no workload that we know.` };
  const present = new Set(
    endpointsHere(context).map(({ ServiceName }) => parseServiceName(ServiceName ?? '')?.service?.id),
  );
  const conditional = workload.conditional.filter(({ service }) => present.has(service));
  const outcomes = [...workload.required, ...conditional].map((need) => resolveNeed(need.service, requested, context));
  const drafts = outcomes
    .flatMap((outcome) => outcome.drafts ?? [])
    .map((draft) => ({ ...draft, workload: workload.id }));
  const others = context.vpcEndpoints.known ? workload.conditional.filter(({ service }) => !present.has(service)) : [];
  const notes = [...outcomes.flatMap((outcome) => outcome.notes ?? []), ...conditionNotes(workload, others)];
  const problem = outcomes.find((outcome) => outcome.problem !== undefined)?.problem;
  if (drafts.length === 0 && problem === undefined) {
    const why = context.vpcEndpoints.known
      ? 'this VPC has an endpoint for none of those that it may call'
      : 'the VPC endpoints cannot be read';
    return {
      problem: `${workload.title} needs no service in every case, and ${why}; name the services that it calls.`,
    };
  }
  return problem === undefined ? { drafts, notes } : { drafts, notes, problem };
}

/**
 * What the workload needs under a condition that we cannot see, and has no endpoint for: not probed, because most do not need
 * it, and said, because those who do will look everywhere else first.
 */
function conditionNotes(workload: Workload, needs: readonly WorkloadNeed[]): string[] {
  if (needs.length === 0 || workload.required.length === 0) return [];
  const listed = needs.map(({ service, when }) => `${service} (when ${when})`).join(', ');
  return [
    `${workload.title}: not checked, and without an endpoint in this VPC, is what only some need: ${listed}. Name such a service as a target if you do.`,
  ];
}

/** A target that was named beside a workload which needs it is a part of that workload. */
function withWorkload(draft: Draft, workloads: readonly string[]): Draft {
  const { serviceId } = draft;
  if (draft.workload !== undefined || serviceId === undefined) return draft;
  const workload = workloads.find((id) => consequenceOf(id, serviceId) !== undefined);
  return workload === undefined ? draft : { ...draft, workload };
}

/** One service of a workload. The registry's host needs an account id: without one the rest of the workload is still worth a look. */
function resolveNeed(serviceId: string, requested: string, context: ResolveContext): Outcome {
  const outcome = resolveService(serviceId, requested, context);
  if (outcome.problem === undefined || context.region === undefined) return outcome;
  return { notes: [`${serviceId} is left out: ${outcome.problem}`] };
}

function resolveEveryEndpoint(context: ResolveContext): Outcome {
  const endpoints = [...endpointsHere(context)].sort((a, b) => (a.VpcEndpointId < b.VpcEndpointId ? -1 : 1));
  const outcomes = endpoints.map((endpoint): Outcome => {
    if (endpoint.State?.toLowerCase() === 'deleted') {
      return { notes: [`${endpoint.VpcEndpointId} is deleted and left out.`] };
    }
    const draft = draftOfEndpoint(endpoint, endpoint.VpcEndpointId, context, { named: false });
    if (draft === undefined) {
      return {
        notes: [
          `${endpoint.VpcEndpointId} is a ${endpoint.VpcEndpointType} endpoint and left out: name a host behind it.`,
        ],
      };
    }
    return draft.host === undefined ? withoutHost(draft, endpoint) : { drafts: [draft] };
  });
  const drafts = outcomes.flatMap((outcome) => outcome.drafts ?? []);
  const notes = outcomes.flatMap((outcome) => outcome.notes ?? []);
  if (drafts.length > 0) return { drafts, notes };
  const instead = resolveWorkload('session-manager', 'session-manager', context);
  const why = context.vpcEndpoints.known ? 'There is no endpoint to check' : 'The VPC endpoints cannot be read';
  return {
    ...instead,
    notes: [...notes, `${why}: what Session Manager needs is checked instead.`, ...(instead.notes ?? [])],
  };
}

/**
 * The draft for an endpoint; `undefined` for types that have no name of their own (gateway load balancer, resource, service
 * network and tunnel endpoints), without host when the endpoint gives none.
 */
function draftOfEndpoint(
  endpoint: VpcEndpoint,
  requested: string,
  context: ResolveContext,
  how: { readonly named: boolean; readonly port?: number | undefined },
): Draft | undefined {
  const type = endpoint.VpcEndpointType?.toLowerCase() ?? 'interface';
  const names = endpointNames(endpoint);
  const hasNames = names.private.length + names.regional.length > 0;
  if (type !== 'interface' && type !== 'gateway' && !(type === 'resource' && hasNames)) return undefined;
  const name = parseServiceName(endpoint.ServiceName ?? '');
  const region = endpoint.ServiceRegion ?? name?.region ?? context.region;
  const host = hostOfEndpoint(endpoint, region, accountOf(context), how.named);
  const port = how.port ?? defaultPort(name?.service);
  const own = {
    ...(how.named ? { endpointId: endpoint.VpcEndpointId } : {}),
    serviceId: name?.service?.id,
    serviceNames: endpoint.ServiceName === undefined ? [] : [endpoint.ServiceName],
    region,
  };
  if (host === undefined) return { requested, port, ...own };
  const draft = draftOfHost(host, port, requested, context, { region });
  return {
    ...draft,
    ...own,
    serviceNames: unique([...own.serviceNames, ...draft.serviceNames]),
    serviceId: own.serviceId ?? draft.serviceId,
    region: own.region ?? draft.region,
  };
}

function draftOfHost(
  host: string,
  port: number,
  requested: string,
  context: ResolveContext,
  more: {
    readonly path?: string | undefined;
    readonly region?: string | undefined;
    readonly pasted?: string | undefined;
  } = {},
): Draft {
  const match = matchHost(host);
  const covering = endpointsHere(context).filter((endpoint) => hostCoveredBy(host, endpoint));
  const fromEndpoints = covering.flatMap(({ ServiceName }) => ServiceName ?? []);
  const guess = match === undefined ? guessServiceNames(host) : undefined;
  const fromTable =
    match === undefined ? (guess?.names ?? []) : serviceNamesForHost(match, more.region ?? context.region);
  const fromServices = serviceNamesCovering(context.endpointServices, host);
  const names = unique([...fromEndpoints, ...fromServices, ...fromTable]);
  const serviceId = match?.service?.id ?? parseServiceName(fromEndpoints[0] ?? fromServices[0] ?? '')?.service?.id;
  return {
    requested,
    host,
    port,
    path: more.path,
    pasted: more.pasted,
    serviceId,
    serviceNames: names,
    region: match?.region ?? guess?.region,
    endpointId: match?.vpceName?.endpointId,
  };
}

/** Endpoints of the client's VPC; of every VPC where that is not known. */
function endpointsHere(context: ResolveContext): readonly VpcEndpoint[] {
  if (!context.vpcEndpoints.known) return [];
  const { vpcId } = context;
  return context.vpcEndpoints.value.filter(
    ({ VpcId }) => vpcId === undefined || VpcId === undefined || VpcId === vpcId,
  );
}

/** Any account makes a valid registry host: the caller's, else that of the endpoints' owner. */
function accountOf(context: ResolveContext): string | undefined {
  return context.accountId ?? endpointsHere(context).find(({ OwnerId }) => /^\d{12}$/.test(OwnerId ?? ''))?.OwnerId;
}

/** A service id or suffix as the endpoint service name that it stands for, so that `kms-fips` leads to the FIPS host. */
function suffixName(text: string, region: string): ReturnType<typeof parseServiceName> {
  const service = findService(text);
  if (service === undefined || !service.suffixes.includes(text)) return undefined;
  return parseServiceName(namesOfSuffix(text, region)[0] ?? '');
}

/** Services with one host for all Regions: `iam.amazonaws.com`. */
function isGlobal(service: Service | undefined): boolean {
  return service?.hosts.standard?.every((host) => !host.includes('{region}')) ?? false;
}

function withoutHost(draft: Draft, endpoint: VpcEndpoint): Outcome {
  const state = endpoint.State === undefined ? '' : ` (its state is ${printable(endpoint.State)})`;
  return { drafts: [draft], notes: [`${endpoint.VpcEndpointId} has no DNS name to probe${state}.`] };
}

/** Joins drafts of the same host or address and port. Two endpoints that the user named and that share a host stay apart: only one of them can own it. */
function joinDrafts(drafts: readonly Draft[], context: ResolveContext): Target[] {
  const targets = new Map<string, Target>();
  for (const draft of drafts.map((each) => ownNameIfTaken(each, drafts, context))) {
    const id = idOf(draft);
    const earlier = targets.get(id);
    const { requested, ...rest } = draft;
    if (earlier === undefined) {
      const service = draft.serviceId === undefined ? undefined : serviceById(draft.serviceId);
      // A path was typed as part of an https:// URL: HTTPS it is, whatever the port.
      const application = draft.path === undefined ? applicationOf(service, draft.port) : 'https';
      targets.set(id, withoutUndefined({ id, requested: [requested], application, ...rest }));
    } else {
      targets.set(
        id,
        withoutUndefined({
          ...earlier,
          requested: unique([...earlier.requested, requested]),
          serviceNames: unique([...earlier.serviceNames, ...draft.serviceNames]),
          path: earlier.path ?? draft.path,
          pasted: earlier.pasted ?? draft.pasted,
          denials: joinDenials(earlier.denials, draft.denials),
          application: draft.path === undefined ? earlier.application : 'https',
          endpointId: earlier.endpointId ?? draft.endpointId,
          workload: earlier.workload ?? draft.workload,
        }),
      );
    }
  }
  return [...targets.values()];
}

/** Each of them once, in the order of the requests. */
function joinDenials(...denials: readonly (readonly Denial[] | undefined)[]): readonly Denial[] | undefined {
  const all = denials.flatMap((some) => some ?? []);
  const distinct = [...new Map(all.map((denial) => [JSON.stringify(denial), denial])).values()];
  return distinct.length === 0 ? undefined : distinct;
}

function ownNameIfTaken(draft: Draft, drafts: readonly Draft[], context: ResolveContext): Draft {
  if (draft.endpointId === undefined || !context.vpcEndpoints.known) return draft;
  const first = drafts.find((other) => other.endpointId !== undefined && idOf(other) === idOf(draft));
  if (first === undefined || first.endpointId === draft.endpointId) return draft;
  const endpoint = context.vpcEndpoints.value.find(({ VpcEndpointId }) => VpcEndpointId === draft.endpointId);
  const own = endpoint && regionalName(endpointNames(endpoint).regional, serviceById(draft.serviceId ?? ''));
  return own === undefined ? draft : { ...draft, host: own };
}

function idOf(draft: Draft): string {
  const address = draft.address?.includes(':') && draft.port !== 443 ? `[${draft.address}]` : draft.address;
  const name = draft.host ?? address ?? draft.endpointId ?? draft.serviceNames[0] ?? draft.requested;
  return draft.port === 443 ? name : `${name}:${draft.port}`;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function withoutUndefined(target: Target): Target {
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as Target;
}
