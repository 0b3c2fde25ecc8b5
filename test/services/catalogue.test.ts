import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applicationOf,
  canHaveEndpoint,
  defaultPort,
  findService,
  hostOfServiceName,
  httpRequestFor,
  matchHost,
  serviceNamesForHost,
  standardHost,
  suggestServices,
  usualPrivateNames,
  variantHosts,
} from '../../src/services/catalogue.ts';
import { instantiate, parseTemplate } from '../../src/services/host-pattern.ts';
import { isRegion, PARTITIONS, partitionOfRegion } from '../../src/services/partitions.ts';
import { parseServiceName, serviceIdOfServiceName, serviceNames } from '../../src/services/service-names.ts';
import { type HostVariant, SERVICES, type Service, serviceById } from '../../src/services/service-table.ts';

function known(id: string): Service {
  const service = serviceById(id);
  if (service === undefined) throw new Error(`no service ${id}`);
  return service;
}

/** One value for each placeholder, of the form that real hosts have. */
const SAMPLE = {
  accountId: '123456789012',
  azId: 'use1-az4',
  n: '3',
  cell: 'cell2',
  prefix: 'a1b2c3d4e5f6g7',
  serverId: 's-0123456789abcdef0',
  domain: 'my-domain',
};
const REGION_OF_PARTITION = {
  aws: 'eu-west-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-eusc': 'eusc-de-east-1',
  'aws-iso': 'us-iso-east-1',
  'aws-iso-b': 'us-isob-east-1',
  'aws-iso-e': 'eu-isoe-west-1',
  'aws-iso-f': 'us-isof-south-1',
} as const;

const everyTemplate = SERVICES.flatMap((service) =>
  (Object.entries(service.hosts) as [HostVariant, readonly string[]][]).flatMap(([variant, hosts]) =>
    hosts.map((text) => ({ service, variant, text, template: parseTemplate(text) })),
  ),
);

