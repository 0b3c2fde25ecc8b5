/**
 * The EC2 API calls that the lab answers: each with the SDK's schema, the part of the world's description that it reads,
 * and what it accepts. Filters and limits are the ones in the API reference of each call; a filter that is not there is
 * refused, so that a collector which relies on it fails in the lab and not at a customer's.
 */
import {
  DescribeDhcpOptions$,
  DescribeEgressOnlyInternetGateways$,
  DescribeInstances$,
  DescribeInternetGateways$,
  DescribeManagedPrefixLists$,
  DescribeNatGateways$,
  DescribeNetworkAcls$,
  DescribeNetworkInterfaces$,
  DescribePrefixLists$,
  DescribeRouteTables$,
  DescribeSecurityGroups$,
  DescribeSubnets$,
  DescribeTransitGatewayAttachments$,
  DescribeTransitGatewayVpcAttachments$,
  DescribeVpcAttribute$,
  DescribeVpcEndpointServices$,
  DescribeVpcEndpoints$,
  DescribeVpcPeeringConnections$,
  DescribeVpcs$,
  GetManagedPrefixListEntries$,
  SearchTransitGatewayRoutes$,
} from '@aws-sdk/client-ec2';
import type { OperationSchema } from './ec2-wire.ts';
import type { WorldApi } from './world.ts';

/** A call that lists resources. */
export type ListOperation = {
  readonly schema: OperationSchema;
  /** the output member that holds the list */
  readonly list: string;
  readonly elements: (api: WorldApi) => readonly object[];
  /** the parameter that names resources, the field that it is compared with, and the error when one is not there */
  readonly ids?: { readonly parameter: string; readonly field: string; readonly notFound: string };
  /** from filter name to the path of the values that it is compared with; lists on the way are walked */
  readonly filters?: Readonly<Record<string, string>>;
  /** smallest and largest MaxResults (facts.md 1.5); other values are refused */
  readonly maxResults?: readonly [number, number];
  /** MaxResults together with ids is refused (facts.md 1.5) */
  readonly idsOrPages?: boolean;
  /** more members of the output, from the elements of this page */
  readonly extra?: (page: readonly object[]) => object;
  /** one element of the output from one element of the world; the same unless given */
  readonly wrap?: (element: object) => object;
};

/** `vpc-id` is compared with `VpcId`, `attachment.vpc-id` with `Attachment.VpcId`: most filters are called so. */
function namedAlike(names: string): Record<string, string> {
  const path = (name: string) =>
    name.replace(/(^|[.-])(.)/g, (_, mark: string, letter: string) => (mark === '.' ? '.' : '') + letter.toUpperCase());
  return Object.fromEntries(names.split(' ').map((name) => [name, path(name)]));
}

