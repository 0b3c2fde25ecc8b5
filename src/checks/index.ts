/** Every cause, once, in causal order: the literal list that everything else is made from. To add a cause, write its file and name it here. */
import { credentialsMissing } from './access/credentials-missing.ts';
import { endpointPolicyDenies } from './access/endpoint-policy-denies.ts';
import { endpointPolicyOmitsAwsBuckets } from './access/endpoint-policy-omits-aws-buckets.ts';
import { identityPolicyDenies } from './access/identity-policy-denies.ts';
import { organizationPolicyDenies } from './access/organization-policy-denies.ts';
import { resourcePolicyDeniesPath } from './access/resource-policy-denies-path.ts';
import type { AnyCheck } from './check.ts';
import { dnsAnswerStale } from './dns/dns-answer-stale.ts';
import { dnsFirewallBlocks } from './dns/dns-firewall-blocks.ts';
import { dnsIntermittent } from './dns/dns-intermittent.ts';
import { dns64WithoutNat64 } from './dns/dns64-without-nat64.ts';
import { hostnameNotCovered } from './dns/hostname-not-covered.ts';
import { hostsFileOverrides } from './dns/hosts-file-overrides.ts';
import { nameDoesNotExist } from './dns/name-does-not-exist.ts';
import { privateDnsDisabled } from './dns/private-dns-disabled.ts';
import { privateZoneNameUnused } from './dns/private-zone-name-unused.ts';
import { privateZoneShadows } from './dns/private-zone-shadows.ts';
import { privateZoneWrongTarget } from './dns/private-zone-wrong-target.ts';
import { publicApiHijacked } from './dns/public-api-hijacked.ts';
import { resolverNotVpc } from './dns/resolver-not-vpc.ts';
import { resolverRuleForwards } from './dns/resolver-rule-forwards.ts';
import { resolverUnreachable } from './dns/resolver-unreachable.ts';
import { s3PrivateDnsInboundOnly } from './dns/s3-private-dns-inbound-only.ts';
import { serviceWithoutPrivateDns } from './dns/service-without-private-dns.ts';
import { vpcDnsHostnamesDisabled } from './dns/vpc-dns-hostnames-disabled.ts';
import { vpcDnsSupportDisabled } from './dns/vpc-dns-support-disabled.ts';
import { companionEndpointMissing } from './endpoint/companion-endpoint-missing.ts';
import { endpointInOtherRegion } from './endpoint/endpoint-in-other-region.ts';
import { endpointInOtherVpc } from './endpoint/endpoint-in-other-vpc.ts';
import { endpointMissing } from './endpoint/endpoint-missing.ts';
import { endpointNotAvailable } from './endpoint/endpoint-not-available.ts';
import { endpointPendingAcceptance } from './endpoint/endpoint-pending-acceptance.ts';
import { endpointRejected } from './endpoint/endpoint-rejected.ts';
import { endpointTypeUnsuited } from './endpoint/endpoint-type-unsuited.ts';
import { endpointWithoutSubnets } from './endpoint/endpoint-without-subnets.ts';
import { endpointZoneGap } from './endpoint/endpoint-zone-gap.ts';
import { serviceNotOffered } from './endpoint/service-not-offered.ts';
import { siblingEndpointOnly } from './endpoint/sibling-endpoint-only.ts';
import { clockSkew } from './host/clock-skew.ts';
import { endpointUrlOverride } from './host/endpoint-url-override.ts';
import { hostFirewallBlocks } from './host/host-firewall-blocks.ts';
import { imdsUnreachable } from './host/imds-unreachable.ts';
import { localNetworkCaptures } from './host/local-network-captures.ts';
import { proxyCapturesEndpoint } from './host/proxy-captures-endpoint.ts';
import { proxyMisconfigured } from './host/proxy-misconfigured.ts';
import { regionMismatch } from './host/region-mismatch.ts';
import { clientNaclBlocksEgress } from './path/client-nacl-blocks-egress.ts';
import { clientNaclBlocksReturn } from './path/client-nacl-blocks-return.ts';
import { clientSgBlocksEgress } from './path/client-sg-blocks-egress.ts';
import { connectionIntermittent } from './path/connection-intermittent.ts';
import { endpointNaclBlocksIngress } from './path/endpoint-nacl-blocks-ingress.ts';
import { endpointNaclBlocksReturn } from './path/endpoint-nacl-blocks-return.ts';
import { endpointSgBlocksClient } from './path/endpoint-sg-blocks-client.ts';
import { gatewayRouteMissing } from './path/gateway-route-missing.ts';
import { mtuBlackhole } from './path/mtu-blackhole.ts';
import { noInternetPath } from './path/no-internet-path.ts';
import { publicPathUsed } from './path/public-path-used.ts';
import { returnRouteMissing } from './path/return-route-missing.ts';
import { routeBlackhole } from './path/route-blackhole.ts';
import { routeMissing } from './path/route-missing.ts';
import { routeOverridesEndpoint } from './path/route-overrides-endpoint.ts';
import { sgReferenceNotHonoured } from './path/sg-reference-not-honoured.ts';
import { transitPathBroken } from './path/transit-path-broken.ts';
import { caBundleMissing } from './tls/ca-bundle-missing.ts';
import { certificateExpired } from './tls/certificate-expired.ts';
import { tlsHandshakeDropped } from './tls/tls-handshake-dropped.ts';
import { tlsIntercepted } from './tls/tls-intercepted.ts';
import { tlsNameMismatch } from './tls/tls-name-mismatch.ts';
import { wrongServiceAnswers } from './tls/wrong-service-answers.ts';

