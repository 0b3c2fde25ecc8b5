/**
 * `remote --script` end to end on loopback: the command sends the probe script with AWS-RunShellScript to a fake Systems Manager,
 * which runs it with a real shell and the tools that a host has; its evidence meets the description that the lab's EC2 API gives.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { lab, run } from '../cli/support/run.ts';
import { BASE, DIG, HOST, SHELLS, startService } from '../script/support/shell.ts';
import { RUN_SHELL_SCRIPT } from './support/command-document.ts';
import { startFakeS3 } from './support/fake-s3.ts';
import { type Executed, startFakeSsm } from './support/fake-ssm.ts';
import { runOnHost, type ScriptHost } from './support/script-host.ts';

const REGION = 'eu-west-1';
const BARE = 'i-0bbbbbbbbbbbbbbb2';
const FULL = [...BASE, 'bash', 'curl', 'openssl', 'gzip', 'base64'];

type Around = {
  readonly hosts: Readonly<Record<string, Partial<ScriptHost>>>;
  /** what the agent makes of an answer */
  readonly after?: (answer: Executed) => Executed;
};

async function surroundings({ hosts, after = (answer) => answer }: Around) {
  const s3 = await startFakeS3();
  onTestFinished(s3.stop);
  const inLab = await lab(healthyWorld());
  const { port, roots } = await startService();
  const imds = inLab.wire.route('tcp', '169.254.169.254', 80);
  const ssm = await startFakeSsm({
    documents: { 'AWS-RunShellScript': RUN_SHELL_SCRIPT },
    hosts: Object.fromEntries(Object.keys(hosts).map((id) => [id, {}])),
    execute: async (id, script) => {
      const metadata = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${imds?.port}` };
      const usual = { shell: 'dash', real: FULL, fake: { dig: DIG } };
      const own = hosts[id] ?? {};
      return after(
        await runOnHost(script, { ...usual, ...own, env: { NODE_EXTRA_CA_CERTS: roots, ...metadata, ...own.env } }),
      );
    },
    keep: (bucket, key, text) => {
      s3.objects.set(`${bucket}/${key}`, Buffer.from(text));
      return `https://s3.${REGION}.amazonaws.com/${bucket}/${key}`;
    },
  });
  onTestFinished(ssm.stop);
  const { route } = inLab.wire;
  const host = {
    ...inLab,
    env: {
      ...inLab.env,
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${ssm.port}`,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}`,
    },
    wire: {
      ...inLab.wire,
      route: (...to: Parameters<typeof route>) =>
        to[1] === '127.0.0.1' ? { address: to[1], port: to[2] } : route(...to),
    },
  };
  const remote = (...args: string[]) => run(['remote', '--script', '--region', REGION, ...args], { host });
  return { ssm, s3, remote, target: `https://${HOST}:${port}/` };
}

const outcomes = ({ observations }: Report) =>
  Object.fromEntries(observations.map(({ rung, outcome }) => [rung, outcome] as const));

describe.each(SHELLS)('%s', (shell) => {
  test('the script’s evidence and the description from here make one report', async () => {
    const { ssm, remote, target } = await surroundings({ hosts: { [LAB.instance]: { shell } } });
    const ran = await remote('--instance-ids', LAB.instance, target, '--format', 'json');
    expect(ran.stderr).toBe('');
    const report = JSON.parse(ran.stdout) as Report;
    expect(report.vantage).toMatchObject({ instanceId: LAB.instance, vpcId: LAB.vpc, region: REGION });
    expect(outcomes(report)).toMatchObject({ tcp: 'open', tls: 'trusted', https: 'aws-answer' });
    expect(report.coverage).toContainEqual(
      expect.objectContaining({ what: 'ec2:DescribeVpcEndpoints', outcome: 'made' }),
    );
    expect(ssm.sent).toHaveLength(1);
    expect(ssm.sent[0]).toMatchObject({ DocumentName: 'AWS-RunShellScript' });
  }, 60_000);

  test('a host with no tools at all answers too', async () => {
    const { remote, target } = await surroundings({ hosts: { [BARE]: { shell, real: [], fake: {} } } });
    const ran = await remote('--instance-ids', BARE, target, '--no-api', '--format', 'json');
    expect(ran.stderr).toBe('');
    const report = JSON.parse(ran.stdout) as Report;
    // Who it is and where the command was sent is known without it saying so.
    expect(report.vantage).toMatchObject({ instanceId: BARE, region: REGION });
    // BusyBox's shell runs its own programs where it has them.
    if (shell !== 'busybox sh')
      expect(report.coverage.map(({ why }) => why)).toContain(
        'no tool for TCP: bash, nc -z, curl and openssl are missing',
      );
    expect(ran.status).toBe(2);
  }, 60_000);
});

