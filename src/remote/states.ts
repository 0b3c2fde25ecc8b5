/** Joins what hosts saw with the description of their VPCs, read once for each VPC from where the user sits. */
import { collectState } from '../collect/collect.ts';
import { collectDns } from '../collect/collect-dns.ts';
import type { Durations } from '../durations.ts';
import type { Case } from '../model/case.ts';
import { decodeCase, encodeCase, mergeStates } from '../model/case-file.ts';
import type { Host } from '../model/host.ts';
import type { State } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { resolveTargets } from '../services/resolve-targets.ts';

export type StatesOptions = {
  /** from files */
  readonly given: State;
  /** absent with --no-api */
  readonly api:
    | { readonly region: string | undefined; readonly durations: Durations; readonly signal: AbortSignal }
    | undefined;
  readonly say: (text: string) => void;
};

type Reached = { readonly instanceId: string; readonly case: Case };

/** By instance id, in the same order, each host's case with the state of its VPC. */
export async function withStates(
  host: Host,
  reached: readonly Reached[],
  options: StatesOptions,
): Promise<Map<string, Case>> {
  // Systems Manager knows which host it is, also where the metadata service does not answer there.
  const named = reached.map((one) => ({
    ...one,
    case: { ...one.case, vantage: { ...one.case.vantage, instanceId: one.case.vantage.instanceId ?? one.instanceId } },
  }));
  const groups = Map.groupBy(named, ({ instanceId, case: { vantage } }) => vantage.vpcId ?? instanceId);
  const cases = new Map<string, Case>();
  for (const group of groups.values()) {
    const first = group[0];
    const { api, given } = options;
    if (first === undefined) continue;
    const collected = api === undefined ? undefined : await collectFor(host, group, given, api, options.say);
    for (const { instanceId, case: own } of group) {
      const state = mergeStates([given, ...(collected === undefined ? [] : [collected.state]), own.state]);
      const accountId = own.vantage.accountId ?? collected?.accountId;
      const vantage: Vantage = { ...own.vantage, ...(accountId === undefined ? {} : { accountId }) };
      const joined: Case = {
        ...own,
        state,
        vantage: withInterface(vantage, state),
        coverage: [...own.coverage, ...(collected?.coverage ?? [])],
        warnings: [...new Set([...own.warnings, ...(collected?.warnings ?? [])])],
      };
      const again = decodeCase(encodeCase(joined), instanceId);
      if (!again.ok) throw new Error(again.problem);
      cases.set(instanceId, again.case);
    }
  }
  return new Map(
    reached.flatMap(({ instanceId }) => {
      const one = cases.get(instanceId);
      return one === undefined ? [] : [[instanceId, one] as const];
    }),
  );
}

async function collectFor(
  host: Host,
  group: readonly Reached[],
  given: State,
  { region, durations, signal }: NonNullable<StatesOptions['api']>,
  say: (text: string) => void,
) {
  const vantages = group.map((one) => one.case.vantage);
  const vpcId = vantages[0]?.vpcId;
  const targets = group.flatMap(
    ({ case: { requests, vantage } }) =>
      resolveTargets(requests, {
        region: vantage.region ?? region,
        accountId: vantage.accountId,
        vpcId: vantage.vpcId,
        vpcEndpoints: given.vpcEndpoints,
        endpointServices: given.endpointServices,
      }).targets,
  );
  const here = vantages[0]?.region ?? region;
  const [collected, dns] = await Promise.all([
    collectState(host, {
      region: here,
      vpcId,
      clientAddresses: [...new Set(vantages.flatMap(({ addresses }) => addresses))],
      clientInterfaceId: vantages.length === 1 ? vantages[0]?.networkInterfaceId : undefined,
      // Which interfaces the host has, where it could not say in which VPC it stands.
      instanceId: vpcId === undefined ? group[0]?.instanceId : undefined,
      serviceNames: [...new Set(targets.flatMap((target) => target.serviceNames))],
      durations,
      signal,
      onCall: say,
    }),
    vpcId === undefined
      ? undefined
      : collectDns(host, {
          region: here,
          vpcId,
          hosts: [...new Set(targets.flatMap((target) => target.host ?? []))],
          durations,
          signal,
          onCall: say,
        }),
  ]);
  if (dns === undefined) return collected;
  return {
    ...collected,
    state: mergeStates([collected.state, dns.state]),
    coverage: [...collected.coverage, ...dns.coverage],
    warnings: [...collected.warnings, ...dns.warnings],
  };
}

/** The primary interface of the instance, where the host could not name it: several VPCs may know its address. */
function withInterface(vantage: Vantage, { networkInterfaces }: State): Vantage {
  if (vantage.networkInterfaceId !== undefined || !networkInterfaces.known) return vantage;
  const own = networkInterfaces.value.find(
    ({ Attachment }) => Attachment?.InstanceId === vantage.instanceId && Attachment?.DeviceIndex === 0,
  );
  return own === undefined ? vantage : { ...vantage, networkInterfaceId: own.NetworkInterfaceId };
}
