/**
 * Makes a plan real: creates its namespaces, wires, addresses, routes and rules, and takes them down again. Must run in a
 * network and mount namespace of its own (see cell.ts), so that nothing outlives the process and nothing of the machine
 * is touched.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { LinkPlan, NamespacePlan, Plan } from './plan.ts';

/** Before any device exists: a machine's own hardening (reverse path filter, IPv6 off) must not leak into the bed. */
const BASE_SYSCTLS = {
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/disable_ipv6': '0',
  'ipv6/conf/default/disable_ipv6': '0',
  'ipv6/conf/default/addr_gen_mode': '1',
  'ipv6/conf/default/accept_ra': '0',
} as const;

export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** Builds everything; throws with the failing command's words, since a plan that the kernel refuses is a bug here. */
export function build(plan: Plan): void {
  mkdirSync('/run/netns', { recursive: true });
  try {
    run(script(plan));
  } catch (error) {
    demolish();
    throw error;
  }
}

/** Removes every namespace of the cell. Sockets and processes inside must be gone; the wires go with them. */
export function demolish(): void {
  run('ip -all netns delete');
}

/** The shell script that builds a plan; readable, so that a disagreement can be rebuilt by hand. */
export function script(plan: Plan): string {
  return [
    'set -e',
    ...plan.namespaces.map((namespace) => `ip netns add ${namespace.name}`),
    ...plan.namespaces.map((namespace) => sysctls(namespace, false)),
    heredoc('ip -batch -', plan.links.map(linkLine)),
    ...plan.namespaces.flatMap((namespace) => configure(namespace, devicesOf(plan.links, namespace.name))),
    '',
  ].join('\n');
}

function run(text: string): void {
  const { status, stderr } = spawnSync('sh', ['-s'], { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the bed could not be built: ${stderr}`);
}

function linkLine({ a, b, options = '' }: LinkPlan): string {
  return `link add ${a.device} netns ${a.namespace} ${options} type veth peer name ${b.device} netns ${b.namespace} ${options}`;
}

function devicesOf(links: readonly LinkPlan[], namespace: string): string[] {
  return links.flatMap(({ a, b }) => [a, b].filter((end) => end.namespace === namespace).map((end) => end.device));
}

function configure(namespace: NamespacePlan, devices: readonly string[]): string[] {
  const six = namespace.ip.filter((line) => line.startsWith('-6 ')).map((line) => line.slice(3));
  const rest = namespace.ip.filter((line) => !line.startsWith('-6 ')).map((line) => line.replace(/^-4 /, ''));
  const up = ['lo', ...devices].map((device) => `link set ${device} up`);
  return [
    heredoc(`ip -n ${namespace.name} -batch -`, [...up, ...rest]),
    ...(six.length === 0 ? [] : [heredoc(`ip -n ${namespace.name} -6 -batch -`, six)]),
    sysctls(namespace, true),
    ...(namespace.nft === ''
      ? []
      : [heredoc(`nsenter --net=${namespacePath(namespace.name)} nft -f -`, [namespace.nft])]),
  ];
}

/** Settings of one device can be written only once it is there. */
function sysctls(namespace: NamespacePlan, ofDevices: boolean): string {
  const own = Object.entries(namespace.sysctls).filter(
    ([path]) => /\/(neigh|conf)\/(?!all\/|default\/)/.test(path) === ofDevices,
  );
  const all = ofDevices ? own : [...Object.entries(BASE_SYSCTLS), ...own];
  if (all.length === 0) return '';
  const writes = all.map(([path, value]) => `echo '${value}' >/proc/sys/net/${path}`);
  return heredoc(`nsenter --net=${namespacePath(namespace.name)} sh -se`, writes);
}

function heredoc(command: string, lines: readonly string[]): string {
  return `${command} <<'NETLAB'\n${lines.join('\n')}\nNETLAB`;
}
