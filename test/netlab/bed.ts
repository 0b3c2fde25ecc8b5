/**
 * A world that runs: its network in the kernel, unbound as its resolvers, its services, and a client on which commands
 * can be run as a user would run them: own resolv.conf, own hosts file, own environment, nothing injected.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { worldListeners } from '../../src/lab/servers.ts';
import type { World } from '../../src/lab/world.ts';
import { build, demolish, namespacePath } from './build.ts';
import { nameServers, silentResolvers } from './names.ts';
import { BED, EC2_PORT, type Plan, STS_PORT } from './plan.ts';
import { type Translation, translate } from './translate.ts';

export type Ran = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
};

export type Bed = {
  /** Runs a command on the client. Killed after `limitMs`. */
  readonly run: (command: readonly string[], limitMs: number) => Promise<Ran>;
  readonly close: () => Promise<void>;
};

/**
 * Brings a world up; resolves when everything in it answers. Only inside a cell.
 * @param api whether AWS's APIs and the metadata service are needed: the tool asks them, plain programs do not
 */
export async function startBed(world: World, api = true): Promise<Bed> {
  const { layout, plan: bare } = translate(world);
  const plan = withSilence(bare, world, layout);
  const folder = mkdtempSync('/run/bed-');
  const children: ChildProcess[] = [];
  build(plan);
  const close = async () => {
    await Promise.all(children.map(end));
    demolish();
    rmSync(folder, { recursive: true });
  };
  try {
    const ready = nameServers(world, layout).map((server) => {
      const own = join(folder, server.name);
      mkdirSync(own);
      for (const [name, text] of Object.entries(server.files)) writeFileSync(join(own, name), text);
      writeFileSync(join(own, 'unbound.conf'), server.configuration.replaceAll('DIRECTORY', own));
      const command = ['unbound', '-d', '-c', join(own, 'unbound.conf')];
      const child = spawn('nsenter', [`--net=${namespacePath(server.namespace)}`, ...command], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      return said(child, child.stderr, /start of service/, server.name);
    });
    children.push(startServices(world, layout, folder, api));
    const services = children.at(-1);
    if (services !== undefined) ready.push(said(services, services.stdout, /ready/, 'services'));
    await Promise.all(ready);
  } catch (error) {
    await close();
    throw error;
  }
  return { run: (command, limitMs) => runOnClient(world, folder, command, limitMs), close };
}

function startServices(world: World, layout: Translation['layout'], folder: string, api: boolean): ChildProcess {
  const hosts = layout.vpcs.flatMap((vpc) => vpc.hosts);
  const homeOf = (address: string) =>
    hosts.find((host) => host.ipv4.includes(address) || host.ipv6.includes(address))?.name ??
    (address in world.servers ? 'internet' : undefined);
  const listeners = worldListeners(world).filter(({ address }) => homeOf(address) !== undefined);
  writeFileSync(join(folder, 'world.json'), JSON.stringify(world));
  writeFileSync(join(folder, 'listeners.json'), JSON.stringify(listeners));
  const sockets = listeners.map(({ address, port }) => `${homeOf(address)},tcp,${address},${port}`);
  const script = new URL('services.ts', import.meta.url).pathname;
  const agent = new URL('agent.pl', import.meta.url).pathname;
  return spawn(
    'perl',
    [agent, ...sockets, 'platform', '--', process.execPath, script, folder, ...(api ? [] : ['--no-api'])],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
}

/** Drops questions where nobody answers, and where no metadata service is: silence, not a refusal. */
function withSilence(plan: Plan, world: World, layout: Translation['layout']): Plan {
  const drops = silentResolvers(world, layout).map(({ namespace, address }) => ({
    namespace,
    rule: `${address === undefined ? '' : `ip daddr ${address} `}meta l4proto { tcp, udp } th dport 53 drop`,
  }));
  if (world.client.metadata === 'none')
    drops.push({ namespace: 'platform', rule: `ip daddr ${BED.metadataAddress} drop` });
  if (drops.length === 0) return plan;
  return {
    ...plan,
    namespaces: plan.namespaces.map((namespace) => {
      const rules = drops.filter((drop) => drop.namespace === namespace.name).map((drop) => drop.rule);
      if (rules.length === 0) return namespace;
      const chain = [
        '  chain input {',
        '    type filter hook input priority 0;',
        ...rules.map((rule) => `    ${rule}`),
        '  }',
      ];
      return { ...namespace, nft: `${namespace.nft}${['table inet silence {', ...chain, '}', ''].join('\n')}` };
    }),
  };
}

function runOnClient(world: World, folder: string, command: readonly string[], limitMs: number): Promise<Ran> {
  const { nameservers, searchDomains, hosts } = world.client;
  const resolvConf = [
    ...(searchDomains.length === 0 ? [] : [`search ${searchDomains.join(' ')}`]),
    ...nameservers.map((address) => `nameserver ${address}`),
    '',
  ];
  writeFileSync(join(folder, 'resolv.conf'), resolvConf.join('\n'));
  writeFileSync(join(folder, 'hosts'), `${hosts.join('\n')}\n`);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_ENDPOINT_URL_EC2: `http://${BED.apiAddress}:${EC2_PORT}`,
    AWS_ENDPOINT_URL_STS: `http://${BED.apiAddress}:${STS_PORT}`,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    // How the run gets to the test-bed's API is no setting of the world's applications.
    VPCE_DOCTOR_OWN_VARIABLES: 'AWS_ENDPOINT_URL_EC2 AWS_ENDPOINT_URL_STS AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY',
    ...world.client.env,
  };
  const mounts = ['resolv.conf', 'hosts'].map(
    (name) => `mount --bind ${join(folder, name)} ${realFile(`/etc/${name}`)}`,
  );
  const script = [...mounts, 'exec "$@"'].join(' && ');
  const before = performance.now();
  const child = spawn(
    'nsenter',
    [`--net=${namespacePath('client')}`, 'unshare', '-m', 'sh', '-c', script, 'sh', ...command],
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  // The whole group: whatever the command has started must not keep its namespace alive.
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), limitMs);
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, stdout: out.join(''), stderr: err.join(''), ms: Math.round(performance.now() - before) });
    });
  });
}

/** The file behind a name; made where the link leads into a folder that the cell has emptied. */
function realFile(path: string): string {
  let target = path;
  try {
    target = join(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, '', { flag: 'a' });
  return target;
}

/** Resolves when the child has written something that matches; rejects when it ends before. */
function said(child: ChildProcess, stream: NodeJS.ReadableStream | null, wanted: RegExp, name: string): Promise<void> {
  if (stream === null) throw new Error(`${name} has no output`);
  const heard: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: stream }).on('line', (line) => {
      heard.push(line);
      if (wanted.test(line)) resolve();
    });
    child.on('exit', (status) => reject(new Error(`${name} ended with ${status}: ${heard.join('\n')}`)));
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.kill('SIGKILL');
  });
}
