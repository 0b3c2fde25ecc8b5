/** Makes a vantage from what `--from` names, and completes one that knows only an address, from the state; pure. */
import type { Instance, NetworkInterface } from '../model/aws.ts';
import { type ClientInterface, emptyVantage, type Vantage } from '../model/vantage.ts';
import { canonicalAddress, firstOfEachFamily, isIpv4, isUsableSource } from './addresses.ts';
import {
  type ClientState,
  clientInterfaceOf,
  defaultAddresses,
  describeUnknown,
  interfacesOf,
  interfacesWithAddress,
  subnetOf,
  subnetsAround,
  valuesOf,
  vpcCidrsOf,
} from './state-interfaces.ts';

export type FromResult =
  | { readonly ok: true; readonly vantage: Vantage }
  /** one line: what is wrong, where, what to do */
  | { readonly ok: false; readonly problem: string };

/** What the client turns out to be: an interface, or an address in a subnet of which no interface is known. */
type Client = {
  readonly networkInterface?: NetworkInterface | undefined;
  readonly subnetId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly addresses: readonly string[];
};

/**
 * The vantage of the client that `from` names: a network interface (also an endpoint's own), an instance (its primary
 * interface) or an address. `base` is this machine's vantage, or an empty one. When this machine is that client, `base`
 * is kept and only the interface chosen; otherwise the kind is `given` and nothing of this machine is taken over but the
 * Region, because another host's resolvers and ports are not known here.
 */
export function vantageFrom(from: string, base: Vantage, state: ClientState): FromResult {
  const text = from.trim().toLowerCase();
  const address = canonicalAddress(text);
  const isInterface = /^eni-[0-9a-z]+$/.test(text);
  if (address === undefined && !isInterface && !/^i-[0-9a-z]+$/.test(text)) {
    return problem(
      from,
      'this is neither a network interface id (eni-…), nor an instance id (i-…), nor an IP address. Give one of these',
    );
  }
  const own = ownVantage(text, address, completeVantage(base, state));
  if (own !== undefined) return { ok: true, vantage: completeVantage(own, state) };
  const client =
    address !== undefined
      ? clientWithAddress(address, state)
      : isInterface
        ? clientOnInterface(text, state)
        : clientOnInstance(text, state);
  if ('problem' in client) return problem(from, client.problem);
  return { ok: true, vantage: completeVantage(givenVantage(client, base, state), state) };
}

/**
 * Fills in what the state's network interfaces, subnets and VPCs tell: ids, zone, groups, account, CIDRs. The interface is
 * found by its id, else by address together with the MAC and the VPC as far as those are known. What the vantage
 * already says is never replaced. Several candidates are no answer: the note names them. Doing it twice changes nothing.
 */
export function completeVantage(vantage: Vantage, state: ClientState): Vantage {
  const { found, note } = findOwnInterface(vantage, state);
  const known = found === undefined ? undefined : clientInterfaceOf(found, state);
  const vpcId = vantage.vpcId ?? known?.vpcId;
  const subnet = subnetOf(vantage.subnetId ?? known?.subnetId, state) ?? subnetWithin(vantage, vpcId, state);
  const availabilityZone = vantage.availabilityZone ?? found?.AvailabilityZone ?? subnet?.AvailabilityZone;
  return {
    ...vantage,
    region: vantage.region ?? regionOfZone(availabilityZone),
    accountId: vantage.accountId ?? known?.ownerId,
    instanceId: vantage.instanceId ?? found?.Attachment?.InstanceId,
    vpcId: vpcId ?? subnet?.VpcId,
    subnetId: vantage.subnetId ?? known?.subnetId ?? subnet?.SubnetId,
    availabilityZone,
    availabilityZoneId: vantage.availabilityZoneId ?? subnet?.AvailabilityZoneId,
    networkInterfaceId: vantage.networkInterfaceId ?? known?.networkInterfaceId,
    addresses: found !== undefined && vantage.addresses.length === 0 ? defaultAddresses(found) : vantage.addresses,
    publicAddresses: either(vantage.publicAddresses, known?.publicAddresses),
    securityGroupIds: either(vantage.securityGroupIds, known?.securityGroupIds),
    vpcCidrs: either(vantage.vpcCidrs, vpcCidrsOf(vpcId ?? subnet?.VpcId, state)),
    interfaces: known === undefined ? vantage.interfaces : completeInterfaces(vantage.interfaces, known),
    notes: note === undefined || vantage.notes.includes(note) ? vantage.notes : [...vantage.notes, note],
  };
}

