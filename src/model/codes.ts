/**
 * Every cause code that this tool can ever print, by layer (causes.md). Codes are a public interface: never reused, never
 * respelled. The order of the layers is the causal one: a cause of an earlier layer hides those of the later ones.
 */

export const LAYERS = {
  endpoint: [
    'endpoint-missing',
    'companion-endpoint-missing',
    'sibling-endpoint-only',
    'endpoint-in-other-vpc',
    'endpoint-in-other-region',
    'service-not-offered',
    'endpoint-not-available',
    'endpoint-pending-acceptance',
    'endpoint-rejected',
    'endpoint-without-subnets',
    'endpoint-zone-gap',
    'endpoint-type-unsuited',
  ],
  dns: [
    'vpc-dns-support-disabled',
    'vpc-dns-hostnames-disabled',
    'private-dns-disabled',
    's3-private-dns-inbound-only',
    'service-without-private-dns',
    'hostname-not-covered',
    'resolver-not-vpc',
    'resolver-unreachable',
    'resolver-rule-forwards',
    'private-zone-shadows',
    'private-zone-wrong-target',
    'private-zone-name-unused',
    'hosts-file-overrides',
    'dns-answer-stale',
    'dns-firewall-blocks',
    'name-does-not-exist',
    'public-api-hijacked',
    'dns64-without-nat64',
    'dns-intermittent',
  ],
  path: [
    'endpoint-sg-blocks-client',
    'client-sg-blocks-egress',
    'sg-reference-not-honoured',
    'client-nacl-blocks-egress',
    'client-nacl-blocks-return',
    'endpoint-nacl-blocks-ingress',
    'endpoint-nacl-blocks-return',
    'gateway-route-missing',
    'route-overrides-endpoint',
    'route-blackhole',
    'route-missing',
    'return-route-missing',
    'transit-path-broken',
    'no-internet-path',
    'public-path-used',
    'mtu-blackhole',
    'connection-intermittent',
  ],
  host: [
    'proxy-captures-endpoint',
    'proxy-misconfigured',
    'host-firewall-blocks',
    'local-network-captures',
    'imds-unreachable',
    'clock-skew',
    'endpoint-url-override',
    'region-mismatch',
  ],
  tls: [
    'tls-intercepted',
    'tls-name-mismatch',
    'ca-bundle-missing',
    'tls-handshake-dropped',
    'certificate-expired',
    'wrong-service-answers',
  ],
  access: [
    'endpoint-policy-denies',
    'endpoint-policy-omits-aws-buckets',
    'resource-policy-denies-path',
    'identity-policy-denies',
    'organization-policy-denies',
    'credentials-missing',
  ],
  provider: [
    'provider-listener-missing',
    'provider-no-healthy-targets',
    'provider-sg-blocks-privatelink',
    'provider-zone-not-enabled',
    'provider-principal-not-allowed',
    'provider-private-name-unverified',
  ],
} as const;

export type Layer = keyof typeof LAYERS;
export type CauseCode = (typeof LAYERS)[Layer][number];

export const LAYER_ORDER = Object.keys(LAYERS) as readonly Layer[];
export const CAUSE_CODES: readonly CauseCode[] = LAYER_ORDER.flatMap((layer) => [...LAYERS[layer]]);

/** The layer that a code belongs to. */
export function layerOf(code: CauseCode): Layer {
  const layer = LAYER_ORDER.find((name) => (LAYERS[name] as readonly string[]).includes(code));
  if (layer === undefined) throw new Error(`no layer holds ${code}`);
  return layer;
}
