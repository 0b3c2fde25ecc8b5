import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VpcEndpoint } from '../../src/model/aws.ts';
import type { Slice } from '../../src/model/state.ts';
import type { TargetRequest } from '../../src/model/target.ts';
import { parseTarget, parseWorkload } from '../../src/services/parse-target.ts';
import { hostCoveredBy, type ResolveContext, resolveTargets } from '../../src/services/resolve-targets.ts';

const REGION = 'eu-west-1';
const UNREADABLE: Slice<VpcEndpoint> = { known: false, why: 'denied' };

function known(...value: VpcEndpoint[]): Slice<VpcEndpoint> {
  return { known: true, value };
}
function context(vpcEndpoints: Slice<VpcEndpoint>, more: Partial<ResolveContext> = {}): ResolveContext {
  return { region: REGION, vpcId: 'vpc-1', vpcEndpoints, ...more };
}
function requests(...texts: string[]): TargetRequest[] {
  return texts.map((text) => {
    const parsed = text.startsWith('workload:') ? parseWorkload(text.slice(9)) : parseTarget(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.request;
  });
}
const EVERY: TargetRequest[] = [{ kind: 'every-endpoint', text: '' }];

function own(id: string, labels: string, ...zones: string[]): string[] {
  const end = `${labels}.${REGION}.vpce.amazonaws.com`;
  return [`${id}-x1y2.${end}`, ...zones.map((zone) => `${id}-x1y2-${zone}.${end}`)];
}
function interfaceEndpoint(
  id: string,
  suffix: string,
  labels: string,
  privateNames: string[],
  more: Partial<VpcEndpoint> = {},
): VpcEndpoint {
  return {
    VpcEndpointId: id,
    VpcEndpointType: 'Interface',
    VpcId: 'vpc-1',
    ServiceName: `com.amazonaws.${REGION}.${suffix}`,
    State: 'available',
    PrivateDnsEnabled: privateNames.length > 0,
    DnsEntries: [...own(id, labels, 'eu-west-1a'), ...privateNames].map((DnsName) => ({ DnsName, HostedZoneId: 'Z1' })),
    ...more,
  };
}
const STS = interfaceEndpoint('vpce-0c', 'sts', 'sts', [`sts.${REGION}.amazonaws.com`]);
const S3_GATEWAY: VpcEndpoint = {
  VpcEndpointId: 'vpce-0a',
  VpcEndpointType: 'Gateway',
  VpcId: 'vpc-1',
  ServiceName: `com.amazonaws.${REGION}.s3`,
  // the API's own sample says so on gateway endpoints (facts.md 1.1)
  PrivateDnsEnabled: true,
};
const CUSTOM = interfaceEndpoint('vpce-0d', 'x', 'vpce-svc-0b2', ['db.example.com'], {
  ServiceName: `com.amazonaws.vpce.${REGION}.vpce-svc-0b2`,
});

describe('resolveTargets: services', () => {
  it.each([
    [
      'secretsmanager',
      'secretsmanager.eu-west-1.amazonaws.com',
      443,
      'https',
      'com.amazonaws.eu-west-1.secretsmanager',
    ],
    ['cloudwatch', 'monitoring.eu-west-1.amazonaws.com', 443, 'https', 'com.amazonaws.eu-west-1.monitoring'],
    ['kms-fips', 'kms-fips.eu-west-1.amazonaws.com', 443, 'https', 'com.amazonaws.eu-west-1.kms-fips'],
    ['email-smtp', 'email-smtp.eu-west-1.amazonaws.com', 587, 'tcp', 'com.amazonaws.eu-west-1.email-smtp'],
    ['cassandra', 'cassandra.eu-west-1.amazonaws.com', 9142, 'tls', 'com.amazonaws.eu-west-1.cassandra'],
    ['com.amazonaws.us-east-1.sts', 'sts.us-east-1.amazonaws.com', 443, 'https', 'com.amazonaws.us-east-1.sts'],
    [
      'cn.com.amazonaws.cn-north-1.sts',
      'sts.cn-north-1.amazonaws.com.cn',
      443,
      'https',
      'cn.com.amazonaws.cn-north-1.sts',
    ],
    ['iam', 'iam.amazonaws.com', 443, 'https', 'com.amazonaws.iam'],
  ])('%s', (text, host, port, application, serviceName) => {
    const { targets, problems } = resolveTargets(requests(text), context(UNREADABLE));
    expect(problems).toEqual([]);
    expect(targets).toHaveLength(1);
    expect(targets[0]).toMatchObject({
      id: port === 443 ? host : `${host}:${port}`,
      host,
      port,
      application,
      requested: [text],
    });
    expect(targets[0]?.serviceNames[0]).toBe(serviceName);
  });

  it('needs a Region, but not for a global service or a full name', () => {
    const nowhere = context(UNREADABLE, { region: undefined });
    expect(resolveTargets(requests('sts'), nowhere).problems).toEqual([
      '"sts" needs a Region for its host name: the Region is not known; set --region or AWS_REGION.',
    ]);
    expect(resolveTargets(requests('iam', `com.amazonaws.${REGION}.sts`), nowhere).targets.map(({ id }) => id)).toEqual(
      ['iam.amazonaws.com', 'sts.eu-west-1.amazonaws.com'],
    );
  });

  it('takes the registry host from the account, else from the owner of the endpoints, else asks', () => {
    const request = requests('ecr.dkr');
    expect(resolveTargets(request, context(UNREADABLE, { accountId: '111122223333' })).targets[0]?.host).toBe(
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
    );
    expect(resolveTargets(request, context(known({ ...STS, OwnerId: '444455556666' }))).targets[0]?.host).toBe(
      '444455556666.dkr.ecr.eu-west-1.amazonaws.com',
    );
    expect(resolveTargets(request, context(UNREADABLE)).problems[0]).toMatch(/needs an account id/);
  });

  it('takes the host of a service that it does not know from its endpoint', () => {
    const endpoint = interfaceEndpoint('vpce-0e', 'brandnew', 'brandnew', ['brandnew.eu-west-1.amazonaws.com']);
    const request = requests('com.amazonaws.eu-west-1.brandnew');
    expect(resolveTargets(request, context(known(endpoint))).targets).toMatchObject([
      { host: 'brandnew.eu-west-1.amazonaws.com', serviceNames: ['com.amazonaws.eu-west-1.brandnew'] },
    ]);
    expect(resolveTargets(request, context(known())).problems[0]).toMatch(/not in our table; give the host/);
    expect(resolveTargets(requests('com.amazonaws.eu-west-1.secretmanager'), context(known())).problems[0]).toMatch(
      /Did you mean com\.amazonaws\.eu-west-1\.secretsmanager\?/,
    );
  });

  it('finds a custom service by its endpoints, and keeps it as a target without one', () => {
    const request = requests(`com.amazonaws.vpce.${REGION}.vpce-svc-0b2`);
    expect(resolveTargets(request, context(known(CUSTOM))).targets).toMatchObject([
      { host: 'db.example.com', endpointId: 'vpce-0d', serviceId: 'privatelink-custom', application: 'tls' },
    ]);
    const missing = resolveTargets(request, context(known(STS)));
    expect(missing.targets).toMatchObject([
      { id: `com.amazonaws.vpce.${REGION}.vpce-svc-0b2`, serviceNames: [`com.amazonaws.vpce.${REGION}.vpce-svc-0b2`] },
    ]);
    expect(missing.targets[0]).not.toHaveProperty('host');
    expect(missing.notes[0]).toMatch(/no endpoint of this VPC uses it/);
  });
});

describe('resolveTargets: hosts and addresses', () => {
  it('knows service, Region and variant names of a host', () => {
    const { targets } = resolveTargets(
      requests('sts.amazonaws.com', 'kms-fips.us-east-1.amazonaws.com'),
      context(known()),
    );
    expect(targets).toMatchObject([
      { serviceId: 'sts', serviceNames: ['com.amazonaws.eu-west-1.sts'] },
      {
        serviceId: 'kms',
        region: 'us-east-1',
        serviceNames: ['com.amazonaws.us-east-1.kms-fips', 'com.amazonaws.us-east-1.kms'],
      },
    ]);
    expect(targets[0]).not.toHaveProperty('region');
  });

  it('leaves foreign hosts without a service', () => {
    const { targets } = resolveTargets(
      requests('example.com', 'mydb.abc.eu-west-1.rds.amazonaws.com', '10.0.2.14:8443'),
      context(known(STS)),
    );
    expect(targets.map(({ id, serviceNames, serviceId }) => ({ id, serviceNames, serviceId }))).toEqual([
      { id: 'example.com', serviceNames: [], serviceId: undefined },
      { id: 'mydb.abc.eu-west-1.rds.amazonaws.com', serviceNames: [], serviceId: undefined },
      { id: '10.0.2.14:8443', serviceNames: [], serviceId: undefined },
    ]);
  });

  it('guesses the endpoint service of an AWS host that is not in the table', () => {
    const { targets } = resolveTargets(requests('mediaconvert-fips.us-east-1.amazonaws.com'), context(known()));
    expect(targets).toMatchObject([
      {
        region: 'us-east-1',
        serviceNames: ['com.amazonaws.us-east-1.mediaconvert-fips', 'com.amazonaws.us-east-1.mediaconvert'],
      },
    ]);
  });

  it('finds the endpoint service of a custom host by the endpoint that carries it', () => {
    const { targets } = resolveTargets(requests('db.example.com:5432'), context(known(STS, CUSTOM)));
    expect(targets).toMatchObject([
      {
        id: 'db.example.com:5432',
        application: 'tcp',
        serviceId: 'privatelink-custom',
        serviceNames: [CUSTOM.ServiceName],
      },
    ]);
  });

  it('takes a vpce name for its endpoint', () => {
    const { targets } = resolveTargets(
      requests(`vpce-0c-x1y2-eu-west-1a.sts.${REGION}.vpce.amazonaws.com`),
      context(UNREADABLE),
    );
    expect(targets).toMatchObject([{ endpointId: 'vpce-0c', serviceId: 'sts', region: REGION }]);
  });

  it('writes an IPv6 address with a port in brackets', () => {
    const { targets } = resolveTargets(requests('[2001:db8::1]:853', '2001:db8::1'), context(known()));
    expect(targets.map(({ id }) => id)).toEqual(['[2001:db8::1]:853', '2001:db8::1']);
  });

  it('treats a path as HTTPS, whatever the port', () => {
    const { targets } = resolveTargets(requests('https://search.example.com:9200/_cat'), context(known()));
    expect(targets).toMatchObject([{ id: 'search.example.com:9200', application: 'https', path: '/_cat' }]);
  });
});

describe('resolveTargets: endpoints', () => {
  const OFF = interfaceEndpoint('vpce-0e', 'sqs', 'sqs', []);
  const DYNAMODB = interfaceEndpoint('vpce-0f', 'dynamodb', 'dynamodb', []);
  const S3_INTERFACE = interfaceEndpoint('vpce-10', 's3', 's3', [], {
    DnsEntries: [
      `*.vpce-10-x1y2.s3.${REGION}.vpce.amazonaws.com`,
      `*.vpce-10-x1y2-eu-west-1a.s3.${REGION}.vpce.amazonaws.com`,
    ].map((DnsName) => ({ DnsName, HostedZoneId: 'Z1' })),
  });
  const REGISTRY = interfaceEndpoint('vpce-11', 'ecr.dkr', 'dkr.ecr', [`*.dkr.ecr.${REGION}.amazonaws.com`], {
    OwnerId: '444455556666',
  });
  const PRIVATE_API = interfaceEndpoint('vpce-12', 'execute-api', 'execute-api', [
    `*.execute-api.${REGION}.amazonaws.com`,
  ]);
  const PENDING = interfaceEndpoint('vpce-13', 'brandnew', 'brandnew', [], { State: 'pending', DnsEntries: [] });
  const FIPS = interfaceEndpoint('vpce-14', 'kms-fips', 'kms-fips', [`kms-fips.${REGION}.amazonaws.com`]);
  const ALL = [STS, S3_GATEWAY, CUSTOM, OFF, DYNAMODB, S3_INTERFACE, REGISTRY, PRIVATE_API, PENDING, FIPS];

  // [endpoint, host when the user named it, host when every endpoint is asked for]
  it.each<[string, string | undefined, string | undefined]>([
    ['vpce-0c', 'sts.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com'],
    ['vpce-0a', 's3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['vpce-0d', 'db.example.com', 'db.example.com'],
    ['vpce-0e', 'vpce-0e-x1y2.sqs.eu-west-1.vpce.amazonaws.com', 'sqs.eu-west-1.amazonaws.com'],
    [
      'vpce-0f',
      'vpce-0f-x1y2.dynamodb.eu-west-1.vpce.amazonaws.com',
      'vpce-0f-x1y2.dynamodb.eu-west-1.vpce.amazonaws.com',
    ],
    ['vpce-10', 'bucket.vpce-10-x1y2.s3.eu-west-1.vpce.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ['vpce-11', '444455556666.dkr.ecr.eu-west-1.amazonaws.com', '444455556666.dkr.ecr.eu-west-1.amazonaws.com'],
    [
      'vpce-12',
      'vpce-12-x1y2.execute-api.eu-west-1.vpce.amazonaws.com',
      'vpce-12-x1y2.execute-api.eu-west-1.vpce.amazonaws.com',
    ],
    ['vpce-13', undefined, undefined],
    ['vpce-14', 'kms-fips.eu-west-1.amazonaws.com', 'kms-fips.eu-west-1.amazonaws.com'],
  ])('%s', (id, named, any) => {
    const byName = resolveTargets(requests(id), context(known(...ALL)));
    expect(byName.targets.map(({ host, endpointId }) => ({ host, endpointId }))).toEqual([
      { host: named, endpointId: id },
    ]);
    const endpoint = ALL.find(({ VpcEndpointId }) => VpcEndpointId === id);
    const every = resolveTargets(EVERY, context(known(...(endpoint ? [endpoint] : []))));
    expect(every.targets.map(({ host }) => host)).toEqual([any]);
    expect(every.targets[0]?.requested).toEqual([id]);
    expect(every.targets[0]?.serviceNames[0]).toBe(endpoint?.ServiceName);
  });

  it('keeps an endpoint whose list cannot be read, without a host', () => {
    const { targets, notes } = resolveTargets(requests('vpce-0c:8443'), context(UNREADABLE));
    expect(targets).toEqual([
      {
        id: 'vpce-0c:8443',
        requested: ['vpce-0c:8443'],
        port: 8443,
        application: 'https',
        endpointId: 'vpce-0c',
        serviceNames: [],
      },
    ]);
    expect(notes[0]).toMatch(/cannot be read/);
  });

  it('calls an id that a readable list does not hold a problem', () => {
    const { targets, problems } = resolveTargets(requests('vpce-99'), context(known(STS)));
    expect(targets).toEqual([]);
    expect(problems).toEqual(['vpce-99 is not among the VPC endpoints of this account and Region.']);
  });

  it('uses the Region of the service for an endpoint into another Region', () => {
    const far = interfaceEndpoint('vpce-20', 'x', 'kms', [], {
      ServiceName: 'com.amazonaws.us-east-1.kms',
      ServiceRegion: 'us-east-1',
    });
    expect(resolveTargets(EVERY, context(known(far))).targets).toMatchObject([
      { host: 'kms.us-east-1.amazonaws.com', region: 'us-east-1' },
    ]);
  });

  it('keeps two named endpoints of one service apart', () => {
    const other = interfaceEndpoint('vpce-0cc', 'sts', 'sts', [`sts.${REGION}.amazonaws.com`], { VpcId: 'vpc-2' });
    const { targets } = resolveTargets(requests('vpce-0c', 'vpce-0cc'), context(known(STS, other)));
    expect(targets.map(({ host, endpointId }) => [host, endpointId])).toEqual([
      ['sts.eu-west-1.amazonaws.com', 'vpce-0c'],
      ['vpce-0cc-x1y2.sts.eu-west-1.vpce.amazonaws.com', 'vpce-0cc'],
    ]);
  });

  it('takes the endpoints of the VPC, by id, and notes those without a name of their own', () => {
    const elsewhere = interfaceEndpoint('vpce-00', 'sqs', 'sqs', [`sqs.${REGION}.amazonaws.com`], { VpcId: 'vpc-2' });
    const balancer: VpcEndpoint = { VpcEndpointId: 'vpce-1b', VpcEndpointType: 'GatewayLoadBalancer', VpcId: 'vpc-1' };
    const deleted = { ...OFF, State: 'Deleted' };
    const state = known(STS, balancer, elsewhere, S3_GATEWAY, deleted);
    const here = resolveTargets(EVERY, context(state));
    expect(here.targets.map(({ id }) => id)).toEqual(['s3.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com']);
    expect(here.notes).toEqual([
      'vpce-0e is deleted and left out.',
      'vpce-1b is a GatewayLoadBalancer endpoint and left out: name a host behind it.',
    ]);
    const anywhere = resolveTargets(EVERY, context(state, { vpcId: undefined }));
    expect(anywhere.targets.map(({ id }) => id)).toContain('sqs.eu-west-1.amazonaws.com');
    expect(resolveTargets(requests('vpce-1b'), context(state)).problems[0]).toMatch(/has no host of its own/);
  });

  it.each([
    ['cannot be read', UNREADABLE],
    ['no endpoint', known()],
  ])('falls back to Session Manager when the list is like this: %s', (words, slice) => {
    const { targets, notes } = resolveTargets(EVERY, context(slice));
    expect(targets.map(({ id, workload }) => [id, workload])).toEqual([
      ['ssm.eu-west-1.amazonaws.com', 'session-manager'],
      ['ssmmessages.eu-west-1.amazonaws.com', 'session-manager'],
    ]);
    expect(notes[0]).toMatch(words);
  });
});

describe('resolveTargets: workloads and duplicates', () => {
  it('adds conditional services only where the VPC has an endpoint for them', () => {
    const request = requests('workload:fargate');
    const hosts = (slice: Slice<VpcEndpoint>) =>
      resolveTargets(request, context(slice, { accountId: '111122223333' })).targets.map(({ host }) => host);
    const required = [
      'api.ecr.eu-west-1.amazonaws.com',
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      's3.eu-west-1.amazonaws.com',
    ];
    expect(hosts(known(STS))).toEqual(required);
    expect(hosts(UNREADABLE)).toEqual(required);
    const logs = interfaceEndpoint('vpce-30', 'logs', 'logs', [`logs.${REGION}.amazonaws.com`]);
    expect(hosts(known(logs))).toEqual([...required, 'logs.eu-west-1.amazonaws.com']);
    expect(hosts(known({ ...logs, VpcId: 'vpc-2' }))).toEqual(required);
  });

  it('leaves out a registry without an account, and says so', () => {
    const { targets, notes, problems } = resolveTargets(requests('workload:ecr-pull'), context(UNREADABLE));
    expect(targets.map(({ serviceId }) => serviceId)).toEqual(['ecr.api', 's3']);
    expect(notes[0]).toMatch(/^ecr\.dkr is left out:/);
    expect(problems).toEqual([]);
  });

  it('has nothing to check for a function whose calls are unknown', () => {
    const problem = (slice: Slice<VpcEndpoint>) =>
      resolveTargets(requests('workload:lambda'), context(slice)).problems[0];
    expect(problem(UNREADABLE)).toMatch(/the VPC endpoints cannot be read; name the services/);
    expect(problem(known())).toMatch(/an endpoint for none of those that it may call; name the services/);
  });

  it('says once that the Region is missing', () => {
    const { targets, problems } = resolveTargets(requests('workload:ssm'), context(UNREADABLE, { region: undefined }));
    expect(targets).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  it('joins what means the same host and port', () => {
    const { targets } = resolveTargets(
      requests(
        'sts',
        'STS.eu-west-1.amazonaws.com',
        'vpce-0c',
        `com.amazonaws.${REGION}.sts`,
        'sts.eu-west-1.amazonaws.com:8443',
      ),
      context(known(STS)),
    );
    expect(targets).toMatchObject([
      {
        id: 'sts.eu-west-1.amazonaws.com',
        requested: ['sts', 'STS.eu-west-1.amazonaws.com', 'vpce-0c', `com.amazonaws.${REGION}.sts`],
        endpointId: 'vpce-0c',
        serviceNames: [`com.amazonaws.${REGION}.sts`],
      },
      { id: 'sts.eu-west-1.amazonaws.com:8443' },
    ]);
  });

  it('never throws, and gives every request a target, a problem or a note', () => {
    const texts = fc.constantFrom(
      'sts',
      'ecr.dkr',
      'execute-api',
      'glue.sessions',
      'iam',
      'vpce-0c',
      'vpce-99',
      'example.com',
      '10.0.0.1',
      'workload:eks',
      'workload:lambda',
      'timestream.query',
      'email-smtp',
      `com.amazonaws.vpce.${REGION}.vpce-svc-0b2`,
    );
    const slices = fc.constantFrom(
      UNREADABLE,
      known(),
      known(STS, S3_GATEWAY, CUSTOM),
      known({ VpcEndpointId: 'vpce-0c' }),
    );
    fc.assert(
      fc.property(
        texts,
        slices,
        fc.constantFrom(REGION, 'cn-north-1', undefined),
        fc.constantFrom('vpc-1', undefined),
        (text, vpcEndpoints, region, vpcId) => {
          const { targets, problems, notes } = resolveTargets(requests(text), { region, vpcId, vpcEndpoints });
          expect(targets.length + problems.length + notes.length).toBeGreaterThan(0);
          expect(new Set(targets.map(({ id }) => id)).size).toBe(targets.length);
          for (const line of [...problems, ...notes]) expect(line).toMatch(/^[^\n]+[.?]$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('resolveTargets: refusals', () => {
  const denied = (action?: string) => ({ kind: 'policy' as const, text: `no ${action}`, ...(action && { action }) });
  const resolved = (...asked: TargetRequest[]) =>
    resolveTargets(asked, context(known(STS), { accountId: '111122223333' })).targets.map(({ host, denials }) => [
      host,
      denials?.map(({ text }) => text),
    ]);

  it('stay with the target, and are joined where several requests mean it', () => {
    const service = { kind: 'service', text: 'sqs', service: 'sqs' } as const;
    const host = { kind: 'host', text: 'q', host: 'sqs.eu-west-1.amazonaws.com', port: 443 } as const;
    expect(resolved({ ...service, denial: denied('sqs:A') })).toEqual([[host.host, ['no sqs:A']]]);
    expect(resolved({ ...service, denial: denied('sqs:A') }, host, { ...host, denial: denied('sqs:B') })).toEqual([
      [host.host, ['no sqs:A', 'no sqs:B']],
    ]);
    expect(resolved({ ...service, denial: denied('sqs:A') }, { ...host, denial: denied('sqs:A') })).toEqual([
      [host.host, ['no sqs:A']],
    ]);
    expect(resolved(service)).toEqual([[host.host, undefined]]);
  });

  it('of a workload belong to the service of the action, else to all of it', () => {
    const pull = { kind: 'workload', text: 'ecr-pull', workload: 'ecr-pull' } as const;
    const hosts = [
      'api.ecr.eu-west-1.amazonaws.com',
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      's3.eu-west-1.amazonaws.com',
    ];
    expect(resolved({ ...pull, denial: denied('s3:GetObject') })).toEqual(
      hosts.map((host) => [host, host.startsWith('s3.') ? ['no s3:GetObject'] : undefined]),
    );
    expect(resolved({ ...pull, denial: denied() })).toEqual(hosts.map((host) => [host, ['no undefined']]));
  });
});

describe('hostCoveredBy', () => {
  const endpoint = (...names: string[]) => ({ DnsEntries: names.map((DnsName) => ({ DnsName, HostedZoneId: 'Z1' })) });

  // RFC 4592, 2.2.1 and 3.3.1
  it.each([
    ['sts.eu-west-1.amazonaws.com', ['sts.eu-west-1.amazonaws.com'], true],
    ['STS.eu-west-1.amazonaws.com.', ['sts.eu-west-1.amazonaws.com'], true],
    ['sts.amazonaws.com', ['sts.eu-west-1.amazonaws.com'], false],
    ['sts-fips.eu-west-1.amazonaws.com', ['sts.eu-west-1.amazonaws.com'], false],
    ['b.s3.eu-west-1.amazonaws.com', ['*.s3.eu-west-1.amazonaws.com'], true],
    ['a.b.s3.eu-west-1.amazonaws.com', ['*.s3.eu-west-1.amazonaws.com'], true],
    ['s3.eu-west-1.amazonaws.com', ['*.s3.eu-west-1.amazonaws.com'], false],
    ['xs3.eu-west-1.amazonaws.com', ['*.s3.eu-west-1.amazonaws.com'], false],
    ['a.b.x', ['*.x', 'b.x'], false],
    ['a.b.x', ['*.x', 'c.b.x'], false],
    ['b.x', ['*.x', 'c.b.x'], false],
    ['c.b.x', ['*.x', 'c.b.x'], true],
    ['a.b.x', ['*.x', 'd.x'], true],
    ['a.b.x', ['*.x', '*.b.x'], true],
    ['anything', [], false],
  ])('%s by %j: %s', (host, names, covered) => {
    expect(hostCoveredBy(host, endpoint(...names))).toBe(covered);
  });
});