export const LIST_OPERATIONS: Readonly<Record<string, ListOperation>> = {
  DescribeVpcEndpoints: {
    schema: DescribeVpcEndpoints$,
    list: 'VpcEndpoints',
    elements: (api) => api.vpcEndpoints,
    ids: { parameter: 'VpcEndpointIds', field: 'VpcEndpointId', notFound: 'InvalidVpcEndpointId.NotFound' },
    filters: {
      ...namedAlike('vpc-id vpc-endpoint-id service-name service-region ip-address-type vpc-endpoint-type'),
      'vpc-endpoint-state': 'State',
    },
  },
  DescribeVpcEndpointServices: {
    schema: DescribeVpcEndpointServices$,
    list: 'ServiceDetails',
    elements: (api) => api.endpointServices,
    ids: { parameter: 'ServiceNames', field: 'ServiceName', notFound: 'InvalidServiceName' },
    filters: {
      ...namedAlike('service-name service-region owner supported-ip-address-types'),
      'service-type': 'ServiceType.ServiceType',
    },
    extra: (page) => ({
      ServiceNames: [...new Set((page as WorldApi['endpointServices']).map((service) => service.ServiceName))],
    }),
  },
  DescribeNetworkInterfaces: {
    schema: DescribeNetworkInterfaces$,
    list: 'NetworkInterfaces',
    elements: (api) => api.networkInterfaces,
    ids: {
      parameter: 'NetworkInterfaceIds',
      field: 'NetworkInterfaceId',
      notFound: 'InvalidNetworkInterfaceID.NotFound',
    },
    filters: {
      ...namedAlike('vpc-id subnet-id network-interface-id private-ip-address mac-address interface-type status'),
      ...namedAlike('owner-id requester-id requester-managed description availability-zone association.public-ip'),
      ...namedAlike('attachment.instance-id attachment.device-index attachment.status ipv6-addresses.ipv6-address'),
      'addresses.private-ip-address': 'PrivateIpAddresses.PrivateIpAddress',
      'addresses.primary': 'PrivateIpAddresses.Primary',
      'addresses.association.public-ip': 'PrivateIpAddresses.Association.PublicIp',
      'group-id': 'Groups.GroupId',
    },
    maxResults: [5, 1000],
    idsOrPages: true,
  },
  DescribeSecurityGroups: {
    schema: DescribeSecurityGroups$,
    list: 'SecurityGroups',
    elements: (api) => api.securityGroups,
    ids: { parameter: 'GroupIds', field: 'GroupId', notFound: 'InvalidGroup.NotFound' },
    filters: {
      ...namedAlike('group-id group-name vpc-id owner-id'),
      'ip-permission.group-id': 'IpPermissions.UserIdGroupPairs.GroupId',
      'egress.ip-permission.group-id': 'IpPermissionsEgress.UserIdGroupPairs.GroupId',
    },
    maxResults: [5, 1000],
  },
  DescribeNetworkAcls: {
    schema: DescribeNetworkAcls$,
    list: 'NetworkAcls',
    elements: (api) => api.networkAcls,
    ids: { parameter: 'NetworkAclIds', field: 'NetworkAclId', notFound: 'InvalidNetworkAclID.NotFound' },
    filters: {
      ...namedAlike('vpc-id network-acl-id'),
      'association.subnet-id': 'Associations.SubnetId',
      'association.network-acl-id': 'Associations.NetworkAclId',
      default: 'IsDefault',
    },
    maxResults: [5, 1000],
  },
  DescribeRouteTables: {
    schema: DescribeRouteTables$,
    list: 'RouteTables',
    elements: (api) => api.routeTables,
    ids: { parameter: 'RouteTableIds', field: 'RouteTableId', notFound: 'InvalidRouteTableID.NotFound' },
    filters: {
      ...namedAlike('vpc-id route-table-id owner-id'),
      'association.subnet-id': 'Associations.SubnetId',
      'association.gateway-id': 'Associations.GatewayId',
      'association.main': 'Associations.Main',
      'route.gateway-id': 'Routes.GatewayId',
      'route.nat-gateway-id': 'Routes.NatGatewayId',
      'route.transit-gateway-id': 'Routes.TransitGatewayId',
      'route.destination-prefix-list-id': 'Routes.DestinationPrefixListId',
    },
    maxResults: [5, 100],
  },
  DescribeSubnets: {
    schema: DescribeSubnets$,
    list: 'Subnets',
    elements: (api) => api.subnets,
    ids: { parameter: 'SubnetIds', field: 'SubnetId', notFound: 'InvalidSubnetID.NotFound' },
    filters: namedAlike('vpc-id subnet-id cidr-block availability-zone availability-zone-id owner-id'),
    maxResults: [5, 1000],
  },
  DescribeVpcs: {
    schema: DescribeVpcs$,
    list: 'Vpcs',
    elements: (api) => api.vpcs,
    ids: { parameter: 'VpcIds', field: 'VpcId', notFound: 'InvalidVpcID.NotFound' },
    filters: {
      ...namedAlike('vpc-id dhcp-options-id owner-id is-default'),
      cidr: 'CidrBlock',
      'cidr-block-association.cidr-block': 'CidrBlockAssociationSet.CidrBlock',
    },
    maxResults: [5, 1000],
  },
  DescribeDhcpOptions: {
    schema: DescribeDhcpOptions$,
    list: 'DhcpOptions',
    elements: (api) => api.dhcpOptions,
    ids: { parameter: 'DhcpOptionsIds', field: 'DhcpOptionsId', notFound: 'InvalidDhcpOptionID.NotFound' },
    filters: {
      ...namedAlike('dhcp-options-id'),
      key: 'DhcpConfigurations.Key',
      value: 'DhcpConfigurations.Values.Value',
    },
    maxResults: [5, 1000],
  },
  DescribePrefixLists: {
    schema: DescribePrefixLists$,
    list: 'PrefixLists',
    elements: (api) => api.prefixLists,
    ids: { parameter: 'PrefixListIds', field: 'PrefixListId', notFound: 'InvalidPrefixListID.NotFound' },
    filters: namedAlike('prefix-list-id prefix-list-name'),
  },
  DescribeManagedPrefixLists: {
    schema: DescribeManagedPrefixLists$,
    list: 'PrefixLists',
    elements: managedPrefixLists,
    ids: { parameter: 'PrefixListIds', field: 'PrefixListId', notFound: 'InvalidPrefixListID.NotFound' },
    filters: namedAlike('owner-id prefix-list-id prefix-list-name'),
    maxResults: [1, 100],
  },
  DescribeNatGateways: {
    schema: DescribeNatGateways$,
    list: 'NatGateways',
    elements: (api) => api.natGateways,
    ids: { parameter: 'NatGatewayIds', field: 'NatGatewayId', notFound: 'NatGatewayNotFound' },
    filters: namedAlike('nat-gateway-id state subnet-id vpc-id'),
  },
  DescribeInternetGateways: {
    schema: DescribeInternetGateways$,
    list: 'InternetGateways',
    elements: (api) => api.internetGateways,
    ids: {
      parameter: 'InternetGatewayIds',
      field: 'InternetGatewayId',
      notFound: 'InvalidInternetGatewayID.NotFound',
    },
    filters: {
      ...namedAlike('internet-gateway-id'),
      'attachment.vpc-id': 'Attachments.VpcId',
      'attachment.state': 'Attachments.State',
    },
  },
  DescribeEgressOnlyInternetGateways: {
    schema: DescribeEgressOnlyInternetGateways$,
    list: 'EgressOnlyInternetGateways',
    elements: (api) => api.egressOnlyInternetGateways,
    ids: {
      parameter: 'EgressOnlyInternetGatewayIds',
      field: 'EgressOnlyInternetGatewayId',
      notFound: 'InvalidGatewayID.NotFound',
    },
    // The reference has filters for tags only: not even the VPC can be asked for.
  },
  DescribeVpcPeeringConnections: {
    schema: DescribeVpcPeeringConnections$,
    list: 'VpcPeeringConnections',
    elements: (api) => api.vpcPeeringConnections,
    ids: {
      parameter: 'VpcPeeringConnectionIds',
      field: 'VpcPeeringConnectionId',
      notFound: 'InvalidVpcPeeringConnectionID.NotFound',
    },
    filters: {
      ...namedAlike('vpc-peering-connection-id requester-vpc-info.vpc-id requester-vpc-info.owner-id'),
      ...namedAlike('accepter-vpc-info.vpc-id accepter-vpc-info.owner-id'),
      'status-code': 'Status.Code',
    },
    maxResults: [5, 1000],
  },
  DescribeTransitGatewayVpcAttachments: {
    schema: DescribeTransitGatewayVpcAttachments$,
    list: 'TransitGatewayVpcAttachments',
    elements: (api) => api.transitGatewayVpcAttachments,
    ids: {
      parameter: 'TransitGatewayAttachmentIds',
      field: 'TransitGatewayAttachmentId',
      notFound: 'InvalidTransitGatewayAttachmentID.NotFound',
    },
    filters: namedAlike('transit-gateway-attachment-id transit-gateway-id vpc-id state'),
    maxResults: [5, 1000],
  },
  DescribeTransitGatewayAttachments: {
    schema: DescribeTransitGatewayAttachments$,
    list: 'TransitGatewayAttachments',
    elements: (api) => api.transitGatewayAttachments,
    ids: {
      parameter: 'TransitGatewayAttachmentIds',
      field: 'TransitGatewayAttachmentId',
      notFound: 'InvalidTransitGatewayAttachmentID.NotFound',
    },
    filters: {
      ...namedAlike('transit-gateway-attachment-id transit-gateway-id transit-gateway-owner-id state'),
      ...namedAlike('resource-id resource-owner-id resource-type association.state'),
      ...namedAlike('association.transit-gateway-route-table-id'),
    },
    maxResults: [5, 1000],
  },
  DescribeInstances: {
    schema: DescribeInstances$,
    list: 'Reservations',
    elements: (api) => api.instances,
    ids: { parameter: 'InstanceIds', field: 'InstanceId', notFound: 'InvalidInstanceID.NotFound' },
    filters: {
      ...namedAlike('instance-id vpc-id subnet-id private-ip-address'),
      'network-interface.network-interface-id': 'NetworkInterfaces.NetworkInterfaceId',
      'network-interface.addresses.private-ip-address': 'NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress',
    },
    idsOrPages: true,
    wrap: (instance) => ({ ReservationId: 'r-00000001', Instances: [instance] }),
  },
};

