/**
 * What a run over 25 targets asks and how long it takes, in the lab and with the durations of a real run: healthy, and with
 * faults that all targets share, where the experiments must fit the deadline. Run it with `npx node bench/many-targets.ts`.
 */
import { isProblem } from '../src/commands/io.ts';
import { runLive } from '../src/commands/live.ts';
import { diagnose } from '../src/diagnose/diagnose.ts';
import { DURATIONS } from '../src/durations.ts';
import { startLab } from '../src/lab/lab.ts';
import { find, healthyWorld, LAB, type World, type WorldMiddlebox } from '../src/lab/world.ts';
import { unknownState } from '../src/model/state.ts';
import { DEFAULT_CONCURRENCY } from '../src/probes/run.ts';

const SERVICES =
  'ssm ssmmessages sts kms logs monitoring ec2 sqs sns ecr.api lambda events states glue athena ecs ecs-agent ecs-telemetry eks elasticloadbalancing autoscaling cloudformation config'.split(
    ' ',
  );

function manyEndpoints(): World {
  const world = healthyWorld();
  const { api } = world;
  const model = find(world, 'vpcEndpoints', LAB.secretsEndpoint);
  const twins = api.networkInterfaces.filter((one) => one.InterfaceType === 'vpc_endpoint');
  for (const [i, service] of SERVICES.entries()) {
    const VpcEndpointId = `vpce-aa0000${(i + 16).toString(16)}`;
    const NetworkInterfaceIds = twins.map((twin, zone) => {
      const PrivateIpAddress = `10.0.${2 + zone}.${100 + i}`;
      const NetworkInterfaceId = `eni-aa${zone}000${(i + 16).toString(16)}`;
      const PrivateIpAddresses = [{ PrivateIpAddress, Primary: true }];
      api.networkInterfaces.push({ ...twin, NetworkInterfaceId, PrivateIpAddress, PrivateIpAddresses });
      return NetworkInterfaceId;
    });
    const host = `${service === 'ecr.api' ? 'api.ecr' : service}.${world.region}.amazonaws.com`;
    const DnsEntries = [
      { DnsName: `${VpcEndpointId}-a1b2c3d4.${service}.${world.region}.vpce.amazonaws.com` },
      { DnsName: host },
    ];
    const ServiceName = `com.amazonaws.${world.region}.${service}`;
    api.vpcEndpoints.push({ ...model, VpcEndpointId, ServiceName, NetworkInterfaceIds, DnsEntries });
    world.publicDns[host] = { A: [`52.94.20.${i}`] };
  }
  return world;
}

function everywhere(world: World, box: WorldMiddlebox): void {
  const own = world.api.networkInterfaces.filter((one) => one.InterfaceType === 'vpc_endpoint');
  world.middleboxes = Object.fromEntries(own.map((one) => [one.PrivateIpAddress ?? '', box]));
}

function closeGroup(world: World): void {
  find(world, 'securityGroups', LAB.endpointGroup).IpPermissions = [];
}

const FAULTS: readonly (readonly [string, (world: World) => void])[] = [
  ['healthy', () => {}],
  ['security group closed', (world) => closeGroup(world)],
  ['silent against all rules', (world) => everywhere(world, { losesEveryConnection: 1 })],
  ['every second connection lost', (world) => everywhere(world, { losesEveryConnection: 2 })],
  ['long hellos dropped', (world) => everywhere(world, { dropsHellosAbove: 1_460 })],
  ['every hello dropped', (world) => everywhere(world, { dropsHellosAbove: 0 })],
  [
    'resolver silent',
    (world) => {
      world.resolvers['10.0.0.53'] = { behaviour: 'silent', records: {} };
      world.client.nameservers = ['10.0.0.53'];
    },
  ],
];

for (const [name, inject] of FAULTS) {
  const world = manyEndpoints();
  inject(world);
  const lab = await startLab(world);
  const io = {
    host: lab.host,
    stdout: () => {},
    stderr: () => {},
    columns: undefined,
    showsProgress: false,
    signal: new AbortController().signal,
  };
  const started = performance.now();
  const live = await runLive(io, {
    requests: [{ kind: 'every-endpoint', text: 'every endpoint' }],
    given: unknownState('not-asked'),
    warnings: [],
    useApi: true,
    useProbes: true,
    durations: DURATIONS,
    concurrency: DEFAULT_CONCURRENCY,
    repeat: 1,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await lab.stop();
  if (isProblem(live)) throw new Error(live.problem);
  const report = diagnose(live);
  const skipped = live.observations.filter((one) => one.outcome === 'skipped').length;
  const twice = live.observations.length - new Set(live.observations.map((one) => one.id)).size;
  const causes = report.causes.map((cause) => `${cause.code} on ${cause.targets.length}`).join(', ') || 'no cause';
  console.log(
    `${name}: ${report.targets.length} targets, ${report.verdict}, ${causes}; ${live.observations.length} questions, ${twice} twice, ${skipped} skipped, ${report.unexplained.length} unexplained, ${seconds} s`,
  );
}
