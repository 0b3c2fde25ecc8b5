/** Asks the ECS task metadata endpoint, version 4, what this container's task and its network are. */
import * as z from 'zod';
import type { Durations } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host } from '../model/host.ts';
import type { ClientInterface } from '../model/vantage.ts';
import { canonicalAddress, ipv4First } from './addresses.ts';
import { type MetadataAnswer, type MetadataClient, metadataClient } from './metadata-http.ts';

export type TaskMetadata = {
  /** `EC2`, `FARGATE`, `EXTERNAL` (ECS Anywhere) …, upper case; unknown with agents before 1.45 */
  readonly launchType?: string | undefined;
  readonly partition?: string | undefined;
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly availabilityZone?: string | undefined;
  /** tasks on EC2 only */
  readonly vpcId?: string | undefined;
  /** `awsvpc`, `bridge`, `host`, `none` or a Docker network's name */
  readonly networkMode?: string | undefined;
  /** the task's own interface, in `awsvpc` mode only: addresses and MAC, no ids */
  readonly taskInterface?: ClientInterface | undefined;
  readonly domainNameServers: readonly string[];
  readonly searchDomains: readonly string[];
};

export type TaskMetadataResult = {
  readonly metadata?: TaskMetadata | undefined;
  readonly notes: readonly string[];
  /** absent when this is no ECS task */
  readonly coverage?: CoverageEntry | undefined;
};

const SERVICE = 'ECS task metadata endpoint';

const texts = z.array(z.string()).optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const Network = z.object({
  NetworkMode: text,
  IPv4Addresses: texts,
  IPv6Addresses: texts,
  MACAddress: text,
  IPv4SubnetCIDRBlock: text,
  DomainNameServers: texts,
  DomainNameSearchList: texts,
});
type Network = z.infer<typeof Network>;
const Container = z.object({ Networks: z.array(Network).optional().catch(undefined) });
type Container = z.infer<typeof Container>;
const Task = z.object({
  TaskARN: text,
  LaunchType: text,
  AvailabilityZone: text,
  VPCID: text,
  Containers: z.array(Container).optional().catch(undefined),
});
type Task = z.infer<typeof Task>;

/**
 * Reads the container's and the task's document from ECS_CONTAINER_METADATA_URI_V4; no packet where that is not set.
 * Fields: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html. Neither
 * launch type names the task's subnet, security groups or interface; Fargate does not name the VPC either.
 */
export async function readTaskMetadata(
  host: Host,
  durations: Durations,
  signal: AbortSignal,
): Promise<TaskMetadataResult> {
  const url = host.env.ECS_CONTAINER_METADATA_URI_V4;
  if (url === undefined || url === '') return { notes: [] };
  const client = metadataClient(host, url, durations.metadataRequest);
  if ('problem' in client) return failed('skipped', 0, `${client.problem} (ECS_CONTAINER_METADATA_URI_V4)`);
  try {
    const [container, task] = await Promise.all([
      readDocument(client, '', Container, signal),
      readDocument(client, '/task', Task, signal),
    ]);
    if ('problem' in task && 'problem' in container) return failed('refused', 2, task.problem);
    const metadata = describeTask(
      'problem' in task ? {} : task.document,
      'problem' in container ? {} : container.document,
    );
    const notes = 'problem' in task ? [`The ${SERVICE} did not describe the task: ${task.problem}.`] : [];
    return { metadata, notes, coverage: { what: SERVICE, outcome: 'made', count: 2 } };
  } finally {
    await client.close();
  }
}

function failed(outcome: 'skipped' | 'refused', count: number, why: string): TaskMetadataResult {
  return { notes: [`No ${SERVICE}: ${why}.`], coverage: { what: SERVICE, outcome, count, why } };
}

async function readDocument<T>(
  client: MetadataClient,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<{ readonly document: T } | { readonly problem: string }> {
  const answer = await client.request('GET', path, {}, signal);
  if (answer.outcome !== 'answered' || answer.status !== 200) return { problem: describeFailure(answer, client.name) };
  try {
    const parsed = schema.safeParse(JSON.parse(answer.body));
    if (parsed.success) return { document: parsed.data };
  } catch {
    // Not JSON: said below, as for JSON that is no document of this kind.
  }
  return { problem: `${client.name} answered with something that is no task metadata` };
}

function describeFailure(answer: MetadataAnswer, name: string): string {
  if (answer.outcome === 'answered') return `${name} answered HTTP ${answer.status}`;
  return answer.outcome === 'timeout'
    ? `${name} did not answer in time`
    : `${name} did not answer (${answer.code ?? answer.outcome})`;
}

function describeTask(task: Task, container: Container): TaskMetadata {
  const networks = [container, ...(task.Containers ?? [])].flatMap((entry) => entry.Networks ?? []);
  // This container's own network comes first; the others of an awsvpc task are the same interface.
  const network = networks[0];
  const arn = /^arn:([^:]+):ecs:([^:]*):(\d*):/.exec(task.TaskARN ?? '');
  return {
    launchType: task.LaunchType?.toUpperCase(),
    partition: arn?.[1],
    region: arn?.[2] || undefined,
    accountId: arn?.[3] || undefined,
    availabilityZone: task.AvailabilityZone || undefined,
    vpcId: task.VPCID || undefined,
    networkMode: network?.NetworkMode,
    taskInterface: network?.NetworkMode === 'awsvpc' ? interfaceOf(network, task.VPCID || undefined) : undefined,
    domainNameServers: (network?.DomainNameServers ?? []).flatMap((server) => canonicalAddress(server) ?? []),
    searchDomains: network?.DomainNameSearchList ?? [],
  };
}

/** Undefined when the network has no address: nothing could be matched by it. */
function interfaceOf(network: Network, vpcId: string | undefined): ClientInterface | undefined {
  const addresses = ipv4First(
    [...(network.IPv4Addresses ?? []), ...(network.IPv6Addresses ?? [])].flatMap(
      (address) => canonicalAddress(address) ?? [],
    ),
  );
  if (addresses.length === 0) return undefined;
  return {
    macAddress: network.MACAddress?.toLowerCase() || undefined,
    vpcId,
    addresses,
    publicAddresses: [],
    securityGroupIds: [],
    subnetCidr: network.IPv4SubnetCIDRBlock || undefined,
    vpcCidrs: [],
  };
}