/** The routes of one transit gateway route table; the API wants at least one filter. */
export const TRANSIT_GATEWAY_ROUTES = {
  schema: SearchTransitGatewayRoutes$ as OperationSchema,
  filters: {
    state: 'State',
    type: 'Type',
    'attachment.transit-gateway-attachment-id': 'TransitGatewayAttachments.TransitGatewayAttachmentId',
    'attachment.resource-id': 'TransitGatewayAttachments.ResourceId',
    'attachment.resource-type': 'TransitGatewayAttachments.ResourceType',
    'prefix-list-id': 'PrefixListId',
  },
} as const;

/** The calls that answer for one resource. */
export const VPC_ATTRIBUTE: OperationSchema = DescribeVpcAttribute$;
export const PREFIX_LIST_ENTRIES: OperationSchema = GetManagedPrefixListEntries$;

/** What GetManagedPrefixListEntries says of a list: a customer's own entries, or an AWS service's CIDRs. */
export function prefixListEntries(api: WorldApi, id: string): readonly { Cidr?: string | undefined }[] | undefined {
  const own = api.prefixListEntries.find((list) => list.PrefixListId === id);
  if (own !== undefined) return own.Entries ?? [];
  return api.prefixLists.find((list) => list.PrefixListId === id)?.Cidrs?.map((Cidr) => ({ Cidr }));
}

/** Every prefix list that the account sees: AWS's own belong to `AWS` (facts.md 1.4). */
function managedPrefixLists(api: WorldApi): readonly object[] {
  const services = api.prefixLists.map(({ PrefixListId, PrefixListName }) => ({
    PrefixListId,
    PrefixListName,
    OwnerId: 'AWS',
  }));
  const own = api.prefixListEntries
    .filter((list) => !api.prefixLists.some((service) => service.PrefixListId === list.PrefixListId))
    .map(({ PrefixListId }) => ({ PrefixListId, PrefixListName: PrefixListId, State: 'create-complete' }));
  return [...services, ...own].map((list) => ({
    ...list,
    AddressFamily: prefixListEntries(api, list.PrefixListId)?.some((entry) => entry.Cidr?.includes(':'))
      ? 'IPv6'
      : 'IPv4',
  }));
}
