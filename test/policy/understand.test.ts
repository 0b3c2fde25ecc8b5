/** Policies as people have them: bare, and inside of what the AWS CLI prints. */
import { describe, expect, it } from 'vitest';
import { understandPolicy, type Wanted } from '../../src/policy/understand.ts';

const document = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
};
const text = JSON.stringify(document);
const own = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const RESOURCE: Wanted = { side: 'resource', name: 'x.json' };
const IDENTITY: Wanted = { side: 'identity', name: 'x.json' };
const ENDPOINT: Wanted = { side: 'endpoint', name: 'x.json' };
const listed = (id: string, type: string, more: object = {}) => ({
  VpcEndpointId: id,
  VpcEndpointType: type,
  VpcId: 'vpc-1',
  ServiceName: 'com.amazonaws.eu-west-1.s3',
  PolicyDocument: text,
  ...more,
});

describe('what is understood', () => {
  it.each([
    ['the document', document, RESOURCE, 'the policy document'],
    ['s3api get-bucket-policy, kms get-key-policy', { Policy: text }, RESOURCE, 'the Policy of a bucket'],
    [
      'sqs get-queue-attributes',
      { Attributes: { Policy: text, QueueArn: 'arn:aws:sqs:eu-west-1:1:q' } },
      RESOURCE,
      'the Policy attribute',
    ],
    [
      'secretsmanager get-resource-policy',
      { ARN: 'a', Name: 'b', ResourcePolicy: text },
      RESOURCE,
      'the ResourcePolicy',
    ],
    ['apigateway get-rest-api', { id: 'a', policy: text.replaceAll('"', '\\"') }, RESOURCE, 'the policy of a REST API'],
    ['ecr get-repository-policy', { registryId: '1', policyText: text }, RESOURCE, 'the policyText'],
    ['iam get-role-policy', { RoleName: 'a', PolicyName: 'b', PolicyDocument: own }, IDENTITY, 'the PolicyDocument'],
    [
      'iam get-policy-version',
      { PolicyVersion: { Document: own, VersionId: 'v1' } },
      IDENTITY,
      'the Document of a managed policy',
    ],
  ] as const)('%s', (_name, value, wanted, what) => {
    const read = understandPolicy(value, wanted);
    expect(read).toMatchObject({ ok: true, what: expect.stringContaining(what) });
    expect(read.ok && read.policy.statements.length).toBe(1);
  });

  it('the one endpoint of a list, and what kind it is', () => {
    expect(understandPolicy({ VpcEndpoints: [listed('vpce-1', 'Interface')] }, ENDPOINT)).toMatchObject({
      policy: { kind: 'endpoint' },
      what: 'the policy of vpce-1 (Interface, com.amazonaws.eu-west-1.s3)',
      endpoint: { vpceId: 'vpce-1', vpcId: 'vpc-1', serviceName: 'com.amazonaws.eu-west-1.s3' },
    });
    expect(understandPolicy({ VpcEndpoints: [listed('vpce-1', 'Gateway')] }, ENDPOINT)).toMatchObject({
      policy: { kind: 'gateway-endpoint' },
    });
    expect(understandPolicy(document, { ...ENDPOINT, gateway: true })).toMatchObject({
      policy: { kind: 'gateway-endpoint' },
    });
  });

  it('the endpoint that is asked for', () => {
    const VpcEndpoints = [listed('vpce-1', 'Interface'), listed('vpce-2', 'Gateway')];
    expect(understandPolicy({ VpcEndpoints }, { ...ENDPOINT, vpceId: 'vpce-2' })).toMatchObject({
      policy: { kind: 'gateway-endpoint' },
      endpoint: { vpceId: 'vpce-2' },
    });
  });
});

describe('what is not', () => {
  it.each([
    [[], RESOURCE, 'x.json is no policy'],
    ['text', RESOURCE, 'x.json is no policy'],
    [null, RESOURCE, 'x.json is no policy'],
    [{ Buckets: [] }, RESOURCE, 'x.json holds no policy that I know'],
    [{ Policy: '' }, RESOURCE, 'x.json: the policy inside is empty'],
    [{ Policy: '{"Statement": [}' }, RESOURCE, 'x.json: the policy inside is not JSON at line 1, column 16'],
    [{ Policy: text }, IDENTITY, 'x.json: Statement 1: an identity policy has no Principal'],
    [{ VpcEndpoints: [] }, ENDPOINT, 'x.json lists no VPC endpoint'],
    [
      { VpcEndpoints: [listed('vpce-1', 'Interface'), listed('vpce-2', 'Interface')] },
      ENDPOINT,
      'choose one with FILE#ID from vpce-1, vpce-2',
    ],
    [
      { VpcEndpoints: [listed('vpce-1', 'Interface')] },
      { ...ENDPOINT, vpceId: 'vpce-2' },
      'has no vpce-2; it lists vpce-1',
    ],
    [
      { VpcEndpoints: [listed('vpce-1', 'GatewayLoadBalancer', { PolicyDocument: undefined })] },
      ENDPOINT,
      'vpce-1 has no PolicyDocument',
    ],
    [
      { VpcEndpoints: [listed('vpce-1', 'Interface', { PolicyDocument: '{' })] },
      ENDPOINT,
      'vpce-1: the policy inside is not complete JSON',
    ],
    [{ VpcEndpoints: [listed('vpce-1', 'Interface')] }, RESOURCE, 'their policies are for --endpoint-policy'],
    [document, { ...ENDPOINT, vpceId: 'vpce-1' }, 'is no list of endpoints'],
  ] as const)('%j', (value, wanted, problem) => {
    const read = understandPolicy(value, wanted);
    expect(read).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
    expect(read).toMatchObject({ problem: expect.stringMatching(/^x\.json[^\n]+\.$/) });
  });
});
