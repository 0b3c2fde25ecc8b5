import type { NetworkAclEntry } from '../../model/aws.ts';
import type { State } from '../../model/state.ts';
import { missing } from '../../model/state.ts';
import type { Target } from '../../model/target.ts';
import type { Vantage } from '../../model/vantage.ts';
import { cidrSet, containsAddress } from '../../network/addresses.ts';
import type { Client } from '../../network/client.ts';
import { interfaceByAddress, vpcAddresses } from '../../network/destinations.ts';
import { isVpceName } from '../../network/endpoints.ts';
import { byId } from '../../network/index-by-id.ts';
import { hasDefaultRoute } from '../../network/internet.ts';
import { targetOffer } from '../../network/offer.ts';
import { routeTableOf, routeTarget } from '../../network/route-tables.ts';
import { absent, defineCheck, draftElement, type Fix, found, NOT_APPLICABLE, unknown } from '../check.ts';
import { isOtherRegion } from '../endpoint/create-endpoint.ts';
import { predictsNoConnection } from '../endpoint/endpoint-missing.ts';
import { sameServiceEndpoint } from '../endpoint/no-endpoint.ts';
import { WAY_OUT_SLICES, wayOut } from '../endpoint/way-out.ts';
import { goesByProxy } from '../evidence.ts';
import { isMisledRegion } from '../host/regions.ts';
import { attribute, comment, type Expression, hcl, imported, resource, UNDO_BY_REMOVAL } from '../terraform.ts';

const PRIVATE = cidrSet([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
]);

