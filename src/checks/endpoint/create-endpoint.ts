/** Creating an endpoint: the commands, and the endpoint on the model. */
import type { Subnet } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { addressSet, formatAddress, parseCidr } from '../../network/addresses.ts';
import { namesCover } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { routeTableOf } from '../../network/route-tables.ts';
import { offersPrivateDns, usualPrivateNames } from '../../services/catalogue.ts';
import { privateNamesOf, servicesNamed } from '../../services/offers.ts';
import { parseServiceName } from '../../services/service-names.ts';
import { serviceById } from '../../services/service-table.ts';
import { type Draft, draftElement, type Fix } from '../check.ts';
import { attribute, comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';

export type NewEndpoint = {
  readonly type: 'Gateway' | 'Interface';
  readonly serviceName: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly routeTableId: string | undefined;
  readonly clientGroupId: string | undefined;
  readonly clientAddress: string | undefined;
  readonly address: string | undefined;
  /** none of the VPC's subnets is in a zone that offers the service */
  readonly zoneless: boolean;
  readonly prefixListIds: readonly string[];
  readonly privateNames: readonly string[];
  /** false for a service that has no private names: CreateVpcEndpoint refuses to enable private DNS then (facts.md 1.7) */
  readonly privateDns: boolean;
  /** those of the VPC that private DNS needs, and that are off */
  readonly dnsAttributesOff: readonly ('support' | 'hostnames')[];
  readonly port: number;
};

/** What an endpoint for the target would be made of; undefined when the client's VPC and subnet are not known. */
export function planEndpoint(
  state: Pick<State, 'subnets' | 'routeTables' | 'prefixLists' | 'vpcAttributes' | 'endpointServices'>,
  vantage: Vantage,
  target: Target,
): NewEndpoint | undefined {
  const serviceName = target.serviceNames[0];
  const { vpcId, subnetId } = vantage;
  if (serviceName === undefined || vpcId === undefined || subnetId === undefined) return undefined;
  const name = parseServiceName(serviceName);
  // What the API lists for the name wins over our table.
  const offers = servicesNamed(state.endpointServices, serviceName);
  const types = offers
    .flatMap((offer) => offer.ServiceType ?? [])
    .flatMap((type) => type.ServiceType?.toLowerCase() ?? []);
  const gateway = types.length > 0 ? types.includes('gateway') : name?.service?.types.includes('gateway') === true;
  const listed = [...new Set(offers.flatMap(privateNamesOf))];
  const subnet = gateway
    ? byId(state.subnets, 'SubnetId', subnetId)
    : subnetOffering(state, vpcId, subnetId, [...new Set(offers.flatMap((offer) => offer.AvailabilityZoneIds ?? []))]);
  const cidr = subnet?.CidrBlock === undefined ? undefined : parseCidr(subnet.CidrBlock);
  const free = cidr === undefined ? undefined : formatAddress(cidr.range.family, cidr.range.high - 5n);
  const attributes = byId(state.vpcAttributes, 'VpcId', vpcId);
  return {
    type: gateway ? 'Gateway' : 'Interface',
    serviceName,
    vpcId,
    subnetId: subnet?.SubnetId ?? subnetId,
    routeTableId: routeTableOf(state, subnetId, vpcId)?.RouteTableId,
    clientGroupId: vantage.securityGroupIds[0],
    clientAddress: vantage.addresses[0],
    zoneless: !gateway && subnet === undefined && byId(state.subnets, 'SubnetId', subnetId) !== undefined,
    address: free !== undefined && !vantage.addresses.includes(free) ? free : undefined,
    prefixListIds: state.prefixLists.known
      ? state.prefixLists.value.filter((list) => list.PrefixListName === serviceName).map((list) => list.PrefixListId)
      : [],
    privateNames:
      listed.length > 0
        ? listed
        : name?.service !== undefined && name.region !== undefined && offersPrivateDns(name.service)
          ? usualPrivateNames(name.service, name.region)
          : [],
    privateDns:
      listed.length > 0 || (offers.length === 0 && (name?.service === undefined || offersPrivateDns(name.service))),
    dnsAttributesOff: [
      ...(attributes?.EnableDnsSupport?.Value === false ? (['support'] as const) : []),
      ...(attributes?.EnableDnsHostnames?.Value === false ? (['hostnames'] as const) : []),
    ],
    port: target.port,
  };
}

/**
 * The client's own subnet, or where the service is not offered in its zone, which CreateVpcEndpoint then refuses, another of the
 * VPC in a zone where it is; undefined when none of those that were read is.
 */
function subnetOffering(
  state: Pick<State, 'subnets'>,
  vpcId: string,
  subnetId: string,
  zones: readonly string[],
): Subnet | undefined {
  const own = byId(state.subnets, 'SubnetId', subnetId);
  const offers = (one: Subnet) => one.AvailabilityZoneId !== undefined && zones.includes(one.AvailabilityZoneId);
  if (zones.length === 0 || own?.AvailabilityZoneId === undefined || offers(own)) return own;
  const others = state.subnets.known ? state.subnets.value.filter((one) => one.VpcId === vpcId && offers(one)) : [];
  return others.toSorted((a, b) => (a.SubnetId < b.SubnetId ? -1 : 1))[0];
}

/**
 * Whether the host is another Region's: an endpoint in this VPC does not serve it, however it is made. (Cross-Region
 * endpoints exist for a few services, and only where somebody made one; such an endpoint is then in the list.)
 */
export function isOtherRegion(target: Target, vantage: Vantage): boolean {
  return target.region !== undefined && vantage.region !== undefined && target.region !== vantage.region;
}

/** Whether the service is one that gateway endpoints exist for. */
export function hasGatewayType(serviceId: string | undefined): boolean {
  return serviceId !== undefined && serviceById(serviceId)?.types.includes('gateway') === true;
}

/** The fix that creates it; without a plan, in words alone. */
export function createPlanned(plan: NewEndpoint | undefined, host: string | undefined): Fix {
  if (plan !== undefined) return createEndpoint(plan, host);
  return {
    summary: 'Create an endpoint for the service in the client’s VPC.',
    commands: [],
    undo: [],
    owner: 'network owner',
    unprovable: 'the client’s subnet is not known',
    terraform: comment('An aws_vpc_endpoint in the client’s VPC, of which too little is known to write it out.'),
  };
}

/** The fix that creates it. */
export function createEndpoint(plan: NewEndpoint, host: string | undefined): Fix {
  return plan.type === 'Gateway' ? createGateway(plan) : createInterface(plan, host);
}

/** Ids on the model, one per service: a plan may create several endpoints. */
const newId = (kind: 'vpce' | 'eni' | 'sg', plan: NewEndpoint) => `${kind}-new-${plan.serviceName}`;

/** An endpoint that is being deleted keeps its network interfaces, and they keep the group, for some minutes (DependencyViolation). */
export const UNDO_WAITS =
  'To undo it, wait until the endpoint is gone: its security group cannot be deleted for some minutes before.';

/** Of the shell that types the commands: the undo needs the ids, and a plan may create several endpoints. */
const variable = (kind: 'ENDPOINT' | 'GROUP', plan: NewEndpoint) =>
  `${kind}_${nameOf(plan).replaceAll(/\W/g, '_').toUpperCase()}`;

function createGateway(plan: NewEndpoint): Fix {
  const table = plan.routeTableId ?? '"$ROUTE_TABLE"';
  return {
    summary: `Create a gateway endpoint for ${plan.serviceName} (free of charge) and associate it with ${table}.`,
    commands: [
      `${variable('ENDPOINT', plan)}=$(aws ec2 create-vpc-endpoint --vpc-id ${plan.vpcId} --vpc-endpoint-type Gateway --service-name ${plan.serviceName} --route-table-ids ${table} --query VpcEndpoint.VpcEndpointId --output text)`,
    ],
    undo: [`aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$${variable('ENDPOINT', plan)}"`],
    terraform: hcl(
      resource('aws_vpc_endpoint', nameOf(plan), {
        vpc_id: plan.vpcId,
        service_name: plan.serviceName,
        vpc_endpoint_type: 'Gateway',
        route_table_ids: plan.routeTableId === undefined ? undefined : [plan.routeTableId],
      }),
      UNDO_BY_REMOVAL,
    ),
    owner: 'network owner',
    ...(plan.prefixListIds.length === 0
      ? { unprovable: `the prefix list of ${plan.serviceName} could not be read (ec2:DescribePrefixLists)` }
      : { edit: (draft: Draft) => addGateway(draft, plan) }),
  };
}

function addGateway(draft: Draft, plan: NewEndpoint): void {
  draft.slices.vpcEndpoints.push({
    VpcEndpointId: newId('vpce', plan),
    VpcEndpointType: 'Gateway',
    VpcId: plan.vpcId,
    ServiceName: plan.serviceName,
    State: 'available',
    RouteTableIds: plan.routeTableId === undefined ? [] : [plan.routeTableId],
  });
  const table =
    plan.routeTableId === undefined ? undefined : draftElement(draft, 'routeTables', 'RouteTableId', plan.routeTableId);
  if (table === undefined) return;
  for (const DestinationPrefixListId of plan.prefixListIds)
    table.Routes = [
      ...(table.Routes ?? []),
      { DestinationPrefixListId, GatewayId: newId('vpce', plan), Origin: 'CreateRoute', State: 'active' },
    ];
}

function createInterface(plan: NewEndpoint, host: string | undefined): Fix {
  const source =
    plan.clientGroupId === undefined
      ? `--cidr ${plan.clientAddress ?? '$CLIENT_ADDRESS'}/32`
      : `--source-group ${plan.clientGroupId}`;
  const covered = host === undefined || namesCover(plan.privateNames, host);
  const name = nameOf(plan);
  const [group, endpoint] = [variable('GROUP', plan), variable('ENDPOINT', plan)];
  return {
    summary: `Create an interface endpoint for ${plan.serviceName} in ${plan.subnetId} ${plan.privateDns ? 'with' : 'without'} private DNS, behind a security group that admits this host.`,
    commands: [
      ...plan.dnsAttributesOff.map((one) => setAttribute(plan, one, true)),
      `${group}=$(aws ec2 create-security-group --vpc-id ${plan.vpcId} --group-name endpoint-${name} --description "VPC endpoint ${name}" --query GroupId --output text)`,
      `aws ec2 authorize-security-group-ingress --group-id "$${group}" --protocol tcp --port ${plan.port} ${source}`,
      `${endpoint}=$(aws ec2 create-vpc-endpoint --vpc-id ${plan.vpcId} --vpc-endpoint-type Interface --service-name ${plan.serviceName} --subnet-ids ${plan.subnetId} --security-group-ids "$${group}" --${plan.privateDns ? '' : 'no-'}private-dns-enabled --query VpcEndpoint.VpcEndpointId --output text)`,
    ],
    undo: [
      `aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$${endpoint}"`,
      `aws ec2 delete-security-group --group-id "$${group}"`,
      ...plan.dnsAttributesOff.toReversed().map((one) => setAttribute(plan, one, false)),
    ],
    terraform: interfaceInTerraform(plan),
    owner: 'network owner',
    caution: `${plan.privateDns ? `Private DNS changes the service’s name for the whole of ${plan.vpcId}: other subnets that use it now then need this endpoint to admit them.` : `The service has no private name: call ${host ?? 'it'} by the endpoint’s own name, or by a private hosted zone of your own.`} An interface endpoint is charged per hour and zone. ${UNDO_WAITS}`,
    ...(plan.address === undefined || !covered
      ? {
          unprovable: covered
            ? plan.zoneless
              ? 'no subnet that was read is in a zone that offers the service'
              : 'the client’s subnet could not be read'
            : `the endpoint would not cover ${host}`,
        }
      : { edit: (draft: Draft) => addInterfaceEndpoint(draft, plan, plan.address ?? '') }),
  };
}

function setAttribute({ vpcId }: NewEndpoint, attribute: 'support' | 'hostnames', value: boolean): string {
  return `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-${attribute} '{"Value":${value}}'`;
}

/** `secretsmanager`, `ecr-api`: the service's part of the name, for groups and Terraform resources. */
function nameOf(plan: NewEndpoint): string {
  return plan.serviceName.split('.').slice(3).join('-') || 'endpoint';
}

function interfaceInTerraform(plan: NewEndpoint): string {
  const name = nameOf(plan);
  const group = attribute('aws_security_group', `endpoint-${name}`, 'id');
  const six = plan.clientAddress?.includes(':') === true;
  const source =
    plan.clientGroupId !== undefined
      ? { referenced_security_group_id: plan.clientGroupId }
      : plan.clientAddress === undefined
        ? undefined
        : six
          ? { cidr_ipv6: `${plan.clientAddress}/128` }
          : { cidr_ipv4: `${plan.clientAddress}/32` };
  return hcl(
    ...(plan.dnsAttributesOff.length > 0
      ? [comment(`In the aws_vpc of ${plan.vpcId} set enable_dns_support and enable_dns_hostnames to true first.`)]
      : []),
    resource('aws_security_group', `endpoint-${name}`, {
      name: `endpoint-${name}`,
      description: `VPC endpoint ${name}`,
      vpc_id: plan.vpcId,
    }),
    source === undefined
      ? comment('And an aws_vpc_security_group_ingress_rule that admits the client, whose address is not known.')
      : resource('aws_vpc_security_group_ingress_rule', `endpoint-${name}`, {
          security_group_id: group,
          ip_protocol: 'tcp',
          from_port: plan.port,
          to_port: plan.port,
          ...source,
        }),
    resource('aws_vpc_endpoint', name, {
      vpc_id: plan.vpcId,
      service_name: plan.serviceName,
      vpc_endpoint_type: 'Interface',
      subnet_ids: [plan.subnetId],
      security_group_ids: [group],
      private_dns_enabled: plan.privateDns,
    }),
    UNDO_BY_REMOVAL,
  );
}

function addInterfaceEndpoint(draft: Draft, plan: NewEndpoint, address: string): void {
  const range = plan.clientAddress === undefined ? undefined : addressSet(plan.clientAddress)?.[0];
  draft.slices.securityGroups.push({
    GroupId: newId('sg', plan),
    VpcId: plan.vpcId,
    IpPermissions: [
      {
        IpProtocol: 'tcp',
        FromPort: plan.port,
        ToPort: plan.port,
        ...(plan.clientGroupId !== undefined
          ? { UserIdGroupPairs: [{ GroupId: plan.clientGroupId }] }
          : range === undefined
            ? {}
            : { IpRanges: [{ CidrIp: `${plan.clientAddress}/32` }] }),
      },
    ],
    IpPermissionsEgress: [],
  });
  draft.slices.networkInterfaces.push({
    NetworkInterfaceId: newId('eni', plan),
    InterfaceType: 'vpc_endpoint',
    VpcId: plan.vpcId,
    SubnetId: plan.subnetId,
    PrivateIpAddress: address,
    Groups: [{ GroupId: newId('sg', plan) }],
  });
  draft.slices.vpcEndpoints.push({
    VpcEndpointId: newId('vpce', plan),
    VpcEndpointType: 'Interface',
    VpcId: plan.vpcId,
    ServiceName: plan.serviceName,
    State: 'available',
    SubnetIds: [plan.subnetId],
    NetworkInterfaceIds: [newId('eni', plan)],
    PrivateDnsEnabled: plan.privateDns,
    IpAddressType: 'ipv4',
    DnsEntries: plan.privateNames.map((DnsName) => ({ DnsName })),
  });
  const attribute = draftElement(draft, 'vpcAttributes', 'VpcId', plan.vpcId);
  if (attribute !== undefined) {
    attribute.EnableDnsHostnames = { Value: true };
    attribute.EnableDnsSupport = { Value: true };
  }
}
