/** What the environment and the shared config file say, with the SDKs' precedence and without secrets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  proxyAuthorization,
  proxySettings,
  readSurroundings,
  sdkSettings,
  withoutCredentials,
} from '../../src/vantage/environment.ts';
import { parseProfileSettings, readProfileSettings } from '../../src/vantage/sdk-config.ts';
import { fakeHost } from './fixtures.ts';

describe('credentials in URLs', () => {
  it.each([
    ['http://proxy:3128', 'http://proxy:3128'],
    ['http://user:secret@proxy:3128/', 'http://proxy:3128/'],
    ['user:secret@proxy:3128', 'proxy:3128'],
    ['HTTP://user:se@cr/et?@proxy:3128', 'HTTP://proxy:3128'],
    ['https://host/path?token=secret#secret', 'https://host/path'],
    ['socks5h://user:secret@[fd00::1]:1080', 'socks5h://[fd00::1]:1080'],
    ['', ''],
  ])('cuts %s down to %s', (url, expected) => {
    expect(withoutCredentials(url)).toBe(expected);
  });

  it('never keeps a password, however it is written', () => {
    const password = fc.string({ minLength: 1 }).map((text) => `pw-${text}-pw`);
    fc.assert(
      fc.property(password, fc.constantFrom('http://', 'https://', ''), (secret, scheme) => {
        const kept = withoutCredentials(`${scheme}user:${secret}@proxy.example:3128`);
        expect(kept).toBe(`${scheme}proxy.example:3128`);
      }),
    );
  });
});

describe('proxy variables', () => {
  it('reads both spellings, the lower-case one first', () => {
    const env = {
      HTTPS_PROXY: 'http://a:b@upper:3128',
      https_proxy: 'http://c:d@lower:3128',
      HTTP_PROXY: 'http://upper:3128',
      all_proxy: 'socks5://lower:1080',
      no_proxy: '',
      NO_PROXY: '169.254.169.254,.amazonaws.com',
    };
    expect(proxySettings(env)).toEqual({
      proxy: {
        httpsProxy: 'http://lower:3128',
        httpProxy: 'http://upper:3128',
        allProxy: 'socks5://lower:1080',
        noProxy: '169.254.169.254,.amazonaws.com',
      },
      notes: ['https_proxy and HTTPS_PROXY differ; programs disagree on which counts.'],
    });
  });

  it('is empty without any', () => {
    expect(Object.values(proxySettings({ PATH: '/bin' }).proxy).every((value) => value === undefined)).toBe(true);
  });
});

describe('the header for the proxy', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  it.each([
    [{ HTTPS_PROXY: 'http://user:secret@proxy:3128' }, basic('user:secret')],
    [{ HTTPS_PROXY: 'http://up:per@proxy:1', https_proxy: 'http://low:er@proxy:1' }, basic('low:er')],
    [{ HTTPS_PROXY: 'user:se:cr@et@proxy:3128' }, basic('user:se:cr@et')],
    [{ HTTPS_PROXY: 'http://us%40er:p%3Aw@proxy:3128' }, basic('us@er:p:w')],
    [{ HTTPS_PROXY: 'http://user:100%@proxy:3128' }, basic('user:100%')],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, undefined],
    [{}, undefined],
  ])('of %j', (env, expected) => {
    expect(proxyAuthorization(env, 'HTTPS_PROXY')).toBe(expected);
  });
});

describe('SDK settings', () => {
  const file = parseProfileSettings(
    [
      '[default]',
      'region = us-east-1',
      'endpoint_url = https://general.file.example',
      'services = lab',
      'use_fips_endpoint = TRUE',
      '[services lab]',
      's3 =',
      '  endpoint_url = https://s3.file.example',
      'ec2 =',
      '  endpoint_url = https://u:p@ec2.file.example',
    ].join('\n'),
    'default',
  );

  it('takes the file where the environment is silent', () => {
    expect(sdkSettings({}, file).sdk).toEqual({
      region: 'us-east-1',
      profile: undefined,
      endpointUrls: {
        '': 'https://general.file.example',
        s3: 'https://s3.file.example',
        ec2: 'https://ec2.file.example',
      },
      endpointUrlSources: { '': 'the profile default', s3: 'the profile default', ec2: 'the profile default' },
      regionSource: 'the profile default',
      useFips: true,
      useDualstack: undefined,
    });
  });

  it("lets a service's variable replace that service's entry only", () => {
    const { sdk } = sdkSettings({ AWS_ENDPOINT_URL_S3: 'https://s3.env.example' }, file);
    expect(sdk.endpointUrls).toEqual({
      '': 'https://general.file.example',
      s3: 'https://s3.env.example',
      ec2: 'https://ec2.file.example',
    });
  });

  it('lets AWS_ENDPOINT_URL silence the whole file', () => {
    const env = {
      AWS_ENDPOINT_URL: 'https://general.env.example',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://sm.env.example',
      AWS_ENDPOINT_URL_: 'https://nobody.example',
      AWS_ENDPOINT_URL_SQS: '',
    };
    expect(sdkSettings(env, file).sdk.endpointUrls).toEqual({
      '': 'https://general.env.example',
      secrets_manager: 'https://sm.env.example',
    });
  });

  it('says where each setting comes from', () => {
    const { sdk } = sdkSettings({ AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_S3: 'https://s3.env.example' }, file);
    expect(sdk.endpointUrlSources).toEqual({
      '': 'the profile dev',
      s3: 'AWS_ENDPOINT_URL_S3',
      ec2: 'the profile dev',
    });
    expect(sdkSettings({ AWS_ENDPOINT_URL: 'https://a.example' }, file).sdk.endpointUrlSources).toEqual({
      '': 'AWS_ENDPOINT_URL',
    });
    expect(sdkSettings({ AWS_DEFAULT_REGION: 'eu-west-2' }, file).sdk.regionSource).toBe('AWS_DEFAULT_REGION');
  });

  it.each([
    [{ AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'not-to-be-kept' }, ['environment']],
    [{ AWS_ACCESS_KEY_ID: 'AKID' }, undefined],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token' }, ['web-identity']],
    [{ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/not-to-be-kept' }, ['container']],
    [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' }, ['container']],
    [{}, undefined],
  ])('tells where credentials come from by %j, not what they are', (env, expected) => {
    const { sdk } = sdkSettings(env, file);
    expect(sdk.credentialSources).toEqual(expected);
    expect(JSON.stringify(sdk)).not.toContain('not-to-be-kept');
  });

  it.each([
    ['credential_process = /opt/tool', true],
    ['sso_session = corp', true],
    ['role_arn = arn:aws:iam::111122223333:role/r\ncredential_source = Ec2InstanceMetadata', false],
  ])('counts a profile with %j as a source: %s', (line, expected) => {
    const profile = parseProfileSettings(`[default]\n${line}`, 'default');
    expect(sdkSettings({}, profile).sdk.credentialSources?.includes('profile') ?? false).toBe(expected);
  });

  it('ignores all of them when told so, and says it', () => {
    const { sdk, notes } = sdkSettings({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, file);
    expect(sdk.endpointUrls).toEqual({});
    expect(notes).toHaveLength(1);
    expect(sdkSettings({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, undefined).notes).toEqual([]);
    const ignoring = parseProfileSettings('[default]\nignore_configured_endpoint_urls = true', 'default');
    expect(sdkSettings({ AWS_ENDPOINT_URL: 'https://a.example' }, ignoring).sdk.endpointUrls).toEqual({});
  });

  it.each([
    [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-1'],
    [{ AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-2'],
    [{ AWS_REGION: '' }, 'us-east-1'],
  ])('takes the Region of %j', (env, expected) => {
    expect(sdkSettings(env, file).sdk.region).toBe(expected);
  });

  it.each([
    ['true', true],
    ['False', false],
    ['1', true],
  ])('reads AWS_USE_FIPS_ENDPOINT=%s over the file', (value, expected) => {
    // "1" is no value of this setting: the file's `TRUE` stays.
    expect(sdkSettings({ AWS_USE_FIPS_ENDPOINT: value }, file).sdk.useFips).toBe(expected);
    expect(sdkSettings({ AWS_USE_DUALSTACK_ENDPOINT: value }, undefined).sdk.useDualstack).toBe(
      value === '1' ? undefined : expected,
    );
  });

  it('finds the file and the profile, and never opens the credentials file', async () => {
    const files = {
      '/home/user/.aws/config': '[profile build]\nregion = eu-central-1\n',
      '/etc/aws.conf': '[default]\nregion = eu-north-1\n',
      '/home/user/.aws/credentials': '[build]\nregion = never\n',
    };
    const host = fakeHost({ files, env: { HOME: '/home/user', AWS_PROFILE: 'build' } });
    expect((await readProfileSettings(host))?.region).toBe('eu-central-1');
    expect(host.filesRead).toEqual(['/home/user/.aws/config']);
    const elsewhere = fakeHost({ files, env: { HOME: '/home/user', AWS_CONFIG_FILE: '/etc/aws.conf' } });
    expect((await readProfileSettings(elsewhere))?.region).toBe('eu-north-1');
    expect(await readProfileSettings(fakeHost({ env: { HOME: '/nowhere' } }))).toBeUndefined();
  });
});

describe('surroundings', () => {
  it.each([
    ['a plain host', {}, { '/proc/1/cgroup': '0::/init.scope\n' }, { container: false, pod: false, lambda: false }],
    ['Docker', {}, { '/.dockerenv': '' }, { container: true, pod: false }],
    ['Podman', {}, { '/run/.containerenv': '' }, { container: true }],
    ['a Docker cgroup', {}, { '/proc/1/cgroup': '12:cpu:/docker/0123abc\n' }, { container: true }],
    ['an ECS cgroup', {}, { '/proc/1/cgroup': '12:cpu:/ecs/cluster/0123\n' }, { container: true }],
    ['a unit whose name ends in ecs', {}, { '/proc/1/cgroup': '0::/system.slice/specs\n' }, { container: false }],
    [
      'a pod without EKS identity',
      { KUBERNETES_SERVICE_HOST: '172.20.0.1' },
      {},
      { pod: true, eksPod: false, container: true },
    ],
    [
      'a pod with a role for its service account',
      { KUBERNETES_SERVICE_HOST: '172.20.0.1', AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token' },
      {},
      { eksPod: true },
    ],
    [
      'a pod with Pod Identity',
      {
        KUBERNETES_SERVICE_HOST: '172.20.0.1',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
      },
      {},
      { eksPod: true },
    ],
    ['a Lambda function', { AWS_LAMBDA_FUNCTION_NAME: 'fn' }, {}, { lambda: true, container: false }],
    ['a Fargate task', { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' }, {}, { ecs: 'ecs-fargate' }],
    ['a task', { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' }, {}, { ecs: 'ecs-ec2', container: true }],
  ])('recognises %s', async (_name, env, files, expected) => {
    expect(await readSurroundings(fakeHost({ env, files: { ...files } as Record<string, string> }))).toMatchObject(
      expected,
    );
  });
});
