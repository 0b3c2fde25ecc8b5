/** Which proxy and which endpoint URL concern a target. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { calledRegion, emptyVantage, homeRegion } from '../../src/model/vantage.ts';
import { overrideOf } from '../../src/network/endpoint-url.ts';
import { proxyFor, proxyOf } from '../../src/network/proxy-choice.ts';

const target = (changes: Partial<Target> = {}): Target => ({
  id: 'x',
  requested: ['x'],
  host: 'secretsmanager.eu-west-1.amazonaws.com',
  port: 443,
  application: 'https',
  serviceId: 'secretsmanager',
  serviceNames: ['com.amazonaws.eu-west-1.secretsmanager'],
  ...changes,
});

describe('the proxy of a target', () => {
  it.each([
    ['http://proxy.corp:3128', { scheme: 'http', host: 'proxy.corp', port: 3128 }],
    ['proxy.corp:3128', { scheme: 'http', host: 'proxy.corp', port: 3128 }],
    ['HTTP://Proxy.Corp', { scheme: 'http', host: 'proxy.corp', port: 80 }],
    ['https://proxy.corp', { scheme: 'https', host: 'proxy.corp', port: 443 }],
    ['http://[fd00::5]:3128/', { scheme: 'http', host: 'fd00::5', port: 3128 }],
    ['10.0.0.99', { scheme: 'http', host: '10.0.0.99', port: 80 }],
  ])('%s', (httpsProxy, place) => {
    const choice = proxyOf({ proxy: { httpsProxy } }, target());
    expect(choice).toMatchObject({ variable: 'HTTPS_PROXY', place, past: [] });
    expect(choice?.through).toHaveLength(5);
  });

  it.each(['http://', 'http://proxy:99999', 'http://pro xy:3128'])('%j cannot be used', (httpsProxy) => {
    expect(proxyOf({ proxy: { httpsProxy } }, target())).toMatchObject({ problem: expect.any(String) });
  });

  it('a SOCKS proxy is nobody’s fault', () => {
    const choice = proxyOf({ proxy: { allProxy: 'socks5://proxy:1080' } }, target());
    expect(choice).toMatchObject({ variable: 'ALL_PROXY', through: ['curl'] });
    expect(choice?.place).toBeUndefined();
    expect(choice?.problem).toBeUndefined();
  });

  it('depends on what is spoken', () => {
    const proxy = { httpsProxy: 'http://a:1', httpProxy: 'http://b:2' };
    expect(proxyOf({ proxy }, target({ port: 80 }))).toMatchObject({ variable: 'HTTP_PROXY', url: 'http://b:2' });
    expect(proxyOf({ proxy }, target({ port: 587, application: 'tcp' }))).toBeUndefined();
    expect(proxyOf({ proxy: {} }, target())).toBeUndefined();
    expect(proxyFor({ proxy }, 'http', '169.254.169.254', 80)?.url).toBe('http://b:2');
  });
});

describe('the endpoint URL of a target', () => {
  const sdk = (endpointUrls: Record<string, string>) => ({ sdk: { endpointUrls } });
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['secretsmanager', 'its own key', { secrets_manager: 'https://a.example' }, 'a.example'],
    ['secretsmanager', 'another service’s', { s3: 'https://a.example' }, undefined],
    ['secretsmanager', 'the general one', { '': 'http://localhost:4566' }, 'localhost'],
    [
      'secretsmanager',
      'the more special of two',
      { '': 'https://a.example', secrets_manager: 'https://b.example' },
      'b.example',
    ],
    ['logs', 'CloudWatch Logs', { cloudwatch_logs: 'https://a.example' }, 'a.example'],
    ['monitoring', 'CloudWatch', { cloudwatch: 'https://a.example' }, 'a.example'],
    ['states', 'Step Functions', { sfn: 'https://a.example' }, 'a.example'],
    ['ecr.api', 'ECR', { ecr: 'https://a.example' }, 'a.example'],
    ['kinesis-firehose', 'Firehose', { firehose: 'https://a.example' }, 'a.example'],
    // docker and the agents know no SDK setting.
    ['ecr.dkr', 'ECR', { ecr: 'https://a.example', '': 'https://b.example' }, undefined],
    ['ssmmessages', 'the general one', { '': 'https://b.example' }, undefined],
    ['s3', 'no URL at all', { s3: 'bucket.vpce' }, undefined],
  ])('%s: %s', (serviceId, _what, urls, host) => {
    expect(overrideOf(sdk(urls), target({ serviceId }))?.host).toBe(host);
  });

  it('knows the port, and leaves hosts of no service alone', () => {
    expect(overrideOf(sdk({ '': 'http://localhost:4566/' }), target())).toMatchObject({ port: 4566, key: '' });
    expect(overrideOf(sdk({ '': 'http://localhost' }), target())?.port).toBe(80);
    const foreign = { ...target(), host: 'example.com' };
    delete foreign.serviceId;
    expect(overrideOf(sdk({ '': 'http://localhost' }), foreign)).toBeUndefined();
  });
});

describe('Regions', () => {
  it.each([
    [{ region: 'eu-west-1' }, {}, 'eu-west-1', 'eu-west-1'],
    [{ region: 'eu-west-1', availabilityZone: 'eu-west-1a' }, { region: 'us-east-1' }, 'us-east-1', 'eu-west-1'],
    // --region replaces what the machine says of itself; its zone does not move.
    [{ region: 'us-east-1', availabilityZone: 'eu-west-1a' }, { region: 'us-east-1' }, 'us-east-1', 'eu-west-1'],
    [{ availabilityZone: 'us-west-2-lax-1a' }, {}, undefined, 'us-west-2'],
    [{ availabilityZone: 'us-gov-west-1b' }, {}, undefined, 'us-gov-west-1'],
    [{}, {}, undefined, undefined],
  ])('%j and %j', (place, settings, called, home) => {
    const vantage = { ...emptyVantage('ec2'), ...place, sdk: { endpointUrls: {}, ...settings } };
    expect(calledRegion(vantage)).toBe(called);
    expect(homeRegion(vantage)).toBe(home);
  });
});
