/**
 * `remote` end to end on loopback: the command talks to a fake Systems Manager, which runs the real document with a real shell;
 * that brings a binary from a fake bucket, checks it, and runs it on a host of the lab.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MODE_CALLS, policyOf } from '../../src/collect/mode-calls.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Host } from '../../src/model/host.ts';
import type { Report } from '../../src/model/report.ts';
import { reportJsonSchema } from '../../src/report/schema.ts';
import { emptyFolder, lab, run } from '../cli/support/run.ts';
import { runAgentScript } from './support/agent.ts';
import type { CommandDocument } from './support/command-document.ts';
import { type FakeS3, startFakeS3 } from './support/fake-s3.ts';
import { type FakeSsm, type FakeSsmOptions, startFakeSsm } from './support/fake-ssm.ts';
import { HOSTS } from './support/hosts.ts';

const DOCUMENT = JSON.parse(
  readFileSync(new URL('../../deploy/ssm/vpce-doctor.json', import.meta.url), 'utf8'),
) as CommandDocument;
const TOOL = fileURLToPath(new URL('support/lab-tool.ts', import.meta.url));
const REGION = 'eu-west-1';
const [GOOD, BAD] = Object.keys(HOSTS) as [string, string];
const valid = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('refused'));

/** What stands in for the binary: the sources on this Node, on the host's own lab. */
const BINARY = `#!/bin/sh\nexec '${process.execPath}' '${TOOL}' "$@"\n`;
const SUM = createHash('sha256').update(BINARY).digest('hex');

/** Every action that these tests have made the command ask for, but those of the hosts. */
const called = new Set<string>();

type Surroundings = {
  /** by name, what is set up; more may be added */
  readonly documents: Record<string, CommandDocument>;
  readonly ssm: FakeSsm;
  readonly s3: FakeS3;
  readonly host: Host;
  readonly home: string;
};

async function surroundings(options: Partial<FakeSsmOptions> = {}): Promise<Surroundings> {
  const s3 = await startFakeS3();
  onTestFinished(s3.stop);
  s3.objects.set('tools/vpce-doctor/vpce-doctor-linux-x64', Buffer.from(BINARY));
  s3.objects.set('tools/vpce-doctor/vpce-doctor-linux-arm64', Buffer.from(BINARY));
  const home = emptyFolder();
  const documents: Record<string, CommandDocument> = { 'vpce-doctor': DOCUMENT };
  const ssm = await startFakeSsm({
    documents,
    hosts: Object.fromEntries(Object.keys(HOSTS).map((id) => [id, { tags: { role: 'web' } }])),
    execute: (id, script) =>
      runAgentScript(script, {
        AWS_SSM_INSTANCE_ID: id,
        AWS_SSM_REGION_NAME: REGION,
        VPCE_DOCTOR_HOME: home,
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}`,
      }),
    keep: (bucket, key, text) => {
      s3.objects.set(`${bucket}/${key}`, Buffer.from(text));
      return `https://s3.${REGION}.amazonaws.com/${bucket}/${key}`;
    },
    ...options,
  });
  onTestFinished(ssm.stop);
  const inLab = await lab(healthyWorld());
  const { route } = inLab.wire;
  const host: Host = {
    ...inLab,
    env: {
      ...inLab.env,
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${ssm.port}`,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}`,
    },
    wire: { ...inLab.wire, route: (...to) => (to[1] === '127.0.0.1' ? { address: to[1], port: to[2] } : route(...to)) },
  };
  return { documents, ssm, s3, host, home };
}

const parameters = (s3: FakeS3, own: Record<string, string> = {}) =>
  Object.entries({
    Bucket: 'tools',
    Folder: 'vpce-doctor',
    Sha256X64: SUM,
    Sha256Arm64: SUM,
    S3Endpoint: `http://127.0.0.1:${s3.port}`,
    ...own,
  }).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);

async function remote({ host, s3, ssm }: Surroundings, ...args: string[]) {
  const ran = await run(['remote', ...parameters(s3), '--region', REGION, ...args], { host });
  for (const action of [...ssm.actions, ...s3.actions])
    if (!action.endsWith(' unsigned')) called.add(action.replace(/ signed$/, ''));
  return ran;
}

