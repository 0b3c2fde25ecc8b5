/** When a read request is signed, and where a public object is asked for. */
import { describe, expect, it } from 'vitest';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import { type Answers, type Play, play } from './support/plan.ts';

const A = LAB.secretsAddressA;
const B = LAB.secretsAddressB;
const S3 = ['52.218.4.10', '52.218.4.11'];

const leading =
  (addresses: readonly string[], https = 'aws-answer'): Answers =>
  (id) => {
    if (id.startsWith('dns')) return id.includes(' A ') ? { outcome: 'answered', addresses } : { outcome: 'no-data' };
    if (id.startsWith('tcp')) return { outcome: 'open' };
    if (id.startsWith('tls')) return { outcome: 'trusted' };
    if (id.startsWith('access')) return { outcome: 'allowed' };
    return { outcome: https };
  };
const asked = (answers: Answers, options: Play = {}) =>
  play(answers, { signed: true, ...options })
    .rounds.flat()
    .filter((id) => id.startsWith('access'));

describe('a signed read', () => {
  it('is not planned unless it is wanted', () => {
    expect(asked(leading([A, B]), { signed: false })).toEqual([]);
  });

  it('goes once to each endpoint, whichever of its addresses the name leads to', () => {
    const question = (address: string) => `access ${address}:443 ${LAB.secretsHost} secretsmanager:ListSecrets *`;
    expect(asked(leading([A, B]))).toEqual([question(A)]);
    expect(asked(leading([B]))).toEqual([question(A)]);
  });

  it('goes to the public way too where the name leads there, while the endpoint’s interfaces are asked', () => {
    const ids = asked(leading(['54.239.1.1', '54.239.1.2']));
    expect(ids.map((id) => id.split(' ')[1])).toEqual([`${A}:443`, '54.239.1.1:443']);
  });

  it('follows an answer only', () => {
    for (const outcome of ['timeout', 'reset', 'tls-failed', 'not-http'])
      expect(asked(leading([A], outcome))).toEqual([]);
    expect(asked(leading([A], 'other-answer'))).toHaveLength(1);
  });

  it('knows which addresses are one endpoint’s only from the API, and asks private ones once without it', () => {
    const refused = ['networkInterfaces', 'vpcEndpoints'];
    expect(asked(leading([A, B]), { refused })).toHaveLength(1);
    expect(asked(leading([A, '54.239.1.1']), { refused })).toHaveLength(2);
  });

  it('of STS is for its own targets, and for nothing that is not AWS’s', () => {
    expect(asked(leading(['54.239.1.1']), { targets: ['sts'] })).toEqual([
      'access 54.239.1.1:443 sts.eu-west-1.amazonaws.com sts:GetCallerIdentity *',
    ]);
    expect(
      asked(leading(['54.239.1.1']), { targets: ['example.com', 'ssmmessages', 'x.eu-west-1.elb.amazonaws.com'] }),
    ).toEqual([]);
  });

  it('of a bucket is about this bucket', () => {
    const targets = ['my-bucket.s3.eu-west-1.amazonaws.com'];
    expect(asked(leading(S3), { targets })).toEqual([
      'access 52.218.4.10:443 my-bucket.s3.eu-west-1.amazonaws.com s3:ListBucket arn:aws:s3:::my-bucket',
    ]);
  });
});

describe('a public object of AWS’s', () => {
  const objects = (options: Play) =>
    play(leading(S3), options)
      .rounds.flat()
      .filter((id) => id.startsWith('https') && !id.endsWith(' /'));

  it('is asked for at the bucket that is the target', () => {
    const targets = ['al2023-repos-eu-west-1-de612dc2.s3.eu-west-1.amazonaws.com'];
    expect(objects({ targets })).toEqual([
      `https 52.218.4.10:443 ${targets[0]} GET /core/mirrors/latest/x86_64/mirror.list`,
    ]);
    expect(objects({ targets: ['my-bucket.s3.eu-west-1.amazonaws.com', 's3'] })).toEqual([]);
  });

  it('is asked for at S3 itself, once for each bucket that the workload reads', () => {
    const requests = [{ kind: 'workload', text: 'cloudwatch-agent', workload: 'cloudwatch-agent' }] as const;
    expect(objects({ world: healthyWorld(), requests })).toEqual([
      'https 52.218.4.10:443 s3.eu-west-1.amazonaws.com GET /amazoncloudwatch-agent-eu-west-1/amazon_linux/amd64/latest/amazon-cloudwatch-agent.rpm.sig',
    ]);
  });
});
