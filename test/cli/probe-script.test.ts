/** `vpce-doctor probe-script`: the script as printed, and its document through `diagnose --evidence`. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkOf } from '../../src/checks/index.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { emptyFolder, run } from './support/run.ts';
import { stateFolder } from './support/state-folder.ts';

const LARGEST_SCRIPT = 26_000;

/** A document of a host on which dig and bash answered so. */
function evidence(tcp: string, exit: number): string {
  const said = { record: 'answer', ms: 5, at: 1_795_000_000_000 };
  const dns = (type: string, text: string) => ({
    ...said,
    rung: 'dns',
    subject: { name: LAB.secretsHost, type, server: '10.0.0.2', port: 53, transport: 'udp' },
    tool: 'dig',
    lines: [
      ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1',
      ';; flags: qr rd ra; QUERY: 1',
      ...text.split('\n'),
      'exit 0',
      null,
    ],
  });
  const addresses = healthyWorld().api.networkInterfaces.flatMap((one) =>
    one.RequesterManaged === true && one.PrivateIpAddress !== undefined ? [one.PrivateIpAddress] : [],
  );
  const records = [
    { record: 'file', path: '/etc/resolv.conf', lines: ['nameserver 10.0.0.2', null] },
    { record: 'addresses', tool: 'ip', lines: [`2: eth0    inet ${LAB.clientAddress}/24 scope global eth0`, null] },
    dns(
      'A',
      [';; ANSWER SECTION:', ...addresses.map((address) => `${LAB.secretsHost}. 60 IN A ${address}`)].join('\n'),
    ),
    dns('AAAA', ''),
    ...addresses.map((address) => ({
      ...said,
      rung: 'tcp',
      subject: { address, port: 443 },
      tool: 'bash',
      lines: [tcp, `exit ${exit}`, null],
    })),
    null,
  ];
  const path = join(emptyFolder(), 'evidence.json');
  const head = { schemaVersion: 1, kind: 'vpce-doctor-raw-evidence', tool: { name: 'vpce-doctor', version: '0.1.0' } };
  const run = { startedAt: '2026-11-21T10:00:00Z', durationMs: 9_000, ended: 'complete', region: 'eu-west-1' };
  const requests = [{ kind: 'host', text: LAB.secretsHost, host: LAB.secretsHost, port: 443 }];
  writeFileSync(path, JSON.stringify({ ...head, ...run, requests, records }));
  return path;
}

describe('the script', () => {
  test('is small, and every shell can read it', async () => {
    const { status, stdout } = await run(['probe-script', '--region', 'eu-west-1', '--workload', 'ssm', 's3']);
    expect(status).toBe(0);
    expect(stdout.length).toBeLessThan(LARGEST_SCRIPT);
    expect(stdout).toContain('ssmmessages.eu-west-1.amazonaws.com 443 https GET / -');
    for (const shell of [['dash'], ['bash'], ['busybox', 'sh']]) {
      const [program = '', ...words] = shell;
      const read = spawnSync(program, [...words, '-n'], { input: stdout, encoding: 'utf8' });
      expect(`${shell.join(' ')} ${read.status} ${read.stderr}`).toBe(`${shell.join(' ')} 0 `);
    }
  });

  test('knows the endpoint’s interfaces and names from the state', async () => {
    const { stdout } = await run([
      'probe-script',
      '--state',
      stateFolder(healthyWorld()),
      '--region',
      'eu-west-1',
      LAB.secretsHost,
    ]);
    const row = stdout.split('\n').find((line) => line.includes(`${LAB.secretsHost} 443 https`));
    expect(row).toMatch(/ 10\.\d+\.\d+\.\d+,10\.\d+\.\d+\.\d+,vpce-/);
  });

  test('holds what was typed as data, whatever it is', async () => {
    const { stdout, status } = await run(['probe-script', "https://a.example/x'$(touch$IFS'owned')"]);
    expect(status).toBe(0);
    const read = spawnSync('dash', ['-c', `${stdout.slice(0, stdout.indexOf('\nset -f'))}\nprintf '%s' "$REQUESTS"`], {
      encoding: 'utf8',
      cwd: emptyFolder(),
    });
    expect(JSON.parse(read.stdout)).toMatchObject([{ kind: 'host', host: 'a.example' }]);
  });

  test('goes to a file', async () => {
    const path = join(emptyFolder(), 'probe.sh');
    expect(await run(['probe-script', 'a.example', '-o', path])).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/bin\/sh\n/);
  });

  test.each([
    [['probe-script', 'sts'], /Region/],
    [['probe-script', 'a.example', '--deadline', 'soon'], /--deadline is "soon"/],
    [['probe-script', 'nosuchservice', '--region', 'eu-west-1'], /no service that we know|no target/],
  ])('%j is refused in one line', async (args, words) => {
    const { status, stderr, stdout } = await run(args);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('its document', () => {
  test('names the cause together with the state', async () => {
    const world = healthyWorld();
    checkOf('endpoint-sg-blocks-client')?.demonstration.inject(world);
    const files = ['--evidence', evidence('', 124), '--state', stateFolder(world)];
    const { stdout, status } = await run(['diagnose', ...files, '--format', 'json']);
    const report = JSON.parse(stdout) as Report;
    expect(status).toBe(1);
    expect(report.causes[0]).toMatchObject({ code: 'endpoint-sg-blocks-client', standing: 'confirmed' });
    expect(report.unexplained).toEqual([]);
    expect(report.coverage).toContainEqual(
      expect.objectContaining({ what: 'tcp', outcome: 'made', why: 'asked by the probe script with bash' }),
    );
  });

  test('that is broken is refused in one line', async () => {
    const path = join(emptyFolder(), 'evidence.json');
    writeFileSync(path, '{"schemaVersion":9,"kind":"vpce-doctor-raw-evidence"}');
    const { status, stderr } = await run(['diagnose', '--evidence', path]);
    expect(status).toBe(3);
    expect(stderr).toBe(
      `vpce-doctor: ${path} was printed by a probe script of another version of vpce-doctor: print a new one.\n`,
    );
  });
});