describe('remote', () => {
  test('asks two hosts, reads the VPC once from here, and reports for each', async () => {
    const around = await surroundings({ throttleEvery: 5 });
    const ran = await remote(around, '--instance-ids', `${GOOD},${BAD}`, LAB.secretsHost, '--format', 'json');
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(1);
    const [good, bad, ...more] = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Report);
    expect(more).toEqual([]);
    expect([good?.verdict, bad?.verdict]).toEqual(['healthy', 'blocked']);
    expect(bad?.causes[0]).toMatchObject({ code: 'ca-bundle-missing', standing: 'confirmed' });
    for (const report of [good, bad]) {
      expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
      // From the host the packets, from here the description.
      expect(report?.observations.length).toBeGreaterThan(2);
      expect(report?.coverage.map(({ what }) => what)).toContain('ec2:DescribeVpcEndpoints');
    }
    // The host itself asked for nothing but the binary.
    expect(new Set(around.s3.actions)).toEqual(new Set(['s3:GetObject unsigned']));
  }, 60_000);

  test('hosts by tag, as text; and the binary is brought once', async () => {
    const around = await surroundings();
    const args = ['--targets', 'Key=tag:role,Values=web,db', LAB.secretsHost, '--no-api'];
    const ran = await remote(around, ...args);
    expect(ran.stderr).toBe('');
    // What they have in common first, as `fleet` says it.
    expect(ran.stdout).toMatch(/^.*(?:2 hosts|1 of 2).*\n/);
    expect(ran.stdout).toMatch(new RegExp(`\n${GOOD} +\\w+ .*\n${BAD} +\\w+ .*\n`));
    expect(ran.stdout).toContain('ca-bundle-missing');
    const fetched = around.s3.actions.length;
    await remote(around, '--instance-ids', GOOD, LAB.secretsHost, '--no-api');
    expect(around.s3.actions.length).toBe(fetched);
  }, 60_000);

  test('one host’s report is what a run there would print', async () => {
    const around = await surroundings();
    const ran = await remote(around, '--instance-ids', BAD, LAB.secretsHost);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^vpce-doctor .*\n(?:.*\n)*BLOCKED {2}/);
  }, 60_000);

  test('what one host lacks is one line, and the others are reported', async () => {
    const around = await surroundings({
      hosts: {
        [GOOD]: {},
        'i-0cccccccccccccccc': { state: 'offline' },
        'i-0dddddddddddddddd': { state: 'denied' },
      },
    });
    const ids = `${GOOD},i-0cccccccccccccccc,i-0dddddddddddddddd,i-0eeeeeeeeeeeeeeee`;
    const ran = await remote(around, '--instance-ids', ids, LAB.secretsHost, '--format', 'json');
    expect(ran.stderr.trim().split('\n')).toEqual([
      'vpce-doctor: i-0cccccccccccccccc: Systems Manager cannot deliver the command: the host does not exist, is stopped, or its agent is offline.',
      'vpce-doctor: i-0dddddddddddddddd: ssm:SendCommand is denied (AccessDeniedException: not authorized to perform: ssm:SendCommand on resource: instance).',
      'vpce-doctor: i-0eeeeeeeeeeeeeeee: Systems Manager does not manage it (InvalidInstanceId): it is not running, its agent is not registered, or it is of another Region.',
    ]);
    expect((JSON.parse(ran.stdout) as Report).verdict).toBe('healthy');
    expect(ran.status).toBe(2);
  }, 60_000);

  test('a binary with other bytes is not run', async () => {
    const around = await surroundings();
    around.s3.objects.set('tools/vpce-doctor/vpce-doctor-linux-x64', Buffer.from('#!/bin/sh\ntouch /tmp/never\n'));
    around.s3.objects.set('tools/vpce-doctor/vpce-doctor-linux-arm64', Buffer.from('#!/bin/sh\ntouch /tmp/never\n'));
    const ran = await remote(around, '--instance-ids', GOOD, LAB.secretsHost);
    expect([ran.status, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toMatch(
      /^vpce-doctor: i-0a{15}1: the run failed there \(exit status 70\): vpce-doctor: http:.* has another SHA-256 than Sha256\w+: nothing was run\.\n$/,
    );
  }, 30_000);

  test('a host that is silent until the deadline is left out', async () => {
    const around = await surroundings({ hosts: { [GOOD]: { state: 'slow' } } });
    const ran = await remote(around, '--instance-ids', GOOD, LAB.secretsHost, '--deadline', '3');
    expect(ran.stderr).toBe(
      `vpce-doctor: ${GOOD}: no answer in time: the host is not reached yet; Systems Manager keeps trying.\n`,
    );
    expect(ran.status).toBe(2);
  });

  test('evidence past Run Command’s limit comes from the bucket, or says what is missing', async () => {
    const long = async (_id: string, script: string) => {
      const answer = await runAgentScript(script, {
        AWS_SSM_INSTANCE_ID: BAD,
        AWS_SSM_REGION_NAME: REGION,
        VPCE_DOCTOR_HOME: home,
      });
      // As if there were much more of it: an agent that is chatty in front of the answer.
      return { ...answer, stdout: `${'.'.repeat(23_000)}\n${answer.stdout}` };
    };
    const around = await surroundings({ execute: long });
    const { home } = around;
    const without = await remote(around, '--instance-ids', BAD, LAB.secretsHost, '--no-api');
    expect(without.stderr).toContain('longer than Run Command’s 24,000 bytes: name a bucket with --output-bucket');
    const kept = await remote(
      around,
      '--instance-ids',
      BAD,
      LAB.secretsHost,
      '--no-api',
      '--output-bucket',
      'kept',
      '--output-folder',
      'a/b',
      '--format',
      'json',
    );
    expect(kept.stderr).toBe('');
    expect((JSON.parse(kept.stdout) as Report).causes[0]?.code).toBe('ca-bundle-missing');
    expect(around.s3.actions).toContain('s3:GetObject signed');
    expect([...around.s3.objects.keys()].at(-1)).toMatch(
      /^kept\/a\/b\/[0-9a-f-]{36}\/i-\w+\/awsrunShellScript\/vpceDoctor\/stdout$/,
    );
  }, 60_000);

  test.each<[string, string[], string]>([
    ['no host', [], 'they must be named'],
    ['both selections', ['--instance-ids', GOOD, '--targets', 'Key=tag:a,Values=b'], 'not both'],
    ['no instance id', ['--instance-ids', 'web-1'], 'is no instance id'],
    ['a selection without values', ['--targets', 'tag:role=web'], 'give Key=tag:NAME,Values=VALUE'],
    ['a parameter without value', ['--instance-ids', GOOD, '--parameter', 'Bucket'], 'give NAME=VALUE'],
    [
      'a report for several hosts in Markdown',
      ['--instance-ids', `${GOOD},${BAD}`, '--format', 'markdown'],
      'is for one host',
    ],
  ])('%s is refused in one line, and nothing is sent', async (_, args, words) => {
    const around = await surroundings();
    const ran = await remote(around, ...args);
    expect([ran.status, ran.stdout]).toEqual([3, '']);
    expect(ran.stderr).toContain(words);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    expect(around.ssm.actions).toEqual([]);
  });

  test.each<[string, Partial<FakeSsmOptions>, string]>([
    ['a document that is not there', { documents: {} }, 'there is no document vpce-doctor in this Region'],
    ['a caller who may not send', { denied: ['ssm:SendCommand'] }, 'ssm:SendCommand is denied'],
    ['a caller who may not read', { denied: ['ssm:ListCommandInvocations'] }, 'ssm:ListCommandInvocations is denied'],
    ['a caller who may not read one', { denied: ['ssm:GetCommandInvocation'] }, 'ssm:GetCommandInvocation is denied'],
  ])(
    '%s is told in one line',
    async (_, options, words) => {
      const around = await surroundings(options);
      const ran = await remote(around, '--instance-ids', GOOD, LAB.secretsHost);
      expect(ran.stderr).toContain(words);
      expect(ran.stderr.trim().split('\n')).toHaveLength(1);
      expect(ran.status).toBe(2);
    },
    30_000,
  );

  test('a stack’s document knows where its binaries are: no parameter is needed', async () => {
    const around = await surroundings();
    const known = { Bucket: 'tools', Folder: 'vpce-doctor', Sha256X64: SUM, Sha256Arm64: SUM };
    const defaults = { ...known, S3Endpoint: `http://127.0.0.1:${around.s3.port}` };
    const own = Object.entries(defaults).map(([name, value]) => [
      name,
      { ...DOCUMENT.parameters[name], default: value },
    ]);
    const document = { ...DOCUMENT, parameters: { ...DOCUMENT.parameters, ...Object.fromEntries(own) } };
    around.documents['of-a-stack'] = document;
    const args = ['--document', 'of-a-stack', '--instance-ids', BAD, LAB.secretsHost, '--no-api'];
    const ran = await run(['remote', '--region', REGION, ...args], { host: around.host });
    expect([ran.stderr, ran.status]).toEqual(['', 1]);
  }, 60_000);

  test.each([
    ['by id', ['--instance-ids', GOOD], `${GOOD}: `],
    ['by tag', ['--targets', 'Key=tag:role,Values=web'], ''],
  ])(
    'hosts %s: a document that is not told where the binaries are says what to give, and exits as ever',
    async (_, hosts, start) => {
      const { host } = await surroundings();
      const ran = await run(['remote', '--region', REGION, ...hosts, LAB.secretsHost], { host });
      expect(ran.stderr).toBe(
        `vpce-doctor: ${start}the document does not know where the binaries are: give --parameter Bucket=…, Folder=… and Sha256X64=… or Sha256Arm64=… (InvalidParameters: Bucket is required).\n`,
      );
      expect([ran.status, ran.stdout]).toEqual([2, '']);
    },
  );

  test('the policy allows what all of these have called, and nothing else', () => {
    expect(called).toEqual(new Set(MODE_CALLS.remote.map(({ action }) => action)));
    const allowed = policyOf('remote').Statement.flatMap(({ Action }) => Action);
    for (const action of called) expect(allowed).toContain(action);
    const send = policyOf('remote').Statement.find(({ Action }) => Action.includes('ssm:SendCommand'));
    expect(send?.Resource).not.toContain('*');
  });

  test('a tag that no host has', async () => {
    const around = await surroundings();
    const ran = await remote(around, '--targets', 'Key=tag:role,Values=none', LAB.secretsHost);
    expect([ran.status, ran.stderr]).toEqual([3, 'vpce-doctor: No managed host matches: nothing was run.\n']);
  });
});
