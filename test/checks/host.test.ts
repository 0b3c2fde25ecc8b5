/** The causes of the machine itself, beyond their demonstrations: look-alikes, nuances, and reports from the field. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { healthyWorld, LAB, type World } from '../../src/lab/world.ts';
import { encodeCase } from '../../src/model/case-file.ts';
import { FORMATS } from '../../src/report/formats.ts';
import { render } from '../../src/report/index.ts';
import { dns, modelCase, tcp } from '../diagnose/support.ts';
import { runInLab } from './lab-run.ts';

function worldWith(edit: (world: World) => void): World {
  const world = healthyWorld();
  edit(world);
  return world;
}

const run = async (edit: (world: World) => void, targets?: readonly string[]) =>
  (await runInLab(worldWith(edit), targets)).report;
const codes = (report: Awaited<ReturnType<typeof run>>) =>
  report.causes.map((cause) => `${cause.code} ${cause.severity}`);

const PROXY = '10.0.0.99';
const proxied = (world: World, env: Record<string, string>, proxy?: NonNullable<World['proxies']>[string]) => {
  Object.assign(world.client.env, env);
  world.proxies = proxy === undefined ? {} : { [PROXY]: proxy };
};
const HTTPS_PROXY = `http://${PROXY}:3128`;
const connects = { port: 3128, behaviour: 'connects' } as const;
const denies = { port: 3128, behaviour: 'denies' } as const;

describe.concurrent('proxies', () => {
  it('that connect are only mentioned: they may use the endpoint themselves', async () => {
    const report = await run((world) => proxied(world, { HTTPS_PROXY }, connects));
    expect(codes(report)).toEqual(['proxy-captures-endpoint advice']);
    expect(report).toMatchObject({ verdict: 'healthy', unexplained: [] });
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed' });
  });

  it('that NO_PROXY exempts the host from are asked nothing, and are no cause', async () => {
    const { report, questions } = await runInLab(
      worldWith((world) => proxied(world, { HTTPS_PROXY, NO_PROXY: `localhost,${LAB.secretsHost}` }, denies)),
    );
    expect(report).toMatchObject({ verdict: 'healthy', causes: [] });
    expect(questions.filter((question) => question.includes(PROXY))).toEqual([]);
    expect(report.ruledOut.map((one) => one.code)).toContain('proxy-captures-endpoint');
  });

  it('take some programs and not others where those read NO_PROXY by other rules', async () => {
    const report = await run((world) => proxied(world, { HTTPS_PROXY, NO_PROXY: '*.amazonaws.com' }, denies));
    expect(codes(report)).toEqual(['proxy-captures-endpoint degrading']);
    expect(report.causes[0]?.summary).toMatch(
      /sends Python \(AWS CLI, boto3\) and curl to the proxy .*read NO_PROXY otherwise and go straight/,
    );
  });

  it('are no cause where a suffix exempts the host for everybody but the AWS SDK for Java', async () => {
    const report = await run((world) =>
      proxied(world, { HTTPS_PROXY, NO_PROXY: '169.254.169.254,.amazonaws.com' }, denies),
    );
    expect(report).toMatchObject({ verdict: 'healthy', causes: [], unexplained: [] });
  });

  it('take layers of images from S3 where NO_PROXY has the global domain only (C170)', async () => {
    const edit = (world: World) => proxied(world, { HTTPS_PROXY, NO_PROXY: '.s3.amazonaws.com' }, denies);
    expect(codes(await run(edit, [LAB.s3Host]))).toEqual(['proxy-captures-endpoint degrading']);
  });

  it.each([
    ['want credentials', HTTPS_PROXY, { port: 3128, behaviour: 'wants-credentials' }, /demands credentials/],
    ['are none', HTTPS_PROXY, { port: 3128, behaviour: 'not-a-proxy' }, /is no HTTP proxy/],
    ['are not there', HTTPS_PROXY, { port: 8080, behaviour: 'connects' }, /nothing listens at 10\.0\.0\.99 port 3128/],
    [
      'speak TLS',
      HTTPS_PROXY,
      { port: 3128, behaviour: 'connects', tls: true },
      /says http:\/\/, and the proxy speaks TLS/,
    ],
    ['have a name that nobody knows', 'http://proxy.nowhere.example:3128', connects, /resolves to no address/],
    ['are no URL', 'http://proxy:port', connects, /is no URL/],
  ] as const)('that %s are misconfigured, and nothing else is blamed', async (_what, url, proxy, words) => {
    const report = await run((world) => proxied(world, { HTTPS_PROXY: url }, proxy));
    expect(codes(report)).toEqual(['proxy-misconfigured degrading']);
    expect(report.causes[0]?.summary).toMatch(words);
    expect(report.unexplained).toEqual([]);
  });

  it('with the right credentials work', async () => {
    const url = `http://user:hunter2@${PROXY}:3128`;
    const report = await run((world) =>
      proxied(world, { HTTPS_PROXY: url }, { port: 3128, behaviour: 'wants-credentials' }),
    );
    expect(codes(report)).toEqual(['proxy-captures-endpoint advice']);
  });

  it('are the way that is meant where there is no other', async () => {
    const report = await run((world) => proxied(world, { HTTPS_PROXY }, connects), ['example.com']);
    expect(report).toMatchObject({ verdict: 'healthy', causes: [], unexplained: [] });
    expect(report.targets[0]?.summary).toContain(`through the proxy ${HTTPS_PROXY} only`);
    const refused = await run((world) => proxied(world, { HTTPS_PROXY }, denies), ['example.com']);
    expect(codes(refused)).toEqual(['proxy-misconfigured blocking']);
    expect(refused).toMatchObject({ verdict: 'blocked', unexplained: [] });
  });

  it('carry a service that has no endpoint here', async () => {
    const bare = (world: World) => {
      proxied(world, { HTTPS_PROXY }, connects);
      world.api.vpcEndpoints = world.api.vpcEndpoints.filter((one) => one.VpcEndpointType === 'Gateway');
    };
    const report = await run(bare);
    expect(report).toMatchObject({ verdict: 'healthy', causes: [], unexplained: [] });
    expect(report.ruledOut.find((one) => one.code === 'endpoint-missing')?.because).toContain('carries it');
  });

  it('are asked by name at the client’s resolvers', async () => {
    const { report, questions } = await runInLab(
      worldWith((world) => {
        proxied(world, { https_proxy: 'http://proxy.corp.example:3128' }, denies);
        world.publicDns['proxy.corp.example'] = { A: [PROXY] };
      }),
    );
    expect(codes(report)).toEqual(['proxy-captures-endpoint degrading']);
    expect(questions).toContain(`dns proxy.corp.example A @${LAB.resolver}`);
  });

  it('are only suspected where the endpoints cannot be read and the name is public', async () => {
    const report = await run(
      (world) => {
        proxied(world, { HTTPS_PROXY }, denies);
        world.refusals = { 'ec2:DescribeVpcEndpoints': 'denied' };
      },
      ['sts.eu-west-1.amazonaws.com', LAB.secretsHost],
    );
    const own = report.causes.filter((cause) => cause.code === 'proxy-captures-endpoint');
    expect(own.map((cause) => [cause.standing, cause.targets])).toEqual([
      ['confirmed', ['sts.eu-west-1.amazonaws.com', LAB.secretsHost]],
    ]);
    expect(report.unexplained).toEqual([]);
    const alone = await run(
      (world) => {
        proxied(world, { HTTPS_PROXY }, denies);
        world.refusals = { 'ec2:DescribeVpcEndpoints': 'denied' };
      },
      ['sts.eu-west-1.amazonaws.com'],
    );
    expect(alone.causes.find((cause) => cause.code === 'proxy-captures-endpoint')).toMatchObject({
      standing: 'likely',
    });
  });

  it('are not used for the tool’s own calls, which is said where those fail', async () => {
    const cut = (world: World) => {
      proxied(world, { HTTPS_PROXY }, connects);
      world.refusals = { 'ec2:DescribeVpcEndpoints': 'unreachable' };
    };
    expect((await run(cut)).warnings.join()).toContain('asked without the proxy');
    expect((await run((world) => proxied(world, { HTTPS_PROXY }, connects))).warnings).toEqual([]);
  });

  it('take the metadata requests too: advice', async () => {
    const report = await run((world) => proxied(world, { HTTP_PROXY: HTTPS_PROXY }));
    expect(codes(report)).toEqual(['proxy-captures-endpoint advice']);
    expect(report.causes[0]?.summary).toContain('169.254.169.254');
    const exempt = await run((world) => proxied(world, { HTTP_PROXY: HTTPS_PROXY, NO_PROXY: '169.254.169.254' }));
    expect(exempt.causes).toEqual([]);
  });

  it('of a task take its credentials away (C027)', async () => {
    const report = await run((world) => {
      proxied(world, { HTTP_PROXY: HTTPS_PROXY, NO_PROXY: '169.254.169.254' });
      world.client.env['AWS_EXECUTION_ENV'] = 'AWS_ECS_EC2';
      world.client.env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] = '/v2/credentials/x';
    });
    expect(codes(report)).toEqual(['proxy-captures-endpoint advice']);
    expect(report.causes[0]?.fix.commands[0]).toContain("NO_PROXY='169.254.169.254,169.254.170.2'");
  });

  it('with a short name are found through the search list', async () => {
    const edit = (domain: string) => (world: World) => {
      proxied(world, { HTTPS_PROXY: 'http://proxy:3128' }, denies);
      world.publicDns[`proxy.${domain}`] = { A: [PROXY] };
    };
    const report = await run(edit('eu-west-1.compute.internal'));
    expect(codes(report)).toEqual(['proxy-captures-endpoint degrading']);
    expect(report.unexplained).toEqual([]);
    expect(codes(await run(edit('somewhere.else.example')))).toEqual(['proxy-misconfigured degrading']);
  });

  it('of curl alone concern curl alone', async () => {
    const report = await run((world) => proxied(world, { ALL_PROXY: HTTPS_PROXY }, denies));
    expect(codes(report)).toEqual(['proxy-captures-endpoint degrading']);
    expect(report.causes[0]?.summary).toContain('ALL_PROXY sends curl to the proxy');
  });
});

it('no credential of a proxy appears anywhere', async () => {
  const secret = 'Ca:na/ry?7%25';
  const { case: subject, report } = await runInLab(
    worldWith((world) => {
      const url = `http://canary-user:${secret}@${PROXY}:3128`;
      proxied(world, { HTTPS_PROXY: url, HTTP_PROXY: url, ALL_PROXY: url, http_proxy: url }, denies);
    }),
  );
  const basic = Buffer.from(`canary-user:${decodeURIComponent(secret)}`).toString('base64');
  const written = [
    encodeCase(subject),
    ...FORMATS.map((format) => render(report, format, { width: 100, color: false, verbose: true })),
  ];
  for (const text of written) {
    expect(text).toContain('10.0.0.99:3128');
    for (const part of ['canary', 'Ca:na', 'na/ry', basic, basic.slice(0, 12)]) expect(text).not.toContain(part);
  }
});

describe.concurrent('this machine’s own firewall', () => {
  it('over the resolver is named instead of the resolver', async () => {
    const report = await run((world) => {
      world.client.forbidden = [`${LAB.resolver}/32`];
    });
    expect(codes(report)).toEqual(['host-firewall-blocks blocking']);
    expect(report.unexplained).toEqual([]);
    expect(report.causes[0]?.fix.commands[0]).toContain(`-p udp -d ${LAB.resolver} --dport 53`);
  });

  it('over one of two addresses degrades', async () => {
    const report = await run((world) => {
      world.client.forbidden = [`${LAB.secretsAddressA}/32`];
    });
    expect(codes(report)).toEqual(['host-firewall-blocks degrading']);
  });
});

it('a refusal by the endpoint’s own addresses is likely this machine’s, and only likely', () => {
  const subject = modelCase(healthyWorld());
  const after = [dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB)];
  const refused = [tcp(LAB.secretsAddressA, 'refused'), tcp(LAB.secretsAddressB, 'refused')];
  const report = diagnose({ ...subject, probed: true, observations: [...after, ...refused] });
  expect(report.causes).toMatchObject([{ code: 'host-firewall-blocks', standing: 'likely' }]);
  expect(report).toMatchObject({ verdict: 'blocked', unexplained: [] });
  // A partner's service may well have no listener there.
  const foreign = structuredClone(healthyWorld());
  for (const one of foreign.api.vpcEndpoints)
    one.ServiceName = one.ServiceName?.replace('secretsmanager', 'vpce-svc-1');
  const other = diagnose({
    ...subject,
    ...modelCase(foreign, [LAB.secretsAddressA]),
    probed: true,
    observations: refused,
  });
  expect(other.causes).toEqual([]);
});

it('a series of source ports gives one command for each address', () => {
  const subject = modelCase(healthyWorld());
  const named = dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB);
  const forbidden = [LAB.secretsAddressA, LAB.secretsAddressB].flatMap((address) =>
    [undefined, 33_000, 40_000, 50_000].map((localPort) => {
      const one = tcp(address, 'prohibited');
      const id = localPort === undefined ? one.id : `${one.id} from port ${localPort}`;
      return { ...one, id, subject: { ...one.subject, localPort }, ms: 0, detail: { failure: { code: 'EPERM' } } };
    }),
  );
  const report = diagnose({ ...subject, probed: true, observations: [named, ...forbidden] });
  const rule = (address: string) => `sudo iptables -I OUTPUT -p tcp -d ${address} --dport 443 -j ACCEPT`;
  expect(report.causes[0]?.code).toBe('host-firewall-blocks');
  expect(report.causes[0]?.fix.commands).toEqual([rule(LAB.secretsAddressA), rule(LAB.secretsAddressB)]);
});

it('the guard of this tool is nobody’s firewall', () => {
  const subject = modelCase(healthyWorld());
  const guarded = [LAB.secretsAddressA, LAB.secretsAddressB].map((address) => ({
    ...tcp(address, 'prohibited'),
    detail: { failure: { code: 'VPCE_DOCTOR_GUARD' } },
  }));
  const named = dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB);
  const report = diagnose({ ...subject, probed: true, observations: [named, ...guarded] });
  expect(report.causes.map((cause) => cause.code)).not.toContain('host-firewall-blocks');
});

describe.each([
  ['EHOSTUNREACH', 1, true],
  // This process was busy when the kernel said it.
  ['EHOSTUNREACH', 160, true],
  // What was left of a neighbour's three seconds.
  ['EHOSTUNREACH', 400, false],
  // Three seconds later it is a neighbour that does not answer.
  ['EHOSTUNREACH', 3_070, false],
  // No route at all is no rule.
  ['ENETUNREACH', 0, false],
] as const)('%s after %i ms', (code, ms, own) => {
  it(`is ${own ? '' : 'not '}this machine’s own refusal`, () => {
    const subject = modelCase(healthyWorld());
    const seen = [LAB.secretsAddressA, LAB.secretsAddressB].map((address) => ({
      ...tcp(address, 'unreachable'),
      ms,
      detail: { failure: { code } },
    }));
    const named = dns(LAB.secretsHost, 'answered', LAB.secretsAddressA, LAB.secretsAddressB);
    const report = diagnose({ ...subject, probed: true, observations: [named, ...seen] });
    expect(report.causes.some((cause) => cause.code === 'host-firewall-blocks')).toBe(own);
  });
});

describe.concurrent('a local network', () => {
  it('over the resolver is named instead of the resolver (C106)', async () => {
    const report = await run((world) => {
      world.client.localNetworks = [{ device: 'docker0', cidr: '10.0.0.0/26', address: '10.0.0.1' }];
    });
    expect(codes(report)).toEqual(['local-network-captures blocking']);
    expect(report.unexplained).toEqual([]);
    expect(report.causes[0]?.fix.commands).toEqual([`sudo ip route add ${LAB.resolver}/32 via 10.0.1.1 dev eth0`]);
  });

  it('over one of two endpoint interfaces degrades', async () => {
    const report = await run((world) => {
      world.client.localNetworks = [{ device: 'br-1f2e', cidr: '10.0.3.0/24', address: '10.0.3.1' }];
    });
    expect(codes(report)).toEqual(['local-network-captures degrading']);
  });

  it('beside all of them harms nothing', async () => {
    const report = await run((world) => {
      world.client.localNetworks = [{ device: 'docker0', cidr: '172.17.0.0/16', address: '172.17.0.1' }];
    });
    expect(report).toMatchObject({ verdict: 'healthy', causes: [] });
  });
});

describe.concurrent('the metadata service', () => {
  it('that is silent to a container has too few hops (C110, C243)', async () => {
    const report = await run((world) => {
      Object.assign(world.client, { metadata: 'silent', withoutCredentials: true, container: true });
    });
    expect(codes(report)).toEqual(['imds-unreachable degrading']);
    expect(report.causes[0]?.fix.commands).toEqual([
      `aws ec2 modify-instance-metadata-options --instance-id ${LAB.instance} --http-put-response-hop-limit 2 --http-endpoint enabled`,
    ]);
  });

  it('is missed by nobody who has other credentials', async () => {
    const report = await run((world) => {
      world.client.metadata = 'forbidden';
      world.client.env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] = '/v2/credentials/x';
    });
    expect(report.causes).toEqual([]);
  });

  it('is missed by nobody outside EC2', async () => {
    const report = await run((world) => {
      Object.assign(world.client, { metadata: 'silent', withoutCredentials: true });
      world.client.env['AWS_LAMBDA_FUNCTION_NAME'] = 'f';
    });
    expect(codes(report)).toEqual([]);
  });

  it('that the description shows switched off is advice where calls can be signed all the same', async () => {
    const report = await run((world) => {
      world.client.metadata = 'none';
      world.api.instances = [
        { InstanceId: LAB.instance, MetadataOptions: { HttpEndpoint: 'disabled', HttpTokens: 'required' } },
      ];
    });
    expect(codes(report)).toEqual(['imds-unreachable advice']);
    expect(report.causes[0]?.because.map((one) => one.text).join()).toContain('HttpEndpoint disabled');
  });
});

describe.concurrent('an endpoint URL', () => {
  const vpce = `${LAB.secretsEndpoint}-a1b2c3d4.secretsmanager.eu-west-1.vpce.amazonaws.com`;
  it.each([
    ['the endpoint’s own name', { AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://${vpce}` }],
    ['the service’s own host', { AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://${LAB.secretsHost}` }],
    ['the endpoint’s address', { AWS_ENDPOINT_URL: `https://${LAB.secretsAddressA}` }],
    ['another service’s host', { AWS_ENDPOINT_URL_S3: 'https://minio.example' }],
    [
      'nothing, when it is ignored',
      { AWS_ENDPOINT_URL: 'http://localhost:4566', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    ],
  ])('that names %s is no cause', async (_what, env) => {
    const report = await run((world) => Object.assign(world.client.env, env));
    expect(report).toMatchObject({ verdict: 'healthy', causes: [] });
  });

  it('of an endpoint that is gone is one', async () => {
    const gone = vpce.replace(LAB.secretsEndpoint, 'vpce-99999999');
    const report = await run((world) => {
      world.client.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = `https://${gone}`;
    });
    expect(codes(report)).toEqual(['endpoint-url-override degrading']);
    expect(report.causes[0]).toMatchObject({ standing: 'confirmed' });
  });

  it('that was left over from LocalStack is one', async () => {
    const report = await run((world) => {
      world.client.env['AWS_ENDPOINT_URL'] = 'http://localhost:4566';
    });
    expect(codes(report)).toEqual(['endpoint-url-override degrading']);
    expect(report.causes[0]?.explains).toEqual(['tcp 127.0.0.1:4566']);
    expect(report.unexplained).toEqual([]);
  });

  it('of the lab’s own wiring is nobody’s', async () => {
    const report = await run(
      (world) => {
        world.publicDns['ec2.eu-west-1.amazonaws.com'] = { A: ['52.94.10.30'] };
      },
      ['ec2', 'sts'],
    );
    expect(codes(report).filter((code) => code.startsWith('endpoint-url-override'))).toEqual([]);
  });
});

describe.concurrent('a Region', () => {
  const abroad = (world: World) => {
    world.client.env['AWS_REGION'] = 'us-east-1';
    world.publicDns['secretsmanager.us-east-1.amazonaws.com'] = { A: ['52.94.230.10'] };
  };

  it('that the user typed is taken at its word', async () => {
    const report = await run(abroad, ['secretsmanager.us-east-1.amazonaws.com']);
    expect(report.causes.map((cause) => cause.code)).not.toContain('region-mismatch');
  });

  it('that was asked for with --region is named as such', async () => {
    const world = worldWith(abroad);
    world.client.env['AWS_REGION'] = 'eu-west-1';
    const { report } = await runInLab(world, ['secretsmanager'], { options: { region: 'us-east-1' } });
    const own = report.causes.find((cause) => cause.code === 'region-mismatch');
    expect(own?.summary).toContain('--region says us-east-1, this machine stands in eu-west-1');
  });

  it('that is configured decides which host a service means', async () => {
    const report = await run(abroad, ['secretsmanager', LAB.secretsHost]);
    expect(report.targets.map((target) => [target.id, target.status])).toEqual([
      ['secretsmanager.us-east-1.amazonaws.com', 'unreachable'],
      [LAB.secretsHost, 'reachable'],
    ]);
    expect(codes(report)).toEqual(['region-mismatch blocking']);
  });
});

it.each([
  [-400, 300],
  [300, -400],
  [20, 21],
])('milliseconds do not choose which clock is named (%i, %i)', (first, second) => {
  const subject = modelCase(healthyWorld());
  const answered = (address: string, clockOffsetMs: number) => ({
    id: `https ${address}:443 ${LAB.secretsHost} GET /`,
    rung: 'https' as const,
    outcome: 'aws-answer' as const,
    subject: { address, port: 443, serverName: LAB.secretsHost, method: 'GET', path: '/' },
    ms: 5,
    after: [],
    at: 0,
    detail: { status: 403, requestId: 'r', clockOffsetMs },
  });
  const [a, b] = [LAB.secretsAddressA, LAB.secretsAddressB];
  const named = dns(LAB.secretsHost, 'answered', a, b);
  const open = [tcp(a, 'open'), tcp(b, 'open')];
  const both = [answered(a, first), answered(b, second)];
  for (const order of [both, both.toReversed()]) {
    const report = diagnose({ ...subject, probed: true, observations: [named, ...open, ...order] });
    expect(JSON.stringify(report)).toContain(`the clock agrees with the Date header of ${a}`);
  }
});
