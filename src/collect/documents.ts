/**
 * State documents: what the AWS CLI prints, what `vpce-doctor collect` writes, and case files, joined into one state. A
 * slice that no document mentions is unknown; a list that is there and empty is known to be empty.
 */

import { caseOf } from '../model/case-file.ts';
import { CASE_KIND, REFUSAL_WEIGHT, RefusalSchema } from '../model/case-schema.ts';
import { joinElements } from '../model/join.ts';
import {
  type Refusal,
  SLICE_NAMES,
  SLICES,
  type Slice,
  type SliceElement,
  type SliceName,
  type State,
} from '../model/state.ts';
import { ACCESS_DOCUMENT_READERS } from './access-documents.ts';
import { decodeElements, faultWarnings, withoutNulls } from './decode.ts';
import { DNS_DOCUMENT_READERS, zoneNameOf } from './dns-documents.ts';
import { ACCOMPANYING_KEYS, MORE_KEYS, UNREAD_KINDS } from './document-kinds.ts';
import { groupsOfRules, SecurityGroupRule } from './security-group-rules.ts';

export type StateDocument = {
  /** how warnings call it; a prefix list's id is taken from it where the document does not say */
  readonly name: string;
  readonly json: unknown;
};

export type DocumentsState = {
  readonly state: State;
  /** from `sts get-caller-identity`, `collect` or a case file */
  readonly accountId?: string;
  /** the Region and VPC that `collect` or a case file was made for */
  readonly region?: string;
  readonly vpcId?: string;
  /** what is wrong with a document, one sentence each */
  readonly warnings: string[];
  /** what was recognised and is not used, for verbose output */
  readonly notes: string[];
};

/** What `vpce-doctor collect` says of itself. */
export type StateMeta = {
  readonly version: string;
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly vpcId?: string | undefined;
  /** ISO 8601, UTC */
  readonly collectedAt: string;
};

/**
 * Joins documents, told apart by their top-level keys; a document may hold several kinds, or be an array of documents.
 * Resources are joined by id, a later document winning over an earlier one. Anything that is not understood becomes a
 * warning, and the rest is used.
 */
export function stateFromDocuments(documents: readonly StateDocument[]): DocumentsState {
  const gathered = newGathered();
  for (const { name, json } of documents) {
    for (const each of Array.isArray(json) ? json : [json]) readDocument(gathered, name, withoutNulls(each));
  }
  addGroupsOfRules(gathered);
  addNamesOfManagedLists(gathered);
  const state = Object.fromEntries(SLICE_NAMES.map((name) => [name, sliceOf(gathered, name)])) as unknown as State;
  const unread = [...gathered.unread].map(([key, names]) => `${key} (${[...names].join(', ')})`);
  const notes = unread.length === 0 ? [] : [`Recognised, and not used by this version: ${unread.join(', ')}.`];
  return { state, ...gathered.about, warnings: gathered.warnings, notes };
}

/** The document that `collect -o` writes: known slices as the AWS CLI prints them, the others with their reason. */
export function stateDocument(state: State, meta: StateMeta): Record<string, unknown> {
  const known = SLICE_NAMES.flatMap((name) => {
    const slice = state[name];
    return slice.known ? [[SLICES[name].documentKey, slice.value] as const] : [];
  });
  const refusals = SLICE_NAMES.flatMap((name) => {
    const slice = state[name];
    if (slice.known) return [];
    const { why, detail } = slice;
    return [{ slice: name, action: SLICES[name].action, why, ...(detail === undefined ? {} : { detail }) }];
  });
  return { vpceDoctor: meta, ...Object.fromEntries(known), Refusals: refusals };
}

type Json = Readonly<Record<string, unknown>>;

type Gathered = {
  readonly lists: { readonly [N in SliceName]: SliceElement<N>[][] };
  readonly refusals: Map<SliceName, Slice<never> & { known: false }>;
  /** lists of which a document said that they go on, and whether another brought an end */
  readonly pages: Map<SliceName, { readonly ended: boolean }>;
  readonly rules: SecurityGroupRule[];
  /** names of AWS's own lists, from describe-managed-prefix-lists, by id */
  readonly managedLists: Map<string, string>;
  /** prefix lists of which a document with a NextToken gave the first entries */
  readonly openLists: Set<string>;
  /** the same for transit gateway route tables */
  readonly openTables: Set<string>;
  readonly about: { accountId?: string; region?: string; vpcId?: string };
  readonly unread: Map<string, Set<string>>;
  readonly warnings: string[];
};

function newGathered(): Gathered {
  return {
    lists: Object.fromEntries(SLICE_NAMES.map((name) => [name, []])) as unknown as Gathered['lists'],
    refusals: new Map(),
    pages: new Map(),
    rules: [],
    managedLists: new Map(),
    openLists: new Set(),
    openTables: new Set(),
    about: {},
    unread: new Map(),
    warnings: [],
  };
}

