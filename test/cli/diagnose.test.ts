/** `vpce-doctor diagnose --state FOLDER`: AWS CLI output in, verdict and causes out, and no packet sent. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { run } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

function broken(...codes: readonly string[]): World {
  const world = healthyWorld();
  for (const code of codes) checkOf(code)?.demonstration.inject(world);
  return world;
}

const FROM = ['--from', LAB.clientInterface];

async function diagnosed(folder: string, ...args: string[]): Promise<Report & { readonly status: number | null }> {
  const { status, stdout } = await run(['diagnose', '--state', folder, '--format', 'json', ...args]);
  return { ...(JSON.parse(stdout) as Report), status };
}

describe('a folder of AWS CLI outputs', () => {
  test('a healthy VPC', async () => {
    const report = await diagnosed(stateFolder(healthyWorld()), ...FROM, LAB.secretsHost);
    expect(report).toMatchObject({ status: 0, verdict: 'healthy', causes: [], undecided: [], observations: [] });
    expect(report.targets.map(({ id, status, intendedPath }) => [id, status, intendedPath])).toEqual([
      [LAB.secretsHost, 'reachable', `${LAB.secretsEndpoint} (interface)`],
    ]);
  });

  test.each([
    'endpoint-sg-blocks-client',
    'client-nacl-blocks-return',
    'endpoint-rejected',
    'vpc-dns-support-disabled',
  ])('%s', async (code) => {
    const report = await diagnosed(stateFolder(broken(code)), ...FROM, LAB.secretsHost);
    expect([report.status, report.verdict]).toEqual([1, 'blocked']);
    expect(report.causes[0]).toMatchObject({ rank: 1, code, standing: 'modelled', targets: [LAB.secretsHost] });
  });

  test('two faults at once are both named, and neither fix alone is claimed to open the target', async () => {
    const codes = ['client-sg-blocks-egress', 'endpoint-sg-blocks-client'];
    const report = await diagnosed(stateFolder(broken(...codes)), ...FROM, LAB.secretsHost);
    expect(report.causes.map(({ code }) => code).toSorted()).toEqual(codes);
    expect(report.causes.map(({ fix }) => fix.proof)).toEqual(['necessary', 'necessary']);
    expect(report.fixPlan).toMatchObject({ opens: [LAB.secretsHost], remaining: [] });
  });

  test('without a target, every endpoint of the client’s VPC', async () => {
    const report = await diagnosed(stateFolder(healthyWorld()), ...FROM);
    expect(report.targets.map(({ id }) => id)).toEqual([LAB.s3Host, LAB.secretsHost]);
  });

  test('the client by interface, instance and address is one client', async () => {
    const folder = stateFolder(broken('endpoint-sg-blocks-client'));
    const froms = [LAB.clientInterface, LAB.instance, LAB.clientAddress];
    const reports = await Promise.all(froms.map((from) => diagnosed(folder, '--from', from, LAB.secretsHost)));
    for (const { vantage, causes } of reports) {
      expect(vantage).toMatchObject({ networkInterfaceId: LAB.clientInterface, subnetId: LAB.clientSubnet });
      expect(causes.map(({ code }) => code)).toEqual(['endpoint-sg-blocks-client']);
    }
  });

  test('an impossible client is refused, with what would help', async () => {
    const folder = stateFolder(healthyWorld());
    for (const [from, why] of [
      ['eni-99999999', 'no such network interface among the 3 in the state'],
      ['i-99999999', 'no such instance in the state'],
      ['192.168.0.1', 'lies in none of the 4 subnets'],
    ] as const) {
      const { status, stdout, stderr } = await run(['diagnose', '--state', folder, '--from', from, LAB.secretsHost]);
      expect([status, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/^vpce-doctor: [^\n]+\n$/);
      expect(stderr).toContain(`--from ${from}: `);
      expect(stderr).toContain(why);
    }
  });

  test('without a client it says so, and who it could be', async () => {
    const { status, stdout, stderr } = await run(['diagnose', '--state', stateFolder(healthyWorld()), LAB.secretsHost]);
    expect(status).toBe(2);
    expect(stdout).toMatch(/INCONCLUSIVE/);
    const advice = 'give it with --from eni-…, i-… or its IP address. The state has eni-c0000001 (10.0.1.23,';
    expect(stderr).toContain(advice);
    expect(stdout.replace(/\s+/g, ' ')).toContain(advice);
  });

  test('what no document mentions is unknown, and the report names the call that would tell', async () => {
    const report = await diagnosed(stateFolder(healthyWorld(), ['networkAcls']), ...FROM, LAB.secretsHost);
    expect([report.status, report.verdict]).toEqual([2, 'inconclusive']);
    const missing = report.undecided.flatMap((entry) => entry.missing.map(({ action }) => action));
    expect([...new Set(missing)]).toEqual(['ec2:DescribeNetworkAcls']);
  });

  test('a document of unknown kind is a warning, and the run goes on', async () => {
    const folder = stateFolder(healthyWorld());
    writeFileSync(join(folder, 'buckets.json'), '{"Buckets": []}');
    writeFileSync(join(folder, 'notes.txt'), 'no JSON at all, and nobody’s business');
    const args = ['diagnose', '--state', folder, ...FROM, LAB.secretsHost];
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/HEALTHY/);
    expect(stderr).toMatch(/^vpce-doctor: [^\n]*buckets\.json[^\n]*\n$/);
    expect(stdout.replace(/\s+/g, ' ')).toContain('buckets.json');
    expect(await run([...args, '--quiet'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('files, folders, pages and repetitions are joined', async () => {
    const world = healthyWorld();
    const whole = stateFolder(world);
    const rest = stateFolder(world, ['networkInterfaces']);
    const last = world.api.networkInterfaces.length - 1;
    const pages = world.api.networkInterfaces.map((one, index) => {
      const file = join(rest, `page-${index}.txt`);
      writeFileSync(file, JSON.stringify({ NetworkInterfaces: [one], ...(index < last ? { NextToken: 'more' } : {}) }));
      return ['--state', file];
    });
    const args = (given: readonly string[][]) => [
      'diagnose',
      '--state',
      rest,
      ...given.flat(),
      '--format',
      'json',
      ...FROM,
      LAB.secretsHost,
    ];
    const { stdout } = await run(args(pages));
    const report = JSON.parse(stdout) as Report;
    expect(report.verdict).toBe('healthy');
    expect(report.targets).toEqual((await diagnosed(whole, ...FROM, LAB.secretsHost)).targets);
    // Without the last page there is more, and nobody knows what.
    expect((await run(args(pages.slice(0, -1)))).status).not.toBe(0);
  });
});

describe('the Region', () => {
  // Of these documents none tells a Region.
  const silent = () => stateFolder(healthyWorld(), ['subnets', 'vpcEndpoints', 'networkInterfaces']);

  test('comes from --region, before or after the command', async () => {
    const folder = silent();
    for (const args of [
      ['--region', 'eu-west-1', 'diagnose', '--state', folder, 'sts'],
      ['diagnose', '--state', folder, 'sts', '--region', 'EU-WEST-1'],
    ]) {
      const { stdout } = await run([...args, '--format', 'json']);
      expect((JSON.parse(stdout) as Report).targets.map(({ id }) => id)).toEqual(['sts.eu-west-1.amazonaws.com']);
    }
  });

  test('else from the environment', async () => {
    const { stdout } = await run(['diagnose', '--state', silent(), 'sts', '--format', 'json'], {
      env: { AWS_REGION: 'eu-west-1' },
    });
    expect((JSON.parse(stdout) as Report).targets.map(({ id }) => id)).toEqual(['sts.eu-west-1.amazonaws.com']);
  });

  test('of the documents counts more than the environment', async () => {
    const { stdout } = await run(
      ['diagnose', '--state', stateFolder(healthyWorld()), ...FROM, 'secretsmanager', '--format', 'json'],
      { env: { AWS_REGION: 'us-east-1' } },
    );
    expect((JSON.parse(stdout) as Report).targets.map(({ id }) => id)).toEqual([LAB.secretsHost]);
  });

  test('is asked for where nobody tells it', async () => {
    const { status, stdout } = await run(['diagnose', '--state', silent(), 'sts']);
    expect(status).toBe(2);
    expect(stdout).toMatch(/set --region or\s+AWS_REGION/);
  });
});

test('options before the command are the command’s, lists are joined, and the nearer one wins', async () => {
  const folder = stateFolder(healthyWorld(), ['networkAcls']);
  const acls = stateFolder(healthyWorld());
  const before = ['--state', folder, '--format', 'text', '--from', 'eni-99999999'];
  const { status, stdout } = await run([
    ...before,
    'diagnose',
    '--state',
    acls,
    '--format',
    'json',
    ...FROM,
    LAB.secretsHost,
  ]);
  expect(status).toBe(0);
  expect((JSON.parse(stdout) as Report).verdict).toBe('healthy');
});
