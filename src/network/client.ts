/** The client's end of every path, drawn from the vantage. */
import type { Vantage } from '../model/vantage.ts';
import { type AddressSet, addressSet, type Family, familyOf, NO_ADDRESSES } from './addresses.ts';
import type { PortRange } from './ports.ts';

export type Client = {
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  readonly networkInterfaceId: string | undefined;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** undefined when unknown; a network interface has at least one group, so an empty list means "not told" */
  readonly groupIds: readonly string[] | undefined;
  /** source ports of new connections */
  readonly ephemeral: PortRange;
  /** whether the source address has a public IPv4 address in front of it */
  readonly hasPublicIpv4: boolean;
};

export function clientOf(vantage: Vantage): Client {
  return {
    vpcId: vantage.vpcId,
    subnetId: vantage.subnetId,
    networkInterfaceId: vantage.networkInterfaceId,
    ipv4: vantage.addresses.find((address) => familyOf(address) === 4),
    ipv6: vantage.addresses.find((address) => familyOf(address) === 6),
    groupIds: vantage.securityGroupIds.length > 0 ? vantage.securityGroupIds : undefined,
    ephemeral: { from: vantage.ephemeralPorts.from, to: vantage.ephemeralPorts.to },
    hasPublicIpv4: vantage.publicAddresses.length > 0,
  };
}

/** The client's own address of a family as a set; empty when it has none or none is known. */
export function clientAddress(client: Client, family: Family): AddressSet {
  const address = family === 4 ? client.ipv4 : client.ipv6;
  return (address === undefined ? undefined : addressSet(address)) ?? NO_ADDRESSES;
}