describe('the table', () => {
  it('has every id, suffix and full name once', () => {
    const words = SERVICES.flatMap(({ id, suffixes, fullServiceNames }) => [
      ...new Set([id, ...suffixes, ...fullServiceNames]),
    ]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
    expect(SERVICES.length).toBeGreaterThanOrEqual(150);
  });

  it('holds no leftovers of its sources', () => {
    expect(SERVICES.filter((service) => /\bERR\b|undefined|\bnull\b/.test(JSON.stringify(service)))).toEqual([]);
    for (const service of SERVICES) expect(service.source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/\S+\.html$/);
  });

  it('names a way to recognise each service: a suffix or a full endpoint service name', () => {
    expect(SERVICES.filter((service) => service.suffixes.length + service.fullServiceNames.length === 0)).toEqual([]);
  });
});

describe('matchHost', () => {
  it.each(everyTemplate.map((entry) => [entry.service.id, entry.variant, entry.text, entry] as const))(
    'gives %s (%s) back for %s, in every partition',
    (_id, _variant, _text, { service, variant, template }) => {
      let tried = 0;
      for (const [partition, region] of Object.entries(REGION_OF_PARTITION)) {
        const concrete = parseTemplate(
          `${template.partitions === undefined ? '' : `${template.partitions.join(',')}:`}${template.text.replace('*.', 'my-thing.')}`,
        );
        const host = instantiate(concrete, region, SAMPLE);
        if (host === undefined) continue;
        tried++;
        const match = matchHost(host);
        expect({ host, id: match?.service?.id, variant: match?.variant }).toEqual({ host, id: service.id, variant });
        if (match?.region !== undefined) expect(partitionOfRegion(match.region).id).toBe(partition);
        if (template.text.includes('{accountId}')) expect(match?.accountId).toBe(SAMPLE.accountId);
      }
      expect(tried).toBeGreaterThan(0);
    },
  );

  // facts.md 5.1: the suffix is not the host
  it.each([
    ['kinesis.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.kinesis-streams'],
    ['firehose.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.kinesis-firehose'],
    ['api.ecr.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.ecr.api'],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.ecr.dkr'],
    ['api.sagemaker.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.sagemaker.api'],
    ['runtime.sagemaker.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.sagemaker.runtime'],
    ['elasticmapreduce.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.elasticmapreduce'],
    ['memory-db.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.memory-db'],
    ['ecs-a.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.ecs-agent'],
    ['ecs-t.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.ecs-telemetry'],
    ['oidc.eks.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.oidc-eks'],
    ['oidc-eks.eu-west-1.api.aws', 'com.amazonaws.eu-west-1.oidc-eks'],
    ['git-codecommit.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.git-codecommit'],
    ['codecommit.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.codecommit'],
    ['codedeploy-commands-secure.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.codedeploy-commands-secure'],
    ['codedeploy.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.codedeploy'],
    ['email.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.email'],
    ['email-smtp.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.email-smtp'],
    ['states.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.states'],
    ['sync-states.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.sync-states'],
    ['appconfig.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.appconfig'],
    ['appconfigdata.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.appconfigdata'],
    ['aps.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.aps'],
    ['aps-workspaces.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.aps-workspaces'],
    ['monitoring.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.monitoring'],
    ['elasticfilesystem.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.elasticfilesystem'],
    ['acm.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.acm'],
    ['acm-pca.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.acm-pca'],
    ['bedrock-runtime.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.bedrock-runtime'],
    ['stream-logs.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.stream-logs'],
    [
      'my-domain-123456789012.d.codeartifact.eu-west-1.amazonaws.com',
      'com.amazonaws.eu-west-1.codeartifact.repositories',
    ],
    ['d-abc.studio.eu-west-1.sagemaker.aws', 'aws.sagemaker.eu-west-1.studio'],
    ['query-cell2.timestream.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1.timestream.query-cell2'],
    ['iam.amazonaws.com', 'com.amazonaws.iam'],
    ['a.accesspoint.s3-global.amazonaws.com', 'com.amazonaws.s3-global.accesspoint'],
  ])('%s is served by %s', (host, serviceName) => {
    const match = matchHost(host);
    expect(match && serviceNamesForHost(match)).toEqual([serviceName]);
    expect(serviceIdOfServiceName(serviceName)).toBe(match?.service?.id);
  });

  it.each([
    ['sts.amazonaws.com', 'sts', 'global', undefined],
    ['s3.amazonaws.com', 's3', 'global', undefined],
    ['bucket.s3.amazonaws.com', 's3', 'global', undefined],
    ['s3-eu-west-1.amazonaws.com', 's3', 'legacy', 'eu-west-1'],
    ['bucket.s3-eu-west-1.amazonaws.com', 's3', 'legacy', 'eu-west-1'],
    ['bucket.s3-website-eu-west-1.amazonaws.com', 's3', 'other', 'eu-west-1'],
    ['bucket.s3-website.eu-central-1.amazonaws.com', 's3', 'other', 'eu-central-1'],
    ['bucket.s3-accelerate.amazonaws.com', 's3', 'other', undefined],
    ['queue.amazonaws.com', 'sqs', 'global', undefined],
    ['eu-west-1.queue.amazonaws.com', 'sqs', 'legacy', 'eu-west-1'],
    ['ecs-a-1.eu-west-1.amazonaws.com', 'ecs-agent', 'other', 'eu-west-1'],
    ['ecs-t-12.eu-west-1.amazonaws.com', 'ecs-telemetry', 'other', 'eu-west-1'],
    ['query.timestream.eu-west-1.amazonaws.com', 'timestream.query', 'other', 'eu-west-1'],
    ['sts-fips.us-east-1.amazonaws.com', 'sts', 'fips', 'us-east-1'],
    ['fips.eks.us-east-1.amazonaws.com', 'eks', 'fips', 'us-east-1'],
    ['ecr.eu-west-1.api.aws', 'ecr.api', 'dualstack', 'eu-west-1'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'ecr.dkr', 'dualstack', 'eu-west-1'],
    ['bucket.s3.dualstack.eu-west-1.amazonaws.com', 's3', 'dualstack', 'eu-west-1'],
    ['123456789012.ddb.eu-west-1.amazonaws.com', 'dynamodb', 'account', 'eu-west-1'],
    ['123456789012.data-kinesis.eu-west-1.amazonaws.com', 'kinesis-streams', 'account', 'eu-west-1'],
    ['a.b.c.s3.eu-west-1.amazonaws.com', 's3', 'standard', 'eu-west-1'],
    ['S3.EU-WEST-1.AMAZONAWS.COM.', 's3', 'standard', 'eu-west-1'],
    // China's suffix missing: no such name exists
    ['sts.cn-north-1.amazonaws.com', 'sts', 'other', 'cn-north-1'],
  ])('%s is %s, %s', (host, id, variant, region) => {
    const match = matchHost(host);
    expect([match?.service?.id, match?.variant, match?.region]).toEqual([id, variant, region]);
  });

  it.each([
    ['vpce-0a1-x1y2.sts.eu-west-1.vpce.amazonaws.com', 'sts', undefined],
    ['vpce-0a1-x1y2-eu-west-1a.sts.eu-west-1.vpce.amazonaws.com', 'sts', 'eu-west-1a'],
    ['vpce-0a1-x1y2-us-west-2-lax-1a.api.ecr.us-west-2.vpce.amazonaws.com', 'ecr.api', 'us-west-2-lax-1a'],
    ['vpce-0a1-x1y2.dkr.ecr.eu-west-1.vpce.amazonaws.com', 'ecr.dkr', undefined],
    ['bucket.vpce-0a1-x1y2.s3.eu-west-1.vpce.amazonaws.com', 's3', undefined],
    ['my.bucket.bucket.vpce-0a1-x1y2-eu-west-1b.s3.eu-west-1.vpce.amazonaws.com', 's3', 'eu-west-1b'],
    ['*.vpce-0a1-x1y2.s3.eu-west-1.vpce.amazonaws.com', 's3', undefined],
    ['vpce-0a1-x1y2.streams.dynamodb.eu-west-1.vpce.amazonaws.com', 'dynamodb-streams', undefined],
    ['vpce-0a1-x1y2.kinesis.cn-north-1.vpce.amazonaws.com.cn', 'kinesis-streams', undefined],
    ['vpce-0a1-x1y2.vpce-svc-0b2.eu-west-1.vpce.amazonaws.com', 'privatelink-custom', undefined],
    ['vpce-0a1-x1y2.brandnew.eu-west-1.vpce.amazonaws.com', undefined, undefined],
  ])('%s is a name of vpce-0a1', (host, id, zone) => {
    const match = matchHost(host);
    expect([match?.service?.id, match?.vpceName]).toEqual([id, { endpointId: 'vpce-0a1', zone }]);
  });

  it.each([
    'example.com',
    'amazonaws.com',
    'docs.aws.amazon.com',
    'mydb.abc123.eu-west-1.rds.amazonaws.com',
    'lb-1.eu-west-1.elb.amazonaws.com',
    'brandnew.eu-west-1.amazonaws.com',
    'sts.eu-west-1.amazonaws.com.evil.example',
    'sts.eu-west-1.notamazonaws.com',
    '',
  ])('%s is none of ours', (host) => {
    expect(matchHost(host)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (host) => {
        matchHost(host);
        matchHost(`${host}.eu-west-1.amazonaws.com`);
      }),
    );
  });
});

