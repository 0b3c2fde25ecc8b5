/** The schema of each slice's elements, beside the table of the slices (state.ts): only what decodes documents loads them. */
import type * as z from 'zod';
import * as aws from './aws.ts';
import type { SliceName } from './state.ts';

export const SLICE_ELEMENTS = {
  vpcEndpoints: aws.VpcEndpoint,
  networkInterfaces: aws.NetworkInterface,
  securityGroups: aws.SecurityGroup,
  networkAcls: aws.NetworkAcl,
  routeTables: aws.RouteTable,
  subnets: aws.Subnet,
  vpcs: aws.Vpc,
  vpcAttributes: aws.VpcAttribute,
  dhcpOptions: aws.DhcpOptions,
  prefixLists: aws.PrefixList,
  prefixListEntries: aws.PrefixListEntries,
  natGateways: aws.NatGateway,
  internetGateways: aws.InternetGateway,
  egressOnlyInternetGateways: aws.EgressOnlyInternetGateway,
  vpcPeeringConnections: aws.VpcPeeringConnection,
  transitGatewayVpcAttachments: aws.TransitGatewayVpcAttachment,
  transitGatewayAttachments: aws.TransitGatewayAttachment,
  transitGatewayRoutes: aws.TransitGatewayRoutes,
  endpointServices: aws.EndpointService,
  instances: aws.Instance,
  hostedZones: aws.HostedZone,
  resourceRecordSets: aws.ResourceRecordSet,
  resolverRules: aws.ResolverRule,
  resolverRuleAssociations: aws.ResolverRuleAssociation,
  firewallRuleGroupAssociations: aws.FirewallRuleGroupAssociation,
  firewallRules: aws.FirewallRule,
  firewallDomains: aws.FirewallDomains,
  firewallConfigs: aws.FirewallConfig,
} as const satisfies Record<SliceName, z.ZodObject>;