function problem(from: string, what: string): FromResult {
  return { ok: false, problem: `--from ${from}: ${what}.` };
}

// ---- this machine's own interface ----

function findOwnInterface(
  vantage: Vantage,
  state: ClientState,
): { readonly found?: NetworkInterface | undefined; readonly note?: string | undefined } {
  if (vantage.networkInterfaceId !== undefined) {
    return { found: interfacesOf(state).find((entry) => entry.NetworkInterfaceId === vantage.networkInterfaceId) };
  }
  const [address] = vantage.addresses;
  if (address === undefined) return {};
  const mac = vantage.interfaces.find((entry) => entry.addresses.includes(address))?.macAddress;
  const candidates = interfacesWithAddress(state, address).filter(
    (entry) =>
      (mac === undefined || entry.MacAddress === undefined || entry.MacAddress.toLowerCase() === mac) &&
      (vantage.vpcId === undefined || entry.VpcId === undefined || entry.VpcId === vantage.vpcId),
  );
  const [found] = candidates;
  if (found === undefined) {
    if (!state.networkInterfaces.known) return {};
    return {
      note: `None of the ${state.networkInterfaces.value.length} network interfaces in the state has the client's address ${address}: its security groups are not known.`,
    };
  }
  if (candidates.length > 1) {
    return { note: `The client's address ${address} is on several network interfaces: ${nameInterfaces(candidates)}.` };
  }
  if (mac !== undefined || vantage.vpcId !== undefined || vantage.kind === 'given') return { found };
  return {
    found,
    note: `The client is taken to be ${nameInterfaces([found])}, the only network interface in the state with its address ${address}.`,
  };
}

/** The vantage of this machine with the interface that `--from` names, or undefined when it names another machine's. */
function ownVantage(text: string, address: string | undefined, self: Vantage): Vantage | undefined {
  if (self.kind === 'given') return undefined;
  const byId = self.interfaces.find((entry) => entry.networkInterfaceId === text);
  if (byId !== undefined) return onInterface(self, byId);
  if (self.instanceId === text) {
    const primary = self.interfaces.find((entry) => entry.deviceNumber === 0) ?? self.interfaces[0];
    return primary === undefined ? self : onInterface(self, primary);
  }
  if (address === undefined) return undefined;
  if (self.addresses.includes(address)) return self;
  const byAddress = self.interfaces.find((entry) => entry.addresses.includes(address));
  if (byAddress !== undefined) return onInterface(self, byAddress, address);
  const isLocal = isUsableSource(address) && self.localInterfaces.some((entry) => entry.address === address);
  return isLocal ? onInterface(self, undefined, address) : undefined;
}

/** Moves the vantage to another of its interfaces; to one that is not known yet when only the address is. */
function onInterface(self: Vantage, entry: ClientInterface | undefined, address?: string): Vantage {
  if (entry !== undefined && entry.networkInterfaceId === self.networkInterfaceId && address === undefined) return self;
  return {
    ...self,
    networkInterfaceId: entry?.networkInterfaceId,
    vpcId: entry?.vpcId ?? self.vpcId,
    subnetId: entry?.subnetId,
    addresses: withOtherFamily(address, entry?.addresses ?? []),
    publicAddresses: entry?.publicAddresses ?? [],
    securityGroupIds: entry?.securityGroupIds ?? [],
    vpcCidrs: entry?.vpcCidrs ?? self.vpcCidrs,
  };
}

