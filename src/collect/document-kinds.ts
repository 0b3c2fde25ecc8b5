/** What a state document's top-level keys mean, beside those of the slices themselves (`SLICES[…].documentKey`). */

/** Keys that come along with lists and say nothing of their own. */
export const ACCOMPANYING_KEYS: ReadonlySet<string> = new Set([
  'NextToken',
  'NextMarker',
  'Marker',
  'IsTruncated',
  'MaxItems',
  'MaxResults',
  'AdditionalRoutesAvailable',
  // Beside ServiceDetails: the same services, by name only.
  'ServiceNames',
  // Beside ResourceRecordSets: where the next page starts.
  'NextRecordName',
  'NextRecordType',
  'NextRecordIdentifier',
  'ResponseMetadata',
  '$metadata',
  '$schema',
]);

/** Tells that the list goes on in another document. */
export const MORE_KEYS = ['NextToken', 'NextMarker', 'Marker', 'NextRecordName'] as const;

/** Lists of other calls that are known, but that no cause of this version reads; by key, the call that prints them. */
export const UNREAD_KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    AllowedPrincipals: 'ec2 describe-vpc-endpoint-service-permissions',
    CarrierGateways: 'ec2 describe-carrier-gateways',
    InstanceStatuses: 'ec2 describe-instance-status',
    IpamPools: 'ec2 describe-ipam-pools',
    NetworkInsightsAnalyses: 'ec2 describe-network-insights-analyses',
    NetworkInsightsPaths: 'ec2 describe-network-insights-paths',
    SecurityGroupReferenceSet: 'ec2 describe-security-group-references',
    SecurityGroupVpcAssociations: 'ec2 describe-security-group-vpc-associations',
    ServiceConfigurations: 'ec2 describe-vpc-endpoint-service-configurations',
    StaleSecurityGroupSet: 'ec2 describe-stale-security-groups',
    TransitGateways: 'ec2 describe-transit-gateways',
    TransitGatewayPeeringAttachments: 'ec2 describe-transit-gateway-peering-attachments',
    TransitGatewayRouteTables: 'ec2 describe-transit-gateway-route-tables',
    TransitGatewayRouteTableAssociations: 'ec2 get-transit-gateway-route-table-associations',
    Associations: 'ec2 get-transit-gateway-route-table-associations',
    TransitGatewayRouteTablePropagations: 'ec2 get-transit-gateway-route-table-propagations',
    VpcBlockPublicAccessExclusions: 'ec2 describe-vpc-block-public-access-exclusions',
    VpcBlockPublicAccessOptions: 'ec2 describe-vpc-block-public-access-options',
    VpcEndpointAssociations: 'ec2 describe-vpc-endpoint-associations',
    VpcEndpointConnections: 'ec2 describe-vpc-endpoint-connections',
    VpnConnections: 'ec2 describe-vpn-connections',
    VpnGateways: 'ec2 describe-vpn-gateways',
    Addresses: 'ec2 describe-addresses',
    AvailabilityZones: 'ec2 describe-availability-zones',
    FlowLogs: 'ec2 describe-flow-logs',
    EnableNetworkAddressUsageMetrics: 'ec2 describe-vpc-attribute',

    LoadBalancers: 'elbv2 describe-load-balancers',
    LoadBalancerAttributes: 'elbv2 describe-load-balancer-attributes',
    Attributes: 'elbv2 describe-load-balancer-attributes',
    TargetGroups: 'elbv2 describe-target-groups',
    Listeners: 'elbv2 describe-listeners',
    Rules: 'elbv2 describe-rules',
    TargetHealthDescriptions: 'elbv2 describe-target-health',

    // Zones of the account, without a word on which VPC they serve: no reason to blame one.
    HostedZones: 'route53 list-hosted-zones',

    ResolverEndpoints: 'route53resolver list-resolver-endpoints',
    IpAddresses: 'route53resolver list-resolver-endpoint-ip-addresses',
    ResolverConfigs: 'route53resolver list-resolver-configs',
    ResolverDnssecConfigs: 'route53resolver list-resolver-dnssec-configs',
    ResolverQueryLogConfigs: 'route53resolver list-resolver-query-log-configs',
    FirewallDomainLists: 'route53resolver list-firewall-domain-lists',
    FirewallRuleGroups: 'route53resolver list-firewall-rule-groups',
  }),
);
