import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TargetRequest } from '../../src/model/target.ts';
import { parseTarget, parseWorkload, printable } from '../../src/services/parse-target.ts';
import { SERVICES } from '../../src/services/service-table.ts';
import { findWorkload, suggestWorkloads, WORKLOADS } from '../../src/services/workloads.ts';

type Expected = TargetRequest extends infer R ? (R extends { text: string } ? Omit<R, 'text'> : never) : never;

function host(name: string, port = 443, path?: string): Expected {
  return path === undefined ? { kind: 'host', host: name, port } : { kind: 'host', host: name, port, path };
}
function address(value: string, port = 443): Expected {
  return { kind: 'address', address: value, port };
}
function service(name: string): Expected {
  return { kind: 'service', service: name };
}

describe('parseTarget', () => {
  it.each<[string, Expected]>([
    ['secretsmanager', service('secretsmanager')],
    [' "SecretsManager" ', service('secretsmanager')],
    ['ecr.api', service('ecr.api')],
    ['kms-fips', service('kms-fips')],
    ['cloudwatch', service('cloudwatch')],
    ['com.amazonaws.eu-west-1.s3', service('com.amazonaws.eu-west-1.s3')],
    ['COM.AMAZONAWS.eu-west-1.S3.', service('com.amazonaws.eu-west-1.s3')],
    ['com.amazonaws.eu-west-1.brandnew', service('com.amazonaws.eu-west-1.brandnew')],
    ['aws.sagemaker.eu-west-1.studio', service('aws.sagemaker.eu-west-1.studio')],
    ['cn.com.amazonaws.cn-north-1.sts', service('cn.com.amazonaws.cn-north-1.sts')],
    [
      'com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0',
      service('com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0'),
    ],
    ['vpce-0123456789abcdef0', { kind: 'endpoint', endpointId: 'vpce-0123456789abcdef0' }],
    ['VPCE-0AA:5432', { kind: 'endpoint', endpointId: 'vpce-0aa', port: 5432 }],
    ['sts.eu-west-1.amazonaws.com', host('sts.eu-west-1.amazonaws.com')],
    ["'STS.eu-west-1.amazonaws.com.'", host('sts.eu-west-1.amazonaws.com')],
    ['db.example.com:5432', host('db.example.com', 5432)],
    ['localhost:8443', host('localhost', 8443)],
    ['_sip.example.com', host('_sip.example.com')],
    ['vpce-0a1-x1y2.sts.eu-west-1.vpce.amazonaws.com', host('vpce-0a1-x1y2.sts.eu-west-1.vpce.amazonaws.com')],
    // the port that the service's clients use
    ['email-smtp.eu-west-1.amazonaws.com', host('email-smtp.eu-west-1.amazonaws.com', 587)],
    ['cassandra.eu-west-1.amazonaws.com', host('cassandra.eu-west-1.amazonaws.com', 9142)],
    ['email-smtp.eu-west-1.amazonaws.com:465', host('email-smtp.eu-west-1.amazonaws.com', 465)],
    ['https://sts.eu-west-1.amazonaws.com', host('sts.eu-west-1.amazonaws.com')],
    ['https://sts.eu-west-1.amazonaws.com/', host('sts.eu-west-1.amazonaws.com', 443, '/')],
    ['HTTPS://API.Example.com/Health?token=1#top', host('api.example.com', 443, '/Health')],
    ['https://api.example.com:9200', host('api.example.com', 9200, '/')],
    ['https://user:secret@api.example.com:8443/x', host('api.example.com', 8443, '/x')],
    ['http://169.254.170.2/v2', address('169.254.170.2', 80)],
    ['http://example.com/index.html', host('example.com', 80)],
    ['wss://ssmmessages.eu-west-1.amazonaws.com/v1', host('ssmmessages.eu-west-1.amazonaws.com', 443, '/v1')],
    ['api.example.com/health', host('api.example.com', 443, '/health')],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:latest', host('123456789012.dkr.ecr.eu-west-1.amazonaws.com')],
    ['10.0.2.14', address('10.0.2.14')],
    ['10.0.2.14:8443', address('10.0.2.14', 8443)],
    ['fd00:ec2::253', address('fd00:ec2::253')],
    ['2001:0DB8:0:0::1', address('2001:db8::1')],
    ['[2001:db8::1]:853', address('2001:db8::1', 853)],
    ['[2001:db8::1]', address('2001:db8::1')],
    ['https://[2001:db8::1]:8443/x', address('2001:db8::1', 8443)],
    ['::ffff:10.0.2.14', address('10.0.2.14')],
  ])('%s', (input, expected) => {
    const parsed = parseTarget(input);
    const { text, ...rest } = parsed.ok ? parsed.request : { text: parsed.problem };
    expect({ text, rest }).toEqual({ text, rest: expected });
  });

  it.each([
    ['', /empty/],
    ['  ""  ', /empty/],
    ['secretmanger', /no service that we know; did you mean secretsmanager\?.*vpce-/],
    ['ecr', /did you mean ecr\.api or ecr\.dkr or --workload ecr-pull\?/],
    ['xyzzyxyzzy', /no service that we know\. Give a service/],
    ['session-manager', /--workload session-manager/],
    ['fargate', /--workload ecs-fargate/],
    ['sts.eu-west-1.amazonaws.com:0', /no valid port/],
    ['sts.eu-west-1.amazonaws.com:65536', /no valid port/],
    ['sts.eu-west-1.amazonaws.com:https', /no valid port/],
    ['sts.eu-west-1.amazonaws.com:', /no valid port/],
    ['vpce-0aa:99999', /no valid port/],
    ['10.0.0.1:', /no valid port/],
    ['sts sqs', /has a space inside/],
    ['*.s3.eu-west-1.amazonaws.com', /wildcard/],
    [
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db',
      /is an ARN; give the service that it belongs to: secretsmanager/,
    ],
    ['arn:aws:ec2:eu-west-1:123456789012:vpc-endpoint/vpce-0aa', /give the endpoint id alone: vpce-0aa/],
    ['arn:aws:ecr:eu-west-1:123456789012:repository/app', /123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com/],
    ['arn:aws:s3:::bucket', /belongs to: s3/],
    ['arn:aws:nothing', /is an ARN; give a service/],
    ['s3://bucket/key', /names no host/],
    ['postgres://db.example.com', /give its host and port/],
    ['https://', /no host/],
    ['https:///path', /no host/],
    ['10.0.0.256', /not a valid IPv4/],
    ['10.0.0', /not a valid IPv4/],
    ['10.0.0.0/24', /range of addresses/],
    ['fe80::1%eth0', /not a valid IPv4 or IPv6/],
    ['[2001:db8::1', /bracket/],
    ['1:2:3', /not a valid IPv4 or IPv6/],
    ['eni-0123abcd', /network interface/],
    ['i-0123abcd', /instance/],
    ['vpc-0123abcd', /VPC/],
    ['vpce-svc-0123abcd', /endpoint service id/],
    ['vpce-0123-abcd', /beginning of an endpoint-specific host name/],
    ['sg-0123abcd', /no target/],
    ['sts:443', /service with a port/],
    ['-bad-.example.com', /not a valid host name/],
    ['a..b', /not a valid host name/],
    [`${'a'.repeat(64)}.example.com`, /not a valid host name/],
    ['bücher.example', /xn--/],
    ['x'.repeat(3000), /longer than/],
  ])('%s is a problem', (input, problem) => {
    const parsed = parseTarget(input);
    expect(parsed.ok ? parsed.request : parsed.problem).toMatch(problem);
  });

  it.each([
    'https://user:hunter2@api.example.com/x?password=hunter2',
    'postgres://user:hunter2@db.example.com/x',
    'user:hunter2@api.example.com',
    'https://user:hunter2@host name/',
    'https://user:hunter2@api.example.com:0/',
    'https://api.example.com:0/?sig=hunter2',
    'https://user:hunter2@/',
  ])('keeps no secret of %s', (input) => {
    expect(JSON.stringify(parseTarget(input))).not.toContain('hunter2');
  });

  it('takes every id and suffix of the table for a service, and every workload', () => {
    for (const { id, suffixes } of SERVICES) {
      for (const word of [id, ...suffixes]) {
        expect(parseTarget(word)).toEqual({ ok: true, request: { kind: 'service', text: word, service: word } });
      }
    }
  });

  it('never throws, and problems and texts are one printable line', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
      fc
        .tuple(
          fc.constantFrom('https://', 'vpce-', 'arn:aws:', '[', 'com.amazonaws.', 's3://', '"'),
          fc.string({ unit: 'binary' }),
        )
        .map(([head, tail]) => head + tail),
      fc.stringMatching(/^[a-z0-9.:[\]/@%*-]{1,40}$/),
    );
    fc.assert(
      fc.property(hostile, (input) => {
        for (const parsed of [parseTarget(input), parseWorkload(input)]) {
          const shown = parsed.ok ? parsed.request.text : parsed.problem;
          expect(shown).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]+$/u);
          if (parsed.ok && 'port' in parsed.request && parsed.request.port !== undefined) {
            expect(parsed.request.port).toBeGreaterThan(0);
            expect(parsed.request.port).toBeLessThan(65_536);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads its own text again as the same request', () => {
    for (const input of [
      '10.0.2.14:8443',
      '[2001:db8::1]:853',
      'https://api.example.com:9200',
      'vpce-0aa:5432',
      'sts',
    ]) {
      const first = parseTarget(input);
      expect(first.ok && parseTarget(first.request.text)).toEqual(first);
    }
  });
});

describe('printable', () => {
  it.each([
    ['a\u001b[31mb\u0007', 'a[31mb'],
    ['one\ntwo\r\n three', 'one two three'],
    ['\u202eabc\u2066', 'abc'],
    ['\ud800x', 'x'],
    ['abcdefghij', 'abcd…'],
  ])('%j', (input, output) => {
    expect(printable(input, output === 'abcd…' ? 5 : 80)).toBe(output);
  });
});

describe('workloads', () => {
  it('refer to services of the table, and each says what is seen without it', () => {
    const ids = new Set(SERVICES.map(({ id }) => id));
    for (const workload of WORKLOADS) {
      const needs = [...workload.required, ...workload.conditional];
      expect([workload.id, needs.filter((need) => !ids.has(need.service))]).toEqual([workload.id, []]);
      expect(new Set(needs.map((need) => need.service)).size).toBe(needs.length);
      for (const need of needs) expect(need.without).toMatch(/\.$/);
      expect(workload.required.filter((need) => need.when !== undefined)).toEqual([]);
      expect(workload.conditional.filter((need) => need.when === undefined)).toEqual([]);
    }
  });

  it('have one meaning per word', () => {
    const words = WORKLOADS.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
    for (const word of words) expect(parseWorkload(` ${word.toUpperCase()}`)).toMatchObject({ ok: true });
  });

  // facts.md 5.4
  it.each([
    ['session-manager', ['ssm', 'ssmmessages']],
    ['ssm', ['ssm', 'ssmmessages']],
    ['ecr-pull', ['ecr.api', 'ecr.dkr', 's3']],
    ['fargate', ['ecr.api', 'ecr.dkr', 's3']],
    ['ecs-ec2', ['ecs', 'ecs-agent', 'ecs-telemetry', 'ecr.api', 'ecr.dkr', 's3']],
    ['eks-node', ['ec2', 'ecr.api', 'ecr.dkr', 's3']],
    ['lambda', []],
    ['codedeploy', ['codedeploy-commands-secure', 'codedeploy']],
    ['cloudwatch-agent', ['monitoring', 'logs']],
  ])('%s requires %j', (word, services) => {
    expect(findWorkload(word)?.required.map((need) => need.service)).toEqual(services);
  });

  it('suggests', () => {
    expect(suggestWorkloads('sesion-manager')).toEqual(['session-manager']);
    const parsed = parseWorkload('sesion-manager');
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(/did you mean session-manager\? Known: /) });
  });
});
