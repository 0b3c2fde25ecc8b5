/** What the causes about an endpoint's state share. */
import type { VpcEndpoint } from '../../model/aws.ts';
import { missing, type SliceName } from '../../model/state.ts';
import { chooseEndpoint, endpointState, isType } from '../../network/endpoints.ts';
import {
  absent,
  type CheckContext,
  type Draft,
  draftElement,
  found,
  NOT_APPLICABLE,
  type Outcome,
  unknown,
} from '../check.ts';
import { endpointAddresses } from '../dns/names.ts';
import { type Arguments, comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';

export const STATE_SLICES = ['vpcEndpoints', 'networkInterfaces'] as const satisfies readonly SliceName[];

export type StateFacts = {
  readonly id: string;
  readonly state: string;
  readonly vpcId: string;
  readonly serviceName: string;
  /** the options of create-vpc-endpoint that make an endpoint like this one */
  readonly likeThis: string;
  /** the same as arguments of an aws_vpc_endpoint */
  readonly likeThisInTerraform: Arguments;
};

type Kind = {
  /** whether a lower-cased state is this cause's */
  readonly fits: (state: string) => boolean;
  readonly fine: string;
  readonly summary: (id: string, endpoint: VpcEndpoint, why: string) => string;
};

/** The outcome of a cause that looks at the chosen endpoint's state. */
export function endpointStateOutcome(
  context: CheckContext<(typeof STATE_SLICES)[number]>,
  kind: Kind,
): Outcome<StateFacts> {
  const { state, client, target } = context;
  if (target.address !== undefined) return NOT_APPLICABLE;
  if (!state.vpcEndpoints.known) return unknown([missing(state, 'vpcEndpoints')]);
  const choice = chooseEndpoint(state, client.vpcId, target);
  const endpoint = choice?.endpoints[0];
  if (choice === undefined || endpoint === undefined) return NOT_APPLICABLE;
  const lifecycle = endpointState(endpoint);
  if (!kind.fits(lifecycle))
    return absent(lifecycle === 'available' ? `${endpoint.VpcEndpointId} is available` : kind.fine);
  const id = endpoint.VpcEndpointId;
  const error = endpoint.LastError;
  const why = [endpoint.FailureReason, error && `${error.Code ?? 'error'}: ${error.Message ?? ''}`.replace(/: $/, '')]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
  const addresses = isType(endpoint, 'interface') ? (endpointAddresses(state, choice) ?? []) : [];
  return found([
    {
      key: id,
      resources: [id],
      extent: 'all',
      summary: kind.summary(id, endpoint, why),
      because: [
        { source: 'configuration', text: `${id}: State is ${endpoint.State}${why === '' ? '' : ` (${why})`}`, ref: id },
      ],
      predicts: (observation) => {
        if (observation.rung !== 'tcp' || observation.subject.port !== target.port) return undefined;
        const own = addresses.includes(observation.subject.address);
        if (observation.outcome === 'open') return own ? 'disproves' : undefined;
        if (observation.outcome === 'skipped') return undefined;
        return own || context.evidence.addresses.includes(observation.subject.address) ? 'agrees' : undefined;
      },
      facts: {
        id,
        state: lifecycle,
        vpcId: endpoint.VpcId ?? client.vpcId ?? '',
        serviceName: endpoint.ServiceName ?? '',
        likeThis: optionsOf(endpoint),
        likeThisInTerraform: argumentsOf(endpoint),
      },
    },
  ]);
}

function optionsOf(endpoint: VpcEndpoint): string {
  const ids = (option: string, list: readonly (string | undefined)[] | undefined) =>
    list === undefined || list.length === 0 ? [] : [`--${option} ${list.join(' ')}`];
  if (isType(endpoint, 'gateway'))
    return ['--vpc-endpoint-type Gateway', ...ids('route-table-ids', endpoint.RouteTableIds)].join(' ');
  return [
    '--vpc-endpoint-type Interface',
    ...ids('subnet-ids', endpoint.SubnetIds),
    ...ids(
      'security-group-ids',
      endpoint.Groups?.map((group) => group.GroupId),
    ),
    endpoint.PrivateDnsEnabled === true ? '--private-dns-enabled' : '--no-private-dns-enabled',
  ].join(' ');
}

function argumentsOf(endpoint: VpcEndpoint): Arguments {
  const common = { vpc_id: endpoint.VpcId, service_name: endpoint.ServiceName };
  const some = (list: readonly string[] | undefined) => (list === undefined || list.length === 0 ? undefined : list);
  if (isType(endpoint, 'gateway'))
    return { ...common, vpc_endpoint_type: 'Gateway', route_table_ids: some(endpoint.RouteTableIds) };
  return {
    ...common,
    vpc_endpoint_type: 'Interface',
    subnet_ids: some(endpoint.SubnetIds),
    security_group_ids: some(endpoint.Groups?.flatMap((group) => group.GroupId ?? [])),
    private_dns_enabled: endpoint.PrivateDnsEnabled === true,
  };
}

/** Accepting a connection request, as Terraform: a resource of the provider's configuration, not of the consumer's. */
export function acceptInTerraform(id: string, serviceName: string): string {
  const serviceId = serviceName.split('.').at(-1) ?? '';
  return hcl(
    comment(`In the configuration of the provider of ${serviceName}, with its credentials:`),
    resource('aws_vpc_endpoint_connection_accepter', id, { vpc_endpoint_service_id: serviceId, vpc_endpoint_id: id }),
    UNDO_BY_REMOVAL,
  );
}

/** The endpoint as available on the model. */
export function makeAvailable(draft: Draft, id: string): void {
  const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', id);
  if (endpoint !== undefined) endpoint.State = 'available';
}
