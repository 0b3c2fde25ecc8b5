/**
 * What a random VPC is made from: a tree of small numbers and flags, so that fast-check can shrink it. The numbers choose
 * from the few CIDRs, ports and targets of random-vpc.ts, because rules that touch nothing find nothing.
 */
import fc from 'fast-check';

export type VpcRecipe = {
  readonly kind: 'interface' | 'gateway';
  /** which address plan; the second is no RFC 1918 network */
  readonly plan: number;
  readonly secondary: boolean;
  readonly dual: boolean;
  /** what the client has where the VPC is dual-stack */
  readonly callerFamilies: 'both' | 'ipv4' | 'ipv6';
  /** what the user names: a public host name, the endpoint's id, or the address of its first interface */
  readonly asks: 'host' | 'endpoint' | 'address';
  /** the subnet of each endpoint interface; 0 is the client's own */
  readonly places: readonly number[];
  readonly ephemeral: number;
  readonly groups: readonly {
    readonly inbound: readonly RuleRecipe[];
    readonly outbound: readonly RuleRecipe[];
  }[];
  readonly callerGroups: readonly number[];
  readonly endpointGroups: readonly (readonly number[])[];
  readonly acls: readonly {
    readonly entries: readonly EntryRecipe[];
    readonly last: boolean;
  }[];
  /** the ACL of each subnet; 0 means none is associated, so that the default one counts */
  readonly aclOf: readonly number[];
  readonly explicitTable: boolean;
  readonly detachedTable: boolean;
  readonly gatewayRoute: 'active' | 'missing' | 'blackhole';
  readonly twoGateways: boolean;
  /** the client's default route: none, a live NAT gateway, a dead one */
  readonly defaultRoute: 'none' | 'live' | 'dead';
  /** a static route for every CIDR of the gateway endpoint's list, of the same length */
  readonly shadowed: boolean;
  readonly routes: readonly RouteRecipe[];
  readonly backRoutes: readonly RouteRecipe[];
  readonly localRetargeted: boolean;
  readonly lists: readonly (readonly number[])[];
};

export type RuleRecipe = {
  readonly protocol: number;
  readonly ports: number;
  /** ports where the API needs none, none where it would take every port */
  readonly odd: boolean;
  readonly cidrs: readonly number[];
  readonly groups: readonly number[];
  readonly lists: readonly number[];
};
export type EntryRecipe = {
  readonly number: number;
  readonly egress: boolean;
  readonly allow: boolean;
  readonly protocol: number;
  readonly cidr: number;
  readonly ports: number;
};
export type RouteRecipe = {
  readonly to: number;
  readonly list: number | null;
  readonly via: number;
  readonly propagated: boolean;
  readonly blackhole: boolean;
};

/** How many subnets there are; 0 is the client's. */
export const SUBNETS = 4;

const small = (max: number) => fc.nat({ max });
/** Mostly the first choices: those that let something pass. */
const mostly = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: small(max) });
const rarely = fc.integer({ min: 0, max: 7 }).map((roll) => roll === 7);

const rule = fc.record({
  protocol: mostly(5),
  ports: mostly(4),
  odd: rarely,
  cidrs: fc.array(mostly(19), { maxLength: 2 }),
  groups: fc.array(small(3), { maxLength: 1 }),
  lists: fc.array(small(2), { maxLength: 1 }),
});
const entry = fc.record({
  number: fc.integer({ min: 1, max: 9 }),
  egress: fc.boolean(),
  allow: fc.integer({ min: 0, max: 2 }).map((roll) => roll > 0),
  protocol: mostly(3),
  cidr: mostly(19),
  ports: mostly(11),
});
const route = fc.record({
  to: small(19),
  list: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: small(2) }),
  via: small(6),
  propagated: rarely,
  blackhole: fc.integer({ min: 0, max: 2 }).map((roll) => roll === 2),
});

export const vpcRecipe: fc.Arbitrary<VpcRecipe> = fc.record({
  kind: fc.constantFrom('interface' as const, 'gateway' as const),
  plan: small(1),
  secondary: fc.boolean(),
  dual: fc.boolean(),
  callerFamilies: fc.constantFrom('both' as const, 'ipv4' as const, 'ipv6' as const),
  asks: fc.constantFrom('host' as const, 'host' as const, 'endpoint' as const, 'address' as const),
  places: fc.array(small(SUBNETS - 1), { minLength: 1, maxLength: 3 }),
  ephemeral: small(3),
  groups: fc.array(
    fc.record({
      inbound: fc.array(rule, { maxLength: 3 }),
      outbound: fc.array(rule, { maxLength: 3 }),
    }),
    { minLength: 4, maxLength: 4 },
  ),
  callerGroups: fc.uniqueArray(small(3), { minLength: 1, maxLength: 2 }),
  endpointGroups: fc.array(fc.uniqueArray(small(3), { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
  acls: fc.array(fc.record({ entries: fc.array(entry, { maxLength: 6 }), last: fc.boolean() }), {
    minLength: 3,
    maxLength: 3,
  }),
  aclOf: fc.array(mostly(3), { minLength: SUBNETS, maxLength: SUBNETS }),
  explicitTable: fc.boolean(),
  detachedTable: rarely,
  gatewayRoute: fc.oneof(
    { weight: 6, arbitrary: fc.constant('active' as const) },
    { weight: 1, arbitrary: fc.constant('missing' as const) },
    { weight: 1, arbitrary: fc.constant('blackhole' as const) },
  ),
  twoGateways: rarely,
  defaultRoute: fc.constantFrom('none' as const, 'live' as const, 'dead' as const),
  shadowed: rarely,
  routes: fc.array(route, { maxLength: 4 }),
  backRoutes: fc.array(route, { maxLength: 2 }),
  localRetargeted: rarely,
  lists: fc.array(fc.array(small(19), { maxLength: 3 }), { minLength: 2, maxLength: 2 }),
});
