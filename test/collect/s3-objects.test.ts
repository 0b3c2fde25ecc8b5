/** Objects of a bucket by signed requests of our own: places, Regions, refusals. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { getObject, parseObjectPlace, putObject } from '../../src/collect/s3-objects.ts';
import { realHost } from '../../src/host.ts';
import { type FakeS3Options, startFakeS3 } from '../remote/support/fake-s3.ts';

const options = () => ({ region: 'eu-west-1', attemptMs: 4_000, signal: AbortSignal.timeout(8_000) });

async function bucket(settings: FakeS3Options = {}, own: Record<string, string> = {}) {
  const s3 = await startFakeS3(settings);
  onTestFinished(s3.stop);
  const keys = {
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const guard = { VPCE_DOCTOR_ONLY: '127.0.0.0/8', AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}` };
  return { s3, host: realHost({ env: { ...keys, ...guard, ...own } }) };
}

test.each([
  ['s3://reports/a/b.json', { bucket: 'reports', key: 'a/b.json' }],
  ['s3://my.bucket/a/', { bucket: 'my.bucket', key: 'a/' }],
  ['s3://reports', { bucket: 'reports', key: '' }],
  ['s3://Reports/x', undefined],
  ['s3://a/x', undefined],
  ['s3:/reports/x', undefined],
  ['reports/x', undefined],
])('%s', (text, place) => expect(parseObjectPlace(text)).toEqual(place));

describe('an object', () => {
  test('comes back as it was written, whatever its name', async () => {
    const { s3, host } = await bucket();
    const place = { bucket: 'reports', key: "a b/ü+?#/(c)'!*:d.json" };
    expect(await putObject(host, place, '{"a":"ü"}\n', options())).toMatchObject({ ok: true });
    expect(await getObject(host, place, options())).toMatchObject({ ok: true, text: '{"a":"ü"}\n' });
    expect([...s3.objects.keys()]).toEqual(["reports/a b/ü+?#/(c)'!*:d.json"]);
    expect(s3.actions).toEqual(['s3:PutObject signed', 's3:GetObject signed']);
  });

  test('in another Region is asked for there, once', async () => {
    const { s3, host } = await bucket({ elsewhere: { reports: 'us-east-1' } });
    expect(await putObject(host, { bucket: 'reports', key: 'x' }, '1', options())).toMatchObject({ ok: true });
    expect(s3.actions).toHaveLength(2);
  });

  test.each<[string, Record<string, string>, string, string]>([
    ['of a bucket that is closed', {}, 'forbidden', 'S3 answered AccessDenied'],
    ['that is not there', {}, 'reports', 'S3 answered NoSuchKey'],
    [
      'without credentials',
      { AWS_ACCESS_KEY_ID: '' },
      'reports',
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set',
    ],
    [
      'past the guard',
      { AWS_ENDPOINT_URL_S3: 'https://10.0.0.1' },
      'reports',
      'is no literal address that may be contacted here',
    ],
    ['where nobody listens', { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }, 'reports', 'ECONNREFUSED'],
  ])('%s gives its reason in one line', async (_, own, name, reason) => {
    const { host } = await bucket({}, own);
    const got = await getObject(host, { bucket: name, key: 'x' }, options());
    expect(got).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
