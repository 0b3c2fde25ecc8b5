/** Public reports that were not in our list when the causes were written, and the traps of the field: what AWS does is expected. */
import { describe, test } from 'vitest';
import { REPORTS_ENDPOINT_DNS } from './reports-endpoint-dns.ts';
import { REPORTS_HOST_TLS, REPORTS_PATH } from './reports-path-host-tls.ts';
import { expectUnseen } from './support/try.ts';

describe.each(Object.entries({ REPORTS_ENDPOINT_DNS, REPORTS_PATH, REPORTS_HOST_TLS }))('%s', (_group, cases) => {
  test.each(Object.entries(cases))('%s', async (_name, unseen) => {
    await expectUnseen(unseen);
  });
});