function readDocument(gathered: Gathered, name: string, json: unknown): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    gathered.warnings.push(`${name} holds something that is no JSON object; it is not used.`);
    return;
  }
  const document = json as Json;
  if (document['kind'] === CASE_KIND) {
    readCase(gathered, name, document);
    return;
  }
  const understood = new Set(READERS.flatMap((read) => read(gathered, name, document)));
  const keys = Object.keys(document);
  const strange = keys.filter((key) => !understood.has(key) && !ACCOMPANYING_KEYS.has(key));
  if (understood.size === 0) {
    const listed =
      keys.length === 0 ? 'it has no keys at all' : `its top-level keys are ${keys.slice(0, 8).join(', ')}`;
    gathered.warnings.push(
      `${name} is of no kind that this tool knows (${listed}); it is not used. It takes whole answers of the AWS CLI, without --query.`,
    );
    return;
  }
  if (strange.length > 0) gathered.warnings.push(`${name}: ${strange.join(', ')} is not known and not used.`);
  if (goesOnElsewhere(document)) {
    gathered.warnings.push(
      `${name} is one page of several; what the other pages hold is only known if they are given too.`,
    );
  }
}

function goesOnElsewhere(document: Json): boolean {
  return MORE_KEYS.some((key) => typeof document[key] === 'string' && document[key] !== '');
}

/** Each takes from a document what it knows and returns the keys that it understood. */
type Reader = (gathered: Gathered, name: string, document: Json) => string[];

const READERS: readonly Reader[] = [
  readSlices,
  readReservations,
  readSecurityGroupRules,
  readVpcAttribute,
  readEntries,
  readOneAnswer,
  readTransitGatewayRoutes,
  readManagedLists,
  readCallerIdentity,
  readCollectMeta,
  readRefusals,
  readUnread,
];

function readSlices(gathered: Gathered, name: string, document: Json): string[] {
  return SLICE_NAMES.flatMap((slice) => {
    const key = SLICES[slice].documentKey;
    if (!Object.hasOwn(document, key)) return [];
    const ended = gathered.pages.get(slice)?.ended === true || !goesOnElsewhere(document);
    gathered.pages.set(slice, { ended });
    addElements(
      gathered,
      slice,
      `${name}: ${key}`,
      slice === 'resourceRecordSets' ? zoneNameOf(document[key]) : document[key],
    );
    return [key];
  });
}

function readReservations(gathered: Gathered, name: string, document: Json): string[] {
  const reservations = listUnder(gathered, name, document, 'Reservations');
  if (reservations === undefined) return [];
  const instances = reservations.flatMap((each) => (each as { Instances?: unknown[] } | undefined)?.Instances ?? []);
  addElements(gathered, 'instances', `${name}: Instances`, instances);
  return ['Reservations'];
}

function readSecurityGroupRules(gathered: Gathered, name: string, document: Json): string[] {
  const rules = listUnder(gathered, name, document, 'SecurityGroupRules');
  if (rules === undefined) return [];
  const faults = rules.flatMap((rule, index) => {
    const result = SecurityGroupRule.safeParse(rule);
    if (result.success) gathered.rules.push(result.data);
    const [issue] = result.error?.issues ?? [];
    return issue === undefined ? [] : [`[${index}] ${issue.path.join('.')}: ${issue.message}`];
  });
  gathered.warnings.push(...faultWarnings(`${name}: SecurityGroupRules`, faults));
  return ['SecurityGroupRules'];
}

/** One document for each attribute: `{VpcId, EnableDnsSupport: {Value}}`. */
function readVpcAttribute(gathered: Gathered, name: string, document: Json): string[] {
  const keys = ['EnableDnsSupport', 'EnableDnsHostnames'].filter((key) => Object.hasOwn(document, key));
  if (keys.length === 0) return [];
  addElements(gathered, 'vpcAttributes', `${name}: ${keys.join(', ')} `, [document]);
  return ['VpcId', ...keys];
}

/** A list's own id, as AWS forms it, in the name of a file or its folder. */
const LIST_ID = /(?<![0-9a-z])pl-[0-9a-f]{8,17}(?![0-9a-z])/g;

