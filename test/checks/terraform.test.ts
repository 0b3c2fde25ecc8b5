/** Every snippet of Terraform that a fix gives is HCL, of resources and arguments that the provider has. */
import { describe, expect, it } from 'vitest';
import type { AnyCheck } from '../../src/checks/check.ts';
import { CHECKS, checkOf } from '../../src/checks/index.ts';
import { comment, hcl, imported, resource } from '../../src/checks/terraform.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { addCentralEndpoint, CENTRAL } from '../../src/lab/central-world.ts';
import { addNatGateway, addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { modelCase } from '../diagnose/support.ts';
import { runInLab } from './lab-run.ts';
import { type Block, parseHcl } from './support/hcl.ts';
import { LIFECYCLE, PROVIDER } from './support/provider.ts';

function snippetsOf(report: Report): string[] {
  return report.causes.flatMap(({ fix }) =>
    [fix.terraform, ...(fix.alternatives ?? []).map((way) => way.terraform)].filter((text) => text !== undefined),
  );
}

/** Throws where a snippet is not what Terraform and its provider would take. */
function judge(snippet: string): readonly Block[] {
  const blocks = parseHcl(snippet);
  const resources = blocks.filter((block) => block.type === 'resource');
  const names = resources.map((block) => block.labels.join('.'));
  expect(new Set(names).size, `a resource twice in:\n${snippet}`).toBe(names.length);
  for (const block of blocks) {
    expect(['resource', 'import'], snippet).toContain(block.type);
    if (block.type === 'import') {
      expect([...block.attributes.keys()].sort(), snippet).toEqual(['id', 'to']);
      expect(names, 'what is imported is declared').toContain(block.attributes.get('to'));
      continue;
    }
    const [type = '', name = ''] = block.labels;
    expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_-]*$/);
    const known = PROVIDER[type];
    if (known === undefined) throw new Error(`${type} is not in the table of the provider`);
    const given = [...block.attributes.keys()];
    const oneOf = known.oneOf ?? [];
    for (const argument of given) expect([...known.required, ...known.optional, ...oneOf], type).toContain(argument);
    for (const argument of known.required) expect(given, `${type} in:\n${snippet}`).toContain(argument);
    if (oneOf.length > 0)
      expect(
        given.filter((argument) => oneOf.includes(argument)),
        snippet,
      ).toHaveLength(1);
    for (const inner of block.blocks) {
      const allowed = inner.type === 'lifecycle' ? LIFECYCLE : known.blocks?.[inner.type];
      expect(allowed, `${inner.type} of ${type}`).toBeDefined();
      for (const argument of inner.attributes.keys()) expect(allowed, inner.type).toContain(argument);
    }
    for (const value of block.attributes.values()) {
      const reference = /^\[?(aws_\w+\.[\w-]+)\.\w+\]?$/.exec(value)?.[1];
      if (reference !== undefined) expect(names, `what ${value} refers to`).toContain(reference);
      // A placeholder for a shell means nothing to Terraform.
      expect(value, snippet).not.toMatch(/\$[A-Z]/);
    }
  }
  return blocks;
}

function broken(check: AnyCheck): World {
  const world = healthyWorld();
  check.demonstration.inject(world);
  return world;
}

