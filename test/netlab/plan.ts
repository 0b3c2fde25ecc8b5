/** What the kernel is asked to be: namespaces, the links between them, and what is configured in each. Plain data. */

export type NamespacePlan = {
  readonly name: string;
  /** path under /proc/sys/net → value; written before the links come up and again for `conf/<device>` paths afterwards */
  readonly sysctls: Readonly<Record<string, string>>;
  /** lines for `ip -batch`, run inside the namespace once all links exist */
  readonly ip: readonly string[];
  /** an nftables script; empty for none */
  readonly nft: string;
};

/** One veth pair. */
export type LinkPlan = {
  readonly a: { readonly namespace: string; readonly device: string };
  readonly b: { readonly namespace: string; readonly device: string };
  /** of both ends, as `ip link add` spells them */
  readonly options?: string;
};

export type Plan = { readonly namespaces: readonly NamespacePlan[]; readonly links: readonly LinkPlan[] };

/** Addresses of the bed itself; none of them can be mistaken for one of the world's. */
export const BED = {
  /** the fake EC2 and STS APIs, reached like the metadata service: never filtered */
  apiAddress: '169.254.171.10',
  metadataAddress: '169.254.169.254',
  resolverAddress: '169.254.169.253',
  taskAddress: '169.254.170.2',
  /** public DNS, on a wire that only resolvers have */
  publicDnsAddress: '100.127.255.1',
} as const;

export const EC2_PORT = 4510;
export const STS_PORT = 4511;
export const ROUTE53_PORT = 4512;
export const RESOLVER_PORT = 4513;
export const POLICY_PORT = 4514;
