/** A run on a host that is a part of the lab: with everything, with nothing, and with what the user adds. */
import { describe, expect, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB, LAB_ACCOUNT, type World } from '../../src/lab/world.ts';
import type { Host } from '../../src/model/host.ts';
import type { Report } from '../../src/model/report.ts';
import { lab, run } from './support/run.ts';

const QUICK = ['--timeout', '0.3'];

async function reported(host: Host, ...args: string[]): Promise<Report & { readonly status: number | null }> {
  const { status, stdout } = await run([...args, ...QUICK, '--format', 'json'], { host });
  return { ...(JSON.parse(stdout) as Report), status };
}

/** No metadata service, no credentials, and an EC2 API where nobody answers: packets are all there is. */
async function bareHost(world: World): Promise<Host> {
  world.client.metadata = 'none';
  const host = await lab(world);
  const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...env } = host.env;
  return {
    ...host,
    env: { ...env, AWS_ENDPOINT_URL_EC2: 'http://10.0.9.9:80', AWS_ENDPOINT_URL_STS: 'http://10.0.9.9:80' },
  };
}

function broken(code: string): World {
  const world = healthyWorld();
  checkOf(code)?.demonstration.inject(world);
  return world;
}

describe('with nothing but packets', () => {
  test('probe names the cause as likely, and sends nothing to the API', async () => {
    const host = await bareHost(broken('endpoint-sg-blocks-client'));
    const report = await reported(host, 'probe', LAB.secretsHost, '--deadline', '15');
    expect([report.status, report.verdict]).toEqual([1, 'blocked']);
    expect(report.causes.map(({ standing }) => standing)).toContain('likely');
    expect(report.causes.map(({ code }) => code)).toContain('endpoint-sg-blocks-client');
    expect(report.coverage.filter(({ what }) => /^(ec2|sts):/.test(what))).toEqual([]);
    expect(report.warnings.join(' ')).not.toMatch(/deadline/);
    expect(report.vantage.notes.join(' ')).toMatch(/metadata/);
  });

  test('probe of a healthy endpoint says that it is reached, and what it could not see', async () => {
    const report = await reported(await bareHost(healthyWorld()), 'probe', LAB.secretsHost);
    expect(report.targets).toMatchObject([{ id: LAB.secretsHost, status: 'reachable' }]);
    expect(report.causes).toEqual([]);
    expect(report.undecided.length).toBeGreaterThan(0);
  });

  test('without targets it looks at what Session Manager needs, and says so', async () => {
    const report = await reported(await bareHost(healthyWorld()), 'probe', '--deadline', '20');
    expect(report.targets.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['ssm.eu-west-1.amazonaws.com', 'ssmmessages.eu-west-1.amazonaws.com']),
    );
    expect(report.warnings.join(' ')).toMatch(/Session Manager/);
  });

  test('a full run gets as far without credentials, and says that no call was made', async () => {
    const report = await reported(await bareHost(broken('endpoint-sg-blocks-client')), LAB.secretsHost);
    expect([report.status, report.verdict]).toEqual([1, 'blocked']);
    const calls = report.coverage.filter(({ what }) => what.startsWith('ec2:'));
    expect(calls.length).toBeGreaterThan(10);
    for (const { outcome, why } of calls)
      expect([outcome, why]).toEqual(['skipped', expect.stringMatching(/credentials/)]);
  });

  test('an EC2 API where nobody answers holds up neither the probes nor the report', async () => {
    const host = await lab(broken('endpoint-sg-blocks-client'));
    const silent = { ...host, env: { ...host.env, AWS_ENDPOINT_URL_EC2: 'http://10.0.9.9:80' } };
    const report = await reported(silent, LAB.secretsHost, '--deadline', '3');
    expect([report.status, report.verdict]).toEqual([1, 'blocked']);
    expect(report.causes.map(({ code, standing }) => `${code} ${standing}`)).toContain(
      'endpoint-sg-blocks-client likely',
    );
    const calls = report.coverage.filter(({ what }) => what === 'ec2:DescribeSecurityGroups');
    expect(calls).toMatchObject([{ outcome: 'refused', why: expect.stringMatching(/timeout/) }]);
    expect(report.observations.filter(({ outcome }) => outcome === 'skipped')).toEqual([]);
  });
});

