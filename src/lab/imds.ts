/**
 * The instance metadata service, version 2 only: a token first, then the tree that describes the client's instance.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { partitionOfRegion } from '../services/partitions.ts';
import { clientInterfaces, interfaceAddresses } from './client.ts';
import { type Listen, type Listening, listenTcp } from './listen.ts';
import type { World } from './world.ts';

export type ImdsOptions = {
  /** is told the path of every request: `/latest/meta-data/mac` */
  readonly asked?: ((path: string) => void) | undefined;
};

const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const LONGEST_TTL = 21_600;

/** Serves the metadata of the world's client at `http://<address>:<port>/latest/…`. */
export async function startImds(world: World, listen: Listen, options: ImdsOptions = {}): Promise<Listening> {
  const expiries = new Map<string, number>();

  function respond(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', 'http://metadata').pathname;
    options.asked?.(path);
    response.setHeader('content-type', 'text/plain');
    response.setHeader('date', new Date(Date.now() - (world.client.clockAheadMs ?? 0)).toUTCString());
    if (request.method === 'PUT' && path === '/latest/api/token') {
      const ttl = Number(request.headers[TTL_HEADER]);
      // A proxy must not be able to fetch a token for somebody else.
      if (request.headers['x-forwarded-for'] !== undefined || world.client.metadata === 'forbidden') end(response, 403);
      else if (!Number.isInteger(ttl) || ttl < 1 || ttl > LONGEST_TTL) end(response, 400);
      else {
        const token = randomBytes(40).toString('base64url');
        expiries.set(token, Date.now() + ttl * 1000);
        response.setHeader(TTL_HEADER, ttl);
        end(response, 200, token);
      }
      return;
    }
    if (request.method !== 'GET') {
      end(response, 405);
      return;
    }
    const expiry = expiries.get(String(request.headers[TOKEN_HEADER] ?? ''));
    if (expiry === undefined || expiry < Date.now()) {
      end(response, 401);
      return;
    }
    const text = lookUp(metadataTree(world), path);
    end(response, text === undefined ? 404 : 200, text);
  }

  return await listenTcp(createServer(respond), listen);
}

/** Every value by its path. Keys that a real instance lacks when they are empty are missing here too. */
export function metadataTree(world: World): Record<string, string> {
  const interfaces = clientInterfaces(world);
  // The instance's own values are those of its first interface, whichever of them the run stands on.
  const [own] = [...interfaces].sort((a, b) => (a.Attachment?.DeviceIndex ?? 0) - (b.Attachment?.DeviceIndex ?? 0));
  const subnet = world.api.subnets.find((candidate) => candidate.SubnetId === own?.SubnetId);
  const { dnsSuffix, id: partition } = partitionOfRegion(world.region);
  const zone = own?.AvailabilityZone ?? subnet?.AvailabilityZone ?? '';
  const instanceId = own?.Attachment?.InstanceId ?? '';
  const identity = {
    accountId: world.accountId,
    architecture: 'x86_64',
    availabilityZone: zone,
    instanceId,
    instanceType: 't3.micro',
    privateIp: own?.PrivateIpAddress,
    region: world.region,
    version: '2017-09-30',
  };
  const values: Record<string, string | undefined> = {
    'dynamic/instance-identity/document': JSON.stringify(identity, undefined, 2),
    'meta-data/instance-id': instanceId,
    'meta-data/instance-type': identity.instanceType,
    'meta-data/local-ipv4': own?.PrivateIpAddress,
    'meta-data/mac': own?.MacAddress,
    'meta-data/placement/availability-zone': zone,
    'meta-data/placement/availability-zone-id': subnet?.AvailabilityZoneId,
    'meta-data/placement/region': world.region,
    'meta-data/public-ipv4': own?.Association?.PublicIp,
    'meta-data/services/domain': dnsSuffix,
    'meta-data/services/partition': partition,
  };
  for (const entry of interfaces) {
    const folder = `meta-data/network/interfaces/macs/${entry.MacAddress}`;
    for (const [key, value] of Object.entries(interfaceValues(world, entry))) values[`${folder}/${key}`] = value;
  }
  const present = Object.entries(values).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  return Object.fromEntries(present.map(([path, value]) => [`/latest/${path}`, value]));
}

function interfaceValues(
  world: World,
  entry: ReturnType<typeof clientInterfaces>[number],
): Record<string, string | undefined> {
  const subnet = world.api.subnets.find((candidate) => candidate.SubnetId === entry.SubnetId);
  const vpc = world.api.vpcs.find((candidate) => candidate.VpcId === entry.VpcId);
  const addresses = interfaceAddresses(entry);
  const lines = (list: readonly (string | undefined)[] | undefined) => list?.filter(Boolean).join('\n');
  const further = (vpc?.CidrBlockAssociationSet ?? [])
    .filter((association) => (association.CidrBlockState?.State ?? 'associated') === 'associated')
    .map((association) => association.CidrBlock);
  return {
    'device-number': String(entry.Attachment?.DeviceIndex ?? 0),
    'interface-id': entry.NetworkInterfaceId,
    'ipv4-prefix': lines(entry.Ipv4Prefixes?.map((prefix) => prefix.Ipv4Prefix)),
    ipv6s: lines(addresses.filter((address) => address.includes(':'))),
    'local-ipv4s': lines(addresses.filter((address) => !address.includes(':'))),
    mac: entry.MacAddress,
    'owner-id': entry.OwnerId,
    'public-ipv4s': entry.Association?.PublicIp,
    'security-group-ids': lines(entry.Groups?.map((group) => group.GroupId)),
    'security-groups': lines(entry.Groups?.map((group) => group.GroupName)),
    'subnet-id': entry.SubnetId,
    'subnet-ipv4-cidr-block': subnet?.CidrBlock,
    'subnet-ipv6-cidr-blocks': lines(subnet?.Ipv6CidrBlockAssociationSet?.map((block) => block.Ipv6CidrBlock)),
    'vpc-id': entry.VpcId,
    'vpc-ipv4-cidr-block': vpc?.CidrBlock,
    'vpc-ipv4-cidr-blocks': lines([...new Set([vpc?.CidrBlock, ...further])]),
    'vpc-ipv6-cidr-blocks': lines(vpc?.Ipv6CidrBlockAssociationSet?.map((block) => block.Ipv6CidrBlock)),
  };
}

/** A value, or the listing of a folder: its entries one per line, folders with a slash at the end. */
function lookUp(tree: Readonly<Record<string, string>>, path: string): string | undefined {
  const value = tree[path];
  if (value !== undefined) return value;
  const folder = path.endsWith('/') ? path : `${path}/`;
  const entries = Object.keys(tree)
    .filter((key) => key.startsWith(folder))
    .map((key) => key.slice(folder.length).replace(/\/.*$/s, '/'));
  return entries.length === 0 ? undefined : [...new Set(entries)].sort().join('\n');
}

function end(response: ServerResponse, status: number, body = ''): void {
  response.statusCode = status;
  response.end(body);
}
