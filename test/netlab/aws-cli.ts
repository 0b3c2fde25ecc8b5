/**
 * Applies the commands of a report's fix to a world, as a person would type them: a real shell runs them, with an `aws` that
 * writes down what it was asked, copies of the client's own files, and `sudo` and the cache tools as a host has them. What
 * the shell does not understand, or has a gap to fill, fails here as it would on a terminal.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../src/lab/world.ts';
import type { Call } from './aws-call.ts';
import { RESOLVER_WRITES, ROUTE53_WRITES } from './aws-dns.ts';
import { S3_WRITES } from './aws-policies.ts';
import { EC2_WRITES } from './aws-writes.ts';

/** Ids of what a call creates, by operation. `aws … --query … --output text` prints them. */
const PREFIXES = {
  'create-vpc-endpoint': 'vpce',
  'create-security-group': 'sg',
  'create-nat-gateway': 'nat',
  'create-dhcp-options': 'dopt',
  'allocate-address': 'eipalloc',
  'associate-address': 'eipassoc',
  'create-hosted-zone': 'Z0EDFAB',
  'create-firewall-domain-list': 'rslvr-fdl',
  'create-resolver-rule': 'rslvr-rr',
  'create-vpc-block-public-access-exclusion': 'vpcbpa-exclude',
} as const;

/** One file per call: the id that was printed, then the words, each with a NUL at its end. */
const AWS = `#!/bin/sh
n=$(ls "$CALLS" | wc -l)
case "$2" in
${Object.entries(PREFIXES)
  .map(([operation, prefix]) => `  ${operation}) id=${prefix}-0ed$n;;`)
  .join('\n')}
  *) id=;;
esac
printf '%s\\0' "$id" "$@" > "$CALLS/$(printf %03d "$n")"
[ -z "$id" ] || echo "$id"
`;
const SUDO = '#!/bin/sh\nexec "$@"\n';
const CACHE_TOOL = '#!/bin/sh\necho "$0 $*" >> "$FLUSHED"\n';

/** Applies commands in order; throws where the shell fails or a call is unknown or names something that is not there. */
export function applyCommands(world: World, commands: readonly string[]): void {
  const folder = mkdtempSync('/run/shell-');
  const file = (name: string) => join(folder, name);
  try {
    mkdirSync(file('bin'));
    mkdirSync(file('calls'));
    const programs = { aws: AWS, sudo: SUDO, resolvectl: CACHE_TOOL, systemctl: CACHE_TOOL, nscd: CACHE_TOOL };
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(file('bin'), name), text, { mode: 0o755 });
    writeFileSync(file('flushed'), '');
    writeFileSync(file('hosts'), `${world.client.hosts.join('\n')}\n`);
    writeFileSync(file('resolv.conf'), world.client.nameservers.map((one) => `nameserver ${one}\n`).join(''));
    const lines = commands.map((command) => command.replaceAll('/etc/', `${folder}/`));
    const script = ['set -e', 'cd "$FOLDER"', ...lines, 'env -0 > environment', ''].join('\n');
    const env = {
      PATH: `${file('bin')}:${process.env['PATH']}`,
      FOLDER: folder,
      CALLS: file('calls'),
      FLUSHED: file('flushed'),
      AWS_REGION: world.region,
      ...world.client.env,
    };
    const { status, stderr } = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`the shell says ${stderr.trim()} to: ${commands.join('; ')}`);
    for (const name of readdirSync(file('calls')).sort())
      makeCall(
        world,
        readFileSync(join(file('calls'), name), 'utf8')
          .split('\0')
          .slice(0, -1),
      );
    if (readFileSync(file('flushed'), 'utf8') !== '') world.staleAnswers = {};
    readBack(world, file, env);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readBack(world: World, file: (name: string) => string, before: Readonly<Record<string, string>>): void {
  const hosts = readFileSync(file('hosts'), 'utf8').trimEnd().split('\n');
  const nameservers = [...readFileSync(file('resolv.conf'), 'utf8').matchAll(/^nameserver\s+(\S+)/gm)];
  world.client.hosts = hosts;
  // A lease that was renewed by a call has written its own resolv.conf already.
  const asked = nameservers.map((match) => match[1] ?? '');
  if (asked.join() !== world.client.nameservers.join() && !DHCP.has(world)) world.client.nameservers = asked;
  const after = readFileSync(file('environment'), 'utf8').split('\0').filter(Boolean);
  const variables = new Map(after.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  for (const [name, value] of variables)
    if (before[name] !== value && !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)) world.client.env[name] = value;
  for (const name of Object.keys(world.client.env)) if (!variables.has(name)) delete world.client.env[name];
}

/** Worlds whose DHCP options a call has changed. */
const DHCP = new WeakSet<World>();

const WRITES: Readonly<Record<string, typeof EC2_WRITES | undefined>> = {
  ec2: EC2_WRITES,
  route53: ROUTE53_WRITES,
  route53resolver: RESOLVER_WRITES,
  s3api: S3_WRITES,
};

function makeCall(world: World, [id = '', service = '', operation = '', ...words]: readonly string[]): void {
  if (operation === 'wait') {
    waited(world, words);
    return;
  }
  const write = WRITES[service]?.[operation];
  if (write !== undefined) {
    write(world, options(words), id);
    if (operation === 'associate-dhcp-options') DHCP.add(world);
    return;
  }
  if (!/^(describe|get|search|list)-/.test(operation))
    throw new Error(`nobody has taught the bed this call: aws ${service} ${operation}`);
}

/** Everything comes about at once here; what would be waited for in vain fails, as it does on a terminal. */
function waited(world: World, [state = '', ...words]: readonly string[]): void {
  const ids = options(words).all('nat-gateway-ids');
  const there = ids.filter((id) =>
    world.api.natGateways.some((nat) => nat.NatGatewayId === id && nat.State === 'available'),
  );
  const wanted = { 'nat-gateway-available': ids.length, 'nat-gateway-deleted': 0 }[state];
  if (wanted === undefined) throw new Error(`nobody has taught the bed this call: aws ec2 wait ${state}`);
  if (ids.length === 0 || there.length !== wanted) throw new Error(`Waiter ${state} failed: Max attempts exceeded`);
}

function options(words: readonly string[]): Call {
  const values: Record<string, string[]> = {};
  let name = '';
  for (const word of words) {
    if (word.startsWith('--')) {
      name = word.slice(2);
      values[name] = [];
    } else values[name]?.push(word);
  }
  return {
    all: (option) => values[option] ?? [],
    one: (option) => values[option]?.[0],
    has: (option) => option in values,
  };
}
