/** Finds out who and where this client is: its interface, addresses, resolvers, and the settings that bend its traffic. */
import type { Durations } from '../durations.ts';
import type { CoverageEntry } from '../model/case.ts';
import type { Host } from '../model/host.ts';
import {
  type ClientInterface,
  emptyVantage,
  type TrustStore,
  type Vantage,
  type VantageKind,
} from '../model/vantage.ts';
import { patientSignal } from '../patience.ts';
import { type ClientChoice, chooseClientInterface, publicShape } from './client-interface.ts';
import { proxySettings, readSurroundings, type Surroundings, sdkSettings } from './environment.ts';
import { readEphemeralPorts } from './ephemeral-ports.ts';
import { readHostsFile } from './hosts-file.ts';
import { readMachine } from './machine.ts';
import { type InstanceMetadata, type InstanceMetadataResult, readInstanceMetadata } from './metadata-ec2.ts';
import type { TaskMetadata, TaskMetadataResult } from './metadata-ecs.ts';
import { type ResolverSettings, readResolvConf } from './resolv-conf.ts';
import { readRoutes } from './routes.ts';
import { activeProfile, readProfileSettings } from './sdk-config.ts';

export type VantageOptions = {
  readonly durations: Durations;
  readonly signal: AbortSignal;
  /** what `--from` said; it will name the interface, so its absence here is nothing to note */
  readonly from?: string | undefined;
};

export type TakenVantage = {
  readonly vantage: Vantage;
  readonly coverage: CoverageEntry[];
  /**
   * the vantage's `trustStores`, which take as long as everything else together and which no packet depends on: to be called
   * last; undefined when they could not be read in time
   */
  readonly readTrustStores: () => Promise<TrustStore[] | undefined>;
};

/**
 * The vantage of this machine but for its trust stores, and what was asked for it. Every part is read concurrently and may be
 * missing; what is missing is noted. Never throws on network trouble, ends within `durations.vantage` milliseconds or with the signal.
 */
export async function takeVantage(realHost: Host, options: VantageOptions): Promise<TakenVantage> {
  const { durations } = options;
  const signal = AbortSignal.any([options.signal, patientSignal(durations.vantage)]);
  const host: Host = { ...realHost, readFile: (path) => readBeforeAbort(realHost.readFile(path), signal) };
  const surroundings = await readSurroundings(host);
  const at = new Date(realHost.now()).toISOString();
  const [instance, task, resolvers, hosts, ephemeralPorts, localRoutes, profile, machine, devices] = await Promise.all([
    askInstance(host, durations, surroundings, signal),
    // Its documents' schemas are loaded where there is such a service: the first packet need not wait for them.
    host.env.ECS_CONTAINER_METADATA_URI_V4
      ? import('./metadata-ecs.ts').then((ecs) => ecs.readTaskMetadata(host, durations, signal))
      : ({ notes: [] } satisfies TaskMetadataResult as TaskMetadataResult),
    readResolvConf(host),
    readHostsFile(host),
    readEphemeralPorts(host),
    readRoutes(host),
    readProfileSettings(host),
    readMachine(host),
    readDevices(host),
  ]);
  const { localInterfaces, localMacs } = devices;
  const kind = kindOf(surroundings, task.metadata, instance.metadata);
  const choice = chooseClientInterface({
    interfaces: instance.metadata?.interfaces ?? [],
    taskInterface: task.metadata?.taskInterface,
    masqueraded: isMasqueraded(task.metadata),
    pod: surroundings.pod,
    localInterfaces,
    localRoutes,
    localMacs,
  });
  const { proxy, notes: proxyNotes } = proxySettings(host.env);
  const { sdk, notes: sdkNotes } = sdkSettings(withoutWiring(host), profile);
  const vantage: Vantage = {
    ...emptyVantage(kind),
    ...identity(host, kind, instance.metadata, task.metadata, choice),
    ...(instance.metadata === undefined && machine.instanceId !== undefined && RUNS_ON_OWN_INSTANCE.has(kind)
      ? { instanceId: machine.instanceId }
      : {}),
    ...resolution(resolvers, task.metadata),
    hosts,
    ephemeralPorts,
    localInterfaces,
    localRoutes,
    proxy,
    sdk,
    clock: {
      at,
      readings:
        instance.clockOffsetMs === undefined ? [] : [{ source: 'instance-metadata', offsetMs: instance.clockOffsetMs }],
    },
    metadata: instance.sight,
    container: surroundings.container,
    ec2Machine: machine.ec2,
    notes: [
      ...interfaceNotes(kind, instance, task.metadata, choice, options.from),
      ...instance.notes,
      ...task.notes,
      ...resolvers.notes,
      ...proxyNotes,
      ...sdkNotes,
      ...(profile === undefined && activeProfile(host.env) !== undefined
        ? [`The profile ${activeProfile(host.env)} is chosen, but the shared config file could not be read.`]
        : []),
    ],
  };
  return {
    vantage,
    coverage: [instance.coverage, task.coverage].filter((entry) => entry !== undefined),
    readTrustStores: async () => {
      const { readTrustStores } = await import('./trust-stores.ts');
      const limit = AbortSignal.any([options.signal, patientSignal(durations.vantage)]);
      const readFile: Host['readFile'] = (path) => readBeforeAbort(realHost.readFile(path), limit);
      const stores = await readTrustStores({ ...realHost, readFile }, profile?.caBundle);
      // A file that did not arrive in time is none that is missing.
      return limit.aborted ? undefined : stores;
    },
  };
}

