/**
 * A world that runs: its network in the kernel, unbound as its resolvers, its services, and a client on which commands
 * can be run as a user would run them: own resolv.conf, own hosts file, own environment, nothing injected.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAuthority } from '../../src/lab/certificates.ts';
import { credentialVariables } from '../../src/lab/iam/caller.ts';
import { POLICY_API_SERVICES } from '../../src/lab/policy-api.ts';
import type { World } from '../../src/lab/world.ts';
import { build, demolish, namespacePath } from './build.ts';
import { commandNamespace, type ForwardProxy, type Hazards, MIDDLEBOX_PORT, withHazards } from './hazards.ts';
import { nameServers, silentResolvers } from './names.ts';
import { BED, EC2_PORT, type Plan, POLICY_PORT, RESOLVER_PORT, ROUTE53_PORT, STS_PORT } from './plan.ts';
import { resolverAddress } from './routes.ts';
import { type Services, startServices } from './services.ts';
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
export async function startBed(world: World, hazards: Hazards = {}, api = true): Promise<Bed> {
  const { layout, plan: bare } = translate(world);
  const plan = withHazards(withSilence(bare, world, layout), layout, hazards);
  const folder = mkdtempSync('/run/bed-');
  const children: ChildProcess[] = [];
  let services: Services | undefined;
  const close = async () => {
    await Promise.all([...children.map(end), services?.stop()]);
    demolish();
    rmSync(folder, { recursive: true });
  };
  try {
    build(plan);
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
    const started = (child: ChildProcess, wanted: RegExp, name: string) => {
      children.push(child);
      ready.push(said(child, child.stdout, wanted, name));
    };
    if (hazards.middlebox !== undefined)
      started(startMiddlebox(layout, folder, hazards.middlebox), /ready/, 'middlebox');
    for (const proxy of hazards.proxies ?? [])
      started(startProxy(layout, folder, proxy), /Accepting connections/, `proxy at ${proxy.address}`);
    services = await startServices(world, layout, hazards, api);
    await Promise.all(ready);
  } catch (error) {
    await close();
    throw error;
  }
  const trusted = hazards.middlebox?.kind === 'intercepts' && hazards.middlebox.trusted === true;
  writeFileSync(join(folder, 'other-roots.pem'), createAuthority('Example Corp Root CA', 'Example Corp').certificate);
  const inspection = trusted ? readFileSync(join(folder, 'inspection-ca.pem'), 'utf8') : '';
  writeFileSync(join(folder, 'ca.pem'), services.authority);
  writeFileSync(join(folder, 'roots.pem'), services.authority + inspection);
  return { run: (command, limitMs) => runOnClient(world, hazards, folder, command, limitMs), close };
}

function startMiddlebox(layout: Translation['layout'], folder: string, box: Hazards['middlebox']): ChildProcess {
  const { router } = layout.clientVpc;
  const [agent, script] = ['agent.pl', 'middlebox.ts'].map((name) => new URL(name, import.meta.url).pathname);
  const socket = `${router},tproxy,0.0.0.0,${MIDDLEBOX_PORT}`;
  const command = [process.execPath, script ?? '', folder, JSON.stringify(box)];
  return spawn('perl', [agent ?? '', socket, router, '--', ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** tinyproxy, on the host that the world describes, with a resolv.conf of its own. */