// ---- another client ----

function clientOnInterface(id: string, state: ClientState): Client | { readonly problem: string } {
  const found = interfacesOf(state).find((entry) => entry.NetworkInterfaceId === id);
  if (found !== undefined) return clientOf(found);
  const unknown = describeUnknown(state, 'networkInterfaces');
  if (unknown !== undefined)
    return { problem: `${unknown}. Let this run make that call, or give its output with --state` };
  return {
    problem: `there is no such network interface among the ${interfacesOf(state).length} in the state. Check the id, the Region and the account, or give the state of its VPC with --state`,
  };
}

function clientOnInstance(id: string, state: ClientState): Client | { readonly problem: string } {
  const own = interfacesOf(state).filter((entry) => entry.Attachment?.InstanceId === id);
  // The primary interface is device 0 of network card 0; where only others are visible, the lowest stands in.
  const [primary] = own.toSorted((a, b) => attachmentOrder(a) - attachmentOrder(b));
  if (primary !== undefined) return { ...clientOf(primary), instanceId: id };
  const instance = valuesOf(state.instances).find((entry) => entry.InstanceId === id);
  if (instance !== undefined) return clientOfInstance(instance);
  const unknown = [describeUnknown(state, 'instances'), describeUnknown(state, 'networkInterfaces')];
  if (unknown.every((slice) => slice !== undefined)) {
    return {
      problem: `${unknown.join(' and ')}. Let this run make one of these calls, or give its output with --state`,
    };
  }
  return {
    problem:
      'there is no such instance in the state. Check the id, the Region and the account, or give the state of its VPC with --state',
  };
}

function clientWithAddress(address: string, state: ClientState): Client | { readonly problem: string } {
  const candidates = interfacesWithAddress(state, address);
  const [found] = candidates;
  if (candidates.length > 1) {
    return {
      problem: `this address is on several network interfaces: ${nameInterfaces(candidates)}. Give one of their ids`,
    };
  }
  if (found !== undefined) return clientOf(found, address);
  const unknown = describeUnknown(state, 'subnets');
  if (unknown !== undefined) {
    return {
      problem: `no network interface with this address is known, and ${unknown}. Let this run make that call, or give its output with --state`,
    };
  }
  const subnets = subnetsAround(address, state);
  const [subnet] = subnets;
  if (subnet === undefined) {
    return {
      problem: `this address lies in none of the ${valuesOf(state.subnets).length} subnets in the state. Check it and the Region, or give the state of its VPC with --state`,
    };
  }
  if (subnets.length > 1) {
    const names = subnets.map((entry) => `${entry.SubnetId} (${entry.VpcId ?? 'VPC unknown'})`).join(', ');
    return { problem: `this address lies in several subnets: ${names}. Give a network interface id instead` };
  }
  return { subnetId: subnet.SubnetId, vpcId: subnet.VpcId, addresses: [address] };
}

function clientOf(entry: NetworkInterface, address?: string): Client {
  return { networkInterface: entry, addresses: withOtherFamily(address, defaultAddresses(entry)) };
}

/** An instance of which no interface is visible still says where it stands. */
function clientOfInstance(instance: Instance): Client {
  const address = canonicalAddress(instance.PrivateIpAddress ?? '');
  return {
    instanceId: instance.InstanceId,
    subnetId: instance.SubnetId,
    vpcId: instance.VpcId,
    addresses: address === undefined ? [] : [address],
  };
}