export const CHECKS: readonly AnyCheck[] = [
  endpointMissing,
  companionEndpointMissing,
  siblingEndpointOnly,
  endpointInOtherVpc,
  endpointInOtherRegion,
  serviceNotOffered,
  endpointNotAvailable,
  endpointPendingAcceptance,
  endpointRejected,
  endpointWithoutSubnets,
  endpointZoneGap,
  endpointTypeUnsuited,
  vpcDnsSupportDisabled,
  vpcDnsHostnamesDisabled,
  privateDnsDisabled,
  s3PrivateDnsInboundOnly,
  serviceWithoutPrivateDns,
  hostnameNotCovered,
  resolverNotVpc,
  resolverUnreachable,
  resolverRuleForwards,
  privateZoneShadows,
  privateZoneWrongTarget,
  privateZoneNameUnused,
  hostsFileOverrides,
  dnsAnswerStale,
  dnsFirewallBlocks,
  nameDoesNotExist,
  publicApiHijacked,
  dns64WithoutNat64,
  dnsIntermittent,
  endpointSgBlocksClient,
  clientSgBlocksEgress,
  sgReferenceNotHonoured,
  clientNaclBlocksEgress,
  clientNaclBlocksReturn,
  endpointNaclBlocksIngress,
  endpointNaclBlocksReturn,
  gatewayRouteMissing,
  routeOverridesEndpoint,
  routeBlackhole,
  routeMissing,
  returnRouteMissing,
  transitPathBroken,
  noInternetPath,
  publicPathUsed,
  mtuBlackhole,
  connectionIntermittent,
  proxyCapturesEndpoint,
  proxyMisconfigured,
  hostFirewallBlocks,
  localNetworkCaptures,
  imdsUnreachable,
  clockSkew,
  endpointUrlOverride,
  regionMismatch,
  tlsIntercepted,
  tlsNameMismatch,
  caBundleMissing,
  tlsHandshakeDropped,
  certificateExpired,
  wrongServiceAnswers,
  endpointPolicyDenies,
  endpointPolicyOmitsAwsBuckets,
  resourcePolicyDeniesPath,
  identityPolicyDenies,
  organizationPolicyDenies,
  credentialsMissing,
];

/** The check of a code; undefined for a code without one. */
export function checkOf(code: string): AnyCheck | undefined {
  return CHECKS.find((check) => check.code === code);
}