export const noInternetPath = defineCheck({
  code: 'no-internet-path',
  title: 'The way out to the internet does not work',
  layer: 'path',
  needs: [...WAY_OUT_SLICES, 'networkInterfaces', 'vpcEndpoints', 'endpointServices'],
  reachabilityAnalyzerCode: 'IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS',
  documentation: {
    meaning:
      'The target can have no VPC endpoint (it is not an AWS service, or not one with an endpoint), so its traffic has to leave by an internet route, and that does not work: there is no default route, the NAT gateway is gone, stands in a private subnet or behind a network ACL that bars it, the client in a public subnet has no public address, or VPC Block Public Access is on.',
    confirm:
      'aws ec2 describe-route-tables for the client’s subnet: where does 0.0.0.0/0 lead, and is that target alive?',
    remedy:
      'Repair the NAT gateway and the default route; for a client in a public subnet give it a public address or move it behind a NAT gateway.',
    notWhen:
      'For a service that has or could have an endpoint the endpoint is what to repair; the missing way out is then only evidence, not the cause.',
    sources: [
      'https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html',
      'https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html',
    ],
  },
  evaluate: ({ state, client, vantage, target, evidence }) => {
    if (target.endpointId !== undefined) return NOT_APPLICABLE;
    if (target.serviceNames.length > 0 && !isMeantToGoOut(state, client, vantage, target)) return NOT_APPLICABLE;
    if (target.host !== undefined && isVpceName(target.host)) return NOT_APPLICABLE;
    // The Region is what is wrong, or the proxy is the way out that is meant: both are named themselves.
    if (isMisledRegion(target, vantage) || goesByProxy(evidence)) return NOT_APPLICABLE;
    const addresses = target.address !== undefined ? [target.address] : evidence.addresses;
    const vpc = client.vpcId === undefined ? undefined : byId(state.vpcs, 'VpcId', client.vpcId);
    const own = vpc === undefined ? [] : vpcAddresses(vpc);
    const inside = (address: string) => containsAddress(PRIVATE, address) || containsAddress(own, address);
    if (addresses.length > 0 && addresses.every(inside)) return NOT_APPLICABLE;
    // A name that the VPC's resolver leads inside needs no way out; one that nobody knows may be anybody's private one.
    if (target.host !== undefined && addresses.length === 0 && evidence.probed) {
      const answers = evidence.answersFor(target.host);
      const given = answers.flatMap((answer) => answer.addresses);
      if (given.length > 0 ? given.every(inside) : answers.some((answer) => answer.outcome === 'nxdomain'))
        return NOT_APPLICABLE;
    }
    if (target.address !== undefined) {
      if (interfaceByAddress(state, client, target.address) !== undefined) return NOT_APPLICABLE;
      // A VPC may use public ranges: without its CIDRs and its interfaces this may be an address of its own.
      if (vpc === undefined && !state.networkInterfaces.known) return unknown([missing(state, 'networkInterfaces')]);
    }
    if (client.subnetId === undefined) return unknown([missing(state, 'routeTables', 'which subnet the client is in')]);
    const way = wayOut(state, client, evidence, target.port);
    if (way.usable === 'yes') return absent(`a way out exists: ${way.why}`);
    if (way.usable === 'unknown') return unknown(way.missing);
    const what = target.host ?? target.address ?? '';
    const meant = hasDefaultRoute(state, client);
    return found([
      {
        key: `${way.routeTableId} ${way.via ?? 'none'}`,
        resources: [
          ...(way.routeTableId === undefined ? [] : [way.routeTableId]),
          ...(way.via === undefined ? [] : [way.via]),
        ],
        extent: 'all',
        summary: `${what} is not a service that this VPC could have an endpoint for, so its traffic must go out to the internet, and ${meant ? 'the way there does not work' : 'there is no way there'}: ${way.why}.`,
        because: [
          { source: 'configuration', text: `${way.routeTableId ?? 'route table'}: ${way.why}`, ref: way.routeTableId },
        ],
        predicts: predictsNoConnection(addresses, target.port),
        facts: {
          via: way.via,
          why: way.why,
          routeTableId: way.routeTableId,
          vpcId: client.vpcId,
          networkInterfaceId: client.networkInterfaceId,
          blocked: way.why.includes('Block Public Access'),
          acl: way.exit?.acl,
          entries: byId(state.networkAcls, 'NetworkAclId', way.exit?.acl?.id ?? '')?.Entries ?? [],
          port: target.port,
          client,
          nat: usableNat(state, client.vpcId),
          publicSubnet: publicSubnet(state, client.vpcId),
          address: vantage.addresses[0],
        },
      },
    ]);
  },
  fix: ({
    via,
    routeTableId,
    vpcId,
    networkInterfaceId,
    blocked,
    nat,
    publicSubnet: subnet,
    acl,
    entries,
    port,
    client,
  }) => {
    const table = routeTableId ?? '"$ROUTE_TABLE"';
    const replace = via === undefined ? 'create-route' : 'replace-route';
    if (blocked)
      return {
        summary: 'Switch VPC Block Public Access off for the account and Region, or exclude this VPC from it.',
        commands: [
          `EXCLUSION=$(aws ec2 create-vpc-block-public-access-exclusion --vpc-id ${vpcId} --internet-gateway-exclusion-mode allow-bidirectional --query VpcBlockPublicAccessExclusion.ExclusionId --output text)`,
        ],
        undo: ['aws ec2 delete-vpc-block-public-access-exclusion --exclusion-id "$EXCLUSION"'],
        terraform: hcl(
          resource('aws_vpc_block_public_access_exclusion', vpcId ?? 'vpc', {
            vpc_id: vpcId,
            internet_gateway_exclusion_mode: 'allow-bidirectional',
          }),
          UNDO_BY_REMOVAL,
        ),
        owner: 'network owner',
        caution: 'Somebody switched this on for a reason: ask before you open the VPC to the internet.',
        edit: (draft) => {
          const vpc = vpcId === undefined ? undefined : draftElement(draft, 'vpcs', 'VpcId', vpcId);
          if (vpc !== undefined) vpc.BlockPublicAccessStates = { InternetGatewayBlockMode: 'off' };
          for (const { SubnetId, VpcId } of [...draft.slices.subnets]) {
            const subnet = VpcId === vpcId ? draftElement(draft, 'subnets', 'SubnetId', SubnetId) : undefined;
            if (subnet !== undefined) subnet.BlockPublicAccessStates = { InternetGatewayBlockMode: 'off' };
          }
        },
      };
    if (via?.startsWith('igw-'))
      return {
        summary: `Give ${networkInterfaceId ?? 'the client'} a public IPv4 address, or send its subnet through a NAT gateway.`,
        commands: [
          'ADDRESS=$(aws ec2 allocate-address --query AllocationId --output text)',
          `ASSOCIATION=$(aws ec2 associate-address --allocation-id "$ADDRESS" --network-interface-id ${networkInterfaceId ?? '"$NETWORK_INTERFACE"'} --query AssociationId --output text)`,
        ],
        undo: [
          'aws ec2 disassociate-address --association-id "$ASSOCIATION"',
          'aws ec2 release-address --allocation-id "$ADDRESS"',
        ],
        terraform: hcl(
          resource('aws_eip', 'client', { domain: 'vpc' }),
          networkInterfaceId === undefined
            ? comment('And an aws_eip_association with the client’s network interface.')
            : resource('aws_eip_association', 'client', {
                allocation_id: attribute('aws_eip', 'client', 'allocation_id'),
                network_interface_id: networkInterfaceId,
              }),
          UNDO_BY_REMOVAL,
        ),
        owner: 'network owner',
        caution: 'A public address makes the host reachable from the internet wherever its security groups admit it.',
        edit: (draft) => {
          draft.vantage.publicAddresses = ['203.0.113.1'];
        },
      };
    if (acl !== undefined) return openNatSubnet(acl, entries, client, port);
    if (nat !== undefined)
      return {
        summary: `Point the default route of ${table} at ${nat}.`,
        commands: [
          `aws ec2 ${replace} --route-table-id ${table} --destination-cidr-block 0.0.0.0/0 --nat-gateway-id ${nat}`,
        ],
        undo:
          via === undefined
            ? [`aws ec2 delete-route --route-table-id ${table} --destination-cidr-block 0.0.0.0/0`]
            : [],
        terraform: defaultRouteInTerraform(routeTableId, via, nat),
        owner: 'network owner',
        edit: (draft) => defaultRoute(draft, table, nat),
      };
    const commands = [
      'ADDRESS=$(aws ec2 allocate-address --query AllocationId --output text)',
      `NAT=$(aws ec2 create-nat-gateway --subnet-id ${subnet ?? '"$PUBLIC_SUBNET"'} --allocation-id "$ADDRESS" --query NatGateway.NatGatewayId --output text)`,
      // Until it is available it carries nothing.
      'aws ec2 wait nat-gateway-available --nat-gateway-ids "$NAT"',
      `aws ec2 ${replace} --route-table-id ${table} --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT"`,
    ];
    return {
      summary: `Create a NAT gateway in ${subnet ?? 'a public subnet'} and point the default route of ${table} at it.`,
      commands,
      undo: [
        `aws ec2 delete-route --route-table-id ${table} --destination-cidr-block 0.0.0.0/0`,
        'aws ec2 delete-nat-gateway --nat-gateway-id "$NAT"',
        // The address stays allocated, and charged, when its gateway goes.
        'aws ec2 wait nat-gateway-deleted --nat-gateway-ids "$NAT"',
        'aws ec2 release-address --allocation-id "$ADDRESS"',
      ],
      terraform: hcl(
        subnet === undefined
          ? comment('A public subnet, whose default route leads to an internet gateway, is needed first.')
          : hcl(
              resource('aws_eip', 'nat', { domain: 'vpc' }),
              resource('aws_nat_gateway', 'nat', {
                allocation_id: attribute('aws_eip', 'nat', 'allocation_id'),
                subnet_id: subnet,
              }),
              defaultRouteInTerraform(routeTableId, via, attribute('aws_nat_gateway', 'nat', 'id')),
            ),
      ),
      owner: 'network owner',
      caution: 'A NAT gateway is charged per hour and per gigabyte.',
      ...(subnet === undefined || vpcId === undefined
        ? { unprovable: 'no public subnet (one whose default route leads to an internet gateway) is in the state' }
        : {
            edit: (draft) => {
              draft.slices.natGateways.push({
                NatGatewayId: 'nat-new',
                VpcId: vpcId,
                SubnetId: subnet,
                State: 'available',
                ConnectivityType: 'public',
              });
              defaultRoute(draft, table, 'nat-new');
            },
          }),
    };
  },
  demonstration: {
    targets: ['example.com'],
    inject: (world) => {
      world.api.internetGateways.push({
        InternetGatewayId: 'igw-f0000001',
        Attachments: [{ VpcId: 'vpc-10000001', State: 'available' }],
      });
      for (const table of world.api.routeTables) {
        if (table.RouteTableId === 'rtb-f0000001')
          table.Routes = [
            ...(table.Routes ?? []),
            { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-f0000001', Origin: 'CreateRoute', State: 'active' },
          ];
        if (table.RouteTableId === 'rtb-c0000001')
          table.Routes = [
            ...(table.Routes ?? []),
            {
              DestinationCidrBlock: '0.0.0.0/0',
              NatGatewayId: 'nat-dead0001',
              Origin: 'CreateRoute',
              State: 'blackhole',
            },
          ];
      }
    },
  },
});

/** The default route of a table towards a NAT gateway: made, or, where there is one, taken over and given that target. */
function defaultRouteInTerraform(
  tableId: string | undefined,
  via: string | undefined,
  nat: string | Expression,
): string {
  if (tableId === undefined) return comment('The route table is not known: an aws_route with destination 0.0.0.0/0.');
  const name = `${tableId}_default`;
  return hcl(
    ...(via === undefined ? [] : [imported('aws_route', name, `${tableId}_0.0.0.0/0`)]),
    resource('aws_route', name, { route_table_id: tableId, destination_cidr_block: '0.0.0.0/0', nat_gateway_id: nat }),
    via === undefined ? UNDO_BY_REMOVAL : comment(`Undo: give the route the target ${via} again and apply.`),
  );
}

function defaultRoute(draft: Parameters<typeof draftElement>[0], tableId: string, NatGatewayId: string): void {
  const table = draftElement(draft, 'routeTables', 'RouteTableId', tableId);
  if (table === undefined) return;
  const others = (table.Routes ?? []).filter((route) => route.DestinationCidrBlock !== '0.0.0.0/0');
  table.Routes = [
    ...others,
    { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId, Origin: 'CreateRoute', State: 'active' },
  ];
}

/** The four rules that a NAT gateway's subnet needs, with numbers that are free and go before every denial. */
function openNatSubnet(
  acl: { readonly id: string; readonly subnetId: string },
  entries: readonly NetworkAclEntry[],
  client: Client,
  port: number,
): Fix {
  const own = `${client.ipv4 ?? '0.0.0.0'}/32`;
  const sides = [
    {
      Egress: false,
      wanted: [
        { CidrBlock: own, From: port, To: port },
        { CidrBlock: '0.0.0.0/0', From: 1024, To: 65535 },
      ],
    },
    {
      Egress: true,
      wanted: [
        { CidrBlock: '0.0.0.0/0', From: port, To: port },
        { CidrBlock: own, From: client.ephemeral.from, To: client.ephemeral.to },
      ],
    },
  ];
  const summary = `Let the traffic of the NAT gateway through ${acl.id}, the network ACL of its subnet ${acl.subnetId}, both ways.`;
  const owner = 'network owner';
  const rules = sides.flatMap(({ Egress, wanted }) => {
    const numbers = freeNumbers(entries, Egress, wanted.length);
    return wanted.flatMap((rule, i) => {
      const RuleNumber = numbers[i];
      return RuleNumber === undefined ? [] : [{ ...rule, Egress, RuleNumber }];
    });
  });
  if (rules.length < 4)
    return {
      summary,
      commands: [],
      undo: [],
      owner,
      unprovable: 'no rule numbers are free before the one that denies',
    };
  const where = (rule: (typeof rules)[number]) =>
    `--network-acl-id ${acl.id} --${rule.Egress ? 'egress' : 'ingress'} --rule-number ${rule.RuleNumber}`;
  return {
    summary,
    commands: rules.map(
      (rule) =>
        `aws ec2 create-network-acl-entry ${where(rule)} --protocol 6 --port-range From=${rule.From},To=${rule.To} --cidr-block ${rule.CidrBlock} --rule-action allow`,
    ),
    undo: rules.map((rule) => `aws ec2 delete-network-acl-entry ${where(rule)}`),
    owner,
    caution: 'Other clients of the NAT gateway need rules for their own addresses.',
    edit: (draft) => {
      const found = draftElement(draft, 'networkAcls', 'NetworkAclId', acl.id);
      if (found === undefined) return;
      const added = rules.map(({ From, To, ...rule }) => ({
        ...rule,
        Protocol: '6',
        RuleAction: 'allow',
        PortRange: { From, To },
      }));
      found.Entries = [...(found.Entries ?? []), ...added];
    },
  };
}

/** The highest free rule numbers below the first denial of a direction; fewer where there are not as many. */
function freeNumbers(entries: readonly NetworkAclEntry[], egress: boolean, count: number): number[] {
  const own = entries.filter((entry) => (entry.Egress ?? false) === egress);
  const used = new Set(own.map((entry) => entry.RuleNumber));
  const denials = own
    .filter((entry) => entry.RuleAction?.toLowerCase() !== 'allow')
    .map((entry) => entry.RuleNumber ?? 32767);
  const free: number[] = [];
  for (let number = Math.min(100, ...denials) - 1; number > 0 && free.length < count; number -= 1)
    if (!used.has(number)) free.push(number);
  return free;
}

/**
 * Whether an AWS service's traffic is meant for the internet path: another Region's host, or a service without an endpoint
 * service here. Without any default route nobody meant it to: then the endpoint of the wrong Region or the service is to blame.
 */
function isMeantToGoOut(
  state: Pick<State, 'vpcEndpoints' | 'endpointServices' | 'routeTables'>,
  client: Client,
  vantage: Vantage,
  target: Target,
): boolean {
  const meant = hasDefaultRoute(state, client);
  if (isOtherRegion(target, vantage)) return meant || sameServiceEndpoint(state, client.vpcId, target) === undefined;
  return meant && targetOffer(state, target) === 'not-offered';
}

type Reads = Pick<State, 'natGateways' | 'routeTables' | 'subnets'>;

/** A live public NAT gateway of the VPC that the subnet could use. */
function usableNat(state: Reads, vpcId: string | undefined): string | undefined {
  if (!state.natGateways.known) return undefined;
  return state.natGateways.value.find(
    (nat) =>
      nat.VpcId === vpcId &&
      nat.State?.toLowerCase() === 'available' &&
      nat.ConnectivityType?.toLowerCase() !== 'private' &&
      nat.SubnetId !== undefined &&
      leadsOut(state, nat.SubnetId, vpcId),
  )?.NatGatewayId;
}

/** A subnet of the VPC whose default route leads to an internet gateway. */
function publicSubnet(state: Reads, vpcId: string | undefined): string | undefined {
  if (!state.subnets.known) return undefined;
  return state.subnets.value.find((subnet) => subnet.VpcId === vpcId && leadsOut(state, subnet.SubnetId, vpcId))
    ?.SubnetId;
}

function leadsOut(state: Reads, subnetId: string, vpcId: string | undefined): boolean {
  const table = routeTableOf(state, subnetId, vpcId);
  return (table?.Routes ?? []).some(
    (route) =>
      route.DestinationCidrBlock === '0.0.0.0/0' &&
      routeTarget(route).kind === 'internet-gateway' &&
      route.State?.toLowerCase() !== 'blackhole',
  );
}