describe('what a host has to pack with', () => {
  test.each<[string, string[], RegExp]>([
    ['gzip and base64', ['gzip', 'base64'], /^vpce-doctor evidence gzip base64\n[A-Za-z0-9+/=]+\nvpce-doctor end\n$/],
    ['gzip and openssl', ['gzip', 'openssl'], /^vpce-doctor evidence gzip base64\n[A-Za-z0-9+/=]+\nvpce-doctor end\n$/],
    ['nothing', [], /^vpce-doctor evidence plain\n\{[\s\S]*\}\nvpce-doctor end\n$/],
  ])(
    '%s',
    async (_, tools, printed) => {
      const answers: string[] = [];
      const { remote, target } = await surroundings({
        hosts: { [BARE]: { real: [...BASE, ...tools] } },
        after: (answer) => {
          answers.push(answer.stdout);
          return answer;
        },
      });
      const ran = await remote('--instance-ids', BARE, target, '--no-api', '--format', 'json');
      expect(ran.stderr).toBe('');
      expect(answers).toEqual([expect.stringMatching(printed)]);
      expect((JSON.parse(ran.stdout) as Report).observations.length).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('limits', () => {
  const chatty = (answer: Executed) => ({ ...answer, stdout: `${'.'.repeat(23_000)}\n${answer.stdout}` });

  test('past 24,000 bytes the bucket has the whole', async () => {
    const { s3, remote, target } = await surroundings({ hosts: { [LAB.instance]: {} }, after: chatty });
    const ran = await remote('--instance-ids', LAB.instance, target, '--output-bucket', 'kept', '--format', 'json');
    expect(ran.stderr).toBe('');
    expect(outcomes(JSON.parse(ran.stdout) as Report)).toMatchObject({ https: 'aws-answer' });
    expect([...s3.objects.keys()].at(-1)).toMatch(/^kept\/.*\/awsrunShellScript\/0\.awsrunShellScript\/stdout$/);
  }, 60_000);

  test('and without one, a line says so', async () => {
    const { remote, target } = await surroundings({ hosts: { [LAB.instance]: {} }, after: chatty });
    const ran = await remote('--instance-ids', LAB.instance, target);
    expect([ran.status, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain('longer than Run Command’s 24,000 bytes: name a bucket with --output-bucket');
  }, 60_000);

  test('more targets than the document’s 64 KB have room for', async () => {
    const { ssm, remote } = await surroundings({ hosts: { [BARE]: {} } });
    const name = (i: number) => `${'a'.repeat(60)}.host${i}.example.com:443`;
    const ran = await remote('--instance-ids', BARE, ...Array.from({ length: 300 }, (_, i) => name(i)));
    expect([ran.status, ran.stdout]).toEqual([3, '']);
    expect(ran.stderr).toMatch(/^vpce-doctor: The script for so many targets is longer than .*: give fewer\.\n$/);
    expect(ssm.actions).toEqual([]);
  });

  test('as many as the tool lets through are taken by the service', async () => {
    const { ssm, remote } = await surroundings({
      hosts: { [BARE]: {} },
      after: (answer) => ({ ...answer, stdout: '' }),
    });
    const name = (i: number) => `${'a'.repeat(60)}.host${i}.example.com:443`;
    for (let count = 100; count > 0 && ssm.sent.length === 0; count -= 5)
      await remote(
        '--instance-ids',
        BARE,
        ...Array.from({ length: count }, (_, i) => name(i)),
        '--deadline',
        '4',
        '--no-api',
      );
    expect(ssm.sent).toHaveLength(1);
    expect(JSON.stringify(ssm.sent[0]).length).toBeGreaterThan(55_000);
  }, 60_000);

  test('a script that prints nothing', async () => {
    const { remote, target } = await surroundings({
      hosts: { [BARE]: { fake: { sh: 'exit 1' }, real: [] } },
    });
    const ran = await remote('--instance-ids', BARE, target);
    expect(ran.stderr).toBe(
      `vpce-doctor: ${BARE}: the run failed there (exit status 70): vpce-doctor: the script printed nothing.\n`,
    );
  });
});

test.each<[string, string[], string]>([
  ['no target', [], 'A script must be told what to probe'],
  ['a signature', ['sts', '--signed'], '--signed is for the document'],
  ['a parameter', ['sts', '--parameter', 'Bucket=tools'], '--parameter is for the document'],
  ['another document', ['sts', '--document', 'mine'], '--document is for the document'],
  ['one probe’s time', ['sts', '--timeout', '2'], '--timeout is for the document'],
  ['repetitions', ['sts', '--repeat', '2'], '--repeat is for the document'],
  ['a word of the shell', ['https://$(id).example.com/'], ''],
])('%s is refused in one line, and nothing is sent', async (_, args, words) => {
  const { ssm, remote } = await surroundings({ hosts: { [BARE]: {} } });
  const ran = await remote('--instance-ids', BARE, ...args);
  expect([ran.status, ran.stdout]).toEqual([3, '']);
  expect(ran.stderr).toContain(words);
  expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  expect(ssm.actions).toEqual([]);
});

test('the policy names AWS’s document and not ours', async () => {
  const policy = async (...args: string[]) => (await run(['iam-policy', 'remote', ...args])).stdout;
  const own = await policy();
  expect(own).toContain('"arn:*:ssm:*:*:document/vpce-doctor"');
  expect(await policy('--script')).toBe(
    own.replace('arn:*:ssm:*:*:document/vpce-doctor', 'arn:*:ssm:*::document/AWS-RunShellScript'),
  );
  const other = await run(['iam-policy', 'probe', '--script']);
  expect([other.status, other.stderr]).toEqual([3, 'vpce-doctor: --script belongs to the mode remote, not to probe\n']);
});
