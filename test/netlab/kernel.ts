/** Asks the kernel: builds a world, makes real TCP connections in it from chosen source ports, says which got through. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { World } from '../../src/lab/world.ts';
import { build, demolish, namespacePath } from './build.ts';
import { type TranslateOptions, type Translation, translate } from './translate.ts';

export type Attempt = {
  readonly source: string;
  readonly sourcePort: number;
  readonly address: string;
  readonly port: number;
};

export type Outcome = {
  /** `open`, `timeout`, `refused`, `unreachable` … */
  readonly result: string;
  /** the SYN passed every gate towards a network interface */
  readonly reachedHost: boolean;
  /** the SYN passed every gate towards a gateway endpoint */
  readonly reachedServices: boolean;
};

export type Driver = {
  /** One world, its connections, and its end. Attempts are made from the client's namespace, all at once. */
  readonly ask: (world: World, attempts: readonly Attempt[], options?: AskOptions) => Promise<Outcome[]>;
  readonly close: () => void;
};

export type AskOptions = TranslateOptions & {
  /** listening ports on every interface and on the internet side */
  readonly ports?: readonly number[];
  /** silence of this long is a drop; the bed has no wire that could delay or lose anything */
  readonly patienceMs?: number;
};

/** Starts the process that opens sockets inside namespaces. Only inside a cell. */
export function startDriver(): Driver {
  const agent = spawn('perl', [new URL('agent.pl', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] });
  const send = conversation(agent);
  return {
    ask: async (world, attempts, options = {}) => {
      const translation = translate(world, { ...options, recordArrivals: true });
      build(translation.plan);
      try {
        return await connectAll(translation, attempts, options, send);
      } finally {
        await send(['reset']);
        demolish();
      }
    },
    close: () => agent.stdin?.end(),
  };
}

async function connectAll(
  { layout }: Translation,
  attempts: readonly Attempt[],
  { ports = [443], patienceMs = 40 }: AskOptions,
  send: (commands: readonly string[]) => Promise<string[]>,
): Promise<Outcome[]> {
  const hosts = layout.vpcs.flatMap((vpc) => vpc.hosts.filter((host) => host.kind === 'interface'));
  const names = [...hosts.map((host) => host.name), 'internet'];
  const listeners = names.flatMap((name) =>
    ports.flatMap((port) => [`listen ${name} 0.0.0.0 ${port}`, `listen ${name} :: ${port}`]),
  );
  const tries = attempts.map((a, i) => `try ${i} client ${a.source} ${a.sourcePort} ${a.address} ${a.port}`);
  const lines = await send([...listeners, ...tries, `go ${patienceMs}`]);
  const results = new Map(lines.map((line) => line.split(' ') as [string, string]));
  const arrived = readArrivals(layout.clientVpc.router);
  // What a peered VPC's router delivered is delivered too.
  for (const vpc of layout.vpcs) {
    if (vpc !== layout.clientVpc) for (const key of readArrivals(vpc.router).host) arrived.host.add(key);
  }
  return attempts.map((attempt, i) => {
    const key = `${attempt.source} ${attempt.sourcePort} ${attempt.address} ${attempt.port}`;
    return {
      result: results.get(String(i)) ?? 'lost',
      reachedHost: arrived.host.has(key),
      reachedServices: arrived.services.has(key),
    };
  });
}

type Arrivals = { host: Set<string>; services: Set<string> };

function readArrivals(router: string): Arrivals {
  const { stdout, stderr, status } = spawnSync(
    'nsenter',
    [`--net=${namespacePath(router)}`, 'nft', '-j', 'list', 'table', 'inet', 'arrivals'],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (status !== 0) throw new Error(`nft: ${stderr}`);
  const out: Arrivals = { host: new Set(), services: new Set() };
  const { nftables } = JSON.parse(stdout) as {
    nftables: { set?: { name: string; elem?: (Concatenation | { elem: { val: Concatenation } })[] } }[];
  };
  for (const { set } of nftables) {
    if (set === undefined) continue;
    const way = set.name.startsWith('host') ? out.host : out.services;
    for (const element of set.elem ?? []) way.add(('elem' in element ? element.elem.val : element).concat.join(' '));
  }
  return out;
}

type Concatenation = { concat: (string | number)[] };

/** Commands out, lines back until `done`. The agent answers in order, so one question at a time is enough. */
function conversation(agent: ChildProcess): (commands: readonly string[]) => Promise<string[]> {
  if (agent.stdin === null || agent.stdout === null) throw new Error('the agent has no pipes');
  const { stdin } = agent;
  const lines = createInterface({ input: agent.stdout })[Symbol.asyncIterator]();
  return async (commands) => {
    stdin.write(`${commands.join('\n')}\n`);
    const out: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the agent ended');
      if (value === 'done') return out;
      out.push(value);
    }
  };
}
