/** The command on a host of the lab, as a process: `node lab-tool.ts ARGUMENTS…`; AWS_SSM_INSTANCE_ID says which host it is. */
import { checkOf } from '../../../src/checks/index.ts';
import { main } from '../../../src/commands/program.ts';
import { startLab } from '../../../src/lab/lab.ts';
import { healthyWorld, LAB, type World } from '../../../src/lab/world.ts';
import { HOSTS } from './hosts.ts';

const id = process.env['AWS_SSM_INSTANCE_ID'] ?? '';
const fault = HOSTS[id];
// Two hosts are told apart by what their metadata services say.
const world = JSON.parse(JSON.stringify(healthyWorld()).replaceAll(LAB.instance, id)) as World;
if (fault !== undefined && fault !== 'healthy') checkOf(fault)?.demonstration.inject(world);
const lab = await startLab(world);
const extra = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name.startsWith('AWS_ENDPOINT_URL_S3')),
);
const { route } = lab.host.wire;
process.exitCode = await main(process.argv.slice(2), {
  host: {
    ...lab.host,
    env: { ...lab.host.env, ...extra },
    // The fake bucket is on loopback itself.
    wire: {
      ...lab.host.wire,
      route: (...to) => (to[1] === '127.0.0.1' ? { address: to[1], port: to[2] } : route(...to)),
    },
  },
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  columns: undefined,
  showsProgress: false,
  signal: new AbortController().signal,
});
await lab.stop();