function givenVantage(client: Client, base: Vantage, state: ClientState): Vantage {
  const { networkInterface } = client;
  const zone = networkInterface?.AvailabilityZone ?? subnetOf(client.subnetId, state)?.AvailabilityZone;
  const ports = base.ephemeralPorts.source === 'given' ? base.ephemeralPorts : emptyVantage('given').ephemeralPorts;
  const assumed = ports.source === 'assumed' ? `; source ports ${ports.from}-${ports.to} are assumed` : '';
  const notes = [`The client is given with --from: its own resolvers, hosts file and routes are not known${assumed}.`];
  const unknown = describeUnknown(state, 'networkInterfaces');
  if (networkInterface === undefined && unknown !== undefined) {
    notes.push(`The client's security groups are not known: ${unknown}.`);
  }
  return {
    ...emptyVantage('given'),
    region: regionOfZone(zone) ?? base.region,
    partition: base.partition,
    instanceId: client.instanceId,
    networkInterfaceId: networkInterface?.NetworkInterfaceId,
    vpcId: client.vpcId,
    subnetId: client.subnetId,
    addresses: client.addresses,
    ephemeralPorts: ports,
    notes,
  };
}

// ---- small parts ----

/** The address that was asked for and one of the other family; the first of each when none was asked for. */
function withOtherFamily(address: string | undefined, all: readonly string[]): string[] {
  if (address === undefined) return firstOfEachFamily(all);
  return firstOfEachFamily([address, ...all.filter((other) => isIpv4(other) !== isIpv4(address))]);
}

function attachmentOrder(entry: NetworkInterface): number {
  return (entry.Attachment?.NetworkCardIndex ?? 0) * 1000 + (entry.Attachment?.DeviceIndex ?? 999);
}

function subnetWithin(vantage: Vantage, vpcId: string | undefined, state: ClientState): ReturnType<typeof subnetOf> {
  const [address] = vantage.addresses;
  if (address === undefined || vpcId === undefined || vantage.subnetId !== undefined) return undefined;
  return subnetsAround(address, state, vpcId)[0];
}

function completeInterfaces(interfaces: readonly ClientInterface[], known: ClientInterface): ClientInterface[] {
  const isKnown = (entry: ClientInterface): boolean =>
    entry.networkInterfaceId === undefined
      ? entry.addresses.some((address) => known.addresses.includes(address))
      : entry.networkInterfaceId === known.networkInterfaceId;
  if (!interfaces.some(isKnown)) return [known, ...interfaces];
  return interfaces.map((entry) => (isKnown(entry) ? completeInterface(entry, known) : entry));
}

function completeInterface(entry: ClientInterface, known: ClientInterface): ClientInterface {
  return {
    networkInterfaceId: entry.networkInterfaceId ?? known.networkInterfaceId,
    macAddress: entry.macAddress ?? known.macAddress,
    deviceNumber: entry.deviceNumber ?? known.deviceNumber,
    vpcId: entry.vpcId ?? known.vpcId,
    subnetId: entry.subnetId ?? known.subnetId,
    ownerId: entry.ownerId ?? known.ownerId,
    addresses: either(entry.addresses, known.addresses),
    publicAddresses: either(entry.publicAddresses, known.publicAddresses),
    securityGroupIds: either(entry.securityGroupIds, known.securityGroupIds),
    subnetCidr: entry.subnetCidr ?? known.subnetCidr,
    vpcCidrs: either(entry.vpcCidrs, known.vpcCidrs),
  };
}

/** An empty list says nothing: an interface has addresses and a security group; of public addresses both sources tell the same. */
function either(list: readonly string[], other: readonly string[] | undefined): readonly string[] {
  return list.length > 0 ? list : (other ?? []);
}

function nameInterfaces(entries: readonly NetworkInterface[]): string {
  return entries.map((entry) => `${entry.NetworkInterfaceId} (${entry.VpcId ?? 'VPC unknown'})`).join(', ');
}

/** `eu-west-1a` and the local zone `us-west-2-lax-1a` lie in the Regions that they begin with. */
function regionOfZone(zone: string | undefined): string | undefined {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+/.exec(zone ?? '')?.[0];
}