/** The answer of get-managed-prefix-list-entries does not say which list it is about. */
function readEntries(gathered: Gathered, name: string, document: Json): string[] {
  const entries = document['Entries'];
  const hasCidr = (entry: unknown) => typeof entry === 'object' && entry !== null && 'Cidr' in entry;
  if (!Array.isArray(entries) || !entries.every(hasCidr)) return [];
  const id = document['PrefixListId'] ?? name.match(LIST_ID)?.at(-1);
  if (typeof id !== 'string') {
    gathered.warnings.push(
      `${name} does not say which prefix list its Entries are of; add "PrefixListId": "pl-…" to it, or name the file after the list.`,
    );
    return ['Entries', 'PrefixListId'];
  }
  const earlier = gathered.openLists.has(id) ? gathered.lists.prefixListEntries.flat() : [];
  const before = earlier.findLast((list) => list.PrefixListId === id)?.Entries ?? [];
  addElements(gathered, 'prefixListEntries', `${name}: `, [{ PrefixListId: id, Entries: [...before, ...entries] }]);
  if (typeof document['NextToken'] === 'string') gathered.openLists.add(id);
  else gathered.openLists.delete(id);
  return ['Entries', 'PrefixListId'];
}

function readOneAnswer(gathered: Gathered, name: string, document: Json): string[] {
  return [...DNS_DOCUMENT_READERS, ...ACCESS_DOCUMENT_READERS].flatMap((read) => {
    const answer = read(name, document);
    if (answer === undefined) return [];
    if (answer.warning !== undefined) gathered.warnings.push(answer.warning);
    if (answer.elements.length > 0) addElements(gathered, answer.slice, `${name}: `, answer.elements);
    return answer.keys;
  });
}

/** A transit gateway route table's own id in the name of a file or its folder. */
const TABLE_ID = /(?<![0-9a-z])tgw-rtb-[0-9a-f]{8,17}(?![0-9a-z])/g;

/** The answer of search-transit-gateway-routes does not say which table was searched. */
function readTransitGatewayRoutes(gathered: Gathered, name: string, document: Json): string[] {
  const routes = document['Routes'];
  const keys = ['Routes', 'TransitGatewayRouteTableId', 'AdditionalRoutesAvailable'];
  if (!Array.isArray(routes)) return [];
  const id = document['TransitGatewayRouteTableId'] ?? name.match(TABLE_ID)?.at(-1);
  if (typeof id !== 'string') {
    gathered.warnings.push(
      `${name} does not say which transit gateway route table its Routes are of; add "TransitGatewayRouteTableId": "tgw-rtb-…" to it, or name the file after the table.`,
    );
    return keys;
  }
  const earlier = gathered.openTables.has(id) ? gathered.lists.transitGatewayRoutes.flat() : [];
  const before = earlier.findLast((table) => table.TransitGatewayRouteTableId === id)?.Routes ?? [];
  const goesOn = typeof document['NextToken'] === 'string';
  addElements(gathered, 'transitGatewayRoutes', `${name}: `, [
    {
      TransitGatewayRouteTableId: id,
      Routes: [...before, ...routes],
      AdditionalRoutesAvailable: goesOn || document['AdditionalRoutesAvailable'] === true,
    },
  ]);
  if (goesOn) gathered.openTables.add(id);
  else gathered.openTables.delete(id);
  return keys;
}

function readManagedLists(gathered: Gathered, name: string, document: Json): string[] {
  const lists = listUnder(gathered, name, document, 'ManagedPrefixLists');
  for (const list of lists ?? []) {
    const { PrefixListId: id, PrefixListName: label, OwnerId: owner } = Object(list) as Json;
    if (typeof id === 'string' && typeof label === 'string' && owner === 'AWS') gathered.managedLists.set(id, label);
  }
  return lists === undefined ? [] : ['ManagedPrefixLists'];
}

function readCallerIdentity(gathered: Gathered, name: string, document: Json): string[] {
  const { Account, Arn, UserId } = document;
  if (typeof Account !== 'string' || typeof Arn !== 'string') return [];
  noteAbout(gathered, name, { accountId: Account });
  return UserId === undefined ? ['Account', 'Arn'] : ['Account', 'Arn', 'UserId'];
}

function readCollectMeta(gathered: Gathered, name: string, document: Json): string[] {
  if (!Object.hasOwn(document, 'vpceDoctor')) return [];
  noteAbout(gathered, name, Object(document['vpceDoctor']) as Json);
  return ['vpceDoctor'];
}

function readRefusals(gathered: Gathered, name: string, document: Json): string[] {
  const refusals = listUnder(gathered, name, document, 'Refusals');
  for (const refusal of refusals ?? []) {
    const { slice, why, detail } = Object(refusal) as Json;
    const reason = RefusalSchema.safeParse(why);
    if (!isSliceName(slice) || !reason.success) {
      gathered.warnings.push(`${name}: the refusal of ${JSON.stringify(slice)} is not understood and not used.`);
      continue;
    }
    addRefusal(gathered, slice, reason.data, typeof detail === 'string' ? detail : undefined);
  }
  return refusals === undefined ? [] : ['Refusals'];
}

