/**
 * Whether the lab delivers a packet from the client. It asks the same model that diagnoses: the lab shows that reports are
 * right about the model's world. That the model is right about AWS is shown elsewhere, by truth tables and by the kernel.
 */
import { SLICE_NAMES, type SliceName, type State } from '../model/state.ts';
import { emptyVantage } from '../model/vantage.ts';
import { addressSet, containsAddress } from '../network/addresses.ts';
import { clientOf } from '../network/client.ts';
import { addressDestination, gatewayDestinations, vpcAddresses } from '../network/destinations.ts';
import { endpointState, isType } from '../network/endpoints.ts';
import { addressesOf, isEmpty } from '../network/flows.ts';
import { evaluateInternetPath } from '../network/internet.ts';
import { evaluatePath } from '../network/paths.ts';
import type { World } from './world.ts';

/** A world's description as a state in which everything is known. */
export function stateOfWorld(world: World): State {
  return Object.fromEntries(
    SLICE_NAMES.map((name: SliceName) => [name, { known: true, value: world.api[name] }]),
  ) as unknown as State;
}

/**
 * @param transport names are looked up over UDP, which no rule of the lab's worlds speaks of: inside the VPC it is delivered
 */
export function delivers(world: World, address: string, port: number, transport: 'udp' | 'tcp'): 'delivered' | 'lost' {
  const state = stateOfWorld(world);
  const own = world.api.networkInterfaces.find((one) => one.NetworkInterfaceId === world.client.networkInterfaceId);
  if (own === undefined || addressSet(address) === undefined) return 'lost';
  const client = clientOf({
    ...emptyVantage('ec2'),
    vpcId: own.VpcId,
    subnetId: own.SubnetId,
    networkInterfaceId: own.NetworkInterfaceId,
    addresses: [own.PrivateIpAddress, own.Ipv6Addresses?.[0]?.Ipv6Address].filter((one) => one !== undefined),
    publicAddresses: own.Association?.PublicIp === undefined ? [] : [own.Association.PublicIp],
    securityGroupIds: (own.Groups ?? []).flatMap((group) => group.GroupId ?? []),
    ephemeralPorts: world.client.ephemeralPorts,
  });
  const vpc = world.api.vpcs.find((one) => one.VpcId === own.VpcId);
  const inside = vpc !== undefined && containsAddress(vpcAddresses(vpc), address);
  if (transport === 'udp' && inside) return 'delivered';

  const destination = addressDestination(state, client, address);
  if (destination !== undefined) {
    return isEmpty(evaluatePath(state, client, destination, port).pass) ? 'lost' : 'delivered';
  }
  if (inside) return 'lost';
  const gateways = world.api.vpcEndpoints.filter(
    (endpoint) =>
      isType(endpoint, 'gateway') && endpoint.VpcId === own.VpcId && endpointState(endpoint) === 'available',
  );
  for (const gateway of gateways) {
    for (const cidrs of gatewayDestinations(state, client, [gateway]).destinations) {
      if (!containsAddress(cidrs.addresses, address)) continue;
      if (containsAddress(addressesOf(evaluatePath(state, client, cidrs, port).pass), address)) return 'delivered';
    }
  }
  const family = address.includes(':') ? 6 : 4;
  const out = evaluateInternetPath(
    state,
    client,
    { kind: 'public', family, addresses: addressSet(address) ?? [], exact: true },
    port,
  );
  return isEmpty(out.pass) ? 'lost' : 'delivered';
}
