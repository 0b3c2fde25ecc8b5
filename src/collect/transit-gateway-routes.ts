/** Reads the transit gateway route tables that the attachments of the VPCs in question ask. */
import type { Slice, SliceName } from '../model/state.ts';
import type { Caller } from './caller.ts';
import { decodeElements } from './decode.ts';
import type { CallInput } from './sdk.ts';

/** An attachment asks one table; more than this many of them belong to other VPCs' questions. */
const MOST_TABLES = 10;
/** Far beyond the quota of routes in a table (10,000), at 1000 a page. */
const MOST_PAGES = 20;

/**
 * One element for each route table that could be searched. Only the transit gateway's owner may search, so a refusal is
 * common: it leaves that table out, and when every one is refused, the slice is.
 * @param vpcIds whose attachments count; undefined: every VPC's
 */
export async function transitGatewayRoutes(
  ec2: Caller,
  attachments: Promise<Slice<unknown>>,
  vpcIds: Promise<ReadonlySet<string> | undefined>,
): Promise<Slice<unknown>> {
  const [listed, wanted] = await Promise.all([attachments, vpcIds]);
  if (!listed.known) {
    const detail = `the transit gateway attachments could not be read: ${listed.detail ?? listed.why}`;
    return { known: false, why: listed.why, detail };
  }
  const tables = new Set(
    elementsOf('transitGatewayAttachments', listed)
      .filter((one) => one.ResourceType === 'vpc' && (wanted === undefined || wanted.has(one.ResourceId ?? '')))
      .flatMap((one) => one.Association?.TransitGatewayRouteTableId ?? []),
  );
  const ids = [...tables].sort();
  if (ids.length > MOST_TABLES)
    ec2.skip('SearchTransitGatewayRoutes', `too many route tables: ${ids.slice(MOST_TABLES).join(', ')}`);
  const answers = await Promise.all(ids.slice(0, MOST_TABLES).map((id) => search(ec2, id)));
  const value = answers.flatMap((answer) => (answer.known ? answer.value : []));
  const refused = answers.find((answer) => !answer.known);
  return value.length === 0 && refused !== undefined ? refused : { known: true, value };
}

/** Every page of one table. The API says that it holds more either by a token or by a flag alone. */
async function search(ec2: Caller, TransitGatewayRouteTableId: string): Promise<Slice<unknown>> {
  const input: CallInput = {
    TransitGatewayRouteTableId,
    Filters: [{ Name: 'state', Values: ['active', 'blackhole'] }],
    MaxResults: 1000,
  };
  const routes: unknown[] = [];
  let token: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const page = token === undefined ? input : { ...input, NextToken: token };
    const answer = await ec2.one('SearchTransitGatewayRoutes', 'Routes', page, TransitGatewayRouteTableId);
    if (!answer.ok) return { known: false, why: answer.why, detail: answer.detail };
    const { Routes, NextToken, AdditionalRoutesAvailable } = answer.value;
    if (Array.isArray(Routes)) routes.push(...Routes);
    if (typeof NextToken !== 'string' || NextToken === '' || NextToken === token)
      return { known: true, value: [tableOf(routes, AdditionalRoutesAvailable === true)] };
    token = NextToken;
  }
  return { known: true, value: [tableOf(routes, true)] };

  function tableOf(Routes: readonly unknown[], AdditionalRoutesAvailable: boolean) {
    return { TransitGatewayRouteTableId, Routes, AdditionalRoutesAvailable };
  }
}

function elementsOf<N extends SliceName>(name: N, slice: Slice<unknown>) {
  return slice.known ? decodeElements(name, slice.value).elements : [];
}
