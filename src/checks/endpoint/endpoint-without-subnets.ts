import { missing } from '../../model/state.ts';
import { formatAddress, parseCidr } from '../../network/addresses.ts';
import { chooseEndpoint, isType } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { absent, defineCheck, draftElement, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { comment, hcl, resource, UNDO_BY_REMOVAL } from '../terraform.ts';

export const endpointWithoutSubnets = defineCheck({
  code: 'endpoint-without-subnets',
  title: 'The endpoint has no network interface',
  layer: 'endpoint',
  needs: ['vpcEndpoints', 'subnets'],
  reachabilityAnalyzerCode: 'NO_SOURCE_OR_DESTINATION',
  documentation: {
    meaning:
      'An interface endpoint can exist without any subnet. It is "available", but it has no network interface and so no address: its names resolve to nothing, and there is nothing to connect to.',
    confirm:
      'aws ec2 describe-vpc-endpoints: SubnetIds and NetworkInterfaceIds are empty for an endpoint of type Interface.',
    remedy: 'Add at least one subnet, better one per zone that has clients.',
    notWhen: 'Gateway endpoints never have subnets or interfaces: they are routes.',
    sources: ['https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html'],
  },
  evaluate: ({ state, client, target, evidence }) => {
    if (target.address !== undefined) return NOT_APPLICABLE;
    if (!state.vpcEndpoints.known)
      return evidence.addresses.length > 0 ? NOT_APPLICABLE : unknown([missing(state, 'vpcEndpoints')]);
    const endpoint = chooseEndpoint(state, client.vpcId, target)?.endpoints[0];
    if (endpoint === undefined || !isType(endpoint, 'interface')) return NOT_APPLICABLE;
    const told = [endpoint.NetworkInterfaceIds, endpoint.SubnetIds].filter((list) => list !== undefined);
    if (told.length === 0 || told.some((list) => list.length > 0))
      return absent(
        `${endpoint.VpcEndpointId} has ${endpoint.NetworkInterfaceIds?.join(' and ') || 'network interfaces'}`,
      );
    const id = endpoint.VpcEndpointId;
    const subnet = client.subnetId === undefined ? undefined : byId(state.subnets, 'SubnetId', client.subnetId);
    return found([
      {
        key: id,
        resources: [id],
        extent: 'all',
        summary: `${id} is ${endpoint.State ?? 'there'}, but it has no subnet and no network interface: its names lead to no address.`,
        because: [{ source: 'configuration', text: `${id}: SubnetIds and NetworkInterfaceIds are empty`, ref: id }],
        predicts: (observation) => {
          if (
            observation.rung !== 'dns' ||
            observation.subject.name.toLowerCase() !== target.host?.toLowerCase() ||
            observation.subject.type !== 'A'
          )
            return undefined;
          return observation.outcome === 'nxdomain' || observation.outcome === 'no-data' ? 'agrees' : undefined;
        },
        facts: {
          id,
          subnetId: client.subnetId,
          cidr: subnet?.CidrBlock,
          vpcId: endpoint.VpcId ?? client.vpcId,
          groups: endpoint.Groups ?? [],
        },
      },
    ]);
  },
  fix: ({ id, subnetId, cidr, vpcId, groups }) => {
    const range = cidr === undefined ? undefined : parseCidr(cidr)?.range;
    return {
      summary: `Add ${subnetId ?? 'a subnet of the VPC'} to ${id}.`,
      commands: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --add-subnet-ids ${subnetId ?? '"$SUBNET"'}`],
      undo: [`aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${id} --remove-subnet-ids ${subnetId ?? '"$SUBNET"'}`],
      owner: 'endpoint owner',
      terraform:
        subnetId === undefined
          ? comment(`An aws_vpc_endpoint_subnet_association of ${id} with a subnet of the VPC.`)
          : hcl(
              resource('aws_vpc_endpoint_subnet_association', `${id}_${subnetId}`, {
                vpc_endpoint_id: id,
                subnet_id: subnetId,
              }),
              comment(
                `Not beside a subnet_ids argument of the endpoint’s own resource: there, add "${subnetId}" to it.`,
              ),
              UNDO_BY_REMOVAL,
            ),
      ...(range === undefined || subnetId === undefined
        ? { unprovable: 'the client’s subnet could not be read' }
        : {
            edit: (draft) => {
              const endpoint = draftElement(draft, 'vpcEndpoints', 'VpcEndpointId', id);
              if (endpoint === undefined) return;
              endpoint.SubnetIds = [subnetId];
              endpoint.NetworkInterfaceIds = [`eni-new-${id}`];
              draft.slices.networkInterfaces.push({
                NetworkInterfaceId: `eni-new-${id}`,
                InterfaceType: 'vpc_endpoint',
                VpcId: vpcId,
                SubnetId: subnetId,
                PrivateIpAddress: formatAddress(range.family, range.high - 5n),
                Groups: groups,
              });
            },
          }),
    };
  },
  demonstration: {
    inject: (world) => {
      for (const endpoint of world.api.vpcEndpoints) {
        if (endpoint.VpcEndpointType !== 'Interface') continue;
        const ids = endpoint.NetworkInterfaceIds ?? [];
        world.api.networkInterfaces = world.api.networkInterfaces.filter(
          (one) => !ids.includes(one.NetworkInterfaceId),
        );
        endpoint.SubnetIds = [];
        endpoint.NetworkInterfaceIds = [];
      }
    },
  },
});