function startProxy(layout: Translation['layout'], folder: string, proxy: ForwardProxy): ChildProcess {
  const host = layout.clientVpc.hosts.find(({ ipv4 }) => ipv4.includes(proxy.address));
  const base = layout.clientVpc.cidrs[0];
  if (host === undefined || base === undefined) throw new Error(`no host of the world has ${proxy.address}`);
  const own = join(folder, `proxy-${proxy.address}`);
  mkdirSync(own);
  const file = (name: string) => join(own, name);
  writeFileSync(file('resolv.conf'), `nameserver ${proxy.resolver ?? resolverAddress(base)}\n`);
  writeFileSync(file('refused'), (proxy.refuses ?? []).map((pattern) => `${pattern}\n`).join(''));
  const lines = [
    `Port ${proxy.port}`,
    `Listen ${proxy.address}`,
    'Timeout 600',
    'MaxClients 100',
    'LogLevel Info',
    'ConnectPort 443',
    ...(proxy.credentials === undefined ? [] : [`BasicAuth ${proxy.credentials}`]),
    ...(proxy.refuses === undefined ? [] : [`Filter "${file('refused')}"`, 'FilterExtended On']),
    '',
  ];
  writeFileSync(file('tinyproxy.conf'), lines.join('\n'));
  const script = `mount --bind ${file('resolv.conf')} ${realFile('/etc/resolv.conf')} && exec tinyproxy -d -c ${file('tinyproxy.conf')}`;
  const command = ['unshare', '-m', 'sh', '-c', script];
  return spawn('nsenter', [`--net=${namespacePath(host.name)}`, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Drops questions where nobody answers, and where no metadata service is: silence, not a refusal. */
function withSilence(plan: Plan, world: World, layout: Translation['layout']): Plan {
  const drops = silentResolvers(world, layout).map(({ namespace, address }) => ({
    namespace,
    rule: `${address === undefined ? '' : `ip daddr ${address} `}meta l4proto { tcp, udp } th dport 53 drop`,
  }));
  if (world.client.metadata === 'silent')
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

/** On Debian. */
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Where the bed's own APIs are, by the variables that lead the tool there. */
const API_VARIABLES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['EC2', EC2_PORT] as const,
    ['STS', STS_PORT] as const,
    ['ROUTE_53', ROUTE53_PORT] as const,
    ['ROUTE53RESOLVER', RESOLVER_PORT] as const,
    ...POLICY_API_SERVICES.map((service) => [service, POLICY_PORT] as const),
  ].map(([service, port]) => [`AWS_ENDPOINT_URL_${service}`, `http://${BED.apiAddress}:${port}`]),
);

function runOnClient(
  world: World,
  hazards: Hazards,
  folder: string,
  command: readonly string[],
  limitMs: number,
): Promise<Ran> {
  const { nameservers, searchDomains, hosts } = world.client;
  const resolvConf = [
    ...(searchDomains.length === 0 ? [] : [`search ${searchDomains.join(' ')}`]),
    ...nameservers.map((address) => `nameserver ${address}`),
    '',
  ];
  writeFileSync(join(folder, 'resolv.conf'), resolvConf.join('\n'));
  writeFileSync(join(folder, 'hosts'), `${hosts.join('\n')}\n`);
  const complete = (world.client.trustStore ?? 'complete') === 'complete';
  const own = { ...(hazards.credentials === false ? {} : credentialVariables(world)), ...API_VARIABLES };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    ...own,
    ...(complete ? { NODE_EXTRA_CA_CERTS: join(folder, 'roots.pem') } : {}),
    // What plain programs do with a proxy's address; the tool must not need it.
    NODE_USE_ENV_PROXY: '1',
    // How the run gets to the test-bed's API is no setting of the world's applications.
    VPCE_DOCTOR_OWN_VARIABLES: Object.keys(own)
      .filter((name) => !Object.hasOwn(world.client.env, name))
      .join(' '),
    ...world.client.env,
  };
  const mounts = ['resolv.conf', 'hosts'].map(
    (name) => `mount --bind ${join(folder, name)} ${realFile(`/etc/${name}`)}`,
  );
  // Where applications take their roots from.
  if (existsSync(BUNDLE))
    mounts.push(`mount --bind ${join(folder, complete ? 'roots.pem' : 'other-roots.pem')} ${BUNDLE}`);
  // What it says of interfaces is true of the namespace in which it was mounted. Not every user namespace may mount it.
  const script = [
    '(mount -t sysfs sysfs /sys || true) 2>/dev/null',
    ...machine(world, folder),
    ...mounts,
    'exec "$@"',
  ].join(' && ');
  const before = performance.now();
  const child = spawn(
    'nsenter',
    [`--net=${namespacePath(commandNamespace(hazards))}`, 'unshare', '-m', 'sh', '-c', script, 'sh', ...command],
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

/** What the machine says of itself: made by Amazon, with the instance's id on its board. */
function machine(world: World, folder: string): string[] {
  const own = world.api.networkInterfaces.find((one) => one.NetworkInterfaceId === world.client.networkInterfaceId);
  const [net, virtual] = [join(folder, 'net'), '/sys/devices/virtual'];
  mkdirSync(net, { recursive: true });
  return [
    `mount --bind ${virtual}/net ${net}`,
    `mount -t tmpfs tmpfs ${virtual}`,
    `mkdir -p ${virtual}/net ${virtual}/dmi/id`,
    `mount --bind ${net} ${virtual}/net`,
    `echo 'Amazon EC2' >${virtual}/dmi/id/sys_vendor`,
    `echo '${own?.Attachment?.InstanceId ?? ''}' >${virtual}/dmi/id/board_asset_tag`,
  ];
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