describe('targets', () => {
  test('from a pasted error line', async () => {
    const host = await lab(broken('endpoint-sg-blocks-client'));
    const line = `Could not connect to the endpoint URL: "https://${LAB.secretsHost}/"`;
    const report = await reported(host, '--error', line);
    expect(report.targets.map(({ id }) => id)).toEqual([LAB.secretsHost]);
    expect(report.causes[0]?.code).toBe('endpoint-sg-blocks-client');
  });

  test('of a workload', async () => {
    const world = healthyWorld();
    for (const host of ['api.ecr.eu-west-1.amazonaws.com', `${LAB_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`])
      world.publicDns[host] = { A: ['52.94.10.30'] };
    const report = await reported(await lab(world), '--workload', 'ecr-pull', '--deadline', '15');
    const hosts = report.targets.map(({ id }) => id);
    expect(hosts).toContain('api.ecr.eu-west-1.amazonaws.com');
    expect(hosts).toContain(LAB.s3Host);
    expect(report.status).toBe(1);
    expect(new Set(report.causes.map(({ code }) => code))).toEqual(new Set(['endpoint-missing']));
  });

  test('every kind in one run: endpoint id, service, service name, address, URL', async () => {
    const report = await reported(
      await lab(healthyWorld()),
      LAB.secretsEndpoint,
      's3',
      'com.amazonaws.eu-west-1.secretsmanager',
      `${LAB.secretsAddressA}:443`,
      `https://${LAB.secretsHost}/path`,
    );
    expect([report.status, report.verdict]).toEqual([0, 'healthy']);
    const requested = report.targets.flatMap((target) => target.requested);
    for (const text of [LAB.secretsEndpoint, 's3', `${LAB.secretsAddressA}:443`]) expect(requested).toContain(text);
  });

  test('none: every endpoint', async () => {
    const report = await reported(await lab(healthyWorld()));
    expect(report.targets.map(({ id }) => id)).toEqual([LAB.s3Host, LAB.secretsHost]);
    expect(report.status).toBe(0);
  });
});

describe('what may be asked', () => {
  test('--no-api asks nothing of AWS', async () => {
    const report = await reported(await lab(healthyWorld()), '--no-api', LAB.secretsHost);
    expect(report.coverage.filter(({ what }) => /^(ec2|sts):/.test(what))).toEqual([]);
    expect(report.targets[0]?.status).toBe('reachable');
  });

  test('another client is not probed for, and the report says that the model alone decides', async () => {
    const world = broken('endpoint-sg-blocks-client');
    const report = await reported(await lab(world), '--from', '10.0.1.99', LAB.secretsHost);
    expect(report.observations).toEqual([]);
    expect(report.causes.map(({ code, standing }) => [code, standing])).toEqual([
      ['endpoint-sg-blocks-client', 'modelled'],
    ]);
    expect(report.warnings.join(' ')).toMatch(/10\.0\.1\.99 is not this machine: nothing was probed/);
  });

  test('a call that is refused leaves causes undecided and names the permission', async () => {
    const world = healthyWorld();
    world.refusals['ec2:DescribeSecurityGroups'] = 'denied';
    const report = await reported(await lab(world), LAB.secretsHost);
    const missing = report.undecided.flatMap((entry) => entry.missing);
    expect(missing.map(({ action, why }) => [action, why])).toContainEqual(['ec2:DescribeSecurityGroups', 'denied']);
  });
});

describe('colour', () => {
  const ESCAPE = '\u001b[';
  test.each<[string, boolean, number | undefined, string[], Record<string, string>]>([
    ['on a terminal', true, 100, [], {}],
    ['not into a pipe', false, undefined, [], {}],
    ['not with NO_COLOR', false, 100, [], { NO_COLOR: '1' }],
    ['not with --no-color', false, 100, ['--no-color'], {}],
    ['not in JSON', false, 100, ['--format', 'json'], {}],
  ])('%s', async (_, coloured, columns, args, env) => {
    const { stdout } = await run(['demo', 'endpoint-missing', ...QUICK, ...args], { columns, env });
    expect(stdout.includes(ESCAPE)).toBe(coloured);
  });
});

test('progress is on standard error, on one line, and gone at the end', async () => {
  const said: string[] = [];
  const { stdout } = await run(['demo', ...QUICK], { columns: 100, onStderr: (text) => said.push(text) });
  expect(said.length).toBeGreaterThan(2);
  for (const text of said) {
    expect(text.startsWith('\r\u001b[2K')).toBe(true);
    expect(text).not.toContain('\n');
    expect(text.length).toBeLessThan(81);
  }
  expect(said.at(-1)).toBe('\r\u001b[2K');
  expect(stdout).not.toContain('\r');
});
