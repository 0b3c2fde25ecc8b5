/** Makes a world smaller as long as it still shows what it showed: fewer rules to read for whoever has to explain it. */
import type { World } from '../../src/lab/world.ts';

/** Every attempt builds the world again: about a tenth of a second each. */
const MOST_ATTEMPTS = 250;

/**
 * Takes elements out of the lists of a world's description, larger pieces first.
 * @param shows whether a world still shows it; a world that cannot be built does not
 */
export async function shrink(world: World, shows: (candidate: World) => Promise<boolean>): Promise<World> {
  let smallest = world;
  let attempts = 0;
  for (let progress = true; progress && attempts < MOST_ATTEMPTS; ) {
    progress = false;
    for (const path of listsOf(smallest.api)) {
      for (let size = lengthAt(smallest, path); size >= 1; size = Math.floor(size / 2)) {
        for (let start = 0; start < lengthAt(smallest, path); ) {
          if (attempts++ >= MOST_ATTEMPTS) return smallest;
          const candidate = structuredClone(smallest);
          listAt(candidate, path)?.splice(start, size);
          if (await shows(candidate).catch(() => false)) {
            smallest = candidate;
            progress = true;
          } else start += size;
        }
      }
    }
  }
  return smallest;
}

type Path = readonly (string | number)[];

/** Rules and what they name. Subnets, interfaces and tables stay: a world without them is another question. */
const RULES = new Set([
  'Cidrs',
  'Entries',
  'Groups',
  'IpPermissions',
  'IpPermissionsEgress',
  'IpRanges',
  'Ipv6Ranges',
  'PrefixListIds',
  'Routes',
  'UserIdGroupPairs',
  'vpcEndpoints',
]);

/** Where the description holds lists of rules, outer ones first. */
function listsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, member]) =>
    listsOf(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  const shrinkable = Array.isArray(value) && value.length > 0 && RULES.has(String(path.at(-1)));
  return (shrinkable ? [path, ...inner] : inner).sort((a, b) => a.length - b.length);
}

function listAt(world: World, path: Path): unknown[] | undefined {
  let value: unknown = world.api;
  for (const key of path) value = (value as Record<string | number, unknown> | undefined)?.[key];
  return Array.isArray(value) ? value : undefined;
}

function lengthAt(world: World, path: Path): number {
  return listAt(world, path)?.length ?? 0;
}

/** The parts of a world's description that decide what passes, for reading. */
export function describeWorld(world: World): string {
  const { networkAcls, routeTables, securityGroups, vpcEndpoints, prefixLists, prefixListEntries } = world.api;
  const interfaces = world.api.networkInterfaces.map((found) => ({
    id: found.NetworkInterfaceId,
    subnet: found.SubnetId,
    addresses: [found.PrivateIpAddress, ...(found.Ipv6Addresses ?? []).map((entry) => entry.Ipv6Address)],
    groups: found.Groups?.map((group) => group.GroupId),
  }));
  const subnets = world.api.subnets.map(({ SubnetId, CidrBlock }) => `${SubnetId} ${CidrBlock}`);
  const quiet = new Set([
    'Associations',
    'DnsEntries',
    'GroupName',
    'OwnerId',
    'Origin',
    'PolicyDocument',
    'UserId',
    'VpcId',
  ]);
  return JSON.stringify(
    {
      ephemeralPorts: world.client.ephemeralPorts,
      blockPublicAccess: world.api.vpcs[0]?.BlockPublicAccessStates,
      nat: world.api.natGateways.map((nat) => nat.NatGatewayId),
      subnets,
      interfaces,
      securityGroups,
      networkAcls,
      routeTables,
      vpcEndpoints,
      prefixLists,
      prefixListEntries,
    },
    (key, value: unknown) => ((Array.isArray(value) && value.length === 0) || quiet.has(key) ? undefined : value),
  );
}
