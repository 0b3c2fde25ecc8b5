/** The causes of one report as findings that can be compared with those of other hosts: which one thing would have to change. */
import { type ReportFacts, short } from './facts.ts';

/** A cause at one place: what a single change would set right. */
export type Spot = {
  /** tells spots apart */
  readonly key: string;
  readonly code: string;
  /** absent where the fault is on each host by itself, or where the report names nothing */
  readonly resource?: string | undefined;
  /** set where the same name stands for other things in other VPCs: an address, a host name */
  readonly vpcId?: string | undefined;
  /** set where each service needs a change of its own: endpoints that are missing */
  readonly service?: string | undefined;
  /** the same fault on each of the hosts, and as many changes as there are hosts */
  readonly onEachHost: boolean;
};

/** Changing any one of `spots` sets this right. */
export type Finding = {
  readonly key: string;
  readonly code: string;
  readonly severity: ReportFacts['causes'][number]['severity'];
  readonly standing: ReportFacts['causes'][number]['standing'];
  readonly spots: readonly Spot[];
};

type Cause = ReportFacts['causes'][number];

/**
 * One cause of a report as findings. Only resources of the first one’s kind are spots, for those after them are context: one
 * transit gateway is no single place to repair the fifty route tables that lack a route to it. Where a name could mean two
 * things they are kept apart, so that the number of changes may come out too high, and never too low.
 */
export function findingsOf(report: ReportFacts, cause: Cause): readonly Finding[] {
  const { code, severity, standing } = cause;
  const services = cause.layer === 'endpoint' ? servicesOf(report, cause) : [undefined];
  return services.map((service) => {
    const spots = spotsOf(report.vantage, cause, service);
    const key = JSON.stringify([severity, standing, ...spots.map((spot) => spot.key)]);
    return { key, code, severity, standing, spots };
  });
}

function servicesOf(report: ReportFacts, cause: Cause): readonly (string | undefined)[] {
  const names = report.targets
    .filter((target) => cause.targets.includes(target.id))
    .map((target) => short(target.service ?? target.id));
  return names.length === 0 ? [undefined] : [...new Set(names)].sort();
}

function spotsOf(vantage: ReportFacts['vantage'], cause: Cause, service: string | undefined): readonly Spot[] {
  const first = cause.resources[0];
  const own = [vantage.instanceId, vantage.networkInterfaceId];
  if (cause.layer === 'host' || first?.startsWith('/') === true || (first !== undefined && own.includes(first)))
    return [spot(cause.code, { onEachHost: true })];
  const vpcId = vantage.vpcId === undefined ? undefined : short(vantage.vpcId);
  if (first === undefined || first === '') return [spot(cause.code, { vpcId, service, onEachHost: false })];
  const alike = [...new Set(cause.resources)].filter((resource) => kindOf(resource) === kindOf(first));
  return alike.map((resource) => {
    const at = kindOf(resource) === 'name' ? { vpcId } : {};
    return spot(cause.code, { resource: short(resource), ...at, service, onEachHost: false });
  });
}

function spot(code: string, at: Omit<Spot, 'key' | 'code'>): Spot {
  const { resource, vpcId, service, onEachHost } = at;
  const key = JSON.stringify([code, resource ?? null, vpcId ?? null, service ?? null, onEachHost]);
  return { key, code, resource, vpcId, service, onEachHost };
}

/** `sg` of `sg-0e1f…`; `name` for what is no AWS resource id, and so unique only where it is used. */
export function kindOf(resource: string): string {
  return (
    /^([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8,}$/.exec(resource)?.[1] ?? (/^Z[A-Z0-9]{8,}$/.test(resource) ? 'zone' : 'name')
  );
}
