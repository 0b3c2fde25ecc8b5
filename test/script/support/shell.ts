/** The probe script on a host of the test's own making: its files, its tools, its servers, all on loopback. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createAuthority } from '../../../src/lab/certificates.ts';
import type { Case } from '../../../src/model/case.ts';
import { unknownState } from '../../../src/model/state.ts';
import type { Target, TargetRequest } from '../../../src/model/target.ts';
import { caseOfRawEvidence } from '../../../src/script/raw-case.ts';
import { probeScript } from '../../../src/script/script.ts';

export const HOST = 'sts.eu-west-1.amazonaws.com';
export const SHELLS = ['dash', 'bash', 'busybox sh'] as const;

/** What no host is without, and what the script needs for side by side, time limits and JSON. */
export const BASE = [
  'cat',
  'date',
  'env',
  'head',
  'mktemp',
  'mv',
  'rm',
  'sed',
  'sh',
  'sleep',
  'tail',
  'timeout',
  'tr',
  'true',
];

export type Machine = {
  readonly shell?: string;
  /** names of real programs */
  readonly real?: readonly string[];
  /** programs of the test, as bodies of shell scripts; `$LOG` is a file for what they want to keep */
  readonly fake?: Readonly<Record<string, string>>;
  readonly resolvConf?: string;
  readonly hosts?: string;
  /** the network interfaces with their MTUs; this machine's own when not given */
  readonly interfaces?: Readonly<Record<string, number>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly deadline?: number;
  /** where the script's output goes, as a shell has it: `>/dev/full`, `| head -n 1` */
  readonly redirect?: string;
  /** a signal that is sent after so many milliseconds */
  readonly interruptAfter?: number;
};

export type Played = {
  readonly stdout: string;
  readonly ms: number;
  readonly status: number | null;
  /** what the script said on standard error; empty unless its output was redirected */
  readonly stderr: string;
  /** what it left in the folder for temporary files */
  readonly left: readonly string[];
  /** what the fake programs kept */
  readonly log: () => string;
  /** fails the test when the document is not one */
  readonly subject: () => Promise<Case>;
};

/** Runs the script for one target, `HOST` at `port`. */
export async function play(machine: Machine): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-script-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const [resolvConf, hosts, log, path] = ['resolv.conf', 'hosts', 'log', 'probe.sh'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(resolvConf, machine.resolvConf ?? 'nameserver 127.0.0.53\n');
  writeFileSync(hosts, machine.hosts ?? '127.0.0.1 localhost\n');
  writeFileSync(log, '');
  for (const name of machine.real ?? BASE) symlinkSync(whereIs(name), join(bin, name));
  for (const [name, body] of Object.entries(machine.fake ?? {})) {
    writeFileSync(join(bin, name), `#!${whereIs('sh')}\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const net = join(folder, 'net');
  for (const [name, mtu] of Object.entries(machine.interfaces ?? {})) {
    mkdirSync(join(net, name), { recursive: true });
    writeFileSync(join(net, name, 'mtu'), `${mtu}\n`);
  }
  const heads = 'Inter-|   Receive\n face |bytes    packets\n';
  const rows = Object.keys(machine.interfaces ?? {}).map((name) => `${name.padStart(6)}: 0 0 0\n`);
  if (machine.interfaces !== undefined) writeFileSync(join(net, 'dev'), [heads, ...rows].join(''));
  const { port = 443 } = machine;
  const requests: TargetRequest[] = [{ kind: 'host', text: HOST, host: HOST, port }];
  const target: Target = {
    id: HOST,
    requested: [HOST],
    host: HOST,
    port,
    application: 'https',
    serviceNames: [],
    serviceId: 'sts',
  };
  const written = probeScript({
    requests,
    targets: [target],
    state: unknownState('not-given'),
    region: 'eu-west-1',
    deadline: machine.deadline ?? 30,
    jobs: 16,
  })
    .replaceAll('/etc/resolv.conf', resolvConf)
    .replaceAll('/etc/hosts', hosts);
  const text =
    machine.interfaces === undefined
      ? written
      : written.replaceAll('/proc/net/dev', join(net, 'dev')).replaceAll('/sys/class/net/', `${net}/`);
  writeFileSync(path, text);
  const [program = '', ...words] = (machine.shell ?? 'dash').split(' ');
  const started = performance.now();
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const command = [whereIs(program), ...words, path];
  // The script's own status, and not that of who reads its output.
  const around = `{ "$@"; echo "status $?" >&2; } ${machine.redirect ?? ''}`;
  const [first = '', ...rest] =
    machine.redirect === undefined ? command : [whereIs('bash'), '-c', around, 'bash', ...command];
  const child = spawn(first, rest, {
    env: {
      TMPDIR: temporary,
      PATH: bin,
      LOG: log,
      HOME: folder,
      VPCE_DOCTOR_ONLY: '127.0.0.0/8',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...machine.env,
    },
    stdio: ['ignore', 'pipe', machine.redirect === undefined ? 'ignore' : 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const timer =
    machine.interruptAfter === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), machine.interruptAfter);
  const ended = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const own = /status (\d+)\n$/.exec(said)?.[1];
  const status = own === undefined ? ended : Number(own);
  clearTimeout(timer);
  const stdout = Buffer.concat(chunks)
    .toString('utf8')
    .replaceAll(resolvConf, '/etc/resolv.conf')
    .replaceAll(hosts, '/etc/hosts')
    .replaceAll(`${net}/`, '/sys/class/net/');
  const { readFileSync } = await import('node:fs');
  return {
    stdout,
    status,
    stderr: said.replace(/status \d+\n$/, ''),
    left: readdirSync(temporary),
    ms: performance.now() - started,
    log: () => readFileSync(log, 'utf8'),
    subject: async () => {
      const read = await caseOfRawEvidence(stdout, 'the document');
      if (read === undefined || !read.ok) throw new Error(read?.problem ?? `no document: ${stdout.slice(0, 300)}`);
      return read.case;
    },
  };
}

/** An AWS service on loopback, whose certificate has `HOST`; and the file with its root. */
export async function startService(): Promise<{
  readonly port: number;
  readonly roots: string;
  readonly asked: string[];
}> {
  const authority = createAuthority('Test Root CA', 'Test');
  const identity = authority.issue({ names: [HOST] });
  const folder = mkdtempSync(join(tmpdir(), 'vpce-doctor-roots-'));
  const roots = join(folder, 'roots.pem');
  writeFileSync(roots, authority.certificate);
  const asked: string[] = [];
  const server: Server = createServer({ cert: identity.certificate, key: identity.key }, (request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    response.writeHead(403, { 'x-amzn-requestid': 'abc', 'content-type': 'text/xml' });
    response.end('<Error><Code>MissingAuthenticationToken</Code></Error>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { port: (server.address() as AddressInfo).port, roots, asked };
}

/** dig, as it answers for a name that leads to loopback. */
export const DIG = `case "$*" in
  *AAAA*) printf ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\\n;; flags: qr rd ra; QUERY: 1\\n' ;;
  *) printf ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\\n;; flags: qr rd ra; QUERY: 1\\n\\n;; ANSWER SECTION:\\n%s 60 IN A 127.0.0.1\\n' "$2" ;;
esac
echo "dig $*" >>"$LOG"`;

export function whereIs(name: string): string {
  const { stdout } = spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`], { encoding: 'utf8' });
  if (stdout.trim() === '') throw new Error(`${name} is not installed`);
  return stdout.trim();
}
