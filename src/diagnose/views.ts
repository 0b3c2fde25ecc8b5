/** One target with everything that is known of it, and how the report tells it. */
import type { Evidence } from '../checks/evidence.ts';
import type { ReportCause, ReportTarget, TargetStatus } from '../model/report.ts';
import type { State } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import type { Vantage } from '../model/vantage.ts';
import { clientOf } from '../network/client.ts';
import type { TargetModel } from '../network/model.ts';
import { consequenceOf } from '../services/workloads.ts';
import type { Evaluated, Judged } from './findings.ts';
import { drawPath } from './hops.ts';
import { addressesOf } from './target-addresses.ts';
import type { Observed } from './target-status.ts';

/** One target with everything that is known of it. */
export type View = {
  readonly target: Target;
  readonly evidence: Evidence;
  readonly model: TargetModel;
  readonly observed: Observed;
  readonly evaluated: Evaluated;
  status: TargetStatus;
};

/** Packets decide where there are any; the model decides where there are none. A live fault makes "reachable" degraded. */
export function statusOf(view: View): TargetStatus {
  const live = view.evaluated.judged.filter(
    (one) => one.standing !== 'contradicted' && one.finding.extent !== 'none' && (!one.suspected || isRefusal(one)),
  );
  if (view.evidence.probed) {
    const { status } = view.observed;
    return status === 'reachable' && live.length > 0 ? 'degraded' : status;
  }
  switch (view.model.status) {
    case 'open':
      // A way that is open does not take back what somebody was refused at its end.
      return live.length > 0 || (view.target.denials ?? []).length > 0 ? 'degraded' : 'reachable';
    case 'partial':
    case 'detour':
      return 'degraded';
    case 'closed':
      return 'unreachable';
    case 'unknown': {
      // What was found is sure, whatever the rest turns out to be; only where the name leads must be known.
      if (live.length === 0 || view.model.resolution.kind === 'unknown') return 'unknown';
      const { endpointPaths } = view.model;
      const lost = endpointPaths.length > 0 && endpointPaths.every((path) => path.status === 'closed');
      return lost || live.some((one) => one.finding.extent === 'all') ? 'unreachable' : 'degraded';
    }
  }
}

/** What a service said is said, whether the policy behind it could be read or not. */
function isRefusal({ check, explains }: Judged): boolean {
  return check.layer === 'access' && explains.length > 0;
}

export function describeTarget(
  view: View,
  vantage: Vantage,
  causes: readonly ReportCause[],
  state: Pick<State, 'subnets' | 'networkInterfaces'>,
): ReportTarget {
  const { target, model, evidence } = view;
  const client = clientOf(vantage);
  const addresses = addressesOf(view, state);
  const paths =
    model.endpointPaths.length > 0 ? model.endpointPaths : model.publicPath === undefined ? [] : [model.publicPath];
  const endpoint = model.choice?.endpoints[0];
  const intended =
    endpoint === undefined
      ? target.serviceNames.length > 0
        ? undefined
        : 'public'
      : `${endpoint.VpcEndpointId} (${model.choice?.way === 'gateway' ? 'gateway' : 'interface'})`;
  const { workload, serviceId } = target;
  const consequence =
    view.status !== 'unreachable' || workload === undefined || serviceId === undefined
      ? undefined
      : consequenceOf(workload, serviceId);
  return {
    id: target.id,
    requested: target.requested,
    ...(target.host === undefined ? {} : { host: target.host }),
    ...(target.address === undefined ? {} : { address: target.address }),
    port: target.port,
    ...(target.serviceNames[0] === undefined ? {} : { service: target.serviceNames[0] }),
    status: view.status,
    summary: evidence.probed ? view.observed.summary : modelSummary(view),
    ...(intended === undefined ? {} : { intendedPath: intended }),
    actualPath: actualPath(view),
    hops: paths.map((path) => drawPath(client, path)),
    causes: [...new Set(causes.filter((cause) => cause.targets.includes(target.id)).map((cause) => cause.code))],
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(consequence === undefined ? {} : { consequence }),
  };
}

function modelSummary(view: View): string {
  const id = view.target.id;
  switch (view.model.status) {
    case 'open':
      return `On the model every packet to ${id} passes.`;
    case 'partial':
      return `On the model some packets to ${id} pass and some do not.`;
    case 'detour':
      return `On the model ${id} works through ${view.model.actualPath}, not through an endpoint.`;
    case 'closed':
      return `On the model nothing reaches ${id}.`;
    case 'unknown':
      return `The model cannot tell whether ${id} is reachable.`;
  }
}

function actualPath(view: View): string {
  const { model, evidence } = view;
  if (!evidence.probed || evidence.addresses.length === 0) return evidence.probed ? 'none' : model.actualPath;
  const own = new Map(
    model.endpointPaths.flatMap((path) =>
      path.destination.kind === 'interface'
        ? [[path.destination.address, path.destination.networkInterfaceId] as const]
        : [],
    ),
  );
  if (evidence.addresses.every((address) => own.has(address)))
    return model.choice?.endpoints[0].VpcEndpointId ?? own.values().next().value ?? 'unknown';
  return model.actualPath === 'none' || model.actualPath === 'unknown'
    ? model.publicPath === undefined
      ? 'unknown'
      : model.actualPath
    : model.actualPath;
}
