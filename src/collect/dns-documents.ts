/** Answers of Route 53's APIs whose form is not a list of elements that say what they belong to. */
import type { DnsSliceName } from '../model/state.ts';

type Json = Readonly<Record<string, unknown>>;
type Read = {
  readonly slice: DnsSliceName;
  readonly elements: readonly unknown[];
  /** top-level keys that were understood */
  readonly keys: string[];
  readonly warning?: string | undefined;
};

/** Each takes one document, with the name that warnings give it, and returns what it understood of it; undefined when it is another's. */
export const DNS_DOCUMENT_READERS: readonly ((name: string, document: Json) => Read | undefined)[] = [
  readHostedZone,
  readDomains,
  readFirewallConfig,
];

/**
 * Record sets with the zone that they are of. list-resource-record-sets does not name it, but every zone's first page holds
 * its SOA record, whose name is the zone's. What is no list of records comes back as it is.
 */
export function zoneNameOf(records: unknown): unknown {
  if (!Array.isArray(records)) return records;
  const apexes = new Set(
    records.flatMap((record) => {
      const { Type, Name } = Object(record) as Json;
      return Type === 'SOA' && typeof Name === 'string' ? [Name] : [];
    }),
  );
  const [apex] = apexes;
  if (apexes.size !== 1) return records;
  return records.map((record) => {
    const fields = Object(record) as Json;
    return fields['ZoneName'] === undefined ? { ...fields, ZoneName: apex } : record;
  });
}

/** `route53 get-hosted-zone` prints one zone and its VPCs. A public zone has none, and answers nobody in a VPC specially. */
function readHostedZone(_name: string, document: Json): Read | undefined {
  const zone = document['HostedZone'];
  if (typeof zone !== 'object' || zone === null) return undefined;
  const { Id, Name, Config } = zone as Json;
  const { VPCs } = document;
  const isPrivate = (Object(Config) as Json)['PrivateZone'] === true && Array.isArray(VPCs);
  const id = typeof Id === 'string' ? Id.replace(/^\/hostedzone\//, '') : Id;
  return {
    slice: 'hostedZones',
    elements: isPrivate ? [{ HostedZoneId: id, Name, VPCs }] : [],
    keys: ['HostedZone', 'VPCs', 'DelegationSet'],
  };
}

/** A domain list's own id, as AWS forms it, in the name of a file or its folder. */
const LIST_ID = /(?<![0-9a-z])rslvr-fdl-[0-9a-f]{4,}(?![0-9a-z])/g;

/** The answer of list-firewall-domains does not say which list it is about. */
function readDomains(name: string, document: Json): Read | undefined {
  const { Domains } = document;
  if (!Array.isArray(Domains)) return undefined;
  const id = document['FirewallDomainListId'] ?? name.match(LIST_ID)?.at(-1);
  const keys = ['Domains', 'FirewallDomainListId'];
  if (typeof id === 'string')
    return { slice: 'firewallDomains', elements: [{ FirewallDomainListId: id, Domains }], keys };
  const warning = `${name} does not say which domain list its Domains are of; add "FirewallDomainListId": "rslvr-fdl-…" to it, or name the file after the list.`;
  return { slice: 'firewallDomains', elements: [], keys, warning };
}

function readFirewallConfig(_name: string, document: Json): Read | undefined {
  const config = document['FirewallConfig'];
  if (typeof config !== 'object' || config === null) return undefined;
  return { slice: 'firewallConfigs', elements: [config], keys: ['FirewallConfig'] };
}
