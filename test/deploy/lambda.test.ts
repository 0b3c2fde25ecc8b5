/** The Lambda handler, as it is built: what it answers, when it ends, and what an event may not do. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { bundleLambda } from '../../scripts/bundle.ts';
import type { handler as Handler } from '../../src/lambda.ts';
import { reportJsonSchema } from '../../src/report/schema.ts';
import { temporaryFolder } from './support/folder.ts';

const valid = new Ajv2020({ strict: true, allErrors: true }).compile(reportJsonSchema('refused'));
const context = (ms = 20_000) => ({ getRemainingTimeInMillis: () => ms });
let handler: typeof Handler;

beforeAll(async () => {
  vi.stubEnv('VPCE_DOCTOR_ONLY', '127.0.0.0/8 ::1/128');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'vpce-doctor');
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  const folder = temporaryFolder();
  await bundleLambda(folder);
  ({ handler } = (await import(pathToFileURL(join(folder, 'index.mjs')).href)) as { handler: typeof Handler });
  return () => vi.unstubAllEnvs();
}, 60_000);

describe('the handler', () => {
  test('answers with a report of the published schema', async () => {
    const report = await handler({ targets: ['127.0.0.1:9'], noApi: true }, context());
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(report).toMatchObject({
      vantage: { kind: 'lambda', region: 'eu-west-1' },
      targets: [{ status: 'unreachable' }],
    });
  }, 30_000);

  test('ends before the function does, with what it knows', async () => {
    const started = performance.now();
    const report = await handler({ targets: ['127.0.0.1:9', 'secretsmanager'], noApi: true }, context(6_000));
    expect(performance.now() - started).toBeLessThan(6_000);
    expect(report.schemaVersion).toBe(1);
  }, 30_000);

  test('a client that is named afterwards is looked for in the state', async () => {
    const event = { targets: ['127.0.0.1:9'], noApi: true, from: 'eni-0a1b2c3d' };
    await expect(handler(event, context())).rejects.toThrow(/--from eni-0a1b2c3d/);
  }, 30_000);

  test.each<[unknown, string]>([
    [null, 'The event is no object'],
    [{ target: 'sts' }, '"target" is not understood'],
    [{ targets: 'sts' }, '"targets" is not understood'],
    [{ targets: ['--save=/tmp/x'] }, '"targets" is not understood'],
    [{ workloads: ['-o'] }, '"workloads" is not understood'],
    [{ region: '--no-api' }, '"region" is not understood'],
    [{ signed: 'yes' }, '"signed" is not understood'],
    [{ targets: ['no such thing'] }, 'no such thing'],
  ])('%j is refused in one line', async (event, words) => {
    const refused = await handler(event as never, context()).then(
      () => 'nothing',
      (error: Error) => error.message,
    );
    expect(refused).toContain(words);
    expect(refused).not.toContain('\n');
  });
});