/** Where the machine is an instance of the user's: Fargate and Lambda run on machines of AWS's own. */
const RUNS_ON_OWN_INSTANCE: ReadonlySet<VantageKind> = new Set(['ec2', 'ecs-ec2', 'eks-pod', 'host']);

type Devices = {
  readonly localInterfaces: Vantage['localInterfaces'];
  readonly localMacs: ReadonlyMap<string, string>;
};

/** Linux keeps each device's MTU and MAC in files; elsewhere they stay unknown. */
async function readDevices(host: Host): Promise<Devices> {
  const interfaces = host.interfaces();
  const names = [...new Set(interfaces.map((one) => one.name))];
  const read = (file: string) => Promise.all(names.map((name) => host.readFile(`/sys/class/net/${name}/${file}`)));
  const [mtus, macs] = await Promise.all([read('mtu'), read('address')]);
  const mtuOf = new Map(names.map((name, i) => [name, Number(mtus[i]?.trim() || Number.NaN)]));
  return {
    localInterfaces: interfaces.map((one) => {
      const mtu = mtuOf.get(one.name);
      return mtu !== undefined && Number.isInteger(mtu) && mtu > 0 ? { ...one, mtu } : one;
    }),
    localMacs: new Map(names.map((name, i) => [name, macs[i]?.trim().toLowerCase() ?? ''])),
  };
}