describe('serviceNames', () => {
  it.each([
    ['sts', 'cn-north-1', ['cn.com.amazonaws.cn-north-1.sts', 'com.amazonaws.cn-north-1.sts']],
    ['ssm', 'cn-north-1', ['com.amazonaws.cn-north-1.ssm', 'cn.com.amazonaws.cn-north-1.ssm']],
    ['transcribe', 'cn-north-1', ['cn.com.amazonaws.cn-north-1.transcribe.cn', 'com.amazonaws.cn-north-1.transcribe']],
    ['ecr.api', 'eusc-de-east-1', ['eu.amazonaws.eusc-de-east-1.ecr.api', 'com.amazonaws.eusc-de-east-1.ecr.api']],
    ['ec2', 'us-iso-east-1', ['gov.ic.c2s.us-iso-east-1.ec2', 'com.amazonaws.us-iso-east-1.ec2']],
    ['sts', 'us-gov-west-1', ['com.amazonaws.us-gov-west-1.sts']],
    ['iam', 'eu-west-1', ['com.amazonaws.iam']],
    ['sagemaker.studio', 'eu-west-1', ['aws.sagemaker.eu-west-1.studio']],
    ['kms', 'eu-west-1', ['com.amazonaws.eu-west-1.kms']],
  ])('%s in %s', (id, region, names) => {
    expect(serviceNames(known(id), region)).toEqual(names);
    for (const name of names) expect(serviceIdOfServiceName(name)).toBe(id);
  });

  it('puts the FIPS service first for a FIPS host, and the plain one after', () => {
    expect(serviceNames(known('kms'), 'us-east-1', 'fips')).toEqual([
      'com.amazonaws.us-east-1.kms-fips',
      'com.amazonaws.us-east-1.kms',
    ]);
    expect(serviceNames(known('monitoring'), 'us-east-1', 'fips')).toEqual(['com.amazonaws.us-east-1.monitoring']);
  });

  it('reads back every name that it makes', () => {
    for (const service of SERVICES) {
      for (const region of Object.values(REGION_OF_PARTITION)) {
        for (const variant of ['standard', 'fips'] as const) {
          for (const name of serviceNames(service, region, variant)) {
            expect([name, serviceIdOfServiceName(name.toUpperCase())]).toEqual([name, service.id]);
          }
        }
      }
    }
  });

  it.each([
    ['com.amazonaws.vpce.eu-west-1.vpce-svc-0123', 'privatelink-custom', 'eu-west-1'],
    ['com.amazonaws.eu-west-1.timestream.query-cell2', 'timestream.query', 'eu-west-1'],
    ['com.amazonaws.eu-west-1.mediaconvert', undefined, 'eu-west-1'],
    ['aws.api.eu-west-1.freetier', undefined, 'eu-west-1'],
    ['com.amazonaws.savingsplans', undefined, undefined],
  ])('reads %s', (text, id, region) => {
    const name = parseServiceName(text);
    expect([name?.name, name?.service?.id, name?.region]).toEqual([text, id, region]);
  });

  it.each([
    'sts',
    'sts.eu-west-1.amazonaws.com',
    'com.amazonaws',
    'com.amazonaws.eu-west-1',
    'org.example.eu-west-1.sts',
  ])('does not take %s for a name', (text) => {
    expect(parseServiceName(text)).toBeUndefined();
  });
});

