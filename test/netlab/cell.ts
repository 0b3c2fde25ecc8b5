/**
 * A cell is a process in network, mount and process namespaces of its own. All that a world needs lives inside it; when
 * its first process ends, for whatever reason, the kernel ends and removes everything else.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Tools that the bed runs, and where Debian has them. */
const TOOLS = {
  ip: 'iproute2',
  nft: 'nftables',
  unbound: 'unbound',
  tinyproxy: 'tinyproxy-bin',
  perl: 'perl-base',
  nsenter: 'util-linux',
} as const;

const AS_ROOT = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const AS_USER = ['--user', '--map-root-user', ...AS_ROOT];

/** An empty /run: named namespaces are kept there, and nothing of the machine's own is seen or touched. */
const INSIDE = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"';

/** What a cell must be able to do before it is worth starting one. */
const PROOF = [
  'ip netns add proof',
  'ip -n proof link set lo up',
  'nsenter --net=/run/netns/proof nft add table inet proof',
  'nsenter --net=/run/netns/proof nft add chain inet proof c "{ type nat hook postrouting priority 0; }"',
].join(' && ');

export type Cells = { readonly flags: readonly string[] } | { readonly impossible: string };

/** How cells can be made here: as root, or with unprivileged user namespaces; or why they cannot. */
export function findCells(): Cells {
  const missing = Object.entries(TOOLS).filter(
    ([tool]) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`]).status !== 0,
  );
  if (missing.length > 0)
    return { impossible: missing.map(([tool, from]) => `${tool} (package ${from}) is not installed`).join(', ') };
  let last = '';
  for (const flags of process.getuid?.() === 0 ? [AS_ROOT, AS_USER] : [AS_USER]) {
    const tried = spawnSync('unshare', [...flags, 'sh', '-c', INSIDE, 'sh', 'sh', '-c', PROOF], {
      encoding: 'utf8',
      env: environment(),
    });
    if (tried.status === 0) return { flags };
    last = tried.stderr.trim().split('\n')[0] ?? '';
  }
  return { impossible: `network namespaces cannot be made: ${last}` };
}

/** Cells are many, and all load the same: what node has compiled once need not be compiled again. */
export const COMPILED = new URL('../../node_modules/.cache/netlab', import.meta.url).pathname;

/** Starts node in a cell, with pipes for input and output. It dies with us, even when we are killed. */
export function startCell(flags: readonly string[], script: URL, args: readonly string[]): ChildProcess {
  const command = ['unshare', ...flags, 'sh', '-c', INSIDE, 'sh', process.execPath, script.pathname, ...args];
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...environment(), NODE_COMPILE_CACHE: COMPILED },
  });
}

function environment(): Record<string, string | undefined> {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}
