/** What a fix does beyond this client: the same change evaluated for the other clients that it reaches. */
import type { Fix } from '../checks/check.ts';
import type { NetworkInterface } from '../model/aws.ts';
import type { BlastRadius, BlastRadiusLoss } from '../model/report.ts';
import type { Target } from '../model/target.ts';
import { emptyVantage, type Vantage } from '../model/vantage.ts';
import { formatAddress, parseCidr } from '../network/addresses.ts';
import { isEmpty } from '../network/flows.ts';
import { evaluateTarget, type TargetModel } from '../network/model.ts';
import { resolverKind } from '../network/resolution.ts';
import { resolveTargets } from '../services/resolve-targets.ts';
import { type Changed, changedBy, type Scope } from './changed-by.ts';
import { type ModelInput, modelAfter, provable, stateAfter } from './proof.ts';

/** One client and one target, before and after: an account may have thousands of interfaces. */
const MOST_PAIRS = 300;

/** Somebody else's place in the VPC: a network interface, or a subnet without known ones and any address in it. */
type Other = {
  readonly vantage: Vantage;
  readonly subnetId: string;
  readonly networkInterfaceId: string | undefined;
};

/**
 * Who else is reached by a fix, and who would lose a target by it.
 * @param refused why policies refuse this host's requests for a target once the way has changed, and do not today
 * @param targets the targets of this run; where the change is about every name of the VPC, its other endpoints join them
 * @returns undefined when the change takes nothing from this host and reaches nobody else, as a rule more in a security group
 */
export function blastRadiusOf(
  fix: Fix,
  targets: readonly Target[],
  input: ModelInput,
  refused: (target: Target) => string | undefined,
): BlastRadius | undefined {
  if (!provable(fix)) return undefined;
  const after = stateAfter(input, [fix]);
  const scope = changedBy(input, after);
  if (scope === undefined) {
    const breaks = targets.flatMap((target) => ownLoss(target, fix, input, refused(target)));
    const own = { words: '', subnets: [], names: 'asked', unread: undefined } as const;
    return breaks.length === 0 ? undefined : { summary: summaryOf(own, breaks, []), subnets: [], breaks, unknown: [] };
  }
  const asked = scope.names === 'all' ? [...targets, ...otherEndpoints(targets, input)] : targets;
  const own = asked.flatMap((target) => ownLoss(target, fix, input, refused(target)));
  const others = scope.subnets.flatMap((subnetId) => othersIn(subnetId, input));
  const seen = others.slice(0, Math.max(1, Math.floor(MOST_PAIRS / Math.max(1, asked.length))));
  const breaks: BlastRadiusLoss[] = [...own];
  const unknown = new Set(others.slice(seen.length).map((other) => other.subnetId));
  for (const other of seen) {
    const results = asked.map((target) => ({ target, ...compare(other.vantage, target, input, after) }));
    const lost = results.filter((result) => result.lost);
    for (const { target, because } of lost)
      breaks.push({
        subnetId: other.subnetId,
        ...(other.networkInterfaceId === undefined ? {} : { networkInterfaceId: other.networkInterfaceId }),
        ...(other.vantage.addresses[0] === undefined ? {} : { address: other.vantage.addresses[0] }),
        target: target.id,
        because,
      });
    if (lost.length === 0 && results.some((result) => result.unsure)) unknown.add(other.subnetId);
  }
  for (const subnetId of scope.subnets) {
    // This client speaks for its own subnet where the interfaces are known and no other client has one in it.
    const alone = subnetId === input.vantage.subnetId && input.state.networkInterfaces.known;
    if (!alone && !others.some((other) => other.subnetId === subnetId)) unknown.add(subnetId);
  }
  if (scope.subnets.length === 0 && breaks.length === 0 && scope.unread === undefined) return undefined;
  const doubtful = [...unknown].filter((subnetId) => !breaks.some((loss) => loss.subnetId === subnetId)).sort();
  return { summary: summaryOf(scope, breaks, doubtful), subnets: scope.subnets, breaks, unknown: doubtful };
}

/** Whether this client itself loses another target. */
function ownLoss(target: Target, fix: Fix, input: ModelInput, refused: string | undefined): BlastRadiusLoss[] {
  const before = modelAfter(input, target, []);
  const after = modelAfter(input, target, [fix]);
  if (refused === undefined && !isLost(before, after)) return [];
  return [
    {
      subnetId: input.vantage.subnetId ?? 'this host’s subnet',
      networkInterfaceId: input.vantage.networkInterfaceId,
      address: input.vantage.addresses[0],
      target: target.id,
      because: refused ?? reasonOf(after),
    },
  ];
}

function compare(vantage: Vantage, target: Target, input: ModelInput, changed: Changed) {
  const before = evaluateTarget(input.state, vantage, target, resolverKind(input.state, vantage));
  const after = evaluateTarget(changed.state, vantage, target, resolverKind(changed.state, vantage));
  return {
    lost: isLost(before, after),
    // Where it is closed today nothing can be lost, and where nothing was changed nothing is in doubt.
    unsure: after.status === 'unknown' && before.status !== 'closed' && before.actualPath !== after.actualPath,
    because: reasonOf(after),
  };
}

