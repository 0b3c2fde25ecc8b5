import { addNatGateway } from '../../lab/world.ts';
import { missing } from '../../model/state.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import { evaluateTarget, MODEL_SLICES, mainExit } from '../../network/model.ts';
import { targetOffer } from '../../network/offer.ts';
import { resolverKind } from '../../network/resolution.ts';
import { absent, defineCheck, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { createEndpoint, isOtherRegion, planEndpoint } from '../endpoint/create-endpoint.ts';
import { sharedSubnetGap } from '../endpoint/shared-subnet.ts';
import { comment } from '../terraform.ts';

const PRIVATE = cidrSet(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** It works, but not through an endpoint. Often the consequence of another cause, which is then ranked before it. */
export const publicPathUsed = defineCheck({
  code: 'public-path-used',
  title: 'The service is reached over the internet path, not through an endpoint',
  layer: 'path',
  needs: [...MODEL_SLICES, 'dhcpOptions'],
  consequence: true,
  documentation: {
    meaning:
      'The target works, but its traffic leaves the VPC through a NAT gateway or internet gateway. It costs money per gigabyte, it depends on internet egress, and every policy that demands aws:SourceVpce or aws:SourceVpc refuses it.',
    confirm:
      'The name resolves to public addresses and a connection to them opens; the route table’s winner for them is nat-… or igw-….',
    remedy:
      'Create an endpoint for the service; or repair what keeps the name or the route from the endpoint that exists.',
    notWhen:
      'Public addresses for S3 and DynamoDB are normal behind a gateway endpoint: the route decides, not the address.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/privatelink/what-is-privatelink.html',
      'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html',
    ],
  },
  evaluate: ({ state, vantage, target, evidence }) => {
    if (target.address !== undefined || target.serviceNames.length === 0) return NOT_APPLICABLE;
    // Another Region's host, and a service without an endpoint service here, are meant to be reached this way.
    if (isOtherRegion(target, vantage)) return NOT_APPLICABLE;
    const offer = targetOffer(state, target);
    if (offer === 'not-offered') return NOT_APPLICABLE;
    if (offer === 'unknown') return unknown([missing(state, 'endpointServices', target.serviceNames[0])], false);
    if (!state.vpcEndpoints.known && !evidence.probed) return unknown([missing(state, 'vpcEndpoints')]);
    const publicAddresses = evidence.addresses.filter((address) => !containsAddress(PRIVATE, address));
    // Where somebody in between answers TLS, the service is not what is reached.
    const open = publicAddresses.filter(
      (address) =>
        evidence.tcp(address).some((one) => one.outcome === 'open') &&
        (evidence.tls(address).length === 0 || evidence.tls(address).some((one) => one.outcome !== 'untrusted')),
    );
    const resolver = evidence.system?.outcome === 'answered' ? 'vpc' : resolverKind(state, vantage);
    const model = evaluateTarget(
      state,
      vantage,
      target,
      resolver,
      publicAddresses.length > 0 ? publicAddresses : undefined,
    );
    const gateway = model.choice?.way === 'gateway';
    if (evidence.probed) {
      if (open.length === 0) return NOT_APPLICABLE;
      const own = model.endpointPaths.flatMap((path) =>
        path.destination.kind === 'interface' ? [path.destination.address] : [],
      );
      if (open.every((address) => own.includes(address)))
        return absent(`${open.join(' and ')} ${open.length > 1 ? 'are' : 'is'} the endpoint’s own`);
      if (gateway && model.status !== 'detour')
        return absent(`the route to ${model.choice?.endpoints[0].VpcEndpointId} carries the traffic`);
      // Without the endpoints and routes it cannot be told whether a gateway endpoint carried this.
      if (!state.vpcEndpoints.known || !state.routeTables.known)
        return unknown([missing(state, state.vpcEndpoints.known ? 'routeTables' : 'vpcEndpoints')], false);
    } else if (model.status !== 'detour') {
      if (model.status === 'unknown') return unknown(model.missing, false);
      // Where a part of it leaves, or may leave, the route that takes that part is the cause to name.
      if (model.publicPath !== undefined && model.publicPath.status !== 'closed') return NOT_APPLICABLE;
      return absent(`the traffic does not leave by an internet path, but through ${model.actualPath}`);
    }
    // A private address behind the public name (a central endpoint) has already been left: `open` holds public ones only.
    const shared = sharedSubnetGap(state, vantage);
    if (shared !== undefined) return unknown([shared], false);
    const exits = model.publicPath?.gates.flatMap((gate) => gate.exits ?? []) ?? [];
    const via = exits.find((exit) => exit.usable === 'yes')?.via ?? mainExit(exits)?.via ?? 'an internet path';
    const endpoint = model.choice?.endpoints[0].VpcEndpointId;
    return found([
      {
        key: `${via} ${target.host}`,
        resources: [via, ...(endpoint === undefined ? [] : [endpoint])],
        extent: 'some',
        summary: `${target.host} is reached through ${via} at its public addresses${endpoint === undefined ? `, because ${vantage.vpcId ?? 'the VPC'} has no endpoint for ${target.serviceNames[0]}` : `, past ${endpoint}`}. Requests carry no aws:SourceVpce, and the traffic is charged by the gigabyte.`,
        because: [{ source: 'configuration', text: `the route to the public addresses leads to ${via}`, ref: via }],
        predicts: (observation) =>
          observation.rung === 'tcp' &&
          observation.subject.port === target.port &&
          open.includes(observation.subject.address) &&
          observation.outcome === 'open'
            ? 'agrees'
            : undefined,
        facts: {
          endpoint,
          plan: endpoint === undefined ? planEndpoint(state, vantage, target) : undefined,
          host: target.host,
        },
      },
    ]);
  },
  fix: ({ endpoint, plan, host }) =>
    plan !== undefined
      ? createEndpoint(plan, host)
      : {
          summary:
            endpoint === undefined
              ? 'Create an endpoint for the service in the client’s VPC.'
              : `Repair what keeps ${host} from ${endpoint}; see the other causes.`,
          commands: [],
          undo: [],
          owner: 'network owner',
          unprovable:
            endpoint === undefined
              ? 'the client’s subnet is not known'
              : 'it follows from the other causes and goes with them',
          terraform:
            endpoint === undefined
              ? comment('An aws_vpc_endpoint in the client’s VPC; its subnet is not known.')
              : comment('It follows from another cause, whose fix has the snippet.'),
        },
  demonstration: {
    inject: (world) => {
      addNatGateway(world);
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType !== 'Interface');
      world.api.networkInterfaces = world.api.networkInterfaces.filter((one) => one.InterfaceType !== 'vpc_endpoint');
    },
  },
});