describe('findService', () => {
  it('knows every id and suffix, in any case', () => {
    for (const service of SERVICES) {
      for (const word of [service.id, ...service.suffixes])
        expect(findService(` ${word.toUpperCase()} `)).toBe(service);
    }
  });

  it.each([
    ['cloudwatch', 'monitoring'],
    ['efs', 'elasticfilesystem'],
    ['firehose', 'kinesis-firehose'],
    ['com.amazonaws.eu-west-1.ecr-fips.dkr', 'ecr.dkr'],
    ['cn.com.amazonaws.cn-north-1.transcribe.cn', 'transcribe'],
  ])('%s is %s', (text, id) => {
    expect(findService(text)?.id).toBe(id);
  });

  it.each(['ecr', 'ses', 'sagemaker', 'nothing', '', 'constructor', '__proto__', 'toString'])('%s is none', (text) => {
    expect(findService(text)).toBeUndefined();
  });

  it.each([
    ['secretmanger', ['secretsmanager']],
    ['ecr', ['ecr.api', 'ecr.dkr']],
    ['ses', ['email', 'email-smtp']],
    ['ssmmesages', ['ssmmessages']],
    ['xyzzyxyzzy', []],
    ['a', []],
  ])('suggests for %s', (text, ids) => {
    expect(suggestServices(text)).toEqual(ids);
  });
});