function readUnread(gathered: Gathered, name: string, document: Json): string[] {
  // A load balancer's attributes are a list; a queue's and a topic's are none.
  const keys = Object.keys(document).filter(
    (key) => UNREAD_KINDS.has(key) && (key !== 'Attributes' || Array.isArray(document[key])),
  );
  for (const key of keys) gathered.unread.set(key, (gathered.unread.get(key) ?? new Set()).add(name));
  // Beside these kinds stand ids of what was asked about; they are no news.
  return keys.length === 0 ? [] : Object.keys(document).filter((key) => keys.includes(key) || /(?:Id|Arn)$/.test(key));
}

function readCase(gathered: Gathered, name: string, document: Json): void {
  const decoded = caseOf(document, name);
  if (!decoded.ok) {
    gathered.warnings.push(decoded.problem);
    return;
  }
  const { state, vantage } = decoded.case;
  noteAbout(gathered, name, vantage);
  for (const slice of SLICE_NAMES) addSlice(gathered, slice, state[slice] as Slice<SliceElement<typeof slice>>);
}

function addSlice<N extends SliceName>(gathered: Gathered, name: N, slice: Slice<SliceElement<N>>): void {
  if (slice.known) gathered.lists[name].push([...slice.value]);
  else addRefusal(gathered, name, slice.why, slice.detail);
}

function addElements(gathered: Gathered, name: SliceName, source: string, values: unknown): void {
  if (!Array.isArray(values)) {
    gathered.warnings.push(`${source} is no list; it is not used.`);
    return;
  }
  const { elements, faults } = decodeElements(name, values);
  gathered.warnings.push(...faultWarnings(source, faults));
  (gathered.lists[name] as unknown[][]).push(elements);
}

function addRefusal(gathered: Gathered, name: SliceName, why: Refusal, detail: string | undefined): void {
  const kept = gathered.refusals.get(name);
  if (kept !== undefined && REFUSAL_WEIGHT[kept.why] > REFUSAL_WEIGHT[why]) return;
  gathered.refusals.set(name, { known: false, why, ...(detail === undefined ? {} : { detail }) });
}

function noteAbout(gathered: Gathered, name: string, source: Json): void {
  for (const key of ['accountId', 'region', 'vpcId'] as const) {
    const value = source[key];
    if (typeof value !== 'string') continue;
    const earlier = gathered.about[key];
    if (earlier !== undefined && earlier !== value) {
      gathered.warnings.push(
        `${name} is of ${key} ${value}, an earlier document of ${earlier}; they may not belong together.`,
      );
    }
    gathered.about[key] = value;
  }
}

function listUnder(gathered: Gathered, name: string, document: Json, key: string): unknown[] | undefined {
  if (!Object.hasOwn(document, key)) return undefined;
  const value = document[key];
  if (Array.isArray(value)) return value;
  gathered.warnings.push(`${name}: ${key} is no list; it is not used.`);
  return [];
}

/** Only for groups that no describe-security-groups document holds: that one also tells their VPC. */
function addGroupsOfRules(gathered: Gathered): void {
  const described = new Set(gathered.lists.securityGroups.flat().map((group) => group.GroupId));
  const groups = groupsOfRules(gathered.rules.filter((rule) => !described.has(rule.GroupId)));
  if (groups.length > 0) gathered.lists.securityGroups.push(groups);
}

/**
 * A managed list's name says which service it belongs to, but only with its entries is it what DescribePrefixLists would
 * have said. Without them nothing is added: a list without addresses would look like one that holds none.
 */
function addNamesOfManagedLists(gathered: Gathered): void {
  const described = new Set(gathered.lists.prefixLists.flat().map((list) => list.PrefixListId));
  const added = joinElements('prefixListEntries', gathered.lists.prefixListEntries).flatMap(
    ({ PrefixListId, Entries }) => {
      const name = gathered.managedLists.get(PrefixListId);
      if (name === undefined || described.has(PrefixListId)) return [];
      return [{ PrefixListId, PrefixListName: name, Cidrs: (Entries ?? []).flatMap((entry) => entry.Cidr ?? []) }];
    },
  );
  if (added.length > 0) gathered.lists.prefixLists.push(added);
}

function sliceOf<N extends SliceName>(gathered: Gathered, name: N): Slice<SliceElement<N>> {
  const lists = gathered.lists[name] as SliceElement<N>[][];
  // What a list does not hold cannot be called absent while there is more of it; collecting refuses such a list likewise.
  if (gathered.pages.get(name)?.ended === false)
    return {
      known: false,
      why: 'not-given',
      detail: `only a part of the ${SLICES[name].noun} was given, not the last page`,
    };
  if (lists.length > 0) return { known: true, value: joinElements(name, lists) };
  return gathered.refusals.get(name) ?? { known: false, why: 'not-given' };
}

function isSliceName(value: unknown): value is SliceName {
  return (SLICE_NAMES as readonly unknown[]).includes(value);
}
