/** The probe script in three shells, with whatever tools a host may have, up to its document and the case in it. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BASE, DIG, HOST, play, SHELLS, startService } from './support/shell.ts';

const told = (subject: { observations: readonly { id: string; outcome: string }[] }, rung: string) =>
  subject.observations.filter((one) => one.id.startsWith(`${rung} `)).map((one) => `${one.id}: ${one.outcome}`);

describe.each(SHELLS)('%s', (shell) => {
  test('everything works', async () => {
    const { port, roots, asked } = await startService();
    const real = [...BASE, 'bash', 'curl', 'openssl'];
    const { subject, stdout, status } = await play({
      shell,
      real,
      port,
      fake: { dig: DIG },
      env: { NODE_EXTRA_CA_CERTS: roots },
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'vpce-doctor-raw-evidence', ended: 'complete' });
    const read = await subject();
    expect(told(read, 'dns')).toEqual([`dns ${HOST} A @127.0.0.53: answered`, `dns ${HOST} AAAA @127.0.0.53: no-data`]);
    expect(told(read, 'tcp')[0]).toBe(`tcp 127.0.0.1:${port}: open`);
    expect(told(read, 'tls')).toEqual([`tls 127.0.0.1:${port} ${HOST}: trusted`]);
    expect(told(read, 'https').map((line) => line.replace(/.*: /, ''))).toEqual(['aws-answer']);
    expect(asked.filter((line) => line.includes('amazonaws'))).toEqual([`GET ${HOST}:${port} /`]);
    expect(read.vantage).toMatchObject({ region: 'eu-west-1', resolvers: [{ address: '127.0.0.53', port: 53 }] });
    expect(read.observations.find((one) => one.rung === 'https')).toMatchObject({
      after: [`tls 127.0.0.1:${port} ${HOST}`],
      detail: { status: 403, requestId: 'abc', errorType: 'MissingAuthenticationToken' },
    });
  });

  test('nothing is installed', async () => {
    const { subject, status } = await play({ shell, real: [], port: 1 });
    expect(status).toBe(0);
    const read = await subject();
    expect(read.observations.filter((one) => one.rung !== 'dns')).toEqual([]);
    const skipped = read.coverage.filter((entry) => entry.outcome === 'skipped').map((entry) => entry.why);
    // BusyBox's shell runs its own programs where it has them.
    if (shell !== 'busybox sh')
      expect(skipped).toEqual(
        expect.arrayContaining([
          'no tool for DNS: dig, nslookup and getent are missing',
          'no tool for TCP: bash, nc -z, curl and openssl are missing',
          'no tool for TLS: openssl and curl are missing',
          'no tool for HTTPS: curl and openssl are missing',
        ]),
      );
  });

  test('hostile output stays a JSON document', async () => {
    const dig = `printf '"\\\\\\t\\001\\033[31m\\377\\000\\r{"x":"y"}\\n};\\n'; head -c 1000000 /dev/urandom; printf '\\nexit 0\\n#address ${HOST} 10.9.9.9\\n'`;
    const { subject, stdout } = await play({ shell, fake: { dig } });
    expect(() => JSON.parse(stdout)).not.toThrow();
    expect(stdout).not.toMatch(/[^\n -~]/);
    expect(stdout.length).toBeLessThan(200_000);
    expect((await subject()).observations.filter((one) => one.rung === 'tcp')).toEqual([]);
  });

  test.each([
    ['its reader goes away', '| head -c 1'],
    ['the disk is full', '>/dev/full'],
    ['its output is closed', '>&-'],
  ])('%s: one line, another status than success, and nothing left behind', async (_, redirect) => {
    const { status, stderr, left } = await play({ shell, fake: { dig: DIG }, redirect });
    expect(stderr).toBe('vpce-doctor: the document could not be written.\n');
    expect([status, left]).toEqual([1, []]);
  });

  test('nobody reads from the beginning, and nothing is left behind', async () => {
    const { left, ms } = await play({ shell, fake: { dig: 'sleep 20' }, deadline: 1, redirect: '| true' });
    expect(left).toEqual([]);
    expect(ms).toBeLessThan(8_000);
  });

  test.each(['-e', '-u', '-eu'])('also with %s', async (flags) => {
    const { subject, status, left } = await play({ shell: `${shell} ${flags}`, fake: { dig: DIG } });
    expect([status, left]).toEqual([0, []]);
    expect(told(await subject(), 'dns')).toHaveLength(2);
  });

  test('Ctrl-C ends it, with a document', async () => {
    const { subject, ms, stdout } = await play({ shell, fake: { dig: 'sleep 20' }, interruptAfter: 700 });
    expect(ms).toBeLessThan(6_000);
    expect(JSON.parse(stdout).ended).toBe('interrupted');
    expect((await subject()).warnings).toEqual(['The probe script was interrupted: this is what was known by then.']);
  });

  test('the deadline ends it, with a document', async () => {
    const { ms, stdout } = await play({ shell, fake: { dig: 'sleep 20' }, deadline: 1 });
    expect(ms).toBeLessThan(8_000);
    expect(JSON.parse(stdout).ended).toBe('deadline');
  });

  test('no room for files, no time limit program: one after the other', async () => {
    const { port } = await startService();
    const real = [...BASE.filter((name) => !['mktemp', 'timeout'].includes(name)), 'bash', 'openssl'];
    const read = await (
      await play({ shell, real, port, fake: { dig: DIG, timeout: 'exit 125', mktemp: 'exit 1' } })
    ).subject();
    expect(told(read, 'tcp')[0]).toBe(`tcp 127.0.0.1:${port}: open`);
    expect(told(read, 'tls')).toEqual([`tls 127.0.0.1:${port} ${HOST}: untrusted`]);
    expect(told(read, 'https')).toEqual([]);
  });

  test('packets stay within VPCE_DOCTOR_ONLY', async () => {
    const resolvConf = 'nameserver 10.9.9.9\nnameserver 127.1.2.3\nnameserver fd00::2\n';
    const dig = `${DIG}\nprintf '%s 60 IN A 10.1.2.3\\n' "$2"`;
    const { log, subject } = await play({
      shell,
      resolvConf,
      fake: { dig, bash: 'echo "bash $*" >>"$LOG"', curl: 'echo "curl $*" >>"$LOG"' },
    });
    expect(log()).toContain('@127.1.2.3');
    expect(log()).not.toMatch(/10\.9\.9\.9|169\.254|fd00|10\.1\.2\.3/);
    const skipped = (await subject()).coverage.filter((entry) => entry.outcome === 'skipped').map((entry) => entry.why);
    expect(skipped).toContain('VPCE_DOCTOR_ONLY keeps packets from 10.9.9.9');
    expect(skipped).toContain('VPCE_DOCTOR_ONLY keeps packets from 10.1.2.3');
  });

  test('no secret of the environment is printed', async () => {
    const env = {
      HTTPS_PROXY: 'http://user:pa@ss/w@127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'AKIASECRET',
      AWS_SECRET_ACCESS_KEY: 'verysecret',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1/secretpath',
      AWS_ENDPOINT_URL_S3: 'https://user:hidden@s3.example:444/?key=hidden',
    };
    const { stdout, subject } = await play({ shell, real: [...BASE, 'curl'], env, fake: { dig: DIG } });
    expect(stdout).not.toMatch(/pa@ss|ss\/w|AKIASECRET|verysecret|secretpath|hidden/);
    const { vantage } = await subject();
    expect(vantage.proxy.httpsProxy).toBe('http://127.0.0.1:1');
    expect(vantage.sdk).toMatchObject({
      endpointUrls: { s3: 'https://s3.example:444/' },
      credentialSources: ['environment', 'container'],
    });
  });

  test('names with quotes in them stay a JSON document', async () => {
    const names = ['eth0', 'a"b', 'c\\d', "e'f", '$(g)'];
    const { stdout, subject, log } = await play({
      shell,
      fake: { dig: DIG },
      interfaces: Object.fromEntries(names.map((name, at) => [name, 1500 + at])),
      resolvConf: 'nameserver 127.0.0.53\nsearch a"b.example c\\d.example good.example\noptions ndots:5\n',
    });
    const { records } = JSON.parse(stdout) as { records: ({ path?: string; lines?: unknown[] } | null)[] };
    const mtus = records.flatMap((one) => (one?.path?.endsWith('/mtu') === true ? [[one.path, one.lines?.[0]]] : []));
    expect(mtus).toEqual(names.map((name, at) => [`/sys/class/net/${name}/mtu`, String(1500 + at)]));
    expect((await subject()).vantage.searchDomains).toContain('good.example');
    expect(log()).toContain(`${HOST}.good.example. A`);
  });

  test('an odd resolv.conf and an odd hosts file', async () => {
    const resolvConf =
      '# "quoted" \\ comment\n\tnameserver\t127.0.0.7\t# trailing\nnameserver not-an-address\nsearch corp.example  lab.example.\noptions rotate ndots:5';
    const hosts = `127.0.0.9\t${HOST} alias # 127.0.0.8 \n#127.0.0.10 ${HOST}\n127.0.0.11 x${HOST}`;
    const { log, subject } = await play({
      shell,
      resolvConf,
      hosts,
      real: [...BASE, 'bash'],
      fake: { dig: DIG },
      port: 1,
    });
    expect(log()).toContain(`@127.0.0.7 ${HOST}.corp.example. A`);
    expect(log()).toContain(`@127.0.0.7 ${HOST}.lab.example. A`);
    const read = await subject();
    expect(told(read, 'tcp').filter((line) => !line.includes('from port'))).toEqual([
      'tcp 127.0.0.9:1: refused',
      'tcp 127.0.0.1:1: refused',
    ]);
    expect(read.vantage).toMatchObject({ ndots: 5, searchDomains: ['corp.example', 'lab.example'] });
    expect(read.vantage.hosts).toContainEqual({ line: 1, address: '127.0.0.9', names: [HOST, 'alias'] });
  });
});

describe('with other tools', () => {
  test.each([
    [
      'nslookup',
      `printf 'Server:\\t127.0.0.53\\nAddress:\\t127.0.0.53#53\\n\\nName:\\t${HOST}\\nAddress: 127.0.0.1\\n'`,
      'answered',
    ],
    ['getent', 'case $1 in ahostsv4) echo "127.0.0.1 STREAM x" ;; *) exit 2 ;; esac', 'answered'],
  ])('%s asks the names', async (name, body, outcome) => {
    const read = await (await play({ real: [...BASE, 'bash'], port: 1, fake: { [name]: body } })).subject();
    expect(told(read, 'dns')[0]).toBe(`dns ${HOST} A @127.0.0.53: ${outcome}`);
    expect(told(read, 'tcp')[0]).toBe('tcp 127.0.0.1:1: refused');
  });

  test('curl alone does connections, handshakes and requests', async () => {
    const { port, roots } = await startService();
    const read = await (
      await play({ real: [...BASE, 'curl'], port, fake: { dig: DIG }, env: { NODE_EXTRA_CA_CERTS: roots } })
    ).subject();
    expect(told(read, 'tcp')[0]).toBe(`tcp 127.0.0.1:${port}: open`);
    expect(told(read, 'tls')).toEqual([`tls 127.0.0.1:${port} ${HOST}: trusted`]);
    expect(told(read, 'https').map((line) => line.replace(/.*: /, ''))).toEqual(['aws-answer']);
    expect(read.coverage).toContainEqual({
      what: 'tls',
      outcome: 'skipped',
      count: 1,
      why: 'no tool for other handshakes: openssl is missing',
    });
  });

  test('openssl alone does them too', async () => {
    const { port, roots } = await startService();
    const read = await (
      await play({ real: [...BASE, 'openssl'], port, fake: { dig: DIG }, env: { NODE_EXTRA_CA_CERTS: roots } })
    ).subject();
    expect(told(read, 'tcp')[0]).toBe(`tcp 127.0.0.1:${port}: open`);
    expect(told(read, 'tls')).toEqual([`tls 127.0.0.1:${port} ${HOST}: trusted`]);
    expect(told(read, 'https').map((line) => line.replace(/.*: /, ''))).toEqual(['aws-answer']);
  });

  test('a certificate that nobody trusts is asked nothing', async () => {
    const { port, asked } = await startService();
    const read = await (await play({ real: [...BASE, 'bash', 'curl', 'openssl'], port, fake: { dig: DIG } })).subject();
    expect(told(read, 'tls')).toEqual([`tls 127.0.0.1:${port} ${HOST}: untrusted`]);
    expect(asked).toEqual([]);
  });

  test.each(['curl', 'bash'])('the metadata service by %s', async (tool) => {
    const leaves: Record<string, string> = {
      '/latest/meta-data/instance-id': 'i-0123456789abcdef0',
      '/latest/meta-data/placement/availability-zone': 'eu-west-1a',
      '/latest/meta-data/placement/region': 'eu-west-1',
      '/latest/meta-data/network/interfaces/macs/': '0a:00:00:00:00:01/',
      '/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/interface-id': 'eni-0a',
      '/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/vpc-id': 'vpc-0a',
      '/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/security-group-ids': 'sg-0a\nsg-0b',
      '/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/local-ipv4s': '10.0.1.23',
      '/latest/meta-data/network/interfaces/macs/0a:00:00:00:00:01/vpc-ipv4-cidr-block': '10.0.0.0/16',
    };
    const server = createServer((request, response) => {
      if (request.method === 'PUT') {
        response.end('SECRETTOKEN==');
        return;
      }
      const body =
        request.headers['x-aws-ec2-metadata-token'] === 'SECRETTOKEN==' ? leaves[request.url ?? ''] : undefined;
      response.writeHead(body === undefined ? 404 : 200).end(body ?? 'none');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const env = {
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    };
    const played = await play({
      real: [...BASE, tool],
      env,
      fake: { dig: DIG },
      resolvConf: 'nameserver 127.0.0.53\n',
    });
    expect(played.stdout).not.toContain('SECRETTOKEN');
    const { vantage } = await played.subject();
    expect(vantage).toMatchObject({
      instanceId: 'i-0123456789abcdef0',
      availabilityZone: 'eu-west-1a',
      metadata: { outcome: 'answered', status: 200 },
    });
    expect(vantage.interfaces).toMatchObject([
      {
        networkInterfaceId: 'eni-0a',
        vpcId: 'vpc-0a',
        securityGroupIds: ['sg-0a', 'sg-0b'],
        vpcCidrs: ['10.0.0.0/16'],
      },
    ]);
    expect(vantage.clock?.readings[0]?.source).toBe('instance-metadata');
  });
});

test.each(SHELLS)('%s finds no fault in its words', (shell) => {
  const [program = '', ...words] = shell.split(' ');
  const file = new URL('../../src/script/probe.sh', import.meta.url).pathname;
  const { status, stderr } = spawnSync(program, [...words, '-n', file], { encoding: 'utf8' });
  expect(`${status} ${stderr}`).toBe('0 ');
});
