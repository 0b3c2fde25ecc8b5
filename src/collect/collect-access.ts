/**
 * Reads the policies of the resources that a run names. Asked for with reason only: where requests are signed, or where a refusal
 * is known; a run about the network has no use for them, and many who may look at a VPC may not read policies.
 */
import type { Durations } from '../durations.ts';
import type { ResourcePolicy } from '../model/aws.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Denial } from '../model/denial.ts';
import type { Host } from '../model/host.ts';
import { type State, unknownState } from '../model/state.ts';
import type { Target } from '../model/target.ts';
import { patientSignal } from '../patience.ts';
import { joinCoverage, startCaller } from './caller.ts';
import { actionOf } from './calls.ts';
import { namedResources } from './named-resources.ts';
import { POLICY_READS } from './policy-reads.ts';
import type { Attempts } from './sdk.ts';
import { clientSettings } from './settings.ts';

export type CollectAccessOptions = {
  /** where to ask for a resource that does not say its Region */
  readonly region: string | undefined;
  readonly targets: readonly Target[];
  /** refusals that an error text tells of, or that this run met */
  readonly denials: readonly Denial[];
  readonly durations: Pick<Durations, 'policyReads'>;
  readonly signal: AbortSignal;
  readonly onCall?: ((action: string) => void) | undefined;
};

export type CollectedAccess = {
  /** only the resources' policies are ever known in it */
  readonly state: State;
  readonly coverage: CoverageEntry[];
};

/**
 * One element for each resource: its policy, or that it has none, or why that is not known. All together within
 * `durations.policyReads`; never rejects for anything that the network or the APIs do.
 */
export async function collectAccess(host: Host, options: CollectAccessOptions): Promise<CollectedAccess> {
  const { region, durations } = options;
  const wanted = namedResources(options.targets, options.denials).flatMap((resource) => {
    const read = POLICY_READS.find(({ fits }) => fits.test(resource.arn));
    const where = resource.region || region;
    return read === undefined || where === undefined ? [] : [{ arn: resource.arn, region: where, read }];
  });
  const [first] = wanted;
  if (first === undefined) return { state: unknownState('not-asked'), coverage: [] };
  if (options.signal.aborted) return { state: unknownState('timeout', 'the run ended before it asked'), coverage: [] };
  const [{ openPolicies }, { openSigner }] = await Promise.all([import('./policies-api.ts'), import('./signer.ts')]);
  const signer = openSigner(host, first.region);
  // Every call awaits it; where there is none to be made, its refusal is nobody's.
  signer.catch(() => {});
  const regions = new Map(wanted.map((one) => [one.arn, one.region]));
  const open = openPolicies(host, signer, (arn) => regions.get(arn) ?? first.region);
  // One attempt: these are worth a look, not a wait.
  const attempts: Attempts = { ms: durations.policyReads, most: 1 };
  const signal = AbortSignal.any([options.signal, patientSignal(durations.policyReads)]);
  const caller = { callMs: durations.policyReads, signal, onCall: options.onCall };
  const callers = [...new Set(wanted.map(({ read }) => read.service))].map((service) => {
    const settings = clientSettings(host, service, region);
    const api = settings.kind === 'none' ? settings : open(settings, attempts);
    return { service, caller: startCaller(api, caller) };
  });
  const policies = await Promise.all(
    wanted.map(async ({ arn, read }): Promise<ResourcePolicy> => {
      const one = callers.find(({ service }) => service === read.service)?.caller;
      const base = { ResourceArn: arn, Action: actionOf(read.call) };
      const answer = await one?.one(read.call, 'Policy', { ResourceArn: arn }, arn);
      if (answer === undefined || !answer.ok) return { ...base, Refusal: answer?.why ?? 'failed' };
      const policy = answer.value['Policy'];
      return typeof policy === 'string' ? { ...base, Policy: policy } : base;
    }),
  );
  return {
    state: { ...unknownState('not-asked'), resourcePolicies: { known: true, value: policies } },
    coverage: joinCoverage(callers.map((each) => each.caller)),
  };
}
