/** `vpce-doctor collect`: the API half, from anywhere with credentials. */

import { collectState } from '../collect/collect.ts';
import { collectDns } from '../collect/collect-dns.ts';
import { stateDocument } from '../collect/documents.ts';
import { mergeStates } from '../model/case-file.ts';
import { SLICE_NAMES, SLICES, type State } from '../model/state.ts';
import { takeVantage } from '../vantage/vantage.ts';
import { TOOL } from '../version.ts';
import { type NumberArguments, numbersFrom } from './arguments.ts';
import { type Io, isProblem, refuse, warn, writeText } from './io.ts';

export type CollectOptions = NumberArguments & {
  readonly region?: string | undefined;
  readonly vpc?: string | undefined;
  readonly file?: string | undefined;
};

/** Prints one document with everything that could be read. Exit 0 when all of EC2's could, 2 when something was refused. */
export async function collectCommand(io: Io, options: CollectOptions): Promise<number> {
  if (options.vpc !== undefined && !/^vpc-[0-9a-f]+$/.test(options.vpc))
    return refuse(io, `--vpc is ${JSON.stringify(options.vpc)}, which is no VPC id: give one like vpc-0a1b2c3d`);
  const numbers = numbersFrom(options);
  if (isProblem(numbers)) return refuse(io, numbers.problem);
  const { durations } = numbers;
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(durations.deadline)]);
  const { vantage } = await takeVantage(io.host, { durations, signal });
  const region = options.region ?? vantage.region ?? vantage.sdk.region;
  const vpcId = options.vpc ?? vantage.vpcId;
  const reading = collectDns(io.host, { region, vpcId, hosts: [], durations, signal });
  const collected = await collectState(io.host, {
    region,
    vpcId,
    clientAddresses: vantage.addresses,
    clientInterfaceId: vantage.networkInterfaceId,
    serviceNames: [],
    durations,
    signal,
  });
  const dns = await reading;
  for (const warning of [...collected.warnings, ...dns.warnings]) warn(io, warning);
  const { callerIdentities, ...described } = collected.state;
  const refused = refusals(described);
  // Route 53's part and the caller's name are worth having and no more: without them the description of the VPC is whole.
  for (const [why, actions] of [...refused, ...refusals({ callerIdentities }), ...refusals(dns.state)])
    warn(io, `Not read, ${why}: ${[...actions].join(', ')}.`);
  const document = stateDocument(mergeStates([collected.state, dns.state]), {
    version: TOOL.version,
    region,
    accountId: collected.accountId ?? vantage.accountId,
    vpcId,
    collectedAt: new Date(io.host.now()).toISOString(),
  });
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (options.file === undefined) io.stdout(text);
  else {
    const failed = await writeText(options.file, text);
    if (failed !== undefined) return refuse(io, failed.problem);
  }
  return refused.size === 0 ? 0 : 2;
}

/** The calls that were made in vain, by the reason: a line each would be sixteen where nothing can be reached. */
function refusals(state: Partial<State>): Map<string, Set<string>> {
  const refused = new Map<string, Set<string>>();
  for (const name of SLICE_NAMES) {
    const slice = state[name];
    if (slice === undefined || slice.known || slice.why === 'not-asked') continue;
    refused.set(slice.why, (refused.get(slice.why) ?? new Set()).add(SLICES[name].action));
  }
  return refused;
}
