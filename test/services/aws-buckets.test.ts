/** The table of buckets that AWS owns: names as their pages spell them, and nothing where no page does. */
import { describe, expect, it } from 'vitest';
import { AWS_BUCKETS, awsBucketNamed, bucketsOf } from '../../src/services/aws-buckets.ts';
import { WORKLOADS } from '../../src/services/workloads.ts';

const names = (workload: string | undefined, region: string) => bucketsOf(workload, region).map(({ name }) => name);

describe('buckets that AWS owns', () => {
  it.each([
    ['ecr-pull', 'eu-west-1', ['prod-eu-west-1-starport-layer-bucket']],
    [
      'cloudformation',
      'us-west-2',
      ['cloudformation-custom-resource-response-uswest2', 'cloudformation-waitcondition-us-west-2'],
    ],
    ['codeartifact', 'us-west-2', ['assets-787052242323-us-west-2']],
    ['codeartifact', 'us-west-1', []],
    ['codedeploy', 'us-east-2', ['aws-codedeploy-us-east-2']],
    ['cloudwatch-agent', 'eu-central-1', ['amazoncloudwatch-agent-eu-central-1']],
    ['kcl', 'eu-west-1', []],
    ['nonsense', 'eu-west-1', []],
  ])('of %s in %s', (workload, region, expected) => expect(names(workload, region)).toEqual(expected));

  it('of Systems Manager, with the endings that some Regions have', () => {
    expect(names('ssm', 'us-east-2')).toEqual(
      expect.arrayContaining([
        'amazon-ssm-us-east-2',
        'aws-ssm-us-east-2',
        'aws-windows-downloads-us-east-2',
        'patch-baseline-snapshot-us-east-2',
        'aws-patch-manager-us-east-2-552881074',
        'aws-patchmanager-macos-us-east-2-552881074',
        'al2023-repos-us-east-2-de612dc2',
      ]),
    );
    expect(names('ssm', 'me-south-1')).toEqual(
      expect.arrayContaining(['patch-baseline-snapshot-me-south-1-uduvl7q8', 'aws-patch-manager-me-south-1-a53fc9dce']),
    );
    expect(names('ssm', 'mx-central-1').filter((name) => name.includes('patch'))).toEqual([]);
  });

  it('are in the partition of their Region, and in no partition whose pages do not name them', () => {
    expect(bucketsOf('emr', 'us-gov-west-1').map(({ objects }) => objects)).toContain(
      'arn:aws-us-gov:s3:::repo.us-gov-west-1.emr.amazonaws.com/*',
    );
    expect(names(undefined, 'cn-north-1')).toEqual(['al2023-repos-cn-north-1-de612dc2']);
    expect(names(undefined, 'us-iso-east-1')).toEqual([]);
  });

  it('are known by their names', () => {
    for (const region of ['us-east-1', 'eu-west-1', 'us-gov-west-1', 'ap-southeast-3', 'af-south-1'])
      for (const bucket of bucketsOf(undefined, region)) expect(awsBucketNamed(bucket.name)).toEqual(bucket);
    for (const name of ['logs', 'my-amazon-ssm-eu-west-1', 'prod-eu-west-1-starport', 'eu-west-1'])
      expect(awsBucketNamed(name)).toBeUndefined();
  });

  it('belong to workloads that there are, and say where they are documented', () => {
    const ids = WORKLOADS.map(({ id }) => id);
    for (const { workloads, source, without, action, presigned, signed, publicObject } of AWS_BUCKETS) {
      expect(workloads.length).toBeGreaterThan(0);
      expect(ids).toEqual(expect.arrayContaining([...workloads]));
      expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
      expect(without).toMatch(/\.$/);
      if (presigned === true) expect(signed).toBe(true);
      if (publicObject !== undefined) {
        expect(action).toBe('s3:GetObject');
        expect(publicObject('eu-west-1')).toMatch(/^\/[\w./-]+$/);
      }
    }
    expect(AWS_BUCKETS.filter(({ publicObject }) => publicObject !== undefined).length).toBeGreaterThan(2);
  });

  it('have names that S3 accepts', () => {
    for (const name of names(undefined, 'eu-west-1')) expect(name).toMatch(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
  });
});