/** Lambda and Fargate have no instance of the user's: asking would cost a second and say nothing. */
async function askInstance(
  host: Host,
  durations: Durations,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<InstanceMetadataResult> {
  const none = surroundings.lambda
    ? 'a Lambda function'
    : surroundings.ecs === 'ecs-fargate'
      ? 'a Fargate task'
      : undefined;
  if (none === undefined) {
    return readInstanceMetadata(host, { durations, inContainer: surroundings.container }, signal);
  }
  const why = `${none} has none`;
  return { notes: [], coverage: { what: 'instance metadata service', outcome: 'skipped', count: 0, why } };
}

function kindOf(
  surroundings: Surroundings,
  task: TaskMetadata | undefined,
  instance: InstanceMetadata | undefined,
): VantageKind {
  if (surroundings.lambda) return 'lambda';
  if (task?.launchType === 'FARGATE') return 'ecs-fargate';
  // ECS Anywhere: the task runs on a machine outside AWS, or on one that EC2 describes all the same.
  if (task?.launchType === 'EXTERNAL') return instance === undefined ? 'host' : 'ec2';
  if (surroundings.ecs !== undefined) return surroundings.ecs;
  if (surroundings.eksPod) return 'eks-pod';
  return instance === undefined ? 'host' : 'ec2';
}

/** Docker's own networks (`bridge`, or a named one) hide the container behind the instance; `awsvpc` and `host` do not. */
function isMasqueraded(task: TaskMetadata | undefined): boolean {
  return task?.networkMode !== undefined && !['awsvpc', 'host'].includes(task.networkMode);
}

/** Where two sources tell the same thing, the one nearer to the interface counts. */
function identity(
  host: Host,
  kind: VantageKind,
  instance: InstanceMetadata | undefined,
  task: TaskMetadata | undefined,
  choice: ClientChoice,
): Partial<Vantage> {
  const { chosen } = choice;
  const isChosen = ({ macAddress }: ClientInterface) => macAddress !== undefined && macAddress === chosen?.macAddress;
  const listed = (instance?.interfaces ?? []).map((entry) =>
    chosen !== undefined && isChosen(entry) ? chosen : publicShape(entry),
  );
  return {
    region: instance?.region ?? task?.region ?? (kind === 'lambda' ? host.env.AWS_REGION || undefined : undefined),
    partition: instance?.partition ?? task?.partition,
    accountId: task?.accountId ?? instance?.accountId ?? chosen?.ownerId,
    instanceId: instance?.instanceId,
    vpcId: chosen?.vpcId ?? task?.vpcId,
    subnetId: chosen?.subnetId,
    availabilityZone: instance?.availabilityZone ?? task?.availabilityZone,
    availabilityZoneId: instance?.availabilityZoneId,
    networkInterfaceId: chosen?.networkInterfaceId,
    addresses: choice.addresses,
    publicAddresses: chosen?.publicAddresses ?? [],
    securityGroupIds: chosen?.securityGroupIds ?? [],
    vpcCidrs: chosen?.vpcCidrs ?? [],
    interfaces: chosen === undefined || listed.some(isChosen) ? listed : [chosen, ...listed],
  };
}

/** The file counts: it is what the C library reads. The task's own list stands in where there is no such file. */
function resolution(file: ResolverSettings, task: TaskMetadata | undefined): Partial<Vantage> {
  const { searchDomains, ndots } = file;
  if (file.resolvers.length > 0 || task === undefined) return { resolvers: file.resolvers, searchDomains, ndots };
  return {
    resolvers: task.domainNameServers.map((address) => ({ address, port: 53 })),
    searchDomains: task.searchDomains,
    ndots,
  };
}

/** One line on what is not known of the interface and why; none where it is known or `--from` will name it. */
function interfaceNotes(
  kind: VantageKind,
  instance: InstanceMetadataResult,
  task: TaskMetadata | undefined,
  choice: ClientChoice,
  from: string | undefined,
): string[] {
  if (choice.note !== undefined) return [choice.note];
  if (from !== undefined || choice.chosen?.networkInterfaceId !== undefined) return [];
  if (kind === 'lambda') {
    return [
      'A Lambda function is not told its network interface: name one of its interfaces with --from, or compare VpcConfig of lambda:GetFunctionConfiguration.',
    ];
  }
  const { chosen } = choice;
  if (chosen !== undefined && task?.taskInterface !== undefined) {
    // Fargate has no instance to ask, so that its silence is nothing to mention.
    const reason = instance.problem === undefined || kind === 'ecs-fargate' ? '' : ` ${instance.problem}.`;
    return [
      `The ECS task metadata names the task's address ${choice.addresses.join(' and ')}, not its interface, subnet and security groups: the EC2 API's description has to tell.${reason}`,
    ];
  }
  return instance.problem === undefined ? [] : [`${instance.problem}; the client's network interface is not known.`];
}

/** What other programs of this machine see: the variables that only lead this run's own calls are left out. */
function withoutWiring({ env, wiring = [] }: Host): Host['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !wiring.includes(name)));
}

/** The file's content, or undefined once the time is up: a home directory on a dead network file system never answers. */
async function readBeforeAbort(reading: Promise<string | undefined>, signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([reading, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