describe('hosts of a service', () => {
  it.each([
    ['sts', 'eu-west-1', undefined, 'sts.eu-west-1.amazonaws.com'],
    ['s3', 'cn-north-1', undefined, 's3.cn-north-1.amazonaws.com.cn'],
    ['ecr.dkr', 'eu-west-1', undefined, undefined],
    ['ecr.dkr', 'eu-west-1', '123456789012', '123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
    ['eks-auth', 'eu-west-1', undefined, 'eks-auth.eu-west-1.api.aws'],
    ['organizations', 'eu-west-1', undefined, 'organizations.us-east-1.amazonaws.com'],
    ['iam', 'cn-northwest-1', undefined, 'iam.cn-north-1.amazonaws.com.cn'],
    ['iam', 'us-gov-east-1', undefined, 'iam.us-gov.amazonaws.com'],
    ['execute-api', 'eu-west-1', undefined, undefined],
    ['email-smtp', 'eusc-de-east-1', undefined, 'email-smtp.eusc-de-east-1.amazonaws.eu'],
  ])('%s in %s for account %s', (id, region, account, host) => {
    expect(standardHost(known(id), region, account)).toBe(host);
  });

  it('gives the FIPS host for a FIPS endpoint service', () => {
    const name = parseServiceName('com.amazonaws.us-east-1.kms-fips');
    expect(name && hostOfServiceName(name, 'eu-west-1')).toBe('kms-fips.us-east-1.amazonaws.com');
  });

  it('lists the variants that need nothing but the Region', () => {
    expect(variantHosts(known('sts'), 'eu-west-1')).toEqual([
      { variant: 'standard', host: 'sts.eu-west-1.amazonaws.com' },
      { variant: 'fips', host: 'sts-fips.eu-west-1.amazonaws.com' },
      { variant: 'dualstack', host: 'sts.eu-west-1.api.aws' },
      { variant: 'dualstack-fips', host: 'sts-fips.eu-west-1.api.aws' },
      { variant: 'global', host: 'sts.amazonaws.com' },
    ]);
  });

  it.each([
    ['sts', ['sts.eu-west-1.amazonaws.com']],
    ['ecr.dkr', ['*.dkr.ecr.eu-west-1.amazonaws.com']],
    ['execute-api', ['*.execute-api.eu-west-1.amazonaws.com']],
    ['dynamodb', []],
    ['dynamodb-streams', []],
    ['iot.data', []],
    ['iot.credentials', []],
    [
      'monitoring',
      [
        'monitoring.eu-west-1.amazonaws.com',
        'monitoring-fips.eu-west-1.amazonaws.com',
        'monitoring.eu-west-1.api.aws',
        'monitoring-fips.eu-west-1.api.aws',
      ],
    ],
  ])('private names of %s', (id, names) => {
    expect(usualPrivateNames(known(id), 'eu-west-1')).toEqual(names);
  });

  it('has no private name with a placeholder or outside the Region', () => {
    for (const service of SERVICES) {
      for (const name of usualPrivateNames(service, 'eu-west-1')) {
        expect(name).not.toMatch(/[{}]/);
        expect([service.id, matchHost(name.replace('*', 'x123'))?.service?.id ?? service.id]).toEqual([
          service.id,
          service.id,
        ]);
      }
    }
  });
});

describe('ports and requests', () => {
  it.each([
    ['email-smtp', 587, 'tcp'],
    ['cassandra', 9142, 'tls'],
    ['iot.data', 8883, 'tls'],
    ['transfer.server', 22, 'tcp'],
    ['sts', 443, 'https'],
    ['privatelink-custom', 443, 'tls'],
  ])('%s starts at port %i, %s', (id, port, application) => {
    expect(defaultPort(known(id))).toBe(port);
    expect(applicationOf(known(id), port)).toBe(application);
  });

  it.each([
    ['email-smtp', 465, 'tls'],
    ['email-smtp', 2587, 'tcp'],
    ['athena', 444, 'tls'],
    ['s3', 80, 'tcp'],
    [undefined, 443, 'https'],
    [undefined, 5432, 'tcp'],
    [undefined, 5671, 'tls'],
  ])('%s on port %i is %s', (id, port, application) => {
    expect(applicationOf(id === undefined ? undefined : known(id), port)).toBe(application);
  });

  it('does not offer 443 for SES SMTP and Keyspaces', () => {
    expect(known('email-smtp').ports).not.toContain(443);
    expect(known('cassandra').ports).not.toContain(443);
  });

  it('asks the registry for its API version and the others for their root', () => {
    expect(httpRequestFor('ecr.dkr')).toEqual({ method: 'GET', path: '/v2/' });
    expect(httpRequestFor(undefined, '123456789012.dkr.ecr.eu-west-1.amazonaws.com').path).toBe('/v2/');
    expect(httpRequestFor('dynamodb').path).toBe('/');
    expect(httpRequestFor(undefined, 'example.com').path).toBe('/');
  });

  it('knows that a foreign host can have no endpoint', () => {
    expect(canHaveEndpoint(undefined)).toBe(false);
    for (const service of SERVICES) expect(canHaveEndpoint(service)).toBe(true);
  });
});

describe('partitions', () => {
  it('reads Regions of every partition', () => {
    for (const [id, region] of Object.entries(REGION_OF_PARTITION)) {
      expect(isRegion(region)).toBe(true);
      expect(partitionOfRegion(region).id).toBe(id);
    }
    for (const partition of PARTITIONS) expect(partitionOfRegion(partition.globalRegion)).toBe(partition);
    expect(partitionOfRegion('nz-north-1').id).toBe('aws');
  });

  it.each(['', 'eu-west', 'eu-west-1a', 'EU-WEST-1', 'us_east_1', 'eu-west-1.', 'global', 'us-gov'])(
    '%s is no Region',
    (text) => {
      expect(isRegion(text)).toBe(false);
    },
  );
});
