/**
 * `remote` as it is used: the built command asks a Systems Manager on loopback, which runs the real Command document on two hosts
 * in namespaces, one after the other. Each brings the tool from a bucket behind its gateway endpoint, with curl, by the names and
 * routes of its VPC, and checks it; what it saw is joined with the description that the EC2 API on loopback gives.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startEc2Api } from '../../src/lab/ec2-api.ts';
import { ANY_LOOPBACK_PORT, type Listening } from '../../src/lab/listen.ts';
import { startResolverApi, startRoute53Api } from '../../src/lab/route53-api.ts';
import { startStsApi } from '../../src/lab/sts-api.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import type { CommandDocument } from '../remote/support/command-document.ts';
import { type Executed, startFakeSsm } from '../remote/support/fake-ssm.ts';
import { startBed } from './bed.ts';

const LIMIT_MS = 60_000;
const [GOOD, BAD] = ['i-0aaaaaaaaaaaaaaa1', 'i-0bbbbbbbbbbbbbbb2'];

/** @returns what went wrong; empty when nothing did */
export async function ssmFlow(tool: readonly string[]): Promise<readonly string[]> {
  const binary = `#!/bin/sh\nexec ${tool.map((word) => `'${word}'`).join(' ')} "$@"\n`;
  const sum = createHash('sha256').update(binary).digest('hex');
  const objects = Object.fromEntries(
    ['x64', 'arm64'].map((machine) => [`tools/vpce-doctor/vpce-doctor-linux-${machine}`, binary]),
  );
  const text = readFileSync(new URL('../../deploy/ssm/vpce-doctor.json', import.meta.url), 'utf8');
  let busy: Promise<unknown> = Promise.resolve();
  const running: Listening[] = [];
  try {
    const ssm = await startFakeSsm({
      documents: { 'vpce-doctor': JSON.parse(text) as CommandDocument },
      hosts: { [GOOD]: { tags: { role: 'web' } }, [BAD]: { tags: { role: 'web' } } },
      // A cell has room for one world at a time.
      execute: (id, script) => {
        const next = busy.then(() => onHost(id, script, objects));
        busy = next.catch(() => undefined);
        return next;
      },
    });
    const world = healthyWorld();
    const apis = await Promise.all(
      [startEc2Api, startStsApi, startRoute53Api, startResolverApi].map((start) => start(world, ANY_LOOPBACK_PORT)),
    );
    running.push(ssm, ...apis);
    const url = (one: Listening | undefined) => `http://127.0.0.1:${one?.port}`;
    const parameters = { Bucket: 'tools', Folder: 'vpce-doctor', Sha256X64: sum, Sha256Arm64: sum };
    const given = Object.entries(parameters).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);
    const selection = ['--targets', 'Key=tag:role,Values=web', '--region', world.region];
    const ran = await runHere(
      [...tool, 'remote', ...selection, ...given, LAB.secretsHost, '--timeout', '1.5', '--format', 'json'],
      {
        AWS_ENDPOINT_URL_SSM: url(ssm),
        AWS_ENDPOINT_URL_EC2: url(apis[0]),
        AWS_ENDPOINT_URL_STS: url(apis[1]),
        AWS_ENDPOINT_URL_ROUTE_53: url(apis[2]),
        AWS_ENDPOINT_URL_ROUTE53RESOLVER: url(apis[3]),
      },
    );
    return problemsOf(ran);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

function problemsOf({ status, stdout, stderr }: Executed): string[] {
  if (stdout === '') return [`no report (status ${status}): ${stderr.trim().slice(0, 600)}`];
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
  const found = reports.map(({ vantage, verdict, causes }) =>
    [
      vantage.instanceId,
      verdict,
      ...causes.filter(({ severity }) => severity === 'blocking').map(({ code, standing }) => `${code} ${standing}`),
    ].join(' '),
  );
  const wanted = [`${GOOD} healthy`, `${BAD} blocked hosts-file-overrides confirmed`];
  const described = reports.every(({ coverage }) => coverage.some(({ what }) => what === 'ec2:DescribeVpcEndpoints'));
  return [
    ...(found.join('; ') === wanted.join('; ') ? [] : [`found ${found.join('; ')}, not ${wanted.join('; ')}`]),
    ...(status === 1 ? [] : [`ended with status ${status}, not 1`]),
    ...(stderr === '' ? [] : [`said ${stderr.trim().slice(0, 600)}`]),
    ...(described ? [] : ['the description of the VPC is missing']),
  ];
}

/** Runs the document's script on a host of its own world, as the agent would. */
async function onHost(id: string, script: string, objects: Readonly<Record<string, string>>): Promise<Executed> {
  const world = JSON.parse(JSON.stringify(healthyWorld()).replaceAll(LAB.instance, id)) as World;
  if (id === BAD) world.client.hosts.push(`10.0.9.9 ${LAB.secretsHost}`);
  const bed = await startBed(world, { objects });
  try {
    const agent = [
      `AWS_SSM_INSTANCE_ID=${id}`,
      `AWS_SSM_REGION_NAME=${world.region}`,
      `VPCE_DOCTOR_HOME=/run/home-${id}`,
    ];
    const { status, stdout, stderr } = await bed.run(['env', ...agent, 'sh', '-c', script], LIMIT_MS);
    return { status: status ?? 255, stdout, stderr };
  } finally {
    await bed.close();
  }
}

/** Runs the command where its user sits: in the cell's own namespace, which has loopback and nothing else. */
function runHere(command: readonly string[], own: Readonly<Record<string, string>>): Promise<Executed> {
  const [program = '', ...args] = command;
  const env = {
    PATH: process.env['PATH'] ?? '',
    VPCE_DOCTOR_ONLY: '127.0.0.0/8',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    ...own,
  };
  const child = spawn(program, args, { env, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<Executed>();
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (status) => resolve({ status: status ?? 255, stdout, stderr }));
  return promise;
}
