/** Decides which of the known network interfaces the client's packets leave from, and under which address. */
import type { ClientInterface, LocalInterface, LocalRoute } from '../model/vantage.ts';
import { cidrContains, firstOfEachFamily, isIpv4, isUsableSource } from './addresses.ts';
import type { MetadataInterface } from './metadata-ec2.ts';
import { sourceAddressFor } from './routes.ts';

export type ClientFacts = {
  /** what the instance metadata service lists */
  readonly interfaces: readonly MetadataInterface[];
  /** the interface of an ECS task in `awsvpc` mode */
  readonly taskInterface?: ClientInterface | undefined;
  /** the container runtime says that this container's own address does not leave the machine */
  readonly masqueraded: boolean;
  readonly pod: boolean;
  readonly localInterfaces: readonly LocalInterface[];
  readonly localRoutes: readonly LocalRoute[];
  /** of local interfaces, by name, in lower case */
  readonly localMacs: ReadonlyMap<string, string>;
};

export type ClientChoice = {
  /** undefined when no known interface carries the client's packets */
  readonly chosen?: ClientInterface | undefined;
  /** at most one IPv4 and one IPv6 */
  readonly addresses: readonly string[];
  readonly note?: string | undefined;
};

/**
 * The interface that owns the source address of the default route. In this order: a task's own interface; the interface
 * that holds the address or a prefix around it, or whose own were not given and whose MAC the device has; for a pod whose
 * address is the VPC's but no listed interface's, an interface that the instance does not list (security groups for pods);
 * else the primary interface, behind which a container's or virtual network's packets are masqueraded.
 */
export function chooseClientInterface(facts: ClientFacts): ClientChoice {
  const { interfaces, taskInterface } = facts;
  if (taskInterface !== undefined) {
    return {
      chosen: mergeTaskInterface(taskInterface, interfaces),
      addresses: firstOfEachFamily(taskInterface.addresses),
    };
  }
  const sources = sourceAddresses(facts.localInterfaces, facts.localRoutes);
  const owner = facts.masqueraded
    ? undefined
    : interfaces.find((entry) => sources.some((source) => holds(entry, source)));
  if (owner !== undefined) {
    return { chosen: publicShape(owner), addresses: sources.filter((source) => holds(owner, source)) };
  }
  const untold = interfaces.filter((entry) => entry.untold);
  const devices = facts.localInterfaces.filter((local) => sources.includes(local.address));
  const same = untold.find((entry) => devices.some(({ name }) => facts.localMacs.get(name) === entry.macAddress));
  if (same !== undefined) {
    const addresses = [...new Set([...sources, ...same.addresses])];
    return { chosen: { ...publicShape(same), addresses }, addresses: sources };
  }
  const primary = interfaces.find((entry) => entry.primary);
  if (primary === undefined) return { addresses: facts.masqueraded ? [] : sources };
  const source = sources[0];
  if (source === undefined) return withoutSource(primary, interfaces.length);
  const neighbour = interfaces.find((entry) => entry.vpcCidrs.some((cidr) => cidrContains(cidr, source)));
  if (facts.pod && neighbour !== undefined) {
    return {
      chosen: unlistedInterface(sources, neighbour, interfaces),
      addresses: sources,
      note: `${source} is this pod's address in ${neighbour.vpcId ?? 'the VPC'}, but on none of the interfaces that the instance lists: its security groups are not known.`,
    };
  }
  return {
    chosen: publicShape(primary),
    addresses: primary.addresses.filter(isIpv4).slice(0, 1),
    note: `The local address ${source} ${untold.length > 0 ? 'is none that the instance metadata service gave' : "belongs to none of the instance's interfaces"}: its packets are taken to leave as ${primary.addresses[0] ?? 'the address'} of the primary interface ${primary.networkInterfaceId ?? primary.macAddress}.`,
  };
}

/** The addresses of the default routes; where routes cannot be read, the first address that may leave the machine. */
function sourceAddresses(local: readonly LocalInterface[], routes: readonly LocalRoute[]): string[] {
  if (routes.length === 0) {
    return firstOfEachFamily(local.map((entry) => entry.address).filter(isUsableSource));
  }
  return ['0.0.0.0', '::']
    .map((anywhere) => sourceAddressFor(anywhere, local, routes))
    .filter((address) => address !== undefined);
}

function holds(entry: MetadataInterface, address: string): boolean {
  return entry.addresses.includes(address) || entry.prefixes.some((prefix) => cidrContains(prefix, address));
}

function withoutSource(primary: MetadataInterface, count: number): ClientChoice {
  return {
    chosen: publicShape(primary),
    addresses: firstOfEachFamily(primary.addresses),
    note:
      count > 1
        ? `The local source address is not known: of the instance's ${count} interfaces the primary one is taken.`
        : undefined,
  };
}

/** The task's interface is the instance's too unless it is a trunk's branch; then the metadata service knows its ids. */
function mergeTaskInterface(task: ClientInterface, interfaces: readonly MetadataInterface[]): ClientInterface {
  const same = interfaces.find((entry) =>
    task.macAddress === undefined
      ? task.addresses.some((address) => entry.addresses.includes(address))
      : entry.macAddress === task.macAddress,
  );
  return same === undefined ? task : publicShape(same);
}

/** What still follows for an interface that nobody lists: its VPC, and its subnet where a listed one shares it. */
function unlistedInterface(
  addresses: readonly string[],
  neighbour: MetadataInterface,
  interfaces: readonly MetadataInterface[],
): ClientInterface {
  const subnet = interfaces.find(
    (entry) =>
      entry.vpcId === neighbour.vpcId &&
      entry.subnetCidr !== undefined &&
      addresses.some((address) => cidrContains(entry.subnetCidr ?? '', address)),
  );
  return {
    vpcId: neighbour.vpcId,
    subnetId: subnet?.subnetId,
    ownerId: neighbour.ownerId,
    addresses,
    publicAddresses: [],
    securityGroupIds: [],
    subnetCidr: subnet?.subnetCidr,
    vpcCidrs: neighbour.vpcCidrs,
  };
}

/** Without the fields that only this layer uses. */
export function publicShape(entry: MetadataInterface): ClientInterface {
  const { prefixes: _prefixes, primary: _primary, untold: _untold, ...shape } = entry;
  return shape;
}
