/** The address in a pasted error line beside what the name gives now: it says what the client's resolver answered at that time. */
import type { PastedAddress } from '../model/report.ts';
import type { State } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { addressSet, cidrSet, containsAddress, containsAll } from '../network/addresses.ts';
import { interfaceByAddress } from '../network/destinations.ts';
import type { View } from './views.ts';

/** One entry for each target whose error text had an address, once the name has been asked. */
export function pastedOf(views: readonly View[], state: State, vantage: Vantage): PastedAddress[] {
  return views.flatMap(({ target, evidence }) => {
    const address = target.pasted;
    const { host } = target;
    if (address === undefined || host === undefined || !evidence.probed) return [];
    const gives = evidence.addresses;
    if (gives.length === 0 && evidence.all.every((one) => one.rung !== 'dns' || one.outcome === 'skipped')) return [];
    const current = gives.some((one) => isSame(one, address));
    const tried = evidence.tcp(address).find((one) => one.subject.localPort === undefined);
    const now = gives.length === 0 ? 'no address' : gives.join(', ');
    const summary = current
      ? `The error text has ${address}, and ${host} gives that address now too.`
      : `The error text has ${address}, and ${host} gives ${now} now: the client had another answer (an older one, another resolver, a hosts file, or it is another client than this one).${owner(address, state, vantage)}${answer(address, tried?.outcome)}`;
    return [{ target: target.id, address, gives, current, summary }];
  });
}

/** Whose the address is, where the description tells. */
function owner(address: string, state: State, vantage: Vantage): string {
  const found = interfaceByAddress(state, { vpcId: vantage.vpcId }, address);
  const endpoint = !state.vpcEndpoints.known
    ? undefined
    : state.vpcEndpoints.value.find((one) => one.NetworkInterfaceIds?.includes(found?.NetworkInterfaceId ?? ''));
  if (endpoint !== undefined) return ` ${address} is an interface of ${endpoint.VpcEndpointId}.`;
  if (found !== undefined) return ` ${address} is ${found.NetworkInterfaceId}.`;
  const inside = state.networkInterfaces.known && containsAddress(cidrSet(vantage.vpcCidrs), address);
  return inside ? ` ${address} is in this VPC and no network interface has it.` : '';
}

function answer(address: string, outcome: string | undefined): string {
  if (outcome === undefined || outcome === 'skipped') return '';
  return outcome === 'open' ? ` ${address} answers from here.` : ` ${address} does not answer from here (${outcome}).`;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [addressSet(one), addressSet(other)];
  return a !== undefined && b !== undefined && containsAll(a, b);
}
