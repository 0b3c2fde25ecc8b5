/**
 * How long a diagnosis takes on the state of a large account: 25 endpoints, 5,000 security groups of 20 rules, 5,000
 * network interfaces, one fault that all endpoints share. Prints milliseconds; run it with `npx node bench/large-state.ts`.
 */
import { diagnose } from '../src/diagnose/diagnose.ts';
import { stateOfWorld } from '../src/lab/reachability.ts';
import { healthyWorld, LAB } from '../src/lab/world.ts';
import { emptyVantage } from '../src/model/vantage.ts';
import { vantageFrom } from '../src/vantage/from.ts';
import { TOOL } from '../src/version.ts';

const SERVICES =
  'ssm ssmmessages sts kms logs monitoring ec2 sqs sns ecr.api lambda events states kinesis-streams glue athena ecs ecs-agent ecs-telemetry eks elasticloadbalancing autoscaling cloudformation config'.split(
    ' ',
  );
const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');

const world = healthyWorld();
const { api } = world;
const [model] = api.vpcEndpoints;
const twins = api.networkInterfaces.filter((one) => one.InterfaceType === 'vpc_endpoint');
if (model === undefined) throw new Error('the healthy world has no endpoint');
for (const [i, service] of SERVICES.entries()) {
  const VpcEndpointId = `vpce-aa00${hex(i, 4)}`;
  const NetworkInterfaceIds = twins.map((twin, zone) => {
    const PrivateIpAddress = `10.0.${2 + zone}.${100 + i}`;
    const NetworkInterfaceId = `eni-aa${zone}${hex(i, 5)}`;
    api.networkInterfaces.push({
      ...twin,
      NetworkInterfaceId,
      PrivateIpAddress,
      PrivateIpAddresses: [{ PrivateIpAddress, Primary: true }],
    });
    return NetworkInterfaceId;
  });
  const ServiceName = `com.amazonaws.${world.region}.${service}`;
  api.vpcEndpoints.push({ ...model, VpcEndpointId, ServiceName, NetworkInterfaceIds, DnsEntries: [] });
}
for (let i = 0; i < 5_000; i++) {
  const IpPermissions = Array.from({ length: 20 }, (_, rule) => ({
    IpProtocol: 'tcp',
    FromPort: rule,
    ToPort: rule,
    IpRanges: [{ CidrIp: `10.${rule}.0.0/16` }],
  }));
  api.securityGroups.push({ GroupId: `sg-f${hex(i, 7)}`, VpcId: LAB.vpc, IpPermissions });
  const PrivateIpAddress = `10.0.${100 + (i >> 8)}.${i & 255}`;
  api.networkInterfaces.push({ NetworkInterfaceId: `eni-f${hex(i, 7)}`, VpcId: LAB.vpc, PrivateIpAddress });
}
for (const group of api.securityGroups) if (group.GroupId === LAB.endpointGroup) group.IpPermissions = [];

const state = stateOfWorld(world);
const chosen = vantageFrom(LAB.clientInterface, { ...emptyVantage('given'), region: world.region }, state);
if (!chosen.ok) throw new Error(chosen.problem);
const started = performance.now();
const report = diagnose({
  schemaVersion: 1,
  kind: 'vpce-doctor-case',
  tool: TOOL,
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 0,
  requests: [{ kind: 'every-endpoint', text: 'every endpoint' }],
  vantage: chosen.vantage,
  state,
  probed: false,
  observations: [],
  coverage: [],
  warnings: [],
});
const ms = Math.round(performance.now() - started);
const causes = report.causes.map((cause) => `${cause.code} on ${cause.targets.length} targets, ${cause.fix.proof}`);
console.log(`${report.targets.length} targets, ${report.verdict}: ${causes.join('; ')}; diagnosed in ${ms} ms`);
