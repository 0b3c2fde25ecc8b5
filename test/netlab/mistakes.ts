/**
 * Is the judge awake? Each of these worlds differs from a healthy one in a single small thing. The model is shown the
 * healthy one, the kernel is given the other: a comparison that does not notice is worth nothing.
 */
import { addRoute, find, healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { aclOnly, aclRules, fromGroup, inbound, outbound, tcp } from './edits.ts';
import { dualStack, worldWith } from './worlds.ts';

export type Mistake = { readonly name: string; readonly shown: () => World; readonly built: () => World };

const dual = [dualStack, inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16', '2001:db8:10::/56'))];

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'one port off in a security group',
    shown: healthyWorld,
    built: worldWith(inbound(LAB.endpointGroup, fromGroup(LAB.clientGroup, 444))),
  },
  {
    name: 'one address off in a CIDR',
    shown: healthyWorld,
    built: worldWith(inbound(LAB.endpointGroup, tcp(443, '10.0.1.24/32'))),
  },
  {
    name: 'security groups read as stateless',
    shown: worldWith(outbound(LAB.clientGroup, tcp(443, '0.0.0.0/0'))),
    built: worldWith(aclRules(LAB.clientAcl, { direction: 'in' })),
  },
  {
    name: 'first port of the ephemeral range',
    shown: healthyWorld,
    built: worldWith(aclRules(LAB.clientAcl, { direction: 'in', ports: [32768, 32768] })),
  },
  {
    name: 'last port of the ephemeral range',
    shown: healthyWorld,
    built: worldWith(aclOnly(LAB.endpointAcl, 'out', { ports: [1024, 60998] })),
  },
  {
    name: 'a deny rule that comes first',
    shown: worldWith(aclRules(LAB.clientAcl, { direction: 'out', number: 200 })),
    built: worldWith(aclRules(LAB.clientAcl, { direction: 'out', number: 99 })),
  },
  {
    name: 'network ACL of the other zone',
    shown: healthyWorld,
    built: worldWith(aclRules(LAB.clientAcl, { direction: 'out', cidr: '10.0.3.14/32' })),
  },
  {
    name: 'a blackhole for one subnet',
    shown: healthyWorld,
    built: worldWith((world) =>
      addRoute(world, LAB.clientRouteTable, {
        DestinationCidrBlock: '10.0.3.0/24',
        NetworkInterfaceId: 'eni-dead0001',
        State: 'blackhole',
      }),
    ),
  },
  {
    name: 'one CIDR of the prefix list',
    shown: healthyWorld,
    built: worldWith((world) => {
      for (const list of world.api.prefixLists) list.Cidrs = list.Cidrs?.slice(1);
    }),
  },
  {
    name: 'gateway endpoint on another route table',
    shown: healthyWorld,
    built: worldWith((world) => {
      const table = find(world, 'routeTables', LAB.clientRouteTable);
      table.Routes = table.Routes?.filter((route) => route.GatewayId === 'local');
    }),
  },
  {
    name: 'IPv6 forgotten',
    shown: worldWith(...dual),
    built: worldWith(dualStack, inbound(LAB.endpointGroup, tcp(443, '10.0.0.0/16'))),
  },
];
