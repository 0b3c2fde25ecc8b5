/** What a run asks about access, and what it leaves alone when nobody has a reason to ask. */
import { describe, expect, test } from 'vitest';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Report } from '../../src/model/report.ts';
import { lab, run } from './support/run.ts';

const DENIAL =
  'An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::111122223333:assumed-role/app/i-0a is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::my-bucket/a/b" because no resource-based policy allows the s3:GetObject action';
const ABOUT_POLICIES = /^(?:s3|kms|sqs|sns|secretsmanager|apigateway):/;

async function reported(...args: string[]): Promise<Report> {
  const { stdout } = await run([...args, '--timeout', '0.5', '--format', 'json'], { host: await lab(healthyWorld()) });
  return JSON.parse(stdout) as Report;
}
const calls = ({ coverage }: Report) =>
  coverage.filter(({ what }) => ABOUT_POLICIES.test(what)).map(({ what }) => what);
const signed = ({ observations }: Report) => observations.filter(({ rung }) => rung === 'access').length;

describe('policies', () => {
  test('are read for no reason by no run', async () => {
    const report = await reported(LAB.secretsHost, 'my-bucket.s3.eu-west-1.amazonaws.com');
    expect([calls(report), signed(report)]).toEqual([[], 0]);
    expect(report.notChecked.join(' ')).toContain('--signed');
  });

  test('of the resource that an error names are read', async () => {
    const report = await reported('s3', '--error', DENIAL);
    expect([calls(report), signed(report)]).toEqual([['s3:GetBucketPolicy'], 0]);
  });

  test('of the bucket that is the target are read where requests are signed', async () => {
    const report = await reported(LAB.secretsHost, 'my-bucket.s3.eu-west-1.amazonaws.com', '--signed');
    expect([calls(report), signed(report)]).toEqual([['s3:GetBucketPolicy'], 2]);
    expect(report.notChecked.join(' ')).not.toContain('(--signed)');
  });

  test('are no matter of a run without the API', async () => {
    const report = await reported('probe', LAB.secretsHost, 's3', '--signed', '--error', DENIAL);
    expect(calls(report)).toEqual([]);
    expect(signed(report)).toBe(2);
  });
});
