/** Whom a change of the model reaches: found by comparing the state before and after, whatever cause it is for. */
import type { SliceElement, SliceName, State } from '../model/state.ts';
import { SLICES } from '../model/state.ts';
import type { Vantage } from '../model/vantage.ts';
import { networkAclOf } from '../network/network-acls.ts';
import { routeTableOf } from '../network/route-tables.ts';
import { endpointNames } from '../services/endpoint-names.ts';

export type Changed = { readonly state: State; readonly vantage: Vantage };

export type Scope = {
  /** a sentence: what is shared with whom */
  readonly words: string;
  /** subnets that the change reaches, besides what concerns the client alone, in the order of their ids */
  readonly subnets: readonly string[];
  /** whether names that nobody asked for may change too */
  readonly names: 'all' | 'asked';
  /** the call that would tell the other subnets, where the state does not */
  readonly unread: string | undefined;
};

/** What the change is shared with; undefined when it is this client's own, or only ever admits more. */
export function changedBy(before: Changed, after: Changed): Scope | undefined {
  const vpcId = before.vantage.vpcId;
  const all = subnetsOf(before.state, vpcId);
  const dns =
    changed(before.state, after.state, 'vpcAttributes').length > 0 ||
    changed(before.state, after.state, 'dhcpOptions').length > 0;
  const names = changed(before.state, after.state, 'vpcEndpoints').filter(
    (endpoint) => endpoint.VpcEndpointType?.toLowerCase() !== 'gateway' && endpoint.PrivateDnsEnabled === true,
  );
  const own = before.vantage.subnetId;
  const unread = all === undefined ? SLICES.subnets.action : undefined;
  const others = (all ?? []).filter((subnetId) => subnetId !== own);
  if (dns)
    return {
      words: `This changes the DNS of the whole of ${vpcId ?? 'the VPC'}.`,
      subnets: all ?? [],
      names: 'all',
      unread,
    };
  if (names.length > 0)
    return {
      words: `This changes ${names.flatMap((endpoint) => endpointNames(endpoint).private[0] ?? []).join(' and ') || 'the service’s name'} for the whole of ${vpcId ?? 'the VPC'}${others.length === 0 ? '' : `, ${others.length} other ${others.length === 1 ? 'subnet' : 'subnets'} of it`}.`,
      subnets: all ?? [],
      names: 'asked',
      unread,
    };
  const acls = changed(before.state, after.state, 'networkAcls').map((acl) => acl.NetworkAclId);
  const tables = changed(before.state, after.state, 'routeTables').map((table) => table.RouteTableId);
  if (acls.length + tables.length === 0) return undefined;
  const shares = (subnetId: string) =>
    acls.includes(networkAclOf(before.state, subnetId, vpcId)?.NetworkAclId ?? '') ||
    tables.includes(routeTableOf(before.state, subnetId, vpcId)?.RouteTableId ?? '');
  const shared = others.filter(shares);
  if (shared.length === 0 && unread === undefined) return undefined;
  const what = [...acls, ...tables].join(' and ');
  const many = acls.length + tables.length > 1;
  const verb = tables.length === 0 ? (many ? 'guard' : 'guards') : many ? 'serve' : 'serves';
  const named = `${shared.slice(0, SHOWN).join(', ')}${shared.length > SHOWN ? ` and ${shared.length - SHOWN} more subnets` : ''}`;
  const asWell = own !== undefined && shares(own) ? ' as well' : '';
  return {
    words: shared.length === 0 ? `Other subnets may use ${what} as well.` : `${what} ${verb} ${named}${asWell}.`,
    subnets: shared,
    names: 'asked',
    unread,
  };
}

const SHOWN = 3;

function subnetsOf(state: State, vpcId: string | undefined): string[] | undefined {
  if (!state.subnets.known) return undefined;
  return state.subnets.value
    .filter((subnet) => vpcId === undefined || subnet.VpcId === vpcId)
    .map((subnet) => subnet.SubnetId)
    .sort();
}

/** Elements that are new or other than before: an edit takes a copy of what it looks at, so that copies are compared. */
function changed<N extends SliceName>(before: State, after: State, name: N): readonly SliceElement<N>[] {
  const [old, now] = [before[name], after[name]];
  if (!old.known || !now.known || old.value === now.value) return [];
  const kept = new Set<unknown>(old.value);
  const idOf = (element: object) => (element as Record<string, unknown>)[SLICES[name].id];
  const others = (now.value as readonly SliceElement<N>[]).filter((element) => !kept.has(element));
  const former = (element: SliceElement<N>) =>
    (old.value as readonly SliceElement<N>[]).find((candidate) => idOf(candidate) === idOf(element));
  return others.filter((element) => JSON.stringify(former(element)) !== JSON.stringify(element));
}