function isLost(before: TargetModel, after: TargetModel): boolean {
  if (after.status === 'closed') return before.status !== 'closed';
  return after.status === 'partial' && (before.status === 'open' || before.status === 'detour');
}

/** The gates that close the way, or that nothing leads there. */
function reasonOf(after: TargetModel): string {
  const paths = after.endpointPaths.filter((path) => path.status === 'closed' || path.status === 'partial');
  const gates = paths.flatMap((path) => path.gates.filter((gate) => !isEmpty(gate.block)));
  const words = gates.map((gate) => {
    const what = gate.resources.join('+') || 'a gate';
    if (gate.gate.includes('-sg-')) return `${what} does not admit it`;
    if (gate.gate.includes('-nacl-')) return `${what} denies ${gate.gate.endsWith('-return') ? 'the answers' : 'it'}`;
    return `${what} does not lead there`;
  });
  return [...new Set(words)].slice(0, 3).join(', ') || 'nothing leads there any more';
}

/** Names that a run did not ask for change too, when the VPC's DNS does. */
function otherEndpoints(targets: readonly Target[], { state, vantage }: ModelInput): Target[] {
  const all = resolveTargets([{ kind: 'every-endpoint', text: 'every endpoint' }], {
    region: vantage.region ?? vantage.sdk.region,
    accountId: vantage.accountId,
    vpcId: vantage.vpcId,
    vpcEndpoints: state.vpcEndpoints,
  });
  if (!state.vpcEndpoints.known) return [];
  return all.targets.filter((target) => !targets.some((own) => own.id === target.id));
}

/** The kinds of interfaces that hosts and containers have; the others belong to AWS's own devices. */
const CLIENT_TYPES = new Set(['interface', 'lambda', 'branch', 'trunk', 'efa', 'efa-only', 'ena']);

function othersIn(subnetId: string, input: ModelInput): Other[] {
  const { state, vantage } = input;
  const known = state.networkInterfaces.known ? state.networkInterfaces.value : [];
  const clients = known
    .filter(
      (one) =>
        one.SubnetId === subnetId &&
        CLIENT_TYPES.has(one.InterfaceType ?? 'interface') &&
        one.NetworkInterfaceId !== vantage.networkInterfaceId,
    )
    .sort((a, b) => (a.NetworkInterfaceId < b.NetworkInterfaceId ? -1 : 1));
  if (clients.length > 0) return clients.map((one) => ({ ...placeOf(one, input), subnetId }));
  // The client's own subnet is judged by the client; another one by an address in it, whose groups nobody knows.
  if (subnetId === vantage.subnetId) return [];
  const subnet = state.subnets.known ? state.subnets.value.find((one) => one.SubnetId === subnetId) : undefined;
  const range = subnet?.CidrBlock === undefined ? undefined : parseCidr(subnet.CidrBlock)?.range;
  if (range === undefined) return [];
  const address = formatAddress(range.family, range.high - 5n);
  return [
    { subnetId, networkInterfaceId: undefined, vantage: { ...elsewhere(input), subnetId, addresses: [address] } },
  ];
}

function placeOf(one: NetworkInterface, input: ModelInput): Omit<Other, 'subnetId'> {
  const ipv6 = one.Ipv6Addresses?.[0]?.Ipv6Address;
  return {
    networkInterfaceId: one.NetworkInterfaceId,
    vantage: {
      ...elsewhere(input),
      subnetId: one.SubnetId,
      networkInterfaceId: one.NetworkInterfaceId,
      addresses: [one.PrivateIpAddress, ipv6].filter((address) => address !== undefined),
      publicAddresses: one.Association?.PublicIp === undefined ? [] : [one.Association.PublicIp],
      securityGroupIds: (one.Groups ?? []).flatMap((group) => group.GroupId ?? []),
    },
  };
}

/** Another host of the client's VPC: what it has of its own is not known, and its resolver is what DHCP hands out. */
function elsewhere({ vantage }: ModelInput): Vantage {
  const { region, partition, accountId, vpcId, vpcCidrs } = vantage;
  return { ...emptyVantage('given'), region, partition, accountId, vpcId, vpcCidrs };
}

const SHOWN = 3;

function summaryOf(scope: Scope, breaks: readonly BlastRadiusLoss[], unknown: readonly string[]): string {
  const subnets = [...new Set(breaks.map((loss) => loss.subnetId))];
  const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const named = (ids: readonly string[]) =>
    ids.length > SHOWN ? `${ids.slice(0, SHOWN).join(', ')} and ${ids.length - SHOWN} more` : ids.join(', ');
  const first = breaks[0];
  const losses =
    first === undefined
      ? unknown.length === 0 && scope.unread === undefined
        ? 'On the model nobody else loses a target by it.'
        : ''
      : `On the model ${many(subnets.length, 'subnet')} (${named(subnets)}) would lose ${named([...new Set(breaks.map((loss) => loss.target))])}: ${named([...new Set(breaks.map((loss) => `${loss.because} (${loss.address ?? loss.subnetId})`))])}.`;
  const doubt =
    scope.unread !== undefined
      ? `Who else that is could not be read (${scope.unread}).`
      : unknown.length === 0
        ? ''
        : `Of ${many(unknown.length, 'subnet')} (${named(unknown)}) the model cannot tell.`;
  return [scope.words, losses, doubt].filter((part) => part !== '').join(' ');
}