describe.concurrent('the demonstration of', () => {
  it.each(CHECKS.map((check) => [check.code, check] as const))('%s', async (code, check) => {
    const { report } = await runInLab(broken(check), check.demonstration.targets ?? [LAB.secretsHost], {
      options: { signed: check.demonstration.signed === true },
    });
    const own = report.causes.find((cause) => cause.code === code);
    expect(own?.fix.terraform, 'Terraform, or words that say why not').toBeDefined();
    for (const way of own?.fix.alternatives ?? []) expect(way.terraform, way.summary).toBeDefined();
    for (const snippet of snippetsOf(report)) {
      judge(snippet);
      expect(snippet, 'a snippet ends in its undo, or says in words what is done').toMatch(/#[^\n]*\n?[^{}]*$/);
    }
  });
});

/** Fixes that no demonstration leads to, and what must be in their Terraform. */
const VARIANTS: readonly (readonly [string, string, readonly string[], (world: World) => void])[] = [
  ['a gateway endpoint that is missing', 'aws_vpc_endpoint', ['s3'], withoutEndpoints],
  [
    'a local route with another target',
    'gateway_id',
    [LAB.secretsHost],
    (world) => {
      const table = find(world, 'routeTables', LAB.clientRouteTable);
      table.Routes = [{ DestinationCidrBlock: '10.0.0.0/16', NetworkInterfaceId: 'eni-f1000001', State: 'active' }];
    },
  ],
  [
    'a propagated route',
    'aws_vpn_gateway_route_propagation',
    ['s3'],
    (world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '52.218.0.0/18',
        GatewayId: 'vgw-10000001',
        Origin: 'EnableVgwRoutePropagation',
      }),
  ],
  [
    'the endpoint’s own route as a blackhole',
    '-replace',
    ['s3'],
    (world) => {
      for (const route of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
        if (route.GatewayId === LAB.s3Endpoint) route.State = 'blackhole';
    },
  ],
  [
    'no default route, a NAT gateway at hand',
    'nat_gateway_id',
    ['example.com'],
    (world) => {
      addNatGateway(world);
      const table = find(world, 'routeTables', LAB.clientRouteTable);
      table.Routes = table.Routes?.filter((route) => route.DestinationCidrBlock !== '0.0.0.0/0');
    },
  ],
  [
    'a public subnet without a public address',
    'aws_eip_association',
    ['example.com'],
    (world) => {
      addNatGateway(world);
      const table = find(world, 'routeTables', LAB.clientRouteTable);
      table.Routes = table.Routes?.filter((route) => route.DestinationCidrBlock !== '0.0.0.0/0');
      addRoute(world, LAB.clientRouteTable, { DestinationCidrBlock: '0.0.0.0/0', GatewayId: LAB.internetGateway });
    },
  ],
  [
    'no public subnet anywhere',
    'A public subnet',
    ['example.com'],
    () => {
      // The healthy world has no way out at all.
    },
  ],
  [
    'Block Public Access',
    'aws_vpc_block_public_access_exclusion',
    ['example.com'],
    (world) => {
      addNatGateway(world);
      for (const vpc of world.api.vpcs)
        vpc.BlockPublicAccessStates = { InternetGatewayBlockMode: 'block-bidirectional' };
    },
  ],
  [
    'private DNS off, and the attributes that it needs too',
    'enable_dns_hostnames',
    [LAB.secretsHost],
    (world) => {
      checkOf('private-dns-disabled')?.demonstration.inject(world);
      for (const attribute of world.api.vpcAttributes) attribute.EnableDnsHostnames = { Value: false };
    },
  ],
  ...transitVariants(),
  [
    'a client in IPv6',
    'cidr_ipv6',
    [LAB.secretsHost],
    (world) => {
      for (const one of world.api.networkInterfaces) {
        one.Ipv6Addresses = [{ Ipv6Address: `2001:db8::${one.NetworkInterfaceId.slice(-2)}` }];
        if (one.InterfaceType !== 'vpc_endpoint') delete one.PrivateIpAddress;
        if (one.InterfaceType !== 'vpc_endpoint') one.PrivateIpAddresses = [];
      }
      for (const endpoint of world.api.vpcEndpoints) {
        endpoint.IpAddressType = 'dualstack';
        endpoint.DnsOptions = { DnsRecordIpType: 'dualstack' };
      }
      find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
    },
  ],
];

/** What a connection between two VPCs may lack, one thing at a time. */
function transitVariants(): typeof VARIANTS {
  const targets = [CENTRAL.endpointHost];
  const over =
    (join: 'peering' | 'transit-gateway', edit: (world: World) => void) =>
    (world: World): void => {
      addCentralEndpoint(world, join);
      edit(world);
    };
  const peering = (Code: string) =>
    over('peering', (world) => {
      for (const one of world.api.vpcPeeringConnections) one.Status = { Code };
    });
  const gateway = (edit: (world: World) => void) => over('transit-gateway', edit);
  return [
    ['a peering connection that waits', 'aws_vpc_peering_connection_accepter', targets, peering('pending-acceptance')],
    ['a peering connection that is gone', 'aws_vpc_peering_connection" ', targets, peering('deleted')],
    [
      'an attachment outside of the client’s zone',
      'subnet_ids',
      targets,
      gateway((world) => {
        for (const one of world.api.transitGatewayVpcAttachments)
          if (one.VpcId === LAB.vpc) one.SubnetIds = one.SubnetIds?.slice(1);
      }),
    ],
    [
      'an attachment that waits',
      'aws_ec2_transit_gateway_vpc_attachment_accepter',
      targets,
      gateway((world) => {
        for (const one of world.api.transitGatewayVpcAttachments)
          if (one.VpcId === CENTRAL.vpc) one.State = 'pendingAcceptance';
      }),
    ],
    [
      'an attachment without a route table',
      'aws_ec2_transit_gateway_route_table_association',
      targets,
      gateway((world) => {
        for (const one of world.api.transitGatewayAttachments) if (one.ResourceId === LAB.vpc) delete one.Association;
      }),
    ],
    [
      'a transit gateway’s blackhole',
      'aws_ec2_transit_gateway_route" ',
      targets,
      gateway((world) => {
        for (const table of world.api.transitGatewayRoutes)
          for (const route of table.Routes ?? [])
            if (route.DestinationCidrBlock === CENTRAL.cidr)
              Object.assign(route, { Type: 'static', State: 'blackhole', TransitGatewayAttachments: [] });
      }),
    ],
    [
      'a route that leads somewhere else',
      'transit_gateway_id',
      targets,
      gateway((world) => {
        for (const route of find(world, 'routeTables', LAB.clientRouteTable).Routes ?? [])
          if (route.TransitGatewayId !== undefined)
            Object.assign(route, { TransitGatewayId: undefined, NatGatewayId: LAB.natGateway });
        addNatGateway(world);
      }),
    ],
  ];
}

function withoutEndpoints(world: World): void {
  world.api.vpcEndpoints = [];
  for (const table of world.api.routeTables)
    table.Routes = table.Routes?.filter((route) => route.DestinationPrefixListId === undefined);
}

describe('on the model', () => {
  it.each(VARIANTS)('%s', (_words, wanted, targets, edit) => {
    const world = healthyWorld();
    edit(world);
    const snippets = snippetsOf(diagnose(modelCase(world, targets)));
    for (const snippet of snippets) judge(snippet);
    expect(snippets.join('\n')).toContain(wanted);
  });
});

describe('the writer', () => {
  it('lets nothing out of a string, a label or a comment', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what Terraform would read as a template
    const evil = 'a"\n}\nresource "x" "y" {}\n${file("/etc/passwd")} %{ if true }\\';
    const snippet = hcl(
      imported('aws_vpc', evil, evil),
      resource('aws_vpc', evil, { cidr_block: evil }),
      comment(`Undo: ${evil}`),
    );
    const blocks = parseHcl(snippet);
    expect(blocks.map((block) => block.type)).toEqual(['import', 'resource']);
    expect(blocks[1]?.attributes.get('cidr_block')).toContain('$${file');
  });

  it('has a judge that judges', () => {
    const wrong = [
      'resource "aws_vpc" "a" {\n  cidr = "x"\n}',
      'resource "aws_vpc" "a" {\n}',
      'resource "aws_nothing" "a" {\n}',
      'resource "aws_vpc" "a" {\n  cidr_block = "x\n}',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what Terraform would read as a template
      'resource "aws_vpc" "a" {\n  cidr_block = "${x}"\n}',
      'resource "aws_vpc" "a" {\n  cidr_block = "x" enable_dns_support = true\n}',
      'import {\n  to = aws_vpc.b\n  id = "b"\n}',
      'cidr_block = "x"',
    ];
    for (const snippet of wrong) expect(() => judge(snippet), snippet).toThrow();
  });
});
